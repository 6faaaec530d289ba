/* test/unit/js/stream_sync_test.c - pairs with src/js/stream_sync.c: what a
 * publisher is told that is refused. */
#include "js/stream_int.h"

#include "check.h"
#include "consumer_world.h"
#include "js/errors.h"

static struct world w;

static bool was_said(const char *text)
{
	return w.said.n > 0 && memmem(w.said.p, w.said.n, text, strlen(text)) !=
	    NULL;
}

static void refuse(unsigned code)
{
	struct js_error e = { 0 };

	js_fail(&e, code);
	stream_refuse(&w.stream, SLICE("inbox"), &e);
}

TEST(a_refusal_says_what_and_of_which_stream)
{
	world_init(&w);
	refuse(10054);
	CHECK(was_said("inbox|"));
	CHECK(was_said("\"err_code\":10054"));
	CHECK(was_said("\"seq\":0}"));
	CHECK(!was_said("NATS/1.0"));
	world_fini(&w);
}

TEST(too_much_that_waits_is_told_in_the_headers_too)
{
	world_init(&w);
	refuse(10167);
	CHECK(was_said("NATS/1.0 429 Too Many Requests"));
	CHECK(was_said("\"code\":429,\"err_code\":10167"));
	world_fini(&w);
}

TEST(who_wants_no_acknowledgement_hears_of_no_refusal)
{
	world_init(&w);
	w.config.no_ack = true;
	refuse(10167);
	CHECK_INT(w.n_said, 0);
	w.config.no_ack = false;
	stream_refuse(&w.stream, SLICE_NONE, &(struct js_error){ 0 });
	CHECK_INT(w.n_said, 0);
	world_fini(&w);
}
