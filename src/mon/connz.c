/* mon/connz.c - options, selection and tables of /connz. */
#include "mon/connz.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "mon/fields.h"
#include "mon/query.h"
#include "mon/subsz.h"
#include "proto/refusal.h"
#include "proto/subject.h"
#include "session/info.h"

enum { CLIENTS_PER_PAGE = 1024, SELECTION_FIRST = 64 };

/* ---- orders ------------------------------------------------------------- */

typedef int (*client_cmp)(const struct client_info *a,
    const struct client_info *b, int64_t now_ns);

static int cmp_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int cmp_i64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

#define BY(name, type, member)						\
	static int by_##name(const struct client_info *a,		\
	    const struct client_info *b, int64_t now_ns)		\
	{								\
		(void)now_ns;						\
		return cmp_##type(a->member, b->member);		\
	}

BY(cid, u64, cid)
BY(subs, u64, n_subs)
BY(pending, u64, pending_bytes)
BY(msgs_to, u64, out_msgs)
BY(msgs_from, u64, in_msgs)
BY(bytes_to, u64, out_bytes)
BY(bytes_from, u64, in_bytes)
BY(last, i64, last_activity_ns)
BY(stop, i64, stop_ns)
BY(rtt, i64, rtt_ns)

static int64_t end_of(const struct client_info *c, int64_t now_ns)
{
	return c->stop_ns != 0 ? c->stop_ns : now_ns;
}

static int64_t uptime_of(const struct client_info *c, int64_t now_ns)
{
	return end_of(c, now_ns) - c->start_ns;
}

static int64_t idle_of(const struct client_info *c, int64_t now_ns)
{
	return end_of(c, now_ns) - c->last_activity_ns;
}

static int by_uptime(const struct client_info *a, const struct client_info *b,
    int64_t now_ns)
{
	return cmp_i64(uptime_of(a, now_ns), uptime_of(b, now_ns));
}

static int by_idle(const struct client_info *a, const struct client_info *b,
    int64_t now_ns)
{
	return cmp_i64(idle_of(a, now_ns), idle_of(b, now_ns));
}

static int by_reason(const struct client_info *a, const struct client_info *b,
    int64_t now_ns)
{
	(void)now_ns;
	return strcmp(close_reason_text(a->reason), close_reason_text(b->reason));
}

static const struct connz_sort {
	const char *name;
	client_cmp  cmp;
	bool        is_descending, is_for_closed;
} sorts[] = {
	{ "cid",        by_cid,        false, false },
	{ "start",      by_cid,        false, false },
	{ "subs",       by_subs,       true,  false },
	{ "pending",    by_pending,    true,  false },
	{ "msgs_to",    by_msgs_to,    true,  false },
	{ "msgs_from",  by_msgs_from,  true,  false },
	{ "bytes_to",   by_bytes_to,   true,  false },
	{ "bytes_from", by_bytes_from, true,  false },
	{ "last",       by_last,       true,  false },
	{ "idle",       by_idle,       true,  false },
	{ "uptime",     by_uptime,     false, false },
	{ "stop",       by_stop,       true,  true },
	{ "reason",     by_reason,     false, true },
	{ "rtt",        by_rtt,        true,  false },
};

/* ---- options ------------------------------------------------------------ */

static bool read_state(const struct query *q, int64_t *ret,
    struct buf *error)
{
	static const struct { const char *name; int64_t state; } t[] = {
		{ "", CONNZ_OPEN }, { "open", CONNZ_OPEN },
		{ "closed", CONNZ_CLOSED }, { "any", CONNZ_ALL },
		{ "all", CONNZ_ALL },
	};
	struct slice s = query_str(q, "state");

	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		if (slice_eq_nocase(s, slice_str(t[i].name))) {
			*ret = t[i].state;
			return true;
		}
	buf_put_str(error, "Error decoding state for ");
	buf_put_slice(error, s);
	return false;
}

static bool find_sort(struct connz_options *o, struct buf *error)
{
	struct slice s = o->sort_name;

	o->sort = &sorts[0];
	if (s.n == 0)
		return true;
	for (size_t i = 0; i < sizeof sorts / sizeof sorts[0]; i++) {
		if (!slice_eq(s, slice_str(sorts[i].name)))
			continue;
		o->sort = &sorts[i];
		if (!sorts[i].is_for_closed || o->state == CONNZ_CLOSED)
			return true;
		buf_printf(error, "sort by %s only valid on closed connections",
		    sorts[i].name);
		return false;
	}
	buf_put_str(error, "invalid sorting option: ");
	buf_put_slice(error, s);
	return false;
}

