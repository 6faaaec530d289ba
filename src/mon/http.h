/* mon/http.h - a small HTTP/1.1 server on the control thread's loop.
 *
 * It knows nothing of what it serves.  A handler is shown a request and may
 * answer at once or later; meanwhile the connection reads nothing.  A slow or
 * hostile peer costs at most one of a few connections and a bounded time:
 * when all are taken, the one that has waited longest for its request makes
 * room.  Bodies of requests are skipped unread.
 *
 * With a TLS context it is HTTPS.
 * Everything here is for the loop's thread.
 */
#ifndef MON_HTTP_H
#define MON_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "mon/http_parse.h"

struct conn_pool;
struct http_exchange;
struct http_server;
struct tls_context;

struct http_limits {
	unsigned conns_max;
	int64_t  head_ns;	/* from the first byte to the whole head */
	int64_t  idle_ns;	/* from one request to the next */
	int64_t  write_ns;	/* for an answer, and ... */
	int64_t  write_rate;	/* ... a second more for this many bytes */
	size_t   unsent_max;	/* bytes waiting for all peers together */
};

/* 64 connections; 5 s, 2 min, 30 s and a second for each 64 KB; 256 MB. */
extern const struct http_limits http_limits_default;

/* r is borrowed until http_answer(x), which has to be called exactly once,
 * even when the peer has gone meanwhile. */
typedef void (*http_serve)(void *ctx, struct http_exchange *x,
    const struct http_request *r);

/* Takes over listen_fd (non-blocking, listening).  limits: NULL for the
 * defaults.  NULL: out of memory, or the loop cannot watch it; listen_fd stays
 * the caller's then. */
struct http_server *http_create(struct conn_pool *pool, int listen_fd,
    const struct http_limits *limits, http_serve serve, void *ctx);

/* Closes the listener and all connections; exchanges that are not answered yet
 * must not be answered any more.  After the loop's last turn.  Takes NULL. */
void http_destroy(struct http_server *s);

/* New connections speak TLS; NULL: they do not.  Consumes a reference. */
void http_set_tls(struct http_server *s, struct tls_context *tls);

struct http_response {
	unsigned    status;
	const char *content_type;
	bool        allows_origin;	/* Access-Control-Allow-Origin: * */
	bool        is_nosniff;
	const char *location;		/* of a redirect; or NULL */
	struct buf  body;
};

/* Consumes the body. */
void http_answer(struct http_exchange *x, struct http_response *r);

unsigned http_n_conns(const struct http_server *s);

#endif /* MON_HTTP_H */
