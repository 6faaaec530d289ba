/* test/unit/base/tls_peer_test.c - pairs with src/base/tls_peer.c.
 *
 * Certificates are put together here, byte by byte, so that each can be wrong in
 * one place; nothing is signed, and nothing has to be.  The names are checked
 * against what Go 1.26 prints for them. */
#include "base/tls_peer.h"

#include "base/buf.h"
#include "check.h"

/* ---- building ----------------------------------------------------------- */

static void element(struct buf *out, unsigned tag, struct slice body)
{
	buf_put_char(out, (char)tag);
	if (body.n < 0x80) {
		buf_put_char(out, (char)body.n);
	} else {
		buf_put_char(out, (char)0x82);
		buf_put_char(out, (char)(body.n >> 8));
		buf_put_char(out, (char)body.n);
	}
	buf_put_slice(out, body);
}

/* Puts what was built since into an element. */
static void wrap(struct buf *b, unsigned tag)
{
	struct buf out = { 0 };

	element(&out, tag, buf_slice(b));
	buf_fini(b);
	*b = out;
}

/* "CN=bob", a comma for the next relative name, a plus for the same one; from
 * the least specific on. */
static void put_subject(struct buf *out, const char *text)
{
	static const struct { const char *name; struct slice oid; } types[] = {
		{ "CN", { "\x55\x04\x03", 3 } }, { "O", { "\x55\x04\x0a", 3 } },
		{ "OU", { "\x55\x04\x0b", 3 } }, { "C", { "\x55\x04\x06", 3 } },
		{ "SN", { "\x55\x04\x05", 3 } }, { "T", { "\x55\x04\x0c", 3 } },
		{ "DC", { "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 10 } },
	};
	struct buf name = { 0 }, rdn = { 0 };

	while (*text != '\0') {
		size_t     n = strcspn(text, "="), v = strcspn(text, ",+");
		struct buf a = { 0 };

		for (size_t i = 0; i < N_OF(types); i++)
			if (slice_eq(slice_of(text, n), slice_str(types[i].name)))
				element(&a, 0x06, types[i].oid);
		element(&a, 0x0c, slice_of(text + n + 1, v - n - 1));
		wrap(&a, 0x30);
		buf_put_slice(&rdn, buf_slice(&a));
		buf_fini(&a);
		text += v;
		if (*text != '+') {
			wrap(&rdn, 0x31);
			buf_put_slice(&name, buf_slice(&rdn));
			buf_fini(&rdn);
		}
		text += *text != '\0';
	}
	wrap(&name, 0x30);
	buf_put_slice(out, buf_slice(&name));
	buf_fini(&name);
}

static void put_names(struct buf *out, struct slice names)
{
	struct buf b = { 0 }, ext = { 0 };

	element(&b, 0x30, names);
	element(&ext, 0x06, SLICE("\x55\x1d\x11"));
	element(&ext, 0x04, buf_slice(&b));
	wrap(&ext, 0x30);
	wrap(&ext, 0x30);
	element(out, 0xa3, buf_slice(&ext));
	buf_fini(&b);
	buf_fini(&ext);
}

static void build(struct buf *out, const char *subject, struct slice names)
{
	static const char validity[] = "\x17\x0d" "700101000001Z"
	    "\x18\x0f" "20500301000000Z";

	element(out, 0xa0, SLICE("\x02\x01\x02"));
	element(out, 0x02, SLICE("\x01"));
	element(out, 0x30, SLICE(""));
	element(out, 0x30, SLICE(""));
	element(out, 0x30, slice_of(validity, sizeof validity - 1));
	put_subject(out, subject);
	element(out, 0x30, SLICE("key"));
	put_names(out, names);
	wrap(out, 0x30);
	wrap(out, 0x30);
}

static struct tls_peer *peer(const char *subject, struct slice names)
{
	struct buf       b = { 0 };
	struct slice     der;
	struct tls_peer *p;

	build(&b, subject, names);
	der = buf_slice(&b);
	p = tls_peer_create(&der, 1);
	buf_fini(&b);
	return p;
}

#define NAMES SLICE("\x82\x05" "a.org" "\x81\x05" "b@org" "\x82\x07" "*.c.org" \
    "\x86\x03" "x:y" "\x87\x04" "\x7f\x00\x00\x01")

/* ---- reading ------------------------------------------------------------ */

TEST(a_certificate_tells_its_times_and_keys)
{
	struct tls_peer *p = peer("CN=x", SLICE(""));

	CHECK(p != NULL);
	CHECK_INT(p->not_before_s, 1);
	CHECK_INT(p->not_after_s, 2529705600);	/* 2050-03-01 */
	CHECK(slice_eq(p->spki, SLICE("\x30\x03" "key")));
	CHECK_INT(p->n_certs, 1);
	tls_peer_destroy(p);
}

TEST(names_are_found_by_kind_and_in_order)
{
	struct tls_peer *p = peer("CN=x", NAMES);
	struct slice     name;
	size_t           at = 0;

	CHECK(tls_peer_next_name(p, TLS_NAME_DNS, &at, &name));
	CHECK(slice_eq(name, SLICE("a.org")));
	CHECK(tls_peer_next_name(p, TLS_NAME_DNS, &at, &name));
	CHECK(slice_eq(name, SLICE("*.c.org")));
	CHECK(!tls_peer_next_name(p, TLS_NAME_DNS, &at, &name));
	at = 0;
	CHECK(tls_peer_next_name(p, TLS_NAME_EMAIL, &at, &name));
	CHECK(slice_eq(name, SLICE("b@org")));
	at = 0;
	CHECK(tls_peer_next_name(p, TLS_NAME_URI, &at, &name));
	CHECK(slice_eq(name, SLICE("x:y")));
	tls_peer_destroy(p);
}

TEST(a_server_is_known_by_its_names_only)
{
	static const struct { const char *name; bool serves; } t[] = {
		{ "a.org", true }, { "A.ORG", true }, { "a.org.", true },
		{ "x.a.org", false }, { "org", false }, { "", false },
		{ "q.c.org", true }, { ".c.org", false }, { "c.org", false },
		{ "r.q.c.org", false }, { "*.c.org", true },
		{ "127.0.0.1", true }, { "127.0.0.2", false },
		{ "::ffff:127.0.0.1", false }, { "x", false /* the CN */ },
		{ "b@org", false }, { "x:y", false },
	};
	struct tls_peer *p = peer("CN=x", NAMES);

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_INT(tls_peer_serves(p, slice_str(t[i].name)),
		    t[i].serves, "%s", t[i].name);
	tls_peer_destroy(p);
}

TEST(subjects_are_printed_as_go_prints_them)
{
	static const struct { const char *subject, *brief, *full; } t[] = {
		{ "C=US,O=Acme,OU=a,OU=b,CN=bob",
		  "CN=bob,OU=a+OU=b,O=Acme,C=US", NULL },
		{ "DC=com,DC=ex@mple,O=A,CN=bob", "CN=bob,O=A",
		  "CN=bob,O=A,0.9.2342.19200300.100.1.25=#0c076578406d706c65,"
		  "0.9.2342.19200300.100.1.25=#1303636f6d" },
		{ "CN=eins,CN=zwei,SN=12,O= lead,O=#x",
		  "SERIALNUMBER=12,CN=zwei,O=\\ lead+O=\\#x", NULL },
		{ "CN=a+O=b,C=US", "CN=a,O=b,C=US", NULL },
		{ "T=Dr,O=q\"<>;\\", "O=q\\\"\\<\\>\\;\\\\",
		  "O=q\\\"\\<\\>\\;\\\\,2.5.4.12=#13024472" },
		{ "T=x", "", "2.5.4.12=#130178" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct tls_peer *p = peer(t[i].subject, SLICE(""));
		struct buf       b = { 0 };

		tls_peer_put_subject(p, false, &b);
		CHECK(slice_eq(buf_slice(&b), slice_str(t[i].brief)),
		    "%s: %.*s", t[i].subject, SLICE_ARG(buf_slice(&b)));
		buf_reset(&b);
		tls_peer_put_subject(p, true, &b);
		CHECK(slice_eq(buf_slice(&b), slice_str(t[i].full == NULL
		    ? t[i].brief : t[i].full)), "%s: %.*s", t[i].subject,
		    SLICE_ARG(buf_slice(&b)));
		buf_fini(&b);
		tls_peer_destroy(p);
	}
}

/* ---- what is wrong ------------------------------------------------------- */

TEST(what_is_cut_short_is_no_certificate)
{
	struct buf b = { 0 };

	build(&b, "C=US,O=Acme,CN=bob", NAMES);
	for (size_t n = 0; n < b.n; n++) {
		struct slice der = slice_of(b.p, n);

		CHECK(tls_peer_create(&der, 1) == NULL, "%zu bytes", n);
	}
	buf_fini(&b);
}

/* Whatever a byte is changed to, it is refused or read within its bounds (the
 * sanitizers see to that). */
TEST(what_is_damaged_anywhere_is_survived)
{
	struct buf b = { 0 };
	size_t     n_read = 0;

	build(&b, "C=US,O=Acme,CN=bob", NAMES);
	for (size_t at = 0; at < b.n; at++)
		for (unsigned c = 0; c < 256; c++) {
			char             was = b.p[at];
			struct slice     der = buf_slice(&b);
			struct tls_peer *p;
			struct buf       out = { 0 };

			b.p[at] = (char)c;
			p = tls_peer_create(&der, 1);
			if (p != NULL) {
				tls_peer_put_subject(p, true, &out);
				tls_peer_serves(p, SLICE("q.c.org"));
				n_read++;
			}
			tls_peer_destroy(p);
			buf_fini(&out);
			b.p[at] = was;
		}
	CHECK(n_read > 0);
	buf_fini(&b);
}

TEST(too_many_certificates_are_refused)
{
	struct slice none[TLS_CHAIN_MAX + 1] = { { NULL, 0 } };

	CHECK(tls_peer_create(none, 0) == NULL);
	CHECK(tls_peer_create(none, TLS_CHAIN_MAX + 1) == NULL);
}
