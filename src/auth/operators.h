/* auth/operators.h - logins by JWT: whose accounts are served here, and who of
 * their users this is.
 *
 * The operators of one configuration: immutable, counted.  A user's token names
 * its account; if that is loaded the answer is given at once, else when the
 * resolver has found it.
 * Spec: core protocol 2.6, 4.5.
 */
#ifndef AUTH_OPERATORS_H
#define AUTH_OPERATORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/auth.h"
#include "auth/jwt_verify.h"
#include "base/slice.h"

struct buf;
struct operators;
struct resolver;

struct operators_config {
	const struct slice *tokens;	/* of operators, also in a decorated text */
	size_t              n_tokens;
	const struct slice *keys;	/* of operators, without tokens */
	size_t              n_keys;
	struct slice        system_account;	/* empty: as the operator says */
	const struct slice *pinned;	/* accounts; none: all that are trusted */
	size_t              n_pinned;
	struct slice        sentinel;	/* whose token brings none; or empty */
	struct slice        version;	/* ours, for assert_server_version */
};

/* Copies everything.  0; ERR_NOMEM; ERR_CONFIG and why.  The caller owns a
 * reference. */
int operators_create(const struct operators_config *conf,
    struct operators **ret, struct buf *why);
struct operators *operators_ref(struct operators *o);
void operators_unref(struct operators *o);	/* takes NULL */

/* Where accounts are found; kept until the last unref.  Before others see o. */
void operators_use(struct operators *o, struct resolver *r);

/* For the log. */
void operators_log(const struct operators *o);

/* Empty: there is none. */
struct slice operators_system_account(const struct operators *o);

/* The web server that the one operator names: appended.  False: it, or there
 * is another operator. */
bool operators_account_url(const struct operators *o, struct buf *out);

/* Who may sign accounts. */
const struct jwt_trust *operators_trust(const struct operators *o);

/* An operator's own key, that is to sign accounts by others only? */
bool operators_is_reserved(const struct operators *o, const struct nkey *key);

/* Users refused because their account is not pinned, since the start. */
uint64_t operators_n_pinned_fails(void);

/* Does that account go by other claims now, or none? */
bool operators_is_stale(const struct operators *o, const struct jwt *account);

/* As auth_check, of which it is a part. */
enum auth_verdict operators_check(struct operators *o,
    const struct auth_request *req, struct auth_answer *out,
    struct auth_ticket *ticket);

/* The token of who brings none; or empty. */
struct slice operators_sentinel(const struct operators *o);

/* The claims in force of a loaded account: a reference.  NULL: it is not
 * loaded, or has expired. */
struct jwt *operators_account(const struct operators *o,
    const struct nkey *key);

/* A user whom another program names instead of the one who came. */
struct operators_placing {
	const struct jwt  *user;
	const struct jwt  *by;		/* claims of the callout's account; NULL:
					   it is there already */
	const struct nkey *expected;	/* whose token it has to be */
	struct slice       source;	/* the peer's address, 4 or 16 bytes */
	enum via           via;
	bool               is_proxied;
};

/* As auth_check; a refusal is logged. */
enum auth_verdict operators_place(struct operators *o,
    const struct operators_placing *p, struct auth_answer *out,
    struct auth_ticket *ticket);

#endif /* AUTH_OPERATORS_H */
