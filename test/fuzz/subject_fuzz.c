/* subject_fuzz.c - patterns come and go, subjects are asked for.
 *
 * Input: lines.  "+pattern" inserts, "-" removes the oldest, "?subject" asks.
 * Holds: validity is what a naive reading says; every answer, from the sublist,
 * from the match cache and from its memory, has just the patterns that a naive
 * matcher lets match; a pattern can be read back; what lies within a pattern
 * matches no more than it; two patterns that share a subject overlap. */
#include <stdint.h>
#include <stdlib.h>

#include "base/epoch.h"
#include "base/list.h"
#include "core/match.h"
#include "core/sub.h"
#include "core/sublist.h"
#include "proto/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SUBS_MAX = 48, TOKENS_MAX = 4096 };

struct member {
	struct sub   sub;
	struct slice pattern;
	bool         is_in;
	unsigned     n_seen;
};

static struct epoch_thread *epoch;
static struct member        members[SUBS_MAX];

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* ---- the naive reading -------------------------------------------------- */

static size_t split(struct slice s, struct slice *tokens)
{
	size_t n = 0, start = 0;

	for (size_t i = 0; i <= s.n; i++)
		if (i == s.n || s.p[i] == '.') {
			tokens[n++] = slice_of(s.p + start, i - start);
			start = i + 1;
		}
	return n;
}

static bool is_one(struct slice token, const char *c)
{
	return token.n == 1 && token.p[0] == *c;
}

static bool naive_is_valid(struct slice s)
{
	static struct slice t[TOKENS_MAX];
	size_t              n = split(s, t);

	for (size_t i = 0; i < n; i++) {
		if (t[i].n == 0 || (is_one(t[i], ">") && i + 1 < n))
			return false;
		for (size_t k = 0; k < t[i].n; k++)
			if (memchr(" \t\n\f\r", t[i].p[k], 5) != NULL)
				return false;
	}
	return true;
}

static bool naive_matches(struct slice subject, struct slice pattern)
{
	static struct slice s[TOKENS_MAX], p[TOKENS_MAX];
	size_t              n = split(subject, s), m = split(pattern, p);
	bool                has_tail = is_one(p[m - 1], ">");

	for (size_t i = 0; i < n; i++)
		if (s[i].n == 0)
			return false;
	if (has_tail ? n < m : n != m)
		return false;
	for (size_t i = 0; i < m - has_tail; i++)
		if (!is_one(p[i], "*") && !slice_eq(p[i], s[i]))
			return false;
	return true;
}

/* ---- operations --------------------------------------------------------- */

static void insert(struct sublist *sl, struct member *m, struct slice pattern)
{
	struct buf back = { 0 };
	bool       is_valid = naive_is_valid(pattern);

	*m = (struct member){ .pattern = pattern };
	m->sub.worker = (uint16_t)(pattern.n % 3);
	if (pattern.n % 5 == 0)
		m->sub.queue = SLICE("q");
	must(subject_is_valid(pattern) == is_valid);
	must((sublist_insert(sl, epoch, &m->sub, pattern) == 0) == is_valid);
	if (!is_valid)
		return;
	must(subject_is_literal(pattern) == !subject_has_wildcard(pattern));
	m->is_in = true;
	sublist_pattern(&m->sub, &back);
	must(slice_eq(buf_slice(&back), pattern));
	buf_fini(&back);
}

static void remove_oldest(struct sublist *sl, unsigned n, unsigned *oldest)
{
	for (; *oldest < n; ++*oldest)
		if (members[*oldest].is_in) {
			sublist_remove(sl, epoch, &members[*oldest].sub);
			members[*oldest].is_in = false;
			return;
		}
}

static void see(struct sub *sub)
{
	CONTAINER_OF(sub, struct member, sub)->n_seen++;
}

static void check_seen(struct slice subject, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		bool wanted = members[i].is_in &&
		    naive_matches(subject, members[i].pattern);

		must(members[i].n_seen == wanted);
		members[i].n_seen = 0;
		if (members[i].is_in)
			must(subject_matches(subject, members[i].pattern) ==
			    wanted);
	}
}

static void check_pairs(struct slice subject, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < n; k++) {
			struct member *a = &members[i], *b = &members[k];
			bool in_a, in_b;

			if (!a->is_in || !b->is_in)
				continue;
			in_a = naive_matches(subject, a->pattern);
			in_b = naive_matches(subject, b->pattern);
			must(!in_a || in_b ||
			    !subject_is_subset(a->pattern, b->pattern));
			must(!in_a || !in_b ||
			    subject_overlaps(a->pattern, b->pattern));
		}
}

static void ask(struct sublist *sl, struct match_cache *c,
    struct slice subject, unsigned n)
{
	struct match_set set = { 0 };

	epoch_begin(epoch);
	must(sublist_find(sl, subject, &set));
	must((set.n > 0) == sublist_has_interest(sl, subject));
	for (size_t i = 0; i < set.n; i++)
		see(set.subs[i]);
	check_seen(subject, n);
	for (int round = 0; round < 2; round++) {
		const struct match *m = match_find(c, sl, subject);

		for (uint32_t i = 0; i < m->n_plain; i++)
			see(m->plain[i]);
		for (uint32_t g = 0; g < m->n_groups; g++)
			for (uint32_t i = 0; i < m->groups[g].n; i++)
				see(m->groups[g].subs[i]);
		check_seen(subject, n);
	}
	epoch_end(epoch);
	check_pairs(subject, n);
	match_set_fini(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char         *p = (const char *)data, *end = p + size;
	struct sublist     *sl;
	struct match_cache *c;
	unsigned            n = 0, oldest = 0;

	if (size >= TOKENS_MAX)
		return 0;
	if (epoch == NULL)
		epoch = epoch_join();
	sl = sublist_create();
	c = match_cache_create(8);
	must(epoch != NULL && sl != NULL && c != NULL);
	while (p < end) {
		const char  *nl = memchr(p, '\n', (size_t)(end - p));
		const char  *stop = nl == NULL ? end : nl;
		struct slice rest = slice_of(p + 1, (size_t)(stop - p) - (p < stop));

		if (*p == '+' && n < SUBS_MAX)
			insert(sl, &members[n++], rest);
		else if (*p == '-')
			remove_oldest(sl, n, &oldest);
		else if (*p == '?')
			ask(sl, c, rest, n);
		p = stop + 1;
	}
	while (oldest < n)
		remove_oldest(sl, n, &oldest);
	match_cache_destroy(c);
	epoch_barrier(epoch);
	sublist_destroy(sl);
	return 0;
}
