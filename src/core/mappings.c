/* core/mappings.c - literal sources by hash, patterns in order.
 *
 * Patterns are sorted most specific first, so the first that matches is it.
 * The order is token by token, so those with one first token are neighbours:
 * a subject is held against the patterns that share its first token, found by
 * halving, and against those that begin with a wildcard, at the end.
 */
#include "core/mappings.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/random.h"
#include "core/bytes.h"
#include "core/transform.h"
#include "proto/subject.h"

/* Where a throw of the dice ends up. */
struct destination {
	struct transform *transform;
	struct slice      cluster;	/* in the mapping's bytes */
	uint32_t          weight;
	uint32_t          until;	/* its weight and all before it */
};

struct mapping {
	struct slice        source;	/* owned */
	uint64_t            hash;	/* of it */
	size_t              place;	/* among the specs */
	struct destination *v;		/* one cluster behind the other, the
					   general ones first */
	size_t              n;
};

struct mappings {
	struct mapping *v;	/* literals, then patterns in their order */
	size_t          n, n_literals;
	size_t          first_wild;	/* the first that begins with a wildcard */
	uint32_t       *index;		/* of literals: number + 1, by hash */
	size_t          index_mask;
};

/* ---- one mapping ------------------------------------------------------ */

static int refuse(struct buf *err, const char *why)
{
	buf_put_str(err, why);
	return ERR_SUBJECT;
}

static uint32_t weight_of(const struct mapping_spec *s, size_t n,
    struct slice cluster)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		if (slice_eq(s->choices[i].cluster, cluster))
			sum += s->choices[i].weight;
	return sum;
}

/* In nats-server's order, choice by choice. */
static int check_choice(const struct mapping_spec *s, size_t i, struct buf *err)
{
	const struct mapping_choice *c = &s->choices[i];

	for (size_t k = 0; k < i; k++)
		if (slice_eq(s->choices[k].subject, c->subject)) {
			buf_printf(err, "duplicate entry for \"%.*s\"",
			    SLICE_ARG(c->subject));
			return ERR_SUBJECT;
		}
	if (c->weight > MAPPING_WEIGHT_MAX)
		return refuse(err, "individual weights need to be <= 100");
	if (weight_of(s, i + 1, c->cluster) > MAPPING_WEIGHT_MAX)
		return refuse(err, "total weight needs to be <= 100");
	return 0;
}

static bool copy_slice(struct slice *s)
{
	char *copy;

	if (s->n == 0) {
		*s = SLICE_NONE;
		return true;
	}
	copy = malloc(s->n);
	if (copy != NULL)
		memcpy(copy, s->p, s->n);
	s->p = copy;
	return copy != NULL;
}

static int add_destination(struct mapping *m, struct slice subject,
    uint32_t weight, struct slice cluster, struct buf *err)
{
	struct destination *d = &m->v[m->n];
	int                 rc;

	rc = transform_create(m->source, subject, TRANSFORM_MAPPING,
	    &d->transform, err);
	if (rc != 0)
		return rc;
	m->n++;
	d->weight = weight;
	d->cluster = cluster;
	return copy_slice(&d->cluster) ? 0 : ERR_NOMEM;
}

/* The source as a destination: "a.*.>" is "a.$1.>". */
static void put_identity(struct buf *out, struct slice source)
{
	struct slice token;
	size_t       n_stars = 0;
	bool         is_first = true;

	for (; subject_take_token(&source, &token); is_first = false) {
		if (!is_first)
			buf_put_char(out, '.');
		if (token.n == 1 && token.p[0] == '*')
			buf_printf(out, "$%zu", ++n_stars);
		else
			buf_put_slice(out, token);
	}
}

static bool names_itself(const struct mapping_spec *s)
{
	for (size_t i = 0; i < s->n_choices; i++)
		if (slice_eq(s->choices[i].subject, s->source))
			return true;
	return false;
}

