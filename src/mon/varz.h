/* mon/varz.h - /varz: who this server is, how it is set, what it has done.
 *
 * The server fills in identity and settings (struct varz is copied, strings
 * are kept by it); the process and the counters are of the moment.
 * Spec: core protocol 6.2.
 */
#ifndef MON_VARZ_H
#define MON_VARZ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "mon/fields.h"

struct json_writer;

/* A row of "http_req_stats". */
struct varz_hits {
	const char *path;
	uint64_t    n;
};

/* By kind of peer. */
struct varz_kinds {
	uint64_t clients, routes, gateways, leafs;
};

struct varz {
	/* ---- identity and settings: the server's --------------------------- */
	struct slice  server_id, server_name;
	struct slice  version;		/* of nats-server, that we speak as */
	int64_t       proto;
	struct slice  git_commit, go;
	struct slice  host;
	int64_t       port;
	bool          auth_required, tls_required, tls_verify;
	bool          tls_ocsp_peer_verify;
	struct slice  ip;
	struct slices connect_urls;
	int64_t       max_connections, max_subscriptions;
	int64_t       ping_interval;	/* ns */
	int64_t       ping_max;
	struct slice  http_host;
	int64_t       http_port;
	struct slice  http_base_path;
	int64_t       https_port;
	double        auth_timeout;	/* s */
	int64_t       max_control_line, max_payload, max_pending;
	double        tls_timeout;	/* s */
	int64_t       write_deadline;	/* ns */
	struct slice  write_timeout;	/* "close", "retry", "" */
	int64_t       start;		/* these: ns since 1970 */
	int64_t       config_load_time;
	struct slice  config_digest;
	struct slices tags;
	struct slices metadata;		/* pairs, in order of key */
	struct slices trusted_operators_jwt;
	struct slice  trusted_operators_claim;	/* JSON: an array of them */
	struct slice  system_account;
	struct slices trusted_proxies;	/* their keys */
	int64_t       tls_cert_not_after;	/* ns since 1970; 0: no certificate */
	struct slice  mote_version;	/* our own */
	int64_t       workers;
	int64_t       tls_cert_expiry;	/* s since 1970; 0: no TLS */
	bool          has_jetstream;	/* these are of messages, not of /varz */
	struct slice  js_domain;
	bool          js_ack_fc_v2;	/* a feature flag */

	/* ---- the moment ---------------------------------------------------- */
	int64_t  now, uptime;		/* ns */
	int64_t  mem;			/* bytes resident */
	int64_t  cores, gomaxprocs;
	double   cpu;			/* percent */
	uint64_t connections, total_connections;
	uint64_t routes, remotes, leafnodes;
	uint64_t in_msgs, in_bytes, in_client_msgs, in_client_bytes;
	uint64_t out_msgs, out_bytes, out_client_msgs, out_client_bytes;
	uint64_t slow_consumers, stale_connections, stalled_clients;
	uint64_t subscriptions;
	uint64_t pinned_account_fails;
	uint64_t failed_logins, delayed_logins, refused_logins;
	const struct varz_hits *http_req_stats;	/* in order of path */
	size_t                  n_http_req_stats;
	struct varz_kinds slow_consumer_stats, stale_connection_stats;
	uint64_t waiters, waits, wait_time, max_wait_time;	/* of disks */
	struct slice jetstream;		/* JSON; empty: it is off */
};

/* The table, for metrics. */
extern const struct field varz_fields[];

/* Switches of nats-server's JetStream, which tools look up: an object.  Only
 * the one given can be thrown here. */
void varz_write_flags(bool js_ack_fc_v2, struct json_writer *w);

void varz_write(const struct varz *v, struct json_writer *w);

#endif /* MON_VARZ_H */
