/* mon/collect.c - mail to every worker and back.
 *
 * A part is written by its worker between the two deliveries of its mail, and
 * by the control thread before and after; the mesh orders them. */
#include "mon/collect.h"

#include <stdlib.h>

#include "core/account.h"
#include "core/sublist.h"
#include "js/report.h"
#include "net/loop.h"
#include "session/client.h"
#include "session/closed.h"
#include "session/info.h"
#include "session/sids.h"

struct part {
	struct mail            mail;
	struct job            *job;
	struct hub_stats       stats;
	struct match_stats     matches;
	struct connz_sums      sums;
	struct connz_selection clients;
	struct sub_info_list   subs;
	uint64_t               n_subs;
	struct buf             pattern;	/* reused from one to the next */
	struct client         *client;	/* whose subscriptions are looked at */
	uint64_t               n_visited;
	struct report         *report;	/* that this worker makes; NULL */
	struct buf             text;
};

struct job {
	struct collect      out;	/* first */
	struct collect_want want;
	void              (*done)(struct collect *c);
	unsigned            member;	/* of who asks */
	unsigned            n_away;	/* parts not back yet */
	struct part         parts[];
};

/* ---- on the worker ------------------------------------------------------ */

static bool pick_client(void *ctx, struct client *c)
{
	struct part       *p = ctx;
	struct client_info info;

	client_describe(c, &info, false);
	if (!connz_counts(&p->clients, &info))
		return true;
	if (connz_needs_subs(p->job->want.connz))
		client_describe(c, &info, true);
	connz_add(&p->clients, &info);
	client_info_fini(&info);
	return true;
}

static void pick_closed(struct part *p, const struct closed_ring *ring)
{
	for (size_t i = 0; i < closed_count(ring); i++) {
		const struct client_info *info = closed_at(ring, i);

		if (connz_counts(&p->clients, info))
			connz_add(&p->clients, info);
	}
}

static void pick_clients(struct part *p, struct hub *h)
{
	int64_t state = p->job->want.connz->state;

	if (state == CONNZ_OPEN || state == CONNZ_ALL)
		hub_each_client(h, pick_client, p);
	if (state == CONNZ_CLOSED || state == CONNZ_ALL)
		pick_closed(p, h->closed);
}

static bool pick_sub(void *ctx, struct client_sub *s)
{
	struct part                *p = ctx;
	const struct subsz_options *o = p->job->want.subsz;
	struct sub_info             info = {
		.account = p->client->account->name,
		.queue = s->sub.queue,
		.sid = client_sub_sid(s),
		.n_msgs = s->n_delivered,
		.msgs_max = s->msgs_max,
		.cid = p->client->cid,
	};

	buf_reset(&p->pattern);
	sublist_pattern(&s->sub, &p->pattern);
	info.subject = buf_slice(&p->pattern);
	if (!subsz_wants(o, &info))
		return true;
	if (p->n_subs++ < subsz_wanted(o))
		sub_info_add(&p->subs, &info);
	return true;
}

static bool pick_subs(void *ctx, struct client *c)
{
	struct part *p = ctx;

	p->client = c;
	sids_visit(&c->subs, pick_sub, p);
	return true;
}

static bool sum_client(void *ctx, struct client *c)
{
	struct connz_sums *s = ctx;

	s->num_connections++;
	s->pending_bytes += c->conn.pending;
	s->subscriptions += c->subs.n;
	s->in_bytes += c->in_bytes;
	s->out_bytes += c->out_bytes;
	s->in_msgs += c->in_msgs;
	s->out_msgs += c->out_msgs;
	return true;
}

static bool visit_client(void *ctx, struct client *c)
{
	struct part               *p = ctx;
	const struct collect_want *want = &p->job->want;

	p->n_visited += want->visit(want->visit_ctx, c, &p->text);
	return true;
}

static void part_back(struct mail *m, void *receiver);

/* One step a turn; then the mail goes home. */
static void part_report(struct mail *m, void *receiver)
{
	struct part                    *p = CONTAINER_OF(m, struct part, mail);
	const struct collect_jetstream *j = p->job->want.jetstream;
	struct hub                     *h = receiver;

	if (p->report != NULL && !report_step(p->report, j->find(j->ctx))) {
		m->deliver = part_report;
		loop_post(h->loop, h->worker, m);
		return;
	}
	m->deliver = part_back;
	loop_post(h->loop, p->job->member, m);
}

static void part_fill(struct mail *m, void *receiver)
{
	struct part               *p = CONTAINER_OF(m, struct part, mail);
	const struct collect_want *want = &p->job->want;
	struct hub                *h = receiver;

	p->stats = h->stats;
	match_cache_stats(h->matches, &p->matches);
	if (want->connz != NULL)
		pick_clients(p, h);
	if (want->subsz != NULL && want->subsz->lists_subs)
		hub_each_client(h, pick_subs, p);
	if (want->sums_clients)
		hub_each_client(h, sum_client, &p->sums);
	if (want->visit != NULL)
		hub_each_client(h, visit_client, p);
	part_report(m, receiver);
}

