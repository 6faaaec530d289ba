/* js/batch.c - atomic batches: all of their messages are stored, or none. */
#include "js/batch.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "js/advisory.h"
#include "js/dedup.h"
#include "js/headers.h"
#include "js/publish.h"
#include "js/stream_int.h"

/* All that is staged in a server, in bytes; beyond it there is no room. */
enum { STAGED_BYTES_MAX = 256 << 20, ID_MAX = 64 };

struct staged {
	struct slice subject, headers, payload;
	char         bytes[];
};

struct batch {
	struct list     link;		/* in s->batches, oldest traffic first */
	struct stream  *stream;
	struct timer    timer;
	struct staged **v;
	size_t          n, cap;
	uint64_t        bytes;
	size_t          n_id;
	char            id[ID_MAX];
};

static struct slice id_of(const struct batch *b)
{
	return slice_of(b->id, b->n_id);
}

static void destroy(struct batch *b)
{
	struct js *js = stream_js(b->stream);

	list_remove(&b->link);
	timer_clear(js->host.timers, &b->timer);
	b->stream->n_batches--;
	js->n_batches--;
	js->batch_bytes -= b->bytes;
	for (size_t i = 0; i < b->n; i++)
		free(b->v[i]);
	free(b->v);
	free(b);
}

static void abandon(struct batch *b, const char *reason)
{
	advisory_batch_abandoned(b->stream, id_of(b), reason);
	destroy(b);
}

static void on_timer(struct timer *t, int64_t now_ns)
{
	(void)now_ns;
	abandon(CONTAINER_OF(t, struct batch, timer), "timeout");
}

static struct batch *find(const struct stream *s, struct slice id)
{
	LIST_EACH (l, &s->batches)
		if (slice_eq(id_of(CONTAINER_OF(l, struct batch, link)), id))
			return CONTAINER_OF(l, struct batch, link);
	return NULL;
}

static struct batch *create(struct stream *s, struct slice id)
{
	struct batch *b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	b->stream = s;
	b->timer.fire = on_timer;
	b->n_id = id.n;
	memcpy(b->id, id.p, id.n);
	list_append(&s->batches, &b->link);
	s->n_batches++;
	stream_js(s)->n_batches++;
	return b;
}

void batch_drop_all(struct stream *s)
{
	LIST_EACH (l, &s->batches)
		destroy(CONTAINER_OF(l, struct batch, link));
}

/* ---- staging ---------------------------------------------------------------- */

static bool has_place(struct batch *b)
{
	size_t          cap = b->cap == 0 ? 8 : 2 * b->cap;
	struct staged **v;

	if (b->n < b->cap)
		return true;
	v = reallocarray(b->v, cap, sizeof *v);
	if (v == NULL)
		return false;
	b->v = v;
	b->cap = cap;
	return true;
}

/* False: out of memory, or more is staged than may be. */
static bool stage(struct batch *b, const struct batch_msg *m,
    struct slice headers)
{
	struct js     *js = stream_js(b->stream);
	size_t         size = m->subject.n + headers.n + m->payload.n;
	struct staged *x;
	char          *at;

	if (js->batch_bytes + size > STAGED_BYTES_MAX || !has_place(b))
		return false;
	x = malloc(sizeof *x + size);
	if (x == NULL)
		return false;
	at = x->bytes;
	x->subject = slice_pack(&at, m->subject);
	x->headers = slice_pack(&at, headers);
	x->payload = slice_pack(&at, m->payload);
	b->v[b->n++] = x;
	b->bytes += size;
	js->batch_bytes += size;
	return true;
}

/* ---- commit ----------------------------------------------------------------- */

struct commit {
	struct publish   *v;	/* as they are stored */
	struct batch_view view;
};

static void commit_fini(struct commit *c)
{
	for (size_t i = 0; c->v != NULL && i < c->view.n; i++)
		publish_fini(&c->v[i]);
	free(c->v);
	dedup_destroy(c->view.subjects);
	dedup_destroy(c->view.ids);
}

