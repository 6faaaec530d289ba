/* auth_test.c - who gets in, who does not, and that nobody learns why. */
#include "auth/auth.h"

#include <pthread.h>
#include <semaphore.h>
#include <sodium.h>

#include "auth/nkey.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "check.h"
#include "core/permissions.h"

#define BCRYPT_OF_SECRET \
	"$2a$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
#define BCRYPT_OF_NOTHING \
	"$2b$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq"
#define S(literal) { literal, sizeof(literal) - 1 }

static const struct permission_rule    only_a = { S("a"), { NULL, 0 } };
static const struct permission_rule    only_b = { S("b"), { NULL, 0 } };
static const struct permissions_spec   spec_a = {
	.publish_allow = { &only_a, 1, true } };
static const struct permissions_spec   spec_b = {
	.publish_allow = { &only_b, 1, true } };
static const struct auth_user_config   users[] = {
	{ S("carol"), S(BCRYPT_OF_SECRET), &spec_a },
	{ S("alice"), S("wonderland"), NULL },
	{ S("open"), { NULL, 0 }, NULL },
	{ S("bob"), S("builder"), &spec_b },
	{ S("dave"), S(BCRYPT_OF_NOTHING), NULL },
};

/* ---- asking ------------------------------------------------------------- */

struct login {
	struct auth_ticket ticket;
	sem_t              is_done;
	int                n_done;
};

static void on_done(struct auth_ticket *t)
{
	struct login *l = CONTAINER_OF(t, struct login, ticket);

	l->n_done++;
	sem_post(&l->is_done);
}

static void login_init(struct login *l)
{
	memset(l, 0, sizeof *l);
	sem_init(&l->is_done, 0, 0);
	l->ticket.done = on_done;
}

/* The verdict, however long it takes; *was_hashed tells whether it did. */
static enum auth_verdict ask(struct auth *a, const struct auth_request *req,
    struct auth_answer *who, bool *was_hashed)
{
	struct login      l;
	enum auth_verdict v;

	login_init(&l);
	v = auth_check(a, req, who, &l.ticket);
	*was_hashed = v == AUTH_PENDING;
	if (v == AUTH_PENDING) {
		sem_wait(&l.is_done);
		CHECK_INT(l.n_done, 1);
		*who = l.ticket.answer;
		v = who->verdict;
		CHECK(v == AUTH_OK || who->who == NULL);
	}
	return v;
}

static struct auth *make(const struct auth_config *c, struct hasher *h)
{
	struct auth *a = NULL;
	struct buf   why = { 0 };
	int          err = auth_create(c, h, &a, &why);

	CHECK_INT(err, 0, "%.*s", SLICE_ARG(buf_slice(&why)));
	buf_fini(&why);
	return a;
}

struct ask_case {
	const char *why;
	struct slice user, pass, token;
	const char *is;		/* NULL: refused; else the label */
	bool        hashes;
};

static void check_cases(struct auth *a, const struct ask_case *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct auth_request req = { .user = t[i].user,
			.pass = t[i].pass, .auth_token = t[i].token };
		struct auth_answer    who;
		struct buf          label = { 0 };
		bool                hashed;
		enum auth_verdict   v = ask(a, &req, &who, &hashed);

		CHECK_INT(v, t[i].is != NULL ? AUTH_OK : AUTH_REFUSED, "%s",
		    t[i].why);
		CHECK_INT(hashed, t[i].hashes, "%s", t[i].why);
		if (v == AUTH_OK) {
			principal_put_label(who.who, &label);
			CHECK_SLICE(buf_slice(&label), slice_str(t[i].is));
			CHECK_SLICE(who.who->account, SLICE("$G"));
		}
		buf_fini(&label);
		auth_answer_fini(&who);
	}
}

/* ---- who gets in --------------------------------------------------------- */

