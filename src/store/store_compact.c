/* store/store_compact.c - blocks with much that is dead, and the scrub.
 *
 * A sealed block less than half of whose messages live is written anew without
 * the dead ones: into a file of its own, which is synced, read back and
 * checked, and only then renamed over the old one.  The pool works on copies;
 * who dies meanwhile is dead in the new file too, since the bits stay and
 * their DEAD records lie in later blocks.
 *
 * A block from before there was a key is rewritten too, and encrypted by that.
 *
 * The scrub reads a block and finds what a checksum no longer fits.  Both give
 * way to each other: one runs at a time.
 */
#include "store/store_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/pack.h"

/* ---- on the pool's thread ------------------------------------------------- */

/* A block being written, in memory. */
struct rewrite {
	struct compaction  *c;
	struct buf          in, out;
	struct buf          plain, sealed;	/* of one message */
	struct block_table *table;
	uint32_t            seed;
};

static int read_file(struct disk *d, int fd, struct buf *out)
{
	int64_t size = d->size(d, fd);
	ssize_t got;

	buf_reset(out);
	if (size < 0)
		return disk_err(size);
	if (buf_reserve(out, (size_t)size + 1) == NULL)
		return ERR_NOMEM;
	got = d->pread(d, fd, out->p, (size_t)size, 0);
	if (got < 0)
		return disk_err(got);
	buf_added(out, (size_t)got);
	return 0;
}

static void put(struct rewrite *w, struct record *r, const char *data)
{
	char     header[RECORD_HEADER_BYTES];
	uint64_t at = w->out.n;

	record_put(header, w->seed, at, r);
	buf_put(&w->out, header, sizeof header);
	buf_put(&w->out, data, record_stored_bytes(r));
	while (w->out.n - at < record_bytes(r) && !buf_failed(&w->out))
		buf_put_char(&w->out, 0);
}

static bool find_record(const struct rewrite *w, const struct footer_entry *e,
    struct record *r, const char **data)
{
	uint64_t at = (uint64_t)e->at8 * FORMAT_ALIGN;

	if (at + RECORD_HEADER_BYTES > w->in.n ||
	    !record_get(w->in.p + at, w->seed, at, r) ||
	    record_bytes(r) > w->in.n - at || r->type != RECORD_MSG ||
	    (r->flags & RECORD_ERASE) != 0 ||
	    r->seq != w->c->from.first_seq + e->seq_delta)
		return false;
	*data = w->in.p + at + RECORD_HEADER_BYTES;
	return record_data_crc(r->seq, *data, record_stored_bytes(r)) ==
	    r->data_crc;
}

static int note_bad(struct compaction *c, uint64_t seq)
{
	struct run_list *l = &c->bad;
	struct seq_run      *to;

	if (l->n == l->cap) {
		to = reallocarray(l->runs, l->cap * 2 + 8, sizeof *to);
		if (to == NULL)
			return ERR_NOMEM;
		l->runs = to;
		l->cap = l->cap * 2 + 8;
	}
	l->runs[l->n++] = (struct seq_run){ seq, seq };
	return 0;
}

/* A message from before there was a key.  It is as small as it was. */
static int seal_msg(struct rewrite *w, struct record *r, const char **data)
{
	struct seal *seal = w->c->seal;
	uint32_t     codec = (r->codec & CODEC_LZ4) | seal_cipher(seal);
	int          err;

	buf_reset(&w->plain);
	buf_reset(&w->sealed);
	err = record_unpack(seal, r, *data, &w->plain);
	if (err == 0)
		err = record_pack(seal, codec, r, (struct slice[3]){
		    buf_slice(&w->plain) }, &w->sealed);
	if (err != 0)
		return err;
	*data = w->sealed.p;
	r->data_crc = record_data_crc(r->seq, *data, r->stored);
	return 0;
}

