/* server/handshakes.h - the thread on which TLS handshakes are done.
 *
 * It is started when TLS is configured for the first time, and stays.
 * Thread: control.
 */
#ifndef SERVER_HANDSHAKES_H
#define SERVER_HANDSHAKES_H

struct server;

/* Starts it if this is the first time.  ERR_NOMEM: of memory or of threads. */
int handshakes_open(struct server *s);

/* Ends the thread; nobody submits any more.  What is left there goes back with
 * the mail (handshaker_give_back). */
void handshakes_stop(struct server *s);

void handshakes_close(struct server *s);

#endif /* SERVER_HANDSHAKES_H */
