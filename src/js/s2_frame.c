/* js/s2_frame.c - chunks in and out. */
#include "js/s2_frame.h"

#include "base/err.h"
#include "js/s2_block.h"
#include "store/crc.h"

enum {
	FOLDED = 0x00, PLAIN = 0x01, SKIPPED = 0x80, BEGIN = 0xff,
	HEAD = 4, SUM = 4,
	/* a block that did not get smaller has a few bytes more */
	CHUNK_MAX = S2_BLOCK_MAX + S2_BLOCK_MAX / 6 + 64,
};

static uint32_t masked(const char *p, size_t n)
{
	uint32_t c = crc32c(0, p, n);

	return (c >> 15 | c << 17) + 0xa282ead8u;
}

static uint32_t get32(const char *p)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++)
		v |= (uint32_t)(uint8_t)p[i] << (8 * i);
	return v;
}

/* ---- reading ------------------------------------------------------------------ */

static int take_begin(struct s2_reader *r, struct slice body)
{
	if (!slice_eq(body, SLICE("sNaPpY")) && !slice_eq(body,
	    SLICE("S2sTwO")))
		return ERR_CORRUPT;
	r->has_begun = true;
	return 1;
}

static int take_plain(struct slice body, uint32_t sum, struct buf *plain)
{
	if (body.n > S2_BLOCK_MAX || masked(body.p, body.n) != sum)
		return ERR_CORRUPT;
	buf_put_slice(plain, body);
	return buf_failed(plain) ? ERR_NOMEM : 1;
}

static int take_folded(struct slice body, uint32_t sum, struct buf *plain)
{
	size_t n;
	char  *to;

	if (!s2_take_length(&body, &n))
		return ERR_CORRUPT;
	to = buf_reserve(plain, n + 1);
	if (to == NULL)
		return ERR_NOMEM;
	if (!s2_unfold(body, to, n) || masked(to, n) != sum)
		return ERR_CORRUPT;
	buf_added(plain, n);
	return 1;
}

static int take_data(struct slice body, uint8_t kind, struct buf *plain)
{
	uint32_t sum;

	if (body.n < SUM)
		return ERR_CORRUPT;
	sum = get32(body.p);
	body = slice_skip(body, SUM);
	return kind == PLAIN ? take_plain(body, sum, plain)
	    : take_folded(body, sum, plain);
}

/* What is passed over need not be there all at once. */
static int skip(struct s2_reader *r, struct slice *in)
{
	size_t n = r->n_skip < in->n ? r->n_skip : in->n;

	*in = slice_skip(*in, n);
	r->n_skip -= (uint32_t)n;
	return r->n_skip == 0;
}

int s2_take(struct s2_reader *r, struct slice *in, struct buf *plain)
{
	struct slice body;
	uint32_t     n;
	uint8_t      kind;

	if (r->n_skip > 0)
		return skip(r, in);
	if (in->n < HEAD)
		return 0;
	kind = (uint8_t)in->p[0];
	n = get32(in->p) >> 8;
	if (!r->has_begun && kind != BEGIN)
		return ERR_CORRUPT;
	if (kind >= SKIPPED && kind != BEGIN) {
		*in = slice_skip(*in, HEAD);
		r->n_skip = n;
		return n == 0 ? 1 : skip(r, in);
	}
	if ((kind > PLAIN && kind != BEGIN) || n > CHUNK_MAX)
		return ERR_CORRUPT;
	if (in->n - HEAD < n)
		return 0;
	body = slice_of(in->p + HEAD, n);
	*in = slice_skip(*in, HEAD + n);
	return kind == BEGIN ? take_begin(r, body) : take_data(body, kind, plain);
}

bool s2_is_whole(const struct s2_reader *r, struct slice in)
{
	return r->has_begun && r->n_skip == 0 && in.n == 0;
}

/* ---- writing ------------------------------------------------------------------ */

static void put_number(struct buf *out, uint32_t v, unsigned n_bytes)
{
	for (unsigned i = 0; i < n_bytes; i++)
		buf_put_char(out, (char)(v >> (8 * i)));
}

static void put_chunk(struct buf *out, struct slice plain)
{
	size_t at = out->n;

	put_number(out, FOLDED, HEAD);
	put_number(out, masked(plain.p, plain.n), SUM);
	s2_fold(plain, out);
	if (buf_failed(out))
		return;
	if (out->n - at > HEAD + SUM + plain.n) {	/* it has grown */
		out->n = at + HEAD + SUM;
		buf_put_slice(out, plain);
		if (buf_failed(out))
			return;
		out->p[at] = PLAIN;
	}
	for (unsigned i = 0; i < 3; i++)
		out->p[at + 1 + i] = (char)((out->n - at - HEAD) >> (8 * i));
}

void s2_put_begin(struct buf *out)
{
	put_number(out, BEGIN | 6u << 8, HEAD);
	buf_put_str(out, "sNaPpY");
}

void s2_put(struct buf *out, struct slice plain)
{
	while (plain.n > 0) {
		size_t n = plain.n < S2_WRITE_MAX ? plain.n : S2_WRITE_MAX;

		put_chunk(out, slice_of(plain.p, n));
		plain = slice_skip(plain, n);
	}
}
