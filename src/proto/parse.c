/* proto/parse.c - bytes to operations.
 *
 * memchr finds the line end, the table below tells what the verb wants.  PUB
 * in its usual spelling, one blank between words and CRLF behind them, is
 * recognised first, in one pass over the line, because most of what a server
 * reads is that; every other spelling takes the general way and means the
 * same.
 *
 * A wrong byte in a verb is refused as soon as it is seen, complete line or
 * not, and so is a line that is too long: a peer cannot make us wait.
 *
 * Spec: core protocol 1.1; verbs in any case, words split by SP or HT, a line
 * ends with LF and may have CR before it, a payload ends with CRLF.
 */
#include "proto/parse.h"

#include <ctype.h>

/* What follows a verb. */
enum shape {
	NOTHING,	/* the rest of the line does not matter */
	REST,		/* blanks if any, then the rest of the line, as it is */
	TEXT,		/* at least one blank, then the rest of the line */
	WORDS,		/* at least one blank, then words */
};

static const struct {
	struct slice name;
	enum shape   shape;
	uint8_t      min, max;	/* words */
	uint8_t      n_sizes;	/* how many of them, at the end, are sizes:
				   1 total, 2 headers then total */
} verbs[N_VERBS] = {
	[VERB_CONNECT] = { { "CONNECT", 7 }, REST,    0, 0, 0 },
	[VERB_INFO]    = { { "INFO", 4 },    REST,    0, 0, 0 },
	[VERB_PING]    = { { "PING", 4 },    NOTHING, 0, 0, 0 },
	[VERB_PONG]    = { { "PONG", 4 },    NOTHING, 0, 0, 0 },
	[VERB_PUB]     = { { "PUB", 3 },     WORDS,   2, 3, 1 },
	[VERB_HPUB]    = { { "HPUB", 4 },    WORDS,   3, 4, 2 },
	[VERB_SUB]     = { { "SUB", 3 },     WORDS,   2, 3, 0 },
	[VERB_UNSUB]   = { { "UNSUB", 5 },   WORDS,   1, 2, 0 },
	[VERB_OK]      = { { "+OK", 3 },     NOTHING, 0, 0, 0 },
	[VERB_ERR]     = { { "-ERR", 4 },    TEXT,    0, 0, 0 },
};

enum { SIZE_DIGITS_MAX = 9 };	/* so a size always fits 32 bits */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* 1 to 9 digits; false for anything else. */
static bool take_size(struct slice s, uint32_t *ret)
{
	uint32_t v = 0;

	if (s.n == 0 || s.n > SIZE_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return false;
		v = v * 10 + (uint32_t)(s.p[i] - '0');
	}
	*ret = v;
	return true;
}

/* ---- the verb ----------------------------------------------------------- */

/* How many bytes of s spell the start of the verb's name. */
static size_t spelled(struct slice s, struct slice name)
{
	size_t n = s.n < name.n ? s.n : name.n, i;

	for (i = 0; i < n; i++)
		if (toupper((unsigned char)s.p[i]) != name.p[i])
			break;
	return i;
}

/* PARSE_OP: *verb is set.  PARSE_MORE: s is the start of one or more verbs. */
static enum parse_result find_verb(struct slice s, enum verb *verb)
{
	bool may_be = false;

	for (unsigned v = 0; v < N_VERBS; v++) {
		size_t n = spelled(s, verbs[v].name);

		if (n == verbs[v].name.n) {
			*verb = (enum verb)v;
			return PARSE_OP;
		}
		if (n == s.n)
			may_be = true;
	}
	return may_be ? PARSE_MORE : PARSE_REFUSED;
}

/* ---- the line ----------------------------------------------------------- */

/* From behind the verb to the line end, or as far as it is here, CR dropped;
 * *used counts the LF. */
static enum parse_result take_line(struct parser *p, struct slice rest,
    struct slice *line, size_t *used)
{
	size_t      from = p->scanned < rest.n ? p->scanned : 0;
	const char *lf = memchr(rest.p + from, '\n', rest.n - from);
	size_t      n = lf == NULL ? rest.n : (size_t)(lf - rest.p);

	*used = n + 1;
	/* Behind an incomplete line too: its LF may be what is missing. */
	if (n > 0 && rest.p[n - 1] == '\r')
		n--;
	*line = slice_of(rest.p, n);
	return lf == NULL ? PARSE_MORE : PARSE_OP;
}

static struct slice skip_blanks(struct slice s)
{
	while (s.n > 0 && is_blank(*s.p))
		s = slice_skip(s, 1);
	return s;
}

/* Blanks in front do not count, but are kept while the line is incomplete. */
static bool is_too_long(const struct parser *p, struct slice line,
    struct slice args)
{
	return args.n > p->line_max || line.n - args.n > p->line_max;
}

/* nats-server takes a CR inside the line of SUB and UNSUB for a blank, inside
 * that of PUB for part of a word; so do we. */
static bool splits_words(const struct op *op, char c)
{
	return is_blank(c) || (c == '\r' && verbs[op->verb].n_sizes == 0);
}

