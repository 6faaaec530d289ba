/* js/place.c - directories of accounts and streams. */
#include "js/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/nuid.h"
#include "store/disk.h"

#define GONE ".gone"

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Longer than a file's name may be: the first bytes and a sum of all. */
static void put_long(struct buf *out, struct slice name)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; i < name.n; i++)
		sum = (sum ^ (uint8_t)name.p[i]) * 0x100000001b3u;
	for (size_t i = 0; i < 60; i++)
		buf_put_char(out, is_plain(name.p[i]) ? name.p[i] : '_');
	buf_printf(out, "%%-%016llx", (unsigned long long)sum);
}

char *place_of(const char *parent, struct slice name)
{
	struct buf path = { 0 };
	size_t     n = 0;

	buf_put_str(&path, parent);
	buf_put_char(&path, '/');
	for (size_t i = 0; i < name.n; i++)
		n += is_plain(name.p[i]) ? 1 : 3;
	if (n > 200)
		put_long(&path, name);
	for (size_t i = 0; n <= 200 && i < name.n; i++)
		if (is_plain(name.p[i]))
			buf_put_char(&path, name.p[i]);
		else
			buf_printf(&path, "%%%02X", (uint8_t)name.p[i]);
	return buf_take_str(&path);
}

static int sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return disk_err(-errno);
	if (fsync(fd) != 0)
		err = ERR_IO;
	close(fd);
	return err;
}

int place_sync_parent(const char *dir)
{
	const char *slash = strrchr(dir, '/');
	char       *parent;
	int         err;

	if (slash == NULL)
		return sync_dir(".");
	parent = slash == dir ? strdup("/")
	    : strndup(dir, (size_t)(slash - dir));
	if (parent == NULL)
		return ERR_NOMEM;
	err = sync_dir(parent);
	free(parent);
	return err;
}

bool place_is_there(const char *dir)
{
	return access(dir, F_OK) == 0;
}

int place_make(const char *dir)
{
	if (mkdir(dir, 0700) == 0)
		return place_sync_parent(dir);
	return errno == EEXIST ? 0 : disk_err(-errno);
}

int place_make_all(const char *dir)
{
	char *path = strdup(dir);
	int   err = path == NULL ? ERR_NOMEM : 0;

	for (char *p = path; err == 0 && (p = strchr(p + 1, '/')) != NULL;) {
		*p = '\0';
		if (!place_is_there(path))
			err = place_make(path);
		*p = '/';
	}
	if (err == 0 && !place_is_there(path))
		err = place_make(path);
	free(path);
	return err;
}

int place_move(char **dir, char *to)
{
	int err;

	if (to == NULL)
		return ERR_NOMEM;
	if (place_is_there(to))
		err = ERR_EXISTS;
	else
		err = rename(*dir, to) == 0 ? 0 : disk_err(-errno);
	if (err != 0) {
		free(to);
		return err;
	}
	free(*dir);
	*dir = to;
	return place_sync_parent(to);
}

/* No two have the same: files of an earlier one may still be there. */
static char *gone_name(const char *dir)
{
	struct buf path = { 0 };
	char       nuid[NUID_CHARS];

	nuid_next(nuid);
	buf_printf(&path, "%s.%.*s" GONE, dir, NUID_CHARS, nuid);
	return buf_take_str(&path);
}

int place_mark_gone(char **dir)
{
	char *to = gone_name(*dir);

	if (to == NULL)
		return ERR_NOMEM;
	if (rename(*dir, to) != 0) {
		int err = disk_err(-errno);

		free(to);
		return err;
	}
	free(*dir);
	*dir = to;
	return 0;
}

char *place_beside(const char *parent, struct slice name)
{
	char *plain = place_of(parent, name);
	char *path = plain == NULL ? NULL : gone_name(plain);

	free(plain);
	return path;
}

bool place_is_gone(const char *dir)
{
	size_t n = strlen(dir);

	return n >= sizeof GONE && strcmp(dir + n - (sizeof GONE - 1), GONE) == 0;
}

/* Files of one directory, or directories of files: no deeper. */
static int remove_flat(int fd, bool may_descend)
{
	DIR           *d = fdopendir(fd);
	struct dirent *e;
	int            err = 0;

	if (d == NULL) {
		close(fd);
		return ERR_IO;
	}
	while ((e = readdir(d)) != NULL) {
		int sub;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(d), e->d_name, 0) == 0)
			continue;
		sub = may_descend ? openat(dirfd(d), e->d_name, O_RDONLY |
		    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
		if (sub < 0 || remove_flat(sub, false) != 0 ||
		    unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR) != 0)
			err = ERR_IO;
	}
	closedir(d);
	return err;
}

int place_remove(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : ERR_IO;
	return remove_flat(fd, true) == 0 && rmdir(dir) == 0 ? 0 : ERR_IO;
}

int place_each(const char *dir, void (*each)(void *ctx, const char *path),
    void *ctx)
{
	DIR           *d = opendir(dir);
	struct dirent *e;

	if (d == NULL)
		return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
	while ((e = readdir(d)) != NULL) {
		struct buf path = { 0 };
		char      *p;

		if (e->d_name[0] == '.')
			continue;
		buf_put_str(&path, dir);
		buf_put_char(&path, '/');
		buf_put_str(&path, e->d_name);
		p = buf_take_str(&path);
		if (p != NULL)
			each(ctx, p);
		free(p);
	}
	closedir(d);
	return 0;
}
