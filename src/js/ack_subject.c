/* js/ack_subject.c - the reply of a delivered message. */
#include "js/ack_subject.h"

#include "base/text.h"
#include "proto/subject.h"

#define PREFIX SLICE("$JS.ACK.")

enum { TOKENS_V1 = 7, TOKENS_V2 = 9, TOKENS_MAX = 12, NUMBER_MAX = 20 };

static char *put_number(char *to, uint64_t n)
{
	char   digits[NUMBER_MAX];
	size_t i = sizeof digits;

	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	memcpy(to, digits + i, sizeof digits - i);
	return to + sizeof digits - i;
}

static char *put(char *to, struct slice s)
{
	memcpy(to, s.p, s.n);
	return to + s.n;
}

size_t ack_subject_write(char *out, size_t cap, const struct ack_place *p)
{
	const uint64_t numbers[] = { p->n_delivered, p->stream_seq,
		p->consumer_seq, (uint64_t)p->ts_ns, p->n_pending };
	char          *to = out;

	if (cap < PREFIX.n + p->route.n + 1 + p->stream.n + 1 + p->consumer.n +
	    5 * (NUMBER_MAX + 1))
		return 0;
	to = put(to, PREFIX);
	if (p->route.n > 0) {
		to = put(to, p->route);
		*to++ = '.';
	}
	to = put(to, p->stream);
	*to++ = '.';
	to = put(to, p->consumer);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		*to++ = '.';
		to = put_number(to, numbers[i]);
	}
	return (size_t)(to - out);
}

bool ack_subject_read(struct slice s, struct ack_place *p)
{
	struct slice tokens[TOKENS_MAX], *t = tokens;
	uint64_t     ts;
	size_t       n = 0;

	if (!slice_has_prefix(s, PREFIX))
		return false;
	s = slice_skip(s, PREFIX.n);
	while (n < TOKENS_MAX && subject_take_token(&s, &tokens[n]))
		n++;
	if (n != TOKENS_V1 && n < TOKENS_V2)
		return false;
	p->route = SLICE_NONE;
	if (n >= TOKENS_V2) {
		p->route = slice_of(t[0].p, t[0].n + 1 + t[1].n);
		t += 2;
	}
	p->stream = t[0];
	p->consumer = t[1];
	if (p->stream.n == 0 || p->consumer.n == 0)
		return false;
	if (!text_parse_u64(t[2], &p->n_delivered) ||
	    !text_parse_u64(t[3], &p->stream_seq) ||
	    !text_parse_u64(t[4], &p->consumer_seq) ||
	    !text_parse_u64(t[5], &ts) || !text_parse_u64(t[6], &p->n_pending))
		return false;
	p->ts_ns = (int64_t)ts;
	return ts <= INT64_MAX;
}
