/* session/stall.h - what happens when somebody is too slow, or too fast.
 *
 * A receiver whose queue passes max_pending, or that does not take what was
 * queued within write_deadline, is a slow consumer: cut and counted.  Before
 * that, while a receiver is crowded (its queue is over three quarters full),
 * publishers to it are held back: as long as it takes something by as much as
 * it needs, when it takes nothing by little, so that it costs others less than
 * its own end does.  And when the queues of all
 * clients together pass max_outbound_memory, the longest blocked goes first.
 * Spec: core protocol 1.10.
 */
#ifndef SESSION_STALL_H
#define SESSION_STALL_H

#include <stdbool.h>
#include <stdint.h>

struct client;
struct hub;
struct run;

/* Room for the run in the client's queue; false: there was none, and the
 * client has been cut. */
bool stall_has_room(struct client *c, const struct run *run);

/* A message goes to this client, of whatever worker; or NULL, to no client. */
void stall_see(struct hub *h, const struct client *receiver);

/* Holds the publisher back if somebody it just published to is crowded, or
 * another worker's ring is full. */
void stall_if_crowded(struct client *publisher);

/* Lets go those whose time is over.  Once a turn, at its end. */
void stall_end_turn(struct hub *h);

/* The socket takes no more: mind the deadline.  It took all. */
void stall_blocked(struct client *c);
void stall_drained(struct client *c);

/* When c's write deadline passes; INT64_MAX: it is not blocked. */
int64_t stall_deadline_ns(const struct client *c);

/* It goes. */
void stall_forget(struct client *c);

/* The deadline has passed. */
void stall_deadline_passed(struct client *c);

#endif /* SESSION_STALL_H */
