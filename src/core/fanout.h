/* core/fanout.h - from a match to its receivers.
 *
 * Every plain subscription gets every message of the run; of each queue group
 * one member gets each message, picked at random over all members whichever
 * worker they live on, and the next one round the ring if that one refuses.
 * Receivers of this worker are called; those of each other worker are handed
 * over together, with the run, once.
 */
#ifndef CORE_FANOUT_H
#define CORE_FANOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct match;
struct run;
struct sub;

struct fanout_port {
	unsigned worker;	/* this one */
	void    *ctx;		/* its hub: for hand_over, and for gives */
	/* The run, or a part of it, for these subscriptions of that worker.
	 * All is copied before return.  False: out of memory, nobody got it. */
	bool   (*hand_over)(void *ctx, unsigned worker, struct sub *const *subs,
	    size_t n, const struct run *run);
	/* Of a run that is traced: the subscription, of any worker, may not
	 * receive it. */
	void   (*denied)(void *ctx, struct sub *s, const struct run *run);
};

/* Bit i is set when somebody took, or was sent, the run's message i.  Those
 * that publish in turn (sub->relays) are given the run when the match is not
 * needed any more, so they may look for another.
 * Thread: worker, in the epoch section that produced the match. */
uint64_t fanout(const struct match *match, const struct run *run,
    const struct fanout_port *port);

/* The same for one group alone, by name: for messages that a member on another
 * worker turned out not to take. */
uint64_t fanout_group(const struct match *match, struct slice queue,
    const struct run *run, const struct fanout_port *port);

#endif /* CORE_FANOUT_H */
