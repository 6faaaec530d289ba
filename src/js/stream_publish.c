/* js/stream_publish.c - may this message be stored?
 *
 * One function for each check of section 5.3, in its order: clients see which
 * of several reasons comes first.  A check that ends the matter without being an
 * error (a duplicate, nobody interested) sets is_settled.
 */
#include "js/stream_int.h"

#include "base/err.h"
#include "base/text.h"
#include "core/msg.h"
#include "core/transform.h"
#include "js/consumer.h"
#include "js/dedup.h"
#include "js/errors.h"
#include "js/headers.h"
#include "proto/subject.h"

enum { HEADERS_MAX = 65535, RECORD_MAX = 32 << 20 };

struct publish {
	struct stream   *s;
	struct slice     subject, reply, headers, payload;
	struct slice     msg_id, rollup;	/* empty: none */
	int64_t          ttl_s;		/* 0: none, -1: never */
	struct buf       raised;	/* headers with another TTL */
	bool             is_settled;
	struct js_error  e;
};

static bool header(const struct publish *p, const char *name,
    struct slice *value)
{
	return p->headers.n > 0 && js_header_get(p->headers, slice_str(name),
	    value);
}

/* A number that is none is one that nothing equals. */
static bool header_u64(const struct publish *p, const char *name, uint64_t *n)
{
	struct slice text;

	if (!header(p, name, &text))
		return false;
	if (!text_parse_u64(text, n))
		*n = UINT64_MAX;
	return true;
}

static bool check_open(struct publish *p)
{
	if (p->subject.n + p->headers.n + p->payload.n > RECORD_MAX)
		return js_fail_with(&p->e, 10077, "message too large");
	if (p->s->config->sealed)
		return js_fail(&p->e, 10109);
	return p->s->error == 0 ||
	    js_fail_with(&p->e, 10077, "%s", err_text(p->s->error));
}

/* What asks for a part that is not there. */
static bool check_features(struct publish *p)
{
	static const struct {
		const char *name;
		unsigned    code;
	} rows[] = {
		{ "Nats-Incr", 10168 }, { "Nats-Batch-Id", 10174 },
		{ "Nats-Schedule", 10188 },
	};
	struct slice text;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (header(p, rows[i].name, &text) && text.n > 0)
			return js_fail(&p->e, rows[i].code);
	return true;
}

static bool check_stream(struct publish *p)
{
	struct slice name;

	return !header(p, "Nats-Expected-Stream", &name) ||
	    slice_eq(name, p->s->name) || js_fail(&p->e, 10060);
}

static bool check_ttl(struct publish *p)
{
	struct slice text;

	return !header(p, "Nats-TTL", &text) || text.n == 0 ||
	    !ttl_read(text, &p->ttl_s) || p->s->config->allow_msg_ttl ||
	    js_fail(&p->e, 10166);
}

/* Long after the check above: what is malformed comes near the end. */
static bool check_ttl_text(struct publish *p)
{
	struct slice text;

	return p->ttl_s != 0 || !header(p, "Nats-TTL", &text) ||
	    text.n == 0 || js_fail(&p->e, 10165);
}

static void remember_id(struct publish *p, uint64_t seq)
{
	if (p->msg_id.n == 0)
		return;
	dedup_add(p->s->dedup, p->msg_id, seq, p->s->last_ts_ns);
	expiry_by(p->s, p->s->last_ts_ns, p->s->config->duplicate_window_ns);
}

static bool check_last_subject_seq(struct publish *p)
{
	struct slice subject = p->subject;
	uint64_t     want, have = 0;
	bool         has_subject = header(p,
	    "Nats-Expected-Last-Subject-Sequence-Subject", &subject);

	if (!header_u64(p, "Nats-Expected-Last-Subject-Sequence", &want))
		return !has_subject || js_fail(&p->e, 10193);
	if (!subject_is_valid(subject) || store_find_last(p->s->store, subject,
	    UINT64_MAX, &have) != 0)
		have = 0;
	return want == have || js_fail_with(&p->e, 10071, "%llu",
	    (unsigned long long)have);
}

