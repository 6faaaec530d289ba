/* counter_test.c - sums of any length, against arithmetic that is known. */
#include "js/counter.h"

#include "base/buf.h"
#include "check.h"

static const char *sum(const char *a, const char *b)
{
	static struct buf out;

	buf_reset(&out);
	counter_add(slice_str(a), slice_str(b), &out);
	buf_put_char(&out, '\0');
	return out.p;
}

TEST(sums_are_right_beyond_what_a_machine_counts)
{
	static const struct { const char *a, *b, *sum; } t[] = {
		{ "", "5", "5" }, { "0", "0", "0" }, { "-0", "+0", "0" },
		{ "1", "-1", "0" }, { "-7", "-8", "-15" }, { "10", "-1", "9" },
		{ "1", "-10", "-9" }, { "999", "1", "1000" },
		{ "1000", "-1", "999" }, { "0007", "+03", "10" },
		{ "99999999999999999999999999999999", "1",
		  "100000000000000000000000000000000" },
		{ "-100000000000000000000000000000000", "1",
		  "-99999999999999999999999999999999" },
		{ "18446744073709551616", "-18446744073709551616", "0" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK_STR(sum(t[i].a, t[i].b), t[i].sum, "row %zu", i);
		CHECK_STR(sum(t[i].b, t[i].a), t[i].sum, "row %zu", i);
	}
}

TEST(small_sums_agree_with_the_machine)
{
	char a[16], b[16], want[16];

	for (int x = -120; x <= 120; x += 7)
		for (int y = -120; y <= 120; y++) {
			snprintf(a, sizeof a, "%d", x);
			snprintf(b, sizeof b, "%d", y);
			snprintf(want, sizeof want, "%d", x + y);
			CHECK_STR(sum(a, b), want, "%s + %s", a, b);
		}
}

TEST(what_is_taken_away_comes_back)
{
	struct buf out = { 0 };

	counter_subtract(SLICE("5"), SLICE("12"), &out);
	CHECK_SLICE(buf_slice(&out), SLICE("-7"), "5 - 12");
	buf_reset(&out);
	counter_subtract(SLICE("-5"), SLICE("-5"), &out);
	CHECK_SLICE(buf_slice(&out), SLICE("0"), "-5 - -5");
	buf_reset(&out);
	counter_subtract(SLICE("3"), SLICE(""), &out);
	CHECK_SLICE(buf_slice(&out), SLICE("3"), "3 - nothing");
	buf_fini(&out);
}

TEST(numbers_are_digits_after_one_sign)
{
	static const struct { const char *text; bool is; } t[] = {
		{ "1", true }, { "+1", true }, { "-1", true }, { "007", true },
		{ "", false }, { "+", false }, { "-", false }, { "--1", false },
		{ "1-", false }, { "1.0", false }, { " 1", false },
		{ "0x1", false }, { "1e3", false },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK(counter_is_number(slice_str(t[i].text)) == t[i].is, "%s",
		    t[i].text);
}

TEST(a_body_is_read_and_written)
{
	static const char *const wrong[] = { "", "{}", "{\"val\":1}",
		"{\"val\":\"x\"}", "[\"val\"]", "{\"val\":\"1\"", "1" };
	struct buf value = { 0 }, body = { 0 };

	CHECK(counter_read(SLICE("{\"val\":\"-12\"}"), &value), "read");
	CHECK_SLICE(buf_slice(&value), SLICE("-12"), "value");
	counter_write(buf_slice(&value), &body);
	CHECK_SLICE(buf_slice(&body), SLICE("{\"val\":\"-12\"}"), "body");
	for (size_t i = 0; i < N_OF(wrong); i++)
		CHECK(!counter_read(slice_str(wrong[i]), &value), "%s",
		    wrong[i]);
	buf_fini(&value);
	buf_fini(&body);
}

