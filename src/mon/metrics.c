/* mon/metrics.c - tables of fields to Prometheus text. */
#include "mon/metrics.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/text.h"
#include "js/report.h"
#include "mon/accountz.h"
#include "mon/fields.h"
#include "mon/subsz.h"
#include "mon/varz.h"

/* Objects do not nest deeper in any table. */
enum { PATH_BYTES_MAX = 128 };

struct writer {
	struct buf  *out;
	struct slice prefix, server_id;
};

/* A label's value: \ " and newlines escaped. */
static void put_label(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, "%s=\"", name);
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] == '\n') {
			buf_put_str(out, "\\n");
		} else {
			if (value.p[i] == '\\' || value.p[i] == '"')
				buf_put_char(out, '\\');
			buf_put_char(out, value.p[i]);
		}
	buf_put_char(out, '"');
}

static void put_name(const struct writer *w, const char *part, const char *name)
{
	buf_put_slice(w->out, w->prefix);
	buf_printf(w->out, "_%s_%s", part, name);
}

/* HELP and TYPE. */
static void put_head(const struct writer *w, const char *part,
    const char *name, const char *help, enum field_metric type)
{
	buf_put_str(w->out, "# HELP ");
	put_name(w, part, name);
	buf_printf(w->out, " %s\n# TYPE ", help);
	put_name(w, part, name);
	buf_put_str(w->out, type == METRIC_COUNTER ? " counter\n" : " gauge\n");
}

static void put_sample(const struct writer *w, const char *part,
    const char *name, double value)
{
	put_name(w, part, name);
	buf_put_char(w->out, '{');
	put_label(w->out, "server_id", w->server_id);
	buf_put_str(w->out, "} ");
	text_put_f64(w->out, value);
	buf_put_char(w->out, '\n');
}

/* ---- a table's numbers -------------------------------------------------- */

/* "slow_consumer_stats_clients": where the walk through a table is. */
struct path {
	char   text[PATH_BYTES_MAX];
	size_t n;
};

static size_t path_enter(struct path *p, const char *key)
{
	size_t back = p->n;

	p->n += (size_t)snprintf(p->text + p->n, sizeof p->text - p->n, "%s%s",
	    back == 0 ? "" : "_", key);
	if (p->n >= sizeof p->text)
		p->n = sizeof p->text - 1;
	return back;
}

static void path_leave(struct path *p, size_t back)
{
	p->n = back;
	p->text[back] = '\0';
}

static void put_field(const struct writer *w, const char *part,
    const struct field *f, const void *doc, struct path *path)
{
	double value;
	size_t back;

	if (f->metric == METRIC_NONE || !field_number(f, doc, &value))
		return;
	back = path_enter(path, f->key);
	put_head(w, part, path->text, f->help == NULL ? path->text : f->help,
	    f->metric);
	put_sample(w, part, path->text, value);
	path_leave(path, back);
}

static void put_fields(const struct writer *w, const char *part,
    const struct field *fields, const void *doc)
{
	struct path path = { .n = 0 };
	size_t      outside = 0;	/* tables nest one level */

	for (const struct field *f = fields; f->key != NULL; f++)
		if (f->kind == FIELD_BEGIN)
			outside = path_enter(&path, f->key);
		else if (f->kind == FIELD_END)
			path_leave(&path, outside);
		else
			put_field(w, part, f, doc, &path);
}

/* ---- what has labels ---------------------------------------------------- */

/* The exporter tells texts as a 1 with a label. */
static void put_text(const struct writer *w, const char *name,
    struct slice value)
{
	put_head(w, "varz", name, name, METRIC_GAUGE);
	put_name(w, "varz", name);
	buf_put_char(w->out, '{');
	put_label(w->out, "server_id", w->server_id);
	buf_put_char(w->out, ',');
	put_label(w->out, "value", value);
	buf_put_str(w->out, "} 1\n");
}

#define C(key, ...) FIELD(connz_sums, key, U64, __VA_ARGS__)

static const struct field connz_fields[] = {
	C(num_connections, FIELD_GAUGE("clients on the page")),
	C(total, FIELD_GAUGE("clients now")),
	C(offset, FIELD_GAUGE("first client on the page")),
	C(limit, FIELD_GAUGE("clients a page")),
	C(pending_bytes, FIELD_GAUGE("bytes waiting for clients")),
	C(subscriptions, FIELD_GAUGE("subscriptions of clients")),
	C(in_bytes, FIELD_COUNTER("bytes received from clients here now")),
	C(out_bytes, FIELD_COUNTER("bytes sent to clients here now")),
	C(in_msgs, FIELD_COUNTER("messages received from clients here now")),
	C(out_msgs, FIELD_COUNTER("messages sent to clients here now")),
	{ NULL },
};

#define A(member, name, ...) \
	FIELD_NAMED(account_stats, name, member, U64, __VA_ARGS__)

