/* session/hub.c - the sessions of one worker, and what they share. */
#include "session/hub.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/epoch.h"
#include "base/log.h"
#include "base/random.h"
#include "core/account.h"
#include "core/match.h"
#include "session/callout.h"
#include "session/agent.h"
#include "session/answers.h"
#include "session/client.h"
#include "session/closed.h"
#include "session/handoff.h"
#include "session/inject.h"
#include "session/login.h"
#include "session/move.h"
#include "session/msgtrace.h"
#include "session/publish.h"
#include "session/services.h"
#include "session/stall.h"
#include "session/subs.h"

enum {
	MATCHES_MAX       = 8192,
	CLOSED_BYTES_EACH = 2048,	/* room for a closed client, on average */
};

/* ---- the turn ------------------------------------------------------------ */

static void bury_dying(struct hub *h)
{
	struct list *l = h->dying.next;

	if (l != &h->dying && (!client_bury_some(CONTAINER_OF(l,
	    struct client, link)) || !list_is_empty(&h->dying)))
		loop_again(h->loop);
}

/* What the turn produced goes out: to other workers first, who can begin while
 * we are writing to sockets. */
static void end_turn(void *ctx)
{
	struct hub *h = ctx;

	conn_pool_go_on(&h->pool);
	if (h->agent != NULL)
		agent_end_turn(h->agent);
	if (!list_is_empty(&h->injections))
		inject_end_turn(h);
	handoff_post(h->handoff);
	mesh_ring(loop_mesh(h->loop), h->worker);
	conn_pool_flush(&h->pool);
	stall_end_turn(h);
	if (!list_is_empty(&h->moving))
		move_end_turn(h);
	handoff_end_turn(h->handoff);
	if (!list_is_empty(&h->dying))
		bury_dying(h);
}

/* A turn for its end's sake, which looks at those who wait. */
static void make_turn(struct timer *t, int64_t now_ns)
{
	(void)t;
	(void)now_ns;
}

/* ---- life ---------------------------------------------------------------- */

static bool open_parts(struct hub *h, uint64_t closed_max)
{
	uint64_t share = closed_max / h->shared->n_workers;

	if (conn_pool_init(&h->pool, h->loop) != 0)
		return false;
	h->matches = match_cache_create(h->config->caches_matches
	    ? MATCHES_MAX : 1);
	h->handoff = handoff_create(h);
	h->closed = closed_create(share, share * CLOSED_BYTES_EACH);
	h->services = services_create();
	h->answers = services_answers(h);
	return h->services != NULL && h->answers != NULL &&
	    h->matches != NULL && h->handoff != NULL && h->closed != NULL;
}

struct hub *hub_create(struct loop *loop, struct session_shared *shared,
    struct session_config *config, uint64_t closed_max)
{
	struct hub *h = calloc(1, sizeof *h);

	if (h == NULL) {
		session_config_unref(config);
		return NULL;
	}
	h->loop = loop;
	h->worker = loop_member(loop);
	h->shared = shared;
	h->config = config;
	h->port = (struct fanout_port){ h->worker, h, handoff_put,
		msgtrace_denied };
	h->stall_timer.fire = make_turn;
	list_init(&h->clients);
	list_init(&h->dying);
	list_init(&h->stalled);
	list_init(&h->crowded);
	list_init(&h->moving);
	list_init(&h->injections);
	h->move_timer.fire = make_turn;
	if (!open_parts(h, closed_max)) {
		hub_destroy(h);
		return NULL;
	}
	loop_set_receiver(loop, h);
	loop_set_hooks(loop, &(struct loop_hooks){ end_turn, h });
	return h;
}

void hub_close_all(struct hub *h)
{
	h->is_closed = true;
	LIST_EACH (l, &h->clients)
		client_drop(CONTAINER_OF(l, struct client, link),
		    CLOSE_SHUTDOWN);
	while (!list_is_empty(&h->dying))
		client_bury_some(CONTAINER_OF(h->dying.next, struct client,
		    link));
	answers_close(h->answers);
}

void hub_destroy(struct hub *h)
{
	if (h == NULL)
		return;
	callouts_destroy(h);
	inject_drop_all(h);
	answers_destroy(h->answers);
	services_destroy(h->services);
	handoff_destroy(h->handoff);
	match_cache_destroy(h->matches);
	closed_destroy(h->closed);
	conn_pool_fini(&h->pool);
	buf_fini(&h->scratch);
	buf_fini(&h->label);
	buf_fini(&h->renamed);
	buf_fini(&h->builder.prefix);
	buf_fini(&h->builder.tail);
	buf_fini(&h->builder.headers);
	buf_fini(&h->builder.body);
	buf_fini(&h->builder.mapped[0]);
	buf_fini(&h->builder.mapped[1]);
	session_config_unref(h->config);
	free(h);
}

