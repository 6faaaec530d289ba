/* test/unit/mon/advisory_test.c - pairs with src/mon/advisory.c.
 *
 * Against what nats-server 2.15.1 published about the same clients: fields,
 * their order, what is left out. */
#include "base/buf.h"
#include "base/json.h"
#include "check.h"
#include "mon/accountz.h"
#include "mon/advisory.h"
#include "session/info.h"

/* 2026-11-21T18:38:48Z */
#define T0 INT64_C(1795286328000000000)

#define RECORDED_SERVER							\
	"\"server\":{\"name\":\"S1\",\"host\":\"127.0.0.1\",\"id\":\"NABC\","	\
	"\"ver\":\"2.15.1\",\"tags\":[\"region:eu\",\"big\"],"		\
	"\"feature_flags\":{\"js_ack_fc_v2\":false,"			\
	"\"js_api_reply_v2\":false,\"js_raft_delete_range\":true,"	\
	"\"js_snapshot_sources\":false},\"jetstream\":false,\"flags\":0,"	\
	"\"seq\":16,\"time\":\"2026-11-21T18:38:49.659449875Z\"}"

static const struct slice tags[] = { { "region:eu", 9 }, { "big", 3 } };

static const struct server_info server = {
	.name = { "S1", 2 }, .host = { "127.0.0.1", 9 }, .id = { "NABC", 4 },
	.ver = { "2.15.1", 6 }, .tags = { tags, 2 }, .seq = 16,
	.time = T0 + 1659449875,
};

static const struct client_info client = {
	.cid = 8, .ip = { "127.0.0.1", 9 }, .account = { "A", 1 },
	.user = { "a", 1 }, .name = { "an", 2 }, .lang = { "py", 2 },
	.version = { "1", 1 }, .start_ns = T0 + 1658644707,
	.in_msgs = 8, .in_bytes = 51, .out_msgs = 6, .out_bytes = 4108,
	.rtt_ns = INT64_C(14239744923), .stop_ns = T0 + INT64_C(25311018176),
	.reason = CLOSE_KICKED,
};

/* Ids are unique, so not known: 22 letters become as many '.'. */
static void hide_id(struct buf *b)
{
	static const char key[] = "\"id\":\"";
	char *at;

	buf_put_char(b, '\0');
	at = strstr(b->p, key);
	if (at != NULL) {
		at += sizeof key - 1;
		CHECK(strcspn(at, "\"") == 22);
		memset(at, '.', 22);
	}
	b->n--;
}

TEST(a_connection_is_told_as_nats_server_does)
{
	struct buf out = { 0 };

	advisory_connect(&server, T0 + 1659108552, &client, JSON_INTO(&out, 0));
	hide_id(&out);
	CHECK_SLICE(buf_slice(&out), SLICE(
	    "{\"type\":\"io.nats.server.advisory.v1.client_connect\","
	    "\"id\":\"......................\","
	    "\"timestamp\":\"2026-11-21T18:38:49.659108552Z\"," RECORDED_SERVER
	    ",\"client\":{\"start\":\"2026-11-21T18:38:49.658644707Z\","
	    "\"host\":\"127.0.0.1\",\"id\":8,\"acc\":\"A\",\"user\":\"a\","
	    "\"name\":\"an\",\"lang\":\"py\",\"ver\":\"1\",\"name_tag\":\"A\","
	    "\"kind\":\"Client\",\"client_type\":\"nats\"}}"));
	buf_fini(&out);
}

TEST(an_end_is_told_as_nats_server_does)
{
	struct buf out = { 0 };

	advisory_disconnect(&server, T0 + INT64_C(25311018176), &client,
	    JSON_INTO(&out, 0));
	hide_id(&out);
	CHECK_SLICE(buf_slice(&out), SLICE(
	    "{\"type\":\"io.nats.server.advisory.v1.client_disconnect\","
	    "\"id\":\"......................\","
	    "\"timestamp\":\"2026-11-21T18:39:13.311018176Z\"," RECORDED_SERVER
	    ",\"client\":{\"start\":\"2026-11-21T18:38:49.658644707Z\","
	    "\"host\":\"127.0.0.1\",\"id\":8,\"acc\":\"A\",\"user\":\"a\","
	    "\"name\":\"an\",\"lang\":\"py\",\"ver\":\"1\",\"rtt\":14239744923,"
	    "\"stop\":\"2026-11-21T18:39:13.311018176Z\",\"name_tag\":\"A\","
	    "\"kind\":\"Client\",\"client_type\":\"nats\"},"
	    "\"sent\":{\"msgs\":8,\"bytes\":51},"
	    "\"received\":{\"msgs\":6,\"bytes\":4108},\"reason\":\"Kicked\"}"));
	buf_fini(&out);
}

TEST(what_a_jwt_said_is_told_too)
{
	struct client_info c = client;
	struct buf         out = { 0 };

	c.jwt = SLICE("eyJ");
	c.issuer_key = SLICE("ACF");
	c.name_tag = SLICE("ACC");
	c.tags = SLICE("t1,t2");
	advisory_connect(&server, T0, &c, JSON_INTO(&out, 0));
	buf_put_char(&out, '\0');
	CHECK(strstr(out.p, "\"ver\":\"1\",\"jwt\":\"eyJ\",\"issuer_key\":\"ACF\","
	    "\"name_tag\":\"ACC\",\"tags\":[\"t1\",\"t2\"],\"kind\"") != NULL,
	    "%s", out.p);
	buf_fini(&out);
}

