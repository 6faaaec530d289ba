/* base/random.h - secrets from the system, dice from a small generator. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fit for keys and nonces.  Never fails: without entropy the process stops.
 * Thread: any. */
void random_bytes(void *out, size_t n);

/* Not for secrets: which queue member, how much jitter.  Each thread has its
 * own state, seeded from random_bytes at first use.  Thread: any. */
uint32_t random_dice(void);

/* 0 <= result < n; n is at least 1. */
static inline uint32_t random_below(uint32_t n)
{
	return (uint32_t)(((uint64_t)random_dice() * n) >> 32);
}

#endif /* BASE_RANDOM_H */
