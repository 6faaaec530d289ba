/* test/crash/store_crash.c - a store on a disk that tears, forgets and fails.
 *
 * Each test plays a short random script, lets something go wrong at every
 * place where it can, opens what is left and holds it against the model: what
 * was promised is there, what was deleted is not, nothing is invented, no
 * sequence is given out twice, and what damage has cost is told.
 *
 * MOTE_TEST_LONG=1 plays more scripts and flips every bit instead of some.
 */
#include <errno.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "check.h"
#include "fake_disk.h"
#include "store/scan.h"
#include "store/seal.h"
#include "store_model.h"

enum { CUTS = 9 };

static bool is_long(void)
{
	return getenv("MOTE_TEST_LONG") != NULL;
}

static struct store_config config_of(struct disk *d, struct model *m)
{
	return model_flavour((struct store_config){ .disk = d, .block_bytes = 4096,
		.reserve_bytes = 16384, .cost = { 30, 4 },
		.lost = m == NULL ? NULL : model_lost, .ctx = m });
}

/* The log would be all that one sees. */
static void hush(void)
{
	static bool is_done;
	const char *why;

	if (!is_done)
		log_configure(&(struct log_config){ .file = "/dev/null" }, &why);
	is_done = true;
}

/* ---- cuts ----------------------------------------------------------------- */

static int play_script(struct model *m, struct disk *d, int n)
{
	struct store_config c = config_of(d, m);
	int                 err = store_create(&c, "s", m->base, SLICE("blob"),
	    &m->s);

	for (int i = 0; i < n && err == 0; i++)
		err = model_step(m);
	if (err == 0)
		err = model_sync(m);
	return err;
}

static void check_image(struct model *m, struct disk *image, const char *why)
{
	struct store_config c = config_of(image, NULL);
	struct store       *s = NULL;
	int                 err = store_open(&c, "s", &s);

	if (err != 0 && m->durable == 0 && (err == ERR_NOTFOUND ||
	    err == ERR_CORRUPT))
		return;		/* its creation had not returned */
	CHECK_INT(err, 0, "%s", why);
	model_check_survivors(m, s, 0);
	if (store_blob(s).n > 0)
		CHECK_SLICE(store_blob(s), SLICE("blob"));
	store_abandon(s);
}

static void check_cuts(struct model *m, struct disk *d, long at)
{
	for (int i = 0; i < CUTS; i++) {
		enum fake_cut how = i < 3 ? (enum fake_cut)i
		    : i < 5 ? CUT_PREFIX : CUT_ANY;
		struct disk  *image = fake_disk_cut(d, how,
		    (uint32_t)(at * 31 + i));
		char          why[64];

		snprintf(why, sizeof why, "operation %ld, cut %d", at, i);
		check_image(m, image, why);
		fake_disk_destroy(image);
	}
}

/* false: the script is over before operation at. */
static bool cut_at(uint32_t seed, int n_steps, long at)
{
	struct disk  *d = fake_disk_create();
	struct model *m = model_create(seed, 1);
	bool          was_cut;

	fake_disk_fail_at(d, at, EIO, true, false);
	play_script(m, d, n_steps);
	if (m->s != NULL && store_durable(m->s) > m->durable)
		m->durable = store_durable(m->s);
	was_cut = fake_disk_has_failed(d);
	check_cuts(m, d, at);
	store_abandon(m->s);
	model_destroy(m);
	fake_disk_destroy(d);
	return was_cut;
}

TEST(a_power_cut_at_any_operation_costs_nothing_promised)
{
	uint32_t n = is_long() ? 400 : 12;

	hush();
	for (uint32_t seed = 1; seed <= n; seed++) {
		long at = 1;

		while (cut_at(seed, seed % 3 == 0 ? 300 : 60, at))
			at += seed % 3 == 0 && !is_long() ? 5 : 1;
		CHECK(at > 20, "the script does something");
	}
}

/* The image of a cut, and its recovery cut at every operation as well. */
static void cut_recovery(struct model *m, struct disk *first)
{
	for (long at = 1; ; at++) {
		struct disk        *d = fake_disk_copy(first);
		struct store_config c = config_of(d, NULL);
		struct store       *s = NULL;
		bool                was_cut;

		fake_disk_fail_at(d, at, EIO, true, false);
		if (store_open(&c, "s", &s) == 0)
			store_abandon(s);
		was_cut = fake_disk_has_failed(d);
		check_cuts(m, d, at);
		fake_disk_destroy(d);
		if (!was_cut)
			return;
	}
}

