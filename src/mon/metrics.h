/* mon/metrics.h - /metrics: the other documents' numbers for Prometheus.
 *
 * nats-server has no such endpoint; its users run prometheus-nats-exporter
 * beside it, and their dashboards know its names.  So the names are the
 * exporter's, <prefix>_varz_connections{server_id=".."} and so on; a nested
 * key is joined by '_'.  Unlike the exporter we tell counters from gauges.
 * How far consumers are behind in seconds, and messages that damage has cost,
 * are ours.
 * Spec: ecosystem 4.5; text format 0.0.4.
 */
#ifndef MON_METRICS_H
#define MON_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct accountz;
struct buf;
struct report;
struct subsz_stats;
struct varz;

/* Sums over the clients connected now, as the exporter makes of /connz. */
struct connz_sums {
	uint64_t num_connections, total;
	uint64_t offset, limit;
	uint64_t pending_bytes, subscriptions;
	uint64_t in_bytes, out_bytes, in_msgs, out_msgs;
};

struct metrics {
	struct slice              prefix;	/* "nats" */
	const struct varz        *varz;
	const struct subsz_stats *subsz;
	const struct connz_sums  *connz;
	const struct accountz    *accounts;
	const struct report      *report;	/* REPORT_NUMBERS; NULL: no
						   JetStream */
	bool                      is_ready;	/* listeners accept */
};

void metrics_write(const struct metrics *m, struct buf *out);

#endif /* MON_METRICS_H */