bool connz_options_read(const struct query *q, struct connz_options *ret,
    struct buf *error)
{
	*ret = (struct connz_options){
		.user = query_str(q, "user"),
		.account = query_str(q, "acc"),
		.mqtt_client = query_str(q, "mqtt_client"),
		.sort_name = query_str(q, "sort"),
	};
	/* In nats-server's order, which decides who of two errors is told. */
	return query_bool(q, "auth", &ret->shows_auth, error) &&
	    query_subs(q, &ret->lists_subs, &ret->details_subs, error) &&
	    query_int(q, "offset", &ret->offset, error) &&
	    query_int(q, "limit", &ret->limit, error) &&
	    query_u64(q, "cid", &ret->cid, error) &&
	    read_state(q, &ret->state, error) &&
	    connz_options_check(ret, error);
}

bool connz_options_check(struct connz_options *o, struct buf *error)
{
	if (!find_sort(o, error))
		return false;
	if (o->subject.n > 0 && o->account.n == 0) {
		buf_put_str(error,
		    "filter by subject only valid with account filtering");
		return false;
	}
	o->lists_subs |= o->details_subs;
	if (o->offset < 0)
		o->offset = 0;
	if (o->limit <= 0)
		o->limit = CLIENTS_PER_PAGE;
	if (o->cid != 0)
		o->limit = 1;
	return true;
}

bool connz_needs_subs(const struct connz_options *o)
{
	return o->lists_subs || o->subject.n > 0;
}

/* ---- selection ---------------------------------------------------------- */

struct order {
	const struct connz_sort *sort;
	int64_t                  now_ns;
};

static int in_order(const void *pa, const void *pb, void *ctx)
{
	const struct client_info *const *a = pa, *const *b = pb;
	const struct order *o = ctx;
	int                 c = o->sort->cmp(*a, *b, o->now_ns);

	if (o->sort->is_descending)
		c = -c;
	return c != 0 ? c : cmp_u64((*a)->cid, (*b)->cid);
}

/* How many can be on the page or before it.  Never 0. */
static size_t wanted(const struct connz_selection *s)
{
	size_t n;

	if (__builtin_add_overflow(s->options->offset, s->options->limit, &n))
		return SIZE_MAX;
	return n;
}

static void sort_and_cut(struct connz_selection *s)
{
	struct order order = { s->options->sort, s->now_ns };

	if (s->n > 1)
		qsort_r(s->at, s->n, sizeof s->at[0], in_order, &order);
	while (s->n > wanted(s))
		client_info_destroy(s->at[--s->n]);
}

void connz_selection_init(struct connz_selection *s,
    const struct connz_options *o, int64_t now_ns)
{
	*s = (struct connz_selection){ .options = o, .now_ns = now_ns };
}

void connz_selection_fini(struct connz_selection *s)
{
	for (size_t i = 0; i < s->n; i++)
		client_info_destroy(s->at[i]);
	free(s->at);
	*s = (struct connz_selection){ 0 };
}

static bool is_in_state(const struct connz_options *o,
    const struct client_info *info)
{
	return o->state == CONNZ_ALL ||
	    o->state == (info->stop_ns != 0 ? CONNZ_CLOSED : CONNZ_OPEN);
}

bool connz_counts(struct connz_selection *s, const struct client_info *info)
{
	const struct connz_options *o = s->options;

	if (!is_in_state(o, info) ||
	    (o->account.n > 0 && !slice_eq(o->account, info->account)))
		return false;
	s->n_total++;
	return (o->cid == 0 || o->cid == info->cid) &&
	    (o->user.n == 0 || slice_eq(o->user, info->user)) &&
	    (o->mqtt_client.n == 0 ||
	     slice_eq(o->mqtt_client, info->mqtt_client));
}

static bool selection_grow(struct connz_selection *s)
{
	size_t               cap = s->cap == 0 ? SELECTION_FIRST : s->cap * 2;
	struct client_info **at;

	/* Twice what is wanted, so that each cut is paid by as many adds. */
	if (s->cap / 2 >= wanted(s)) {
		sort_and_cut(s);
		return true;
	}
	at = reallocarray(s->at, cap, sizeof at[0]);
	if (at == NULL)
		return false;
	s->at = at;
	s->cap = cap;
	return true;
}

