/* base/tls_peer.c - what the certificate of a TLS peer says. */
#include "base/tls_peer.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/text.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- DER ---------------------------------------------------------------- */

enum { DER_BOOLEAN = 0x01, DER_INTEGER = 0x02, DER_OCTETS = 0x04,
	DER_OID = 0x06, DER_UTF8 = 0x0c, DER_NUMERIC = 0x12,
	DER_PRINTABLE = 0x13, DER_T61 = 0x14, DER_IA5 = 0x16,
	DER_UTC_TIME = 0x17, DER_TIME = 0x18, DER_BMP = 0x1e,
	DER_SEQUENCE = 0x30, DER_SET = 0x31, DER_VERSION = 0xa0,
	DER_EXTENSIONS = 0xa3 };

struct der {
	unsigned     tag;
	struct slice body, whole;
};

/* The length behind a tag: *n bytes follow the *head ones. */
static bool read_length(struct slice in, size_t *head, size_t *n)
{
	const uint8_t *p = (const uint8_t *)in.p;
	size_t         more;

	if (in.n < 2)
		return false;
	*head = 2;
	*n = p[1];
	if (p[1] < 0x80)
		return true;
	more = p[1] & 0x7f;
	if (more == 0 || more > 4 || in.n - 2 < more)
		return false;
	*n = 0;
	for (size_t i = 0; i < more; i++)
		*n = *n << 8 | p[2 + i];
	*head += more;
	return true;
}

/* The first element of *in, which moves behind it. */
static bool der_take(struct slice *in, struct der *ret)
{
	size_t head, n;

	if (!read_length(*in, &head, &n) || n > in->n - head)
		return false;
	ret->tag = (uint8_t)in->p[0];
	if ((ret->tag & 0x1f) == 0x1f)
		return false;		/* a tag of several bytes */
	ret->whole = slice_of(in->p, head + n);
	ret->body = slice_of(in->p + head, n);
	*in = slice_skip(*in, head + n);
	return true;
}

static bool der_expect(struct slice *in, unsigned tag, struct der *ret)
{
	return der_take(in, ret) && ret->tag == tag;
}

static bool der_skip_if(struct slice *in, unsigned tag)
{
	struct der ignored;

	return in->n == 0 || (uint8_t)in->p[0] != tag ||
	    der_take(in, &ignored);
}

/* ---- times -------------------------------------------------------------- */

/* Days since 1970 of a date in the Gregorian calendar. */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
	int64_t era, of_era, of_year;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	of_era = y - era * 400;
	of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - 719468;
}

static bool two_digits(struct slice *s, int64_t *ret)
{
	if (s->n < 2 || s->p[0] < '0' || s->p[0] > '9' || s->p[1] < '0' ||
	    s->p[1] > '9')
		return false;
	*ret = (s->p[0] - '0') * 10 + s->p[1] - '0';
	*s = slice_skip(*s, 2);
	return true;
}

/* YYMMDDhhmmssZ or YYYYMMDDhhmmssZ, as certificates have to write it. */
static bool read_time(const struct der *e, int64_t *ret)
{
	struct slice s = e->body;
	int64_t      v[6], year;
	int64_t      century = -1;

	if (e->tag != DER_UTC_TIME && e->tag != DER_TIME)
		return false;
	if (e->tag == DER_TIME && !two_digits(&s, &century))
		return false;
	for (size_t i = 0; i < N_OF(v); i++)
		if (!two_digits(&s, &v[i]))
			return false;
	if (century < 0)
		century = v[0] < 50 ? 20 : 19;
	year = century * 100 + v[0];
	if (!slice_eq(s, SLICE("Z")) || v[1] < 1 || v[1] > 12)
		return false;
	*ret = days_of(year, v[1], v[2]) * 86400 + v[3] * 3600 + v[4] * 60 +
	    v[5];
	return true;
}

static bool read_validity(struct slice in, struct tls_peer *p)
{
	struct der from, to;

	return der_take(&in, &from) && der_take(&in, &to) &&
	    read_time(&from, &p->not_before_s) &&
	    read_time(&to, &p->not_after_s);
}

/* ---- extensions --------------------------------------------------------- */

static bool read_extension(struct slice in, struct tls_peer *p)
{
	struct der   oid, value, names;

	if (!der_expect(&in, DER_OID, &oid) ||
	    !der_skip_if(&in, DER_BOOLEAN) ||
	    !der_expect(&in, DER_OCTETS, &value))
		return false;
	if (!slice_eq(oid.body, SLICE("\x55\x1d\x11")))
		return true;
	if (p->names.p != NULL ||	/* whom would a second one name? */
	    !der_expect(&value.body, DER_SEQUENCE, &names))
		return false;
	p->names = names.body;
	while (names.body.n > 0)
		if (!der_take(&names.body, &value))
			return false;
	return true;
}

