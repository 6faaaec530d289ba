/* js/api_direct.c - reading messages without a consumer (section 14). */
#include "js/api.h"

#include <stdlib.h>

#include "base/text.h"
#include "js/fields.h"
#include "js/headers.h"
#include "js/js.h"
#include "js/sources.h"
#include "js/stream.h"
#include "js/stream_config.h"
#include "proto/subject.h"

enum { MULTI_MAX = 1024, LASTS_MAX = 2 * MULTI_MAX };

#define MAX_BYTES UINT64_C(67108864)

/* ---- its subjects ---------------------------------------------------------------- */

static void take_direct(void *ctx, const struct run *run)
{
	const struct stream *s = ctx;

	api_take(s->account, run);
}

static void listen(struct stream *s, struct slice name, struct js_sub **subs)
{
	const struct js_host *h = &s->account->js->host;
	struct buf            pattern = { 0 };

	buf_printf(&pattern, "$JS.API.DIRECT.GET.%.*s", SLICE_ARG(name));
	subs[0] = h->subscribe(h->ctx, s->account->core,
	    buf_slice(&pattern), SLICE("_sys_"), take_direct, s);
	buf_put_str(&pattern, ".>");
	subs[1] = h->subscribe(h->ctx, s->account->core,
	    buf_slice(&pattern), SLICE("_sys_"), take_direct, s);
	buf_fini(&pattern);
}

void direct_start(struct stream *s)
{
	const struct stream_config *c = s->config;

	if (c->allow_direct)
		listen(s, s->name, s->direct);
	if (c->mirror_direct && c->mirror != NULL && !c->mirror->has_external)
		listen(s, c->mirror->name, s->direct + 2);
}

void direct_stop(struct stream *s)
{
	const struct js_host *h = &s->account->js->host;

	for (int i = 0; i < 4; i++) {
		h->unsubscribe(h->ctx, s->direct[i]);
		s->direct[i] = NULL;
	}
}

/* ---- what is asked --------------------------------------------------------------- */

bool direct_find(struct stream *s, const struct direct_wish *wish,
    uint64_t *seq)
{
	struct store_msg m = { 0 };
	uint64_t         from = wish->seq;
	bool             ok;

	if (wish->last_by_subj.n > 0)
		return subject_is_valid(wish->last_by_subj) &&
		    store_find_last(s->store, wish->last_by_subj, UINT64_MAX,
		    seq) == 0;
	if (wish->start_time != JS_TIME_UNSET &&
	    store_find_time(s->store, wish->start_time, &from) != 0)
		return false;
	if (wish->next_by_subj.n > 0)
		return subject_is_valid(wish->next_by_subj) &&
		    store_find_next(s->store, wish->next_by_subj, from,
		    seq) == 0;
	if (wish->start_time != JS_TIME_UNSET || wish->batch != 0)
		return store_find_next(s->store, SLICE_NONE, from, seq) == 0;
	*seq = from;
	ok = store_read(s->store, from, &m) == 0;
	store_msg_fini(&m);
	return ok;
}

/* ---- answering ------------------------------------------------------------------ */

struct direct {
	struct js                *js;
	const struct api_request *r;
	struct stream            *s;
	struct direct_wish        wish;
	struct js_hold           *hold;	/* of the wish's texts; NULL: none */
	struct buf                headers;
	struct store_msg          msg;
	uint64_t                  n_sent, bytes, last_seq;
};

static void say(struct direct *d, const char *status)
{
	js_send_status(d->js, d->r->account->core, d->r->reply, SLICE_NONE,
	    "%s", status);
}

/* Where many are asked for by subject, they come with their headers. */
static bool send(struct direct *d, uint64_t seq, const uint64_t *n_pending)
{
	struct buf *b = &d->headers, time = { 0 };

	if (store_read(d->s->store, seq, &d->msg) != 0)
		return false;
	buf_reset(b);
	if (!d->wish.no_hdr || d->wish.n_multi > 0) {
		text_put_time(&time, d->msg.ts_ns);
		js_headers_begin(b, d->msg.hdr);
		js_header_put(b, "Nats-Stream", d->s->name);
		js_header_put(b, "Nats-Subject", d->msg.subject);
		js_header_put_u64(b, "Nats-Sequence", seq);
		js_header_put(b, "Nats-Time-Stamp", buf_slice(&time));
		if (n_pending != NULL) {
			js_header_put_u64(b, "Nats-Num-Pending", *n_pending);
			js_header_put_u64(b, "Nats-Last-Sequence", d->last_seq);
		}
		js_headers_end(b);
	}
	js_send(d->js, &(struct js_out){ .account = d->r->account->core,
		.subject = d->r->reply, .headers = buf_slice(b),
		.payload = d->msg.body });
	buf_fini(&time);
	d->n_sent++;
	d->bytes += d->msg.subject.n + b->n + d->msg.body.n;
	d->last_seq = seq;
	return true;
}

