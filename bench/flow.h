/* bench/flow.h - publishers that run ahead of subscribers by no more than a window.
 *
 * A publisher sends its one chunk of prepared messages again and again, with
 * new stamps.  It may be ahead of its slowest subscriber by a window of chunks:
 * wide enough that the server always has input, narrow enough that no server
 * takes an honest subscriber for a slow consumer (both cut at 64 MB a client).
 *
 * Windows: FLOW_WINDOW_BYTES for one publisher, but FLOW_TOTAL_BYTES divided by
 * the subscribers where there are many; --window changes the first.
 */
#ifndef BENCH_FLOW_H
#define BENCH_FLOW_H

#include "run.h"

#define FLOW_WINDOW_BYTES (UINT64_C(4) << 20)
#define FLOW_TOTAL_BYTES  (UINT64_C(64) << 20)

enum { FLOW_CHUNK_BYTES = 64 << 10, FLOW_CHUNKS_MAX = 1024,
	FLOW_STRIDE_MAX = 128 << 10 };

struct flow;

struct publisher {
	struct peer  peer;	/* first */
	struct flow *flow;
	uint32_t     id;
	unsigned     n_receivers;
	char        *chunk;
	size_t       line_bytes, stride;
	uint64_t     n_sent;
	uint64_t     n_chunks_done;	/* all receivers have them */
	uint32_t     passed[FLOW_CHUNKS_MAX];	/* receivers, by chunk */
};

struct subscriber {
	struct peer   peer;	/* first */
	struct flow  *flow;
	uint32_t      first, n_tracks;	/* the publishers it hears */
	struct track *tracks;
	uint64_t      floor;	/* in a group */
};

struct flow {
	struct run        *run;
	enum shape         shape;
	unsigned           n_pubs, n_subs;
	struct publisher  *pubs;
	struct subscriber *subs;
	struct pool        pool;
	size_t             payload;
	unsigned           chunk_shift;	/* messages a chunk: 1 << this */
	uint64_t           window_chunks;
	uint64_t           limit;	/* messages of one publisher, ever */
	uint64_t           n_delivered;
	int64_t            interval_ns;	/* paced: from message to message */
	int64_t            start_ns;	/* paced: of the first */
	struct hist       *hist;	/* of latencies; NULL: not asked for */
};

struct phase {
	struct usage from, to;
	uint64_t     n_sent, n_delivered;
	int64_t      gap_ns_max;	/* without any delivery */
};

/* Opens the peers of this scenario and subscribes.  False: run_fail was
 * called; flow_fini in any case. */
bool flow_init(struct flow *f, struct run *r);
void flow_fini(struct flow *f);

/* Publishes until either bound is reached and waits for the last delivery.
 * What never comes is left for flow_check to count. */
bool flow_play(struct flow *f, uint64_t messages_max, double seconds,
    struct phase *ret);

/* Adds to the run's tally what is missing at the end. */
void flow_check(struct flow *f);

#endif /* BENCH_FLOW_H */