static bool check_last_seq(struct publish *p)
{
	struct store_state st;
	uint64_t           want;

	if (!header_u64(p, "Nats-Expected-Last-Sequence", &want))
		return true;
	store_get_state(p->s->store, &st);
	return want == st.last_seq || js_fail_with(&p->e, 10071, "%llu",
	    (unsigned long long)st.last_seq);
}

static bool check_duplicate(struct publish *p)
{
	uint64_t seq;

	if (p->s->dedup == NULL || !header(p, "Nats-Msg-Id", &p->msg_id) ||
	    p->msg_id.n == 0 || !dedup_find(p->s->dedup, p->msg_id, &seq))
		return true;
	stream_ack(p->s, p->reply, seq, SLICE(",\"duplicate\": true"));
	p->is_settled = true;
	return true;
}

static bool check_last_id(struct publish *p)
{
	struct slice want, have = buf_slice(p->s->last_msg_id);

	return !header(p, "Nats-Expected-Last-Msg-Id", &want) ||
	    slice_eq(want, have) ||
	    js_fail_with(&p->e, 10070, "%.*s", SLICE_ARG(have));
}

static bool check_rollup(struct publish *p)
{
	if (!header(p, "Nats-Rollup", &p->rollup) || p->rollup.n == 0)
		return true;
	if (!p->s->config->allow_rollup || p->s->config->deny_purge)
		return js_fail_with(&p->e, 10111, "rollup not permitted");
	if (slice_eq_nocase(p->rollup, SLICE("sub")) ||
	    slice_eq_nocase(p->rollup, SLICE("all")))
		return true;
	return js_fail_with(&p->e, 10111, "rollup value invalid: \"%.*s\"",
	    SLICE_ARG(p->rollup));
}

static bool check_size(struct publish *p)
{
	int64_t max = p->s->config->max_msg_size;

	if (max >= 0 && p->headers.n + p->payload.n > (uint64_t)max)
		return js_fail(&p->e, 10054);
	return p->headers.n <= HEADERS_MAX || js_fail(&p->e, 10097);
}

/* Nobody wants it: the sequence is taken all the same. */
static bool check_interest(struct publish *p)
{
	uint64_t seq;
	int      err;

	if (p->s->config->retention != RETENTION_INTEREST ||
	    stream_has_interest(p->s, p->subject))
		return true;
	err = store_skip(p->s->store, stream_ts(p->s), &seq);
	if (err != 0)
		return js_fail_with(&p->e, 10077, "%s", err_text(err));
	remember_id(p, seq);
	stream_ack(p->s, p->reply, seq, SLICE_NONE);
	p->is_settled = true;
	return true;
}

static bool check_limits(struct publish *p)
{
	const struct js_account *a = p->s->account;
	bool   is_memory = p->s->config->storage == STORAGE_MEMORY;
	size_t size = stream_msg_cost(p->s, p->subject, p->headers, p->payload);
	int64_t server = is_memory ? a->js->config.max_memory
	    : a->js->config.max_storage;
	int64_t account = is_memory ? a->limits.max_memory
	    : a->limits.max_storage;
	uint64_t of_server = is_memory ? a->js->memory_used
	    : a->js->storage_used;
	uint64_t of_account = is_memory ? a->memory_used : a->storage_used;

	if (server > 0 && of_server + size > (uint64_t)server)
		return js_fail(&p->e, 10023);
	if (account >= 0 && of_account + size > (uint64_t)account)
		return js_fail(&p->e, 10002);
	return stream_has_room(p->s, p->subject, size, p->rollup.n > 0, &p->e);
}

