/* mon/documents.c - what each document has to fetch. */
#include "mon/documents.h"

#include <stdlib.h>

#include "auth/operators.h"
#include "auth/throttle.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "core/account.h"
#include "core/accounts.h"
#include "core/sublist.h"
#include "mon/accountz.h"
#include "mon/ask.h"
#include "mon/detail.h"
#include "mon/jsz.h"
#include "mon/linksz.h"
#include "mon/process.h"
#include "net/loop.h"

/* Asking the workers is work for them: so many at a time, the rest is told to
 * come back. */
enum { COLLECTS_MAX = 16 };

struct documents {
	struct loop           *loop;
	struct session_shared *shared;
	struct varz            identity;
	struct process_sampler sampler;
	struct list            collects;	/* under way */
	unsigned               n_collects;
	struct resolver       *resolver;	/* or NULL */
	struct collect_jetstream jetstream;
	bool                   is_ready;
};

/* ---- asking the workers -------------------------------------------------- */

static void tell(struct inquiry *q)
{
	q->done(q, DOCUMENT_TOLD);
}

static void be_busy(struct inquiry *q)
{
	buf_fini(&q->body);
	buf_put_str(&q->body, "too many requests are being answered");
	q->done(q, DOCUMENT_BUSY);
}

static void finish_with(struct inquiry *q, struct collect *c,
    enum document_outcome how)
{
	struct documents *d = q->documents;

	list_remove(&c->link);
	d->n_collects--;
	if (c->failed || buf_failed(&q->body))
		be_busy(q);		/* rather than half */
	else
		q->done(q, how);
	/* the last: what was told may point into it */
	collect_destroy(c);
}

/* What is told comes out of a document writer; this is the common frame. */
static void finish_collect(struct inquiry *q, struct collect *c)
{
	finish_with(q, c, DOCUMENT_TOLD);
}

static void ask(struct inquiry *q, const struct collect_want *want,
    void (*done)(struct collect *c))
{
	struct documents *d = q->documents;
	struct collect   *c = NULL;

	if (d->n_collects < COLLECTS_MAX)
		c = collect_start(d->loop, d->shared->n_workers, want,
		    q->now_ns, done, q);
	else
		report_destroy(want->report);
	if (c == NULL) {
		be_busy(q);
		return;
	}
	list_append(&d->collects, &c->link);
	d->n_collects++;
}

/* ---- asking JetStream ------------------------------------------------------- */

static bool has_jetstream(const struct inquiry *q)
{
	return q->documents->jetstream.find != NULL;
}

/* As ask, and a report with it where there is anything to report. */
static void ask_and_report(struct inquiry *q, struct collect_want *want,
    enum report_kind kind, void (*done)(struct collect *c))
{
	if (has_jetstream(q)) {
		want->jetstream = &q->documents->jetstream;
		want->report = report_create(&(struct report_wish){
		    .kind = kind });
		if (want->report == NULL) {
			be_busy(q);
			return;
		}
	}
	ask(q, want, done);
}

/* Nothing but a report.  There is JetStream. */
static void ask_for_report(struct inquiry *q, const struct report_wish *wish,
    void (*done)(struct collect *c))
{
	struct collect_want want = { .report = report_create(wish),
		.jetstream = &q->documents->jetstream,
		.is_report_alone = true };

	if (want.report == NULL)
		be_busy(q);
	else
		ask(q, &want, done);
}

/* NULL: it is off, or nobody asked. */
static const struct report *report_of(const struct collect *c)
{
	return c->report == NULL || c->report->is_off ? NULL : c->report;
}

/* ---- numbers of several documents ----------------------------------------- */

/* Of one sublist, or of all. */
static void put_matches(const struct match_stats *match,
    struct subsz_stats *ret)
{
	uint64_t n_misses = match->n_finds - match->n_hits;

	ret->num_cache = match->n_entries;
	ret->num_matches = match->n_finds;
	ret->max_fanout = match->fanout_max;
	if (match->n_finds > 0)
		ret->cache_hit_rate =
		    (double)match->n_hits / (double)match->n_finds;
	if (n_misses > 0)
		ret->avg_fanout = (double)match->fanout_sum / (double)n_misses;
}

static void add_sublist(const struct account *a, struct subsz_stats *sum)
{
	struct sublist_stats subs;

	sublist_stats(a->sublist, &subs);
	sum->num_subscriptions += subs.n_subs;
	sum->num_inserts += subs.n_inserts;
	sum->num_removes += subs.n_removes;
}

static bool add_subs(void *ctx, struct account *a)
{
	add_sublist(a, ctx);
	return true;
}

