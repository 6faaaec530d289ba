/* bench/tally.h - was every message delivered once, and in order?
 *
 * Every payload carries who published it and its place in what that publisher
 * sent, from 0.  A track follows one publisher at one subscriber, where no
 * number may be missing.  A pool follows one publisher over all members of a
 * queue group: each number once in the whole, rising at each member.
 *
 * What is missing counts as lost until it comes late: then it is reordered.
 */
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* ---- what a payload says ---------------------------------------------- */

enum {
	STAMP_BYTES = 16,	/* smallest payload that can be checked */
	STAMP_TIME_BYTES = 24,	/* with a time */
	STAMP_TAIL_BYTES = 40,	/* from here on the number is at both ends */
};

struct stamp {
	uint32_t publisher;
	uint64_t seq;
	int64_t  ns;		/* 0 where the payload is too short */
};

/* n is at least STAMP_BYTES. */
void stamp_write(char *body, size_t n, const struct stamp *s);
/* False: not written by stamp_write, or torn. */
bool stamp_read(struct slice body, struct stamp *s);

/* ---- what is wrong ---------------------------------------------------- */

struct tally {
	uint64_t lost, duplicated, reordered, garbled;
};

static inline uint64_t tally_errors(const struct tally *t)
{
	return t->lost + t->duplicated + t->reordered + t->garbled;
}

/* ---- one publisher at one subscriber ---------------------------------- */

enum { TRACK_GAPS = 32 };	/* later ones stay lost, whatever comes */

struct track {
	uint64_t next;
	unsigned n_gaps;
	struct { uint64_t from, to; } *gaps;	/* allocated with the first */
};

void track_fini(struct track *t);
void track_surprise(struct track *t, uint64_t seq, struct tally *sum);

static inline void track_note(struct track *t, uint64_t seq, struct tally *sum)
{
	if (__builtin_expect(seq == t->next, 1))
		t->next++;
	else
		track_surprise(t, seq, sum);
}

/* After the last: n messages were sent. */
void track_end(struct track *t, uint64_t n, struct tally *sum);

/* ---- one publisher over a group --------------------------------------- */

struct pool {
	uint64_t *seen;		/* bit by sequence number */
	uint64_t  n_max;
	uint64_t  n_seen;
};

/* n_max: how many may be sent.  False: out of memory. */
bool pool_init(struct pool *p, uint64_t n_max);
void pool_fini(struct pool *p);
/* *floor is the member's own: one more than its last, at first 0. */
void pool_note(struct pool *p, uint64_t *floor, uint64_t seq, struct tally *sum);
void pool_end(const struct pool *p, uint64_t n, struct tally *sum);

/* Plants a loss, a duplicate, a reorder and a torn payload, and says on stderr
 * which of them went unnoticed. */
bool tally_selftest(void);

#endif /* BENCH_TALLY_H */
