/* auth/jwt_write.h - claims to a signed token.
 *
 * A server issues one kind only, the request of an auth callout; anything else
 * is for tests and tools, who bring the "nats" object as JSON.
 * Spec: core protocol 4.4, 4.7.
 */
#ifndef AUTH_JWT_WRITE_H
#define AUTH_JWT_WRITE_H

#include "auth/nkey.h"
#include "base/slice.h"

struct buf;

/* Whoever signs.  Borrowed. */
struct jwt_signer {
	enum nkey_kind kind;
	const uint8_t *public_key;	/* NKEY_BYTES */
	const uint8_t *secret;		/* NKEY_SECRET_BYTES */
};

/* Texts may be empty and numbers 0: left out.  The issuer is the signer. */
struct jwt_head {
	struct slice audience, name, subject;
	int64_t      issued_s, expires_s, not_before_s;
};

/* Appends a token of version 2.  nats is its JSON object.  False, and nothing
 * appended: out of memory. */
bool jwt_sign(const struct jwt_head *head, struct slice nats,
    const struct jwt_signer *by, struct buf *out);

/* What a callout service is told; empty texts are left out, where nats-server
 * does so.  TLS texts are PEM. */
struct jwt_callout {
	struct slice server_name, server_host, server_version, server_cluster;
	struct slice server_xkey;
	const struct slice *server_tags;
	size_t       n_server_tags;
	struct slice server_id, user_nkey;
	struct slice client_host, client_user, client_name, client_name_tag;
	struct slice client_type, client_mqtt_id, client_nonce, client_kind;
	const struct slice *client_tags;
	size_t       n_client_tags;
	uint64_t     client_id;
	struct slice jwt, nkey, sig, auth_token, user, pass;
	struct slice name, lang, version;
	int64_t      protocol;
	bool         has_tls;
	struct slice tls_version, tls_cipher;
	/* One chain: verified, or else what the client sent. */
	const struct slice *certs;
	size_t       n_certs;
	bool         is_verified;
};

/* The "nats" object of an authorization_request. */
void jwt_put_callout(const struct jwt_callout *c, struct buf *out);

#endif /* AUTH_JWT_WRITE_H */
