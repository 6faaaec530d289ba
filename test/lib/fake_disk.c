/* test/lib/fake_disk.c - a disk in memory that does what disks do. */
#include "fake_disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "store/crc.h"

enum { NAME_BYTES = 32, DIR_FD = 1 << 20, NAMES_MAX = 512,
	FILES_MAX = 8192 };	/* ever */

struct bytes {
	char  *p;
	size_t n;
};

/* What was done to a file since it was last synced. */
struct change {
	bool   is_truncate;
	size_t at;		/* or the size */
	struct bytes data;
};

struct file {
	struct bytes   now, synced;
	struct change *changes;
	size_t         n_changes;
	unsigned       n_refs;	/* names, here and there, and descriptors */
};

struct name {
	char name[NAME_BYTES];
	int  file;
};

struct names {
	struct name names[NAMES_MAX];
	size_t      n;
};

/* A step of the directory: to is "" for an unlink, from for a new file. */
struct step {
	char from[NAME_BYTES], to[NAME_BYTES];
	int  file;
};

struct fake {
	struct disk  disk;
	struct file *files[FILES_MAX];
	int          n_files;
	struct names now, synced;
	struct step *steps;
	size_t       n_steps;
	uint64_t     size_max;
	long         n_ops, n_of[N_FAKE_OPS], fail_at;
	int          error;
	bool         for_ever, counts_reads, has_failed;
};

static struct fake *of(const struct disk *d)
{
	return CONTAINER_OF(d, struct fake, disk);
}

static void *must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

/* ---- bytes and names ------------------------------------------------------ */

static void resize(struct bytes *b, size_t n)
{
	b->p = must(realloc(b->p, n + 1));
	if (n > b->n)
		memset(b->p + b->n, 0, n - b->n);
	b->n = n;
}

static struct bytes copy(struct bytes b)
{
	struct bytes to = { 0 };

	resize(&to, b.n);
	if (b.n > 0)
		memcpy(to.p, b.p, b.n);
	return to;
}

static void write_at(struct bytes *b, size_t at, const void *p, size_t n)
{
	if (at + n > b->n)
		resize(b, at + n);
	if (n > 0)
		memcpy(b->p + at, p, n);
}

static int find(const struct names *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->names[i].name, name) == 0)
			return (int)i;
	return -1;
}

static void set(struct names *l, const char *name, int file)
{
	int i = find(l, name);

	if (i < 0)
		i = (int)l->n++;
	if (l->n > NAMES_MAX)
		abort();
	snprintf(l->names[i].name, NAME_BYTES, "%s", name);
	l->names[i].file = file;
}

static void drop(struct names *l, const char *name)
{
	int i = find(l, name);

	if (i >= 0)
		l->names[i] = l->names[--l->n];
}

static void take_step(struct names *l, const struct step *s)
{
	if (s->to[0] == '\0') {
		drop(l, s->from);
	} else {
		drop(l, s->from);
		set(l, s->to, s->file);
	}
}

static void add_step(struct fake *f, const char *from, const char *to,
    int file)
{
	struct step s = { .file = file };

	strncpy(s.from, from, NAME_BYTES - 1);
	strncpy(s.to, to, NAME_BYTES - 1);
	f->steps = must(realloc(f->steps, (f->n_steps + 1) * sizeof s));
	f->steps[f->n_steps++] = s;
	take_step(&f->now, &s);
}

static void add_change(struct file *x, bool is_truncate, size_t at,
    struct bytes data)
{
	x->changes = must(realloc(x->changes,
	    (x->n_changes + 1) * sizeof *x->changes));
	x->changes[x->n_changes++] = (struct change){ is_truncate, at, data };
}

static void forget_changes(struct file *x)
{
	for (size_t i = 0; i < x->n_changes; i++)
		free(x->changes[i].data.p);
	free(x->changes);
	x->changes = NULL;
	x->n_changes = 0;
}

/* ---- the table ------------------------------------------------------------ */

/* 0, or -errno when this one is to fail. */
static int op(struct disk *d, enum fake_op what)
{
	struct fake *f = of(d);

	f->n_of[what]++;
	if (what == FAKE_READ && !f->counts_reads)
		return 0;
	f->n_ops++;
	if (f->fail_at == 0)
		return 0;
	if (f->n_ops == f->fail_at || (f->for_ever && f->n_ops > f->fail_at)) {
		f->has_failed = true;
		return -f->error;
	}
	return 0;
}

static int fake_open_dir(struct disk *d, const char *path, bool create)
{
	(void)path;
	(void)create;
	return op(d, FAKE_OPEN) < 0 ? -EIO : DIR_FD;
}

static int fake_remove_dir(struct disk *d, const char *path)
{
	(void)path;
	return of(d)->now.n == 0 ? 0 : -ENOTEMPTY;
}

