/* test/compat/jwt/judge.c - what mote thinks of tokens that others made.
 *
 * Reads the cases that main.go prints (fields parted by tabs) and says "pass
 * NAME" or "fail NAME WHY" for each; then prints tokens and boxes of its own for
 * main.go to check.  test/compat/jwt/run brings the two together. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/jwt_verify.h"
#include "auth/jwt_write.h"
#include "auth/xkey.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

enum { FIELDS_MAX = 16, WHY_MAX = 1024 };

struct fields {
	struct slice f[FIELDS_MAX];
	size_t       n;
};

static char why[WHY_MAX];

static bool fail(const char *text, struct slice detail)
{
	snprintf(why, sizeof why, "%s %.*s", text, SLICE_ARG(detail));
	return false;
}

static struct jwt *decode(struct slice token)
{
	struct jwt *t = NULL;
	const char *problem = "";

	if (jwt_decode(token, &t, &problem) != 0)
		fail("does not decode:", slice_str(problem));
	return t;
}

static const char *const verdict_names[] = {
#define X(name, text) #name,
	JWT_VERDICTS(X)
#undef X
};

/* login NAME WANT NONCE SIG OPERATOR ACCOUNT USER */
static bool judge_login(const struct fields *c)
{
	static const uint8_t addr[4] = { 10, 1, 2, 3 };
	struct jwt          *o = decode(c->f[5]), *a = decode(c->f[6]);
	struct jwt          *u = decode(c->f[7]);
	const struct jwt    *operators[] = { o };
	struct jwt_trust     trust = { operators, 1, NULL, 0 };
	struct jwt_login     l = { .nonce = c->f[3], .sig = c->f[4], .addr = addr,
		.n_addr = 4, .connection = JWT_STANDARD, .now_ns = clock_wall_ns() };
	struct jwt_rights    r = { 0 };
	struct permissions  *p = NULL;
	const char          *got = "undecoded";
	struct buf           text = { 0 };
	bool                 ok;

	if (o != NULL && a != NULL && u != NULL)
		got = verdict_names[jwt_check_login(u, a, &trust, &l, &r)];
	ok = slice_eq(c->f[2], slice_str(got)) || fail("got", slice_str(got));
	if (ok && r.is_limited) {
		p = permissions_create(&r.permissions);
		permissions_to_json(p, &text);
		if (slice_eq(c->f[1], SLICE("scoped")))
			ok = memmem(text.p, text.n, "\"shop.bob.1\",\"shop.bob.2\"", 25) !=
			    NULL || fail("rights are", buf_slice(&text));
	}
	permissions_unref(p);
	buf_fini(&text);
	jwt_rights_fini(&r);
	jwt_unref(o);
	jwt_unref(a);
	jwt_unref(u);
	return ok;
}

/* activation NAME WANT IMPORTER EXPORTER */
static bool judge_activation(const struct fields *c)
{
	struct jwt *im = decode(c->f[3]), *ex = decode(c->f[4]);
	const char *problem = "";
	int64_t     expires;
	bool        opens = im != NULL && ex != NULL &&
	    jwt_check_activation(im, im->account.imports, ex, ex->account.exports,
	    clock_wall_ns(), &expires, &problem);

	jwt_unref(im);
	jwt_unref(ex);
	return slice_eq(c->f[2], SLICE("opens")) == opens ||
	    fail(opens ? "opens" : "closed:", slice_str(problem));
}

struct issues {
	const struct fields *c;
	size_t               n;
	bool                 ok;
};

static void compare_issue(void *ctx, const struct jwt_issue *issue)
{
	struct issues *x = ctx;
	struct buf     b = { 0 };

	buf_printf(&b, "%s %s %.*s", issue->is_blocking ? "true" : "false",
	    issue->is_time_check ? "true" : "false", SLICE_ARG(issue->description));
	if (x->n + 3 >= x->c->n || !slice_eq(buf_slice(&b), x->c->f[x->n + 3]))
		x->ok = fail("said:", buf_slice(&b));
	x->n++;
	buf_fini(&b);
}

