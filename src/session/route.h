/* session/route.h - a run of messages to whoever wants it in an account.
 * Thread: the hub's, in epoch.
 */
#ifndef SESSION_ROUTE_H
#define SESSION_ROUTE_H

#include <stdint.h>

#include "base/slice.h"

struct account;
struct buf;
struct hub;
struct run;

/* run->prefix is made here, into prefix; the run's port is set.  A bit for each
 * message that somebody took, or was sent. */
uint64_t route(struct hub *h, struct account *a, struct run *run,
    struct buf *prefix);

/* The same, but what receivers read as the subject is shown: a consumer's
 * delivery goes to an inbox and says where the message was published. */
uint64_t route_shown(struct hub *h, struct account *a, struct run *run,
    struct slice shown, struct buf *prefix);

#endif /* SESSION_ROUTE_H */
