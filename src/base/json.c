/* base/json.c - the writer: commas, indentation and escapes as Go's. */
#include "base/json.h"

#include "base/assert.h"
#include "base/text.h"

enum {
	JSON_DEPTH_MAX = 64,	/* bits of is_array */
};

void json_init(struct json_writer *w, struct buf *out, unsigned indent)
{
	*w = (struct json_writer){ .out = out, .indent = indent };
}

static void new_line(struct json_writer *w)
{
	if (w->indent == 0)
		return;
	buf_put_char(w->out, '\n');
	for (unsigned i = 0; i < w->depth * w->indent; i++)
		buf_put_char(w->out, ' ');
}

/* What stands before a key, or before a value that has none. */
static void next_item(struct json_writer *w)
{
	if (w->needs_comma)
		buf_put_char(w->out, ',');
	if (w->depth > 0)
		new_line(w);
}

static bool in_array(const struct json_writer *w)
{
	return w->depth > 0 && w->is_array >> (w->depth - 1) & 1;
}

static void before_value(struct json_writer *w)
{
	assert(w->depth == 0 || in_array(w) || w->after_key);
	if (!w->after_key)
		next_item(w);
	w->after_key = false;
	w->needs_comma = true;
}

static void begin(struct json_writer *w, char bracket, bool is_array)
{
	before_value(w);
	assert(w->depth < JSON_DEPTH_MAX);
	buf_put_char(w->out, bracket);
	w->is_array = (w->is_array & ~(UINT64_C(1) << w->depth)) |
	    (uint64_t)is_array << w->depth;
	w->depth++;
	w->needs_comma = false;
}

static void end(struct json_writer *w, char bracket, bool is_array)
{
	assert(w->depth > 0);
	assert(in_array(w) == is_array);
	assert(!w->after_key);
	w->depth--;
	/* no comma due: it is empty, and stays "{}" */
	if (w->needs_comma)
		new_line(w);
	buf_put_char(w->out, bracket);
	w->needs_comma = true;
}

void json_begin_object(struct json_writer *w)
{
	begin(w, '{', false);
}

void json_end_object(struct json_writer *w)
{
	end(w, '}', false);
}

void json_begin_array(struct json_writer *w)
{
	begin(w, '[', true);
}

void json_end_array(struct json_writer *w)
{
	end(w, ']', true);
}

void json_key(struct json_writer *w, const char *key)
{
	json_key_slice(w, slice_str(key));
}

void json_key_slice(struct json_writer *w, struct slice key)
{
	assert(w->depth > 0 && !in_array(w));
	assert(!w->after_key);
	next_item(w);
	json_quote(w->out, key);
	buf_put_str(w->out, w->indent > 0 ? ": " : ":");
	w->after_key = true;
}

void json_str(struct json_writer *w, struct slice s)
{
	before_value(w);
	json_quote(w->out, s);
}

void json_cstr(struct json_writer *w, const char *s)
{
	json_str(w, slice_str(s));
}

void json_i64(struct json_writer *w, int64_t v)
{
	before_value(w);
	buf_put_i64(w->out, v);
}

void json_u64(struct json_writer *w, uint64_t v)
{
	before_value(w);
	buf_put_u64(w->out, v);
}

void json_f64(struct json_writer *w, double v)
{
	before_value(w);
	text_put_f64(w->out, v);
}

void json_bool(struct json_writer *w, bool v)
{
	json_raw(w, v ? SLICE("true") : SLICE("false"));
}

void json_time(struct json_writer *w, int64_t wall_ns)
{
	before_value(w);
	buf_put_char(w->out, '"');
	text_put_time(w->out, wall_ns);
	buf_put_char(w->out, '"');
}

void json_raw(struct json_writer *w, struct slice already_json)
{
	before_value(w);
	buf_put_slice(w->out, already_json);
}

/* ---- copies ------------------------------------------------------------ */

/* Takes a string, with its quotes, off the front.  The text is sound. */
static struct slice take_string(struct slice *rest)
{
	size_t n = 1;

