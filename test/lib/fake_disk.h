/* test/lib/fake_disk.h - a disk in memory that does what disks do.
 *
 * Until a file is synced, what was written to it is only pending; until the
 * directory is, so are names.  A power cut keeps of what is pending what it
 * likes: nothing, all, a prefix, or any of it with the last write torn at some
 * byte.  The n-th operation can fail; the disk can be full; bits flip.
 *
 * One directory.  Thread: one.
 */
#ifndef TEST_LIB_FAKE_DISK_H
#define TEST_LIB_FAKE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/disk.h"

enum fake_op { FAKE_OPEN, FAKE_READ, FAKE_WRITE, FAKE_TRUNCATE, FAKE_SYNC,
	FAKE_SYNC_DIR, FAKE_RENAME, FAKE_UNLINK, N_FAKE_OPS };

enum fake_cut { CUT_NOTHING, CUT_ALL, CUT_PREFIX, CUT_ANY, N_FAKE_CUTS };

struct disk *fake_disk_create(void);
void fake_disk_destroy(struct disk *d);

/* The n-th operation from now on (1: the next) fails with that errno, and if
 * for_ever all later ones.  0: none does.  Reads count only if reads is set. */
void fake_disk_fail_at(struct disk *d, long n, int error, bool for_ever,
    bool reads);
bool fake_disk_has_failed(const struct disk *d);
long fake_disk_n_ops(const struct disk *d);
long fake_disk_n_of(const struct disk *d, enum fake_op op);

/* Bytes of all files together; more is ENOSPC.  0: no bound. */
void fake_disk_set_size(struct disk *d, uint64_t bytes);

/* What is found when the power is back.  A new disk; d stays as it is. */
struct disk *fake_disk_cut(const struct disk *d, enum fake_cut how,
    uint32_t seed);

/* As it is now, all synced. */
struct disk *fake_disk_copy(const struct disk *d);

/* NULL: there is no such file.  The bytes may be changed in place. */
char *fake_disk_bytes(struct disk *d, const char *name, size_t *n);
void fake_disk_resize(struct disk *d, const char *name, size_t n);
/* The i-th name, NULL at the end. */
const char *fake_disk_name(const struct disk *d, size_t i);
void fake_disk_remove(struct disk *d, const char *name);
/* Of all names and bytes: another one, when anything has changed. */
uint32_t fake_disk_sum(struct disk *d);

#endif /* TEST_LIB_FAKE_DISK_H */
