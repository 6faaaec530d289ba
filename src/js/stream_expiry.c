/* js/stream_expiry.c - what goes when its time has come.
 *
 * max_age looks at the head of the stream only.  Messages with a TTL of their
 * own stand in a heap by when they end; it is made anew from the headers when a
 * stream is opened.  One timer serves both, and the window of message ids.
 *
 * Where the configuration asks for markers, the last message of a subject leaves
 * one behind.  Spec: jetstream reference, sections 6.2 and 8.
 */
#include "js/stream_int.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/text.h"
#include "js/dedup.h"
#include "js/headers.h"
#include "js/schedules.h"

#define TICK_NS (250 * NS_PER_MS)

enum { EXPIRE_AT_ONCE = 2000 };

struct end {
	int64_t  when_ns;	/* wall; INT64_MAX: never */
	uint64_t seq;
};

struct expiry {
	struct end *heap;
	size_t      n, cap;
	uint64_t   *never;	/* ascending: exempt from max_age */
	size_t      n_never, cap_never;
};

/* A time too far away to be told is never. */
static int64_t later(int64_t ns, int64_t by_ns)
{
	int64_t sum;

	return __builtin_add_overflow(ns, by_ns, &sum) ? INT64_MAX : sum;
}

/* ---- the heap -------------------------------------------------------------------- */

static bool grow(void *pp, size_t *cap, size_t n, size_t size)
{
	void  **v = pp;
	size_t  more = *cap == 0 ? 64 : 2 * *cap;
	void   *p;

	if (n < *cap)
		return true;
	p = reallocarray(*v, more, size);
	if (p == NULL)
		return false;
	*v = p;
	*cap = more;
	return true;
}

static void heap_push(struct expiry *x, struct end e)
{
	size_t i = x->n;

	if (!grow(&x->heap, &x->cap, x->n, sizeof *x->heap))
		return;		/* it lives until the next opening */
	x->n++;
	for (; i > 0 && x->heap[(i - 1) / 2].when_ns > e.when_ns;
	    i = (i - 1) / 2)
		x->heap[i] = x->heap[(i - 1) / 2];
	x->heap[i] = e;
}

static struct end heap_pop(struct expiry *x)
{
	struct end top = x->heap[0], last = x->heap[--x->n];
	size_t     i = 0, k;

	while ((k = 2 * i + 1) < x->n) {
		if (k + 1 < x->n &&
		    x->heap[k + 1].when_ns < x->heap[k].when_ns)
			k++;
		if (last.when_ns <= x->heap[k].when_ns)
			break;
		x->heap[i] = x->heap[k];
		i = k;
	}
	x->heap[i] = last;
	return top;
}

