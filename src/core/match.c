/* core/match.c - the answers of a sublist, remembered for each worker.
 *
 * The cache is set-associative: a subject's hash chooses a set of WAYS entries,
 * one of which may hold it.  The tags of a set lie together, so that a miss
 * looks at one line.  A tag's lowest bit says that the entry was used since
 * the hand last passed (the clock algorithm).  Small answers and their subject
 * lie in the entry, larger ones in a block of their own; the blocks have a
 * budget, and the oldest goes first.  An answer with more than PLAIN_MAX plain
 * subscriptions is built anew each time, since giving it out costs much more.
 * Queue groups are remembered up to half of the budget, because however large
 * a group is, only one member of it gets the message.
 *
 * Why an entry with an equal stamp may be used is argued in sublist.c.  The
 * pointers in a stale entry may dangle; they are never followed.
 */
#include "core/match.h"

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/hash.h"
#include "base/list.h"
#include "core/bytes.h"
#include "core/sub.h"
#include "core/sublist.h"

enum {
	WAYS            = 4,
	ENTRY_BYTES     = 128,		/* two cache lines */
	ROOM            = 56,		/* of them for the answer */
	PLAIN_MAX       = 4096,
	BLOCK_BYTES     = 256,		/* for each entry, on average, */
	BLOCKS_MIN      = 1 << 20,	/* on top of this */
	FEW             = 24,		/* up to here insertion sorts */
	GROUPS_LINEAR   = 16,		/* up to here groups are looked for */
	SET_MIN         = 64,
};

/* Beside an entry: its answer, when that is large.  Oldest first in a list. */
struct block {
	struct list   link;
	struct entry *entry;
	size_t        size;
	char          room[] __attribute__((aligned(8)));
};

struct entry {
	uint64_t           hash;
	uint64_t           list;	/* sublist_id; 0: nothing here */
	uint64_t           stamp;
	const char        *subject;
	struct match       match;
	struct block      *block;
	uint32_t           first;	/* sublist_first_hash */
	uint32_t           n;		/* bytes of subject */
	char               room[ROOM];
};
_Static_assert(sizeof(struct entry) <= ENTRY_BYTES, "two cache lines");

struct match_cache {
	struct entry *entries;		/* at a cache line, in memory */
	void         *memory;
	uint32_t     *tags;
	size_t        mask;		/* of sets */
	uint32_t      hand;

	struct list   blocks;
	size_t        blocks_size, blocks_max;

	/* What the find under way found, and its groups. */
	struct match_set    found;
	struct match_group *groups;
	size_t              groups_cap;
	struct match        match;	/* if not remembered */

	struct match_stats stats;
};

/* ---- sets --------------------------------------------------------------- */

bool match_set_add(struct match_set *set, struct sub *sub)
{
	if (set->n == set->cap) {
		size_t       cap = set->cap == 0 ? SET_MIN : set->cap * 2;
		struct sub **subs = realloc(set->subs, cap * sizeof *subs);

		if (subs == NULL)
			return false;
		set->subs = subs;
		set->cap = cap;
	}
	set->subs[set->n++] = sub;
	return true;
}

void match_set_fini(struct match_set *set)
{
	free(set->subs);
	*set = (struct match_set){ 0 };
}

/* ---- order -------------------------------------------------------------- */

static void swap(struct sub **a, struct sub **b)
{
	struct sub *t = *a;

	*a = *b;
	*b = t;
}

/* Plain subscriptions to the front; their number. */
static size_t part_plain(struct sub **subs, size_t n)
{
	size_t n_plain = 0;

	for (size_t i = 0; i < n; i++)
		if (subs[i]->queue.n == 0)
			swap(&subs[i], &subs[n_plain++]);
	return n_plain;
}

static void insertion_sort(struct sub **subs, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct sub *s = subs[i];
		size_t      k = i;

		for (; k > 0 && subs[k - 1]->worker > s->worker; k--)
			subs[k] = subs[k - 1];
		subs[k] = s;
	}
}

static unsigned worker_byte(const struct sub *s, unsigned shift)
{
	return s->worker >> shift & 0xff;
}

/* Bring each to the stretch of its byte, in place; starts[b] to starts[b + 1]
 * then is the stretch of b. */
static void flag_sort(struct sub **subs, size_t n, unsigned shift,
    size_t starts[257])
{
	size_t next[256] NOT_ZEROED;

	memset(starts, 0, 257 * sizeof starts[0]);
	for (size_t i = 0; i < n; i++)
		starts[worker_byte(subs[i], shift) + 1]++;
	for (size_t b = 0; b < 256; b++) {
		starts[b + 1] += starts[b];
		next[b] = starts[b];
	}
	for (size_t b = 0; b < 256; b++)
		while (next[b] < starts[b + 1]) {
			unsigned to = worker_byte(subs[next[b]], shift);

			if (to == b)
				next[b]++;
			else
				swap(&subs[next[b]], &subs[next[to]++]);
		}
}

static bool is_sorted(struct sub **subs, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (subs[i - 1]->worker > subs[i]->worker)
			return false;
	return true;
}

