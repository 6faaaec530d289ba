/* store/scan.c - records out of bytes that nobody vouches for. */
#include "store/scan.h"

#include <string.h>

#include "base/err.h"
#include "store/pack.h"

struct scanner {
	struct slice in;
	uint32_t     seed;
	struct cost  cost;
	struct seal *seal;
	struct buf   plain;		/* of a record that is not stored so */
	struct scan *s;
	int          err;
	uint64_t     seq_end;		/* behind the last MSG or SKIP */
	/* the DEAD record before, if it was sound */
	bool         has_dead;
	uint64_t     dead_seq;
	uint32_t     dead_crc;
};

static bool is_compacted(const struct scan *s)
{
	return s->has_header && (s->header.flags & BLOCK_COMPACTED) != 0;
}

/* A SKIP may stand for several. */
static uint64_t first_seq_of(const struct record *r)
{
	return r->type == RECORD_SKIP && (r->flags & RECORD_RANGE) != 0
	    ? (uint64_t)r->ts_ns : r->seq;
}

/* Of the record before. */
static bool is_copy(const struct scan *s, const struct record *r)
{
	return r->type == RECORD_SKIP && (r->flags & RECORD_COPY) != 0 &&
	    r->seq == s->last_seq;
}

/* Sequences ascend, and by no more than the bytes passed over can have held;
 * what claims otherwise is no record of ours. */
static bool is_seq_sane(const struct scanner *x, const struct record *r,
    uint64_t at)
{
	const struct scan *s = x->s;
	uint64_t           room = (at - x->seq_end) / RECORD_HEADER_BYTES + 1;
	uint64_t           first = first_seq_of(r);

	if (r->type >= RECORD_META || (r->type == RECORD_DEAD &&
	    r->seq <= s->last_seq) || is_copy(s, r))
		return true;
	if (r->seq <= s->last_seq || r->seq - s->first_seq >= UINT32_MAX)
		return false;
	return is_compacted(s) || (first > s->last_seq && first <= r->seq &&
	    first - s->last_seq <= room);
}

static bool read_record(const struct scanner *x, uint64_t at,
    struct record *r)
{
	if (x->in.n < RECORD_HEADER_BYTES ||
	    at > x->in.n - RECORD_HEADER_BYTES ||
	    !record_get(x->in.p + at, x->seed, at, r))
		return false;
	return record_bytes(r) <= x->in.n - at && r->type >= RECORD_MSG &&
	    r->type <= RECORD_KEY && is_seq_sane(x, r, at);
}

/* ---- what a record says --------------------------------------------------- */

static void damage(struct scanner *x, uint64_t at)
{
	if (x->s->n_damaged++ == 0)
		x->s->damaged_at = at;
}

static void learn_skip(struct scanner *x, struct seq_run r)
{
	struct buf runs = { 0 };
	uint64_t   prev = 0;

	run_put(&runs, &prev, r);
	x->err = buf_failed(&runs) ? ERR_NOMEM
	    : block_table_add_dead(x->s->table, 0, buf_slice(&runs));
	buf_fini(&runs);
}

/* The subject of a message, borrowed until the next. */
static int find_subject(struct scanner *x, const struct record *r,
    const char *data, struct slice *ret)
{
	int err = 0;

	*ret = slice_of(data, r->subject_len);
	if (r->codec == 0)
		return 0;
	buf_reset(&x->plain);
	err = record_unpack(x->seal, r, data, &x->plain);
	*ret = slice_of(x->plain.p, r->subject_len);
	return err;
}

static void learn_msg(struct scanner *x, uint64_t at, const struct record *r,
    struct slice subject)
{
	struct scan        *s = x->s;
	struct footer_entry e = { .at8 = (uint32_t)(at / 8),
		.seq_delta = (uint32_t)(r->seq - s->first_seq),
		.cost = cost_of(x->cost, r) };

	x->err = block_table_reserve(s->table, subject.n);
	if (x->err != 0)
		return;
	/* streams of one subject are common, and so is the one before */
	if (s->table->n_subjects > 0 && slice_eq(subject, block_table_subject(
	    s->table, s->table->n_subjects - 1)))
		e.subject = s->table->n_subjects - 1;
	else
		e.subject = block_table_add_subject(s->table, subject);
	block_table_add(s->table, &e);
	if (s->first_ts_ns == 0)
		s->first_ts_ns = r->ts_ns;
	s->last_ts_ns = r->ts_ns;
}

static void learn_dead(struct scanner *x, const struct record *r,
    const char *data)
{
	bool is_known = (r->flags & RECORD_COPY) != 0 && x->has_dead &&
	    x->dead_seq == r->seq && x->dead_crc == r->data_crc;

	x->has_dead = true;
	x->dead_seq = r->seq;
	x->dead_crc = r->data_crc;
	if (!is_known)
		x->err = block_table_add_dead(x->s->table,
		    r->flags & (RECORD_ERASE | RECORD_LOST),
		    slice_of(data, r->body_len));
}

