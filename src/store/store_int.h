/* store/store_int.h - what the files of the store share.
 *
 *   store.c          life: make, close, errors, state
 *   store_open.c     recovery
 *   store_rebuild.c  who lives, where no saved index says it
 *   store_index.c    the saved index of a clean close
 *   store_keys.c     the key of a store that is encrypted
 *   store_blocks.c   blocks: names, descriptors, tables, who is dead
 *   store_write.c    append, space, rolling to a new block
 *   store_sync.c     what the pool does
 *   store_read.c     a message by its sequence
 *   store_find.c     by subject, by time, and counting
 *   store_remove.c   delete, purge, loss
 *   store_compact.c  blocks with much that is dead, and the scrub
 *
 * Invariants:
 *
 * B1  Blocks ascend in number and in sequence and do not overlap.  The last is
 *     the one written to; all others are sealed.
 * B2  A sequence is live if it lies in a block's range and its dead bit is not
 *     set.  The subject index has exactly the live ones.
 * B3  What is dead and still in an existing block's file, or between two
 *     blocks, stands in a DEAD record of some block.  (But what STORE_EXPIRE
 *     took.)  A block's DEAD records are written again before its file goes.
 * B4  A file that is sealed is not written any more, but for its footer, for
 *     the bytes of a message that is to be erased, and for the store's key
 *     when its owner has a new one.
 */
#ifndef STORE_STORE_INT_H
#define STORE_STORE_INT_H

#include "base/list.h"
#include "store/block_table.h"
#include "store/disk.h"
#include "store/pool.h"
#include "store/seal.h"
#include "store/store.h"
#include "store/subjects.h"

enum {
	BLOCK_BYTES_DEFAULT = 8 << 20,
	BLOCK_BYTES_MIN = 4096,
	ZEROS_BEHIND = 4096,		/* kept behind the last record */
	ZEROS_AHEAD_MIN = 32 << 10,
	ZEROS_AHEAD_MAX = 1 << 20,
	PENDING_BYTES_MAX = 64 << 20,
	DEAD_DATA_MAX = 32 << 10,	/* of one DEAD record */
	OPEN_FILES_MAX = 32,
	TABLES_MAX = 8,
	WINDOW_BYTES = 128 << 10,
	FILE_NAME_BYTES = 32,
	RECENT_LOSSES_MAX = 64,
	PACKED_BYTES_KEPT = 1 << 20,
};

struct block_file {
	uint32_t nr, flags;
	uint32_t codec;			/* what may be in it */
	int      fd;			/* -1: not open */
	uint64_t first_seq, last_seq;	/* last = first - 1: empty */
	uint64_t n_live, live_cost;
	uint32_t n_records;		/* messages in the file */
	int64_t  first_ts_ns, last_ts_ns;
	uint64_t begin;			/* nothing but our own records before */
	uint64_t end;			/* of the records */
	uint64_t ready;			/* zeros up to here; the file's size */
	uint64_t written;		/* records before are in the file */
	uint64_t footer_at;		/* 0: none */
	uint64_t seal_at;		/* where to put it; 0: at end */
	struct footer footer;
	uint64_t *dead;			/* bits; NULL: all live */
	uint64_t  dead_bits;
	struct block_table *table;	/* NULL: not in memory */
	uint64_t  used;			/* when last, for the caches */
	unsigned  n_chunks;		/* to be written to it */
	bool      is_sealed;
	bool      is_fresh;		/* its name may not be durable */
	bool      is_sealing;		/* wants a footer; the pool reads table */
	bool      is_compacting;
	bool      is_retiring;		/* its file goes with the next sync */
};

/* Bytes for one place in one file, written by the next job. */
struct chunk {
	struct list        link;
	struct block_file *b;
	uint64_t           at;
	struct buf         data;
	uint64_t           n_msgs;
	bool               is_random;	/* over something that was there */
};

/* What is to be done to a block besides its bytes. */
struct block_duty {
	struct block_file *b;
	bool               is_new, seal, retire;
	/* what came of the sealing; at 0: there was no room */
	struct footer      footer;
	uint64_t           footer_at, size;
};

struct sync_job {
	struct pool_job     pool;
	struct store       *s;
	struct list         chunks;
	struct block_duty  *duties;
	size_t              n_duties, duties_cap;
	struct buf          meta;	/* empty: not to be written */
	struct seal        *seal;	/* NULL: the store is plain */
	uint64_t            mark, seq;
	int                 err;
	bool                is_running;
	bool                is_done;	/* atomic */
};

struct run_list {
	struct seq_run *runs;
	size_t      n, cap;
};

