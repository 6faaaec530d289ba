/* js/js.h - JetStream: the accounts that have it, and their streams.
 *
 * A client of core with an API of subjects.  One loop owns all of it, so
 * nothing in here is locked; stores wait for disks on a pool of their own.
 *
 * Order of a turn: takes (messages, acks, requests) change state; js_end_turn
 * answers the requests, delivers, begins syncs, and sends what has become
 * durable.
 */
#ifndef JS_JS_H
#define JS_JS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/slice.h"
#include "js/host.h"
#include "store/seal.h"

struct account;
struct buf;
struct errands;
struct js;
struct js_account;
struct json_writer;
struct store_pool;
struct stream;

enum { JS_API_LEVEL = 5 };

struct js_account_limits {
	int64_t max_memory, max_storage;	/* -1: no limit */
	int64_t max_streams, max_consumers, max_ack_pending;
	int64_t mem_max_stream_bytes, disk_max_stream_bytes;
	bool    max_bytes_required;
};

struct js_batch_limits {
	uint64_t max_per_stream, max_in_all, max_msgs;
	int64_t  timeout_ns;
};

enum { JS_TIERS_MAX = 8, JS_TIER_NAME_MAX = 16 };

/* Limits of the streams with so many replicas. */
struct js_tier {
	char                     name[JS_TIER_NAME_MAX];	/* "R1" */
	struct js_account_limits limits;
};

/* What an account is granted: one set of limits, or one for each tier. */
struct js_grant {
	struct js_account_limits limits;	/* without tiers */
	struct js_tier           tiers[JS_TIERS_MAX];
	size_t                   n_tiers;
};

struct js_config {
	const char  *dir;	/* <store_dir>/jetstream; copied */
	const char  *server_name;	/* copied */
	const char  *server_id;		/* copied */
	const char  *domain;	/* NULL: none; copied */
	const char  *key, *prev_key;	/* NULL: none; copied, and wiped */
	bool         uses_aes;	/* to encrypt with; else ChaCha20-Poly1305 */
	int64_t      max_memory, max_storage;
	int64_t      sync_interval_ns;	/* 0: an acknowledgement means on disk */
	bool         is_strict;
	bool         writes_routes;	/* in acks and flow control */
	int64_t      limit_ack_pending, limit_request_batch;	/* <= 0: none */
	int64_t      limit_duplicates_ns;
	struct js_batch_limits batch;	/* 0: the default */
	int64_t      limit_requests, limit_infos;	/* that wait; <= 0: the
					   default, the other's */
	/* What a stream may have been sent and has not written yet; 0: as much as
	 * its store takes; below: likewise. */
	int64_t      limit_buffered_msgs, limit_buffered_bytes;
	unsigned     n_sync_threads;
};

struct js_usage {
	uint64_t memory, storage, reserved_memory, reserved_storage;
	uint64_t n_streams, n_consumers;
};

struct js_account {
	struct list      openings;	/* streams that are (js/opening.c) */
	struct list      makings, removals;	/* js/making.c */
	struct list      link;		/* in js->accounts or ->guests */
	struct js       *js;
	struct account  *core;
	char            *dir;		/* of its streams */
	char            *route;		/* "<domain>.<hash>"; NULL: not written */
	bool             is_enabled;	/* else its API says that it is not */
	struct js_account_limits limits;	/* of one replica */
	bool             is_closed;	/* no tier is: no stream is created */
	struct js_tier  *tiers;		/* NULL: none */
	size_t           n_tiers;
	uint64_t         granted_memory, granted_storage;
	struct stream  **v;		/* sorted by name */
	size_t           n, cap;
	uint64_t         n_api, n_api_errors;
	uint64_t         memory_used, storage_used;	/* at the last turn's end */
	struct js_sub   *subs[16];	/* of the API */
	size_t           n_subs;
	struct list      unopened;	/* streams that are on the disk only */
	struct list      offline;	/* that need a newer server */
	size_t           n_offline;
};

/* What goes on over many turns: a backup, a restore.  A turn does a bounded
 * part of it. */
struct js_job {
	struct list link;	/* in js->jobs */
	struct list due;	/* in js->due_jobs */
	void      (*turn)(struct js_job *j);
	/* At once, for good: frees it. */
	void      (*stop)(struct js_job *j);
	const struct stream *stream;	/* it cannot outlive; NULL: none */
	const struct js_account *account;	/* likewise, having JetStream */
};

