/* auth/operators.c - from a user's token to a principal. */
#include "auth/operators.h"

#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#include "auth/callout.h"
#include "auth/jwt.h"
#include "auth/jwt_principal.h"
#include "auth/resolver.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "core/permissions.h"

enum { SIG_CHARS_MAX = 128, NONCE_MAX = 64 };

struct operators {
	uint32_t          n_refs;	/* atomic */
	struct jwt      **tokens;
	struct nkey      *keys;
	struct jwt_trust  trust;
	struct nkey       system_account;
	struct nkey      *pinned;
	size_t            n_pinned;
	struct buf        sentinel;
	struct resolver  *resolver;
};

static uint64_t n_pinned_fails;

/* ---- building ------------------------------------------------------------------ */

static int refuse_config(struct buf *why, const char *text)
{
	buf_put_str(why, text);
	return ERR_CONFIG;
}

static int get_keys(const struct slice *texts, size_t n, enum nkey_kind kind,
    struct nkey **ret, size_t *n_ret, const char *what, struct buf *why)
{
	*ret = calloc(n + 1, sizeof **ret);
	if (*ret == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		if (nkey_parse(texts[i], &(*ret)[i]) && (*ret)[i].kind == kind)
			continue;
		buf_printf(why, "%s key ", what);
		text_put_quoted(why, texts[i]);
		buf_put_str(why, " is not a valid public nkey");
		return ERR_CONFIG;
	}
	*n_ret = n;
	return 0;
}

/* "2.15.1", of which each part fits. */
static bool parse_version(struct slice s, int64_t parts[3])
{
	for (int i = 0; i < 3; i++) {
		const char *dot = i == 2 ? NULL : memchr(s.p, '.', s.n);
		size_t      n = dot == NULL ? s.n : (size_t)(dot - s.p);

		if ((dot == NULL) != (i == 2) ||
		    !text_parse_i64(slice_of(s.p, n), &parts[i]) ||
		    parts[i] < 0)
			return false;
		s = slice_skip(s, dot == NULL ? n : n + 1);
	}
	return true;
}

static int check_version(const struct jwt *t, struct slice ours,
    struct buf *why)
{
	static const char *const names[] = { "major", "minor", "update" };
	struct slice want_text = t->operator.assert_server_version;
	int64_t      have[3], want[3];

	if (want_text.n == 0)
		return 0;
	if (!parse_version(want_text, want) || !parse_version(ours, have)) {
		buf_printf(why, "operator %s expects version %.*s got error "
		    "instead: asserted server version must be of the form "
		    "<major>.<minor>.<update>", t->subject.text,
		    SLICE_ARG(want_text));
		return ERR_CONFIG;
	}
	for (int i = 0; i < 3; i++) {
		if (want[i] < have[i])
			return 0;
		if (want[i] == have[i])
			continue;
		buf_printf(why, "operator %s expected %s version %lld > server "
		    "%s version %lld", t->subject.text, names[i],
		    (long long)want[i], names[i], (long long)have[i]);
		return ERR_CONFIG;
	}
	return 0;
}

static int add_operator(struct operators *o, struct slice text,
    struct slice version, struct buf *why)
{
	const char *reason = err_text(ERR_NOMEM);
	struct jwt *t;
	int         err = jwt_decode(jwt_find_in_text(text), &t, &reason);

	if (err == ERR_NOMEM)
		return err;
	if (err != 0) {
		buf_printf(why, "error parsing operator JWT: %s", reason);
		return ERR_CONFIG;
	}
	o->tokens[o->trust.n_operators++] = t;
	if (t->kind != JWT_OPERATOR)
		return refuse_config(why, "error parsing operator JWT: not "
		    "operator claim");
	return check_version(t, version, why);
}

static int set_tokens(struct operators *o, const struct operators_config *conf,
    struct buf *why)
{
	int err = 0;

	o->tokens = calloc(conf->n_tokens + 1, sizeof(struct jwt *));
	if (o->tokens == NULL)
		return ERR_NOMEM;
	o->trust.operators = (const struct jwt *const *)o->tokens;
	for (size_t i = 0; i < conf->n_tokens && err == 0; i++)
		err = add_operator(o, conf->tokens[i], conf->version, why);
	return err;
}

