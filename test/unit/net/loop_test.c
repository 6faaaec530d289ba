/* test/unit/net/loop_test.c - pairs with src/net/loop.c.
 *
 * A watch that is taken away is not served any more, whoever takes it away and
 * whenever in the turn: mail, another watch, a timer. */
#include "net/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/list.h"

#include "check.h"

enum { WATCHES = 3 };

struct stage;

/* What is ready until somebody reads it. */
struct light {
	struct watch  watch;
	struct stage *stage;
	unsigned      n_served;
};

struct stage {
	struct mesh  *mesh;
	struct loop  *loop;
	struct light  lights[WATCHES];
	unsigned      turn;
	void        (*act)(struct stage *s);	/* in the second turn */
	struct mail   mail;
	struct timer  timer;
	bool          closes_others;	/* who is served first */
};

static void switch_on(struct light *l)
{
	uint64_t one = 1;

	CHECK_INT(write(l->watch.fd, &one, sizeof one), sizeof one);
}

static void take_away(struct light *l)
{
	if (l->watch.fd < 0)
		return;
	loop_unwatch(l->stage->loop, &l->watch);
	close(l->watch.fd);
	l->watch.fd = -1;
}

static void ready(struct watch *w, uint32_t events)
{
	struct light *l = CONTAINER_OF(w, struct light, watch);
	uint64_t      n;

	CHECK(w->fd >= 0, "served after it was taken away");
	CHECK(events & EPOLLIN);
	CHECK_INT(read(w->fd, &n, sizeof n), sizeof n);
	l->n_served++;
	for (size_t i = 0; l->stage->closes_others && i < WATCHES; i++)
		if (&l->stage->lights[i] != l)
			take_away(&l->stage->lights[i]);
}

static void end_turn(void *ctx)
{
	struct stage *s = ctx;

	if (++s->turn == 1)
		s->act(s);
	else if (s->turn == 4)
		loop_stop(s->loop);
	loop_again(s->loop);
}

static void play(void (*act)(struct stage *s), struct stage *s)
{
	*s = (struct stage){ .act = act, .mesh = mesh_create(1) };
	s->loop = loop_create(s->mesh, 0);
	CHECK(s->loop != NULL);
	loop_set_receiver(s->loop, s);
	loop_set_hooks(s->loop, &(struct loop_hooks){ end_turn, s });
	for (size_t i = 0; i < WATCHES; i++) {
		struct light *l = &s->lights[i];

		*l = (struct light){ .stage = s, .watch = {
			eventfd(0, EFD_NONBLOCK), ready } };
		CHECK_INT(loop_watch(s->loop, &l->watch, EPOLLIN), 0);
		switch_on(l);
	}
	CHECK_INT(loop_run(s->loop), 0);
	for (size_t i = 0; i < WATCHES; i++)
		take_away(&s->lights[i]);
	loop_destroy(s->loop);
	mesh_destroy(s->mesh);
}

static void by_mail(struct mail *m, void *receiver)
{
	(void)m;
	take_away(&((struct stage *)receiver)->lights[1]);
}

static void post_mail(struct stage *s)
{
	switch_on(&s->lights[1]);
	s->mail.deliver = by_mail;
	loop_post(s->loop, 0, &s->mail);
}

/* Mail comes between the wait and the events; in the turn before there were
 * more of these. */
TEST(mail_may_take_away_what_is_ready)
{
	struct stage s;

	play(post_mail, &s);
	CHECK_INT(s.lights[0].n_served, 1);
	CHECK_INT(s.lights[1].n_served, 1, "the first time only");
}

static void light_all(struct stage *s)
{
	s->closes_others = true;
	for (size_t i = 0; i < WATCHES; i++)
		switch_on(&s->lights[i]);
}

TEST(one_watch_may_take_away_the_others)
{
	struct stage s;
	unsigned     n = 0;

	play(light_all, &s);
	for (size_t i = 0; i < WATCHES; i++)
		n += s.lights[i].n_served;
	CHECK_INT(n, WATCHES + 1);
}

static void by_timer(struct timer *t, int64_t now)
{
	(void)now;
	take_away(&CONTAINER_OF(t, struct stage, timer)->lights[2]);
}

static void set_timer(struct stage *s)
{
	switch_on(&s->lights[2]);
	s->timer.fire = by_timer;
	CHECK(timer_set(loop_timers(s->loop), &s->timer,
	    loop_now_ns(s->loop)));
}

TEST(timers_fire_behind_events)
{
	struct stage s;

	play(set_timer, &s);
	CHECK_INT(s.lights[2].n_served, 2, "the event came first");
}

/* ---- graves ------------------------------------------------------------------ */

static unsigned n_released;

static void release(struct grave *g)
{
	(void)g;
	n_released++;
}

static struct grave grave = { .release = release };

static void bury(struct stage *s)
{
	loop_bury(s->loop, &grave);
	CHECK_INT(n_released, 0, "not before the turn is over");
}

TEST(the_dead_are_released_when_the_turn_is_over)
{
	struct stage s;

	n_released = 0;
	play(bury, &s);
	CHECK_INT(n_released, 1);
}
