/* jwt_verify_test.c - one sound chain, then each way to spoil it: a table of
 * what is changed and the verdict that must come of it.
 * Spec: core protocol 4.5, 4.7; advisories by their number. */
#include "auth/jwt_verify.h"

#include <unistd.h>

#include "base/clock.h"
#include "fail_alloc.h"
#include "tokens.h"

static struct who op, op2, op_signer, acc, acc2, user, user2, signer, scoped, server;

__attribute__((constructor)) static void make_people(void)
{
	op = who(NKEY_OPERATOR, 1);
	op2 = who(NKEY_OPERATOR, 2);
	op_signer = who(NKEY_OPERATOR, 3);
	acc = who(NKEY_ACCOUNT, 4);
	acc2 = who(NKEY_ACCOUNT, 5);
	user = who(NKEY_USER, 6);
	user2 = who(NKEY_USER, 7);
	signer = who(NKEY_ACCOUNT, 8);
	scoped = who(NKEY_ACCOUNT, 9);
	server = who(NKEY_SERVER, 10);
}

#define NONCE "ZmFzdGVuY29kZQx"

/* What a login is made of; zero or NULL is what is right. */
struct chain {
	const struct who *account_by, *user_by, *signed_by;
	const char       *account;	/* more members of its claims */
	const char       *user;		/* of the user's */
	const char       *operator;
	int64_t           user_exp, account_exp, user_nbf, now_ns, user_iat;
	const char       *nonce, *sig, *addr;
	unsigned          connection;
	bool              is_proxied;
	const struct nkey *callout_user;
};

static const char *sign_nonce(const struct who *by, const char *nonce)
{
	uint8_t    sig[NKEY_SIG_BYTES];
	struct buf b = { 0 };

	nkey_sign(by->secret, slice_str(nonce), sig);
	text_put_base64url(&b, sig, sizeof sig);
	return token_keep(&b);
}

static const char *claims_of_kind(const char *type, const char *more)
{
	return text_of("{\"type\":\"%s\",\"version\":2%s%s}", type,
	    more == NULL ? "" : ",", more == NULL ? "" : more);
}

static struct jwt *account_of_chain(const struct chain *c)
{
	struct jwt_head h = { .subject = nkey_text(&acc.key), .issued_s = TOKEN_IAT,
		.expires_s = c->account_exp, .name = SLICE("shop") };

	return decoded(token_with(c->account_by != NULL ? c->account_by : &op, &h,
	    claims_of_kind("account", c->account != NULL ? c->account :
	    "\"limits\":{\"subs\":-1,\"data\":-1,\"payload\":-1}")));
}

static struct jwt *user_of_chain(const struct chain *c)
{
	struct jwt_head h = { .subject = nkey_text(&user.key), .name = SLICE("bob"),
		.issued_s = c->user_iat != 0 ? c->user_iat : TOKEN_IAT,
		.expires_s = c->user_exp, .not_before_s = c->user_nbf };

	return decoded(token_with(c->user_by != NULL ? c->user_by : &acc, &h,
	    claims_of_kind("user", c->user)));
}

static struct jwt_login login_of_chain(const struct chain *c, uint8_t addr[16])
{
	const char      *nonce = c->nonce != NULL ? c->nonce : NONCE;
	struct jwt_login l = {
		.nonce = SLICE(NONCE),
		.sig = slice_str(c->sig != NULL ? c->sig :
		    sign_nonce(c->signed_by != NULL ? c->signed_by : &user, nonce)),
		.addr = addr, .n_addr = 4,
		.connection = c->connection != 0 ? c->connection : JWT_STANDARD,
		.is_proxied = c->is_proxied,
		.now_ns = c->now_ns != 0 ? c->now_ns : TOKEN_NOW_NS,
		.callout_user = c->callout_user,
	};

	memcpy(addr, "\x0a\x01\x02\x03", 4);
	return l;
}

static enum jwt_verdict verdict(const struct chain *c, struct jwt_rights *r)
{
	uint8_t           addr[16];
	struct jwt       *o = decoded(token(&op, &op, claims_of_kind("operator", c->operator)));
	struct jwt       *a = account_of_chain(c), *u = user_of_chain(c);
	const struct jwt *operators[] = { o };
	struct jwt_trust  trust = { operators, 1, &op2.key, 1 };
	struct jwt_login  l = login_of_chain(c, addr);
	enum jwt_verdict  v = jwt_check_login(u, a, &trust, &l, r);

	jwt_unref(u);		/* the rights hold their own */
	jwt_unref(a);
	jwt_unref(o);
	if (v != JWT_OK)
		CHECK(r->token == NULL && !r->user.is_set);
	return v;
}

