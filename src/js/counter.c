/* js/counter.c - decimal numbers of any length, and the counters made of them.
 */
#include "js/counter.h"

#include "base/buf.h"
#include "base/json.h"
#include "js/dedup.h"
#include "js/headers.h"
#include "js/publish.h"
#include "js/stream_int.h"

/* ---- numbers ---------------------------------------------------------------- */

/* A sign and digits without zeros in front; 0 has none, and is not negative. */
struct number {
	bool         is_negative;
	struct slice digits;
};

static struct number split(struct slice text)
{
	struct number x = { text.n > 0 && *text.p == '-', text };

	if (text.n > 0 && (*text.p == '-' || *text.p == '+'))
		x.digits = slice_skip(text, 1);
	while (x.digits.n > 0 && *x.digits.p == '0')
		x.digits = slice_skip(x.digits, 1);
	if (x.digits.n == 0)
		x.is_negative = false;
	return x;
}

bool counter_is_number(struct slice text)
{
	size_t at = text.n > 0 && (*text.p == '-' || *text.p == '+');

	if (text.n == at)
		return false;
	for (; at < text.n; at++)
		if (text.p[at] < '0' || text.p[at] > '9')
			return false;
	return true;
}

/* Of digits alone: less, equal, more. */
static int compare(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return a.n == 0 ? 0 : memcmp(a.p, b.p, a.n);
}

/* The digit with weight 10^i. */
static int digit(struct slice s, size_t i)
{
	return i < s.n ? s.p[s.n - 1 - i] - '0' : 0;
}

/* big + sign * small, where big is not the smaller one; from its last digit to
 * its first, then turned round. */
static void put_digits(struct slice big, struct slice small, int sign,
    struct buf *out)
{
	size_t begin = out->n;
	int    carry = 0;

	for (size_t i = 0; i < big.n || carry != 0; i++) {
		int d = digit(big, i) + sign * digit(small, i) + carry;

		carry = d > 9 ? 1 : d < 0 ? -1 : 0;
		buf_put_char(out, (char)('0' + d - 10 * carry));
	}
	if (buf_failed(out))
		return;
	while (out->n > begin && out->p[out->n - 1] == '0')
		out->n--;
	for (size_t i = begin, k = out->n; i + 1 < k; i++) {
		char c = out->p[i];

		out->p[i] = out->p[--k];
		out->p[k] = c;
	}
	if (out->n == begin)
		buf_put_char(out, '0');
}

static void add(struct number a, struct number b, struct buf *sum)
{
	int order = compare(a.digits, b.digits);
	struct number big = order < 0 ? b : a, small = order < 0 ? a : b;
	bool is_zero = a.is_negative != b.is_negative && order == 0;

	if (big.is_negative && !is_zero)
		buf_put_char(sum, '-');
	put_digits(big.digits, small.digits,
	    a.is_negative == b.is_negative ? 1 : -1, sum);
}

void counter_add(struct slice a, struct slice b, struct buf *sum)
{
	add(split(a), split(b), sum);
}

void counter_subtract(struct slice a, struct slice b, struct buf *out)
{
	struct number x = split(b);

	x.is_negative = x.digits.n > 0 && !x.is_negative;
	add(split(a), x, out);
}

/* ---- messages --------------------------------------------------------------- */

bool counter_read(struct slice body, struct buf *value)
{
	const char  *why;
	struct json *doc = json_parse(body, &why);
	struct slice text;
	bool ok = doc != NULL && json_as_str(json_get(doc, "val"), &text) &&
	    counter_is_number(text);

	if (ok)
		buf_put_slice(value, text);
	json_free(doc);
	return ok;
}

void counter_write(struct slice value, struct buf *body)
{
	buf_put_str(body, "{\"val\":\"");
	buf_put_slice(body, value);
	buf_put_str(body, "\"}");
}

/* ---- publishing ------------------------------------------------------------- */

/* What would say that the publisher knows what is there. */
static bool has_foreign_header(const struct publish *p)
{
	static const char *const names[] = { "Nats-Rollup",
		"Nats-Expected-Stream", "Nats-Expected-Last-Msg-Id",
		"Nats-Expected-Last-Sequence",
		"Nats-Expected-Last-Subject-Sequence",
		"Nats-Expected-Last-Subject-Sequence-Subject" };
	struct slice text;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (publish_header(p, names[i], &text) && text.n > 0)
			return true;
	return false;
}

bool counter_check_header(struct publish *p)
{
	struct slice incr;

	if (!publish_header(p, "Nats-Incr", &incr) || incr.n == 0)
		return true;
	if (!counter_is_number(incr))
		return js_fail(&p->e, 10171);
	if (!p->s->config->allow_counter)
		return js_fail(&p->e, 10168);
	if (p->payload.n > 0)
		return js_fail(&p->e, 10170);
	return !has_foreign_header(p) || js_fail(&p->e, 10171);
}

/* What the subject's last message holds, in the batch or in the store; copied,
 * as the memory of either moves. */
struct last {
	struct buf value, sources;	/* empty: none */
};

static void last_fini(struct last *l)
{
	buf_fini(&l->value);
	buf_fini(&l->sources);
}

static bool take_last(struct last *l, struct slice headers, struct slice body)
{
	struct slice text;

	if (headers.n > 0 && js_header_get(headers,
	    SLICE("Nats-Counter-Sources"), &text))
		buf_put_slice(&l->sources, text);
	return counter_read(body, &l->value);
}

