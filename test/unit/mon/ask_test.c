/* test/unit/mon/ask_test.c - pairs with src/mon/ask.c.
 *
 * The refusals were recorded from nats-server 2.15.1, word for word. */
#include "base/buf.h"
#include "check.h"
#include "mon/advisory.h"
#include "mon/ask.h"
#include "mon/connz.h"
#include "mon/healthz.h"
#include "mon/subsz.h"

TEST(an_unsound_body_is_refused_in_gos_words)
{
	static const struct { const char *body, *why; } t[] = {
		{ "{", "unexpected end of JSON input" },
		{ "  ", "unexpected end of JSON input" },
		{ "nul", "unexpected end of JSON input" },
		{ "\"x", "unexpected end of JSON input" },
		{ "-", "unexpected end of JSON input" },
		{ "1.", "unexpected end of JSON input" },
		{ "[1", "unexpected end of JSON input" },
		{ "\"\\u12", "unexpected end of JSON input" },
		{ "x", "invalid character 'x' looking for beginning of value" },
		{ "\\", "invalid character '\\\\' looking for beginning of value" },
		{ "}", "invalid character '}' looking for beginning of value" },
		{ "+1", "invalid character '+' looking for beginning of value" },
		{ "\xc3\xa9", "invalid character '\xc3\xa9' looking for beginning of value" },
		{ "[,]", "invalid character ',' looking for beginning of value" },
		{ "[1,]", "invalid character ']' looking for beginning of value" },
		{ "{\"a\":}", "invalid character '}' looking for beginning of value" },
		{ "{\"a\":{\"b\":}}", "invalid character '}' looking for beginning of value" },
		{ "{'a'}", "invalid character '\\'' looking for beginning of object key string" },
		{ "{,}", "invalid character ',' looking for beginning of object key string" },
		{ "{1:2}", "invalid character '1' looking for beginning of object key string" },
		{ "{\"a\":1,}", "invalid character '}' looking for beginning of object key string" },
		{ "{\"a\" 1}", "invalid character '1' after object key" },
		{ "{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair" },
		{ "[1 2]", "invalid character '2' after array element" },
		{ "{} x", "invalid character 'x' after top-level value" },
		{ "{}}", "invalid character '}' after top-level value" },
		{ "1 2", "invalid character '2' after top-level value" },
		{ "01", "invalid character '1' after top-level value" },
		{ "truex", "invalid character 'x' after top-level value" },
		{ "nulx", "invalid character 'x' in literal null (expecting 'l')" },
		{ "tr}", "invalid character '}' in literal true (expecting 'u')" },
		{ "nan", "invalid character 'a' in literal null (expecting 'u')" },
		{ "-x", "invalid character 'x' in numeric literal" },
		{ "1ex", "invalid character 'x' in numeric literal" },
		{ "{\"a\":1.5e}", "invalid character '}' in numeric literal" },
		{ "\"\\q\"", "invalid escape sequence `\\q` in string" },
		{ "\"\\u12x\"", "invalid escape sequence `\\u12x\"` in string" },
		{ "\"\x01\"", "invalid character '\\x01' in string" },
		{ "\"a\nb\"", "invalid character '\\n' in string" },
		{ "[]", "json: cannot unmarshal array into Go value of type server.ConnzEventOptions" },
		{ "3", "json: cannot unmarshal number into Go value of type server.ConnzEventOptions" },
		{ " true", "json: cannot unmarshal bool into Go value of type server.ConnzEventOptions" },
		{ "\"abc\"", "json: cannot unmarshal string into Go value of type server.ConnzEventOptions" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct connz_options o = { 0 };
		struct ask           a;
		struct buf           why = { 0 };

		CHECK(!ask_read(slice_str(t[i].body), &ask_connz, &o, &a, &why),
		    "%s", t[i].body);
		CHECK_SLICE(buf_slice(&why), slice_str(t[i].why), "%s", t[i].body);
		buf_fini(&why);
	}
}

TEST(a_member_of_another_type_is_refused_in_gos_words)
{
	static const struct { const char *body, *why; } t[] = {
		{ "{\"limit\":\"x\"}", "string into Go struct field ConnzEventOptions.limit of type int" },
		{ "{\"limit\":1.5}", "number 1.5 into Go struct field ConnzEventOptions.limit of type int" },
		{ "{\"limit\":1e3}", "number 1e3 into Go struct field ConnzEventOptions.limit of type int" },
		{ "{\"limit\": 9223372036854775808 }", "number 9223372036854775808 into Go struct field ConnzEventOptions.limit of type int" },
		{ "{\"limit\":[1]}", "array into Go struct field ConnzEventOptions.limit of type int" },
		{ "{\"cid\":-1}", "number -1 into Go struct field ConnzEventOptions.cid of type uint64" },
		{ "{\"cid\":1,\"cid\":-1}", "number -1 into Go struct field ConnzEventOptions.cid of type uint64" },
		{ "{\"sort\":3}", "number into Go struct field ConnzEventOptions.sort of type server.SortOpt" },
		{ "{\"state\":\"x\"}", "string into Go struct field ConnzEventOptions.state of type server.ConnState" },
		{ "{\"auth\":\"x\"}", "string into Go struct field ConnzEventOptions.auth of type bool" },
		{ "{\"server_name\":{}}", "object into Go struct field ConnzEventOptions.server_name of type string" },
		{ "{\"server_name\":true}", "bool into Go struct field ConnzEventOptions.server_name of type string" },
		{ "{\"server_name\":1,\"host\":2}", "number into Go struct field ConnzEventOptions.server_name of type string" },
		{ "{\"server_name\":\"zz\",\"host\":2}", "number into Go struct field ConnzEventOptions.host of type string" },
		{ "{\"tags\":\"big\"}", "string into Go struct field ConnzEventOptions.tags of type []string" },
		{ "{\"tags\":[3]}", "number into ConnzEventOptions.tags.0 of type string" },
		{ "{\"exact_match\":\"x\"}", "string into Go struct field ConnzEventOptions.exact_match of type bool" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct connz_options o = { 0 };
		struct ask           a;
		struct buf           why = { 0 };

		CHECK(!ask_read(slice_str(t[i].body), &ask_connz, &o, &a, &why),
		    "%s", t[i].body);
		buf_put_char(&why, '\0');
		CHECK(strncmp(why.p, "json: cannot unmarshal ", 23) == 0);
		CHECK_STR(why.p + 23, t[i].why, "%s", t[i].body);
		buf_fini(&why);
	}
}

TEST(options_come_as_from_a_url)
{
	struct connz_options o = { 0 };
	struct ask           a;
	struct buf           why = { 0 };

	CHECK(ask_read(SLICE("{\"sort\":\"uptime\",\"AUTH\":true,\"state\":2,"
	    "\"subscriptions_detail\":true,\"offset\":-3,\"limit\":7,"
	    "\"cid\":18446744073709551615,\"user\":\"a\\u0062\",\"acc\":\"A\","
	    "\"filter_subject\":\"foo.>\",\"unknown\":[{\"cid\":1}]}"),
	    &ask_connz, &o, &a, &why));
	CHECK(connz_options_check(&o, &why));
	CHECK(o.shows_auth && o.lists_subs && o.details_subs);
	CHECK_INT(o.state, CONNZ_ALL);
	CHECK_INT(o.offset, 0);
	CHECK_INT(o.limit, 1, "there is one of a cid");
	CHECK(o.cid == UINT64_MAX);
	CHECK_SLICE(o.user, SLICE("ab"));
	CHECK_SLICE(o.account, SLICE("A"));
	CHECK_SLICE(o.subject, SLICE("foo.>"));
	ask_fini(&a);
}

TEST(empty_and_null_ask_for_nothing_special)
{
	static const char *const bodies[] = { "", "null", " null ", "{}",
		"{\"acc\":null,\"limit\":null,\"auth\":null,\"tags\":null}" };

	for (size_t i = 0; i < N_OF(bodies); i++) {
		struct connz_options o = { 0 };
		struct ask           a;
		struct buf           why = { 0 };

		CHECK(ask_read(slice_str(bodies[i]), &ask_connz, &o, &a, &why),
		    "%s", bodies[i]);
		CHECK(o.account.n == 0 && o.limit == 0 && !o.shows_auth);
		CHECK(a.filter.tags == NULL);
		ask_fini(&a);
	}
}

TEST(connz_checks_what_it_was_given)
{
	static const struct { const char *body, *why; } t[] = {
		{ "{\"sort\":\"zz\"}", "invalid sorting option: zz" },
		{ "{\"sort\":\"stop\"}", "sort by stop only valid on closed connections" },
		{ "{\"filter_subject\":\"foo.x\"}",
		  "filter by subject only valid with account filtering" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct connz_options o = { 0 };
		struct ask           a;
		struct buf           why = { 0 };

		CHECK(ask_read(slice_str(t[i].body), &ask_connz, &o, &a, &why));
		CHECK(!connz_options_check(&o, &why), "%s", t[i].body);
		CHECK_SLICE(buf_slice(&why), slice_str(t[i].why));
		buf_fini(&why);
		ask_fini(&a);
	}
}

static bool is_meant(const char *body)
{
	static const struct slice tags[] = { { "region:eu", 9 }, { "big", 3 } };
	struct server_info s = { .name = SLICE("S1"),
		.host = SLICE("127.0.0.1"), .cluster = SLICE("C1"),
		.tags = { tags, N_OF(tags) } };
	struct ask_options o = { 0 };
	struct ask         a;
	struct buf         why = { 0 };
	bool               is;

	CHECK(ask_read(slice_str(body), &ask_varz, &o, &a, &why), "%s", body);
	is = ask_is_for(&a.filter, &s);
	ask_fini(&a);
	return is;
}

TEST(a_filter_says_which_servers_are_meant)
{
	static const struct { const char *body; bool is; } t[] = {
		{ "", true },
		{ "{\"server_name\":\"zz\"}", false },
		{ "{\"server_name\":\"S\"}", true },
		{ "{\"Server_Name\":\"zz\"}", false },
		{ "{\"server_name\":\"s\"}", false },
		{ "{\"server_name\":\"S\",\"exact_match\":true}", false },
		{ "{\"server_name\":\"S1\",\"exact_match\":true}", true },
		{ "{\"tags\":[\"big\"]}", true },
		{ "{\"tags\":[\"BIG\"]}", true },
		{ "{\"tags\":[\"bi\"]}", false },
		{ "{\"tags\":[\"big\",\"none\"]}", false },
		{ "{\"tags\":[\" big \"]}", true },
		{ "{\"tags\":[]}", true },
		{ "{\"host\":\"127\"}", true },
		{ "{\"host\":\"x\"}", false },
		{ "{\"cluster\":\"x\"}", false },
		{ "{\"cluster\":\"C\"}", true },
		{ "{\"domain\":\"x\"}", false },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_INT(is_meant(t[i].body), t[i].is, "%s", t[i].body);
}

TEST(accounts_are_named_in_a_list)
{
	struct ask_options o = { 0 };
	struct ask         a;
	struct buf         why = { 0 };

	CHECK(ask_read(SLICE("{\"accounts\":[\"A\",\"B\"],"
	    "\"include_unused\":true}"), &ask_statz, &o, &a, &why));
	CHECK(o.includes_unused);
	CHECK(ask_names(o.accounts, SLICE("B")));
	CHECK(!ask_names(o.accounts, SLICE("C")));
	CHECK(ask_names(NULL, SLICE("C")));
	ask_fini(&a);
}

/* Every kind takes what only it knows, and the filter. */
TEST(each_kind_of_request_has_its_own_names)
{
	static const struct {
		const struct ask_spec *spec;
		const char *body, *error;
	} t[] = {
		{ &ask_accountz, "{\"account\":3}", "AccountzEventOptions.account" },
		{ &ask_subsz, "{\"limit\":\"x\"}", "SubszEventOptions.limit" },
		{ &ask_gatewayz, "{\"name\":3}", "GatewayzEventOptions.name" },
		{ &ask_leafz, "{\"account\":3}", "LeafzEventOptions.account" },
		{ &ask_routez, "{\"subscriptions\":1}", "RoutezEventOptions.subscriptions" },
		{ &ask_jsz, "{\"accounts\":3}", "JszEventOptions.accounts" },
		{ &ask_healthz, "{\"stream\":3}", "HealthzEventOptions.stream" },
		{ &ask_profilez, "{\"debug\":\"x\"}", "ProfilezEventOptions.debug" },
		{ &ask_ipqueuesz, "{\"all\":3}", "IpqueueszEventOptions.all" },
		{ &ask_raftz, "{\"account\":3}", "RaftzEventOptions.account" },
		{ &ask_statz, "{\"accounts\":3}", "AccountStatzEventOptions.accounts" },
		{ &ask_statsz, "{\"host\":3}", "StatszEventOptions.host" },
	};
	union {
		struct connz_options   connz;
		struct subsz_options   subsz;
		struct healthz_options healthz;
		struct ask_options     others;
	} o;

	for (size_t i = 0; i < N_OF(t); i++) {
		struct ask a;
		struct buf why = { 0 };

		memset(&o, 0, sizeof o);
		CHECK(!ask_read(slice_str(t[i].body), t[i].spec, &o, &a, &why));
		buf_put_char(&why, '\0');
		CHECK(strstr(why.p, t[i].error) != NULL, "%s", why.p);
		buf_fini(&why);
	}
}

TEST(no_depth_and_no_number_of_members_is_too_much)
{
	struct connz_options o = { 0 };
	struct ask           a;
	struct buf           deep = { 0 }, wide = { 0 }, why = { 0 };

	for (unsigned i = 0; i < 1000; i++)
		buf_put_char(&deep, '[');
	CHECK(!ask_read(buf_slice(&deep), &ask_connz, &o, &a, &why));
	CHECK_SLICE(buf_slice(&why), SLICE("exceeded max depth"));
	buf_put_char(&wide, '{');
	for (unsigned i = 0; i < 1000; i++)
		buf_printf(&wide, "\"x%u\":%u,", i, i);
	buf_put_str(&wide, "\"y\":1}");
	CHECK(ask_read(buf_slice(&wide), &ask_connz, &o, &a, &why));
	ask_fini(&a);
	buf_fini(&deep);
	buf_fini(&wide);
	buf_fini(&why);
}
