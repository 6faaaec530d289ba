/* bench/sublist_bench.c - what an insert, a find and a subscription cost.
 *
 *     sublist_bench [max subscriptions, 1000000]
 *
 * One subscription in ten has wildcards, half of these "a.*.c.N", half
 * "a.b.N.>"; the others are literals of about 20 bytes.  Cold finds ask for
 * subjects that no find has asked for: a third have a literal, a third match
 * wildcards, a third nothing.  All through the match cache, so a cold find
 * includes the miss and the remembering.  The last lines: all subscribe to one
 * subject.  Times are CPU times, medians of runs of 1000.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/epoch.h"
#include "base/hash.h"
#include "core/match.h"
#include "core/sub.h"
#include "core/sublist.h"

enum { TEXT = 32, RUN = 1000, COLD = 300000, ENTRIES = 16384, HOT = 16 };

struct text {
	char     s[TEXT - 4];
	uint32_t n;
};

static struct epoch_thread *epoch;
static struct text         *texts;
static uint32_t             dice = 1;

static uint32_t below(uint32_t n)
{
	dice = dice * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)dice * n >> 32);
}

static struct slice slice_text(const struct text *t)
{
	return slice_of(t->s, t->n);
}

#define SAY(t, ...) \
	((t)->n = (uint32_t)snprintf((t)->s, sizeof (t)->s, __VA_ARGS__))

static void pattern(struct text *t, uint32_t nr)
{
	if (nr % 20 == 0)
		SAY(t, "a.*.c.%u", nr);
	else if (nr % 20 == 10)
		SAY(t, "a.b.%u.>", nr);
	else
		SAY(t, "orders.%u.region.%u", nr, nr % 97);
}

/* i makes it new, nr is a subscription. */
static void subject(struct text *t, uint32_t i, uint32_t nr)
{
	nr -= nr % 20;
	if (i % 3 == 0)
		pattern(t, nr + 1 + i % 9);
	else if (i % 3 == 1 && i % 2 != 0)
		SAY(t, "a.x%u.c.%u", i, nr);
	else if (i % 3 == 1)
		SAY(t, "a.b.%u.%u", nr + 10, i);
	else
		SAY(t, "orders.%u.x%u", nr, i);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of runs of RUN calls, in ns for each call. */
static double timed(uint32_t n, void (*call)(void *ctx, uint32_t i), void *ctx)
{
	uint32_t n_runs = n / RUN;
	double  *runs = malloc(n_runs * sizeof *runs), median;

	for (uint32_t r = 0; r < n_runs; r++) {
		int64_t start = clock_cpu_ns();

		for (uint32_t i = 0; i < RUN; i++)
			call(ctx, r * RUN + i);
		runs[r] = (double)(clock_cpu_ns() - start) / RUN;
		epoch_reclaim(epoch);
	}
	qsort(runs, n_runs, sizeof runs[0], by_value);
	median = runs[n_runs / 2];
	free(runs);
	return median;
}

struct bench {
	struct sublist     *sl;
	struct match_cache *cache;
	struct sub         *subs;
	uint32_t            n;
	uint64_t            n_found;
};

static void insert(void *ctx, uint32_t i)
{
	struct bench *b = ctx;

	if (sublist_insert(b->sl, epoch, &b->subs[i],
	    slice_text(&texts[i])) != 0)
		abort();
}

static void remove_one(void *ctx, uint32_t i)
{
	struct bench *b = ctx;

	sublist_remove(b->sl, epoch, &b->subs[(uint64_t)i * 7919 % b->n]);
}

/* All of the same, as in texts[0]. */
static void insert_same(void *ctx, uint32_t i)
{
	struct bench *b = ctx;

	if (sublist_insert(b->sl, epoch, &b->subs[i],
	    slice_text(&texts[0])) != 0)
		abort();
}

static void find_cold(void *ctx, uint32_t i)
{
	struct bench *b = ctx;

	if (i % RUN == 0)
		epoch_begin(epoch);
	b->n_found += match_find(b->cache, b->sl,
	    slice_text(&texts[i]))->n_plain;
	if (i % RUN == RUN - 1)
		epoch_end(epoch);
}

static void find_hot(void *ctx, uint32_t i)
{
	struct bench *b = ctx;

	if (i % RUN == 0)
		epoch_begin(epoch);
	b->n_found += match_find(b->cache, b->sl,
	    slice_text(&texts[i % HOT]))->n_plain;
	if (i % RUN == RUN - 1)
		epoch_end(epoch);
}

static size_t heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static void bench_size(uint32_t n)
{
	struct bench b = { .n = n };
	double       t_insert, t_cold, t_hot, t_remove, bytes;
	size_t       before;

	texts = calloc(n > COLD ? n : COLD, sizeof *texts);
	b.subs = calloc(n, sizeof *b.subs);
	for (uint32_t i = 0; i < n; i++)
		pattern(&texts[i], i);
	before = heap();
	b.sl = sublist_create();
	t_insert = timed(n, insert, &b);
	epoch_barrier(epoch);
	bytes = (double)(heap() - before) / n;

	b.cache = match_cache_create(ENTRIES);
	for (uint32_t i = 0; i < COLD; i++)
		subject(&texts[i], i, below(n - 20));
	t_cold = timed(COLD, find_cold, &b);
	t_hot = timed(COLD, find_hot, &b);
	match_cache_destroy(b.cache);
	t_remove = timed(n, remove_one, &b);
	epoch_barrier(epoch);
	printf("%10u %10.0f %10.0f %10.0f %10.1f %10.0f\n", n, bytes, t_insert,
	    t_cold, t_hot, t_remove);
	fflush(stdout);
	sublist_destroy(b.sl);
	free(b.subs);
	free(texts);
}

static void bench_same(uint32_t n)
{
	struct bench b = { .n = n };
	double       t_insert, t_remove, bytes;
	size_t       before;

	texts = calloc(1, sizeof *texts);
	b.subs = calloc(n, sizeof *b.subs);
	pattern(&texts[0], 1);
	before = heap();
	b.sl = sublist_create();
	t_insert = timed(n, insert_same, &b);
	epoch_barrier(epoch);
	bytes = (double)(heap() - before) / n;
	t_remove = timed(n, remove_one, &b);
	epoch_barrier(epoch);
	printf("%10u %10.0f %10.0f %10s %10s %10.0f\n", n, bytes, t_insert,
	    "-", "-", t_remove);
	sublist_destroy(b.sl);
	free(b.subs);
	free(texts);
}

int main(int argc, char **argv)
{
	long max = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000;

	hash_init();
	epoch = epoch_join();
	printf("%10s %10s %10s %10s %10s %10s\n", "subs", "bytes", "insert",
	    "find cold", "find hot", "remove");
	printf("%10s %10s %10s %10s %10s %10s\n", "", "each", "ns", "ns", "ns",
	    "ns");
	for (uint32_t n = 1000; n <= max; n *= 10)
		bench_size(n);
	printf("of one subject\n");
	for (uint32_t n = 1000; n <= max; n *= 10)
		bench_same(n);
	epoch_leave(epoch);
	return 0;
}
