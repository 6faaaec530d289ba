/* session/publish.h - from a client's PUBs to their receivers.
 *
 * Consecutive messages of one client on one subject are gathered into a run
 * (core/msg.h), which is delivered when something else comes, or the input
 * ends: order is kept, and what is the same for all is done once.
 * Thread: the hub's.
 */
#ifndef SESSION_PUBLISH_H
#define SESSION_PUBLISH_H

#include "base/slice.h"

struct block;
struct client;
struct hub;
struct op;

/* The operation is PUB or HPUB; block is what its slices point into.  Refused
 * ones are answered and dropped. */
void publish(struct client *c, const struct op *op, struct block *block);

/* A message that is over the limit; body is as much of it as is here.  If it
 * asks for a trace, that is told; nothing else. */
void publish_too_large(struct client *c, const struct op *op,
    struct slice body);

/* Delivers what was gathered.  Before the input buffer moves, and before
 * anything of which the order to the messages can be seen. */
void publish_flush(struct hub *h);

#endif /* SESSION_PUBLISH_H */
