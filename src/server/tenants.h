/* server/tenants.h - accounts that come by their claims.
 *
 * What the resolver finds is put in force here: believed, planned with those it
 * imports from, and settled, so that logins go on.  An account whose exporters
 * are not loaded waits until they are, or are not to be had.
 * Thread: control, all of it.
 */
#ifndef SERVER_TENANTS_H
#define SERVER_TENANTS_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;
struct jwt;
struct server;
struct tenants;

/* Loads what was given along, and the system account, and starts the resolver.
 * There are accounts, and no threads yet.  0; ERR_NOMEM; ERR_CONFIG or ERR_IO,
 * and why. */
int tenants_open(struct server *s, struct buf *why);

/* The resolver has been destroyed, and all mail is settled.  Takes a server
 * without tenants. */
void tenants_close(struct server *s);

/* After a reload: tokens given along may be others. */
void tenants_reload(struct server *s);

/* What the server adds to every account has changed. */
void tenants_plan_again(struct server *s);

/* Is the token signed by somebody who may, and in order?  0, or ERR_DENIED. */
int tenants_check(struct server *s, const struct jwt *account);

/* From now on the account goes by these claims, which were checked; its
 * sessions are looked at.  before_commit, unless NULL, is called when nothing
 * else can fail for what is in the claims; its error is passed on.  0; ERR_NOMEM;
 * ERR_CONFIG and why: nothing has changed. */
int tenants_put(struct server *s, struct jwt *account,
    int (*before_commit)(void *ctx), void *ctx, struct buf *why);

/* It was deleted: nobody gets in, and who is in goes. */
void tenants_remove(struct server *s, struct slice key);

#endif /* SERVER_TENANTS_H */