struct compaction {
	struct pool_job     pool;
	struct store       *s;
	struct block_file  *b;		/* not touched by the pool */
	struct block_file   from, to;	/* copies of what matters of it */
	uint64_t            oldest_seq;	/* the first of the oldest block */
	struct seal        *seal;	/* NULL: the store is plain */
	struct run_list     bad;	/* damaged, and not known to be dead */
	bool                only_verify;	/* the scrub */
	int                 err;
	bool                is_running;
	bool                is_done;	/* atomic */
};

enum dying { DYING_PLAIN, DYING_ERASED, DYING_LOST, N_DYING };

struct store {
	struct store_config cfg;
	struct disk        *disk;
	int                 dir;
	struct meta         meta;
	struct buf          blob;	/* meta.blob is in here */
	struct seal        *seal;	/* the owner's; NULL: the store is plain */
	char                key[STORE_KEY_BYTES];	/* meta.key is this */
	struct buf          packed;	/* the record that is appended */
	int                 meta_fd[2];

	struct block_file **blocks;
	size_t              n_blocks, blocks_cap;
	struct subjects    *subjects;

	uint64_t last_seq, first_seq;	/* first: of a live one, or last + 1 */
	int64_t  first_ts_ns, last_ts_ns;
	uint64_t first_ts_of;		/* the sequence first_ts_ns is of */
	uint64_t n_msgs, bytes;
	uint64_t n_lost, n_torn;
	uint64_t uses;			/* clock of the caches */

	struct list   chunks;		/* for the next job */
	struct list   noise;		/* chunks that go over what was erased,
					   once its DEAD record is written */
	struct buf    spare;		/* of a chunk that is done */
	uint64_t      pending_bytes, pending_msgs;
	struct run_list dying[N_DYING];	/* dead, and not yet written down */
	uint64_t      mark, durable, durable_seq;
	bool          wants_sync, wants_meta, wants_retire, wants_compaction;
	bool          has_reserve, is_full;
	int           err;
	struct sync_job   job;
	struct compaction compaction;

	/* the last bytes read from a file */
	struct buf         window;
	struct block_file *window_of;
	uint64_t           window_at;
	/* where a reader that goes on will go on */
	struct block_file *next_of;
	uint64_t           next_at;
	struct record      last_read;	/* the message that was */
	struct store_msg   own;		/* for our own reading */
	size_t             scrub_next;
};

/* What is done to what is written. */
static inline uint32_t store_codec(const struct store *s)
{
	return (s->cfg.is_compressed ? CODEC_LZ4 : 0) |
	    (s->seal == NULL ? 0 : seal_cipher(s->seal));
}

/* It was written before there was a key. */
static inline bool store_must_encrypt(const struct store *s,
    const struct block_file *b)
{
	return s->seal != NULL && (b->codec & CODEC_CIPHER) == 0;
}

/* ---- store.c -------------------------------------------------------------- */

int store_fail(struct store *s, int err);
struct store *store_alloc(const struct store_config *c);
void store_free(struct store *s);
/* Both copies, now. */
int store_write_meta(struct store *s);
int store_make_reserve(struct store *s);
bool store_take_reserve(struct store *s);

/* ---- store_blocks.c ------------------------------------------------------- */

void block_name(uint32_t nr, char out[FILE_NAME_BYTES]);
bool block_name_parse(const char *name, uint32_t *nr);
struct block_file *block_file_create(struct store *s, uint32_t nr,
    uint64_t first_seq);
void block_file_destroy(struct store *s, struct block_file *b);
int block_push(struct store *s, struct block_file *b);
void block_drop(struct store *s, struct block_file *b);
/* The place of the block that has seq, or of the first behind it. */
size_t block_at(const struct store *s, uint64_t seq);
static inline struct block_file *block_active(const struct store *s)
{
	return s->blocks[s->n_blocks - 1];
}
static inline uint64_t block_range(const struct block_file *b)
{
	return b->last_seq + 1 - b->first_seq;
}
/* A descriptor for it, others closed if there are too many. */
int block_open(struct store *s, struct block_file *b);
/* The whole file into out. */
int block_read_all(struct store *s, struct block_file *b, struct buf *out);
/* Its footer's header.  ERR_CORRUPT: it has none. */
int block_read_footer(struct store *s, struct block_file *b);
/* Its table, in memory until something else is read: borrowed.  A damaged
 * footer is made up for by a scan. */
int block_load_table(struct store *s, struct block_file *b,
    struct block_table **ret);
