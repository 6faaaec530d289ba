/* js/cursors.c - consumers as records. */
#include "js/cursors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "js/consumer_int.h"
#include "js/errors.h"
#include "store/format.h"

enum {
	VERSION = 1,		/* of config records */
	STATE_VERSION = 2,	/* 1: deltas are not numbered */
	KIND_DELTA = 0, KIND_CHECKPOINT = 1,
	OP_PENDING = 1, OP_GONE = 2, OP_CLEAR = 3, OP_DEAD = 4,
	CONFIG_HEAD = 10,
	DELTAS_MAX = 256,	/* between checkpoints, at least */
	NAME_MAX_BYTES = 260,
};

/* ---- numbers ---------------------------------------------------------- */

static void put_change(struct buf *b, uint64_t from, uint64_t to)
{
	uint64_t d = to - from;

	put_varint(b, (d << 1) ^ (0 - (d >> 63)));
}

static bool take_change(struct slice *s, uint64_t *v)
{
	uint64_t z;

	if (!take_varint(s, &z))
		return false;
	*v += (z >> 1) ^ (0 - (z & 1));
	return true;
}

/* ---- names ------------------------------------------------------------ */

struct record_name {
	char   bytes[NAME_MAX_BYTES];
	size_t n;
};

static struct slice name_of(struct record_name *r, char kind,
    struct slice consumer)
{
	if (consumer.n > sizeof r->bytes - 2)
		consumer.n = sizeof r->bytes - 2;
	r->bytes[0] = kind;
	r->bytes[1] = '.';
	memcpy(r->bytes + 2, consumer.p, consumer.n);
	return slice_of(r->bytes, consumer.n + 2);
}

static int append(struct consumer *c, char kind, struct slice body,
    uint64_t *seq)
{
	struct store      *state = c->stream->state;
	struct record_name name;
	int64_t            now = consumer_wall(c);

	if (now < store_last_ts_ns(state))
		now = store_last_ts_ns(state);
	return store_append(state, name_of(&name, kind, consumer_name(c)),
	    SLICE_NONE, body, now, seq);
}

bool cursor_is_kept(const struct consumer *c)
{
	return c->cursor.is_kept;
}

/* ---- what has changed ------------------------------------------------- */

static int64_t wall_ms_of(const struct consumer *c, int64_t since_ns)
{
	int64_t age = consumer_now(c) - since_ns;

	return (consumer_wall(c) - age) / NS_PER_MS;
}

static void put_pending(struct consumer *c, struct buf *b,
    const struct pending_entry *e)
{
	struct cursor *k = &c->cursor;
	int64_t        ms = wall_ms_of(c, e->since_ns);

	buf_put_char(b, OP_PENDING);
	put_change(b, k->seq, e->seq);
	put_change(b, k->cseq, e->first_cseq);
	put_change(b, (uint64_t)k->ms, (uint64_t)ms);
	put_varint(b, e->n_delivered);
	k->seq = e->seq;
	k->cseq = e->first_cseq;
	k->ms = ms;
}

void cursor_delivered(struct consumer *c, const struct pending_entry *e)
{
	if (!c->cursor.is_kept)
		return;
	put_pending(c, &c->cursor.ops, e);
	cursor_moved(c);
}

static void put_seq(struct consumer *c, struct buf *b, char op, uint64_t seq)
{
	buf_put_char(b, op);
	put_change(b, c->cursor.seq, seq);
	c->cursor.seq = seq;
}

void cursor_removed(struct consumer *c, uint64_t seq)
{
	if (!c->cursor.is_kept)
		return;
	put_seq(c, &c->cursor.ops, OP_GONE, seq);
	cursor_moved(c);
}

void cursor_died(struct consumer *c, uint64_t seq)
{
	if (!c->cursor.is_kept)
		return;
	put_seq(c, &c->cursor.ops, OP_DEAD, seq);
	cursor_moved(c);
}

void cursor_moved(struct consumer *c)
{
	c->cursor.has_moved = c->cursor.is_kept;
}

