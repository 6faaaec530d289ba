/* server/monitoring.c - the monitoring port. */
#include "server/monitoring.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/epoch.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/options.h"
#include "core/accounts.h"
#include "mon/detail.h"
#include "mon/documents.h"
#include "mon/events.h"
#include "mon/http.h"
#include "mon/monitor.h"
#include "mon/sysreq.h"
#include "mon/varz.h"
#include "net/conn.h"
#include "net/tls.h"
#include "server/server_int.h"
#include "server/settings.h"
#include "server/settings_auth.h"
#include "server/settings_js.h"
#include "session/secure.h"
#include "session/version.h"

struct monitoring {
	struct documents *documents;
	struct conn_pool pool;
	struct monitor  *monitor;	/* NULL: no port; nor is there a pool */
	struct events   *events;	/* these: NULL without system account */
	struct sysreq   *sysreq;
	/* Our own: the options they came from go at a reload. */
	char            *host, *base_path, *prefix;
	uint16_t         port;
	bool             is_https;
	struct slice    *tags;
	struct slice    *metadata;	/* pairs */
	struct buf       claims;	/* of operators, as JSON */
};

/* ---- who we are ----------------------------------------------------------- */

static struct slices copy_tags(struct monitoring *m, const struct options *o)
{
	size_t n = o->server_tags.n;

	free(m->tags);
	m->tags = calloc(n + 1, sizeof *m->tags);
	if (m->tags == NULL)
		return (struct slices){ 0 };
	for (size_t i = 0; i < n; i++)
		m->tags[i] = o->server_tags.v[i];
	return (struct slices){ m->tags, n };
}

