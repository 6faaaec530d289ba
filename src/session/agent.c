/* session/agent.c - subscribing, publishing, and a say at the turn's end.
 *
 * Where an account imports streams a subscription has shadows, as a client's
 * has (session/shadows.h): subscriptions in the exporters' accounts.
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
#include "base/list.h"
#include "core/account.h"
#include "core/imports.h"
#include "core/match.h"
#include "core/msg.h"
#include "core/policy.h"
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
	bool               hears_traces;
	struct list        link;	/* in agent->subs; not of a shadow */
	struct agent_sub  *shadows;	/* by their next */
	struct imports    *imports;	/* of a shadow: a reference, and .. */
	const struct stream_import *import;	/* .. what it is the shadow of */
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
	struct list        subs;
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
	list_init(&g->subs);
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
		imports_unref(s->imports);
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
	if (run->trace == NULL || s->hears_traces ||
	    !msgtrace_is_only(run->trace))
		s->take(s->ctx, run);
	return run->n;
}

/* What the exporter publishes is named as it is here, unless it is a delivery,
 * which has a name of its own. */
static uint32_t give_shadow(struct sub *sub, const struct run *run)
{
	struct agent_sub *s = (struct agent_sub *)sub;
	struct buf       *b = &s->agent->hub->renamed;
	struct run        here = *run;
	bool is_delivery = run->prefix.n > 6 && !slice_eq(run->subject,
	    slice_of(run->prefix.p + 5, run->prefix.n - 6));

	if (sub->is_closed || run->is_imported)
		return 0;
	buf_reset(b);
	buf_put(b, "HMSG ", 5);
	stream_import_local(s->import, run->subject, b);
	buf_put_char(b, ' ');
	if (buf_failed(b))
		return 0;
	here.subject = slice_of(b->p + 5, b->n - 6);
	if (!is_delivery)
		here.prefix = buf_slice(b);
	return give(sub, &here);
}

static struct agent_sub *make(struct agent *g, struct account *a,
    struct slice queue, void (*take)(void *ctx, const struct run *run),
    void *ctx)
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
	return s;
}

/* Out of memory: what would have come that way does not. */
static void cast(struct agent *g, struct agent_sub *caster,
    struct imports *imports, const struct stream_import *import,
    struct slice remote)
{
	struct agent_sub *s = make(g, import->exporter, caster->sub.queue,
	    caster->take, caster->ctx);

	if (s == NULL)
		return;
	s->sub.give = give_shadow;
	s->import = import;
	s->imports = imports_ref(imports);
	if (sublist_insert(import->exporter->sublist,
	    loop_epoch(g->hub->loop), &s->sub, remote) != 0) {
		free_subs(s);
		return;
	}
	s->next = caster->shadows;
	caster->shadows = s;
}

static bool has_shadow(const struct agent_sub *s,
    const struct stream_import *import)
{
	for (const struct agent_sub *x = s->shadows; x != NULL; x = x->next)
		if (stream_import_is_same(x->import, import))
			return true;
	return false;
}

/* Those that are there stay. */
static void cast_all(struct agent *g, struct agent_sub *s, struct slice pattern)
{
	struct imports *im = account_policy(s->account)->imports;
	struct buf      remote = { 0 };

	for (size_t i = 0; im != NULL && i < im->n_streams; i++) {
		buf_reset(&remote);
		if (!has_shadow(s, im->streams[i]) &&
		    stream_import_remote(im->streams[i], pattern, &remote) &&
		    !buf_failed(&remote))
			cast(g, s, im, im->streams[i], buf_slice(&remote));
	}
	buf_fini(&remote);
}

struct agent_sub *agent_subscribe(struct agent *g, struct account *a,
    struct slice pattern, struct slice queue,
    void (*take)(void *ctx, const struct run *run), void *ctx)
{
	struct agent_sub *s = make(g, a, queue, take, ctx);

	if (s == NULL)
		return NULL;
	if (sublist_insert(a->sublist, loop_epoch(g->hub->loop), &s->sub,
	    pattern) != 0) {
		free(s);
		return NULL;
	}
	list_append(&g->subs, &s->link);
	cast_all(g, s, pattern);
	return s;
}

/* R2 */
static void grace_passed(struct epoch_entry *e)
{
	struct agent_sub *s = CONTAINER_OF(e, struct agent_sub, grave);

	s->next = s->agent->fresh;
	s->agent->fresh = s;
}

static void drop(struct agent *g, struct agent_sub *s)
{
	struct epoch_thread *e = loop_epoch(g->hub->loop);

	s->sub.is_closed = true;
	sublist_remove(s->account->sublist, e, &s->sub);
	epoch_defer(e, &s->grave, grace_passed);
}

static void drop_shadows(struct agent *g, struct agent_sub *s)
{
	for (struct agent_sub *x = s->shadows, *next; x != NULL; x = next) {
		next = x->next;
		drop(g, x);
	}
	s->shadows = NULL;
}

void agent_unsubscribe(struct agent *g, struct agent_sub *s)
{
	if (s == NULL)
		return;
	drop_shadows(g, s);
	list_remove(&s->link);
	drop(g, s);
}

void agent_hear_traces(struct agent_sub *s)
{
	s->hears_traces = true;
	for (struct agent_sub *x = s->shadows; x != NULL; x = x->next)
		x->hears_traces = true;
}

static bool is_still_imported(const struct imports *im,
    const struct stream_import *import)
{
	for (size_t i = 0; im != NULL && i < im->n_streams; i++)
		if (stream_import_is_same(im->streams[i], import))
			return true;
	return false;
}

/* What is imported as before goes on without a gap. */
static void drop_old_shadows(struct agent *g, struct agent_sub *s)
{
	const struct imports *im = account_policy(s->account)->imports;

	for (struct agent_sub **at = &s->shadows; *at != NULL;) {
		struct agent_sub *x = *at;

		if (is_still_imported(im, x->import)) {
			at = &x->next;
			continue;
		}
		*at = x->next;
		drop(g, x);
	}
}

void agent_recheck(struct agent *g)
{
	struct buf pattern = { 0 };

	LIST_EACH (l, &g->subs) {
		struct agent_sub *s = CONTAINER_OF(l, struct agent_sub, link);

		drop_old_shadows(g, s);
		buf_reset(&pattern);
		sublist_pattern(&s->sub, &pattern);
		if (!buf_failed(&pattern))
			cast_all(g, s, buf_slice(&pattern));
		if (s->hears_traces)
			agent_hear_traces(s);
	}
	buf_fini(&pattern);
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
