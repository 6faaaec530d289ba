/* store/crc.h - CRC-32C, the checksum of everything a store writes.
 *
 * The machine's own instruction where it has one.  Thread: any.
 */
#ifndef STORE_CRC_H
#define STORE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Of n bytes, going on from seed: the crc of what was before, or a number
 * that says where the bytes belong. */
uint32_t crc32c(uint32_t seed, const void *p, size_t n);

/* The same without the instruction: the tests hold one against the other. */
uint32_t crc32c_slow(uint32_t seed, const void *p, size_t n);

#endif /* STORE_CRC_H */
