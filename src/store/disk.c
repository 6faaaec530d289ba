/* store/disk.c - the operating system's files behind the table. */
#include "store/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

int disk_err(int64_t result)
{
	if (result >= 0)
		return 0;
	switch (-result) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:  return ERR_NOSPC;
	case ENOENT: return ERR_NOTFOUND;
	case EEXIST: return ERR_EXISTS;
	case ENOMEM: return ERR_NOMEM;
	case EMFILE:
	case ENFILE: return ERR_BUSY;
	default:     return ERR_IO;
	}
}

static int real_open_dir(struct disk *d, const char *path, bool create)
{
	int fd;

	(void)d;
	if (create && mkdir(path, 0700) != 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int real_remove_dir(struct disk *d, const char *path)
{
	(void)d;
	return rmdir(path) != 0 ? -errno : 0;
}

static int real_open(struct disk *d, int dir, const char *name, unsigned how)
{
	int flags = O_CLOEXEC | O_NOFOLLOW;
	int fd;

	(void)d;
	flags |= how & DISK_WRITE ? O_RDWR : O_RDONLY;
	if (how & DISK_CREATE)
		flags |= O_CREAT | O_EXCL;
	fd = openat(dir, name, flags, 0600);
	return fd < 0 ? -errno : fd;
}

static void real_close(struct disk *d, int fd)
{
	(void)d;
	close(fd);
}

static ssize_t real_pread(struct disk *d, int fd, void *p, size_t n,
    uint64_t at)
{
	size_t done = 0;

	(void)d;
	while (done < n) {
		ssize_t got = pread(fd, (char *)p + done, n - done,
		    (off_t)(at + done));

		if (got == 0)
			break;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			done += (size_t)got;
	}
	return (ssize_t)done;
}

static int real_pwrite(struct disk *d, int fd, const void *p, size_t n,
    uint64_t at)
{
	size_t done = 0;

	(void)d;
	while (done < n) {
		ssize_t put = pwrite(fd, (const char *)p + done, n - done,
		    (off_t)(at + done));

		if (put < 0 && errno != EINTR)
			return -errno;
		if (put > 0)
			done += (size_t)put;
	}
	return 0;
}

static int real_truncate(struct disk *d, int fd, uint64_t size)
{
	(void)d;
	return ftruncate(fd, (off_t)size) != 0 ? -errno : 0;
}

static int64_t real_size(struct disk *d, int fd)
{
	struct stat st;

	(void)d;
	return fstat(fd, &st) != 0 ? -errno : st.st_size;
}

static int real_sync(struct disk *d, int fd)
{
	(void)d;
	return fdatasync(fd) != 0 ? -errno : 0;
}

static int real_sync_dir(struct disk *d, int dir)
{
	(void)d;
	return fsync(dir) != 0 ? -errno : 0;
}

static int real_rename(struct disk *d, int dir, const char *from,
    const char *to)
{
	(void)d;
	return renameat(dir, from, dir, to) != 0 ? -errno : 0;
}

static int real_unlink(struct disk *d, int dir, const char *name)
{
	(void)d;
	return unlinkat(dir, name, 0) != 0 ? -errno : 0;
}

static int real_list(struct disk *d, int dir,
    int (*each)(void *ctx, const char *name), void *ctx)
{
	int            fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int            rc = 0;
	DIR           *stream;
	struct dirent *e;

	(void)d;
	if (fd < 0)
		return -errno;
	stream = fdopendir(fd);
	if (stream == NULL) {
		rc = -errno;
		close(fd);
		return rc;
	}
	while (rc == 0) {
		errno = 0;
		e = readdir(stream);
		if (e == NULL) {
			rc = -errno;
			break;
		}
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = each(ctx, e->d_name);
	}
	closedir(stream);
	return rc;
}

struct disk *disk_real(void)
{
	static struct disk real = {
		.open_dir = real_open_dir, .remove_dir = real_remove_dir,
		.open = real_open, .close = real_close,
		.pread = real_pread, .pwrite = real_pwrite,
		.truncate = real_truncate, .size = real_size,
		.sync = real_sync, .sync_dir = real_sync_dir,
		.rename = real_rename, .unlink = real_unlink,
		.list = real_list,
	};

	return &real;
}
