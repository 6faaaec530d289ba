/* mon/http.c - connections of the HTTP server.
 *
 *   READING --head complete--> SERVING --answered--> WRITING --sent--> READING
 *      |                                                |
 *      +--bad, too late, no room--> (gone)              +--last--> LINGERING
 *
 * READING keeps what has come in x->in; there may be several requests in it,
 * they are served one after the other.  A peer that goes while SERVING leaves
 * an orphan, which lives until it is answered.  LINGERING throws away what the
 * peer still sends: closing over unread bytes would reset the connection and
 * destroy the answer on its way. */
#include "mon/http.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/timer.h"
#include "net/conn.h"
#include "net/conn_tls.h"
#include "net/loop.h"
#include "net/tls.h"

enum {
	BODY_SKIP_MAX  = 64 * 1024,	/* a longer body costs the connection */
	LINGER_MAX     = 256 * 1024,	/* bytes thrown away before the end */
	ACCEPTS_A_TURN = 16,
};

static const int64_t linger_ns = NS_PER_S;
static const int64_t rest_ns = NS_PER_S / 10;	/* when accept fails */

const struct http_limits http_limits_default = {
	.conns_max = 64,
	.head_ns = 5 * NS_PER_S,
	.idle_ns = 120 * NS_PER_S,
	.write_ns = 30 * NS_PER_S,
	.write_rate = 64 * 1024,
	.unsent_max = 256 * 1024 * 1024,
};

enum http_state { HTTP_READING, HTTP_SERVING, HTTP_WRITING, HTTP_LINGERING };

struct http_exchange {
	struct conn         conn;
	struct http_server *server;
	struct list         link;	/* oldest first; orphans too */
	struct timer        timer;
	struct grave        grave;
	enum http_state     state;
	struct http_request request;
	uint64_t            to_skip;	/* bytes of a body still to come */
	int64_t             waits_ns;	/* READING: since when */
	size_t              lingered;
	bool                is_last;	/* no request after this one */
	bool                is_reading;	/* in read_requests */
	bool                is_orphan;
	size_t              in_n;
	char                in[HTTP_HEAD_MAX];
};

struct http_server {
	struct conn_pool  *pool;
	struct watch       listener;
	struct timer       rest;	/* set: the listener is not watched */
	struct http_limits limits;
	http_serve         serve;
	void              *ctx;
	struct tls_context *tls;	/* NULL: in clear */
	struct list        exchanges;
	unsigned           n_conns;
};

static void read_requests(struct http_exchange *x);

/* ---- life --------------------------------------------------------------- */

static void release(struct grave *g)
{
	free(CONTAINER_OF(g, struct http_exchange, grave));
}

static void bury(struct http_exchange *x)
{
	list_remove(&x->link);
	loop_bury(x->server->pool->loop, &x->grave);
}

static void hang_up(struct http_exchange *x)
{
	struct http_server *s = x->server;

	if (!conn_is_open(&x->conn))
		return;
	conn_close(&x->conn);
	timer_clear(loop_timers(s->pool->loop), &x->timer);
	s->n_conns--;
	if (x->state == HTTP_SERVING)
		x->is_orphan = true;
	else
		bury(x);
}

/* Without memory for a timer nothing would bound the peer's time. */
static void set_timer(struct http_exchange *x, int64_t in_ns)
{
	struct loop *l = x->server->pool->loop;

	if (!timer_set(loop_timers(l), &x->timer, loop_now_ns(l) + in_ns))
		hang_up(x);
}

static void too_late(struct timer *t, int64_t now_ns)
{
	(void)now_ns;
	hang_up(CONTAINER_OF(t, struct http_exchange, timer));
}

/* ---- writing ------------------------------------------------------------ */

static void linger(struct http_exchange *x)
{
	x->state = HTTP_LINGERING;
	conn_tls_say_bye(&x->conn);
	shutdown(x->conn.watch.fd, SHUT_WR);
	conn_resume(&x->conn);
	set_timer(x, linger_ns);
}

