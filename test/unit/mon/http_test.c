/* test/unit/mon/http_test.c - pairs with src/mon/http.c.
 *
 * A server on its own thread, this one is its peers: polite ones, slow ones,
 * those that leave in the middle, those that never say anything. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "mon/http.h"
#include "net/conn.h"
#include "net/loop.h"

enum { BIG = 8 * 1024 * 1024, HELD_MAX = 16 };

static struct server {
	struct mesh          *mesh;
	struct loop          *loop;
	struct conn_pool      pool;
	struct http_server   *http;
	struct http_exchange *held[HELD_MAX];
	unsigned              n_held;
	pthread_t             thread;
	struct sockaddr_in    address;
	struct mail           stop;
} server;

static void answer(struct http_exchange *x, const char *text)
{
	struct http_response r = { .status = 200, .content_type = "text/plain" };

	buf_put_str(&r.body, text);
	http_answer(x, &r);
}

static void serve(void *ctx, struct http_exchange *x,
    const struct http_request *q)
{
	struct http_response big = { .status = 200 };

	(void)ctx;
	if (slice_eq(q->path, SLICE("/big"))) {
		memset(buf_reserve(&big.body, BIG), 'b', BIG);
		buf_added(&big.body, BIG);
		http_answer(x, &big);
	} else if (slice_eq(q->path, SLICE("/later"))) {
		server.held[server.n_held++] = x;
	} else if (slice_eq(q->path, SLICE("/release"))) {
		while (server.n_held > 0)
			answer(server.held[--server.n_held], "released");
		answer(x, "done");
	} else {
		answer(x, "hello");
	}
}

static void end_turn(void *ctx)
{
	(void)ctx;
	conn_pool_flush(&server.pool);
}

static void *run(void *ctx)
{
	(void)ctx;
	loop_run(server.loop);
	return NULL;
}

static int listen_somewhere(void)
{
	socklen_t n = sizeof server.address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	server.address = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	CHECK(fd >= 0);
	CHECK(bind(fd, (void *)&server.address, n) == 0);
	CHECK(listen(fd, 128) == 0);
	CHECK(getsockname(fd, (void *)&server.address, &n) == 0);
	return fd;
}

static void start(const struct http_limits *limits)
{
	struct loop_hooks hooks = { .end_turn = end_turn };

	server = (struct server){ .mesh = mesh_create(2) };
	server.loop = loop_create(server.mesh, 0);
	loop_set_hooks(server.loop, &hooks);
	CHECK_INT(conn_pool_init(&server.pool, server.loop), 0);
	server.http = http_create(&server.pool, listen_somewhere(), limits,
	    serve, NULL);
	CHECK(server.http != NULL);
	CHECK(pthread_create(&server.thread, NULL, run, NULL) == 0);
}

static void stop_loop(struct mail *m, void *receiver)
{
	(void)m;
	(void)receiver;
	loop_stop(server.loop);
}

static void stop(void)
{
	server.stop.deliver = stop_loop;
	mesh_post(server.mesh, 1, 0, &server.stop);
	mesh_ring(server.mesh, 1);
	pthread_join(server.thread, NULL);
	http_destroy(server.http);
	conn_pool_fini(&server.pool);
	loop_destroy(server.loop);
	mesh_destroy(server.mesh);
}

/* ---- peers -------------------------------------------------------------- */

static int dial(void)
{
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(connect(fd, (void *)&server.address, sizeof server.address) == 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static void say(int fd, const char *text)
{
	CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) ==
	    (ssize_t)strlen(text));
}

static char heard[64 * 1024];

/* Hears until what was said ends with suffix; NULL: until the server hangs up. */
static const char *hear(int fd, const char *suffix)
{
	size_t have = 0;

	for (;;) {
		ssize_t n = recv(fd, heard + have, sizeof heard - 1 - have, 0);

		CHECK(n >= 0 || errno == ECONNRESET, "waited in vain: %.*s",
		    (int)have, heard);
		if (n <= 0) {
			CHECK(suffix == NULL, "hung up: %.*s", (int)have, heard);
			return heard;
		}
		have += (size_t)n;
		heard[have] = '\0';
		if (suffix != NULL && have >= strlen(suffix) &&
		    strcmp(heard + have - strlen(suffix), suffix) == 0)
			return heard;
	}
}

