/* store/dry_disk.c - a disk over another that it never changes.
 *
 * A file is known from when it was first opened or named; it is copied to
 * memory when it is first written to. */
#include "store/dry_disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "store/ramdisk.h"

enum { NAME_BYTES = 32, DIR_FD = 1 << 20, COPY_BYTES = 64 << 10 };

struct file {
	char name[NAME_BYTES];	/* "": unlinked */
	char below[NAME_BYTES];	/* the name it hides; "": none */
	int  under, ram;	/* descriptors, -1: none */
};

struct dry {
	struct disk  disk;
	struct disk *under, *ram;
	int          dir;
	struct file *files;
	int          n, cap;
};

static struct dry *of(struct disk *d)
{
	return CONTAINER_OF(d, struct dry, disk);
}

static int find(const struct dry *r, const char *name)
{
	for (int i = 0; i < r->n; i++)
		if (strcmp(r->files[i].name, name) == 0)
			return i;
	return -ENOENT;
}

static bool is_hidden(const struct dry *r, const char *name)
{
	for (int i = 0; i < r->n; i++)
		if (strcmp(r->files[i].below, name) == 0)
			return true;
	return false;
}

static int add(struct dry *r, const char *name)
{
	struct file *to;

	if (strlen(name) >= NAME_BYTES)
		return -ENAMETOOLONG;
	if (r->n == r->cap) {
		to = reallocarray(r->files, (size_t)r->cap * 2 + 16,
		    sizeof *to);
		if (to == NULL)
			return -ENOMEM;
		r->files = to;
		r->cap = r->cap * 2 + 16;
	}
	to = &r->files[r->n];
	*to = (struct file){ .under = -1, .ram = -1 };
	memcpy(to->name, name, strlen(name) + 1);
	return r->n++;
}

/* The file of that name, from below if need be. */
static int look_up(struct dry *r, const char *name)
{
	int i = find(r, name), fd;

	if (i >= 0 || is_hidden(r, name))
		return i;
	fd = r->under->open(r->under, r->dir, name, DISK_READ);
	if (fd < 0)
		return fd;
	i = add(r, name);
	if (i < 0) {
		r->under->close(r->under, fd);
		return i;
	}
	r->files[i].under = fd;
	memcpy(r->files[i].below, r->files[i].name, NAME_BYTES);
	return i;
}

static int make_ram(struct dry *r, int i)
{
	char name[NAME_BYTES];

	snprintf(name, sizeof name, "%d", i);
	r->files[i].ram = r->ram->open(r->ram, 0, name,
	    DISK_WRITE | DISK_CREATE);
	return r->files[i].ram < 0 ? r->files[i].ram : 0;
}

static int copy_up(struct dry *r, int i)
{
	struct file *f = &r->files[i];
	uint64_t     at = 0;
	ssize_t      got = 1;
	char        *p;
	int          rc;

	if (f->ram >= 0)
		return 0;
	rc = make_ram(r, i);
	p = malloc(COPY_BYTES);
	if (p == NULL)
		rc = -ENOMEM;
	while (rc >= 0 && got > 0) {
		got = r->under->pread(r->under, f->under, p, COPY_BYTES, at);
		rc = got < 0 ? (int)got
		    : r->ram->pwrite(r->ram, f->ram, p, (size_t)got, at);
		at += got > 0 ? (uint64_t)got : 0;
	}
	free(p);
	return rc;
}

/* ---- the table ------------------------------------------------------------ */

static int dry_open_dir(struct disk *d, const char *path, bool create)
{
	struct dry *r = of(d);
	int         fd;

	(void)create;
	if (r->dir >= 0)
		return DIR_FD;
	fd = r->under->open_dir(r->under, path, false);
	if (fd < 0)
		return fd;
	r->dir = fd;
	return DIR_FD;
}

static int dry_remove_dir(struct disk *d, const char *path)
{
	(void)d;
	(void)path;
	return -EROFS;
}

static int dry_open(struct disk *d, int dir, const char *name, unsigned how)
{
	struct dry *r = of(d);
	int         i = look_up(r, name), rc;

	(void)dir;
	if (!(how & DISK_CREATE))
		return i;
	if (i >= 0)
		return -EEXIST;
	if (i != -ENOENT)
		return i;
	i = add(r, name);
	rc = i < 0 ? i : make_ram(r, i);
	return rc < 0 ? rc : i;
}

