/* base/text.c - Go's formats, written and read without Go.
 *
 * Durations and fractions of seconds are integers all the way: digits come
 * from division, never from a float, so that every nanosecond survives. */
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

enum { TEXT_WHY_MAX = 256, TEXT_DISTANCE_MAX = 64 };

static const char hex_digits[] = "0123456789abcdef";

/* ---- durations -------------------------------------------------------- */

/* ".25" for 250 of 1000; nothing for 0.  scale is a power of ten. */
static void put_fraction(struct buf *out, uint64_t part, uint64_t scale)
{
	if (part == 0)
		return;
	buf_put_char(out, '.');
	for (; part != 0; part %= scale) {
		scale /= 10;
		buf_put_char(out, (char)('0' + part / scale));
	}
}

static void put_below_second(struct buf *out, uint64_t ns)
{
	static const struct { uint64_t ns; const char *name; } units[] = {
		{ NS_PER_MS, "ms" }, { NS_PER_US, "\xc2\xb5s" }, { 1, "ns" },
	};
	size_t i = 0;

	while (ns < units[i].ns)
		i++;
	buf_put_u64(out, ns / units[i].ns);
	put_fraction(out, ns % units[i].ns, units[i].ns);
	buf_put_str(out, units[i].name);
}

void text_put_duration(struct buf *out, int64_t ns)
{
	uint64_t u = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	uint64_t s = u / NS_PER_S;

	if (u == 0) {
		buf_put_str(out, "0s");
		return;
	}
	if (ns < 0)
		buf_put_char(out, '-');
	if (s == 0) {
		put_below_second(out, u);
		return;
	}
	if (s >= 3600) {
		buf_put_u64(out, s / 3600);
		buf_put_char(out, 'h');
	}
	if (s >= 60) {
		buf_put_u64(out, s / 60 % 60);
		buf_put_char(out, 'm');
	}
	buf_put_u64(out, s % 60);
	put_fraction(out, u % NS_PER_S, NS_PER_S);
	buf_put_char(out, 's');
}

void text_put_uptime(struct buf *out, int64_t ns)
{
	static const struct { uint64_t s, below; char name; } units[] = {
		{ 365 * 86400, UINT64_MAX, 'y' }, { 86400, 365, 'd' },
		{ 3600, 24, 'h' }, { 60, 60, 'm' }, { 1, 60, 's' },
	};
	uint64_t s = ns < 0 ? 0 : (uint64_t)(ns / NS_PER_S);

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (s < units[i].s && units[i].s != 1)
			continue;
		buf_put_u64(out, s / units[i].s % units[i].below);
		buf_put_char(out, units[i].name);
	}
}

/* The units that a duration may name; both micro signs of Unicode count. */
static bool unit_find(struct slice name, uint64_t *ns)
{
	static const struct { struct slice name; uint64_t ns; } units[] = {
		{ { "ns", 2 }, 1 },
		{ { "us", 2 }, NS_PER_US },
		{ { "\xc2\xb5s", 3 }, NS_PER_US },
		{ { "\xce\xbcs", 3 }, NS_PER_US },
		{ { "ms", 2 }, NS_PER_MS },
		{ { "s", 1 }, NS_PER_S },
		{ { "m", 1 }, 60 * NS_PER_S },
		{ { "h", 1 }, 3600 * NS_PER_S },
	};

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (slice_eq(name, units[i].name)) {
			*ns = units[i].ns;
			return true;
		}
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A place for *why: as much of the text as fits. */
struct why {
	char   text[TEXT_WHY_MAX];
	size_t n;
};

static _Thread_local struct why duration_why;

static void why_put(const char *p, size_t n)
{
	struct why *w = &duration_why;
	size_t      room = sizeof w->text - 1 - w->n;

	n = n < room ? n : room;
	memcpy(w->text + w->n, p, n);
	w->n += n;
	w->text[w->n] = '\0';
}

/* Unlike %q, Go's time package escapes every byte that is not ASCII. */
static void why_put_quoted(struct slice s)
{
	why_put("\"", 1);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		char hex[] = { '\\', 'x', hex_digits[c >> 4],
			hex_digits[c & 15] };

		if (c < ' ' || c >= 0x80) {
			why_put(hex, sizeof hex);
			continue;
		}
		if (c == '"' || c == '\\')
			why_put("\\", 1);
		why_put(s.p + i, 1);
	}
	why_put("\"", 1);
}

