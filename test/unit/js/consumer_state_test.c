/* consumer_state_test.c - from one consumer to another, by way of nats-server's
 * words; and nats-server's own. */
#include "js/consumer_state.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "check.h"
#include "consumer_world.h"

static struct world w;

/* C has delivered 8 of 12, 1 to 3 and 5 are acknowledged, 6 twice delivered. */
static struct consumer *start(void)
{
	world_init(&w);
	world_fill(&w, 12);
	world_create(&w, world_config("C"));
	world_pull(&w, "8");
	for (unsigned seq = 1; seq <= 5; seq++)
		if (seq != 4)
			world_answer(&w, "", 1, seq, seq);
	world_answer(&w, "-NAK", 1, 6, 6);
	world_pull(&w, "1");
	return stream_find_consumer(&w.stream, SLICE("C"));
}

static void same(const struct consumer *a, const struct consumer *b)
{
	struct consumer_view va, vb;

	consumer_look(a, &va);
	consumer_look(b, &vb);
	CHECK_INT(vb.delivered.consumer_seq, va.delivered.consumer_seq);
	CHECK_INT(vb.delivered.stream_seq, va.delivered.stream_seq);
	CHECK_INT(vb.ack_floor.consumer_seq, va.ack_floor.consumer_seq);
	CHECK_INT(vb.ack_floor.stream_seq, va.ack_floor.stream_seq);
	CHECK_INT(vb.n_ack_pending, va.n_ack_pending);
	CHECK_INT(vb.n_redelivered, va.n_redelivered);
	CHECK_INT(vb.n_pending, va.n_pending);
}

TEST(it_goes_over_as_numbers)
{
	struct consumer      *c = start(), *d;
	struct consumer_state st, got;
	struct buf            b = { 0 };

	CHECK(consumer_state_of(c, UINT64_MAX, &st));
	consumer_state_encode(&st, INT64_C(1700000000) * NS_PER_S, &b);
	CHECK(consumer_state_decode(buf_slice(&b), &got));
	d = world_create(&w, world_config("D"));
	CHECK(consumer_state_apply(d, &got));
	same(c, d);
	for (size_t n = 0; n < b.n; n++) {
		struct consumer_state cut;

		CHECK(!consumer_state_decode(slice_of(b.p, n), &cut), "%zu", n);
		consumer_state_fini(&cut);
	}
	consumer_state_fini(&st);
	consumer_state_fini(&got);
	buf_fini(&b);
	world_fini(&w);
}

TEST(it_goes_over_as_json)
{
	struct consumer      *c = start(), *d;
	struct consumer_state st, got;
	struct buf            b = { 0 };
	struct json_writer   *out = JSON_INTO(&b, 0);
	const char           *why;
	struct json          *doc;

	CHECK(consumer_state_of(c, UINT64_MAX, &st));
	json_begin_object(out);
	consumer_state_write(&st, out);
	json_end_object(out);
	doc = json_parse(buf_slice(&b), &why);
	CHECK(consumer_state_read(doc, &got));
	CHECK_INT(got.pending[0].ts_ns, st.pending[0].ts_ns);
	d = world_create(&w, world_config("D"));
	CHECK(consumer_state_apply(d, &got));
	same(c, d);
	json_free(doc);
	consumer_state_fini(&st);
	consumer_state_fini(&got);
	buf_fini(&b);
	world_fini(&w);
}

TEST(what_is_beyond_the_backup_is_left_out)
{
	struct consumer      *c = start();
	struct consumer_state st;

	CHECK(consumer_state_of(c, 6, &st));
	CHECK_INT(st.delivered.stream_seq, 6);
	CHECK_INT(st.delivered.consumer_seq, 9);
	CHECK_INT(st.n_pending, 2);
	CHECK_INT(st.n_again, 1);
	consumer_state_fini(&st);
	CHECK(consumer_state_of(c, 2, &st));
	CHECK_INT(st.floor.stream_seq, 2);
	CHECK_INT(st.n_pending, 0);
	consumer_state_fini(&st);
	world_fini(&w);
}

/* What nats-server 2.15.1 wrote of the same deliveries and acknowledgements. */
TEST(nats_servers_is_read)
{
	static const char theirs[] = "\x16\x02\x03\x03\x09\x08\x04\x8c\xb3\xf2\xb0\x0d"
	    "\x01\x01\x02\x03\x03\x04\x04\x04\x02\x05\x05\x02\x01\x03\x01";
	struct consumer      *c = start(), *d;
	struct consumer_state st;

	CHECK(consumer_state_decode(slice_of(theirs, sizeof theirs - 1), &st));
	d = world_create(&w, world_config("D"));
	CHECK(consumer_state_apply(d, &st));
	same(c, d);
	consumer_state_fini(&st);
	world_fini(&w);
}

TEST(its_first_version_is_read)
{
	static const char bytes[] = "\x16\x01\x04\x06\x03\x02\x01\x14\x02\x04\x01\x02\x05";
	struct consumer_state st;

	CHECK(consumer_state_decode(slice_of(bytes, sizeof bytes - 1), &st));
	CHECK_INT(st.delivered.consumer_seq, 6);
	CHECK_INT(st.delivered.stream_seq, 7);
	CHECK_INT(st.pending[0].seq, 8);
	CHECK_INT(st.pending[0].ts_ns, 12 * NS_PER_S);
	CHECK_INT(st.again[0].seq, 8);
	CHECK_INT(st.again[0].n, 5);
	consumer_state_fini(&st);
}

TEST(nonsense_is_refused)
{
	static const char *const texts[] = {
		"{\"delivered\":{\"stream_seq\":-1}}", "{\"ack_floor\":7}",
		"{\"pending\":{\"x\":{}}}", "{\"pending\":{\"1\":2}}",
		"{\"pending\":{\"1\":{\"Sequence\":\"a\"}}}",
		"{\"redelivered\":{\"1\":\"a\"}}", "{\"redelivered\":{\"a\":1}}",
	};
	struct consumer_state st = { .delivered = { 2, 2 }, .floor = { 3, 3 } };
	struct consumer      *c = start();
	const char           *why;

	CHECK(!consumer_state_apply(c, &st));
	for (size_t i = 0; i < N_OF(texts); i++) {
		struct json *doc = json_parse(slice_str(texts[i]), &why);

		CHECK(!consumer_state_read(doc, &st), "%s", texts[i]);
		consumer_state_fini(&st);
		json_free(doc);
	}
	world_fini(&w);
}

TEST(random_bytes_harm_nothing)
{
	struct consumer *c = start();
	char             bytes[40];

	for (int i = 0; i < 20000; i++) {
		struct consumer_state st;
		size_t                n = random_below(sizeof bytes);

		for (size_t k = 0; k < n; k++)
			bytes[k] = (char)random_below(i % 3 ? 20 : 256);
		if (n > 2)
			memcpy(bytes, "\x16\x02", 2);
		if (consumer_state_decode(slice_of(bytes, n), &st))
			consumer_state_apply(c, &st);
		consumer_state_fini(&st);
	}
	world_fini(&w);
}
