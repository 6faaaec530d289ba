/* core/fanout.c - from a match to its receivers. */
#include "core/fanout.h"

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
static bool may_receive(const struct sub *s, const struct run *run)
{
	/* A reload on the subscriber's worker may put another in its place;
	 * this one lives until our section ends. */
	const struct permissions *filter =
	    __atomic_load_n(&s->filter, __ATOMIC_ACQUIRE);

	return filter == NULL ||
	    permissions_may_receive(filter, run->subject, s->queue);
}

static uint64_t give_here(struct sub *const *subs, size_t n,
    const struct run *run)
{
	uint64_t taken = 0;

	for (size_t i = 0; i < n; i++)
		if (may_receive(subs[i], run))
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
    const struct fanout_port *port)
{
	uint64_t taken = 0;

	for (uint32_t i = 0, end; i < match->n_plain; i = end) {
		unsigned worker = match->plain[i]->worker;

		for (end = i + 1; end < match->n_plain &&
		    match->plain[end]->worker == worker; end++)
			;
		if (worker == port->worker)
			taken |= give_here(match->plain + i, end - i, run);
		else
			taken |= hand_over(match->plain + i, end - i, run,
			    port);
	}
	return taken;
}

/* A refused hand-over over there is not known here; but who is known to be
 * closed or denied is passed over. */
static bool offer(struct sub *s, const struct run *one,
    const struct fanout_port *port)
{
	if (__atomic_load_n(&s->is_closed, __ATOMIC_RELAXED) ||
	    !may_receive(s, one))
		return false;
	if (s->worker == port->worker)
		return s->give(s, one) > 0;
	return port->hand_over(port->ctx, s->worker, &s, 1, one);
}

/* Message i for whoever takes it, from member at on round the ring. */
static bool offer_round(const struct match_group *group, uint32_t at,
    const struct run *run, uint32_t i, const struct fanout_port *port)
{
	struct run one = *run;

	one.msgs = &run->msgs[i];
	one.n = 1;
	one.bytes = run->msgs[i].size;
	for (uint32_t tries = 0; tries < group->n; tries++) {
		if (offer(group->subs[at], &one, port))
			return true;
		if (++at == group->n)
			at = 0;
	}
	return false;
}

/* The messages that were cast to one member, as a run of their own: its memory
 * is touched once, and what travels to another worker travels together. */
struct share {
	struct msg msgs[RUN_MAX];
	uint8_t    nr[RUN_MAX];		/* their places in the run */
	uint32_t   n;
	uint64_t   bytes;
};

static void take_share(struct share *sh, const struct run *run,
    const uint32_t *cast, uint32_t first)
{
	sh->n = 0;
	sh->bytes = 0;
	for (uint32_t i = first; i < run->n; i++) {
		if (cast[i] != cast[first])
			continue;
		sh->nr[sh->n] = (uint8_t)i;
		sh->bytes += run->msgs[i].size;
		sh->msgs[sh->n++] = run->msgs[i];
	}
}

static uint32_t offer_share(struct sub *s, const struct share *sh,
    const struct run *run, const struct fanout_port *port)
{
	struct run part = *run;

	part.msgs = sh->msgs;
	part.n = sh->n;
	part.bytes = sh->bytes;
	if (__atomic_load_n(&s->is_closed, __ATOMIC_RELAXED) ||
	    !may_receive(s, &part))
		return 0;
	if (s->worker == port->worker)
		return s->give(s, &part);
	return port->hand_over(port->ctx, s->worker, &s, 1, &part) ? sh->n : 0;
}

static uint64_t give_share(const struct match_group *group, uint32_t member,
    const struct share *sh, const struct run *run,
    const struct fanout_port *port)
{
	uint32_t n = offer_share(group->subs[member], sh, run, port);
	uint32_t next = member + 1 < group->n ? member + 1 : 0;
	uint64_t taken = 0;

	for (uint32_t k = 0; k < sh->n; k++)
		if (k < n || (group->n > 1 && offer_round(group, next, run,
		    sh->nr[k], port)))
			taken |= UINT64_C(1) << sh->nr[k];
	return taken;
}

/* The dice are cast for every message; then each member gets its share. */
static uint64_t give_group(const struct match_group *group,
    const struct run *run, const struct fanout_port *port)
{
	uint32_t     cast[RUN_MAX];
	struct share sh;
	uint64_t     taken = 0, done = 0;

	if (run->n == 1)
		return offer_round(group, random_below(group->n), run, 0, port);
	for (uint32_t i = 0; i < run->n; i++)
		cast[i] = random_below(group->n);
	for (uint32_t i = 0; i < run->n; i++) {
		if (done >> i & 1)
			continue;
		take_share(&sh, run, cast, i);
		for (uint32_t k = 0; k < sh.n; k++)
			done |= UINT64_C(1) << sh.nr[k];
		taken |= give_share(group, cast[i], &sh, run, port);
	}
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
	uint64_t taken = give_plain(match, run, port);

	for (uint32_t g = 0; g < match->n_groups; g++)
		taken |= give_group(&match->groups[g], run, port);
	return taken;
}
