/* js/stream_config.h - what a stream is to be: read, defaulted, checked,
 * compared and written.
 *
 * Owned by whoever made it; all slices lie in its arena (hold).  Immutable once
 * a stream has it: an update is a new one.
 * Spec: jetstream reference, section 4.
 */
#ifndef JS_STREAM_CONFIG_H
#define JS_STREAM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "js/fields.h"

struct js_error;
struct json;
struct json_writer;

enum retention { RETENTION_LIMITS, RETENTION_INTEREST, RETENTION_WORKQUEUE };
enum discard { DISCARD_OLD, DISCARD_NEW };
enum storage { STORAGE_FILE, STORAGE_MEMORY };

struct subject_map {
	struct slice src, dest;
};

/* mirror, and each of sources */
struct source_config {
	struct slice        name;
	uint64_t            opt_start_seq;
	int64_t             opt_start_time;	/* ns since 1970; INT64_MIN: unset */
	const char         *start_told;		/* js/fields.h */
	struct slice        filter_subject;
	struct subject_map *transforms;
	size_t              n_transforms;
	bool                has_external;
	struct slice        external_api, external_deliver;
	bool                has_consumer;
	struct slice        consumer_name, consumer_deliver;
};

struct stream_config {
	struct slice         name, description;
	struct slice        *subjects;
	size_t               n_subjects;
	enum retention       retention;
	int64_t              max_consumers, max_msgs, max_bytes;	/* -1: none */
	int64_t              max_age_ns;	/* 0: none */
	int64_t              max_msgs_per_subject, max_msg_size;
	enum discard         discard;
	enum storage         storage;
	int64_t              n_replicas;
	bool                 no_ack;
	int64_t              duplicate_window_ns;	/* 0: none */
	bool                 has_placement;
	struct slice         placement_cluster;
	struct slice        *placement_tags;
	size_t               n_placement_tags;
	struct source_config *mirror;	/* NULL: none */
	struct source_config *sources;
	size_t               n_sources;
	bool                 is_compressed;	/* "s2" */
	uint64_t             first_seq;
	bool                 has_transform;
	struct subject_map   transform;
	bool                 has_republish;
	struct subject_map   republish;
	bool                 republish_headers_only;
	bool                 allow_direct, mirror_direct;
	bool                 discard_new_per_subject;
	bool                 sealed, deny_delete, deny_purge, allow_rollup;
	int64_t              limit_inactive_ns;	/* consumer_limits; 0: unset */
	int64_t              limit_ack_pending;
	bool                 allow_msg_ttl;
	int64_t              marker_ttl_ns;	/* subject_delete_marker_ttl */
	bool                 allow_counter, allow_atomic, allow_schedules;
	bool                 is_async;		/* persist_mode */
	bool                 allow_batched;
	struct js_metadata  *metadata;	/* sorted by key; no dynamic ones */
	size_t               n_metadata;

	struct js_hold      *hold;	/* what the slices lie in */
};

/* What the checks want to know of the server. */
struct stream_limits {
	int64_t duplicate_window_ns;	/* the server's; 0: none */
	bool    max_bytes_required;	/* the account's */
	int64_t mem_max_stream_bytes, disk_max_stream_bytes;	/* <= 0: none */
	bool    is_stored;	/* it was checked when it came, and has what that
				   implied: sealing, markers */
};

/* From a request's object: unknown names are an error if is_strict (name is
 * told), wrong types always (10025).  "pedantic" is taken out into *pedantic
 * (NULL: unknown).  Not yet checked.  False and *e.  *ret: owned. */
bool stream_config_read(const struct json *object, bool is_strict,
    bool *pedantic, struct stream_config **ret, struct js_error *e);
void stream_config_destroy(struct stream_config *c);	/* takes NULL */

/* Fills in defaults and checks all that needs no other stream, in the order of
 * section 4.2.  False and *e (10052 with the text, or a number of its own). */
bool stream_config_check(struct stream_config *c,
    const struct stream_limits *limits, bool pedantic, struct js_error *e);

/* The rules of section 4.4 for going from one checked config to another;
 * changes *to where an update implies something (sealing).  False and *e. */
bool stream_config_check_update(const struct stream_config *from,
    struct stream_config *to, struct js_error *e);

/* After checking; metadata of the server's own does not count. */
bool stream_config_equal(const struct stream_config *a,
    const struct stream_config *b);

/* As an object, the order and omissions of section 4.1.  is_dynamic: with
 * _nats.ver and _nats.level in the metadata. */
void stream_config_write(const struct stream_config *c, bool is_dynamic,
    struct json_writer *w);

/* Could a subject be wanted by both lists of patterns? */
bool stream_config_overlaps(const struct stream_config *a,
    const struct stream_config *b);

/* The lowest API level that understands it (section 27): _nats.req.level. */
unsigned stream_config_level(const struct stream_config *c);

#endif /* JS_STREAM_CONFIG_H */
