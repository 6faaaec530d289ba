/* test/fuzz/text_fuzz.c - what is printed must read back.
 *
 * The input is a text for every parser, and its first eight bytes a number for
 * every printer.  Quoting is undone by an unquoter of this file, base64 and hex
 * by libsodium: nothing here is checked against itself where it can be helped. */
#include "base/text.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(cond) do { if (!(cond)) abort(); } while (0)

static struct buf out;

static const char *out_str(void)
{
	buf_put_char(&out, '\0');
	CHECK(!buf_failed(&out));
	out.n--;
	return out.p;
}

/* ---- numbers and durations -------------------------------------------- */

static void check_duration(int64_t ns)
{
	const char *why;
	int64_t     back;

	buf_reset(&out);
	text_put_duration(&out, ns);
	CHECK(text_parse_duration(buf_slice(&out), &back, &why));
	CHECK(back == ns);
}

static void check_duration_text(struct slice s)
{
	const char *why = NULL;
	int64_t     ns;

	if (text_parse_duration(s, &ns, &why))
		check_duration(ns);
	else
		CHECK(strncmp(why, "time: ", 6) == 0 && strlen(why) < 1024);
}

static void check_integer_text(struct slice s)
{
	uint64_t u, u_back;
	int64_t  i, i_back;
	bool     b;

	if (text_parse_u64(s, &u)) {
		buf_reset(&out);
		buf_put_u64(&out, u);
		CHECK(text_parse_u64(buf_slice(&out), &u_back) && u == u_back);
		CHECK(strtoull(out_str(), NULL, 10) == u);
	}
	if (text_parse_i64(s, &i)) {
		buf_reset(&out);
		buf_put_i64(&out, i);
		CHECK(text_parse_i64(buf_slice(&out), &i_back) && i == i_back);
		CHECK(strtoll(out_str(), NULL, 10) == i);
	}
	if (text_parse_bool(s, &b))
		CHECK(s.n <= 5);
}

/* No shorter text may read back as well. */
static void check_float(double v)
{
	size_t n_digits = 0;
	char   shorter[64];

	buf_reset(&out);
	text_put_f64(&out, v);
	if (!isfinite(v)) {
		CHECK(slice_eq(buf_slice(&out), SLICE("null")));
		return;
	}
	CHECK(strtod(out_str(), NULL) == v);
	if (strchr(out.p, 'e') == NULL)
		return;
	for (size_t i = 0; out.p[i] != 'e'; i++)
		n_digits += out.p[i] >= '0' && out.p[i] <= '9';
	CHECK(n_digits >= 1 && n_digits <= 17);
	if (n_digits > 1) {
		snprintf(shorter, sizeof shorter, "%.*e", (int)n_digits - 2, v);
		CHECK(strtod(shorter, NULL) != v);
	}
}

static void check_number(struct slice s)
{
	int64_t v = 0;
	double  d;

	memcpy(&v, s.p, s.n < sizeof v ? s.n : sizeof v);
	memcpy(&d, &v, sizeof d);
	check_duration(v);
	check_float(d);
	buf_reset(&out);
	text_put_time(&out, v);
	CHECK(out.n >= 20 && out.n <= 30 && out.p[out.n - 1] == 'Z');
	buf_reset(&out);
	text_put_uptime(&out, v);
	CHECK(out.n >= 2 && out.p[out.n - 1] == 's');
	buf_reset(&out);
	text_put_bytes(&out, (uint64_t)v);
	CHECK(out.n >= 3 && out.n <= 10 && out.p[out.n - 1] == 'B');
}

/* ---- quoting ---------------------------------------------------------- */

static void put_utf8(struct buf *to, uint32_t r)
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	unsigned n = r < 0x80 ? 1 : r < 0x800 ? 2 : r < 0x10000 ? 3 : 4;

	if (n == 1) {
		buf_put_char(to, (char)r);
		return;
	}
	buf_put_char(to, (char)(lead[n] | r >> 6 * (n - 1)));
	while (n-- > 1)
		buf_put_char(to, (char)(0x80 | (r >> 6 * (n - 1) & 0x3f)));
}

