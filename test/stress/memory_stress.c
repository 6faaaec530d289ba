/* test/stress/memory_stress.c - a whole server whose memory runs out, once.
 *
 * Start, a small session of two clients on two workers, stop: again and again,
 * and each time the next allocation is the one that fails, until none does.
 * Whatever becomes of the session, the server must not crash, must end when it
 * is told to, and must give back all it took.
 *
 *     memory_stress [first allocation, 1]
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail_alloc.h"
#include "mote/server.h"
#include "talk.h"

enum {
	PATIENCE_MS  = 150,
	DEADLINE_S   = 120,	/* for each round: else it hangs */
	WARM_UP      = 3,	/* rounds after which nothing may grow */
	LARGE        = 100 * 1024,
	MIDDLE       = 20 * 1024,
};

static char body[LARGE];

static bool is_set_up(struct mote *m)
{
	static const char *options[][2] = { { "port", "-1" }, { "workers", "2" },
		{ "log_file", "/dev/null" },
		{ "authorization.user", "a" }, { "authorization.pass", "a" } };

	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		if (!mote_set(m, options[i][0], options[i][1]))
			return false;
	return true;
}

static bool log_in(struct talk *t, uint16_t port)
{
	if (!talk_open(t, port))
		return false;
	talk_set_patience(t, PATIENCE_MS);
	return talk_say(t, "CONNECT {\"user\":\"a\",\"pass\":\"a\",\"verbose\":"
	    "false,\"headers\":true,\"no_responders\":true,\"name\":\"x\"}\r\n");
}

static void publish(struct talk *t, size_t n)
{
	talk_say(t, "PUB a.b reply %zu\r\n", n);
	talk_send(t, body, n);
	talk_send(t, "\r\n", 2);
}

/* May go wrong anywhere; true: it went well to the end. */
static bool talk_a_while(uint16_t port)
{
	struct talk one = { .fd = -1 }, two = { .fd = -1 };
	bool        ok = false;

	if (log_in(&one, port) && log_in(&two, port) &&
	    talk_say(&one, "SUB a.* 1\r\nSUB a.b q 2\r\nSUB > 3\r\n"
	    "SUB reply 4\r\n") && talk_ping(&one)) {
		publish(&two, 10);
		publish(&two, MIDDLE);
		publish(&two, LARGE);
		talk_say(&two, "HPUB a.b 12 14\r\nNATS/1.0\r\n\r\nhi\r\n"
		    "pub\ta.b  2\r\nhi\r\nUNSUB 9\r\n");
		ok = talk_ping(&two);
		talk_say(&one, "PUB none.at.all reply 0\r\n\r\n"
		    "UNSUB 1\r\nUNSUB 2 1\r\nPUB .. 0\r\n\r\nSUB a..b 5\r\n");
		ok = talk_ping(&one) && ok;
	}
	talk_close(&one);
	talk_close(&two);
	return ok;
}

static bool one_round(void)
{
	struct mote *m = mote_create(NULL);
	bool         ok;

	if (m == NULL)
		return false;
	ok = is_set_up(m) && mote_start(m) == 0 && mote_wait_ready(m, 5000) &&
	    talk_a_while(mote_port(m));
	mote_stop(m);
	if (mote_error(m) == NULL)
		_exit(1);
	mote_destroy(m);
	return ok;
}

int main(int argc, char **argv)
{
	long first = argc > 1 ? strtol(argv[1], NULL, 10) : 1, n, live;

	memset(body, 'b', sizeof body);
	for (int i = 0; i < WARM_UP; i++)
		if (!one_round()) {
			fputs("memory_stress: fails without being made to\n",
			    stderr);
			return 1;
		}
	for (n = first;; n++) {
		bool has_failed;

		alarm(DEADLINE_S);
		live = fail_alloc_n_live();
		fail_alloc_at(n);
		one_round();
		has_failed = fail_alloc_has_failed();
		fail_alloc_at(0);
		if (fail_alloc_n_live() > live) {
			fprintf(stderr, "memory_stress: allocation %ld failed, "
			    "and %ld blocks leaked\n", n,
			    fail_alloc_n_live() - live);
			return 1;
		}
		if (!has_failed)
			break;
	}
	printf("%ld allocations failed in turn\n", n - first);
	return n - first > 100 ? 0 : 1;
}
