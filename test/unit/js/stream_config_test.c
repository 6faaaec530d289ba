/* stream_config_test.c - read, defaulted, checked and written; refused with the
 * number and the words of nats-server 2.15.
 */
#include "js/stream_config.h"

#include "base/buf.h"
#include "base/json.h"
#include "check.h"
#include "js/errors.h"

static struct js_error e;

/* NULL: e says why. */
static struct stream_config *make(const char *text, bool pedantic)
{
	static const struct stream_limits none = { 0 };
	struct stream_config *c = NULL;
	const char           *why;
	struct json          *doc = json_parse(slice_str(text), &why);

	e = (struct js_error){ 0 };
	CHECK(doc != NULL, "%s", text);
	if (stream_config_read(doc, true, NULL, &c, &e) &&
	    !stream_config_check(c, &none, pedantic, &e)) {
		stream_config_destroy(c);
		c = NULL;
	}
	json_free(doc);
	return js_failed(&e) ? NULL : c;
}

TEST(what_is_not_said_has_nats_servers_defaults)
{
	struct stream_config *c = make("{\"name\":\"ORDERS\",\"max_msgs\":0}",
	    false);
	struct buf            b = { 0 };

	CHECK(c != NULL, "%s", e.text);
	stream_config_write(c, false, JSON_INTO(&b, 0));
	CHECK_SLICE(buf_slice(&b), SLICE("{\"name\":\"ORDERS\",\"subjects\":"
	    "[\"ORDERS\"],\"retention\":\"limits\",\"max_consumers\":-1,"
	    "\"max_msgs\":-1,\"max_bytes\":-1,\"max_age\":0,"
	    "\"max_msgs_per_subject\":-1,\"max_msg_size\":-1,\"discard\":"
	    "\"old\",\"storage\":\"file\",\"num_replicas\":1,"
	    "\"duplicate_window\":120000000000,\"compression\":\"none\","
	    "\"allow_direct\":false,\"mirror_direct\":false,\"sealed\":false,"
	    "\"deny_delete\":false,\"deny_purge\":false,"
	    "\"allow_rollup_hdrs\":false,\"consumer_limits\":{},"
	    "\"allow_msg_ttl\":false,\"metadata\":{\"_nats.req.level\":"
	    "\"0\"}}"));
	buf_fini(&b);
	stream_config_destroy(c);
}

TEST(what_was_written_is_read_as_the_same)
{
	static const char *const t[] = {
		"{\"name\":\"A\",\"subjects\":[\"a.*\",\"b.>\"],\"metadata\":"
		"{\"x\":\"y\",\"_nats.level\":\"9\"},\"max_age\":100000000}",
		"{\"name\":\"A\",\"mirror\":{\"name\":\"B\",\"opt_start_time\":"
		"\"2026-01-02T03:04:05.6+01:00\"}}",
		"{\"name\":\"A\",\"sources\":[{\"name\":\"B\",\"external\":"
		"{\"api\":\"$JS.x.API\",\"deliver\":\"d\"},"
		"\"subject_transforms\":[{\"src\":\"a\",\"dest\":\"b\"}]}]}",
		"{\"name\":\"A\",\"republish\":{\"src\":\"A\",\"dest\":\"r.x\","
		"\"headers_only\":true},\"placement\":{\"tags\":[\"t\"]},"
		"\"discard\":\"NEW\",\"compression\":\"s2\"}",
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct stream_config *a = make(t[i], false), *b;
		struct buf            text = { 0 };

		CHECK(a != NULL, "%s: %s", t[i], e.text);
		stream_config_write(a, true, JSON_INTO(&text, 0));
		buf_put_char(&text, '\0');
		b = make(text.p, false);
		CHECK(b != NULL, "%s: %s", text.p, e.text);
		CHECK(stream_config_equal(a, b), "%s", text.p);
		buf_fini(&text);
		stream_config_destroy(a);
		stream_config_destroy(b);
	}
}

