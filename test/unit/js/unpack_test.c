/* unpack_test.c - pairs with src/js/unpack.c and src/js/pack.c: what was packed
 * is unpacked to the same, in both forms and wherever it is cut; damage and cuts
 * are noticed.  test/js/snapshot has nats-server at the other end. */
#include "js/unpack.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "check.h"
#include "consumer_world.h"
#include "js/pack.h"

#define NEXT "$JS.API.CONSUMER.MSG.NEXT.S.C"

static struct world from, to;

static void prepare(struct world *w, enum storage storage)
{
	world_init(w);
	w->config.storage = storage;
	w->account.limits.max_memory = w->account.limits.max_storage = -1;
}

/* Messages 3 to 40, some gone, the last two as well; a consumer that has
 * delivered 6. */
static void fill(enum storage storage)
{
	char subject[16];

	prepare(&from, storage);
	for (int i = 1; i <= 40; i++) {
		snprintf(subject, sizeof subject, "x.%d", i % 5);
		world_store(&from, subject, "some text, some text");
	}
	world_create(&from, world_config("C"));
	world_publish(&from, NEXT, "in", "", "6");
	world_turn(&from);
	CHECK_INT(store_skip_to(from.stream.store, 9000), 0);
	world_store(&from, "far", "away");
	for (uint64_t seq = 1; seq <= 2; seq++)
		world_delete(&from, seq);
	world_delete(&from, 20);
	world_delete(&from, 9000);
}

static void pack_all(struct buf *out, bool is_tar)
{
	struct pack *p = pack_create(&from.stream, true, is_tar);
	int          rc = 1;

	CHECK(p != NULL);
	while (rc == 1)
		rc = pack_some(p, out);
	CHECK_INT(rc, 0, "%s", pack_why(p));
	pack_destroy(p);
}

/* 0, or why not. */
static int unpack_all(struct slice raw, size_t piece)
{
	struct unpack *u = unpack_create(&to.stream);
	int            rc = 0;

	while (raw.n > 0 && rc == 0) {
		size_t n = piece < raw.n ? piece : raw.n;

		CHECK(unpack_give(u, slice_of(raw.p, n)));
		raw = slice_skip(raw, n);
		do
			rc = unpack_some(u, 1000);
		while (rc == 1);
	}
	while (rc == 0 && (rc = unpack_finish(u)) == ERR_BUSY)
		rc = 0;
	CHECK_INT(rc != 0, js_failed(unpack_why(u)));
	unpack_destroy(u);
	return rc;
}

static void check_messages(void)
{
	struct store_msg a = { 0 }, b = { 0 };
	uint64_t         seq = 0, other;

	while (store_find_next(from.stream.store, SLICE_NONE, seq + 1, &seq) ==
	    0) {
		CHECK_INT(store_read(from.stream.store, seq, &a), 0);
		CHECK_INT(store_read(to.stream.store, seq, &b), 0);
		CHECK_SLICE(b.subject, a.subject);
		CHECK_SLICE(b.body, a.body);
		CHECK_INT(b.ts_ns, a.ts_ns);
		CHECK_INT(store_find_next(to.stream.store, SLICE_NONE, seq,
		    &other), 0);
		CHECK_INT(other, seq);
	}
	store_msg_fini(&a);
	store_msg_fini(&b);
}

static void check_same(void)
{
	struct store_state   a, b;
	struct consumer_view va, vb;
	struct consumer     *c = stream_find_consumer(&to.stream, SLICE("C"));

	check_messages();
	store_get_state(from.stream.store, &a);
	store_get_state(to.stream.store, &b);
	CHECK_INT(b.n_msgs, a.n_msgs);
	CHECK_INT(b.first_seq, a.first_seq);
	CHECK_INT(b.last_seq, a.last_seq);
	CHECK(c != NULL);
	consumer_look(stream_find_consumer(&from.stream, SLICE("C")), &va);
	consumer_look(c, &vb);
	CHECK_INT(vb.delivered.stream_seq, va.delivered.stream_seq);
	CHECK_INT(vb.n_ack_pending, va.n_ack_pending);
	CHECK_INT(vb.n_pending, va.n_pending);
}

