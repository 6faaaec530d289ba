/* js/pending.c - a sorted array with gaps. */
#include "js/pending.h"

#include <stdlib.h>
#include <string.h>

enum { SQUEEZE_FROM = 64 };

void pending_fini(struct pending *p)
{
	free(p->v);
	*p = (struct pending){ 0 };
}

void pending_clear(struct pending *p)
{
	p->first = p->end = p->n = p->n_again = 0;
}

static void squeeze(struct pending *p)
{
	size_t n = 0;

	for (size_t i = p->first; i < p->end; i++)
		if (p->v[i].n_delivered > 0)
			p->v[n++] = p->v[i];
	p->first = 0;
	p->end = n;
}

static bool make_room(struct pending *p)
{
	struct pending_entry *v;
	size_t                cap = p->cap == 0 ? 16 : 2 * p->cap;

	if (p->end < p->cap)
		return true;
	if (p->n < p->cap / 2) {
		squeeze(p);
		return true;
	}
	v = reallocarray(p->v, cap, sizeof *v);
	if (v == NULL)
		return false;
	p->v = v;
	p->cap = cap;
	return true;
}

static size_t lower_bound(const struct pending *p, uint64_t seq)
{
	size_t low = p->first, high = p->end;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (p->v[mid].seq < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Nearly always at the end. */
static struct pending_entry *open_gap(struct pending *p, uint64_t seq)
{
	size_t i = p->end;

	if (p->end > p->first && p->v[p->end - 1].seq >= seq)
		i = lower_bound(p, seq);
	memmove(&p->v[i + 1], &p->v[i], (p->end - i) * sizeof *p->v);
	p->end++;
	return &p->v[i];
}

struct pending_entry *pending_add(struct pending *p, uint64_t seq,
    uint64_t first_cseq, int64_t since_ns)
{
	struct pending_entry *e;

	if (!make_room(p))
		return NULL;
	e = open_gap(p, seq);
	*e = (struct pending_entry){ .seq = seq, .first_cseq = first_cseq,
		.since_ns = since_ns, .n_delivered = 1 };
	p->n++;
	return e;
}

struct pending_entry *pending_from(const struct pending *p, uint64_t seq)
{
	for (size_t i = lower_bound(p, seq); i < p->end; i++)
		if (p->v[i].n_delivered > 0)
			return &p->v[i];
	return NULL;
}

struct pending_entry *pending_find(const struct pending *p, uint64_t seq)
{
	size_t i = lower_bound(p, seq);

	return i < p->end && p->v[i].seq == seq && p->v[i].n_delivered > 0
	    ? &p->v[i] : NULL;
}

void pending_remove(struct pending *p, struct pending_entry *e)
{
	p->n_again -= e->n_delivered > 1;
	p->n--;
	e->n_delivered = 0;
	if (p->n == 0) {
		p->first = p->end = 0;
		return;
	}
	while (p->v[p->first].n_delivered == 0)
		p->first++;
	if (p->end - p->first > SQUEEZE_FROM &&
	    p->n < (p->end - p->first) / 2)
		squeeze(p);
}

void pending_recount(struct pending *p, struct pending_entry *e,
    uint32_t n_delivered)
{
	p->n_again -= e->n_delivered > 1;
	e->n_delivered = n_delivered;
	p->n_again += n_delivered > 1;
}

struct pending_entry *pending_first(const struct pending *p)
{
	return p->n == 0 ? NULL : &p->v[p->first];
}

struct pending_entry *pending_next(const struct pending *p,
    const struct pending_entry *e)
{
	const struct pending_entry *end = p->v + p->end;

	for (e++; e < end; e++)
		if (e->n_delivered > 0)
			return (struct pending_entry *)(uintptr_t)e;
	return NULL;
}
