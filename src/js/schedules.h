/* js/schedules.h - the messages of a stream that wait for their time.
 *
 * One for each subject that holds a schedule, in a heap by when it is due.  It
 * is made from the messages when a stream is opened: they say all there is, as
 * what a schedule has produced says when it is due next.
 *
 * Thread: owner.  Spec: jetstream reference, section 11.
 */
#ifndef JS_SCHEDULES_H
#define JS_SCHEDULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct stream;

/* False: out of memory.  Nothing where the stream does not have them. */
bool schedules_open(struct stream *s);
void schedules_close(struct stream *s);

/* A message was appended: a schedule begins, goes on, or is at its end. */
void schedules_note(struct stream *s, struct slice subject,
    struct slice headers, int64_t ts_ns, uint64_t seq);

/* Wall; INT64_MAX: none is due. */
int64_t schedules_next_ns(const struct stream *s);

/* Publishes what is due.  Thread: owner, also in a timer. */
void schedules_fire(struct stream *s, int64_t now_wall_ns);

#endif /* JS_SCHEDULES_H */