/* ---- on the control thread ---------------------------------------------- */

static void add_stats(struct hub_stats *sum, const struct hub_stats *s)
{
	sum->in_msgs += s->in_msgs;
	sum->in_bytes += s->in_bytes;
	sum->out_msgs += s->out_msgs;
	sum->out_bytes += s->out_bytes;
	sum->n_slow += s->n_slow;
	sum->n_stale += s->n_stale;
	sum->n_stalled += s->n_stalled;
	sum->n_auth_failures += s->n_auth_failures;
	sum->n_clients += s->n_clients;
	sum->n_clients_ever += s->n_clients_ever;
	sum->n_subs += s->n_subs;
}

static void add_matches(struct match_stats *sum, const struct match_stats *s)
{
	sum->n_finds += s->n_finds;
	sum->n_hits += s->n_hits;
	sum->n_nomem += s->n_nomem;
	sum->n_entries += s->n_entries;
	sum->fanout_sum += s->fanout_sum;
	if (s->fanout_max > sum->fanout_max)
		sum->fanout_max = s->fanout_max;
}

static void add_sums(struct connz_sums *sum, const struct connz_sums *s)
{
	sum->num_connections += s->num_connections;
	sum->pending_bytes += s->pending_bytes;
	sum->subscriptions += s->subscriptions;
	sum->in_bytes += s->in_bytes;
	sum->out_bytes += s->out_bytes;
	sum->in_msgs += s->in_msgs;
	sum->out_msgs += s->out_msgs;
}

static void add_part(struct collect *c, struct part *p)
{
	add_stats(&c->stats, &p->stats);
	add_matches(&c->matches, &p->matches);
	add_sums(&c->sums, &p->sums);
	connz_merge(&c->clients, &p->clients);
	c->n_subs += p->n_subs;
	c->n_visited += p->n_visited;
	buf_put_slice(&c->text, buf_slice(&p->text));
	c->failed |= p->subs.failed || c->clients.failed ||
	    buf_failed(&p->text) || buf_failed(&c->text);
}

static void part_back(struct mail *m, void *receiver)
{
	struct part *p = CONTAINER_OF(m, struct part, mail);
	struct job  *job = p->job;

	(void)receiver;
	add_part(&job->out, p);
	if (--job->n_away > 0)
		return;
	job->out.report = job->want.report;
	job->out.failed |= job->want.report != NULL &&
	    job->want.report->failed;
	job->done(&job->out);
}

static void part_init(struct part *p, struct job *job, int64_t now_wall_ns)
{
	p->job = job;
	p->mail.deliver = part_fill;
	connz_selection_init(&p->clients, job->want.connz, now_wall_ns);
}

static void post_parts(struct job *job, struct loop *loop)
{
	const struct collect_want *want = &job->want;
	unsigned reporter = want->report == NULL ? 0 : want->jetstream->worker;

	if (want->report != NULL)
		job->parts[reporter].report = want->report;
	job->n_away = want->is_report_alone ? 1 : job->out.n_workers;
	if (want->is_report_alone) {
		loop_post(loop, reporter, &job->parts[reporter].mail);
		return;
	}
	for (unsigned i = 0; i < job->out.n_workers; i++)
		loop_post(loop, i, &job->parts[i].mail);
}

/* NULL: out of memory. */
static struct job *job_create(unsigned n_workers)
{
	struct job *job = calloc(1, sizeof *job + n_workers * sizeof(struct part));

	if (job == NULL)
		return NULL;
	job->out.sub_lists = calloc(n_workers, sizeof job->out.sub_lists[0]);
	if (job->out.sub_lists != NULL)
		return job;
	free(job);
	return NULL;
}

struct collect *collect_start(struct loop *loop, unsigned n_workers,
    const struct collect_want *want, int64_t now_wall_ns,
    void (*done)(struct collect *c), void *ctx)
{
	struct job *job = job_create(n_workers);

	if (job == NULL) {
		report_destroy(want->report);
		return NULL;
	}
	job->out.n_workers = n_workers;
	job->out.ctx = ctx;
	job->want = *want;
	job->done = done;
	job->member = loop_member(loop);
	connz_selection_init(&job->out.clients, want->connz, now_wall_ns);
	for (unsigned i = 0; i < n_workers; i++) {
		part_init(&job->parts[i], job, now_wall_ns);
		job->out.sub_lists[i] = &job->parts[i].subs;
	}
	post_parts(job, loop);
	return &job->out;
}

void collect_destroy(struct collect *c)
{
	struct job *job = (struct job *)c;

	if (c == NULL)
		return;
	for (unsigned i = 0; i < c->n_workers; i++) {
		connz_selection_fini(&job->parts[i].clients);
		sub_info_list_fini(&job->parts[i].subs);
		buf_fini(&job->parts[i].pattern);
		buf_fini(&job->parts[i].text);
	}
	connz_selection_fini(&c->clients);
	report_destroy(job->want.report);
	buf_fini(&c->text);
	free(c->sub_lists);
	free(job);
}
