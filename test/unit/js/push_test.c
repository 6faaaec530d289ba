/* push_test.c - delivering to a subject, at the receiver's pace. */
#include "base/clock.h"
#include "check.h"
#include "consumer_world.h"
#include "js/errors.h"
#include "js/push.h"

static struct world w;

static struct consumer_config *to(const char *subject)
{
	struct consumer_config *g = world_config("C");

	g->deliver_subject = slice_str(subject);
	return g;
}

static void store(int n, const char *body)
{
	for (int i = 0; i < n; i++)
		world_store(&w, "x", body);
}

TEST(messages_go_to_the_deliver_subject_as_they_come)
{
	world_init(&w);
	world_create(&w, to("dest"));
	store(2, "m");
	world_turn(&w);
	CHECK_STR(world_said(&w), "dest|x|$JS.ACK.S.C.1.1.1.T.1||m\n"
	    "dest|x|$JS.ACK.S.C.1.2.2.T.0||m\n");
	CHECK_INT(timer_next_ns(&w.host.timers), w.host.now_ns + 30 * NS_PER_S);
	world_fini(&w);
}

TEST(it_waits_for_somebody_to_listen)
{
	world_init(&w);
	world_deafen(&w, "dest");
	world_create(&w, to("dest"));
	CHECK_INT(timer_next_ns(&w.host.timers), INT64_MAX);
	store(2, "m");
	world_pass(&w, NS_PER_S);
	CHECK_INT(w.n_said, 0);
	world_deafen(&w, "");
	world_pass(&w, NS_PER_S);
	CHECK_INT(w.n_said, 2);
	world_fini(&w);
}

TEST(the_idle_one_beats)
{
	struct consumer_config *g = to("dest");

	world_init(&w);
	g->heartbeat_ns = NS_PER_S;
	world_create(&w, g);
	store(1, "m");
	world_turn(&w);
	world_said(&w);
	world_pass(&w, NS_PER_S + 1);
	CHECK_STR(world_said(&w), "dest|||NATS/1.0 100 Idle Heartbeat;"
	    "Nats-Last-Consumer: 1;Nats-Last-Stream: 1;;|\n");
	world_fini(&w);
}

static size_t count(const char *in, const char *what)
{
	size_t n = 0;

	while ((in = strstr(in, what)) != NULL) {
		n++;
		in += strlen(what);
	}
	return n;
}

/* The reply of the last flow control request. */
static void answer_flow(const char *headers)
{
	char        subject[64];
	const char *p = w.said.p, *last = NULL;

	while ((p = strstr(p, "|$JS.FC.")) != NULL)
		last = ++p;
	CHECK(last != NULL);
	snprintf(subject, sizeof subject, "%.*s", (int)strcspn(last, "|"),
	    last);
	buf_reset(&w.said);
	w.n_said = 0;
	world_publish(&w, subject, "", headers, "");
	world_turn(&w);
}

static void end_text(void)
{
	buf_put_char(&w.said, 0);
	w.said.n--;
}

TEST(no_more_is_on_its_way_than_the_window)
{
	struct consumer_config *g = to("dest");
	static char             body[256 << 10];
	size_t                  n;

	world_init(&w);
	memset(body, 'b', sizeof body - 1);
	g->flow_control = true;
	g->heartbeat_ns = 60 * NS_PER_S;
	g->ack_policy = ACK_NONE;
	world_create(&w, g);
	store(40, body);
	world_turn(&w);
	end_text();
	n = count(w.said.p, "|x|");
	CHECK(n >= 8 && n <= 9, "%zu", n);
	CHECK_INT(count(w.said.p, "100 FlowControl Request"), 1);
	answer_flow("");
	end_text();
	n = count(w.said.p, "|x|");
	CHECK(n >= 8, "%zu", n);
	world_fini(&w);
}

TEST(with_ack_policy_flow_control_its_answers_acknowledge)
{
	struct consumer_config *g = to("dest");
	struct consumer        *c;

	world_init(&w);
	g->ack_policy = ACK_FLOW_CONTROL;
	g->ack_wait_ns = 0;
	g->flow_control = true;
	g->heartbeat_ns = NS_PER_S;
	g->max_ack_pending = 3;
	c = world_create(&w, g);
	store(5, "m");
	world_turn(&w);
	CHECK_INT(w.n_said, 4);
	end_text();
	answer_flow("NATS/1.0\r\nNats-Last-Consumer: 2\r\n"
	    "Nats-Last-Stream: 2\r\n\r\n");
	CHECK_INT(c->floor.stream_seq, 2);
	CHECK_INT(c->pending.n, 3);
	world_fini(&w);
}

TEST(a_rate_is_kept)
{
	struct consumer_config *g = to("dest");

	world_init(&w);
	w.config.max_msg_size = 1000;
	g->rate_limit_bps = 8 * 1000;
	g->ack_policy = ACK_NONE;
	world_create(&w, g);
	store(100, "0123456789012345678901234567890123456789012345678901234567"
	    "890123456789012345678901234567890123456789");
	world_turn(&w);
	CHECK(w.n_said >= 7 && w.n_said < 12, "%zu", w.n_said);
	world_pass(&w, 3 * NS_PER_S);
	CHECK(w.n_said > 25 && w.n_said < 40, "%zu", w.n_said);
	world_fini(&w);
}

TEST(headers_only_tells_the_size)
{
	struct consumer_config *g = to("dest");

	world_init(&w);
	g->headers_only = true;
	world_create(&w, g);
	store(1, "12345");
	world_turn(&w);
	CHECK_STR(world_said(&w), "dest|x|$JS.ACK.S.C.1.1.1.T.0|"
	    "NATS/1.0;Nats-Msg-Size: 5;;|\n");
	world_fini(&w);
}

TEST(a_pull_request_is_refused)
{
	world_init(&w);
	world_create(&w, to("dest"));
	world_publish(&w, "$JS.API.CONSUMER.MSG.NEXT.S.C", "in", "", "");
	CHECK_STR(world_said(&w),
	    "in|||NATS/1.0 409 Consumer is push based;;|\n");
	world_fini(&w);
}

TEST(an_ephemeral_that_nobody_hears_goes)
{
	struct consumer_config *g = to("dest");

	world_init(&w);
	g->inactive_ns = 5 * NS_PER_S;
	world_create(&w, g);
	world_pass(&w, 60 * NS_PER_S);
	CHECK_INT(w.stream.n_consumers, 1);
	world_deafen(&w, "dest");
	world_pass(&w, 11 * NS_PER_S);
	CHECK_INT(w.stream.n_consumers, 0);
	world_fini(&w);
}
