/* js/pull.c - a queue of requests, served in turn. */
#include "js/pull.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/nuid.h"
#include "base/text.h"
#include "core/msg.h"
#include "js/advisory.h"
#include "js/consumer_int.h"
#include "js/pull_request.h"

enum { TURN_MAX = 2048 };	/* messages in one turn */

void pull_init(struct pull *p)
{
	list_init(&p->queue);
	p->due_ns = INT64_MAX;
}

static struct waiting *waiting_of(struct list *l)
{
	return CONTAINER_OF(l, struct waiting, link);
}

static struct slice reply_of(const struct waiting *w)
{
	return slice_of(w->reply, w->n_reply);
}

static bool is_wanted(const struct consumer *c, struct waiting *w)
{
	const struct js_host *h = &consumer_js(c)->host;
	int64_t               now = consumer_now(c);

	if (w->checked_ns == now)
		return true;
	if (!h->is_wanted(h->ctx, consumer_account(c)->core, reply_of(w),
	    SLICE_NONE))
		return false;
	w->checked_ns = now;
	return true;
}

/* ---- how a request ends ----------------------------------------------- */

static void end(struct consumer *c, struct waiting *w)
{
	list_remove(&w->link);
	c->pull.n--;
	c->active_ns = consumer_now(c);
	free(w);
}

static void end_with(struct consumer *c, struct waiting *w, const char *status)
{
	consumer_say(c, reply_of(w), SLICE_NONE, "%s", status);
	end(c, w);
}

static void end_with_pending(struct consumer *c, struct waiting *w,
    const char *status)
{
	consumer_say(c, reply_of(w), SLICE_NONE, "%s\r\n"
	    "Nats-Pending-Messages: %" PRId64 "\r\n"
	    "Nats-Pending-Bytes: %" PRId64, status, w->left, w->bytes_left);
	end(c, w);
}

void pull_end_all(struct consumer *c, const char *status, bool with_pending)
{
	LIST_EACH(l, &c->pull.queue) {
		struct waiting *w = waiting_of(l);

		if (with_pending)
			end_with_pending(c, w, status);
		else
			end_with(c, w, status);
	}
}

size_t pull_n_live(const struct consumer *c)
{
	const struct js_host *h = &consumer_js(c)->host;
	size_t                n = 0;

	for (const struct list *l = c->pull.queue.next; l != &c->pull.queue;
	    l = l->next) {
		const struct waiting *w =
		    CONTAINER_OF((uintptr_t)l, struct waiting, link);

		n += h->is_wanted(h->ctx, consumer_account(c)->core,
		    reply_of(w), SLICE_NONE);
	}
	return n;
}

/* ---- pinning ---------------------------------------------------------- */

static struct slice pin_of(const struct consumer *c)
{
	return slice_of(c->pull.pin, c->pull.n_pin);
}

void pull_unpin(struct consumer *c, const char *reason)
{
	if (c->pull.n_pin == 0)
		return;
	c->pull.n_pin = 0;
	advisory_unpinned(c, c->config->groups[0], reason);
	consumer_has_work(c);
}

static void renew_pin(struct consumer *c)
{
	c->pull.pin_until_ns = consumer_now(c) +
	    c->config->priority_timeout_ns;
	consumer_wake_at(c, c->pull.pin_until_ns);
}

static void pin(struct consumer *c, struct waiting *w)
{
	char id[NUID_CHARS];

	nuid_next(id);
	memcpy(c->pull.pin, id, NUID_CHARS);
	memcpy(w->id, id, NUID_CHARS);
	c->pull.n_pin = w->n_id = NUID_CHARS;
	c->pull.pinned_wall_ns = consumer_wall(c);
	renew_pin(c);
	advisory_pinned(c, c->config->groups[0], pin_of(c));
}

/* ---- asking ----------------------------------------------------------- */

static bool refuse(struct consumer *c, struct slice reply, const char *status)
{
	consumer_say(c, reply, SLICE_NONE, "%s", status);
	return false;
}

