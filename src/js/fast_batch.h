/* js/fast_batch.h - batches that tell the publisher how fast to go.
 *
 * Their messages are stored as they come, like any; the reply subject says
 * which batch and which place, and instead of an acknowledgement for each there
 * is one for every so many, as many as the server can take:
 *
 *     <prefix>.<batch id>.<flow>.<gap>.<place>.<operation>.$FI
 *
 * Thread: owner.  Spec: jetstream reference, section 10.2 (ADR-50).
 */
#ifndef JS_FAST_BATCH_H
#define JS_FAST_BATCH_H

#include <stdbool.h>

#include "base/slice.h"

struct stream;

/* Is this the reply subject of one? */
bool fast_batch_is(struct slice reply);

/* A message of one that has come; answers. */
void fast_batch_take(struct stream *s, struct slice subject,
    struct slice reply, struct slice headers, struct slice payload);

/* Those under way are forgotten; what is stored stays. */
void fast_batch_drop_all(struct stream *s);

#endif /* JS_FAST_BATCH_H */
