/* js/consumer_deliver.c - the pump: what is next, and sending it.
 *
 * First what is to be delivered again; then, unless too much is unacknowledged,
 * the last message of each subject; then the next that matches.  A message is
 * looked up (peek) before it is known who gets it, and state changes only with
 * the sending; when nobody took it, it is taken back.
 */
#include "js/consumer_int.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "js/ack_subject.h"
#include "js/headers.h"
#include "js/push.h"
#include "js/stream_config.h"
#include "store/store.h"

#define DISK_WAIT_NS     (1000 * NS_PER_MS)	/* until a failed read is tried again */
#define DISK_PATIENCE_NS (5 * DISK_WAIT_NS)

/* ---- waking ----------------------------------------------------------- */

void consumer_has_work(struct consumer *c)
{
	if (c->is_leaving)
		return;
	if (!c->has_work)
		js_need_turn(consumer_js(c));
	c->has_work = c->stream->has_news = true;
	js_mark_dirty(consumer_js(c), c->stream);
}

void consumer_wake_at(struct consumer *c, int64_t when_ns)
{
	if (when_ns == INT64_MAX || c->is_leaving ||
	    (timer_is_set(&c->timer) && c->wake_ns <= when_ns))
		return;
	c->wake_ns = when_ns;
	timer_set(consumer_js(c)->host.timers, &c->timer, when_ns);
}

/* ---- what is next ----------------------------------------------------- */

static int load(struct delivery *d, uint64_t seq)
{
	int err;

	if (d->seq == seq)
		return 0;
	d->seq = 0;
	err = store_read(d->c->stream->store, seq, &d->msg);
	if (err == 0) {
		d->seq = seq;
		d->c->read_fails_since_ns = 0;
	}
	return err;
}

/* Then it is that place of the disk, and not the disk. */
static bool can_read_others(const struct consumer *c, uint64_t seq)
{
	struct store    *store = c->stream->store;
	struct store_msg m = { 0 };
	uint64_t         other;
	bool             ok = (store_find_next(store, SLICE_NONE, seq + 1,
	    &other) == 0 && store_read(store, other, &m) == 0) ||
	    (store_find_last(store, SLICE_NONE, seq - 1, &other) == 0 &&
	    store_read(store, other, &m) == 0);

	store_msg_fini(&m);
	return ok;
}

/* What the disk does not give now it may give later: that is tried again, and
 * nothing overtakes it.  A place that is gone for good costs its message, and
 * does not hold up the others. */
static bool must_wait_for_disk(struct delivery *d, uint64_t seq, int err)
{
	struct consumer *c = d->c;
	int64_t          now = consumer_now(c);

	if (err == 0 || err == ERR_NOTFOUND || err == ERR_CORRUPT)
		return false;
	if (c->read_fails_since_ns == 0) {
		c->read_fails_since_ns = now;
		log_warn("consumer %.*s of stream %.*s waits for message "
		    "%" PRIu64 ": %s", SLICE_ARG(consumer_name(c)),
		    SLICE_ARG(c->stream->name), seq, err_text(err));
	} else if (now - c->read_fails_since_ns >= DISK_PATIENCE_NS &&
	    can_read_others(c, seq)) {
		log_error("consumer %.*s of stream %.*s passes over message "
		    "%" PRIu64 ", which cannot be read",
		    SLICE_ARG(consumer_name(c)), SLICE_ARG(c->stream->name),
		    seq);
		return false;
	}
	d->is_stalled = true;
	consumer_wake_at(c, now + DISK_WAIT_NS);
	return true;
}

static bool peek_again(struct delivery *d)
{
	struct consumer *c = d->c;
	uint64_t         seq;

	while (seq_queue_peek(&c->again, &seq)) {
		struct pending_entry *e = pending_find(&c->pending, seq);
		int err = e != NULL && e->is_queued ? load(d, seq)
		    : ERR_NOTFOUND;

		d->is_again = err == 0;
		if (err == 0 || must_wait_for_disk(d, seq, err))
			return err == 0;
		seq_queue_pop(&c->again);
		if (e != NULL && e->is_queued)
			consumer_drop(c, e,
			    "Unacknowledged message was deleted");
	}
	return false;
}

