/* server/reload.c - another configuration, all of it or nothing.
 *
 * Everything that can fail is done first, on the side: the file is read and
 * checked, the differences must all be reloadable, the new identities and the
 * new limits are built.  Then the log changes over, and each worker is mailed
 * its new limits.  Spec: core protocol 3.5.
 */
#include <stdlib.h>
#include <unistd.h>

#include "auth/auth.h"
#include "auth/operators.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/trace.h"
#include "conf/options.h"
#include "net/tls.h"
#include "server/account_change.h"
#include "server/config.h"
#include "server/handshakes.h"
#include "server/jetstream.h"
#include "server/monitoring.h"
#include "server/sandbox.h"
#include "server/server_int.h"
#include "server/settings.h"
#include "server/settings_auth.h"
#include "server/tenants.h"
#include "server/trust.h"
#include "session/limits.h"
#include "session/secure.h"

/* What is built before anything is changed. */
struct plan {
	struct options        *options;
	struct auth           *auth;
	struct account_change *accounts;
	struct operators      *operators;	/* NULL: none */
	struct secure_config  *secure;
	struct tls_context    *https;	/* NULL: monitoring has none */
	struct session_config *configs[WORKERS_MAX];
	struct buf             changes;	/* what to log, a line each */
	struct buf            *why;
	bool                   is_refused;
	char                   digest[80];
};

static bool note_change(void *ctx, const struct option_diff *d)
{
	struct plan *p = ctx;

	if (d->is_reloadable) {
		buf_put_slice(&p->changes, d->text);
		buf_put_char(&p->changes, '\n');
		return true;
	}
	p->is_refused = true;
	buf_put_slice(p->why, d->text);
	return false;
}

static int read_file(struct server *s, struct plan *p)
{
	struct conf_report r = { 0 };
	int                err = options_inherit_forced(p->options, s->options);

	if (err == 0)
		err = config_load(p->options, s->config_file, &r);
	if (r.n_warnings > 0)
		log_warn("%.*s", SLICE_ARG(buf_slice(&r.warnings)));
	if (err != 0) {
		buf_put_slice(p->why, buf_slice(&r.errors));
		sandbox_explain(s, p->why);
	}
	memcpy(p->digest, r.digest, sizeof p->digest);
	conf_report_fini(&r);
	if (err == 0)
		err = options_validate(p->options, p->why);
	return err;
}

static int build_configs(struct server *s, struct plan *p)
{
	for (unsigned i = 0; i < s->n_workers; i++) {
		p->configs[i] = settings_session(p->options, &s->identity,
		    auth_ref(p->auth), secure_config_ref(p->secure), s->port,
		    s->generation + 1);
		if (p->configs[i] == NULL)
			return ERR_NOMEM;
	}
	return 0;
}

/* Their tokens are the same, what may be changed is beside them. */
static int make_operators(struct server *s, struct plan *p)
{
	int err;

	if (s->operators == NULL)
		return 0;
	if (!trust_is_same_resolver(s->options, p->options)) {
		buf_put_str(p->why, "config reload not supported for "
		    "AccountResolver: another one needs a restart");
		return ERR_CONFIG;
	}
	err = trust_operators(p->options, &p->operators, p->why);
	if (err == 0)
		operators_use(p->operators, s->resolver);
	return err;
}

static int make_plan(struct server *s, struct plan *p)
{
	int err;

	p->options = options_create_default();
	if (p->options == NULL)
		return ERR_NOMEM;
	err = read_file(s, p);
	if (err != 0)
		return err;
	options_diff(s->options, p->options, note_change, p);
	if (p->is_refused || !sandbox_allows(s, p->options, p->why))
		return ERR_CONFIG;
	err = jetstream_prepare(p->options, p->why);
	if (err != 0)
		sandbox_explain(s, p->why);
	if (err == 0)
		err = make_operators(s, p);
	if (err == 0)
		err = settings_auth(p->options, p->operators, s->hasher,
		    &p->auth, p->why);
	if (err == 0)
		auth_inherit(p->auth, s->auth);
	if (err == 0)
		err = settings_secure(p->options, &p->secure, p->why);
	if (err == 0 && p->secure != NULL)
		err = handshakes_open(s);
	if (err == 0 && monitoring_is_https(s) && p->secure != NULL)
		err = settings_https(p->options, &p->https, p->why);
	if (err == 0)
		err = account_change_create(s, p->options, &p->accounts,
		    p->why);
	return err != 0 ? err : build_configs(s, p);
}

static void drop_plan(struct plan *p)
{
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		session_config_unref(p->configs[i]);
	auth_unref(p->auth);
	account_change_destroy(p->accounts);
	operators_unref(p->operators);
	secure_config_unref(p->secure);
	tls_context_unref(p->https);
	options_destroy(p->options);
	buf_fini(&p->changes);
}

/* ---- carrying it out ------------------------------------------------------ */

static void note_outcome(struct server *s, int err, const struct buf *why)
{
	pthread_mutex_lock(&s->lock);
	s->n_reloads++;
	s->last_reload = err;
	buf_reset(&s->last_reload_why);
	buf_put_slice(&s->last_reload_why, buf_slice(why));
	pthread_mutex_unlock(&s->lock);
	trace(TR_RELOAD, err == 0, s->n_reloads);
	monitoring_reloaded(s, buf_slice(why));
}

/* First all workers go by the new configuration, then clients are looked at:
 * who is sent away and comes again must not meet the old one.  The reload is
 * done when both are. */
struct changeover {
	struct mail            mail;	/* back to control */
	struct server         *server;
	struct session_config *config;	/* NULL: it is the second step */
};

