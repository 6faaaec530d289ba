/* bench/hist.h - a histogram of latencies, 1.6 % apart, in fixed memory. */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdbool.h>
#include <stdint.h>

enum { HIST_SUB_BITS = 7, HIST_ROWS = 64 - HIST_SUB_BITS,
	HIST_SUBS = 1 << HIST_SUB_BITS };

struct hist {
	uint64_t n;
	int64_t  max_ns;
	uint64_t count[HIST_ROWS][HIST_SUBS];
};

/* Below zero counts as zero. */
void hist_add(struct hist *h, int64_t ns);

/* The upper edge of the bucket below which lies this share (0..1), never more
 * than the largest value seen; 0 when empty. */
int64_t hist_at(const struct hist *h, double share);

/* Says on stderr when percentiles of known values are wrong. */
bool hist_selftest(void);

#endif /* BENCH_HIST_H */
