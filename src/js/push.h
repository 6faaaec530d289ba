/* js/push.h - delivering to a subject, at the receiver's pace.
 *
 * Only while somebody listens.  With flow control no more is on its way than a
 * window that grows with each answer; with a rate, no more than that.
 *
 * Thread: owner.  Spec: jetstream reference, section 17.
 */
#ifndef JS_PUSH_H
#define JS_PUSH_H

#include <stdbool.h>

#include "base/slice.h"

struct consumer;
struct delivery;
struct push;
struct run;

/* False: out of memory. */
bool push_start(struct consumer *c);
void push_stop(struct consumer *c);

void push_pump(struct consumer *c, struct delivery *d);

/* What arrives at $JS.FC (ctx: the consumer). */
void push_take_flow(void *ctx, const struct run *run);

/* Does somebody listen? */
bool push_is_bound(const struct consumer *c);

#endif /* JS_PUSH_H */
