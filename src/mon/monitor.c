/* mon/monitor.c - a table of endpoints, and what each has to fetch. */
#include "mon/monitor.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/list.h"
#include "core/account.h"
#include "core/accounts.h"
#include "core/sublist.h"
#include "mon/accountz.h"
#include "mon/collect.h"
#include "mon/connz.h"
#include "mon/healthz.h"
#include "mon/http.h"
#include "mon/internalsz.h"
#include "mon/jsz.h"
#include "mon/linksz.h"
#include "mon/metrics.h"
#include "mon/path.h"
#include "mon/process.h"
#include "mon/query.h"
#include "mon/root.h"
#include "mon/subsz.h"
#include "mon/varz.h"
#include "net/conn.h"
#include "net/loop.h"

/* Asking the workers is work for them: so many at a time, the rest is told to
 * come back.  Fewer than connections, so that /healthz stays reachable. */
enum { COLLECTS_MAX = 16 };

/* Rows of "http_req_stats", in order of path. */
enum hit {
	HIT_ROOT, HIT_ACCOUNTZ, HIT_ACCSTATZ, HIT_CONNZ, HIT_GATEWAYZ,
	HIT_HEALTHZ, HIT_JSZ, HIT_LEAFZ, HIT_ROUTEZ, HIT_SUBSZ, HIT_VARZ,
	N_HITS,
	HIT_NONE = N_HITS	/* not counted */
};

static const char *const hit_paths[N_HITS] = {
	"/", "/accountz", "/accstatz", "/connz", "/gatewayz", "/healthz",
	"/jsz", "/leafz", "/routez", "/subsz", "/varz",
};

struct monitor {
	struct conn_pool      *pool;
	struct http_server    *http;
	struct monitor_config  config;
	struct varz            identity;
	struct varz_hits       hits[N_HITS];
	struct process_sampler sampler;
	struct list            collects;	/* under way */
	unsigned               n_collects;
	bool                   is_ready;
};

/* One request, until it is answered. */
struct request {
	struct monitor       *monitor;
	struct http_exchange *exchange;
	struct http_response  response;
	int64_t               now_ns;		/* since 1970 */
	bool                  shows_unused;	/* /accstatz */
	struct connz_options  connz;
	struct subsz_options  subsz;
	struct json_writer    writer;
	struct query          query;
};

/* ---- answers ------------------------------------------------------------ */

static const char json_type[] = "application/json";
static const char text_type[] = "text/plain; charset=utf-8";

static struct buf *body(struct request *r)
{
	return &r->response.body;
}

static struct json_writer *json_body(struct request *r)
{
	json_init(&r->writer, body(r), 2);
	return &r->writer;
}

static void finish(struct request *r)
{
	http_answer(r->exchange, &r->response);
	free(r);
}

static void finish_json(struct request *r)
{
	r->response.status = r->response.status == 0 ? 200 : r->response.status;
	r->response.content_type = json_type;
	r->response.allows_origin = true;
	finish(r);
}

/* The body so far is the reason. */
static void finish_text(struct request *r, unsigned status)
{
	r->response.status = status;
	r->response.content_type = text_type;
	finish(r);
}

static void finish_not_found(struct request *r)
{
	buf_put_str(body(r), "404 page not found\n");
	r->response.is_nosniff = true;
	finish_text(r, 404);
}

static struct slice server_id(const struct request *r)
{
	return r->monitor->identity.server_id;
}

/* ---- asking the workers ------------------------------------------------- */

static void drop_collect(struct monitor *m, struct collect *c)
{
	list_remove(&c->link);
	m->n_collects--;
	collect_destroy(c);
}

/* What is told comes out of a document writer; this is the common frame. */
static void finish_collect(struct request *r, struct collect *c)
{
	bool failed = c->failed;

	drop_collect(r->monitor, c);
	if (failed)
		body(r)->failed = true;		/* a 503 rather than half */
	finish_json(r);
}

static void ask(struct request *r, const struct collect_want *want,
    void (*done)(struct collect *c))
{
	struct monitor *m = r->monitor;
	struct collect *c = NULL;

	if (m->n_collects < COLLECTS_MAX)
		c = collect_start(m->pool->loop, m->config.shared->n_workers,
		    want, r->now_ns, done, r);
	if (c == NULL) {
		buf_put_str(body(r), "too many requests are being answered");
		finish_text(r, 503);
		return;
	}
	list_append(&m->collects, &c->link);
	m->n_collects++;
}

/* ---- numbers of several documents --------------------------------------- */

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

static void fill_subsz(const struct monitor *m, const struct match_stats *match,
    struct subsz_stats *ret)
{
	*ret = (struct subsz_stats){ 0 };
	accounts_each(m->config.shared->accounts, add_subs, ret);
	put_matches(match, ret);
}

