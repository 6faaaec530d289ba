/* auth/jwt_verify.c - a table of steps, each of which may refuse.
 *
 * The order is nats-server's, so that the log gives the same reasons; that a
 * later step is reached means that all before it passed.  No step warns and
 * goes on (CVE-2021-3127). */
#include "auth/jwt_verify.h"

#include <sodium.h>

#include "auth/jwt_int.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "base/zone.h"
#include "proto/subject.h"

const char *jwt_verdict_text(enum jwt_verdict v)
{
	static const char *const texts[] = {
#define X(name, text) text,
		JWT_VERDICTS(X)
#undef X
	};

	return texts[v];
}

void jwt_rights_fini(struct jwt_rights *r)
{
	jwt_unref(r->token);
	jwt_mem_fini(&r->mem);
	*r = (struct jwt_rights){ 0 };
}

/* ---- whom to believe ---------------------------------------------------------- */

static bool operator_signs_with(const struct jwt_operator *o,
    const struct nkey *key)
{
	for (size_t i = 0; i < o->signing_keys.n; i++)
		if (nkey_eq(&o->signing_keys.items[i], key))
			return true;
	return false;
}

static bool operator_is(const struct jwt *o, const struct nkey *issuer)
{
	assert(o->kind == JWT_OPERATOR);
	return operator_signs_with(&o->operator, issuer) ||
	    (!o->operator.is_strict && nkey_eq(&o->subject, issuer));
}

bool jwt_is_trusted(const struct jwt_trust *trust, const struct nkey *issuer)
{
	if (!issuer->is_set || issuer->kind != NKEY_OPERATOR)
		return false;
	for (size_t i = 0; i < trust->n_operators; i++)
		if (operator_is(trust->operators[i], issuer))
			return true;
	for (size_t i = 0; i < trust->n_keys; i++)
		if (nkey_eq(&trust->keys[i], issuer))
			return true;
	return false;
}

/* ---- steps --------------------------------------------------------------------- */

struct check {
	const struct jwt             *user, *account;
	const struct jwt_trust       *trust;
	const struct nkey            *issuer;	/* without operators */
	const struct jwt_login       *login;
	const struct jwt_user_limits *limits;	/* its own, or the scope's */
	bool                          is_scoped;
	struct jwt_rights            *out;
};

static enum jwt_verdict check_kinds(struct check *c)
{
	if (c->user->kind != JWT_USER)
		return JWT_NO_USER;
	if (c->issuer == NULL && c->account->kind != JWT_ACCOUNT)
		return JWT_NO_ACCOUNT;
	c->limits = &c->user->user.limits;
	return JWT_OK;
}

static enum jwt_verdict check_proxy(struct check *c)
{
	return c->limits->needs_proxy && !c->login->is_proxied ?
	    JWT_PROXY_REQUIRED : JWT_OK;
}

static enum jwt_verdict check_claims(struct check *c)
{
	int64_t now = c->login->now_ns;

	if (jwt_is_expired(c->user, now) || jwt_is_early(c->user, now))
		return JWT_NOT_NOW;
	return jwt_validate(c->user, now, NULL, NULL) ? JWT_OK :
	    JWT_BAD_CLAIMS;
}

static enum jwt_verdict check_expected(struct check *c)
{
	const struct nkey *want = c->login->callout_user;

	return want == NULL || nkey_eq(want, &c->user->subject) ? JWT_OK :
	    JWT_OTHER_USER;
}

static const struct nkey *account_of(const struct jwt *user)
{
	return user->user.issuer_account.is_set ? &user->user.issuer_account :
	    &user->issuer;
}

static enum jwt_verdict check_account(struct check *c)
{
	return nkey_eq(account_of(c->user), &c->account->subject) ? JWT_OK :
	    JWT_OTHER_ACCOUNT;
}

static enum jwt_verdict check_trust(struct check *c)
{
	return jwt_is_trusted(c->trust, &c->account->issuer) ? JWT_OK :
	    JWT_NOT_TRUSTED;
}

