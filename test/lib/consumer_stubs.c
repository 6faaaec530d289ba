/* test/lib/consumer_stubs.c - stand-ins, weak: the real ones win where linked. */
#include "js/advisory.h"

#define WEAK __attribute__((weak))

WEAK void advisory_consumer_action(const struct consumer *c, const char *a)
{
	(void)c, (void)a;
}

WEAK void advisory_max_deliver(const struct consumer *c, uint64_t seq,
    uint64_t n)
{
	(void)c, (void)seq, (void)n;
}

WEAK void advisory_naked(const struct consumer *c, uint64_t cseq, uint64_t seq,
    uint64_t n)
{
	(void)c, (void)cseq, (void)seq, (void)n;
}

WEAK void advisory_terminated(const struct consumer *c, uint64_t cseq,
    uint64_t seq, uint64_t n, struct slice reason)
{
	(void)c, (void)cseq, (void)seq, (void)n, (void)reason;
}

WEAK void advisory_paused(const struct consumer *c, bool is_paused, int64_t t)
{
	(void)c, (void)is_paused, (void)t;
}

WEAK void advisory_pinned(const struct consumer *c, struct slice group,
    struct slice id)
{
	(void)c, (void)group, (void)id;
}

WEAK void advisory_unpinned(const struct consumer *c, struct slice group,
    const char *reason)
{
	(void)c, (void)group, (void)reason;
}

WEAK void advisory_ack_metric(const struct consumer *c, uint64_t cseq,
    uint64_t seq, int64_t t, uint64_t n)
{
	(void)c, (void)cseq, (void)seq, (void)t, (void)n;
}