void cursor_reset(struct consumer *c)
{
	c->cursor.wants_checkpoint = true;
	cursor_moved(c);
}

/* ---- records ---------------------------------------------------------- */

static void put_head(struct consumer *c, int kind, struct buf *out)
{
	buf_put_char(out, 'S');
	buf_put_char(out, STATE_VERSION);
	buf_put_char(out, (char)kind);
	if (kind == KIND_DELTA)
		put_varint(out, c->cursor.n_deltas + 1);
	put_varint(out, c->next_seq);
	put_varint(out, c->next_cseq);
	put_varint(out, c->floor.stream_seq);
	put_varint(out, c->floor.consumer_seq);
	put_varint(out, c->n_lasts - c->last_at);
}

static void start_ops(struct cursor *k)
{
	buf_reset(&k->ops);
	k->seq = k->cseq = 0;
	k->ms = 0;
}

void cursor_encode(struct consumer *c, struct buf *out)
{
	uint64_t before = 0;

	start_ops(&c->cursor);
	put_head(c, KIND_CHECKPOINT, out);
	for (size_t i = c->last_at; i < c->n_lasts; i++) {
		put_varint(out, c->lasts[i] - before);
		before = c->lasts[i];
	}
	buf_put_char(out, OP_CLEAR);
	for (const struct pending_entry *e = pending_first(&c->pending);
	    e != NULL; e = pending_next(&c->pending, e))
		put_pending(c, out, e);
	for (const struct pending_entry *e = pending_first(&c->dead);
	    e != NULL; e = pending_next(&c->dead, e))
		put_seq(c, out, OP_DEAD, e->seq);
	start_ops(&c->cursor);
}

static int write_checkpoint(struct consumer *c)
{
	struct buf         out = { 0 };
	struct record_name name;
	uint64_t           seq, copy, n;
	int                err;

	cursor_encode(c, &out);
	err = buf_failed(&out) ? ERR_NOMEM : append(c, 's', buf_slice(&out),
	    &seq);
	if (err == 0)
		err = append(c, 's', buf_slice(&out), &copy);
	buf_fini(&out);
	if (err != 0)
		return err;
	c->cursor.n_deltas = 0;
	c->cursor.wants_checkpoint = c->cursor.has_moved = false;
	store_purge(c->stream->state, &(struct store_purge){
		.pattern = name_of(&name, 's', consumer_name(c)),
		.below_seq = seq }, &n);
	return 0;
}

static int write_delta(struct consumer *c)
{
	struct cursor *k = &c->cursor;
	struct buf     out = { 0 };
	uint64_t       seq;
	int            err;

	put_head(c, KIND_DELTA, &out);
	buf_put_slice(&out, buf_slice(&k->ops));
	err = buf_failed(&out) || buf_failed(&k->ops) ? ERR_NOMEM
	    : append(c, 's', buf_slice(&out), &seq);
	buf_fini(&out);
	start_ops(k);
	k->has_moved = false;
	k->n_deltas++;
	return err;
}

/* Where a record is lost the next is a checkpoint, which makes up for it. */
void cursor_flush(struct consumer *c)
{
	struct cursor *k = &c->cursor;
	size_t         limit = DELTAS_MAX + c->pending.n / 4;

	if (!k->has_moved)
		return;
	k->error = k->wants_checkpoint || k->n_deltas >= limit
	    ? write_checkpoint(c) : write_delta(c);
	if (k->error != 0)
		k->wants_checkpoint = k->has_moved = true;
}

int cursor_error(const struct consumer *c)
{
	return c->cursor.error;
}

/* ---- what it is ------------------------------------------------------- */

