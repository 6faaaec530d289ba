/* base/hash.h - a 64-bit hash of bytes, seeded once for each process.
 *
 * The seed is random, so a peer cannot choose subjects that collide.  Eight
 * bytes a step, multiply and fold: a few nanoseconds for a subject.
 * Thread: any, after hash_init.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>
#include <string.h>

#include "base/slice.h"

extern uint64_t hash_seed;

/* Draws the seed.  Call once, before any thread starts. */
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

static inline uint64_t hash_load(const char *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

static inline uint64_t hash_bytes(const char *p, size_t n)
{
	uint64_t h = hash_seed ^ (n * 0xa0761d6478bd642fu);

	for (; n > 8; p += 8, n -= 8)
		h = hash_fold(h ^ hash_load(p, 8), 0xe7037ed1a0b428dbu);
	return hash_fold(h ^ hash_load(p, n), 0x8ebc6af09c88c6e3u);
}

static inline uint64_t hash_slice(struct slice s)
{
	return s.n == 0 ? hash_seed : hash_bytes(s.p, s.n);
}

#endif /* BASE_HASH_H */
