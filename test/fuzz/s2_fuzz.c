/* s2_fuzz.c - an S2 block, and a stream of chunks.
 *
 * Holds: nothing is read or written out of bounds; what any bytes are folded to
 * unfolds to them, as a block and as a stream. */
#include <stdint.h>
#include <stdlib.h>

#include "js/s2_block.h"
#include "js/s2_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void unfold_foreign(struct slice in)
{
	size_t n;
	char  *out;

	if (!s2_take_length(&in, &n) || n > 1 << 20)
		return;
	out = malloc(n + 1);
	if (out != NULL)
		(void)s2_unfold(in, out, n);
	free(out);
}

static void read_foreign(struct slice in)
{
	struct s2_reader r = { 0 };
	struct buf       plain = { 0 };

	while (s2_take(&r, &in, &plain) == 1)
		;
	buf_fini(&plain);
}

static void round_trip(struct slice bytes)
{
	struct s2_reader r = { 0 };
	struct buf       raw = { 0 }, plain = { 0 };
	struct slice     in;

	s2_put_begin(&raw);
	s2_put(&raw, bytes);
	in = buf_slice(&raw);
	while (s2_take(&r, &in, &plain) == 1)
		;
	if (!s2_is_whole(&r, in) || !slice_eq(buf_slice(&plain), bytes))
		abort();
	buf_fini(&raw);
	buf_fini(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of((const char *)data, size);

	unfold_foreign(in);
	read_foreign(in);
	round_trip(in);
	return 0;
}
