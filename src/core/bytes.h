/* core/bytes.h - are these bytes equal?  For keys of a few to some dozen bytes,
 * where calling memcmp costs more than comparing.
 */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t bytes_differ8(const char *a, const char *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x ^ y;
}

static inline uint32_t bytes_differ4(const char *a, const char *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x ^ y;
}

/* The last step may look at bytes a second time. */
static inline bool bytes_eq(const char *a, const char *b, size_t n)
{
	if (n < 4) {
		for (size_t i = 0; i < n; i++)
			if (a[i] != b[i])
				return false;
		return true;
	}
	if (n < 8)
		return (bytes_differ4(a, b) |
		    bytes_differ4(a + n - 4, b + n - 4)) == 0;
	for (size_t i = 0; i + 8 < n; i += 8)
		if (bytes_differ8(a + i, b + i) != 0)
			return false;
	return bytes_differ8(a + n - 8, b + n - 8) == 0;
}

#endif /* CORE_BYTES_H */
