/* rate_test.c - rates hold in the long run, whoever takes and in what pieces.
 *
 * The clock is ours: a publisher is a loop that takes and is silent for as
 * long as it was told.  What it took after a while is held against the rate,
 * with the one second's worth that a full bucket begins with.
 */
#include "core/rate.h"

#include <pthread.h>

#include "base/clock.h"
#include "check.h"

/* What an eager publisher gets out in so many nanoseconds. */
static uint64_t publish_for(struct rate *r, uint64_t msgs, uint64_t bytes,
    int64_t from, int64_t ns, uint64_t *n_bytes)
{
	uint64_t n = 0;
	int64_t  now = from;

	*n_bytes = 0;
	while (now < from + ns) {
		int64_t wait = rate_take(r, msgs, bytes, now);

		n += msgs;
		*n_bytes += bytes;
		now += wait;
	}
	return n;
}

TEST(the_rate_holds_in_the_long_run)
{
	static const struct {
		const char *why;
		int64_t  msgs_per_s, bytes_per_s;
		uint64_t msgs, bytes;		/* at once */
	} t[] = {
		{ "one by one", 1000, 0, 1, 100 },
		{ "in runs", 1000, 0, 64, 100 },
		{ "bytes", 0, 1000000, 1, 777 },
		{ "both, messages bind", 100, 1000000, 1, 10 },
		{ "both, bytes bind", 1000000, 1000, 1, 10 },
		{ "a run is more than a second's worth", 10, 0, 64, 1 },
		{ "one a second", 1, 0, 1, 1 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct rate *r = rate_create(t[i].msgs_per_s, t[i].bytes_per_s);
		uint64_t     bytes, n = publish_for(r, t[i].msgs, t[i].bytes,
		    NS_PER_S, 100 * NS_PER_S, &bytes);
		/* A hundred seconds, a full bucket, and the last debt. */
		uint64_t max_msgs = (uint64_t)t[i].msgs_per_s * 101 + t[i].msgs;
		uint64_t max_bytes = (uint64_t)t[i].bytes_per_s * 101 +
		    t[i].bytes;
		bool     is_near = false;

		if (t[i].msgs_per_s > 0) {
			CHECK(n <= max_msgs, "%s: %llu", t[i].why,
			    (unsigned long long)n);
			is_near = n >= (uint64_t)t[i].msgs_per_s * 100;
		}
		if (t[i].bytes_per_s > 0) {
			CHECK(bytes <= max_bytes, "%s", t[i].why);
			is_near |= bytes >= (uint64_t)t[i].bytes_per_s * 100;
		}
		CHECK(is_near, "%s: %llu", t[i].why, (unsigned long long)n);
		rate_unref(r);
	}
}

TEST(a_second_s_worth_passes_at_once_and_no_more_after_a_rest)
{
	struct rate *r = rate_create(100, 0);

	CHECK_INT(rate_take(r, 100, 0, NS_PER_S), 0);
	CHECK(rate_take(r, 1, 0, NS_PER_S) > 0);
	/* An hour of silence fills the bucket once. */
	CHECK_INT(rate_take(r, 100, 0, 3600 * NS_PER_S), 0);
	CHECK(rate_take(r, 1, 0, 3600 * NS_PER_S) > 0);
	CHECK_INT(rate_stats(r).n_waits, 2);
	CHECK(rate_stats(r).wait_ns >= 20 * (uint64_t)NS_PER_MS);
	rate_unref(r);
}

TEST(what_is_larger_than_the_bucket_passes_and_is_paid_for)
{
	struct rate *r = rate_create(0, 1000);
	int64_t      wait = rate_take(r, 1, 10000, NS_PER_S);

	CHECK(wait > 9 * NS_PER_S - NS_PER_MS && wait < 9 * NS_PER_S +
	    NS_PER_MS, "%lld", (long long)wait);
	CHECK_INT(rate_take(r, 0, 0, NS_PER_S), wait);
	CHECK_INT(rate_take(r, 0, 0, NS_PER_S + wait), 0);
	rate_unref(r);
}

TEST(no_limit_is_no_wait)
{
	struct rate *r = rate_create(0, -1);

	CHECK_INT(rate_take(r, UINT64_MAX, UINT64_MAX, 1), 0);
	rate_unref(r);
	rate_unref(NULL);
	CHECK(rate_ref(NULL) == NULL);
}

TEST(absurd_numbers_are_long_waits)
{
	static const struct { int64_t per_s; uint64_t n; } t[] = {
		{ 1, UINT64_MAX }, { 1, INT64_MAX }, { 3, UINT64_MAX / 2 },
		{ 7, UINT64_MAX },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct rate *r = rate_create(t[i].per_s, t[i].per_s);

		for (int n = 0; n < 10; n++)
			CHECK(rate_take(r, t[i].n, t[i].n, NS_PER_S) >
			    1000000 * NS_PER_S, "row %zu", i);
		rate_unref(r);
	}
}

TEST(a_limit_beyond_counting_does_not_bind)
{
	struct rate *r = rate_create(INT64_MAX, INT64_MAX);
	int64_t      wait = rate_take(r, 1u << 30, 1u << 30, NS_PER_S);

	CHECK_INT(wait, 0);
	rate_unref(r);
}

/* ---- several threads ------------------------------------------------------ */

enum { THREADS = 4, TAKES = 50000 };

static void *take_many(void *ctx)
{
	struct rate *r = rate_ref(ctx);

	for (int i = 0; i < TAKES; i++)
		rate_take(r, 1, 3, NS_PER_S);
	rate_unref(r);
	return NULL;
}

TEST(nothing_taken_by_any_thread_is_lost)
{
	struct rate *r = rate_create(1000, 0);
	pthread_t    t[THREADS];
	int64_t      debt_ns = (INT64_C(1) * THREADS * TAKES / 1000 - 1) *
	    NS_PER_S;

	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_create(&t[i], NULL, take_many, r), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	CHECK_INT(rate_stats(r).n_waits, THREADS * TAKES - 1000);
	CHECK(rate_take(r, 0, 0, NS_PER_S) >= debt_ns);
	CHECK(rate_take(r, 0, 0, NS_PER_S) <= debt_ns + NS_PER_MS);
	rate_unref(r);
}
