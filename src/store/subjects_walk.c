/* store/subjects_walk.c - all subjects of a pattern, in order.
 *
 * The pattern is matched byte by byte on the way down, so a branch that cannot
 * match is not entered, and one that matches whole need not be looked at when
 * only its sum is wanted.  Frames and path are the tree's: one walk at a time.
 */
#include "store/subjects_int.h"

#include <stdlib.h>

#include "base/err.h"

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
	struct slice pre = slice_of(node_prefix(x), x->prefix_len);

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
		char     key = (char)node_keys(f->node)[i];

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
