/* server/monitoring.h - what the server tells of itself: on the monitoring port
 * and in the system account. */
#ifndef SERVER_MONITORING_H
#define SERVER_MONITORING_H

#include <stdbool.h>

#include "base/buf.h"
#include "mon/advisory.h"

struct collect_jetstream;
struct server;
struct tls_context;

/* Listens, if so configured.  0; else why. */
int monitoring_open(struct server *s, struct buf *why);

/* When there are accounts and before there are threads.  0 or ERR_NOMEM. */
int monitoring_open_system(struct server *s);

/* JetStream runs, or will in a moment: it is asked from now on.
 * Thread: control. */
void monitoring_set_jetstream(struct server *s,
    const struct collect_jetstream *j);

/* The server is ready: say so.  Thread: control. */
void monitoring_start(struct server *s);

/* After a reload.  Thread: control. */
void monitoring_refresh(struct server *s);

/* A reload has ended.  why: empty, it went well.  Thread: control. */
void monitoring_reloaded(struct server *s, struct slice why);

/* Tells the system account: "LAMEDUCK", "SHUTDOWN".  True: somebody listens.
 * Thread: control. */
bool monitoring_say_leaving(struct server *s, const char *how);

/* The server, as its messages begin.  There is a system account.  Thread:
 * control, in its loop. */
struct server_info monitoring_stamp(struct server *s);

/* Is it HTTPS; and if so, from now on with these certificates (consumed).
 * Thread: control. */
bool monitoring_is_https(const struct server *s);
void monitoring_set_tls(struct server *s, struct tls_context *tls);

/* The port monitoring listens on; 0: it is off. */
unsigned monitoring_port(const struct server *s);

/* After the last turn of all loops. */
void monitoring_close(struct server *s);

#endif /* SERVER_MONITORING_H */
