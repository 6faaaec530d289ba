/* test/unit/mon/connz_test.c - pairs with src/mon/connz.c.
 *
 * Documents and errors as nats-server 2.15.1 answered.  Selections are checked
 * against sorting everybody: what was cut early must not have been on the page. */
#include "base/buf.h"
#include "base/json.h"
#include "check.h"
#include "mon/connz.h"
#include "mon/query.h"
#include "session/info.h"

#define NOW INT64_C(1795276299415713022)	/* 2026-11-21T15:51:39.4157.. */

static const char recorded[] =
	"{\n"
	"  \"server_id\": \"NABC\",\n"
	"  \"now\": \"2026-11-21T15:51:39.415713022Z\",\n"
	"  \"num_connections\": 2,\n"
	"  \"total\": 2,\n"
	"  \"offset\": 0,\n"
	"  \"limit\": 1024,\n"
	"  \"connections\": [\n"
	"    {\n"
	"      \"cid\": 5,\n"
	"      \"kind\": \"Client\",\n"
	"      \"type\": \"nats\",\n"
	"      \"ip\": \"127.0.0.1\",\n"
	"      \"port\": 46942,\n"
	"      \"start\": \"2026-11-21T15:51:38.046096196Z\",\n"
	"      \"last_activity\": \"2026-11-21T15:51:38.147290669Z\",\n"
	"      \"rtt\": \"924µs\",\n"
	"      \"uptime\": \"1s\",\n"
	"      \"idle\": \"1s\",\n"
	"      \"pending_bytes\": 0,\n"
	"      \"in_msgs\": 0,\n"
	"      \"out_msgs\": 2,\n"
	"      \"in_bytes\": 0,\n"
	"      \"out_bytes\": 7,\n"
	"      \"subscriptions\": 3,\n"
	"      \"name\": \"subber\",\n"
	"      \"lang\": \"c\",\n"
	"      \"version\": \"1.2\",\n"
	"      \"subscriptions_list\": [\n"
	"        \"foo.*\",\n"
	"        \"bar\",\n"
	"        \"baz\"\n"
	"      ]\n"
	"    },\n"
	"    {\n"
	"      \"cid\": 6,\n"
	"      \"kind\": \"Client\",\n"
	"      \"type\": \"nats\",\n"
	"      \"ip\": \"127.0.0.1\",\n"
	"      \"port\": 46944,\n"
	"      \"start\": \"2026-11-21T15:51:38.146933498Z\",\n"
	"      \"last_activity\": \"2026-11-21T15:51:38.147290669Z\",\n"
	"      \"rtt\": \"230µs\",\n"
	"      \"uptime\": \"1s\",\n"
	"      \"idle\": \"1s\",\n"
	"      \"pending_bytes\": 0,\n"
	"      \"in_msgs\": 2,\n"
	"      \"out_msgs\": 0,\n"
	"      \"in_bytes\": 7,\n"
	"      \"out_bytes\": 0,\n"
	"      \"subscriptions\": 0,\n"
	"      \"name\": \"pub\\u003cer\",\n"
	"      \"lang\": \"c\",\n"
	"      \"version\": \"1.2\"\n"
	"    }\n"
	"  ]\n"
	"}";

static const char recorded_closed[] =
	"{\n"
	"  \"server_id\": \"NABC\",\n"
	"  \"now\": \"2026-11-21T15:51:39.415713022Z\",\n"
	"  \"num_connections\": 1,\n"
	"  \"total\": 1,\n"
	"  \"offset\": 0,\n"
	"  \"limit\": 1024,\n"
	"  \"connections\": [\n"
	"    {\n"
	"      \"cid\": 7,\n"
	"      \"kind\": \"Client\",\n"
	"      \"type\": \"nats\",\n"
	"      \"ip\": \"127.0.0.1\",\n"
	"      \"port\": 46946,\n"
	"      \"start\": \"2026-11-21T15:51:38.247543425Z\",\n"
	"      \"last_activity\": \"2026-11-21T15:51:38.24788548Z\",\n"
	"      \"stop\": \"2026-11-21T15:51:38.348128414Z\",\n"
	"      \"reason\": \"Client Closed\",\n"
	"      \"rtt\": \"241µs\",\n"
	"      \"uptime\": \"0s\",\n"
	"      \"idle\": \"0s\",\n"
	"      \"pending_bytes\": 0,\n"
	"      \"in_msgs\": 0,\n"
	"      \"out_msgs\": 0,\n"
	"      \"in_bytes\": 0,\n"
	"      \"out_bytes\": 0,\n"
	"      \"subscriptions\": 1,\n"
	"      \"name\": \"gone\",\n"
	"      \"lang\": \"c\",\n"
	"      \"version\": \"1.2\",\n"
	"      \"authorized_user\": \"a\",\n"
	"      \"subscriptions_list_detail\": [\n"
	"        {\n"
	"          \"account\": \"$G\",\n"
	"          \"account_tag\": \"$G\",\n"
	"          \"subject\": \"y\",\n"
	"          \"qgroup\": \"z\",\n"
	"          \"sid\": \"2\",\n"
	"          \"msgs\": 0,\n"
	"          \"cid\": 7\n"
	"        }\n"
	"      ]\n"
	"    }\n"
	"  ]\n"
	"}";

