/* js/s2_block.c - tags: a literal, or a copy of what was unfolded already.
 *
 *   00  literal   length - 1 in six bits, or in the 1 to 4 bytes behind
 *   01  copy      length 4 to 11, distance in 11 bits; distance 0 repeats the
 *                 last one, with a length of up to three bytes behind
 *   10  copy      length 1 to 64, distance in 2 bytes
 *   11  copy      length 1 to 64, distance in 4 bytes
 */
#include "js/s2_block.h"

#include <string.h>

#include "base/assert.h"
#include "store/format.h"

enum { LITERAL, COPY_1, COPY_2, COPY_4 };

/* ---- reading ------------------------------------------------------------------ */

struct unfolding {
	struct slice in;
	char        *out;
	size_t       at, n;	/* of out */
	size_t       distance;	/* of the last copy; 0: none */
};

bool s2_take_length(struct slice *block, size_t *n)
{
	uint64_t v;

	if (!take_varint(block, &v) || v > S2_BLOCK_MAX)
		return false;
	*n = (size_t)v;
	return true;
}

/* Little-endian, n bytes. */
static bool take_number(struct slice *in, size_t n, size_t *ret)
{
	uint64_t v = 0;

	if (in->n < n)
		return false;
	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)(uint8_t)in->p[i] << (8 * i);
	*in = slice_skip(*in, n);
	*ret = (size_t)v;
	return v <= S2_BLOCK_MAX;
}

static bool put_literal(struct unfolding *u, size_t code)
{
	size_t n = code;

	if (code >= 60 && !take_number(&u->in, code - 59, &n))
		return false;
	n++;
	if (n > u->in.n || n > u->n - u->at)
		return false;
	memcpy(u->out + u->at, u->in.p, n);
	u->at += n;
	u->in = slice_skip(u->in, n);
	return true;
}

/* It may reach into itself: byte after byte then. */
static bool put_copy(struct unfolding *u, size_t n)
{
	char *to = u->out + u->at;

	if (u->distance == 0 || u->distance > u->at || n > u->n - u->at)
		return false;
	if (u->distance >= n)
		memcpy(to, to - u->distance, n);
	else
		for (size_t i = 0; i < n; i++)
			to[i] = to[(ptrdiff_t)i - (ptrdiff_t)u->distance];
	u->at += n;
	return true;
}

static bool put_repeat(struct unfolding *u, size_t code)
{
	static const size_t more[] = { 4, 1 << 8, 1 << 16 };
	size_t              n = code;

	if (code >= 5) {
		if (!take_number(&u->in, code - 4, &n))
			return false;
		n += more[code - 5];
	}
	return put_copy(u, n + 4);
}

static bool put_short_copy(struct unfolding *u, uint8_t tag)
{
	size_t low, code = tag >> 2 & 7;

	if (!take_number(&u->in, 1, &low))
		return false;
	if ((tag & 0xe0) == 0 && low == 0)
		return put_repeat(u, code);
	u->distance = (size_t)(tag & 0xe0) << 3 | low;
	return put_copy(u, code + 4);
}

static bool put_one(struct unfolding *u)
{
	uint8_t tag = (uint8_t)u->in.p[0];

	u->in = slice_skip(u->in, 1);
	switch (tag & 3) {
	case LITERAL:
		return put_literal(u, tag >> 2);
	case COPY_1:
		return put_short_copy(u, tag);
	default:
		return take_number(&u->in, (tag & 3) == COPY_2 ? 2 : 4,
		    &u->distance) && put_copy(u, (size_t)(tag >> 2) + 1);
	}
}

bool s2_unfold(struct slice block, char *out, size_t n)
{
	struct unfolding u = { .in = block, .out = out, .n = n };

	while (u.in.n > 0)
		if (!put_one(&u))
			return false;
	return u.at == n;
}

/* ---- writing ------------------------------------------------------------------ */

enum { TABLE_BITS = 13, SHORTEST = 4, MARGIN = 8 };

static uint32_t load32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static void write_literal(struct buf *out, const char *p, size_t n)
{
	size_t code = n - 1;

	if (n == 0)
		return;
	if (code < 60) {
		buf_put_char(out, (char)(code << 2 | LITERAL));
	} else if (code < 256) {
		buf_put_char(out, (char)(60 << 2 | LITERAL));
		buf_put_char(out, (char)code);
	} else {
		buf_put_char(out, (char)(61 << 2 | LITERAL));
		buf_put_char(out, (char)code);
		buf_put_char(out, (char)(code >> 8));
	}
	buf_put(out, p, n);
}

static void write_copy(struct buf *out, size_t distance, size_t n)
{
	while (n > 0) {
		/* no rest below four: the next reader may be of another make */
		size_t some = n > 64 ? (n < 68 ? 60 : 64) : n;

		buf_put_char(out, (char)((some - 1) << 2 | COPY_2));
		buf_put_char(out, (char)distance);
		buf_put_char(out, (char)(distance >> 8));
		n -= some;
	}
}

static size_t same_bytes(const char *a, const char *b, const char *end)
{
	const char *from = b;

	while (b < end && *a == *b) {
		a++;
		b++;
	}
	return (size_t)(b - from);
}

void s2_fold(struct slice bytes, struct buf *out)
{
	uint16_t    table[1 << TABLE_BITS] = { 0 };
	const char *p = bytes.p, *end = p + bytes.n, *kept = p;
	size_t      misses = 0;

	assert(bytes.n <= S2_WRITE_MAX);
	put_varint(out, bytes.n);
	while (bytes.n > MARGIN && p < end - MARGIN) {
		uint32_t    v = load32(p);
		uint16_t   *slot = &table[v * 0x1e35a7bdu >> (32 - TABLE_BITS)];
		const char *before = bytes.p + *slot;
		size_t      n;

		*slot = (uint16_t)(p - bytes.p);
		if (before >= p || load32(before) != v) {
			p += 1 + (misses++ >> 5);
			continue;
		}
		n = SHORTEST + same_bytes(before + SHORTEST, p + SHORTEST, end);
		write_literal(out, kept, (size_t)(p - kept));
		write_copy(out, (size_t)(p - before), n);
		p += n;
		kept = p;
		misses = 0;
	}
	write_literal(out, kept, (size_t)(end - kept));
}
