/* bench/js_ask.c - what a client of JetStream sends and is answered: publishes,
 * puts, gets.
 *
 * Each connection keeps its number of requests in flight and sends the next
 * when an answer comes; every reply subject is new, under one wildcard
 * subscription, as client libraries have it.  Answers of one connection come in
 * order, so a track counts what is lost, doubled or out of place.  An answer that
 * is an error, or says that a new message was a duplicate, ends the run.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

enum { KEY_STEP = 7919 };	/* a prime: goes over all keys, far apart */
#define WARM_SECONDS 0.3

struct asker {
	struct peer  peer;	/* first */
	struct asks *all;
	uint32_t     id;
	struct track track;
	uint64_t     n_sent;
	int64_t     *sent_ns;	/* by number, modulo what may be in flight */
};

struct asks {
	struct run            *run;
	const struct scenario *what;
	struct asker          *askers;
	int64_t               *sent_ns;	/* of all of them */
	uint64_t               n_sent, n_answered, limit;
	struct hist            hist;
};

/* ---- sending ---------------------------------------------------------- */

/* The id is as long as those that client libraries make. */
static size_t write_id(char *s, size_t n_max, uint64_t nr)
{
	return (size_t)snprintf(s, n_max,
	    "NATS/1.0\r\nNats-Msg-Id: load%018ju\r\n\r\n", (uintmax_t)nr);
}

static void put_body(struct asker *a)
{
	struct buf  *out = &a->peer.queue;
	size_t       n = a->all->what->payload;
	struct stamp s = { .publisher = a->id, .seq = a->n_sent };
	char        *body = buf_reserve(out, n + 2);

	if (body == NULL)
		return loop_break(&a->all->run->loop, "out of memory");
	if (n > 0) {
		memset(body, 'x', n);
		stamp_write(body, n, &s);
	}
	memcpy(body + n, "\r\n", 2);
	buf_added(out, n + 2);
}

static void put_request(struct asker *a)
{
	const struct scenario *what = a->all->what;
	struct buf            *out = &a->peer.queue;
	char                   id[64];
	size_t                 n_id = 0;

	if (what->has_ids)
		n_id = write_id(id, sizeof id, a->all->n_sent);
	buf_put_str(out, n_id > 0 ? "HPUB " : "PUB ");
	buf_put_str(out, what->subject);
	buf_put_char(out, '.');
	buf_put_u64(out, a->all->n_sent * KEY_STEP % what->keys);
	buf_put_str(out, " _INBOX.load");
	buf_put_u64(out, a->id);
	buf_put_char(out, '.');
	buf_put_u64(out, a->n_sent);
	buf_put_char(out, ' ');
	if (n_id > 0) {
		buf_put_u64(out, n_id);
		buf_put_char(out, ' ');
	}
	buf_put_u64(out, n_id + what->payload);
	buf_put_str(out, "\r\n");
	buf_put(out, id, n_id);
	put_body(a);
}

static void ask(struct asker *a)
{
	struct asks *q = a->all;

	if (q->n_sent >= q->limit)
		return;
	put_request(a);
	a->sent_ns[a->n_sent++ % q->what->in_flight] = clock_ns();
	q->n_sent++;
	peer_wake(&a->peer);
}

/* ---- answers ---------------------------------------------------------- */

/* What stands behind the last dot of the subject it came on. */
static uint64_t number_of(struct slice subject)
{
	uint64_t v = 0, unit = 1;

	for (size_t i = subject.n; i > 0; i--, unit *= 10) {
		char c = subject.p[i - 1];

		if (c < '0' || c > '9')
			break;
		v += (uint64_t)(c - '0') * unit;
	}
	return v;
}

static bool is_good(const struct asks *q, struct slice body)
{
	static const char twice[] = "\"duplicate\"";

	return slice_has_prefix(body, slice_of(q->what->answer,
	    strlen(q->what->answer))) && (q->what->payload == 0 ||
	    memmem(body.p, body.n, twice, sizeof twice - 1) == NULL);
}