static void expect(struct chain c, enum jwt_verdict want, const char *why)
{
	struct jwt_rights r;
	enum jwt_verdict  got = verdict(&c, &r);

	CHECK_STR(jwt_verdict_text(got), jwt_verdict_text(want), "%s", why);
	jwt_rights_fini(&r);
}
#define EXPECT(want, why, ...) expect((struct chain){ __VA_ARGS__ }, JWT_##want, why)

/* ---- the chain --------------------------------------------------------------- */

TEST(a_sound_chain_lets_in)
{
	struct chain      c = { .user = "\"subs\":5,\"payload\":-1,\"data\":-1" };
	struct jwt_rights r;

	CHECK_INT(verdict(&c, &r), JWT_OK);
	CHECK(nkey_eq(&r.user, &user.key) && nkey_eq(&r.account, &acc.key));
	CHECK(!r.signing_key.is_set && !r.is_bearer && !r.is_limited && r.uses_defaults);
	CHECK_SLICE(r.name, SLICE("bob"));
	CHECK(r.subs == 5 && r.payload == -1 && r.data == -1);
	CHECK_INT(r.expires_ns, INT64_MAX);
	CHECK_INT(r.issued_s, TOKEN_IAT);
	jwt_rights_fini(&r);
	CHECK(r.token == NULL);
	jwt_rights_fini(&r);
}

TEST(only_trusted_operators_make_accounts)
{
	const char *with_signer = text_of("\"signing_keys\":[\"%s\"]", op_signer.key.text);
	const char *strict = text_of("%s,\"strict_signing_key_usage\":true", with_signer);

	EXPECT(OK, "a bare key that is trusted", .account_by = &op2);
	EXPECT(NOT_TRUSTED, "no key of that operator", .account_by = &op_signer);
	EXPECT(OK, "its signing key", .account_by = &op_signer, .operator = with_signer);
	EXPECT(OK, "its own beside that", .operator = with_signer);
	EXPECT(NOT_TRUSTED, "its own, but it is strict", .operator = strict);
	EXPECT(OK, "the signing key of a strict one", .account_by = &op_signer,
	    .operator = strict);
	EXPECT(NOT_TRUSTED, "an account that signed itself", .account_by = &acc);
	EXPECT(NOT_TRUSTED, "one that another account signed", .account_by = &acc2);
}

TEST(only_the_account_makes_its_users)
{
	const char *with = text_of("\"signing_keys\":[\"%s\"]", signer.key.text);
	const char *named = text_of("\"issuer_account\":\"%s\"", acc.key.text);
	const char *elsewhere = text_of("\"issuer_account\":\"%s\"", acc2.key.text);

	EXPECT(OTHER_ACCOUNT, "another account", .user_by = &acc2);
	EXPECT(UNKNOWN_ISSUER, "a key that only claims to sign for it", .user_by = &signer,
	    .user = named);
	EXPECT(OK, "its signing key", .user_by = &signer, .user = named, .account = with);
	EXPECT(OTHER_ACCOUNT, "its signing key, which does not say so", .user_by = &signer,
	    .account = with);
	EXPECT(OTHER_ACCOUNT, "its key for another account", .user = elsewhere, .account = with);
	EXPECT(OK, "its own key that names it", .user = named);
}

TEST(kinds_are_not_mixed_up)
{
	struct jwt       *a = account_of_chain(&(struct chain){ 0 });
	struct jwt       *u = user_of_chain(&(struct chain){ 0 });
	struct jwt_trust  trust = { .keys = &op.key, .n_keys = 1 };
	uint8_t           addr[16];
	struct jwt_login  l = login_of_chain(&(struct chain){ 0 }, addr);
	struct jwt_rights r;

	CHECK_INT(jwt_check_login(u, a, &trust, &l, &r), JWT_OK);
	jwt_rights_fini(&r);
	CHECK_INT(jwt_check_login(a, a, &trust, &l, &r), JWT_NO_USER);
	CHECK_INT(jwt_check_login(u, u, &trust, &l, &r), JWT_NO_ACCOUNT);
	trust.n_keys = 0;
	CHECK_INT(jwt_check_login(u, a, &trust, &l, &r), JWT_NOT_TRUSTED, "nobody is trusted");
	jwt_unref(a);
	jwt_unref(u);
}

/* ---- time: CVE-2020-26892 -------------------------------------------------------- */

