/* test/unit/core/sublist_test.c - pairs with src/core/sublist.c, members.c and
 * table.c.
 *
 * The oracle is an array of patterns and subject_matches().  Random patterns
 * over a tiny alphabet come and go, so that they share and overlap all the
 * time, and each answer must be the array's.  Then the sizes at which the
 * index changes shape, and every allocation failing in turn.  What happens
 * between threads is test/stress/sublist_stress.c's. */
#include "core/sublist.h"

#include "base/epoch.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"
#include "core/match.h"
#include "core/sub.h"
#include "fail_alloc.h"
#include "proto/subject.h"

#include "check.h"

enum { PATTERN_MAX = 48 };

struct member {
	struct sub sub;
	char       pattern[PATTERN_MAX];
	bool       is_in;
	unsigned   n_seen;
};

static struct epoch_thread *epoch;
static uint64_t             dice = 88172645463325252u;

static unsigned below(unsigned n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)((dice >> 33) % n);
}

/* One to five tokens; with wildcards if wild, "?" being a star. */
static void random_text(char *out, bool wild)
{
	unsigned n = 1 + below(5);
	char    *p = out;

	for (unsigned i = 0; i < n; i++) {
		unsigned die = below(wild ? 10 : 6);

		if (die >= 8 && i == n - 1)
			*p++ = '>';
		else if (die >= 6)
			*p++ = '*';
		else if (die == 5)
			*p++ = 'a', *p++ = 'b';
		else
			*p++ = "aabbc"[die];
		*p++ = i + 1 < n ? '.' : '\0';
	}
}

static void begin(void)
{
	if (epoch == NULL)
		epoch = epoch_join();
	epoch_begin(epoch);
}

static void end(void)
{
	epoch_end(epoch);
}

static void put(struct sublist *sl, struct member *m)
{
	if (epoch == NULL)
		epoch = epoch_join();
	m->sub = (struct sub){ .worker = (uint16_t)below(3) };
	CHECK_INT(sublist_insert(sl, epoch, &m->sub, slice_str(m->pattern)), 0);
	m->is_in = true;
}

static void take(struct sublist *sl, struct member *m)
{
	sublist_remove(sl, epoch, &m->sub);
	m->is_in = false;
	epoch_reclaim(epoch);
}

static void set_pattern(struct member *m, const char *text)
{
	snprintf(m->pattern, PATTERN_MAX, "%s", text);
}

static struct member *member_of(struct sub *sub)
{
	return CONTAINER_OF(sub, struct member, sub);
}

/* Is the answer for this subject the array's, with each one once? */
static void check_find(struct sublist *sl, struct member *all, size_t n,
    const char *text)
{
	struct slice     subject = slice_str(text);
	struct match_set set = { 0 };
	bool             interest = false, literal = false;

	for (size_t i = 0; i < n; i++)
		all[i].n_seen = 0;
	begin();
	CHECK(sublist_find(sl, subject, &set));
	for (size_t i = 0; i < set.n; i++)
		member_of(set.subs[i])->n_seen++;
	for (size_t i = 0; i < n; i++) {
		struct slice pattern = slice_str(all[i].pattern);
		bool         wants =
		    all[i].is_in && subject_matches(subject, pattern);

		interest |= wants;
		literal |= wants && slice_eq(subject, pattern) &&
		    !subject_has_wildcard(pattern);
		CHECK_INT(all[i].n_seen, wants, "%.*s for %.*s",
		    SLICE_ARG(pattern), SLICE_ARG(subject));
	}
	CHECK_INT(sublist_has_interest(sl, subject), interest, "%.*s",
	    SLICE_ARG(subject));
	CHECK_INT(sublist_has_literal(sl, subject), literal, "%.*s",
	    SLICE_ARG(subject));
	end();
	match_set_fini(&set);
}

static void check_pattern(const struct member *m)
{
	struct buf text = { 0 };

	sublist_pattern(&m->sub, &text);
	CHECK_SLICE(buf_slice(&text), slice_str(m->pattern));
	buf_fini(&text);
}

