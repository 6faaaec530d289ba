/* session/handoff.c - parcels between workers.
 *
 * A parcel is a row of records, each: struct record, the subscriptions, one
 * struct item for each message, the prefix, and then the tails of the small
 * messages; all 8-aligned.  Sender and receiver are one process, so the layout
 * is nobody else's business.
 *
 * When may a removed subscription be freed?
 *   R1  its owner unlinks it, and defers it through the epoch;
 *   R2  the epoch calls back: every section in which somebody could have found
 *       it has ended, and whatever those sections put into parcels was counted
 *       in n_posted before they ended;
 *   R3  the owner notes n_posted of every sender to itself (after R2, so at
 *       least those are included);
 *   R4  when it has unpacked as many parcels from each, no parcel that could
 *       hold the subscription is left: freed.
 * Removals between R2 and R4 gather in a second list for the next round.
 */
#include "session/handoff.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "base/epoch.h"
#include "core/account.h"
#include "core/fanout.h"
#include "core/match.h"
#include "core/msg.h"
#include "session/client.h"
#include "session/deliver.h"
#include "session/hub.h"
#include "session/msgtrace.h"
#include "session/shadows.h"
#include "session/sids.h"
#include "session/stall.h"

enum {
	PARCEL_SMALL  = 4 * 1024,
	PARCEL_LARGE  = 64 * 1024,
	REFERENCE_MIN = 16 * 1024,	/* messages not copied */
	LINE          = 64,
};

struct parcel {
	struct mail   mail;
	unsigned      from_worker;
	size_t        n, cap;
	_Alignas(8) char bytes[];
};

struct record {
	uint32_t n_subs, n_msgs, prefix_n;
	bool     is_second_try;	/* of a queue group */
	bool     is_imported;	/* the run */
	uint64_t bytes;
	struct msgtrace *trace;	/* a reference; NULL: none */
};

struct item {
	struct block *block;	/* NULL: the tail is in the parcel */
	const char   *tail;	/* in the block */
	size_t        tail_n;
	uint32_t      reply_n, body_at, hdr_size, size;
};

struct handoff {
	struct hub    *hub;
	struct parcel *open[MESH_MEMBERS_MAX];
	/* Removed subscriptions: see the top. */
	struct client_sub *fresh;		/* past R2 */
	struct client_sub *waiting;		/* past R3 */
	uint64_t           until[MESH_MEMBERS_MAX];
	bool               is_trying_again;
};

/* Of parcels from one worker to another; a cache line for each pair. */
struct parcel_count {
	uint64_t n_posted;	/* written by the sender */
	uint64_t n_unpacked;	/* written by the receiver */
	char     pad[LINE - 2 * sizeof(uint64_t)];
};

size_t handoff_counters_size(unsigned n_workers)
{
	return (size_t)n_workers * n_workers * sizeof(struct parcel_count);
}

static struct parcel_count *count_of(const struct hub *h, unsigned from,
    unsigned to)
{
	return &h->shared->parcels[from * h->shared->n_workers + to];
}

static uint64_t load(const uint64_t *n)
{
	return __atomic_load_n(n, __ATOMIC_ACQUIRE);
}

/* Only its writer may add. */
static void add_one(uint64_t *n)
{
	__atomic_store_n(n, *n + 1, __ATOMIC_RELEASE);
}

struct handoff *handoff_create(struct hub *h)
{
	struct handoff *x = calloc(1, sizeof *x);

	if (x != NULL)
		x->hub = h;
	return x;
}

/* ---- packing ------------------------------------------------------------- */

