/* proto/trace_header.c - what a message's headers say of tracing it. */
#include "proto/trace_header.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"

#define FIRST_LINE SLICE("NATS/1.0\r\n")
#define DEST       SLICE("Nats-Trace-Dest")

struct header_field {
	struct slice name, value;
};

/* ---- fields --------------------------------------------------------------- */

/* Up to the next CRLF and that, off *rest.  False: there is none. */
static bool take_line(struct slice *rest, struct slice *line)
{
	const char *from = rest->p, *end = rest->p + rest->n, *lf;

	do {
		lf = from == end ? NULL
		    : memchr(from, '\n', (size_t)(end - from));
		if (lf == NULL)
			return false;
		from = lf + 1;
	} while (lf == rest->p || lf[-1] != '\r');
	*line = slice_of(rest->p, (size_t)(lf - rest->p) - 1);
	*rest = slice_skip(*rest, line->n + 2);
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = slice_skip(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* The next field off *rest.  A line without a colon belongs to the name of the
 * next one, for nats-server, and so for us.  False: there is no more. */
static bool take_field(struct slice *rest, struct header_field *f)
{
	const char *colon = rest->n == 0 ? NULL
	    : memchr(rest->p, ':', rest->n);
	struct slice line;

	if (colon == NULL)
		return false;
	f->name = slice_of(rest->p, (size_t)(colon - rest->p));
	*rest = slice_skip(*rest, f->name.n + 1);
	if (!take_line(rest, &line))
		return false;
	f->value = trim(line);
	return true;
}

static bool counts(const struct header_field *f)
{
	return f->name.n > 0 && f->value.n > 0;
}

/* ---- what they ask -------------------------------------------------------- */

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char       *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits) & 15;
}

/* Four parts, of which the last is the flags; lowest bit: sampled.  What
 * nats-server's reader of numbers takes for one byte with a sign. */
static bool is_sampled(struct slice value)
{
	size_t      n_signs = 0;
	const char *flags = value.p + value.n - 2;
	int         high, low;

	for (size_t i = 0; i < value.n; i++)
		n_signs += value.p[i] == '-';
	if (n_signs != 3 || value.n < 5 || flags[-1] != '-')
		return false;
	high = flags[0] == '+' ? 0 : hex_value(flags[0]);
	low = hex_value(flags[1]);
	return high >= 0 && high < 8 && low >= 0 && (low & 1) != 0;
}

static bool says_only(struct slice value)
{
	return slice_eq(value, SLICE("1")) ||
	    slice_eq_nocase(value, SLICE("true")) ||
	    slice_eq_nocase(value, SLICE("on"));
}

/* Most blocks are done with here.  A name that asks begins a line. */
static bool may_ask(struct slice headers, bool heeds_parents)
{
	static const struct slice dest = { "Nats-Trace-Dest:", 16 };
	static const struct slice parent = { "traceparent:", 12 };
	const char *at = headers.p, *end = headers.p + headers.n;

	while (end - at > (ptrdiff_t)parent.n) {
		struct slice rest = slice_of(at, (size_t)(end - at));

		if (*at == 'N' ? slice_has_prefix(rest, dest)
		    : heeds_parents && (*at | 0x20) == 't' &&
		    slice_eq_nocase(slice_of(at, parent.n), parent))
			return true;
		at = memchr(at, '\n', rest.n);
		if (at == NULL)
			break;
		at++;
	}
	return false;
}

/* Of each the first value counts; of traceparents any that is sampled. */
struct findings {
	struct slice dest, only;
	bool         has_origin, has_parent;
};

static void note(struct findings *x, const struct header_field *f)
{
	if (slice_eq(f->name, DEST))
		x->dest = x->dest.n > 0 ? x->dest : f->value;
	else if (slice_eq(f->name, SLICE("Nats-Trace-Only")))
		x->only = x->only.n > 0 ? x->only : f->value;
	else if (slice_eq(f->name, SLICE("Nats-Trace-Origin-Account")))
		x->has_origin = true;
	else if (slice_eq_nocase(f->name, SLICE("traceparent")))
		x->has_parent = x->has_parent || is_sampled(f->value);
}

