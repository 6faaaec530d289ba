/* bench/peer.c - sockets, output in large pieces, input by memchr. */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "secure.h"

enum { EVENTS_MAX = 256 };

/* ---- the loop --------------------------------------------------------- */

int loop_open(struct loop *l)
{
	*l = (struct loop){ .epfd = epoll_create1(EPOLL_CLOEXEC) };
	if (l->epfd < 0)
		return ERR_IO;
	l->in = malloc(LOOP_IN_BYTES);
	return l->in == NULL ? ERR_NOMEM : 0;
}

void loop_close(struct loop *l)
{
	if (l->epfd >= 0)
		close(l->epfd);
	free(l->in);
	*l = (struct loop){ .epfd = -1 };
}

void loop_break(struct loop *l, const char *fmt, ...)
{
	va_list ap;

	if (l->is_broken)
		return;
	l->is_broken = true;
	va_start(ap, fmt);
	vsnprintf(l->why, sizeof l->why, fmt, ap);
	va_end(ap);
}

static void peer_lose(struct peer *p, const char *what)
{
	p->is_lost = true;
	epoll_ctl(p->loop->epfd, EPOLL_CTL_DEL, p->fd, NULL);
	if (!p->is_lost_fine)
		loop_break(p->loop, "connection lost: %s", what);
}

static void watch(struct peer *p, int op)
{
	struct epoll_event ev = {
		.events = EPOLLIN | (p->wants_out ? EPOLLOUT : 0u),
		.data.ptr = p,
	};

	if (epoll_ctl(p->loop->epfd, op, p->fd, &ev) != 0)
		loop_break(p->loop, "epoll_ctl: %s", strerror(errno));
}

/* ---- output ----------------------------------------------------------- */

static void want_out(struct peer *p, bool wants)
{
	if (p->wants_out == wants)
		return;
	p->wants_out = wants;
	watch(p, EPOLL_CTL_MOD);
}

/* The next piece, into p->now.  Between two pieces is the one place where an
 * answer to the server's PING may go. */
static bool next_piece(struct peer *p)
{
	struct buf empty;

	if (p->queue.n == 0)
		return p->refill != NULL && p->refill(p);
	empty = p->sending;
	p->sending = p->queue;
	p->queue = empty;
	buf_reset(&p->queue);
	p->now = buf_slice(&p->sending);
	return true;
}

