/* auth/nkey.c - prefix, key, CRC-16, all in base32. */
#include "auth/nkey.h"

#include <sodium.h>
#include <string.h>

#include "base/assert.h"
#include "base/random.h"

_Static_assert(NKEY_BYTES == crypto_sign_PUBLICKEYBYTES, "key");
_Static_assert(NKEY_BYTES == crypto_sign_SEEDBYTES, "seed");
_Static_assert(NKEY_SECRET_BYTES == crypto_sign_SECRETKEYBYTES, "secret");
_Static_assert(NKEY_SIG_BYTES == crypto_sign_BYTES, "signature");
_Static_assert(NKEY_BYTES == crypto_box_PUBLICKEYBYTES, "box key");
_Static_assert(NKEY_BYTES == crypto_box_SECRETKEYBYTES, "box secret");

enum {
	CRC_BYTES = 2,
	PUBLIC_RAW = 1 + NKEY_BYTES + CRC_BYTES,	/* 35, no rest in base32 */
	SEED_RAW = 2 + NKEY_BYTES + CRC_BYTES,		/* 36 */
	RAW_MAX = SEED_RAW,
	PREFIX_SEED = 18 << 3
};

/* A prefix byte's upper five bits are the first letter of the text. */
static const uint8_t prefixes[N_NKEY_KINDS] = {
	[NKEY_OPERATOR] = 14 << 3,	/* O */
	[NKEY_ACCOUNT]  = 0 << 3,	/* A */
	[NKEY_USER]     = 20 << 3,	/* U */
	[NKEY_SERVER]   = 13 << 3,	/* N */
	[NKEY_CLUSTER]  = 2 << 3,	/* C */
	[NKEY_CURVE]    = 23 << 3,	/* X */
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

uint16_t nkey_crc16(const uint8_t *p, size_t n)
{
	uint32_t crc = 0;

	for (size_t i = 0; i < n; i++) {
		crc ^= (uint32_t)p[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
		crc &= 0xffff;
	}
	return (uint16_t)crc;
}

static void put_base32(const uint8_t *raw, size_t n, char *out)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;

	for (size_t i = 0; i < n; i++) {
		bits = (bits & 0xff) << 8 | raw[i];
		for (n_bits += 8; n_bits >= 5; n_bits -= 5)
			*out++ = alphabet[bits >> (n_bits - 5) & 31];
	}
	if (n_bits > 0)
		*out++ = alphabet[bits << (5 - n_bits) & 31];
	*out = '\0';
}

/* -1: not in the alphabet. */
static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= '2' && c <= '7')
		return c - '2' + 26;
	return -1;
}

/* Exactly n bytes; one text only for each value, so the bits left over are 0. */
static bool get_base32(struct slice text, uint8_t *raw, size_t n)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t   at = 0;

	if (text.n != (n * 8 + 4) / 5)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		int d = digit_of(text.p[i]);

		if (d < 0)
			return false;
		bits = (bits & 0xff) << 5 | (uint32_t)d;
		n_bits += 5;
		if (n_bits >= 8) {
			n_bits -= 8;
			raw[at++] = (uint8_t)(bits >> n_bits);
		}
	}
	return at == n && (bits & ((1u << n_bits) - 1)) == 0;
}

/* raw has room for the checksum behind its n bytes. */
static void put_checked(uint8_t *raw, size_t n, char *out)
{
	uint16_t crc = nkey_crc16(raw, n);

	raw[n] = (uint8_t)crc;
	raw[n + 1] = (uint8_t)(crc >> 8);
	put_base32(raw, n + CRC_BYTES, out);
	sodium_memzero(raw, n + CRC_BYTES);
}

static bool get_checked(struct slice text, uint8_t *raw, size_t n_raw)
{
	size_t n = n_raw - CRC_BYTES;

	return get_base32(text, raw, n_raw) &&
	    nkey_crc16(raw, n) == (raw[n] | raw[n + 1] << 8);
}

void nkey_put_public(enum nkey_kind kind, const uint8_t key[NKEY_BYTES],
    char out[NKEY_PUBLIC_CHARS + 1])
{
	uint8_t raw[PUBLIC_RAW];

	raw[0] = prefixes[kind];
	memcpy(raw + 1, key, NKEY_BYTES);
	put_checked(raw, 1 + NKEY_BYTES, out);
}

void nkey_put_seed(enum nkey_kind kind, const uint8_t seed[NKEY_BYTES],
    char out[NKEY_SEED_CHARS + 1])
{
	uint8_t raw[SEED_RAW];

	raw[0] = (uint8_t)(PREFIX_SEED | prefixes[kind] >> 5);
	raw[1] = (uint8_t)((prefixes[kind] & 31) << 3);
	memcpy(raw + 2, seed, NKEY_BYTES);
	put_checked(raw, 2 + NKEY_BYTES, out);
}

