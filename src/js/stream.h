/* js/stream.h - a stored subject space.
 *
 * A stream takes what is published on its subjects, appends it to its store and
 * acknowledges it when that is on the disk; enforces its limits; and tells its
 * consumers.  It is owned by the loop that runs JetStream.
 *
 * A stream's life: opening -> open -> deleted (or closed with the server).
 * The messages are in one store; beside it, in the directory "state", a second
 * store holds what its consumers are and how far they are (js/cursors.h).  The
 * stream's own configuration is the blob of the first store.
 *
 * Thread: owner.  Spec: jetstream reference, sections 5 to 9, 12, 14.
 */
#ifndef JS_STREAM_H
#define JS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/slice.h"
#include "base/timer.h"
#include "store/store.h"

struct buf;
struct consumer;
struct dedup;
struct disk;
struct expiry;
struct js_account;
struct js_error;
struct js_sub;
struct json_writer;
struct offline;
struct pack;
struct run;
struct schedules;
struct source;
struct stream_config;
struct transform;

/* A reply that waits until what it confirms is on the disk. */
struct stream_waiter {
	struct list  link;
	uint64_t     mark;	/* of store_mark */
	void       (*done)(struct stream_waiter *w, int err);	/* and frees it */
};

struct stream {
	struct js_account    *account;
	struct stream_config *config;
	struct slice          name;	/* config->name */
	int64_t               created_ns;	/* wall clock */
	int64_t               allocated_ns;	/* likewise, when it came into
						   memory */
	struct store         *store;
	struct store         *state;	/* NULL: nothing of the consumers is kept */
	struct disk          *ramdisk;	/* of a memory stream; NULL */
	struct js_sub       **subs;	/* one for each subject */
	size_t                n_subs;
	struct js_sub        *direct[4];	/* of DIRECT.GET; NULL: not allowed */
	struct transform     *transform, *republish;
	struct dedup         *dedup;
	struct expiry        *expiry;	/* max_age and TTLs */
	struct schedules     *schedules;	/* NULL: it does not have them */
	struct list           batches;	/* under way; js/batch.c */
	struct list           fast_batches;	/* js/fast_batch.c */
	size_t                n_batches, n_fast_batches;
	struct source       **sources;	/* or the mirror's one; js/sources.h */
	size_t                n_sources;
	char                  identity[8];	/* of this making of it */
	int64_t               last_ts_ns;	/* never goes back */
	struct buf           *last_msg_id;
	struct buf           *ack_head;	/* what each PubAck begins with */
	struct buf           *scratch;	/* headers that are changed */
	char                 *dir;	/* its directory */
	struct list           consumers;	/* by name, struct consumer.link */
	struct consumer     **by_name;	/* the same, n_consumers, to seek in */
	size_t                by_name_cap;
	size_t                n_consumers, n_direct;
	struct pack          *pack;	/* a backup under way; NULL: none */
	size_t                n_readers;	/* that feed other streams */
	uint64_t              durable_told;	/* to them: up to this sequence */
	struct list           waiters;	/* struct stream_waiter, by mark */
	struct list           state_waiters;	/* on what the state store does */
	uint64_t              n_lost;	/* messages that damage has cost */
	struct timer          timer;	/* age, TTL, dedup: the earliest */
	struct list           dirty;	/* in js->dirty while there is work */
	bool                  has_news;	/* messages came, consumers want to know */
	int                   error;	/* the store's; 0: none */
	int64_t               sync_at_ns;	/* now_ns() time; lazy syncs */
	struct timer          state_timer;	/* of the state store's sync */
	bool                  is_state_due;
	bool                  is_leaving;	/* it is being closed or deleted */
	bool                  was_purged;	/* as a whole, since it is open */
	bool                  is_opening;	/* on another thread */
	bool                  is_redriving;	/* letters of it are under way */
	uint64_t              bytes_told;	/* of its account's use */
};

/* ---- life ------------------------------------------------------------------ */

/* A new one, without files yet; js/making.h makes it to the end.  is_aside: its
 * messages are still to come, from a backup; it lies beside its place, and is
 * gone after a crash.  config: checked; owned from now on, also on failure.
 * NULL: out of memory. */
struct stream *stream_begin(struct js_account *a, struct stream_config *config,
    int64_t created_ns, bool is_aside);
