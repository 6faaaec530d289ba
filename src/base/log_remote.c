/* base/log_remote.c - syslog over UDP, TCP or a socket file.
 *
 * A frame is "<24+severity>time host tag[pid]: text\n".  A log server that
 * hangs must not hang us: sockets never block, a broken connection is dialled
 * again at most once a second, and lines that cannot leave are counted. */
#include "base/log_int.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	DIAL_MS_MAX  = 2000,
	DATAGRAM_MAX = 60000,	/* of text; below UDP's own 65507 */
	HOST_MAX     = 256,
};

struct log_remote {
	int                     fd;	/* -1: to be dialled again */
	int                     type;	/* SOCK_STREAM or SOCK_DGRAM */
	socklen_t               n_addr;
	struct sockaddr_storage addr;
	int64_t                 dialled_ns;
	uint64_t                n_lost;	/* since the last line that left */
	char                    host[HOST_MAX];
};

/* ---- dialling --------------------------------------------------------- */

/* Starts to connect.  false and errno: refused at once. */
static bool dial(struct log_remote *r)
{
	int fd = socket(r->addr.ss_family,
	    r->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	r->dialled_ns = clock_ns();
	if (connect(fd, (struct sockaddr *)&r->addr, r->n_addr) != 0 &&
	    errno != EINPROGRESS) {
		int err = errno;

		close(fd);
		errno = err;
		return false;
	}
	r->fd = fd;
	return true;
}

static void hang_up(struct log_remote *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

/* For the start, when somebody waits for the verdict. */
static bool dial_and_wait(struct log_remote *r)
{
	struct pollfd p = { .events = POLLOUT };
	int           err = 0;
	socklen_t     n = sizeof err;

	if (!dial(r))
		return false;
	p.fd = r->fd;
	if (poll(&p, 1, DIAL_MS_MAX) != 1)
		err = ETIMEDOUT;
	else if (getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &err, &n) != 0)
		err = errno;
	if (err == 0)
		return true;
	hang_up(r);
	errno = err;
	return false;
}

/* ---- addresses -------------------------------------------------------- */

/* "host:port" or "[::1]:port" taken apart; a path behind is ignored. */
static bool split_host(const char *s, char host[HOST_MAX], char port[32])
{
	size_t      n = strcspn(s, "/");
	const char *colon = memrchr(s, ':', n);
	size_t      n_host = colon == NULL ? 0 : (size_t)(colon - s);
	size_t      n_port = colon == NULL ? 0 : n - n_host - 1;

	if (n_port == 0 || n_port >= 32 || n_host >= HOST_MAX)
		return false;
	if (n_host > 1 && s[0] == '[' && s[n_host - 1] == ']') {
		s++;
		n_host -= 2;
	}
	memcpy(host, s, n_host);
	host[n_host] = '\0';
	memcpy(port, colon + 1, n_port);
	port[n_port] = '\0';
	return true;
}

static bool dial_inet(struct log_remote *r, const char *where,
    const char **why)
{
	char             host[HOST_MAX], port[32];
	struct addrinfo *list, hints = { .ai_socktype = r->type };
	int              err;

	if (!split_host(where, host, port)) {
		*why = log_why("error connecting to syslog: address %s: "
		    "missing port in address", where);
		return false;
	}
	err = getaddrinfo(host[0] == '\0' ? NULL : host, port, &hints, &list);
	if (err != 0) {
		*why = log_why("error connecting to syslog: %s: %s", where,
		    gai_strerror(err));
		return false;
	}
	for (struct addrinfo *a = list; a != NULL && r->fd < 0; a = a->ai_next) {
		if (a->ai_addrlen > sizeof r->addr)
			continue;
		memcpy(&r->addr, a->ai_addr, a->ai_addrlen);
		r->n_addr = a->ai_addrlen;
		if (!dial_and_wait(r))
			*why = log_why("error connecting to syslog: %s: %s",
			    where, strerror(errno));
	}
	freeaddrinfo(list);
	return r->fd >= 0;
}

static bool dial_unix(struct log_remote *r, const char *path,
    const char **why)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&r->addr;

	if (strlen(path) >= sizeof un->sun_path) {
		*why = log_why("error connecting to syslog: path too long");
		return false;
	}
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	r->n_addr = sizeof *un;
	if (dial_and_wait(r))
		return true;
	/* a local syslog daemon's own socket takes datagrams */
	r->type = SOCK_DGRAM;
	if (errno == EPROTOTYPE && dial_and_wait(r))
		return true;
	*why = log_why("error connecting to syslog: dial unix %s: %s", path,
	    strerror(errno));
	return false;
}

