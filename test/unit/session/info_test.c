/* test/unit/session/info_test.c - pairs with src/session/info.c.
 *
 * A clone must not depend on what it was made from: the original's bytes are
 * overwritten before the clone is looked at. */
#include "check.h"
#include "session/info.h"

static struct sub_info sub_of(const char *subject, const char *queue,
    const char *sid, uint64_t n_msgs)
{
	return (struct sub_info){
		.subject = slice_str(subject), .queue = slice_str(queue),
		.sid = slice_str(sid), .n_msgs = n_msgs, .msgs_max = 9, .cid = 7,
	};
}

TEST(a_list_gives_back_what_was_added_in_order)
{
	struct sub_info_list list = { 0 };
	struct sub_info      sub;
	char                 subject[64], sid[16];
	size_t               at = 0;
	unsigned             n = 0;

	for (unsigned i = 0; i < 500; i++) {
		snprintf(subject, sizeof subject, "a.%.*s.%u", (int)(i % 40),
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", i);
		snprintf(sid, sizeof sid, "%u", i);
		sub = sub_of(subject, i % 2 == 0 ? "" : "workers", sid, i);
		sub_info_add(&list, &sub);
	}
	CHECK(!list.failed);
	CHECK_INT(list.n_subs, 500);
	for (; sub_info_next(&list, &at, &sub); n++) {
		snprintf(subject, sizeof subject, "a.%.*s.%u", (int)(n % 40),
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", n);
		snprintf(sid, sizeof sid, "%u", n);
		CHECK_SLICE(sub.subject, slice_str(subject));
		CHECK_SLICE(sub.sid, slice_str(sid));
		CHECK_SLICE(sub.queue, slice_str(n % 2 == 0 ? "" : "workers"));
		CHECK_INT(sub.n_msgs, n);
		CHECK_INT(sub.msgs_max, 9);
		CHECK_INT(sub.cid, 7);
		CHECK_INT(sub.account.n, 0);
	}
	CHECK_INT(n, 500);
	sub_info_list_fini(&list);
	at = 0;
	CHECK(!sub_info_next(&list, &at, &sub), "finished, the list is empty");
}

TEST(a_clone_lives_on_its_own)
{
	char ip[] = "127.0.0.1", name[] = "probe", user[] = "u", subject[] = "x.>";
	struct client_info info = {
		.cid = 5, .ip = slice_str(ip), .port = 4000,
		.name = slice_str(name), .user = slice_str(user),
		.reason = CLOSE_STALE, .start_ns = 1, .stop_ns = 2,
	};
	struct client_info *clone;
	struct sub_info     sub = sub_of(subject, "", "12", 3);
	size_t              at = 0;

	sub_info_add(&info.subs, &sub);
	clone = client_info_clone(&info);
	CHECK(clone != NULL);
	CHECK_INT(client_info_size(clone), client_info_size(&info));
	memset(ip, 'x', sizeof ip - 1);
	memset(name, 'x', sizeof name - 1);
	memset(user, 'x', sizeof user - 1);
	memset(info.subs.p, 'x', info.subs.n);
	client_info_fini(&info);
	CHECK_INT(info.subs.n_subs, 0);

	CHECK_SLICE(clone->ip, SLICE("127.0.0.1"));
	CHECK_SLICE(clone->name, SLICE("probe"));
	CHECK_SLICE(clone->user, SLICE("u"));
	CHECK_INT(clone->lang.n, 0);
	CHECK_INT(clone->reason, CLOSE_STALE);
	CHECK_INT(clone->port, 4000);
	CHECK_INT(clone->subs.n_subs, 1);
	CHECK(sub_info_next(&clone->subs, &at, &sub));
	CHECK_SLICE(sub.subject, SLICE("x.>"));
	CHECK_SLICE(sub.sid, SLICE("12"));
	CHECK(!sub_info_next(&clone->subs, &at, &sub));
	client_info_destroy(clone);
	client_info_destroy(NULL);
}
