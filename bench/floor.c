/* bench/floor.c - the least a server of this protocol can cost on this machine.
 *
 * One thread, one epoll, one read buffer; PUB is parsed, the frame is copied to
 * each subscriber's output, and outputs are written once a turn.  Matching is
 * an exact lookup, then one with "*" for the last token (for inboxes), with the
 * last subject remembered.  No queue groups, no UNSUB by count, no limits, no
 * wildcards otherwise: what mote adds to these numbers is what its features cost.
 *
 *     floor PORT
 *     floor PORT FILE	what is asked on a subject nobody listens to is written
 *			into FILE, over zeros and around, synced once a turn
 *			before its answers go: the least that keeps what it takes
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/slice.h"

enum { IN_BYTES = 256 << 10, TOPICS = 1 << 14, EVENTS_MAX = 256,
	STORE_BYTES = 64 << 20, LINE_MAX_BYTES = 4096, NAME_MAX_BYTES = 64, SID_MAX_BYTES = 16 };

struct conn {
	int          fd;
	bool         is_touched, wants_out;
	struct conn *next_touched;
	struct buf   tail;	/* an incomplete operation */
	struct buf   out;
	size_t       n_written;
};

struct receiver {
	struct conn *conn;	/* NULL: gone */
	uint32_t     n_sid;
	char         sid[SID_MAX_BYTES];
};

struct topic {
	size_t           n_name;	/* 0: free */
	char             name[NAME_MAX_BYTES];
	struct receiver *receivers;
	size_t           n, cap;
};

static int           epfd;
static char          in[IN_BYTES];
static struct topic  topics[TOPICS];
static struct topic *last_topic;	/* what the last publish found */
static char          last_name[NAME_MAX_BYTES];
static size_t        n_last_name;
static struct conn  *touched;

static int        store = -1;	/* no FILE */
static off_t      store_at;
static struct buf unstored;	/* of this turn */
static uint64_t   n_stored;

/* ---- topics ----------------------------------------------------------- */

static struct topic *topic_at(struct slice name, bool makes)
{
	size_t i = hash_slice(name) & (TOPICS - 1);

	for (size_t tries = 0; tries < TOPICS; tries++) {
		struct topic *t = &topics[(i + tries) & (TOPICS - 1)];

		if (t->n_name == 0) {
			if (!makes)
				return NULL;
			memcpy(t->name, name.p, name.n);
			t->n_name = name.n;
			return t;
		}
		if (slice_eq(slice_of(t->name, t->n_name), name))
			return t;
	}
	return NULL;
}

static struct topic *topic_find(struct slice subject)
{
	char          name[NAME_MAX_BYTES];
	const char   *dot;
	struct topic *t;
	size_t        n;

	if (slice_eq(subject, slice_of(last_name, n_last_name)))
		return last_topic;
	if (subject.n >= NAME_MAX_BYTES)
		return NULL;
	t = topic_at(subject, false);
	dot = memrchr(subject.p, '.', subject.n);
	if (t == NULL && dot != NULL) {
		n = (size_t)(dot + 1 - subject.p);
		memcpy(name, subject.p, n);
		name[n] = '*';
		t = topic_at(slice_of(name, n + 1), false);
	}
	memcpy(last_name, subject.p, subject.n);
	n_last_name = subject.n;
	last_topic = t;
	return t;
}

static void topic_add(struct topic *t, struct conn *c, struct slice sid)
{
	struct receiver *r;

	if (t->n == t->cap) {
		size_t cap = t->cap == 0 ? 4 : 2 * t->cap;

		r = reallocarray(t->receivers, cap, sizeof *r);
		if (r == NULL)
			return;
		t->receivers = r;
		t->cap = cap;
	}
	r = &t->receivers[t->n++];
	r->conn = c;
	r->n_sid = (uint32_t)(sid.n < SID_MAX_BYTES ? sid.n : SID_MAX_BYTES);
	memcpy(r->sid, sid.p, r->n_sid);
}

/* UNSUB sid (NULL: all) of c. */
static void topics_forget(const struct conn *c, const struct slice *sid)
{
	n_last_name = 0;
	for (size_t i = 0; i < TOPICS; i++) {
		struct topic *t = &topics[i];

		for (size_t k = t->n; k-- > 0;) {
			struct receiver *r = &t->receivers[k];

			if (r->conn == c && (sid == NULL ||
			    slice_eq(slice_of(r->sid, r->n_sid), *sid)))
				*r = t->receivers[--t->n];
		}
	}
}

/* ---- output ----------------------------------------------------------- */

static void touch(struct conn *c)
{
	if (c->is_touched)
		return;
	c->is_touched = true;
	c->next_touched = touched;
	touched = c;
}

