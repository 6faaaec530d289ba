/* auth/certmap.c - which user does a certificate name?
 *
 * Both sides of a comparison are brought into one form: a list of attributes,
 * each with its type ("CN", or numbers with dots), its value in UTF-8 and the
 * number of the relative name it belongs to.  From the certificate that list
 * comes reversed, since it begins with the country.
 */
#include "auth/certmap.h"

#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/tls_peer.h"

enum { ATTRIBUTES_MAX = 64, DN_BYTES_MAX = 4096 };

struct attribute {
	size_t   type, type_n;	/* places in bytes */
	size_t   value, value_n;
	unsigned rdn;
};

struct dn {
	struct attribute v[ATTRIBUTES_MAX];
	size_t           n;
	unsigned         n_rdns;
	struct buf       bytes;
};

void dn_destroy(struct dn *dn)
{
	if (dn == NULL)
		return;
	buf_fini(&dn->bytes);
	free(dn);
}

static struct slice type_of(const struct dn *dn, const struct attribute *a)
{
	return slice_of(dn->bytes.p + a->type, a->type_n);
}

static struct slice value_of(const struct dn *dn, const struct attribute *a)
{
	return slice_of(dn->bytes.p + a->value, a->value_n);
}

/* ---- from text ----------------------------------------------------------- */

struct reader {
	const char *p, *end;
	struct dn  *dn;
};

static bool is_type_char(char c)
{
	char low = (char)(c | 32);

	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
	    c == '.' || c == '-';
}

static void skip_blanks(struct reader *r)
{
	while (r->p < r->end && *r->p == ' ')
		r->p++;
}

/* The short name, in its own case, for either spelling. */
static void put_type(struct buf *out, struct slice type)
{
	static const char dc[] = "0.9.2342.19200300.100.1.25";
	static const struct { const char *number, *name; } known[] = {
		{ "2.5.4.3", "CN" }, { "2.5.4.5", "SERIALNUMBER" },
		{ "2.5.4.6", "C" }, { "2.5.4.7", "L" }, { "2.5.4.8", "ST" },
		{ "2.5.4.9", "STREET" }, { "2.5.4.10", "O" },
		{ "2.5.4.11", "OU" }, { "2.5.4.17", "POSTALCODE" },
		{ dc, "DC" },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (slice_eq(type, slice_str(known[i].number)) ||
		    slice_eq_nocase(type, slice_str(known[i].name))) {
			buf_put_str(out, known[i].name);
			return;
		}
	buf_put_slice(out, type);
}

static bool read_type(struct reader *r, struct attribute *a)
{
	const char *from;

	skip_blanks(r);
	from = r->p;
	while (r->p < r->end && is_type_char(*r->p))
		r->p++;
	a->type = r->dn->bytes.n;
	put_type(&r->dn->bytes, slice_of(from, (size_t)(r->p - from)));
	a->type_n = r->dn->bytes.n - a->type;
	skip_blanks(r);
	return a->type_n > 0 && r->p < r->end && *r->p++ == '=';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 32) >= 'a' && (c | 32) <= 'f')
		return (c | 32) - 'a' + 10;
	return -1;
}

/* Behind a backslash: a character that needed one, or two hex digits. */
static bool read_escaped(struct reader *r)
{
	int high, low;

	if (r->p == r->end)
		return false;
	if (*r->p != '\0' && strchr(" \"#+,;<=>\\", *r->p) != NULL) {
		buf_put_char(&r->dn->bytes, *r->p++);
		return true;
	}
	if (r->end - r->p < 2)
		return false;
	high = hex_digit(r->p[0]);
	low = hex_digit(r->p[1]);
	r->p += 2;
	if (high < 0 || low < 0)
		return false;
	buf_put_char(&r->dn->bytes, (char)(high << 4 | low));
	return true;
}

/* Up to a comma or plus; blanks that are not escaped do not count at its ends.
 * "#" begins a value that is no text, which nobody is called. */
