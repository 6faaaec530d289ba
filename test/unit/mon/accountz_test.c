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
