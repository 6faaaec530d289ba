/* bench/load.c - the load generator: one scenario a run, one line of JSON.
 *
 *     load --port 4222 --server-pid 1234 pubsub-128
 *     load --list
 *     load --selftest
 *     load start -- ./mote -a 127.0.0.1 -p 4222
 *
 * Exit 0: ran, and every message came once and in order.  1: not so.  2: usage.
 */
#include "run.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <signal.h>

#include "flow.h"
#include "secure.h"

#define M(n) ((uint64_t)(n) * 1000000)
#define K(n) ((uint64_t)(n) * 1000)

#define PUB_ACK "{\"stream\":"
#define GOT     "NATS/1.0\r\n"	/* headers without a status */
#define KV_GET  "$JS.API.DIRECT.GET.KV_B.$KV.B"

static const struct scenario scenarios[] = {
	/* name, play, publishers, subscribers, shape, payload, in flight,
	 * seconds, messages, help */
	{ "pub-only-128", play_flow, 1, 0, ONLY_PUB, 128, 0, 2, M(40),
	  "one publisher, nobody listens" },
	{ "pubsub-16", play_flow, 1, 1, ALL_TO_ALL, 16, 0, 2, M(40),
	  "one publisher to one subscriber" },
	{ "pubsub-128", play_flow, 1, 1, ALL_TO_ALL, 128, 0, 2, M(40),
	  "one publisher to one subscriber" },
	{ "pubsub-1024", play_flow, 1, 1, ALL_TO_ALL, 1024, 0, 2, M(20),
	  "one publisher to one subscriber" },
	{ "pubsub-65536", play_flow, 1, 1, ALL_TO_ALL, 65536, 0, 2, M(1),
	  "one publisher to one subscriber" },
	{ "fanout-10", play_flow, 1, 10, ALL_TO_ALL, 128, 0, 2, M(10),
	  "one publisher to 10 subscribers" },
	{ "fanout-100", play_flow, 1, 100, ALL_TO_ALL, 128, 0, 2, M(1),
	  "one publisher to 100 subscribers" },
	{ "fanout-1000", play_flow, 1, 1000, ALL_TO_ALL, 128, 0, 3, K(100),
	  "one publisher to 1000 subscribers" },
	{ "n-to-n-32", play_flow, 32, 32, PAIRS, 128, 0, 2, M(40),
	  "32 publishers, each to its own subscriber" },
	{ "queue-4", play_flow, 1, 4, GROUP, 128, 0, 2, M(20),
	  "one publisher to a queue group of 4" },
	{ "queue-32", play_flow, 1, 32, GROUP, 128, 0, 2, M(20),
	  "one publisher to a queue group of 32" },
	{ "request-1", play_request, 1, 1, ALL_TO_ALL, 16, 1, 2, M(1),
	  "request and reply, one at a time" },
	{ "request-64x4", play_request, 64, 1, ALL_TO_ALL, 16, 4, 2, M(4),
	  "64 clients with 4 requests each in flight, one service" },
	{ "cold-10k", play_cold, 1, 10000, GROUP, 128, 0, 2, M(4),
	  "10 000 subscriptions, subjects nobody has asked for lately" },
	{ "cold-100k", play_cold, 1, 100000, GROUP, 128, 0, 2, M(4),
	  "100 000 subscriptions" },
	{ "cold-1m", play_cold, 1, 1000000, GROUP, 128, 0, 2, M(4),
	  "1 000 000 subscriptions" },
	{ "sub-storm", play_storm, 1, 1, ALL_TO_ALL, 128, 0, 4, M(100),
	  "a flow alone, then beside SUB/UNSUB without pause" },
	{ "stalled-subscriber", play_stalled, 1, 1, ALL_TO_ALL, 128, 0, 15,
	  M(200), "a flow alone, then beside a subscriber that never reads" },
	{ "idle-10k", play_idle, 0, 10000, ALL_TO_ALL, 0, 0, 3, 0,
	  "memory of 10 000 connections that do nothing" },
	{ "start", play_start, 0, 0, ALL_TO_ALL, 0, 0, 1, 5,
	  "from exec to the first PONG, and the memory one second later" },
	{ "latency-10k", play_paced, 1, 1, ALL_TO_ALL, 128, 0, 4, M(1),
	  "open loop, 10 000 messages a second, from the time each was due" },
	/* These want a server that knows the users, see bench/compare. */
	{ "n-to-n-8", play_flow, 8, 8, PAIRS, 128, 0, 2, M(40),
	  "8 publishers, each to its own subscriber" },
	{ "accounts-1000", play_flow, 8, 8, PAIRS, 128, 0, 2, M(40),
	  "the same, each pair in another of 1000 accounts",
	  .users = USERS_PAIRS },
	{ "permissions-50", play_flow, 1, 1, ALL_TO_ALL, 128, 0, 2, M(40),
	  "pubsub-128 with 50 patterns allowed and 50 denied, both ways",
	  .users = USERS_SIDES },
	{ "permissions-request", play_request, 64, 1, ALL_TO_ALL, 16, 4, 2,
	  M(4), "request-64x4 with those: every reply subject is new",
	  .users = USERS_SIDES },
	{ "import-stream", play_flow, 1, 1, ALL_TO_ALL, 128, 0, 2, M(40),
	  "pubsub-128 from account to account", .users = USERS_SIDES },
	{ "import-service", play_request, 64, 1, ALL_TO_ALL, 16, 4, 2, M(4),
	  "request-64x4 from account to account", .users = USERS_SIDES },
	{ "mapped-literal", play_flow, 1, 1, ALL_TO_ALL, 128, 0, 2, M(40),
	  "pubsub-128 through a mapping", .subject = "literal" },
	{ "mapped-wildcard", play_flow, 1, 1, ALL_TO_ALL, 128, 0, 2, M(40),
	  "pubsub-128 through a mapping with a wildcard",
	  .subject = "wild" },
	{ "rejected-logins", play_rejected, 0, 1000, ALL_TO_ALL, 0, 0, 1, 0,
	  "memory of 1000 connections that said a wrong password",
	  .users = USERS_SIDES },
	{ "wrong-passwords", play_wrong, 1, 1, ALL_TO_ALL, 128, 0, 4, M(1),
	  "latency-10k beside wrong passwords, 64 at once, without pause",
	  .users = USERS_SIDES },
	/* These want a server with TLS: their names begin so. */
	{ "tls-128", play_flow, 1, 1, ALL_TO_ALL, 128, 0, 2, M(20),
	  "one publisher to one subscriber, both over TLS" },
	{ "tls-65536", play_flow, 1, 1, ALL_TO_ALL, 65536, 0, 2, M(1),
	  "one publisher to one subscriber, both over TLS" },
	{ "tls-storm", play_tls_storm, 1, 1, ALL_TO_ALL, 128, 0, 6, M(1),
	  "latency-10k while 1000 clients shake hands at once" },
	/* These want JetStream, and the streams that bench/jetstream makes. */
	{ "js-publish-1", play_js_ask, 1, 0, ALL_TO_ALL, 128, 1, 2, M(4),
	  "one publisher that waits for each PubAck", .subject = "b",
	  .keys = 1, .answer = PUB_ACK },
	{ "js-publish-256", play_js_ask, 256, 0, ALL_TO_ALL, 128, 1, 2, M(4),
	  "256 of them", .subject = "b", .keys = 1, .answer = PUB_ACK },
	{ "js-publish-4000", play_js_ask, 1, 0, ALL_TO_ALL, 128, 4000, 2, M(4),
	  "one publisher, 4000 in flight", .subject = "b", .keys = 1,
	  .answer = PUB_ACK },
	{ "js-publish-ids", play_js_ask, 1, 0, ALL_TO_ALL, 128, 4000, 2, M(4),
	  "the same, each with a new Nats-Msg-Id", .subject = "ids",
	  .keys = 1, .answer = PUB_ACK, .has_ids = true },
	{ "js-fill", play_js_fill, 1, 0, ALL_TO_ALL, 128, 4000, 600, K(300),
	  "messages to be there, over 100 subjects", .subject = "b",
	  .keys = 100, .answer = PUB_ACK },
	{ "js-fill-subjects", play_js_fill, 1, 0, ALL_TO_ALL, 128, 4000, 600,
	  M(2), "the same, over 1 000 000 subjects", .subject = "b",
	  .keys = M(1), .answer = PUB_ACK },
	{ "js-pull-500", play_js_take, 1, 0, ALL_TO_ALL, 128, 1, 2, M(4),
	  "pulls of 500, each message acknowledged", .batch = 500 },
	{ "js-pull-1", play_js_take, 1, 0, ALL_TO_ALL, 128, 1, 2, M(4),
	  "pulls of one", .batch = 1 },
	{ "js-push", play_js_take, 1, 0, ALL_TO_ALL, 128, 0, 60, M(4),
	  "all there is, pushed under flow control" },
	{ "js-kv-fill", play_js_fill, 1, 0, ALL_TO_ALL, 128, 500, 60, K(1),
	  "each of 1000 keys put once", .subject = "$KV.B", .keys = K(1),
	  .answer = PUB_ACK },
	{ "js-kv-put-64", play_js_ask, 64, 0, ALL_TO_ALL, 128, 1, 2, M(4),
	  "64 clients, one put at a time, 1000 keys", .subject = "$KV.B",
	  .keys = K(1), .answer = PUB_ACK },
	{ "js-kv-put-1000", play_js_ask, 4, 0, ALL_TO_ALL, 128, 250, 2, M(4),
	  "4 clients, 250 puts in flight each", .subject = "$KV.B",
	  .keys = K(1), .answer = PUB_ACK },
	{ "js-kv-get-64", play_js_ask, 64, 0, ALL_TO_ALL, 0, 1, 2, M(4),
	  "64 clients, one get at a time, 1000 keys", .subject = KV_GET,
	  .keys = K(1), .answer = GOT },
	{ "js-kv-get-1000", play_js_ask, 4, 0, ALL_TO_ALL, 0, 250, 2, M(4),
	  "4 clients, 250 gets in flight each", .subject = KV_GET,
	  .keys = K(1), .answer = GOT },
};

