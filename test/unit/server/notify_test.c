/* test/unit/server/notify_test.c - pairs with src/server/notify.c.
 *
 * We are the service manager at the other end of the socket, and the workers:
 * errands are kept here until a test lets one of them answer. */
#include "server/notify.c"

#include <poll.h>
#include <stdio.h>

#include "check.h"
#include "net/mesh.h"

enum { N_WORKERS = 3 };

static struct errand {
	void (*fn)(struct hub *h, void *ctx);
	void  *ctx;
} errands[16];
static size_t n_errands;
static bool   is_memory_short;

/* In place of server.c's. */
bool server_tell(struct server *s, unsigned worker,
    void (*fn)(struct hub *h, void *ctx), void *ctx)
{
	(void)s;
	(void)worker;
	if (is_memory_short)
		return false;
	CHECK(n_errands < N_OF(errands));
	errands[n_errands++] = (struct errand){ fn, ctx };
	return true;
}

static void workers_answer(size_t n)
{
	for (; n > 0 && n_errands > 0; n--) {
		n_errands--;
		errands[n_errands].fn(NULL, errands[n_errands].ctx);
	}
}

struct scene {
	int            manager;
	struct server *server;
	char           said[200];
};

static void begin(struct scene *t, const char *usec)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int n = snprintf(at.sun_path + 1, sizeof at.sun_path - 1,
	    "mote-notify-test-%d", (int)getpid());
	char path[sizeof at.sun_path + 1];

	n_errands = 0;
	is_memory_short = false;
	t->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(bind(t->manager, (struct sockaddr *)&at, (socklen_t)(
	    offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0);
	snprintf(path, sizeof path, "@%s", at.sun_path + 1);
	setenv("NOTIFY_SOCKET", path, 1);
	unsetenv("WATCHDOG_PID");
	if (usec == NULL)
		unsetenv("WATCHDOG_USEC");
	else
		setenv("WATCHDOG_USEC", usec, 1);

	t->server = calloc(1, sizeof *t->server);
	CHECK(t->server != NULL);
	t->server->n_workers = N_WORKERS;
	t->server->mesh = mesh_create(1);
	t->server->control = loop_create(t->server->mesh, 0);
	CHECK(t->server->control != NULL);
}

static void end(struct scene *t)
{
	notify_end(t->server);
	close(t->manager);
	loop_destroy(t->server->control);
	mesh_destroy(t->server->mesh);
	free(t->server);
}

/* What the manager heard since, in one line. */
static const char *heard(struct scene *t)
{
	size_t  used = 0;
	ssize_t n;

	while ((n = recv(t->manager, t->said + used, sizeof t->said - used - 2,
	    MSG_DONTWAIT)) > 0) {
		used += (size_t)n;
		t->said[used++] = ';';
	}
	t->said[used] = '\0';
	return t->said;
}

static void a_round_later(struct scene *t)
{
	struct timer *timer = &t->server->notify.timer;

	CHECK(timer_is_set(timer));
	timer_fire_due(loop_timers(t->server->control), timer->when_ns);
}

TEST(without_a_manager_nothing_is_said_or_set)
{
	struct scene t;

	begin(&t, "30000000");
	unsetenv("NOTIFY_SOCKET");
	notify_begin(t.server);
	CHECK(!timer_is_set(&t.server->notify.timer));
	end(&t);
}

TEST(a_manager_without_a_watchdog_hears_the_beginning_and_the_end)
{
	struct scene t;

	begin(&t, NULL);
	notify_begin(t.server);
	CHECK_STR(heard(&t), "READY=1;");
	CHECK(!timer_is_set(&t.server->notify.timer));
	notify_end(t.server);
	CHECK_STR(heard(&t), "STOPPING=1;");
	end(&t);
}

TEST(a_socket_that_is_not_there_harms_nothing)
{
	static const char *const paths[] = {
		"", "@", "/", "relative", "/nowhere/at/all", "vsock:2:1234",
		"/a-name-that-no-address-of-a-socket-has-room-for-because-it-"
		"is-longer-than-the-hundred-and-eight-bytes-that-there-are",
	};
	struct scene t;

	for (size_t i = 0; i < N_OF(paths); i++) {
		begin(&t, "30000000");
		setenv("NOTIFY_SOCKET", paths[i], 1);
		notify_begin(t.server);
		CHECK_INT(t.server->notify.socket, 0, "%s", paths[i]);
		CHECK(!timer_is_set(&t.server->notify.timer), "%s", paths[i]);
		end(&t);
	}
}

TEST(the_watchdog_is_fed_while_all_workers_answer)
{
	struct scene t;

	begin(&t, "30000000");
	notify_begin(t.server);
	CHECK_INT(t.server->notify.every_ns, 10 * NS_PER_S);
	CHECK_STR(heard(&t), "READY=1;");
	for (int round = 0; round < 4; round++) {
		workers_answer(N_WORKERS);
		a_round_later(&t);
		CHECK_STR(heard(&t), "WATCHDOG=1;");
	}
	end(&t);
}

TEST(one_worker_that_hangs_leaves_it_hungry)
{
	struct scene t;

	begin(&t, "30000000");
	notify_begin(t.server);
	heard(&t);
	workers_answer(N_WORKERS - 1);
	for (int round = 0; round < 3; round++) {
		a_round_later(&t);
		CHECK_STR(heard(&t), "");
		CHECK_INT(n_errands, 1, "asked once, not each round");
	}
	workers_answer(1);
	a_round_later(&t);
	CHECK_STR(heard(&t), "WATCHDOG=1;", "late, but it lives");
	end(&t);
}

TEST(short_memory_is_no_reason_to_be_restarted)
{
	struct scene t;

	begin(&t, "30000000");
	is_memory_short = true;
	notify_begin(t.server);
	heard(&t);
	a_round_later(&t);
	CHECK_STR(heard(&t), "WATCHDOG=1;");
	end(&t);
}

TEST(a_watchdog_that_is_not_ours_or_makes_no_sense_is_left_alone)
{
	static const char *const usecs[] = {
		"", "0", "-5", "soon", "9223372036854775807",
	};
	struct scene t;

	for (size_t i = 0; i < N_OF(usecs); i++) {
		begin(&t, usecs[i]);
		notify_begin(t.server);
		CHECK(!timer_is_set(&t.server->notify.timer), "%s", usecs[i]);
		end(&t);
	}
	begin(&t, "30000000");
	setenv("WATCHDOG_PID", "1", 1);
	notify_begin(t.server);
	CHECK(!timer_is_set(&t.server->notify.timer));
	end(&t);
}