/* A marker that goes too soon would let the message it hides come back. */
static void raise_ttl(struct publish *p)
{
	int64_t     least = p->s->config->marker_ttl_ns / NS_PER_S;
	/* not scratch, where the headers that are read may lie */
	struct buf *b = &p->raised, text = { 0 };

	if (p->ttl_s <= 0 || p->ttl_s >= least ||
	    p->s->config->max_msgs_per_subject == 1)
		return;
	p->ttl_s = least;
	buf_put_i64(&text, least);
	js_headers_begin_without(b, p->headers, js_header_is_ttl);
	js_header_put(b, "Nats-TTL", buf_slice(&text));
	js_headers_end(b);
	if (!buf_failed(b))
		p->headers = buf_slice(b);
	buf_fini(&text);
}

static void roll_up(struct publish *p)
{
	struct stream_purge_what what = { .keep = 1 };
	struct js_error          e;
	uint64_t                 n;

	if (p->rollup.n == 0)
		return;
	if (slice_eq_nocase(p->rollup, SLICE("sub")))
		what.filter = p->subject;
	stream_purge_now(p->s, &what, &n, &e);
}

static void remember(struct publish *p, uint64_t seq)
{
	struct buf *last = p->s->last_msg_id;

	remember_id(p, seq);
	if (p->msg_id.n > 0 || last->n > 0) {
		buf_reset(last);
		buf_put_slice(last, p->msg_id);
	}
	if (p->ttl_s != 0)
		expiry_add(p->s, seq, p->s->last_ts_ns, p->ttl_s);
}

static bool store_it(struct publish *p)
{
	uint64_t seq;
	int      err;

	raise_ttl(p);
	err = stream_append(p->s, p->subject, p->headers, p->payload,
	    stream_ts(p->s), &seq);
	if (err == ERR_BUSY)
		return js_fail(&p->e, 10167);
	if (err == ERR_NOSPC)
		return js_fail(&p->e, 10023);
	if (err != 0)
		return js_fail_with(&p->e, 10077, "%s", err == ERR_LIMIT
		    ? "message too large" : err_text(err));
	remember(p, seq);
	roll_up(p);
	stream_ack(p->s, p->reply, seq, SLICE_NONE);
	return true;
}

static void transform(struct publish *p, struct buf *to)
{
	const struct transform *t = p->s->transform;

	if (t == NULL || !subject_matches(p->subject, t->source))
		return;
	transform_apply(t, p->subject, to);
	if (!buf_failed(to))
		p->subject = buf_slice(to);
}

void stream_publish(struct stream *s, struct slice subject, struct slice reply,
    struct slice headers, struct slice payload)
{
	static bool (*const checks[])(struct publish *) = {
		check_open, check_features, check_stream, check_ttl,
		check_last_subject_seq, check_last_seq, check_duplicate,
		check_last_id, check_rollup, check_size, check_interest,
		check_limits, check_ttl_text, store_it,
	};
	struct publish p = { .s = s, .subject = subject, .reply = reply,
		.headers = headers, .payload = payload };
	struct buf     to = { 0 };

	transform(&p, &to);
	for (size_t i = 0; i < sizeof checks / sizeof checks[0] &&
	    !p.is_settled; i++)
		if (!checks[i](&p)) {
			stream_refuse(s, reply, &p.e);
			break;
		}
	buf_fini(&to);
	buf_fini(&p.raised);
}

/* A status line of one's own, and what only servers may say, are not kept. */
static struct slice cleaned(struct stream *s, struct slice headers)
{
	struct slice info;
	bool         is_plain = slice_has_prefix(headers, SLICE("NATS/1.0\r\n"));

	if (headers.n == 0 || (is_plain && !js_header_get(headers,
	    SLICE("Nats-Request-Info"), &info)))
		return headers;
	buf_reset(s->scratch);
	js_headers_begin_without(s->scratch, headers, js_header_is_servers);
	js_headers_end(s->scratch);
	return buf_failed(s->scratch) ? headers : buf_slice(s->scratch);
}

void stream_take(void *ctx, const struct run *run)
{
	struct stream *s = ctx;

	for (uint32_t i = 0; i < run->n; i++) {
		const struct msg *m = &run->msgs[i];

		stream_publish(s, run->subject, m->reply,
		    cleaned(s, msg_headers(m)), msg_payload(m));
	}
	js_mark_dirty(stream_js(s), s);
}
