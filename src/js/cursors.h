/* js/cursors.h - what is remembered of a stream's consumers.
 *
 * Records in the stream's state store.  Under "c.<name>" what the consumer is,
 * written twice, so that one damaged byte does not cost it; under "s.<name>"
 * how far it is: now and then a checkpoint, which is everything, and in between
 * one small record a turn, which says what has changed.  A record says what is
 * so, not what was done; a checkpoint is written twice as well, and the deltas
 * behind it are numbered, so that one that is missing is missed.
 *
 *   config record   'C' version(1) created(8, little endian) config as JSON
 *   state record    'S' version(1) kind(1) then numbers, as varints:
 *       the delta's number, from 1 (not in a checkpoint, nor in version 1)
 *       next_seq next_cseq floor.stream_seq floor.consumer_seq
 *       n_lasts_left, then until the end
 *       checkpoint, before the rest: the lasts that are left, as differences
 *       1 seq cseq age_ms n_delivered	  pending; all but the last are
 *					  differences to the one before, zigzag
 *       2 seq				  not pending any more
 *       3				  nothing is pending, nor dead
 *       4 seq				  delivered too often, from now on
 *
 * A record that makes no sense is passed over, and so is what follows it up to
 * the next checkpoint: then messages are delivered again.
 *
 * Thread: owner.
 */
#ifndef JS_CURSORS_H
#define JS_CURSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct consumer;
struct pending_entry;
struct stream;

/* What has changed in this turn. */
struct cursor {
	struct buf ops;
	uint64_t   seq, cseq;	/* of the op before */
	int64_t    ms;		/* of the op before */
	size_t     n_deltas;	/* since the checkpoint */
	bool       is_kept;	/* a state store has it */
	bool       has_moved, wants_checkpoint;
	int        error;	/* of the last record */
};

/* Config and state; like all here, durable with the next sync of the stream's
 * state store.  0 or ERR_*. */
int cursor_create(struct consumer *c);
/* The config has changed. */
int cursor_write_config(struct consumer *c);
/* It has no records any more.  0 or ERR_*: a restart may find it. */
int cursor_forget(struct consumer *c);
void cursor_fini(struct cursor *k);

bool cursor_is_kept(const struct consumer *c);

void cursor_delivered(struct consumer *c, const struct pending_entry *e);
void cursor_removed(struct consumer *c, uint64_t seq);
void cursor_died(struct consumer *c, uint64_t seq);
void cursor_moved(struct consumer *c);
/* All is different: the next record is a checkpoint. */
void cursor_reset(struct consumer *c);

/* One record of what has changed; none if nothing has. */
void cursor_flush(struct consumer *c);
/* Why that record could not be written; 0: it is. */
int cursor_error(const struct consumer *c);

/* Applies a state record to a consumer that delivers nothing yet.  False: it
 * makes no sense; what was understood of it is applied. */
bool cursor_apply(struct consumer *c, struct slice record);
void cursor_encode(struct consumer *c, struct buf *out);	/* checkpoint */

/* Calls each with the configuration (JSON) of every consumer that the stream's
 * state store remembers and that can be read.  False: out of memory.  Thread:
 * any that has the stream alone. */
bool cursors_each_config(struct stream *s,
    void (*each)(void *ctx, struct slice name, struct slice config),
    void *ctx);

/* Every consumer that the stream's state store remembers.  False: one of them
 * cannot be read (told in the log). */
bool cursors_restore(struct stream *s);

#endif /* JS_CURSORS_H */
