/* js/push.c - windows, heartbeats and rates.
 *
 * Core does not tell who begins to listen, so a consumer that has something to
 * deliver and nobody to take it looks again, ever less often.
 */
#include "js/push.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/nuid.h"
#include "base/text.h"
#include "core/msg.h"
#include "js/consumer_int.h"
#include "js/headers.h"
#include "js/stream_config.h"

enum {
	WINDOW_MAX = 32 << 20, WINDOW_FIRST = WINDOW_MAX / 16,
	FLOW_ID = 4, TURN_MAX = 2048, FLOW_SUBJECT_MAX = 1024,
	BURST = 1 << 20,
};
#define LOOK_FIRST (20 * NS_PER_MS)
#define LOOK_LAST  (500 * NS_PER_MS)

struct push {
	bool    is_active;
	int64_t look_ns;	/* how long until somebody is looked for */
	int64_t beat_ns;
	int64_t window, out, asked;	/* bytes; asked: out when we asked */
	bool    is_asked;
	char    flow[FLOW_ID];		/* the last request's */
	double  tokens;			/* bytes that the rate allows */
	int64_t tokens_ns;		/* as of then */
};

bool push_start(struct consumer *c)
{
	c->push = calloc(1, sizeof *c->push);
	if (c->push == NULL)
		return false;
	c->push->window = WINDOW_FIRST;
	c->push->look_ns = LOOK_FIRST;
	c->push->tokens = BURST;
	c->push->tokens_ns = consumer_now(c);
	return true;
}

void push_stop(struct consumer *c)
{
	free(c->push);
	c->push = NULL;
}

bool push_is_bound(const struct consumer *c)
{
	const struct js_host *h = &consumer_js(c)->host;

	return h->is_wanted(h->ctx, consumer_account(c)->core,
	    c->config->deliver_subject, c->config->deliver_group);
}

/* ---- flow control ----------------------------------------------------- */

static struct slice flow_subject(const struct consumer *c,
    char out[FLOW_SUBJECT_MAX])
{
	struct slice route = consumer_route(c);
	int          n = snprintf(out, FLOW_SUBJECT_MAX,
	    "$JS.FC.%.*s%s%.*s.%.*s.%.*s", SLICE_ARG(route),
	    route.n > 0 ? "." : "", SLICE_ARG(c->stream->name),
	    SLICE_ARG(consumer_name(c)), FLOW_ID, c->push->flow);

	return slice_of(out, (size_t)n);
}

static void ask_for_flow(struct consumer *c)
{
	struct push *p = c->push;
	char         nuid[NUID_CHARS], subject[FLOW_SUBJECT_MAX];

	nuid_next(nuid);
	memcpy(p->flow, nuid + NUID_CHARS - FLOW_ID, FLOW_ID);
	p->is_asked = true;
	p->asked = p->out;
	consumer_say(c, c->config->deliver_subject, flow_subject(c, subject),
	    "100 FlowControl Request");
}

static bool acks_by_flow(const struct consumer *c)
{
	return c->config->ack_policy == ACK_FLOW_CONTROL;
}

static void look_at_window(struct consumer *c)
{
	const struct push *p = c->push;
	bool               is_full = acks_by_flow(c) &&
	    c->config->max_ack_pending > 0 &&
	    c->pending.n >= (uint64_t)c->config->max_ack_pending;

	if (c->config->flow_control && !p->is_asked &&
	    (p->out > p->window / 2 || is_full))
		ask_for_flow(c);
}

static bool header_u64(struct slice headers, struct slice name, uint64_t *ret)
{
	struct slice text;

	return js_header_get(headers, name, &text) &&
	    text_parse_u64(text, ret);
}

static void ack_by_flow(struct consumer *c, const struct msg *m)
{
	uint64_t seq, cseq;

	if (acks_by_flow(c) &&
	    header_u64(msg_headers(m), SLICE("Nats-Last-Stream"), &seq) &&
	    header_u64(msg_headers(m), SLICE("Nats-Last-Consumer"), &cseq))
		consumer_ack_through(c, seq, cseq);
}

static void answered(struct consumer *c)
{
	struct push *p = c->push;

	p->out -= p->asked < p->out ? p->asked : p->out;
	p->window = p->window < WINDOW_MAX / 2 ? 2 * p->window : WINDOW_MAX;
	p->is_asked = false;
}

