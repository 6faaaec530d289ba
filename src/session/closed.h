/* session/closed.h - the clients that were here, as /connz?state=closed tells.
 *
 * One ring for each worker, holding its share of max_closed_clients; the oldest
 * makes room for the newest.  It is bounded in bytes too: clients that come,
 * subscribe a lot and go again cannot make it grow without end.
 * Thread: the worker's.
 */
#ifndef SESSION_CLOSED_H
#define SESSION_CLOSED_H

#include <stddef.h>
#include <stdint.h>

struct client_info;
struct closed_ring;

/* Remembers at most n_max clients in at most bytes_max bytes.  n_max may be 0:
 * none is remembered.  NULL: out of memory. */
struct closed_ring *closed_create(size_t n_max, size_t bytes_max);
void closed_destroy(struct closed_ring *ring);	/* takes NULL */

/* Clones info (stop_ns and reason are set).  Without the memory for it, or when
 * it alone exceeds bytes_max, its subscriptions are left out; else itself. */
void closed_add(struct closed_ring *ring, const struct client_info *info);

size_t closed_count(const struct closed_ring *ring);

/* Every client there ever was, the forgotten included. */
uint64_t closed_total(const struct closed_ring *ring);

/* i < closed_count, 0 is the oldest.  Borrowed until the next closed_add. */
const struct client_info *closed_at(const struct closed_ring *ring, size_t i);

#endif /* SESSION_CLOSED_H */
