/* js/report.h - what monitoring is told of JetStream.
 *
 * A report is asked for on one thread and made on JetStream's, in steps: each
 * looks at a bounded number of streams and consumers, so that whoever has
 * thousands of them is served while they are counted.  Between two steps
 * streams come and go; a report says of each what was so when it was its turn.
 *
 *   report.c         the walk over accounts and streams, pass by pass
 *   report_json.c    configuration, use, and details: /jsz and its parts
 *   report_health.c  what is not as it should be
 *   report_rows.c    numbers of every stream and consumer, for metrics
 *
 * Spec: jetstream reference, section 26.
 */
#ifndef JS_REPORT_H
#define JS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/slice.h"

struct account;
struct js;
struct report_pass;

enum report_kind {
	REPORT_SUMMARY,		/* text: "config", "stats", "limits" */
	REPORT_STATS,		/* the same without the directory */
	REPORT_DOCUMENT,	/* text: all of /jsz */
	REPORT_ACCOUNT,		/* text: the detail of one account */
	REPORT_ACCESS,		/* has_account alone */
	REPORT_HEALTH,		/* status, why, errors */
	REPORT_NUMBERS,		/* totals, rows, and health */
};

/* As /jsz has them; the strings are kept until the report is made. */
struct report_options {
	struct slice account;		/* empty: all */
	bool    lists_accounts, lists_streams, lists_consumers;
	bool    lists_direct, shows_config, shows_raft;
	bool    leader_only, stream_leader_only;	/* we lead them all */
	int64_t offset, limit;		/* of accounts; 0: 1024, < 0: all */
};

struct report_wish {
	enum report_kind      kind;
	struct report_options options;
	struct slice          stream, consumer;	/* of health */
	struct slice          server_id;	/* of the document */
	int64_t               now_ns;
	unsigned              indent;
};

struct report_totals {
	uint64_t n_streams, n_consumers, messages, bytes, lost;
	uint64_t max_memory, max_storage, memory, storage;
	uint64_t reserved_memory, reserved_storage;
	uint64_t n_accounts, n_api, n_api_errors;
};

/* Names are offsets in report.names, where they end with a NUL. */
struct report_stream {
	size_t   account, name;
	uint64_t messages, bytes, first_seq, last_seq;
	uint64_t limit_messages, limit_bytes;	/* 0: none */
	uint64_t n_consumers, n_subjects, lost;
};

struct report_consumer {
	size_t   account, stream, name;
	uint64_t delivered_consumer_seq, delivered_stream_seq;
	uint64_t ack_floor_consumer_seq, ack_floor_stream_seq;
	uint64_t n_ack_pending, n_pending, n_redelivered, n_waiting;
	uint64_t lag_seconds;	/* age of the oldest that it has not had */
};

struct report {
	/* Out: read when it is made. */
	bool        is_off;	/* JetStream does not run: nothing else is told */
	bool        has_account;	/* the one that was asked for has JetStream */
	bool        failed;	/* out of memory: half of it, or less */
	struct buf  text;
	struct report_totals    totals;
	struct buf              names;
	struct report_stream   *streams;
	struct report_consumer *consumers;
	size_t                  n_streams, n_consumers;
	unsigned    status;	/* of health, as HTTP has it: 200, 404, 503 */
	struct buf  why;	/* the first that is wrong */
	struct buf  errors;	/* all that is wrong, JSON: an array's insides */

	/* The walk. */
	struct report_wish        wish;
	const struct report_pass *const *pass;	/* up to NULL */
	bool                      has_begun;	/* the pass */
	const struct account    **accounts;	/* by name */
	size_t                    n_accounts, at, end;
	bool                      is_inside;	/* an account */
	struct buf                behind;	/* the stream it is at */
	struct json_writer        w;
	bool                      has_details, has_stream;	/* written */
	bool                      saw_stream, saw_consumer;	/* of health */
	size_t                    streams_cap, consumers_cap;
};

/* NULL: out of memory.  Thread: any. */
struct report *report_create(const struct report_wish *wish);

/* js: NULL, it does not run.  True: it is made; else it wants another step, in
 * a later turn.  Thread: owner of js. */
bool report_step(struct report *r, struct js *js);

/* Takes NULL.  Thread: any that has it alone. */
void report_destroy(struct report *r);

#endif /* JS_REPORT_H */
