/* auth/credentials.c - who is configured, and by which secret they are known. */
#include "auth/credentials.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "auth/auth.h"
#include "auth/callout.h"
#include "auth/certmap.h"
#include "auth/principal.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/random.h"
#include "core/permissions.h"
#include "core/rate.h"

_Static_assert(CREDENTIAL_DIGEST_BYTES == crypto_generichash_BYTES, "digest");

enum { UNKNOWN, WRITING, KNOWN };	/* states of a remembered digest */

static uint8_t        digest_key[crypto_generichash_KEYBYTES];
static pthread_once_t digest_key_once = PTHREAD_ONCE_INIT;

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
    struct buf *why)
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
	return 0;
}

static int check_users(const struct auth_config *c, struct buf *why)
{
	for (size_t i = 0; i < c->n_users; i++) {
		const struct auth_user_config *u = &c->users[i];

		uint8_t key[NKEY_BYTES];

		if (u->name.n == 0) {
			buf_put_str(why, "User entry requires a user");
			return ERR_CONFIG;
		}
		if (u->is_nkey && !nkey_get_public(u->name, NKEY_USER, key)) {
			buf_put_str(why, "Not a valid public nkey for a user");
			return ERR_CONFIG;
		}
		if (u->pass.p != NULL && u->pass.n == 0) {
			buf_printf(why, "user \"%.*s\" has an empty password",
			    SLICE_ARG(u->name));
			return ERR_CONFIG;
		}
		if (check_secret(u->name, u->pass, why) != 0)
			return ERR_CONFIG;
	}
	return 0;
}

static int check_config(const struct auth_config *c, struct buf *why)
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
	if (check_secret(c->user, c->pass, why) != 0 ||
	    check_secret(SLICE("token"), c->token, why) != 0)
		return ERR_CONFIG;
	return check_users(c, why);
}

/* ---- digests ------------------------------------------------------------- */

static void draw_key(void)
{
	random_bytes(digest_key, sizeof digest_key);
}

void credential_digest(struct slice secret,
    uint8_t digest[CREDENTIAL_DIGEST_BYTES])
{
	crypto_generichash(digest, CREDENTIAL_DIGEST_BYTES,
	    (const uint8_t *)secret.p, secret.n, digest_key,
	    sizeof digest_key);
}

bool credential_matches(const struct credentials *all,
    const struct credential *c, const uint8_t digest[CREDENTIAL_DIGEST_BYTES])
{
	bool is_known = c != NULL &&
	    __atomic_load_n(&c->is_known, __ATOMIC_ACQUIRE) == KNOWN;

	return sodium_memcmp(is_known ? c->digest : all->nothing, digest,
	    CREDENTIAL_DIGEST_BYTES) == 0 && is_known;
}

