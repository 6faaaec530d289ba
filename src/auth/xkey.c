/* auth/xkey.c - libsodium's crypto_box behind a tag and a nonce. */
#include "auth/xkey.h"

#include <sodium.h>

#include "base/buf.h"
#include "base/random.h"

enum {
	TAG_BYTES = 4,
	NONCE_BYTES = crypto_box_NONCEBYTES,
	HEAD_BYTES = TAG_BYTES + NONCE_BYTES,
	OVERHEAD = HEAD_BYTES + crypto_box_MACBYTES
};
static const char tag[] = "xkv1";

static bool is_usable(const struct nkey *key)
{
	return key->is_set && key->kind == NKEY_CURVE;
}

bool xkey_seal(const uint8_t secret[NKEY_BYTES], const struct nkey *to,
    struct slice plain, struct buf *out)
{
	uint8_t nonce[NONCE_BYTES];
	char   *p;
	size_t  n;

	if (!is_usable(to) || __builtin_add_overflow(plain.n, OVERHEAD, &n))
		return false;
	p = buf_reserve(out, n);
	if (p == NULL)
		return false;
	random_bytes(nonce, sizeof nonce);
	memcpy(p, tag, TAG_BYTES);
	memcpy(p + TAG_BYTES, nonce, sizeof nonce);
	/* fails for keys of small order, whose secret all the world shares */
	if (crypto_box_easy((uint8_t *)p + HEAD_BYTES,
	    (const uint8_t *)plain.p, plain.n, nonce, to->bytes, secret) != 0)
		return false;
	buf_added(out, n);
	return true;
}

bool xkey_open(const uint8_t secret[NKEY_BYTES], const struct nkey *from,
    struct slice box, struct buf *out)
{
	const uint8_t *b = (const uint8_t *)box.p;
	char          *p;

	if (!is_usable(from) || box.n < OVERHEAD ||
	    memcmp(box.p, tag, TAG_BYTES) != 0)
		return false;
	p = buf_reserve(out, box.n - OVERHEAD + 1);	/* not of 0 bytes */
	if (p == NULL || crypto_box_open_easy((uint8_t *)p, b + HEAD_BYTES,
	    box.n - HEAD_BYTES, b + TAG_BYTES, from->bytes, secret) != 0)
		return false;
	buf_added(out, box.n - OVERHEAD);
	return true;
}
