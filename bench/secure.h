/* bench/secure.h - TLS for the load generator: a peer's session, and a storm of
 * handshakes.
 *
 * It believes any certificate: what is measured is the server.  The library is
 * the one mote is built with (-Dtls=); with Mbed TLS the generator is the slower
 * side, and its rates are marked so.
 */
#ifndef BENCH_SECURE_H
#define BENCH_SECURE_H

#include <stdbool.h>

#include "net/tls.h"

struct run;

/* The context of all sessions.  NULL: out of memory. */
struct tls_context *secure_context(void);

/* Reads INFO in clear and shakes hands, waiting as long as it takes; the socket
 * does not wait from then on.  NULL: it failed. */
struct tls_session *secure_shake(struct tls_context *c, int fd);

/* A scenario: a paced flow while a thousand clients come at once. */
bool play_tls_storm(struct run *r);

#endif /* BENCH_SECURE_H */
