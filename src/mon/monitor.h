/* mon/monitor.h - monitoring over HTTP: which path tells what.
 *
 * Runs on the control thread's loop.  What is told is made by mon/documents.
 * Spec: core protocol 6.
 */
#ifndef MON_MONITOR_H
#define MON_MONITOR_H

#include <stdbool.h>

#include "base/slice.h"

struct conn_pool;
struct documents;
struct http_limits;
struct monitor;
struct tls_context;

struct monitor_config {
	struct documents *documents;	/* kept */
	struct slice base_path;		/* "" or "/nats"; kept */
	struct slice metrics_prefix;	/* "nats"; kept */
};

/* Takes over listen_fd (non-blocking, listening), serves through pool.  limits:
 * NULL for the defaults.  NULL: out of memory or descriptors; listen_fd stays
 * the caller's then. */
struct monitor *monitor_create(struct conn_pool *pool, int listen_fd,
    const struct http_limits *limits, const struct monitor_config *config);

/* HTTPS from now on; consumes a reference.  Thread: the loop's. */
void monitor_set_tls(struct monitor *m, struct tls_context *tls);

/* After the last turn of all loops, ours and the workers'.  Takes NULL. */
void monitor_destroy(struct monitor *m);

#endif /* MON_MONITOR_H */
