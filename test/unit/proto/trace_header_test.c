/* test/unit/proto/trace_header_test.c - pairs with src/proto/trace_header.c.
 *
 * What asks for a trace and what does not, as nats-server was seen to decide
 * (test/sys/msgtrace plays most of these on both); then the two ways headers are
 * written again. */
#include "proto/trace_header.h"

#include "base/buf.h"
#include "check.h"

#define H "NATS/1.0\r\n"
#define E "\r\n"
#define D "Nats-Trace-Dest: "

enum { ONLY = 1, ORIGIN = 2, PARENT = 4 };

static const struct {
	const char *headers;
	const char *dest;	/* NULL: nothing is asked for */
	int         marks;
	const char *why;
} table[] = {
	{ H D "a" E E,                   "a", 0, "the usual one" },
	{ H "Nats-Trace-Dest:a" E E,     "a", 0, "no blank" },
	{ H "Nats-Trace-Dest: \t a\t" E, "a", 0, "blanks around, no end" },
	{ H "X: y" E D "a" E E,          "a", 0, "the second one" },
	{ H D E D "a" E E,               "a", 0, "an empty one does not count" },
	{ H D "a" E D "b" E E,           "a", 0, "the first counts" },
	{ H D "a b" E E,                 "a b", 0, "validity is not asked here" },
	{ H D "a\r" E E,                 "a\r", 0, "CR is no blank" },
	{ H D "a\nb" E E,                "a\nb", 0, "LF alone ends nothing" },
	{ H E D "a" E E,                 NULL, 0, "the empty line is of the name" },
	{ H "X" E D "a" E E,             NULL, 0, "so is what has no colon" },
	{ H D "a" E "X" E E,             "a", 0, "behind it, it is no matter" },
	{ H D "a",                       NULL, 0, "it has no end" },
	{ H D "a\n",                     NULL, 0, "nor here" },
	{ H "nats-trace-dest: a" E E,    NULL, 0, "another case" },
	{ H "Nats-Trace-Dest : a" E E,   NULL, 0, "a blank in the name" },
	{ H " " D "a" E E,               NULL, 0, "a blank in front" },
	{ H D "trace disabled" E E,      NULL, 0, "disabled" },
	{ H D "trace disabled" E D "a" E E, NULL, 0, "disabled first" },
	{ H D "a" E D "trace disabled" E E, "a", 0, "disabled behind" },
	{ H "traceparent: 0-a-b-01" E D "trace disabled" E E, NULL, 0,
	    "disabled for all" },
	{ "NATS/1.0 503" E D "a" E E,    NULL, 0, "a status" },
	{ "NATS/1.0\n" D "a" E E,        NULL, 0, "a wrong first line" },
	{ "",                            NULL, 0, "nothing" },
	{ "N",                           NULL, 0, "next to nothing" },
	{ H,                             NULL, 0, "the first line alone" },
	{ H E,                           NULL, 0, "no field" },
	{ H ":",                         NULL, 0, "a colon alone" },
	{ H "Nats-Trace-Only: 1" E E,    NULL, 0, "only without where to" },
	{ H D "a" E "Nats-Trace-Only: 1" E E,    "a", ONLY, "only" },
	{ H D "a" E "Nats-Trace-Only: True" E E, "a", ONLY, "in a word" },
	{ H D "a" E "Nats-Trace-Only: oN" E E,   "a", ONLY, "or this one" },
	{ H D "a" E "Nats-Trace-Only: yes" E E,  "a", 0, "no word for it" },
	{ H D "a" E "Nats-Trace-Only: 0" E "Nats-Trace-Only: 1" E E, "a", 0,
	    "the first word counts" },
	{ H D "a" E "Nats-Trace-Origin-Account: A" E E, "a", ORIGIN, "origin" },
	{ H D "a" E "Nats-Trace-Origin-Account:" E E, "a", 0, "empty origin" },
	{ H "traceparent: 0-a-b-01" E E, "", PARENT, "sampled" },
	{ H "TRACEparent: 0-a-b-01" E E, "", PARENT, "in any case" },
	{ H "traceparent: ---01" E E,    "", PARENT, "parts may be empty" },
	{ H "traceparent: 0-a-b-7F" E E, "", PARENT, "other flags" },
	{ H "traceparent: 0-a-b-+1" E E, "", PARENT, "a sign" },
	{ H "traceparent: 0-a-b-00" E "traceparent: 0-a-b-01" E E, "", PARENT,
	    "any of them" },
	{ H "traceparent: 0-a-b-01" E "Nats-Trace-Only: 1" E E, "", PARENT,
	    "only is for destinations" },
	{ H "traceparent: 0-a-b-00" E E, NULL, 0, "not sampled" },
	{ H "traceparent: 0-a-b-81" E E, NULL, 0, "too large for one byte" },
	{ H "traceparent: 0-a-b-1" E E,  NULL, 0, "one digit" },
	{ H "traceparent: 0-a-b-001" E E, NULL, 0, "three" },
	{ H "traceparent: 0-a-b--1" E E, NULL, 0, "a part too many" },
	{ H "traceparent: 0-a-01" E E,   NULL, 0, "one too few" },
	{ H "traceparent: 0-a-b-0g" E E, NULL, 0, "no digit" },
	{ H "traceparent: 01" E E,       NULL, 0, "just flags" },
	{ H "traceparent: 1" E E,        NULL, 0, "less" },
};

