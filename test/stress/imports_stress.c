/* test/stress/imports_stress.c - accounts that ask each other, on two workers.
 *
 * Responders in A come and go; B asks them through an import, C through B; a
 * stream of A is subscribed to in B by a queue group that comes and goes; and
 * all the while the configuration opens and closes a door beside them.  Each
 * question must be answered once, or not at all if its responder left, and the
 * answer must be to that question.
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

enum { BATCH = 16 };

static uint16_t    port;
static atomic_bool is_over;
static atomic_long n_asked, n_answered, n_streamed, n_reloads;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void log_in(struct talk *t, const char *user)
{
	if (!talk_open(t, port) || !talk_say(t, "CONNECT {\"verbose\":false,"
	    "\"user\":\"%s\",\"pass\":\"p\"}\r\n", user) || !talk_ping(t))
		die("cannot log in");
}

/* The words of a MSG line, and how many.  0: it is another line. */
static int words_of(struct slice line, char copy[256], char *words[6])
{
	int n = 0;

	if (line.n >= 256 || line.n < 4 || memcmp(line.p, "MSG ", 4) != 0)
		return 0;
	memcpy(copy, line.p, line.n);
	copy[line.n] = '\0';
	for (char *at = copy; at != NULL && n < 6;) {
		words[n++] = at;
		at = strchr(at, ' ');
		if (at != NULL)
			*at++ = '\0';
	}
	return n;
}

/* One MSG; reply may be empty.  False: nothing more came. */
static bool receive(struct talk *t, char *subject, char *reply, char *text)
{
	char         line_copy[256], *words[6] = { NULL };
	struct slice line, payload;
	int          n;

	do {
		if (!talk_line(t, &line))
			return false;
		if (line.n == 4 && memcmp(line.p, "PING", 4) == 0)
			talk_say(t, "PONG\r\n");
	} while ((n = words_of(line, line_copy, words)) == 0);
	snprintf(subject, 256, "%s", words[1]);
	snprintf(reply, 256, "%s", n == 5 ? words[3] : "");
	if (!talk_payload(t, (size_t)strtol(words[n - 1], NULL, 10), &payload) || payload.n >= 64)
		return false;
	memcpy(text, payload.p, payload.n);
	text[payload.n] = '\0';
	return true;
}

/* Answers each question with its own text, for a while. */
static void respond(struct talk *t, int n)
{
	char subject[256], reply[256], text[64];

	while (n-- > 0 && !atomic_load(&is_over) &&
	    receive(t, subject, reply, text))
		if (reply[0] != '\0')
			talk_say(t, "PUB %s %zu\r\n%s\r\n", reply,
			    strlen(text), text);
}

static void *responder(void *ctx)
{
	struct talk t = { 0 };
	unsigned    seed = (unsigned)(uintptr_t)ctx;

	while (!atomic_load(&is_over)) {
		log_in(&t, "a");
		talk_set_patience(&t, 50);
		talk_say(&t, "SUB s q 1\r\nSUB deep q 2\r\n");
		respond(&t, 200 + rand_r(&seed) % 400);
		talk_close(&t);
	}
	return NULL;
}

/* Asks in batches; what comes must be of the last one, each once. */
static void ask(struct talk *t, unsigned nr, const char *service, long *number)
{
	char     subject[256], reply[256], text[64];
	uint32_t seen = 0;
	long     first = *number;

	for (int i = 0; i < BATCH; i++)
		talk_say(t, "PUB %s in.%u.%ld 20\r\n%020ld\r\n",
		    service, nr, first + i, first + i);
	*number += BATCH;
	atomic_fetch_add(&n_asked, BATCH);
	for (int i = 0; i < BATCH; i++) {
		long of;

		if (!receive(t, subject, reply, text))
			break;
		of = strtol(subject + 5, NULL, 10);
		if (of != strtol(text, NULL, 10))
			die("an answer to another question");
		if (of < first)
			continue;	/* late, of a batch given up */
		if (of >= *number || (seen >> (of - first) & 1))
			die("answered twice");
		seen |= UINT32_C(1) << (of - first);
		atomic_fetch_add(&n_answered, 1);
	}
}

static void *asker(void *ctx)
{
	unsigned    nr = (unsigned)(uintptr_t)ctx;
	const char *user = nr % 2 == 0 ? "b" : "c";
	const char *service = nr % 2 == 0 ? "s" : "top";
	struct talk t = { 0 };
	long        number = 1;

	while (!atomic_load(&is_over)) {
		log_in(&t, user);
		talk_set_patience(&t, 60);
		talk_say(&t, "SUB in.%u.* 1\r\n", nr);
		for (int i = 0; i < 50 && !atomic_load(&is_over); i++)
			ask(&t, nr, service, &number);
		talk_close(&t);
	}
	return NULL;
}

