/* net/conn_tls.c - TLS below a connection's owner. */
#include "net/conn_tls.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/conn.h"
#include "net/tls.h"

struct state {
	struct tls_session        *session;
	const struct conn_tls_ops *ops;
};

static ssize_t secure_recv(struct conn *c, void *to, size_t n)
{
	struct state *s = c->io_state;

	return tls_recv(s->session, to, n);
}

static ssize_t secure_send(struct conn *c, const struct iovec *iov, int n)
{
	struct state *s = c->io_state;

	return tls_send(s->session, iov, n);
}

static bool secure_has_more(const struct conn *c)
{
	const struct state *s = c->io_state;

	return tls_has_more(s->session);
}

static void secure_close(struct conn *c)
{
	struct state *s = c->io_state;

	tls_close(s->session);
	free(s);
}

static void shake_hands(struct conn *c);

static const struct conn_io shaking = { .prepare = shake_hands,
	.close = secure_close };
static const struct conn_io secure = { .recv = secure_recv,
	.send = secure_send, .has_more = secure_has_more,
	.close = secure_close };

static void shake_hands(struct conn *c)
{
	struct state *s = c->io_state;
	struct buf    why = { 0 };

	switch (tls_handshake(s->session, &why)) {
	case TLS_DONE:
		conn_prepared(c, &secure, s);
		s->ops->secured(c);
		break;
	case TLS_AGAIN:
		conn_go_first(c);
		break;
	case TLS_WANTS_IN:
		conn_await(c, false);
		break;
	case TLS_WANTS_OUT:
		conn_await(c, true);
		break;
	case TLS_FAILED:
		s->ops->failed(c, buf_slice(&why));
		break;
	}
	buf_fini(&why);
}

int conn_tls_begin(struct conn *c, struct tls_context *context,
    const char *server_name, const struct conn_tls_ops *ops)
{
	struct state *s = calloc(1, sizeof *s);

	if (s == NULL)
		return ERR_NOMEM;
	s->ops = ops;
	s->session = tls_open(context, c->watch.fd, server_name);
	if (s->session == NULL) {
		free(s);
		return ERR_NOMEM;
	}
	/* Who dials speaks first. */
	conn_prepare(c, &shaking, s, server_name != NULL);
	return 0;
}

void conn_tls_say_bye(struct conn *c)
{
	const struct state *s = c->io_state;

	if (c->io == &secure)
		tls_say_bye(s->session);
}

const struct tls_session *conn_tls_of(const struct conn *c)
{
	const struct state *s = c->io_state;

	return c->io == &secure ? s->session : NULL;
}
