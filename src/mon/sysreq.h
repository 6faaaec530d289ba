/* mon/sysreq.h - what may be asked in the system account.
 *
 * A table of subjects; each answer is a document of mon/documents in an
 * envelope, or does something to one client.  Questions are answered one after
 * the other, by the control thread.
 * Spec: core protocol 5.6.
 */
#ifndef MON_SYSREQ_H
#define MON_SYSREQ_H

#include <stdbool.h>

#include "base/slice.h"

struct documents;
struct epoch_thread;
struct events;
struct loop;
struct session_shared;
struct sysreq;

struct sysreq_config {
	struct loop           *loop;		/* control's */
	struct session_shared *shared;
	struct documents      *documents;
	struct events         *events;
	/* Somebody asks for a reload: sysreq_reloaded says how it went. */
	void (*reload)(void *ctx);
	void  *ctx;
};

/* All is kept.  There is a system account, and documents know the server's id.
 * e is the caller's, during the call.  NULL: out of memory. */
struct sysreq *sysreq_create(const struct sysreq_config *config,
    struct epoch_thread *e);

/* A reload has ended: answers who asked for one.  why: empty, it went well. */
void sysreq_reloaded(struct sysreq *sr, struct slice why);

/* After the last turn of all loops, when the documents are gone.  Takes NULL. */
void sysreq_destroy(struct sysreq *sr, struct epoch_thread *e);

#endif /* MON_SYSREQ_H */