/* The reason may quote what was sent: it must not end the line. */
static void refuse_text(struct consumer *c, struct slice reply,
    struct buf *why)
{
	for (size_t i = 0; i < why->n; i++)
		if ((unsigned char)why->p[i] < ' ')
			why->p[i] = ' ';
	consumer_say(c, reply, SLICE_NONE, "400 Bad Request - %.*s",
	    SLICE_ARG(buf_slice(why)));
}

static bool is_of_group(const struct consumer *c, struct slice group)
{
	for (size_t i = 0; i < c->config->n_groups; i++)
		if (slice_eq(c->config->groups[i], group))
			return true;
	return false;
}

static bool check_heartbeat(struct consumer *c, struct slice reply,
    const struct pull_request *r)
{
	if (r->heartbeat_ns <= 0 || (r->expires_ns > 0 &&
	    r->heartbeat_ns <= r->expires_ns / 2))
		return true;
	return refuse(c, reply,
	    "400 Bad Request - heartbeat value too large");
}

static bool check_limits(struct consumer *c, struct slice reply,
    const struct pull_request *r)
{
	const struct consumer_config *g = c->config;
	struct buf                    text = { 0 };

	if (g->max_batch > 0 && r->batch > g->max_batch) {
		consumer_say(c, reply, SLICE_NONE,
		    "409 Exceeded MaxRequestBatch of %" PRId64, g->max_batch);
		return false;
	}
	if (g->max_expires_ns > 0 && r->expires_ns > g->max_expires_ns) {
		text_put_duration(&text, g->max_expires_ns);
		consumer_say(c, reply, SLICE_NONE,
		    "409 Exceeded MaxRequestExpires of %.*s",
		    SLICE_ARG(buf_slice(&text)));
		buf_fini(&text);
		return false;
	}
	if (g->max_bytes > 0 && r->max_bytes > g->max_bytes) {
		consumer_say(c, reply, SLICE_NONE,
		    "409 Exceeded MaxRequestMaxBytes of %" PRId64,
		    g->max_bytes);
		return false;
	}
	return true;
}

static bool check_priority(struct consumer *c, struct slice reply,
    const struct pull_request *r)
{
	enum priority_policy p = c->config->priority;

	if ((r->min_pending > 0 || r->min_ack_pending > 0) &&
	    p != PRIORITY_OVERFLOW)
		return refuse(c, reply,
		    "400 Bad Request - Not a Overflow Priority consumer");
	if (r->id.n > 0 && p != PRIORITY_PINNED)
		return refuse(c, reply, "400 Bad Request - "
		    "Not a Pinned Client Priority consumer");
	if (r->priority < 0 || r->priority > 9)
		return refuse(c, reply,
		    "400 Bad Request - Priority must be between 0 and 9");
	if (c->config->n_groups > 0 && r->group.n == 0)
		return refuse(c, reply,
		    "400 Bad Request - Priority Group missing");
	if (c->config->n_groups > 0 && !is_of_group(c, r->group))
		return refuse(c, reply,
		    "400 Bad Request - Invalid Priority Group");
	return true;
}

static bool check_pin(struct consumer *c, struct slice reply,
    const struct pull_request *r)
{
	if (r->id.n == 0 || c->pull.n_pin == 0)
		return true;	/* an old one is told when its turn comes */
	if (!slice_eq(r->id, pin_of(c)))
		return refuse(c, reply, "423 Nats-Pin-Id mismatch");
	renew_pin(c);
	return true;
}

static bool has_room(const struct consumer *c)
{
	return c->config->max_waiting <= 0 ||
	    c->pull.n < (uint64_t)c->config->max_waiting;
}

/* A full queue may be full of the dead. */
static void sweep(struct consumer *c)
{
	int64_t now = consumer_now(c);

	if (has_room(c) || now - c->pull.swept_ns < NS_PER_S)
		return;
	c->pull.swept_ns = now;
	LIST_EACH(l, &c->pull.queue)
		if (!is_wanted(c, waiting_of(l)))
			end(c, waiting_of(l));
}

static bool check_room(struct consumer *c, struct slice reply,
    const struct pull_request *r)
{
	sweep(c);
	if (has_room(c))
		return true;
	if (r->heartbeat_ns <= 0)
		refuse(c, reply, "409 Exceeded MaxWaiting");
	return false;
}

