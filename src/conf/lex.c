/* conf/lex.c - characters to words. */
#include "conf/lex.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "conf/arena.h"

/* ---- the cursor ------------------------------------------------------- */

void lex_init(struct lex *lx, struct slice text, struct conf_arena *a,
    struct buf *err)
{
	*lx = (struct lex){ .p = text.p, .n = text.n, .line = 1, .arena = a,
		.err = err };
}

/* Length and value of the UTF-8 sequence at p; 1 and U+FFFD if it is none. */
static size_t utf8_at(const unsigned char *p, size_t n, int *r)
{
	static const int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3
	    : p[0] >> 3 == 30 ? 4 : 0;

	*r = 0xfffd;
	if (len == 0 || len > n)
		return 1;
	if (len == 1) {
		*r = p[0];
		return 1;
	}
	int v = p[0] & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if (p[i] >> 6 != 2)
			return 1;
		v = v << 6 | (p[i] & 0x3f);
	}
	if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return 1;
	*r = v;
	return len;
}

int lex_next(struct lex *lx)
{
	int r;

	lx->last_line_at = lx->line_at;
	if (lx->pos == lx->n) {
		lx->width = 0;
		return LEX_EOF;
	}
	lx->width = utf8_at((const unsigned char *)lx->p + lx->pos,
	    lx->n - lx->pos, &r);
	lx->pos += lx->width;
	if (r == '\n') {
		lx->line++;
		lx->line_at = lx->pos;
	}
	return r;
}

void lex_back(struct lex *lx)
{
	lx->pos -= lx->width;
	if (lx->width > 0 && lx->p[lx->pos] == '\n')
		lx->line--;
	lx->line_at = lx->last_line_at;
	lx->width = 0;
}

int lex_peek(struct lex *lx)
{
	int r = lex_next(lx);

	lex_back(lx);
	return r;
}

int lex_col(const struct lex *lx)
{
	size_t col = lx->pos - lx->line_at + 1;

	return col > INT32_MAX ? INT32_MAX : (int)col;
}

/* ---- classes ---------------------------------------------------------- */

bool lex_is_blank(int r)
{
	return r == ' ' || r == '\t';
}

bool lex_is_newline(int r)
{
	return r == '\n' || r == '\r';
}

bool lex_is_space(int r)
{
	return r == ' ' || (r >= '\t' && r <= '\r') || r == 0x85 || r == 0xa0 ||
	    r == 0x1680 || (r >= 0x2000 && r <= 0x200a) || r == 0x2028 ||
	    r == 0x2029 || r == 0x202f || r == 0x205f || r == 0x3000;
}

bool lex_is_separator(int r)
{
	return r == '=' || r == ':';
}

static bool is_digit(int r)
{
	return r >= '0' && r <= '9';
}

static bool is_size_letter(int r)
{
	return r > 0 && r < 128 && strchr("kKmMgGtTpPeE", r) != NULL;
}

/* What ends a bare word wherever it stands. */
static bool ends_string(int r)
{
	return r == LEX_EOF || lex_is_newline(r) || lex_is_blank(r) ||
	    r == ',' || r == ';' || r == ']' || r == '}';
}

/* A size may not end at ']', as in nats-server: [1k] is an array of text. */
static bool ends_size(int r)
{
	return ends_string(r) && r != ']';
}

/* ---- errors ----------------------------------------------------------- */

const char *lex_shown(int r)
{
	static _Thread_local char text[8];
	size_t                    n = 0;

	if (r == LEX_EOF)
		return "EOF";
	if (r == '\n')
		return "\\n";
	if (r < ' ' || r == 127)
		return "a control character";
	if (r < 0x80) {
		text[n++] = (char)r;
	} else if (r < 0x800) {
		text[n++] = (char)(0xc0 | r >> 6);
		text[n++] = (char)(0x80 | (r & 0x3f));
	} else {
		if (r < 0x10000) {
			text[n++] = (char)(0xe0 | r >> 12);
		} else {
			text[n++] = (char)(0xf0 | r >> 18);
			text[n++] = (char)(0x80 | (r >> 12 & 0x3f));
		}
		text[n++] = (char)(0x80 | (r >> 6 & 0x3f));
		text[n++] = (char)(0x80 | (r & 0x3f));
	}
	text[n] = '\0';
	return text;
}

int lex_fail(struct lex *lx, const char *fmt, ...)
{
	va_list ap;

	buf_printf(lx->err, "Parse error on line %d: '", lx->line);
	va_start(ap, fmt);
	buf_vprintf(lx->err, fmt, ap);
	va_end(ap);
	buf_put_str(lx->err, "'");
	return ERR_CONFIG;
}

