/* store/store_read.c - a message by its sequence.
 *
 * Bytes that are not written yet are read where they wait; all others from the
 * file, into one window.  A reader that goes on to the next message finds it
 * in the window, behind the one before, without a look at any table.
 */
#include "store/store_int.h"

#include <string.h>

#include "base/assert.h"
#include "base/err.h"
#include "store/pack.h"

void store_msg_fini(struct store_msg *m)
{
	buf_fini(&m->hold);
}

void store_reset_window(struct store *s)
{
	s->window_of = s->next_of = NULL;
	buf_reset(&s->window);
}

/* ---- bytes ---------------------------------------------------------------- */

static const char *find_in(const struct list *chunks,
    const struct block_file *b, uint64_t at, size_t n)
{
	LIST_EACH(l, chunks) {
		const struct chunk *c = CONTAINER_OF(l, struct chunk, link);

		if (c->b == b && !c->is_random && at >= c->at &&
		    at + n <= c->at + c->data.n)
			return c->data.p + (at - c->at);
	}
	return NULL;
}

/* A record is in one chunk as a whole. */
static const char *find_pending(struct store *s, struct block_file *b,
    uint64_t at, size_t n)
{
	const char *p = find_in(&s->job.chunks, b, at, n);

	return p != NULL ? p : find_in(&s->chunks, b, at, n);
}

static int fill_window(struct store *s, struct block_file *b, uint64_t at,
    size_t n, bool goes_on)
{
	size_t  want = goes_on ? WINDOW_BYTES : 1024;
	int     err = block_open(s, b);
	ssize_t got;

	store_reset_window(s);
	if (err != 0)
		return err;
	if (want < n)
		want = n;
	if (want > b->written - at)
		want = (size_t)(b->written - at);
	if (buf_reserve(&s->window, want + 1) == NULL) {
		s->window.failed = false;
		return ERR_NOMEM;
	}
	got = s->disk->pread(s->disk, b->fd, s->window.p, want, at);
	if (got < 0)
		return disk_err(got);
	s->window_of = b;
	s->window_at = at;
	buf_added(&s->window, (size_t)got);
	return (size_t)got < n ? ERR_CORRUPT : 0;
}

int store_read_bytes(struct store *s, struct block_file *b, uint64_t at,
    size_t n, bool goes_on, const char **p)
{
	int err = 0;

	if (at + n > b->end)
		return ERR_CORRUPT;
	if (at + n > b->written) {
		*p = find_pending(s, b, at, n);
		return *p == NULL ? ERR_CORRUPT : 0;
	}
	if (s->window_of != b || at < s->window_at ||
	    at + n > s->window_at + s->window.n)
		err = fill_window(s, b, at, n, goes_on);
	if (err == 0)
		*p = s->window.p + (at - s->window_at);
	return err;
}

/* ---- records -------------------------------------------------------------- */

/* The header at `at`, and all its bytes.  ERR_CORRUPT. */
static int read_record(struct store *s, struct block_file *b, uint64_t at,
    bool goes_on, struct record *r, const char **p)
{
	uint32_t seed = block_seed(&s->meta.id, b->nr);
	int      err = store_read_bytes(s, b, at, RECORD_HEADER_BYTES, goes_on,
	    p);

	if (err != 0)
		return err;
	if (!record_get(*p, seed, at, r))
		return ERR_CORRUPT;
	return store_read_bytes(s, b, at, (size_t)record_bytes(r), goes_on, p);
}

static int copy_out(struct store *s, struct store_msg *m,
    const struct record *r, const char *stored)
{
	const char *p;
	int         err;

	if (record_data_crc(r->seq, stored, record_stored_bytes(r)) !=
	    r->data_crc)
		return ERR_CORRUPT;
	buf_reset(&m->hold);
	err = record_unpack(s->seal, r, stored, &m->hold);
	if (err != 0)
		return err;
	p = m->hold.p;
	m->seq = r->seq;
	m->ts_ns = r->ts_ns;
	m->subject = slice_of(p, r->subject_len);
	m->hdr = slice_of(p + r->subject_len, r->hdr_len);
	m->body = slice_of(p + r->subject_len + r->hdr_len, r->body_len);
	return 0;
}

