/* cursors_test.c - what a restart remembers, and what nonsense does. */
#include "base/clock.h"
#include "base/random.h"
#include "check.h"
#include "consumer_world.h"
#include "js/errors.h"

static struct world w;

static struct consumer *found(void)
{
	struct consumer *c = stream_find_consumer(&w.stream, SLICE("C"));

	CHECK(c != NULL);
	return c;
}

static void start(int n)
{
	world_init(&w);
	world_fill(&w, n);
	world_create(&w, world_config("C"));
}

static void same(const struct consumer_view *a)
{
	struct consumer_view b;

	consumer_look(found(), &b);
	CHECK_INT(b.delivered.consumer_seq, a->delivered.consumer_seq);
	CHECK_INT(b.delivered.stream_seq, a->delivered.stream_seq);
	CHECK_INT(b.ack_floor.consumer_seq, a->ack_floor.consumer_seq);
	CHECK_INT(b.ack_floor.stream_seq, a->ack_floor.stream_seq);
	CHECK_INT(b.n_ack_pending, a->n_ack_pending);
	CHECK_INT(b.n_redelivered, a->n_redelivered);
	CHECK_INT(b.n_pending, a->n_pending);
}

/* No checkpoint is written on the way. */
static void crash(void)
{
	found()->cursor.has_moved = false;
	found()->cursor.is_kept = false;
	world_restart(&w);
}

TEST(a_restart_forgets_nothing)
{
	struct consumer_view v;

	start(20);
	world_pull(&w, "10");
	for (unsigned seq = 1; seq < 8; seq += 2)
		world_answer(&w, "", 1, seq, seq);
	world_answer(&w, "-NAK", 1, 2, 2);
	world_pull(&w, "1");
	consumer_look(found(), &v);
	CHECK_INT(v.n_ack_pending, 6);
	CHECK_INT(v.n_redelivered, 1);
	world_restart(&w);
	same(&v);
	world_restart(&w);
	same(&v);
	world_pass(&w, 31 * NS_PER_S);
	world_pull(&w, "1");
	CHECK_STR(world_said(&w), "in|x|$JS.ACK.S.C.3.2.12.T.10||m\n");
	world_fini(&w);
}

/* Without the checkpoint that a close writes. */
TEST(records_of_turns_add_up)
{
	struct consumer_view v;
	struct consumer     *c;
	struct store_msg     m = { 0 };
	uint64_t             seq = 0;

	start(400);
	for (unsigned i = 0; i < 300; i++) {
		world_pull(&w, "1");
		if (i % 3)
			world_answer(&w, "", 1, i + 1, i + 1);
	}
	consumer_look(found(), &v);
	c = world_create(&w, world_config("D"));
	while (store_find_next(w.stream.state, SLICE("s.C"), seq + 1, &seq) ==
	    0) {
		CHECK_INT(store_read(w.stream.state, seq, &m), 0);
		CHECK(cursor_apply(c, m.body));
	}
	store_msg_fini(&m);
	CHECK_INT(c->pending.n, v.n_ack_pending);
	CHECK_INT(c->next_seq - 1, v.delivered.stream_seq);
	CHECK_INT(c->floor.stream_seq, v.ack_floor.stream_seq);
	world_fini(&w);
}

TEST(old_records_are_purged)
{
	struct store_state st;

	start(2000);
	for (unsigned i = 0; i < 2000; i++) {
		world_pull(&w, "1");
		world_answer(&w, "", 1, i + 1, i + 1);
	}
	store_get_state(w.stream.state, &st);
	CHECK(st.n_msgs < 400, "%ju", (uintmax_t)st.n_msgs);
	world_fini(&w);
}

TEST(a_deleted_one_stays_deleted)
{
	struct store_state st;

	start(3);
	world_pull(&w, "2");
	consumer_delete(found());
	store_get_state(w.stream.state, &st);
	CHECK_INT(st.n_msgs, 0);
	world_restart(&w);
	CHECK_INT(w.stream.n_consumers, 0);
	world_fini(&w);
}

TEST(a_damaged_config_is_read_from_its_copy)
{
	uint64_t seq = 0;

	start(3);
	CHECK_INT(store_find_last(w.stream.state, SLICE("c.C"), UINT64_MAX,
	    &seq), 0);
	CHECK_INT(store_delete(w.stream.state, seq, STORE_DELETE, NULL), 0);
	world_restart(&w);
	CHECK_INT(w.stream.n_consumers, 1);
	world_fini(&w);
}

/* Each record of the state in turn is lost, as damage would have it: what was
 * delivered and not acknowledged comes again, whatever went. */
TEST(a_lost_record_skips_no_message)
{
	static const bool acked[] = { [2] = true, [5] = true, [6] = true };
	uint64_t          seq = 0;
	size_t            n_records = 0;

	for (size_t i = 0; i == 0 || i < n_records; i++) {
		start(6);
		for (unsigned k = 1; k <= 6; k++) {
			world_pull(&w, "1");
			if (acked[k])
				world_answer(&w, "", 1, k, k);
		}
		n_records = 0;
		for (uint64_t at = 0; store_find_next(w.stream.state,
		    SLICE("s.C"), at + 1, &at) == 0; n_records++)
			if (n_records == i)
				seq = at;
		CHECK_INT(store_delete(w.stream.state, seq, STORE_DELETE,
		    NULL), 0);
		crash();
		for (unsigned k = 1; k <= 6; k++)
			CHECK(acked[k] || pending_find(&found()->pending, k) !=
			    NULL || found()->next_seq <= k, "record %zu of "
			    "%zu lost, and %u with it", i, n_records, k);
		world_fini(&w);
	}
	CHECK(n_records > 6);
}

TEST(where_the_stream_has_lost_its_end_the_consumer_goes_back)
{
	struct consumer *c;

	start(3);
	world_pull(&w, "3");
	found()->next_seq = 10;
	cursor_reset(found());
	world_restart(&w);
	c = found();
	CHECK_INT(c->next_seq, 4);
	world_fini(&w);
}

TEST(nonsense_harms_nothing)
{
	struct consumer *c;
	char             bytes[64];
	struct buf       good = { 0 };

	start(10);
	world_pull(&w, "5");
	c = found();
	cursor_encode(c, &good);
	for (int i = 0; i < 20000; i++) {
		size_t n = random_below(sizeof bytes);

		for (size_t k = 0; k < n; k++)
			bytes[k] = (char)random_below(256);
		if (n > 3 && i % 4 != 0)
			memcpy(bytes, i & 2 ? "S\1" : "S\2", 2),
			    bytes[2] = (char)(i & 1);
		cursor_apply(c, slice_of(bytes, n));
	}
	for (size_t n = 0; n <= good.n; n++)
		cursor_apply(c, slice_of(good.p, n));
	CHECK_INT(c->pending.n, 5);
	buf_fini(&good);
	world_fini(&w);
}
