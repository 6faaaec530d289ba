/* base/json_read.c - the reader: jansson, made as lenient as Go where it is
 * stricter, and bounded where it is not.
 *
 * Before jansson sees a text one pass over its tokens replaces what Go's
 * decoder accepts and jansson does not:
 *   - bytes in a string that are no UTF-8, each by U+FFFD;
 *   - an escaped half of a surrogate pair, by \ufffd;
 *   - an integer beyond an i64, by a string of its digits behind a NUL: for Go
 *     it is fine where nobody asks for it, or a u64 or a float is wanted; and so
 *     that it stays apart, a NUL that begins a string by two.
 * A text that needs none of this, so nearly each, is not copied.  The pass also
 * counts brackets, because jansson recurses for each.  Bytes outside strings
 * are left to jansson's judgement.
 *
 * What stays stricter than Go: \u0000 in a name, and floats beyond double.  Of
 * names that are equal to the byte jansson keeps the last value, even null, at
 * the place of the first; Go would keep what null follows. */
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Our writer has a json_null too.  It is inline, so that the linker does not
 * put it into jansson's hands; this keeps the compiler from mixing them up. */
#define json_null json_null_of_jansson
#include <jansson.h>
#undef json_null
#undef json_is_object
#undef json_is_array

#include "base/text.h"

enum { JSON_NESTING_MAX = 128, JSON_WHY_MAX = JSON_ERROR_TEXT_LENGTH + 64 };

/* ---- the pass before -------------------------------------------------- */

struct clean {
	struct slice in;
	size_t       at;
	size_t       n_copied;	/* of in; what is before is in out */
	struct buf   out;
	unsigned     nesting;
};

/* The n bytes at c->at become text. */
static void replace(struct clean *c, size_t n, struct slice text)
{
	buf_put(&c->out, c->in.p + c->n_copied, c->at - c->n_copied);
	buf_put_slice(&c->out, text);
	c->at += n;
	c->n_copied = c->at;
}

static struct slice rest(const struct clean *c)
{
	return slice_skip(c->in, c->at);
}

/* The four digits of "\uXXXX"; false: it is none. */
static bool escaped_unit(struct slice s, unsigned *unit)
{
	unsigned v = 0;

	if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u')
		return false;
	for (size_t i = 2; i < 6; i++) {
		unsigned char d = (unsigned char)s.p[i];

		if (d >= '0' && d <= '9')
			v = v << 4 | (unsigned)(d - '0');
		else if ((d | 0x20) >= 'a' && (d | 0x20) <= 'f')
			v = v << 4 | (unsigned)((d | 0x20) - 'a' + 10);
		else
			return false;
	}
	*unit = v;
	return true;
}

static void clean_escape(struct clean *c)
{
	unsigned high, low;

	if (!escaped_unit(rest(c), &high) || high < 0xd800 || high >= 0xe000) {
		/* over the byte behind it too, which may be a quote */
		c->at += c->at + 1 < c->in.n ? 2 : 1;
		return;
	}
	if (high < 0xdc00 && escaped_unit(slice_skip(rest(c), 6), &low) &&
	    low >= 0xdc00 && low < 0xe000)
		c->at += 12;
	else
		replace(c, 6, SLICE("\\ufffd"));
}

static void clean_string(struct clean *c)
{
	uint32_t rune;
	unsigned unit;
	size_t   n;

	c->at++;
	if (escaped_unit(rest(c), &unit) && unit == 0)
		replace(c, 0, SLICE("\\u0000"));
	while (c->at < c->in.n) {
		if (c->in.p[c->at] == '"') {
			c->at++;
			return;
		}
		if (c->in.p[c->at] == '\\') {
			clean_escape(c);
			continue;
		}
		n = text_next_rune(rest(c), &rune);
		if (rune == TEXT_RUNE_BAD && n == 1)
			replace(c, 1, SLICE("\xef\xbf\xbd"));
		else
			c->at += n;
	}
}

static bool is_number_byte(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' ||
	    c == 'e' || c == 'E';
}

