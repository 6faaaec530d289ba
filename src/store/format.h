/* store/format.h - the bytes on the disk, in and out.
 *
 * format.c describes them byte by byte.  What is read here is only believed
 * when its checksum fits; sizes are checked against what the caller holds.
 * Nothing here does input or output.  Thread: any.
 * Spec: doc/store-format.md.
 */
#ifndef STORE_FORMAT_H
#define STORE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum {
	FORMAT_VERSION     = 2,	/* what has no codec is written as 1 */
	FORMAT_ALIGN       = 8,
	BLOCK_HEADER_BYTES = 64,
	RECORD_HEADER_BYTES = 48,
	FOOTER_HEADER_BYTES = 112,
	FOOTER_ENTRY_BYTES = 16,
	FOOTER_END_BYTES   = 24,
	META_HEADER_BYTES  = 80,
	META_CODEC_BYTES   = 8,		/* behind the header, in version 2 */
	META_BLOB_MAX      = 1 << 20,
	RECORD_BYTES_MAX   = 256 << 20,
	STORE_KEY_BYTES    = 80,	/* the store's own key, encrypted */
	SEAL_BYTES         = 40,	/* what encrypting adds */
	BLOCK_RECORDS_MAX  = 1 << 20,
};

/* A store's own random name: files of another store are told by it. */
struct store_id {
	uint8_t b[16];
};

/* How bytes are stored.  Of a record: what was done to it, in this order.  Of
 * a block, a store: what may have been done to what is in it. */
enum codec {
	CODEC_LZ4    = 1,
	CODEC_CHACHA = 2,	/* ChaCha20-Poly1305 */
	CODEC_AES    = 4,	/* AES-256-GCM */
	CODEC_CIPHER = CODEC_CHACHA | CODEC_AES,
	CODEC_ALL    = CODEC_LZ4 | CODEC_CIPHER,
};

/* Where checksums in this block begin: not what any other block's do. */
uint32_t block_seed(const struct store_id *id, uint32_t block_nr);

static inline uint64_t format_padded(uint64_t n)
{
	return (n + FORMAT_ALIGN - 1) & ~(uint64_t)(FORMAT_ALIGN - 1);
}

/* ---- block header --------------------------------------------------------- */

enum { BLOCK_COMPACTED = 1 };

struct block_header {
	struct store_id id;
	uint32_t        nr, flags;
	uint32_t        room;	/* bytes that it was to have */
	uint64_t        first_seq;
	int64_t         created_ns;
	uint32_t        codec;
};

void block_header_put(char out[BLOCK_HEADER_BYTES],
    const struct block_header *h);
/* ERR_CORRUPT, ERR_VERSION. */
int block_header_get(const char in[BLOCK_HEADER_BYTES],
    struct block_header *h);

/* ---- records -------------------------------------------------------------- */

enum record_type {
	RECORD_MSG  = 1,
	RECORD_DEAD = 2,	/* runs of sequences that are gone */
	RECORD_SKIP = 3,	/* sequences that never had a message */
	RECORD_META = 4,	/* the caller's blob, seq is its generation */
	RECORD_KEY  = 5,	/* the store's key, encrypted with the owner's */
};

enum record_flag {
	RECORD_COPY  = 1,	/* of the record before */
	RECORD_ERASE = 2,	/* MSG: was overwritten.  DEAD: of such ones */
	RECORD_LOST  = 4,	/* DEAD: by damage, not by request */
	RECORD_RANGE = 8,	/* SKIP: of all from ts_ns on */
};

struct record {
	uint8_t  type, flags;
	uint16_t subject_len;
	uint32_t hdr_len, body_len;
	uint64_t seq;
	int64_t  ts_ns;
	uint32_t lag;		/* seq less the sequence then durable */
	uint32_t data_crc;	/* of the bytes as they are stored */
	uint32_t codec;
	uint32_t stored;	/* bytes in the file; only with a codec */
};

/* Subject, headers and body, as they were given. */
static inline size_t record_data_bytes(const struct record *r)
{
	return (size_t)r->subject_len + r->hdr_len + r->body_len;
}

/* As they lie behind the header. */
static inline size_t record_stored_bytes(const struct record *r)
{
	return r->codec == 0 ? record_data_bytes(r) : r->stored;
}

/* Header, what is stored, and padding. */
static inline uint64_t record_bytes(const struct record *r)
{
	return format_padded((uint64_t)RECORD_HEADER_BYTES +
	    record_stored_bytes(r));
}

