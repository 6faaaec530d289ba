/* core/members.c - the writer's side of core/members.h.
 *
 * A hole holds twice the number of the next hole, plus one; numbers count from
 * one, so that the last hole holds 1.
 */
#include "core/members.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/list.h"
#include "core/sub.h"

enum {
	CAP_MIN    = 4,
	CAP_MAX    = 1 << 30,
	SHRINK_CAP = 16,	/* smaller ones are not worth a copy */
};

static void set_slot(struct sub *sub, uint32_t slot)
{
	/* Its worker may be reading the other bits (sublist_pattern). */
	__atomic_store_n(&sub->place,
	    (sub->place & ~(uint32_t)MEMBER_SLOT) | slot, __ATOMIC_RELAXED);
}

static struct member_array *array_of(const struct members *m)
{
	return (struct member_array *)(void *)((char *)m->word - 1);
}

static bool is_array(const struct members *m)
{
	return ((uintptr_t)m->word & 1) != 0;
}

static bool is_hole(const void *slot)
{
	return ((uintptr_t)slot & 1) != 0;
}

static void array_release(struct epoch_entry *e)
{
	free(CONTAINER_OF(e, struct member_array, retired));
}

static struct member_array *array_create(uint32_t cap)
{
	struct member_array *a;

	a = malloc(sizeof *a + cap * sizeof a->slots[0]);
	if (a == NULL)
		return NULL;
	a->n = a->n_live = a->hole = 0;
	a->cap = cap;
	return a;
}

/* Replace what was there by word, which is complete. */
static void publish(struct members *m, struct epoch_thread *e, void *word)
{
	struct member_array *old = is_array(m) ? array_of(m) : NULL;

	ck_pr_fence_store();
	ck_pr_store_ptr(&m->word, word);
	if (old != NULL)
		epoch_defer(e, &old->retired, array_release);
}

static void publish_array(struct members *m, struct epoch_thread *e,
    struct member_array *a)
{
	publish(m, e, (char *)a + 1);
}

static bool add_second(struct members *m, struct epoch_thread *e,
    struct sub *sub)
{
	struct member_array *a = array_create(CAP_MIN);
	struct sub          *first = m->word;

	if (a == NULL)
		return false;
	a->slots[0] = first;
	a->slots[1] = sub;
	a->n = a->n_live = 2;
	set_slot(first, 0);
	set_slot(sub, 1);
	publish_array(m, e, a);
	return true;
}

/* The full array's members, in their places, in one of twice the size. */
static struct member_array *array_grow(struct members *m,
    struct epoch_thread *e)
{
	struct member_array *old = array_of(m), *a;

	if (old->cap >= CAP_MAX)
		return NULL;
	a = array_create(old->cap * 2);
	if (a == NULL)
		return NULL;
	memcpy(a->slots, old->slots, old->n * sizeof a->slots[0]);
	a->n = a->n_live = old->n;
	publish_array(m, e, a);
	return a;
}

static void fill_hole(struct member_array *a, struct sub *sub)
{
	uint32_t slot = a->hole - 1;

	a->hole = (uint32_t)((uintptr_t)a->slots[slot] >> 1);
	set_slot(sub, slot);
	ck_pr_fence_store();
	ck_pr_store_ptr(&a->slots[slot], sub);
	a->n_live++;
}

bool members_add(struct members *m, struct epoch_thread *e, struct sub *sub)
{
	struct member_array *a;

	if (m->word == NULL) {
		set_slot(sub, 0);
		publish(m, e, sub);
		return true;
	}
	if (!is_array(m))
		return add_second(m, e, sub);
	a = array_of(m);
	if (a->hole != 0) {
		fill_hole(a, sub);
		return true;
	}
	if (a->n == a->cap)
		a = array_grow(m, e);
	if (a == NULL)
		return false;
	set_slot(sub, a->n);
	ck_pr_store_ptr(&a->slots[a->n], sub);		/* M1 */
	ck_pr_fence_store();
	ck_pr_store_32(&a->n, a->n + 1);		/* M2 */
	a->n_live++;
	return true;
}

/* Mostly holes: the members move together.  Without memory they stay. */
static void array_shrink(struct members *m, struct epoch_thread *e)
{
	struct member_array *old = array_of(m);
	struct member_array *a = array_create(old->cap / 4);

	if (a == NULL)
		return;
	for (uint32_t i = 0; i < old->n; i++) {
		if (is_hole(old->slots[i]))
			continue;
		set_slot(old->slots[i], a->n);
		a->slots[a->n++] = old->slots[i];
	}
	a->n_live = a->n;
	publish_array(m, e, a);
}

static struct sub *only_member(const struct member_array *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (!is_hole(a->slots[i]))
			return a->slots[i];
	return NULL;
}

void members_remove(struct members *m, struct epoch_thread *e,
    struct sub *sub)
{
	struct member_array *a;
	uint32_t             slot = sub->place & MEMBER_SLOT;

	if (!is_array(m)) {
		assert(m->word == sub);
		ck_pr_store_ptr(&m->word, NULL);
		return;
	}
	a = array_of(m);
	assert(slot < a->n && a->slots[slot] == sub);
	ck_pr_store_ptr(&a->slots[slot],
	    (void *)((uintptr_t)a->hole << 1 | 1));
	a->hole = slot + 1;
	a->n_live--;
	if (a->n_live == 1) {
		struct sub *last = only_member(a);

		set_slot(last, 0);
		publish(m, e, last);
	} else if (a->cap >= SHRINK_CAP && a->n_live <= a->cap / 8) {
		array_shrink(m, e);
	}
}