static const char *why_duration(const char *what, struct slice unit,
    struct slice whole)
{
	duration_why.n = 0;
	why_put("time: ", 6);
	why_put(what, strlen(what));
	if (unit.n > 0) {
		why_put_quoted(unit);
		why_put(" in duration ", 13);
	}
	why_put_quoted(whole);
	return duration_why.text;
}

/* One "1.5h" of "1.5h30m", as it is read. */
struct term {
	uint64_t     whole, part, ns;	/* ns: of the unit */
	double       scale;		/* part / scale is the fraction */
	struct slice unit;
};

/* A duration's magnitude may be 2^63, which only a minus makes valid. */
#define DURATION_MAX ((uint64_t)1 << 63)

static bool term_whole(struct slice *s, struct term *t)
{
	for (; s->n > 0 && is_digit(s->p[0]); *s = slice_skip(*s, 1))
		if (__builtin_mul_overflow(t->whole, 10u, &t->whole) ||
		    __builtin_add_overflow(t->whole,
		    (uint64_t)(s->p[0] - '0'), &t->whole) ||
		    t->whole > DURATION_MAX)
			return false;
	return true;
}

/* Digits beyond what 63 bits hold are below a nanosecond: read and dropped. */
static void term_part(struct slice *s, struct term *t)
{
	bool is_full = false;

	for (; s->n > 0 && is_digit(s->p[0]); *s = slice_skip(*s, 1)) {
		is_full = is_full || t->part > (DURATION_MAX - 1) / 10;
		if (is_full)
			continue;
		t->part = t->part * 10 + (uint64_t)(s->p[0] - '0');
		t->scale *= 10;
	}
}

static bool term_number(struct slice *s, struct term *t)
{
	size_t n = s->n, n_part = 0;

	if (!term_whole(s, t))
		return false;
	n -= s->n;
	if (s->n > 0 && s->p[0] == '.') {
		*s = slice_skip(*s, 1);
		n_part = s->n;
		term_part(s, t);
		n_part -= s->n;
	}
	return n + n_part > 0;
}

static void term_unit(struct slice *s, struct term *t)
{
	size_t n = 0;

	while (n < s->n && s->p[n] != '.' && !is_digit(s->p[n]))
		n++;
	t->unit = slice_of(s->p, n);
	*s = slice_skip(*s, n);
}

/* Adds the term to *sum; false: out of range. */
static bool term_add(const struct term *t, uint64_t *sum)
{
	uint64_t v;

	if (__builtin_mul_overflow(t->whole, t->ns, &v) || v > DURATION_MAX)
		return false;
	/* float, as Go does: the fraction of an hour is no whole number of ns
	 * for every digit.  It is below one unit, so the sum cannot wrap. */
	if (t->part > 0)
		v += (uint64_t)((double)t->part * ((double)t->ns / t->scale));
	*sum += v;
	return v <= DURATION_MAX && *sum <= DURATION_MAX;
}

/* NULL, or why the terms in s (of the duration whole) are wrong. */
static const char *parse_terms(struct slice s, struct slice whole,
    uint64_t *sum)
{
	static const char invalid[] = "invalid duration ";

	while (s.n > 0) {
		struct term t = { .scale = 1 };

		if (!term_number(&s, &t))
			return why_duration(invalid, SLICE_NONE, whole);
		term_unit(&s, &t);
		if (t.unit.n == 0)
			return why_duration("missing unit in duration ",
			    SLICE_NONE, whole);
		if (!unit_find(t.unit, &t.ns))
			return why_duration("unknown unit ", t.unit, whole);
		if (!term_add(&t, sum))
			return why_duration(invalid, SLICE_NONE, whole);
	}
	return NULL;
}