static int put_config(struct consumer *c)
{
	struct buf         out = { 0 };
	struct record_name name;
	uint64_t           first = 0, seq, n, created = (uint64_t)c->created_ns;
	int                err;

	buf_put_char(&out, 'C');
	buf_put_char(&out, VERSION);
	for (unsigned i = 0; i < 64; i += 8)
		buf_put_char(&out, (char)(created >> i));
	consumer_config_write(c->config, false, JSON_INTO(&out, 0));
	err = buf_failed(&out) ? ERR_NOMEM
	    : append(c, 'c', buf_slice(&out), &first);
	if (err == 0)
		err = append(c, 'c', buf_slice(&out), &seq);
	buf_fini(&out);
	if (err == 0)
		store_purge(c->stream->state, &(struct store_purge){
			.pattern = name_of(&name, 'c', consumer_name(c)),
			.below_seq = first }, &n);
	return err;
}

/* More is under way than may be; this waits. */
static int when_not_busy(struct consumer *c, int (*put)(struct consumer *c))
{
	int err = put(c);

	if (err == ERR_BUSY)
		err = store_flush(c->stream->state);
	else
		return err;
	return err != 0 ? err : put(c);
}

int cursor_write_config(struct consumer *c)
{
	return c->cursor.is_kept ? when_not_busy(c, put_config) : 0;
}

static int put_all(struct consumer *c)
{
	int err = put_config(c);

	return err != 0 ? err : write_checkpoint(c);
}

int cursor_create(struct consumer *c)
{
	return c->cursor.is_kept ? when_not_busy(c, put_all) : 0;
}

int cursor_forget(struct consumer *c)
{
	struct record_name name;
	uint64_t           n;
	int                err, also;

	/* with the stream its whole directory goes */
	if (!c->cursor.is_kept || c->stream->is_leaving)
		return 0;
	err = store_purge(c->stream->state, &(struct store_purge){
		.pattern = name_of(&name, 'c', consumer_name(c)) }, &n);
	also = store_purge(c->stream->state, &(struct store_purge){
		.pattern = name_of(&name, 's', consumer_name(c)) }, &n);
	js_mark_dirty(consumer_js(c), c->stream);
	return err != 0 ? err : also;
}

void cursor_fini(struct cursor *k)
{
	buf_fini(&k->ops);
}

/* ---- reading ---------------------------------------------------------- */

struct head {
	uint64_t number;	/* of a delta; 0: not known */
	uint64_t next_seq, next_cseq, floor_seq, floor_cseq, n_lasts;
	bool     is_checkpoint;
};

static bool take_head(struct slice *s, struct head *h)
{
	bool is_numbered;

	if (s->n < 3 || s->p[0] != 'S' || s->p[1] < 1 ||
	    s->p[1] > STATE_VERSION ||
	    (s->p[2] != KIND_DELTA && s->p[2] != KIND_CHECKPOINT))
		return false;
	is_numbered = s->p[1] > 1 && s->p[2] == KIND_DELTA;
	h->is_checkpoint = s->p[2] == KIND_CHECKPOINT;
	h->number = 0;
	*s = slice_skip(*s, 3);
	if (is_numbered && (!take_varint(s, &h->number) || h->number == 0))
		return false;
	return take_varint(s, &h->next_seq) && take_varint(s, &h->next_cseq) &&
	    take_varint(s, &h->floor_seq) && take_varint(s, &h->floor_cseq) &&
	    take_varint(s, &h->n_lasts) && h->next_seq > 0 &&
	    h->next_cseq > 0 && h->floor_seq < h->next_seq &&
	    h->floor_cseq < h->next_cseq;
}

/* Each takes a byte at least, so the record bounds how many there are. */
static bool take_lasts(struct consumer *c, struct slice *s, uint64_t n)
{
	uint64_t  seq = 0, d;
	uint64_t *v;

	if (n > s->n)
		return false;
	v = calloc(n + 1, sizeof *v);
	if (v == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!take_varint(s, &d) || d == 0 ||
		    __builtin_add_overflow(seq, d, &seq)) {
			free(v);
			return false;
		}
		v[i] = seq;
	}
	free(c->lasts);
	c->lasts = v;
	c->n_lasts = n;
	c->last_at = 0;
	return true;
}

