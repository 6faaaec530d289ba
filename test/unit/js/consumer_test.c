/* consumer_test.c - where it stands, step by step (reference, appendix J). */
#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "check.h"
#include "consumer_world.h"
#include "js/errors.h"
#include "store/disk.h"

static struct world w;

static struct consumer *start(int n)
{
	world_init(&w);
	world_fill(&w, n);
	return world_create(&w, world_config("C"));
}

static void holds(const struct consumer *c, unsigned dc, unsigned ds,
    unsigned fc, unsigned fs, unsigned n_ack, unsigned n_pending)
{
	struct consumer_view v;

	consumer_look(c, &v);
	CHECK_INT(v.delivered.consumer_seq, dc);
	CHECK_INT(v.delivered.stream_seq, ds);
	CHECK_INT(v.ack_floor.consumer_seq, fc);
	CHECK_INT(v.ack_floor.stream_seq, fs);
	CHECK_INT(v.n_ack_pending, n_ack);
	CHECK_INT(v.n_pending, n_pending);
}

static struct consumer *three_of_five(void)
{
	struct consumer *c = start(5);

	holds(c, 0, 0, 0, 0, 0, 5);
	world_pull(&w, "3");
	CHECK_STR(world_said(&w), "in|x|$JS.ACK.S.C.1.1.1.T.4||m\n"
	    "in|x|$JS.ACK.S.C.1.2.2.T.3||m\nin|x|$JS.ACK.S.C.1.3.3.T.2||m\n");
	holds(c, 3, 3, 0, 0, 3, 2);
	return c;
}

TEST(acks_move_the_floor_to_below_the_lowest_pending)
{
	struct consumer *c = three_of_five();

	world_answer(&w, "", 1, 2, 2);
	holds(c, 3, 3, 0, 0, 2, 2);
	world_answer(&w, "+ACK", 1, 1, 1);
	holds(c, 3, 3, 2, 2, 1, 2);
	world_answer(&w, "", 1, 3, 3);
	holds(c, 3, 3, 3, 3, 0, 2);
	world_fini(&w);
}

TEST(what_is_not_acknowledged_in_time_comes_again_with_a_new_number)
{
	struct consumer *c = three_of_five();

	world_answer(&w, "", 1, 2, 2);
	world_answer(&w, "", 1, 3, 3);
	world_pass(&w, 31 * NS_PER_S);
	CHECK_STR(world_said(&w), "");
	world_pull(&w, "1");
	CHECK_STR(world_said(&w), "in|x|$JS.ACK.S.C.2.1.4.T.2||m\n");
	holds(c, 4, 3, 0, 0, 1, 2);
	world_answer(&w, "", 2, 1, 4);
	holds(c, 4, 3, 4, 3, 0, 2);
	world_fini(&w);
}

TEST(ack_all_takes_those_before)
{
	struct consumer_config *g = world_config("C");
	struct consumer        *c;

	world_init(&w);
	world_fill(&w, 3);
	g->ack_policy = ACK_ALL;
	c = world_create(&w, g);
	world_pull(&w, "3");
	world_answer(&w, "", 1, 3, 3);
	holds(c, 3, 3, 3, 3, 0, 0);
	world_answer(&w, "", 1, 1, 1);
	holds(c, 3, 3, 3, 3, 0, 0);
	world_fini(&w);
}

TEST(without_acks_the_floor_follows)
{
	struct consumer_config *g = world_config("C");
	struct consumer        *c;

	world_init(&w);
	world_fill(&w, 3);
	g->ack_policy = ACK_NONE;
	c = world_create(&w, g);
	world_pull(&w, "2");
	holds(c, 2, 2, 2, 2, 0, 1);
	world_fini(&w);
}

TEST(too_many_pending_stall_it_until_one_is_acknowledged)
{
	struct consumer_config *g = world_config("C");

	world_init(&w);
	world_fill(&w, 5);
	g->max_ack_pending = 2;
	world_create(&w, g);
	world_pull(&w, "5");
	CHECK_INT(w.n_said, 2);
	world_said(&w);
	world_answer(&w, "", 1, 1, 1);
	CHECK_STR(world_said(&w), "in|x|$JS.ACK.S.C.1.3.3.T.2||m\n");
	world_fini(&w);
}

