/* js/stream_publish.c - may this message be stored?
 *
 * One function for each check of section 5.3, in its order: clients see which
 * of several reasons comes first.  A check that ends the matter without being an
 * error (a duplicate, nobody interested) says so in p->end.
 */
#include "js/stream_int.h"

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "core/msg.h"
#include "core/transform.h"
#include "js/batch.h"
#include "js/consumer.h"
#include "js/dedup.h"
#include "js/fast_batch.h"
#include "js/headers.h"
#include "js/publish.h"
#include "proto/subject.h"

enum { HEADERS_MAX = 65535, RECORD_MAX = 32 << 20 };

/* ---- headers ---------------------------------------------------------------- */

bool publish_header(const struct publish *p, const char *name,
    struct slice *value)
{
	return p->headers.n > 0 && js_header_get(p->headers, slice_str(name),
	    value);
}

/* A number that is none is one that nothing equals. */
static bool header_u64(const struct publish *p, const char *name, uint64_t *n)
{
	struct slice text;

	if (!publish_header(p, name, &text))
		return false;
	if (!text_parse_u64(text, n))
		*n = UINT64_MAX;
	return true;
}

void publish_put_header(struct publish *p, bool (*drop)(struct slice name),
    const char *name, struct slice value)
{
	struct buf b = { 0 };

	if (drop == NULL)
		js_headers_begin(&b, p->headers);
	else
		js_headers_begin_without(&b, p->headers, drop);
	if (name != NULL)
		js_header_put(&b, name, value);
	js_headers_end(&b);
	if (buf_failed(&b)) {
		buf_fini(&b);
		return;
	}
	buf_fini(&p->made);	/* what the old ones may have lain in */
	p->made = b;
	p->headers = buf_slice(&p->made);
}

/* ---- checks ----------------------------------------------------------------- */

static bool check_open(struct publish *p)
{
	if (p->subject.n + p->headers.n + p->payload.n > RECORD_MAX)
		return js_fail_with(&p->e, 10077, "message too large");
	if (p->s->config->sealed)
		return js_fail(&p->e, 10109);
	return p->s->error == 0 ||
	    js_fail_with(&p->e, 10077, "%s", err_text(p->s->error));
}

static bool check_size(struct publish *p)
{
	int64_t max = p->s->config->max_msg_size;

	if (max >= 0 && p->headers.n + p->payload.n > (uint64_t)max)
		return js_fail(&p->e, 10054);
	return p->headers.n <= HEADERS_MAX || js_fail(&p->e, 10097);
}

/* Which stream it is from is for the server to say. */
static bool check_origin(struct publish *p)
{
	struct slice text;

	return !publish_header(p, "Nats-Stream-Source", &text) ||
	    js_fail(&p->e, 10227);
}

static bool check_stream(struct publish *p)
{
	struct slice name;

	return !publish_header(p, "Nats-Expected-Stream", &name) ||
	    slice_eq(name, p->s->name) || js_fail(&p->e, 10060);
}

static bool check_ttl(struct publish *p)
{
	struct slice text;

	return !publish_header(p, "Nats-TTL", &text) || text.n == 0 ||
	    !ttl_read(text, &p->ttl_s) || p->s->config->allow_msg_ttl ||
	    js_fail(&p->e, 10166);
}

/* Long after the check above: what is malformed comes near the end. */
static bool check_ttl_text(struct publish *p)
{
	struct slice text;

	return p->ttl_s != 0 || !publish_header(p, "Nats-TTL", &text) ||
	    text.n == 0 || js_fail(&p->e, 10165);
}

/* Has an earlier one of the batch been on such a subject? */
static bool is_in_batch(const struct publish *p, struct slice subject)
{
	uint64_t at;

	if (p->batch == NULL)
		return false;
	if (subject_is_literal(subject))
		return dedup_find(p->batch->subjects, subject, &at);
	for (size_t i = 0; i < p->batch->n; i++)
		if (subject_matches(p->batch->v[i].subject, subject))
			return true;
	return false;
}