bool nkey_get_public(struct slice text, enum nkey_kind kind,
    uint8_t key[NKEY_BYTES])
{
	uint8_t raw[PUBLIC_RAW];

	if (!get_checked(text, raw, sizeof raw) || raw[0] != prefixes[kind])
		return false;
	memcpy(key, raw + 1, NKEY_BYTES);
	return true;
}

static bool kind_of_prefix(unsigned prefix, enum nkey_kind *kind)
{
	for (int k = 0; k < N_NKEY_KINDS; k++) {
		if (prefixes[k] == prefix) {
			*kind = (enum nkey_kind)k;
			return true;
		}
	}
	return false;
}

bool nkey_parse(struct slice text, struct nkey *key)
{
	uint8_t        raw[PUBLIC_RAW];
	enum nkey_kind kind;

	if (!get_checked(text, raw, sizeof raw) ||
	    !kind_of_prefix(raw[0], &kind))
		return false;
	key->is_set = true;
	key->kind = kind;
	memcpy(key->bytes, raw + 1, NKEY_BYTES);
	memcpy(key->text, text.p, NKEY_PUBLIC_CHARS);
	key->text[NKEY_PUBLIC_CHARS] = '\0';
	return true;
}

bool nkey_eq(const struct nkey *a, const struct nkey *b)
{
	return a->is_set && b->is_set && a->kind == b->kind &&
	    memcmp(a->bytes, b->bytes, NKEY_BYTES) == 0;
}

static bool kind_of_seed(const uint8_t *raw, enum nkey_kind *kind)
{
	unsigned prefix = (raw[0] & 7u) << 5 | raw[1] >> 3;

	return (raw[0] & 0xf8) == PREFIX_SEED && (raw[1] & 7) == 0 &&
	    kind_of_prefix(prefix, kind);
}

bool nkey_get_seed(struct slice text, enum nkey_kind *kind,
    uint8_t seed[NKEY_BYTES])
{
	uint8_t        raw[SEED_RAW];
	enum nkey_kind k;
	bool           ok;

	ok = get_checked(text, raw, sizeof raw) && kind_of_seed(raw, &k);
	if (ok) {
		*kind = k;
		memcpy(seed, raw + 2, NKEY_BYTES);
	}
	sodium_memzero(raw, sizeof raw);
	return ok;
}

void nkey_from_seed(enum nkey_kind kind, const uint8_t seed[NKEY_BYTES],
    struct nkey *key, uint8_t secret[NKEY_SECRET_BYTES])
{
	*key = (struct nkey){ .is_set = true, .kind = kind };
	assert(crypto_sign_seed_keypair(key->bytes, secret, seed) == 0);
	nkey_put_public(kind, key->bytes, key->text);
}

static bool get_base64(struct slice text, int variant,
    uint8_t sig[NKEY_SIG_BYTES])
{
	uint8_t raw[NKEY_SIG_BYTES];
	size_t  n;

	if (sodium_base642bin(raw, sizeof raw, text.p, text.n, NULL, &n, NULL,
	    variant) != 0 || n != sizeof raw)
		return false;
	memcpy(sig, raw, sizeof raw);
	return true;
}

bool nkey_get_sig(struct slice text, uint8_t sig[NKEY_SIG_BYTES])
{
	return text.n > 0 &&
	    (get_base64(text, sodium_base64_VARIANT_URLSAFE_NO_PADDING, sig) ||
	    get_base64(text, sodium_base64_VARIANT_ORIGINAL, sig));
}

bool nkey_verify(const uint8_t key[NKEY_BYTES], struct slice text,
    const uint8_t sig[NKEY_SIG_BYTES])
{
	return crypto_sign_verify_detached(sig, (const uint8_t *)text.p, text.n,
	    key) == 0;
}

void nkey_sign(const uint8_t secret[NKEY_SECRET_BYTES], struct slice text,
    uint8_t sig[NKEY_SIG_BYTES])
{
	assert(crypto_sign_detached(sig, NULL, (const uint8_t *)text.p, text.n,
	    secret) == 0);
}

void identity_init(struct identity *id)
{
	/* these fail only for want of entropy, and then the process stops */
	assert(sodium_init() >= 0);
	assert(crypto_sign_keypair(id->sign_public, id->sign_secret) == 0);
	assert(crypto_box_keypair(id->box_public, id->box_secret) == 0);
	nkey_put_public(NKEY_SERVER, id->sign_public, id->id);
	nkey_put_public(NKEY_CURVE, id->box_public, id->xkey);
}

void identity_fini(struct identity *id)
{
	sodium_memzero(id, sizeof *id);
}
