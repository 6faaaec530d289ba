/* js/dedup.c - which message ids have come lately. */
#include "js/dedup.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/list.h"

struct entry {
	struct entry *next;	/* in its bucket */
	struct list   link;	/* by time */
	uint64_t      hash, seq;
	int64_t       ts_ns;
	uint32_t      n;
	char          id[];
};

struct dedup {
	struct entry **buckets;
	size_t         n_buckets, n;	/* a power of two */
	struct list    by_time;
};

enum { BUCKETS_MIN = 16 };

struct dedup *dedup_create(void)
{
	struct dedup *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	list_init(&d->by_time);
	d->n_buckets = BUCKETS_MIN;
	d->buckets = calloc(d->n_buckets, sizeof *d->buckets);
	if (d->buckets != NULL)
		return d;
	free(d);
	return NULL;
}

void dedup_destroy(struct dedup *d)
{
	if (d == NULL)
		return;
	LIST_EACH (l, &d->by_time)
		free(CONTAINER_OF(l, struct entry, link));
	free(d->buckets);
	free(d);
}

static struct entry **bucket(const struct dedup *d, uint64_t hash)
{
	return &d->buckets[hash & (d->n_buckets - 1)];
}

static struct entry *find(const struct dedup *d, struct slice id)
{
	uint64_t hash = hash_slice(id);

	for (struct entry *e = *bucket(d, hash); e != NULL; e = e->next)
		if (e->hash == hash && slice_eq(slice_of(e->id, e->n), id))
			return e;
	return NULL;
}

bool dedup_find(const struct dedup *d, struct slice id, uint64_t *seq)
{
	const struct entry *e = find(d, id);

	if (e != NULL)
		*seq = e->seq;
	return e != NULL;
}

void dedup_set(struct dedup *d, struct slice id, uint64_t seq)
{
	struct entry *e = find(d, id);

	if (e != NULL)
		e->seq = seq;
}

static void grow(struct dedup *d)
{
	struct entry **old = d->buckets;
	struct entry **v = calloc(2 * d->n_buckets, sizeof *v);
	size_t         n = d->n_buckets;

	if (v == NULL)
		return;		/* longer chains, no more */
	d->buckets = v;
	d->n_buckets = 2 * n;
	for (size_t i = 0; i < n; i++)
		for (struct entry *e = old[i], *next; e != NULL; e = next) {
			struct entry **b = bucket(d, e->hash);

			next = e->next;
			e->next = *b;
			*b = e;
		}
	free(old);
}

void dedup_add(struct dedup *d, struct slice id, uint64_t seq, int64_t ts_ns)
{
	struct entry *e = malloc(sizeof *e + id.n), **b;

	if (e == NULL)
		return;
	if (d->n >= d->n_buckets)
		grow(d);
	*e = (struct entry){ .hash = hash_slice(id), .seq = seq,
		.ts_ns = ts_ns, .n = (uint32_t)id.n };
	memcpy(e->id, id.p, id.n);
	b = bucket(d, e->hash);
	e->next = *b;
	*b = e;
	list_append(&d->by_time, &e->link);
	d->n++;
}

static void drop(struct dedup *d, struct entry *e)
{
	struct entry **at = bucket(d, e->hash);

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	list_remove(&e->link);
	free(e);
	d->n--;
}

static struct entry *oldest(const struct dedup *d)
{
	return list_is_empty(&d->by_time) ? NULL
	    : CONTAINER_OF(d->by_time.next, struct entry, link);
}

void dedup_forget(struct dedup *d, int64_t before_ns)
{
	for (struct entry *e; (e = oldest(d)) != NULL && e->ts_ns < before_ns;)
		drop(d, e);
}

int64_t dedup_oldest_ns(const struct dedup *d)
{
	const struct entry *e = oldest(d);

	return e == NULL ? INT64_MAX : e->ts_ns;
}