void push_take_flow(void *ctx, const struct run *run)
{
	struct consumer *c = ctx;
	struct push     *p = c->push;

	if (p == NULL || run->n == 0 || run->subject.n < FLOW_ID ||
	    !p->is_asked || memcmp(run->subject.p + run->subject.n - FLOW_ID,
	    p->flow, FLOW_ID) != 0)
		return;
	ack_by_flow(c, &run->msgs[0]);
	answered(c);
	consumer_has_work(c);
}

/* ---- rate ------------------------------------------------------------- */

static double burst_of(const struct consumer *c)
{
	int64_t max = c->stream->config->max_msg_size;

	return max > 0 ? (double)max : (double)BURST;
}

/* False: not yet, and the consumer is woken when it may. */
static bool rate_allows(struct consumer *c)
{
	struct push *p = c->push;
	double       a_second = (double)c->config->rate_limit_bps / 8;
	int64_t      now = consumer_now(c);

	if (c->config->rate_limit_bps == 0)
		return true;
	p->tokens += (double)(now - p->tokens_ns) / (double)NS_PER_S *
	    a_second;
	p->tokens_ns = now;
	if (p->tokens > burst_of(c))
		p->tokens = burst_of(c);
	if (p->tokens > 0)
		return true;
	consumer_wake_at(c, now + NS_PER_MS +
	    (int64_t)(-p->tokens / a_second * (double)NS_PER_S));
	return false;
}

/* ---- delivering ------------------------------------------------------- */

static bool window_allows(const struct consumer *c)
{
	return !c->config->flow_control || c->push->out <= c->push->window;
}

static void next_beat(struct consumer *c)
{
	if (c->config->heartbeat_ns <= 0)
		return;
	c->push->beat_ns = consumer_now(c) + c->config->heartbeat_ns;
	consumer_wake_at(c, c->push->beat_ns);
}

static void beat(struct consumer *c)
{
	char         subject[FLOW_SUBJECT_MAX];
	struct slice stalled = SLICE_NONE;

	if (acks_by_flow(c) && c->pending.n > 0 && !c->push->is_asked)
		ask_for_flow(c);
	if (c->push->is_asked)
		stalled = flow_subject(c, subject);
	consumer_say(c, c->config->deliver_subject, SLICE_NONE,
	    "100 Idle Heartbeat\r\nNats-Last-Consumer: %" PRIu64 "\r\n"
	    "Nats-Last-Stream: %" PRIu64 "%s%.*s", c->next_cseq - 1,
	    c->next_seq - 1,
	    stalled.n > 0 ? "\r\nNats-Consumer-Stalled: " : "",
	    SLICE_ARG(stalled));
	next_beat(c);
}

static void look_again(struct consumer *c)
{
	struct push *p = c->push;

	p->is_active = p->is_asked = false;
	p->out = 0;
	p->window = WINDOW_FIRST;
	if (c->config->heartbeat_ns <= 0 &&
	    consumer_n_pending(c) + c->again.n == 0)
		return;
	consumer_wake_at(c, consumer_now(c) + p->look_ns);
	if (p->look_ns < LOOK_LAST)
		p->look_ns *= 2;
}

static void become_active(struct consumer *c)
{
	c->active_ns = consumer_now(c);
	if (c->push->is_active)
		return;
	c->push->is_active = true;
	c->push->look_ns = LOOK_FIRST;
	next_beat(c);
}

static bool send_one(struct consumer *c, struct delivery *d)
{
	size_t size = delivery_size(d);

	if (!delivery_send(d, c->config->deliver_subject))
		return false;
	if (c->config->flow_control)
		c->push->out += (int64_t)size;
	c->push->tokens -= (double)size;
	look_at_window(c);
	return true;
}

static void send_all(struct consumer *c, struct delivery *d)
{
	unsigned n = 0;

	while (window_allows(c) && delivery_peek(d) && rate_allows(c)) {
		if (++n > TURN_MAX) {
			consumer_wake_at(c, consumer_now(c));
			break;
		}
		if (!send_one(c, d)) {
			look_again(c);
			return;
		}
	}
	if (n > 0)
		next_beat(c);
}

void push_pump(struct consumer *c, struct delivery *d)
{
	if (!push_is_bound(c)) {
		look_again(c);
		return;
	}
	become_active(c);
	send_all(c, d);
	if (!c->push->is_active || c->config->heartbeat_ns <= 0)
		return;
	if (consumer_now(c) >= c->push->beat_ns)
		beat(c);
	else
		consumer_wake_at(c, c->push->beat_ns);
}
