/* mon/accountz.c - the tables of /accountz and /accstatz. */
#include "mon/accountz.h"

#include "base/buf.h"
#include "base/json.h"
#include "mon/fields.h"

static void begin(const struct accountz *a, struct json_writer *w,
    struct buf *out)
{
	json_init(w, out, 2);
	json_begin_object(w);
	json_key(w, "server_id");
	json_str(w, a->server_id);
	json_key(w, "now");
	json_time(w, a->now);
}

/* ---- /accountz ---------------------------------------------------------- */

static void write_always(struct json_writer *w, const void *doc)
{
	(void)doc;
	json_bool(w, true);
}

static void write_never(struct json_writer *w, const void *doc)
{
	(void)doc;
	json_bool(w, false);
}

static void write_sublist_stats(struct json_writer *w, const void *doc)
{
	const struct account_stats *a = doc;

	fields_write_object(subsz_stats_fields, &a->subs, w);
}

#define A(member, name, kind, ...) \
	FIELD_NAMED(account_stats, name, member, kind, __VA_ARGS__)

static const struct field detail_fields[] = {
	A(name, "account_name", STR),
	A(update_time, "update_time", TIME, FIELD_OMITTED),
	A(is_system, "is_system", BOOL, FIELD_OMITTED),
	{ "expired", FIELD_WRITE, .write = write_never },
	{ "complete", FIELD_WRITE, .write = write_always },
	{ "jetstream_enabled", FIELD_WRITE, .write = write_never },
	A(leafnodes, "leafnode_connections", U64),
	A(conns, "client_connections", U64),
	A(subs.num_subscriptions, "subscriptions", U64),
	A(name, "name_tag", STR),
	{ "sublist_stats", FIELD_WRITE, .write = write_sublist_stats },
	{ NULL },
};

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
    struct buf *out)
{
	const struct account_stats *found = find(a, wanted);
	struct json_writer          w;

	if (wanted.n > 0 && found == NULL) {
		buf_put_str(out, "Account ");
		buf_put_slice(out, wanted);
		buf_put_str(out, " does not exist");
		return false;
	}
	begin(a, &w, out);
	if (a->system_account.n > 0) {
		json_key(&w, "system_account");
		json_str(&w, a->system_account);
	}
	if (wanted.n == 0) {
		write_names(a, &w);
	} else {
		json_key(&w, "account_detail");
		fields_write_object(detail_fields, found, &w);
	}
	json_end_object(&w);
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

static const struct field stat_fields[] = {
	A(name, "acc", STR), A(name, "name", STR),
	A(conns, "conns", U64), A(leafnodes, "leafnodes", U64),
	A(total_conns, "total_conns", U64),
	A(subs.num_subscriptions, "num_subscriptions", U64),
	{ "sent", FIELD_WRITE, .write = write_sent },
	{ "received", FIELD_WRITE, .write = write_received },
	A(slow_consumers, "slow_consumers", U64),
	{ NULL },
};

void accstatz_write(const struct accountz *a, bool shows_unused,
    struct buf *out)
{
	struct json_writer w;

	begin(a, &w, out);
	json_key(&w, "account_statz");
	json_begin_array(&w);
	for (size_t i = 0; i < a->n_accounts; i++)
		if (shows_unused ||
		    a->accounts[i].conns + a->accounts[i].leafnodes > 0)
			fields_write_object(stat_fields, &a->accounts[i], &w);
	json_end_array(&w);
	json_end_object(&w);
}
