/* js/stream_append.c - storing a message, and keeping to the limits. */
#include "js/stream_int.h"

#include "base/err.h"
#include "base/text.h"
#include "core/transform.h"
#include "js/consumer.h"
#include "js/errors.h"
#include "js/headers.h"
#include "js/schedules.h"
#include "proto/subject.h"

enum { SUBJECT_MAX = 4096 };

int64_t stream_ts(struct stream *s)
{
	const struct js_host *h = &stream_js(s)->host;
	int64_t               now = h->wall_ns(h->ctx);

	if (now > s->last_ts_ns)
		s->last_ts_ns = now;
	return s->last_ts_ns;
}

/* Section 6.3. */
size_t stream_msg_cost(const struct stream *s, struct slice subject,
    struct slice headers, struct slice payload)
{
	size_t n = subject.n + headers.n + payload.n;

	if (s->config->storage == STORAGE_MEMORY)
		return n + 16;
	return n + 30 + (headers.n > 0 ? 4 : 0);
}

static uint64_t count_subject(struct stream *s, struct slice subject)
{
	uint64_t n = 0;

	return store_count(s->store, subject, 0, false, &n) == 0 ? n : 0;
}

/* What the message will replace, at the limit of its subject; 0: nothing. */
static size_t replaced_cost(struct stream *s, struct slice subject)
{
	struct store_msg m = { 0 };
	uint64_t         seq;
	size_t           n = 0;

	if (s->config->max_msgs_per_subject <= 0 || count_subject(s, subject) <
	    (uint64_t)s->config->max_msgs_per_subject)
		return 0;
	if (store_find_next(s->store, subject, 0, &seq) == 0 &&
	    store_read(s->store, seq, &m) == 0)
		n = stream_msg_cost(s, m.subject, m.hdr, m.body);
	store_msg_fini(&m);
	return n;
}

bool stream_has_room(struct stream *s, struct slice subject, uint64_t size,
    uint64_t n_ahead, bool is_rollup, struct js_error *e)
{
	const struct stream_config *c = s->config;
	struct store_totals         t;
	size_t                      replaced;

	if (c->discard != DISCARD_NEW || (c->max_msgs <= 0 &&
	    c->max_bytes <= 0 && !c->discard_new_per_subject))
		return true;
	replaced = replaced_cost(s, subject);
	if (c->discard_new_per_subject && replaced > 0 && !is_rollup)
		return js_fail_with(e, 10077,
		    "maximum messages per subject exceeded");
	t = store_totals(s->store);
	if (c->max_msgs > 0 && replaced == 0 &&
	    t.n_msgs + n_ahead >= (uint64_t)c->max_msgs)
		return js_fail_with(e, 10077, "maximum messages exceeded");
	if (c->max_bytes > 0 && size > replaced &&
	    t.bytes + (size - replaced) > (uint64_t)c->max_bytes)
		return js_fail_with(e, 10077, "maximum bytes exceeded");
	return true;
}

static void tell_gone(struct stream *s, uint64_t seq, struct slice subject)
{
	LIST_EACH (l, &s->consumers)
		consumer_gone(consumer_of(l), seq, subject);
}

int stream_drop(struct stream *s, uint64_t seq, enum store_delete how)
{
	struct store_gone gone;
	int               err = store_delete(s->store, seq, how, &gone);

	if (err == 0)
		tell_gone(s, seq, gone.subject);
	return err;
}

static void enforce_subject(struct stream *s, struct slice subject)
{
	int64_t  max = s->config->max_msgs_per_subject;
	uint64_t seq, n;

	if (max <= 0)
		return;
	for (n = count_subject(s, subject); n > (uint64_t)max; n--)
		if (store_find_next(s->store, subject, 0, &seq) != 0 ||
		    stream_drop(s, seq, STORE_DELETE) != 0)
			return;
}

static bool is_over(const struct stream_config *c,
    const struct store_totals *t)
{
	return t->n_msgs > 0 &&
	    ((c->max_msgs > 0 && t->n_msgs > (uint64_t)c->max_msgs) ||
	    (c->max_bytes > 0 && t->bytes > (uint64_t)c->max_bytes));
}

