/* store/store.h - a numbered sequence of messages that survives.
 *
 * Messages are appended with a subject, get ascending sequences, and are read
 * by sequence, by subject or by time until they are deleted or purged.  What is
 * appended or deleted is seen at once and durable later: store_sync begins to
 * write, on a thread of the pool, all that has happened since the last time;
 * when it has succeeded store_durable says up to where.  One sync covers
 * whatever came before it, so many publishers share it.
 *
 * After a failed write or sync the store never writes again: it answers
 * store_error to all that would change it, and reads go on.  A full disk is not
 * a failure: appends are refused, deletes and purges go on from a reserve, and
 * appends resume once there is room.
 *
 * A damaged bit costs the message that it hit: reading it fails once with
 * ERR_CORRUPT, `lost` is told, and its sequence is gone for good.  Sequences are
 * never used twice.
 *
 * Thread: owner, all of it.  Spec: doc/store-format.md.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "store/scan.h"

struct disk;
struct store_secret;
struct store;
struct store_pool;

enum { STORE_SUBJECT_MAX = 65535 };

/* The last sequence that is given out.  Behind it is room for those that a crash
 * leaves in doubt. */
#define STORE_SEQ_MAX (UINT64_MAX - (UINT64_C(1) << 32))

enum store_why {
	STORE_LOST,	/* was acknowledged */
	STORE_TORN,	/* written when the machine stopped: perhaps never
			   acknowledged */
};

struct store_loss {
	enum store_why why;
	uint64_t       first_seq, last_seq;
	uint32_t       block_nr;
};

struct store_config {
	struct disk       *disk;	/* kept */
	struct store_pool *pool;	/* kept; NULL: work is done in the call */
	uint32_t           block_bytes;	/* 0: 8 MiB */
	uint32_t           reserve_bytes;	/* 0: none */
	struct cost        cost;
	bool               is_volatile;	/* no zeros ahead, no saved index */
	bool               is_compressed;	/* what is appended from now on */
	const struct store_secret *secret;	/* kept; NULL: none is encrypted */
	/* There is work for store_tick.  Thread: the pool's. */
	void             (*wake)(void *ctx);
	/* Thread: owner.  In store_open too, before it returns. */
	void             (*lost)(void *ctx, const struct store_loss *loss);
	/* In store_open, before what was found is written down: these were cut
	 * off (STORE_TORN).  What makes no sense without them may be read and
	 * deleted.  NULL: nothing does. */
	void             (*cut_off)(void *ctx, struct store *s,
	    uint64_t first_seq, uint64_t last_seq);
	void              *ctx;
};

/* Makes the directory path, which does not exist or is empty, durably.  blob:
 * the caller's own bytes, kept with the store in several copies; at most
 * META_BLOB_MAX.  ERR_EXISTS, ERR_NOSPC, ERR_IO, ERR_NOMEM; ERR_RANGE: first_seq
 * is beyond STORE_SEQ_MAX. */
int store_create(const struct store_config *c, const char *path,
    uint64_t first_seq, struct slice blob, struct store **ret);

/* ERR_NOTFOUND: there is no store.  ERR_VERSION: a newer program's.
 * ERR_DENIED: it is encrypted, and there is no key or another; it is left as it
 * is.  One that was not encrypted is from now on; what it has is, block by
 * block, by store_tick.
 * ERR_CORRUPT: nothing in it says whose it is.  ERR_IO, ERR_NOMEM, ERR_NOSPC.
 * Damage to messages is no error: see lost. */
int store_open(const struct store_config *c, const char *path,
    struct store **ret);

/* The blob of a store that is not open, as its metadata has it: a newer one may
 * be in a block.  Nothing is changed.  ERR_NOTFOUND: there is no store, or no
 * metadata; what else store_open may say. */
int store_peek(const struct store_config *c, const char *path,
    struct buf *blob);

/* Waits for what is under way, makes everything durable and saves the index.
 * The store is gone, whatever is returned: 0, or what kept it from that. */
int store_close(struct store *s);

/* Forgets what is not durable, as a crash would.  Waits for the pool. */
void store_abandon(struct store *s);

/* Deletes a closed store.  ERR_NOTFOUND, ERR_IO. */
int store_remove_files(const struct store_config *c, const char *path);

/* ---- changing ------------------------------------------------------------- */

/* Append one message.  subject: 1 to STORE_SUBJECT_MAX bytes; all is copied.
 * ts_ns: since 1970; never before the last one's (the caller holds back a
 * clock that steps).  *seq: above all that were ever given out.
 * ERR_NOSPC, ERR_NOMEM: nothing has happened, a later try may succeed.
 * ERR_LIMIT: the message is too large for any block.  ERR_RANGE: STORE_SEQ_MAX
 * has been given out.
 * ERR_BUSY: too much waits to be written, or descriptors have run out.  Else
 * store_error. */
int store_append(struct store *s, struct slice subject, struct slice hdr,
    struct slice body, int64_t ts_ns, uint64_t *seq);

/* Give a sequence out to nobody.  Errors as for append. */
int store_skip(struct store *s, int64_t ts_ns, uint64_t *seq);

/* Likewise all from the next one to before next; they cost next to nothing.
 * Nothing to do where the next one is next or more.  ERR_NOMEM, ERR_NOSPC,
 * ERR_RANGE: they are still to be given out. */
int store_skip_to(struct store *s, uint64_t next);