static bool check_last_subject_seq(struct publish *p)
{
	struct slice subject = p->subject;
	uint64_t     want, have = 0;
	bool         has_subject = publish_header(p,
	    "Nats-Expected-Last-Subject-Sequence-Subject", &subject);

	if (!header_u64(p, "Nats-Expected-Last-Subject-Sequence", &want))
		return !has_subject || js_fail(&p->e, 10193);
	if (subject_is_valid(subject) && is_in_batch(p, subject))
		return js_fail(&p->e, 10164);
	if (!subject_is_valid(subject) || store_find_last(p->s->store, subject,
	    UINT64_MAX, &have) != 0)
		have = 0;
	return want == have || js_fail_with(&p->e, 10071, "%llu",
	    (unsigned long long)have);
}

static bool check_last_seq(struct publish *p)
{
	uint64_t want, have = store_last_seq(p->s->store);

	if (!header_u64(p, "Nats-Expected-Last-Sequence", &want))
		return true;
	if (p->batch != NULL)
		have += p->batch->n;
	if (want == have && p->batch != NULL && p->batch->n > 0)
		return js_fail(&p->e, 10164);
	return want == have || js_fail_with(&p->e, 10071, "%llu",
	    (unsigned long long)have);
}

static bool check_duplicate(struct publish *p)
{
	uint64_t seq;

	if (p->s->dedup == NULL || !publish_header(p, "Nats-Msg-Id",
	    &p->msg_id) || p->msg_id.n == 0)
		return true;
	if (p->batch != NULL)
		return (!dedup_find(p->s->dedup, p->msg_id, &seq) &&
		    !dedup_find(p->batch->ids, p->msg_id, &seq)) ||
		    js_fail(&p->e, 10201);
	if (dedup_find(p->s->dedup, p->msg_id, &p->seq))
		p->end = PUBLISH_DUPLICATE;
	return true;
}

static bool check_last_id(struct publish *p)
{
	struct slice want, have = buf_slice(p->s->last_msg_id);

	if (!publish_header(p, "Nats-Expected-Last-Msg-Id", &want))
		return true;
	if (p->batch != NULL)
		return js_fail_with(&p->e, 10177, "Nats-Expected-Last-Msg-Id");
	return slice_eq(want, have) ||
	    js_fail_with(&p->e, 10070, "%.*s", SLICE_ARG(have));
}

static bool check_rollup(struct publish *p)
{
	bool is_sub, is_all;

	if (!publish_header(p, "Nats-Rollup", &p->rollup) || p->rollup.n == 0)
		return true;
	if (!p->s->config->allow_rollup || p->s->config->deny_purge)
		return js_fail_with(&p->e, 10111, "rollup not permitted");
	is_sub = slice_eq_nocase(p->rollup, SLICE("sub"));
	is_all = slice_eq_nocase(p->rollup, SLICE("all"));
	if (is_sub && is_in_batch(p, p->subject))
		return js_fail_with(&p->e, 10111, "batch rollup sub invalid");
	if (is_all && p->batch != NULL && p->batch->n > 0)
		return js_fail_with(&p->e, 10111, "batch rollup all invalid");
	return is_sub || is_all || js_fail_with(&p->e, 10111,
	    "rollup value invalid: \"%.*s\"", SLICE_ARG(p->rollup));
}

/* What the server says itself it may. */
static bool take_rollup(struct publish *p)
{
	publish_header(p, "Nats-Rollup", &p->rollup);
	if (!slice_eq_nocase(p->rollup, SLICE("sub")) &&
	    !slice_eq_nocase(p->rollup, SLICE("all")))
		p->rollup = SLICE_NONE;
	return true;
}

/* What the message will take, with what came before it in its batch. */
static uint64_t size_of(const struct publish *p)
{
	return stream_msg_cost(p->s, p->subject, p->headers, p->payload) +
	    (p->batch != NULL ? p->batch->bytes : 0);
}

