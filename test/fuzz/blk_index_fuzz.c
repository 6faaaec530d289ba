/* blk_index_fuzz.c - an index of nats-server's.
 *
 * The sum at its end is made right, or none would ever pass.  Holds: nothing is
 * read out of bounds, runs make sense, and there is an end to them. */
#include <stdint.h>
#include <stdlib.h>

#include "js/blk.h"
#include "js/blk_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char            *p = malloc(size + HIGHWAY_BYTES);
	struct highway   h;
	uint8_t          sum[HIGHWAY_BYTES];
	struct blk_index x;
	uint64_t         first, last, n = 0;

	if (size > 0)
		memcpy(p, data, size);
	blk_meta_key(SLICE("S"), &h);
	highway_add(&h, slice_of(p, size));
	highway_end(&h, sum);
	memcpy(p + size, sum, sizeof sum);
	if (blk_index_open(&x, slice_of(p, size + sizeof sum), SLICE("S")))
		while (blk_index_next(&x, &first, &last) == 1)
			if (first > last || ++n > 8 * size + 8)
				abort();
	free(p);
	return 0;
}
