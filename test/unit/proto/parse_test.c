/* test/unit/proto/parse_test.c - pairs with src/proto/parse.c.
 *
 * TCP owes us nothing: wherever it cuts, the operations must be the same.  So
 * a transcript parsed whole is the oracle for itself in two pieces and byte by
 * byte.  Input is always a copy of its exact size, so that a look beyond its
 * end shows in a sanitizer.  What an operation holds is written down as text,
 * and compared as such. */
#include "proto/parse.h"

#include "base/buf.h"

#include "check.h"

enum { LINE_MAX_HERE = 64, PAYLOAD_MAX_HERE = 32 };

static struct buf seen;

static struct parser a_client(void)
{
	return (struct parser){ .kind = PEER_CLIENT, .has_headers = true,
		.line_max = LINE_MAX_HERE, .payload_max = PAYLOAD_MAX_HERE };
}

/* ---- what was read, as text ---------------------------------------------- */

static void note_words(const struct op *op)
{
	for (unsigned i = 0; i < op->n_args; i++) {
		buf_put_str(&seen, " '");
		buf_put_slice(&seen, op->args[i]);
		buf_put_char(&seen, '\'');
	}
}

static void note_message(const struct op *op)
{
	buf_printf(&seen, " %.*s[%.*s] %u/%u ", SLICE_ARG(op->subject),
	    SLICE_ARG(op->reply), op->hdr_size, op->size);
	buf_put_slice(&seen, op->body);
	if (!op->is_canonical)
		return;
	buf_put_str(&seen, " as ");
	buf_put_slice(&seen, op->tail);
}

static void note_op(const struct op *op)
{
	static const char *names[N_VERBS] = { "CONNECT", "INFO", "PING", "PONG",
		"PUB", "HPUB", "SUB", "UNSUB", "+OK", "-ERR" };

	buf_put_str(&seen, names[op->verb]);
	if (op->verb == VERB_PUB || op->verb == VERB_HPUB)
		note_message(op);
	else
		note_words(op);
	buf_put_char(&seen, '\n');
}

/* A stream of bytes as the network gives it. */
struct feed {
	struct parser parser;
	struct buf    held;	/* arrived, not consumed */
	size_t        held_max;	/* the most that ever was */
	bool          is_refused;
};

static void take_ops(struct feed *f, struct slice *in)
{
	enum parse_result r = PARSE_OP;
	enum refusal      why = REFUSAL_NONE;
	struct op         op;

	while (in->n > 0 && r == PARSE_OP) {
		r = parse_next(&f->parser, in, &op, &why);
		if (r == PARSE_OP)
			note_op(&op);
	}
	f->is_refused = r == PARSE_REFUSED;
	if (f->is_refused)
		buf_printf(&seen, "refused %d\n", why);
}

static void arrive(struct feed *f, const char *p, size_t n)
{
	struct slice in;
	char        *copy;

	if (f->is_refused)
		return;
	buf_put(&f->held, p, n);
	copy = malloc(f->held.n);
	CHECK(copy != NULL);
	if (f->held.n > 0)
		memcpy(copy, f->held.p, f->held.n);
	in = slice_of(copy, f->held.n);
	take_ops(f, &in);
	buf_reset(&f->held);
	buf_put_slice(&f->held, in);
	if (in.n > f->held_max)
		f->held_max = in.n;
	free(copy);
}

/* In pieces: the first of n_first bytes, the others of n_each. */
static char *ops_in_pieces(struct slice bytes, size_t n_first, size_t n_each)
{
	struct feed f = { .parser = a_client() };

	buf_reset(&seen);
	for (size_t n = n_first; bytes.n > 0; n = n_each) {
		if (n > bytes.n)
			n = bytes.n;
		arrive(&f, bytes.p, n);
		bytes = slice_skip(bytes, n);
	}
	buf_printf(&seen, "%zu left\n", f.is_refused ? 0 : f.held.n);
	buf_fini(&f.held);
	return buf_take_str(&seen);
}

static char *ops_of(struct slice bytes)
{
	return ops_in_pieces(bytes, bytes.n, 1);
}

static void check_ops(const char *bytes, const char *want, const char *why)
{
	char *got = ops_of(slice_str(bytes));

	CHECK_STR(got, want, "%s", why);
	free(got);
}

/* ---- every cut ----------------------------------------------------------- */