static void sort_by_worker(struct sub **subs, size_t n)
{
	size_t high[257] NOT_ZEROED, low[257] NOT_ZEROED;

	if (n <= FEW) {
		insertion_sort(subs, n);
		return;
	}
	if (is_sorted(subs, n))
		return;
	flag_sort(subs, n, 8, high);
	for (size_t b = 0; b < 256; b++)
		if (high[b + 1] - high[b] > 1)
			flag_sort(subs + high[b], high[b + 1] - high[b], 0, low);
}

/* ---- groups ------------------------------------------------------------- */

static bool add_group(struct match_cache *c, size_t at, struct sub **subs,
    size_t n)
{
	if (at == c->groups_cap) {
		size_t              cap = at == 0 ? GROUPS_LINEAR : at * 2;
		struct match_group *g = realloc(c->groups, cap * sizeof *g);

		if (g == NULL)
			return false;
		c->groups = g;
		c->groups_cap = cap;
	}
	c->groups[at] = (struct match_group){ subs, (uint32_t)n };
	return true;
}

/* Those of the first's group to the front; their number. */
static size_t part_group(struct sub **subs, size_t n)
{
	size_t n_group = 1;

	for (size_t i = 1; i < n; i++)
		if (slice_eq(subs[i]->queue, subs[0]->queue))
			swap(&subs[i], &subs[n_group++]);
	return n_group;
}

/* The same, of sorted ones. */
static size_t count_group(struct sub **subs, size_t n)
{
	size_t n_group = 1;

	while (n_group < n && slice_eq(subs[n_group]->queue, subs[0]->queue))
		n_group++;
	return n_group;
}

static int by_queue(const void *a, const void *b)
{
	struct sub *const *sa = a, *const *sb = b;

	return slice_cmp((*sa)->queue, (*sb)->queue);
}

/* Form the groups of these n members; their number.  The first few are picked
 * out one by one, which is all that there are, mostly. */
static size_t form_groups(struct match_cache *c, struct sub **subs, size_t n)
{
	size_t n_groups = 0;

	while (n > 0) {
		size_t m;

		if (n_groups == GROUPS_LINEAR)
			qsort(subs, n, sizeof subs[0], by_queue);
		m = n_groups < GROUPS_LINEAR ? part_group(subs, n)
		    : count_group(subs, n);
		if (!add_group(c, n_groups, subs, m)) {
			c->stats.n_nomem++;
			break;
		}
		n_groups++;
		subs += m;
		n -= m;
	}
	return n_groups;
}

/* ---- entries and their blocks ------------------------------------------- */

static void block_free(struct match_cache *c, struct block *b)
{
	list_remove(&b->link);
	c->blocks_size -= b->size;
	b->entry->block = NULL;
	free(b);
}

static void entry_forget(struct match_cache *c, struct entry *e)
{
	if (e->list != 0)
		c->stats.n_entries--;
	e->list = 0;
	if (e->block != NULL)
		block_free(c, e->block);
}

/* Room for size bytes, in the entry or in a block; NULL: there is none. */
static char *entry_room(struct match_cache *c, struct entry *e, size_t size)
{
	struct block *b;

	if (size <= ROOM)
		return e->room;
	if (size > c->blocks_max / 2)
		return NULL;
	while (c->blocks_size + size > c->blocks_max)
		entry_forget(c, CONTAINER_OF(c->blocks.next, struct block,
		    link)->entry);
	b = malloc(sizeof *b + size);
	if (b == NULL)
		return NULL;
	b->entry = e;
	b->size = size;
	list_append(&c->blocks, &b->link);
	c->blocks_size += size;
	e->block = b;
	return b->room;
}

/* Copy what c->match says, and the subject, to where the entry has room:
 * subscriptions first, then groups, then bytes.  false: it has none. */
static bool entry_fill(struct match_cache *c, struct entry *e,
    struct slice subject)
{
	const struct match *m = &c->match;
	size_t              n = c->found.n;
	struct sub        **subs;
	struct match_group *groups;
	char               *room;

	room = entry_room(c, e, n * sizeof *subs +
	    m->n_groups * sizeof *groups + subject.n);
	if (room == NULL)
		return false;
	subs = (struct sub **)(void *)room;
	groups = (struct match_group *)(void *)(subs + n);
	if (n > 0)
		memcpy(subs, c->found.subs, n * sizeof *subs);
	e->match = (struct match){ subs, groups, m->n_plain, m->n_groups };
	subs += m->n_plain;
	for (uint32_t i = 0; i < m->n_groups; i++) {
		groups[i] = (struct match_group){ subs, m->groups[i].n };
		subs += groups[i].n;
	}
	e->subject = memcpy(groups + m->n_groups, subject.p, subject.n);
	e->n = (uint32_t)subject.n;
	return true;
}

/* ---- the cache ---------------------------------------------------------- */

static size_t sets_for(size_t n_entries)
{
	size_t n = 1;

	while (n * WAYS < n_entries)
		n *= 2;
	return n;
}

struct match_cache *match_cache_create(size_t n_entries)
{
	struct match_cache *c = calloc(1, sizeof *c);
	size_t              n = sets_for(n_entries) * WAYS;

