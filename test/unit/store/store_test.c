/* test/unit/store/store_test.c - pairs with src/store/store.c and its parts.
 *
 * The store has one promise with many ways to break it, so most of it is
 * played at random against a naive model (lib/store_model): on blocks of 4 KB,
 * so that a thousand messages make many of them.  test/crash has the cuts, the
 * flips and the failures.
 */
#include "store/store.h"

#include <errno.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "check.h"
#include "fake_disk.h"
#include "store/pool.h"
#include "store/ramdisk.h"
#include "store/seal.h"
#include "store_model.h"

static struct store_config config_of(struct disk *d, struct model *m)
{
	return model_flavour((struct store_config){ .disk = d, .block_bytes = 4096,
		.reserve_bytes = 65536, .cost = { 30, 4 },
		.lost = model_lost, .ctx = m });
}

static void play(struct model *m, int n)
{
	for (int i = 0; i < n; i++) {
		CHECK_INT(model_step(m), 0, "step %d", i);
		if (i % 97 == 0)
			model_check(m);
	}
	model_check(m);
}

TEST(it_does_what_a_naive_store_does)
{
	uint32_t n = getenv("MOTE_TEST_LONG") != NULL ? 300 : 6;

	for (uint32_t seed = 1; seed <= n; seed++) {
		struct disk        *d = fake_disk_create();
		struct model       *m = model_create(seed, seed * 1000 - 999);
		struct store_config c = config_of(d, m);

		CHECK_INT(store_create(&c, "s", m->base, SLICE("blob"), &m->s),
		    0);
		play(m, 1500);
		CHECK_INT(store_close(m->s), 0);
		model_destroy(m);
		fake_disk_destroy(d);
	}
}

TEST(it_does_so_in_memory)
{
	struct disk        *d = ramdisk_create();
	struct model       *m = model_create(77, 1);
	struct store_config c = config_of(d, m);

	c.is_volatile = true;
	c.reserve_bytes = 0;
	CHECK_INT(store_create(&c, "s", 1, SLICE("blob"), &m->s), 0);
	play(m, 2500);
	CHECK_INT(store_close(m->s), 0);
	model_destroy(m);
	ramdisk_destroy(d);
}

TEST(it_is_the_same_after_close_and_open)
{
	struct disk        *d = fake_disk_create();
	struct model       *m = model_create(5, 1);
	struct store_config c = config_of(d, m);

	CHECK_INT(store_create(&c, "s", 1, SLICE("blob"), &m->s), 0);
	for (int i = 0; i < 25; i++) {
		play(m, 120);
		/* every other time without its saved index */
		CHECK_INT(store_close(m->s), 0);
		if (i % 2 == 0)
			fake_disk_remove(d, "index");
		else
			CHECK(fake_disk_bytes(d, "index", &(size_t){ 0 }));
		CHECK_INT(store_open(&c, "s", &m->s), 0);
		CHECK_SLICE(store_blob(m->s), SLICE("blob"));
		/* what had only expired may be back */
		for (uint64_t q = m->base; i % 2 == 0 && q <= m->last; q++)
			if (m->msgs[q - m->base].is_expired)
				store_delete(m->s, q, STORE_EXPIRE, NULL);
		model_check(m);
		CHECK_INT(m->n_lost_told, 0);
	}
	CHECK_INT(store_close(m->s), 0);
	model_destroy(m);
	fake_disk_destroy(d);
}

static void put_at(struct store *s, uint64_t want)
{
	uint64_t seq;

	CHECK_INT(store_skip_to(s, want), 0);
	CHECK_INT(store_append(s, SLICE("a"), SLICE_NONE, SLICE("x"), 1, &seq),
	    0);
	CHECK_INT(seq, want);
}

/* Near ones and far ones; behind the last message too. */
static void check_gaps(struct store *s, uint64_t n_lost)
{
	static const uint64_t there[] = { 1000, 1001, 1005, 900000, 5000000000,
		5000000007 };
	struct store_state    st;
	uint64_t              seq = 0;

	for (size_t i = 0; i < N_OF(there); i++) {
		CHECK_INT(store_find_next(s, SLICE_NONE, seq + 1, &seq), 0);
		CHECK_INT(seq, there[i]);
	}
	CHECK_INT(store_find_next(s, SLICE_NONE, seq + 1, &seq), ERR_NOTFOUND);
	store_get_state(s, &st);
	CHECK_INT(st.n_msgs, N_OF(there));
	CHECK_INT(st.first_seq, 1000);
	CHECK_INT(st.last_seq, 5000000019);
	CHECK_INT(st.n_lost + st.n_torn + n_lost, 0);
}

