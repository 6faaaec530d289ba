/* server/monitoring.h - the monitoring port: opened, told who we are, closed. */
#ifndef SERVER_MONITORING_H
#define SERVER_MONITORING_H

#include "base/buf.h"

struct server;
struct tls_context;

/* Listens, if so configured.  0; else why. */
int monitoring_open(struct server *s, struct buf *why);

/* The server is ready: say so.  Thread: control. */
void monitoring_start(struct server *s);

/* After a reload.  Thread: control. */
void monitoring_refresh(struct server *s);

/* Is it HTTPS; and if so, from now on with these certificates (consumed).
 * Thread: control. */
bool monitoring_is_https(const struct server *s);
void monitoring_set_tls(struct server *s, struct tls_context *tls);

/* The port monitoring listens on; 0: it is off. */
unsigned monitoring_port(const struct server *s);

/* After the last turn of all loops. */
void monitoring_close(struct server *s);

#endif /* SERVER_MONITORING_H */
