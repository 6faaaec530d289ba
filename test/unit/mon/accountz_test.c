/* test/unit/mon/accountz_test.c - pairs with src/mon/accountz.c. */
#include "base/buf.h"
#include "base/json.h"
#include "check.h"
#include "mon/accountz.h"

static const char recorded_names[] =
	"{\n"
	"  \"server_id\": \"NABC\",\n"
	"  \"now\": \"2026-11-21T15:51:39.513421835Z\",\n"
	"  \"system_account\": \"$SYS\",\n"
	"  \"accounts\": [\n"
	"    \"$G\",\n"
	"    \"$SYS\"\n"
	"  ]\n"
	"}";

static const char recorded_detail[] =
	"{\n"
	"  \"server_id\": \"NABC\",\n"
	"  \"now\": \"2026-11-21T15:51:39.513421835Z\",\n"
	"  \"system_account\": \"$SYS\",\n"
	"  \"account_detail\": {\n"
	"    \"account_name\": \"$SYS\",\n"
	"    \"update_time\": \"2026-11-21T15:51:02.964033779Z\",\n"
	"    \"is_system\": true,\n"
	"    \"expired\": false,\n"
	"    \"complete\": true,\n"
	"    \"jetstream_enabled\": false,\n"
	"    \"leafnode_connections\": 0,\n"
	"    \"client_connections\": 0,\n"
	"    \"subscriptions\": 56,\n"
	"    \"name_tag\": \"$SYS\",\n"
	"    \"sublist_stats\": {\n"
	"      \"num_subscriptions\": 56,\n"
	"      \"num_cache\": 5,\n"
	"      \"num_inserts\": 56,\n"
	"      \"num_removes\": 0,\n"
	"      \"num_matches\": 6,\n"
	"      \"cache_hit_rate\": 0.16666666666666666,\n"
	"      \"max_fanout\": 1,\n"
	"      \"avg_fanout\": 0.8\n"
	"    }\n"
	"  }\n"
	"}";

static const char recorded_stats[] =
	"{\n"
	"  \"server_id\": \"NABC\",\n"
	"  \"now\": \"2026-11-21T15:51:39.513421835Z\",\n"
	"  \"account_statz\": [\n"
	"    {\n"
	"      \"acc\": \"$G\",\n"
	"      \"name\": \"$G\",\n"
	"      \"conns\": 2,\n"
	"      \"leafnodes\": 0,\n"
	"      \"total_conns\": 2,\n"
	"      \"num_subscriptions\": 7,\n"
	"      \"sent\": {\n"
	"        \"msgs\": 2,\n"
	"        \"bytes\": 7,\n"
	"        \"gateways\": {\n"
	"          \"msgs\": 0,\n"
	"          \"bytes\": 0\n"
	"        },\n"
	"        \"routes\": {\n"
	"          \"msgs\": 0,\n"
	"          \"bytes\": 0\n"
	"        },\n"
	"        \"leafs\": {\n"
	"          \"msgs\": 0,\n"
	"          \"bytes\": 0\n"
	"        }\n"
	"      },\n"
	"      \"received\": {\n"
	"        \"msgs\": 3,\n"
	"        \"bytes\": 8,\n"
	"        \"gateways\": {\n"
	"          \"msgs\": 0,\n"
	"          \"bytes\": 0\n"
	"        },\n"
	"        \"routes\": {\n"
	"          \"msgs\": 0,\n"
	"          \"bytes\": 0\n"
	"        },\n"
	"        \"leafs\": {\n"
	"          \"msgs\": 0,\n"
	"          \"bytes\": 0\n"
	"        }\n"
	"      },\n"
	"      \"slow_consumers\": 0\n"
	"    }\n"
	"  ]\n"
	"}";

static const struct account_stats accounts[] = {
	{ .name = { "$G", 2 }, .conns = 2, .total_conns = 2, .sent_msgs = 2,
	  .sent_bytes = 7, .received_msgs = 3, .received_bytes = 8,
	  .subs = { .num_subscriptions = 7 } },
	{ .name = { "$SYS", 4 }, .is_system = true,
	  .update_time = INT64_C(1795276262964033779),
	  .subs = { 56, 5, 56, 0, 6, 1.0 / 6, 1, 0.8 } },
};

static const struct accountz all = {
	.server_id = { "NABC", 4 }, .system_account = { "$SYS", 4 },
	.now = INT64_C(1795276299513421835), .accounts = accounts,
	.n_accounts = N_OF(accounts),
};

TEST(accounts_are_listed_or_told_one_by_one)
{
	struct buf out = { 0 };

	CHECK(accountz_write(&all, SLICE_NONE, JSON_INTO(&out, 2), &out));
	CHECK_SLICE(buf_slice(&out), slice_str(recorded_names));
	buf_reset(&out);
	CHECK(accountz_write(&all, SLICE("$SYS"), JSON_INTO(&out, 2), &out));
	CHECK_SLICE(buf_slice(&out), slice_str(recorded_detail));
	buf_reset(&out);
	CHECK(!accountz_write(&all, SLICE("ZZ"), JSON_INTO(&out, 2), &out));
	CHECK_SLICE(buf_slice(&out), SLICE("Account ZZ does not exist"));
	buf_fini(&out);
}

