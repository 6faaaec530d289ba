/* test/unit/mon/statsz_test.c - pairs with src/mon/statsz.c.
 *
 * Against what nats-server 2.15.1 told with the same numbers. */
#include "base/buf.h"
#include "base/json.h"
#include "check.h"
#include "mon/advisory.h"
#include "mon/statsz.h"
#include "mon/varz.h"

static char *told(const struct varz *v)
{
	struct server_info s = { .name = SLICE("S1"), .seq = 24 };
	struct statsz      stats = { v, .active_accounts = 3,
		.active_servers = 1 };
	struct buf         out = { 0 };

	statsz_write(&s, &stats, JSON_INTO(&out, 0));
	return buf_take_str(&out);
}

TEST(numbers_are_told_as_nats_server_does)
{
	struct varz v = { .start = INT64_C(1795286328359893190),
		.mem = 17096704, .cores = 2, .connections = 3,
		.total_connections = 5, .subscriptions = 73, .out_msgs = 12,
		.out_bytes = 8235, .out_client_msgs = 12,
		.out_client_bytes = 8235, .in_msgs = 1, .in_bytes = 5,
		.in_client_msgs = 1, .in_client_bytes = 5, .gomaxprocs = 2 };
	char       *text = told(&v);
	const char *stats = strstr(text, ",\"statsz\":");

	CHECK(stats != NULL && strncmp(text, "{\"server\":{\"name\":\"S1\"", 22)
	    == 0);
	CHECK_STR(stats, ",\"statsz\":"
	    "{\"start\":\"2026-11-21T18:38:48.35989319Z\","
	    "\"mem\":17096704,\"cores\":2,\"cpu\":0,\"connections\":3,"
	    "\"total_connections\":5,\"active_accounts\":3,"
	    "\"subscriptions\":73,\"sent\":{\"msgs\":12,\"bytes\":8235},"
	    "\"sent_to_clients\":{\"msgs\":12,\"bytes\":8235},"
	    "\"received\":{\"msgs\":1,\"bytes\":5},"
	    "\"received_from_clients\":{\"msgs\":1,\"bytes\":5},"
	    "\"slow_consumers\":0,\"active_servers\":1,\"gomaxprocs\":2}}");
	free(text);
}

TEST(trouble_is_told_when_there_was_some)
{
	struct varz v = { .slow_consumers = 2, .stale_connections = 1,
		.stalled_clients = 4, .slow_consumer_stats = { .clients = 2 },
		.stale_connection_stats = { .clients = 1 } };
	char       *text = told(&v);

	CHECK(strstr(text, "\"slow_consumers\":2,\"slow_consumer_stats\":"
	    "{\"clients\":2,\"routes\":0,\"gateways\":0,\"leafs\":0},"
	    "\"stale_connections\":1,\"stale_connection_stats\":"
	    "{\"clients\":1,\"routes\":0,\"gateways\":0,\"leafs\":0},"
	    "\"stalled_clients\":4,\"active_servers\":1") != NULL, "%s", text);
	free(text);
}
