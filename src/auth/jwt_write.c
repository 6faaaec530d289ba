/* auth/jwt_write.c - JSON as Go's encoder orders it, base64url, a signature. */
#include "auth/jwt_write.h"

#include <sodium.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

enum { SHA_BYTES = 32 };

/* ---- the id ------------------------------------------------------------------ */

/* SHA-512/256 is SHA-512 from another start, cut off; libsodium has the former
 * only, but its state is in its header.  FIPS 180-4, 5.3.6.2. */
static void sha512_256(struct slice text, uint8_t out[SHA_BYTES])
{
	static const uint64_t start[8] = {
		0x22312194fc2bf72c, 0x9f555fa3c84c64c2, 0x2393b86b6f53b151,
		0x963877195940eabd, 0x96283ee2a88effe3, 0xbe5e1e2553863992,
		0x2b0199fc2c85b8aa, 0x0eb72ddc81c52ca2,
	};
	crypto_hash_sha512_state s;
	uint8_t                  whole[crypto_hash_sha512_BYTES];

	_Static_assert(sizeof s.state == sizeof start, "state");
	crypto_hash_sha512_init(&s);
	memcpy(s.state, start, sizeof start);
	crypto_hash_sha512_update(&s, (const uint8_t *)text.p, text.n);
	crypto_hash_sha512_final(&s, whole);
	memcpy(out, whole, SHA_BYTES);
}

/* Of the envelope alone, without the id itself. */
static void put_id(struct slice envelope, struct buf *out)
{
	uint8_t sha[SHA_BYTES];

	sha512_256(envelope, sha);
	text_put_base32(out, sha, sizeof sha);
}

/* ---- the token ----------------------------------------------------------------- */

static void put_text(struct json_writer *w, const char *key, struct slice s)
{
	if (s.n == 0)
		return;
	json_key(w, key);
	json_str(w, s);
}

static void put_number(struct json_writer *w, const char *key, int64_t v)
{
	if (v == 0)
		return;
	json_key(w, key);
	json_i64(w, v);
}

static void put_claims(const struct jwt_head *h, struct slice issuer,
    struct slice id, struct slice nats, struct buf *out)
{
	struct json_writer w;

	json_init(&w, out, 0);
	json_begin_object(&w);
	put_text(&w, "aud", h->audience);
	put_number(&w, "exp", h->expires_s);
	put_text(&w, "jti", id);
	put_number(&w, "iat", h->issued_s);
	put_text(&w, "iss", issuer);
	put_text(&w, "name", h->name);
	put_number(&w, "nbf", h->not_before_s);
	put_text(&w, "sub", h->subject);
	if (nats.n > 0) {
		json_key(&w, "nats");
		json_raw(&w, nats);
	}
	json_end_object(&w);
}

static void put_signed(struct slice claims, const struct jwt_signer *by,
    struct buf *token)
{
	struct slice header =
	    SLICE("{\"typ\":\"JWT\",\"alg\":\"ed25519-nkey\"}");
	uint8_t      sig[NKEY_SIG_BYTES];

	text_put_base64url(token, header.p, header.n);
	buf_put_char(token, '.');
	text_put_base64url(token, claims.p, claims.n);
	if (buf_failed(token))
		return;
	nkey_sign(by->secret, buf_slice(token), sig);
	buf_put_char(token, '.');
	text_put_base64url(token, sig, sizeof sig);
}

bool jwt_sign(const struct jwt_head *head, struct slice nats,
    const struct jwt_signer *by, struct buf *out)
{
	char       issuer[NKEY_PUBLIC_CHARS + 1];
	struct buf text = { 0 }, id = { 0 }, token = { 0 };
	bool       ok;

	nkey_put_public(by->kind, by->public_key, issuer);
	put_claims(head, slice_str(issuer), SLICE_NONE, SLICE_NONE, &text);
	put_id(buf_slice(&text), &id);
	buf_reset(&text);
	put_claims(head, slice_str(issuer), buf_slice(&id), nats, &text);
	ok = !buf_failed(&text) && !buf_failed(&id);
	if (ok)
		put_signed(buf_slice(&text), by, &token);
	ok = ok && !buf_failed(&token) && buf_reserve(out, token.n) != NULL;
	if (ok)
		buf_put_slice(out, buf_slice(&token));
	if (text.p != NULL)
		sodium_memzero(text.p, text.cap);	/* may hold a password */
	buf_fini(&text);
	buf_fini(&id);
	buf_fini(&token);
	return ok;
}