static void watch(struct conn *c, int op)
{
	struct epoll_event ev = {
		.events = EPOLLIN | (c->wants_out ? EPOLLOUT : 0u),
		.data.ptr = c,
	};

	epoll_ctl(epfd, op, c->fd, &ev);
}

static void flush(struct conn *c)
{
	bool wants = false;

	while (c->n_written < c->out.n && !wants) {
		ssize_t r = send(c->fd, c->out.p + c->n_written,
		    c->out.n - c->n_written, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (r < 0)
			wants = true;	/* EAGAIN, or a loss that recv will see */
		else
			c->n_written += (size_t)r;
	}
	if (!wants) {
		buf_reset(&c->out);
		c->n_written = 0;
	}
	if (wants != c->wants_out) {
		c->wants_out = wants;
		watch(c, EPOLL_CTL_MOD);
	}
}

static void flush_touched(void)
{
	while (touched != NULL) {
		struct conn *c = touched;

		touched = c->next_touched;
		c->is_touched = false;
		if (!c->wants_out)
			flush(c);
	}
}

/* ---- delivery --------------------------------------------------------- */

/* What all receivers get behind their sid: " [reply ]n\r\nbody\r\n". */
static void deliver(const struct topic *t, struct slice subject,
    struct slice reply, struct slice size, struct slice body_crlf)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct receiver *r = &t->receivers[i];
		struct buf            *b = &r->conn->out;
		char *p = buf_reserve(b, 4 + subject.n + 1 + r->n_sid + 1 +
		    reply.n + 1 + size.n + 2 + body_crlf.n);
		char *start = p;

		if (p == NULL)
			return;
		p = mempcpy(p, "MSG ", 4);
		p = mempcpy(p, subject.p, subject.n);
		*p++ = ' ';
		p = mempcpy(p, r->sid, r->n_sid);
		*p++ = ' ';
		if (reply.n > 0) {
			p = mempcpy(p, reply.p, reply.n);
			*p++ = ' ';
		}
		p = mempcpy(p, size.p, size.n);
		p = mempcpy(p, "\r\n", 2);
		p = mempcpy(p, body_crlf.p, body_crlf.n);
		buf_added(b, (size_t)(p - start));
		touch(r->conn);
	}
}

/* ---- the store -------------------------------------------------------- */

/* The answer waits in the output: see sync_store. */
static void keep(struct slice reply, struct slice body_crlf)
{
	struct topic *t = topic_find(reply);
	struct buf    size = { 0 }, text = { 0 };

	buf_put_slice(&unstored, body_crlf);
	buf_printf(&text, "{\"stream\":\"B\",\"seq\":%ju}",
	    (uintmax_t)++n_stored);
	buf_put_u64(&size, text.n);
	buf_put_str(&text, "\r\n");
	if (t != NULL)
		deliver(t, reply, SLICE_NONE, buf_slice(&size),
		    buf_slice(&text));
	buf_fini(&size);
	buf_fini(&text);
}

static void sync_store(void)
{
	if (unstored.n == 0)
		return;
	if (store_at + (off_t)unstored.n > STORE_BYTES)
		store_at = 0;
	if (pwrite(store, unstored.p, unstored.n, store_at) < 0 ||
	    fdatasync(store) != 0) {
		perror("floor: store");
		exit(1);
	}
	store_at += (off_t)unstored.n;
	buf_reset(&unstored);
}

static void open_store(const char *path)
{
	store = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	for (off_t at = 0; store >= 0 && at < STORE_BYTES; at += IN_BYTES)
		if (pwrite(store, in, IN_BYTES, at) != IN_BYTES)
			exit(1);
	if (store < 0 || fsync(store) != 0) {
		perror("floor: store");
		exit(1);
	}
}

/* ---- operations ------------------------------------------------------- */

static unsigned split(struct slice line, struct slice *words, unsigned max)
{
	const char *p = line.p, *end = line.p + line.n;
	unsigned    n = 0;

	while (p < end && n < max) {
		const char *start;

		while (p < end && *p == ' ')
			p++;
		for (start = p; p < end && *p != ' ' && *p != '\r' && *p != '\n';)
			p++;
		if (p == start)
			break;
		words[n++] = slice_of(start, (size_t)(p - start));
	}
	return n;
}

