/* core/permissions.c - four lists of rules, and two questions.
 *
 * A rule is looked at in one of three ways:
 *   hits      the text of a subject or pattern, taken token for token, matches
 *             the rule.  For a literal subject that is matching; for a pattern
 *             it is what nats-server asks, and is wider than covers.
 *   covers    every subject of the pattern matches the rule.
 *   overlaps  some subject of the pattern matches the rule.
 *
 * P1  What is denied is refused by hits, so never less than nats-server does.
 * P2  What is allowed is granted by covers: nats-server grants by hits, and so
 *     lets "foo.*" open "foo.>".
 * P3  A subscription in queue q may be given a message on s exactly if
 *     SUB s q would be accepted.  Delivery asks the same function, so no
 *     wildcard and no queue group finds a way around (CVE-2022-29946).
 * P4  needs_filter may say yes where P3 would never refuse, never the reverse.
 *
 * A rule's key is the bytes before its first wildcard, or all of it.  A rule can
 * only hit what is its key or begins with it: for a text these are the text,
 * nothing, its first token, its first two, and so on.  So the rules lie sorted
 * by key, and a hash table says where those of each key begin.
 */
#include "core/permissions.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "proto/subject.h"

struct rule {
	struct slice subject, queue;
	uint32_t     prefix;		/* bytes before the first wildcard token */
	bool         is_wild, is_queue_wild;
};

struct rule_set {
	struct rule        *rules;	/* as they were stated */
	const struct rule **index;	/* sorted by key */
	uint32_t           *slots;	/* by hash of a key: where those begin,
					   + 1 */
	size_t              mask;
	uint64_t            lengths;	/* of keys: a bit each, modulo 64 */
	uint32_t            n, n_wild, n_queued;
	bool                is_set;
};

enum { PUBLISH_ALLOW, PUBLISH_DENY, SUBSCRIBE_ALLOW, SUBSCRIBE_DENY, N_SETS };

struct permissions {
	uint32_t        n_refs;		/* atomic */
	uint64_t        serial;		/* never used twice */
	struct rule_set sets[N_SETS];
	bool            allows_responses;
	int64_t         responses_max, responses_ttl_ns;
	/* Behind it: rules, indexes, slots, text. */
};

enum { RULES_MAX = 1 << 20, RESPONSES_MAX_DEFAULT = 1 };
#define RESPONSES_TTL_DEFAULT (120 * NS_PER_S)

/* ---- building ----------------------------------------------------------- */

static bool has_blank(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || strchr(" \t\r\n\f", s.p[i]) != NULL)
			return true;
	return false;
}

static bool list_is_sound(const struct permission_list *l, bool may_queue)
{
	if (l->n > RULES_MAX)
		return false;
	for (size_t i = 0; i < l->n; i++) {
		const struct permission_rule *r = &l->rules[i];

		if (!subject_is_valid(r->subject) || r->subject.n > UINT32_MAX)
			return false;
		if (r->queue.n > 0 && (!may_queue || has_blank(r->queue)))
			return false;
	}
	return true;
}

/* Half of them stay empty. */
static size_t slots_for(size_t n_rules)
{
	size_t n = 2;

	while (n < 2 * n_rules)
		n *= 2;
	return n;
}

/* Room for one list's rules, slots and text; false: it cannot be had. */
static bool add_room(const struct permission_list *l, size_t *rules,
    size_t *slots, size_t *text)
{
	for (size_t i = 0; i < l->n; i++)
		if (__builtin_add_overflow(*text, l->rules[i].subject.n, text) ||
		    __builtin_add_overflow(*text, l->rules[i].queue.n, text))
			return false;
	*rules += l->n;			/* RULES_MAX bounds both */
	*slots += slots_for(l->n);
	return true;
}

static uint32_t literal_prefix(struct slice pattern)
{
	struct slice rest = pattern, token;

	while (subject_take_token(&rest, &token))
		if (slice_eq(token, SLICE("*")) || slice_eq(token, SLICE(">")))
			return (uint32_t)(token.p - pattern.p);
	return (uint32_t)pattern.n;
}

