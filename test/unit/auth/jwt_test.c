/* jwt_test.c - the vectors of the specification, every field of every kind, and
 * a table of tokens that must not pass, most of which once did somewhere.
 * Spec: core protocol 4.4, Appendix C.2; advisories by their number. */
#include "auth/jwt.h"

#include "base/clock.h"
#include "base/err.h"
#include "tokens.h"

static const char operator_token[] =
	"eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJpYXQiOjE3OTUyMTk2NzksI"
	"mlzcyI6Ik9BQjJDQjU3NlBIQkJQUTVPRE9SUloyTFlDTVdQWkdXR0NOMktESzdEWE9JTVpBU"
	"0tVWTNRWlZUIiwic3ViIjoiT0FCMkNCNTc2UEhCQlBRNU9ET1JSWjJMWUNNV1BaR1dHQ04yS"
	"0RLN0RYT0lNWkFTS1VZM1FaVlQiLCJuYXRzIjp7InN5c3RlbV9hY2NvdW50IjoiQURXVVNLR"
	"0dGREk0RlJYSzVFQlRSRUNaU1ZRU1NXSkhISk9HSDZKV0czQVVNRkZNUTQzNUQ2SEQiLCJ0e"
	"XBlIjoib3BlcmF0b3IiLCJ2ZXJzaW9uIjoyfSwibmFtZSI6Ik9QIiwianRpIjoiNUlOV1ZQQ"
	"1NLNkNZRjRMQzNUMjVSUk1FQlI0SFFKQlRBMkFIMlZNU0U0V1pYWTdGRFpEQSJ9.g9KIBe_g"
	"ZDNYuCrSFP2InR5O0K2EDFFBU9Dqt9QWFGoOVJ-3RE_Yn7RKd1H-3fNYtJe0_geULKlmfeDf"
	"aq7ZDg";
static const char account_token[] =
	"eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJpYXQiOjE3OTUyMTk2NzksI"
	"mlzcyI6Ik9BQjJDQjU3NlBIQkJQUTVPRE9SUloyTFlDTVdQWkdXR0NOMktESzdEWE9JTVpBU"
	"0tVWTNRWlZUIiwic3ViIjoiQUNGSVJZNjVPUUU3REZQNUtMTlMyUEYyTFZaTVVaWUpYNE9aS"
	"UVRMzZOMklRQU5VQjVYVllZT1UiLCJuYXRzIjp7ImxpbWl0cyI6eyJzdWJzIjotMSwiZGF0Y"
	"SI6LTEsInBheWxvYWQiOi0xLCJpbXBvcnRzIjotMSwiZXhwb3J0cyI6LTEsIndpbGRjYXJkc"
	"yI6dHJ1ZSwiY29ubiI6LTEsImxlYWYiOi0xfSwiZGVmYXVsdF9wZXJtaXNzaW9ucyI6eyJwd"
	"WIiOnt9LCJzdWIiOnt9fSwidHlwZSI6ImFjY291bnQiLCJ2ZXJzaW9uIjoyfSwibmFtZSI6I"
	"kFDQyIsImp0aSI6IkRWR1I2NUtSR1ZOWjNIV0szN0pQTlI0RjNNWTdUS0tGRFVTQUVMS08yV"
	"EJYRUhDSUxISVEifQ.mFPcEF1QKWdUPPwhUfv9NGg88uuUnuuy5pEhiiSlxF2OzrE_2e3pl2"
	"LNyRNsadXo7azUdiUDsdlkJ9KOqC6jAA";
static const char user_token[] =
	"eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJpYXQiOjE3OTUyMTk2NzksI"
	"mlzcyI6IkFDRklSWTY1T1FFN0RGUDVLTE5TMlBGMkxWWk1VWllKWDRPWklFUTM2TjJJUUFOV"
	"UI1WFZZWU9VIiwic3ViIjoiVUNBVFM1WU9WQjZST1gyV1VOS0dOUTJNUDNHTVhETUtTRzJPN"
	"E41Q0xYM0E2VzRQWkdaWkpQSk8iLCJuYXRzIjp7InB1YiI6eyJkZW55IjpbIngiXX0sInN1Y"
	"iI6e30sInN1YnMiOi0xLCJkYXRhIjotMSwicGF5bG9hZCI6LTEsInR5cGUiOiJ1c2VyIiwid"
	"mVyc2lvbiI6Mn0sIm5hbWUiOiJib2IiLCJqdGkiOiJYTVMzWDNJM0I1UkRKTUJVVkhRS003N"
	"ExVSERXNzJXRlFPV0RHVEVDSTVOWDU3U0lZRlJBIn0.oDluAw-kzGkqaCxqP2N6arONZSNnB"
	"6pTcJH46SsCKIxrKTGygujSrAlft7J7D45P7ODtxVgWETttjpDokDyMBw";

