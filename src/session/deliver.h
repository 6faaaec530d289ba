/* session/deliver.h - a run of messages into a client's output. */
#ifndef SESSION_DELIVER_H
#define SESSION_DELIVER_H

#include <stdint.h>

struct account;
struct client;
struct run;
struct sub;

/* The give (core/sub.h) of every client subscription. */
uint32_t deliver(struct sub *sub, const struct run *run);

/* The same of a run that is traced; as: the subscription that is told of, sub or
 * a shadow of it. */
uint32_t deliver_traced(struct sub *sub, const struct run *run,
    const struct sub *as);

/* The client behind it; NULL: it is none's.  Thread: any, in epoch; other
 * threads may only read what client.h says is atomic. */
struct client *deliver_owner(const struct sub *sub);

/* The account in whose sublist a client's subscription is.  Thread: owner. */
struct account *deliver_account(const struct sub *sub);

#endif /* SESSION_DELIVER_H */
