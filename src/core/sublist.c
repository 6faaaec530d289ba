/* core/sublist.c - which subscriptions want this subject?
 *
 * Most patterns are literal: those are in a table by their whole subject, so a
 * find looks once.  Patterns with wildcards are in a trie of tokens.  A branch
 * of the trie is reached from its parent by "*", a pointer, or by a literal
 * token: those edges are in a second table, by (parent, token), and so a branch
 * costs the same with one child and with a million.  "a.>" is kept at the
 * branch "a", as its tail.  The subscribers of one pattern are a members.
 *
 *     literals   "orders.new" -> {s1}
 *     edges      (root, "orders") -> o, (o*, "eu") -> x
 *     root --orders--> o --*--> o* --eu--> x     orders.*.eu  is x.here
 *                      o.tail                    orders.>
 *
 * A branch lives while it has subscribers or children.  A find goes depth
 * first, literal child before star, and climbs by the parent pointers, so it
 * needs no stack and no limit on depth, and meets each branch at most once.
 *
 * Writers hold the list's lock.  Readers hold nothing: they are in an epoch
 * section, and see what is published in the order in which it is written.
 *
 * Stamps.  A remembered find is as good as a new one while no subscription
 * that could match its subject came or went.  Literal patterns count their
 * comings and goings in a counter chosen by their hash, wildcard patterns in
 * one chosen by their first token, those which begin with a wildcard in one
 * for all.  A subject's stamp is the sum of its three counters.  They only
 * rise, so two sums are equal only if all three are.
 *
 *     change (under the lock)            cached match
 *     W1  publish, or unlink             R1  load the stamp
 *     W2  raise the counter              R2  find; remember match and stamp
 *     W3  return; later, retire          R3  another section: load the stamp;
 *                                            if equal, use the match
 *
 * CLAIM: the match used at R3 has every sub whose insert returned before R3,
 * and its section ends before any sub in it is freed.
 *
 * Let c be the counter that both the change and the subject use, R1 and R3
 * read equal values of it.
 *   Insert of X, W2 before R3: R3 reads W2's value or a later one, so R1 did.
 *     R1 is before R2 and W1 before W2 (fences), so R2 found X, unless it has
 *     been removed since, by a change for which the same holds.
 *   Removal of Y, where R2 found Y: R1 did not read W2's value or a later one,
 *     or R2 would have seen W1.  So R3 did not either: it read c before W2
 *     arrived.  The section of R3 has therefore begun before the grace period
 *     that is asked for after W2 (a section that begins later sees all that
 *     was written before the asking), and Y's release waits for its end.
 * The counters move to larger arrays while the list is young.  A copy starts
 * with the values of the old array, so c goes on where it was; who still reads
 * the old array reads values from before the copy, as if it had been earlier.
 *
 * test/stress/sublist_stress.c has mutants that exchange W1 and W2, and that
 * release without waiting; both must fail.
 */
#include "core/sublist.h"

#include <ck_pr.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "base/epoch.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"
#include "core/bytes.h"
#include "core/match.h"
#include "core/members.h"
#include "core/sub.h"
#include "core/table.h"
#include "proto/subject.h"

enum {
	IN_TAIL   = 1u << 31,		/* sub->place: it is in the tail */
	TEXT_MAX  = INT32_MAX,
	STAMPS_0  = 16,			/* counters of a kind to begin with */
	STAMPS_N  = 1024,		/* and in the end, powers of two */
};

/* A literal pattern, or a branch of the trie. */
struct subject_node {
	struct members     here;
	uint32_t           hash;	/* its key in the table */
	uint32_t           n : 31;	/* bytes of text */
	uint32_t           is_branch : 1;
	struct epoch_entry retired;
};

struct literal {
	struct subject_node node;
	char                text[];	/* the whole pattern */
};

struct branch {
	struct subject_node node;
	struct members      tail;	/* the subscribers of <here>.> */
	struct branch      *star;
	struct branch      *parent;	/* constant; NULL: the root */
	uint32_t            n_edges;	/* literal children */
	char                text[];	/* the last token */
};

/* The literal counters, then the wild ones. */
struct stamps {
	struct epoch_entry retired;
	uint32_t           mask;	/* of either kind */
	uint64_t           counters[];
};

struct sublist {
	/* Read by all, written by writers. */
	struct stamps *stamps;
	uint64_t       root_stamp;
	uint64_t       id;
	struct table   literals;
	struct table   edges;
	uint64_t       n_wild;		/* subscriptions in the trie */

