/* bench/request.c - requests through one service, each client with its inbox.
 *
 * As client libraries do it: one wildcard subscription for all answers of a
 * client, a new reply subject for every request.  The service answers in the
 * order asked, so the answers of one client come in order, and a track counts
 * what is lost, doubled or out of place.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/list.h"

enum { IN_FLIGHT_MAX = 64 };
#define SILENCE_NS (10 * NS_PER_S)
#define WARM_SECONDS 0.3

struct client {
	struct peer      peer;	/* first */
	struct requests *all;
	uint32_t         id;
	struct track     track;
	uint64_t         n_sent;
	int64_t          sent_ns[IN_FLIGHT_MAX];	/* by number */
};

struct requests {
	struct run    *run;
	struct client *clients;
	struct peer    service;
	unsigned       n_clients, in_flight;
	size_t         payload;
	uint64_t       n_sent, n_answered, limit;
	struct hist    hist;
};

static void ask(struct client *c)
{
	struct requests *q = c->all;
	struct stamp     s = { .publisher = c->id, .seq = c->n_sent };
	char            *body;

	if (q->n_sent >= q->limit)
		return;
	buf_printf(&c->peer.queue, "PUB bench.service _INBOX.load%u.%ju %zu\r\n",
	    c->id, (uintmax_t)c->n_sent, q->payload);
	body = buf_reserve(&c->peer.queue, q->payload + 2);
	if (body == NULL)
		return loop_break(&q->run->loop, "out of memory");
	memset(body, 'x', q->payload);
	stamp_write(body, q->payload, &s);
	memcpy(body + q->payload, "\r\n", 2);
	buf_added(&c->peer.queue, q->payload + 2);
	c->sent_ns[c->n_sent++ % IN_FLIGHT_MAX] = clock_ns();
	q->n_sent++;
	peer_wake(&c->peer);
}

static void take_answer(struct peer *p, const struct delivery *d)
{
	struct client   *c = (struct client *)p;
	struct requests *q = c->all;
	struct stamp     s;

	if (!stamp_read(d->body, &s) || s.publisher != c->id ||
	    s.seq >= c->n_sent) {
		q->run->tally.garbled++;
		return;
	}
	track_note(&c->track, s.seq, &q->run->tally);
	hist_add(&q->hist, clock_ns() - c->sent_ns[s.seq % IN_FLIGHT_MAX]);
	q->n_answered++;
	ask(c);
}

/* From another account it comes with headers, which tell who asks. */
static struct slice asked(const struct delivery *d, size_t payload)
{
	return d->body.n <= payload ? d->body :
	    slice_skip(d->body, d->body.n - payload);
}

static void serve(struct peer *p, const struct delivery *d)
{
	struct requests *q = CONTAINER_OF(p, struct requests, service);
	struct slice     body = asked(d, q->payload);

	buf_put_str(&p->queue, "PUB ");
	buf_put_slice(&p->queue, d->reply);
	buf_put_char(&p->queue, ' ');
	buf_put_u64(&p->queue, body.n);
	buf_put_str(&p->queue, "\r\n");
	buf_put_slice(&p->queue, body);
	buf_put_str(&p->queue, "\r\n");
	peer_wake(p);
}

static bool open_all(struct requests *q)
{
	struct run *r = q->run;
	char        inbox[64];

	r->is_far = true;
	if (!run_open_peers(r, &q->service, sizeof q->service, 1))
		return false;
	r->is_far = false;
	if (!run_open_peers(r, q->clients, sizeof *q->clients, q->n_clients))
		return false;
	q->service.on_msg = serve;
	peer_subscribe(&q->service, "bench.service", NULL, 1);
	for (unsigned i = 0; i < q->n_clients; i++) {
		struct client *c = &q->clients[i];

		c->all = q;
		c->id = i;
		c->peer.on_msg = take_answer;
		snprintf(inbox, sizeof inbox, "_INBOX.load%u.*", i);
		peer_subscribe(&c->peer, inbox, NULL, 1);
	}
	return run_sync_peers(r, &q->service, sizeof q->service, 1) &&
	    run_sync_peers(r, q->clients, sizeof *q->clients, q->n_clients);
}

static void ask_all(struct requests *q)
{
	for (unsigned k = 0; k < q->in_flight; k++)
		for (unsigned i = 0; i < q->n_clients; i++)
			ask(&q->clients[i]);
}

/* Until the bounds are met and every request is answered, or too long silent:
 * then the rest is lost. */
static bool play(struct requests *q, uint64_t n_max, double seconds)
{
	int64_t  stop_ns = clock_ns() + (int64_t)(seconds * 1e9);
	int64_t  last_ns = clock_ns();
	uint64_t n_seen = q->n_answered;

	q->limit = q->n_sent + n_max;
	ask_all(q);
	while (q->n_answered < q->n_sent || q->n_sent < q->limit) {
		int64_t now_ns;

		if (!loop_turn(&q->run->loop, 100)) {
			run_fail(q->run, "%s", q->run->loop.why);
			return false;
		}
		now_ns = clock_ns();
		if (now_ns > stop_ns)
			q->limit = 0;
		if (q->n_answered != n_seen)
			last_ns = now_ns;
		n_seen = q->n_answered;
		if (now_ns - last_ns > SILENCE_NS)
			break;
	}
	return true;
}

static bool measure(struct requests *q)
{
	struct run  *r = q->run;
	struct usage from = { 0 }, to = { 0 };
	uint64_t     n_before;

	if (!open_all(q) || !play(q, r->messages_max, WARM_SECONDS))
		return false;
	q->hist = (struct hist){ 0 };
	n_before = q->n_answered;
	usage_begin(&from, r->server_pid);
	if (!play(q, r->messages_max, r->seconds))
		return false;
	usage_end(&to, r->server_pid);
	report_costs(r, &from, &to, q->n_answered - n_before,
	    2 * (q->n_answered - n_before));
	report_latency(r, &q->hist);
	for (unsigned i = 0; i < q->n_clients; i++)
		track_end(&q->clients[i].track, q->clients[i].n_sent, &r->tally);
	return true;
}

bool play_request(struct run *r)
{
	struct requests *q = calloc(1, sizeof *q);
	bool             ok = false;

	if (q == NULL)
		return false;
	q->run = r;
	q->service.fd = -1;
	q->n_clients = r->what->n_pubs;
	q->in_flight = r->what->in_flight;
	q->payload = r->what->payload;
	q->clients = calloc(q->n_clients, sizeof *q->clients);
	if (q->clients != NULL) {
		ok = measure(q);
		for (unsigned i = 0; i < q->n_clients; i++)
			track_fini(&q->clients[i].track);
		run_close_peers(q->clients, sizeof *q->clients, q->n_clients);
	}
	run_close_peers(&q->service, sizeof q->service, 1);
	free(q->clients);
	free(q);
	return ok;
}
