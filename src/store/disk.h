/* store/disk.h - all that a store asks of a file system, as a table.
 *
 * The real one is below; memory (store/ramdisk) is another, and the tests have
 * one that tears, forgets, fills up and fails.  Names are relative to an open
 * directory and hold no '/'.  Whatever fails returns -errno.
 *
 * A function of the table may be called from several threads, each with files
 * of its own.
 */
#ifndef STORE_DISK_H
#define STORE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum disk_open {
	DISK_READ   = 0,
	DISK_WRITE  = 1,	/* and read */
	DISK_CREATE = 2,	/* with WRITE; must not exist */
};

struct disk {
	/* A descriptor for the directory; made, with its parents not, if create. */
	int     (*open_dir)(struct disk *d, const char *path, bool create);
	int     (*remove_dir)(struct disk *d, const char *path);
	int     (*open)(struct disk *d, int dir, const char *name,
	    unsigned how);
	void    (*close)(struct disk *d, int fd);

	/* Fewer than n only at the end of the file. */
	ssize_t (*pread)(struct disk *d, int fd, void *p, size_t n,
	    uint64_t at);
	/* All, or an error after which any part may have been written. */
	int     (*pwrite)(struct disk *d, int fd, const void *p, size_t n,
	    uint64_t at);
	int     (*truncate)(struct disk *d, int fd, uint64_t size);
	int64_t (*size)(struct disk *d, int fd);

	/* The file's bytes and size are on the medium. */
	int     (*sync)(struct disk *d, int fd);
	/* And the names. */
	int     (*sync_dir)(struct disk *d, int dir);

	int     (*rename)(struct disk *d, int dir, const char *from,
	    const char *to);
	int     (*unlink)(struct disk *d, int dir, const char *name);
	/* Stops, with that result, when each returns other than 0. */
	int     (*list)(struct disk *d, int dir,
	    int (*each)(void *ctx, const char *name), void *ctx);
};

/* The operating system's.  Files are private to the user, links not
 * followed. */
struct disk *disk_real(void);

/* ERR_NOSPC for a full disk, quota or file size limit, ERR_NOTFOUND,
 * ERR_EXISTS, ERR_NOMEM, ERR_BUSY when descriptors have run out, ERR_IO for all
 * the rest; 0 for what did not fail. */
int disk_err(int64_t result);

#endif /* STORE_DISK_H */
