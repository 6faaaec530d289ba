/* auth/callout.h - another program decides who somebody is.
 *
 * A peer's login is described in a token that the server signs; whoever listens
 * in the callout account answers with a token that holds either the claims of
 * the user that it is to be, or an error.  Pure: what to say, and what is to be
 * believed of what is answered.
 * Without operators the configuration says who is asked, and whose answers are
 * believed; with operators the claims of the account that a user came to do.
 * Spec: core protocol 4.7 (ADR-26).
 */
#ifndef AUTH_CALLOUT_H
#define AUTH_CALLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/auth.h"
#include "auth/nkey.h"
#include "base/slice.h"

struct buf;
struct jwt;
struct jwt_callout;

#define CALLOUT_SUBJECT "$SYS.REQ.USER.AUTH"

/* What has been asked, or is to be. */
struct callout_question {
	const struct callout_config *conf;
	struct operators            *operators;	/* NULL: none */
	const struct identity       *server;
	struct nkey  user;		/* a key for this one login */
	struct slice source;		/* the peer's address, 4 or 16 bytes */
	enum via     via;
	bool         is_proxied;
	int64_t      now_ns;		/* wall clock */
	int64_t      patience_ns;	/* the question is void after this */
};

/* As that account's claims say who is asked.  *ret refers to itself: it must
 * stay where it is. */
void callout_of_account(const struct jwt *account, struct callout_config *ret);

/* A fresh key for one login; nobody ever signs with it. */
void callout_draw_key(struct nkey *key);

/* Appends the message: a token, or a box with one in it, and the headers that
 * go with it.  of's server_id, user_nkey and server_xkey are filled in here, and
 * with operators what the client's token says, or the sentinel's if it brought
 * none: borrowed until this returns.
 * False: out of memory. */
bool callout_put_question(const struct callout_question *q,
    struct jwt_callout *of, struct buf *headers, struct buf *payload);

/* What was answered: who it is, as auth_check says it.  out: its proxy is set.
 * Refused: why, for the log, unless it has been logged. */
enum auth_verdict callout_read_answer(const struct callout_question *q,
    struct slice payload, struct auth_answer *out, struct auth_ticket *ticket,
    struct buf *why);

/* Who was placed under operators, again, by the claims that are in force now:
 * the program is not asked for that.  As auth_check; out: its proxy is set. */
enum auth_verdict callout_renew(struct operators *o,
    const struct principal *who, const struct auth_request *req,
    struct auth_answer *out, struct auth_ticket *ticket);

#endif /* AUTH_CALLOUT_H */
