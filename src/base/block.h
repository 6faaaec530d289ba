/* base/block.h - counted memory that messages lie in while they travel.
 *
 * Whoever keeps a pointer into a block beyond the call that showed it holds a
 * reference.  Counting is atomic: blocks cross threads.
 */
#ifndef BASE_BLOCK_H
#define BASE_BLOCK_H

#include <stddef.h>
#include <stdint.h>

struct block {
	uint32_t n_refs;
	uint32_t reserved;
	size_t   cap;
	char     data[];
};

/* One reference, the caller's.  NULL: out of memory. */
struct block *block_create(size_t cap);

struct block *block_ref(struct block *b);
void block_unref(struct block *b);	/* takes NULL */

/* Is the caller's reference the only one?  Once true it stays so until the
 * caller gives another away. */
static inline int block_is_mine(const struct block *b)
{
	return __atomic_load_n(&b->n_refs, __ATOMIC_ACQUIRE) == 1;
}

#endif /* BASE_BLOCK_H */
