/* operators_test.c - what an operator's token may say, and the way of a login
 * through auth_check: at once where the account is loaded, else by a ticket. */
#include "auth/operators.h"

#include <semaphore.h>

#include "auth/auth.h"
#include "auth/jwt.h"
#include "auth/resolver.h"
#include "base/err.h"
#include "base/hash.h"
#include "tokens.h"

#define OPERATOR(more) "{" more "\"type\":\"operator\",\"version\":2}"
#define LIMITS "\"limits\":{\"subs\":-1,\"data\":-1,\"payload\":-1,\"imports\":-1," \
	"\"exports\":-1,\"wildcards\":true,\"conn\":-1,\"leaf\":-1}"
#define ACCOUNT "{" LIMITS ",\"type\":\"account\",\"version\":2}"
#define USER(more) "{" more "\"pub\":{},\"sub\":{},\"subs\":-1,\"data\":-1," \
	"\"payload\":-1,\"type\":\"user\",\"version\":2}"

/* ---- the configuration ------------------------------------------------------ */

static const char *created(struct operators_config *conf)
{
	static char       text[512];
	struct operators *o = NULL;
	struct buf        why = { 0 };
	int               err;

	conf->version = SLICE("2.15.1");
	err = operators_create(conf, &o, &why);
	snprintf(text, sizeof text, "%.*s", SLICE_ARG(buf_slice(&why)));
	CHECK_INT(err, why.n == 0 ? 0 : ERR_CONFIG);
	operators_unref(o);
	buf_fini(&why);
	return text;
}

static const char *with_operator(const char *claims)
{
	struct who   op = who(NKEY_OPERATOR, 1);
	struct slice tokens[] = { slice_str(token(&op, &op, claims)) };

	return created(&(struct operators_config){ .tokens = tokens,
		.n_tokens = 1 });
}

TEST(a_server_that_is_too_old_is_refused)
{
	static const struct {
		const char *version, *why;
	} cases[] = {
		{ "2.15.1", "" }, { "2.15.0", "" }, { "1.99.99", "" },
		{ "2.14.99", "" },
		{ "3.0.0", "expected major version 3 > server major version 2" },
		{ "2.16.0", "expected minor version 16 > server minor version 15" },
		{ "2.15.2", "expected update version 2 > server update version 1" },
		{ "x", "expects version x got error instead: asserted server "
		    "version must be of the form <major>.<minor>.<update>" },
		{ "2.15", "expects version 2.15 got error instead: asserted server "
		    "version must be of the form <major>.<minor>.<update>" },
		{ "2.15.1.0", "expects version 2.15.1.0 got error instead: asserted "
		    "server version must be of the form <major>.<minor>.<update>" },
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		char        claims[256];
		const char *got;

		snprintf(claims, sizeof claims, OPERATOR(
		    "\"assert_server_version\":\"%s\","), cases[i].version);
		got = with_operator(claims);
		CHECK((cases[i].why[0] == '\0') == (got[0] == '\0') &&
		    strstr(got, cases[i].why) != NULL, "%s: %s",
		    cases[i].version, got);
	}
}

TEST(what_does_not_fit_together_is_refused)
{
	struct who   op = who(NKEY_OPERATOR, 1), acc = who(NKEY_ACCOUNT, 1);
	struct who   sys = who(NKEY_ACCOUNT, 2), u = who(NKEY_USER, 1);
	char         claims[256];
	struct slice tokens[1], keys[] = { SLICE("XX") };
	struct operators_config with = { .tokens = tokens, .n_tokens = 1 };
	struct operators_config conf;

	snprintf(claims, sizeof claims, OPERATOR("\"system_account\":\"%s\","),
	    sys.key.text);
	tokens[0] = slice_str(token(&op, &op, claims));
	conf = with;
	conf.system_account = nkey_text(&acc.key);
	CHECK_STR(created(&conf),
	    "system_account in config and operator JWT must be identical");
	conf.system_account = nkey_text(&sys.key);
	CHECK_STR(created(&conf), "");
	conf = with;
	conf.pinned = keys;
	conf.n_pinned = 1;
	CHECK(strstr(created(&conf), "pinned account key \"XX\"") != NULL);
	conf = with;
	conf.sentinel = SLICE("x");
	CHECK_STR(created(&conf), "default sentinel JWT not valid");
	conf.sentinel = slice_str(token(&acc, &u, USER("")));
	CHECK_STR(created(&conf), "default sentinel must be a bearer token");
	conf.sentinel = slice_str(token(&acc, &u, USER("\"bearer_token\":true,")));
	CHECK_STR(created(&conf), "");
	tokens[0] = slice_str(token(&op, &acc, ACCOUNT));
	conf = with;
	CHECK_STR(created(&conf), "error parsing operator JWT: not operator claim");
	CHECK(strstr(created(&(struct operators_config){ .keys = keys,
	    .n_keys = 1 }), "trust key \"XX\"") != NULL);
}

