/* store/store_write.c - append, and room for it.
 *
 * Records are put together in memory, in chunks, and written by the next sync.
 * Room is taken before: zeros are written ahead of the records, so that a
 * record that was accepted cannot find the disk full, and a sync has no sizes
 * to write.  There are always some zeros behind the last record; a file that
 * ends without them has been cut.
 */
#include "store/store_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/pack.h"

/* ---- chunks --------------------------------------------------------------- */

struct chunk *store_new_chunk(struct store *s, struct list *to,
    struct block_file *b, uint64_t at)
{
	struct chunk *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->b = b;
	c->at = at;
	c->data = s->spare;
	s->spare = (struct buf){ 0 };
	buf_reset(&c->data);
	b->n_chunks++;
	list_append(to, &c->link);
	return c;
}

void store_free_chunks(struct list *chunks)
{
	LIST_EACH(l, chunks) {
		struct chunk *c = CONTAINER_OF(l, struct chunk, link);

		list_remove(l);
		c->b->n_chunks--;
		buf_fini(&c->data);
		free(c);
	}
}

/* The chunk that ends where b's records end, with n bytes of room. */
static struct chunk *chunk_for(struct store *s, struct block_file *b, size_t n)
{
	struct chunk *c = NULL;

	if (!list_is_empty(&s->chunks))
		c = CONTAINER_OF(s->chunks.prev, struct chunk, link);
	if (c == NULL || c->b != b || c->is_random ||
	    c->at + c->data.n != b->end)
		c = store_new_chunk(s, &s->chunks, b, b->end);
	if (c == NULL || buf_reserve(&c->data, n) == NULL) {
		if (c != NULL)
			c->data.failed = false;
		return NULL;
	}
	return c;
}

/* ---- room ----------------------------------------------------------------- */

static int write_zeros(struct store *s, struct block_file *b, uint64_t to)
{
	static const char zeros[64 << 10];
	uint64_t          at = b->ready;

	while (at < to) {
		size_t n = sizeof zeros;
		int    rc;

		if (n > to - at)
			n = (size_t)(to - at);
		rc = s->disk->pwrite(s->disk, b->fd, zeros, n, at);
		if (rc < 0)
			return disk_err(rc);
		at += n;
	}
	b->ready = to;
	return 0;
}

static uint64_t page_above(uint64_t n)
{
	return (n + 4095) & ~(uint64_t)4095;
}

/* How far to write zeros when they must reach to least. */
static uint64_t zeros_to(const struct store *s, const struct block_file *b,
    uint64_t least)
{
	uint64_t most = page_above((uint64_t)s->cfg.block_bytes + ZEROS_BEHIND);
	uint64_t ahead = b->ready, to;

	if (ahead < ZEROS_AHEAD_MIN)
		ahead = ZEROS_AHEAD_MIN;
	if (ahead > ZEROS_AHEAD_MAX)
		ahead = ZEROS_AHEAD_MAX;
	to = page_above(b->ready + ahead);
	if (to > most)
		to = most;
	return to > least ? to : least;
}

/* Let records of b go on to end. */
static int make_room(struct store *s, struct block_file *b, uint64_t end,
    bool may_use_reserve)
{
	uint64_t least = page_above(end + ZEROS_BEHIND);
	int      err;

	if (s->cfg.is_volatile || end + ZEROS_BEHIND <= b->ready)
		return 0;
	err = block_open(s, b);
	if (err == 0)
		err = write_zeros(s, b, zeros_to(s, b, least));
	if (err == ERR_NOSPC)
		err = write_zeros(s, b, least);
	if (err == ERR_NOSPC && may_use_reserve && store_take_reserve(s))
		err = write_zeros(s, b, least);
	return err;
}

/* ---- a new block ---------------------------------------------------------- */

static int create_file(struct store *s, struct block_file *b)
{
	struct block_header h = { .id = s->meta.id, .nr = b->nr,
		.room = s->cfg.block_bytes, .first_seq = b->first_seq,
		.created_ns = clock_wall_ns(),
		.codec = store_codec(s) };
	char                name[FILE_NAME_BYTES], bytes[BLOCK_HEADER_BYTES];
	int                 rc;

	block_name(b->nr, name);
	b->codec = h.codec;
	b->fd = s->disk->open(s->disk, s->dir, name, DISK_WRITE | DISK_CREATE);
	if (b->fd < 0)
		return disk_err(b->fd);
	block_header_put(bytes, &h);
	rc = s->disk->pwrite(s->disk, b->fd, bytes, sizeof bytes, 0);
	b->ready = sizeof bytes;
	return disk_err(rc);
}

