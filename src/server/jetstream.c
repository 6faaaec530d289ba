/* server/jetstream.c - the host of JetStream (js/host.h): a worker's loop, its
 * hub, and an agent of that hub.
 */
#include "server/jetstream.h"

#include <stdlib.h>

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
#include "session/requestor.h"

struct jetstream {
	struct server *server;
	struct agent  *agent;
	struct js     *js;	/* worker 0's */
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

static int64_t wall_ns(void *ctx)
{
	(void)ctx;
	return clock_wall_ns();
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

/* Who may store how much, as control read it from its options: those go at the
 * next reload, when worker 0 may still be at this. */
struct grant {
	struct account          *account;
	struct js_account_limits limits;
};

struct grants {
	struct jetstream *jetstream;
	struct js_config  config;	/* to start with; its texts are owned */
	struct grant     *v;
	size_t            n, cap;
	bool              failed;
};

static void grants_destroy(struct grants *g)
{
	if (g == NULL)
		return;
	settings_js_fini(&g->config);
	free(g->v);
	free(g);
}

static bool add_grant(void *ctx, struct account *a)
{
	struct grants           *g = ctx;
	struct js_account_limits limits;

	if (a->is_system || !settings_account_js(
	    g->jetstream->server->options, a->name, &limits))
		return true;
	if (g->n == g->cap) {
		size_t        cap = g->cap == 0 ? 8 : 2 * g->cap;
		struct grant *v = reallocarray(g->v, cap, sizeof *v);

		g->failed = v == NULL;
		if (v == NULL)
			return false;
		g->v = v;
		g->cap = cap;
	}
	g->v[g->n++] = (struct grant){ a, limits };
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

static void enable_all(const struct grants *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (js_enable(g->jetstream->js, g->v[i].account,
		    &g->v[i].limits) == NULL)
			log_error("JetStream: account %.*s does not get its "
			    "streams", SLICE_ARG(g->v[i].account->name));
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

static void open_here(struct hub *h, void *ctx)
{
	struct grants    *g = ctx;
	struct jetstream *j = g->jetstream;
	struct js_host    host = { j, loop_timers(loop_of(j)), now_ns, wall_ns,
		subscribe, unsubscribe, publish, is_wanted, wake, put_client };
	int64_t           began = clock_ns();

	say_hello(&g->config);
	j->agent = agent_create(h, &(struct agent_hooks){ end_turn, j });
	if (j->agent != NULL)
		j->js = js_create(&g->config, &host);
	if (j->js == NULL) {
		log_fatal("JetStream could not be started");
		server_request(j->server, REQUEST_STOP);
	} else {
		enable_all(g);
		unopened_find_strangers(j->js);
		log_notice("Took %.3f ms to start JetStream",
		    (double)(clock_ns() - began) / 1e6);
	}
	grants_destroy(g);
}

static void reload_here(struct hub *h, void *ctx)
{
	struct grants *g = ctx;

	(void)h;
	if (g->jetstream->js != NULL)
		enable_all(g);
	if (g->jetstream->agent != NULL)
		agent_recheck(g->jetstream->agent);
	grants_destroy(g);
}

/* To worker 0.  ERR_NOMEM. */
static int tell(struct jetstream *j, void (*fn)(struct hub *h, void *ctx))
{
	struct grants *g = grants_create(j);

	if (g != NULL && server_tell(j->server, 0, fn, g))
		return 0;
	grants_destroy(g);
	return ERR_NOMEM;
}

/* Thread: worker 0's. */
static struct js *find(void *ctx)
{
	const struct jetstream *j = ctx;

	return j->js;
}

int jetstream_prepare(struct server *s, struct buf *why)
{
	char *dir;
	int   err;

	if (!s->options->js_enabled)
		return 0;
	dir = settings_js_dir(s->options);
	err = dir == NULL ? ERR_NOMEM : place_make_all(dir);
	if (err != 0)
		buf_printf(why, "could not create storage directory \"%s\": "
		    "%s", dir == NULL ? "" : dir, err_text(err));
	free(dir);
	return err;
}

int jetstream_open(struct server *s)
{
	if (!s->options->js_enabled)
		return 0;
	s->jetstream = calloc(1, sizeof *s->jetstream);
	if (s->jetstream == NULL)
		return ERR_NOMEM;
	s->jetstream->server = s;
	monitoring_set_jetstream(s, &(struct collect_jetstream){ 0, find,
	    s->jetstream });
	return tell(s->jetstream, open_here);
}

void jetstream_reload(struct server *s)
{
	if (s->jetstream != NULL && tell(s->jetstream, reload_here) != 0)
		log_error("no memory: JetStream keeps the old limits");
}

void jetstream_close(struct server *s)
{
	struct jetstream *j = s->jetstream;

	if (j == NULL)
		return;
	js_destroy(j->js);
	j->js = NULL;
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
