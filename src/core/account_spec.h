/* core/account_spec.h - what is configured of one account, whoever said so.
 *
 * Filled from the configuration or from an account's claims, and turned into
 * its policy by core/plan.h, which checks what concerns several accounts: who
 * may import what, cycles, doubles.  Everything is borrowed until plan_create
 * has returned.  Zeroed, and account_spec_init, is an account of which nothing
 * is configured.
 */
#ifndef CORE_ACCOUNT_SPEC_H
#define CORE_ACCOUNT_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "core/mappings.h"

struct permissions_spec;

/* A stream export: what is published here others may receive.  A service
 * export: what others ask here is answered. */
enum share_kind { SHARE_STREAM, SHARE_SERVICE };

/* One answer; many, until an empty one; many, of one message in pieces. */
enum answer_kind { ANSWER_SINGLETON, ANSWER_STREAM, ANSWER_CHUNKED };

/* An activation of this account (its key; "*": any), issued at or before that
 * second, does not count. */
struct revocation_spec {
	struct slice account;
	int64_t      at_s;
};

struct export_spec {
	enum share_kind     kind;
	struct slice        subject;
	const struct slice *accounts;	/* that may import it; with neither ... */
	size_t              n_accounts;
	bool                needs_token;	/* ... nor this: all may */
	int64_t             token_position;	/* the subject's token that is
						   the importer's name, from 1; 0: none */
	const struct revocation_spec *revocations;
	size_t              n_revocations;

	/* Of services. */
	enum answer_kind    answer;
	int64_t             threshold_ns;	/* 0: two minutes */
	struct slice        latency;	/* where it is published; empty: not */
	int64_t             sampling;	/* percent; 0: as the headers say */
	bool                allows_trace;
};

struct import_spec {
	enum share_kind kind;
	struct slice    account;	/* its name or key */
	struct slice    subject;	/* there */
	struct slice    to;		/* here; empty: the same */
	struct slice    prefix;		/* of streams, instead of to; or empty */
	bool            shares;		/* services: who asks is told */
	bool            allows_trace;	/* streams */

	/* A token from the exporter, signed by it, for this account and for
	 * this subject or a wider one, of this kind. */
	bool            is_activated;
	int64_t         activation_issued_s;
	int64_t         activation_expires_s;	/* wall clock; 0: never */
};

struct account_spec {
	struct slice name;	/* or public key: what accounts.h knows it by */
	struct slice shown_name;	/* empty: the same */

	const struct export_spec  *exports;
	size_t                     n_exports;
	const struct import_spec  *imports;
	size_t                     n_imports;
	const struct mapping_spec *mappings;
	size_t                     n_mappings;

	/* -1: no limit. */
	int64_t conns_max, leafs_max, subs_max, payload_max;

	/* Of all its clients together, in a second; 0: no limit. */
	int64_t rate_msgs, rate_bytes;

	/* Of users that have none of their own; NULL: all is allowed. */
	const struct permissions_spec *default_permissions;

	struct slice trace_dest;	/* empty: none */
	int64_t      trace_sampling;	/* percent */
};

/* Of which nothing is configured. */
static inline void account_spec_init(struct account_spec *s, struct slice name)
{
	*s = (struct account_spec){ .name = name, .conns_max = -1,
		.leafs_max = -1, .subs_max = -1, .payload_max = -1,
		.trace_sampling = 100 };
}

#endif /* CORE_ACCOUNT_SPEC_H */