static int try_block(struct store *s, struct block_file *b, uint64_t end)
{
	char name[FILE_NAME_BYTES];
	int  err = create_file(s, b);

	if (err == 0)
		err = make_room(s, b, end, false);
	if (err == 0 || b->fd < 0)
		return err;
	block_name(b->nr, name);
	s->disk->close(s->disk, b->fd);
	s->disk->unlink(s->disk, s->dir, name);
	b->fd = -1;
	return err;
}

/* A record on its way: its data as they will be stored. */
struct outgoing {
	struct record r;
	struct slice  data[3];		/* subject, headers, body; or packed */
};

/* scratch holds the data from here on. */
static int pack_data(struct store *s, struct outgoing *o, struct buf *scratch)
{
	int err;

	buf_reset(scratch);
	err = record_pack(s->seal, store_codec(s), &o->r, o->data, scratch);
	if (err == 0 && o->r.codec != 0) {
		o->data[0] = buf_slice(scratch);
		o->data[1] = o->data[2] = SLICE_NONE;
	}
	return err;
}

static void put_record(struct store *s, struct block_file *b,
    struct chunk *c, struct outgoing *o)
{
	struct record *r = &o->r;
	uint32_t seed = block_seed(&s->meta.id, b->nr);
	uint64_t n = record_bytes(r), lag = r->seq - s->durable_seq;
	char     header[RECORD_HEADER_BYTES];
	size_t   begin = c->data.n;

	r->lag = r->seq < s->durable_seq ? 0 :
	    lag > UINT32_MAX ? UINT32_MAX : (uint32_t)lag;
	r->data_crc = record_data_crc3(r->seq, o->data[0], o->data[1],
	    o->data[2]);
	record_put(header, seed, b->end, r);
	buf_put(&c->data, header, sizeof header);
	for (int i = 0; i < 3; i++)
		buf_put_slice(&c->data, o->data[i]);
	while (c->data.n - begin < n)
		buf_put_char(&c->data, 0);
	assert(!buf_failed(&c->data));
	b->end += n;
	s->pending_bytes += n;
	c->n_msgs += r->type == RECORD_MSG;
	s->pending_msgs += r->type == RECORD_MSG;
}

static void seal(struct store *s, struct block_file *b, uint64_t next_first)
{
	b->is_sealed = b->is_sealing = true;
	if (b->n_records == 0)	/* it takes part in searches by time */
		b->first_ts_ns = b->last_ts_ns = s->last_ts_ns;
	b->footer.next_first_seq = next_first;
	s->wants_retire |= b->n_live == 0;
}

static struct outgoing meta_record(const struct store *s)
{
	return (struct outgoing){ .r = { .type = RECORD_META,
		.body_len = (uint32_t)s->meta.blob.n,
		.seq = s->meta.blob_generation, .ts_ns = clock_wall_ns() },
		.data = { SLICE_NONE, SLICE_NONE, s->meta.blob } };
}

/* Its data are not encrypted once more: the key is. */
static struct outgoing key_record(const struct store *s)
{
	return (struct outgoing){ .r = { .type = RECORD_KEY,
		.body_len = STORE_KEY_BYTES },
		.data = { s->meta.key, SLICE_NONE, SLICE_NONE } };
}

/* The file, and the records with which it begins. */
static int fill_block(struct store *s, struct block_file *b,
    struct outgoing *key, struct outgoing *meta, bool may_use_reserve)
{
	uint64_t      n = record_bytes(&meta->r);
	struct chunk *c;
	int           err;

	if (s->seal != NULL)
		n += record_bytes(&key->r);
	err = try_block(s, b, b->end + n);
	if (err == ERR_NOSPC && may_use_reserve && store_take_reserve(s))
		err = try_block(s, b, b->end + n);
	if (err != 0)
		return err;
	c = chunk_for(s, b, (size_t)n);
	if (c == NULL)
		return ERR_NOMEM;
	if (s->seal != NULL)
		put_record(s, b, c, key);
	put_record(s, b, c, meta);
	b->begin = b->end;
	return block_push(s, b);
}