static int64_t since_of(const struct consumer *c, uint64_t ms)
{
	int64_t wall_ms = consumer_wall(c) / NS_PER_MS, age, ns;

	if (__builtin_sub_overflow(wall_ms, (int64_t)ms, &age) ||
	    __builtin_mul_overflow(age, NS_PER_MS, &ns) ||
	    __builtin_sub_overflow(consumer_now(c), ns, &ns))
		return consumer_now(c);
	return ns;
}

static void remove_if_there(struct pending *p, uint64_t seq)
{
	struct pending_entry *e = pending_find(p, seq);

	if (e != NULL)
		pending_remove(p, e);
}

static bool apply_pending(struct consumer *c, struct slice *s,
    struct pending_entry *at, uint64_t *ms)
{
	struct pending_entry *e;
	uint64_t              n;

	if (!take_change(s, &at->seq) || !take_change(s, &at->first_cseq) ||
	    !take_change(s, ms) || !take_varint(s, &n) || n == 0 ||
	    n > UINT32_MAX || at->seq == 0 || at->first_cseq == 0)
		return false;
	remove_if_there(&c->dead, at->seq);
	e = pending_find(&c->pending, at->seq);
	if (e == NULL)
		e = pending_add(&c->pending, at->seq, at->first_cseq, 0);
	if (e == NULL)
		return false;
	e->since_ns = since_of(c, *ms);
	pending_recount(&c->pending, e, (uint32_t)n);
	return true;
}

static bool apply_gone(struct consumer *c, char op, struct slice *s,
    uint64_t *seq)
{
	if (!take_change(s, seq) || *seq == 0)
		return false;
	remove_if_there(&c->pending, *seq);
	remove_if_there(&c->dead, *seq);
	return op == OP_GONE || pending_add(&c->dead, *seq, 1, 0) != NULL;
}

static bool apply_one(struct consumer *c, struct slice *s,
    struct pending_entry *at, uint64_t *ms)
{
	char op = *s->p;

	*s = slice_skip(*s, 1);
	switch (op) {
	case OP_CLEAR:
		pending_clear(&c->pending);
		pending_clear(&c->dead);
		return true;
	case OP_PENDING:
		return apply_pending(c, s, at, ms);
	case OP_GONE:
	case OP_DEAD:
		return apply_gone(c, op, s, &at->seq);
	default:
		return false;
	}
}

static bool apply_ops(struct consumer *c, struct slice s)
{
	struct pending_entry at = { 0 };
	uint64_t             ms = 0;

	while (s.n > 0)
		if (!apply_one(c, &s, &at, &ms))
			return false;
	return true;
}

bool cursor_apply(struct consumer *c, struct slice record)
{
	struct head h;

	if (!take_head(&record, &h) ||
	    (h.number > 0 && h.number != c->cursor.n_deltas + 1))
		return false;
	if (h.is_checkpoint && !take_lasts(c, &record, h.n_lasts))
		return false;
	if (h.n_lasts > c->n_lasts)
		return false;
	c->cursor.n_deltas = h.is_checkpoint ? 0 : c->cursor.n_deltas + 1;
	c->last_at = c->n_lasts - h.n_lasts;
	c->next_seq = h.next_seq;
	c->next_cseq = h.next_cseq;
	c->floor = (struct consumer_place){ h.floor_cseq, h.floor_seq };
	return apply_ops(c, record);
}

/* ---- all of a stream's ------------------------------------------------ */

static bool is_config(struct slice record)
{
	return record.n >= CONFIG_HEAD && record.p[0] == 'C' &&
	    record.p[1] == VERSION;
}

static struct consumer *restore_config(struct stream *s, struct slice r)
{
	uint64_t created = 0;

	if (!is_config(r))
		return NULL;
	for (unsigned i = 0; i < 8; i++)
		created |= (uint64_t)(uint8_t)r.p[2 + i] << (8 * i);
	return consumer_restore(s, slice_skip(r, CONFIG_HEAD),
	    (int64_t)created, SLICE_NONE);
}

