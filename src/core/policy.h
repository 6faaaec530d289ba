/* core/policy.h - what is configured of an account, ready for use.
 *
 * Immutable once set (account_set_policy), read by all workers.
 */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include <stdint.h>

#include "base/epoch.h"
#include "base/slice.h"

struct account_spec;
struct imports;
struct mappings;
struct permissions;
struct rate;

struct account_policy {
	struct epoch_entry retired;

	/* -1: no limit. */
	int64_t conns_max;	/* clients */
	int64_t leafs_max;
	int64_t subs_max;	/* of each connection */
	int64_t payload_max;	/* bytes, of each message */
	struct rate *rate;	/* of all that is published; NULL: no limit */

	struct mappings *mappings;	/* NULL: none.  Owned */
	struct imports  *imports;	/* NULL: none.  A reference */
	const struct permissions *default_permissions;	/* of users without any;
					   NULL: all is allowed.  A reference */
	struct account_spec *spec;	/* what it was made of: exports, trace;
					   NULL: nothing.  Owned */
};

/* The policy of an account of which nothing is configured.  NULL: out of
 * memory. */
struct account_policy *policy_create(void);
void policy_destroy(struct account_policy *p);	/* takes NULL */

/* Destroyed when nobody reads it any more.  Thread: control. */
void policy_retire(struct account_policy *p, struct epoch_thread *e);

#endif /* CORE_POLICY_H */