bool text_parse_duration(struct slice s, int64_t *ns, const char **why)
{
	struct slice whole = s;
	uint64_t     sum = 0;
	bool         is_negative = false;

	if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+')) {
		is_negative = s.p[0] == '-';
		s = slice_skip(s, 1);
	}
	if (slice_eq(s, SLICE("0"))) {
		*ns = 0;
		return true;
	}
	*why = s.n == 0 ? why_duration("invalid duration ", SLICE_NONE, whole)
	    : parse_terms(s, whole, &sum);
	if (*why != NULL)
		return false;
	if (sum == DURATION_MAX && !is_negative) {
		*why = why_duration("invalid duration ", SLICE_NONE, whole);
		return false;
	}
	*ns = is_negative ? (int64_t)-sum : (int64_t)sum;
	return true;
}

/* ---- times ------------------------------------------------------------ */

/* At least so many digits; of years there may be more. */
static void put_padded(struct buf *out, int v, int least)
{
	char digits[12];
	int  at = sizeof digits;

	for (; v > 0 || least > 0; v /= 10, least--)
		digits[--at] = (char)('0' + v % 10);
	buf_put(out, digits + at, sizeof digits - (size_t)at);
}

static void put_after(struct buf *out, char sign, int v)
{
	buf_put_char(out, sign);
	put_padded(out, v, 2);
}

void text_put_time(struct buf *out, int64_t wall_ns)
{
	int64_t   part = wall_ns % NS_PER_S;
	time_t    s = (time_t)(wall_ns / NS_PER_S);
	struct tm tm;

	if (wall_ns == TEXT_TIME_NONE) {
		buf_put_str(out, "0001-01-01T00:00:00Z");
		return;
	}
	if (part < 0) {
		part += NS_PER_S;
		s--;
	}
	if (gmtime_r(&s, &tm) == NULL) {	/* no such time_t is that large */
		out->failed = true;
		return;
	}
	put_padded(out, tm.tm_year + 1900, 4);
	put_after(out, '-', tm.tm_mon + 1);
	put_after(out, '-', tm.tm_mday);
	put_after(out, 'T', tm.tm_hour);
	put_after(out, ':', tm.tm_min);
	put_after(out, ':', tm.tm_sec);
	put_fraction(out, (uint64_t)part, NS_PER_S);
	buf_put_char(out, 'Z');
}

/* ---- runes and quoting ------------------------------------------------ */

/* How long a sequence that starts with c claims to be, and the smallest rune
 * that needs so many bytes; 0: no sequence starts so. */
static size_t rune_claim(unsigned char c, uint32_t *bits, uint32_t *least)
{
	static const struct {
		unsigned char mask, lead, n;
		uint32_t      least;
	} t[] = {
		{ 0x80, 0x00, 1, 0 }, { 0xe0, 0xc0, 2, 0x80 },
		{ 0xf0, 0xe0, 3, 0x800 }, { 0xf8, 0xf0, 4, 0x10000 },
	};

	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		if ((c & t[i].mask) == t[i].lead) {
			*bits = c & (unsigned char)~t[i].mask;
			*least = t[i].least;
			return t[i].n;
		}
	return 0;
}

size_t text_next_rune(struct slice s, uint32_t *rune)
{
	uint32_t r = 0, least = 0;
	size_t   n = rune_claim((unsigned char)s.p[0], &r, &least);

	*rune = TEXT_RUNE_BAD;
	if (n == 0 || n > s.n)
		return 1;
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s.p[i] & 0xc0) != 0x80)
			return 1;
		r = r << 6 | ((unsigned char)s.p[i] & 0x3f);
	}
	/* a longer form than needed, beyond Unicode, or half a pair */
	if (r < least || r > 0x10ffff || (r >= 0xd800 && r < 0xe000))
		return 1;
	*rune = r;
	return n;
}

/* Controls, separators, formatting marks and private runes, which a reader of
 * a log would not see or which would turn the line around.  Code points that
 * Unicode has not assigned yet count as printable: which those are changes
 * with every Go release. */