static bool is_without_permissions(const struct jwt_permissions *p)
{
	return p->publish_allow.n == 0 && p->publish_deny.n == 0 &&
	    p->subscribe_allow.n == 0 && p->subscribe_deny.n == 0 &&
	    !p->allows_responses;
}

static bool is_no_limit_stated(int64_t v)
{
	return v == JWT_ABSENT || v == 0;
}

static bool is_without_limits(const struct jwt_user_limits *l)
{
	return is_without_permissions(&l->permissions) &&
	    is_no_limit_stated(l->subs) && is_no_limit_stated(l->data) &&
	    is_no_limit_stated(l->payload) && l->src.n == 0 &&
	    l->n_hours == 0 && l->location.n == 0 &&
	    l->connection_types.n == 0 && !l->is_bearer && !l->needs_proxy;
}

static enum jwt_verdict check_issuer(struct check *c)
{
	const struct jwt_signing_key *sk;

	if (nkey_eq(&c->user->issuer, &c->account->subject))
		return JWT_OK;
	sk = jwt_signing_key(c->account, &c->user->issuer);
	if (sk == NULL)
		return JWT_UNKNOWN_ISSUER;
	if (sk->scope == NULL)
		return JWT_OK;
	if (!is_without_limits(c->limits))
		return JWT_NOT_EMPTY;
	c->limits = sk->scope;
	c->is_scoped = true;
	return check_proxy(c);		/* the template may ask for one */
}

static enum jwt_verdict check_local_issuer(struct check *c)
{
	return nkey_eq(&c->user->issuer, c->issuer) &&
	    !c->user->user.issuer_account.is_set ? JWT_OK :
	    JWT_UNKNOWN_ISSUER;
}

static enum jwt_verdict check_account_time(struct check *c)
{
	return jwt_is_expired(c->account, c->login->now_ns) ||
	    jwt_is_early(c->account, c->login->now_ns) ?
	    JWT_ACCOUNT_EXPIRED : JWT_OK;
}

static enum jwt_verdict check_bearer(struct check *c)
{
	return c->limits->is_bearer &&
	    c->account->account.limits.disallows_bearer ? JWT_BEARER : JWT_OK;
}

bool jwt_connections(const struct jwt_texts *names, unsigned *ret)
{
	static const struct {
		struct slice        name;
		enum jwt_connection bit;
	} known[] = {
		{ { "STANDARD", 8 },     JWT_STANDARD },
		{ { "WEBSOCKET", 9 },    JWT_WEBSOCKET },
		{ { "LEAFNODE", 8 },     JWT_LEAFNODE },
		{ { "LEAFNODE_WS", 11 }, JWT_LEAFNODE_WS },
		{ { "MQTT", 4 },         JWT_MQTT },
		{ { "MQTT_WS", 7 },      JWT_MQTT_WS },
		{ { "IN_PROCESS", 10 },  JWT_IN_PROCESS },
	};
	unsigned bits = 0;

	for (size_t i = 0; i < names->n; i++)
		for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
			if (slice_eq_nocase(names->items[i], known[k].name))
				bits |= known[k].bit;
	*ret = bits;
	return names->n == 0 || bits != 0;
}

static enum jwt_verdict check_connection(struct check *c)
{
	unsigned bits;

	if (!jwt_connections(&c->limits->connection_types, &bits))
		return JWT_CONNECTION_TYPE;
	c->out->connections = bits;
	return bits == 0 || (bits & c->login->connection) != 0 ? JWT_OK :
	    JWT_CONNECTION_TYPE;
}

static enum jwt_verdict check_signature(struct check *c)
{
	uint8_t sig[NKEY_SIG_BYTES];

	if (c->limits->is_bearer)
		return JWT_OK;
	if (c->login->sig.n == 0)
		return JWT_NO_SIGNATURE;
	/* no nonce, nothing that could have been signed */
	return c->login->nonce.n > 0 && nkey_get_sig(c->login->sig, sig) &&
	    nkey_verify(c->user->subject.bytes, c->login->nonce, sig) ?
	    JWT_OK : JWT_BAD_SIGNATURE;
}

static enum jwt_verdict check_revoked(struct check *c)
{
	return jwt_is_revoked(&c->account->account.revocations,
	    nkey_text(&c->user->subject), c->user->issued_s) ? JWT_REVOKED :
	    JWT_OK;
}

