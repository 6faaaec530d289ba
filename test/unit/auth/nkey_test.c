/* nkey_test.c - the vectors of the specification, and every way to spoil one.
 * Spec: core protocol, Appendix C.1. */
#include "auth/nkey.h"

#include <sodium.h>

#include "check.h"

static const struct vector {
	enum nkey_kind kind;
	bool           counts;	/* seed bytes 0, 1, 2, ..; else all fill */
	uint8_t        fill;
	const char    *seed, *key;
} vectors[] = {
	{ NKEY_OPERATOR, true, 0,
	  "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA",
	  "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT" },
	{ NKEY_ACCOUNT, false, 1,
	  "SAAACAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAKM5I",
	  "ACFIRY65OQE7DFP5KLNS2PF2LVZMUZYJX4OZIEQ36N2IQANUB5XVYYOU" },
	{ NKEY_USER, false, 2,
	  "SUAAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAT6EE",
	  "UCATS5YOVB6ROX2WUNKGNQ2MP3GMXDMKSG2O4N5CLX3A6W4PZGZZJPJO" },
};

TEST(crc_is_xmodem)
{
	CHECK_INT(nkey_crc16((const uint8_t *)"123456789", 9), 0x31C3);
	CHECK_INT(nkey_crc16(NULL, 0), 0);
}

TEST(vectors_encode_and_decode)
{
	for (size_t i = 0; i < N_OF(vectors); i++) {
		const struct vector *v = &vectors[i];
		uint8_t              seed[32], got[32], pub[32], secret[64];
		char                 text[NKEY_SEED_CHARS + 1];
		enum nkey_kind       kind = N_NKEY_KINDS;

		for (int b = 0; b < 32; b++)
			seed[b] = v->counts ? (uint8_t)b : v->fill;
		nkey_put_seed(v->kind, seed, text);
		CHECK_STR(text, v->seed);
		CHECK(nkey_get_seed(slice_str(v->seed), &kind, got));
		CHECK_INT(kind, v->kind);
		CHECK(memcmp(seed, got, 32) == 0);

		crypto_sign_seed_keypair(pub, secret, seed);
		nkey_put_public(v->kind, pub, text);
		CHECK_STR(text, v->key);
		CHECK(nkey_get_public(slice_str(v->key), v->kind, got));
		CHECK(memcmp(pub, got, 32) == 0);
	}
}

TEST(a_key_of_another_kind_is_refused)
{
	uint8_t key[32];

	memset(key, 7, sizeof key);
	for (size_t i = 0; i < N_OF(vectors); i++)
		for (int k = 0; k < N_NKEY_KINDS; k++)
			if (k != (int)vectors[i].kind)
				CHECK(!nkey_get_public(slice_str(vectors[i].key),
				    (enum nkey_kind)k, key));
	for (int b = 0; b < 32; b++)
		CHECK_INT(key[b], 7, "untouched on failure");
}

TEST(any_change_of_one_character_is_refused)
{
	static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ2345670189abz=+/ \n\0";
	const char       *seed = vectors[0].seed, *key = vectors[2].key;
	char              text[64];
	uint8_t           out[32];
	enum nkey_kind    kind;

	for (size_t at = 0; at < NKEY_PUBLIC_CHARS; at++)
		for (size_t o = 0; o < sizeof others; o++) {
			memcpy(text, key, NKEY_PUBLIC_CHARS);
			text[at] = others[o];
			CHECK_INT(nkey_get_public(slice_of(text,
			    NKEY_PUBLIC_CHARS), NKEY_USER, out),
			    others[o] == key[at], "%zu", at);
		}
	for (size_t at = 0; at < NKEY_SEED_CHARS; at++)
		for (size_t o = 0; o < sizeof others; o++) {
			memcpy(text, seed, NKEY_SEED_CHARS);
			text[at] = others[o];
			CHECK_INT(nkey_get_seed(slice_of(text,
			    NKEY_SEED_CHARS), &kind, out),
			    others[o] == seed[at], "%zu", at);
		}
}

TEST(any_other_length_is_refused)
{
	char           text[128];
	uint8_t        out[32];
	enum nkey_kind kind;

	memset(text, 'A', sizeof text);
	memcpy(text, vectors[1].key, NKEY_PUBLIC_CHARS);
	for (size_t n = 0; n < sizeof text; n++) {
		CHECK_INT(nkey_get_public(slice_of(text, n), NKEY_ACCOUNT, out),
		    n == NKEY_PUBLIC_CHARS, "%zu", n);
		CHECK(!nkey_get_seed(slice_of(text, n), &kind, out));
	}
	CHECK(!nkey_get_public(SLICE_NONE, NKEY_ACCOUNT, out));
	CHECK(!nkey_get_public(slice_str(vectors[0].seed), NKEY_OPERATOR, out));
}