TEST(backoff_sets_the_time_of_each_redelivery_and_then_it_ends)
{
	struct consumer_config *g = world_config("C");
	struct consumer        *c;
	int64_t backoff[] = { NS_PER_S, 5 * NS_PER_S, 10 * NS_PER_S };

	world_init(&w);
	world_store(&w, "x", "m");
	g->backoff_ns = backoff;
	g->n_backoff = 3;
	g->max_deliver = 4;
	c = world_create(&w, g);
	world_pull(&w, "10");
	CHECK_INT(w.n_said, 1);
	world_pass(&w, NS_PER_S);
	CHECK_INT(w.n_said, 2);
	world_pass(&w, 5 * NS_PER_S);
	CHECK_INT(w.n_said, 3);
	world_pass(&w, 10 * NS_PER_S - 1);
	CHECK_INT(w.n_said, 3);
	world_pass(&w, 1);
	CHECK_INT(w.n_said, 4);
	world_pass(&w, 11 * NS_PER_S);
	CHECK_INT(w.n_said, 4);
	holds(c, 4, 1, 4, 1, 0, 0);
	CHECK(consumer_needs(c, 1, SLICE("x")));
	world_fini(&w);
}

TEST(a_nak_with_a_delay_waits_that_long)
{
	start(1);
	world_pull(&w, "2");
	world_said(&w);
	world_answer(&w, "-NAK {\"delay\": 2000000000}", 1, 1, 1);
	world_pass(&w, 2 * NS_PER_S - 1);
	CHECK_STR(world_said(&w), "");
	world_pass(&w, 1);
	CHECK_STR(world_said(&w), "in|x|$JS.ACK.S.C.2.1.2.T.0||m\n");
	world_fini(&w);
}

TEST(progress_starts_the_wait_again)
{
	start(1);
	world_pull(&w, "2");
	world_said(&w);
	world_pass(&w, 25 * NS_PER_S);
	world_answer(&w, "+WPI", 1, 1, 1);
	world_pass(&w, 30 * NS_PER_S - 1);
	CHECK_STR(world_said(&w), "");
	world_pass(&w, 1);
	CHECK_STR(world_said(&w), "in|x|$JS.ACK.S.C.2.1.2.T.0||m\n");
	world_fini(&w);
}

TEST(what_is_terminated_never_comes_again)
{
	struct consumer *c = start(1);

	world_pull(&w, "2");
	world_answer(&w, "+TERM", 1, 1, 1);
	world_said(&w);
	world_pass(&w, 100 * NS_PER_S);
	CHECK_STR(world_said(&w), "");
	holds(c, 1, 1, 1, 1, 0, 0);
	world_fini(&w);
}

TEST(after_a_purge_it_stands_behind_it)
{
	struct consumer *c = start(10);
	uint64_t         n;

	world_pull(&w, "4");
	world_answer(&w, "", 1, 1, 1);
	world_answer(&w, "", 1, 2, 2);
	store_purge(w.stream.store, &(struct store_purge){ 0 }, &n);
	consumer_purged(c, 11);
	world_turn(&w);
	holds(c, 4, 10, 4, 10, 0, 0);
	world_fini(&w);
}

TEST(the_last_of_each_subject_come_first)
{
	struct consumer_config *g = world_config("C");
	struct slice            all = SLICE(">");
	static const char      *of[] = { "a", "b", "c", "a", "c" };
	struct consumer        *c;

	world_init(&w);
	for (size_t i = 0; i < N_OF(of); i++)
		world_store(&w, of[i], "m");
	g->deliver_policy = DELIVER_LAST_PER_SUBJECT;
	g->filters = &all;
	g->n_filters = 1;
	c = world_create(&w, g);
	holds(c, 0, 1, 0, 1, 0, 3);
	world_pull(&w, "1");
	CHECK_STR(world_said(&w), "in|b|$JS.ACK.S.C.1.2.1.T.2||m\n");
	holds(c, 1, 3, 0, 1, 1, 2);
	world_answer(&w, "", 1, 2, 1);
	world_store(&w, "a", "new");
	world_pull(&w, "10");
	CHECK_STR(world_said(&w), "in|a|$JS.ACK.S.C.1.4.2.T.2||m\n"
	    "in|c|$JS.ACK.S.C.1.5.3.T.1||m\nin|a|$JS.ACK.S.C.1.6.4.T.0||new\n");
	holds(c, 4, 6, 1, 3, 3, 0);
	world_fini(&w);
}

TEST(it_may_start_beyond_the_end)
{
	struct consumer_config *g = world_config("C");
	struct consumer        *c;

	world_init(&w);
	world_fill(&w, 5);
	g->deliver_policy = DELIVER_BY_START_SEQUENCE;
	g->opt_start_seq = 100;
	c = world_create(&w, g);
	holds(c, 0, 99, 0, 99, 0, 0);
	g = world_config("D");
	g->deliver_policy = DELIVER_NEW;
	c = world_create(&w, g);
	holds(c, 0, 5, 0, 5, 0, 0);
	world_fini(&w);
}

