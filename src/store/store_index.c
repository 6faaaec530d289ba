/* store/store_index.c - the saved index of a clean close.
 *
 * A cache: which messages are dead, block by block, and the subject index.  It
 * is written last, by a close, into a file of its own that is renamed, and
 * counts only if it is of the opening that the metadata count; so it can never
 * speak of another state.  When anything is wrong with it, the blocks' footers
 * say the same, more slowly.
 *
 *    0  8 "moteidx" 0            40  8 last sequence
 *    8  4 version, 1 or 2        48  8 number of subjects
 *   12  4 number of blocks       56  8 messages lost
 *   16 16 id of the store        64  8 torn
 *   32  8 times opened           72  8 time of the last message
 *   80  the blocks, as varints: number, records, first sequence, last less
 *       first plus 1, end, live messages, their cost, bytes of the runs; then
 *       the runs of those that are dead
 *    .  the subjects: length, bytes, messages, first, last less first, 1 if
 *       first is stale plus 2 if last is
 *    .  the last 4 bytes: crc of all before
 *
 * Where the store has a cipher the version is 2, and all between the header and
 * the crc is ENCRYPTED: purpose 17, context the header.
 */
#include "store/store_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/crc.h"

enum { INDEX_HEADER_BYTES = 80, INDEX_CRC_BYTES = 4 };

static const char magic[8] = "moteidx";

/* ---- saving --------------------------------------------------------------- */

static uint32_t version_of(const struct store *s)
{
	return s->seal == NULL ? 1 : FORMAT_VERSION;
}

static void put_header(const struct store *s, struct buf *out)
{
	char h[INDEX_HEADER_BYTES] = { 0 };

	memcpy(h, magic, sizeof magic);
	put32(h + 8, version_of(s));
	put32(h + 12, (uint32_t)s->n_blocks);
	memcpy(h + 16, s->meta.id.b, sizeof s->meta.id.b);
	put64(h + 32, s->meta.opened);
	put64(h + 40, s->last_seq);
	put64(h + 48, subjects_count(s->subjects));
	put64(h + 56, s->n_lost);
	put64(h + 64, s->n_torn);
	put64(h + 72, (uint64_t)s->last_ts_ns);
	buf_put(out, h, sizeof h);
}

static void put_dead_runs(const struct block_file *b, struct buf *out)
{
	uint64_t prev = b->first_seq - 1, seq = b->first_seq;

	while (seq <= b->last_seq && block_range(b) > 0) {
		uint64_t live = block_next_live(b, seq);

		if (live > seq)
			run_put(out, &prev, (struct seq_run){ seq, live - 1 });
		for (seq = live; seq <= b->last_seq && !block_is_dead(b, seq); )
			seq++;
	}
}

static void put_block(const struct block_file *b, struct buf *scratch,
    struct buf *out)
{
	buf_reset(scratch);
	if (b->dead != NULL)
		put_dead_runs(b, scratch);
	put_varint(out, b->nr);
	put_varint(out, b->n_records);
	put_varint(out, b->first_seq);
	put_varint(out, block_range(b));
	put_varint(out, b->end);
	put_varint(out, b->n_live);
	put_varint(out, b->live_cost);
	put_varint(out, scratch->n);
	buf_put_slice(out, buf_slice(scratch));
	out->failed |= scratch->failed;
}

static bool put_subject(void *ctx, struct slice subject,
    struct subject_entry *e)
{
	struct buf *out = ctx;

	put_varint(out, subject.n);
	buf_put_slice(out, subject);
	put_varint(out, e->n);
	put_varint(out, e->first);
	put_varint(out, e->last - e->first);
	put_varint(out, e->first_stale + 2u * e->last_stale);
	return !buf_failed(out);
}

/* The header is associated: what it says goes with what is encrypted. */
static int seal_rest(struct store *s, struct buf *out, size_t at)
{
	char header[INDEX_HEADER_BYTES];

	if (s->seal == NULL)
		return 0;
	memcpy(header, out->p, sizeof header);
	return seal_shut(s->seal, SEAL_INDEX, slice_of(header, sizeof header),
	    out, at);
}

