/* jwt_validate_test.c - each issue once, with the words an operator knows. */
#include "auth/jwt.h"

#include "base/clock.h"
#include "tokens.h"

static struct who op, acc, user, other, server;

__attribute__((constructor)) static void make_people(void)
{
	op = who(NKEY_OPERATOR, 1);
	acc = who(NKEY_ACCOUNT, 2);
	user = who(NKEY_USER, 3);
	other = who(NKEY_ACCOUNT, 4);
	server = who(NKEY_SERVER, 5);
}

static void collect(void *ctx, const struct jwt_issue *issue)
{
	struct buf *b = ctx;

	if (b->n > 0)
		buf_put_char(b, '|');
	buf_put_str(b, issue->is_time_check ? "T:" : issue->is_blocking ? "" : "W:");
	buf_put_slice(b, issue->description);
}

/* All issues, joined with "|". */
static const char *issues_at(const char *token, int64_t now_ns)
{
	struct jwt *t = decoded(token);
	struct buf  b = { 0 };
	bool        ok = jwt_validate(t, now_ns, collect, &b);

	CHECK_INT(ok, jwt_validate(t, now_ns, NULL, NULL));
	buf_put_char(&b, '\0');
	CHECK_INT(ok, b.p[0] == '\0' || (strncmp(b.p, "W:", 2) == 0 &&
	    strchr(b.p, '|') == NULL));
	jwt_unref(t);
	return token_keep(&b);
}

static const char *account_issues(const char *nats)
{
	return issues_at(token(&op, &acc, text_of("{\"type\":\"account\",\"version\":2,"
	    "\"limits\":{\"imports\":-1,\"exports\":-1,\"wildcards\":true}%s%s}",
	    *nats != '\0' ? "," : "", nats)), TOKEN_NOW_NS);
}

