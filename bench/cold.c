/* bench/cold.c - many subscriptions, and subjects that no cache remembers.
 *
 * Subscription i is  c.<i % 97>.<i / 97 % 89>.<i>,  one in ten of them with
 * "*" for its third token or ".>" behind the last, in turn.  Publishes go
 * alternately to
 *   a literal one, in a permuted order over all of them, so that a subject
 *     comes again only after all others have had their turn;
 *   a wildcard one, with a token that was never used before.
 * Each publish is wanted by exactly one subscription.  The subscriptions are
 * spread over N_HOLDERS connections; a pool checks that everything arrives once
 * and rises at each.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

enum { N_HOLDERS = 8, WILD_EVERY = 10, PRIME_A = 97, PRIME_B = 89,
	IN_FLIGHT = 4096, BATCH_BYTES = 32 << 10 };
#define STRIDE UINT64_C(7919)		/* prime, and prime to every count here */
#define SILENCE_NS (20 * NS_PER_S)
#define PATIENCE_NS (120 * NS_PER_S)
#define WARM_SECONDS 0.2

struct holder {
	struct peer  peer;	/* first */
	struct cold *all;
	uint64_t     floor;
};

struct cold {
	struct peer   pub;	/* first */
	struct run   *run;
	struct holder holders[N_HOLDERS];
	struct pool   pool;
	uint64_t      n_subs, n_sent, n_got, limit;
	size_t        payload;
};

/* ---- subjects --------------------------------------------------------- */

/* 0: literal; 1 and 2: the two kinds of wildcard. */
static unsigned kind_of(uint64_t i)
{
	return i % WILD_EVERY != 0 ? 0 : 1 + (unsigned)(i / WILD_EVERY % 2);
}

static void put_pattern(struct buf *b, uint64_t i)
{
	uint64_t x = i % PRIME_A, y = i / PRIME_A % PRIME_B;

	switch (kind_of(i)) {
	case 0:
		buf_printf(b, "c.%ju.%ju.%ju", x, y, i);
		break;
	case 1:
		buf_printf(b, "c.%ju.*.%ju", x, i);
		break;
	default:
		buf_printf(b, "c.%ju.%ju.%ju.>", x, y, i);
	}
}

/* Of publish number seq: matched by subscription i only. */
static void put_subject(struct buf *b, uint64_t i, uint64_t seq)
{
	uint64_t x = i % PRIME_A, y = i / PRIME_A % PRIME_B;

	switch (kind_of(i)) {
	case 0:
		buf_printf(b, "c.%ju.%ju.%ju", x, y, i);
		break;
	case 1:
		buf_printf(b, "c.%ju.u%ju.%ju", x, seq, i);
		break;
	default:
		buf_printf(b, "c.%ju.%ju.%ju.u%ju", x, y, i, seq);
	}
}

static uint64_t target_of(const struct cold *c, uint64_t seq)
{
	uint64_t i = seq / 2 * STRIDE % c->n_subs;
	uint64_t wild = i - i % WILD_EVERY;

	if (seq % 2 == 1)
		return wild;
	return i == wild ? i + 1 : i;
}

/* ---- the flow --------------------------------------------------------- */

static void put_publish(struct cold *c)
{
	struct stamp s = { .seq = c->n_sent };
	struct buf  *b = &c->pub.queue;
	char        *body;

	buf_put_str(b, "PUB ");
	put_subject(b, target_of(c, c->n_sent), c->n_sent);
	buf_printf(b, " %zu\r\n", c->payload);
	body = buf_reserve(b, c->payload + 2);
	if (body == NULL)
		return;		/* buf_failed says so to more_publishes */
	memset(body, 'x', c->payload);
	stamp_write(body, c->payload, &s);
	memcpy(body + c->payload, "\r\n", 2);
	buf_added(b, c->payload + 2);
	c->n_sent++;
}

static bool more_publishes(struct peer *p)
{
	struct cold *c = (struct cold *)p;

	while (c->n_sent < c->limit && c->n_sent - c->n_got < IN_FLIGHT &&
	    p->queue.n < BATCH_BYTES && !buf_failed(&p->queue))
		put_publish(c);
	if (buf_failed(&p->queue))
		loop_break(p->loop, "out of memory");
	return p->queue.n > 0;
}

