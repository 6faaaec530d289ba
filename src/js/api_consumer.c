/* js/api_consumer.c - requests about consumers (section 2.4.9 to 2.4.13). */
#include "js/api.h"

#include "base/buf.h"
#include "base/err.h"
#include "js/advisory.h"
#include "js/consumer.h"
#include "js/cursors.h"
#include "js/hash8.h"
#include "js/headers.h"
#include "js/js.h"
#include "js/offline.h"
#include "js/names.h"
#include "js/stream.h"
#include "js/stream_config.h"

enum { NAMES_PAGE = 1024, LIST_PAGE = 256 };

/* ---- create -------------------------------------------------------------------- */

static struct consumer_config *read_config(struct api_call *c)
{
	struct consumer_config *g;
	const struct json      *config = c->asked.consumer_create.config;
	struct json            *none = NULL;
	const char             *why;
	bool                    ok;

	if (!slice_eq(c->asked.consumer_create.stream_name, c->names[0])) {
		js_fail(&c->e, 10056);
		return NULL;
	}
	if (config == NULL)
		config = none = json_parse(SLICE("{}"), &why);
	ok = consumer_config_read(config, c->js->config.is_strict, &g, &c->e);
	json_free(none);
	return ok ? g : NULL;
}

static bool make_up_name(struct api_call *c, struct consumer_config *g)
{
	char name[HASH8];

	hash8_random(name);
	return consumer_config_set_name(g, slice_of(name, HASH8)) ||
	    js_fail(&c->e, 10023);
}

/* What the subject says and what the body says are one. */
static bool settle_name(struct api_call *c, struct consumer_config *g)
{
	if (c->n_names < 2) {
		if (g->durable.n > 0)
			return js_fail(&c->e, 10020);
		return g->name.n > 0 || make_up_name(c, g);
	}
	if (js_name_is_path(c->names[1]))
		return js_fail(&c->e, 10127);
	if (g->durable.n > 0 && !slice_eq(g->durable, c->names[1]))
		return js_fail(&c->e, 10017);
	if (c->rest.n > 0) {
		if (g->n_filters > 0)
			return js_fail(&c->e, 10137);
		if (!slice_eq(g->one_filter, c->rest))
			return js_fail(&c->e, 10131);
	}
	return consumer_config_set_name(g, c->names[1]) ||
	    js_fail(&c->e, 10023);
}

static bool settle_durable(struct api_call *c, struct consumer_config *g)
{
	if (g->durable.n == 0)
		return js_fail(&c->e, 10018);
	if (!slice_eq(g->durable, c->names[1]))
		return js_fail(&c->e, 10017);
	return consumer_config_set_name(g, g->durable) ||
	    js_fail(&c->e, 10023);
}

/* ---- for mirrors and sources ------------------------------------------------- */

/* Section 13.2: who reads a stream that keeps all gets a consumer of its own
 * each time; of one that gives messages up there is one, which remembers. */
static bool settle_sourcing(struct api_call *c, const struct stream *s,
    struct consumer_config *g)
{
	char       id[HASH8];
	struct buf name = { 0 };
	bool       ok;

	if (s->config->retention == RETENTION_LIMITS) {
		hash8_random(id);
		buf_put_slice(&name, g->name);
		buf_put_char(&name, '-');
		buf_put(&name, id, HASH8);
		ok = !buf_failed(&name) &&
		    consumer_config_set_name(g, buf_slice(&name));
		buf_fini(&name);
		return ok || js_fail(&c->e, 10023);
	}
	g->durable = g->name;
	g->direct = false;
	g->ack_policy = ACK_FLOW_CONTROL;
	g->ack_wait_ns = g->inactive_ns = g->max_deliver = 0;
	g->deliver_policy = DELIVER_ALL;
	g->opt_start_seq = 0;
	g->opt_start_time = JS_TIME_UNSET;
	g->start_told = NULL;
	return true;
}

/* The reader says which making of the stream it knows, if it knows one. */
static bool check_identity(struct api_call *c, const struct stream *s)
{
	struct slice text;

	if (c->r->headers.n == 0 || !js_header_get(c->r->headers,
	    SLICE("Nats-Stream-Identity"), &text) || text.n == 0 ||
	    slice_eq(text, slice_of(s->identity, HASH8)))
		return true;
	return js_fail_with(&c->e, 10225, "%.*s",
	    HASH8, s->identity);
}

