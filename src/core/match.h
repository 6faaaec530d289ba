/* core/match.h - the answers of a sublist, remembered for each worker.
 *
 * A match is what a publish needs: plain subscriptions in order of worker, and
 * queue groups by name over the whole result.  Each worker has one cache; it
 * is read and written by that worker only.  An entry is used while its stamp
 * is the sublist's (sublist_stamp), so nobody has to be told of changes.
 */
#ifndef CORE_MATCH_H
#define CORE_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct match_cache;
struct sub;
struct sublist;

/* What sublist_find fills; grows as needed and is reused.  Zeroed is empty. */
struct match_set {
	struct sub **subs;
	size_t       n, cap;
};

struct match_group {
	struct sub **subs;	/* members, in no order */
	uint32_t     n;
};

struct match {
	struct sub        **plain;	/* in ascending order of sub->worker */
	struct match_group *groups;
	uint32_t            n_plain, n_groups;
};

/* At most n_entries subjects are remembered (rounded up to a power of two).
 * NULL: out of memory.  Memory is touched as it is used. */
struct match_cache *match_cache_create(size_t n_entries);
void match_cache_destroy(struct match_cache *c);

/* Who wants this literal subject, from memory or from the sublist.  Borrowed
 * until the epoch section ends or the next match_find.  Cannot fail: when out
 * of memory what fitted is returned and counted.  Thread: owner, in epoch. */
const struct match *match_find(struct match_cache *c, struct sublist *sl,
    struct slice subject);

struct match_stats {
	uint64_t n_finds, n_hits, n_nomem;
	uint64_t n_entries;	/* remembered now */
	uint64_t fanout_max, fanout_sum;	/* of the finds that missed */
};
void match_cache_stats(const struct match_cache *c, struct match_stats *ret);

bool match_set_add(struct match_set *set, struct sub *sub);
void match_set_fini(struct match_set *set);

#endif /* CORE_MATCH_H */
