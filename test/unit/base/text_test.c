/* test/unit/base/text_test.c - pairs with src/base/text.c.
 *
 * These formats are compared by tools byte for byte, so every expected text
 * here was printed by the Go runtime, not worked out by hand.  What can be
 * read back is also read back. */
#include "base/text.h"

#include <float.h>
#include <limits.h>
#include <math.h>

#include "base/clock.h"
#include "base/random.h"
#include "check.h"

static struct buf out;

static struct slice fresh(void (*put)(struct buf *, int64_t), int64_t v)
{
	buf_reset(&out);
	put(&out, v);
	CHECK(!buf_failed(&out));
	return buf_slice(&out);
}

TEST(durations_are_printed_as_go_prints_them)
{
	static const struct { const char *why; int64_t ns; const char *text; } t[] = {
		{ "nothing has a unit too",      0,             "0s" },
		{ "the smallest",                1,             "1ns" },
		{ "last below a microsecond",    999,           "999ns" },
		{ "a unit exactly",              1000,          "1\xc2\xb5s" },
		{ "fraction of a microsecond",   5996,          "5.996\xc2\xb5s" },
		{ "zeros behind are trimmed",    5900,          "5.9\xc2\xb5s" },
		{ "last below a millisecond",    999999,        "999.999\xc2\xb5s" },
		{ "fraction of a millisecond",   80752194,      "80.752194ms" },
		{ "zeros in the middle stay",    1000001,       "1.000001ms" },
		{ "never rounded up",            999999999,     "999.999999ms" },
		{ "a second",                    1000000000,    "1s" },
		{ "half a second more",          1500000000,    "1.5s" },
		{ "minutes keep their seconds",  60000000000,   "1m0s" },
		{ "a minute and a half",         90000000000,   "1m30s" },
		{ "hours keep all units",        3600000000000, "1h0m0s" },
		{ "seconds with fraction",       4530918273645, "1h15m30.918273645s" },
		{ "no days, hours go on",        360000000000000, "100h0m0s" },
		{ "negative below a second",     -1500,         "-1.5\xc2\xb5s" },
		{ "negative",                    -61000000000,  "-1m1s" },
		{ "the longest",                 INT64_MAX, "2562047h47m16.854775807s" },
		{ "has no positive counterpart", INT64_MIN, "-2562047h47m16.854775808s" },
	};
	const char  *why;
	int64_t      back;

	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK_SLICE(fresh(text_put_duration, t[i].ns),
		    slice_str(t[i].text), "%s", t[i].why);
		CHECK(text_parse_duration(slice_str(t[i].text), &back, &why));
		CHECK_INT(back, t[i].ns, "read back: %s", t[i].why);
	}
}

TEST(durations_are_read_as_go_reads_them)
{
	static const struct { const char *why, *text; int64_t ns; } t[] = {
		{ "zero needs no unit",          "0",            0 },
		{ "nor with a sign",             "-0",           0 },
		{ "plus",                        "+5s",          5 * NS_PER_S },
		{ "minus",                       "-1m",          -60 * NS_PER_S },
		{ "no digit before the point",   ".5s",          500000000 },
		{ "no digit behind the point",   "5.s",          5 * NS_PER_S },
		{ "both micro signs: U+00B5",    "3\xc2\xb5s",   3000 },
		{ "both micro signs: U+03BC",    "3\xce\xbcs",   3000 },
		{ "and plain ascii",             "3us",          3000 },
		{ "units in any order, twice",   "1s1h1s",       3602 * NS_PER_S },
		{ "the documentation's example", "1h15m30.918273645s", 4530918273645 },
		{ "below a ns is cut",           "0.9999999999s", 999999999 },
		{ "more digits than 64 bits",    "0.100000000000000000000h", 360000000000 },
		{ "thirds through a float",      "0.3333333333333333333h", 1200000000000 },
		{ "the longest",                 "9223372036854775807ns", INT64_MAX },
		{ "the most negative",           "-9223372036854775808ns", INT64_MIN },
		{ "the most negative, in us",    "-9223372036854775.808us", INT64_MIN },
	};
	const char *why;
	int64_t     ns;

	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK(text_parse_duration(slice_str(t[i].text), &ns, &why),
		    "%s", t[i].why);
		CHECK_INT(ns, t[i].ns, "%s", t[i].why);
	}
}