static enum jwt_verdict check_source(struct check *c)
{
	const struct jwt_texts *src = &c->limits->src;
	bool                    is_in = src->n == 0;

	/* one that cannot be read refuses all, as a scope's may be */
	for (size_t i = 0; i < src->n; i++) {
		int m = jwt_cidr_match(src->items[i], c->login->addr,
		    c->login->n_addr);

		if (m < 0)
			return JWT_BAD_SOURCE;
		is_in = is_in || m > 0;
	}
	return is_in ? JWT_OK : JWT_BAD_SOURCE;
}

/* ---- hours ----------------------------------------------------------------------- */

/* Days since 1970 on that zone's calendar. */
static int64_t day_in(const struct zone *z, int64_t now_s)
{
	int64_t local = now_s + zone_offset_s(z, now_s);

	return local / 86400 - (local % 86400 < 0);
}

static int64_t moment_ns(const struct zone *z, int64_t day, int64_t seconds)
{
	return zone_utc_s(z, day * 86400 + seconds) * NS_PER_S;
}

/* When the hours that are now end; INT64_MIN: they are not now. */
static int64_t hours_end_ns(const struct zone *z, int64_t start, int64_t end,
    int64_t now_ns)
{
	int64_t day = day_in(z, now_ns / NS_PER_S);
	int64_t from = moment_ns(z, day, start), to = moment_ns(z, day, end);

	if (from < now_ns && now_ns < to)
		return to;
	if (from <= to)
		return INT64_MIN;
	if (now_ns < to)		/* since yesterday */
		return to;
	to = moment_ns(z, day + 1, end);
	return from < now_ns && now_ns < to ? to : INT64_MIN;
}

static enum jwt_verdict check_all_hours(struct check *c, const struct zone *z)
{
	const struct jwt_user_limits *l = c->limits;
	int64_t                       start, end, until = INT64_MIN;

	for (size_t i = 0; i < l->n_hours; i++) {
		int64_t to;

		if (!jwt_parse_hour(l->hours[i].start, &start) ||
		    !jwt_parse_hour(l->hours[i].end, &end))
			return JWT_BAD_HOUR;
		to = hours_end_ns(z, start, end, c->login->now_ns);
		if (to > until)
			until = to;
	}
	if (until == INT64_MIN)
		return JWT_BAD_HOUR;
	c->out->expires_ns = until;
	return JWT_OK;
}

static enum jwt_verdict check_hours(struct check *c)
{
	struct zone     *z;
	enum jwt_verdict v;

	c->out->expires_ns = INT64_MAX;
	if (c->limits->n_hours == 0)
		return JWT_OK;
	if (zone_open(c->limits->location, &z) != 0)
		return JWT_BAD_HOUR;
	v = check_all_hours(c, z);
	zone_close(z);
	return v;
}

/* ---- rights ------------------------------------------------------------------------- */

bool jwt_rule_of(struct slice text, bool may_queue,
    struct permission_rule *rule)
{
	const char  *blank = text.n == 0 ? NULL : memchr(text.p, ' ', text.n);
	struct slice subject = text, queue = SLICE_NONE;

	if (blank != NULL) {
		subject.n = (size_t)(blank - text.p);
		queue = slice_skip(text, subject.n + 1);
		if (!may_queue || !subject_is_valid(queue))
			return false;
	}
	*rule = (struct permission_rule){ subject, queue };
	return subject_is_valid(subject);
}

/* Texts are copied: an account may be replaced while its users stay. */
static enum jwt_verdict build_list(struct jwt_rights *out,
    const struct jwt_texts *from, bool may_queue, struct permission_list *to)
{
	struct permission_rule *rules;

	rules = jwt_mem_take(&out->mem, from->n, sizeof *rules);
	if (rules == NULL)
		return JWT_NO_MEMORY;
	for (size_t i = 0; i < from->n; i++) {
		struct slice copy = jwt_mem_text(&out->mem, from->items[i]);

		if (copy.p == NULL)
			return JWT_NO_MEMORY;
		if (!jwt_rule_of(copy, may_queue, &rules[i]))
			return JWT_BAD_TEMPLATE;
	}
	*to = (struct permission_list){ rules, from->n, from->n > 0 };
	return JWT_OK;
}

