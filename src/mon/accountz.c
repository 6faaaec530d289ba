/* mon/accountz.c - the tables of /accountz and /accstatz. */
#include "mon/accountz.h"

#include "base/buf.h"
#include "base/json.h"
#include "mon/fields.h"

static void begin(const struct accountz *a, struct json_writer *w)
{
	json_begin_object(w);
	json_key(w, "server_id");
	json_str(w, a->server_id);
	json_key(w, "now");
	json_time(w, a->now);
}

/* ---- exports, imports, mappings ------------------------------------------ */

static void write_latency(struct json_writer *w, int64_t sampling,
    struct slice results)
{
	json_begin_object(w);
	json_key(w, "sampling");
	if (sampling == SAMPLING_HEADERS)
		json_cstr(w, "headers");
	else
		json_i64(w, sampling);
	json_key(w, "results");
	json_str(w, results);
	json_end_object(w);
}

static bool export_is_unmeasured(const void *doc)
{
	const struct account_export *e = doc;

	return e->latency_results.n == 0;
}

static void write_export_latency(struct json_writer *w, const void *doc)
{
	const struct account_export *e = doc;

	write_latency(w, e->latency_sampling, e->latency_results);
}

#define E(key, kind, ...) FIELD(account_export, key, kind, __VA_ARGS__)

static const struct field export_fields[] = {
	E(subject, STR), E(type, STR), E(token_req, BOOL, FIELD_OMITTED),
	E(response_type, STR, FIELD_OMITTED),
	{ "service_latency", FIELD_WRITE, .write = write_export_latency,
	    .is_empty = export_is_unmeasured },
	E(approved_accounts, STRS, FIELD_OMITTED),
	{ NULL },
};

static bool import_is_unmeasured(const void *doc)
{
	const struct account_import *i = doc;

	return i->latency_results.n == 0;
}

static void write_import_latency(struct json_writer *w, const void *doc)
{
	const struct account_import *i = doc;

	write_latency(w, i->latency_sampling, i->latency_results);
}

#define I(key, kind, ...) FIELD(account_import, key, kind, __VA_ARGS__)

static const struct field import_fields[] = {
	I(subject, STR), I(account, STR), I(to, STR, FIELD_OMITTED),
	I(local_subject, STR, FIELD_OMITTED), I(type, STR),
	I(invalid, BOOL), I(share, BOOL), I(tracking, BOOL),
	{ "latency", FIELD_WRITE, .write = write_import_latency,
	    .is_empty = import_is_unmeasured },
	{ NULL },
};

#define D(key, kind, ...) FIELD(account_destination, key, kind, __VA_ARGS__)

static const struct field destination_fields[] = {
	D(subject, STR), D(weight, I64), D(cluster, STR, FIELD_OMITTED),
	{ NULL },
};

static const struct account_detail *detail_of(const void *doc)
{
	static const struct account_detail none;
	const struct account_stats        *a = doc;

	return a->detail == NULL ? &none : a->detail;
}

static bool has_no_mappings(const void *doc)
{
	return detail_of(doc)->n_mappings == 0;
}

static void write_mappings(struct json_writer *w, const void *doc)
{
	const struct account_detail *d = detail_of(doc);

	json_begin_object(w);
	for (size_t i = 0; i < d->n_mappings; i++) {
		const struct account_mapping *m = &d->mappings[i];

		json_key_slice(w, m->source);
		json_begin_array(w);
		for (size_t k = 0; k < m->n_to; k++)
			fields_write_object(destination_fields, &m->to[k], w);
		json_end_array(w);
	}
	json_end_object(w);
}

static bool has_no_exports(const void *doc)
{
	return detail_of(doc)->n_exports == 0;
}

static void write_exports(struct json_writer *w, const void *doc)
{
	const struct account_detail *d = detail_of(doc);

	json_begin_array(w);
	for (size_t i = 0; i < d->n_exports; i++)
		fields_write_object(export_fields, &d->exports[i], w);
	json_end_array(w);
}

static bool has_no_imports(const void *doc)
{
	return detail_of(doc)->n_imports == 0;
}

static void write_imports(struct json_writer *w, const void *doc)
{
	const struct account_detail *d = detail_of(doc);

	json_begin_array(w);
	for (size_t i = 0; i < d->n_imports; i++)
		fields_write_object(import_fields, &d->imports[i], w);
	json_end_array(w);
}

/* ---- /accountz ---------------------------------------------------------- */

static void write_expired(struct json_writer *w, const void *doc)
{
	json_bool(w, detail_of(doc)->is_expired);
}

static void write_complete(struct json_writer *w, const void *doc)
{
	json_bool(w, !detail_of(doc)->is_incomplete);
}

#define A(member, name, kind, ...) \
	FIELD_NAMED(account_stats, name, member, kind, __VA_ARGS__)

static const struct field head_fields[] = {
	A(name, "account_name", STR),
	A(update_time, "update_time", TIME, FIELD_OMITTED),
	A(is_system, "is_system", BOOL, FIELD_OMITTED),
	{ "expired", FIELD_WRITE, .write = write_expired },
	{ "complete", FIELD_WRITE, .write = write_complete },
	A(has_jetstream, "jetstream_enabled", BOOL),
	A(leafnodes, "leafnode_connections", U64),
	A(conns, "client_connections", U64),
	A(subs.num_subscriptions, "subscriptions", U64),
	{ "mappings", FIELD_WRITE, .write = write_mappings,
	    .is_empty = has_no_mappings },
	{ "exports", FIELD_WRITE, .write = write_exports,
	    .is_empty = has_no_exports },
	{ "imports", FIELD_WRITE, .write = write_imports,
	    .is_empty = has_no_imports },
	{ NULL },
};

