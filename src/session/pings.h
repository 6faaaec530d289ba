/* session/pings.h - is the peer still there?
 *
 * The first PING goes out two seconds after the connection came (and measures
 * the round trip); later ones only to peers that were silent for an interval.
 * Spec: core protocol 1.8.
 */
#ifndef SESSION_PINGS_H
#define SESSION_PINGS_H

#include <stdint.h>

struct client;

/* Sets the time of the first one. */
void pings_begin(struct client *c);

/* It is time: ask, wait, or give up. */
void pings_tick(struct client *c, int64_t now_ns);

#endif /* SESSION_PINGS_H */