static void take(struct connz_selection *s, struct client_info *clone)
{
	if (clone == NULL || (s->n == s->cap && !selection_grow(s))) {
		client_info_destroy(clone);
		s->failed = true;
		return;
	}
	s->at[s->n++] = clone;
}

static bool has_sub_like(const struct client_info *info, struct slice subject)
{
	struct sub_info sub;
	size_t          at = 0;

	while (sub_info_next(&info->subs, &at, &sub))
		if (subject_overlaps(sub.subject, subject))
			return true;
	return false;
}

void connz_add(struct connz_selection *s, const struct client_info *info)
{
	struct client_info shown = *info;

	if (s->options->subject.n > 0 &&
	    !has_sub_like(info, s->options->subject))
		return;
	if (!s->options->lists_subs)
		shown.subs = (struct sub_info_list){ 0 };
	take(s, client_info_clone(&shown));
}

void connz_merge(struct connz_selection *s, struct connz_selection *from)
{
	for (size_t i = 0; i < from->n; i++)
		take(s, from->at[i]);
	s->n_total += from->n_total;
	s->failed |= from->failed;
	from->n = 0;
	connz_selection_fini(from);
}

/* ---- the document ------------------------------------------------------- */

/* What one row of the table prints from. */
struct row {
	struct slice kind, type, ip;
	int64_t      port, start, last_activity, stop;
	struct slice reason;
	int64_t      rtt, uptime, idle;
	struct slice tls_version, tls_cipher_suite;
	bool         tls_first;
	struct slice authorized_user, account;
	struct slice jwt, issuer_key, name_tag, tags, mqtt_client, proxy_key;
	const struct client_info    *info;
	const struct connz_options  *options;
};

static const char *const kinds[N_CLIENT_KINDS] = { "Client", "Leafnode" };
static const char *const types[N_CLIENT_TYPES] = { "nats", "websocket", "mqtt" };

#define R(key, kind, ...) FIELD(row, key, kind, __VA_ARGS__)
#define I(member, name, kind, ...) \
	FIELD_NAMED(client_info, name, member, kind, __VA_ARGS__)
#define OPT FIELD_OMITTED

static const struct field head_fields[] = {
	R(kind, STR, OPT), R(type, STR, OPT), R(ip, STR), R(port, I64),
	R(start, TIME), R(last_activity, TIME), R(stop, TIME, OPT),
	R(reason, STR, OPT), R(rtt, DURATION), R(uptime, UPTIME),
	R(idle, UPTIME), { NULL },
};

static const struct field count_fields[] = {
	I(pending_bytes, "pending_bytes", U64),
	I(in_msgs, "in_msgs", U64), I(out_msgs, "out_msgs", U64),
	I(in_bytes, "in_bytes", U64), I(out_bytes, "out_bytes", U64),
	I(n_stalls, "stalls", U64, OPT), I(n_subs, "subscriptions", U64),
	I(name, "name", STR, OPT), I(lang, "lang", STR, OPT),
	I(version, "version", STR, OPT), { NULL },
};

static const struct field tls_fields[] = {
	R(tls_version, STR, OPT), R(tls_cipher_suite, STR, OPT), { NULL },
};

static const struct field tail_fields[] = {
	R(tls_first, BOOL, OPT), R(authorized_user, STR, OPT),
	R(account, STR, OPT), { NULL },
};

static bool has_no_proxy(const void *doc)
{
	const struct row *r = doc;

	return r->proxy_key.n == 0;
}

static void write_proxy(struct json_writer *w, const void *doc)
{
	const struct row *r = doc;

	json_begin_object(w);
	json_key(w, "key");
	json_str(w, r->proxy_key);
	json_end_object(w);
}

static const struct field tag_fields[] = {
	R(jwt, STR, OPT), R(issuer_key, STR, OPT), R(name_tag, STR, OPT),
	R(tags, WORDS, OPT), R(mqtt_client, STR, OPT),
	{ "proxy", FIELD_WRITE, .write = write_proxy, .is_empty = has_no_proxy },
	{ NULL },
};

/* Ours, behind everything that nats-server says. */
static const struct field own_fields[] = {
	I(n_rate_waits, "rate_waits", U64, OPT), { NULL },
};

static int64_t not_negative(int64_t v)
{
	return v > 0 ? v : 0;
}