TEST(sequences_are_passed_over_and_stay_so)
{
	struct disk        *d = fake_disk_create();
	struct model       *m = model_create(1, 1);
	struct store_config c = config_of(d, m);
	struct store       *s;

	CHECK_INT(store_create(&c, "s", 1, SLICE("blob"), &s), 0);
	put_at(s, 1000);
	put_at(s, 1001);
	put_at(s, 1005);
	put_at(s, 900000);
	put_at(s, 5000000000);
	put_at(s, 5000000007);
	CHECK_INT(store_skip_to(s, 5000000020), 0);
	CHECK_INT(store_skip_to(s, 20), 0);
	check_gaps(s, 0);
	for (unsigned i = 0; i < 3; i++) {
		CHECK_INT(store_close(s), 0);
		if (i < 2)
			fake_disk_remove(d, "index");
		CHECK_INT(store_open(&c, "s", &s), 0);
		check_gaps(s, m->n_lost_told);
	}
	CHECK_INT(store_close(s), 0);
	model_destroy(m);
	fake_disk_destroy(d);
}

/* Damage to what says that sequences were passed over costs no message. */
TEST(a_damaged_word_about_a_gap_costs_nothing)
{
	size_t n;

	for (size_t at = 0; at < 8192; at += 8) {
		struct disk        *d = fake_disk_create();
		struct model       *m = model_create(1, 1);
		struct store_config c = config_of(d, m);
		struct store       *s;
		struct store_state  st;
		char               *p;

		CHECK_INT(store_create(&c, "s", 1, SLICE("blob"), &s), 0);
		put_at(s, 1000);
		CHECK_INT(store_flush(s), 0);
		store_abandon(s);
		p = fake_disk_bytes(d, "00000001.blk", &n);
		while (at < n && memcmp(p + at, "mREC\3", 5) != 0)
			at += 8;
		if (at < n)
			p[at + 20] ^= 1;
		CHECK_INT(store_open(&c, "s", &s), 0);
		store_get_state(s, &st);
		CHECK_INT(st.n_msgs, 1);
		CHECK_INT(st.first_seq, 1000);
		CHECK_INT(m->n_lost_told, 0);
		CHECK_INT(store_close(s), 0);
		model_destroy(m);
		fake_disk_destroy(d);
	}
}

TEST(it_lives_on_a_real_disk_with_a_pool)
{
	char                dir[] = "/tmp/mote-store-XXXXXX", path[64];
	struct store_pool  *pool = store_pool_create(2);
	struct model       *m = model_create(9, 1);
	struct store_config c = config_of(disk_real(), m);

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/s", dir);
	c.pool = pool;
	CHECK_INT(store_create(&c, path, 1, SLICE("b"), &m->s), 0);
	for (int i = 0; i < 400; i++) {
		CHECK_INT(model_append(m), 0);
		if (i % 3 == 0)
			CHECK_INT(model_delete(m, m->base + model_dice(m,
			    (uint32_t)(m->last - m->base + 1)), STORE_ERASE),
			    0);
		if (i % 16 == 0)
			CHECK_INT(store_sync(m->s), 0);
		CHECK_INT(store_tick(m->s), 0);
	}
	model_check(m);
	CHECK_INT(store_close(m->s), 0);
	CHECK_INT(store_open(&c, path, &m->s), 0);
	model_check(m);
	CHECK_INT(store_close(m->s), 0);
	CHECK_INT(store_create(&c, path, 1, SLICE("b"), &m->s), ERR_EXISTS);
	CHECK_INT(store_remove_files(&c, path), 0);
	CHECK_INT(store_open(&c, path, &m->s), ERR_NOTFOUND);
	CHECK_INT(rmdir(dir), 0);
	store_pool_destroy(pool);
	model_destroy(m);
}

TEST(what_is_erased_is_nowhere_on_the_disk)
{
	struct disk        *d = fake_disk_create();
	struct store_config c = { .disk = d, .block_bytes = 4096 };
	struct store       *s;
	uint64_t            seq = 0, keep = 0;

	CHECK_INT(store_create(&c, "s", 1, SLICE_NONE, &s), 0);
	CHECK_INT(store_append(s, SLICE("a"), SLICE_NONE,
	    SLICE("the secret words"), 1, &seq), 0);
	CHECK_INT(store_append(s, SLICE("a"), SLICE_NONE,
	    SLICE("other things"), 1, &keep), 0);
	CHECK_INT(store_sync(s), 0);
	CHECK_INT(store_delete(s, seq, STORE_ERASE, NULL), 0);
	CHECK_INT(store_sync(s), 0);
	CHECK_INT(store_close(s), 0);
	for (size_t i = 0; fake_disk_name(d, i) != NULL; i++) {
		size_t      n;
		const char *p = fake_disk_bytes(d, fake_disk_name(d, i), &n);

		CHECK(memmem(p, n, "the secret words", 16) == NULL);
	}
	CHECK_INT(store_open(&c, "s", &s), 0);
	CHECK_INT(store_delete(s, keep, STORE_DELETE, NULL), 0);
	CHECK_INT(store_close(s), 0);
	fake_disk_destroy(d);
}

