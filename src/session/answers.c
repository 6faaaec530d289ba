/* session/answers.c - the table of answers, by linear hashing, and the doors. */
#include "session/answers.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/random.h"
#include "core/account.h"
#include "core/imports.h"
#include "core/sublist.h"
#include "session/hub.h"
#include "session/latency.h"

enum { BUCKETS_MIN = 64, SUBJECT_CHARS = 4 + ANSWER_CHARS + 1 + ANSWER_CHARS };

struct answers {
	struct hub     *hub;
	sub_give        give, give_measured;
	void          (*expired)(struct hub *h, struct answer *a);
	struct answer **buckets;
	uint32_t        n_buckets, cap;	/* in use; a power of two */
	uint32_t        n;
	struct list     by_age;
	struct list     doors;
	bool            is_closed;
	char            mark[8];	/* in the subjects of measured ones */
	uint8_t         pool[256];	/* of secrets */
	size_t          n_pool;
};

/* ---- names --------------------------------------------------------------- */

/* Who knew one could answer in another's name, so they are secrets. */
static char draw_char(struct answers *x)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz";
	uint8_t v;

	do {
		if (x->n_pool == 0) {
			random_bytes(x->pool, sizeof x->pool);
			x->n_pool = sizeof x->pool;
		}
		v = x->pool[--x->n_pool] & 63;
	} while (v >= 62);
	return digits[v];
}

static void draw(struct answers *x, char out[ANSWER_CHARS])
{
	for (size_t i = 0; i < ANSWER_CHARS; i++)
		out[i] = draw_char(x);
}

/* ---- the table ----------------------------------------------------------- */

static uint32_t bucket_of(const struct answers *x, const char *id)
{
	uint32_t h = (uint32_t)hash_bytes(id, ANSWER_CHARS);
	uint32_t at = h & (x->cap - 1);

	return at < x->n_buckets ? at : h & (x->cap / 2 - 1);
}

static bool widen(struct answers *x)
{
	uint32_t        cap = x->cap == 0 ? BUCKETS_MIN : x->cap * 2;
	struct answer **b = realloc(x->buckets, cap * sizeof(struct answer *));

	if (b == NULL)
		return false;
	memset(b + x->cap, 0, (cap - x->cap) * sizeof *b);
	x->buckets = b;
	if (x->cap == 0)
		x->n_buckets = cap;
	x->cap = cap;
	return true;
}

/* One more bucket, and what belongs there moves. */
static bool split(struct answers *x)
{
	struct answer **from, *a;

	if (x->n_buckets == x->cap && !widen(x))
		return false;
	if (x->n_buckets == x->cap)
		return true;	/* the first ones */
	from = &x->buckets[x->n_buckets - x->cap / 2];
	x->n_buckets++;
	while ((a = *from) != NULL) {
		uint32_t at = bucket_of(x, a->id);

		if (at != x->n_buckets - 1) {
			from = &a->next;
			continue;
		}
		*from = a->next;
		a->next = x->buckets[at];
		x->buckets[at] = a;
	}
	return true;
}

struct answer *answers_find_id(struct answers *x, const char id[ANSWER_CHARS])
{
	struct answer *a = x->cap == 0 ? NULL : x->buckets[bucket_of(x, id)];

	while (a != NULL && memcmp(a->id, id, ANSWER_CHARS) != 0)
		a = a->next;
	return a;
}

struct answer *answers_find(struct answers *x, const struct door *d,
    struct slice subject)
{
	struct answer *a = subject.n < SUBJECT_CHARS ? NULL
	    : answers_find_id(x, subject.p + SUBJECT_CHARS - ANSWER_CHARS);

	return a != NULL && a->door == d ? a : NULL;
}

static void put_in(struct answers *x, struct answer *a)
{
	uint32_t at;

	do
		draw(x, a->id);
	while (answers_find_id(x, a->id) != NULL);
	at = bucket_of(x, a->id);
	a->next = x->buckets[at];
	x->buckets[at] = a;
	list_append(&x->by_age, &a->link);
	x->n++;
}

static void take_out(struct answers *x, struct answer *a)
{
	struct answer **at = &x->buckets[bucket_of(x, a->id)];

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	list_remove(&a->link);
	x->n--;
}

/* ---- doors --------------------------------------------------------------- */

static bool insert(struct door *d, struct sub *s, const char *behind)
{
	struct buf pattern = { 0 };
	bool       ok;

	buf_printf(&pattern, "_R_.%.*s.*%s", ANSWER_CHARS, d->token, behind);
	ok = !buf_failed(&pattern) && sublist_insert(d->account->sublist,
	    loop_epoch(d->hub->loop), s, buf_slice(&pattern)) == 0;
	buf_fini(&pattern);
	return ok;
}

static void shut(struct door *d, struct sub *s)
{
	__atomic_store_n(&s->is_closed, true, __ATOMIC_RELAXED);
	if (s->node != NULL)
		sublist_remove(d->account->sublist, loop_epoch(d->hub->loop),
		    s);
}