static bool check_server(struct publish *p)
{
	const struct js *js = p->s->account->js;
	bool     is_memory = p->s->config->storage == STORAGE_MEMORY;
	int64_t  max = is_memory ? js->config.max_memory
	    : js->config.max_storage;
	uint64_t used = is_memory ? js->memory_used : js->storage_used;

	return max <= 0 || used + size_of(p) <= (uint64_t)max ||
	    js_fail(&p->e, 10023);
}

/* Nobody wants it: the sequence is taken all the same. */
static bool check_interest(struct publish *p)
{
	int err;

	if (p->s->config->retention != RETENTION_INTEREST ||
	    stream_has_interest(p->s, p->subject))
		return true;
	if (p->batch == NULL && !p->is_only_checked) {
		err = store_skip(p->s->store, stream_ts(p->s), &p->seq);
		if (err != 0)
			return js_fail_with(&p->e, 10077, "%s", err_text(err));
	}
	p->end = PUBLISH_UNWANTED;
	return true;
}

static bool check_account(struct publish *p)
{
	const struct js_account *a = p->s->account;
	bool     is_memory = p->s->config->storage == STORAGE_MEMORY;
	int64_t  max = is_memory ? a->limits.max_memory
	    : a->limits.max_storage;
	uint64_t used = is_memory ? a->memory_used : a->storage_used;

	return max < 0 || used + size_of(p) <= (uint64_t)max ||
	    js_fail(&p->e, 10002);
}

static bool check_room(struct publish *p)
{
	return stream_has_room(p->s, p->subject, size_of(p),
	    p->batch == NULL ? 0 : p->batch->n, p->rollup.n > 0, &p->e);
}

/* A marker that goes too soon would let the message it hides come back. */
static bool raise_ttl(struct publish *p)
{
	int64_t    least = p->s->config->marker_ttl_ns / NS_PER_S;
	struct buf text = { 0 };

	if (p->ttl_s <= 0 || p->ttl_s >= least ||
	    p->s->config->max_msgs_per_subject == 1)
		return true;
	p->ttl_s = least;
	buf_put_i64(&text, least);
	publish_put_header(p, js_header_is_ttl, "Nats-TTL", buf_slice(&text));
	buf_fini(&text);
	return true;
}

static void transform(struct publish *p)
{
	const struct transform *t = p->s->transform;

	if (t == NULL || !subject_matches(p->subject, t->source))
		return;
	transform_apply(t, p->subject, &p->to);
	if (!buf_failed(&p->to))
		p->subject = buf_slice(&p->to);
}

void publish_begin(struct publish *p, struct stream *s, struct slice subject,
    struct slice headers, struct slice payload)
{
	*p = (struct publish){ .s = s, .subject = subject, .headers = headers,
		.payload = payload, .end = PUBLISH_GOES };
	transform(p);
}

void publish_begin_inside(struct publish *p, struct stream *s,
    struct slice subject, struct slice headers, struct slice payload)
{
	*p = (struct publish){ .s = s, .subject = subject, .headers = headers,
		.payload = payload, .end = PUBLISH_GOES };
}

typedef bool (*publish_checker)(struct publish *p);

static enum publish_end run_checks(struct publish *p,
    const publish_checker *checks, size_t n)
{
	for (size_t i = 0; i < n && p->end == PUBLISH_GOES; i++)
		if (!checks[i](p))
			p->end = PUBLISH_REFUSED;
	if (p->end == PUBLISH_UNWANTED && p->batch == NULL &&
	    !p->is_only_checked)
		publish_stored(p);
	return p->end;
}

enum publish_end publish_check(struct publish *p)
{
	static const publish_checker checks[] = {
		check_open, check_size, counter_check_header,
		check_stream, check_ttl, check_last_subject_seq, check_last_seq,
		schedule_check, check_origin, check_duplicate, check_last_id,
		check_rollup, counter_count, check_server, check_interest,
		check_account, check_room, check_ttl_text, raise_ttl,
	};

