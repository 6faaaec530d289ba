/* store/store_sync.c - what the pool does for a store.
 *
 * One job at a time.  It takes all chunks there are, and:
 *
 *   J1  makes new blocks and their names durable
 *   J2  writes the chunks, block by block, each followed by a sync, and last
 *       the noise over what was erased
 *   J3  gives sealed blocks their footers
 *   J4  writes both copies of the metadata, if a block was added
 *   J5  unlinks what has retired
 *
 * Only then are the changes durable.  J1 is before J3, so a block that has a
 * footer had a successor; J2 before J5, so what a block said of the dead is
 * written elsewhere before it goes.  Each step may be repeated after a power
 * cut in any of them.  Disk full in J3 leaves a block without footer, which
 * costs time when it is opened; in J2 or J4 (a disk that copies on write) the
 * chunks wait for the next job.  Any other error is final.
 */
#include "store/store_int.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/err.h"

/* Owners that wait for the pool.  Taken once a job. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t  done = PTHREAD_COND_INITIALIZER;

/* Under the lock to the end: the owner may see the flag, and free the store,
 * before the bell has rung; store_let_go waits for that. */
void store_job_done(struct store *s, bool *is_done)
{
	pthread_mutex_lock(&lock);
	__atomic_store_n(is_done, true, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&done);
	if (s->cfg.wake != NULL)
		s->cfg.wake(s->cfg.ctx);
	pthread_mutex_unlock(&lock);
}

void store_let_go(void)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
}

static void await(const bool *is_done)
{
	pthread_mutex_lock(&lock);
	while (!__atomic_load_n(is_done, __ATOMIC_ACQUIRE))
		pthread_cond_wait(&done, &lock);
	pthread_mutex_unlock(&lock);
}

/* ---- the job, on the pool's thread ---------------------------------------- */

static int sync_new_blocks(struct sync_job *j)
{
	struct disk *d = j->s->disk;
	bool         any = false;
	int          rc = 0;

	for (size_t i = 0; i < j->n_duties && rc >= 0; i++)
		if (j->duties[i].is_new) {
			any = true;
			rc = d->sync(d, j->duties[i].b->fd);
		}
	if (any && rc >= 0)
		rc = d->sync_dir(d, j->s->dir);
	/* a full disk that a sync finds is as final as any error */
	return rc < 0 ? ERR_IO : 0;
}

/* Noise goes over a message when it is durable that it is dead; else a cut in
 * between would make it one that was lost. */
static bool needs_sync(const struct chunk *c, const struct list *next,
    const struct list *end)
{
	const struct chunk *n;

	if (next == end)
		return true;
	n = CONTAINER_OF(next, struct chunk, link);
	return n->b != c->b || n->is_random != c->is_random;
}

static int write_chunks(struct sync_job *j)
{
	struct disk *d = j->s->disk;
	int          rc = 0;

	LIST_EACH(l, &j->chunks) {
		struct chunk *c = CONTAINER_OF(l, struct chunk, link);

		rc = d->pwrite(d, c->b->fd, c->data.p, c->data.n, c->at);
		if (rc < 0)
			return disk_err(rc);
		if (needs_sync(c, l_next, &j->chunks))
			rc = d->sync(d, c->b->fd);
		if (rc < 0)
			return ERR_IO;
	}
	return 0;
}

int block_write_footer(struct disk *d, const struct store_id *id,
    const struct block_file *b, struct footer *f, uint64_t at,
    struct seal *seal, uint64_t *size)
{
	struct buf image = { 0 };
	int        rc = 0, err;

	f->block_nr = b->nr;
	f->flags = b->flags;
	f->first_seq = b->first_seq;
	f->last_seq = b->last_seq;
	f->first_ts_ns = b->first_ts_ns;
	f->last_ts_ns = b->last_ts_ns;
	f->records_end = b->end;
	f->codec = b->codec;
	if (f->codec & CODEC_CIPHER)
		f->codec = (f->codec & CODEC_LZ4) | seal_cipher(seal);
	err = block_table_encode(b->table, block_seed(id, b->nr), f, at, seal,
	    &image);
	if (err == 0)
		err = disk_err(d->pwrite(d, b->fd, image.p, image.n, at));
	if (err == 0) {
		*size = at + image.n;
		rc = d->truncate(d, b->fd, *size);
		if (rc >= 0)
			rc = d->sync(d, b->fd);
		if (rc < 0)
			err = ERR_IO;
	}
	buf_fini(&image);
	return err;
}

