/* base/highway.h - HighwayHash, the form of 64 bits.
 *
 * The checksum of nats-server's files: keyed with 32 bytes, fed in pieces.
 * Spec: github.com/google/highwayhash.
 */
#ifndef BASE_HIGHWAY_H
#define BASE_HIGHWAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { HIGHWAY_KEY_BYTES = 32, HIGHWAY_BYTES = 8 };

struct highway {
	uint64_t v0[4], v1[4], mul0[4], mul1[4];
	uint8_t  rest[32];	/* not yet taken in */
	size_t   n_rest;
};

/* Begins a sum; may be copied to begin others with the same key. */
void highway_init(struct highway *h, const uint8_t key[HIGHWAY_KEY_BYTES]);
void highway_add(struct highway *h, struct slice bytes);

/* The sum of all that was added, little-endian.  h is of no use after it. */
void highway_end(struct highway *h, uint8_t ret[HIGHWAY_BYTES]);

#endif /* BASE_HIGHWAY_H */
