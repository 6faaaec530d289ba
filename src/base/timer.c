/* base/timer.c - a binary heap, earliest first. */
#include "base/timer.h"

#include <stdlib.h>

static void put(struct timer_heap *h, size_t i, struct timer *t)
{
	h->at[i] = t;
	t->place = i + 1;
}

static void sift_up(struct timer_heap *h, size_t i, struct timer *t)
{
	while (i > 0) {
		size_t up = (i - 1) / 2;

		if (h->at[up]->when_ns <= t->when_ns)
			break;
		put(h, i, h->at[up]);
		i = up;
	}
	put(h, i, t);
}

static void sift_down(struct timer_heap *h, size_t i, struct timer *t)
{
	for (;;) {
		size_t kid = 2 * i + 1;

		if (kid >= h->n)
			break;
		if (kid + 1 < h->n &&
		    h->at[kid + 1]->when_ns < h->at[kid]->when_ns)
			kid++;
		if (t->when_ns <= h->at[kid]->when_ns)
			break;
		put(h, i, h->at[kid]);
		i = kid;
	}
	put(h, i, t);
}

static bool grow(struct timer_heap *h)
{
	size_t         cap = h->cap == 0 ? 64 : h->cap * 2;
	struct timer **at = realloc(h->at, cap * sizeof *at);

	if (at == NULL)
		return false;
	h->at = at;
	h->cap = cap;
	return true;
}

bool timer_set(struct timer_heap *h, struct timer *t, int64_t when_ns)
{
	timer_clear(h, t);
	if (h->n == h->cap && !grow(h))
		return false;
	t->when_ns = when_ns;
	sift_up(h, h->n++, t);
	return true;
}

void timer_clear(struct timer_heap *h, struct timer *t)
{
	size_t        i = t->place - 1;
	struct timer *last;

	if (t->place == 0)
		return;
	t->place = 0;
	last = h->at[--h->n];
	if (last == t)
		return;
	if (i > 0 && last->when_ns < h->at[(i - 1) / 2]->when_ns)
		sift_up(h, i, last);
	else
		sift_down(h, i, last);
}

int64_t timer_next_ns(const struct timer_heap *h)
{
	return h->n == 0 ? INT64_MAX : h->at[0]->when_ns;
}

void timer_fire_due(struct timer_heap *h, int64_t now_ns)
{
	while (h->n > 0 && h->at[0]->when_ns <= now_ns) {
		struct timer *t = h->at[0];

		timer_clear(h, t);
		t->fire(t, now_ns);
	}
}

void timer_heap_fini(struct timer_heap *h)
{
	free(h->at);
	*h = (struct timer_heap){ 0 };
}