static void fill_subsz(const struct documents *d,
    const struct match_stats *match, struct subsz_stats *ret)
{
	*ret = (struct subsz_stats){ 0 };
	accounts_each(d->shared->accounts, add_subs, ret);
	put_matches(match, ret);
}

void account_stats_fill(const struct account *a, struct account_stats *ret)
{
	struct account_traffic t = account_sum_traffic(a);
	int64_t  n = __atomic_load_n(&a->n_clients, __ATOMIC_RELAXED);

	*ret = (struct account_stats){
		.name = a->name,
		.update_time = (int64_t)__atomic_load_n(&a->changed_ns,
		    __ATOMIC_RELAXED),
		.is_system = a->is_system,
		.conns = n > 0 ? (uint64_t)n : 0,
		.total_conns = n > 0 ? (uint64_t)n : 0,
		.sent_msgs = t.out_msgs,
		.sent_bytes = t.out_bytes,
		.received_msgs = t.in_msgs,
		.received_bytes = t.in_bytes,
		.slow_consumers = __atomic_load_n(&a->n_slow_consumers,
		    __ATOMIC_RELAXED),
	};
	add_sublist(a, &ret->subs);
}

/* All accounts, in order of name. */
struct account_list {
	struct account_stats *at;
	size_t                n, cap;
	const struct json    *wanted;	/* NULL: all */
	struct slice          only;	/* empty: all */
};

static bool add_account(void *ctx, struct account *a)
{
	struct account_list *x = ctx;

	if (x->n < x->cap && ask_names(x->wanted, a->name) &&
	    (x->only.n == 0 || slice_eq(x->only, a->name)))
		account_stats_fill(a, &x->at[x->n++]);
	return true;
}

static int compare_names(const void *x, const void *y)
{
	const struct account_stats *a = x, *b = y;

	return slice_cmp(a->name, b->name);
}

/* Without memory there are none in it. */
static size_t list_accounts(const struct documents *d,
    const struct json *wanted, struct slice only, struct account_stats **ret)
{
	struct accounts    *all = d->shared->accounts;
	struct account_list x = { .cap = accounts_count(all),
		.wanted = wanted, .only = only };

	x.at = calloc(x.cap + 1, sizeof *x.at);
	if (x.at == NULL)
		x.cap = 0;
	accounts_each(all, add_account, &x);
	if (x.n > 1)
		qsort(x.at, x.n, sizeof *x.at, compare_names);
	*ret = x.at;
	return x.n;
}

size_t documents_list_accounts(const struct documents *d,
    struct account_stats **ret)
{
	return list_accounts(d, NULL, SLICE_NONE, ret);
}

static bool count_active(void *ctx, struct account *a)
{
	uint64_t *n = ctx;

	*n += __atomic_load_n(&a->n_clients, __ATOMIC_RELAXED) > 0;
	return true;
}

static void fill_process(struct documents *d, struct varz *v)
{
	v->mem = process_resident();
	v->cores = process_n_cores();
	v->gomaxprocs = d->shared->n_workers;
	v->cpu = process_cpu_percent(&d->sampler, clock_ns(), clock_cpu_ns());
}

static void fill_logins(const struct documents *d, struct varz *v)
{
	struct throttle *t = d->shared->throttle;
	struct throttle_stats s;

	if (t == NULL)
		return;
	s = throttle_stats(t);
	v->failed_logins = s.n_wrong;
	v->delayed_logins = s.n_delayed;
	v->refused_logins = s.n_refused;
}

static void fill_varz(struct documents *d, const struct collect *c,
    int64_t now_ns, struct varz *v)
{
	const struct hub_stats *s = &c->stats;
	struct subsz_stats      subs;

	*v = d->identity;
	fill_process(d, v);
	fill_subsz(d, &c->matches, &subs);
	v->now = now_ns;
	v->uptime = now_ns > v->start ? now_ns - v->start : 0;
	v->connections = s->n_clients;
	v->total_connections = s->n_clients_ever;
	v->in_msgs = v->in_client_msgs = s->in_msgs;
	v->in_bytes = v->in_client_bytes = s->in_bytes;
	v->out_msgs = v->out_client_msgs = s->out_msgs;
	v->out_bytes = v->out_client_bytes = s->out_bytes;
	v->slow_consumers = v->slow_consumer_stats.clients = s->n_slow;
	v->stale_connections = v->stale_connection_stats.clients = s->n_stale;
	v->stalled_clients = s->n_stalled;
	v->pinned_account_fails = operators_n_pinned_fails();
	fill_logins(d, v);
	v->subscriptions = subs.num_subscriptions;
	v->jetstream = report_of(c) == NULL ? SLICE_NONE
	    : buf_slice(&c->report->text);
}

