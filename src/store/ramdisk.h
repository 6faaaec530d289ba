/* store/ramdisk.h - files in memory: what a memory store stands on.
 *
 * One directory, gone with the disk.  A store on it is the same code as on a
 * real disk, so that purge, counts and sequences cannot differ.
 * Thread: owner.
 */
#ifndef STORE_RAMDISK_H
#define STORE_RAMDISK_H

#include "store/disk.h"

/* NULL: out of memory. */
struct disk *ramdisk_create(void);
void ramdisk_destroy(struct disk *d);	/* takes NULL */

#endif /* STORE_RAMDISK_H */
