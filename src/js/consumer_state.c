/* js/consumer_state.c - a consumer's state in nats-server's words. */
#include "js/consumer_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"
#include "js/consumer_int.h"
#include "store/format.h"

enum { MAGIC = 22, VERSION_1 = 1, VERSION_2 = 2 };

#define NS_PER_S   INT64_C(1000000000)
#define SEQ_BEYOND (UINT64_C(1) << 62)

void consumer_state_fini(struct consumer_state *st)
{
	free(st->pending);
	free(st->again);
	*st = (struct consumer_state){ 0 };
}

static bool make_room(struct consumer_state *st, size_t n_pending,
    size_t n_again)
{
	st->pending = calloc(n_pending + 1, sizeof *st->pending);
	st->again = calloc(n_again + 1, sizeof *st->again);
	return st->pending != NULL && st->again != NULL;
}

/* ---- of a consumer -------------------------------------------------------------- */

static void add_pending(const struct consumer *c,
    const struct pending_entry *e, struct consumer_state *to)
{
	int64_t age = consumer_now(c) - e->since_ns;

	to->pending[to->n_pending++] = (struct consumer_pending){ e->seq,
		e->first_cseq, consumer_wall(c) - age };
	if (e->n_delivered > 1)
		to->again[to->n_again++] = (struct consumer_again){ e->seq,
			e->n_delivered - 1 };
}

/* What was delivered too often is not pending any more, and was delivered
 * again. */
static void add_dead(const struct consumer *c, uint64_t seq,
    struct consumer_state *to)
{
	int64_t max = c->config->max_deliver;

	to->again[to->n_again++] = (struct consumer_again){ seq,
		max > 1 ? (uint64_t)max - 1 : 1 };
}

/* While only the last of each subject are delivered it is at one of those. */
static uint64_t delivered_seq(const struct consumer *c)
{
	if (c->last_at == c->n_lasts)
		return c->next_seq - 1;
	return c->last_at > 0 ? c->lasts[c->last_at - 1] : 0;
}

bool consumer_state_of(const struct consumer *c, uint64_t last_seq,
    struct consumer_state *ret)
{
	const struct pending_entry *e;

	*ret = (struct consumer_state){
		.delivered = { c->next_cseq - 1, delivered_seq(c) },
		.floor = c->floor };
	if (!make_room(ret, c->pending.n, c->pending.n + c->dead.n)) {
		consumer_state_fini(ret);
		return false;
	}
	if (ret->delivered.stream_seq > last_seq)
		ret->delivered.stream_seq = last_seq;
	if (ret->floor.stream_seq > ret->delivered.stream_seq)
		ret->floor.stream_seq = ret->delivered.stream_seq;
	for (e = pending_first(&c->pending); e != NULL && e->seq <= last_seq;
	    e = pending_next(&c->pending, e))
		add_pending(c, e, ret);
	for (e = pending_first(&c->dead); e != NULL && e->seq <= last_seq;
	    e = pending_next(&c->dead, e))
		add_dead(c, e->seq, ret);
	return true;
}

/* ---- to a consumer -------------------------------------------------------------- */

