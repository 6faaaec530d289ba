/* core/table.c - extendible hashing, published piece by piece.
 *
 * A directory of 2^depth places, chosen by the upper bits of the hash, points
 * to segments.  A segment is an array of buckets; a bucket is a cache line of
 * five hashes and five items.  The search begins in the bucket that the lower
 * bits choose and goes on to the next ones until it meets a slot that was
 * never used.  The size of a segment lies in the lower bits of the pointer to
 * it, so a search that finds nothing touches the directory and one line.
 *
 * A full segment is copied to a larger one; one of SPLIT_CODE's size to two,
 * which take half of its places each, and the directory doubles by copying
 * when the segment had only one.  The hashes lie beside the items, so a copy
 * does not touch an item.  A segment that has become thin joins its twin, or
 * shrinks.
 *
 * Readers against the one writer:
 *
 * T1  A segment or directory is complete before it is published (a store fence
 *     before the store of the pointer), and once it has been replaced nobody
 *     writes it again.  It is freed after a grace period.
 * T2  In a published segment an item's slot is written item first, then the
 *     hash (I1, I2); a grave is dug hash first (D1, D2).
 * T3  A slot becomes EMPTY again only while the slots behind it in its bucket
 *     are, and so never in a bucket that has been full.
 * T4  An item does not move within a segment.
 *
 * CLAIM: a find misses no item that is in the table from its begin to its end,
 * and returns none but by is_it's word on a living item.
 *
 * Not missed: the find reads one segment only, whatever the writer does
 * meanwhile.  By T1 the item is in each segment that is or was current in that
 * time; by T4 always in the same slot of it.  All slots between its home and
 * itself were in use when it came: the buckets before its own were full, and
 * those before it in its own have it behind them; by T3 none of them becomes
 * EMPTY while it stays, so the search reaches it.
 * Alive: what F2 loads is what I1 stored for the hash that F1 saw, or
 * something stored there later: an item that was in the table during our
 * section, or NULL.
 */
#include "core/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/list.h"

enum {
	SPLIT_CODE = 12,	/* 64 buckets, 4 KB, 5 to 10 us to split */
	CODE_MAX   = 40,
	DEPTH_MAX  = 28,
	MERGE_MAX  = 128,	/* items in the segment that twins become */
};

static uint32_t items_max(unsigned code)
{
	uint32_t slots = table_size(code) * TABLE_BUCKET_SLOTS;

	return slots - slots / 6;
}

/* The smallest size that leaves room for a quarter more. */
static unsigned code_for(uint32_t n_items)
{
	unsigned code = 0;

	while (code < CODE_MAX && items_max(code) < n_items + n_items / 4 + 1)
		code++;
	return code;
}

/* ---- memory ------------------------------------------------------------- */

static struct table_segment *segment_create(unsigned code, unsigned depth)
{
	struct table_segment *s;
	size_t                size = sizeof *s +
	    table_size(code) * sizeof s->buckets[0];

	s = aligned_alloc(TABLE_ALIGN, size);
	if (s == NULL)
		return NULL;
	memset(s, 0, size);
	s->code = (uint8_t)code;
	s->depth = (uint8_t)depth;
	return s;
}

static void segment_release(struct epoch_entry *e)
{
	free(CONTAINER_OF(e, struct table_segment, retired));
}

static void *segment_tag(struct table_segment *s)
{
	return (char *)s + s->code;
}

static struct table_segment *segment_at(const struct table_directory *d,
    uint32_t place)
{
	unsigned code;

	return table_untag(d->segments[place], &code);
}

static struct table_directory *directory_create(unsigned depth)
{
	struct table_directory *d = malloc(sizeof *d +
	    (sizeof d->segments[0] << depth));

	if (d == NULL)
		return NULL;
	d->depth = depth;
	d->n_deepest = 0;
	return d;
}

static void directory_release(struct epoch_entry *e)
{
	free(CONTAINER_OF(e, struct table_directory, retired));
}

static void publish_directory(struct table *t, struct epoch_thread *e,
    struct table_directory *d)
{
	struct table_directory *old = t->directory;

