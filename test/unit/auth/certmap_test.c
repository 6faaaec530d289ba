/* test/unit/auth/certmap_test.c - pairs with src/auth/certmap.c.
 *
 * A name in text is compared with the subject it was made from, and with what is
 * nearly that: one more attribute, one less, one twice.  None of these may be
 * taken for it. */
#include "auth/certmap.h"

#include "base/buf.h"
#include "base/tls_peer.h"
#include "check.h"

/* ---- subjects ------------------------------------------------------------ */

static void element(struct buf *out, unsigned tag, struct slice body)
{
	buf_put_char(out, (char)tag);
	buf_put_char(out, (char)body.n);
	CHECK(body.n < 0x80);
	buf_put_slice(out, body);
}

static void wrap(struct buf *b, unsigned tag)
{
	struct buf out = { 0 };

	element(&out, tag, buf_slice(b));
	buf_fini(b);
	*b = out;
}

static struct slice oid_of(struct slice type)
{
	static const struct { const char *name; struct slice oid; } t[] = {
		{ "CN", { "\x55\x04\x03", 3 } }, { "O", { "\x55\x04\x0a", 3 } },
		{ "OU", { "\x55\x04\x0b", 3 } }, { "C", { "\x55\x04\x06", 3 } },
		{ "UID", { "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", 10 } },
		{ "DC", { "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 10 } },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		if (slice_eq(type, slice_str(t[i].name)))
			return t[i].oid;
	fail();
	return SLICE_NONE;
}

/* From the least specific on, as certificates have it. */
static struct tls_peer make(const char *text, struct buf *name)
{
	struct buf rdn = { 0 };

	while (*text != '\0') {
		size_t     n = strcspn(text, "="), v = strcspn(text, ",+");
		struct buf a = { 0 };

		element(&a, 0x06, oid_of(slice_of(text, n)));
		element(&a, 0x0c, slice_of(text + n + 1, v - n - 1));
		wrap(&a, 0x30);
		buf_put_slice(&rdn, buf_slice(&a));
		buf_fini(&a);
		text += v;
		if (*text != '+') {
			wrap(&rdn, 0x31);
			buf_put_slice(name, buf_slice(&rdn));
			buf_fini(&rdn);
		}
		text += *text != '\0';
	}
	wrap(name, 0x30);
	return (struct tls_peer){ .n_certs = 1, .subject = buf_slice(name),
		.names = SLICE("") };
}

enum same { DIFFERENT, REORDERED, EQUAL };

static enum same compare(const char *text, const char *subject)
{
	struct buf      name = { 0 };
	struct tls_peer p = make(subject, &name);
	struct dn      *a = dn_parse(slice_str(text)), *b = dn_of_peer(&p);
	enum same       same = DIFFERENT;

	if (a != NULL && b != NULL)
		same = dn_eq(a, b, false) ? EQUAL : dn_eq(a, b, true)
		    ? REORDERED : DIFFERENT;
	dn_destroy(a);
	dn_destroy(b);
	buf_fini(&name);
	return same;
}

TEST(a_name_is_compared_whole)
{
	static const struct { const char *text, *subject; enum same same; } t[] = {
		{ "CN=bob,O=Acme", "O=Acme,CN=bob", EQUAL },
		{ "cn=bob, o=Acme", "O=Acme,CN=bob", EQUAL },
		{ "2.5.4.3=bob,O=Acme", "O=Acme,CN=bob", EQUAL },
		{ " CN = bob , O = Acme ", "O=Acme,CN=bob", EQUAL },
		{ "O=Acme,CN=bob", "O=Acme,CN=bob", REORDERED },
		{ "CN=Bob,O=Acme", "O=Acme,CN=bob", DIFFERENT },
		{ "CN=bob", "O=Acme,CN=bob", DIFFERENT },
		{ "CN=bob,O=Acme", "CN=bob", DIFFERENT },
		{ "CN=bob,O=Acme", "O=Acme,CN=bob,CN=bob", DIFFERENT },
		{ "CN=bob,CN=ann", "CN=bob,CN=bob", DIFFERENT },
		{ "CN=bob,CN=bob", "CN=ann,CN=bob", DIFFERENT },
		{ "CN=bob,O=Acme,DC=x,DC=y", "DC=y,DC=x,O=Acme,CN=bob", EQUAL },
		{ "CN=bob,O=Acme,DC=y,DC=x", "DC=y,DC=x,O=Acme,CN=bob",
		  REORDERED },
		{ "CN=bob,0.9.2342.19200300.100.1.25=x", "DC=x,CN=bob", EQUAL },
		{ "CN=bob", "UID=m,CN=bob", DIFFERENT },
		{ "CN=bob,0.9.2342.19200300.100.1.1=m", "UID=m,CN=bob", EQUAL },
		{ "CN=bob+OU=a,O=x", "O=x,OU=a+CN=bob", EQUAL },
		{ "CN=bob,OU=a,O=x", "O=x,OU=a+CN=bob", DIFFERENT },
		{ "CN=bob+OU=a+OU=a,O=x", "O=x,OU=a+CN=bob+CN=bob", DIFFERENT },
		{ "CN=a\\,b", "CN=a", DIFFERENT },
		{ "CN=a\\2cO\\3db", "CN=a", DIFFERENT },
		{ "CN=b\\6Fb", "CN=bob", EQUAL },
		{ "CN=bob\\ ", "CN=bob", DIFFERENT },
		{ "CN=bob\\ ", "CN=bob ", EQUAL },
		{ "CN=bob ", "CN=bob ", DIFFERENT },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_INT(compare(t[i].text, t[i].subject), t[i].same,
		    "%s and %s", t[i].text, t[i].subject);
}

TEST(what_is_no_name_is_not_taken_for_one)
{
	static const char *const t[] = {
		"", " ", "bob", "CN", "=", "=bob", "CN=a,", "CN=a+", ",CN=a",
		"CN=a,,O=b", "CN=a\\", "CN=a\\4", "CN=a\\zz", "CN=#04024869",
		"CN=a=b", "C N=a", "bob@acme.org",
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK(dn_parse(slice_str(t[i])) == NULL, "\"%s\"", t[i]);
}

TEST(an_attribute_that_is_no_text_is_nobody)
{
	static const char der[] = "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03"
	    "\x04\x02hi";
	struct tls_peer p = { .n_certs = 1,
		.subject = slice_of(der, sizeof der - 1) };

	CHECK(tls_subject_is_valid(p.subject));
	CHECK(dn_of_peer(&p) == NULL);
}

TEST(an_empty_subject_is_nobody)
{
	struct tls_peer p = { .n_certs = 1, .subject = SLICE("\x30\x00") };

	CHECK(tls_subject_is_valid(p.subject));
	CHECK(dn_of_peer(&p) == NULL);
}

/* ---- candidates ----------------------------------------------------------- */

struct heard {
	struct buf  text;
	const char *user;	/* found at this; NULL: never */
};

static bool hear(void *ctx, enum certmap_how how, struct slice name)
{
	struct heard *h = ctx;

	if (how == CERTMAP_NAME)
		buf_put_slice(&h->text, name);
	else
		buf_put_str(&h->text, how == CERTMAP_DN ? "<dn>" : "<any>");
	buf_put_char(&h->text, ' ');
	return h->user != NULL && how == CERTMAP_NAME &&
	    slice_eq(name, slice_str(h->user));
}

static void check_heard(const char *subject, struct slice names,
    const char *user, const char *want)
{
	struct buf      b = { 0 };
	struct tls_peer p = make(subject, &b);
	struct heard    h = { .user = user };

	p.names = names;
	CHECK_INT(certmap_visit(&p, hear, &h), user != NULL);
	CHECK(slice_eq(buf_slice(&h.text), slice_str(want)), "%s: %.*s",
	    subject, SLICE_ARG(buf_slice(&h.text)));
	buf_fini(&h.text);
	buf_fini(&b);
}

TEST(candidates_come_in_order_until_one_is_a_user)
{
	static const struct slice names = { "\x86\x03x:y\x82\x01q\x81\x03u@v"
	    "\x81\x03w@v\x82\x00", 19 };

	check_heard("O=Acme,CN=bob", names, NULL,
	    "u@v w@v q x:y <dn> <any> CN=bob,O=Acme ");
	check_heard("O=Acme,CN=bob", names, "w@v", "u@v w@v ");
	check_heard("O=Acme,CN=bob", names, "q", "u@v w@v q ");
	check_heard("O=Acme,CN=bob", SLICE(""), "CN=bob,O=Acme",
	    "<dn> <any> CN=bob,O=Acme ");
}

TEST(gos_spelling_counts_only_where_it_is_whole)
{
	check_heard("C=US,OU=a,OU=b,CN=bob", SLICE(""), NULL,
	    "<dn> <any> CN=bob,OU=a+OU=b,C=US ");
	check_heard("DC=com,DC=ex,CN=bob", SLICE(""), NULL,
	    "<dn> <any> CN=bob,DC=ex,DC=com ");
	check_heard("CN=bob,UID=m", SLICE(""), NULL, "<dn> <any> ");
	check_heard("CN=ann,CN=bob", SLICE(""), NULL, "<dn> <any> ");
}