static void take_answer(struct peer *p, const struct delivery *d)
{
	struct asker *a = (struct asker *)p;
	struct asks  *q = a->all;
	uint64_t      nr = number_of(d->subject);

	if (!is_good(q, d->body)) {
		size_t n = d->body.n < 160 ? d->body.n : 160;

		return loop_break(p->loop, "refused: %.*s", (int)n, d->body.p);
	}
	if (nr >= a->n_sent) {
		q->run->tally.garbled++;
		return;
	}
	track_note(&a->track, nr, &q->run->tally);
	hist_add(&q->hist, clock_ns() - a->sent_ns[nr % q->what->in_flight]);
	q->n_answered++;
	ask(a);
}

/* ---- a run ------------------------------------------------------------ */

static bool open_all(struct asks *q)
{
	unsigned n = q->what->n_pubs;
	char     inbox[64];

	if (!run_open_peers(q->run, q->askers, sizeof *q->askers, n))
		return false;
	for (unsigned i = 0; i < n; i++) {
		struct asker *a = &q->askers[i];

		a->all = q;
		a->id = i;
		a->sent_ns = q->sent_ns + (size_t)i * q->what->in_flight;
		a->peer.on_msg = take_answer;
		snprintf(inbox, sizeof inbox, "_INBOX.load%u.*", i);
		peer_subscribe(&a->peer, inbox, NULL, 1);
	}
	return run_sync_peers(q->run, q->askers, sizeof *q->askers, n);
}

/* Until the bounds are met and every request is answered. */
static bool play(struct asks *q, uint64_t n_max, double seconds)
{
	struct bounds b;

	q->limit = q->n_sent + n_max;
	for (unsigned k = 0; k < q->what->in_flight; k++)
		for (unsigned i = 0; i < q->what->n_pubs; i++)
			ask(&q->askers[i]);
	run_begin(&b, seconds, q->n_answered);
	while (q->n_answered < q->n_sent || q->n_sent < q->limit) {
		if (!run_turn(q->run, &b, &q->n_answered))
			return false;
		if (b.is_over)
			q->limit = 0;
	}
	return true;
}

static bool measure(struct asks *q, double warm_seconds)
{
	struct run  *r = q->run;
	struct usage from = { 0 }, to = { 0 };
	uint64_t     n_before;

	if (!open_all(q) || (warm_seconds > 0 &&
	    !play(q, r->messages_max, warm_seconds)))
		return false;
	q->hist = (struct hist){ 0 };
	n_before = q->n_answered;
	usage_begin(&from, r->server_pid);
	if (!play(q, r->messages_max, r->seconds))
		return false;
	usage_end(&to, r->server_pid);
	report_costs(r, &from, &to, q->n_answered - n_before,
	    q->n_answered - n_before);
	report_latency(r, &q->hist);
	for (unsigned i = 0; i < q->what->n_pubs; i++)
		track_end(&q->askers[i].track, q->askers[i].n_sent, &r->tally);
	return true;
}

static bool play_asks(struct run *r, double warm_seconds)
{
	struct asks *q = calloc(1, sizeof *q);
	unsigned     n = r->what->n_pubs;
	bool         ok = false;

	if (q == NULL)
		return false;
	q->run = r;
	q->what = r->what;
	q->askers = calloc(n, sizeof *q->askers);
	q->sent_ns = calloc((size_t)n * r->what->in_flight, sizeof *q->sent_ns);
	if (q->askers != NULL && q->sent_ns != NULL)
		ok = measure(q, warm_seconds);
	for (unsigned i = 0; q->askers != NULL && i < n; i++)
		track_fini(&q->askers[i].track);
	if (q->askers != NULL)
		run_close_peers(q->askers, sizeof *q->askers, n);
	free(q->askers);
	free(q->sent_ns);
	free(q);
	return ok;
}

bool play_js_ask(struct run *r)
{
	return play_asks(r, WARM_SECONDS);
}

/* Exactly as many as were asked for, when there is time. */
bool play_js_fill(struct run *r)
{
	return play_asks(r, 0);
}
