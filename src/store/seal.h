/* store/seal.h - bytes that only who has the key can read, or change unseen.
 *
 * A store has a random key of its own, which its files hold sealed with the
 * owner's: another key for the owner does not touch what is stored.  What is
 * sealed begins with 24 bytes that no other has: 16 random ones of the seal
 * that made it and its count, 8 bytes.  The random ones make a key out of the
 * store's, the count is the nonce under that.  So two openings of a store, of
 * copies of it, or of what a crash has left, share no nonce.
 *
 *    0 16 salt, random for each struct seal
 *   16  8 its count, little-endian
 *   24    the bytes, under ChaCha20-Poly1305 or AES-256-GCM; key: BLAKE2b-256
 *         of "mote", the codec (4 bytes), the salt, keyed with the store's;
 *         nonce: 4 zeros and the count; associated: the store's id, the
 *         purpose (1 byte) and the context
 *    . 16 tag
 *
 * Thread: one at a time for each struct seal.
 * Spec: doc/store-format.md.
 */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "store/format.h"

enum { SEAL_SECRET_BYTES = 32, SEAL_PREFIX_BYTES = 24, SEAL_TAG_BYTES = 16 };

/* What is sealed, so that one cannot pass for the other; below 16 a record of
 * that type. */
enum seal_purpose {
	SEAL_SUBJECTS = 16,	/* of a footer */
	SEAL_INDEX,
	SEAL_BLOB,		/* of the metadata */
	SEAL_KEY,
};

/* How a store is to be sealed: what its owner was told to keep secret. */
struct store_secret {
	enum codec   cipher;		/* CODEC_CHACHA or CODEC_AES */
	struct slice key;		/* any bytes */
	struct slice prev_key;		/* a store that is sealed with it is
					   sealed anew with key; or none */
};

struct seal;

/* secret: a store's key, copied.  NULL: out of memory. */
struct seal *seal_create(const struct store_id *id,
    const uint8_t secret[SEAL_SECRET_BYTES], enum codec cipher);
void seal_destroy(struct seal *s);	/* takes NULL */

/* One more of the same store, for another thread.  NULL: out of memory. */
struct seal *seal_clone(const struct seal *s);

enum codec seal_cipher(const struct seal *s);

/* The store's key as its files hold it, sealed with the owner's.
 * ERR_NOMEM. */
int seal_wrap(const struct seal *s, struct slice owners,
    char out[STORE_KEY_BYTES]);

/* ERR_DENIED: not with this owner's key.  ERR_NOMEM. */
int seal_unwrap(const struct store_id *id, struct slice owners,
    struct slice key, uint8_t secret[SEAL_SECRET_BYTES]);

/* Begin a seal at the end of out; what is put there next is sealed by
 * seal_shut, with at as this returned it. */
size_t seal_begin(struct buf *out);

/* In place.  ERR_NOMEM, which out's failing is too. */
int seal_shut(struct seal *s, unsigned purpose, struct slice context,
    struct buf *out, size_t at);

/* in: from the prefix to the tag.  The plain bytes behind what out has.
 * ERR_CORRUPT: it is something else; ERR_NOMEM. */
int seal_open(struct seal *s, enum codec cipher, unsigned purpose,
    struct slice context, struct slice in, struct buf *out);

#endif /* STORE_SEAL_H */
