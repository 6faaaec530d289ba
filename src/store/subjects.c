/* store/subjects.c - a radix tree with sums.
 *
 * A node stands for the bytes on the way to it; prefix are those that it adds
 * to its parent's choice.  Its children are chosen by the next byte, in order;
 * "here" is the subject that ends at the node.  A child is a node or, with the
 * lowest bit set, an entry with the rest of its subject as suffix.
 *
 * Nothing recurses: subjects are long where a peer wants them to be.
 */
#include "store/subjects.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/err.h"

struct node {
	uint64_t              n_msgs;
	struct subject_entry *here;
	uint16_t              prefix_len, n, cap;
	void                 *child[];	/* cap, then cap keys, then prefix */
};

/* Where a walk is in the pattern. */
struct place {
	uint32_t at;
	bool     is_star;	/* inside the token that the * at "at" takes */
};

struct frame {
	const struct node *node;
	struct place       place;	/* behind the node's prefix */
	uint32_t           path_len;
	uint16_t           next;
	bool               was_here;
};

struct subjects {
	void         *root;	/* as a child */
	uint64_t      n_subjects, memory;
	struct frame *frames;
	size_t        frames_cap;
	struct buf    path;
};

static uint8_t *keys(const struct node *x)
{
	return (uint8_t *)&x->child[x->cap];
}

static char *prefix(const struct node *x)
{
	return (char *)keys(x) + x->cap;
}

static bool is_entry(const void *child)
{
	return ((uintptr_t)child & 1) != 0;
}

static struct subject_entry *entry_of(void *child)
{
	return (struct subject_entry *)(void *)((char *)child - 1);
}

static void *child_of(struct subject_entry *e)
{
	return (char *)e + 1;
}

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
		memcpy(prefix(x), pre.p, pre.n);
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
	uint8_t *at = memchr(keys(x), (uint8_t)key, x->n);

	return at == NULL ? NULL : &x->child[at - keys(x)];
}

/* The same node with room for cap children. */
static struct node *node_resized(struct subjects *t, struct node *x,
    unsigned cap)
{
	struct node *to = node_create(t, cap,
	    slice_of(prefix(x), x->prefix_len));

	if (to == NULL)
		return NULL;
	to->n_msgs = x->n_msgs;
	to->here = x->here;
	to->n = x->n;
	memcpy(to->child, x->child, x->n * sizeof x->child[0]);
	memcpy(keys(to), keys(x), x->n);
	node_free(t, x);
	return to;
}

static void child_insert(struct node *x, char key, void *child)
{
	uint8_t *k = keys(x);
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
	memmove(keys(x) + i, keys(x) + i + 1, behind);
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
		    slice_of(prefix(x), x->prefix_len)))
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
	struct node *x = node_create(t, 2, slice_of(prefix(old), n));
	char         key = prefix(old)[n];

	if (x == NULL)
		return NULL;
	x->n_msgs = old->n_msgs;
	t->memory -= n + 1;
	old->prefix_len = (uint16_t)(old->prefix_len - n - 1);
	memmove(prefix(old), prefix(old) + n + 1, old->prefix_len);
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

		have = slice_of(prefix(x), x->prefix_len);
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

	buf_put(&pre, prefix(x), x->prefix_len);
	if (x->n > 0)
		buf_put_char(&pre, (char)keys(x)[0]);
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

		buf_put(&pre, prefix(y), y->prefix_len);
		copy = buf_failed(&pre) ? NULL
		    : node_create(t, y->cap, buf_slice(&pre));
		if (copy != NULL) {
			copy->n_msgs = y->n_msgs;
			copy->here = y->here;
			copy->n = y->n;
			memcpy(copy->child, y->child, y->n * sizeof y->child[0]);
			memcpy(keys(copy), keys(y), y->n);
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

/* ---- patterns ------------------------------------------------------------- */

static bool is_wild_at(struct slice p, uint32_t at, char wild)
{
	return at < p.n && p.p[at] == wild && (at == 0 || p.p[at - 1] == '.') &&
	    (at + 1 == p.n || (wild == '*' && p.p[at + 1] == '.'));
}

static bool is_rest(struct slice p, const struct place *w)
{
	return p.n == 0 || (!w->is_star && is_wild_at(p, w->at, '>'));
}

static bool step(struct slice p, struct place *w, char c)
{
	if (is_rest(p, w))
		return true;
	if (w->is_star && c != '.')
		return true;
	if (w->is_star) {
		w->is_star = false;
		w->at++;
	} else if (is_wild_at(p, w->at, '*')) {
		w->is_star = c != '.';
		return w->is_star;
	}
	if (w->at >= p.n || p.p[w->at] != c)
		return false;
	w->at++;
	return true;
}

static bool step_all(struct slice p, struct place *w, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!step(p, w, s.p[i]))
			return false;
	return true;
}

