/* js/consumer_config.h - what a consumer is to be: read, defaulted, checked,
 * compared and written.
 *
 * Owned by whoever made it; all slices lie in its arena (hold).  Immutable once
 * a consumer has it, but for pause_until.
 * Spec: jetstream reference, section 15.
 */
#ifndef JS_CONSUMER_CONFIG_H
#define JS_CONSUMER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "js/fields.h"

struct js_error;
struct json;
struct json_writer;
struct stream_config;

enum deliver_policy {
	DELIVER_ALL, DELIVER_LAST, DELIVER_NEW, DELIVER_BY_START_SEQUENCE,
	DELIVER_BY_START_TIME, DELIVER_LAST_PER_SUBJECT,
};
enum ack_policy { ACK_NONE, ACK_ALL, ACK_EXPLICIT, ACK_FLOW_CONTROL };
enum priority_policy {
	PRIORITY_NONE, PRIORITY_OVERFLOW, PRIORITY_PINNED, PRIORITY_PRIORITIZED,
};

struct consumer_config {
	struct slice         durable, name, description;
	enum deliver_policy  deliver_policy;
	uint64_t             opt_start_seq;	/* 0: unset */
	int64_t              opt_start_time;	/* JS_TIME_UNSET */
	const char          *start_told;	/* js/fields.h */
	enum ack_policy      ack_policy;
	int64_t              ack_wait_ns;
	int64_t              max_deliver;	/* -1: no end */
	int64_t             *backoff_ns;
	size_t               n_backoff;
	/* filter_subject, as read; checked, it is filters[0] with
	 * is_single_filter. */
	struct slice         one_filter;
	struct slice        *filters;
	size_t               n_filters;
	bool                 is_single_filter;
	bool                 replays_original;
	uint64_t             rate_limit_bps;
	struct slice         sample_freq;
	int                  sample_percent;	/* 0: none */
	int64_t              max_waiting, max_ack_pending;	/* -1: no limit */
	bool                 flow_control, headers_only;
	int64_t              max_batch, max_expires_ns, max_bytes;	/* 0: none */
	struct slice         deliver_subject, deliver_group;	/* empty: pull */
	int64_t              heartbeat_ns, inactive_ns;	/* 0: none */
	int64_t              n_replicas;
	bool                 mem_storage, direct, sourcing;
	struct js_metadata  *metadata;	/* sorted by key; no dynamic ones */
	size_t               n_metadata;
	int64_t              pause_until;	/* ns since 1970; JS_TIME_UNSET */
	const char          *pause_told;
	struct slice        *groups;
	size_t               n_groups;
	enum priority_policy priority;
	int64_t              priority_timeout_ns;

	struct js_hold      *hold;
};

struct consumer_limits {
	int64_t max_ack_pending;	/* server's or account's; <= 0: none */
	int64_t max_request_batch;	/* server's; <= 0: none */
	const struct consumer_config *before;	/* that is changed; NULL: it is
						   new */
};

static inline bool consumer_config_is_push(const struct consumer_config *c)
{
	return c->deliver_subject.n > 0;
}

/* As stream_config_read, for the "config" object of a request. */
bool consumer_config_read(const struct json *object, bool is_strict,
    struct consumer_config **ret, struct js_error *e);
void consumer_config_destroy(struct consumer_config *c);	/* takes NULL */

/* Gives it this name (copied): from the request's subject, or made up. */
bool consumer_config_set_name(struct consumer_config *c, struct slice name);

/* May a priority group be called that? */
bool consumer_group_is_valid(struct slice s);

/* Defaults and checks, section 15.2 and 15.3 up to 18; the stream's config
 * gives limits and subjects.  False and *e. */
bool consumer_config_check(struct consumer_config *c,
    const struct stream_config *stream, const struct consumer_limits *limits,
    bool pedantic, struct js_error *e);

/* Section 15.4: what may not change (10012 and others). */
bool consumer_config_check_update(const struct consumer_config *from,
    const struct consumer_config *to, struct js_error *e);

bool consumer_config_equal(const struct consumer_config *a,
    const struct consumer_config *b);

void consumer_config_write(const struct consumer_config *c, bool is_dynamic,
    struct json_writer *w);

unsigned consumer_config_level(const struct consumer_config *c);

#endif /* JS_CONSUMER_CONFIG_H */