bool lex_take_comment(struct lex *lx, int r)
{
	if (r == '/' && lex_peek(lx) != '/')
		return false;
	if (r != '/' && r != '#')
		return false;
	while (lx->pos < lx->n && !lex_is_newline(lx->p[lx->pos]))
		lx->pos++;
	return true;
}

/* ---- strings ---------------------------------------------------------- */

static int take_escape(struct lex *lx, struct buf *out)
{
	static const char from[] = "tnr\"\\", to[] = "\t\n\r\"\\";
	int               r = lex_next(lx);
	const char       *at = r > 0 && r < 128 ? strchr(from, r) : NULL;
	unsigned          v = 0;

	if (at != NULL) {
		buf_put_char(out, to[at - from]);
		return 0;
	}
	if (r != 'x')
		return lex_fail(lx, "Invalid escape character '%s'. Only the "
		    "following escape characters are allowed: \\xXX, \\t, \\n, "
		    "\\r, \\\", \\\\.", lex_shown(r));
	for (int i = 0; i < 2; i++) {
		r = lex_next(lx);
		if (lex_is_newline(r))
			return lex_fail(lx, "Expected two hexadecimal digits "
			    "after '\\x', but hit end of line");
		if (r < 0 || r > 127 || !isxdigit(r))
			return lex_fail(lx, "Expected two hexadecimal digits "
			    "after '\\x', but got '%s'", lex_shown(r));
		v = v << 4 | (unsigned)(is_digit(r) ? r - '0' : (r | 32) - 'a' + 10);
	}
	buf_put_char(out, (char)v);
	return 0;
}

/* The rest of a string from start, up to where ends() holds; that one is not
 * taken.  *had_escape tells a bare word that looks like true from one that
 * was spelled so on purpose. */
static int take_run(struct lex *lx, size_t start, bool (*ends)(int r),
    struct slice *ret, bool *had_escape)
{
	struct buf built = { 0 };
	int        r, err = 0;

	*had_escape = false;
	while (!ends(r = lex_next(lx)) && err == 0) {
		if (r != '\\')
			continue;
		*had_escape = true;
		buf_put(&built, lx->p + start, lx->pos - 1 - start);
		err = take_escape(lx, &built);
		start = lx->pos;
	}
	if (err == 0) {
		lex_back(lx);
		buf_put(&built, lx->p + start, lx->pos - start);
		*ret = arena_copy(lx->arena, buf_slice(&built));
		if (buf_failed(&built) || ret->p == NULL)
			err = ERR_NOMEM;
	}
	if (built.p != NULL)
		explicit_bzero(built.p, built.n);
	buf_fini(&built);
	return err;
}

static bool ends_quoted(int r)
{
	return r == '"' || r == LEX_EOF;
}

static bool ends_bare(int r)
{
	return ends_string(r) || r == '\'';
}

static int take_double_quoted(struct lex *lx, struct lex_word *w)
{
	bool had_escape;
	int  err = take_run(lx, lx->pos, ends_quoted, &w->text, &had_escape);

	if (err != 0)
		return err;
	if (lex_next(lx) == LEX_EOF)
		return lex_fail(lx, "Unexpected EOF.");
	return 0;
}

static int take_single_quoted(struct lex *lx, struct lex_word *w)
{
	size_t start = lx->pos;
	int    r;

	while ((r = lex_next(lx)) != '\'')
		if (r == LEX_EOF)
			return lex_fail(lx, "Unexpected EOF.");
	w->text = arena_copy(lx->arena,
	    slice_of(lx->p + start, lx->pos - 1 - start));
	return w->text.p == NULL ? ERR_NOMEM : 0;
}

/* '(' is taken.  A ')' alone on its line ends it; all before is the text. */
static int take_block(struct lex *lx, struct lex_word *w)
{
	size_t start = lx->pos;
	int    r;

	while ((r = lex_next(lx)) != LEX_EOF) {
		size_t end = lx->pos - 1;

		if (r != ')' || end == start || lx->p[end - 1] != '\n')
			continue;
		if (lx->pos < lx->n && lx->p[lx->pos] != '\n')
			continue;
		w->text = arena_copy(lx->arena,
		    slice_of(lx->p + start, end - start));
		return w->text.p == NULL ? ERR_NOMEM : 0;
	}
	return lex_fail(lx, "Unexpected EOF processing block.");
}

