/* test/unit/base/timer_test.c - pairs with src/base/timer.c.
 *
 * Random sets, moves, clears and firings, held against a list that is searched
 * from end to end: the same timers fire, none early, none twice, in the order
 * of their times.  Firing may set and clear others. */
#include "base/timer.h"

#include "base/list.h"

#include "check.h"

enum { TIMERS = 300, STEPS = 60000 };

struct alarm {
	struct timer timer;
	int64_t      due;	/* the naive list's; 0: not set */
	unsigned     n_fired;
};

static struct alarm      alarms[TIMERS];
static struct timer_heap heap;
static int64_t           last_fired;

static unsigned below(unsigned n)
{
	static uint64_t dice = 7;

	dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)((dice >> 33) % n);
}

static void fire(struct timer *t, int64_t now)
{
	struct alarm *a = CONTAINER_OF(t, struct alarm, timer);

	CHECK(!timer_is_set(t), "set while it fires");
	CHECK(a->due != 0 && a->due <= now, "early, or not set");
	CHECK(a->due >= last_fired, "out of order");
	last_fired = a->due;
	a->due = 0;
	a->n_fired++;
}

static int64_t naive_next(void)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < TIMERS; i++)
		if (alarms[i].due != 0 && alarms[i].due < next)
			next = alarms[i].due;
	return next;
}

static void check_none_due(int64_t now)
{
	for (size_t i = 0; i < TIMERS; i++) {
		CHECK(alarms[i].due == 0 || alarms[i].due > now, "missed");
		CHECK_INT(timer_is_set(&alarms[i].timer), alarms[i].due != 0);
	}
}

TEST(random_timers_fire_as_in_a_naive_list)
{
	int64_t now = 1;

	for (size_t i = 0; i < TIMERS; i++)
		alarms[i].timer.fire = fire;
	for (unsigned step = 0; step < STEPS; step++) {
		struct alarm *a = &alarms[below(TIMERS)];
		unsigned      what = below(10);

		if (what < 6) {
			a->due = now + 1 + below(1000) / (1 + below(50));
			CHECK(timer_set(&heap, &a->timer, a->due));
		} else if (what < 8) {
			a->due = 0;
			timer_clear(&heap, &a->timer);
		} else {
			now += below(40);
			last_fired = 0;
			timer_fire_due(&heap, now);
			check_none_due(now);
		}
		CHECK_INT(timer_next_ns(&heap), naive_next());
	}
	for (size_t i = 0; i < TIMERS; i++)
		timer_clear(&heap, &alarms[i].timer);
	CHECK_INT(heap.n, 0);
	CHECK_INT(timer_next_ns(&heap), INT64_MAX);
	timer_heap_fini(&heap);
}

/* ---- from within --------------------------------------------------------- */

static struct timer other;

static void set_other(struct timer *t, int64_t now)
{
	(void)t;
	timer_set(&heap, &other, now);
}

static unsigned n_other;

static void count_other(struct timer *t, int64_t now)
{
	(void)t;
	(void)now;
	n_other++;
}

static void clear_other(struct timer *t, int64_t now)
{
	(void)t;
	(void)now;
	timer_clear(&heap, &other);
}

static void again(struct timer *t, int64_t now)
{
	n_other++;
	timer_set(&heap, t, now + 1);
}

TEST(what_fires_may_set_and_clear)
{
	struct timer t = { .fire = set_other };

	other = (struct timer){ .fire = count_other };
	n_other = 0;
	timer_set(&heap, &t, 5);
	timer_fire_due(&heap, 10);
	CHECK_INT(n_other, 1, "due at once, so in the same turn");

	t.fire = clear_other;
	timer_set(&heap, &t, 5);
	timer_set(&heap, &other, 6);
	timer_fire_due(&heap, 10);
	CHECK_INT(n_other, 1, "cleared by the one before it");

	t.fire = again;
	timer_set(&heap, &t, 20);
	timer_fire_due(&heap, 20);
	CHECK_INT(n_other, 2, "set anew by itself it waits for its time");
	CHECK_INT(timer_next_ns(&heap), 21);
	timer_clear(&heap, &t);
	timer_clear(&heap, &t);		/* twice is once */
	timer_heap_fini(&heap);
}
