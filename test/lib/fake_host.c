/* test/lib/fake_host.c - a clock, timers and who listens. */
#include "fake_host.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/msg.h"
#include "proto/subject.h"

static int64_t now(void *ctx)
{
	return ((struct fake_host *)ctx)->now_ns;
}

static int64_t wall(void *ctx)
{
	return ((struct fake_host *)ctx)->now_ns +
	    INT64_C(1700000000) * NS_PER_S;
}

static struct js_sub *subscribe(void *ctx, struct account *a,
    struct slice pattern, struct slice queue, js_take take, void *take_ctx)
{
	struct fake_host     *f = ctx;
	struct fake_listener *l = f->listeners;
	void                 *any = malloc(1);	/* it may fail here, too */

	(void)queue;
	free(any);
	while (l < f->listeners + FAKE_LISTENERS && l->take != NULL)
		l++;
	if (any == NULL || l == f->listeners + FAKE_LISTENERS ||
	    pattern.n == 0 || pattern.n >= sizeof l->pattern)
		return NULL;
	l->account = a;
	memcpy(l->pattern, pattern.p, pattern.n);
	l->pattern[pattern.n] = '\0';
	l->take = take;
	l->ctx = take_ctx;
	if (f->n_listeners < (size_t)(l - f->listeners) + 1)
		f->n_listeners = (size_t)(l - f->listeners) + 1;
	return (struct js_sub *)(void *)l;
}

static void unsubscribe(void *ctx, struct js_sub *s)
{
	(void)ctx;
	if (s != NULL)
		((struct fake_listener *)(void *)s)->take = NULL;
}

static void wake(void *ctx)
{
	(void)ctx;
}

struct js_host fake_host_hooks(struct fake_host *f)
{
	return (struct js_host){ .ctx = f, .timers = &f->timers, .now_ns = now,
		.wall_ns = wall, .subscribe = subscribe,
		.unsubscribe = unsubscribe, .wake = wake };
}

void fake_host_fini(struct fake_host *f)
{
	timer_heap_fini(&f->timers);
}

static bool listens(const struct fake_listener *l,
    const struct account *account, struct slice subject)
{
	return l->take != NULL && (account == NULL || l->account == account) &&
	    subject_matches(subject, slice_str(l->pattern));
}

bool fake_host_hears(const struct fake_host *f, const struct account *account,
    struct slice subject)
{
	for (size_t i = 0; i < f->n_listeners; i++)
		if (listens(&f->listeners[i], account, subject))
			return true;
	return false;
}

void fake_host_deliver(const struct fake_host *f,
    const struct account *account, const struct run *run)
{
	for (size_t i = 0; i < f->n_listeners; i++)
		if (listens(&f->listeners[i], account, run->subject))
			f->listeners[i].take(f->listeners[i].ctx, run);
}