TEST(expired_and_revoked_users_stay_out)
{
	const char *revoked = text_of("\"limits\":{},\"revocations\":{\"%s\":%d}", user.key.text,
	    TOKEN_IAT);
	const char *everybody = text_of("\"revocations\":{\"*\":%d}", TOKEN_IAT);
	const char *another = text_of("\"revocations\":{\"%s\":%d}", user2.key.text, TOKEN_IAT + 9);

	EXPECT(NOT_NOW, "expired", .user_exp = TOKEN_IAT + 10);
	EXPECT(OK, "a second before", .user_exp = TOKEN_IAT + 11);
	EXPECT(NOT_NOW, "too early", .user_nbf = TOKEN_IAT + 11);
	EXPECT(OK, "from now on", .user_nbf = TOKEN_IAT + 10);
	EXPECT(ACCOUNT_EXPIRED, "the account has", .account_exp = TOKEN_IAT + 10);
	EXPECT(OK, "the account has not", .account_exp = TOKEN_IAT + 11);
	EXPECT(REVOKED, "issued when it was revoked", .account = revoked);
	EXPECT(OK, "issued after it was revoked", .account = revoked, .user_iat = TOKEN_IAT + 1);
	EXPECT(REVOKED, "all are", .account = everybody);
	EXPECT(OK, "all were", .account = everybody, .user_iat = TOKEN_IAT + 1);
	EXPECT(OK, "somebody else is", .account = another);
	EXPECT(REVOKED, "a token that does not say when it was issued", .account = everybody,
	    .user_iat = -1);
}

TEST(what_expires_first_ends_the_session)
{
	/* 2026-11-21 00:08 UTC */
	const char       *hours = "\"times\":[{\"start\":\"00:00:00\",\"end\":\"01:00:00\"},"
	    "{\"start\":\"23:00:00\",\"end\":\"02:00:00\"},{\"start\":\"05:00:00\","
	    "\"end\":\"06:00:00\"}],\"times_location\":\"UTC\"";
	int64_t           day = TOKEN_IAT / 86400 * 86400;
	struct chain      c = { .user = hours, .now_ns = (day + 600) * NS_PER_S };
	struct jwt_rights r;

	CHECK_INT(verdict(&c, &r), JWT_OK);
	CHECK_INT(r.expires_ns, (day + 7200) * NS_PER_S, "the later of two that are open");
	jwt_rights_fini(&r);
	c.user_exp = day + 3000;
	CHECK_INT(verdict(&c, &r), JWT_OK);
	CHECK_INT(r.expires_ns, (day + 3000) * NS_PER_S);
	jwt_rights_fini(&r);
}

TEST(hours_open_and_close)
{
#define HOURS(from, to, place) \
	"\"times\":[{\"start\":\"" from "\",\"end\":\"" to "\"}],\"times_location\":\"" place "\""
	static const struct { const char *why, *hours; int64_t at; enum jwt_verdict want; } t[] = {
		{ "inside",              HOURS("08:00:00", "10:00:00", "UTC"), 9 * 3600, JWT_OK },
		{ "before",              HOURS("08:00:00", "10:00:00", "UTC"), 7 * 3600, JWT_BAD_HOUR },
		{ "at its start",        HOURS("08:00:00", "10:00:00", "UTC"), 8 * 3600, JWT_BAD_HOUR },
		{ "at its end",          HOURS("08:00:00", "10:00:00", "UTC"), 10 * 3600, JWT_BAD_HOUR },
		{ "over midnight, late", HOURS("22:00:00", "06:00:00", "UTC"), 23 * 3600, JWT_OK },
		{ "over midnight, early", HOURS("22:00:00", "06:00:00", "UTC"), 5 * 3600, JWT_OK },
		{ "outside of that",     HOURS("22:00:00", "06:00:00", "UTC"), 12 * 3600, JWT_BAD_HOUR },
		{ "of no length",        HOURS("08:00:00", "08:00:00", "UTC"), 8 * 3600, JWT_BAD_HOUR },
		{ "unreadable",          HOURS("08:00", "10:00:00", "UTC"), 9 * 3600, JWT_BAD_CLAIMS },
		{ "nowhere",             HOURS("08:00:00", "10:00:00", "No/Where"), 9 * 3600, JWT_BAD_CLAIMS },
		{ "no path",             HOURS("08:00:00", "10:00:00", "../etc/passwd"), 9 * 3600, JWT_BAD_CLAIMS },
	};
	int64_t day = TOKEN_IAT / 86400 * 86400;

	for (size_t i = 0; i < N_OF(t); i++)
		expect((struct chain){ .user = t[i].hours, .now_ns = (day + t[i].at) * NS_PER_S },
		    t[i].want, t[i].why);
}

TEST(hours_are_those_of_their_place)
{
	int64_t day = TOKEN_IAT / 86400 * 86400;	/* in winter: Berlin is UTC+1 */

	if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0) {
		print_message("skipped: no zone files on this system\n");
		skip();
	}
	EXPECT(OK, "8:30 there", .user = HOURS("08:00:00", "09:00:00", "Europe/Berlin"),
	    .now_ns = (day + 7 * 3600 + 1800) * NS_PER_S);
	EXPECT(BAD_HOUR, "9:30 there", .user = HOURS("08:00:00", "09:00:00", "Europe/Berlin"),
	    .now_ns = (day + 8 * 3600 + 1800) * NS_PER_S);
	EXPECT(OK, "half past midnight of the next day there",
	    .user = HOURS("00:00:00", "01:00:00", "Europe/Berlin"),
	    .now_ns = (day + 23 * 3600 + 1800) * NS_PER_S);
}

