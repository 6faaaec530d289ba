/* store/block_table.c - a block's table, in memory and in the footer. */
#include "store/block_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"
#include "store/crc.h"
#include "store/seal.h"

struct block_table *block_table_create(void)
{
	return calloc(1, sizeof(struct block_table));
}

void block_table_destroy(struct block_table *t)
{
	if (t == NULL)
		return;
	free(t->entries);
	free(t->subject_at);
	buf_fini(&t->names);
	buf_fini(&t->dead);
	free(t);
}

/* ---- growing -------------------------------------------------------------- */

static int reserve_entries(struct block_table *t)
{
	uint32_t             cap = t->cap * 2 + 64;
	struct footer_entry *e;

	if (t->n < t->cap)
		return 0;
	e = reallocarray(t->entries, cap, sizeof *e);
	if (e == NULL)
		return ERR_NOMEM;
	t->entries = e;
	t->cap = cap;
	return 0;
}

static int reserve_subjects(struct block_table *t)
{
	uint32_t  cap = t->subjects_cap * 2 + 32;
	uint32_t *at;

	if (t->n_subjects + 1 < t->subjects_cap)
		return 0;
	at = reallocarray(t->subject_at, cap, sizeof *at);
	if (at == NULL)
		return ERR_NOMEM;
	if (t->n_subjects == 0)
		at[0] = 0;
	t->subject_at = at;
	t->subjects_cap = cap;
	return 0;
}

int block_table_reserve(struct block_table *t, size_t subject_bytes)
{
	int err = reserve_entries(t);

	if (err == 0)
		err = reserve_subjects(t);
	if (err == 0 && buf_reserve(&t->names, subject_bytes) == NULL) {
		t->names.failed = false;
		err = ERR_NOMEM;
	}
	return err;
}

void block_table_add(struct block_table *t, const struct footer_entry *e)
{
	assert(t->n < t->cap);
	t->entries[t->n++] = *e;
}

uint32_t block_table_add_subject(struct block_table *t, struct slice subject)
{
	assert(t->n_subjects + 1 < t->subjects_cap);
	buf_put_slice(&t->names, subject);
	t->subject_at[t->n_subjects + 1] = (uint32_t)t->names.n;
	t->is_sorted = false;
	return t->n_subjects++;
}

int block_table_add_dead(struct block_table *t, uint8_t flags, struct slice runs)
{
	size_t before = t->dead.n;

	buf_put_char(&t->dead, (char)flags);
	put_varint(&t->dead, runs.n);
	buf_put_slice(&t->dead, runs);
	if (!buf_failed(&t->dead))
		return 0;
	t->dead.failed = false;
	t->dead.n = before;
	return ERR_NOMEM;
}

bool block_table_next_dead(struct slice *at, uint8_t *flags,
    struct slice *runs)
{
	uint64_t n;

	if (at->n == 0)
		return false;
	*flags = (uint8_t)at->p[0];
	*at = slice_skip(*at, 1);
	if (!take_varint(at, &n) || n > at->n)
		return false;
	*runs = slice_of(at->p, (size_t)n);
	*at = slice_skip(*at, (size_t)n);
	return true;
}

/* ---- looking -------------------------------------------------------------- */

struct slice block_table_subject(const struct block_table *t, uint32_t nr)
{
	assert(nr < t->n_subjects);
	return slice_of(t->names.p + t->subject_at[nr],
	    t->subject_at[nr + 1] - t->subject_at[nr]);
}