static size_t aligned(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static bool is_referenced(const struct run *run, const struct msg *m)
{
	return run->block != NULL && m->tail.n >= REFERENCE_MIN;
}

static size_t record_size(const struct run *run, size_t n_subs)
{
	size_t n = sizeof(struct record) + n_subs * sizeof(struct sub *) +
	    run->n * sizeof(struct item) + aligned(run->prefix.n);

	for (uint32_t i = 0; i < run->n; i++)
		if (!is_referenced(run, &run->msgs[i]))
			n += aligned(run->msgs[i].tail.n);
	return n;
}

static void unpack(struct mail *mail, void *receiver);

static void post_parcel(struct handoff *x, unsigned to)
{
	struct hub *h = x->hub;

	if (x->open[to] == NULL)
		return;
	add_one(&count_of(h, h->worker, to)->n_posted);
	loop_post(h->loop, to, &x->open[to]->mail);
	x->open[to] = NULL;
}

/* A used one that came back, or fresh memory; only cap is set. */
static struct parcel *parcel_take(struct handoff *x, unsigned to, size_t cap)
{
	struct mail   *m = cap < PARCEL_LARGE ? NULL
	    : mesh_take_back(loop_mesh(x->hub->loop), x->hub->worker, to);
	struct parcel *p = m == NULL ? NULL
	    : CONTAINER_OF(m, struct parcel, mail);

	if (p != NULL && p->cap >= cap)
		return p;
	free(p);
	p = malloc(sizeof *p + cap);
	if (p != NULL)
		p->cap = cap;
	return p;
}

static void parcel_drop(struct hub *h, struct parcel *p)
{
	if (p->cap != PARCEL_LARGE || !mesh_give_back(loop_mesh(h->loop),
	    h->worker, p->from_worker, &p->mail))
		free(p);
}

static struct parcel *parcel_with_room(struct handoff *x, unsigned to, size_t n)
{
	struct parcel *p = x->open[to];
	size_t         cap;

	if (p != NULL && p->cap - p->n >= n)
		return p;
	cap = p != NULL ? PARCEL_LARGE : PARCEL_SMALL;
	post_parcel(x, to);
	if (cap < n)
		cap = n < PARCEL_LARGE ? PARCEL_LARGE : n;
	p = parcel_take(x, to, cap);
	if (p == NULL)
		return NULL;
	cap = p->cap;
	*p = (struct parcel){ .mail.deliver = unpack,
		.from_worker = x->hub->worker, .cap = cap };
	x->open[to] = p;
	return p;
}

static char *put_bytes(char *to, struct slice s)
{
	memcpy(to, s.p, s.n);
	return to + aligned(s.n);
}

static char *put_items(char *to, const struct run *run)
{
	for (uint32_t i = 0; i < run->n; i++) {
		const struct msg *m = &run->msgs[i];
		struct item       it = { .tail_n = m->tail.n,
			.reply_n = (uint32_t)m->reply.n, .body_at = m->body_at,
			.hdr_size = m->hdr_size, .size = m->size };

		if (is_referenced(run, m)) {
			it.block = block_ref(run->block);
			it.tail = m->tail.p;
		}
		memcpy(to, &it, sizeof it);
		to += sizeof it;
	}
	return to;
}

bool handoff_put(void *ctx, unsigned worker, struct sub *const *subs, size_t n,
    const struct run *run)
{
	struct hub    *h = ctx;
	struct record  r = { .n_subs = (uint32_t)n, .n_msgs = run->n,
		.prefix_n = (uint32_t)run->prefix.n,
		.is_second_try = h->handoff->is_trying_again,
		.is_imported = run->is_imported,
		.bytes = run->bytes, .trace = run->trace };
	size_t         size = record_size(run, n);
	struct parcel *p = parcel_with_room(h->handoff, worker, size);
	char          *to;

	if (p == NULL)
		return false;
	msgtrace_ref(run->trace);
	h->sent_to |= UINT64_C(1) << worker;
	for (size_t i = 0; i < n; i++)
		stall_see(h, deliver_owner(subs[i]));
	to = p->bytes + p->n;
	memcpy(to, &r, sizeof r);
	to += sizeof r;
	memcpy(to, subs, n * sizeof *subs);
	to = put_items(to + n * sizeof *subs, run);
	to = put_bytes(to, run->prefix);
	for (uint32_t i = 0; i < run->n; i++)
		if (!is_referenced(run, &run->msgs[i]))
			to = put_bytes(to, run->msgs[i].tail);
	p->n += size;
	assert(to == p->bytes + p->n);
	return true;
}

void handoff_post(struct handoff *x)
{
	for (unsigned to = 0; to < x->hub->shared->n_workers; to++)
		post_parcel(x, to);
}

bool handoff_is_congested(const struct handoff *x)
{
	const struct hub *h = x->hub;

	for (unsigned to = 0; to < h->shared->n_workers; to++)
		if (mesh_is_congested(loop_mesh(h->loop), h->worker, to))
			return true;
	return false;
}

/* ---- unpacking ----------------------------------------------------------- */

static const char *read_msgs(const char *at, struct msg *msgs,
    const struct record *r, struct run *run)
{
	const struct item *items = (const struct item *)(const void *)at;

	at += r->n_msgs * sizeof *items;
	run->prefix = slice_of(at, r->prefix_n);
	run->subject = slice_of(at + 5, r->prefix_n - 6);
	at += aligned(r->prefix_n);
	for (uint32_t i = 0; i < r->n_msgs; i++) {
		const struct item *it = &items[i];

		msgs[i] = (struct msg){ .tail = { it->tail, it->tail_n },
			.body_at = it->body_at, .hdr_size = it->hdr_size,
			.size = it->size };
		if (it->block == NULL) {
			msgs[i].tail.p = at;
			at += aligned(it->tail_n);
		}
		if (it->reply_n > 0)
			msgs[i].reply = slice_of(msgs[i].tail.p + 1,
			    it->reply_n);
	}
	return at;
}

/* Messages of different blocks are not one run to a receiver, who references
 * run->block; so those go one by one. */
static uint32_t give_items(struct sub *s, const struct run *run,
    const struct item *items)
{
	struct run part = *run;

	for (uint32_t i = 0; i < run->n; i++) {
		part.msgs = &run->msgs[i];
		part.n = 1;
		part.bytes = run->msgs[i].size;
		part.block = items[i].block;
		if (s->give(s, &part) == 0)
			return i;
	}
	return run->n;
}

/* The member that was picked over there has gone, or has had its last message
 * (UNSUB with max): the rest is for another one.  Once; who is not found then
 * went at the same moment, as may happen in one thread too. */
static void try_again(struct hub *h, const struct sub *s,
    const struct run *run, uint32_t taken)
{
	struct run rest = *run;

	if (deliver_owner(s) == NULL)
		return;
	rest.msgs += taken;
	rest.n -= taken;
	h->handoff->is_trying_again = true;
	fanout_group(match_find(h->matches, deliver_account(s)->sublist,
	    run->subject), s->queue, &rest, &h->port);
	h->handoff->is_trying_again = false;
}

static void give(struct hub *h, const struct record *r, struct sub *s,
    const struct run *run, const struct item *items)
{
	uint32_t taken = 0;

	if (!s->is_closed)
		taken = items != NULL ? give_items(s, run, items)
		    : s->give(s, run);
	if (taken < run->n && s->queue.n > 0 && !r->is_second_try)
		try_again(h, s, run, taken);
}

static const char *unpack_record(struct hub *h, const char *at)
{
	const struct record *r = (const struct record *)(const void *)at;
	struct sub *const   *subs = (struct sub *const *)(const void *)(r + 1);
	const struct item   *items =
	    (const struct item *)(const void *)(subs + r->n_subs);
	struct msg           msgs[RUN_MAX] NOT_ZEROED;
	struct run           run = { .msgs = msgs, .n = r->n_msgs,
		.bytes = r->bytes, .port = &h->port,
		.trace = r->trace, .is_imported = r->is_imported };
	bool                 has_blocks = false;

	assert(r->n_msgs <= RUN_MAX);
	at = read_msgs((const char *)items, msgs, r, &run);
	for (uint32_t i = 0; i < r->n_msgs; i++)
		has_blocks = has_blocks || items[i].block != NULL;
	for (uint32_t i = 0; i < r->n_subs; i++)
		if (r->n_msgs > 0)
			give(h, r, subs[i], &run, has_blocks ? items : NULL);
		else
			msgtrace_note_denied(r->trace, subs[i]);
	msgtrace_unref(h, r->trace);
	for (uint32_t i = 0; i < r->n_msgs; i++)
		block_unref(items[i].block);
	return at;
}

static void unpack(struct mail *mail, void *receiver)
{
	struct parcel *p = CONTAINER_OF(mail, struct parcel, mail);
	struct hub    *h = receiver;

	for (const char *at = p->bytes; at < p->bytes + p->n;)
		at = unpack_record(h, at);
	add_one(&count_of(h, p->from_worker, h->worker)->n_unpacked);
	parcel_drop(h, p);
}

/* ---- marks ---------------------------------------------------------------- */

struct handoff_mark {
	unsigned n_workers;
	uint64_t n_posted[];
};

struct handoff_mark *handoff_mark(const struct handoff *x)
{
	unsigned             n = x->hub->shared->n_workers;
	struct handoff_mark *m = calloc(1, sizeof *m +
	    n * sizeof m->n_posted[0]);

	if (m != NULL)
		m->n_workers = n;
	for (unsigned to = 0; m != NULL && to < n; to++)
		m->n_posted[to] = load(&count_of(x->hub, x->hub->worker,
		    to)->n_posted);
	return m;
}

bool handoff_is_past(const struct handoff *x, const struct handoff_mark *mark)
{
	for (unsigned to = 0; to < mark->n_workers; to++)
		if (load(&count_of(x->hub, x->hub->worker, to)->n_unpacked) <
		    mark->n_posted[to])
			return false;
	return true;
}

/* ---- the memory of subscriptions ----------------------------------------- */

static void free_sub(struct client_sub *s)
{
	struct client *c = s->client;

	permissions_unref(s->sub.filter);
	if (shadow_is(&s->sub))
		shadow_free(s);
	else
		free(s);
	c->n_subs_kept--;
	if (c->state == CLIENT_GONE && c->n_subs_kept == 0)
		loop_bury(c->hub->loop, &c->grave);
}

static void free_subs(struct client_sub *s)
{
	for (struct client_sub *next; s != NULL; s = next) {
		next = s->next;
		free_sub(s);
	}
}

/* R2 */
static void grace_passed(struct epoch_entry *e)
{
	struct client_sub *s = CONTAINER_OF(e, struct client_sub, grave);
	struct handoff    *x = s->client->hub->handoff;

	s->next = x->fresh;
	x->fresh = s;
}

void handoff_release(struct handoff *x, struct client_sub *s)
{
	epoch_defer(loop_epoch(x->hub->loop), &s->grave, grace_passed);
}

void handoff_note_coming(const struct handoff *x, uint64_t *until)
{
	for (unsigned from = 0; from < x->hub->shared->n_workers; from++)
		until[from] = load(&count_of(x->hub, from,
		    x->hub->worker)->n_posted);
}

/* R4 */
bool handoff_has_come(const struct handoff *x, const uint64_t *until)
{
	for (unsigned from = 0; from < x->hub->shared->n_workers; from++)
		if (load(&count_of(x->hub, from, x->hub->worker)->n_unpacked) <
		    until[from])
			return false;
	return true;
}

/* R3 */
static void note_posted(struct handoff *x)
{
	x->waiting = x->fresh;
	x->fresh = NULL;
	handoff_note_coming(x, x->until);
}

void handoff_end_turn(struct handoff *x)
{
	if (x->waiting != NULL && handoff_has_come(x, x->until)) {
		free_subs(x->waiting);
		x->waiting = NULL;
	}
	if (x->waiting == NULL && x->fresh != NULL) {
		note_posted(x);
		loop_again(x->hub->loop);
	}
}

static void free_returned(struct handoff *x)
{
	struct mail *m;

	for (unsigned from = 0; from < x->hub->shared->n_workers; from++)
		while ((m = mesh_take_back(loop_mesh(x->hub->loop),
		    x->hub->worker, from)) != NULL)
			free(CONTAINER_OF(m, struct parcel, mail));
}

void handoff_destroy(struct handoff *x)
{
	if (x == NULL)
		return;
	free_subs(x->waiting);
	free_subs(x->fresh);
	for (unsigned to = 0; to < MESH_MEMBERS_MAX; to++)
		free(x->open[to]);
	free_returned(x);
	free(x);
}
