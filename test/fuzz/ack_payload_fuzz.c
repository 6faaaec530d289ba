/* ack_payload_fuzz.c - any bytes as what is said of a message.
 *
 * Holds: only a NAK has a delay, none is negative, and what follows the word
 * lies in the input. */
#include <stdint.h>
#include <stdlib.h>

#include "js/ack_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice       s = slice_of((const char *)data, size);
	struct ack_payload p;

	ack_payload_read(s, &p);
	must(p.kind >= ACK_SAYS_ACK && p.kind <= ACK_SAYS_UNKNOWN);
	must(p.delay_ns >= 0);
	must(p.delay_ns == 0 || p.kind == ACK_SAYS_NAK);
	must(p.rest.n == 0 || (p.rest.p >= s.p &&
	    p.rest.p + p.rest.n <= s.p + s.n));
	must(p.kind != ACK_SAYS_UNKNOWN || size > 0);
	return 0;
}
