/* s2_block_test.c - what others folded, what nobody may fold, and our own.
 *
 * The blocks of the first test were made by github.com/klauspost/compress/s2,
 * the library that nats-server uses. */
#include "js/s2_block.h"

#include "base/hash.h"
#include "check.h"

static char out[S2_BLOCK_MAX];

/* The unfolded bytes; NULL: refused. */
static struct slice unfolded(struct slice block)
{
	size_t n;

	if (!s2_take_length(&block, &n) || !s2_unfold(block, out, n))
		return SLICE_NONE;
	return slice_of(out, n);
}

TEST(others_blocks_are_read)
{
	static const char long_one[] = "\xa0\x8d\x06\x00\x78\x11\x01\x1d\x00\x93\x86\x00";
	struct slice      s;

	CHECK_SLICE(unfolded(SLICE("\x01\x00" "a")), SLICE("a"));
	CHECK_SLICE(unfolded(SLICE("\x0b\x08" "abc" "\x01\x03" "\x01\x00")),
	    SLICE("abcabcabcab"));
	s = unfolded(slice_of(long_one, sizeof long_one - 1));
	CHECK_INT(s.n, 100000);
	for (size_t i = 0; i < s.n; i++)
		CHECK(s.p[i] == 'x');
}

TEST(what_makes_no_sense_is_refused)
{
	static const struct { const char *why; struct slice block; } t[] = {
		{ "no length", { "", 0 } },
		{ "a length beyond the limit", { "\x81\x80\x80\x02", 4 } },
		{ "a literal that is cut off", { "\x05\x10" "ab", 4 } },
		{ "a literal longer than all", { "\x01\x04" "ab", 4 } },
		{ "less than was said", { "\x03\x00" "a", 3 } },
		{ "a copy of nothing", { "\x04\x01\x01", 3 } },
		{ "a copy from before the beginning", { "\x05\x00" "a" "\x01\x02", 5 } },
		{ "a copy longer than all", { "\x04\x00" "a" "\x01\x01", 5 } },
		{ "a repeat of no copy", { "\x05\x00" "a" "\x01\x00", 5 } },
		{ "a repeat that is cut off", { "\x80\x08\x00" "a" "\x01\x01" "\x15", 7 } },
		{ "a distance of nothing", { "\x05\x00" "a" "\x0e\x00\x00", 6 } },
		{ "a distance that is cut off", { "\x05\x00" "a" "\x0e\x00", 5 } },
		{ "a distance of four bytes, cut off", { "\x05\x00" "a" "\x0f\x01\x00\x00", 7 } },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK(unfolded(t[i].block).p == NULL, "%s", t[i].why);
}

static void goes_there_and_back(const char *p, size_t n)
{
	struct buf b = { 0 };

	s2_fold(slice_of(p, n), &b);
	CHECK_SLICE(unfolded(buf_slice(&b)), slice_of(p, n), "%zu bytes", n);
	buf_fini(&b);
}

TEST(what_is_folded_unfolds_to_the_same)
{
	static char bytes[S2_WRITE_MAX];
	uint64_t    dice = 7;

	for (unsigned spread = 1; spread <= 256; spread *= 4)
		for (size_t n = 0; n <= sizeof bytes; n = n < 200 ? n + 1
		    : 3 * n + (n < 20000)) {
			for (size_t i = 0; i < n; i++) {
				dice = hash_fold(dice, 0x9e3779b97f4a7c15u + i);
				bytes[i] = (char)(dice % spread);
			}
			goes_there_and_back(bytes, n);
		}
	memset(bytes, 'z', sizeof bytes);
	goes_there_and_back(bytes, sizeof bytes);
}

TEST(what_repeats_becomes_small)
{
	struct buf  b = { 0 };
	static char bytes[S2_WRITE_MAX];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = "orders.new {\"amount\": 1}"[i % 24];
	s2_fold(slice_of(bytes, sizeof bytes), &b);
	CHECK(b.n < sizeof bytes / 15, "%zu", b.n);
	buf_fini(&b);
}
