/* test/unit/net/handshaker_test.c - pairs with src/net/handshaker.c, by way of
 * net/conn_tls.c.
 *
 * Whatever happens to a connection while its handshake is with the other
 * thread, its owner hears of it once, on its own thread, and the descriptor is
 * closed.  There is no certificate here, so each handshake fails in the end;
 * test/tls has those that succeed. */
#include "net/handshaker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "net/conn.h"
#include "net/conn_tls.h"
#include "net/loop.h"

enum { CROWD = 96 };

struct comer {
	struct conn conn;
	int         fd, peer;	/* fd also when conn is closed */
	int         n_failed;
	bool        was_lent;
};

static struct {
	struct mesh        *mesh;
	struct loop        *own, *other;
	struct handshaker  *h;
	struct tls_context *context;
	pthread_t           owner, thread;
	struct conn_pool    pool;
	struct comer        crowd[CROWD];
	unsigned            n, turn;
	bool                closes;	/* those that are lent, in the middle */
	struct mail         stop;
} w;

/* ---- the owner ----------------------------------------------------------- */

static size_t input(struct conn *c, struct slice in, struct block *block,
    size_t *need)
{
	(void)c;
	(void)in;
	(void)block;
	(void)need;
	fail();
	return 0;
}

static void ended(struct conn *c, enum conn_end how)
{
	(void)how;
	conn_close(c);
}

static void nothing(struct conn *c)
{
	(void)c;
}

static const struct conn_ops conn_ops = { input, ended, nothing, nothing };

static void secured(struct conn *c)
{
	(void)c;
	fail();
}

static void failed(struct conn *c, struct slice why)
{
	struct comer *x = CONTAINER_OF(c, struct comer, conn);

	CHECK(pthread_equal(pthread_self(), w.owner));
	CHECK(conn_is_open(c), "it was closed, and yet it is told");
	CHECK(why.n > 0);
	x->n_failed++;
	conn_close(c);
}

static const struct conn_tls_ops tls_ops = { secured, failed };

/* ---- the crowd ----------------------------------------------------------- */

static void begin(struct comer *x)
{
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	*x = (struct comer){ .fd = fds[0], .peer = fds[1] };
	CHECK_INT(conn_open(&x->conn, &w.pool, fds[0], &conn_ops), 0);
	CHECK_INT(conn_tls_begin(&x->conn, w.context, NULL, w.h, &tls_ops), 0);
}

static void say(struct comer *x, struct slice words)
{
	CHECK_INT(send(x->peer, words.p, words.n, MSG_NOSIGNAL), words.n);
}

static void say_hello(struct comer *x, struct tls_context *client)
{
	struct tls_session *s = tls_open(client, x->peer, "localhost");
	struct buf          why = { 0 };

	CHECK(s != NULL);
	while (tls_handshake(s, &why) == TLS_AGAIN)
		;
	tls_close(s);
	buf_fini(&why);
}

static bool is_closed(const struct comer *x)
{
	return fcntl(x->fd, F_GETFD) < 0 && errno == EBADF;
}

/* ---- both threads -------------------------------------------------------- */

static void *run_other(void *ctx)
{
	CHECK_INT(loop_run(w.other), 0);
	return ctx;
}

static void stop_other(struct mail *m, void *receiver)
{
	(void)m;
	CHECK(receiver == w.h);
	loop_stop(w.other);
}

static void close_some_that_are_lent(void)
{
	for (unsigned i = 0; i < w.n; i++) {
		struct comer *x = &w.crowd[i];

		if (!conn_is_open(&x->conn) || !x->conn.is_lent)
			continue;
		CHECK(conn_is_due(&x->conn));
		x->was_lent = true;
		if (w.closes && (i + w.turn) % 3 == 0)
			conn_close(&x->conn);
	}
}

static void end_turn(void *ctx)
{
	unsigned n_closed = 0;

	(void)ctx;
	w.turn++;
	conn_pool_go_on(&w.pool);
	close_some_that_are_lent();
	conn_pool_flush(&w.pool);
	for (unsigned i = 0; i < w.n; i++)
		n_closed += is_closed(&w.crowd[i]);
	if (n_closed == w.n)
		loop_stop(w.own);
	loop_again(w.own);
}

static void set_up(unsigned n)
{
	struct tls_settings s = { 0 };
	struct buf          why = { 0 };

	memset(&w, 0, sizeof w);
	CHECK_INT(tls_context_create(&s, &w.context, &why), 0);
	w.n = n;
	w.owner = pthread_self();
	w.mesh = mesh_create(2);
	w.own = loop_create(w.mesh, 0);
	w.other = loop_create(w.mesh, 1);
	w.h = handshaker_create(w.other);
	CHECK(w.h != NULL);
	CHECK_INT(conn_pool_init(&w.pool, w.own), 0);
	loop_set_hooks(w.own, &(struct loop_hooks){ end_turn, NULL });
	for (unsigned i = 0; i < n; i++)
		begin(&w.crowd[i]);
}

