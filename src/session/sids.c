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
#define SIDS_MIX UINT64_C(0x9e3779b97f4a7c15)

/* Either end of a chain: where the link to s, of this hash, is written. */
struct place {
	struct client_sub **to;
	uint32_t           *hash;
};

static struct place first_of(struct sid_bucket *b)
{
	return (struct place){ &b->first, &b->hash };
}

static struct place next_of(struct client_sub *s)
{
	return (struct place){ &s->next, &s->next_hash };
}

static void put_first(struct sid_bucket *b, struct client_sub *s, uint32_t hash)
{
	s->next = b->first;
	s->next_hash = b->hash;
	b->first = s;
	b->hash = hash;
}

static void unlink_from(struct place at, const struct client_sub *s)
{
	*at.to = s->next;
	*at.hash = s->next_hash;
}

/* 1 to 18 digits; false for any other sid. */
static bool is_number(struct slice sid, uint64_t *v)
{
	*v = 0;
	if (sid.n == 0 || sid.n > 18)
		return false;
	for (size_t i = 0; i < sid.n; i++) {
		if (sid.p[i] < '0' || sid.p[i] > '9')
			return false;
		*v = *v * 10 + (uint64_t)(sid.p[i] - '0');
	}
	return true;
}

/* Clients count their sids, so eight in a row are put in a row: then the next
 * one is where the last one was, in the cache.  Which row, and where it begins,
 * is as good as chance, so sids of another pattern fall as by any hash. */
static uint32_t hash_of(struct slice sid)
{
	uint64_t v, row;

	if (!is_number(sid, &v))
		return (uint32_t)hash_slice(sid);
	row = hash_fold((v >> 3) ^ hash_seed, SIDS_MIX);
	return (uint32_t)row << 3 | (uint32_t)((v + (row >> 32)) & 7);
}

static uint32_t bucket_of(const struct sid_table *t, uint32_t hash)
{
	uint32_t at = hash & (t->cap - 1);

	return at < t->n_buckets ? at : hash & (t->cap / 2 - 1);
}

static bool reserve_bucket(struct sid_table *t)
{
	uint32_t           cap = t->cap == 0 ? BUCKETS_MIN : t->cap * 2;
	struct sid_bucket *b;

	if (t->n_buckets < t->cap)
		return true;
	b = realloc(t->buckets, cap * sizeof *b);
	if (b == NULL)
		return false;
	t->buckets = b;
	t->cap = cap;
	return true;
}

static void split_bucket(struct sid_table *t)
{
	uint32_t           fresh = t->n_buckets++, from = fresh - t->cap / 2;
	struct sid_bucket *to = &t->buckets[fresh];
	struct place       at = first_of(&t->buckets[from]);

	*to = (struct sid_bucket){ 0 };
	while (*at.to != NULL) {
		struct client_sub *s = *at.to;
		uint32_t           hash = *at.hash;

		if (bucket_of(t, hash) == from) {
			at = next_of(s);
			continue;
		}
		unlink_from(at, s);
		put_first(to, s, hash);
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
		t->buckets[t->n_buckets] = (struct sid_bucket){ 0 };
	return 0;
}

int sids_insert(struct sid_table *t, struct client_sub *s)
{
	uint32_t hash = hash_of(client_sub_sid(s));

	if (t->n >= t->n_buckets && grow(t) != 0)
		return ERR_NOMEM;
	put_first(&t->buckets[bucket_of(t, hash)], s, hash);
	t->n++;
	return 0;
}

void sids_prefetch(const struct sid_table *t, struct slice sid)
{
	if (t->n > 0)
		__builtin_prefetch(&t->buckets[bucket_of(t, hash_of(sid))], 1);
}

struct client_sub *sids_find(const struct sid_table *t, struct slice sid)
{
	uint32_t     hash = hash_of(sid);
	struct place at;

	if (t->n == 0)
		return NULL;
	at = first_of(&t->buckets[bucket_of(t, hash)]);
	for (; *at.to != NULL; at = next_of(*at.to))
		if (*at.hash == hash && slice_eq(client_sub_sid(*at.to), sid))
			return *at.to;
	return NULL;
}

void sids_remove(struct sid_table *t, struct client_sub *s)
{
	uint32_t     hash = hash_of(client_sub_sid(s));
	struct place at = first_of(&t->buckets[bucket_of(t, hash)]);

	while (*at.to != s)
		at = next_of(*at.to);
	unlink_from(at, s);
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
	while (t->n_buckets > BUCKETS_MIN &&
	    t->buckets[t->n_buckets - 1].first == NULL)
		drop_bucket(t);
	for (uint32_t i = t->n_buckets; i-- > 0;)
		if (t->buckets[i].first != NULL)
			return t->buckets[i].first;
	return NULL;
}

void sids_visit(const struct sid_table *t,
    bool (*visit)(void *ctx, struct client_sub *s), void *ctx)
{
	for (uint32_t i = 0; i < t->n_buckets; i++)
		for (struct client_sub *s = t->buckets[i].first, *next;
		    s != NULL; s = next) {
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