static int write_footers(struct sync_job *j)
{
	for (size_t i = 0; i < j->n_duties; i++) {
		struct block_duty *y = &j->duties[i];
		uint64_t           at = y->b->seal_at;
		int                err;

		if (!y->seal)
			continue;
		if (at == 0)
			at = y->b->end;
		y->footer.next_first_seq = y->b->footer.next_first_seq;
		err = block_write_footer(j->s->disk, &j->s->meta.id, y->b,
		    &y->footer, at, j->seal, &y->size);
		if (err == 0)
			y->footer_at = at;
		else if (err == ERR_IO)
			return err;
	}
	return 0;
}

static int write_meta(struct sync_job *j)
{
	struct disk *d = j->s->disk;
	int          err = 0;

	for (int i = 0; i < 2 && j->meta.n > 0 && err == 0; i++) {
		err = disk_err(d->pwrite(d, j->s->meta_fd[i], j->meta.p,
		    j->meta.n, 0));
		if (err == 0 && d->sync(d, j->s->meta_fd[i]) < 0)
			err = ERR_IO;
	}
	return err;
}

static int unlink_retired(struct sync_job *j)
{
	struct disk *d = j->s->disk;
	bool         any = false;
	int          rc = 0;

	for (size_t i = 0; i < j->n_duties && rc >= 0; i++) {
		char name[FILE_NAME_BYTES];

		if (!j->duties[i].retire)
			continue;
		block_name(j->duties[i].b->nr, name);
		rc = d->unlink(d, j->s->dir, name);
		any = true;
	}
	if (any && rc >= 0)
		rc = d->sync_dir(d, j->s->dir);
	return rc < 0 ? ERR_IO : 0;
}

static void run(struct pool_job *p)
{
	static int (*const steps[])(struct sync_job *) = {
		sync_new_blocks, write_chunks, write_footers, write_meta,
		unlink_retired,
	};
	struct sync_job *j = CONTAINER_OF(p, struct sync_job, pool);

	j->err = 0;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (j->err == 0)
			j->err = steps[i](j);
}

static void run_done(struct pool_job *p)
{
	struct sync_job *j = CONTAINER_OF(p, struct sync_job, pool);

	store_job_done(j->s, &j->is_done);
}

/* ---- before --------------------------------------------------------------- */

/* What a block that will go has said of others: said again.  But for what is
 * older than the oldest: the gap before that has a run of its own, which ends
 * just there. */
static int carry_dead(struct store *s, struct block_file *b)
{
	struct block_table *t;
	struct slice        at, runs;
	uint8_t             flags;
	int                 err = block_load_table(s, b, &t);

	if (err != 0)
		return err;
	at = buf_slice(&t->dead);
	while (err == 0 && block_table_next_dead(&at, &flags, &runs)) {
		uint64_t   prev = 0;
		struct seq_run r;

		while (err == 0 && run_take(&runs, &prev, &r)) {
			if (r.first >= b->first_seq)
				break;
			if (r.last >= b->first_seq)
				r.last = b->first_seq - 1;
			if (r.last + 1 < s->blocks[0]->first_seq)
				continue;
			err = store_add_dying(s, DYING_PLAIN, r);
		}
	}
	return err;
}

/* B3: the gap that it leaves is said to be one. */
static int retire(struct store *s, size_t i)
{
	struct block_file *b = s->blocks[i];
	struct seq_run         gap = { s->meta.base_seq,
		s->blocks[i + 1]->first_seq - 1 };
	int                err = i == 0 ? 0 : carry_dead(s, b);

	if (i > 0)
		gap.first = s->blocks[i - 1]->last_seq + 1;
	if (err == 0 && gap.first <= gap.last)
		err = store_add_dying(s, DYING_PLAIN, gap);
	b->is_retiring = err == 0;
	return err;
}

