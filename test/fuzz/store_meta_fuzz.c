/* store_meta_fuzz.c - a copy of the metadata.
 *
 * Input: the file; its checksum is made right.  Holds: what is believed is
 * written as it was read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/crc.h"
#include "store/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char p[BYTES_MAX];
	struct meta m;
	struct buf  out = { 0 };
	uint64_t    n, rest;

	if (size < META_HEADER_BYTES || size > BYTES_MAX)
		return 0;
	memcpy(p, data, size);
	n = get32(p + 12);
	rest = size - META_HEADER_BYTES;
	if (get32(p + 8) != 1 && rest >= META_CODEC_BYTES)
		n += META_CODEC_BYTES + (uint64_t)get32(p +
		    META_HEADER_BYTES + 4);
	if (n <= rest)
		put32(p + 76, crc32c(crc32c(0, p, 76), p + META_HEADER_BYTES,
		    n));
	if (meta_get(slice_of(p, size), &m) != 0)
		return 0;
	meta_put(&out, &m);
	if (!slice_eq(buf_slice(&out), slice_of(p, META_HEADER_BYTES + n)))
		abort();
	buf_fini(&out);
	return 0;
}
