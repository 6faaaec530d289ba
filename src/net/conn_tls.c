/* net/conn_tls.c - TLS below a connection's owner. */
#include "net/conn_tls.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/conn.h"
#include "net/handshaker.h"
#include "net/tls.h"

struct state {
	struct conn               *conn;	/* NULL: closed, and is_out */
	const struct conn_tls_ops *ops;
	struct handshaker         *by;		/* NULL: this thread */
	bool                       is_out;	/* the job is the handshaker's */
	struct shake_job           job;
};

static void state_free(struct state *s)
{
	tls_close(s->job.session);
	tls_context_unref(s->job.context);
	buf_fini(&s->job.why);
	free(s);
}

/* ---- bytes --------------------------------------------------------------- */

static ssize_t secure_recv(struct conn *c, void *to, size_t n)
{
	struct state *s = c->io_state;

	return tls_recv(s->job.session, to, n);
}

static ssize_t secure_send(struct conn *c, const struct iovec *iov, int n)
{
	struct state *s = c->io_state;

	return tls_send(s->job.session, iov, n);
}

static bool secure_has_more(const struct conn *c)
{
	const struct state *s = c->io_state;

	return tls_has_more(s->job.session);
}

/* What the handshaker has now comes back some time (returned); the peer need
 * not wait so long to see the end. */
static bool secure_close(struct conn *c)
{
	struct state *s = c->io_state;

	if (!s->is_out) {
		state_free(s);
		return false;
	}
	s->conn = NULL;
	shutdown(c->watch.fd, SHUT_RDWR);
	handshaker_forget(s->by, &s->job);
	return true;
}

/* ---- the handshake ------------------------------------------------------- */

static void shake_hands(struct conn *c);

static const struct conn_io shaking = { .prepare = shake_hands,
	.close = secure_close };
static const struct conn_io secure = { .recv = secure_recv,
	.send = secure_send, .has_more = secure_has_more,
	.close = secure_close };

/* The owner may close the connection, and s with it. */
static void fail(struct state *s)
{
	struct buf why = s->job.why;

	s->job.why = (struct buf){ 0 };
	s->ops->failed(s->conn, buf_slice(&why));
	buf_fini(&why);
}

static void go_on(struct state *s)
{
	struct conn *c = s->conn;

	switch (s->job.want) {
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
		fail(s);
		break;
	}
}

/* The job is back. */
static void returned(struct mail *m, void *receiver)
{
	struct shake_job *job = CONTAINER_OF(m, struct shake_job, mail);
	struct state     *s = CONTAINER_OF(job, struct state, job);
	int               fd = job->fd;

	(void)receiver;
	s->is_out = false;
	if (s->conn != NULL) {
		go_on(s);
		return;
	}
	state_free(s);
	close(fd);
}

static void shake_hands(struct conn *c)
{
	struct state *s = c->io_state;

	if (s->by == NULL) {
		shake_job_step(&s->job);
		go_on(s);
		return;
	}
	s->is_out = true;
	conn_lend(c);
	handshaker_submit(s->by, c->pool->loop, &s->job);
}

/* ---- the beginning ------------------------------------------------------- */

/* A server's session is made when the peer has said something: until then it
 * need not cost what a library takes for one. */
int conn_tls_begin(struct conn *c, struct tls_context *context,
    const char *server_name, struct handshaker *by,
    const struct conn_tls_ops *ops)
{
	struct state *s = calloc(1, sizeof *s);

	if (s == NULL)
		return ERR_NOMEM;
	s->conn = c;
	s->ops = ops;
	s->by = by;
	s->job.done = returned;
	s->job.context = tls_context_ref(context);
	s->job.fd = c->watch.fd;
	s->job.want = TLS_AGAIN;
	if (server_name != NULL) {
		s->job.session = tls_open(context, c->watch.fd, server_name);
		if (s->job.session == NULL) {
			state_free(s);
			return ERR_NOMEM;
		}
	}
	/* Who dials speaks first. */
	conn_prepare(c, &shaking, s, server_name != NULL);
	return 0;
}

void conn_tls_say_bye(struct conn *c)
{
	const struct state *s = c->io_state;

	if (c->io == &secure)
		tls_say_bye(s->job.session);
}

const struct tls_session *conn_tls_of(const struct conn *c)
{
	const struct state *s = c->io_state;

	return c->io == &secure ? s->job.session : NULL;
}
