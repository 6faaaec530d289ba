/* js/snapshot.c - chunks, as the receiver lets them go.
 *
 *   waiting --a subscription to just the subject, or 2 s--> sending
 *   sending --all is sent--> 204
 *           --nobody takes it, that subscription goes--> 408
 *           --no word for 5 s--> 408
 *           --cannot be read, deleted--> 500
 *
 * A client may subscribe only when it has its answer, and its wildcard for
 * answers, which is there already, would take the first chunks from it.
 *
 * A turn sends TURN_BYTES and packs TURN_STEPS at most, and then lets others have theirs.
 */
#include "js/snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/nuid.h"
#include "base/text.h"
#include "core/account.h"
#include "core/msg.h"
#include "core/sublist.h"
#include "js/advisory.h"
#include "js/errors.h"
#include "js/pack.h"
#include "js/stream_int.h"

enum {
	CHUNK_MIN = 1 << 10, CHUNK_MAX = 1 << 20, CHUNK = 128 << 10,
	WINDOW_MIN = 1 << 10, WINDOW_MAX = 32 << 20, WINDOW = 8 << 20,
	TURN_BYTES = 256 << 10, TURN_STEPS = 8,
};

#define INTEREST_WAIT_NS (2 * NS_PER_S)
#define INTEREST_LOOK_NS (20 * NS_PER_MS)
#define ACK_WAIT_NS      (5 * NS_PER_S)

struct snapshot {
	struct js_job  job;
	struct js     *js;
	struct stream *s;
	struct pack   *pack;
	struct buf     deliver, ack, client;	/* ack: up to the last '.' */
	struct js_sub *acks;
	struct timer   timer;
	struct buf     out;		/* packed and not yet sent, from out_at */
	size_t         out_at;
	bool           is_packed;	/* all of it is in out, or sent */
	size_t         chunk_bytes;
	uint64_t       n_slots, n_free, n_sent;
	uint64_t       bytes;
	int64_t        wall_ns;		/* when it began */
	int64_t        wait_until_ns;	/* for a listener; 0: no more */
	bool           has_listener;	/* one of this very subject */
	int64_t        sent_ns;		/* the last chunk */
	bool           is_told;		/* that it begins */
};

static void destroy(struct snapshot *x)
{
	const struct js_host *h = &x->js->host;

	js_remove_job(&x->job);
	timer_clear(h->timers, &x->timer);
	h->unsubscribe(h->ctx, x->acks);
	pack_destroy(x->pack);
	buf_fini(&x->deliver);
	buf_fini(&x->ack);
	buf_fini(&x->client);
	buf_fini(&x->out);
	free(x);
}

/* status: of the last message.  why: NULL, all went well. */
static void finish(struct snapshot *x, const char *status, const char *why)
{
	struct buf took = { 0 }, bytes = { 0 };
	const struct js_host *h = &x->js->host;

	js_send_status(x->js, x->s->account->core, buf_slice(&x->deliver),
	    SLICE_NONE, "%s", status);
	advisory_snapshot_complete(x->s, buf_slice(&x->client), x->wall_ns,
	    why);
	text_put_duration(&took, h->wall_ns(h->ctx) - x->wall_ns);
	text_put_bytes(&bytes, x->bytes);
	if (why == NULL)
		log_notice("Completed snapshot of %.*s for stream '%.*s > %.*s' "
		    "in %.*s", SLICE_ARG(buf_slice(&bytes)),
		    SLICE_ARG(x->s->account->core->name), SLICE_ARG(x->s->name),
		    SLICE_ARG(buf_slice(&took)));
	else
		log_warn("Snapshot for stream '%.*s > %.*s' failed after %.*s: "
		    "%s", SLICE_ARG(x->s->account->core->name),
		    SLICE_ARG(x->s->name), SLICE_ARG(buf_slice(&took)), why);
	buf_fini(&took);
	buf_fini(&bytes);
	destroy(x);
}

/* ---- sending ------------------------------------------------------------------- */