bool block_is_dead(const struct block_file *b, uint64_t seq);
/* ERR_NOMEM; so that block_set_dead cannot fail. */
int block_reserve_dead(struct block_file *b, uint64_t seq);
int block_set_dead(struct block_file *b, uint64_t seq);
int block_set_dead_run(struct block_file *b, struct seq_run r);
/* The first live sequence at or above seq, last_seq + 1 if none. */
uint64_t block_next_live(const struct block_file *b, uint64_t seq);

/* ---- store_write.c -------------------------------------------------------- */

int store_roll(struct store *s, uint64_t first_seq, bool may_use_reserve);
/* A third copy of the caller's blob, in the block that is written to; each new
 * one begins with it. */
int store_repeat_blob(struct store *s);
/* So that one more store_add_dying cannot fail. */
int store_reserve_dying(struct store *s, enum dying kind);
int store_add_dying(struct store *s, enum dying kind, struct seq_run r);
/* Write down who died.  ERR_NOSPC: some are not. */
int store_flush_dying(struct store *s);
struct chunk *store_new_chunk(struct store *s, struct list *to,
    struct block_file *b, uint64_t at);
void store_free_chunks(struct list *chunks);

/* ---- store_read.c --------------------------------------------------------- */

/* n bytes of the block, from memory or file: borrowed until the next read.
 * ERR_CORRUPT: the file ends before. */
int store_read_bytes(struct store *s, struct block_file *b, uint64_t at,
    size_t n, bool goes_on, const char **p);
/* Forget what was read. */
void store_reset_window(struct store *s);

/* ---- store_remove.c ------------------------------------------------------- */

/* Damage was found.  Tells, and writes it down with the next sync. */
int store_lose(struct store *s, struct block_file *b, uint64_t seq);
void store_tell_loss(struct store *s, enum store_why why, uint64_t first,
    uint64_t last, uint32_t nr);
void store_settle_first(struct store *s);
/* The next sequence will be next, in a block that begins with it. */
int store_jump(struct store *s, uint64_t next);

/* ---- store_sync.c --------------------------------------------------------- */

/* Until nothing is under way. */
void store_wait(struct store *s);
void store_wait_compaction(struct store *s);
/* For a pool_job's done: sets the flag and wakes owners. */
void store_job_done(struct store *s, bool *is_done);

/* Whoever of the pool has said so is done with its store when this returns:
 * its owner may have seen the flag while the other was still inside. */
void store_let_go(void);
/* The footer of a sealed block into its file, from `at` on, and the file's end
 * behind it.  Thread: pool. */
int block_write_footer(struct disk *d, const struct store_id *id,
    const struct block_file *b, struct footer *f, uint64_t at,
    struct seal *seal, uint64_t *size);

/* ---- store_rebuild.c ------------------------------------------------------ */

/* The subject index, the dead and the counts from the tables of all blocks.
 * Added to gaps: sequences between blocks that nothing accounts for; to lost:
 * those in a block.  Both are the caller's to free.  ERR_NOMEM, ERR_IO. */
int store_rebuild(struct store *s, struct run_list *gaps,
    struct run_list *lost);

/* ---- store_index.c -------------------------------------------------------- */

int store_save_index(struct store *s);
/* ERR_CORRUPT, ERR_NOTFOUND: it is of no use, nothing has changed. */
int store_load_index(struct store *s);
/* The last sequence of all, as the last clean close has it; 0: it left no index, or
 * none that says more than the blocks do. */
uint64_t store_index_last_seq(struct store *s);

/* ---- store_keys.c --------------------------------------------------------- */

/* A new one.  ERR_NOMEM. */
int store_make_key(struct store *s);
/* The one there is, of s->meta or of one of these blocks.  *is_old: it is to
 * be written again, store_renew_keys.  ERR_NOTFOUND: there is none;
 * ERR_DENIED: none that opens, which is logged; ERR_IO, ERR_NOMEM. */
int store_find_key(struct store *s, const uint32_t *nrs, size_t n,
    bool *is_old);
/* Into all blocks, durably; the metadata come after that.  ERR_IO. */
int store_renew_keys(struct store *s);
/* The KEY record, for behind the header of block nr. */
void store_put_key(const struct store *s, uint32_t nr, struct buf *out);
/* The metadata as they are to be written, of the next generation.
 * ERR_NOMEM. */
int store_put_meta(struct store *s, struct buf *out);
/* s->meta.blob as it was read, encrypted, to plain bytes.  ERR_CORRUPT,
 * ERR_NOMEM. */
int store_open_blob(struct store *s, enum codec cipher, struct buf *out);

/* ---- store_compact.c ------------------------------------------------------ */

void store_compact_begin(struct store *s);
int store_compact_finish(struct store *s);

#endif /* STORE_STORE_INT_H */
