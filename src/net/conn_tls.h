/* net/conn_tls.h - TLS below a connection's owner.
 *
 * The owner goes on dealing in plain bytes; what is queued during the handshake
 * waits for its end.  A step of a handshake can cost milliseconds, so the
 * handshaker does them on another thread; without one they are taken one at a
 * time between the turns of others (conn_prepare).
 * Everything here is for the loop's thread.
 */
#ifndef NET_CONN_TLS_H
#define NET_CONN_TLS_H

#include "base/slice.h"

struct conn;
struct handshaker;
struct tls_context;
struct tls_session;

struct conn_tls_ops {
	/* The handshake is done; bytes flow from now on. */
	void (*secured)(struct conn *c);
	/* It failed; the owner closes the connection.  why is borrowed. */
	void (*failed)(struct conn *c, struct slice why);
};

/* server_name: of a client, who must be at the other end; NULL of a server.
 * by: NULL, it is done on this thread.  Nothing may be queued that is to be
 * sent in clear (conn_flush first).  by and ops are kept.  ERR_NOMEM: nothing
 * has changed. */
int conn_tls_begin(struct conn *c, struct tls_context *context,
    const char *server_name, struct handshaker *by,
    const struct conn_tls_ops *ops);

/* Nothing more is to be sent: the peer is told so.  Without TLS nothing. */
void conn_tls_say_bye(struct conn *c);

/* NULL: it has none (yet).  Borrowed until the connection closes. */
const struct tls_session *conn_tls_of(const struct conn *c);

#endif /* NET_CONN_TLS_H */
