/* connect_test.c - CONNECT unmarshals over what is there, or changes nothing. */
#include "proto/connect.h"

#include "check.h"

static bool parse(const char *json, struct connect_opts *o)
{
	return connect_parse(slice_str(json), o);
}

TEST(a_silent_client_has_gos_defaults)
{
	struct connect_opts o;

	connect_opts_init(&o);
	CHECK(parse("{}", &o));
	CHECK(o.verbose && o.pedantic && o.echo);
	CHECK(!o.headers && !o.no_responders && !o.tls_required && !o.new_account);
	CHECK_INT(o.protocol, 0);
	CHECK_INT(o.user.n + o.name.n, 0);
	connect_opts_fini(&o);
}

TEST(every_field_is_read)
{
	struct connect_opts o;

	connect_opts_init(&o);
	CHECK(parse("{\"verbose\":false,\"pedantic\":false,\"echo\":false,"
	    "\"tls_required\":true,\"headers\":true,\"no_responders\":true,"
	    "\"new_account\":true,\"protocol\":1,\"user\":\"u\",\"pass\":\"p\","
	    "\"auth_token\":\"t\",\"jwt\":\"j\",\"sig\":\"s\",\"nkey\":\"n\","
	    "\"proxy_sig\":\"ps\",\"name\":\"na\",\"lang\":\"c\","
	    "\"version\":\"1.2\",\"account\":\"ac\",\"remote_account\":\"ra\","
	    "\"import\":{},\"export\":{},\"unheard_of\":[{}]}", &o));
	CHECK(!o.verbose && !o.pedantic && !o.echo);
	CHECK(o.tls_required && o.headers && o.no_responders && o.new_account);
	CHECK_INT(o.protocol, 1);
	CHECK_SLICE(o.user, SLICE("u"));
	CHECK_SLICE(o.pass, SLICE("p"));
	CHECK_SLICE(o.auth_token, SLICE("t"));
	CHECK_SLICE(o.jwt, SLICE("j"));
	CHECK_SLICE(o.sig, SLICE("s"));
	CHECK_SLICE(o.nkey, SLICE("n"));
	CHECK_SLICE(o.proxy_sig, SLICE("ps"));
	CHECK_SLICE(o.name, SLICE("na"));
	CHECK_SLICE(o.lang, SLICE("c"));
	CHECK_SLICE(o.version, SLICE("1.2"));
	CHECK(o.account);
	connect_opts_fini(&o);
	CHECK(o.verbose && o.memory == NULL);
}

TEST(what_is_not_named_keeps_its_value)
{
	struct connect_opts o;

	connect_opts_init(&o);
	CHECK(parse("{\"verbose\":false,\"name\":\"first\",\"lang\":\"go\"}", &o));
	CHECK(parse("{\"name\":\"second\",\"echo\":false,\"lang\":null}", &o));
	CHECK(!o.verbose && !o.echo && o.pedantic);
	CHECK_SLICE(o.name, SLICE("second"));
	CHECK_SLICE(o.lang, SLICE("go"));
	CHECK(parse("{\"name\":\"\"}", &o));
	CHECK_INT(o.name.n, 0);
	CHECK_SLICE(o.lang, SLICE("go"));
	connect_opts_fini(&o);
}

TEST(names_have_no_case_and_the_last_wins)
{
	struct connect_opts o;

	connect_opts_init(&o);
	CHECK(parse("{\"VERBOSE\":false,\"User\":\"a\",\"user\":\"b\","
	    "\"nAME\":\"x\",\"nAME\":\"y\"}", &o));
	CHECK(!o.verbose);
	CHECK_SLICE(o.user, SLICE("b"));
	CHECK_SLICE(o.name, SLICE("y"));
	CHECK(parse("{\"Name\":\"z\",\"name\":null,\"lang\":null}", &o));
	CHECK_SLICE(o.name, SLICE("z"), "null is not the last");
	connect_opts_fini(&o);
}

TEST(what_is_malformed_changes_nothing)
{
	static const char *const t[] = {
		"", " ", "x", "[]", "1", "\"s\"", "{", "}", "{}x", "{}{}",
		"{\"verbose\":1}", "{\"verbose\":\"true\"}", "{\"verbose\":[]}",
		"{\"echo\":0}", "{\"user\":1}", "{\"user\":true}",
		"{\"pass\":{}}", "{\"auth_token\":[\"t\"]}", "{\"jwt\":1.5}",
		"{\"protocol\":\"1\"}", "{\"protocol\":1.5}", "{\"protocol\":1e0}",
		"{\"protocol\":9223372036854775808}", "{\"protocol\":true}",
		"{\"import\":[]}", "{\"export\":\"x\"}",
		"{\"name\":\"new\",\"lang\":7}", "{\"lang\":7,\"name\":\"new\"}",
		"{\"name\":\"new\"", "{name:\"new\"}", "{'name':'new'}",
		"{\"name\":\"new\",}", "{\"name\":\"\\x\"}", "{\"name\":\"a\nb\"}",
	};
	struct connect_opts o;

	connect_opts_init(&o);
	CHECK(parse("{\"name\":\"old\",\"pass\":\"pw\",\"verbose\":false,"
	    "\"protocol\":1}", &o));
	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK(!parse(t[i], &o), "%s", t[i]);
		CHECK_SLICE(o.name, SLICE("old"), "%s", t[i]);
		CHECK_SLICE(o.pass, SLICE("pw"));
		CHECK(!o.verbose && o.pedantic);
		CHECK_INT(o.protocol, 1);
	}
	CHECK(!connect_parse(SLICE_NONE, &o));
	connect_opts_fini(&o);
}

TEST(strings_may_hold_any_byte_and_be_huge)
{
	enum { N = 60000 };
	char               *json = malloc(N + 16);
	struct connect_opts o;

	connect_opts_init(&o);
	CHECK(parse("{\"pass\":\"a\\u0000b\",\"name\":\"\\u00e9\"}", &o));
	CHECK_SLICE(o.pass, SLICE("a\0b"));
	CHECK_SLICE(o.name, SLICE("\xc3\xa9"));
	memcpy(json, "{\"user\":\"", 9);
	memset(json + 9, 'u', N);
	memcpy(json + 9 + N, "\"}", 2);
	CHECK(connect_parse(slice_of(json, N + 11), &o));
	CHECK_INT(o.user.n, N);
	CHECK_SLICE(o.pass, SLICE("a\0b"));
	CHECK(!connect_parse(slice_of(json, N), &o));
	free(json);
	connect_opts_fini(&o);
}

TEST(secrets_are_forgotten_on_request)
{
	static const char   zeros[8];
	struct connect_opts o;
	struct slice        pass;

	connect_opts_init(&o);
	CHECK(parse("{\"user\":\"u\",\"pass\":\"p4ssword\",\"sig\":\"s\"}", &o));
	pass = o.pass;
	connect_forget_secrets(&o);
	CHECK_INT(o.pass.n + o.sig.n, 0);
	CHECK_SLICE(o.user, SLICE("u"));
	CHECK(memcmp(pass.p, zeros, sizeof zeros) == 0);
	CHECK(parse("{\"name\":\"n\"}", &o));
	CHECK_SLICE(o.user, SLICE("u"));
	CHECK_INT(o.pass.n, 0);
	connect_opts_fini(&o);
	connect_opts_fini(&o);
}
