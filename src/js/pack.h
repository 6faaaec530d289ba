/* js/pack.h - a stream as the bytes of a backup.
 *
 * What is packed is what the stream holds when it begins, less what goes while
 * it is under way; consumers as they are when their turn comes, cut off at that
 * end.  A stream on disk becomes the tar that all releases of nats-server with
 * JetStream restore; one in memory the archive of messages of 2.15, since the
 * tar has no place for it.
 *
 * Memory: one block of messages, at most PACK_BLOCK_BYTES and one message.
 * Thread: owner.
 */
#ifndef JS_PACK_H
#define JS_PACK_H

#include <stdbool.h>

#include "base/buf.h"

struct pack;
struct stream;

enum { PACK_BLOCK_BYTES = 4 << 20 };

/* s outlives it.  NULL: out of memory. */
struct pack *pack_create(struct stream *s, bool has_consumers);
void pack_destroy(struct pack *p);	/* takes NULL */

/* A little of it, of bounded work; to out goes what is complete.  1: there is
 * more.  0: that was all.  Else ERR_*, and pack_why tells. */
int pack_some(struct pack *p, struct buf *out);
const char *pack_why(const struct pack *p);

#endif /* JS_PACK_H */