TEST(traffic_is_told_of_accounts_in_use)
{
	struct buf out = { 0 };

	accstatz_write(&all, false, JSON_INTO(&out, 2));
	CHECK_SLICE(buf_slice(&out), slice_str(recorded_stats));
	buf_reset(&out);
	accstatz_write(&all, true, JSON_INTO(&out, 2));
	buf_put_char(&out, '\0');
	CHECK(strstr(out.p, "\"acc\": \"$SYS\"") != NULL, "unused ones too");
	buf_fini(&out);
}

/* As recorded, with weights that add up. */
TEST(what_is_configured_is_told_as_nats_server_does)
{
	static const struct account_destination m[] = {
		{ { "n.$1", 4 }, 100, { "", 0 } } };
	static const struct account_destination w[] = {
		{ { "w1", 2 }, 30, { "", 0 } }, { { "w2", 2 }, 60, { "", 0 } },
		{ { "w", 1 }, 100, { "C1", 2 } } };
	static const struct account_mapping mappings[] = {
		{ { "m.*", 3 }, m, N_OF(m) }, { { "w", 1 }, w, N_OF(w) } };
	static const struct slice approved[] = { { "B", 1 } };
	static const struct account_export exports[] = {
		{ .subject = { "tok.*", 5 }, .type = { "service", 7 },
		  .response_type = { "Streamed", 8 } },
		{ .subject = { "svc.x", 5 }, .type = { "service", 7 },
		  .response_type = { "Singleton", 9 }, .latency_sampling = 50,
		  .latency_results = { "lat.x", 5 } },
		{ .subject = { "ev.>", 4 }, .type = { "stream", 6 },
		  .approved_accounts = { approved, 1 } } };
	static const struct account_import imports[] = {
		{ .subject = { "ev.>", 4 }, .account = { "A", 1 },
		  .local_subject = { "imp.ev.>", 8 }, .type = { "stream", 6 } },
		{ .subject = { "svc.x", 5 }, .account = { "A", 1 },
		  .to = { "help.x", 6 }, .local_subject = { "help.x", 6 },
		  .type = { "service", 7 }, .share = true,
		  .latency_sampling = SAMPLING_HEADERS,
		  .latency_results = { "lat.x", 5 } } };
	static const struct account_detail detail = {
		.mappings = mappings, .n_mappings = N_OF(mappings),
		.exports = exports, .n_exports = N_OF(exports),
		.imports = imports, .n_imports = N_OF(imports),
		.decoded_jwt = { "{\"sub\" : [ 1,2 ] }", 18 },
		.msgs_per_second_max = 5 };
	struct account_stats a = { .name = SLICE("A"), .conns = 1,
		.subs.num_subscriptions = 6, .detail = &detail };
	struct buf           out = { 0 };

	account_detail_write(&a, JSON_INTO(&out, 0));
	CHECK_SLICE(buf_slice(&out), SLICE("{\"account_name\":\"A\","
	    "\"expired\":false,\"complete\":true,\"jetstream_enabled\":false,"
	    "\"leafnode_connections\":0,\"client_connections\":1,"
	    "\"subscriptions\":6,\"mappings\":{"
	    "\"m.*\":[{\"subject\":\"n.$1\",\"weight\":100}],"
	    "\"w\":[{\"subject\":\"w1\",\"weight\":30},"
	    "{\"subject\":\"w2\",\"weight\":60},"
	    "{\"subject\":\"w\",\"weight\":100,\"cluster\":\"C1\"}]},"
	    "\"exports\":[{\"subject\":\"tok.*\",\"type\":\"service\","
	    "\"response_type\":\"Streamed\"},{\"subject\":\"svc.x\","
	    "\"type\":\"service\",\"response_type\":\"Singleton\","
	    "\"service_latency\":{\"sampling\":50,\"results\":\"lat.x\"}},"
	    "{\"subject\":\"ev.\\u003e\",\"type\":\"stream\","
	    "\"approved_accounts\":[\"B\"]}],"
	    "\"imports\":[{\"subject\":\"ev.\\u003e\",\"account\":\"A\","
	    "\"local_subject\":\"imp.ev.\\u003e\",\"type\":\"stream\","
	    "\"invalid\":false,\"share\":false,\"tracking\":false},"
	    "{\"subject\":\"svc.x\",\"account\":\"A\",\"to\":\"help.x\","
	    "\"local_subject\":\"help.x\",\"type\":\"service\","
	    "\"invalid\":false,\"share\":true,\"tracking\":false,"
	    "\"latency\":{\"sampling\":\"headers\",\"results\":\"lat.x\"}}],"
	    "\"name_tag\":\"A\",\"decoded_jwt\":{\"sub\":[1,2]},"
	    "\"sublist_stats\":{\"num_subscriptions\":6,\"num_cache\":0,"
	    "\"num_inserts\":0,\"num_removes\":0,\"num_matches\":0,"
	    "\"cache_hit_rate\":0,\"max_fanout\":0,\"avg_fanout\":0},"
	    "\"msgs_per_second_max\":5}"));
	buf_fini(&out);
}
