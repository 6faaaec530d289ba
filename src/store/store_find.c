/* store/store_find.c - by subject, by time, and counting.
 *
 * The index says of each subject how many there are and between which
 * sequences; that answers most questions.  What lies in between is in the
 * blocks' tables: a block whose table has no matching subject is passed over,
 * in the others entries are counted, never messages read.
 */
#include "store/store_int.h"

#include <string.h>

#include "base/assert.h"
#include "base/err.h"
#include "proto/subject.h"

enum { STRADDLERS_MAX = 16 };

static bool matches(struct slice subject, struct slice pattern)
{
	return pattern.n == 0 || subject_matches(subject, pattern);
}

/* ---- in one block --------------------------------------------------------- */

/* Which entries of a block match, and live. */
struct sieve {
	const struct block_file  *b;
	const struct block_table *t;
	struct slice              pattern;
	uint32_t                  from, to;	/* subjects that may match */
	uint32_t                  known;	/* the one that was asked last */
	bool                      is_known, known_answer;
};

static int sieve_open(struct store *s, struct block_file *b,
    struct slice pattern, struct sieve *v)
{
	struct block_table *t;
	int                 err = block_load_table(s, b, &t);

	if (err != 0)
		return err;
	*v = (struct sieve){ .b = b, .t = t, .pattern = pattern,
		.to = UINT32_MAX };
	if (t->is_sorted && pattern.n > 0)
		block_table_range(t, pattern, &v->from, &v->to);
	return 0;
}

static bool sieve_passes(struct sieve *v, const struct footer_entry *e)
{
	if (e->subject < v->from || e->subject >= v->to ||
	    block_is_dead(v->b, v->b->first_seq + e->seq_delta))
		return false;
	if (!v->is_known || v->known != e->subject) {
		v->is_known = true;
		v->known = e->subject;
		v->known_answer = matches(block_table_subject(v->t,
		    e->subject), v->pattern);
	}
	return v->known_answer;
}

static uint32_t sieve_begin(const struct sieve *v, uint64_t seq)
{
	return seq <= v->b->first_seq ? 0
	    : block_table_from(v->t, seq - v->b->first_seq);
}

static int next_in(struct store *s, struct block_file *b,
    struct slice pattern, uint64_t from, uint64_t *seq)
{
	struct sieve v;
	int          err;

	if (b->n_live == 0)
		return ERR_NOTFOUND;
	if (pattern.n == 0) {
		*seq = block_next_live(b, from);
		return *seq <= b->last_seq ? 0 : ERR_NOTFOUND;
	}
	err = sieve_open(s, b, pattern, &v);
	if (err != 0 || v.from >= v.to)
		return err != 0 ? err : ERR_NOTFOUND;
	for (uint32_t i = sieve_begin(&v, from); i < v.t->n; i++)
		if (sieve_passes(&v, &v.t->entries[i])) {
			*seq = b->first_seq + v.t->entries[i].seq_delta;
			return 0;
		}
	return ERR_NOTFOUND;
}

static int last_in(struct store *s, struct block_file *b,
    struct slice pattern, uint64_t up_to, uint64_t *seq)
{
	struct sieve v;
	int          err;

	if (b->n_live == 0)
		return ERR_NOTFOUND;
	err = sieve_open(s, b, pattern, &v);
	if (err != 0 || v.from >= v.to)
		return err != 0 ? err : ERR_NOTFOUND;
	for (uint32_t i = up_to >= b->last_seq ? v.t->n
	    : sieve_begin(&v, up_to + 1); i > 0; i--)
		if (sieve_passes(&v, &v.t->entries[i - 1])) {
			*seq = b->first_seq + v.t->entries[i - 1].seq_delta;
			return 0;
		}
	return ERR_NOTFOUND;
}

static int count_in(struct store *s, struct block_file *b,
    struct slice pattern, uint64_t from, uint64_t to, uint64_t *n)
{
	struct sieve v;
	int          err;

	if (b->n_live == 0)
		return 0;
	err = sieve_open(s, b, pattern, &v);
	if (err != 0 || v.from >= v.to)
		return err;
	for (uint32_t i = sieve_begin(&v, from); i < v.t->n; i++) {
		if (b->first_seq + v.t->entries[i].seq_delta > to)
			break;
		*n += sieve_passes(&v, &v.t->entries[i]);
	}
	return 0;
}

/* ---- next and last -------------------------------------------------------- */

