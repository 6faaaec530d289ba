/* store/subjects.c - a radix tree with sums.
 *
 * What a node is: subjects_int.h.  Each holds the sum of the messages below it,
 * so a change goes from the root down to where it is.
 *
 * Nothing recurses: subjects are long where a peer wants them to be.
 */
#include "store/subjects_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/err.h"

/* ---- memory --------------------------------------------------------------- */

static size_t node_size(unsigned cap, size_t prefix_len)
{
	return sizeof(struct node) + cap * (sizeof(void *) + 1) + prefix_len;
}

static size_t entry_size(size_t suffix_len)
{
	return offsetof(struct subject_entry, suffix) + suffix_len;
}

static struct node *node_create(struct subjects *t, unsigned cap,
    struct slice pre)
{
	struct node *x = malloc(node_size(cap, pre.n));

	if (x == NULL)
		return NULL;
	x->n_msgs = 0;
	x->here = NULL;
	x->n = 0;
	x->cap = (uint16_t)cap;
	x->prefix_len = (uint16_t)pre.n;
	if (pre.n > 0)
		memcpy(node_prefix(x), pre.p, pre.n);
	t->memory += node_size(cap, pre.n);
	return x;
}

static void node_free(struct subjects *t, struct node *x)
{
	t->memory -= node_size(x->cap, x->prefix_len);
	free(x);
}

static struct subject_entry *entry_create(struct subjects *t,
    struct slice suffix)
{
	struct subject_entry *e = malloc(entry_size(suffix.n) > sizeof *e ?
	    entry_size(suffix.n) : sizeof *e);

	if (e == NULL)
		return NULL;
	memset(e, 0, sizeof *e);
	e->suffix_len = (uint16_t)suffix.n;
	if (suffix.n > 0)
		memcpy(e->suffix, suffix.p, suffix.n);
	t->memory += entry_size(suffix.n);
	return e;
}

static void entry_free(struct subjects *t, struct subject_entry *e)
{
	t->memory -= entry_size(e->suffix_len);
	free(e);
}

struct subjects *subjects_create(void)
{
	return calloc(1, sizeof(struct subjects));
}

/* Down by the first child, each node freed when it has none left. */
void subjects_clear(struct subjects *t)
{
	void *at = t->root;
	/* A node under way keeps its parent where it has no use for n_msgs. */
	struct node *up = NULL;

	while (at != NULL || up != NULL) {
		if (at == NULL) {
			if (up->n > 0) {
				at = up->child[--up->n];
				continue;
			}
			struct node *x = up;

			up = (struct node *)(uintptr_t)x->n_msgs;
			if (x->here != NULL)
				entry_free(t, x->here);
			node_free(t, x);
		} else if (is_entry(at)) {
			entry_free(t, entry_of(at));
			at = NULL;
		} else {
			struct node *x = at;

			x->n_msgs = (uint64_t)(uintptr_t)up;
			up = x;
			at = NULL;
		}
	}
	t->root = NULL;
	t->n_subjects = 0;
}

void subjects_destroy(struct subjects *t)
{
	if (t == NULL)
		return;
	subjects_clear(t);
	free(t->frames);
	buf_fini(&t->path);
	free(t);
}

/* ---- children ------------------------------------------------------------- */

static void **child_slot(struct node *x, char key)
{
	uint8_t *at = memchr(node_keys(x), (uint8_t)key, x->n);

	return at == NULL ? NULL : &x->child[at - node_keys(x)];
}

/* The same node with room for cap children. */
static struct node *node_resized(struct subjects *t, struct node *x,
    unsigned cap)
{
	struct node *to = node_create(t, cap,
	    slice_of(node_prefix(x), x->prefix_len));

	if (to == NULL)
		return NULL;
	to->n_msgs = x->n_msgs;
	to->here = x->here;
	to->n = x->n;
	memcpy(to->child, x->child, x->n * sizeof x->child[0]);
	memcpy(node_keys(to), node_keys(x), x->n);
	node_free(t, x);
	return to;
}

static void child_insert(struct node *x, char key, void *child)
{
	uint8_t *k = node_keys(x);
	unsigned i = x->n;

	assert(x->n < x->cap);
	while (i > 0 && k[i - 1] > (uint8_t)key) {
		k[i] = k[i - 1];
		x->child[i] = x->child[i - 1];
		i--;
	}
	k[i] = (uint8_t)key;
	x->child[i] = child;
	x->n++;
}

static void child_remove(struct node *x, void **slot)
{
	size_t i = (size_t)(slot - x->child), behind = x->n - i - 1u;

	memmove(slot, slot + 1, behind * sizeof *slot);
	memmove(node_keys(x) + i, node_keys(x) + i + 1, behind);
	x->n--;
}

static unsigned cap_above(unsigned n)
{
	return n < 2 ? 2 : n < 4 ? 4 : n < 10 ? 10 : n < 16 ? 16 : n < 38 ? 38 :
	    n < 64 ? 64 : n < 128 ? 128 : 256;
}

