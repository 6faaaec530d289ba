/* js/restore.h - taking a backup of a stream, and making the stream.
 *
 * Chunks come as requests, and each is answered once it has been read; an empty
 * one ends it, and is answered once the stream is there, durably.  Until then
 * the stream lies aside, and nothing of it is left when that is cut off.
 *
 * Thread: owner.  Spec: jetstream reference, section 21.3.
 */
#ifndef JS_RESTORE_H
#define JS_RESTORE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

struct js_error;
struct stream;

/* s: empty, beside its place (js/making.h); owned from now on, also on failure.
 * client: who asked, as JSON, or empty.  *deliver: where chunks are to be sent.
 * False and *e. */
bool restore_begin(struct stream *s, struct slice client, struct buf *deliver,
    struct js_error *e);

#endif /* JS_RESTORE_H */
