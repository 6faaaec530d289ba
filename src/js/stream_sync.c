/* js/stream_sync.c - who waits until it is on the disk.
 *
 * W1  an append moves store_mark; who is to be told takes a place behind it
 * W2  at the turn's end store_sync begins to write, if nothing is under way
 * W3  the pool wakes the loop; at the end of that turn store_tick moves
 *     store_durable, and everybody up to there is told
 *
 * So one sync serves all that came while the one before it ran.  With a
 * sync_interval nobody waits: told at once, synced by the timer.
 */
#include "js/stream_int.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "js/consumer.h"
#include "js/errors.h"

#define STATE_LAG_NS (100 * NS_PER_MS)

enum { TOO_MANY = 429 };

/* ---- publishers --------------------------------------------------------------- */

struct ack {
	struct stream_waiter waiter;
	struct stream       *stream;
	uint64_t             seq;
	uint16_t             n_reply, n_extra;
	char                 bytes[];
};

static void say(struct stream *s, struct slice reply, struct slice text)
{
	js_send(stream_js(s), &(struct js_out){ .account = s->account->core,
		.subject = reply, .payload = text });
}

bool stream_make_ack_head(struct stream *s)
{
	const char         *domain = stream_js(s)->config.domain;
	struct json_writer *w = JSON_INTO(s->ack_head, 0);

	buf_reset(s->ack_head);
	json_begin_object(w);
	json_key(w, "stream");
	json_str(w, s->name);
	if (domain != NULL) {
		json_key(w, "domain");
		json_cstr(w, domain);
	}
	json_key(w, "seq");
	return !buf_failed(s->ack_head);
}

static void send_ack(struct stream *s, struct slice reply, uint64_t seq,
    struct slice extra)
{
	struct buf *b = s->ack_head;
	size_t      n = b->n;

	buf_put_u64(b, seq);
	buf_put_slice(b, extra);
	buf_put_char(b, '}');
	if (!buf_failed(b))
		say(s, reply, buf_slice(b));
	b->n = n;
}

/* That too much waits is told in the headers as well. */
void stream_refuse(struct stream *s, struct slice reply,
    const struct js_error *e)
{
	struct buf          text = { 0 };
	struct json_writer *w = JSON_INTO(&text, 0);

	if (reply.n == 0 || s->config->no_ack)
		return;
	json_begin_object(w);
	json_key(w, "error");
	js_error_write(e, w);
	json_key(w, "stream");
	json_str(w, s->name);
	json_key(w, "seq");
	json_u64(w, 0);
	json_end_object(w);
	js_send(stream_js(s), &(struct js_out){ .account = s->account->core,
		.subject = reply, .payload = buf_slice(&text),
		.headers = e->code == TOO_MANY
		    ? SLICE("NATS/1.0 429 Too Many Requests\r\n\r\n")
		    : SLICE_NONE });
	buf_fini(&text);
}

static void is_durable(struct stream_waiter *waiter, int err)
{
	struct ack     *a = CONTAINER_OF(waiter, struct ack, waiter);
	struct slice    reply = slice_of(a->bytes, a->n_reply);
	struct js_error e = { 0 };

	if (err == 0) {
		send_ack(a->stream, reply, a->seq,
		    slice_of(a->bytes + a->n_reply, a->n_extra));
	} else {
		if (err == ERR_NOSPC)
			js_fail(&e, 10023);
		else
			js_fail_with(&e, 10077, "%s", err_text(err));
		stream_refuse(a->stream, reply, &e);
	}
	free(a);
}

void stream_ack(struct stream *s, struct slice reply, uint64_t seq,
    struct slice extra)
{
	struct ack *a;

	if (reply.n == 0 || s->config->no_ack)
		return;
	if (stream_js(s)->config.sync_interval_ns > 0 || s->config->is_async) {
		send_ack(s, reply, seq, extra);
		return;
	}
	a = malloc(sizeof *a + reply.n + extra.n);
	if (a == NULL || reply.n > UINT16_MAX || extra.n > UINT16_MAX) {
		free(a);	/* it hears nothing, and may ask again */
		return;
	}
	*a = (struct ack){ .waiter.done = is_durable, .stream = s, .seq = seq,
		.n_reply = (uint16_t)reply.n, .n_extra = (uint16_t)extra.n };
	memcpy(a->bytes, reply.p, reply.n);
	if (extra.n > 0)
		memcpy(a->bytes + reply.n, extra.p, extra.n);
	stream_await(s, &a->waiter, false);
}

/* ---- others ------------------------------------------------------------------- */

struct saying {
	struct stream_waiter waiter;
	struct stream       *stream;
	struct js_out        out;
	char                 bytes[];
};

static void may_be_said(struct stream_waiter *waiter, int err)
{
	struct saying *y = CONTAINER_OF(waiter, struct saying, waiter);

	if (err == 0)
		js_send(stream_js(y->stream), &y->out);
	free(y);
}

void stream_say_durable(struct stream *s, struct slice subject,
    struct slice headers, struct slice payload)
{
	struct saying *y = malloc(sizeof *y + subject.n + headers.n +
	    payload.n);
	char          *at;