TEST(wrong_durations_are_refused_in_go_words)
{
	static const struct { const char *why; struct slice text; const char *says; } t[] = {
		{ "empty", SLICE(""), "time: invalid duration \"\"" },
		{ "a sign alone", SLICE("-"), "time: invalid duration \"-\"" },
		{ "a point alone", SLICE(".s"), "time: invalid duration \".s\"" },
		{ "no number", SLICE("x"), "time: invalid duration \"x\"" },
		{ "no unit", SLICE("5"), "time: missing unit in duration \"5\"" },
		{ "no unit at the end", SLICE("1h5"), "time: missing unit in duration \"1h5\"" },
		{ "a wrong unit", SLICE("1x"), "time: unknown unit \"x\" in duration \"1x\"" },
		{ "days are none of Go's", SLICE("1d"), "time: unknown unit \"d\" in duration \"1d\"" },
		{ "blanks belong to the unit", SLICE("1s 2s"), "time: unknown unit \"s \" in duration \"1s 2s\"" },
		{ "one beyond the longest", SLICE("9223372036854775808ns"), "time: invalid duration \"9223372036854775808ns\"" },
		{ "beyond the most negative", SLICE("-9223372036854775809ns"), "time: invalid duration \"-9223372036854775809ns\"" },
		{ "product too large", SLICE("2562048h"), "time: invalid duration \"2562048h\"" },
		{ "sum too large", SLICE("2562047h48m"), "time: invalid duration \"2562047h48m\"" },
		{ "product beyond 64 bits", SLICE("9223372036854775807h"), "time: invalid duration \"9223372036854775807h\"" },
		{ "quotes are escaped", SLICE("1\"\\"), "time: unknown unit \"\\\"\\\\\" in duration \"1\\\"\\\\\"" },
		{ "every odd byte is hex", SLICE("1\xc3\xa4\n"), "time: unknown unit \"\\xc3\\xa4\\x0a\" in duration \"1\\xc3\\xa4\\x0a\"" },
		{ "NUL is a byte", SLICE("1\0"), "time: unknown unit \"\\x00\" in duration \"1\\x00\"" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		const char *says = NULL;
		int64_t     ns = 77;

		CHECK(!text_parse_duration(t[i].text, &ns, &says), "%s", t[i].why);
		CHECK_STR(says, t[i].says, "%s", t[i].why);
		CHECK_INT(ns, 77, "untouched on failure: %s", t[i].why);
	}
}

TEST(a_long_wrong_duration_is_cut_not_overrun)
{
	char        text[4096];
	const char *why;
	int64_t     ns;

	memset(text, '\xff', sizeof text);
	CHECK(!text_parse_duration(slice_of(text, sizeof text), &ns, &why));
	CHECK(strlen(why) < 1024);
	CHECK(strncmp(why, "time: invalid duration \"\\xff", 27) == 0);
}

TEST(any_duration_reads_back)
{
	const char *why;
	int64_t     ns, back;

	for (int i = 0; i < 20000; i++) {
		ns = (int64_t)((uint64_t)random_dice() << 32 | random_dice());
		ns >>= random_below(63);
		CHECK(text_parse_duration(fresh(text_put_duration, ns), &back,
		    &why), "%lld", (long long)ns);
		CHECK_INT(back, ns);
	}
}

TEST(uptime_leaves_out_what_is_not_reached)
{
	static const struct { const char *why; int64_t s; const char *text; } t[] = {
		{ "just started",           0,             "0s" },
		{ "minutes keep seconds",   60,            "1m0s" },
		{ "hours keep minutes",     3601,          "1h0m1s" },
		{ "days keep hours",        86400,         "1d0h0m0s" },
		{ "a year has 365 days",    365 * 86400,   "1y0d0h0m0s" },
		{ "all of them",            400 * 86400 + 3 * 3600 + 4 * 60 + 5, "1y35d3h4m5s" },
		{ "a clock stepped back",   -5,            "0s" },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_SLICE(fresh(text_put_uptime, t[i].s * NS_PER_S + 1),
		    slice_str(t[i].text), "%s", t[i].why);
}

TEST(times_are_rfc3339_in_utc)
{
	static const struct { const char *why; int64_t ns; const char *text; } t[] = {
		{ "nine digits",       1795219523256104169, "2026-11-21T00:05:23.256104169Z" },
		{ "trimmed zeros",     1795219523380000000, "2026-11-21T00:05:23.38Z" },
		{ "inner zeros stay",  1795219523000000001, "2026-11-21T00:05:23.000000001Z" },
		{ "no fraction",       1795219523000000000, "2026-11-21T00:05:23Z" },
		{ "the epoch",         0,                   "1970-01-01T00:00:00Z" },
		{ "before the epoch the fraction still counts up", -1, "1969-12-31T23:59:59.999999999Z" },
		{ "a leap day",        1709164800000000000, "2024-02-29T00:00:00Z" },
		{ "the last",          INT64_MAX,           "2262-04-11T23:47:16.854775807Z" },
		{ "the first",         INT64_MIN + 1,       "1677-09-21T00:12:43.145224193Z" },
		{ "never",             TEXT_TIME_NONE,      "0001-01-01T00:00:00Z" },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_SLICE(fresh(text_put_time, t[i].ns),
		    slice_str(t[i].text), "%s", t[i].why);
}

TEST(runes_are_told_from_rubbish)
{
	static const struct { const char *why; struct slice s; uint32_t rune; size_t n; } t[] = {
		{ "ascii",                       SLICE("a"),                'a', 1 },
		{ "NUL",                         SLICE("\0"),               0, 1 },
		{ "two bytes",                   SLICE("\xc3\xa4x"),        0xe4, 2 },
		{ "three",                       SLICE("\xe2\x82\xac"),     0x20ac, 3 },
		{ "four",                        SLICE("\xf0\x9f\x98\x80"), 0x1f600, 4 },
		{ "the last of Unicode",         SLICE("\xf4\x8f\xbf\xbf"), 0x10ffff, 4 },
		{ "beyond Unicode",              SLICE("\xf4\x90\x80\x80"), TEXT_RUNE_BAD, 1 },
		{ "a real replacement rune",     SLICE("\xef\xbf\xbd"),     TEXT_RUNE_BAD, 3 },
		{ "a continuation alone",        SLICE("\x80"),             TEXT_RUNE_BAD, 1 },
		{ "cut short",                   SLICE("\xe2\x82"),         TEXT_RUNE_BAD, 1 },
		{ "not continued",               SLICE("\xc3("),            TEXT_RUNE_BAD, 1 },
		{ "an overlong slash",           SLICE("\xc0\xaf"),         TEXT_RUNE_BAD, 1 },
		{ "an overlong slash of three",  SLICE("\xe0\x80\xaf"),     TEXT_RUNE_BAD, 1 },
		{ "an overlong of four",         SLICE("\xf0\x80\x80\xaf"), TEXT_RUNE_BAD, 1 },
		{ "a surrogate",                 SLICE("\xed\xa0\x80"),     TEXT_RUNE_BAD, 1 },
		{ "no sequence starts so",       SLICE("\xff"),             TEXT_RUNE_BAD, 1 },
		{ "nor so",                      SLICE("\xf8\x88\x80\x80"), TEXT_RUNE_BAD, 1 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		uint32_t rune = 0;

		CHECK_INT(text_next_rune(t[i].s, &rune), t[i].n, "%s", t[i].why);
		CHECK_INT(rune, t[i].rune, "%s", t[i].why);
	}
}

TEST(quoting_is_go_percent_q)
{
	static const struct { const char *why; struct slice s; const char *text; } t[] = {
		{ "nothing",                  SLICE(""),              "\"\"" },
		{ "plain",                    SLICE("a b"),           "\"a b\"" },
		{ "quotes and backslashes",   SLICE("\"\\'"),         "\"\\\"\\\\'\"" },
		{ "named controls",           SLICE("\a\b\t\n\v\f\r"), "\"\\a\\b\\t\\n\\v\\f\\r\"" },
		{ "other controls",           SLICE("\0\x01\x1b\x7f"), "\"\\x00\\x01\\x1b\\x7f\"" },
		{ "printable runes stay",     SLICE("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		{ "no UTF-8",                 SLICE("\xff\xc3"),      "\"\\xff\\xc3\"" },
		{ "a real replacement rune",  SLICE("\xef\xbf\xbd"),  "\"\xef\xbf\xbd\"" },
		{ "C1 controls",              SLICE("\xc2\x9b"),      "\"\\u009b\"" },
		{ "a blank one cannot see",   SLICE("\xc2\xa0"),      "\"\\u00a0\"" },
		{ "text turned around",       SLICE("\xe2\x80\xae"),  "\"\\u202e\"" },
		{ "line separator",           SLICE("\xe2\x80\xa8"),  "\"\\u2028\"" },
		{ "byte order mark",          SLICE("\xef\xbb\xbf"),  "\"\\ufeff\"" },
		{ "private use, beyond 16 bits", SLICE("\xf3\xb0\x80\x80"), "\"\\U000f0000\"" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		buf_reset(&out);
		text_put_quoted(&out, t[i].s);
		CHECK_SLICE(buf_slice(&out), slice_str(t[i].text), "%s",
		    t[i].why);
	}
}

TEST(bytes_are_friendly)
{
	static const struct { uint64_t n; const char *text; } t[] = {
		{ 0, "0 B" }, { 1023, "1023 B" }, { 1024, "1.00 KB" },
		{ 1536, "1.50 KB" }, { 1048575, "1024.00 KB" },
		{ 8388608, "8.00 MB" }, { 1073741824, "1.00 GB" },
		{ UINT64_C(1) << 40, "1.00 TB" }, { UINT64_C(1) << 50, "1.00 PB" },
		{ UINT64_C(1) << 60, "1.00 EB" }, { UINT64_MAX, "16.00 EB" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		buf_reset(&out);
		text_put_bytes(&out, t[i].n);
		CHECK_SLICE(buf_slice(&out), slice_str(t[i].text));
	}
}

TEST(floats_are_the_shortest_that_read_back)
{
	static const struct { const char *why; double v; const char *text; } t[] = {
		{ "whole",                      2,                  "2" },
		{ "nothing",                    0,                  "0" },
		{ "nothing, negative",          -0.0,               "-0" },
		{ "one digit, not 17",          0.1,                "0.1" },
		{ "sixteen digits",             1.0 / 9,            "0.1111111111111111" },
		{ "seventeen digits",           0.1 + 0.2,          "0.30000000000000004" },
		{ "negative",                   -1.5,               "-1.5" },
		{ "trailing zeros of a whole",  1200000,            "1200000" },
		{ "last in plain form",         1e20,               "100000000000000000000" },
		{ "first with an exponent",     1e21,               "1e+21" },
		{ "exponent and digits",        1.25e22,            "1.25e+22" },
		{ "smallest in plain form",     1e-6,               "0.000001" },
		{ "plain with leading zeros",   0.00000123,         "0.00000123" },
		{ "one digit of exponent",      1e-7,               "1e-7" },
		{ "two digits of exponent",     -2.5e-10,           "-2.5e-10" },
		{ "three digits of exponent",   1e100,              "1e+100" },
		{ "the largest",                DBL_MAX,            "1.7976931348623157e+308" },
		{ "the smallest",               5e-324,             "5e-324" },
		{ "beyond 53 bits",             9007199254740993.0, "9007199254740992" },
		{ "JSON has no word for it",    INFINITY,           "null" },
		{ "nor for this",               NAN,                "null" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		buf_reset(&out);
		text_put_f64(&out, t[i].v);
		CHECK_SLICE(buf_slice(&out), slice_str(t[i].text), "%s",
		    t[i].why);
	}
}

TEST(any_float_reads_back)
{
	for (int i = 0; i < 20000; i++) {
		uint64_t bits = (uint64_t)random_dice() << 32 | random_dice();
		double   v;

		memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		buf_reset(&out);
		text_put_f64(&out, v);
		buf_put_char(&out, '\0');
		CHECK(strtod(out.p, NULL) == v, "%a is not %s", v, out.p);
	}
}

TEST(integers_are_whole_and_in_range)
{
	static const struct { const char *why, *text; bool ok; int64_t v; } t[] = {
		{ "a number",             "42",                   true,  42 },
		{ "leading zeros",        "007",                  true,  7 },
		{ "minus",                "-1",                   true,  -1 },
		{ "plus, as Go's Atoi",   "+1",                   true,  1 },
		{ "the largest",          "9223372036854775807",  true,  INT64_MAX },
		{ "one more",             "9223372036854775808",  false, 0 },
		{ "the smallest",         "-9223372036854775808", true,  INT64_MIN },
		{ "one less",             "-9223372036854775809", false, 0 },
		{ "beyond 64 bits",       "99999999999999999999", false, 0 },
		{ "nothing",              "",                     false, 0 },
		{ "a sign alone",         "-",                    false, 0 },
		{ "two signs",            "--1",                  false, 0 },
		{ "blanks are not eaten", " 1",                   false, 0 },
		{ "nor behind",           "1 ",                   false, 0 },
		{ "no other base",        "0x10",                 false, 0 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		int64_t v = 0;

		CHECK_INT(text_parse_i64(slice_str(t[i].text), &v), t[i].ok,
		    "%s", t[i].why);
		CHECK_INT(v, t[i].v, "%s", t[i].why);
	}
}

TEST(unsigned_integers_have_no_sign)
{
	static const struct { const char *why, *text; bool ok; uint64_t v; } t[] = {
		{ "the largest", "18446744073709551615", true,  UINT64_MAX },
		{ "one more",    "18446744073709551616", false, 0 },
		{ "far more",    "184467440737095516150", false, 0 },
		{ "plus",        "+1",                   false, 0 },
		{ "minus",       "-1",                   false, 0 },
		{ "nothing",     "",                     false, 0 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		uint64_t v = 0;

		CHECK_INT(text_parse_u64(slice_str(t[i].text), &v), t[i].ok,
		    "%s", t[i].why);
		CHECK(v == t[i].v, "%s", t[i].why);
	}
}

TEST(a_number_ends_where_its_slice_ends)
{
	uint64_t v;

	CHECK(text_parse_u64(slice_of("12345", 3), &v));
	CHECK_INT(v, 123);
}

TEST(booleans_are_twelve_words)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };
	static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False" };
	static const char *const neither[] = { "", "tRUE", "yes", "01", "truex", "on" };
	bool v;

	for (size_t i = 0; i < 6; i++) {
		CHECK(text_parse_bool(slice_str(yes[i]), &v) && v, "%s", yes[i]);
		CHECK(text_parse_bool(slice_str(no[i]), &v) && !v, "%s", no[i]);
		CHECK(!text_parse_bool(slice_str(neither[i]), &v), "%s",
		    neither[i]);
	}
}

TEST(bytes_become_letters_of_every_alphabet)
{
	static const struct { struct slice in; const char *b64, *url, *b32, *hex; } t[] = {
		{ SLICE(""), "", "", "", "" },
		{ SLICE("f"), "Zg==", "Zg", "MY", "66" },
		{ SLICE("fo"), "Zm8=", "Zm8", "MZXQ", "666f" },
		{ SLICE("foo"), "Zm9v", "Zm9v", "MZXW6", "666f6f" },
		{ SLICE("foob"), "Zm9vYg==", "Zm9vYg", "MZXW6YQ", "666f6f62" },
		{ SLICE("fooba"), "Zm9vYmE=", "Zm9vYmE", "MZXW6YTB", "666f6f6261" },
		{ SLICE("\xff\xfe\xfb\0"), "//77AA==", "__77AA", "777PWAA", "fffefb00" },
	};
	static const struct { void (*put)(struct buf *, const void *, size_t); size_t at; } forms[] = {
		{ text_put_base64, 0 }, { text_put_base64url, 1 },
		{ text_put_base32, 2 }, { text_put_hex, 3 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		const char *want[] = { t[i].b64, t[i].url, t[i].b32, t[i].hex };

		for (size_t j = 0; j < N_OF(forms); j++) {
			buf_reset(&out);
			forms[j].put(&out, t[i].in.p, t[i].in.n);
			CHECK_SLICE(buf_slice(&out), slice_str(want[j]),
			    "row %zu form %zu", i, j);
		}
	}
}

TEST(distance_counts_edits_up_to_a_limit)
{
	static char  far[100];
	static const struct { const char *why, *a, *b; unsigned limit, d; } t[] = {
		{ "the same",            "port",     "port",        9, 0 },
		{ "nothing to something", "",        "port",        9, 4 },
		{ "something to nothing", "port",    "",            9, 4 },
		{ "one more",            "port",     "ports",       9, 1 },
		{ "one less",            "max_payload", "max_payoad", 9, 1 },
		{ "one other",           "port",     "part",        9, 1 },
		{ "a swap is one edit",  "lsiten",   "listen",      9, 1 },
		{ "a swap at the end",   "listne",   "listen",      9, 1 },
		{ "the textbook's",      "kitten",   "sitting",     9, 3 },
		{ "stops at the limit",  "abcdefgh", "zyxwvuts",    3, 3 },
		{ "a limit of nothing",  "a",        "b",           0, 0 },
		{ "a limit just reached", "abc",     "xyz",         3, 3 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct slice a = slice_str(t[i].a), b = slice_str(t[i].b);

		CHECK_INT(text_distance(a, b, t[i].limit), t[i].d, "%s",
		    t[i].why);
		CHECK_INT(text_distance(b, a, t[i].limit), t[i].d,
		    "the other way: %s", t[i].why);
	}
	memset(far, 'a', sizeof far);
	CHECK_INT(text_distance(slice_of(far, 100), slice_of(far, 99), 5), 5,
	    "longer than any name: far apart");
	CHECK_INT(text_distance(slice_of(far, 64), slice_of(far, 62), 5), 2,
	    "the longest that are compared");
}