	ck_pr_fence_store();
	ck_pr_store_ptr(&t->directory, d);
	if (old != NULL)
		epoch_defer(e, &old->retired, directory_release);
}

/* ---- segments ----------------------------------------------------------- */

/* How many places of the directory show a segment of this depth. */
static uint32_t span_of(const struct table_directory *d, unsigned depth)
{
	return 1u << (d->depth - depth);
}

/* The first of them. */
static uint32_t first_place(const struct table_directory *d, uint32_t hash,
    unsigned depth)
{
	return table_place(d, hash) & ~(span_of(d, depth) - 1);
}

/* Let n places from first on show s, which nobody sees yet. */
static void publish_segment(struct table_directory *d, uint32_t first,
    uint32_t n, struct table_segment *s)
{
	ck_pr_fence_store();
	for (uint32_t i = 0; i < n; i++)
		ck_pr_store_ptr(&d->segments[first + i], segment_tag(s));
}

/* A slot for hash: a grave if there is one on the way, else the empty one at
 * its end.  NULL: it is full. */
static uint32_t *slot_for(struct table_segment *s, uint32_t hash, void ***item)
{
	uint32_t size = table_size(s->code), at = table_home(hash, size);

	for (uint32_t i = 0; i < size; i++) {
		struct table_bucket *b = &s->buckets[at];

		for (int k = 0; k < TABLE_BUCKET_SLOTS; k++)
			if (b->hash[k] <= TABLE_GRAVE) {
				*item = &b->item[k];
				return &b->hash[k];
			}
		at = at + 1 == size ? 0 : at + 1;
	}
	return NULL;
}

/* false: there is no room. */
static bool segment_put(struct table_segment *s, uint32_t hash, void *item)
{
	void    **at;
	uint32_t *slot = slot_for(s, hash, &at);

	if (slot == NULL)
		return false;
	if (*slot == TABLE_EMPTY) {
		if (s->n_used >= items_max(s->code))
			return false;
		s->n_used++;
	}
	s->n_items++;
	ck_pr_store_ptr(at, item);		/* I1 */
	ck_pr_fence_store();
	ck_pr_store_32(slot, hash);		/* I2 */
	return true;
}

/* Copy those items of from whose hash has bit `bit`, counted from the top, as
 * in `value`; all of them if bit is negative.  to is large enough. */
static void segment_copy(struct table_segment *to,
    const struct table_segment *from, int bit, uint32_t value)
{
	uint32_t size = table_size(from->code);

	for (uint32_t i = 0; i < size; i++)
		for (int k = 0; k < TABLE_BUCKET_SLOTS; k++) {
			uint32_t hash = from->buckets[i].hash[k];
			void   **at;
			uint32_t *slot;

			if (hash <= TABLE_GRAVE)
				continue;
			if (bit >= 0 && (hash >> (31 - bit) & 1) != value)
				continue;
			slot = slot_for(to, hash, &at);
			assert(slot != NULL);
			*slot = hash;
			*at = from->buckets[i].item[k];
			to->n_used++;
			to->n_items++;
		}
}

static uint32_t count_ones(const struct table_segment *s, unsigned bit)
{
	uint32_t n = 0, size = table_size(s->code);

	for (uint32_t i = 0; i < size; i++)
		for (int k = 0; k < TABLE_BUCKET_SLOTS; k++)
			if (s->buckets[i].hash[k] > TABLE_GRAVE)
				n += s->buckets[i].hash[k] >> (31 - bit) & 1;
	return n;
}

/* Replace s by a copy of another size, without its graves. */
static bool segment_resize(struct table *t, struct epoch_thread *e,
    struct table_segment *s, uint32_t hash, unsigned code)
{
	struct table_directory *d = t->directory;
	struct table_segment   *to = segment_create(code, s->depth);

	if (to == NULL)
		return false;
	segment_copy(to, s, -1, 0);
	publish_segment(d, first_place(d, hash, s->depth),
	    span_of(d, s->depth), to);
	epoch_defer(e, &s->retired, segment_release);
	return true;
}

