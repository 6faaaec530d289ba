/* core/rate.c - token buckets, kept as the time at which they are full again.
 *
 * A bucket is one number: when what was taken so far will have been refilled
 * ("paid").  Full is paid <= now; a second's worth has been taken when paid is
 * a second ahead, and whoever takes more waits until it is no further ahead
 * than that.  A take is one compare-and-swap.
 *
 * Costs are rounded up, and so the limit is never passed in the long run; in
 * sixteenths of a nanosecond, for a byte at ten gigabytes a second is worth a
 * tenth of one.  That is eighteen years of uptime in 63 bits.
 */
#include "core/rate.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"

#define TICKS_PER_NS INT64_C(16)
#define TICKS_PER_S  (NS_PER_S * TICKS_PER_NS)
/* Debts stop growing here (nobody is silent for a year) and sums fit. */
#define TICKS_MAX    (INT64_MAX / 4)

struct bucket {
	int64_t per_s;		/* 0: no limit */
	int64_t paid;		/* ticks; atomic */
};

struct rate {
	uint32_t          n_refs;	/* atomic */
	struct bucket     msgs, bytes;
	struct rate_stats stats;	/* atomic */
};

/* ---- one bucket ----------------------------------------------------------- */

/* Whole seconds and the rest apart: neither product passes 64 bits for anything
 * real. */
static int64_t cost(uint64_t n, int64_t per_s)
{
	uint64_t rate = (uint64_t)per_s, whole = n / rate, rest = n % rate;
	uint64_t ticks;
	int64_t  sum;

	if (__builtin_mul_overflow(rest, (uint64_t)TICKS_PER_S, &ticks))
		ticks = TICKS_PER_S;	/* more than a gigabyte in one piece */
	else
		ticks = ticks / rate + (ticks % rate != 0);
	if (__builtin_mul_overflow(whole, (uint64_t)TICKS_PER_S, &whole) ||
	    __builtin_add_overflow(whole, ticks, &sum) || sum > TICKS_MAX)
		return TICKS_MAX;
	return sum;
}

static int64_t wait_of(int64_t paid, int64_t now)
{
	return paid - now <= TICKS_PER_S ? 0
	    : (paid - now - TICKS_PER_S) / TICKS_PER_NS + 1;
}

static int64_t take(struct bucket *b, uint64_t n, int64_t now)
{
	int64_t paid = __atomic_load_n(&b->paid, __ATOMIC_RELAXED);
	int64_t more, next;

	if (b->per_s == 0)
		return 0;
	more = cost(n, b->per_s);
	do {
		next = (paid > now ? paid : now) + more;
		if (next > TICKS_MAX)
			next = TICKS_MAX;
	} while (!__atomic_compare_exchange_n(&b->paid, &paid, next, true,
	    __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return wait_of(next, now);
}

/* ---- both ----------------------------------------------------------------- */

static int64_t limit(int64_t per_s)
{
	return per_s > 0 ? per_s : 0;
}

struct rate *rate_create(int64_t msgs_per_s, int64_t bytes_per_s)
{
	struct rate *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->n_refs = 1;
	r->msgs.per_s = limit(msgs_per_s);
	r->bytes.per_s = limit(bytes_per_s);
	return r;
}

struct rate *rate_ref(struct rate *r)
{
	if (r != NULL)
		__atomic_add_fetch(&r->n_refs, 1, __ATOMIC_RELAXED);
	return r;
}

void rate_unref(struct rate *r)
{
	if (r != NULL &&
	    __atomic_sub_fetch(&r->n_refs, 1, __ATOMIC_ACQ_REL) == 0)
		free(r);
}

int64_t rate_take(struct rate *r, uint64_t msgs, uint64_t bytes,
    int64_t now_ns)
{
	int64_t now = now_ns * TICKS_PER_NS;
	int64_t a = take(&r->msgs, msgs, now), b = take(&r->bytes, bytes, now);
	int64_t wait = a > b ? a : b;

	if (wait > 0) {
		__atomic_fetch_add(&r->stats.n_waits, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&r->stats.wait_ns, (uint64_t)wait,
		    __ATOMIC_RELAXED);
	}
	return wait;
}

struct rate_stats rate_stats(const struct rate *r)
{
	return (struct rate_stats){
		__atomic_load_n(&r->stats.n_waits, __ATOMIC_RELAXED),
		__atomic_load_n(&r->stats.wait_ns, __ATOMIC_RELAXED),
	};
}
