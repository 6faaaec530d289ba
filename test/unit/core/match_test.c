/* test/unit/core/match_test.c - pairs with src/core/match.c.
 *
 * A match is held against the subscriptions it should have, by flags in them:
 * plain ones in order of worker, members in the group of their name, each
 * once.  What the cache remembers shows in n_hits: what must stay warm beside
 * churn, and what must not be served any more. */
#include "core/match.h"

#include "base/epoch.h"
#include "base/list.h"
#include "core/sub.h"
#include "core/sublist.h"
#include "fail_alloc.h"

#include "check.h"

struct member {
	struct sub sub;
	unsigned   n_seen;
};

static struct epoch_thread *epoch;

__attribute__((constructor)) static void join(void)
{
	epoch = epoch_join();
}

static void put(struct sublist *sl, struct member *m, const char *pattern,
    const char *queue, unsigned worker)
{
	m->sub = (struct sub){
		.queue = slice_str(queue), .worker = (uint16_t)worker,
	};
	CHECK_INT(sublist_insert(sl, epoch, &m->sub, slice_str(pattern)), 0);
}

static void take(struct sublist *sl, struct member *m)
{
	sublist_remove(sl, epoch, &m->sub);
	epoch_reclaim(epoch);
}

static void see(struct sub *sub)
{
	CONTAINER_OF(sub, struct member, sub)->n_seen++;
}

/* Plain ones in order, groups whole and of one name; counts who is seen. */
static void check_form(const struct match *m)
{
	for (uint32_t i = 0; i < m->n_plain; i++) {
		see(m->plain[i]);
		CHECK_INT(m->plain[i]->queue.n, 0);
		CHECK(i == 0 ||
		    m->plain[i - 1]->worker <= m->plain[i]->worker);
	}
	for (uint32_t g = 0; g < m->n_groups; g++) {
		struct slice name = m->groups[g].subs[0]->queue;

		CHECK(name.n > 0 && m->groups[g].n > 0);
		for (uint32_t i = 0; i < m->groups[g].n; i++) {
			see(m->groups[g].subs[i]);
			CHECK_SLICE(m->groups[g].subs[i]->queue, name);
		}
		for (uint32_t h = 0; h < g; h++)
			CHECK(!slice_eq(m->groups[h].subs[0]->queue, name),
			    "two groups of one name");
	}
}

/* The number of plain ones and groups, for the subject; each of the n in all
 * must be in it, once. */
static void check_match(struct match_cache *c, struct sublist *sl,
    const char *subject, struct member *all, size_t n, unsigned n_plain,
    unsigned n_groups)
{
	const struct match *m;

	for (size_t i = 0; i < n; i++)
		all[i].n_seen = 0;
	epoch_begin(epoch);
	m = match_find(c, sl, slice_str(subject));
	check_form(m);
	CHECK_INT(m->n_plain, n_plain, "%s", subject);
	CHECK_INT(m->n_groups, n_groups, "%s", subject);
	epoch_end(epoch);
	for (size_t i = 0; i < n; i++)
		CHECK_INT(all[i].n_seen, 1);
}

static uint64_t n_hits(const struct match_cache *c)
{
	struct match_stats stats;

	match_cache_stats(c, &stats);
	return stats.n_hits;
}

static uint64_t n_entries(const struct match_cache *c)
{
	struct match_stats stats;

	match_cache_stats(c, &stats);
	return stats.n_entries;
}

/* 1 if this find was answered from memory. */
static unsigned hits(struct match_cache *c, struct sublist *sl,
    const char *subject)
{
	uint64_t before = n_hits(c);

	epoch_begin(epoch);
	match_find(c, sl, slice_str(subject));
	epoch_end(epoch);
	return (unsigned)(n_hits(c) - before);
}

TEST(sets_grow)
{
	struct match_set set = { 0 };
	struct sub       subs[3];

	for (size_t i = 0; i < 1000; i++)
		CHECK(match_set_add(&set, &subs[i % 3]));
	for (size_t i = 0; i < 1000; i++)
		CHECK(set.subs[i] == &subs[i % 3]);
	match_set_fini(&set);
	CHECK_INT(set.cap, 0);
}

