/* proto/parse.h - bytes to operations.
 *
 * A pure function of the bytes: no I/O, no allocation, no policy.  There are
 * two shapes, a line and a line with a payload; what differs between verbs is
 * a row of the table in parse.c.  Slices in an op point into the input and die
 * when the caller moves its read buffer.
 * Spec: core protocol 1.1.
 */
#ifndef PROTO_PARSE_H
#define PROTO_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "proto/refusal.h"

enum verb {
	VERB_CONNECT, VERB_INFO, VERB_PING, VERB_PONG, VERB_PUB, VERB_HPUB,
	VERB_SUB, VERB_UNSUB, VERB_OK, VERB_ERR, N_VERBS
};

/* Who speaks: decides which verbs exist and how long a line may be. */
enum peer_kind { PEER_CLIENT, N_PEER_KINDS };

enum { OP_ARGS_MAX = 4 };

struct op {
	enum verb    verb;
	uint8_t      n_args;
	struct slice args[OP_ARGS_MAX];	/* verbs without words: [0] is the rest
					   of the line */
	/* PUB and HPUB: */
	struct slice subject, reply;
	struct slice tail;	/* as in core/msg.h, if is_canonical */
	struct slice body;	/* headers and payload, then CRLF behind it */
	uint32_t     hdr_size, size;
	bool         is_canonical;	/* the sender's spacing is ours */
};

struct parser {
	enum peer_kind kind;
	bool           has_headers;	/* HPUB was negotiated */
	uint32_t       line_max;	/* of the arguments; max_control_line */
	int64_t        payload_max;	/* negative: no limit */
	/* Out: how many bytes from the front of the input the op that is not
	 * all here will have, when that is known; else 0. */
	size_t         need;
	size_t         scanned;		/* its own: no line end before this
					   place behind the verb */
	unsigned       open_verb;	/* its own: 1 + a verb whose line, of
					   which nothing matters, goes on */
};

enum parse_result {
	PARSE_OP,	/* *op is complete, *in has moved past it */
	PARSE_MORE,	/* not all here: again, with these bytes and more */
	PARSE_REFUSED,	/* *why says; the connection has to end */
};

/* Take the next operation off the front of *in. */
enum parse_result parse_next(struct parser *p, struct slice *in, struct op *op,
    enum refusal *why);

#endif /* PROTO_PARSE_H */