/* An allow list that is there but empty allows nothing once something is
 * denied; with nothing in either there is no restriction. */
static void mark_empty(const struct jwt_texts *allow, size_t n_deny,
    struct permission_list *to)
{
	if (allow->is_set && allow->n == 0 && n_deny > 0)
		to->is_set = true;
}

static enum jwt_verdict build_permissions(struct jwt_rights *out,
    const struct jwt_permissions *p)
{
	struct permissions_spec *s = &out->permissions;
	struct {
		const struct jwt_texts *from;
		struct permission_list *to;
		bool                    may_queue;
	} lists[] = {
		{ &p->publish_allow,   &s->publish_allow,   false },
		{ &p->publish_deny,    &s->publish_deny,    false },
		{ &p->subscribe_allow, &s->subscribe_allow, true },
		{ &p->subscribe_deny,  &s->subscribe_deny,  true },
	};

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		enum jwt_verdict v = build_list(out, lists[i].from,
		    lists[i].may_queue, lists[i].to);

		if (v != JWT_OK)
			return v;
	}
	mark_empty(&p->publish_allow, p->publish_deny.n, &s->publish_allow);
	mark_empty(&p->subscribe_allow, p->subscribe_deny.n,
	    &s->subscribe_allow);
	s->allows_responses = p->allows_responses;
	s->responses_max = p->responses_max;
	s->responses_ttl_ns = p->responses_ttl_ns;
	out->is_limited = !is_without_permissions(p);
	return JWT_OK;
}

/* Nothing is left of what was allowed: then nothing is. */
static bool deny_all(struct jwt_mem *mem, const struct jwt_texts *was_allowed,
    struct jwt_texts *allow, struct jwt_texts *deny)
{
	struct slice *items;

	if (was_allowed->n == 0 || allow->n > 0)
		return true;
	items = jwt_mem_take(mem, deny->n + 1, sizeof *items);
	if (items == NULL)
		return false;
	if (deny->n > 0)
		memcpy(items, deny->items, deny->n * sizeof *items);
	items[deny->n] = SLICE(">");
	deny->items = items;
	deny->n++;
	return true;
}

static enum jwt_verdict fill_in(struct check *c, struct jwt_permissions *p)
{
	const struct jwt_permissions *from = &c->limits->permissions;
	struct jwt_mem               *mem = &c->out->mem;
	struct {
		const struct jwt_texts *from;
		struct jwt_texts       *to;
		bool                    is_deny;
	} lists[] = {
		{ &from->subscribe_allow, &p->subscribe_allow, false },
		{ &from->subscribe_deny,  &p->subscribe_deny,  true },
		{ &from->publish_allow,   &p->publish_allow,   false },
		{ &from->publish_deny,    &p->publish_deny,    true },
	};

	*p = *from;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		int err = jwt_fill_in(lists[i].from, c->user, c->account,
		    lists[i].is_deny, mem, lists[i].to);

		if (err != 0)
			return err == ERR_NOMEM ? JWT_NO_MEMORY :
			    JWT_BAD_TEMPLATE;
	}
	return deny_all(mem, &from->subscribe_allow, &p->subscribe_allow,
	    &p->subscribe_deny) && deny_all(mem, &from->publish_allow,
	    &p->publish_allow, &p->publish_deny) ? JWT_OK : JWT_NO_MEMORY;
}

static enum jwt_verdict give_permissions(struct check *c)
{
	struct jwt_permissions p = c->limits->permissions;
	enum jwt_verdict       v = JWT_OK;

	if (c->is_scoped)
		v = fill_in(c, &p);
	if (v == JWT_OK && is_without_permissions(&p)) {
		c->out->uses_defaults = true;
		if (c->account != NULL)
			p = c->account->account.default_permissions;
	}
	return v == JWT_OK ? build_permissions(c->out, &p) : v;
}