	while (n < rest->n && rest->p[n] != '"')
		n += rest->p[n] == '\\' ? 2 : 1;
	n = n < rest->n ? n + 1 : rest->n;
	*rest = slice_skip(*rest, n);
	return slice_of(rest->p - n, n);
}

/* A number or a word, too. */
static struct slice take_scalar(struct slice *rest)
{
	size_t n = 0;

	if (rest->p[0] == '"')
		return take_string(rest);
	while (n < rest->n && strchr(",:]} \t\r\n", rest->p[n]) == NULL)
		n++;
	*rest = slice_skip(*rest, n);
	return slice_of(rest->p - n, n);
}

static void copy_bracket(struct json_writer *w, char p)
{
	if (p == '{')
		json_begin_object(w);
	else if (p == '[')
		json_begin_array(w);
	else if (p == '}')
		json_end_object(w);
	else
		json_end_array(w);
}

/* A name in an object, or a value. */
static void copy_scalar(struct json_writer *w, unsigned outside,
    struct slice scalar)
{
	if (w->depth == outside || in_array(w) || w->after_key) {
		json_raw(w, scalar);
		return;
	}
	next_item(w);
	buf_put_slice(w->out, scalar);
	buf_put_str(w->out, w->indent > 0 ? ": " : ":");
	w->after_key = true;
}

static bool nests_deeper(struct slice text, unsigned max)
{
	unsigned depth = 0;

	while (text.n > 0) {
		if (text.p[0] == '"') {
			take_string(&text);
			continue;
		}
		if ((text.p[0] == '{' || text.p[0] == '[') && ++depth > max)
			return true;
		depth -= text.p[0] == '}' || text.p[0] == ']';
		text = slice_skip(text, 1);
	}
	return false;
}

void json_lay_out(struct json_writer *w, struct slice already_json)
{
	struct slice rest = already_json;
	const char  *why;
	struct json *doc = json_parse(already_json, &why);
	unsigned     outside = w->depth;

	json_free(doc);
	if (doc == NULL || nests_deeper(already_json, JSON_COPY_DEPTH_MAX)) {
		json_null(w);
		return;
	}
	while (rest.n > 0) {
		char p = rest.p[0];

		if (strchr(",: \t\r\n", p) != NULL) {
			rest = slice_skip(rest, 1);
		} else if (strchr("{}[]", p) != NULL) {
			copy_bracket(w, p);
			rest = slice_skip(rest, 1);
		} else {
			copy_scalar(w, outside, take_scalar(&rest));
		}
	}
}

/* ---- strings ---------------------------------------------------------- */

/* Bytes that go out as they are.  '<', '>' and '&' do not: Go's encoder makes
 * its output safe inside HTML. */
static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x80 && c != '"' && c != '\\' && c != '<' &&
	    c != '>' && c != '&';
}

static void put_escaped(struct buf *out, unsigned char c)
{
	static const char letter[128] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r',
		['\t'] = 't', ['"'] = '"', ['\\'] = '\\',
	};

	if (letter[c] != 0)
		buf_printf(out, "\\%c", letter[c]);
	else
		buf_printf(out, "\\u%04x", c);
}

/* One rune of two bytes or more.  The two line separators end a line in
 * JavaScript, so Go escapes them. */
static size_t put_rune(struct buf *out, struct slice s)
{
	uint32_t r;
	size_t   n = text_next_rune(s, &r);

	if ((r == TEXT_RUNE_BAD && n == 1) || r == 0x2028 || r == 0x2029)
		buf_printf(out, "\\u%04x", r);
	else
		buf_put(out, s.p, n);
	return n;
}

void json_quote(struct buf *out, struct slice s)
{
	buf_put_char(out, '"');
	while (s.n > 0) {
		unsigned char c;
		size_t        n = 0;

		while (n < s.n && is_plain((unsigned char)s.p[n]))
			n++;
		buf_put(out, s.p, n);
		s = slice_skip(s, n);
		if (s.n == 0)
			break;
		c = (unsigned char)s.p[0];
		n = 1;
		if (c < 0x80)
			put_escaped(out, c);
		else
			n = put_rune(out, s);
		s = slice_skip(s, n);
	}
	buf_put_char(out, '"');
}