/* ---- how it is used -------------------------------------------------------------- */

TEST(nonces_are_signed_unless_it_is_a_bearer)
{
	EXPECT(BAD_SIGNATURE, "somebody else signed", .signed_by = &user2);
	EXPECT(BAD_SIGNATURE, "another nonce was", .nonce = "another");
	EXPECT(NO_SIGNATURE, "nobody did", .sig = "");
	EXPECT(BAD_SIGNATURE, "no base64", .sig = "????");
	EXPECT(BAD_SIGNATURE, "too short", .sig = "AAAA");
	EXPECT(OK, "a bearer need not", .sig = "", .user = "\"bearer_token\":true");
	EXPECT(BEARER, "unless the account forbids it", .user = "\"bearer_token\":true",
	    .account = "\"limits\":{\"disallow_bearer\":true}");
}

TEST(connections_are_of_a_kind)
{
	EXPECT(OK, "one of them", .user = "\"allowed_connection_types\":[\"mqtt\",\"Standard\"]");
	EXPECT(CONNECTION_TYPE, "not this one", .user =
	    "\"allowed_connection_types\":[\"WEBSOCKET\"]");
	EXPECT(OK, "this one", .connection = JWT_WEBSOCKET, .user =
	    "\"allowed_connection_types\":[\"WEBSOCKET\",\"CARRIER_PIGEON\"]");
	EXPECT(CONNECTION_TYPE, "none that we know", .user =
	    "\"allowed_connection_types\":[\"CARRIER_PIGEON\"]");
	EXPECT(OK, "an empty list", .user = "\"allowed_connection_types\":[]");
	EXPECT(CONNECTION_TYPE, "in process is not standard", .connection = JWT_IN_PROCESS,
	    .user = "\"allowed_connection_types\":[\"STANDARD\"]");
}

TEST(sources_and_proxies_are_checked)
{
	EXPECT(OK, "in the net", .user = "\"src\":[\"192.168.0.0/16\",\"10.1.0.0/16\"]");
	EXPECT(BAD_SOURCE, "not in it", .user = "\"src\":[\"10.2.0.0/16\"]");
	EXPECT(BAD_CLAIMS, "no net", .user = "\"src\":[\"10.1.0.0/16\",\"10.1\"]");
	EXPECT(PROXY_REQUIRED, "without one", .user = "\"proxy_required\":true");
	EXPECT(OK, "with one", .user = "\"proxy_required\":true", .is_proxied = true);
}

/* ---- rights ------------------------------------------------------------------------ */

static bool has_rule(const struct permission_list *l, const char *subject, const char *queue)
{
	for (size_t i = 0; i < l->n; i++)
		if (slice_eq(l->rules[i].subject, slice_str(subject)) &&
		    slice_eq(l->rules[i].queue, slice_str(queue)))
			return true;
	return false;
}

TEST(a_users_own_permissions_win)
{
	struct chain c = { .user = "\"pub\":{\"deny\":[\"x\"]},\"sub\":{\"allow\":[\"a q\",\"b\"]},"
	    "\"resp\":{\"max\":3,\"ttl\":4}",
	    .account = "\"default_permissions\":{\"pub\":{\"allow\":[\"d\"]}}" };
	struct jwt_rights   r;
	struct permissions *p;

	CHECK_INT(verdict(&c, &r), JWT_OK);
	CHECK(r.is_limited && !r.uses_defaults);
	CHECK(!r.permissions.publish_allow.is_set);
	CHECK(has_rule(&r.permissions.publish_deny, "x", ""));
	CHECK(has_rule(&r.permissions.subscribe_allow, "a", "q"));
	CHECK(has_rule(&r.permissions.subscribe_allow, "b", ""));
	CHECK(r.permissions.allows_responses && r.permissions.responses_max == 3);
	p = permissions_create(&r.permissions);
	CHECK(p != NULL);
	permissions_unref(p);
	jwt_rights_fini(&r);
}

TEST(defaults_are_for_who_has_none)
{
	struct chain      c = { .account = "\"default_permissions\":{\"pub\":{\"allow\":[\"d\"]}}" };
	struct jwt_rights r;
	struct jwt       *a = account_of_chain(&c);

	CHECK_INT(verdict(&c, &r), JWT_OK);
	CHECK(r.is_limited && r.uses_defaults);
	CHECK(has_rule(&r.permissions.publish_allow, "d", ""));
	jwt_rights_fini(&r);
	CHECK(jwt_default_permissions(a, &r));
	CHECK(has_rule(&r.permissions.publish_allow, "d", ""));
	jwt_rights_fini(&r);
	jwt_unref(a);
}

