/* mon/path.c - segments between slashes. */
#include "mon/path.h"

#include <stddef.h>

#include "base/buf.h"

/* Takes the next segment off *rest, which begins with '/'.  is_last: nothing
 * is behind it. */
static struct slice take_segment(struct slice *rest, bool *is_last)
{
	struct slice in = slice_skip(*rest, 1);
	const char  *slash = in.n == 0 ? NULL : memchr(in.p, '/', in.n);
	size_t       n = slash == NULL ? in.n : (size_t)(slash - in.p);

	*is_last = slash == NULL;
	*rest = slice_skip(in, n);
	return slice_of(in.p, n);
}

static bool is_dots(struct slice segment)
{
	return slice_eq(segment, SLICE(".")) || slice_eq(segment, SLICE(".."));
}

bool path_is_clean(struct slice path)
{
	bool is_last = path.n == 0;

	while (!is_last) {
		struct slice segment = take_segment(&path, &is_last);

		if (is_dots(segment) || (segment.n == 0 && !is_last))
			return false;
	}
	return true;
}

static void drop_segment(struct buf *out, size_t start)
{
	while (out->n > start && out->p[--out->n] != '/')
		;
}

void path_put_clean(struct slice path, struct buf *out)
{
	size_t       start = out->n;
	bool         is_last = path.n == 0;
	struct slice segment = SLICE_NONE;

	while (!is_last && !buf_failed(out)) {
		segment = take_segment(&path, &is_last);
		if (slice_eq(segment, SLICE("..")))
			drop_segment(out, start);
		if (segment.n == 0 || is_dots(segment))
			continue;
		buf_put_char(out, '/');
		buf_put_slice(out, segment);
	}
	if (out->n == start || segment.n == 0)
		buf_put_char(out, '/');
}

void path_put_html(struct slice s, struct buf *out)
{
	static const struct { char c; const char *entity; } t[] = {
		{ '<', "&lt;" }, { '>', "&gt;" }, { '&', "&amp;" },
		{ '"', "&#34;" }, { '\'', "&#39;" },
	};

	for (size_t i = 0; i < s.n; i++) {
		const char *entity = NULL;

		for (size_t k = 0; k < sizeof t / sizeof t[0]; k++)
			if (t[k].c == s.p[i])
				entity = t[k].entity;
		if (entity != NULL)
			buf_put_str(out, entity);
		else
			buf_put_char(out, s.p[i]);
	}
}
