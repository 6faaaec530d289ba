/* conf/arena.c - chunks of 16 KiB, or one for each larger object. */
#include "conf/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 16384, ALIGN = alignof(max_align_t) };

struct chunk {
	struct chunk *next;
	size_t        used, cap;
	alignas(max_align_t) char bytes[];
};

struct conf_arena {
	struct chunk *chunks;	/* the newest small one is first */
	const struct arena_file *files;
};

struct conf_arena *arena_create(void)
{
	return calloc(1, sizeof(struct conf_arena));
}

void arena_destroy(struct conf_arena *a)
{
	if (a == NULL)
		return;
	while (a->chunks != NULL) {
		struct chunk *c = a->chunks;

		a->chunks = c->next;
		explicit_bzero(c->bytes, c->used);
		free(c);
	}
	free(a);
}

static struct chunk *chunk_add(struct conf_arena *a, size_t need)
{
	size_t        cap = need > CHUNK_BYTES / 4 ? need : CHUNK_BYTES;
	struct chunk *c;

	if (cap > SIZE_MAX - sizeof *c)
		return NULL;
	c = calloc(1, sizeof *c + cap);
	if (c == NULL)
		return NULL;
	c->cap = cap;
	if (a->chunks != NULL && cap == need) {
		/* full at once: leave the first one to be filled up */
		c->next = a->chunks->next;
		a->chunks->next = c;
	} else {
		c->next = a->chunks;
		a->chunks = c;
	}
	return c;
}

void *arena_alloc(struct conf_arena *a, size_t count, size_t size)
{
	struct chunk *c = a->chunks;
	size_t        n;
	void         *p;

	if (__builtin_mul_overflow(count, size, &n) ||
	    __builtin_add_overflow(n, ALIGN - 1, &n))
		return NULL;
	n &= ~(size_t)(ALIGN - 1);
	if (c == NULL || c->cap - c->used < n)
		c = chunk_add(a, n);
	if (c == NULL)
		return NULL;
	p = c->bytes + c->used;
	c->used += n;
	return p;
}

struct slice arena_copy(struct conf_arena *a, struct slice s)
{
	char *p = s.n == SIZE_MAX ? NULL : arena_alloc(a, s.n + 1, 1);

	if (p == NULL)
		return SLICE_NONE;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return slice_of(p, s.n);
}

bool arena_add_file(struct conf_arena *a, const char *path)
{
	struct arena_file *f = arena_alloc(a, 1, sizeof *f);

	if (f == NULL)
		return false;
	*f = (struct arena_file){ path, a->files };
	a->files = f;
	return true;
}

const struct arena_file *arena_files(const struct conf_arena *a)
{
	return a->files;
}
