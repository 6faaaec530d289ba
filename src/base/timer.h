/* base/timer.h - call me at this time.
 *
 * A binary heap for each loop.  A timer that is not set is in no heap and
 * costs nothing.
 */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded in what waits.  Zeroed, with fire filled in, it is ready. */
struct timer {
	void  (*fire)(struct timer *t, int64_t now_ns);
	int64_t when_ns;	/* the heap's own */
	size_t  place;		/* the heap's own: 1 + index, 0 not set */
};

struct timer_heap {
	struct timer **at;
	size_t         n, cap;
};

/* Sets it, or moves it, to clock_ns() time when_ns.  false: out of memory, and
 * it is not set.  Thread: owner. */
bool timer_set(struct timer_heap *h, struct timer *t, int64_t when_ns);
void timer_clear(struct timer_heap *h, struct timer *t);
static inline bool timer_is_set(const struct timer *t)
{
	return t->place != 0;
}

/* The next time something is due; INT64_MAX: nothing is. */
int64_t timer_next_ns(const struct timer_heap *h);

/* Fires what is due; a timer is not set any more when it fires. */
void timer_fire_due(struct timer_heap *h, int64_t now_ns);

void timer_heap_fini(struct timer_heap *h);

#endif /* BASE_TIMER_H */
