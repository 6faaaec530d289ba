/* store/check.h - is this store sound?  Offline, and without changing it.
 *
 * Opens it on a dry_disk, as the server would after a crash, and reads every
 * message.
 */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include <stdbool.h>

#include "base/buf.h"

struct disk;
struct store_secret;

/* secret: what it may be encrypted with, or NULL.
 * Words for people into report, a line each.  0: every message is there;
 * ERR_CORRUPT: some are lost; ERR_NOTFOUND: there is no store; or what kept it
 * from being opened, ERR_DENIED: another key.  No server may have it open. */
int store_check(struct disk *d, const char *path,
    const struct store_secret *secret, struct buf *report);

#endif /* STORE_CHECK_H */