static int start_block(struct store *s, struct block_file *b,
    bool may_use_reserve)
{
	struct outgoing key = key_record(s), meta = meta_record(s);
	struct buf      packed = { 0 };
	int             err;

	b->table = block_table_create();
	if (b->table == NULL)
		return ERR_NOMEM;
	err = pack_data(s, &meta, &packed);
	if (err == 0)
		err = fill_block(s, b, &key, &meta, may_use_reserve);
	buf_fini(&packed);
	return err;
}

static void undo_block(struct store *s, struct block_file *b)
{
	char name[FILE_NAME_BYTES];

	LIST_EACH(l, &s->chunks) {
		struct chunk *c = CONTAINER_OF(l, struct chunk, link);

		if (c->b != b)
			continue;
		list_remove(l);
		buf_fini(&c->data);
		free(c);
	}
	block_name(b->nr, name);
	if (b->fd >= 0)
		s->disk->unlink(s->disk, s->dir, name);
	block_file_destroy(s, b);
}

/* Go on in a new block.  Any error leaves things as they were. */
int store_roll(struct store *s, uint64_t first_seq, bool may_use_reserve)
{
	struct block_file *old = s->n_blocks == 0 ? NULL : block_active(s);
	struct block_file *b = block_file_create(s, old == NULL ? 1 : old->nr + 1,
	    first_seq);
	int                err;

	if (b == NULL)
		return ERR_NOMEM;
	err = start_block(s, b, may_use_reserve);
	if (err != 0) {
		undo_block(s, b);
		return err;
	}
	b->is_fresh = true;
	if (old != NULL && !old->is_sealed)
		seal(s, old, first_seq);
	s->meta.newest_nr = b->nr;
	s->meta.newest_first_seq = first_seq;
	s->wants_meta = old != NULL;
	s->mark++;
	return 0;
}

/* ---- records -------------------------------------------------------------- */

/* Or not one for what is done to records by now. */
static bool is_block_full(const struct store *s, const struct block_file *b,
    uint64_t n)
{
	return (store_codec(s) & ~b->codec) != 0 || (b->end > b->begin && (b->end + n > s->cfg.block_bytes ||
	    b->end + n > (uint64_t)UINT32_MAX * FORMAT_ALIGN ||
	    block_range(b) >= BLOCK_RECORDS_MAX));
}

/* Where a record of n bytes can be put without fail. */
static int prepare(struct store *s, uint64_t n, bool may_use_reserve,
    struct chunk **c)
{
	int err = 0;

	if (is_block_full(s, block_active(s), n))
		err = store_roll(s, s->last_seq + 1, may_use_reserve);
	if (err == 0)
		err = make_room(s, block_active(s), block_active(s)->end + n,
		    may_use_reserve);
	if (err != 0)
		return err;
	*c = chunk_for(s, block_active(s), (size_t)n);
	return *c == NULL ? ERR_NOMEM : 0;
}

/* What went wrong on the disk is final, unless something had run out. */
static int settle(struct store *s, int err)
{
	if (err == ERR_NOSPC)
		s->is_full = true;
	return err == 0 || err == ERR_NOSPC || err == ERR_NOMEM ||
	    err == ERR_BUSY || err == ERR_RANGE ? err : store_fail(s, err);
}

static int may_append(struct store *s, uint64_t n)
{
	int err = s->err;

	if (err != 0)
		return err;
	if (n > RECORD_BYTES_MAX)
		return ERR_LIMIT;
	if (s->last_seq >= STORE_SEQ_MAX)
		return ERR_RANGE;
	if (s->pending_bytes > 0 && s->pending_bytes + n > PENDING_BYTES_MAX)
		return ERR_BUSY;
	if (!s->has_reserve)
		err = store_make_reserve(s);
	return err == ERR_IO ? store_fail(s, err) : err;
}

static void enter_message(struct store *s, struct block_file *b,
    struct subject_entry *e, const struct record *r, struct slice subject,
    uint64_t at)
{
	struct footer_entry entry = { .at8 = (uint32_t)(at / 8),
		.seq_delta = (uint32_t)(r->seq - b->first_seq),
		.cost = cost_of(s->cfg.cost, r) };

	if (e->local_block != b->nr) {
		e->local_block = b->nr;
		e->local_nr = block_table_add_subject(b->table, subject);
	}
	entry.subject = e->local_nr;
	block_table_add(b->table, &entry);
	b->n_records++;
	b->n_live++;
	b->live_cost += entry.cost;
	b->last_seq = r->seq;
	b->last_ts_ns = s->last_ts_ns = r->ts_ns;
	if (b->n_records == 1)
		b->first_ts_ns = r->ts_ns;
	if (s->n_msgs++ == 0)
		s->first_seq = r->seq;
	s->bytes += entry.cost;
	s->last_seq = r->seq;
	s->is_full = false;
	s->mark++;
}