bool jwt_default_permissions(const struct jwt *account, struct jwt_rights *out)
{
	assert(account->kind == JWT_ACCOUNT);
	*out = (struct jwt_rights){ .uses_defaults = true,
		.token = jwt_ref(account) };
	if (build_permissions(out, &account->account.default_permissions) ==
	    JWT_OK)
		return true;
	jwt_rights_fini(out);
	return false;
}

/* Not stated is 0, none at all, as Go reads it; but nats-server does not look
 * at the limits of a callout's answer. */
static int64_t own_limit(const struct check *c, int64_t v)
{
	if (v == JWT_ABSENT)
		return c->login->callout_user != NULL ? JWT_NO_LIMIT : 0;
	return v < 0 ? JWT_NO_LIMIT : v;
}

/* The account's are its own concern where it has no claims. */
static int64_t lesser(const struct check *c, int64_t own, size_t at)
{
	int64_t v = own_limit(c, own), account = JWT_NO_LIMIT;

	if (c->account != NULL)
		memcpy(&account, (const char *)&c->account->account.limits + at,
		    sizeof account);
	if (account < 0)
		return v;
	return v < 0 || account < v ? account : v;
}

#define LESSER(c, name) lesser(c, (c)->limits->name, \
	offsetof(struct jwt_account_limits, name))

static enum jwt_verdict give_rights(struct check *c)
{
	struct jwt_rights *r = c->out;
	int64_t            expires = jwt_expires_ns(c->user);

	r->user = c->user->subject;
	if (c->account != NULL)
		r->account = c->account->subject;
	if (c->user->user.issuer_account.is_set)
		r->signing_key = c->user->issuer;
	r->name = c->user->name;
	r->tags = c->user->tags;
	r->subs = LESSER(c, subs);
	r->payload = LESSER(c, payload);
	r->data = LESSER(c, data);
	r->issued_s = c->user->issued_s;
	if (expires < r->expires_ns)
		r->expires_ns = expires;
	r->is_bearer = c->limits->is_bearer;
	return JWT_OK;
}

/* ---- the tables ------------------------------------------------------------------------- */

typedef enum jwt_verdict (*step)(struct check *);

static enum jwt_verdict run(struct check *c, const step *steps, size_t n)
{
	enum jwt_verdict v = JWT_OK;

	*c->out = (struct jwt_rights){ .token = jwt_ref(c->user) };
	for (size_t i = 0; i < n && v == JWT_OK; i++)
		v = steps[i](c);
	if (v != JWT_OK)
		jwt_rights_fini(c->out);
	return v;
}

enum jwt_verdict jwt_check_login(const struct jwt *user,
    const struct jwt *account, const struct jwt_trust *trust,
    const struct jwt_login *login, struct jwt_rights *out)
{
	static const step steps[] = {
		check_kinds, check_proxy, check_claims, check_account,
		check_trust, check_issuer, check_account_time, check_bearer,
		check_connection, check_signature, check_revoked, check_source,
		check_hours, give_permissions, give_rights,
	};
	static const step callout_steps[] = {
		check_kinds, check_proxy, check_claims, check_expected,
		check_account, check_trust, check_issuer, check_account_time,
		check_connection, check_revoked, check_source, check_hours,
		give_permissions, give_rights,
	};
	struct check c = { .user = user, .account = account, .trust = trust,
		.login = login, .out = out };

	if (login->callout_user != NULL)
		return run(&c, callout_steps,
		    sizeof callout_steps / sizeof callout_steps[0]);
	return run(&c, steps, sizeof steps / sizeof steps[0]);
}

enum jwt_verdict jwt_check_placed(const struct jwt *user,
    const struct nkey *issuer, const struct jwt_login *login,
    struct jwt_rights *out)
{
	static const step steps[] = {
		check_kinds, check_proxy, check_claims, check_expected,
		check_local_issuer, check_connection, check_source,
		check_hours, give_permissions, give_rights,
	};
	struct check c = { .user = user, .issuer = issuer, .login = login,
		.out = out };

	assert(login->callout_user != NULL);
	return run(&c, steps, sizeof steps / sizeof steps[0]);
}

/* ---- activations ------------------------------------------------------------------------ */