/* ---- going down ----------------------------------------------------------- */

static size_t common(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n, i = 0;

	while (i < n && a.p[i] == b.p[i])
		i++;
	return i;
}

struct subject_entry *subjects_find(const struct subjects *t,
    struct slice subject)
{
	void *at = t->root;

	while (at != NULL && !is_entry(at)) {
		struct node *x = at;
		void       **slot;

		if (!slice_has_prefix(subject,
		    slice_of(node_prefix(x), x->prefix_len)))
			return NULL;
		subject = slice_skip(subject, x->prefix_len);
		if (subject.n == 0)
			return x->here;
		slot = child_slot(x, subject.p[0]);
		if (slot == NULL)
			return NULL;
		subject = slice_skip(subject, 1);
		at = *slot;
	}
	if (at == NULL || !slice_eq(subject,
	    slice_of(entry_of(at)->suffix, entry_of(at)->suffix_len)))
		return NULL;
	return entry_of(at);
}

/* Add n to the sums of all nodes on the way. */
static void add_sums(struct subjects *t, struct slice subject, uint64_t n)
{
	void *at = t->root;

	while (at != NULL && !is_entry(at)) {
		struct node *x = at;
		void       **slot;

		x->n_msgs += n;
		if (subject.n <= x->prefix_len)
			return;
		subject = slice_skip(subject, x->prefix_len);
		slot = child_slot(x, subject.p[0]);
		if (slot == NULL)
			return;
		subject = slice_skip(subject, 1);
		at = *slot;
	}
}

/* A node in place of *slot, which differs from rest behind n common bytes.
 * What was there becomes its child, with those bytes less. */
static struct node *split_entry(struct subjects *t, void **slot,
    struct slice rest, size_t n)
{
	struct subject_entry *old = entry_of(*slot);
	struct node          *x = node_create(t, 2, slice_of(rest.p, n));

	if (x == NULL)
		return NULL;
	x->n_msgs = old->n;
	if (old->suffix_len == n) {
		x->here = old;
		t->memory -= old->suffix_len;
		old->suffix_len = 0;
	} else {
		char key = old->suffix[n];

		t->memory -= n + 1;
		old->suffix_len = (uint16_t)(old->suffix_len - n - 1);
		memmove(old->suffix, old->suffix + n + 1, old->suffix_len);
		child_insert(x, key, child_of(old));
	}
	*slot = x;
	return x;
}

static struct node *split_node(struct subjects *t, void **slot, size_t n)
{
	struct node *old = *slot;
	struct node *x = node_create(t, 2, slice_of(node_prefix(old), n));
	char         key = node_prefix(old)[n];

	if (x == NULL)
		return NULL;
	x->n_msgs = old->n_msgs;
	t->memory -= n + 1;
	old->prefix_len = (uint16_t)(old->prefix_len - n - 1);
	memmove(node_prefix(old), node_prefix(old) + n + 1, old->prefix_len);
	child_insert(x, key, old);
	*slot = x;
	return x;
}

/* An entry for rest below the node at *slot, which has none for it. */
static struct subject_entry *grow(struct subjects *t, void **slot,
    struct slice rest)
{
	struct node          *x = *slot;
	struct subject_entry *e;

	if (rest.n == 0)
		return x->here = entry_create(t, SLICE_NONE);
	if (x->n == x->cap) {
		x = node_resized(t, x, cap_above(x->n));
		if (x == NULL)
			return NULL;
		*slot = x;
	}
	e = entry_create(t, slice_skip(rest, 1));
	if (e != NULL)
		child_insert(x, rest.p[0], child_of(e));
	return e;
}

/* The entry of subject, made if need be.  Sums are as they were. */
static struct subject_entry *find_or_create(struct subjects *t,
    struct slice subject)
{
	void               **slot = &t->root;
	struct subject_entry *e;
	size_t               n;

	for (;;) {
		struct slice have;

		if (*slot == NULL) {
			e = entry_create(t, subject);
			if (e != NULL)
				*slot = child_of(e);
			return e;
		}
		if (is_entry(*slot)) {
			e = entry_of(*slot);
			have = slice_of(e->suffix, e->suffix_len);
			if (slice_eq(have, subject))
				return e;
			n = common(have, subject);
			if (split_entry(t, slot, subject, n) == NULL)
				return NULL;
			return grow(t, slot, slice_skip(subject, n));
		}
		struct node *x = *slot;

		have = slice_of(node_prefix(x), x->prefix_len);
		n = common(have, subject);
		if (n < have.n) {
			if (split_node(t, slot, n) == NULL)
				return NULL;
			return grow(t, slot, slice_skip(subject, n));
		}
		subject = slice_skip(subject, n);
		if (subject.n == 0 && x->here != NULL)
			return x->here;
		void **next = subject.n == 0 ? NULL
		    : child_slot(x, subject.p[0]);

		if (next == NULL)
			return grow(t, slot, subject);
		subject = slice_skip(subject, 1);
		slot = next;
	}
}