	if (c == NULL)
		return NULL;
	list_init(&c->blocks);
	c->mask = n / WAYS - 1;
	c->blocks_max = n * BLOCK_BYTES + BLOCKS_MIN;
	c->tags = calloc(n, sizeof c->tags[0]);
	/* calloc: pages that no entry is in are never touched. */
	c->memory = calloc(n + 1, ENTRY_BYTES);
	c->entries = (void *)(((uintptr_t)c->memory + ENTRY_BYTES - 1) &
	    ~(uintptr_t)(ENTRY_BYTES - 1));
	if (c->tags == NULL || c->memory == NULL) {
		match_cache_destroy(c);
		return NULL;
	}
	return c;
}

void match_cache_destroy(struct match_cache *c)
{
	if (c == NULL)
		return;
	while (!list_is_empty(&c->blocks))
		block_free(c, CONTAINER_OF(c->blocks.next, struct block, link));
	match_set_fini(&c->found);
	free(c->groups);
	free(c->memory);
	free(c->tags);
	free(c);
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

static bool entry_is(const struct entry *e, uint64_t hash, uint64_t list,
    struct slice subject)
{
	return e->hash == hash && e->list == list && e->n == subject.n &&
	    bytes_eq(e->subject, subject.p, subject.n);
}

/* The entry that holds it, used now; NULL: none. */
static inline struct entry *entry_find(struct match_cache *c, uint64_t hash,
    uint64_t list, struct slice subject)
{
	size_t    at = (hash & c->mask) * WAYS;
	uint32_t *tags = &c->tags[at], tag = tag_of(hash);

	for (size_t i = 0; i < WAYS; i++)
		if ((tags[i] | 1) == tag &&
		    entry_is(&c->entries[at + i], hash, list, subject)) {
			tags[i] = tag;
			return &c->entries[at + i];
		}
	return NULL;
}

/* The one of its set that has not been used for longest, more or less. */
static struct entry *entry_evict(struct match_cache *c, uint64_t hash)
{
	size_t    at = (hash & c->mask) * WAYS;
	uint32_t *tags = &c->tags[at];

	for (;;) {
		size_t i = c->hand++ % WAYS;

		if ((tags[i] & 1) == 0) {
			tags[i] = tag_of(hash) & ~1u;
			entry_forget(c, &c->entries[at + i]);
			return &c->entries[at + i];
		}
		tags[i] &= ~1u;
	}
}

/* The entry that will probably have to go, while the list is asked. */
static void prefetch_victim(const struct match_cache *c, uint64_t hash)
{
	const struct entry *e = &c->entries[(hash & c->mask) * WAYS +
	    c->hand % WAYS];

	__builtin_prefetch(e, 1);
	__builtin_prefetch(e->room, 1);
}

/* Ask the list, and bring the answer in order: c->match. */
static void find_anew(struct match_cache *c, struct sublist *sl,
    struct slice subject)
{
	struct match_set *f = &c->found;
	size_t            n_plain;

	f->n = 0;
	if (!sublist_find(sl, subject, f))
		c->stats.n_nomem++;
	n_plain = part_plain(f->subs, f->n);
	sort_by_worker(f->subs, n_plain);
	c->match.plain = f->subs;
	c->match.n_plain = (uint32_t)n_plain;
	c->match.n_groups = 0;
	if (f->n > n_plain)
		c->match.n_groups = (uint32_t)form_groups(c,
		    f->subs + n_plain, f->n - n_plain);
	c->match.groups = c->groups;

	c->stats.fanout_sum += f->n;
	if (f->n > c->stats.fanout_max)
		c->stats.fanout_max = f->n;
}

static const struct match *find_and_remember(struct match_cache *c,
    struct sublist *sl, struct slice subject, uint64_t hash, struct entry *e)
{
	uint32_t first = sublist_first_hash(sl, subject);
	uint64_t stamp = sublist_stamp(sl, hash, first);	/* R1, before R2 */
	uint64_t n_nomem = c->stats.n_nomem;

	prefetch_victim(c, hash);
	find_anew(c, sl, subject);
	if (c->match.n_plain > PLAIN_MAX || c->stats.n_nomem != n_nomem)
		return &c->match;
	if (e != NULL)
		entry_forget(c, e);
	else
		e = entry_evict(c, hash);
	if (!entry_fill(c, e, subject))
		return &c->match;
	e->hash = hash;
	e->list = sublist_id(sl);
	e->first = first;
	e->stamp = stamp;
	c->stats.n_entries++;
	return &e->match;
}

const struct match *match_find(struct match_cache *c, struct sublist *sl,
    struct slice subject)
{
	uint64_t           hash = hash_slice(subject);
	struct entry      *e = entry_find(c, hash, sublist_id(sl), subject);

	c->stats.n_finds++;
	if (e != NULL && e->stamp == sublist_stamp(sl, hash, e->first)) { /* R3 */
		c->stats.n_hits++;
		return &e->match;
	}
	return find_and_remember(c, sl, subject, hash, e);
}

void match_cache_stats(const struct match_cache *c, struct match_stats *ret)
{
	*ret = c->stats;
}
