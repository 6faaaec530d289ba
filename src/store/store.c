/* store/store.c - a store's life, from create to close. */
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "store/store_int.h"

static const char *const meta_names[2] = { "meta.a", "meta.b" };

/* ---- memory --------------------------------------------------------------- */

struct store *store_alloc(const struct store_config *c)
{
	struct store *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->cfg = *c;
	s->disk = c->disk;
	s->dir = s->meta_fd[0] = s->meta_fd[1] = -1;
	if (s->cfg.block_bytes == 0)
		s->cfg.block_bytes = BLOCK_BYTES_DEFAULT;
	if (s->cfg.block_bytes < BLOCK_BYTES_MIN)
		s->cfg.block_bytes = BLOCK_BYTES_MIN;
	list_init(&s->chunks);
	list_init(&s->noise);
	list_init(&s->job.chunks);
	s->subjects = subjects_create();
	if (s->subjects == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

static void close_fd(struct store *s, int *fd)
{
	if (*fd >= 0)
		s->disk->close(s->disk, *fd);
	*fd = -1;
}

void store_free(struct store *s)
{
	if (s == NULL)
		return;
	store_let_go();
	store_free_chunks(&s->chunks);
	store_free_chunks(&s->noise);
	store_free_chunks(&s->job.chunks);
	for (size_t i = 0; i < s->n_blocks; i++)
		block_file_destroy(s, s->blocks[i]);
	free(s->blocks);
	free(s->job.duties);
	buf_fini(&s->job.meta);
	for (int i = 0; i < N_DYING; i++)
		free(s->dying[i].runs);
	buf_fini(&s->spare);
	buf_fini(&s->packed);
	seal_destroy(s->seal);
	seal_destroy(s->job.seal);
	buf_fini(&s->window);
	buf_fini(&s->blob);
	store_msg_fini(&s->own);
	subjects_destroy(s->subjects);
	close_fd(s, &s->meta_fd[0]);
	close_fd(s, &s->meta_fd[1]);
	close_fd(s, &s->dir);
	free(s);
}

int store_fail(struct store *s, int err)
{
	if (s->err == 0) {
		s->err = err;
		log_error("Store %02x%02x%02x%02x is read-only from here on: %s",
		    s->meta.id.b[0], s->meta.id.b[1], s->meta.id.b[2],
		    s->meta.id.b[3], err_text(err));
	}
	return s->err;
}

int store_error(const struct store *s)
{
	return s->err;
}

/* ---- meta ----------------------------------------------------------------- */

static int open_meta_copy(struct store *s, int which)
{
	struct disk *d = s->disk;

	if (s->meta_fd[which] < 0)
		s->meta_fd[which] = d->open(d, s->dir, meta_names[which],
		    DISK_WRITE);
	if (s->meta_fd[which] == -ENOENT)
		s->meta_fd[which] = d->open(d, s->dir, meta_names[which],
		    DISK_WRITE | DISK_CREATE);
	return s->meta_fd[which] < 0 ? disk_err(s->meta_fd[which]) : 0;
}

static int write_meta_copy(struct store *s, int which, struct slice image)
{
	struct disk *d = s->disk;
	int          err = open_meta_copy(s, which), rc;

	if (err != 0)
		return err;
	rc = d->pwrite(d, s->meta_fd[which], image.p, image.n, 0);
	if (rc < 0)
		return disk_err(rc);
	return d->sync(d, s->meta_fd[which]) < 0 ? ERR_IO : 0;
}

/* One after the other, so that one of them is whole at any time. */
int store_write_meta(struct store *s)
{
	struct buf image = { 0 };
	int        err = store_put_meta(s, &image);

	for (int i = 0; i < 2 && err == 0; i++)
		err = write_meta_copy(s, i, buf_slice(&image));
	buf_fini(&image);
	return err;
}

static int keep_blob(struct store *s, struct slice blob)
{
	struct buf copy = { 0 };

	buf_put_slice(&copy, blob);
	if (buf_failed(&copy)) {
		buf_fini(&copy);
		return ERR_NOMEM;
	}
	buf_fini(&s->blob);
	s->blob = copy;
	s->meta.blob = buf_slice(&s->blob);
	return 0;
}

int store_set_blob(struct store *s, struct slice blob)
{
	int err = s->err;

	if (blob.n > META_BLOB_MAX)
		return ERR_LIMIT;
	for (int i = 0; i < 2 && err == 0; i++)
		err = open_meta_copy(s, i);
	if (err == 0)
		err = keep_blob(s, blob);
	if (err != 0)
		return err == ERR_IO ? store_fail(s, err) : err;
	s->meta.blob_generation++;
	s->wants_meta = true;
	s->mark++;
	/* a full disk keeps that from being repeated, not from being so */
	err = store_repeat_blob(s);
	return err == ERR_IO ? err : 0;
}

void store_set_compression(struct store *s, bool is_on)
{
	s->cfg.is_compressed = is_on;
}

struct slice store_blob(const struct store *s)
{
	return s->meta.blob;
}

/* ---- the reserve ---------------------------------------------------------- */

static int fill_reserve(struct store *s, int fd)
{
	static const char zeros[16 << 10];
	uint64_t          at = 0;
	int               rc = 0;

	while (at < s->cfg.reserve_bytes && rc >= 0) {
		size_t n = sizeof zeros;

		if (n > s->cfg.reserve_bytes - at)
			n = (size_t)(s->cfg.reserve_bytes - at);
		rc = s->disk->pwrite(s->disk, fd, zeros, n, at);
		at += n;
	}
	return rc < 0 ? rc : s->disk->sync(s->disk, fd);
}

/* 0 too when there is to be none. */
int store_make_reserve(struct store *s)
{
	struct disk *d = s->disk;
	int          fd, rc;

	if (s->cfg.reserve_bytes == 0 || s->has_reserve)
		return 0;
	fd = d->open(d, s->dir, "reserve", DISK_WRITE);
	if (fd == -ENOENT)
		fd = d->open(d, s->dir, "reserve", DISK_WRITE | DISK_CREATE);
	if (fd < 0)
		return disk_err(fd);
	rc = fill_reserve(s, fd);
	d->close(d, fd);
	if (rc < 0)
		d->unlink(d, s->dir, "reserve");
	s->has_reserve = rc >= 0;
	return disk_err(rc);
}

/* false: it has been given away already. */
bool store_take_reserve(struct store *s)
{
	if (!s->has_reserve)
		return false;
	s->has_reserve = false;
	s->is_full = true;
	log_warn("Store %02x%02x%02x%02x: the disk is full, living on the "
	    "reserve", s->meta.id.b[0], s->meta.id.b[1], s->meta.id.b[2],
	    s->meta.id.b[3]);
	return s->disk->unlink(s->disk, s->dir, "reserve") >= 0;
}

/* ---- create --------------------------------------------------------------- */

static int stop_at_first(void *ctx, const char *name)
{
	(void)ctx;
	/* what a create that was cut short has left does not count */
	return strcmp(name, "reserve") == 0 ||
	    strcmp(name, "00000001.blk") == 0 ? 0 : 1;
}

/* A directory with one empty block, and last the metadata: without that there
 * is no store, and create may be called again. */
static int make_files(struct store *s, uint64_t first_seq)
{
	struct disk *d = s->disk;
	char         name[FILE_NAME_BYTES];
	int          err;

	if (d->list(d, s->dir, stop_at_first, NULL) != 0)
		return ERR_EXISTS;
	block_name(1, name);
	d->unlink(d, s->dir, name);
	err = store_make_reserve(s);
	if (err == 0)
		err = store_roll(s, first_seq, false);
	if (err == 0)
		err = store_sync(s);
	store_wait(s);
	if (err == 0)
		err = s->err;
	if (err == 0)
		err = store_write_meta(s);
	return err == 0 ? disk_err(d->sync_dir(d, s->dir)) : err;
}

/* The name of the new directory is durable when its parent is synced. */
static int sync_parent(struct disk *d, const char *path)
{
	struct buf  parent = { 0 };
	const char *slash = strrchr(path, '/');
	char       *p;
	int         fd, rc;

	if (slash == path)
		buf_put_char(&parent, '/');
	else if (slash != NULL)
		buf_put(&parent, path, (size_t)(slash - path));
	else
		buf_put_char(&parent, '.');
	p = buf_take_str(&parent);
	if (p == NULL)
		return ERR_NOMEM;
	fd = d->open_dir(d, p, false);
	rc = fd < 0 ? fd : d->sync_dir(d, fd);
	if (fd >= 0)
		d->close(d, fd);
	free(p);
	return disk_err(rc);
}

static int create(struct store *s, const char *path, uint64_t first_seq,
    struct slice blob)
{
	int err;

	if (first_seq == 0)
		first_seq = 1;
	random_bytes(s->meta.id.b, sizeof s->meta.id.b);
	s->meta.base_seq = first_seq;
	s->meta.newest_nr = 1;
	s->meta.newest_first_seq = first_seq;
	s->meta.opened = 1;
	s->meta.blob_generation = 1;
	s->last_seq = s->durable_seq = first_seq - 1;
	s->first_seq = first_seq;
	err = keep_blob(s, blob);
	if (err == 0 && s->cfg.secret != NULL)
		err = store_make_key(s);
	if (err != 0)
		return err;
	s->dir = s->disk->open_dir(s->disk, path, true);
	if (s->dir < 0)
		return disk_err(s->dir);
	err = make_files(s, first_seq);
	return err != 0 || s->cfg.is_volatile ? err : sync_parent(s->disk, path);
}

int store_create(const struct store_config *c, const char *path,
    uint64_t first_seq, struct slice blob, struct store **ret)
{
	struct store *s;
	int           err;

	if (blob.n > META_BLOB_MAX)
		return ERR_LIMIT;
	if (first_seq > STORE_SEQ_MAX)
		return ERR_RANGE;
	s = store_alloc(c);
	if (s == NULL)
		return ERR_NOMEM;
	err = create(s, path, first_seq, blob);
	if (err != 0)
		store_free(s);
	else
		*ret = s;
	return err;
}

/* ---- close ---------------------------------------------------------------- */

int store_close(struct store *s)
{
	int err;

	store_sync(s);
	store_wait(s);
	err = s->err;
	if (err == 0 && s->durable != s->mark)
		err = ERR_NOSPC;
	if (err == 0 && !s->cfg.is_volatile)
		err = store_save_index(s);
	store_free(s);
	return err;
}

void store_abandon(struct store *s)
{
	if (s == NULL)
		return;
	if (s->err == 0)
		s->err = ERR_CLOSED;
	store_wait(s);
	store_free(s);
}

struct removal {
	const struct store_config *c;
	int                        dir;
	struct buf                 names;
};

static int note_name(void *ctx, const char *name)
{
	struct removal *r = ctx;

	buf_put(&r->names, name, strlen(name) + 1);
	return 0;
}

/* The metadata goes first: what is cut short is no store any more. */
static int remove_names(struct removal *r)
{
	struct disk *d = r->c->disk;
	int          rc = 0;

	for (int i = 0; i < 2; i++)
		d->unlink(d, r->dir, meta_names[i]);
	rc = d->sync_dir(d, r->dir);
	for (size_t at = 0; at < r->names.n && rc >= 0;
	    at += strlen(r->names.p + at) + 1) {
		rc = d->unlink(d, r->dir, r->names.p + at);
		if (rc == -ENOENT)
			rc = 0;
	}
	return rc;
}

int store_remove_files(const struct store_config *c, const char *path)
{
	struct removal r = { .c = c };
	struct disk   *d = c->disk;
	int            rc;

	r.dir = d->open_dir(d, path, false);
	if (r.dir < 0)
		return disk_err(r.dir);
	rc = d->list(d, r.dir, note_name, &r);
	if (buf_failed(&r.names))
		rc = -ENOMEM;
	if (rc >= 0)
		rc = remove_names(&r);
	d->close(d, r.dir);
	buf_fini(&r.names);
	if (rc >= 0)
		rc = d->remove_dir(d, path);
	return rc < 0 || c->is_volatile ? disk_err(rc) : sync_parent(d, path);
}

/* ---- state ---------------------------------------------------------------- */

static void find_first_ts(struct store *s)
{
	if (s->n_msgs == 0) {
		s->first_ts_ns = 0;
		s->first_ts_of = 0;
	} else if (s->first_ts_of != s->first_seq &&
	    store_read(s, s->first_seq, &s->own) == 0) {
		s->first_ts_ns = s->own.ts_ns;
		s->first_ts_of = s->own.seq;
	}
}

void store_get_state(struct store *s, struct store_state *ret)
{
	find_first_ts(s);
	*ret = (struct store_state){
		.n_msgs = s->n_msgs, .bytes = s->bytes,
		.n_subjects = subjects_count(s->subjects),
		.first_seq = s->first_seq, .last_seq = s->last_seq,
		.first_ts_ns = s->first_ts_ns, .last_ts_ns = s->last_ts_ns,
		.n_lost = s->n_lost, .n_torn = s->n_torn,
		.n_blocks = s->n_blocks,
		.index_bytes = subjects_memory(s->subjects),
		.is_full = s->is_full,
	};
	for (size_t i = 0; i < s->n_blocks; i++)
		ret->disk_bytes += s->blocks[i]->ready;
}

struct store_totals store_totals(const struct store *s)
{
	return (struct store_totals){ s->n_msgs, s->bytes, s->first_seq,
		s->last_seq };
}

uint64_t store_last_seq(const struct store *s)
{
	return s->last_seq;
}

int64_t store_last_ts_ns(const struct store *s)
{
	return s->last_ts_ns;
}

void store_get_pending(const struct store *s, uint64_t *n_msgs,
    uint64_t *bytes)
{
	*n_msgs = s->pending_msgs;
	*bytes = s->pending_bytes;
}

uint64_t store_mark(const struct store *s)
{
	return s->mark;
}

uint64_t store_durable(const struct store *s)
{
	return s->durable;
}

uint64_t store_durable_seq(const struct store *s)
{
	return s->durable_seq;
}
