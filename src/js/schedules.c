/* js/schedules.c - the messages of a stream that wait for their time. */
#include "js/schedules.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/text.h"
#include "js/fields.h"
#include "js/headers.h"
#include "js/publish.h"
#include "js/schedule.h"
#include "js/stream_int.h"
#include "proto/subject.h"

struct waiting {
	struct waiting *next;	/* in its bucket */
	struct timer    timer;	/* of wall time */
	struct stream  *stream;
	uint64_t        hash, seq;	/* of the message that says it */
	uint32_t        n;
	char            subject[];
};

struct schedules {
	struct timer_heap heap;
	struct waiting  **buckets;
	size_t            n_buckets, n;	/* a power of two */
};

enum { BUCKETS_MIN = 16 };

/* ---- the table -------------------------------------------------------------- */

static struct waiting **find(const struct schedules *x, struct slice subject,
    uint64_t hash)
{
	struct waiting **at = &x->buckets[hash & (x->n_buckets - 1)];

	while (*at != NULL && ((*at)->hash != hash || !slice_eq(subject,
	    slice_of((*at)->subject, (*at)->n))))
		at = &(*at)->next;
	return at;
}

static void widen(struct schedules *x)
{
	size_t           n = 2 * x->n_buckets;
	struct waiting **v = calloc(n, sizeof(struct waiting *));

	if (v == NULL)
		return;		/* slower, and right */
	for (size_t i = 0; i < x->n_buckets; i++)
		for (struct waiting *w = x->buckets[i], *next; w != NULL;
		    w = next) {
			struct waiting **to = &v[w->hash & (n - 1)];

			next = w->next;
			w->next = *to;
			*to = w;
		}
	free(x->buckets);
	x->buckets = v;
	x->n_buckets = n;
}

static void drop(struct schedules *x, struct slice subject)
{
	struct waiting **at = find(x, subject, hash_slice(subject)), *w = *at;

	if (w == NULL)
		return;
	*at = w->next;
	timer_clear(&x->heap, &w->timer);
	free(w);
	x->n--;
}

static void fire(struct timer *t, int64_t now_ns);

/* Out of memory: it waits for the next opening. */
static struct waiting *add(struct stream *s, struct slice subject)
{
	struct schedules *x = s->schedules;
	uint64_t          hash = hash_slice(subject);
	struct waiting  **at = find(x, subject, hash), *w = *at;

	if (w != NULL)
		return w;
	w = malloc(sizeof *w + subject.n);
	if (w == NULL)
		return NULL;
	*w = (struct waiting){ .timer.fire = fire, .stream = s, .hash = hash,
		.n = (uint32_t)subject.n };
	memcpy(w->subject, subject.p, subject.n);
	*at = w;
	if (++x->n > x->n_buckets)
		widen(x);
	return w;
}

static void set(struct stream *s, struct slice subject, uint64_t seq,
    int64_t when_ns)
{
	struct waiting *w = add(s, subject);

	if (w == NULL)
		return;
	w->seq = seq;
	timer_set(&s->schedules->heap, &w->timer, when_ns);
}

/* ---- what a message says ---------------------------------------------------- */

static bool read_schedule(struct slice headers, struct schedule *ret)
{
	struct slice text, zone = SLICE_NONE;
	bool has_zone = js_header_get(headers,
	    SLICE("Nats-Schedule-Time-Zone"), &zone);

	return js_header_get(headers, SLICE("Nats-Schedule"), &text) &&
	    text.n > 0 && schedule_read(text, has_zone, zone, ret) == 0;
}

static void begin(struct stream *s, struct slice subject,
    const struct schedule *x, int64_t ts_ns, uint64_t seq)
{
	int64_t when = schedule_next(x, ts_ns);

	if (when == INT64_MAX)
		drop(s->schedules, subject);
	else
		set(s, subject, seq, when);
}

/* What was produced says how it goes on with the one that produced it. */
static void go_on(struct stream *s, struct slice scheduler, struct slice next,
    uint64_t seq)
{
	struct stream_purge_what what = { .filter = scheduler, .seq = seq };
	struct waiting *w = *find(s->schedules, scheduler,
	    hash_slice(scheduler));
	struct js_error e;
	uint64_t        n;
	int64_t         when;

	if (js_time_read(next, &when)) {
		if (w != NULL)
			timer_set(&s->schedules->heap, &w->timer, when);
	} else if (slice_eq(next, SLICE("purge"))) {
		drop(s->schedules, scheduler);
		if (subject_is_literal(scheduler))
			stream_purge_now(s, &what, &n, &e);
	}
}

