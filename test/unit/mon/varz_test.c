/* test/unit/mon/varz_test.c - pairs with src/mon/varz.c.
 *
 * Against what nats-server 2.15.1 answered with the same numbers: fields, their
 * order, what is left out. */
#include "base/buf.h"
#include "base/json.h"
#include "check.h"
#include "mon/varz.h"

#define START INT64_C(1795276262963413869)	/* 2026-11-21T15:51:02.96.. */
#define NOW   INT64_C(1795276263982587856)

static const char recorded[] =
	"{\n"
	"  \"server_id\": \"NABC\",\n"
	"  \"server_name\": \"peer\",\n"
	"  \"version\": \"2.15.1\",\n"
	"  \"proto\": 1,\n"
	"  \"go\": \"c11\",\n"
	"  \"host\": \"127.0.0.1\",\n"
	"  \"port\": 14222,\n"
	"  \"max_connections\": 65536,\n"
	"  \"ping_interval\": 120000000000,\n"
	"  \"ping_max\": 2,\n"
	"  \"http_host\": \"127.0.0.1\",\n"
	"  \"http_port\": 18222,\n"
	"  \"http_base_path\": \"\",\n"
	"  \"https_port\": 0,\n"
	"  \"auth_timeout\": 2,\n"
	"  \"max_control_line\": 4096,\n"
	"  \"max_payload\": 1048576,\n"
	"  \"max_pending\": 67108864,\n"
	"  \"cluster\": {},\n"
	"  \"gateway\": {},\n"
	"  \"leaf\": {},\n"
	"  \"mqtt\": {},\n"
	"  \"websocket\": {},\n"
	"  \"jetstream\": {},\n"
	"  \"tls_timeout\": 2,\n"
	"  \"write_deadline\": 10000000000,\n"
	"  \"start\": \"2026-11-21T15:51:02.963413869Z\",\n"
	"  \"now\": \"2026-11-21T15:51:03.982587856Z\",\n"
	"  \"uptime\": \"1s\",\n"
	"  \"mem\": 15826944,\n"
	"  \"cores\": 2,\n"
	"  \"gomaxprocs\": 2,\n"
	"  \"cpu\": 0,\n"
	"  \"connections\": 0,\n"
	"  \"total_connections\": 0,\n"
	"  \"routes\": 0,\n"
	"  \"remotes\": 0,\n"
	"  \"leafnodes\": 0,\n"
	"  \"in_msgs\": 0,\n"
	"  \"in_bytes\": 0,\n"
	"  \"in_client_msgs\": 0,\n"
	"  \"in_client_bytes\": 0,\n"
	"  \"out_msgs\": 0,\n"
	"  \"out_bytes\": 0,\n"
	"  \"out_client_msgs\": 0,\n"
	"  \"out_client_bytes\": 0,\n"
	"  \"slow_consumers\": 0,\n"
	"  \"stale_connections\": 0,\n"
	"  \"stalled_clients\": 0,\n"
	"  \"subscriptions\": 60,\n"
	"  \"http_req_stats\": {\n"
	"    \"/\": 1,\n"
	"    \"/varz\": 1\n"
	"  },\n"
	"  \"config_load_time\": \"2026-11-21T15:51:02.963413869Z\",\n"
	"  \"config_digest\": \"sha256:c7d5\",\n"
	"  \"feature_flags\": {\n"
	"    \"js_ack_fc_v2\": false,\n"
	"    \"js_api_reply_v2\": false,\n"
	"    \"js_raft_delete_range\": true,\n"
	"    \"js_snapshot_sources\": false\n"
	"  },\n"
	"  \"system_account\": \"$SYS\",\n"
	"  \"slow_consumer_stats\": {\n"
	"    \"clients\": 0,\n"
	"    \"routes\": 0,\n"
	"    \"gateways\": 0,\n"
	"    \"leafs\": 0\n"
	"  },\n"
	"  \"stale_connection_stats\": {\n"
	"    \"clients\": 0,\n"
	"    \"routes\": 0,\n"
	"    \"gateways\": 0,\n"
	"    \"leafs\": 0\n"
	"  },\n"
	"  \"disk_io_wait_stats\": {\n"
	"    \"waiters\": 0,\n"
	"    \"waits\": 0,\n"
	"    \"wait_time\": 0,\n"
	"    \"max_wait_time\": 0\n"
	"  }\n"
	"}";

