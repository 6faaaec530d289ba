/* core/plan.h - from what is configured of accounts to what they do.
 *
 * A plan is made and checked aside; nothing of it can be seen until it is
 * carried out, and that is all of it or nothing.  Accounts that import from
 * those that change are looked at again: a door may open or close.
 * Thread: control, all of it.
 */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/account_spec.h"
#include "core/sub.h"

struct account;
struct accounts;
struct buf;
struct epoch_thread;
struct plan;

struct plan_request {
	struct accounts           *all;
	const struct account_spec *specs;
	size_t                     n_specs;
	bool     is_whole;	/* who is not in specs is gone afterwards */
	bool     is_lenient;	/* an import that cannot be had is left out, and
				   had when the exporter has changed */
	sub_give give_service;	/* of service imports: session/services.h */
};

/* 0 and *ret.  ERR_CONFIG: nothing has changed, and why is in nats-server's
 * words in it.  ERR_NOMEM.  When lenient, a line for each import that was left
 * out is appended to why. */
int plan_create(const struct plan_request *r, struct plan **ret,
    struct buf *why);

/* From now on accounts do as planned.  ERR_NOMEM: nothing has changed. */
int plan_commit(struct plan *p, struct epoch_thread *e);

/* The accounts whose policies it sets; i < plan_count.  Their sessions have to
 * look again at subscriptions and limits (hub_recheck_account). */
size_t plan_count(const struct plan *p);
struct account *plan_account(const struct plan *p, size_t i);

/* Carried out or not.  Takes NULL. */
void plan_destroy(struct plan *p);

/* No account has imports any more: before the accounts are destroyed. */
void plan_withdraw(struct accounts *all, struct epoch_thread *e);

#endif /* CORE_PLAN_H */
