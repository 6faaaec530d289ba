/* core/rate.h - how much may be published in a second, by many together.
 *
 * A bucket of one second's worth of messages and one of bytes, shared by all
 * connections of a user or an account, whatever worker they are on.  What was
 * published is taken after the fact, so that a message larger than the bucket
 * passes too: the debt is paid by waiting.  Nothing is ever dropped.  Who took
 * last waits longest, so those that share a bucket take turns.
 */
#ifndef CORE_RATE_H
#define CORE_RATE_H

#include <stdint.h>

struct rate;

struct rate_stats {
	uint64_t n_waits;	/* how often somebody was told to wait */
	uint64_t wait_ns;	/* for how long, in sum */
};

/* Per second; 0 and less: no limit of that kind.  The caller owns a reference.
 * NULL: out of memory. */
struct rate *rate_create(int64_t msgs_per_s, int64_t bytes_per_s);
struct rate *rate_ref(struct rate *r);	/* takes NULL */
void rate_unref(struct rate *r);	/* takes NULL */

/* So much has been published; how long the publisher has to be silent now, in
 * nanoseconds.  now_ns: clock_ns().  Thread: any. */
int64_t rate_take(struct rate *r, uint64_t msgs, uint64_t bytes,
    int64_t now_ns);

/* For monitoring.  Thread: any. */
struct rate_stats rate_stats(const struct rate *r);

#endif /* CORE_RATE_H */
