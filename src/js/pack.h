/* js/pack.h - a stream as the bytes of a backup.
 *
 * What is packed is what the stream holds when it begins, less what goes while
 * it is under way; consumers as they are when their turn comes, cut off at that
 * end.  It becomes the archive of messages that nats-server writes since 2.15
 * and that the tools of that time look into; or, for one on disk, the tar that
 * all releases with JetStream restore.
 *
 * Memory: names of consumers, and those that are deleted meanwhile; of a tar
 * one block of messages, at most PACK_BLOCK_BYTES and one message.
 * Thread: owner.
 */
#ifndef JS_PACK_H
#define JS_PACK_H

#include <stdbool.h>

#include "base/buf.h"

struct consumer;
struct pack;
struct stream;

enum { PACK_BLOCK_BYTES = 4 << 20 };

/* s outlives it, and has one at a time (s->pack).  NULL: out of memory. */
struct pack *pack_create(struct stream *s, bool has_consumers, bool is_tar);
void pack_destroy(struct pack *p);	/* takes NULL */

/* A little of it, of bounded work; to out goes what is complete.  1: there is
 * more.  0: that was all.  Else ERR_*, and pack_why tells. */
int pack_some(struct pack *p, struct buf *out);
const char *pack_why(const struct pack *p);

/* c is about to go. */
void pack_lose(struct pack *p, const struct consumer *c);

#endif /* JS_PACK_H */
