/* base/trace.c - the rings, and the last words of a failed assert. */
#include "base/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"

_Thread_local struct trace_ring trace_ring;

static const struct {
	const char *name, *a, *b;
} events[N_TRACE] = {
#define X(id, a, b) [TR_##id] = { #id, a, b },
	TRACE_EVENTS(X)
#undef X
};

void trace_dump(int fd)
{
	uint32_t n = trace_ring.n;
	uint32_t at = n > TRACE_RING ? n - TRACE_RING : 0;

	for (; at != n; at++) {
		const struct trace_rec *r =
		    &trace_ring.rec[at & (TRACE_RING - 1)];

		if (r->id < N_TRACE)
			dprintf(fd, "%u %s %s=%llu %s=%llu\n", r->nr,
			    events[r->id].name, events[r->id].a,
			    (unsigned long long)r->a, events[r->id].b,
			    (unsigned long long)r->b);
	}
}

void assert_failed(const char *what, const char *file, int line)
{
	dprintf(STDERR_FILENO, "%s:%d: assertion failed: %s\n", file, line,
	    what);
	trace_dump(STDERR_FILENO);
	abort();
}