static bool word_is_bool(struct slice s, bool *ret)
{
	static const struct { const char *word; bool is_on; } words[] = {
		{ "true", true },  { "yes", true }, { "on", true },
		{ "false", false }, { "no", false }, { "off", false },
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (slice_eq_nocase(s, slice_str(words[i].word))) {
			*ret = words[i].is_on;
			return true;
		}
	return false;
}

static int take_bare(struct lex *lx, size_t start, struct lex_word *w)
{
	bool had_escape;
	int  err = take_run(lx, start, ends_bare, &w->text, &had_escape);

	if (err != 0)
		return err;
	if (lex_peek(lx) == '\'') {
		lex_next(lx);	/* ends the word, and belongs to it */
	} else if (!had_escape && word_is_bool(w->text, &w->b)) {
		w->kind = LEX_BOOL;
	} else if (!had_escape && w->text.n > 0 && w->text.p[0] == '$') {
		w->kind = LEX_VARIABLE;
		w->text = slice_skip(w->text, 1);
	}
	return 0;
}

/* ---- numbers ---------------------------------------------------------- */

/* k, m, g, t, p, e: powers of 1000; with b, i or ib behind, of 1024. */
static bool size_factor(struct slice suffix, int64_t *ret)
{
	static const char letters[] = "kmgtpe";
	struct slice      rest;
	const char       *at;
	bool              is_binary;

	*ret = 1;
	if (suffix.n == 0)
		return true;
	rest = slice_skip(suffix, 1);
	is_binary = slice_eq_nocase(rest, SLICE("b")) ||
	    slice_eq_nocase(rest, SLICE("i")) ||
	    slice_eq_nocase(rest, SLICE("ib"));
	at = strchr(letters, suffix.p[0] | 32);
	if (at == NULL || (rest.n > 0 && !is_binary))
		return false;
	for (const char *l = letters; l <= at; l++)
		*ret *= is_binary ? 1024 : 1000;
	return true;
}

static int make_int(struct lex *lx, size_t start, struct lex_word *w)
{
	struct slice all = slice_of(lx->p + start, lx->pos - start);
	size_t       n = 0;
	int64_t      factor;

	while (n < all.n && (is_digit(all.p[n]) || all.p[n] == '-'))
		n++;
	w->kind = LEX_INT;
	w->text = all;
	w->has_suffix = n < all.n;
	if (!size_factor(slice_skip(all, n), &factor))
		return lex_fail(lx, "integer '%.*s' has an unknown size suffix",
		    SLICE_ARG(all));
	if (!text_parse_i64(slice_of(all.p, n), &w->i) ||
	    __builtin_mul_overflow(w->i, factor, &w->i)) {
		buf_printf(lx->err, "integer '%.*s' is out of the range",
		    SLICE_ARG(all));
		return ERR_CONFIG;
	}
	return 0;
}

/* k, kb, KiB...; whatever else is glued to it makes it text. */
static int take_size(struct lex *lx, size_t start, struct lex_word *w)
{
	int r;

	do
		r = lex_next(lx);
	while (r == 'b' || r == 'B' || r == 'i' || r == 'I');
	lex_back(lx);
	if (!ends_size(r))
		return take_bare(lx, start, w);
	return make_int(lx, start, w);
}

static int two_digits(const char *d)
{
	return (d[0] - '0') * 10 + d[1] - '0';
}

static bool is_real_date(const char *d)
{
	static const char days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year = two_digits(d) * 100 + two_digits(d + 2);
	int month = two_digits(d + 5), day = two_digits(d + 8);
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] &&
	    (month != 2 || day < 29 || is_leap) && two_digits(d + 11) < 24 &&
	    two_digits(d + 14) < 60 && two_digits(d + 17) < 60;
}

/* The year and its '-' are taken. */
static int take_date(struct lex *lx, size_t start, struct lex_word *w)
{
	for (const char *f = "00-00T00:00:00Z"; *f != '\0'; f++) {
		int r = lex_next(lx);

		if (*f == '0' && !is_digit(r))
			return lex_fail(lx, "Expected digit in ISO8601 "
			    "datetime, but found '%s' instead.", lex_shown(r));
		if (*f != '0' && r != *f)
			return lex_fail(lx, "Expected '%c' in ISO8601 "
			    "datetime, but found '%s' instead.", *f,
			    lex_shown(r));
	}
	w->kind = LEX_DATETIME;
	w->text = arena_copy(lx->arena,
	    slice_of(lx->p + start, lx->pos - start));
	if (w->text.p == NULL)
		return ERR_NOMEM;
	if (!is_real_date(w->text.p)) {
		buf_printf(lx->err, "expected Zulu formatted DateTime, but got "
		    "'%s'", w->text.p);
		return ERR_CONFIG;
	}
	return 0;
}

/* A second dot: an address or a version, which is text. */
static int take_address(struct lex *lx, size_t start, struct lex_word *w)
{
	int r;

	do
		r = lex_next(lx);
	while (is_digit(r) || r == '.' || r == ':' || r == '-');
	lex_back(lx);
	w->text = arena_copy(lx->arena,
	    slice_of(lx->p + start, lx->pos - start));
	return w->text.p == NULL ? ERR_NOMEM : 0;
}

