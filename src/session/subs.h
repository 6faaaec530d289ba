/* session/subs.h - SUB and UNSUB. */
#ifndef SESSION_SUBS_H
#define SESSION_SUBS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct client;
struct client_sub;
struct op;

/* Answers what is refused.  Spec: core protocol 1.5. */
void subs_subscribe(struct client *c, const struct op *op);
void subs_unsubscribe(struct client *c, const struct op *op);

/* Out of the sublist and of c's table; freed when nobody can hold it. */
void subs_remove(struct client *c, struct client_sub *s);

/* At most n of them; true: none is left. */
bool subs_remove_some(struct client *c, size_t n);

/* After a reload: those not permitted any more go, and the client is told. */
void subs_recheck(struct client *c);

#endif /* SESSION_SUBS_H */
