/* js/s2_frame.h - a stream of S2 blocks, each with its checksum.
 *
 *   4-byte header: kind, length (3, little-endian)
 *   ff  "sNaPpY" or "S2sTwO", the stream begins
 *   00  masked CRC-32C of what it unfolds to, then an S2 block
 *   01  masked CRC-32C, then the bytes themselves
 *   80 to fe  to be passed over; 02 to 7f  the reader is too old
 *
 * Written with Snappy's name and its limit of 64 KiB a block, which readers of
 * S2 take too.  Spec: github.com/google/snappy, framing_format.
 */
#ifndef JS_S2_FRAME_H
#define JS_S2_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* Zeroed it is at the beginning. */
struct s2_reader {
	bool     has_begun;
	uint32_t n_skip;	/* bytes of a chunk to be passed over */
};

/* Takes one chunk off *in and appends to plain what is in it, if anything; at
 * most S2_BLOCK_MAX bytes.  1: taken.  0: *in has not all of it yet.
 * ERR_CORRUPT, ERR_NOMEM: *in is somewhere. */
int s2_take(struct s2_reader *r, struct slice *in, struct buf *plain);

/* The stream may end here. */
bool s2_is_whole(const struct s2_reader *r, struct slice in);

/* What a stream begins with; then bytes, any number of them. */
void s2_put_begin(struct buf *out);
void s2_put(struct buf *out, struct slice plain);

#endif /* JS_S2_FRAME_H */