static void restore_state(struct consumer *c)
{
	struct record_name name;
	struct slice       pattern = name_of(&name, 's', consumer_name(c));
	struct store_msg   m = { 0 };
	uint64_t           seq = 0;
	bool               is_sound = false;	/* from a checkpoint on */

	while (store_find_next(c->stream->state, pattern, seq + 1, &seq) == 0) {
		bool is_checkpoint;

		if (store_read(c->stream->state, seq, &m) != 0) {
			is_sound = false;
			continue;
		}
		is_checkpoint = m.body.n > 2 && m.body.p[2] == KIND_CHECKPOINT;
		if (is_sound || is_checkpoint)
			is_sound = cursor_apply(c, m.body);
	}
	store_msg_fini(&m);
	if (!is_sound)
		cursor_reset(c);
}

/* Of the copies of a config the last that can be read counts. */
static bool restore_one(struct stream *s, struct slice subject, void *ctx)
{
	struct store_msg m = { 0 };
	struct consumer *c = NULL;
	uint64_t         seq = UINT64_MAX;

	(void)ctx;
	while (c == NULL && seq > 0 && store_find_last(s->state, subject, seq,
	    &seq) == 0) {
		if (store_read(s->state, seq, &m) == 0)
			c = restore_config(s, m.body);
		seq--;
	}
	store_msg_fini(&m);
	if (c == NULL) {
		log_warn("consumer %.*s of stream %.*s cannot be read",
		    SLICE_ARG(slice_skip(subject, 2)), SLICE_ARG(s->name));
		return false;
	}
	restore_state(c);
	consumer_resume(c);
	return true;
}

static bool add_name(void *ctx, struct slice subject, uint64_t n,
    uint64_t last_seq)
{
	struct buf *names = ctx;

	(void)n;
	(void)last_seq;
	buf_put_slice(names, subject);
	buf_put_char(names, '\n');
	return true;
}

/* False: not all of them. */
static bool each_name(struct stream *s,
    bool (*each)(struct stream *s, struct slice subject, void *ctx), void *ctx)
{
	struct buf  names = { 0 };
	const char *end;
	bool        ok;

	if (s->state == NULL)
		return true;
	store_each_subject(s->state, SLICE("c.*"), add_name, &names);
	ok = !buf_failed(&names);
	for (struct slice rest = buf_slice(&names); rest.n > 0 &&
	    (end = memchr(rest.p, '\n', rest.n)) != NULL;) {
		size_t n = (size_t)(end - rest.p);

		ok = each(s, slice_of(rest.p, n), ctx) && ok;
		rest = slice_skip(rest, n + 1);
	}
	buf_fini(&names);
	return ok;
}

bool cursors_restore(struct stream *s)
{
	return each_name(s, restore_one, NULL);
}

/* The last copy that can be read. */
static bool read_config(struct stream *s, struct slice subject,
    struct store_msg *m)
{
	uint64_t seq = UINT64_MAX;

	while (seq > 0 && store_find_last(s->state, subject, seq, &seq) == 0) {
		if (store_read(s->state, seq, m) == 0 && is_config(m->body))
			return true;
		seq--;
	}
	return false;
}

struct config_visit {
	void (*each)(void *ctx, struct slice name, struct slice config);
	void  *ctx;
};

static bool visit_config(struct stream *s, struct slice subject, void *ctx)
{
	const struct config_visit *v = ctx;
	struct store_msg           m = { 0 };

	if (read_config(s, subject, &m))
		v->each(v->ctx, slice_skip(subject, 2),
		    slice_skip(m.body, CONFIG_HEAD));
	store_msg_fini(&m);
	return true;
}

bool cursors_each_config(struct stream *s,
    void (*each)(void *ctx, struct slice name, struct slice config), void *ctx)
{
	struct config_visit v = { each, ctx };

	return each_name(s, visit_config, &v);
}
