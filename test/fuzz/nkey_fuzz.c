/* nkey_fuzz.c - texts that may be keys, seeds, signatures, boxes or zone files.
 *
 * Holds: there is one text only for each key and seed, so what decodes encodes
 * to itself; a seed signs what its key verifies; a box opens to what was put
 * in. */
#include <sodium.h>
#include <stdlib.h>

#include "auth/nkey.h"
#include "auth/xkey.h"
#include "base/buf.h"
#include "base/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond) do { if (!(cond)) abort(); } while (0)

static void check_key(struct slice s)
{
	struct nkey key = { 0 };
	char        text[NKEY_PUBLIC_CHARS + 1];
	uint8_t     bytes[NKEY_BYTES];

	if (!nkey_parse(s, &key)) {
		CHECK(!key.is_set);
		return;
	}
	nkey_put_public(key.kind, key.bytes, text);
	CHECK(slice_eq(s, slice_str(text)));
	CHECK(slice_eq(s, nkey_text(&key)) && nkey_eq(&key, &key));
	CHECK(nkey_get_public(s, key.kind, bytes));
	CHECK(memcmp(bytes, key.bytes, sizeof bytes) == 0);
}

static void check_seed(struct slice s)
{
	uint8_t        seed[NKEY_BYTES], secret[NKEY_SECRET_BYTES];
	uint8_t        sig[NKEY_SIG_BYTES];
	char           text[NKEY_SEED_CHARS + 1];
	enum nkey_kind kind;
	struct nkey    key;

	if (!nkey_get_seed(s, &kind, seed))
		return;
	nkey_put_seed(kind, seed, text);
	CHECK(slice_eq(s, slice_str(text)));
	nkey_from_seed(kind, seed, &key, secret);
	nkey_sign(secret, s, sig);
	CHECK(nkey_verify(key.bytes, s, sig));
	sig[0] ^= 1;
	CHECK(!nkey_verify(key.bytes, s, sig));
}

static void check_box(struct slice s)
{
	static const uint8_t secret[NKEY_BYTES] = { 1 };
	struct nkey          own = { .is_set = true, .kind = NKEY_CURVE };
	struct buf           box = { 0 }, out = { 0 };

	crypto_scalarmult_base(own.bytes, secret);
	CHECK(!xkey_open(secret, &own, s, &out) && out.n == 0);
	CHECK(xkey_seal(secret, &own, s, &box));
	CHECK(xkey_open(secret, &own, buf_slice(&box), &out));
	CHECK(slice_eq(buf_slice(&out), s));
	buf_fini(&box);
	buf_fini(&out);
}

static void check_zone(struct slice s)
{
	static const int64_t times[] = { INT64_MIN, -1, 0, 1795219679,
		INT64_C(1) << 40, INT64_MAX };
	struct zone *z;

	if (zone_parse(s, &z) != 0)
		return;
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
		zone_offset_s(z, times[i]);
	zone_utc_s(z, 1795219679);
	zone_close(z);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_of(size == 0 ? "" : (const char *)data, size);
	uint8_t      sig[NKEY_SIG_BYTES];

	check_key(s);
	check_seed(s);
	nkey_get_sig(s, sig);
	check_box(s);
	check_zone(s);
	return 0;
}