static int copy_msg(struct rewrite *w, const struct block_table *old,
    const struct footer_entry *e)
{
	struct footer_entry n = *e;
	struct record       r;
	const char         *data;
	struct slice        subject = block_table_subject(old, e->subject);

	if (!find_record(w, e, &r, &data))
		return note_bad(w->c, w->c->from.first_seq + e->seq_delta);
	if (w->c->only_verify)
		return 0;
	if (w->c->seal != NULL && (r.codec & CODEC_CIPHER) == 0 &&
	    seal_msg(w, &r, &data) != 0)
		return ERR_NOMEM;
	if (block_table_reserve(w->table, subject.n) != 0)
		return ERR_NOMEM;
	n.subject = block_table_add_subject(w->table, subject);
	n.at8 = (uint32_t)(w->out.n / FORMAT_ALIGN);
	block_table_add(w->table, &n);
	put(w, &r, data);
	return buf_failed(&w->out) ? ERR_NOMEM : 0;
}

/* What the block says of blocks before it. */
static int copy_dead(struct rewrite *w, const struct block_table *old)
{
	struct slice at = buf_slice(&old->dead), runs;
	struct buf   kept = { 0 };
	uint64_t     below = w->c->from.first_seq;
	uint8_t      flags;
	int          err = 0;

	while (err == 0 && block_table_next_dead(&at, &flags, &runs)) {
		struct record r = { .type = RECORD_DEAD, .flags = flags,
			.seq = w->c->from.last_seq, .ts_ns = clock_wall_ns() };
		uint64_t      prev = 0, put_prev = 0;
		struct seq_run    run;

		buf_reset(&kept);
		while (run_take(&runs, &prev, &run) && run.first < below) {
			if (run.last >= below)
				run.last = below - 1;
			if (run.last + 1 < w->c->oldest_seq)
				continue;	/* as in carry_dead */
			run_put(&kept, &put_prev, run);
		}
		if (buf_failed(&kept))
			err = ERR_NOMEM;
		if (kept.n == 0 || err != 0)
			continue;
		r.body_len = (uint32_t)kept.n;
		r.data_crc = record_data_crc(r.seq, kept.p, kept.n);
		put(w, &r, kept.p);
		r.flags |= RECORD_COPY;
		put(w, &r, kept.p);
		err = block_table_add_dead(w->table, flags, buf_slice(&kept));
	}
	buf_fini(&kept);
	return buf_failed(&w->out) ? ERR_NOMEM : err;
}

static int copy_all(struct rewrite *w)
{
	struct compaction        *c = w->c;
	const struct block_table *old = c->from.table;
	int                       err = 0;

	for (uint32_t i = 0; i < old->n && err == 0; i++)
		if (!block_is_dead(&c->from, c->from.first_seq +
		    old->entries[i].seq_delta))
			err = copy_msg(w, old, &old->entries[i]);
	if (err == 0 && !c->only_verify)
		err = copy_dead(w, old);
	return err;
}

static void put_header(struct rewrite *w)
{
	struct compaction  *c = w->c;
	struct block_header h = { .id = c->s->meta.id, .nr = c->from.nr,
		.flags = BLOCK_COMPACTED, .first_seq = c->from.first_seq,
		.created_ns = clock_wall_ns(), .codec = c->to.codec };
	char                bytes[BLOCK_HEADER_BYTES];

	block_header_put(bytes, &h);
	buf_put(&w->out, bytes, sizeof bytes);
	if (c->seal != NULL)
		store_put_key(c->s, c->from.nr, &w->out);
}

static void temporary_name(uint32_t nr, char out[FILE_NAME_BYTES])
{
	snprintf(out, FILE_NAME_BYTES, "%08x.tmp", nr);
}

static int create_temporary(struct compaction *c)
{
	struct disk *d = c->s->disk;
	char         name[FILE_NAME_BYTES];

	temporary_name(c->from.nr, name);
	d->unlink(d, c->s->dir, name);
	c->to.fd = d->open(d, c->s->dir, name, DISK_WRITE | DISK_CREATE);
	return disk_err(c->to.fd);
}

