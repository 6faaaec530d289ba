/* auth/auth.c - the one place that decides who somebody is.
 *
 * The order of decisions for a client (core protocol 4.1):
 *   D0  naming an account is refused: accounts come from credentials only
 *   D1  a proxy's signature, if given where proxies are trusted, must be right
 *   D2  nothing is configured: everyone is nobody, in "$G", whatever they say
 *   D2a there are operators: a JWT, and nothing else
 *   D3  a token is configured: only the token is looked at
 *   D4  an nkey was named, and nkeys are configured: it must be known, and have
 *       signed the nonce
 *   D5  certificates are mapped: the user whom it names, whatever CONNECT says,
 *       and its password, if it has one
 *   D6  nothing was said and there is a no_auth_user: that is who it is;
 *       or nobody, where that is allowed
 *   D7  the user, which must exist, and its password
 *   D8  refused
 * Whoever it is, then: it must have come in a way that it may, and through a
 * proxy if it must.
 *
 * A refusal takes as long for an unknown user as for a wrong password.  Each
 * answer costs one digest of what was sent and one comparison of digests.  If
 * any password here is a bcrypt hash then every refusal costs one such hash:
 * of the user's own, or for a user that is unknown or has a plain password of
 * a decoy, picked by name, so that the same name always takes the same time.
 * Likewise an nkey that is unknown costs the verifying of a signature.
 *
 * A bcrypt password that was right once is remembered as a digest under the
 * key of this process, and a reload hands it on while the hash stays the same.
 * So ten thousand clients that come back at once cost one bcrypt, not an hour
 * of them: those that wait in the queue are settled by the first.
 */
#include "auth/auth.h"

#include <sodium.h>
#include <stdlib.h>

#include "auth/jwt.h"
#include "auth/nkey.h"
#include "auth/operators.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"

#define TIMEOUT_DEFAULT_NS (2 * NS_PER_S)

struct auth {
	uint32_t                n_refs;	/* atomic */
	struct hasher          *hasher;
	struct credentials      creds;
	const struct principal *silent;	/* who says nothing is; NULL: refused */
	bool                    has_no_auth_user;
	bool                    maps_certs;
	struct nkey            *proxies;
	size_t                  n_proxies;
	struct operators       *operators;	/* NULL: none */
	struct callout_config  *callout;	/* NULL: none */
	int64_t                 timeout_ns;
};

/* ---- building ------------------------------------------------------------ */

static int set_no_auth_user(struct auth *a, struct slice name, struct buf *why)
{
	struct credential *c;

	if (name.n == 0)
		return 0;
	c = credentials_find(&a->creds, name);
	if (c == NULL) {
		buf_printf(why, "no_auth_user: \"%.*s\" not present as user or "
		    "nkey in authorization block or account configuration",
		    SLICE_ARG(name));
		return ERR_CONFIG;
	}
	a->silent = principal_ref(c->who);
	a->has_no_auth_user = true;
	return 0;
}

static struct slice keep(char **at, struct slice s)
{
	struct slice copy = slice_of(*at, s.n);

	if (s.n > 0)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}

static int set_proxies(struct auth *a, const struct auth_config *conf,
    struct buf *why)
{
	a->proxies = calloc(conf->n_proxies + 1, sizeof *a->proxies);
	if (a->proxies == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < conf->n_proxies; i++) {
		if (!nkey_parse(conf->proxies[i], &a->proxies[i])) {
			buf_printf(why, "invalid trusted proxy key \"%.*s\"",
			    SLICE_ARG(conf->proxies[i]));
			return ERR_CONFIG;
		}
		a->n_proxies++;
	}
	return 0;
}

/* Everything in one allocation: the struct, the names, their characters. */
static struct callout_config *copy_callout(const struct callout_config *from)
{
	size_t n_names = from->n_users + from->n_allowed;
	size_t n = from->account.n;
	struct callout_config *c;
	struct slice          *names;
	char                  *at;

