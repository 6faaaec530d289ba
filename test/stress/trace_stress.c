/* test/stress/trace_stress.c - traced messages, their receivers on two workers.
 *
 * Receivers come and go: plain ones, members of a group, such that are denied
 * some subjects, such that take a few messages only, and some in an account
 * that imports the stream.  Meanwhile messages are traced, some across a
 * service import.  Each must be told of exactly once, however many workers held
 * its trace, in a document that is whole and is of that message.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mote/server.h"
#include "talk.h"

enum { BATCH = 8 };

static uint16_t    port;
static atomic_bool is_over;
static atomic_long n_traced, n_egress, n_denied;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void log_in(struct talk *t, const char *user)
{
	if (!talk_open(t, port) || !talk_say(t, "CONNECT {\"verbose\":false,"
	    "\"headers\":true,\"user\":\"%s\",\"pass\":\"p\"}\r\n", user) ||
	    !talk_ping(t))
		die("cannot log in");
}

/* ---- receivers ------------------------------------------------------------- */

static void *receiver(void *ctx)
{
	unsigned    seed = (unsigned)(uintptr_t)ctx;
	const char *user = seed % 3 == 0 ? "i" : seed % 3 == 1 ? "a" : "denied";
	struct talk t = { 0 };
	struct slice line;

	while (!atomic_load(&is_over)) {
		log_in(&t, user);
		talk_set_patience(&t, 20);
		talk_say(&t, "SUB m.> 1\r\nSUB m.* q 2\r\nSUB s q 3\r\n"
		    "SUB *.1 q 4\r\nUNSUB %u %u\r\n", 1 + seed % 4,
		    1 + rand_r(&seed) % 20);
		for (int i = rand_r(&seed) % 200; i > 0 &&
		    talk_line(&t, &line); i--)
			if (line.n == 4 && memcmp(line.p, "PING", 4) == 0)
				talk_say(&t, "PONG\r\n");
		talk_close(&t);
	}
	return NULL;
}

/* ---- who traces ------------------------------------------------------------ */

static void publish(struct talk *t, unsigned nr, const char *subject, long n)
{
	char headers[256];
	int  len = snprintf(headers, sizeof headers, "NATS/1.0\r\n"
	    "Nats-Trace-Dest: tr.%u\r\n%sNr: %ld\r\n\r\n", nr,
	    n % 3 == 0 ? "Nats-Trace-Only: 1\r\n" : "", n);

	talk_say(t, "HPUB %s %d %d\r\n%shi\r\nPUB %s 1\r\nx\r\n", subject,
	    len, len + 2, headers, subject);
}

static long count(const char *text, const char *what)
{
	long n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

/* The number that the document tells of. */
static long check_trace(const char *text, size_t n)
{
	const char *at = strstr(text, "\"Nr\":[\"");

	if (at == NULL || strstr(text, "\"events\":[{\"type\":\"in\"") == NULL ||
	    strcmp(text + n - 3, "}]}") != 0)
		die("a trace that is not whole");
	if (count(text, "\"type\":\"in\"") != 1)
		die("a trace of two messages");
	atomic_fetch_add(&n_egress, count(text, "\"type\":\"eg\""));
	atomic_fetch_add(&n_denied, count(text, "denies this subject"));
	return strtol(at + 7, NULL, 10);
}

static long receive_trace(struct talk *t)
{
	struct slice line, payload;
	char        *text;
	long         n;

	do {
		if (!talk_line(t, &line))
			die("a trace was never told");
		if (line.n == 4 && memcmp(line.p, "PING", 4) == 0)
			talk_say(t, "PONG\r\n");
	} while (line.n < 4 || memcmp(line.p, "MSG ", 4) != 0);
	n = strtol((const char *)memrchr(line.p, ' ', line.n) + 1, NULL, 10);
	if (!talk_payload(t, (size_t)n, &payload))
		die("half a trace");
	text = strndup(payload.p, payload.n);
	if (text == NULL)
		die("no memory");
	n = check_trace(text, payload.n);
	free(text);
	return n;
}

static void *tracer(void *ctx)
{
	unsigned     nr = (unsigned)(uintptr_t)ctx;
	const char  *subject = nr % 2 == 0 ? "m.1" : "s";
	struct talk  t = { 0 };
	unsigned     seen;

	log_in(&t, nr % 2 == 0 ? "a" : "i");
	talk_say(&t, "SUB tr.%u 1\r\n", nr);
	for (long first = 1; !atomic_load(&is_over); first += BATCH) {
		seen = 0;
		for (long i = 0; i < BATCH; i++)
			publish(&t, nr, subject, first + i);
		for (long i = 0; i < BATCH; i++) {
			long n = receive_trace(&t) - first;

			if (n < 0 || n >= BATCH || (seen >> n & 1))
				die("told twice");
			seen |= 1U << n;
			atomic_fetch_add(&n_traced, 1);
		}
	}
	talk_close(&t);
	return NULL;
}

/* ---- the server ------------------------------------------------------------ */

static const char config[] =
    "accounts {\n"
    "A { users = [ { user: a, password: p }\n"
    "    { user: denied, password: p,\n"
    "      permissions: { subscribe: { deny: [\"m.1\"] } } } ]\n"
    "  exports = [ { service: s, allow_trace: true }\n"
    "              { stream: \"m.>\" } ] }\n"
    "I { users = [ { user: i, password: p } ]\n"
    "  imports = [ { service: { account: A, subject: s } }\n"
    "    { stream: { account: A, subject: \"m.>\" }, allow_trace: true } ] }\n"
    "SYS { users = [ { user: sys, password: p } ] } }\n"
    "system_account: SYS\n";

static void start(struct mote *m)
{
	if (m == NULL || !mote_set(m, "port", "-1") ||
	    !mote_set(m, "workers", "2") || mote_start(m) != 0 ||
	    !mote_wait_ready(m, 5000))
		die(m == NULL ? "no memory" : mote_error(m));
	port = mote_port(m);
}

int main(int argc, char **argv)
{
	static void *(*const runs[])(void *) = { tracer, tracer, tracer, tracer,
		receiver, receiver, receiver, receiver, receiver, receiver };
	enum { N = sizeof runs / sizeof runs[0] };
	const struct timespec nap = { .tv_sec = argc > 1
	    ? strtol(argv[1], NULL, 10) : 5 };
	char         path[] = "/tmp/trace_stress_XXXXXX";
	int          fd = mkstemp(path);
	pthread_t    threads[N];
	struct mote *m;

	if (fd < 0 || write(fd, config, sizeof config - 1) < 0)
		die("no temporary file");
	close(fd);
	m = mote_create(path);
	start(m);
	for (uintptr_t i = 0; i < N; i++)
		pthread_create(&threads[i], NULL, runs[i], (void *)i);
	nanosleep(&nap, NULL);
	atomic_store(&is_over, true);
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	mote_destroy(m);
	unlink(path);
	printf("%ld traced, %ld receivers, %ld of them denied\n", n_traced,
	    n_egress, n_denied);
	return n_traced == 0 || n_egress <= n_denied || n_denied == 0;
}