TEST(a_power_cut_during_recovery_costs_nothing_either)
{
	long step = is_long() ? 1 : 17;

	hush();
	for (long at = 10; at < 130; at += step) {
		struct disk  *d = fake_disk_create(), *image;
		struct model *m = model_create(3, 1);

		fake_disk_fail_at(d, at, EIO, true, false);
		play_script(m, d, 300);
		if (m->s != NULL && store_durable(m->s) > m->durable)
			m->durable = store_durable(m->s);
		image = fake_disk_cut(d, CUT_ANY, (uint32_t)at);
		cut_recovery(m, image);
		fake_disk_destroy(image);
		store_abandon(m->s);
		model_destroy(m);
		fake_disk_destroy(d);
	}
}

/* ---- one operation fails -------------------------------------------------- */

static bool fail_one(uint32_t seed, int error, long at)
{
	struct disk  *d = fake_disk_create();
	struct model *m = model_create(seed, 1);
	bool          has_failed;
	long          n_syncs;

	if (getenv("MOTE_TEST_SAY") != NULL)
		print_message("seed %u, errno %d at %ld\n", seed, error, at);
	fake_disk_fail_at(d, at, error, false, true);
	play_script(m, d, 120);
	has_failed = fake_disk_has_failed(d);
	if (m->s != NULL && store_error(m->s) != 0) {
		uint64_t before = store_durable(m->s);

		n_syncs = fake_disk_n_of(d, FAKE_SYNC);
		CHECK(model_append(m) != 0, "it is final");
		CHECK(model_sync(m) != 0);
		CHECK_INT(store_durable(m->s), before);
		CHECK_INT(fake_disk_n_of(d, FAKE_SYNC), n_syncs);
	}
	/* it may go on if that was nothing final */
	if (has_failed && error == ENOSPC && m->s != NULL &&
	    store_error(m->s) == 0 && model_sync(m) == 0)
		CHECK_INT(model_append(m), 0, "operation %ld", at);
	check_cuts(m, d, at);
	store_abandon(m->s);
	model_destroy(m);
	fake_disk_destroy(d);
	return has_failed;
}

TEST(any_operation_may_fail_once)
{
	static const int errors[] = { EIO, ENOSPC };
	uint32_t         n = is_long() ? 60 : 3;

	hush();
	for (size_t e = 0; e < N_OF(errors); e++)
		for (uint32_t seed = 1; seed <= n; seed++) {
			long at = 1;

			while (fail_one(seed, errors[e], at))
				at += is_long() ? 1 : 3;
		}
}

/* ---- full ----------------------------------------------------------------- */

static void fill_up(struct model *m)
{
	int err = 0;

	while (err == 0) {
		err = model_append(m);
		if (model_dice(m, 8) == 0)
			CHECK_INT(model_sync(m), 0);
	}
	CHECK_INT(err, ERR_NOSPC);
	CHECK_INT(model_sync(m), 0);
}

TEST(a_full_disk_refuses_appends_and_serves_all_else)
{
	struct disk        *d = fake_disk_create();
	struct model       *m = model_create(8, 1);
	struct store_config c = config_of(d, m);
	struct store_state  st;

	hush();
	fake_disk_set_size(d, 200 << 10);
	CHECK_INT(store_create(&c, "s", 1, SLICE("blob"), &m->s), 0);
	for (int i = 0; i < (is_long() ? 40 : 12); i++) {
		fill_up(m);
		model_check(m);
		store_get_state(m->s, &st);
		CHECK(st.is_full);
		CHECK_INT(model_delete(m, st.first_seq, STORE_DELETE), 0);
		CHECK_INT(model_sync(m), 0);
		CHECK_INT(model_append(m) == 0 ? ERR_NOSPC : ERR_NOSPC,
		    ERR_NOSPC);
		CHECK_INT(i % 2 == 0 ? model_purge(m, "", 0, 10)
		    : model_purge(m, "a.>", 0, 0), 0);
		if (i % 2 == 1)		/* and less than a half of each block */
			CHECK_INT(model_purge(m, "b.*", 0, 0), 0);
		for (int k = 0; k < 30; k++)
			CHECK_INT(model_sync(m), 0);
		CHECK_INT(model_append(m), 0, "room again, cycle %d", i);
		CHECK_INT(model_sync(m), 0);
		model_check(m);
		check_cuts(m, d, i);
	}
	CHECK_INT(store_close(m->s), 0);
	model_destroy(m);
	fake_disk_destroy(d);
}

/* ---- damage --------------------------------------------------------------- */

/* A small store with some of everything; closed, or left as by kill -9. */
static struct disk *make_store(struct model *m, bool is_closed)
{
	struct disk        *d = fake_disk_create();
	struct store_config c = config_of(d, NULL);

