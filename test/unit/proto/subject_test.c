/* test/unit/proto/subject_test.c - pairs with src/proto/subject.c.
 *
 * Tables of subjects and what is true of them.  Subset and overlap are then
 * held against their definition, by trying all subjects over a tiny alphabet. */
#include "proto/subject.h"

#include "check.h"

static const struct {
	const char *s;
	bool        is_valid, is_literal, has_wildcard;
	size_t      n_tokens;
	const char *why;
} grammar[] = {
	{ "a",         1, 1, 0, 1, "one token" },
	{ "a.b.c",     1, 1, 0, 3, "several" },
	{ "A.b",       1, 1, 0, 2, "case is kept" },
	{ "",          0, 0, 0, 1, "the empty subject is one empty token" },
	{ ".",         0, 0, 0, 2, "two empty tokens" },
	{ ".a",        0, 0, 0, 2, "a dot in front" },
	{ "a.",        0, 0, 0, 2, "a dot behind" },
	{ "a..b",      0, 0, 0, 3, "two dots" },
	{ "*",         1, 0, 1, 1, "any token" },
	{ ">",         1, 0, 1, 1, "everything" },
	{ "a.*.b",     1, 0, 1, 3, "star in the middle" },
	{ "*.*",       1, 0, 1, 2, "stars only" },
	{ "a.>",       1, 0, 1, 2, "a tail" },
	{ "*.>",       1, 0, 1, 2, "star and tail" },
	{ "a.>.b",     0, 0, 1, 3, "a tail in the middle" },
	{ ">.a",       0, 0, 1, 2, "a tail in front" },
	{ ">.>",       0, 0, 1, 2, "two tails" },
	{ "a.>.",      0, 0, 1, 3, "a tail and an empty token" },
	{ "foo*",      1, 1, 0, 1, "a star within a token is a byte" },
	{ "foo.*bar",  1, 1, 0, 2, "at its begin too" },
	{ "foo.>bar",  1, 1, 0, 2, "a > within a token is a byte" },
	{ "foo>",      1, 1, 0, 1, "at its end too" },
	{ "**",        1, 1, 0, 1, "two stars are no wildcard" },
	{ ">>",        1, 1, 0, 1, "nor are two >" },
	{ ">a.b",      1, 1, 0, 2, "> in front of a token" },
	{ "a b",       0, 0, 0, 1, "a blank" },
	{ "a.b\t",     0, 0, 0, 2, "a tab" },
	{ "a\r.b",     0, 0, 0, 2, "a carriage return" },
	{ "a\n",       0, 0, 0, 1, "a newline" },
	{ "\f",        0, 0, 0, 1, "a form feed" },
	{ "\xff.\x01", 1, 1, 0, 2, "bytes that are no text" },
	{ "gr\xc3\xbc\xc3\x9f.e", 1, 1, 0, 2, "UTF-8" },
	{ "$SYS.REQ",  1, 1, 0, 2, "a dollar" },
};

TEST(the_grammar_is_as_the_table_says)
{
	for (size_t i = 0; i < N_OF(grammar); i++) {
		struct slice s = slice_str(grammar[i].s);

		CHECK_INT(subject_is_valid(s), grammar[i].is_valid, "%s",
		    grammar[i].why);
		CHECK_INT(subject_is_literal(s), grammar[i].is_literal, "%s",
		    grammar[i].why);
		CHECK_INT(subject_has_wildcard(s), grammar[i].has_wildcard,
		    "%s", grammar[i].why);
		CHECK_INT(subject_count_tokens(s), grammar[i].n_tokens, "%s",
		    grammar[i].why);
	}
}

TEST(a_zero_byte_is_a_byte)
{
	CHECK(subject_is_literal(slice_of("a\0b", 3)));
	CHECK(!subject_matches(slice_of("a\0b", 3), SLICE("a")));
	CHECK(subject_matches(slice_of("a\0b", 3), slice_of("a\0b", 3)));
}

