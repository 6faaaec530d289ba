/* headers_test.c - exact names, the first occurrence, blocks that are cut. */
#include "js/headers.h"

#include "base/buf.h"
#include "check.h"

#define BLOCK "NATS/1.0\r\nA: one\r\nAb:  two \r\nA: three\r\nC:\r\n\r\n"

TEST(a_header_is_found_by_its_exact_name)
{
	static const struct { const char *name, *value; } t[] = {
		{ "A", "one" }, { "Ab", "two" }, { "C", "" }, { "a", NULL },
		{ "AB", NULL }, { "NATS/1.0", NULL }, { "one", NULL },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct slice v = SLICE_NONE;
		bool         is_there = js_header_get(SLICE(BLOCK),
		    slice_str(t[i].name), &v);

		CHECK(is_there == (t[i].value != NULL), "%s", t[i].name);
		if (is_there)
			CHECK_SLICE(v, slice_str(t[i].value), "%s", t[i].name);
	}
}

TEST(a_block_that_is_cut_holds_what_is_whole)
{
	struct slice v;

	for (size_t n = 0; n < sizeof BLOCK; n++)
		CHECK(js_header_get(slice_of(BLOCK, n), SLICE("Ab"), &v) ==
		    (n >= 29), "cut at %zu", n);
}

TEST(headers_are_added_and_taken_away)
{
	struct buf b = { 0 };

	js_headers_begin(&b, SLICE("NATS/1.0\r\nA: 1\r\n\r\n"));
	js_header_put(&b, "B", SLICE("2"));
	js_header_put_u64(&b, "C", 3);
	js_headers_end(&b);
	CHECK_SLICE(buf_slice(&b), SLICE("NATS/1.0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n"));
	buf_reset(&b);
	js_headers_begin(&b, SLICE_NONE);
	js_headers_end(&b);
	CHECK_SLICE(buf_slice(&b), SLICE("NATS/1.0\r\n\r\n"));
	buf_reset(&b);
	js_headers_begin_without(&b, SLICE("NATS/1.0 503\r\nNats-TTL: 1\r\n"
	    "A: 1\r\n\r\n"), js_header_is_ttl);
	js_headers_end(&b);
	CHECK_SLICE(buf_slice(&b), SLICE("NATS/1.0\r\nA: 1\r\n\r\n"));
	buf_fini(&b);
}
