/* store/dry_disk.h - a disk over another that it never changes.
 *
 * What is written stays in memory; what is not comes from below.  So a store
 * can be opened, recovered and read, by the very code that the server runs,
 * without a byte of it being touched.  One directory.  Thread: owner.
 */
#ifndef STORE_DRY_DISK_H
#define STORE_DRY_DISK_H

#include "store/disk.h"

/* under: kept.  NULL: out of memory. */
struct disk *dry_disk_create(struct disk *under);
void dry_disk_destroy(struct disk *d);	/* takes NULL */

#endif /* STORE_DRY_DISK_H */
