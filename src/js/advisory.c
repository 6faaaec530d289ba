/* js/advisory.c - what JetStream tells whoever listens to $JS.EVENT. */
#include "js/advisory.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/nuid.h"
#include "core/account.h"
#include "js/api.h"
#include "js/consumer.h"
#include "js/fields.h"
#include "js/js.h"
#include "js/stream.h"

#define ADVISORY "io.nats.jetstream.advisory.v1."
#define METRIC   "io.nats.jetstream.metric.v1."

/* A document that is being made.  Nobody wants it: w.out is NULL. */
struct document {
	const struct js_account *account;
	struct buf               subject, text;
	struct json_writer       w;
	bool                     is_wanted;
};

static void begin(struct document *d, const struct js_account *a,
    const char *type)
{
	struct js *js = a->js;
	char       id[NUID_CHARS];

	d->account = a;
	d->is_wanted = !buf_failed(&d->subject) &&
	    js->host.is_wanted(js->host.ctx, a->core, buf_slice(&d->subject),
	    SLICE_NONE);
	if (!d->is_wanted)
		return;
	nuid_next(id);
	json_init(&d->w, &d->text, 0);
	json_begin_object(&d->w);
	json_key(&d->w, "type");
	json_cstr(&d->w, type);
	json_key(&d->w, "id");
	json_str(&d->w, slice_of(id, NUID_CHARS));
	json_key(&d->w, "timestamp");
	json_time(&d->w, js->host.wall_ns(js->host.ctx));
}

static void put(struct document *d, const char *key, struct slice s)
{
	json_key(&d->w, key);
	json_str(&d->w, s);
}

static void put_u64(struct document *d, const char *key, uint64_t v)
{
	json_key(&d->w, key);
	json_u64(&d->w, v);
}

static void end(struct document *d)
{
	const char *domain = d->account->js->config.domain;

	if (d->is_wanted) {
		if (domain != NULL)
			put(d, "domain", slice_str(domain));
		json_end_object(&d->w);
		js_send(d->account->js, &(struct js_out){
			.account = d->account->core,
			.subject = buf_slice(&d->subject),
			.payload = buf_slice(&d->text) });
	}
	buf_fini(&d->subject);
	buf_fini(&d->text);
}

/* ---- streams ----------------------------------------------------------------- */

void advisory_stream_action(const struct stream *s, const char *word,
    const char *action)
{
	struct document d = { 0 };

	buf_printf(&d.subject, "$JS.EVENT.ADVISORY.STREAM.%s.%.*s", word,
	    SLICE_ARG(s->name));
	begin(&d, s->account, ADVISORY "stream_action");
	if (d.is_wanted) {
		put(&d, "stream", s->name);
		put(&d, "action", slice_str(action));
	}
	end(&d);
}

void advisory_batch_abandoned(const struct stream *s, struct slice id,
    const char *reason)
{
	struct document d = { 0 };

	buf_printf(&d.subject, "$JS.EVENT.ADVISORY.STREAM.BATCH_ABANDONED.%.*s",
	    SLICE_ARG(s->name));
	begin(&d, s->account, ADVISORY "stream_batch_abandoned");
	if (d.is_wanted) {
		put(&d, "stream", s->name);
		put(&d, "batch", id);
		put(&d, "reason", slice_str(reason));
	}
	end(&d);
}

bool advisory_wants_audit(const struct js_account *a)
{
	return a->js->host.is_wanted(a->js->host.ctx, a->core,
	    SLICE("$JS.EVENT.ADVISORY.API"), SLICE_NONE);
}

void advisory_audit(const struct api_request *r, struct slice response)
{
	struct document d = { 0 };

	buf_put_str(&d.subject, "$JS.EVENT.ADVISORY.API");
	begin(&d, r->account, ADVISORY "api_audit");
	if (d.is_wanted) {
		put(&d, "server", slice_str(r->account->js->config.server_name));
		if (r->client.n > 0) {
			json_key(&d.w, "client");
			json_raw(&d.w, r->client);
		}
		put(&d, "subject", r->subject);
		if (r->payload.n > 0)
			put(&d, "request", r->payload);
		put(&d, "response", response);
	}
	end(&d);
}

