/* session/login.c - from accepted to ready. */
#include "session/login.h"

#include <stdlib.h>
#include <time.h>

#include "auth/throttle.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/account.h"
#include "core/policy.h"
#include "session/client.h"
#include "session/hub.h"
#include "session/pace.h"
#include "session/subs.h"

/* Read at once from who may be anybody, and so kept while a hash is made. */
enum { UNKNOWN_INPUT_MAX = 4 * 1024 };

/* A password that is being hashed.  It outlives its client if need be. */
struct login {
	struct auth_ticket ticket;
	struct mail        mail;
	struct throttle_key key;
	struct mesh       *mesh;
	unsigned           to;		/* the client's worker */
	const struct session_shared *shared;
	struct client     *client;	/* NULL: it went.  Thread: worker */
};

static void take_rates(struct client *c)
{
	pace_by(c, c->who.rate, account_policy(c->account)->rate);
}

void login_expect(struct client *c)
{
	struct auth *a = c->hub->config->auth;

	if (!auth_is_required(a)) {
		c->state = CLIENT_READY;
		take_rates(c);
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
	take_rates(c);
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

/* ---- who failed too often ------------------------------------------------ */

static bool names_itself(const struct connect_opts *o)
{
	return o->user.n > 0 || o->pass.n > 0 || o->auth_token.n > 0;
}

static void tell_throttle(struct hub *h, const struct throttle_key *key,
    enum throttle_outcome how)
{
	if (key->source != 0)
		throttle_tell(h->shared->throttle, key, how,
		    loop_now_ns(h->loop));
}

/* The answer is that to any wrong password; its line in the log is not worth
 * having for each. */
static void refuse_unheard(struct client *c)
{
	static struct log_gate gate;
	struct throttle_stats  s = throttle_stats(c->hub->shared->throttle);
	uint32_t               held;

	c->hub->stats.n_auth_failures++;
	if (log_gate_open(&gate, &held))
		log_warn("%s - refused unheard after too many failed logins "
		    "(%llu so far)", client_label(c),
		    (unsigned long long)s.n_refused);
	client_refuse(c, REFUSAL_AUTH);
}

/* It must not be in vain, if there is a time limit. */
static int64_t patience(const struct client *c, int64_t now)
{
	return c->auth_until_ns == 0 ? NS_PER_S : (c->auth_until_ns - now) / 2;
}

/* May its credentials be looked at?  False: it waits, or was refused.  Nobody
 * is hindered in staying what he is after a reload. */
static bool may_try(struct client *c, struct throttle_key *key)
{
	struct throttle *t = c->hub->shared->throttle;
	int64_t          now = loop_now_ns(c->hub->loop), wait;

	*key = (struct throttle_key){ 0 };
	if (t == NULL || !c->is_connecting || !names_itself(&c->opts) ||
	    !auth_is_required(c->hub->config->auth))
		return true;
	*key = throttle_key(t, c->ip, c->is_ip6, c->opts.user);
	switch (throttle_ask(t, key, c->has_waited, patience(c, now), now,
	    &wait)) {
	case THROTTLE_GO:
		return true;
	case THROTTLE_WAIT:
		c->has_waited = true;
		c->retry_at_ns = now + wait;
		c->state = CLIENT_CHECKING;
		conn_pause(&c->conn);
		client_arm_timer(c);
		return false;
	case THROTTLE_REFUSE:
		refuse_unheard(c);
		return false;
	}
	return false;
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
	struct hub    *h = receiver;

	/* Who did not wait for the verdict has not learnt it. */
	tell_throttle(h, &l->key, c == NULL ? THROTTLE_VOID
	    : l->ticket.verdict == AUTH_OK ? THROTTLE_RIGHT : THROTTLE_WRONG);
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
	struct login       *l = NULL;
	struct throttle_key key;
	struct auth_request req = {
		.user = c->opts.user,
		.pass = c->opts.pass,
		.auth_token = c->opts.auth_token,
		.names_account = c->opts.account.n > 0 || c->opts.new_account,
	};
	enum auth_verdict   v;

	login_cancel(c);
	if (!may_try(c, &key))
		return;
	if (auth_needs_ticket(a))
		l = make_login(c);
	v = auth_check(a, &req, &who, l == NULL ? NULL : &l->ticket);
	if (v == AUTH_PENDING) {
		l->key = key;
		c->login = l;
		/* One that is ready (a reload asks) goes on meanwhile. */
		if (c->state == CLIENT_READY && !c->is_connecting)
			return;
		c->state = CLIENT_CHECKING;
		conn_pause(&c->conn);
		return;
	}
	free(l);
	tell_throttle(c->hub, &key, v == AUTH_OK ? THROTTLE_RIGHT
	    : THROTTLE_WRONG);
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

void login_retry(struct client *c)
{
	c->retry_at_ns = 0;
	ask(c);
	go_on(c);
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