	/* The writers'. */
	pthread_mutex_t lock __attribute__((aligned(64)));
	uint64_t        n_subs, n_inserts, n_removes;

	struct branch root;
};

/* ---- keys --------------------------------------------------------------- */

struct edge_key {
	const struct branch *parent;
	struct slice         token;
};

static uint32_t literal_hash(struct slice subject)
{
	return table_hash(hash_slice(subject));
}

static uint32_t edge_hash(const struct edge_key *key)
{
	return table_hash(hash_fold(hash_slice(key->token) ^
	    (uintptr_t)key->parent, 0xa0761d6478bd642fu));
}

static bool is_literal(const void *item, const void *key)
{
	const struct literal *l = item;
	const struct slice   *s = key;

	return l->node.n == s->n && bytes_eq(l->text, s->p, s->n);
}

static bool is_edge(const void *item, const void *key)
{
	const struct branch   *b = item;
	const struct edge_key *k = key;

	return b->parent == k->parent && b->node.n == k->token.n &&
	    bytes_eq(b->text, k->token.p, k->token.n);
}

static struct branch *branch_of(struct subject_node *node)
{
	return CONTAINER_OF(node, struct branch, node);
}

static struct literal *literal_of(struct subject_node *node)
{
	return CONTAINER_OF(node, struct literal, node);
}

static bool is_star(const struct branch *b)
{
	return b->node.n == 1 && b->text[0] == '*';
}

static bool token_is(struct slice token, char c)
{
	return token.n == 1 && token.p[0] == c;
}

/* The token that starts at p; the subject ends at end. */
static struct slice token_at(const char *p, const char *end)
{
	const char *dot = p;

	while (dot < end && *dot != '.')
		dot++;
	return slice_of(p, (size_t)(dot - p));
}

/* ---- stamps ------------------------------------------------------------- */

static uint64_t *literal_counter(struct stamps *s, uint32_t hash)
{
	return &s->counters[hash & s->mask];
}

static uint64_t *wild_counter(struct stamps *s, uint32_t hash)
{
	return &s->counters[s->mask + 1 + (hash & s->mask)];
}

/* n of each kind, a power of two. */
static struct stamps *stamps_create(uint32_t n)
{
	struct stamps *s = calloc(1, sizeof *s + 2 * n * sizeof s->counters[0]);

	if (s == NULL)
		return NULL;
	s->mask = n - 1;
	return s;
}

static void stamps_release(struct epoch_entry *e)
{
	free(CONTAINER_OF(e, struct stamps, retired));
}

/* Four times the counters, where what was one counter goes on as four. */
static void stamps_grow(struct sublist *sl, struct epoch_thread *e)
{
	struct stamps *old = sl->stamps;
	struct stamps *s = stamps_create((old->mask + 1) * 4);

	if (s == NULL)
		return;		/* another time */
	for (uint32_t i = 0; i <= s->mask; i++) {
		*literal_counter(s, i) = *literal_counter(old, i);
		*wild_counter(s, i) = *wild_counter(old, i);
	}
	ck_pr_fence_store();
	ck_pr_store_ptr(&sl->stamps, s);
	epoch_defer(e, &old->retired, stamps_release);
}

static void raise_stamp(uint64_t *counter)
{
	ck_pr_fence_store();			/* W1 before W2 */
	ck_pr_store_64(counter, *counter + 1);
	ck_pr_fence_store();			/* W2 before W3 */
}

#ifdef SUBLIST_MUTANT
/* For test/stress: W2 before W1, and time for readers on both sides of it. */
static void raise_early(struct sublist *sl)
{
	nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
	raise_stamp(&sl->root_stamp);
	nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
}
#define STAMP_BEFORE(sl)      raise_early(sl)
#define STAMP_AFTER(counter)  ((void)(counter))
#else
#define STAMP_BEFORE(sl)      ((void)0)
#define STAMP_AFTER(counter)  raise_stamp(counter)
#endif

/* The counter of a pattern.  Thread: writer. */
static uint64_t *stamp_of(struct sublist *sl, const struct subject_node *node)
{
	const struct branch *b;

	if (!node->is_branch)
		return literal_counter(sl->stamps, node->hash);
	b = (const struct branch *)(const void *)node;
	if (b == &sl->root)
		return &sl->root_stamp;
	while (b->parent != &sl->root)
		b = b->parent;
	if (is_star(b))
		return &sl->root_stamp;
	return wild_counter(sl->stamps, b->node.hash);
}

