/* mon/varz.c - the table of /varz. */
#include "mon/varz.h"

#include "base/buf.h"
#include "base/json.h"

static void write_nothing(struct json_writer *w, const void *doc)
{
	(void)doc;
	json_begin_object(w);
	json_end_object(w);
}

static void write_jetstream(struct json_writer *w, const void *doc)
{
	const struct varz *v = doc;

	if (v->jetstream.n > 0)
		json_lay_out(w, v->jetstream);
	else
		write_nothing(w, doc);
}

static void write_hits(struct json_writer *w, const void *doc)
{
	const struct varz *v = doc;

	json_begin_object(w);
	for (size_t i = 0; i < v->n_http_req_stats; i++) {
		if (v->http_req_stats[i].n == 0)
			continue;
		json_key(w, v->http_req_stats[i].path);
		json_u64(w, v->http_req_stats[i].n);
	}
	json_end_object(w);
}

void varz_write_flags(bool js_ack_fc_v2, struct json_writer *w)
{
	const struct { const char *name; bool value; } flags[] = {
		{ "js_ack_fc_v2", js_ack_fc_v2 },
		{ "js_api_reply_v2", false },
		{ "js_raft_delete_range", true },
		{ "js_snapshot_sources", false },
	};

	json_begin_object(w);
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
		json_key(w, flags[i].name);
		json_bool(w, flags[i].value);
	}
	json_end_object(w);
}

static void write_flags(struct json_writer *w, const void *doc)
{
	const struct varz *v = doc;

	varz_write_flags(v->js_ack_fc_v2, w);
}

static bool has_no_proxies(const void *doc)
{
	const struct varz *v = doc;

	return v->trusted_proxies.n == 0;
}

static void write_proxies(struct json_writer *w, const void *doc)
{
	const struct varz *v = doc;

	json_begin_object(w);
	json_key(w, "trusted");
	json_begin_array(w);
	for (size_t i = 0; i < v->trusted_proxies.n; i++) {
		json_begin_object(w);
		json_key(w, "key");
		json_str(w, v->trusted_proxies.at[i]);
		json_end_object(w);
	}
	json_end_array(w);
	json_end_object(w);
}