struct subject_entry *subjects_put(struct subjects *t, struct slice subject,
    uint64_t n, uint64_t first, uint64_t last)
{
	struct subject_entry *e = find_or_create(t, subject);

	if (e == NULL)
		return NULL;	/* a node that was split serves as well */
	if (e->n == 0)
		t->n_subjects++;
	add_sums(t, subject, n - e->n);
	e->n = n & (UINT64_MAX >> 2);
	e->first = first;
	e->last = last;
	return e;
}

struct subject_entry *subjects_add(struct subjects *t, struct slice subject,
    uint64_t seq)
{
	struct subject_entry *e = find_or_create(t, subject);

	if (e == NULL)
		return NULL;
	if (e->n == 0) {
		t->n_subjects++;
		e->first = e->last = seq;
	} else if (seq > e->last) {
		e->last = seq;
		e->last_stale = 0;
	} else if (seq < e->first) {
		e->first = seq;
		e->first_stale = 0;
	}
	e->n++;
	add_sums(t, subject, 1);
	return e;
}

/* ---- taking away ---------------------------------------------------------- */

/* *slot is a node with one thing in it: let that thing take its place.  When
 * there is no memory for its longer prefix the node stays. */
static void collapse(struct subjects *t, void **slot)
{
	struct node *x = *slot;
	struct buf   pre = { 0 };
	void        *only = x->n > 0 ? x->child[0] : child_of(x->here);
	void        *to = NULL;

	buf_put(&pre, node_prefix(x), x->prefix_len);
	if (x->n > 0)
		buf_put_char(&pre, (char)node_keys(x)[0]);
	if (is_entry(only)) {
		struct subject_entry *e = entry_of(only), *copy;

		buf_put(&pre, e->suffix, e->suffix_len);
		copy = buf_failed(&pre) ? NULL
		    : entry_create(t, buf_slice(&pre));
		if (copy != NULL) {
			memcpy(copy, e, offsetof(struct subject_entry,
			    suffix_len));
			entry_free(t, e);
			to = child_of(copy);
		}
	} else {
		struct node *y = only, *copy;

		buf_put(&pre, node_prefix(y), y->prefix_len);
		copy = buf_failed(&pre) ? NULL
		    : node_create(t, y->cap, buf_slice(&pre));
		if (copy != NULL) {
			copy->n_msgs = y->n_msgs;
			copy->here = y->here;
			copy->n = y->n;
			memcpy(copy->child, y->child, y->n * sizeof y->child[0]);
			memcpy(node_keys(copy), node_keys(y), y->n);
			node_free(t, y);
			to = copy;
		}
	}
	buf_fini(&pre);
	if (to != NULL) {
		*slot = to;
		node_free(t, x);
	}
}

/* The node at *slot has lost a child or its own entry. */
static void tidy(struct subjects *t, void **slot)
{
	struct node *x = *slot;
	unsigned     n = x->n + (x->here != NULL ? 1u : 0u);

	if (n == 1) {
		collapse(t, slot);
	} else if (x->cap > 4 && cap_above(x->n) < x->cap / 2) {
		x = node_resized(t, x, cap_above(x->n));
		if (x != NULL)
			*slot = x;
	}
}

static void drop_entry(struct subjects *t, struct slice subject)
{
	void **slot = &t->root, **above = NULL;

	while (!is_entry(*slot)) {
		struct node *x = *slot;

		subject = slice_skip(subject, x->prefix_len);
		above = slot;
		if (subject.n == 0) {
			entry_free(t, x->here);
			x->here = NULL;
			tidy(t, above);
			return;
		}
		slot = child_slot(x, subject.p[0]);
		subject = slice_skip(subject, 1);
	}
	entry_free(t, entry_of(*slot));
	if (above == NULL) {
		t->root = NULL;
		return;
	}
	child_remove(*above, slot);
	tidy(t, above);
}

void subjects_remove(struct subjects *t, struct slice subject, uint64_t seq)
{
	struct subject_entry *e = subjects_find(t, subject);

	assert(e != NULL && e->n > 0);
	add_sums(t, subject, (uint64_t)-1);
	e->n--;
	if (e->n == 0) {
		t->n_subjects--;
		drop_entry(t, subject);
		return;
	}
	if (seq == e->first)
		e->first_stale = 1;
	if (seq == e->last)
		e->last_stale = 1;
	if (e->n == 1 && e->first_stale && !e->last_stale) {
		e->first = e->last;
		e->first_stale = 0;
	} else if (e->n == 1 && e->last_stale && !e->first_stale) {
		e->last = e->first;
		e->last_stale = 0;
	}
}

/* ---- observers ------------------------------------------------------------ */

uint64_t subjects_count(const struct subjects *t)
{
	return t->n_subjects;
}

uint64_t subjects_memory(const struct subjects *t)
{
	return t->memory;
}