/* Its place in the batch is what is known of its subject from here on. */
static void see(struct commit *c, struct publish *p)
{
	uint64_t at;

	if (dedup_find(c->view.subjects, p->subject, &at))
		dedup_set(c->view.subjects, p->subject, c->view.n);
	else
		dedup_add(c->view.subjects, p->subject, c->view.n, 0);
	if (p->msg_id.n > 0)
		dedup_add(c->view.ids, p->msg_id, c->view.n, 0);
	if (p->end == PUBLISH_GOES)
		c->view.bytes += stream_msg_cost(p->s, p->subject, p->headers,
		    p->payload);
	c->view.n++;
}

static bool check_all(struct commit *c, const struct batch *b,
    struct js_error *e)
{
	c->v = calloc(b->n, sizeof *c->v);
	c->view = (struct batch_view){ .v = c->v, .subjects = dedup_create(),
		.ids = dedup_create() };
	if (c->v == NULL || c->view.subjects == NULL || c->view.ids == NULL)
		return js_fail_with(e, 10077, "%s", err_text(ERR_NOMEM));
	for (size_t i = 0; i < b->n; i++) {
		struct publish *p = &c->v[i];

		publish_begin(p, b->stream, b->v[i]->subject,
		    b->v[i]->headers, b->v[i]->payload);
		p->batch = &c->view;
		if (publish_check(p) == PUBLISH_REFUSED) {
			*e = p->e;
			publish_fini(p);
			return false;
		}
		see(c, p);
	}
	return true;
}

static int put_one(struct publish *p, int64_t ts_ns)
{
	if (p->end == PUBLISH_UNWANTED)
		return store_skip(p->s->store, ts_ns, &p->seq);
	return stream_put(p->s, p->subject, p->headers, p->payload, ts_ns,
	    &p->seq);
}

/* All, or those that were go again: nobody has seen them. */
static bool put_all(struct commit *c, struct stream *s, int64_t ts_ns,
    struct js_error *e)
{
	for (size_t i = 0; i < c->view.n; i++) {
		int err = put_one(&c->v[i], ts_ns);

		if (err == 0)
			continue;
		while (i-- > 0)
			store_delete(s->store, c->v[i].seq, STORE_DELETE,
			    NULL);
		js_mark_dirty(stream_js(s), s);
		publish_fail(&c->v[0], err);
		*e = c->v[0].e;
		return false;
	}
	return true;
}

static void follow_up(struct commit *c, struct stream *s, int64_t ts_ns)
{
	for (size_t i = 0; i < c->view.n; i++) {
		struct publish *p = &c->v[i];

		if (p->end == PUBLISH_GOES)
			stream_appended(s, p->subject, p->headers, p->payload,
			    ts_ns, p->seq);
		publish_stored(p);
	}
	js_mark_dirty(stream_js(s), s);
}

static void acknowledge(struct commit *c, const struct batch *b,
    struct slice reply)
{
	const struct publish *last = &c->v[c->view.n - 1];
	struct buf            extra = { 0 };

	buf_put_str(&extra, ",\"batch\":");
	json_quote(&extra, id_of(b));
	buf_put_str(&extra, ",\"count\":");
	buf_put_u64(&extra, c->view.n);
	stream_ack(b->stream, reply, last->seq, buf_slice(&extra));
	buf_fini(&extra);
}

static void commit(struct batch *b, struct slice reply)
{
	struct stream  *s = b->stream;
	struct commit   c = { 0 };
	struct js_error e = { 0 };
	int64_t         ts_ns = stream_ts(s);

	if (check_all(&c, b, &e) && put_all(&c, s, ts_ns, &e)) {
		follow_up(&c, s, ts_ns);
		acknowledge(&c, b, reply);
	} else {
		stream_refuse(s, reply, &e);
	}
	commit_fini(&c);
	destroy(b);
}

/* ---- what comes ------------------------------------------------------------- */

enum ending { NOT_YET, WITH_THIS, BEFORE_THIS, NO_ENDING };

static enum ending ending_of(const struct batch_msg *m)
{
	struct slice text;

