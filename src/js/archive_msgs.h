/* js/archive_msgs.h - entries in a row: the backups of nats-server 2.15.
 *
 *   "NATSARC1", then for each entry, with numbers as varints:
 *   length of the name, time (zigzag), sequence, length of the headers, length
 *   of the payload; the name, the headers, the payload
 *
 * First "state.json", then "consumers/<name>" for each, then one entry for each
 * message, its name the subject; last an entry of zeros.
 */
#ifndef JS_ARCHIVE_MSGS_H
#define JS_ARCHIVE_MSGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

#define MSGS_MAGIC SLICE("NATSARC1")

enum { MSGS_ENTRY_MAX = 64 << 20 };

struct msgs_entry {
	struct slice name;
	int64_t      ts_ns;
	uint64_t     seq;	/* 0: no message */
	struct slice hdr, body;	/* the payload of what is none is its body */
};

/* The next entry off the front of *in, behind the magic.  1: *e, which points
 * into the input.  0: *in does not hold all of it yet.  ERR_CORRUPT. */
int msgs_next(struct slice *in, struct msgs_entry *e);

/* The last one, behind which there is nothing. */
bool msgs_is_end(const struct msgs_entry *e);

void msgs_put(struct buf *out, const struct msgs_entry *e);

#endif /* JS_ARCHIVE_MSGS_H */