/* ---- the callout's request ------------------------------------------------------- */

static void put_list(struct json_writer *w, const char *key,
    const struct slice *items, size_t n)
{
	if (n == 0)
		return;
	json_key(w, key);
	json_begin_array(w);
	for (size_t i = 0; i < n; i++)
		json_str(w, items[i]);
	json_end_array(w);
}

/* Also when it is empty. */
static void put_always(struct json_writer *w, const char *key, struct slice s)
{
	json_key(w, key);
	json_str(w, s);
}

static void put_server(struct json_writer *w, const struct jwt_callout *c)
{
	json_key(w, "server_id");
	json_begin_object(w);
	put_always(w, "name", c->server_name);
	put_always(w, "host", c->server_host);
	put_always(w, "id", c->server_id);
	put_text(w, "version", c->server_version);
	put_text(w, "cluster", c->server_cluster);
	put_list(w, "tags", c->server_tags, c->n_server_tags);
	put_text(w, "xkey", c->server_xkey);
	json_end_object(w);
}

static void put_client(struct json_writer *w, const struct jwt_callout *c)
{
	json_key(w, "client_info");
	json_begin_object(w);
	put_text(w, "host", c->client_host);
	if (c->client_id != 0) {
		json_key(w, "id");
		json_u64(w, c->client_id);
	}
	put_text(w, "user", c->client_user);
	put_text(w, "name", c->client_name);
	put_list(w, "tags", c->client_tags, c->n_client_tags);
	put_text(w, "name_tag", c->client_name_tag);
	put_text(w, "kind", c->client_kind);
	put_text(w, "type", c->client_type);
	put_text(w, "mqtt_id", c->client_mqtt_id);
	put_text(w, "nonce", c->client_nonce);
	json_end_object(w);
}

static void put_connect(struct json_writer *w, const struct jwt_callout *c)
{
	json_key(w, "connect_opts");
	json_begin_object(w);
	put_text(w, "jwt", c->jwt);
	put_text(w, "nkey", c->nkey);
	put_text(w, "sig", c->sig);
	put_text(w, "auth_token", c->auth_token);
	put_text(w, "user", c->user);
	put_text(w, "pass", c->pass);
	put_text(w, "name", c->name);
	put_text(w, "lang", c->lang);
	put_text(w, "version", c->version);
	json_key(w, "protocol");
	json_i64(w, c->protocol);
	json_end_object(w);
}

static void put_tls(struct json_writer *w, const struct jwt_callout *c)
{
	json_key(w, "client_tls");
	json_begin_object(w);
	put_text(w, "version", c->tls_version);
	put_text(w, "cipher", c->tls_cipher);
	if (c->is_verified && c->n_certs > 0) {
		json_key(w, "verified_chains");
		json_begin_array(w);
		json_begin_array(w);
		for (size_t i = 0; i < c->n_certs; i++)
			json_str(w, c->certs[i]);
		json_end_array(w);
		json_end_array(w);
	} else {
		put_list(w, "certs", c->certs, c->n_certs);
	}
	json_end_object(w);
}

void jwt_put_callout(const struct jwt_callout *c, struct buf *out)
{
	struct json_writer w;

	json_init(&w, out, 0);
	json_begin_object(&w);
	put_server(&w, c);
	put_always(&w, "user_nkey", c->user_nkey);
	put_client(&w, c);
	put_connect(&w, c);
	if (c->has_tls)
		put_tls(&w, c);
	put_text(&w, "type", SLICE("authorization_request"));
	put_number(&w, "version", 2);
	json_end_object(&w);
}
