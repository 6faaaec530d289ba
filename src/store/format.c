/* store/format.c - the bytes on the disk.
 *
 * Numbers are little-endian and unsigned unless said otherwise; times are
 * signed nanoseconds since 1970 UTC.  crc is CRC-32C.  "From S" means that the
 * checksum goes on from S, so that right bytes in a wrong place do not pass.
 *
 *   ID  crc of the store's 16 byte id
 *   B   crc, from ID, of the block's number (4 bytes)
 *
 * A store is a directory:
 *
 *   meta.a meta.b      two copies, the higher generation counts
 *   NNNNNNNN.blk       blocks, numbered from 1, in hexadecimal
 *   index              a cache of the subject index, of a clean close only
 *   reserve            zeros, given back when the disk is full
 *   *.tmp              half-made; of no meaning
 *
 * CODEC, how bytes are stored, a sum: 1 LZ4, 2 ChaCha20-Poly1305, 4 AES-256-GCM
 * (2 and 4 are the ciphers).  Of a record: what was done to its data, LZ4 first.
 * Of a block or a store: what may have been done to what is in it; where it is
 * not 0, the version is 2, else 1.
 *
 * BLOCK HEADER, 64 bytes
 *    0  8 "moteblk" 0            32  4 number of the block
 *    8  4 version, 1 or 2        36  4 bytes it was to have
 *   12  4 flags: 1 compacted     40  8 first sequence
 *   16 16 id of the store        48  8 created
 *                                56  4 codec
 *                                60  4 crc of bytes 0 to 59
 *
 * RECORD, at a multiple of 8; the first behind the header, the next behind the
 * last.  Zeros follow the last one up to the end of the file or the footer.
 *    0  4 "mREC"                 24  8 time
 *    4  1 type                   32  4 lag: sequence less the highest that was
 *    5  1 flags                        durable when this was written
 *    6  2 length of the subject  36  4 crc of the data, from the crc of
 *    8  4 length of the headers        the sequence (8 bytes)
 *   12  4 length of the body     40  4 codec plus 16 times the bytes of the
 *   16  8 sequence                     data as stored; 0: as they are
 *                                44  4 crc, from B, of the record's offset
 *                                      (8 bytes) and bytes 0 to 43
 *   48  the data: subject, headers, body; zeros up to a multiple of 8.  LZ4: one
 *       block of it, never larger than they are.  With a cipher: ENCRYPTED,
 *       purpose the type, context type (1), flags without 1 (1), bytes 6 to 31,
 *       codec (4)
 *
 *   type 1 MSG   a message.  Flag 2: it was erased; the data is random
 *   type 2 DEAD  data: runs of sequences whose messages are gone.  Written
 *                twice in a row, the second with flag 1, so that a flipped bit
 *                brings nobody back.  Flag 2: the messages were
 *                overwritten as well.  Flag 4: they were lost.
 *                sequence: the last that was given out
 *   type 3 SKIP  the sequence has no message.  Flag 8: nor has any from the one
 *                that stands in place of the time; written twice in a row,
 *                the second with flag 1.  No data
 *   type 4 META  data: the caller's blob; sequence: its generation
 *   type 5 KEY   data: the store's key, as below.  The first record of a block
 *                whose codec has a cipher
 *
 *   Only MSG and META have a codec.  What was erased keeps its own: the random
 *   data are as long as what they cover.
 *
 *   In a block that is not compacted each sequence from the block's first on
 *   has a MSG or SKIP, so that one that is missing is known to be missing.
 *
 * RUNS: for each, the gap to the run before (its first less the last of that,
 * or less 0) and its length less one, as varints; 7 bits a byte, low ones
 * first, the highest bit set in all bytes but the last.
 *
 * FOOTER of a sealed block
 *    0  8 "moteftr" 0            56  8 time of the first message
 *    8  4 version, 1 or 2        64  8 time of the last
 *   12  4 flags, as the block's  72  8 first sequence of the next block
 *   16  4 number of the block    80  8 end of the records
 *   20  4 number of messages     88  4 bytes of the runs
 *   24  4 number of subjects     92  4 bytes of the subjects
 *   28  4 codec of the block     96  4 crc, from B, of the runs
 *   32  8 first sequence        100  4 of the entries
 *   40  8 last sequence         104  4 of the subjects
 *   48  8 0                     108  4 crc, from B, of bytes 0 to 107
 *  112  the runs: of each DEAD record one byte of flags and a varint with the
 *       length of its runs, then these; zeros up to a multiple of 8
 *    .  16 bytes for each message that was not damaged when the block was
 *       sealed, by sequence: sequence less the first, offset / 8, number of
 *       its subject, bytes it counts for
 *    .  (n + 1) * 4: where each subject begins in the bytes that follow, sorted
 *       by memcmp, and their end; then the bytes.  Where the codec has a
 *       cipher all this is ENCRYPTED: purpose 16, context block (4), number of
 *       subjects (4), first sequence (8).  Zeros up to a multiple of 8
 *    .  24 bytes, the last of the file: "moteend" 0, offset of the footer,
 *       4 zero, crc from B of these 20
 *
 * META
 *    0  8 "motemet" 0            48  8 generation of the blob
 *    8  4 version, 1 or 2        56  8 the sequence the store began with
 *   12  4 bytes of the blob      64  8 first sequence of the newest block
 *   16 16 id                     72  4 number of the newest block
 *   32  8 generation             76  4 crc of bytes 0 to 75 and from 80 on
 *   40  8 times opened           80  the blob
 *   in version 2:                80  4 codec
 *                                84  4 bytes of the key: 80, or 0
 *                                88  the key, then the blob; with a key it is
 *                                    ENCRYPTED with the key's cipher, purpose
 *                                    18, context its generation (8)
 *
 * ENCRYPTED bytes
 *    0 16 salt: random, and the same as long as one opening of the store goes
 *   16  8 count: of what was encrypted with that salt
 *   24  the bytes; then a tag of 16.
 *       key: BLAKE2b, 32 bytes, of "mote", the codec (4; 2 or 4) and the salt,
 *       keyed with the store's; nonce: 4 zeros, count; associated data: the
 *       store's id, the purpose (1), the context
 *
 * THE STORE'S KEY, 32 random bytes, as it is written: the codec (4; 2 or 4), 4
 * zeros, and the key ENCRYPTED, purpose 19, no context, where the store's is the
 * owner's: BLAKE2b, 32 bytes, of the owner's, keyed with "mote, the key of an owner".
 */
