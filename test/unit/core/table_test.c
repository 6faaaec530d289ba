/* test/unit/core/table_test.c - pairs with src/core/table.c.
 *
 * The oracle is an array of flags.  The number of items swings between none
 * and thousands, so that segments split, merge, shrink and fill with graves;
 * after each swing all items must be there, and all others not.  Hashes that
 * share their upper or lower bits are tried as well: the index may then get
 * slow, but not wrong. */
#include "core/table.h"

#include "base/epoch.h"
#include "fail_alloc.h"

#include "check.h"

enum { N = 3000 };

struct item {
	uint32_t hash;
	bool     is_in;
};

static struct epoch_thread *epoch;
static struct item          items[N];
static uint64_t             dice = 88172645463325252u;

__attribute__((constructor)) static void join(void)
{
	epoch = epoch_join();
}

static uint32_t roll(void)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)(dice >> 32);
}

static bool is_same(const void *item, const void *key)
{
	return item == key;
}

static void check_all(const struct table *t, size_t n_in)
{
	size_t n = 0;

	for (size_t i = 0; i < N; i++) {
		CHECK_INT(table_find(t, items[i].hash, is_same, &items[i]) !=
		    NULL, items[i].is_in, "item %zu", i);
		n += items[i].is_in;
	}
	CHECK_INT(n, n_in);
	CHECK_INT(t->n_items, n_in);
}

static bool count_visit(void *ctx, void *item)
{
	CHECK(((struct item *)item)->is_in);
	++*(size_t *)ctx;
	return true;
}

/* One that is in, or is not; there is one. */
static struct item *random_item(bool is_in)
{
	size_t i = roll() % N;

	while (items[i].is_in != is_in)
		i = (i + 1) % N;
	return &items[i];
}

/* To n_wanted items, with every eighth step going the other way. */
static size_t swing(struct table *t, size_t n, size_t n_wanted)
{
	while (n != n_wanted) {
		bool up = (n < n_wanted) == (roll() % 8 != 0);
		struct item *it;

		if (up ? n == N : n == 0)
			continue;
		it = random_item(!up);
		if (up)
			CHECK(table_insert(t, epoch, it->hash, it));
		else
			table_remove(t, epoch, it->hash, it);
		it->is_in = up;
		n = up ? n + 1 : n - 1;
		CHECK_INT(table_find(t, it->hash, is_same, it) != NULL, up);
		epoch_reclaim(epoch);
	}
	return n;
}

static void check_hashes(uint32_t keep)
{
	static const size_t goals[] = { 3, 0, 40, 7, 300, 20, 280, 1000, 10,
	    N / 2, 250, N / 2, 100, N - 1, 2000, 600, N / 2, 1, 0 };
	struct table t = { 0 };
	size_t       n = 0, n_visited = 0;
	long         n_before = fail_alloc_n_live();

	for (size_t i = 0; i < N; i++)
		items[i] = (struct item){ .hash = table_hash((uint64_t)(
		    (roll() & keep) | (0x5a5a5a5a & ~keep)) << 32) };
	for (size_t i = 0; i < N_OF(goals); i++) {
		n = swing(&t, n, goals[i]);
		check_all(&t, n);
		n_visited = 0;
		table_each(&t, count_visit, &n_visited);
		CHECK_INT(n_visited, n);
	}
	epoch_barrier(epoch);
	CHECK_INT(fail_alloc_n_live(), n_before, "empty it owns nothing");
}

TEST(it_holds_what_was_put_in)
{
	check_hashes(0xffffffff);
}

TEST(hashes_may_share_their_upper_bits)
{
	check_hashes(0x00ffffff);
	check_hashes(0x0000ffff);
}

TEST(hashes_may_share_their_lower_bits)
{
	check_hashes(0xffff0000);
	check_hashes(0xfff00000);
}

TEST(hashes_may_be_few)
{
	check_hashes(0x80000001);
	check_hashes(0);
}

TEST(a_failed_insert_changes_nothing)
{
	struct table t = { 0 };
	size_t       n_failed = 0;

	for (size_t i = 0; i < N; i++)
		items[i] = (struct item){
			.hash = table_hash((uint64_t)roll() << 32),
		};
	for (size_t i = 0; i < N; i++) {
		for (long nr = 1; !items[i].is_in; nr++) {
			fail_alloc_at(nr);
			items[i].is_in = table_insert(&t, epoch, items[i].hash,
			    &items[i]);
			fail_alloc_at(0);
			n_failed += !items[i].is_in;
		}
		if (i % 500 == 0)
			check_all(&t, i + 1);
		epoch_reclaim(epoch);
	}
	CHECK(n_failed > 50);
	check_all(&t, N);
	table_fini(&t);
}
