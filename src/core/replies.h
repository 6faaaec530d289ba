/* core/replies.h - the replies that a peer may give once, or a few times.
 *
 * With reply permissions (allow_responses) a peer that is given a message may
 * publish to that message's reply subject though its publish permissions do
 * not cover it: so many times, for so long.  One of these for each session,
 * used by its owner only; zeroed is empty, and costs nothing until the first
 * grant.  Memory is bounded: when full, the oldest grant is forgotten.
 * Spec: core protocol 1.14.
 */
#ifndef CORE_REPLIES_H
#define CORE_REPLIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct permissions;
struct reply_table;

enum { REPLIES_BYTES_MAX = 16 << 20 };	/* for each session */

struct reply_grants {
	struct reply_table *table;	/* NULL: no grant yet */
};

/* A message with this reply subject is being delivered.  Does nothing when p
 * has no reply permissions or covers the reply anyway; else the grant begins
 * anew.  reply is copied.  Out of memory: not granted. */
void replies_grant(struct reply_grants *g, const struct permissions *p,
    struct slice reply, int64_t now_ns);

/* The publish permissions do not cover subject: is it a reply still open?
 * Counts as one use.  p as given to replies_grant. */
bool replies_may_use(struct reply_grants *g, const struct permissions *p,
    struct slice subject, int64_t now_ns);

size_t replies_count(const struct reply_grants *g);

/* Frees all; g is empty again.  Takes zeroed. */
void replies_fini(struct reply_grants *g);

#endif /* CORE_REPLIES_H */
