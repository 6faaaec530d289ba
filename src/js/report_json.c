/* js/report_json.c - what nats-server tells of JetStream, in its order. */
#include "js/report_int.h"

#include "base/text.h"
#include "core/account.h"
#include "js/consumer.h"
#include "js/js.h"
#include "js/offline.h"
#include "js/sources.h"
#include "js/stream.h"
#include "js/stream_config.h"

static void put_u64(struct json_writer *w, const char *key, uint64_t v)
{
	json_key(w, key);
	json_u64(w, v);
}

static void put_more_than_0(struct json_writer *w, const char *key, int64_t v)
{
	if (v <= 0)
		return;
	json_key(w, key);
	json_i64(w, v);
}

static void put_true(struct json_writer *w, const char *key, bool v)
{
	if (!v)
		return;
	json_key(w, key);
	json_bool(w, true);
}

static void put_cstr(struct json_writer *w, const char *key, const char *s)
{
	json_key(w, key);
	json_cstr(w, s);
}

/* ---- totals ----------------------------------------------------------------- */

/* What is known without a look at streams. */
static void begin_totals(struct report *r, struct js *js)
{
	struct report_totals *t = &r->totals;

	*t = (struct report_totals){
		.max_memory = (uint64_t)js->config.max_memory,
		.max_storage = (uint64_t)js->config.max_storage,
		.memory = js->memory_used, .storage = js->storage_used,
		.n_accounts = r->n_accounts, .n_api = js->n_api,
		.n_api_errors = js->n_api_errors };
}

static void add_reservation(struct report_totals *t, const struct stream *s)
{
	if (s->config->max_bytes > 0)
		*(s->config->storage == STORAGE_MEMORY ? &t->reserved_memory
		    : &t->reserved_storage) += (uint64_t)s->config->max_bytes;
}

static size_t add_stream(struct report *r, struct stream *s)
{
	struct report_totals *t = &r->totals;
	struct store_state    st;

	store_get_state(s->store, &st);
	t->n_streams++;
	t->n_consumers += s->n_consumers - s->n_direct;
	t->messages += st.n_msgs;
	t->bytes += st.bytes;
	t->lost += s->n_lost;
	add_reservation(t, s);
	return 1;
}

static void add_offline(struct report *r, const struct js_account *a)
{
	struct report_totals *t = &r->totals;

	t->n_streams += a->n_offline;
	for (struct list *l = a->offline.next; l != &a->offline; l = l->next) {
		t->messages += offline_of(l)->n_msgs;
		t->bytes += offline_of(l)->bytes;
	}
}

const struct report_pass report_sum = { REACH_EVERYWHERE,
	.begin = begin_totals, .enter = add_offline, .stream = add_stream };

/* ---- configuration and use ---------------------------------------------------- */

static void write_config(const struct js *js, bool has_dir,
    struct json_writer *w)
{
	const struct js_config *c = &js->config;

	json_key(w, "config");
	json_begin_object(w);
	json_key(w, "max_memory");
	json_i64(w, c->max_memory);
	json_key(w, "max_storage");
	json_i64(w, c->max_storage);
	if (has_dir)
		put_cstr(w, "store_dir", c->dir);
	put_more_than_0(w, "sync_interval", c->sync_interval_ns);
	put_true(w, "sync_always", c->sync_interval_ns == 0);
	if (c->domain != NULL)
		put_cstr(w, "domain", c->domain);
	put_true(w, "strict", c->is_strict);
	json_end_object(w);
}

static void write_limits(const struct js *js, struct json_writer *w)
{
	const struct js_config *c = &js->config;

	json_key(w, "limits");
	json_begin_object(w);
	put_more_than_0(w, "max_request_batch", c->limit_request_batch);
	put_more_than_0(w, "max_ack_pending", c->limit_ack_pending);
	put_more_than_0(w, "max_duplicate_window", c->limit_duplicates_ns);
	json_end_object(w);
}

static void write_stats(const struct report_totals *t, unsigned level,
    struct json_writer *w)
{
	put_u64(w, "memory", t->memory);
	put_u64(w, "storage", t->storage);
	put_u64(w, "reserved_memory", t->reserved_memory);
	put_u64(w, "reserved_storage", t->reserved_storage);
	put_u64(w, "accounts", t->n_accounts);
	put_u64(w, "ha_assets", 0);
	json_key(w, "api");
	json_begin_object(w);
	put_u64(w, "level", level);
	put_u64(w, "total", t->n_api);
	put_u64(w, "errors", t->n_api_errors);
	json_end_object(w);
}

/* Reservations are in the configurations: all at once is cheap. */
static void write_summary(struct report *r, struct js *js, bool has_dir)
{
	struct json_writer *w = &r->w;

	begin_totals(r, js);
	LIST_EACH (l, &js->accounts) {
		const struct js_account *a = CONTAINER_OF(l, struct js_account,
		    link);

		for (size_t i = 0; i < a->n; i++)
			add_reservation(&r->totals, a->v[i]);
	}
	json_begin_object(w);
	write_config(js, has_dir, w);
	json_key(w, "stats");
	json_begin_object(w);
	write_stats(&r->totals, JS_API_LEVEL, w);
	json_end_object(w);
	write_limits(js, w);
	json_end_object(w);
}

static void begin_summary(struct report *r, struct js *js)
{
	write_summary(r, js, true);
}