uint64_t hub_load(const struct session_shared *shared, unsigned worker)
{
	return __atomic_load_n(&shared->loads[worker], __ATOMIC_RELAXED);
}

void hub_tell(struct hub *h, const struct client *c, enum session_event what)
{
	const struct session_listener *l = &h->shared->listener;

	if (l->happened != NULL)
		l->happened(l->ctx, h, c, what);
}

/* ---- clients ------------------------------------------------------------- */

/* Counted at once, so that two workers cannot both take the last place. */
static bool is_full(const struct hub *h, int64_t n_conns)
{
	return n_conns > h->config->conns_max;
}

void hub_adopt(struct hub *h, int fd, const struct sockaddr_storage *peer)
{
	struct client *c;
	int64_t        n;

	if (h->is_closed || __atomic_load_n(&h->shared->is_lame_duck,
	    __ATOMIC_RELAXED)) {
		close(fd);	/* was on its way when we began to leave */
		return;
	}
	n = __atomic_add_fetch(&h->shared->n_conns, 1, __ATOMIC_RELAXED);
	c = client_open(h, fd, peer);
	if (c == NULL) {
		__atomic_fetch_sub(&h->shared->n_conns, 1, __ATOMIC_RELAXED);
		log_error("no memory for a client connection");
		return;
	}
	if (is_full(h, n)) {
		static struct log_gate gate;
		uint32_t               held;

		if (log_gate_open(&gate, &held))
			log_error("%s - maximum connections exceeded",
			    client_label(c));
		if (c->state == CLIENT_SECURING)
			client_send_info(c, INFO_FIRST);
		client_refuse(c, REFUSAL_MAX_CONNS);
	} else if (c->state == CLIENT_SECURING) {
		secure_begin(c);
	}
}

void hub_each_client(struct hub *h,
    bool (*visit)(void *ctx, struct client *c), void *ctx)
{
	LIST_EACH (l, &h->clients)
		if (!visit(ctx, CONTAINER_OF(l, struct client, link)))
			return;
}

/* ---- reload and farewell ------------------------------------------------- */

static bool apply_config(void *ctx, struct client *c)
{
	(void)ctx;
	client_apply_limits(c);
	return true;
}

static bool recheck(void *ctx, struct client *c)
{
	(void)ctx;
	secure_recheck(c);
	login_again(c);
	if (c->state != CLIENT_GONE)
		client_arm_timer(c);
	return true;
}

void hub_reconfigure(struct hub *h, struct session_config *config)
{
	struct session_config *old = h->config;

	h->config = config;
	hub_each_client(h, apply_config, NULL);
	session_config_unref(old);
}

void hub_recheck(struct hub *h)
{
	hub_each_client(h, recheck, NULL);
}

struct recheck {
	const struct account *account;
};

static bool recheck_one(void *ctx, struct client *c)
{
	const struct recheck *x = ctx;

	if (c->account != x->account || !client_is_ready(c))
		return true;
	client_apply_limits(c);
	subs_recheck(c);
	return true;
}

void hub_recheck_account(struct hub *h, const struct account *a)
{
	struct recheck x = { a };

	hub_each_client(h, recheck_one, &x);
}

static bool tell_lame_duck(void *ctx, struct client *c)
{
	(void)ctx;
	client_tell_lame_duck(c);
	return true;
}

void hub_tell_lame_duck(struct hub *h)
{
	hub_each_client(h, tell_lame_duck, NULL);
}

uint64_t hub_close_some(struct hub *h, uint64_t n, enum refusal why)
{
	uint64_t left = h->stats.n_clients, closed = 0;

	/* Each of those left is as likely as the next to be among n. */
	LIST_EACH (l, &h->clients) {
		struct client *c = CONTAINER_OF(l, struct client, link);

		if (closed == n)
			break;
		if (random_below((uint32_t)left--) >= n - closed)
			continue;
		closed++;
		if (why == REFUSAL_NONE)
			client_close(c, CLOSE_SHUTDOWN);
		else
			client_refuse(c, why);
	}
	return closed;
}
