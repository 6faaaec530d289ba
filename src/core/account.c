/* core/account.c - a name, its sublist, its counters and its policy. */
#include "core/account.h"

#include <ck_pr.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/epoch.h"
#include "core/policy.h"
#include "core/sublist.h"

struct account *account_create(struct slice name, unsigned n_workers)
{
	struct account *a = calloc(1, sizeof *a);
	size_t          n = n_workers * sizeof *a->traffic;
	char           *copy = malloc(name.n + 1);

	if (a == NULL || copy == NULL)
		goto fail;
	a->n_workers = n_workers;
	a->sublist = sublist_create();
	a->policy = policy_create();
	a->traffic = aligned_alloc(64, n);
	if (a->sublist == NULL || a->policy == NULL || a->traffic == NULL)
		goto fail;
	memset(a->traffic, 0, n);
	if (name.n > 0)
		memcpy(copy, name.p, name.n);
	copy[name.n] = '\0';
	a->name = slice_of(copy, name.n);
	a->changed_ns = (uint64_t)clock_wall_ns();
	return a;
fail:
	free(copy);
	account_destroy(a);
	return NULL;
}

void account_destroy(struct account *a)
{
	if (a == NULL)
		return;
	sublist_destroy(a->sublist);
	policy_destroy((struct account_policy *)(uintptr_t)a->policy);
	free(a->traffic);
	free((char *)(uintptr_t)a->name.p);
	free(a);
}

const struct account_policy *account_policy(const struct account *a)
{
	return ck_pr_load_ptr(&a->policy);
}

void account_set_policy(struct account *a, struct epoch_thread *e,
    struct account_policy *p)
{
	struct account_policy *old =
	    (struct account_policy *)(uintptr_t)a->policy;

	ck_pr_fence_store();
	ck_pr_store_ptr(&a->policy, p);
	__atomic_store_n(&a->changed_ns, (uint64_t)clock_wall_ns(),
	    __ATOMIC_RELAXED);
	policy_retire(old, e);
}

struct account_traffic account_sum_traffic(const struct account *a)
{
	struct account_traffic sum = { 0 };

	for (unsigned i = 0; i < a->n_workers; i++) {
		const struct account_traffic *t = &a->traffic[i];

		sum.in_msgs += ck_pr_load_64(&t->in_msgs);
		sum.in_bytes += ck_pr_load_64(&t->in_bytes);
		sum.out_msgs += ck_pr_load_64(&t->out_msgs);
		sum.out_bytes += ck_pr_load_64(&t->out_bytes);
	}
	return sum;
}