static void take_msg(struct peer *p, const struct delivery *d)
{
	struct holder *h = (struct holder *)p;
	struct cold   *c = h->all;
	struct stamp   s;

	c->n_got++;
	if (!stamp_read(d->body, &s))
		c->run->tally.garbled++;
	else
		pool_note(&c->pool, &h->floor, s.seq, &c->run->tally);
	if (c->n_got % (IN_FLIGHT / 8) == 0)
		peer_wake(&c->pub);
}

static bool play(struct cold *c, uint64_t n_max, double seconds)
{
	int64_t  last_ns = clock_ns(), now_ns = last_ns;
	int64_t  stop_ns = last_ns + (int64_t)(seconds * 1e9);
	uint64_t n_seen = c->n_got;

	c->limit = c->n_sent + n_max;
	peer_wake(&c->pub);
	while (c->n_got < c->n_sent || c->n_sent < c->limit) {
		if (now_ns - last_ns > SILENCE_NS)
			break;
		if (!loop_turn(&c->run->loop, 100)) {
			run_fail(c->run, "%s", c->run->loop.why);
			return false;
		}
		now_ns = clock_ns();
		if (now_ns > stop_ns)
			c->limit = 0;
		if (c->n_got != n_seen)
			last_ns = now_ns;
		n_seen = c->n_got;
	}
	return true;
}

/* ---- the subscriptions ------------------------------------------------ */

static void put_subs(struct cold *c, unsigned nr)
{
	struct peer *p = &c->holders[nr].peer;

	for (uint64_t i = nr; i < c->n_subs; i += N_HOLDERS) {
		buf_put_str(&p->queue, "SUB ");
		put_pattern(&p->queue, i);
		buf_printf(&p->queue, " %ju\r\n", i);
	}
}

/* All texts are made before the clock starts. */
static bool subscribe_all(struct cold *c)
{
	struct run  *r = c->run;
	struct usage from = { 0 }, to = { 0 };
	double       n = (double)c->n_subs;

	for (unsigned i = 0; i < N_HOLDERS; i++)
		put_subs(c, i);
	usage_begin(&from, r->server_pid);
	if (!run_sync_peers(r, c->holders, sizeof c->holders[0], N_HOLDERS))
		return false;
	usage_end(&to, r->server_pid);
	report_ratio(r, "sub_wall_ns", (double)(to.wall_ns - from.wall_ns), n);
	if (r->server_pid == 0)
		return true;
	report_ratio(r, "sub_cpu_ns", (double)(to.cpu_ns - from.cpu_ns), n);
	report_ratio(r, "sub_rss_bytes",
	    (double)(to.rss_bytes - from.rss_bytes), n);
	return true;
}

static bool open_all(struct cold *c)
{
	struct run *r = c->run;

	if (!run_open_peers(r, &c->pub, sizeof c->pub, 1) ||
	    !run_open_peers(r, c->holders, sizeof c->holders[0], N_HOLDERS))
		return false;
	for (unsigned i = 0; i < N_HOLDERS; i++) {
		c->holders[i].all = c;
		c->holders[i].peer.on_msg = take_msg;
	}
	c->pub.refill = more_publishes;
	return subscribe_all(c);
}

static bool measure(struct cold *c)
{
	struct run  *r = c->run;
	struct usage from = { 0 }, to = { 0 };
	uint64_t     n_before;

	if (!open_all(c) || !play(c, r->messages_max / 8, WARM_SECONDS))
		return false;
	n_before = c->n_got;
	usage_begin(&from, r->server_pid);
	if (!play(c, r->messages_max, r->seconds))
		return false;
	usage_end(&to, r->server_pid);
	report_costs(r, &from, &to, c->n_got - n_before, c->n_got - n_before);
	pool_end(&c->pool, c->n_sent, &r->tally);
	return true;
}

bool play_cold(struct run *r)
{
	struct cold *c = calloc(1, sizeof *c);
	bool         ok = false;

	if (c == NULL)
		return false;
	c->run = r;
	c->n_subs = r->what->n_subs;
	c->payload = r->what->payload;
	c->pub.fd = -1;
	if (pool_init(&c->pool, 2 * r->messages_max))
		ok = measure(c);
	run_close_peers(&c->pub, sizeof c->pub, 1);
	run_close_peers(c->holders, sizeof c->holders[0], N_HOLDERS);
	pool_fini(&c->pool);
	free(c);
	return ok;
}