/* n bytes of out.  False: nobody took them. */
static bool send(struct snapshot *x, size_t n, struct slice reply)
{
	const struct js_host *h = &x->js->host;
	bool ok = h->publish(h->ctx, &(struct js_out){
		.account = x->s->account->core,
		.subject = buf_slice(&x->deliver), .reply = reply,
		.payload = slice_of(x->out.p + x->out_at, n) });

	x->out_at += n;
	x->bytes += n;
	if (x->out_at == x->out.n) {
		buf_reset(&x->out);
		x->out_at = 0;
	}
	return ok;
}

static bool send_chunk(struct snapshot *x)
{
	struct buf reply = { 0 };
	bool       ok;

	buf_printf(&reply, "%.*s.%zu.%" PRIu64, SLICE_ARG(buf_slice(&x->ack)),
	    x->chunk_bytes, ++x->n_sent);
	ok = !buf_failed(&reply) && send(x, x->chunk_bytes, buf_slice(&reply));
	buf_fini(&reply);
	x->n_free--;
	x->sent_ns = stream_now(x->s);
	return ok;
}

/* What was sent does not take room. */
static void squeeze(struct snapshot *x)
{
	if (x->out_at == 0)
		return;
	memmove(x->out.p, x->out.p + x->out_at, x->out.n - x->out_at);
	x->out.n -= x->out_at;
	x->out_at = 0;
}

static bool has_chunk(const struct snapshot *x)
{
	return x->is_packed || x->out.n - x->out_at >= x->chunk_bytes;
}

/* Packs until there is a chunk, in so many steps at most: bytes that fold well
 * are many.  False: it cannot be; x is gone. */
static bool prepare_chunk(struct snapshot *x, unsigned *n_steps)
{
	char status[200];
	int  rc;

	for (; !has_chunk(x) && *n_steps > 0; --*n_steps) {
		squeeze(x);
		rc = pack_some(x->pack, &x->out);
		if (rc < 0) {
			snprintf(status, sizeof status, "500 %s",
			    pack_why(x->pack));
			finish(x, status, status + 4);
			return false;
		}
		x->is_packed = rc == 0;
	}
	return true;
}

static void send_last(struct snapshot *x)
{
	if (x->out.n > x->out_at && !send(x, x->out.n - x->out_at, SLICE_NONE))
		finish(x, "408 No Interest", "no interest");
	else
		finish(x, "204", NULL);
}

/* Until the window is full, or this turn's share is sent. */
static void go_on(struct snapshot *x)
{
	uint64_t until = x->bytes + TURN_BYTES;
	unsigned n_steps = TURN_STEPS;

	while (x->n_free > 0 && x->bytes < until) {
		if (!prepare_chunk(x, &n_steps))
			return;
		if (!has_chunk(x))
			break;
		if (x->out.n - x->out_at < x->chunk_bytes) {
			send_last(x);
			return;
		}
		if (!send_chunk(x)) {
			finish(x, "408 No Interest", "no interest");
			return;
		}
	}
	if (x->n_free > 0)
		js_wake_job(x->js, &x->job);
	else
		timer_set(x->js->host.timers, &x->timer,
		    x->sent_ns + ACK_WAIT_NS);
}

/* ---- waiting ------------------------------------------------------------------- */

static bool is_heard(const struct snapshot *x)
{
	return sublist_has_literal(x->s->account->core->sublist,
	    buf_slice(&x->deliver));
}

/* Somebody may be about to subscribe. */
static bool must_wait(struct snapshot *x)
{
	int64_t now = stream_now(x->s);

	if (x->wait_until_ns == 0)
		return false;
	x->has_listener = is_heard(x);
	if (x->has_listener || now >= x->wait_until_ns) {
		x->wait_until_ns = 0;
		return false;
	}
	timer_set(x->js->host.timers, &x->timer, now + INTEREST_LOOK_NS);
	return true;
}

static void take_turn(struct js_job *j)
{
	struct snapshot *x = CONTAINER_OF(j, struct snapshot, job);

	if (!x->is_told)
		advisory_snapshot_create(x->s, buf_slice(&x->client));
	x->is_told = true;
	if (must_wait(x))
		return;
	if (x->has_listener && !is_heard(x))
		finish(x, "408 No Interest", "no interest");
	else if (x->n_free == 0 && stream_now(x->s) >= x->sent_ns + ACK_WAIT_NS)
		finish(x, "408 No Flow Response", "no flow response");
	else
		go_on(x);
}