/* "-+1" and "01" are none, and left to jansson. */
static bool is_integer(struct slice s)
{
	if (s.n > 0 && s.p[0] == '-')
		s = slice_skip(s, 1);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 1 && s.p[0] != '0';
}

static void clean_number(struct clean *c)
{
	struct slice number = slice_of(c->in.p + c->at, 0);
	int64_t      v;
	bool         is_whole = true;

	for (; c->at < c->in.n && is_number_byte(c->in.p[c->at]); c->at++) {
		is_whole = is_whole && c->in.p[c->at] != '.' &&
		    (c->in.p[c->at] | 0x20) != 'e';
		number.n++;
	}
	if (!is_whole || text_parse_i64(number, &v) || !is_integer(number))
		return;
	c->at -= number.n;
	replace(c, 0, SLICE("\"\\u0000"));
	c->at += number.n;
	replace(c, 0, SLICE("\""));
}

/* False: nested too deeply. */
static bool clean_token(struct clean *c)
{
	char p = c->in.p[c->at];

	if (p == '"') {
		clean_string(c);
	} else if (p == '-' || (p >= '0' && p <= '9')) {
		clean_number(c);
	} else {
		c->at++;
		if (p == '[' || p == '{')
			return ++c->nesting <= JSON_NESTING_MAX;
		if ((p == ']' || p == '}') && c->nesting > 0)
			c->nesting--;
	}
	return true;
}

/* ---- parsing ---------------------------------------------------------- */

static _Thread_local char json_why[JSON_WHY_MAX];

static json_t *load(struct slice text, const char **why)
{
	json_error_t e;
	json_t      *j;

	j = json_loadb(text.n == 0 ? "" : text.p, text.n,
	    JSON_ALLOW_NUL | JSON_DECODE_ANY, &e);
	if (j == NULL) {
		snprintf(json_why, sizeof json_why, "%s (line %d, column %d)",
		    e.text, e.line, e.column);
		*why = json_why;
	}
	return j;
}

struct json *json_parse(struct slice text, const char **why)
{
	struct clean c = { .in = text };
	json_t      *j = NULL;

	/* jansson overlooks one behind a number */
	if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL) {
		*why = "NUL byte";
		return NULL;
	}
	while (c.at < text.n)
		if (!clean_token(&c)) {
			*why = "nested too deeply";
			goto out;
		}
	if (c.n_copied > 0) {
		replace(&c, 0, SLICE_NONE);
		text = buf_slice(&c.out);
	}
	if (buf_failed(&c.out))
		*why = "out of memory";
	else
		j = load(text, why);
out:
	buf_fini(&c.out);
	return (struct json *)j;
}

void json_free(struct json *doc)
{
	json_decref((json_t *)doc);
}

/* ---- looking ---------------------------------------------------------- */

static const json_t *value(const struct json *j)
{
	return (const json_t *)j;
}

static bool is(const struct json *j, json_type type)
{
	return j != NULL && json_typeof(value(j)) == type;
}

bool json_is_object(const struct json *j)
{
	return is(j, JSON_OBJECT);
}

bool json_is_array(const struct json *j)
{
	return is(j, JSON_ARRAY);
}

/* jansson's iterators take objects that may be written to. */
static json_t *walked(const struct json *j)
{
	return (json_t *)(uintptr_t)j;
}

const struct json *json_get(const struct json *object, const char *key)
{
	struct slice       name = slice_str(key);
	const struct json *found = NULL;
	void              *i;

	if (!json_is_object(object))
		return NULL;
	/* members stay in the order of the text */
	for (i = json_object_iter(walked(object)); i != NULL;
	    i = json_object_iter_next(walked(object), i)) {
		const struct json *v =
		    (const struct json *)json_object_iter_value(i);
		struct slice k = slice_of(json_object_iter_key(i),
		    json_object_iter_key_len(i));

		if (slice_eq_nocase(k, name) && !is(v, JSON_NULL))
			found = v;
	}
	return found;
}

/* A string as jansson has it; *is_marked: less the NUL that began it. */
static bool as_string(const struct json *j, struct slice *ret, bool *is_marked)
{
	if (!is(j, JSON_STRING))
		return false;
	*ret = slice_of(json_string_value(value(j)),
	    json_string_length(value(j)));
	*is_marked = ret->n > 0 && *ret->p == '\0';
	if (*is_marked)
		*ret = slice_skip(*ret, 1);
	return true;
}