static void finish(struct server *s)
{
	log_notice("Reloaded server configuration (%s)", s->digest);
	note_outcome(s, 0, &(struct buf){ 0 });
	if (s->wants_reload)
		server_request(s, REQUEST_RELOAD);
	s->wants_reload = false;
}

static void step(struct hub *h, void *ctx);

static bool tell_step(struct server *s, unsigned worker,
    struct session_config *config)
{
	struct changeover *x = malloc(sizeof *x);

	if (x == NULL)
		return false;
	*x = (struct changeover){ .server = s, .config = config };
	if (!server_tell(s, worker, step, x)) {
		free(x);
		return false;
	}
	s->n_changing++;
	return true;
}

/* Thread: control. */
static void step_done(struct mail *m, void *receiver)
{
	struct changeover *x = CONTAINER_OF(m, struct changeover, mail);
	struct server     *s = receiver;
	bool               was_first = x->config != NULL;

	free(x);
	if (--s->n_changing > 0)
		return;
	for (unsigned i = 0; was_first && i < s->n_workers; i++)
		if (!tell_step(s, i, NULL))
			log_error("no memory: clients of worker %u are not "
			    "looked at", i);
	if (s->n_changing == 0)
		finish(s);
}

/* Thread: the hub's. */
static void step(struct hub *h, void *ctx)
{
	struct changeover *x = ctx;

	if (x->config != NULL)
		hub_reconfigure(h, x->config);
	else
		hub_recheck(h);
	x->mail.deliver = step_done;
	loop_post(h->loop, x->server->n_workers, &x->mail);
}

struct surplus {
	uint64_t n;
};

static void close_surplus(struct hub *h, void *ctx)
{
	struct surplus *x = ctx;

	hub_close_some(h, x->n, REFUSAL_MAX_CONNS);
	free(x);
}

/* A lower max_connections sends the surplus away, in shares. */
static void shed(struct server *s)
{
	int64_t  max = s->options->max_connections;
	int64_t  n = __atomic_load_n(&s->shared.n_conns, __ATOMIC_RELAXED);
	uint64_t over = n > max ? (uint64_t)(n - (max > 0 ? max : 0)) : 0;
	uint64_t told = 0;

	for (unsigned i = 0; i < s->n_workers && told < over; i++) {
		uint64_t        load = hub_load(&s->shared, i);
		struct surplus *x = malloc(sizeof *x);

		if (x == NULL)
			return;
		x->n = i + 1 == s->n_workers ? over - told
		    : over * load / (uint64_t)n;
		if (x->n > load)
			x->n = load;
		told += x->n;
		server_tell(s, i, close_surplus, x);
	}
	if (over > 0)
		log_notice("Closed %llu connections to fall within "
		    "max_connections", (unsigned long long)over);
}

static void log_changes(struct slice lines)
{
	while (lines.n > 0) {
		const char *lf = memchr(lines.p, '\n', lines.n);
		size_t      n = (size_t)(lf - lines.p);

		log_notice("Reloaded: %.*s", (int)n, lines.p);
		lines = slice_skip(lines, n + 1);
	}
}

static void carry_out(struct server *s, struct plan *p)
{
	struct options *old = s->options;
	struct auth    *old_auth = s->auth;
	struct operators *old_operators = s->operators;
	struct secure_config *old_secure = s->secure;
	struct buf      why = { 0 };

	s->options = p->options;
	s->auth = p->auth;
	p->options = old;
	p->auth = old_auth;
	s->operators = p->operators;
	p->operators = old_operators;
	s->secure = p->secure;
	p->secure = old_secure;
	s->config_loaded_ns = clock_wall_ns();
	s->generation++;
	memcpy(s->digest, p->digest, sizeof s->digest);
	for (unsigned i = 0; i < s->n_workers; i++) {
		if (tell_step(s, i, p->configs[i]))
			p->configs[i] = NULL;
		else
			log_error("no memory: worker %u keeps the old "
			    "configuration", i);
	}
	if (p->https != NULL)
		monitoring_set_tls(s, p->https);
	p->https = NULL;
	if (s->resolver != NULL)
		tenants_reload(s);
	jetstream_reload(s);
	if (s->resolver != NULL && old->js_enabled != s->options->js_enabled &&
	    (old->js_domain.n > 0 || s->options->js_domain.n > 0))
		tenants_plan_again(s);
	monitoring_refresh(s);
	shed(s);
	if (files_write_pid(s, &why) != 0)
		log_error("%.*s", SLICE_ARG(buf_slice(&why)));
	buf_fini(&why);
	files_remove_ports(s);
	files_write_ports(s);
}

static int change_log(struct plan *p)
{
	struct log_config conf = settings_log(p->options);
	const char       *text = "";
	int               err = log_configure(&conf, &text);

	if (err != 0)
		buf_put_str(p->why, text);
	return err;
}

void reload(struct server *s)
{
	struct buf  why = { 0 };
	struct plan p = { .why = &why };
	int         err = ERR_CONFIG;

	if (s->n_changing > 0) {
		s->wants_reload = true;	/* when this one is done */
		return;
	}
	if (s->config_file == NULL)
		buf_put_str(&why, "can only reload config when a file is "
		    "provided using -c or --config");
	else
		err = make_plan(s, &p);
	if (err == 0)
		err = change_log(&p);	/* refused, it keeps the old one */
	if (err == 0)
		err = account_change_commit(p.accounts, loop_epoch(s->control));
	if (err == 0) {
		log_changes(buf_slice(&p.changes));
		carry_out(s, &p);
	} else {
		if (why.n == 0)
			buf_put_str(&why, err_text(err));
		log_error("Failed to reload server configuration: %.*s",
		    SLICE_ARG(buf_slice(&why)));
		note_outcome(s, err, &why);
	}
	drop_plan(&p);
	buf_fini(&why);
}
