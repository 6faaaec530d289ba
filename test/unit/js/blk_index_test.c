/* blk_index_test.c - an index that nats-server 2.15.1 wrote, whole and damaged.
 *
 * Its stream kept one message of each subject; of nine that came, 1 and 2 went
 * from the front, and 4 and 6 from between. */
#include "js/blk_index.h"

#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "js/blk.h"

/* Up to the set's first node. */
static const char theirs[] =
	"\x0b\x04\x05\xaa\x01\x03\xd0\x99\xad\x98\x8c\xf4\x83\xed"
	"\x31\x09\xb8\x8e\xf1\x98\x8c\xf4\x83\xed\x31\x05\x03\x73"
	"\x2e\x62\x01\x01\x01\x03\x73\x2e\x61\x01\x01\x01\x03\x73"
	"\x2e\x63\x01\x01\x01\x03\x73\x2e\x64\x01\x01\x01\x03\x73"
	"\x2e\x65\x01\x01\x01\x01\x01\xaa\x01\x03\x00\x09\xe8\xf4"
	"\x43\x02\x00\x00\x16\x02\x01\x00\x00\x00\x02\x00\x00\x00";

/* The height of that node; the last file and its last sum; the sum. */
static const char behind[] =
	"\x01\x00\x01\xcf\xa1\xdf\x0b\x93\x38\x43\x84\xed\xdd\xe2"
	"\x2c\xf3\x77\xbb\xc1";

enum { NODE_BYTES = 8 + 32 * 8 };

static struct buf whole(void)
{
	struct buf b = { 0 };
	char       node[NODE_BYTES] = { 0 };

	node[8] = 1 << 4 | 1 << 6;
	buf_put(&b, theirs, sizeof theirs - 1);
	buf_put(&b, node, sizeof node);
	buf_put(&b, behind, sizeof behind - 1);
	return b;
}

/* "1-2 4-4 "; "damaged". */
static struct buf told(struct slice bytes)
{
	struct buf       out = { 0 };
	struct blk_index x;
	uint64_t         first, last;
	int              rc = ERR_CORRUPT;

	if (blk_index_open(&x, bytes, SLICE("S")))
		while ((rc = blk_index_next(&x, &first, &last)) == 1)
			buf_printf(&out, "%llu-%llu ", (unsigned long long)first,
			    (unsigned long long)last);
	if (rc != 0)
		buf_put_str(&out, "damaged");
	return out;
}

static void check_told(struct slice bytes, const char *want, size_t nr)
{
	struct buf got = told(bytes);

	CHECK_SLICE(buf_slice(&got), slice_str(want), "%zu", nr);
	buf_fini(&got);
}

TEST(it_says_what_is_gone)
{
	struct buf       b = whole();
	struct blk_index x;

	CHECK(blk_index_open(&x, buf_slice(&b), SLICE("S")));
	CHECK_INT(x.first_seq, 3);
	CHECK_INT(x.last_seq, 9);
	check_told(buf_slice(&b), "1-2 4-4 6-6 ", 0);
	CHECK(!blk_index_open(&x, buf_slice(&b), SLICE("T")));
	buf_fini(&b);
}

TEST(a_flipped_bit_is_noticed)
{
	struct buf b = whole();

	for (size_t bit = 0; bit < 8 * b.n; bit++) {
		b.p[bit / 8] ^= (char)(1 << bit % 8);
		check_told(buf_slice(&b), "damaged", bit);
		b.p[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t n = 0; n < b.n; n++)
		check_told(slice_of(b.p, n), "damaged", n);
	buf_fini(&b);
}

/* With a sum that is right: what is cut off must be noticed all the same. */
TEST(what_is_cut_off_is_noticed)
{
	struct buf b = whole();
	size_t     files_end = sizeof theirs - 1 + NODE_BYTES + 2;

	for (size_t n = 2; n < files_end; n++) {
		struct buf     cut = { 0 };
		struct highway h;
		uint8_t        sum[HIGHWAY_BYTES];

		blk_meta_key(SLICE("S"), &h);
		highway_add(&h, slice_of(b.p, n));
		highway_end(&h, sum);
		buf_put(&cut, b.p, n);
		buf_put(&cut, sum, sizeof sum);
		check_told(buf_slice(&cut), "damaged", n);
		buf_fini(&cut);
	}
	buf_fini(&b);
}
