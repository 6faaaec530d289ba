/* test/lib/faulty_disk.c - a disk that fails when told to, below any program.
 *
 * Loaded before the C library (LD_PRELOAD) it stands between a server and its
 * files.  FAULTY_DISK names a file that the test and this share: rules, each
 * with a piece of a path, a set of operations, and what becomes of those: an
 * error, or a delay.  test/lib/faulty_disk.py writes them while the server
 * runs; what a rule has hit is counted in it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN = 1, READ = 2, WRITE = 4, TRUNCATE = 8, SYNC = 16, SYNC_DIR = 32,
	RENAME = 64, UNLINK = 128, MKDIR = 256 };

enum { N_RULES = 16, PATH_BYTES = 512 };

/* As in faulty_disk.py. */
struct rule {
	char     path[104];	/* is in the file's; empty: there is no rule */
	uint32_t ops;
	int32_t  error;		/* 0: none */
	int32_t  delay_ms;
	int32_t  place;		/* only reads of this byte of the file; 0: all */
	int64_t  skip;		/* so many pass first */
	int64_t  n;		/* and so many are hit; -1: all from then on */
	int64_t  n_seen, n_hit;
};

static struct rule *rules;

int     open64(const char *path, int flags, ...);
int     openat64(int dir, const char *path, int flags, ...);
ssize_t pread64(int fd, void *p, size_t n, off64_t at);
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at);
int     ftruncate64(int fd, off64_t size);

__attribute__((constructor)) static void attach(void)
{
	const char *name = getenv("FAULTY_DISK");
	int         fd = name == NULL ? -1 : open(name, O_RDWR | O_CLOEXEC);
	size_t      n = N_RULES * sizeof *rules;
	void       *p;

	if (fd < 0)
		return;
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		rules = p;
}

/* Does this rule hit now? */
static int hits(struct rule *r)
{
	int64_t nr = __atomic_fetch_add(&r->n_seen, 1, __ATOMIC_RELAXED);

	if (nr < r->skip || (r->n >= 0 && nr >= r->skip + r->n))
		return 0;
	__atomic_fetch_add(&r->n_hit, 1, __ATOMIC_RELAXED);
	return 1;
}

/* What is read, where it is not all the same. */
struct extent {
	off64_t at;
	size_t  n;
};

static int is_in(int32_t place, const struct extent *x)
{
	return place == 0 || (x != NULL && place >= x->at &&
	    (size_t)(place - x->at) < x->n);
}

/* 0: go on; else errno is set. */
static int fails(uint32_t op, const char *path, const struct extent *x)
{
	if (rules == NULL)
		return 0;
	for (int i = 0; i < N_RULES; i++) {
		struct rule *r = &rules[i];

		if (r->path[0] == '\0' || !(r->ops & op) ||
		    strstr(path, r->path) == NULL || !is_in(r->place, x) ||
		    !hits(r))
			continue;
		if (r->delay_ms > 0)
			poll(NULL, 0, r->delay_ms);
		if (r->error != 0) {
			errno = r->error;
			return 1;
		}
	}
	return 0;
}

/* Where the file is now: its directory may have been renamed. */
static int fails_at(uint32_t op, int fd, const char *name,
    const struct extent *x)
{
	char    link[64], full[PATH_BYTES];
	ssize_t n;

	if (rules == NULL)
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, full, sizeof full - 1);
	full[n < 0 ? 0 : n] = '\0';
	n = n < 0 ? 0 : n;
	if (name != NULL)
		snprintf(full + n, sizeof full - (size_t)n, "/%s", name);
	return fails(op, full, x);
}

static int is_whole(int dir, const char *path)
{
	return dir == AT_FDCWD || path[0] == '/';
}

static int fails_in(uint32_t op, int dir, const char *path)
{
	return is_whole(dir, path) ? fails(op, path, NULL)
	    : fails_at(op, dir, path, NULL);
}

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

/* ---- the calls --------------------------------------------------------------- */

static int open_as(int dir, const char *path, int flags, mode_t mode)
{
	return fails_in(OPEN, dir, path) ? -1
	    : REAL(openat64)(dir, path, flags, mode);
}

#define MODE(flags, mode)				\
	if ((flags) & O_CREAT) {			\
		va_list ap;				\
		va_start(ap, flags);			\
		mode = (mode_t)va_arg(ap, int);		\
		va_end(ap);				\
	}

int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE(flags, mode)
	return open_as(AT_FDCWD, path, flags, mode);
}

int openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE(flags, mode)
	return open_as(dir, path, flags, mode);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t at)
{
	return fails_at(READ, fd, NULL, &(struct extent){ at, n }) ? -1
	    : REAL(pread64)(fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	return fails_at(WRITE, fd, NULL, NULL) ? -1 : REAL(pwrite64)(fd, p, n, at);
}

int ftruncate64(int fd, off64_t size)
{
	return fails_at(TRUNCATE, fd, NULL, NULL) ? -1
	    : REAL(ftruncate64)(fd, size);
}

int fdatasync(int fd)
{
	return fails_at(SYNC, fd, NULL, NULL) ? -1 : REAL(fdatasync)(fd);
}

int fsync(int fd)
{
	return fails_at(SYNC_DIR, fd, NULL, NULL) ? -1 : REAL(fsync)(fd);
}

int rename(const char *from, const char *to)
{
	return fails(RENAME, from, NULL) ? -1 : REAL(rename)(from, to);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return fails_in(RENAME, from_dir, from) ? -1
	    : REAL(renameat)(from_dir, from, to_dir, to);
}

int unlinkat(int dir, const char *path, int flags)
{
	return fails_in(UNLINK, dir, path) ? -1 : REAL(unlinkat)(dir, path, flags);
}

int mkdir(const char *path, mode_t mode)
{
	return fails(MKDIR, path, NULL) ? -1 : REAL(mkdir)(path, mode);
}