static bool peek_last(struct delivery *d)
{
	struct consumer *c = d->c;

	for (; c->last_at < c->n_lasts; c->last_at++) {
		int err = load(d, c->lasts[c->last_at]);

		d->is_of_lasts = err == 0;
		if (err == 0 || must_wait_for_disk(d, c->lasts[c->last_at],
		    err))
			return err == 0;
	}
	return false;
}

/* Another stream keeps what it reads: that must be here after a crash, too. */
static bool must_be_durable(const struct consumer *c)
{
	const struct stream *s = c->stream;

	return (c->config->sourcing || c->config->direct) &&
	    s->ramdisk == NULL && !s->config->is_async &&
	    s->account->js->config.sync_interval_ns == 0;
}

/* One that is gone since it was found is looked for anew, and moves nothing: a
 * wider filter may want what is before it. */
static bool peek_new(struct delivery *d)
{
	struct consumer *c = d->c;
	uint64_t         seq, missed = 0;
	int              err;

	while (consumer_find_next(c, &seq)) {
		if (must_be_durable(c) && seq > store_durable_seq(
		    c->stream->store))
			return false;
		err = load(d, seq);
		if (err == 0 || must_wait_for_disk(d, seq, err))
			return err == 0;
		consumer_forget_matches(c);
		if (missed != seq) {
			missed = seq;
			continue;
		}
		c->next_seq = seq + 1;
		c->is_counted = false;
	}
	return false;
}

/* As it was published: the pause before it is the one that was there. */
static bool must_wait_for_replay(struct delivery *d)
{
	struct consumer *c = d->c;
	int64_t          gap;

	if (c->replay_until == 0 || c->replay_ts_ns == 0)
		return false;
	if (d->seq > c->replay_until) {
		c->replay_until = 0;
		return false;
	}
	gap = d->msg.ts_ns - c->replay_ts_ns;
	if (gap <= NS_PER_MS || c->replay_at_ns + gap <= consumer_now(c))
		return false;
	consumer_wake_at(c, c->replay_at_ns + gap);
	return true;
}

static bool is_full(const struct consumer *c)
{
	return c->config->max_ack_pending > 0 && consumer_keeps_pending(c) &&
	    c->pending.n >= (uint64_t)c->config->max_ack_pending;
}

bool delivery_peek(struct delivery *d)
{
	d->is_again = d->is_of_lasts = d->is_stalled = false;
	if (consumer_is_paused(d->c))
		return false;
	if (peek_again(d))
		return true;
	if (d->is_stalled)
		return false;
	if (is_full(d->c)) {
		d->is_stalled = true;
		return false;
	}
	if (!peek_last(d) && (d->is_stalled || !peek_new(d)))
		return false;
	d->is_stalled = must_wait_for_replay(d);
	return !d->is_stalled;
}

/* ---- its form --------------------------------------------------------- */

static uint32_t deliveries(const struct delivery *d)
{
	const struct pending_entry *e = pending_find(&d->c->pending, d->seq);

	return e == NULL ? 1 : e->n_delivered + 1;
}

static void make_reply(struct delivery *d)
{
	struct consumer *c = d->c;
	uint64_t         ahead = consumer_n_pending(c);

	if (!d->is_again && ahead > 0)
		ahead--;
	d->n_reply = ack_subject_write(d->reply, sizeof d->reply,
	    &(struct ack_place){
		.stream = c->stream->name,
		.consumer = consumer_name(c),
		.n_delivered = d->is_again ? deliveries(d) : 1,
		.stream_seq = d->seq,
		.consumer_seq = c->next_cseq,
		.ts_ns = d->msg.ts_ns,
		.n_pending = ahead,
		.route = consumer_route(c),
	});
}

static struct slice payload_of(const struct delivery *d)
{
	return d->c->config->headers_only ? SLICE_NONE : d->msg.body;
}

/* The stored ones, with ours behind them. */
static struct slice headers_of(struct delivery *d)
{
	struct slice h = d->msg.hdr;