static int write_file(struct rewrite *w)
{
	struct compaction *c = w->c;
	struct disk       *d = c->s->disk;
	struct footer      f = c->from.footer;
	int                err = create_temporary(c), rc;

	if (err != 0)
		return err;
	rc = d->pwrite(d, c->to.fd, w->out.p, w->out.n, 0);
	if (rc < 0)
		return disk_err(rc);
	c->to.nr = c->from.nr;
	c->to.flags = BLOCK_COMPACTED;
	c->to.first_seq = c->from.first_seq;
	c->to.last_seq = c->from.last_seq;
	c->to.first_ts_ns = c->from.first_ts_ns;
	c->to.last_ts_ns = c->from.last_ts_ns;
	c->to.n_records = w->table->n;
	c->to.end = c->to.footer_at = w->out.n;
	c->to.table = w->table;
	err = block_write_footer(d, &c->s->meta.id, &c->to, &f, c->to.end,
	    c->seal, &c->to.ready);
	c->to.table = NULL;
	c->to.footer = f;
	return err;
}

/* Before anything old goes: is what was written what is read? */
static int read_back(struct rewrite *w)
{
	struct compaction *c = w->c;
	struct scan        scan = { 0 };
	int                err = read_file(c->s->disk, c->to.fd, &w->in);

	if (err == 0 && w->in.n != c->to.ready)
		err = ERR_CORRUPT;
	if (err == 0)
		err = block_scan(slice_of(w->in.p, (size_t)c->to.end),
		    &c->s->meta.id, c->from.nr, 0, c->s->cfg.cost, c->seal,
		    &scan);
	if (err == 0 && (scan.n_damaged > 0 || scan.table->n != w->table->n))
		err = ERR_CORRUPT;
	block_table_destroy(scan.table);
	return err;
}

static int switch_files(struct compaction *c)
{
	struct disk *d = c->s->disk;
	char         from[FILE_NAME_BYTES], to[FILE_NAME_BYTES];
	int          rc;

	temporary_name(c->from.nr, from);
	block_name(c->from.nr, to);
	rc = d->rename(d, c->s->dir, from, to);
	if (rc >= 0)
		rc = d->sync_dir(d, c->s->dir);
	/* it may be there or not: the old file is not to be used on */
	return rc < 0 ? ERR_IO : 0;
}

static int rewrite(struct rewrite *w)
{
	struct compaction *c = w->c;
	int                err = read_file(c->s->disk, c->from.fd, &w->in);

	w->table = block_table_create();
	if (err == 0 && w->table == NULL)
		err = ERR_NOMEM;
	if (err != 0)
		return err;
	put_header(w);
	err = copy_all(w);
	if (err != 0 || c->only_verify || c->bad.n > 0)
		return err;
	err = write_file(w);
	if (err == 0)
		err = read_back(w);
	if (err == 0)
		return switch_files(c);
	return err == ERR_IO ? ERR_CORRUPT : err;	/* the old one is good */
}

static void run(struct pool_job *p)
{
	struct compaction *c = CONTAINER_OF(p, struct compaction, pool);
	struct rewrite     w = { .c = c,
		.seed = block_seed(&c->s->meta.id, c->from.nr) };

	c->err = rewrite(&w);
	buf_fini(&w.in);
	buf_fini(&w.out);
	buf_fini(&w.plain);
	buf_fini(&w.sealed);
	block_table_destroy(w.table);
}

static void run_done(struct pool_job *p)
{
	struct compaction *c = CONTAINER_OF(p, struct compaction, pool);

	store_job_done(c->s, &c->is_done);
}

/* ---- the owner's ---------------------------------------------------------- */

static bool may_work_on(const struct block_file *b)
{
	return b->is_sealed && b->footer_at != 0 && !b->is_sealing &&
	    !b->is_retiring && !b->is_fresh && b->n_chunks == 0 &&
	    b->n_live > 0;
}

static uint64_t *copy_bits(const struct block_file *b)
{
	size_t    n = (size_t)((b->dead_bits + 63) / 64) * sizeof(uint64_t);
	uint64_t *to = malloc(n + 1);

	if (to != NULL && n > 0)
		memcpy(to, b->dead, n);
	return to;
}

/* Copies of what the pool needs.  The table is its alone: the block reads it
 * anew when it wants it. */
