/* replies_test.c - reply grants: counted, dated, bounded, and free when unused. */
#include "core/replies.h"

#include "base/clock.h"
#include "check.h"
#include "core/permissions.h"

static struct permissions *answering(int64_t max, int64_t ttl_ns)
{
	static const struct permission_rule r = { { "open.>", 6 }, { NULL, 0 } };

	return permissions_create(&(struct permissions_spec){
		.publish_allow = { &r, 1, true }, .allows_responses = true,
		.responses_max = max, .responses_ttl_ns = ttl_ns });
}

TEST(a_reply_may_be_given_as_often_as_stated)
{
	static const struct { int64_t max; int may; } t[] = {
		{ 0, 1 }, { 1, 1 }, { 3, 3 }, { -1, 100 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct permissions *p = answering(t[i].max, -1);
		struct reply_grants g = { 0 };
		int                 n = 0;

		CHECK(!replies_may_use(&g, p, SLICE("r"), 0));
		replies_grant(&g, p, SLICE("r"), 0);
		while (n < 100 && replies_may_use(&g, p, SLICE("r"), INT64_MAX))
			n++;
		CHECK_INT(n, t[i].may, "max %lld", (long long)t[i].max);
		CHECK(!replies_may_use(&g, p, SLICE("s"), 0));
		replies_fini(&g);
		permissions_unref(p);
	}
}

TEST(a_grant_expires)
{
	struct permissions *p = answering(10, 100);
	struct reply_grants g = { 0 };

	replies_grant(&g, p, SLICE("r"), 1000);
	CHECK(replies_may_use(&g, p, SLICE("r"), 1100));
	CHECK(!replies_may_use(&g, p, SLICE("r"), 1101));
	CHECK_INT(replies_count(&g), 0);
	replies_grant(&g, p, SLICE("old"), 2000);
	replies_grant(&g, p, SLICE("new"), 2101);
	CHECK_INT(replies_count(&g), 1, "the next grant lets go of the old");
	CHECK(replies_may_use(&g, p, SLICE("new"), 2101));
	replies_fini(&g);
	permissions_unref(p);
}

TEST(a_grant_given_again_begins_anew)
{
	struct permissions *p = answering(2, 100);
	struct reply_grants g = { 0 };

	replies_grant(&g, p, SLICE("r"), 0);
	CHECK(replies_may_use(&g, p, SLICE("r"), 50));
	replies_grant(&g, p, SLICE("r"), 90);
	CHECK_INT(replies_count(&g), 1);
	CHECK(replies_may_use(&g, p, SLICE("r"), 190));
	CHECK(replies_may_use(&g, p, SLICE("r"), 190));
	CHECK(!replies_may_use(&g, p, SLICE("r"), 190));
	replies_fini(&g);
	permissions_unref(p);
}

TEST(nothing_is_kept_where_nothing_is_needed)
{
	struct permissions *p = answering(1, -1);
	struct reply_grants g = { 0 };

	replies_grant(&g, p, SLICE("open.x"), 0);	/* allowed anyway */
	replies_grant(&g, p, SLICE(""), 0);
	replies_grant(&g, NULL, SLICE("r"), 0);
	CHECK(g.table == NULL);
	replies_fini(&g);
	permissions_unref(p);
}

TEST(memory_is_bounded_and_the_oldest_goes_first)
{
	struct permissions *p = answering(-1, -1);
	struct reply_grants g = { 0 };
	char                subject[4096];
	size_t              most = 0;

	memset(subject, 'x', sizeof subject);
	for (int i = 0; i < 10000; i++) {
		snprintf(subject, sizeof subject, "%08d", i);
		subject[8] = '.';
		replies_grant(&g, p, slice_of(subject, sizeof subject), i);
		most = replies_count(&g) > most ? replies_count(&g) : most;
	}
	CHECK(most < REPLIES_BYTES_MAX / sizeof subject);
	CHECK(most > REPLIES_BYTES_MAX / sizeof subject / 2);
	CHECK(replies_may_use(&g, p, slice_of(subject, sizeof subject), 0));
	memcpy(subject, "00000000", 8);
	CHECK(!replies_may_use(&g, p, slice_of(subject, sizeof subject), 0));
	replies_fini(&g);
	CHECK_INT(replies_count(&g), 0);
	permissions_unref(p);
}

TEST(many_open_replies_are_each_found_once)
{
	enum { N = 20000 };
	struct permissions *p = answering(1, -1);
	struct reply_grants g = { 0 };
	char                subject[32];

	for (int i = 0; i < N; i++) {
		snprintf(subject, sizeof subject, "_INBOX.%d", i);
		replies_grant(&g, p, slice_str(subject), 0);
	}
	CHECK_INT(replies_count(&g), N);
	for (int i = N - 1; i >= 0; i--) {
		snprintf(subject, sizeof subject, "_INBOX.%d", i);
		CHECK(replies_may_use(&g, p, slice_str(subject), 0));
		CHECK(!replies_may_use(&g, p, slice_str(subject), 0));
	}
	CHECK_INT(replies_count(&g), 0);
	replies_fini(&g);
	permissions_unref(p);
}
