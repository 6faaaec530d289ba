/* auth/auth.c - credentials, and the one place that compares them.
 *
 * The order of decisions for a client (core protocol 4.1), of what exists:
 *   D1  naming an account is refused: accounts come from credentials only
 *   D2  nothing is configured: everyone is in "$G", whatever they say
 *   D3  a token is configured: only the token is looked at
 *   D4  nothing was said and there is a no_auth_user: that is who it is
 *   D5  the user, which must exist, and its password
 *   D6  refused
 *
 * A refusal takes as long for an unknown user as for a wrong password.  Each
 * answer costs one digest of what was sent and one comparison of digests.  If
 * any password here is a bcrypt hash then every refusal costs one such hash:
 * of the user's own, or for a user that is unknown or has a plain password of
 * a decoy, picked by name, so that the same name always takes the same time.
 *
 * A bcrypt password that was right once is remembered as a digest under the
 * key of this process, and a reload hands it on while the hash stays the same.
 * So ten thousand clients that come back at once cost one bcrypt, not an hour
 * of them: those that wait in the queue are settled by the first.
 */
#include "auth/auth.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/random.h"
#include "core/permissions.h"

#define TIMEOUT_DEFAULT_NS (2 * NS_PER_S)

_Static_assert(AUTH_DIGEST_BYTES == crypto_generichash_BYTES, "digest");

enum { UNKNOWN, WRITING, KNOWN };	/* states of a remembered digest */

struct credential {
	enum principal_kind       kind;
	struct slice              name;
	const struct permissions *permissions;
	bool     is_bcrypt;
	char     hash[BCRYPT_HASH_CHARS + 1];
	/* Of the password: a plain one's from the start, else once is_known. */
	uint8_t  digest[AUTH_DIGEST_BYTES];
	uint32_t is_known;		/* atomic */
};

struct auth {
	uint32_t           n_refs;	/* atomic */
	struct hasher     *hasher;
	uint8_t            nothing[AUTH_DIGEST_BYTES];	/* matches nobody */
	struct credential *creds;	/* by name; of a token: the only one */
	size_t             n_creds;
	struct credential **decoys;	/* those with bcrypt */
	size_t             n_decoys;
	struct credential *no_auth_user;
	bool               is_required, has_token, has_plain;
	int64_t            timeout_ns;
	char              *names;
};

static uint8_t        digest_key[crypto_generichash_KEYBYTES];
static pthread_once_t digest_key_once = PTHREAD_ONCE_INIT;

static const struct slice global_account = SLICE("$G");

/* ---- is the configuration sound? ---------------------------------------- */

/* Which pairs exclude each other, in nats-server's words. */
static const char *find_conflict(const struct auth_config *c)
{
	bool single = c->user.p != NULL || c->pass.p != NULL;
	bool token = c->token.p != NULL;
	bool users = c->has_users || c->n_users > 0;

	if (single && token)
		return "Cannot have a user/pass and token";
	if (single && users)
		return "Can not have a single user/pass and a users array";
	if (token && users)
		return "Can not have a token and a users array";
	if (single && c->user.n == 0)
		return "authorization has an empty user, or a password and no user";
	if (c->pass.p != NULL && c->pass.n == 0)
		return "authorization has an empty password";
	if (token && c->token.n == 0)
		return "authorization has an empty token";
	if (users && c->n_users == 0)
		return "authorization has an empty users array";
	return NULL;
}

static int check_secret(struct slice name, struct slice secret,
    const struct hasher *hasher, struct buf *why)
{
	if (!bcrypt_is_hash(secret))
		return 0;
	if (!bcrypt_is_sound(secret)) {
		buf_printf(why, "the password of \"%.*s\" begins like a bcrypt "
		    "hash and is none: it wants %d characters and a cost "
		    "from %d to %d", SLICE_ARG(name), BCRYPT_HASH_CHARS,
		    BCRYPT_COST_MIN, BCRYPT_COST_MAX);
		return ERR_CONFIG;
	}
	assert(hasher != NULL);
	return 0;
}

static int check_users(const struct auth_config *c,
    const struct hasher *hasher, struct buf *why)
{
	for (size_t i = 0; i < c->n_users; i++) {
		const struct auth_user_config *u = &c->users[i];

		if (u->name.n == 0) {
			buf_put_str(why, "User entry requires a user");
			return ERR_CONFIG;
		}
		if (u->pass.p != NULL && u->pass.n == 0) {
			buf_printf(why, "user \"%.*s\" has an empty password",
			    SLICE_ARG(u->name));
			return ERR_CONFIG;
		}
		if (check_secret(u->name, u->pass, hasher, why) != 0)
			return ERR_CONFIG;
	}
	return 0;
}

