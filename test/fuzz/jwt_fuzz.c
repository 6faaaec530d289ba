/* jwt_fuzz.c - claims that somebody with a key may well have signed.
 *
 * Input: a token as it is; or, after a first byte that picks who signs, claims
 * that are wrapped and signed here, for a fuzzer would never guess a signature.
 * Of what decodes, everything is asked: issues, a login, an activation, an
 * answer.  Holds: a token that is let in is a user's; its rights make
 * permissions; nothing is read outside of its memory. */
#include <stdlib.h>

#include "auth/jwt_verify.h"
#include "base/buf.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_NS INT64_C(1795219679000000000)

enum { N_WHO = 4 };
static struct nkey    keys[N_WHO];
static uint8_t        secrets[N_WHO][NKEY_SECRET_BYTES];
static struct jwt    *account;

static struct buf signed_by(int who, struct slice claims)
{
	struct slice header = SLICE("{\"typ\":\"JWT\",\"alg\":\"ed25519-nkey\"}");
	struct buf   b = { 0 };
	uint8_t      sig[NKEY_SIG_BYTES];

	text_put_base64url(&b, header.p, header.n);
	buf_put_char(&b, '.');
	text_put_base64url(&b, claims.p, claims.n);
	nkey_sign(secrets[who], buf_slice(&b), sig);
	buf_put_char(&b, '.');
	text_put_base64url(&b, sig, sizeof sig);
	return b;
}

static void make_account(void)
{
	struct buf  claims = { 0 }, token;
	const char *why;

	buf_printf(&claims, "{\"iat\":1,\"iss\":\"%s\",\"sub\":\"%s\",\"nats\":{\"type\":\"account\","
	    "\"version\":2,\"tags\":[\"a:b\"],\"exports\":[{\"subject\":\"a.>\",\"type\":\"stream\"}],"
	    "\"signing_keys\":[{\"kind\":\"user_scope\",\"key\":\"%s\",\"template\":{\"pub\":{"
	    "\"allow\":[\"{{tag(t)}}.{{name()}}.{{account-tag(a)}}\"],\"deny\":[\"{{tag(d)}}\"]}}}]}}",
	    keys[0].text, keys[1].text, keys[3].text);
	token = signed_by(0, buf_slice(&claims));
	if (jwt_decode(buf_slice(&token), &account, &why) != 0)
		abort();
	buf_fini(&claims);
	buf_fini(&token);
}

static void make_people(void)
{
	static const enum nkey_kind kinds[N_WHO] = { NKEY_OPERATOR, NKEY_ACCOUNT,
		NKEY_USER, NKEY_ACCOUNT };

	for (int i = 0; i < N_WHO; i++) {
		uint8_t seed[NKEY_BYTES];

		memset(seed, i + 1, sizeof seed);
		nkey_from_seed(kinds[i], seed, &keys[i], secrets[i]);
	}
	make_account();
}

static void ask_rights(struct jwt_rights *r)
{
	struct permissions *p = permissions_create(&r->permissions);

	if (p == NULL || r->token->kind != JWT_USER)
		abort();
	permissions_unref(p);
	jwt_rights_fini(r);
}

static void ask_login(const struct jwt *t)
{
	static const uint8_t addr[4] = { 10, 0, 0, 1 };
	struct jwt_trust     trust = { .keys = keys, .n_keys = 1 };
	struct jwt_login     l = { .addr = addr, .n_addr = 4,
		.connection = JWT_STANDARD, .now_ns = NOW_NS };
	struct jwt_rights    r;

	if (jwt_check_login(t, account, &trust, &l, &r) == JWT_OK) {
		if (!r.is_bearer)
			abort();	/* nothing was signed */
		ask_rights(&r);
	}
	l.callout_user = &t->subject;
	if (jwt_check_login(t, account, &trust, &l, &r) == JWT_OK)
		ask_rights(&r);
	if (jwt_check_placed(t, &keys[1], &l, &r) == JWT_OK)
		ask_rights(&r);
}

static void ask_imports(const struct jwt *t)
{
	const char *why;
	int64_t     expires;

	for (size_t i = 0; i < t->account.n_imports && i < 8; i++)
		jwt_check_activation(t, &t->account.imports[i], account,
		    account->account.exports, NOW_NS, &expires, &why);
}

static void count(void *ctx, const struct jwt_issue *issue)
{
	size_t *n = ctx;

	*n += issue->description.n > 0;
}

static void ask(const struct jwt *t)
{
	struct jwt_expected e = { .user = &t->subject, .server = &keys[0],
		.account = account };
	struct jwt_rights   r;
	const char         *why;
	size_t              n = 0;
	bool                ok = jwt_validate(t, NOW_NS, count, &n);

	if (ok != jwt_validate(t, NOW_NS, NULL, NULL) || (!ok && n == 0))
		abort();
	ask_login(t);
	jwt_check_response(t, &e, NOW_NS, &why);
	if (t->kind != JWT_ACCOUNT)
		return;
	ask_imports(t);
	jwt_signing_key(t, &keys[3]);
	jwt_is_revoked(&t->account.revocations, nkey_text(&keys[2]), 1);
	if (jwt_default_permissions(t, &r))
		jwt_rights_fini(&r);
}

static void try_token(struct slice token)
{
	struct jwt *t = NULL;
	const char *why = NULL;

	if (jwt_decode(token, &t, &why) != 0) {
		if (t != NULL || why == NULL || strlen(why) > 1024)
			abort();
		return;
	}
	ask(t);
	jwt_unref(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_of((const char *)data, size);
	struct buf   token;

	if (account == NULL)
		make_people();
	try_token(s);
	try_token(jwt_find_in_text(s));
	jwt_find_seed_in_text(s);
	if (size == 0)
		return 0;
	token = signed_by(data[0] % N_WHO, slice_skip(s, 1));
	try_token(buf_slice(&token));
	buf_fini(&token);
	return 0;
}
