/* mon/monitor.c - a table of endpoints, and what each has to fetch. */
#include "mon/monitor.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "mon/accountz.h"
#include "mon/connz.h"
#include "mon/documents.h"
#include "mon/healthz.h"
#include "mon/http.h"
#include "mon/internalsz.h"
#include "mon/jsz.h"
#include "mon/metrics.h"
#include "mon/path.h"
#include "mon/process.h"
#include "mon/query.h"
#include "mon/root.h"
#include "mon/subsz.h"
#include "mon/varz.h"
#include "net/conn.h"

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
	struct documents      *documents;
	struct monitor_config  config;
	struct varz_hits       hits[N_HITS];
};

/* One request, until it is answered. */
struct request {
	struct inquiry        inquiry;		/* first */
	struct monitor       *monitor;
	struct http_exchange *exchange;
	struct http_response  response;
	struct query          query;
};

/* ---- answers ------------------------------------------------------------ */

static const char json_type[] = "application/json";
static const char text_type[] = "text/plain; charset=utf-8";

/* Where the answer is built. */
static struct buf *body(struct request *r)
{
	return &r->inquiry.body;
}

static void finish(struct request *r)
{
	r->response.body = r->inquiry.body;
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

/* ---- documents ----------------------------------------------------------- */

static void forget(struct inquiry *q)
{
	buf_fini(&q->body);
	free(q);
}

static void document_done(struct inquiry *q, enum document_outcome how)
{
	struct request *r = (struct request *)q;

	r->response.status = q->status;
	if (how == DOCUMENT_TOLD)
		finish_json(r);
	else
		finish_text(r, how == DOCUMENT_BUSY ? 503 : 400);
}

/* The options are read: is_sound says whether they could be. */
static void tell(struct request *r, bool is_sound,
    void (*document)(struct inquiry *q))
{
	if (is_sound)
		document(&r->inquiry);
	else
		finish_text(r, 400);
}

static void serve_varz(struct request *r)
{
	documents_varz(&r->inquiry);
}

static void metrics_done(struct inquiry *q, enum document_outcome how)
{
	struct request       *r = (struct request *)q;
	struct accountz       accounts = { .now = q->now_ns };
	struct account_stats *all;

	if (how != DOCUMENT_TOLD) {
		document_done(q, how);
		return;
	}
	accounts.n_accounts = documents_list_accounts(q->documents, &all);
	accounts.accounts = all;
	q->sums.total = q->sums.limit = q->sums.num_connections;
	metrics_write(&(struct metrics){ r->monitor->config.metrics_prefix,
	    &q->varz, &q->subs, &q->sums, &accounts,
	    q->report, documents_is_ready(q->documents) }, body(r));
	free(all);
	r->response.status = 200;
	r->response.content_type = "text/plain; version=0.0.4; charset=utf-8";
	finish(r);
}

static void serve_metrics(struct request *r)
{
	r->inquiry.done = metrics_done;
	documents_sum(&r->inquiry);
}

static void serve_connz(struct request *r)
{
	tell(r, connz_options_read(&r->query, &r->inquiry.connz, body(r)),
	    documents_connz);
}

static void serve_subsz(struct request *r)
{
	tell(r, subsz_options_read(&r->query, &r->inquiry.subsz, body(r)),
	    documents_subsz);
}

static void serve_accountz(struct request *r)
{
	r->inquiry.account = query_str(&r->query, "acc");
	documents_accountz(&r->inquiry);
}

static void serve_accstatz(struct request *r)
{
	tell(r, query_bool(&r->query, "unused", &r->inquiry.shows_unused,
	    body(r)), documents_accstatz);
}

static void serve_routez(struct request *r)
{
	bool lists, details;

	tell(r, query_subs(&r->query, &lists, &details, body(r)),
	    documents_routez);
}

static void serve_gatewayz(struct request *r)
{
	bool lists, details, accounts;

	tell(r, query_subs(&r->query, &lists, &details, body(r)) &&
	    query_bool(&r->query, "accs", &accounts, body(r)),
	    documents_gatewayz);
}

static void serve_leafz(struct request *r)
{
	bool lists;

	tell(r, query_bool(&r->query, "subs", &lists, body(r)),
	    documents_leafz);
}

static void serve_jsz(struct request *r)
{
	tell(r, jsz_options_read(&r->query, &r->inquiry.jsz, body(r)),
	    documents_jsz);
}

/* Said in the log as well, where one looks later for when it began. */
static void healthz_done(struct inquiry *q, enum document_outcome how)
{
	if (how == DOCUMENT_TOLD && q->status == 503)
		log_warn("Healthcheck failed: \"%.*s\"", SLICE_ARG(q->why));
	document_done(q, how);
}

static void serve_healthz(struct request *r)
{
	r->inquiry.indent = 0;
	r->inquiry.done = healthz_done;
	tell(r, healthz_options_read(&r->query, &r->inquiry.healthz, body(r)),
	    documents_healthz);
}

/* ---- what needs nobody -------------------------------------------------- */

static void serve_root(struct request *r)
{
	root_write(r->monitor->config.base_path,
	    documents_identity(r->monitor->documents)->mote_version, body(r));
	r->response.status = 200;
	r->response.content_type = "text/html; charset=utf-8";
	finish(r);
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
	r->inquiry = (struct inquiry){ .documents = r->monitor->documents,
	    .done = document_done, .forget = forget,
	    .now_ns = clock_wall_ns(), .indent = 2 };
	query_parse(q->query, &r->query);
	if (!redirect(r, q))
		route(r, q->path);
}

/* ---- life --------------------------------------------------------------- */

struct monitor *monitor_create(struct conn_pool *pool, int listen_fd,
    const struct http_limits *limits, const struct monitor_config *config)
{
	struct monitor *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	m->pool = pool;
	m->config = *config;
	m->documents = config->documents;
	for (size_t i = 0; i < N_HITS; i++)
		m->hits[i].path = hit_paths[i];
	m->http = http_create(pool, listen_fd, limits, serve, m);
	if (m->http == NULL) {
		free(m);
		return NULL;
	}
	documents_set_hits(m->documents, m->hits, N_HITS);
	return m;
}

void monitor_set_tls(struct monitor *m, struct tls_context *tls)
{
	http_set_tls(m->http, tls);
}

void monitor_destroy(struct monitor *m)
{
	if (m == NULL)
		return;
	http_destroy(m->http);
	free(m);
}