static struct query q;

static struct connz_options options_of(const char *text)
{
	struct connz_options o;
	struct buf           error = { 0 };

	query_parse(slice_str(text), &q);
	CHECK(connz_options_read(&q, &o, &error), "%s", text);
	return o;
}

static struct client_info subber(void)
{
	return (struct client_info){
		.cid = 5, .ip = SLICE("127.0.0.1"), .port = 46942,
		.start_ns = NOW - 1369616826,
		.last_activity_ns = NOW - 1268422353, .rtt_ns = 924321,
		.out_msgs = 2, .out_bytes = 7, .n_subs = 3,
		.name = SLICE("subber"), .lang = SLICE("c"),
		.version = SLICE("1.2"), .user = SLICE("a"),
		.account = SLICE("$G"),
	};
}

static struct client_info publisher(void)
{
	return (struct client_info){
		.cid = 6, .ip = SLICE("127.0.0.1"), .port = 46944,
		.start_ns = NOW - 1268779524,
		.last_activity_ns = NOW - 1268422353, .rtt_ns = 230000,
		.in_msgs = 2, .in_bytes = 7,
		.name = SLICE("pub<er"), .lang = SLICE("c"),
		.version = SLICE("1.2"), .user = SLICE("c"),
		.account = SLICE("$G"),
	};
}

static struct client_info gone(void)
{
	return (struct client_info){
		.cid = 7, .ip = SLICE("127.0.0.1"), .port = 46946,
		.start_ns = INT64_C(1795276298247543425),
		.last_activity_ns = INT64_C(1795276298247885480),
		.stop_ns = INT64_C(1795276298348128414), .rtt_ns = 241000,
		.reason = CLOSE_CLIENT_CLOSED, .n_subs = 1,
		.name = SLICE("gone"), .lang = SLICE("c"),
		.version = SLICE("1.2"), .user = SLICE("a"),
		.account = SLICE("$G"),
	};
}

static void add_sub(struct client_info *info, const char *subject,
    const char *queue, const char *sid)
{
	sub_info_add(&info->subs, &(struct sub_info){
	    .subject = slice_str(subject), .queue = slice_str(queue),
	    .sid = slice_str(sid), .cid = info->cid });
}

static void offer(struct connz_selection *s, struct client_info info)
{
	if (connz_counts(s, &info)) {
		if (info.cid == 5 && s->options->lists_subs) {
			add_sub(&info, "foo.*", "", "1");
			add_sub(&info, "bar", "q", "2");
			add_sub(&info, "baz", "", "3");
		}
		if (info.cid == 7 && s->options->lists_subs)
			add_sub(&info, "y", "z", "2");
		connz_add(s, &info);
	}
	client_info_fini(&info);
}

/* The document about those three, the caller frees. */
static char *document(const char *query)
{
	struct connz_options   o = options_of(query);
	struct connz_selection s;
	struct buf             out = { 0 };

	connz_selection_init(&s, &o, NOW);
	offer(&s, publisher());
	offer(&s, gone());
	offer(&s, subber());
	connz_write(&(struct connz){ SLICE("NABC"),
	    slice_eq(o.account, SLICE("ZZ")) }, &s, JSON_INTO(&out, 2));
	connz_selection_fini(&s);
	return buf_take_str(&out);
}

TEST(open_clients_are_told_as_nats_server_does)
{
	char *text = document("subs=1");

	CHECK_STR(text, recorded);
	free(text);
}

TEST(closed_clients_are_told_as_nats_server_does)
{
	char *text = document("state=closed&subs=detail&auth=1");

	CHECK_STR(text, recorded_closed);
	free(text);
}

