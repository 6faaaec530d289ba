/* server/jetstream.c - the host of JetStream (js/host.h): a worker's loop, its
 * hub, and an agent of that hub.
 */
#include "server/jetstream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "auth/jwt.h"
#include "auth/resolver.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/options.h"
#include "core/account.h"
#include "core/accounts.h"
#include "core/msg.h"
#include "js/js.h"
#include "js/place.h"
#include "js/unopened.h"
#include "mon/collect.h"
#include "net/loop.h"
#include "server/monitoring.h"
#include "server/server_int.h"
#include "server/settings_js.h"
#include "session/agent.h"
#include "session/client.h"
#include "session/inject.h"
#include "session/msgtrace.h"
#include "session/requestor.h"

struct jetstream {
	struct server *server;
	struct agent  *agent;
	struct js     *js;	/* worker 0's */
	int64_t        wall_ns, wall_of_ns;	/* the turn's; of loop_now_ns */
	bool           is_on;	/* control's: what it has asked for */
};

/* ---- what js/host.h asks --------------------------------------------------- */

static struct loop *loop_of(const struct jetstream *j)
{
	return j->server->workers[0].loop;
}

static int64_t now_ns(void *ctx)
{
	return loop_now_ns(loop_of(ctx));
}

/* Once a turn: who delivers thousands of messages in it asks for each. */
static int64_t wall_ns(void *ctx)
{
	struct jetstream *j = ctx;
	int64_t           now = loop_now_ns(loop_of(j));

	if (j->wall_of_ns != now) {
		j->wall_of_ns = now;
		j->wall_ns = clock_wall_ns();
	}
	return j->wall_ns;
}

static struct js_sub *subscribe(void *ctx, struct account *a,
    struct slice pattern, struct slice queue, js_take take, void *take_ctx)
{
	struct jetstream *j = ctx;

	return (struct js_sub *)agent_subscribe(j->agent, a, pattern, queue,
	    take, take_ctx);
}

static void unsubscribe(void *ctx, struct js_sub *s)
{
	struct jetstream *j = ctx;

	agent_unsubscribe(j->agent, (struct agent_sub *)s);
}

static void hear_traces(void *ctx, struct js_sub *s)
{
	(void)ctx;
	agent_hear_traces((struct agent_sub *)s);
}

static bool is_only_traced(void *ctx, const struct run *run)
{
	(void)ctx;
	return msgtrace_is_only(run->trace);
}

static void trace(void *ctx, const struct run *run, struct slice stream,
    struct slice subject, bool is_unwanted, struct slice error)
{
	(void)ctx;
	msgtrace_jetstream(run->trace, stream, subject, is_unwanted, error);
}

static bool publish(void *ctx, const struct js_out *m)
{
	struct jetstream *j = ctx;
	struct injection  in = { m->account, m->subject, m->reply, m->headers,
		m->payload };

	return agent_publish(j->agent, &in, m->shown);
}

static bool is_wanted(void *ctx, struct account *a, struct slice subject,
    struct slice queue)
{
	struct jetstream *j = ctx;

	return agent_is_wanted(j->agent, a, subject, queue);
}

static void wake(void *ctx)
{
	struct jetstream *j = ctx;

	agent_wake(j->agent);
}

/* Of a client on another worker no more than the account is known here. */
static void put_client(void *ctx, const struct run *run, struct buf *out)
{
	const struct requestor_details all = { .is_shared = true,
		.says_server = true };

	(void)ctx;
	if (run->publisher != NULL)
		requestor_put(run->publisher, &all, out);
}

/* ---- life ------------------------------------------------------------------ */

static void end_turn(void *ctx)
{
	struct jetstream *j = ctx;

	if (j->js != NULL)
		js_end_turn(j->js);
}

/* Who may store how much, as control read it from its options and the claims:
 * those go at the next reload, when worker 0 may still be at this. */
struct grant {
	struct account *account;
	bool            has_jetstream;
	struct js_grant what;
};

struct grants {
	struct jetstream *jetstream;
	struct js_config  config;	/* its texts are owned */
	struct grant     *v;
	size_t            n, cap;
	bool              failed, is_start;
};

static void grants_destroy(struct grants *g)
{
	if (g == NULL)
		return;
	settings_js_fini(&g->config);
	free(g->v);
	free(g);
}

static struct grant grant_of(struct server *s, struct account *a)
{
	struct grant g = { .account = a };
	struct jwt  *claims = s->resolver == NULL ? NULL
	    : resolver_loaded(s->resolver, a->name);

	if (s->resolver == NULL)
		g.has_jetstream = settings_account_js(s->options, a->name,
		    &g.what);
	else if (claims != NULL)
		g.has_jetstream = settings_claims_js(&claims->account,
		    &g.what);
	g.has_jetstream = g.has_jetstream && !a->is_system;
	jwt_unref(claims);
	return g;
}