static int set_system_account(struct operators *o,
    const struct operators_config *conf, struct buf *why)
{
	struct slice        text = conf->system_account;
	const struct nkey  *said = conf->n_tokens == 1
	    ? &o->tokens[0]->operator.system_account : NULL;

	if (text.n == 0) {
		if (said != NULL)
			o->system_account = *said;
		return 0;
	}
	if (said != NULL && said->is_set && !slice_eq(nkey_text(said), text))
		return refuse_config(why, "system_account in config and "
		    "operator JWT must be identical");
	if (!nkey_parse(text, &o->system_account) ||
	    o->system_account.kind != NKEY_ACCOUNT)
		return refuse_config(why, "error resolving system account: "
		    "will only fetch valid account keys");
	return 0;
}

static bool is_empty(const struct jwt_permissions *p)
{
	return !p->publish_allow.is_set && !p->publish_deny.is_set &&
	    !p->subscribe_allow.is_set && !p->subscribe_deny.is_set &&
	    !p->allows_responses;
}

/* Whoever brings no token has no key either: it may sign nothing.  One with a
 * scope may be a bearer there. */
static int check_sentinel(const struct jwt *t, struct buf *why)
{
	if (t->kind != JWT_USER)
		return refuse_config(why, "default sentinel JWT not valid");
	if (t->user.limits.is_bearer || (t->user.issuer_account.is_set &&
	    is_empty(&t->user.limits.permissions)))
		return 0;
	return refuse_config(why, "default sentinel must be a bearer token");
}

static int set_sentinel(struct operators *o, struct slice text,
    struct buf *why)
{
	const char *reason;
	struct jwt *t;
	int         err;

	if (text.n == 0)
		return 0;
	err = jwt_decode(text, &t, &reason);
	if (err != 0)
		return err == ERR_NOMEM ? err : refuse_config(why,
		    "default sentinel JWT not valid");
	err = check_sentinel(t, why);
	jwt_unref(t);
	buf_put_slice(&o->sentinel, text);
	return err == 0 && buf_failed(&o->sentinel) ? ERR_NOMEM : err;
}

static int set_up(struct operators *o, const struct operators_config *conf,
    struct buf *why)
{
	size_t n_keys = 0;
	int    err = set_tokens(o, conf, why);

	if (err == 0)
		err = get_keys(conf->keys, conf->n_keys, NKEY_OPERATOR,
		    &o->keys, &n_keys, "trust", why);
	o->trust.keys = o->keys;
	o->trust.n_keys = n_keys;
	if (err == 0)
		err = get_keys(conf->pinned, conf->n_pinned, NKEY_ACCOUNT,
		    &o->pinned, &o->n_pinned, "pinned account", why);
	if (err == 0)
		err = set_system_account(o, conf, why);
	return err != 0 ? err : set_sentinel(o, conf->sentinel, why);
}

int operators_create(const struct operators_config *conf,
    struct operators **ret, struct buf *why)
{
	struct operators *o = calloc(1, sizeof *o);
	int               err;

	if (o == NULL)
		return ERR_NOMEM;
	o->n_refs = 1;
	err = set_up(o, conf, why);
	if (err != 0)
		operators_unref(o);
	else
		*ret = o;
	return err;
}

struct operators *operators_ref(struct operators *o)
{
	__atomic_add_fetch(&o->n_refs, 1, __ATOMIC_RELAXED);
	return o;
}

void operators_unref(struct operators *o)
{
	if (o == NULL || __atomic_sub_fetch(&o->n_refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < o->trust.n_operators; i++)
		jwt_unref(o->tokens[i]);
	free(o->tokens);
	free(o->keys);
	free(o->pinned);
	buf_fini(&o->sentinel);
	free(o);
}

void operators_use(struct operators *o, struct resolver *r)
{
	o->resolver = r;
}

/* ---- what they say ------------------------------------------------------------- */

static void log_time(const char *what, int64_t unix_s)
{
	time_t    t = (time_t)unix_s;
	struct tm tm;
	char      text[64];

	if (unix_s == 0 || gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S +0000 UTC",
	    &tm) == 0)
		log_notice("%sNever", what);
	else
		log_notice("%s%s", what, text);
}

