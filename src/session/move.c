/* session/move.c - a publisher moves to where its receivers are. */
#include "session/move.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "session/client.h"
#include "session/handoff.h"
#include "session/hub.h"
#include "session/login.h"

enum { MOVE_AFTER = 8192 };	/* messages in a row for one other worker */
#define LOOK_NS (NS_PER_MS / 2)

/* ---- who wants to go ------------------------------------------------------ */

/* The only worker in the mask; -1: none, or several. */
static int only_worker(uint64_t mask)
{
	return mask != 0 && (mask & (mask - 1)) == 0 ? __builtin_ctzll(mask)
	    : -1;
}

static bool may_go(const struct client *c)
{
	return client_is_ready(c) && c->subs.n == 0 && c->n_subs_kept == 0 &&
	    c->login == NULL && c->callout == NULL;
}

static void begin(struct client *c)
{
	c->is_moving = true;
	list_append(&c->hub->moving, &c->move_link);
}

void move_note_run(struct client *c, uint32_t n, uint64_t n_here)
{
	struct hub *h = c->hub;
	int         to = n_here > 0 ? -1 : only_worker(h->sent_to);

	h->sent_to = 0;
	if (to != c->move_to) {
		c->move_to = to;
		c->move_score = 0;
	}
	if (to < 0 || c->is_moving)
		return;
	c->move_score += n;
	if (c->move_score >= MOVE_AFTER && may_go(c))
		begin(c);
}

void move_cancel(struct client *c)
{
	if (!c->is_moving)
		return;
	c->is_moving = false;
	c->move_score = 0;
	list_remove(&c->move_link);
	if (c->move_mark != NULL && conn_is_open(&c->conn))
		conn_resume(&c->conn);
	free(c->move_mark);
	c->move_mark = NULL;
}

/* ---- going ---------------------------------------------------------------- */

struct moving {
	struct mail    mail;
	struct client *client;
	uint64_t       n_reviews;	/* of the hub it leaves, then */
};

/* Thread: the new worker's. */
static void arrive(struct mail *m, void *receiver)
{
	struct moving *x = CONTAINER_OF(m, struct moving, mail);
	struct client *c = x->client;
	uint64_t       n_reviews = x->n_reviews;

	free(x);
	client_join(c, receiver);
	/* What the others were looked at for while it was on its way. */
	if (n_reviews < ((struct hub *)receiver)->n_reviews &&
	    c->who->kind == PRINCIPAL_JWT)
		login_again(c);
}

static bool is_quiet(const struct client *c)
{
	return conn_is_quiet(&c->conn) && !c->is_stalled &&
	    c->paced_until_ns == 0;
}

/* From now on it publishes nothing; what it has published is counted. */
static void hush(struct client *c)
{
	c->move_mark = handoff_mark(c->hub->handoff);
	if (c->move_mark == NULL)
		move_cancel(c);
	else
		conn_pause(&c->conn);
}

static void leave(struct client *c)
{
	struct hub    *h = c->hub;
	struct moving *x = malloc(sizeof *x);
	unsigned       to = (unsigned)c->move_to;

	move_cancel(c);
	if (x == NULL)
		return;
	*x = (struct moving){ .mail.deliver = arrive, .client = c,
		.n_reviews = h->n_reviews };
	client_part(c);
	loop_post(h->loop, to, &x->mail);
}

void move_end_turn(struct hub *h)
{
	LIST_EACH (l, &h->moving) {
		struct client *c = CONTAINER_OF(l, struct client, move_link);

		if (!may_go(c))
			move_cancel(c);
		else if (!is_quiet(c))
			continue;
		else if (c->move_mark == NULL)
			hush(c);
		else if (handoff_is_past(h->handoff, c->move_mark))
			leave(c);
	}
	if (list_is_empty(&h->moving))
		timer_clear(loop_timers(h->loop), &h->move_timer);
	else if (!timer_is_set(&h->move_timer))
		timer_set(loop_timers(h->loop), &h->move_timer,
		    loop_now_ns(h->loop) + LOOK_NS);
}