static void fill_account(const struct account *a, struct account_stats *ret)
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
	struct accountz       list;
};

static bool add_account(void *ctx, struct account *a)
{
	struct account_list *x = ctx;

	if (x->n < x->cap)
		fill_account(a, &x->at[x->n++]);
	return true;
}

static int compare_names(const void *x, const void *y)
{
	const struct account_stats *a = x, *b = y;

	return slice_cmp(a->name, b->name);
}

/* Without memory there are none in it. */
static void fill_accounts(const struct monitor *m, int64_t now_ns,
    struct account_list *ret)
{
	struct accounts *all = m->config.shared->accounts;

	*ret = (struct account_list){ .cap = accounts_count(all) };
	ret->at = calloc(ret->cap, sizeof *ret->at);
	if (ret->at == NULL)
		ret->cap = 0;
	accounts_each(all, add_account, ret);
	if (ret->n > 1)
		qsort(ret->at, ret->n, sizeof *ret->at, compare_names);
	ret->list = (struct accountz){
		.server_id = m->identity.server_id,
		.system_account = m->identity.system_account,
		.now = now_ns,
		.accounts = ret->at,
		.n_accounts = ret->n,
	};
}

static void fill_process(struct monitor *m, struct varz *v)
{
	v->mem = process_resident();
	v->cores = process_n_cores();
	v->gomaxprocs = m->config.shared->n_workers;
	v->cpu = process_cpu_percent(&m->sampler, clock_ns(), clock_cpu_ns());
}

static void fill_varz(struct monitor *m, const struct collect *c,
    int64_t now_ns, struct varz *v)
{
	const struct hub_stats *s = &c->stats;
	struct subsz_stats      subs;

	*v = m->identity;
	fill_process(m, v);
	fill_subsz(m, &c->matches, &subs);
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
	v->subscriptions = subs.num_subscriptions;
	v->http_req_stats = m->hits;
	v->n_http_req_stats = N_HITS;
}

/* ---- /varz, /metrics ---------------------------------------------------- */

static void varz_done(struct collect *c)
{
	struct request *r = c->ctx;
	struct varz     v;

	fill_varz(r->monitor, c, r->now_ns, &v);
	varz_write(&v, json_body(r));
	finish_collect(r, c);
}

static void serve_varz(struct request *r)
{
	ask(r, &(struct collect_want){ 0 }, varz_done);
}

static void metrics_done(struct collect *c)
{
	struct request      *r = c->ctx;
	struct monitor      *m = r->monitor;
	struct account_list  accounts;
	struct subsz_stats   subs;
	struct varz          v;

	fill_varz(m, c, r->now_ns, &v);
	fill_subsz(m, &c->matches, &subs);
	fill_accounts(m, r->now_ns, &accounts);
	c->sums.total = c->sums.limit = c->sums.num_connections;
	metrics_write(&(struct metrics){ m->config.metrics_prefix, &v, &subs,
	    &c->sums, &accounts.list, m->is_ready }, body(r));
	free(accounts.at);
	drop_collect(m, c);
	r->response.status = 200;
	r->response.content_type = "text/plain; version=0.0.4; charset=utf-8";
	finish(r);
}

static void serve_metrics(struct request *r)
{
	ask(r, &(struct collect_want){ .sums_clients = true }, metrics_done);
}

/* ---- /connz, /subsz ----------------------------------------------------- */

static bool has_account(const struct monitor *m, struct slice name)
{
	return name.n == 0 ||
	    accounts_find(m->config.shared->accounts, name) != NULL;
}

static void connz_done(struct collect *c)
{
	struct request *r = c->ctx;

	connz_write(&(struct connz){ .server_id = server_id(r),
	    .account_is_unknown = !has_account(r->monitor, r->connz.account) },
	    &c->clients, json_body(r));
	finish_collect(r, c);
}

static void serve_connz(struct request *r)
{
	if (!connz_options_read(&r->query, &r->connz, body(r))) {
		finish_text(r, 400);
		return;
	}
	ask(r, &(struct collect_want){ .connz = &r->connz }, connz_done);
}

static void subsz_done(struct collect *c)
{
	struct request *r = c->ctx;
	struct subsz    s = {
		.server_id = server_id(r),
		.now = r->now_ns,
		.options = r->subsz,
		.total = c->n_subs,
		.lists = c->sub_lists,
		.n_lists = c->n_workers,
	};

	struct accounts *all = r->monitor->config.shared->accounts;
	struct account  *one = accounts_find(all, r->subsz.account);

	if (r->subsz.account.n == 0) {
		fill_subsz(r->monitor, &c->matches, &s.stats);
	} else if (one != NULL) {
		add_sublist(one, &s.stats);
		put_matches(&c->matches, &s.stats);
	}
	subsz_write(&s, json_body(r));
	finish_collect(r, c);
}

