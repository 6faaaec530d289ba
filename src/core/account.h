/* core/account.h - a subject namespace of its own.
 *
 * Everybody is in exactly one account; messages do not leave it but through
 * imports and exports.  "$G" is everybody's default, "$SYS" the system's.
 *
 * An account, once known, stays until the server ends (core/accounts.h), so
 * whoever has found one may keep the pointer.  What is configured of it is its
 * policy: immutable, replaced as a whole, freed after a grace period.
 */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct account_policy;
struct epoch_thread;
struct sublist;

/* Payload and headers.  Written by one worker only, without a lock; read by
 * any, as a number that is a little old. */
struct account_traffic {
	uint64_t in_msgs, in_bytes;	/* from its clients */
	uint64_t out_msgs, out_bytes;	/* to them */
	void    *door;	/* of this worker only: session/answers.c */
	char     pad[64 - 4 * sizeof(uint64_t) - sizeof(void *)];
};

struct account {
	struct slice    name;		/* or public key */
	struct sublist *sublist;
	struct account_traffic *traffic;	/* one for each worker */
	unsigned        n_workers;

	/* Atomic.  Never NULL; read in an epoch section, set by control. */
	const struct account_policy *policy;
	bool            is_gone;	/* atomic: not configured any more */
	bool            is_system;	/* constant once it has clients */
	struct account_policy *coming;	/* control's: see core/plan.c */
	void           *stored;		/* JetStream's, on its loop; NULL: none */

	/* Written by any worker, atomically. */
	int64_t         n_clients;	/* now */
	uint64_t        n_clients_ever;
	uint64_t        n_slow_consumers;
	uint64_t        changed_ns;	/* wall clock: when its policy was set */
};

/* name is copied; the policy is the empty one.  NULL: out of memory. */
struct account *account_create(struct slice name, unsigned n_workers);

/* No session and no subscription may be left.  Takes NULL. */
void account_destroy(struct account *a);

/* Borrowed until the epoch section ends.  Thread: any, in epoch. */
const struct account_policy *account_policy(const struct account *a);

/* p's ownership goes over; the old one is destroyed when nobody reads it.
 * Thread: control. */
void account_set_policy(struct account *a, struct epoch_thread *e,
    struct account_policy *p);

/* The sum over the workers.  Thread: any. */
struct account_traffic account_sum_traffic(const struct account *a);

#endif /* CORE_ACCOUNT_H */