static bool is_full(const struct direct *d)
{
	uint64_t max = d->wish.max_bytes > 0 ? (uint64_t)d->wish.max_bytes
	    : MAX_BYTES;

	return (d->wish.batch > 0 && d->n_sent >= (uint64_t)d->wish.batch) ||
	    d->wish.max_bytes < 0 || d->bytes >= max;
}

static void end_batch(struct direct *d, uint64_t n_pending, uint64_t up_to)
{
	struct buf *b = &d->headers;

	buf_reset(b);
	buf_put_str(b, "NATS/1.0 204 EOB\r\n");
	js_header_put_u64(b, "Nats-Num-Pending", n_pending);
	js_header_put_u64(b, "Nats-Last-Sequence", d->last_seq);
	if (up_to > 0)
		js_header_put_u64(b, "Nats-UpTo-Sequence", up_to);
	js_headers_end(b);
	js_send(d->js, &(struct js_out){ .account = d->r->account->core,
		.subject = d->r->reply, .headers = buf_slice(b) });
}

static void answer_batch(struct direct *d)
{
	struct slice pattern = d->wish.next_by_subj;
	uint64_t     seq, left = 0;

	if (!direct_find(d->s, &d->wish, &seq)) {
		say(d, "404 Message Not Found");
		return;
	}
	store_count(d->s->store, pattern, seq, false, &left);
	if (d->wish.batch < 0) {
		end_batch(d, left, 0);
		return;
	}
	do {
		left -= left > 0;
		send(d, seq, &left);
	} while (!is_full(d) && store_find_next(d->s->store, pattern, seq + 1,
	    &seq) == 0);
	end_batch(d, left, 0);
}

struct lasts {
	struct stream *s;
	uint64_t       up_to;
	uint64_t      *v;
	size_t         n;
	bool           is_over;
};

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static size_t unique(uint64_t *v, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (k == 0 || v[k - 1] != v[i])
			v[k++] = v[i];
	return k;
}

/* Patterns may overlap: a subject counts once. */
static void sort_out(struct lasts *x)
{
	qsort(x->v, x->n, sizeof *x->v, ascending);
	x->n = unique(x->v, x->n);
	x->is_over = x->n > MULTI_MAX;
}

static bool note_last(void *ctx, struct slice subject, uint64_t n,
    uint64_t last_seq)
{
	struct lasts *x = ctx;

	(void)n;
	if (last_seq > x->up_to && store_find_last(x->s->store, subject,
	    x->up_to, &last_seq) != 0)
		return true;
	x->v[x->n++] = last_seq;
	if (x->n == LASTS_MAX)
		sort_out(x);
	return !x->is_over;
}

/* 0: there is nothing up to there, or nothing there yet. */
static uint64_t up_to(struct direct *d)
{
	struct store_state st;
	uint64_t           seq;

	store_get_state(d->s->store, &st);
	if (d->wish.up_to_seq > 0)
		return d->wish.up_to_seq > st.last_seq ? 0 : d->wish.up_to_seq;
	if (d->wish.up_to_time != JS_TIME_UNSET &&
	    store_find_time(d->s->store, d->wish.up_to_time, &seq) == 0)
		return seq - 1;
	return st.last_seq;
}

/* From seq on, where a page begins. */
static void send_lasts(struct direct *d, const struct lasts *x)
{
	size_t   at = 0;
	uint64_t left;

	while (at < x->n && x->v[at] < d->wish.seq)
		at++;
	left = x->n - at;
	for (; at < x->n && !is_full(d); at++) {
		left--;
		send(d, x->v[at], &left);
	}
	end_batch(d, left, x->up_to);
}

static void answer_multi(struct direct *d)
{
	struct lasts x = { .s = d->s, .up_to = up_to(d),
		.v = calloc(LASTS_MAX, sizeof *x.v) };

	for (size_t i = 0; x.v != NULL && x.up_to > 0 && !x.is_over &&
	    i < d->wish.n_multi; i++)
		if (subject_is_valid(d->wish.multi_last[i]))
			store_each_subject(d->s->store, d->wish.multi_last[i],
			    note_last, &x);
	if (x.n > 0)
		sort_out(&x);
	if (x.is_over)
		say(d, "413 Too Many Results");
	else if (x.n == 0)
		say(d, "404 No Results");
	else
		send_lasts(d, &x);
	free(x.v);
}

