/* test/unit/store/seal_test.c - pairs with src/store/seal.c.
 *
 * The known answers were made by other programs (Python's hashlib and
 * cryptography), so that the format is what its description says.
 */
#include "store/seal.h"

#include "base/err.h"
#include "check.h"

static const struct store_id id = { "sixteen bytes id" };
static const enum codec      ciphers[] = { CODEC_CHACHA, CODEC_AES };

static struct seal *make(enum codec cipher)
{
	uint8_t secret[SEAL_SECRET_BYTES];

	for (unsigned i = 0; i < sizeof secret; i++)
		secret[i] = (uint8_t)i;
	return seal_create(&id, secret, cipher);
}

static void put(struct seal *s, struct slice plain, struct buf *out)
{
	size_t at = seal_begin(out);

	buf_put_slice(out, plain);
	CHECK_INT(seal_shut(s, SEAL_INDEX, SLICE("context"), out, at), 0);
}

static void put_hex(struct buf *out, const char *hex)
{
	for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		buf_put_char(out, (char)byte);
}

TEST(the_known_answers_come_out)
{
	static const char *const sealed[] = {
		"6465666768696a6b6c6d6e6f707172730700000000000000"
		"79defd9fa98eafd6ae528f919b2637562a152448d9e2f220393bd5396b54",
		"6465666768696a6b6c6d6e6f707172730700000000000000"
		"8c2af0f7f19fdf7833d3b9d3d170e0961e55be901333ea032040dd791396",
	};

	for (size_t i = 0; i < N_OF(ciphers); i++) {
		struct buf   in = { 0 }, out = { 0 };
		struct seal *s = make(CODEC_CHACHA);	/* it reads both */

		put_hex(&in, sealed[i]);
		buf_put_str(&out, "an ");
		CHECK_INT(seal_open(s, ciphers[i], SEAL_INDEX, SLICE("context"),
		    buf_slice(&in), &out), 0);
		CHECK_SLICE(buf_slice(&out), SLICE("an attack at dawn"));
		seal_destroy(s);
		buf_fini(&in);
		buf_fini(&out);
	}
}

TEST(the_owners_key_opens_the_stores)
{
	static const char *const keys[] = {
		"02000000000000006465666768696a6b6c6d6e6f70717273"
		"07000000000000008f154e13ebc048817cc8369e626b83d101e4f589b4f55c59"
		"e09f29becb0021a6998655602cb243d8060a0d4b313db464",
		"04000000000000006465666768696a6b6c6d6e6f70717273"
		"0700000000000000f08020b146f34f870cdc627e8f32451e0d7daa2c70959713"
		"cf37feb1e9ed618e74f5b4214eb75859c7cedfb294ddc116",
	};

	for (size_t i = 0; i < N_OF(ciphers); i++) {
		struct seal *s = make(ciphers[i]);
		struct buf   in = { 0 };
		uint8_t      secret[SEAL_SECRET_BYTES];
		char         again[STORE_KEY_BYTES];

		put_hex(&in, keys[i]);
		CHECK_INT(seal_unwrap(&id, SLICE("the owner"), buf_slice(&in),
		    secret), 0);
		CHECK(secret[0] == 0 && secret[31] == 31);
		CHECK_INT(seal_unwrap(&id, SLICE("the owneR"), buf_slice(&in),
		    secret), ERR_DENIED);
		CHECK_INT(seal_wrap(s, SLICE("another"), again), 0);
		CHECK_INT(seal_unwrap(&id, SLICE("another"), slice_of(again,
		    sizeof again), secret), 0);
		CHECK(secret[0] == 0 && secret[31] == 31);
		for (size_t bit = 0; bit < sizeof again * 8; bit++) {
			/* zeros that say nothing */
			if (bit / 8 >= 4 && bit / 8 < 8)
				continue;
			again[bit / 8] ^= (char)(1 << bit % 8);
			CHECK_INT(seal_unwrap(&id, SLICE("another"), slice_of(
			    again, sizeof again), secret), ERR_DENIED);
			again[bit / 8] ^= (char)(1 << bit % 8);
		}
		CHECK_INT(seal_unwrap(&id, SLICE("another"), slice_of(again,
		    sizeof again - 1), secret), ERR_DENIED);
		seal_destroy(s);
		buf_fini(&in);
	}
}

