/* base/hash.c - the seed behind base/hash.h. */
#include "base/hash.h"

#include <pthread.h>

#include "base/random.h"

uint64_t hash_seed = 0x2d358dccaa6c78a5u;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void draw(void)
{
	random_bytes(&hash_seed, sizeof hash_seed);
}

/* Another server in this process must not change it under the first. */
void hash_init(void)
{
	pthread_once(&once, draw);
}