TEST(a_trace_is_asked_for_as_the_table_says)
{
	for (size_t i = 0; i < N_OF(table); i++) {
		const char         *why = table[i].why;
		struct trace_header x = { 0 };
		bool asks = trace_header_read(slice_str(table[i].headers),
		    true, &x);

		CHECK_INT(asks, table[i].dest != NULL, "%s", why);
		if (!asks)
			continue;
		CHECK_SLICE(x.dest, slice_str(table[i].dest), "%s", why);
		CHECK_INT(x.is_only, (table[i].marks & ONLY) != 0, "%s", why);
		CHECK_INT(x.has_origin, (table[i].marks & ORIGIN) != 0, "%s",
		    why);
		CHECK_INT(x.has_parent, (table[i].marks & PARENT) != 0, "%s",
		    why);
	}
}

TEST(a_parent_asks_only_where_it_is_heeded)
{
	struct trace_header x;

	CHECK(!trace_header_read(SLICE(H "traceparent: 0-a-b-01" E E), false,
	    &x));
	CHECK(trace_header_read(SLICE(H "traceparent: 0-a-b-01" E D "a" E E),
	    false, &x));
}

static void check_fields(const char *headers, const char *want)
{
	struct buf b = { 0 };

	trace_header_put_fields(slice_str(headers), &b);
	CHECK_SLICE(buf_slice(&b), slice_str(want));
	buf_fini(&b);
}

TEST(fields_are_told_by_name_in_the_order_they_came)
{
	check_fields(H E, "{}");
	check_fields("", "{}");
	check_fields(H "b: 2" E "a: x" E "b: 1" E "B:0" E E,
	    "{\"B\":[\"0\"],\"a\":[\"x\"],\"b\":[\"2\",\"1\"]}");
	check_fields(H "a:" E ":b" E "c: d" E "e", "{\"c\":[\"d\"]}");
	check_fields(H "a: \"\x01\xff" E, "{\"a\":[\"\\\"\\u0001\\ufffd\"]}");
}

TEST(so_many_fields_that_the_list_grows)
{
	struct buf b = { 0 }, told = { 0 };
	size_t     n = 0;

	buf_put_str(&b, H);
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "k%d: v" E, i % 500);
	trace_header_put_fields(buf_slice(&b), &told);
	for (size_t i = 0; i < told.n; i++)
		n += told.p[i] == 'v';
	CHECK_INT(n, 1000);
	buf_fini(&b);
	buf_fini(&told);
}

static void check_dest(const char *headers, const char *want)
{
	struct buf b = { 0 };

	trace_header_put_dest(slice_str(headers), SLICE("new"), &b);
	CHECK_SLICE(buf_slice(&b), slice_str(want));
	buf_fini(&b);
}

TEST(another_destination_takes_the_place_of_all)
{
	check_dest(H E, H D "new" E E);
	check_dest("", H D "new" E E);
	check_dest(H D "a" E "X: y" E D "b" E E, H "X: y" E D "new" E E);
	check_dest(H "Nats-Trace-Dest:a" E E, H D "new" E E);
	check_dest(H "Nats-Trace-Destination: a" E E,
	    H "Nats-Trace-Destination: a" E D "new" E E);
	check_dest(H "X: y", H D "new" E E);
}
