/* session/pace.h - publishers that keep to a rate because they are not read.
 *
 * A client may have two rates, its user's and its account's; both are shared
 * with others (core/rate.h).  When a run of its messages has been published
 * beyond one of them, the client is not read until the debt is paid: what it
 * says meanwhile stays in its socket, and then in its own.  Nothing is dropped,
 * and a client without rates is asked one pointer.  Thread: owner.
 */
#ifndef SESSION_PACE_H
#define SESSION_PACE_H

#include <stddef.h>
#include <stdint.h>

#include "session/client.h"

struct rate;

/* From now on by these; NULL: no limit.  Takes references of its own.  A debt
 * to others is forgiven. */
void pace_by(struct client *c, struct rate *user, struct rate *account);

void pace_charge(struct client *c, uint64_t msgs, uint64_t bytes);

/* So much has been published. */
static inline void pace_run(struct client *c, uint64_t msgs, uint64_t bytes)
{
	if (c->rates[0] != NULL)
		pace_charge(c, msgs, bytes);
}

/* How often it, or who shares its first rate, was held back. */
uint64_t pace_n_waits(const struct client *c);

/* It has been silent long enough. */
void pace_over(struct client *c);

#endif /* SESSION_PACE_H */
