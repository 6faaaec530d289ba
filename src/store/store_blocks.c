/* store/store_blocks.c - blocks: names, descriptors, tables, who is dead. */
#include "store/store_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"

/* ---- names ---------------------------------------------------------------- */

void block_name(uint32_t nr, char out[FILE_NAME_BYTES])
{
	snprintf(out, FILE_NAME_BYTES, "%08x.blk", nr);
}

bool block_name_parse(const char *name, uint32_t *nr)
{
	uint32_t sum = 0;

	for (int i = 0; i < 8; i++) {
		static const char digits[] = "0123456789abcdef";
		const char       *at = name[i] == '\0' ? NULL
		    : strchr(digits, name[i]);

		if (at == NULL)
			return false;
		sum = sum << 4 | (uint32_t)(at - digits);
	}
	*nr = sum;
	return sum != 0 && strcmp(name + 8, ".blk") == 0;
}

/* ---- life ----------------------------------------------------------------- */

struct block_file *block_file_create(struct store *s, uint32_t nr,
    uint64_t first_seq)
{
	struct block_file *b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	b->nr = nr;
	b->fd = -1;
	b->first_seq = first_seq;
	b->last_seq = first_seq - 1;
	b->end = b->written = BLOCK_HEADER_BYTES;
	b->used = ++s->uses;
	return b;
}

void block_file_destroy(struct store *s, struct block_file *b)
{
	if (b == NULL)
		return;
	if (b->fd >= 0)
		s->disk->close(s->disk, b->fd);
	block_table_destroy(b->table);
	free(b->dead);
	free(b);
}

int block_push(struct store *s, struct block_file *b)
{
	if (s->n_blocks == s->blocks_cap) {
		size_t              cap = s->blocks_cap * 2 + 8;
		struct block_file **to = reallocarray(s->blocks, cap,
		    sizeof *to);

		if (to == NULL)
			return ERR_NOMEM;
		s->blocks = to;
		s->blocks_cap = cap;
	}
	s->blocks[s->n_blocks++] = b;
	return 0;
}

void block_drop(struct store *s, struct block_file *b)
{
	size_t i = 0;

	while (s->blocks[i] != b)
		i++;
	memmove(&s->blocks[i], &s->blocks[i + 1],
	    (s->n_blocks - i - 1) * sizeof s->blocks[0]);
	s->n_blocks--;
	store_reset_window(s);
	block_file_destroy(s, b);
}

