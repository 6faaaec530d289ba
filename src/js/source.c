/* js/source.c - the reader of one other stream: asking and listening. */
#include "js/source.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "core/account.h"
#include "core/msg.h"
#include "js/ack_subject.h"
#include "js/fields.h"
#include "js/headers.h"
#include "js/names.h"
#include "js/stream_int.h"
#include "proto/subject.h"

#define ANSWER_NS (30 * NS_PER_S)
#define SILENCE_NS (10 * NS_PER_S)	/* heartbeats come each second */
#define TICK_NS (1 * NS_PER_S)
#define AGAIN_NS (2 * NS_PER_S)
#define AGAIN_MAX_NS (60 * NS_PER_S)

/* ---- asking ----------------------------------------------------------------- */

static void put_prefix(const struct source *o, struct buf *out)
{
	if (o->config->has_external && o->config->external_api.n > 0)
		buf_put_slice(out, o->config->external_api);
	else
		buf_put_str(out, "$JS.API");
}

/* $JS.M.<8>, $JS.S.<8>, or with the prefix of an external one. */
static void put_deliver_subject(const struct source *o, struct buf *out)
{
	char id[HASH8];

	if (o->config->has_consumer) {
		buf_put_slice(out, o->config->consumer_deliver);
		return;
	}
	hash8_random(id);
	if (o->config->has_external && o->config->external_deliver.n > 0)
		buf_put_slice(out, o->config->external_deliver);
	else
		buf_put_str(out, "$JS");
	buf_put_str(out, o->is_mirror ? ".M." : ".S.");
	buf_put(out, id, HASH8);
}

/* Of this stream in this account, and which of its sources, where one origin is
 * read by several. */
static void put_consumer_name(const struct source *o, struct buf *out)
{
	const struct stream *s = o->stream;
	const char          *domain = stream_js(s)->config.domain;
	struct buf           text = { 0 };
	unsigned             n = 0;
	char                 sum[HASH8];

	buf_put_slice(&text, s->name);
	buf_put_char(&text, ' ');
	buf_put_slice(&text, s->account->core->name);
	if (domain != NULL)
		buf_printf(&text, " %s", domain);
	for (size_t i = 0; i < s->config->n_sources; i++)
		n += slice_eq(s->config->sources[i].name, o->config->name);
	if (n > 1) {
		buf_put_char(&text, ' ');
		buf_put_slice(&text, buf_slice(&o->name));
	}
	hash8_of(buf_slice(&text), sum);
	buf_put_str(out, o->is_mirror ? "JS_MIRROR_" : "JS_SRC_");
	buf_put(out, sum, HASH8);
	if (o->is_plain) {
		hash8_random(sum);
		buf_put_char(out, '-');
		buf_put(out, sum, HASH8);
	}
	buf_fini(&text);
}

static void put(struct json_writer *w, const char *key, struct slice value)
{
	json_key(w, key);
	json_str(w, value);
}

static void put_i64(struct json_writer *w, const char *key, int64_t value)
{
	json_key(w, key);
	json_i64(w, value);
}

static void put_true(struct json_writer *w, const char *key)
{
	json_key(w, key);
	json_bool(w, true);
}

static size_t n_filters(const struct source_config *c)
{
	return c->n_transforms > 0 ? c->n_transforms
	    : c->filter_subject.n > 0;
}

static struct slice filter(const struct source_config *c, size_t i)
{
	if (c->n_transforms == 0)
		return c->filter_subject;
	return c->transforms[i].src.n > 0 ? c->transforms[i].src : SLICE(">");
}

static void put_filters(const struct source *o, struct json_writer *w)
{
	size_t n = n_filters(o->config);

	if (n == 1)
		put(w, "filter_subject", filter(o->config, 0));
	if (n <= 1)
		return;
	json_key(w, "filter_subjects");
	json_begin_array(w);
	for (size_t i = 0; i < n; i++)
		json_str(w, filter(o->config, i));
	json_end_array(w);
}

