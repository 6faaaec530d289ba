/* base/log_file.c - a log file that is set aside when it grows too large.
 *
 * The full file is renamed to <file>.YYYY.MM.DD.HH.MM.SS.<ns> and a new one
 * begun, whose first line names the old.  Names sort by age, so the oldest are
 * found by name.  Whatever fails, lines go on into the file that is open; the
 * next attempt comes at twice the size. */
#include "base/log_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

struct log_file {
	int         fd;
	int64_t     n_bytes;
	int64_t     bytes_max;		/* the next rotation; 0: none */
	int64_t     bytes_max_wanted;
	int64_t     files_max;
	char       *path;
	char       *dir;
	const char *name;		/* of the file in dir, inside path */
};

/* ---- life ------------------------------------------------------------- */

/* The descriptor and *size; -1 and errno. */
static int path_open(const char *path, int64_t *size)
{
	struct stat st;
	int         fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
	    0640);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0)
		st.st_size = 0;
	*size = st.st_size;
	return fd;
}

/* Terminals and pipes have no size, and must not be renamed. */
static bool is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static bool split_path(struct log_file *f, const char *path)
{
	const char *slash;

	f->path = strdup(path);
	if (f->path == NULL)
		return false;
	slash = strrchr(f->path, '/');
	f->name = slash == NULL ? f->path : slash + 1;
	f->dir = slash == NULL ? strdup(".")
	    : strndup(f->path, (size_t)(f->name - f->path));
	return f->dir != NULL;
}

void log_file_close(struct log_file *f)
{
	if (f == NULL)
		return;
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f->dir);
	free(f);
}

struct log_file *log_file_open(const char *path, int64_t bytes_max,
    int64_t files_max, const char **why)
{
	struct log_file *f = calloc(1, sizeof *f);

	if (f == NULL) {
		*why = log_why("out of memory");
		return NULL;
	}
	f->fd = -1;
	if (!split_path(f, path)) {
		*why = log_why("out of memory");
		goto fail;
	}
	f->fd = path_open(path, &f->n_bytes);
	if (f->fd < 0) {
		*why = log_why("error opening file: open %s: %s", path,
		    strerror(errno));
		goto fail;
	}
	if (is_regular(f->fd))
		f->bytes_max = f->bytes_max_wanted = bytes_max;
	f->files_max = files_max;
	return f;
fail:
	log_file_close(f);
	return NULL;
}

bool log_file_is_full(const struct log_file *f)
{
	return f->bytes_max > 0 && f->n_bytes > f->bytes_max;
}

/* ---- lines about the file itself -------------------------------------- */

/* Not through log_write, whose lock is held, and never a reason to rotate.
 * "\r\n" is what nats-server ends such lines with.  Frees the text. */
static void tell(struct log_file *f, enum log_level level, struct buf *text)
{
	char       prefix[LOG_PREFIX_MAX];
	struct buf line = { 0 };

	buf_put(&line, prefix, log_prefix(prefix, level, false));
	buf_put_slice(&line, buf_slice(text));
	buf_put_str(&line, "\r\n");
	if (!buf_failed(&line) && !buf_failed(text)) {
		log_put(f->fd, buf_slice(&line));
		f->n_bytes += (int64_t)line.n;
	}
	buf_fini(&line);
	buf_fini(text);
}

static void tell_name(struct log_file *f, const char *what, const char *name)
{
	struct buf text = { 0 };

	buf_put_str(&text, what);
	text_put_quoted(&text, slice_str(name));
	tell(f, LOG_LEVEL_INF, &text);
}

static void tell_no_rotation(struct log_file *f, const char *what)
{
	struct buf text = { 0 };
	int        err = errno;

	if (__builtin_mul_overflow(f->bytes_max, 2, &f->bytes_max))
		f->bytes_max = INT64_MAX;
	buf_printf(&text, "Unable to %s logfile for rotation (%s), "
	    "will attempt next rotation at size %lld", what, strerror(err),
	    (long long)f->bytes_max);
	tell(f, LOG_LEVEL_ERR, &text);
}

