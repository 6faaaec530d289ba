/* base/hash.h - a 64-bit hash of bytes, seeded once for each process.
 *
 * The seed is random, so a peer cannot choose subjects that collide.  Sixteen
 * bytes a step, multiply and fold: a few nanoseconds for a subject.
 * Thread: any, after hash_init.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>
#include <string.h>

#include "base/slice.h"

extern uint64_t hash_seed;

/* Draws the seed, the first time.  Before anything is hashed.  Thread: any. */
void hash_init(void);

static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
#if defined(__SIZEOF_INT128__)
	__extension__ typedef unsigned __int128 wide;
	wide r = (wide)a * b;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
#else
	uint64_t x = (a ^ (b >> 32)) * 0x9e3779b97f4a7c15u;

	x ^= x >> 29;
	x = (x ^ b) * 0xbf58476d1ce4e5b9u;
	return x ^ (x >> 32);
#endif
}

static inline uint64_t hash_load(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* Fewer than eight bytes, by loads of fixed size that may overlap: a load of
 * what was just stored in pieces would wait for the stores. */
static inline uint64_t hash_load_short(const char *p, size_t n)
{
	uint32_t first, last;

	if (n < 4)
		return n == 0 ? 0 : (uint64_t)(uint8_t)p[0] << 16 |
		    (uint64_t)(uint8_t)p[n >> 1] << 8 | (uint8_t)p[n - 1];
	memcpy(&first, p, sizeof first);
	memcpy(&last, p + n - sizeof last, sizeof last);
	return (uint64_t)first << 32 | last;
}

/* The last step takes the last bytes, whether it saw some of them before or
 * not.  Both factors hold a secret, so neither can be made zero.  One product
 * alone spreads numbered subjects unevenly; hence another one at the end. */
static inline uint64_t hash_bytes(const char *p, size_t n)
{
	uint64_t    secret = hash_seed * 0xe7037ed1a0b428dbu;
	uint64_t    h = hash_seed ^ (n * 0xa0761d6478bd642fu);
	const char *end = p + n;

	if (n < 8) {
		h = hash_fold(hash_load_short(p, n) ^ secret, h);
		return hash_fold(h, 0x8ebc6af09c88c6e3u);
	}
	for (; end - p > 16; p += 16)
		h = hash_fold(hash_load(p) ^ secret, hash_load(p + 8) ^ h);
	if (n > 16)
		p = end - 16;
	h = hash_fold(hash_load(p) ^ secret, hash_load(end - 8) ^ h);
	return hash_fold(h, 0x8ebc6af09c88c6e3u);
}

static inline uint64_t hash_slice(struct slice s)
{
	return s.n == 0 ? hash_seed : hash_bytes(s.p, s.n);
}

#endif /* BASE_HASH_H */