#include "store/format.h"

#include <endian.h>
#include <string.h>

#include "base/err.h"
#include "store/crc.h"

static const char magic_block[8] = "moteblk";
static const char magic_footer[8] = "moteftr";
static const char magic_end[8] = "moteend";
static const char magic_meta[8] = "motemet";
static const char magic_record[4] = { 'm', 'R', 'E', 'C' };

enum { CODEC_BITS = 4 };	/* of a record's codec; the rest is a length */

/* ---- little-endian -------------------------------------------------------- */

void put16(char *out, uint16_t v)
{
	v = htole16(v);
	memcpy(out, &v, sizeof v);
}

void put32(char *out, uint32_t v)
{
	v = htole32(v);
	memcpy(out, &v, sizeof v);
}

void put64(char *out, uint64_t v)
{
	v = htole64(v);
	memcpy(out, &v, sizeof v);
}

uint16_t get16(const char *in)
{
	uint16_t v;

	memcpy(&v, in, sizeof v);
	return le16toh(v);
}

uint32_t get32(const char *in)
{
	uint32_t v;

	memcpy(&v, in, sizeof v);
	return le32toh(v);
}

uint64_t get64(const char *in)
{
	uint64_t v;

	memcpy(&v, in, sizeof v);
	return le64toh(v);
}

void put_varint(struct buf *out, uint64_t v)
{
	for (; v >= 128; v >>= 7)
		buf_put_char(out, (char)(v | 128));
	buf_put_char(out, (char)v);
}

bool take_varint(struct slice *in, uint64_t *v)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < in->n && i < 10; i++) {
		uint64_t b = (uint8_t)in->p[i];

		if (i == 9 && b > 1)
			return false;
		sum |= (b & 127) << (7 * i);
		if (b < 128) {
			*in = slice_skip(*in, i + 1);
			*v = sum;
			return true;
		}
	}
	return false;
}

uint32_t block_seed(const struct store_id *id, uint32_t block_nr)
{
	char nr[4];

	put32(nr, block_nr);
	return crc32c(crc32c(0, id->b, sizeof id->b), nr, sizeof nr);
}

/* ---- versions ------------------------------------------------------------- */