TEST(a_flipped_bit_or_another_place_is_refused)
{
	for (size_t i = 0; i < N_OF(ciphers); i++) {
		struct seal *s = make(ciphers[i]), *clone = seal_clone(s);
		struct buf   in = { 0 }, out = { 0 };

		put(s, SLICE("secret"), &in);
		for (size_t bit = 0; bit < in.n * 8; bit++) {
			in.p[bit / 8] ^= (char)(1 << bit % 8);
			CHECK_INT(seal_open(clone, ciphers[i], SEAL_INDEX,
			    SLICE("context"), buf_slice(&in), &out),
			    ERR_CORRUPT);
			in.p[bit / 8] ^= (char)(1 << bit % 8);
		}
		CHECK_INT(seal_open(s, ciphers[i], SEAL_BLOB, SLICE("context"),
		    buf_slice(&in), &out), ERR_CORRUPT);
		CHECK_INT(seal_open(s, ciphers[i], SEAL_INDEX, SLICE("contexT"),
		    buf_slice(&in), &out), ERR_CORRUPT);
		CHECK_INT(seal_open(s, ciphers[1 - i], SEAL_INDEX,
		    SLICE("context"), buf_slice(&in), &out), ERR_CORRUPT);
		for (size_t n = 0; n < in.n; n++)
			CHECK_INT(seal_open(s, ciphers[i], SEAL_INDEX, SLICE(
			    "context"), slice_of(in.p, n), &out), ERR_CORRUPT);
		CHECK_INT(out.n, 0);
		CHECK_INT(seal_open(clone, ciphers[i], SEAL_INDEX,
		    SLICE("context"), buf_slice(&in), &out), 0);
		CHECK_SLICE(buf_slice(&out), SLICE("secret"));
		seal_destroy(s);
		seal_destroy(clone);
		buf_fini(&in);
		buf_fini(&out);
	}
}

/* Ten that have the same key, as ten openings of a store and of its copies. */
TEST(no_nonce_is_used_twice)
{
	enum { SEALS = 10, EACH = 50, ALL = SEALS * EACH };
	static char seen[ALL][SEAL_PREFIX_BYTES];
	size_t      n = 0;

	for (int i = 0; i < SEALS; i++) {
		struct seal *s = make(CODEC_CHACHA);

		for (int k = 0; k < EACH; k++) {
			struct buf out = { 0 };

			put(s, SLICE("the same"), &out);
			memcpy(seen[n++], out.p, SEAL_PREFIX_BYTES);
			buf_fini(&out);
		}
		seal_destroy(s);
	}
	for (size_t i = 0; i < ALL; i++)
		for (size_t k = 0; k < i; k++)
			CHECK(memcmp(seen[i], seen[k], SEAL_PREFIX_BYTES) != 0);
}

TEST(what_others_have_sealed_is_read_in_any_order)
{
	enum { SEALS = 30 };
	struct seal *all[SEALS], *reader = make(CODEC_AES);
	struct buf   sealed[SEALS] = { 0 };

	for (unsigned i = 0; i < SEALS; i++) {
		all[i] = make(ciphers[i % 2]);
		put(all[i], SLICE("some bytes"), &sealed[i]);
	}
	for (unsigned i = 0; i < 300; i++) {
		unsigned   k = i * 7 % SEALS;
		struct buf out = { 0 };

		CHECK_INT(seal_open(reader, ciphers[k % 2], SEAL_INDEX,
		    SLICE("context"), buf_slice(&sealed[k]), &out), 0);
		CHECK_SLICE(buf_slice(&out), SLICE("some bytes"));
		buf_fini(&out);
	}
	for (unsigned i = 0; i < SEALS; i++) {
		seal_destroy(all[i]);
		buf_fini(&sealed[i]);
	}
	seal_destroy(reader);
}
