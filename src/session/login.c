/* session/login.c - from accepted to ready. */
#include "session/login.h"

#include <stdlib.h>
#include <time.h>

#include "auth/callout.h"
#include "auth/nonce.h"
#include "auth/throttle.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/account.h"
#include "core/accounts.h"
#include "core/policy.h"
#include "session/callout.h"
#include "session/client.h"
#include "session/hub.h"
#include "session/secure.h"
#include "session/pace.h"
#include "session/subs.h"

/* Read at once from who may be anybody, and so kept while a hash is made. */
enum { UNKNOWN_INPUT_MAX = 4 * 1024 };

/* A password that is being hashed, or an account that is sought.  It outlives
 * its client if need be. */
struct login {
	struct auth_ticket ticket;
	struct mail        mail;
	struct throttle_key key;
	struct mesh       *mesh;
	unsigned           to;		/* the client's worker */
	const struct session_shared *shared;
	struct client     *client;	/* NULL: it went.  Thread: worker */
	bool               is_placed;	/* a callout has said who it is */
};

static void take_rates(struct client *c)
{
	pace_by(c, c->who->rate, account_policy(c->account)->rate);
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

/* ---- the verdict --------------------------------------------------------- */

static void refuse(struct client *c, enum auth_why why)
{
	static const enum refusal refusals[] = {
		[AUTH_WHY_FAILED] = REFUSAL_AUTH,
		[AUTH_WHY_PROXY_NOT_TRUSTED] = REFUSAL_PROXY_UNTRUSTED,
		[AUTH_WHY_PROXY_REQUIRED] = REFUSAL_PROXY_REQUIRED,
	};
	struct slice user = c->opts.user.n > 0 ? c->opts.user : c->opts.nkey;

	c->hub->stats.n_auth_failures++;
	hub_tell(c->hub, c, SESSION_AUTH_FAILED);
	if (user.n > 0)
		log_error("%s - authentication error - %s \"%.*s\"",
		    client_label(c), c->opts.user.n > 0 ? "User" : "Nkey",
		    SLICE_ARG(user));
	else
		log_error("%s - authentication error", client_label(c));
	client_refuse(c, refusals[why]);
}

void login_timed_out(struct client *c)
{
	c->auth_until_ns = 0;
	if (c->callout != NULL) {
		callout_cancel(c);
		refuse(c, AUTH_WHY_FAILED);
		return;
	}
	c->hub->stats.n_auth_failures++;
	log_error("%s - Authentication Timeout", client_label(c));
	client_refuse(c, REFUSAL_AUTH_TIMEOUT);
}

void login_expired(struct client *c)
{
	c->expires_at_ns = 0;
	client_refuse(c, REFUSAL_AUTH_EXPIRED);
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

static bool is_full(const struct account *a)
{
	int64_t max = account_policy(a)->conns_max;

	return max >= 0 && !a->is_system &&
	    __atomic_load_n(&a->n_clients, __ATOMIC_RELAXED) > max;
}

/* False: the client has been refused. */
static bool enter_account(struct client *c, const struct principal *who)
{
	struct account *a = accounts_find(c->hub->shared->accounts,
	    who->account);

	if (a == NULL) {
		refuse(c, AUTH_WHY_FAILED);
		return false;
	}
	if (a == c->account)
		return true;
	/* Its subscriptions and what it is owed are of another world. */
	if (!c->is_connecting && c->has_connected) {
		client_close(c, CLOSE_CLIENT_CLOSED);
		return false;
	}
	client_set_account(c, a);
	if (is_full(a)) {
		client_refuse(c, REFUSAL_MAX_ACC_CONNS);
		return false;
	}
	return true;
}

/* Its credentials last until then. */
static void note_expiry(struct client *c)
{
	int64_t left = c->who->expires_ns - clock_wall_ns();

	c->expires_at_ns = 0;
	if (c->who->expires_ns != 0 && __builtin_add_overflow(
	    loop_now_ns(c->hub->loop), left > 0 ? left : 0,
	    &c->expires_at_ns))
		c->expires_at_ns = 0;
}

static void become(struct client *c, const struct auth_answer *answer)
{
	int64_t max, ttl;

	principal_unref(c->who);
	c->who = principal_ref(answer->who);
	c->proxy = (int16_t)answer->proxy;
	verdict_cache_fini(&c->verdicts);
	c->grants_replies = permissions_responses(c->who->permissions, &max,
	    &ttl);
	c->state = CLIENT_READY;
	conn_limit_input(&c->conn, 0);
	take_rates(c);
	c->auth_until_ns = 0;
	note_expiry(c);
	client_apply_limits(c);
}

static void welcome(struct client *c, const struct auth_answer *answer)
{
	if (!enter_account(c, answer->who))
		return;
	become(c, answer);
	if (!c->is_connecting) {
		subs_recheck(c);	/* a reload asked; or it has none yet */
		return;
	}
	c->is_connecting = false;
	c->has_connected = true;
	hub_tell(c->hub, c, SESSION_CONNECTED);
	if (agree(c) && c->opts.verbose)
		conn_put(&c->conn, "+OK\r\n", 5);
}

/* Is somebody else asked before it is settled? */
static bool delegate(struct client *c, const struct auth_answer *answer)
{
	bool goes_on = c->state == CLIENT_READY && !c->is_connecting;

	if (!callout_is_wanted(c, answer))
		return false;
	if (!callout_ask(c, answer)) {
		refuse(c, AUTH_WHY_FAILED);	/* past it nobody comes in */
		return true;
	}
	/* One that is ready (a reload asks) goes on meanwhile. */
	if (!goes_on) {
		c->state = CLIENT_CHECKING;
		conn_pause(&c->conn);
	}
	client_arm_timer(c);
	return true;
}

static void settle(struct client *c, const struct auth_answer *answer)
{
	if (answer->verdict == AUTH_OK)
		welcome(c, answer);
	else
		refuse(c, answer->why);
	if (c->state != CLIENT_GONE)
		client_arm_timer(c);
}

/* ---- who failed too often ------------------------------------------------ */

/* What tells one who logs in from another, of what he said. */
static struct slice claimed_name(const struct connect_opts *o)
{
	return o->jwt.n > 0 ? o->jwt : o->nkey.n > 0 ? o->nkey : o->user;
}

static bool names_itself(const struct connect_opts *o)
{
	return claimed_name(o).n > 0 || o->pass.n > 0 || o->auth_token.n > 0;
}

/* AUTH_PENDING: he has gone before the verdict, and has not learnt it. */
static void tell_throttle(struct hub *h, const struct throttle_key *key,
    enum auth_verdict v)
{
	static const enum throttle_outcome outcomes[] = {
		[AUTH_OK] = THROTTLE_RIGHT,
		[AUTH_REFUSED] = THROTTLE_WRONG,
		[AUTH_PENDING] = THROTTLE_VOID,
	};

	if (key->source != 0)
		throttle_tell(h->shared->throttle, key, outcomes[v],
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
	*key = throttle_key(t, c->ip, c->is_ip6, claimed_name(&c->opts));
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
 * that thread waits, as it has no turn to come.  Thread: the hasher's, or the
 * resolver's. */
static void hashed(struct auth_ticket *t)
{
	struct login                *l = CONTAINER_OF(t, struct login, ticket);
	const struct session_shared *shared = l->shared;
	struct mesh                 *mesh = l->mesh;
	const struct timespec        nap = { .tv_nsec = NS_PER_MS };
	unsigned member = t->is_by_resolver ? shared->resolver_member
	    : shared->hasher_member;

	mesh_post(mesh, member, l->to, &l->mail);
	while (!mesh_ring(mesh, member) &&
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

static void decided(struct client *c, const struct auth_answer *answer)
{
	settle(c, answer);
	go_on(c);
}

/* The service may be asked by whoever guesses, too. */
static void decided_elsewhere(struct client *c,
    const struct auth_answer *answer)
{
	struct throttle    *t = c->hub->shared->throttle;
	struct throttle_key key;

	if (t != NULL && c->is_connecting && names_itself(&c->opts)) {
		key = throttle_key(t, c->ip, c->is_ip6, claimed_name(&c->opts));
		throttle_tell_late(t, &key, answer->verdict == AUTH_OK,
		    loop_now_ns(c->hub->loop));
	}
	decided(c, answer);
}

static void ask(struct client *c);

static void verdict_came(struct mail *m, void *receiver)
{
	struct login  *l = CONTAINER_OF(m, struct login, mail);
	struct client *c = l->client;

	if (c != NULL)
		c->login = NULL;
	/* A change of its account may have passed the verdict on its way. */
	if (c != NULL && auth_answer_is_stale(c->hub->config->auth,
	    &l->ticket.answer)) {
		ask(c);
		go_on(c);
		c = NULL;
	}
	/* Who did not wait for the verdict has not learnt it. */
	if (c == NULL || delegate(c, &l->ticket.answer)) {
		tell_throttle(receiver, &l->key, AUTH_PENDING);
	} else if (l->is_placed) {
		decided_elsewhere(c, &l->ticket.answer);
	} else {
		tell_throttle(receiver, &l->key, l->ticket.answer.verdict);
		decided(c, &l->ticket.answer);
	}
	auth_answer_fini(&l->ticket.answer);
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

void login_answered(struct client *c, const struct callout_question *q,
    struct slice payload, int proxy)
{
	struct auth_answer answer = { .proxy = proxy };
	struct login      *l = q->operators == NULL ? NULL : make_login(c);
	struct buf         why = { 0 };
	enum auth_verdict  v;

	if (l != NULL)
		l->is_placed = true;
	v = callout_read_answer(q, payload, &answer,
	    l == NULL ? NULL : &l->ticket, &why);
	if (why.n > 0)
		log_warn("%.*s", SLICE_ARG(buf_slice(&why)));
	buf_fini(&why);
	if (v == AUTH_PENDING) {
		c->login = l;
		return;
	}
	free(l);
	decided_elsewhere(c, &answer);
	auth_answer_fini(&answer);
}

void login_cancel(struct client *c)
{
	callout_cancel(c);
	if (c->login == NULL)
		return;
	c->login->client = NULL;
	auth_ticket_cancel(&c->login->ticket);
	c->login = NULL;
}

/* nonce is what the client was told to sign, if anything. */
static struct auth_request request_of(const struct client *c,
    char nonce[NONCE_CHARS + 1])
{
	const struct connect_opts *o = &c->opts;
	bool has_nonce = auth_wants_nonce(c->hub->config->auth);

	nonce_make(c->cid, nonce);
	return (struct auth_request){
		.user = o->user, .pass = o->pass, .auth_token = o->auth_token,
		.nkey = o->nkey, .sig = o->sig, .jwt = o->jwt,
		.proxy_sig = o->proxy_sig,
		.nonce = slice_of(nonce, has_nonce ? NONCE_CHARS : 0),
		.via = VIA_STANDARD,
		.source = slice_of((const char *)c->ip, c->is_ip6 ? 16 : 4),
		.cert = secure_peer(c),
		.names_account = o->account || o->new_account,
	};
}

static void warn_of_user(struct slice user)
{
	static struct log_gate gate;
	uint32_t               held;

	if (log_gate_open(&gate, &held))
		log_warn("User \"%.*s\" found in connect proto, but user "
		    "required from cert", SLICE_ARG(user));
}

/* Has a callout placed it, so that its account's claims are all that changes? */
static bool is_settled(const struct client *c)
{
	return c->state == CLIENT_READY && !c->is_connecting &&
	    c->who->is_placed &&
	    auth_operators(c->hub->config->auth) != NULL;
}

static enum auth_verdict check(const struct client *c,
    const struct auth_request *req, struct auth_answer *out, struct login *l)
{
	struct auth        *a = c->hub->config->auth;
	struct auth_ticket *t = l == NULL ? NULL : &l->ticket;

	if (!is_settled(c))
		return auth_check(a, req, out, t);
	out->proxy = c->proxy;
	return callout_renew(auth_operators(a), c->who, req, out, t);
}

/* What was asked before, and is not answered yet, counts no more. */
static void ask(struct client *c)
{
	struct auth        *a = c->hub->config->auth;
	struct auth_answer  answer = { 0 };
	struct login       *l = NULL;
	struct throttle_key key;
	char                nonce[NONCE_CHARS + 1];
	struct auth_request req = request_of(c, nonce);

	login_cancel(c);
	if (!may_try(c, &key))
		return;
	if (auth_maps_certs(a) && req.user.n > 0)
		warn_of_user(req.user);
	if (auth_needs_ticket(a))
		l = make_login(c);
	if (check(c, &req, &answer, l) == AUTH_PENDING) {
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
	if (delegate(c, &answer)) {
		tell_throttle(c->hub, &key, AUTH_PENDING);
	} else {
		tell_throttle(c->hub, &key, answer.verdict);
		settle(c, &answer);
	}
	auth_answer_fini(&answer);
}

void login_connect(struct client *c)
{
	/* A second CONNECT begins anew, in whatever account it ends. */
	if (c->has_connected || c->who->kind != PRINCIPAL_NONE)
		subs_remove_some(c, SIZE_MAX);
	/* As good a guess as any, until it has answered a PING. */
	if (c->rtt_ns == 0)
		c->rtt_ns = clock_ns() - c->start_ns;
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
	if (!auth_knows(c->hub->config->auth, c->who))
		client_close(c, CLOSE_CLIENT_CLOSED);
	else
		ask(c);
}