static bool split_words(struct slice line, unsigned max, struct op *op)
{
	op->n_args = 0;
	for (size_t at = 0, from; at < line.n;) {
		if (splits_words(op, line.p[at])) {
			at++;
			continue;
		}
		for (from = at; at < line.n && !splits_words(op, line.p[at]);)
			at++;
		if (op->n_args == max)
			return false;
		op->args[op->n_args++] = slice_of(line.p + from, at - from);
	}
	return true;
}

/* ---- the payload -------------------------------------------------------- */

/* The CRLF behind a payload; a wrong byte is refused as soon as it is here. */
static enum parse_result check_end(struct slice at, enum refusal *why)
{
	static const char end[] = "\r\n";

	for (size_t i = 0; i < 2; i++) {
		if (i == at.n)
			return PARSE_MORE;
		if (at.p[i] != end[i]) {
			*why = REFUSAL_UNKNOWN_OP;
			return PARSE_REFUSED;
		}
	}
	return PARSE_OP;
}

static enum parse_result take_body(struct parser *p, struct slice *in,
    size_t line_n, struct op *op, enum refusal *why)
{
	size_t            whole = line_n + op->size + 2;
	enum parse_result r;

	if (in->n < line_n + op->size) {
		p->need = whole;
		return PARSE_MORE;
	}
	op->body = slice_of(in->p + line_n, op->size);
	r = check_end(slice_skip(*in, line_n + op->size), why);
	if (r == PARSE_OP)
		*in = slice_skip(*in, whole);
	else
		p->need = whole;
	return r;
}

static enum refusal check_sizes(const struct parser *p, struct op *op)
{
	if (op->hdr_size > op->size)
		return REFUSAL_BAD_ARGS;
	if (p->payload_max >= 0 && op->size > p->payload_max)
		return REFUSAL_PAYLOAD;
	return REFUSAL_NONE;
}

static enum refusal read_sizes(const struct parser *p, struct op *op)
{
	unsigned n = verbs[op->verb].n_sizes, at = op->n_args - n;

	op->hdr_size = 0;
	if (n == 2 && !p->has_headers)
		return REFUSAL_NO_HEADERS;
	if (n == 2 && !take_size(op->args[at], &op->hdr_size))
		return REFUSAL_BAD_ARGS;
	if (!take_size(op->args[op->n_args - 1], &op->size))
		return REFUSAL_BAD_ARGS;
	op->subject = op->args[0];
	op->reply = at == 2 ? op->args[1] : SLICE_NONE;
	return check_sizes(p, op);
}

/* Does the line, spelled by the sender, read as we would write it: what is
 * behind the subject can then be sent on as it is. */
static bool is_canonical(const struct op *op, const char *line_end)
{
	const char *at = op->subject.p + op->subject.n;

	/* No headers at all: nobody is told of them. */
	if (verbs[op->verb].n_sizes == 2 && op->hdr_size == 0)
		return false;
	for (unsigned i = 1; i < op->n_args; i++) {
		struct slice a = op->args[i];
		bool is_size = i + verbs[op->verb].n_sizes >= op->n_args;

		if (a.p != at + 1 || *at != ' ')
			return false;
		if (is_size && a.n > 1 && *a.p == '0')
			return false;
		at = a.p + a.n;
	}
	return line_end - at == 2 && at[0] == '\r';
}

static enum parse_result take_message(struct parser *p, struct slice *in,
    size_t line_n, struct op *op, enum refusal *why)
{
	const char       *line_end = in->p + line_n;
	enum parse_result r;

	*why = read_sizes(p, op);
	if (*why != REFUSAL_NONE)
		return PARSE_REFUSED;
	r = take_body(p, in, line_n, op, why);
	if (r != PARSE_OP)
		return r;
	op->is_canonical = is_canonical(op, line_end);
	if (op->is_canonical) {
		const char *from = op->subject.p + op->subject.n;

		op->tail = slice_of(from,
		    (size_t)(op->body.p + op->size + 2 - from));
	}
	return PARSE_OP;
}

/* ---- the usual PUB ------------------------------------------------------ */

/* A word and the blank behind it, or NULL. */
static const char *usual_word(const char *p, const char *end, struct slice *w)
{
	const char *from = p;

	while (p < end && (unsigned char)*p > ' ')
		p++;
	if (p == end || *p != ' ' || p == from)
		return NULL;
	*w = slice_of(from, (size_t)(p - from));
	return p + 1;
}

/* A size without leading zeros and the CRLF behind it, or NULL. */
static const char *usual_size(const char *p, const char *end, uint32_t *size)
{
	const char *from = p;
	uint32_t    v = 0;

	while (p < end && is_digit(*p) && p - from < SIZE_DIGITS_MAX)
		v = v * 10 + (uint32_t)(*p++ - '0');
	if (p == from || end - p < 2 || p[0] != '\r' || p[1] != '\n' ||
	    (*from == '0' && p - from > 1))
		return NULL;
	*size = v;
	return p + 2;
}