uint32_t sublist_first_hash(const struct sublist *sl, struct slice subject)
{
	struct edge_key key = { &sl->root,
		token_at(subject.p, subject.p + subject.n) };

	return edge_hash(&key);
}

uint64_t sublist_stamp(const struct sublist *sl, uint64_t hash, uint32_t first)
{
	struct stamps *s = ck_pr_load_ptr(&sl->stamps);
	uint64_t       sum;

	sum = ck_pr_load_64(literal_counter(s, table_hash(hash)));
	sum += ck_pr_load_64(wild_counter(s, first));
	sum += ck_pr_load_64(&sl->root_stamp);
	ck_pr_fence_load();			/* R1 before R2 */
	return sum;
}

/* ---- life --------------------------------------------------------------- */

struct sublist *sublist_create(void)
{
	static uint64_t ids;
	struct sublist *sl = aligned_alloc(64, (sizeof *sl + 63) & ~63ul);

	if (sl == NULL)
		return NULL;
	memset(sl, 0, sizeof *sl);
	sl->stamps = stamps_create(STAMPS_0);
	if (sl->stamps == NULL) {
		free(sl);
		return NULL;
	}
	sl->root.node.is_branch = 1;
	sl->id = ck_pr_faa_64(&ids, 1) + 1;
	pthread_mutex_init(&sl->lock, NULL);
	return sl;
}

void sublist_destroy(struct sublist *sl)
{
	if (sl == NULL)
		return;
	assert(sl->n_subs == 0);
	table_fini(&sl->literals);
	table_fini(&sl->edges);
	pthread_mutex_destroy(&sl->lock);
	free(sl->stamps);
	free(sl);
}

uint64_t sublist_id(const struct sublist *sl)
{
	return sl->id;
}

/* ---- literals ----------------------------------------------------------- */

static void literal_release(struct epoch_entry *e)
{
	free(CONTAINER_OF(e, struct literal, node.retired));
}

static struct literal *literal_create(struct slice pattern, uint32_t hash)
{
	struct literal *l = malloc(sizeof *l + pattern.n);

	if (l == NULL)
		return NULL;
	l->node = (struct subject_node){
		.hash = hash, .n = (uint32_t)pattern.n & TEXT_MAX,
	};
	memcpy(l->text, pattern.p, pattern.n);
	return l;
}

/* A new literal with its first subscriber: published complete, so that the
 * members need no memory and nothing has to be undone. */
static int insert_first(struct sublist *sl, struct epoch_thread *e,
    struct sub *sub, struct slice pattern, uint32_t hash)
{
	struct literal *l = literal_create(pattern, hash);

	if (l == NULL)
		return ERR_NOMEM;
	members_add(&l->node.here, e, sub);
	if (!table_insert(&sl->literals, e, hash, l)) {
		free(l);
		return ERR_NOMEM;
	}
	sub->node = &l->node;
	return 0;
}

static int insert_literal(struct sublist *sl, struct epoch_thread *e,
    struct sub *sub, struct slice pattern)
{
	uint32_t        hash = literal_hash(pattern);
	struct literal *l;

	sub->place = 0;
	table_prefetch(&sl->literals, hash, true);
	l = table_find(&sl->literals, hash, is_literal, &pattern);
	if (l == NULL)
		return insert_first(sl, e, sub, pattern, hash);
	if (!members_add(&l->node.here, e, sub))
		return ERR_NOMEM;
	sub->node = &l->node;
	return 0;
}

void sublist_prefetch(const struct sublist *sl, struct slice pattern)
{
	table_prefetch(&sl->literals, literal_hash(pattern), true);
}

static void remove_literal(struct sublist *sl, struct epoch_thread *e,
    struct literal *l)
{
	table_remove(&sl->literals, e, l->node.hash, l);
	epoch_defer(e, &l->node.retired, literal_release);
}

/* ---- wildcards ---------------------------------------------------------- */

static void branch_release(struct epoch_entry *e)
{
	free(CONTAINER_OF(e, struct branch, node.retired));
}

static struct branch *branch_create(const struct edge_key *key, uint32_t hash)
{
	struct branch *b = malloc(sizeof *b + key->token.n);