static bool settle_reader(struct api_call *c, const struct stream *s,
    struct consumer_config *g)
{
	if (!g->sourcing)
		return true;
	c->identity = s->identity;
	return check_identity(c, s) && (!g->direct || settle_sourcing(c, s, g));
}

/* A reader that comes back goes on behind what it has acknowledged. */
static struct consumer *update(struct api_call *c, struct consumer *o,
    struct consumer_config *g)
{
	bool     comes_back = g->sourcing && consumer_config(o)->sourcing;
	uint64_t at;

	if (!consumer_update(o, g, &c->e))
		return NULL;
	if (comes_back)
		consumer_reset(o, 0, &at, &c->e);
	return js_failed(&c->e) ? NULL : o;
}

/* is_whole: it was said as it is, the time without use too; without that
 * nats-server takes none for the one that is there, if it is to be new. */
static struct consumer *create_or_update(struct api_call *c,
    struct stream *s, struct consumer_config *g, bool is_whole)
{
	enum consumer_action action = c->asked.consumer_create.action;
	struct consumer     *o = stream_find_consumer(s, g->name);

	if (o == NULL && action == ACTION_UPDATE) {
		js_fail(&c->e, 10149);
	} else if (o == NULL) {
		o = consumer_create(s, g, &c->e);
		if (o != NULL)
			advisory_consumer_action(o, "create");
		return o;
	} else {
		g->pause_until = consumer_config(o)->pause_until;
		g->pause_told = NULL;	/* in UTC from now on */
		if (consumer_config_equal(g, consumer_config(o)) &&
		    (is_whole || action != ACTION_CREATE)) {
			consumer_config_destroy(g);
			return o;
		}
		if (action != ACTION_CREATE)
			return update(c, o, g);
		js_fail(&c->e, 10148);
	}
	consumer_config_destroy(g);
	return NULL;
}

/* What it says is kept back until a restart would find it so. */
static void answer_when_kept(struct api_call *c, struct stream *s, bool is_kept)
{
	if (is_kept)
		api_wait_for_disk(c, s, true, 10104);
}

static bool check(struct api_call *c, const struct stream *s,
    struct consumer_config *g)
{
	const struct consumer *before = stream_find_consumer(s, g->name);
	struct consumer_limits limits = {
		.max_ack_pending = c->account->limits.max_ack_pending > 0
		    ? c->account->limits.max_ack_pending
		    : c->js->config.limit_ack_pending,
		.max_request_batch = c->js->config.limit_request_batch,
		.before = before == NULL ? NULL : consumer_config(before) };

	return consumer_config_check(g, s->config, &limits,
	    c->asked.consumer_create.pedantic, &c->e);
}

static void create(struct api_call *c,
    bool (*settle)(struct api_call *c, struct consumer_config *g))
{
	struct consumer_config *g = read_config(c);
	struct stream          *s = NULL;
	struct consumer        *o;
	bool                    is_whole;

	if (g == NULL)
		return;
	if (settle(c, g) && (g->n_replicas <= 1 || js_fail(&c->e, 10074)))
		s = api_stream(c);
	is_whole = g->inactive_ns > 0 || (s != NULL &&
	    s->config->limit_inactive_ns > 0);
	if (s == NULL || !settle_reader(c, s, g) || !check(c, s, g)) {
		consumer_config_destroy(g);
		return;
	}
	o = create_or_update(c, s, g, is_whole || g->inactive_ns == 0);
	if (o == NULL)
		return;
	consumer_write_info(o, true, c->w);
	answer_when_kept(c, s, cursor_is_kept(o));
}

void api_consumer_create(struct api_call *c)
{
	create(c, settle_name);
}

void api_consumer_create_durable(struct api_call *c)
{
	create(c, settle_durable);
}

/* ---- lists ---------------------------------------------------------------------- */

/* Of a stream that is offline only those stand in lists that are the reason. */
static void write_offline_names(struct api_call *c, const struct offline *o,
    size_t at, size_t limit)
{
	size_t i = 0;

	json_begin_array(c->w);
	for (struct list *l = o->consumers.next; l != &o->consumers;
	    l = l->next, i++)
		if (i >= at && i - at < limit)
			json_str(c->w, offline_consumer_of(l)->name);
	json_end_array(c->w);
}

static void write_reasons(struct api_call *c, const struct offline *o,
    size_t at, size_t limit)
{
	size_t i = 0;

	json_begin_object(c->w);
	for (struct list *l = o->consumers.next; l != &o->consumers;
	    l = l->next, i++) {
		const struct offline_consumer *x = offline_consumer_of(l);

		if (i < at || i - at >= limit)
			continue;
		json_key_slice(c->w, x->name);
		json_str(c->w, buf_slice(&x->reason));
	}
	json_end_object(c->w);
}