enum { N_SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

static const struct scenario *scenario_find(const char *name)
{
	for (size_t i = 0; i < N_SCENARIOS; i++)
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	return NULL;
}

static int list_all(void)
{
	for (size_t i = 0; i < N_SCENARIOS; i++)
		printf("%-20s %s\n", scenarios[i].name, scenarios[i].help);
	return 0;
}

static int usage(void)
{
	fputs("usage: load [--host A.B.C.D] [--port N] [--server-pid N]\n"
	    "            [--monitor-port N] [--seconds X] [--messages N]\n"
	    "            [--window BYTES] [--server-core N] SCENARIO [-- SERVER ARGS...]\n"
	    "       load --list | --selftest\n", stderr);
	return 2;
}

/* Thousands of connections, and a clock that wakes us when we asked. */
static void use_the_machine(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
	signal(SIGPIPE, SIG_IGN);
}

static void print_report(struct run *r)
{
	const struct tally *t = &r->tally;

	report_u64(r, "lost", t->lost);
	report_u64(r, "duplicated", t->duplicated);
	report_u64(r, "reordered", t->reordered);
	report_u64(r, "garbled", t->garbled);
	printf("{\"scenario\":\"%s\",\"ok\":%s,%.*s}\n", r->what->name,
	    r->is_failed || tally_errors(t) > 0 ? "false" : "true",
	    SLICE_ARG(buf_slice(&r->report)));
}

static int run_scenario(struct run *r)
{
	if (r->seconds <= 0)
		r->seconds = r->what->seconds;
	if (r->messages_max == 0)
		r->messages_max = r->what->messages_max;
	use_the_machine();
	if (loop_open(&r->loop) != 0) {
		perror("load: epoll");
		return 1;
	}
	if (strncmp(r->what->name, "tls-", 4) == 0) {
		r->loop.tls = secure_context();
		r->is_failed = r->loop.tls == NULL;
	}
	if (r->is_failed || !r->what->play(r))
		r->is_failed = true;
	print_report(r);
	tls_context_unref(r->loop.tls);
	loop_close(&r->loop);
	buf_fini(&r->report);
	return r->is_failed || tally_errors(&r->tally) > 0;
}

static bool read_number(const char *s, double max, double *ret)
{
	char *end;

	*ret = strtod(s, &end);
	return end != s && *end == '\0' && *ret >= 0 && *ret <= max;
}

enum { OPT_LIST = 1000, OPT_SELFTEST, OPT_HOST, OPT_PORT, OPT_PID,
	OPT_MONITOR, OPT_SECONDS, OPT_MESSAGES, OPT_WINDOW, OPT_CORE };

static const struct option options[] = {
	{ "list", no_argument, NULL, OPT_LIST },
	{ "selftest", no_argument, NULL, OPT_SELFTEST },
	{ "host", required_argument, NULL, OPT_HOST },
	{ "port", required_argument, NULL, OPT_PORT },
	{ "server-pid", required_argument, NULL, OPT_PID },
	{ "monitor-port", required_argument, NULL, OPT_MONITOR },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "messages", required_argument, NULL, OPT_MESSAGES },
	{ "window", required_argument, NULL, OPT_WINDOW },
	{ "server-core", required_argument, NULL, OPT_CORE },
	{ 0 },
};