/* issues NAME TOKEN ISSUE... */
static bool judge_issues(const struct fields *c)
{
	struct jwt   *t = decode(c->f[2]);
	struct issues x = { c, 0, true };

	if (t == NULL)
		return false;
	jwt_validate(t, clock_wall_ns(), compare_issue, &x);
	jwt_unref(t);
	if (x.ok && x.n + 3 != c->n)
		return fail("did not say:", c->f[x.n + 3]);
	return x.ok;
}

static struct buf unbase64(struct slice text)
{
	struct buf b = { 0 };
	char      *p = buf_reserve(&b, text.n + 1);
	size_t     n = 0;

	if (p == NULL || sodium_base642bin((unsigned char *)p, text.n + 1, text.p,
	    text.n, NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		abort();
	buf_added(&b, n);
	return b;
}

/* creds NAME FILE TOKEN SEED */
static bool judge_creds(const struct fields *c)
{
	struct buf file = unbase64(c->f[2]);
	bool       ok = slice_eq(jwt_find_in_text(buf_slice(&file)), c->f[3]) &&
	    slice_eq(jwt_find_seed_in_text(buf_slice(&file)), c->f[4]);

	buf_fini(&file);
	return ok || fail("token or seed not found", SLICE_NONE);
}

static void curve(int fill, uint8_t secret[NKEY_BYTES], struct nkey *key)
{
	memset(secret, fill, NKEY_BYTES);
	*key = (struct nkey){ .is_set = true, .kind = NKEY_CURVE };
	crypto_scalarmult_base(key->bytes, secret);
	nkey_put_public(NKEY_CURVE, key->bytes, key->text);
}

/* box NAME FROM BOX PLAIN */
static bool judge_box(const struct fields *c)
{
	struct buf  box = unbase64(c->f[3]), plain = unbase64(c->f[4]), out = { 0 };
	struct nkey from = { 0 }, own;
	uint8_t     secret[NKEY_BYTES];
	bool        ok;

	curve(2, secret, &own);
	ok = nkey_parse(c->f[2], &from) &&
	    xkey_open(secret, &from, buf_slice(&box), &out) &&
	    slice_eq(buf_slice(&out), buf_slice(&plain));
	buf_fini(&box);
	buf_fini(&plain);
	buf_fini(&out);
	return ok || fail("does not open", SLICE_NONE);
}

static void judge(const struct fields *c)
{
	static const struct {
		const char *verb;
		size_t      n_min;
		bool      (*judge)(const struct fields *);
	} verbs[] = {
		{ "login", 8, judge_login },   { "activation", 5, judge_activation },
		{ "issues", 3, judge_issues }, { "creds", 5, judge_creds },
		{ "box", 5, judge_box },
	};

	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		if (!slice_eq(c->f[0], slice_str(verbs[i].verb)) || c->n < verbs[i].n_min)
			continue;
		if (verbs[i].judge(c))
			printf("pass %.*s\n", SLICE_ARG(c->f[1]));
		else
			printf("fail %.*s %s\n", SLICE_ARG(c->f[1]), why);
		return;
	}
	printf("fail unknown_case %.*s\n", SLICE_ARG(c->f[0]));
}

static struct fields split(struct slice line)
{
	struct fields c = { .n = 0 };

	while (c.n < FIELDS_MAX) {
		const char *tab = line.n == 0 ? NULL : memchr(line.p, '\t', line.n);

		c.f[c.n] = line;
		if (tab == NULL) {
			c.n++;
			break;
		}
		c.f[c.n].n = (size_t)(tab - line.p);
		line = slice_skip(line, c.f[c.n].n + 1);
		c.n++;
	}
	return c;
}

/* ---- our own -------------------------------------------------------------------- */

static void print_token(const char *name, int by, enum nkey_kind kind, int sub,
    enum nkey_kind sub_kind, struct slice audience, struct slice nats)
{
	uint8_t           seed[NKEY_BYTES], secret[NKEY_SECRET_BYTES], other[NKEY_SECRET_BYTES];
	struct nkey       issuer, subject;
	struct jwt_signer signer;
	struct jwt_head   h = { .audience = audience, .name = SLICE("name <&>"),
		.issued_s = clock_wall_ns() / NS_PER_S,
		.expires_s = clock_wall_ns() / NS_PER_S + 60 };
	struct buf        token = { 0 };

