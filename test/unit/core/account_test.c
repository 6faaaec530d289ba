/* test/unit/core/account_test.c - pairs with src/core/account.c. */
#include "core/account.h"

#include "core/sublist.h"
#include "fail_alloc.h"

#include "check.h"

TEST(an_account_has_its_own_name_and_list)
{
	char            name[] = "$G";
	struct account *a = account_create(slice_str(name), 2);
	struct account *b = account_create(SLICE_NONE, 1);

	name[1] = 'x';
	CHECK_SLICE(a->name, SLICE("$G"), "the name is a copy");
	CHECK_INT(b->name.n, 0);
	CHECK(a->sublist != NULL && a->sublist != b->sublist);
	CHECK(sublist_id(a->sublist) != sublist_id(b->sublist));
	CHECK_INT(a->n_clients, 0);
	account_destroy(a);
	account_destroy(b);
	account_destroy(NULL);
}

TEST(creation_fails_cleanly)
{
	long n_before = fail_alloc_n_live();

	for (long nr = 1; nr <= 4; nr++) {
		fail_alloc_at(nr);
		CHECK(account_create(SLICE("a"), 1) == NULL);
		CHECK(fail_alloc_has_failed());
		fail_alloc_at(0);
	}
	CHECK_INT(fail_alloc_n_live(), n_before);
}
