/* test/unit/store/format_test.c - pairs with src/store/format.c.
 *
 * What is put is got; a flipped bit is seen, wherever it is; and the bytes are
 * today what they were: the golden block below was written once.
 */
#include "store/format.h"

#include "base/err.h"
#include "check.h"
#include "store/block_table.h"
#include "store/crc.h"
#include "store/scan.h"

static const struct store_id id = { "sixteen bytes id" };

/* ---- numbers -------------------------------------------------------------- */

TEST(varints_go_both_ways_and_no_further)
{
	static const uint64_t v[] = { 0, 1, 127, 128, 300, 1u << 31,
		UINT64_MAX - 1, UINT64_MAX };
	struct buf            b = { 0 };
	struct slice          in, bad[] = { SLICE(""), SLICE("\x80"),
		SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
		SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") };
	uint64_t              got = 7;

	for (size_t i = 0; i < N_OF(v); i++)
		put_varint(&b, v[i]);
	in = buf_slice(&b);
	for (size_t i = 0; i < N_OF(v); i++) {
		CHECK(take_varint(&in, &got));
		CHECK(got == v[i]);
	}
	CHECK_INT(in.n, 0);
	for (size_t i = 0; i < N_OF(bad); i++)
		CHECK(!take_varint(&bad[i], &got));
	buf_fini(&b);
}

TEST(runs_do_not_wrap)
{
	struct buf   b = { 0 };
	struct slice in;
	uint64_t     prev = 0;
	struct seq_run   r = { 0, 0 };

	run_put(&b, &prev, (struct seq_run){ 5, 5 });
	run_put(&b, &prev, (struct seq_run){ 7, 1000000 });
	in = buf_slice(&b);
	prev = 0;
	CHECK(run_take(&in, &prev, &r) && r.first == 5 && r.last == 5);
	CHECK(run_take(&in, &prev, &r) && r.first == 7 && r.last == 1000000);
	CHECK(!run_take(&in, &prev, &r));
	buf_reset(&b);
	put_varint(&b, 2);
	put_varint(&b, UINT64_MAX);
	in = buf_slice(&b);
	prev = 0;
	CHECK(!run_take(&in, &prev, &r), "its end is beyond the last number");
	buf_fini(&b);
}

/* ---- flips ---------------------------------------------------------------- */

#define EACH_FLIP(bytes, check)                                          \
	for (size_t bit = 0; bit < sizeof (bytes) * 8; bit++) {          \
		(bytes)[bit / 8] ^= (char)(1 << bit % 8);                \
		CHECK(check, "bit %zu", bit);                            \
		(bytes)[bit / 8] ^= (char)(1 << bit % 8);                \
	}

TEST(a_flip_in_a_header_is_seen)
{
	struct block_header h = { .id = id, .nr = 3, .first_seq = 70 }, got;
	struct record       r = { .type = RECORD_MSG, .subject_len = 3,
		.body_len = 9, .seq = 70, .ts_ns = -1 }, got_r;
	char                b[BLOCK_HEADER_BYTES], c[RECORD_HEADER_BYTES];
	uint32_t            seed = block_seed(&id, 3);

	block_header_put(b, &h);
	CHECK_INT(block_header_get(b, &got), 0);
	CHECK(got.nr == 3 && got.first_seq == 70);
	EACH_FLIP(b, block_header_get(b, &got) == ERR_CORRUPT);
	record_put(c, seed, 64, &r);
	CHECK(record_get(c, seed, 64, &got_r));
	CHECK(got_r.seq == 70 && got_r.ts_ns == -1 && got_r.body_len == 9);
	EACH_FLIP(c, !record_get(c, seed, 64, &got_r));
}

TEST(right_bytes_in_a_wrong_place_are_refused)
{
	struct record r = { .type = RECORD_MSG, .seq = 70 };
	char          c[RECORD_HEADER_BYTES], end[FOOTER_END_BYTES];
	uint32_t      seed = block_seed(&id, 3);
	uint64_t      at;

	record_put(c, seed, 64, &r);
	CHECK(!record_get(c, seed, 72, &r));
	CHECK(!record_get(c, block_seed(&id, 4), 64, &r));
	footer_end_put(end, seed, 640);
	CHECK(footer_end_get(end, seed, &at) && at == 640);
	CHECK(!footer_end_get(end, block_seed(&id, 4), &at));
	EACH_FLIP(end, !footer_end_get(end, seed, &at));
}

TEST(metadata_is_whole_or_not_at_all)
{
	struct meta  m = { .id = id, .generation = 9, .blob = SLICE("blob!") },
		got;
	struct buf   b = { 0 };
	char         bytes[META_HEADER_BYTES + 5];

	meta_put(&b, &m);
	CHECK_INT(b.n, sizeof bytes);
	memcpy(bytes, b.p, sizeof bytes);
	CHECK_INT(meta_get(buf_slice(&b), &got), 0);
	CHECK_SLICE(got.blob, SLICE("blob!"));
	CHECK_INT(got.generation, 9);
	for (size_t n = 0; n < sizeof bytes; n++)
		CHECK_INT(meta_get(slice_of(bytes, n), &got), ERR_CORRUPT);
	EACH_FLIP(bytes, meta_get(slice_of(bytes, sizeof bytes), &got) ==
	    ERR_CORRUPT);
	buf_fini(&b);
}

TEST(what_has_a_codec_is_of_version_2)
{
	char                key[STORE_KEY_BYTES] = { 5 };
	struct meta         m = { .id = id, .codec = CODEC_LZ4 | CODEC_AES,
		.key = { key, sizeof key }, .blob = SLICE("blob!") }, got;
	struct block_header h = { .id = id, .codec = CODEC_LZ4 }, got_h;
	struct footer       f = { .codec = CODEC_CHACHA }, got_f;
	struct buf          b = { 0 };
	char                bytes[META_HEADER_BYTES + META_CODEC_BYTES +
	    sizeof key + 5], header[BLOCK_HEADER_BYTES],
	    footer[FOOTER_HEADER_BYTES];

	meta_put(&b, &m);
	CHECK_INT(b.n, sizeof bytes);
	memcpy(bytes, b.p, sizeof bytes);
	CHECK_INT(bytes[8], 2);
	CHECK_INT(meta_get(buf_slice(&b), &got), 0);
	CHECK_SLICE(got.blob, SLICE("blob!"));
	CHECK_SLICE(got.key, slice_of(key, sizeof key));
	CHECK_INT(got.codec, CODEC_LZ4 | CODEC_AES);
	for (size_t n = 0; n < sizeof bytes; n++)
		CHECK_INT(meta_get(slice_of(bytes, n), &got), ERR_CORRUPT);
	EACH_FLIP(bytes, meta_get(slice_of(bytes, sizeof bytes), &got) ==
	    ERR_CORRUPT);
	buf_fini(&b);
	block_header_put(header, &h);
	CHECK_INT(header[8], 2);
	CHECK_INT(block_header_get(header, &got_h), 0);
	CHECK_INT(got_h.codec, CODEC_LZ4);
	EACH_FLIP(header, block_header_get(header, &got_h) == ERR_CORRUPT);
	footer_put(footer, 7, &f);
	CHECK_INT(footer_get(footer, 7, &got_f), 0);
	CHECK_INT(got_f.codec, CODEC_CHACHA);
	EACH_FLIP(footer, footer_get(footer, 7, &got_f) == ERR_CORRUPT);
}

TEST(codecs_that_nobody_knows_are_refused)
{
	struct block_header h = { .id = id, .codec = 8 };
	char                header[BLOCK_HEADER_BYTES];
	struct meta         m = { .id = id, .codec = 8 };
	struct buf          b = { 0 };

	block_header_put(header, &h);
	CHECK_INT(block_header_get(header, &h), ERR_VERSION);
	meta_put(&b, &m);
	CHECK_INT(meta_get(buf_slice(&b), &m), ERR_VERSION);
	buf_fini(&b);
}

TEST(a_newer_version_is_told_from_damage)
{
	struct block_header h = { .id = id }, got;
	char                b[BLOCK_HEADER_BYTES];

	block_header_put(b, &h);
	b[8] = 2;
	/* whoever writes version 2 will checksum it */
	put32(b + 60, crc32c(0, b, 60));
	CHECK_INT(block_header_get(b, &got), ERR_VERSION);
}

/* ---- golden --------------------------------------------------------------- */

/* A block of one message, one skipped sequence and one deletion, sealed. */
static const char golden[] =
	"6d6f7465626c6b0001000000000000007369787465656e206279746573206964"
	"0100000000008000010000000000000000002a36fe9c9717000000005bc37e94"
	"6d524543010003000200000005000000010000000000000001002a36fe9c9717"
	"01000000cb364b4f000000005ab7f47f612e62484868656c6c6f000000000000"
	"6d524543030000000000000000000000020000000000000002002a36fe9c9717"
	"02000000c448501e0000000025d1ca9c6d524543020000000000000002000000"
	"020000000000000003002a36fe9c971700000000a7e93f63000000002b4e3e76"
	"01000000000000006d5245430201000000000000020000000200000000000000"
	"03002a36fe9c971700000000a7e93f6300000000236202890100000000000000"
	"6d6f746566747200010000000000000001000000010000000100000000000000"
	"01000000000000000200000000000000000000000000000001002a36fe9c9717"
	"01002a36fe9c971703000000000000002001000000000000080000000b000000"
	"477c2a5d49665e94d10ded59814ee89100020200000201000000000008000000"
	"000000002c0000000000000003000000612e6200000000006d6f7465656e6400"
	"2001000000000000000000008cd4607f";

static void put_record(struct buf *out, struct record *r, struct slice data)
{
	char     h[RECORD_HEADER_BYTES];
	uint64_t at = out->n;

	r->data_crc = record_data_crc(r->seq, data.p, data.n);
	record_put(h, block_seed(&id, 1), at, r);
	buf_put(out, h, sizeof h);
	buf_put_slice(out, data);
	while (out->n - at < record_bytes(r))
		buf_put_char(out, 0);
}

static void make_block(struct buf *out)
{
	struct block_header h = { .id = id, .nr = 1, .room = 8388608,
		.first_seq = 1, .created_ns = 1700000000000000000 };
	struct record       msg = { .type = RECORD_MSG, .subject_len = 3,
		.hdr_len = 2, .body_len = 5, .seq = 1, .lag = 1,
		.ts_ns = 1700000000000000001 };
	struct record       skipped = { .type = RECORD_SKIP, .seq = 2,
		.lag = 2, .ts_ns = 1700000000000000002 };
	struct record       dead = { .type = RECORD_DEAD, .body_len = 2,
		.seq = 2, .ts_ns = 1700000000000000003 };
	char                bytes[BLOCK_HEADER_BYTES];
	struct scan         scan;
	struct footer       f = { .block_nr = 1, .first_seq = 1,
		.last_seq = 2, .next_first_seq = 3 };

	block_header_put(bytes, &h);
	buf_put(out, bytes, sizeof bytes);
	put_record(out, &msg, SLICE("a.bHHhello"));
	put_record(out, &skipped, SLICE_NONE);
	put_record(out, &dead, SLICE("\x01\x00"));
	dead.flags = RECORD_COPY;
	put_record(out, &dead, SLICE("\x01\x00"));
	CHECK_INT(block_scan(buf_slice(out), &id, 1, 0, (struct cost){ 30, 4 },
	    NULL, &scan), 0);
	f.records_end = scan.end;
	f.first_ts_ns = scan.first_ts_ns;
	f.last_ts_ns = scan.last_ts_ns;
	CHECK_INT(block_table_encode(scan.table, block_seed(&id, 1), &f,
	    out->n, NULL, out), 0);
	block_table_destroy(scan.table);
}

TEST(the_bytes_are_what_they_were)
{
	struct buf b = { 0 }, hex = { 0 };

	make_block(&b);
	for (size_t i = 0; i < b.n; i++)
		buf_printf(&hex, "%02x", (uint8_t)b.p[i]);
	CHECK_SLICE(buf_slice(&hex), slice_str(golden));
	buf_fini(&hex);
	buf_fini(&b);
}
