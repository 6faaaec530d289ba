/* cursors_fuzz.c - a state record of a consumer.
 *
 * Holds: nothing is read or written out of bounds, and what was understood can
 * be written and reads as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bare_consumer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bare_consumer b, again;
	struct buf           out = { 0 };

	bare_init(&b);
	bare_init(&again);
	if (cursor_apply(&b.c, slice_of((const char *)data, size))) {
		cursor_encode(&b.c, &out);
		must(cursor_apply(&again.c, buf_slice(&out)));
		must(again.c.pending.n == b.c.pending.n &&
		    again.c.dead.n == b.c.dead.n &&
		    again.c.next_seq == b.c.next_seq);
	}
	buf_fini(&out);
	bare_fini(&b);
	bare_fini(&again);
	return 0;
}
