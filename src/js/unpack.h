/* js/unpack.h - the bytes of a backup into a stream.
 *
 * Takes both forms that nats-server writes: the tar of all releases up to 2.14,
 * and the archive of messages of 2.15.  Messages are appended as they come;
 * what is said of consumers, and where the sequences begin and end, is kept
 * until all messages are there.
 *
 * Memory: what was given and not yet read, one S2 block, one record, and what is
 * said of consumers (js/saved_consumers.h).
 * Thread: owner.
 */
#ifndef JS_UNPACK_H
#define JS_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "js/errors.h"

struct stream;
struct unpack;

/* s is empty, of stream_create_aside, and outlives it.  NULL: out of memory. */
struct unpack *unpack_create(struct stream *s);
void unpack_destroy(struct unpack *u);	/* takes NULL */

/* Some more bytes, copied.  False: out of memory. */
bool unpack_give(struct unpack *u, struct slice raw);

/* Reads on, about so many bytes.  1: there is more.  0: more must be given.
 * ERR_BUSY: the store must be synced first.  Another: it has failed, for
 * good. */
int unpack_some(struct unpack *u, uint64_t budget);

/* Nothing more will be given.  0: all of the stream is in its stores, not yet
 * durable.  ERR_BUSY: as above, again.  Another: it has failed. */
int unpack_finish(struct unpack *u);

/* Why it has failed. */
const struct js_error *unpack_why(const struct unpack *u);

/* When the stream was created; after unpack_finish. */
int64_t unpack_created_ns(const struct unpack *u);

#endif /* JS_UNPACK_H */