/* What is left of 100 keeps its name; unless the source was given a weight:
 * then it is lost. */
static int add_rest(struct mapping *m, const struct mapping_spec *s,
    struct slice cluster, struct buf *err)
{
	uint32_t   sum = weight_of(s, s->n_choices, cluster);
	struct buf same = { 0 };
	int        rc;

	if (sum == MAPPING_WEIGHT_MAX || names_itself(s))
		return 0;
	put_identity(&same, s->source);
	rc = buf_failed(&same) ? ERR_NOMEM : add_destination(m,
	    buf_slice(&same), MAPPING_WEIGHT_MAX - sum, cluster, err);
	buf_fini(&same);
	return rc;
}

static bool is_first_of_cluster(const struct mapping_spec *s, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (slice_eq(s->choices[k].cluster, s->choices[i].cluster))
			return false;
	return true;
}

static int add_rests(struct mapping *m, const struct mapping_spec *s,
    struct buf *err)
{
	int rc = add_rest(m, s, SLICE_NONE, err);

	for (size_t i = 0; rc == 0 && i < s->n_choices; i++)
		if (s->choices[i].cluster.n > 0 && is_first_of_cluster(s, i))
			rc = add_rest(m, s, s->choices[i].cluster, err);
	return rc;
}

/* By cluster, the general ones first; then by weight.  Equal ones stay as they
 * were given: qsort does not promise that, so the places are compared. */
struct ranked {
	struct destination d;
	size_t             place;
};

