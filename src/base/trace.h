/* base/trace.h - a flight recorder for each thread.
 *
 * trace() costs a few stores to thread-local memory, so it stays on in
 * production.  The last TRACE_RING events of every thread are in any core
 * file, and a failed assert prints its own before it aborts.  One table gives
 * the enum, the decoder and the documentation.
 */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <stdint.h>

#define TRACE_EVENTS(X)						\
	/* id          a          b		*/		\
	X(CONN_OPEN,   "cid",     "fd")				\
	X(CONN_CLOSE,  "cid",     "reason")			\
	X(SUB_ADD,     "cid",     "subs")			\
	X(SUB_REMOVE,  "cid",     "subs")			\
	X(SLOW,        "cid",     "pending")			\
	X(MAIL,        "from",    "n")				\
	X(RELOAD,      "ok",      "changes")

enum trace_id {
#define X(id, a, b) TR_##id,
	TRACE_EVENTS(X)
#undef X
	N_TRACE
};

enum { TRACE_RING = 256 };	/* power of two; 6 KiB for each thread */

struct trace_rec {
	uint64_t a, b;
	uint32_t id, nr;
};

extern _Thread_local struct trace_ring {
	uint32_t         n;	/* events ever; newest at (n - 1) % RING */
	struct trace_rec rec[TRACE_RING];
} trace_ring;

static inline void trace(enum trace_id id, uint64_t a, uint64_t b)
{
	uint32_t n = trace_ring.n++;

	trace_ring.rec[n & (TRACE_RING - 1)] =
	    (struct trace_rec){ .a = a, .b = b, .id = id, .nr = n };
}

/* This thread's events, oldest first, to a descriptor.  Safe in a signal. */
void trace_dump(int fd);

#endif /* BASE_TRACE_H */
