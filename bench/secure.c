/* bench/secure.c - TLS for the load generator. */
#include "secure.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "run.h"

enum { STORM_CLIENTS = 1000, STORM_NICE = 5, WAIT_MS = 20000 };

struct tls_context *secure_context(void)
{
	struct tls_settings s = { .is_client = true, .is_insecure = true };
	struct tls_context *c = NULL;
	struct buf          why = { 0 };

	if (tls_context_create(&s, &c, &why) != 0)
		c = NULL;
	buf_fini(&why);
	return c;
}

/* A byte at a time: what is behind the line is the handshake's. */
static bool skip_info(int fd)
{
	char c = 0;

	while (c != '\n')
		if (recv(fd, &c, 1, 0) != 1)
			return false;
	return true;
}

static bool shake(struct tls_session *s, int fd)
{
	struct buf why = { 0 };
	bool       ok = true;

	for (enum tls_want want = TLS_AGAIN; ok && want != TLS_DONE; ) {
		struct pollfd p = { .fd = fd };

		want = tls_handshake(s, &why);
		p.events = want == TLS_WANTS_IN ? POLLIN : POLLOUT;
		ok = want != TLS_FAILED && (want == TLS_DONE ||
		    want == TLS_AGAIN || poll(&p, 1, WAIT_MS) == 1);
	}
	buf_fini(&why);
	return ok;
}

struct tls_session *secure_shake(struct tls_context *c, int fd)
{
	struct tls_session *s;

	if (!skip_info(fd) || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return NULL;
	s = tls_open(c, fd, NULL);
	if (s != NULL && shake(s, fd))
		return s;
	tls_close(s);
	return NULL;
}

/* ---- the storm ----------------------------------------------------------- */

struct storm {
	unsigned n_secured;
	double   seconds;
};

static int dial(const struct run *r)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(r->port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (inet_pton(AF_INET, r->host, &to.sin_addr) == 1 && fd >= 0 &&
	    connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* One of the crowd. */
struct comer {
	struct tls_session *tls;	/* NULL: lost, or it never came */
	bool                is_in;
};

static void come_in(struct tls_context *c, struct comer *who, int fd)
{
	struct buf why = { 0 };

	if (fd < 0 || !skip_info(fd) || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return;
	who->tls = tls_open(c, fd, NULL);
	if (who->tls != NULL)
		tls_handshake(who->tls, &why);
	buf_fini(&why);
}

/* Goes on with what the server has answered. */
static void answer(struct comer *who, struct pollfd *p)
{
	struct buf    why = { 0 };
	enum tls_want want;

	do
		want = tls_handshake(who->tls, &why);
	while (want == TLS_AGAIN);
	who->is_in = want == TLS_DONE;
	p->events = want == TLS_WANTS_OUT ? POLLOUT : POLLIN;
	if (want == TLS_DONE || want == TLS_FAILED)
		p->fd = -1;
	buf_fini(&why);
}

/* All of them say hello before the first goes on; then each when it is answered,
 * so that it is the server that is waited for. */
static void storm(const struct run *r, struct storm *ret)
{
	static struct pollfd polls[STORM_CLIENTS];
	static struct comer  all[STORM_CLIENTS];
	struct tls_context  *c = secure_context();
	int64_t              from;
	int                  n = 0;

	for (int i = 0; i < STORM_CLIENTS; i++)
		polls[i] = (struct pollfd){ dial(r), POLLIN, 0 };
	from = clock_ns();
	for (int i = 0; i < STORM_CLIENTS && c != NULL; i++) {
		come_in(c, &all[i], polls[i].fd);
		if (all[i].tls != NULL)
			n++;
		else
			polls[i].fd = -1;
	}
	while (n > 0 && poll(polls, STORM_CLIENTS, WAIT_MS) > 0)
		for (int i = 0; i < STORM_CLIENTS; i++) {
			if (polls[i].fd < 0 || polls[i].revents == 0)
				continue;
			answer(&all[i], &polls[i]);
			n -= polls[i].fd < 0;
			ret->n_secured += all[i].is_in;
		}
	ret->seconds = (double)(clock_ns() - from) / 1e9;
}

/* Behind the others where cores are few. */
static void storm_beside(struct run *r, void *result)
{
	(void)setpriority(PRIO_PROCESS, 0, STORM_NICE);
	sleep(1);	/* the flow is under way */
	storm(r, result);
}

bool play_tls_storm(struct run *r)
{
	struct storm s = { 0 };
	bool         ok = play_paced_beside(r, storm_beside, &s, sizeof s);

	report_u64(r, "secured", s.n_secured);
	report_f64(r, "storm_seconds", s.seconds);
	return ok;
}