static int fake_open(struct disk *d, int dir, const char *name, unsigned how)
{
	struct fake *f = of(d);
	int          i = find(&f->now, name), rc = op(d, FAKE_OPEN);

	(void)dir;
	if (rc < 0)
		return rc;
	if (i >= 0)
		return how & DISK_CREATE ? -EEXIST : f->now.names[i].file;
	if (!(how & DISK_CREATE))
		return -ENOENT;
	if (f->n_files == FILES_MAX)
		abort();
	f->files[f->n_files] = must(calloc(1, sizeof *f->files[0]));
	add_step(f, name, name, f->n_files);
	return f->n_files++;
}

static void fake_close(struct disk *d, int fd)
{
	(void)d;
	(void)fd;
}

static ssize_t fake_pread(struct disk *d, int fd, void *p, size_t n,
    uint64_t at)
{
	const struct bytes *b = &of(d)->files[fd]->now;
	int                 rc = op(d, FAKE_READ);

	if (rc < 0)
		return rc;
	if (at >= b->n)
		return 0;
	if (n > b->n - at)
		n = b->n - at;
	memcpy(p, b->p + at, n);
	return (ssize_t)n;
}

static uint64_t used(const struct fake *f)
{
	uint64_t n = 0;

	for (size_t i = 0; i < f->now.n; i++)
		n += f->files[f->now.names[i].file]->now.n;
	return n;
}

static int write_some(struct file *x, const void *p, size_t n, size_t at)
{
	struct bytes data = { 0 };

	write_at(&data, 0, p, n);
	write_at(&x->now, at, p, n);
	add_change(x, false, at, data);
	return 0;
}

static int fake_pwrite(struct disk *d, int fd, const void *p, size_t n,
    uint64_t at)
{
	struct fake *f = of(d);
	struct file *x = f->files[fd];
	uint64_t     grows = at + n > x->now.n ? at + n - x->now.n : 0;
	int          rc = op(d, FAKE_WRITE);

	if (rc < 0 && n > 1)
		write_some(x, p, n / 2, at);
	if (rc < 0)
		return rc;
	if (f->size_max > 0 && grows > 0 && used(f) + grows > f->size_max) {
		if (n > 1)
			write_some(x, p, n / 3 < grows ? 0 : n / 3, at);
		return -ENOSPC;
	}
	return write_some(x, p, n, at);
}

static int fake_truncate(struct disk *d, int fd, uint64_t size)
{
	struct file *x = of(d)->files[fd];
	int          rc = op(d, FAKE_TRUNCATE);

	if (rc < 0)
		return rc;
	resize(&x->now, size);
	add_change(x, true, size, (struct bytes){ 0 });
	return 0;
}

static int64_t fake_size(struct disk *d, int fd)
{
	return (int64_t)of(d)->files[fd]->now.n;
}

/* After a failed sync the changes are neither there nor tried again. */
static int fake_sync(struct disk *d, int fd)
{
	struct file *x = of(d)->files[fd];
	int          rc = op(d, FAKE_SYNC);

	if (rc == 0) {
		free(x->synced.p);
		x->synced = copy(x->now);
	}
	forget_changes(x);
	return rc;
}

static int fake_sync_dir(struct disk *d, int dir)
{
	struct fake *f = of(d);
	int          rc = op(d, FAKE_SYNC_DIR);

	(void)dir;
	if (rc == 0)
		f->synced = f->now;
	f->n_steps = 0;
	return rc;
}

static int fake_rename(struct disk *d, int dir, const char *from,
    const char *to)
{
	struct fake *f = of(d);
	int          i = find(&f->now, from), rc = op(d, FAKE_RENAME);

	(void)dir;
	if (rc < 0)
		return rc;
	if (i < 0)
		return -ENOENT;
	add_step(f, from, to, f->now.names[i].file);
	return 0;
}

static int fake_unlink(struct disk *d, int dir, const char *name)
{
	struct fake *f = of(d);
	int          rc = op(d, FAKE_UNLINK);

	(void)dir;
	if (rc < 0)
		return rc;
	if (find(&f->now, name) < 0)
		return -ENOENT;
	add_step(f, name, "", 0);
	return 0;
}

static int fake_list(struct disk *d, int dir,
    int (*each)(void *ctx, const char *name), void *ctx)
{
	struct names l = of(d)->now;
	int          rc = op(d, FAKE_OPEN);

	(void)dir;
	for (size_t i = 0; i < l.n && rc == 0; i++)
		rc = each(ctx, l.names[i].name);
	return rc;
}

struct disk *fake_disk_create(void)
{
	struct fake *f = must(calloc(1, sizeof *f));

	f->disk = (struct disk){
		.open_dir = fake_open_dir, .remove_dir = fake_remove_dir,
		.open = fake_open, .close = fake_close,
		.pread = fake_pread, .pwrite = fake_pwrite,
		.truncate = fake_truncate, .size = fake_size,
		.sync = fake_sync, .sync_dir = fake_sync_dir,
		.rename = fake_rename, .unlink = fake_unlink,
		.list = fake_list,
	};
	return &f->disk;
}

void fake_disk_destroy(struct disk *d)
{
	struct fake *f = of(d);

	for (int i = 0; i < f->n_files; i++) {
		forget_changes(f->files[i]);
		free(f->files[i]->now.p);
		free(f->files[i]->synced.p);
		free(f->files[i]);
	}
	free(f->steps);
	free(f);
}

