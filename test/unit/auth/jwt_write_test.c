/* jwt_write_test.c - what is written reads back, and its id is the one that
 * nats-server's library would give. */
#include "auth/jwt_write.h"

#include <sodium.h>

#include "base/json.h"
#include "tokens.h"

/* The claims of a token as text. */
static const char *claims_of(const char *token)
{
	const char *from = strchr(token, '.') + 1, *to = strchr(from, '.');
	char        text[8192];
	size_t      n;
	struct buf  b = { 0 };

	CHECK_INT(sodium_base642bin((unsigned char *)text, sizeof text, from,
	    (size_t)(to - from), NULL, &n, NULL,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING), 0);
	buf_put(&b, text, n);
	return token_keep(&b);
}

/* The id was computed with Python's hashlib.new("sha512_256") over
 * {"aud":"a","exp":9,"iat":1795219679,"iss":..,"name":"n","nbf":3,"sub":..}. */
TEST(claims_have_gos_order_and_id)
{
	struct who      op = who(NKEY_OPERATOR, 1), acc = who(NKEY_ACCOUNT, 1);
	struct jwt_head h = { .audience = SLICE("a"), .name = SLICE("n"),
		.subject = nkey_text(&acc.key), .issued_s = TOKEN_IAT, .expires_s = 9,
		.not_before_s = 3 };
	const char     *t = token_with(&op, &h, "{\"type\":\"account\",\"version\":2}");
	struct jwt     *j = decoded(t);

	CHECK_STR(claims_of(t), text_of("{\"aud\":\"a\",\"exp\":9,\"jti\":"
	    "\"UEZSLW554DFN2UDRVFMYDVURJWGEPNEILGDIB3FUDKDM6EOTRUMQ\","
	    "\"iat\":1795219679,\"iss\":\"%s\",\"name\":\"n\",\"nbf\":3,\"sub\":\"%s\","
	    "\"nats\":{\"type\":\"account\",\"version\":2}}", op.key.text, acc.key.text));
	CHECK_INT(j->kind, JWT_ACCOUNT);
	CHECK_INT(j->expires_s, 9);
	CHECK_INT(j->not_before_s, 3);
	CHECK_SLICE(j->audience, SLICE("a"));
	CHECK_INT(j->id.n, 52);
	jwt_unref(j);
}

TEST(a_request_to_a_callout_reads_back)
{
	struct who         server = who(NKEY_SERVER, 1), user = who(NKEY_USER, 2);
	struct who         acc = who(NKEY_ACCOUNT, 3);
	struct slice       tags[] = { SLICE("a"), SLICE("b") };
	struct slice       certs[] = { SLICE("PEM1"), SLICE("PEM2") };
	struct jwt_callout c = {
		.server_name = SLICE("S"), .server_host = SLICE("h"),
		.server_id = nkey_text(&server.key), .server_version = SLICE("2.15.1"),
		.server_tags = tags, .n_server_tags = 2,
		.user_nkey = nkey_text(&user.key), .client_host = SLICE("127.0.0.1"),
		.client_id = 7, .client_user = SLICE("joe"), .client_kind = SLICE("Client"),
		.client_type = SLICE("nats"), .client_nonce = SLICE("nn"),
		.user = SLICE("joe"), .pass = SLICE("secret <&>"), .sig = SLICE("sg"),
		.name = SLICE("app"), .protocol = 1, .has_tls = true,
		.tls_version = SLICE("1.3"), .certs = certs, .n_certs = 2,
		.is_verified = true,
	};
	struct jwt_head    h = { .audience = SLICE("nats-authorization-request"),
		.subject = nkey_text(&acc.key), .issued_s = TOKEN_IAT,
		.expires_s = TOKEN_IAT + 2 };
	struct buf         nats = { 0 };
	const char        *t;
	struct jwt        *j;

	jwt_put_callout(&c, &nats);
	t = token_with(&server, &h, token_keep(&nats));
	j = decoded(t);
	CHECK_INT(j->kind, JWT_AUTH_REQUEST);
	CHECK_SLICE(j->audience, SLICE("nats-authorization-request"));
	CHECK(nkey_eq(&j->request.server_id, &server.key));
	CHECK(nkey_eq(&j->request.user_nkey, &user.key));
	CHECK(!j->request.server_xkey.is_set);
	CHECK_SLICE(j->request.pass, SLICE("secret <&>"));
	CHECK_SLICE(j->request.client_kind, SLICE("Client"));
	CHECK_INT(j->request.client_id, 7);
	CHECK(strstr(claims_of(t), "\"server_id\":{\"name\":\"S\",\"host\":\"h\",\"id\":\"N") != NULL);
	CHECK(strstr(claims_of(t), "\"connect_opts\":{\"sig\":\"sg\",\"user\":\"joe\",") != NULL);
	CHECK(strstr(claims_of(t), "\"verified_chains\":[[\"PEM1\",\"PEM2\"]]") != NULL);
	CHECK(strstr(claims_of(t), "\"tags\":[\"a\",\"b\"]") != NULL);
	jwt_unref(j);
}

TEST(peers_without_tls_say_nothing_of_it)
{
	struct jwt_callout c = { 0 };
	struct buf         b = { 0 };

	jwt_put_callout(&c, &b);
	CHECK_SLICE(buf_slice(&b), SLICE("{\"server_id\":{\"name\":\"\",\"host\":\"\",\"id\":\"\"},"
	    "\"user_nkey\":\"\",\"client_info\":{},\"connect_opts\":{\"protocol\":0},"
	    "\"type\":\"authorization_request\",\"version\":2}"));
	buf_fini(&b);
}