TEST(an_empty_list_of_what_is_allowed)
{
	struct chain      c = { .user = "\"pub\":{\"allow\":[],\"deny\":[\"x\"]},"
	    "\"sub\":{\"allow\":[]}" };
	struct jwt_rights r;

	CHECK_INT(verdict(&c, &r), JWT_OK);
	CHECK(r.permissions.publish_allow.is_set, "nothing");
	CHECK(!r.permissions.subscribe_allow.is_set, "everything");
	jwt_rights_fini(&r);
}

TEST(the_lesser_limit_counts)
{
	static const struct { const char *account, *user; int64_t want; } t[] = {
		{ "-1", "-1", -1 }, { "5", "-1", 5 }, { "-1", "5", 5 }, { "5", "7", 5 },
		{ "7", "5", 5 },    { "0", "-1", 0 }, { "-1", "0", 0 }, { "-7", "-9", -1 },
	};
	struct jwt_rights r;

	for (size_t i = 0; i < N_OF(t); i++) {
		struct chain c = {
			.account = text_of("\"limits\":{\"subs\":%s,\"payload\":%s,\"data\":-1}",
			    t[i].account, t[i].account),
			.user = text_of("\"subs\":%s,\"payload\":%s", t[i].user, t[i].user) };

		CHECK_INT(verdict(&c, &r), JWT_OK);
		CHECK_INT(r.subs, t[i].want, "%zu", i);
		CHECK_INT(r.payload, t[i].want, "%zu", i);
		CHECK_INT(r.data, 0, "not stated is none at all");
		jwt_rights_fini(&r);
	}
}

/* ---- scopes --------------------------------------------------------------------------- */

static const char *scope(const char *template)
{
	return text_of("\"limits\":{\"subs\":-1,\"payload\":-1},\"tags\":[\"area:north\"],"
	    "\"default_permissions\":{\"pub\":{\"allow\":[\"d\"]}},\"signing_keys\":"
	    "[{\"kind\":\"user_scope\",\"key\":\"%s\",\"template\":{%s}}]", scoped.key.text,
	    template);
}

static struct chain scoped_chain(const char *template, const char *user_more)
{
	return (struct chain){ .user_by = &scoped, .account = scope(template),
		.user = text_of("\"issuer_account\":\"%s\"%s", acc.key.text, user_more) };
}

TEST(a_scopes_user_has_the_templates_rights)
{
	struct chain c = scoped_chain("\"pub\":{\"allow\":[\"{{name()}}.{{tag(t)}}\"],"
	    "\"deny\":[\"{{account-tag(area)}}.>\"]},\"sub\":{\"allow\":[\"in q\"]},\"subs\":9,"
	    "\"bearer_token\":true", ",\"tags\":[\"t:1\",\"t:2\"]");
	struct jwt_rights r;

	c.sig = "";
	CHECK_INT(verdict(&c, &r), JWT_OK);
	CHECK(nkey_eq(&r.signing_key, &scoped.key));
	CHECK_INT(r.permissions.publish_allow.n, 2);
	CHECK(has_rule(&r.permissions.publish_allow, "bob.1", ""));
	CHECK(has_rule(&r.permissions.publish_allow, "bob.2", ""));
	CHECK(has_rule(&r.permissions.publish_deny, "north.>", ""));
	CHECK(has_rule(&r.permissions.subscribe_allow, "in", "q"));
	CHECK(r.subs == 9 && r.payload == -1 && r.is_bearer);
	CHECK_INT(r.tags.n, 2);
	jwt_rights_fini(&r);
}

TEST(what_is_left_of_nothing_is_denied)
{
	struct chain c = scoped_chain("\"pub\":{\"allow\":[\"{{tag(none)}}\"]},\"sub\":{\"allow\":"
	    "[\"{{tag(none)}}\"],\"deny\":[\"a\"]}", "");
	struct jwt_rights r;

	CHECK_INT(verdict(&c, &r), JWT_OK);
	CHECK(has_rule(&r.permissions.publish_deny, ">", ""));
	CHECK(has_rule(&r.permissions.subscribe_deny, ">", ""));
	CHECK(has_rule(&r.permissions.subscribe_deny, "a", ""));
	CHECK(r.is_limited && !r.uses_defaults);
	jwt_rights_fini(&r);
}

TEST(a_scopes_user_brings_nothing_of_its_own)
{
	static const char *const own[] = { "\"pub\":{\"allow\":[\"a\"]}", "\"sub\":{\"deny\":[\"a\"]}",
		"\"resp\":{\"max\":1,\"ttl\":1}", "\"subs\":-1", "\"payload\":5", "\"data\":1",
		"\"src\":[\"0.0.0.0/0\"]", "\"bearer_token\":true", "\"times_location\":\"UTC\"",
		"\"times\":[{\"start\":\"00:00:00\",\"end\":\"23:59:59\"}]",
		"\"allowed_connection_types\":[\"STANDARD\"]" };

	for (size_t i = 0; i < N_OF(own); i++)
		expect(scoped_chain("", text_of(",%s", own[i])), JWT_NOT_EMPTY, own[i]);
	expect(scoped_chain("", ""), JWT_OK, "nothing");
}

