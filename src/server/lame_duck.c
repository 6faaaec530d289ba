/* server/lame_duck.c - leaving in an orderly way.
 *
 * No new clients; the others are told; after the grace period they are sent
 * away one by one, in random order, over what is left of the duration, so that
 * they do not all come to the next server at once.  Then the server stops.
 * Spec: core protocol 1.11.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "conf/options.h"
#include "server/monitoring.h"
#include "server/server_int.h"

static uint64_t n_clients(const struct server *s)
{
	int64_t n = __atomic_load_n(&s->shared.n_conns, __ATOMIC_RELAXED);

	return n > 0 ? (uint64_t)n : 0;
}

static void tell(struct hub *h, void *ctx)
{
	(void)ctx;
	hub_tell_lame_duck(h);
}

static void close_one(struct hub *h, void *ctx)
{
	(void)ctx;
	hub_close_some(h, 1, REFUSAL_NONE);
}

/* A worker as likely as it has clients. */
static unsigned pick_worker(const struct server *s)
{
	uint64_t n = n_clients(s);
	uint64_t at = n == 0 ? 0 : random_below((uint32_t)n);

	for (unsigned i = 0; i < s->n_workers; i++) {
		uint64_t load = hub_load(&s->shared, i);

		if (at < load)
			return i;
		at -= load;
	}
	return 0;
}

static void wait_a_little(struct server *s, int64_t now)
{
	int64_t half = s->lame_duck.interval_ns / 2;

	timer_set(loop_timers(s->control), &s->lame_duck.timer, now + half +
	    half * random_below(1000) / 1000);
}

static void send_one_away(struct timer *t, int64_t now)
{
	struct server *s = CONTAINER_OF(t, struct server, lame_duck.timer);

	if (n_clients(s) == 0 || now >= s->lame_duck.ends_ns) {
		server_request(s, REQUEST_STOP);
		return;
	}
	server_tell(s, pick_worker(s), close_one, NULL);
	wait_a_little(s, now);
}

static void begin_closing(struct timer *t, int64_t now)
{
	struct server *s = CONTAINER_OF(t, struct server, lame_duck.timer);
	uint64_t       n = n_clients(s);
	int64_t        left = s->lame_duck.ends_ns - now;

	log_notice("Closing existing clients");
	s->lame_duck.interval_ns = n == 0 ? 0 : left / (int64_t)n;
	if (s->lame_duck.interval_ns > NS_PER_S)
		s->lame_duck.interval_ns = NS_PER_S;
	if (s->lame_duck.interval_ns < NS_PER_US)
		s->lame_duck.interval_ns = NS_PER_US;
	t->fire = send_one_away;
	send_one_away(t, now);
}

void lame_duck_begin(struct server *s)
{
	const struct options *o = s->options;
	int64_t               now = loop_now_ns(s->control);

	if (s->lame_duck.is_on || s->is_stopping)
		return;
	s->lame_duck.is_on = true;
	__atomic_store_n(&s->shared.is_lame_duck, true, __ATOMIC_RELAXED);
	log_notice("Entering lame duck mode, stop accepting new clients");
	server_stop_listening(s);
	monitoring_say_leaving(s, "LAMEDUCK");
	if (n_clients(s) == 0) {
		server_request(s, REQUEST_STOP);
		return;
	}
	for (unsigned i = 0; i < s->n_workers; i++)
		server_tell(s, i, tell, NULL);
	s->lame_duck.ends_ns = now + o->lame_duck_duration;
	s->lame_duck.timer.fire = begin_closing;
	timer_set(loop_timers(s->control), &s->lame_duck.timer,
	    now + o->lame_duck_grace_period);
}