static const char transcript[] =
	"CONNECT {\"verbose\": false}\r\n"
	"connect   {}\n"
	"pub\torders.new  5\r\nhello\r\n"	/* any case, runs of blanks */
	"PUB orders.new 5\r\nhello\r\n"
	"PUB orders.new reply.to 5\r\nhel\r\n\r\n"
	"PUB a 5\nhello\r\n"			/* LF alone ends a line */
	"PUB a 005\r\nhello\r\n"
	"PUB a r 5 \r\nhello\r\n"
	"HPUB a reply 12 14\r\nNATS/1.0\r\n\r\nhi\r\n"
	"hPuB a 12 12\nNATS/1.0\r\n\r\n\r\n"
	"PUB a 0\r\n\r\n"			/* nothing is a payload too */
	"PING\r\nping\nPING and what is behind it\r\nPONG \n+OK\r\n+ok then\r\n"
	"SUB orders.* workers 1\r\n"
	"SUB \t orders.> \t 2 \t\r\n"
	"sub x\ry 3\r\n"			/* a CR inside is a byte */
	"UNSUB 1 10\r\n"
	"UNSUB 1\n"
	"INFO\t{\"a\":1}\r\n"
	"info\r\n"
	"-ERR 'gone'\r\n";

TEST(the_transcript_reads_as_written)
{
	check_ops(transcript,
	    "CONNECT '{\"verbose\": false}'\n"
	    "CONNECT '{}'\n"
	    "PUB orders.new[] 0/5 hello\n"
	    "PUB orders.new[] 0/5 hello as  5\r\nhello\r\n\n"
	    "PUB orders.new[reply.to] 0/5 hel\r\n as  reply.to 5\r\nhel\r\n"
	    "\r\n\n"
	    "PUB a[] 0/5 hello\n"
	    "PUB a[] 0/5 hello\n"
	    "PUB a[r] 0/5 hello\n"
	    "HPUB a[reply] 12/14 NATS/1.0\r\n\r\nhi as  reply 12 14\r\n"
	    "NATS/1.0\r\n\r\nhi\r\n\n"
	    "HPUB a[] 12/12 NATS/1.0\r\n\r\n\n"
	    "PUB a[] 0/0  as  0\r\n\r\n\n"
	    "PING\nPING\nPING\nPONG\n+OK\n+OK\n"
	    "SUB 'orders.*' 'workers' '1'\n"
	    "SUB 'orders.>' '2'\n"
	    "SUB 'x' 'y' '3'\n"
	    "UNSUB '1' '10'\n"
	    "UNSUB '1'\n"
	    "INFO '{\"a\":1}'\n"
	    "INFO ''\n"
	    "-ERR ''gone''\n"
	    "0 left\n", "read whole");
}

static void check_cuts(struct slice bytes)
{
	char *whole = ops_of(bytes);

	for (size_t cut = 0; cut <= bytes.n; cut++) {
		char *pieces = ops_in_pieces(bytes, cut, bytes.n);

		CHECK_STR(pieces, whole, "cut at byte %zu", cut);
		free(pieces);
	}
	for (size_t each = 1; each < 8; each++) {
		char *pieces = ops_in_pieces(bytes, each, each);

		CHECK_STR(pieces, whole, "in pieces of %zu", each);
		free(pieces);
	}
	free(whole);
}

TEST(the_cut_does_not_matter)
{
	check_cuts(slice_of(transcript, sizeof transcript - 1));
}

/* ---- refusals ------------------------------------------------------------ */