static int by_seq(const void *a, const void *b)
{
	/* both kinds begin with it */
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int64_t since_of(const struct consumer *c, int64_t ts_ns)
{
	int64_t age, since;

	if (__builtin_sub_overflow(consumer_wall(c), ts_ns, &age) ||
	    __builtin_sub_overflow(consumer_now(c), age, &since) || age < 0)
		return consumer_now(c);
	return since;
}

static bool apply_pending(struct consumer *c,
    const struct consumer_pending *p)
{
	struct pending_entry *e;

	if (p->seq == 0 || p->seq > c->next_seq - 1 ||
	    p->cseq > c->next_cseq - 1 ||
	    pending_find(&c->pending, p->seq) != NULL)
		return true;
	e = pending_add(&c->pending, p->seq, p->cseq > 0 ? p->cseq : 1,
	    since_of(c, p->ts_ns));
	return e != NULL;
}

static bool apply_again(struct consumer *c, const struct consumer_again *a)
{
	struct pending_entry *e = pending_find(&c->pending, a->seq);

	if (e != NULL) {
		pending_recount(&c->pending, e, a->n < UINT32_MAX - 1
		    ? (uint32_t)a->n + 1 : UINT32_MAX);
		return true;
	}
	if (c->config->max_deliver <= 0 || a->seq == 0 ||
	    a->seq >= c->next_seq || pending_find(&c->dead, a->seq) != NULL)
		return true;
	return pending_add(&c->dead, a->seq, 1, 0) != NULL;
}

static bool is_sane(const struct consumer_state *st)
{
	return st->delivered.stream_seq < SEQ_BEYOND &&
	    st->delivered.consumer_seq < SEQ_BEYOND &&
	    st->floor.stream_seq <= st->delivered.stream_seq &&
	    st->floor.consumer_seq <= st->delivered.consumer_seq;
}

bool consumer_state_apply(struct consumer *c, const struct consumer_state *st)
{
	bool ok = true;

	if (!is_sane(st))
		return false;
	/* it stands where it would begin */
	if (st->delivered.consumer_seq == 0 &&
	    (st->delivered.stream_seq == 0 || c->n_lasts > 0))
		return true;
	c->next_seq = st->delivered.stream_seq + 1;
	c->next_cseq = st->delivered.consumer_seq + 1;
	c->floor = st->floor;
	c->last_at = c->n_lasts;
	if (st->n_pending > 0)
		qsort(st->pending, st->n_pending, sizeof *st->pending, by_seq);
	if (st->n_again > 0)
		qsort(st->again, st->n_again, sizeof *st->again, by_seq);
	for (size_t i = 0; ok && consumer_keeps_pending(c) &&
	    i < st->n_pending; i++)
		ok = apply_pending(c, &st->pending[i]);
	for (size_t i = 0; ok && i < st->n_again; i++)
		ok = apply_again(c, &st->again[i]);
	cursor_reset(c);
	return ok && consumer_forget_matches(c);
}

/* ---- o.dat ---------------------------------------------------------------------- */

static void put_zigzag(struct buf *out, int64_t v)
{
	put_varint(out, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

void consumer_state_encode(const struct consumer_state *st, int64_t wall_ns,
    struct buf *out)
{
	int64_t now = wall_ns / NS_PER_S;

	buf_put_char(out, MAGIC);
	buf_put_char(out, VERSION_2);
	put_varint(out, st->floor.consumer_seq);
	put_varint(out, st->floor.stream_seq);
	put_varint(out, st->delivered.consumer_seq);
	put_varint(out, st->delivered.stream_seq);
	put_varint(out, st->n_pending);
	if (st->n_pending > 0)
		put_zigzag(out, now);
	for (size_t i = 0; i < st->n_pending; i++) {
		const struct consumer_pending *p = &st->pending[i];

		put_varint(out, p->seq - st->floor.stream_seq);
		put_varint(out, p->cseq - st->floor.consumer_seq);
		put_zigzag(out, now - p->ts_ns / NS_PER_S);
	}
	put_varint(out, st->n_again);
	for (size_t i = 0; i < st->n_again; i++) {
		put_varint(out, st->again[i].seq - st->floor.stream_seq);
		put_varint(out, st->again[i].n);
	}
}

static bool take_zigzag(struct slice *in, int64_t *ret)
{
	uint64_t v;

	if (!take_varint(in, &v))
		return false;
	*ret = (int64_t)(v >> 1 ^ (0 - (v & 1)));
	return true;
}

/* Version 1 says what is next. */
static bool take_places(struct slice *in, int version,
    struct consumer_state *st)
{
	if (!take_varint(in, &st->floor.consumer_seq) ||
	    !take_varint(in, &st->floor.stream_seq) ||
	    !take_varint(in, &st->delivered.consumer_seq) ||
	    !take_varint(in, &st->delivered.stream_seq))
		return false;
	if (version == VERSION_1 && st->floor.consumer_seq > 1)
		st->delivered.consumer_seq += st->floor.consumer_seq - 1;
	if (version == VERSION_1 && st->floor.stream_seq > 1)
		st->delivered.stream_seq += st->floor.stream_seq - 1;
	return st->floor.stream_seq < SEQ_BEYOND &&
	    st->floor.consumer_seq < SEQ_BEYOND &&
	    st->delivered.stream_seq < SEQ_BEYOND &&
	    st->delivered.consumer_seq < SEQ_BEYOND;
}

static bool take_pending(struct slice *in, int version, int64_t base,
    struct consumer_state *st)
{
	struct consumer_pending *p = &st->pending[st->n_pending++];
	int64_t                  s;

	if (!take_varint(in, &p->seq) ||
	    (version == VERSION_2 && !take_varint(in, &p->cseq)) ||
	    !take_zigzag(in, &s))
		return false;
	p->seq += st->floor.stream_seq;
	p->cseq += st->floor.consumer_seq;
	return !(version == VERSION_1 ? __builtin_add_overflow(base, s, &s)
	    : __builtin_sub_overflow(base, s, &s)) &&
	    !__builtin_mul_overflow(s, NS_PER_S, &p->ts_ns);
}

/* Of each at least so many bytes are there, which bounds how many. */
static bool take_count(struct slice *in, size_t each, size_t *n)
{
	uint64_t v;

	if (!take_varint(in, &v) || v > in->n / each)
		return false;
	*n = (size_t)v;
	return true;
}

static bool take_all_pending(struct slice *in, int version,
    struct consumer_state *st)
{
	int64_t base = 0;
	size_t  n;
	bool    ok = take_count(in, 2, &n);

	if (!ok || n == 0)
		return ok;
	st->pending = calloc(n, sizeof *st->pending);
	ok = st->pending != NULL && take_zigzag(in, &base);
	while (ok && st->n_pending < n)
		ok = take_pending(in, version, base, st);
	return ok;
}

static bool take_all_again(struct slice *in, struct consumer_state *st)
{
	size_t n;
	bool   ok = take_count(in, 2, &n);

	if (!ok || n == 0)
		return ok;
	st->again = calloc(n, sizeof *st->again);
	ok = st->again != NULL;
	while (ok && st->n_again < n) {
		struct consumer_again *a = &st->again[st->n_again++];

		ok = take_varint(in, &a->seq) && take_varint(in, &a->n);
		a->seq += st->floor.stream_seq;
	}
	return ok;
}

bool consumer_state_decode(struct slice in, struct consumer_state *ret)
{
	int version;

	*ret = (struct consumer_state){ 0 };
	if (in.n < 2 || in.p[0] != MAGIC || (in.p[1] != VERSION_1 &&
	    in.p[1] != VERSION_2))
		return false;
	version = in.p[1];
	in = slice_skip(in, 2);
	return take_places(&in, version, ret) &&
	    take_all_pending(&in, version, ret) && take_all_again(&in, ret);
}

/* ---- JSON ------------------------------------------------------------------------ */

static void write_u64(struct json_writer *w, const char *key, uint64_t v)
{
	json_key(w, key);
	json_u64(w, v);
}

static void write_place(struct json_writer *w, const char *key,
    struct consumer_place p)
{
	json_key(w, key);
	json_begin_object(w);
	write_u64(w, "consumer_seq", p.consumer_seq);
	write_u64(w, "stream_seq", p.stream_seq);
	json_end_object(w);
}

static void write_seq_key(struct json_writer *w, uint64_t seq)
{
	char key[24];

	snprintf(key, sizeof key, "%llu", (unsigned long long)seq);
	json_key(w, key);
}

static void write_pending(const struct consumer_state *st,
    struct json_writer *w)
{
	json_key(w, "pending");
	json_begin_object(w);
	for (size_t i = 0; i < st->n_pending; i++) {
		write_seq_key(w, st->pending[i].seq);
		json_begin_object(w);
		write_u64(w, "Sequence", st->pending[i].cseq);
		json_key(w, "Timestamp");
		json_i64(w, st->pending[i].ts_ns);
		json_end_object(w);
	}
	json_end_object(w);
}

void consumer_state_write(const struct consumer_state *st,
    struct json_writer *w)
{
	write_place(w, "delivered", st->delivered);
	write_place(w, "ack_floor", st->floor);
	if (st->n_pending > 0)
		write_pending(st, w);
	if (st->n_again == 0)
		return;
	json_key(w, "redelivered");
	json_begin_object(w);
	for (size_t i = 0; i < st->n_again; i++) {
		write_seq_key(w, st->again[i].seq);
		json_u64(w, st->again[i].n);
	}
	json_end_object(w);
}

static bool read_u64(const struct json *object, const char *key,
    uint64_t *ret)
{
	const struct json *j = json_get(object, key);
	int64_t            v = 0;

	if (j != NULL && (!json_as_i64(j, &v) || v < 0))
		return false;
	*ret = (uint64_t)v;
	return true;
}

static bool read_place(const struct json *object, const char *key,
    struct consumer_place *ret)
{
	const struct json *j = json_get(object, key);

	return j == NULL || (json_is_object(j) &&
	    read_u64(j, "consumer_seq", &ret->consumer_seq) &&
	    read_u64(j, "stream_seq", &ret->stream_seq));
}

struct reading {
	struct consumer_state *st;
	size_t                 n;
	bool                   failed;
};

static bool count_member(void *ctx, struct slice key, const struct json *value)
{
	struct reading *r = ctx;

	(void)key;
	(void)value;
	r->n++;
	return true;
}

static bool add_pending_member(void *ctx, struct slice key,
    const struct json *value)
{
	struct reading         *r = ctx;
	struct consumer_pending *p = &r->st->pending[r->st->n_pending];
	int64_t                 ts = 0;

	if (value == NULL || !json_is_object(value) ||
	    !text_parse_u64(key, &p->seq) ||
	    !read_u64(value, "Sequence", &p->cseq) ||
	    (json_get(value, "Timestamp") != NULL &&
	    !json_as_i64(json_get(value, "Timestamp"), &ts))) {
		r->failed = true;
		return false;
	}
	p->ts_ns = ts;
	r->st->n_pending++;
	return true;
}

static bool add_again_member(void *ctx, struct slice key,
    const struct json *value)
{
	struct reading        *r = ctx;
	struct consumer_again *a = &r->st->again[r->st->n_again];
	int64_t                n;

	if (!text_parse_u64(key, &a->seq) || !json_as_i64(value, &n) || n < 0) {
		r->failed = true;
		return false;
	}
	a->n = (uint64_t)n;
	r->st->n_again++;
	return true;
}

static size_t count_members(const struct json *object)
{
	struct reading r = { 0 };

	if (object != NULL && json_is_object(object))
		json_each(object, count_member, &r);
	return r.n;
}

bool consumer_state_read(const struct json *object,
    struct consumer_state *ret)
{
	const struct json *pending = json_get(object, "pending");
	const struct json *again = json_get(object, "redelivered");
	struct reading     r = { .st = ret };

	*ret = (struct consumer_state){ 0 };
	if (!read_place(object, "delivered", &ret->delivered) ||
	    !read_place(object, "ack_floor", &ret->floor) ||
	    !make_room(ret, count_members(pending), count_members(again)))
		return false;
	if (pending != NULL && json_is_object(pending))
		json_each(pending, add_pending_member, &r);
	if (again != NULL && json_is_object(again) && !r.failed)
		json_each(again, add_again_member, &r);
	return !r.failed;
}
