/* store/seal.c - keys, nonces and the two ciphers behind one face. */
#include "store/seal.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/random.h"
#include "store/aes.h"

enum {
	SALT_BYTES  = 16,
	NONCE_BYTES = 12,
	N_SEEN      = 8,	/* keys of other openings that are at hand */
};

_Static_assert(SEAL_PREFIX_BYTES + SEAL_TAG_BYTES == SEAL_BYTES, "seal");
_Static_assert(crypto_aead_chacha20poly1305_ietf_ABYTES == SEAL_TAG_BYTES,
    "tag");
_Static_assert(8 + SEAL_BYTES + SEAL_SECRET_BYTES == STORE_KEY_BYTES, "key");

/* What a salt makes of the store's key. */
struct subkey {
	enum codec  cipher;	/* 0: none */
	uint8_t     salt[SALT_BYTES];
	uint8_t     key[SEAL_SECRET_BYTES];
	struct aes *aes;	/* of it, for that cipher */
};

struct seal {
	struct store_id id;
	uint8_t         secret[SEAL_SECRET_BYTES];
	uint64_t        count;
	struct subkey   own;
	struct subkey   seen[N_SEEN];
	unsigned        next_seen;
};

/* ---- keys ----------------------------------------------------------------- */

static void clear_subkey(struct subkey *k)
{
	aes_destroy(k->aes);
	sodium_memzero(k, sizeof *k);
}

static int derive(const struct seal *s, enum codec cipher,
    const uint8_t salt[SALT_BYTES], struct subkey *k)
{
	char from[4 + 4 + SALT_BYTES] = "mote";

	clear_subkey(k);
	put32(from + 4, cipher);
	memcpy(from + 8, salt, SALT_BYTES);
	crypto_generichash(k->key, sizeof k->key, (const uint8_t *)from,
	    sizeof from, s->secret, sizeof s->secret);
	if (cipher == CODEC_AES) {
		k->aes = aes_create(k->key);
		if (k->aes == NULL)
			return ERR_NOMEM;
	}
	memcpy(k->salt, salt, SALT_BYTES);
	k->cipher = cipher;
	return 0;
}

static bool is_key_of(const struct subkey *k, enum codec cipher,
    const uint8_t salt[SALT_BYTES])
{
	return k->cipher == cipher && memcmp(k->salt, salt, SALT_BYTES) == 0;
}

static int find_subkey(struct seal *s, enum codec cipher,
    const uint8_t salt[SALT_BYTES], struct subkey **ret)
{
	struct subkey *k = &s->own;

	for (unsigned i = 0; i < N_SEEN && !is_key_of(k, cipher, salt); i++)
		k = &s->seen[i];
	*ret = k;
	if (is_key_of(k, cipher, salt))
		return 0;
	*ret = k = &s->seen[s->next_seen++ % N_SEEN];
	return derive(s, cipher, salt, k);
}

struct seal *seal_create(const struct store_id *id,
    const uint8_t secret[SEAL_SECRET_BYTES], enum codec cipher)
{
	struct seal *s = calloc(1, sizeof *s);
	uint8_t      salt[SALT_BYTES];

	if (s == NULL)
		return NULL;
	assert(sodium_init() >= 0);
	s->id = *id;
	memcpy(s->secret, secret, sizeof s->secret);
	random_bytes(salt, sizeof salt);
	if (derive(s, cipher, salt, &s->own) == 0)
		return s;
	seal_destroy(s);
	return NULL;
}

void seal_destroy(struct seal *s)
{
	if (s == NULL)
		return;
	clear_subkey(&s->own);
	for (unsigned i = 0; i < N_SEEN; i++)
		clear_subkey(&s->seen[i]);
	sodium_memzero(s, sizeof *s);
	free(s);
}

struct seal *seal_clone(const struct seal *s)
{
	return seal_create(&s->id, s->secret, s->own.cipher);
}

enum codec seal_cipher(const struct seal *s)
{
	return s->own.cipher;
}

/* ---- sealing -------------------------------------------------------------- */

struct associated {
	uint8_t b[128];
	size_t  n;
};

static struct associated associate(const struct seal *s, unsigned purpose,
    struct slice context)
{
	struct associated a;

	assert(context.n <= sizeof a.b - sizeof s->id.b - 1);
	memcpy(a.b, s->id.b, sizeof s->id.b);
	a.b[sizeof s->id.b] = (uint8_t)purpose;
	a.n = sizeof s->id.b + 1;
	if (context.n > 0)
		memcpy(a.b + a.n, context.p, context.n);
	a.n += context.n;
	return a;
}

static void nonce_of(const char *count, uint8_t nonce[NONCE_BYTES])
{
	memset(nonce, 0, 4);
	memcpy(nonce + 4, count, 8);
}

size_t seal_begin(struct buf *out)
{
	static const char none[SEAL_PREFIX_BYTES];
	size_t            at = out->n;

	buf_put(out, none, sizeof none);
	return at;
}

static bool encrypt(const struct subkey *k, const uint8_t nonce[NONCE_BYTES],
    const struct associated *a, uint8_t *p, size_t n, uint8_t *tag)
{
	if (k->cipher == CODEC_AES)
		return aes_seal(k->aes, nonce, a->b, a->n, p, n, tag);
	return crypto_aead_chacha20poly1305_ietf_encrypt_detached(p, tag, NULL,
	    p, n, a->b, a->n, NULL, nonce, k->key) == 0;
}