	if (!js_header_get(m->headers, SLICE("Nats-Batch-Commit"), &text) ||
	    text.n == 0)
		return NOT_YET;
	if (slice_eq(text, SLICE("1")))
		return WITH_THIS;
	return slice_eq(text, SLICE("eob")) ? BEFORE_THIS : NO_ENDING;
}

/* In nats-server's order, before the batch is looked for. */
static bool check(const struct stream *s, const struct batch_msg *m,
    uint64_t *seq, struct js_error *e)
{
	const struct stream_config *c = s->config;
	struct slice                text;

	if (c->sealed)
		return js_fail(e, 10109);
	if (c->max_msg_size >= 0 &&
	    m->headers.n + m->payload.n > (uint64_t)c->max_msg_size)
		return js_fail(e, 10054);
	if (!c->allow_atomic)
		return js_fail(e, 10174);
	if (m->id.n > ID_MAX)
		return js_fail(e, 10179);
	return (js_header_get(m->headers, SLICE("Nats-Batch-Sequence"), &text) &&
	    text_parse_u64(text, seq)) || js_fail(e, 10175);
}

static bool is_level(struct slice name)
{
	return slice_eq(name, SLICE("Nats-Required-Api-Level"));
}

/* The level that it wants: false: not ours.  The header is not kept. */
static bool take_level(const struct batch_msg *m, struct buf *headers)
{
	struct slice text;
	int64_t      level;

	if (!js_header_get(m->headers, SLICE("Nats-Required-Api-Level"),
	    &text))
		return true;
	js_headers_begin_without(headers, m->headers, is_level);
	js_headers_end(headers);
	return text_parse_i64(text, &level) && level <= JS_API_LEVEL;
}

static uint64_t max_msgs(const struct js *js)
{
	return js->config.batch.max_msgs;
}

/* The one that it is of, or a new one.  NULL and *e. */
static struct batch *enter(struct stream *s, const struct batch_msg *m,
    uint64_t seq, struct js_error *e)
{
	struct js    *js = stream_js(s);
	struct batch *b = find(s, m->id);

	if (b != NULL)
		return b;
	if (seq != 1) {
		if (seq > max_msgs(js))
			js_fail_with(e, 10199, "%llu",
			    (unsigned long long)max_msgs(js));
		else
			js_fail(e, 10176);
		return NULL;
	}
	if (s->n_batches >= js->config.batch.max_per_stream ||
	    js->n_batches >= js->config.batch.max_in_all) {
		js_fail(e, 10210);
		return NULL;
	}
	b = create(s, m->id);
	if (b == NULL)
		js_fail_with(e, 10077, "%s", err_text(ERR_NOMEM));
	return b;
}

static void refuse(struct batch *b, const char *reason,
    const struct batch_msg *m, const struct js_error *e)
{
	stream_refuse(b->stream, m->reply, e);
	if (reason != NULL)
		abandon(b, reason);
	else
		destroy(b);
}

static void put_commit(struct batch *b)
{
	struct staged   *last = b->v[b->n - 1];
	struct batch_msg m = { .subject = last->subject,
		.payload = last->payload };
	struct buf       headers = { 0 };

	js_headers_begin(&headers, last->headers);
	js_header_put(&headers, "Nats-Batch-Commit", SLICE("1"));
	js_headers_end(&headers);
	b->n--;
	if (buf_failed(&headers) || !stage(b, &m, buf_slice(&headers)))
		b->n++;		/* an opening after a crash may undo it */
	else
		free(last);
	buf_fini(&headers);
}

/* It belongs to b, at this place. */
static void take(struct batch *b, const struct batch_msg *m, uint64_t seq,
    enum ending end)
{
	struct stream  *s = b->stream;
	struct js      *js = stream_js(s);
	struct js_error e = { 0 };
	struct buf      headers = { 0 };

