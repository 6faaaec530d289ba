/* js/pending.h - what was delivered and is not yet acknowledged.
 *
 * An array sorted by stream sequence.  New deliveries come at its
 * end; what is acknowledged leaves a gap, and gaps are squeezed out when they
 * are more than half.  Its front is the ack floor, so that is found at once.
 *
 * Zeroed memory is an empty set.  Thread: owner.
 */
#ifndef JS_PENDING_H
#define JS_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pending_entry {
	uint64_t seq;		/* of the stream */
	uint64_t first_cseq;	/* of its first delivery */
	int64_t  since_ns;	/* the last delivery, now_ns() time; what is
				   waited for counts from here */
	uint32_t n_delivered;	/* 0: a gap */
	bool     is_queued;	/* waits for redelivery */
	bool     is_dying;	/* waits until it is among the dead letters */
};

struct pending {
	struct pending_entry *v;
	size_t   first, end, cap;	/* v[first] is no gap */
	size_t   n;			/* without gaps */
	size_t   n_again;		/* with n_delivered > 1 */
};

void pending_fini(struct pending *p);

/* Keeps the memory for the next use. */
void pending_clear(struct pending *p);

/* seq is not in it; cheap when above all that are.  NULL: out of memory.  What is returned is
 * good until the next change of the set. */
struct pending_entry *pending_add(struct pending *p, uint64_t seq,
    uint64_t first_cseq, int64_t since_ns);

/* NULL: it is not pending. */
struct pending_entry *pending_find(const struct pending *p, uint64_t seq);

void pending_remove(struct pending *p, struct pending_entry *e);

/* One more delivery, or one less (never the first). */
void pending_recount(struct pending *p, struct pending_entry *e,
    uint32_t n_delivered);

/* The first at or above seq; NULL: none.  For walks that remove. */
struct pending_entry *pending_from(const struct pending *p, uint64_t seq);

/* The lowest; NULL: none. */
struct pending_entry *pending_first(const struct pending *p);

/* The one behind e; NULL: e is the last. */
struct pending_entry *pending_next(const struct pending *p,
    const struct pending_entry *e);

#endif /* JS_PENDING_H */
