/* session/pace.c - not read until the debt is paid. */
#include "session/pace.h"

#include "base/clock.h"
#include "core/rate.h"
#include "session/hub.h"

/* What is read at once of who has been too fast: what comes behind a run has
 * to be kept while it waits. */
enum { PACED_INPUT_MAX = 16 * 1024 };

void pace_by(struct client *c, struct rate *user, struct rate *account)
{
	struct rate *old[] = { c->rates[0], c->rates[1] };

	c->rates[0] = rate_ref(user != NULL ? user : account);
	c->rates[1] = rate_ref(user != NULL ? account : NULL);
	rate_unref(old[0]);
	rate_unref(old[1]);
	if (c->paced_until_ns != 0)
		pace_over(c);
}

uint64_t pace_n_waits(const struct client *c)
{
	return c->rates[0] == NULL ? 0 : rate_stats(c->rates[0]).n_waits;
}

void pace_charge(struct client *c, uint64_t msgs, uint64_t bytes)
{
	/* Not the turn's time: a turn may be longer than the pause. */
	int64_t now = clock_ns(), wait = rate_take(c->rates[0], msgs, bytes, now);
	int64_t other = c->rates[1] == NULL ? 0
	    : rate_take(c->rates[1], msgs, bytes, now);

	if (other > wait)
		wait = other;
	if (wait == 0 || !client_is_ready(c))
		return;
	if (__builtin_add_overflow(now, wait, &c->paced_until_ns))
		c->paced_until_ns = INT64_MAX;
	conn_limit_input(&c->conn, PACED_INPUT_MAX);
	conn_pause(&c->conn);
	client_arm_timer(c);
}

void pace_over(struct client *c)
{
	c->paced_until_ns = 0;
	/* Else it has ended, or waits for something else (session/stall.c,
	 * session/move.c). */
	if (!client_is_ready(c) || !conn_is_open(&c->conn) || c->is_stalled ||
	    c->move_mark != NULL)
		return;
	conn_resume(&c->conn);
	conn_show_again(&c->conn);
}
