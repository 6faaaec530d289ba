/* info_test.c - INFO byte for byte: what nats-server sends, and all at once. */
#include "proto/info.h"

#include "base/buf.h"
#include "check.h"

static void check_line(const struct info *info, const char *line)
{
	struct buf out = { 0 };

	info_write(info, &out);
	CHECK(!buf_failed(&out));
	CHECK_SLICE(buf_slice(&out), slice_str(line));
	buf_fini(&out);
}

TEST(a_plain_server_says_what_nats_server_says)
{
	check_line(&(struct info){ .server_id = SLICE("NB"),
		.version = SLICE("2.15.1"), .proto = 1, .go = SLICE("go1.27.2"),
		.host = SLICE("127.0.0.1"), .port = 24501, .headers = true,
		.max_payload = 1048576, .client_id = 5,
		.client_ip = SLICE("127.0.0.1"), .api_lvl = 5,
		.xkey = SLICE("XD") },
	    "INFO {\"server_id\":\"NB\",\"server_name\":\"NB\","
	    "\"version\":\"2.15.1\",\"proto\":1,\"go\":\"go1.27.2\","
	    "\"host\":\"127.0.0.1\",\"port\":24501,\"headers\":true,"
	    "\"max_payload\":1048576,\"client_id\":5,"
	    "\"client_ip\":\"127.0.0.1\",\"api_lvl\":5,\"xkey\":\"XD\"} \r\n");
}

TEST(every_field_has_its_place)
{
	struct slice urls[] = { SLICE("10.0.0.1:4222"), SLICE("[::1]:4222") };

	check_line(&(struct info){ .server_id = SLICE("N"),
		.server_name = SLICE("a<b"), .version = SLICE("2"), .proto = 1,
		.git_commit = SLICE("abc"), .go = SLICE("c11"),
		.host = SLICE("::"), .port = 1, .auth_required = true,
		.tls_required = true, .tls_verify = true, .tls_available = true,
		.max_payload = -1, .jetstream = true, .client_id = UINT64_MAX,
		.client_ip = SLICE("::1"), .nonce = SLICE("no"),
		.cluster = SLICE("cl"), .domain = SLICE("do"),
		.connect_urls = urls, .n_connect_urls = 2, .ldm = true,
		.connect_info = true, .remote_account = SLICE("$G"),
		.acc_is_sys = true, .api_lvl = 1, .xkey = SLICE("X"),
		.mote = SLICE("0.1.0") },
	    "INFO {\"server_id\":\"N\",\"server_name\":\"a\\u003cb\","
	    "\"version\":\"2\",\"proto\":1,\"git_commit\":\"abc\","
	    "\"go\":\"c11\",\"host\":\"::\",\"port\":1,\"headers\":false,"
	    "\"auth_required\":true,\"tls_required\":true,\"tls_verify\":true,"
	    "\"tls_available\":true,\"max_payload\":-1,\"jetstream\":true,"
	    "\"client_id\":18446744073709551615,\"client_ip\":\"::1\","
	    "\"nonce\":\"no\",\"cluster\":\"cl\",\"domain\":\"do\","
	    "\"connect_urls\":[\"10.0.0.1:4222\",\"[::1]:4222\"],\"ldm\":true,"
	    "\"connect_info\":true,\"remote_account\":\"$G\","
	    "\"acc_is_sys\":true,\"api_lvl\":1,\"xkey\":\"X\","
	    "\"mote\":\"0.1.0\"} \r\n");
}