static bool may_matter(const struct header_field *f)
{
	return counts(f) && (*f->name.p == 'N' || *f->name.p == 't' ||
	    *f->name.p == 'T');
}

bool trace_header_read(struct slice headers, bool heeds_parents,
    struct trace_header *ret)
{
	struct findings     x = { 0 };
	struct header_field f;

	if (!slice_has_prefix(headers, FIRST_LINE))
		return false;
	headers = slice_skip(headers, FIRST_LINE.n);
	if (!may_ask(headers, heeds_parents))
		return false;
	while (take_field(&headers, &f))
		if (may_matter(&f))
			note(&x, &f);
	if ((x.dest.n == 0 && !x.has_parent) ||
	    slice_eq(x.dest, TRACE_DISABLED))
		return false;
	*ret = (struct trace_header){ .dest = x.dest,
		.is_only = x.dest.n > 0 && says_only(x.only),
		.has_origin = x.has_origin, .has_parent = x.has_parent };
	return true;
}

/* ---- telling them --------------------------------------------------------- */

struct field_list {
	struct header_field *v;
	size_t               n, cap;
};

static bool add(struct field_list *l, struct header_field f)
{
	size_t               cap = l->cap == 0 ? 16 : l->cap * 2;
	struct header_field *v;

	if (l->n == l->cap) {
		v = realloc(l->v, cap * sizeof *v);
		if (v == NULL)
			return false;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = f;
	return true;
}

/* Of the same name in the order they came, which is that of their bytes. */
static int compare(const void *a, const void *b)
{
	const struct header_field *x = a, *y = b;
	int                        c = slice_cmp(x->name, y->name);

	return c != 0 ? c : (x->name.p > y->name.p) - (x->name.p < y->name.p);
}

static void put_list(const struct field_list *l, struct buf *out)
{
	struct json_writer *w = JSON_INTO(out, 0);

	json_begin_object(w);
	for (size_t i = 0; i < l->n; i++) {
		bool is_first = i == 0 ||
		    !slice_eq(l->v[i].name, l->v[i - 1].name);

		if (is_first && i > 0)
			json_end_array(w);
		if (is_first) {
			json_key_slice(w, l->v[i].name);
			json_begin_array(w);
		}
		json_str(w, l->v[i].value);
	}
	if (l->n > 0)
		json_end_array(w);
	json_end_object(w);
}

void trace_header_put_fields(struct slice headers, struct buf *out)
{
	struct field_list   l = { 0 };
	struct header_field f;
	bool                ok = true;

	if (slice_has_prefix(headers, FIRST_LINE))
		headers = slice_skip(headers, FIRST_LINE.n);
	while (ok && take_field(&headers, &f))
		ok = !counts(&f) || add(&l, f);
	if (l.n > 0)
		qsort(l.v, l.n, sizeof *l.v, compare);
	if (ok)
		put_list(&l, out);
	else
		out->failed = true;
	free(l.v);
}

/* ---- another destination -------------------------------------------------- */

static bool is_dest(struct slice line)
{
	return line.n > DEST.n && line.p[DEST.n] == ':' &&
	    slice_has_prefix(line, DEST);
}

/* The first line is one like others to this: it stays. */
void trace_header_put_dest(struct slice headers, struct slice dest,
    struct buf *out)
{
	struct slice line;

	if (headers.n == 0)
		buf_put_slice(out, FIRST_LINE);
	while (take_line(&headers, &line) && line.n > 0) {
		if (is_dest(line))
			continue;
		buf_put_slice(out, line);
		buf_put(out, "\r\n", 2);
	}
	buf_put_slice(out, DEST);
	buf_put(out, ": ", 2);
	buf_put_slice(out, dest);
	buf_put(out, "\r\n\r\n", 4);
}