static int check_config(const struct auth_config *c,
    const struct hasher *hasher, struct buf *why)
{
	const char *conflict = find_conflict(c);

	if (conflict != NULL) {
		buf_put_str(why, conflict);
		return ERR_CONFIG;
	}
	if (c->no_auth_user.n > 0 && c->n_users == 0) {
		buf_printf(why, "no_auth_user: \"%.*s\" present, but "
		    "users/nkeys are not defined", SLICE_ARG(c->no_auth_user));
		return ERR_CONFIG;
	}
	if (check_secret(c->user, c->pass, hasher, why) != 0 ||
	    check_secret(SLICE("token"), c->token, hasher, why) != 0)
		return ERR_CONFIG;
	return check_users(c, hasher, why);
}

/* ---- building ----------------------------------------------------------- */

static void draw_key(void)
{
	random_bytes(digest_key, sizeof digest_key);
}

static void digest_of(struct slice secret, uint8_t digest[AUTH_DIGEST_BYTES])
{
	crypto_generichash(digest, AUTH_DIGEST_BYTES,
	    (const uint8_t *)secret.p, secret.n, digest_key,
	    sizeof digest_key);
}

static void set_secret(struct auth *a, struct credential *c,
    struct slice secret)
{
	c->is_bcrypt = bcrypt_is_hash(secret);
	if (c->is_bcrypt) {
		memcpy(c->hash, secret.p, BCRYPT_HASH_CHARS);
		return;
	}
	digest_of(secret, c->digest);
	c->is_known = KNOWN;
	a->has_plain |= secret.n > 0;
}

static struct slice copy_name(char **at, struct slice name)
{
	struct slice copy = slice_of(*at, name.n);

	memcpy(*at, name.p, name.n);
	*at += name.n;
	return copy;
}

static int set_permissions(struct credential *c,
    const struct permissions_spec *spec, const struct permissions *fallback,
    struct buf *why)
{
	if (spec == NULL) {
		c->permissions = permissions_ref(fallback);
		return 0;
	}
	c->permissions = permissions_create(spec);
	if (c->permissions != NULL)
		return 0;
	buf_printf(why, "the permissions of user \"%.*s\" cannot be used",
	    SLICE_ARG(c->name));
	return ERR_CONFIG;
}

/* Room for n credentials whose names take so many bytes. */
static int make_room(struct auth *a, size_t n, size_t name_bytes)
{
	a->creds = calloc(n, sizeof *a->creds);
	a->decoys = calloc(n, sizeof(struct credential *));
	a->names = malloc(name_bytes + 1);
	if (a->creds == NULL || a->decoys == NULL || a->names == NULL)
		return ERR_NOMEM;
	return 0;
}

static int add_single(struct auth *a, const struct auth_config *conf)
{
	struct credential *c;
	char              *names;
	int                err = make_room(a, 1, conf->user.n);

	if (err != 0)
		return err;
	c = &a->creds[0];
	names = a->names;
	a->n_creds = 1;
	a->has_token = conf->token.n > 0;
	c->kind = a->has_token ? PRINCIPAL_TOKEN : PRINCIPAL_USER;
	if (!a->has_token)
		c->name = copy_name(&names, conf->user);
	set_secret(a, c, a->has_token ? conf->token : conf->pass);
	return 0;
}

static int fill_users(struct auth *a, const struct auth_config *conf,
    const struct permissions *fallback, struct buf *why)
{
	char *names = a->names;

	for (size_t i = 0; i < conf->n_users; i++) {
		const struct auth_user_config *u = &conf->users[i];
		struct credential             *c = &a->creds[i];
		int                            err;

		a->n_creds = i + 1;
		c->kind = PRINCIPAL_USER;
		c->name = copy_name(&names, u->name);
		set_secret(a, c, u->pass);
		err = set_permissions(c, u->permissions, fallback, why);
		if (err != 0)
			return err;
	}
	return 0;
}

static int add_users(struct auth *a, const struct auth_config *conf,
    struct buf *why)
{
	struct permissions *fallback = NULL;
	size_t              name_bytes = 0;
	int                 err;

	for (size_t i = 0; i < conf->n_users; i++)
		name_bytes += conf->users[i].name.n;
	err = make_room(a, conf->n_users, name_bytes);
	if (err != 0)
		return err;
	if (conf->default_permissions != NULL) {
		fallback = permissions_create(conf->default_permissions);
		if (fallback == NULL) {
			buf_put_str(why, "default_permissions cannot be used");
			return ERR_CONFIG;
		}
	}
	err = fill_users(a, conf, fallback, why);
	permissions_unref(fallback);
	return err;
}

static int compare_names(const void *x, const void *y)
{
	const struct credential *a = x, *b = y;

	return slice_cmp(a->name, b->name);
}

/* NULL: unknown. */
static struct credential *find_user(const struct auth *a, struct slice name)
{
	struct credential key = { .name = name };

