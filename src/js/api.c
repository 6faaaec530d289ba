/* js/api.c - the table of the API, and what is the same for all of it. */
#include "js/api.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "core/account.h"
#include "core/msg.h"
#include "js/advisory.h"
#include "js/consumer.h"
#include "js/hash8.h"
#include "js/fields.h"
#include "js/headers.h"
#include "js/js.h"
#include "js/making.h"
#include "js/offline.h"
#include "js/request.h"
#include "js/stream.h"
#include "proto/subject.h"

#define PREFIX SLICE("$JS.API.")
#define TYPE   "io.nats.jetstream.api.v1."

/* OPTIONAL: what does not look like JSON is passed over; STRICT: it is not. */
enum payload_rule { IGNORED, EMPTY, OPTIONAL, STRICT, REQUIRED };

static void needs_cluster(struct api_call *c)
{
	js_fail(&c->e, 10010);
}

static void say_nothing(struct api_call *c)
{
	c->is_silent = true;
}

/* blank: what a failed answer holds besides the error. */
struct api_row {
	const char       *pattern, *type, *blank;
	enum payload_rule rule;
	void            (*handle)(struct api_call *c);
	bool              is_quiet;	/* neither counted nor audited */
	const struct request_kind *asks;	/* what may be sent; NULL: the handler
					   reads it */
	unsigned          if_empty;	/* what a payload that is due and missing
					   is told; 0: 10003 */
	bool              is_info;	/* it only asks: a queue of its own */
	bool              is_anywhere;	/* without JetStream too */
	bool              is_about_all;	/* streams, whichever it names */
	bool              is_heard;	/* only by the consumer that it names */
};

static const struct api_row rows[] = {
	{ "INFO", "account_info", NULL, IGNORED, api_account_info,
	  .is_info = true },
	{ "STREAM.CREATE.*", "stream_create", NULL, REQUIRED,
	  api_stream_create, .if_empty = 10056, .is_about_all = true },
	{ "STREAM.UPDATE.*", "stream_update", NULL, REQUIRED,
	  api_stream_update, .if_empty = 10056, .is_about_all = true },
	{ "STREAM.NAMES", "stream_names",
	  "\"total\":0,\"offset\":0,\"limit\":0,\"streams\":null", OPTIONAL,
	  api_stream_names, .is_info = true, .asks = &request_stream_names },
	{ "STREAM.LIST", "stream_list",
	  "\"total\":0,\"offset\":0,\"limit\":0,\"streams\":[]", OPTIONAL,
	  api_stream_list, .is_info = true, .asks = &request_stream_list },
	{ "STREAM.INFO.*", "stream_info",
	  "\"total\":0,\"offset\":0,\"limit\":0", OPTIONAL, api_stream_info,
	  .is_info = true, .asks = &request_stream_info },
	{ "STREAM.DELETE.*", "stream_delete", NULL, EMPTY, api_stream_delete },
	{ "STREAM.PURGE.*", "stream_purge", "\"purged\":0", OPTIONAL,
	  api_stream_purge, .asks = &request_purge },
	{ "STREAM.MSG.GET.*", "stream_msg_get", NULL, REQUIRED, api_msg_get,
	  true, .asks = &request_msg_get },
	{ "STREAM.MSG.DELETE.*", "stream_msg_delete", NULL, REQUIRED,
	  api_msg_delete, .asks = &request_msg_delete },
	{ "STREAM.SNAPSHOT.*", "stream_snapshot", NULL, REQUIRED,
	  api_stream_snapshot, .asks = &request_snapshot },
	{ "STREAM.RESTORE.*", "stream_restore", "\"deliver_subject\":\"\"",
	  REQUIRED, api_stream_restore, .asks = &request_restore },
	{ "STREAM.REDRIVE.*", "stream_redrive", NULL, OPTIONAL,
	  api_stream_redrive, .asks = &request_redrive,
	  .is_about_all = true },
	{ "STREAM.LEADER.STEPDOWN.*", "stream_leader_stepdown", NULL, IGNORED,
	  needs_cluster, .is_anywhere = true },
	{ "STREAM.PEER.REMOVE.*", "stream_remove_peer", NULL, IGNORED,
	  needs_cluster, .is_anywhere = true },
	{ "CONSUMER.CREATE.*", "consumer_create", NULL, REQUIRED,
	  api_consumer_create, .if_empty = 10056,
	  .asks = &request_consumer_create },
	{ "CONSUMER.CREATE.*.*", "consumer_create", NULL, REQUIRED,
	  api_consumer_create, .if_empty = 10056,
	  .asks = &request_consumer_create },
	{ "CONSUMER.CREATE.*.*.>", "consumer_create", NULL, REQUIRED,
	  api_consumer_create, .if_empty = 10056,
	  .asks = &request_consumer_create },
	{ "CONSUMER.DURABLE.CREATE.*.*", "consumer_create", NULL, REQUIRED,
	  api_consumer_create_durable, .if_empty = 10056,
	  .asks = &request_consumer_create },
	{ "CONSUMER.NAMES.*", "consumer_names",
	  "\"total\":0,\"offset\":0,\"limit\":0,\"consumers\":[]", OPTIONAL,
	  api_consumer_names, .is_info = true, .asks = &request_consumers },
	{ "CONSUMER.LIST.*", "consumer_list",
	  "\"total\":0,\"offset\":0,\"limit\":0,\"consumers\":[]", OPTIONAL,
	  api_consumer_list, .is_info = true, .asks = &request_consumers },
	{ "CONSUMER.INFO.*.*", "consumer_info", NULL, EMPTY,
	  api_consumer_info, .is_info = true },
	{ "CONSUMER.DELETE.*.*", "consumer_delete", NULL, EMPTY,
	  api_consumer_delete },
	{ "CONSUMER.PAUSE.*.*", "consumer_pause",
	  "\"paused\":false,\"pause_until\":\"0001-01-01T00:00:00Z\"", OPTIONAL,
	  api_consumer_pause, .asks = &request_pause },
	{ "CONSUMER.RESET.*.*", "consumer_reset", "\"reset_seq\":0", STRICT,
	  api_consumer_reset, true, .asks = &request_reset, .is_heard = true },
	{ "CONSUMER.UNPIN.*.*", "consumer_unpin", NULL, STRICT,
	  api_consumer_unpin, .asks = &request_unpin },
	{ "CONSUMER.LEADER.STEPDOWN.*.*", "consumer_leader_stepdown", NULL,
	  IGNORED, needs_cluster, .is_anywhere = true },
};