static const struct {
	const char  *bytes;
	enum refusal why;
	const char  *because;
} refused[] = {
	{ "X",              REFUSAL_UNKNOWN_OP, "a byte that begins no verb" },
	{ "\r\n",           REFUSAL_UNKNOWN_OP, "an empty line" },
	{ " PING\r\n",      REFUSAL_UNKNOWN_OP, "a blank in front" },
	{ "PINK",           REFUSAL_UNKNOWN_OP, "as soon as the wrong byte is here" },
	{ "PIN\r\n",        REFUSAL_UNKNOWN_OP, "too short a verb" },
	{ "LS+ a\r\n",      REFUSAL_UNKNOWN_OP, "a verb only servers may say" },
	{ "MSG a 1 0\r\n",  REFUSAL_UNKNOWN_OP, "one only clients are told" },
	{ "PUB\r\n",        REFUSAL_UNKNOWN_OP, "no blank behind PUB" },
	{ "SUB\n",          REFUSAL_UNKNOWN_OP, "no blank behind SUB" },
	{ "UNSUBx",         REFUSAL_UNKNOWN_OP, "no blank behind UNSUB" },
	{ "-ERR\r\n",       REFUSAL_UNKNOWN_OP, "no blank behind -ERR" },
	{ "+KO\r\n",        REFUSAL_UNKNOWN_OP, "a sign, then no OK" },
	{ "\0PING\r\n",     REFUSAL_UNKNOWN_OP, "NUL" },
	{ "PUB a 3\r\nabcd\r\n", REFUSAL_UNKNOWN_OP, "more payload than announced" },
	{ "PUB a 3\r\nab\r\nPING\r\n", REFUSAL_UNKNOWN_OP, "less of it" },
	{ "PUB a 2\r\nhi\nPING\r\n", REFUSAL_UNKNOWN_OP, "LF alone behind a payload" },
	{ "PUB a 2\r\nhi\rx", REFUSAL_UNKNOWN_OP, "CR alone behind it" },
	{ "PUB a 33\r\n",   REFUSAL_PAYLOAD, "one byte over max_payload" },
	{ "PUB a 999999999\r\n", REFUSAL_PAYLOAD, "the largest size there is" },
	{ "HPUB a 12 33\r\n", REFUSAL_PAYLOAD, "one byte over, with headers" },
	{ "PUB a\r\n",      REFUSAL_BAD_ARGS, "no size" },
	{ "PUB \r\n",       REFUSAL_BAD_ARGS, "nothing but a blank" },
	{ "PUB a b c 1\r\n", REFUSAL_BAD_ARGS, "a word too many" },
	{ "PUB a 3x\r\n",   REFUSAL_BAD_ARGS, "a size that is no number" },
	{ "PUB a -1\r\n",   REFUSAL_BAD_ARGS, "a negative size" },
	{ "PUB a +1\r\n",   REFUSAL_BAD_ARGS, "a sign" },
	{ "PUB a 0x1\r\n",  REFUSAL_BAD_ARGS, "hexadecimal" },
	{ "PUB a 0000000002\r\n", REFUSAL_BAD_ARGS, "ten digits" },
	{ "PUB a 4294967297\r\n", REFUSAL_BAD_ARGS, "one that wraps in 32 bits" },
	{ "PUB a 18446744073709551617\r\n", REFUSAL_BAD_ARGS, "and in 64" },
	{ "HPUB a 12\r\n",  REFUSAL_BAD_ARGS, "one size of two" },
	{ "HPUB a b c 12 12\r\n", REFUSAL_BAD_ARGS, "a word too many" },
	{ "HPUB a x 12\r\n", REFUSAL_BAD_ARGS, "a header size that is no number" },
	{ "HPUB a 12 x\r\n", REFUSAL_BAD_ARGS, "a total that is no number" },
	{ "HPUB a 13 12\r\n", REFUSAL_BAD_ARGS, "headers larger than the total" },
	{ "SUB a\r\n",      REFUSAL_BAD_ARGS, "a subscription with no sid" },
	{ "SUB a b c d\r\n", REFUSAL_BAD_ARGS, "a word too many" },
	{ "UNSUB \r\n",     REFUSAL_BAD_ARGS, "no sid" },
	{ "UNSUB 1 2 3\r\n", REFUSAL_BAD_ARGS, "a word too many" },
};

TEST(a_wrong_peer_is_told_apart)
{
	for (size_t i = 0; i < N_OF(refused); i++) {
		struct slice s = slice_str(refused[i].bytes);
		char         want[32], *got;

		if (s.n == 0)
			s.n = 1;	/* the NUL */
		snprintf(want, sizeof want, "refused %d\n0 left\n",
		    refused[i].why);
		got = ops_of(s);
		CHECK_STR(got, want, "%s", refused[i].because);
		free(got);
		check_cuts(s);
	}
}

/* Refused at its last byte and not before: a peer cannot make us wait, and is
 * not judged by what it has not said. */