	if (a->n_creds == 0 || name.n == 0)
		return NULL;
	return bsearch(&key, a->creds, a->n_creds, sizeof *a->creds,
	    compare_names);
}

bool auth_knows_user(const struct auth *a, struct slice name)
{
	return find_user(a, name) != NULL;
}

static int sort_users(struct auth *a, struct buf *why)
{
	if (a->n_creds > 1)
		qsort(a->creds, a->n_creds, sizeof *a->creds, compare_names);
	for (size_t i = 1; i < a->n_creds; i++) {
		if (!slice_eq(a->creds[i - 1].name, a->creds[i].name))
			continue;
		buf_printf(why, "Duplicate user \"%.*s\" detected",
		    SLICE_ARG(a->creds[i].name));
		return ERR_CONFIG;
	}
	for (size_t i = 0; i < a->n_creds; i++)
		if (a->creds[i].is_bcrypt)
			a->decoys[a->n_decoys++] = &a->creds[i];
	return 0;
}

static int set_no_auth_user(struct auth *a, struct slice name, struct buf *why)
{
	if (name.n == 0)
		return 0;
	a->no_auth_user = find_user(a, name);
	if (a->no_auth_user != NULL)
		return 0;
	buf_printf(why, "no_auth_user: \"%.*s\" not present as user or nkey in "
	    "authorization block or account configuration", SLICE_ARG(name));
	return ERR_CONFIG;
}

static int fill(struct auth *a, const struct auth_config *conf,
    struct buf *why)
{
	int err = 0;

	if (conf->n_users > 0)
		err = add_users(a, conf, why);
	else if (conf->user.n > 0 || conf->token.n > 0)
		err = add_single(a, conf);
	if (err == 0)
		err = sort_users(a, why);
	if (err == 0)
		err = set_no_auth_user(a, conf->no_auth_user, why);
	return err;
}

int auth_create(const struct auth_config *conf, struct hasher *hasher,
    struct auth **ret, struct buf *why)
{
	struct auth *a;
	int          err = check_config(conf, hasher, why);

	if (err != 0)
		return err;
	a = calloc(1, sizeof *a);
	if (a == NULL)
		return ERR_NOMEM;
	a->n_refs = 1;
	a->hasher = hasher;
	a->timeout_ns = conf->timeout_ns > 0 ? conf->timeout_ns
	    : TIMEOUT_DEFAULT_NS;
	pthread_once(&digest_key_once, draw_key);
	random_bytes(a->nothing, sizeof a->nothing);
	err = fill(a, conf, why);
	if (err != 0) {
		auth_unref(a);
		return err;
	}
	a->is_required = a->n_creds > 0;
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
	for (size_t i = 0; i < a->n_creds; i++) {
		permissions_unref(a->creds[i].permissions);
		sodium_memzero(&a->creds[i], sizeof a->creds[i]);
	}
	free(a->creds);
	free(a->decoys);
	free(a->names);
	free(a);
}

