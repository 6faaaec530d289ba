/* session/sids.h - a client's subscriptions by the sid it gave them.
 *
 * Linear hashing: an insert splits one bucket, so a client with a million
 * subscriptions is never kept waiting while a table grows, and one with three
 * pays for four buckets.
 */
#ifndef SESSION_SIDS_H
#define SESSION_SIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/epoch.h"
#include "base/slice.h"
#include "core/sub.h"

struct client;

/* One subscription of a client.  The sid and the queue's name lie behind the
 * struct, in that order. */
struct client_sub {
	struct sub         sub;
	struct client     *client;
	struct client_sub *next;	/* in its bucket, or among the removed */
	union {
		struct {
			uint64_t n_delivered;
			uint32_t msgs_max;	/* 0: no end set */
		};
		struct epoch_entry grave;	/* once removed */
	};
	uint32_t next_hash;	/* of next's sid */
	uint32_t sid_n;
	char     sid[];
};

/* A link says what the sid behind it hashes to, so that who is looking for
 * another one need not go there: with a million subscriptions each visit is a
 * cache miss. */
struct sid_bucket {
	struct client_sub *first;
	uint32_t           hash;	/* of first's sid */
};

struct sid_table {
	struct sid_bucket  *buckets;
	uint32_t            n_buckets;	/* in use */
	uint32_t            cap;	/* power of two */
	uint32_t            n;		/* subscriptions */
};

static inline struct slice client_sub_sid(const struct client_sub *s)
{
	return slice_of(s->sid, s->sid_n);
}

/* ERR_NOMEM: not inserted.  The sid must be new. */
int sids_insert(struct sid_table *t, struct client_sub *s);
/* This sid is about to be looked for. */
void sids_prefetch(const struct sid_table *t, struct slice sid);
struct client_sub *sids_find(const struct sid_table *t, struct slice sid);
void sids_remove(struct sid_table *t, struct client_sub *s);

/* Any one of them, NULL: there is none.  Emptying a table through it is linear:
 * buckets found empty are given up. */
struct client_sub *sids_any(struct sid_table *t);

/* Calls visit for each until it returns false; visit may remove the one it is
 * shown. */
void sids_visit(const struct sid_table *t,
    bool (*visit)(void *ctx, struct client_sub *s), void *ctx);

void sids_fini(struct sid_table *t);	/* empty it first */

#endif /* SESSION_SIDS_H */