TEST(templates_are_checked_as_users_are)
{
	static const struct { const char *template; enum jwt_verdict want; } t[] = {
		{ "\"pub\":{\"deny\":[\"{{tag(none)}}\"]}", JWT_BAD_TEMPLATE },
		{ "\"pub\":{\"allow\":[\"{{what()}}\"]}", JWT_BAD_TEMPLATE },
		{ "\"pub\":{\"allow\":[\"a q\"]}", JWT_BAD_TEMPLATE },
		{ "\"sub\":{\"deny\":[\"a..b\"]}", JWT_BAD_TEMPLATE },
		{ "\"src\":[\"10.2.0.0/16\"]", JWT_BAD_SOURCE },
		{ "\"src\":[\"10.1.0.0/16\",\"rubbish\"]", JWT_BAD_SOURCE },
		{ "\"times\":[{\"start\":\"x\",\"end\":\"y\"}]", JWT_BAD_HOUR },
		{ "\"times\":[{\"start\":\"00:00:00\",\"end\":\"23:59:59\"}],\"times_location\":\"N/W\"",
		  JWT_BAD_HOUR },
		{ "\"allowed_connection_types\":[\"MQTT\"]", JWT_CONNECTION_TYPE },
		{ "\"proxy_required\":true", JWT_PROXY_REQUIRED },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		expect(scoped_chain(t[i].template, ""), t[i].want, t[i].template);
}

/* ---- callouts --------------------------------------------------------------------------- */

TEST(a_callouts_answer_is_for_its_user)
{
	struct chain      c = { .callout_user = &user.key, .sig = "" };
	struct jwt_rights r;

	CHECK_INT(verdict(&c, &r), JWT_OK);
	CHECK_INT(r.subs, -1, "not stated is no limit here");
	jwt_rights_fini(&r);
	EXPECT(OTHER_USER, "somebody else's", .callout_user = &user2.key, .sig = "");
	EXPECT(NOT_TRUSTED, "of no account of ours", .callout_user = &user.key,
	    .account_by = &acc2);
	EXPECT(NOT_NOW, "expired", .callout_user = &user.key, .user_exp = TOKEN_IAT);
	EXPECT(BAD_SOURCE, "from elsewhere", .callout_user = &user.key,
	    .user = "\"src\":[\"10.2.0.0/16\"]");
}

TEST(without_operators_the_configured_issuer_places_users)
{
	struct chain      c = { .callout_user = &user.key };
	const char       *named = text_of("\"issuer_account\":\"%s\"", acc.key.text);
	uint8_t           addr[16];
	struct jwt_login  l = login_of_chain(&c, addr);
	struct jwt       *u = user_of_chain(&c), *n;
	struct jwt_rights r;

	CHECK_INT(jwt_check_placed(u, &acc.key, &l, &r), JWT_OK);
	CHECK(!r.account.is_set && r.uses_defaults && !r.is_limited);
	CHECK_INT(r.subs, -1);
	jwt_rights_fini(&r);
	CHECK_INT(jwt_check_placed(u, &acc2.key, &l, &r), JWT_UNKNOWN_ISSUER);
	CHECK_INT(jwt_check_placed(u, &(struct nkey){ 0 }, &l, &r), JWT_UNKNOWN_ISSUER);
	c.user = named;
	n = user_of_chain(&c);
	CHECK_INT(jwt_check_placed(n, &acc.key, &l, &r), JWT_UNKNOWN_ISSUER);
	jwt_unref(u);
	jwt_unref(n);
}

static const char *answer_problem(const struct who *by, const struct who *sub,
    const struct who *aud, const char *more, const struct jwt_expected *e)
{
	struct jwt_head h = { .subject = nkey_text(&sub->key), .audience = nkey_text(&aud->key),
		.issued_s = TOKEN_IAT };
	struct jwt     *t = decoded(token_with(by, &h,
	    claims_of_kind("authorization_response", more)));
	const char     *why = "";

	if (jwt_check_response(t, e, TOKEN_NOW_NS, &why))
		why = "";
	jwt_unref(t);
	return why;
}

TEST(answers_are_held_against_the_question)
{
	const char         *unknown = "auth callout signing key is unknown";
	const char         *with = text_of("\"signing_keys\":[\"%s\"]", signer.key.text);
	struct jwt         *a = account_of_chain(&(struct chain){ .account = with });
	struct jwt_expected e = { .user = &user.key, .server = &server.key, .issuer = &acc.key };
	const char         *elsewhere = text_of("\"error\":\"no\",\"issuer_account\":\"%s\"",
	    acc2.key.text);

	CHECK_STR(answer_problem(&acc, &user, &server, "\"jwt\":\"j\"", &e), "");
	CHECK_STR(answer_problem(&acc, &user, &server, "\"error\":\"no\"", &e), "");
	CHECK_STR(answer_problem(&acc, &user, &server, NULL, &e),
	    "authorization response had validation errors");
	CHECK_STR(answer_problem(&acc, &user2, &server, "\"jwt\":\"j\"", &e), "auth callout"
	    " violation: auth callout response is not for expected user");
	CHECK_STR(answer_problem(&acc, &user, &(struct who){ who(NKEY_SERVER, 99).key, { 0 } },
	    "\"jwt\":\"j\"", &e), "auth callout violation: auth callout response is not for server");
	CHECK_STR(answer_problem(&acc2, &user, &server, "\"jwt\":\"j\"", &e), unknown);
	e.is_sealed = true;
	CHECK_STR(answer_problem(&acc2, &user, &server, "\"jwt\":\"j\"", &e), "");
	e = (struct jwt_expected){ .user = &user.key, .server = &server.key, .account = a };
	CHECK_STR(answer_problem(&acc, &user, &server, "\"jwt\":\"j\"", &e), "");
	CHECK_STR(answer_problem(&signer, &user, &server, "\"jwt\":\"j\"", &e), "");
	CHECK_STR(answer_problem(&acc2, &user, &server, "\"jwt\":\"j\"", &e), unknown);
	CHECK_STR(answer_problem(&acc, &user, &server, elsewhere, &e), unknown);
	e.account = NULL;
	CHECK_STR(answer_problem(&acc, &user, &server, "\"jwt\":\"j\"", &e), unknown);
	jwt_unref(a);
}

/* ---- activations: CVE-2021-3127 -------------------------------------------------------- */

struct activation {
	const char       *why;
	const struct who *by, *to;
	const char       *claims;
	int64_t           exp;
	bool              opens;
};

static bool opens(const struct activation *x, struct jwt *exporter)
{
	struct jwt_head h = { .subject = nkey_text(&x->to->key), .issued_s = TOKEN_IAT,
		.expires_s = x->exp };
	const char     *t = token_with(x->by, &h, claims_of_kind("activation", x->claims));
	struct jwt     *importer = decoded(token(&op, &acc2, claims_of_kind("account", text_of(
	    "\"imports\":[{\"subject\":\"a.b\",\"account\":\"%s\",\"type\":\"stream\","
	    "\"token\":\"%s\"}]", acc.key.text, t))));
	const char     *why = NULL;
	int64_t         expires = 0;
	bool            ok;

	ok = jwt_check_activation(importer, importer->account.imports, exporter,
	    exporter->account.exports, TOKEN_NOW_NS, &expires, &why);
	CHECK(ok ? expires == (x->exp == 0 ? INT64_MAX : x->exp * NS_PER_S) : why != NULL);
	jwt_unref(importer);
	return ok;
}

TEST(an_activation_opens_what_it_says_to_whom_it_says)
{
	const char *self = "\"subject\":\"a.>\",\"kind\":\"stream\"";
	const char *named = text_of("%s,\"issuer_account\":\"%s\"", self, acc.key.text);
	const char *other = text_of("%s,\"issuer_account\":\"%s\"", self, signer.key.text);
	const char *fields = text_of("\"signing_keys\":[\"%s\",{\"kind\":\"user_scope\",\"key\":"
	    "\"%s\"}],\"exports\":[{\"subject\":\"a.>\",\"type\":\"stream\",\"token_req\":true}]",
	    signer.key.text, scoped.key.text);
	struct jwt *exporter = account_of_chain(&(struct chain){ .account = fields });
	const struct activation t[] = {
		{ "sound", &acc, &acc2, self, 0, true },
		{ "by its signing key", &signer, &acc2, named, 0, true },
		{ "not yet expired", &acc, &acc2, self, TOKEN_IAT + 11, true },
		{ "expired", &acc, &acc2, self, TOKEN_IAT + 10, false },
		{ "for another account", &acc, &acc, self, 0, false },
		{ "by the importer itself", &acc2, &acc2, self, 0, false },
		{ "by the importer, who says it is the exporter", &acc2, &acc2, named, 0, false },
		{ "by a signing key that does not say for whom", &signer, &acc2, self, 0, false },
		{ "by its own key for somebody else", &acc, &acc2, other, 0, false },
		{ "by a key that may make users only", &scoped, &acc2, named, 0, false },
		{ "by the operator", &op, &acc2, self, 0, false },
		{ "by the operator, who names the exporter", &op, &acc2, named, 0, false },
		{ "another subject", &acc, &acc2, "\"subject\":\"b.>\",\"kind\":\"stream\"", 0, false },
		{ "the subject alone", &acc, &acc2, "\"subject\":\"a.b\",\"kind\":\"stream\"", 0, true },
		{ "narrower than the import", &acc, &acc2, "\"subject\":\"a.b.c\",\"kind\":\"stream\"", 0, false },
		{ "another kind", &acc, &acc2, "\"subject\":\"a.>\",\"kind\":\"service\"", 0, false },
		{ "no kind", &acc, &acc2, "\"subject\":\"a.>\"", 0, false },
		{ "no subject", &acc, &acc2, "\"kind\":\"stream\"", 0, false },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_INT(opens(&t[i], exporter), t[i].opens, "%s", t[i].why);
	jwt_unref(exporter);
}

TEST(a_revoked_activation_is_closed)
{
	struct activation x = { "", &acc, &acc2, "\"subject\":\"a.>\",\"kind\":\"stream\"", 0, true };

	for (int at = TOKEN_IAT - 1; at <= TOKEN_IAT; at++) {
		struct jwt *e = account_of_chain(&(struct chain){ .account = text_of("\"exports\":"
		    "[{\"subject\":\"a.>\",\"type\":\"stream\",\"revocations\":{\"%s\":%d}}]",
		    acc2.key.text, at) });

		CHECK_INT(opens(&x, e), at < TOKEN_IAT);
		jwt_unref(e);
	}
}

TEST(a_token_that_is_none_opens_nothing)
{
	struct jwt *exporter = account_of_chain(&(struct chain){ .account =
	    "\"exports\":[{\"subject\":\"a.>\",\"type\":\"stream\"}]" });
	static const char *const tokens[] = { "", "x", "a.b.c" };

	for (size_t i = 0; i < N_OF(tokens); i++) {
		struct jwt *im = decoded(token(&op, &acc2, claims_of_kind("account", text_of(
		    "\"imports\":[{\"subject\":\"a.b\",\"account\":\"%s\",\"type\":\"stream\","
		    "\"token\":\"%s\"}]", acc.key.text, tokens[i]))));
		const char *why = NULL;
		int64_t     expires;

		CHECK(!jwt_check_activation(im, im->account.imports, exporter,
		    exporter->account.exports, TOKEN_NOW_NS, &expires, &why));
		CHECK(why != NULL);
		jwt_unref(im);
	}
	jwt_unref(exporter);
}

/* ---- memory ------------------------------------------------------------------------------ */

struct texts {
	const char *operator, *account, *user;
};

/* All of a login; false: refused somewhere. */
static bool log_in(const struct texts *t)
{
	struct jwt       *o = NULL, *a = NULL, *u = NULL;
	const char       *why;
	struct jwt_rights r = { 0 };
	uint8_t           addr[4] = { 10, 1, 2, 3 };
	struct jwt_login  l = { .addr = addr, .n_addr = 4, .connection = JWT_STANDARD,
		.now_ns = TOKEN_NOW_NS };
	bool              ok;

	ok = jwt_decode(slice_str(t->operator), &o, &why) == 0 &&
	    jwt_decode(slice_str(t->account), &a, &why) == 0 &&
	    jwt_decode(slice_str(t->user), &u, &why) == 0;
	if (ok) {
		const struct jwt *operators[] = { o };
		struct jwt_trust  trust = { operators, 1, NULL, 0 };

		ok = jwt_check_login(u, a, &trust, &l, &r) == JWT_OK &&
		    r.permissions.publish_allow.n == 2;
	}
	jwt_rights_fini(&r);
	jwt_unref(o);
	jwt_unref(a);
	jwt_unref(u);
	return ok;
}

TEST(without_memory_nobody_gets_in_and_nothing_is_lost)
{
	struct chain c = scoped_chain("\"pub\":{\"allow\":[\"{{tag(t)}}\"],\"deny\":[\"d\"]},"
	    "\"times\":[{\"start\":\"00:00:00\",\"end\":\"23:59:59\"}],\"times_location\":\"UTC\","
	    "\"bearer_token\":true", ",\"tags\":[\"t:1\",\"t:2\"]");
	struct jwt  *a = account_of_chain(&c), *u = user_of_chain(&c);
	struct texts t = { token(&op, &op, claims_of_kind("operator", NULL)),
		text_of("%.*s", SLICE_ARG(a->token)), text_of("%.*s", SLICE_ARG(u->token)) };
	long         n_live, n = 1;

	jwt_unref(a);
	jwt_unref(u);
	CHECK(log_in(&t));
	n_live = fail_alloc_n_live();
	for (;; n++) {
		bool ok;

		fail_alloc_at(n);
		ok = log_in(&t);
		CHECK_INT(fail_alloc_n_live(), n_live, "allocation %ld", n);
		if (!fail_alloc_has_failed())
			break;
		CHECK(!ok, "allocation %ld", n);
	}
	fail_alloc_at(0);
	CHECK(n > 10);
}