static int encode(struct store *s, struct buf *out)
{
	struct buf scratch = { 0 };
	char       crc[INDEX_CRC_BYTES];
	size_t     at = 0;
	int        err;

	put_header(s, out);
	if (s->seal != NULL)
		at = seal_begin(out);
	for (size_t i = 0; i < s->n_blocks; i++)
		put_block(s->blocks[i], &scratch, out);
	buf_fini(&scratch);
	err = subjects_each(s->subjects, SLICE_NONE, put_subject, out);
	if (err != 0 || buf_failed(out) || seal_rest(s, out, at) != 0)
		return ERR_NOMEM;
	put32(crc, crc32c(0, out->p, out->n));
	buf_put(out, crc, sizeof crc);
	return buf_failed(out) ? ERR_NOMEM : 0;
}

static int write_index(struct store *s, struct slice image)
{
	struct disk *d = s->disk;
	int          fd, rc;

	d->unlink(d, s->dir, "index.tmp");
	fd = d->open(d, s->dir, "index.tmp", DISK_WRITE | DISK_CREATE);
	if (fd < 0)
		return disk_err(fd);
	rc = d->pwrite(d, fd, image.p, image.n, 0);
	if (rc >= 0)
		rc = d->sync(d, fd);
	d->close(d, fd);
	if (rc >= 0)
		rc = d->rename(d, s->dir, "index.tmp", "index");
	else
		d->unlink(d, s->dir, "index.tmp");
	if (rc >= 0)
		rc = d->sync_dir(d, s->dir);
	return disk_err(rc);
}

/* Without room or memory for it the next opening takes longer. */
int store_save_index(struct store *s)
{
	struct buf image = { 0 };
	int        err = encode(s, &image);

	if (err == 0)
		err = write_index(s, buf_slice(&image));
	buf_fini(&image);
	return err == ERR_IO ? err : 0;
}

/* ---- loading -------------------------------------------------------------- */

static bool take_all(struct slice *in, uint64_t *v, int n)
{
	for (int i = 0; i < n; i++)
		if (!take_varint(in, &v[i]))
			return false;
	return true;
}

/* It fits the block as its footer, or a scan, has it. */
static int take_block(struct slice *in, struct block_file *b)
{
	enum { NR, RECORDS, FIRST, RANGE, END, LIVE, COST, RUNS, N };
	uint64_t     v[N];
	uint64_t     prev = b->first_seq - 1, n_dead = 0;
	struct slice runs;
	struct seq_run   r;
	int          err = 0;

	if (!take_all(in, v, N) || v[RUNS] > in->n)
		return ERR_CORRUPT;
	runs = slice_of(in->p, (size_t)v[RUNS]);
	*in = slice_skip(*in, runs.n);
	if (v[NR] != b->nr || v[RECORDS] != b->n_records ||
	    v[FIRST] != b->first_seq || v[RANGE] != block_range(b) ||
	    v[END] != b->end)
		return ERR_CORRUPT;
	while (err == 0 && run_take(&runs, &prev, &r)) {
		if (r.first < b->first_seq || r.last > b->last_seq)
			return ERR_CORRUPT;
		n_dead += r.last - r.first + 1;
		err = block_set_dead_run(b, r);
	}
	if (err == 0 && (runs.n > 0 || v[LIVE] != block_range(b) - n_dead))
		err = ERR_CORRUPT;
	b->n_live = v[LIVE];
	b->live_cost = v[COST];
	return err;
}

static int take_subject(struct store *s, struct slice *in)
{
	enum { COUNT, FIRST, RANGE, STALE, N };
	struct subject_entry *e;
	struct slice          subject;
	uint64_t              n, v[N];

	if (!take_varint(in, &n) || n == 0 || n > STORE_SUBJECT_MAX ||
	    n > in->n)
		return ERR_CORRUPT;
	subject = slice_of(in->p, (size_t)n);
	*in = slice_skip(*in, subject.n);
	if (!take_all(in, v, N) || v[COUNT] == 0 || v[STALE] > 3)
		return ERR_CORRUPT;
	e = subjects_put(s->subjects, subject, v[COUNT], v[FIRST],
	    v[FIRST] + v[RANGE]);
	if (e == NULL)
		return ERR_NOMEM;
	e->first_stale = v[STALE] & 1;
	e->last_stale = v[STALE] >> 1 & 1;
	return 0;
}

/* Written when this store was closed last.  head: what an index begins with. */
static bool is_of_last_close(const struct store *s, const char *head)
{
	return memcmp(head, magic, sizeof magic) == 0 &&
	    get32(head + 8) == version_of(s) &&
	    memcmp(head + 16, s->meta.id.b, sizeof s->meta.id.b) == 0 &&
	    get64(head + 32) == s->meta.opened;
}

