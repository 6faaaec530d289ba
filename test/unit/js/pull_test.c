/* pull_test.c - requests and what ends them (reference, appendix K). */
#include "base/clock.h"
#include "check.h"
#include "consumer_world.h"
#include "js/errors.h"

#define NEXT "$JS.API.CONSUMER.MSG.NEXT.S.C"

static struct world w;

/* Messages of 300 bytes, counted as max_bytes counts. */
static void store(int n, bool is_large)
{
	char body[300] = "";

	memset(body, 'x', sizeof body - 1);
	body[300 - strlen("x") - strlen("$JS.ACK.S.C.1.1.1.") - 19 -
	    strlen(".9")] = 0;
	for (int i = 0; i < n; i++)
		world_store(&w, "x", is_large ? body : "m");
}

static struct consumer *start_with(int n, bool is_large,
    struct consumer_config *g)
{
	world_init(&w);
	store(n, is_large);
	return world_create(&w, g);
}

static struct consumer *start(int n)
{
	return start_with(n, false, world_config("C"));
}

static void ask_at(const char *inbox, const char *text)
{
	world_publish(&w, NEXT, inbox, "", text);
}

static void ask(const char *text)
{
	ask_at("in", text);
	world_turn(&w);
}

/* What was said, messages as "<inbox>m", statuses whole. */
static const char *heard(void)
{
	static char out[8192];
	const char *p = world_said(&w), *end;

	out[0] = 0;
	for (; *p != 0; p = end + 1) {
		size_t inbox = strcspn(p, "|");

		end = strchr(p, '\n');
		if (p[inbox + 1] == '|')
			snprintf(out + strlen(out), sizeof out - strlen(out),
			    "%.*s\n", (int)(end - p), p);
		else
			snprintf(out + strlen(out), sizeof out - strlen(out),
			    "%.*s m\n", (int)inbox, p);
	}
	return out;
}

TEST(a_request_that_is_not_filled_ends_at_its_time)
{
	start(3);
	ask("{\"batch\":10,\"expires\":1000000000}");
	CHECK_STR(heard(), "in m\nin m\nin m\n");
	world_pass(&w, NS_PER_S);
	CHECK_STR(heard(), "in|||NATS/1.0 408 Request Timeout;"
	    "Nats-Pending-Messages: 7;Nats-Pending-Bytes: 0;;|\n");
	world_fini(&w);
}

TEST(who_does_not_wait_hears_that_there_is_no_more)
{
	start(3);
	ask("{\"batch\":10,\"no_wait\":true}");
	CHECK_STR(heard(), "in m\nin m\nin m\n"
	    "in|||NATS/1.0 404 No Messages;;|\n");
	ask("{\"batch\":10,\"no_wait\":true}");
	CHECK_STR(heard(), "in|||NATS/1.0 404 No Messages;;|\n");
	world_fini(&w);
}

TEST(no_wait_with_a_time_waits_for_the_first)
{
	start(0);
	ask("{\"batch\":10,\"no_wait\":true,\"expires\":1000000000}");
	CHECK_STR(heard(), "");
	world_pass(&w, NS_PER_S / 2);
	store(1, false);
	world_turn(&w);
	CHECK_STR(heard(), "in m\nin|||NATS/1.0 404 No Messages;;|\n");
	ask("{\"batch\":10,\"no_wait\":true,\"expires\":1000000000}");
	world_pass(&w, NS_PER_S);
	CHECK_STR(heard(), "in|||NATS/1.0 408 Request Timeout;"
	    "Nats-Pending-Messages: 10;Nats-Pending-Bytes: 0;;|\n");
	world_fini(&w);
}

TEST(who_does_not_wait_does_not_wait_for_a_pause_to_end_either)
{
	struct consumer *c = start(3);
	struct js_error  e = { 0 };

	CHECK(consumer_pause(c, INT64_MAX, &e));
	ask("{\"batch\":1,\"no_wait\":true}");
	CHECK_STR(heard(), "in|||NATS/1.0 404 No Messages;;|\n");
	world_fini(&w);
}

TEST(who_does_not_wait_does_not_take_what_others_claim)
{
	start(3);
	ask_at("a", "10");
	ask("{\"batch\":5,\"no_wait\":true}");
	CHECK_STR(heard(), "in|||NATS/1.0 408 Requests Pending;;|\n"
	    "a m\na m\na m\n");
	world_fini(&w);
}