	if (b == NULL)
		return NULL;
	*b = (struct branch){
		.node = {
			.hash = hash,
			.n = (uint32_t)key->token.n & TEXT_MAX,
			.is_branch = 1,
		},
		.parent = (struct branch *)(uintptr_t)key->parent,
	};
	memcpy(b->text, key->token.p, key->token.n);
	return b;
}

static struct branch *add_star(struct branch *parent)
{
	struct edge_key key = { parent, SLICE("*") };

	if (parent->star == NULL) {
		struct branch *b = branch_create(&key, 0);

		ck_pr_fence_store();
		ck_pr_store_ptr(&parent->star, b);
	}
	return parent->star;
}

static struct branch *add_edge(struct sublist *sl, struct epoch_thread *e,
    struct branch *parent, struct slice token)
{
	struct edge_key key = { parent, token };
	uint32_t        hash = edge_hash(&key);
	struct branch  *b = table_find(&sl->edges, hash, is_edge, &key);

	if (b != NULL)
		return b;
	b = branch_create(&key, hash);
	if (b == NULL)
		return NULL;
	if (!table_insert(&sl->edges, e, hash, b)) {
		free(b);
		return NULL;
	}
	ck_pr_store_32(&parent->n_edges, parent->n_edges + 1);
	return b;
}

static bool is_bare(const struct branch *b)
{
	return members_is_empty(&b->node.here) && members_is_empty(&b->tail) &&
	    b->star == NULL && b->n_edges == 0;
}

/* Cut off b and those above it that nobody needs any more. */
static void prune(struct sublist *sl, struct epoch_thread *e, struct branch *b)
{
	while (b != &sl->root && is_bare(b)) {
		struct branch *parent = b->parent;

		if (parent->star == b) {
			ck_pr_store_ptr(&parent->star, NULL);
		} else {
			table_remove(&sl->edges, e, b->node.hash, b);
			ck_pr_store_32(&parent->n_edges, parent->n_edges - 1);
		}
		epoch_defer(e, &b->node.retired, branch_release);
		b = parent;
	}
}

/* The branch for the pattern, less a ">" at the end, which *place tells.
 * NULL: out of memory; *deepest is what then has to be pruned. */
static struct branch *add_branches(struct sublist *sl, struct epoch_thread *e,
    struct slice pattern, uint32_t *place, struct branch **deepest)
{
	struct branch *b = &sl->root;
	struct slice   token;

	*place = 0;
	while (subject_take_token(&pattern, &token)) {
		if (token_is(token, '>')) {
			*place = IN_TAIL;
			break;
		}
		*deepest = b;
		b = token_is(token, '*') ? add_star(b)
		    : add_edge(sl, e, b, token);
		if (b == NULL)
			return NULL;
	}
	*deepest = b;
	return b;
}

static struct members *members_of(const struct sub *sub)
{
	if ((sub->place & IN_TAIL) != 0)
		return &branch_of(sub->node)->tail;
	return &sub->node->here;
}

static int insert_wild(struct sublist *sl, struct epoch_thread *e,
    struct sub *sub, struct slice pattern)
{
	struct branch *deepest, *b;

	b = add_branches(sl, e, pattern, &sub->place, &deepest);
	if (b != NULL) {
		sub->node = &b->node;
		/* Before a reader can find it: n_wild lets finds skip the trie. */
		ck_pr_store_64(&sl->n_wild, sl->n_wild + 1);
		ck_pr_fence_store();
		if (members_add(members_of(sub), e, sub))
			return 0;
		ck_pr_store_64(&sl->n_wild, sl->n_wild - 1);
		sub->node = NULL;
	}
	prune(sl, e, deepest);
	return ERR_NOMEM;
}

/* ---- insert and remove -------------------------------------------------- */

static void count_insert(struct sublist *sl, struct epoch_thread *e)
{
	uint32_t n = sl->stamps->mask + 1;

	ck_pr_store_64(&sl->n_subs, sl->n_subs + 1);
	ck_pr_store_64(&sl->n_inserts, sl->n_inserts + 1);
	if (n < STAMPS_N && sl->n_inserts > 2 * n)
		stamps_grow(sl, e);
}

int sublist_insert(struct sublist *sl, struct epoch_thread *e, struct sub *sub,
    struct slice pattern)
{
	enum subject_kind kind = subject_kind(pattern);
	int               err;

	assert(sub->node == NULL);
	if (kind == SUBJECT_INVALID || pattern.n > TEXT_MAX)
		return ERR_SUBJECT;