static void put_start(const struct source *o, struct json_writer *w)
{
	const struct source_config *c = o->config;
	uint64_t next = o->seq > 0 ? o->seq + 1 : c->opt_start_seq;

	if (next > 0) {
		put(w, "deliver_policy", SLICE("by_start_sequence"));
		json_key(w, "opt_start_seq");
		json_u64(w, next);
	} else if (c->opt_start_time != JS_TIME_UNSET) {
		put(w, "deliver_policy", SLICE("by_start_time"));
		json_key(w, "opt_start_time");
		json_time(w, c->opt_start_time);
	} else {
		put(w, "deliver_policy", SLICE("all"));
	}
}

static void put_metadata(const struct source *o, struct json_writer *w)
{
	const struct stream *s = o->stream;
	const char          *domain = stream_js(s)->config.domain;

	json_key(w, "metadata");
	json_begin_object(w);
	put(w, o->is_mirror ? "_nats.mirror.acc" : "_nats.src.acc",
	    s->account->core->name);
	if (domain != NULL)
		put(w, o->is_mirror ? "_nats.mirror.domain"
		    : "_nats.src.domain", slice_str(domain));
	put(w, o->is_mirror ? "_nats.mirror.stream" : "_nats.src.stream",
	    s->name);
	json_end_object(w);
}

static void put_request(const struct source *o, struct slice name,
    struct buf *out)
{
	struct json_writer *w = JSON_INTO(out, 0);

	json_begin_object(w);
	put(w, "stream_name", o->config->name);
	json_key(w, "config");
	json_begin_object(w);
	put(w, "name", name);
	put_start(o, w);
	put(w, "ack_policy", SLICE("none"));
	put_i64(w, "ack_wait", 22 * 3600 * NS_PER_S);
	put_i64(w, "max_deliver", 1);
	put_filters(o, w);
	put(w, "replay_policy", SLICE("instant"));
	put_true(w, "flow_control");
	put(w, "deliver_subject", buf_slice(&o->deliver));
	put_i64(w, "idle_heartbeat", NS_PER_S);
	put_i64(w, "inactive_threshold", 10 * NS_PER_S);
	put_i64(w, "num_replicas", 0);
	put_true(w, "direct");
	if (!o->is_plain)
		put_true(w, "sourcing");
	put_metadata(o, w);
	json_end_object(w);
	json_end_object(w);
}

static void put_subject(const struct source *o, struct slice name,
    struct buf *out)
{
	put_prefix(o, out);
	if (o->config->has_consumer) {
		buf_printf(out, ".CONSUMER.RESET.%.*s.%.*s",
		    SLICE_ARG(o->config->name),
		    SLICE_ARG(o->config->consumer_name));
		return;
	}
	buf_printf(out, ".CONSUMER.CREATE.%.*s", SLICE_ARG(o->config->name));
	if (n_filters(o->config) == 1)
		buf_printf(out, ".%.*s.%.*s", SLICE_ARG(name),
		    SLICE_ARG(filter(o->config, 0)));
}

static void put_headers(const struct source *o, struct buf *out)
{
	js_headers_begin(out, SLICE_NONE);
	if (!o->is_plain)
		js_header_put(out, "Nats-Required-Api-Level",
		    o->is_mirror ? SLICE("4") : SLICE("5"));
	if (!o->is_mirror)
		js_header_put(out, "Nats-Stream-Identity", o->has_identity
		    ? slice_of(o->identity, HASH8) : SLICE_NONE);
	js_headers_end(out);
}

static void put_reset(const struct source *o, struct buf *out)
{
	if (o->seq > 0)
		buf_printf(out, "{\"seq\":%llu}",
		    (unsigned long long)(o->seq + 1));
}

static void take_answer(void *ctx, const struct run *run);
static void take_delivery(void *ctx, const struct run *run);

static void stop_listening(struct source *o)
{
	const struct js_host *h = &stream_js(o->stream)->host;

	h->unsubscribe(h->ctx, o->answers);
	h->unsubscribe(h->ctx, o->deliveries);
	o->answers = o->deliveries = NULL;
}

/* Where the answer is to go; what comes to older ones is not heard. */
static bool listen(struct source *o, struct buf *reply)
{
	const struct js_host *h = &stream_js(o->stream)->host;
	struct account       *a = o->stream->account->core;
	char                  id[HASH8];

	stop_listening(o);
	hash8_random(id);
	buf_put_str(reply, "$JSC.R.");
	buf_put(reply, id, HASH8);
	buf_reset(&o->deliver);
	put_deliver_subject(o, &o->deliver);
	if (buf_failed(reply) || buf_failed(&o->deliver))
		return false;
	o->answers = h->subscribe(h->ctx, a, buf_slice(reply), SLICE_NONE,
	    take_answer, o);
	o->deliveries = h->subscribe(h->ctx, a, buf_slice(&o->deliver),
	    SLICE_NONE, take_delivery, o);
	return o->answers != NULL && o->deliveries != NULL;
}