static void log_operator(const struct jwt *t)
{
	log_notice("  System  : \"%s\"", t->operator.system_account.text);
	log_notice("  Operator: \"%.*s\"", SLICE_ARG(t->name));
	log_time("  Issued  : ", t->issued_s);
	log_time("  Expires : ", t->expires_s);
	if (jwt_is_expired(t, clock_wall_ns()))
		log_warn("The token of operator \"%.*s\" has expired",
		    SLICE_ARG(t->name));
}

void operators_log(const struct operators *o)
{
	if (o->trust.n_operators > 0)
		log_notice("Trusted Operators");
	for (size_t i = 0; i < o->trust.n_operators; i++)
		log_operator(o->tokens[i]);
	if (o->trust.n_operators > 0 && !o->system_account.is_set)
		log_warn("Trusted Operators should utilize a System Account");
}

struct slice operators_system_account(const struct operators *o)
{
	return nkey_text(&o->system_account);
}

struct slice operators_sentinel(const struct operators *o)
{
	return buf_slice(&o->sentinel);
}

bool operators_account_url(const struct operators *o, struct buf *out)
{
	struct slice url;

	if (o->trust.n_operators != 1)
		return false;
	url = o->tokens[0]->operator.account_server_url;
	buf_put_slice(out, url);
	if (url.n > 0 && url.p[url.n - 1] == '/')
		out->n--;
	buf_put_str(out, "/accounts");
	return true;
}

const struct jwt_trust *operators_trust(const struct operators *o)
{
	return &o->trust;
}

bool operators_is_reserved(const struct operators *o, const struct nkey *key)
{
	for (size_t i = 0; i < o->trust.n_operators; i++)
		if (o->tokens[i]->operator.is_strict &&
		    nkey_eq(&o->tokens[i]->subject, key))
			return true;
	return false;
}

bool operators_is_stale(const struct operators *o, const struct jwt *account)
{
	struct jwt *now = resolver_loaded(o->resolver,
	    nkey_text(&account->subject));

	jwt_unref(now);
	return now != account;
}

uint64_t operators_n_pinned_fails(void)
{
	return __atomic_load_n(&n_pinned_fails, __ATOMIC_RELAXED);
}

/* ---- the principal ------------------------------------------------------------- */

/* A login that has still to be judged; alone, or while its account is sought. */
struct bearing {
	struct operators *operators;
	struct jwt       *user;
	char              nonce[NONCE_MAX], sig[SIG_CHARS_MAX];
	uint8_t           addr[16];
	struct nkey       placed;	/* set: by a callout, who it has to be */
	struct jwt_login  login;	/* points into the above */
	enum via          via;
};

/* Who shares an account with the program that decides who is who must not ask
 * it in the server's name. */
static const struct principal *make_principal(const struct bearing *b,
    const struct jwt *account, const struct jwt_rights *r)
{
	return jwt_principal(r, nkey_text(&r->account),
	    jwt_has_callout(account) ? SLICE(CALLOUT_SUBJECT) : SLICE_NONE,
	    b->placed.is_set);
}

/* ---- judging ------------------------------------------------------------------- */

static enum auth_verdict refuse(struct auth_answer *out, const char *why)
{
	log_debug("JWT refused: %s", why);
	out->verdict = AUTH_REFUSED;
	out->why = AUTH_WHY_FAILED;
	return AUTH_REFUSED;
}

/* What a callout answers is its operator's affair, and not any peer's. */
static enum auth_verdict refuse_bearing(const struct bearing *b,
    struct auth_answer *out, const char *why)
{
	if (b->placed.is_set)
		log_warn("Auth callout: %s", why);
	return refuse(out, why);
}

/* Another program says who it is to be. */
static enum auth_verdict delegate(const struct jwt *account,
    struct auth_answer *out)
{
	refuse(out, "its account's auth callout is asked");
	out->account = jwt_ref(account);
	out->is_delegated = true;
	return AUTH_REFUSED;
}

static bool is_delegated(const struct bearing *b, const struct jwt *account)
{
	return !b->placed.is_set && jwt_has_callout(account) &&
	    !jwt_skips_callout(account, &b->user->subject);
}

/* Of a strict operator, whose accounts sign their users with other keys than
 * their own, too? */
static bool is_of_strict(const struct operators *o, const struct nkey *issuer)
{
	for (size_t i = 0; i < o->trust.n_operators; i++) {
		const struct jwt_operator *op = &o->tokens[i]->operator;

		for (size_t k = 0; op->is_strict && k < op->signing_keys.n; k++)
			if (nkey_eq(&op->signing_keys.items[k], issuer))
				return true;
	}
	return false;
}

