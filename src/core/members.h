/* core/members.h - the subscribers of one pattern, read without locks.
 *
 * Most patterns have one: then the word is the pointer to it.  Otherwise it is
 * the tagged address of an array with holes.  Adding and removing cost the
 * same for a million members as for two: a removal leaves a hole, the holes
 * are a list, an addition takes one of them or the next slot, and only a full
 * array is copied, to one of twice the size.  A member stays in its slot
 * (sub->place) while its array grows.
 *
 * One writer at a time (the sublist's lock); readers in an epoch section.
 *
 * CLAIM: a reader meets every member that stays throughout, once, and nobody
 * who was freed.  It reads one array, complete before it was published, and of
 * it the slots below the n it loaded (M3), all of which were written before
 * that n (M1, M2).  A member that stays keeps its slot within an array.  A
 * removed one is retired after its slot was overwritten, so that who still
 * loaded it is in a section that its release waits for.  Nobody is met twice,
 * because a sub is not inserted again before a grace period has passed.
 */
#ifndef CORE_MEMBERS_H
#define CORE_MEMBERS_H

#include <ck_pr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/epoch.h"

struct sub;

struct members {
	void *word;	/* NULL; a sub; or an array + 1.  Zeroed is empty */
};

struct member_array {
	struct epoch_entry retired;
	uint32_t           n;		/* slots that were ever used */
	uint32_t           cap;
	uint32_t           n_live;	/* this and the next: writer only */
	uint32_t           hole;	/* 1 + the first hole; 0: none */
	void              *slots[];	/* a sub; or a hole: odd, see members.c */
};

enum {
	/* sub->place: the upper bit is the sublist's, the rest the slot. */
	MEMBER_SLOT = 0x7fffffff,
};

/* Sets the slot bits of sub->place.  false: out of memory, no change.
 * Thread: writer. */
bool members_add(struct members *m, struct epoch_thread *e, struct sub *sub);

/* Thread: writer. */
void members_remove(struct members *m, struct epoch_thread *e,
    struct sub *sub);

static inline bool members_is_empty(const struct members *m)
{
	return m->word == NULL;
}

/* Calls visit for each until it returns false.  Thread: any, in epoch. */
static inline __attribute__((always_inline)) bool members_each(
    const struct members *m, bool (*visit)(void *ctx, struct sub *sub),
    void *ctx)
{
	void                      *word = ck_pr_load_ptr(&m->word);
	const struct member_array *a;
	uint32_t                   n;

	if (word == NULL)
		return true;
	if (((uintptr_t)word & 1) == 0)
		return visit(ctx, word);
	a = (const void *)((const char *)word - 1);
	n = ck_pr_load_32(&a->n);				/* M3 */
	ck_pr_fence_load();
	for (uint32_t i = 0; i < n; i++) {
		void *sub = ck_pr_load_ptr(&a->slots[i]);

		if (((uintptr_t)sub & 1) == 0 && !visit(ctx, sub))
			return false;
	}
	return true;
}

#endif /* CORE_MEMBERS_H */
