/* core/account.h - a subject namespace of its own.
 *
 * Everybody is in exactly one account; messages do not leave it but through
 * imports and exports.  "$G" is everybody's default, "$SYS" the system's.
 */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include <stdint.h>

#include "base/slice.h"

struct sublist;

struct account {
	struct slice    name;
	struct sublist *sublist;

	/* Written by any worker, atomically. */
	uint64_t        n_clients;	/* now */
	uint64_t        n_clients_ever;
	uint64_t        n_slow_consumers;
};

/* name is copied.  NULL: out of memory. */
struct account *account_create(struct slice name);

/* No session and no subscription may be left.  Takes NULL. */
void account_destroy(struct account *a);

#endif /* CORE_ACCOUNT_H */