TEST(a_reset_begins_anew_from_there)
{
	struct consumer *c = three_of_five();
	struct js_error  e = { 0 };
	uint64_t         at;

	CHECK(consumer_reset(c, 2, &at, &e));
	CHECK_INT(at, 2);
	holds(c, 0, 1, 0, 1, 0, 4);
	world_pull(&w, "1");
	CHECK_STR(world_said(&w), "in|x|$JS.ACK.S.C.1.2.1.T.3||m\n");
	world_fini(&w);
}

TEST(several_filters_deliver_in_the_order_of_the_stream)
{
	struct consumer_config *g = world_config("C");
	struct slice            filters[] = { SLICE("a.*"), SLICE("*.z") };
	struct consumer        *c;

	world_init(&w);
	world_store(&w, "b.z", "1");
	world_store(&w, "b.y", "2");
	world_store(&w, "a.z", "3");
	world_store(&w, "a.y", "4");
	g->filters = filters;
	g->n_filters = 2;
	c = world_create(&w, g);
	holds(c, 0, 0, 0, 0, 0, 3);
	world_pull(&w, "10");
	CHECK_STR(world_said(&w), "in|b.z|$JS.ACK.S.C.1.1.1.T.2||1\n"
	    "in|a.z|$JS.ACK.S.C.1.3.2.T.1||3\nin|a.y|$JS.ACK.S.C.1.4.3.T.0||4\n");
	world_fini(&w);
}

TEST(what_is_deleted_ahead_is_not_counted_any_more)
{
	struct consumer *c = start(5);

	world_delete(&w, 3);
	holds(c, 0, 0, 0, 0, 0, 4);
	world_pull(&w, "10");
	CHECK_INT(w.n_said, 4);
	world_fini(&w);
}

TEST(a_double_ack_is_answered_also_for_what_is_not_pending)
{
	start(1);
	world_pull(&w, "1");
	world_said(&w);
	world_publish(&w, "$JS.ACK.S.C.1.1.1.1.0", "re", "", "");
	CHECK_STR(world_said(&w), "");
	world_turn(&w);
	CHECK_STR(world_said(&w), "re||||\n");
	world_publish(&w, "$JS.ACK.S.C.1.1.1.1.0", "re", "", "+nonsense");
	world_turn(&w);
	CHECK_STR(world_said(&w), "re||||\n");
	world_publish(&w, "$JS.ACK.S.C.1.7.7.1.0", "re", "", "");
	world_turn(&w);
	CHECK_STR(world_said(&w), "");
	world_fini(&w);
}

static int broken(struct disk *d, int fd, const void *p, size_t n, uint64_t at)
{
	(void)d, (void)fd, (void)p, (void)n, (void)at;
	return -EIO;
}

/* By what every client takes for an error: an answer of any other kind would
 * count as the confirmation. */
TEST(a_double_ack_that_cannot_be_remembered_is_refused)
{
	start(2);
	w.state_disk->pwrite = broken;
	world_pull(&w, "2");
	CHECK(store_error(w.stream.state) != 0);
	world_said(&w);
	world_publish(&w, "$JS.ACK.S.C.1.1.1.1.0", "re", "", "");
	world_turn(&w);
	CHECK_STR(world_said(&w),
	    "re|||NATS/1.0 503 input/output error;;|\n");
	world_fini(&w);
}

TEST(what_nobody_took_is_not_delivered)
{
	struct consumer *c = start(3);

	world_deafen(&w, "in");
	world_pull(&w, "3");
	holds(c, 0, 0, 0, 0, 0, 3);
	CHECK_INT(c->pull.n, 0);
	world_fini(&w);
}

TEST(paused_it_delivers_nothing_and_then_goes_on)
{
	struct consumer *c = start(3);
	struct js_error  e = { 0 };

	CHECK(consumer_pause(c, w.host.now_ns + INT64_C(1700000000) * NS_PER_S +
	    5 * NS_PER_S, &e));
	world_pull(&w, "1");
	CHECK_INT(w.n_said, 0);
	world_pass(&w, 6 * NS_PER_S);
	CHECK_INT(w.n_said, 1);
	world_fini(&w);
}

TEST(an_idle_consumer_is_small_and_sets_no_timer)
{
	start(3);
	CHECK(sizeof(struct consumer) < 1024);
	CHECK_INT(timer_next_ns(&w.host.timers), INT64_MAX);
	world_fini(&w);
}