	pthread_mutex_lock(&sl->lock);
	STAMP_BEFORE(sl);
	if (kind == SUBJECT_WILD)
		err = insert_wild(sl, e, sub, pattern);
	else
		err = insert_literal(sl, e, sub, pattern);	/* W1 */
	if (err == 0) {
		STAMP_AFTER(stamp_of(sl, sub->node));		/* W2 */
		count_insert(sl, e);
	}
	pthread_mutex_unlock(&sl->lock);
	return err;
}

void sublist_remove(struct sublist *sl, struct epoch_thread *e,
    struct sub *sub)
{
	struct subject_node *node = sub->node;

	assert(node != NULL);
	pthread_mutex_lock(&sl->lock);
	STAMP_BEFORE(sl);
	members_remove(members_of(sub), e, sub);		/* W1 */
	STAMP_AFTER(stamp_of(sl, node));			/* W2 */
	if (node->is_branch) {
		ck_pr_store_64(&sl->n_wild, sl->n_wild - 1);
		prune(sl, e, branch_of(node));
	} else if (members_is_empty(&node->here)) {
		remove_literal(sl, e, literal_of(node));
	}
	sub->node = NULL;
	ck_pr_store_64(&sl->n_subs, sl->n_subs - 1);
	ck_pr_store_64(&sl->n_removes, sl->n_removes + 1);
	pthread_mutex_unlock(&sl->lock);
}

/* ---- finding ------------------------------------------------------------ */

typedef bool (*visit_sub)(void *ctx, struct sub *sub);

static inline struct branch *find_edge(const struct sublist *sl,
    const struct branch *b, struct slice token)
{
	struct edge_key key = { b, token };

	if (ck_pr_load_32(&b->n_edges) == 0)
		return NULL;
	return table_find(&sl->edges, edge_hash(&key), is_edge, &key);
}

/* The start of the token before the one that starts at p. */
static inline const char *token_before(const char *p, const char *start)
{
	p--;
	while (p > start && p[-1] != '.')
		p--;
	return p;
}

/* From a branch that is done with, up to the next star; NULL: none is left.
 * *p is the start of the token behind the branch, before and after. */
static inline struct branch *climb(const struct sublist *sl,
    const struct branch *b, const char *start, const char **p)
{
	while (b != &sl->root) {
		const struct branch *parent = b->parent;
		struct branch       *star = NULL;

		if (!is_star(b))
			star = ck_pr_load_ptr(&parent->star);
		if (star != NULL)
			return star;
		*p = token_before(*p, start);
		b = parent;
	}
	return NULL;
}

/* Each subscription in the trie; false as soon as visit says so.  p is the
 * token behind the branch b, past end + 1 when there is none: a last token
 * counts as one that is followed by a dot. */
static inline __attribute__((always_inline)) bool trie_each(
    const struct sublist *sl, struct slice subject, visit_sub visit, void *ctx)
{
	const char          *p = subject.p, *end = p + subject.n;
	const struct branch *b = &sl->root, *next;

	do {
		if (p > end) {
			if (!members_each(&b->node.here, visit, ctx))
				return false;
			next = NULL;
		} else {
			struct slice token = token_at(p, end);

			__builtin_prefetch(ck_pr_load_ptr(&b->star));
			if (!members_each(&b->tail, visit, ctx))
				return false;
			next = find_edge(sl, b, token);
			if (next == NULL)
				next = ck_pr_load_ptr(&b->star);
			if (next != NULL)
				p += token.n + 1;
		}
		b = next != NULL ? next : climb(sl, b, subject.p, &p);
	} while (b != NULL);
	return true;
}

static inline __attribute__((always_inline)) bool list_each(
    const struct sublist *sl, struct slice subject, visit_sub visit, void *ctx)
{
	uint32_t              hash = literal_hash(subject);
	const struct literal *l;
	bool                  goes_on = true;

	table_prefetch(&sl->literals, hash, false);
	if (ck_pr_load_64(&sl->n_wild) != 0 &&
	    !subject_has_empty_token(subject))
		goes_on = trie_each(sl, subject, visit, ctx);
	if (!goes_on)
		return false;
	l = table_find(&sl->literals, hash, is_literal, &subject);
	return l == NULL || members_each(&l->node.here, visit, ctx);
}