static void write_offline_page(struct api_call *c, const struct offline *o,
    size_t limit, bool is_whole)
{
	size_t at = api_page(c, o->n_consumers, limit);

	json_key(c->w, "consumers");
	if (!is_whole) {
		write_offline_names(c, o, at, limit);
		return;
	}
	json_begin_array(c->w);
	json_end_array(c->w);
	if (at == o->n_consumers)
		return;
	json_key(c->w, "missing");
	write_offline_names(c, o, at, limit);
	json_key(c->w, "offline");
	write_reasons(c, o, at, limit);
}

static void write_page(struct api_call *c, size_t limit, bool is_whole)
{
	const struct offline *off = offline_find(c->account, c->names[0]);
	struct stream        *s;
	size_t                at, i = 0;

	if (off != NULL) {
		write_offline_page(c, off, limit, is_whole);
		return;
	}
	s = api_stream(c);
	if (s == NULL)
		return;
	at = api_page(c, s->n_consumers - s->n_direct, limit);
	json_key(c->w, "consumers");
	json_begin_array(c->w);
	LIST_EACH (l, &s->consumers) {
		const struct consumer *o = consumer_of(l);

		if (consumer_is_hidden(o) || i++ < at || i > at + limit)
			continue;
		if (!is_whole) {
			json_str(c->w, consumer_name(o));
			continue;
		}
		json_begin_object(c->w);
		consumer_write_info(o, false, c->w);
		json_end_object(c->w);
	}
	json_end_array(c->w);
}

void api_consumer_names(struct api_call *c)
{
	write_page(c, NAMES_PAGE, false);
}

void api_consumer_list(struct api_call *c)
{
	write_page(c, LIST_PAGE, true);
}

/* ---- one consumer ---------------------------------------------------------------- */

void api_consumer_info(struct api_call *c)
{
	struct consumer *o = api_consumer(c);

	if (o != NULL)
		consumer_write_info(o, true, c->w);
}

void api_consumer_delete(struct api_call *c)
{
	struct consumer *o = api_consumer(c);
	bool             is_kept;
	int              err;

	if (o == NULL)
		return;
	is_kept = cursor_is_kept(o);
	err = consumer_delete(o);
	if (err != 0) {
		js_fail_with(&c->e, 10104, "%s", err_text(err));
		return;
	}
	json_key(c->w, "success");
	json_bool(c->w, true);
	answer_when_kept(c, api_stream(c), is_kept);
}

void api_consumer_pause(struct api_call *c)
{
	struct consumer *o = api_consumer(c);
	const struct js_host *h = &c->js->host;
	int64_t          until = c->asked.pause.until;
	int64_t          now = h->wall_ns(h->ctx);

	if (o == NULL)
		return;
	if (!consumer_pause(o, until, &c->e))
		return;
	json_key(c->w, "paused");
	json_bool(c->w, until > now);
	json_key(c->w, "pause_until");
	js_time_write(until, c->w);
	if (until > now) {
		json_key(c->w, "pause_remaining");
		json_i64(c->w, until - now);
	}
	answer_when_kept(c, api_stream(c), cursor_is_kept(o));
}

void api_consumer_unpin(struct api_call *c)
{
	struct slice     group = c->asked.unpin.group;
	struct consumer *o;

	if (group.n == 0) {
		js_fail_with(&c->e, 10025, "consumer group not specified");
		return;
	}
	if (!consumer_group_is_valid(group)) {
		js_fail(&c->e, 10162);
		return;
	}
	o = api_consumer(c);
	if (o != NULL)
		consumer_unpin(o, group, &c->e);
}

void api_consumer_reset(struct api_call *c)
{
	struct consumer *o = api_consumer(c);
	uint64_t         at;

	c->is_silent = c->r->reply.n == 0;
	if (o == NULL || !consumer_reset(o, c->asked.reset.seq, &at, &c->e))
		return;
	cursor_flush(o);
	if (cursor_error(o) != 0) {
		js_fail_with(&c->e, 10104, "%s", err_text(cursor_error(o)));
		return;
	}
	consumer_write_info(o, true, c->w);
	json_key(c->w, "reset_seq");
	json_u64(c->w, at);
	answer_when_kept(c, api_stream(c), cursor_is_kept(o));
}