static bool set_number(struct run *r, int opt, const char *arg)
{
	double v;

	if (!read_number(arg, opt == OPT_PORT || opt == OPT_MONITOR ? 65535 :
	    1e9, &v))
		return false;
	switch (opt) {
	case OPT_PORT:     r->port = (uint16_t)v; return true;
	case OPT_MONITOR:  r->monitor_port = (uint16_t)v; return true;
	case OPT_PID:      r->server_pid = (pid_t)v; return true;
	case OPT_SECONDS:  r->seconds = v; return true;
	case OPT_MESSAGES: r->messages_max = (uint64_t)v; return true;
	case OPT_WINDOW:   r->window_bytes = (uint64_t)v; return true;
	case OPT_CORE:     r->server_core = (int)v; return true;
	default:           return false;
	}
}

int main(int argc, char **argv)
{
	struct run r = { .host = "127.0.0.1", .port = 4222, .server_core = -1,
		.window_bytes = FLOW_WINDOW_BYTES };
	int        opt;

	while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (opt == OPT_LIST)
			return list_all();
		if (opt == OPT_SELFTEST)
			return tally_selftest() && hist_selftest() ? 0 : 1;
		if (opt == OPT_HOST)
			r.host = optarg;
		else if (!set_number(&r, opt, optarg))
			return usage();
	}
	if (optind == argc)
		return usage();
	r.what = scenario_find(argv[optind]);
	if (r.what == NULL) {
		fprintf(stderr, "load: no scenario %s; see --list\n",
		    argv[optind]);
		return 2;
	}
	r.command = argv + optind + 1;
	if (*r.command != NULL && strcmp(*r.command, "--") == 0)
		r.command++;
	return run_scenario(&r);
}
