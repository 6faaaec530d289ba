/* ack_subject_test.c - written, it is read as the same; what is no such subject is
 * refused, wherever it is cut.
 */
#include "js/ack_subject.h"

#include "check.h"

static const char v1[] =
    "$JS.ACK.ORDERS.worker.2.18446744073709551615.7.1795812092911101461.0";

TEST(what_is_written_is_read_again)
{
	struct ack_place p = { SLICE("ORDERS"), SLICE("worker"), 2, UINT64_MAX,
		7, 0, 1795812092911101461 }, q;
	char   text[128];
	size_t n = ack_subject_write(text, sizeof text, &p);

	CHECK_SLICE(slice_of(text, n), slice_str(v1));
	CHECK(ack_subject_read(slice_of(text, n), &q));
	CHECK_SLICE(q.stream, SLICE("ORDERS"));
	CHECK_SLICE(q.consumer, SLICE("worker"));
	CHECK(q.n_delivered == 2 && q.stream_seq == UINT64_MAX &&
	    q.consumer_seq == 7 && q.n_pending == 0 && q.ts_ns == p.ts_ns);
}

TEST(with_a_route_the_longer_form_is_written)
{
	struct ack_place p = { .stream = SLICE("S"), .consumer = SLICE("C"),
		.n_delivered = 1, .stream_seq = 5, .consumer_seq = 6,
		.n_pending = 8, .ts_ns = 7, .route = SLICE("hub.abcdefgh") }, q;
	char   text[256];
	size_t n = ack_subject_write(text, sizeof text, &p);

	CHECK_SLICE(slice_of(text, n),
	    SLICE("$JS.ACK.hub.abcdefgh.S.C.1.5.6.7.8"));
	CHECK(ack_subject_read(slice_of(text, n), &q));
	CHECK_SLICE(q.consumer, SLICE("C"));
}

TEST(the_longer_form_is_understood_with_what_may_follow)
{
	struct ack_place p;

	CHECK(ack_subject_read(SLICE("$JS.ACK._.abcdefgh.S.C.1.5.6.7.8"), &p));
	CHECK_SLICE(p.stream, SLICE("S"));
	CHECK(p.stream_seq == 5 && p.consumer_seq == 6 && p.n_pending == 8);
	CHECK(ack_subject_read(SLICE("$JS.ACK.hub.abcdefgh.S.C.1.5.6.7.8.x"),
	    &p));
}

TEST(what_is_cut_or_no_number_is_refused)
{
	struct ack_place p;

	for (size_t n = 0; n + 2 < sizeof v1; n++)
		CHECK(!ack_subject_read(slice_of(v1, n), &p) || v1[n] != '.',
		    "cut at %zu", n);
	CHECK(!ack_subject_read(SLICE("$JS.ACK.S.C.1.-5.6.7.8"), &p));
	CHECK(!ack_subject_read(SLICE("$JS.ACK.S.C.1.x.6.7.8"), &p));
	CHECK(!ack_subject_read(SLICE("$JS.ACK.S.C.1.5.6.7"), &p));
	CHECK(!ack_subject_read(SLICE("$JS.ACK..C.1.5.6.7.8"), &p));
	CHECK(!ack_subject_read(SLICE("$JS.ACK.S..1.5.6.7.8"), &p));
	CHECK(!ack_subject_read(SLICE("$JS.ACK.S.C.1.5.6."
	    "9223372036854775808.8"), &p));
}

TEST(what_does_not_fit_is_not_written)
{
	struct ack_place p = { SLICE("S"), SLICE("C"), 1, 1, 1, 1, 1 };
	char             text[16];

	CHECK_INT(ack_subject_write(text, sizeof text, &p), 0);
}