TEST(groups_are_formed_by_name_over_all_patterns)
{
	static const struct { const char *pattern, *queue; } t[] = {
		{ "a.b", "q" }, { "a.*", "q" },  { ">", "q" },
		{ "a.b", NULL }, { "a.>", NULL }, { "a.b", "r" },
		{ "a.b", "qq" }, { "*.b", "r" },
	};
	struct match_cache *c = match_cache_create(16);
	struct sublist     *sl = sublist_create();
	struct member       all[N_OF(t)];

	for (unsigned i = 0; i < N_OF(t); i++)
		put(sl, &all[i], t[i].pattern, t[i].queue, 7 - i);
	for (int i = 0; i < 2; i++)
		check_match(c, sl, "a.b", all, N_OF(t), 2, 3);
	CHECK_INT(n_hits(c), 1);
	for (unsigned i = 0; i < N_OF(t); i++)
		take(sl, &all[i]);
	check_match(c, sl, "a.b", NULL, 0, 0, 0);
	sublist_destroy(sl);
	match_cache_destroy(c);
}

/* n subscriptions of "a", plain ones over n_workers, and every `step`-th a
 * member of one of n_names groups. */
static void check_crowd(unsigned n, unsigned n_workers, unsigned step,
    unsigned n_names)
{
	struct match_cache *c = match_cache_create(64);
	struct sublist     *sl = sublist_create();
	struct member      *all = calloc(n, sizeof *all);
	char              (*names)[8] = calloc(n, sizeof *names);
	unsigned            n_plain = 0, n_members = 0;

	for (unsigned i = 0; i < n; i++) {
		const char *queue = NULL;

		if (step > 0 && i % step == 0) {
			snprintf(names[i], sizeof names[i], "g%u",
			    n_members++ % n_names);
			queue = names[i];
		}
		n_plain += queue == NULL;
		put(sl, &all[i], "a", queue, i * 7919 % n_workers);
	}
	for (int i = 0; i < 2; i++)
		check_match(c, sl, "a", all, n, n_plain,
		    n_members < n_names ? n_members : n_names);
	CHECK_INT(n_hits(c), n_plain <= 4096 && n_members <= 20000,
	    "huge answers are not remembered");
	for (unsigned i = 0; i < n; i++)
		take(sl, &all[i]);
	check_match(c, sl, "a", NULL, 0, 0, 0);
	free(names);
	free(all);
	sublist_destroy(sl);
	match_cache_destroy(c);
}

TEST(crowds_are_put_in_order)
{
	for (unsigned n = 1; n < 70; n++)
		check_crowd(n, 4, n % 5, 1 + n % 3);
	check_crowd(1000, 3, 0, 1);
	check_crowd(1000, 60000, 0, 1);		/* workers of two bytes */
	check_crowd(5000, 300, 3, 20);
	check_crowd(10000, 4, 0, 1);		/* too many to remember */
	check_crowd(10000, 4, 1, 1);		/* one large group */
	check_crowd(100000, 4, 1, 2);		/* two huge ones */
	check_crowd(3000, 4, 1, 1000);		/* many small ones */
	check_crowd(10000, 4, 1, 1000);
}

TEST(no_interest_is_remembered_too)
{
	struct match_cache *c = match_cache_create(16);
	struct sublist     *sl = sublist_create();
	struct member       m;

	CHECK_INT(hits(c, sl, "x.y"), 0);
	CHECK_INT(hits(c, sl, "x.y"), 1);
	CHECK_INT(hits(c, sl, ""), 0);
	CHECK_INT(hits(c, sl, ""), 1, "the empty subject is one too");
	put(sl, &m, "x.*", NULL, 0);
	check_match(c, sl, "x.y", &m, 1, 1, 0);
	take(sl, &m);
	check_match(c, sl, "x.y", NULL, 0, 0, 0);
	sublist_destroy(sl);
	match_cache_destroy(c);
}

/* A first token that does not share the counter of _INBOX, as one in a thousand
 * does; which one depends on where the list lies. */