	memset(seed, by, sizeof seed);
	nkey_from_seed(kind, seed, &issuer, secret);
	memset(seed, sub, sizeof seed);
	nkey_from_seed(sub_kind, seed, &subject, other);
	h.subject = nkey_text(&subject);
	signer = (struct jwt_signer){ kind, issuer.bytes, secret };
	if (!jwt_sign(&h, nats, &signer, &token))
		abort();
	printf("token\t%s\t%.*s\n", name, SLICE_ARG(buf_slice(&token)));
	buf_fini(&token);
}

static void print_request(void)
{
	struct slice       tags[] = { SLICE("a"), SLICE("b") }, certs[] = { SLICE("PEM") };
	struct jwt_callout c = { .server_name = SLICE("srv"), .server_tags = tags,
		.n_server_tags = 2, .client_id = 7, .client_kind = SLICE("Client"),
		.user_nkey = SLICE("UCATS5YOVB6ROX2WUNKGNQ2MP3GMXDMKSG2O4N5CLX3A6W4PZGZZJPJO"),
		.pass = SLICE("p\"<>&w"), .protocol = 1, .has_tls = true, .certs = certs,
		.n_certs = 1, .is_verified = true };
	struct buf         nats = { 0 };

	jwt_put_callout(&c, &nats);
	print_token("our_request", 1, NKEY_SERVER, 2, NKEY_ACCOUNT,
	    SLICE("nats-authorization-request"), buf_slice(&nats));
	buf_fini(&nats);
}

static void print_box(const char *name, struct slice plain)
{
	struct nkey from, to;
	uint8_t     secret[NKEY_BYTES], other[NKEY_BYTES];
	struct buf  box = { 0 }, out = { 0 };

	curve(1, secret, &from);
	curve(2, other, &to);
	if (!xkey_seal(secret, &to, plain, &box))
		abort();
	buf_printf(&out, "box\t%s\t%s\t", name, from.text);
	text_put_base64(&out, box.p, box.n);
	buf_put_char(&out, '\t');
	text_put_base64(&out, plain.p, plain.n);
	printf("%.*s\n", SLICE_ARG(buf_slice(&out)));
	buf_fini(&box);
	buf_fini(&out);
}

int main(void)
{
	char   *line = NULL;
	size_t  cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		struct fields c = split(slice_of(line, (size_t)n - (line[n - 1] == '\n')));

		judge(&c);
	}
	free(line);
	print_token("our_operator", 1, NKEY_OPERATOR, 1, NKEY_OPERATOR, SLICE_NONE,
	    SLICE("{\"type\":\"operator\",\"version\":2}"));
	print_token("our_account", 1, NKEY_OPERATOR, 2, NKEY_ACCOUNT, SLICE_NONE,
	    SLICE("{\"type\":\"account\",\"version\":2,\"limits\":{\"imports\":-1,\"exports\":-1}}"));
	print_token("our_user", 2, NKEY_ACCOUNT, 3, NKEY_USER, SLICE_NONE,
	    SLICE("{\"type\":\"user\",\"version\":2,\"subs\":-1}"));
	print_token("our_activation", 2, NKEY_ACCOUNT, 4, NKEY_ACCOUNT, SLICE_NONE,
	    SLICE("{\"type\":\"activation\",\"version\":2,\"subject\":\"a.>\",\"kind\":\"stream\"}"));
	print_request();
	print_box("our_box", SLICE("hello"));
	print_box("our_empty_box", SLICE_NONE);
	return 0;
}