static void note(struct stream *s, struct slice subject, struct slice headers,
    int64_t ts_ns, uint64_t seq)
{
	struct schedule x;
	struct slice    scheduler, next = SLICE_NONE;

	if (headers.n > 0 && read_schedule(headers, &x)) {
		begin(s, subject, &x, ts_ns, seq);
		schedule_fini(&x);
	} else if (headers.n > 0 && js_header_get(headers,
	    SLICE("Nats-Scheduler"), &scheduler) && scheduler.n > 0) {
		js_header_get(headers, SLICE("Nats-Schedule-Next"), &next);
		go_on(s, scheduler, next, seq);
	} else {
		drop(s->schedules, subject);
	}
}

void schedules_note(struct stream *s, struct slice subject,
    struct slice headers, int64_t ts_ns, uint64_t seq)
{
	int64_t before;

	if (s->schedules == NULL)
		return;
	before = schedules_next_ns(s);
	note(s, subject, headers, ts_ns, seq);
	if (schedules_next_ns(s) < before)
		expiry_arm(s);
}

/* ---- firing ----------------------------------------------------------------- */

/* Of what is produced: neither how it came about, nor what holds for one
 * publishing only. */
static bool stays_behind(struct slice name)
{
	return slice_has_prefix(name, SLICE("Nats-Schedule")) ||
	    slice_has_prefix(name, SLICE("Nats-Expected-")) ||
	    slice_eq(name, SLICE("Nats-Msg-Id")) ||
	    slice_eq(name, SLICE("Nats-TTL")) ||
	    slice_eq(name, SLICE("Nats-Rollup"));
}

static void put_if_there(struct buf *out, const char *name,
    struct slice headers, struct slice from)
{
	struct slice text;

	if (js_header_get(headers, from, &text) && text.n > 0)
		js_header_put(out, name, text);
}

/* When it is due again; INT64_MAX: it is not.  What was missed is past. */
static int64_t next_of(const struct schedule *x, int64_t due_ns, int64_t now_ns)
{
	int64_t next;

	if (x->kind == SCHEDULE_AT)
		return INT64_MAX;
	next = schedule_next(x, due_ns);
	return next > now_ns ? next : schedule_next(x, now_ns);
}

/* m: what says the schedule; from: whose headers and payload go out. */
static bool produce(struct stream *s, const struct store_msg *m,
    const struct store_msg *from, int64_t next_ns)
{
	struct publish p;
	struct buf     headers = { 0 }, time = { 0 };
	struct slice   target = SLICE_NONE;
	bool           ok;

	js_header_get(m->hdr, SLICE("Nats-Schedule-Target"), &target);
	if (next_ns == INT64_MAX)
		buf_put_str(&time, "purge");
	else
		text_put_time(&time, next_ns);
	js_headers_begin_without(&headers, from->hdr, stays_behind);
	js_header_put(&headers, "Nats-Scheduler", m->subject);
	js_header_put(&headers, "Nats-Schedule-Next", buf_slice(&time));
	put_if_there(&headers, "Nats-TTL", m->hdr, SLICE("Nats-Schedule-TTL"));
	put_if_there(&headers, "Nats-Rollup", m->hdr,
	    SLICE("Nats-Schedule-Rollup"));
	js_headers_end(&headers);
	publish_begin_inside(&p, s, target, buf_slice(&headers), from->body);
	ok = !buf_failed(&headers) &&
	    publish_check_inside(&p) != PUBLISH_REFUSED &&
	    (p.end != PUBLISH_GOES || publish_store(&p));
	/* nobody wanted it: it has been all the same */
	if (ok && p.end == PUBLISH_UNWANTED)
		go_on(s, m->subject, buf_slice(&time), p.seq);
	publish_fini(&p);
	buf_fini(&headers);
	buf_fini(&time);
	return ok;
}

