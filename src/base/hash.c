/* base/hash.c - the seed behind base/hash.h. */
#include "base/hash.h"

#include "base/random.h"

uint64_t hash_seed = 0x2d358dccaa6c78a5u;

void hash_init(void)
{
	random_bytes(&hash_seed, sizeof hash_seed);
}
