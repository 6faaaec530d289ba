/* mon/events.h - what the server says in the system account by itself.
 *
 * Who connects and goes, how many an account has, how the server is, and that
 * it leaves.  Nothing is made that nobody wants.  What happens to a client is
 * told on its worker; the rest by the control thread.
 * Spec: core protocol 5.5.
 */
#ifndef MON_EVENTS_H
#define MON_EVENTS_H

#include <stdbool.h>

#include "base/slice.h"
#include "mon/advisory.h"

struct documents;
struct events;
struct loop;
struct session_shared;

/* Becomes shared's listener.  All are kept; loop is control's, documents tell
 * the identity.  There is a system account.  NULL: out of memory. */
struct events *events_create(struct loop *loop,
    struct session_shared *shared, struct documents *documents);

/* After the last turn of all loops.  Takes NULL. */
void events_destroy(struct events *ev);

/* Who we are, told to the documents, has changed.  Without memory it stays as
 * it was.  Thread: control, in its loop. */
void events_refresh(struct events *ev, struct slice cluster);

/* From now on, now and then.  Thread: control. */
void events_start(struct events *ev);

/* The server, with a number for one more message.  Borrowed until the epoch
 * section ends.  Thread: any, in epoch. */
struct server_info events_stamp(struct events *ev);

/* "LAMEDUCK", "SHUTDOWN".  True: somebody wants to know, so give it a moment.
 * Thread: control. */
bool events_say_leaving(struct events *ev, const char *how);

/* STATSZ, out of turn: somebody asked without saying where to.
 * Thread: control. */
void events_publish_statsz(struct events *ev);

#endif /* MON_EVENTS_H */