/* One escape at p, which points behind the backslash; where it ends. */
static const char *unescape(struct buf *to, const char *p)
{
	static const char from[] = "abtnvfr\"\\", into[] = "\a\b\t\n\v\f\r\"\\";
	const char       *named = strchr(from, *p);
	size_t            n = *p == 'x' ? 2 : *p == 'u' ? 4 : 8;
	char              digits[9] = { 0 };
	unsigned long     v;

	if (named != NULL) {
		buf_put_char(to, into[named - from]);
		return p + 1;
	}
	CHECK(*p == 'x' || *p == 'u' || *p == 'U');
	memcpy(digits, p + 1, n);
	v = strtoul(digits, NULL, 16);
	if (*p == 'x')
		buf_put_char(to, (char)v);
	else
		put_utf8(to, (uint32_t)v);
	return p + 1 + n;
}

static void check_quoted(struct slice s)
{
	struct buf  back = { 0 };
	const char *p, *end;

	buf_reset(&out);
	text_put_quoted(&out, s);
	p = out_str() + 1;
	end = out.p + out.n - 1;
	CHECK(out.n >= 2 && out.p[0] == '"' && *end == '"');
	while (p < end) {
		CHECK((unsigned char)*p >= ' ' && *p != '"' && *p != 0x7f);
		if (*p == '\\')
			p = unescape(&back, p + 1);
		else
			buf_put_char(&back, *p++);
	}
	CHECK(slice_eq(buf_slice(&back), s));
	buf_fini(&back);
}

/* ---- bytes as letters ------------------------------------------------- */

static void check_letters(struct slice s)
{
	static unsigned char back[8192];
	static const struct {
		void (*put)(struct buf *, const void *, size_t);
		int  variant;
	} forms[] = {
		{ text_put_base64, sodium_base64_VARIANT_ORIGINAL },
		{ text_put_base64url, sodium_base64_VARIANT_URLSAFE_NO_PADDING },
	};
	size_t n;

	for (size_t i = 0; i < 2; i++) {
		buf_reset(&out);
		forms[i].put(&out, s.p, s.n);
		CHECK(sodium_base642bin(back, sizeof back, out_str(), out.n,
		    NULL, &n, NULL, forms[i].variant) == 0);
		CHECK(slice_eq(s, slice_of((char *)back, n)));
	}
	buf_reset(&out);
	text_put_hex(&out, s.p, s.n);
	CHECK(sodium_hex2bin(back, sizeof back, out_str(), out.n, NULL, &n,
	    NULL) == 0);
	CHECK(slice_eq(s, slice_of((char *)back, n)));
	buf_reset(&out);
	text_put_base32(&out, s.p, s.n);
	CHECK(out.n == (s.n * 8 + 4) / 5);
}

static void check_distance(struct slice s)
{
	struct slice a = slice_of(s.p, s.n / 2), b = slice_skip(s, s.n / 2);
	unsigned     d = text_distance(a, b, 100), diff =
	    (unsigned)(b.n - a.n);	/* b is never the shorter */

	CHECK(d == text_distance(b, a, 100));
	CHECK((d == 0) == slice_eq(a, b));
	CHECK(d >= diff);
	CHECK(b.n > 64 || d <= b.n);
	for (unsigned limit = 0; limit <= 5; limit++)
		CHECK(text_distance(a, b, limit) == (d < limit ? d : limit));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice s = slice_of(n == 0 ? "" : (const char *)data, n);

	if (n > 4096)
		return 0;
	check_duration_text(s);
	check_integer_text(s);
	check_number(s);
	check_quoted(s);
	check_letters(s);
	check_distance(s);
	return 0;
}