static struct varz idle(void)
{
	static const struct varz_hits hits[] = {
		{ "/", 1 }, { "/connz", 0 }, { "/varz", 1 },
	};

	return (struct varz){
		.server_id = SLICE("NABC"), .server_name = SLICE("peer"),
		.version = SLICE("2.15.1"), .proto = 1, .go = SLICE("c11"),
		.host = SLICE("127.0.0.1"), .port = 14222,
		.max_connections = 65536, .ping_interval = 120000000000,
		.ping_max = 2, .http_host = SLICE("127.0.0.1"),
		.http_port = 18222, .auth_timeout = 2,
		.max_control_line = 4096, .max_payload = 1048576,
		.max_pending = 67108864, .tls_timeout = 2,
		.write_deadline = 10000000000, .start = START, .now = NOW,
		.uptime = NOW - START, .mem = 15826944, .cores = 2,
		.gomaxprocs = 2, .subscriptions = 60,
		.http_req_stats = hits, .n_http_req_stats = N_OF(hits),
		.config_load_time = START, .config_digest = SLICE("sha256:c7d5"),
		.system_account = SLICE("$SYS"),
	};
}

TEST(an_idle_server_answers_as_nats_server_does)
{
	struct varz v = idle();
	struct buf  out = { 0 };

	varz_write(&v, JSON_INTO(&out, 2));
	CHECK_SLICE(buf_slice(&out), slice_str(recorded));
	buf_fini(&out);
}

TEST(what_is_set_appears_in_its_place)
{
	static const struct slice tags[] = { { "a:1", 3 }, { "b", 1 } };
	static const struct slice pairs[] = {
		{ "a", 1 }, { "b", 1 }, { "k", 1 }, { "v", 1 },
	};
	static const char *const lines[] = {
		"  \"port\": 14222,\n  \"auth_required\": true,\n",
		"  \"max_connections\": 65536,\n  \"max_subscriptions\": 10,\n",
		"  \"auth_timeout\": 3.5,\n",
		"  \"write_deadline\": 10000000000,\n"
		"  \"write_timeout\": \"retry\",\n  \"start\"",
		"  \"config_digest\": \"sha256:c7d5\",\n  \"tags\": [\n"
		"    \"a:1\",\n    \"b\"\n  ],\n  \"metadata\": {\n"
		"    \"a\": \"b\",\n    \"k\": \"v\"\n  },\n"
		"  \"feature_flags\"",
		"  \"mote_version\": \"0.1.0\",\n  \"workers\": 2\n}",
	};
	struct varz v = idle();
	struct buf  out = { 0 };

	v.auth_required = true;
	v.max_subscriptions = 10;
	v.auth_timeout = 3.5;
	v.write_timeout = SLICE("retry");
	v.tags = (struct slices){ tags, N_OF(tags) };
	v.metadata = (struct slices){ pairs, N_OF(pairs) };
	v.mote_version = SLICE("0.1.0");
	v.workers = 2;
	varz_write(&v, JSON_INTO(&out, 2));
	buf_put_char(&out, '\0');
	for (size_t i = 0; i < N_OF(lines); i++)
		CHECK(strstr(out.p, lines[i]) != NULL, "%s", lines[i]);
	buf_fini(&out);
}

TEST(trust_and_certificates_are_told_when_there_are_any)
{
	static const struct slice jwts[] = { { "eyJ", 3 } }, keys[] = {
		{ "UPROXY", 6 } };
	struct varz v = { .trusted_operators_jwt = { jwts, 1 },
		.trusted_operators_claim = SLICE("[{\"name\":\"OP\"}]"),
		.system_account = SLICE("SYS"), .pinned_account_fails = 2,
		.trusted_proxies = { keys, 1 }, .tls_cert_not_after = START };
	struct buf  out = { 0 };

	varz_write(&v, JSON_INTO(&out, 0));
	buf_put_char(&out, '\0');
	CHECK(strstr(out.p, ",\"trusted_operators_jwt\":[\"eyJ\"],"
	    "\"trusted_operators_claim\":[{\"name\":\"OP\"}],"
	    "\"system_account\":\"SYS\",\"pinned_account_fails\":2,"
	    "\"slow_consumer_stats\"") != NULL, "%s", out.p);
	CHECK(strstr(out.p, "},\"proxies\":{\"trusted\":[{\"key\":\"UPROXY\"}]},"
	    "\"tls_cert_not_after\":\"2026-11-21T15:51:02.963413869Z\"")
	    != NULL, "%s", out.p);
	buf_fini(&out);
}