static int retire_empty(struct store *s)
{
	int err = 0;

	if (!s->wants_retire)
		return 0;
	for (size_t i = 0; i + 1 < s->n_blocks && err == 0; i++) {
		struct block_file *b = s->blocks[i];

		if (b->n_live == 0 && !b->is_retiring && !b->is_compacting &&
		    !b->is_sealing)
			err = retire(s, i);
	}
	s->wants_retire = err != 0;
	return err;
}

static int add_duty(struct sync_job *j, struct block_file *b)
{
	if (j->n_duties == j->duties_cap) {
		size_t             cap = j->duties_cap * 2 + 8;
		struct block_duty *to = reallocarray(j->duties, cap,
		    sizeof *to);

		if (to == NULL)
			return ERR_NOMEM;
		j->duties = to;
		j->duties_cap = cap;
	}
	j->duties[j->n_duties++] = (struct block_duty){ .b = b,
		.is_new = b->is_fresh, .seal = b->is_sealing,
		.retire = b->is_retiring };
	return 0;
}

static int collect_duties(struct store *s)
{
	int err = 0;

	s->job.n_duties = 0;
	for (size_t i = 0; i < s->n_blocks && err == 0; i++) {
		struct block_file *b = s->blocks[i];

		if (b->is_fresh || b->is_sealing || b->is_retiring)
			err = add_duty(&s->job, b);
		/* nobody closes it from here on */
		if (err == 0 && (b->n_chunks > 0 || b->is_fresh ||
		    b->is_sealing))
			err = block_open(s, b);
	}
	return err;
}

static int prepare_meta(struct store *s)
{
	buf_reset(&s->job.meta);
	if (!s->wants_meta || s->meta_fd[0] < 0 || s->meta_fd[1] < 0)
		return 0;
	if (store_put_meta(s, &s->job.meta) != 0)
		return ERR_NOMEM;
	s->wants_meta = false;	/* another block may come meanwhile */
	return 0;
}

static void take_chunks(struct list *to, struct list *from)
{
	struct list *l;

	while ((l = list_take(from)) != NULL)
		list_append(to, l);
}

/* ---- after ---------------------------------------------------------------- */

static void finish_chunks(struct store *s)
{
	LIST_EACH(l, &s->job.chunks) {
		struct chunk *c = CONTAINER_OF(l, struct chunk, link);

		if (!c->is_random) {
			c->b->written = c->at + c->data.n;
			s->pending_bytes -= c->data.n;
			s->pending_msgs -= c->n_msgs;
		}
		if (s->spare.p == NULL) {
			s->spare = c->data;
			c->data = (struct buf){ 0 };
		}
	}
	store_free_chunks(&s->job.chunks);
}

static void finish_duty(struct store *s, struct block_duty *y)
{
	struct block_file *b = y->b;

	if (y->is_new)
		b->is_fresh = false;
	if (y->seal && y->footer_at != 0) {
		b->is_sealing = false;
		b->footer = y->footer;
		b->footer_at = y->footer_at;
		b->ready = y->size;
		/* the file has it, sorted */
		block_table_destroy(b->table);
		b->table = NULL;
		s->wants_retire |= b->n_live == 0;
		s->wants_compaction |= b->n_live < b->n_records / 2 ||
		    store_must_encrypt(s, b);
	}
	if (y->retire)
		block_drop(s, b);
}

/* The chunks go back to the front. */
static void requeue(struct store *s)
{
	take_chunks(&s->job.chunks, &s->chunks);
	take_chunks(&s->chunks, &s->job.chunks);
	s->wants_meta |= s->job.meta.n > 0;
	s->is_full = true;
}

