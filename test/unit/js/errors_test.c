/* errors_test.c - a number brings its code and text, its gap filled. */
#include "js/errors.h"

#include "base/buf.h"
#include "base/json.h"
#include "check.h"

TEST(a_number_brings_its_row)
{
	struct js_error e = { 0 };

	CHECK(!js_failed(&e));
	CHECK(!js_fail(&e, 10059));
	CHECK(js_failed(&e));
	CHECK_INT(e.code, 404);
	CHECK_STR(e.text, "stream not found");
	js_fail_with(&e, 10071, "%d", 7);
	CHECK_STR(e.text, "wrong last sequence: 7");
	js_fail_with(&e, 10052, "%s", "invalid subject");
	CHECK_STR(e.text, "invalid subject");
	js_fail(&e, 10002);
	CHECK_INT(e.code, 400);
	js_fail(&e, 10227);
	CHECK_STR(e.text, "message stream source header is not allowed");
}

TEST(it_is_written_as_clients_read_it)
{
	struct js_error e = { 0 };
	struct buf      b = { 0 };

	js_fail(&e, 10014);
	js_error_write(&e, JSON_INTO(&b, 0));
	CHECK_SLICE(buf_slice(&b), SLICE("{\"code\":404,\"err_code\":10014,"
	    "\"description\":\"consumer not found\"}"));
	buf_fini(&b);
}

TEST(what_is_told_fills_the_gap)
{
	static const struct {
		unsigned    err_code;
		const char *told, *text, *why;
	} cases[] = {
		{ 10052, "as it is", "as it is", "nothing around it" },
		{ 10043, "7", "sequence 7 not found", "in the middle" },
		{ 10071, "7", "wrong last sequence: 7", "at the end" },
		{ 10021, "a must not overlap with b", "stream external api prefix "
		  "a must not overlap with b", "two: all between them" },
		{ 10042, "a: b", "JetStream unable to subscribe to restore "
		  "snapshot a: b", "two" },
		{ 10052, "{}", "{}", "what is told may hold one" },
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct js_error e = { 0 };

		js_fail_with(&e, cases[i].err_code, "%s", cases[i].told);
		CHECK_STR(e.text, cases[i].text, "%s", cases[i].why);
	}
}