TEST(the_head_tells_what_was_asked)
{
	static const struct { const char *why, *query, *part; } t[] = {
		{ "auth", "auth=1&cid=6", "\"version\": \"1.2\",\n"
		  "      \"authorized_user\": \"c\",\n"
		  "      \"name_tag\": \"$G\"\n    }" },
		{ "one cid: the total stays", "cid=6", "\"num_connections\": 1,\n"
		  "  \"total\": 2,\n  \"offset\": 0,\n  \"limit\": 1,\n" },
		{ "no such cid", "cid=99", "\"num_connections\": 0,\n"
		  "  \"total\": 2,\n  \"offset\": 0,\n  \"limit\": 1,\n"
		  "  \"connections\": []\n}" },
		{ "a user's", "user=a", "\"num_connections\": 1,\n  \"total\": 2" },
		{ "everybody", "state=any", "\"num_connections\": 3,\n  \"total\": 3" },
		{ "nobody speaks MQTT", "mqtt_client=x",
		  "\"num_connections\": 0,\n  \"total\": 2" },
		{ "behind the end", "offset=99", "\"num_connections\": 0,\n"
		  "  \"total\": 2,\n  \"offset\": 99,\n" },
		{ "negative is nothing", "offset=-1&limit=-5",
		  "\"offset\": 0,\n  \"limit\": 1024,\n" },
		{ "no overflow", "offset=9223372036854775807"
		  "&limit=9223372036854775807", "\"num_connections\": 0,\n" },
		{ "of an account that is not", "acc=ZZ", "{\n"
		  "  \"server_id\": \"\",\n" },
		{ "null then", "acc=ZZ", "\"connections\": null\n}" },
		{ "details have no account", "subs=detail&cid=5",
		  "\"subscriptions_list_detail\": [\n        {\n"
		  "          \"subject\": \"foo.*\",\n" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		char *text = document(t[i].query);

		CHECK(strstr(text, t[i].part) != NULL, "%s: %s", t[i].why, text);
		free(text);
	}
}

TEST(wrong_options_are_refused_in_nats_servers_words)
{
	static const struct { const char *query, *error; } t[] = {
		{ "sort=foo", "invalid sorting option: foo" },
		{ "sort=CID", "invalid sorting option: CID" },
		{ "sort=stop", "sort by stop only valid on closed connections" },
		{ "sort=stop&state=any",
		  "sort by stop only valid on closed connections" },
		{ "sort=reason",
		  "sort by reason only valid on closed connections" },
		{ "state=zz", "Error decoding state for zz" },
		{ "subs=foo", "Error decoding boolean for 'subs': "
		  "strconv.ParseBool: parsing \"foo\": invalid syntax" },
		{ "sort=foo&limit=x", "Error decoding int for 'limit': "
		  "strconv.Atoi: parsing \"x\": invalid syntax" },
		{ "cid=x", "Error decoding uint64 for 'cid': "
		  "strconv.ParseUint: parsing \"x\": invalid syntax" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct connz_options o;
		struct buf           error = { 0 };

		query_parse(slice_str(t[i].query), &q);
		CHECK(!connz_options_read(&q, &o, &error), "%s", t[i].query);
		CHECK_SLICE(buf_slice(&error), slice_str(t[i].error));
		buf_fini(&error);
	}
	options_of("sort=stop&state=closed");
	options_of("state=OPEN&sort=uptime");
}

/* Three clients, each first by some of the orders. */
TEST(each_order_puts_the_right_one_first)
{
	static const struct { const char *sort; uint64_t first; } t[] = {
		{ "cid", 1 }, { "start", 1 }, { "subs", 2 }, { "pending", 3 },
		{ "msgs_to", 2 }, { "msgs_from", 3 }, { "bytes_to", 3 },
		{ "bytes_from", 2 }, { "last", 3 }, { "idle", 1 },
		{ "uptime", 3 }, { "rtt", 2 }, { "stop", 2 }, { "reason", 3 },
	};
	static const struct client_info clients[] = {
		{ .cid = 1, .start_ns = 10, .last_activity_ns = 10,
		  .stop_ns = 100, .reason = CLOSE_STALE },
		{ .cid = 2, .start_ns = 20, .last_activity_ns = 60,
		  .stop_ns = 150, .n_subs = 5, .out_msgs = 5, .in_bytes = 5,
		  .rtt_ns = 5, .reason = CLOSE_WRITE_ERROR },
		{ .cid = 3, .start_ns = 30, .last_activity_ns = 70,
		  .stop_ns = 100, .pending_bytes = 5, .in_msgs = 5,
		  .out_bytes = 5, .reason = CLOSE_CLIENT_CLOSED },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		char                   text[64], part[32];
		struct connz_options   o;
		struct connz_selection s;
		struct buf             out = { 0 };

		snprintf(text, sizeof text, "state=closed&limit=1&sort=%s",
		    t[i].sort);
		o = options_of(text);
		connz_selection_init(&s, &o, 200);
		for (size_t k = 0; k < N_OF(clients); k++)
			if (connz_counts(&s, &clients[k]))
				connz_add(&s, &clients[k]);
		connz_write(&(struct connz){ SLICE("N"), false }, &s,
		    JSON_INTO(&out, 2));
		buf_put_char(&out, '\0');
		snprintf(part, sizeof part, "\"cid\": %u,",
		    (unsigned)t[i].first);
		CHECK(strstr(out.p, part) != NULL, "%s: %s", t[i].sort, out.p);
		buf_fini(&out);
		connz_selection_fini(&s);
	}
}

static void fill(struct connz_selection *s, unsigned n, unsigned step)
{
	for (unsigned i = 0; i < n; i++) {
		struct client_info info = { .cid = 1 + i * step % n,
			.ip = SLICE("::1") };

		info.out_msgs = info.cid * 7919 % 1000;
		if (connz_counts(s, &info))
			connz_add(s, &info);
	}
}

TEST(a_selection_keeps_what_is_on_the_page_and_little_else)
{
	struct connz_options   few = options_of("sort=msgs_to&offset=10&limit=20");
	struct connz_options   all = few;
	struct connz_selection cut, cut2, whole;
	struct buf             nowhere = { .failed = true };

	all.limit = 1000000;
	connz_selection_init(&cut, &few, NOW);
	connz_selection_init(&cut2, &few, NOW);
	connz_selection_init(&whole, &all, NOW);
	fill(&cut, 3001, 1000);
	fill(&cut2, 3001, 77);
	fill(&whole, 3001, 1);
	CHECK(cut.n <= 128, "of 3001 few are held");
	connz_merge(&cut, &cut2);
	CHECK_INT(cut.n_total, 6002);
	CHECK_INT(cut2.n, 0);
	connz_write(&(struct connz){ SLICE("N"), false }, &cut,
	    JSON_INTO(&nowhere, 0));
	connz_write(&(struct connz){ SLICE("N"), false }, &whole,
	    JSON_INTO(&nowhere, 0));
	CHECK_INT(cut.n, 30);
	for (size_t i = 0; i < cut.n; i++)
		CHECK_INT(cut.at[i]->cid, whole.at[i / 2]->cid,
		    "everybody was offered twice");
	connz_selection_fini(&cut);
	connz_selection_fini(&whole);
}

TEST(who_logged_in_how_is_told_when_asked_for)
{
	struct connz_options   o = options_of("auth=1");
	struct connz_selection s;
	struct buf             out = { 0 };
	struct client_info     c = {
		.cid = 5, .ip = SLICE("127.0.0.1"), .user = SLICE("UCAT"),
		.account = SLICE("ACFI"), .name_tag = SLICE("ACC"),
		.jwt = SLICE("eyJ"), .issuer_key = SLICE("AKEY"),
		.tags = SLICE("t1,t2"), .tls_version = SLICE("1.3"),
		.tls_cipher = SLICE("TLS_AES_128_GCM_SHA256"),
		.is_tls_first = true, .proxy_key = SLICE("UPROXY"),
	};

	connz_selection_init(&s, &o, NOW);
	offer(&s, c);
	connz_write(&(struct connz){ SLICE("N"), false }, &s,
	    JSON_INTO(&out, 0));
	buf_put_char(&out, '\0');
	CHECK(strstr(out.p, "\"subscriptions\":0,\"tls_version\":\"1.3\","
	    "\"tls_cipher_suite\":\"TLS_AES_128_GCM_SHA256\","
	    "\"tls_first\":true,"
	    "\"authorized_user\":\"UCAT\",\"account\":\"ACFI\","
	    "\"jwt\":\"eyJ\",\"issuer_key\":\"AKEY\",\"name_tag\":\"ACC\","
	    "\"tags\":[\"t1\",\"t2\"],\"proxy\":{\"key\":\"UPROXY\"}}]}")
	    != NULL, "%s", out.p);
	buf_fini(&out);
	connz_selection_fini(&s);
}

TEST(a_subject_selects_who_might_receive_it)
{
	static const struct { const char *subject; unsigned n; } t[] = {
		{ "foo.x", 1 }, { "foo.>", 1 }, { "*.x", 1 }, { "foo", 0 },
		{ "foo..x", 0 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct connz_options   o = options_of("acc=A");
		struct connz_selection s;
		struct client_info     c = { .cid = 1, .account = SLICE("A") };

		o.subject = slice_str(t[i].subject);
		CHECK(connz_needs_subs(&o));
		sub_info_add(&c.subs, &(struct sub_info){
		    .subject = SLICE("bar") });
		sub_info_add(&c.subs, &(struct sub_info){
		    .subject = SLICE("foo.*") });
		connz_selection_init(&s, &o, NOW);
		CHECK(connz_counts(&s, &c));
		connz_add(&s, &c);
		CHECK_INT(s.n, t[i].n, "%s", t[i].subject);
		CHECK_INT(s.n_total, 1);
		CHECK(s.n == 0 || s.at[0]->subs.n == 0, "they are not listed");
		client_info_fini(&c);
		connz_selection_fini(&s);
	}
}