	return run_checks(p, checks, sizeof checks / sizeof checks[0]);
}

enum publish_end publish_check_inside(struct publish *p)
{
	static const publish_checker checks[] = {
		check_open, check_duplicate, take_rollup, counter_merge,
		check_server, check_interest, check_account, check_room,
	};

	return run_checks(p, checks, sizeof checks / sizeof checks[0]);
}

enum publish_end publish_check_mirrored(struct publish *p)
{
	static const publish_checker checks[] = {
		check_open, check_server, check_account,
	};

	return run_checks(p, checks, sizeof checks / sizeof checks[0]);
}

void publish_fini(struct publish *p)
{
	buf_fini(&p->to);
	buf_fini(&p->made);
	buf_fini(&p->sum);
}

/* ---- storing ---------------------------------------------------------------- */

static void remember_id(struct publish *p)
{
	if (p->msg_id.n == 0)
		return;
	dedup_add(p->s->dedup, p->msg_id, p->seq, p->s->last_ts_ns);
	expiry_by(p->s, p->s->last_ts_ns, p->s->config->duplicate_window_ns);
}

static void roll_up(struct publish *p)
{
	struct stream_purge_what what = { .seq = p->seq };
	struct js_error          e;
	uint64_t                 n;

	if (p->rollup.n == 0)
		return;
	if (slice_eq_nocase(p->rollup, SLICE("sub")))
		what.filter = p->subject;
	stream_purge_now(p->s, &what, &n, &e);
}

void publish_stored(struct publish *p)
{
	struct buf *last = p->s->last_msg_id;

	remember_id(p);
	if (p->msg_id.n > 0 || last->n > 0) {
		buf_reset(last);
		buf_put_slice(last, p->msg_id);
	}
	if (p->end != PUBLISH_UNWANTED)
		roll_up(p);
}

bool publish_fail(struct publish *p, int err)
{
	if (err == ERR_BUSY)
		return js_fail(&p->e, 10167);
	js_note_room(p->s, err);
	if (err == ERR_NOSPC)
		return js_fail(&p->e, 10023);
	return js_fail_with(&p->e, 10077, "%s", err == ERR_LIMIT
	    ? "message too large" : err_text(err));
}

bool publish_store(struct publish *p)
{
	int err = stream_append(p->s, p->subject, p->headers, p->payload,
	    stream_ts(p->s), &p->seq);

	if (err != 0)
		return publish_fail(p, err);
	publish_stored(p);
	return true;
}

/* ,"val":"..": what the acknowledgement of a counter says besides. */
static void put_extra(const struct publish *p, struct buf *out)
{
	if (p->counter.n == 0)
		return;
	buf_put_str(out, ",\"val\":\"");
	buf_put_slice(out, p->counter);
	buf_put_char(out, '"');
}

static void acknowledge(struct publish *p, struct slice reply)
{
	struct buf extra = { 0 };

	put_extra(p, &extra);
	stream_ack(p->s, reply, p->seq, buf_slice(&extra));
	buf_fini(&extra);
}

/* ---- what comes ------------------------------------------------------------- */

static void publish_and_answer(struct publish *p, struct slice reply)
{
	if (publish_check(p) == PUBLISH_GOES && !p->is_only_checked &&
	    !publish_store(p))
		p->end = PUBLISH_REFUSED;
	if (p->is_only_checked)
		return;
	if (p->end == PUBLISH_REFUSED)
		stream_refuse(p->s, reply, &p->e);
	else if (p->end == PUBLISH_DUPLICATE)
		stream_ack(p->s, reply, p->seq,
		    SLICE(",\"duplicate\": true"));
	else
		acknowledge(p, reply);
}

