/* test/unit/mon/query_test.c - pairs with src/mon/query.c.
 *
 * The error texts are recorded from nats-server 2.15.1. */
#include "base/buf.h"
#include "check.h"
#include "mon/query.h"

static struct query q;

static void parse(const char *text)
{
	query_parse(slice_str(text), &q);
}

TEST(names_and_values_are_taken_apart_as_go_does)
{
	static const struct { const char *why, *text, *name, *value; } t[] = {
		{ "plain",                  "a=b",          "a", "b" },
		{ "the first counts",       "a=1&a=2",      "a", "1" },
		{ "no value",               "a",            "a", "" },
		{ "empty parts",            "&&a=b&&",      "a", "b" },
		{ "escapes",                "%61=%31%2b",   "a", "1+" },
		{ "plus is a blank",        "a=+3",         "a", " 3" },
		{ "a bad escape skips it",  "a=%zz&a=2",    "a", "2" },
		{ "a short escape too",     "a=1%2&a=2",    "a", "2" },
		{ "and in the name",        "%a=1&a=2",     "a", "2" },
		{ "a semicolon skips it",   "a=1;b=2&a=3",  "a", "3" },
		{ "'=' in the value",       "a=b=c",        "a", "b=c" },
		{ "case matters",           "A=1",          "a", "" },
		{ "nothing",                "",             "a", "" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		parse(t[i].text);
		CHECK_SLICE(query_str(&q, t[i].name), slice_str(t[i].value),
		    "%s", t[i].why);
	}
}

TEST(what_is_too_much_is_left_out)
{
	static char text[3 * QUERY_BYTES_MAX];

	memset(text, 'x', sizeof text - 1);
	parse(text);
	CHECK_INT(q.n, 1);
	CHECK_INT(q.params[0].name.n, QUERY_BYTES_MAX);
	for (size_t i = 0; i + 2 < sizeof text; i += 2)
		memcpy(text + i, "&a", 2);
	parse(text);
	CHECK_INT(q.n, QUERY_PARAMS_MAX);
}

TEST(numbers_and_booleans_are_refused_in_gos_words)
{
	static const struct { const char *text, *type, *error; } t[] = {
		{ "limit=x", "int", "Error decoding int for 'limit': "
		    "strconv.Atoi: parsing \"x\": invalid syntax" },
		{ "limit=+3", "int", "Error decoding int for 'limit': "
		    "strconv.Atoi: parsing \" 3\": invalid syntax" },
		{ "limit=1_0", "int", "Error decoding int for 'limit': "
		    "strconv.Atoi: parsing \"1_0\": invalid syntax" },
		{ "limit=-", "int", "Error decoding int for 'limit': "
		    "strconv.Atoi: parsing \"-\": invalid syntax" },
		{ "limit=%22a%0a", "int", "Error decoding int for 'limit': "
		    "strconv.Atoi: parsing \"\\\"a\\n\": invalid syntax" },
		{ "limit=99999999999999999999", "int",
		    "Error decoding int for 'limit': strconv.Atoi: parsing "
		    "\"99999999999999999999\": value out of range" },
		{ "limit=x", "uint64", "Error decoding uint64 for 'limit': "
		    "strconv.ParseUint: parsing \"x\": invalid syntax" },
		{ "limit=-1", "uint64", "Error decoding uint64 for 'limit': "
		    "strconv.ParseUint: parsing \"-1\": invalid syntax" },
		{ "limit=2", "boolean", "Error decoding boolean for 'limit': "
		    "strconv.ParseBool: parsing \"2\": invalid syntax" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct buf error = { 0 };
		int64_t    number;
		uint64_t   unsigned_number;
		bool       flag, ok;

		parse(t[i].text);
		if (t[i].type[0] == 'i')
			ok = query_int(&q, "limit", &number, &error);
		else if (t[i].type[0] == 'u')
			ok = query_u64(&q, "limit", &unsigned_number, &error);
		else
			ok = query_bool(&q, "limit", &flag, &error);
		CHECK(!ok, "%s", t[i].text);
		CHECK_SLICE(buf_slice(&error), slice_str(t[i].error));
		buf_fini(&error);
	}
}

TEST(absent_and_empty_are_zero)
{
	struct buf error = { 0 };
	int64_t    number = 7;
	bool       lists = true, details = true;

	parse("limit=&subs=");
	CHECK(query_int(&q, "limit", &number, &error));
	CHECK_INT(number, 0);
	CHECK(query_subs(&q, &lists, &details, &error));
	CHECK(!lists && !details);
	parse("limit=%2b3&subs=Detail");
	CHECK(query_int(&q, "limit", &number, &error));
	CHECK_INT(number, 3);
	CHECK(query_subs(&q, &lists, &details, &error));
	CHECK(lists && details);
	CHECK_INT(error.n, 0);
}
