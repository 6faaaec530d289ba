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
		struct healthz_verdict v;
		struct buf             out = { 0 };

		query_parse(slice_str(t[i].query), &q);
		CHECK(healthz_options_read(&q, &o, &out), "%s", t[i].query);
		if (!healthz_is_wrong(&o, t[i].is_ready, &v))
			v = healthz_ok;
		CHECK_INT(v.status, t[i].status);
		healthz_write(&o, &v, false, JSON_INTO(&out, 0));
		CHECK_SLICE(buf_slice(&out), slice_str(t[i].text));
		buf_fini(&out);
	}
}

TEST(what_jetstream_says_is_told_once_or_in_full)
{
	static const struct healthz_verdict gone = { 404, "unavailable",
		{ "gone", 4 }, { "{\"a\":1},{\"b\":2}", 15 } };
	static const struct {
		bool                          details, tells_status;
		const struct healthz_verdict *v;
		const char                   *text;
	} t[] = {
		{ false, false, &healthz_no_jetstream,
		  "{\"status\":\"unavailable\",\"error\":"
		  "\"JetStream not enabled (10076)\"}" },
		{ true, false, &healthz_no_jetstream,
		  "{\"status\":\"error\",\"errors\":[{\"type\":\"JETSTREAM\","
		  "\"error\":\"JetStream not enabled (10076)\"}]}" },
		{ false, true, &healthz_no_jetstream,
		  "{\"status\":\"unavailable\",\"status_code\":503,"
		  "\"error\":\"JetStream not enabled (10076)\"}" },
		{ false, false, &gone,
		  "{\"status\":\"unavailable\",\"error\":\"gone\"}" },
		{ true, true, &healthz_ok,
		  "{\"status\":\"ok\",\"status_code\":200}" },
		{ true, false, &gone,
		  "{\"status\":\"error\",\"errors\":[{\"a\":1},{\"b\":2}]}" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct healthz_options o = { .details = t[i].details };
		struct buf             out = { 0 };

		healthz_write(&o, t[i].v, t[i].tells_status,
		    JSON_INTO(&out, 0));
		CHECK_SLICE(buf_slice(&out), slice_str(t[i].text));
		buf_fini(&out);
	}
}

TEST(options_of_jetstream_are_read)
{
	static struct query    q;
	struct healthz_options o;
	struct buf             error = { 0 };

	query_parse(SLICE("js-enabled=1&js-server-only=1&account=a"), &q);
	CHECK(healthz_options_read(&q, &o, &error));
	CHECK(o.enabled && o.server_only && !o.enabled_only && !o.meta_only);
	query_parse(SLICE("js-enabled-only=1&js-meta-only=1&details=1"), &q);
	CHECK(healthz_options_read(&q, &o, &error));
	CHECK(!o.enabled && !o.server_only && o.enabled_only && o.meta_only);
	CHECK(o.details);
}

TEST(flags_are_checked)
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