static int append(struct store *s, struct outgoing *o, struct slice subject)
{
	struct subject_entry *e;
	struct block_file    *b;
	struct chunk         *c = NULL;
	uint64_t              at;
	int                   err = prepare(s, record_bytes(&o->r), false, &c);

	if (err != 0)
		return settle(s, err);
	b = block_active(s);
	err = block_table_reserve(b->table, subject.n);
	e = err != 0 ? NULL : subjects_add(s->subjects, subject, o->r.seq);
	if (e == NULL)
		return ERR_NOMEM;
	at = b->end;
	put_record(s, b, c, o);
	enter_message(s, b, e, &o->r, subject, at);
	return 0;
}

int store_append(struct store *s, struct slice subject, struct slice hdr,
    struct slice body, int64_t ts_ns, uint64_t *seq)
{
	struct outgoing o = { .r = { .type = RECORD_MSG,
		.subject_len = (uint16_t)subject.n,
		.hdr_len = (uint32_t)hdr.n, .body_len = (uint32_t)body.n,
		.seq = s->last_seq + 1, .ts_ns = ts_ns },
		.data = { subject, hdr, body } };
	int             err;

	assert(subject.n > 0 && subject.n <= STORE_SUBJECT_MAX);
	if (hdr.n > RECORD_BYTES_MAX || body.n > RECORD_BYTES_MAX)
		return ERR_LIMIT;
	err = may_append(s, record_bytes(&o.r));
	if (err == 0)
		err = pack_data(s, &o, &s->packed);
	err = err == 0 ? append(s, &o, subject) : settle(s, err);
	if (s->packed.cap > PACKED_BYTES_KEPT)
		buf_fini(&s->packed);
	if (err == 0)
		*seq = o.r.seq;
	return err;
}

int store_repeat_blob(struct store *s)
{
	struct outgoing o = meta_record(s);
	struct buf      packed = { 0 };
	struct chunk   *c = NULL;
	int             err = pack_data(s, &o, &packed);

	if (err == 0)
		err = prepare(s, record_bytes(&o.r), true, &c);
	if (err == 0) {
		put_record(s, block_active(s), c, &o);
		s->mark++;
	}
	buf_fini(&packed);
	return settle(s, err);
}

/* The runs of a SKIP stand in the footer like those of the dead. */
static int note_skip(struct block_file *b, struct seq_run r)
{
	struct buf runs = { 0 };
	uint64_t   prev = 0;
	int        err;

	run_put(&runs, &prev, r);
	err = buf_failed(&runs) ? ERR_NOMEM
	    : block_table_add_dead(b->table, 0, buf_slice(&runs));
	buf_fini(&runs);
	return err;
}

static int enter_skip(struct store *s, struct block_file *b, struct seq_run r)
{
	int err = block_reserve_dead(b, r.last);

	if (err == 0)
		err = note_skip(b, r);
	if (err != 0)
		return err;
	b->last_seq = s->last_seq = r.last;
	block_set_dead_run(b, r);
	if (s->n_msgs == 0)
		s->first_seq = r.last + 1;
	s->mark++;
	return 0;
}

/* Several have one record, and its copy: without it nothing behind them would
 * be believed. */
static int skip_through(struct store *s, int64_t ts_ns, uint64_t last)
{
	struct seq_run  run = { s->last_seq + 1, last };
	bool            is_range = last > run.first;
	struct outgoing o = { .r = { .type = RECORD_SKIP, .seq = last,
		.ts_ns = is_range ? (int64_t)run.first : ts_ns,
		.flags = is_range ? RECORD_RANGE : 0 } };
	struct block_file *b;
	struct chunk      *c = NULL;
	int                err = may_append(s, 2 * record_bytes(&o.r));

	if (err == 0)
		err = prepare(s, 2 * record_bytes(&o.r), false, &c);
	if (err != 0)
		return settle(s, err);
	b = block_active(s);
	err = enter_skip(s, b, run);
	if (err != 0)
		return err;
	put_record(s, b, c, &o);
	o.r.flags |= RECORD_COPY;
	if (is_range)
		put_record(s, b, c, &o);
	return 0;
}