static int finish(struct store *s)
{
	struct sync_job *j = &s->job;

	j->is_running = false;
	if (j->err == ERR_NOSPC && s->err == 0) {
		requeue(s);
		return ERR_NOSPC;
	}
	if (j->err != 0)
		return store_fail(s, j->err);
	finish_chunks(s);
	for (size_t i = 0; i < j->n_duties; i++)
		finish_duty(s, &j->duties[i]);
	s->durable = j->mark;
	s->durable_seq = j->seq;
	return 0;
}

/* ---- beginning ------------------------------------------------------------ */

/* A block from before there was a key waits for its footer, and then to be
 * encrypted; there may come no other reason to write it. */
static bool has_plain_block(const struct store *s)
{
	if (s->seal == NULL || !s->wants_compaction)
		return false;
	for (size_t i = 0; i < s->n_blocks; i++)
		if (s->blocks[i]->is_sealing && store_must_encrypt(s, s->blocks[i]))
			return true;
	return false;
}

static bool has_work(const struct store *s)
{
	if (!list_is_empty(&s->chunks) || s->durable != s->mark ||
	    s->wants_retire || has_plain_block(s))
		return true;
	for (int i = 0; i < N_DYING; i++)
		if (s->dying[i].n > 0)
			return true;
	return false;
}

static int begin(struct store *s)
{
	struct sync_job *j = &s->job;
	int              dead, err;

	s->wants_sync = false;
	if (!has_work(s))
		return 0;
	dead = retire_empty(s);
	if (dead == 0)
		dead = store_flush_dying(s);
	if (s->err != 0)
		return s->err;
	err = collect_duties(s);
	if (err == 0)
		err = prepare_meta(s);
	if (err != 0)
		return err == ERR_IO ? store_fail(s, err) : err;
	if (dead != 0)		/* what is not written down must not go */
		for (size_t i = 0; i < j->n_duties; i++)
			j->duties[i].retire = false;
	take_chunks(&j->chunks, &s->chunks);
	if (dead == 0)
		take_chunks(&j->chunks, &s->noise);
	j->s = s;
	j->pool = (struct pool_job){ .run = run, .done = run_done };
	j->mark = dead == 0 ? s->mark : s->durable;
	j->seq = s->last_seq;
	j->is_done = false;
	j->is_running = true;
	if (s->cfg.pool != NULL) {
		store_pool_submit(s->cfg.pool, &j->pool);
		return dead;
	}
	run(&j->pool);
	err = finish(s);
	return err != 0 ? err : dead;
}

int store_sync(struct store *s)
{
	if (s->err != 0)
		return s->err;
	if (s->job.is_running) {
		s->wants_sync = true;
		return 0;
	}
	return begin(s);
}

int store_flush(struct store *s)
{
	uint64_t mark = s->mark;
	int      err = store_sync(s);

	while (err == 0 && s->durable < mark && s->job.is_running) {
		await(&s->job.is_done);
		err = finish(s);
		if (err == 0 && (s->durable < mark || s->wants_sync))
			err = begin(s);
	}
	if (err == 0 && s->err != 0)
		err = s->err;
	return err == 0 && s->durable < mark ? ERR_NOSPC : err;
}

int store_tick(struct store *s)
{
	int err = 0;

	if (s->job.is_running &&
	    __atomic_load_n(&s->job.is_done, __ATOMIC_ACQUIRE))
		err = finish(s);
	if (s->compaction.is_running &&
	    __atomic_load_n(&s->compaction.is_done, __ATOMIC_ACQUIRE))
		err = store_compact_finish(s);
	if (s->err != 0)
		return s->err;
	if (err == 0 && !s->job.is_running && (s->wants_sync ||
	    s->wants_retire))
		err = begin(s);
	if (s->wants_compaction && !s->compaction.is_running)
		store_compact_begin(s);
	return err;
}

void store_wait_compaction(struct store *s)
{
	if (!s->compaction.is_running)
		return;
	await(&s->compaction.is_done);
	store_compact_finish(s);
}

void store_wait(struct store *s)
{
	int err = 0;

	store_wait_compaction(s);
	while (s->job.is_running) {
		await(&s->job.is_done);
		err = finish(s);
		if (err == 0 && s->wants_sync && s->err == 0)
			begin(s);
	}
}
