/* net/tls.h - TLS over a socket that never waits.
 *
 * A context is what a listener (or a dialler) is configured with: counted and
 * immutable, so a reload makes another and live sessions keep theirs.  A
 * session is one connection's.  Below is one of two libraries, chosen when the
 * server is built (-Dtls=): Mbed TLS or OpenSSL, each a table of the functions
 * in net/tls_int.h; what the two would do differently is done here.
 *
 * TLS 1.2 at least, no renegotiation, no resumption, no compression.
 * Contexts may be used by any thread; a session by one at a time.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/slice.h"

struct buf;
struct tls_context;
struct tls_peer;
struct tls_session;

/* ---- contexts ------------------------------------------------------------ */

struct tls_pair {
	const char *cert_file, *key_file;	/* PEM; the chain, own one first */
};

/* Borrowed during tls_context_create. */
struct tls_settings {
	bool is_client;
	/* Of a server: the peer must show a certificate of ca_file's.  A client
	 * always verifies, unless ... */
	bool verifies;
	bool is_insecure;
	const char            *ca_file;		/* NULL: the system's */
	const struct tls_pair *pairs;		/* by server name; or the first */
	size_t                 n_pairs;
	bool                   is_tls13_only;
	const uint16_t        *suites, *groups;	/* IANA's numbers; none: default */
	size_t                 n_suites, n_groups;
};

/* The files are read now.  0 and one reference, the caller's; ERR_CONFIG and
 * the reason, in nats-server's words, in why; ERR_NOMEM.  Thread: any. */
int tls_context_create(const struct tls_settings *s, struct tls_context **ret,
    struct buf *why);
struct tls_context *tls_context_ref(struct tls_context *c);
void tls_context_unref(struct tls_context *c);	/* takes NULL */

/* When the first of our own certificates ends, seconds since 1970; INT64_MAX:
 * there is none. */
int64_t tls_context_not_after(const struct tls_context *c);

/* "Mbed TLS 2.28.3": what we were built with. */
const char *tls_library(void);
bool tls_has_13(void);

/* ---- sessions ------------------------------------------------------------ */

/* On a connected, non-blocking socket, which stays the caller's and outlives
 * the session.  server_name: of a client, who must be at the other end; NULL
 * of a server.  Takes a reference to c.  NULL: out of memory. */
struct tls_session *tls_open(struct tls_context *c, int fd,
    const char *server_name);

/* Tells the peer that nothing more will come, if that can be done at once. */
void tls_say_bye(struct tls_session *s);

/* Says so, too, unless it was said.  Takes NULL. */
void tls_close(struct tls_session *s);

/* What a handshake waits for.  TLS_AGAIN: for nothing, but enough was done at
 * a time.  TLS_FAILED: *why says it; the peer has been told if there is an
 * alert for it. */
enum tls_want { TLS_DONE, TLS_AGAIN, TLS_WANTS_IN, TLS_WANTS_OUT, TLS_FAILED };

/* One step: at most one operation with a key (milliseconds with Mbed TLS). */
enum tls_want tls_handshake(struct tls_session *s, struct buf *why);

/* As recv and sendmsg do, with errno, once the handshake is done.  What was
 * not sent for EAGAIN must be given again, followed by more or not: part of it
 * may be encrypted already. */
ssize_t tls_recv(struct tls_session *s, void *to, size_t n);
ssize_t tls_send(struct tls_session *s, const struct iovec *iov, int n);

/* Has the last tls_recv left bytes that no event of the socket will tell of? */
bool tls_has_more(const struct tls_session *s);

/* ---- once the handshake is done ------------------------------------------- */

const char *tls_version(const struct tls_session *s);	/* "1.3" */
const char *tls_suite_name(const struct tls_session *s);	/* Go's */

/* The peer's certificate, NULL: none.  Borrowed until tls_close. */
const struct tls_peer *tls_peer_of(const struct tls_session *s);

#endif /* NET_TLS_H */
