/* base/slice.h - bytes that somebody else owns.
 *
 * A pointer and a length, passed by value.  Never NUL-terminated, never freed
 * through.  Who keeps the bytes alive is said where the slice is made.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
	const char *p;
	size_t      n;
};

#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })
#define SLICE_NONE     ((struct slice){ NULL, 0 })
/* For printf's "%.*s". */
#define SLICE_ARG(s) (int)(s).n, (s).p == NULL ? "" : (s).p

static inline struct slice slice_of(const char *p, size_t n)
{
	return (struct slice){ p, n };
}

/* Copies s to *at, and moves that behind it: for who keeps several in one piece
 * of memory. */
static inline struct slice slice_pack(char **at, struct slice s)
{
	struct slice packed = { *at, s.n };

	if (s.n > 0)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return packed;
}

/* NULL gives the empty slice. */
static inline struct slice slice_str(const char *s)
{
	return (struct slice){ s, s == NULL ? 0 : strlen(s) };
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII only: 'A' equals 'a'. */
static inline bool slice_eq_nocase(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_has_prefix(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n &&
	    (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* memcmp order, the shorter first where one is a prefix of the other. */
static inline int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int    c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

/* The rest of s behind its first n bytes.  n is at most s.n. */
static inline struct slice slice_skip(struct slice s, size_t n)
{
	return (struct slice){ s.p + n, s.n - n };
}

#endif /* BASE_SLICE_H */