static int next_between(struct store *s, struct slice pattern, uint64_t from,
    uint64_t to, uint64_t *seq)
{
	int err = ERR_NOTFOUND;

	for (size_t i = block_at(s, from); i < s->n_blocks &&
	    s->blocks[i]->first_seq <= to && err == ERR_NOTFOUND; i++)
		err = next_in(s, s->blocks[i], pattern, from, seq);
	return err;
}

static int last_between(struct store *s, struct slice pattern, uint64_t from,
    uint64_t to, uint64_t *seq)
{
	size_t i = block_at(s, to);
	int    err = ERR_NOTFOUND;

	if (i == s->n_blocks)
		i--;
	for (;; i--) {
		if (s->blocks[i]->first_seq <= to)
			err = last_in(s, s->blocks[i], pattern, to, seq);
		if (err != ERR_NOTFOUND || i == 0 ||
		    s->blocks[i]->first_seq <= from)
			return err;
	}
}

/* Make the bounds of a subject what they bound. */
static int settle_entry(struct store *s, struct slice subject,
    struct subject_entry *e)
{
	uint64_t seq = 0;
	int      err = 0;

	if (e->first_stale) {
		err = next_between(s, subject, e->first, e->last, &seq);
		if (err == 0) {
			e->first = seq;
			e->first_stale = 0;
		}
	}
	if (err == 0 && e->last_stale) {
		err = last_between(s, subject, e->first, e->last, &seq);
		if (err == 0) {
			e->last = seq;
			e->last_stale = 0;
		}
	}
	return err;
}

static bool is_literal(struct slice pattern)
{
	return pattern.n > 0 && !subject_has_wildcard(pattern);
}

static int next_literal(struct store *s, struct slice subject, uint64_t from,
    uint64_t *seq)
{
	struct subject_entry *e = subjects_find(s->subjects, subject);
	int                   err;

	if (e == NULL || e->last < from)
		return ERR_NOTFOUND;
	if (from > e->first)
		return next_between(s, subject, from, e->last, seq);
	err = settle_entry(s, subject, e);
	if (err == 0)
		*seq = e->first;
	return err;
}

struct any_search {
	uint64_t from;
	bool     is_found;
};

static bool look_for_any(void *ctx, struct slice subject,
    struct subject_entry *e)
{
	struct any_search *a = ctx;

	(void)subject;
	a->is_found = e->last >= a->from;
	return !a->is_found;
}

/* Is it worth looking into the blocks?  A filter that nothing matches would
 * have all their tables read. */
static bool may_be_any(struct store *s, struct slice pattern, uint64_t from)
{
	struct any_search a = { .from = from };

	if (pattern.n == 0 || block_at(s, from) + 2 >= s->n_blocks)
		return true;
	return subjects_each(s->subjects, pattern, look_for_any, &a) != 0 ||
	    a.is_found;
}

int store_find_next(struct store *s, struct slice pattern, uint64_t from,
    uint64_t *seq)
{
	if (from < s->first_seq)
		from = s->first_seq;
	if (s->n_msgs == 0 || from > s->last_seq)
		return ERR_NOTFOUND;
	if (is_literal(pattern))
		return next_literal(s, pattern, from, seq);
	if (!may_be_any(s, pattern, from))
		return ERR_NOTFOUND;
	return next_between(s, pattern, from, s->last_seq, seq);
}

struct last_search {
	struct store *s;
	uint64_t      best;
	bool          is_found;
	int           err;
};

static bool look_at_last(void *ctx, struct slice subject,
    struct subject_entry *e)
{
	struct last_search *l = ctx;

	if (l->is_found && e->last <= l->best)
		return true;
	l->err = settle_entry(l->s, subject, e);
	if (l->err == 0 && (!l->is_found || e->last > l->best)) {
		l->best = e->last;
		l->is_found = true;
	}
	return l->err == 0;
}

int store_find_last(struct store *s, struct slice pattern, uint64_t up_to,
    uint64_t *seq)
{
	struct last_search l = { .s = s };
	int                err;

	if (s->n_msgs == 0 || up_to < s->first_seq)
		return ERR_NOTFOUND;
	if (up_to < s->last_seq || pattern.n == 0)
		return last_between(s, pattern, s->first_seq,
		    up_to < s->last_seq ? up_to : s->last_seq, seq);
	err = subjects_each(s->subjects, pattern, look_at_last, &l);
	if (err != 0 || l.err != 0)
		return err != 0 ? err : l.err;
	*seq = l.best;
	return l.is_found ? 0 : ERR_NOTFOUND;
}