/* Its stores, durably, and what is in memory.  ERR_*: nothing is left of it on
 * the disk.  Thread: any that has it alone. */
int stream_make_files(struct stream *s);

/* All of it is in its stores, and durable: its files move to their place,
 * durably.  ERR_*.  Thread: any that has it alone. */
int stream_move_files(struct stream *s, int64_t created_ns);
/* After that: its limits are kept.  It is in no list yet. */
void stream_move_in(struct stream *s);
/* One that did not come into use, and its files.  Nobody is told. */
void stream_abandon(struct stream *s);

/* One that is on the disk, in the directory dir: what it is, and no more yet.
 * NULL: that cannot be read (why: ERR_*), or a newer server made it
 * (ERR_VERSION, and what there is of it: *newer, owned; else NULL). */
struct stream *stream_peek(struct js_account *a, const char *dir, int *why,
    struct offline **newer);
/* Its stores are opened, and what is in memory is made.  ERR_*: it cannot be
 * used.  Thread: any that has it alone. */
int stream_open_files(struct stream *s);
/* Its consumers; then stream_start. */
void stream_settle_in(struct stream *s);
/* One that was not opened, or not to the end; its files stay. */
void stream_forget(struct stream *s);

/* Subscribes to its subjects: from here on it takes messages. */
bool stream_start(struct stream *s);

/* config: checked and allowed; owned from now on.  In force at once, and durable
 * with the next sync.  False and *e: all is as it was. */
bool stream_update(struct stream *s, struct stream_config *config,
    struct js_error *e);

/* Closes it and its consumers, saves what speeds up the next opening. */
void stream_close(struct stream *s);

/* And removes its files: it is gone at once, and w is told when that is durable.
 * Consumers say 409 Consumer Deleted.  w: NULL, nobody.  False and *e: it is as
 * it was, and w not told. */
bool stream_delete(struct stream *s, struct stream_waiter *w,
    struct js_error *e);

/* ---- taking messages -------------------------------------------------------- */

/* What js_host.subscribe calls (ctx: the stream). */
void stream_take(void *ctx, const struct run *run);

/* One message by the whole order of checks (section 5.3); what is answered to
 * reply is sent when it is durable.  subject is as published. */
void stream_publish(struct stream *s, struct slice subject, struct slice reply,
    struct slice headers, struct slice payload);

/* Append without the checks (markers, sources, schedules, batches): limits,
 * republish and consumers' signal as for any.  0 and *seq, or ERR_*. */
int stream_append(struct stream *s, struct slice subject, struct slice headers,
    struct slice payload, int64_t ts_ns, uint64_t *seq);

/* w->done is called once all that has happened so far is durable. */
void stream_await(struct stream *s, struct stream_waiter *w, bool on_state);

/* Take what the pool has finished: PubAcks go out.  Begin the next sync.  Deliver
 * to consumers.  Once a turn, at its end, for those that are dirty. */
void stream_end_turn(struct stream *s);

/* ---- asking and removing ---------------------------------------------------- */

struct stream_purge_what {
	struct slice filter;
	uint64_t     seq, keep;
};
bool stream_purge(struct stream *s, const struct stream_purge_what *what,
    uint64_t *n, struct js_error *e);

/* erase: overwrite its bytes. */
bool stream_delete_msg(struct stream *s, uint64_t seq, bool erase,
    struct js_error *e);

/* A consumer is done with it, or it has lost its interest: remove it if the
 * retention says so. */
void stream_acked(struct stream *s, uint64_t seq);

/* The "state" object of StreamInfo. */
struct stream_state_wish {
	bool         deleted_details;
	struct slice subjects_filter;	/* empty: none */
	uint64_t     offset;
};
void stream_write_state(struct stream *s, const struct stream_state_wish *wish,
    uint64_t *n_subjects, struct json_writer *w);

/* The whole StreamInfo, without braces (config, created, state, ..., ts). */
void stream_write_info(struct stream *s, const struct stream_state_wish *wish,
    bool is_dynamic, uint64_t *n_subjects, struct json_writer *w);

/* Bytes as nats-server counts them (section 6.3). */
uint64_t stream_bytes(const struct stream *s);

/* Would a consumer have it? */
bool stream_has_interest(const struct stream *s, struct slice subject);

struct consumer *stream_find_consumer(const struct stream *s, struct slice name);

#endif /* JS_STREAM_H */
