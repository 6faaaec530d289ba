/* auth/callout.h - another program decides who somebody is.
 *
 * A peer's login is described in a token that the server signs; whoever listens
 * in the callout account answers with a token that holds either the claims of
 * the user that it is to be, or an error.  Pure: what to say, and what is to be
 * believed of what is answered.
 * Spec: core protocol 4.7 (ADR-26), configured without operators.
 */
#ifndef AUTH_CALLOUT_H
#define AUTH_CALLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/nkey.h"
#include "auth/principal.h"
#include "base/slice.h"

struct buf;
struct callout_config;
struct jwt_callout;

#define CALLOUT_SUBJECT "$SYS.REQ.USER.AUTH"

/* What has been asked, or is to be. */
struct callout_question {
	const struct callout_config *conf;
	const struct identity       *server;
	struct nkey  user;		/* a key for this one login */
	struct slice source;		/* the peer's address, 4 or 16 bytes */
	enum via     via;
	bool         is_proxied;
	int64_t      now_ns;		/* wall clock */
	int64_t      patience_ns;	/* the question is void after this */
};

/* A fresh key for one login; nobody ever signs with it. */
void callout_draw_key(struct nkey *key);

/* Appends the message: a token, or a box with one in it, and the headers that
 * go with it.  of's server_id, user_nkey and server_xkey are filled in here.
 * False: out of memory. */
bool callout_put_question(const struct callout_question *q,
    struct jwt_callout *of, struct buf *headers, struct buf *payload);

/* What was answered: who it is, a reference; NULL: nobody, and why, for the
 * log. */
const struct principal *callout_read_answer(const struct callout_question *q,
    struct slice payload, struct buf *why);

#endif /* AUTH_CALLOUT_H */
