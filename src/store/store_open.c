/* store/store_open.c - recovery: what do the files say?
 *
 *   O1  The metadata, from the better of two copies; without any, from what
 *       the blocks repeat.  If it is encrypted, the key: without that nothing is
 *       touched.
 *   O2  Each block by its footer.  One that has none, as the newest has not,
 *       or whose footer is damaged, is scanned.
 *   O3  Where the next sequence begins.  Damage at the very end may have eaten
 *       messages that were acknowledged, so as many sequences as can have been
 *       there are passed over.
 *   O4  Who is dead, and the subject index: from the saved index if nothing at
 *       all was found wrong, else from the blocks' tables, the newest first,
 *       because DEAD records speak of what is older.
 *       (store_rebuild.c)
 *   O5  A sequence that no block, no DEAD and no SKIP accounts for is lost, and
 *       that is told.
 *   O6  The opening is counted in the metadata, before anything else is
 *       written; that outdates the saved index.  (But a new owner's key goes
 *       into the blocks before that.)
 *
 * Nothing that was found is cut or overwritten.  A block with damage gets its
 * footer behind everything that is in the file, and is not written to again.
 */
#include "store/store_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"
#include "store/pack.h"

struct opening {
	struct store *s;
	uint32_t     *nrs;
	size_t        n_nrs, nrs_cap;
	struct buf    temporary;	/* names, each with its NUL */
	struct buf    bytes;		/* of the file that is scanned */
	bool          has_reserve;
	bool          has_meta;
	enum codec    blob_cipher;	/* 0: the blob of the metadata is plain */
	bool          is_key_old, wants_key;
	const char   *bad_meta;		/* the copy that is not there or not sound */
	bool          is_damaged;	/* O4: the saved index will not do */
	bool          is_newest_dirty;
	struct scan   newest;		/* of the block scanned last */
	bool          is_newest_scanned;
	uint64_t      durable_seq;
	uint64_t      next_seq;
	struct run_list gaps, lost;	/* as store_rebuild says */
	struct seq_run  gap;		/* at the end; 0: none */
};

/* ---- names ---------------------------------------------------------------- */

static int note_block(struct opening *o, uint32_t nr)
{
	if (o->n_nrs == o->nrs_cap) {
		size_t    cap = o->nrs_cap * 2 + 16;
		uint32_t *to = reallocarray(o->nrs, cap, sizeof *to);

		if (to == NULL)
			return -ENOMEM;
		o->nrs = to;
		o->nrs_cap = cap;
	}
	o->nrs[o->n_nrs++] = nr;
	return 0;
}

static int note_name(void *ctx, const char *name)
{
	struct opening *o = ctx;
	size_t          n = strlen(name);
	uint32_t        nr;

	if (block_name_parse(name, &nr))
		return note_block(o, nr);
	if (n > 4 && strcmp(name + n - 4, ".tmp") == 0)
		buf_put(&o->temporary, name, n + 1);
	if (strcmp(name, "reserve") == 0)
		o->has_reserve = true;
	return 0;
}