static bool is_hung_up(int fd)
{
	char    c;
	ssize_t n = recv(fd, &c, 1, 0);

	return n == 0 || (n < 0 && errno == ECONNRESET);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

/* ---- tests -------------------------------------------------------------- */

TEST(a_connection_serves_one_request_after_the_other)
{
	int fd;

	start(&http_limits_default);
	fd = dial();
	for (int i = 0; i < 3; i++) {
		say(fd, GET("/"));
		hear(fd, "\r\n\r\nhello");
		CHECK(strncmp(heard, "HTTP/1.1 200 OK\r\n", 17) == 0);
		CHECK(strstr(heard, "Content-Length: 5\r\n") != NULL);
		CHECK(strstr(heard, "Connection:") == NULL);
	}
	close(fd);
	stop();
}

TEST(pipelined_requests_are_answered_in_order_however_many)
{
	static char text[8000];
	char       *to = text, *end = text + sizeof text;
	const char *at = heard;
	int         fd, n = 0;

	for (; to < end - 100; n++)
		to += snprintf(to, (size_t)(end - to),
		    "%s / HTTP/1.1\r\nHost:\r\n\r\n", n % 2 ? "HEAD" : "GET");
	snprintf(to, (size_t)(end - to),
	    "GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n");
	start(&http_limits_default);
	fd = dial();
	say(fd, text);
	hear(fd, NULL);
	for (int i = 0; i <= n; i++) {
		CHECK(strncmp(at, "HTTP/1.1 200 OK\r\n", 17) == 0, "%d", i);
		at = strstr(at, "\r\n\r\n") + 4;
		if (i == n || i % 2 == 0) {
			CHECK(strncmp(at, "hello", 5) == 0, "%d", i);
			at += 5;
		}
	}
	CHECK(*at == '\0');
	close(fd);
	stop();
}

TEST(a_request_may_come_byte_by_byte_and_bodies_are_skipped)
{
	static const char text[] =
	    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n";
	static char body[20001];
	int         fd;

	start(&http_limits_default);
	fd = dial();
	for (const char *p = text; *p != '\0'; p++) {
		char one[2] = { *p };

		say(fd, one);
	}
	hear(fd, "hello");
	memset(body, 'x', sizeof body - 1);
	say(fd, body);
	say(fd, GET("/"));
	hear(fd, "hello");
	say(fd, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked"
	    "\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
	hear(fd, NULL);
	CHECK(strstr(heard, "Connection: close\r\n") != NULL,
	    "what has no known end ends the connection");
	close(fd);
	stop();
}

TEST(garbage_is_answered_and_hung_up_on)
{
	int fd;

	start(&http_limits_default);
	fd = dial();
	say(fd, "garbage\r\n\r\nmore garbage");
	hear(fd, NULL);
	CHECK_STR(heard, "HTTP/1.1 400 Bad Request\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Connection: close\r\n\r\n400 Bad Request");
	close(fd);
	stop();
}

TEST(answers_may_come_later_even_to_those_who_have_left)
{
	int later, gone, fd;

	start(&http_limits_default);
	later = dial();
	gone = dial();
	say(later, GET("/later") GET("/"));
	say(gone, GET("/later"));
	usleep(50000);
	close(gone);
	fd = dial();
	usleep(50000);
	say(fd, GET("/release"));
	hear(fd, "done");
	hear(later, "hello");
	CHECK(strstr(heard, "released") != NULL);
	close(later);
	close(fd);
	stop();
}

TEST(a_big_answer_goes_out_as_fast_as_it_is_read)
{
	static char sink[100000];
	size_t      n = 0;
	int         fd, other;

	start(&http_limits_default);
	fd = dial();
	say(fd, GET("/big"));
	other = dial();
	say(other, GET("/"));
	hear(other, "hello");		/* meanwhile others are served */
	for (;;) {
		ssize_t got = recv(fd, sink, sizeof sink, 0);

		CHECK(got > 0);
		n += (size_t)got;
		if (n > BIG)
			break;
	}
	say(fd, GET("/"));
	hear(fd, "hello");
	close(fd);
	close(other);
	stop();
}

TEST(who_keeps_silent_or_does_not_read_is_hung_up_on)
{
	struct http_limits limits = http_limits_default;
	int silent, half, lazy, idle;

	limits.head_ns = limits.write_ns = NS_PER_S / 5;
	limits.idle_ns = NS_PER_S / 5;
	limits.write_rate = 1000 * 1024 * 1024;
	start(&limits);
	silent = dial();
	half = dial();
	lazy = dial();
	idle = dial();
	say(half, "GET / HTTP/1.1\r\n");
	say(lazy, GET("/big"));
	say(idle, GET("/"));
	hear(idle, "hello");
	CHECK(is_hung_up(silent));
	CHECK(is_hung_up(half));
	CHECK(is_hung_up(idle));
	usleep(300000);
	hear(idle, NULL);
	for (;;) {
		ssize_t n = recv(lazy, heard, sizeof heard, 0);

		if (n <= 0)
			break;
	}
	close(silent);
	close(half);
	close(lazy);
	close(idle);
	stop();
}

TEST(a_crowd_of_the_silent_does_not_keep_others_out)
{
	struct http_limits limits = http_limits_default;
	int silent[200], fd;

	limits.conns_max = 8;
	start(&limits);
	for (size_t i = 0; i < N_OF(silent); i++)
		silent[i] = dial();
	fd = dial();
	say(fd, GET("/"));
	hear(fd, "hello");
	for (size_t i = 0; i < N_OF(silent); i++)
		close(silent[i]);
	close(fd);
	stop();
}

TEST(more_than_fits_is_refused_politely)
{
	struct http_limits limits = http_limits_default;
	int fd;

	limits.unsent_max = BIG - 1;
	start(&limits);
	fd = dial();
	say(fd, GET("/big"));
	hear(fd, "memory now");
	CHECK(strncmp(heard, "HTTP/1.1 503 ", 13) == 0);
	close(fd);
	stop();
}