TEST(without_credentials_everyone_is_nobody)
{
	static const struct ask_case t[] = {
		{ "silent", S(""), S(""), S(""), "", false },
		{ "talkative", S("a"), S("b"), S("c"), "", false },
	};
	struct auth     *a = make(&(struct auth_config){ 0 }, NULL);
	struct auth_answer who = { 0 };

	CHECK(!auth_is_required(a));
	CHECK(!auth_has_no_auth_user(a));
	CHECK(!auth_needs_ticket(a));
	CHECK_INT(auth_timeout_ns(a), 2 * NS_PER_S);
	check_cases(a, t, N_OF(t));
	CHECK_INT(auth_check(a, &(struct auth_request){ .names_account = true },
	    &who, NULL), AUTH_REFUSED);
	auth_unref(a);
}

TEST(a_single_user_needs_its_name_and_password)
{
	static const struct ask_case t[] = {
		{ "right",           S("derek"), S("pw"), S(""), "user:derek", false },
		{ "token beside it", S("derek"), S("pw"), S("x"), "user:derek", false },
		{ "wrong password",  S("derek"), S("pW"), S(""), NULL, false },
		{ "longer",          S("derek"), S("pw "), S(""), NULL, false },
		{ "a NUL behind",    S("derek"), S("pw\0"), S(""), NULL, false },
		{ "empty password",  S("derek"), S(""), S(""), NULL, false },
		{ "other name",      S("Derek"), S("pw"), S(""), NULL, false },
		{ "no name",         S(""), S("pw"), S(""), NULL, false },
		{ "NUL in the name", S("derek\0"), S("pw"), S(""), NULL, false },
		{ "as a token",      S(""), S(""), S("pw"), NULL, false },
		{ "silent",          S(""), S(""), S(""), NULL, false },
	};
	struct auth *a = make(&(struct auth_config){ .user = S("derek"),
		.pass = S("pw"), .timeout_ns = 7 }, NULL);

	CHECK(auth_is_required(a));
	CHECK(auth_has_plain_passwords(a));
	CHECK_INT(auth_timeout_ns(a), 7);
	check_cases(a, t, N_OF(t));
	auth_unref(a);
}

TEST(a_token_is_all_that_counts)
{
	static const struct ask_case t[] = {
		{ "right",          S(""), S(""), S("t0ken"), "token", false },
		{ "name beside it", S("x"), S("y"), S("t0ken"), "token", false },
		{ "wrong",          S(""), S(""), S("t0ke"), NULL, false },
		{ "as password",    S(""), S("t0ken"), S(""), NULL, false },
		{ "silent",         S(""), S(""), S(""), NULL, false },
	};
	struct auth     *a = make(&(struct auth_config){ .token = S("t0ken") },
	    NULL);
	struct auth_answer who;

	check_cases(a, t, N_OF(t));
	CHECK_INT(auth_check(a, &(struct auth_request){
	    .auth_token = S("t0ken") }, &who, NULL), AUTH_OK);
	CHECK_SLICE(principal_shown_user(who.who), SLICE("[REDACTED]"));
	auth_answer_fini(&who);
	auth_unref(a);
}

TEST(a_hashed_token_is_compared_away_from_the_loop)
{
	static const struct ask_case t[] = {
		{ "wrong",         S(""), S(""), S("secreT"), NULL, true },
		{ "the hash",      S(""), S(""), S(BCRYPT_OF_SECRET), NULL, true },
		{ "right",         S(""), S(""), S("secret"), "token", true },
		{ "right again",   S(""), S(""), S("secret"), "token", false },
		{ "wrong again",   S(""), S(""), S("secreT"), NULL, true },
		{ "a NUL behind",  S(""), S(""), S("secret\0x"), NULL, true },
	};
	struct hasher *h = hasher_create(4);
	struct auth   *a = make(&(struct auth_config){
		.token = S(BCRYPT_OF_SECRET) }, h);

	CHECK(auth_needs_ticket(a));
	CHECK(!auth_has_plain_passwords(a));
	check_cases(a, t, N_OF(t));
	auth_unref(a);
	hasher_destroy(h);
}