/* Others who came before have a claim to all there is. */
static bool check_claims(struct consumer *c, struct slice reply,
    const struct pull_request *r)
{
	uint64_t there, claimed = 0;

	if (!r->no_wait || r->expires_ns > 0)
		return true;
	there = consumer_n_pending(c) + c->again.n;
	if (there == 0)
		return refuse(c, reply, "404 No Messages");
	LIST_EACH(l, &c->pull.queue)
		claimed += (uint64_t)waiting_of(l)->left;
	return claimed == 0 || there >= claimed ||
	    refuse(c, reply, "408 Requests Pending");
}

/* By priority; behind those of the same. */
static void enqueue(struct consumer *c, struct waiting *w)
{
	struct list *at = c->pull.queue.prev;

	if (c->config->priority == PRIORITY_PRIORITIZED)
		while (at != &c->pull.queue &&
		    waiting_of(at)->priority > w->priority)
			at = at->prev;
	list_append(at->next, &w->link);
}

static void note_time(struct consumer *c, int64_t when)
{
	if (when < c->pull.due_ns)
		c->pull.due_ns = when;
	consumer_wake_at(c, when);
}

static int64_t after(int64_t now, int64_t ns)
{
	int64_t when;

	return ns <= 0 || __builtin_add_overflow(now, ns, &when) ? INT64_MAX
	    : when;
}

static void fill(struct waiting *w, const struct pull_request *r, int64_t now)
{
	w->expires_ns = after(now, r->expires_ns);
	w->heartbeat_ns = r->heartbeat_ns;
	w->beat_ns = after(now, r->heartbeat_ns);
	w->left = r->batch > 0 ? r->batch : 1;
	w->has_bytes = r->max_bytes > 0;
	w->bytes_left = w->has_bytes ? r->max_bytes : 0;
	w->min_pending = r->min_pending;
	w->min_ack_pending = r->min_ack_pending;
	w->no_wait = r->no_wait;
	w->priority = (uint8_t)r->priority;
	w->checked_ns = INT64_MIN;
	if (r->id.n > 0 && r->id.n <= sizeof w->id) {
		memcpy(w->id, r->id.p, r->id.n);
		w->n_id = (uint8_t)r->id.n;
	}
}

static void add(struct consumer *c, struct slice reply,
    const struct pull_request *r)
{
	struct waiting *w = calloc(1, sizeof *w + reply.n);

	if (w == NULL)
		return;		/* as if it had been lost: who asked asks again */
	w->n_reply = reply.n;
	memcpy(w->reply, reply.p, reply.n);
	fill(w, r, consumer_now(c));
	enqueue(c, w);
	c->pull.n++;
	note_time(c, w->expires_ns);
	note_time(c, w->beat_ns);
	consumer_has_work(c);
}

void pull_ask(struct consumer *c, struct slice reply, struct slice text)
{
	struct pull_request r = { 0 };
	struct buf          why = { 0 };

	c->active_ns = consumer_now(c);
	if (c->push != NULL)
		refuse(c, reply, "409 Consumer is push based");
	else if (!pull_request_read(text, &r, &why))
		refuse_text(c, reply, &why);
	else if (check_heartbeat(c, reply, &r) &&
	    check_limits(c, reply, &r) && check_priority(c, reply, &r) &&
	    check_pin(c, reply, &r) && check_claims(c, reply, &r) &&
	    check_room(c, reply, &r))
		add(c, reply, &r);
	buf_fini(&why);
	pull_request_fini(&r);
}

void pull_take(void *ctx, const struct run *run)
{
	for (uint32_t i = 0; i < run->n; i++)
		if (run->msgs[i].reply.n > 0)
			pull_ask(ctx, run->msgs[i].reply,
			    msg_payload(&run->msgs[i]));
}

/* ---- time ------------------------------------------------------------- */

static void beat(struct consumer *c, struct waiting *w, int64_t now)
{
	consumer_say(c, reply_of(w), SLICE_NONE, "100 Idle Heartbeat\r\n"
	    "Nats-Last-Consumer: %" PRIu64 "\r\n"
	    "Nats-Last-Stream: %" PRIu64, c->next_cseq - 1, c->next_seq - 1);
	w->beat_ns = after(now, w->heartbeat_ns);
}

