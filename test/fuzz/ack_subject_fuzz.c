/* ack_subject_fuzz.c - any bytes as the subject of an acknowledgement.
 *
 * Holds: names lie in the input, and what was understood can be written and
 * reads as the same; one byte less room than it may take is no room. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "js/ack_subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_inside(struct slice whole, struct slice s)
{
	must(s.n > 0 && s.p >= whole.p && s.p + s.n <= whole.p + whole.n);
	must(memchr(s.p, '.', s.n) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice     s = slice_of((const char *)data, size);
	struct ack_place p, again;
	char            *text;
	size_t           cap, n;

	if (!ack_subject_read(s, &p))
		return 0;
	check_inside(s, p.stream);
	check_inside(s, p.consumer);
	must(p.ts_ns >= 0);
	cap = size + 128;
	text = malloc(cap);
	must(text != NULL);
	n = ack_subject_write(text, cap, &p);
	must(n > 0 && n <= cap);
	must(ack_subject_read(slice_of(text, n), &again));
	must(slice_eq(p.stream, again.stream) &&
	    slice_eq(p.consumer, again.consumer) &&
	    slice_eq(p.route, again.route) &&
	    p.n_delivered == again.n_delivered &&
	    p.stream_seq == again.stream_seq &&
	    p.consumer_seq == again.consumer_seq && p.ts_ns == again.ts_ns &&
	    p.n_pending == again.n_pending);
	must(ack_subject_write(text, n - 1, &p) == 0);
	free(text);
	return 0;
}