#define NO_DATA "{\"msgs\":0,\"bytes\":0}"
#define NO_LINKS \
	"\"gateways\":" NO_DATA ",\"routes\":" NO_DATA ",\"leafs\":" NO_DATA

TEST(an_accounts_connections_are_told_as_nats_server_does)
{
	struct account_stats a = { .name = SLICE("A"), .conns = 1,
		.total_conns = 1, .received_msgs = 2, .received_bytes = 6,
		.sent_msgs = 1, .sent_bytes = 5,
		.subs.num_subscriptions = 4 };
	struct buf out = { 0 };

	advisory_conns(&server, T0 + 1659096896, NULL, &a, JSON_INTO(&out, 0));
	hide_id(&out);
	CHECK_SLICE(buf_slice(&out), SLICE(
	    "{\"type\":\"io.nats.server.advisory.v1.account_connections\","
	    "\"id\":\"......................\","
	    "\"timestamp\":\"2026-11-21T18:38:49.659096896Z\"," RECORDED_SERVER
	    ",\"acc\":\"A\",\"name\":\"A\",\"conns\":1,\"leafnodes\":0,"
	    "\"total_conns\":1,\"num_subscriptions\":4,"
	    "\"sent\":{\"msgs\":1,\"bytes\":5," NO_LINKS "},"
	    "\"received\":{\"msgs\":2,\"bytes\":6," NO_LINKS "},"
	    "\"slow_consumers\":0}"));
	buf_fini(&out);
}

TEST(answers_have_an_envelope)
{
	struct json_writer w;
	struct buf         out = { 0 };

	json_init(&w, &out, 0);
	answer_begin(&server, &w);
	json_u64(&w, 7);
	answer_end(&w);
	CHECK_SLICE(buf_slice(&out), SLICE("{" RECORDED_SERVER ",\"data\":7}"));
	buf_reset(&out);
	answer_done(&server, JSON_INTO(&out, 0));
	CHECK_SLICE(buf_slice(&out), SLICE("{" RECORDED_SERVER "}"));
	buf_reset(&out);
	answer_error(&server, 400, SLICE("unexpected end of JSON input"), false,
	    JSON_INTO(&out, 0));
	CHECK_SLICE(buf_slice(&out), SLICE("{" RECORDED_SERVER ",\"error\":"
	    "{\"code\":400,\"description\":\"unexpected end of JSON input\"}}"));
	buf_reset(&out);
	answer_error(&server, 500, SLICE("Account NONE does not exist"), true,
	    JSON_INTO(&out, 0));
	CHECK_SLICE(buf_slice(&out), SLICE("{" RECORDED_SERVER ",\"data\":null,"
	    "\"error\":{\"code\":500,"
	    "\"description\":\"Account NONE does not exist\"}}"));
	buf_reset(&out);
	server_id_write(&server, JSON_INTO(&out, 0));
	CHECK_SLICE(buf_slice(&out), SLICE(
	    "{\"name\":\"S1\",\"host\":\"127.0.0.1\",\"id\":\"NABC\"}"));
	buf_fini(&out);
}

TEST(a_cluster_and_metadata_are_told_if_there_are_any)
{
	static const struct slice pairs[] = { { "a", 1 }, { "b", 1 } };
	struct server_info s = server;
	struct buf         out = { 0 };

	s.cluster = SLICE("C1");
	s.metadata = (struct slices){ pairs, 2 };
	s.js_ack_fc_v2 = true;
	server_info_write(&s, JSON_INTO(&out, 0));
	buf_put_char(&out, '\0');
	CHECK(strstr(out.p, "\"id\":\"NABC\",\"cluster\":\"C1\",\"ver\":\"2.15.1\","
	    "\"tags\":[\"region:eu\",\"big\"],\"metadata\":{\"a\":\"b\"},"
	    "\"feature_flags\":{\"js_ack_fc_v2\":true,") != NULL, "%s", out.p);
	buf_fini(&out);
}

TEST(a_user_is_told_who_it_is)
{
	struct user_info u = { .user = SLICE("a"), .account = SLICE("A"),
		.account_name = SLICE("A") };
	struct buf       out = { 0 };

	user_info_write(&u, JSON_INTO(&out, 0));
	CHECK_SLICE(buf_slice(&out), SLICE("{\"user\":\"a\",\"account\":\"A\","
	    "\"account_name\":\"A\"}"));
	buf_reset(&out);
	u.account_name = SLICE("ACC");
	u.user_name = SLICE("bob");
	u.permissions = SLICE("{\"publish\":{\"deny\":[\"x\"]},\"subscribe\":{}}");
	u.expires = 7;
	user_info_write(&u, JSON_INTO(&out, 0));
	CHECK_SLICE(buf_slice(&out), SLICE("{\"user\":\"a\",\"account\":\"A\","
	    "\"account_name\":\"ACC\",\"user_name\":\"bob\",\"permissions\":"
	    "{\"publish\":{\"deny\":[\"x\"]},\"subscribe\":{}},\"expires\":7}"));
	buf_fini(&out);
}

TEST(the_hash_of_a_name_is_nats_servers)
{
	char hash[SERVER_HASH_CHARS];

	server_hash(SLICE("S1"), hash);
	CHECK_SLICE(slice_of(hash, sizeof hash), SLICE("sQnRv29R"));
}