static int read_at(struct store *s, struct block_file *b, uint64_t at,
    uint64_t seq, bool goes_on, struct store_msg *m)
{
	struct record r;
	const char   *p;
	int           err = read_record(s, b, at, goes_on, &r, &p);

	if (err == 0 && (r.type != RECORD_MSG || r.seq != seq ||
	    (r.flags & RECORD_ERASE) != 0))
		err = ERR_CORRUPT;
	if (err == 0)
		err = copy_out(s, m, &r, p + RECORD_HEADER_BYTES);
	if (err == 0) {
		s->last_read = r;
		s->next_of = b;
		s->next_at = at + record_bytes(&r);
	}
	return err;
}

/* Where the reader was, going on: true if the record of seq is there. */
static bool read_on(struct store *s, struct block_file *b, uint64_t seq,
    struct store_msg *m)
{
	struct record r;
	const char   *p;
	uint64_t      at = s->next_at;

	if (s->next_of != b)
		return false;
	for (int i = 0; i < 64; i++) {
		if (read_record(s, b, at, true, &r, &p) != 0)
			return false;
		if ((r.type == RECORD_MSG || r.type == RECORD_SKIP) &&
		    r.seq >= seq)
			return r.type == RECORD_MSG && r.seq == seq &&
			    read_at(s, b, at, seq, true, m) == 0;
		at += record_bytes(&r);
	}
	return false;
}

/* ---- where ---------------------------------------------------------------- */

static int place_by_table(struct store *s, struct block_file *b, uint64_t seq,
    uint64_t *at)
{
	struct block_table *t;
	int                 err = block_load_table(s, b, &t);
	uint32_t            i;

	if (err != 0)
		return err;
	i = block_table_from(t, seq - b->first_seq);
	if (i == t->n || t->entries[i].seq_delta != seq - b->first_seq)
		return ERR_CORRUPT;
	*at = (uint64_t)t->entries[i].at8 * FORMAT_ALIGN;
	return 0;
}

/* One entry of the footer is enough where no sequence is missing; its own
 * checksum does not matter, the record has one. */
static int place_by_entry(struct store *s, struct block_file *b, uint64_t seq,
    uint64_t *at)
{
	char                bytes[FOOTER_ENTRY_BYTES];
	struct footer_entry e;
	uint64_t            i = seq - b->first_seq;
	int                 err = block_open(s, b);
	ssize_t             got;

	if (err != 0)
		return err;
	got = s->disk->pread(s->disk, b->fd, bytes, sizeof bytes,
	    b->footer_at + footer_entries_at(&b->footer) + i * sizeof bytes);
	if (got != sizeof bytes)
		return got < 0 ? disk_err(got) : ERR_CORRUPT;
	footer_entry_get(bytes, &e);
	*at = (uint64_t)e.at8 * FORMAT_ALIGN;
	return e.seq_delta == i ? 0 : ERR_CORRUPT;
}

static int read_by_entry(struct store *s, struct block_file *b, uint64_t seq,
    struct store_msg *m)
{
	uint64_t at = 0;
	int      err = place_by_entry(s, b, seq, &at);

	return err != 0 ? err : read_at(s, b, at, seq, false, m);
}

static int read_by_table(struct store *s, struct block_file *b, uint64_t seq,
    struct store_msg *m)
{
	uint64_t at = 0;
	int      err = place_by_table(s, b, seq, &at);

	return err != 0 ? err : read_at(s, b, at, seq, false, m);
}

/* The shortest way that leads there.  Damage is believed only when a second
 * look at the medium, by the table, finds it too. */
static int read_in(struct store *s, struct block_file *b, uint64_t seq,
    struct store_msg *m)
{
	int err = ERR_CORRUPT;

	if (read_on(s, b, seq, m))
		return 0;
	if (b->table == NULL && b->footer_at != 0 &&
	    b->n_records == block_range(b))
		err = read_by_entry(s, b, seq, m);
	if (err == ERR_CORRUPT)
		err = read_by_table(s, b, seq, m);
	if (err == ERR_CORRUPT) {
		store_reset_window(s);
		err = read_by_table(s, b, seq, m);
	}
	return err;
}

int store_read(struct store *s, uint64_t seq, struct store_msg *m)
{
	size_t             i = block_at(s, seq);
	struct block_file *b = i == s->n_blocks ? NULL : s->blocks[i];
	int                err;

	if (b == NULL || seq < b->first_seq || block_is_dead(b, seq))
		return ERR_NOTFOUND;
	err = read_in(s, b, seq, m);
	if (err == ERR_CORRUPT)
		store_lose(s, b, seq);
	return err;
}