/* ---- counting ------------------------------------------------------------- */

static uint64_t live_from(const struct block_file *b, uint64_t from)
{
	uint64_t n_dead = 0, begin, range = block_range(b);

	if (from > b->last_seq)
		return 0;
	if (from <= b->first_seq)
		return b->n_live;
	begin = from - b->first_seq;
	for (uint64_t i = begin; b->dead != NULL && i < range &&
	    i < b->dead_bits; ) {
		uint64_t word = b->dead[i / 64] >> (i % 64);
		uint64_t n = 64 - i % 64;

		if (n > range - i) {
			n = range - i;
			word &= (UINT64_C(1) << n) - 1;
		}
		n_dead += (uint64_t)__builtin_popcountll(word);
		i += n;
	}
	return range - begin - n_dead;
}

static uint64_t count_all(const struct store *s, uint64_t from)
{
	uint64_t n = 0;

	for (size_t i = block_at(s, from); i < s->n_blocks; i++)
		n += live_from(s->blocks[i], from);
	return n;
}

/* Through the tables, from the nearer end. */
static int count_by_block(struct store *s, struct slice pattern,
    uint64_t from, uint64_t to, uint64_t total, uint64_t *n)
{
	size_t   i = block_at(s, from), end = s->n_blocks;
	bool     is_behind = total != UINT64_MAX && i < end / 2;
	uint64_t sum = 0;
	int      err = 0;

	if (is_behind)
		for (size_t k = 0; k <= i && err == 0; k++)
			err = count_in(s, s->blocks[k], pattern, 0, from - 1,
			    &sum);
	else
		for (; i < end && s->blocks[i]->first_seq <= to && err == 0;
		    i++)
			err = count_in(s, s->blocks[i], pattern, from, to,
			    &sum);
	*n = is_behind ? total - sum : sum;
	return err;
}

/* What the index can say at once; the rest one by one, if it is little. */
struct count {
	struct store *s;
	uint64_t      from, n, total;
	bool          is_last;
	unsigned      n_straddling;
	struct slice  straddling[STRADDLERS_MAX];
	uint64_t      last[STRADDLERS_MAX];
	struct buf    names;
	size_t        at[STRADDLERS_MAX];
	int           err;
};

static void note_straddler(struct count *c, struct slice subject,
    const struct subject_entry *e)
{
	unsigned i = c->n_straddling++;

	if (i >= STRADDLERS_MAX)
		return;
	c->at[i] = c->names.n;
	c->straddling[i].n = subject.n;
	c->last[i] = e->last;
	buf_put_slice(&c->names, subject);
}

static bool count_subject(void *ctx, struct slice subject,
    struct subject_entry *e)
{
	struct count *c = ctx;

	c->total += e->n;
	if (e->last < c->from)
		return true;
	if (c->is_last) {
		c->err = settle_entry(c->s, subject, e);
		c->n += e->last >= c->from;
		return c->err == 0;
	}
	if (e->first >= c->from)
		c->n += e->n;
	else
		note_straddler(c, subject, e);
	return true;
}

static int count_straddlers(struct count *c)
{
	int err = 0;

	for (unsigned i = 0; i < c->n_straddling && err == 0; i++) {
		uint64_t n = 0;

		err = count_by_block(c->s, slice_of(c->names.p + c->at[i],
		    c->straddling[i].n), c->from, c->last[i], UINT64_MAX, &n);
		c->n += n;
	}
	return err;
}

static int count_matching(struct store *s, struct slice pattern,
    uint64_t from, bool is_last, uint64_t *n)
{
	struct count c = { .s = s, .from = from, .is_last = is_last };
	int          err = subjects_each(s->subjects, pattern, count_subject,
	    &c);

	if (err == 0)
		err = c.err;
	if (err == 0 && buf_failed(&c.names))
		err = ERR_NOMEM;
	if (err == 0 && !is_last && c.total == s->n_msgs)
		c.n = count_all(s, from);	/* as by a stream's own subject */
	else if (err == 0 && c.n_straddling > STRADDLERS_MAX)
		err = count_by_block(s, pattern, from, s->last_seq, c.total,
		    &c.n);
	else if (err == 0)
		err = count_straddlers(&c);
	buf_fini(&c.names);
	if (err == 0)
		*n = c.n;
	return err;
}

/* Without a character that could be a wildcard: most are. */
static bool is_plain(struct slice pattern)
{
	return memchr(pattern.p, '*', pattern.n) == NULL &&
	    memchr(pattern.p, '>', pattern.n) == NULL;
}