/* So that what has no codec can be read by a program that knows none. */
static uint32_t version_of(uint32_t codec)
{
	return codec == 0 ? 1 : FORMAT_VERSION;
}

static bool is_version_known(uint32_t version, uint32_t codec)
{
	return version == version_of(codec) && (codec & ~CODEC_ALL) == 0;
}

/* ---- block header --------------------------------------------------------- */

void block_header_put(char out[BLOCK_HEADER_BYTES],
    const struct block_header *h)
{
	memset(out, 0, BLOCK_HEADER_BYTES);
	memcpy(out, magic_block, sizeof magic_block);
	put32(out + 8, version_of(h->codec));
	put32(out + 12, h->flags);
	memcpy(out + 16, h->id.b, sizeof h->id.b);
	put32(out + 32, h->nr);
	put32(out + 36, h->room);
	put64(out + 40, h->first_seq);
	put64(out + 48, (uint64_t)h->created_ns);
	put32(out + 56, h->codec);
	put32(out + 60, crc32c(0, out, 60));
}

/* The checksum first: a flipped bit is not a newer version. */
int block_header_get(const char in[BLOCK_HEADER_BYTES],
    struct block_header *h)
{
	if (memcmp(in, magic_block, sizeof magic_block) != 0 ||
	    get32(in + 60) != crc32c(0, in, 60))
		return ERR_CORRUPT;
	h->codec = get32(in + 56);
	if (!is_version_known(get32(in + 8), h->codec))
		return ERR_VERSION;
	h->flags = get32(in + 12);
	memcpy(h->id.b, in + 16, sizeof h->id.b);
	h->nr = get32(in + 32);
	h->room = get32(in + 36);
	h->first_seq = get64(in + 40);
	h->created_ns = (int64_t)get64(in + 48);
	return 0;
}

/* ---- records -------------------------------------------------------------- */

static uint32_t record_crc(const char *header, uint32_t seed, uint64_t at)
{
	char where[8];

	put64(where, at);
	return crc32c(crc32c(seed, where, sizeof where), header, 44);
}

void record_put(char out[RECORD_HEADER_BYTES], uint32_t seed, uint64_t at,
    const struct record *r)
{
	memcpy(out, magic_record, sizeof magic_record);
	out[4] = (char)r->type;
	out[5] = (char)r->flags;
	put16(out + 6, r->subject_len);
	put32(out + 8, r->hdr_len);
	put32(out + 12, r->body_len);
	put64(out + 16, r->seq);
	put64(out + 24, (uint64_t)r->ts_ns);
	put32(out + 32, r->lag);
	put32(out + 36, r->data_crc);
	put32(out + 40, r->codec == 0 ? 0 : r->stored << CODEC_BITS | r->codec);
	put32(out + 44, record_crc(out, seed, at));
}

/* LZ4 makes of a byte 255 at most; a cipher adds what it always does. */
static bool is_codec_sane(const struct record *r)
{
	size_t n = record_data_bytes(r), over = 0;

	if (r->codec == 0)
		return r->stored == 0;
	if ((r->type != RECORD_MSG && r->type != RECORD_META) ||
	    r->codec == CODEC_CIPHER || r->codec == CODEC_ALL ||
	    (r->codec & ~CODEC_ALL) != 0 || n > RECORD_BYTES_MAX)
		return false;
	if (r->codec & CODEC_CIPHER)
		over = SEAL_BYTES;
	if (r->stored < over)
		return false;
	return r->codec & CODEC_LZ4 ? n / 255 <= r->stored - over
	    : n == r->stored - over;
}

bool record_get(const char in[RECORD_HEADER_BYTES], uint32_t seed,
    uint64_t at, struct record *r)
{
	if (memcmp(in, magic_record, sizeof magic_record) != 0 ||
	    get32(in + 44) != record_crc(in, seed, at))
		return false;
	r->type = (uint8_t)in[4];
	r->flags = (uint8_t)in[5];
	r->subject_len = get16(in + 6);
	r->hdr_len = get32(in + 8);
	r->body_len = get32(in + 12);
	r->seq = get64(in + 16);
	r->ts_ns = (int64_t)get64(in + 24);
	r->lag = get32(in + 32);
	r->data_crc = get32(in + 36);
	r->codec = get32(in + 40) & ((1u << CODEC_BITS) - 1);
	r->stored = get32(in + 40) >> CODEC_BITS;
	return is_codec_sane(r);
}

