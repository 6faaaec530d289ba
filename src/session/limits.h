/* session/limits.h - what sessions are told of the configuration.
 *
 * Immutable once published and counted; a reload publishes another, and each
 * worker changes over when its mail tells it to.
 */
#ifndef SESSION_LIMITS_H
#define SESSION_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct auth;
struct secure_config;

struct session_config {
	uint32_t n_refs;	/* atomic */
	uint64_t generation;	/* rises with each reload */

	/* Identity, for INFO; owned. */
	struct slice server_id, server_name, host, xkey;
	int          port;
	struct slice client_advertise;
	struct slice js_domain;		/* empty: none */
	bool         has_jetstream;

	struct auth *auth;	/* a reference */
	struct secure_config *secure;	/* likewise; NULL: no TLS */

	uint32_t line_max;		/* max_control_line */
	int64_t  payload_max;
	int64_t  pending_max;		/* bytes */
	int64_t  outbound_max;		/* bytes queued for all clients of the
					   server; 0: no limit */
	int64_t  conns_max;		/* 0 and less: nobody */
	int64_t  subs_max;		/* of each connection; 0: no limit */
	int32_t  sub_tokens_max;	/* 0: no limit */
	int64_t  ping_interval_ns;
	int32_t  pings_max;		/* unanswered */
	int64_t  write_deadline_ns;
	bool     write_retries;		/* write_timeout: retry */
	bool     has_headers;
	bool     stalls_producers;
	bool     caches_matches;
	int32_t  traced_msg_max;	/* bytes of a payload in the trace; 0: all */
	bool     traces_headers_only;
};

struct session_config *session_config_create(void);
struct session_config *session_config_ref(struct session_config *c);
void session_config_unref(struct session_config *c);	/* takes NULL */

/* For the makers: a copy of s that lives as long as c.  false: no memory. */
bool session_config_keep(struct session_config *c, struct slice *field,
    struct slice s);

#endif /* SESSION_LIMITS_H */
