/* core/fanout.c - from a match to its receivers. */
#include "core/fanout.h"

#include <stdlib.h>

#include "base/compiler.h"
#include "base/random.h"
#include "core/match.h"
#include "core/msg.h"
#include "core/permissions.h"
#include "core/sub.h"

/* Bits 0 to n - 1. */
static uint64_t first_bits(uint32_t n)
{
	return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

/* Deny is checked here, on the concrete subject, for whoever delivers. */
static bool may_receive(struct sub *s, const struct run *run)
{
	/* A reload on the subscriber's worker may put another in its place;
	 * this one lives until our section ends. */
	const struct permissions *filter =
	    __atomic_load_n(&s->filter, __ATOMIC_ACQUIRE);

	if (filter == NULL ||
	    permissions_may_receive(filter, run->subject, s->queue))
		return true;
	if (run->trace != NULL)
		run->port->denied(run->port->ctx, s, run);
	return false;
}

/* Who is to be given the run at the very end. */
struct relays {
	struct sub **subs;
	size_t       n, cap;
	struct sub  *few[8];
};

/* Without memory it gets nothing, as a receiver without memory would. */
static void put_off(struct relays *r, struct sub *s)
{
	struct sub **subs;

	if (r->n == r->cap) {
		subs = realloc(r->subs == r->few ? NULL : r->subs,
		    r->cap * 2 * sizeof *subs);
		if (subs == NULL)
			return;
		if (r->subs == r->few)
			memcpy(subs, r->few, sizeof r->few);
		r->subs = subs;
		r->cap *= 2;
	}
	r->subs[r->n++] = s;
}

static uint64_t give_relays(struct relays *r, const struct run *run)
{
	uint64_t taken = 0;

	for (size_t i = 0; i < r->n; i++)
		taken |= first_bits(r->subs[i]->give(r->subs[i], run));
	if (r->subs != r->few)
		free(r->subs);
	return taken;
}

static uint64_t give_here(struct sub *const *subs, size_t n,
    const struct run *run, struct relays *relays)
{
	uint64_t taken = 0;

	for (size_t i = 0; i < n; i++)
		if (subs[i]->relays)
			put_off(relays, subs[i]);
		else if (may_receive(subs[i], run))
			taken |= first_bits(subs[i]->give(subs[i], run));
	return taken;
}

/* Those that may receive, in bunches. */
static uint64_t hand_over(struct sub *const *subs, size_t n,
    const struct run *run, const struct fanout_port *port)
{
	struct sub *bunch[64];
	uint64_t    taken = 0;

	for (size_t i = 0; i < n;) {
		size_t k = 0;

		for (; i < n && k < 64; i++)
			if (may_receive(subs[i], run))
				bunch[k++] = subs[i];
		if (k > 0 && port->hand_over(port->ctx, bunch[0]->worker,
		    bunch, k, run))
			taken = first_bits(run->n);
	}
	return taken;
}

/* match->plain is in order of worker: one stretch for each. */
static uint64_t give_plain(const struct match *match, const struct run *run,
    const struct fanout_port *port, struct relays *relays)
{
	uint64_t taken = 0;

	for (uint32_t i = 0, end; i < match->n_plain; i = end) {
		unsigned worker = match->plain[i]->worker;

		for (end = i + 1; end < match->n_plain &&
		    match->plain[end]->worker == worker; end++)
			;
		if (worker == port->worker || worker == SUB_ANYWHERE)
			taken |= give_here(match->plain + i, end - i, run,
			    relays);
		else
			taken |= hand_over(match->plain + i, end - i, run,
			    port);
	}
	return taken;
}

/* ---- queue groups --------------------------------------------------------- */

/* The members that the dice have named, and how many more messages each takes.
 * It is asked before anything is given, so that nothing has to be passed on to
 * a member that has had later messages of the run already. */
struct deal {
	const struct match_group *group;
	uint32_t                  n;
	uint32_t                  member[RUN_MAX];
	uint32_t                  room[RUN_MAX];
	uint32_t                  n_cast[RUN_MAX];	/* messages, so far */
	/* The messages of each, in order: next of the last is NOBODY. */
	uint32_t                  first[RUN_MAX], last[RUN_MAX];
	uint32_t                  next[RUN_MAX];
};
#define NOBODY UINT32_MAX

/* A member elsewhere cannot be asked; the worker there finds another one. */
static uint32_t room_of(struct sub *s, const struct run *run,
    const struct fanout_port *port)
{
	struct run nothing = *run;

	nothing.n = 0;
	if (__atomic_load_n(&s->is_closed, __ATOMIC_RELAXED) ||
	    !may_receive(s, run))
		return 0;
	return s->worker == port->worker ? s->give(s, &nothing) : UINT32_MAX;
}

static uint32_t find_in_deal(struct deal *d, uint32_t member,
    const struct run *run, const struct fanout_port *port)
{
	uint32_t k;

	for (k = 0; k < d->n; k++)
		if (d->member[k] == member)
			return k;
	/* There are as many places as messages: when all are taken, one is
	 * held by a member that was named and has no room. */
	if (d->n == RUN_MAX)
		for (k = 0; k < RUN_MAX; k++)
			if (d->room[k] == 0 && d->n_cast[k] == 0)
				break;
	if (k == RUN_MAX)
		return NOBODY;
	d->n += d->n < RUN_MAX;
	d->member[k] = member;
	d->n_cast[k] = 0;
	d->room[k] = room_of(d->group->subs[member], run, port);
	return k;
}

/* The member at, or the next one round the ring that has room. */
static uint32_t cast_one(struct deal *d, uint32_t at, const struct run *run,
    const struct fanout_port *port)
{
	for (uint32_t tries = 0; tries < d->group->n; tries++) {
		uint32_t k = find_in_deal(d, at, run, port);

		if (k == NOBODY)
			return NOBODY;
		if (d->room[k] > 0) {
			if (d->room[k] != UINT32_MAX)
				d->room[k]--;
			return k;
		}
		if (++at == d->group->n)
			at = 0;
	}
	return NOBODY;
}

/* One member's messages, as a run of their own: its memory is touched once, and
 * what travels to another worker travels together. */
static uint64_t give_share(const struct deal *d, uint32_t k,
    const struct run *run, const struct fanout_port *port)
{
	struct sub *s = d->group->subs[d->member[k]];
	struct msg  msgs[RUN_MAX] NOT_ZEROED;
	struct run  part = *run;
	uint64_t    taken = 0;
	uint32_t    n;

	if (d->n_cast[k] == 0)
		return 0;
	part.msgs = msgs;
	part.n = 0;
	part.bytes = 0;
	for (uint32_t i = d->first[k]; i != NOBODY; i = d->next[i]) {
		part.bytes += run->msgs[i].size;
		msgs[part.n++] = run->msgs[i];
	}
	if (s->worker == port->worker)
		n = s->give(s, &part);
	else
		n = port->hand_over(port->ctx, s->worker, &s, 1, &part)
		    ? part.n : 0;
	for (uint32_t i = d->first[k]; n > 0; i = d->next[i], n--)
		taken |= UINT64_C(1) << i;
	return taken;
}

static void cast_message(struct deal *d, uint32_t i, const struct run *run,
    const struct fanout_port *port)
{
	uint32_t k = cast_one(d, random_below(d->group->n), run, port);

	if (k == NOBODY)
		return;
	d->next[i] = NOBODY;
	if (d->n_cast[k]++ == 0)
		d->first[k] = i;
	else
		d->next[d->last[k]] = i;
	d->last[k] = i;
}

/* The dice are cast for every message, then each member gets its share.  What
 * a member refuses all the same (it was cut just now) is lost, as what had
 * been queued for it is. */
static uint64_t give_group(const struct match_group *group,
    const struct run *run, const struct fanout_port *port)
{
	struct deal d NOT_ZEROED;
	uint64_t    taken = 0;

	d.group = group;
	d.n = 0;
	for (uint32_t i = 0; i < run->n; i++)
		cast_message(&d, i, run, port);
	for (uint32_t k = 0; k < d.n; k++)
		taken |= give_share(&d, k, run, port);
	return taken;
}

uint64_t fanout_group(const struct match *match, struct slice queue,
    const struct run *run, const struct fanout_port *port)
{
	for (uint32_t g = 0; g < match->n_groups; g++)
		if (slice_eq(match->groups[g].subs[0]->queue, queue))
			return give_group(&match->groups[g], run, port);
	return 0;
}

uint64_t fanout(const struct match *match, const struct run *run,
    const struct fanout_port *port)
{
	struct relays relays NOT_ZEROED;
	uint64_t      taken;

	relays.subs = relays.few;
	relays.n = 0;
	relays.cap = 8;
	taken = give_plain(match, run, port, &relays);
	for (uint32_t g = 0; g < match->n_groups; g++)
		taken |= give_group(&match->groups[g], run, port);
	if (relays.n > 0)
		taken |= give_relays(&relays, run);
	return taken;
}
