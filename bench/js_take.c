/* bench/js_take.c - what a client of JetStream takes: pulled and acknowledged, or
 * pushed under flow control.
 *
 * A pull asks for the next batch when the last message of the one before has
 * come.  Each message is acknowledged at once; the very last acknowledgement asks
 * for an answer, so the measured time holds all of them.  Messages must be those
 * that js-fill wrote, and their places in the stream must rise by one.
 */
#include "run.h"

#include <stdlib.h>

#include "base/clock.h"

enum {
	SID_MESSAGES = 1,
	SID_ACKED = 2,
	ACK_TOKENS_BEFORE_SEQ = 5,	/* $JS.ACK.stream.consumer.delivered */
	WARM_SHARE = 10,		/* one message in so many */
};
#define WARM_SECONDS 0.3

struct taker {
	struct peer  peer;	/* first */
	struct run  *run;
	uint32_t     batch;	/* 0: pushed */
	uint64_t     n_taken, limit;
	uint64_t     n_left;	/* of this pull */
	uint64_t     n_pulls;
	bool         is_last;	/* no pull after this one */
	bool         is_acked;	/* the last */
	struct track track;
	int64_t      asked_ns;
	struct hist  hist;
};

static void pull(struct taker *t)
{
	struct buf ask = { 0 };
	uint64_t   n = t->limit - t->n_taken;

	t->n_left = n < t->batch ? n : t->batch;
	buf_printf(&ask, "{\"batch\":%ju,\"expires\":20000000000}",
	    (uintmax_t)t->n_left);
	buf_printf(&t->peer.queue,
	    "PUB $JS.API.CONSUMER.MSG.NEXT.B.p%u _INBOX.load.m.%ju %zu\r\n",
	    t->batch, (uintmax_t)t->n_pulls++, ask.n);
	buf_put_slice(&t->peer.queue, buf_slice(&ask));
	buf_put_str(&t->peer.queue, "\r\n");
	buf_fini(&ask);
	t->asked_ns = clock_ns();
	peer_wake(&t->peer);
}

static void acknowledge(struct taker *t, struct slice to, const char *reply)
{
	struct buf *out = &t->peer.queue;

	buf_put_str(out, "PUB ");
	buf_put_slice(out, to);
	buf_put_str(out, reply);
	buf_put_str(out, " 4\r\n+ACK\r\n");
	peer_wake(&t->peer);
}

/* The place in the stream, out of the subject that takes acknowledgements;
 * 0: it is no such subject. */
static uint64_t place_of(struct slice reply)
{
	unsigned n_dots = 0;
	uint64_t v = 0;
	size_t   i = 0;

	while (i < reply.n && n_dots < ACK_TOKENS_BEFORE_SEQ)
		n_dots += reply.p[i++] == '.';
	for (; i < reply.n && reply.p[i] >= '0' && reply.p[i] <= '9'; i++)
		v = v * 10 + (uint64_t)(reply.p[i] - '0');
	return v;
}

static void note_message(struct taker *t, const struct delivery *d)
{
	struct stamp s;
	uint64_t     place = place_of(d->reply);

	if (place == 0 || !stamp_read(d->body, &s))
		t->run->tally.garbled++;
	else
		track_note(&t->track, place - 1, &t->run->tally);
	t->n_taken++;
}

static void take_pulled(struct taker *t, const struct delivery *d)
{
	bool is_end;

	note_message(t, d);
	t->n_left--;
	hist_add(&t->hist, clock_ns() - t->asked_ns);
	is_end = t->n_left == 0 && (t->is_last || t->n_taken >= t->limit);
	acknowledge(t, d->reply, is_end ? " _INBOX.load.acked" : "");
	if (t->n_left == 0 && !is_end)
		pull(t);
}

/* A status: flow control and the heartbeats of a stalled consumer are answered
 * where they say, others only tell that the server is alive. */
static void take_status(struct taker *t, const struct delivery *d)
{
	size_t n = d->body.n < 80 ? d->body.n : 80;

	if (!slice_has_prefix(d->body, SLICE("NATS/1.0 100")))
		return loop_break(t->peer.loop, "a status: %.*s", (int)n,
		    d->body.p);
	if (d->reply.n == 0)
		return;
	buf_put_str(&t->peer.queue, "PUB ");
	buf_put_slice(&t->peer.queue, d->reply);
	buf_put_str(&t->peer.queue, " 0\r\n\r\n");
	peer_wake(&t->peer);
}

static void take(struct peer *p, const struct delivery *d)
{
	struct taker *t = (struct taker *)p;

	if (slice_eq(d->sid, SLICE("2")))
		t->is_acked = true;
	else if (slice_has_prefix(d->body, SLICE("NATS/1.0 ")))
		take_status(t, d);
	else if (t->batch == 0)
		note_message(t, d);
	else
		take_pulled(t, d);
}

/* ---- a run ------------------------------------------------------------ */

static bool play_pull(struct taker *t, uint64_t n_max, double seconds)
{
	struct bounds b;

	t->limit = t->n_taken + n_max;
	t->is_last = t->is_acked = false;
	pull(t);
	run_begin(&b, seconds, t->n_taken);
	while (!t->is_acked) {
		if (!run_turn(t->run, &b, &t->n_taken))
			return false;
		t->is_last = b.is_over;
	}
	return true;
}

static bool play_push(struct taker *t, uint64_t n_max)
{
	struct bounds b;

	peer_subscribe(&t->peer, "deliver.load", NULL, SID_MESSAGES);
	run_begin(&b, 0, t->n_taken);
	while (t->n_taken < n_max)
		if (!run_turn(t->run, &b, &t->n_taken))
			return false;
	return true;
}

/* A pull's first batches are not counted; what is pushed has no such part. */
static bool begin(struct taker *t)
{
	if (!run_open_peers(t->run, t, sizeof *t, 1))
		return false;
	t->peer.on_msg = take;
	if (t->batch == 0)
		return true;
	peer_subscribe(&t->peer, "_INBOX.load.m.*", NULL, SID_MESSAGES);
	peer_subscribe(&t->peer, "_INBOX.load.acked", NULL, SID_ACKED);
	return run_sync_peers(t->run, t, sizeof *t, 1) &&
	    play_pull(t, t->run->messages_max / WARM_SHARE + 1, WARM_SECONDS);
}

static bool measure(struct taker *t)
{
	struct run  *r = t->run;
	struct usage from = { 0 }, to = { 0 };
	uint64_t     n_before;

	if (!begin(t))
		return false;
	t->hist = (struct hist){ 0 };
	n_before = t->n_taken;
	usage_begin(&from, r->server_pid);
	if (t->batch == 0 ? !play_push(t, r->messages_max) :
	    !play_pull(t, r->messages_max - n_before, r->seconds))
		return false;
	usage_end(&to, r->server_pid);
	report_costs(r, &from, &to, t->n_taken - n_before, t->n_taken - n_before);
	if (t->batch > 0)
		report_latency(r, &t->hist);
	track_end(&t->track, t->n_taken, &r->tally);
	return true;
}

bool play_js_take(struct run *r)
{
	struct taker *t = calloc(1, sizeof *t);
	bool          ok;

	if (t == NULL)
		return false;
	t->run = r;
	t->batch = r->what->batch;
	t->peer.fd = -1;
	ok = measure(t);
	track_fini(&t->track);
	run_close_peers(t, sizeof *t, 1);
	free(t);
	return ok;
}
