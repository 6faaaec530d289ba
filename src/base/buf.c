/* base/buf.c - a byte buffer that grows by doubling. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUF_FIRST = 256 };

void buf_fini(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t need, cap = b->cap < BUF_FIRST ? BUF_FIRST : b->cap;
	char  *p;

	if (b->failed || __builtin_add_overflow(b->n, n, &need))
		goto fail;
	if (need <= b->cap)
		return b->p + b->n;
	while (cap < need)
		if (__builtin_mul_overflow(cap, (size_t)2, &cap))
			goto fail;
	p = realloc(b->p, cap);
	if (p == NULL)
		goto fail;
	b->p = p;
	b->cap = cap;
	return b->p + b->n;
fail:
	b->failed = true;
	return NULL;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	char *to = n == 0 ? NULL : buf_reserve(b, n);

	if (to == NULL)
		return;
	memcpy(to, p, n);
	b->n += n;
}

void buf_put_slice(struct buf *b, struct slice s)
{
	buf_put(b, s.p, s.n);
}

void buf_put_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_put_char(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	char  digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	buf_put(b, digits + at, sizeof digits - at);
}

void buf_put_i64(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_put_char(b, '-');
	buf_put_u64(b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	char   *to;
	int     n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	to = n < 0 ? NULL : buf_reserve(b, (size_t)n + 1);
	if (to != NULL) {
		vsnprintf(to, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

char *buf_take_str(struct buf *b)
{
	char *s;

	buf_put_char(b, '\0');
	if (b->failed) {
		buf_fini(b);
		return NULL;
	}
	s = b->p;
	*b = (struct buf){ 0 };
	return s;
}