int store_skip(struct store *s, int64_t ts_ns, uint64_t *seq)
{
	int err = skip_through(s, ts_ns, s->last_seq + 1);

	if (err == 0)
		*seq = s->last_seq;
	return err;
}

int store_skip_to(struct store *s, uint64_t next)
{
	const struct block_file *b = block_active(s);

	if (s->err != 0 || next <= s->last_seq + 1)
		return s->err;
	if (next > STORE_SEQ_MAX)
		return ERR_RANGE;
	if (next - b->first_seq >= BLOCK_RECORDS_MAX)
		return store_jump(s, next);
	return skip_through(s, s->last_ts_ns, next - 1);
}

/* ---- the dead ------------------------------------------------------------- */

int store_reserve_dying(struct store *s, enum dying kind)
{
	struct run_list *d = &s->dying[kind];
	size_t           cap = d->cap * 2 + 64;
	struct seq_run      *to;

	if (d->n < d->cap)
		return 0;
	to = reallocarray(d->runs, cap, sizeof *to);
	if (to == NULL)
		return ERR_NOMEM;
	d->runs = to;
	d->cap = cap;
	return 0;
}

int store_add_dying(struct store *s, enum dying kind, struct seq_run r)
{
	struct run_list *d = &s->dying[kind];
	int              err;

	if (d->n > 0 && d->runs[d->n - 1].last + 1 == r.first) {
		d->runs[d->n - 1].last = r.last;
		return 0;
	}
	err = store_reserve_dying(s, kind);
	if (err == 0)
		d->runs[d->n++] = r;
	return err;
}

static int by_first(const void *a, const void *b)
{
	const struct seq_run *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static void sort_runs(struct run_list *d)
{
	size_t n = 0;

	qsort(d->runs, d->n, sizeof d->runs[0], by_first);
	for (size_t i = 0; i < d->n; i++) {
		struct seq_run r = d->runs[i];

		if (n > 0 && r.first <= d->runs[n - 1].last + 1) {
			if (r.last > d->runs[n - 1].last)
				d->runs[n - 1].last = r.last;
		} else {
			d->runs[n++] = r;
		}
	}
	d->n = n;
}

static int put_dead(struct store *s, uint8_t flags, struct slice runs)
{
	struct outgoing    o = { .r = { .type = RECORD_DEAD, .flags = flags,
		.body_len = (uint32_t)runs.n, .seq = s->last_seq,
		.ts_ns = clock_wall_ns() }, .data = { runs } };
	struct block_file *b;
	struct chunk      *c = NULL;
	int                err = prepare(s, 2 * record_bytes(&o.r), true, &c);

	if (err != 0)
		return settle(s, err);
	b = block_active(s);
	err = block_table_add_dead(b->table, flags, runs);
	if (err != 0)
		return err;
	put_record(s, b, c, &o);
	o.r.flags |= RECORD_COPY;
	put_record(s, b, c, &o);
	return 0;
}

/* As many runs as one record takes. */
static int flush_some(struct store *s, struct run_list *d, uint8_t flags)
{
	struct buf data = { 0 };
	uint64_t   prev = 0;
	size_t     n = 0;
	int        err;

	while (n < d->n && data.n < DEAD_DATA_MAX)
		run_put(&data, &prev, d->runs[n++]);
	err = buf_failed(&data) ? ERR_NOMEM : put_dead(s, flags,
	    buf_slice(&data));
	buf_fini(&data);
	if (err != 0)
		return err;
	memmove(d->runs, d->runs + n, (d->n - n) * sizeof d->runs[0]);
	d->n -= n;
	return 0;
}

int store_flush_dying(struct store *s)
{
	static const uint8_t flags[N_DYING] = {
		[DYING_ERASED] = RECORD_ERASE, [DYING_LOST] = RECORD_LOST,
	};
	int err = 0;

	for (int i = 0; i < N_DYING; i++) {
		if (s->dying[i].n > 1)
			sort_runs(&s->dying[i]);
		while (s->dying[i].n > 0 && err == 0)
			err = flush_some(s, &s->dying[i], flags[i]);
	}
	return err;
}
