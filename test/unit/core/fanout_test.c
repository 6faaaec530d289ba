/* test/unit/core/fanout_test.c - pairs with src/core/fanout.c.
 *
 * Subscriptions that count, on three workers of which one is ours; a port that
 * gives what is handed over at once.  So every receiver's count is known, but
 * for queue groups: there only sums are, and that the picks are even. */
#include "core/fanout.h"

#include "base/list.h"
#include "core/match.h"
#include "core/msg.h"
#include "core/permissions.h"
#include "core/sub.h"

#include "check.h"

enum { OURS = 1, SUBS_MAX = 200 };

struct receiver {
	struct sub sub;
	uint32_t   n, n_calls;
	uint32_t   takes_max;	/* in all; 0: no limit */
};

static struct receiver all[SUBS_MAX];
static struct sub     *refs[SUBS_MAX];
static struct msg      msgs[RUN_MAX];
static unsigned        n_handed;	/* calls of hand_over */
static bool            is_out_of_memory;

static uint32_t give(struct sub *sub, const struct run *run)
{
	struct receiver *r = CONTAINER_OF(sub, struct receiver, sub);
	uint32_t         n = run->n;

	if (n == 0)	/* how many would you take? */
		return r->takes_max == 0 ? UINT32_MAX : r->takes_max - r->n;
	if (r->takes_max != 0 && n > r->takes_max - r->n)
		n = r->takes_max - r->n;
	r->n += n;
	r->n_calls++;
	return n;
}

static bool hand_over(void *ctx, unsigned worker, struct sub *const *subs,
    size_t n, const struct run *run)
{
	CHECK(ctx == all);
	CHECK(worker != OURS);
	n_handed++;
	for (size_t i = 0; i < n; i++)
		CHECK_INT(subs[i]->worker, worker);
	if (is_out_of_memory)
		return false;
	for (size_t i = 0; i < n; i++)
		give(subs[i], run);
	return true;
}

static const struct fanout_port port = { OURS, all, hand_over };

/* n receivers, in order of worker, and a run of so many messages. */
static void set_up(size_t n, const char *queue)
{
	memset(all, 0, sizeof all);
	n_handed = 0;
	is_out_of_memory = false;
	for (size_t i = 0; i < n; i++) {
		all[i].sub = (struct sub){ .give = give,
			.queue = slice_str(queue),
			.worker = (uint16_t)(i * 3 / n) };
		refs[i] = &all[i].sub;
	}
	for (size_t i = 0; i < RUN_MAX; i++)
		msgs[i].size = 10;
}

static uint64_t fan(const struct match *m, uint32_t n_msgs)
{
	struct run run = { .subject = SLICE("a.b"), .msgs = msgs, .n = n_msgs,
		.bytes = 10 * n_msgs };

	return fanout(m, &run, &port);
}

TEST(every_plain_one_gets_every_message)
{
	static const uint32_t lengths[] = { 1, 2, 63, 64 };

	for (size_t n = 1; n <= SUBS_MAX; n += 11)
		for (size_t k = 0; k < N_OF(lengths); k++) {
			struct match m = { .plain = refs,
				.n_plain = (uint32_t)n };

			set_up(n, NULL);
			CHECK_INT(fan(&m, lengths[k]), lengths[k] == 64
			    ? UINT64_MAX : (UINT64_C(1) << lengths[k]) - 1);
			for (size_t i = 0; i < n; i++) {
				CHECK_INT(all[i].n, lengths[k]);
				CHECK_INT(all[i].n_calls, 1, "a run is one call");
			}
		}
}

TEST(nobody_takes_nothing)
{
	struct match m = { .n_plain = 0 };

	set_up(1, NULL);
	CHECK_INT(fan(&m, 3), 0);
}

/* A receiver whose UNSUB count runs out takes the first ones. */
TEST(the_mask_tells_which_messages_were_taken)
{
	struct match m = { .plain = refs + 1, .n_plain = 2 };

	set_up(9, NULL);
	for (size_t i = 0; i < 9; i++)
		all[i].sub.worker = OURS;
	all[1].takes_max = 3;
	all[2].takes_max = 1;
	CHECK_INT(fan(&m, 5), 7);
	CHECK_INT(fan(&m, 5), 0, "both are full");
}

TEST(a_hand_over_without_memory_is_not_taken)
{
	struct match       m = { .plain = refs, .n_plain = 9 };
	struct match_group g = { refs, 3 };	/* all on worker 0 */

	set_up(9, NULL);
	is_out_of_memory = true;
	for (size_t i = 3; i < 6; i++)
		all[i].takes_max = 2;
	CHECK_INT(fan(&m, 4), 3, "only ours, and they took two");
	set_up(9, "q");
	is_out_of_memory = true;
	m = (struct match){ .groups = &g, .n_groups = 1 };
	CHECK_INT(fan(&m, 4), 0);
	CHECK(n_handed >= 1 && n_handed <= 3, "one hand-over for each share");
}

/* ---- queue groups ---------------------------------------------------------- */

static uint64_t sum_of(size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += all[i].n;
	return sum;
}

