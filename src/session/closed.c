/* session/closed.c - a ring of descriptions, bounded in number and bytes. */
#include "session/closed.h"

#include <stdlib.h>

#include "base/assert.h"
#include "session/info.h"

struct closed_ring {
	size_t               n_max, bytes_max;
	size_t               n, bytes;
	size_t               first;	/* place of the oldest */
	uint64_t             total;
	struct client_info **items;	/* n_max places */
};

struct closed_ring *closed_create(size_t n_max, size_t bytes_max)
{
	struct closed_ring *ring = calloc(1, sizeof *ring);

	if (ring == NULL)
		return NULL;
	ring->n_max = n_max;
	ring->bytes_max = bytes_max;
	if (n_max == 0)
		return ring;
	ring->items = calloc(n_max, sizeof ring->items[0]);
	if (ring->items == NULL) {
		free(ring);
		return NULL;
	}
	return ring;
}

static void drop_oldest(struct closed_ring *ring)
{
	struct client_info *oldest = ring->items[ring->first];

	ring->bytes -= client_info_size(oldest);
	ring->first = (ring->first + 1) % ring->n_max;
	ring->n--;
	client_info_destroy(oldest);
}

void closed_destroy(struct closed_ring *ring)
{
	if (ring == NULL)
		return;
	while (ring->n > 0)
		drop_oldest(ring);
	free(ring->items);
	free(ring);
}

static struct client_info *clone_small(const struct closed_ring *ring,
    const struct client_info *info)
{
	struct client_info *clone = NULL;
	struct client_info  bare = *info;

	if (client_info_size(info) <= ring->bytes_max)
		clone = client_info_clone(info);
	if (clone != NULL)
		return clone;
	bare.subs = (struct sub_info_list){ .failed = info->subs.n_subs > 0 };
	if (client_info_size(&bare) <= ring->bytes_max)
		clone = client_info_clone(&bare);
	return clone;
}

void closed_add(struct closed_ring *ring, const struct client_info *info)
{
	struct client_info *clone;
	size_t              size;

	ring->total++;
	clone = ring->n_max == 0 ? NULL : clone_small(ring, info);
	if (clone == NULL)
		return;
	size = client_info_size(clone);
	while (ring->n == ring->n_max || ring->bytes > ring->bytes_max - size)
		drop_oldest(ring);
	ring->items[(ring->first + ring->n++) % ring->n_max] = clone;
	ring->bytes += size;
}

size_t closed_count(const struct closed_ring *ring)
{
	return ring->n;
}

uint64_t closed_total(const struct closed_ring *ring)
{
	return ring->total;
}

const struct client_info *closed_at(const struct closed_ring *ring, size_t i)
{
	assert(i < ring->n);
	return ring->items[(ring->first + i) % ring->n_max];
}