static void goes_there_and_back(enum storage storage, bool is_tar)
{
	static const size_t pieces[] = { 1, 100, SIZE_MAX };
	struct buf          raw = { 0 };

	fill(storage);
	pack_all(&raw, is_tar);
	for (size_t i = 0; i < N_OF(pieces); i++) {
		prepare(&to, storage);
		CHECK_INT(unpack_all(buf_slice(&raw), pieces[i]), 0);
		check_same();
		world_fini(&to);
	}
	buf_fini(&raw);
	world_fini(&from);
}

TEST(a_stream_on_disk_goes_over)
{
	goes_there_and_back(STORAGE_FILE, false);
}

TEST(a_stream_on_disk_goes_over_as_a_tar)
{
	goes_there_and_back(STORAGE_FILE, true);
}

TEST(a_stream_in_memory_goes_over)
{
	goes_there_and_back(STORAGE_MEMORY, false);
}

/* How many there are was said before; this one is put as it was at its end. */
TEST(a_consumer_that_is_deleted_meanwhile_is_there)
{
	struct buf   raw = { 0 };
	struct pack *p;
	int          rc = 1;

	fill(STORAGE_FILE);
	world_create(&from, world_config("B"));
	world_create(&from, world_config("D"));
	p = pack_create(&from.stream, true, false);
	CHECK(p != NULL);
	CHECK_INT(pack_some(p, &raw), 1);
	CHECK_INT(consumer_delete(stream_find_consumer(&from.stream,
	    SLICE("B"))), 0);
	world_create(&from, world_config("E"));
	while (rc == 1)
		rc = pack_some(p, &raw);
	CHECK_INT(rc, 0, "%s", pack_why(p));
	pack_destroy(p);
	prepare(&to, STORAGE_FILE);
	CHECK_INT(unpack_all(buf_slice(&raw), SIZE_MAX), 0);
	check_same();
	CHECK_INT(to.stream.n_consumers, 3);
	CHECK(stream_find_consumer(&to.stream, SLICE("B")) != NULL);
	CHECK(stream_find_consumer(&to.stream, SLICE("E")) == NULL);
	world_fini(&to);
	buf_fini(&raw);
	world_fini(&from);
}

/* It is as large as it is because it is plain; each bit is under some sum. */
static void notices_all(bool is_tar)
{
	struct buf raw = { 0 };

	fill(STORAGE_FILE);
	pack_all(&raw, is_tar);
	for (size_t at = 0; at < raw.n; at++) {
		prepare(&to, STORAGE_FILE);
		CHECK(unpack_all(slice_of(raw.p, at), SIZE_MAX) != 0,
		    "cut at %zu", at);
		world_fini(&to);
		prepare(&to, STORAGE_FILE);
		raw.p[at] ^= 0x10;
		if (unpack_all(buf_slice(&raw), SIZE_MAX) == 0)
			check_same();
		raw.p[at] ^= 0x10;
		world_fini(&to);
	}
	buf_fini(&raw);
	world_fini(&from);
}

TEST(damage_to_a_tar_is_noticed)
{
	notices_all(true);
}

TEST(damage_to_messages_is_noticed)
{
	notices_all(false);
}

TEST(what_an_account_may_hold_is_not_exceeded)
{
	struct buf raw = { 0 };

	fill(STORAGE_FILE);
	pack_all(&raw, false);
	prepare(&to, STORAGE_FILE);
	to.account.limits.max_storage = 200;
	CHECK_INT(unpack_all(buf_slice(&raw), 50), ERR_LIMIT);
	world_fini(&to);
	buf_fini(&raw);
	world_fini(&from);
}