static unsigned lone_head(const struct sublist *sl)
{
	uint32_t inbox = sublist_first_hash(sl, SLICE("_INBOX.x"));
	char     text[16];

	for (unsigned i = 0;; i++) {
		snprintf(text, sizeof text, "orders%u", i);
		if (((sublist_first_hash(sl, slice_str(text)) ^ inbox) &
		    1023) != 0)
			return i;
	}
}

TEST(inbox_churn_leaves_other_subjects_warm)
{
	enum { SUBJECTS = 50, CHURN = 2000 };
	struct match_cache *c = match_cache_create(1024);
	struct sublist     *sl = sublist_create();
	struct member       stay, inbox, wild;
	unsigned            head = lone_head(sl);
	uint64_t            before;
	char                text[48];

	snprintf(text, sizeof text, "orders%u.*", head);
	put(sl, &stay, text, NULL, 0);
	for (unsigned i = 0; i < CHURN; i++) {	/* until counters are many */
		snprintf(text, sizeof text, "_INBOX.x%u", i);
		put(sl, &inbox, text, NULL, 0);
		take(sl, &inbox);
	}
	for (unsigned i = 0; i < SUBJECTS; i++) {
		snprintf(text, sizeof text, "orders%u.%u", head, i);
		hits(c, sl, text);
	}
	before = n_hits(c);
	for (unsigned i = 0; i < CHURN; i++) {
		snprintf(text, sizeof text, "_INBOX.abc.%u", i);
		put(sl, &inbox, text, NULL, 0);
		snprintf(text, sizeof text, "_INBOX.%u.*", i);
		put(sl, &wild, text, NULL, 0);
		snprintf(text, sizeof text, "orders%u.%u", head,
		    i % SUBJECTS);
		check_match(c, sl, text, &stay, 1, 1, 0);
		take(sl, &inbox);
		take(sl, &wild);
	}
	/* Each of the churn's literals hits one of a thousand counters, twice;
	 * between two finds of a subject there are a hundred such changes. */
	CHECK(n_hits(c) - before > CHURN * 8 / 10, "%llu hits of %d",
	    (unsigned long long)(n_hits(c) - before), CHURN);
	take(sl, &stay);
	sublist_destroy(sl);
	match_cache_destroy(c);
}

TEST(a_stale_answer_is_never_served)
{
	static const char *patterns[] = { "a.b", "a.*", "a.>", "*.b", ">",
	    "*.*", "a.b" };
	struct match_cache *c = match_cache_create(4);
	struct sublist     *sl = sublist_create();
	struct member       all[N_OF(patterns)];

	for (unsigned round = 0; round < 300; round++) {
		unsigned n = 0;

		for (; n < N_OF(patterns); n++) {
			put(sl, &all[n], patterns[n], NULL, round % 3);
			check_match(c, sl, "a.b", all, n + 1, n + 1, 0);
			CHECK_INT(hits(c, sl, "a.b"), 1);
		}
		while (n-- > 0) {
			take(sl, &all[n]);
			memset(&all[n], 0xee, sizeof all[n]);
			check_match(c, sl, "a.b", all, n, n, 0);
		}
	}
	sublist_destroy(sl);
	match_cache_destroy(c);
}

TEST(another_list_at_the_same_address_is_another_list)
{
	struct match_cache *c = match_cache_create(16);

	for (unsigned i = 0; i < 20; i++) {
		struct sublist *sl = sublist_create();
		struct member   m;

		put(sl, &m, i % 2 ? "a" : "b", NULL, 0);
		check_match(c, sl, "a", i % 2 ? &m : NULL, i % 2, i % 2, 0);
		take(sl, &m);
		sublist_destroy(sl);
	}
	match_cache_destroy(c);
}

TEST(lists_do_not_mix)
{
	struct match_cache *c = match_cache_create(16);
	struct sublist     *one = sublist_create(), *two = sublist_create();
	struct member       m;

	put(one, &m, "a", NULL, 0);
	for (unsigned i = 0; i < 3; i++) {
		check_match(c, one, "a", &m, 1, 1, 0);
		check_match(c, two, "a", NULL, 0, 0, 0);
	}
	CHECK_INT(n_hits(c), 4);
	take(one, &m);
	sublist_destroy(one);
	sublist_destroy(two);
	match_cache_destroy(c);
}