static bool read_value(struct reader *r, struct attribute *a)
{
	struct buf *out = &r->dn->bytes;
	size_t      end = out->n;

	skip_blanks(r);
	a->value = out->n;
	if (r->p < r->end && *r->p == '#')
		return false;
	while (r->p < r->end && *r->p != ',' && *r->p != '+') {
		char c = *r->p++;

		if (c == '\\') {
			if (!read_escaped(r))
				return false;
			end = out->n;
			continue;
		}
		if (c == '=')
			return false;	/* what was meant is not clear */
		buf_put_char(out, c);
		if (c != ' ')
			end = out->n;
	}
	a->value_n = end - a->value;
	return true;
}

static bool read_dn(struct reader *r)
{
	struct dn *dn = r->dn;

	for (;;) {
		struct attribute *a = &dn->v[dn->n];

		if (dn->n == ATTRIBUTES_MAX || !read_type(r, a) ||
		    !read_value(r, a))
			return false;
		a->rdn = dn->n_rdns;
		dn->n++;
		if (r->p == r->end)
			break;
		if (*r->p++ == ',')
			dn->n_rdns++;
	}
	dn->n_rdns++;
	return !buf_failed(&dn->bytes);
}

struct dn *dn_parse(struct slice text)
{
	struct dn    *dn = calloc(1, sizeof *dn);
	struct reader r = { text.p, text.p + text.n, dn };

	if (dn == NULL || text.n == 0 || text.n > DN_BYTES_MAX ||
	    !read_dn(&r)) {
		dn_destroy(dn);
		return NULL;
	}
	return dn;
}

/* ---- from a certificate --------------------------------------------------- */

static bool add_attribute(struct dn *dn, const struct tls_attribute *from)
{
	struct attribute *a = &dn->v[dn->n];
	const char       *name = tls_attribute_short_name(from->oid);

	if (dn->n == ATTRIBUTES_MAX || !from->is_text)
		return false;
	a->type = dn->bytes.n;
	if (name != NULL)
		buf_put_str(&dn->bytes, name);
	else
		tls_put_oid(&dn->bytes, from->oid);
	a->type_n = dn->bytes.n - a->type;
	a->value = dn->bytes.n;
	buf_put_slice(&dn->bytes, from->value);
	a->value_n = from->value.n;
	dn->n_rdns += from->begins_rdn;
	a->rdn = dn->n_rdns - 1;
	dn->n++;
	return true;
}

/* Numbered from the most specific, as text is. */
static void reverse(struct dn *dn)
{
	for (size_t i = 0; i < dn->n; i++)
		dn->v[i].rdn = dn->n_rdns - 1 - dn->v[i].rdn;
}

struct dn *dn_of_peer(const struct tls_peer *p)
{
	struct dn           *dn = calloc(1, sizeof *dn);
	struct buf           scratch = { 0 };
	struct tls_attribute a;
	size_t               at = 0;
	bool                 ok = dn != NULL;

	while (ok && tls_subject_next(p->subject, &at, &scratch, &a))
		ok = add_attribute(dn, &a);
	buf_fini(&scratch);
	if (!ok || dn->n == 0 || buf_failed(&dn->bytes)) {
		dn_destroy(dn);
		return NULL;
	}
	reverse(dn);
	return dn;
}

/* ---- comparing ------------------------------------------------------------ */

static bool attribute_eq(const struct dn *a, const struct attribute *x,
    const struct dn *b, const struct attribute *y)
{
	return slice_eq_nocase(type_of(a, x), type_of(b, y)) &&
	    slice_eq(value_of(a, x), value_of(b, y));
}

/* How often x is in relative name rdn of dn. */
static size_t count_in(const struct dn *of, const struct attribute *x,
    const struct dn *dn, unsigned rdn)
{
	size_t n = 0;

	for (size_t i = 0; i < dn->n; i++)
		n += dn->v[i].rdn == rdn &&
		    attribute_eq(of, x, dn, &dn->v[i]);
	return n;
}

static size_t size_of(const struct dn *dn, unsigned rdn)
{
	size_t n = 0;

	for (size_t i = 0; i < dn->n; i++)
		n += dn->v[i].rdn == rdn;
	return n;
}

/* The same attributes, each as often. */
static bool rdn_eq(const struct dn *a, unsigned i, const struct dn *b,
    unsigned k)
{
	if (size_of(a, i) != size_of(b, k))
		return false;
	for (size_t x = 0; x < a->n; x++)
		if (a->v[x].rdn == i && count_in(a, &a->v[x], a, i) !=
		    count_in(a, &a->v[x], b, k))
			return false;
	return true;
}