static struct slice copy_text(char **at, struct slice s)
{
	struct slice copy = slice_of(*at, s.n);

	if (s.n > 0)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}

/* What a text that the rule hits is, or begins with. */
static struct slice key_of(const struct rule *r)
{
	return slice_of(r->subject.p, r->prefix);
}

static int compare_keys(const void *a, const void *b)
{
	return slice_cmp(key_of(*(const struct rule *const *)a),
	    key_of(*(const struct rule *const *)b));
}

static uint64_t length_bit(size_t n)
{
	return UINT64_C(1) << (n & 63);
}

static void add_key(struct rule_set *set, uint32_t i)
{
	struct slice key = key_of(set->index[i]);
	size_t       at = hash_slice(key) & set->mask;

	while (set->slots[at] != 0)
		at = (at + 1) & set->mask;
	set->slots[at] = i + 1;
	set->lengths |= length_bit(key.n);
}

static void index_rules(struct rule_set *set)
{
	for (uint32_t i = 0; i < set->n; i++)
		set->index[i] = &set->rules[i];
	if (set->n > 1)
		qsort(set->index, set->n, sizeof *set->index, compare_keys);
	set->mask = slots_for(set->n) - 1;
	for (uint32_t i = 0; i < set->n; i++)
		if (i == 0 || compare_keys(&set->index[i - 1],
		    &set->index[i]) != 0)
			add_key(set, i);
}

static void fill_set(struct rule_set *set, const struct permission_list *l,
    char **text)
{
	set->n = (uint32_t)l->n;
	set->is_set = l->is_set || l->n > 0;
	for (uint32_t i = 0; i < set->n; i++) {
		struct rule *r = &set->rules[i];

		r->subject = copy_text(text, l->rules[i].subject);
		r->queue = copy_text(text, l->rules[i].queue);
		r->is_wild = subject_has_wildcard(r->subject);
		r->is_queue_wild = subject_has_wildcard(r->queue);
		r->prefix = literal_prefix(r->subject);
		set->n_wild += r->is_wild;
		set->n_queued += r->queue.n > 0;
	}
	index_rules(set);
}

static void fill_responses(struct permissions *p,
    const struct permissions_spec *spec)
{
	if (!spec->allows_responses)
		return;
	p->allows_responses = true;
	p->responses_max = spec->responses_max;
	if (p->responses_max == 0)
		p->responses_max = RESPONSES_MAX_DEFAULT;
	p->responses_ttl_ns = spec->responses_ttl_ns;
	if (p->responses_ttl_ns == 0)
		p->responses_ttl_ns = RESPONSES_TTL_DEFAULT;
	/* who may only answer may publish nothing else */
	p->sets[PUBLISH_ALLOW].is_set = true;
}

/* One allocation: the struct, all rules, all indexes, all slots, all text. */
static struct permissions *allocate(size_t n_rules, size_t n_slots,
    size_t n_text)
{
	size_t bytes = sizeof(struct permissions) + n_slots * sizeof(uint32_t) +
	    n_rules * (sizeof(struct rule) + sizeof(struct rule *));

	if (__builtin_add_overflow(bytes, n_text, &bytes))
		return NULL;
	return calloc(1, bytes);
}

