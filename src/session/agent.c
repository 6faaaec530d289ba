/* session/agent.c - subscribing, publishing, and a say at the turn's end.
 *
 * A subscription of an agent is removed as a client's is (session/handoff.c, R1
 * to R4): unlinked, a grace period, and then until every parcel that could hold
 * it has been unpacked.
 */
#include "session/agent.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/epoch.h"
#include "core/account.h"
#include "core/match.h"
#include "core/msg.h"
#include "core/sub.h"
#include "core/sublist.h"
#include "net/loop.h"
#include "session/handoff.h"
#include "session/hub.h"
#include "session/inject.h"
#include "session/msgtrace.h"
#include "session/route.h"

struct agent_sub {
	struct sub         sub;	/* first */
	struct agent      *agent;
	struct account    *account;
	void             (*take)(void *ctx, const struct run *run);
	void              *ctx;
	struct epoch_entry grave;
	struct agent_sub  *next;
	char               queue[];
};

struct agent {
	struct hub        *hub;
	struct agent_hooks hooks;
	struct watch       bell;	/* an eventfd */
	bool               is_rung;	/* atomic */
	bool               is_stopped;
	struct buf         tail, prefix;	/* of what is published */
	struct agent_sub  *fresh, *waiting;	/* removed: past R2, past R3 */
	uint64_t           until[MESH_MEMBERS_MAX];
};

/* ---- the bell ------------------------------------------------------------- */

static void hear(struct watch *w, uint32_t events)
{
	struct agent *g = CONTAINER_OF(w, struct agent, bell);
	uint64_t      n;

	(void)events;
	if (read(w->fd, &n, sizeof n) < 0)
		n = 0;
	__atomic_store_n(&g->is_rung, false, __ATOMIC_SEQ_CST);
}

void agent_wake(struct agent *g)
{
	uint64_t one = 1;

	if (__atomic_exchange_n(&g->is_rung, true, __ATOMIC_SEQ_CST))
		return;
	while (write(g->bell.fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

/* ---- life ----------------------------------------------------------------- */

struct agent *agent_create(struct hub *h, const struct agent_hooks *hooks)
{
	struct agent *g = calloc(1, sizeof *g);

	if (g == NULL)
		return NULL;
	g->hub = h;
	g->hooks = *hooks;
	g->bell.ready = hear;
	g->bell.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (g->bell.fd < 0 || loop_watch(h->loop, &g->bell, EPOLLIN) != 0) {
		agent_destroy(g);
		return NULL;
	}
	h->agent = g;
	return g;
}

void agent_stop(struct agent *g)
{
	if (g == NULL || g->is_stopped)
		return;
	g->is_stopped = true;
	loop_unwatch(g->hub->loop, &g->bell);
}

static void free_subs(struct agent_sub *s)
{
	for (struct agent_sub *next; s != NULL; s = next) {
		next = s->next;
		free(s);
	}
}

void agent_destroy(struct agent *g)
{
	if (g == NULL)
		return;
	if (g->bell.fd >= 0)
		close(g->bell.fd);
	free_subs(g->fresh);
	free_subs(g->waiting);
	buf_fini(&g->tail);
	buf_fini(&g->prefix);
	free(g);
}

/* ---- subscriptions -------------------------------------------------------- */

static uint32_t give(struct sub *sub, const struct run *run)
{
	struct agent_sub *s = (struct agent_sub *)sub;

	if (sub->is_closed)
		return 0;
	if (run->n == 0)
		return UINT32_MAX;
	if (run->trace == NULL || !msgtrace_is_only(run->trace))
		s->take(s->ctx, run);
	return run->n;
}

struct agent_sub *agent_subscribe(struct agent *g, struct account *a,
    struct slice pattern, struct slice queue,
    void (*take)(void *ctx, const struct run *run), void *ctx)
{
	struct agent_sub *s = calloc(1, sizeof *s + queue.n);

	if (s == NULL)
		return NULL;
	if (queue.n > 0)
		memcpy(s->queue, queue.p, queue.n);
	s->sub.give = give;
	s->sub.queue = slice_of(s->queue, queue.n);
	s->sub.worker = (uint16_t)g->hub->worker;
	s->agent = g;
	s->account = a;
	s->take = take;
	s->ctx = ctx;
	if (sublist_insert(a->sublist, loop_epoch(g->hub->loop), &s->sub,
	    pattern) == 0)
		return s;
	free(s);
	return NULL;
}

/* R2 */
static void grace_passed(struct epoch_entry *e)
{
	struct agent_sub *s = CONTAINER_OF(e, struct agent_sub, grave);

	s->next = s->agent->fresh;
	s->agent->fresh = s;
}

void agent_unsubscribe(struct agent *g, struct agent_sub *s)
{
	struct epoch_thread *e = loop_epoch(g->hub->loop);

	if (s == NULL)
		return;
	s->sub.is_closed = true;
	sublist_remove(s->account->sublist, e, &s->sub);
	epoch_defer(e, &s->grave, grace_passed);
}

static void release_removed(struct agent *g)
{
	if (g->waiting != NULL && handoff_has_come(g->hub->handoff, g->until)) {
		free_subs(g->waiting);
		g->waiting = NULL;
	}
	if (g->waiting == NULL && g->fresh != NULL) {
		g->waiting = g->fresh;
		g->fresh = NULL;
		handoff_note_coming(g->hub->handoff, g->until);
		loop_again(g->hub->loop);
	}
}

/* ---- publishing ----------------------------------------------------------- */

bool agent_publish(struct agent *g, const struct injection *m,
    struct slice shown)
{
	struct msg msg;
	struct run run = { .subject = m->subject, .msgs = &msg, .n = 1 };

	if (m->headers.n > INT32_MAX || m->payload.n > INT32_MAX / 2)
		return false;
	buf_reset(&g->tail);
	inject_put_tail(&g->tail, m);
	if (buf_failed(&g->tail))
		return false;
	msg = inject_msg(m, buf_slice(&g->tail));
	run.bytes = msg.size;
	return route_shown(g->hub, m->account, &run,
	    shown.n > 0 ? shown : m->subject, &g->prefix) != 0;
}

bool agent_is_wanted(struct agent *g, const struct account *a,
    struct slice subject, struct slice queue)
{
	const struct match *m = match_find(g->hub->matches, a->sublist,
	    subject);

	if (queue.n == 0)
		return m->n_plain > 0 || m->n_groups > 0;
	for (uint32_t i = 0; i < m->n_groups; i++)
		if (slice_eq(m->groups[i].subs[0]->queue, queue))
			return true;
	return false;
}

void agent_end_turn(struct agent *g)
{
	if (!g->is_stopped)
		g->hooks.end_turn(g->hooks.ctx);
	release_removed(g);
}
