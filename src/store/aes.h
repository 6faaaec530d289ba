/* store/aes.h - AES-256-GCM of the library that TLS has.
 *
 * Of Mbed TLS (aes_mbed.c) or OpenSSL (aes_openssl.c), as meson's option tls
 * says.  Thread: one at a time for each struct aes.
 */
#ifndef STORE_AES_H
#define STORE_AES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aes;

/* NULL: out of memory. */
struct aes *aes_create(const uint8_t key[32]);
void aes_destroy(struct aes *a);	/* takes NULL; forgets the key */

/* n bytes in place, and a tag of 16 bytes.  false: out of memory. */
bool aes_seal(struct aes *a, const uint8_t nonce[12], const uint8_t *ad,
    size_t ad_n, uint8_t *p, size_t n, uint8_t tag[16]);

/* false: the tag does not fit; what is in out is of no meaning. */
bool aes_open(struct aes *a, const uint8_t nonce[12], const uint8_t *ad,
    size_t ad_n, const uint8_t *in, size_t n, const uint8_t tag[16],
    uint8_t *out);

#endif /* STORE_AES_H */