struct js {
	struct js_host     host;
	struct js_config   config;
	struct store_pool *pool;
	struct errands    *errands;
	struct timer       scrub;	/* js/scrub.c */
	size_t             scrub_next;
	struct store_secret secret;	/* of config */
	struct list        accounts;	/* that have it */
	struct list        guests;	/* others, whose API says so */
	struct list        dirty;	/* streams with work at the turn's end */
	struct list        requests;	/* of the API, in order */
	struct list        jobs, due_jobs;
	uint64_t           n_waiting[2];	/* of those; that only ask: [1] */
	struct js_account *system;	/* NULL: there is none */
	uint64_t           granted_memory, granted_storage;	/* to accounts
					   with a limit */
	uint64_t           n_api, n_api_errors;
	uint64_t           memory_used, storage_used;
	size_t             n_batches, n_fast_batches;	/* under way */
	uint64_t           batch_bytes;	/* staged */
	struct list        outbox;	/* said in the middle of a turn */
	struct list        strangers;	/* directories of no account */
	bool               is_ending;	/* a turn */
	bool               is_publishing;	/* who takes it may not */
	bool               is_closing;
	bool               is_full;	/* the disk was, and it was told */
};

/* NULL: out of memory. */
struct js *js_create(const struct js_config *config,
    const struct js_host *host);

/* What of memory and storage a grant takes from the server; no limit takes
 * nothing. */
void js_grant_sum(const struct js_grant *g, uint64_t *memory,
    uint64_t *storage);

/* What may change without a restart: limits. */
void js_reconfigure(struct js *js, const struct js_config *config);

/* The API answers in that account from now on: that JetStream is not enabled
 * there, unless it is; the system account's is another one.  NULL: out of
 * memory (logged). */
struct js_account *js_admit(struct js *js, struct account *a);

/* An account has JetStream from now on: its streams are opened; or, if it has
 * it, other limits.  What accounts are granted together must be there.  NULL
 * and why (logged); limits are as before then. */
struct js_account *js_enable(struct js *js, struct account *a,
    const struct js_grant *grant);

/* It has it no longer: its streams are closed and stay on the disk.  Not in a
 * take. */
void js_disable(struct js *js, const struct account *a);

/* Only who has it.  NULL: it does not. */
struct js_account *js_find_account(const struct js *js, const struct account *a);

/* Every stream is closed: durable, indexes saved. */
void js_destroy(struct js *js);

void js_end_turn(struct js *js);

/* What files are encrypted with; NULL: they are not.  Lives as long as js. */
const struct store_secret *js_secret(const struct js *js);

/* ---- streams of an account -------------------------------------------------- */

struct stream *js_find_stream(const struct js_account *a, struct slice name);
bool js_add_stream(struct js_account *a, struct stream *s);
void js_remove_stream(struct js_account *a, struct stream *s);
void js_account_usage(const struct js_account *a, struct js_usage *ret);

/* ---- jobs --------------------------------------------------------------------- */

void js_add_job(struct js *js, struct js_job *j);
void js_remove_job(struct js_job *j);
/* It has a turn at the end of this one, or of the next. */
void js_wake_job(struct js *js, struct js_job *j);
/* It has one whenever a turn ends, which somebody else sees to. */
void js_rest_job(struct js *js, struct js_job *j);
/* Those that are about the stream; NULL: all. */
void js_stop_jobs(struct js *js, const struct stream *s);

/* ---- saying ------------------------------------------------------------------ */

/* At the end of a turn only.  False: nobody took it. */
bool js_publish(struct js *js, const struct js_out *m);
/* Publishes when the turn ends, or now if it does. */
void js_send(struct js *js, const struct js_out *m);
/* A status line: "NATS/1.0 <text>\r\n" and more headers, to subject. */
void js_send_status(struct js *js, struct account *a, struct slice subject,
    struct slice reply, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
void js_send_vstatus(struct js *js, struct account *a, struct slice subject,
    struct slice reply, const char *fmt, va_list ap)
    __attribute__((format(printf, 5, 0)));
void js_mark_dirty(struct js *js, struct stream *s);
/* What was left to do must not wait for an event.  In the middle of a turn its
 * end is near enough.  Thread: owner. */
static inline void js_need_turn(struct js *js)
{
	if (js->is_ending)
		js->host.wake(js->host.ctx);
}

/* What came of a write.  That the disk is full is told once, until there is
 * room again. */
void js_note_room(struct stream *s, int err);


#endif /* JS_JS_H */
