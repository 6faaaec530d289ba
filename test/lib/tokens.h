/* test/lib/tokens.h - people with keys, and what they sign.
 *
 *     struct who op = who(NKEY_OPERATOR, 1), acc = who(NKEY_ACCOUNT, 2);
 *     const char *t = token(&op, &acc, "{\"type\":\"account\",\"version\":2}");
 *
 * Tokens live until the program ends: tests leave them.
 */
#ifndef TEST_LIB_TOKENS_H
#define TEST_LIB_TOKENS_H

#include "auth/jwt.h"
#include "auth/jwt_write.h"
#include "base/buf.h"
#include "base/text.h"
#include "check.h"

enum { TOKEN_IAT = 1795219679, TOKENS_MAX = 4096 };
#define TOKEN_NOW_NS ((TOKEN_IAT + 10) * INT64_C(1000000000))

struct who {
	struct nkey key;
	uint8_t     secret[NKEY_SECRET_BYTES];
};

/* The same bytes, the same key. */
static inline struct who who(enum nkey_kind kind, int fill)
{
	struct who w;
	uint8_t    seed[NKEY_BYTES];

	memset(seed, fill, sizeof seed);
	nkey_from_seed(kind, seed, &w.key, w.secret);
	return w;
}

static inline char *token_keep(struct buf *b)
{
	static char  *kept[TOKENS_MAX];
	static size_t n;
	char         *s = buf_take_str(b);

	if (s == NULL)
		abort();
	free(kept[n % TOKENS_MAX]);
	kept[n++ % TOKENS_MAX] = s;
	return s;
}

static inline const char *token_with(const struct who *by,
    const struct jwt_head *head, const char *nats)
{
	struct jwt_signer signer = { by->key.kind, by->key.bytes, by->secret };
	struct buf        b = { 0 };

	if (!jwt_sign(head, slice_str(nats), &signer, &b))
		abort();
	return token_keep(&b);
}

static inline const char *token(const struct who *by, const struct who *sub,
    const char *nats)
{
	struct jwt_head head = { .subject = nkey_text(&sub->key),
		.issued_s = TOKEN_IAT };

	return token_with(by, &head, nats);
}

/* Any header and claims, whatever they are; is_v1 signs the claims alone. */
static inline const char *token_raw(const struct who *by, const char *header,
    const char *claims, bool is_v1)
{
	struct buf   b = { 0 };
	struct slice part;
	uint8_t      sig[NKEY_SIG_BYTES];
	size_t       at;

	text_put_base64url(&b, header, strlen(header));
	buf_put_char(&b, '.');
	at = b.n;
	text_put_base64url(&b, claims, strlen(claims));
	part = buf_slice(&b);
	nkey_sign(by->secret, is_v1 ? slice_skip(part, at) : part, sig);
	buf_put_char(&b, '.');
	text_put_base64url(&b, sig, sizeof sig);
	return token_keep(&b);
}

/* printf into kept memory. */
__attribute__((format(printf, 1, 2)))
static inline const char *text_of(const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list    ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	return token_keep(&b);
}

/* Must be sound. */
static inline struct jwt *decoded(const char *token)
{
	struct jwt *t = NULL;
	const char *why = "";

	CHECK_INT(jwt_decode(slice_str(token), &t, &why), 0, "%s: %s", token,
	    why);
	return t;
}

#endif /* TEST_LIB_TOKENS_H */