static bool read_last(struct publish *p, struct last *l)
{
	struct store_msg m = { 0 };
	uint64_t         at;
	bool             ok = true;

	if (p->batch != NULL && dedup_find(p->batch->subjects, p->subject, &at))
		ok = take_last(l, p->batch->v[at].headers,
		    p->batch->v[at].payload);
	else if (store_find_last(p->s->store, p->subject, UINT64_MAX, &at) ==
	    0 && store_read(p->s->store, at, &m) == 0)
		ok = take_last(l, m.hdr, m.body);
	store_msg_fini(&m);
	return ok || js_fail(&p->e, 10172);
}

static bool is_sources(struct slice name)
{
	return slice_eq(name, SLICE("Nats-Counter-Sources"));
}

static bool is_incr(struct slice name)
{
	return slice_eq(name, SLICE("Nats-Incr"));
}

/* The message becomes what the counter is now. */
static bool put_sum(struct publish *p, struct last *l, struct slice incr)
{
	struct buf value = { 0 };
	bool       ok;

	counter_add(buf_slice(&l->value), incr, &value);
	counter_write(buf_slice(&value), &p->sum);
	ok = !buf_failed(&value) && !buf_failed(&p->sum);
	if (ok) {
		p->payload = buf_slice(&p->sum);
		p->counter = slice_of(p->sum.p + strlen("{\"val\":\""),
		    value.n);
	}
	if (ok && l->sources.n > 0)
		publish_put_header(p, is_sources, "Nats-Counter-Sources",
		    buf_slice(&l->sources));
	buf_fini(&value);
	return ok || js_fail_with(&p->e, 10077, "out of memory");
}

bool counter_count(struct publish *p)
{
	struct last  l = { 0 };
	struct slice incr;
	bool         ok;

	if (!p->s->config->allow_counter)
		return true;
	if (!publish_header(p, "Nats-Incr", &incr) || incr.n == 0)
		return js_fail(&p->e, 10169);
	ok = read_last(p, &l) && put_sum(p, &l, incr);
	last_fini(&l);
	return ok;
}

/* ---- counters of other streams ---------------------------------------------- */

/* {"<stream>":{"<subject>":"<value>"}}, written anew with one value changed. */
struct origins {
	struct json_writer w;
	struct slice       stream, subject, value;	/* what changes */
	struct buf         before;	/* what it was; empty: not there */
	bool               is_inner, is_done;
};

static void put_change(struct origins *o)
{
	json_key_slice(&o->w, o->subject);
	json_str(&o->w, o->value);
}

static bool copy_subject(void *ctx, struct slice key, const struct json *j)
{
	struct origins *o = ctx;
	struct slice    text;

	if (!json_as_str(j, &text))
		return true;
	if (o->is_inner && slice_eq(key, o->subject)) {
		buf_put_slice(&o->before, text);
		return true;
	}
	json_key_slice(&o->w, key);
	json_str(&o->w, text);
	return true;
}

static bool copy_stream(void *ctx, struct slice key, const struct json *j)
{
	struct origins *o = ctx;

	if (!json_is_object(j))
		return true;
	o->is_inner = slice_eq(key, o->stream);
	json_key_slice(&o->w, key);
	json_begin_object(&o->w);
	json_each(j, copy_subject, o);
	if (o->is_inner) {
		put_change(o);
		o->is_done = true;
	}
	json_end_object(&o->w);
	return true;
}

/* *sources becomes what is known with this value in it. */
static void note_origin(struct origins *o, struct buf *sources)
{
	const char  *why;
	struct json *doc = sources->n == 0 ? NULL
	    : json_parse(buf_slice(sources), &why);
	struct buf   out = { 0 };

	json_init(&o->w, &out, 0);
	json_begin_object(&o->w);
	if (doc != NULL)
		json_each(doc, copy_stream, o);
	if (!o->is_done) {
		json_key_slice(&o->w, o->stream);
		json_begin_object(&o->w);
		put_change(o);
		json_end_object(&o->w);
	}
	json_end_object(&o->w);
	json_free(doc);
	buf_fini(sources);
	*sources = out;
}

/* The words of Nats-Stream-Source: the first, and the fifth. */
static void read_origin(struct publish *p, struct slice text, struct origins *o)
{
	struct slice word;

	o->subject = p->subject;
	for (int i = 0; text.n > 0; i++) {
		const char *end = memchr(text.p, ' ', text.n);

		word = slice_of(text.p, end == NULL ? text.n
		    : (size_t)(end - text.p));
		if (i == 0)
			o->stream = word;
		else if (i == 4)
			o->subject = word;
		text = slice_skip(text, word.n + (end != NULL));
	}
}

bool counter_merge(struct publish *p)
{
	struct last    l = { 0 };
	struct origins o = { 0 };
	struct buf     value = { 0 }, incr = { 0 };
	struct slice   text;
	bool           ok;

	if (!p->s->config->allow_counter || !publish_header(p, "Nats-Incr",
	    &text) || !publish_header(p, "Nats-Stream-Source", &text))
		return true;
	read_origin(p, text, &o);
	ok = (counter_read(p->payload, &value) || js_fail(&p->e, 10172)) &&
	    read_last(p, &l);
	if (ok) {
		o.value = buf_slice(&value);
		note_origin(&o, &l.sources);
		counter_subtract(o.value, buf_slice(&o.before), &incr);
		publish_put_header(p, is_incr, "Nats-Incr", buf_slice(&incr));
		ok = put_sum(p, &l, buf_slice(&incr));
	}
	last_fini(&l);
	buf_fini(&o.before);
	buf_fini(&value);
	buf_fini(&incr);
	return ok;
}
