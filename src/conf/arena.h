/* conf/arena.h - memory that is given back all at once, and wiped.
 *
 * A configuration holds passwords anywhere, so nothing that was read from one
 * goes back to the heap as it was.
 */
#ifndef CONF_ARENA_H
#define CONF_ARENA_H

#include <stdbool.h>
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

/* The files that were read into it, the latest first. */
struct arena_file {
	const char              *path;
	const struct arena_file *next;
};

/* path is kept as it is, and is to live as long.  false: out of memory. */
bool arena_add_file(struct conf_arena *a, const char *path);
const struct arena_file *arena_files(const struct conf_arena *a);

#endif /* CONF_ARENA_H */
