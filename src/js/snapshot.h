/* js/snapshot.h - sending a backup of a stream.
 *
 * The bytes of js/pack.h go out in chunks, each with a reply subject; an empty
 * message to that one lets the next go.  The last is empty, with a status.
 *
 * Thread: owner.  Spec: jetstream reference, section 21.1.
 */
#ifndef JS_SNAPSHOT_H
#define JS_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct js_error;
struct stream;

struct snapshot_wish {
	struct slice deliver_subject;	/* literal */
	bool         no_consumers;
	struct slice format;		/* "tar", or what is usual */
	int64_t      chunk_bytes, window_bytes;	/* 0: the default */
	struct slice client;		/* who asked, as JSON; or empty */
};

/* It begins with the end of this turn.  False and *e, 10064. */
bool snapshot_begin(struct stream *s, const struct snapshot_wish *wish,
    struct js_error *e);

#endif /* JS_SNAPSHOT_H */
