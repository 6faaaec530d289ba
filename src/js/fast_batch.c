/* js/fast_batch.c - batches that tell the publisher how fast to go. */
#include "js/fast_batch.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "js/publish.h"
#include "js/stream_int.h"

enum { ID_MAX = 64, FLOW_MAX = 65535, FLOW_DEFAULT = 10, FLOW_IN_ALL = 500,
	PER_STREAM_MAX = 1000, IN_ALL_MAX = 50000 };

#define TIMEOUT_NS (10 * NS_PER_S)

enum operation { START, APPEND, COMMIT, COMMIT_BEFORE, PING, N_OPERATIONS };

struct fast_batch {
	struct list    link;	/* in s->fast_batches */
	struct stream *stream;
	struct timer   timer;
	uint64_t       received, acked;	/* places */
	uint64_t       last_seq;	/* of the stream; 0: nothing stored */
	uint64_t       requested, flow;	/* messages for each ack */
	bool           bears_gaps;
	size_t         n_id;
	char           id[ID_MAX];
};

/* What the reply subject says. */
struct control {
	struct slice   reply, id;
	uint64_t       flow, place;
	bool           bears_gaps;
	enum operation op;
};

/* ---- the reply subject ------------------------------------------------------ */

#define SUFFIX SLICE(".$FI")

bool fast_batch_is(struct slice reply)
{
	return reply.n > SUFFIX.n && slice_eq(slice_skip(reply,
	    reply.n - SUFFIX.n), SUFFIX);
}

/* The last token; false: there is none, or it is the first. */
static bool take_last(struct slice *s, struct slice *token)
{
	size_t n = s->n;

	while (n > 0 && s->p[n - 1] != '.')
		n--;
	if (n == 0)
		return false;
	*token = slice_skip(*s, n);
	s->n = n - 1;
	return token->n > 0;
}

static bool read_flow(struct slice text, uint64_t *flow)
{
	int64_t n;

	if (!text_parse_i64(text, &n) || n <= 0)
		n = FLOW_DEFAULT;
	*flow = n > FLOW_MAX ? FLOW_MAX : (uint64_t)n;
	return true;
}

static bool read_control(struct slice reply, struct control *c)
{
	struct slice rest = slice_of(reply.p, reply.n - SUFFIX.n);
	struct slice op, place, gap, flow;
	uint64_t     n;

	*c = (struct control){ .reply = reply };
	if (!take_last(&rest, &op) || !take_last(&rest, &place) ||
	    !take_last(&rest, &gap) || !take_last(&rest, &flow) ||
	    !take_last(&rest, &c->id) || !read_flow(flow, &c->flow) ||
	    !text_parse_u64(op, &n) || n >= N_OPERATIONS ||
	    !text_parse_u64(place, &c->place) || c->place == 0)
		return false;
	c->op = (enum operation)n;
	c->bears_gaps = slice_eq(gap, SLICE("ok"));
	if (!c->bears_gaps && !slice_eq(gap, SLICE("fail")))
		return false;
	return c->op == START ? c->place == 1
	    : c->op == APPEND || c->op == COMMIT_BEFORE ? c->place > 1 : true;
}

/* ---- life ------------------------------------------------------------------- */

static void destroy(struct fast_batch *b)
{
	struct js *js = stream_js(b->stream);

	list_remove(&b->link);
	timer_clear(js->host.timers, &b->timer);
	b->stream->n_fast_batches--;
	js->n_fast_batches--;
	free(b);
}

static void on_timer(struct timer *t, int64_t now_ns)
{
	(void)now_ns;
	destroy(CONTAINER_OF(t, struct fast_batch, timer));
}

