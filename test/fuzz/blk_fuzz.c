/* blk_fuzz.c - a block of nats-server's.
 *
 * The sum of the first record is made right, or none would ever pass.  Holds:
 * nothing is read out of bounds; a record that was understood is written as
 * bytes that read as the same. */
#include <stdint.h>
#include <stdlib.h>

#include "js/blk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void round_trip(const struct highway *key, const struct blk_record *r)
{
	struct blk_record again;
	struct buf        out = { 0 };
	struct slice      in;

	blk_put(&out, key, r);
	in = buf_slice(&out);
	must(out.n == blk_bytes(r) && blk_next(&in, key, &again) == 1);
	must(again.seq == r->seq && again.kind == r->kind &&
	    slice_eq(again.subject, r->subject) && slice_eq(again.hdr, r->hdr) &&
	    slice_eq(again.body, r->body));
	buf_fini(&out);
}

/* Makes the sum of the first record what it should be. */
static void mend(char *p, size_t size)
{
	struct highway h;
	uint8_t        key[HIGHWAY_KEY_BYTES] = { 0 }, sum[HIGHWAY_BYTES];
	size_t         n = 0, n_subject, body;

	for (unsigned i = 0; i < 3 && size >= 30; i++)
		n |= (size_t)(uint8_t)p[i] << (8 * i);
	if (size < 30 || n < 30 || n > size)
		return;
	n_subject = (uint8_t)p[20] | (size_t)(uint8_t)p[21] << 8;
	body = 22 + n_subject + (p[3] & 0x80 ? 4 : 0);
	if (body > n - 8)
		return;
	highway_init(&h, key);
	highway_add(&h, slice_of(p + 4, 16));
	highway_add(&h, slice_of(p + 22, n_subject));
	highway_add(&h, slice_of(p + body, n - 8 - body));
	highway_end(&h, sum);
	memcpy(p + n - 8, sum, sizeof sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char             *p = malloc(size + 1);
	uint8_t           zeros[HIGHWAY_KEY_BYTES] = { 0 };
	struct slice      in = slice_of(p, size);
	struct highway    key;
	struct blk_record r;

	if (size > 0)
		memcpy(p, data, size);
	highway_init(&key, zeros);
	mend(p, size);
	while (blk_next(&in, &key, &r) == 1)
		round_trip(&key, &r);
	free(p);
	return 0;
}
