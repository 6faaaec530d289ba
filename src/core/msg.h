/* core/msg.h - messages on their way, in runs.
 *
 * A run is one or more messages that one publisher sent in a row on one
 * subject.  It is the unit of matching and delivery: the match is looked up
 * once, and each receiver's memory is touched once for the whole run.  Order
 * inside a run is the order of publishing.
 *
 * A message's bytes are borrowed from the reader's buffer (a counted block)
 * until the call they were passed to returns; who needs them longer copies
 * them, or takes a reference to the block.
 *
 * What a receiver is sent is, but for its sid, what the publisher sent:
 *
 *     PUB  orders.new         5\r\nhello\r\n
 *     MSG  orders.new  <sid>  5\r\nhello\r\n
 *
 * so a message carries its tail, everything behind the subject with exactly
 * one blank in front: " [reply ][hdr ]total\r\n<headers><payload>\r\n".
 */
#ifndef CORE_MSG_H
#define CORE_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct block;
struct fanout_port;
struct msgtrace;

/* Messages in a run at most: one bit each in what a delivery returns. */
enum { RUN_MAX = 64 };

struct msg {
	struct slice tail;	/* see above; ready to send */
	struct slice reply;	/* empty: none */
	uint32_t     body_at;	/* in tail: where headers + payload begin */
	uint32_t     hdr_size;	/* 0: no headers, and tail has no hdr field */
	uint32_t     size;	/* headers + payload, without the last CRLF */
};

struct run {
	struct slice      subject;	/* literal (as published, or mapped) */
	struct slice      prefix;	/* "HMSG <subject> "; "MSG .." from its
					   second byte */
	const struct msg *msgs;
	uint32_t          n;
	uint64_t          bytes;	/* sum of size */
	struct block     *block;	/* what the tails lie in; NULL: nothing
					   that may be referenced */
	const void       *publisher;	/* the session, for echo; NULL: internal
					   or on another thread */
	const struct fanout_port *port;	/* of the worker it is on */
	struct msgtrace  *trace;	/* of its one message, which is traced
					   (session/msgtrace.h); NULL: not */
	bool              is_imported;	/* came through a service import: not
					   for who imports it as a stream */
};

static inline struct slice msg_headers(const struct msg *m)
{
	return slice_of(m->tail.p + m->body_at, m->hdr_size);
}

static inline struct slice msg_payload(const struct msg *m)
{
	return slice_of(m->tail.p + m->body_at + m->hdr_size,
	    m->size - m->hdr_size);
}

#endif /* CORE_MSG_H */