	if (!take_level(m, &headers)) {
		js_fail(&e, 10185);
		refuse(b, "unsupported", m, &e);
	} else if (end == NO_ENDING) {
		js_fail(&e, 10200);
		refuse(b, NULL, m, &e);
	} else if (seq != b->n + 1 || (seq == 1 && end == BEFORE_THIS)) {
		js_fail(&e, 10176);
		refuse(b, "incomplete", m, &e);
	} else if (seq > max_msgs(js) && end != BEFORE_THIS) {
		js_fail_with(&e, 10199, "%llu",
		    (unsigned long long)max_msgs(js));
		refuse(b, "large", m, &e);
	} else if (end == BEFORE_THIS) {
		put_commit(b);
		commit(b, m->reply);
	} else if (!stage(b, m, headers.n > 0 ? buf_slice(&headers)
	    : m->headers)) {
		js_fail(&e, 10023);
		refuse(b, "large", m, &e);
	} else if (end == WITH_THIS) {
		commit(b, m->reply);
	} else {
		timer_set(js->host.timers, &b->timer, stream_now(s) +
		    js->config.batch.timeout_ns);
		if (m->reply.n > 0 && !s->config->no_ack)
			js_send(js, &(struct js_out){ .subject = m->reply,
				.account = s->account->core });
	}
	buf_fini(&headers);
}

void batch_take(struct stream *s, const struct batch_msg *m)
{
	struct js_error e = { 0 };
	struct batch   *b = NULL;
	uint64_t        seq;

	if (check(s, m, &seq, &e))
		b = enter(s, m, seq, &e);
	if (b != NULL)
		take(b, m, seq, ending_of(m));
	else
		stream_refuse(s, m->reply, &e);
}

/* ---- recovery --------------------------------------------------------------- */

/* Of the message at seq, which is of an atomic batch: its id, its place, and
 * whether it is the last.  False: it is no such message. */
static bool read_place(struct store *store, uint64_t seq, struct store_msg *m,
    struct slice *id, uint64_t *place, bool *is_last)
{
	struct slice text;

	if (store_read(store, seq, m) != 0 || m->hdr.n == 0 ||
	    !js_header_get(m->hdr, SLICE("Nats-Batch-Id"), id) || id->n == 0 ||
	    !js_header_get(m->hdr, SLICE("Nats-Batch-Sequence"), &text) ||
	    !text_parse_u64(text, place))
		return false;
	*is_last = js_header_get(m->hdr, SLICE("Nats-Batch-Commit"), &text);
	return true;
}

/* Whether id is first's, which is what it says when it is empty. */
static bool is_same(struct buf *first, struct slice id)
{
	if (first->n == 0)
		buf_put_slice(first, id);
	return slice_eq(id, buf_slice(first));
}

/* The first message of the batch that is unfinished at seq, its last so far;
 * seq + 1: none is. */
static uint64_t first_before(struct store *store, uint64_t seq)
{
	struct store_msg m = { 0 };
	struct buf       id = { 0 };
	struct slice     found;
	uint64_t         first = seq + 1, place = 2;
	bool             is_last;

	for (; place > 1 && seq > 0 && read_place(store, seq, &m, &found,
	    &place, &is_last) && !is_last && is_same(&id, found); seq--)
		first = seq;
	store_msg_fini(&m);
	buf_fini(&id);
	return first;
}

/* The last message of the batch whose beginning was before seq; seq - 1: there
 * is none. */
static uint64_t last_after(struct store *store, uint64_t seq)
{
	struct store_msg m = { 0 };
	struct buf       id = { 0 };
	struct slice     found;
	uint64_t         last = seq - 1, place;
	bool             is_last = false;

	for (; !is_last && read_place(store, seq, &m, &found, &place,
	    &is_last) && place > 1 && is_same(&id, found); seq++)
		last = seq;
	store_msg_fini(&m);
	buf_fini(&id);
	return last;
}

static void drop(struct store *store, uint64_t first, uint64_t last)
{
	for (uint64_t seq = first; seq <= last; seq++)
		store_delete(store, seq, STORE_DELETE, NULL);
}

void batch_cut_off(struct store *store, uint64_t first_seq, uint64_t last_seq)
{
	drop(store, first_before(store, first_seq - 1), first_seq - 1);
	drop(store, last_seq + 1, last_after(store, last_seq + 1));
}

void batch_recover(struct stream *s)
{
	uint64_t last = store_last_seq(s->store);

	if (s->config->allow_atomic)
		drop(s->store, first_before(s->store, last), last);
}
