/* js/dead_letter.h - where messages go that nobody could process.
 *
 * A consumer whose metadata name a stream ("mote.dead_letter_stream") appends
 * to it what was delivered too often or was terminated, with headers that say
 * where it came from.  It is on the disk there before the consumer's own state
 * changes: after a crash in between it is there twice, never not at all.  That
 * takes a sync for each, and the loop waits for it.
 *
 * Thread: owner.
 */
#ifndef JS_DEAD_LETTER_H
#define JS_DEAD_LETTER_H

#include <stdbool.h>
#include <stdint.h>

struct consumer;

enum dead_why { DEAD_MAX_DELIVER, DEAD_TERMINATED };

/* Nothing happens, and that is true, where none is configured, or its stream is
 * not there.  False: it could not be stored (told in the log), so the message
 * should stay what it is. */
bool dead_letter(struct consumer *c, uint64_t seq, uint32_t n_delivered,
    enum dead_why why);

#endif /* JS_DEAD_LETTER_H */
