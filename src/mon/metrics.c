/* mon/metrics.c - tables of fields to Prometheus text. */
#include "mon/metrics.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/text.h"
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

void metrics_write(const struct metrics *m, struct buf *out)
{
	struct writer w = { out, m->prefix, m->varz->server_id };

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
	put_sample(&w, "healthz", "status", m->is_healthy ? 0 : 1);
}
