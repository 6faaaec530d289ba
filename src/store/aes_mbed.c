/* store/aes_mbed.c - AES-256-GCM of Mbed TLS, 2.28 and 3. */
#include "store/aes.h"

#include <mbedtls/gcm.h>
#include <stdlib.h>

struct aes {
	mbedtls_gcm_context gcm;
};

struct aes *aes_create(const uint8_t key[32])
{
	struct aes *a = calloc(1, sizeof *a);

	if (a == NULL)
		return NULL;
	mbedtls_gcm_init(&a->gcm);
	if (mbedtls_gcm_setkey(&a->gcm, MBEDTLS_CIPHER_ID_AES, key, 256) == 0)
		return a;
	aes_destroy(a);
	return NULL;
}

void aes_destroy(struct aes *a)
{
	if (a != NULL)
		mbedtls_gcm_free(&a->gcm);
	free(a);
}

bool aes_seal(struct aes *a, const uint8_t nonce[12], const uint8_t *ad,
    size_t ad_n, uint8_t *p, size_t n, uint8_t tag[16])
{
	return mbedtls_gcm_crypt_and_tag(&a->gcm, MBEDTLS_GCM_ENCRYPT, n,
	    nonce, 12, ad, ad_n, p, p, 16, tag) == 0;
}

bool aes_open(struct aes *a, const uint8_t nonce[12], const uint8_t *ad,
    size_t ad_n, const uint8_t *in, size_t n, const uint8_t tag[16],
    uint8_t *out)
{
	return mbedtls_gcm_auth_decrypt(&a->gcm, n, nonce, 12, ad, ad_n, tag,
	    16, in, out) == 0;
}
