/* core/sublist.h - which subscriptions want this subject?
 *
 * One for each account.  Finds outnumber changes by orders of magnitude, so a
 * find takes no lock.  Literal patterns are found by one hash lookup; only
 * patterns with wildcards are in the trie.  The scheme and its argument are at
 * the top of sublist.c.
 *
 * Writers of one sublist are serialised among themselves by its own mutex;
 * they are the threads on which the subscriptions live.
 */
#ifndef CORE_SUBLIST_H
#define CORE_SUBLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct epoch_thread;
struct match_set;
struct sub;
struct sublist;

/* NULL: out of memory. */
struct sublist *sublist_create(void);

/* Empty it first.  Takes NULL.  No reader may be left. */
void sublist_destroy(struct sublist *sl);

/* From the return on, every find sees it.  pattern is copied.  sub is kept
 * until the grace period after sublist_remove, and is not inserted again
 * before.  ERR_SUBJECT: the pattern is
 * malformed; ERR_NOMEM; both leave the list as it was.
 * Thread: the sub's worker.  Cost: about a microsecond, whatever the size. */
int sublist_insert(struct sublist *sl, struct epoch_thread *e, struct sub *sub,
    struct slice pattern);

/* A subscription to this pattern is about to be inserted: brings near what the
 * insertion will wait for.  Changes nothing.  Thread: any, in epoch. */
void sublist_prefetch(const struct sublist *sl, struct slice pattern);

/* From the return on no new find sees it; a find under way in an open section
 * may, so sub's memory must outlive a grace period (epoch_defer).  sub must be
 * inserted.  Thread: the sub's worker. */
void sublist_remove(struct sublist *sl, struct epoch_thread *e,
    struct sub *sub);

/* The pattern that sub was inserted with, appended to out.
 * Thread: the sub's worker, while inserted. */
void sublist_pattern(const struct sub *sub, struct buf *out);

/* Every subscription that wants this literal subject is added to out, plain
 * ones and queue members alike (sub->queue tells).  false: out of memory, and
 * out holds what fitted.  A subject that is not valid may match patterns by its
 * whole tokens, but none if a token is empty.  Thread: any, in epoch. */
bool sublist_find(const struct sublist *sl, struct slice subject,
    struct match_set *out);

/* Does anyone want it?  Thread: any, in epoch. */
bool sublist_has_interest(const struct sublist *sl, struct slice subject);

/* Has anyone asked for just this one, not by a wildcard?  Thread: any, in
 * epoch. */
bool sublist_has_literal(const struct sublist *sl, struct slice subject);

/* Distinguishes this list from every other one, also from those that are gone.
 * Thread: any. */
uint64_t sublist_id(const struct sublist *sl);

/* What a stamp wants to know of a subject's first token; the same as long as
 * the list lives, so it can be remembered.  Thread: any. */
uint32_t sublist_first_hash(const struct sublist *sl, struct slice subject);

/* Tells whether a remembered find is still true.  Two stamps of one subject
 * are equal only if no subscription that could match it came or went between
 * them.  Literals are stamped by hash bucket, wildcards by their first token,
 * so that the coming and going of reply inboxes leaves other subjects alone.
 * Load the stamp before the find.  hash is hash_slice(subject), first is
 * sublist_first_hash.  Thread: any, in epoch. */
uint64_t sublist_stamp(const struct sublist *sl, uint64_t hash,
    uint32_t first);

/* Calls visit for every subscription, in no order, until it returns false.
 * Holds the writers off meanwhile: for monitoring.  Thread: any, in epoch. */
void sublist_visit(struct sublist *sl,
    bool (*visit)(void *ctx, const struct sub *sub, struct slice pattern),
    void *ctx);

struct sublist_stats {
	uint64_t n_subs, n_inserts, n_removes;
};
void sublist_stats(const struct sublist *sl, struct sublist_stats *ret);

#endif /* CORE_SUBLIST_H */