TEST(one_sync_covers_what_came_before_it)
{
	struct disk        *d = fake_disk_create();
	struct store_config c = { .disk = d };
	struct store       *s;
	uint64_t            seq;
	long                before;

	CHECK_INT(store_create(&c, "s", 1, SLICE_NONE, &s), 0);
	before = fake_disk_n_of(d, FAKE_SYNC);
	for (int i = 0; i < 100; i++)
		CHECK_INT(store_append(s, SLICE("a"), SLICE_NONE, SLICE("b"),
		    1, &seq), 0);
	CHECK(store_durable(s) < store_mark(s));
	CHECK_INT(store_sync(s), 0);
	CHECK_INT(store_durable(s), store_mark(s));
	CHECK_INT(store_durable_seq(s), seq);
	CHECK_INT(fake_disk_n_of(d, FAKE_SYNC) - before, 1);
	CHECK_INT(store_close(s), 0);
	fake_disk_destroy(d);
}

TEST(blocks_that_are_empty_or_thin_give_their_room_back)
{
	struct disk        *d = fake_disk_create();
	struct store_config c = { .disk = d, .block_bytes = 4096 };
	struct store       *s;
	struct store_state  before, after;
	uint64_t            seq;

	CHECK_INT(store_create(&c, "s", 1, SLICE_NONE, &s), 0);
	for (int i = 0; i < 2000; i++)
		CHECK_INT(store_append(s, SLICE("a"), SLICE_NONE,
		    SLICE("some bytes, not many"), 1, &seq), 0);
	CHECK_INT(store_sync(s), 0);
	store_get_state(s, &before);
	for (uint64_t i = 1; i <= 2000; i++)
		if (i % 10 != 0 || (i > 500 && i < 1000))
			CHECK_INT(store_delete(s, i, STORE_DELETE, NULL), 0);
	for (int i = 0; i < 200; i++) {
		CHECK_INT(store_sync(s), 0);
		CHECK_INT(store_tick(s), 0);
	}
	store_get_state(s, &after);
	CHECK(after.disk_bytes < before.disk_bytes / 2, "%llu of %llu left",
	    (unsigned long long)after.disk_bytes,
	    (unsigned long long)before.disk_bytes);
	CHECK_INT(after.n_msgs, 151);
	CHECK_INT(store_close(s), 0);
	fake_disk_remove(d, "index");
	CHECK_INT(store_open(&c, "s", &s), 0);
	store_get_state(s, &after);
	CHECK_INT(after.n_msgs, 151);
	CHECK_INT(after.n_lost + after.n_torn, 0);
	CHECK_INT(store_close(s), 0);
	fake_disk_destroy(d);
}

/* ---- golden files --------------------------------------------------------- */

static void put_hex(struct disk *d, int fd, uint64_t *at, const char *line)
{
	for (unsigned byte; sscanf(line, "%2x", &byte) == 1; line += 2) {
		char c = (char)byte;

		CHECK_INT(d->pwrite(d, fd, &c, 1, (*at)++), 0);
	}
}

static void load_golden(struct disk *d, const char *name)
{
	char     path[512], line[256], file[64];
	unsigned size;
	int      fd = -1;
	uint64_t at = 0;
	FILE    *f;

	snprintf(path, sizeof path, "%s/test/unit/store/golden/%s",
	    getenv("MOTE_ROOT") == NULL ? "." : getenv("MOTE_ROOT"), name);
	f = fopen(path, "r");
	CHECK(f != NULL, "%s", path);
	while (fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "file %63s %u", file, &size) == 2) {
			fd = d->open(d, 0, file, DISK_WRITE | DISK_CREATE);
			CHECK_INT(d->truncate(d, fd, size), 0);
			at = 0;
		} else if (line[0] != '#') {
			put_hex(d, fd, &at, line);
		}
	fclose(f);
}

