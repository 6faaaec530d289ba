/* mon/query.c - percent-encoded names and values, and their types. */
#include "mon/query.h"

#include "base/buf.h"
#include "base/text.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

long percent_decode(struct slice in, bool is_query, char *out)
{
	char *to = out;

	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];

		if (c == '%') {
			int hi = in.n - i > 2 ? hex_value(in.p[i + 1]) : -1;
			int lo = in.n - i > 2 ? hex_value(in.p[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return -1;
			c = (char)(hi << 4 | lo);
			i += 2;
		} else if (c == '+' && is_query) {
			c = ' ';
		}
		*to++ = c;
	}
	return to - out;
}

/* Takes what is before the first c off the front, and c with it. */
static struct slice take_until(struct slice *rest, char c)
{
	const char  *end = rest->n == 0 ? NULL : memchr(rest->p, c, rest->n);
	struct slice part = *rest;

	if (end == NULL) {
		*rest = SLICE_NONE;
		return part;
	}
	part.n = (size_t)(end - part.p);
	*rest = slice_skip(*rest, part.n + 1);
	return part;
}

/* Decoding never makes longer, so what is left of the text always suffices for
 * what is left of the input. */
static bool decode(struct slice in, char **to, struct slice *ret)
{
	long n = percent_decode(in, true, *to);

	if (n < 0)
		return false;
	*ret = slice_of(*to, (size_t)n);
	*to += n;
	return true;
}

void query_parse(struct slice in, struct query *ret)
{
	struct slice rest = in;
	char        *to = ret->text;

	if (rest.n > QUERY_BYTES_MAX)
		rest.n = QUERY_BYTES_MAX;
	for (ret->n = 0; rest.n > 0 && ret->n < QUERY_PARAMS_MAX;) {
		struct slice value = take_until(&rest, '&');
		struct slice name;

		if (value.n == 0 || memchr(value.p, ';', value.n) != NULL)
			continue;
		name = take_until(&value, '=');
		if (decode(name, &to, &ret->params[ret->n].name) &&
		    decode(value, &to, &ret->params[ret->n].value))
			ret->n++;
	}
}

struct slice query_str(const struct query *q, const char *name)
{
	struct slice wanted = slice_str(name);

	for (unsigned i = 0; i < q->n; i++)
		if (slice_eq(q->params[i].name, wanted))
			return q->params[i].value;
	return SLICE_NONE;
}

/* ---- types -------------------------------------------------------------- */

static bool refuse(struct buf *error, const char *type, const char *name,
    const char *function, struct slice value, const char *why)
{
	buf_printf(error, "Error decoding %s for '%s': strconv.%s: parsing ",
	    type, name, function);
	text_put_quoted(error, value);
	buf_printf(error, ": %s", why);
	return false;
}

static const char *why_no_number(struct slice s, bool is_signed)
{
	if (is_signed && s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'))
		s = slice_skip(s, 1);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return "invalid syntax";
	return s.n == 0 ? "invalid syntax" : "value out of range";
}

bool query_bool(const struct query *q, const char *name, bool *ret,
    struct buf *error)
{
	struct slice s = query_str(q, name);

	*ret = false;
	if (s.n == 0 || text_parse_bool(s, ret))
		return true;
	return refuse(error, "boolean", name, "ParseBool", s, "invalid syntax");
}

bool query_int(const struct query *q, const char *name, int64_t *ret,
    struct buf *error)
{
	struct slice s = query_str(q, name);

	*ret = 0;
	if (s.n == 0 || text_parse_i64(s, ret))
		return true;
	return refuse(error, "int", name, "Atoi", s, why_no_number(s, true));
}

bool query_u64(const struct query *q, const char *name, uint64_t *ret,
    struct buf *error)
{
	struct slice s = query_str(q, name);

	*ret = 0;
	if (s.n == 0 || text_parse_u64(s, ret))
		return true;
	return refuse(error, "uint64", name, "ParseUint", s,
	    why_no_number(s, false));
}

bool query_subs(const struct query *q, bool *lists, bool *details,
    struct buf *error)
{
	*details = slice_eq_nocase(query_str(q, "subs"), SLICE("detail"));
	*lists = true;
	return *details || query_bool(q, "subs", lists, error);
}
