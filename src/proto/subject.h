/* proto/subject.h - the grammar of subjects and patterns.
 *
 * Tokens separated by '.'; none empty.  "*" as a whole token is exactly one
 * token, ">" as the whole last token is one or more.  Elsewhere both are plain
 * bytes.  Nothing here allocates.  Thread: any.
 * Spec: core protocol, "Subject rules".
 */
#ifndef PROTO_SUBJECT_H
#define PROTO_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* Take the first token off *rest.  False, and *token untouched, when no token
 * is left.  "a..b" gives "a", "", "b"; "" gives one empty token.  *rest starts
 * as the whole subject; after the last token its p is NULL. */
bool subject_take_token(struct slice *rest, struct slice *token);

size_t subject_count_tokens(struct slice s);

/* Is a token empty?  True for the empty subject. */
bool subject_has_empty_token(struct slice s);

enum subject_kind {
	SUBJECT_INVALID,
	SUBJECT_LITERAL,
	SUBJECT_WILD,		/* valid, with a wildcard token */
};

/* All in one pass. */
enum subject_kind subject_kind(struct slice s);

/* No empty token, no ">" before the end, no blank. */
bool subject_is_valid(struct slice s);

/* Valid and without wildcard tokens. */
bool subject_is_literal(struct slice s);

/* Does a pattern hold a wildcard token?  (Valid or not.) */
bool subject_has_wildcard(struct slice s);

/* Does the literal subject match the pattern?  A subject with an empty token
 * matches nothing; "*" and ">" in a subject are tokens like others, so "a.*"
 * matches "a.*" but not "a.b".  The pattern is valid. */
bool subject_matches(struct slice subject, struct slice pattern);

/* Is every subject that narrow matches also matched by wide?  Both may hold
 * wildcards; ">" is only covered by ">", "*" by "*" or ">".  Both valid; an
 * empty token in narrow makes it false. */
bool subject_is_subset(struct slice narrow, struct slice wide);

/* Is there a subject that both patterns match?  False if a token is empty. */
bool subject_overlaps(struct slice a, struct slice b);

#endif /* PROTO_SUBJECT_H */