TEST(tokens_come_one_by_one)
{
	struct slice rest = SLICE("a..bc."), token;

	CHECK(subject_take_token(&rest, &token));
	CHECK_SLICE(token, SLICE("a"));
	CHECK(subject_take_token(&rest, &token));
	CHECK_SLICE(token, SLICE(""));
	CHECK(subject_take_token(&rest, &token));
	CHECK_SLICE(token, SLICE("bc"));
	CHECK(subject_take_token(&rest, &token));
	CHECK_SLICE(token, SLICE(""));
	CHECK(rest.p == NULL);
	token = SLICE("kept");
	CHECK(!subject_take_token(&rest, &token));
	CHECK_SLICE(token, SLICE("kept"), "untouched when none is left");
}

TEST(a_subject_matches_a_pattern)
{
	static const struct { const char *subject, *pattern; bool yes; } t[] = {
		{ "a",         "a",         1 }, { "a",       "b",        0 },
		{ "a.b",       "a",         0 }, { "a",       "a.b",      0 },
		{ "a",         "*",         1 }, { "a.b",     "*",        0 },
		{ "a",         ">",         1 }, { "a.b.c",   ">",        1 },
		{ "foo",       "foo.>",     0 }, { "foo.a",   "foo.>",    1 },
		{ "foo.a.b",   "foo.>",     1 }, { "fo.a",    "foo.>",    0 },
		{ "a.b.c",     "a.*.c",     1 }, { "a.b.d",   "a.*.c",    0 },
		{ "a.b.c",     "*.*.*",     1 }, { "a.b",     "*.*.*",    0 },
		{ "a.b.c.d",   "*.*.*",     0 }, { "a.b.c.d", "*.b.>",    1 },
		{ "foo*",      "foo*",      1 }, { "foobar",  "foo*",     0 },
		{ "foo.>bar",  "foo.>bar",  1 }, { "foo.xbar","foo.>bar", 0 },
		{ "foo.*",     "foo.*",     1 }, { "foo.*",   "foo.bar",  0 },
		{ "foo.>",     "foo.>",     1 }, { "foo.>",   "foo.bar",  0 },
		{ "foo.bar",   "foo.>.bar", 0 },
		{ "",          ">",         0 }, { "",        "*",        0 },
		{ "a..b",      "a.*.b",     0 }, { "a.b.",    "a.>",      0 },
		{ ".a",        ">",         0 }, { "a.",      "a.*",      0 },
		{ "a.b..c",    "a.>",       0 }, { "aa",      "a",        0 },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_INT(subject_matches(slice_str(t[i].subject),
		    slice_str(t[i].pattern)), t[i].yes, "%s on %s",
		    t[i].subject, t[i].pattern);
}

TEST(one_pattern_lies_within_another)
{
	static const struct { const char *narrow, *wide; bool yes; } t[] = {
		{ "a",       "a",       1 }, { "a",     "b",       0 },
		{ "a",       "*",       1 }, { "*",     "a",       0 },
		{ "*",       "*",       1 }, { "*",     ">",       1 },
		{ ">",       "*",       0 }, { ">",     ">",       1 },
		{ "a.>",     ">",       1 }, { ">",     "a.>",     0 },
		{ "a.>",     "a.*",     0 }, { "a.*",   "a.>",     1 },
		{ "a.>",     "*.>",     1 }, { "*.>",   ">",       1 },
		{ ">",       "*.>",     0 }, { "a.*.c", "a.>",     1 },
		{ "a.*.c",   "a.b.c",   0 }, { "*.a",   "a.*.c",   0 },
		{ "foo.>",   "foo.*",   0 }, { "a.b",   "a",       0 },
		{ "a",       "a.b",     0 }, { "a",     "a.>",     0 },
		{ "foo*",    "foo*",    1 }, { "foobar","foo*",    0 },
		{ "a..b",    "a.>",     0 },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_INT(subject_is_subset(slice_str(t[i].narrow),
		    slice_str(t[i].wide)), t[i].yes, "%s in %s",
		    t[i].narrow, t[i].wide);
}

TEST(two_patterns_overlap)
{
	static const struct { const char *a, *b; bool yes; } t[] = {
		{ "a",     "a",     1 }, { "a",     "b",     0 },
		{ "a",     "*",     1 }, { "a.b",   "*",     0 },
		{ "a.*",   "*.b",   1 }, { "a.*",   "b.*",   0 },
		{ "a.>",   "*.b.c", 1 }, { "a.>",   "a",     0 },
		{ ">",     "*",     1 }, { ">",     "x.y.z", 1 },
		{ "a.*.c", "a.b.>", 1 }, { "a.*.c", "a.b.d", 0 },
		{ "foo*",  "foobar",0 }, { "foo*",  "*",     1 },
		{ "a..b",  "a.>",   0 }, { "",      ">",     0 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct slice a = slice_str(t[i].a), b = slice_str(t[i].b);

		CHECK_INT(subject_overlaps(a, b), t[i].yes, "%s, %s",
		    t[i].a, t[i].b);
		CHECK_INT(subject_overlaps(b, a), t[i].yes, "%s, %s",
		    t[i].b, t[i].a);
	}
}

/* The nr-th text of up to four tokens over an alphabet; its length. */
static size_t nth_text(unsigned nr, const char *alphabet, char *out)
{
	unsigned n = (unsigned)strlen(alphabet);
	size_t   at = 0;

	for (nr++; nr > 0; nr = (nr - 1) / n) {
		if (at > 0)
			out[at++] = '.';
		out[at++] = alphabet[(nr - 1) % n];
		if (nr <= n)
			break;
	}
	return at;
}

enum { N_PATTERNS = 4 + 16 + 64, N_SUBJECTS = 2 + 4 + 8 + 16 };

TEST(subset_and_overlap_are_what_matching_says)
{
	char a[16], b[16], s[16];

	for (unsigned i = 0; i < N_PATTERNS * N_PATTERNS; i++) {
		struct slice pa = slice_of(a, nth_text(i / N_PATTERNS, "ab*>", a));
		struct slice pb = slice_of(b, nth_text(i % N_PATTERNS, "ab*>", b));
		bool both = false, only_a = false;

		if (!subject_is_valid(pa) || !subject_is_valid(pb))
			continue;
		for (unsigned k = 0; k < N_SUBJECTS; k++) {
			struct slice subject = slice_of(s, nth_text(k, "ab", s));
			bool in_a = subject_matches(subject, pa);
			bool in_b = subject_matches(subject, pb);

			both |= in_a && in_b;
			only_a |= in_a && !in_b;
		}
		CHECK_INT(subject_overlaps(pa, pb), both, "%.*s, %.*s",
		    SLICE_ARG(pa), SLICE_ARG(pb));
		CHECK(!subject_is_subset(pa, pb) || !only_a, "%.*s in %.*s",
		    SLICE_ARG(pa), SLICE_ARG(pb));
	}
}

TEST(long_subjects_are_subjects)
{
	enum { N = 20000 };
	char *text = malloc(2 * N), *pattern = malloc(2 * N);

	for (size_t i = 0; i < N; i++) {
		text[2 * i] = 'x';
		pattern[2 * i] = '*';
		text[2 * i + 1] = pattern[2 * i + 1] = '.';
	}
	CHECK_INT(subject_count_tokens(slice_of(text, 2 * N - 1)), N);
	CHECK(subject_is_literal(slice_of(text, 2 * N - 1)));
	CHECK(!subject_is_valid(slice_of(text, 2 * N)));
	CHECK(subject_matches(slice_of(text, 2 * N - 1),
	    slice_of(pattern, 2 * N - 1)));
	CHECK(!subject_matches(slice_of(text, 2 * N - 3),
	    slice_of(pattern, 2 * N - 1)));
	free(pattern);
	free(text);
}
