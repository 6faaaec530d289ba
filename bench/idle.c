/* bench/idle.c - what a server needs when nothing happens. */
#include "run.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* ---- connections that do nothing -------------------------------------- */

/* Meanwhile the server's PINGs are answered. */
static bool linger(struct run *r, double seconds)
{
	int64_t end_ns = clock_ns() + (int64_t)(seconds * 1e9);

	while (clock_ns() < end_ns) {
		if (!loop_turn(&r->loop, 20)) {
			run_fail(r, "%s", r->loop.why);
			return false;
		}
	}
	return true;
}

bool play_idle(struct run *r)
{
	unsigned     n = r->what->n_subs;
	struct peer *peers = calloc(n, sizeof *peers);
	struct usage none = { 0 }, open = { 0 }, later = { 0 };
	bool         ok;

	if (peers == NULL)
		return false;
	usage_begin(&none, r->server_pid);
	ok = run_open_peers(r, peers, sizeof *peers, n);
	usage_end(&open, r->server_pid);
	ok = ok && linger(r, r->seconds);
	usage_memory(&later, r->server_pid);
	if (ok) {
		report_u64(r, "connections", n);
		report_ratio(r, "connect_cpu_ns",
		    (double)(open.cpu_ns - none.cpu_ns), n);
		report_ratio(r, "bytes_at_once",
		    (double)(open.rss_bytes - none.rss_bytes), n);
		report_ratio(r, "bytes_each",
		    (double)(later.rss_bytes - none.rss_bytes), n);
		report_f64(r, "rss_after_kb", (double)later.rss_bytes / 1024);
	}
	run_close_peers(peers, sizeof *peers, n);
	free(peers);
	return ok;
}

/* ---- a server that starts --------------------------------------------- */

struct launch {
	int64_t pong_ns;	/* since before fork */
	int64_t rss_bytes, private_bytes;	/* one second later */
};

static pid_t exec_quietly(const struct run *r)
{
	pid_t     pid = fork();
	cpu_set_t cores;
	int       null;

	if (pid != 0)
		return pid;
	if (r->server_core >= 0 && r->server_core < CPU_SETSIZE) {
		CPU_ZERO(&cores);
		CPU_SET((unsigned)r->server_core, &cores);
		sched_setaffinity(0, sizeof cores, &cores);
	}
	null = open("/dev/null", O_RDWR);
	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
	}
	execv(r->command[0], r->command);
	_exit(127);
}

static void rest(int64_t ns)
{
	struct timespec ts = { .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };

	nanosleep(&ts, NULL);
}

/* Asks every 100 us whether somebody listens; the first who does must answer. */
static bool first_pong(struct run *r, struct peer *p)
{
	int64_t deadline_ns = clock_ns() + 10 * NS_PER_S;

	while (peer_open(p, &r->loop, r->host, r->port) != 0) {
		peer_close(p);
		if (clock_ns() > deadline_ns) {
			run_fail(r, "the server does not listen");
			return false;
		}
		rest(100 * NS_PER_US);
	}
	if (!peer_await_pong(p, 10 * NS_PER_S)) {
		run_fail(r, "%s", r->loop.why);
		return false;
	}
	return true;
}

static bool launch_once(struct run *r, struct launch *l)
{
	struct peer  p = { .fd = -1 };
	struct usage u = { 0 };
	int64_t      from_ns = clock_ns();
	pid_t        pid = exec_quietly(r);
	bool         ok;

	if (pid < 0)
		return false;
	ok = first_pong(r, &p);
	l->pong_ns = clock_ns() - from_ns;
	peer_close(&p);
	if (ok) {
		rest(NS_PER_S);
		usage_memory(&u, pid);
		l->rss_bytes = u.rss_bytes;
		l->private_bytes = u.private_bytes;
	}
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return ok;
}

static int by_pong(const void *a, const void *b)
{
	const struct launch *x = a, *y = b;

	return (x->pong_ns > y->pong_ns) - (x->pong_ns < y->pong_ns);
}

bool play_start(struct run *r)
{
	enum { LAUNCHES_MAX = 100 };
	struct launch l[LAUNCHES_MAX] = { 0 };
	size_t        n = r->messages_max < LAUNCHES_MAX ?
	    r->messages_max : LAUNCHES_MAX;

	if (r->command[0] == NULL) {
		run_fail(r, "start needs the server's command behind --");
		return false;
	}
	for (size_t i = 0; i < n; i++)
		if (!launch_once(r, &l[i]))
			return false;
	qsort(l, n, sizeof l[0], by_pong);
	report_u64(r, "starts", n);
	report_f64(r, "pong_ms", (double)l[n / 2].pong_ns / 1e6);
	report_f64(r, "pong_ms_min", (double)l[0].pong_ns / 1e6);
	report_f64(r, "pong_ms_max", (double)l[n - 1].pong_ns / 1e6);
	report_f64(r, "rss_after_kb", (double)l[n / 2].rss_bytes / 1024);
	report_f64(r, "private_after_kb",
	    (double)l[n / 2].private_bytes / 1024);
	return true;
}