int seal_shut(struct seal *s, unsigned purpose, struct slice context,
    struct buf *out, size_t at)
{
	struct associated a = associate(s, purpose, context);
	uint8_t           nonce[NONCE_BYTES], tag[SEAL_TAG_BYTES] = { 0 };
	char             *p;

	buf_put(out, tag, sizeof tag);
	if (buf_failed(out))
		return ERR_NOMEM;
	p = out->p + at;
	memcpy(p, s->own.salt, SALT_BYTES);
	put64(p + SALT_BYTES, s->count++);
	nonce_of(p + SALT_BYTES, nonce);
	if (!encrypt(&s->own, nonce, &a, (uint8_t *)p + SEAL_PREFIX_BYTES,
	    out->n - at - SEAL_BYTES, tag))
		return ERR_NOMEM;
	memcpy(out->p + out->n - sizeof tag, tag, sizeof tag);
	return 0;
}

static bool decrypt(const struct subkey *k, const uint8_t nonce[NONCE_BYTES],
    const struct associated *a, const uint8_t *in, size_t n, uint8_t *out)
{
	if (k->cipher == CODEC_AES)
		return aes_open(k->aes, nonce, a->b, a->n, in, n, in + n, out);
	return crypto_aead_chacha20poly1305_ietf_decrypt_detached(out, NULL, in,
	    n, in + n, a->b, a->n, nonce, k->key) == 0;
}

int seal_open(struct seal *s, enum codec cipher, unsigned purpose,
    struct slice context, struct slice in, struct buf *out)
{
	struct associated a = associate(s, purpose, context);
	uint8_t           nonce[NONCE_BYTES];
	struct subkey    *k;
	size_t            n = in.n - SEAL_BYTES;
	char             *p;
	int               err;

	if (in.n < SEAL_BYTES)
		return ERR_CORRUPT;
	p = buf_reserve(out, n + 1);
	if (p == NULL)
		return ERR_NOMEM;
	err = find_subkey(s, cipher, (const uint8_t *)in.p, &k);
	if (err != 0)
		return err;
	nonce_of(in.p + SALT_BYTES, nonce);
	if (!decrypt(k, nonce, &a, (const uint8_t *)in.p + SEAL_PREFIX_BYTES, n,
	    (uint8_t *)p))
		return ERR_CORRUPT;
	buf_added(out, n);
	return 0;
}

/* ---- the store's key ------------------------------------------------------ */

/* A seal that has, for a store's key, the owner's. */
static struct seal *owners_seal(const struct store_id *id,
    struct slice owners, enum codec cipher)
{
	static const char what[] = "mote, the key of an owner";
	uint8_t           secret[SEAL_SECRET_BYTES];
	struct seal      *s;

	crypto_generichash(secret, sizeof secret, (const uint8_t *)owners.p,
	    owners.n, (const uint8_t *)what, sizeof what - 1);
	s = seal_create(id, secret, cipher);
	sodium_memzero(secret, sizeof secret);
	return s;
}

int seal_wrap(const struct seal *s, struct slice owners,
    char out[STORE_KEY_BYTES])
{
	struct seal *o = owners_seal(&s->id, owners, s->own.cipher);
	struct buf   key = { 0 };
	char         head[8] = { 0 };
	size_t       at;
	int          err = ERR_NOMEM;

	put32(head, s->own.cipher);
	buf_put(&key, head, sizeof head);
	at = seal_begin(&key);
	buf_put(&key, s->secret, sizeof s->secret);
	if (o != NULL)
		err = seal_shut(o, SEAL_KEY, SLICE_NONE, &key, at);
	if (err == 0)
		memcpy(out, key.p, STORE_KEY_BYTES);
	else if (key.p != NULL)
		sodium_memzero(key.p, key.n);
	buf_fini(&key);
	seal_destroy(o);
	return err;
}

static int unwrap(struct seal *o, struct slice key,
    uint8_t secret[SEAL_SECRET_BYTES])
{
	struct buf plain = { 0 };
	int        err = seal_open(o, (enum codec)get32(key.p), SEAL_KEY,
	    SLICE_NONE, slice_skip(key, 8), &plain);

	if (err == 0) {
		memcpy(secret, plain.p, SEAL_SECRET_BYTES);
		sodium_memzero(plain.p, plain.n);
	}
	buf_fini(&plain);
	return err == ERR_CORRUPT ? ERR_DENIED : err;
}

int seal_unwrap(const struct store_id *id, struct slice owners,
    struct slice key, uint8_t secret[SEAL_SECRET_BYTES])
{
	enum codec   cipher;
	struct seal *o;
	int          err;

	if (key.n != STORE_KEY_BYTES)
		return ERR_DENIED;
	cipher = (enum codec)get32(key.p);
	if (cipher != CODEC_CHACHA && cipher != CODEC_AES)
		return ERR_DENIED;
	o = owners_seal(id, owners, cipher);
	if (o == NULL)
		return ERR_NOMEM;
	err = unwrap(o, key, secret);
	seal_destroy(o);
	return err;
}
