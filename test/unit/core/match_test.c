/* test/unit/core/match_test.c - pairs with src/core/match.c. */
#include "core/match.h"

#include "check.h"

TEST(sets_grow)
{
	struct match_set set = { 0 };

	for (int i = 0; i < 1000; i++)
		CHECK(match_set_add(&set, NULL));
	CHECK_INT(set.n, 1000);
	match_set_fini(&set);
	CHECK_INT(set.cap, 0);
}
