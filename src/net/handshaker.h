/* net/handshaker.h - TLS handshakes, away from the loops that serve.
 *
 * A step of a handshake can cost milliseconds, and a thousand clients that come
 * at once make seconds of them.  The handshaker is a member of the mesh with a
 * loop and a thread of its own, on which they are done, one after the other;
 * who is on the way goes before those that only begin.
 *
 * CLAIM: a job, its session and its socket are touched by one thread at a time.
 * They travel as mail: from handshaker_submit until done is called they are the
 * handshaker's, before and after the submitter's, who watches the socket then
 * and has the clock.  What both touch are two words, and those are atomic: that
 * a job is not wanted any more, and how many are not.  Nobody waits for a lock,
 * so the handshaker may run at a lower priority than those who ask.
 */
#ifndef NET_HANDSHAKER_H
#define NET_HANDSHAKER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/list.h"
#include "net/mesh.h"
#include "net/tls.h"

struct handshaker;
struct loop;

struct shake_job {
	/* Set by the submitter. */
	struct mail         mail;	/* the handshaker's */
	void              (*done)(struct mail *m, void *receiver);
	struct tls_context *context;	/* a reference */
	int                 fd;

	/* What came of it. */
	struct tls_session *session;	/* NULL: not begun */
	enum tls_want       want;
	struct buf          why;	/* it failed */

	/* The handshaker's. */
	struct list link;
	unsigned    from;		/* the submitter's member */
	bool        is_unwanted;	/* atomic */
};

/* A part of loop, which becomes its own, and whose thread is started by the
 * caller; kept.  NULL: out of memory.  Thread: any, before the loop runs. */
struct handshaker *handshaker_create(struct loop *loop);

/* When the loop has ended and nobody has a job there (handshaker_give_back).
 * Takes NULL. */
void handshaker_destroy(struct handshaker *h);

/* Goes on with the handshake until it waits for the peer, is done or fails;
 * then job->done(&job->mail, receiver) is called on the submitter's thread, as
 * mail is, exactly once whatever happens.  Thread: that of loop from. */
void handshaker_submit(struct handshaker *h, struct loop *from,
    struct shake_job *job);

/* The submitter has no use for it any more: done comes soon, whatever others
 * wait for, unless it is on its way.  Thread: the submitter's. */
void handshaker_forget(struct handshaker *h, struct shake_job *job);

/* After the loop has ended: what came to it and is not done goes back as it is.
 * false: there was nothing. */
bool handshaker_give_back(struct handshaker *h);

/* One step here and now, which opens the session if need be. */
void shake_job_step(struct shake_job *job);

#endif /* NET_HANDSHAKER_H */
