/* archive_msgs_fuzz.c - an archive of messages of anybody's.
 *
 * Holds: nothing is read out of bounds, and what was understood is written as
 * bytes that read as the same. */
#include <stdint.h>
#include <stdlib.h>

#include "js/archive_msgs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice      in = slice_of((const char *)data, size);
	struct msgs_entry e, again;

	while (msgs_next(&in, &e) == 1) {
		struct buf   out = { 0 };
		struct slice rest;

		msgs_put(&out, &e);
		rest = buf_slice(&out);
		if (msgs_next(&rest, &again) != 1 || rest.n != 0 ||
		    again.seq != e.seq || again.ts_ns != e.ts_ns ||
		    !slice_eq(again.name, e.name) ||
		    !slice_eq(again.hdr, e.hdr) || !slice_eq(again.body, e.body))
			abort();
		buf_fini(&out);
	}
	return 0;
}
