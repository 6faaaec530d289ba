/* test/unit/store/disk_test.c - pairs with src/store/disk.c, and with the
 * disks that stand in for it: all do the same. */
#include "store/disk.h"

#include <errno.h>
#include <unistd.h>

#include "base/err.h"
#include "check.h"
#include "fake_disk.h"
#include "store/dry_disk.h"
#include "store/ramdisk.h"

static int count_names(void *ctx, const char *name)
{
	CHECK(name[0] != '\0');
	++*(int *)ctx;
	return 0;
}

static int n_names(struct disk *d, int dir)
{
	int n = 0;

	CHECK_INT(d->list(d, dir, count_names, &n), 0);
	return n;
}

static void exercise(struct disk *d, const char *path)
{
	char p[16];
	int  dir = d->open_dir(d, path, true), fd, other;

	CHECK(dir >= 0);
	CHECK_INT(d->open(d, dir, "none", DISK_READ), -ENOENT);
	fd = d->open(d, dir, "one", DISK_WRITE | DISK_CREATE);
	CHECK(fd >= 0);
	CHECK_INT(d->open(d, dir, "one", DISK_WRITE | DISK_CREATE), -EEXIST);
	CHECK_INT(d->pwrite(d, fd, "hello", 5, 3), 0);
	CHECK_INT(d->size(d, fd), 8);
	CHECK_INT(d->pread(d, fd, p, sizeof p, 0), 8);
	CHECK_SLICE(slice_of(p, 8), SLICE("\0\0\0hello"));
	CHECK_INT(d->pread(d, fd, p, 2, 7), 1);
	CHECK_INT(d->pread(d, fd, p, 2, 70), 0);
	CHECK_INT(d->sync(d, fd), 0);
	CHECK_INT(d->truncate(d, fd, 4), 0);
	CHECK_INT(d->truncate(d, fd, 6), 0);
	CHECK_INT(d->pread(d, fd, p, sizeof p, 0), 6);
	CHECK_SLICE(slice_of(p, 6), SLICE("\0\0\0h\0\0"));
	other = d->open(d, dir, "two", DISK_WRITE | DISK_CREATE);
	CHECK(other >= 0);
	CHECK_INT(n_names(d, dir), 2);
	CHECK_INT(d->rename(d, dir, "one", "two"), 0);
	CHECK_INT(d->sync_dir(d, dir), 0);
	CHECK_INT(n_names(d, dir), 1);
	CHECK_INT(d->rename(d, dir, "one", "two"), -ENOENT);
	CHECK_INT(d->size(d, other), 0);	/* lives until it is closed */
	d->close(d, other);
	other = d->open(d, dir, "two", DISK_READ);
	CHECK_INT(d->size(d, other), 6);
	d->close(d, other);
	d->close(d, fd);
	CHECK_INT(d->unlink(d, dir, "two"), 0);
	CHECK_INT(d->unlink(d, dir, "two"), -ENOENT);
	CHECK_INT(n_names(d, dir), 0);
	d->close(d, dir);
}

TEST(all_disks_do_the_same)
{
	char         dir[] = "/tmp/mote-disk-XXXXXX", path[64];
	struct disk *d = ramdisk_create(), *fake = fake_disk_create();

	exercise(d, "x");
	ramdisk_destroy(d);
	exercise(fake, "x");
	d = dry_disk_create(fake);
	exercise(d, "x");
	dry_disk_destroy(d);
	fake_disk_destroy(fake);
	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/sub", dir);
	exercise(disk_real(), path);
	CHECK_INT(disk_real()->remove_dir(disk_real(), path), 0);
	CHECK_INT(rmdir(dir), 0);
}

TEST(errors_have_our_names)
{
	CHECK_INT(disk_err(3), 0);
	CHECK_INT(disk_err(-ENOSPC), ERR_NOSPC);
	CHECK_INT(disk_err(-EDQUOT), ERR_NOSPC);
	CHECK_INT(disk_err(-EFBIG), ERR_NOSPC);
	CHECK_INT(disk_err(-ENOENT), ERR_NOTFOUND);
	CHECK_INT(disk_err(-EIO), ERR_IO);
}
