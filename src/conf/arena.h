/* conf/arena.h - memory that is given back all at once, and wiped.
 *
 * A configuration holds passwords anywhere, so nothing that was read from one
 * goes back to the heap as it was.
 */
#ifndef CONF_ARENA_H
#define CONF_ARENA_H

#include <stddef.h>

#include "base/slice.h"

struct conf_arena;

/* NULL: out of memory. */
struct conf_arena *arena_create(void);

/* Wipes, then frees.  Takes NULL. */
void arena_destroy(struct conf_arena *a);

/* Zeroed, aligned for any object, valid as long as the arena.  NULL: out of
 * memory, or count * size overflows. */
void *arena_alloc(struct conf_arena *a, size_t count, size_t size);

/* A copy with a NUL behind it; its p is NULL when memory ran out. */
struct slice arena_copy(struct conf_arena *a, struct slice s);

#endif /* CONF_ARENA_H */