TEST(users_are_told_apart)
{
	static const struct ask_case t[] = {
		{ "plain",            S("alice"),
		  S("wonderland"), S(""), "user:alice", false },
		{ "no password",      S("open"), S(""), S(""), "user:open", false },
		{ "but given one",    S("open"), S("x"), S(""), NULL, true },
		{ "another's",        S("alice"), S("builder"), S(""), NULL, true },
		{ "hashed",           S("carol"),
		  S("secret"), S(""), "user:carol", true },
		{ "once more",        S("carol"),
		  S("secret"), S(""), "user:carol", false },
		{ "hashed and wrong", S("carol"), S("Secret"), S(""), NULL, true },
		{ "hashed and empty", S("carol"), S(""), S(""), NULL, true },
		{ "a NUL behind",     S("carol"), S("secret\0"), S(""), NULL, true },
		{ "hash as password",
		  S("carol"), S(BCRYPT_OF_SECRET), S(""), NULL, true },
		{ "a hash of nothing", S("dave"), S(""), S(""), "user:dave", true },
		/* whoever is unknown costs as much as who is known */
		{ "unknown",          S("mallory"), S("secret"), S(""), NULL, true },
		{ "no name",          S(""), S("wonderland"), S(""), NULL, true },
		{ "only a token",     S(""), S(""), S("wonderland"), NULL, true },
		{ "silent",           S(""), S(""), S(""), NULL, true },
	};
	struct hasher *h = hasher_create(4);
	struct auth   *a = make(&(struct auth_config){ .users = users,
		.n_users = N_OF(users), .has_users = true }, h);

	check_cases(a, t, N_OF(t));
	CHECK(auth_has_plain_passwords(a));
	auth_unref(a);
	hasher_destroy(h);
}

TEST(users_carry_their_permissions_or_the_defaults)
{
	static const struct { struct slice user, pass; bool a, b; } t[] = {
		{ S("carol"), S("secret"), true, false },
		{ S("bob"), S("builder"), false, true },
		{ S("alice"), S("wonderland"), true, false },
	};
	struct hasher *h = hasher_create(4);
	struct auth   *a = make(&(struct auth_config){ .users = users,
		.n_users = N_OF(users), .default_permissions = &spec_a }, h);

	for (size_t i = 0; i < N_OF(t); i++) {
		struct auth_answer who;
		const struct principal *copy;
		bool             hashed;

		CHECK_INT(ask(a, &(struct auth_request){ .user = t[i].user,
		    .pass = t[i].pass }, &who, &hashed), AUTH_OK);
		copy = principal_ref(who.who);
		auth_answer_fini(&who);
		CHECK_INT(permissions_may_publish(copy->permissions, SLICE("a")),
		    t[i].a);
		CHECK_INT(permissions_may_publish(copy->permissions, SLICE("b")),
		    t[i].b);
		CHECK_SLICE(principal_shown_user(copy), t[i].user);
		principal_unref(copy);
	}
	auth_unref(a);
	hasher_destroy(h);
}

TEST(who_stays_silent_is_the_no_auth_user)
{
	static const struct ask_case t[] = {
		{ "silent",         S(""), S(""), S(""), "user:carol", false },
		{ "a password",     S(""), S("x"), S(""), NULL, true },
		{ "a token",        S(""), S(""), S("x"), NULL, true },
		{ "a wrong user",   S("x"), S(""), S(""), NULL, true },
		{ "someone else",   S("bob"), S("builder"), S(""), "user:bob", false },
		{ "that one, wrongly", S("carol"), S("x"), S(""), NULL, true },
	};
	struct hasher *h = hasher_create(4);
	struct auth   *a = make(&(struct auth_config){ .users = users,
		.n_users = N_OF(users), .no_auth_user = S("carol") }, h);

	CHECK(auth_is_required(a));
	CHECK(auth_has_no_auth_user(a));
	check_cases(a, t, N_OF(t));
	auth_unref(a);
	hasher_destroy(h);
}

