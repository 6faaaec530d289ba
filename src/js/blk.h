/* js/blk.h - the records in nats-server's files of messages.
 *
 *   length u32 (bit 31: has headers)  sequence u64 (bit 63: erased, bit 62: a
 *   tombstone)  time i64  length of the subject u16  subject
 *   [length of the headers u32  headers]  payload  sum
 *
 * All little-endian.  The sum is HighwayHash-64 of sequence, time, subject,
 * headers and payload; its key is made of the stream's name and the file's
 * number.  A tombstone says that a message of an earlier file was deleted, or,
 * alone in the last one, how far the sequences had come.
 */
#ifndef JS_BLK_H
#define JS_BLK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/highway.h"
#include "base/slice.h"

enum { BLK_RECORD_MAX = 64 << 20 };

enum blk_kind { BLK_MSG, BLK_ERASED, BLK_TOMBSTONE };

struct blk_record {
	enum blk_kind kind;
	uint64_t      seq;	/* 0: of one that is long gone */
	int64_t       ts_ns;
	struct slice  subject, hdr, body;
};

/* The sums of file number nr of a stream begin as *ret. */
void blk_key(struct slice stream, uint32_t nr, struct highway *ret);

/* The next record off the front of *in.  1: *r, which points into the input.
 * 0: *in does not hold all of it yet.  ERR_CORRUPT. */
int blk_next(struct slice *in, const struct highway *key,
    struct blk_record *r);

void blk_put(struct buf *out, const struct highway *key,
    const struct blk_record *r);
/* What blk_put would append. */
uint64_t blk_bytes(const struct blk_record *r);

/* Sums of what is about a stream, or "<stream>/<consumer>", begin as *ret. */
void blk_meta_key(struct slice owner, struct highway *ret);

/* "meta.sum": of meta.inf, as text. */
void blk_put_meta_sum(struct buf *out, struct slice owner, struct slice meta);

#endif /* JS_BLK_H */