uint32_t record_data_crc(uint64_t seq, const void *data, size_t n)
{
	char where[8];

	put64(where, seq);
	return crc32c(crc32c(0, where, sizeof where), data, n);
}

uint32_t record_data_crc3(uint64_t seq, struct slice a, struct slice b,
    struct slice c)
{
	uint32_t crc = record_data_crc(seq, a.p, a.n);

	return crc32c(crc32c(crc, b.p, b.n), c.p, c.n);
}

/* ---- runs ----------------------------------------------------------------- */

void run_put(struct buf *out, uint64_t *prev_last, struct seq_run r)
{
	put_varint(out, r.first - *prev_last);
	put_varint(out, r.last - r.first);
	*prev_last = r.last;
}

bool run_take(struct slice *in, uint64_t *prev_last, struct seq_run *r)
{
	struct slice rest = *in;
	uint64_t     gap, more;

	if (!take_varint(&rest, &gap) || !take_varint(&rest, &more) ||
	    __builtin_add_overflow(*prev_last, gap, &r->first) ||
	    __builtin_add_overflow(r->first, more, &r->last))
		return false;
	*in = rest;
	*prev_last = r->last;
	return true;
}

/* ---- footer --------------------------------------------------------------- */

void footer_put(char out[FOOTER_HEADER_BYTES], uint32_t seed,
    const struct footer *f)
{
	memset(out, 0, FOOTER_HEADER_BYTES);
	memcpy(out, magic_footer, sizeof magic_footer);
	put32(out + 8, version_of(f->codec));
	put32(out + 12, f->flags);
	put32(out + 16, f->block_nr);
	put32(out + 20, f->n_records);
	put32(out + 24, f->n_subjects);
	put32(out + 28, f->codec);
	put64(out + 32, f->first_seq);
	put64(out + 40, f->last_seq);
	put64(out + 56, (uint64_t)f->first_ts_ns);
	put64(out + 64, (uint64_t)f->last_ts_ns);
	put64(out + 72, f->next_first_seq);
	put64(out + 80, f->records_end);
	put32(out + 88, f->dead_bytes);
	put32(out + 92, f->subjects_bytes);
	put32(out + 96, f->dead_crc);
	put32(out + 100, f->entries_crc);
	put32(out + 104, f->subjects_crc);
	put32(out + 108, crc32c(seed, out, 108));
}

int footer_get(const char in[FOOTER_HEADER_BYTES], uint32_t seed,
    struct footer *f)
{
	if (memcmp(in, magic_footer, sizeof magic_footer) != 0 ||
	    get32(in + 108) != crc32c(seed, in, 108))
		return ERR_CORRUPT;
	f->codec = get32(in + 28);
	if (!is_version_known(get32(in + 8), f->codec))
		return ERR_VERSION;
	f->flags = get32(in + 12);
	f->block_nr = get32(in + 16);
	f->n_records = get32(in + 20);
	f->n_subjects = get32(in + 24);
	f->first_seq = get64(in + 32);
	f->last_seq = get64(in + 40);
	f->first_ts_ns = (int64_t)get64(in + 56);
	f->last_ts_ns = (int64_t)get64(in + 64);
	f->next_first_seq = get64(in + 72);
	f->records_end = get64(in + 80);
	f->dead_bytes = get32(in + 88);
	f->subjects_bytes = get32(in + 92);
	f->dead_crc = get32(in + 96);
	f->entries_crc = get32(in + 100);
	f->subjects_crc = get32(in + 104);
	return 0;
}

void footer_entry_put(char out[FOOTER_ENTRY_BYTES],
    const struct footer_entry *e)
{
	put32(out, e->seq_delta);
	put32(out + 4, e->at8);
	put32(out + 8, e->subject);
	put32(out + 12, e->cost);
}

void footer_entry_get(const char in[FOOTER_ENTRY_BYTES],
    struct footer_entry *e)
{
	e->seq_delta = get32(in);
	e->at8 = get32(in + 4);
	e->subject = get32(in + 8);
	e->cost = get32(in + 12);
}

void footer_end_put(char out[FOOTER_END_BYTES], uint32_t seed, uint64_t at)
{
	memcpy(out, magic_end, sizeof magic_end);
	put64(out + 8, at);
	put32(out + 16, 0);
	put32(out + 20, crc32c(seed, out, 20));
}

