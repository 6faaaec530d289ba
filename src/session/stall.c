/* session/stall.c - slow consumers, held-back publishers, the budget. */
#include "session/stall.h"

#include <malloc.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/trace.h"
#include "core/account.h"
#include "core/msg.h"
#include "session/client.h"
#include "session/handoff.h"
#include "session/hub.h"

enum {
	FLUSH_AT       = 256 * 1024,	/* bytes queued before the turn ends */
	OUTBOUND_STEP  = 64 * 1024,	/* told to the others in such steps */
	OUTBOUND_FLOOR = 64 * 1024,	/* a queue too small to be worth cutting */
	TRIM_FROM      = 16 * 1024 * 1024,
};
/* A buffer of input, then so long a pause.  While a crowded receiver takes
 * something, that is about the pace of nats-server (10 ms for each 64 KB). */
static const int64_t stall_ns[] = {
	[CROWD_STUCK] = 3 * NS_PER_MS,
	[CROWD_MOVING] = 20 * NS_PER_MS,
};
#define LOOK_NS     (1 * NS_PER_MS)
#define PROGRESS_NS (40 * NS_PER_MS)	/* took nothing for so long: stuck */

static void count_slow(struct client *c)
{
	trace(TR_SLOW, c->cid, c->conn.pending);
	c->hub->stats.n_slow++;
	__atomic_fetch_add(&c->account->n_slow_consumers, 1, __ATOMIC_RELAXED);
}

/* ---- room ---------------------------------------------------------------- */

static bool is_over_crowd_mark(const struct client *c)
{
	int64_t max = c->hub->config->pending_max;

	return (int64_t)c->conn.pending > max / 4 * 3;
}

static void set_crowd(struct client *c, enum crowd is)
{
	int64_t d = (is == CROWD_MOVING) - (c->crowd == CROWD_MOVING);

	if (is == c->crowd)
		return;
	if (c->crowd == CROWD_NONE)
		list_append(&c->hub->crowded, &c->crowd_link);
	if (is == CROWD_NONE)
		list_remove(&c->crowd_link);
	__atomic_store_n(&c->crowd, (uint8_t)is, __ATOMIC_RELAXED);
	__atomic_fetch_add(&c->hub->shared->n_crowded, d, __ATOMIC_RELAXED);
}

static bool is_stuck(const struct client *c)
{
	return loop_now_ns(c->hub->loop) - c->conn.sent_ns >= PROGRESS_NS;
}

static void note_crowd(struct client *c)
{
	set_crowd(c, !is_over_crowd_mark(c) ? CROWD_NONE
	    : is_stuck(c) ? CROWD_STUCK : CROWD_MOVING);
}

void stall_see(struct hub *h, const struct client *receiver)
{
	uint8_t crowd = receiver == NULL ? CROWD_NONE
	    : __atomic_load_n(&receiver->crowd, __ATOMIC_RELAXED);

	if (crowd > h->saw_crowd)
		h->saw_crowd = (enum crowd)crowd;
}

void stall_forget(struct client *c)
{
	set_crowd(c, CROWD_NONE);
}

static void cut_pending(struct client *c)
{
	log_notice("%s - Slow Consumer Detected: MaxPending of %lld Exceeded",
	    client_label(c), (long long)c->hub->config->pending_max);
	count_slow(c);
	client_drop(c, CLOSE_SLOW_PENDING);
}

static bool fits(const struct client *c, const struct run *run)
{
	return (int64_t)(c->conn.pending + run->bytes) <=
	    c->hub->config->pending_max;
}

bool stall_has_room(struct client *c, const struct run *run)
{
	if (c->conn.pending < FLUSH_AT && fits(c, run) &&
	    c->crowd == CROWD_NONE)
		return true;
	if (c->conn.blocked_ns == 0)
		conn_flush(&c->conn);
	if (!client_is_ready(c))
		return false;
	note_crowd(c);
	stall_see(c->hub, c);
	/* An empty queue takes a run of any size: the peer is not behind. */
	if (c->conn.pending == 0 || fits(c, run))
		return true;
	cut_pending(c);
	return false;
}

/* ---- publishers held back ------------------------------------------------ */

void stall_if_crowded(struct client *c)
{
	struct hub *h = c->hub;
	bool        is_congested = handoff_is_congested(h->handoff);
	enum crowd  crowd = h->saw_crowd;

	if (crowd == CROWD_NONE && !is_congested)
		return;
	h->saw_crowd = CROWD_NONE;
	if (!client_is_ready(c) || c->is_stalled ||
	    (!is_congested && !h->config->stalls_producers))
		return;
	c->is_stalled = true;
	c->stalled_until_ns = loop_now_ns(h->loop) + stall_ns[crowd];
	c->may_go_early = crowd == CROWD_MOVING;
	c->n_stalls++;
	h->stats.n_stalled++;
	list_append(&h->stalled, &c->stall_link);
	conn_pause(&c->conn);
}