static enum auth_verdict judge(const struct bearing *b,
    const struct jwt *account, struct auth_answer *out)
{
	struct jwt_rights rights = { 0 };
	enum jwt_verdict  v = jwt_check_login(b->user, account,
	    &b->operators->trust, &b->login, &rights);

	if (v == JWT_OK && !rights.signing_key.is_set &&
	    is_of_strict(b->operators, &account->issuer))
		v = JWT_UNKNOWN_ISSUER;
	if (v == JWT_OK && is_delegated(b, account)) {
		jwt_rights_fini(&rights);
		return delegate(account, out);
	}
	if (v != JWT_OK) {
		jwt_rights_fini(&rights);
		refuse_bearing(b, out, jwt_verdict_text(v));
		if (v == JWT_PROXY_REQUIRED)
			out->why = AUTH_WHY_PROXY_REQUIRED;
		return AUTH_REFUSED;
	}
	out->who = make_principal(b, account, &rights);
	jwt_rights_fini(&rights);
	if (out->who == NULL)
		return refuse_bearing(b, out, err_text(ERR_NOMEM));
	out->verdict = AUTH_OK;
	out->account = jwt_ref(account);
	return AUTH_OK;
}

static const struct nkey *account_of(const struct jwt *user)
{
	return user->user.issuer_account.is_set ? &user->user.issuer_account
	    : &user->issuer;
}

static bool is_pinned(const struct operators *o, const struct nkey *account)
{
	if (o->n_pinned == 0 || nkey_eq(account, &o->system_account))
		return true;
	for (size_t i = 0; i < o->n_pinned; i++)
		if (nkey_eq(&o->pinned[i], account))
			return true;
	__atomic_add_fetch(&n_pinned_fails, 1, __ATOMIC_RELAXED);
	return false;
}

/* Keeps what the peer sent; it may be judged later.  False: nobody sends such
 * a signature. */
static bool take_login(struct bearing *b, const struct auth_request *req,
    bool is_proxied)
{
	if (req->nonce.n > sizeof b->nonce || req->sig.n > sizeof b->sig ||
	    req->source.n > sizeof b->addr)
		return false;
	if (req->nonce.n > 0)
		memcpy(b->nonce, req->nonce.p, req->nonce.n);
	if (req->sig.n > 0)
		memcpy(b->sig, req->sig.p, req->sig.n);
	if (req->source.n > 0)
		memcpy(b->addr, req->source.p, req->source.n);
	b->via = req->via;
	b->login = (struct jwt_login){
		.nonce = slice_of(b->nonce, req->nonce.n),
		.sig = slice_of(b->sig, req->sig.n),
		.addr = b->addr, .n_addr = req->source.n,
		.connection = (enum jwt_connection)req->via,
		.is_proxied = is_proxied, .now_ns = clock_wall_ns(),
	};
	return true;
}

_Static_assert((int)VIA_STANDARD == (int)JWT_STANDARD &&
    (int)VIA_WEBSOCKET == (int)JWT_WEBSOCKET &&
    (int)VIA_LEAFNODE == (int)JWT_LEAFNODE &&
    (int)VIA_LEAFNODE_WS == (int)JWT_LEAFNODE_WS &&
    (int)VIA_MQTT == (int)JWT_MQTT && (int)VIA_MQTT_WS == (int)JWT_MQTT_WS &&
    (int)VIA_IN_PROCESS == (int)JWT_IN_PROCESS, "ways to come in");

/* ---- asking -------------------------------------------------------------------- */

static void drop_bearing(struct bearing *b)
{
	jwt_unref(b->user);
	operators_unref(b->operators);
	sodium_memzero(b, sizeof *b);
	free(b);
}

static void on_found(struct resolver_job *job, const struct jwt *account)
{
	struct auth_ticket *t = CONTAINER_OF(job, struct auth_ticket, find);
	struct bearing     *b = t->bearing;

	b->login.now_ns = clock_wall_ns();
	if (account == NULL)
		refuse_bearing(b, &t->answer,
		    "Account JWT lookup error: account missing");
	else
		judge(b, account, &t->answer);
	t->bearing = NULL;
	drop_bearing(b);
	t->done(t);
}