/* False: try again. */
static bool fire_one(struct stream *s, const struct store_msg *m,
    const struct schedule *x, int64_t due_ns, int64_t now_ns)
{
	struct store_msg other = { 0 };
	struct slice     source;
	uint64_t         seq;
	bool             ok, has_other;

	has_other = js_header_get(m->hdr, SLICE("Nats-Schedule-Source"),
	    &source) && source.n > 0 && store_find_last(s->store, source,
	    UINT64_MAX, &seq) == 0 && store_read(s->store, seq, &other) == 0;
	ok = produce(s, m, has_other ? &other : m, next_of(x, due_ns, now_ns));
	store_msg_fini(&other);
	return ok;
}

/* Its timer is not set here; what is produced sets it anew, or ends it. */
static void fire(struct timer *t, int64_t now_ns)
{
	struct waiting  *w = CONTAINER_OF(t, struct waiting, timer);
	struct stream   *s = w->stream;
	int64_t          due = w->timer.when_ns;
	struct store_msg m = { 0 };
	struct schedule  x;
	struct slice     target;
	bool is_there = store_read(s->store, w->seq, &m) == 0 &&
	    slice_eq(m.subject, slice_of(w->subject, w->n));

	/* what came by a backup was checked by nobody */
	if (!is_there || m.hdr.n == 0 || !js_header_get(m.hdr,
	    SLICE("Nats-Schedule-Target"), &target) ||
	    !subject_is_literal(target) || !read_schedule(m.hdr, &x)) {
		drop(s->schedules, slice_of(w->subject, w->n));
	} else {
		if (!fire_one(s, &m, &x, due, now_ns))
			timer_set(&s->schedules->heap, t, now_ns + NS_PER_S);
		schedule_fini(&x);
	}
	store_msg_fini(&m);
}

int64_t schedules_next_ns(const struct stream *s)
{
	return s->schedules == NULL ? INT64_MAX
	    : timer_next_ns(&s->schedules->heap);
}

void schedules_fire(struct stream *s, int64_t now_wall_ns)
{
	if (s->schedules != NULL)
		timer_fire_due(&s->schedules->heap, now_wall_ns);
}

/* ---- life ------------------------------------------------------------------- */

/* What a consumer has taken away cannot say any more that it was produced; but
 * all that was due before the last message had been, give or take a tick. */
static void skip_past(struct stream *s)
{
	struct schedules *x = s->schedules;
	int64_t           known = store_last_ts_ns(s->store) - NS_PER_S;
	struct store_msg  m = { 0 };
	struct schedule   of;

	for (size_t i = 0; i < x->n_buckets; i++)
		for (struct waiting *w = x->buckets[i]; w != NULL;
		    w = w->next) {
			if (w->timer.when_ns >= known ||
			    store_read(s->store, w->seq, &m) != 0 ||
			    !read_schedule(m.hdr, &of))
				continue;
			if (of.kind != SCHEDULE_AT)
				timer_set(&x->heap, &w->timer,
				    schedule_next(&of, known));
			schedule_fini(&of);
		}
	store_msg_fini(&m);
}

static void replay(struct stream *s)
{
	struct store_msg m = { 0 };
	uint64_t         seq = 0;

	for (; store_find_next(s->store, SLICE_NONE, seq, &seq) == 0; seq++)
		if (store_read(s->store, seq, &m) == 0)
			note(s, m.subject, m.hdr, m.ts_ns, seq);
	store_msg_fini(&m);
	skip_past(s);
}

bool schedules_open(struct stream *s)
{
	if (!s->config->allow_schedules || s->schedules != NULL)
		return true;
	s->schedules = calloc(1, sizeof *s->schedules);
	if (s->schedules == NULL)
		return false;
	s->schedules->n_buckets = BUCKETS_MIN;
	s->schedules->buckets = calloc(BUCKETS_MIN, sizeof(struct waiting *));
	if (s->schedules->buckets == NULL) {
		free(s->schedules);
		s->schedules = NULL;
		return false;
	}
	replay(s);
	return true;
}

void schedules_close(struct stream *s)
{
	struct schedules *x = s->schedules;

	if (x == NULL)
		return;
	for (size_t i = 0; i < x->n_buckets; i++)
		for (struct waiting *w = x->buckets[i], *next; w != NULL;
		    w = next) {
			next = w->next;
			free(w);
		}
	timer_heap_fini(&x->heap);
	free(x->buckets);
	free(x);
	s->schedules = NULL;
}
