/* auth/auth.h - who is this peer?
 *
 * A struct auth is all credentials of one configuration: immutable, counted,
 * shared by all workers; a reload builds another.  It answers with a principal
 * or a refusal, and a refusal never says why: neither in words nor in the time
 * it takes.  Passwords are kept only as digests under a key of this process,
 * or as the bcrypt hash that was configured.
 * Spec: core protocol 4.1, 4.2; the order of decisions is in auth.c.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/hasher.h"
#include "base/slice.h"

struct auth;
struct buf;
struct credential;
struct permissions;
struct permissions_spec;
struct rate;

/* ---- what is configured ------------------------------------------------ */

struct auth_user_config {
	struct slice name, pass;	/* pass empty: must be sent empty */
	const struct permissions_spec *permissions;	/* NULL: the default's */
};

/* A slice whose p is not NULL was stated, even if it is empty: credentials
 * that were stated and say nothing are an error, never "no credentials". */
struct auth_config {
	struct slice user, pass;	/* the single user */
	struct slice token;
	const struct auth_user_config *users;
	size_t                         n_users;
	bool                           has_users;	/* stated; n_users may be 0 */
	struct slice no_auth_user;
	/* Of the users without their own; the single user has none.  Or NULL. */
	const struct permissions_spec *default_permissions;
	int64_t      timeout_ns;	/* 0: two seconds */
};

/* Copies everything.  hasher is kept (until the last unref and ticket) and may
 * be NULL only when no password is a bcrypt hash.  The caller owns a reference.
 * 0; ERR_NOMEM; ERR_CONFIG and the reason, for the operator, in why. */
int auth_create(const struct auth_config *conf, struct hasher *hasher,
    struct auth **ret, struct buf *why);
struct auth *auth_ref(struct auth *a);

/* a is about to follow old (a reload): bcrypt passwords that have been right
 * once, for credentials whose hash is the same, need not be hashed again.
 * Thread: the one that created a, before others see it. */
void auth_inherit(struct auth *a, const struct auth *old);
void auth_unref(struct auth *a);	/* takes NULL */

/* Must a peer identify itself?  False: everyone is in "$G". */
bool auth_is_required(const struct auth *a);

/* May a peer stay silent about itself?  (A configured no_auth_user.) */
bool auth_has_no_auth_user(const struct auth *a);

/* How long a peer may take to identify itself. */
int64_t auth_timeout_ns(const struct auth *a);

/* Is there a user of that name (a peer that was one may have to go)? */
bool auth_knows_user(const struct auth *a, struct slice name);

/* Is any password stored as plain text in the configuration?  (A warning.) */
bool auth_has_plain_passwords(const struct auth *a);

/* May auth_check answer AUTH_PENDING, and so need a ticket? */
bool auth_needs_ticket(const struct auth *a);

/* ---- who somebody is ---------------------------------------------------- */

enum principal_kind { PRINCIPAL_NONE, PRINCIPAL_USER, PRINCIPAL_TOKEN };

/* Zeroed is nobody.  Holds a reference to its auth, which owns the strings. */
struct principal {
	enum principal_kind       kind;
	struct slice              user;		/* empty unless a user */
	struct slice              account;	/* "$G" */
	const struct permissions *permissions;	/* NULL: all is allowed */
	struct rate              *rate;		/* NULL: no limit */
	struct auth              *auth;
};

void principal_copy(struct principal *to, const struct principal *from);
void principal_fini(struct principal *p);	/* takes zeroed; zeroes */

/* For log labels: "user:derek", "token"; nothing for nobody. */
void principal_put_label(const struct principal *p, struct buf *out);

/* For monitoring's authorized_user: the name, "[REDACTED]" for a token. */
struct slice principal_shown_user(const struct principal *p);

/* ---- asking --------------------------------------------------------------- */

/* What a peer said; borrowed during the call, all may be empty. */
struct auth_request {
	struct slice user, pass, auth_token;
	bool         names_account;	/* account or new_account: refused */
	struct slice source;		/* its address; for throttling */
};

enum { AUTH_DIGEST_BYTES = 32 };
enum auth_verdict { AUTH_OK, AUTH_REFUSED, AUTH_PENDING };

/* A login that waits for the hasher.  It lives in memory of its own, not in
 * the session: who loses interest cancels, and frees it when done has come. */
struct auth_ticket {
	/* Set by the asker.  Called once if auth_check said AUTH_PENDING, maybe
	 * before that returned.  Must not block.  Thread: the hasher's. */
	void (*done)(struct auth_ticket *t);

	/* From done on, the asker's: AUTH_OK or AUTH_REFUSED, and who (fini it). */
	enum auth_verdict verdict;
	struct principal  principal;

	/* Private. */
	struct hash_job    job;
	struct credential *candidate;	/* NULL: refused, whatever the hash says */
	struct auth       *auth;
	uint8_t            digest[AUTH_DIGEST_BYTES];
};

/* Who is this?  AUTH_OK: *out is set (fini it).  AUTH_REFUSED: there is
 * nothing to know.  AUTH_PENDING: *ticket, whose done must be set, belongs to
 * the hasher until done.  A NULL ticket where one is needed is a refusal.
 * Thread: any.  Never waits. */
enum auth_verdict auth_check(struct auth *a, const struct auth_request *req,
    struct principal *out, struct auth_ticket *ticket);

/* The peer is gone.  done still comes, soon.  Thread: the asker's, before it
 * has received what done sends. */
void auth_ticket_cancel(struct auth_ticket *t);

#endif /* AUTH_AUTH_H */