static void play(void)
{
	CHECK_INT(pthread_create(&w.thread, NULL, run_other, NULL), 0);
	CHECK_INT(loop_run(w.own), 0);
	w.stop.deliver = stop_other;
	loop_post(w.own, 1, &w.stop);
	mesh_ring(w.mesh, 0);
	pthread_join(w.thread, NULL);
}

static void tear_down(void)
{
	for (unsigned i = 0; i < w.n; i++)
		close(w.crowd[i].peer);
	conn_pool_fini(&w.pool);
	handshaker_destroy(w.h);
	loop_destroy(w.own);
	loop_destroy(w.other);
	mesh_destroy(w.mesh);
	tls_context_unref(w.context);
}

TEST(the_owner_is_told_on_its_own_thread)
{
	set_up(1);
	say(&w.crowd[0], SLICE("GET / HTTP/1.1\r\nHost: nowhere\r\n\r\n"));
	play();
	CHECK_INT(w.crowd[0].n_failed, 1);
	CHECK(w.crowd[0].was_lent);
	tear_down();
}

TEST(who_goes_before_he_speaks_is_told_of_too)
{
	set_up(2);
	shutdown(w.crowd[0].peer, SHUT_WR);
	say(&w.crowd[1], SLICE("\x16\x03\x01"));
	shutdown(w.crowd[1].peer, SHUT_WR);
	play();
	CHECK_INT(w.crowd[0].n_failed, 1);
	CHECK_INT(w.crowd[1].n_failed, 1);
	tear_down();
}

static struct tls_context *client_context(void)
{
	struct tls_settings s = { .is_client = true, .is_insecure = true };
	struct tls_context *c = NULL;
	struct buf          why = { 0 };

	CHECK_INT(tls_context_create(&s, &c, &why), 0);
	return c;
}

/* Some wait, one is being worked on, some are on their way back. */
TEST(a_crowd_is_closed_in_the_middle)
{
	struct tls_context *client = client_context();
	unsigned            n_told = 0;

	set_up(CROWD);
	w.closes = true;
	for (unsigned i = 0; i < CROWD; i++)
		say_hello(&w.crowd[i], client);
	play();
	for (unsigned i = 0; i < CROWD; i++) {
		CHECK(w.crowd[i].n_failed <= 1);
		n_told += (unsigned)w.crowd[i].n_failed;
	}
	CHECK(n_told < CROWD, "none was closed by us");
	tls_context_unref(client);
	tear_down();
}

/* ---- jobs ---------------------------------------------------------------- */

static struct shake_job *order[3];
static unsigned          n_done;

static void note_done(struct mail *m, void *receiver)
{
	(void)receiver;
	order[n_done++] = CONTAINER_OF(m, struct shake_job, mail);
	if (n_done == 3)
		loop_stop(w.own);
}

/* Who is wanted no more does not wait for his turn. */
TEST(a_forgotten_job_comes_first_and_is_not_begun)
{
	static struct shake_job jobs[3];
	int                     fds[3][2];

	set_up(0);
	loop_set_hooks(w.own, &(struct loop_hooks){ NULL, NULL });
	n_done = 0;
	for (int i = 0; i < 3; i++) {
		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
		    fds[i]), 0);
		jobs[i] = (struct shake_job){ .done = note_done,
			.context = w.context, .fd = fds[i][0] };
		handshaker_submit(w.h, w.own, &jobs[i]);
	}
	handshaker_forget(w.h, &jobs[2]);
	play();
	CHECK(order[0] == &jobs[2] && order[1] == &jobs[0] &&
	    order[2] == &jobs[1]);
	CHECK(jobs[2].session == NULL);
	for (int i = 0; i < 3; i++) {
		CHECK(i == 2 || jobs[i].want == TLS_WANTS_IN);
		tls_close(jobs[i].session);
		close(fds[i][0]);
		close(fds[i][1]);
	}
	tear_down();
}

/* A thread that never ran, or has ended: what is there comes back all the
 * same. */
TEST(what_is_left_goes_back)
{
	set_up(2);
	for (unsigned i = 0; i < 2; i++) {
		w.crowd[i].conn.io->prepare(&w.crowd[i].conn);
		CHECK(w.crowd[i].conn.is_lent);
	}
	conn_close(&w.crowd[0].conn);
	CHECK(!is_closed(&w.crowd[0]), "the other thread has it");
	mesh_ring(w.mesh, 0);
	mesh_drain(w.mesh, 1, w.h);
	CHECK(handshaker_give_back(w.h));
	CHECK(!handshaker_give_back(w.h));
	mesh_ring(w.mesh, 1);
	mesh_drain(w.mesh, 0, NULL);
	CHECK(is_closed(&w.crowd[0]));
	CHECK(!w.crowd[1].conn.is_lent && conn_is_open(&w.crowd[1].conn));
	conn_close(&w.crowd[1].conn);
	CHECK(is_closed(&w.crowd[1]));
	tear_down();
}
