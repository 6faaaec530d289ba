/* auth/jwt_verify.h - who is believed, and what that gives them.
 *
 * Pure functions of tokens, keys, what the peer sent, and a clock: no session,
 * no lookup, no log.  A user is believed because an account signed its token
 * or a key that the account signs with, and the account because an operator
 * did who is trusted.  Every step refuses when in doubt; the verdict is for the
 * log, the peer is told the same each time.
 * Spec: core protocol 4.5, 4.7.
 */
#ifndef AUTH_JWT_VERIFY_H
#define AUTH_JWT_VERIFY_H

#include "auth/jwt.h"
#include "core/permissions.h"

#define JWT_VERDICTS(X)							\
	X(OK,               "")						\
	X(NO_USER,          "User JWT not valid: not user claim")	\
	X(NO_ACCOUNT,       "Account JWT lookup error: not account claim") \
	X(PROXY_REQUIRED,   "Proxy Required")				\
	X(NOT_NOW,          "User JWT no longer valid: claim is expired" \
			    " or not yet valid")			\
	X(BAD_CLAIMS,       "User JWT no longer valid: claims are wrong") \
	X(OTHER_USER,       "User JWT is not for the expected user")	\
	X(OTHER_ACCOUNT,    "User JWT is of another account")		\
	X(NOT_TRUSTED,      "Account JWT not signed by trusted operator") \
	X(UNKNOWN_ISSUER,   "User JWT issuer is not known")		\
	X(NOT_EMPTY,        "User JWT is not valid: scoped users require" \
			    " no permissions or limits set")		\
	X(BAD_TEMPLATE,     "User JWT generated invalid permissions")	\
	X(ACCOUNT_EXPIRED,  "Account JWT has expired")			\
	X(BEARER,           "Account does not allow bearer tokens")	\
	X(CONNECTION_TYPE,  "Connection type not allowed")		\
	X(NO_SIGNATURE,     "Signature missing")			\
	X(BAD_SIGNATURE,    "Signature not verified")			\
	X(REVOKED,          "User authentication revoked")		\
	X(BAD_SOURCE,       "Bad src Ip")				\
	X(BAD_HOUR,         "Outside connect times")			\
	X(NO_MEMORY,        "out of memory")

enum jwt_verdict {
#define X(name, text) JWT_##name,
	JWT_VERDICTS(X)
#undef X
};

const char *jwt_verdict_text(enum jwt_verdict v);

/* Bits. */
enum jwt_connection {
	JWT_STANDARD = 1, JWT_WEBSOCKET = 2, JWT_LEAFNODE = 4,
	JWT_LEAFNODE_WS = 8, JWT_MQTT = 16, JWT_MQTT_WS = 32,
	JWT_IN_PROCESS = 64
};

/* The bits of these names, any case; unknown ones are passed over.  False:
 * there are names, and none is known.  No names: *ret is 0, all may. */
bool jwt_connections(const struct jwt_texts *names, unsigned *ret);

/* Operators whose accounts are believed; or their keys, bare. */
struct jwt_trust {
	const struct jwt *const *operators;
	size_t                   n_operators;
	const struct nkey       *keys;
	size_t                   n_keys;
};

/* May this key sign accounts?  (An operator's own may not if it is strict.) */
bool jwt_is_trusted(const struct jwt_trust *trust, const struct nkey *issuer);

/* What the peer is and sent.  Borrowed. */
struct jwt_login {
	struct slice        nonce, sig;
	const uint8_t      *addr;	/* n_addr of 4 or 16; 0: unknown */
	size_t              n_addr;
	enum jwt_connection connection;
	bool                is_proxied;	/* by a proxy that is trusted */
	int64_t             now_ns;	/* wall clock */
	/* Set: the token is a callout's answer, for this user.  It has no nonce
	 * to sign, and absent limits are none. */
	const struct nkey  *callout_user;
};

/* What a user gets.  Points into the user's token, of which it holds a
 * reference, and into memory of its own, never into the account's; zeroed is
 * nobody. */
struct jwt_rights {
	struct nkey             user, account;
	struct nkey             signing_key;	/* if one issued the token */
	struct slice            name;
	struct jwt_texts        tags;
	struct permissions_spec permissions;
	bool                    is_limited;	/* else all is permitted */
	bool                    uses_defaults;	/* the account's permissions */
	int64_t                 subs, payload, data;	/* -1: no limit */
	int64_t                 issued_s;
	int64_t                 expires_ns;	/* wall; INT64_MAX: never */
	unsigned                connections;	/* bits; 0: all */
	bool                    is_bearer;
	const struct jwt       *token;		/* private from here */
	struct jwt_mem          mem;
};
void jwt_rights_fini(struct jwt_rights *r);	/* zeroes */

/* A user of an account under an operator: by itself, or by the answer of a
 * callout.  user and account are decoded, nothing of them has been checked but
 * signatures.  JWT_OK: *out is set (fini it); else it is zero.  Costs up to
 * one signature check, and a small file for hours in another zone. */
enum jwt_verdict jwt_check_login(const struct jwt *user,
    const struct jwt *account, const struct jwt_trust *trust,
    const struct jwt_login *login, struct jwt_rights *out);

/* The answer of a callout without operators: issued by that key itself, for
 * the account whose name is user->audience (out->account is not set, and
 * default permissions and limits are that account's own affair). */
enum jwt_verdict jwt_check_placed(const struct jwt *user,
    const struct nkey *issuer, const struct jwt_login *login,
    struct jwt_rights *out);

/* An account's default permissions as a spec, in memory of *mem (free it with
 * jwt_rights_fini on a rights that has it).  False: malformed, or no memory. */
bool jwt_default_permissions(const struct jwt *account, struct jwt_rights *out);

/* ---- activations ------------------------------------------------------------ */

/* Does the import's token open the export to the importing account, now?
 * True, and *expires_ns when it closes again (INT64_MAX: never).  False, and
 * *why (static).  exporter and importer are accounts. */
bool jwt_check_activation(const struct jwt *importer,
    const struct jwt_import *import, const struct jwt *exporter,
    const struct jwt_export *export, int64_t now_ns, int64_t *expires_ns,
    const char **why);

/* ---- a callout's answer --------------------------------------------------------- */

struct jwt_expected {
	const struct nkey *user, *server;	/* of the request */
	bool               is_sealed;		/* it came in a box: no more asked */
	const struct nkey *issuer;		/* without operators, or NULL */
	const struct jwt  *account;		/* with: the callout's */
};

/* Is this the answer to what was asked?  False and *why (static).  An answer
 * that holds an error is one. */
bool jwt_check_response(const struct jwt *response,
    const struct jwt_expected *e, int64_t now_ns, const char **why);

#endif /* AUTH_JWT_VERIFY_H */
