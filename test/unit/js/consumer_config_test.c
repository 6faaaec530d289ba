/* consumer_config_test.c - read, defaulted, checked and written; refused with the
 * number of nats-server 2.15.
 */
#include "js/consumer_config.h"

#include "base/buf.h"
#include "base/json.h"
#include "check.h"
#include "js/errors.h"
#include "js/stream_config.h"

static struct js_error        e;
static struct consumer_limits limits;
static struct slice           subjects[] = { { "a.>", 3 } };
static struct stream_config   stream = { .name = { "S", 1 },
	.subjects = subjects, .n_subjects = 1, .n_replicas = 1 };

static struct consumer_config *make(const char *text, bool pedantic)
{
	struct consumer_config *c = NULL;
	const char             *why;
	struct json            *doc = json_parse(slice_str(text), &why);

	e = (struct js_error){ 0 };
	CHECK(doc != NULL, "%s", text);
	if (consumer_config_read(doc, true, &c, &e) &&
	    !consumer_config_check(c, &stream, &limits, pedantic, &e)) {
		consumer_config_destroy(c);
		c = NULL;
	}
	json_free(doc);
	return js_failed(&e) ? NULL : c;
}

TEST(what_is_not_said_has_nats_servers_defaults)
{
	struct consumer_config *c = make("{\"durable_name\":\"C\","
	    "\"ack_policy\":\"explicit\"}", false);
	struct buf              b = { 0 };

	CHECK(c != NULL, "%s", e.text);
	consumer_config_write(c, false, JSON_INTO(&b, 0));
	CHECK_SLICE(buf_slice(&b), SLICE("{\"durable_name\":\"C\",\"deliver_policy\":"
	    "\"all\",\"ack_policy\":\"explicit\",\"ack_wait\":30000000000,"
	    "\"max_deliver\":-1,\"replay_policy\":\"instant\",\"max_waiting\":"
	    "512,\"max_ack_pending\":1000,\"num_replicas\":0,\"metadata\":"
	    "{\"_nats.req.level\":\"0\"}}"));
	buf_fini(&b);
	consumer_config_destroy(c);
}

TEST(what_was_written_is_read_as_the_same)
{
	static const char *const t[] = {
		"{\"name\":\"C\",\"filter_subject\":\"a.b\",\"backoff\":"
		"[1000000,2000000],\"ack_policy\":\"all\"}",
		"{\"name\":\"C\",\"filter_subjects\":[\"a.b\",\"a.c\"],"
		"\"metadata\":{\"k\":\"v\"}}",
		"{\"deliver_subject\":\"d\",\"idle_heartbeat\":1000000000,"
		"\"flow_control\":true,\"deliver_policy\":\"by_start_time\","
		"\"opt_start_time\":\"2026-01-02T03:04:05Z\"}",
		"{\"name\":\"C\",\"priority_policy\":\"pinned_client\","
		"\"priority_groups\":[\"jobs\"]}",
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct consumer_config *a = make(t[i], false), *b;
		struct buf              text = { 0 };

		CHECK(a != NULL, "%s: %s", t[i], e.text);
		consumer_config_write(a, true, JSON_INTO(&text, 0));
		buf_put_char(&text, '\0');
		b = make(text.p, false);
		CHECK(b != NULL, "%s: %s", text.p, e.text);
		CHECK(consumer_config_equal(a, b), "%s", text.p);
		buf_fini(&text);
		consumer_config_destroy(a);
		consumer_config_destroy(b);
	}
}

