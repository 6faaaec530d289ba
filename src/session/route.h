/* session/route.h - a run of messages to whoever wants it in an account.
 * Thread: the hub's, in epoch.
 */
#ifndef SESSION_ROUTE_H
#define SESSION_ROUTE_H

#include <stdint.h>

struct account;
struct buf;
struct hub;
struct run;

/* run->prefix is made here, into prefix; the run's port is set.  A bit for each
 * message that somebody took, or was sent. */
uint64_t route(struct hub *h, struct account *a, struct run *run,
    struct buf *prefix);

#endif /* SESSION_ROUTE_H */
