/* js/dead_letter.h - where messages go that nobody could process.
 *
 * A consumer whose metadata name a stream ("mote.dead_letter_stream") appends
 * to it what was delivered too often or was terminated, with headers that say
 * where it came from.  It is on the disk there before the consumer's own state
 * changes: after a crash in between it is there twice, never not at all.  Many
 * that die together share a sync.
 *
 * Thread: owner.
 */
#ifndef JS_DEAD_LETTER_H
#define JS_DEAD_LETTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct consumer;

enum dead_why { DEAD_MAX_DELIVER, DEAD_TERMINATED };

/* A message that is to leave what is pending. */
struct dead {
	uint64_t      seq, consumer_seq;
	uint32_t      n_delivered;
	enum dead_why why;
	struct slice  text;	/* that came with +TERM; may be empty */
	struct slice  reply;	/* whom to tell when it is done; empty: nobody */
};

/* d is copied.  False: it can go at once, as no stream of dead letters is
 * configured, it is not there, or the message itself is not.  True: it stays
 * pending until consumer_bury or, if it could not be stored (told in the log),
 * consumer_revive is called; that may be now. */
bool dead_letter(struct consumer *c, const struct dead *d);

#endif /* JS_DEAD_LETTER_H */