static bool add_to_set(void *ctx, struct sub *sub)
{
	struct match_set *set = ctx;

	if (set->n == set->cap)
		return match_set_add(set, sub);
	set->subs[set->n++] = sub;
	return true;
}

bool sublist_find(const struct sublist *sl, struct slice subject,
    struct match_set *out)
{
	return subject.n == 0 || list_each(sl, subject, add_to_set, out);
}

static bool stop_here(void *ctx, struct sub *sub)
{
	(void)ctx;
	(void)sub;
	return false;
}

bool sublist_has_interest(const struct sublist *sl, struct slice subject)
{
	return subject.n > 0 && !list_each(sl, subject, stop_here, NULL);
}

bool sublist_has_literal(const struct sublist *sl, struct slice subject)
{
	const struct literal *l = table_find(&sl->literals,
	    literal_hash(subject), is_literal, &subject);

	return l != NULL && !members_each(&l->node.here, stop_here, NULL);
}

/* ---- patterns ----------------------------------------------------------- */

static bool is_root(const struct branch *b)
{
	return b->parent == NULL;
}

static size_t path_size(const struct branch *b)
{
	size_t n = 0;

	for (; !is_root(b); b = b->parent)
		n += b->node.n + !is_root(b->parent);
	return n;
}

/* The tokens of b and of those above it. */
static void put_path(const struct branch *b, struct buf *out)
{
	size_t n = path_size(b);
	char  *p = buf_reserve(out, n);

	if (p == NULL)
		return;
	buf_added(out, n);
	for (p += n; !is_root(b); b = b->parent) {
		p -= b->node.n;
		memcpy(p, b->text, b->node.n);
		if (!is_root(b->parent))
			*--p = '.';
	}
}

static void put_pattern(const struct subject_node *node, bool is_tail,
    struct buf *out)
{
	const struct branch *b = (const struct branch *)(const void *)node;

	if (!node->is_branch) {
		buf_put(out, ((const struct literal *)(const void *)node)->text,
		    node->n);
		return;
	}
	put_path(b, out);
	if (is_tail)
		buf_put_str(out, is_root(b) ? ">" : ".>");
}

void sublist_pattern(const struct sub *sub, struct buf *out)
{
	/* Another worker's removal may move it to another slot meanwhile. */
	uint32_t place = __atomic_load_n(&sub->place, __ATOMIC_RELAXED);

	put_pattern(sub->node, (place & IN_TAIL) != 0, out);
}

/* ---- observers ---------------------------------------------------------- */

struct visitor {
	bool     (*visit)(void *ctx, const struct sub *sub, struct slice pattern);
	void      *ctx;
	struct buf pattern;
};

static bool visit_sub_of(void *ctx, struct sub *sub)
{
	struct visitor *v = ctx;

	return v->visit(v->ctx, sub, buf_slice(&v->pattern));
}

static bool visit_members(struct visitor *v, const struct subject_node *node,
    const struct members *m, bool is_tail)
{
	if (members_is_empty(m))
		return true;
	buf_reset(&v->pattern);
	put_pattern(node, is_tail, &v->pattern);
	return members_each(m, visit_sub_of, v);
}

static bool visit_literal(void *ctx, void *item)
{
	struct literal *l = item;

	return visit_members(ctx, &l->node, &l->node.here, false);
}

/* Every branch is the root, in the table of edges, or found from one of those
 * by stars alone. */
static bool visit_branches(void *ctx, void *item)
{
	for (struct branch *b = item; b != NULL; b = b->star)
		if (!visit_members(ctx, &b->node, &b->node.here, false) ||
		    !visit_members(ctx, &b->node, &b->tail, true))
			return false;
	return true;
}

void sublist_visit(struct sublist *sl,
    bool (*visit)(void *ctx, const struct sub *sub, struct slice pattern),
    void *ctx)
{
	struct visitor v = { visit, ctx, { 0 } };

	pthread_mutex_lock(&sl->lock);
	if (table_each(&sl->literals, visit_literal, &v) &&
	    visit_branches(&v, &sl->root))
		table_each(&sl->edges, visit_branches, &v);
	pthread_mutex_unlock(&sl->lock);
	buf_fini(&v.pattern);
}

void sublist_stats(const struct sublist *sl, struct sublist_stats *ret)
{
	ret->n_subs = ck_pr_load_64(&sl->n_subs);
	ret->n_inserts = ck_pr_load_64(&sl->n_inserts);
	ret->n_removes = ck_pr_load_64(&sl->n_removes);
}
