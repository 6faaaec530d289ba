/* bench/flow_play.c - the scenarios that are made of one flow. */
#include "flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define WARM_SECONDS 0.3
#define PACED_INTERVAL_NS (100 * NS_PER_US)	/* 10 000 messages a second */

/* ---- as fast as it goes ----------------------------------------------- */

/* Publishing has no answer; the server's own count is the check. */
static void check_in_msgs(struct flow *f, int64_t before)
{
	struct run *r = f->run;
	int64_t     after = varz_in_msgs(r->host, r->monitor_port), seen;
	int64_t     n = (int64_t)f->pubs[0].n_sent;

	if (before < 0 || after < 0)
		return;
	seen = after - before;
	report_u64(r, "varz_in_msgs", (uint64_t)seen);
	if (seen < n)
		r->tally.lost += (uint64_t)(n - seen);
	else
		r->tally.duplicated += (uint64_t)(seen - n);
}

bool play_flow(struct run *r)
{
	struct flow  f = { 0 };
	struct phase warm, ph;
	int64_t      in_msgs = varz_in_msgs(r->host, r->monitor_port);
	bool         ok;

	ok = flow_init(&f, r) &&
	    flow_play(&f, r->messages_max / 8, WARM_SECONDS, &warm) &&
	    flow_play(&f, r->messages_max, r->seconds, &ph);
	if (ok) {
		report_costs(r, &ph.from, &ph.to, ph.n_sent, ph.n_delivered);
		flow_check(&f);
		if (f.n_subs == 0)
			check_in_msgs(&f, in_msgs);
	}
	flow_fini(&f);
	return ok;
}

/* ---- beside a SUB/UNSUB storm ----------------------------------------- */

enum { STORM_PAIRS = 4096 };	/* inbox-like subjects, then from the start */

struct storm {
	struct peer peer;	/* first */
	struct buf  text;
	uint64_t    n_ops;
	bool        is_on;
};

static bool next_storm(struct peer *p)
{
	struct storm *s = (struct storm *)p;

	if (!s->is_on)
		return false;
	p->now = buf_slice(&s->text);
	s->n_ops += 2 * STORM_PAIRS;
	return true;
}

static bool storm_open(struct storm *s, struct run *r)
{
	if (!run_open_peers(r, s, sizeof *s, 1))
		return false;
	for (unsigned i = 0; i < STORM_PAIRS; i++)
		buf_printf(&s->text, "SUB _INBOX.Zx81Qw%08x.%x %u\r\n"
		    "UNSUB %u\r\n", i * 2654435761u, i, i + 1, i + 1);
	s->peer.refill = next_storm;
	return !buf_failed(&s->text);
}

static double rate_of(const struct phase *ph)
{
	double ns = (double)(ph->to.wall_ns - ph->from.wall_ns);

	return (double)ph->n_delivered * 1e9 / ns;
}

/* Its backlog is worked off before the peer goes. */
static bool storm_end(struct storm *s, struct run *r)
{
	s->is_on = false;
	return run_sync_peers(r, s, sizeof *s, 1);
}

static void report_share(struct run *r, const struct phase *alone,
    const struct phase *beside)
{
	report_costs(r, &beside->from, &beside->to, beside->n_sent,
	    beside->n_delivered);
	report_f64(r, "alone_per_s", rate_of(alone));
	report_f64(r, "beside_per_s", rate_of(beside));
	report_f64(r, "share", rate_of(beside) / rate_of(alone));
	report_f64(r, "gap_ms", (double)beside->gap_ns_max / 1e6);
}

bool play_storm(struct run *r)
{
	struct flow  f = { 0 };
	struct storm s = { .peer.fd = -1 };
	struct phase warm, alone, beside;
	double       seconds = r->seconds / 2;
	bool         ok;

	ok = flow_init(&f, r) && storm_open(&s, r) &&
	    flow_play(&f, r->messages_max, WARM_SECONDS, &warm) &&
	    flow_play(&f, r->messages_max, seconds, &alone);
	if (ok) {
		s.is_on = true;
		peer_wake(&s.peer);
		ok = flow_play(&f, r->messages_max, seconds, &beside);
	}
	if (ok) {
		report_share(r, &alone, &beside);
		report_f64(r, "storm_ops_per_s", (double)s.n_ops * 1e9 /
		    (double)(beside.to.wall_ns - beside.from.wall_ns));
		ok = storm_end(&s, r);
		flow_check(&f);
	}
	run_close_peers(&s, sizeof s, 1);
	buf_fini(&s.text);
	flow_fini(&f);
	return ok;
}

/* ---- beside a subscriber that does not read ---------------------------- */

bool play_stalled(struct run *r)
{
	struct flow  f = { 0 };
	struct peer  deaf = { .fd = -1 };
	struct phase warm, alone, beside;
	bool         ok;

	ok = flow_init(&f, r) && run_open_peers(r, &deaf, sizeof deaf, 1) &&
	    flow_play(&f, r->messages_max, WARM_SECONDS, &warm) &&
	    flow_play(&f, r->messages_max, r->seconds / 4, &alone);
	if (ok) {
		peer_subscribe(&deaf, "bench.>", NULL, 1);
		ok = run_sync_peers(r, &deaf, sizeof deaf, 1);
	}
	if (ok) {
		peer_deafen(&deaf);
		ok = flow_play(&f, r->messages_max, r->seconds, &beside);
	}
	if (ok) {
		report_share(r, &alone, &beside);
		flow_check(&f);
	}
	run_close_peers(&deaf, sizeof deaf, 1);
	flow_fini(&f);
	return ok;
}

/* ---- open loop -------------------------------------------------------- */

bool play_paced(struct run *r)
{
	struct hist *h = calloc(1, sizeof *h);
	struct flow  f = { .interval_ns = PACED_INTERVAL_NS };
	struct phase warm, ph;
	bool         ok;

	if (h == NULL)
		return false;
	ok = flow_init(&f, r) &&
	    flow_play(&f, r->messages_max, WARM_SECONDS, &warm);
	if (ok) {
		f.hist = h;
		ok = flow_play(&f, r->messages_max, r->seconds, &ph);
	}
	if (ok) {
		report_costs(r, &ph.from, &ph.to, ph.n_sent, ph.n_delivered);
		report_latency(r, h);
		flow_check(&f);
	}
	flow_fini(&f);
	free(h);
	return ok;
}

bool play_paced_beside(struct run *r,
    void (*work)(struct run *r, void *result), void *result, size_t size)
{
	int   fds[2];
	pid_t child;
	bool  ok;

	if (pipe(fds) != 0)
		return false;
	child = fork();
	if (child == 0) {
		work(r, result);
		_exit(write(fds[1], result, size) != (ssize_t)size);
	}
	ok = child > 0 && play_paced(r);
	close(fds[1]);
	ok = ok && read(fds[0], result, size) == (ssize_t)size;
	close(fds[0]);
	if (child > 0)
		waitpid(child, NULL, 0);
	return ok;
}