static void serve_subsz(struct request *r)
{
	if (!subsz_options_read(&r->query, &r->subsz, body(r))) {
		finish_text(r, 400);
		return;
	}
	ask(r, &(struct collect_want){ .subsz = &r->subsz }, subsz_done);
}

/* ---- /accountz, /accstatz ----------------------------------------------- */

static void serve_accountz(struct request *r)
{
	struct account_list a;
	bool                is_known;

	fill_accounts(r->monitor, r->now_ns, &a);
	is_known = accountz_write(&a.list, query_str(&r->query, "acc"),
	    json_body(r), body(r));
	free(a.at);
	if (is_known)
		finish_json(r);
	else
		finish_text(r, 400);
}

static void serve_accstatz(struct request *r)
{
	struct account_list a;

	if (!query_bool(&r->query, "unused", &r->shows_unused, body(r))) {
		finish_text(r, 400);
		return;
	}
	fill_accounts(r->monitor, r->now_ns, &a);
	accstatz_write(&a.list, r->shows_unused, json_body(r));
	free(a.at);
	finish_json(r);
}

/* ---- what needs nobody -------------------------------------------------- */

static void serve_root(struct request *r)
{
	root_write(r->monitor->config.base_path,
	    r->monitor->identity.mote_version, body(r));
	r->response.status = 200;
	r->response.content_type = "text/html; charset=utf-8";
	finish(r);
}

static void serve_routez(struct request *r)
{
	bool lists, details;

	if (!query_subs(&r->query, &lists, &details, body(r))) {
		finish_text(r, 400);
		return;
	}
	routez_write(server_id(r), r->monitor->identity.server_name, r->now_ns,
	    json_body(r));
	finish_json(r);
}

static void serve_gatewayz(struct request *r)
{
	bool lists, details, accounts;

	if (!query_subs(&r->query, &lists, &details, body(r)) ||
	    !query_bool(&r->query, "accs", &accounts, body(r))) {
		finish_text(r, 400);
		return;
	}
	gatewayz_write(server_id(r), r->now_ns, json_body(r));
	finish_json(r);
}

static void serve_leafz(struct request *r)
{
	bool lists;

	if (!query_bool(&r->query, "subs", &lists, body(r))) {
		finish_text(r, 400);
		return;
	}
	leafz_write(server_id(r), r->now_ns, json_body(r));
	finish_json(r);
}

static void serve_jsz(struct request *r)
{
	if (!jsz_options_check(&r->query, body(r))) {
		finish_text(r, 400);
		return;
	}
	jsz_write_disabled(server_id(r), r->now_ns, json_body(r));
	finish_json(r);
}

static void serve_healthz(struct request *r)
{
	struct healthz_options o;

	if (!healthz_options_read(&r->query, &o, body(r))) {
		finish_text(r, 400);
		return;
	}
	r->response.status = healthz_write(&o, r->monitor->is_ready,
	    false, JSON_INTO(body(r), 0));
	finish_json(r);
}

static void serve_ipqueuesz(struct request *r)
{
	bool all;

	if (!query_bool(&r->query, "all", &all, body(r))) {
		finish_text(r, 400);
		return;
	}
	ipqueuesz_write(body(r));
	finish_json(r);
}

static void serve_raftz(struct request *r)
{
	buf_put_str(body(r), "No Raft nodes registered");
	finish_text(r, 404);
}

static void serve_stacksz(struct request *r)
{
	stacksz_write(body(r));
	finish_json(r);
}

static void serve_expvar(struct request *r)
{
	expvar_write(process_resident(), body(r));
	r->response.status = 200;
	r->response.content_type = "application/json; charset=utf-8";
	finish(r);
}

/* ---- routing ------------------------------------------------------------ */

static const struct endpoint {
	const char *path;
	enum hit    hit;
	void      (*serve)(struct request *r);
} endpoints[] = {
	{ "/",               HIT_ROOT,     serve_root },
	{ "/varz",           HIT_VARZ,     serve_varz },
	{ "/connz",          HIT_CONNZ,    serve_connz },
	{ "/routez",         HIT_ROUTEZ,   serve_routez },
	{ "/gatewayz",       HIT_GATEWAYZ, serve_gatewayz },
	{ "/leafz",          HIT_LEAFZ,    serve_leafz },
	{ "/subsz",          HIT_SUBSZ,    serve_subsz },
	{ "/subscriptionsz", HIT_SUBSZ,    serve_subsz },
	{ "/accountz",       HIT_ACCOUNTZ, serve_accountz },
	{ "/accstatz",       HIT_ACCSTATZ, serve_accstatz },
	{ "/jsz",            HIT_JSZ,      serve_jsz },
	{ "/healthz",        HIT_HEALTHZ,  serve_healthz },
	{ "/metrics",        HIT_NONE,     serve_metrics },
	{ "/stacksz",        HIT_NONE,     serve_stacksz },
	{ "/ipqueuesz",      HIT_NONE,     serve_ipqueuesz },
	{ "/raftz",          HIT_NONE,     serve_raftz },
	{ "/debug/vars",     HIT_NONE,     serve_expvar },
};

