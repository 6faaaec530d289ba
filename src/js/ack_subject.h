/* js/ack_subject.h - the reply of a delivered message, by which it is acked.
 *
 *   $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>
 *       .<time>.<pending>
 *   $JS.ACK.<domain>.<account hash>.<the same>[.<more>]
 *
 * The first form is written, unless feature_flags say otherwise; both are
 * understood.
 * Spec: jetstream reference, section 16.3.  Thread: any.
 */
#ifndef JS_ACK_SUBJECT_H
#define JS_ACK_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct ack_place {
	struct slice stream, consumer;
	uint64_t     n_delivered, stream_seq, consumer_seq, n_pending;
	int64_t      ts_ns;
	struct slice route;	/* "<domain>.<account hash>" of the second form;
				   empty: the first */
};

/* The length; 0: it does not fit. */
size_t ack_subject_write(char *out, size_t cap, const struct ack_place *p);

/* Names are borrowed from s.  False: it is not one. */
bool ack_subject_read(struct slice s, struct ack_place *p);

#endif /* JS_ACK_SUBJECT_H */