/* at: of the record in its block. */
void record_put(char out[RECORD_HEADER_BYTES], uint32_t seed, uint64_t at,
    const struct record *r);
bool record_get(const char in[RECORD_HEADER_BYTES], uint32_t seed,
    uint64_t at, struct record *r);

/* Of what lies behind the header. */
uint32_t record_data_crc(uint64_t seq, const void *data, size_t n);
/* The same from three pieces. */
uint32_t record_data_crc3(uint64_t seq, struct slice a, struct slice b,
    struct slice c);

/* ---- runs of sequences, as the data of a DEAD record ---------------------- */

struct seq_run {
	uint64_t first, last;	/* both in */
};

/* Runs ascend and do not touch. */
void run_put(struct buf *out, uint64_t *prev_last, struct seq_run r);
/* The next run off the front of *in.  False: the end, or not runs at all. */
bool run_take(struct slice *in, uint64_t *prev_last, struct seq_run *r);

/* ---- footer --------------------------------------------------------------- */

struct footer {
	uint32_t block_nr, flags;
	uint32_t n_records, n_subjects;
	uint64_t first_seq, last_seq;	/* all of these are accounted for */
	int64_t  first_ts_ns, last_ts_ns;
	uint64_t next_first_seq;	/* of the block that comes next */
	uint64_t records_end;		/* offset */
	uint32_t dead_bytes, subjects_bytes;
	uint32_t dead_crc, entries_crc, subjects_crc;
	uint32_t codec;			/* the block's; a cipher is the subjects' too */
};

/* One message of a sealed block. */
struct footer_entry {
	uint32_t seq_delta;	/* from first_seq */
	uint32_t at8;		/* offset / 8 */
	uint32_t subject;	/* number in the block's table of subjects */
	uint32_t cost;		/* bytes it counts for */
};

void footer_put(char out[FOOTER_HEADER_BYTES], uint32_t seed,
    const struct footer *f);
int footer_get(const char in[FOOTER_HEADER_BYTES], uint32_t seed,
    struct footer *f);
/* Where the sections begin, counted from the footer's header. */
static inline uint64_t footer_entries_at(const struct footer *f)
{
	return FOOTER_HEADER_BYTES + format_padded(f->dead_bytes);
}
static inline uint64_t footer_subjects_at(const struct footer *f)
{
	return footer_entries_at(f) +
	    (uint64_t)f->n_records * FOOTER_ENTRY_BYTES;
}
static inline uint64_t footer_bytes(const struct footer *f)
{
	return footer_subjects_at(f) + format_padded(f->subjects_bytes) +
	    FOOTER_END_BYTES;
}

void footer_entry_put(char out[FOOTER_ENTRY_BYTES],
    const struct footer_entry *e);
void footer_entry_get(const char in[FOOTER_ENTRY_BYTES],
    struct footer_entry *e);

/* The last bytes of a sealed block: where its footer begins. */
void footer_end_put(char out[FOOTER_END_BYTES], uint32_t seed, uint64_t at);
bool footer_end_get(const char in[FOOTER_END_BYTES], uint32_t seed,
    uint64_t *at);

/* ---- meta ----------------------------------------------------------------- */

struct meta {
	struct store_id id;
	uint64_t        generation;	/* of this file: the higher is newer */
	uint64_t        opened;		/* how often, for writing */
	uint64_t        blob_generation;
	uint64_t        base_seq;	/* the store's first, when it was made */
	uint32_t        newest_nr;	/* a block that existed */
	uint64_t        newest_first_seq;
	uint32_t        codec;
	struct slice    key;		/* STORE_KEY_BYTES, or none */
	struct slice    blob;		/* encrypted, if there is a key */
};

void meta_put(struct buf *out, const struct meta *m);
/* m->key and m->blob point into in. */
int meta_get(struct slice in, struct meta *m);

/* ---- little-endian -------------------------------------------------------- */

void put16(char *out, uint16_t v);
void put32(char *out, uint32_t v);
void put64(char *out, uint64_t v);
uint16_t get16(const char *in);
uint32_t get32(const char *in);
uint64_t get64(const char *in);

/* Seven bits a byte, the lowest first, the last byte below 128. */
void put_varint(struct buf *out, uint64_t v);
bool take_varint(struct slice *in, uint64_t *v);

#endif /* STORE_FORMAT_H */