static void check_golden(struct store *s)
{
	struct store_msg   m = { 0 };
	struct store_state st;

	CHECK_SLICE(store_blob(s), SLICE("{\"name\":\"GOLDEN\"}"));
	store_get_state(s, &st);
	CHECK_INT(st.n_msgs, 21);
	CHECK_INT(st.first_seq, 10);
	CHECK_INT(st.last_seq, 34);
	CHECK_INT(st.n_lost + st.n_torn, 0);
	for (uint64_t seq = 10; seq <= 34; seq++) {
		bool is_gone = seq == 12 || seq == 14 || seq == 31 || seq == 34;

		CHECK_INT(store_read(s, seq, &m), is_gone ? ERR_NOTFOUND : 0);
		if (is_gone)
			continue;
		CHECK_INT(m.ts_ns, 1700000000000000000 + (int64_t)seq - 10);
		CHECK_SLICE(m.subject, seq % 3 == 1 ? SLICE("orders.paid.eu")
		    : SLICE("orders.new"));
		CHECK(slice_has_prefix(m.body, SLICE("body of message ")));
	}
	store_msg_fini(&m);
}

/* Closed well, without the saved index, without the metadata. */
static void opens_golden(const char *file, const struct store_secret *secret)
{
	for (int i = 0; i < 3; i++) {
		struct disk        *d = fake_disk_create();
		struct store_config c = { .disk = d, .block_bytes = 4096,
			.secret = secret };
		struct store       *s;

		load_golden(d, file);
		if (i == 1)
			fake_disk_remove(d, "index");
		if (i == 2) {
			fake_disk_remove(d, "meta.a");
			fake_disk_remove(d, "meta.b");
		}
		CHECK_INT(store_open(&c, "s", &s), 0);
		check_golden(s);
		CHECK_INT(store_close(s), 0);
		fake_disk_destroy(d);
	}
}

TEST(stores_of_version_1_open)
{
	opens_golden("v1.hex", NULL);
}

TEST(stores_of_version_2_open)
{
	static const struct store_secret secret = { .cipher = CODEC_AES,
		.key = { "golden key", 10 } };

	opens_golden("v2.hex", &secret);
}

TEST(the_scrub_finds_what_has_rotted)
{
	struct disk        *d = fake_disk_create();
	struct model       *m = model_create(4, 1);
	struct store_config c = config_of(d, m);
	size_t              n;
	char               *p;
	int                 i = 0;

	CHECK_INT(store_create(&c, "s", 1, SLICE_NONE, &m->s), 0);
	CHECK_INT(store_scrub(m->s), ERR_NOTFOUND);
	while (m->last < 300)
		CHECK_INT(model_append(m), 0);
	CHECK_INT(model_sync(m), 0);
	p = fake_disk_bytes(d, "00000002.blk", &n);
	p = memmem(p, n, "mREC\x01", 5);	/* the first message */
	CHECK(p != NULL);
	p[48] ^= 16;
	while (m->n_lost_told == 0 && i++ < 100)
		CHECK_INT(store_scrub(m->s), 0);
	CHECK_INT(m->n_lost_told, 1);
	model_check_survivors(m, m->s, 301);
	CHECK_INT(store_close(m->s), 0);
	CHECK_INT(m->n_lost_told, 1);
	model_destroy(m);
	fake_disk_destroy(d);
}

static uint64_t put_one(struct store *s)
{
	uint64_t seq = 0;

	CHECK_INT(store_append(s, SLICE("a"), SLICE_NONE, SLICE("x"), 1, &seq),
	    0);
	return seq;
}

/* After a clean close they are known to have been there. */
TEST(zeros_at_the_end_are_told_from_an_end)
{
	struct disk        *d = fake_disk_create();
	struct model       *m = model_create(1, 1);
	struct store_config c = config_of(d, m);
	struct store       *s;
	size_t              n, at;
	char               *p;

	CHECK_INT(store_create(&c, "s", 1, SLICE("blob"), &s), 0);
	for (uint64_t i = 1; i <= 5; i++)
		CHECK_INT(put_one(s), i);
	CHECK_INT(store_close(s), 0);
	p = fake_disk_bytes(d, "00000001.blk", &n);
	for (at = n - 8; memcmp(p + at, "mREC\1", 5) != 0;)
		at -= 8;
	memset(p + at, 0, n - at);
	CHECK_INT(store_open(&c, "s", &s), 0);
	CHECK_INT(m->n_lost_told, 1);
	CHECK_INT(store_durable_seq(s), 5);
	CHECK_INT(put_one(s), 6);
	CHECK_INT(store_close(s), 0);
	CHECK_INT(store_open(&c, "s", &s), 0);
	CHECK_INT(m->n_lost_told, 1);
	CHECK_INT(put_one(s), 7);
	store_abandon(s);
	model_destroy(m);
	fake_disk_destroy(d);
}

