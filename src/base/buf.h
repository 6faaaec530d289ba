/* base/buf.h - a byte buffer that grows.
 *
 * For text that is built once and sent or printed: INFO, monitoring answers,
 * error messages.  Not for the message path.  After a failed allocation
 * buf_failed() is true and everything put is dropped, so a builder checks
 * once, at the end.  Zeroed memory is an empty buffer.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf {
	char  *p;	/* NULL while empty */
	size_t n;	/* bytes in use */
	size_t cap;
	bool   failed;
};

/* Frees the bytes and makes b empty and sound again. */
void buf_fini(struct buf *b);

void buf_put(struct buf *b, const void *p, size_t n);
void buf_put_slice(struct buf *b, struct slice s);
void buf_put_str(struct buf *b, const char *s);
void buf_put_char(struct buf *b, char c);
void buf_put_u64(struct buf *b, uint64_t v);
void buf_put_i64(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* At least n writable bytes behind the end, or NULL.  Follow with buf_added. */
char *buf_reserve(struct buf *b, size_t n);
static inline void buf_added(struct buf *b, size_t n)
{
	b->n += n;
}

/* Keeps the memory for the next use. */
static inline void buf_reset(struct buf *b)
{
	b->n = 0;
	b->failed = false;
}

/* Borrowed until the buffer changes. */
static inline struct slice buf_slice(const struct buf *b)
{
	return (struct slice){ b->p, b->n };
}

static inline bool buf_failed(const struct buf *b)
{
	return b->failed;
}

/* The bytes as an owned C string (the caller frees), and b is empty again.
 * NULL: out of memory, now or before. */
char *buf_take_str(struct buf *b);

#endif /* BASE_BUF_H */
