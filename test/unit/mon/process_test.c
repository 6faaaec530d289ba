/* test/unit/mon/process_test.c - pairs with src/mon/process.c. */
#include "base/clock.h"
#include "check.h"
#include "mon/process.h"

TEST(cpu_is_measured_over_a_second_at_least)
{
	struct process_sampler s = { 0 };
	int64_t                t = 1000 * NS_PER_S;

	CHECK(process_cpu_percent(&s, t, 50) == 0);
	CHECK(process_cpu_percent(&s, t + NS_PER_S / 2, NS_PER_S / 2) == 0,
	    "too early to tell");
	CHECK(process_cpu_percent(&s, t + 2 * NS_PER_S, NS_PER_S + 50) == 50);
	CHECK(process_cpu_percent(&s, t + 2 * NS_PER_S + 1, 9 * NS_PER_S) == 50,
	    "asked again at once: the same");
	CHECK(process_cpu_percent(&s, t + 3 * NS_PER_S,
	    NS_PER_S + 50 + NS_PER_S / 1000 * 1235) == 123.5,
	    "several threads; tenths of a percent");
}

TEST(memory_is_known_here)
{
	CHECK(process_resident() > 100 * 1024);
	CHECK(process_resident() < INT64_C(1) << 40);
	CHECK(process_n_cores() >= 1);
}
