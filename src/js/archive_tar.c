/* js/archive_tar.c - headers of 512 bytes, and what stands between them.
 *
 * Each file has a header of its own and, in front of that, a pax header with
 * the time to the nanosecond and a name that is too long for the other.
 */
#include "js/archive_tar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

enum { BLOCK = 512, NAME_BYTES = 100, PREFIX_BYTES = 155,
	EXTRA_MAX = 64 << 10 };

/* Where the fields are. */
enum { AT_NAME = 0, AT_MODE = 100, AT_UID = 108, AT_GID = 116, AT_SIZE = 124,
	AT_TIME = 136, AT_SUM = 148, AT_KIND = 156, AT_MAGIC = 257,
	AT_VERSION = 263, AT_USER = 265, AT_GROUP = 297, AT_PREFIX = 345 };

static uint32_t sum_of(const char *header)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < BLOCK; i++)
		sum += i >= AT_SUM && i < AT_SUM + 8 ? ' '
		    : (uint8_t)header[i];
	return sum;
}

static uint32_t padding_of(uint64_t size)
{
	return (uint32_t)((BLOCK - size % BLOCK) % BLOCK);
}

/* ---- reading ------------------------------------------------------------------ */

/* Octal with blanks around it; or, from GNU, bytes behind a set bit. */
static bool get_number(const char *p, size_t n, uint64_t *ret)
{
	uint64_t v = 0;

	if ((uint8_t)*p & 0x80) {
		v = (uint8_t)*p & 0x7f;
		for (size_t i = 1; i < n; i++) {
			if (v >> 55 != 0)
				return false;
			v = v << 8 | (uint8_t)p[i];
		}
		*ret = v;
		return true;
	}
	for (; n > 0 && *p == ' '; n--)
		p++;
	for (; n > 0 && *p >= '0' && *p <= '7'; n--)
		v = v << 3 | (uint64_t)(*p++ - '0');
	*ret = v;
	return n == 0 || *p == ' ' || *p == '\0';
}

static struct slice field(const char *p, size_t n)
{
	return slice_of(p, strnlen(p, n));
}

/* As the header says it, unless an extra one has said more. */
static void take_name(struct tar_reader *r, const char *h)
{
	struct slice prefix = field(h + AT_PREFIX, PREFIX_BYTES);

	if (r->has_name)
		return;
	buf_reset(&r->name);
	if (memcmp(h + AT_MAGIC, "ustar\0", 6) == 0 && prefix.n > 0) {
		buf_put_slice(&r->name, prefix);
		buf_put_char(&r->name, '/');
	}
	buf_put_slice(&r->name, field(h + AT_NAME, NAME_BYTES));
}

static int begin_file(struct tar_reader *r, const char *h, uint64_t size,
    struct tar_event *ev)
{
	take_name(r, h);
	if (r->has_size)
		size = r->size;
	r->has_name = r->has_size = false;
	r->state = TAR_IN_DATA;
	r->left = size;
	r->padding = padding_of(size);
	*ev = (struct tar_event){ .what = TAR_FILE,
		.name = buf_slice(&r->name), .size = size };
	return buf_failed(&r->name) ? ERR_NOMEM : 1;
}

static int begin_extra(struct tar_reader *r, char kind, uint64_t size)
{
	if (size > EXTRA_MAX)
		return ERR_CORRUPT;
	buf_reset(&r->extra);
	r->extra_kind = kind;
	r->state = TAR_IN_EXTRA;
	r->left = size;
	r->padding = padding_of(size);
	return 0;
}

/* 1: there is an event.  0: go on. */
static int take_header(struct tar_reader *r, const char *h,
    struct tar_event *ev)
{
	static const char zeros[BLOCK];
	uint64_t          size, sum;

