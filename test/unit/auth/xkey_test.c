/* xkey_test.c - a box made elsewhere opens; one that was touched does not. */
#include "auth/xkey.h"

#include <sodium.h>

#include "base/buf.h"
#include "check.h"

struct pair {
	struct nkey key;
	uint8_t     secret[NKEY_BYTES];
};

static struct pair pair_of(int fill)
{
	struct pair p = { .key = { .is_set = true, .kind = NKEY_CURVE } };

	memset(p.secret, fill, sizeof p.secret);
	crypto_scalarmult_base(p.key.bytes, p.secret);
	nkey_put_public(NKEY_CURVE, p.key.bytes, p.key.text);
	return p;
}

TEST(what_is_sealed_opens_for_its_receiver_alone)
{
	struct pair a = pair_of(1), b = pair_of(2), c = pair_of(3);
	const char *texts[] = { "", "x", "eyJ0.e.s" };

	for (size_t i = 0; i < N_OF(texts); i++) {
		struct slice plain = slice_str(texts[i]);
		struct buf   box = { 0 }, out = { 0 };

		CHECK(xkey_seal(a.secret, &b.key, plain, &box));
		CHECK_INT(box.n, plain.n + 4 + 24 + 16);
		CHECK(memcmp(box.p, "xkv1", 4) == 0);
		CHECK(xkey_open(b.secret, &a.key, buf_slice(&box), &out));
		CHECK_SLICE(buf_slice(&out), plain);
		buf_reset(&out);
		CHECK(!xkey_open(c.secret, &a.key, buf_slice(&box), &out));
		CHECK(!xkey_open(b.secret, &c.key, buf_slice(&box), &out));
		CHECK_INT(out.n, 0);
		buf_fini(&box);
		buf_fini(&out);
	}
}

TEST(no_box_is_like_another)
{
	struct pair a = pair_of(1), b = pair_of(2);
	struct buf  x = { 0 }, y = { 0 };

	CHECK(xkey_seal(a.secret, &b.key, SLICE("same"), &x));
	CHECK(xkey_seal(a.secret, &b.key, SLICE("same"), &y));
	CHECK(memcmp(x.p + 4, y.p + 4, 24) != 0);
	buf_fini(&x);
	buf_fini(&y);
}

TEST(every_touched_bit_and_every_cut_is_noticed)
{
	struct pair a = pair_of(1), b = pair_of(2);
	struct buf  box = { 0 }, out = { 0 };

	CHECK(xkey_seal(a.secret, &b.key, SLICE("hello"), &box));
	for (size_t bit = 0; bit < box.n * 8; bit++) {
		box.p[bit / 8] = (char)(box.p[bit / 8] ^ 1 << bit % 8);
		CHECK(!xkey_open(b.secret, &a.key, buf_slice(&box), &out));
		box.p[bit / 8] = (char)(box.p[bit / 8] ^ 1 << bit % 8);
	}
	for (size_t n = 0; n < box.n; n++)
		CHECK(!xkey_open(b.secret, &a.key, slice_of(box.p, n), &out));
	CHECK(!xkey_open(b.secret, &a.key, SLICE_NONE, &out));
	CHECK_INT(out.n, 0);
	CHECK(xkey_open(b.secret, &a.key, buf_slice(&box), &out));
	buf_fini(&box);
	buf_fini(&out);
}

/* CVE-2023-46129: a key of zeros sealed what anybody could open. */
TEST(keys_that_are_none_seal_nothing)
{
	struct pair a = pair_of(1);
	struct nkey zero = { .is_set = true, .kind = NKEY_CURVE };
	struct nkey user = { .is_set = true, .kind = NKEY_USER };
	struct buf  out = { 0 };

	memcpy(user.bytes, a.key.bytes, sizeof user.bytes);
	CHECK(!xkey_seal(a.secret, &zero, SLICE("x"), &out));
	CHECK(!xkey_seal(a.secret, &user, SLICE("x"), &out));
	CHECK(!xkey_seal(a.secret, &(struct nkey){ 0 }, SLICE("x"), &out));
	CHECK_INT(out.n, 0);
	buf_fini(&out);
}
