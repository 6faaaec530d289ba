/* core/permissions.h - what a peer may publish, subscribe to and receive.
 *
 * Immutable once built, counted, shared by all sessions of a user and read on
 * any thread.  Deny wins over allow, everywhere.  No allow list means all
 * allowed; an empty one (is_set with no entry) means nothing.
 * Spec: core protocol, "Permissions".
 */
#ifndef CORE_PERMISSIONS_H
#define CORE_PERMISSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct permissions;

/* One entry: a pattern, and for subscriptions perhaps a queue pattern. */
struct permission_rule {
	struct slice subject;
	struct slice queue;	/* empty: any queue, and none */
};

struct permission_list {
	const struct permission_rule *rules;
	size_t                        n;
	bool                          is_set;	/* set and empty: nothing */
};

struct permissions_spec {
	struct permission_list publish_allow, publish_deny;
	struct permission_list subscribe_allow, subscribe_deny;
	bool    allows_responses;
	int64_t responses_max;		/* 0: default; negative: no limit */
	int64_t responses_ttl_ns;	/* 0: default; negative: no limit */
};

/* The spec is copied.  NULL: out of memory, or a rule is malformed, or one for
 * publishing names a queue (the configuration refuses those before).  With
 * allows_responses and no publish.allow nothing else may be published;
 * responses_max and _ttl_ns of 0 are the defaults, 1 and two minutes.  The
 * caller owns one reference. */
struct permissions *permissions_create(const struct permissions_spec *spec);

/* The same, with one more subject that may not be published on. */
struct permissions *permissions_create_denying(
    const struct permissions_spec *spec, struct slice denied);
struct permissions *permissions_ref(const struct permissions *p);
void permissions_unref(const struct permissions *p);	/* takes NULL */

/* In all of these p may be NULL: everything is allowed.  Thread: any. */

/* May a message be published on this literal subject? */
bool permissions_may_publish(const struct permissions *p, struct slice subject);

/* May this pattern be subscribed to, as a member of queue (empty: plain)?
 * The pattern must be wholly inside what is allowed.  It may be wider than
 * what is denied (see permissions_needs_filter), but a deny rule that matches
 * its text refuses it, as in nats-server.  Once an allow rule that matches
 * names queues, members of other queues are refused. */
bool permissions_may_subscribe(const struct permissions *p,
    struct slice pattern, struct slice queue);

/* Must deliveries to such a subscription be checked one by one? */
bool permissions_needs_filter(const struct permissions *p,
    struct slice pattern, struct slice queue);

/* May a subscription (in queue) be given a message on this literal subject?
 * Exactly if that subject could be subscribed to in that queue. */
bool permissions_may_receive(const struct permissions *p, struct slice subject,
    struct slice queue);

/* False: no reply permissions; outputs untouched. */
bool permissions_responses(const struct permissions *p, int64_t *max,
    int64_t *ttl_ns);

/* Remembered verdicts on publish subjects of one session: no allocation until
 * permissions with several wildcards are first asked.  Zeroed is empty; other
 * permissions than before empty it. */
struct verdict_cache {
	struct verdict_entry *entries;
	uint64_t              serial;	/* of the permissions they are from */
};
bool verdict_may_publish(struct verdict_cache *c, const struct permissions *p,
    struct slice subject);
void verdict_cache_fini(struct verdict_cache *c);

/* For monitoring: {"publish":{"allow":[..],..},..} appended as JSON. */
void permissions_to_json(const struct permissions *p, struct buf *out);

#endif /* CORE_PERMISSIONS_H */