/* ---- trouble -------------------------------------------------------------- */

void fake_disk_fail_at(struct disk *d, long n, int error, bool for_ever,
    bool reads)
{
	struct fake *f = of(d);

	f->n_ops = 0;
	f->fail_at = n;
	f->error = error;
	f->for_ever = for_ever;
	f->counts_reads = reads;
	f->has_failed = false;
}

bool fake_disk_has_failed(const struct disk *d)
{
	return of(d)->has_failed;
}

long fake_disk_n_ops(const struct disk *d)
{
	return of(d)->n_ops;
}

long fake_disk_n_of(const struct disk *d, enum fake_op what)
{
	return of(d)->n_of[what];
}

void fake_disk_set_size(struct disk *d, uint64_t bytes)
{
	of(d)->size_max = bytes;
}

static uint32_t dice(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)*seed * n >> 32);
}

static void redo(struct bytes *b, const struct change *c, size_t n)
{
	if (c->is_truncate)
		resize(b, c->at);
	else
		write_at(b, c->at, c->data.p, n);
}

/* Sectors of the write reach the medium or not, each for itself; one may be
 * cut anywhere. */
static void tear(struct bytes *b, const struct change *c, uint32_t *seed)
{
	for (size_t at = 0; at < c->data.n; at += 512) {
		size_t n = c->data.n - at < 512 ? c->data.n - at : 512;

		if (dice(seed, 8) == 0)
			n = dice(seed, (uint32_t)n + 1);
		else if (dice(seed, 2) == 0)
			continue;
		write_at(b, c->at + at, c->data.p + at, n);
	}
}

static struct bytes survive(const struct file *x, enum fake_cut how,
    uint32_t *seed)
{
	struct bytes b = copy(x->synced);
	size_t       n = x->n_changes;

	if (how == CUT_NOTHING || n == 0)
		return b;
	if (how == CUT_PREFIX)
		n = dice(seed, (uint32_t)n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct change *c = &x->changes[i];

		if (how == CUT_ANY && c->is_truncate && dice(seed, 2) == 0)
			continue;
		if (how == CUT_ANY && !c->is_truncate)
			tear(&b, c, seed);
		else if (how == CUT_PREFIX && i + 1 == n && !c->is_truncate)
			redo(&b, c, dice(seed, (uint32_t)c->data.n + 1));
		else
			redo(&b, c, c->data.n);
	}
	return b;
}

static void put_file(struct fake *to, const char *name, struct bytes b)
{
	struct file *x = must(calloc(1, sizeof *x));

	x->now = b;
	x->synced = copy(b);
	to->files[to->n_files] = x;
	set(&to->now, name, to->n_files++);
	to->synced = to->now;
}

struct disk *fake_disk_cut(const struct disk *d, enum fake_cut how,
    uint32_t seed)
{
	const struct fake *f = of(d);
	struct fake       *to = of(fake_disk_create());
	struct names       names = f->synced;

	for (size_t i = 0; i < f->n_steps; i++)
		if (how == CUT_ALL || (how == CUT_ANY && dice(&seed, 2) == 0) ||
		    (how == CUT_PREFIX && i < seed % (f->n_steps + 1)))
			take_step(&names, &f->steps[i]);
	for (size_t i = 0; i < names.n; i++)
		put_file(to, names.names[i].name, survive(
		    f->files[names.names[i].file], how, &seed));
	return &to->disk;
}

struct disk *fake_disk_copy(const struct disk *d)
{
	const struct fake *f = of(d);
	struct fake       *to = of(fake_disk_create());

	for (size_t i = 0; i < f->now.n; i++)
		put_file(to, f->now.names[i].name,
		    copy(f->files[f->now.names[i].file]->now));
	return &to->disk;
}

char *fake_disk_bytes(struct disk *d, const char *name, size_t *n)
{
	int i = find(&of(d)->now, name);

	if (i < 0)
		return NULL;
	*n = of(d)->files[of(d)->now.names[i].file]->now.n;
	return of(d)->files[of(d)->now.names[i].file]->now.p;
}

void fake_disk_resize(struct disk *d, const char *name, size_t n)
{
	int i = find(&of(d)->now, name);

	if (i >= 0)
		resize(&of(d)->files[of(d)->now.names[i].file]->now, n);
}

const char *fake_disk_name(const struct disk *d, size_t i)
{
	return i < of(d)->now.n ? of(d)->now.names[i].name : NULL;
}

void fake_disk_remove(struct disk *d, const char *name)
{
	drop(&of(d)->now, name);
	of(d)->synced = of(d)->now;
}

uint32_t fake_disk_sum(struct disk *d)
{
	uint32_t    sum = 0;
	const char *name;

	for (size_t i = 0; (name = fake_disk_name(d, i)) != NULL; i++) {
		size_t      n;
		const char *p = fake_disk_bytes(d, name, &n);

		sum = crc32c(crc32c(sum, name, strlen(name)), p, n);
	}
	return sum;
}
