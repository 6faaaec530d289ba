/* base/block.c - counted memory. */
#include "base/block.h"

#include <stdlib.h>

struct block *block_create(size_t cap)
{
	struct block *b;
	size_t        n;

	if (__builtin_add_overflow(cap, sizeof *b, &n))
		return NULL;
	b = malloc(n);
	if (b != NULL) {
		b->n_refs = 1;
		b->reserved = 0;
		b->cap = cap;
	}
	return b;
}

struct block *block_ref(struct block *b)
{
	__atomic_fetch_add(&b->n_refs, 1, __ATOMIC_RELAXED);
	return b;
}

void block_unref(struct block *b)
{
	if (b != NULL &&
	    __atomic_fetch_sub(&b->n_refs, 1, __ATOMIC_ACQ_REL) == 1)
		free(b);
}
