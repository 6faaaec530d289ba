/* auth/auth.h - who is this peer?
 *
 * A struct auth is all credentials of one configuration: immutable, counted,
 * shared by all workers; a reload builds another.  It answers with a principal
 * or a refusal, and a refusal never tells the peer why: neither in words nor in
 * the time it takes.
 * Spec: core protocol 4.1, 4.2, 4.3, 4.9; the order of decisions is in auth.c.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/credentials.h"
#include "auth/hasher.h"
#include "auth/nkey.h"
#include "auth/principal.h"
#include "auth/resolver.h"
#include "base/slice.h"

struct auth;
struct bearing;
struct buf;
struct jwt;
struct operators;
struct permissions_spec;
struct tls_peer;

/* ---- what is configured ------------------------------------------------ */

struct auth_user_config {
	struct slice name, pass;	/* pass empty: must be sent empty */
	const struct permissions_spec *permissions;	/* NULL: the default's */
	bool         is_nkey;		/* name is a public key; no pass */
	struct slice account;		/* empty: "$G" */
	uint32_t     connections;	/* enum via; 0: all */
	bool         proxy_required;
	int64_t      msgs_per_s, bytes_per_s;	/* 0: no limit */
};

/* Another program is asked who somebody is (core protocol 4.7). */
struct callout_config {
	struct nkey         issuer;	/* an account's: signs the answers */
	struct slice        account;	/* where that program listens */
	struct nkey         xkey;	/* its curve key; not set: no boxes */
	const struct slice *users;	/* who are not asked about */
	size_t              n_users;
	const struct slice *allowed;	/* accounts; none: all */
	size_t              n_allowed;
};

/* Is a user of that name (empty: nobody) let be? */
bool callout_skips(const struct callout_config *c, struct slice user);

/* May it be asked about who is in that account? */
bool callout_may_place(const struct callout_config *c, struct slice account);

/* A slice whose p is not NULL was stated, even if it is empty: credentials
 * that were stated and say nothing are an error, never "no credentials". */
struct auth_config {
	struct slice user, pass;	/* the single user */
	struct slice token;
	bool         proxy_required;	/* of those */
	const struct auth_user_config *users;	/* of all accounts */
	size_t                         n_users;
	bool                           has_users;	/* stated; n_users may be 0 */
	struct slice no_auth_user;
	bool         maps_certs;	/* a user is whom the certificate names */
	bool         admits_anonymous;	/* who says nothing is nobody, in "$G",
					   though there are users */
	/* Of the users without their own; the single user has none.  Or NULL. */
	const struct permissions_spec *default_permissions;
	const struct slice *proxies;	/* trusted: public keys, any kind */
	size_t              n_proxies;
	struct operators   *operators;	/* who come in by JWT, and nobody else
					   does; or NULL.  A reference is taken */
	const struct callout_config *callout;	/* NULL: none */
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

/* Is there a configured no_auth_user? */
bool auth_has_no_auth_user(const struct auth *a);

/* May a peer stay silent about itself? */
bool auth_admits_silent(const struct auth *a);

/* NULL: nobody else is asked, unless a user's account says so.  Borrowed. */
const struct callout_config *auth_callout(const struct auth *a);

/* Who come in by JWT; or NULL.  Borrowed. */
struct operators *auth_operators(const struct auth *a);

/* Is a peer to be given a nonce, as it may have to sign it? */
bool auth_wants_nonce(const struct auth *a);

/* Is a user known by its certificate, so that naming one is no use? */
bool auth_maps_certs(const struct auth *a);

/* How long a peer may take to identify itself. */
int64_t auth_timeout_ns(const struct auth *a);

/* Is that user still known (a peer that was one may have to go)? */
bool auth_knows(const struct auth *a, const struct principal *who);

/* Is any password stored as plain text in the configuration?  (A warning.) */
bool auth_has_plain_passwords(const struct auth *a);

/* May auth_check answer AUTH_PENDING, and so need a ticket? */
bool auth_needs_ticket(const struct auth *a);

/* The public key of a trusted proxy; i as an answer told, -1 gives none. */
struct slice auth_proxy_key(const struct auth *a, int i);

/* ---- asking --------------------------------------------------------------- */

/* What a peer said; borrowed during the call, all may be empty. */
struct auth_request {
	struct slice user, pass, auth_token, nkey, sig, jwt, proxy_sig;
	bool         names_account;	/* account or new_account: refused */
	struct slice nonce;		/* what it was given to sign */
	enum via via;
	struct slice source;		/* its address, 4 or 16 bytes */
	const struct tls_peer *cert;	/* verified; NULL: none */
};

/* For the log and for monitoring, never for the peer. */
enum auth_why { AUTH_WHY_FAILED, AUTH_WHY_PROXY_NOT_TRUSTED,
	AUTH_WHY_PROXY_REQUIRED };

enum auth_verdict { AUTH_OK, AUTH_REFUSED, AUTH_PENDING };

/* Zeroed before; auth_answer_fini after. */
struct auth_answer {
	enum auth_verdict       verdict;
	const struct principal *who;	/* AUTH_OK: a reference */
	enum auth_why           why;	/* AUTH_REFUSED */
	int                     proxy;	/* it came through; -1: none */
	struct jwt             *account;	/* claims it was judged by, or NULL */
	bool                    is_delegated;	/* AUTH_REFUSED, unless the
						   callout of account says who
						   it is */
};

void auth_answer_fini(struct auth_answer *a);	/* takes zeroed */

/* Has its account got other claims meanwhile?  Then it is to be asked again. */
bool auth_answer_is_stale(const struct auth *a, const struct auth_answer *answer);

/* A login that waits for the hasher or the resolver.  It lives in memory of its own, not in
 * the session: who loses interest cancels, and frees it when done has come. */
struct auth_ticket {
	/* Set by the asker.  Called once if auth_check said AUTH_PENDING, maybe
	 * before that returned.  Must not block.  Thread: the hasher's, or the
	 * resolver's. */
	void (*done)(struct auth_ticket *t);

	/* From done on, the asker's: AUTH_OK or AUTH_REFUSED (fini it). */
	struct auth_answer answer;
	bool               is_by_resolver;	/* whose thread called done */

	/* Private. */
	struct resolver_job find;
	struct bearing     *bearing;
	struct hash_job    job;
	struct credential *candidate;	/* NULL: refused, whatever the hash says */
	struct auth       *auth;
	enum via via;
	uint8_t            digest[CREDENTIAL_DIGEST_BYTES];
};

/* Who is this?  AUTH_OK: out->who is.  AUTH_REFUSED: out->why.  AUTH_PENDING:
 * *ticket, whose done must be set, belongs to another thread until done.  A NULL
 * ticket where one is needed is a refusal.  Thread: any.  Never waits. */
enum auth_verdict auth_check(struct auth *a, const struct auth_request *req,
    struct auth_answer *out, struct auth_ticket *ticket);

/* The peer is gone.  done still comes, soon.  Thread: the asker's, before it
 * has received what done sends. */
void auth_ticket_cancel(struct auth_ticket *t);

#endif /* AUTH_AUTH_H */
