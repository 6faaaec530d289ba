/* s2_frame_test.c - a stream of chunks, whole, cut anywhere, and wrong. */
#include "js/s2_frame.h"

#include "base/err.h"
#include "check.h"
#include "js/s2_block.h"

/* Feeds in as pieces of n bytes.  0: all was taken, and it may end there; 1: it
 * may not; else the error. */
static int read_all(struct slice in, size_t n, struct buf *plain)
{
	struct s2_reader r = { 0 };
	struct buf       raw = { 0 };
	int              rc = 0;

	while (in.n > 0 && rc >= 0) {
		size_t       some = n < in.n ? n : in.n;
		struct slice rest;

		buf_put(&raw, in.p, some);
		in = slice_skip(in, some);
		rest = buf_slice(&raw);
		while ((rc = s2_take(&r, &rest, plain)) == 1)
			;
		if (rest.n > 0)
			memmove(raw.p, rest.p, rest.n);
		raw.n = rest.n;
	}
	if (rc >= 0)
		rc = s2_is_whole(&r, buf_slice(&raw)) ? 0 : 1;
	buf_fini(&raw);
	return rc;
}

/* Some that get smaller, some that do not. */
static void put_mixture(struct buf *b)
{
	uint32_t x = 1;

	for (unsigned i = 0; i < 90000; i++) {
		x = x * 1664525 + 1013904223;
		buf_put_char(b, i / 7000 % 2 ? (char)(x >> 24) : (char)(i % 13));
	}
}

TEST(what_is_put_is_taken_wherever_it_is_cut)
{
	static const size_t cuts[] = { 1, 3, 10, 1000, 65536, SIZE_MAX };
	struct buf          plain = { 0 }, raw = { 0 };

	put_mixture(&plain);
	s2_put_begin(&raw);
	s2_put(&raw, buf_slice(&plain));
	CHECK(raw.n < plain.n);
	for (size_t i = 0; i < N_OF(cuts); i++) {
		struct buf got = { 0 };

		CHECK_INT(read_all(buf_slice(&raw), cuts[i], &got), 0);
		CHECK(slice_eq(buf_slice(&got), buf_slice(&plain)));
		buf_fini(&got);
	}
	buf_fini(&plain);
	buf_fini(&raw);
}

TEST(what_need_not_be_understood_is_passed_over)
{
	struct buf raw = { 0 }, got = { 0 };

	s2_put_begin(&raw);
	buf_put(&raw, "\x99\x05\x00\x00" "index", 9);
	buf_put(&raw, "\xfe\x00\x00\x00", 4);
	s2_put(&raw, SLICE("hello"));
	buf_put(&raw, "\xff\x06\x00\x00" "S2sTwO", 10);
	s2_put(&raw, SLICE(", world"));
	CHECK_INT(read_all(buf_slice(&raw), 2, &got), 0);
	CHECK_SLICE(buf_slice(&got), SLICE("hello, world"));
	CHECK_INT(read_all(slice_of(raw.p, raw.n - 1), SIZE_MAX, &got), 1);
	CHECK_INT(read_all(slice_of(raw.p, 16), SIZE_MAX, &got), 1);
	buf_fini(&raw);
	buf_fini(&got);
}

TEST(each_flipped_bit_is_noticed)
{
	struct buf raw = { 0 }, got = { 0 };

	s2_put_begin(&raw);
	s2_put(&raw, SLICE("a payload that is there, a payload that is there"));
	for (size_t bit = 0; bit < 8 * raw.n; bit++) {
		raw.p[bit / 8] ^= (char)(1 << bit % 8);
		buf_reset(&got);
		CHECK(read_all(buf_slice(&raw), SIZE_MAX, &got) != 0 ||
		    got.n == 0, "bit %zu", bit);
		raw.p[bit / 8] ^= (char)(1 << bit % 8);
	}
	buf_fini(&raw);
	buf_fini(&got);
}

TEST(what_is_no_stream_is_refused)
{
	static const struct { const char *why; struct slice bytes; } t[] = {
		{ "no beginning", { "\x01\x05\x00\x00" "abcde", 9 } },
		{ "another beginning", { "\xff\x06\x00\x00" "sNaPpy", 10 } },
		{ "a kind that is not known", { "\xff\x06\x00\x00sNaPpY\x02\x00\x00\x00", 14 } },
		{ "no room for a sum", { "\xff\x06\x00\x00sNaPpY\x01\x03\x00\x00" "abc", 17 } },
		{ "a chunk too large", { "\xff\x06\x00\x00sNaPpY\x00\x00\x00\xff", 14 } },
	};
	struct buf got = { 0 };

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_INT(read_all(t[i].bytes, SIZE_MAX, &got), ERR_CORRUPT,
		    "%s", t[i].why);
	buf_fini(&got);
}
