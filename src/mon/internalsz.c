/* mon/internalsz.c - small truths. */
#include "mon/internalsz.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/trace.h"

void ipqueuesz_write(struct buf *out)
{
	buf_put_str(out, "{}");
}

void stacksz_write(struct buf *out)
{
	static const char *const names[N_TRACE] = {
#define X(id, a, b) [TR_##id] = #id,
		TRACE_EVENTS(X)
#undef X
	};
	const struct trace_ring *ring = &trace_ring;
	uint32_t first = ring->n > TRACE_RING ? ring->n - TRACE_RING : 0;

	buf_put_str(out, "thread control [running]:\n");
	for (uint32_t i = first; i != ring->n; i++) {
		const struct trace_rec *rec = &ring->rec[i & (TRACE_RING - 1)];

		buf_printf(out, "%s %llu %llu\n", names[rec->id],
		    (unsigned long long)rec->a, (unsigned long long)rec->b);
	}
}

void expvar_write(int64_t mem_bytes, struct buf *out)
{
	buf_printf(out, "{\n\"cmdline\": [\"mote\"],\n"
	    "\"memstats\": {\"Sys\":%lld}\n}\n", (long long)mem_bytes);
}
