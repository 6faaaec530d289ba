/* store/pack.c - LZ4, then the seal; and back. */
#include "store/pack.h"

#include <lz4.h>

#include "base/assert.h"
#include "base/err.h"
#include "store/seal.h"

enum {
	COMPRESS_FROM = 128,	/* smaller ones rarely get smaller */
	CONTEXT_BYTES = 32,
};

/* ---- the header's part of the seal ---------------------------------------- */

/* All that is not a matter of where and when it was written. */
static void put_context(char out[CONTEXT_BYTES], const struct record *r)
{
	out[0] = (char)r->type;
	out[1] = (char)(r->flags & ~RECORD_COPY);
	put16(out + 2, r->subject_len);
	put32(out + 4, r->hdr_len);
	put32(out + 8, r->body_len);
	put64(out + 12, r->seq);
	put64(out + 20, (uint64_t)r->ts_ns);
	put32(out + 28, r->codec);
}

/* ---- packing -------------------------------------------------------------- */

static void put_plain(const struct slice data[3], struct buf *out)
{
	for (int i = 0; i < 3; i++)
		buf_put_slice(out, data[i]);
}

/* In out are the plain bytes from at on; in their place those that LZ4 makes
 * of them, if these are fewer. */
static bool compress(struct buf *out, size_t at)
{
	size_t n = out->n - at;
	char  *p = buf_reserve(out, n);
	int    got;

	if (p == NULL)
		return false;
	got = LZ4_compress_default(out->p + at, p, (int)n, (int)n - 1);
	if (got <= 0)
		return false;
	memmove(out->p + at, p, (size_t)got);
	out->n = at + (size_t)got;
	return true;
}

int record_pack(struct seal *seal, uint32_t codec, struct record *r,
    const struct slice data[3], struct buf *out)
{
	char     context[CONTEXT_BYTES];
	uint32_t cipher = codec & CODEC_CIPHER;
	size_t   begin = out->n, n = record_data_bytes(r);
	bool     is_large = (codec & CODEC_LZ4) != 0 && n >= COMPRESS_FROM;

	r->codec = r->stored = 0;
	if (cipher == 0 && !is_large)
		return 0;
	if (cipher != 0)
		seal_begin(out);
	put_plain(data, out);
	if (buf_failed(out))
		return ERR_NOMEM;
	if (is_large && compress(out, out->n - n))
		r->codec |= CODEC_LZ4;
	if (buf_failed(out))
		return ERR_NOMEM;
	r->codec |= cipher;
	put_context(context, r);
	if (cipher != 0 && seal_shut(seal, r->type,
	    slice_of(context, sizeof context), out, begin) != 0)
		return ERR_NOMEM;
	if (r->codec == 0)
		out->n = begin;		/* no smaller */
	else
		r->stored = (uint32_t)(out->n - begin);
	return 0;
}

/* ---- unpacking ------------------------------------------------------------ */

/* To just as many bytes as the header says; record_get has held that against
 * what is stored. */
static int decompress(const struct record *r, struct slice in, struct buf *out)
{
	size_t n = record_data_bytes(r);
	char  *p = buf_reserve(out, n + 1);

	if (p == NULL)
		return ERR_NOMEM;
	if (LZ4_decompress_safe(in.p, p, (int)in.n, (int)n) != (int)n)
		return ERR_CORRUPT;
	buf_added(out, n);
	return 0;
}

static int unseal(struct seal *seal, const struct record *r,
    const char *stored, struct buf *out)
{
	char context[CONTEXT_BYTES];

	if (seal == NULL)
		return ERR_DENIED;
	put_context(context, r);
	return seal_open(seal, (enum codec)(r->codec & CODEC_CIPHER), r->type,
	    slice_of(context, sizeof context), slice_of(stored, r->stored),
	    out);
}

static int unseal_and_decompress(struct seal *seal, const struct record *r,
    const char *stored, struct buf *out)
{
	struct buf smaller = { 0 };
	int        err = unseal(seal, r, stored, &smaller);

	if (err == 0)
		err = decompress(r, buf_slice(&smaller), out);
	buf_fini(&smaller);
	return err;
}

int record_unpack(struct seal *seal, const struct record *r, const char *stored,
    struct buf *out)
{
	switch (r->codec & (CODEC_LZ4 | CODEC_CIPHER)) {
	case 0:
		buf_put(out, stored, record_data_bytes(r));
		return buf_failed(out) ? ERR_NOMEM : 0;
	case CODEC_LZ4:
		return decompress(r, slice_of(stored, r->stored), out);
	case CODEC_CHACHA:
	case CODEC_AES:
		return unseal(seal, r, stored, out);
	}
	return unseal_and_decompress(seal, r, stored, out);
}