static bool is_contradiction(const struct direct_wish *w)
{
	bool has_time = w->start_time != JS_TIME_UNSET;

	return (w->seq > 0 && w->last_by_subj.n > 0) ||
	    (w->seq > 0 && has_time) || (has_time && w->last_by_subj.n > 0) ||
	    (w->last_by_subj.n > 0 && w->next_by_subj.n > 0) ||
	    (w->last_by_subj.n > 0 && w->batch > 0) ||
	    (w->n_multi > 0 && (w->last_by_subj.n > 0 ||
	    w->next_by_subj.n > 0)) ||
	    (w->up_to_seq > 0 && w->up_to_time != JS_TIME_UNSET);
}

static bool asks_nothing(const struct direct_wish *w)
{
	return w->seq == 0 && w->last_by_subj.n == 0 &&
	    w->next_by_subj.n == 0 && w->start_time == JS_TIME_UNSET &&
	    w->n_multi == 0;
}

static void answer_wish(struct direct *d)
{
	uint64_t seq;

	if (is_contradiction(&d->wish))
		say(d, "408 Bad Request");
	else if (asks_nothing(&d->wish))
		say(d, "408 Empty Request");
	else if (d->wish.n_multi > 0)
		answer_multi(d);
	else if (d->wish.batch != 0)
		answer_batch(d);
	else if (!direct_find(d->s, &d->wish, &seq) || !send(d, seq, NULL))
		say(d, "404 Message Not Found");
}

/* "null" asks for nothing. */
static bool read_wish(struct direct *d, const struct json *doc)
{
	union request   asked = { .page = { 0 } };
	struct js_error e = { 0 };

	d->hold = js_hold_create();
	if (doc == NULL || d->hold == NULL || !request_read(&request_msg_get,
	    js_is_null(doc) ? NULL : doc, false, &asked, d->hold, &e))
		return false;
	d->wish = asked.get;
	return true;
}

static void answer_json(struct direct *d)
{
	const char  *why;
	struct json *doc = json_parse(d->r->payload, &why);

	if (!read_wish(d, doc))
		say(d, "408 Malformed Request");
	else
		answer_wish(d);
	json_free(doc);
}

/* The subject says which; the rest may say how. */
static void answer_subject_json(struct direct *d, struct slice subject)
{
	const char  *why;
	struct json *doc = json_parse(d->r->payload, &why);

	if (!read_wish(d, doc)) {
		say(d, "408 Malformed Request");
	} else if (!asks_nothing(&d->wish) || d->wish.batch != 0 ||
	    d->wish.up_to_seq > 0 || d->wish.up_to_time != JS_TIME_UNSET) {
		say(d, "408 Bad Request");
	} else {
		d->wish.last_by_subj = subject;
		answer_wish(d);
	}
	json_free(doc);
}

void direct_answer(struct js *js, const struct api_request *r)
{
	struct slice  rest = slice_skip(r->subject,
	    SLICE("$JS.API.DIRECT.GET.").n), name;
	struct direct d = { .js = js, .r = r, .wish = {
		.start_time = JS_TIME_UNSET, .up_to_time = JS_TIME_UNSET } };
	struct slice  level;
	int64_t       n;

	if (r->reply.n == 0 || !subject_take_token(&rest, &name))
		return;
	d.s = js_find_stream(r->account, name);
	if (d.s == NULL)
		d.s = sources_find_direct(r->account, name);
	if (d.s == NULL)
		return;
	if (r->headers.n > 0 && js_header_get(r->headers,
	    SLICE("Nats-Required-Api-Level"), &level) &&
	    (!text_parse_i64(level, &n) || n > JS_API_LEVEL)) {
		say(&d, "412 Required Api Level");
	} else if (rest.p != NULL && r->payload.n == 0) {
		d.wish.last_by_subj = rest;
		answer_wish(&d);
	} else if (rest.p != NULL) {
		answer_subject_json(&d, rest);
	} else if (r->payload.n == 0) {
		say(&d, "408 Empty Request");
	} else {
		answer_json(&d);
	}
	js_hold_destroy(d.hold);
	store_msg_fini(&d.msg);
	buf_fini(&d.headers);
}
