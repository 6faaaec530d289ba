/* server/handshakes.c - the thread on which TLS handshakes are done. */
#include "server/handshakes.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "net/handshaker.h"
#include "net/loop.h"
#include "server/server_int.h"

enum {
	STACK = 512 * 1024,
	/* Behind the workers where there are not enough cores for all, but
	 * with a share still: a flood of messages must not keep others out. */
	NICE  = 5,
};

struct handshakes {
	struct server     *server;
	struct loop       *loop;
	struct handshaker *shaker;
	pthread_t          thread;
	bool               is_running;
	struct mail        stop;
};

static void *run(void *ctx)
{
	struct handshakes *x = ctx;

	/* Of this thread alone; where it is not allowed, so be it. */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	if (loop_run(x->loop) != 0) {
		log_fatal("no memory to run the handshakes");
		server_request(x->server, REQUEST_STOP);
	}
	return NULL;
}

/* Signals are for the control thread alone. */
static bool start_thread(struct handshakes *x)
{
	pthread_attr_t attr;
	sigset_t       all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	x->is_running = pthread_create(&x->thread, &attr, run, x) == 0;
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return x->is_running;
}

int handshakes_open(struct server *s)
{
	struct handshakes *x;

	if (s->handshakes != NULL)
		return 0;
	x = s->handshakes = calloc(1, sizeof *x);
	if (x == NULL)
		return ERR_NOMEM;
	x->server = s;
	x->loop = loop_create(s->mesh, s->shared.handshaker_member);
	if (x->loop != NULL)
		x->shaker = handshaker_create(x->loop);
	if (x->shaker == NULL || !start_thread(x)) {
		handshakes_close(s);
		return ERR_NOMEM;
	}
	s->shared.handshaker = x->shaker;
	return 0;
}

static void stop(struct mail *m, void *receiver)
{
	(void)receiver;
	loop_stop(CONTAINER_OF(m, struct handshakes, stop)->loop);
}

void handshakes_stop(struct server *s)
{
	const struct timespec nap = { .tv_nsec = NS_PER_MS };
	struct handshakes    *x = s->handshakes;

	if (x == NULL || !x->is_running)
		return;
	x->stop.deliver = stop;
	loop_post(s->control, s->shared.handshaker_member, &x->stop);
	while (!mesh_ring(s->mesh, s->n_workers))
		nanosleep(&nap, NULL);
	pthread_join(x->thread, NULL);
	x->is_running = false;
}

void handshakes_close(struct server *s)
{
	struct handshakes *x = s->handshakes;

	if (x == NULL)
		return;
	handshaker_destroy(x->shaker);
	loop_destroy(x->loop);
	free(x);
	s->handshakes = NULL;
}