TEST(it_answers_as_a_plain_array_would)
{
	enum { N = 160, STEPS = 6000 };
	static struct member all[N];
	struct sublist      *sl = sublist_create();
	char                 subject[PATTERN_MAX];

	for (unsigned i = 0; i < STEPS; i++) {
		struct member *m = &all[below(N)];

		if (m->is_in) {
			check_pattern(m);
			take(sl, m);
		} else {
			random_text(m->pattern, i % 3 != 0);
			put(sl, m);
		}
		random_text(subject, i % 16 == 0);
		check_find(sl, all, N, subject);
	}
	for (unsigned i = 0; i < N; i++)
		if (all[i].is_in)
			take(sl, &all[i]);
	check_find(sl, all, N, "a.b");
	sublist_destroy(sl);
}

TEST(it_refuses_malformed_patterns)
{
	static const char *bad[] = { "", ".", "a..b", ".a", "a.", ">.a",
	    "a.>.b", "a b", "a\t" };
	struct sublist *sl = sublist_create();
	struct sub      sub = { 0 };
	struct sublist_stats stats;

	begin();
	for (size_t i = 0; i < N_OF(bad); i++)
		CHECK_INT(sublist_insert(sl, epoch, &sub, slice_str(bad[i])),
		    ERR_SUBJECT, "%s", bad[i]);
	end();
	CHECK(sub.node == NULL);
	sublist_stats(sl, &stats);
	CHECK_INT(stats.n_subs + stats.n_inserts, 0);
	sublist_destroy(sl);
}

TEST(a_subject_with_an_empty_token_matches_nothing)
{
	static const char *subjects[] = { "", ".", "a.", ".a", "a..b", "a.b." };
	static struct member all[] = {
		{ .pattern = ">" }, { .pattern = "*" }, { .pattern = "a.>" },
		{ .pattern = "*.*" }, { .pattern = "a.*.b" }, { .pattern = "a" },
	};
	struct sublist *sl = sublist_create();

	for (size_t i = 0; i < N_OF(all); i++)
		put(sl, &all[i]);
	for (size_t i = 0; i < N_OF(subjects); i++)
		check_find(sl, all, N_OF(all), subjects[i]);
	for (size_t i = 0; i < N_OF(all); i++)
		take(sl, &all[i]);
	sublist_destroy(sl);
}

TEST(depth_has_no_limit)
{
	enum { N = 4000 };
	struct sublist  *sl = sublist_create();
	struct match_set set = { 0 };
	struct sub       stars = { 0 }, ends = { 0 };
	struct buf       text = { 0 };
	char            *subject = malloc(2 * N), *pattern = malloc(2 * N);

	for (size_t i = 0; i < N; i++) {
		subject[2 * i] = 'x';
		pattern[2 * i] = '*';
		subject[2 * i + 1] = pattern[2 * i + 1] = '.';
	}
	begin();
	CHECK_INT(sublist_insert(sl, epoch, &stars,
	    slice_of(pattern, 2 * N - 1)), 0);
	memcpy(pattern, subject, 2 * N);
	pattern[2 * N - 2] = '>';
	CHECK_INT(sublist_insert(sl, epoch, &ends,
	    slice_of(pattern, 2 * N - 1)), 0);
	CHECK(sublist_find(sl, slice_of(subject, 2 * N - 1), &set));
	CHECK_INT(set.n, 2);
	sublist_pattern(&ends, &text);
	CHECK_SLICE(buf_slice(&text), slice_of(pattern, 2 * N - 1));
	CHECK(!sublist_has_interest(sl, slice_of(subject, 2 * N - 3)));
	end();
	sublist_remove(sl, epoch, &stars);
	sublist_remove(sl, epoch, &ends);
	buf_fini(&text);
	match_set_fini(&set);
	free(pattern);
	free(subject);
	sublist_destroy(sl);
}

/* Insert n distinct patterns, head number tail, check, and remove them in another
 * order; the index goes through all its shapes and gives its memory back. */
