/* server/account_change.c - all accounts as another configuration has them. */
#include "server/account_change.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "core/account.h"
#include "core/plan.h"
#include "server/server_int.h"
#include "server/specs.h"
#include "server/trust.h"
#include "session/services.h"

struct account_change {
	struct plan *plan;
};

static int make_plan(struct server *s, const struct options *o,
    struct plan **ret, struct buf *why)
{
	struct specs        specs;
	struct plan_request r = { .all = s->shared.accounts, .is_whole = true,
		.give_service = services_give };
	int                 err = specs_init(&specs, o);

	if (err != 0)
		return err;
	r.specs = specs.v;
	r.n_specs = specs.n;
	/* Others than the first, "$G", are told by their claims. */
	if (trust_is_configured(o)) {
		r.n_specs = 1;
		r.is_whole = false;
	}
	err = plan_create(&r, ret, why);
	specs_fini(&specs);
	return err;
}

int account_change_create(struct server *s, const struct options *o,
    struct account_change **ret, struct buf *why)
{
	struct account_change *c = calloc(1, sizeof *c);
	int                    err = ERR_NOMEM;

	if (c != NULL)
		err = make_plan(s, o, &c->plan, why);
	if (err != 0)
		account_change_destroy(c);
	else
		*ret = c;
	return err;
}

int account_change_commit(struct account_change *c, struct epoch_thread *e)
{
	return plan_commit(c->plan, e);
}

void account_change_destroy(struct account_change *c)
{
	if (c != NULL)
		plan_destroy(c->plan);
	free(c);
}

/* ---- who is in them ------------------------------------------------------- */

struct review {
	size_t          n;
	struct account *accounts[];
};

/* Thread: the hub's. */
static void look_again(struct hub *h, void *ctx)
{
	struct review *r = ctx;

	for (size_t i = 0; i < r->n; i++)
		hub_recheck_account(h, r->accounts[i]);
	free(r);
}

/* Who comes from now on goes by the new policy anyway. */
static bool has_clients(const struct account *a)
{
	return __atomic_load_n(&a->n_clients, __ATOMIC_SEQ_CST) > 0;
}

static struct review *make_review(const struct plan *p)
{
	size_t         n = plan_count(p);
	struct review *r = malloc(sizeof *r + n * sizeof r->accounts[0]);

	if (r == NULL)
		return NULL;
	r->n = 0;
	for (size_t i = 0; i < n; i++)
		if (has_clients(plan_account(p, i)))
			r->accounts[r->n++] = plan_account(p, i);
	return r;
}

static bool is_anyone_there(const struct plan *p)
{
	for (size_t i = 0; i < plan_count(p); i++)
		if (has_clients(plan_account(p, i)))
			return true;
	return false;
}

void account_change_tell(struct server *s, const struct plan *p)
{
	for (unsigned i = 0; i < s->n_workers && is_anyone_there(p); i++) {
		struct review *r = make_review(p);

		if (r != NULL && server_tell(s, i, look_again, r))
			continue;
		free(r);
		log_error("no memory: clients of worker %u are not looked at",
		    i);
	}
}