/* ---- numbers alone -------------------------------------------------------- */

static void count_done(struct collect *c)
{
	struct inquiry   *q = c->ctx;
	struct documents *d = q->documents;

	fill_varz(d, c, q->now_ns, &q->varz);
	fill_subsz(d, &c->matches, &q->subs);
	q->sums = c->sums;
	q->n = c->n_subs;
	q->report = report_of(c);
	q->n_active_accounts = 0;
	accounts_each(d->shared->accounts, count_active, &q->n_active_accounts);
	finish_collect(q, c);
}

void documents_count(struct inquiry *q)
{
	struct collect_want want = { .subsz = &q->subsz };

	if (q->tells_jetstream)
		ask_and_report(q, &want, REPORT_STATS, count_done);
	else
		ask(q, &want, count_done);
}

void documents_sum(struct inquiry *q)
{
	struct collect_want want = { .sums_clients = true };

	ask_and_report(q, &want, REPORT_NUMBERS, count_done);
}

static void visit_done(struct collect *c)
{
	struct inquiry *q = c->ctx;

	q->n = c->n_visited;
	buf_put_slice(&q->body, buf_slice(&c->text));
	finish_collect(q, c);
}

void documents_visit(struct inquiry *q)
{
	ask(q, &(struct collect_want){ .visit = q->visit, .visit_ctx = q },
	    visit_done);
}

/* ---- documents that ask the workers ---------------------------------------- */

static struct json_writer writer(struct inquiry *q)
{
	struct json_writer w;

	json_init(&w, &q->body, q->indent);
	return w;
}

static void varz_done(struct collect *c)
{
	struct inquiry    *q = c->ctx;
	struct json_writer w = writer(q);

	fill_varz(q->documents, c, q->now_ns, &q->varz);
	varz_write(&q->varz, &w);
	finish_collect(q, c);
}

void documents_varz(struct inquiry *q)
{
	struct collect_want want = { 0 };

	ask_and_report(q, &want, REPORT_SUMMARY, varz_done);
}

static void connz_done(struct collect *c)
{
	struct inquiry    *q = c->ctx;
	struct documents  *d = q->documents;
	struct json_writer w = writer(q);

	connz_write(&(struct connz){ .server_id = d->identity.server_id,
	    .account_is_unknown = q->connz.account.n > 0 &&
	    accounts_find(d->shared->accounts, q->connz.account) == NULL },
	    &c->clients, &w);
	finish_collect(q, c);
}

void documents_connz(struct inquiry *q)
{
	ask(q, &(struct collect_want){ .connz = &q->connz }, connz_done);
}

static void subsz_done(struct collect *c)
{
	struct inquiry    *q = c->ctx;
	struct documents  *d = q->documents;
	struct json_writer w = writer(q);
	struct account    *one = NULL;
	struct subsz       s = {
		.server_id = d->identity.server_id,
		.now = q->now_ns,
		.options = q->subsz,
		.total = c->n_subs,
		.lists = c->sub_lists,
		.n_lists = c->n_workers,
	};

	if (q->subsz.account.n > 0)
		one = accounts_find(d->shared->accounts, q->subsz.account);
	if (q->subsz.account.n == 0) {
		fill_subsz(d, &c->matches, &s.stats);
	} else if (one != NULL) {
		add_sublist(one, &s.stats);
		put_matches(&c->matches, &s.stats);
	}
	subsz_write(&s, &w);
	finish_collect(q, c);
}

void documents_subsz(struct inquiry *q)
{
	ask(q, &(struct collect_want){ .subsz = &q->subsz }, subsz_done);
}

/* ---- documents about accounts ---------------------------------------------- */

static struct accountz accounts_of(const struct inquiry *q,
    struct account_stats *at, size_t n)
{
	const struct varz *v = &q->documents->identity;

	return (struct accountz){ .server_id = v->server_id,
		.system_account = v->system_account, .now = q->now_ns,
		.accounts = at, .n_accounts = n };
}

static enum document_outcome write_accountz(struct inquiry *q,
    bool has_jetstream)
{
	struct json_writer    w = writer(q);
	struct account       *a = q->account.n == 0 ? NULL
	    : accounts_find(q->documents->shared->accounts, q->account);
	struct account_stats  one, *at = &one, *all = NULL;
	struct detail         detail = { 0 };
	struct accountz       list;
	size_t                n = 0;
	bool                  is_known;

	if (q->account.n == 0) {
		n = list_accounts(q->documents, NULL, SLICE_NONE, &all);
		at = all;
	} else if (a != NULL) {
		account_stats_fill(a, &one);
		detail_open(&detail, a, q->documents->resolver);
		one.detail = &detail.told;
		one.has_jetstream = has_jetstream;
		n = 1;
	}
	list = accounts_of(q, at, n);
	is_known = accountz_write(&list, q->account, &w, &q->body);
	detail_close(&detail);
	free(all);
	return is_known ? DOCUMENT_TOLD : DOCUMENT_REFUSED;
}