static void wait_for(struct source *o, int64_t ns)
{
	timer_set(stream_js(o->stream)->host.timers, &o->timer,
	    stream_now(o->stream) + ns);
}

static void ask(struct source *o)
{
	struct stream *s = o->stream;
	struct buf reply = { 0 }, subject = { 0 }, headers = { 0 },
	    text = { 0 }, name = { 0 };

	o->state = SOURCE_ASKED;
	o->asked_ns = stream_now(s);
	o->cseq = o->delivered = 0;
	put_consumer_name(o, &name);
	put_subject(o, buf_slice(&name), &subject);
	/* names of streams that are elsewhere are not ours to check, but what
	 * has a blank in it is no subject */
	if (!buf_failed(&subject) && !subject_is_valid(buf_slice(&subject))) {
		js_fail(&o->error, o->is_mirror ? 10142 : 10141);
	} else if (listen(o, &reply)) {
		put_headers(o, &headers);
		if (o->config->has_consumer)
			put_reset(o, &text);
		else
			put_request(o, buf_slice(&name), &text);
		js_send(stream_js(s), &(struct js_out){
			.account = s->account->core,
			.subject = buf_slice(&subject),
			.reply = buf_slice(&reply),
			.headers = buf_slice(&headers),
			.payload = buf_slice(&text) });
	}
	wait_for(o, ANSWER_NS);
	buf_fini(&reply);
	buf_fini(&subject);
	buf_fini(&headers);
	buf_fini(&text);
	buf_fini(&name);
}

/* ---- when it does not go ---------------------------------------------------- */

static void try_again(struct source *o, int64_t wait_ns)
{
	stop_listening(o);
	o->state = SOURCE_WAITING;
	wait_for(o, wait_ns + (int64_t)random_below(100) * NS_PER_MS);
}

static void fail(struct source *o)
{
	int64_t wait = AGAIN_NS * (int64_t)(o->n_failures + 1);

	if (o->n_failures < 1000)
		o->n_failures++;
	try_again(o, wait < AGAIN_MAX_NS ? wait : AGAIN_MAX_NS);
}

/* What came does not fit what came before: from where it is, anew. */
static void start_over(struct source *o)
{
	int64_t since = stream_now(o->stream) - o->asked_ns;

	try_again(o, since < AGAIN_NS ? AGAIN_NS - since : 0);
}

void source_go(struct source *o)
{
	if (o->state == SOURCE_WAITING)
		wait_for(o, 0);
}

static void on_timer(struct timer *t, int64_t now_ns)
{
	struct source *o = CONTAINER_OF(t, struct source, timer);

	switch (o->state) {
	case SOURCE_WAITING:
		ask(o);
		break;
	case SOURCE_ASKED:
		if (o->answers != NULL)
			o->error = (struct js_error){ 0 };
		fail(o);
		break;
	case SOURCE_READING:
		if (now_ns - o->heard_ns > SILENCE_NS) {
			start_over(o);
			break;
		}
		source_place_save(o);
		wait_for(o, TICK_NS);
		break;
	}
}

/* ---- the answer ------------------------------------------------------------- */

static void take_error(struct source *o, const struct json *error)
{
	struct slice text = SLICE_NONE;
	int64_t      code = 0, err_code = 0;

	json_as_i64(json_get(error, "code"), &code);
	json_as_i64(json_get(error, "err_code"), &err_code);
	json_as_str(json_get(error, "description"), &text);
	o->error = (struct js_error){ .code = (uint16_t)code,
		.err_code = (uint16_t)err_code };
	if (text.n >= sizeof o->error.text)
		text.n = sizeof o->error.text - 1;
	memcpy(o->error.text, text.p == NULL ? "" : text.p, text.n);
	if ((err_code == 10185 || err_code == 10025) && !o->is_plain) {
		o->is_plain = true;	/* an older server */
		start_over(o);
		return;
	}
	if (err_code == 10225) {
		/* the origin was made anew: so is what comes from it */
		o->has_identity = false;
		o->seq = o->saved = 0;
	}
	fail(o);
}