	for (size_t i = 0; i < n_names; i++)
		n += i < from->n_users ? from->users[i].n
		    : from->allowed[i - from->n_users].n;
	c = calloc(1, sizeof *c + n_names * sizeof *names + n);
	if (c == NULL)
		return NULL;
	names = (struct slice *)(c + 1);
	at = (char *)(names + n_names);
	*c = *from;
	c->account = keep(&at, from->account);
	c->users = names;
	for (size_t i = 0; i < from->n_users; i++)
		*names++ = keep(&at, from->users[i]);
	c->allowed = names;
	for (size_t i = 0; i < from->n_allowed; i++)
		*names++ = keep(&at, from->allowed[i]);
	return c;
}

int auth_create(const struct auth_config *conf, struct hasher *hasher,
    struct auth **ret, struct buf *why)
{
	struct auth *a = calloc(1, sizeof *a);
	int          err;

	if (a == NULL)
		return ERR_NOMEM;
	a->n_refs = 1;
	a->hasher = hasher;
	a->timeout_ns = conf->timeout_ns > 0 ? conf->timeout_ns
	    : TIMEOUT_DEFAULT_NS;
	if (conf->operators != NULL)
		a->operators = operators_ref(conf->operators);
	a->maps_certs = conf->maps_certs;
	err = credentials_init(&a->creds, conf, why);
	assert(err != 0 || hasher != NULL || a->creds.n_decoys == 0);
	if (err == 0)
		err = set_no_auth_user(a, conf->no_auth_user, why);
	if (err == 0)
		err = set_proxies(a, conf, why);
	if (err == 0 && conf->callout != NULL) {
		a->callout = copy_callout(conf->callout);
		err = a->callout == NULL ? ERR_NOMEM : 0;
	}
	if (err != 0) {
		auth_unref(a);
		return err;
	}
	if (a->silent == NULL && conf->admits_anonymous)
		a->silent = principal_ref(principal_anonymous());
	*ret = a;
	return 0;
}

struct auth *auth_ref(struct auth *a)
{
	__atomic_add_fetch(&a->n_refs, 1, __ATOMIC_RELAXED);
	return a;
}