static int by_name(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static struct slices copy_metadata(struct monitoring *m,
    const struct options *o)
{
	size_t n = o->server_metadata.n;

	free(m->metadata);
	m->metadata = calloc(2 * n + 1, sizeof *m->metadata);
	if (m->metadata == NULL)
		return (struct slices){ 0 };
	for (size_t i = 0; i < n; i++) {
		m->metadata[2 * i] = o->server_metadata.v[i].name;
		m->metadata[2 * i + 1] = o->server_metadata.v[i].text;
	}
	qsort(m->metadata, n, 2 * sizeof *m->metadata, by_name);
	return (struct slices){ m->metadata, 2 * n };
}

static struct slice policy_text(const struct options *o)
{
	static const struct slice texts[] = {
		[WRITE_DEFAULT] = { "", 0 },
		[WRITE_CLOSE] = { "close", 5 },
		[WRITE_RETRY] = { "retry", 5 },
	};

	return texts[o->write_timeout];
}

/* 0: there is none. */
static int64_t cert_end_s(const struct server *s)
{
	int64_t end = s->secure == NULL ? INT64_MAX
	    : tls_context_not_after(s->secure->context);

	return end == INT64_MAX ? 0 : end;
}

static struct slice operator_claims(struct monitoring *m,
    const struct options *o)
{
	buf_reset(&m->claims);
	for (size_t i = 0; i < o->operators.n; i++) {
		buf_put_char(&m->claims, i == 0 ? '[' : ',');
		token_put_claims(o->operators.v[i], &m->claims);
	}
	if (o->operators.n > 0)
		buf_put_char(&m->claims, ']');
	return buf_failed(&m->claims) ? SLICE_NONE : buf_slice(&m->claims);
}

static void describe(struct server *s, struct varz *v)
{
	const struct options *o = s->options;
	struct monitoring    *m = s->monitoring;

	*v = (struct varz){
		.server_id = slice_str(s->identity.id),
		.server_name = o->server_name.n > 0 ? o->server_name
		    : slice_str(s->identity.id),
		.version = SLICE(NATS_VERSION),
		.mote_version = SLICE(MOTE_VERSION),
		.proto = 1,
		.go = SLICE("c11"),
		.host = slice_str(settings_host(o)),
		.port = s->port,
		.auth_required = options_has_credentials(o),
		.max_connections = o->max_connections,
		.max_subscriptions = o->max_subscriptions,
		.ping_interval = o->ping_interval,
		.ping_max = o->ping_max,
		.http_host = slice_str(m->host),
		.http_port = m->is_https ? 0 : m->port,
		.https_port = m->is_https ? m->port : 0,
		.http_base_path = o->http_base_path,
		.auth_timeout = (double)o->auth_timeout / 1e9,
		.max_control_line = o->max_control_line,
		.max_payload = o->max_payload,
		.max_pending = o->max_pending,
		.tls_required = s->secure != NULL && !s->secure->is_optional,
		.tls_verify = s->secure != NULL && s->secure->verifies,
		.tls_timeout = o->tls == NULL ? 2
		    : (double)o->tls->timeout_ns / 1e9,
		.tls_cert_not_after = cert_end_s(s) < INT64_MAX / NS_PER_S
		    ? cert_end_s(s) * NS_PER_S : INT64_MAX,
		.tls_cert_expiry = cert_end_s(s),
		.write_deadline = o->write_deadline,
		.write_timeout = policy_text(o),
		.start = s->started_ns,
		.config_load_time = s->config_loaded_ns,
		.config_digest = slice_str(s->digest),
		.tags = copy_tags(m, o),
		.metadata = copy_metadata(m, o),
		.trusted_operators_jwt = { o->operators.v, o->operators.n },
		.trusted_operators_claim = operator_claims(m, o),
		.trusted_proxies = { o->proxies.v, o->proxies.n },
		.system_account = server_system_account(s),
		.workers = s->n_workers,
		.has_jetstream = o->js_enabled,
		.js_domain = o->js_domain,
		.js_ack_fc_v2 = settings_has_flag(o, SLICE("js_ack_fc_v2")),
	};
}

/* Before the loops run the events have nothing newer to hear. */
void monitoring_refresh(struct server *s)
{
	struct monitoring *m = s->monitoring;
	struct varz        v;

	describe(s, &v);
	documents_set_identity(m->documents, &v);
	if (m->events != NULL && loop_epoch(s->control) != NULL)
		events_refresh(m->events, SLICE_NONE);
}

void monitoring_set_tls(struct server *s, struct tls_context *tls)
{
	monitor_set_tls(s->monitoring->monitor, tls);
}

bool monitoring_is_https(const struct server *s)
{
	return s->monitoring != NULL && s->monitoring->is_https;
}

/* ---- life ----------------------------------------------------------------- */

static bool keep_strings(struct monitoring *m, const struct options *o)
{
	m->host = strdup(o->http_host.n > 0 ? o->http_host.p
	    : settings_host(o));
	m->base_path = strdup(o->http_base_path.n > 0 ? o->http_base_path.p
	    : "");
	m->prefix = strdup(o->prometheus_prefix.n > 0
	    ? o->prometheus_prefix.p : "nats");
	return m->host != NULL && m->base_path != NULL && m->prefix != NULL;
}

/* Handshakes go on, and what they kept back goes out. */
static void end_turn(void *ctx)
{
	struct monitoring *m = ctx;

	conn_pool_go_on(&m->pool);
	conn_pool_flush(&m->pool);
}

static int open_https(struct server *s, struct buf *why)
{
	struct tls_context *tls;
	int                 err = settings_https(s->options, &tls, why);

	if (err == 0)
		monitoring_set_tls(s, tls);
	return err;
}

static int open_monitor(struct server *s, struct monitoring *m, int fd)
{
	struct monitor_config conf = {
		.documents = m->documents,
		.base_path = slice_str(m->base_path),
		.metrics_prefix = slice_str(m->prefix),
	};

	if (conn_pool_init(&m->pool, s->control) != 0)
		return ERR_NOMEM;
	m->monitor = monitor_create(&m->pool, fd, &http_limits_default,
	    &conf);
	loop_set_hooks(s->control, &(struct loop_hooks){ end_turn, m });
	return m->monitor == NULL ? ERR_NOMEM : 0;
}

static int open_port(struct server *s, struct monitoring *m, struct buf *why)
{
	const struct options *o = s->options;
	struct buf            reason = { 0 };
	int                   fd;
	int64_t port = o->https_port != 0 ? o->https_port : o->http_port;

	if (o->http_port != 0 && o->https_port != 0) {
		buf_printf(why, "Can't start monitoring: can't specify both "
		    "HTTP (%lld) and HTTPs (%lld) ports",
		    (long long)o->http_port, (long long)o->https_port);
		return ERR_CONFIG;
	}
	if (port == 0)
		return 0;
	if (o->https_port != 0 && (o->tls == NULL || o->tls->n_pairs == 0)) {
		buf_put_str(why, "Can't start monitoring: TLS cert and key "
		    "required for HTTPS");
		return ERR_CONFIG;
	}
	m->is_https = o->https_port != 0;
	m->port = (uint16_t)(port < 0 ? 0 : port);
	fd = listen_open(m->host, &m->port, &reason);
	if (fd < 0) {
		buf_printf(why, "Can't start monitoring: can't listen to the "
		    "monitor port: %.*s", SLICE_ARG(buf_slice(&reason)));
		buf_fini(&reason);
		return ERR_IO;
	}
	if (open_monitor(s, m, fd) != 0) {
		close(fd);
		return ERR_NOMEM;
	}
	log_notice("Starting %s monitor on %s:%u", m->is_https ? "https"
	    : "http", m->host, m->port);
	return m->is_https ? open_https(s, why) : 0;
}

int monitoring_open(struct server *s, struct buf *why)
{
	struct monitoring *m = s->monitoring = calloc(1, sizeof *m);

	if (m == NULL || !keep_strings(m, s->options))
		return ERR_NOMEM;
	m->documents = documents_create(s->control, &s->shared);
	if (m->documents == NULL)
		return ERR_NOMEM;
	return open_port(s, m, why);
}

static void request_reload(void *ctx)
{
	server_request(ctx, REQUEST_RELOAD);
}

int monitoring_open_system(struct server *s)
{
	struct monitoring   *m = s->monitoring;
	struct epoch_thread *e;

	monitoring_refresh(s);		/* the client port is known by now */
	documents_set_resolver(m->documents, s->resolver);
	if (accounts_system(s->shared.accounts) == NULL)
		return 0;
	e = epoch_join();
	if (e == NULL)
		return ERR_NOMEM;
	m->events = events_create(s->control, &s->shared, m->documents);
	if (m->events != NULL)
		m->sysreq = sysreq_create(&(struct sysreq_config){ s->control,
		    &s->shared, m->documents, m->events, request_reload, s },
		    e);
	epoch_leave(e);
	return m->sysreq == NULL ? ERR_NOMEM : 0;
}

void monitoring_set_jetstream(struct server *s,
    const struct collect_jetstream *j)
{
	documents_set_jetstream(s->monitoring->documents, j);
}

void monitoring_start(struct server *s)
{
	documents_set_ready(s->monitoring->documents, true);
	if (s->monitoring->events != NULL)
		events_start(s->monitoring->events);
}

unsigned monitoring_port(const struct server *s)
{
	return s->monitoring == NULL || s->monitoring->monitor == NULL ? 0
	    : s->monitoring->port;
}

void monitoring_reloaded(struct server *s, struct slice why)
{
	if (s->monitoring->sysreq != NULL)
		sysreq_reloaded(s->monitoring->sysreq, why);
}

struct server_info monitoring_stamp(struct server *s)
{
	return events_stamp(s->monitoring->events);
}

bool monitoring_say_leaving(struct server *s, const char *how)
{
	return s->monitoring->events != NULL &&
	    events_say_leaving(s->monitoring->events, how);
}

static void close_system(struct monitoring *m)
{
	struct epoch_thread *e = m->sysreq == NULL ? NULL : epoch_join();

	/* Without one they stay, and so must the account. */
	if (e != NULL) {
		sysreq_destroy(m->sysreq, e);
		epoch_leave(e);
	}
	events_destroy(m->events);
}

void monitoring_close(struct server *s)
{
	struct monitoring *m = s->monitoring;

	if (m == NULL)
		return;
	documents_destroy(m->documents);
	close_system(m);
	if (m->monitor != NULL) {
		monitor_destroy(m->monitor);
		conn_pool_fini(&m->pool);
	}
	free(m->tags);
	free(m->metadata);
	buf_fini(&m->claims);
	free(m->host);
	free(m->base_path);
	free(m->prefix);
	free(m);
	s->monitoring = NULL;
}