static uint64_t next_serial(void)
{
	static uint64_t last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

struct permissions *permissions_create(const struct permissions_spec *spec)
{
	const struct permission_list *lists[N_SETS] = {
		[PUBLISH_ALLOW] = &spec->publish_allow,
		[PUBLISH_DENY] = &spec->publish_deny,
		[SUBSCRIBE_ALLOW] = &spec->subscribe_allow,
		[SUBSCRIBE_DENY] = &spec->subscribe_deny,
	};
	struct permissions *p;
	struct rule        *rules;
	const struct rule **index;
	size_t              n_rules = 0, n_slots = 0, n_text = 0;
	uint32_t           *slots;
	char               *text;

	for (int i = 0; i < N_SETS; i++)
		if (!list_is_sound(lists[i], i >= SUBSCRIBE_ALLOW) ||
		    !add_room(lists[i], &n_rules, &n_slots, &n_text))
			return NULL;
	p = allocate(n_rules, n_slots, n_text);
	if (p == NULL)
		return NULL;

	p->n_refs = 1;
	p->serial = next_serial();
	rules = (struct rule *)(p + 1);
	index = (const struct rule **)(void *)(rules + n_rules);
	slots = (uint32_t *)(void *)(index + n_rules);
	text = (char *)(slots + n_slots);
	hash_init();
	for (int i = 0; i < N_SETS; i++) {
		p->sets[i].rules = rules;
		p->sets[i].index = index;
		p->sets[i].slots = slots;
		fill_set(&p->sets[i], lists[i], &text);
		rules += lists[i]->n;
		index += lists[i]->n;
		slots += slots_for(lists[i]->n);
	}
	fill_responses(p, spec);
	return p;
}

struct permissions *permissions_create_denying(
    const struct permissions_spec *spec, struct slice denied)
{
	size_t n = spec->publish_deny.n;
	struct permission_rule *rules = calloc(n + 1, sizeof *rules);
	struct permissions_spec wider = *spec;
	struct permissions     *p;

	if (rules == NULL)
		return NULL;
	if (n > 0)
		memcpy(rules, spec->publish_deny.rules, n * sizeof *rules);
	rules[n].subject = denied;
	wider.publish_deny = (struct permission_list){ rules, n + 1, true };
	p = permissions_create(&wider);
	free(rules);
	return p;
}

struct permissions *permissions_ref(const struct permissions *p)
{
	/* counting is the one change that an immutable thing sees */
	struct permissions *q = (struct permissions *)(uintptr_t)p;

	if (q != NULL)
		__atomic_add_fetch(&q->n_refs, 1, __ATOMIC_RELAXED);
	return q;
}

void permissions_unref(const struct permissions *p)
{
	struct permissions *q = (struct permissions *)(uintptr_t)p;

	if (q != NULL &&
	    __atomic_sub_fetch(&q->n_refs, 1, __ATOMIC_ACQ_REL) == 0)
		free(q);
}

/* ---- asking the rules --------------------------------------------------- */

/* A text that begins with the rule's key. */
static bool rule_hits(const struct rule *r, struct slice text)
{
	if (!r->is_wild)
		return slice_eq(r->subject, text);
	/* the key is whole tokens, none of them empty */
	return text.n > r->prefix &&
	    subject_matches(slice_skip(text, r->prefix),
	    slice_skip(r->subject, r->prefix));
}

static bool rule_covers(const struct rule *r, struct slice pattern)
{
	return rule_hits(r, pattern) && subject_is_subset(pattern, r->subject);
}

static bool rule_admits_queue(const struct rule *r, struct slice queue)
{
	return slice_eq(r->queue, queue) ||
	    (r->is_queue_wild && subject_matches(queue, r->queue));
}

/* The first rule with this key; set->n: there is none. */
static uint32_t find_key(const struct rule_set *set, struct slice key)
{
	size_t at = hash_slice(key) & set->mask;

	for (; set->slots[at] != 0; at = (at + 1) & set->mask)
		if (slice_eq(key_of(set->index[set->slots[at] - 1]), key))
			return set->slots[at] - 1;
	return set->n;
}

static bool has_length(const struct rule_set *set, size_t n)
{
	return (set->lengths & length_bit(n)) != 0;
}

/* A way through the rules that hit a text: those with it as their key, then
 * those with what it begins with. */
struct walk {
	struct slice key;
	uint32_t     at;	/* the next rule, if that has this key */
	size_t       n;		/* bytes of the next key */
};

static struct walk walk_begin(const struct rule_set *set, struct slice text)
{
	return (struct walk){ .key = text, .at = has_length(set, text.n)
	    ? find_key(set, text) : set->n };
}

/* To the next key that has rules; false: there is none. */
static bool next_key(const struct rule_set *set, struct slice text,
    struct walk *w)
{
	while (w->n < text.n) {
		size_t n = w->n, end = n;

		while (end < text.n && text.p[end++] != '.')
			;
		w->n = end;
		if (!has_length(set, n))
			continue;
		w->key = slice_of(text.p, n);
		w->at = find_key(set, w->key);
		if (w->at < set->n)
			return true;
	}
	return false;
}

/* The next rule whose key the text begins with. */
static const struct rule *next_rule(const struct rule_set *set,
    struct slice text, struct walk *w)
{
	do
		if (w->at < set->n &&
		    slice_eq(key_of(set->index[w->at]), w->key))
			return set->index[w->at++];
	while (next_key(set, text, w));
	return NULL;
}

static const struct rule *next_hit(const struct rule_set *set,
    struct slice text, struct walk *w)
{
	const struct rule *r;

	while ((r = next_rule(set, text, w)) != NULL)
		if (rule_hits(r, text))
			return r;
	return NULL;
}

static bool any_hits(const struct rule_set *set, struct slice text)
{
	struct walk w = walk_begin(set, text);

	return next_hit(set, text, &w) != NULL;
}

bool permissions_may_publish(const struct permissions *p, struct slice subject)
{
	if (p == NULL)
		return true;
	if (p->sets[PUBLISH_ALLOW].is_set &&
	    !any_hits(&p->sets[PUBLISH_ALLOW], subject))
		return false;
	return !any_hits(&p->sets[PUBLISH_DENY], subject);
}

/* Once a rule names queues for this pattern, only those queues are allowed:
 * plain rules then speak for plain subscriptions alone. */
static bool is_allowed(const struct rule_set *set, struct slice pattern,
    struct slice queue)
{
	struct walk        w = walk_begin(set, pattern);
	const struct rule *r;
	bool               covered = false, names = false, named = false;

	if (!set->is_set)
		return true;
	while ((r = next_hit(set, pattern, &w)) != NULL) {
		bool admits = r->queue.n == 0;

		if (r->queue.n > 0 && queue.n > 0) {
			admits = rule_admits_queue(r, queue);
			names = true;
			named |= admits;
		}
		if (admits && !covered)
			covered = rule_covers(r, pattern);
	}
	return covered && (named || !names);
}

/* Does a deny rule speak of this queue at all?  (Plain ones speak of all.) */
static bool rule_denies_queue(const struct rule *r, struct slice queue)
{
	if (r->queue.n == 0)
		return true;
	if (queue.n == 0)
		return false;
	/* a name like "a..b" fits no pattern, and may not slip through for it */
	return rule_admits_queue(r, queue) ||
	    (r->is_queue_wild && subject_has_empty_token(queue));
}

static bool is_denied(const struct rule_set *set, struct slice pattern,
    struct slice queue)
{
	struct walk        w = walk_begin(set, pattern);
	const struct rule *r;

	while ((r = next_hit(set, pattern, &w)) != NULL)
		if (rule_denies_queue(r, queue))
			return true;
	return false;
}

bool permissions_may_subscribe(const struct permissions *p,
    struct slice pattern, struct slice queue)
{
	return p == NULL ||
	    (is_allowed(&p->sets[SUBSCRIBE_ALLOW], pattern, queue) &&
	    !is_denied(&p->sets[SUBSCRIBE_DENY], pattern, queue));
}

bool permissions_needs_filter(const struct permissions *p,
    struct slice pattern, struct slice queue)
{
	const struct rule_set *allow, *deny;

	if (p == NULL || !subject_has_wildcard(pattern))
		return false;
	deny = &p->sets[SUBSCRIBE_DENY];
	for (uint32_t i = 0; i < deny->n; i++)
		if (rule_denies_queue(&deny->rules[i], queue) &&
		    subject_overlaps(deny->rules[i].subject, pattern))
			return true;
	allow = &p->sets[SUBSCRIBE_ALLOW];
	if (queue.n == 0 || allow->n_queued == 0)
		return false;
	/* a rule for other queues may lie inside a pattern that a wider rule
	 * allows */
	for (uint32_t i = 0; i < allow->n; i++)
		if (allow->rules[i].queue.n > 0 &&
		    !rule_admits_queue(&allow->rules[i], queue) &&
		    subject_overlaps(allow->rules[i].subject, pattern))
			return true;
	return false;
}

bool permissions_may_receive(const struct permissions *p, struct slice subject,
    struct slice queue)
{
	return permissions_may_subscribe(p, subject, queue);
}

bool permissions_responses(const struct permissions *p, int64_t *max,
    int64_t *ttl_ns)
{
	if (p == NULL || !p->allows_responses)
		return false;
	*max = p->responses_max;
	*ttl_ns = p->responses_ttl_ns;
	return true;
}

/* ---- remembered verdicts ------------------------------------------------ */

/* Subjects that are never used twice (of replies, say) differ in their last
 * token, mostly.  So what is remembered first is the verdict of a family: all
 * subjects that are the same up to their last dot.  Where the family is of
 * different opinions, that of the subject is remembered as well.  The two do
 * not meet: the one ends with a dot, and a subject that does is not remembered.
 */
enum { VERDICTS = 128, VERDICT_SUBJECT_MAX = 62, WILD_RULES_CHEAP = 2 };

enum verdict { VERDICT_NO, VERDICT_YES, VERDICT_MIXED };

struct verdict_entry {
	uint8_t n;		/* 0: empty */
	uint8_t verdict;
	char    subject[VERDICT_SUBJECT_MAX];
};

/* The first rule whose key is greater. */
static uint32_t find_greater(const struct rule_set *set, struct slice key)
{
	uint32_t low = 0, high = set->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (slice_cmp(key_of(set->index[middle]), key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Do the rules of this set hit all of the family, or none?  MIXED may be said
 * of more than are; YES and NO only of whole families.  pattern is the family
 * with "*" as its last token. */
static enum verdict hits_family(const struct rule_set *set,
    struct slice pattern)
{
	struct slice       family = slice_of(pattern.p, pattern.n - 1);
	struct walk        w = walk_begin(set, pattern);
	uint32_t           within = find_greater(set, family);
	enum verdict       v = VERDICT_NO;
	const struct rule *r;

	while ((r = next_rule(set, pattern, &w)) != NULL) {
		if (subject_is_subset(pattern, r->subject))
			return VERDICT_YES;
		if (subject_overlaps(pattern, r->subject))
			v = VERDICT_MIXED;
	}
	if (within < set->n &&
	    slice_has_prefix(key_of(set->index[within]), family))
		v = VERDICT_MIXED;
	return v;
}

static enum verdict judge_family(const struct permissions *p,
    struct slice family)
{
	const struct rule_set *allow = &p->sets[PUBLISH_ALLOW];
	char                   text[VERDICT_SUBJECT_MAX + 1];
	struct slice           pattern = slice_of(text, family.n + 1);
	enum verdict           allowed, denied;

	memcpy(text, family.p, family.n);
	text[family.n] = '*';
	denied = hits_family(&p->sets[PUBLISH_DENY], pattern);
	allowed = allow->is_set ? hits_family(allow, pattern) : VERDICT_YES;
	if (denied == VERDICT_YES || allowed == VERDICT_NO)
		return VERDICT_NO;
	return denied == VERDICT_MIXED ? VERDICT_MIXED : allowed;
}

/* A few rules are asked faster than 8 KB are touched. */
static bool is_cheap(const struct permissions *p)
{
	const struct rule_set *allow = &p->sets[PUBLISH_ALLOW];
	const struct rule_set *deny = &p->sets[PUBLISH_DENY];

	return allow->n_wild + deny->n_wild <= WILD_RULES_CHEAP;
}

/* Empty, or filled under these permissions.  False: no memory. */
static bool prepare_cache(struct verdict_cache *c, const struct permissions *p)
{
	if (c->serial != p->serial)
		verdict_cache_fini(c);
	if (c->entries == NULL) {
		c->entries = calloc(VERDICTS, sizeof *c->entries);
		c->serial = p->serial;
	}
	return c->entries != NULL;
}

/* True: it is remembered; false: *e is to be filled. */
static bool find_verdict(const struct verdict_cache *c, struct slice subject,
    struct verdict_entry **e)
{
	*e = &c->entries[hash_slice(subject) % VERDICTS];
	return slice_eq(slice_of((*e)->subject, (*e)->n), subject);
}

static void remember(struct verdict_entry *e, struct slice subject,
    enum verdict verdict)
{
	e->verdict = (uint8_t)verdict;
	e->n = (uint8_t)subject.n;
	memcpy(e->subject, subject.p, subject.n);
}

static enum verdict verdict_of_family(struct verdict_cache *c,
    const struct permissions *p, struct slice subject)
{
	struct verdict_entry *e;

	while (subject.n > 0 && subject.p[subject.n - 1] != '.')
		subject.n--;
	if (subject.n == 0)
		return VERDICT_MIXED;
	if (!find_verdict(c, subject, &e))
		remember(e, subject, judge_family(p, subject));
	return e->verdict;
}

bool verdict_may_publish(struct verdict_cache *c, const struct permissions *p,
    struct slice subject)
{
	struct verdict_entry *e;
	enum verdict          v;

	if (p == NULL)
		return true;
	if (subject.n == 0 || subject.n > VERDICT_SUBJECT_MAX ||
	    subject.p[subject.n - 1] == '.' || is_cheap(p) ||
	    !prepare_cache(c, p))
		return permissions_may_publish(p, subject);

	v = verdict_of_family(c, p, subject);
	if (v != VERDICT_MIXED)
		return v == VERDICT_YES;
	if (!find_verdict(c, subject, &e))
		remember(e, subject, permissions_may_publish(p, subject)
		    ? VERDICT_YES : VERDICT_NO);
	return e->verdict == VERDICT_YES;
}

void verdict_cache_fini(struct verdict_cache *c)
{
	free(c->entries);
	*c = (struct verdict_cache){ 0 };
}

/* ---- monitoring --------------------------------------------------------- */

static void put_rule(struct json_writer *w, const struct rule *r)
{
	struct buf text = { 0 };

	if (r->queue.n == 0) {
		json_str(w, r->subject);
		return;
	}
	buf_put_slice(&text, r->subject);
	buf_put_char(&text, ' ');
	buf_put_slice(&text, r->queue);
	json_str(w, buf_slice(&text));
	w->out->failed |= buf_failed(&text);
	buf_fini(&text);
}

static void put_list(struct json_writer *w, const char *key,
    const struct rule_set *set)
{
	if (!set->is_set)
		return;
	json_key(w, key);
	json_begin_array(w);
	for (uint32_t i = 0; i < set->n; i++)
		put_rule(w, &set->rules[i]);
	json_end_array(w);
}

static void put_side(struct json_writer *w, const char *key,
    const struct rule_set *allow, const struct rule_set *deny)
{
	if (!allow->is_set && !deny->is_set)
		return;
	json_key(w, key);
	json_begin_object(w);
	put_list(w, "allow", allow);
	put_list(w, "deny", deny);
	json_end_object(w);
}

void permissions_to_json(const struct permissions *p, struct buf *out)
{
	struct json_writer w;

	json_init(&w, out, 0);
	json_begin_object(&w);
	if (p != NULL) {
		put_side(&w, "publish", &p->sets[PUBLISH_ALLOW],
		    &p->sets[PUBLISH_DENY]);
		put_side(&w, "subscribe", &p->sets[SUBSCRIBE_ALLOW],
		    &p->sets[SUBSCRIBE_DENY]);
	}
	if (p != NULL && p->allows_responses) {
		json_key(&w, "responses");
		json_begin_object(&w);
		json_key(&w, "max");
		json_i64(&w, p->responses_max);
		json_key(&w, "ttl");
		json_i64(&w, p->responses_ttl_ns);
		json_end_object(&w);
	}
	json_end_object(&w);
}