TEST(bytes_end_a_request)
{
	start_with(9, true, world_config("C"));
	ask("{\"batch\":100,\"max_bytes\":1000}");
	CHECK_STR(heard(), "in m\nin m\nin m\n"
	    "in|||NATS/1.0 409 Message Size Exceeds MaxBytes;"
	    "Nats-Pending-Messages: 97;Nats-Pending-Bytes: 100;;|\n");
	ask("{\"batch\":1,\"max_bytes\":100}");
	CHECK_STR(heard(), "in|||NATS/1.0 409 Message Size Exceeds MaxBytes;"
	    "Nats-Pending-Messages: 1;Nats-Pending-Bytes: 100;;|\n");
	ask("{\"batch\":2,\"max_bytes\":10000}");
	CHECK_STR(heard(), "in m\nin m\nin|||NATS/1.0 409 Batch Completed;"
	    "Nats-Pending-Messages: 0;Nats-Pending-Bytes: 9400;;|\n");
	world_fini(&w);
}

TEST(requests_are_served_in_turn)
{
	start(4);
	ask_at("a", "2");
	ask_at("b", "2");
	world_turn(&w);
	CHECK_STR(heard(), "a m\nb m\na m\nb m\n");
	world_fini(&w);
}

TEST(who_waits_hears_heartbeats)
{
	start(0);
	ask("{\"expires\":10000000000,\"idle_heartbeat\":4000000000}");
	world_pass(&w, 9 * NS_PER_S);
	CHECK_STR(heard(), "in|||NATS/1.0 100 Idle Heartbeat;"
	    "Nats-Last-Consumer: 0;Nats-Last-Stream: 0;;|\n"
	    "in|||NATS/1.0 100 Idle Heartbeat;"
	    "Nats-Last-Consumer: 0;Nats-Last-Stream: 0;;|\n");
	world_pass(&w, NS_PER_S);
	CHECK_STR(heard(), "in|||NATS/1.0 408 Request Timeout;"
	    "Nats-Pending-Messages: 1;Nats-Pending-Bytes: 0;;|\n");
	ask("{\"expires\":10000000000,\"idle_heartbeat\":6000000000}");
	CHECK_STR(heard(),
	    "in|||NATS/1.0 400 Bad Request - heartbeat value too large;;|\n");
	world_fini(&w);
}

TEST(nothing_and_a_number_are_requests_too)
{
	start(4);
	ask("");
	CHECK_STR(heard(), "in m\n");
	ask("3");
	CHECK_STR(heard(), "in m\nin m\nin m\n");
	world_fini(&w);
}

TEST(an_ack_may_ask_for_the_next_ones)
{
	struct consumer *c = start(3);

	ask("1");
	heard();
	world_publish(&w, "$JS.ACK.S.C.1.1.1.1.2", "re", "", "+NXT 2");
	world_turn(&w);
	CHECK_STR(heard(), "re m\nre m\n");
	CHECK_INT(c->pending.n, 2);
	world_fini(&w);
}

TEST(a_full_queue_refuses)
{
	struct consumer_config *g = world_config("C");

	g->max_waiting = 1;
	start_with(0, false, g);
	ask_at("a", "{\"expires\":5000000000}");
	ask("1");
	CHECK_STR(heard(), "in|||NATS/1.0 409 Exceeded MaxWaiting;;|\n");
	world_deafen(&w, "a");
	world_pass(&w, 2 * NS_PER_S);
	ask("1");
	CHECK_STR(heard(), "");
	store(1, false);
	world_turn(&w);
	CHECK_STR(heard(), "in m\n");
	world_fini(&w);
}

TEST(limits_of_requests_are_told)
{
	struct consumer_config *g = world_config("C");

	g->max_batch = 5;
	g->max_expires_ns = NS_PER_S;
	g->max_bytes = 100;
	start_with(0, false, g);
	ask("6");
	ask("{\"expires\":2000000000}");
	ask("{\"max_bytes\":101}");
	CHECK_STR(heard(),
	    "in|||NATS/1.0 409 Exceeded MaxRequestBatch of 5;;|\n"
	    "in|||NATS/1.0 409 Exceeded MaxRequestExpires of 1s;;|\n"
	    "in|||NATS/1.0 409 Exceeded MaxRequestMaxBytes of 100;;|\n");
	world_fini(&w);
}

TEST(its_end_is_told_to_all_who_wait)
{
	struct consumer *c = start(0);

	ask_at("a", "2");
	ask_at("b", "1");
	consumer_delete(c);
	CHECK_STR(heard(), "a|||NATS/1.0 409 Consumer Deleted;;|\n"
	    "b|||NATS/1.0 409 Consumer Deleted;;|\n");
	world_fini(&w);
	start(0);
	ask_at("a", "{\"batch\":2,\"max_bytes\":50}");
	LIST_EACH(l, &w.stream.consumers)
		consumer_close(consumer_of(l));
	CHECK_STR(heard(), "a|||NATS/1.0 409 Server Shutdown;"
	    "Nats-Pending-Messages: 2;Nats-Pending-Bytes: 50;;|\n");
	world_fini(&w);
}

