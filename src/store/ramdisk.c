/* store/ramdisk.c - files in memory. */
#include "store/ramdisk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"

enum { NAME_MAX_BYTES = 32, FILES_MAX = 1 << 20 };

/* A descriptor is a place in files[]; an unlinked file lives until closed. */
struct file {
	char     name[NAME_MAX_BYTES];	/* "" when it has none any more */
	char    *bytes;
	uint64_t size, cap;
	unsigned n_open;
};

struct ramdisk {
	struct disk   disk;
	struct file **files;
	int           n;
};

static struct ramdisk *of(struct disk *d)
{
	return CONTAINER_OF(d, struct ramdisk, disk);
}

static int find(const struct ramdisk *r, const char *name)
{
	for (int i = 0; i < r->n; i++)
		if (r->files[i] != NULL && strcmp(r->files[i]->name, name) == 0)
			return i;
	return -ENOENT;
}

static int free_place(struct ramdisk *r)
{
	struct file **to;

	for (int i = 0; i < r->n; i++)
		if (r->files[i] == NULL)
			return i;
	if (r->n == FILES_MAX)
		return -EMFILE;
	to = reallocarray(r->files, (size_t)r->n + 1, sizeof *to);
	if (to == NULL)
		return -ENOMEM;
	r->files = to;
	to[r->n] = NULL;
	return r->n++;
}

static int make(struct ramdisk *r, const char *name)
{
	size_t       n = strlen(name);
	int          at = free_place(r);
	struct file *f;

	if (at < 0)
		return at;
	if (n >= NAME_MAX_BYTES)
		return -ENAMETOOLONG;
	f = calloc(1, sizeof *f);
	if (f == NULL)
		return -ENOMEM;
	memcpy(f->name, name, n + 1);
	r->files[at] = f;
	return at;
}

static void forget_if_unused(struct ramdisk *r, int at)
{
	struct file *f = r->files[at];

	if (f->n_open > 0 || f->name[0] != '\0')
		return;
	free(f->bytes);
	free(f);
	r->files[at] = NULL;
}

static int ram_open_dir(struct disk *d, const char *path, bool create)
{
	(void)d;
	(void)path;
	(void)create;
	return FILES_MAX;
}

static int ram_remove_dir(struct disk *d, const char *path)
{
	(void)d;
	(void)path;
	return 0;
}

static int ram_open(struct disk *d, int dir, const char *name, unsigned how)
{
	int at = find(of(d), name);

	(void)dir;
	if (how & DISK_CREATE)
		at = at >= 0 ? -EEXIST : make(of(d), name);
	if (at >= 0)
		of(d)->files[at]->n_open++;
	return at;
}

static void ram_close(struct disk *d, int fd)
{
	if (fd == FILES_MAX)
		return;
	of(d)->files[fd]->n_open--;
	forget_if_unused(of(d), fd);
}

static ssize_t ram_pread(struct disk *d, int fd, void *p, size_t n,
    uint64_t at)
{
	const struct file *f = of(d)->files[fd];

	if (at >= f->size)
		return 0;
	if (n > f->size - at)
		n = (size_t)(f->size - at);
	memcpy(p, f->bytes + at, n);
	return (ssize_t)n;
}

static int resize(struct file *f, uint64_t size)
{
	uint64_t cap = f->cap;
	char    *to;

	if (size > cap) {
		cap = size < 4096 ? 4096 : size + size / 4;
		to = realloc(f->bytes, (size_t)cap);
		if (to == NULL)
			return -ENOMEM;
		f->bytes = to;
		f->cap = cap;
	}
	if (size > f->size)
		memset(f->bytes + f->size, 0, (size_t)(size - f->size));
	f->size = size;
	return 0;
}

static int ram_pwrite(struct disk *d, int fd, const void *p, size_t n,
    uint64_t at)
{
	struct file *f = of(d)->files[fd];
	int          err = at + n > f->size ? resize(f, at + n) : 0;

	if (err == 0 && n > 0)
		memcpy(f->bytes + at, p, n);
	return err;
}

static int ram_truncate(struct disk *d, int fd, uint64_t size)
{
	return resize(of(d)->files[fd], size);
}

static int64_t ram_size(struct disk *d, int fd)
{
	return (int64_t)of(d)->files[fd]->size;
}

static int ram_sync(struct disk *d, int fd)
{
	(void)d;
	(void)fd;
	return 0;
}

static int ram_unlink(struct disk *d, int dir, const char *name)
{
	int at = find(of(d), name);

	(void)dir;
	if (at < 0)
		return at;
	of(d)->files[at]->name[0] = '\0';
	forget_if_unused(of(d), at);
	return 0;
}

static int ram_rename(struct disk *d, int dir, const char *from,
    const char *to)
{
	int at = find(of(d), from);

	if (at < 0)
		return at;
	if (strlen(to) >= NAME_MAX_BYTES)
		return -ENAMETOOLONG;
	ram_unlink(d, dir, to);
	memcpy(of(d)->files[at]->name, to, strlen(to) + 1);
	return 0;
}

static int ram_list(struct disk *d, int dir,
    int (*each)(void *ctx, const char *name), void *ctx)
{
	int rc = 0;

	(void)dir;
	for (int i = 0; i < of(d)->n && rc == 0; i++)
		if (of(d)->files[i] != NULL &&
		    of(d)->files[i]->name[0] != '\0')
			rc = each(ctx, of(d)->files[i]->name);
	return rc;
}

struct disk *ramdisk_create(void)
{
	struct ramdisk *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->disk = (struct disk){
		.open_dir = ram_open_dir, .remove_dir = ram_remove_dir,
		.open = ram_open, .close = ram_close,
		.pread = ram_pread, .pwrite = ram_pwrite,
		.truncate = ram_truncate, .size = ram_size,
		.sync = ram_sync, .sync_dir = ram_sync,
		.rename = ram_rename, .unlink = ram_unlink, .list = ram_list,
	};
	return &r->disk;
}

void ramdisk_destroy(struct disk *d)
{
	if (d == NULL)
		return;
	for (int i = 0; i < of(d)->n; i++)
		if (of(d)->files[i] != NULL) {
			free(of(d)->files[i]->bytes);
			free(of(d)->files[i]);
		}
	free(of(d)->files);
	free(of(d));
}