static bool read_extensions(struct slice in, struct tls_peer *p)
{
	struct der list, one;

	if (!der_expect(&in, DER_SEQUENCE, &list))
		return false;
	while (list.body.n > 0)
		if (!der_expect(&list.body, DER_SEQUENCE, &one) ||
		    !read_extension(one.body, p))
			return false;
	return true;
}

/* What follows the key: unique identifiers, which nobody has, and extensions. */
static bool read_rest(struct slice in, struct tls_peer *p)
{
	struct der e;

	while (in.n > 0) {
		if (!der_take(&in, &e))
			return false;
		if (e.tag == DER_EXTENSIONS && !read_extensions(e.body, p))
			return false;
	}
	return true;
}

/* ---- the certificate ---------------------------------------------------- */

static bool read_certificate(struct slice in, struct tls_peer *p)
{
	struct der cert, tbs, e, subject, spki;

	if (!der_expect(&in, DER_SEQUENCE, &cert) ||
	    !der_expect(&cert.body, DER_SEQUENCE, &tbs))
		return false;
	in = tbs.body;
	if (!der_skip_if(&in, DER_VERSION) ||
	    !der_expect(&in, DER_INTEGER, &e) ||	/* serial number */
	    !der_expect(&in, DER_SEQUENCE, &e) ||	/* algorithm */
	    !der_expect(&in, DER_SEQUENCE, &e) ||	/* issuer */
	    !der_expect(&in, DER_SEQUENCE, &e) || !read_validity(e.body, p) ||
	    !der_expect(&in, DER_SEQUENCE, &subject) ||
	    !der_expect(&in, DER_SEQUENCE, &spki))
		return false;
	p->subject = subject.whole;
	p->spki = spki.whole;
	return tls_subject_is_valid(p->subject) && read_rest(in, p);
}

struct tls_peer *tls_peer_create(const struct slice *certs, size_t n)
{
	struct tls_peer *p;
	size_t           bytes = sizeof *p;
	char            *to;

	if (n == 0 || n > TLS_CHAIN_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (__builtin_add_overflow(bytes, certs[i].n, &bytes))
			return NULL;
	p = malloc(bytes);
	if (p == NULL)
		return NULL;
	*p = (struct tls_peer){ .n_certs = n };
	to = (char *)(p + 1);
	for (size_t i = 0; i < n; i++) {
		if (certs[i].n > 0)
			memcpy(to, certs[i].p, certs[i].n);
		p->certs[i] = slice_of(to, certs[i].n);
		to += certs[i].n;
	}
	if (read_certificate(p->certs[0], p))
		return p;
	free(p);
	return NULL;
}

void tls_peer_destroy(struct tls_peer *p)
{
	free(p);
}

/* ---- alternative names -------------------------------------------------- */

bool tls_peer_next_name(const struct tls_peer *p, enum tls_name_kind kind,
    size_t *at, struct slice *ret)
{
	struct slice in = slice_skip(p->names, *at);
	struct der   e;

	while (in.n > 0 && der_take(&in, &e)) {
		*at = p->names.n - in.n;
		if (e.tag != (0x80u | (unsigned)kind))
			continue;
		*ret = e.body;
		return true;
	}
	return false;
}

/* "*.example.org" for exactly one label in the place of the star. */
static bool pattern_matches(struct slice pattern, struct slice name)
{
	const char *dot;

	if (pattern.n > 0 && pattern.p[pattern.n - 1] == '.')
		pattern.n--;
	if (pattern.n < 3 || !slice_has_prefix(pattern, SLICE("*.")))
		return pattern.n > 0 && slice_eq_nocase(pattern, name);
	dot = memchr(name.p, '.', name.n);
	return dot != NULL && dot != name.p &&
	    slice_eq_nocase(slice_skip(pattern, 1),
	    slice_skip(name, (size_t)(dot - name.p)));
}

/* The 4 or 16 bytes of an address in text; 0: it is none. */
static size_t address_of(struct slice name, uint8_t to[16])
{
	char text[INET6_ADDRSTRLEN];

	if (name.n == 0 || name.n >= sizeof text)
		return 0;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	if (inet_pton(AF_INET, text, to) == 1)
		return 4;
	return inet_pton(AF_INET6, text, to) == 1 ? 16 : 0;
}

bool tls_peer_serves(const struct tls_peer *p, struct slice name)
{
	uint8_t      address[16];
	size_t       n = address_of(name, address), at = 0;
	struct slice one;

	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	if (name.n == 0)
		return false;
	while (n > 0 && tls_peer_next_name(p, TLS_NAME_IP, &at, &one))
		if (slice_eq(one, slice_of((const char *)address, n)))
			return true;
	while (n == 0 && tls_peer_next_name(p, TLS_NAME_DNS, &at, &one))
		if (pattern_matches(one, name))
			return true;
	return false;
}

/* ---- subjects ----------------------------------------------------------- */

static void put_rune(struct buf *out, uint32_t r)
{
	if (r < 0x80) {
		buf_put_char(out, (char)r);
	} else if (r < 0x800) {
		buf_put_char(out, (char)(0xc0 | r >> 6));
		buf_put_char(out, (char)(0x80 | (r & 0x3f)));
	} else {
		buf_put_char(out, (char)(0xe0 | r >> 12));
		buf_put_char(out, (char)(0x80 | (r >> 6 & 0x3f)));
		buf_put_char(out, (char)(0x80 | (r & 0x3f)));
	}
}

/* Two bytes a character; what is outside the basic plane has no place in it. */
static bool recode_bmp(struct slice s, struct buf *out)
{
	const uint8_t *p = (const uint8_t *)s.p;

	if (s.n % 2 != 0)
		return false;
	for (size_t i = 0; i < s.n; i += 2)
		put_rune(out, (uint32_t)p[i] << 8 | p[i + 1]);
	return !buf_failed(out);
}

static bool read_value(const struct der *e, struct buf *scratch,
    struct tls_attribute *a)
{
	a->is_text = true;
	a->value = e->body;
	switch (e->tag) {
	case DER_UTF8: case DER_PRINTABLE: case DER_IA5: case DER_NUMERIC:
	case DER_T61:
		return true;
	case DER_BMP:
		buf_reset(scratch);
		if (!recode_bmp(e->body, scratch))
			return false;
		a->value = buf_slice(scratch);
		return true;
	default:
		a->is_text = false;
		a->value = e->whole;
		return true;
	}
}

/* Sets stand only in the Name and sequences only in a set, so the next tag
 * tells where we are. */
bool tls_subject_next(struct slice subject, size_t *at, struct buf *scratch,
    struct tls_attribute *ret)
{
	size_t       head, n;
	struct slice in;
	struct der   attribute, oid, value;