TEST(one_operator_may_name_a_web_server)
{
	struct who   op = who(NKEY_OPERATOR, 1);
	struct slice tokens[2];
	struct operators_config conf = { .tokens = tokens, .n_tokens = 1,
		.version = SLICE("2.15.1") };
	struct operators *o;
	struct buf        url = { 0 }, why = { 0 };

	tokens[0] = tokens[1] = slice_str(token(&op, &op, OPERATOR(
	    "\"account_server_url\":\"http://localhost:9/jwt/v1/\",")));
	CHECK_INT(operators_create(&conf, &o, &why), 0);
	CHECK(operators_account_url(o, &url));
	CHECK_SLICE(buf_slice(&url), SLICE("http://localhost:9/jwt/v1/accounts"));
	operators_unref(o);
	conf.n_tokens = 2;
	CHECK_INT(operators_create(&conf, &o, &why), 0);
	CHECK(!operators_account_url(o, &url));
	operators_unref(o);
	buf_fini(&url);
	buf_fini(&why);
}

/* ---- logins ----------------------------------------------------------------- */

struct place {
	struct resolver  *resolver;
	struct operators *operators;
	struct auth      *auth;
};

static void on_found(void *ctx, struct jwt *account)
{
	struct place *p = ctx;

	resolver_settle(p->resolver, nkey_text(&account->subject), account);
	jwt_unref(account);
}

static void opened(struct place *p, const char *account, const char *operator)
{
	struct who              op = who(NKEY_OPERATOR, 1);
	struct who              acc = who(NKEY_ACCOUNT, 1);
	struct jwt_store_config store = { .kind = JWT_STORE_MEMORY };
	struct resolver_config  conf = { .store = &store };
	struct resolver_hooks   hooks = { on_found, p };
	struct slice            tokens[1];
	struct operators_config of = { .tokens = tokens, .n_tokens = 1,
		.version = SLICE("2.15.1") };
	struct auth_config      all = { 0 };
	struct buf              why = { 0 };

	hash_init();
	tokens[0] = slice_str(token(&op, &op, operator));
	CHECK_INT(resolver_create(&conf, &p->resolver, &why), 0);
	CHECK_INT(jwt_store_save(resolver_store(p->resolver),
	    nkey_text(&acc.key), slice_str(account)), 0);
	CHECK_INT(operators_create(&of, &p->operators, &why), 0, "%.*s",
	    SLICE_ARG(buf_slice(&why)));
	operators_use(p->operators, p->resolver);
	all.operators = p->operators;
	CHECK_INT(auth_create(&all, NULL, &p->auth, &why), 0);
	CHECK(resolver_start(p->resolver, &hooks));
	buf_fini(&why);
}

static void closed(struct place *p)
{
	resolver_destroy(p->resolver);
	auth_unref(p->auth);
	operators_unref(p->operators);
}

struct caller {
	struct auth_ticket ticket;
	sem_t              is_done;
};

static void on_done(struct auth_ticket *t)
{
	sem_post(&CONTAINER_OF(t, struct caller, ticket)->is_done);
}

static struct slice signed_by(const struct who *u, const char *nonce)
{
	static char text[128];
	uint8_t     sig[NKEY_SIG_BYTES];
	struct buf  b = { 0 };

	nkey_sign(u->secret, slice_str(nonce), sig);
	text_put_base64url(&b, sig, sizeof sig);
	memcpy(text, b.p, b.n);
	buf_fini(&b);
	return slice_of(text, 86);
}

/* Who comes with that token and key: the answer, fini it. */
static struct auth_answer come(struct place *p, const struct who *u,
    const char *jwt, bool *was_pending)
{
	static const uint8_t local[4] = { 127, 0, 0, 1 };
	struct caller        c = { .ticket.done = on_done };
	struct auth_answer   answer = { 0 };
	struct auth_request  req = {
		.jwt = slice_str(jwt), .nonce = SLICE("nonce"),
		.sig = signed_by(u, "nonce"), .via = VIA_STANDARD,
		.source = { (const char *)local, 4 },
	};

	sem_init(&c.is_done, 0, 0);
	*was_pending = auth_check(p->auth, &req, &answer, &c.ticket) ==
	    AUTH_PENDING;
	if (!*was_pending)
		return answer;
	sem_wait(&c.is_done);
	CHECK(c.ticket.is_by_resolver);
	return c.ticket.answer;
}

