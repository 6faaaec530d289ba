/* server/account_change.h - all accounts as another configuration has them.
 *
 * Made aside, at the start and by a reload; then carried out, all or nothing.
 */
#ifndef SERVER_ACCOUNT_CHANGE_H
#define SERVER_ACCOUNT_CHANGE_H

struct account_change;
struct buf;
struct epoch_thread;
struct options;
struct server;

/* 0 and *ret, ERR_NOMEM, or ERR_CONFIG and why.  Thread: control. */
int account_change_create(struct server *s, const struct options *o,
    struct account_change **ret, struct buf *why);

/* ERR_NOMEM: nothing has changed.  Sessions have to look at their subscriptions
 * and limits afterwards. */
int account_change_commit(struct account_change *c, struct epoch_thread *e);
void account_change_destroy(struct account_change *c);	/* takes NULL */

/* For a plan of some accounts that has been carried out: the sessions of these
 * look at their subscriptions and limits.  Thread: control. */
struct plan;
void account_change_tell(struct server *s, const struct plan *p);

#endif /* SERVER_ACCOUNT_CHANGE_H */
