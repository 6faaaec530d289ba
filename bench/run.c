/* bench/run.c - peers by the dozen, and the report. */
#include "run.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"

enum { HANDSHAKES_AT_ONCE = 128 };	/* below any server's backlog */

#define PATIENCE_NS (60 * NS_PER_S)
#define SILENCE_NS  (30 * NS_PER_S)

void run_fail(struct run *r, const char *fmt, ...)
{
	va_list ap;

	r->is_failed = true;
	fputs("load: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* ---- peers ------------------------------------------------------------ */

static struct peer *peer_at(void *p, size_t size, unsigned i)
{
	return (struct peer *)(void *)((char *)p + size * i);
}

static bool await_all(struct run *r, void *p, size_t size, unsigned from,
    unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		if (!peer_await_pong(peer_at(p, size, i), PATIENCE_NS)) {
			run_fail(r, "%s", r->loop.why);
			return false;
		}
	}
	return true;
}

static void name_user(struct run *r, unsigned i)
{
	char *user = r->loop.user;

	r->loop.password = "bench";
	user[0] = '\0';
	if (r->what->users == USERS_SIDES)
		snprintf(user, USER_MAX, "%s", r->is_far ? "sub" : "pub");
	else if (r->what->users == USERS_PAIRS)
		snprintf(user, USER_MAX, "u%u", i);
}

bool run_open_peers(struct run *r, void *p, size_t size, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned n_open = i + 1;

		name_user(r, i);
		if (peer_open(peer_at(p, size, i), &r->loop, r->host,
		    r->port) != 0) {
			run_fail(r, "connection %u: %m", i);
			return false;
		}
		if (n_open % HANDSHAKES_AT_ONCE == 0 && !await_all(r, p, size,
		    n_open - HANDSHAKES_AT_ONCE, n_open))
			return false;
	}
	return await_all(r, p, size, n - n % HANDSHAKES_AT_ONCE, n);
}

bool run_sync_peers(struct run *r, void *p, size_t size, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		peer_ping(peer_at(p, size, i));
	return await_all(r, p, size, 0, n);
}

void run_close_peers(void *p, size_t size, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		peer_close(peer_at(p, size, i));
}

/* ---- a phase ---------------------------------------------------------- */

void run_begin(struct bounds *b, double seconds, uint64_t n_done)
{
	int64_t now_ns = clock_ns();

	*b = (struct bounds){ .stop_ns = now_ns + (int64_t)(seconds * 1e9),
		.last_ns = now_ns, .n_seen = n_done };
}

bool run_turn(struct run *r, struct bounds *b, const uint64_t *n_done)
{
	int64_t now_ns;

	if (!loop_turn(&r->loop, 100)) {
		run_fail(r, "%s", r->loop.why);
		return false;
	}
	now_ns = clock_ns();
	b->is_over = now_ns > b->stop_ns;
	if (*n_done != b->n_seen)
		b->last_ns = now_ns;
	b->n_seen = *n_done;
	if (now_ns - b->last_ns <= SILENCE_NS)
		return true;
	run_fail(r, "the server does not answer any more");
	return false;
}

/* ---- the report ------------------------------------------------------- */

static void put_key(struct run *r, const char *key)
{
	buf_printf(&r->report, "%s\"%s\":", r->report.n == 0 ? "" : ",", key);
}

void report_u64(struct run *r, const char *key, uint64_t v)
{
	put_key(r, key);
	buf_put_u64(&r->report, v);
}

void report_f64(struct run *r, const char *key, double v)
{
	put_key(r, key);
	buf_printf(&r->report, "%.6g", v);
}

void report_ratio(struct run *r, const char *key, double a, double b)
{
	if (b > 0)
		report_f64(r, key, a / b);
}

void report_latency(struct run *r, const struct hist *h)
{
	static const struct { const char *key; double share; } rows[] = {
		{ "p50_us", 0.50 }, { "p90_us", 0.90 }, { "p99_us", 0.99 },
		{ "p999_us", 0.999 }, { "max_us", 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		report_f64(r, rows[i].key,
		    (double)hist_at(h, rows[i].share) / 1e3);
}

void report_costs(struct run *r, const struct usage *from,
    const struct usage *to, uint64_t n_messages, uint64_t n_deliveries)
{
	double seconds = (double)(to->wall_ns - from->wall_ns) / 1e9;
	double cpu = (double)(to->cpu_ns - from->cpu_ns);
	double own = (double)(to->own_cpu_ns - from->own_cpu_ns);

	report_u64(r, "messages", n_messages);
	report_u64(r, "deliveries", n_deliveries);
	report_f64(r, "seconds", seconds);
	report_ratio(r, "msgs_per_s", (double)n_messages, seconds);
	report_ratio(r, "deliveries_per_s", (double)n_deliveries, seconds);
	report_ratio(r, "own_cpu_ns_per_msg", own, (double)n_messages);
	report_ratio(r, "own_busy", own / 1e9, seconds);
	if (r->server_pid == 0)
		return;
	report_ratio(r, "cpu_ns_per_msg", cpu, (double)n_messages);
	report_ratio(r, "cpu_ns_per_delivery", cpu, (double)n_deliveries);
	report_ratio(r, "server_busy", cpu / 1e9, seconds);
	report_f64(r, "rss_before_kb", (double)from->rss_bytes / 1024);
	report_f64(r, "rss_after_kb", (double)to->rss_bytes / 1024);
	report_f64(r, "private_before_kb", (double)from->private_bytes / 1024);
	report_f64(r, "private_after_kb", (double)to->private_bytes / 1024);
}
