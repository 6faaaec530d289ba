/* server/settings.c - from options to what each module is told. */
#include "server/settings.h"

#include <stdlib.h>

#include "auth/auth.h"
#include "auth/nkey.h"
#include "base/err.h"
#include "conf/options.h"
#include "core/permissions.h"
#include "net/tls.h"
#include "server/machine.h"
#include "session/limits.h"
#include "session/secure.h"

#define GIB (INT64_C(1) << 30)

struct log_config settings_log(const struct options *o)
{
	return (struct log_config){
		.file = o->log_file.p,
		.file_bytes_max = o->log_size_limit,
		.files_max = o->log_max_num,
		.uses_syslog = o->syslog,
		.remote_syslog = o->remote_syslog.p,
		.has_time = o->logtime,
		.is_utc = o->logtime_utc,
		.debug = o->debug,
		.trace = o->trace || o->trace_verbose || o->trace_headers,
	};
}

/* ---- TLS ----------------------------------------------------------------- */

static int open_context(const struct conf_tls *t, bool asks_peers,
    struct tls_context **ret, struct buf *why)
{
	struct tls_pair    *pairs = calloc(t->n_pairs + 1, sizeof *pairs);
	struct tls_settings s = {
		.verifies = asks_peers && t->verify,
		.ca_file = t->ca_file.n > 0 ? t->ca_file.p : NULL,
		.pairs = pairs, .n_pairs = t->n_pairs,
		.is_tls13_only = t->is_tls13_only,
		.suites = t->suites, .n_suites = t->n_suites,
		.groups = t->groups, .n_groups = t->n_groups,
	};
	struct buf reason = { 0 };
	int        err = ERR_NOMEM;

	for (size_t i = 0; pairs != NULL && i < t->n_pairs; i++)
		pairs[i] = (struct tls_pair){ t->pairs[i].cert_file.p,
			t->pairs[i].key_file.p };
	if (pairs != NULL)
		err = tls_context_create(&s, ret, &reason);
	if (reason.n > 0)
		buf_printf(why, "%.*s%.*s", SLICE_ARG(t->place),
		    SLICE_ARG(buf_slice(&reason)));
	buf_fini(&reason);
	free(pairs);
	return err;
}

int settings_secure(const struct options *o, struct secure_config **ret,
    struct buf *why)
{
	const struct conf_tls *t = o->tls;
	struct tls_context    *context;
	struct secure_config  *c;
	int                    err;

	*ret = NULL;
	if (t == NULL)
		return 0;
	err = open_context(t, true, &context, why);
	if (err != 0)
		return err;
	c = secure_config_create(context, t->n_pins);
	if (c == NULL)
		return ERR_NOMEM;
	c->is_optional = o->allow_non_tls && !t->goes_first;
	c->verifies = t->verify;
	c->goes_first = t->goes_first;
	c->first_wait_ns = t->first_wait_ns;
	c->timeout_ns = t->timeout_ns;
	c->rate_max = t->rate_max;
	for (size_t i = 0; i < t->n_pins; i++)
		memcpy(c->pins[i], t->pins[i].sha256, SECURE_PIN_BYTES);
	*ret = c;
	return 0;
}

int settings_https(const struct options *o, struct tls_context **ret,
    struct buf *why)
{
	return open_context(o->tls, false, ret, why);
}

/* ---- sessions ------------------------------------------------------------ */

const char *settings_host(const struct options *o)
{
	if (o->host.n > 0)
		return o->host.p;
	return options_has_credentials(o) ? "0.0.0.0" : "127.0.0.1";
}

/* A quarter of what there is, but no more than a gigabyte. */
static int64_t outbound_max(const struct options *o)
{
	int64_t share = machine_memory() / 4;

	if (o->max_outbound_memory > 0)
		return o->max_outbound_memory;
	return share < GIB ? share : GIB;
}

static void copy_limits(const struct options *o, struct session_config *c)
{
	c->line_max = (uint32_t)o->max_control_line;
	c->payload_max = o->max_payload;
	c->pending_max = o->max_pending;
	c->outbound_max = outbound_max(o);
	c->conns_max = o->max_connections;
	c->subs_max = o->max_subscriptions > 0 ? o->max_subscriptions : 0;
	c->sub_tokens_max = (int32_t)o->max_sub_tokens;
	c->ping_interval_ns = o->ping_interval;
	c->pings_max = (int32_t)o->ping_max;
	c->write_deadline_ns = o->write_deadline;
	c->write_retries = o->write_timeout == WRITE_RETRY;
	c->has_headers = !o->no_header_support;
	c->stalls_producers = !o->no_fast_producer_stall;
	c->caches_matches = !o->disable_sublist_cache;
	c->traced_msg_max = (int32_t)(o->max_traced_msg_len > INT32_MAX
	    ? INT32_MAX : o->max_traced_msg_len);
	c->traces_headers_only = o->trace_headers;
}

struct session_config *settings_session(const struct options *o,
    const struct identity *id, struct auth *auth,
    struct secure_config *secure, uint16_t port, uint64_t generation)
{
	struct session_config *c = session_config_create();
	struct slice server_id = slice_str(id->id);

	if (c == NULL) {
		auth_unref(auth);
		secure_config_unref(secure);
		return NULL;
	}
	c->auth = auth;
	c->secure = secure;
	c->port = port;
	c->generation = generation;
	c->has_jetstream = o->js_enabled;
	copy_limits(o, c);
	if (!session_config_keep(c, &c->server_id, server_id) ||
	    !session_config_keep(c, &c->xkey, slice_str(id->xkey)) ||
	    !session_config_keep(c, &c->server_name,
	    o->server_name.n > 0 ? o->server_name : server_id) ||
	    !session_config_keep(c, &c->host, slice_str(settings_host(o))) ||
	    !session_config_keep(c, &c->js_domain, o->js_enabled
	    ? o->js_domain : SLICE_NONE) ||
	    !session_config_keep(c, &c->client_advertise,
	    o->client_advertise)) {
		session_config_unref(c);
		return NULL;
	}
	return c;
}

unsigned settings_workers(const struct options *o)
{
	unsigned n = o->workers > 0 ? (unsigned)o->workers : machine_cores();

	return n > 64 ? 64 : n;
}