static void fill_and_drain(const char *head, const char *tail, unsigned n)
{
	struct sublist *sl = sublist_create();
	struct member  *all = calloc(n, sizeof *all);
	struct match_set set = { 0 };
	unsigned         step = 7919;	/* a prime that does not divide n */
	long             n_before;

	epoch_barrier(epoch);
	n_before = fail_alloc_n_live();
	for (unsigned i = 0; i < n; i++) {
		snprintf(all[i].pattern, PATTERN_MAX, "%s%u%s", head, i, tail);
		put(sl, &all[i]);
		if (i % 64 == 0)
			epoch_reclaim(epoch);
	}
	for (unsigned i = 0; i < n; i++) {
		struct member *m = &all[(uint64_t)i * step % n];
		char           subject[PATTERN_MAX];

		memcpy(subject, m->pattern, sizeof subject);
		for (char *p = subject; *p != '\0'; p++)
			if (*p == '*' || *p == '>')
				*p = 'y';
		set.n = 0;
		begin();
		sublist_find(sl, slice_str(subject), &set);
		end();
		CHECK_INT(set.n, 1, "%s", subject);
		CHECK(set.subs[0] == &m->sub, "%s", subject);
		take(sl, m);
		begin();
		CHECK(!sublist_has_interest(sl, slice_str(subject)));
		end();
	}
	match_set_fini(&set);
	epoch_barrier(epoch);
	/* The stamps have grown; they are one block as before. */
	CHECK_INT(fail_alloc_n_live(), n_before);
	free(all);
	sublist_destroy(sl);
}

TEST(the_index_grows_and_shrinks)
{
	begin();
	end();
	for (unsigned n = 1; n < 40; n++)
		fill_and_drain("s.", "", n);
	fill_and_drain("s.", "", 300);
	fill_and_drain("orders.", "", 20000);
	fill_and_drain("w.*.x.", "", 20000);
	fill_and_drain("w.", ".>", 3000);
	fill_and_drain("", ".*", 3000);
}

TEST(many_may_want_the_same)
{
	enum { N = 3000 };
	static struct member all[N];
	static const char   *patterns[] = { "a.b", "a.*", "a.>" };

	for (size_t k = 0; k < N_OF(patterns); k++) {
		struct sublist *sl = sublist_create();
		long            n_before = fail_alloc_n_live();

		for (unsigned i = 0; i < N; i++) {
			set_pattern(&all[i], patterns[k]);
			put(sl, &all[i]);
			if (i < 40 || i % 500 == 0)
				check_find(sl, all, N, "a.b");
		}
		for (unsigned i = 0; i < 4 * N; i++) {
			struct member *m = &all[below(N)];

			if (m->is_in)
				take(sl, m);
			else
				put(sl, m);
			if (i % 500 == 0)
				check_find(sl, all, N, "a.b");
		}
		for (unsigned i = 0; i < N; i++) {
			if (all[i].is_in)
				take(sl, &all[i]);
			if (i > N - 40 || i % 500 == 0)
				check_find(sl, all, N, "a.b");
		}
		epoch_barrier(epoch);
		CHECK_INT(fail_alloc_n_live(), n_before);
		sublist_destroy(sl);
	}
}

static bool count_visit(void *ctx, const struct sub *sub, struct slice pattern)
{
	struct member *m = member_of((struct sub *)(uintptr_t)sub);
	unsigned      *left = ctx;

	CHECK_SLICE(pattern, slice_str(m->pattern));
	m->n_seen++;
	return --*left > 0;
}

TEST(visit_meets_each_once)
{
	enum { N = 700 };
	static struct member all[N];
	struct sublist      *sl = sublist_create();
	struct sublist_stats stats;
	unsigned             left = N + 1;

	for (unsigned i = 0; i < N; i++) {
		if (i < N - 3)
			random_text(all[i].pattern, i % 2);
		else
			set_pattern(&all[i], i % 2 ? ">" : "*");
		put(sl, &all[i]);
	}
	begin();
	sublist_visit(sl, count_visit, &left);
	end();
	for (unsigned i = 0; i < N; i++)
		CHECK_INT(all[i].n_seen, 1, "%s", all[i].pattern);
	left = 5;
	begin();
	sublist_visit(sl, count_visit, &left);
	end();
	CHECK_INT(left, 0, "it stops when told");
	for (unsigned i = 0; i < N; i++)
		take(sl, &all[i]);
	sublist_stats(sl, &stats);
	CHECK_INT(stats.n_subs, 0);
	CHECK_INT(stats.n_inserts, N);
	CHECK_INT(stats.n_removes, N);
	sublist_destroy(sl);
}