#define F(key, kind, ...) FIELD(varz, key, kind, __VA_ARGS__)
#define OPT               FIELD_OMITTED
#define GAUGE             FIELD_GAUGE
#define COUNTER           FIELD_COUNTER
#define SECTION(name)     { name, FIELD_WRITE, .write = write_nothing }
#define KINDS(stats, what)						\
	FIELD_OPEN(#stats),						\
	FIELD_NAMED(varz, "clients", stats.clients, U64,		\
	    COUNTER(what " clients")),					\
	FIELD_NAMED(varz, "routes", stats.routes, U64,			\
	    COUNTER(what " routes")),					\
	FIELD_NAMED(varz, "gateways", stats.gateways, U64,		\
	    COUNTER(what " gateways")),					\
	FIELD_NAMED(varz, "leafs", stats.leafs, U64,			\
	    COUNTER(what " leaf nodes")),				\
	FIELD_CLOSE

const struct field varz_fields[] = {
	F(server_id, STR),
	F(server_name, STR),
	F(version, STR),
	F(proto, I64, GAUGE("protocol level told in INFO")),
	F(git_commit, STR, OPT),
	F(go, STR),
	F(host, STR),
	F(port, I64, GAUGE("port clients connect to")),
	F(auth_required, BOOL, OPT),
	F(tls_required, BOOL, OPT),
	F(tls_verify, BOOL, OPT),
	F(tls_ocsp_peer_verify, BOOL, OPT),
	F(ip, STR, OPT),
	F(connect_urls, STRS, OPT),
	F(max_connections, I64, GAUGE("clients allowed at a time")),
	F(max_subscriptions, I64, OPT,
	    GAUGE("subscriptions allowed to a connection")),
	F(ping_interval, I64, GAUGE("silence before a ping, nanoseconds")),
	F(ping_max, I64, GAUGE("pings unanswered before the end")),
	F(http_host, STR),
	F(http_port, I64, GAUGE("port of monitoring")),
	F(http_base_path, STR),
	F(https_port, I64, GAUGE("port of monitoring over TLS")),
	F(auth_timeout, F64, GAUGE("time to log in, seconds")),
	F(max_control_line, I64, GAUGE("longest protocol line, bytes")),
	F(max_payload, I64, GAUGE("largest message, bytes")),
	F(max_pending, I64, GAUGE("backlog allowed to a client, bytes")),
	SECTION("cluster"),
	SECTION("gateway"),
	SECTION("leaf"),
	SECTION("mqtt"),
	SECTION("websocket"),
	{ "jetstream", FIELD_WRITE, .write = write_jetstream },
	F(tls_timeout, F64, GAUGE("time for a TLS handshake, seconds")),
	F(write_deadline, I64, GAUGE("time to take what is sent, nanoseconds")),
	F(write_timeout, STR, OPT),
	F(start, TIME),
	F(now, TIME),
	F(uptime, UPTIME),
	F(mem, I64, GAUGE("resident memory, bytes")),
	F(cores, I64, GAUGE("processor cores")),
	F(gomaxprocs, I64, GAUGE("threads that serve clients")),
	F(cpu, F64, GAUGE("processor time, percent of one core")),
	F(connections, U64, GAUGE("clients now")),
	F(total_connections, U64, COUNTER("clients since the start")),
	F(routes, U64, GAUGE("routes now")),
	F(remotes, U64, GAUGE("servers of the cluster connected now")),
	F(leafnodes, U64, GAUGE("leaf nodes now")),
	F(in_msgs, U64, COUNTER("messages received")),
	F(in_bytes, U64, COUNTER("bytes of messages received")),
	F(in_client_msgs, U64, COUNTER("messages received from clients")),
	F(in_client_bytes, U64, COUNTER("bytes received from clients")),
	F(out_msgs, U64, COUNTER("messages sent")),
	F(out_bytes, U64, COUNTER("bytes of messages sent")),
	F(out_client_msgs, U64, COUNTER("messages sent to clients")),
	F(out_client_bytes, U64, COUNTER("bytes sent to clients")),
	F(slow_consumers, U64, COUNTER("connections cut for being slow")),
	F(stale_connections, U64, COUNTER("connections cut for being silent")),
	F(stalled_clients, U64, COUNTER("times a publisher was held back")),
	F(subscriptions, U64, GAUGE("subscriptions now")),
	{ "http_req_stats", FIELD_WRITE, .write = write_hits },
	F(config_load_time, TIME),
	F(config_digest, STR),
	F(tags, STRS, OPT),
	F(metadata, PAIRS, OPT),
	{ "feature_flags", FIELD_WRITE, .write = write_flags },
	F(trusted_operators_jwt, STRS, OPT),
	F(trusted_operators_claim, JSON, OPT),
	F(system_account, STR, OPT),
	F(pinned_account_fails, U64, OPT,
	    COUNTER("accounts refused because they are not pinned")),
	KINDS(slow_consumer_stats, "connections cut for being slow:"),
	KINDS(stale_connection_stats, "connections cut for being silent:"),
	FIELD_OPEN("disk_io_wait_stats"),
	F(waiters, U64, GAUGE("waiting for a disk now")),
	F(waits, U64, COUNTER("waits for a disk")),
	F(wait_time, U64, COUNTER("time waited for disks, nanoseconds")),
	F(max_wait_time, U64, GAUGE("longest wait for a disk, nanoseconds")),
	FIELD_CLOSE,
	{ "proxies", FIELD_WRITE, offsetof(struct varz, trusted_proxies),
	    .write = write_proxies, .is_empty = has_no_proxies },
	F(tls_cert_not_after, TIME, OPT),
	/* Ours.  Behind all that nats-server says, so that its fields keep
	 * their order for who compares. */
	F(mote_version, STR, OPT),
	F(workers, I64, OPT, GAUGE("event loops")),
	F(failed_logins, U64, OPT, COUNTER("logins with wrong credentials")),
	F(delayed_logins, U64, OPT, COUNTER("logins that had to wait for others' failures")),
	F(refused_logins, U64, OPT, COUNTER("logins not looked at, after too many failures")),
	F(tls_cert_expiry, I64, OPT, GAUGE("when the server's certificate "
	    "ends, seconds since 1970")),
	{ NULL },
};

void varz_write(const struct varz *v, struct json_writer *w)
{
	fields_write_object(varz_fields, v, w);
}
