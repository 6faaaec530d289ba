/* accounts_test.c - found by name, kept for good. */
#include "core/accounts.h"

#include <stdio.h>

#include "core/account.h"
#include "fail_alloc.h"

#include "check.h"

static bool count(void *ctx, struct account *a)
{
	size_t *n = ctx;

	(void)a;
	(*n)++;
	return true;
}

TEST(global_and_system_are_there_from_the_start)
{
	struct accounts *all = accounts_create(1, SLICE("$SYS"));

	CHECK_SLICE(accounts_global(all)->name, SLICE("$G"));
	CHECK_SLICE(accounts_system(all)->name, SLICE("$SYS"));
	CHECK(accounts_system(all)->is_system);
	CHECK(!accounts_global(all)->is_system);
	CHECK_INT(accounts_count(all), 2);
	accounts_destroy(all);

	all = accounts_create(1, SLICE_NONE);
	CHECK(accounts_system(all) == NULL);
	accounts_destroy(all);
	accounts_destroy(NULL);
}

TEST(thousands_are_found_again_and_stay_where_they_are)
{
	enum { N = 3000 };
	struct accounts *all = accounts_create(1, SLICE("$SYS"));
	struct account  *each[N];
	char             name[16];
	size_t           n = 0;

	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof name, "acc%d", i);
		CHECK(accounts_find(all, slice_str(name)) == NULL);
		each[i] = accounts_get(all, slice_str(name));
	}
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof name, "acc%d", i);
		CHECK(accounts_find(all, slice_str(name)) == each[i]);
		CHECK(accounts_get(all, slice_str(name)) == each[i]);
	}
	accounts_each(all, count, &n);
	CHECK_INT(n, N + 2);
	accounts_destroy(all);
}

TEST(who_is_gone_is_not_found_and_may_come_back)
{
	struct accounts *all = accounts_create(1, SLICE_NONE);
	struct account  *a = accounts_get(all, SLICE("a"));
	size_t           n = 0;

	a->is_gone = true;
	CHECK(accounts_find(all, SLICE("a")) == NULL);
	CHECK_INT(accounts_count(all), 1);
	accounts_each(all, count, &n);
	CHECK_INT(n, 1);
	CHECK(accounts_get(all, SLICE("a")) == a);
	CHECK(accounts_find(all, SLICE("a")) == a);
	accounts_destroy(all);
}

TEST(memory_that_runs_out_costs_nothing_else)
{
	long n_before = fail_alloc_n_live();

	for (long nr = 1; nr <= 12; nr++) {
		struct accounts *all;

		fail_alloc_at(nr);
		all = accounts_create(1, SLICE("$SYS"));
		for (int i = 0; all != NULL && i < 9; i++) {
			char name[] = { 'a', (char)('0' + i), '\0' };

			accounts_get(all, slice_str(name));
		}
		fail_alloc_at(0);
		if (all != NULL)
			CHECK_SLICE(accounts_find(all, SLICE("$G"))->name,
			    SLICE("$G"));
		accounts_destroy(all);
	}
	CHECK_INT(fail_alloc_n_live(), n_before);
}