static bool is_end(struct slice p, const struct place *w)
{
	return is_rest(p, w) || w->at + (w->is_star ? 1u : 0u) == p.n;
}

/* ---- walking -------------------------------------------------------------- */

struct walk {
	struct subjects *t;
	struct slice     pattern;
	size_t           n;		/* frames */
	bool           (*entry)(void *ctx, struct slice subject,
	    struct subject_entry *e);
	/* All below the node matches: true if it need not be looked at. */
	bool           (*tree)(void *ctx, const struct node *x);
	void            *ctx;
	int              err;
	bool             is_over;
};

static void meet_entry(struct walk *w, struct subject_entry *e,
    struct place place)
{
	struct slice suffix = slice_of(e->suffix, e->suffix_len);
	size_t       n = w->t->path.n;

	if (!step_all(w->pattern, &place, suffix) ||
	    !is_end(w->pattern, &place))
		return;
	buf_put_slice(&w->t->path, suffix);
	if (buf_failed(&w->t->path))
		w->err = ERR_NOMEM;
	else if (!w->entry(w->ctx, buf_slice(&w->t->path), e))
		w->is_over = true;
	w->t->path.n = n;
}

static bool make_frame(struct walk *w)
{
	struct subjects *t = w->t;
	size_t           cap = t->frames_cap * 2 + 64;
	struct frame    *f;

	if (w->n < t->frames_cap)
		return true;
	f = realloc(t->frames, cap * sizeof *f);
	if (f == NULL)
		return false;
	t->frames = f;
	t->frames_cap = cap;
	return true;
}

static void meet_node(struct walk *w, const struct node *x,
    struct place place)
{
	struct slice pre = slice_of(prefix(x), x->prefix_len);

	if (!step_all(w->pattern, &place, pre))
		return;
	if (w->tree != NULL && is_rest(w->pattern, &place) &&
	    w->tree(w->ctx, x))
		return;
	buf_put_slice(&w->t->path, pre);
	if (!make_frame(w) || buf_failed(&w->t->path)) {
		w->err = ERR_NOMEM;
		return;
	}
	w->t->frames[w->n++] = (struct frame){ .node = x, .place = place,
		.path_len = (uint32_t)w->t->path.n };
}

static void meet(struct walk *w, void *child, struct place place)
{
	if (is_entry(child))
		meet_entry(w, entry_of(child), place);
	else
		meet_node(w, child, place);
}

static void advance(struct walk *w)
{
	struct frame *f = &w->t->frames[w->n - 1];
	struct place  place = f->place;

	w->t->path.n = f->path_len;
	if (!f->was_here) {
		f->was_here = true;
		if (f->node->here != NULL)
			meet_entry(w, f->node->here, place);
	} else if (f->next == f->node->n) {
		w->n--;
	} else {
		unsigned i = f->next++;
		char     key = (char)keys(f->node)[i];

		if (!step(w->pattern, &place, key))
			return;
		buf_put_char(&w->t->path, key);
		if (buf_failed(&w->t->path))
			w->err = ERR_NOMEM;
		else
			meet(w, f->node->child[i], place);
	}
}

static int walk(struct walk *w)
{
	buf_reset(&w->t->path);
	if (w->t->root != NULL)
		meet(w, w->t->root, (struct place){ 0 });
	while (w->n > 0 && w->err == 0 && !w->is_over)
		advance(w);
	return w->err;
}

int subjects_each(struct subjects *t, struct slice pattern,
    bool (*visit)(void *ctx, struct slice subject, struct subject_entry *e),
    void *ctx)
{
	struct walk w = { .t = t, .pattern = pattern, .entry = visit,
		.ctx = ctx };

	return walk(&w);
}

static bool add_entry(void *ctx, struct slice subject,
    struct subject_entry *e)
{
	(void)subject;
	*(uint64_t *)ctx += e->n;
	return true;
}

static bool add_tree(void *ctx, const struct node *x)
{
	*(uint64_t *)ctx += x->n_msgs;
	return true;
}

int subjects_sum(struct subjects *t, struct slice pattern, uint64_t *n)
{
	uint64_t    sum = 0;
	struct walk w = { .t = t, .pattern = pattern, .entry = add_entry,
		.tree = add_tree, .ctx = &sum };
	int         err = walk(&w);

	if (err == 0)
		*n = sum;
	return err;
}

uint64_t subjects_count(const struct subjects *t)
{
	return t->n_subjects;
}

uint64_t subjects_memory(const struct subjects *t)
{
	return t->memory;
}