/* The first to know writes; whoever reads waits for KNOWN. */
void credential_remember(struct credential *c,
    const uint8_t digest[CREDENTIAL_DIGEST_BYTES])
{
	uint32_t expected = UNKNOWN;

	if (!__atomic_compare_exchange_n(&c->is_known, &expected, WRITING,
	    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	memcpy(c->digest, digest, CREDENTIAL_DIGEST_BYTES);
	__atomic_store_n(&c->is_known, KNOWN, __ATOMIC_RELEASE);
}

/* ---- building ------------------------------------------------------------ */

static void set_secret(struct credentials *all, struct credential *c,
    struct slice secret)
{
	c->is_bcrypt = bcrypt_is_hash(secret);
	if (c->is_bcrypt) {
		memcpy(c->hash, secret.p, BCRYPT_HASH_CHARS);
		return;
	}
	credential_digest(secret, c->digest);
	c->is_known = KNOWN;
	all->has_plain |= secret.n > 0;
}

static int make_room(struct credentials *c, size_t n)
{
	c->all = calloc(n, sizeof *c->all);
	c->decoys = calloc(n, sizeof(struct credential *));
	return c->all == NULL || c->decoys == NULL ? ERR_NOMEM : 0;
}

static int add_single(struct credentials *all, const struct auth_config *conf)
{
	bool is_token = conf->token.n > 0;
	int  err = make_room(all, 1);

	if (err != 0)
		return err;
	all->all[0].who = principal_create(&(struct principal){
		.kind = is_token ? PRINCIPAL_TOKEN : PRINCIPAL_USER,
		.user = is_token ? SLICE_NONE : conf->user,
		.account = SLICE("$G"), .subs_max = -1, .payload_max = -1,
		.proxy_required = conf->proxy_required });
	if (all->all[0].who == NULL)
		return ERR_NOMEM;
	all->n = 1;
	all->has_token = is_token;
	set_secret(all, &all->all[0], is_token ? conf->token : conf->pass);
	return 0;
}

/* Who shares an account with the program that decides who is who must not ask
 * it in the server's name. */
static bool may_forge(const struct auth_user_config *u,
    const struct auth_config *conf)
{
	return conf->callout != NULL && slice_eq(conf->callout->account,
	    u->account.n > 0 ? u->account : SLICE("$G"));
}

/* *ret is a reference, or NULL when all is allowed. */
static int make_permissions(const struct auth_user_config *u,
    const struct auth_config *conf, const struct permissions *fallback,
    const struct permissions **ret, struct buf *why)
{
	static const struct permissions_spec all;
	const struct permissions_spec       *spec = u->permissions;

	*ret = NULL;
	if (may_forge(u, conf)) {
		spec = spec != NULL ? spec : conf->default_permissions;
		*ret = permissions_create_denying(spec != NULL ? spec : &all,
		    SLICE(CALLOUT_SUBJECT));
	} else if (spec == NULL) {
		*ret = fallback == NULL ? NULL : permissions_ref(fallback);
		return 0;
	} else {
		*ret = permissions_create(spec);
	}
	if (*ret != NULL)
		return 0;
	buf_printf(why, "the permissions of user \"%.*s\" cannot be used",
	    SLICE_ARG(u->name));
	return ERR_CONFIG;
}

static int add_user(struct credentials *all, const struct auth_config *conf,
    const struct auth_user_config *u, const struct permissions *fallback,
    struct buf *why)
{
	struct credential *c = &all->all[all->n];
	struct principal   who = {
		.kind = u->is_nkey ? PRINCIPAL_NKEY : PRINCIPAL_USER,
		.user = u->name,
		.account = u->account.n > 0 ? u->account : SLICE("$G"),
		.connections = u->connections,
		.proxy_required = u->proxy_required,
		.subs_max = -1, .payload_max = -1,
	};
	int err = make_permissions(u, conf, fallback, &who.permissions, why);

	if (err != 0)
		return err;
	if (u->msgs_per_s > 0 || u->bytes_per_s > 0)
		who.rate = rate_create(u->msgs_per_s, u->bytes_per_s);
	if (who.rate == NULL && (u->msgs_per_s > 0 || u->bytes_per_s > 0))
		err = ERR_NOMEM;	/* never: no limit */
	c->who = err != 0 ? NULL : principal_create(&who);
	permissions_unref(who.permissions);
	rate_unref(who.rate);
	if (c->who == NULL)
		return ERR_NOMEM;
	all->n++;
	if (u->is_nkey) {
		nkey_get_public(u->name, NKEY_USER, c->nkey);
		all->has_nkeys = true;
		return 0;
	}
	if (conf->maps_certs)
		c->dn = dn_parse(u->name);
	set_secret(all, c, u->pass);
	all->has_users = true;
	return 0;
}

static int add_users(struct credentials *all, const struct auth_config *conf,
    struct buf *why)
{
	const struct permissions *fallback = NULL;
	int                       err = make_room(all, conf->n_users);

	if (err == 0 && conf->default_permissions != NULL) {
		fallback = permissions_create(conf->default_permissions);
		if (fallback == NULL) {
			buf_put_str(why, "default_permissions cannot be used");
			return ERR_CONFIG;
		}
	}
	for (size_t i = 0; i < conf->n_users && err == 0; i++)
		err = add_user(all, conf, &conf->users[i], fallback, why);
	permissions_unref(fallback);
	return err;
}

static int compare_names(const void *x, const void *y)
{
	const struct credential *a = x, *b = y;

	return slice_cmp(a->who->user, b->who->user);
}

struct credential *credentials_find(const struct credentials *c,
    struct slice name)
{
	struct principal  who = { .user = name };
	struct credential key = { .who = &who };

	if (c->n == 0 || name.n == 0)
		return NULL;
	return bsearch(&key, c->all, c->n, sizeof *c->all, compare_names);
}

static int sort_users(struct credentials *c, struct buf *why)
{
	if (c->n > 1)
		qsort(c->all, c->n, sizeof *c->all, compare_names);
	for (size_t i = 1; i < c->n; i++) {
		const struct principal *who = c->all[i].who;

		if (!slice_eq(c->all[i - 1].who->user, who->user))
			continue;
		buf_printf(why, "Duplicate %s \"%.*s\" detected",
		    who->kind == PRINCIPAL_NKEY ? "nkey" : "user",
		    SLICE_ARG(who->user));
		return ERR_CONFIG;
	}
	for (size_t i = 0; i < c->n; i++)
		if (c->all[i].is_bcrypt)
			c->decoys[c->n_decoys++] = &c->all[i];
	return 0;
}

int credentials_init(struct credentials *c, const struct auth_config *conf,
    struct buf *why)
{
	int err = check_config(conf, why);

	pthread_once(&digest_key_once, draw_key);
	random_bytes(c->nothing, sizeof c->nothing);
	if (err == 0 && conf->n_users > 0)
		err = add_users(c, conf, why);
	else if (err == 0 && (conf->user.n > 0 || conf->token.n > 0))
		err = add_single(c, conf);
	return err != 0 ? err : sort_users(c, why);
}

/* ---- certificates --------------------------------------------------------- */

struct cert_search {
	const struct credentials *all;
	const struct dn          *subject;	/* NULL: it has none */
	enum via                  via;
	struct credential        *found;
};

static bool is_it(const struct cert_search *s, const struct credential *c)
{
	uint32_t may = c->who->connections;

	return c->who->kind == PRINCIPAL_USER &&
	    (may == 0 || (may & s->via) != 0);
}

static struct credential *find_dn(const struct cert_search *s,
    bool in_any_order)
{
	for (size_t i = 0; s->subject != NULL && i < s->all->n; i++) {
		struct credential *c = &s->all->all[i];

		if (c->dn != NULL && is_it(s, c) &&
		    dn_eq(c->dn, s->subject, in_any_order))
			return c;
	}
	return NULL;
}

static bool try_name(void *ctx, enum certmap_how how, struct slice name)
{
	struct cert_search *s = ctx;
	struct credential  *c = how == CERTMAP_NAME
	    ? credentials_find(s->all, name)
	    : find_dn(s, how == CERTMAP_DN_ANY_ORDER);

	if (c == NULL || !is_it(s, c))
		return false;
	s->found = c;
	return true;
}

struct credential *credentials_of_cert(const struct credentials *c,
    const struct tls_peer *cert, enum via via)
{
	struct dn         *subject = dn_of_peer(cert);
	struct cert_search s = { .all = c, .subject = subject, .via = via };

	certmap_visit(cert, try_name, &s);
	dn_destroy(subject);
	return s.found;
}

void credentials_fini(struct credentials *c)
{
	for (size_t i = 0; i < c->n; i++) {
		principal_unref(c->all[i].who);
		dn_destroy(c->all[i].dn);
		sodium_memzero(&c->all[i], sizeof c->all[i]);
	}
	free(c->all);
	free(c->decoys);
}

/* Of the same name; a token has none. */
static const struct credential *find_before(const struct credentials *old,
    const struct credentials *c, const struct credential *of)
{
	if (c->has_token)
		return old->has_token ? &old->all[0] : NULL;
	return old->has_token ? NULL : credentials_find(old, of->who->user);
}

void credentials_inherit(struct credentials *c, const struct credentials *old)
{
	for (size_t i = 0; i < c->n_decoys; i++) {
		struct credential       *now = c->decoys[i];
		const struct credential *before = find_before(old, c, now);

		if (before == NULL || !before->is_bcrypt ||
		    memcmp(before->hash, now->hash, sizeof now->hash) != 0 ||
		    __atomic_load_n(&before->is_known, __ATOMIC_ACQUIRE) !=
		    KNOWN)
			continue;
		credential_remember(now, before->digest);
	}
}
