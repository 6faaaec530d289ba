/* test/crash/store_nomem.c - the n-th allocation of a store fails.
 *
 * Whatever was under way says so or does without; nothing is lost, nothing
 * leaks, and what comes next works.
 */
#include "base/err.h"
#include "base/log.h"
#include "check.h"
#include "fail_alloc.h"
#include "store/disk.h"
#include "store/ramdisk.h"
#include "store_model.h"

static struct store_config config_of(struct disk *d, struct model *m)
{
	return model_flavour((struct store_config){ .disk = d, .block_bytes = 4096,
		.cost = { 30, 4 }, .lost = model_lost, .ctx = m });
}

/* Up to the step that memory runs out in: behind a purge that failed half-way
 * the model does not know who lives. */
static void play(struct model *m, int n)
{
	for (int i = 0; i < n; i++) {
		int err = model_step(m);

		CHECK(err == 0 || err == ERR_NOMEM || store_error(m->s) != 0,
		    "step %d says %d", i, err);
		if (err != 0)
			return;
	}
}

/* Reopen it under failing allocations until it opens. */
static void reopen(struct model *m, struct store_config *c, long at)
{
	int err;

	fail_alloc_at(at);
	err = store_open(c, "s", &m->s);
	fail_alloc_at(0);
	if (err != 0)
		err = store_open(c, "s", &m->s);
	CHECK_INT(err, 0, "allocation %ld", at);
}

static bool run_out(uint32_t seed, long at)
{
	struct disk        *d = ramdisk_create();
	struct model       *m = model_create(seed, 1);
	struct store_config c = config_of(d, m);
	bool                has_failed;

	CHECK_INT(store_create(&c, "s", 1, SLICE("blob"), &m->s), 0);
	if (getenv("MOTE_TEST_SAY") != NULL)
		print_message("seed %u, allocation %ld\n", seed, at);
	fail_alloc_at(at);
	play(m, 220);
	has_failed = fail_alloc_has_failed();
	fail_alloc_at(0);
	if (store_error(m->s) == 0) {
		CHECK_INT(model_sync(m), 0);
		for (int i = 0; i < 30; i++)
			CHECK_INT(model_append(m), 0);
		CHECK_INT(model_sync(m), 0);
	}
	store_abandon(m->s);
	reopen(m, &c, at % 300 + 1);
	model_check_survivors(m, m->s, 0);
	CHECK_INT(m->n_lost_told, 0);
	store_abandon(m->s);
	model_destroy(m);
	ramdisk_destroy(d);
	return has_failed;
}

TEST(any_allocation_may_fail)
{
	uint32_t    n = getenv("MOTE_TEST_LONG") != NULL ? 40 : 2;
	const char *why;

	log_configure(&(struct log_config){ .file = "/dev/null" }, &why);
	for (uint32_t seed = 1; seed <= n; seed++) {
		long at = 1;

		while (run_out(seed, at))
			at += n > 2 ? 1 : 7;
		CHECK(at > 100);
	}
}

TEST(nothing_leaks)
{
	long before = fail_alloc_n_live();

	run_out(3, 57);
	CHECK_INT(fail_alloc_n_live(), before);
}
