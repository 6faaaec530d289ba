/* js/archive_msgs.c - one entry off the front, one behind the end. */
#include "js/archive_msgs.h"

#include "base/err.h"
#include "store/format.h"

enum { NAME_MAX_BYTES = 1 << 20, VARINT_MAX = 10, N_NUMBERS = 5 };

/* 1: the number.  0: it goes on behind what is there. */
static int take(struct slice *in, uint64_t *v)
{
	struct slice at = *in;

	if (take_varint(in, v))
		return 1;
	*in = at;
	return at.n < VARINT_MAX ? 0 : ERR_CORRUPT;
}

int msgs_next(struct slice *in, struct msgs_entry *e)
{
	enum { NAME, TIME, SEQ, HDR, BODY };
	struct slice rest = *in;
	uint64_t     v[N_NUMBERS];

	for (unsigned i = 0; i < N_NUMBERS; i++) {
		int rc = take(&rest, &v[i]);

		if (rc <= 0)
			return rc;
	}
	if (v[NAME] > NAME_MAX_BYTES || v[HDR] > MSGS_ENTRY_MAX ||
	    v[BODY] > MSGS_ENTRY_MAX)
		return ERR_CORRUPT;
	if (v[NAME] + v[HDR] + v[BODY] > rest.n)
		return 0;
	e->name = slice_of(rest.p, (size_t)v[NAME]);
	e->ts_ns = (int64_t)(v[TIME] >> 1 ^ (0 - (v[TIME] & 1)));
	e->seq = v[SEQ];
	e->hdr = slice_of(e->name.p + e->name.n, (size_t)v[HDR]);
	e->body = slice_of(e->hdr.p + e->hdr.n, (size_t)v[BODY]);
	*in = slice_skip(rest, e->name.n + e->hdr.n + e->body.n);
	return 1;
}

bool msgs_is_end(const struct msgs_entry *e)
{
	return e->name.n == 0 && e->ts_ns == 0 && e->seq == 0 &&
	    e->hdr.n == 0 && e->body.n == 0;
}

void msgs_put(struct buf *out, const struct msgs_entry *e)
{
	uint64_t time = (uint64_t)e->ts_ns;

	put_varint(out, e->name.n);
	put_varint(out, time << 1 ^ (0 - (time >> 63)));
	put_varint(out, e->seq);
	put_varint(out, e->hdr.n);
	put_varint(out, e->body.n);
	buf_put_slice(out, e->name);
	buf_put_slice(out, e->hdr);
	buf_put_slice(out, e->body);
}
