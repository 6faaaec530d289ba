/* core/policy.c - what is configured of an account, ready for use. */
#include "core/policy.h"

#include <stdlib.h>

#include "base/list.h"
#include "core/imports.h"
#include "core/mappings.h"
#include "core/permissions.h"
#include "core/rate.h"

struct account_policy *policy_create(void)
{
	struct account_policy *p = calloc(1, sizeof *p);

	if (p != NULL)
		p->conns_max = p->leafs_max = p->subs_max = p->payload_max = -1;
	return p;
}

void policy_destroy(struct account_policy *p)
{
	if (p == NULL)
		return;
	imports_unref(p->imports);
	mappings_destroy(p->mappings);
	permissions_unref(p->default_permissions);
	free(p->spec);
	rate_unref(p->rate);
	free(p);
}

static void release(struct epoch_entry *e)
{
	policy_destroy(CONTAINER_OF(e, struct account_policy, retired));
}

void policy_retire(struct account_policy *p, struct epoch_thread *e)
{
	epoch_defer(e, &p->retired, release);
}