void stream_enforce(struct stream *s)
{
	struct store_totals t;

	if (s->config->discard != DISCARD_OLD ||
	    (s->config->max_msgs <= 0 && s->config->max_bytes <= 0))
		return;
	for (t = store_totals(s->store); is_over(s->config, &t);
	    t = store_totals(s->store))
		if (stream_drop(s, t.first_seq, STORE_DELETE) != 0)
			return;
}

/* ---- republish -------------------------------------------------------------------- */

static void republish(struct stream *s, struct slice subject,
    struct slice headers, struct slice payload, uint64_t seq, int64_t ts_ns,
    uint64_t last_seq)
{
	bool       is_bare = s->config->republish_headers_only;
	struct buf to = { 0 }, block = { 0 }, time = { 0 };

	if (s->republish == NULL ||
	    !subject_matches(subject, s->republish->source))
		return;
	transform_apply(s->republish, subject, &to);
	text_put_time(&time, ts_ns);
	js_headers_begin(&block, headers);
	js_header_put(&block, "Nats-Stream", s->name);
	js_header_put(&block, "Nats-Subject", subject);
	js_header_put_u64(&block, "Nats-Sequence", seq);
	js_header_put(&block, "Nats-Time-Stamp", buf_slice(&time));
	js_header_put_u64(&block, "Nats-Last-Sequence", last_seq);
	if (is_bare)
		js_header_put_u64(&block, "Nats-Msg-Size", payload.n);
	js_headers_end(&block);
	if (subject_is_literal(buf_slice(&to)))
		js_send(stream_js(s), &(struct js_out){
			.account = s->account->core, .subject = buf_slice(&to),
			.headers = buf_slice(&block),
			.payload = is_bare ? SLICE_NONE : payload });
	buf_fini(&to);
	buf_fini(&block);
	buf_fini(&time);
}

int stream_put(struct stream *s, struct slice subject, struct slice headers,
    struct slice payload, int64_t ts_ns, uint64_t *seq)
{
	if (subject.n > SUBJECT_MAX)
		return ERR_LIMIT;
	return store_append(s->store, subject, headers, payload, ts_ns, seq);
}

/* What the message was followed by, before the limits take it. */
static uint64_t last_before(struct stream *s, struct slice subject,
    uint64_t seq)
{
	uint64_t last;

	return s->republish != NULL && store_find_last(s->store, subject,
	    seq - 1, &last) == 0 ? last : 0;
}

static void note_ttl(struct stream *s, struct slice headers, int64_t ts_ns,
    uint64_t seq)
{
	struct slice text;
	int64_t      ttl_s;

	if (s->config->allow_msg_ttl && headers.n > 0 &&
	    js_header_get(headers, SLICE("Nats-TTL"), &text) &&
	    ttl_read(text, &ttl_s))
		expiry_add(s, seq, ts_ns, ttl_s);
}

void stream_appended(struct stream *s, struct slice subject,
    struct slice headers, struct slice payload, int64_t ts_ns, uint64_t seq)
{
	uint64_t last = last_before(s, subject, seq);

	note_ttl(s, headers, ts_ns, seq);
	schedules_note(s, subject, headers, ts_ns, seq);
	enforce_subject(s, subject);
	stream_enforce(s);
	republish(s, subject, headers, payload, seq, ts_ns, last);
	s->has_news = true;
	if (s->config->max_age_ns > 0)
		expiry_by(s, ts_ns, s->config->max_age_ns);
	js_mark_dirty(stream_js(s), s);
}

int stream_append(struct stream *s, struct slice subject, struct slice headers,
    struct slice payload, int64_t ts_ns, uint64_t *seq)
{
	int err = stream_put(s, subject, headers, payload, ts_ns, seq);

	if (err == 0)
		stream_appended(s, subject, headers, payload, ts_ns, *seq);
	return err;
}