	if (!d->c->config->headers_only && d->pin_id.n == 0)
		return h;
	buf_reset(&d->headers);
	js_headers_begin(&d->headers, h);
	if (d->c->config->headers_only)
		js_header_put_u64(&d->headers, "Nats-Msg-Size",
		    d->msg.body.n);
	if (d->pin_id.n > 0)
		js_header_put(&d->headers, "Nats-Pin-Id", d->pin_id);
	js_headers_end(&d->headers);
	return buf_failed(&d->headers) ? h : buf_slice(&d->headers);
}

size_t delivery_size(struct delivery *d)
{
	make_reply(d);
	return d->msg.subject.n + d->n_reply + headers_of(d).n +
	    payload_of(d).n;
}

/* ---- sending ---------------------------------------------------------- */

static bool advance_again(struct delivery *d)
{
	struct consumer      *c = d->c;
	struct pending_entry *e = pending_find(&c->pending, d->seq);

	seq_queue_pop(&c->again);
	pending_recount(&c->pending, e, e->n_delivered + 1);
	e->is_queued = false;
	e->since_ns = consumer_now(c);
	return true;
}

static bool advance_new(struct delivery *d)
{
	struct consumer *c = d->c;

	if (consumer_keeps_pending(c) && pending_add(&c->pending, d->seq,
	    c->next_cseq, consumer_now(c)) == NULL)
		return false;
	if (d->is_of_lasts)
		c->last_at++;
	else {
		c->next_seq = d->seq + 1;
		if (c->is_counted && c->n_ahead > 0)
			c->n_ahead--;
	}
	return true;
}

static void take_back(struct delivery *d, uint64_t next_seq)
{
	struct consumer      *c = d->c;
	struct pending_entry *e = pending_find(&c->pending, d->seq);

	c->next_cseq--;
	c->is_counted = false;
	if (d->is_again && e != NULL) {
		pending_recount(&c->pending, e, e->n_delivered - 1);
		e->is_queued = seq_queue_push_front(&c->again, d->seq);
		return;
	}
	if (e != NULL)
		pending_remove(&c->pending, e);
	if (d->is_of_lasts)
		c->last_at--;
	c->next_seq = next_seq;
	consumer_forget_matches(c);
}

static void note_sent(struct delivery *d)
{
	struct consumer            *c = d->c;
	const struct pending_entry *e = pending_find(&c->pending, d->seq);

	c->last_delivered_ns = consumer_wall(c);
	c->active_ns = consumer_now(c);
	if (c->replay_until != 0 && !d->is_again) {
		c->replay_ts_ns = d->msg.ts_ns;
		c->replay_at_ns = c->active_ns;
	}
	cursor_moved(c);
	if (e != NULL) {
		cursor_delivered(c, e);
		consumer_note_due(c, e);
		return;
	}
	if (!consumer_keeps_pending(c)) {
		c->floor = (struct consumer_place){ c->next_cseq - 1,
			c->next_seq - 1 };
		stream_acked(c->stream, d->seq);
	}
}

/* State first: what the publishing sets off may look at it. */
bool delivery_send(struct delivery *d, struct slice to)
{
	struct consumer *c = d->c;
	uint64_t         next_seq = c->next_seq;
	struct js_out    out;

	make_reply(d);
	out = (struct js_out){
		.account = consumer_account(c)->core,
		.subject = to,
		.shown = d->msg.subject,
		.reply = slice_of(d->reply, d->n_reply),
		.headers = headers_of(d),
		.payload = payload_of(d),
	};
	if (!(d->is_again ? advance_again(d) : advance_new(d)))
		return false;
	c->next_cseq++;
	if (!js_publish(consumer_js(c), &out)) {
		take_back(d, next_seq);
		return false;
	}
	note_sent(d);
	d->seq = 0;
	return true;
}

/* ---- the pump --------------------------------------------------------- */

/* News of the stream is for those who have somebody to deliver to. */
static bool is_idle(const struct consumer *c)
{
	return !c->has_work && c->push == NULL && c->pull.n == 0;
}

void consumer_pump(struct consumer *c)
{
	struct delivery d = { .c = c };

	if (is_idle(c))
		return;
	c->has_work = false;
	consumer_expire(c);
	if (c->push != NULL)
		push_pump(c, &d);
	else
		pull_pump(c, &d);
	store_msg_fini(&d.msg);
	buf_fini(&d.headers);
	cursor_flush(c);
	consumer_send_answers(c);
	consumer_look_for_end(c);
}