	if (memcmp(h, zeros, BLOCK) == 0) {
		r->state = TAR_AT_END;
		*ev = (struct tar_event){ .what = TAR_END };
		return 1;
	}
	if (!get_number(h + AT_SUM, 8, &sum) || sum != sum_of(h) ||
	    !get_number(h + AT_SIZE, 12, &size))
		return ERR_CORRUPT;
	switch (h[AT_KIND]) {
	case '0':
	case '\0':
		return begin_file(r, h, size, ev);
	case 'x':
	case 'g':
	case 'L':
		return begin_extra(r, h[AT_KIND], size);
	default:
		return ERR_CORRUPT;
	}
}

static void note_name(struct tar_reader *r, struct slice name)
{
	buf_reset(&r->name);
	buf_put_slice(&r->name, name);
	r->has_name = true;
}

/* "27 path=something\n", the number counting all of it. */
static bool take_record(struct tar_reader *r, struct slice *rest)
{
	const char  *blank = memchr(rest->p, ' ', rest->n), *equals;
	struct slice key, value;
	uint64_t     n;

	if (blank == NULL || !text_parse_u64(slice_of(rest->p,
	    (size_t)(blank - rest->p)), &n) || n > rest->n ||
	    n < (size_t)(blank + 2 - rest->p) || rest->p[n - 1] != '\n')
		return false;
	key = slice_of(blank + 1, (size_t)(rest->p + n - 1 - (blank + 1)));
	equals = key.n == 0 ? NULL : memchr(key.p, '=', key.n);
	if (equals == NULL)
		return false;
	value = slice_skip(key, (size_t)(equals + 1 - key.p));
	key.n = (size_t)(equals - key.p);
	*rest = slice_skip(*rest, (size_t)n);
	if (slice_eq(key, SLICE("path")))
		note_name(r, value);
	else if (slice_eq(key, SLICE("size")))
		return r->has_size = text_parse_u64(value, &r->size);
	return true;
}

static int end_extra(struct tar_reader *r)
{
	struct slice rest = buf_slice(&r->extra);

	if (buf_failed(&r->extra))
		return ERR_NOMEM;
	if (r->extra_kind == 'L')
		note_name(r, field(rest.p, rest.n));
	while (r->extra_kind == 'x' && rest.n > 0)
		if (!take_record(r, &rest))
			return ERR_CORRUPT;
	r->state = TAR_IN_PADDING;
	return 0;
}

static struct slice take(struct tar_reader *r, struct slice *in)
{
	size_t       n = r->left < in->n ? (size_t)r->left : in->n;
	struct slice some = slice_of(in->p, n);

	*in = slice_skip(*in, n);
	r->left -= n;
	return some;
}

static int go_on_extra(struct tar_reader *r, struct slice *in)
{
	buf_put_slice(&r->extra, take(r, in));
	return r->left == 0 ? end_extra(r) : 0;
}

static int go_on_data(struct tar_reader *r, struct slice *in,
    struct tar_event *ev)
{
	if (r->left == 0) {
		r->state = TAR_IN_PADDING;
		*ev = (struct tar_event){ .what = TAR_FILE_END,
			.name = buf_slice(&r->name) };
		return 1;
	}
	if (in->n == 0)
		return 0;
	*ev = (struct tar_event){ .what = TAR_DATA,
		.name = buf_slice(&r->name), .bytes = take(r, in) };
	return 1;
}

static void go_on_padding(struct tar_reader *r, struct slice *in)
{
	size_t n = r->padding < in->n ? r->padding : in->n;

	*in = slice_skip(*in, n);
	r->padding -= (uint32_t)n;
	if (r->padding == 0)
		r->state = TAR_AT_HEADER;
}

/* Can it go on with what is there? */
static bool has_enough(const struct tar_reader *r, struct slice in)
{
	switch (r->state) {
	case TAR_AT_HEADER:
		return in.n >= BLOCK;
	case TAR_AT_END:
		return false;
	case TAR_IN_PADDING:
		return in.n > 0 || r->padding == 0;
	default:
		return in.n > 0 || r->left == 0;
	}
}

