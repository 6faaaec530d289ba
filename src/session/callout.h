/* session/callout.h - asking another program who a client is.
 *
 * The question goes out as a message in the callout account, the answer comes
 * back to an inbox of the hub; the client's input waits meanwhile.
 * Spec: core protocol 4.7.
 */
#ifndef SESSION_CALLOUT_H
#define SESSION_CALLOUT_H

#include <stdbool.h>

struct auth_answer;
struct callouts;
struct client;
struct hub;

/* Is the program to be asked about this client, of whom we think this? */
bool callout_is_wanted(const struct client *c, const struct auth_answer *so_far);

/* Asks; login_answered comes later, or the client's time is over first.  False:
 * it cannot be asked. */
bool callout_ask(struct client *c, const struct auth_answer *so_far);

/* The answer is wanted no more.  Takes a client that has not asked. */
void callout_cancel(struct client *c);

/* Once no loop turns any more, before the accounts go. */
void callouts_destroy(struct hub *h);

#endif /* SESSION_CALLOUT_H */
