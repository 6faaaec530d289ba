/* store/aes_openssl.c - AES-256-GCM of OpenSSL 3. */
#include "store/aes.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct aes {
	EVP_CIPHER_CTX *to, *from;	/* one for each direction, with the key */
};

struct aes *aes_create(const uint8_t key[32])
{
	struct aes *a = calloc(1, sizeof *a);

	if (a == NULL)
		return NULL;
	a->to = EVP_CIPHER_CTX_new();
	a->from = EVP_CIPHER_CTX_new();
	if (a->to != NULL && a->from != NULL &&
	    EVP_EncryptInit_ex(a->to, EVP_aes_256_gcm(), NULL, key, NULL) == 1 &&
	    EVP_DecryptInit_ex(a->from, EVP_aes_256_gcm(), NULL, key, NULL) == 1)
		return a;
	aes_destroy(a);
	return NULL;
}

void aes_destroy(struct aes *a)
{
	if (a == NULL)
		return;
	EVP_CIPHER_CTX_free(a->to);
	EVP_CIPHER_CTX_free(a->from);
	free(a);
}

/* Records are far below the 2 GB that its lengths can say. */
bool aes_seal(struct aes *a, const uint8_t nonce[12], const uint8_t *ad,
    size_t ad_n, uint8_t *p, size_t n, uint8_t tag[16])
{
	int done = 0;

	return EVP_EncryptInit_ex(a->to, NULL, NULL, NULL, nonce) == 1 &&
	    EVP_EncryptUpdate(a->to, NULL, &done, ad, (int)ad_n) == 1 &&
	    (n == 0 || EVP_EncryptUpdate(a->to, p, &done, p, (int)n) == 1) &&
	    EVP_EncryptFinal_ex(a->to, p + n, &done) == 1 &&
	    EVP_CIPHER_CTX_ctrl(a->to, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1;
}

bool aes_open(struct aes *a, const uint8_t nonce[12], const uint8_t *ad,
    size_t ad_n, const uint8_t *in, size_t n, const uint8_t tag[16],
    uint8_t *out)
{
	int done = 0;

	return EVP_DecryptInit_ex(a->from, NULL, NULL, NULL, nonce) == 1 &&
	    EVP_DecryptUpdate(a->from, NULL, &done, ad, (int)ad_n) == 1 &&
	    (n == 0 || EVP_DecryptUpdate(a->from, out, &done, in, (int)n) ==
	    1) && EVP_CIPHER_CTX_ctrl(a->from, EVP_CTRL_AEAD_SET_TAG, 16,
	    (void *)(uintptr_t)tag) == 1 &&
	    EVP_DecryptFinal_ex(a->from, out + n, &done) == 1;
}
