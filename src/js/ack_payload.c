/* js/ack_payload.c - what a client says of a message it was given. */
#include "js/ack_payload.h"

#include "base/json.h"
#include "base/text.h"

static struct slice trimmed(struct slice s)
{
	while (s.n > 0 && (*s.p == ' ' || *s.p == '\t'))
		s = slice_skip(s, 1);
	while (s.n > 0 && strchr(" \t\r\n", s.p[s.n - 1]) != NULL)
		s.n--;
	return s;
}

/* {"delay": ns} or a duration; what is neither is no delay. */
static int64_t read_delay(struct slice s)
{
	const char  *why;
	struct json *j;
	int64_t      ns = 0;

	if (s.n == 0)
		return 0;
	if (*s.p != '{')
		return text_parse_duration(s, &ns, &why) && ns > 0 ? ns : 0;
	j = json_parse(s, &why);
	if (j != NULL)
		json_as_i64(json_get(j, "delay"), &ns);
	json_free(j);
	return ns > 0 ? ns : 0;
}

void ack_payload_read(struct slice s, struct ack_payload *ret)
{
	static const struct {
		struct slice  word;
		enum ack_says kind;
		bool          has_rest;
	} words[] = {
		{ { "+ACK", 4 }, ACK_SAYS_ACK, false },
		{ { "+OK", 3 }, ACK_SAYS_ACK, false },
		{ { "-NAK", 4 }, ACK_SAYS_NAK, true },
		{ { "+WPI", 4 }, ACK_SAYS_PROGRESS, false },
		{ { "+NXT", 4 }, ACK_SAYS_NEXT, true },
		{ { "+TERM", 5 }, ACK_SAYS_TERM, true },
	};

	*ret = (struct ack_payload){ .kind = ACK_SAYS_UNKNOWN };
	if (s.n == 0)
		ret->kind = ACK_SAYS_ACK;
	for (size_t i = 0; s.n > 0 && i < sizeof words / sizeof words[0]; i++)
		if (words[i].has_rest ? slice_has_prefix(s, words[i].word)
		    : slice_eq(s, words[i].word)) {
			ret->kind = words[i].kind;
			ret->rest = trimmed(slice_skip(s, words[i].word.n));
		}
	if (ret->kind == ACK_SAYS_NAK)
		ret->delay_ns = read_delay(ret->rest);
}