static void pass_time(struct consumer *c, int64_t now)
{
	if (c->pull.n_pin > 0 && now >= c->pull.pin_until_ns)
		pull_unpin(c, "timeout");
	else if (c->pull.n_pin > 0)
		consumer_wake_at(c, c->pull.pin_until_ns);
	if (now >= c->pull.due_ns) {
		c->pull.due_ns = INT64_MAX;
		LIST_EACH(l, &c->pull.queue) {
			struct waiting *w = waiting_of(l);

			if (w->expires_ns <= now) {
				end_with_pending(c, w, "408 Request Timeout");
				continue;
			}
			if (w->beat_ns <= now)
				beat(c, w, now);
			note_time(c, w->expires_ns);
			note_time(c, w->beat_ns);
		}
	}
	consumer_wake_at(c, c->pull.due_ns);
}

/* ---- serving ---------------------------------------------------------- */

static bool is_overflowing(struct consumer *c, const struct waiting *w)
{
	if (w->min_pending <= 0 && w->min_ack_pending <= 0)
		return true;
	return (w->min_pending > 0 &&
	    consumer_n_pending(c) >= (uint64_t)w->min_pending) ||
	    (w->min_ack_pending > 0 &&
	    c->pending.n >= (uint64_t)w->min_ack_pending);
}

/* False: not now, or not any more (and it has gone). */
static bool may_have(struct consumer *c, struct waiting *w)
{
	struct slice id = slice_of(w->id, w->n_id);

	if (!is_wanted(c, w)) {
		end(c, w);
		return false;
	}
	if (c->config->priority == PRIORITY_OVERFLOW)
		return is_overflowing(c, w);
	if (c->config->priority != PRIORITY_PINNED)
		return true;
	if (id.n > 0 && !slice_eq(id, pin_of(c))) {
		end_with_pending(c, w, "423 Nats-Wrong-Pin-Id");
		return false;
	}
	if (id.n == 0 && c->pull.n_pin == 0)
		pin(c, w);
	return w->n_id > 0;
}

static struct waiting *pick(struct consumer *c)
{
	LIST_EACH(l, &c->pull.queue)
		if (may_have(c, waiting_of(l)))
			return waiting_of(l);
	return NULL;
}

static void note_given(struct consumer *c, struct waiting *w, int64_t size)
{
	w->has_had = true;
	w->left--;
	if (w->has_bytes)
		w->bytes_left -= size;
	w->beat_ns = after(consumer_now(c), w->heartbeat_ns);
	if (w->left > 0) {
		list_remove(&w->link);
		enqueue(c, w);
	} else if (w->has_bytes && w->bytes_left > 0)
		end_with_pending(c, w, "409 Batch Completed");
	else
		end(c, w);
}

static void give(struct consumer *c, struct waiting *w, struct delivery *d)
{
	size_t size = 0;

	d->pin_id = w->n_id > 0 ? pin_of(c) : SLICE_NONE;
	if (w->has_bytes)
		size = delivery_size(d);
	if (w->has_bytes && size > (uint64_t)w->bytes_left)
		end_with_pending(c, w, "409 Message Size Exceeds MaxBytes");
	else if (delivery_send(d, reply_of(w)))
		note_given(c, w, (int64_t)size);
	else
		end(c, w);
}

static void tell_empty(struct consumer *c)
{
	LIST_EACH(l, &c->pull.queue) {
		struct waiting *w = waiting_of(l);

		if (w->no_wait && (w->has_had || w->expires_ns == INT64_MAX))
			end_with(c, w, "404 No Messages");
	}
}

void pull_pump(struct consumer *c, struct delivery *d)
{
	unsigned n = 0;

	pass_time(c, consumer_now(c));
	while (c->pull.n > 0 && delivery_peek(d)) {
		struct waiting *w = pick(c);

		if (w == NULL)
			break;
		if (++n > TURN_MAX) {
			consumer_wake_at(c, consumer_now(c));
			return;
		}
		give(c, w, d);
	}
	/* Who may not have what there is does not wait for it either. */
	if (c->pull.n > 0 && !d->is_stalled)
		tell_empty(c);
}
