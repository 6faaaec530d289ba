/* session/inject.h - messages that the server itself publishes.
 *
 * Events, answers to system requests, metrics.  They are copied and delivered
 * at the end of the turn, so one may be injected wherever something happens,
 * also in the middle of a delivery.
 */
#ifndef SESSION_INJECT_H
#define SESSION_INJECT_H

#include <stdbool.h>

#include "base/slice.h"
#include "core/msg.h"

struct account;
struct buf;
struct hub;
struct loop;

/* Borrowed during the call.  headers: the whole block, "NATS/1.0\r\n" to the
 * empty line, or empty. */
struct injection {
	struct account *account;
	struct slice    subject;	/* literal */
	struct slice    reply;		/* empty: none */
	struct slice    headers, payload;
};

/* Out of memory, or too large for a message: it is not sent.  Thread: the
 * hub's. */
void inject(struct hub *h, const struct injection *m);

/* The same from another member of the mesh: by mail to worker 0. */
void inject_from(struct loop *from, const struct injection *m);

/* Does anyone in the account want this subject?  To save the making of a
 * message.  Thread: any, in epoch. */
bool inject_is_wanted(const struct account *a, struct slice subject);

/* How such a message is put together: its tail (core/msg.h), and what says
 * where in the tail things are. */
void inject_put_tail(struct buf *b, const struct injection *m);
struct msg inject_msg(const struct injection *m, struct slice tail);

/* Delivers what was injected.  Once a turn, at its end. */
void inject_end_turn(struct hub *h);

/* What was never delivered. */
void inject_drop_all(struct hub *h);

#endif /* SESSION_INJECT_H */