	c.reserve_bytes = 0;
	CHECK_INT(store_create(&c, "s", 1, SLICE("blob"), &m->s), 0);
	for (int i = 0; i < 70; i++) {
		CHECK_INT(model_append(m), 0);
		if (i % 7 == 3)
			CHECK_INT(model_delete(m, m->last - 2,
			    i % 2 == 0 ? STORE_ERASE : STORE_DELETE), 0);
		if (i % 5 == 0)
			CHECK_INT(model_sync(m), 0);
	}
	CHECK_INT(model_purge(m, "a.*.c", 30, 0), 0);
	for (int i = 0; i < 10; i++)
		CHECK_INT(model_sync(m), 0);
	if (is_closed)
		CHECK_INT(store_close(m->s), 0);
	else
		store_abandon(m->s);
	m->s = NULL;
	return d;
}

static void check_damaged(struct model *m, struct disk *d, uint64_t n_missing,
    const char *name, size_t at)
{
	struct store_config c = config_of(d, NULL);
	struct store       *s = NULL;

	c.reserve_bytes = 0;
	if (getenv("MOTE_TEST_SAY") != NULL)
		print_message("%s at %zu\n", name, at);
	CHECK_INT(store_open(&c, "s", &s), 0, "%s at %zu", name, at);
	model_check_survivors(m, s, n_missing);
	CHECK_SLICE(store_blob(s), SLICE("blob"), "%s at %zu", name, at);
	store_abandon(s);
}

static void flip_all(bool is_closed)
{
	struct model *m = model_create(21, 1);
	struct disk  *d = make_store(m, is_closed);
	size_t        step = is_long() ? 1 : 41, bit = 0;

	for (size_t i = 0; fake_disk_name(d, i) != NULL; i++) {
		const char *name = fake_disk_name(d, i);
		size_t      n;

		fake_disk_bytes(d, name, &n);
		for (; bit < n * 8; bit += step) {
			struct disk *copy = fake_disk_copy(d);

			fake_disk_bytes(copy, name, &n)[bit / 8] ^=
			    (char)(1 << (bit % 8));
			check_damaged(m, copy, 1, name, bit);
			fake_disk_destroy(copy);
		}
		bit %= step;
	}
	model_destroy(m);
	fake_disk_destroy(d);
}

TEST(a_flipped_bit_costs_one_message_at_most)
{
	hush();
	flip_all(true);
}

TEST(a_flipped_bit_after_a_kill_costs_one_message_at_most)
{
	hush();
	flip_all(false);
}

/* What a store of model_flavour is sealed with; NULL: it is not. */
static struct seal *seal_of(struct disk *d)
{
	struct store_config c = model_flavour((struct store_config){ 0 });
	uint8_t             secret[SEAL_SECRET_BYTES];
	struct meta         meta;
	size_t              n;
	char               *p = fake_disk_bytes(d, "meta.a", &n);

	CHECK_INT(meta_get(slice_of(p, n), &meta), 0);
	if (meta.key.n == 0)
		return NULL;
	CHECK_INT(seal_unwrap(&meta.id, c.secret->key, meta.key, secret), 0);
	return seal_create(&meta.id, secret, c.secret->cipher);
}

/* Messages of the block, as it is in the file, that reach behind a place. */
static uint64_t n_behind(struct disk *d, const char *name, size_t place)
{
	struct block_header h;
	struct scan         scan;
	size_t              n;
	char               *p = fake_disk_bytes(d, name, &n);
	uint64_t            sum = 0;
	struct seal        *seal;

	if (strstr(name, ".blk") == NULL)
		return 0;
	seal = seal_of(d);
	CHECK_INT(block_header_get(p, &h), 0);
	CHECK_INT(block_scan(slice_of(p, n), &h.id, h.nr, 0,
	    (struct cost){ 30, 4 }, seal, &scan), 0);
	seal_destroy(seal);
	for (uint32_t i = 0; i < scan.table->n; i++)
		sum += (i + 1 < scan.table->n ?
		    scan.table->entries[i + 1].at8 * 8 : scan.end) > place;
	block_table_destroy(scan.table);
	return sum;
}

static void truncate_all(bool is_closed)
{
	struct model *m = model_create(22, 1);
	struct disk  *d = make_store(m, is_closed);
	size_t        step = is_long() ? 1 : 29;

	for (size_t i = 0; fake_disk_name(d, i) != NULL; i++) {
		const char *name = fake_disk_name(d, i);
		size_t      n;

		fake_disk_bytes(d, name, &n);
		for (size_t to = 0; to < n; to += step) {
			struct disk *copy = fake_disk_copy(d);

			fake_disk_resize(copy, name, to);
			m->may_come_back = true;
			check_damaged(m, copy, n_behind(d, name, to), name,
			    to);
			fake_disk_destroy(copy);
		}
	}
	model_destroy(m);
	fake_disk_destroy(d);
}

