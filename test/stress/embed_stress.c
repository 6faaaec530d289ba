/* test/stress/embed_stress.c - pairs with include/mote/server.h: a whole server
 * of three workers in this process, and clients that do not behave.
 *
 * - Publishers send numbered messages from 16 bytes to 200 KB on subjects of
 *   their own, each to plain subscriptions and to queue groups.
 * - Stable receivers (one reads slowly, in small pieces) must get every message
 *   of every publisher once, in order, whole.  The members of a stable queue
 *   group must get each once between them, and no member a publisher's
 *   messages out of order.
 * - Churners on connections of their own subscribe to the same things,
 *   unsubscribe, let UNSUB counts run out, do not read, close in the middle,
 *   and are members of a group that the publishers feed too.
 * - Meanwhile the configuration is reloaded, and with it what churners may see.
 *
 * Then: the server leaves by drain (clients go when told), is stopped under
 * load, and is started and stopped many times while clients knock.  At the end
 * all memory must be back: a leak shows in AddressSanitizer, else in mallinfo.
 *
 *     embed_stress [seconds, 3]
 */
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "mote/server.h"
#include "talk.h"

enum {
	PUBLISHERS = 3,
	RECEIVERS  = 4,
	MEMBERS    = 4,
	CHURNERS   = 4,
	BATCH      = 50,	/* messages between two PINGs */
	LARGEST    = 200 * 1024,
	RESTARTS   = 50,
	HEAP_SLACK = 512 * 1024,
	CONFIG_MAX = 1024,
};

static char     filler[LARGEST + 32];
static char     config_path[64];
static uint16_t port;
static bool     is_over;		/* publishers stop, churners too */
static bool     is_unchecked;		/* the server may go at any time */
static uint64_t n_sent[PUBLISHERS];	/* final when is_settled */
static bool     is_settled;
static uint64_t n_taken[PUBLISHERS];	/* by the stable group, together */
static unsigned n_ready;		/* stable subscriptions that are there */

#define LOAD(x)   __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define STORE(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELEASE)
#define ADD(x, v) __atomic_add_fetch(&(x), v, __ATOMIC_ACQ_REL)

__attribute__((format(printf, 1, 2), noreturn))
static void broken(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("embed_stress: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	_exit(1);
}

static void nap_ms(int64_t ms)
{
	int64_t ns = ms * NS_PER_MS;

	nanosleep(&(struct timespec){ ns / NS_PER_S, ns % NS_PER_S }, NULL);
}

/* Each thread its own, so that they need not agree. */
static _Thread_local uint64_t dice = 1;

static unsigned below(unsigned n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)((dice >> 33) % n);
}