static void stop(struct js_job *j)
{
	finish(CONTAINER_OF(j, struct snapshot, job), "500 stream closed",
	    "stream closed");
}

static void on_time(struct timer *t, int64_t now_ns)
{
	struct snapshot *x = CONTAINER_OF(t, struct snapshot, timer);

	(void)now_ns;
	js_wake_job(x->js, &x->job);
}

static void take_acks(void *ctx, const struct run *run)
{
	struct snapshot *x = ctx;

	x->n_free += run->n;
	if (x->n_free > x->n_slots)
		x->n_free = x->n_slots;
	js_wake_job(x->js, &x->job);
}

/* ---- beginning ----------------------------------------------------------------- */

static size_t clamp(int64_t v, int64_t otherwise, int64_t min, int64_t max)
{
	if (v == 0)
		v = otherwise;
	return (size_t)(v < min ? min : v > max ? max : v);
}

static void set_window(struct snapshot *x, const struct snapshot_wish *wish)
{
	size_t window = clamp(wish->window_bytes, WINDOW, WINDOW_MIN,
	    WINDOW_MAX);

	x->chunk_bytes = clamp(wish->chunk_bytes, CHUNK, CHUNK_MIN, CHUNK_MAX);
	x->n_slots = window > x->chunk_bytes ? window / x->chunk_bytes : 1;
	x->n_free = x->n_slots;
}

static bool listen(struct snapshot *x)
{
	const struct js_host *h = &x->js->host;
	struct buf            pattern = { 0 };
	char                  nuid[NUID_CHARS];

	nuid_next(nuid);
	buf_printf(&x->ack, "$JS.SNAPSHOT.ACK.%.*s.%.*s",
	    SLICE_ARG(x->s->name), NUID_CHARS, nuid);
	buf_put_slice(&pattern, buf_slice(&x->ack));
	buf_put_str(&pattern, ".>");
	if (!buf_failed(&x->ack) && !buf_failed(&pattern))
		x->acks = h->subscribe(h->ctx, x->s->account->core,
		    buf_slice(&pattern), SLICE_NONE, take_acks, x);
	buf_fini(&pattern);
	return x->acks != NULL;
}

static bool is_under_way(const struct stream *s)
{
	LIST_EACH (l, &stream_js(s)->jobs) {
		const struct js_job *j = CONTAINER_OF(l, struct js_job, link);

		if (j->turn == take_turn && j->stream == s)
			return true;
	}
	return false;
}

bool snapshot_begin(struct stream *s, const struct snapshot_wish *wish,
    struct js_error *e)
{
	const struct js_host *h = &stream_js(s)->host;
	struct snapshot      *x;
	bool                  is_tar = slice_eq(wish->format, SLICE("tar"));

	if (is_under_way(s))
		return js_fail_with(e, 10064, "snapshot in progress");
	if (is_tar && s->config->storage == STORAGE_MEMORY)
		return js_fail_with(e, 10064, "no impl");
	x = calloc(1, sizeof *x);
	if (x == NULL)
		return js_fail_with(e, 10064, "%s", err_text(ERR_NOMEM));
	x->job = (struct js_job){ .turn = take_turn, .stop = stop,
		.stream = s };
	x->js = stream_js(s);
	x->s = s;
	x->timer.fire = on_time;
	x->wall_ns = h->wall_ns(h->ctx);
	x->wait_until_ns = stream_now(s) + INTEREST_WAIT_NS;
	set_window(x, wish);
	buf_put_slice(&x->deliver, wish->deliver_subject);
	buf_put_slice(&x->client, wish->client);
	x->pack = pack_create(s, !wish->no_consumers, is_tar);
	if (x->pack == NULL || buf_failed(&x->deliver) ||
	    buf_failed(&x->client) || !listen(x)) {
		destroy(x);
		return js_fail_with(e, 10064, "%s", err_text(ERR_NOMEM));
	}
	log_notice("Starting snapshot for stream '%.*s > %.*s'",
	    SLICE_ARG(s->account->core->name), SLICE_ARG(s->name));
	js_add_job(x->js, &x->job);
	js_wake_job(x->js, &x->job);
	return true;
}