TEST(a_file_cut_at_any_length_keeps_what_is_before)
{
	hush();
	truncate_all(true);
	truncate_all(false);
}

TEST(a_file_that_is_gone_costs_what_was_in_it)
{
	hush();
	for (int closed = 0; closed < 2; closed++) {
		struct model *m = model_create(23, 1);
		struct disk  *d = make_store(m, closed != 0);

		for (size_t i = 0; fake_disk_name(d, i) != NULL; i++) {
			const char  *name = fake_disk_name(d, i);
			struct disk *copy = fake_disk_copy(d);

			fake_disk_remove(copy, name);
			m->may_come_back = true;
			check_damaged(m, copy, n_behind(d, name, 0), name, 0);
			fake_disk_destroy(copy);
		}
		model_destroy(m);
		fake_disk_destroy(d);
	}
}

TEST(both_copies_of_the_metadata_may_be_gone)
{
	struct model *m = model_create(24, 1);
	struct disk  *d = make_store(m, true);

	hush();
	fake_disk_remove(d, "meta.a");
	fake_disk_remove(d, "meta.b");
	check_damaged(m, d, 0, "meta", 0);
	model_destroy(m);
	fake_disk_destroy(d);
}

/* Zeros where the log ended cannot be told from a log that ended earlier, if
 * nothing that is left speaks of what was there. */
static bool is_end_of_log(struct disk *d, const char *name, size_t at,
    size_t len)
{
	char next[16];

	snprintf(next, sizeof next, "%08lx.blk", strtoul(name, NULL, 16) + 1);
	return strstr(name, ".blk") != NULL &&
	    fake_disk_bytes(d, next, &(size_t){ 0 }) == NULL &&
	    n_behind(d, name, at + len) == 0 && n_behind(d, name, at) > 0;
}

TEST(a_lost_sector_costs_what_was_in_it)
{
	static const size_t sizes[] = { 512, 4096 };
	struct model       *m = model_create(25, 1);
	struct disk        *d = make_store(m, false);

	hush();
	for (size_t k = 0; k < N_OF(sizes); k++)
		for (size_t i = 0; fake_disk_name(d, i) != NULL; i++) {
			const char *name = fake_disk_name(d, i);
			size_t      n;

			fake_disk_bytes(d, name, &n);
			for (size_t at = 0; at < n; at += sizes[k]) {
				struct disk *copy = fake_disk_copy(d);
				size_t       len = n - at < sizes[k] ? n - at
				    : sizes[k];

				if (is_end_of_log(d, name, at, len)) {
					fake_disk_destroy(copy);
					continue;
				}
				m->may_come_back = true;
				memset(fake_disk_bytes(copy, name, &n) + at, 0,
				    len);
				check_damaged(m, copy, len / 48 + 2, name, at);
				fake_disk_destroy(copy);
			}
		}
	model_destroy(m);
	fake_disk_destroy(d);
}

static void copy_over(struct disk *to, const char *to_name, struct disk *from,
    const char *from_name)
{
	size_t n;
	char  *p = fake_disk_bytes(from, from_name, &n);

	fake_disk_resize(to, to_name, n);
	memcpy(fake_disk_bytes(to, to_name, &n), p, n);
}

TEST(blocks_in_the_wrong_place_are_not_believed)
{
	struct model *m = model_create(26, 1), *other = model_create(27, 1);
	struct disk  *d = make_store(m, false), *e = make_store(other, false);
	const char   *before = NULL;
	unsigned      n_tried = 0;

	hush();
	m->may_come_back = true;
	for (size_t i = 0; fake_disk_name(d, i) != NULL; i++) {
		const char  *name = fake_disk_name(d, i);
		struct disk *copy = fake_disk_copy(d);
		uint64_t     n = n_behind(d, name, 0);

		if (fake_disk_bytes(e, name, &(size_t){ 0 }) != NULL && n > 0) {
			/* of another store */
			copy_over(copy, name, e, name);
			check_damaged(m, copy, n, name, 1);
			n_tried++;
		}
		if (before != NULL && n > 0) {
			/* of the same, under another number */
			fake_disk_destroy(copy);
			copy = fake_disk_copy(d);
			copy_over(copy, name, d, before);
			check_damaged(m, copy, n, name, 2);
			n_tried++;
		}
		fake_disk_destroy(copy);
		before = n > 0 ? name : before;
	}
	CHECK(n_tried > 3);
	model_destroy(m);
	model_destroy(other);
	fake_disk_destroy(d);
	fake_disk_destroy(e);
}
