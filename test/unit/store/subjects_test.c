/* test/unit/store/subjects_test.c - pairs with src/store/subjects.c.
 *
 * A tree that is split, joined and grown at random must answer as a list does.
 * The names share beginnings, are each other's beginnings, and branch wide.
 */
#include "store/subjects.h"

#include "base/err.h"
#include "check.h"
#include "fail_alloc.h"
#include "proto/subject.h"

enum { NAMES = 700 };

static char     names[NAMES][40];
static uint64_t counts[NAMES];
static uint32_t dice = 7;

static uint32_t below(uint32_t n)
{
	dice = dice * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)dice * n >> 32);
}

static const char *const patterns[] = {
	"", ">", "a.>", "a.*", "a.*.c", "*.7", "*.*.*", "a.12", "a.1.>",
	"wide.*", "none.>", "wide.x", "*", "a.*.*", "deep.>", "*.*.c",
};

static void make_names(void)
{
	for (int i = 0; i < NAMES; i++) {
		if (i < 200)
			snprintf(names[i], 40, "a.%d", i);
		else if (i < 300)
			snprintf(names[i], 40, "a.%d.c", i - 200);
		else if (i < 550)
			snprintf(names[i], 40, "wide.%c%c", i - 299 == '.' ? '#'
			    : (char)(i - 299), i % 2 ? 'x' : 'y');
		else if (i < 580)
			snprintf(names[i], 40, "deep.%.*s", i - 549,
			    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
		else
			snprintf(names[i], 40, "%d.%d.%d", i % 9, i % 7, i);
		if (i == 0)
			memcpy(names[i], "a", 2);
		/* blanks and wildcards are no bytes of a subject */
		for (char *p = names[i]; *p != '\0'; p++)
			if (strchr(" \t\n\f\r*>", *p) != NULL)
				*p = '#';
	}
}

static bool is_first_of_name(int i)
{
	for (int k = 0; k < i; k++)
		if (strcmp(names[k], names[i]) == 0)
			return false;
	return true;
}

static uint64_t naive_sum(struct slice p)
{
	uint64_t n = 0;

	for (int i = 0; i < NAMES; i++)
		if (p.n == 0 || subject_matches(slice_str(names[i]), p))
			n += counts[i];
	return n;
}

struct seen {
	uint64_t n, n_subjects;
	char     before[40];
};

static bool see(void *ctx, struct slice subject, struct subject_entry *e)
{
	struct seen *s = ctx;

	CHECK(slice_cmp(slice_str(s->before), subject) < 0, "sorted");
	memcpy(s->before, subject.p, subject.n);
	s->before[subject.n] = '\0';
	s->n += e->n;
	s->n_subjects++;
	return true;
}

static uint64_t sum(struct subjects *t, struct slice p)
{
	uint64_t n = 0;

	CHECK_INT(subjects_sum(t, p, &n), 0);
	return n;
}

static void check_all(struct subjects *t)
{
	uint64_t n_subjects = 0;

	for (size_t i = 0; i < N_OF(patterns); i++) {
		struct slice p = slice_str(patterns[i]);
		struct seen  s = { 0 };

		CHECK_INT(sum(t, p), naive_sum(p), "%s", patterns[i]);
		CHECK_INT(subjects_each(t, p, see, &s), 0);
		CHECK_INT(s.n, naive_sum(p), "%s", patterns[i]);
	}
	for (int i = 0; i < NAMES; i++) {
		struct subject_entry *e = subjects_find(t,
		    slice_str(names[i]));

		if (!is_first_of_name(i))
			continue;
		CHECK_INT(e == NULL ? 0 : e->n, counts[i], "%s", names[i]);
		n_subjects += counts[i] > 0;
	}
	CHECK_INT(subjects_count(t), n_subjects);
}

TEST(it_counts_what_a_list_counts)
{
	struct subjects *t = subjects_create();

	make_names();
	for (int step = 0; step < 40000; step++) {
		int i = (int)below(NAMES);

		if (!is_first_of_name(i))
			continue;
		if (below(100) < (step / 8000 % 2 == 0 ? 70u : 30u)) {
			CHECK(subjects_add(t, slice_str(names[i]),
			    (uint64_t)step + 1) != NULL);
			counts[i]++;
		} else if (counts[i] > 0) {
			subjects_remove(t, slice_str(names[i]), 0);
			counts[i]--;
		}
		if (step % 1999 == 0)
			check_all(t);
	}
	subjects_clear(t);
	CHECK_INT(subjects_memory(t), 0);
	memset(counts, 0, sizeof counts);
	check_all(t);
	subjects_destroy(t);
}

TEST(first_and_last_are_known_or_known_to_be_stale)
{
	struct subjects      *t = subjects_create();
	struct subject_entry *e;

	for (uint64_t seq = 1; seq <= 3; seq++)
		CHECK(subjects_add(t, SLICE("a.b"), seq) != NULL);
	subjects_remove(t, SLICE("a.b"), 1);
	e = subjects_find(t, SLICE("a.b"));
	CHECK(e->first_stale && !e->last_stale);
	subjects_remove(t, SLICE("a.b"), 2);
	CHECK_INT(e->first, 3);		/* one is left, and that is the last */
	CHECK(!e->first_stale);
	CHECK(subjects_add(t, SLICE("a.b"), 9) != NULL);
	subjects_remove(t, SLICE("a.b"), 9);
	CHECK_INT(e->last, 3);
	subjects_remove(t, SLICE("a.b"), 3);
	CHECK(subjects_find(t, SLICE("a.b")) == NULL);
	subjects_destroy(t);
}

TEST(without_memory_nothing_changes)
{
	make_names();
	for (long at = 1; at < 1500; at += 3) {
		struct subjects *t = subjects_create();
		uint64_t         n = 0;
		long             live;

		fail_alloc_at(at);
		for (int i = 0; i < NAMES; i++)
			n += subjects_add(t, slice_str(names[i]), 1) != NULL;
		fail_alloc_at(0);
		CHECK_INT(sum(t, SLICE_NONE), n);
		for (int i = 0; i < NAMES; i++)
			if (subjects_find(t, slice_str(names[i])) != NULL)
				subjects_remove(t, slice_str(names[i]), 1);
		subjects_clear(t);
		CHECK_INT(subjects_memory(t), 0);
		subjects_destroy(t);
		live = fail_alloc_n_live();
		CHECK(at == 1 || live >= 0);
	}
}
