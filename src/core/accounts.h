/* core/accounts.h - all accounts, by name.
 *
 * An account that was known once stays until the server ends, whether it is
 * configured any more or not: connections and messages on their way may hold
 * it.  Its place costs some hundred bytes.
 * Asked at logins and by operators, not for messages; one mutex.
 */
#ifndef CORE_ACCOUNTS_H
#define CORE_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct account;
struct accounts;

/* Knows "$G" from the start, and the system account, if that has a name.
 * NULL: out of memory. */
struct accounts *accounts_create(unsigned n_workers, struct slice system);

/* All accounts with it.  Takes NULL. */
void accounts_destroy(struct accounts *all);

struct account *accounts_global(const struct accounts *all);
struct account *accounts_system(const struct accounts *all);	/* NULL: none */

/* NULL: unknown, or gone.  Thread: any. */
struct account *accounts_find(struct accounts *all, struct slice name);

/* Known from now on, if it was not; gone no more.  NULL: out of memory.
 * Thread: any. */
struct account *accounts_get(struct accounts *all, struct slice name);

/* One that is gone as well.  Thread: any. */
struct account *accounts_find_any(struct accounts *all, struct slice name);

/* Known from now on, but gone if it was not known or gone before: until
 * accounts_get.  NULL: out of memory.  Thread: any. */
struct account *accounts_prepare(struct accounts *all, struct slice name);

size_t accounts_count(struct accounts *all);

/* Calls visit for each that is not gone, oldest first, until it returns false.
 * visit may not call accounts_get.  Thread: any. */
void accounts_each(struct accounts *all,
    bool (*visit)(void *ctx, struct account *a), void *ctx);

#endif /* CORE_ACCOUNTS_H */
