/* store/subjects_int.h - the tree of subjects, for who changes it and who walks it.
 *
 * A node stands for the bytes on the way to it; prefix are those that it adds
 * to its parent's choice.  Its children are chosen by the next byte, in order;
 * "here" is the subject that ends at the node.  A child is a node or, with the
 * lowest bit set, an entry with the rest of its subject as suffix.
 */
#ifndef STORE_SUBJECTS_INT_H
#define STORE_SUBJECTS_INT_H

#include "base/buf.h"
#include "store/subjects.h"

struct node {
	uint64_t              n_msgs;
	struct subject_entry *here;
	uint16_t              prefix_len, n, cap;
	void                 *child[];	/* cap, then cap keys, then prefix */
};

/* Where a walk is in the pattern. */
struct place {
	uint32_t at;
	bool     is_star;	/* inside the token that the * at "at" takes */
};

struct frame {
	const struct node *node;
	struct place       place;	/* behind the node's prefix */
	uint32_t           path_len;
	uint16_t           next;
	bool               was_here;
};

struct subjects {
	void         *root;	/* as a child */
	uint64_t      n_subjects, memory;
	struct frame *frames;
	size_t        frames_cap;
	struct buf    path;
};

static inline uint8_t *node_keys(const struct node *x)
{
	return (uint8_t *)&x->child[x->cap];
}

static inline char *node_prefix(const struct node *x)
{
	return (char *)node_keys(x) + x->cap;
}

static inline bool is_entry(const void *child)
{
	return ((uintptr_t)child & 1) != 0;
}

static inline struct subject_entry *entry_of(void *child)
{
	return (struct subject_entry *)(void *)((char *)child - 1);
}

static inline void *child_of(struct subject_entry *e)
{
	return (char *)e + 1;
}

#endif /* STORE_SUBJECTS_INT_H */
