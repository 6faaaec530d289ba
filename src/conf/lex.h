/* conf/lex.h - the words of the configuration language.
 *
 * A cursor over the text and the functions that take one scalar off it.  The
 * language decides what a word is by trying: 1, then a version 1.2.3, then a
 * text 1.2.3x; each step is one small function.  How words make maps is
 * parse.c's.  Nothing here allocates but strings with escapes.
 * Spec: core protocol, "Lexical grammar".
 */
#ifndef CONF_LEX_H
#define CONF_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct conf_arena;

enum { LEX_EOF = -1 };

struct lex {
	const char        *p;
	size_t             n, pos;
	size_t             width;	/* of what lex_next took */
	size_t             line_at;	/* where the line of pos begins */
	size_t             last_line_at;
	int                line;	/* of pos, from 1 */
	struct conf_arena *arena;
	struct buf        *err;		/* the first error is put here */
};

enum lex_kind { LEX_STRING, LEX_INT, LEX_FLOAT, LEX_BOOL, LEX_DATETIME,
	LEX_VARIABLE };

struct lex_word {
	enum lex_kind kind;
	struct slice  text;	/* in the input, or in the arena */
	bool          has_suffix;
	int64_t       i;
	double        f;
	bool          b;
};

void lex_init(struct lex *lx, struct slice text, struct conf_arena *a,
    struct buf *err);

/* One code point (a byte that is no UTF-8 is 0xFFFD), or LEX_EOF. */
int lex_next(struct lex *lx);
/* Undoes the last lex_next; once. */
void lex_back(struct lex *lx);
int lex_peek(struct lex *lx);

/* Of pos, from 1. */
int lex_col(const struct lex *lx);

bool lex_is_blank(int r);	/* blank or tab */
bool lex_is_newline(int r);
bool lex_is_space(int r);	/* those and all that Unicode has */
bool lex_is_separator(int r);	/* '=' or ':' */

/* r, just taken, begins a comment: takes it up to the line end. */
bool lex_take_comment(struct lex *lx, int r);

/* Each takes one word at pos, its first character not yet taken.  0, or
 * ERR_CONFIG and a line in err.  lex_take_scalar: anything but map and array. */
int lex_take_scalar(struct lex *lx, struct lex_word *ret);
int lex_take_include(struct lex *lx, struct slice *ret);

/* Parse error on line N: 'text', once.  Returns ERR_CONFIG. */
int lex_fail(struct lex *lx, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "'x'"-able: the character as text, valid until the next call. */
const char *lex_shown(int r);

#endif /* CONF_LEX_H */