static bool rune_is_printable(uint32_t r)
{
	static const struct { uint32_t first, last; } hidden[] = {
		{ 0x00, 0x1f }, { 0x7f, 0xa0 }, { 0xad, 0xad },
		{ 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd },
		{ 0x70f, 0x70f }, { 0x890, 0x891 }, { 0x8e2, 0x8e2 },
		{ 0x1680, 0x1680 }, { 0x180e, 0x180e }, { 0x2000, 0x200f },
		{ 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x3000, 0x3000 },
		{ 0xd800, 0xf8ff }, { 0xfdd0, 0xfdef }, { 0xfeff, 0xfeff },
		{ 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
		{ 0x110bd, 0x110bd }, { 0x110cd, 0x110cd },
		{ 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe00ff },
		{ 0xe01f0, 0x10ffff },
	};

	for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
		if (r <= hidden[i].last)
			return r < hidden[i].first;
	return false;
}

static void put_rune_escaped(struct buf *out, uint32_t r)
{
	static const char name[] = "abtnvfr";	/* from 7 on */

	if (r >= '\a' && r <= '\r')
		buf_printf(out, "\\%c", name[r - '\a']);
	else if (r < ' ' || r == 0x7f)
		buf_printf(out, "\\x%02x", r);
	else if (r < 0x10000)
		buf_printf(out, "\\u%04x", r);
	else
		buf_printf(out, "\\U%08x", r);
}

void text_put_quoted(struct buf *out, struct slice s)
{
	uint32_t r;
	size_t   n;

	buf_put_char(out, '"');
	for (; s.n > 0; s = slice_skip(s, n)) {
		n = text_next_rune(s, &r);
		if (r == TEXT_RUNE_BAD && n == 1) {
			buf_printf(out, "\\x%02x", (unsigned char)s.p[0]);
		} else if (rune_is_printable(r)) {
			if (r == '"' || r == '\\')
				buf_put_char(out, '\\');
			buf_put(out, s.p, n);
		} else {
			put_rune_escaped(out, r);
		}
	}
	buf_put_char(out, '"');
}

/* ---- numbers ---------------------------------------------------------- */

void text_put_bytes(struct buf *out, uint64_t n)
{
	static const char prefix[] = "KMGTPE";
	double            v = (double)n / 1024;
	size_t            i = 0;

	if (n < 1024) {
		buf_put_u64(out, n);
		buf_put_str(out, " B");
		return;
	}
	for (; v >= 1024; v /= 1024)
		i++;
	buf_printf(out, "%.2f %cB", v, prefix[i]);
}

/* A finite number taken apart: 0.d1d2d3... times ten to the point. */
struct decimal {
	char digits[18];
	int  n;
	int  point;
};

/* The fewest digits that read back as v, which is not negative. */
static void decimal_of(double v, struct decimal *d)
{
	char text[32];

	d->n = 0;
	do {
		snprintf(text, sizeof text, "%.*e", d->n++, v);
	} while (d->n < 17 && strtod(text, NULL) != v);
	d->digits[0] = text[0];
	if (d->n > 1)
		memcpy(d->digits + 1, text + 2, (size_t)d->n - 1);
	d->point = 1 + (int)strtol(strchr(text, 'e') + 1, NULL, 10);
}

static void put_zeros(struct buf *out, int n)
{
	while (n-- > 0)
		buf_put_char(out, '0');
}

static void put_plain(struct buf *out, const struct decimal *d)
{
	int n_whole = d->point < 0 ? 0 : d->point < d->n ? d->point : d->n;

	if (d->point <= 0)
		buf_put_char(out, '0');
	buf_put(out, d->digits, (size_t)n_whole);
	put_zeros(out, d->point - d->n);
	if (n_whole == d->n)
		return;
	buf_put_char(out, '.');
	put_zeros(out, -d->point);
	buf_put(out, d->digits + n_whole, (size_t)(d->n - n_whole));
}

static void put_exponent(struct buf *out, const struct decimal *d)
{
	buf_put_char(out, d->digits[0]);
	if (d->n > 1)
		buf_put_char(out, '.');
	buf_put(out, d->digits + 1, (size_t)d->n - 1);
	buf_printf(out, "e%c%d", d->point > 0 ? '+' : '-', abs(d->point - 1));
}

void text_put_f64(struct buf *out, double v)
{
	struct decimal d;
	double         size = fabs(v);

	if (!isfinite(v)) {
		buf_put_str(out, "null");
		return;
	}
	if (signbit(v))
		buf_put_char(out, '-');
	decimal_of(size, &d);
	if (size != 0 && (size < 1e-6 || size >= 1e21))
		put_exponent(out, &d);
	else
		put_plain(out, &d);
}

bool text_parse_u64(struct slice s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]) || __builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return false;
	*ret = v;
	return true;
}

