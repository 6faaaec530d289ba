/* mon/monitor.h - monitoring over HTTP: which path tells what.
 *
 * Runs on the control thread's loop.  Reads, never writes: what workers know is
 * asked of them (mon/collect), the rest the server has filled in.
 * Spec: core protocol 6.
 */
#ifndef MON_MONITOR_H
#define MON_MONITOR_H

#include <stdbool.h>

#include "base/slice.h"

struct conn_pool;
struct tls_context;
struct http_limits;
struct monitor;
struct session_shared;
struct varz;

struct monitor_config {
	struct session_shared *shared;		/* kept; has n_workers, accounts */
	struct slice           base_path;	/* "" or "/nats"; kept */
	struct slice           metrics_prefix;	/* "nats"; kept */
};

/* Takes over listen_fd (non-blocking, listening), serves through pool.  limits:
 * NULL for the defaults.  identity: see monitor_set_identity.  NULL: out of
 * memory or descriptors; listen_fd stays the caller's then. */
struct monitor *monitor_create(struct conn_pool *pool, int listen_fd,
    const struct http_limits *limits, const struct monitor_config *config,
    const struct varz *identity);

/* The part of /varz that is identity and settings: copied, its strings are
 * kept until the next call.  At start and after a reload.  Thread: the loop's. */
void monitor_set_identity(struct monitor *m, const struct varz *identity);

/* HTTPS from now on; consumes a reference.  Thread: the loop's. */
void monitor_set_tls(struct monitor *m, struct tls_context *tls);

/* Do the listeners accept?  False at first.  Thread: the loop's. */
void monitor_set_ready(struct monitor *m, bool is_ready);

/* After the last turn of all loops, ours and the workers'.  Takes NULL. */
void monitor_destroy(struct monitor *m);

#endif /* MON_MONITOR_H */