bool jwt_activation_is_of(const struct jwt *activation,
    const struct nkey *exporter)
{
	const struct nkey *named = &activation->activation.issuer_account;

	return nkey_eq(named->is_set ? named : &activation->issuer, exporter);
}

/* Its own key, or one that signs for it; not one that may make users only. */
static bool is_signed_for(const struct jwt *activation,
    const struct jwt *exporter)
{
	const struct jwt_signing_key *sk;

	if (nkey_eq(&activation->issuer, &exporter->subject))
		return true;
	sk = jwt_signing_key(exporter, &activation->issuer);
	return sk != NULL && sk->scope == NULL;
}

static const char *activation_problem(const struct jwt *t,
    const struct jwt *importer, const struct jwt_import *im,
    const struct jwt *exporter, const struct jwt_export *ex, int64_t now_ns)
{
	struct slice subject = im->kind == JWT_SERVICE && im->to.n > 0 ?
	    im->to : im->subject;

	if (t->kind != JWT_ACTIVATION || !jwt_validate(t, now_ns, NULL, NULL))
		return "activation token is not valid, or not now";
	if (!nkey_eq(&im->account, &exporter->subject) ||
	    !jwt_activation_is_of(t, &exporter->subject) ||
	    !is_signed_for(t, exporter))
		return "activation token is not of the exporting account";
	if (!nkey_eq(&t->subject, &importer->subject))
		return "activation token is not for the importing account";
	if (t->activation.kind != im->kind || im->kind != ex->kind)
		return "activation token is for another kind of export";
	if (!subject_is_valid(subject) ||
	    !subject_is_subset(subject, t->activation.subject))
		return "activation token does not open the import's subject";
	if (jwt_is_revoked(&ex->revocations, nkey_text(&t->subject),
	    t->issued_s))
		return "activation token has been revoked";
	return NULL;
}

bool jwt_check_activation(const struct jwt *importer,
    const struct jwt_import *import, const struct jwt *exporter,
    const struct jwt_export *export, int64_t now_ns, int64_t *expires_ns,
    const char **why)
{
	struct jwt *t = NULL;
	const char *ignored, *problem;

	assert(importer->kind == JWT_ACCOUNT && exporter->kind == JWT_ACCOUNT);
	if (import->token.n == 0 ||
	    jwt_decode(import->token, &t, &ignored) != 0) {
		*why = "no activation token that can be read";
		return false;
	}
	problem = activation_problem(t, importer, import, exporter, export,
	    now_ns);
	if (problem == NULL)
		*expires_ns = jwt_expires_ns(t);
	else
		*why = problem;
	jwt_unref(t);
	return problem == NULL;
}

/* ---- a callout's answer ------------------------------------------------------------------- */

static bool is_answer_signed(const struct jwt *r, const struct jwt_expected *e)
{
	const struct nkey            *named = &r->response.issuer_account;
	const struct jwt_signing_key *sk;

	if (e->is_sealed)
		return true;
	if (e->account == NULL)
		return e->issuer != NULL && nkey_eq(&r->issuer, e->issuer);
	if (named->is_set && !nkey_eq(named, &e->account->subject))
		return false;
	if (nkey_eq(&r->issuer, &e->account->subject))
		return true;
	sk = jwt_signing_key(e->account, &r->issuer);
	return sk != NULL;
}

bool jwt_check_response(const struct jwt *response,
    const struct jwt_expected *e, int64_t now_ns, const char **why)
{
	const struct jwt *r = response;

	if (r->kind != JWT_AUTH_RESPONSE)
		*why = "not an authorization request claim";
	else if (!jwt_validate(r, now_ns, NULL, NULL))
		*why = "authorization response had validation errors";
	else if (!nkey_eq(&r->subject, e->user))
		*why = "auth callout violation: auth callout response is not"
		    " for expected user";
	else if (!slice_eq(r->audience, nkey_text(e->server)))
		*why = "auth callout violation: auth callout response is not"
		    " for server";
	else if (!is_answer_signed(r, e))
		*why = "auth callout signing key is unknown";
	else
		return true;
	return false;
}