static int sum(struct store *s, struct slice pattern, uint64_t *n)
{
	const struct subject_entry *e;

	if (!is_plain(pattern))
		return subjects_sum(s->subjects, pattern, n);
	e = subjects_find(s->subjects, pattern);
	*n = e == NULL ? 0 : e->n;
	return 0;
}

int store_count(struct store *s, struct slice pattern, uint64_t from,
    bool is_last, uint64_t *n)
{
	bool is_all = pattern.n == 0 || slice_eq(pattern, SLICE(">"));

	*n = 0;
	if (s->n_msgs == 0 || from > s->last_seq)
		return 0;
	if (!is_last && from <= s->first_seq && !is_all)
		return sum(s, pattern, n);
	if (!is_last && from <= s->first_seq)
		*n = s->n_msgs;
	else if (!is_last && is_all)
		*n = count_all(s, from);
	else
		return count_matching(s, pattern, from, is_last, n);
	return 0;
}

struct subject_visit {
	struct store *s;
	bool        (*visit)(void *ctx, struct slice subject, uint64_t n,
	    uint64_t last_seq);
	void         *ctx;
	int           err;
};

static bool visit_subject(void *ctx, struct slice subject,
    struct subject_entry *e)
{
	struct subject_visit *v = ctx;

	v->err = settle_entry(v->s, subject, e);
	return v->err == 0 && v->visit(v->ctx, subject, e->n, e->last);
}

int store_each_subject(struct store *s, struct slice pattern,
    bool (*visit)(void *ctx, struct slice subject, uint64_t n,
    uint64_t last_seq), void *ctx)
{
	struct subject_visit v = { .s = s, .visit = visit, .ctx = ctx };
	int                  err = subjects_each(s->subjects, pattern,
	    visit_subject, &v);

	return err != 0 ? err : v.err;
}

/* ---- by time -------------------------------------------------------------- */

static int time_of(struct store *s, struct block_file *b,
    const struct footer_entry *e, int64_t *ts_ns)
{
	uint64_t      at = (uint64_t)e->at8 * FORMAT_ALIGN;
	struct record r;
	const char   *p;
	int           err = store_read_bytes(s, b, at, RECORD_HEADER_BYTES,
	    false, &p);

	if (err == 0 && !record_get(p, block_seed(&s->meta.id, b->nr), at,
	    &r))
		err = ERR_CORRUPT;
	if (err == 0)
		*ts_ns = r.ts_ns;
	return err;
}

/* A damaged header has no time: its neighbour's will do. */
static int time_near(struct store *s, struct block_file *b,
    const struct block_table *t, uint32_t i, int64_t *ts_ns)
{
	int err = ERR_CORRUPT;

	for (; i < t->n && err == ERR_CORRUPT; i++)
		err = time_of(s, b, &t->entries[i], ts_ns);
	if (err == ERR_CORRUPT)
		*ts_ns = b->last_ts_ns;
	return err == ERR_CORRUPT ? 0 : err;
}

static int search_time(struct store *s, struct block_file *b, int64_t ts_ns,
    uint64_t *seq)
{
	struct block_table *t;
	int                 err = block_load_table(s, b, &t);
	uint32_t            lo = 0, hi = err != 0 ? 0 : t->n;

	while (lo < hi && err == 0) {
		uint32_t mid = lo + (hi - lo) / 2;
		int64_t  ts = 0;

		err = time_near(s, b, t, mid, &ts);
		if (ts < ts_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (err == 0)
		*seq = lo == t->n ? b->last_seq + 1
		    : b->first_seq + t->entries[lo].seq_delta;
	return err;
}

int store_find_time(struct store *s, int64_t ts_ns, uint64_t *seq)
{
	uint64_t from = s->last_seq + 1;
	size_t   lo = 0, hi = s->n_blocks;
	int      err = 0;

	while (lo < hi) {
		size_t                   mid = lo + (hi - lo) / 2;
		const struct block_file *b = s->blocks[mid];

		/* the newest, while it is empty, is as late as can be */
		if ((b->n_records > 0 || b->is_sealed) &&
		    b->last_ts_ns < ts_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < s->n_blocks)
		err = search_time(s, s->blocks[lo], ts_ns, &from);
	if (err != 0)
		return err;
	err = store_find_next(s, SLICE_NONE, from, seq);
	if (err == ERR_NOTFOUND)
		*seq = s->last_seq + 1;
	return err == ERR_NOTFOUND ? 0 : err;
}
