/* server/signals.c - signals to us, and from us to another server. */
#include "server/signals.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "server/server_int.h"

/* ---- to us ---------------------------------------------------------------- */

static const struct {
	int         nr;
	const char *name;
	unsigned    request;
} signals[] = {
	{ SIGINT,  "interrupt",             REQUEST_STOP },
	{ SIGTERM, "terminated",            REQUEST_STOP },
	{ SIGHUP,  "hangup",                REQUEST_RELOAD },
	{ SIGUSR1, "user defined signal 1", REQUEST_REOPEN },
	{ SIGUSR2, "user defined signal 2", REQUEST_LAME_DUCK },
};

enum { N_SIGNALS = sizeof signals / sizeof signals[0] };

static void fill_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaddset(set, signals[i].nr);
}

void signals_block(void)
{
	sigset_t set;

	fill_set(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void handle(struct server *s, int nr)
{
	for (size_t i = 0; i < N_SIGNALS; i++) {
		if (signals[i].nr != nr)
			continue;
		log_notice("Trapped \"%s\" signal", signals[i].name);
		/* It is leaving already, in its own time. */
		if (nr == SIGTERM && s->lame_duck.is_on)
			return;
		server_request(s, signals[i].request);
	}
}

static void ready(struct watch *w, uint32_t events)
{
	struct server          *s = CONTAINER_OF(w, struct server, signals);
	struct signalfd_siginfo info;

	(void)events;
	while (read(w->fd, &info, sizeof info) == sizeof info)
		handle(s, (int)info.ssi_signo);
}

int signals_watch(struct server *s)
{
	sigset_t set;

	fill_set(&set);
	s->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	s->signals.ready = ready;
	if (s->signals.fd < 0)
		return ERR_IO;
	return loop_watch(s->control, &s->signals, EPOLLIN);
}

/* ---- from us -------------------------------------------------------------- */

static const struct {
	const char *name;
	int         nr;
} commands[] = {
	{ "stop", SIGKILL }, { "quit", SIGINT }, { "term", SIGTERM },
	{ "reopen", SIGUSR1 }, { "reload", SIGHUP }, { "ldm", SIGUSR2 },
};

enum { PIDS_MAX = 256 };

struct pids {
	int64_t v[PIDS_MAX];
	size_t  n;
};

static int find_command(struct slice name)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (slice_eq(name, slice_str(commands[i].name)))
			return commands[i].nr;
	return 0;
}

static bool is_named(const char *pid, const char *program)
{
	char    path[300], comm[32];
	ssize_t n;
	int     fd;

	snprintf(path, sizeof path, "/proc/%s/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, comm, sizeof comm);
	close(fd);
	/* The kernel keeps 15 bytes of the name, and ends it with LF. */
	return n > 1 && slice_eq(slice_of(comm, (size_t)n - 1),
	    slice_of(program, strnlen(program, 15)));
}

/* All processes of that name but this one; those whose pid begins so. */
static void find_processes(const char *program, struct slice prefix,
    struct pids *ret)
{
	DIR           *d = opendir("/proc");
	struct dirent *e;
	int64_t        pid;

	ret->n = 0;
	while (d != NULL && (e = readdir(d)) != NULL && ret->n < PIDS_MAX)
		if (text_parse_i64(slice_str(e->d_name), &pid) &&
		    pid != getpid() &&
		    slice_has_prefix(slice_str(e->d_name), prefix) &&
		    is_named(e->d_name, program))
			ret->v[ret->n++] = pid;
	if (d != NULL)
		closedir(d);
}

static bool read_pid_file(const char *path, int64_t *pid)
{
	char    text[32];
	int     fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);

	if (fd >= 0)
		close(fd);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	return n > 0 && text_parse_i64(slice_of(text, (size_t)n), pid) &&
	    *pid > 0;
}

static int choose(const char *who, const char *program, struct pids *ret,
    struct buf *why)
{
	struct slice s = slice_str(who);

	if (s.n > 0 && s.p[s.n - 1] == '*') {
		find_processes(program, slice_of(s.p, s.n - 1), ret);
	} else if (s.n > 0) {
		ret->n = 1;
		if ((!text_parse_i64(s, &ret->v[0]) || ret->v[0] <= 0) &&
		    !read_pid_file(who, &ret->v[0])) {
			buf_printf(why, "invalid pid: %s", who);
			return ERR_CONFIG;
		}
		return 0;
	} else {
		find_processes(program, SLICE_NONE, ret);
		if (ret->n > 1) {
			buf_printf(why, "multiple %s processes running:",
			    program);
			for (size_t i = 0; i < ret->n; i++)
				buf_printf(why, "\n%lld",
				    (long long)ret->v[i]);
			return ERR_CONFIG;
		}
	}
	if (ret->n == 0) {
		buf_printf(why, "no %s processes running", program);
		return ERR_CONFIG;
	}
	return 0;
}

int signals_send(const char *command, const char *program, struct buf *why)
{
	size_t      n = strcspn(command, "=");
	int         nr = find_command(slice_of(command, n)), err;
	struct pids pids;

	if (nr == 0) {
		buf_printf(why, "unknown signal \"%.*s\"", (int)n, command);
		return ERR_CONFIG;
	}
	err = choose(command[n] == '=' ? command + n + 1 : "", program, &pids,
	    why);
	for (size_t i = 0; err == 0 && i < pids.n; i++) {
		if (kill((pid_t)pids.v[i], nr) == 0)
			continue;
		buf_printf(why, "\nsignal \"%.*s\" %lld: %s", (int)n, command,
		    (long long)pids.v[i], errno == ESRCH ? "no such process"
		    : strerror(errno));
		err = ERR_CONFIG;
	}
	return err;
}
