/* bench/rejected.c - connections that are not let in.
 *
 * A server may answer a wrong password at once, or later, or close without a
 * word: all of these are counted as refusals, and its memory is looked at while
 * they last.
 */
#include "run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { AT_ONCE = 64, REJECTED_MAX = 4096 };
#define LOOK_NS (20 * NS_PER_MS)

static const char wrong[] = "CONNECT {\"verbose\":false,\"pedantic\":false,"
    "\"protocol\":1,\"user\":\"hashed\",\"pass\":\"wrong\",\"name\":\"load\","
    "\"lang\":\"c\",\"version\":\"1\"}\r\nPING\r\n";

/* -1: the server takes nobody more, or has closed already. */
static int say_wrong(const struct run *r)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(r->port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && inet_pton(AF_INET, r->host, &to.sin_addr) == 1 &&
	    connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
	    send(fd, wrong, sizeof wrong - 1, MSG_NOSIGNAL) ==
	    sizeof wrong - 1)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Takes what came; true: and the server has closed. */
static bool is_over(int fd)
{
	char    in[PEER_LINE_MAX];
	ssize_t n;

	do
		n = recv(fd, in, sizeof in, MSG_DONTWAIT);
	while (n > 0);
	return n == 0 || errno != EAGAIN;
}

/* ---- what they cost ------------------------------------------------------ */

struct crowd {
	unsigned n, n_open;	/* poll ignores the closed: fd is -1 */
	int64_t  peak_bytes;
	struct pollfd fds[REJECTED_MAX];
};

static void look(struct run *r, struct crowd *c)
{
	struct usage now = { 0 };

	usage_memory(&now, r->server_pid);
	if (now.rss_bytes > c->peak_bytes)
		c->peak_bytes = now.rss_bytes;
}

static void drop_closed(struct crowd *c)
{
	poll(c->fds, c->n, 5);
	for (unsigned i = 0; i < c->n; i++) {
		if (c->fds[i].fd < 0 || c->fds[i].revents == 0 ||
		    !is_over(c->fds[i].fd))
			continue;
		close(c->fds[i].fd);
		c->fds[i].fd = -1;
		c->n_open--;
	}
}

static void wait_for_all(struct run *r, struct crowd *c)
{
	int64_t end_ns = clock_ns() + (int64_t)(r->seconds * 1e9);
	int64_t look_ns = 0;

	while (c->n_open > 0 && clock_ns() < end_ns) {
		if (clock_ns() >= look_ns) {
			look(r, c);
			look_ns = clock_ns() + LOOK_NS;
		}
		drop_closed(c);
	}
}

bool play_rejected(struct run *r)
{
	struct crowd *c = calloc(1, sizeof *c);
	struct usage  before = { 0 }, after = { 0 };

	if (c == NULL)
		return false;
	usage_begin(&before, r->server_pid);
	for (c->n = 0; c->n < r->what->n_subs; c->n++) {
		c->fds[c->n] = (struct pollfd){ say_wrong(r), POLLIN, 0 };
		c->n_open += c->fds[c->n].fd >= 0;
	}
	wait_for_all(r, c);
	usage_clocks(&after, r->server_pid);
	report_u64(r, "connections", c->n);
	report_u64(r, "held_still", c->n_open);
	report_ratio(r, "bytes_each",
	    (double)(c->peak_bytes - before.rss_bytes), c->n);
	report_ratio(r, "cpu_ns_each",
	    (double)(after.cpu_ns - before.cpu_ns), c->n);
	for (unsigned i = 0; i < c->n; i++)
		if (c->fds[i].fd >= 0)
			close(c->fds[i].fd);
	free(c);
	return true;
}

/* ---- what they cost others ----------------------------------------------- */

/* The number refused. */
static uint64_t storm(const struct run *r, double seconds)
{
	struct pollfd fds[AT_ONCE];
	int64_t       end_ns = clock_ns() + (int64_t)(seconds * 1e9);
	uint64_t      n = 0;

	for (int i = 0; i < AT_ONCE; i++)
		fds[i] = (struct pollfd){ say_wrong(r), POLLIN, 0 };
	while (clock_ns() < end_ns) {
		poll(fds, AT_ONCE, 5);
		for (int i = 0; i < AT_ONCE; i++) {
			if (fds[i].fd >= 0 && (fds[i].revents == 0 ||
			    !is_over(fds[i].fd)))
				continue;
			if (fds[i].fd >= 0) {
				close(fds[i].fd);
				n++;
			}
			fds[i].fd = say_wrong(r);
		}
	}
	return n;
}

static void storm_beside(struct run *r, void *n_refused)
{
	const struct timespec warm = { .tv_nsec = 300 * NS_PER_MS };

	nanosleep(&warm, NULL);	/* the flow is under way */
	*(uint64_t *)n_refused = storm(r, r->seconds);
}

bool play_wrong(struct run *r)
{
	uint64_t n_refused = 0;
	bool     ok = play_paced_beside(r, storm_beside, &n_refused,
	    sizeof n_refused);

	report_u64(r, "refused", n_refused);
	return ok;
}
