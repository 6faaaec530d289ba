/* mon/statsz.c - the table of STATSZ. */
#include "mon/statsz.h"

#include "base/json.h"
#include "mon/advisory.h"
#include "mon/fields.h"
#include "mon/varz.h"

#define V(member, name, kind, ...) \
	FIELD_NAMED(varz, name, member, kind, __VA_ARGS__)
#define OPT FIELD_OMITTED
#define DATA(name, msgs_member, bytes_member)				\
	FIELD_OPEN(name), V(msgs_member, "msgs", U64),			\
	V(bytes_member, "bytes", U64), FIELD_CLOSE

static const struct field head_fields[] = {
	V(start, "start", TIME), V(mem, "mem", I64), V(cores, "cores", I64),
	V(cpu, "cpu", F64), V(connections, "connections", U64),
	V(total_connections, "total_connections", U64), { NULL },
};

static const struct field account_fields[] = {
	FIELD(statsz, active_accounts, U64), { NULL },
};

static bool kinds_are_zero(const struct varz_kinds *k)
{
	return k->clients + k->routes + k->gateways + k->leafs == 0;
}

static void write_kinds(const struct varz_kinds *k, struct json_writer *w)
{
	static const struct field fields[] = {
		FIELD(varz_kinds, clients, U64), FIELD(varz_kinds, routes, U64),
		FIELD(varz_kinds, gateways, U64), FIELD(varz_kinds, leafs, U64),
		{ NULL },
	};

	fields_write_object(fields, k, w);
}

static bool has_no_slow(const void *doc)
{
	return kinds_are_zero(&((const struct varz *)doc)->slow_consumer_stats);
}

static void write_slow(struct json_writer *w, const void *doc)
{
	write_kinds(&((const struct varz *)doc)->slow_consumer_stats, w);
}

static bool has_no_stale(const void *doc)
{
	return kinds_are_zero(
	    &((const struct varz *)doc)->stale_connection_stats);
}

static void write_stale(struct json_writer *w, const void *doc)
{
	write_kinds(&((const struct varz *)doc)->stale_connection_stats, w);
}

static const struct field count_fields[] = {
	V(subscriptions, "subscriptions", U64),
	DATA("sent", out_msgs, out_bytes),
	DATA("sent_to_clients", out_client_msgs, out_client_bytes),
	DATA("received", in_msgs, in_bytes),
	DATA("received_from_clients", in_client_msgs, in_client_bytes),
	V(slow_consumers, "slow_consumers", U64),
	{ "slow_consumer_stats", FIELD_WRITE, .write = write_slow,
	    .is_empty = has_no_slow },
	V(stale_connections, "stale_connections", U64, OPT),
	{ "stale_connection_stats", FIELD_WRITE, .write = write_stale,
	    .is_empty = has_no_stale },
	V(stalled_clients, "stalled_clients", U64, OPT),
	{ NULL },
};

static const struct field tail_fields[] = {
	FIELD(statsz, active_servers, U64, OPT), { NULL },
};

static const struct field process_fields[] = {
	V(jetstream, "jetstream", JSON, OPT), V(gomaxprocs, "gomaxprocs", I64, OPT), { NULL },
};

void statsz_write(const struct server_info *s, const struct statsz *stats,
    struct json_writer *w)
{
	json_begin_object(w);
	json_key(w, "server");
	server_info_write(s, w);
	json_key(w, "statsz");
	json_begin_object(w);
	fields_write(head_fields, stats->varz, w);
	fields_write(account_fields, stats, w);
	fields_write(count_fields, stats->varz, w);
	fields_write(tail_fields, stats, w);
	fields_write(process_fields, stats->varz, w);
	json_end_object(w);
	json_end_object(w);
}
