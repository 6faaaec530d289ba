/* test/unit/session/closed_test.c - pairs with src/session/closed.c.
 *
 * Both bounds, number and bytes, against a model that is one line: the ring
 * holds the newest. */
#include "check.h"
#include "session/closed.h"
#include "session/info.h"

static void add(struct closed_ring *ring, uint64_t cid, unsigned n_subs)
{
	struct client_info info = { .cid = cid, .ip = SLICE("::1") };
	struct sub_info    sub = { .subject = SLICE("a.b.c"), .sid = SLICE("1") };

	for (unsigned i = 0; i < n_subs; i++)
		sub_info_add(&info.subs, &sub);
	info.n_subs = n_subs;
	closed_add(ring, &info);
	client_info_fini(&info);
}

TEST(the_oldest_makes_room_for_the_newest)
{
	struct closed_ring *ring = closed_create(10, 1 << 20);

	for (uint64_t cid = 1; cid <= 25; cid++) {
		uint64_t oldest = cid <= 10 ? 1 : cid - 9;

		add(ring, cid, 2);
		CHECK_INT(closed_count(ring), cid < 10 ? cid : 10);
		for (size_t i = 0; i < closed_count(ring); i++)
			CHECK_INT(closed_at(ring, i)->cid, oldest + i);
	}
	CHECK_INT(closed_total(ring), 25);
	closed_destroy(ring);
}

TEST(bytes_are_bounded_too)
{
	struct client_info  one = { .ip = SLICE("::1") };
	size_t              size = client_info_size(&one);
	struct closed_ring *ring = closed_create(1000, 5 * size);

	for (uint64_t cid = 1; cid <= 20; cid++)
		add(ring, cid, 0);
	CHECK_INT(closed_count(ring), 5);
	CHECK_INT(closed_at(ring, 4)->cid, 20);

	add(ring, 21, 1000);
	CHECK_INT(closed_at(ring, closed_count(ring) - 1)->cid, 21);
	CHECK_INT(closed_at(ring, closed_count(ring) - 1)->subs.n_subs, 0,
	    "too many subscriptions to remember: they are left out");
	CHECK_INT(closed_at(ring, closed_count(ring) - 1)->n_subs, 1000);
	closed_destroy(ring);
}

TEST(a_ring_of_none_only_counts)
{
	struct closed_ring *ring = closed_create(0, 1000);

	add(ring, 1, 0);
	CHECK_INT(closed_count(ring), 0);
	CHECK_INT(closed_total(ring), 1);
	closed_destroy(ring);
	closed_destroy(NULL);
}