static enum document_outcome write_account(struct inquiry *q,
    bool has_jetstream)
{
	struct account      *a = accounts_find(q->documents->shared->accounts,
	    q->account);
	struct json_writer   w = writer(q);
	struct detail        detail;
	struct account_stats stats;

	if (a == NULL) {
		buf_printf(&q->body, "Account %.*s does not exist",
		    SLICE_ARG(q->account));
		return DOCUMENT_REFUSED;
	}
	account_stats_fill(a, &stats);
	detail_open(&detail, a, q->documents->resolver);
	stats.detail = &detail.told;
	stats.has_jetstream = has_jetstream;
	account_detail_write(&stats, &w);
	detail_close(&detail);
	return DOCUMENT_TOLD;
}

static bool is_enabled(const struct collect *c)
{
	return report_of(c) != NULL && c->report->has_account;
}

static void accountz_done(struct collect *c)
{
	struct inquiry *q = c->ctx;

	finish_with(q, c, write_accountz(q, is_enabled(c)));
}

static void account_done(struct collect *c)
{
	struct inquiry *q = c->ctx;

	finish_with(q, c, write_account(q, is_enabled(c)));
}

static struct report_wish access_of(const struct inquiry *q)
{
	return (struct report_wish){ .kind = REPORT_ACCESS,
		.options.account = q->account };
}

void documents_accountz(struct inquiry *q)
{
	struct report_wish wish = access_of(q);

	if (has_jetstream(q) && q->account.n > 0)
		ask_for_report(q, &wish, accountz_done);
	else
		q->done(q, write_accountz(q, false));
}

void documents_account(struct inquiry *q)
{
	struct report_wish wish = access_of(q);

	if (has_jetstream(q))
		ask_for_report(q, &wish, account_done);
	else
		q->done(q, write_account(q, false));
}

static bool is_used(const struct account_stats *a)
{
	return a->conns + a->leafnodes > 0;
}

void documents_accstatz(struct inquiry *q)
{
	struct json_writer    w = writer(q);
	struct account_stats *all;
	size_t                n = list_accounts(q->documents, q->accounts,
	    q->account, &all);
	struct accountz       list = accounts_of(q, all, n);

	q->n = 0;
	for (size_t i = 0; i < n; i++)
		q->n += q->shows_unused || is_used(&all[i]);
	accstatz_write(&list, q->shows_unused, &w);
	free(all);
	tell(q);
}

/* ---- documents that need nobody --------------------------------------------- */

void documents_routez(struct inquiry *q)
{
	const struct varz *v = &q->documents->identity;
	struct json_writer w = writer(q);

	routez_write(v->server_id, v->server_name, q->now_ns, &w);
	tell(q);
}

void documents_gatewayz(struct inquiry *q)
{
	struct json_writer w = writer(q);

	gatewayz_write(q->documents->identity.server_id, q->now_ns, &w);
	tell(q);
}

void documents_leafz(struct inquiry *q)
{
	struct json_writer w = writer(q);

	leafz_write(q->documents->identity.server_id, q->now_ns, &w);
	tell(q);
}

/* ---- JetStream ---------------------------------------------------------------- */

/* It cannot lead where it is off. */
static enum document_outcome write_disabled(struct inquiry *q)
{
	struct json_writer w = writer(q);

	if (q->jsz.leader_only) {
		buf_put_str(&q->body, "filtered response: not leader");
		return DOCUMENT_NOT_MEANT;
	}
	jsz_write_disabled(q->documents->identity.server_id, q->now_ns, &w);
	return DOCUMENT_TOLD;
}

static void jsz_done(struct collect *c)
{
	struct inquiry      *q = c->ctx;
	const struct report *r = report_of(c);

	if (r == NULL) {
		finish_with(q, c, write_disabled(q));
		return;
	}
	buf_put_slice(&q->body, buf_slice(&r->text));
	finish_collect(q, c);
}

void documents_jsz(struct inquiry *q)
{
	if (has_jetstream(q))
		ask_for_report(q, &(struct report_wish){
		    .kind = REPORT_DOCUMENT, .options = q->jsz,
		    .server_id = q->documents->identity.server_id,
		    .now_ns = q->now_ns, .indent = q->indent }, jsz_done);
	else
		q->done(q, write_disabled(q));
}