TEST(a_wrong_byte_is_refused_when_it_comes)
{
	static const char *t[] = { "PINx", "PUB a 3\r\nabcd", "SUBx", "-ERRx",
		"PUB a 2\r\nhi\n", "UNX", "CONNX" };

	for (size_t i = 0; i < N_OF(t); i++) {
		struct slice s = slice_str(t[i]), less = { s.p, s.n - 1 };
		char        *before = ops_of(less), *after = ops_of(s);

		CHECK(strstr(before, "refused") == NULL, "%s", t[i]);
		CHECK(strstr(after, "refused") != NULL, "%s", t[i]);
		free(before);
		free(after);
	}
}

TEST(headers_must_have_been_agreed_on)
{
	static const char bytes[] = "HPUB a 12 12\r\n";
	struct parser     p = a_client();
	struct slice      in = slice_str(bytes);
	enum refusal      why = REFUSAL_NONE;
	struct op         op;

	p.has_headers = false;
	CHECK_INT(parse_next(&p, &in, &op, &why), PARSE_REFUSED);
	CHECK_INT(why, REFUSAL_NO_HEADERS);
}

/* ---- limits -------------------------------------------------------------- */

/* "SUB " + n bytes of arguments + end. */
static char *line_of(size_t n, const char *end)
{
	static char text[2 * LINE_MAX_HERE + 64];

	memset(text, 'a', sizeof text);
	memcpy(text, "SUB ", 4);
	text[6] = ' ';
	snprintf(text + 4 + n, sizeof text - 4 - n, "%s", end);
	return text;
}

TEST(a_line_may_be_as_long_as_the_limit_and_no_longer)
{
	static const char *ends[] = { "\r\n", "\n" };

	for (size_t i = 0; i < N_OF(ends); i++) {
		char *ok = line_of(LINE_MAX_HERE, ends[i]), *got;

		check_cuts(slice_str(ok));
		got = ops_of(slice_str(ok));
		CHECK(strncmp(got, "SUB ", 4) == 0);
		free(got);
		check_cuts(slice_str(line_of(LINE_MAX_HERE + 1, ends[i])));
	}
	check_ops(line_of(LINE_MAX_HERE + 1, ""), "refused 2\n0 left\n",
	    "before its end is here");
	check_ops(line_of(LINE_MAX_HERE + 1, "\r\n"), "refused 2\n0 left\n",
	    "with its end");
	CHECK_INT(REFUSAL_LINE_TOO_LONG, 2);
}

TEST(the_usual_pub_has_the_same_limit)
{
	char line[128], body[] = " 2\r\nhi\r\n";
	char *got;

	for (int over = 0; over < 2; over++) {
		size_t n = LINE_MAX_HERE - 2 + over;

		memset(line, 'a', sizeof line);
		memcpy(line, "PUB ", 4);
		memcpy(line + 4 + n, body, sizeof body);
		got = ops_of(slice_str(line));
		CHECK_INT(strncmp(got, "refused 2", 9) == 0, over);
		free(got);
		check_cuts(slice_str(line));
	}
}

/* What is behind the verb must not be a place to put memory into. */
TEST(blanks_without_end_are_refused)
{
	static const char *verbs[] = { "CONNECT", "SUB", "PUB", "UNSUB", "INFO",
		"-ERR", "HPUB" };

	for (size_t i = 0; i < N_OF(verbs); i++) {
		struct feed f = { .parser = a_client() };

		buf_reset(&seen);
		arrive(&f, verbs[i], strlen(verbs[i]));
		for (int n = 0; n < 100000; n++)
			arrive(&f, n % 3 ? " " : "\t", 1);
		CHECK(f.is_refused, "%s", verbs[i]);
		CHECK(f.held_max <= 2 * LINE_MAX_HERE + 8, "%zu kept",
		    f.held_max);
		buf_fini(&f.held);
	}
}

TEST(blanks_in_front_do_not_count_as_arguments)
{
	char line[2 * LINE_MAX_HERE + 16];
	char *got;

	snprintf(line, sizeof line, "SUB %*s%.*s 1\r\n", LINE_MAX_HERE - 1, "",
	    LINE_MAX_HERE - 2, line_of(0, "") + 8);
	check_cuts(slice_str(line));
	got = ops_of(slice_str(line));
	CHECK(strncmp(got, "SUB ", 4) == 0);
	free(got);
}