static void *publisher(void *ctx)
{
	struct talk t = { 0 };

	(void)ctx;
	log_in(&t, "a");
	talk_say(&t, "SUB m 1\r\n");	/* what talk_ping drops */
	while (!atomic_load(&is_over)) {
		for (int i = 0; i < 64; i++)
			talk_say(&t, "PUB ev.%d 2\r\nhi\r\n", i % 4);
		talk_ping(&t);
	}
	talk_close(&t);
	return NULL;
}

/* What is published in B itself, or comes through it. */
static bool is_of_b(const char *subject)
{
	return strncmp(subject, "in.", 3) == 0 || strcmp(subject, "s") == 0 ||
	    strcmp(subject, "mid") == 0 || strncmp(subject, "_R_.", 4) == 0;
}

static void *listener(void *ctx)
{
	char        subject[256], reply[256], text[64];
	struct talk t = { 0 };
	unsigned    seed = (unsigned)(uintptr_t)ctx + 77;

	while (!atomic_load(&is_over)) {
		log_in(&t, "b");
		talk_set_patience(&t, 50);
		talk_say(&t, "SUB imp.ev.* %s1\r\nSUB > 2\r\nUNSUB 1 %d\r\n",
		    rand_r(&seed) % 2 == 0 ? "q " : "",
		    1 + rand_r(&seed) % 40);
		for (int i = 0; i < 100 && receive(&t, subject, reply, text);
		    i++) {
			if (strncmp(subject, "imp.ev.", 7) == 0)
				atomic_fetch_add(&n_streamed, 1);
			else if (!is_of_b(subject))
				die("a name that is not the importer's");
		}
		talk_close(&t);
	}
	return NULL;
}

static void write_config(const char *path, bool has_other)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		die("cannot write the configuration");
	fprintf(f, "accounts {\n"
	    "A { users = [ { user: a, password: p } ]\n"
	    "  exports = [ { service: s, latency: { subject: m, sampling: 50 } }\n"
	    "              { service: deep }\n"
	    "              { service: other }, { stream: \"ev.>\" } ] }\n"
	    "B { users = [ { user: b, password: p } ]\n"
	    "  exports = [ { service: mid } ]\n"
	    "  imports = [ { service: { account: A, subject: s } }\n"
	    "    { service: { account: A, subject: deep }, to: mid }\n"
	    "    { stream: { account: A, subject: \"ev.>\" }, prefix: imp }\n"
	    "    %s ] }\n"
	    "C { users = [ { user: c, password: p } ]\n"
	    "  imports = [ { service: { account: B, subject: mid },\n"
	    "                to: top } ] }\n}\n",
	    has_other ? "{ service: { account: A, subject: other } }" : "");
	fclose(f);
}

static void reload_for(struct mote *m, const char *path, int seconds)
{
	const struct timespec nap = { .tv_nsec = 100 * 1000 * 1000 };

	for (int i = 0; i < seconds * 10; i++) {
		nanosleep(&nap, NULL);
		write_config(path, i % 2 == 0);
		if (mote_reload(m) != 0)
			die(mote_error(m));
		atomic_fetch_add(&n_reloads, 1);
	}
}

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
	static void *(*const runs[])(void *) = { responder, responder, asker,
		asker, asker, asker, publisher, listener, listener };
	enum { N = sizeof runs / sizeof runs[0] };
	char         path[] = "/tmp/imports_stress_XXXXXX";
	int          fd = mkstemp(path);
	pthread_t    threads[N];
	struct mote *m;

	if (fd < 0)
		die("no temporary file");
	close(fd);
	write_config(path, false);
	m = mote_create(path);
	start(m);
	for (uintptr_t i = 0; i < N; i++)
		pthread_create(&threads[i], NULL, runs[i], (void *)i);
	reload_for(m, path, argc > 1 ? (int)strtol(argv[1], NULL, 10) : 5);
	atomic_store(&is_over, true);
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	mote_destroy(m);
	unlink(path);
	printf("%ld asked, %ld answered, %ld of the stream, %ld reloads\n",
	    n_asked, n_answered, n_streamed, n_reloads);
	return n_answered * 2 < n_asked || n_streamed == 0;
}
