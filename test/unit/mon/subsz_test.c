/* test/unit/mon/subsz_test.c - pairs with src/mon/subsz.c. */
#include "base/buf.h"
#include "base/json.h"
#include "check.h"
#include "mon/query.h"
#include "mon/subsz.h"
#include "session/info.h"

static const char recorded[] =
	"{\n"
	"  \"server_id\": \"NABC\",\n"
	"  \"now\": \"2026-11-21T15:51:39.501494492Z\",\n"
	"  \"num_subscriptions\": 7,\n"
	"  \"num_cache\": 5,\n"
	"  \"num_inserts\": 9,\n"
	"  \"num_removes\": 2,\n"
	"  \"num_matches\": 6,\n"
	"  \"cache_hit_rate\": 0.16666666666666666,\n"
	"  \"max_fanout\": 1,\n"
	"  \"avg_fanout\": 0.8,\n"
	"  \"total\": 7,\n"
	"  \"offset\": 2,\n"
	"  \"limit\": 2,\n"
	"  \"subscriptions_list\": [\n"
	"    {\n"
	"      \"account\": \"$G\",\n"
	"      \"account_tag\": \"$G\",\n"
	"      \"subject\": \"s.2\",\n"
	"      \"sid\": \"2\",\n"
	"      \"msgs\": 2,\n"
	"      \"max\": 10,\n"
	"      \"cid\": 5\n"
	"    },\n"
	"    {\n"
	"      \"account\": \"$G\",\n"
	"      \"account_tag\": \"$G\",\n"
	"      \"subject\": \"s.3\",\n"
	"      \"sid\": \"3\",\n"
	"      \"msgs\": 3,\n"
	"      \"max\": 10,\n"
	"      \"cid\": 5\n"
	"    }\n"
	"  ]\n"
	"}";

static struct query q;

static bool read_options(const char *text, struct subsz_options *o,
    struct buf *error)
{
	query_parse(slice_str(text), &q);
	return subsz_options_read(&q, o, error);
}

static void add(struct sub_info_list *list, unsigned i)
{
	char subject[16], sid[16];

	snprintf(subject, sizeof subject, "s.%u", i);
	snprintf(sid, sizeof sid, "%u", i);
	sub_info_add(list, &(struct sub_info){ .account = SLICE("$G"),
	    .subject = slice_str(subject), .sid = slice_str(sid),
	    .n_msgs = i, .msgs_max = 10, .cid = 5 });
}

TEST(a_page_may_span_the_lists_of_several_workers)
{
	struct sub_info_list        one = { 0 }, two = { 0 };
	const struct sub_info_list *lists[] = { &one, &two };
	struct subsz_options        o;
	struct buf                  out = { 0 };

	CHECK(read_options("subs=1&offset=2&limit=2", &o, &out));
	CHECK_INT(subsz_wanted(&o), 4);
	for (unsigned i = 0; i < 7; i++)
		add(i < 3 ? &one : &two, i);
	subsz_write(&(struct subsz){ .server_id = SLICE("NABC"),
	    .now = INT64_C(1795276299501494492),
	    .stats = { 7, 5, 9, 2, 6, 1.0 / 6, 1, 0.8 }, .options = o,
	    .total = 7, .lists = lists, .n_lists = 2 },
	    JSON_INTO(&out, 2));
	CHECK_SLICE(buf_slice(&out), slice_str(recorded));
	buf_fini(&out);
	sub_info_list_fini(&one);
	sub_info_list_fini(&two);
}

TEST(unasked_there_is_no_list_and_no_total)
{
	struct subsz_options o;
	struct buf           out = { 0 };

	CHECK(read_options("", &o, &out));
	subsz_write(&(struct subsz){ .options = o, .total = 7 },
	    JSON_INTO(&out, 2));
	buf_put_char(&out, '\0');
	CHECK(strstr(out.p, "\"total\": 0,\n  \"offset\": 0,\n"
	    "  \"limit\": 1024\n}") != NULL, "%s", out.p);
	buf_fini(&out);
}

TEST(account_and_test_subject_select)
{
	struct subsz_options o;
	struct buf           error = { 0 };
	struct sub_info      sub = { .account = SLICE("$G"),
		.subject = SLICE("foo.*") };

	CHECK(read_options("subs=1&test=foo.x", &o, &error));
	CHECK(subsz_wants(&o, &sub));
	CHECK(read_options("subs=1&test=bar.x", &o, &error));
	CHECK(!subsz_wants(&o, &sub));
	CHECK(read_options("acc=$G", &o, &error));
	CHECK(subsz_wants(&o, &sub));
	CHECK(read_options("acc=A", &o, &error));
	CHECK(!subsz_wants(&o, &sub));
	CHECK(!read_options("test=foo.*", &o, &error));
	CHECK_SLICE(buf_slice(&error), SLICE("invalid test subject, must be "
	    "valid publish subject: foo.*"));
	buf_fini(&error);
}

TEST(the_largest_numbers_do_not_overflow)
{
	struct sub_info_list        one = { 0 };
	const struct sub_info_list *lists[] = { &one };
	struct subsz_options        o;
	struct buf                  out = { 0 };

	CHECK(read_options("subs=1&offset=9223372036854775807"
	    "&limit=9223372036854775807", &o, &out));
	CHECK(subsz_wanted(&o) == UINT64_MAX - 1);
	add(&one, 1);
	subsz_write(&(struct subsz){ .options = o, .total = 1, .lists = lists,
	    .n_lists = 1 }, JSON_INTO(&out, 2));
	buf_put_char(&out, '\0');
	CHECK(strstr(out.p, "subscriptions_list") == NULL);
	buf_fini(&out);
	sub_info_list_fini(&one);
}
