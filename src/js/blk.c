/* js/blk.c - records and sums. */
#include "js/blk.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

#define HAS_HEADERS (UINT32_C(1) << 31)
#define ERASED      (UINT64_C(1) << 63)
#define TOMBSTONE   (UINT64_C(1) << 62)

enum { HEAD = 22, AT_SEQ = 4, AT_TIME = 12, AT_SUBJECT_LEN = 20 };

static uint64_t get(const char *p, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)(uint8_t)p[i] << (8 * i);
	return v;
}

static void put(char *p, unsigned n, uint64_t v)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (char)(v >> (8 * i));
}

void blk_meta_key(struct slice owner, struct highway *ret)
{
	uint8_t key[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(key, (const uint8_t *)owner.p, owner.n);
	highway_init(ret, key);
}

void blk_key(struct slice stream, uint32_t nr, struct highway *ret)
{
	struct buf text = { 0 };

	buf_printf(&text, "%.*s-%u", SLICE_ARG(stream), nr);
	blk_meta_key(buf_slice(&text), ret);
	buf_fini(&text);
}

static void sum_up(const struct highway *key, const char *head,
    const struct blk_record *r, uint8_t ret[HIGHWAY_BYTES])
{
	struct highway h = *key;

	highway_add(&h, slice_of(head + AT_SEQ, AT_SUBJECT_LEN - AT_SEQ));
	highway_add(&h, r->subject);
	highway_add(&h, r->hdr);
	highway_add(&h, r->body);
	highway_end(&h, ret);
}

/* ---- reading ------------------------------------------------------------------ */

/* What lies between the head and the sum. */
static bool split(const char *head, struct slice data, struct blk_record *r)
{
	uint64_t seq = get(head + AT_SEQ, 8);
	size_t   n_subject = get(head + AT_SUBJECT_LEN, 2), n_hdr;

	*r = (struct blk_record){ .seq = seq & ~(ERASED | TOMBSTONE),
		.kind = seq & TOMBSTONE ? BLK_TOMBSTONE
		    : seq & ERASED || seq == 0 ? BLK_ERASED : BLK_MSG,
		.ts_ns = (int64_t)get(head + AT_TIME, 8) };
	if (n_subject > data.n || (r->kind == BLK_MSG && n_subject == 0))
		return false;
	r->subject = slice_of(data.p, n_subject);
	r->body = slice_skip(data, n_subject);
	if ((get(head, 4) & HAS_HEADERS) == 0)
		return true;
	if (r->body.n < 4)
		return false;
	n_hdr = get(r->body.p, 4);
	r->body = slice_skip(r->body, 4);
	if (n_hdr > r->body.n)
		return false;
	r->hdr = slice_of(r->body.p, n_hdr);
	r->body = slice_skip(r->body, n_hdr);
	return true;
}

int blk_next(struct slice *in, const struct highway *key,
    struct blk_record *r)
{
	uint8_t     sum[HIGHWAY_BYTES];
	const char *head = in->p;
	size_t      n;

	if (in->n < HEAD)
		return 0;
	n = get(head, 4) & ~HAS_HEADERS;
	if (n < HEAD + HIGHWAY_BYTES || n > BLK_RECORD_MAX)
		return ERR_CORRUPT;
	if (n > in->n)
		return 0;
	if (!split(head, slice_of(head + HEAD, n - HEAD - HIGHWAY_BYTES), r))
		return ERR_CORRUPT;
	sum_up(key, head, r, sum);
	if (memcmp(sum, head + n - sizeof sum, sizeof sum) != 0)
		return ERR_CORRUPT;
	*in = slice_skip(*in, n);
	return 1;
}

/* ---- writing ------------------------------------------------------------------ */

uint64_t blk_bytes(const struct blk_record *r)
{
	return (uint64_t)HEAD + r->subject.n + (r->hdr.n > 0 ? 4 : 0) +
	    r->hdr.n + r->body.n + HIGHWAY_BYTES;
}

void blk_put(struct buf *out, const struct highway *key,
    const struct blk_record *r)
{
	static const uint64_t bits[] = { [BLK_ERASED] = ERASED,
		[BLK_TOMBSTONE] = TOMBSTONE };
	uint64_t n = blk_bytes(r);
	uint8_t  sum[HIGHWAY_BYTES];
	char     head[HEAD], n_hdr[4];

	put(head, 4, n | (r->hdr.n > 0 ? HAS_HEADERS : 0));
	put(head + AT_SEQ, 8, r->seq | bits[r->kind]);
	put(head + AT_TIME, 8, (uint64_t)r->ts_ns);
	put(head + AT_SUBJECT_LEN, 2, r->subject.n);
	put(n_hdr, 4, r->hdr.n);
	sum_up(key, head, r, sum);
	buf_put(out, head, sizeof head);
	buf_put_slice(out, r->subject);
	if (r->hdr.n > 0)
		buf_put(out, n_hdr, sizeof n_hdr);
	buf_put_slice(out, r->hdr);
	buf_put_slice(out, r->body);
	buf_put(out, sum, sizeof sum);
}

void blk_put_meta_sum(struct buf *out, struct slice owner, struct slice meta)
{
	struct highway h;
	uint8_t        sum[HIGHWAY_BYTES];

	blk_meta_key(owner, &h);
	highway_add(&h, meta);
	highway_end(&h, sum);
	text_put_hex(out, sum, sizeof sum);
}