/* What the system account may ask, which has no JetStream. */
static const struct api_row system_rows[] = {
	{ "INFO", "account_info", NULL, IGNORED, api_account_info,
	  .is_info = true },
	{ "ACCOUNT.PURGE.*", "account_purge", NULL, IGNORED, api_account_purge,
	  .is_anywhere = true },
	{ "META.>", "system", NULL, IGNORED, say_nothing, true,
	  .is_anywhere = true },
	{ "SERVER.>", "system", NULL, IGNORED, say_nothing, true,
	  .is_anywhere = true },
	{ "ACCOUNT.STREAM.>", "system", NULL, IGNORED, say_nothing, true,
	  .is_anywhere = true },
	{ ">", "system", NULL, IGNORED, say_nothing, true },
};

static const struct api_row *find_in(const struct api_row *v, size_t n,
    struct slice rest)
{
	for (size_t i = 0; i < n; i++)
		if (subject_matches(rest, slice_str(v[i].pattern)))
			return &v[i];
	return NULL;
}

/* NULL: it is not for the table. */
static const struct api_row *find_row(const struct js_account *a,
    struct slice subject)
{
	struct slice rest = slice_skip(subject, PREFIX.n);

	if (a->core->is_system)
		return find_in(system_rows,
		    sizeof system_rows / sizeof system_rows[0], rest);
	if (slice_has_prefix(rest, SLICE("DIRECT.")))	/* most, of buckets */
		return NULL;
	return find_in(rows, sizeof rows / sizeof rows[0], rest);
}

/* What stands where the pattern has '*'; what '>' covers is left in c->rest. */
static void find_names(struct api_call *c, const struct api_row *row)
{
	struct slice pattern = slice_str(row->pattern), rest = c->rest;
	struct slice p, t;

	while (subject_take_token(&pattern, &p)) {
		if (slice_eq(p, SLICE(">"))) {
			c->rest = rest;
			return;
		}
		if (!subject_take_token(&rest, &t))
			break;
		if (slice_eq(p, SLICE("*")) && c->n_names < API_TOKENS_MAX)
			c->names[c->n_names++] = t;
	}
	c->rest = SLICE_NONE;
}

/* ---- the envelope ------------------------------------------------------------- */

static void begin(struct json_writer *w, const struct api_row *row)
{
	char type[96];
	int  n = snprintf(type, sizeof type, TYPE "%s_response", row->type);

	json_begin_object(w);
	json_key(w, "type");
	json_str(w, slice_of(type, (size_t)n));
}