static const struct scheme {
	struct slice prefix;
	int          type;
	bool         (*dial)(struct log_remote *, const char *where,
	    const char **why);
} schemes[] = {
	{ { "udp://", 6 }, SOCK_DGRAM, dial_inet },
	{ { "tcp://", 6 }, SOCK_STREAM, dial_inet },
	{ { "unix://", 7 }, SOCK_STREAM, dial_unix },
};

static const struct scheme *scheme_find(const char *url)
{
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (slice_has_prefix(slice_str(url), schemes[i].prefix))
			return &schemes[i];
	return NULL;
}

void log_remote_close(struct log_remote *r)
{
	if (r == NULL)
		return;
	hang_up(r);
	free(r);
}

struct log_remote *log_remote_open(const char *url, const char **why)
{
	const struct scheme *s = scheme_find(url);
	struct log_remote   *r;

	if (s == NULL) {
		*why = log_why("invalid network type: \"%s\"", url);
		return NULL;
	}
	r = calloc(1, sizeof *r);
	if (r == NULL) {
		*why = log_why("out of memory");
		return NULL;
	}
	r->fd = -1;
	r->type = s->type;
	if (gethostname(r->host, sizeof r->host - 1) != 0)
		memcpy(r->host, "localhost", sizeof "localhost");
	if (s->dial(r, url + s->prefix.n, why))
		return r;
	log_remote_close(r);
	return NULL;
}

/* ---- lines ------------------------------------------------------------ */

/* "2026-11-21T00:05:23+01:00", "Z" for UTC. */
static void put_local_time(char to[32])
{
	time_t    now = time(NULL);
	struct tm tm = { 0 };
	long      offset_min;
	size_t    n;

	localtime_r(&now, &tm);
	offset_min = tm.tm_gmtoff / 60;
	n = strftime(to, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	if (offset_min == 0)
		snprintf(to + n, 32 - n, "Z");
	else
		snprintf(to + n, 32 - n, "%c%02u:%02u",
		    offset_min < 0 ? '-' : '+',
		    (unsigned)labs(offset_min) / 60 % 24,
		    (unsigned)labs(offset_min) % 60);
}

/* All of it or an error; half a line spoils the stream for good. */
static bool send_all(struct log_remote *r, struct iovec *part, size_t n_parts)
{
	struct msghdr m = { .msg_iov = part, .msg_iovlen = n_parts };
	size_t        n = 0;
	ssize_t       sent;

	for (size_t i = 0; i < n_parts; i++)
		n += part[i].iov_len;
	do {
		sent = sendmsg(r->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent == (ssize_t)n)
		return true;
	if (sent >= 0)
		errno = EPIPE;
	return false;
}

static bool may_dial(const struct log_remote *r)
{
	return clock_ns() - r->dialled_ns >= NS_PER_S;
}

/* The first failure may be the echo of an earlier line, or of a server that
 * was restarted; so there is a second attempt on a fresh connection. */
static bool send_or_dial(struct log_remote *r, struct iovec *part, size_t n)
{
	for (int i = 0; i < 2; i++) {
		if (r->fd < 0 && !(may_dial(r) && dial(r)))
			return false;
		if (send_all(r, part, n))
			return true;
		if (errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE)
			return false;
		hang_up(r);
		if (r->type == SOCK_DGRAM)
			r->dialled_ns = 0;	/* costs no handshake */
	}
	return false;
}

static bool send_line(struct log_remote *r, int priority, struct slice text)
{
	static char  line_end[] = "\n";
	char         head[HOST_MAX + 256], when[32];
	struct iovec part[3];
	int          n;

	put_local_time(when);
	n = snprintf(head, sizeof head, "<%d>%s %s %.64s[%ld]: ",
	    LOG_DAEMON | priority, when, r->host, program_invocation_short_name,
	    (long)getpid());
	if (r->type == SOCK_DGRAM && text.n > DATAGRAM_MAX)
		text.n = DATAGRAM_MAX;
	part[0] = (struct iovec){ head, (size_t)n };
	part[1] = (struct iovec){ (char *)(uintptr_t)text.p, text.n };
	part[2] = (struct iovec){ line_end, 1 };
	return send_or_dial(r, part, 3);
}

void log_remote_write(struct log_remote *r, int priority, struct slice text)
{
	char told[64];
	int  n;

	if (r->n_lost > 0) {
		n = snprintf(told, sizeof told, "%llu log lines were lost",
		    (unsigned long long)r->n_lost);
		if (!send_line(r, LOG_WARNING, slice_of(told, (size_t)n))) {
			r->n_lost++;
			return;
		}
		r->n_lost = 0;
	}
	if (!send_line(r, priority, text))
		r->n_lost++;
}