static int by_weight(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int                  c = slice_cmp(x->d.cluster, y->d.cluster);

	if (c != 0)
		return c;
	if (x->d.weight != y->d.weight)
		return x->d.weight < y->d.weight ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

static int sort_destinations(struct mapping *m)
{
	struct ranked *all = calloc(m->n + 1, sizeof *all);
	uint32_t       sum = 0;

	if (all == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < m->n; i++)
		all[i] = (struct ranked){ m->v[i], i };
	qsort(all, m->n, sizeof *all, by_weight);
	for (size_t i = 0; i < m->n; i++) {
		m->v[i] = all[i].d;
		if (i > 0 && !slice_eq(m->v[i].cluster, m->v[i - 1].cluster))
			sum = 0;
		sum += m->v[i].weight;
		m->v[i].until = sum;
	}
	free(all);
	return 0;
}

static int fill_mapping(struct mapping *m, const struct mapping_spec *s,
    struct buf *err)
{
	int rc = 0;

	m->source = s->source;
	/* one general rest, and one for each cluster */
	m->v = calloc(2 * s->n_choices + 1, sizeof *m->v);
	if (m->v == NULL || !copy_slice(&m->source)) {
		m->source = SLICE_NONE;
		return ERR_NOMEM;
	}
	m->hash = hash_slice(m->source);
	for (size_t i = 0; rc == 0 && i < s->n_choices; i++) {
		rc = check_choice(s, i, err);
		if (rc == 0)
			rc = add_destination(m, s->choices[i].subject,
			    s->choices[i].weight, s->choices[i].cluster, err);
	}
	if (rc == 0)
		rc = add_rests(m, s, err);
	return rc != 0 ? rc : sort_destinations(m);
}

static void free_mapping(struct mapping *m)
{
	for (size_t i = 0; i < m->n; i++) {
		transform_destroy(m->v[i].transform);
		free((char *)(uintptr_t)m->v[i].cluster.p);
	}
	free(m->v);
	free((char *)(uintptr_t)m->source.p);
	*m = (struct mapping){ 0 };
}

/* ---- the order -------------------------------------------------------- */

static int rank(struct slice token)
{
	return token.n != 1 ? 0 : token.p[0] == '>' ? 2 : token.p[0] == '*';
}

/* Text before "*" before ">" at the first token that differs: then a pattern
 * is before all that hold it. */
static int compare_patterns(struct slice a, struct slice b)
{
	struct slice x, y;

	for (;;) {
		bool has_x = subject_take_token(&a, &x);
		bool has_y = subject_take_token(&b, &y);
		int  c;

		if (!has_x || !has_y)
			return has_x - has_y;
		c = rank(x) - rank(y);
		if (c == 0)
			c = slice_cmp(x, y);
		if (c != 0)
			return c;
	}
}

static int by_source(const void *a, const void *b)
{
	const struct mapping *x = a, *y = b;
	bool x_is_wild = subject_has_wildcard(x->source);
	bool y_is_wild = subject_has_wildcard(y->source);
	int  c;

	if (x_is_wild != y_is_wild)
		return x_is_wild - y_is_wild;
	c = compare_patterns(x->source, y->source);
	return c != 0 ? c : (x->place < y->place) - (x->place > y->place);
}

/* Of equal ones the last stands first. */
static void drop_repeated(struct mappings *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		if (n > 0 && slice_eq(m->v[n - 1].source, m->v[i].source))
			free_mapping(&m->v[i]);
		else
			m->v[n++] = m->v[i];
	m->n = n;
}

static int make_index(struct mappings *m)
{
	size_t size = 4;

	while (size < 2 * m->n_literals)
		size *= 2;
	m->index = calloc(size, sizeof *m->index);
	if (m->index == NULL)
		return ERR_NOMEM;
	m->index_mask = size - 1;
	for (size_t i = 0; i < m->n_literals; i++) {
		size_t at = m->v[i].hash & m->index_mask;

		while (m->index[at] != 0)
			at = (at + 1) & m->index_mask;
		m->index[at] = (uint32_t)(i + 1);
	}
	return 0;
}

static int sort_mappings(struct mappings *m)
{
	struct slice rest, token = SLICE_NONE;

	qsort(m->v, m->n, sizeof *m->v, by_source);
	drop_repeated(m);
	while (m->n_literals < m->n &&
	    !subject_has_wildcard(m->v[m->n_literals].source))
		m->n_literals++;
	m->first_wild = m->n_literals;
	for (; m->first_wild < m->n; m->first_wild++) {
		rest = m->v[m->first_wild].source;
		if (subject_take_token(&rest, &token) && rank(token) > 0)
			break;
	}
	return m->n_literals == 0 ? 0 : make_index(m);
}

/* ---- life ------------------------------------------------------------- */

static int fill(struct mappings *m, const struct mapping_spec *specs, size_t n,
    size_t *bad, struct buf *err)
{
	for (size_t i = 0; i < n; i++) {
		int rc = fill_mapping(&m->v[i], &specs[i], err);

		m->n++;		/* half built ones are freed too */
		*bad = i;
		if (rc != 0)
			return rc;
		m->v[i].place = i;
	}
	return sort_mappings(m);
}

int mappings_create(const struct mapping_spec *specs, size_t n,
    struct mappings **ret, size_t *bad, struct buf *err)
{
	struct mappings *m;
	size_t           at = 0;
	int              rc = ERR_NOMEM;

	if (n == 0) {
		*ret = NULL;
		return 0;
	}
	m = calloc(1, sizeof *m);
	if (m == NULL)
		return ERR_NOMEM;
	m->v = calloc(n, sizeof *m->v);
	if (m->v != NULL)
		rc = fill(m, specs, n, &at, err);
	if (rc != 0) {
		mappings_destroy(m);
		if (rc == ERR_SUBJECT)
			*bad = at;
		return rc;
	}
	*ret = m;
	return 0;
}

void mappings_destroy(struct mappings *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->n; i++)
		free_mapping(&m->v[i]);
	free(m->v);
	free(m->index);
	free(m);
}

/* ---- applying --------------------------------------------------------- */

static const struct mapping *find_literal(const struct mappings *m,
    struct slice subject)
{
	uint64_t hash = hash_slice(subject);

