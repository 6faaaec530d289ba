/* auth/principal.h - who somebody turned out to be, and what that entitles to.
 *
 * Immutable, counted, owns its strings.  All connections of one configured
 * user share one; each login by JWT has its own.  Thread: any.
 */
#ifndef AUTH_PRINCIPAL_H
#define AUTH_PRINCIPAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;
struct permissions;
struct rate;

/* Ways to come in, a bit each. */
enum via {
	VIA_STANDARD    = 1 << 0,
	VIA_WEBSOCKET   = 1 << 1,
	VIA_LEAFNODE    = 1 << 2,
	VIA_LEAFNODE_WS = 1 << 3,
	VIA_MQTT        = 1 << 4,
	VIA_MQTT_WS     = 1 << 5,
	VIA_IN_PROCESS  = 1 << 6,
};

enum principal_kind { PRINCIPAL_NONE, PRINCIPAL_USER, PRINCIPAL_TOKEN,
	PRINCIPAL_NKEY, PRINCIPAL_JWT };

struct principal {
	uint32_t            n_refs;	/* atomic */
	enum principal_kind kind;
	struct slice        user;	/* name, or public key; empty: nobody */
	struct slice        account;	/* name, or public key */
	const struct permissions *permissions;	/* NULL: all is allowed */
	struct rate        *rate;	/* of what all its connections publish;
				   NULL: no limit */

	uint32_t connections;	/* enum via; 0: all */
	bool     proxy_required;
	bool     is_bearer;
	bool     uses_defaults;	/* permissions are its account's, by claims */
	bool     is_placed;	/* by a callout: user is a key for once only */
	int64_t  subs_max;	/* of each connection; -1: no limit */
	int64_t  payload_max;	/* bytes; -1: no limit */
	int64_t  issued_s;	/* of a JWT, since 1970 */
	int64_t  expires_ns;	/* wall clock; 0: never */

	/* Of a JWT; else empty. */
	struct slice name, jwt, issuer_key;
	struct slice tags;	/* "a:b,c" */
};

/* like, with its strings copied and its permissions referenced; n_refs is of no
 * account.  NULL: out of memory.  The caller owns a reference. */
const struct principal *principal_create(const struct principal *like);
const struct principal *principal_ref(const struct principal *p);
void principal_unref(const struct principal *p);	/* takes NULL */

/* Who need not say who he is: nobody, in "$G". */
const struct principal *principal_anonymous(void);

/* For log labels: "user:derek", "token", "nkey:U..", "jwt:U.."; nothing for
 * nobody. */
void principal_put_label(const struct principal *p, struct buf *out);

/* For monitoring's authorized_user: the name, "[REDACTED]" for a token; whom a
 * callout placed goes by the name that it gave, if any. */
struct slice principal_shown_user(const struct principal *p);

#endif /* AUTH_PRINCIPAL_H */