static void tell_no_purge(struct log_file *f, const char *what,
    const char *name)
{
	struct buf text = { 0 };
	int        err = errno;

	buf_put_str(&text, what);
	text_put_quoted(&text, slice_str(name));
	buf_printf(&text, " for log purge (%s), will attempt next rotation",
	    strerror(err));
	tell(f, LOG_LEVEL_ERR, &text);
}

/* ---- purging ---------------------------------------------------------- */

/* scandir passes its filter nothing of ours; the log's lock guards this. */
static const char *purged_name;

/* Is it purged_name with a stamp behind? */
static int is_backup(const struct dirent *e)
{
	static const char shape[] = ".0000.00.00.00.00.00.000000000";
	size_t            n = strlen(purged_name);
	const char       *stamp = e->d_name + n;

	if (strncmp(e->d_name, purged_name, n) != 0 ||
	    strlen(stamp) != sizeof shape - 1)
		return 0;
	for (size_t i = 0; i < sizeof shape - 1; i++) {
		bool is_digit = stamp[i] >= '0' && stamp[i] <= '9';

		if (shape[i] == '0' ? !is_digit : stamp[i] != '.')
			return 0;
	}
	return 1;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool backup_remove(struct log_file *f, const char *name)
{
	struct buf path = { 0 };
	char      *p;
	bool       ok;

	buf_printf(&path, "%s/%s", f->dir, name);
	p = buf_take_str(&path);
	ok = p != NULL && unlink(p) == 0;
	free(p);
	return ok;
}

static void purge(struct log_file *f)
{
	struct dirent **names;
	int             n, excess;
	bool            ok = true;

	purged_name = f->name;
	n = scandir(f->dir, &names, is_backup, by_name);
	if (n < 0) {
		tell_no_purge(f, "Unable to read directory ", f->dir);
		return;
	}
	excess = f->files_max - 1 < n ? n - (int)(f->files_max - 1) : 0;
	for (int i = 0; i < n; i++) {
		if (ok && i < excess) {
			ok = backup_remove(f, names[i]->d_name);
			if (ok)
				tell_name(f, "Purged log file ",
				    names[i]->d_name);
			else
				tell_no_purge(f, "Unable to remove ",
				    names[i]->d_name);
		}
		free(names[i]);
	}
	free(names);
}

/* ---- rotation --------------------------------------------------------- */

/* Owned by the caller; NULL: out of memory. */
static char *backup_path(const struct log_file *f)
{
	int64_t    now = clock_wall_ns();
	time_t     s = (time_t)(now / NS_PER_S);
	struct tm  tm = { 0 };
	struct buf b = { 0 };

	localtime_r(&s, &tm);
	buf_printf(&b, "%s.%04d.%02d.%02d.%02d.%02d.%02d.%09d", f->path,
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (int)(now % NS_PER_S));
	return buf_take_str(&b);
}

static void rotate(struct log_file *f)
{
	char   *backup = backup_path(f);
	int64_t size;
	int     fd;

	if (backup == NULL || rename(f->path, backup) != 0) {
		tell_no_rotation(f, "rename");
		goto out;
	}
	fd = path_open(f->path, &size);
	if (fd < 0) {
		int err = errno;

		/* best effort: else lines go on under the backup's name */
		rename(backup, f->path);
		errno = err;
		tell_no_rotation(f, "create");
		goto out;
	}
	close(f->fd);
	f->fd = fd;
	f->n_bytes = size;
	f->bytes_max = f->bytes_max_wanted;
	tell_name(f, "Rotated log, backup saved as ", backup);
	if (f->files_max > 0)
		purge(f);
out:
	free(backup);
}

void log_file_write(struct log_file *f, struct slice line)
{
	log_put(f->fd, line);
	f->n_bytes += (int64_t)line.n;
	if (log_file_is_full(f))
		rotate(f);
}

bool log_file_reopen(struct log_file *f)
{
	struct buf text = { 0 };
	int64_t    size;
	int        fd = path_open(f->path, &size);

	if (fd < 0) {
		buf_printf(&text, "Unable to re-open the logfile (%s)",
		    strerror(errno));
		tell(f, LOG_LEVEL_ERR, &text);
		return false;
	}
	close(f->fd);
	f->fd = fd;
	f->n_bytes = size;
	return true;
}