static bool is_whole(struct slice in)
{
	size_t n = in.n - INDEX_CRC_BYTES;

	return in.n >= INDEX_HEADER_BYTES + INDEX_CRC_BYTES &&
	    get32(in.p + n) == crc32c(0, in.p, n);
}

static bool is_ours(const struct store *s, struct slice in)
{
	return is_whole(in) && is_of_last_close(s, in.p) &&
	    get32(in.p + 12) == s->n_blocks &&
	    get64(in.p + 40) == s->last_seq;
}

static void sum_up(struct store *s)
{
	s->n_msgs = s->bytes = 0;
	for (size_t i = 0; i < s->n_blocks; i++) {
		s->n_msgs += s->blocks[i]->n_live;
		s->bytes += s->blocks[i]->live_cost;
	}
}

static int decode_rest(struct store *s, struct slice in, struct slice rest)
{
	uint64_t n = get64(in.p + 48);
	int      err = 0;

	for (size_t i = 0; i < s->n_blocks && err == 0; i++)
		err = take_block(&rest, s->blocks[i]);
	for (; n > 0 && err == 0; n--)
		err = take_subject(s, &rest);
	sum_up(s);
	if (err == 0)
		err = subjects_sum(s->subjects, SLICE_NONE, &n);
	if (err == 0 && (rest.n > 0 || n != s->n_msgs))
		err = ERR_CORRUPT;
	s->n_lost = get64(in.p + 56);
	s->n_torn = get64(in.p + 64);
	s->last_ts_ns = (int64_t)get64(in.p + 72);
	return err;
}

static int decode(struct store *s, struct slice in)
{
	struct buf   plain = { 0 };
	struct slice rest;
	int          err;

	if (!is_ours(s, in))
		return ERR_CORRUPT;
	rest = slice_of(in.p + INDEX_HEADER_BYTES,
	    in.n - INDEX_HEADER_BYTES - INDEX_CRC_BYTES);
	if (s->seal == NULL)
		return decode_rest(s, in, rest);
	err = seal_open(s->seal, seal_cipher(s->seal), SEAL_INDEX,
	    slice_of(in.p, INDEX_HEADER_BYTES), rest, &plain);
	if (err == 0)
		err = decode_rest(s, in, buf_slice(&plain));
	buf_fini(&plain);
	return err;
}

static void forget(struct store *s)
{
	for (size_t i = 0; i < s->n_blocks; i++) {
		struct block_file *b = s->blocks[i];

		free(b->dead);
		b->dead = NULL;
		b->dead_bits = b->n_live = b->live_cost = 0;
	}
	subjects_clear(s->subjects);
	s->n_msgs = s->bytes = s->n_lost = s->n_torn = 0;
}

static int read_index(struct store *s, struct buf *out)
{
	struct disk *d = s->disk;
	int          fd = d->open(d, s->dir, "index", DISK_READ);
	int64_t      size = fd < 0 ? fd : d->size(d, fd);
	ssize_t      got = 0;

	if (size >= 0 && buf_reserve(out, (size_t)size + 1) == NULL)
		size = -ENOMEM;
	if (size >= 0)
		got = d->pread(d, fd, out->p, (size_t)size, 0);
	if (fd >= 0)
		d->close(d, fd);
	if (size < 0 || got < 0)
		return disk_err(size < 0 ? size : got);
	buf_added(out, (size_t)got);
	return 0;
}

static bool read_head(struct store *s, char head[INDEX_HEADER_BYTES])
{
	struct disk *d = s->disk;
	int          fd = d->open(d, s->dir, "index", DISK_READ);
	ssize_t      got = fd < 0 ? fd
	    : d->pread(d, fd, head, INDEX_HEADER_BYTES, 0);

	if (fd >= 0)
		d->close(d, fd);
	return got == INDEX_HEADER_BYTES;
}

uint64_t store_index_last_seq(struct store *s)
{
	char       head[INDEX_HEADER_BYTES];
	struct buf image = { 0 };
	uint64_t   last = 0;

	/* most often it says nothing new, and the rest need not be read */
	if (read_head(s, head) && is_of_last_close(s, head) &&
	    get64(head + 40) > s->last_seq && read_index(s, &image) == 0 &&
	    is_whole(buf_slice(&image)) && is_of_last_close(s, image.p))
		last = get64(image.p + 40);
	buf_fini(&image);
	return last;
}

int store_load_index(struct store *s)
{
	struct buf image = { 0 };
	int        err = read_index(s, &image);

	if (err == 0)
		err = decode(s, buf_slice(&image));
	buf_fini(&image);
	if (err != 0)
		forget(s);
	return err;
}
