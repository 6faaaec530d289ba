/* js/place.h - directories of accounts and streams.
 *
 * Names of people's choosing never become names of files as they are.
 * Errors: ERR_IO, ERR_NOSPC, ERR_NOMEM.
 */
#ifndef JS_PLACE_H
#define JS_PLACE_H

#include <stdbool.h>

#include "base/slice.h"

/* parent/name, owned; the name escaped.  NULL: out of memory. */
char *place_of(const char *parent, struct slice name);

/* The directory is there, and its name durable; so are those of its parents
 * (place_make_all). */
bool place_is_there(const char *dir);
int place_make(const char *dir);
int place_make_all(const char *dir);
int place_sync_parent(const char *dir);

/* It counts as deleted: *dir is its new name, owned.  For good, whatever
 * happens, once place_sync_parent has returned. */
int place_mark_gone(char **dir);
bool place_is_gone(const char *dir);

/* One beside the name's own, that counts as deleted until it is moved.  Owned.
 * NULL: out of memory. */
char *place_beside(const char *parent, struct slice name);
/* *dir is to's from here on, durably.  to is owned, whatever is returned.
 * ERR_EXISTS: there is something.  After another error the directory may have
 * moved all the same: *dir says where it is. */
int place_move(char **dir, char *to);

/* With all that is in it. */
int place_remove(const char *dir);

/* Calls each with the path of every directory in dir. */
int place_each(const char *dir, void (*each)(void *ctx, const char *path),
    void *ctx);

#endif /* JS_PLACE_H */