static struct fast_batch *find(const struct stream *s, struct slice id)
{
	LIST_EACH (l, &s->fast_batches) {
		struct fast_batch *b = CONTAINER_OF(l, struct fast_batch,
		    link);

		if (slice_eq(slice_of(b->id, b->n_id), id))
			return b;
	}
	return NULL;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static struct fast_batch *create(struct stream *s, const struct control *c)
{
	struct fast_batch *b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	b->stream = s;
	b->timer.fire = on_timer;
	b->requested = c->flow;
	b->flow = s->n_fast_batches == 0 ? smaller(FLOW_IN_ALL, c->flow) : 1;
	b->bears_gaps = c->bears_gaps;
	b->n_id = c->id.n;
	memcpy(b->id, c->id.p, c->id.n);
	list_append(&s->fast_batches, &b->link);
	s->n_fast_batches++;
	stream_js(s)->n_fast_batches++;
	return b;
}

void fast_batch_drop_all(struct stream *s)
{
	LIST_EACH (l, &s->fast_batches)
		destroy(CONTAINER_OF(l, struct fast_batch, link));
}

/* ---- what is said ----------------------------------------------------------- */

static void say(struct stream *s, struct slice reply, const struct buf *text,
    bool waits)
{
	if (waits)
		stream_say_durable(s, reply, SLICE_NONE, buf_slice(text));
	else
		js_send(stream_js(s), &(struct js_out){ .subject = reply,
			.account = s->account->core,
			.payload = buf_slice(text) });
}

static void say_flow(struct fast_batch *b, struct slice reply, uint64_t place,
    bool waits)
{
	struct buf text = { 0 };

	buf_printf(&text, "{\"type\":\"ack\",\"seq\":%llu,\"msgs\":%llu}",
	    (unsigned long long)place, (unsigned long long)b->flow);
	say(b->stream, reply, &text, waits);
	buf_fini(&text);
}

/* place: of what has come, while the next one was due. */
static void say_gap(struct fast_batch *b, struct slice reply, uint64_t place)
{
	struct buf text = { 0 };

	buf_printf(&text, "{\"type\":\"gap\",\"last_seq\":%llu,\"seq\":%llu}",
	    (unsigned long long)(b->received + 1),
	    (unsigned long long)place);
	say(b->stream, reply, &text, false);
	buf_fini(&text);
}

static void say_error(struct fast_batch *b, const struct control *c,
    const struct js_error *e)
{
	struct buf          text = { 0 };
	struct json_writer *w = JSON_INTO(&text, 0);

	json_begin_object(w);
	json_key(w, "type");
	json_cstr(w, "err");
	json_key(w, "seq");
	json_u64(w, c->place);
	json_key(w, "error");
	js_error_write(e, w);
	json_end_object(w);
	say(b->stream, c->reply, &text, false);
	buf_fini(&text);
}

/* The publisher hears where its batch ended, and it is gone. */
static void finish(struct fast_batch *b, struct slice reply)
{
	struct buf extra = { 0 };

	buf_put_str(&extra, ",\"batch\":");
	json_quote(&extra, slice_of(b->id, b->n_id));
	buf_put_str(&extra, ",\"count\":");
	buf_put_u64(&extra, b->received);
	stream_ack(b->stream, reply, b->last_seq, buf_slice(&extra));
	buf_fini(&extra);
	destroy(b);
}

/* As many batches as there are share what the stream can take. */
static void adjust_flow(struct fast_batch *b)
{
	uint64_t share = FLOW_IN_ALL / b->stream->n_fast_batches;
	uint64_t target = smaller(share > 0 ? share : 1, b->requested);

	if (b->flow < target)
		b->flow = smaller(2 * b->flow, target);
	else if (b->flow > target)
		b->flow = b->flow / 2 > target ? b->flow / 2 : target;
}

/* ---- what comes ------------------------------------------------------------- */

struct fast_msg {
	struct slice subject, headers, payload;
};

/* False: the batch is gone. */
static bool refuse(struct fast_batch *b, const struct control *c,
    struct publish *p)
{
	bool is_first = c->place == 1 && !b->bears_gaps;

