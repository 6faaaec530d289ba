/* server/claims_review.h - sessions of an account whose claims have changed.
 *
 * Whose token was revoked, or signed by a key that signs no more, goes; so do
 * all when the account has expired or was deleted; and of too many the newest.
 * Each worker looks at its own.
 * Spec: core protocol 4.5, last paragraph.
 */
#ifndef SERVER_CLAIMS_REVIEW_H
#define SERVER_CLAIMS_REVIEW_H

struct account;
struct jwt;
struct server;

/* claims are those in force now.  Without memory it is logged and nobody is
 * looked at.  Thread: control. */
void claims_review(struct server *s, struct account *a,
    const struct jwt *claims);

/* Its time is over: all go. */
void claims_review_expired(struct server *s, struct account *a);

#endif /* SERVER_CLAIMS_REVIEW_H */