TEST(no_limit_means_none)
{
	static const char bytes[] = "PUB a 999999999\r\n";
	struct parser     p = a_client();
	struct slice      in = slice_str(bytes);
	enum refusal      why = REFUSAL_NONE;
	struct op         op;

	p.payload_max = -1;
	CHECK_INT(parse_next(&p, &in, &op, &why), PARSE_MORE);
	CHECK_INT(p.need, sizeof bytes - 1 + 999999999 + 2);
}

TEST(nothing_is_kept_of_what_follows_ping)
{
	static const char *verbs[] = { "PING", "pong", "+OK" };

	for (size_t i = 0; i < N_OF(verbs); i++) {
		struct feed f = { .parser = a_client() };

		buf_reset(&seen);
		arrive(&f, verbs[i], strlen(verbs[i]));
		for (int n = 0; n < 100000; n++)
			arrive(&f, "rubbish", 7);
		CHECK_INT(seen.n, 0, "said before its line ended");
		CHECK_INT(f.held_max, 0);
		arrive(&f, "\nPING\n", 6);
		CHECK_SLICE(buf_slice(&seen), slice_str(i == 0 ? "PING\nPING\n"
		    : i == 1 ? "PONG\nPING\n" : "+OK\nPING\n"));
		buf_fini(&f.held);
	}
}

TEST(need_tells_how_long_the_operation_is)
{
	static const char *t[] = { "PUB a 20\r\n01234567890123456789\r\n",
		"pub a 20\n01234567890123456789\r\n",
		"HPUB a r 12 20\r\n01234567890123456789\r\n" };

	for (size_t i = 0; i < N_OF(t); i++) {
		size_t n = strlen(t[i]);

		for (size_t have = n - 21; have < n; have++) {
			struct parser p = a_client();
			struct slice  in = slice_of(t[i], have);
			enum refusal  why = REFUSAL_NONE;
			struct op     op;

			CHECK_INT(parse_next(&p, &in, &op, &why), PARSE_MORE);
			CHECK_INT(p.need, n, "%s with %zu bytes", t[i], have);
			CHECK_INT(in.n, have, "consumed too early");
		}
	}
}

TEST(nothing_is_nothing)
{
	struct parser p = a_client();
	struct slice  in = SLICE_NONE;
	enum refusal  why = REFUSAL_NONE;
	struct op     op;

	CHECK_INT(parse_next(&p, &in, &op, &why), PARSE_MORE);
	CHECK_INT(p.need, 0);
}

/* ---- spelling ------------------------------------------------------------ */

TEST(only_what_reads_as_we_would_write_it_is_canonical)
{
	static const struct { const char *bytes; bool is; const char *why; } t[] = {
		{ "PUB a 2\r\nhi\r\n",   true,  "as we would" },
		{ "pub a 2\r\nhi\r\n",   true,  "the verb is not sent on" },
		{ "PUB  a 2\r\nhi\r\n",  true,  "nor is what is before the subject" },
		{ "PUB a r 2\r\nhi\r\n", true,  "with a reply" },
		{ "PUB a  2\r\nhi\r\n",  false, "two blanks" },
		{ "PUB a\t2\r\nhi\r\n",  false, "a tab" },
		{ "PUB a r  2\r\nhi\r\n", false, "two blanks behind the reply" },
		{ "PUB a 2 \r\nhi\r\n",  false, "a blank at the end" },
		{ "PUB a 2\nhi\r\n",     false, "no CR" },
		{ "PUB a 02\r\nhi\r\n",  false, "a leading zero" },
		{ "PUB a 0\r\n\r\n",     true,  "zero is no leading zero" },
		{ "PUB a 00\r\n\r\n",    false, "two are" },
		{ "PUB a 00 2\r\nhi\r\n", true, "a reply may be 00" },
		{ "HPUB a 1 2\r\nhi\r\n", true, "headers" },
		{ "HPUB a 01 2\r\nhi\r\n", false, "a leading zero in their size" },
		{ "HPUB a r 1 02\r\nhi\r\n", false, "and in the total" },
		{ "HPUB a 0 2\r\nhi\r\n", false, "no headers: sent on without" },
		{ "PUB a 2\r\r\nhi\r\n", false, "refused: CR is part of the size" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		char *got = ops_of(slice_str(t[i].bytes));

		CHECK_INT(strstr(got, " as ") != NULL, t[i].is, "%s",
		    t[i].why);
		free(got);
	}
}
