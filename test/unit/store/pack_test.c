/* test/unit/store/pack_test.c - pairs with src/store/pack.c. */
#include "store/pack.h"

#include "base/err.h"
#include "check.h"
#include "store/seal.h"

static const struct store_id id = { "sixteen bytes id" };

static struct seal *make_seal(enum codec cipher)
{
	return seal_create(&id, (const uint8_t *)
	    "a key of thirty-two bytes, no more", cipher);
}

static struct record record_of(const struct slice data[3])
{
	return (struct record){ .type = RECORD_MSG, .seq = 5, .ts_ns = 6,
		.subject_len = (uint16_t)data[0].n,
		.hdr_len = (uint32_t)data[1].n,
		.body_len = (uint32_t)data[2].n };
}

/* Through a header and back, as in a file. */
static struct record as_read(const struct record *r)
{
	struct record got = { 0 };
	char          h[RECORD_HEADER_BYTES];

	record_put(h, 1, 64, r);
	CHECK(record_get(h, 1, 64, &got));
	CHECK_INT(record_stored_bytes(&got), record_stored_bytes(r));
	return got;
}

static void check_way(uint32_t codec, size_t n, bool is_noise)
{
	static char  body[3000];
	struct slice data[3] = { SLICE("a.subject"), SLICE("headers"),
		{ body, n } };
	struct seal *seal = make_seal(codec & CODEC_AES ? CODEC_AES
	    : CODEC_CHACHA);
	struct record r = record_of(data), got;
	struct buf    out = { 0 }, plain = { 0 };
	uint32_t      dice = 1;
	bool          is_smaller = codec & CODEC_LZ4 && n >= 128 && !is_noise;

	for (size_t i = 0; i < n; i++) {
		dice = dice * 1664525u + 1013904223u;
		body[i] = (char)(is_noise ? dice >> 24 : i / 50);
	}
	buf_put_str(&out, "before");
	CHECK_INT(record_pack(seal, codec, &r, data, &out), 0);
	CHECK_INT(r.codec, (codec & CODEC_CIPHER) |
	    (is_smaller ? CODEC_LZ4 : 0));
	if (r.codec == 0) {
		CHECK_INT(out.n, 6);
	} else {
		CHECK_INT(out.n, 6 + r.stored);
		CHECK(!is_smaller || r.stored < record_data_bytes(&r));
		got = as_read(&r);
		CHECK_INT(record_unpack(seal, &got, out.p + 6, &plain), 0);
		CHECK_INT(plain.n, record_data_bytes(&r));
		CHECK(memcmp(plain.p, "a.subjectheaders", 16) == 0);
		CHECK(memcmp(plain.p + 16, body, n) == 0);
	}
	seal_destroy(seal);
	buf_fini(&out);
	buf_fini(&plain);
}

TEST(data_are_what_they_were)
{
	static const uint32_t codecs[] = { 0, CODEC_LZ4, CODEC_CHACHA,
		CODEC_AES, CODEC_LZ4 | CODEC_CHACHA, CODEC_LZ4 | CODEC_AES };
	static const size_t   sizes[] = { 0, 1, 100, 200, 3000 };

	for (size_t c = 0; c < N_OF(codecs); c++)
		for (size_t i = 0; i < N_OF(sizes); i++) {
			check_way(codecs[c], sizes[i], false);
			check_way(codecs[c], sizes[i], true);
		}
}

TEST(the_header_is_part_of_the_seal)
{
	struct slice  data[3] = { SLICE("subject"), SLICE_NONE, SLICE("body") };
	struct seal  *seal = make_seal(CODEC_CHACHA);
	struct record r = record_of(data), bad;
	struct buf    out = { 0 }, plain = { 0 };

	CHECK_INT(record_pack(seal, CODEC_CHACHA, &r, data, &out), 0);
	CHECK_INT(record_unpack(NULL, &r, out.p, &plain), ERR_DENIED);
	bad = r;
	bad.seq++;
	CHECK_INT(record_unpack(seal, &bad, out.p, &plain), ERR_CORRUPT);
	bad = r;
	bad.ts_ns++;
	CHECK_INT(record_unpack(seal, &bad, out.p, &plain), ERR_CORRUPT);
	bad = r;
	bad.subject_len--;
	bad.body_len++;
	CHECK_INT(record_unpack(seal, &bad, out.p, &plain), ERR_CORRUPT);
	bad = r;
	bad.type = RECORD_META;
	CHECK_INT(record_unpack(seal, &bad, out.p, &plain), ERR_CORRUPT);
	/* where it lies, and that it lies there a second time, is not */
	bad = r;
	bad.flags = RECORD_COPY;
	bad.lag = 77;
	CHECK_INT(record_unpack(seal, &bad, out.p, &plain), 0);
	seal_destroy(seal);
	buf_fini(&out);
	buf_fini(&plain);
}

TEST(no_more_comes_out_than_the_header_says)
{
	static const char zeros[2000];
	struct slice      data[3] = { SLICE("s"), SLICE_NONE,
		{ zeros, sizeof zeros } };
	struct record     r = record_of(data), bad;
	struct buf        out = { 0 }, plain = { 0 };
	char              h[RECORD_HEADER_BYTES];

	CHECK_INT(record_pack(NULL, CODEC_LZ4, &r, data, &out), 0);
	CHECK_INT(r.codec, CODEC_LZ4);
	for (int d = -1999; d < 3000; d += 13) {
		bad = r;
		bad.body_len = (uint32_t)((int)bad.body_len + d);
		buf_reset(&plain);
		CHECK_INT(record_unpack(NULL, &bad, out.p, &plain), d == 0 ? 0
		    : ERR_CORRUPT);
		CHECK(plain.cap < 16384);
	}
	/* and what cannot be is not even looked at */
	bad = r;
	bad.body_len = 200 << 20;
	record_put(h, 1, 64, &bad);
	CHECK(!record_get(h, 1, 64, &bad));
	bad = r;
	bad.type = RECORD_DEAD;
	record_put(h, 1, 64, &bad);
	CHECK(!record_get(h, 1, 64, &bad));
	bad = r;
	bad.codec = CODEC_CHACHA;
	record_put(h, 1, 64, &bad);
	CHECK(!record_get(h, 1, 64, &bad));
	bad.codec = CODEC_ALL;
	record_put(h, 1, 64, &bad);
	CHECK(!record_get(h, 1, 64, &bad));
	buf_fini(&out);
	buf_fini(&plain);
}