/* NULL: no such page.  path is decoded. */
static const struct endpoint *find_endpoint(struct slice base,
    struct slice path)
{
	if (!slice_has_prefix(path, base))
		return NULL;
	path = slice_skip(path, base.n);
	if (base.n > 0 && path.n == 0)
		return &endpoints[0];		/* "/nats", not "/nats/" */
	for (size_t i = base.n > 0; i < sizeof endpoints / sizeof endpoints[0];
	    i++)
		if (slice_eq(path, slice_str(endpoints[i].path)))
			return &endpoints[i];
	return NULL;
}

static void route(struct request *r, struct slice escaped_path)
{
	struct monitor        *m = r->monitor;
	const struct endpoint *e = NULL;
	char                   path[HTTP_HEAD_MAX];
	long                   n;

	/* The parser has limited its length. */
	assert(escaped_path.n <= sizeof path);
	n = percent_decode(escaped_path, false, path);
	if (n >= 0)
		e = find_endpoint(m->config.base_path, slice_of(path, (size_t)n));
	if (e == NULL) {
		finish_not_found(r);
		return;
	}
	if (e->hit != HIT_NONE)
		m->hits[e->hit].n++;
	e->serve(r);
}

/* "//varz" and "/a/../varz" have a proper name. */
static bool redirect(struct request *r, const struct http_request *q)
{
	struct buf location = { 0 };

	if (path_is_clean(q->path))
		return false;
	path_put_clean(q->path, &location);
	if (q->query.n > 0) {
		buf_put_char(&location, '?');
		buf_put_slice(&location, q->query);
	}
	if (q->is_head || slice_eq(q->method, SLICE("GET"))) {
		r->response.content_type = "text/html; charset=utf-8";
		buf_put_str(body(r), "<a href=\"");
		path_put_html(buf_slice(&location), body(r));
		buf_put_str(body(r), "\">Temporary Redirect</a>.\n\n");
	}
	buf_put_char(&location, '\0');
	body(r)->failed |= buf_failed(&location);
	r->response.status = 307;
	r->response.location = location.p;
	finish(r);
	buf_fini(&location);
	return true;
}

static void serve(void *ctx, struct http_exchange *x,
    const struct http_request *q)
{
	struct request *r = calloc(1, sizeof *r);

	if (r == NULL || slice_eq(q->path, SLICE("*"))) {
		http_answer(x, &(struct http_response){
		    .status = r == NULL ? 503 : 200 });
		free(r);
		return;
	}
	r->monitor = ctx;
	r->exchange = x;
	r->now_ns = clock_wall_ns();
	query_parse(q->query, &r->query);
	if (!redirect(r, q))
		route(r, q->path);
}

/* ---- life --------------------------------------------------------------- */

struct monitor *monitor_create(struct conn_pool *pool, int listen_fd,
    const struct http_limits *limits, const struct monitor_config *config,
    const struct varz *identity)
{
	struct monitor *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	m->pool = pool;
	m->config = *config;
	m->identity = *identity;
	list_init(&m->collects);
	for (size_t i = 0; i < N_HITS; i++)
		m->hits[i].path = hit_paths[i];
	process_cpu_percent(&m->sampler, clock_ns(), clock_cpu_ns());
	m->http = http_create(pool, listen_fd, limits, serve, m);
	if (m->http == NULL) {
		free(m);
		return NULL;
	}
	return m;
}

void monitor_set_identity(struct monitor *m, const struct varz *identity)
{
	m->identity = *identity;
}

void monitor_set_tls(struct monitor *m, struct tls_context *tls)
{
	http_set_tls(m->http, tls);
}

void monitor_set_ready(struct monitor *m, bool is_ready)
{
	m->is_ready = is_ready;
}

void monitor_destroy(struct monitor *m)
{
	if (m == NULL)
		return;
	LIST_EACH(l, &m->collects) {
		struct collect *c = CONTAINER_OF(l, struct collect, link);

		free(c->ctx);
		collect_destroy(c);
	}
	http_destroy(m->http);
	free(m);
}