static enum auth_verdict wait_for(struct bearing *b, struct auth_ticket *t,
    struct auth_answer *out)
{
	struct resolver *r = b->operators->resolver;

	if (t == NULL) {
		refuse_bearing(b, out, err_text(ERR_NOMEM));
		drop_bearing(b);
		return AUTH_REFUSED;
	}
	t->answer = (struct auth_answer){ .proxy = out->proxy };
	t->bearing = b;
	t->is_by_resolver = true;
	t->find.done = on_found;
	if (resolver_submit(r, nkey_text(account_of(b->user)), &t->find)) {
		out->verdict = AUTH_PENDING;
		return AUTH_PENDING;
	}
	refuse_bearing(b, out, "too many logins wait for their account");
	drop_bearing(b);
	return AUTH_REFUSED;
}

/* b is consumed. */
static enum auth_verdict look_up(struct bearing *b, struct auth_answer *out,
    struct auth_ticket *ticket)
{
	const struct nkey *key = account_of(b->user);
	struct jwt        *account;
	enum auth_verdict  v;

	if (key->kind != NKEY_ACCOUNT || !is_pinned(b->operators, key)) {
		refuse_bearing(b, out,
		    "Account is not an operator pinned account");
		drop_bearing(b);
		return AUTH_REFUSED;
	}
	account = resolver_find(b->operators->resolver, nkey_text(key));
	if (account == NULL)
		return wait_for(b, ticket, out);
	v = judge(b, account, out);
	jwt_unref(account);
	drop_bearing(b);
	return v;
}

/* Who is not valid in any account need not be looked up. */
static bool is_plausible(const struct jwt *t, int64_t now)
{
	return t->kind == JWT_USER && !jwt_is_expired(t, now) &&
	    !jwt_is_early(t, now);
}

enum auth_verdict operators_check(struct operators *o,
    const struct auth_request *req, struct auth_answer *out,
    struct auth_ticket *ticket)
{
	struct slice    token = req->jwt.n > 0 ? req->jwt
	    : buf_slice(&o->sentinel);
	struct bearing *b;
	const char     *why;

	if (token.n == 0 || o->resolver == NULL)
		return refuse(out, "no JWT");
	b = calloc(1, sizeof *b);
	if (b == NULL)
		return refuse(out, err_text(ERR_NOMEM));
	b->operators = operators_ref(o);
	if (jwt_decode(token, &b->user, &why) == 0 &&
	    is_plausible(b->user, clock_wall_ns()) &&
	    take_login(b, req, out->proxy >= 0))
		return look_up(b, out, ticket);
	drop_bearing(b);
	return refuse(out, "User JWT not valid");
}

/* ---- placing ------------------------------------------------------------------ */

struct jwt *operators_account(const struct operators *o,
    const struct nkey *key)
{
	return o->resolver == NULL ? NULL
	    : resolver_find(o->resolver, nkey_text(key));
}

/* NULL: out of memory. */
static struct bearing *make_placed(struct operators *o,
    const struct operators_placing *p)
{
	const struct auth_request req = { .source = p->source, .via = p->via };
	struct bearing           *b = calloc(1, sizeof *b);

	if (b == NULL || !take_login(b, &req, p->is_proxied)) {
		free(b);
		return NULL;
	}
	b->operators = operators_ref(o);
	b->user = jwt_ref(p->user);
	b->placed = *p->expected;
	b->login.callout_user = &b->placed;
	return b;
}

enum auth_verdict operators_place(struct operators *o,
    const struct operators_placing *p, struct auth_answer *out,
    struct auth_ticket *ticket)
{
	struct bearing    *b = make_placed(o, p);
	const struct nkey *account;

	if (b == NULL)
		return refuse(out, err_text(ERR_NOMEM));
	if (!is_plausible(b->user, b->login.now_ns)) {
		refuse_bearing(b, out, "User JWT not valid");
		drop_bearing(b);
		return AUTH_REFUSED;
	}
	account = account_of(b->user);
	if (p->by == NULL || jwt_callout_may_place(p->by, account))
		return look_up(b, out, ticket);
	log_warn("Auth callout: account \"%.*s\" not permitted as valid account "
	    "option for auth callout for account \"%.*s\"",
	    SLICE_ARG(nkey_text(account)), SLICE_ARG(nkey_text(&p->by->subject)));
	drop_bearing(b);
	return refuse(out, "its callout may not place users there");
}