#define HEADER    "{\"typ\":\"JWT\",\"alg\":\"ed25519-nkey\"}"
#define HEADER_V1 "{\"typ\":\"jwt\",\"alg\":\"ED25519\"}"

static struct who op, acc, user, other, signer, server;

__attribute__((constructor)) static void make_people(void)
{
	op = who(NKEY_OPERATOR, 11);
	acc = who(NKEY_ACCOUNT, 12);
	user = who(NKEY_USER, 13);
	other = who(NKEY_ACCOUNT, 14);
	signer = who(NKEY_ACCOUNT, 15);
	server = who(NKEY_SERVER, 16);
}

/* ---- vectors -------------------------------------------------------------- */

TEST(the_chain_of_the_specification_decodes)
{
	struct jwt *o = decoded(operator_token), *a = decoded(account_token);
	struct jwt *u = decoded(user_token);

	CHECK_INT(o->kind, JWT_OPERATOR);
	CHECK_SLICE(o->name, SLICE("OP"));
	CHECK_SLICE(nkey_text(&o->operator.system_account), SLICE(
	    "ADWUSKGGFDI4FRXK5EBTRECZSVQSSWJHHJOGH6JWG3AUMFFMQ435D6HD"));
	CHECK(nkey_eq(&o->issuer, &o->subject));
	CHECK(!o->operator.is_strict);

	CHECK_INT(a->kind, JWT_ACCOUNT);
	CHECK(nkey_eq(&a->issuer, &o->subject));
	CHECK_INT(a->account.limits.subs, -1);
	CHECK_INT(a->account.limits.leafs, -1);
	CHECK(a->account.limits.allows_wildcards);
	CHECK_INT(a->account.n_imports + a->account.n_exports, 0);
	CHECK_INT(a->issued_s, 1795219679);
	CHECK_INT(a->expires_s, 0);
	CHECK_INT(jwt_expires_ns(a), INT64_MAX);

	CHECK_INT(u->kind, JWT_USER);
	CHECK(nkey_eq(&u->issuer, &a->subject));
	CHECK_SLICE(u->name, SLICE("bob"));
	CHECK_INT(u->user.limits.permissions.publish_deny.n, 1);
	CHECK_SLICE(u->user.limits.permissions.publish_deny.items[0],
	    SLICE("x"));
	CHECK(!u->user.limits.permissions.publish_allow.is_set);
	CHECK(!u->user.issuer_account.is_set);
	CHECK_SLICE(u->token, slice_str(user_token));
	CHECK(jwt_ref(u) == u);
	jwt_unref(u);
	jwt_unref(u);
	jwt_unref(a);
	jwt_unref(o);
	jwt_unref(NULL);
}

static int err_of(const char *token, size_t n)
{
	struct jwt *t = NULL;
	const char *why = NULL;
	int         err = jwt_decode(slice_of(token, n), &t, &why);

	CHECK(err == 0 ? t != NULL : t == NULL && why != NULL);
	jwt_unref(t);
	return err;
}

TEST(a_token_that_was_touched_is_refused)
{
	char   text[sizeof user_token];
	size_t n = sizeof user_token - 1;

	for (size_t i = 0; i < n; i++) {
		memcpy(text, user_token, sizeof text);
		text[i] = text[i] == 'A' ? 'B' : 'A';
		CHECK_INT(err_of(text, n), ERR_SYNTAX, "byte %zu", i);
	}
}

TEST(a_token_that_was_cut_is_refused)
{
	for (size_t n = 0; n < sizeof user_token - 1; n++)
		CHECK_INT(err_of(user_token, n), ERR_SYNTAX, "%zu", n);
}

/* ---- what must not pass ------------------------------------------------------ */

static const char *claims(const struct who *by, const char *sub,
    const char *rest)
{
	return text_of("{\"iat\":1,\"iss\":\"%s\",\"sub\":\"%s\",%s}",
	    by->key.text, sub, rest);
}

static const char *user_claims(const char *nats)
{
	return claims(&acc, user.key.text, text_of("\"nats\":{\"type\":\"user\","
	    "\"version\":2%s%s}", *nats != '\0' ? "," : "", nats));
}

static const char *account_claims(const char *nats)
{
	return claims(&op, acc.key.text, text_of("\"nats\":{\"type\":\"account\","
	    "\"version\":2%s%s}", *nats != '\0' ? "," : "", nats));
}

