/* auth/resolver.h - the claims of accounts, found where they are.
 *
 * Knows the accounts that are loaded: their claims have been checked and are in
 * force.  One that is not is looked for by a thread of its own, in the store or
 * on a web server, and handed to whoever makes it so (found); who had asked for
 * it is answered when that is settled.
 *
 *     submit --> queue --> load --> found --> settle --> done
 *                  |         |                  |
 *                  +---------+---- nothing -----+
 *
 * An account whose claims have expired is looked for again.  What was looked
 * for in vain is not for a second.
 * Spec: core protocol 4.6.
 */
#ifndef AUTH_RESOLVER_H
#define AUTH_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/account_url.h"
#include "auth/jwt_store.h"
#include "auth/nkey.h"
#include "base/list.h"
#include "base/slice.h"

struct buf;
struct jwt;
struct resolver;

struct resolver_config {
	const struct jwt_store_config   *store;	/* or NULL ... */
	const struct account_url_config *url;	/* ... then this */
};

struct resolver_hooks {
	/* A token that says it is that account's was found; nothing but its
	 * signature has been checked.  The reference is consumed.  Followed by
	 * resolver_settle, now or later.  Thread: the resolver's. */
	void (*found)(void *ctx, struct jwt *account);
	void *ctx;
};

struct resolver_job {
	/* Called once after a submit that succeeded.  account: loaded; borrowed;
	 * NULL: not to be had.  Must not block.  Thread: the resolver's. */
	void (*done)(struct resolver_job *job, const struct jwt *account);

	/* The resolver's. */
	struct list link;
	bool        is_cancelled;	/* atomic */
	bool        was_sought;
	char        key[NKEY_PUBLIC_CHARS + 1];
};

/* Opens the store.  0; ERR_NOMEM; ERR_CONFIG or ERR_IO, and why. */
int resolver_create(const struct resolver_config *conf, struct resolver **ret,
    struct buf *why);

/* Who waits is told that there is nothing; returns when the thread has ended.
 * Nobody gets in any more.  Takes NULL. */
void resolver_stop(struct resolver *r);
void resolver_destroy(struct resolver *r);	/* stops it; takes NULL */

/* Begins to answer.  False: no thread. */
bool resolver_start(struct resolver *r, const struct resolver_hooks *hooks);

/* Does the web server answer?  Blocks.  0, or ERR_IO and why; 0 if there is
 * none to ask.  Thread: before resolver_start. */
int resolver_probe(struct resolver *r, struct buf *why);

/* NULL: tokens come from a web server. */
struct jwt_store *resolver_store(struct resolver *r);

/* ---- asking ------------------------------------------------------------------- */

/* Loaded and not expired: a reference.  NULL: it is not; submit a job.
 * Thread: any. */
struct jwt *resolver_find(struct resolver *r, struct slice key);

/* Loaded, expired or not. */
struct jwt *resolver_loaded(struct resolver *r, struct slice key);

/* False: too many wait, and done is not called.  It may be called before this
 * returns.  Thread: any. */
bool resolver_submit(struct resolver *r, struct slice key,
    struct resolver_job *job);

/* See hash_job_cancel: done comes soon, with nothing or not. */
void resolver_job_cancel(struct resolver_job *job);

/* Looks it up at once, where the thread would.  0 and a reference; ERR_NOTFOUND;
 * ERR_IO or ERR_SYNTAX, and why.  Thread: before resolver_start. */
int resolver_fetch(struct resolver *r, struct slice key, struct jwt **ret,
    struct buf *why);

/* ---- settling ----------------------------------------------------------------- */

/* The account goes by these claims from now on (a reference is taken), or, with
 * NULL, is not to be had: it was refused.  A loaded one stays as it is then.
 * False: no memory, and it was refused.  Thread: any. */
bool resolver_settle(struct resolver *r, struct slice key, struct jwt *account);

/* There is a token now, perhaps, where there was none. */
void resolver_look_again(struct resolver *r, struct slice key);

/* It is not loaded any more. */
void resolver_unload(struct resolver *r, struct slice key);

/* Calls visit for each loaded account, under the lock: it must not call back. */
void resolver_each(struct resolver *r,
    void (*visit)(void *ctx, const struct jwt *account), void *ctx);

#endif /* AUTH_RESOLVER_H */