/* ---- backups ------------------------------------------------------------------ */

static void begin_backup(struct document *d, const struct js_account *a,
    const char *word, struct slice stream, const char *type)
{
	buf_printf(&d->subject, "$JS.EVENT.ADVISORY.STREAM.%s.%.*s", word,
	    SLICE_ARG(stream));
	begin(d, a, type);
	if (d->is_wanted)
		put(d, "stream", stream);
}

static void put_client(struct document *d, struct slice client)
{
	json_key(&d->w, "client");
	json_raw(&d->w, client.n > 0 ? client : SLICE("null"));
}

static void put_times(struct document *d, int64_t start_ns)
{
	const struct js_host *h = &d->account->js->host;

	json_key(&d->w, "start");
	json_time(&d->w, start_ns);
	json_key(&d->w, "end");
	json_time(&d->w, h->wall_ns(h->ctx));
}

void advisory_snapshot_create(struct stream *s, struct slice client)
{
	struct document d = { 0 };

	begin_backup(&d, s->account, "SNAPSHOT_CREATE", s->name,
	    ADVISORY "snapshot_create");
	if (d.is_wanted) {
		json_key(&d.w, "state");
		stream_write_state(s, NULL, NULL, &d.w);
		put_client(&d, client);
	}
	end(&d);
}

/* ---- the server -------------------------------------------------------------- */

void advisory_api_limit(struct js *js, uint64_t n_dropped)
{
	struct document d = { 0 };

	if (js->system == NULL)
		return;
	buf_put_str(&d.subject, "$JS.EVENT.ADVISORY.API.LIMIT_REACHED");
	begin(&d, js->system, ADVISORY "api_limit_reached");
	if (d.is_wanted) {
		put(&d, "server", slice_str(js->config.server_name));
		put_u64(&d, "dropped", n_dropped);
	}
	end(&d);
}

void advisory_snapshot_complete(const struct stream *s, struct slice client,
    int64_t start_ns, const char *error)
{
	struct document d = { 0 };

	begin_backup(&d, s->account, "SNAPSHOT_COMPLETE", s->name,
	    ADVISORY "snapshot_complete");
	if (d.is_wanted) {
		put_times(&d, start_ns);
		put_client(&d, client);
		if (error != NULL)
			put(&d, "error", slice_str(error));
	}
	end(&d);
}

void advisory_restore_create(const struct js_account *a, struct slice stream,
    struct slice client)
{
	struct document d = { 0 };

	begin_backup(&d, a, "RESTORE_CREATE", stream,
	    ADVISORY "restore_create");
	if (d.is_wanted)
		put_client(&d, client);
	end(&d);
}

void advisory_restore_complete(const struct js_account *a,
    struct slice stream, struct slice client, int64_t start_ns,
    uint64_t bytes)
{
	struct document d = { 0 };

	begin_backup(&d, a, "RESTORE_COMPLETE", stream,
	    ADVISORY "restore_complete");
	if (d.is_wanted) {
		put_times(&d, start_ns);
		put_u64(&d, "bytes", bytes);
		put_client(&d, client);
	}
	end(&d);
}

void advisory_out_of_storage(const struct stream *s)
{
	const struct js *js = s->account->js;
	struct document  d = { 0 };

	if (js->system == NULL)
		return;
	buf_put_str(&d.subject, "$JS.EVENT.ADVISORY.SERVER.OUT_OF_STORAGE");
	begin(&d, js->system, ADVISORY "server_out_of_space");
	if (d.is_wanted) {
		put(&d, "server", slice_str(js->config.server_name));
		put(&d, "server_id", slice_str(js->config.server_id));
		put(&d, "stream", s->name);
		put(&d, "cluster", SLICE(""));
	}
	end(&d);
}

/* ---- consumers --------------------------------------------------------------- */

static void begin_consumer(struct document *d, const struct consumer *c,
    const char *word, const char *type)
{
	const struct stream *s = consumer_stream(c);

	buf_printf(&d->subject, "$JS.EVENT.%s.%.*s.%.*s", word,
	    SLICE_ARG(s->name), SLICE_ARG(consumer_name(c)));
	begin(d, s->account, type);
	if (!d->is_wanted)
		return;
	put(d, "stream", s->name);
	put(d, "consumer", consumer_name(c));
}

