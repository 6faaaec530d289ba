/* server/claims.h - what may be asked of accounts' tokens, in the system account.
 *
 * Look one up, bring a new one, list and delete them, copy them all.  Answered
 * by the control thread, one after the other; a new token is on disk before it
 * is said to be.
 * Spec: core protocol 4.6.
 */
#ifndef SERVER_CLAIMS_H
#define SERVER_CLAIMS_H

struct server;

/* Listens, if there is a system account and a resolver.  Before there are
 * threads.  0 or ERR_NOMEM. */
int claims_open(struct server *s);

/* After the last turn of all loops.  Takes a server that does not listen. */
void claims_close(struct server *s);

#endif /* SERVER_CLAIMS_H */
