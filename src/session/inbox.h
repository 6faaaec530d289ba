/* session/inbox.h - subscriptions of the server itself.
 *
 * What comes is shown to a handler on one thread: at once, if that is a worker
 * and the subscription's home; else as mail to whichever member of the mesh is
 * to handle it (control, as a rule).  They last as long as the server.
 */
#ifndef SESSION_INBOX_H
#define SESSION_INBOX_H

#include <stdint.h>

#include "base/slice.h"

struct account;
struct epoch_thread;
struct hub;
struct inbox;

/* Borrowed during the handler's call. */
struct inbox_message {
	struct account *account;	/* the inbox's */
	struct slice    subject, reply;
	struct slice    headers;	/* the whole block, or empty */
	struct slice    payload;
	uint64_t        cid;		/* of the client that published; 0: none */
};

typedef void (*inbox_handle)(void *ctx, const struct inbox_message *m);

/* pattern is copied.  member: a worker's hub handles in place, in the middle of
 * a turn, and may inject; any other member by mail, whose loop must turn.
 * NULL: out of memory, or a malformed pattern.  Thread: any that has an e. */
struct inbox *inbox_open(struct account *a, struct epoch_thread *e,
    struct slice pattern, unsigned member, unsigned n_workers,
    inbox_handle handle, void *ctx);

/* Once no loop turns any more and all mail is settled.  Takes NULL. */
void inbox_destroy(struct inbox *in, struct epoch_thread *e);

#endif /* SESSION_INBOX_H */