static void take_identity(struct source *o, struct slice headers)
{
	struct slice text;

	o->has_identity = headers.n > 0 && js_header_get(headers,
	    SLICE("Nats-Stream-Identity"), &text) && text.n == HASH8;
	if (o->has_identity)
		memcpy(o->identity, text.p, HASH8);
}

/* A consumer that others made must acknowledge by flow control. */
static bool acks_by_flow(const struct json *doc)
{
	struct slice policy;

	return json_as_str(json_get(json_get(doc, "config"), "ack_policy"),
	    &policy) && slice_eq(policy, SLICE("flow_control"));
}

static void begin_reading(struct source *o, struct slice headers,
    const struct json *doc)
{
	struct slice name = SLICE_NONE;

	if (o->config->has_consumer && !acks_by_flow(doc)) {
		js_fail(&o->error, o->is_mirror ? 10214 : 10217);
		fail(o);
		return;
	}
	json_as_str(json_get(doc, "name"), &name);
	buf_reset(&o->consumer);
	if (js_name_is_valid(name))	/* it will be part of a subject */
		buf_put_slice(&o->consumer, name);
	take_identity(o, headers);
	o->error = (struct js_error){ 0 };
	o->n_failures = 0;
	o->state = SOURCE_READING;
	o->heard_ns = stream_now(o->stream);
	wait_for(o, TICK_NS);
}

static void take_answer(void *ctx, const struct run *run)
{
	struct source    *o = ctx;
	const struct msg *m = &run->msgs[0];
	const char       *why;
	struct json      *doc;

	if (o->state != SOURCE_ASKED || run->n == 0)
		return;
	doc = json_parse(msg_payload(m), &why);
	if (doc == NULL) {	/* also that nobody is there */
		o->error = (struct js_error){ 0 };
		fail(o);
	} else if (json_get(doc, "error") != NULL) {
		take_error(o, json_get(doc, "error"));
	} else {
		begin_reading(o, msg_headers(m), doc);
	}
	json_free(doc);
}

/* ---- what comes ------------------------------------------------------------- */

static void answer_flow(struct source *o, struct slice reply)
{
	struct buf headers = { 0 };

	js_headers_begin(&headers, SLICE_NONE);
	js_header_put_u64(&headers, "Nats-Last-Consumer", o->cseq);
	js_header_put_u64(&headers, "Nats-Last-Stream", o->delivered);
	js_headers_end(&headers);
	/* the origin may give up what it says is here */
	stream_say_durable(o->stream, reply, buf_slice(&headers), SLICE_NONE);
	buf_fini(&headers);
}

/* A heartbeat or a flow control request.  False: something is missing. */
static bool take_status(struct source *o, const struct msg *m)
{
	struct slice headers = msg_headers(m), text;
	uint64_t     last;

	if (m->reply.n > 0) {
		answer_flow(o, m->reply);
		return true;
	}
	if (js_header_get(headers, SLICE("Nats-Last-Consumer"), &text) &&
	    text_parse_u64(text, &last) && last != o->cseq)
		return false;
	if (js_header_get(headers, SLICE("Nats-Consumer-Stalled"), &text) &&
	    subject_is_literal(text))
		answer_flow(o, text);
	return true;
}

static bool take_message(struct source *o, struct slice subject,
    const struct msg *m)
{
	struct ack_place p;

	if (!ack_subject_read(m->reply, &p) || p.n_delivered > 1)
		return true;
	if (p.consumer_seq != o->cseq + 1)
		return false;
	o->cseq = p.consumer_seq;
	o->lag = p.n_pending > 0 ? p.n_pending - 1 : 0;
	if (p.stream_seq > o->seq) {
		if (!source_store(o, subject, msg_headers(m), msg_payload(m),
		    p.stream_seq, p.ts_ns))
			return false;
		o->seq = p.stream_seq;
	}
	o->delivered = p.stream_seq;
	return true;
}

/* The subject that the message had at its origin. */
static struct slice shown_subject(const struct run *run)
{
	size_t n = SLICE("HMSG ").n;

	return run->prefix.n > n + 1
	    ? slice_of(run->prefix.p + n, run->prefix.n - n - 1)
	    : run->subject;
}

