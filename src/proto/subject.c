/* proto/subject.c - the grammar of subjects and patterns. */
#include "proto/subject.h"

#include <stdint.h>

static bool is_star(struct slice token)
{
	return token.n == 1 && token.p[0] == '*';
}

/* ">" is a wildcard only where nothing follows. */
static bool is_tail(struct slice token, struct slice rest)
{
	return token.n == 1 && token.p[0] == '>' && rest.p == NULL;
}

bool subject_take_token(struct slice *rest, struct slice *token)
{
	const char *dot;

	if (rest->p == NULL)
		return false;
	dot = memchr(rest->p, '.', rest->n);
	if (dot == NULL) {
		*token = *rest;
		*rest = SLICE_NONE;
		return true;
	}
	*token = slice_of(rest->p, (size_t)(dot - rest->p));
	*rest = slice_skip(*rest, token->n + 1);
	return true;
}

size_t subject_count_tokens(struct slice s)
{
	struct slice token;
	size_t       n = 0;

	while (subject_take_token(&s, &token))
		n++;
	return n;
}

bool subject_has_empty_token(struct slice s)
{
	char before = '.';

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' && before == '.')
			return true;
		before = s.p[i];
	}
	return before == '.';
}

/* What a byte means to the grammar. */
enum { PLAIN, DOT, STAR, TAIL, BLANK };

static const uint8_t byte_kind[256] = {
	['.'] = DOT, ['*'] = STAR, ['>'] = TAIL, [' '] = BLANK,
	['\t'] = BLANK, ['\n'] = BLANK, ['\f'] = BLANK, ['\r'] = BLANK,
};

/* A "*" or ">" is a wildcard with a dot, or nothing, on both sides. */
enum subject_kind subject_kind(struct slice s)
{
	enum subject_kind kind = SUBJECT_LITERAL;
	uint8_t           before = DOT;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t now = byte_kind[(uint8_t)s.p[i]];
		bool    is_last = i + 1 == s.n;

		if (now == PLAIN) {
			before = PLAIN;
			continue;
		}
		if (now == BLANK || (now == DOT && before == DOT))
			return SUBJECT_INVALID;
		if (now != DOT && before == DOT &&
		    (is_last || s.p[i + 1] == '.')) {
			if (now == TAIL && !is_last)
				return SUBJECT_INVALID;
			kind = SUBJECT_WILD;
		}
		before = now;
	}
	return before == DOT ? SUBJECT_INVALID : kind;
}

bool subject_is_valid(struct slice s)
{
	return subject_kind(s) != SUBJECT_INVALID;
}

bool subject_has_wildcard(struct slice s)
{
	struct slice token;

	while (subject_take_token(&s, &token))
		if (token.n == 1 && (token.p[0] == '*' || token.p[0] == '>'))
			return true;
	return false;
}

bool subject_is_literal(struct slice s)
{
	return subject_kind(s) == SUBJECT_LITERAL;
}

bool subject_matches(struct slice subject, struct slice pattern)
{
	struct slice have, want;

	if (subject_has_empty_token(subject))
		return false;
	while (subject_take_token(&pattern, &want)) {
		if (!subject_take_token(&subject, &have))
			return false;
		if (is_tail(want, pattern))
			return true;
		if (!is_star(want) && !slice_eq(want, have))
			return false;
	}
	return subject.p == NULL;
}

bool subject_is_subset(struct slice narrow, struct slice wide)
{
	struct slice n, w;

	if (subject_has_empty_token(narrow))
		return false;
	while (subject_take_token(&wide, &w)) {
		if (!subject_take_token(&narrow, &n))
			return false;
		if (is_tail(w, wide))
			return true;
		if (is_tail(n, narrow))
			return false;
		if (!is_star(w) && !slice_eq(w, n))
			return false;
	}
	return narrow.p == NULL;
}

bool subject_overlaps(struct slice a, struct slice b)
{
	struct slice ta, tb;

	if (subject_has_empty_token(a) || subject_has_empty_token(b))
		return false;
	while (subject_take_token(&a, &ta)) {
		if (!subject_take_token(&b, &tb))
			return false;
		if (is_tail(ta, a) || is_tail(tb, b))
			return true;
		if (!is_star(ta) && !is_star(tb) && !slice_eq(ta, tb))
			return false;
	}
	return b.p == NULL;
}