static int by_nr(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int list_files(struct opening *o)
{
	struct store *s = o->s;
	int           rc = s->disk->list(s->disk, s->dir, note_name, o);

	if (rc < 0)
		return disk_err(rc);
	if (o->n_nrs > 0)
		qsort(o->nrs, o->n_nrs, sizeof o->nrs[0], by_nr);
	return buf_failed(&o->temporary) ? ERR_NOMEM : 0;
}

/* ---- O1: metadata --------------------------------------------------------- */

static int keep_blob(struct store *s, struct slice blob, uint64_t generation)
{
	buf_reset(&s->blob);
	buf_put_slice(&s->blob, blob);
	if (buf_failed(&s->blob))
		return ERR_NOMEM;
	s->meta.blob = buf_slice(&s->blob);
	s->meta.blob_generation = generation;
	return 0;
}

static int read_small(struct store *s, const char *name, struct buf *out)
{
	struct disk *d = s->disk;
	int          fd = d->open(d, s->dir, name, DISK_READ);
	size_t       n = META_HEADER_BYTES + META_BLOB_MAX;
	ssize_t      got;

	buf_reset(out);
	if (fd < 0)
		return disk_err(fd);
	if (buf_reserve(out, n) == NULL) {
		d->close(d, fd);
		return ERR_NOMEM;
	}
	got = d->pread(d, fd, out->p, n, 0);
	d->close(d, fd);
	if (got < 0)
		return disk_err(got);
	buf_added(out, (size_t)got);
	return 0;
}

static int take_meta(struct opening *o, const char *name)
{
	struct store *s = o->s;
	struct meta   m;
	int           err = read_small(s, name, &o->bytes);

	if (err == 0)
		err = meta_get(buf_slice(&o->bytes), &m);
	if (err == ERR_CORRUPT || err == ERR_NOTFOUND) {
		o->bad_meta = name;
		return 0;
	}
	if (err != 0)
		return err;
	if (o->has_meta && m.generation <= s->meta.generation)
		return 0;
	o->has_meta = true;
	s->meta = m;
	if (m.key.n > 0) {
		memcpy(s->key, m.key.p, sizeof s->key);
		s->meta.key = slice_of(s->key, sizeof s->key);
	}
	o->blob_cipher = m.key.n == 0 ? 0 : (enum codec)get32(s->key);
	return keep_blob(s, m.blob, m.blob_generation);
}

/* Any block tells whose it is. */
static int find_id(struct opening *o)
{
	struct store *s = o->s;

	for (size_t i = 0; i < o->n_nrs; i++) {
		struct block_header h;
		char                bytes[BLOCK_HEADER_BYTES];
		char                name[FILE_NAME_BYTES];
		ssize_t             got = -1;
		int                 fd, err;

		block_name(o->nrs[i], name);
		fd = s->disk->open(s->disk, s->dir, name, DISK_READ);
		if (fd < 0)
			return disk_err(fd);
		got = s->disk->pread(s->disk, fd, bytes, sizeof bytes, 0);
		s->disk->close(s->disk, fd);
		if (got != sizeof bytes)
			continue;
		err = block_header_get(bytes, &h);
		if (err == ERR_VERSION)
			return err;
		if (err != 0 || h.nr != o->nrs[i])
			continue;
		s->meta.id = h.id;
		s->meta.base_seq = h.first_seq;
		return 0;
	}
	return o->n_nrs == 0 ? ERR_NOTFOUND : ERR_CORRUPT;
}

static int unseal_blob(struct opening *o)
{
	struct store *s = o->s;
	struct buf    plain = { 0 };
	int           err = store_open_blob(s, o->blob_cipher, &plain);

	if (err == ERR_CORRUPT)		/* forged; a block has another */
		err = keep_blob(s, SLICE_NONE, 0);
	else if (err == 0)
		err = keep_blob(s, buf_slice(&plain), s->meta.blob_generation);
	buf_fini(&plain);
	return err;
}

static int read_key(struct opening *o)
{
	struct store *s = o->s;
	int           err = store_find_key(s, o->nrs, o->n_nrs, &o->is_key_old);

	if (err == ERR_NOTFOUND) {
		o->is_key_old = false;
		o->wants_key = s->cfg.secret != NULL;
		return 0;
	}
	return err != 0 || o->blob_cipher == 0 ? err : unseal_blob(o);
}

static int forget_index(struct opening *o)
{
	struct store *s = o->s;

	s->disk->unlink(s->disk, s->dir, "index");
	return disk_err(s->disk->sync_dir(s->disk, s->dir));
}

static int read_meta(struct opening *o)
{
	struct store *s = o->s;
	int           err = take_meta(o, "meta.a");

	if (err == 0)
		err = take_meta(o, "meta.b");
	if (err == 0 && o->has_meta && o->bad_meta != NULL)
		log_warn("Store %02x%02x%02x%02x: %s is missing or damaged; the "
		    "other copy counts", s->meta.id.b[0], s->meta.id.b[1],
		    s->meta.id.b[2], s->meta.id.b[3], o->bad_meta);
	if (err == 0 && !o->has_meta)
		err = find_id(o);
	if (err == 0)
		err = read_key(o);
	if (err != 0 || o->has_meta)
		return err;
	log_error("Store: both copies of the metadata are lost; made again from "
	    "the blocks");
	o->is_damaged = true;
	return forget_index(o);
}

/* ---- O2: blocks ----------------------------------------------------------- */

static uint64_t expected_first(const struct opening *o, uint32_t nr)
{
	const struct store      *s = o->s;
	const struct block_file *b;

	if (o->has_meta && nr == s->meta.newest_nr)
		return s->meta.newest_first_seq;
	if (s->n_blocks == 0)
		return s->meta.base_seq;
	b = block_active(s);
	return b->footer_at != 0 && b->nr + 1 == nr ? b->footer.next_first_seq
	    : b->last_seq + 1;
}

static void take_scan(struct opening *o, struct block_file *b)
{
	const struct scan *sc = &o->newest;

	b->first_seq = sc->first_seq;
	b->last_seq = sc->last_seq;
	b->n_records = sc->table->n;
	b->first_ts_ns = sc->first_ts_ns;
	b->last_ts_ns = sc->last_ts_ns;
	b->flags = sc->has_header ? sc->header.flags : 0;
	b->codec = sc->has_header ? sc->header.codec : 0;
	b->end = b->written = sc->end;
	b->ready = o->bytes.n;
	b->table = sc->table;
	o->is_newest_scanned = true;
	if (sc->durable_seq > o->durable_seq)
		o->durable_seq = sc->durable_seq;
}

/* The blob as the block has it, if it is newer. */
static int take_blob(struct opening *o)
{
	const struct scan *sc = &o->newest;
	struct store      *s = o->s;
	struct buf         blob = { 0 };
	int                err;

	if (sc->blob_of.type == 0 ||
	    sc->blob_generation <= s->meta.blob_generation)
		return 0;
	err = record_unpack(s->seal, &sc->blob_of, sc->blob, &blob);
	if (err == 0)
		err = keep_blob(s, buf_slice(&blob), sc->blob_generation);
	buf_fini(&blob);
	return err == ERR_CORRUPT ? 0 : err;
}

static int scan_block(struct opening *o, struct block_file *b)
{
	struct store *s = o->s;
	int           err = block_read_all(s, b, &o->bytes);

	if (err == 0)
		err = block_scan(buf_slice(&o->bytes), &s->meta.id, b->nr,
		    expected_first(o, b->nr), s->cfg.cost, s->seal,
		    &o->newest);
	if (err != 0)
		return err;
	take_scan(o, b);
	return take_blob(o);
}

/* Another store's, under our name: out of the way, not away. */
static int set_aside(struct opening *o, struct block_file *b)
{
	struct store *s = o->s;
	char          from[FILE_NAME_BYTES], to[FILE_NAME_BYTES];
	int           rc;

	block_name(b->nr, from);
	snprintf(to, sizeof to, "%08x.foreign", b->nr);
	log_error("Store: %s belongs to another store; it is now %s", from, to);
	o->is_damaged = true;
	rc = s->disk->rename(s->disk, s->dir, from, to);
	block_file_destroy(s, b);
	return rc < 0 ? disk_err(rc) : disk_err(s->disk->sync_dir(s->disk,
	    s->dir));
}

/* Only the newest may be without a footer; whoever is followed by another has
 * lost it, and gets a new one. */
static void settle_sealed(struct opening *o, struct block_file *b,
    uint64_t next_first)
{
	if (b->footer_at != 0)
		return;
	if (o->n_nrs > 0 && b->nr != o->nrs[o->n_nrs - 1])
		log_warn("Store %02x%02x%02x%02x: block %u has no sound footer; "
		    "its records were read instead", o->s->meta.id.b[0],
		    o->s->meta.id.b[1], o->s->meta.id.b[2],
		    o->s->meta.id.b[3], b->nr);
	o->is_damaged = true;
	b->is_sealed = b->is_sealing = true;
	b->seal_at = format_padded(b->ready);
	b->footer.next_first_seq = next_first;
	if (next_first > b->first_seq && b->last_seq < next_first - 1 &&
	    next_first - b->first_seq < BLOCK_RECORDS_MAX)
		b->last_seq = next_first - 1;
}

static bool overlaps(const struct opening *o, const struct block_file *b)
{
	const struct store *s = o->s;

	return s->n_blocks > 0 && b->first_seq <= block_active(s)->last_seq;
}

static int read_block(struct opening *o, uint32_t nr)
{
	struct store      *s = o->s;
	struct block_file *b = block_file_create(s, nr, 0);
	int                err;

	if (b == NULL)
		return ERR_NOMEM;
	o->is_newest_scanned = false;
	err = block_read_footer(s, b);
	if (err == 0 && b->last_seq > o->durable_seq && block_range(b) > 0)
		o->durable_seq = b->last_seq;
	if (err == ERR_CORRUPT)
		err = scan_block(o, b);
	if (err == ERR_NOTFOUND || (err == 0 && overlaps(o, b)))
		return set_aside(o, b);
	if (err == 0 && s->n_blocks > 0)
		settle_sealed(o, block_active(s), b->first_seq);
	if (err == 0)
		err = block_push(s, b);
	if (err != 0)
		block_file_destroy(s, b);
	return err;
}

static int read_blocks(struct opening *o)
{
	int err = 0;

	for (size_t i = 0; i < o->n_nrs && err == 0; i++)
		err = read_block(o, o->nrs[i]);
	return err;
}

/* ---- O3: the end ---------------------------------------------------------- */

/* A block that a crash kept from being made.  Nothing in it was acknowledged:
 * before that, its predecessor would have got its footer (J1 to J3). */
static bool is_stillborn(const struct opening *o)
{
	const struct store *s = o->s;

	return o->is_newest_scanned && s->n_blocks > 1 &&
	    !o->newest.has_header && o->newest.end == BLOCK_HEADER_BYTES &&
	    s->blocks[s->n_blocks - 2]->footer_at == 0 &&
	    s->blocks[s->n_blocks - 2]->nr + 1 == block_active(s)->nr;
}

/* Its predecessor goes on. */
static int drop_stillborn(struct opening *o)
{
	struct store      *s = o->s;
	struct block_file *b = block_active(s);
	char               name[FILE_NAME_BYTES];
	int                rc;

	block_name(b->nr, name);
	rc = s->disk->unlink(s->disk, s->dir, name);
	s->n_blocks--;
	block_file_destroy(s, b);
	if (rc < 0)
		return disk_err(rc);
	b = block_active(s);
	block_table_destroy(b->table);
	b->table = NULL;
	b->is_sealed = b->is_sealing = false;
	b->seal_at = 0;
	return scan_block(o, b);
}

static uint64_t room_of(const struct scan *sc)
{
	uint64_t n = BLOCK_RECORDS_MAX;

	if (sc->has_header && sc->header.room / RECORD_HEADER_BYTES < n)
		n = sc->header.room / RECORD_HEADER_BYTES;
	return n + 1;
}

static void judge_newest(struct opening *o)
{
	const struct scan *sc = &o->newest;
	bool               is_cut = o->bytes.n < sc->end + ZEROS_BEHIND;

	o->is_newest_dirty = is_cut || !sc->has_header || sc->n_damaged > 0;
	o->next_seq = sc->last_seq + 1;
	if (is_cut || !sc->has_header)
		o->next_seq = sc->first_seq + room_of(sc);
	else if (sc->dirty_end > sc->end)
		o->next_seq += (sc->dirty_end - sc->end) /
		    RECORD_HEADER_BYTES + 1;
	if (o->next_seq <= sc->last_seq)
		o->next_seq = sc->last_seq + 1;
}

/* The newest that is there was followed by one that is not. */
static void miss_newest(struct opening *o, uint64_t first_seq)
{
	o->is_newest_dirty = true;
	o->is_damaged = true;
	if (o->next_seq < first_seq + BLOCK_RECORDS_MAX)
		o->next_seq = first_seq + BLOCK_RECORDS_MAX;
}

/* A clean close has said where the end was: records that are zeros now look as if
 * there never had been any. */
static void heed_index(struct opening *o)
{
	struct store *s = o->s;
	uint64_t      last = o->has_meta ? store_index_last_seq(s) : 0;

	if (last <= s->last_seq)
		return;
	o->is_newest_dirty = true;
	if (o->durable_seq < last)
		o->durable_seq = last;
	if (o->next_seq <= last)
		o->next_seq = last + 1;
}

static int find_end(struct opening *o)
{
	struct store *s = o->s;
	uint32_t      newest_nr = 0;
	int           err = 0;

	if (is_stillborn(o))
		err = drop_stillborn(o);
	if (err != 0)
		return err;
	o->next_seq = s->meta.base_seq;
	if (s->n_blocks > 0) {
		newest_nr = block_active(s)->nr;
		if (o->is_newest_scanned)
			judge_newest(o);
		else
			miss_newest(o, block_active(s)->footer.next_first_seq);
	}
	if (o->has_meta && s->meta.newest_nr > newest_nr)
		miss_newest(o, s->meta.newest_first_seq);
	s->last_seq = s->n_blocks == 0 ? o->next_seq - 1
	    : block_active(s)->last_seq;
	heed_index(o);
	o->is_damaged |= o->is_newest_dirty;
	return 0;
}

/* ---- O4, O5: who lives ---------------------------------------------------- */

static int find_living(struct opening *o)
{
	struct store *s = o->s;
	int           err = ERR_CORRUPT;

	if (!o->is_damaged)
		err = store_load_index(s);
	if (err == ERR_CORRUPT || err == ERR_NOTFOUND)
		err = store_rebuild(s, &o->gaps, &o->lost);
	for (size_t i = 0; i < s->n_blocks; i++) {
		struct block_file *b = s->blocks[i];

		if (b->n_records == 0 && b->is_sealed)
			b->first_ts_ns = b->last_ts_ns = s->last_ts_ns;
		if (b->last_ts_ns > s->last_ts_ns)
			s->last_ts_ns = b->last_ts_ns;
		s->wants_retire |= b->n_live == 0 && b->is_sealed;
		s->wants_compaction |= b->n_live < b->n_records / 2 ||
		    store_must_encrypt(s, b);
	}
	s->first_seq = s->meta.base_seq;
	store_settle_first(s);
	return err;
}

static int lose_runs(struct opening *o, const struct run_list *l)
{
	struct store *s = o->s;
	int           err = 0;

	for (size_t i = 0; i < l->n && err == 0; i++) {
		struct seq_run r = l->runs[i];
		size_t     at = block_at(s, r.first);
		uint32_t   nr = at == s->n_blocks ? 0 : s->blocks[at]->nr;

		store_tell_loss(s, r.first > o->durable_seq ? STORE_TORN
		    : STORE_LOST, r.first, r.last, nr);
		err = store_add_dying(s, DYING_LOST, r);
	}
	return err;
}

/* Damage that cost no message is worth a line all the same. */
static void report_damage(const struct opening *o)
{
	if (o->is_newest_scanned && o->newest.n_damaged > 0)
		log_error("Store %02x%02x%02x%02x: block %u is damaged in %u "
		    "places, the first at byte %llu; it is kept as it is",
		    o->s->meta.id.b[0], o->s->meta.id.b[1],
		    o->s->meta.id.b[2], o->s->meta.id.b[3],
		    block_active(o->s)->nr, o->newest.n_damaged,
		    (unsigned long long)o->newest.damaged_at);
}

/* ---- O6: going on --------------------------------------------------------- */

static int remove_temporary(struct opening *o)
{
	struct store *s = o->s;
	int           rc = 0;

	for (size_t at = 0; at < o->temporary.n && rc >= 0;
	    at += strlen(o->temporary.p + at) + 1)
		rc = s->disk->unlink(s->disk, s->dir, o->temporary.p + at);
	return disk_err(rc);
}

static int count_opening(struct opening *o)
{
	struct store *s = o->s;

	s->meta.opened++;
	if (s->n_blocks > 0 && !o->is_newest_dirty) {
		s->meta.newest_nr = block_active(s)->nr;
		s->meta.newest_first_seq = block_active(s)->first_seq;
	}
	return store_write_meta(s);
}

/* What was durable is lost; of the rest nobody knows. */
static void tell_gap(const struct opening *o, struct seq_run gap)
{
	uint64_t known = o->durable_seq < gap.last ? o->durable_seq : gap.last;

	if (gap.first <= known)
		store_tell_loss(o->s, STORE_LOST, gap.first, known, 0);
	else
		known = gap.first - 1;
	if (known < gap.last)
		store_tell_loss(o->s, STORE_TORN, known + 1, gap.last, 0);
}

/* Damaged: not to be written to again. */
static int begin_anew(struct opening *o)
{
	struct store      *s = o->s;
	struct block_file *b = s->n_blocks == 0 ? NULL : block_active(s);
	struct seq_run         gap = { s->last_seq + 1, o->next_seq - 1 };
	int                err;

	if (b != NULL && b->footer_at == 0) {
		settle_sealed(o, b, b->last_seq + 1);
		b->footer.next_first_seq = o->next_seq;
		s->wants_retire |= b->n_live == 0;
	}
	if (b == NULL && s->meta.newest_nr > 0)
		gap.first = s->meta.newest_first_seq;
	err = store_roll(s, o->next_seq, true);
	if (err != 0)
		return err;
	if (gap.first <= gap.last) {
		o->gap = gap;
		tell_gap(o, gap);
		err = store_add_dying(s, DYING_LOST, gap);
	}
	s->last_seq = o->next_seq - 1;
	if (s->n_msgs == 0)
		s->first_seq = s->last_seq + 1;
	return err;
}

static void tell_cut_off(const struct opening *o, struct seq_run r)
{
	struct store *s = o->s;

	if (r.first <= o->durable_seq)
		r.first = o->durable_seq + 1;
	if (s->cfg.cut_off != NULL && r.first <= r.last)
		s->cfg.cut_off(s->cfg.ctx, s, r.first, r.last);
}

/* With the same sync as the losses: a later opening sees none of them. */
static void tell_all_cut_off(const struct opening *o)
{
	tell_cut_off(o, o->gap);
	for (size_t i = 0; i < o->lost.n; i++)
		tell_cut_off(o, o->lost.runs[i]);
	for (size_t i = 0; i < o->gaps.n; i++)
		tell_cut_off(o, o->gaps.runs[i]);
}

/* Before the metadata say so. */
static int settle_key(struct opening *o)
{
	struct store *s = o->s;

	if (o->is_key_old)
		return store_renew_keys(s);
	if (!o->wants_key)
		return 0;
	s->wants_compaction = true;
	return store_make_key(s);
}

/* What was written before there was a key is encrypted block by block; for that
 * the newest must not be written to any more. */
static int leave_plain_block(struct store *s)
{
	int err = store_must_encrypt(s, block_active(s))
	    ? store_roll(s, s->last_seq + 1, true) : 0;

	return err == ERR_NOSPC ? 0 : err;
}

static int go_on(struct opening *o)
{
	struct store *s = o->s;
	int           err = settle_key(o);

	if (err == 0)
		err = count_opening(o);
	if (err == 0)
		err = remove_temporary(o);
	if (err == 0 && o->wants_key)
		err = forget_index(o);
	if (err != 0)
		return err;
	s->has_reserve = o->has_reserve && s->cfg.reserve_bytes > 0;
	s->is_full = store_make_reserve(s) == ERR_NOSPC;
	if (o->is_newest_dirty || s->n_blocks == 0)
		err = begin_anew(o);
	else
		err = leave_plain_block(s);
	s->durable_seq = s->last_seq;
	if (err == 0)
		err = lose_runs(o, &o->lost);
	if (err == 0)
		err = lose_runs(o, &o->gaps);
	if (err == 0) {
		tell_all_cut_off(o);
		err = store_sync(s);
	}
	store_wait(s);
	/* reading goes on with a full disk */
	return err == ERR_NOSPC ? 0 : err != 0 ? err : s->err;
}

static int recover(struct opening *o, const char *path)
{
	struct store *s = o->s;
	int           err;

	s->dir = s->disk->open_dir(s->disk, path, false);
	if (s->dir < 0)
		return disk_err(s->dir);
	err = list_files(o);
	if (err == 0)
		err = read_meta(o);
	if (err == 0)
		err = read_blocks(o);
	if (err == 0)
		err = find_end(o);
	if (err == 0)
		err = find_living(o);
	if (err != 0)
		return err;
	report_damage(o);
	return go_on(o);
}

static void opening_fini(struct opening *o)
{
	free(o->nrs);
	free(o->gaps.runs);
	free(o->lost.runs);
	buf_fini(&o->temporary);
	buf_fini(&o->bytes);
}

int store_peek(const struct store_config *c, const char *path,
    struct buf *blob)
{
	struct opening o = { .s = store_alloc(c) };
	int            err = 0;

	if (o.s == NULL)
		return ERR_NOMEM;
	o.s->dir = o.s->disk->open_dir(o.s->disk, path, false);
	if (o.s->dir < 0)
		err = disk_err(o.s->dir);
	if (err == 0)
		err = take_meta(&o, "meta.a");
	if (err == 0)
		err = take_meta(&o, "meta.b");
	if (err == 0 && !o.has_meta)
		err = ERR_NOTFOUND;
	if (err == 0 && o.blob_cipher != 0)
		err = list_files(&o);
	if (err == 0 && o.blob_cipher != 0)
		err = read_key(&o);
	if (err == 0)
		buf_put_slice(blob, o.s->meta.blob);
	opening_fini(&o);
	store_free(o.s);
	return err != 0 ? err : buf_failed(blob) ? ERR_NOMEM : 0;
}

int store_open(const struct store_config *c, const char *path,
    struct store **ret)
{
	struct opening o = { .s = store_alloc(c) };
	int            err;

	if (o.s == NULL)
		return ERR_NOMEM;
	err = recover(&o, path);
	opening_fini(&o);
	if (err != 0)
		store_free(o.s);
	else
		*ret = o.s;
	return err;
}
