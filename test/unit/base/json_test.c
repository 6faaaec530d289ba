/* test/unit/base/json_test.c - pairs with src/base/json.c and json_read.c.
 *
 * The writer's expected texts were printed by Go's encoder.  The reader is held
 * to what Go's decoder accepts, and to refusing the rest without growing. */
#include "base/json.h"

#include "base/random.h"
#include "base/text.h"
#include "check.h"

static struct buf out;

static struct slice quoted(struct slice s)
{
	buf_reset(&out);
	json_quote(&out, s);
	CHECK(!buf_failed(&out));
	return buf_slice(&out);
}

/* ---- writing ---------------------------------------------------------- */

TEST(strings_are_escaped_as_go_escapes_them)
{
	static const struct { const char *why; struct slice s; const char *text; } t[] = {
		{ "nothing",               SLICE(""),             "\"\"" },
		{ "plain",                 SLICE("a/b c\x7f"),    "\"a/b c\x7f\"" },
		{ "what HTML would see",   SLICE("foo.><&"),      "\"foo.\\u003e\\u003c\\u0026\"" },
		{ "quotes and backslash",  SLICE("\"\\"),         "\"\\\"\\\\\"" },
		{ "controls with a name",  SLICE("\b\f\n\r\t"),   "\"\\b\\f\\n\\r\\t\"" },
		{ "controls without",      SLICE("\0\a\v\x1f"),   "\"\\u0000\\u0007\\u000b\\u001f\"" },
		{ "runes stay",            SLICE("\xc3\xa4\xf0\x9f\x98\x80"), "\"\xc3\xa4\xf0\x9f\x98\x80\"" },
		{ "line separators",       SLICE("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), "\"\\u2028\\u2029\xe2\x80\xaa\"" },
		{ "each bad byte is one",  SLICE("\xff\xc3"),     "\"\\ufffd\\ufffd\"" },
		{ "cut at the end",        SLICE("a\xe2\x82"),    "\"a\\ufffd\\ufffd\"" },
		{ "a real replacement rune", SLICE("\xef\xbf\xbd"), "\"\xef\xbf\xbd\"" },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_SLICE(quoted(t[i].s), slice_str(t[i].text), "%s",
		    t[i].why);
}

static void write_sample(struct json_writer *w)
{
	json_begin_object(w);
	json_key(w, "empty_array");
	json_begin_array(w);
	json_end_array(w);
	json_key(w, "empty");
	json_begin_object(w);
	json_end_object(w);
	json_key_slice(w, SLICE("n>"));
	json_begin_array(w);
	json_i64(w, INT64_MIN);
	json_u64(w, UINT64_MAX);
	json_f64(w, 0.5);
	json_end_array(w);
	json_key(w, "list");
	json_begin_array(w);
	json_begin_object(w);
	json_key(w, "yes");
	json_bool(w, true);
	json_key(w, "no");
	json_bool(w, false);
	json_end_object(w);
	json_null(w);
	json_begin_array(w);
	json_cstr(w, "x");
	json_end_array(w);
	json_end_array(w);
	json_key(w, "when");
	json_time(w, 0);
	json_key(w, "raw");
	json_raw(w, SLICE("{\"a\":1}"));
	json_end_object(w);
}

TEST(a_compact_text_has_no_blank)
{
	struct json_writer w;

	buf_reset(&out);
	json_init(&w, &out, 0);
	write_sample(&w);
	CHECK_SLICE(buf_slice(&out), SLICE("{\"empty_array\":[],\"empty\":{},"
	    "\"n\\u003e\":[-9223372036854775808,18446744073709551615,0.5],"
	    "\"list\":[{\"yes\":true,\"no\":false},null,[\"x\"]],"
	    "\"when\":\"1970-01-01T00:00:00Z\",\"raw\":{\"a\":1}}"));
}

TEST(an_indented_text_is_that_of_marshal_indent)
{
	struct json_writer w;

	buf_reset(&out);
	json_init(&w, &out, 2);
	write_sample(&w);
	CHECK_SLICE(buf_slice(&out), SLICE(
	    "{\n"
	    "  \"empty_array\": [],\n"
	    "  \"empty\": {},\n"
	    "  \"n\\u003e\": [\n"
	    "    -9223372036854775808,\n"
	    "    18446744073709551615,\n"
	    "    0.5\n"
	    "  ],\n"
	    "  \"list\": [\n"
	    "    {\n"
	    "      \"yes\": true,\n"
	    "      \"no\": false\n"
	    "    },\n"
	    "    null,\n"
	    "    [\n"
	    "      \"x\"\n"
	    "    ]\n"
	    "  ],\n"
	    "  \"when\": \"1970-01-01T00:00:00Z\",\n"
	    "  \"raw\": {\"a\":1}\n"
	    "}"));
}

TEST(a_value_may_stand_alone)
{
	struct json_writer w;

	buf_reset(&out);
	json_init(&w, &out, 2);
	json_cstr(&w, "x");
	CHECK_SLICE(buf_slice(&out), SLICE("\"x\""));
	buf_reset(&out);
	json_init(&w, &out, 2);
	json_begin_array(&w);
	json_end_array(&w);
	CHECK_SLICE(buf_slice(&out), SLICE("[]"));
}

TEST(the_writer_nests_as_deep_as_it_says)
{
	struct json_writer w;
	const char        *why;
	struct json       *j;

	buf_reset(&out);
	json_init(&w, &out, 0);
	for (int i = 0; i < 32; i++) {
		json_begin_array(&w);
		json_begin_object(&w);
		json_key(&w, "k");
	}
	json_null(&w);
	for (int i = 0; i < 32; i++) {
		json_end_object(&w);
		json_end_array(&w);
	}
	j = json_parse(buf_slice(&out), &why);
	CHECK(j != NULL, "brackets match");
	json_free(j);
}

/* ---- reading ---------------------------------------------------------- */

static struct json *parsed(struct slice text)
{
	const char  *why = "no reason";
	struct json *j = json_parse(text, &why);

	CHECK(j != NULL, "%.*s: %s", SLICE_ARG(text), why);
	return j;
}

TEST(whole_texts_are_accepted)
{
	static const struct { const char *why; struct slice text; } t[] = {
		{ "an object",                    SLICE("{}") },
		{ "blanks around",                SLICE(" \t\r\n{} \n") },
		{ "any value",                    SLICE("5") },
		{ "null",                         SLICE("null") },
		{ "a string",                     SLICE("\"x\"") },
		{ "escaped NUL in a value",       SLICE("\"a\\u0000b\"") },
		{ "names twice",                  SLICE("{\"a\":1,\"a\":2}") },
		{ "a large number nobody wants",  SLICE("{\"x\":99999999999999999999}") },
		{ "and a negative one",           SLICE("[-9223372036854775809]") },
		{ "no UTF-8 in a value",          SLICE("{\"a\":\"\xff\"}") },
		{ "no UTF-8 in a name",           SLICE("{\"a\xc3\":1}") },
		{ "half a pair",                  SLICE("[\"\\ud800\",\"\\udc00x\"]") },
		{ "brackets inside strings do not nest", SLICE("\"[[[[\\\"{{{{\"") },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		const char  *why = NULL;
		struct json *j = json_parse(t[i].text, &why);

		CHECK(j != NULL, "%s: %s", t[i].why, why);
		json_free(j);
	}
}

TEST(malformed_texts_are_refused_with_a_reason)
{
	static const struct { const char *why; struct slice text; } t[] = {
		{ "nothing",                     SLICE("") },
		{ "no memory behind nothing",    SLICE_NONE },
		{ "blanks alone",                SLICE("  ") },
		{ "trailing bytes",              SLICE("{} x") },
		{ "a second value",              SLICE("{}{}") },
		{ "NUL behind",                  SLICE("{}\0") },
		{ "NUL behind a number",         SLICE("1\0") },
		{ "NUL inside",                  SLICE("[1\0]") },
		{ "not closed",                  SLICE("{\"a\":1") },
		{ "closed too often",            SLICE("{}}") },
		{ "wrong bracket",               SLICE("[}") },
		{ "a comma too many",            SLICE("[1,]") },
		{ "no quotes",                   SLICE("{a:1}") },
		{ "single quotes",               SLICE("{'a':1}") },
		{ "string not closed",           SLICE("\"abc") },
		{ "escape not finished",         SLICE("\"abc\\") },
		{ "quote escaped away",          SLICE("\"abc\\\"") },
		{ "unknown escape",              SLICE("\"\\x\"") },
		{ "short unicode escape",        SLICE("\"\\u12\"") },
		{ "control byte in an escape",   SLICE("\"\\ud80\x15\"") },
		{ "control byte in a string",    SLICE("\"a\nb\"") },
		{ "NUL in a string",             SLICE("\"a\0b\"") },
		{ "leading zero",                SLICE("[01]") },
		{ "plus",                        SLICE("[+1]") },
		{ "a sign alone",                SLICE("[-]") },
		{ "no digits behind the point",  SLICE("[1.]") },
		{ "two numbers in one",          SLICE("[99999999999999999999-1]") },
		{ "not a number",                SLICE("NaN") },
		{ "byte order mark",             SLICE("\xef\xbb\xbf{}") },
		{ "no UTF-8 outside a string",   SLICE("\xff") },
		{ "words in capitals",           SLICE("TRUE") },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		const char  *why = NULL;
		struct json *j = json_parse(t[i].text, &why);

		CHECK(j == NULL, "%s", t[i].why);
		CHECK(why != NULL && why[0] != '\0', "%s", t[i].why);
	}
}

TEST(depth_is_bounded)
{
	static char text[200000];
	const char *why = NULL;

	memset(text, '[', sizeof text);
	CHECK(json_parse(slice_of(text, sizeof text), &why) == NULL);
	CHECK_STR(why, "nested too deeply");

	memset(text + 128, ']', 128);
	json_free(parsed(slice_of(text, 256)));
	memset(text, '[', 129);
	memset(text + 129, ']', 129);
	CHECK(json_parse(slice_of(text, 258), &why) == NULL, "one more");

	text[0] = '[';		/* wide is not deep */
	for (size_t i = 0; i < 1000; i++)
		memcpy(text + 1 + i * 3, "[],", 3);
	text[3000] = ']';
	json_free(parsed(slice_of(text, 3001)));
}

TEST(names_are_found_as_go_finds_them)
{
	static const struct { const char *why, *text, *want; } t[] = {
		{ "exactly",                        "{\"user\":\"a\"}", "a" },
		{ "in any case",                    "{\"USER\":\"a\"}", "a" },
		{ "the last of two wins",           "{\"user\":\"a\",\"user\":\"b\"}", "b" },
		{ "whatever its case",              "{\"user\":\"a\",\"User\":\"b\"}", "b" },
		{ "or theirs",                      "{\"User\":\"b\",\"user\":\"a\"}", "a" },
		{ "null takes nothing back",        "{\"user\":\"a\",\"User\":null}", "a" },
		{ "null is absent",                 "{\"user\":null}", NULL },
		{ "not there",                      "{\"use\":\"a\",\"users\":\"b\"}", NULL },
		{ "an inner name is another's",     "{\"x\":{\"user\":\"a\"}}", NULL },
		{ "escapes in names are undone",    "{\"us\\u0065r\":\"a\"}", "a" },
		{ "arrays have no names",           "[\"user\"]", NULL },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct json *j = parsed(slice_str(t[i].text));
		struct slice s = SLICE_NONE;
		bool         ok = json_as_str(json_get(j, "user"), &s);

		CHECK_INT(ok, t[i].want != NULL, "%s", t[i].why);
		CHECK_SLICE(s, slice_str(t[i].want), "%s", t[i].why);
		json_free(j);
	}
}

TEST(strings_arrive_as_go_reads_them)
{
	static const struct { const char *why; struct slice text, want; } t[] = {
		{ "escapes",                 SLICE("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\""), SLICE("\"\\/\b\f\n\r\t\xc3\xa4") },
		{ "NUL",                     SLICE("\"a\\u0000b\""),     SLICE("a\0b") },
		{ "a pair",                  SLICE("\"\\ud83d\\uDE00\""), SLICE("\xf0\x9f\x98\x80") },
		{ "a high half",             SLICE("\"\\ud800x\""),      SLICE("\xef\xbf\xbdx") },
		{ "a low half",              SLICE("\"\\uDFFF\""),       SLICE("\xef\xbf\xbd") },
		{ "a high half and a letter", SLICE("\"\\ud800\\u0041\""), SLICE("\xef\xbf\xbd" "A") },
		{ "two high halves",         SLICE("\"\\ud83d\\ud83d\\ude00\""), SLICE("\xef\xbf\xbd\xf0\x9f\x98\x80") },
		{ "an escaped backslash, not a half", SLICE("\"\\\\ud800\""), SLICE("\\ud800") },
		{ "bad bytes, one each",     SLICE("\"\xff\xc3\""),      SLICE("\xef\xbf\xbd\xef\xbf\xbd") },
		{ "bad byte before a quote", SLICE("\"\xe2\x82\""),      SLICE("\xef\xbf\xbd\xef\xbf\xbd") },
		{ "an encoded surrogate",    SLICE("\"\xed\xa0\x80\""),  SLICE("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd") },
		{ "good ones stay",          SLICE("\"\xc3\xa4\xff\xc3\xa4\""), SLICE("\xc3\xa4\xef\xbf\xbd\xc3\xa4") },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct json *j = parsed(t[i].text);
		struct slice s = SLICE_NONE;

		CHECK(json_as_str(j, &s), "%s", t[i].why);
		CHECK_SLICE(s, t[i].want, "%s", t[i].why);
		json_free(j);
	}
}

TEST(integers_survive_or_fail)
{
	static const struct { const char *why, *text; bool ok; int64_t v; } t[] = {
		{ "the largest",        "9223372036854775807",  true, INT64_MAX },
		{ "the smallest",       "-9223372036854775808", true, INT64_MIN },
		{ "beyond 53 bits",     "9007199254740993",     true, 9007199254740993 },
		{ "minus nothing",      "-0",                   true, 0 },
		{ "one too large",      "9223372036854775808",  false, 0 },
		{ "one too small",      "-9223372036854775809", false, 0 },
		{ "far too large",      "99999999999999999999", false, 0 },
		{ "with a fraction",    "1.0",                  false, 0 },
		{ "with an exponent",   "1e3",                  false, 0 },
		{ "a string",           "\"1\"",                false, 0 },
		{ "a truth",            "true",                 false, 0 },
		{ "null",               "null",                 false, 0 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct json *j = parsed(slice_str(t[i].text));
		int64_t      v = 0;

		CHECK_INT(json_as_i64(j, &v), t[i].ok, "%s", t[i].why);
		CHECK_INT(v, t[i].v, "%s", t[i].why);
		json_free(j);
	}
}

TEST(integers_beyond_63_bits_are_kept_digit_by_digit)
{
	static const struct { const char *text; bool ok, is_kept; uint64_t v; } t[] = {
		{ "0",                    true,  false, 0 },
		{ "9223372036854775807",  true,  false, INT64_MAX },
		{ "9223372036854775808",  true,  true,  UINT64_C(1) << 63 },
		{ "18446744073709551615", true,  true,  UINT64_MAX },
		{ "18446744073709551616", false, true,  0 },
		{ "-9223372036854775809", false, true,  0 },
		{ "-1",                   false, false, 0 },
		{ "1.0",                  false, false, 0 },
		{ "\"5\"",                false, false, 0 },
		{ "\"\\u00005\"",         false, false, 0 },
		{ "\"\\u0000\"",          false, false, 0 },
		{ "\"\\u0000\\u00005\"",   false, false, 0 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct json *j = parsed(slice_str(t[i].text));
		struct slice text = SLICE_NONE;
		struct buf   again = { 0 };
		uint64_t     v = 0;

		CHECK_INT(json_as_u64(j, &v), t[i].ok, "%s", t[i].text);
		CHECK(v == t[i].v, "%s", t[i].text);
		CHECK_INT(json_as_digits(j, &text), t[i].is_kept, "%s",
		    t[i].text);
		if (t[i].is_kept) {
			CHECK_SLICE(text, slice_str(t[i].text));
			CHECK(!json_as_str(j, &text), "%s", t[i].text);
		}
		json_put(JSON_INTO(&again, 0), j);
		if (t[i].ok || t[i].is_kept || *t[i].text == '"')
			CHECK_SLICE(buf_slice(&again), slice_str(t[i].text));
		buf_fini(&again);
		json_free(j);
	}
}

TEST(floats_may_be_written_as_integers)
{
	static const struct { const char *text; bool ok; double v; } t[] = {
		{ "1.5", true, 1.5 }, { "2", true, 2 }, { "-1e3", true, -1000 },
		{ "18446744073709551616", true, 18446744073709551616.0 },
		{ "\"1\"", false, 0 }, { "false", false, 0 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct json *j = parsed(slice_str(t[i].text));
		double       v = 0;

		CHECK_INT(json_as_f64(j, &v), t[i].ok, "%s", t[i].text);
		CHECK(v == t[i].v, "%s", t[i].text);
		json_free(j);
	}
}

static bool count(void *ctx, struct slice key, const struct json *value)
{
	int64_t v = 0;

	CHECK(json_as_i64(value, &v));
	CHECK_INT(key.n, 1);
	*(int64_t *)ctx = *(int64_t *)ctx * 10 + v;
	return key.p[0] != 'c';
}

TEST(members_are_visited_in_order_until_told_to_stop)
{
	struct json *j = parsed(SLICE("{\"b\":1,\"a\":2,\"c\":3,\"d\":4}"));
	int64_t      seen = 0;

	json_each(j, count, &seen);
	CHECK_INT(seen, 123);
	json_free(j);

	seen = 0;
	j = parsed(SLICE("[1,2]"));
	json_each(j, count, &seen);
	json_each(NULL, count, &seen);
	CHECK_INT(seen, 0, "nothing but objects has members");
	json_free(j);
}

TEST(wrong_types_are_no_value)
{
	struct json *j = parsed(SLICE("{\"s\":\"x\",\"l\":[true,null],\"o\":{}}"));
	const struct json *list = json_get(j, "l");
	struct slice s;
	int64_t      v;
	double       d;
	bool         b = false;

	CHECK(json_is_object(j) && json_is_object(json_get(j, "o")));
	CHECK(!json_is_object(list) && !json_is_object(NULL));
	CHECK_INT(json_n_items(list), 2);
	CHECK_INT(json_n_items(j), 0);
	CHECK_INT(json_n_items(NULL), 0);
	CHECK_INT(json_n_members(j), 3);
	CHECK_INT(json_n_members(list), 0);
	CHECK_INT(json_n_members(NULL), 0);
	CHECK(json_as_bool(json_item(list, 0), &b) && b);
	CHECK(!json_as_bool(json_item(list, 1), &b), "null is no truth");
	CHECK(json_item(list, 2) == NULL && json_item(j, 0) == NULL);
	CHECK(!json_as_str(list, &s) && !json_as_str(NULL, &s));
	CHECK(!json_as_i64(NULL, &v) && !json_as_f64(NULL, &d));
	CHECK(!json_as_bool(json_get(j, "s"), &b) && !json_as_bool(NULL, &b));
	CHECK(json_get(NULL, "s") == NULL);
	json_free(j);
	json_free(NULL);
}

/* What a Go program would have in memory after reading s. */
static void put_replaced(struct buf *to, struct slice s)
{
	uint32_t rune;
	size_t   n;

	for (; s.n > 0; s = slice_skip(s, n)) {
		n = text_next_rune(s, &rune);
		if (rune == TEXT_RUNE_BAD)
			buf_put_str(to, "\xef\xbf\xbd");
		else
			buf_put(to, s.p, n);
	}
}

TEST(any_bytes_come_back_but_for_replacement)
{
	static const char odd[] = "a\"\\/<>&\xe2\x80\xa8\xc3\xa4\xff\xf0\x9f\x98\x80\x01u{}[]";
	struct buf        want = { 0 };

	for (int i = 0; i < 5000; i++) {
		char         text[24];
		struct slice s = slice_of(text, random_below(sizeof text));
		struct slice back = SLICE_NONE;
		struct json *j;

		for (size_t k = 0; k < s.n; k++)
			text[k] = i % 2 ? (char)random_below(256)
			    : odd[random_below(sizeof odd - 1)];
		j = parsed(quoted(s));
		CHECK(json_as_str(j, &back));
		buf_reset(&want);
		put_replaced(&want, s);
		CHECK_SLICE(back, buf_slice(&want));
		json_free(j);
	}
	buf_fini(&want);
}

TEST(a_value_is_written_once_more)
{
	static const struct { const char *in, *out; } t[] = {
		{ "[1,-2,1.5,true,false,null,\"<\"]",
		  "[1,-2,1.5,true,false,null,\"\\u003c\"]" },
		{ "{\"a\":{\"b\":[]},\"c\":{}}",
		  "{\"a\":{\"b\":[]},\"c\":{}}" },
		{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
		  "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[null]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		const char  *why;
		struct json *doc = json_parse(slice_str(t[i].in), &why);
		struct buf   once_more = { 0 };

		CHECK(doc != NULL, "%s", t[i].in);
		json_put(JSON_INTO(&once_more, 0), doc);
		CHECK_SLICE(buf_slice(&once_more), slice_str(t[i].out));
		buf_fini(&once_more);
		json_free(doc);
	}
}

TEST(json_is_laid_out_anew)
{
	static const struct { const char *in, *compact, *wide; } t[] = {
		{ "7", "7", "7" },
		{ " \"a\\\"b:{\" ", "\"a\\\"b:{\"", "\"a\\\"b:{\"" },
		{ "{}", "{}", "{}" },
		{ "[ 1 , {\"a\" : [ ] ,\"b\":null} ]",
		  "[1,{\"a\":[],\"b\":null}]",
		  "[\n  1,\n  {\n    \"a\": [],\n    \"b\": null\n  }\n]" },
		{ "{\"a\":{\"b\":[1.50e3,true]},\"c\":\"x\"}",
		  "{\"a\":{\"b\":[1.50e3,true]},\"c\":\"x\"}",
		  "{\n  \"a\": {\n    \"b\": [\n      1.50e3,\n      true\n"
		  "    ]\n  },\n  \"c\": \"x\"\n}" },
		{ "", "null", "null" },
		{ "{\"a\":", "null", "null" },
		{ "]", "null", "null" },
		{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
		  "null", "null" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct buf laid = { 0 };

		json_lay_out(JSON_INTO(&laid, 0), slice_str(t[i].in));
		CHECK_SLICE(buf_slice(&laid), slice_str(t[i].compact));
		buf_reset(&laid);
		json_lay_out(JSON_INTO(&laid, 2), slice_str(t[i].in));
		CHECK_SLICE(buf_slice(&laid), slice_str(t[i].wide));
		buf_fini(&laid);
	}
}
