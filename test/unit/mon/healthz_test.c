/* test/unit/mon/healthz_test.c - pairs with src/mon/healthz.c. */
#include "base/buf.h"
#include "base/json.h"
#include "check.h"
#include "mon/healthz.h"
#include "mon/query.h"

#define NO_ACCOUNT "\\\"account\\\" must not be empty when checking " \
	"stream health"
#define NO_STREAM  "\\\"stream\\\" must not be empty when checking " \
	"consumer health"

TEST(health_is_told_as_nats_server_does)
{
	static const struct {
		const char *query;
		bool        is_ready;
		unsigned    status;
		const char *text;
	} t[] = {
		{ "", true, 200, "{\"status\":\"ok\"}" },
		{ "details=true", true, 200, "{\"status\":\"ok\"}" },
		{ "js-server-only=1", true, 200, "{\"status\":\"ok\"}" },
		{ "account=x&stream=y", true, 200, "{\"status\":\"ok\"}" },
		{ "stream=x", true, 400, "{\"status\":\"error\",\"error\":\""
		  NO_ACCOUNT "\"}" },
		{ "consumer=x", true, 400, "{\"status\":\"error\","
		  "\"error\":\"" NO_STREAM "\"}" },
		{ "stream=x&details=1", true, 400, "{\"status\":\"error\","
		  "\"errors\":[{\"type\":\"BAD_REQUEST\",\"error\":\""
		  NO_ACCOUNT "\"}]}" },
		{ "", false, 500, "{\"status\":\"error\",\"error\":"
		  "\"failed to be ready for connections\"}" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		static struct query    q;
		struct healthz_options o;
		struct buf             out = { 0 };

		query_parse(slice_str(t[i].query), &q);
		CHECK(healthz_options_read(&q, &o, &out), "%s", t[i].query);
		CHECK_INT(healthz_write(&o, t[i].is_ready, false,
		    JSON_INTO(&out, 0)), t[i].status);
		CHECK_SLICE(buf_slice(&out), slice_str(t[i].text));
		buf_fini(&out);
	}
}

TEST(flags_that_change_nothing_are_checked)
{
	static const char *const flags[] = { "js-enabled", "js-enabled-only",
		"js-server-only", "js-meta-only", "details" };

	for (size_t i = 0; i < N_OF(flags); i++) {
		static struct query    q;
		struct healthz_options o;
		struct buf             error = { 0 }, want = { 0 };
		char                   text[64];

		snprintf(text, sizeof text, "%s=x", flags[i]);
		query_parse(slice_str(text), &q);
		CHECK(!healthz_options_read(&q, &o, &error), "%s", text);
		buf_printf(&want, "Error decoding boolean for '%s': "
		    "strconv.ParseBool: parsing \"x\": invalid syntax",
		    flags[i]);
		CHECK_SLICE(buf_slice(&error), buf_slice(&want));
		buf_fini(&error);
		buf_fini(&want);
	}
}
