/* conf/value.c - the tree: maps that stay fast when they are large, and the
 * digest by which two servers can be seen to run the same configuration. */
#include "conf/value.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/json.h"
#include "conf/arena.h"

enum { INDEX_FROM = 16 };	/* below that a scan is as good */

const char *conf_kind_noun(enum conf_kind kind)
{
	static const char *const nouns[] = {
		[CONF_STRING]   = "a string",
		[CONF_INT]      = "an integer",
		[CONF_FLOAT]    = "a number with a fraction",
		[CONF_BOOL]     = "a boolean",
		[CONF_DATETIME] = "a date",
		[CONF_ARRAY]    = "an array",
		[CONF_MAP]      = "a map",
	};

	return nouns[kind];
}

struct conf_value *value_create(struct conf_arena *a, enum conf_kind kind)
{
	struct conf_value *v = arena_alloc(a, 1, sizeof *v);

	if (v != NULL) {
		v->kind = kind;
		v->n_nodes = 1;
	}
	return v;
}

/* ---- maps and arrays -------------------------------------------------- */

static void index_add(struct conf_map *m, uint32_t i)
{
	size_t mask = m->index_cap - 1;
	size_t at = hash_slice(m->v[i].key) & mask;

	while (m->index[at] != 0)
		at = (at + 1) & mask;
	m->index[at] = i + 1;
}

static bool index_build(struct conf_arena *a, struct conf_map *m)
{
	if (m->cap < INDEX_FROM)
		return true;
	m->index_cap = m->cap * 2;
	m->index = arena_alloc(a, m->index_cap, sizeof *m->index);
	if (m->index == NULL)
		return false;
	for (size_t i = 0; i < m->n; i++)
		index_add(m, (uint32_t)i);
	return true;
}

static struct conf_member *index_find(const struct conf_map *m,
    struct slice key)
{
	size_t mask = m->index_cap - 1;
	size_t at = hash_slice(key) & mask;

	for (; m->index[at] != 0; at = (at + 1) & mask)
		if (slice_eq(m->v[m->index[at] - 1].key, key))
			return &m->v[m->index[at] - 1];
	return NULL;
}

static struct conf_member *member_find(const struct conf_map *m,
    struct slice key)
{
	if (m->index != NULL)
		return index_find(m, key);
	for (size_t i = 0; i < m->n; i++)
		if (slice_eq(m->v[i].key, key))
			return &m->v[i];
	return NULL;
}

/* Doubles an array in the arena; the old one stays there until the end. */
static void *grow(struct conf_arena *a, const void *old, size_t n, size_t size,
    size_t *cap)
{
	size_t want = *cap == 0 ? 4 : *cap * 2;
	void  *p = arena_alloc(a, want, size);

	if (p == NULL)
		return NULL;
	if (n > 0)
		memcpy(p, old, n * size);
	*cap = want;
	return p;
}

static void weigh(struct conf_value *in, const struct conf_value *v)
{
	in->n_nodes += v->n_nodes;
	if (in->depth < v->depth + 1)
		in->depth = v->depth + 1;
}

bool value_put(struct conf_arena *a, struct conf_value *map, struct slice key,
    struct conf_value *v)
{
	struct conf_map    *m = &map->map;
	struct conf_member *old = member_find(m, key);

	weigh(map, v);
	if (old != NULL) {
		map->n_nodes -= old->value->n_nodes;
		old->value = v;
		return true;
	}
	if (m->n == m->cap) {
		struct conf_member *p = grow(a, m->v, m->n, sizeof *p, &m->cap);

		if (p == NULL)
			return false;
		m->v = p;
		if (!index_build(a, m))
			return false;
	}
	m->v[m->n++] = (struct conf_member){ key, v };
	if (m->index != NULL)
		index_add(m, (uint32_t)(m->n - 1));
	return true;
}

bool value_append(struct conf_arena *a, struct conf_value *array,
    struct conf_value *v)
{
	struct conf_array *l = &array->array;