TEST(a_server_signs_what_others_verify)
{
	struct identity a, b;
	uint8_t         sig[NKEY_SIG_BYTES], got[NKEY_SIG_BYTES], key[32];
	struct slice    nonce = SLICE("ZmFzdGVuY29kZQx");
	char            text[2][128];

	identity_init(&a);
	identity_init(&b);
	CHECK(memcmp(a.id, b.id, sizeof a.id) != 0);
	CHECK(nkey_get_public(slice_str(a.id), NKEY_SERVER, key));
	CHECK(nkey_get_public(slice_str(a.xkey), NKEY_CURVE, got));
	CHECK(memcmp(got, a.box_public, 32) == 0);

	crypto_sign_detached(sig, NULL, (const uint8_t *)nonce.p, nonce.n,
	    a.sign_secret);
	CHECK(nkey_verify(key, nonce, sig));
	CHECK(!nkey_verify(b.sign_public, nonce, sig));
	CHECK(!nkey_verify(key, slice_skip(nonce, 1), sig));

	sodium_bin2base64(text[0], sizeof text[0], sig, sizeof sig,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_bin2base64(text[1], sizeof text[1], sig, sizeof sig,
	    sodium_base64_VARIANT_ORIGINAL);
	for (int i = 0; i < 2; i++) {
		struct slice s = slice_str(text[i]);

		memset(got, 0, sizeof got);
		CHECK(nkey_get_sig(s, got));
		CHECK(memcmp(sig, got, sizeof sig) == 0);
		CHECK(!nkey_get_sig(slice_of(s.p, s.n - 1), got));
		CHECK(!nkey_get_sig(slice_of(s.p, s.n + 1), got));
		CHECK(!nkey_get_sig(slice_of(s.p, 80), got));
	}
	CHECK(!nkey_get_sig(SLICE_NONE, got));
	identity_fini(&a);
	CHECK_INT(a.sign_secret[0] | a.box_secret[31], 0);
	identity_fini(&b);
}

TEST(a_key_of_any_kind_says_which_it_is)
{
	for (size_t i = 0; i < N_OF(vectors); i++) {
		struct nkey key = { 0 }, same = { 0 }, none = { 0 };

		CHECK(nkey_parse(slice_str(vectors[i].key), &key));
		CHECK_INT(key.kind, vectors[i].kind);
		CHECK_SLICE(nkey_text(&key), slice_str(vectors[i].key));
		CHECK(nkey_parse(slice_str(key.text), &same) && nkey_eq(&key, &same));
		same.kind = (enum nkey_kind)((key.kind + 1) % N_NKEY_KINDS);
		CHECK(!nkey_eq(&key, &same), "the same bytes as another kind");
		CHECK(!nkey_eq(&key, &none) && !nkey_eq(&none, &none), "no key equals none");
		CHECK_INT(nkey_text(&none).n, 0);
		CHECK(!nkey_parse(slice_str(vectors[i].seed), &none) && !none.is_set);
	}
}

TEST(a_seed_signs_for_its_key)
{
	struct nkey    key;
	uint8_t        seed[NKEY_BYTES], secret[NKEY_SECRET_BYTES], sig[NKEY_SIG_BYTES];
	enum nkey_kind kind;

	CHECK(nkey_get_seed(slice_str(vectors[2].seed), &kind, seed));
	nkey_from_seed(kind, seed, &key, secret);
	CHECK_STR(key.text, vectors[2].key);
	nkey_sign(secret, SLICE("nonce"), sig);
	CHECK(nkey_verify(key.bytes, SLICE("nonce"), sig));
	CHECK(!nkey_verify(key.bytes, SLICE("nonc"), sig));
}

/* Keys of small order verify what nobody signed. */
TEST(weak_keys_verify_nothing)
{
	uint8_t key[NKEY_BYTES] = { 0 }, sig[NKEY_SIG_BYTES] = { 0 };

	CHECK(!nkey_verify(key, SLICE("x"), sig));
	key[0] = 1;
	sig[0] = 1;
	CHECK(!nkey_verify(key, SLICE("x"), sig));
}