static void begin_stats(struct report *r, struct js *js)
{
	write_summary(r, js, false);
}

const struct report_pass report_summary = { REACH_NOWHERE,
	.begin = begin_summary };
const struct report_pass report_stats = { REACH_NOWHERE, .begin = begin_stats };

/* ---- streams and consumers ------------------------------------------------------ */

static size_t write_consumers(struct report *r, struct stream *s,
    const char *key, bool is_direct)
{
	struct json_writer *w = &r->w;
	size_t              n = 0;

	LIST_EACH (l, &s->consumers) {
		const struct consumer *c = consumer_of(l);

		if (consumer_is_hidden(c) != is_direct)
			continue;
		if (n++ == 0) {
			json_key(w, key);
			json_begin_array(w);
		}
		json_begin_object(w);
		consumer_write_detail(c, r->wish.options.shows_config, w);
		json_end_object(w);
	}
	if (n > 0)
		json_end_array(w);
	return n;
}

static void write_cluster(const struct js *js, struct json_writer *w)
{
	json_key(w, "cluster");
	json_begin_object(w);
	put_cstr(w, "leader", js->config.server_name);
	json_end_object(w);
}

static void begin_stream(struct report *r)
{
	if (!r->has_stream) {
		json_key(&r->w, "stream_detail");
		json_begin_array(&r->w);
	}
	r->has_stream = true;
	json_begin_object(&r->w);
}

static size_t write_stream(struct report *r, struct stream *s)
{
	const struct report_options *o = &r->wish.options;
	struct json_writer          *w = &r->w;
	size_t                       n = 1;

	if (!o->lists_streams)
		return n;
	begin_stream(r);
	json_key(w, "name");
	json_str(w, s->name);
	json_key(w, "created");
	json_time(w, s->created_ns);
	write_cluster(s->account->js, w);
	if (o->shows_config) {
		json_key(w, "config");
		stream_config_write(s->config, false, w);
	}
	json_key(w, "state");
	stream_write_state(s, NULL, NULL, w);
	if (o->lists_consumers)
		n += write_consumers(r, s, "consumer_detail", false);
	if (o->lists_consumers && o->lists_direct)
		n += write_consumers(r, s, "direct_consumer_detail", true);
	sources_write_info(s, w);
	json_end_object(w);
	return n;
}

/* ---- accounts --------------------------------------------------------------------- */

static void write_offline(struct report *r, const struct js_account *a)
{
	if (!r->wish.options.lists_streams)
		return;
	for (struct list *l = a->offline.next; l != &a->offline; l = l->next) {
		begin_stream(r);
		offline_write_detail(offline_of(l), a->js->config.server_name,
		    r->wish.options.shows_config, &r->w);
		json_end_object(&r->w);
	}
}

/* Of an account nats-server tells the limits where the reservations would be:
 * no limit is the greatest number. */
static void begin_account(struct report *r, const struct js_account *a)
{
	struct json_writer  *w = &r->w;
	struct report_totals t = {
		.memory = a->memory_used, .storage = a->storage_used,
		.reserved_memory = (uint64_t)a->limits.max_memory,
		.reserved_storage = (uint64_t)a->limits.max_storage,
		.n_api = a->n_api, .n_api_errors = a->n_api_errors };

	json_begin_object(w);
	json_key(w, "name");
	json_str(w, a->core->name);
	json_key(w, "id");
	json_str(w, a->core->name);
	write_stats(&t, 0, w);
	r->has_stream = false;
	write_offline(r, a);
}

static void end_account(struct report *r)
{
	if (r->has_stream)
		json_end_array(&r->w);
	json_end_object(&r->w);
}

const struct report_pass report_account = { REACH_ASKED,
	.enter = begin_account, .stream = write_stream, .leave = end_account };

/* ---- /jsz --------------------------------------------------------------------------- */

static void begin_document(struct report *r, struct js *js)
{
	const struct report_wish   *o = &r->wish;
	const struct report_totals *t = &r->totals;
	struct json_writer         *w = &r->w;

	json_begin_object(w);
	write_stats(t, JS_API_LEVEL, w);
	json_key(w, "server_id");
	json_str(w, o->server_id);
	json_key(w, "now");
	json_time(w, o->now_ns);
	write_config(js, true, w);
	write_limits(js, w);
	put_u64(w, "streams", t->n_streams);
	if (o->options.shows_raft && t->n_streams > 0)
		put_u64(w, "streams_leader", t->n_streams);
	put_u64(w, "consumers", t->n_consumers);
	if (o->options.shows_raft && t->n_consumers > 0)
		put_u64(w, "consumers_leader", t->n_consumers);
	put_u64(w, "messages", t->messages);
	put_u64(w, "bytes", t->bytes);
}

static void begin_detail(struct report *r, const struct js_account *a)
{
	if (!r->has_details) {
		json_key(&r->w, "account_details");
		json_begin_array(&r->w);
	}
	r->has_details = true;
	begin_account(r, a);
}

static void end_document(struct report *r, struct js *js)
{
	(void)js;
	if (r->has_details)
		json_end_array(&r->w);
	put_u64(&r->w, "total", r->n_accounts);
	json_end_object(&r->w);
}

const struct report_pass report_document = { REACH_ASKED, begin_document,
	begin_detail, write_stream, end_account, end_document };
