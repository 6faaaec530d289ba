/* js/consumer_state.h - where a consumer is, as nats-server says it.
 *
 * In its two forms: "o.dat", numbers as varints, and JSON.  So a consumer goes
 * into a backup and comes out of one, of ours or of nats-server's.
 *
 *   o.dat: 22, version 2, ack floor (consumer, stream), delivered (consumer,
 *   stream), how many are pending; if any are, a time in seconds (zigzag), then
 *   for each its sequence less the floor's, its consumer sequence less the
 *   floor's, and by how many seconds (zigzag) it was before that time; how many
 *   were delivered again, and for each its sequence less the floor's and how
 *   many times again.  Version 1 has what was to be delivered next instead of
 *   what was, less the floor, no consumer sequences, and the times the other
 *   way round.
 */
#ifndef JS_CONSUMER_STATE_H
#define JS_CONSUMER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "js/consumer.h"

struct json;
struct json_writer;

struct consumer_pending {
	uint64_t seq, cseq;
	int64_t  ts_ns;		/* of the last delivery; wall */
};

struct consumer_again {
	uint64_t seq, n;	/* n: deliveries after the first */
};

/* Zeroed: nothing was ever delivered.  Ends with consumer_state_fini. */
struct consumer_state {
	struct consumer_place    delivered, floor;
	struct consumer_pending *pending;
	struct consumer_again   *again;
	size_t                   n_pending, n_again;
};

void consumer_state_fini(struct consumer_state *st);

/* What it is now, but nothing of messages beyond last_seq.  False: out of
 * memory. */
bool consumer_state_of(const struct consumer *c, uint64_t last_seq,
    struct consumer_state *ret);
/* To a consumer that has delivered nothing yet and of whose messages all are
 * there.  False: it makes no sense, or out of memory. */
bool consumer_state_apply(struct consumer *c,
    const struct consumer_state *st);

/* wall_ns: now. */
void consumer_state_encode(const struct consumer_state *st, int64_t wall_ns,
    struct buf *out);
/* False: it is damaged, or out of memory.  *ret is to be ended in any case. */
bool consumer_state_decode(struct slice in, struct consumer_state *ret);

/* The members "delivered", "ack_floor", "pending", "redelivered". */
void consumer_state_write(const struct consumer_state *st,
    struct json_writer *w);
bool consumer_state_read(const struct json *object,
    struct consumer_state *ret);

#endif /* JS_CONSUMER_STATE_H */
