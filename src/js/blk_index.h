/* js/blk_index.h - "index.db": which of the messages in nats-server's files are
 * still there.
 *
 * Files of messages hold what limits have removed long ago; only this one says
 * so.  After its head (11, version, then as varints: messages, bytes, first
 * sequence and time, last sequence and time) come the subjects, then for each
 * file its first and last sequence and a set of those between that are gone:
 *
 *   22, version, nodes u32, size u32; for each node: base u64, bits (32 words
 *   of 64, in version 1 there are 64 of them), height u16
 *
 * and at the end HighwayHash-64 of all of it, keyed as meta.sum is.
 */
#ifndef JS_BLK_INDEX_H
#define JS_BLK_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct blk_index {
	uint64_t     first_seq, last_seq;	/* of the stream */
	unsigned     version;
	struct slice rest;	/* of the bytes: files that are not yet read */
	uint64_t     n_files;
	uint64_t     next_seq;	/* behind the last of the file before */
	struct slice set;	/* nodes of the file's set, not yet read */
	unsigned     n_words;	/* in each */
	uint64_t     base;	/* of the node that is being read */
	struct slice words;	/* of it */
	unsigned     at;	/* the bit to go on with */
};

/* bytes: outlive it.  False: they are damaged, or of a form that is not known;
 * then they say nothing. */
bool blk_index_open(struct blk_index *x, struct slice bytes,
    struct slice stream);

/* A run of sequences that have no message, in no order.  1: *first to *last.
 * 0: that was all.  ERR_CORRUPT. */
int blk_index_next(struct blk_index *x, uint64_t *first, uint64_t *last);

#endif /* JS_BLK_INDEX_H */
