/* auth/nkey.h - NATS's way of writing Ed25519 and X25519 keys.
 *
 * base32 without padding over: prefix byte (two for a seed), key, CRC-16.  A
 * decoder checks length, alphabet, checksum and kind before it yields a byte.
 * Spec: core protocol 4.3, Appendix C.1.
 */
#ifndef AUTH_NKEY_H
#define AUTH_NKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum nkey_kind {
	NKEY_OPERATOR, NKEY_ACCOUNT, NKEY_USER, NKEY_SERVER, NKEY_CLUSTER,
	NKEY_CURVE, N_NKEY_KINDS
};

enum {
	NKEY_BYTES        = 32,	/* a public key, or the seed of one */
	NKEY_SECRET_BYTES = 64,	/* as libsodium keeps it: seed, public */
	NKEY_SIG_BYTES    = 64,
	NKEY_PUBLIC_CHARS = 56,
	NKEY_SEED_CHARS   = 58
};

/* NUL-terminated into out. */
void nkey_put_public(enum nkey_kind kind, const uint8_t key[NKEY_BYTES],
    char out[NKEY_PUBLIC_CHARS + 1]);
void nkey_put_seed(enum nkey_kind kind, const uint8_t seed[NKEY_BYTES],
    char out[NKEY_SEED_CHARS + 1]);

/* False, and key untouched: not a key, or one of another kind. */
bool nkey_get_public(struct slice text, enum nkey_kind kind,
    uint8_t key[NKEY_BYTES]);

/* Likewise; a seed tells its kind.  The caller wipes seed. */
bool nkey_get_seed(struct slice text, enum nkey_kind *kind,
    uint8_t seed[NKEY_BYTES]);

/* A public key of whatever kind, as it is kept: never a bare pointer, so no
 * length can be wrong.  Zeroed is no key, and equals none. */
struct nkey {
	bool           is_set;
	enum nkey_kind kind;
	uint8_t        bytes[NKEY_BYTES];
	char           text[NKEY_PUBLIC_CHARS + 1];
};

/* False, and key untouched: not a public key of any kind. */
bool nkey_parse(struct slice text, struct nkey *key);

bool nkey_eq(const struct nkey *a, const struct nkey *b);

static inline struct slice nkey_text(const struct nkey *key)
{
	return slice_of(key->text, key->is_set ? NKEY_PUBLIC_CHARS : 0);
}

/* The key pair of a seed; the caller wipes secret. */
void nkey_from_seed(enum nkey_kind kind, const uint8_t seed[NKEY_BYTES],
    struct nkey *key, uint8_t secret[NKEY_SECRET_BYTES]);

/* base64url without padding, or the standard alphabet with it. */
bool nkey_get_sig(struct slice text, uint8_t sig[NKEY_SIG_BYTES]);

bool nkey_verify(const uint8_t key[NKEY_BYTES], struct slice text,
    const uint8_t sig[NKEY_SIG_BYTES]);

void nkey_sign(const uint8_t secret[NKEY_SECRET_BYTES], struct slice text,
    uint8_t sig[NKEY_SIG_BYTES]);

/* CRC-16/XMODEM. */
uint16_t nkey_crc16(const uint8_t *p, size_t n);

/* The keys of one server process: fresh at each start. */
struct identity {
	char    id[NKEY_PUBLIC_CHARS + 1];	/* N..., the server_id */
	char    xkey[NKEY_PUBLIC_CHARS + 1];	/* X... */
	uint8_t sign_public[NKEY_BYTES], sign_secret[NKEY_SECRET_BYTES];
	uint8_t box_public[NKEY_BYTES], box_secret[NKEY_BYTES];
};

void identity_init(struct identity *id);
void identity_fini(struct identity *id);	/* wipes */

#endif /* AUTH_NKEY_H */