static struct door *make_door(struct answers *x, struct account *a)
{
	struct door *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->hub = x->hub;
	d->account = a;
	d->sub = (struct sub){ .give = x->give, .relays = true,
		.worker = (uint16_t)x->hub->worker };
	d->measured = (struct sub){ .give = x->give_measured, .relays = true,
		.worker = SUB_ANYWHERE };
	draw(x, d->token);
	list_append(&x->doors, &d->link);
	a->traffic[x->hub->worker].door = d;
	return d;
}

/* Half open ones are tried again. */
static struct door *find_door(struct answers *x, struct account *a)
{
	struct door *d = a->traffic[x->hub->worker].door;

	if (d == NULL)
		d = make_door(x, a);
	if (d == NULL || d->is_open)
		return d;
	if ((d->sub.node != NULL || insert(d, &d->sub, "")) &&
	    insert(d, &d->measured, ".*.T"))
		d->is_open = true;
	return d->is_open ? d : NULL;
}

/* ---- one answer ---------------------------------------------------------- */

static void fire(struct timer *t, int64_t now_ns)
{
	struct answer *a = CONTAINER_OF(t, struct answer, timer);
	struct hub    *h = a->door->hub;

	(void)now_ns;
	h->answers->expired(h, a);
	answers_drop(h->answers, a);
}

static struct answer *make(struct account *to, struct slice reply,
    struct service_import *service)
{
	struct answer *a = calloc(1, sizeof *a + reply.n);

	if (a == NULL)
		return NULL;
	a->to = to;
	a->reply_n = (uint32_t)reply.n;
	memcpy(a->reply, reply.p, reply.n);
	a->service = service_import_ref(service);
	return a;
}

static void destroy(struct answer *a)
{
	service_import_unref(a->service);
	latency_free(a->note);
	free(a);
}

static void put_subject(const struct answer *a, struct buf *out)
{
	buf_put(out, "_R_.", 4);
	buf_put(out, a->door->token, ANSWER_CHARS);
	buf_put_char(out, '.');
	buf_put(out, a->id, ANSWER_CHARS);
	if (a->note != NULL) {
		buf_put_char(out, '.');
		buf_put(out, a->door->hub->answers->mark,
		    sizeof a->door->hub->answers->mark);
		buf_put(out, ".T", 2);
	}
}

void answers_prolong(struct answers *x, struct answer *a)
{
	struct loop *l = x->hub->loop;

	list_remove(&a->link);
	list_append(&x->by_age, &a->link);
	timer_set(loop_timers(l), &a->timer,
	    loop_now_ns(l) + a->service->threshold_ns);
}

void answers_drop(struct answers *x, struct answer *a)
{
	timer_clear(loop_timers(x->hub->loop), &a->timer);
	take_out(x, a);
	destroy(a);
}

/* As many buckets as answers, and not more answers than there may be. */
static bool make_room(struct answers *x)
{
	if (x->n >= ANSWERS_MAX)
		answers_drop(x, CONTAINER_OF(x->by_age.next, struct answer,
		    link));
	return x->n < x->n_buckets || split(x);
}

struct answer *answers_expect(struct answers *x, struct account *from,
    struct account *to, struct slice reply, struct service_import *service,
    struct latency_note *note, struct buf *out)
{
	struct door   *d = x->is_closed ? NULL : find_door(x, from);
	struct answer *a = d == NULL || !make_room(x) ? NULL
	    : make(to, reply, service);

	if (a == NULL) {
		latency_free(note);
		return NULL;
	}
	a->door = d;
	a->note = note;
	a->timer.fire = fire;
	put_in(x, a);
	answers_prolong(x, a);
	put_subject(a, out);
	return a;
}

/* ---- life ---------------------------------------------------------------- */

struct answers *answers_create(struct hub *h, sub_give give,
    sub_give give_measured, void (*expired)(struct hub *h, struct answer *a))
{
	struct answers *x = calloc(1, sizeof *x);

	if (x == NULL)
		return NULL;
	x->hub = h;
	x->give = give;
	x->give_measured = give_measured;
	x->expired = expired;
	list_init(&x->by_age);
	list_init(&x->doors);
	for (size_t i = 0; i < sizeof x->mark; i++)
		x->mark[i] = draw_char(x);
	return x;
}

void answers_close(struct answers *x)
{
	x->is_closed = true;
	LIST_EACH (l, &x->by_age)
		answers_drop(x, CONTAINER_OF(l, struct answer, link));
	LIST_EACH (l, &x->doors) {
		struct door *d = CONTAINER_OF(l, struct door, link);

		shut(d, &d->sub);
		shut(d, &d->measured);
	}
}

void answers_destroy(struct answers *x)
{
	if (x == NULL)
		return;
	LIST_EACH (l, &x->doors) {
		struct door *d = CONTAINER_OF(l, struct door, link);

		d->account->traffic[x->hub->worker].door = NULL;
		free(d);
	}
	free(x->buckets);
	free(x);
}
