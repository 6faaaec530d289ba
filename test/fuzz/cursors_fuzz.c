/* cursors_fuzz.c - a state record of a consumer.
 *
 * Holds: nothing is read or written out of bounds, and what was understood can
 * be written and reads as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "js/consumer_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static int64_t no_time(void *ctx)
{
	(void)ctx;
	return 0;
}

static void forget(struct consumer *c)
{
	pending_fini(&c->pending);
	pending_fini(&c->dead);
	cursor_fini(&c->cursor);
	free(c->lasts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct js         js = { .host = { .now_ns = no_time,
		.wall_ns = no_time } };
	struct js_account a = { .js = &js };
	struct stream     s = { .account = &a };
	struct consumer   c = { .stream = &s }, again = { .stream = &s };
	struct buf        out = { 0 };

	if (cursor_apply(&c, slice_of((const char *)data, size))) {
		cursor_encode(&c, &out);
		must(cursor_apply(&again, buf_slice(&out)));
		must(again.pending.n == c.pending.n &&
		    again.dead.n == c.dead.n &&
		    again.next_seq == c.next_seq);
	}
	buf_fini(&out);
	forget(&c);
	forget(&again);
	return 0;
}