static bool is_exempt(const struct expiry *x, uint64_t seq)
{
	size_t low = 0, high = x->n_never;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (x->never[mid] == seq)
			return true;
		if (x->never[mid] < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

void expiry_add(struct stream *s, uint64_t seq, int64_t ts_ns, int64_t ttl_s)
{
	struct expiry *x = s->expiry;
	struct end     e = { .seq = seq };

	if (ttl_s > 0) {
		if (__builtin_mul_overflow(ttl_s, NS_PER_S, &e.when_ns) ||
		    __builtin_add_overflow(e.when_ns, ts_ns, &e.when_ns))
			return;
		heap_push(x, e);
	} else if (grow(&x->never, &x->cap_never, x->n_never,
	    sizeof *x->never)) {
		x->never[x->n_never++] = seq;
	}
	expiry_arm(s);
}

bool ttl_read(struct slice text, int64_t *seconds)
{
	const char *why;
	int64_t     ns;
	uint64_t    n;

	if (slice_eq_nocase(text, SLICE("never"))) {
		*seconds = -1;
		return true;
	}
	if (text_parse_u64(text, &n)) {
		*seconds = n > INT64_MAX ? INT64_MAX : (int64_t)n;
		return n > 0;
	}
	if (!text_parse_duration(text, &ns, &why) || ns < NS_PER_S)
		return false;
	*seconds = ns / NS_PER_S;
	return true;
}

/* ---- going ------------------------------------------------------------------------ */

static bool is_marker(const struct store_msg *m)
{
	struct slice v;

	return m->hdr.n > 0 &&
	    ((js_header_get(m->hdr, SLICE("Nats-Marker-Reason"), &v) &&
	    v.n > 0) || (js_header_get(m->hdr, SLICE("KV-Operation"), &v) &&
	    slice_eq(v, SLICE("PURGE"))));
}

static bool put_marker(struct stream *s, struct slice subject)
{
	struct buf headers = { 0 }, ttl = { 0 };
	uint64_t   seq;
	int64_t    ts = stream_ts(s);
	bool       ok;

	text_put_duration(&ttl, s->config->marker_ttl_ns);
	js_headers_begin(&headers, SLICE_NONE);
	js_header_put(&headers, "Nats-Marker-Reason", SLICE("MaxAge"));
	js_header_put(&headers, "Nats-Rollup", SLICE("sub"));
	js_header_put(&headers, "Nats-TTL", buf_slice(&ttl));
	js_headers_end(&headers);
	ok = stream_append(s, subject, buf_slice(&headers), SLICE_NONE, ts,
	    &seq) == 0;
	buf_fini(&headers);
	buf_fini(&ttl);
	return ok;
}

/* False: it could not be, and is tried again at the next tick. */
static bool expire(struct stream *s, uint64_t seq)
{
	struct store_msg m = { 0 };
	uint64_t         n = 0;
	bool             leaves_marker = s->config->marker_ttl_ns > 0 &&
	    store_read(s->store, seq, &m) == 0 && !is_marker(&m) &&
	    store_count(s->store, m.subject, 0, false, &n) == 0 && n == 1;
	int              err = 0;

	/* the marker first: in a crash between them there are both */
	if (leaves_marker && !put_marker(s, m.subject))
		err = ERR_IO;
	if (err == 0)
		err = stream_drop(s, seq, STORE_DELETE);
	store_msg_fini(&m);
	s->has_news = true;
	return err == 0 || err == ERR_NOTFOUND;
}

static int64_t wall_of(const struct stream *s)
{
	const struct js_host *h = &stream_js(s)->host;

	return h->wall_ns(h->ctx);
}

/* The oldest that max_age takes, and when; false: none. */
static bool find_oldest(struct stream *s, uint64_t from, uint64_t *seq,
    int64_t *when_ns)
{
	struct store_msg m = { 0 };
	bool             ok;

	while (store_find_next(s->store, SLICE_NONE, from, seq) == 0) {
		if (is_exempt(s->expiry, *seq)) {
			from = *seq + 1;
			continue;
		}
		ok = store_read(s->store, *seq, &m) == 0;
		*when_ns = later(m.ts_ns, s->config->max_age_ns);
		store_msg_fini(&m);
		if (ok)
			return true;
		from = *seq + 1;
	}
	return false;
}

/* True: there is more that could go now. */
static bool expire_aged(struct stream *s, int64_t now)
{
	uint64_t seq;
	int64_t  when;

	if (s->config->max_age_ns <= 0)
		return false;
	for (int n = 0; n < EXPIRE_AT_ONCE; n++)
		if (!find_oldest(s, 0, &seq, &when) || when > now ||
		    !expire(s, seq))
			return false;
	return true;
}

static bool expire_ended(struct stream *s, int64_t now)
{
	struct expiry *x = s->expiry;

	for (int n = 0; n < EXPIRE_AT_ONCE; n++) {
		struct end e;

		if (x->n == 0 || x->heap[0].when_ns > now)
			return false;
		e = heap_pop(x);
		if (!expire(s, e.seq)) {
			heap_push(x, e);
			return false;
		}
	}
	return true;
}

static void on_timer(struct timer *t, int64_t now_ns)
{
	struct stream *s = CONTAINER_OF(t, struct stream, timer);
	int64_t        now = wall_of(s);
	bool           is_behind;

	(void)now_ns;
	is_behind = expire_aged(s, now);
	is_behind = expire_ended(s, now) || is_behind;
	schedules_fire(s, now);
	if (s->dedup != NULL)
		dedup_forget(s->dedup, now - s->config->duplicate_window_ns);
	js_mark_dirty(stream_js(s), s);
	expiry_arm(s);
	if (is_behind)		/* others first, but not a whole tick */
		timer_set(stream_js(s)->host.timers, &s->timer,
		    stream_now(s) + NS_PER_MS);
}

void expiry_arm(struct stream *s)
{
	int64_t  now, due = INT64_MAX, when;
	uint64_t seq;

	/* while it is opened, on a thread that has no time of the loop's */
	if (s->is_leaving || s->is_opening)
		return;
	now = wall_of(s);
	if (s->config->max_age_ns > 0 && find_oldest(s, 0, &seq, &when))
		due = when;
	if (s->expiry->n > 0 && s->expiry->heap[0].when_ns < due)
		due = s->expiry->heap[0].when_ns;
	if (schedules_next_ns(s) < due)
		due = schedules_next_ns(s);
	when = s->dedup == NULL ? INT64_MAX : later(dedup_oldest_ns(s->dedup),
	    s->config->duplicate_window_ns);
	if (when < due)
		due = when;
	if (s->sync_at_ns != 0 && now + (s->sync_at_ns - stream_now(s)) < due)
		due = now + (s->sync_at_ns - stream_now(s));
	if (due == INT64_MAX) {
		timer_clear(stream_js(s)->host.timers, &s->timer);
		return;
	}
	s->timer.fire = on_timer;
	timer_set(stream_js(s)->host.timers, &s->timer, later(stream_now(s),
	    due - now > TICK_NS ? due - now : TICK_NS));
}

void expiry_by(struct stream *s, int64_t ts_ns, int64_t after_ns)
{
	int64_t wait, at;

	if (s->is_leaving || s->is_opening)
		return;
	wait = later(ts_ns, after_ns) - wall_of(s);
	at = later(stream_now(s), wait > TICK_NS ? wait : TICK_NS);
	if (timer_is_set(&s->timer) && s->timer.when_ns <= at)
		return;
	s->timer.fire = on_timer;
	timer_set(stream_js(s)->host.timers, &s->timer, at);
}

/* ---- life --------------------------------------------------------------------------- */

static void read_ttls(struct stream *s)
{
	struct store_msg m = { 0 };
	struct slice     text;
	uint64_t         seq = 0;
	int64_t          ttl;

	for (; store_find_next(s->store, SLICE_NONE, seq, &seq) == 0; seq++)
		if (store_read(s->store, seq, &m) == 0 && m.hdr.n > 0 &&
		    js_header_get(m.hdr, SLICE("Nats-TTL"), &text) &&
		    ttl_read(text, &ttl))
			expiry_add(s, seq, m.ts_ns, ttl);
	store_msg_fini(&m);
}

bool expiry_open(struct stream *s)
{
	s->expiry = calloc(1, sizeof *s->expiry);
	if (s->expiry == NULL)
		return false;
	if (s->config->allow_msg_ttl)
		read_ttls(s);
	return true;
}

void expiry_close(struct stream *s)
{
	timer_clear(stream_js(s)->host.timers, &s->timer);
	if (s->expiry == NULL)
		return;
	free(s->expiry->heap);
	free(s->expiry->never);
	free(s->expiry);
	s->expiry = NULL;
}