/* After a power cut at this moment. */
static bool finds_blob(struct disk *d, const char *blob)
{
	struct disk        *after = fake_disk_cut(d, CUT_NOTHING, 1);
	struct store_config c = { .disk = after };
	struct store       *s;
	bool                is_so;

	CHECK_INT(store_open(&c, "s", &s), 0);
	is_so = slice_eq(store_blob(s), slice_str(blob));
	store_abandon(s);
	fake_disk_destroy(after);
	return is_so;
}

/* Whichever of its operations it is that finds the disk full; a sync that does is
 * as final as any error. */
TEST(a_full_disk_puts_the_blob_off)
{
	int err = ERR_NOSPC;

	for (long n = 1; err != 0; n++) {
		struct disk        *d = fake_disk_create();
		struct store_config c = { .disk = d };
		struct store       *s;

		CHECK_INT(store_create(&c, "s", 1, SLICE("one"), &s), 0);
		CHECK_INT(put_one(s), 1);
		CHECK_INT(store_flush(s), 0);
		fake_disk_fail_at(d, n, ENOSPC, false, false);
		CHECK_INT(store_set_blob(s, SLICE("another")), 0);
		err = store_flush(s);
		CHECK(err == 0 || err == ERR_NOSPC || err == ERR_IO);
		fake_disk_fail_at(d, 0, 0, false, false);
		CHECK(finds_blob(d, "another") || (err != 0 &&
		    finds_blob(d, "one")), "operation %ld", n);
		if (err == ERR_NOSPC) {
			CHECK_INT(put_one(s), 2);
			CHECK_INT(store_flush(s), 0);
			CHECK(finds_blob(d, "another"), "operation %ld", n);
		}
		store_abandon(s);
		fake_disk_destroy(d);
	}
}

TEST(the_blob_changes_as_a_whole)
{
	struct disk        *d = fake_disk_create();
	struct store_config c = { .disk = d };
	struct store       *s;

	CHECK_INT(store_create(&c, "s", 1, SLICE("one"), &s), 0);
	CHECK_INT(store_set_blob(s, SLICE("and now a longer one")), 0);
	CHECK_SLICE(store_blob(s), SLICE("and now a longer one"));
	CHECK_INT(store_flush(s), 0);
	store_abandon(s);
	CHECK_INT(store_open(&c, "s", &s), 0);
	CHECK_SLICE(store_blob(s), SLICE("and now a longer one"));
	CHECK_INT(store_set_blob(s, SLICE("short")), 0);
	CHECK_INT(store_close(s), 0);
	fake_disk_remove(d, "meta.a");
	fake_disk_remove(d, "meta.b");
	CHECK_INT(store_open(&c, "s", &s), 0);
	CHECK_SLICE(store_blob(s), SLICE("short"));
	store_abandon(s);
	fake_disk_destroy(d);
}

TEST(sequences_end_and_do_not_begin_anew)
{
	struct disk        *d = fake_disk_create();
	struct store_config c = { .disk = d };
	struct store       *s;
	uint64_t            seq, n;

	CHECK_INT(store_create(&c, "s", STORE_SEQ_MAX + 1, SLICE("x"), &s),
	    ERR_RANGE);
	CHECK_INT(store_create(&c, "s", STORE_SEQ_MAX - 1, SLICE("x"), &s), 0);
	CHECK(put_one(s) == STORE_SEQ_MAX - 1);
	CHECK_INT(store_skip_to(s, STORE_SEQ_MAX + 1), ERR_RANGE);
	CHECK(put_one(s) == STORE_SEQ_MAX);
	CHECK_INT(store_append(s, SLICE("a"), SLICE_NONE, SLICE("x"), 1, &seq),
	    ERR_RANGE);
	CHECK_INT(store_skip(s, 1, &seq), ERR_RANGE);
	CHECK_INT(store_purge(s, &(struct store_purge){
		.below_seq = UINT64_MAX }, &n), ERR_RANGE);
	CHECK_INT(store_error(s), 0);
	store_flush(s);
	store_abandon(s);
	CHECK_INT(store_open(&c, "s", &s), 0);
	CHECK_INT(store_delete(s, STORE_SEQ_MAX, STORE_DELETE, NULL), 0);
	CHECK_INT(store_append(s, SLICE("a"), SLICE_NONE, SLICE("x"), 1, &seq),
	    ERR_RANGE);
	CHECK_INT(store_purge(s, &(struct store_purge){ 0 }, &n), 0);
	CHECK_INT(n, 1);
	CHECK_INT(store_close(s), 0);
	fake_disk_destroy(d);
}