static bool add_grant(void *ctx, struct account *a)
{
	struct grants *g = ctx;

	if (g->n == g->cap) {
		size_t        cap = g->cap == 0 ? 8 : 2 * g->cap;
		struct grant *v = reallocarray(g->v, cap, sizeof *v);

		g->failed = v == NULL;
		if (v == NULL)
			return false;
		g->v = v;
		g->cap = cap;
	}
	g->v[g->n++] = grant_of(g->jetstream->server, a);
	return true;
}

/* NULL: out of memory.  Thread: control. */
static struct grants *grants_create(struct jetstream *j)
{
	struct server *s = j->server;
	struct grants *g = calloc(1, sizeof *g);

	if (g == NULL)
		return NULL;
	g->jetstream = j;
	g->failed = !settings_jetstream(s->options, s->identity.id,
	    &g->config);
	if (!g->failed)
		accounts_each(s->shared.accounts, add_grant, g);
	if (!g->failed)
		return g;
	grants_destroy(g);
	return NULL;
}

static void carry_out(struct js *js, const struct grant *g)
{
	if (g->has_jetstream) {
		js_enable(js, g->account, &g->what);
	} else {
		js_admit(js, g->account);
		js_disable(js, g->account);
	}
}

static void log_size(const char *what, int64_t n)
{
	struct buf text = { 0 };

	text_put_bytes(&text, n < 0 ? 0 : (uint64_t)n);
	log_notice("  %-16s %.*s", what, SLICE_ARG(buf_slice(&text)));
	buf_fini(&text);
}

static void say_hello(const struct js_config *c)
{
	log_notice("Starting JetStream");
	log_notice("---------------- JETSTREAM ----------------");
	if (c->is_strict)
		log_notice("  Strict:          true");
	log_size("Max Memory:", c->max_memory);
	log_size("Max Storage:", c->max_storage);
	log_notice("  Store Directory: \"%s\"", c->dir);
	if (c->domain != NULL)
		log_notice("  Domain:          %s", c->domain);
	log_notice("  API Level:       %d", JS_API_LEVEL);
	log_notice("-------------------------------------------");
}

static void carry_out_all(const struct grants *g)
{
	struct js *js = g->jetstream->js;

	/* first who has it no longer, so that others may have what it had */
	LIST_EACH (l, &js->accounts) {
		const struct account *a = CONTAINER_OF(l, struct js_account,
		    link)->core;

		if (__atomic_load_n(&a->is_gone, __ATOMIC_ACQUIRE))
			js_disable(js, a);
	}
	for (size_t i = 0; i < g->n; i++)
		if (!g->v[i].has_jetstream)
			carry_out(js, &g->v[i]);
	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].has_jetstream)
			carry_out(js, &g->v[i]);
}

static void create_here(struct hub *h, struct jetstream *j,
    const struct js_config *config)
{
	struct js_host host = { j, loop_timers(loop_of(j)), now_ns, wall_ns,
		subscribe, unsubscribe, hear_traces, is_only_traced, trace,
		publish, is_wanted, wake, put_client };

	say_hello(config);
	if (j->agent == NULL)
		j->agent = agent_create(h, &(struct agent_hooks){ end_turn,
		    j });
	if (j->agent != NULL)
		j->js = js_create(config, &host);
}

/* At the start, and by a reload. */
static void apply_here(struct hub *h, void *ctx)
{
	struct grants    *g = ctx;
	struct jetstream *j = g->jetstream;
	int64_t           began = clock_ns();
	bool              was_on = j->js != NULL;

	if (!was_on)
		create_here(h, j, &g->config);
	if (j->agent != NULL)
		agent_recheck(j->agent);
	if (j->js != NULL) {
		js_reconfigure(j->js, &g->config);
		carry_out_all(g);
		if (!was_on)
			unopened_find_strangers(j->js);
		if (!was_on)
			log_notice("Took %.3f ms to start JetStream",
			    (double)(clock_ns() - began) / 1e6);
	} else if (g->is_start) {
		log_fatal("JetStream could not be started");
		server_request(j->server, REQUEST_STOP);
	} else {
		log_error("JetStream could not be started");
	}
	grants_destroy(g);
}

static void turn_off_here(struct hub *h, void *ctx)
{
	struct jetstream *j = ctx;

	(void)h;
	log_notice("Initiating JetStream Shutdown...");
	js_destroy(j->js);
	j->js = NULL;
	log_notice("JetStream Shutdown");
}

/* To worker 0.  ERR_NOMEM. */
static int apply(struct jetstream *j, bool is_start)
{
	struct grants *g = grants_create(j);

	if (g != NULL)
		g->is_start = is_start;
	if (g != NULL && server_tell(j->server, 0, apply_here, g)) {
		j->is_on = true;
		return 0;
	}
	grants_destroy(g);
	return ERR_NOMEM;
}