static void put_failure(const struct api_call *c, const struct api_row *row,
    struct buf *out)
{
	struct json_writer *w = JSON_INTO(out, 0);

	buf_reset(out);
	begin(w, row);
	json_key(w, "error");
	js_error_write(&c->e, w);
	if (row->blank != NULL) {
		buf_put_char(out, ',');
		buf_put_str(out, row->blank);
	}
	buf_put_char(out, '}');
}

static bool has_level(struct api_call *c)
{
	struct slice text;
	int64_t      level;

	return c->r->headers.n == 0 || !js_header_get(c->r->headers,
	    SLICE("Nats-Required-Api-Level"), &text) ||
	    (text_parse_i64(text, &level) && level <= JS_API_LEVEL) ||
	    js_fail(&c->e, 10185);
}

/* A reset is for the consumer alone, and there is none. */
static bool has_jetstream(struct api_call *c, const struct api_row *row)
{
	c->is_silent = !c->account->is_enabled &&
	    row->is_heard;
	return c->account->is_enabled || row->is_anywhere ||
	    js_fail(&c->e, 10039);
}

static bool looks_like_json(struct slice s)
{
	for (; s.n > 0; s = slice_skip(s, 1))
		if (strchr(" \t\r\n", *s.p) == NULL)
			return *s.p == '{' || *s.p == '[';
	return false;
}

/* What was sent, as far as the row wants it. */
static bool read_payload(struct api_call *c, const struct api_row *row,
    struct json **doc)
{
	const char *why;

	if (row->rule == IGNORED || c->r->payload.n == 0 ||
	    (row->rule == OPTIONAL && !looks_like_json(c->r->payload)))
		return true;
	*doc = json_parse(c->r->payload, &why);
	if (row->rule == EMPTY)
		return (json_is_object(*doc) && json_n_members(*doc) == 0) ||
		    js_fail(&c->e, 10038);
	if (*doc != NULL && js_is_null(*doc)) {
		json_free(*doc);
		*doc = json_parse(SLICE("{}"), &why);	/* as Go has it */
	}
	c->doc = *doc;
	return *doc != NULL || js_fail_with(&c->e, 10025, "%s", why);
}

static bool understand(struct api_call *c, const struct api_row *row)
{
	if (row->asks == NULL)
		return true;
	c->hold = js_hold_create();
	if (c->hold == NULL)
		return js_fail_with(&c->e, 10025, "out of memory");
	return request_read(row->asks, c->doc, c->js->config.is_strict,
	    &c->asked, c->hold, &c->e);
}

static void reply(const struct api_call *c, struct slice text)
{
	struct buf headers = { 0 };

	if (c->r->reply.n == 0)
		return;
	if (c->identity != NULL) {
		js_headers_begin(&headers, SLICE_NONE);
		js_header_put(&headers, "Nats-Stream-Identity",
		    slice_of(c->identity, HASH8));
		js_headers_end(&headers);
	}
	js_send(c->js, &(struct js_out){ .account = c->account->core,
		.subject = c->r->reply, .headers = buf_slice(&headers),
		.payload = text });
	buf_fini(&headers);
}

static void count(const struct api_call *c, const struct api_row *row,
    struct slice text)
{
	if (row->is_quiet)
		return;
	c->account->n_api++;
	c->js->n_api++;
	c->account->n_api_errors += js_failed(&c->e);
	c->js->n_api_errors += js_failed(&c->e);
	advisory_audit(c->r, text);
}

/* One that is not there says nothing, as in nats-server. */
static bool has_listener(struct api_call *c, const struct api_row *row)
{
	c->is_silent = row->is_heard && api_consumer(c) == NULL;
	return !c->is_silent;
}

/* False: not yet. */
static bool answer(struct js *js, struct api_request *r,
    const struct api_row *row, struct slice rest)
{
	struct buf         out = { 0 };
	struct json_writer w;
	struct json       *doc = NULL;
	struct api_call    c = { .r = r, .account = r->account, .js = js,
		.rest = rest, .w = &w };

	find_names(&c, row);
	json_init(&w, &out, 0);
	begin(&w, row);
	if (has_level(&c) && has_jetstream(&c, row) && has_listener(&c, row) &&
	    read_payload(&c, row, &doc) && understand(&c, row)) {
		if (row->rule == REQUIRED && c.doc == NULL)
			js_fail(&c.e, row->if_empty != 0 ? row->if_empty
			    : 10003);
		else
			row->handle(&c);
	}
	if (js_failed(&c.e))
		put_failure(&c, row, &out);
	else
		json_end_object(&w);
	if (!c.is_put_off)
		count(&c, row, buf_slice(&out));
	if (!c.is_put_off && !c.is_silent && !buf_failed(&out))
		reply(&c, buf_slice(&out));
	js_hold_destroy(c.hold);
	json_free(doc);
	buf_fini(&out);
	return !c.is_put_off;
}