/* false: its checksum fits, and yet it is not what it claims to be. */
static bool learn_msg_data(struct scanner *x, uint64_t at,
    const struct record *r, const char *data)
{
	struct slice subject;
	int          err = find_subject(x, r, data, &subject);

	if (err == 0)
		learn_msg(x, at, r, subject);
	else if (err != ERR_CORRUPT)
		x->err = err;
	return err != ERR_CORRUPT;
}

static bool learn_data(struct scanner *x, uint64_t at, const struct record *r)
{
	const char *data = x->in.p + at + RECORD_HEADER_BYTES;

	switch (r->type) {
	case RECORD_MSG:
		if ((r->flags & RECORD_ERASE) == 0)
			return learn_msg_data(x, at, r, data);
		learn_skip(x, (struct seq_run){ r->seq, r->seq });
		break;
	case RECORD_SKIP:
		if (!is_copy(x->s, r))
			learn_skip(x, (struct seq_run){ first_seq_of(r),
				r->seq });
		break;
	case RECORD_DEAD:
		learn_dead(x, r, data);
		break;
	case RECORD_META:
		x->s->blob = data;
		x->s->blob_of = *r;
		x->s->blob_generation = r->seq;
		break;
	case RECORD_KEY:
		if (x->s->key.n == 0)
			x->s->key = slice_of(data, r->body_len);
		break;
	}
	return true;
}

static void learn(struct scanner *x, uint64_t at, const struct record *r)
{
	struct scan *s = x->s;
	bool         is_sound = record_data_crc(r->seq, x->in.p + at +
	    RECORD_HEADER_BYTES, record_stored_bytes(r)) == r->data_crc;

	is_sound = is_sound && learn_data(x, at, r);
	if (!is_sound)
		damage(x, at);
	if (r->type == RECORD_DEAD && r->seq > s->last_seq)
		s->last_seq = r->seq;	/* there had been some before it */
	if (r->type != RECORD_MSG && r->type != RECORD_SKIP)
		return;
	s->last_seq = r->seq;
	x->seq_end = at + record_bytes(r);
	if (r->seq - r->lag > s->durable_seq && r->lag < r->seq)
		s->durable_seq = r->seq - r->lag;
}

/* ---- from record to record ------------------------------------------------ */

/* The next sound record at or behind at; in.n: there is none. */
static uint64_t resync(const struct scanner *x, uint64_t at,
    struct record *r)
{
	for (; at + RECORD_HEADER_BYTES <= x->in.n; at += FORMAT_ALIGN)
		if (x->in.p[at] == 'm' && read_record(x, at, r))
			return at;
	return x->in.n;
}

static uint64_t end_of_bytes(struct slice in)
{
	uint64_t n = in.n;

	while (n >= 8 && get64(in.p + n - 8) == 0)
		n -= 8;
	while (n > 0 && in.p[n - 1] == 0)
		n--;
	return n;
}

static void scan_records(struct scanner *x)
{
	struct scan  *s = x->s;
	struct record r;
	uint64_t      at = BLOCK_HEADER_BYTES;

	while (x->err == 0) {
		uint64_t next = resync(x, at, &r);

		if (next == x->in.n)
			break;
		if (next > at)
			damage(x, at);
		learn(x, next, &r);
		at = s->end = next + record_bytes(&r);
	}
	s->dirty_end = end_of_bytes(x->in);
	if (s->dirty_end > s->end && x->err == 0)
		damage(x, s->end);
}

static int read_header(struct scanner *x, const struct store_id *id,
    uint32_t nr)
{
	struct scan *s = x->s;
	int          err = ERR_CORRUPT;

	if (x->in.n >= BLOCK_HEADER_BYTES)
		err = block_header_get(x->in.p, &s->header);
	if (err == ERR_VERSION)
		return err;
	s->has_header = err == 0;
	if (!s->has_header) {
		damage(x, 0);
		return 0;
	}
	if (s->header.nr != nr ||
	    memcmp(s->header.id.b, id->b, sizeof id->b) != 0)
		return ERR_NOTFOUND;
	s->first_seq = s->header.first_seq;
	return 0;
}

int block_scan(struct slice bytes, const struct store_id *id, uint32_t nr,
    uint64_t first_seq, struct cost cost, struct seal *seal,
    struct scan *ret)
{
	struct scanner x = { .in = bytes, .seed = block_seed(id, nr),
		.cost = cost, .seal = seal, .s = ret,
		.seq_end = BLOCK_HEADER_BYTES };

	*ret = (struct scan){ .first_seq = first_seq,
		.end = BLOCK_HEADER_BYTES };
	x.err = read_header(&x, id, nr);
	if (x.err != 0)
		return x.err;
	ret->last_seq = ret->first_seq - 1;
	ret->table = block_table_create();
	if (ret->table == NULL)
		return ERR_NOMEM;
	scan_records(&x);
	buf_fini(&x.plain);
	if (x.err != 0) {
		block_table_destroy(ret->table);
		ret->table = NULL;
	}
	return x.err;
}
