/* dedup_test.c - known within the window, forgotten after it, in any number. */
#include "js/dedup.h"

#include <stdio.h>

#include "check.h"

enum { MANY = 5000 };

static struct slice name(char *buf, size_t n, int i)
{
	return slice_of(buf, (size_t)snprintf(buf, n, "id-%d", i));
}

TEST(what_came_is_known_until_it_is_too_old)
{
	struct dedup *d = dedup_create();
	uint64_t      seq;
	char          b[32];

	CHECK(d != NULL);
	CHECK_INT(dedup_oldest_ns(d), INT64_MAX);
	for (int i = 0; i < MANY; i++)
		dedup_add(d, name(b, sizeof b, i), (uint64_t)i + 1, i);
	for (int i = 0; i < MANY; i++) {
		CHECK(dedup_find(d, name(b, sizeof b, i), &seq), "%d", i);
		CHECK_INT(seq, i + 1);
	}
	CHECK(!dedup_find(d, SLICE("id"), &seq));
	dedup_forget(d, MANY / 2);
	CHECK_INT(dedup_oldest_ns(d), MANY / 2);
	for (int i = 0; i < MANY; i++)
		CHECK(dedup_find(d, name(b, sizeof b, i), &seq) ==
		    (i >= MANY / 2), "%d", i);
	dedup_destroy(d);
	dedup_destroy(NULL);
}