/* ---- requests ------------------------------------------------------------------ */

/* Who asks for these is told of later, too. */
static bool is_backup(struct slice subject)
{
	return slice_has_prefix(subject, SLICE("$JS.API.STREAM.SNAPSHOT.")) ||
	    slice_has_prefix(subject, SLICE("$JS.API.STREAM.RESTORE."));
}

static int64_t most_waiting(const struct js *js, bool is_info)
{
	int64_t requests = js->config.limit_requests > 0
	    ? js->config.limit_requests : API_REQUESTS_MAX;

	return is_info && js->config.limit_infos > 0 ? js->config.limit_infos
	    : requests;
}

static void free_request(struct api_request *r)
{
	making_drop(r->making);
	free(r);
}

/* All of that kind, without an answer: as nats-server does. */
static void drop_waiting(struct js *js, bool is_info)
{
	uint64_t n = js->n_waiting[is_info];

	LIST_EACH (l, &js->requests) {
		struct api_request *r = CONTAINER_OF(l, struct api_request,
		    link);

		if (r->row == NULL || r->row->is_info != is_info)
			continue;
		list_remove(l);
		free_request(r);
	}
	js->n_waiting[is_info] = 0;
	log_warn("JetStream: too many requests wait, %llu are dropped",
	    (unsigned long long)n);
	advisory_api_limit(js, n);
}

static void queue(struct js_account *a, const struct run *run,
    const struct msg *m)
{
	struct js          *js = a->js;
	struct slice        headers = msg_headers(m), payload = msg_payload(m);
	struct buf          client = { 0 };
	struct api_request *r;
	char               *at;

	if (advisory_wants_audit(a) || is_backup(run->subject))
		js->host.put_client(js->host.ctx, run, &client);
	r = malloc(sizeof *r + run->subject.n + m->reply.n + m->size +
	    client.n);
	if (r == NULL) {
		buf_fini(&client);
		return;		/* as if it had been lost on the way */
	}
	at = r->bytes;
	*r = (struct api_request){ .account = a,
		.row = find_row(a, run->subject) };
	r->subject = slice_pack(&at, run->subject);
	r->reply = slice_pack(&at, m->reply);
	r->headers = slice_pack(&at, headers);
	r->payload = slice_pack(&at, payload);
	r->client = slice_pack(&at, buf_slice(&client));
	list_append(&js->requests, &r->link);
	js_need_turn(js);	/* it may come from inside */
	buf_fini(&client);
	if (r->row != NULL && ++js->n_waiting[r->row->is_info] >=
	    (uint64_t)most_waiting(js, r->row->is_info))
		drop_waiting(js, r->row->is_info);
}

void api_take(void *ctx, const struct run *run)
{
	for (uint32_t i = 0; i < run->n; i++)
		queue(ctx, run, &run->msgs[i]);
}

/* False: not yet. */
static bool answer_one(struct js *js, struct api_request *r)
{
	struct slice rest = slice_skip(r->subject, PREFIX.n);

	if (r->row != NULL)
		return answer(js, r, r->row, rest);
	if (slice_has_prefix(rest, SLICE("DIRECT.GET.")))
		direct_answer(js, r);
	return true;
}

/* While streams open, requests wait that are about one of them, or about all;
 * who makes a new one must not get in the way of those.  While one is made, who
 * is about it, or makes or changes one, too. */
static bool must_wait(struct api_request *r)
{
	const struct js_account *a = r->account;
	bool            is_making = making_is_at(a, SLICE_NONE);
	struct api_call c = { .r = r };
	bool            is_named, is_there;

	if (r->making != NULL)
		return !making_is_done(r->making);
	if ((list_is_empty(&a->openings) && !is_making) || r->row == NULL)
		return false;
	c.rest = slice_skip(r->subject, PREFIX.n);
	find_names(&c, r->row);
	is_named = c.n_names > 0;
	if (is_making && (r->row->is_about_all ||
	    (is_named && making_is_at(a, c.names[0]))))
		return true;
	is_there = is_named && js_find_stream(a, c.names[0]) != NULL;
	return !list_is_empty(&a->openings) &&
	    (!is_there || r->row->is_about_all);
}