/* Digits and a dot are taken. */
static int take_float(struct lex *lx, size_t start, struct lex_word *w)
{
	char  digits[400];
	int   r = lex_next(lx);
	size_t n;

	if (!is_digit(r))
		return lex_fail(lx, "Floats must have a digit after the '.', "
		    "but got '%s' instead.", lex_shown(r));
	while (is_digit(r = lex_next(lx)))
		;
	if (r == '.')
		return take_address(lx, start, w);
	lex_back(lx);
	n = lx->pos - start;
	w->kind = LEX_FLOAT;
	w->text = slice_of(lx->p + start, n);
	if (n >= sizeof digits)
		return lex_fail(lx, "float '%.20s...' is too long", lx->p + start);
	memcpy(digits, lx->p + start, n);
	digits[n] = '\0';
	w->f = strtod(digits, NULL);	/* we never leave the C locale */
	return 0;
}

static int take_negative(struct lex *lx, size_t start, struct lex_word *w)
{
	int r = lex_next(lx);

	if (r == '.')
		return lex_fail(lx, "Floats must start with a digit, not '.'.");
	if (!is_digit(r))
		return lex_fail(lx, "Expected a digit but got '%s'.",
		    lex_shown(r));
	while (is_digit(r))
		r = lex_next(lx);
	if (r == '.')
		return take_float(lx, start, w);
	if (is_size_letter(r))
		return take_size(lx, start, w);
	lex_back(lx);
	return make_int(lx, start, w);
}

/* The first digit is taken.  "]" ends a number here, though nats-server reads
 * on: without that no JSON array of numbers could be written on one line. */
static int take_number(struct lex *lx, size_t start, struct lex_word *w)
{
	int r;

	while (is_digit(r = lex_next(lx)))
		;
	if (r == '.')
		return take_float(lx, start, w);
	if (r == '-' && lx->pos - start != 5)
		return lex_fail(lx,
		    "All ISO8601 dates must be in full Zulu form.");
	if (r == '-')
		return take_date(lx, start, w);
	if (is_size_letter(r))
		return take_size(lx, start, w);
	lex_back(lx);
	if (!ends_string(r))
		return take_bare(lx, start, w);
	return make_int(lx, start, w);
}

/* ---- words ------------------------------------------------------------ */

int lex_take_scalar(struct lex *lx, struct lex_word *w)
{
	size_t start = lx->pos;
	int    r = lex_next(lx);

	*w = (struct lex_word){ .kind = LEX_STRING };
	switch (r) {
	case '\'':
		return take_single_quoted(lx, w);
	case '"':
		return take_double_quoted(lx, w);
	case '(':
		return take_block(lx, w);
	case '-':
		return take_negative(lx, start, w);
	case '.':
		return lex_fail(lx, "Floats must start with a digit");
	case '\n': case '\r':
		return lex_fail(lx, "Expected value but found new line");
	}
	if (is_digit(r))
		return take_number(lx, start, w);
	lex_back(lx);
	return take_bare(lx, start, w);
}

static int take_include_quoted(struct lex *lx, int quote, struct slice *ret)
{
	size_t start = lx->pos;
	int    r;

	while ((r = lex_next(lx)) != quote)
		if (r == LEX_EOF)
			return lex_fail(lx, quote == '"' ?
			    "Unexpected EOF in double quoted include" :
			    "Unexpected EOF in quoted include");
	*ret = slice_of(lx->p + start, lx->pos - 1 - start);
	return 0;
}

static bool ends_include(int r)
{
	return r == LEX_EOF || lex_is_newline(r) || lex_is_blank(r) ||
	    r == ';' || r == '}' || r == '\'';
}

int lex_take_include(struct lex *lx, struct slice *ret)
{
	static const struct { int r; const char *what; } wrong[] = {
		{ '[', "start of an array" }, { '{', "start of a map" },
		{ '(', "start of a block" },  { '-', "start of a number" },
		{ '\\', "escape sequence" },
		{ '\n', "new line" },         { '\r', "new line" },
	};
	size_t start = lx->pos;
	int    r = lex_next(lx);

	if (r == '"' || r == '\'')
		return take_include_quoted(lx, r, ret);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (r == wrong[i].r || (wrong[i].r == '-' && is_digit(r)))
			return lex_fail(lx, "Expected include value but found %s",
			    wrong[i].what);
	while (!ends_include(r))
		r = lex_next(lx);
	if (r != '\'')
		lex_back(lx);
	*ret = slice_of(lx->p + start,
	    lx->pos - start - (r == '\'' ? 1 : 0));
	return 0;
}
