/* js/headers.c - one header of a block, found or added. */
#include "js/headers.h"

#include "base/buf.h"

/* The next line without its CRLF.  False: none is left. */
static bool take_line(struct slice *rest, struct slice *line)
{
	const char *lf = rest->n == 0 ? NULL : memchr(rest->p, '\n', rest->n);

	if (lf == NULL)
		return false;
	*line = slice_of(rest->p, (size_t)(lf - rest->p));
	*rest = slice_skip(*rest, line->n + 1);
	if (line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

static struct slice name_of(struct slice line)
{
	const char *colon = line.n == 0 ? NULL : memchr(line.p, ':', line.n);

	return colon == NULL ? SLICE_NONE
	    : slice_of(line.p, (size_t)(colon - line.p));
}

static struct slice trimmed(struct slice s)
{
	while (s.n > 0 && (*s.p == ' ' || *s.p == '\t'))
		s = slice_skip(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

bool js_header_get(struct slice block, struct slice name, struct slice *value)
{
	struct slice line;

	if (!take_line(&block, &line))
		return false;
	while (take_line(&block, &line))
		if (line.n > name.n && line.p[name.n] == ':' &&
		    slice_has_prefix(line, name)) {
			*value = trimmed(slice_skip(line, name.n + 1));
			return true;
		}
	return false;
}

void js_headers_begin(struct buf *out, struct slice block)
{
	if (block.n < 4)
		buf_put_str(out, "NATS/1.0\r\n");
	else
		buf_put(out, block.p, block.n - 2);
}

bool js_header_is_ttl(struct slice name)
{
	return slice_eq(name, SLICE("Nats-TTL"));
}

bool js_header_is_servers(struct slice name)
{
	return slice_eq_nocase(name, SLICE("Nats-Request-Info"));
}

void js_headers_begin_without(struct buf *out, struct slice block,
    bool (*drop)(struct slice name))
{
	struct slice line;

	buf_put_str(out, "NATS/1.0\r\n");
	if (!take_line(&block, &line))
		return;
	while (take_line(&block, &line))
		if (line.n > 0 && !drop(name_of(line))) {
			buf_put_slice(out, line);
			buf_put_str(out, "\r\n");
		}
}

void js_header_put(struct buf *out, const char *name, struct slice value)
{
	buf_put_str(out, name);
	buf_put_str(out, ": ");
	buf_put_slice(out, value);
	buf_put_str(out, "\r\n");
}

void js_header_put_u64(struct buf *out, const char *name, uint64_t v)
{
	buf_put_str(out, name);
	buf_put_str(out, ": ");
	buf_put_u64(out, v);
	buf_put_str(out, "\r\n");
}

void js_headers_end(struct buf *out)
{
	buf_put_str(out, "\r\n");
}