void api_answer_all(struct js *js)
{
	struct list now;

	js->n_waiting[false] = js->n_waiting[true] = 0;
	list_init(&now);
	for (struct list *l; (l = list_take(&js->requests)) != NULL;)
		list_append(&now, l);
	for (struct list *l; (l = list_take(&now)) != NULL;) {
		struct api_request *r = CONTAINER_OF(l, struct api_request,
		    link);

		if (must_wait(r) || !answer_one(js, r)) {
			list_append(&js->requests, l);
			js->n_waiting[r->row->is_info]++;
		} else {
			free_request(r);
		}
	}
}

void api_drop_all(struct js *js)
{
	struct list *l;

	while ((l = list_take(&js->requests)) != NULL)
		free_request(CONTAINER_OF(l, struct api_request, link));
}

static bool subscribe(struct js_account *a, const char *pattern)
{
	const struct js_host *h = &a->js->host;
	struct js_sub        *s = h->subscribe(h->ctx, a->core,
	    slice_str(pattern), SLICE_NONE, api_take, a);

	if (s != NULL)
		a->subs[a->n_subs++] = s;
	return s != NULL;
}

/* Not all of $JS.API.>: who asks for a consumer or a direct get that is not
 * there is told that nobody listens. */
bool api_open(struct js_account *a)
{
#define API(rest) "$JS.API." rest
	static const char *const patterns[] = { API("INFO"), API("STREAM.>"),
		API("CONSUMER.CREATE.>"), API("CONSUMER.DURABLE.>"),
		API("CONSUMER.NAMES.>"), API("CONSUMER.LIST.>"),
		API("CONSUMER.INFO.>"), API("CONSUMER.DELETE.>"),
		API("CONSUMER.PAUSE.>"), API("CONSUMER.UNPIN.>"),
		API("CONSUMER.RESET.>"), API("CONSUMER.LEADER.>"),
		API("META.>"), API("SERVER.>"), API("ACCOUNT.>") };
	size_t n = sizeof patterns / sizeof patterns[0];
	bool   ok = true;

	if (a->core->is_system)
		return subscribe(a, API(">"));
#undef API
	for (size_t i = 0; i < n && ok; i++)
		ok = subscribe(a, patterns[i]);
	return ok;
}

void api_close(struct js_account *a)
{
	const struct js_host *h = &a->js->host;

	while (a->n_subs > 0)
		h->unsubscribe(h->ctx, a->subs[--a->n_subs]);
}

/* ---- for the handlers ------------------------------------------------------------ */

struct stream *api_stream_or(struct api_call *c, unsigned if_offline)
{
	struct stream        *s = js_find_stream(c->account, c->names[0]);
	const struct offline *o;

	if (s != NULL)
		return s;
	o = offline_find(c->account, c->names[0]);
	if (o == NULL)
		js_fail(&c->e, 10059);
	else if (if_offline == 0)
		js_fail_with(&c->e, 10194, "%.*s",
		    SLICE_ARG(buf_slice(&o->reason)));
	else
		js_fail_with(&c->e, if_offline, "stream closed");
	return NULL;
}

struct stream *api_stream(struct api_call *c)
{
	return api_stream_or(c, 0);
}

/* Of a stream that is offline: those that are the reason are there. */
static struct consumer *refuse_offline(struct api_call *c,
    const struct offline *o)
{
	const struct offline_consumer *x = offline_find_consumer(o,
	    c->names[1]);

	if (x != NULL)
		js_fail_with(&c->e, 10195, "%.*s",
		    SLICE_ARG(buf_slice(&x->reason)));
	else
		js_fail(&c->e, 10014);
	return NULL;
}

struct consumer *api_consumer(struct api_call *c)
{
	const struct offline *off = offline_find(c->account, c->names[0]);
	struct stream        *s;
	struct consumer      *o;

	if (off != NULL)
		return refuse_offline(c, off);
	s = api_stream(c);
	o = s == NULL ? NULL : stream_find_consumer(s, c->names[1]);
	if (s != NULL && o == NULL)
		js_fail(&c->e, 10014);
	return o;
}

size_t api_page(struct api_call *c, size_t total, size_t limit)
{
	int64_t offset = c->asked.page.offset > 0 ? c->asked.page.offset : 0;

	if ((uint64_t)offset > total)
		offset = (int64_t)total;
	json_key(c->w, "total");
	json_u64(c->w, total);
	json_key(c->w, "offset");
	json_i64(c->w, offset);
	json_key(c->w, "limit");
	json_u64(c->w, limit);
	return (size_t)offset;
}