	if (!read_length(subject, &head, &n) || *at > subject.n)
		return false;
	if (*at == 0)
		*at = head;
	ret->begins_rdn = false;
	in = slice_skip(subject, *at);
	while (in.n > 0 && (uint8_t)in.p[0] == DER_SET) {
		if (!read_length(in, &head, &n) || n > in.n - head)
			return false;
		in = slice_skip(in, head);
		ret->begins_rdn = true;
	}
	if (!der_expect(&in, DER_SEQUENCE, &attribute) ||
	    !der_expect(&attribute.body, DER_OID, &oid) ||
	    !der_take(&attribute.body, &value) || attribute.body.n > 0)
		return false;
	ret->oid = oid.body;
	*at = subject.n - in.n;
	return read_value(&value, scratch, ret);
}

static bool is_rdn_valid(struct slice in)
{
	struct der attribute, oid, value;

	while (in.n > 0)
		if (!der_expect(&in, DER_SEQUENCE, &attribute) ||
		    !der_expect(&attribute.body, DER_OID, &oid) ||
		    oid.body.n == 0 || !der_take(&attribute.body, &value) ||
		    attribute.body.n > 0 ||
		    (value.tag == DER_BMP && value.body.n % 2 != 0))
			return false;
	return true;
}

bool tls_subject_is_valid(struct slice subject)
{
	struct der name, rdn;

	if (!der_expect(&subject, DER_SEQUENCE, &name) || subject.n > 0)
		return false;
	while (name.body.n > 0)
		if (!der_expect(&name.body, DER_SET, &rdn) ||
		    rdn.body.n == 0 || !is_rdn_valid(rdn.body))
			return false;
	return true;
}

/* ---- as Go prints it ---------------------------------------------------- */

#define DC_OID "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"

/* The fields of Go's pkix.Name in the order it writes them, which is reversed
 * when printed.  A field that holds one value only keeps the last. */
static const struct {
	struct slice oid;
	const char  *name;
	bool         is_single, is_printed;
} fields[] = {
	{ { "\x55\x04\x05", 3 }, "SERIALNUMBER", true, true },
	{ { "\x55\x04\x03", 3 }, "CN", true, true },
	{ { "\x55\x04\x11", 3 }, "POSTALCODE", false, true },
	{ { "\x55\x04\x09", 3 }, "STREET", false, true },
	{ { "\x55\x04\x08", 3 }, "ST", false, true },
	{ { "\x55\x04\x07", 3 }, "L", false, true },
	{ { "\x55\x04\x0b", 3 }, "OU", false, true },
	{ { "\x55\x04\x0a", 3 }, "O", false, true },
	{ { "\x55\x04\x06", 3 }, "C", false, true },
	{ { DC_OID, 10 }, "DC", false, false },
};

const char *tls_attribute_short_name(struct slice oid)
{
	for (size_t i = 0; i < N_OF(fields); i++)
		if (slice_eq(fields[i].oid, oid))
			return fields[i].name;
	return NULL;
}

void tls_put_oid(struct buf *out, struct slice oid)
{
	uint64_t arc = 0;
	bool     is_first = true;

	for (size_t i = 0; i < oid.n; i++) {
		uint8_t c = (uint8_t)oid.p[i];

		arc = arc << 7 | (c & 0x7f);
		if (c & 0x80)
			continue;
		if (is_first) {
			uint64_t top = arc < 40 ? 0 : arc < 80 ? 1 : 2;

			buf_put_u64(out, top);
			arc -= top * 40;
		}
		buf_put_char(out, '.');
		buf_put_u64(out, arc);
		arc = 0;
		is_first = false;
	}
}

static void put_escaped(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((c != '\0' && strchr(",+\"\\<>;", c) != NULL) ||
		    (c == ' ' && (i == 0 || i + 1 == s.n)) ||
		    (c == '#' && i == 0))
			buf_put_char(out, '\\');
		buf_put_char(out, c);
	}
}