static void write_info(const struct consumer *c, struct buf *b)
{
	struct json_writer j;

	buf_reset(b);
	json_init(&j, b, 0);
	json_begin_object(&j);
	consumer_write_info(c, true, &j);
	json_end_object(&j);
	buf_put_char(b, 0);
}

TEST(information_says_how_far_behind_it_is)
{
	struct consumer *c = start(1);
	struct buf       b = { 0 };

	world_pass(&w, 7 * NS_PER_S);
	write_info(c, &b);
	CHECK(strstr(b.p, "\"mote.lag_seconds\":\"7\"") != NULL, "%s", b.p);
	world_pull(&w, "1");
	write_info(c, &b);
	CHECK(strstr(b.p, "mote.lag") == NULL, "%s", b.p);
	CHECK(strstr(b.p, "\"delivered\":{\"consumer_seq\":1,\"stream_seq\":1,"
	    "\"last_active\"") != NULL, "%s", b.p);
	CHECK(strstr(b.p, "\"num_ack_pending\":1,\"num_redelivered\":0,"
	    "\"num_waiting\":0,\"num_pending\":0") != NULL, "%s", b.p);
	buf_fini(&b);
	world_fini(&w);
}

/* C, whose only message is delivered once; what it gives up goes to the stream
 * DEAD, of a world of its own. */
static struct world *with_dead_letters(int64_t max_deliver)
{
	static struct js_metadata key = { { "mote.dead_letter_stream", 23 },
		{ "DEAD", 4 } };
	struct consumer_config   *g = world_config("C");
	struct world             *dead = calloc(1, sizeof *dead);

	world_init(dead);
	world_init(&w);
	dead->stream.name = SLICE("DEAD");
	w.other = &dead->stream;
	world_store(&w, "x", "body");
	g->metadata = &key;
	g->n_metadata = 1;
	g->max_deliver = max_deliver;
	world_create(&w, g);
	world_pull(&w, "1");
	return dead;
}

/* The message stays pending until the letter is on the disk. */
static void holds_letter(struct world *dead, const char *reason)
{
	struct consumer *c = stream_find_consumer(&w.stream, SLICE("C"));
	struct store_msg m = { 0 };

	CHECK_INT(c->pending.n, 1);
	CHECK_INT(store_durable_seq(dead->stream.store), 0);
	world_turn(dead);
	CHECK_INT(c->pending.n, 0);
	CHECK_INT(store_durable_seq(dead->stream.store), 1);
	CHECK_INT(store_read(dead->stream.store, 1, &m), 0);
	CHECK_SLICE(m.body, SLICE("body"));
	CHECK(memmem(m.hdr.p, m.hdr.n, reason, strlen(reason)), "%s", reason);
	CHECK(memmem(m.hdr.p, m.hdr.n, "Mote-Dead-Sequence: 1\r\n", 23));
	store_msg_fini(&m);
	world_fini(dead);
	free(dead);
	world_fini(&w);
}

TEST(what_was_terminated_is_kept_by_the_dead_letter_stream)
{
	struct world *dead = with_dead_letters(-1);

	world_answer(&w, "+TERM no good", 1, 1, 1);
	world_answer(&w, "+TERM", 1, 1, 1);	/* once is enough */
	world_answer(&w, "-NAK", 1, 1, 1);
	holds_letter(dead, "Mote-Dead-Reason: terminated\r\n");
}

TEST(what_was_delivered_too_often_is_kept_too)
{
	struct world *dead = with_dead_letters(1);

	world_pass(&w, 31 * NS_PER_S);
	holds(stream_find_consumer(&w.stream, SLICE("C")), 1, 1, 0, 0, 1, 0);
	holds_letter(dead, "Mote-Dead-Reason: max_deliver\r\n");
}

/* It cannot be stored: it is delivered no more, and tried again when due. */
TEST(what_cannot_be_put_away_stays_and_is_tried_again)
{
	struct world    *dead = with_dead_letters(1);
	struct consumer *c = stream_find_consumer(&w.stream, SLICE("C"));

	world_pass(&w, 31 * NS_PER_S);
	CHECK_INT(store_totals(dead->stream.store).n_msgs, 1);
	world_fail_waiters(dead, ERR_NOSPC);
	CHECK_INT(c->pending.n, 1);
	world_pass(&w, 31 * NS_PER_S);
	CHECK_INT(store_totals(dead->stream.store).n_msgs, 2);
	world_turn(dead);
	CHECK_INT(c->pending.n, 0);
	world_fini(dead);
	free(dead);
	world_fini(&w);
}