enum store_delete {
	STORE_DELETE,
	STORE_ERASE,	/* and overwrite its bytes before that is durable */
	STORE_EXPIRE,	/* not written down: after a crash it may be back, for
			   the caller's limits to expire it again */
};

/* What a deleted message was; subject is borrowed until the next call. */
struct store_gone {
	struct slice subject;
	uint32_t     cost;
	int64_t      ts_ns;
};

/* gone: NULL, or where to say what it was.  ERR_NOTFOUND; ERR_CORRUPT: it was
 * damaged, and is gone as lost. */
int store_delete(struct store *s, uint64_t seq, enum store_delete how,
    struct store_gone *gone);

struct store_purge {
	struct slice pattern;	/* empty: all */
	uint64_t     below_seq;	/* those before it; 0: all */
	uint64_t     keep;	/* but not the newest so many */
};

/* *n: how many went.  Without a pattern, below_seq may lie beyond the end: the
 * next sequence is then that one.  ERR_NOMEM, ERR_IO, ERR_NOSPC: some may be
 * gone.  ERR_RANGE: that is beyond STORE_SEQ_MAX, and nothing has happened. */
int store_purge(struct store *s, const struct store_purge *what, uint64_t *n);

/* Compress what is appended from now on, or do not. */
void store_set_compression(struct store *s, bool is_on);

/* Durable as other changes are; one that finds the disk full becomes so later.
 * ERR_LIMIT, ERR_NOMEM, ERR_BUSY: nothing has changed.  ERR_IO: either may be
 * found. */
int store_set_blob(struct store *s, struct slice blob);
struct slice store_blob(const struct store *s);

/* ---- durability ----------------------------------------------------------- */

/* Counts changes.  A change is durable once store_durable has reached what
 * store_mark said after it. */
uint64_t store_mark(const struct store *s);
uint64_t store_durable(const struct store *s);
/* Messages up to this sequence are on the disk.  Where a full disk holds up
 * deletions, this goes on and store_durable waits. */
uint64_t store_durable_seq(const struct store *s);

/* See to it that all changes so far become durable.  Returns at once (without a
 * pool: when they are).  0, ERR_NOSPC: some wait for room; store_error. */
int store_sync(struct store *s);

/* The same, and waits: what has happened so far is durable when it returns 0.
 * For what is rare; an owner that serves others uses store_sync.
 * ERR_NOSPC: some waits for room; store_error. */
int store_flush(struct store *s);

/* Take notice of what the pool has finished; begin what is due.  After wake,
 * and now and then. */
int store_tick(struct store *s);

/* A block is being rewritten: after wake there is work for store_tick. */
bool store_is_compacting(const struct store *s);

/* 0, or why it will not be written to any more. */
int store_error(const struct store *s);

/* ---- reading -------------------------------------------------------------- */

/* Zeroed memory is an empty one.  Slices live until the next read into it. */
struct store_msg {
	uint64_t     seq;
	int64_t      ts_ns;
	struct slice subject, hdr, body;
	struct buf   hold;
};
void store_msg_fini(struct store_msg *m);

/* ERR_NOTFOUND; ERR_CORRUPT: it was damaged and is gone now; ERR_IO, ERR_NOMEM. */
int store_read(struct store *s, uint64_t seq, struct store_msg *m);

/* The first message from seq on whose subject matches; the empty pattern
 * matches all.  ERR_NOTFOUND. */
int store_find_next(struct store *s, struct slice pattern, uint64_t from,
    uint64_t *seq);

/* The last one that matches, at or before up_to.  ERR_NOTFOUND. */
int store_find_last(struct store *s, struct slice pattern, uint64_t up_to,
    uint64_t *seq);

/* How many match from seq on; exact.  is_last: only the last one of each
 * subject counts.  ERR_NOMEM, ERR_IO. */
int store_count(struct store *s, struct slice pattern, uint64_t from,
    bool is_last, uint64_t *n);

/* The first message whose time is at or after ts_ns; last + 1 if none is. */
int store_find_time(struct store *s, int64_t ts_ns, uint64_t *seq);

/* Each subject that matches, sorted, with its messages and its last one's
 * sequence, until visit returns false.  No changes inside. */
int store_each_subject(struct store *s, struct slice pattern,
    bool (*visit)(void *ctx, struct slice subject, uint64_t n,
    uint64_t last_seq), void *ctx);

struct store_state {
	uint64_t n_msgs, bytes, n_subjects;
	uint64_t first_seq, last_seq;	/* first: last + 1 when there is none */
	int64_t  first_ts_ns, last_ts_ns;	/* 0: none */
	uint64_t n_lost, n_torn;	/* messages, since this index began */
	uint64_t n_blocks, disk_bytes, index_bytes;
	bool     is_full;
};
void store_get_state(struct store *s, struct store_state *ret);

/* Of these for who asks with every message; they cost nothing. */
struct store_totals {
	uint64_t n_msgs, bytes, first_seq, last_seq;
};
struct store_totals store_totals(const struct store *s);
uint64_t store_last_seq(const struct store *s);
int64_t store_last_ts_ns(const struct store *s);

/* What was appended and is not written yet. */
void store_get_pending(const struct store *s, uint64_t *n_msgs,
    uint64_t *bytes);

/* Verify one sealed block against its checksums, round and round.  Finds what
 * has rotted before somebody reads it.  ERR_NOTFOUND: there is none. */
int store_scrub(struct store *s);

#endif /* STORE_STORE_H */
