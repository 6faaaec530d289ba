/* test/fuzz/parse_fuzz.c - the client parser, however the network cuts.
 *
 * Input: has_headers, line_max, payload_max (255: none), n, n sizes of pieces
 * to be used in turn, the stream.
 * Holds: the operations read whole are those read in pieces and byte by byte;
 * every slice lies in the input; need is what it says; what is canonical reads
 * as we would write it; PUB read the usual way is PUB read the general way;
 * what has to be kept of an incomplete operation is bounded by the limits. */
#include "proto/parse.h"

#include <stdlib.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond) do { if (!(cond)) abort(); } while (0)

struct setting {
	struct parser parser;
	struct slice  pieces;	/* a byte each: the size */
};

/* A stream as it arrives, and what was read from it. */
struct reader {
	struct parser parser;
	struct buf    seen;
	size_t        need;	/* as told last; 0: unknown */
	bool          is_refused;
};

static void check_inside(struct slice s, struct slice in)
{
	if (s.n == 0)
		return;
	CHECK(s.p >= in.p && s.p + s.n <= in.p + in.n);
}

/* ---- one operation ------------------------------------------------------- */

static void check_tail(const struct op *op)
{
	struct buf b = { 0 };

	if (op->reply.n > 0)
		buf_put_char(&b, ' ');
	buf_put_slice(&b, op->reply);
	if (op->verb == VERB_HPUB)
		buf_printf(&b, " %u", op->hdr_size);
	buf_printf(&b, " %u\r\n", op->size);
	buf_put(&b, op->body.p, op->body.n + 2);
	CHECK(slice_eq(buf_slice(&b), op->tail));
	buf_fini(&b);
}

static void check_message(const struct parser *p, const struct op *op,
    struct slice in)
{
	check_inside(op->subject, in);
	check_inside(op->reply, in);
	check_inside(op->body, in);
	CHECK(op->subject.n > 0);
	CHECK(op->body.n == op->size && op->hdr_size <= op->size);
	CHECK(p->payload_max < 0 || op->size <= p->payload_max);
	CHECK(op->verb == VERB_HPUB || op->hdr_size == 0);
	CHECK(op->verb == VERB_PUB || p->has_headers);
	CHECK(op->body.p + op->size + 2 <= in.p + in.n);
	CHECK(memcmp(op->body.p + op->size, "\r\n", 2) == 0);
	if (!op->is_canonical)
		return;
	check_inside(op->tail, in);
	CHECK(op->tail.p == op->subject.p + op->subject.n);
	check_tail(op);
}

/* A verb in small letters goes the general way. */
static void check_general_way(struct parser p, const struct op *op,
    struct slice whole)
{
	char         *copy = malloc(whole.n);
	struct slice  in = { copy, whole.n };
	enum refusal  why;
	struct op     again;

	CHECK(copy != NULL);
	memcpy(copy, whole.p, whole.n);
	copy[0] = 'p';
	CHECK(parse_next(&p, &in, &again, &why) == PARSE_OP);
	CHECK(in.n == 0 && again.verb == VERB_PUB);
	CHECK(again.is_canonical == op->is_canonical);
	CHECK(slice_eq(again.subject, op->subject));
	CHECK(slice_eq(again.reply, op->reply));
	CHECK(slice_eq(again.body, op->body));
	CHECK(!op->is_canonical || slice_eq(again.tail, op->tail));
	free(copy);
}

static void note_op(struct reader *r, const struct op *op, struct slice in)
{
	struct buf *b = &r->seen;

	buf_printf(b, "%d:", (int)op->verb);
	if (op->verb == VERB_PUB || op->verb == VERB_HPUB) {
		check_message(&r->parser, op, in);
		buf_printf(b, "%.*s|%.*s|%u|%u|%d|", SLICE_ARG(op->subject),
		    SLICE_ARG(op->reply), op->hdr_size, op->size,
		    op->is_canonical);
		buf_put_slice(b, op->body);
	} else {
		CHECK(op->n_args <= OP_ARGS_MAX);
		for (unsigned i = 0; i < op->n_args; i++) {
			check_inside(op->args[i], in);
			CHECK(op->args[i].n <= r->parser.line_max);
			buf_put_slice(b, op->args[i]);
			buf_put_char(b, '|');
		}
	}
	buf_put_char(b, '\n');
}

