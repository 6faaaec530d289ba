/* js/request.h - what the requests of the API may say: a struct for each, and
 * its table of members.
 *
 * The dispatcher (js/api.c) reads a request by its table before the handler
 * runs, so no handler looks into JSON, and a misspelt filter never becomes a
 * purge of everything.
 *
 * Spec: jetstream reference, section 2.4; the names are nats-server's.
 */
#ifndef JS_REQUEST_H
#define JS_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "js/snapshot.h"
#include "js/stream.h"

struct js_error;
struct js_field;
struct js_hold;
struct json;

/* Of one message, or of several where it is direct. */
struct direct_wish {
	uint64_t      seq;
	int64_t       start_time;	/* JS_TIME_UNSET: none */
	struct slice  last_by_subj, next_by_subj;
	bool          no_hdr;
	int64_t       batch, max_bytes;	/* below 0: none, no more */
	uint64_t      up_to_seq;
	int64_t       up_to_time;
	struct slice *multi_last;
	size_t        n_multi;
};

enum consumer_action { ACTION_ANY, ACTION_CREATE, ACTION_UPDATE };

/* Zeroed: nothing was said; a time is JS_TIME_UNSET then.  Each row of the API
 * reads one of these. */
union request {
	struct {
		int64_t      offset;
		struct slice subject;	/* of streams only */
	} page;
	struct {
		int64_t      offset;
		struct slice subjects_filter;
		bool         deleted_details;
	} stream_info;
	struct stream_purge_what purge;
	struct direct_wish       get;
	struct {
		uint64_t seq;
		bool     no_erase;
	} msg_delete;
	struct {
		struct snapshot_wish wish;
		bool                 checks;	/* each message is checked anyway */
	} snapshot;
	struct {
		const struct json *config;	/* NULL: none */
	} restore;
	struct {
		struct slice consumer;
		uint64_t     seq, batch;
	} redrive;
	struct {
		struct slice       stream_name;
		enum consumer_action action;
		const struct json *config;	/* NULL: none */
		bool               pedantic;
	} consumer_create;
	struct {
		int64_t until;
	} pause;
	struct {
		struct slice group;
	} unpin;
	struct {
		uint64_t seq;
	} reset;
};

struct request_kind {
	const char            *name;	/* as errors tell it */
	const struct js_field *fields;
	bool                   takes_others;	/* members nobody knows */
};

extern const struct request_kind request_stream_names, request_stream_list,
    request_stream_info, request_purge, request_msg_get, request_msg_delete,
    request_snapshot, request_restore, request_redrive,
    request_consumer_create, request_consumers, request_pause, request_unpin,
    request_reset;

/* Into a zeroed union.  doc: borrowed, as is what it holds of configurations;
 * NULL: nothing was sent.  Texts go into h.  is_strict: an unknown member is an
 * error.  False and *e, 10025. */
bool request_read(const struct request_kind *kind, const struct json *doc,
    bool is_strict, union request *into, struct js_hold *h,
    struct js_error *e);

#endif /* JS_REQUEST_H */