static struct consumer_config *grouped(enum priority_policy p)
{
	static struct slice     group = { "g", 1 };
	struct consumer_config *g = world_config("C");

	g->priority = p;
	g->groups = &group;
	g->n_groups = 1;
	g->priority_timeout_ns = 10 * NS_PER_S;
	return g;
}

TEST(overflow_serves_who_asks_for_little_only_when_much_is_there)
{
	start_with(3, false, grouped(PRIORITY_OVERFLOW));
	ask("1");
	ask("{\"group\":\"h\"}");
	CHECK_STR(heard(),
	    "in|||NATS/1.0 400 Bad Request - Priority Group missing;;|\n"
	    "in|||NATS/1.0 400 Bad Request - Invalid Priority Group;;|\n");
	ask_at("o", "{\"group\":\"g\",\"batch\":5,\"min_pending\":5}");
	world_turn(&w);
	CHECK_STR(heard(), "");
	store(2, false);
	world_turn(&w);
	CHECK_STR(heard(), "o m\n");
	ask("{\"group\":\"g\",\"batch\":1}");
	CHECK_STR(heard(), "in m\n");
	world_fini(&w);
}

TEST(the_first_is_pinned_until_it_is_silent_for_too_long)
{
	struct consumer *c = start_with(3, false, grouped(PRIORITY_PINNED));
	char             text[100];

	ask_at("a", "{\"group\":\"g\",\"batch\":1}");
	ask_at("b", "{\"group\":\"g\",\"batch\":1}");
	world_turn(&w);
	CHECK(strstr(w.said.p, "Nats-Pin-Id: ") != NULL);
	CHECK_STR(heard(), "a m\n");
	ask_at("c", "{\"group\":\"g\",\"id\":\"wrong\"}");
	CHECK_STR(heard(), "c|||NATS/1.0 423 Nats-Pin-Id mismatch;;|\n");
	snprintf(text, sizeof text, "{\"group\":\"g\",\"id\":\"%.22s\"}",
	    c->pull.pin);
	ask_at("a", text);
	world_turn(&w);
	CHECK_STR(heard(), "a m\n");
	world_pass(&w, 11 * NS_PER_S);
	CHECK_STR(heard(), "b m\n");
	world_fini(&w);
}

TEST(who_was_unpinned_is_told_when_its_turn_comes)
{
	struct consumer *c = start_with(2, false, grouped(PRIORITY_PINNED));
	struct js_error  e = { 0 };
	char             text[100];

	ask_at("a", "{\"group\":\"g\",\"batch\":1}");
	world_turn(&w);
	CHECK_STR(heard(), "a m\n");
	snprintf(text, sizeof text, "{\"group\":\"g\",\"id\":\"%.22s\"}",
	    c->pull.pin);
	CHECK(consumer_unpin(c, SLICE("g"), &e));
	world_turn(&w);
	heard();
	ask_at("a", text);
	world_turn(&w);
	CHECK_STR(heard(), "a|||NATS/1.0 423 Nats-Wrong-Pin-Id;"
	    "Nats-Pending-Messages: 1;Nats-Pending-Bytes: 0;;|\n");
	world_fini(&w);
}

TEST(the_lower_number_is_served_first)
{
	start_with(0, false, grouped(PRIORITY_PRIORITIZED));
	ask_at("a", "{\"group\":\"g\",\"batch\":2,\"priority\":2}");
	ask_at("b", "{\"group\":\"g\",\"batch\":2,\"priority\":1}");
	ask_at("c", "{\"group\":\"g\",\"batch\":2,\"priority\":1}");
	store(5, false);
	world_turn(&w);
	CHECK_STR(heard(), "b m\nc m\nb m\nc m\na m\n");
	world_fini(&w);
}

TEST(one_that_nobody_asks_goes_when_no_ack_can_come_any_more)
{
	struct consumer_config *g = world_config("C");

	g->inactive_ns = 5 * NS_PER_S;
	start_with(1, false, g);
	ask("1");
	world_pass(&w, 34 * NS_PER_S);
	CHECK_INT(w.stream.n_consumers, 1);
	world_pass(&w, 12 * NS_PER_S);
	CHECK_INT(w.stream.n_consumers, 0);
	world_fini(&w);
}