uint32_t block_table_from(const struct block_table *t, uint64_t seq_delta)
{
	uint32_t lo = 0, hi = t->n;

	/* no gaps is the usual case */
	if (seq_delta < t->n && t->entries[seq_delta].seq_delta == seq_delta)
		return (uint32_t)seq_delta;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (t->entries[mid].seq_delta < seq_delta)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The bytes that all matching subjects begin with. */
static struct slice literal_front(struct slice pattern)
{
	for (size_t i = 0; i < pattern.n; i++) {
		bool begins = i == 0 || pattern.p[i - 1] == '.';
		bool ends = i + 1 == pattern.n || pattern.p[i + 1] == '.';

		if (begins && ends && (pattern.p[i] == '*' ||
		    (pattern.p[i] == '>' && i + 1 == pattern.n)))
			return slice_of(pattern.p, i);
	}
	return pattern;
}

/* The first subject that is not below front; or, if behind, the first that is
 * above it and does not begin with it. */
static uint32_t bound(const struct block_table *t, struct slice front, bool behind)
{
	uint32_t lo = 0, hi = t->n_subjects;

	while (lo < hi) {
		uint32_t     mid = lo + (hi - lo) / 2;
		struct slice s = block_table_subject(t, mid);
		bool         below = slice_cmp(s, front) < 0 ||
		    (behind && slice_has_prefix(s, front));

		if (below)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void block_table_range(const struct block_table *t, struct slice pattern,
    uint32_t *from, uint32_t *to)
{
	struct slice front = literal_front(pattern);

	assert(t->is_sorted);
	*from = bound(t, front, false);
	*to = bound(t, front, true);
}

/* ---- encoding ------------------------------------------------------------- */

static int by_name(const void *a, const void *b, void *ctx)
{
	return slice_cmp(block_table_subject(ctx, *(const uint32_t *)a),
	    block_table_subject(ctx, *(const uint32_t *)b));
}

/* Sorted numbers of the subjects in order[], and in new_nr[] for each number
 * the place of its name among the distinct ones; how many these are. */
static uint32_t sort_subjects(const struct block_table *t, uint32_t *order,
    uint32_t *new_nr)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->n_subjects; i++)
		order[i] = i;
	if (!t->is_sorted)
		qsort_r(order, t->n_subjects, sizeof *order, by_name,
		    (void *)(uintptr_t)t);
	for (uint32_t i = 0; i < t->n_subjects; i++) {
		uint32_t nr = order[i];

		if (n == 0 || !slice_eq(block_table_subject(t, order[n - 1]),
		    block_table_subject(t, nr)))
			order[n++] = nr;
		new_nr[nr] = n - 1;
	}
	return n;
}

static void pad(struct buf *out, size_t from)
{
	while ((out->n - from) % FORMAT_ALIGN != 0)
		buf_put_char(out, 0);
}

static void encode_entries(const struct block_table *t, const uint32_t *new_nr,
    struct buf *out)
{
	for (uint32_t i = 0; i < t->n; i++) {
		struct footer_entry e = t->entries[i];
		char                bytes[FOOTER_ENTRY_BYTES];

		e.subject = new_nr[e.subject];
		footer_entry_put(bytes, &e);
		buf_put(out, bytes, sizeof bytes);
	}
}

static void put_offset(struct buf *out, size_t v)
{
	char bytes[4];

	put32(bytes, (uint32_t)v);
	buf_put(out, bytes, sizeof bytes);
}

static void encode_subjects(const struct block_table *t, const uint32_t *order,
    uint32_t n, struct buf *out)
{
	size_t at = 0;

	for (uint32_t i = 0; i < n; i++) {
		put_offset(out, at);
		at += block_table_subject(t, order[i]).n;
	}
	put_offset(out, at);
	for (uint32_t i = 0; i < n; i++)
		buf_put_slice(out, block_table_subject(t, order[i]));
}

/* What ties the encrypted subjects to their block. */
struct subjects_context {
	char b[16];
};

static struct subjects_context context_of(const struct footer *f)
{
	struct subjects_context c;

	put32(c.b, f->block_nr);
	put32(c.b + 4, f->n_subjects);
	put64(c.b + 8, f->first_seq);
	return c;
}

static void seal_subjects(const struct block_table *t, const struct footer *f,
    const uint32_t *order, struct seal *seal, struct buf *out)
{
	struct subjects_context c = context_of(f);
	size_t                  at = seal_begin(out);

	encode_subjects(t, order, f->n_subjects, out);
	if (seal_shut(seal, SEAL_SUBJECTS, slice_of(c.b, sizeof c.b), out,
	    at) != 0)
		out->failed = true;
}

static void encode(const struct block_table *t, uint32_t seed, struct footer *f,
    uint64_t at, const uint32_t *order, const uint32_t *new_nr,
    struct seal *seal, struct buf *out)
{
	char   header[FOOTER_HEADER_BYTES] = { 0 }, end[FOOTER_END_BYTES];
	size_t begin = out->n, entries, subjects;

	buf_put(out, header, sizeof header);
	buf_put_slice(out, buf_slice(&t->dead));
	pad(out, begin);
	entries = out->n;
	encode_entries(t, new_nr, out);
	subjects = out->n;
	if (f->codec & CODEC_CIPHER)
		seal_subjects(t, f, order, seal, out);
	else
		encode_subjects(t, order, f->n_subjects, out);
	if (buf_failed(out))
		return;
	f->n_records = t->n;
	f->dead_bytes = (uint32_t)t->dead.n;
	f->subjects_bytes = (uint32_t)(out->n - subjects);
	f->dead_crc = crc32c(seed, t->dead.p, t->dead.n);
	f->entries_crc = crc32c(seed, out->p + entries, subjects - entries);
	f->subjects_crc = crc32c(seed, out->p + subjects, f->subjects_bytes);
	pad(out, begin);
	footer_put(header, seed, f);
	footer_end_put(end, seed, at);
	buf_put(out, end, sizeof end);
	if (!buf_failed(out))
		memcpy(out->p + begin, header, sizeof header);
}

int block_table_encode(const struct block_table *t, uint32_t seed, struct footer *f,
    uint64_t at, struct seal *seal, struct buf *out)
{
	uint32_t *order = reallocarray(NULL, t->n_subjects + 1, sizeof *order);
	uint32_t *new_nr = reallocarray(NULL, t->n_subjects + 1, sizeof *order);

	if (order != NULL && new_nr != NULL) {
		f->n_subjects = sort_subjects(t, order, new_nr);
		encode(t, seed, f, at, order, new_nr, seal, out);
	} else {
		out->failed = true;
	}
	free(order);
	free(new_nr);
	return buf_failed(out) ? ERR_NOMEM : 0;
}

/* ---- decoding ------------------------------------------------------------- */

static bool decode_entries(struct block_table *t, const char *in,
    const struct footer *f)
{
	uint64_t range = f->last_seq - f->first_seq;

	for (uint32_t i = 0; i < f->n_records; i++) {
		struct footer_entry *e = &t->entries[i];

		footer_entry_get(in + (size_t)i * FOOTER_ENTRY_BYTES, e);
		if (e->subject >= f->n_subjects || e->seq_delta > range ||
		    (uint64_t)e->at8 * 8 >= f->records_end ||
		    (i > 0 && e->seq_delta <= t->entries[i - 1].seq_delta))
			return false;
	}
	t->n = f->n_records;
	return true;
}

static bool decode_subjects(struct block_table *t, struct slice in,
    const struct footer *f)
{
	size_t offsets = ((size_t)f->n_subjects + 1) * 4;

	if (offsets > in.n)
		return false;
	for (uint32_t i = 0; i <= f->n_subjects; i++) {
		t->subject_at[i] = get32(in.p + (size_t)i * 4);
		if (t->subject_at[i] > in.n - offsets ||
		    (i > 0 && t->subject_at[i] < t->subject_at[i - 1]))
			return false;
	}
	t->n_subjects = f->n_subjects;
	buf_put_slice(&t->names, slice_skip(in, offsets));
	t->is_sorted = true;
	return true;
}

static int unseal_subjects(struct block_table *t, struct slice in,
    const struct footer *f, struct seal *seal)
{
	struct subjects_context c = context_of(f);
	struct buf              plain = { 0 };
	int                     err = ERR_DENIED;

	if (seal != NULL)
		err = seal_open(seal, (enum codec)(f->codec & CODEC_CIPHER),
		    SEAL_SUBJECTS, slice_of(c.b, sizeof c.b), in, &plain);
	if (err == 0 && !decode_subjects(t, buf_slice(&plain), f))
		err = ERR_CORRUPT;
	buf_fini(&plain);
	return err;
}

static bool is_sound(struct slice sections, const struct footer *f,
    uint32_t seed)
{
	uint64_t entries_at = footer_entries_at(f) - FOOTER_HEADER_BYTES;
	uint64_t subjects_at = footer_subjects_at(f) - FOOTER_HEADER_BYTES;

	if (sections.n < subjects_at + f->subjects_bytes ||
	    f->n_records > BLOCK_RECORDS_MAX ||
	    (f->codec & CODEC_CIPHER) == CODEC_CIPHER ||
	    (f->n_records > 0 && f->last_seq < f->first_seq) ||
	    ((uint64_t)f->n_subjects + 1) * 4 > f->subjects_bytes)
		return false;
	return crc32c(seed, sections.p, f->dead_bytes) == f->dead_crc &&
	    crc32c(seed, sections.p + entries_at, (size_t)f->n_records *
	    FOOTER_ENTRY_BYTES) == f->entries_crc &&
	    crc32c(seed, sections.p + subjects_at, f->subjects_bytes) ==
	    f->subjects_crc;
}

static int decode(struct block_table *t, struct slice sections,
    const struct footer *f, struct seal *seal)
{
	uint64_t     entries_at = footer_entries_at(f) - FOOTER_HEADER_BYTES;
	uint64_t     subjects_at = footer_subjects_at(f) - FOOTER_HEADER_BYTES;
	struct slice subjects = slice_of(sections.p + subjects_at,
	    f->subjects_bytes);
	int          err = 0;

	t->entries = reallocarray(NULL, f->n_records + 1u, sizeof *t->entries);
	t->subject_at = reallocarray(NULL, f->n_subjects + 1u, 4);
	if (t->entries == NULL || t->subject_at == NULL)
		return ERR_NOMEM;
	t->cap = f->n_records + 1;
	t->subjects_cap = f->n_subjects + 1;
	buf_put(&t->dead, sections.p, f->dead_bytes);
	if (!decode_entries(t, sections.p + entries_at, f))
		return ERR_CORRUPT;
	if (f->codec & CODEC_CIPHER)
		err = unseal_subjects(t, subjects, f, seal);
	else if (!decode_subjects(t, subjects, f))
		err = ERR_CORRUPT;
	return err == 0 && (buf_failed(&t->dead) || buf_failed(&t->names))
	    ? ERR_NOMEM : err;
}

struct block_table *block_table_decode(struct slice sections,
    const struct footer *f, uint32_t seed, struct seal *seal, int *err)
{
	struct block_table *t;

	*err = ERR_CORRUPT;
	if (!is_sound(sections, f, seed))
		return NULL;
	t = block_table_create();
	*err = t == NULL ? ERR_NOMEM : decode(t, sections, f, seal);
	if (*err == 0)
		return t;
	block_table_destroy(t);
	return NULL;
}