/* ---- what may not be configured ------------------------------------------ */

static const struct auth_user_config twice[] = {
	{ S("a"), S("1"), NULL }, { S("b"), S("2"), NULL }, { S("a"), S("3"), NULL } };
static const struct auth_user_config nameless[] = { { S(""), S("1"), NULL } };
static const struct auth_user_config emptied[] = { { S("a"), S(""), NULL } };
static const struct auth_user_config broken[] = {
	{ S("a"), S("$2a$11$short"), NULL } };
static const struct permission_rule  bad_rule = { S("a..b"), { NULL, 0 } };
static const struct permissions_spec bad_spec = {
	.publish_deny = { &bad_rule, 1, true } };
static const struct auth_user_config bad_rules[] = { { S("a"), S("1"), &bad_spec } };

TEST(half_a_configuration_is_refused)
{
	static const struct { struct auth_config c; const char *says; } t[] = {
		{ { .user = S("a"), .token = S("t") }, "and token" },
		{ { .user = S("a"), .has_users = true }, "and a users array" },
		{ { .token = S("t"), .has_users = true }, "token and a users" },
		{ { .user = S("") }, "empty user" },
		{ { .pass = S("x") }, "no user" },
		{ { .user = S("a"), .pass = S("") }, "empty password" },
		{ { .token = S("") }, "empty token" },
		{ { .has_users = true }, "empty users array" },
		{ { .user = S("a"), .pass = S("$2a$10$x") }, "bcrypt" },
		{ { .token = S("$2b$04$") }, "bcrypt" },
		{ { .users = broken, .n_users = 1 }, "bcrypt" },
		{ { .users = twice, .n_users = 3 }, "Duplicate user \"a\" detected" },
		{ { .users = nameless, .n_users = 1 }, "User entry requires a user" },
		{ { .users = emptied, .n_users = 1 }, "empty password" },
		{ { .users = bad_rules, .n_users = 1 }, "permissions" },
		{ { .users = twice, .n_users = 2,
		    .default_permissions = &bad_spec }, "default_permissions" },
		{ { .users = twice, .n_users = 2, .no_auth_user = S("c") },
		  "no_auth_user: \"c\" not present" },
		{ { .no_auth_user = S("c") }, "users/nkeys are not defined" },
		{ { .user = S("c"), .no_auth_user = S("c") },
		  "users/nkeys are not defined" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct auth *a = NULL;
		struct buf   why = { 0 };
		char        *text;

		CHECK_INT(auth_create(&t[i].c, NULL, &a, &why), ERR_CONFIG,
		    "%s", t[i].says);
		CHECK(a == NULL);
		text = buf_take_str(&why);
		CHECK(strstr(text, t[i].says) != NULL, "%s", text);
		free(text);
	}
}

TEST(a_thousand_users_are_found)
{
	enum { N = 1000 };
	static struct auth_user_config many[N];
	static char                    names[N][8];
	struct auth                   *a;

	for (int i = 0; i < N; i++) {
		snprintf(names[i], sizeof names[i], "u%d", i * 7919 % N);
		many[i] = (struct auth_user_config){ slice_str(names[i]),
			slice_str(names[i]), NULL };
	}
	a = make(&(struct auth_config){ .users = many, .n_users = N }, NULL);
	for (int i = 0; i < N; i++) {
		struct auth_answer who;

		CHECK_INT(auth_check(a, &(struct auth_request){
		    .user = slice_str(names[i]), .pass = slice_str(names[i]) },
		    &who, NULL), AUTH_OK);
		CHECK_SLICE(who.who->user, slice_str(names[i]));
		auth_answer_fini(&who);
		CHECK_INT(auth_check(a, &(struct auth_request){
		    .user = slice_str(names[i]), .pass = S("u1x") }, &who,
		    NULL), AUTH_REFUSED);
	}
	auth_unref(a);
}

/* ---- while the hasher works ----------------------------------------------- */

TEST(without_a_ticket_or_room_a_peer_is_refused)
{
	struct hasher   *h = hasher_create(0);
	struct auth     *a = make(&(struct auth_config){ .users = users,
		.n_users = N_OF(users) }, h);
	struct auth_answer who;
	struct login     l;
	struct auth_request req = { .user = S("carol"), .pass = S("secret") };

	login_init(&l);
	CHECK_INT(auth_check(a, &req, &who, NULL), AUTH_REFUSED);
	CHECK_INT(auth_check(a, &req, &who, &l.ticket), AUTH_REFUSED);
	CHECK_INT(l.n_done, 0);
	auth_unref(a);
	hasher_destroy(h);
}

TEST(a_ticket_outlives_its_asker_and_the_configuration)
{
	enum { N = 64 };
	static struct login l[N];
	struct hasher      *h = hasher_create(N);
	struct auth        *a = make(&(struct auth_config){ .users = users,
		.n_users = N_OF(users) }, h);
	struct auth_answer    who;
	struct auth_request req = { .user = S("carol"), .pass = S("secret") };

	for (int i = 0; i < N; i++) {
		enum auth_verdict v;

		login_init(&l[i]);
		v = auth_check(a, &req, &who, &l[i].ticket);
		if (v == AUTH_PENDING && i % 2)
			auth_ticket_cancel(&l[i].ticket);
		if (v == AUTH_OK) {	/* an earlier one was quick */
			auth_answer_fini(&who);
			l[i].ticket.answer.verdict = AUTH_REFUSED;
			sem_post(&l[i].is_done);
		}
	}
	auth_unref(a);			/* a reload */
	for (int i = 0; i < N; i++) {
		sem_wait(&l[i].is_done);
		CHECK(l[i].n_done <= 1);
		if (l[i].ticket.answer.verdict == AUTH_OK)
			CHECK_SLICE(l[i].ticket.answer.who->user, SLICE("carol"));
		auth_answer_fini(&l[i].ticket.answer);
	}
	hasher_destroy(h);
}

TEST(a_storm_of_one_user_costs_one_hash_and_a_reload_none)
{
	enum { N = 2000 };
	static const struct ask_case t[] = {
		{ "right", S("carol"), S("secret"), S(""), "user:carol", false },
		{ "wrong", S("carol"), S("Secret"), S(""), NULL, true },
		{ "not yet right", S("dave"), S(""), S(""), "user:dave", true },
	};
	static struct auth_user_config changed[N_OF(users)];
	static const struct ask_case   after[] = {
		{ "its hash changed", S("carol"), S("secret"), S(""), NULL, true },
	};
	static struct login l[N];
	struct hasher      *h = hasher_create(N);
	struct auth_config  conf = { .users = users, .n_users = N_OF(users) };
	struct auth        *a = make(&conf, h), *b = make(&conf, h), *c;
	struct auth_answer    who;
	struct auth_request req = { .user = S("carol"), .pass = S("secret") };
	int64_t             cpu = clock_cpu_ns();

	for (int i = 0; i < N; i++) {
		login_init(&l[i]);
		if (auth_check(a, &req, &l[i].ticket.answer,
		    &l[i].ticket) == AUTH_OK)
			sem_post(&l[i].is_done);
	}
	for (int i = 0; i < N; i++) {
		sem_wait(&l[i].is_done);
		CHECK_SLICE(l[i].ticket.answer.who->user, SLICE("carol"));
		auth_answer_fini(&l[i].ticket.answer);
	}
	/* hashing each would take a millisecond each */
	CHECK(clock_cpu_ns() - cpu < N * NS_PER_MS / 4);
	CHECK_INT(auth_check(a, &(struct auth_request){ .user = S("bob"),
	    .pass = S("builder") }, &who, NULL), AUTH_OK);
	auth_answer_fini(&who);

	auth_inherit(b, a);
	check_cases(b, t, N_OF(t));
	memcpy(changed, users, sizeof changed);
	changed[0].pass = slice_str(BCRYPT_OF_NOTHING);
	conf.users = changed;
	c = make(&conf, h);
	auth_inherit(c, b);
	check_cases(c, after, N_OF(after));
	auth_unref(a);
	auth_unref(b);
	auth_unref(c);
	hasher_destroy(h);
}

static void *ask_often(void *arg)
{
	struct auth *a = arg;
	long         n_wrong = 0;

	for (int i = 0; i < 60; i++) {
		struct auth_request req = { .user = S("carol") };
		struct auth_answer    who;
		bool                hashed;

		req.pass = i % 3 ? SLICE("secret") : SLICE("Secret");
		n_wrong += ask(a, &req, &who, &hashed) !=
		    (i % 3 ? AUTH_OK : AUTH_REFUSED);
		auth_answer_fini(&who);
	}
	return (void *)n_wrong;
}

TEST(many_threads_may_ask_at_once)
{
	struct hasher *h = hasher_create(16);
	struct auth   *a = make(&(struct auth_config){ .users = users,
		.n_users = N_OF(users) }, h);
	pthread_t      t[4];
	void          *n_wrong;

	for (int i = 0; i < 4; i++)
		CHECK_INT(pthread_create(&t[i], NULL, ask_often, a), 0);
	for (int i = 0; i < 4; i++) {
		CHECK_INT(pthread_join(t[i], &n_wrong), 0);
		CHECK(n_wrong == NULL);
	}
	auth_unref(a);
	hasher_destroy(h);
}

/* ---- keys and proxies ----------------------------------------------------- */

#define NONCE "c29tZW5vbmNlAAA"

struct key {
	uint8_t public[NKEY_BYTES], secret[NKEY_SECRET_BYTES];
	char    text[NKEY_PUBLIC_CHARS + 1];
};

static struct key make_key(enum nkey_kind kind, uint8_t seed_byte)
{
	struct key k;
	uint8_t    seed[crypto_sign_SEEDBYTES];

	memset(seed, seed_byte, sizeof seed);
	crypto_sign_seed_keypair(k.public, k.secret, seed);
	nkey_put_public(kind, k.public, k.text);
	return k;
}

/* base64url of the signature, NUL-terminated. */
static struct slice sign(const struct key *k, struct slice text, char out[96])
{
	uint8_t sig[NKEY_SIG_BYTES];

	crypto_sign_detached(sig, NULL, (const uint8_t *)text.p, text.n,
	    k->secret);
	sodium_bin2base64(out, 96, sig, sizeof sig,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return slice_str(out);
}

TEST(an_nkey_is_who_signed_the_nonce)
{
	struct key alice = make_key(NKEY_USER, 1), bob = make_key(NKEY_USER, 2);
	char       right[96], other[96], of_bob[96];
	struct auth_user_config with_keys[] = {
		{ .name = slice_str(alice.text), .is_nkey = true,
		  .account = SLICE("A") },
		{ .name = S("plain"), .pass = S("pw") },
	};
	struct auth *a = make(&(struct auth_config){ .users = with_keys,
		.n_users = 2 }, NULL);
	struct { const char *why; struct slice nkey, sig, nonce; bool ok; } t[] = {
		{ "right", slice_str(alice.text),
		  sign(&alice, SLICE(NONCE), right), S(NONCE), true },
		{ "another nonce", slice_str(alice.text),
		  sign(&alice, SLICE("x"), other), S(NONCE), false },
		{ "another's signature", slice_str(alice.text),
		  sign(&bob, SLICE(NONCE), of_bob), S(NONCE), false },
		{ "unknown key", slice_str(bob.text), slice_str(of_bob),
		  S(NONCE), false },
		{ "no signature", slice_str(alice.text), S(""), S(NONCE), false },
		{ "no nonce was given", slice_str(alice.text),
		  slice_str(right), S(""), false },
		{ "a user's name", S("plain"), slice_str(right), S(NONCE), false },
	};

	CHECK(auth_wants_nonce(a));
	for (size_t i = 0; i < N_OF(t); i++) {
		struct auth_answer  out;
		struct auth_request req = { .nkey = t[i].nkey, .sig = t[i].sig,
			.nonce = t[i].nonce };

		CHECK_INT(auth_check(a, &req, &out, NULL),
		    t[i].ok ? AUTH_OK : AUTH_REFUSED, "%s", t[i].why);
		if (t[i].ok) {
			CHECK_SLICE(out.who->user, slice_str(alice.text));
			CHECK_SLICE(out.who->account, SLICE("A"));
		}
		auth_answer_fini(&out);
	}
	auth_unref(a);
}

TEST(a_key_is_no_user_and_a_user_no_key)
{
	struct key         alice = make_key(NKEY_USER, 1);
	struct auth_answer out;
	struct auth_user_config one[] = {
		{ .name = slice_str(alice.text), .is_nkey = true } };
	struct auth *a = make(&(struct auth_config){ .users = one,
		.n_users = 1 }, NULL);

	CHECK_INT(auth_check(a, &(struct auth_request){
	    .user = slice_str(alice.text) }, &out, NULL), AUTH_REFUSED);
	auth_answer_fini(&out);
	auth_unref(a);
}

TEST(a_trusted_proxy_signs_too)
{
	struct key   proxy = make_key(NKEY_ACCOUNT, 3);
	struct key   stranger = make_key(NKEY_ACCOUNT, 4);
	struct slice trusted = slice_str(proxy.text);
	char         good[96], bad[96];
	struct auth_user_config both[] = {
		{ .name = S("near"), .pass = S("pw") },
		{ .name = S("far"), .pass = S("pw"), .proxy_required = true },
	};
	struct auth *a = make(&(struct auth_config){ .users = both,
		.n_users = 2, .proxies = &trusted, .n_proxies = 1 }, NULL);
	struct { struct slice user, sig; bool ok; enum auth_why why; int proxy; }
	t[] = {
		{ S("near"), S(""), true, 0, -1 },
		{ S("near"), sign(&proxy, SLICE(NONCE), good), true, 0, 0 },
		{ S("far"), slice_str(good), true, 0, 0 },
		{ S("far"), S(""), false, AUTH_WHY_PROXY_REQUIRED, -1 },
		{ S("near"), sign(&stranger, SLICE(NONCE), bad), false,
		  AUTH_WHY_PROXY_NOT_TRUSTED, -1 },
	};

	CHECK(auth_wants_nonce(a));
	CHECK_SLICE(auth_proxy_key(a, 0), trusted);
	CHECK_INT(auth_proxy_key(a, -1).n, 0);
	for (size_t i = 0; i < N_OF(t); i++) {
		struct auth_answer  out;
		struct auth_request req = { .user = t[i].user,
			.pass = S("pw"), .proxy_sig = t[i].sig,
			.nonce = S(NONCE) };

		CHECK_INT(auth_check(a, &req, &out, NULL),
		    t[i].ok ? AUTH_OK : AUTH_REFUSED, "%zu", i);
		if (t[i].ok)
			CHECK_INT(out.proxy, t[i].proxy);
		else
			CHECK_INT(out.why, t[i].why);
		auth_answer_fini(&out);
	}
	auth_unref(a);
}

TEST(users_may_be_bound_to_ways_of_coming)
{
	struct auth_answer out;
	struct auth_user_config one[] = { { .name = S("leaf"), .pass = S("pw"),
		.connections = VIA_LEAFNODE } };
	struct auth *a = make(&(struct auth_config){ .users = one,
		.n_users = 1 }, NULL);
	struct auth_request req = { .user = S("leaf"), .pass = S("pw"),
		.via = VIA_STANDARD };

	CHECK_INT(auth_check(a, &req, &out, NULL), AUTH_REFUSED);
	auth_answer_fini(&out);
	req.via = VIA_LEAFNODE;
	CHECK_INT(auth_check(a, &req, &out, NULL), AUTH_OK);
	auth_answer_fini(&out);
	auth_unref(a);
}