/* The bytes taken of at..end; 0: not all here; -1: no use. */
static ssize_t take_pub(struct slice line, const char *end)
{
	struct slice  w[4];
	unsigned      n = split(line, w, 4);
	const char   *body = line.p + line.n;
	struct topic *t;
	size_t        size = 0;

	if (n < 3)
		return -1;
	for (size_t i = 0; i < w[n - 1].n; i++)
		size = size * 10 + (size_t)(w[n - 1].p[i] - '0');
	if (size > IN_BYTES - LINE_MAX_BYTES)
		return -1;
	if ((size_t)(end - body) < size + 2)
		return 0;
	t = topic_find(w[1]);
	if (t != NULL)
		deliver(t, w[1], n == 4 ? w[2] : SLICE_NONE, w[n - 1],
		    slice_of(body, size + 2));
	else if (store >= 0 && n == 4)
		keep(w[2], slice_of(body, size + 2));
	return (ssize_t)(line.n + size + 2);
}

static ssize_t take_other(struct conn *c, struct slice line)
{
	struct slice  w[4];
	unsigned      n = split(line, w, 4);
	struct topic *t;

	if (n >= 3 && slice_eq(w[0], SLICE("SUB")) && w[1].n < NAME_MAX_BYTES) {
		n_last_name = 0;
		t = topic_at(w[1], true);
		if (t != NULL)
			topic_add(t, c, w[n - 1]);
	} else if (n >= 2 && slice_eq(w[0], SLICE("UNSUB"))) {
		topics_forget(c, &w[1]);
	} else if (n >= 1 && slice_eq(w[0], SLICE("PING"))) {
		buf_put_str(&c->out, "PONG\r\n");
		touch(c);
	}
	return (ssize_t)line.n;
}

static ssize_t take_op(struct conn *c, const char *at, const char *end)
{
	const char  *nl = memchr(at, '\n', (size_t)(end - at));
	struct slice line;

	if (nl == NULL)
		return end - at > LINE_MAX_BYTES ? -1 : 0;
	line = slice_of(at, (size_t)(nl + 1 - at));
	if (at[0] == 'P' && at[1] == 'U')
		return take_pub(line, end);
	return take_other(c, line);
}

/* ---- connections ------------------------------------------------------ */

static void drop(struct conn *c)
{
	topics_forget(c, NULL);
	for (struct conn **at = &touched; *at != NULL; at = &(*at)->next_touched) {
		if (*at == c) {
			*at = c->next_touched;
			break;
		}
	}
	close(c->fd);
	buf_fini(&c->tail);
	buf_fini(&c->out);
	free(c);
}

/* False: it is gone. */
static bool read_more(struct conn *c)
{
	size_t      n_tail = c->tail.n;
	const char *at = in, *end;
	ssize_t     r;

	if (n_tail > 0)
		memcpy(in, c->tail.p, n_tail);
	r = recv(c->fd, in + n_tail, IN_BYTES - n_tail, MSG_DONTWAIT);
	if (r < 0 && errno == EAGAIN)
		return true;
	end = in + n_tail + (r > 0 ? r : 0);
	while (r > 0 && at < end) {
		ssize_t n = take_op(c, at, end);

		if (n < 0)
			r = n;
		if (n <= 0)
			break;
		at += n;
	}
	if (r <= 0) {
		drop(c);
		return false;
	}
	buf_reset(&c->tail);
	buf_put(&c->tail, at, (size_t)(end - at));
	return true;
}

static void greet(int listener)
{
	int          one = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct conn *c = fd < 0 ? NULL : calloc(1, sizeof *c);

	if (c == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->fd = fd;
	buf_put_str(&c->out, "INFO {\"server_id\":\"floor\",\"version\":"
	    "\"0.0.0\",\"proto\":1,\"max_payload\":131072} \r\n");
	watch(c, EPOLL_CTL_ADD);
	touch(c);
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
	    listen(fd, SOMAXCONN) != 0) {
		perror("floor: listen");
		exit(1);
	}
	return fd;
}

static void serve(int listener)
{
	struct epoll_event ev[EVENTS_MAX];

	for (;;) {
		int n = epoll_wait(epfd, ev, EVENTS_MAX, -1);

		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;

			if (c == NULL) {
				greet(listener);
				continue;
			}
			if ((ev[i].events & ~(unsigned)EPOLLOUT) != 0 &&
			    !read_more(c))
				continue;
			if ((ev[i].events & EPOLLOUT) != 0)
				flush(c);
		}
		sync_store();
		flush_touched();
	}
}

int main(int argc, char **argv)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct rlimit      files;
	int                listener;

	if (argc != 2 && argc != 3) {
		fputs("usage: floor PORT [FILE]\n", stderr);
		return 2;
	}
	if (argc == 3)
		open_store(argv[2]);
	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	hash_init();
	epfd = epoll_create1(EPOLL_CLOEXEC);
	listener = listen_on((uint16_t)strtoul(argv[1], NULL, 10));
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &ev) != 0) {
		perror("floor: epoll");
		return 1;
	}
	serve(listener);
}
