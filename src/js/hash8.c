/* js/hash8.c - eight letters and digits that stand for a longer name. */
#include "js/hash8.h"

#include <sodium.h>

#include "base/random.h"

static const char digits[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

void hash8_of(struct slice text, char out[HASH8])
{
	unsigned char sum[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(sum, (const unsigned char *)text.p, text.n);
	for (size_t i = 0; i < HASH8; i++)
		out[i] = digits[sum[i] % 62];
}

void hash8_random(char out[HASH8])
{
	for (size_t i = 0; i < HASH8; i++)
		out[i] = digits[random_below(62)];
}
