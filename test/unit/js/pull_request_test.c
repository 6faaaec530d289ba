/* pull_request_test.c - the short way and the long way read the same. */
#include "js/pull_request.h"

#include "base/buf.h"
#include "check.h"

static struct pull_request r;
static struct buf          why;

static bool read(const char *text)
{
	pull_request_fini(&r);
	r = (struct pull_request){ 0 };
	buf_reset(&why);
	return pull_request_read(slice_str(text), &r, &why);
}

TEST(nothing_a_number_and_other_text)
{
	static const struct { const char *text; int64_t batch; } t[] = {
		{ "", 1 }, { "5", 5 }, { "-5", 1 }, { "0", 1 }, { "five", 1 },
		{ "99999999999999999999", 1 }, { "{}", 1 }, { " { } ", 1 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK(read(t[i].text), "%s", t[i].text);
		CHECK_INT(r.batch, t[i].batch, "%s", t[i].text);
	}
}

TEST(all_that_is_asked_for_is_read)
{
	CHECK(read("{\"batch\":10, \"expires\": 5000000000,\"max_bytes\":7,"
	    "\"idle_heartbeat\":3,\"no_wait\":true}"));
	CHECK(r.doc == NULL, "the short way");
	CHECK(r.batch == 10 && r.expires_ns == 5000000000 && r.max_bytes == 7 &&
	    r.heartbeat_ns == 3 && r.no_wait);
	CHECK(read("{\"batch\":2,\"group\":\"jobs\",\"id\":\"x\\u0041\","
	    "\"min_pending\":4,\"min_ack_pending\":5,\"priority\":9,"
	    "\"unknown\":[{}]}"));
	CHECK(r.doc != NULL, "the long way");
	CHECK_SLICE(r.group, SLICE("jobs"));
	CHECK_SLICE(r.id, SLICE("xA"));
	CHECK(r.batch == 2 && r.min_pending == 4 && r.min_ack_pending == 5 &&
	    r.priority == 9);
}

TEST(what_is_no_request_is_told)
{
	static const char *const t[] = { "{", "{\"batch\":\"x\"}",
		"{\"batch\":1.5}", "{\"batch\":05}", "{\"batch\":+5}",
		"{\"batch\":1}x", "{\"batch\" 1}" };

	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK(!read(t[i]), "%s", t[i]);
		CHECK(why.n > 0, "%s", t[i]);
	}
	pull_request_fini(&r);
	buf_fini(&why);
}