TEST(it_remembers_no_more_than_it_may)
{
	struct match_cache *c = match_cache_create(100);	/* 128 */
	struct sublist     *sl = sublist_create();
	struct member       m;
	char                text[32];

	put(sl, &m, "s.>", NULL, 0);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "s.%u", i);
		check_match(c, sl, text, &m, 1, 1, 0);
		hits(c, sl, "s.hot");
	}
	CHECK_INT(n_entries(c), 128);
	CHECK_INT(hits(c, sl, "s.hot"), 1, "what is used stays");
	CHECK(n_hits(c) > 4900);
	take(sl, &m);
	sublist_destroy(sl);
	match_cache_destroy(c);
}

TEST(large_answers_and_subjects_have_a_budget)
{
	enum { N = 3000, SUBJECTS = 64 };
	struct match_cache *c = match_cache_create(64);
	struct sublist     *sl = sublist_create();
	struct member      *all = calloc(N, sizeof *all);
	long                n_before = fail_alloc_n_live();
	char                text[600];

	for (unsigned i = 0; i < N; i++)
		put(sl, &all[i], "s.>", i % 2 ? NULL : "q", i % 5);
	for (unsigned i = 0; i < 3 * SUBJECTS; i++) {
		snprintf(text, sizeof text, "s.%0*u", (int)(i % 500) + 1,
		    i % SUBJECTS);
		check_match(c, sl, text, all, N, N / 2, 1);
		CHECK_INT(hits(c, sl, text), 1);
	}
	/* 64 answers of 24 KB: a megabyte holds some forty of them. */
	CHECK(n_entries(c) > 30 && n_entries(c) < 50, "%llu entries",
	    (unsigned long long)n_entries(c));
	for (unsigned i = 0; i < N; i++)
		take(sl, &all[i]);
	check_match(c, sl, "s.1", NULL, 0, 0, 0);
	free(all);
	sublist_destroy(sl);
	match_cache_destroy(c);
	epoch_barrier(epoch);
	CHECK(fail_alloc_n_live() < n_before);
}

TEST(without_memory_the_answer_is_what_fitted)
{
	enum { N = 300 };
	struct sublist    *sl = sublist_create();
	struct member      all[N];
	char               names[N][8];
	struct match_stats stats;

	for (unsigned i = 0; i < N; i++) {
		snprintf(names[i], sizeof names[i], "g%u", i % 40);
		put(sl, &all[i], i % 3 ? "a.b" : "a.*",
		    i % 2 ? names[i] : NULL, i % 7);
	}
	for (long nr = 1; nr < 12; nr++) {
		struct match_cache *c = match_cache_create(4);

		for (unsigned i = 0; i < N; i++)
			all[i].n_seen = 0;
		fail_alloc_at(nr);
		epoch_begin(epoch);
		check_form(match_find(c, sl, SLICE("a.b")));
		epoch_end(epoch);
		fail_alloc_at(0);
		for (unsigned i = 0; i < N; i++)
			CHECK(all[i].n_seen <= 1);
		check_match(c, sl, "a.b", all, N, N / 2, 20);
		match_cache_stats(c, &stats);
		CHECK(stats.n_nomem <= 2);
		CHECK_INT(stats.fanout_max, N);
		match_cache_destroy(c);
	}
	for (unsigned i = 0; i < N; i++)
		take(sl, &all[i]);
	sublist_destroy(sl);
}

TEST(creation_fails_cleanly)
{
	long n_before = fail_alloc_n_live();

	for (long nr = 1; nr <= 3; nr++) {
		fail_alloc_at(nr);
		CHECK(match_cache_create(64) == NULL);
		fail_alloc_at(0);
	}
	match_cache_destroy(NULL);
	CHECK_INT(fail_alloc_n_live(), n_before);
}