/* Fail the n-th allocation of an insert, for n = 1, 2, ... until it passes:
 * each failure must leave no trace. */
static void insert_with_failures(struct sublist *sl, struct member *all,
    size_t n, struct member *m)
{
	for (long nr = 1;; nr++) {
		struct sublist_stats before, after;
		long                 n_live;
		int                  err;

		epoch_barrier(epoch);
		n_live = fail_alloc_n_live();
		sublist_stats(sl, &before);
		m->sub = (struct sub){ 0 };
		fail_alloc_at(nr);
		err = sublist_insert(sl, epoch, &m->sub, slice_str(m->pattern));
		if (!fail_alloc_has_failed() || err == 0)
			break;
		fail_alloc_at(0);
		CHECK_INT(err, ERR_NOMEM);
		CHECK(m->sub.node == NULL);
		sublist_stats(sl, &after);
		CHECK_INT(after.n_subs, before.n_subs);
		epoch_barrier(epoch);
		CHECK(fail_alloc_n_live() <= n_live + 2,
		    "an index may have got its first, empty, piece");
		check_find(sl, all, n, "a.b.c");
		check_find(sl, all, n, "a");
	}
	fail_alloc_at(0);
	m->is_in = true;
	epoch_barrier(epoch);
}

TEST(an_insert_without_memory_changes_nothing)
{
	enum { N = 400 };
	static struct member all[N];
	struct sublist      *sl = sublist_create();
	long                 n_before = fail_alloc_n_live();

	for (unsigned i = 0; i < N; i++) {
		if (i % 4 == 0)
			snprintf(all[i].pattern, PATTERN_MAX, "l.%u", i);
		else if (i % 4 == 1)
			snprintf(all[i].pattern, PATTERN_MAX, "a.%u.*.>", i);
		else
			random_text(all[i].pattern, true);
		insert_with_failures(sl, all, N, &all[i]);
	}
	for (unsigned i = 0; i < N; i++) {
		fail_alloc_at(1 + i % 3);	/* a removal cannot fail */
		take(sl, &all[i]);
		fail_alloc_at(0);
		if (i % 16 == 0)
			check_find(sl, all, N, "a.b.c");
	}
	epoch_barrier(epoch);
	CHECK(fail_alloc_n_live() <= n_before);
	sublist_destroy(sl);
}

TEST(creation_fails_cleanly)
{
	long n_before = fail_alloc_n_live();

	for (long nr = 1; nr <= 2; nr++) {
		fail_alloc_at(nr);
		CHECK(sublist_create() == NULL);
		fail_alloc_at(0);
	}
	sublist_destroy(NULL);
	CHECK_INT(fail_alloc_n_live(), n_before);
}

static uint64_t stamp(const struct sublist *sl, const char *subject)
{
	struct slice s = slice_str(subject);

	return sublist_stamp(sl, hash_slice(s), sublist_first_hash(sl, s));
}

TEST(a_stamp_changes_with_whatever_could_match)
{
	static const char *patterns[] = { "a.b", "a.*", "a.>", "*.b", ">", "*.*",
	    "*.>" };
	struct sublist *sl = sublist_create();
	struct member   m = { 0 };

	begin();
	end();
	for (unsigned i = 0; i < 200; i++) {	/* through all sizes */
		uint64_t before = stamp(sl, "a.b"), between;

		set_pattern(&m, patterns[i % N_OF(patterns)]);
		put(sl, &m);
		between = stamp(sl, "a.b");
		CHECK(before != between, "%s came", m.pattern);
		take(sl, &m);
		CHECK(between != stamp(sl, "a.b"), "%s went", m.pattern);
	}
	for (unsigned i = 0; i < 3000; i++) {	/* so that counters are many */
		set_pattern(&m, "x");
		put(sl, &m);
		take(sl, &m);
	}
	sublist_destroy(sl);
}
