/* net/loop.c - epoll, timers, mail. */
#include "net/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/err.h"

enum { EVENTS_MAX = 128, RECLAIM_MS = 20 };

struct loop {
	struct mesh         *mesh;
	unsigned             member;
	void                *receiver;
	int                  epoll;
	struct watch         bell;
	struct timer_heap    timers;
	struct epoch_thread *epoch;
	struct loop_hooks    hooks;
	struct grave        *graves;
	int64_t              now_ns;
	bool                 is_stopping, wants_again;
	bool                 has_mail_waiting;	/* a ring was full */
	bool                 has_dead;		/* memory waits for a grace period */
	/* This turn's events; a watch that goes is struck from the rest. */
	struct epoll_event   events[EVENTS_MAX];
	int                  n_events, at_event, n_ready;
};

static void hush_bell(struct watch *w, uint32_t events)
{
	uint64_t n;

	(void)events;
	while (read(w->fd, &n, sizeof n) < 0 && errno == EINTR)
		;
}

struct loop *loop_create(struct mesh *mesh, unsigned member)
{
	struct loop *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->mesh = mesh;
	l->member = member;
	l->now_ns = clock_ns();
	l->bell = (struct watch){ mesh_bell(mesh, member), hush_bell };
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0 || loop_watch(l, &l->bell, EPOLLIN) != 0) {
		loop_destroy(l);
		return NULL;
	}
	return l;
}

static void release_graves(struct loop *l)
{
	while (l->graves != NULL) {
		struct grave *g = l->graves;

		l->graves = g->next;
		g->release(g);
	}
}

void loop_destroy(struct loop *l)
{
	if (l == NULL)
		return;
	release_graves(l);
	if (l->epoll >= 0)
		close(l->epoll);
	timer_heap_fini(&l->timers);
	free(l);
}

void loop_set_hooks(struct loop *l, const struct loop_hooks *hooks)
{
	l->hooks = *hooks;
}

void loop_set_receiver(struct loop *l, void *receiver)
{
	l->receiver = receiver;
}

void loop_stop(struct loop *l)
{
	l->is_stopping = true;
}

/* ---- descriptors -------------------------------------------------------- */

int loop_watch(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, w->fd, &ev) == 0 ? 0 : ERR_IO;
}

void loop_rewatch(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };
	int rc = epoll_ctl(l->epoll, EPOLL_CTL_MOD, w->fd, &ev);

	assert(rc == 0);
}

void loop_unwatch(struct loop *l, struct watch *w)
{
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	for (int i = l->at_event; i < l->n_events; i++)
		if (l->events[i].data.ptr == w)
			l->events[i].data.ptr = NULL;
}

/* ---- observers ---------------------------------------------------------- */

int64_t loop_now_ns(const struct loop *l)
{
	return l->now_ns;
}

struct timer_heap *loop_timers(struct loop *l)
{
	return &l->timers;
}

struct epoch_thread *loop_epoch(struct loop *l)
{
	return l->epoch;
}

struct mesh *loop_mesh(struct loop *l)
{
	return l->mesh;
}

unsigned loop_member(const struct loop *l)
{
	return l->member;
}

void loop_bury(struct loop *l, struct grave *g)
{
	g->next = l->graves;
	l->graves = g;
}

void loop_again(struct loop *l)
{
	l->wants_again = true;
}

int loop_n_ready(const struct loop *l)
{
	return l->n_ready;
}

void loop_post(struct loop *l, unsigned to, struct mail *m)
{
	mesh_post(l->mesh, l->member, to, m);
}

/* ---- the turn ----------------------------------------------------------- */

static int sleep_ms(struct loop *l)
{
	int64_t next = timer_next_ns(&l->timers), ms;

	if (l->wants_again || !mesh_may_sleep(l->mesh, l->member))
		return 0;
	if (l->has_mail_waiting)
		return 1;
	if (next == INT64_MAX)
		return l->has_dead ? RECLAIM_MS : -1;
	next -= clock_ns();
	if (next <= 0)
		return 0;
	/* Round up: waking before the timer is due would be a turn for it. */
	ms = (next + NS_PER_MS - 1) / NS_PER_MS;
	if (l->has_dead && ms > RECLAIM_MS)
		return RECLAIM_MS;
	return ms > 60000 ? 60000 : (int)ms;
}

static void wait_for_events(struct loop *l)
{
	int ms = sleep_ms(l);

	l->n_events = epoll_wait(l->epoll, l->events, EVENTS_MAX, ms);
	if (l->n_events < 0)
		l->n_events = 0;	/* EINTR */
	l->n_ready = l->n_events;
	l->at_event = 0;	/* mail may strike some before they are served */
	mesh_awake(l->mesh, l->member);
	l->now_ns = clock_ns();
	l->wants_again = false;
}

static void serve_events(struct loop *l)
{
	while (l->at_event < l->n_events) {
		struct epoll_event *ev = &l->events[l->at_event++];
		struct watch       *w = ev->data.ptr;

		if (w != NULL)
			w->ready(w, ev->events);
	}
	l->n_events = l->at_event = 0;
}

static void turn(struct loop *l)
{
	wait_for_events(l);
	epoch_begin(l->epoch);
	mesh_drain(l->mesh, l->member, l->receiver);
	serve_events(l);
	timer_fire_due(&l->timers, l->now_ns);
	if (l->hooks.end_turn != NULL)
		l->hooks.end_turn(l->hooks.ctx);
	l->has_mail_waiting = !mesh_ring(l->mesh, l->member);
	epoch_end(l->epoch);
	release_graves(l);
	l->has_dead = epoch_reclaim(l->epoch);
}

int loop_run(struct loop *l)
{
	l->epoch = epoch_join();
	if (l->epoch == NULL)
		return ERR_NOMEM;
	mesh_ring(l->mesh, l->member);	/* what was posted before we ran */
	while (!l->is_stopping)
		turn(l);
	epoch_leave(l->epoch);
	l->epoch = NULL;
	return 0;
}
