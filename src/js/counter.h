/* js/counter.h - decimal numbers of any length, and the counters made of them.
 *
 * A counter stream keeps, for each subject, the sum of all Nats-Incr that came;
 * the sum is the last message's payload, {"val":"42"}.
 *
 * Spec: jetstream reference, section 9 (ADR-49).  Thread: any but where said.
 */
#ifndef JS_COUNTER_H
#define JS_COUNTER_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;

/* "12", "+12", "-12": digits after at most one sign. */
bool counter_is_number(struct slice text);

/* Appends a + b, both numbers: no zeros in front, "-" only of what is not 0. */
void counter_add(struct slice a, struct slice b, struct buf *sum);
/* Appends a - b. */
void counter_subtract(struct slice a, struct slice b, struct buf *out);

/* What a counter's message holds, appended.  False: it is no counter's. */
bool counter_read(struct slice body, struct buf *value);
/* {"val":"..."} */
void counter_write(struct slice value, struct buf *body);

#endif /* JS_COUNTER_H */
