/* test/unit/js/errors_test.c - pairs with src/js/errors.c.
 *
 * What matters: clients compare the number and show the text, so a row must be
 * found by its number, and no gap may be left in what is told. */
#include "js/errors.h"

#include "base/json.h"
#include "check.h"

TEST(a_row_is_found_by_its_number)
{
	static const struct {
		unsigned    err_code, code;
		const char *text;
	} cases[] = {
		{ 10002, 400, "resource limits exceeded for account" },
		{ 10059, 404, "stream not found" },
		{ 10158, 409, "duplicate message id is in process" },
		{ 10227, 400, "message stream source header is not allowed" },
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct js_error e = { 0 };

		CHECK(!js_failed(&e));
		CHECK(!js_fail(&e, cases[i].err_code));
		CHECK(js_failed(&e));
		CHECK_INT(e.err_code, cases[i].err_code);
		CHECK_INT(e.code, cases[i].code);
		CHECK_STR(e.text, cases[i].text);
	}
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

TEST(a_long_text_is_cut)
{
	struct js_error e = { 0 };
	char            told[2000];

	memset(told, 'x', sizeof told - 1);
	told[sizeof told - 1] = '\0';
	js_fail_with(&e, 10025, "%s", told);
	CHECK(strlen(e.text) < sizeof e.text);
	CHECK(strlen(e.text) > 300);
}

TEST(an_error_is_written_as_an_object)
{
	struct js_error e = { 0 };
	struct buf      out = { 0 };

	js_fail_with(&e, 10025, "a \"b\"");
	js_error_write(&e, JSON_INTO(&out, 0));
	CHECK_SLICE(buf_slice(&out), SLICE("{\"code\":400,\"err_code\":10025,"
	    "\"description\":\"invalid JSON: a \\\"b\\\"\"}"));
	buf_fini(&out);
}
