/* bench/hist.c - rows double in width; each has equal steps. */
#include "hist.h"

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

	for (unsigned row = 0; row < HIST_ROWS; row++) {
		for (unsigned i = 0; i < HIST_SUBS; i++) {
			int64_t edge = (int64_t)(((uint64_t)i + 1) << row) - 1;

			sum += h->count[row][i];
			if (sum > rank)
				return edge < h->max_ns ? edge : h->max_ns;
		}
	}
	return h->max_ns;
}