static enum document_outcome refuse_account(struct inquiry *q,
    const char *what)
{
	buf_put_str(&q->body, "account ");
	text_put_quoted(&q->body, q->jsz.account);
	buf_put_str(&q->body, what);
	return DOCUMENT_REFUSED;
}

static enum document_outcome refuse_jetstream(struct inquiry *q)
{
	buf_put_str(&q->body, "jetstream not enabled");
	return DOCUMENT_REFUSED;
}

static void account_jsz_done(struct collect *c)
{
	struct inquiry      *q = c->ctx;
	const struct report *r = report_of(c);

	if (r == NULL) {
		finish_with(q, c, refuse_jetstream(q));
	} else if (!r->has_account) {
		finish_with(q, c, refuse_account(q, " not jetstream enabled"));
	} else {
		buf_put_slice(&q->body, buf_slice(&r->text));
		finish_collect(q, c);
	}
}

void documents_account_jsz(struct inquiry *q)
{
	if (!has_jetstream(q))
		q->done(q, refuse_jetstream(q));
	else if (accounts_find(q->documents->shared->accounts,
	    q->jsz.account) == NULL)
		q->done(q, refuse_account(q, " not found"));
	else
		ask_for_report(q, &(struct report_wish){
		    .kind = REPORT_ACCOUNT, .options = q->jsz,
		    .indent = q->indent }, account_jsz_done);
}

/* ---- health -------------------------------------------------------------------- */

static void write_healthz(struct inquiry *q, const struct healthz_verdict *v)
{
	struct json_writer w = writer(q);

	q->status = v->status;
	q->why = v->why;
	healthz_write(&q->healthz, v, q->tells_status, &w);
}

static void healthz_done(struct collect *c)
{
	struct inquiry        *q = c->ctx;
	const struct report   *r = report_of(c);
	bool                   is_known = r != NULL &&
	    !q->healthz.enabled && !q->healthz.enabled_only;
	struct healthz_verdict v = r == NULL ? healthz_no_jetstream
	    : healthz_ok;

	if (is_known && r->status != v.status)
		v = (struct healthz_verdict){ r->status, "unavailable",
			buf_slice(&r->why), buf_slice(&r->errors) };
	write_healthz(q, &v);
	finish_collect(q, c);
}

void documents_healthz(struct inquiry *q)
{
	const struct healthz_options *o = &q->healthz;
	bool asks_no_more = o->enabled || o->enabled_only;
	struct healthz_verdict v;
	bool is_wrong = healthz_is_wrong(o, q->documents->is_ready, &v);

	if (!is_wrong && !o->server_only && has_jetstream(q)) {
		ask_for_report(q, &(struct report_wish){
		    .kind = asks_no_more ? REPORT_ACCESS : REPORT_HEALTH,
		    .options.account = o->account, .stream = o->stream,
		    .consumer = o->consumer }, healthz_done);
		return;
	}
	write_healthz(q, is_wrong ? &v : &healthz_ok);
	tell(q);
}

/* ---- life -------------------------------------------------------------------- */

struct documents *documents_create(struct loop *loop,
    struct session_shared *shared)
{
	struct documents *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->loop = loop;
	d->shared = shared;
	list_init(&d->collects);
	process_cpu_percent(&d->sampler, clock_ns(), clock_cpu_ns());
	return d;
}

void documents_destroy(struct documents *d)
{
	if (d == NULL)
		return;
	LIST_EACH (l, &d->collects) {
		struct collect *c = CONTAINER_OF(l, struct collect, link);
		struct inquiry *q = c->ctx;

		q->forget(q);
		collect_destroy(c);
	}
	free(d);
}

void documents_set_identity(struct documents *d, const struct varz *identity)
{
	const struct varz_hits *hits = d->identity.http_req_stats;
	size_t                  n = d->identity.n_http_req_stats;

	d->identity = *identity;
	documents_set_hits(d, hits, n);
}

const struct varz *documents_identity(const struct documents *d)
{
	return &d->identity;
}

void documents_set_hits(struct documents *d, const struct varz_hits *hits,
    size_t n)
{
	d->identity.http_req_stats = hits;
	d->identity.n_http_req_stats = n;
}

void documents_set_resolver(struct documents *d, struct resolver *r)
{
	d->resolver = r;
}

void documents_set_jetstream(struct documents *d,
    const struct collect_jetstream *j)
{
	d->jetstream = *j;
}

void documents_set_ready(struct documents *d, bool is_ready)
{
	d->is_ready = is_ready;
}

bool documents_is_ready(const struct documents *d)
{
	return d->is_ready;
}
