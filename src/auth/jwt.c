/* auth/jwt.c - three chunks of base64url: header, claims, signature.
 *
 * The order of checks: form, header, JSON, kind and keys, signature, and only
 * then the claims themselves.  So nothing is built for who cannot sign. */
#include "auth/jwt_int.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"

enum { VERSION_MAX = 2, CHUNK_BYTES = 4096, ALIGN = 16 };

/* ---- memory ----------------------------------------------------------------- */

struct jwt_chunk {
	struct jwt_chunk *next;
	size_t            cap;
	_Alignas(ALIGN) char data[];
};

static bool add_chunk(struct jwt_mem *m, size_t need)
{
	size_t            cap = need > CHUNK_BYTES ? need : CHUNK_BYTES, n;
	struct jwt_chunk *c;

	if (__builtin_add_overflow(cap, sizeof *c, &n))
		return false;
	c = calloc(1, n);
	if (c == NULL)
		return false;
	c->cap = cap;
	c->next = m->chunks;
	m->chunks = c;
	m->used = 0;
	return true;
}

void *jwt_mem_take(struct jwt_mem *m, size_t n, size_t size)
{
	size_t need;
	char  *p;

	if (__builtin_mul_overflow(n, size, &need) ||
	    need > SIZE_MAX - ALIGN)
		return NULL;
	need = (need + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if ((m->chunks == NULL || m->chunks->cap - m->used < need) &&
	    !add_chunk(m, need))
		return NULL;
	p = m->chunks->data + m->used;
	m->used += need;
	return p;
}

struct slice jwt_mem_text(struct jwt_mem *m, struct slice s)
{
	char *p = jwt_mem_take(m, s.n, 1);

	if (p != NULL && s.n > 0)
		memcpy(p, s.p, s.n);
	return slice_of(p, p == NULL ? 0 : s.n);
}

void jwt_mem_fini(struct jwt_mem *m)
{
	while (m->chunks != NULL) {
		struct jwt_chunk *c = m->chunks;

		m->chunks = c->next;
		/* CONNECT's password may have been in it */
		sodium_memzero(c->data, c->cap);
		free(c);
	}
	m->used = 0;
}

struct slice jwt_trim(struct slice s)
{
	static const char blanks[] = " \t\r\n";

	while (s.n > 0 && memchr(blanks, s.p[0], 4) != NULL)
		s = slice_skip(s, 1);
	while (s.n > 0 && memchr(blanks, s.p[s.n - 1], 4) != NULL)
		s.n--;
	return s;
}

/* ---- life --------------------------------------------------------------------- */

struct counted {
	struct jwt     jwt;		/* first: it is what callers see */
	uint32_t       n_refs;		/* atomic */
	struct jwt_mem mem;
};

static struct counted *counted_of(const struct jwt *t)
{
	return (struct counted *)(uintptr_t)t;
}

struct jwt *jwt_ref(const struct jwt *t)
{
	struct counted *c = counted_of(t);

	__atomic_fetch_add(&c->n_refs, 1, __ATOMIC_RELAXED);
	return &c->jwt;
}

void jwt_unref(const struct jwt *t)
{
	struct counted *c = counted_of(t);

	if (t == NULL ||
	    __atomic_sub_fetch(&c->n_refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	jwt_mem_fini(&c->mem);
	free(c);
}

/* ---- what may be issued by whom ------------------------------------------------- */

#define KIND(k) (1u << NKEY_##k)
#define ANY_KIND ((1u << N_NKEY_KINDS) - 1)

static const struct type {
	struct slice name;
	unsigned     issuers, subjects;		/* kinds of keys */
	bool         is_versioned;		/* 1 and 2 differ */
} types[N_JWT_KINDS] = {
	[JWT_OPERATOR]      = { { "operator", 8 }, KIND(OPERATOR),
	    KIND(OPERATOR), true },
	[JWT_ACCOUNT]       = { { "account", 7 }, KIND(OPERATOR) | KIND(ACCOUNT),
	    KIND(ACCOUNT), true },
	[JWT_USER]          = { { "user", 4 }, KIND(ACCOUNT), KIND(USER), true },
	[JWT_ACTIVATION]    = { { "activation", 10 },
	    KIND(OPERATOR) | KIND(ACCOUNT), KIND(ACCOUNT), true },
	[JWT_AUTH_REQUEST]  = { { "authorization_request", 21 }, KIND(SERVER),
	    ANY_KIND, false },
	[JWT_AUTH_RESPONSE] = { { "authorization_response", 22 }, KIND(ACCOUNT),
	    KIND(USER), false },
	[JWT_GENERIC]       = { { "generic", 7 }, ANY_KIND, ANY_KIND, false },
};

/* ---- decoding --------------------------------------------------------------------- */

struct decoder {
	struct jwt_reader r;
	struct slice      chunks[3];
	struct slice      text;			/* of the claims */
	struct jwt_mem    scratch;
	bool              is_old_algorithm;
	struct json      *header, *claims;
	const struct json *nats;
};

static bool split(struct decoder *d, struct slice token)
{
	struct slice rest = token;
	const char  *dot;

	if (token.n > JWT_BYTES_MAX)
		return jwt_reader_fail(&d->r, "token is too long");
	for (int i = 0; i < 2; i++) {
		dot = rest.n == 0 ? NULL : memchr(rest.p, '.', rest.n);
		if (dot == NULL)
			return jwt_reader_fail(&d->r, "expected 3 chunks");
		d->chunks[i] = slice_of(rest.p, (size_t)(dot - rest.p));
		rest = slice_skip(rest, d->chunks[i].n + 1);
	}
	if (rest.n > 0 && memchr(rest.p, '.', rest.n) != NULL)
		return jwt_reader_fail(&d->r, "expected 3 chunks");
	d->chunks[2] = rest;
	return true;
}

/* Into scratch memory. */
static bool decode_chunk(struct decoder *d, struct slice chunk,
    struct slice *into)
{
	size_t cap = chunk.n / 4 * 3 + 3, n;
	char  *p = jwt_mem_take(&d->scratch, 1, cap);

	if (p == NULL)
		return jwt_reader_no_memory(&d->r);
	if (sodium_base642bin((unsigned char *)p, cap, chunk.n == 0 ? "" :
	    chunk.p, chunk.n, NULL, &n, NULL,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return jwt_reader_fail(&d->r, "illegal base64 data");
	*into = slice_of(p, n);
	return true;
}

static bool parse_object(struct decoder *d, struct slice text,
    struct json **into)
{
	const char *why;

	*into = json_parse(text, &why);
	if (*into == NULL)
		return jwt_reader_fail(&d->r, "%s", why);
	if (!json_is_object(*into))
		return jwt_reader_fail(&d->r, "not a JSON object");
	return true;
}

static bool read_header(struct decoder *d)
{
	struct slice text, type = SLICE_NONE, algorithm = SLICE_NONE;

	if (!decode_chunk(d, d->chunks[0], &text) ||
	    !parse_object(d, text, &d->header))
		return false;
	json_as_str(json_get(d->header, "typ"), &type);
	json_as_str(json_get(d->header, "alg"), &algorithm);
	if (!slice_eq_nocase(type, SLICE("JWT")))
		return jwt_reader_fail(&d->r, "not supported type");
	d->is_old_algorithm = slice_eq_nocase(algorithm, SLICE("ed25519"));
	if (!d->is_old_algorithm &&
	    !slice_eq_nocase(algorithm, SLICE("ed25519-nkey")))
		return jwt_reader_fail(&d->r, "unexpected algorithm");
	return true;
}

static enum jwt_kind kind_of(struct slice name)
{
	for (int k = 0; k < N_JWT_KINDS; k++)
		if (slice_eq(name, types[k].name))
			return (enum jwt_kind)k;
	return JWT_GENERIC;
}

/* Version 1 has its type at the top. */
static bool read_kind(struct decoder *d, struct jwt *t)
{
	struct slice       name = SLICE_NONE;
	const struct json *type = json_get(d->claims, "type");
	const struct json *version = json_get(d->nats, "version");

	if (version != NULL && !json_as_i64(version, &t->version))
		return jwt_reader_fail(&d->r, "\"version\" is of the wrong type");
	if (type != NULL && (!json_as_str(type, &name) || name.n > 0))
		t->version = 1;
	if (name.n == 0)
		json_as_str(json_get(d->nats, "type"), &name);
	t->kind = kind_of(name);
	if (slice_eq(name, SLICE("cluster")))
		return jwt_reader_fail(&d->r, "ClusterClaims are not supported");
	if (slice_eq(name, SLICE("server")))
		return jwt_reader_fail(&d->r, "ServerClaims are not supported");
	if (t->version > VERSION_MAX)
		return jwt_reader_fail(&d->r,
		    "JWT was generated by a newer version ");
	if (types[t->kind].is_versioned && t->version < 1)
		return jwt_reader_fail(&d->r, "library supports version %d or"
		    " less - received %lld", VERSION_MAX,
		    (long long)t->version);
	d->r.version = t->version;
	return true;
}

static bool is_key_among(const struct nkey *key, unsigned kinds)
{
	return key->is_set && (kinds & 1u << key->kind) != 0;
}

static bool read_envelope(struct decoder *d, struct jwt *t)
{
	static const struct jwt_field fields[] = {
		JWT_FIELD("aud", TEXT, jwt, audience),
		JWT_FIELD("exp", NUMBER, jwt, expires_s),
		JWT_FIELD("jti", TEXT, jwt, id),
		JWT_FIELD("iat", NUMBER, jwt, issued_s),
		JWT_KEY_FIELD("iss", KEY, jwt, issuer, N_NKEY_KINDS),
		JWT_FIELD("name", TEXT, jwt, name),
		JWT_FIELD("nbf", NUMBER, jwt, not_before_s),
		JWT_KEY_FIELD("sub", KEY, jwt, subject, N_NKEY_KINDS),
	};
	static const struct jwt_field tags[] = {
		JWT_FIELD("tags", TEXTS, jwt, tags),
	};

	jwt_read_fields(&d->r, d->claims, fields,
	    sizeof fields / sizeof fields[0], t);
	jwt_read_fields(&d->r, t->version < 2 ? d->claims : d->nats, tags, 1,
	    t);
	if (d->r.err != 0)
		return false;
	if (!is_key_among(&t->issuer, types[t->kind].issuers))
		return jwt_reader_fail(&d->r,
		    "unable to validate expected prefixes of the issuer");
	if (!is_key_among(&t->subject, types[t->kind].subjects))
		return jwt_reader_fail(&d->r,
		    "unable to validate expected prefixes of the subject");
	return true;
}

/* Version 1 signs the claims alone, later ones the header too. */
static bool check_signature(struct decoder *d, const struct jwt *t)
{
	bool is_v1 = t->kind == JWT_GENERIC ? d->is_old_algorithm :
	    t->version < 2;
	struct slice whole = slice_of(d->chunks[0].p,
	    d->chunks[0].n + 1 + d->chunks[1].n);
	struct slice sig = SLICE_NONE;

	if (!decode_chunk(d, d->chunks[2], &sig))
		return false;
	if (sig.n != NKEY_SIG_BYTES || !nkey_verify(t->issuer.bytes,
	    is_v1 ? d->chunks[1] : whole, (const uint8_t *)sig.p))
		return jwt_reader_fail(&d->r,
		    "claim failed V%d signature verification", is_v1 ? 1 : 2);
	return true;
}

static bool decode(struct decoder *d, struct slice token, struct jwt *t)
{
	if (!split(d, token) || !read_header(d) ||
	    !decode_chunk(d, d->chunks[1], &d->text) ||
	    !parse_object(d, d->text, &d->claims))
		return false;
	d->nats = json_get(d->claims, "nats");
	if (d->nats != NULL && !json_is_object(d->nats))
		return jwt_reader_fail(&d->r, "\"nats\" is of the wrong type");
	if (!read_kind(d, t) || !read_envelope(d, t) ||
	    !check_signature(d, t))
		return false;
	t->token = jwt_mem_text(d->r.mem, token);
	if (t->token.p == NULL)
		return jwt_reader_no_memory(&d->r);
	jwt_read_claims(&d->r, d->claims, d->nats, t);
	return d->r.err == 0;
}

int jwt_decode(struct slice token, struct jwt **ret, const char **why)
{
	struct counted *c = calloc(1, sizeof *c);
	struct decoder  d = { 0 };

	if (c == NULL) {
		*why = err_text(ERR_NOMEM);
		return ERR_NOMEM;
	}
	c->n_refs = 1;
	d.r.mem = &c->mem;
	if (!decode(&d, token, &c->jwt)) {
		jwt_unref(&c->jwt);
		*why = d.r.why;
	} else {
		*ret = &c->jwt;
	}
	jwt_mem_fini(&d.scratch);
	json_free(d.header);
	json_free(d.claims);
	return d.r.err;
}

/* ---- asking ------------------------------------------------------------------------ */

static int64_t ns_of(int64_t s)
{
	int64_t ns;

	if (__builtin_mul_overflow(s, NS_PER_S, &ns))
		return s < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

int64_t jwt_expires_ns(const struct jwt *t)
{
	return t->expires_s == 0 ? INT64_MAX : ns_of(t->expires_s);
}

bool jwt_is_expired(const struct jwt *t, int64_t now_ns)
{
	return t->expires_s != 0 && now_ns >= jwt_expires_ns(t);
}

bool jwt_is_early(const struct jwt *t, int64_t now_ns)
{
	return t->not_before_s > 0 && now_ns < ns_of(t->not_before_s);
}

static bool is_in(const struct jwt_revocations *r, struct slice key,
    int64_t issued_s)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t at = low + (high - low) / 2;
		int    c = slice_cmp(r->items[at].key, key);

		if (c == 0)
			return r->items[at].at_s >= issued_s;
		if (c < 0)
			low = at + 1;
		else
			high = at;
	}
	return false;
}

bool jwt_is_revoked(const struct jwt_revocations *r, struct slice key,
    int64_t issued_s)
{
	return is_in(r, key, issued_s) || is_in(r, SLICE("*"), issued_s);
}

const struct jwt_signing_key *jwt_signing_key(const struct jwt *account,
    const struct nkey *key)
{
	const struct jwt_account *a = &account->account;

	assert(account->kind == JWT_ACCOUNT);
	/* of several for one key the last counts, as in nats-server */
	for (size_t i = a->n_signing_keys; i > 0; i--)
		if (nkey_eq(&a->signing_keys[i - 1].key, key))
			return &a->signing_keys[i - 1];
	return NULL;
}

static bool has_key(const struct jwt_keys *keys, const struct nkey *key)
{
	for (size_t i = 0; i < keys->n; i++)
		if (nkey_eq(&keys->items[i], key))
			return true;
	return false;
}

bool jwt_has_callout(const struct jwt *account)
{
	assert(account->kind == JWT_ACCOUNT);
	return account->account.auth_users.n > 0;
}

bool jwt_skips_callout(const struct jwt *account, const struct nkey *user)
{
	assert(account->kind == JWT_ACCOUNT);
	return has_key(&account->account.auth_users, user);
}

bool jwt_callout_may_place(const struct jwt *account, const struct nkey *target)
{
	assert(account->kind == JWT_ACCOUNT);
	return nkey_eq(&account->subject, target) ||
	    account->account.allows_any_account ||
	    has_key(&account->account.allowed_accounts, target);
}

/* ---- files -------------------------------------------------------------------------- */

/* Without its end and the blanks around it.  False: no line is left. */
static bool take_line(struct slice *rest, struct slice *line)
{
	const char *end;

	if (rest->n == 0)
		return false;
	end = memchr(rest->p, '\n', rest->n);
	*line = *rest;
	if (end != NULL)
		line->n = (size_t)(end - rest->p);
	*rest = slice_skip(*rest, line->n + (end != NULL));
	*line = jwt_trim(*line);
	return true;
}

static bool is_decoration(struct slice line)
{
	return line.n >= 6 && slice_has_prefix(line, SLICE("---")) &&
	    memcmp(line.p + line.n - 3, "---", 3) == 0;
}

static bool is_token_text(struct slice line)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_-.=";

	for (size_t i = 0; i < line.n; i++)
		if (memchr(allowed, line.p[i], sizeof allowed - 1) == NULL)
			return false;
	return line.n > 0;
}

struct slice jwt_find_in_text(struct slice text)
{
	struct slice rest = text, line;
	bool         is_next = false;

	while (take_line(&rest, &line)) {
		if (is_next && is_token_text(line) && !is_decoration(line))
			return line;
		is_next = is_decoration(line);
	}
	return jwt_trim(text);
}

struct slice jwt_find_seed_in_text(struct slice text)
{
	struct slice   rest = text, line;
	enum nkey_kind kind;
	uint8_t        seed[NKEY_BYTES];

	while (take_line(&rest, &line))
		if (nkey_get_seed(line, &kind, seed)) {
			sodium_memzero(seed, sizeof seed);
			return line;
		}
	return SLICE_NONE;
}