static const struct field account_fields[] = {
	A(conns, "current_connections", FIELD_GAUGE("clients now")),
	A(total_conns, "total_connections", FIELD_COUNTER("clients, ever")),
	A(subs.num_subscriptions, "subscriptions",
	    FIELD_GAUGE("subscriptions now")),
	A(leafnodes, "leaf_nodes", FIELD_GAUGE("leaf nodes now")),
	A(sent_msgs, "sent_messages", FIELD_COUNTER("messages sent")),
	A(sent_bytes, "sent_bytes", FIELD_COUNTER("bytes sent")),
	A(received_msgs, "received_messages",
	    FIELD_COUNTER("messages received")),
	A(received_bytes, "received_bytes", FIELD_COUNTER("bytes received")),
	A(slow_consumers, "slow_consumers",
	    FIELD_COUNTER("connections cut for being slow")),
	{ NULL },
};

static void put_account_sample(const struct writer *w, const struct field *f,
    const struct account_stats *a)
{
	double value = 0;

	field_number(f, a, &value);
	put_name(w, "accstatz", f->key);
	buf_put_char(w->out, '{');
	put_label(w->out, "server_id", w->server_id);
	buf_put_char(w->out, ',');
	put_label(w->out, "account", a->name);
	buf_put_char(w->out, ',');
	put_label(w->out, "account_id", a->name);
	buf_put_char(w->out, ',');
	put_label(w->out, "account_name", a->name);
	buf_put_str(w->out, "} ");
	text_put_f64(w->out, value);
	buf_put_char(w->out, '\n');
}

static void put_accounts(const struct writer *w, const struct accountz *all)
{
	for (const struct field *f = account_fields; f->key != NULL; f++) {
		put_head(w, "accstatz", f->key, f->help, f->metric);
		for (size_t i = 0; i < all->n_accounts; i++)
			put_account_sample(w, f, &all->accounts[i]);
	}
}

/* ---- JetStream ----------------------------------------------------------- */

#define T(member, name, ...) \
	FIELD_NAMED(report_totals, name, member, U64, __VA_ARGS__)

/* What /varz has nested in "jetstream". */
static const struct field varz_jetstream_fields[] = {
	T(max_memory, "jetstream_config_max_memory",
	    FIELD_GAUGE("bytes of streams in memory allowed")),
	T(max_storage, "jetstream_config_max_storage",
	    FIELD_GAUGE("bytes of streams in files allowed")),
	T(memory, "jetstream_stats_memory",
	    FIELD_GAUGE("bytes of streams in memory")),
	T(storage, "jetstream_stats_storage",
	    FIELD_GAUGE("bytes of streams in files")),
	T(reserved_memory, "jetstream_stats_reserved_memory",
	    FIELD_GAUGE("bytes in memory that streams may use")),
	T(reserved_storage, "jetstream_stats_reserved_storage",
	    FIELD_GAUGE("bytes in files that streams may use")),
	T(n_accounts, "jetstream_stats_accounts",
	    FIELD_GAUGE("accounts with JetStream")),
	T(n_api, "jetstream_stats_api_total",
	    FIELD_COUNTER("requests of the JetStream API")),
	T(n_api_errors, "jetstream_stats_api_errors",
	    FIELD_COUNTER("requests of the JetStream API that failed")),
	{ NULL },
};

static const struct field server_fields[] = {
	T(n_streams, "total_streams", FIELD_GAUGE("streams now")),
	T(n_consumers, "total_consumers", FIELD_GAUGE("consumers now")),
	T(messages, "total_messages", FIELD_GAUGE("messages stored")),
	T(bytes, "total_message_bytes", FIELD_GAUGE("bytes of messages stored")),
	T(max_memory, "max_memory",
	    FIELD_GAUGE("bytes of streams in memory allowed")),
	T(max_storage, "max_storage",
	    FIELD_GAUGE("bytes of streams in files allowed")),
	T(lost, "lost_messages",
	    FIELD_GAUGE("messages that damage has cost streams")),
	{ NULL },
};

#define S(member, name, ...) \
	FIELD_NAMED(report_stream, name, member, U64, __VA_ARGS__)

static const struct field stream_fields[] = {
	S(messages, "total_messages", FIELD_GAUGE("messages stored")),
	S(bytes, "total_bytes", FIELD_GAUGE("bytes of messages stored")),
	S(limit_messages, "limit_messages",
	    FIELD_GAUGE("messages allowed; 0 is no limit")),
	S(limit_bytes, "limit_bytes",
	    FIELD_GAUGE("bytes allowed; 0 is no limit")),
	S(first_seq, "first_seq", FIELD_GAUGE("first sequence")),
	S(last_seq, "last_seq", FIELD_GAUGE("last sequence")),
	S(n_consumers, "consumer_count", FIELD_GAUGE("consumers now")),
	S(n_subjects, "subject_count", FIELD_GAUGE("subjects stored")),
	S(lost, "lost_messages", FIELD_GAUGE("messages that damage has cost")),
	{ NULL },
};

#define N(member, name, ...) \
	FIELD_NAMED(report_consumer, name, member, U64, __VA_ARGS__)

