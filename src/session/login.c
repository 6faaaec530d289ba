/* session/login.c - from accepted to ready. */
#include "session/login.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/account.h"
#include "session/client.h"
#include "session/hub.h"
#include "session/subs.h"

/* Read at once from who may be anybody, and so kept while a hash is made. */
enum { UNKNOWN_INPUT_MAX = 4 * 1024 };

/* A password that is being hashed.  It outlives its client if need be. */
struct login {
	struct auth_ticket ticket;
	struct mail        mail;
	struct mesh       *mesh;
	unsigned           to;		/* the client's worker */
	const struct session_shared *shared;
	struct client     *client;	/* NULL: it went.  Thread: worker */
};

void login_expect(struct client *c)
{
	struct auth *a = c->hub->config->auth;

	if (!auth_is_required(a)) {
		c->state = CLIENT_READY;
		return;
	}
	c->state = CLIENT_ACCEPTED;
	conn_limit_input(&c->conn, UNKNOWN_INPUT_MAX);
	c->auth_until_ns = loop_now_ns(c->hub->loop) + auth_timeout_ns(a);
}

void login_timed_out(struct client *c)
{
	c->auth_until_ns = 0;
	c->hub->stats.n_auth_failures++;
	log_error("%s - Authentication Timeout", client_label(c));
	client_refuse(c, REFUSAL_AUTH_TIMEOUT);
}

/* ---- the verdict --------------------------------------------------------- */

static void refuse(struct client *c)
{
	struct slice user = c->opts.user;

	c->hub->stats.n_auth_failures++;
	if (user.n > 0)
		log_error("%s - authentication error - User \"%.*s\"",
		    client_label(c), SLICE_ARG(user));
	else
		log_error("%s - authentication error", client_label(c));
	client_refuse(c, REFUSAL_AUTH);
}

/* What was said in CONNECT beside the credentials; false: refused. */
static bool agree(struct client *c)
{
	const struct connect_opts *o = &c->opts;

	c->parser.has_headers = c->hub->config->has_headers && o->headers;
	if (o->protocol < 0 || o->protocol > 1)
		client_refuse(c, REFUSAL_BAD_PROTO);
	else if (o->no_responders && !c->parser.has_headers)
		client_refuse(c, REFUSAL_NORESP_HEADERS);
	return client_is_ready(c);
}

static void welcome(struct client *c, const struct principal *who)
{
	int64_t max, ttl;

	principal_fini(&c->who);
	principal_copy(&c->who, who);
	verdict_cache_fini(&c->verdicts);
	c->grants_replies = permissions_responses(who->permissions, &max, &ttl);
	c->state = CLIENT_READY;
	conn_limit_input(&c->conn, 0);
	c->auth_until_ns = 0;
	if (!c->is_connecting) {
		subs_recheck(c);	/* a reload asked; or it has none yet */
		return;
	}
	c->is_connecting = false;
	c->has_connected = true;
	if (agree(c) && c->opts.verbose)
		conn_put(&c->conn, "+OK\r\n", 5);
}

static void settle(struct client *c, enum auth_verdict v,
    const struct principal *who)
{
	if (v == AUTH_OK)
		welcome(c, who);
	else
		refuse(c);
	if (c->state != CLIENT_GONE)
		client_arm_timer(c);
}

/* ---- asking -------------------------------------------------------------- */

/* Once posted, the login is the worker's and may be gone.  If the ring is full
 * the hasher waits, as it has no turn to come.  Thread: the hasher's. */
static void hashed(struct auth_ticket *t)
{
	struct login                *l = CONTAINER_OF(t, struct login, ticket);
	const struct session_shared *shared = l->shared;
	struct mesh                 *mesh = l->mesh;
	const struct timespec        nap = { .tv_nsec = NS_PER_MS };

	mesh_post(mesh, shared->hasher_member, l->to, &l->mail);
	while (!mesh_ring(mesh, shared->hasher_member) &&
	    !__atomic_load_n(&shared->is_stopping, __ATOMIC_RELAXED))
		nanosleep(&nap, NULL);
}

/* What came behind the CONNECT has waited. */
static void go_on(struct client *c)
{
	if (!client_is_ready(c) || !conn_is_open(&c->conn))
		return;
	conn_resume(&c->conn);
	conn_show_again(&c->conn);
}

static void verdict_came(struct mail *m, void *receiver)
{
	struct login  *l = CONTAINER_OF(m, struct login, mail);
	struct client *c = l->client;

	(void)receiver;
	if (c != NULL) {
		c->login = NULL;
		settle(c, l->ticket.verdict, &l->ticket.principal);
		go_on(c);
	}
	principal_fini(&l->ticket.principal);
	free(l);
}

static struct login *make_login(struct client *c)
{
	struct login *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->ticket.done = hashed;
	l->mail.deliver = verdict_came;
	l->mesh = loop_mesh(c->hub->loop);
	l->shared = c->hub->shared;
	l->to = c->hub->worker;
	l->client = c;
	return l;
}

void login_cancel(struct client *c)
{
	if (c->login == NULL)
		return;
	c->login->client = NULL;
	auth_ticket_cancel(&c->login->ticket);
	c->login = NULL;
}

/* What was asked before, and is not answered yet, counts no more. */
static void ask(struct client *c)
{
	struct auth        *a = c->hub->config->auth;
	struct principal    who = { 0 };
	struct login       *l = auth_needs_ticket(a) ? make_login(c) : NULL;
	struct auth_request req = {
		.user = c->opts.user,
		.pass = c->opts.pass,
		.auth_token = c->opts.auth_token,
		.names_account = c->opts.account.n > 0 || c->opts.new_account,
	};
	enum auth_verdict   v;

	login_cancel(c);
	v = auth_check(a, &req, &who, l == NULL ? NULL : &l->ticket);
	if (v == AUTH_PENDING) {
		c->login = l;
		/* One that is ready (a reload asks) goes on meanwhile. */
		if (c->state == CLIENT_READY && !c->is_connecting)
			return;
		c->state = CLIENT_CHECKING;
		conn_pause(&c->conn);
		return;
	}
	free(l);
	settle(c, v, &who);
	principal_fini(&who);
}

void login_connect(struct client *c)
{
	/* A second CONNECT begins anew, in whatever account it ends. */
	if (c->has_connected || c->who.kind != PRINCIPAL_NONE)
		subs_remove_some(c, SIZE_MAX);
	c->is_connecting = true;
	ask(c);
}

void login_silent(struct client *c)
{
	ask(c);
}

void login_again(struct client *c)
{
	if (c->state == CLIENT_CHECKING) {
		ask(c);		/* the old password may be right no more */
		go_on(c);
		return;
	}
	c->generation = c->hub->config->generation;
	if (c->state != CLIENT_READY)
		return;
	/* Its user is no more: it goes without a word, as in nats-server. */
	if (c->who.kind == PRINCIPAL_USER &&
	    !auth_knows_user(c->hub->config->auth, c->who.user))
		client_close(c, CLOSE_CLIENT_CLOSED);
	else
		ask(c);
}
