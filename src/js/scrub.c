/* js/scrub.c - what nobody reads is read now and then, before it is needed. */
#include "js/scrub.h"

#include "js/js.h"
#include "js/stream_int.h"

/* A block of 8 MiB each: some 70 GB a day. */
#define EACH_NS (10 * NS_PER_S)
/* Where there is none to verify. */
#define NONE_NS (600 * NS_PER_S)

static size_t count(const struct js *js)
{
	size_t n = 0;

	for (struct list *l = js->accounts.next; l != &js->accounts;
	    l = l->next)
		n += CONTAINER_OF(l, struct js_account, link)->n;
	return n;
}

/* Over all accounts. */
static struct stream *nth_stream(const struct js *js, size_t nth)
{
	for (struct list *l = js->accounts.next; l != &js->accounts;
	    l = l->next) {
		const struct js_account *a = CONTAINER_OF(l, struct js_account,
		    link);

		if (nth < a->n)
			return a->v[nth];
		nth -= a->n;
	}
	return NULL;
}

/* False: it has no block that could be verified. */
static bool scrub(struct stream *s)
{
	if (s->ramdisk != NULL || s->error != 0 || store_scrub(s->store) != 0)
		return false;
	js_mark_dirty(stream_js(s), s);
	return true;
}

static void on_timer(struct timer *t, int64_t now_ns)
{
	struct js *js = CONTAINER_OF(t, struct js, scrub);
	size_t     n = count(js);
	bool       did = false;

	for (size_t i = 0; i < n && !did; i++)
		did = scrub(nth_stream(js, js->scrub_next++ % n));
	timer_set(js->host.timers, t, now_ns + (did ? EACH_NS : NONE_NS));
}

void scrub_start(struct js *js)
{
	js->scrub.fire = on_timer;
	timer_set(js->host.timers, &js->scrub, js->host.now_ns(js->host.ctx) +
	    EACH_NS);
}

void scrub_stop(struct js *js)
{
	timer_clear(js->host.timers, &js->scrub);
}