static void put_value(struct buf *out, size_t from, const char *name,
    char joint, struct slice value)
{
	if (out->n > from)
		buf_put_char(out, joint);
	buf_printf(out, "%s=", name);
	put_escaped(out, value);
}

/* All values of one field are one relative name, joined by a plus. */
static void put_field(const struct tls_peer *p, size_t f, size_t from,
    struct buf *out)
{
	struct buf           scratch = { 0 }, last = { 0 };
	struct tls_attribute a;
	size_t               at = 0, n = 0;

	while (tls_subject_next(p->subject, &at, &scratch, &a)) {
		if (!a.is_text || !slice_eq(a.oid, fields[f].oid))
			continue;
		if (fields[f].is_single) {
			buf_reset(&last);
			buf_put_slice(&last, a.value);
			n = a.value.n > 0;
			continue;
		}
		put_value(out, from, fields[f].name, n++ == 0 ? ',' : '+',
		    a.value);
	}
	if (fields[f].is_single && n > 0)
		put_value(out, from, fields[f].name, ',', buf_slice(&last));
	buf_fini(&scratch);
	buf_fini(&last);
}

/* Go's notion of a PrintableString. */
static bool is_printable(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i], low = (char)(c | 32);

		if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr(" '()+,-./:=?", c) == NULL))
			return false;
	}
	return true;
}

static void put_der_length(struct buf *out, size_t n)
{
	char   bytes[8];
	size_t at = sizeof bytes;

	if (n < 0x80) {
		buf_put_char(out, (char)n);
		return;
	}
	for (; n > 0; n >>= 8)
		bytes[--at] = (char)(n & 0xff);
	buf_put_char(out, (char)(0x80 | (sizeof bytes - at)));
	buf_put(out, bytes + at, sizeof bytes - at);
}

/* The value is encoded anew, and may be of another string type then. */
static void put_unnamed(struct buf *out, size_t from,
    const struct tls_attribute *a)
{
	struct buf der = { 0 };

	if (a->is_text) {
		buf_put_char(&der, is_printable(a->value) ? DER_PRINTABLE
		    : DER_UTF8);
		put_der_length(&der, a->value.n);
	}
	buf_put_slice(&der, a->value);
	if (out->n > from)
		buf_put_char(out, ',');
	tls_put_oid(out, a->oid);
	buf_put_str(out, "=#");
	text_put_hex(out, der.p, der.n);
	buf_fini(&der);
}

static bool has_field(struct slice oid)
{
	for (size_t i = 0; i < N_OF(fields); i++)
		if (fields[i].is_printed && slice_eq(fields[i].oid, oid))
			return true;
	return false;
}

enum { UNNAMED_MAX = 32 };	/* shown of a subject */

/* The last first. */
static void put_all_unnamed(const struct tls_peer *p, size_t from,
    struct buf *out)
{
	struct buf           scratch = { 0 };
	struct tls_attribute a;
	size_t               places[UNNAMED_MAX], n = 0, at = 0, before = 0;

	while (n < UNNAMED_MAX &&
	    tls_subject_next(p->subject, &at, &scratch, &a)) {
		if (!has_field(a.oid))
			places[n++] = before;
		before = at;
	}
	while (n-- > 0) {
		at = places[n];
		if (tls_subject_next(p->subject, &at, &scratch, &a))
			put_unnamed(out, from, &a);
	}
	buf_fini(&scratch);
}

void tls_peer_put_subject(const struct tls_peer *p, bool is_full,
    struct buf *out)
{
	size_t from = out->n;

	for (size_t f = 0; f < N_OF(fields); f++)
		if (fields[f].is_printed)
			put_field(p, f, from, out);
	if (is_full)
		put_all_unnamed(p, from, out);
}