static ssize_t put_bytes(struct peer *p)
{
	struct iovec iov = { (char *)(uintptr_t)p->now.p, p->now.n };

	if (p->tls != NULL)
		return tls_send(p->tls, &iov, 1);
	return send(p->fd, p->now.p, p->now.n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void flush(struct peer *p)
{
	size_t n_sent = 0;

	while (!p->is_lost && n_sent < LOOP_SEND_MAX) {
		ssize_t r;

		if (p->now.n == 0 && !next_piece(p))
			return want_out(p, false);
		if (p->now.n == 0)
			continue;	/* refill has queued */
		r = put_bytes(p);
		if (r < 0 && errno == EAGAIN)
			return want_out(p, true);
		if (r < 0)
			return peer_lose(p, strerror(errno));
		p->now = slice_skip(p->now, (size_t)r);
		n_sent += (size_t)r;
	}
	if (!p->is_lost)
		peer_wake(p);		/* others first */
}

void peer_wake(struct peer *p)
{
	if (p->is_awake)
		return;
	p->is_awake = true;
	p->next_awake = p->loop->awake;
	p->loop->awake = p;
}

static void flush_awake(struct loop *l)
{
	struct peer *p = l->awake;

	l->awake = NULL;
	while (p != NULL) {
		struct peer *next = p->next_awake;

		p->is_awake = false;
		if (!p->wants_out)
			flush(p);
		p = next;
	}
}

/* ---- input ------------------------------------------------------------ */

static void refuse(struct peer *p, const char *at, const char *end)
{
	size_t n = (size_t)(end - at) < 80 ? (size_t)(end - at) : 80;

	loop_break(p->loop, "not understood: %.*s", (int)n, at);
}

static unsigned split(const char *p, const char *end, struct slice *words,
    unsigned max)
{
	unsigned n = 0;

	while (p < end && n < max) {
		const char *start;

		while (p < end && *p == ' ')
			p++;
		for (start = p; p < end && *p != ' ' && *p != '\r'; )
			p++;
		if (p > start)
			words[n++] = slice_of(start, (size_t)(p - start));
		if (p < end && *p == '\r')
			break;
	}
	return n;
}

static bool read_size(struct slice s, size_t *ret)
{
	size_t v = 0;

	if (s.n == 0 || s.n > 9)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (size_t)(s.p[i] - '0');
	}
	*ret = v;
	return true;
}

/* MSG subject sid [reply] n, HMSG subject sid [reply] hdr n. */
static bool read_msg_line(struct slice line, struct delivery *d)
{
	struct slice w[6];
	unsigned     n = split(line.p, line.p + line.n, w, 6);
	unsigned     n_least = line.p[0] == 'H' ? 5 : 4;

	if (n < n_least || n > n_least + 1)
		return false;
	d->subject = w[1];
	d->sid = w[2];
	d->reply = n > n_least ? w[3] : SLICE_NONE;
	d->body = SLICE_NONE;
	return read_size(w[n - 1], &d->body.n) &&
	    d->body.n + PEER_LINE_MAX < LOOP_IN_BYTES;
}

/* Subjects and sids repeat in most loads, and then so does the whole line.
 * The memo's slices are kept as offsets from the line's start. */
static void remember(struct peer *p, struct slice line, const struct delivery *d)
{
	ptrdiff_t to_memo = p->memo - line.p;

	p->n_memo = 0;
	if (line.n > PEER_MEMO_MAX || d->reply.n > 0)
		return;
	memcpy(p->memo, line.p, line.n);
	p->n_memo = line.n;
	p->memo_means = *d;
	p->memo_means.subject.p += to_memo;
	p->memo_means.sid.p += to_memo;
}

/* The bytes taken; 0: not all here, or refused. */
static size_t take_msg(struct peer *p, const char *at, const char *end)
{
	size_t          n = (size_t)(end - at);
	struct delivery d;
	struct slice    line;

	if (p->n_memo > 0 && n >= p->n_memo &&
	    memcmp(at, p->memo, p->n_memo) == 0) {
		d = p->memo_means;
		line = slice_of(at, p->n_memo);
	} else {
		const char *nl = memchr(at, '\n', n);

		if (nl == NULL)
			return 0;
		line = slice_of(at, (size_t)(nl + 1 - at));
		if (!read_msg_line(line, &d))
			return refuse(p, at, end), 0;
		remember(p, line, &d);
	}
	if (n < line.n + d.body.n + 2)
		return 0;
	d.body.p = at + line.n;
	if (memcmp(d.body.p + d.body.n, "\r\n", 2) != 0)
		return refuse(p, at, end), 0;
	if (p->on_msg != NULL)
		p->on_msg(p, &d);
	return line.n + d.body.n + 2;
}

static void take_control(struct peer *p, struct slice line)
{
	if (slice_has_prefix(line, SLICE("PONG"))) {
		p->n_pongs++;
	} else if (slice_has_prefix(line, SLICE("PING"))) {
		buf_put_str(&p->queue, "PONG\r\n");
		peer_wake(p);
	} else if (slice_has_prefix(line, SLICE("-ERR"))) {
		if (!p->is_lost_fine)
			loop_break(p->loop, "%.*s", (int)line.n - 2, line.p);
	} else if (!slice_has_prefix(line, SLICE("INFO")) &&
	    !slice_has_prefix(line, SLICE("+OK"))) {
		refuse(p, line.p, line.p + line.n);
	}
}

static size_t take_line(struct peer *p, const char *at, const char *end)
{
	const char *nl = memchr(at, '\n', (size_t)(end - at));

	if (nl == NULL && end - at > PEER_LINE_MAX)
		refuse(p, at, end);
	if (nl == NULL)
		return 0;
	take_control(p, slice_of(at, (size_t)(nl + 1 - at)));
	return (size_t)(nl + 1 - at);
}

static void take_all(struct peer *p, const char *at, const char *end)
{
	while (at < end && !p->loop->is_broken) {
		size_t n = *at == 'M' || *at == 'H' ?
		    take_msg(p, at, end) : take_line(p, at, end);

		if (n == 0)
			break;
		at += n;
	}
	buf_reset(&p->tail);
	buf_put(&p->tail, at, (size_t)(end - at));
}

static void read_more(struct peer *p)
{
	struct loop *l = p->loop;
	size_t       n_tail = p->tail.n;
	ssize_t      r;

	/* An operation is refused before it could fill the buffer. */
	if (n_tail > 0)
		memcpy(l->in, p->tail.p, n_tail);
	if (p->tls != NULL)
		r = tls_recv(p->tls, l->in + n_tail, LOOP_IN_BYTES - n_tail);
	else
		r = recv(p->fd, l->in + n_tail, LOOP_IN_BYTES - n_tail,
		    MSG_DONTWAIT);
	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (r <= 0)
		return peer_lose(p, r == 0 ? "closed by the server" :
		    strerror(errno));
	take_all(p, l->in, l->in + n_tail + (size_t)r);
}

bool loop_turn(struct loop *l, int timeout_ms)
{
	struct epoll_event ev[EVENTS_MAX];
	int                n;

	n = epoll_wait(l->epfd, ev, EVENTS_MAX, l->awake != NULL ? 0 : timeout_ms);
	for (int i = 0; i < n && !l->is_broken; i++) {
		struct peer *p = ev[i].data.ptr;

		if (!p->is_lost && (ev[i].events & ~(unsigned)EPOLLOUT) != 0)
			read_more(p);
		while (!p->is_lost && !l->is_broken && p->tls != NULL &&
		    tls_has_more(p->tls))
			read_more(p);
		if (!p->is_lost && (ev[i].events & EPOLLOUT) != 0)
			flush(p);
	}
	flush_awake(l);
	return !l->is_broken;
}

/* ---- life ------------------------------------------------------------- */

static void put_connect(struct peer *p)
{
	buf_put_str(&p->queue, "CONNECT {\"verbose\":false,\"pedantic\":false,"
	    "\"protocol\":1,\"headers\":true,\"no_responders\":true,");
	if (p->loop->user[0] != '\0')
		buf_printf(&p->queue, "\"user\":\"%s\",\"pass\":\"%s\",",
		    p->loop->user, p->loop->password);
	buf_put_str(&p->queue,
	    "\"name\":\"load\",\"lang\":\"c\",\"version\":\"1\"}\r\n");
}

int peer_open(struct peer *p, struct loop *l, const char *host, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int                one = 1;

	*p = (struct peer){ .loop = l, .fd = -1 };
	if (inet_pton(AF_INET, host, &to.sin_addr) != 1)
		return ERR_SYNTAX;
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		return ERR_IO;
	if (connect(p->fd, (struct sockaddr *)&to, sizeof to) != 0 ||
	    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0) {
		close(p->fd);
		p->fd = -1;
		return ERR_IO;
	}
	if (l->tls != NULL) {
		p->tls = secure_shake(l->tls, p->fd);
		if (p->tls == NULL)
			return ERR_IO;
	}
	watch(p, EPOLL_CTL_ADD);
	put_connect(p);
	peer_ping(p);
	return 0;
}

void peer_close(struct peer *p)
{
	tls_close(p->tls);
	if (p->loop != NULL && p->fd >= 0)
		close(p->fd);
	buf_fini(&p->queue);
	buf_fini(&p->sending);
	buf_fini(&p->tail);
	*p = (struct peer){ .fd = -1 };
}

void peer_subscribe(struct peer *p, const char *subject, const char *group,
    uint64_t sid)
{
	buf_put_str(&p->queue, "SUB ");
	buf_put_str(&p->queue, subject);
	buf_put_char(&p->queue, ' ');
	if (group != NULL) {
		buf_put_str(&p->queue, group);
		buf_put_char(&p->queue, ' ');
	}
	buf_put_u64(&p->queue, sid);
	buf_put_str(&p->queue, "\r\n");
	peer_wake(p);
}

void peer_ping(struct peer *p)
{
	buf_put_str(&p->queue, "PING\r\n");
	p->n_pings++;
	peer_wake(p);
}

bool peer_await_pong(struct peer *p, int64_t timeout_ns)
{
	int64_t deadline_ns = clock_ns() + timeout_ns;

	while (p->n_pongs < p->n_pings) {
		if (clock_ns() > deadline_ns) {
			loop_break(p->loop, "no PONG in time");
			return false;
		}
		if (!loop_turn(p->loop, 100))
			return false;
	}
	return true;
}

void peer_deafen(struct peer *p)
{
	p->is_lost_fine = true;
	epoll_ctl(p->loop->epfd, EPOLL_CTL_DEL, p->fd, NULL);
}
