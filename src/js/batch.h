/* js/batch.h - atomic batches: all of their messages are stored, or none.
 *
 * Messages with a Nats-Batch-Id are kept in memory until the last one comes;
 * then each is checked as if those before it had been stored, and all are
 * appended in one go.  Readers see none of them or all.  A crash between leaves
 * a tail whose last message does not say Nats-Batch-Commit, or, when the power
 * went, any part of it: that goes at the next opening.
 *
 * Thread: owner.  Spec: jetstream reference, section 10.1 (ADR-50).
 */
#ifndef JS_BATCH_H
#define JS_BATCH_H

#include <stdint.h>

#include "base/slice.h"

struct store;
struct stream;

struct batch_msg {
	struct slice id, subject, reply, headers, payload;
};

/* One that has come; answers. */
void batch_take(struct stream *s, const struct batch_msg *m);

/* Those under way are forgotten. */
void batch_drop_all(struct stream *s);

/* After opening the store: the beginning of a batch that was never finished
 * goes. */
void batch_recover(struct stream *s);

/* While the store is opened: a batch of which these messages were cut off goes
 * as a whole, what is left of it before and after them. */
void batch_cut_off(struct store *store, uint64_t first_seq, uint64_t last_seq);

#endif /* JS_BATCH_H */