bool footer_end_get(const char in[FOOTER_END_BYTES], uint32_t seed,
    uint64_t *at)
{
	if (memcmp(in, magic_end, sizeof magic_end) != 0 ||
	    get32(in + 20) != crc32c(seed, in, 20))
		return false;
	*at = get64(in + 8);
	return true;
}

/* ---- meta ----------------------------------------------------------------- */

/* What the checksum covers besides the header's first bytes. */
static size_t meta_rest(uint32_t version, uint32_t key_bytes,
    uint32_t blob_bytes)
{
	return (version == 1 ? 0 : (size_t)META_CODEC_BYTES + key_bytes) +
	    blob_bytes;
}

void meta_put(struct buf *out, const struct meta *m)
{
	char     h[META_HEADER_BYTES + META_CODEC_BYTES] = { 0 };
	size_t   n = META_HEADER_BYTES + (m->codec == 0 ? 0 : META_CODEC_BYTES);
	uint32_t crc;

	memcpy(h, magic_meta, sizeof magic_meta);
	put32(h + 8, version_of(m->codec));
	put32(h + 12, (uint32_t)m->blob.n);
	memcpy(h + 16, m->id.b, sizeof m->id.b);
	put64(h + 32, m->generation);
	put64(h + 40, m->opened);
	put64(h + 48, m->blob_generation);
	put64(h + 56, m->base_seq);
	put64(h + 64, m->newest_first_seq);
	put32(h + 72, m->newest_nr);
	put32(h + META_HEADER_BYTES, m->codec);
	put32(h + META_HEADER_BYTES + 4, (uint32_t)m->key.n);
	crc = crc32c(crc32c(0, h, 76), h + META_HEADER_BYTES,
	    n - META_HEADER_BYTES);
	crc = crc32c(crc, m->key.p, m->key.n);
	put32(h + 76, crc32c(crc, m->blob.p, m->blob.n));
	buf_put(out, h, n);
	buf_put_slice(out, m->key);
	buf_put_slice(out, m->blob);
}

static int get_codec(struct slice *in, struct meta *m)
{
	uint32_t n;

	m->codec = get32(in->p);
	n = get32(in->p + 4);
	*in = slice_skip(*in, META_CODEC_BYTES);
	m->key = slice_of(in->p, n);
	*in = slice_skip(*in, n);
	if (!is_version_known(FORMAT_VERSION, m->codec) ||
	    n != ((m->codec & CODEC_CIPHER) != 0 ? STORE_KEY_BYTES : 0))
		return ERR_VERSION;
	return 0;
}

/* The checksum first, as for a block; what it covers depends on the version,
 * and a flip in that finds none that fits. */
static int get_rest(struct slice in, struct meta *m, struct slice *rest)
{
	uint32_t version = get32(in.p + 8), key_bytes = 0;

	*rest = slice_skip(in, META_HEADER_BYTES);
	if (version != 1 && rest->n < META_CODEC_BYTES)
		return ERR_CORRUPT;
	if (version != 1)
		key_bytes = get32(rest->p + 4);
	if (key_bytes > rest->n || get32(in.p + 12) > rest->n ||
	    meta_rest(version, key_bytes, get32(in.p + 12)) > rest->n)
		return ERR_CORRUPT;
	rest->n = meta_rest(version, key_bytes, get32(in.p + 12));
	if (get32(in.p + 76) != crc32c(crc32c(0, in.p, 76), rest->p, rest->n))
		return ERR_CORRUPT;
	if (version == 1)
		return 0;
	return version == FORMAT_VERSION ? get_codec(rest, m) : ERR_VERSION;
}

int meta_get(struct slice in, struct meta *m)
{
	struct slice blob;
	int          err;

	if (in.n < META_HEADER_BYTES ||
	    memcmp(in.p, magic_meta, sizeof magic_meta) != 0)
		return ERR_CORRUPT;
	m->codec = 0;
	m->key = SLICE_NONE;
	err = get_rest(in, m, &blob);
	if (err != 0)
		return err;
	memcpy(m->id.b, in.p + 16, sizeof m->id.b);
	m->generation = get64(in.p + 32);
	m->opened = get64(in.p + 40);
	m->blob_generation = get64(in.p + 48);
	m->base_seq = get64(in.p + 56);
	m->newest_first_seq = get64(in.p + 64);
	m->newest_nr = get32(in.p + 72);
	m->blob = blob;
	return 0;
}
