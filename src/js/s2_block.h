/* js/s2_block.h - bytes squeezed by repeating what was there before.
 *
 * The blocks of S2, which are those of Snappy and one tag more: "the same
 * distance as the last time".  What is written is plain Snappy, which all
 * readers of S2 take.
 * Spec: github.com/google/snappy, format_description; and the README of
 * github.com/klauspost/compress/s2 for the repeats.
 */
#ifndef JS_S2_BLOCK_H
#define JS_S2_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum {
	S2_BLOCK_MAX = 4 << 20,		/* what a block may unfold to */
	S2_WRITE_MAX = 64 << 10,	/* what one may be made of */
};

/* The length that a block says it unfolds to is taken off.  False: it makes no
 * sense, or is over S2_BLOCK_MAX. */
bool s2_take_length(struct slice *block, size_t *n);

/* What is left of the block, unfolded to exactly n bytes.  Foreign bytes are
 * safe.  False: it is no such block; some of out is written. */
bool s2_unfold(struct slice block, char *out, size_t n);

/* Appends a block with its length.  bytes: at most S2_WRITE_MAX. */
void s2_fold(struct slice bytes, struct buf *out);

#endif /* JS_S2_BLOCK_H */
