/* test/unit/session/sids_test.c - pairs with src/session/sids.c.
 *
 * Random inserts, finds and removals held against an array indexed by number;
 * then a million, where what must not be is a pause or a quadratic end. */
#include "session/sids.h"

#include "base/clock.h"
#include "base/hash.h"

#include "check.h"

enum { NAMES = 3000, STEPS = 200000 };

static struct client_sub *make(unsigned nr)
{
	char               text[24];
	int                n = snprintf(text, sizeof text, "%u", nr);
	struct client_sub *s = malloc(sizeof *s + (size_t)n);

	CHECK(s != NULL);
	*s = (struct client_sub){ .sid_n = (uint32_t)n };
	memcpy(s->sid, text, (size_t)n);
	return s;
}

static struct client_sub *find(const struct sid_table *t, unsigned nr)
{
	char text[24];

	snprintf(text, sizeof text, "%u", nr);
	return sids_find(t, slice_str(text));
}

static unsigned below(unsigned n)
{
	static uint64_t dice = 3;

	dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)((dice >> 33) % n);
}

struct count {
	uint32_t n, stop_at;
};

static bool count_one(void *ctx, struct client_sub *s)
{
	struct count *c = ctx;

	CHECK(s->sid_n > 0);
	return ++c->n != c->stop_at;
}

static void check_all(const struct sid_table *t, struct client_sub **naive)
{
	struct count c = { 0 };
	uint32_t     n = 0;

	for (unsigned i = 0; i < NAMES; i++) {
		CHECK(find(t, i) == naive[i]);
		n += naive[i] != NULL;
	}
	CHECK_INT(t->n, n);
	sids_visit(t, count_one, &c);
	CHECK_INT(c.n, n);
}

static void empty(struct sid_table *t, struct client_sub **naive)
{
	struct client_sub *s;

	while ((s = sids_any(t)) != NULL) {
		unsigned nr = 0;

		for (uint32_t i = 0; i < s->sid_n; i++)
			nr = nr * 10 + (unsigned)(s->sid[i] - '0');
		CHECK(naive[nr] == s);
		naive[nr] = NULL;
		sids_remove(t, s);
		free(s);
	}
	CHECK_INT(t->n, 0);
	CHECK(t->buckets == NULL, "an empty table owns nothing");
}

TEST(random_changes_as_in_a_naive_table)
{
	static struct client_sub *naive[NAMES];
	struct sid_table          t = { 0 };

	hash_init();
	for (unsigned step = 1; step <= STEPS; step++) {
		/* Tides: the table grows, and shrinks, and is emptied. */
		unsigned range = step % 20000 < 10000 ? NAMES : 60;
		unsigned nr = below(range);
		bool     fill = step % 4000 < 2500;

		CHECK(find(&t, nr) == naive[nr]);
		if (naive[nr] == NULL && fill) {
			naive[nr] = make(nr);
			CHECK_INT(sids_insert(&t, naive[nr]), 0);
		} else if (naive[nr] != NULL && !fill) {
			sids_remove(&t, naive[nr]);
			free(naive[nr]);
			naive[nr] = NULL;
		}
		if (step % 5000 == 0)
			check_all(&t, naive);
		if (step % 33000 == 0)
			empty(&t, naive);
		/* Buckets given up in the middle of life come back. */
		if (step % 1777 == 0 && t.n > 0)
			CHECK(sids_any(&t) != NULL);
	}
	check_all(&t, naive);
	empty(&t, naive);
	check_all(&t, naive);
}

TEST(an_empty_table_has_nothing)
{
	struct sid_table t = { 0 };

	CHECK(sids_find(&t, SLICE("1")) == NULL);
	CHECK(sids_any(&t) == NULL);
	sids_visit(&t, count_one, &(struct count){ 0 });
	sids_fini(&t);
}

TEST(a_visit_ends_when_it_is_told)
{
	struct sid_table t = { 0 };
	struct count     c = { .stop_at = 3 };

	for (unsigned i = 0; i < 10; i++)
		sids_insert(&t, make(i));
	sids_visit(&t, count_one, &c);
	CHECK_INT(c.n, 3);
	for (struct client_sub *s; (s = sids_any(&t)) != NULL;) {
		sids_remove(&t, s);
		free(s);
	}
}

static bool remove_it(void *ctx, struct client_sub *s)
{
	sids_remove(ctx, s);
	free(s);
	return true;
}

TEST(a_visit_may_remove_what_it_is_shown)
{
	for (unsigned n = 1; n < 200; n++) {
		struct sid_table t = { 0 };

		for (unsigned i = 0; i < n; i++)
			CHECK_INT(sids_insert(&t, make(i)), 0);
		sids_visit(&t, remove_it, &t);
		CHECK_INT(t.n, 0);
	}
}

/* Generous bounds, for a machine with other things to do: what they are to
 * catch is a thousand times slower. */
TEST(a_million_come_and_go_without_a_pause)
{
	enum { MANY = 1000000 };
	struct sid_table   t = { 0 };
	struct client_sub *s;
	int64_t            longest = 0, began;

	for (unsigned i = 0; i < MANY; i++) {
		s = make(i);
		began = clock_cpu_ns();
		CHECK_INT(sids_insert(&t, s), 0);
		if (clock_cpu_ns() - began > longest)
			longest = clock_cpu_ns() - began;
	}
	CHECK_INT(t.n, MANY);
	CHECK(longest < 300 * NS_PER_MS, "an insert took %lld ns",
	    (long long)longest);
	for (unsigned i = 0; i < MANY; i += 997)
		CHECK(find(&t, i) != NULL && find(&t, i + MANY) == NULL);
	began = clock_cpu_ns();
	for (unsigned i = 0; i < MANY; i++) {
		s = sids_any(&t);
		CHECK(s != NULL);
		sids_remove(&t, s);
		free(s);
	}
	CHECK_INT(t.n, 0);
	CHECK(clock_cpu_ns() - began < 20 * NS_PER_S,
	    "emptying through sids_any is linear");
}