static void let_go(struct client *c)
{
	c->is_stalled = false;
	list_remove(&c->stall_link);
	/* Else it waits for something else (session/login.c, session/move.c,
	 * session/pace.c),
	 * or has ended. */
	if (client_is_ready(c) && c->move_mark == NULL &&
	    c->paced_until_ns == 0)
		conn_resume(&c->conn);
}

static void look_at_crowded(struct hub *h)
{
	LIST_EACH (l, &h->crowded) {
		struct client *c = CONTAINER_OF(l, struct client, crowd_link);

		note_crowd(c);
	}
}

static void let_go_due(struct hub *h)
{
	int64_t now = loop_now_ns(h->loop);
	bool    is_congested = handoff_is_congested(h->handoff);
	bool    is_over = __atomic_load_n(&h->shared->n_crowded,
	    __ATOMIC_RELAXED) == 0;

	LIST_EACH (l, &h->stalled) {
		struct client *c = CONTAINER_OF(l, struct client, stall_link);

		if (!is_congested && (c->stalled_until_ns <= now ||
		    (is_over && c->may_go_early)))
			let_go(c);
	}
	if (list_is_empty(&h->stalled))
		timer_clear(loop_timers(h->loop), &h->stall_timer);
	else if (!timer_is_set(&h->stall_timer))
		timer_set(loop_timers(h->loop), &h->stall_timer,
		    now + LOOK_NS);
}

/* ---- the budget ---------------------------------------------------------- */

static void tell_outbound(struct hub *h)
{
	int64_t delta = (int64_t)h->pool.pending - h->outbound_told;

	if (delta > -OUTBOUND_STEP && delta < OUTBOUND_STEP)
		return;
	h->outbound_told += delta;
	__atomic_fetch_add(&h->shared->outbound, delta, __ATOMIC_RELAXED);
}

/* Who takes something now and then is spared, as long as that is enough: the
 * stuck ones may live on other workers. */
static struct client *longest_blocked(struct hub *h, bool spares_progress)
{
	struct client *worst = NULL;

	LIST_EACH (l, &h->clients) {
		struct client *c = CONTAINER_OF(l, struct client, link);

		if (c->conn.blocked_ns == 0 ||
		    c->conn.pending < OUTBOUND_FLOOR ||
		    (spares_progress && !is_stuck(c)))
			continue;
		if (worst == NULL || c->conn.sent_ns < worst->conn.sent_ns)
			worst = c;
	}
	return worst;
}

static void keep_budget(struct hub *h)
{
	int64_t max = h->config->outbound_max, now;

	while (max > 0 && (now = __atomic_load_n(&h->shared->outbound,
	    __ATOMIC_RELAXED)) > max) {
		struct client *c = longest_blocked(h, now < max + max / 4);

		if (c == NULL)
			return;
		log_notice("%s - Slow Consumer Detected: outbound memory of "
		    "all clients exceeds %lld", client_label(c),
		    (long long)max);
		count_slow(c);
		client_drop(c, CLOSE_SLOW_PENDING);
		tell_outbound(h);
	}
}

/* After a flood the allocator keeps what it was given; we give it back. */
static void return_memory(struct hub *h)
{
	int64_t pending = (int64_t)h->pool.pending;

	if (pending > h->outbound_peak)
		h->outbound_peak = pending;
	if (h->outbound_peak < TRIM_FROM || pending > h->outbound_peak / 4)
		return;
	h->outbound_peak = pending;
	malloc_trim(0);
}

void stall_end_turn(struct hub *h)
{
	if (!list_is_empty(&h->crowded))
		look_at_crowded(h);
	if (!list_is_empty(&h->stalled))
		let_go_due(h);
	tell_outbound(h);
	keep_budget(h);
	return_memory(h);
}

/* ---- the write deadline -------------------------------------------------- */

int64_t stall_deadline_ns(const struct client *c)
{
	if (c->conn.blocked_ns == 0)
		return INT64_MAX;
	return c->conn.blocked_ns + c->hub->config->write_deadline_ns;
}

void stall_blocked(struct client *c)
{
	client_arm_timer(c);
}

void stall_drained(struct client *c)
{
	set_crowd(c, CROWD_NONE);
	if (c->state == CLIENT_CLOSING)
		client_drop(c, c->reason);
}

/* "retry" keeps a peer that took something since. */
static bool is_kept(const struct client *c)
{
	return c->hub->config->write_retries &&
	    c->conn.sent_ns >= c->conn.blocked_ns;
}

void stall_deadline_passed(struct client *c)
{
	struct buf b = { 0 };

	text_put_duration(&b, c->hub->config->write_deadline_ns);
	log_notice("%s - Slow Consumer %s: WriteDeadline of %.*s exceeded with "
	    "%u chunks of %zu total bytes.", client_label(c),
	    is_kept(c) ? "State" : "Detected", SLICE_ARG(buf_slice(&b)),
	    conn_n_chunks(&c->conn), c->conn.pending);
	buf_fini(&b);
	count_slow(c);
	if (is_kept(c))
		conn_restart_blockage(&c->conn);
	else
		client_drop(c, CLOSE_SLOW_DEADLINE);
}
