/* archive_tar_fuzz.c - a tar of anybody's.
 *
 * Holds: nothing is read or written out of bounds; what comes is the same
 * wherever the bytes are cut. */
#include <stdint.h>
#include <stdlib.h>

#include "js/archive_tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All events as text. */
static int tell(struct slice in, size_t piece, struct buf *out)
{
	struct tar_reader r = { 0 };
	struct buf        raw = { 0 };
	struct tar_event  ev;
	int               rc = 0;

	while (in.n > 0 && rc == 0) {
		size_t       n = piece < in.n ? piece : in.n;
		struct slice rest;

		buf_put(&raw, in.p, n);
		in = slice_skip(in, n);
		rest = buf_slice(&raw);
		while ((rc = tar_next(&r, &rest, &ev)) == 1) {
			if (ev.what != TAR_DATA)
				buf_put_char(out, (char)('0' + ev.what));
			buf_put_slice(out, ev.what == TAR_DATA ? ev.bytes
			    : ev.name);
		}
		if (rest.n > 0)
			memmove(raw.p, rest.p, rest.n);
		raw.n = rest.n;
	}
	tar_reader_fini(&r);
	buf_fini(&raw);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of((const char *)data, size);
	struct buf   whole = { 0 }, cut = { 0 };
	int          rc = tell(in, SIZE_MAX, &whole);

	if (tell(in, 100, &cut) != rc ||
	    !slice_eq(buf_slice(&whole), buf_slice(&cut)))
		abort();
	buf_fini(&whole);
	buf_fini(&cut);
	return 0;
}