/* The first to know writes; whoever reads waits for KNOWN. */
static void remember(struct credential *c,
    const uint8_t digest[AUTH_DIGEST_BYTES])
{
	uint32_t expected = UNKNOWN;

	if (!__atomic_compare_exchange_n(&c->is_known, &expected, WRITING,
	    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	memcpy(c->digest, digest, AUTH_DIGEST_BYTES);
	__atomic_store_n(&c->is_known, KNOWN, __ATOMIC_RELEASE);
}

void auth_inherit(struct auth *a, const struct auth *old)
{
	for (size_t i = 0; i < a->n_decoys; i++) {
		struct credential       *c = a->decoys[i];
		const struct credential *before = a->has_token
		    ? (old->has_token ? &old->creds[0] : NULL)
		    : find_user(old, c->name);

		if (before == NULL || !before->is_bcrypt ||
		    memcmp(before->hash, c->hash, sizeof c->hash) != 0 ||
		    __atomic_load_n(&before->is_known, __ATOMIC_ACQUIRE) != KNOWN)
			continue;
		remember(c, before->digest);
	}
}

bool auth_is_required(const struct auth *a)
{
	return a->is_required;
}

bool auth_has_no_auth_user(const struct auth *a)
{
	return a->no_auth_user != NULL;
}

int64_t auth_timeout_ns(const struct auth *a)
{
	return a->timeout_ns;
}

bool auth_has_plain_passwords(const struct auth *a)
{
	return a->has_plain;
}

bool auth_needs_ticket(const struct auth *a)
{
	return a->n_decoys > 0;
}

/* ---- principals --------------------------------------------------------- */

/* c NULL: nobody in particular. */
static void become(struct principal *p, struct auth *a,
    const struct credential *c)
{
	*p = (struct principal){ .kind = PRINCIPAL_NONE,
		.account = global_account, .auth = auth_ref(a) };
	if (c == NULL)
		return;
	p->kind = c->kind;
	p->user = c->name;
	p->permissions = c->permissions;
}

void principal_copy(struct principal *to, const struct principal *from)
{
	*to = *from;
	if (to->auth != NULL)
		auth_ref(to->auth);
}

void principal_fini(struct principal *p)
{
	auth_unref(p->auth);
	*p = (struct principal){ 0 };
}

void principal_put_label(const struct principal *p, struct buf *out)
{
	if (p->kind == PRINCIPAL_USER) {
		buf_put_str(out, "user:");
		buf_put_slice(out, p->user);
	} else if (p->kind == PRINCIPAL_TOKEN) {
		buf_put_str(out, "token");
	}
}

struct slice principal_shown_user(const struct principal *p)
{
	return p->kind == PRINCIPAL_TOKEN ? SLICE("[REDACTED]") : p->user;
}

/* ---- asking ------------------------------------------------------------- */

/* Does the digest settle it?  Costs the same for anyone and no one. */
static bool digest_matches(const struct auth *a, const struct credential *c,
    const uint8_t digest[AUTH_DIGEST_BYTES])
{
	bool is_known = c != NULL &&
	    __atomic_load_n(&c->is_known, __ATOMIC_ACQUIRE) == KNOWN;

	return sodium_memcmp(is_known ? c->digest : a->nothing, digest,
	    AUTH_DIGEST_BYTES) == 0 && is_known;
}

static bool is_settled(struct hash_job *job)
{
	struct auth_ticket *t = CONTAINER_OF(job, struct auth_ticket, job);

	return t->candidate != NULL &&
	    digest_matches(t->auth, t->candidate, t->digest);
}

static void on_hashed(struct hash_job *job, bool matches)
{
	struct auth_ticket *t = CONTAINER_OF(job, struct auth_ticket, job);
	struct auth        *a = t->auth;

	t->verdict = matches && t->candidate != NULL ? AUTH_OK : AUTH_REFUSED;
	if (t->verdict == AUTH_OK) {
		remember(t->candidate, t->digest);
		become(&t->principal, a, t->candidate);
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
	return a->decoys[hash_slice(name) % a->n_decoys];
}

static enum auth_verdict ask_hasher(struct auth *a, struct credential *c,
    struct slice name, struct slice secret, const uint8_t *digest,
    struct auth_ticket *t)
{
	bool is_real = c != NULL && c->is_bcrypt;

	if (t == NULL || a->n_decoys == 0)
		return AUTH_REFUSED;
	t->verdict = AUTH_REFUSED;
	t->principal = (struct principal){ 0 };
	t->candidate = is_real ? c : NULL;
	t->auth = auth_ref(a);
	memcpy(t->digest, digest, AUTH_DIGEST_BYTES);
	t->job.hash = (is_real ? c : pick_decoy(a, name))->hash;
	t->job.done = on_hashed;
	t->job.is_settled = is_settled;
	if (hasher_submit(a->hasher, &t->job, secret))
		return AUTH_PENDING;
	sodium_memzero(t->digest, sizeof t->digest);
	t->auth = NULL;
	auth_unref(a);
	return AUTH_REFUSED;
}

static enum auth_verdict check_secrets(struct auth *a, struct credential *c,
    struct slice name, struct slice secret, struct principal *out,
    struct auth_ticket *t)
{
	uint8_t           digest[AUTH_DIGEST_BYTES];
	enum auth_verdict verdict = AUTH_OK;

	digest_of(secret, digest);
	if (digest_matches(a, c, digest))
		become(out, a, c);
	else
		verdict = ask_hasher(a, c, name, secret, digest, t);
	sodium_memzero(digest, sizeof digest);
	return verdict;
}

static bool says_nothing(const struct auth_request *req)
{
	return req->user.n == 0 && req->pass.n == 0 && req->auth_token.n == 0;
}

enum auth_verdict auth_check(struct auth *a, const struct auth_request *req,
    struct principal *out, struct auth_ticket *ticket)
{
	const struct credential *silent;

	if (req->names_account)					/* D1 */
		return AUTH_REFUSED;
	if (a->has_token)					/* D3 */
		return check_secrets(a, &a->creds[0], SLICE_NONE,
		    req->auth_token, out, ticket);
	silent = says_nothing(req) ? a->no_auth_user : NULL;
	if (a->is_required && silent == NULL)			/* D5, D6 */
		return check_secrets(a, find_user(a, req->user), req->user,
		    req->pass, out, ticket);
	become(out, a, silent);					/* D2, D4 */
	return AUTH_OK;
}

void auth_ticket_cancel(struct auth_ticket *t)
{
	hash_job_cancel(&t->job);
}