/* A directory of twice the size that shows the same. */
static struct table_directory *directory_doubled(
    const struct table_directory *d)
{
	struct table_directory *to = directory_create(d->depth + 1);

	if (to == NULL)
		return NULL;
	for (uint32_t i = 0; i < 1u << d->depth; i++)
		to->segments[2 * i] = to->segments[2 * i + 1] = d->segments[i];
	return to;
}

static bool segment_split(struct table *t, struct epoch_thread *e,
    struct table_segment *s, uint32_t hash)
{
	struct table_directory *d = t->directory;
	unsigned                depth = s->depth + 1u;
	uint32_t                n_ones = count_ones(s, s->depth), span;
	struct table_segment   *lo, *hi;

	lo = segment_create(code_for(s->n_items - n_ones), depth);
	hi = segment_create(code_for(n_ones), depth);
	if (depth > d->depth)
		d = directory_doubled(d);
	if (lo == NULL || hi == NULL || d == NULL) {
		free(lo);
		free(hi);
		if (d != t->directory)
			free(d);
		return false;
	}
	segment_copy(lo, s, s->depth, 0);
	segment_copy(hi, s, s->depth, 1);

	span = span_of(d, depth);
	hash = first_place(d, hash, s->depth);
	publish_segment(d, hash, span, lo);
	publish_segment(d, hash + span, span, hi);
	if (depth == d->depth)
		d->n_deepest += 2;
	if (d != t->directory)
		publish_directory(t, e, d);
	epoch_defer(e, &s->retired, segment_release);
	return true;
}

/* ---- growing ------------------------------------------------------------ */

/* Hashes that refuse to part would only blow up the directory. */
static bool may_split(const struct table *t, const struct table_segment *s)
{
	const struct table_directory *d = t->directory;

	return s->depth < d->depth || (d->depth < DEPTH_MAX &&
	    (size_t)1 << d->depth <= t->n_items / 16);
}

static bool make_room(struct table *t, struct epoch_thread *e,
    struct table_segment *s, uint32_t hash)
{
	unsigned code = code_for(s->n_items);

	if (code > SPLIT_CODE && may_split(t, s))
		return segment_split(t, e, s, hash);
	return code < CODE_MAX && segment_resize(t, e, s, hash, code);
}

static bool make_first(struct table *t, struct epoch_thread *e)
{
	struct table_directory *d = directory_create(0);
	struct table_segment   *s = segment_create(0, 0);

	if (d == NULL || s == NULL) {
		free(d);
		free(s);
		return false;
	}
	d->n_deepest = 1;
	d->segments[0] = segment_tag(s);
	publish_directory(t, e, d);
	return true;
}

bool table_insert(struct table *t, struct epoch_thread *e, uint32_t hash,
    void *item)
{
	assert(hash > TABLE_GRAVE && item != NULL);
	if (t->directory == NULL && !make_first(t, e))
		return false;
	for (;;) {
		struct table_segment *s = segment_at(t->directory,
		    table_place(t->directory, hash));

		if (segment_put(s, hash, item))
			break;
		if (!make_room(t, e, s, hash))
			return false;
	}
	t->n_items++;
	return true;
}

/* ---- shrinking ---------------------------------------------------------- */

static bool directory_halve(struct table *t, struct epoch_thread *e)
{
	struct table_directory *d = t->directory;
	struct table_directory *to = directory_create(d->depth - 1);

	if (to == NULL)
		return false;	/* it is only larger than need be */
	for (uint32_t i = 0; i < 1u << to->depth; i++) {
		to->segments[i] = d->segments[2 * i];
		to->n_deepest += segment_at(to, i)->depth == to->depth;
	}
	publish_directory(t, e, to);
	return true;
}

/* Join s and the segment that differs in its last bit only.  false: that is
 * split further, they hold too much, or there is no memory. */
static bool segment_merge(struct table *t, struct epoch_thread *e,
    struct table_segment *s, uint32_t hash)
{
	struct table_directory *d = t->directory;
	struct table_segment   *twin, *to;