	if (y == NULL)
		return;
	*y = (struct saying){ .waiter.done = may_be_said, .stream = s,
		.out.account = s->account->core };
	at = y->bytes;
	y->out.subject = slice_pack(&at, subject);
	y->out.headers = slice_pack(&at, headers);
	y->out.payload = slice_pack(&at, payload);
	if (stream_js(s)->config.sync_interval_ns > 0 || s->config->is_async)
		may_be_said(&y->waiter, 0);
	else
		stream_await(s, &y->waiter, false);
}

/* ---- waiting -------------------------------------------------------------------- */

static struct store *store_of(const struct stream *s, bool on_state)
{
	return on_state ? s->state : s->store;
}

void stream_await(struct stream *s, struct stream_waiter *w, bool on_state)
{
	struct store *store = store_of(s, on_state);

	if (store == NULL) {
		w->done(w, 0);
		return;
	}
	w->mark = store_mark(store);
	list_append(on_state ? &s->state_waiters : &s->waiters, &w->link);
	js_mark_dirty(stream_js(s), s);
}

static void tell(struct list *waiters, uint64_t durable, int err)
{
	while (!list_is_empty(waiters)) {
		struct stream_waiter *w = CONTAINER_OF(waiters->next,
		    struct stream_waiter, link);

		if (w->mark > durable)
			return;
		list_remove(&w->link);
		w->done(w, err);
	}
}

void stream_fail_waiters(struct stream *s, int err)
{
	tell(&s->waiters, UINT64_MAX, err);
	tell(&s->state_waiters, UINT64_MAX, err);
}

/* begins: what is not durable is to become so, now.  True: there is more of
 * that, or to be done by the pool. */
static bool sync_one(struct stream *s, struct store *store,
    struct list *waiters, bool begins)
{
	int err;

	if (store == NULL)
		return false;
	err = store_tick(store);
	if (err == 0 && begins && store_durable(store) < store_mark(store))
		err = store_sync(store);
	tell(waiters, store_durable(store), 0);
	if (err == ERR_NOSPC)
		js_note_room(s, err);
	if (err == ERR_NOSPC || store_error(store) != 0)
		tell(waiters, UINT64_MAX, err != 0 ? err : store_error(store));
	if (store_error(store) != 0 && s->error == 0) {
		s->error = store_error(store);
		log_error("JetStream: stream '%.*s' cannot be written any "
		    "more: %s", SLICE_ARG(s->name), err_text(s->error));
	}
	return store_error(store) == 0 &&
	    ((begins && store_durable(store) < store_mark(store)) ||
	    store_is_compacting(store));
}

/* Its syncs are far apart. */
static bool is_early(struct stream *s)
{
	int64_t interval = stream_js(s)->config.sync_interval_ns;

	if (interval == 0 || !list_is_empty(&s->waiters) ||
	    !list_is_empty(&s->state_waiters))
		return false;
	if (s->sync_at_ns == 0) {
		s->sync_at_ns = stream_now(s) + interval;
		expiry_arm(s);
	}
	if (stream_now(s) < s->sync_at_ns)
		return true;
	s->sync_at_ns = 0;
	return false;
}

static void state_is_due(struct timer *t, int64_t now_ns)
{
	struct stream *s = CONTAINER_OF(t, struct stream, state_timer);

	(void)now_ns;
	s->is_state_due = true;
	js_mark_dirty(stream_js(s), s);
}

/* What consumers have had and acked is made durable ten times a second, or at
 * once if somebody waits for it: a sync for each ack would cost more than the
 * ack. */
static bool is_state_due_now(struct stream *s)
{
	if (s->state == NULL || s->is_state_due ||
	    !list_is_empty(&s->state_waiters)) {
		s->is_state_due = false;
		return true;
	}
	if (store_durable(s->state) == store_mark(s->state) ||
	    timer_is_set(&s->state_timer))
		return false;
	s->state_timer.fire = state_is_due;
	return !timer_set(stream_js(s)->host.timers, &s->state_timer,
	    stream_now(s) + STATE_LAG_NS);
}

static void pump_consumers(struct stream *s)
{
	LIST_EACH (l, &s->consumers)
		consumer_pump(consumer_of(l));
}

/* What the account and the server hold in all. */
static void tell_use(struct stream *s, uint64_t bytes)
{
	bool      is_memory = s->config->storage == STORAGE_MEMORY;
	struct js *js = stream_js(s);
	uint64_t  more = bytes - s->bytes_told;	/* may be less: it wraps */

	s->bytes_told = bytes;
	*(is_memory ? &js->memory_used : &js->storage_used) += more;
	*(is_memory ? &s->account->memory_used
	    : &s->account->storage_used) += more;
}

void stream_forget_use(struct stream *s)
{
	tell_use(s, 0);
}

/* Readers are given what is on the disk. */
static void tell_readers(struct stream *s)
{
	uint64_t durable = store_durable_seq(s->store);

	if (s->n_readers == 0 || durable == s->durable_told)
		return;
	s->durable_told = durable;
	pump_consumers(s);
}

void stream_end_turn(struct stream *s)
{
	bool is_behind;

	if (s->has_news) {
		s->has_news = false;
		pump_consumers(s);
	}
	tell_use(s, stream_bytes(s));
	if (is_early(s))
		return;
	is_behind = sync_one(s, s->store, &s->waiters, true);
	tell_readers(s);
	if (sync_one(s, s->state, &s->state_waiters, is_state_due_now(s)) ||
	    is_behind)
		js_mark_dirty(stream_js(s), s);
}