/* ---- the stream ---------------------------------------------------------- */

static void check_need(struct reader *r, enum parse_result got, size_t had)
{
	if (r->need == 0)
		return;
	/* Before it is all here it may only turn out wrong. */
	CHECK(had >= r->need || got != PARSE_OP);
	CHECK(had < r->need || got != PARSE_MORE);
	CHECK(got != PARSE_MORE || r->parser.need == r->need);
}

static void check_kept(const struct parser *p, struct slice in)
{
	if (p->need > 0)
		CHECK(p->need > in.n && (p->payload_max < 0 ||
		    p->need <= 16 + 2 * (size_t)p->line_max +
		    (size_t)p->payload_max));
	else
		CHECK(in.n <= 16 + 2 * (size_t)p->line_max);
}

/* Reads what is in the n bytes at p (a copy of their exact size, so that the
 * sanitizer sees a look beyond); the number consumed. */
static size_t read_ops(struct reader *r, const char *p, size_t n)
{
	char         *copy = malloc(n);
	struct slice  in = { copy, n }, before;
	enum refusal  why = REFUSAL_NONE;
	struct op     op;

	CHECK(n == 0 || copy != NULL);
	if (n > 0)
		memcpy(copy, p, n);
	while (in.n > 0 && !r->is_refused) {
		struct parser was = r->parser;
		enum parse_result got;

		before = in;
		got = parse_next(&r->parser, &in, &op, &why);
		check_need(r, got, before.n);
		r->need = got == PARSE_MORE ? r->parser.need : 0;
		if (got == PARSE_OP)
			note_op(r, &op, before);
		if (got == PARSE_OP && op.verb == VERB_PUB && *before.p == 'P')
			check_general_way(was, &op, slice_of(before.p,
			    before.n - in.n));
		r->is_refused = got == PARSE_REFUSED;
		if (got == PARSE_MORE)
			break;
	}
	if (r->is_refused)
		buf_printf(&r->seen, "refused %d", why);
	else if (in.n > 0)
		check_kept(&r->parser, in);
	n -= in.n;
	free(copy);
	return n;
}

static struct buf read_stream(const struct setting *s, struct slice pieces,
    struct slice bytes)
{
	struct reader r = { .parser = s->parser };
	size_t        from = 0, to = 0;

	for (size_t i = 0; to < bytes.n && !r.is_refused; i++) {
		size_t n = pieces.n == 0 ? bytes.n
		    : (uint8_t)pieces.p[i % pieces.n];

		n = n == 0 ? 1 : n;
		to = n < bytes.n - to ? to + n : bytes.n;
		from += read_ops(&r, bytes.p + from, to - from);
	}
	return r.seen;
}

static void check_same(const struct setting *s, struct slice pieces,
    struct slice bytes, struct slice want)
{
	struct buf got = read_stream(s, pieces, bytes);

	CHECK(slice_eq(buf_slice(&got), want));
	buf_fini(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice   in = { (const char *)data, size };
	struct setting s = { .parser.kind = PEER_CLIENT };
	struct buf     whole;
	size_t         n;

	if (size < 4 || size < 4 + (size_t)data[3])
		return 0;
	s.parser.has_headers = data[0] & 1;
	s.parser.line_max = data[1];
	s.parser.payload_max = data[2] == 255 ? -1 : data[2];
	n = data[3];
	s.pieces = slice_of(in.p + 4, n);
	in = slice_skip(in, 4 + n);
	whole = read_stream(&s, SLICE_NONE, in);
	check_same(&s, SLICE("\1"), in, buf_slice(&whole));
	if (s.pieces.n > 0)
		check_same(&s, s.pieces, in, buf_slice(&whole));
	buf_fini(&whole);
	return 0;
}
