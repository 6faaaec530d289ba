/* net/listen.c - a listening socket, and who comes in by it. */
#include "net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

enum { BACKLOG = 4096, ACCEPTS_PER_TURN = 64 };
#define REST_NS (100 * NS_PER_MS)

/* ---- opening ------------------------------------------------------------- */

static int fail(struct buf *why, const char *host, unsigned port,
    const char *step, const char *text)
{
	bool is_ip6 = strchr(host, ':') != NULL;

	buf_printf(why, "listen tcp %s%s%s:%u: %s%s", is_ip6 ? "[" : "", host,
	    is_ip6 ? "]" : "", port, step, text);
	return -1;
}

static int try_listen(const struct addrinfo *a, const char **step)
{
	int one = 1, zero = 0;
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);

	*step = "socket: ";
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
	*step = "bind: ";
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0) {
		*step = "listen: ";
		if (listen(fd, BACKLOG) == 0)
			return fd;
	}
	close(fd);
	return -1;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage a = { 0 };
	socklen_t               n = sizeof a;

	getsockname(fd, (struct sockaddr *)&a, &n);
	return ntohs(a.ss_family == AF_INET6
	    ? ((struct sockaddr_in6 *)&a)->sin6_port
	    : ((struct sockaddr_in *)&a)->sin_port);
}

static int resolve(const char *host, uint16_t port, struct addrinfo **ret)
{
	bool            is_any = host[0] == '\0' || strcmp(host, "0.0.0.0") == 0;
	struct addrinfo want = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	char            service[8];
	int             rc;

	snprintf(service, sizeof service, "%u", port);
	if (is_any) {
		/* One socket for both families, where there are both. */
		want.ai_family = AF_INET6;
		rc = getaddrinfo("::", service, &want, ret);
		if (rc == 0)
			return 0;
		want.ai_family = AF_INET;
	}
	return getaddrinfo(is_any ? "0.0.0.0" : host, service, &want, ret);
}

static int listen_v4_any(uint16_t port, const char **step)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	struct addrinfo    a = { .ai_family = AF_INET, .ai_addrlen = sizeof any,
		.ai_addr = (struct sockaddr *)&any };

	return try_listen(&a, step);
}

int listen_open(const char *host, uint16_t *port, struct buf *why)
{
	struct addrinfo *list = NULL;
	const char      *step = "";
	int              fd = -1, rc = resolve(host, *port, &list), err = 0;

	if (rc != 0)
		return fail(why, host, *port, "", gai_strerror(rc));
	for (struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next) {
		fd = try_listen(a, &step);
		err = errno;
		/* A kernel without IPv6 still has the other family. */
		if (fd < 0 && err == EAFNOSUPPORT)
			fd = listen_v4_any(*port, &step);
	}
	freeaddrinfo(list);
	if (fd < 0)
		return fail(why, host, *port, step, err == EADDRINUSE
		    ? "address already in use" : strerror(err));
	*port = port_of(fd);
	return fd;
}

/* ---- accepting ----------------------------------------------------------- */

static void rest(struct listener *l)
{
	static struct log_gate gate;
	uint32_t               held;

	if (log_gate_open(&gate, &held))
		log_error("Client Accept Error (%s), sleeping %dms",
		    strerror(errno), (int)(REST_NS / NS_PER_MS));
	loop_rewatch(l->loop, &l->watch, 0);
	timer_set(loop_timers(l->loop), &l->rest,
	    loop_now_ns(l->loop) + REST_NS);
}

static void rested(struct timer *t, int64_t now_ns)
{
	struct listener *l = CONTAINER_OF(t, struct listener, rest);

	(void)now_ns;
	if (l->watch.fd >= 0)
		loop_rewatch(l->loop, &l->watch, EPOLLIN);
}

static bool is_passing(int err)
{
	return err == EINTR || err == ECONNABORTED || err == EAGAIN ||
	    err == EWOULDBLOCK || err == EPROTO || err == EPERM;
}

static void ready(struct watch *w, uint32_t events)
{
	struct listener *l = CONTAINER_OF(w, struct listener, watch);

	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN && l->watch.fd >= 0; i++) {
		struct sockaddr_storage peer = { 0 };
		socklen_t               n = sizeof peer;
		int one = 1, fd = accept4(w->fd, (struct sockaddr *)&peer, &n,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (!is_passing(errno))
				rest(l);
			return;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		l->accepted(l, fd, &peer);
	}
}

int listener_start(struct listener *l, struct loop *loop, int fd)
{
	int err;

	l->watch = (struct watch){ fd, ready };
	l->loop = loop;
	l->rest = (struct timer){ .fire = rested };
	err = loop_watch(loop, &l->watch, EPOLLIN);
	if (err != 0)
		l->watch.fd = -1;
	return err;
}

void listener_stop(struct listener *l)
{
	if (l->watch.fd < 0)
		return;
	loop_unwatch(l->loop, &l->watch);
	timer_clear(loop_timers(l->loop), &l->rest);
	close(l->watch.fd);
	l->watch.fd = -1;
}

void listen_put_address(struct buf *b, const struct sockaddr_storage *a)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (a->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)a;

		inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
		buf_printf(b, "[%s]:%u", text, ntohs(in->sin6_port));
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)a;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
		buf_printf(b, "%s:%u", text, ntohs(in->sin_port));
	}
}
