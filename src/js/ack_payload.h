/* js/ack_payload.h - what a client says of a message it was given.
 * Spec: jetstream reference, section 16.4.  Thread: any. */
#ifndef JS_ACK_PAYLOAD_H
#define JS_ACK_PAYLOAD_H

#include <stdint.h>

#include "base/slice.h"

enum ack_says {
	ACK_SAYS_ACK, ACK_SAYS_NAK, ACK_SAYS_PROGRESS, ACK_SAYS_NEXT,
	ACK_SAYS_TERM, ACK_SAYS_UNKNOWN,
};

struct ack_payload {
	enum ack_says kind;
	int64_t       delay_ns;	/* of a NAK; 0: at once */
	struct slice  rest;	/* NEXT: the request; TERM: the reason */
};

/* rest is borrowed from s. */
void ack_payload_read(struct slice s, struct ack_payload *ret);

#endif /* JS_ACK_PAYLOAD_H */
