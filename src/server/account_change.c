/* server/account_change.c - all accounts as another configuration has them. */
#include "server/account_change.h"

#include <stdlib.h>

#include "base/err.h"
#include "core/plan.h"
#include "server/server_int.h"
#include "server/specs.h"
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