TEST(what_may_not_be_is_refused_by_number)
{
	static const struct { const char *text; int code; const char *says; } t[] = {
		{ "{}", 10052, "stream name is required" },
		{ "{\"name\":\"a.b\"}", 10052, "stream name is required" },
		{ "{\"name\":\"A\",\"nope\":1}", 10025, "unknown field \"nope\"" },
		{ "{\"name\":\"A\",\"max_msgs\":\"x\"}", 10025,
		  "cannot unmarshal string into Go struct field "
		  "StreamConfigRequest.max_msgs of type int64" },
		{ "{\"name\":\"A\",\"retention\":\"x\"}", 10025,
		  "can not unmarshal \"\\\"x\\\"\"" },
		{ "{\"name\":\"A\",\"num_replicas\":-1}", 10133, "negative" },
		{ "{\"name\":\"A\",\"num_replicas\":6}", 10052,
		  "maximum replicas is 5" },
		{ "{\"name\":\"A\",\"max_age\":5}", 10052, "max age needs" },
		{ "{\"name\":\"A\",\"duplicate_window\":-1}", 10052,
		  "duplicates window can not be negative" },
		{ "{\"name\":\"A\",\"max_age\":100000000,\"duplicate_window\":"
		  "200000000}", 10052, "larger then max age" },
		{ "{\"name\":\"A\",\"deny_purge\":true,\"allow_rollup_hdrs\":"
		  "true}", 10052, "roll-ups require" },
		{ "{\"name\":\"A\",\"subjects\":[\"a..b\"]}", 10052,
		  "invalid subject" },
		{ "{\"name\":\"A\",\"subjects\":[\"a\",\"a\"]}", 10052,
		  "overlaps with" },
		{ "{\"name\":\"A\",\"subjects\":[\"a.*\",\"a.b\"]}", 10052,
		  "subject \"a.*\" overlaps with \"a.b\"" },
		{ "{\"name\":\"A\",\"subjects\":[\">\"]}", 10052,
		  "capturing all subjects" },
		{ "{\"name\":\"A\",\"subjects\":[\"$JS.API.>\"]}", 10052,
		  "jetstream api" },
		{ "{\"name\":\"A\",\"mirror\":{\"name\":\"B\"},\"subjects\":"
		  "[\"a\"]}", 10034, "can not contain subjects" },
		{ "{\"name\":\"A\",\"sources\":[{\"name\":\"B\"},{\"name\":"
		  "\"B\"}]}", 10140, "duplicate source" },
		{ "{\"name\":\"A\",\"subject_transform\":{\"src\":\"a.*\","
		  "\"dest\":\"b.$2\"}}", 10156, "stream transform" },
		{ "{\"name\":\"A\",\"republish\":{\"src\":\"A\",\"dest\":"
		  "\"A\"}}", 10052, "forms a cycle" },
		{ "{\"name\":\"A\",\"discard_new_per_subject\":true}", 10052,
		  "requires discard new policy" },
		{ "{\"name\":\"A\",\"subject_delete_marker_ttl\":5}", 10052,
		  "at least 1 second" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK(make(t[i].text, false) == NULL, "%s", t[i].text);
		CHECK_INT(e.err_code, t[i].code, "%s: %s", t[i].text, e.text);
		CHECK(strstr(e.text, t[i].says) != NULL, "%s: %s", t[i].text,
		    e.text);
	}
	CHECK(make("{\"name\":\"A\",\"max_msgs\":-7}", true) == NULL);
	CHECK_INT(e.err_code, 10157);
}

TEST(some_things_cannot_be_changed)
{
	static const struct { const char *from, *to; int code; } t[] = {
		{ "{\"name\":\"A\"}", "{\"name\":\"A\",\"max_msgs\":5}", 0 },
		{ "{\"name\":\"A\"}", "{\"name\":\"B\"}", 10052 },
		{ "{\"name\":\"A\"}", "{\"name\":\"A\",\"storage\":\"memory\"}",
		  10052 },
		{ "{\"name\":\"A\"}", "{\"name\":\"A\",\"retention\":"
		  "\"workqueue\"}", 10052 },
		{ "{\"name\":\"A\"}", "{\"name\":\"A\",\"retention\":"
		  "\"interest\"}", 0 },
		{ "{\"name\":\"A\",\"deny_delete\":true}", "{\"name\":\"A\"}",
		  10052 },
		{ "{\"name\":\"A\",\"mirror\":{\"name\":\"M\"}}",
		  "{\"name\":\"A\",\"mirror\":{\"name\":\"N\"}}", 10055 },
		{ "{\"name\":\"A\",\"mirror\":{\"name\":\"M\"}}",
		  "{\"name\":\"A\"}", 0 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct stream_config *a = make(t[i].from, false);
		struct stream_config *b = make(t[i].to, false);

		CHECK(a != NULL && b != NULL, "%s: %s", t[i].to, e.text);
		CHECK(stream_config_check_update(a, b, &e) ==
		    (t[i].code == 0), "%s: %s", t[i].to, e.text);
		CHECK_INT(e.err_code, t[i].code, "%s", t[i].to);
		stream_config_destroy(a);
		stream_config_destroy(b);
	}
}

TEST(a_sealed_one_keeps_what_it_has)
{
	struct stream_config *a = make("{\"name\":\"A\",\"max_age\":1000000000}",
	    false);
	struct stream_config *b = make("{\"name\":\"A\",\"max_age\":1000000000,"
	    "\"sealed\":true}", false);

	CHECK(stream_config_check_update(a, b, &e));
	CHECK(b->max_age_ns == 0 && b->discard == DISCARD_NEW &&
	    b->deny_delete && b->deny_purge && !b->allow_rollup);
	stream_config_destroy(a);
	stream_config_destroy(b);
}