static void answer_sent(struct http_exchange *x)
{
	struct http_server *s = x->server;

	if (x->is_last) {
		linger(x);
		return;
	}
	x->state = HTTP_READING;
	x->waits_ns = loop_now_ns(s->pool->loop);
	list_remove(&x->link);		/* to the end: it has waited least */
	list_append(&s->exchanges, &x->link);
	conn_resume(&x->conn);
	set_timer(x, s->limits.idle_ns);
	if (conn_is_open(&x->conn))
		read_requests(x);
}

static void send_answer(struct http_exchange *x, const struct buf *head,
    struct slice body)
{
	const struct http_limits *l = &x->server->limits;

	x->state = HTTP_WRITING;
	if (buf_failed(head) || !conn_put(&x->conn, head->p, head->n) ||
	    !conn_put(&x->conn, body.p, body.n)) {
		hang_up(x);
		return;
	}
	set_timer(x, l->write_ns +
	    (int64_t)body.n / l->write_rate * NS_PER_S);
	if (conn_is_open(&x->conn))
		conn_flush(&x->conn);
	if (conn_is_open(&x->conn) && x->conn.pending == 0 &&
	    x->state == HTTP_WRITING)
		answer_sent(x);
}

static void put_date(struct buf *out)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t    now = (time_t)(clock_wall_ns() / NS_PER_S);
	struct tm tm;

	gmtime_r(&now, &tm);
	buf_printf(out, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n",
	    days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void put_head(const struct http_exchange *x,
    const struct http_response *r, struct buf *out)
{
	bool is_http10 = x->request.is_http10;

	buf_printf(out, "HTTP/1.%d %u %s\r\n", is_http10 ? 0 : 1, r->status,
	    http_status_text(r->status));
	if (r->allows_origin)
		buf_put_str(out, "Access-Control-Allow-Origin: *\r\n");
	if (r->content_type != NULL)
		buf_printf(out, "Content-Type: %s\r\n", r->content_type);
	if (r->is_nosniff)
		buf_put_str(out, "X-Content-Type-Options: nosniff\r\n");
	if (r->location != NULL)
		buf_printf(out, "Location: %s\r\n", r->location);
	put_date(out);
	buf_printf(out, "Content-Length: %zu\r\n", r->body.n);
	if (x->is_last && !is_http10)
		buf_put_str(out, "Connection: close\r\n");
	else if (!x->is_last && is_http10)
		buf_put_str(out, "Connection: keep-alive\r\n");
	buf_put_str(out, "\r\n");
}

/* Out of memory, or too much is waiting for slow peers already. */
static bool has_no_room(const struct http_exchange *x,
    const struct http_response *r)
{
	const struct http_server *s = x->server;

	return buf_failed(&r->body) ||
	    s->pool->pending > s->limits.unsent_max ||
	    r->body.n > s->limits.unsent_max - s->pool->pending;
}

void http_answer(struct http_exchange *x, struct http_response *r)
{
	struct buf   head = { 0 };
	struct slice body;

	assert(x->state == HTTP_SERVING);
	if (x->is_orphan) {
		bury(x);
		buf_fini(&r->body);
		return;
	}
	if (has_no_room(x, r)) {
		buf_fini(&r->body);
		*r = (struct http_response){ .status = 503,
			.content_type = "text/plain; charset=utf-8" };
		buf_put_str(&r->body, "the answer does not fit into memory now");
	}
	put_head(x, r, &head);
	body = x->request.is_head ? SLICE_NONE : buf_slice(&r->body);
	send_answer(x, &head, body);
	buf_fini(&head);
	buf_fini(&r->body);
}

/* Go's words, in Go's short form: no Date, no length. */
static void refuse(struct http_exchange *x, const struct http_refusal *why)
{
	struct buf head = { 0 }, text = { 0 };

	buf_printf(&text, "%u %s%s%s", why->status,
	    http_status_text(why->status), why->detail == NULL ? "" : ": ",
	    why->detail == NULL ? "" : why->detail);
	buf_put_str(&head, "HTTP/1.1 ");
	buf_put_slice(&head, buf_slice(&text));
	buf_put_str(&head, "\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Connection: close\r\n\r\n");
	x->is_last = true;
	conn_pause(&x->conn);
	send_answer(x, &head, buf_slice(&text));
	buf_fini(&head);
	buf_fini(&text);
}

/* ---- reading ------------------------------------------------------------ */

static void drop_front(struct http_exchange *x, size_t n)
{
	x->in_n -= n;
	memmove(x->in, x->in + n, x->in_n);
}

/* A body is of no interest to anybody here. */
static void skip_body(struct http_exchange *x)
{
	size_t n = x->in_n < x->to_skip ? x->in_n : (size_t)x->to_skip;

	drop_front(x, n);
	x->to_skip -= n;
}

/* The request's slices point into x->in, whose front may be reused only when
 * it has been answered: its head is dropped by the next read_requests. */
static void serve_request(struct http_exchange *x)
{
	const struct http_request *r = &x->request;
	struct http_server        *s = x->server;

	x->is_last |= !r->keeps_alive || r->is_chunked ||
	    r->body_bytes > BODY_SKIP_MAX;
	x->to_skip = r->head_bytes + r->body_bytes;
	x->state = HTTP_SERVING;
	timer_clear(loop_timers(s->pool->loop), &x->timer);
	conn_pause(&x->conn);
	s->serve(s->ctx, x, r);
}

/* True: it was served, perhaps answered already. */
static bool read_request(struct http_exchange *x)
{
	struct http_refusal why;

	skip_body(x);
	if (x->to_skip > 0 || x->in_n == 0)
		return false;
	switch (http_parse_request(slice_of(x->in, x->in_n), &x->request, &why)) {
	case HTTP_DONE:
		serve_request(x);
		return true;
	case HTTP_MORE:
		/* An idle connection's time was longer than a head's. */
		set_timer(x, x->waits_ns + x->server->limits.head_ns -
		    loop_now_ns(x->server->pool->loop));
		break;
	case HTTP_BAD:
		refuse(x, &why);
		break;
	}
	return false;
}

/* Answering at once leads back here; the loop is to do it, not the stack. */
static void read_requests(struct http_exchange *x)
{
	if (x->is_reading)
		return;
	x->is_reading = true;
	while (x->state == HTTP_READING && conn_is_open(&x->conn) &&
	    read_request(x))
		;
	x->is_reading = false;
}

static void take_input(struct http_exchange *x, struct slice in)
{
	size_t room = sizeof x->in - x->in_n;

	/* What a peer pipelines beyond this is not worth memory: it gets one
	 * more answer. */
	if (in.n > room) {
		in.n = room;
		x->is_last = true;
	}
	memcpy(x->in + x->in_n, in.p, in.n);
	x->in_n += in.n;
}

static struct slice skip_at_once(struct http_exchange *x, struct slice in)
{
	size_t n = in.n < x->to_skip ? in.n : (size_t)x->to_skip;

	if (x->state != HTTP_READING || x->in_n > 0)
		return in;
	x->to_skip -= n;
	return slice_skip(in, n);
}

static size_t on_input(struct conn *c, struct slice in, struct block *block,
    size_t *need)
{
	struct http_exchange *x = CONTAINER_OF(c, struct http_exchange, conn);
	size_t                used = in.n;

	(void)block;
	(void)need;
	if (x->state == HTTP_LINGERING) {
		x->lingered += in.n;
		if (x->lingered > LINGER_MAX)
			hang_up(x);
		return used;
	}
	if (x->state == HTTP_READING && x->in_n == 0 && x->to_skip == 0)
		x->waits_ns = loop_now_ns(c->pool->loop);
	take_input(x, skip_at_once(x, in));
	if (x->state == HTTP_READING)
		read_requests(x);
	return used;
}

static void on_ended(struct conn *c, enum conn_end how)
{
	(void)how;
	hang_up(CONTAINER_OF(c, struct http_exchange, conn));
}

static void on_blocked(struct conn *c)
{
	(void)c;		/* the timer is set already */
}

static void on_drained(struct conn *c)
{
	struct http_exchange *x = CONTAINER_OF(c, struct http_exchange, conn);

	if (x->state == HTTP_WRITING)
		answer_sent(x);
}

static const struct conn_ops ops = { on_input, on_ended, on_blocked,
	on_drained };

/* ---- accepting ---------------------------------------------------------- */

/* Who has waited longest for a request goes; false: all are being served. */
static bool make_room(struct http_server *s)
{
	LIST_EACH(l, &s->exchanges) {
		struct http_exchange *x =
		    CONTAINER_OF(l, struct http_exchange, link);

		if (x->state == HTTP_READING || x->state == HTTP_LINGERING) {
			hang_up(x);
			return true;
		}
	}
	return false;
}

static void secured(struct conn *c)
{
	(void)c;		/* the request's time goes on running */
}

static void not_secured(struct conn *c, struct slice why)
{
	log_debug("monitoring: TLS handshake error: %.*s", SLICE_ARG(why));
	hang_up(CONTAINER_OF(c, struct http_exchange, conn));
}

static const struct conn_tls_ops tls_ops = { .secured = secured,
	.failed = not_secured };

void http_set_tls(struct http_server *s, struct tls_context *tls)
{
	tls_context_unref(s->tls);
	s->tls = tls;
}

static void open_exchange(struct http_server *s, int fd)
{
	struct http_exchange *x;

	if (s->n_conns >= s->limits.conns_max && !make_room(s)) {
		close(fd);
		return;
	}
	x = calloc(1, sizeof *x);
	if (x == NULL || conn_open(&x->conn, s->pool, fd, &ops) != 0) {
		close(fd);
		free(x);
		return;
	}
	x->server = s;
	x->timer.fire = too_late;
	x->grave.release = release;
	x->waits_ns = loop_now_ns(s->pool->loop);
	list_append(&s->exchanges, &x->link);
	s->n_conns++;
	if (s->tls != NULL &&
	    conn_tls_begin(&x->conn, s->tls, NULL, NULL, &tls_ops) != 0)
		hang_up(x);
	else
		set_timer(x, s->limits.head_ns);
}

/* Out of descriptors: the listener would be ready again at once, forever. */
static void rest(struct http_server *s)
{
	struct loop *l = s->pool->loop;

	if (!timer_set(loop_timers(l), &s->rest, loop_now_ns(l) + rest_ns))
		return;
	loop_unwatch(l, &s->listener);
}

static void rested(struct timer *t, int64_t now_ns)
{
	struct http_server *s = CONTAINER_OF(t, struct http_server, rest);

	(void)now_ns;
	if (loop_watch(s->pool->loop, &s->listener, EPOLLIN) != 0)
		rest(s);
}

static void on_connection(struct watch *w, uint32_t events)
{
	struct http_server *s = CONTAINER_OF(w, struct http_server, listener);

	(void)events;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			open_exchange(s, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			rest(s);
			return;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
	}
}

struct http_server *http_create(struct conn_pool *pool, int listen_fd,
    const struct http_limits *limits, http_serve serve, void *ctx)
{
	struct http_server *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	*s = (struct http_server){
		.pool = pool,
		.listener = { listen_fd, on_connection },
		.rest = { .fire = rested },
		.limits = limits == NULL ? http_limits_default : *limits,
		.serve = serve,
		.ctx = ctx,
	};
	list_init(&s->exchanges);
	if (loop_watch(pool->loop, &s->listener, EPOLLIN) != 0) {
		free(s);
		return NULL;
	}
	return s;
}

void http_destroy(struct http_server *s)
{
	if (s == NULL)
		return;
	LIST_EACH(l, &s->exchanges) {
		struct http_exchange *x =
		    CONTAINER_OF(l, struct http_exchange, link);

		conn_close(&x->conn);
		timer_clear(loop_timers(s->pool->loop), &x->timer);
		free(x);
	}
	timer_clear(loop_timers(s->pool->loop), &s->rest);
	loop_unwatch(s->pool->loop, &s->listener);
	close(s->listener.fd);
	tls_context_unref(s->tls);
	free(s);
}

unsigned http_n_conns(const struct http_server *s)
{
	return s->n_conns;
}