static bool eq_in_order(const struct dn *a, const struct dn *b)
{
	for (unsigned i = 0; i < a->n_rdns; i++)
		if (!rdn_eq(a, i, b, i))
			return false;
	return true;
}

/* Each of b's is used up by one of a's, so that two equal ones need two. */
static bool eq_in_any_order(const struct dn *a, const struct dn *b)
{
	bool is_used[ATTRIBUTES_MAX] = { false };

	for (unsigned i = 0; i < a->n_rdns; i++) {
		unsigned k = 0;

		while (k < b->n_rdns && (is_used[k] || !rdn_eq(a, i, b, k)))
			k++;
		if (k == b->n_rdns)
			return false;
		is_used[k] = true;
	}
	return true;
}

bool dn_eq(const struct dn *a, const struct dn *b, bool in_any_order)
{
	if (a->n != b->n || a->n_rdns != b->n_rdns)
		return false;
	return in_any_order ? eq_in_any_order(a, b) : eq_in_order(a, b);
}

/* ---- candidates ----------------------------------------------------------- */

struct visitor {
	bool (*visit)(void *ctx, enum certmap_how how, struct slice name);
	void  *ctx;
};

static bool visit_names(const struct tls_peer *p, enum tls_name_kind kind,
    const struct visitor *v)
{
	struct slice name;
	size_t       at = 0;

	while (tls_peer_next_name(p, kind, &at, &name))
		if (name.n > 0 && v->visit(v->ctx, CERTMAP_NAME, name))
			return true;
	return false;
}

static bool is_type(const struct dn *dn, const struct attribute *a,
    const char *type)
{
	return slice_eq(type_of(dn, a), slice_str(type));
}

/* Go keeps one CN and one serial number, and names by number not at all. */
static bool go_says_all(const struct dn *dn)
{
	size_t n_cn = 0, n_serial = 0;

	for (size_t i = 0; i < dn->n; i++) {
		struct slice type = type_of(dn, &dn->v[i]);

		n_cn += is_type(dn, &dn->v[i], "CN");
		n_serial += is_type(dn, &dn->v[i], "SERIALNUMBER");
		if (type.n == 0 || (type.p[0] >= '0' && type.p[0] <= '9'))
			return false;
	}
	return n_cn <= 1 && n_serial <= 1;
}

/* Domain components stand behind it, the most specific first. */
static void put_domain(const struct dn *dn, struct buf *out)
{
	for (unsigned rdn = 0; rdn < dn->n_rdns; rdn++)
		for (size_t i = 0; i < dn->n; i++) {
			struct slice value = value_of(dn, &dn->v[i]);

			if (dn->v[i].rdn == rdn && is_type(dn, &dn->v[i], "DC"))
				buf_printf(out, "%sDC=%.*s",
				    out->n > 0 ? "," : "", SLICE_ARG(value));
		}
}

static bool visit_go_spelling(const struct tls_peer *p,
    const struct visitor *v)
{
	struct dn *dn = dn_of_peer(p);
	struct buf text = { 0 };
	bool       found = false;

	if (dn != NULL && go_says_all(dn)) {
		tls_peer_put_subject(p, false, &text);
		put_domain(dn, &text);
		found = text.n > 0 && !buf_failed(&text) &&
		    v->visit(v->ctx, CERTMAP_NAME, buf_slice(&text));
	}
	buf_fini(&text);
	dn_destroy(dn);
	return found;
}

bool certmap_visit(const struct tls_peer *p, bool (*visit)(void *ctx,
    enum certmap_how how, struct slice name), void *ctx)
{
	const struct visitor v = { visit, ctx };

	return visit_names(p, TLS_NAME_EMAIL, &v) ||
	    visit_names(p, TLS_NAME_DNS, &v) ||
	    visit_names(p, TLS_NAME_URI, &v) ||
	    visit(ctx, CERTMAP_DN, SLICE_NONE) ||
	    visit(ctx, CERTMAP_DN_ANY_ORDER, SLICE_NONE) ||
	    visit_go_spelling(p, &v);
}
