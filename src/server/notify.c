/* server/notify.c - words to the service manager, one datagram each.
 *
 * The watchdog hears from us only when every worker has done the errand of the
 * last round: a control thread that ticks proves nothing about the others.
 */
#include "server/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "server/server_int.h"

/* -1: cannot be. */
static int open_socket(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t             n = strlen(path);
	socklen_t          size;
	int                fd;

	if (n < 2 || n >= sizeof to.sun_path || (*path != '/' && *path != '@'))
		return -1;
	memcpy(to.sun_path, path, n);
	if (*path == '@')
		to.sun_path[0] = '\0';	/* Linux's name space without files */
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, size) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* A word that is lost is said again, or was the last. */
static void say(const struct notify *n, const char *word)
{
	if (n->socket > 0)
		send(n->socket - 1, word, strlen(word), MSG_NOSIGNAL);
}

/* ---- the watchdog --------------------------------------------------------- */

/* 0: there is none, or it watches another process. */
static int64_t patience_ns(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	int64_t     n, ns;

	if (usec == NULL || !text_parse_i64(slice_str(usec), &n) || n <= 0)
		return 0;
	if (__builtin_mul_overflow(n, NS_PER_US, &ns))
		return 0;
	if (pid != NULL && (!text_parse_i64(slice_str(pid), &n) ||
	    n != getpid()))
		return 0;
	return ns;
}

static void answer(struct hub *h, void *ctx)
{
	struct server *s = ctx;

	(void)h;
	__atomic_add_fetch(&s->notify.n_answers, 1, __ATOMIC_RELAXED);
}

static void ask(struct server *s)
{
	__atomic_store_n(&s->notify.n_answers, 0, __ATOMIC_RELAXED);
	/* No memory to ask is no reason to be restarted. */
	for (unsigned i = 0; i < s->n_workers; i++)
		if (!server_tell(s, i, answer, s))
			answer(NULL, s);
}

static void tick(struct timer *t, int64_t now)
{
	struct server *s = CONTAINER_OF(t, struct server, notify.timer);

	if (__atomic_load_n(&s->notify.n_answers, __ATOMIC_RELAXED) ==
	    s->n_workers) {
		say(&s->notify, "WATCHDOG=1");
		ask(s);
	}
	timer_set(loop_timers(s->control), t, now + s->notify.every_ns);
}

/* ---- from beginning to end ------------------------------------------------ */

void notify_begin(struct server *s)
{
	const char *path = getenv("NOTIFY_SOCKET");

	if (path == NULL || *path == '\0')
		return;
	s->notify.socket = 1 + open_socket(path);
	if (s->notify.socket == 0) {
		log_warn("Cannot tell the service manager at %s that the "
		    "server is ready", path);
		return;
	}
	say(&s->notify, "READY=1");
	/* A third: a round that is late may still be in time. */
	s->notify.every_ns = patience_ns() / 3;
	if (s->notify.every_ns == 0)
		return;
	ask(s);
	s->notify.timer.fire = tick;
	timer_set(loop_timers(s->control), &s->notify.timer,
	    clock_ns() + s->notify.every_ns);
}

void notify_end(struct server *s)
{
	say(&s->notify, "STOPPING=1");
	if (s->notify.socket > 0)
		close(s->notify.socket - 1);
	s->notify.socket = 0;
}