static void dry_close(struct disk *d, int fd)
{
	(void)d;
	(void)fd;
}

static ssize_t dry_pread(struct disk *d, int fd, void *p, size_t n,
    uint64_t at)
{
	struct dry        *r = of(d);
	const struct file *f = &r->files[fd];

	return f->ram >= 0 ? r->ram->pread(r->ram, f->ram, p, n, at)
	    : r->under->pread(r->under, f->under, p, n, at);
}

static int dry_pwrite(struct disk *d, int fd, const void *p, size_t n,
    uint64_t at)
{
	struct dry *r = of(d);
	int         rc = copy_up(r, fd);

	return rc < 0 ? rc : r->ram->pwrite(r->ram, r->files[fd].ram, p, n,
	    at);
}

static int dry_truncate(struct disk *d, int fd, uint64_t size)
{
	struct dry *r = of(d);
	int         rc = copy_up(r, fd);

	return rc < 0 ? rc : r->ram->truncate(r->ram, r->files[fd].ram, size);
}

static int64_t dry_size(struct disk *d, int fd)
{
	struct dry        *r = of(d);
	const struct file *f = &r->files[fd];

	return f->ram >= 0 ? r->ram->size(r->ram, f->ram)
	    : r->under->size(r->under, f->under);
}

static int dry_sync(struct disk *d, int fd)
{
	(void)d;
	(void)fd;
	return 0;
}

static int dry_unlink(struct disk *d, int dir, const char *name)
{
	int i = look_up(of(d), name);

	(void)dir;
	if (i >= 0)
		of(d)->files[i].name[0] = '\0';
	return i < 0 ? i : 0;
}

static int dry_rename(struct disk *d, int dir, const char *from,
    const char *to)
{
	int i = look_up(of(d), from);

	if (i < 0)
		return i;
	if (strlen(to) >= NAME_BYTES)
		return -ENAMETOOLONG;
	dry_unlink(d, dir, to);
	memcpy(of(d)->files[i].name, to, strlen(to) + 1);
	return 0;
}

struct listing {
	struct dry *r;
	int       (*each)(void *ctx, const char *name);
	void       *ctx;
};

static int list_below(void *ctx, const char *name)
{
	struct listing *l = ctx;

	if (is_hidden(l->r, name) || find(l->r, name) >= 0)
		return 0;
	return l->each(l->ctx, name);
}

static int dry_list(struct disk *d, int dir,
    int (*each)(void *ctx, const char *name), void *ctx)
{
	struct dry    *r = of(d);
	struct listing l = { r, each, ctx };
	int            rc = 0;

	(void)dir;
	for (int i = 0; i < r->n && rc == 0; i++)
		if (r->files[i].name[0] != '\0')
			rc = each(ctx, r->files[i].name);
	return rc != 0 ? rc : r->under->list(r->under, r->dir, list_below, &l);
}

struct disk *dry_disk_create(struct disk *under)
{
	struct dry *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->under = under;
	r->dir = -1;
	r->ram = ramdisk_create();
	r->disk = (struct disk){
		.open_dir = dry_open_dir, .remove_dir = dry_remove_dir,
		.open = dry_open, .close = dry_close,
		.pread = dry_pread, .pwrite = dry_pwrite,
		.truncate = dry_truncate, .size = dry_size,
		.sync = dry_sync, .sync_dir = dry_sync,
		.rename = dry_rename, .unlink = dry_unlink, .list = dry_list,
	};
	if (r->ram == NULL) {
		free(r);
		return NULL;
	}
	return &r->disk;
}

void dry_disk_destroy(struct disk *d)
{
	struct dry *r = d == NULL ? NULL : of(d);

	if (r == NULL)
		return;
	for (int i = 0; i < r->n; i++)
		if (r->files[i].under >= 0)
			r->under->close(r->under, r->files[i].under);
	if (r->dir >= 0)
		r->under->close(r->under, r->dir);
	ramdisk_destroy(r->ram);
	free(r->files);
	free(r);
}