static void take_delivery(void *ctx, const struct run *run)
{
	struct source *o = ctx;
	struct stream *s = o->stream;
	struct slice   subject = shown_subject(run);

	if (o->state == SOURCE_WAITING)
		return;
	o->heard_ns = stream_now(s);
	for (uint32_t i = 0; i < run->n; i++) {
		const struct msg *m = &run->msgs[i];
		bool is_status = slice_has_prefix(msg_headers(m),
		    SLICE("NATS/1.0 100 "));

		if (is_status ? !take_status(o, m)
		    : !take_message(o, subject, m)) {
			start_over(o);
			break;
		}
	}
	js_mark_dirty(stream_js(s), s);
	js_need_turn(stream_js(s));
}

/* ---- life ------------------------------------------------------------------- */

/* The origin, with the prefix it is reached by; then filters, and where they
 * lead, joined by form feeds. */
static void put_name(struct source *o)
{
	const struct source_config *c = o->config;
	struct buf                 *b = &o->name;
	char                        sum[HASH8];

	buf_put_slice(b, c->name);
	if (c->has_external) {
		hash8_of(c->external_api, sum);
		buf_put_char(b, ':');
		buf_put(b, sum, HASH8);
	}
	if (c->has_consumer) {
		hash8_of(c->consumer_name, sum);
		buf_put_str(b, ":C=");
		buf_put(b, sum, HASH8);
	}
	o->n_origin = b->n;
	buf_put_char(b, ' ');
	for (size_t i = 0; i < n_filters(c); i++) {
		if (i > 0)
			buf_put_char(b, '\f');
		buf_put_slice(b, filter(c, i));
	}
	if (n_filters(c) == 0)
		buf_put_char(b, '>');
	buf_put_char(b, ' ');
	for (size_t i = 0; i < c->n_transforms; i++) {
		if (i > 0)
			buf_put_char(b, '\f');
		buf_put_slice(b, c->transforms[i].dest.n > 0
		    ? c->transforms[i].dest : SLICE(">"));
	}
	if (c->n_transforms == 0)
		buf_put_char(b, '>');
}

struct source *source_create(struct stream *s, const struct source_config *c,
    bool is_mirror)
{
	struct source *o = calloc(1, sizeof *o);

	if (o == NULL)
		return NULL;
	o->stream = s;
	o->config = c;
	o->is_mirror = is_mirror;
	o->timer.fire = on_timer;
	put_name(o);
	if (!buf_failed(&o->name))
		return o;
	buf_fini(&o->name);
	free(o);
	return NULL;
}

/* Best effort: it would end by itself, for nobody listens. */
static void delete_consumer(struct source *o)
{
	struct stream *s = o->stream;
	struct buf     subject = { 0 };

	if (o->consumer.n == 0 || o->config->has_consumer)
		return;
	put_prefix(o, &subject);
	buf_printf(&subject, ".CONSUMER.DELETE.%.*s.%.*s",
	    SLICE_ARG(o->config->name), SLICE_ARG(buf_slice(&o->consumer)));
	if (!buf_failed(&subject) && subject_is_valid(buf_slice(&subject)))
		js_send(stream_js(s), &(struct js_out){
			.account = s->account->core,
			.subject = buf_slice(&subject) });
	buf_fini(&subject);
}

void source_destroy(struct source *o)
{
	if (o == NULL)
		return;
	timer_clear(stream_js(o->stream)->host.timers, &o->timer);
	stop_listening(o);
	if (!stream_js(o->stream)->is_closing)
		delete_consumer(o);
	list_remove(&o->saving.link);
	buf_fini(&o->name);
	buf_fini(&o->consumer);
	buf_fini(&o->deliver);
	free(o);
}

bool source_is(const struct source *o, const struct source_config *c,
    bool is_mirror)
{
	struct source other = { .config = c };
	bool          is_same;

	if (o->is_mirror != is_mirror)
		return false;
	put_name(&other);
	is_same = slice_eq(buf_slice(&other.name), buf_slice(&o->name)) &&
	    slice_eq(c->external_deliver, o->config->external_deliver) &&
	    slice_eq(c->consumer_deliver, o->config->consumer_deliver);
	buf_fini(&other.name);
	return is_same;
}