static int take_copies(struct store *s, struct block_file *b)
{
	struct compaction  *c = &s->compaction;
	struct block_table *t;
	int                 err = block_load_table(s, b, &t);

	if (err == 0)
		err = block_open(s, b);
	if (err != 0)
		return err;
	if (s->seal != NULL) {
		c->seal = seal_clone(s->seal);
		if (c->seal == NULL)
			return ERR_NOMEM;
	}
	c->to.codec = b->codec | (c->seal == NULL ||
	    (b->codec & CODEC_CIPHER) != 0 ? 0 : seal_cipher(c->seal));
	c->from = *b;
	c->from.dead = copy_bits(b);
	if (c->from.dead == NULL) {
		seal_destroy(c->seal);
		return ERR_NOMEM;
	}
	b->table = NULL;
	return 0;
}

static int begin(struct store *s, struct block_file *b, bool only_verify)
{
	struct compaction *c = &s->compaction;
	int                err;

	*c = (struct compaction){ .s = s, .b = b, .only_verify = only_verify,
		.oldest_seq = s->blocks[0]->first_seq,
		.pool = { .run = run, .done = run_done }, .to = { .fd = -1 } };
	err = take_copies(s, b);
	if (err != 0)
		return err;
	b->is_compacting = true;
	c->is_running = true;
	if (s->cfg.pool != NULL) {
		store_pool_submit(s->cfg.pool, &c->pool);
		return 0;
	}
	run(&c->pool);
	return store_compact_finish(s);
}

void store_compact_begin(struct store *s)
{
	s->wants_compaction = false;
	for (size_t i = 0; i + 1 < s->n_blocks; i++) {
		struct block_file *b = s->blocks[i];

		if (b->n_live >= b->n_records / 2 && !store_must_encrypt(s, b))
			continue;
		if (!may_work_on(b)) {
			s->wants_compaction |= b->n_live > 0;
			continue;
		}
		/* the others have their turn when this is done */
		s->wants_compaction = true;
		if (begin(s, b, false) != 0)
			s->wants_compaction = false;
		return;
	}
}

/* The new file in place of the old one; its bits are as they are now. */
static void swap_in(struct store *s, struct block_file *b,
    struct compaction *c)
{
	store_reset_window(s);
	block_table_destroy(b->table);
	s->disk->close(s->disk, b->fd);
	b->table = NULL;
	b->fd = c->to.fd;
	c->to.fd = -1;
	b->flags = c->to.flags;
	b->codec = c->to.codec;
	b->n_records = c->to.n_records;
	b->end = b->written = c->to.end;
	b->ready = c->to.ready;
	b->footer = c->to.footer;
	b->footer_at = c->to.footer_at;
}

int store_compact_finish(struct store *s)
{
	struct compaction *c = &s->compaction;
	struct block_file *b = c->b;
	int                err = 0;

	c->is_running = false;
	b->is_compacting = false;
	if (c->err != 0)	/* no use in trying again at once */
		s->wants_compaction = false;
	if (c->err == ERR_IO && !c->only_verify)
		err = store_fail(s, ERR_IO);
	else if (c->err == 0 && c->bad.n == 0 && !c->only_verify)
		swap_in(s, b, c);
	for (size_t i = 0; i < c->bad.n && err == 0; i++)
		if (!block_is_dead(b, c->bad.runs[i].first))
			store_lose(s, b, c->bad.runs[i].first);
	if (c->to.fd >= 0)
		s->disk->close(s->disk, c->to.fd);
	block_table_destroy(c->from.table);
	seal_destroy(c->seal);
	free(c->from.dead);
	free(c->bad.runs);
	c->bad = (struct run_list){ 0 };
	s->wants_retire |= b->n_live == 0;
	return err;
}

bool store_is_compacting(const struct store *s)
{
	return s->compaction.is_running;
}

int store_scrub(struct store *s)
{
	if (s->compaction.is_running)
		return 0;
	for (size_t i = 0; i + 1 < s->n_blocks; i++) {
		size_t at = s->scrub_next++ % (s->n_blocks - 1);

		if (may_work_on(s->blocks[at]))
			return begin(s, s->blocks[at], true);
	}
	return ERR_NOTFOUND;
}
