/* session/handoff.h - messages for subscriptions of another worker.
 *
 * What a turn has for another worker is packed into parcels, posted at the
 * turn's end, so that a busy publisher costs one piece of mail for hundreds of
 * messages.  A parcel holds copies of small messages and references to the
 * blocks of large ones.
 *
 * A subscription may lie in a parcel while it is being removed, so its memory
 * is released only when a grace period has passed and every parcel that was
 * posted before that has been unpacked: handoff_release.
 */
#ifndef SESSION_HANDOFF_H
#define SESSION_HANDOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client_sub;
struct handoff;
struct hub;
struct run;
struct sub;

/* NULL: out of memory. */
struct handoff *handoff_create(struct hub *h);
/* No worker may be running. */
void handoff_destroy(struct handoff *x);

/* The counters that session_shared.parcels points to. */
size_t handoff_counters_size(unsigned n_workers);

/* core/fanout.h's hand_over; ctx is the struct hub. */
bool handoff_put(void *ctx, unsigned worker, struct sub *const *subs, size_t n,
    const struct run *run);

/* Posts what was packed.  Once a turn, at its end. */
void handoff_post(struct handoff *x);

/* Is mail to some worker waiting because its ring is full? */
bool handoff_is_congested(const struct handoff *x);

/* How much has been posted so far, to whom; the caller frees it.  NULL: out of
 * memory. */
struct handoff_mark;
struct handoff_mark *handoff_mark(const struct handoff *x);

/* Has everything that was posted before the mark been unpacked? */
bool handoff_is_past(const struct handoff *x, const struct handoff_mark *mark);

/* The other way: how much has been posted to this worker so far, by whom
 * (until: one for each worker), and is it unpacked? */
void handoff_note_coming(const struct handoff *x, uint64_t *until);
bool handoff_has_come(const struct handoff *x, const uint64_t *until);

/* s is out of its sublist; its memory is freed when nobody can hold it. */
void handoff_release(struct handoff *x, struct client_sub *s);

/* Frees what is due.  Once a turn, at its end. */
void handoff_end_turn(struct handoff *x);

#endif /* SESSION_HANDOFF_H */