void auth_unref(struct auth *a)
{
	if (a == NULL || __atomic_sub_fetch(&a->n_refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	principal_unref(a->silent);
	operators_unref(a->operators);
	credentials_fini(&a->creds);
	free(a->proxies);
	free(a->callout);
	free(a);
}

void auth_inherit(struct auth *a, const struct auth *old)
{
	credentials_inherit(&a->creds, &old->creds);
}

/* ---- what it is like ----------------------------------------------------- */

bool auth_is_required(const struct auth *a)
{
	return a->creds.n > 0 || a->callout != NULL ||
	    a->operators != NULL;
}

const struct callout_config *auth_callout(const struct auth *a)
{
	return a->callout;
}

struct operators *auth_operators(const struct auth *a)
{
	return a->operators;
}

bool callout_skips(const struct callout_config *c, struct slice user)
{
	for (size_t i = 0; i < c->n_users; i++)
		if (slice_eq(c->users[i], user))
			return true;
	return false;
}

bool callout_may_place(const struct callout_config *c, struct slice account)
{
	for (size_t i = 0; i < c->n_allowed; i++)
		if (slice_eq(c->allowed[i], account))
			return true;
	return c->n_allowed == 0;
}

bool auth_has_no_auth_user(const struct auth *a)
{
	return a->has_no_auth_user;
}

bool auth_admits_silent(const struct auth *a)
{
	return a->silent != NULL;
}

bool auth_wants_nonce(const struct auth *a)
{
	return a->creds.has_nkeys || a->n_proxies > 0 ||
	    a->operators != NULL;
}

bool auth_maps_certs(const struct auth *a)
{
	return a->maps_certs;
}

int64_t auth_timeout_ns(const struct auth *a)
{
	return a->timeout_ns;
}

bool auth_has_plain_passwords(const struct auth *a)
{
	return a->creds.has_plain;
}

bool auth_needs_ticket(const struct auth *a)
{
	return a->creds.n_decoys > 0 || a->operators != NULL;
}

bool auth_knows(const struct auth *a, const struct principal *who)
{
	const struct credential *c;

	if (who->kind != PRINCIPAL_USER && who->kind != PRINCIPAL_NKEY)
		return true;
	c = credentials_find(&a->creds, who->user);
	return c != NULL && c->who->kind == who->kind;
}

struct slice auth_proxy_key(const struct auth *a, int i)
{
	return i >= 0 && (size_t)i < a->n_proxies
	    ? nkey_text(&a->proxies[i]) : SLICE_NONE;
}

void auth_answer_fini(struct auth_answer *a)
{
	principal_unref(a->who);
	jwt_unref(a->account);
	*a = (struct auth_answer){ 0 };
}

bool auth_answer_is_stale(const struct auth *a, const struct auth_answer *answer)
{
	return answer->account != NULL && a->operators != NULL &&
	    operators_is_stale(a->operators, answer->account);
}

/* ---- whoever it is ------------------------------------------------------- */

static enum auth_verdict refuse(struct auth_answer *out, enum auth_why why)
{
	out->verdict = AUTH_REFUSED;
	out->why = why;
	return AUTH_REFUSED;
}

/* May that one come in this way? */
static enum auth_verdict admit(const struct principal *who,
    enum via via, struct auth_answer *out)
{
	if (who->connections != 0 && !(who->connections & via))
		return refuse(out, AUTH_WHY_FAILED);
	if (who->proxy_required && out->proxy < 0)
		return refuse(out, AUTH_WHY_PROXY_REQUIRED);
	out->who = principal_ref(who);
	out->verdict = AUTH_OK;
	return AUTH_OK;
}

/* ---- secrets ------------------------------------------------------------- */

static bool is_settled(struct hash_job *job)
{
	struct auth_ticket *t = CONTAINER_OF(job, struct auth_ticket, job);

	return t->candidate != NULL &&
	    credential_matches(&t->auth->creds, t->candidate, t->digest);
}

static void on_hashed(struct hash_job *job, bool matches)
{
	struct auth_ticket *t = CONTAINER_OF(job, struct auth_ticket, job);
	struct auth        *a = t->auth;

	refuse(&t->answer, AUTH_WHY_FAILED);
	if (matches && t->candidate != NULL) {
		credential_remember(t->candidate, t->digest);
		admit(t->candidate->who, t->via, &t->answer);
	}
	t->candidate = NULL;
	t->auth = NULL;
	sodium_memzero(t->digest, sizeof t->digest);
	auth_unref(a);
	t->done(t);
}

/* Refusals of one name always take the same hash, known or not. */
static struct credential *pick_decoy(const struct auth *a, struct slice name)
{
	return a->creds.decoys[hash_slice(name) % a->creds.n_decoys];
}

static enum auth_verdict ask_hasher(struct auth *a, struct credential *c,
    const struct auth_request *req, struct slice secret,
    const uint8_t *digest, struct auth_answer *out, struct auth_ticket *t)
{
	bool is_real = c != NULL && c->is_bcrypt;

	if (t == NULL || a->creds.n_decoys == 0)
		return refuse(out, AUTH_WHY_FAILED);
	t->answer = (struct auth_answer){ .proxy = out->proxy };
	t->via = req->via;
	t->candidate = is_real ? c : NULL;
	t->auth = auth_ref(a);
	memcpy(t->digest, digest, CREDENTIAL_DIGEST_BYTES);
	t->job.hash = (is_real ? c : pick_decoy(a, req->user))->hash;
	t->job.done = on_hashed;
	t->job.is_settled = is_settled;
	out->verdict = AUTH_PENDING;	/* now: then it is the hasher's */
	if (hasher_submit(a->hasher, &t->job, secret))
		return AUTH_PENDING;
	sodium_memzero(t->digest, sizeof t->digest);
	t->auth = NULL;
	auth_unref(a);
	return refuse(out, AUTH_WHY_FAILED);
}

static enum auth_verdict check_secret(struct auth *a, struct credential *c,
    const struct auth_request *req, struct slice secret,
    struct auth_answer *out, struct auth_ticket *t)
{
	uint8_t           digest[CREDENTIAL_DIGEST_BYTES];
	enum auth_verdict verdict;

	credential_digest(secret, digest);
	if (credential_matches(&a->creds, c, digest))
		verdict = admit(c->who, req->via, out);
	else
		verdict = ask_hasher(a, c, req, secret, digest, out, t);
	sodium_memzero(digest, sizeof digest);
	return verdict;
}

static bool has_signed(const uint8_t key[NKEY_BYTES], struct slice sig,
    struct slice nonce)
{
	uint8_t bytes[NKEY_SIG_BYTES];

	return nonce.n > 0 && nkey_get_sig(sig, bytes) &&
	    nkey_verify(key, nonce, bytes);
}

static enum auth_verdict check_nkey(const struct auth *a,
    const struct auth_request *req, struct auth_answer *out)
{
	static const uint8_t     nobody[NKEY_BYTES] = { 1 };
	const struct credential *c = credentials_find(&a->creds, req->nkey);
	bool is_known = c != NULL && c->who->kind == PRINCIPAL_NKEY;

	if (!has_signed(is_known ? c->nkey : nobody, req->sig, req->nonce) ||
	    !is_known)
		return refuse(out, AUTH_WHY_FAILED);
	return admit(c->who, req->via, out);
}

/* A password, where the user has one, is wanted beside the certificate. */
static enum auth_verdict check_cert(struct auth *a,
    const struct auth_request *req, struct auth_answer *out,
    struct auth_ticket *ticket)
{
	struct credential *c = req->cert == NULL ? NULL
	    : credentials_of_cert(&a->creds, req->cert, req->via);

	return c == NULL ? refuse(out, AUTH_WHY_FAILED)
	    : check_secret(a, c, req, req->pass, out, ticket);
}

/* D1 */
static bool find_proxy(const struct auth *a, const struct auth_request *req,
    int *ret)
{
	*ret = -1;
	if (a->n_proxies == 0 || req->proxy_sig.n == 0)
		return true;
	for (size_t i = 0; i < a->n_proxies && *ret < 0; i++)
		if (has_signed(a->proxies[i].bytes, req->proxy_sig, req->nonce))
			*ret = (int)i;
	return *ret >= 0;
}

/* ---- asking -------------------------------------------------------------- */

static bool says_nothing(const struct auth_request *req)
{
	return req->user.n == 0 && req->pass.n == 0 &&
	    req->auth_token.n == 0 && req->nkey.n == 0 && req->jwt.n == 0;
}

static struct credential *find_user(const struct auth *a, struct slice name)
{
	struct credential *c = credentials_find(&a->creds, name);

	return c != NULL && c->who->kind == PRINCIPAL_USER ? c : NULL;
}

enum auth_verdict auth_check(struct auth *a, const struct auth_request *req,
    struct auth_answer *out, struct auth_ticket *ticket)
{
	*out = (struct auth_answer){ .proxy = -1 };
	if (req->names_account)					/* D0 */
		return refuse(out, AUTH_WHY_FAILED);
	if (!find_proxy(a, req, &out->proxy))			/* D1 */
		return refuse(out, AUTH_WHY_PROXY_NOT_TRUSTED);
	if (!auth_is_required(a))				/* D2 */
		return admit(principal_anonymous(), req->via, out);
	if (a->operators != NULL)				/* D2a */
		return operators_check(a->operators, req, out, ticket);
	if (a->creds.has_token)					/* D3 */
		return check_secret(a, &a->creds.all[0], req, req->auth_token,
		    out, ticket);
	if (a->creds.has_nkeys && req->nkey.n > 0)		/* D4 */
		return check_nkey(a, req, out);
	if (a->maps_certs && a->creds.has_users)		/* D5 */
		return check_cert(a, req, out, ticket);
	if (a->silent != NULL && says_nothing(req))		/* D6 */
		return admit(a->silent, req->via, out);
	return check_secret(a, find_user(a, req->user), req,	/* D7, D8 */
	    req->pass, out, ticket);
}

void auth_ticket_cancel(struct auth_ticket *t)
{
	hash_job_cancel(&t->job);
	resolver_job_cancel(&t->find);
}