size_t block_at(const struct store *s, uint64_t seq)
{
	size_t lo = 0, hi = s->n_blocks;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->blocks[mid]->last_seq < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* ---- files ---------------------------------------------------------------- */

static bool is_busy(const struct block_file *b)
{
	return b->n_chunks > 0 || b->is_fresh || b->is_sealing ||
	    b->is_compacting || b->is_retiring || !b->is_sealed;
}

static void close_oldest(struct store *s)
{
	struct block_file *oldest = NULL;
	int                n = 0;

	for (size_t i = 0; i < s->n_blocks; i++) {
		struct block_file *b = s->blocks[i];

		n += b->fd >= 0;
		if (b->fd >= 0 && !is_busy(b) &&
		    (oldest == NULL || b->used < oldest->used))
			oldest = b;
	}
	if (n < OPEN_FILES_MAX || oldest == NULL)
		return;
	s->disk->close(s->disk, oldest->fd);
	oldest->fd = -1;
}

int block_open(struct store *s, struct block_file *b)
{
	char name[FILE_NAME_BYTES];
	int  fd;

	b->used = ++s->uses;
	if (b->fd >= 0)
		return 0;
	close_oldest(s);
	block_name(b->nr, name);
	fd = s->disk->open(s->disk, s->dir, name, DISK_WRITE);
	if (fd == -ENOENT)
		return ERR_IO;	/* somebody took it away; not "no message" */
	if (fd < 0)
		return disk_err(fd);
	b->fd = fd;
	return 0;
}

int block_read_all(struct store *s, struct block_file *b, struct buf *out)
{
	int     err = block_open(s, b);
	int64_t size = err != 0 ? 0 : s->disk->size(s->disk, b->fd);
	ssize_t got;

	buf_reset(out);
	if (err == 0)
		err = disk_err(size);
	if (err != 0)
		return err;
	if (buf_reserve(out, (size_t)size + 1) == NULL)
		return ERR_NOMEM;
	got = s->disk->pread(s->disk, b->fd, out->p, (size_t)size, 0);
	if (got < 0)
		return disk_err(got);
	buf_added(out, (size_t)got);
	return 0;
}

/* ---- the footer ----------------------------------------------------------- */

static int read_exactly(struct store *s, struct block_file *b, void *p,
    size_t n, uint64_t at)
{
	ssize_t got = s->disk->pread(s->disk, b->fd, p, n, at);

	if (got < 0)
		return disk_err(got);
	return (size_t)got == n ? 0 : ERR_CORRUPT;
}

static void take_footer(struct block_file *b, uint64_t at, uint64_t size)
{
	const struct footer *f = &b->footer;

	b->footer_at = at;
	b->flags = f->flags;
	b->codec = f->codec;
	b->first_seq = f->first_seq;
	b->last_seq = f->last_seq;
	b->n_records = f->n_records;
	b->first_ts_ns = f->first_ts_ns;
	b->last_ts_ns = f->last_ts_ns;
	b->end = b->written = f->records_end;
	b->ready = size;
	b->is_sealed = true;
}

static bool is_footer_sane(const struct footer *f, uint32_t nr, uint64_t at,
    uint64_t size)
{
	return f->block_nr == nr && f->records_end <= at &&
	    f->records_end >= BLOCK_HEADER_BYTES &&
	    f->n_records <= BLOCK_RECORDS_MAX &&
	    f->last_seq + 1 >= f->first_seq &&
	    f->last_seq + 1 - f->first_seq < UINT32_MAX &&
	    at + footer_bytes(f) == size;
}

int block_read_footer(struct store *s, struct block_file *b)
{
	char     end[FOOTER_END_BYTES], header[FOOTER_HEADER_BYTES];
	uint32_t seed = block_seed(&s->meta.id, b->nr);
	int      err = block_open(s, b);
	int64_t  size = err != 0 ? 0 : s->disk->size(s->disk, b->fd);
	uint64_t at;

	if (err == 0)
		err = disk_err(size);
	if (err != 0)
		return err;
	if (size < FOOTER_END_BYTES + FOOTER_HEADER_BYTES)
		return ERR_CORRUPT;
	err = read_exactly(s, b, end, sizeof end,
	    (uint64_t)size - sizeof end);
	if (err == 0 && (!footer_end_get(end, seed, &at) ||
	    at > (uint64_t)size - sizeof end - sizeof header))
		err = ERR_CORRUPT;
	if (err == 0)
		err = read_exactly(s, b, header, sizeof header, at);
	if (err == 0)
		err = footer_get(header, seed, &b->footer);
	if (err == 0 && !is_footer_sane(&b->footer, b->nr, at,
	    (uint64_t)size))
		err = ERR_CORRUPT;
	if (err == 0)
		take_footer(b, at, (uint64_t)size);
	return err;
}

/* ---- the table ------------------------------------------------------------ */

static void drop_oldest_table(struct store *s)
{
	struct block_file *oldest = NULL;
	int                n = 0;

	for (size_t i = 0; i < s->n_blocks; i++) {
		struct block_file *b = s->blocks[i];

		if (b->table == NULL || is_busy(b) || b->footer_at == 0)
			continue;
		n++;
		if (oldest == NULL || b->used < oldest->used)
			oldest = b;
	}
	if (n < TABLES_MAX)
		return;
	block_table_destroy(oldest->table);
	oldest->table = NULL;
}

static int decode_table(struct store *s, struct block_file *b)
{
	uint64_t   n = footer_bytes(&b->footer) - FOOTER_HEADER_BYTES;
	uint32_t   seed = block_seed(&s->meta.id, b->nr);
	struct buf in = { 0 };
	int        err = block_open(s, b);

	if (err == 0 && buf_reserve(&in, (size_t)n) == NULL)
		err = ERR_NOMEM;
	if (err == 0)
		err = read_exactly(s, b, in.p, (size_t)n,
		    b->footer_at + FOOTER_HEADER_BYTES);
	if (err == 0)
		b->table = block_table_decode(slice_of(in.p, (size_t)n),
		    &b->footer, seed, s->seal, &err);
	buf_fini(&in);
	return err;
}

/* The subjects in order, none twice: by way of the footer's bytes, because
 * that is the one place where they are sorted. */
static int sort_table(struct block_file *b, struct block_table *t)
{
	struct footer f = { .first_seq = b->first_seq, .block_nr = b->nr,
		.last_seq = b->last_seq, .records_end = UINT64_MAX };
	struct buf    image = { 0 };
	int           err = block_table_encode(t, 0, &f, 0, NULL,
	    &image);

	if (err == 0)
		b->table = block_table_decode(slice_skip(buf_slice(&image),
		    FOOTER_HEADER_BYTES), &f, 0, NULL, &err);
	buf_fini(&image);
	return err;
}

/* Only what belongs to the messages: who is dead is known already. */
static int scan_table(struct store *s, struct block_file *b)
{
	struct buf  bytes = { 0 };
	struct scan scan = { 0 };
	int         err = block_read_all(s, b, &bytes);

	if (err == 0)
		err = block_scan(buf_slice(&bytes), &s->meta.id, b->nr,
		    b->first_seq, s->cfg.cost, s->seal, &scan);
	if (err == 0) {
		err = sort_table(b, scan.table);
		block_table_destroy(scan.table);
	}
	buf_fini(&bytes);
	return err;
}

int block_load_table(struct store *s, struct block_file *b,
    struct block_table **ret)
{
	int err = 0;

	b->used = ++s->uses;
	if (b->table == NULL) {
		drop_oldest_table(s);
		err = b->footer_at == 0 ? ERR_CORRUPT : decode_table(s, b);
		if (err == ERR_CORRUPT)
			err = scan_table(s, b);
	}
	if (err == 0)
		*ret = b->table;
	return err;
}

/* ---- who is dead ---------------------------------------------------------- */

bool block_is_dead(const struct block_file *b, uint64_t seq)
{
	uint64_t i = seq - b->first_seq;

	return b->dead != NULL && i < b->dead_bits &&
	    (b->dead[i / 64] >> (i % 64) & 1) != 0;
}

static int grow_dead(struct block_file *b, uint64_t bits)
{
	uint64_t  words = (bits + 63) / 64, have = (b->dead_bits + 63) / 64;
	uint64_t *to;

	if (words <= have) {
		b->dead_bits = bits > b->dead_bits ? bits : b->dead_bits;
		return 0;
	}
	if (!b->is_sealed)
		words += words / 2;
	to = reallocarray(b->dead, words, sizeof *to);
	if (to == NULL)
		return ERR_NOMEM;
	memset(to + have, 0, (words - have) * sizeof *to);
	b->dead = to;
	b->dead_bits = words * 64;
	return 0;
}

int block_reserve_dead(struct block_file *b, uint64_t seq)
{
	uint64_t i = seq - b->first_seq;

	return i < b->dead_bits ? 0 : grow_dead(b, b->is_sealed ?
	    block_range(b) : i + 1);
}

int block_set_dead(struct block_file *b, uint64_t seq)
{
	uint64_t i = seq - b->first_seq;
	int      err = block_reserve_dead(b, seq);

	if (err == 0)
		b->dead[i / 64] |= UINT64_C(1) << (i % 64);
	return err;
}

/* Word by word: a purge sets millions. */
int block_set_dead_run(struct block_file *b, struct seq_run r)
{
	uint64_t i, end;
	int      err;

	if (r.first < b->first_seq)
		r.first = b->first_seq;
	if (r.last > b->last_seq)
		r.last = b->last_seq;
	if (r.first > r.last || block_range(b) == 0)
		return 0;
	err = block_set_dead(b, r.last);
	i = r.first - b->first_seq;
	end = r.last - b->first_seq;
	while (i < end && err == 0) {
		uint64_t bits = ~UINT64_C(0) << (i % 64);

		if (end / 64 == i / 64)
			bits &= ~(~UINT64_C(0) << (end % 64));
		b->dead[i / 64] |= bits;
		i = (i / 64 + 1) * 64;
	}
	return err;
}

uint64_t block_next_live(const struct block_file *b, uint64_t seq)
{
	uint64_t i;

	if (seq < b->first_seq)
		seq = b->first_seq;
	i = seq - b->first_seq;
	while (b->dead != NULL && i < b->dead_bits && i < block_range(b)) {
		uint64_t live = ~b->dead[i / 64] >> (i % 64);

		if (live != 0) {
			i += (uint64_t)__builtin_ctzll(live);
			break;
		}
		i = (i / 64 + 1) * 64;
	}
	return i < block_range(b) ? b->first_seq + i : b->last_seq + 1;
}
