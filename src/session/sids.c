/* session/sids.c - linear hashing.
 *
 * With n buckets and 2^k <= n < 2^(k+1), a hash belongs in bucket h mod 2^(k+1)
 * if that exists, else in h mod 2^k.  Adding bucket n moves to it the part of
 * bucket n - 2^k that belongs there, and touches no other.
 */
#include "session/sids.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/hash.h"

enum { BUCKETS_MIN = 4 };

static uint32_t bucket_of(const struct sid_table *t, struct slice sid)
{
	uint32_t h = (uint32_t)hash_slice(sid);
	uint32_t at = h & (t->cap - 1);

	return at < t->n_buckets ? at : h & (t->cap / 2 - 1);
}

static bool reserve_bucket(struct sid_table *t)
{
	uint32_t            cap = t->cap == 0 ? BUCKETS_MIN : t->cap * 2;
	struct client_sub **b;

	if (t->n_buckets < t->cap)
		return true;
	b = realloc(t->buckets, cap * sizeof(struct client_sub *));
	if (b == NULL)
		return false;
	t->buckets = b;
	t->cap = cap;
	return true;
}

static void split_bucket(struct sid_table *t)
{
	uint32_t            fresh = t->n_buckets++, from = fresh - t->cap / 2;
	struct client_sub **at = &t->buckets[from];

	t->buckets[fresh] = NULL;
	while (*at != NULL) {
		struct client_sub *s = *at;

		if (bucket_of(t, client_sub_sid(s)) == from) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		s->next = t->buckets[fresh];
		t->buckets[fresh] = s;
	}
}

static int grow(struct sid_table *t)
{
	if (!reserve_bucket(t))
		return ERR_NOMEM;
	if (t->n_buckets >= BUCKETS_MIN) {
		split_bucket(t);
		return 0;
	}
	for (t->n_buckets = 0; t->n_buckets < BUCKETS_MIN; t->n_buckets++)
		t->buckets[t->n_buckets] = NULL;
	return 0;
}

int sids_insert(struct sid_table *t, struct client_sub *s)
{
	uint32_t at;

	if (t->n >= t->n_buckets && grow(t) != 0)
		return ERR_NOMEM;
	at = bucket_of(t, client_sub_sid(s));
	s->next = t->buckets[at];
	t->buckets[at] = s;
	t->n++;
	return 0;
}

struct client_sub *sids_find(const struct sid_table *t, struct slice sid)
{
	struct client_sub *s;

	if (t->n == 0)
		return NULL;
	for (s = t->buckets[bucket_of(t, sid)]; s != NULL; s = s->next)
		if (slice_eq(client_sub_sid(s), sid))
			return s;
	return NULL;
}

void sids_remove(struct sid_table *t, struct client_sub *s)
{
	struct client_sub **at = &t->buckets[bucket_of(t, client_sub_sid(s))];

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	if (--t->n == 0)
		sids_fini(t);
}

/* The last bucket is empty and goes; who belonged in it would now belong where
 * it was split from. */
static void drop_bucket(struct sid_table *t)
{
	if (--t->n_buckets == t->cap / 2)
		t->cap /= 2;
}

struct client_sub *sids_any(struct sid_table *t)
{
	if (t->n == 0)
		return NULL;
	while (t->n_buckets > BUCKETS_MIN && t->buckets[t->n_buckets - 1] == NULL)
		drop_bucket(t);
	for (uint32_t i = t->n_buckets; i-- > 0;)
		if (t->buckets[i] != NULL)
			return t->buckets[i];
	return NULL;
}

void sids_visit(const struct sid_table *t,
    bool (*visit)(void *ctx, struct client_sub *s), void *ctx)
{
	for (uint32_t i = 0; i < t->n_buckets; i++)
		for (struct client_sub *s = t->buckets[i], *next; s != NULL;
		    s = next) {
			next = s->next;
			if (!visit(ctx, s))
				return;
		}
}

void sids_fini(struct sid_table *t)
{
	free(t->buckets);
	*t = (struct sid_table){ 0 };
}
