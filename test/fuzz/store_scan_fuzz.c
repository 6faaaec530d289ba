/* store_scan_fuzz.c - a block of arbitrary records.
 *
 * Input: what follows the header of a block.  Wherever a record seems to begin
 * its checksums are made right, so that the checks behind them are reached.
 * Holds: entries ascend and lie in the block; what the scan counts is in
 * bounds; runs and subjects can be read; a second scan says the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/crc.h"
#include "store/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 1 << 16 };

static const struct store_id id = { "fuzz" };

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* The same crc as record_put's: of offset and header, from the seed. */
static void mend(char *p, size_t n, size_t at)
{
	char     where[8];
	uint64_t seq = get64(p + at + 16), data;

	data = (uint64_t)get16(p + at + 6) + get32(p + at + 8) +
	    get32(p + at + 12);
	if ((get32(p + at + 40) & 15) != 0)
		data = get32(p + at + 40) >> 4;
	if ((p[at + 5] & 64) == 0 && data <= n - at - RECORD_HEADER_BYTES)
		put32(p + at + 36, record_data_crc(seq, p + at +
		    RECORD_HEADER_BYTES, (size_t)data));
	put64(where, at);
	put32(p + at + 44, crc32c(crc32c(block_seed(&id, 1), where, 8), p + at,
	    44));
}

static void check_table(const struct scan *s, size_t n)
{
	const struct block_table *t = s->table;
	struct slice              at = buf_slice(&t->dead), runs;
	uint8_t                   flags;

	for (uint32_t i = 0; i < t->n; i++) {
		must(i == 0 || t->entries[i].seq_delta >
		    t->entries[i - 1].seq_delta);
		must(t->entries[i].at8 * 8 + RECORD_HEADER_BYTES <= n);
		must(block_table_subject(t, t->entries[i].subject).n <= n);
	}
	while (block_table_next_dead(&at, &flags, &runs)) {
		uint64_t   prev = 0;
		struct seq_run r;

		while (run_take(&runs, &prev, &r))
			must(r.first <= r.last);
	}
	must(at.n == 0);
	must(s->end <= n && s->dirty_end <= n);
	must(s->last_seq + 1 >= s->first_seq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char         p[BYTES_MAX];
	struct block_header h = { .id = id, .nr = 1, .first_seq = 1 };
	struct scan         s, again;
	size_t              n = size + BLOCK_HEADER_BYTES;

	if (size == 0 || n > BYTES_MAX)
		return 0;
	h.flags = data[0] & BLOCK_COMPACTED;
	block_header_put(p, &h);
	memcpy(p + BLOCK_HEADER_BYTES, data, size);
	for (size_t at = BLOCK_HEADER_BYTES; at + RECORD_HEADER_BYTES <= n;
	    at += FORMAT_ALIGN)
		if (memcmp(p + at, "mREC", 4) == 0)
			mend(p, n, at);
	if (block_scan(slice_of(p, n), &id, 1, 1, (struct cost){ 30, 4 },
	    NULL, &s) != 0)
		return 0;
	check_table(&s, n);
	must(block_scan(slice_of(p, n), &id, 1, 1, (struct cost){ 30, 4 },
	    NULL, &again) == 0);
	must(again.table->n == s.table->n && again.last_seq == s.last_seq);
	block_table_destroy(again.table);
	block_table_destroy(s.table);
	return 0;
}