TEST(picks_are_even_whichever_worker_the_members_live_on)
{
	enum { ROUNDS = 2000, EACH = 16 };
	static const uint32_t members[] = { 1, 2, 3, 7, 32 };

	for (size_t k = 0; k < N_OF(members); k++) {
		uint32_t           n = members[k];
		struct match_group g = { refs, n };
		struct match       m = { .groups = &g, .n_groups = 1 };
		uint64_t           each = ROUNDS * EACH / n;

		set_up(n, "q");
		for (int i = 0; i < ROUNDS; i++)
			CHECK_INT(fan(&m, EACH), 0xffff);
		CHECK_INT(sum_of(n), ROUNDS * EACH);
		/* Six standard deviations and more. */
		for (uint32_t i = 0; i < n; i++)
			CHECK(all[i].n * 10 > each * 8 &&
			    all[i].n * 10 <= each * 12,
			    "member %u of %u got %u, not about %llu", i, n,
			    all[i].n, (unsigned long long)each);
	}
}

TEST(what_one_member_refuses_the_next_one_gets)
{
	struct match_group g = { refs, 6 };
	struct match       m = { .groups = &g, .n_groups = 1 };

	set_up(6, "q");
	for (size_t i = 0; i < 6; i++)
		all[i].sub.worker = OURS;
	for (size_t i = 0; i < 5; i++)
		all[i].takes_max = 10;
	for (int i = 0; i < 100; i++)
		CHECK_INT(fan(&m, 2), 3);
	CHECK_INT(sum_of(6), 200, "none lost, none twice");
	all[5].takes_max = all[5].n;
	CHECK_INT(fan(&m, 1), sum_of(5) < 50, "all may be full by now");
}

TEST(who_is_closed_is_passed_over)
{
	struct match_group g = { refs, 6 };
	struct match       m = { .groups = &g, .n_groups = 1 };

	set_up(6, "q");
	for (size_t i = 0; i < 5; i++)
		all[i].sub.is_closed = true;
	for (int i = 0; i < 50; i++)
		CHECK_INT(fan(&m, 1), 1);
	CHECK_INT(all[5].n, 50);
	all[5].sub.is_closed = true;
	CHECK_INT(fan(&m, 1), 0);
}

TEST(each_group_gets_each_message_once)
{
	struct match_group g[3] = { { refs, 2 }, { refs + 2, 3 },
		{ refs + 5, 1 } };
	struct match       m = { .plain = refs + 6, .n_plain = 3,
		.groups = g, .n_groups = 3 };

	set_up(9, "q");
	CHECK_INT(fan(&m, 64), UINT64_MAX);
	CHECK_INT(all[0].n + all[1].n, 64);
	CHECK_INT(all[2].n + all[3].n + all[4].n, 64);
	CHECK_INT(all[5].n, 64);
	for (size_t i = 6; i < 9; i++)
		CHECK_INT(all[i].n, 64);
}

TEST(one_group_alone_is_found_by_name)
{
	struct match_group g[2] = { { refs, 2 }, { refs + 2, 3 } };
	struct match       m = { .groups = g, .n_groups = 2 };
	struct run         run = { .subject = SLICE("a.b"), .msgs = msgs,
		.n = 5, .bytes = 50 };

	set_up(5, "q");
	for (size_t i = 2; i < 5; i++)
		all[i].sub.queue = SLICE("r");
	CHECK_INT(fanout_group(&m, SLICE("r"), &run, &port), 31);
	CHECK_INT(all[0].n + all[1].n, 0);
	CHECK_INT(all[2].n + all[3].n + all[4].n, 5);
	CHECK_INT(fanout_group(&m, SLICE("none"), &run, &port), 0);
}

/* ---- permissions ----------------------------------------------------------- */

TEST(who_may_not_receive_is_left_out)
{
	static const struct permission_rule deny[] = {
		{ .subject = { "a.*", 3 } } };
	struct permissions_spec spec = { .subscribe_deny = { .rules = deny,
		.n = 1, .is_set = true } };
	struct permissions *p = permissions_create(&spec);
	struct match_group  g = { refs, 9 };
	struct match        m = { .plain = refs, .n_plain = 9 };

	CHECK(p != NULL);
	set_up(9, NULL);
	for (size_t i = 0; i < 9; i++)
		if (i % 3 != 0)
			all[i].sub.filter = p;
	CHECK_INT(fan(&m, 4), 15);
	for (size_t i = 0; i < 9; i++)
		CHECK_INT(all[i].n, i % 3 == 0 ? 4 : 0);

	for (size_t i = 0; i < 9; i++)
		all[i].sub.queue = SLICE("q");
	m = (struct match){ .groups = &g, .n_groups = 1 };
	CHECK_INT(fan(&m, 60), (UINT64_C(1) << 60) - 1);
	for (size_t i = 0; i < 9; i++)
		CHECK(i % 3 == 0 || all[i].n == 0);
	for (size_t i = 0; i < 9; i++)
		all[i].sub.filter = p;
	CHECK_INT(fan(&m, 3), 0);
	permissions_unref(p);
}
