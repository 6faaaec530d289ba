/* test/unit/base/hash_test.c - pairs with src/base/hash.h.
 *
 * Every bit must count, at every length, and subjects that are numbered through
 * must spread evenly over the upper bits and the lower ones, because the index
 * uses the former and the caches the latter. */
#include "base/hash.h"

#include "check.h"

TEST(every_bit_counts)
{
	char text[80] = { 0 };

	for (size_t n = 1; n <= sizeof text; n++) {
		uint64_t plain = hash_bytes(text, n);

		for (size_t bit = 0; bit < 8 * n; bit++) {
			text[bit / 8] ^= (char)(1u << bit % 8);
			CHECK(hash_bytes(text, n) != plain, "bit %zu of %zu",
			    bit, 8 * n);
			text[bit / 8] ^= (char)(1u << bit % 8);
		}
		CHECK(hash_bytes(text, n - 1) != plain, "length %zu", n);
	}
	CHECK(hash_slice(SLICE_NONE) == hash_slice(SLICE("")));
}

TEST(nothing_behind_the_end_counts)
{
	char a[96], b[96];

	memset(a, 'a', sizeof a);
	memset(b, 'b', sizeof b);
	for (size_t n = 0; n <= 64; n++) {
		memset(b + 16, 'a', n);
		CHECK(hash_bytes(a + 16, n) == hash_bytes(b + 16, n));
	}
}

/* The fullest and the emptiest of 256 buckets, chosen by 8 bits. */
static void check_spread(const char *fmt_head, unsigned shift)
{
	enum { N = 1 << 18, MEAN = N / 256 };
	static unsigned n[256];
	char            text[48];

	memset(n, 0, sizeof n);
	for (unsigned i = 0; i < N; i++) {
		int len = snprintf(text, sizeof text, "%s%u.x", fmt_head, i);

		n[hash_bytes(text, (size_t)len) >> shift & 0xff]++;
	}
	/* The deviation is 32: six of them, on both sides. */
	for (unsigned i = 0; i < 256; i++)
		CHECK(n[i] > MEAN - 200 && n[i] < MEAN + 200,
		    "%u in bucket %u of bits %u, %s", n[i], i, shift, fmt_head);
}

TEST(numbered_subjects_spread)
{
	static const char *heads[] = { "", "a.", "orders.", "_INBOX.abcdefgh.",
	    "a.longer.subject.with.several.tokens." };

	for (size_t i = 0; i < N_OF(heads); i++)
		for (unsigned shift = 0; shift <= 56; shift += 8)
			check_spread(heads[i], shift);
}
