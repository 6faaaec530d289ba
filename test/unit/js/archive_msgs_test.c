/* archive_msgs_test.c - entries, as written and as nats-server wrote one. */
#include "js/archive_msgs.h"

#include "base/err.h"
#include "check.h"

TEST(an_entry_comes_back)
{
	const struct msgs_entry to = { .name = SLICE("orders.new"),
		.ts_ns = INT64_C(-1700000000123456789), .seq = UINT64_C(1) << 60,
		.hdr = SLICE("NATS/1.0\r\n\r\n"), .body = SLICE("x") };
	struct msgs_entry       e;
	struct buf              b = { 0 };
	struct slice            in;

	msgs_put(&b, &to);
	for (size_t n = 0; n < b.n; n++) {
		in = slice_of(b.p, n);
		CHECK_INT(msgs_next(&in, &e), 0, "%zu bytes of it", n);
	}
	in = buf_slice(&b);
	CHECK_INT(msgs_next(&in, &e), 1);
	CHECK_INT(in.n, 0);
	CHECK_SLICE(e.name, to.name);
	CHECK_SLICE(e.hdr, to.hdr);
	CHECK_SLICE(e.body, to.body);
	CHECK(e.seq == to.seq && e.ts_ns == to.ts_ns && !msgs_is_end(&e));
	buf_fini(&b);
}

TEST(the_last_one_is_all_zeros)
{
	struct slice      in = SLICE("\0\0\0\0\0");
	struct msgs_entry e;

	CHECK_INT(msgs_next(&in, &e), 1);
	CHECK(msgs_is_end(&e));
}

TEST(numbers_out_of_bounds_are_refused)
{
	static const struct { const char *why; struct slice bytes; } t[] = {
		{ "a name too long", { "\x81\x80\x40\0\1\0\0", 7 } },
		{ "headers too long", { "\1\0\1\xff\xff\xff\xff\x7f\0", 9 } },
		{ "a payload too long", { "\1\0\1\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 14 } },
		{ "a number without end", { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11 } },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct slice      in = t[i].bytes;
		struct msgs_entry e;

		CHECK_INT(msgs_next(&in, &e), ERR_CORRUPT, "%s", t[i].why);
	}
}
