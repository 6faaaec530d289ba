/* session/move.h - a publisher moves to where its receivers are.
 *
 * A message for another worker costs a copy and a wake-up more.  A client that
 * has no subscriptions, and whose messages all go to one other worker, is
 * handed over to that worker, socket and all; then they stay on one core.
 *
 * Order: before it goes, every parcel that this worker has posted, to anyone,
 * has been unpacked; it reads nothing meanwhile.  So no message of its old
 * days can come after one of its new ones.
 */
#ifndef SESSION_MOVE_H
#define SESSION_MOVE_H

#include <stdint.h>

struct client;
struct hub;

/* A run of n messages was published: n_here deliveries on this worker, and
 * whatever h->sent_to says, which is reset. */
void move_note_run(struct client *c, uint32_t n, uint64_t n_here);

/* Hands over who may go.  Once a turn, when everything is flushed. */
void move_end_turn(struct hub *h);

/* It closes, or may not go any more (it subscribed). */
void move_cancel(struct client *c);

#endif /* SESSION_MOVE_H */