static const struct field consumer_fields[] = {
	N(delivered_consumer_seq, "delivered_consumer_seq",
	    FIELD_GAUGE("deliveries, counted")),
	N(delivered_stream_seq, "delivered_stream_seq",
	    FIELD_GAUGE("last sequence delivered")),
	N(ack_floor_consumer_seq, "ack_floor_consumer_seq",
	    FIELD_GAUGE("deliveries below which all are acknowledged")),
	N(ack_floor_stream_seq, "ack_floor_stream_seq",
	    FIELD_GAUGE("sequence below which all are acknowledged")),
	N(n_ack_pending, "num_ack_pending",
	    FIELD_GAUGE("delivered and not acknowledged")),
	N(n_pending, "num_pending", FIELD_GAUGE("not delivered yet")),
	N(n_redelivered, "num_redelivered",
	    FIELD_GAUGE("delivered again and not acknowledged")),
	N(n_waiting, "num_waiting", FIELD_GAUGE("pull requests that wait")),
	N(lag_seconds, "lag_seconds",
	    FIELD_GAUGE("age of the oldest message not delivered yet")),
	{ NULL },
};

/* One label after the others. */
static void put_more(const struct writer *w, const char *name,
    struct slice value)
{
	buf_put_char(w->out, ',');
	put_label(w->out, name, value);
}

struct names {
	struct slice server_name, account, stream, consumer;
};

/* What a sample is of; on one server we lead everything. */
static void put_names(const struct writer *w, const struct names *n)
{
	buf_put_char(w->out, '{');
	put_label(w->out, "server_id", w->server_id);
	put_more(w, "server_name", n->server_name);
	put_more(w, "account", n->account);
	put_more(w, "account_id", n->account);
	put_more(w, "account_name", n->account);
	put_more(w, "stream_name", n->stream);
	put_more(w, "stream_leader", n->server_name);
	put_more(w, "is_stream_leader", SLICE("true"));
	if (n->consumer.n > 0) {
		put_more(w, "consumer_name", n->consumer);
		put_more(w, "consumer_leader", n->server_name);
		put_more(w, "is_consumer_leader", SLICE("true"));
	}
	buf_put_str(w->out, "} ");
}

static void put_row(const struct writer *w, const char *part,
    const struct field *f, const void *row, const struct names *n)
{
	double value = 0;

	field_number(f, row, &value);
	put_name(w, part, f->key);
	put_names(w, n);
	text_put_f64(w->out, value);
	buf_put_char(w->out, '\n');
}

static struct slice name_at(const struct report *r, size_t at)
{
	return slice_str(r->names.p + at);
}

static void put_streams(const struct writer *w, const struct report *r,
    struct slice server_name)
{
	for (const struct field *f = stream_fields; f->key != NULL; f++) {
		put_head(w, "stream", f->key, f->help, f->metric);
		for (size_t i = 0; i < r->n_streams; i++) {
			const struct report_stream *s = &r->streams[i];
			struct names n = { server_name,
				name_at(r, s->account), name_at(r, s->name),
				SLICE_NONE };

			put_row(w, "stream", f, s, &n);
		}
	}
}

static void put_consumers(const struct writer *w, const struct report *r,
    struct slice server_name)
{
	for (const struct field *f = consumer_fields; f->key != NULL; f++) {
		put_head(w, "consumer", f->key, f->help, f->metric);
		for (size_t i = 0; i < r->n_consumers; i++) {
			const struct report_consumer *c = &r->consumers[i];
			struct names n = { server_name,
				name_at(r, c->account), name_at(r, c->stream),
				name_at(r, c->name) };

			put_row(w, "consumer", f, c, &n);
		}
	}
}

static void put_jetstream(const struct writer *w, const struct report *r,
    struct slice server_name)
{
	put_head(w, "server", "jetstream_disabled", "1: there is no JetStream",
	    METRIC_GAUGE);
	put_sample(w, "server", "jetstream_disabled", r == NULL);
	if (r == NULL)
		return;
	put_fields(w, "varz", varz_jetstream_fields, &r->totals);
	put_fields(w, "server", server_fields, &r->totals);
	put_streams(w, r, server_name);
	put_consumers(w, r, server_name);
}

void metrics_write(const struct metrics *m, struct buf *out)
{
	struct writer w = { out, m->prefix, m->varz->server_id };
	bool          is_healthy = m->is_ready &&
	    (m->report == NULL || m->report->status == 200);

	put_text(&w, "server_id", m->varz->server_id);
	put_text(&w, "server_name", m->varz->server_name);
	put_text(&w, "version", m->varz->version);
	put_fields(&w, "varz", varz_fields, m->varz);
	put_fields(&w, "connz", connz_fields, m->connz);
	put_fields(&w, "subsz", subsz_stats_fields, m->subsz);
	put_head(&w, "routez", "num_routes", "routes now", METRIC_GAUGE);
	put_sample(&w, "routez", "num_routes", 0);
	put_head(&w, "leafz", "conn_nodes_total", "leaf nodes now", METRIC_GAUGE);
	put_sample(&w, "leafz", "conn_nodes_total", 0);
	put_accounts(&w, m->accounts);
	put_head(&w, "healthz", "status", "0: work may be sent here", METRIC_GAUGE);
	put_sample(&w, "healthz", "status", is_healthy ? 0 : 1);
	put_jetstream(&w, m->report, m->varz->server_name);
}
