/* bench/hist.c - rows double in width; each has equal steps. */
#include "hist.h"

#include <stddef.h>
#include <stdio.h>

/* Row 0 holds 0..SUBS-1 one by one.  Row r > 0 holds [SUBS << (r-1), SUBS << r)
 * in steps of 1 << r, in the upper half of its subscripts. */
static unsigned row_of(uint64_t v)
{
	unsigned bits = v == 0 ? 0 : 64 - (unsigned)__builtin_clzll(v);

	return bits <= HIST_SUB_BITS ? 0 : bits - HIST_SUB_BITS;
}

void hist_add(struct hist *h, int64_t ns)
{
	uint64_t v = ns < 0 ? 0 : (uint64_t)ns;
	unsigned row = row_of(v);

	if (row >= HIST_ROWS)
		row = HIST_ROWS - 1;
	h->count[row][(v >> row) & (HIST_SUBS - 1)]++;
	h->n++;
	if ((int64_t)v > h->max_ns)
		h->max_ns = (int64_t)v;
}

int64_t hist_at(const struct hist *h, double share)
{
	uint64_t rank = (uint64_t)(share * (double)h->n), sum = 0;

	for (unsigned row = 0; row < HIST_ROWS && rank < h->n; row++) {
		for (unsigned i = 0; i < HIST_SUBS; i++) {
			uint64_t edge = (((uint64_t)i + 1) << row) - 1;

			sum += h->count[row][i];
			if (sum > rank && edge < (uint64_t)h->max_ns)
				return (int64_t)edge;
			if (sum > rank)
				return h->max_ns;
		}
	}
	return h->max_ns;
}

/* 1 ms, 2 ms, ... 10 s, each once: the share is the value. */
bool hist_selftest(void)
{
	static const double shares[] = { 0, 0.01, 0.5, 0.9, 0.99, 0.999 };
	static struct hist  h;
	bool                ok = hist_at(&h, 0.5) == 0;

	hist_add(&h, -5);
	ok &= hist_at(&h, 0.5) == 0;
	for (int64_t ms = 1; ms <= 10000; ms++)
		hist_add(&h, ms * 1000000);
	for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
		double want = shares[i] * 1e10;
		double got = (double)hist_at(&h, shares[i]);

		ok &= got >= want * 0.999 && got <= want * 1.02 + 1e6;
	}
	ok &= hist_at(&h, 1) == INT64_C(10000000000);
	if (!ok)
		fputs("selftest: percentiles\n", stderr);
	return ok;
}