static void publish_one(struct stream *s, struct slice subject,
    struct slice reply, struct slice headers, struct slice payload)
{
	struct publish p;

	publish_begin(&p, s, subject, headers, payload);
	publish_and_answer(&p, reply);
	publish_fini(&p);
}

void stream_publish(struct stream *s, struct slice subject, struct slice reply,
    struct slice headers, struct slice payload)
{
	struct slice id;

	if (headers.n > 0 && js_header_get(headers, SLICE("Nats-Batch-Id"),
	    &id) && id.n > 0)
		batch_take(s, &(struct batch_msg){ id, subject, reply, headers,
		    payload });
	else if (fast_batch_is(reply))
		fast_batch_take(s, subject, reply, headers, payload);
	else
		publish_one(s, subject, reply, headers, payload);
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

/* As nats-server's store says it, where that is not what publishers hear. */
static struct slice trace_error(const struct publish *p)
{
	if (p->end == PUBLISH_DUPLICATE)
		return SLICE("msgid is duplicate");
	if (p->end != PUBLISH_REFUSED)
		return SLICE_NONE;
	return p->e.err_code == 10054 ? SLICE("maximum payload exceeded")
	    : slice_str(p->e.text);
}

/* Of atomic batches and fast ones, which tell more than one message, no more is
 * traced than that they came by. */
static void take_traced(struct stream *s, const struct run *run)
{
	const struct js_host *h = &stream_js(s)->host;
	const struct msg     *m = &run->msgs[0];
	struct publish        p;
	bool                  is_only = h->is_only_traced(h->ctx, run);
	bool                  came_far;

	publish_begin(&p, s, run->subject, cleaned(s, msg_headers(m)),
	    msg_payload(m));
	p.is_only_checked = is_only;
	publish_and_answer(&p, m->reply);
	came_far = p.end == PUBLISH_GOES || p.end == PUBLISH_UNWANTED ||
	    p.e.err_code == 10077;
	h->trace(h->ctx, run, s->name, came_far ? p.subject : SLICE_NONE,
	    p.end == PUBLISH_UNWANTED, trace_error(&p));
	publish_fini(&p);
}

static bool is_batched(const struct msg *m)
{
	struct slice id;

	return fast_batch_is(m->reply) || (m->hdr_size > 0 &&
	    js_header_get(msg_headers(m), SLICE("Nats-Batch-Id"), &id) &&
	    id.n > 0);
}

/* More than the configuration lets wait: as nats-server whose queue is full, it
 * does not look at what came. */
static bool is_flooded(const struct stream *s, uint64_t size)
{
	const struct js_config *c = &s->account->js->config;
	uint64_t                n_msgs, bytes;

	if (c->limit_buffered_msgs <= 0 && c->limit_buffered_bytes <= 0)
		return false;
	store_get_pending(s->store, &n_msgs, &bytes);
	return (c->limit_buffered_msgs > 0 &&
	    n_msgs >= (uint64_t)c->limit_buffered_msgs) ||
	    (c->limit_buffered_bytes > 0 &&
	    bytes + size > (uint64_t)c->limit_buffered_bytes);
}

static void refuse_flood(struct stream *s, struct slice reply)
{
	struct js_error e = { 0 };

	js_fail(&e, 10167);
	stream_refuse(s, reply, &e);
}

void stream_take(void *ctx, const struct run *run)
{
	struct stream *s = ctx;

	if (run->trace != NULL && !is_batched(&run->msgs[0])) {
		take_traced(s, run);
		js_mark_dirty(stream_js(s), s);
		return;
	}
	for (uint32_t i = 0; i < run->n; i++) {
		const struct msg *m = &run->msgs[i];

		if (is_flooded(s, run->subject.n + m->size))
			refuse_flood(s, m->reply);
		else
			stream_publish(s, run->subject, m->reply,
			    cleaned(s, msg_headers(m)), msg_payload(m));
	}
	js_mark_dirty(stream_js(s), s);
}