bool text_parse_i64(struct slice s, int64_t *ret)
{
	bool     is_negative = s.n > 0 && s.p[0] == '-';
	uint64_t v;

	if (is_negative || (s.n > 0 && s.p[0] == '+'))
		s = slice_skip(s, 1);
	if (!text_parse_u64(s, &v) || v > (uint64_t)INT64_MAX + is_negative)
		return false;
	*ret = is_negative ? (int64_t)-v : (int64_t)v;
	return true;
}

bool text_parse_bool(struct slice s, bool *ret)
{
	static const char *const words[2][6] = {
		{ "0", "f", "F", "FALSE", "false", "False" },
		{ "1", "t", "T", "TRUE", "true", "True" },
	};

	for (size_t i = 0; i < 12; i++)
		if (slice_eq(s, slice_str(words[i / 6][i % 6]))) {
			*ret = i >= 6;
			return true;
		}
	return false;
}

/* ---- bytes as letters ------------------------------------------------- */

static const char base64_std[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* n_bits of each letter; the last one is filled up with zero bits. */
static void put_radix(struct buf *out, const void *p, size_t n,
    const char *alphabet, unsigned n_bits)
{
	const unsigned char *in = p;
	unsigned             have = 0, bits = 0;

	for (size_t i = 0; i < n; i++) {
		bits = (bits << 8 | in[i]) & 0xffff;
		for (have += 8; have >= n_bits; have -= n_bits)
			buf_put_char(out, alphabet[bits >> (have - n_bits) &
			    ((1u << n_bits) - 1)]);
	}
	if (have > 0)
		buf_put_char(out, alphabet[bits << (n_bits - have) &
		    ((1u << n_bits) - 1)]);
}

void text_put_base64(struct buf *out, const void *p, size_t n)
{
	put_radix(out, p, n, base64_std, 6);
	buf_put(out, "==", (3 - n % 3) % 3);
}

void text_put_base64url(struct buf *out, const void *p, size_t n)
{
	put_radix(out, p, n, base64_url, 6);
}

void text_put_base32(struct buf *out, const void *p, size_t n)
{
	put_radix(out, p, n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5);
}

void text_put_hex(struct buf *out, const void *p, size_t n)
{
	put_radix(out, p, n, hex_digits, 4);
}

/* ---- likeness --------------------------------------------------------- */

static unsigned min_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The cost of turning the first i bytes of a into the first j of b, from the
 * rows for i, i - 1 and i - 2: a byte more, less, other, or two swapped. */
static unsigned edit_cost(struct slice a, struct slice b, size_t i, size_t j,
    unsigned rows[3][TEXT_DISTANCE_MAX + 1])
{
	const unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3];
	unsigned        cost = min_of(row[j - 1], above[j]) + 1;

	cost = min_of(cost, above[j - 1] + (a.p[i - 1] != b.p[j - 1]));
	if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
	    a.p[i - 2] == b.p[j - 1])
		cost = min_of(cost, rows[(i + 1) % 3][j - 2] + 1);
	return cost;
}

unsigned text_distance(struct slice a, struct slice b, unsigned limit)
{
	unsigned rows[3][TEXT_DISTANCE_MAX + 1];

	if (a.n > TEXT_DISTANCE_MAX || b.n > TEXT_DISTANCE_MAX)
		return slice_eq(a, b) ? 0 : limit;
	for (unsigned j = 0; j <= b.n; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned best = rows[i % 3][0] = i;

		for (size_t j = 1; j <= b.n; j++) {
			rows[i % 3][j] = edit_cost(a, b, i, j, rows);
			best = min_of(best, rows[i % 3][j]);
		}
		/* the best above is one less, but a swap costs one */
		if (best > limit)
			return limit;
	}
	return min_of(rows[a.n % 3][b.n], limit);
}
