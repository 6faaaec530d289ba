/* core/table.h - a hash index that is read without locks.
 *
 * Maps a 32-bit hash to items; which of the items with that hash is meant, the
 * caller's is_it says by looking at the item.  It knows nothing else of them
 * and never touches one when it grows.  It grows and shrinks in steps of a few
 * kilobytes, so no change takes longer than microseconds; empty it owns
 * nothing.  The scheme is at the top of table.c.  Zeroed is empty.
 *
 * One writer at a time (the caller's lock); readers in an epoch section.
 */
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#include <ck_pr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/epoch.h"

enum {
	TABLE_BUCKET_SLOTS = 5,		/* fill a cache line */
	TABLE_ALIGN        = 64,	/* leaves 6 bits for the size code */

	/* What a slot's hash says when it is none; table_hash avoids both. */
	TABLE_EMPTY = 0,
	TABLE_GRAVE = 1,
};

struct table_bucket {
	uint32_t hash[TABLE_BUCKET_SLOTS];
	void    *item[TABLE_BUCKET_SLOTS];
} __attribute__((aligned(TABLE_ALIGN)));

struct table_segment {
	/* Written, and read, by the writer only. */
	struct epoch_entry retired;
	uint32_t           n_used;	/* items and graves */
	uint32_t           n_items;
	uint8_t            depth;	/* bits of the hash that are common */
	uint8_t            code;	/* of the size */

	struct table_bucket buckets[];
};

struct table_directory {
	struct epoch_entry retired;
	uint32_t           depth;	/* constant */
	uint32_t           n_deepest;	/* writer: segments of that depth */
	void              *segments[];	/* 2^depth, each with its size code */
};

struct table {
	struct table_directory *directory;
	size_t                  n_items;	/* writer */
};

/* false: out of memory, and nothing has changed.  item is not NULL, and not
 * in the table.  Thread: writer. */
bool table_insert(struct table *t, struct epoch_thread *e, uint32_t hash,
    void *item);

/* item must be in the table under that hash.  Thread: writer. */
void table_remove(struct table *t, struct epoch_thread *e, uint32_t hash,
    const void *item);

/* Calls visit for every item until it returns false.  Thread: writer. */
bool table_each(const struct table *t, bool (*visit)(void *ctx, void *item),
    void *ctx);

/* Frees what it owns at once.  No reader may be left. */
void table_fini(struct table *t);

/* The 32 bits the table wants of a good 64-bit hash. */
static inline uint32_t table_hash(uint64_t hash)
{
	uint32_t h = (uint32_t)(hash >> 32);

	return h <= TABLE_GRAVE ? h + 2 : h;
}

/* Sizes are 1, 1, 2, 3, 4, 6, 8, 12, 16, ... buckets. */
static inline uint32_t table_size(unsigned code)
{
	return (uint32_t)(2 | (code & 1)) << (code >> 1) >> 1;
}

/* The directory goes by the upper bits, so multiply the others upwards. */
static inline uint32_t table_home(uint32_t hash, uint32_t size)
{
	return (uint32_t)((uint64_t)(uint32_t)(hash * 0x9e3779b1u) * size >> 32);
}

static inline uint32_t table_place(const struct table_directory *d,
    uint32_t hash)
{
	return (uint32_t)((uint64_t)hash >> (32 - d->depth));
}

static inline struct table_segment *table_untag(void *tagged, unsigned *code)
{
	uintptr_t w = (uintptr_t)tagged;

	*code = w & (TABLE_ALIGN - 1);
	return (struct table_segment *)(w & ~(uintptr_t)(TABLE_ALIGN - 1));
}

/* Bring the first bucket near while something else is done; a writer wants the
 * segment's counts as well. */
static inline void table_prefetch(const struct table *t, uint32_t hash,
    bool is_writer)
{
	struct table_directory *d = ck_pr_load_ptr(&t->directory);
	struct table_segment   *s;
	unsigned                code;

	if (d == NULL)
		return;
	s = table_untag(ck_pr_load_ptr(&d->segments[table_place(d, hash)]),
	    &code);
	__builtin_prefetch(&s->buckets[table_home(hash, table_size(code))]);
	if (is_writer)
		__builtin_prefetch(s, 1);
}

/* The item with this hash for which is_it(item, key); NULL: none.
 * Thread: any, in epoch. */
static inline __attribute__((always_inline)) void *table_find(
    const struct table *t, uint32_t hash,
    bool (*is_it)(const void *item, const void *key), const void *key)
{
	struct table_directory *d = ck_pr_load_ptr(&t->directory);
	struct table_segment   *s;
	unsigned                code;
	uint32_t                size, at;

	if (d == NULL)
		return NULL;
	s = table_untag(ck_pr_load_ptr(&d->segments[table_place(d, hash)]),
	    &code);
	size = table_size(code);
	at = table_home(hash, size);
	for (uint32_t i = 0; i < size; i++) {
		const struct table_bucket *b = &s->buckets[at];

		for (int k = 0; k < TABLE_BUCKET_SLOTS; k++) {
			uint32_t h = ck_pr_load_32(&b->hash[k]);	/* F1 */
			void    *item;

			if (h == TABLE_EMPTY)
				return NULL;
			if (h != hash)
				continue;
			ck_pr_fence_load();
			item = ck_pr_load_ptr(&b->item[k]);		/* F2 */
			if (item != NULL && is_it(item, key))
				return item;
		}
		at = at + 1 == size ? 0 : at + 1;
	}
	return NULL;
}

#endif /* CORE_TABLE_H */