TEST(a_work_queue_has_one_consumer_for_each_subject)
{
	struct slice a = SLICE("a.*"), b = SLICE("b");
	const struct {
		const char         *name;
		struct slice       *filter;
		enum ack_policy     ack;
		enum deliver_policy from;
		int                 err;
	} t[] = {
		{ "none", &a, ACK_NONE, DELIVER_ALL, 10098 },
		{ "late", &a, ACK_EXPLICIT, DELIVER_NEW, 10101 },
		{ "a", &a, ACK_EXPLICIT, DELIVER_ALL, 0 },
		{ "all", NULL, ACK_EXPLICIT, DELIVER_ALL, 10099 },
		{ "same", &a, ACK_EXPLICIT, DELIVER_ALL, 10100 },
		{ "b", &b, ACK_EXPLICIT, DELIVER_ALL, 0 },
	};

	world_init(&w);
	w.config.retention = RETENTION_WORKQUEUE;
	for (size_t i = 0; i < N_OF(t); i++) {
		struct consumer_config *g = world_config(t[i].name);
		struct js_error         e = { 0 };

		g->filters = t[i].filter;
		g->n_filters = t[i].filter != NULL;
		g->ack_policy = t[i].ack;
		g->deliver_policy = t[i].from;
		consumer_create(&w.stream, g, &e);
		CHECK_INT(e.err_code, t[i].err, "%s", t[i].name);
	}
	world_fini(&w);
}

TEST(beside_an_unfiltered_one_a_filter_is_not_unique)
{
	struct consumer_config *g = world_config("some");
	struct slice            filter = SLICE("a");
	struct js_error         e = { 0 };

	world_init(&w);
	w.config.retention = RETENTION_WORKQUEUE;
	world_create(&w, world_config("all"));
	g->filters = &filter;
	g->n_filters = 1;
	CHECK(consumer_create(&w.stream, g, &e) == NULL);
	CHECK_INT(e.err_code, 10100);
	world_fini(&w);
}

static void are_found(const char *const *names, size_t n)
{
	struct list *at = w.stream.consumers.next;

	CHECK_INT(w.stream.n_consumers, n);
	for (size_t i = 0; i < n; i++, at = at->next) {
		CHECK(stream_find_consumer(&w.stream, slice_str(names[i])) ==
		    consumer_of(at), "%s", names[i]);
		CHECK_SLICE(consumer_name(consumer_of(at)),
		    slice_str(names[i]));
	}
	CHECK(at == &w.stream.consumers);
}

TEST(consumers_are_found_and_listed_by_name_as_they_come_and_go)
{
	static const char *const come[] = { "m", "b", "z", "a", "bb", "y" };
	static const char *const all[] = { "a", "b", "bb", "m", "y", "z" };
	static const char *const left[] = { "b", "bb", "y" };

	world_init(&w);
	for (size_t i = 0; i < N_OF(come); i++)
		world_create(&w, world_config(come[i]));
	are_found(all, N_OF(all));
	CHECK(stream_find_consumer(&w.stream, SLICE("c")) == NULL);
	CHECK(stream_find_consumer(&w.stream, SLICE("zz")) == NULL);
	for (size_t i = 0; i < N_OF(all); i++)
		if (all[i][1] == 0 && all[i][0] != 'b' && all[i][0] != 'y')
			consumer_delete(stream_find_consumer(&w.stream,
			    slice_str(all[i])));
	are_found(left, N_OF(left));
	CHECK(stream_find_consumer(&w.stream, SLICE("m")) == NULL);
	world_fini(&w);
}

TEST(only_its_own_acks_are_taken_by_a_consumer)
{
	static const char *const foreign[] = {
		"$JS.ACK.S.C.1.1.1",
		"$JS.ACK.S.C.1.1.1.1.0.more", "$JS.ACK.A.B.S.C.1.1.1.1",
		"$JS.ACK.S.C.A.B.1.1.1.1.0" };
	struct consumer *c = start(1);

	world_pull(&w, "1");
	CHECK_INT(c->pending.n, 1);
	for (size_t i = 0; i < N_OF(foreign); i++) {
		world_publish(&w, foreign[i], "", "", "+ACK");
		CHECK_INT(c->pending.n, 1, "%s", foreign[i]);
	}
	/* the second form of its own, which the first one's pattern lets in */
	world_publish(&w, "$JS.ACK.S.C.S.C.1.1.1.1.0", "", "", "+ACK");
	CHECK_INT(c->pending.n, 0);
	world_turn(&w);
	world_fini(&w);
}
