/* ack_payload_test.c - each word, exactly; what follows it, as far as it is good. */
#include "js/ack_payload.h"

#include "check.h"

#define MS INT64_C(1000000)

TEST(each_word_is_what_it_says)
{
	static const struct {
		const char   *text;
		enum ack_says kind;
		int64_t       delay_ns;
		const char   *rest;
	} t[] = {
		{ "", ACK_SAYS_ACK, 0, "" },
		{ "+ACK", ACK_SAYS_ACK, 0, "" },
		{ "+OK", ACK_SAYS_ACK, 0, "" },
		{ "-NAK", ACK_SAYS_NAK, 0, "" },
		{ "-NAK {\"delay\": 5000000}", ACK_SAYS_NAK, 5 * MS,
		  "{\"delay\": 5000000}" },
		{ "-NAK 5s", ACK_SAYS_NAK, 5000 * MS, "5s" },
		{ "-NAK {\"delay\":", ACK_SAYS_NAK, 0, "{\"delay\":" },
		{ "-NAK -5s", ACK_SAYS_NAK, 0, "-5s" },
		{ "+WPI", ACK_SAYS_PROGRESS, 0, "" },
		{ "+NXT", ACK_SAYS_NEXT, 0, "" },
		{ "+NXT 3", ACK_SAYS_NEXT, 0, "3" },
		{ "+TERM", ACK_SAYS_TERM, 0, "" },
		{ "+TERM bad data", ACK_SAYS_TERM, 0, "bad data" },
		{ "+ack", ACK_SAYS_UNKNOWN, 0, "" },
		{ "+ACK ", ACK_SAYS_UNKNOWN, 0, "" },
		{ "hello", ACK_SAYS_UNKNOWN, 0, "" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct ack_payload p;

		ack_payload_read(slice_str(t[i].text), &p);
		CHECK_INT(p.kind, t[i].kind, "%s", t[i].text);
		CHECK_INT(p.delay_ns, t[i].delay_ns, "%s", t[i].text);
		CHECK_SLICE(p.rest, slice_str(t[i].rest), "%s", t[i].text);
	}
}