	for (size_t at = hash & m->index_mask; m->index[at] != 0;
	    at = (at + 1) & m->index_mask) {
		const struct mapping *found = &m->v[m->index[at] - 1];

		if (found->hash == hash && found->source.n == subject.n &&
		    bytes_eq(found->source.p, subject.p, subject.n))
			return found;
	}
	return NULL;
}

static struct slice first_token(struct slice s)
{
	struct slice token = SLICE_NONE;

	subject_take_token(&s, &token);
	return token;
}

/* The first pattern whose first token is not before this one. */
static size_t lower_bound(const struct mappings *m, struct slice token)
{
	size_t low = m->n_literals, high = m->first_wild;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (slice_cmp(first_token(m->v[mid].source), token) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const struct mapping *find_pattern(const struct mappings *m,
    struct slice subject)
{
	struct slice token = first_token(subject);

	for (size_t i = lower_bound(m, token); i < m->first_wild; i++) {
		if (!slice_eq(first_token(m->v[i].source), token))
			break;
		if (subject_matches(subject, m->v[i].source))
			return &m->v[i];
	}
	for (size_t i = m->first_wild; i < m->n; i++)
		if (subject_matches(subject, m->v[i].source))
			return &m->v[i];
	return NULL;
}

static const struct mapping *find(const struct mappings *m,
    struct slice subject)
{
	const struct mapping *found = NULL;

	if (m->n_literals > 0)
		found = find_literal(m, subject);
	if (found == NULL && m->n > m->n_literals)
		found = find_pattern(m, subject);
	return found;
}

/* The first destination for that cluster; NULL: there is none. */
static const struct destination *first_of(const struct mapping *m,
    struct slice cluster)
{
	for (size_t i = 0; i < m->n; i++)
		if (slice_eq(m->v[i].cluster, cluster))
			return &m->v[i];
	return NULL;
}

/* NULL: this message is lost. */
static const struct destination *choose(const struct mapping *m,
    struct slice cluster)
{
	const struct destination *end = m->v + m->n;
	const struct destination *first = first_of(m, cluster);
	uint32_t                  dice;

	if (first == NULL)
		first = first_of(m, SLICE_NONE);
	if (first == NULL || first->until == MAPPING_WEIGHT_MAX)
		return first;
	dice = random_below(MAPPING_WEIGHT_MAX);
	for (const struct destination *d = first; d < end &&
	    slice_eq(d->cluster, first->cluster); d++)
		if (dice < d->until)
			return d;
	return NULL;
}

enum mapping_result mappings_apply(const struct mappings *m,
    struct slice subject, struct slice cluster, struct buf *out)
{
	const struct mapping     *found;
	const struct destination *d;

	if (m == NULL)
		return MAPPING_SAME;
	found = find(m, subject);
	if (found == NULL)
		return MAPPING_SAME;
	d = choose(found, cluster);
	if (d == NULL)
		return MAPPING_DROPPED;
	buf_reset(out);
	transform_apply(d->transform, subject, out);
	if (buf_failed(out))
		return MAPPING_DROPPED;
	return slice_eq(buf_slice(out), subject) ? MAPPING_SAME : MAPPING_MAPPED;
}

bool mappings_is_steady(const struct mappings *m, struct slice subject)
{
	const struct mapping *found = m == NULL ? NULL : find(m, subject);

	return found == NULL || (found->n == 1 &&
	    found->v->until == MAPPING_WEIGHT_MAX && !found->v->transform->draws);
}

/* ---- for monitoring --------------------------------------------------- */

size_t mappings_count(const struct mappings *m)
{
	return m == NULL ? 0 : m->n;
}

struct slice mappings_visit(const struct mappings *m, size_t i,
    void (*visit)(void *ctx, const struct mapping_choice *c), void *ctx)
{
	const struct mapping *one = &m->v[i];

	for (size_t k = 0; k < one->n; k++) {
		struct mapping_choice c = { one->v[k].transform->destination,
			one->v[k].until, one->v[k].cluster };

		visit(ctx, &c);
	}
	return one->source;
}