static void throw_dice(unsigned seed)
{
	dice = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

/* ---- messages: "<number> " and filler that depends on the number ---------- */

static size_t some_size(void)
{
	unsigned n = below(100);

	if (n < 60)
		return 16 + below(200);
	if (n < 90)
		return 16 + below(4000);
	return n < 98 ? 20 * 1024 + below(100) : LARGEST - below(100);
}

static bool publish(struct talk *t, unsigned who, uint64_t nr, size_t size)
{
	char head[96], body[24];
	int  body_n = snprintf(body, sizeof body, "%llu ",
	    (unsigned long long)nr);
	int  n = snprintf(head, sizeof head, "PUB s.%u %zu\r\n%s", who, size,
	    body);

	return talk_send(t, head, (size_t)n) &&
	    talk_send(t, filler + nr % 26, size - (size_t)body_n) &&
	    talk_send(t, "\r\n", 2);
}

/* The number of a message whose bytes are all as they should be. */
static uint64_t read_number(struct slice payload)
{
	uint64_t nr = 0;
	size_t   i = 0;

	for (; i < payload.n && payload.p[i] != ' '; i++)
		nr = nr * 10 + (uint64_t)(payload.p[i] - '0');
	if (i == payload.n || memcmp(payload.p + i + 1, filler + nr % 26,
	    payload.n - i - 1) != 0)
		broken("a message of %zu bytes is not as it was sent",
		    payload.n);
	return nr;
}

/* ---- publishers ---------------------------------------------------------- */

static bool publish_batch(struct talk *t, unsigned who, uint64_t *nr)
{
	for (unsigned i = 0; i < BATCH; i++) {
		if (!publish(t, who, *nr, some_size()))
			return false;
		++*nr;
	}
	return talk_ping(t);
}

static void *run_publisher(void *ctx)
{
	unsigned    who = (unsigned)(uintptr_t)ctx;
	uint64_t    nr = 0;
	struct talk t;

	throw_dice(who + 1);
	if (!talk_open(&t, port) || !talk_say(&t, "CONNECT {\"user\":\"a\","
	    "\"pass\":\"a\",\"verbose\":false}\r\n"))
		broken("publisher %u cannot connect", who);
	while (!LOAD(is_over))
		if (!publish_batch(&t, who, &nr)) {
			if (!LOAD(is_unchecked))
				broken("publisher %u was cut off", who);
			break;
		}
	STORE(n_sent[who], nr);
	talk_close(&t);
	return NULL;
}

/* ---- stable receivers ---------------------------------------------------- */

struct receiver {
	unsigned nr;
	bool     is_member;
	uint64_t next[PUBLISHERS];	/* number expected, or at least */
};

static bool has_all(const struct receiver *r)
{
	if (!LOAD(is_settled))
		return false;
	for (unsigned i = 0; i < PUBLISHERS; i++)
		if ((r->is_member ? LOAD(n_taken[i]) : r->next[i]) <
		    LOAD(n_sent[i]))
			return false;
	return true;
}

static void take(struct receiver *r, const struct talk_msg *m)
{
	unsigned who = (unsigned)(m->subject.p[m->subject.n - 1] - '0');
	uint64_t nr = read_number(m->payload);

	if (m->subject.n != 3 || who >= PUBLISHERS)
		broken("a message on %.*s", SLICE_ARG(m->subject));
	if (r->is_member ? nr < r->next[who] : nr != r->next[who])
		broken("%s %u: message %llu of publisher %u where %llu was "
		    "next", r->is_member ? "member" : "receiver", r->nr,
		    (unsigned long long)nr, who,
		    (unsigned long long)r->next[who]);
	r->next[who] = nr + 1;
	if (r->is_member)
		ADD(n_taken[who], 1);
}

static void open_receiver(const struct receiver *r, struct talk *t)
{
	const char *user = "{\"user\":\"a\",\"pass\":\"a\"}";

	if (!talk_open(t, port) || !talk_say(t, r->is_member
	    ? "CONNECT %s\r\nSUB s.* stable 1\r\n"
	    : "CONNECT %s\r\nSUB s.* 1\r\n", user) || !talk_ping(t))
		broken("receiver %u cannot subscribe", r->nr);
	t->piece = r->nr == 0 ? 3000 : 0;
	talk_set_patience(t, 100);
	ADD(n_ready, 1);
}

static void *run_receiver(void *ctx)
{
	struct receiver *r = ctx;
	struct talk_msg  m;
	struct slice     line;
	struct talk      t;
	int64_t          last = clock_ns();

	throw_dice(100 + r->nr);
	open_receiver(r, &t);
	while (!has_all(r)) {
		if (talk_msg(&t, &m, &line)) {
			take(r, &m);
			last = clock_ns();
			if (r->nr == 0 && below(50) == 0)
				nap_ms(1);
		} else if (line.n > 0) {
			broken("%.*s", SLICE_ARG(line));
		} else if (LOAD(is_settled) &&
		    clock_ns() - last > 20 * NS_PER_S) {
			broken("receiver %u waits for what does not come",
			    r->nr);
		}
	}
	talk_set_patience(&t, 20);
	if (talk_msg(&t, &m, &line))
		broken("receiver %u: a message too many", r->nr);
	talk_close(&t);
	return NULL;
}

/* ---- churners ------------------------------------------------------------ */

static bool subscribe_some(struct talk *t, unsigned n)
{
	static const char *wants[] = { "s.*", "s.0", "s.1 loose", "s.* loose",
		"s.>", ">", "*.2", "none.such", "s.* stable2" };
	char out[1024];
	int  at = 0;

	for (unsigned i = 0; i < n; i++) {
		at += snprintf(out + at, sizeof out - (size_t)at,
		    "SUB %s %u\r\n", wants[below(9)], i);
		if (below(3) == 0)
			at += snprintf(out + at, sizeof out - (size_t)at,
			    "UNSUB %u %u\r\n", i, below(20));
	}
	return talk_send(t, out, (size_t)at);
}

/* Says this and that for a while, and reads when it likes to. */
static void live_badly(struct talk *t)
{
	unsigned turns = 1 + below(6);

	while (turns-- > 0) {
		if (!subscribe_some(t, 1 + below(12)))
			return;
		for (unsigned i = below(4); i > 0; i--) {
			struct slice    line;
			struct talk_msg m;

			if (!talk_msg(t, &m, &line) && line.n == 0)
				break;
		}
		if (below(3) == 0)
			nap_ms(below(5));
		if (!talk_say(t, "UNSUB %u\r\nUNSUB %u\r\n", below(12),
		    below(12)))
			return;
		if (below(4) == 0 && !talk_ping(t))
			return;
	}
}

static void *run_churner(void *ctx)
{
	throw_dice(1000 + (unsigned)(uintptr_t)ctx);
	while (!LOAD(is_over)) {
		struct talk t;

		if (!talk_open(&t, port)) {
			nap_ms(1);
			continue;
		}
		talk_set_patience(&t, 5);
		if (talk_say(&t, "CONNECT {\"user\":\"c\",\"pass\":\"%s\"}\r\n",
		    below(20) == 0 ? "wrong" : "c"))
			live_badly(&t);
		talk_close(&t);
	}
	return NULL;
}

/* ---- the server ---------------------------------------------------------- */

static void write_config(unsigned version)
{
	static const char *denied[] = { "s.2", "s.>", "other", "s.* loose" };
	FILE *f = fopen(config_path, "w");

	if (f == NULL)
		broken("cannot write %s", config_path);
	fprintf(f, "port: -1\nworkers: 3\nlog_file: \"/dev/null\"\n"
	    "lame_duck_grace_period: \"10ms\"\n"
	    "ping_interval: %u\n"
	    "authorization { users = [\n"
	    "  { user: a, password: a }\n"
	    "  { user: c, password: c, permissions: {\n"
	    "    subscribe: { deny: [\"%s\"] } } }\n"
	    "] }\n", 60 + version % 50, denied[version % 4]);
	fclose(f);
}

static struct mote *start_server(void)
{
	struct mote *m = mote_create(config_path);

	if (m == NULL || mote_start(m) != 0 || !mote_wait_ready(m, 10000))
		broken("no start: %s", m == NULL ? "memory" : mote_error(m));
	STORE(port, mote_port(m));
	return m;
}

static void reload_until(struct mote *m, int64_t end_ns)
{
	for (unsigned version = 0; clock_ns() < end_ns; version++) {
		write_config(version);
		if (mote_reload(m) != 0)
			broken("no reload: %s", mote_error(m));
		nap_ms(20);
	}
}

/* ---- the acts ------------------------------------------------------------ */

static pthread_t start(void *(*run)(void *), void *ctx)
{
	pthread_t t;

	if (pthread_create(&t, NULL, run, ctx) != 0)
		broken("no thread");
	return t;
}

static void join_all(pthread_t *t, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

static void begin_act(bool unchecked)
{
	STORE(is_over, false);
	STORE(is_settled, false);
	STORE(is_unchecked, unchecked);
	STORE(n_ready, 0);
	for (unsigned i = 0; i < PUBLISHERS; i++) {
		STORE(n_taken[i], 0);
		STORE(n_sent[i], 0);
	}
}

static void start_each(pthread_t *t, unsigned n, void *(*run)(void *))
{
	for (unsigned i = 0; i < n; i++)
		t[i] = start(run, (void *)(uintptr_t)i);
}

static void drain(struct mote *m)
{
	int64_t end = clock_ns() + 20 * NS_PER_S;

	mote_drain(m);
	while (mote_is_running(m)) {
		if (clock_ns() > end)
			broken("drained, and does not end");
		nap_ms(1);
	}
}

/* Everything is checked; leaves by drain. */
static void act_of_order(int64_t ns)
{
	static struct receiver all[RECEIVERS + MEMBERS];
	pthread_t    pubs[PUBLISHERS], recs[RECEIVERS + MEMBERS];
	pthread_t    churn[CHURNERS];
	struct mote *m = start_server();
	uint64_t     n = 0;

	begin_act(false);
	for (unsigned i = 0; i < RECEIVERS + MEMBERS; i++) {
		all[i] = (struct receiver){ .nr = i,
			.is_member = i >= RECEIVERS };
		recs[i] = start(run_receiver, &all[i]);
	}
	while (LOAD(n_ready) < RECEIVERS + MEMBERS)
		nap_ms(1);
	start_each(churn, CHURNERS, run_churner);
	start_each(pubs, PUBLISHERS, run_publisher);
	reload_until(m, clock_ns() + ns);
	STORE(is_over, true);
	join_all(pubs, PUBLISHERS);
	STORE(is_settled, true);
	join_all(recs, RECEIVERS + MEMBERS);
	join_all(churn, CHURNERS);
	drain(m);
	mote_destroy(m);
	for (unsigned i = 0; i < PUBLISHERS; i++)
		n += n_sent[i];
	printf("%llu messages to %d receivers and a group of %d, in order\n",
	    (unsigned long long)n, RECEIVERS, MEMBERS);
	if (n == 0)
		broken("nothing was published");
}

/* The server goes while everybody is talking, and others come. */
static void act_of_haste(unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		pthread_t    pubs[PUBLISHERS], churn[CHURNERS];
		struct mote *m = start_server();

		begin_act(true);
		start_each(churn, CHURNERS, run_churner);
		start_each(pubs, PUBLISHERS, run_publisher);
		nap_ms(50 + below(50));
		mote_stop(m);
		STORE(is_over, true);
		join_all(pubs, PUBLISHERS);
		join_all(churn, CHURNERS);
		mote_destroy(m);
	}
}

static size_t heap_in_use(void)
{
	return mallinfo2().uordblks;
}

static void act_of_coming_and_going(void)
{
	size_t early = 0;

	for (unsigned i = 0; i < RESTARTS; i++) {
		pthread_t    churn[CHURNERS];
		struct mote *m = start_server();

		begin_act(true);
		start_each(churn, CHURNERS, run_churner);
		nap_ms(below(6));
		mote_destroy(m);
		STORE(is_over, true);
		join_all(churn, CHURNERS);
		if (i == RESTARTS / 5)
			early = heap_in_use();
	}
	if (heap_in_use() > early + HEAP_SLACK)
		broken("%zu bytes in use grew to %zu", early, heap_in_use());
}

int main(int argc, char **argv)
{
	long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 3;

	for (size_t i = 0; i < sizeof filler; i++)
		filler[i] = (char)('a' + i % 26);
	snprintf(config_path, sizeof config_path, "/tmp/embed_stress.%d.conf",
	    (int)getpid());
	write_config(0);
	act_of_order(seconds * NS_PER_S);
	act_of_haste(8);
	act_of_coming_and_going();
	unlink(config_path);
	return 0;
}