bool json_as_digits(const struct json *j, struct slice *ret)
{
	struct slice s;
	bool         is_marked;

	if (!as_string(j, &s, &is_marked) || !is_marked || *s.p == '\0')
		return false;
	*ret = s;
	return true;
}

bool json_as_str(const struct json *j, struct slice *ret)
{
	struct slice s;
	bool         is_marked;

	if (!as_string(j, &s, &is_marked) || (is_marked && *s.p != '\0'))
		return false;
	*ret = s;
	return true;
}

bool json_as_i64(const struct json *j, int64_t *ret)
{
	_Static_assert(sizeof(json_int_t) == 8, "jansson without long long");
	if (!is(j, JSON_INTEGER))
		return false;
	*ret = json_integer_value(value(j));
	return true;
}

bool json_as_u64(const struct json *j, uint64_t *ret)
{
	struct slice digits;
	int64_t      v;

	if (json_as_digits(j, &digits))
		return text_parse_u64(digits, ret);
	if (!json_as_i64(j, &v) || v < 0)
		return false;
	*ret = (uint64_t)v;
	return true;
}

bool json_as_f64(const struct json *j, double *ret)
{
	struct slice digits;

	if (json_as_digits(j, &digits)) {
		*ret = strtod(digits.p, NULL);	/* a NUL is behind them */
		return isfinite(*ret);
	}
	if (!is(j, JSON_REAL) && !is(j, JSON_INTEGER))
		return false;
	*ret = json_number_value(value(j));
	return true;
}

bool json_as_bool(const struct json *j, bool *ret)
{
	if (!is(j, JSON_TRUE) && !is(j, JSON_FALSE))
		return false;
	*ret = is(j, JSON_TRUE);
	return true;
}

size_t json_n_items(const struct json *array)
{
	return is(array, JSON_ARRAY) ? json_array_size(value(array)) : 0;
}

const struct json *json_item(const struct json *array, size_t i)
{
	if (i >= json_n_items(array))
		return NULL;
	return (const struct json *)json_array_get(value(array), i);
}

size_t json_n_members(const struct json *object)
{
	return json_is_object(object) ? json_object_size(value(object)) : 0;
}

void json_each(const struct json *object,
    bool (*visit)(void *ctx, struct slice key, const struct json *value),
    void *ctx)
{
	void *i = json_is_object(object)
	    ? json_object_iter(walked(object)) : NULL;

	for (; i != NULL; i = json_object_iter_next(walked(object), i))
		if (!visit(ctx, slice_of(json_object_iter_key(i),
		    json_object_iter_key_len(i)),
		    (const struct json *)json_object_iter_value(i)))
			return;
}

/* ---- copying ---------------------------------------------------------- */

static bool copy_member(void *ctx, struct slice key, const struct json *v)
{
	struct json_writer *w = ctx;

	json_key_slice(w, key);
	json_put(w, v);
	return true;
}

static void copy_brackets(struct json_writer *w, const struct json *j)
{
	if (json_is_object(j)) {
		json_begin_object(w);
		json_each(j, copy_member, w);
		json_end_object(w);
		return;
	}
	json_begin_array(w);
	for (size_t i = 0; i < json_n_items(j); i++)
		json_put(w, json_item(j, i));
	json_end_array(w);
}

void json_put(struct json_writer *w, const struct json *j)
{
	struct slice s;
	int64_t      i;
	double       f;
	bool         b;

	if (json_as_digits(j, &s))
		json_raw(w, s);
	else if (json_as_str(j, &s))
		json_str(w, s);
	else if (json_as_i64(j, &i))
		json_i64(w, i);
	else if (json_as_f64(j, &f))
		json_f64(w, f);
	else if (json_as_bool(j, &b))
		json_bool(w, b);
	else if ((json_is_object(j) || json_is_array(j)) &&
	    w->depth < JSON_COPY_DEPTH_MAX)
		copy_brackets(w, j);
	else
		json_raw(w, SLICE("null"));
}
