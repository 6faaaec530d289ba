/* auth/nonce.c - a keyed hash of the connection's number. */
#include "auth/nonce.h"

#include <pthread.h>
#include <sodium.h>

#include "base/random.h"

enum { NONCE_BYTES = 11 };

static uint8_t        nonce_key[crypto_generichash_KEYBYTES];
static pthread_once_t nonce_key_once = PTHREAD_ONCE_INIT;

static void draw_key(void)
{
	random_bytes(nonce_key, sizeof nonce_key);
}

void nonce_make(uint64_t cid, char out[NONCE_CHARS + 1])
{
	uint8_t hash[crypto_generichash_BYTES_MIN];

	_Static_assert(sizeof hash >= NONCE_BYTES, "nonce");
	pthread_once(&nonce_key_once, draw_key);
	crypto_generichash(hash, sizeof hash, (const uint8_t *)&cid,
	    sizeof cid, nonce_key, sizeof nonce_key);
	sodium_bin2base64(out, NONCE_CHARS + 1, hash, NONCE_BYTES,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