	if (p->end == PUBLISH_DUPLICATE)
		return true;
	if (is_first)
		stream_refuse(b->stream, c->reply, &p->e);
	else
		say_error(b, c, &p->e);
	if (b->bears_gaps)
		return true;
	if (is_first)
		destroy(b);
	else
		finish(b, c->reply);
	return false;
}

/* False: the batch is gone. */
static bool store(struct fast_batch *b, const struct control *c,
    const struct fast_msg *m)
{
	struct publish p;
	bool           goes_on = true;

	publish_begin(&p, b->stream, m->subject, m->headers, m->payload);
	if (publish_check(&p) == PUBLISH_GOES && !publish_store(&p))
		p.end = PUBLISH_REFUSED;
	if (p.end == PUBLISH_GOES || p.end == PUBLISH_UNWANTED)
		b->last_seq = p.seq;
	else
		goes_on = refuse(b, c, &p);
	publish_fini(&p);
	return goes_on;
}

/* True: it is the next one, or what is missing may be. */
static bool bears(struct fast_batch *b, const struct control *c)
{
	if (c->place <= b->received + 1)
		return true;
	say_gap(b, c->reply, c->place);
	if (b->bears_gaps)
		return true;
	finish(b, c->reply);
	return false;
}

static void ping(struct fast_batch *b, const struct control *c)
{
	if (c->place > b->received) {
		say_gap(b, c->reply, c->place + 1);
		if (!b->bears_gaps) {
			finish(b, c->reply);
			return;
		}
	}
	say_flow(b, c->reply, b->acked, true);
}

static void append(struct fast_batch *b, const struct control *c,
    const struct fast_msg *m)
{
	if (!bears(b, c))
		return;
	if (c->place <= b->received && c->place > 1)
		return;		/* it has come */
	if (c->op == COMMIT_BEFORE) {
		finish(b, c->reply);
		return;
	}
	if (c->op == START)
		say_flow(b, c->reply, 0, false);
	if (!store(b, c, m))
		return;
	b->received = c->place;
	if (c->op == COMMIT) {
		finish(b, c->reply);
	} else if (b->received >= b->acked + b->flow) {
		b->acked = b->received;
		adjust_flow(b);
		say_flow(b, c->reply, b->acked, true);
	}
}

static struct fast_batch *enter(struct stream *s, const struct control *c,
    struct js_error *e)
{
	struct js         *js = stream_js(s);
	struct fast_batch *b = find(s, c->id);

	if (b != NULL && c->place > 1)
		return b;
	if (b != NULL && c->op != PING)
		destroy(b);	/* it begins anew */
	else if (b != NULL)
		return b;
	if (c->place != 1 || c->op == PING) {
		js_fail(e, 10208);
		return NULL;
	}
	if (s->n_fast_batches >= PER_STREAM_MAX ||
	    js->n_fast_batches >= IN_ALL_MAX) {
		js_fail(e, 10211);
		return NULL;
	}
	b = create(s, c);
	if (b == NULL)
		js_fail_with(e, 10077, "%s", err_text(ERR_NOMEM));
	return b;
}

void fast_batch_take(struct stream *s, struct slice subject,
    struct slice reply, struct slice headers, struct slice payload)
{
	const struct fast_msg m = { subject, headers, payload };
	struct fast_batch    *b = NULL;
	struct js_error       e = { 0 };
	struct control        c;

	if (!s->config->allow_batched)
		js_fail(&e, 10205);
	else if (!read_control(reply, &c))
		js_fail(&e, 10206);
	else if (c.id.n > ID_MAX)
		js_fail(&e, 10207);
	else
		b = enter(s, &c, &e);
	if (b == NULL) {
		stream_refuse(s, reply, &e);
		return;
	}
	timer_set(stream_js(s)->host.timers, &b->timer, stream_now(s) +
	    TIMEOUT_NS);
	if (c.op == PING)
		ping(b, &c);
	else
		append(b, &c, &m);
}
