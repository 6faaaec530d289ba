/* base/random.c - libsodium for secrets, xorshift64* for dice. */
#include "base/random.h"

#include <sodium.h>

void random_bytes(void *out, size_t n)
{
	randombytes_buf(out, n);
}

uint32_t random_dice(void)
{
	static _Thread_local uint64_t state;

	while (state == 0)
		random_bytes(&state, sizeof state);
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545f4914f6cdd1du) >> 32);
}