/* Thread: worker 0's. */
static struct js *find(void *ctx)
{
	const struct jetstream *j = ctx;

	return j->js;
}

int jetstream_prepare(const struct options *o, struct buf *why)
{
	char *dir;
	int   err;

	if (!o->js_enabled)
		return 0;
	dir = settings_js_dir(o);
	err = dir == NULL ? ERR_NOMEM : place_make_all(dir);
	if (err != 0)
		buf_printf(why, "could not create storage directory \"%s\": "
		    "%s", dir == NULL ? "" : dir, err == ERR_IO
		    ? strerror(errno) : err_text(err));
	else if (!settings_js_fits(o, why))
		err = ERR_CONFIG;
	free(dir);
	return err;
}

/* ---- accounts that come by their claims --------------------------------------- */

struct claim {
	struct jetstream *jetstream;
	struct grant      grant;
	struct mail      *done;
};

static void claim_here(struct hub *h, void *ctx)
{
	struct claim *c = ctx;

	if (c->jetstream->js != NULL) {
		agent_recheck(c->jetstream->agent);
		carry_out(c->jetstream->js, &c->grant);
	}
	if (c->done != NULL)
		loop_post(h->loop, c->jetstream->server->n_workers, c->done);
	free(c);
}

bool jetstream_claims(struct server *s, struct account *a,
    const struct jwt *claims, struct mail *done)
{
	struct jetstream *j = s->jetstream;
	struct claim     *c;

	if (j == NULL || !j->is_on)
		return false;
	c = calloc(1, sizeof *c);
	if (c != NULL) {
		c->jetstream = j;
		c->done = done;
		c->grant.account = a;
		c->grant.has_jetstream = claims != NULL && !a->is_system &&
		    settings_claims_js(&claims->account, &c->grant.what);
		if (server_tell(s, 0, claim_here, c))
			return true;
	}
	free(c);
	log_error("no memory: account %.*s keeps the JetStream it had",
	    SLICE_ARG(a->name));
	return false;
}

static void sought(struct resolver_job *job, const struct jwt *account)
{
	(void)account;	/* that it was found is heard of elsewhere */
	free(job);
}

static void seek_one(void *ctx, const char *path)
{
	struct server       *s = ctx;
	struct slice         name = slice_str(strrchr(path, '/') + 1);
	struct resolver_job *job;
	struct nkey          key;

	if (!nkey_parse(name, &key) || key.kind != NKEY_ACCOUNT)
		return;
	job = calloc(1, sizeof *job);
	if (job == NULL)
		return;
	job->done = sought;
	if (!resolver_submit(s->resolver, name, job))
		free(job);
}

/* Their streams go on before anybody logs in: messages grow old in them. */
static void seek_owners(struct server *s)
{
	char *dir = s->resolver == NULL ? NULL : settings_js_dir(s->options);

	if (dir != NULL)
		place_each(dir, seek_one, s);
	free(dir);
}

/* ---- control's ------------------------------------------------------------------ */

static bool make(struct server *s)
{
	if (s->jetstream != NULL)
		return true;
	s->jetstream = calloc(1, sizeof *s->jetstream);
	if (s->jetstream == NULL)
		return false;
	s->jetstream->server = s;
	monitoring_set_jetstream(s, &(struct collect_jetstream){ 0, find,
	    s->jetstream });
	return true;
}

static int turn_on(struct server *s, bool is_start)
{
	int err = make(s) ? apply(s->jetstream, is_start) : ERR_NOMEM;

	if (err == 0)
		seek_owners(s);
	return err;
}

int jetstream_open(struct server *s)
{
	return s->options->js_enabled ? turn_on(s, true) : 0;
}

void jetstream_reload(struct server *s)
{
	struct jetstream *j = s->jetstream;
	bool              was_on = j != NULL && j->is_on;
	int               err = 0;

	if (s->options->js_enabled)
		err = was_on ? apply(j, false) : turn_on(s, false);
	else if (was_on && server_tell(s, 0, turn_off_here, j))
		j->is_on = false;
	else if (was_on)
		err = ERR_NOMEM;
	if (err != 0)
		log_error("no memory: JetStream stays as it was");
}

void jetstream_close(struct server *s)
{
	struct jetstream *j = s->jetstream;

	if (j == NULL)
		return;
	js_destroy(j->js);
	j->js = NULL;
	if (j->agent != NULL)
		agent_stop(j->agent);
}

void jetstream_destroy(struct server *s)
{
	struct jetstream *j = s->jetstream;

	if (j == NULL)
		return;
	if (s->workers[0].hub != NULL)
		s->workers[0].hub->agent = NULL;
	agent_destroy(j->agent);
	free(j);
	s->jetstream = NULL;
}