static void row_fill(struct row *r, const struct client_info *info,
    const struct connz_selection *s)
{
	*r = (struct row){
		.kind = slice_str(kinds[info->kind]),
		.type = slice_str(types[info->type]),
		.ip = info->ip,
		.port = info->port,
		.start = info->start_ns,
		.last_activity = info->last_activity_ns,
		.stop = info->stop_ns,
		.rtt = info->rtt_ns >= NS_PER_MS ? info->rtt_ns :
		    info->rtt_ns - info->rtt_ns % NS_PER_US,
		.uptime = not_negative(uptime_of(info, s->now_ns)),
		.idle = not_negative(idle_of(info, s->now_ns)),
		.tls_version = info->tls_version,
		.tls_cipher_suite = info->tls_cipher,
		.tls_first = info->is_tls_first,
		.mqtt_client = info->mqtt_client,
		.proxy_key = info->proxy_key,
		.info = info,
		.options = s->options,
	};
	if (info->stop_ns != 0)
		r->reason = slice_str(close_reason_text(info->reason));
	if (!s->options->shows_auth)
		return;
	r->authorized_user = info->user;
	if (!slice_eq(info->account, SLICE("$G")))
		r->account = info->account;
	/* The name of who never was let in means nothing. */
	if (info->stop_ns == 0 || !slice_eq(info->account, SLICE("$G")))
		r->name_tag = info->name_tag.n > 0 ? info->name_tag
		    : info->account;
	r->jwt = info->jwt;
	r->issuer_key = info->issuer_key;
	r->tags = info->tags;
}

/* nats-server tells the account of closed clients' subscriptions only. */
static struct slice account_told(const struct client_info *info)
{
	return info->stop_ns != 0 ? info->account : SLICE_NONE;
}

static void write_subs(const struct row *r, struct json_writer *w)
{
	const struct client_info *info = r->info;
	bool                      details = r->options->details_subs;
	struct sub_info           sub;
	size_t                    at = 0;

	if (!r->options->lists_subs || info->subs.n_subs == 0)
		return;
	json_key(w, details ? "subscriptions_list_detail" : "subscriptions_list");
	json_begin_array(w);
	while (sub_info_next(&info->subs, &at, &sub)) {
		sub.account = account_told(info);
		if (details)
			sub_info_write(&sub, w);
		else
			json_str(w, sub.subject);
	}
	json_end_array(w);
}

static const struct field cert_fields[] = {
	FIELD(cert_info, subject, STR, OPT),
	FIELD(cert_info, spki_sha256, STR, OPT),
	FIELD(cert_info, cert_sha256, STR, OPT), { NULL },
};

static void write_certs(const struct row *r, struct json_writer *w)
{
	struct cert_info c;
	size_t           at = 0;

	if (!r->options->shows_auth || r->info->tls_certs.n == 0)
		return;
	json_key(w, "tls_peer_certs");
	json_begin_array(w);
	while (cert_info_next(r->info->tls_certs, &at, &c))
		fields_write_object(cert_fields, &c, w);
	json_end_array(w);
}

static void write_client(const struct client_info *info,
    const struct connz_selection *s, struct json_writer *w)
{
	struct row r;

	row_fill(&r, info, s);
	json_begin_object(w);
	json_key(w, "cid");
	json_u64(w, info->cid);
	fields_write(head_fields, &r, w);
	fields_write(count_fields, info, w);
	fields_write(tls_fields, &r, w);
	write_certs(&r, w);
	fields_write(tail_fields, &r, w);
	write_subs(&r, w);
	fields_write(tag_fields, &r, w);
	fields_write(own_fields, info, w);
	json_end_object(w);
}

static void write_clients(const struct connz *c,
    const struct connz_selection *s, size_t first, struct json_writer *w)
{
	json_key(w, "connections");
	if (c->account_is_unknown) {
		json_null(w);
		return;
	}
	json_begin_array(w);
	for (size_t i = first; i < s->n; i++)
		write_client(s->at[i], s, w);
	json_end_array(w);
}

void connz_write(const struct connz *c, struct connz_selection *s,
    struct json_writer *w)
{
	size_t first;

	sort_and_cut(s);
	first = (uint64_t)s->options->offset < s->n ?
	    (size_t)s->options->offset : s->n;
	json_begin_object(w);
	json_key(w, "server_id");
	json_str(w, c->account_is_unknown ? SLICE_NONE : c->server_id);
	json_key(w, "now");
	json_time(w, s->now_ns);
	json_key(w, "num_connections");
	json_u64(w, s->n - first);
	json_key(w, "total");
	json_u64(w, s->n_total);
	json_key(w, "offset");
	json_i64(w, s->options->offset);
	json_key(w, "limit");
	json_i64(w, s->options->limit);
	write_clients(c, s, first, w);
	json_end_object(w);
}