/* True: *op is a whole message, spelled as we would, within the limits.
 * Anything else, wrong or merely unusual, is for the general way. */
static bool take_usual_pub(const struct parser *p, struct slice *in,
    struct op *op)
{
	const char *end = in->p + in->n, *at, *body;

	if (in->n < 4 || memcmp(in->p, "PUB ", 4) != 0)
		return false;
	at = usual_word(in->p + 4, end, &op->subject);
	if (at == NULL)
		return false;
	op->reply = SLICE_NONE;
	body = usual_size(at, end, &op->size);
	if (body == NULL) {
		at = usual_word(at, end, &op->reply);
		body = at == NULL ? NULL : usual_size(at, end, &op->size);
	}
	if (body == NULL || (size_t)(body - in->p) - 6 > p->line_max)
		return false;
	op->hdr_size = 0;
	if (check_sizes(p, op) != REFUSAL_NONE ||
	    (size_t)(end - body) < (size_t)op->size + 2 ||
	    body[op->size] != '\r' || body[op->size + 1] != '\n')
		return false;
	op->verb = VERB_PUB;
	op->is_canonical = true;
	op->body = slice_of(body, op->size);
	at = op->subject.p + op->subject.n;
	op->tail = slice_of(at, (size_t)(body + op->size + 2 - at));
	*in = slice_skip(*in, (size_t)(body + op->size + 2 - in->p));
	return true;
}

/* ---- all together ------------------------------------------------------- */

/* What is behind the verb must begin as its shape wants. */
static enum parse_result take_blank(struct slice rest, enum shape shape)
{
	if (shape == NOTHING || shape == REST)
		return PARSE_OP;
	if (rest.n == 0)
		return PARSE_MORE;
	return is_blank(*rest.p) ? PARSE_OP : PARSE_REFUSED;
}

static enum parse_result refuse(enum refusal what, enum refusal *why)
{
	*why = what;
	return PARSE_REFUSED;
}

static enum parse_result take_args(struct parser *p, struct slice *in,
    struct slice line, size_t line_n, struct op *op, enum refusal *why)
{
	if (verbs[op->verb].shape == WORDS) {
		if (!split_words(line, verbs[op->verb].max, op) ||
		    op->n_args < verbs[op->verb].min)
			return refuse(REFUSAL_BAD_ARGS, why);
		if (verbs[op->verb].n_sizes > 0)
			return take_message(p, in, line_n, op, why);
	} else {
		op->args[0] = line;
		op->n_args = 1;
	}
	*in = slice_skip(*in, line_n);
	return PARSE_OP;
}

/* Behind PING, PONG and +OK everything up to the line end is dropped, as it
 * comes, so that it need not be kept. */
static enum parse_result finish_open_verb(struct parser *p, struct slice *in,
    struct op *op)
{
	const char *lf = memchr(in->p, '\n', in->n);

	if (lf == NULL) {
		*in = slice_skip(*in, in->n);
		return PARSE_MORE;
	}
	*in = slice_skip(*in, (size_t)(lf + 1 - in->p));
	op->verb = (enum verb)(p->open_verb - 1);
	op->n_args = 0;
	p->open_verb = 0;
	return PARSE_OP;
}

static enum parse_result parse_general(struct parser *p, struct slice *in,
    struct op *op, enum refusal *why)
{
	struct slice      rest, line, args;
	size_t            name_n, line_n = 0;
	enum shape        shape;
	enum parse_result r = find_verb(*in, &op->verb), have_line;

	if (r != PARSE_OP)
		return r == PARSE_MORE ? r : refuse(REFUSAL_UNKNOWN_OP, why);
	name_n = verbs[op->verb].name.n;
	shape = verbs[op->verb].shape;
	rest = slice_skip(*in, name_n);
	r = take_blank(rest, shape);
	if (r != PARSE_OP)
		return r == PARSE_MORE ? r : refuse(REFUSAL_UNKNOWN_OP, why);

	if (shape == NOTHING) {
		p->open_verb = 1 + (unsigned)op->verb;
		*in = rest;
		return finish_open_verb(p, in, op);
	}
	have_line = take_line(p, rest, &line, &line_n);
	args = skip_blanks(line);
	if (is_too_long(p, line, args))
		return refuse(REFUSAL_LINE_TOO_LONG, why);
	if (have_line != PARSE_OP) {
		/* Only what is behind the verb counts as searched. */
		p->scanned = rest.n;
		return PARSE_MORE;
	}
	return take_args(p, in, args, name_n + line_n, op, why);
}

enum parse_result parse_next(struct parser *p, struct slice *in, struct op *op,
    enum refusal *why)
{
	enum parse_result r;

	p->need = 0;
	if (in->n == 0)
		return PARSE_MORE;
	if (p->open_verb != 0)
		return finish_open_verb(p, in, op);
	if (take_usual_pub(p, in, op)) {
		p->scanned = 0;
		return PARSE_OP;
	}
	r = parse_general(p, in, op, why);
	if (r != PARSE_MORE || p->need != 0)
		p->scanned = 0;
	return r;
}
