/* request_test.c - pairs with src/js/request.c.
 *
 * A request is read by its table or not at all: each wrong member is told as
 * nats-server tells it, and what was not said keeps its blank value. */
#include "js/request.h"

#include "base/json.h"
#include "check.h"
#include "js/errors.h"
#include "js/fields.h"

struct asked {
	union request   is;
	struct json    *doc;
	struct js_hold *hold;
	struct js_error e;
	bool            ok;
};

static struct asked asked(const struct request_kind *kind, const char *text)
{
	const char  *why;
	struct asked a = { .doc = text == NULL ? NULL
	    : json_parse(slice_str(text), &why), .hold = js_hold_create() };

	a.ok = request_read(kind, a.doc, true, &a.is, a.hold, &a.e);
	return a;
}

static void done(struct asked *a)
{
	js_hold_destroy(a->hold);
	json_free(a->doc);
}

TEST(what_is_said_is_read)
{
	struct asked a = asked(&request_msg_get, "{\"seq\":3,\"batch\":-1,"
	    "\"start_time\":\"1970-01-01T00:00:01Z\",\"no_hdr\":true,"
	    "\"multi_last\":[\"a\",\"b\"]}");

	CHECK(a.ok && a.is.get.no_hdr);
	CHECK_INT(a.is.get.seq, 3);
	CHECK_INT(a.is.get.batch, -1);
	CHECK_INT(a.is.get.start_time, 1000000000);
	CHECK_INT(a.is.get.up_to_time, JS_TIME_UNSET);
	CHECK_INT(a.is.get.n_multi, 2);
	CHECK_SLICE(a.is.get.multi_last[1], SLICE("b"));
	done(&a);
	a = asked(&request_consumer_create,
	    "{\"Stream_Name\":\"S\",\"config\":{\"name\":\"c\"}}");
	CHECK(a.ok && json_n_members(a.is.consumer_create.config) == 1);
	CHECK_SLICE(a.is.consumer_create.stream_name, SLICE("S"));
	done(&a);
}

TEST(what_is_not_said_is_blank)
{
	static const char *const texts[] = { NULL, "{}",
		"{\"pause_until\":null}" };

	for (size_t i = 0; i < N_OF(texts); i++) {
		struct asked a = asked(&request_pause, texts[i]);

		CHECK(a.ok);
		CHECK_INT(a.is.pause.until, JS_TIME_UNSET);
		done(&a);
	}
}

TEST(what_is_wrong_is_told)
{
	static const struct {
		const struct request_kind *kind;
		const char                *text, *told;
	} t[] = {
		{ &request_purge, "{\"fliter\":\"a\"}",
		  "json: unknown field \"fliter\"" },
		{ &request_purge, "{\"seq\":-1}", "json: cannot unmarshal "
		  "number -1 into Go struct field JSApiStreamPurgeRequest.seq "
		  "of type uint64" },
		{ &request_stream_names, "{\"offset\":\"x\"}",
		  "json: cannot unmarshal string into Go struct field "
		  "JSApiStreamNamesRequest.offset of type int" },
		{ &request_msg_get, "{\"multi_last\":5}",
		  "json: cannot unmarshal number into Go struct field "
		  "JSApiMsgGetRequest.multi_last of type []string" },
		{ &request_unpin, "[]", "json: cannot unmarshal array into Go "
		  "value of type server.JSApiConsumerUnpinRequest" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct asked a = asked(t[i].kind, t[i].text);

		CHECK(!a.ok, "%s", t[i].text);
		CHECK_INT(a.e.err_code, 10025, "%s", t[i].text);
		CHECK(strstr(a.e.text, t[i].told) != NULL, "%s", a.e.text);
		done(&a);
	}
}

TEST(some_take_what_nobody_knows)
{
	struct asked a = asked(&request_unpin, "{\"x\":1,\"group\":\"g\"}");

	CHECK(a.ok);
	CHECK_SLICE(a.is.unpin.group, SLICE("g"));
	done(&a);
}
