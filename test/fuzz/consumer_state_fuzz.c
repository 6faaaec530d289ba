/* consumer_state_fuzz.c - a consumer's o.dat of anybody's.
 *
 * Holds: nothing is read or written out of bounds; what was understood is
 * written as bytes that read as the same, and does no harm to a consumer. */
#include <stdint.h>
#include <stdlib.h>

#include "js/consumer_int.h"
#include "js/consumer_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	free(c->matches);
}

static void apply(const struct consumer_state *st)
{
	struct js              js = { .host = { .now_ns = no_time,
		.wall_ns = no_time } };
	struct js_account      a = { .js = &js };
	struct stream          s = { .account = &a };
	struct consumer_config g = { .ack_policy = ACK_EXPLICIT,
		.max_deliver = 5 };
	struct consumer        c = { .stream = &s, .config = &g,
		.next_seq = 1, .next_cseq = 1 };
	struct consumer_state  now;

	if (consumer_state_apply(&c, st) &&
	    consumer_state_of(&c, UINT64_MAX, &now))
		consumer_state_fini(&now);
	forget(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct consumer_state st, again;
	struct buf            out = { 0 };

	if (consumer_state_decode(slice_of((const char *)data, size), &st)) {
		consumer_state_encode(&st, 0, &out);
		if (!consumer_state_decode(buf_slice(&out), &again) ||
		    again.n_pending != st.n_pending ||
		    again.n_again != st.n_again ||
		    again.floor.stream_seq != st.floor.stream_seq ||
		    again.delivered.stream_seq != st.delivered.stream_seq)
			abort();
		consumer_state_fini(&again);
		apply(&st);
	}
	consumer_state_fini(&st);
	buf_fini(&out);
	return 0;
}