TEST(the_first_waits_for_the_account_and_the_next_does_not)
{
	struct who         op = who(NKEY_OPERATOR, 1), acc = who(NKEY_ACCOUNT, 1);
	struct who         u = who(NKEY_USER, 1);
	struct place       p;
	struct auth_answer a;
	bool               was_pending;
	const char        *t = token(&acc, &u, USER("\"tags\":[\"a:b\",\"c\"],"));

	opened(&p, token(&op, &acc, ACCOUNT), OPERATOR(""));
	CHECK(auth_is_required(p.auth) && auth_wants_nonce(p.auth) &&
	    auth_needs_ticket(p.auth));
	a = come(&p, &u, t, &was_pending);
	CHECK(was_pending);
	CHECK_INT(a.verdict, AUTH_OK);
	auth_answer_fini(&a);
	a = come(&p, &u, t, &was_pending);
	CHECK(!was_pending);
	CHECK_INT(a.verdict, AUTH_OK);
	CHECK_INT(a.who->kind, PRINCIPAL_JWT);
	CHECK_SLICE(a.who->user, nkey_text(&u.key));
	CHECK_SLICE(a.who->account, nkey_text(&acc.key));
	CHECK_SLICE(a.who->issuer_key, nkey_text(&acc.key));
	CHECK_SLICE(a.who->tags, SLICE("a:b,c"));
	CHECK_SLICE(a.who->jwt, slice_str(t));
	CHECK_INT(a.who->issued_s, TOKEN_IAT);
	CHECK(!auth_answer_is_stale(p.auth, &a));
	resolver_unload(p.resolver, nkey_text(&acc.key));
	CHECK(auth_answer_is_stale(p.auth, &a), "its claims are others now");
	auth_answer_fini(&a);
	closed(&p);
}

TEST(whoever_is_not_believed_is_refused)
{
	struct who op = who(NKEY_OPERATOR, 1), acc = who(NKEY_ACCOUNT, 1);
	struct who u = who(NKEY_USER, 1), other = who(NKEY_ACCOUNT, 2);
	struct who v = who(NKEY_USER, 2);
	struct jwt_head old = { .subject = nkey_text(&u.key),
		.issued_s = TOKEN_IAT, .expires_s = TOKEN_IAT - 1000000 };
	const struct {
		const char       *why, *token;
		const struct who *signs;
	} cases[] = {
		{ "junk", "junk", &u },
		{ "empty", "", &u },
		{ "another's key", token(&acc, &u, USER("")), &v },
		{ "an account that is not there", token(&other, &u, USER("")), &u },
		{ "an account's own token", token(&op, &acc, ACCOUNT), &acc },
		{ "expired", token_with(&acc, &old, USER("")), &u },
		{ "from elsewhere", token(&acc, &u, USER(
		    "\"src\":[\"10.0.0.0/8\"],")), &u },
	};
	struct place p;
	bool         was_pending;

	opened(&p, token(&op, &acc, ACCOUNT), OPERATOR(""));
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct auth_answer a = come(&p, cases[i].signs, cases[i].token,
		    &was_pending);

		CHECK_INT(a.verdict, AUTH_REFUSED, "%s", cases[i].why);
		auth_answer_fini(&a);
	}
	closed(&p);
}

TEST(who_cancels_is_answered_all_the_same)
{
	struct who    op = who(NKEY_OPERATOR, 1), acc = who(NKEY_ACCOUNT, 1);
	struct who    u = who(NKEY_USER, 1);
	struct caller c = { .ticket.done = on_done };
	struct auth_answer  answer = { 0 };
	const char         *t = token(&acc, &u, USER(""));
	struct auth_request req = { .jwt = slice_str(t), .nonce = SLICE("nonce"),
		.sig = signed_by(&u, "nonce"), .via = VIA_STANDARD };
	struct place p;
	bool         was_pending;

	opened(&p, token(&op, &acc, ACCOUNT), OPERATOR(""));
	sem_init(&c.is_done, 0, 0);
	CHECK_INT(auth_check(p.auth, &req, &answer, &c.ticket), AUTH_PENDING);
	auth_ticket_cancel(&c.ticket);
	sem_wait(&c.is_done);
	auth_answer_fini(&c.ticket.answer);
	answer = come(&p, &u, t, &was_pending);
	CHECK_INT(answer.verdict, AUTH_OK);
	auth_answer_fini(&answer);
	CHECK_INT(auth_check(p.auth, &req, &answer, NULL), AUTH_OK);
	auth_answer_fini(&answer);
	resolver_unload(p.resolver, nkey_text(&acc.key));
	CHECK_INT(auth_check(p.auth, &req, &answer, NULL), AUTH_REFUSED,
	    "no memory to wait in");
	closed(&p);
}