static int decode_raw(const struct who *by, const char *header,
    const char *text)
{
	const char *t = token_raw(by, header, text, false);

	return err_of(t, strlen(t));
}

TEST(headers_name_what_we_can_check)
{
	static const struct { const char *why, *header; int err; } t[] = {
		{ "as written today", HEADER, 0 },
		{ "any case, more members", "{\"x\":1,\"typ\":\"jWt\",\"ALG\":\"Ed25519-NKEY\"}", 0 },
		{ "the old name", "{\"typ\":\"JWT\",\"alg\":\"ed25519\"}", 0 },
		{ "none", "{\"typ\":\"JWT\",\"alg\":\"none\"}", ERR_SYNTAX },
		{ "a key shared", "{\"typ\":\"JWT\",\"alg\":\"HS256\"}", ERR_SYNTAX },
		{ "longer than the name", "{\"typ\":\"JWT\",\"alg\":\"ed25519-nkey2\"}", ERR_SYNTAX },
		{ "no algorithm", "{\"typ\":\"JWT\"}", ERR_SYNTAX },
		{ "null", "{\"typ\":\"JWT\",\"alg\":null}", ERR_SYNTAX },
		{ "a number", "{\"typ\":\"JWT\",\"alg\":7}", ERR_SYNTAX },
		{ "another type", "{\"typ\":\"JWE\",\"alg\":\"ed25519-nkey\"}", ERR_SYNTAX },
		{ "no object", "[]", ERR_SYNTAX },
		{ "no JSON", "eyJ", ERR_SYNTAX },
		{ "nothing", "", ERR_SYNTAX },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_INT(decode_raw(&acc, t[i].header, user_claims("")),
		    t[i].err, "%s", t[i].why);
}

TEST(only_the_right_kind_of_key_issues_a_token)
{
	const struct who *people[] = { &op, &acc, &user, &server };
	static const struct {
		const char *type;
		const char *subject;	/* filled in below */
		const char *issuers;	/* one letter for each that may */
	} t[] = {
		{ "operator", "O", "O" }, { "account", "A", "OA" }, { "user", "U", "A" },
		{ "activation", "A", "OA" }, { "authorization_request", "A", "N" },
		{ "authorization_response", "U", "A" }, { "anything", "A", "OAUN" },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		for (size_t p = 0; p < N_OF(people); p++) {
			const char *sub = t[i].subject[0] == 'O' ? op.key.text :
			    t[i].subject[0] == 'A' ? acc.key.text : user.key.text;
			const char *text = claims(people[p], sub, text_of(
			    "\"nats\":{\"type\":\"%s\",\"version\":2}", t[i].type));
			bool        may = strchr(t[i].issuers,
			    people[p]->key.text[0]) != NULL;

			CHECK_INT(decode_raw(people[p], HEADER, text),
			    may ? 0 : ERR_SYNTAX, "%s by %c", t[i].type,
			    people[p]->key.text[0]);
		}
}

TEST(a_subject_is_a_key_of_its_kind)
{
	static const char *const types[] = { "operator", "account", "user", "activation",
		"authorization_response" };

	for (size_t i = 0; i < N_OF(types); i++) {
		const struct who *by = i == 0 ? &op : &acc;
		const char       *rest = text_of("\"nats\":{\"type\":\"%s\",\"version\":2}",
		    types[i]);

		CHECK_INT(decode_raw(by, HEADER, claims(by, server.key.text, rest)),
		    ERR_SYNTAX, "%s", types[i]);
		CHECK_INT(decode_raw(by, HEADER, claims(by, "", rest)), ERR_SYNTAX);
		CHECK_INT(decode_raw(by, HEADER, claims(by, "me", rest)), ERR_SYNTAX);
	}
}

TEST(somebody_elses_signature_is_refused)
{
	const char *t = token_raw(&other, HEADER, user_claims(""), false);

	CHECK_INT(err_of(t, strlen(t)), ERR_SYNTAX);
	t = token_raw(&acc, HEADER, user_claims(""), true);
	CHECK_INT(err_of(t, strlen(t)), ERR_SYNTAX, "version 1's way of signing");
}

/* 2026-23: an Ed25519 key that was too short took the server down. */
TEST(a_short_issuer_is_refused)
{
	char text[1024];

	for (size_t n = 0; n < NKEY_PUBLIC_CHARS; n++) {
		snprintf(text, sizeof text, "{\"iss\":\"%.*s\",\"sub\":\"%s\",\"nats\":"
		    "{\"type\":\"user\",\"version\":2}}", (int)n, acc.key.text, user.key.text);
		CHECK_INT(decode_raw(&acc, HEADER, text), ERR_SYNTAX, "%zu", n);
	}
	CHECK_INT(decode_raw(&acc, HEADER, "{\"iss\":\"AA\"}"), ERR_SYNTAX);
	CHECK_INT(decode_raw(&acc, HEADER, "{}"), ERR_SYNTAX);
}

/* CVE-2020-26521: what was null, missing or of another type took it down. */
TEST(wrong_types_and_nulls_are_no_claims)
{
	static const struct { const char *nats; int err; } t[] = {
		{ "\"imports\":null,\"exports\":null,\"limits\":null,\"signing_keys\":null", 0 },
		{ "\"default_permissions\":null,\"mappings\":null,\"authorization\":null", 0 },
		{ "\"trace\":null,\"revocations\":null,\"tags\":null", 0 },
		{ "\"imports\":[null]", ERR_SYNTAX },
		{ "\"exports\":[null]", ERR_SYNTAX },
		{ "\"imports\":[7]", ERR_SYNTAX },
		{ "\"imports\":{}", ERR_SYNTAX },
		{ "\"imports\":[{\"account\":\"AA\"}]", ERR_SYNTAX },
		{ "\"imports\":[{\"type\":\"queue\"}]", ERR_SYNTAX },
		{ "\"exports\":[{\"response_type\":\"Single\"}]", ERR_SYNTAX },
		{ "\"exports\":[{\"account_token_position\":-1}]", ERR_SYNTAX },
		{ "\"exports\":[{\"service_latency\":{\"sampling\":\"all\"}}]", ERR_SYNTAX },
		{ "\"exports\":[{\"revocations\":{\"*\":\"now\"}}]", ERR_SYNTAX },
		{ "\"signing_keys\":[null]", ERR_SYNTAX },
		{ "\"signing_keys\":[\"\"]", ERR_SYNTAX },
		{ "\"signing_keys\":[\"AB\"]", ERR_SYNTAX },
		{ "\"signing_keys\":[{}]", ERR_SYNTAX },
		{ "\"signing_keys\":[{\"kind\":\"user_scope\"}]", ERR_SYNTAX },
		{ "\"signing_keys\":[{\"kind\":\"role\"}]", ERR_SYNTAX },
		{ "\"limits\":7", ERR_SYNTAX },
		{ "\"limits\":{\"subs\":\"1\"}", ERR_SYNTAX },
		{ "\"limits\":{\"subs\":1.5}", ERR_SYNTAX },
		{ "\"limits\":{\"subs\":9223372036854775807}", 0 },
		{ "\"limits\":{\"subs\":9223372036854775808}", ERR_SYNTAX },
		{ "\"limits\":{\"tiered_limits\":{\"R1\":7}}", ERR_SYNTAX },
		{ "\"mappings\":{\"a\":[{\"subject\":\"b\",\"weight\":256}]}", ERR_SYNTAX },
		{ "\"mappings\":{\"a\":[{\"subject\":\"b\",\"weight\":-1}]}", ERR_SYNTAX },
		{ "\"mappings\":{\"a\":7}", ERR_SYNTAX },
		{ "\"mappings\":{\"a\":[null]}", ERR_SYNTAX },
		{ "\"authorization\":{\"auth_users\":[\"bob\"]}", ERR_SYNTAX },
		{ "\"authorization\":{\"allowed_accounts\":[\"*\",\"x\"]}", ERR_SYNTAX },
		{ "\"authorization\":{\"xkey\":\"X\"}", ERR_SYNTAX },
		{ "\"default_permissions\":{\"pub\":[]}", ERR_SYNTAX },
		{ "\"default_permissions\":{\"pub\":{\"allow\":\"x\"}}", ERR_SYNTAX },
		{ "\"default_permissions\":{\"pub\":{\"allow\":[null]}}", ERR_SYNTAX },
		{ "\"revocations\":[]", ERR_SYNTAX },
		{ "\"tags\":[1]", ERR_SYNTAX },
		{ "\"unknown\":{\"a\":[1,2,{}]}", 0 },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_INT(decode_raw(&op, HEADER, account_claims(t[i].nats)),
		    t[i].err, "%s", t[i].nats);
}

TEST(envelopes_are_checked_too)
{
	static const struct { const char *rest; int err; } t[] = {
		{ "\"nats\":{\"type\":\"user\",\"version\":2}", 0 },
		{ "\"nats\":{\"type\":\"user\",\"version\":3}", ERR_SYNTAX },
		{ "\"nats\":{\"type\":\"user\",\"version\":\"2\"}", ERR_SYNTAX },
		{ "\"nats\":{\"type\":\"user\"}", ERR_SYNTAX },
		{ "\"nats\":{\"type\":\"user\",\"version\":-1}", ERR_SYNTAX },
		{ "\"nats\":{\"type\":\"cluster\",\"version\":2}", ERR_SYNTAX },
		{ "\"nats\":{\"type\":\"server\",\"version\":2}", ERR_SYNTAX },
		{ "\"nats\":[]", ERR_SYNTAX },
		{ "\"exp\":\"never\",\"nats\":{\"type\":\"user\",\"version\":2}", ERR_SYNTAX },
		{ "\"exp\":1e30,\"nats\":{\"type\":\"user\",\"version\":2}", ERR_SYNTAX },
		{ "\"name\":7,\"nats\":{\"type\":\"user\",\"version\":2}", ERR_SYNTAX },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_INT(decode_raw(&acc, HEADER, claims(&acc, user.key.text,
		    t[i].rest)), t[i].err, "%s", t[i].rest);
}

TEST(lists_are_bounded)
{
	struct buf  b = { 0 };
	const char *t;

	for (size_t i = 0; i <= JWT_ITEMS_MAX; i++) {
		buf_put_str(&b, i == 0 ? "\"imports\":[{}" : ",{}");
		if (i + 1 == JWT_ITEMS_MAX) {
			t = account_claims(text_of("%.*s]", SLICE_ARG(buf_slice(&b))));
			CHECK_INT(decode_raw(&op, HEADER, t), 0);
		}
	}
	buf_put_char(&b, ']');
	t = account_claims(token_keep(&b));
	CHECK_INT(decode_raw(&op, HEADER, t), ERR_SYNTAX);
}

TEST(tokens_are_at_most_a_mebibyte)
{
	char *big = malloc(JWT_BYTES_MAX + 1);

	memset(big, 'e', JWT_BYTES_MAX + 1);
	big[10] = big[20] = '.';
	CHECK_INT(err_of(big, JWT_BYTES_MAX + 1), ERR_SYNTAX);
	CHECK_INT(err_of(big, JWT_BYTES_MAX), ERR_SYNTAX);
	free(big);
}

/* ---- all fields ------------------------------------------------------------------ */

TEST(an_account_says_all_it_has_to_say)
{
	const char *text = text_of("{\"type\":\"account\",\"version\":2,\"tags\":[\"a:b\"],"
	    "\"imports\":[{\"name\":\"i\",\"subject\":\"s.>\",\"account\":\"%s\",\"token\":\"t\","
	    "\"to\":\"p\",\"local_subject\":\"l.>\",\"type\":\"service\",\"share\":true,"
	    "\"allow_trace\":true}],"
	    "\"exports\":[{\"name\":\"e\",\"subject\":\"q.*\",\"type\":\"service\",\"token_req\":true,"
	    "\"revocations\":{\"%s\":7,\"*\":5},\"response_type\":\"Chunked\","
	    "\"response_threshold\":9,\"service_latency\":{\"sampling\":\"Headers\",\"results\":\"r\"},"
	    "\"account_token_position\":2,\"advertise\":true,\"allow_trace\":true,"
	    "\"description\":\"d\",\"info_url\":\"u\"},{\"subject\":\"z\",\"type\":\"stream\","
	    "\"service_latency\":{\"sampling\":60}}],"
	    "\"limits\":{\"subs\":1,\"data\":2,\"payload\":3,\"imports\":4,\"exports\":5,"
	    "\"wildcards\":true,\"disallow_bearer\":true,\"conn\":6,\"leaf\":7,\"mem_storage\":8,"
	    "\"disk_storage\":9,\"streams\":10,\"consumer\":11,\"max_ack_pending\":12,"
	    "\"mem_max_stream_bytes\":13,\"disk_max_stream_bytes\":14,\"max_bytes_required\":true},"
	    "\"signing_keys\":[\"%s\",{\"kind\":\"user_scope\",\"key\":\"%s\",\"role\":\"ro\","
	    "\"description\":\"de\",\"template\":{\"pub\":{\"allow\":[\"p\"]},\"subs\":3,"
	    "\"bearer_token\":true}}],"
	    "\"default_permissions\":{\"sub\":{\"deny\":[\"n q\"]},\"resp\":{\"max\":3,\"ttl\":4}},"
	    "\"mappings\":{\"m\":[{\"subject\":\"n\",\"weight\":40,\"cluster\":\"c\"},{\"subject\":\"o\"}]},"
	    "\"authorization\":{\"auth_users\":[\"%s\"],\"allowed_accounts\":[\"%s\"],\"xkey\":\"%s\"},"
	    "\"trace\":{\"dest\":\"tr\",\"sampling\":50},\"cluster_traffic\":\"owner\","
	    "\"description\":\"D\",\"info_url\":\"U\"}",
	    other.key.text, acc.key.text, other.key.text, signer.key.text, user.key.text,
	    other.key.text, who(NKEY_CURVE, 3).key.text);
	struct jwt               *t = decoded(token(&op, &acc, text));
	const struct jwt_account *a = &t->account;
	const struct jwt_import  *i = a->imports;
	const struct jwt_export  *e = a->exports;
	const struct jwt_signing_key *sk = jwt_signing_key(t, &signer.key);

	CHECK_INT(a->n_imports, 1);
	CHECK(nkey_eq(&i->account, &other.key));
	CHECK_SLICE(i->token, SLICE("t"));
	CHECK_SLICE(i->local_subject, SLICE("l.>"));
	CHECK_SLICE(i->to, SLICE("p"));
	CHECK(i->kind == JWT_SERVICE && i->shares && i->allows_trace);

	CHECK_INT(a->n_exports, 2);
	CHECK(e->kind == JWT_SERVICE && e->needs_token && e->is_advertised);
	CHECK(e->has_response && e->response == JWT_CHUNKED);
	CHECK_INT(e->response_threshold_ns, 9);
	CHECK_INT(e->account_token_position, 2);
	CHECK(e->has_latency && e->latency_sampling == 0);
	CHECK_SLICE(e->latency_results, SLICE("r"));
	CHECK(jwt_is_revoked(&e->revocations, nkey_text(&acc.key), 7));
	CHECK(!jwt_is_revoked(&e->revocations, nkey_text(&acc.key), 8));
	CHECK(jwt_is_revoked(&e->revocations, SLICE("anybody"), 5));
	CHECK(!jwt_is_revoked(&e->revocations, SLICE("anybody"), 6));
	CHECK(e[1].kind == JWT_STREAM && e[1].latency_sampling == 60);

	CHECK(a->limits.subs == 1 && a->limits.data == 2 && a->limits.payload == 3);
	CHECK(a->limits.imports == 4 && a->limits.exports == 5);
	CHECK(a->limits.conns == 6 && a->limits.leafs == 7);
	CHECK(a->limits.allows_wildcards && a->limits.disallows_bearer);
	CHECK(a->limits.storage.memory == 8 && a->limits.storage.disk == 9);
	CHECK(a->limits.storage.streams == 10 && a->limits.storage.consumers == 11);
	CHECK_INT(a->limits.storage.max_ack_pending, 12);
	CHECK_INT(a->limits.storage.memory_stream_bytes_max, 13);
	CHECK_INT(a->limits.storage.disk_stream_bytes_max, 14);
	CHECK(a->limits.storage.needs_max_bytes);

	CHECK_INT(a->n_signing_keys, 2);
	CHECK(jwt_signing_key(t, &other.key)->scope == NULL);
	CHECK(jwt_signing_key(t, &acc.key) == NULL);
	CHECK(sk != NULL && sk->scope != NULL);
	CHECK_SLICE(sk->role, SLICE("ro"));
	CHECK_SLICE(sk->scope->permissions.publish_allow.items[0], SLICE("p"));
	CHECK(sk->scope->subs == 3 && sk->scope->data == JWT_NO_LIMIT);
	CHECK(sk->scope->is_bearer);

	CHECK(a->default_permissions.allows_responses);
	CHECK_INT(a->default_permissions.responses_max, 3);
	CHECK_INT(a->default_permissions.responses_ttl_ns, 4);
	CHECK_SLICE(a->default_permissions.subscribe_deny.items[0], SLICE("n q"));
	CHECK_INT(a->n_mappings, 1);
	CHECK_SLICE(a->mappings->source, SLICE("m"));
	CHECK_INT(a->mappings->n_to, 2);
	CHECK_INT(a->mappings->to[0].weight, 40);
	CHECK_SLICE(a->mappings->to[0].cluster, SLICE("c"));
	CHECK(a->mappings->to[1].weight == 100 && !a->mappings->to[1].has_weight);

	CHECK(jwt_has_callout(t) && jwt_skips_callout(t, &user.key));
	CHECK(!jwt_skips_callout(t, &acc.key));
	CHECK(jwt_callout_may_place(t, &acc.key) && jwt_callout_may_place(t, &other.key));
	CHECK(!jwt_callout_may_place(t, &signer.key));
	CHECK_INT(a->xkey.kind, NKEY_CURVE);
	CHECK(a->has_trace && a->trace_sampling == 50);
	CHECK_SLICE(a->trace_dest, SLICE("tr"));
	CHECK_SLICE(a->cluster_traffic, SLICE("owner"));
	CHECK_SLICE(t->tags.items[0], SLICE("a:b"));
	jwt_unref(t);
}

TEST(tiers_replace_the_other_storage_limits)
{
	struct jwt *t = decoded(token(&op, &acc, "{\"type\":\"account\",\"version\":2,\"limits\":"
	    "{\"mem_storage\":5,\"tiered_limits\":{\"R3\":{\"disk_storage\":6},\"R1\":{}}}}"));

	CHECK_INT(t->account.limits.storage.memory, 0);
	CHECK_INT(t->account.limits.n_tiers, 2);
	CHECK_SLICE(t->account.limits.tiers[0].name, SLICE("R3"));
	CHECK_INT(t->account.limits.tiers[0].limits.disk, 6);
	jwt_unref(t);
}

TEST(a_user_says_all_it_has_to_say)
{
	struct jwt *t = decoded(token(&acc, &user, text_of("{\"type\":\"user\",\"version\":2,"
	    "\"pub\":{\"allow\":[],\"deny\":[\"d\"]},\"sub\":{\"allow\":[\"s q\"]},"
	    "\"src\":\" 10.0.0.0/8 ,, ::1/128\",\"times\":[{\"start\":\"08:00:00\","
	    "\"end\":\"17:00:00\"}],\"times_location\":\"Europe/Berlin\",\"subs\":5,\"payload\":6,"
	    "\"bearer_token\":true,\"proxy_required\":true,"
	    "\"allowed_connection_types\":[\"MQTT\"],\"issuer_account\":\"%s\"}",
	    other.key.text)));
	const struct jwt_user_limits *l = &t->user.limits;

	CHECK(l->permissions.publish_allow.is_set && l->permissions.publish_allow.n == 0);
	CHECK_INT(l->src.n, 2);
	CHECK_SLICE(l->src.items[0], SLICE("10.0.0.0/8"));
	CHECK_SLICE(l->src.items[1], SLICE("::1/128"));
	CHECK_INT(l->n_hours, 1);
	CHECK_SLICE(l->hours->end, SLICE("17:00:00"));
	CHECK_SLICE(l->location, SLICE("Europe/Berlin"));
	CHECK(l->subs == 5 && l->payload == 6 && l->data == JWT_ABSENT);
	CHECK(l->is_bearer && l->needs_proxy && l->connection_types.n == 1);
	CHECK(nkey_eq(&t->user.issuer_account, &other.key));
	jwt_unref(t);
}

TEST(version_1_is_read_as_if_it_were_2)
{
	const char *text = claims(&acc, user.key.text, text_of("\"type\":\"user\",\"tags\":[\"t\"],"
	    "\"issuer_account\":\"%s\",\"nats\":{\"pub\":{\"allow\":[\"a\"]},\"max\":3,"
	    "\"src\":\"1.2.3.4/32\"}", other.key.text));
	struct jwt *t = decoded(token_raw(&acc, HEADER_V1, text, true));

	CHECK_INT(t->version, 1);
	CHECK_INT(t->kind, JWT_USER);
	CHECK_INT(t->user.limits.subs, JWT_NO_LIMIT, "and not 0");
	CHECK(nkey_eq(&t->user.issuer_account, &other.key));
	CHECK_SLICE(t->tags.items[0], SLICE("t"));
	jwt_unref(t);
	CHECK_INT(decode_raw(&acc, HEADER_V1, text), ERR_SYNTAX, "signed as version 2");

	text = claims(&acc, other.key.text, "\"type\":\"activation\",\"nats\":"
	    "{\"subject\":\"a.>\",\"type\":\"service\"}");
	t = decoded(token_raw(&acc, HEADER_V1, text, true));
	CHECK_INT(t->kind, JWT_ACTIVATION);
	CHECK_INT(t->activation.kind, JWT_SERVICE);
	CHECK_SLICE(t->activation.subject, SLICE("a.>"));
	jwt_unref(t);

	text = claims(&op, acc.key.text, text_of("\"type\":\"account\",\"nats\":{\"limits\":"
	    "{\"conn\":5,\"mem_storage\":9},\"signing_keys\":[\"%s\"]}", other.key.text));
	t = decoded(token_raw(&op, HEADER_V1, text, true));
	CHECK_INT(t->account.limits.conns, 5);
	CHECK_INT(t->account.limits.storage.memory, 0);
	CHECK(jwt_signing_key(t, &other.key) != NULL);
	jwt_unref(t);
}

TEST(an_order_to_delete_names_keys)
{
	const char *text = text_of("{\"accounts\":[\"%s\",\"%s\"]}", acc.key.text, other.key.text);
	struct jwt *t = decoded(token(&op, &op, text));

	CHECK_INT(t->kind, JWT_GENERIC);
	CHECK(t->generic.has_accounts);
	CHECK_INT(t->generic.accounts.n, 2);
	CHECK(nkey_eq(&t->generic.accounts.items[1], &other.key));
	jwt_unref(t);
	/* CVE-2022-28357: such an id became a path */
	t = decoded(token(&op, &op, "{\"accounts\":[\"../../etc/passwd\"]}"));
	CHECK(!t->generic.has_accounts, "no order at all");
	jwt_unref(t);
	t = decoded(token(&op, &op, text_of("{\"accounts\":[\"%s\"]}",
	    user.key.text)));
	CHECK(!t->generic.has_accounts);
	jwt_unref(t);
}

TEST(an_answer_of_a_callout_is_read)
{
	struct jwt *t = decoded(token(&acc, &user, text_of("{\"type\":\"authorization_response\","
	    "\"version\":2,\"jwt\":\"j\",\"error\":\"e\",\"issuer_account\":\"%s\"}", other.key.text)));

	CHECK_INT(t->kind, JWT_AUTH_RESPONSE);
	CHECK_SLICE(t->response.jwt, SLICE("j"));
	CHECK_SLICE(t->response.error, SLICE("e"));
	CHECK(nkey_eq(&t->response.issuer_account, &other.key));
	jwt_unref(t);
}

/* ---- time ----------------------------------------------------------------------------- */

/* CVE-2020-26892: what had expired was let in. */
TEST(time_decides)
{
	static const struct { int64_t exp, nbf, now_s; bool expired, early; } t[] = {
		{ 0, 0, 1, false, false },      { 100, 0, 99, false, false },
		{ 100, 0, 100, true, false },   { 100, 0, 101, true, false },
		{ -1, 0, 0, true, false },      { 0, 100, 99, false, true },
		{ 0, 100, 100, false, false },  { INT64_MAX, 0, 1, false, false },
		{ 0, INT64_MAX, 1, false, true }, { INT64_MIN + 1, 0, 1, true, false },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct jwt_head h = { .subject = nkey_text(&user.key), .expires_s = t[i].exp,
			.not_before_s = t[i].nbf, .issued_s = 1 };
		struct jwt *j = decoded(token_with(&acc, &h, "{\"type\":\"user\",\"version\":2}"));

		CHECK_INT(jwt_is_expired(j, t[i].now_s * NS_PER_S), t[i].expired, "%zu", i);
		CHECK_INT(jwt_is_early(j, t[i].now_s * NS_PER_S), t[i].early, "%zu", i);
		jwt_unref(j);
	}
}

/* ---- files ---------------------------------------------------------------------------- */

TEST(decorated_files_give_token_and_seed)
{
	static const char creds[] =
	    "-----BEGIN NATS USER JWT-----\r\neyJ0.e_-.sig\r\n------END NATS USER JWT------\r\n\r\n"
	    "************************* IMPORTANT *************************\n"
	    "NKEY Seed printed below can be used to sign and prove identity.\n\n"
	    "-----BEGIN USER NKEY SEED-----\n"
	    "SUAAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAT6EE\n"
	    "------END USER NKEY SEED------\n";

	CHECK_SLICE(jwt_find_in_text(slice_str(creds)), SLICE("eyJ0.e_-.sig"));
	CHECK_SLICE(jwt_find_seed_in_text(slice_str(creds)),
	    SLICE("SUAAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAT6EE"));
	CHECK_SLICE(jwt_find_in_text(SLICE(" \n eyJ.a.b \n\n")), SLICE("eyJ.a.b"));
	CHECK_SLICE(jwt_find_in_text(SLICE("------\n------\n")), SLICE("------\n------"));
	CHECK_INT(jwt_find_in_text(SLICE_NONE).n, 0);
	CHECK_INT(jwt_find_seed_in_text(SLICE("SUAAEAQC")).n, 0);
	CHECK_INT(jwt_find_seed_in_text(SLICE_NONE).n, 0);
}