	if (l->n == l->cap) {
		struct conf_value **p = grow(a, l->v, l->n, sizeof *p, &l->cap);

		if (p == NULL)
			return false;
		l->v = p;
	}
	weigh(array, v);
	l->v[l->n++] = v;
	return true;
}

struct conf_value *value_get(const struct conf_value *map, struct slice key)
{
	struct conf_member *m = member_find(&map->map, key);

	return m == NULL ? NULL : m->value;
}

/* ---- digest ----------------------------------------------------------- */

static int key_cmp(const void *a, const void *b)
{
	const struct conf_member *const *x = a, *const *y = b;

	return slice_cmp((*x)->key, (*y)->key);
}

/* A walk without recursion: one frame for each map or array that is open. */
struct walk {
	const struct conf_value   *v;
	const struct conf_member **sorted;	/* of a map; owned */
	size_t                     i;
};

static bool walk_begin(struct walk *w, const struct conf_value *v,
    struct json_writer *j)
{
	*w = (struct walk){ .v = v };
	if (v->kind == CONF_ARRAY) {
		json_begin_array(j);
		return true;
	}
	json_begin_object(j);
	w->sorted = calloc(v->map.n + 1, sizeof(struct conf_member *));
	if (w->sorted == NULL)
		return false;
	for (size_t i = 0; i < v->map.n; i++)
		w->sorted[i] = &v->map.v[i];
	qsort(w->sorted, v->map.n, sizeof(struct conf_member *), key_cmp);
	return true;
}

/* The next child, its key written; NULL: there are no more. */
static const struct conf_value *walk_next(struct walk *w, struct json_writer *j)
{
	const struct conf_value *v = w->v;

	if (v->kind == CONF_ARRAY)
		return w->i < v->array.n ? v->array.v[w->i++] : NULL;
	if (w->i == v->map.n)
		return NULL;
	json_key_slice(j, w->sorted[w->i]->key);
	return w->sorted[w->i++]->value;
}

static void walk_end(struct walk *w, struct json_writer *j)
{
	if (w->v->kind == CONF_ARRAY)
		json_end_array(j);
	else
		json_end_object(j);
	free(w->sorted);
}

static void scalar_put(const struct conf_value *v, struct json_writer *j)
{
	switch (v->kind) {
	case CONF_INT:
		json_i64(j, v->i);
		break;
	case CONF_FLOAT:
		json_f64(j, v->f);
		break;
	case CONF_BOOL:
		json_bool(j, v->b);
		break;
	default:
		json_str(j, v->str);
		break;
	}
}

static bool is_leaf(const struct conf_value *v)
{
	return v->kind != CONF_ARRAY && v->kind != CONF_MAP;
}

void value_put_json(struct buf *out, const struct conf_value *v)
{
	struct walk        stack[CONF_DEPTH_MAX + 1];
	size_t             n = 0;
	struct json_writer j;

	assert(v->depth <= CONF_DEPTH_MAX);
	json_init(&j, out, 0);
	for (;;) {
		if (v != NULL && is_leaf(v)) {
			scalar_put(v, &j);
		} else if (v != NULL) {
			if (!walk_begin(&stack[n++], v, &j))
				out->failed = true;
		} else {
			walk_end(&stack[--n], &j);
		}
		if (n == 0 || out->failed)
			break;
		v = walk_next(&stack[n - 1], &j);
	}
	while (n > 0)
		free(stack[--n].sorted);
	buf_put_char(out, '\n');
}

bool value_digest(const struct conf_value *v, char ret[72])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	struct buf    json = { 0 };
	bool          ok;

	value_put_json(&json, v);
	ok = !buf_failed(&json);
	if (ok) {
		crypto_hash_sha256(hash, (const unsigned char *)json.p, json.n);
		memcpy(ret, "sha256:", 7);
		sodium_bin2hex(ret + 7, 65, hash, sizeof hash);
	}
	if (json.p != NULL)
		explicit_bzero(json.p, json.n);
	buf_fini(&json);
	return ok;
}