int tar_next(struct tar_reader *r, struct slice *in, struct tar_event *ev)
{
	int rc = 0;

	while (rc == 0 && has_enough(r, *in)) {
		const char *h = in->p;

		switch (r->state) {
		case TAR_AT_HEADER:
			*in = slice_skip(*in, BLOCK);
			rc = take_header(r, h, ev);
			break;
		case TAR_IN_EXTRA:
			rc = go_on_extra(r, in);
			break;
		case TAR_IN_DATA:
			rc = go_on_data(r, in, ev);
			break;
		default:
			go_on_padding(r, in);
			break;
		}
	}
	return rc;
}

void tar_reader_fini(struct tar_reader *r)
{
	buf_fini(&r->extra);
	buf_fini(&r->name);
}

/* ---- writing ------------------------------------------------------------------ */

static void put_zeros(struct buf *out, size_t n)
{
	static const char zeros[BLOCK];

	for (; n > BLOCK; n -= BLOCK)
		buf_put(out, zeros, BLOCK);
	buf_put(out, zeros, n);
}

static void put_octal(char *at, size_t n, uint64_t v)
{
	snprintf(at, n, "%0*" PRIo64, (int)n - 1, v);
}

static void put_one(struct buf *out, char kind, struct slice name,
    uint64_t size, int64_t wall_ns)
{
	char h[BLOCK] = { 0 }, sum[8];

	if (name.n > NAME_BYTES)
		name.n = NAME_BYTES;
	memcpy(h + AT_NAME, name.p, name.n);
	put_octal(h + AT_MODE, 8, 0600);
	put_octal(h + AT_UID, 8, 0);
	put_octal(h + AT_GID, 8, 0);
	put_octal(h + AT_SIZE, 12, size);
	put_octal(h + AT_TIME, 12, (uint64_t)(wall_ns / 1000000000));
	h[AT_KIND] = kind;
	memcpy(h + AT_MAGIC, "ustar\0" "00", 8);
	memcpy(h + AT_USER, "nats", 4);
	memcpy(h + AT_GROUP, "nats", 4);
	snprintf(sum, sizeof sum, "%06o", sum_of(h));
	memcpy(h + AT_SUM, sum, 7);
	h[AT_SUM + 7] = ' ';
	buf_put(out, h, sizeof h);
}

/* The number counts its own digits. */
static void put_record(struct buf *out, const char *key, struct slice value)
{
	size_t n = 3 + strlen(key) + value.n, total = n + 1;

	while (total != n + (size_t)snprintf(NULL, 0, "%zu", total))
		total = n + (size_t)snprintf(NULL, 0, "%zu", total);
	buf_printf(out, "%zu %s=%.*s\n", total, key, SLICE_ARG(value));
}

void tar_put_header(struct buf *out, struct slice name, uint64_t size,
    int64_t wall_ns)
{
	struct buf records = { 0 };
	char       time[40];

	snprintf(time, sizeof time, "%" PRId64 ".%09" PRId64,
	    wall_ns / 1000000000, wall_ns % 1000000000);
	put_record(&records, "mtime", slice_str(time));
	if (name.n > NAME_BYTES)
		put_record(&records, "path", name);
	put_one(out, 'x', SLICE("PaxHeaders.0/file"), records.n, wall_ns);
	buf_put_slice(out, buf_slice(&records));
	tar_put_padding(out, records.n);
	put_one(out, '0', name, size, wall_ns);
	out->failed |= buf_failed(&records);
	buf_fini(&records);
}

void tar_put_padding(struct buf *out, uint64_t size)
{
	put_zeros(out, padding_of(size));
}

void tar_put_file(struct buf *out, struct slice name, struct slice bytes,
    int64_t wall_ns)
{
	tar_put_header(out, name, bytes.n, wall_ns);
	buf_put_slice(out, bytes);
	tar_put_padding(out, bytes.n);
}

void tar_put_end(struct buf *out)
{
	put_zeros(out, (size_t)2 * BLOCK);
}