	if (s->depth == 0)
		return false;
	twin = segment_at(d, table_place(d, hash ^ 1u << (32 - s->depth)));
	if (twin->depth != s->depth || twin->n_items + s->n_items > MERGE_MAX)
		return false;
	to = segment_create(code_for(twin->n_items + s->n_items),
	    s->depth - 1u);
	if (to == NULL)
		return false;
	segment_copy(to, s, -1, 0);
	segment_copy(to, twin, -1, 0);
	publish_segment(d, first_place(d, hash, to->depth),
	    span_of(d, to->depth), to);
	epoch_defer(e, &s->retired, segment_release);
	epoch_defer(e, &twin->retired, segment_release);
	if (s->depth == d->depth)
		d->n_deepest -= 2;
	while (t->directory->n_deepest == 0 && directory_halve(t, e))
		;
	return true;
}

static void remove_last(struct table *t, struct epoch_thread *e)
{
	struct table_directory *d = t->directory;

	for (uint32_t i = 0; i < 1u << d->depth; ) {
		struct table_segment *s = segment_at(d, i);

		i += span_of(d, s->depth);
		epoch_defer(e, &s->retired, segment_release);
	}
	publish_directory(t, e, NULL);
}

/* T3.  So inboxes that come and go leave few graves. */
static void dig_grave(struct table_segment *s, struct table_bucket *b, int k)
{
	bool is_last = k + 1 < TABLE_BUCKET_SLOTS &&
	    b->hash[k + 1] == TABLE_EMPTY;

	ck_pr_store_32(&b->hash[k], is_last ? TABLE_EMPTY : TABLE_GRAVE); /* D1 */
	ck_pr_fence_store();
	ck_pr_store_ptr(&b->item[k], NULL);				  /* D2 */
	s->n_items--;
	s->n_used -= is_last;
}

static bool segment_take(struct table_segment *s, uint32_t hash,
    const void *item)
{
	uint32_t size = table_size(s->code), at = table_home(hash, size);

	for (uint32_t i = 0; i < size; i++) {
		struct table_bucket *b = &s->buckets[at];

		for (int k = 0; k < TABLE_BUCKET_SLOTS; k++)
			if (b->hash[k] == hash && b->item[k] == item) {
				dig_grave(s, b, k);
				return true;
			}
		at = at + 1 == size ? 0 : at + 1;
	}
	return false;
}

void table_remove(struct table *t, struct epoch_thread *e, uint32_t hash,
    const void *item)
{
	struct table_segment *s;
	bool                  is_found;

	assert(t->directory != NULL);
	s = segment_at(t->directory, table_place(t->directory, hash));
	is_found = segment_take(s, hash, item);
	assert(is_found);
	if (--t->n_items == 0)
		remove_last(t, e);
	else if (s->n_items < items_max(s->code) / 4 &&
	    !segment_merge(t, e, s, hash) &&
	    code_for(s->n_items) + 2 < s->code)
		segment_resize(t, e, s, hash, code_for(s->n_items));
}

/* ---- all of it ---------------------------------------------------------- */

static bool segment_each(const struct table_segment *s,
    bool (*visit)(void *ctx, void *item), void *ctx)
{
	uint32_t size = table_size(s->code);

	for (uint32_t i = 0; i < size; i++)
		for (int k = 0; k < TABLE_BUCKET_SLOTS; k++)
			if (s->buckets[i].hash[k] > TABLE_GRAVE &&
			    !visit(ctx, s->buckets[i].item[k]))
				return false;
	return true;
}

bool table_each(const struct table *t, bool (*visit)(void *ctx, void *item),
    void *ctx)
{
	const struct table_directory *d = t->directory;

	if (d == NULL)
		return true;
	for (uint32_t i = 0; i < 1u << d->depth; ) {
		struct table_segment *s = segment_at(d, i);

		i += span_of(d, s->depth);
		if (!segment_each(s, visit, ctx))
			return false;
	}
	return true;
}

void table_fini(struct table *t)
{
	struct table_directory *d = t->directory;

	if (d == NULL)
		return;
	for (uint32_t i = 0; i < 1u << d->depth; ) {
		struct table_segment *s = segment_at(d, i);

		i += span_of(d, s->depth);
		free(s);
	}
	free(d);
	*t = (struct table){ 0 };
}