TEST(accounts_are_told_what_is_wrong)
{
#define IMPORT(rest) "\"imports\":[{\"subject\":\"a.*\",\"account\":\"@\"," rest "}]"
#define EXPORT(rest) "\"exports\":[{\"subject\":\"a.*\"," rest "}]"
	static const struct { const char *nats, *want; } t[] = {
		{ "", "" },
		{ IMPORT("\"type\":\"stream\""), "" },
		{ IMPORT("\"name\":\"n\""), "invalid import type: \"unknown\"" },
		{ IMPORT("\"type\":\"stream\",\"to\":\"p\""),
		  "W:the field to has been deprecated (use LocalSubject instead)" },
		{ IMPORT("\"type\":\"service\",\"allow_trace\":true"),
		  "AllowTrace only valid for stream import" },
		{ IMPORT("\"type\":\"stream\",\"share\":true"),
		  "sharing information (for latency tracking) is only valid for services: \"a.*\"" },
		{ IMPORT("\"type\":\"stream\",\"local_subject\":\"x.$1\""), "" },
		{ IMPORT("\"type\":\"stream\",\"local_subject\":\"x.$2\""),
		  "Reference \"$2\" in \"x.$2\" reference * that do not exist|"
		  "subject does not contain enough * or reference wildcards $[0-9]" },
		{ IMPORT("\"type\":\"stream\",\"local_subject\":\"x\""),
		  "subject does not contain enough * or reference wildcards $[0-9]" },
		{ IMPORT("\"type\":\"stream\",\"local_subject\":\"$1.>\""),
		  "both, renaming subject and subject, need to end or not end in >" },
		{ IMPORT("\"type\":\"stream\",\"token\":\"eyJ\""),
		  "import \"a.*\" contains an invalid activation token" },
		{ "\"imports\":[{\"type\":\"stream\",\"subject\":\"s\"}]",
		  "account to import from is not specified" },
		{ "\"imports\":[{\"type\":\"stream\",\"account\":\"@\"}]", "subject cannot be empty" },
		{ "\"imports\":[{\"type\":\"service\",\"account\":\"@\",\"subject\":\"a.*\","
		  "\"local_subject\":\"x.$1\"},{\"type\":\"service\",\"account\":\"@\",\"subject\":"
		  "\"b\",\"local_subject\":\"x.b\"}]",
		  "overlapping subject namespace for \"x.b\" and \"x.*\"" },
		{ EXPORT("\"type\":\"service\",\"response_type\":\"Stream\""), "" },
		{ EXPORT("\"name\":\"n\""), "invalid export type: \"unknown\"" },
		{ EXPORT("\"type\":\"stream\",\"response_type\":\"Stream\""),
		  "invalid response type for stream" },
		{ EXPORT("\"type\":\"stream\",\"allow_trace\":true"),
		  "AllowTrace only valid for service export" },
		{ EXPORT("\"type\":\"service\",\"service_latency\":{\"sampling\":101,\"results\":\"r.>\"}"),
		  "sampling percentage needs to be between 1-100|"
		  "results subject can not contain wildcards" },
		{ EXPORT("\"type\":\"stream\",\"service_latency\":{\"sampling\":1,\"results\":\"r\"}"),
		  "latency tracking only permitted for services" },
		{ EXPORT("\"type\":\"service\",\"response_threshold\":-1"),
		  "negative response threshold is invalid" },
		{ EXPORT("\"type\":\"stream\",\"response_threshold\":1"),
		  "response threshold only valid for services" },
		{ EXPORT("\"type\":\"service\",\"account_token_position\":2"), "" },
		{ EXPORT("\"type\":\"service\",\"account_token_position\":1"),
		  "Account Token Position matches \"a\" but must match a * in: \"a.*\"" },
		{ EXPORT("\"type\":\"service\",\"account_token_position\":3"),
		  "Account Token Position exceeds length of subject \"a.*\"" },
		{ EXPORT("\"type\":\"service\",\"info_url\":\"nowhere\""),
		  "error parsing info url: no hostname or scheme" },
		{ EXPORT("\"type\":\"service\",\"info_url\":\"https://host/x\""), "" },
		{ "\"exports\":[{\"type\":\"stream\",\"subject\":\"a.>\"},{\"type\":\"stream\","
		  "\"subject\":\"a.b\"},{\"type\":\"service\",\"subject\":\"a.c\"}]",
		  "stream export subject \"a.>\" already exports \"a.b\"" },
		{ "\"exports\":[{\"type\":\"stream\",\"subject\":\".a..b\"}]",
		  "subject \".a..b\" cannot start or end with a `.`|"
		  "subject \".a..b\" cannot contain consecutive `.`" },
		{ "\"default_permissions\":{\"pub\":{\"allow\":[\"a q\"]},\"sub\":{\"deny\":[\"a b c\"]}}",
		  "Permission Subject \"a b c\" contains too many spaces|"
		  "Permission Subject \"a q\" is not allowed to contain queue" },
		{ "\"mappings\":{\"a\":[{\"subject\":\"b\",\"weight\":60},{\"subject\":\"c\",\"weight\":60}]}",
		  "Mapping \"a\" exceeds 100% among all of it's weighted to mappings" },
		{ "\"mappings\":{\"a\":[{\"subject\":\"b\",\"weight\":200},{\"subject\":\"c\"}]}",
		  "Mapping \"a\" exceeds 100% among all of it's weighted to mappings" },
		{ "\"mappings\":{\"a\":[{\"subject\":\"b\",\"weight\":60,\"cluster\":\"k\"},"
		  "{\"subject\":\"c\",\"weight\":60,\"cluster\":\"k\"}]}",
		  "Mapping \"a\" in cluster \"k\" exceeds 100% among all of it's weighted to mappings" },
		{ "\"authorization\":{\"allowed_accounts\":[\"*\"]}",
		  "External authorization cannot have accounts without users specified" },
		{ "\"trace\":{\"dest\":\"a.*\",\"sampling\":101}",
		  "the account Trace.Destination subject \"a.*\" is not a valid publish subject|"
		  "the account Trace.Sampling value is not valid, should be in the range [1..100]" },
		{ "\"cluster_traffic\":\"mine\"", "unknown cluster traffic option: \"mine\"" },
		{ "\"limits\":{\"imports\":0,\"exports\":-1},\"imports\":[{\"subject\":\"a\","
		  "\"account\":\"@\",\"type\":\"stream\"}]",
		  "the account contains more imports than allowed by the operator" },
		{ "\"limits\":{\"imports\":-1,\"exports\":1},\"exports\":[{\"subject\":\"*\","
		  "\"type\":\"stream\"}]",
		  "the account contains wildcard exports that are not allowed by the operator" },
		{ "\"limits\":{\"imports\":-1,\"exports\":-1,\"tiered_limits\":{\"\":{}}}",
		  "Tiered JetStream Limits can not contain a blank \"\" tier name" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct buf  b = { 0 };
		const char *got;

		for (const char *p = t[i].nats; *p != '\0'; p++)
			if (*p == '@')
				buf_put_str(&b, other.key.text);
			else
				buf_put_char(&b, *p);
		buf_put_str(&b, "");
		got = account_issues(b.n == 0 ? "" : token_keep(&b));
		CHECK_STR(got, t[i].want, "%s", t[i].nats);
	}
}

TEST(an_account_that_signs_itself_is_warned)
{
	CHECK_STR(issues_at(token(&acc, &acc, "{\"type\":\"account\",\"version\":2}"), TOKEN_NOW_NS),
	    "");
	CHECK_STR(issues_at(token(&acc, &acc, "{\"type\":\"account\",\"version\":2,"
	    "\"limits\":{\"imports\":-1,\"exports\":-1}}"), TOKEN_NOW_NS),
	    "W:self-signed account JWTs shouldn't contain operator limits");
}

TEST(users_are_told_what_is_wrong)
{
	static const struct { const char *nats, *want; } t[] = {
		{ "\"src\":[\"10.0.0.0/8\"],\"times\":[{\"start\":\"08:00:00\",\"end\":\"09:00:00\"}]", "" },
		{ "\"src\":[\"10.0.0.0\"]", "invalid cidr \"10.0.0.0\" in user src limits" },
		{ "\"times\":[{\"start\":\"25:00:00\"}]",
		  "start in time range is invalid \"25:00:00\"|time ranges end must contain an end" },
		{ "\"times_location\":\"Nowhere/At_All\"",
		  "could not parse iana time zone by name: unknown time zone \"Nowhere/At_All\"" },
		{ "\"pub\":{\"allow\":[\"\"]}", "subject cannot be empty" },
		{ "\"pub\":{\"deny\":[\"a.>.b\"]}", "subject \"a.>.b\" is not valid" },
		{ "\"sub\":{\"allow\":[\"a q\"]}", "" },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_STR(issues_at(token(&acc, &user, text_of("{\"type\":\"user\",\"version\":2,%s}",
		    t[i].nats)), TOKEN_NOW_NS), t[i].want, "%s", t[i].nats);
}

TEST(operators_are_told_what_is_wrong)
{
	static const struct { const char *nats, *want; } t[] = {
		{ "\"account_server_url\":\"http://host/jwt/v1\",\"assert_server_version\":\"2.10.0\","
		  "\"operator_service_urls\":[\"nats://host:4222\",\"\",\"TLS://h\"]", "" },
		{ "\"account_server_url\":\"host\"", "account server url \"host\" requires a protocol" },
		{ "\"operator_service_urls\":[\"http://host\"]",
		  "operator service url \"http://host\" - protocol not supported (only 'nats', 'tls',"
		  " 'ws', 'wss' only)" },
		{ "\"operator_service_urls\":[\"nats://u:p@host/x\"]",
		  "operator service url \"nats://u:p@host/x\" - credentials are not supported|"
		  "operator service url \"nats://u:p@host/x\" - paths are not supported" },
		{ "\"assert_server_version\":\"2.10\"", "assert server version error: asserted server"
		  " version must be of the form <major>.<minor>.<update>" },
		{ "\"assert_server_version\":\"2.-1.0\"", "assert server version error: asserted server"
		  " version must be of the form <major>.<minor>.<update>" },
		{ "\"assert_server_version\":\"2.1.0.\"", "assert server version error: asserted server"
		  " version must be of the form <major>.<minor>.<update>" },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_STR(issues_at(token(&op, &op, text_of("{\"type\":\"operator\",\"version\":2,%s}",
		    t[i].nats)), TOKEN_NOW_NS), t[i].want, "%s", t[i].nats);
}

TEST(the_rest_is_told_what_is_wrong)
{
	CHECK_STR(issues_at(token(&acc, &other, "{\"type\":\"activation\",\"version\":2}"),
	    TOKEN_NOW_NS), "invalid import type: \"unknown\"|subject cannot be empty");
	CHECK_STR(issues_at(token(&server, &acc, "{\"type\":\"authorization_request\","
	    "\"version\":2}"), TOKEN_NOW_NS), "User nkey is required");
	CHECK_STR(issues_at(token(&acc, &user, "{\"type\":\"authorization_response\","
	    "\"version\":2}"), TOKEN_NOW_NS),
	    "Audience must be a server public key|Error or Jwt is required");
	CHECK_STR(issues_at(token(&acc, &user, "{\"type\":\"authorization_response\","
	    "\"version\":2,\"jwt\":\"a\",\"error\":\"b\"}"), TOKEN_NOW_NS),
	    "Audience must be a server public key|Only Error or Jwt can be set");
	CHECK_STR(issues_at(token(&op, &op, "{}"), TOKEN_NOW_NS), "");
}

TEST(time_is_an_issue_of_its_own)
{
	struct jwt_head h = { .subject = nkey_text(&user.key), .issued_s = 1, .expires_s = 100,
		.not_before_s = 50 };
	const char     *t = token_with(&acc, &h, "{\"type\":\"user\",\"version\":2}");

	CHECK_STR(issues_at(t, 49 * NS_PER_S), "T:claim is not yet valid");
	CHECK_STR(issues_at(t, 50 * NS_PER_S), "");
	CHECK_STR(issues_at(t, 100 * NS_PER_S), "T:claim is expired");
}
