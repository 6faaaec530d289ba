/* store_footer_fuzz.c - the footer of a sealed block.
 *
 * Input: a footer with its sections.  Checksums are made right first.  Holds:
 * a table that is believed can be asked anything, and comes out the same when
 * it is written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/block_table.h"
#include "store/crc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 1 << 16, SEED = 7 };

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void ask(const struct block_table *t)
{
	uint32_t from, to;

	block_table_range(t, SLICE("a.*"), &from, &to);
	must(from <= to && to <= t->n_subjects);
	for (uint32_t i = 0; i < t->n; i++) {
		must(block_table_from(t, t->entries[i].seq_delta) == i);
		block_table_subject(t, t->entries[i].subject);
	}
}

static void write_again(const struct block_table *t, const struct footer *f)
{
	struct buf          out = { 0 };
	struct footer       g = *f;
	struct block_table *u;
	int                 err;

	must(block_table_encode(t, SEED, &g, 640, NULL, &out) == 0);
	u = block_table_decode(slice_skip(buf_slice(&out),
	    FOOTER_HEADER_BYTES), &g, SEED, NULL, &err);
	must(u != NULL && u->n == t->n);
	for (uint32_t i = 0; i < t->n; i++)
		must(slice_eq(block_table_subject(t, t->entries[i].subject),
		    block_table_subject(u, u->entries[i].subject)));
	block_table_destroy(u);
	buf_fini(&out);
}

/* Sections of their sizes get the crc that they should have. */
static bool mend(struct footer *f, struct slice sections)
{
	uint64_t entries = footer_entries_at(f) - FOOTER_HEADER_BYTES;
	uint64_t subjects = footer_subjects_at(f) - FOOTER_HEADER_BYTES;

	if (subjects + f->subjects_bytes > sections.n)
		return false;
	f->dead_crc = crc32c(SEED, sections.p, f->dead_bytes);
	f->entries_crc = crc32c(SEED, sections.p + entries,
	    subjects - entries);
	f->subjects_crc = crc32c(SEED, sections.p + subjects,
	    f->subjects_bytes);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char         p[BYTES_MAX];
	struct footer       f;
	struct slice        sections;
	struct block_table *t;
	int                 err;

	if (size < FOOTER_HEADER_BYTES || size > BYTES_MAX)
		return 0;
	memcpy(p, data, size);
	put32(p + 108, crc32c(SEED, p, 108));
	if (footer_get(p, SEED, &f) != 0)
		return 0;
	sections = slice_skip(slice_of(p, size), FOOTER_HEADER_BYTES);
	if (!mend(&f, sections))
		f.n_records &= 1023;
	t = block_table_decode(sections, &f, SEED, NULL, &err);
	if (t == NULL) {
		must(err == ERR_CORRUPT || err == ERR_DENIED);
		return 0;
	}
	ask(t);
	write_again(t, &f);
	block_table_destroy(t);
	return 0;
}