#define C(key, kind) FIELD(account_detail, key, kind, FIELD_OMITTED)

static const struct field claim_fields[] = {
	C(jwt, STR), C(issuer_key, STR), C(name_tag, STR), C(tags, STRS),
	C(decoded_jwt, JSON), C(validation_result_jwt, JSON),
	C(revoked_user, JSON), { NULL },
};

/* Ours, behind everything that nats-server says. */
static const struct field rate_fields[] = {
	C(msgs_per_second_max, I64), C(bytes_per_second_max, I64),
	C(rate_waits, U64), C(rate_wait_time, I64), { NULL },
};

static void write_detail_fields(const struct account_stats *a,
    struct json_writer *w)
{
	struct account_detail d = *detail_of(a);

	if (d.name_tag.n == 0)
		d.name_tag = a->name;
	fields_write(head_fields, a, w);
	fields_write(claim_fields, &d, w);
	json_key(w, "sublist_stats");
	fields_write_object(subsz_stats_fields, &a->subs, w);
	fields_write(rate_fields, &d, w);
}

void account_detail_write(const struct account_stats *a,
    struct json_writer *w)
{
	json_begin_object(w);
	write_detail_fields(a, w);
	json_end_object(w);
}

static const struct account_stats *find(const struct accountz *a,
    struct slice name)
{
	for (size_t i = 0; i < a->n_accounts; i++)
		if (slice_eq(a->accounts[i].name, name))
			return &a->accounts[i];
	return NULL;
}

static void write_names(const struct accountz *a, struct json_writer *w)
{
	json_key(w, "accounts");
	json_begin_array(w);
	for (size_t i = 0; i < a->n_accounts; i++)
		json_str(w, a->accounts[i].name);
	json_end_array(w);
}

bool accountz_write(const struct accountz *a, struct slice wanted,
    struct json_writer *w, struct buf *error)
{
	const struct account_stats *found = find(a, wanted);

	if (wanted.n > 0 && found == NULL) {
		buf_put_str(error, "Account ");
		buf_put_slice(error, wanted);
		buf_put_str(error, " does not exist");
		return false;
	}
	begin(a, w);
	if (a->system_account.n > 0) {
		json_key(w, "system_account");
		json_str(w, a->system_account);
	}
	if (wanted.n == 0) {
		write_names(a, w);
	} else {
		json_key(w, "account_detail");
		account_detail_write(found, w);
	}
	json_end_object(w);
	return true;
}

/* ---- /accstatz ---------------------------------------------------------- */

/* What has gone one way; links of each kind tell apart what went over them. */
struct traffic {
	uint64_t msgs, bytes, none;
};

#define T(member, name, ...) \
	FIELD_NAMED(traffic, name, member, U64, __VA_ARGS__)
#define LINKS(name) \
	FIELD_OPEN(name), T(none, "msgs"), T(none, "bytes"), FIELD_CLOSE

static const struct field traffic_fields[] = {
	T(msgs, "msgs"), T(bytes, "bytes"),
	LINKS("gateways"), LINKS("routes"), LINKS("leafs"),
	{ NULL },
};

static void write_sent(struct json_writer *w, const void *doc)
{
	const struct account_stats *a = doc;
	struct traffic t = { a->sent_msgs, a->sent_bytes, 0 };

	fields_write_object(traffic_fields, &t, w);
}

static void write_received(struct json_writer *w, const void *doc)
{
	const struct account_stats *a = doc;
	struct traffic t = { a->received_msgs, a->received_bytes, 0 };

	fields_write_object(traffic_fields, &t, w);
}

static void write_name(struct json_writer *w, const void *doc)
{
	const struct account_stats *a = doc;
	struct slice                tag = detail_of(a)->name_tag;

	json_str(w, tag.n > 0 ? tag : a->name);
}

static const struct field stat_fields[] = {
	A(name, "acc", STR), { "name", FIELD_WRITE, .write = write_name },
	A(conns, "conns", U64), A(leafnodes, "leafnodes", U64),
	A(total_conns, "total_conns", U64),
	A(subs.num_subscriptions, "num_subscriptions", U64),
	{ "sent", FIELD_WRITE, .write = write_sent },
	{ "received", FIELD_WRITE, .write = write_received },
	A(slow_consumers, "slow_consumers", U64),
	{ NULL },
};

void account_stat_write(const struct account_stats *a, struct json_writer *w)
{
	fields_write(stat_fields, a, w);
}

void accstatz_write(const struct accountz *a, bool shows_unused,
    struct json_writer *w)
{
	begin(a, w);
	json_key(w, "account_statz");
	json_begin_array(w);
	for (size_t i = 0; i < a->n_accounts; i++)
		if (shows_unused ||
		    a->accounts[i].conns + a->accounts[i].leafnodes > 0)
			fields_write_object(stat_fields, &a->accounts[i], w);
	json_end_array(w);
	json_end_object(w);
}
