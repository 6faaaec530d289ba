/* consumer_state_fuzz.c - a consumer's o.dat of anybody's.
 *
 * Holds: nothing is read or written out of bounds; what was understood is
 * written as bytes that read as the same, and does no harm to a consumer. */
#include <stdint.h>
#include <stdlib.h>

#include "bare_consumer.h"
#include "js/consumer_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply(const struct consumer_state *st)
{
	struct bare_consumer  b;
	struct consumer_state now;

	bare_init(&b);
	if (consumer_state_apply(&b.c, st) &&
	    consumer_state_of(&b.c, UINT64_MAX, &now))
		consumer_state_fini(&now);
	bare_fini(&b);
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