void advisory_consumer_action(const struct consumer *c, const char *action)
{
	struct document d = { 0 };

	begin_consumer(&d, c, *action == 'c' ? "ADVISORY.CONSUMER.CREATED"
	    : "ADVISORY.CONSUMER.DELETED", ADVISORY "consumer_action");
	if (d.is_wanted)
		put(&d, "action", slice_str(action));
	end(&d);
}

void advisory_max_deliver(const struct consumer *c, uint64_t seq,
    uint64_t n_delivered)
{
	struct document d = { 0 };

	begin_consumer(&d, c, "ADVISORY.CONSUMER.MAX_DELIVERIES",
	    ADVISORY "max_deliver");
	if (d.is_wanted) {
		put_u64(&d, "stream_seq", seq);
		put_u64(&d, "deliveries", n_delivered);
	}
	end(&d);
}

static void put_place(struct document *d, uint64_t cseq, uint64_t seq,
    uint64_t n_delivered)
{
	put_u64(d, "consumer_seq", cseq);
	put_u64(d, "stream_seq", seq);
	put_u64(d, "deliveries", n_delivered);
}

void advisory_naked(const struct consumer *c, uint64_t cseq, uint64_t seq,
    uint64_t n_delivered)
{
	struct document d = { 0 };

	begin_consumer(&d, c, "ADVISORY.CONSUMER.MSG_NAKED", ADVISORY "nak");
	if (d.is_wanted)
		put_place(&d, cseq, seq, n_delivered);
	end(&d);
}

void advisory_terminated(const struct consumer *c, uint64_t cseq,
    uint64_t seq, uint64_t n_delivered, struct slice reason)
{
	struct document d = { 0 };

	begin_consumer(&d, c, "ADVISORY.CONSUMER.MSG_TERMINATED",
	    ADVISORY "terminated");
	if (d.is_wanted)
		put_place(&d, cseq, seq, n_delivered);
	if (d.is_wanted && reason.n > 0)
		put(&d, "reason", reason);
	end(&d);
}

void advisory_paused(const struct consumer *c, bool is_paused, int64_t until)
{
	struct document d = { 0 };

	begin_consumer(&d, c, "ADVISORY.CONSUMER.PAUSE",
	    ADVISORY "consumer_pause");
	if (d.is_wanted) {
		json_key(&d.w, "paused");
		json_bool(&d.w, is_paused);
		json_key(&d.w, "pause_until");
		js_time_write(until, &d.w);
	}
	end(&d);
}

static void put_account(struct document *d)
{
	put(d, "account", d->account->core->name);
}

void advisory_pinned(const struct consumer *c, struct slice group,
    struct slice id)
{
	struct document d = { 0 };

	begin_consumer(&d, c, "ADVISORY.CONSUMER.PINNED",
	    ADVISORY "consumer_group_pinned");
	if (d.is_wanted) {
		put_account(&d);
		put(&d, "group", group);
		put(&d, "pinned_id", id);
	}
	end(&d);
}

void advisory_unpinned(const struct consumer *c, struct slice group,
    const char *reason)
{
	struct document d = { 0 };

	begin_consumer(&d, c, "ADVISORY.CONSUMER.UNPINNED",
	    ADVISORY "consumer_group_unpinned");
	if (d.is_wanted) {
		put_account(&d);
		put(&d, "group", group);
		put(&d, "reason", slice_str(reason));
	}
	end(&d);
}

void advisory_ack_metric(const struct consumer *c, uint64_t cseq,
    uint64_t seq, int64_t ack_time_ns, uint64_t n_delivered)
{
	struct document d = { 0 };

	begin_consumer(&d, c, "METRIC.CONSUMER.ACK", METRIC "consumer_ack");
	if (d.is_wanted) {
		put_u64(&d, "consumer_seq", cseq);
		put_u64(&d, "stream_seq", seq);
		json_key(&d.w, "ack_time");
		json_i64(&d.w, ack_time_ns);
		put_u64(&d, "deliveries", n_delivered);
	}
	end(&d);
}
