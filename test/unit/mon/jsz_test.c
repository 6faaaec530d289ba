/* test/unit/mon/jsz_test.c - pairs with src/mon/jsz.c. */
#include "base/buf.h"
#include "base/json.h"
#include "check.h"
#include "js/report.h"
#include "mon/jsz.h"
#include "mon/query.h"

static const char recorded[] =
	"{\n"
	"  \"memory\": 0,\n"
	"  \"storage\": 0,\n"
	"  \"reserved_memory\": 0,\n"
	"  \"reserved_storage\": 0,\n"
	"  \"accounts\": 0,\n"
	"  \"ha_assets\": 0,\n"
	"  \"api\": {\n"
	"    \"level\": 0,\n"
	"    \"total\": 0,\n"
	"    \"errors\": 0\n"
	"  },\n"
	"  \"server_id\": \"NABC\",\n"
	"  \"now\": \"2026-11-21T15:51:04.057473452Z\",\n"
	"  \"disabled\": true,\n"
	"  \"config\": {\n"
	"    \"max_memory\": 0,\n"
	"    \"max_storage\": 0\n"
	"  },\n"
	"  \"streams\": 0,\n"
	"  \"consumers\": 0,\n"
	"  \"messages\": 0,\n"
	"  \"bytes\": 0,\n"
	"  \"total\": 0\n"
	"}";

TEST(jetstream_is_told_to_be_disabled)
{
	struct buf out = { 0 };

	jsz_write_disabled(SLICE("NABC"), INT64_C(1795276264057473452),
	    JSON_INTO(&out, 2));
	CHECK_SLICE(buf_slice(&out), slice_str(recorded));
	buf_fini(&out);
}

TEST(its_options_are_read)
{
	static struct query   q;
	struct report_options o;
	struct buf            error = { 0 };

	query_parse(SLICE("accounts=1&streams=true&consumers=t&"
	    "direct-consumers=1&config=1&leader-only=1&raft=1&"
	    "stream-leader-only=1&limit=7&offset=-2&acc=ZZ"), &q);
	CHECK(jsz_options_read(&q, &o, &error));
	CHECK_SLICE(o.account, SLICE("ZZ"));
	CHECK(o.lists_accounts && o.lists_streams && o.lists_consumers);
	CHECK(o.lists_direct && o.shows_config && o.shows_raft);
	CHECK(o.leader_only && o.stream_leader_only);
	CHECK_INT(o.limit, 7);
	CHECK_INT(o.offset, -2);
	query_parse(SLICE(""), &q);
	CHECK(jsz_options_read(&q, &o, &error));
	CHECK(!o.lists_accounts && o.account.n == 0 && o.limit == 0);
}

TEST(what_is_no_option_is_refused)
{
	static const char *const wrong[] = { "accounts=x", "streams=x",
		"consumers=x", "direct-consumers=x", "config=x",
		"leader-only=x", "raft=x", "stream-leader-only=x", "offset=x",
		"limit=x" };
	static struct query   q;
	struct report_options o;
	struct buf            error = { 0 };

	for (size_t i = 0; i < N_OF(wrong); i++) {
		buf_reset(&error);
		query_parse(slice_str(wrong[i]), &q);
		CHECK(!jsz_options_read(&q, &o, &error), "%s", wrong[i]);
		CHECK(slice_has_prefix(buf_slice(&error),
		    SLICE("Error decoding ")));
	}
	buf_fini(&error);
}