TEST(what_may_not_be_is_refused_by_number)
{
	static const struct { const char *text; int code; } t[] = {
		{ "{\"nope\":1}", 10025 },
		{ "{\"ack_policy\":\"x\"}", 10025 },
		{ "{\"name\":\"a.b\"}", 10052 },
		{ "{\"num_replicas\":3}", 10126 },
		{ "{\"ack_wait\":-1}", 10183 },
		{ "{\"backoff\":[-1]}", 10184 },
		{ "{\"backoff\":[1,2,3],\"max_deliver\":2}", 10116 },
		{ "{\"deliver_subject\":\"d.*\"}", 10079 },
		{ "{\"deliver_subject\":\"a.b\"}", 10081 },
		{ "{\"deliver_subject\":\"d\",\"max_waiting\":5}", 10080 },
		{ "{\"deliver_subject\":\"d\",\"max_ack_pending\":5}", 10082 },
		{ "{\"deliver_subject\":\"d\",\"idle_heartbeat\":5}", 10083 },
		{ "{\"deliver_subject\":\"d\",\"flow_control\":true}", 10108 },
		{ "{\"rate_limit_bps\":5}", 10086 },
		{ "{\"idle_heartbeat\":1000000000}", 10088 },
		{ "{\"flow_control\":true}", 10089 },
		{ "{\"max_expires\":5}", 10115 },
		{ "{\"direct\":true}", 10090 },
		{ "{\"filter_subject\":\"a\",\"filter_subjects\":[\"b\"]}", 10136 },
		{ "{\"filter_subjects\":[\"\"]}", 10139 },
		{ "{\"filter_subjects\":[\"a.*\",\"a.b\"]}", 10138 },
		{ "{\"filter_subject\":\"a..b\"}", 10052 },
		{ "{\"opt_start_seq\":5}", 10094 },
		{ "{\"deliver_policy\":\"by_start_sequence\"}", 10094 },
		{ "{\"deliver_policy\":\"last_per_subject\"}", 10094 },
		{ "{\"sample_freq\":\"x%\"}", 10095 },
		{ "{\"durable_name\":\"a\",\"name\":\"b\"}", 10132 },
		{ "{\"ack_policy\":\"flow_control\"}", 10218 },
		{ "{\"priority_policy\":\"overflow\"}", 10159 },
		{ "{\"priority_groups\":[\"a\"]}", 10196 },
		{ "{\"priority_policy\":\"overflow\",\"priority_groups\":[\"\"]}",
		  10161 },
		{ "{\"priority_policy\":\"overflow\",\"priority_groups\":"
		  "[\"a b\"]}", 10162 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK(make(t[i].text, false) == NULL, "%s", t[i].text);
		CHECK_INT(e.err_code, t[i].code, "%s: %s", t[i].text, e.text);
	}
}

static void refused(const char *text, bool pedantic, int code, const char *why)
{
	CHECK(make(text, pedantic) == NULL, "%s", text);
	CHECK_INT(e.err_code, code, "%s: %s", text, e.text);
	CHECK(strstr(e.text, why) != NULL, "%s: %s", text, e.text);
}

TEST(who_is_pedantic_is_told_what_would_be_mended)
{
	refused("{\"max_deliver\":-7}", true, 10157, "max_deliver");
	refused("{\"backoff\":[5]}", true, 10157, "first backoff value");
	limits.max_request_batch = 10;
	refused("{\"name\":\"C\"}", true, 10157, "max_request_batch");
	limits.max_request_batch = 0;
	stream.limit_ack_pending = 50;
	refused("{\"name\":\"C\"}", true, 10157, "max_ack_pending");
	stream.limit_ack_pending = 0;
}

TEST(some_texts_are_held_word_by_word)
{
	refused("{\"deliver_policy\":\"by_start_time\",\"opt_start_seq\":5,"
	    "\"opt_start_time\":\"2026-01-02T03:04:05Z\"}", false, 10094,
	    "optional start start sequence is also set");
	refused("{\"deliver_policy\":\"last_per_subject\",\"opt_start_seq\":5}",
	    false, 10094, "optional start sequence is also set");
	refused("{\"sample_freq\":\"-5\"}", false, 10095, "<nil>");
	refused("{\"sample_freq\":\"99999999999999999999%\"}", false, 10095,
	    "value out of range");
}

static void check_ack_pending(const char *text, int64_t expected)
{
	struct consumer_config *c = make(text, false);

	CHECK(c != NULL, "%s: %s", text, e.text);
	CHECK_INT(c->max_ack_pending, expected, "%s", text);
	consumer_config_destroy(c);
}

TEST(a_streams_limit_is_for_all_its_consumers)
{
	stream.limit_ack_pending = 50;
	check_ack_pending("{\"name\":\"C\"}", 50);
	check_ack_pending("{\"ack_policy\":\"all\"}", 50);
	check_ack_pending("{\"ack_policy\":\"all\",\"max_ack_pending\":-1}", -1);
	refused("{\"max_ack_pending\":60}", false, 10121, "50");
	stream.limit_ack_pending = 0;
	limits.max_ack_pending = 20;
	check_ack_pending("{\"name\":\"C\"}", 0);
	check_ack_pending("{\"ack_policy\":\"all\"}", 20);
	limits.max_ack_pending = 0;
}

TEST(acks_by_flow_control_beat_once_a_second)
{
	struct consumer_config *c = make("{\"deliver_subject\":\"d\","
	    "\"ack_policy\":\"flow_control\",\"idle_heartbeat\":5000000000}",
	    false);

	CHECK(c != NULL, "%s", e.text);
	CHECK(c->flow_control && c->heartbeat_ns == 1000000000);
	consumer_config_destroy(c);
}

TEST(null_in_a_list_or_in_metadata_is_nothing)
{
	struct consumer_config *c = make("{\"backoff\":[null,5],\"metadata\":"
	    "{\"a\":null}}", false);

	CHECK(c != NULL, "%s", e.text);
	CHECK(c->n_backoff == 2 && c->backoff_ns[0] == 0 &&
	    c->backoff_ns[1] == 5 && c->n_metadata == 1);
	consumer_config_destroy(c);
}

TEST(some_things_cannot_be_changed)
{
	struct consumer_config *a = make("{\"name\":\"C\"}", false);
	struct consumer_config *b = make("{\"name\":\"C\",\"ack_policy\":"
	    "\"all\"}", false);
	struct consumer_config *c = make("{\"name\":\"C\",\"description\":"
	    "\"x\",\"filter_subject\":\"a.b\"}", false);

	CHECK(!consumer_config_check_update(a, b, &e));
	CHECK_INT(e.err_code, 10012);
	CHECK_STR(e.text, "ack policy can not be updated");
	e = (struct js_error){ 0 };
	CHECK(consumer_config_check_update(a, c, &e));
	consumer_config_destroy(a);
	consumer_config_destroy(b);
	consumer_config_destroy(c);
}
