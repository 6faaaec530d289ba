/* test/unit/store/check_test.c - pairs with src/store/check.c.
 *
 * It finds what is damaged, and leaves all bytes as they are. */
#include "store/check.h"

#include "base/err.h"
#include "base/log.h"
#include "check.h"
#include "fake_disk.h"
#include "store/store.h"

static struct disk *make(bool is_closed)
{
	struct disk        *d = fake_disk_create();
	struct store_config c = { .disk = d, .block_bytes = 4096 };
	struct store       *s;
	uint64_t            seq;

	CHECK_INT(store_create(&c, "s", 1, SLICE("b"), &s), 0);
	for (int i = 0; i < 100; i++)
		CHECK_INT(store_append(s, SLICE("a.b"), SLICE_NONE,
		    SLICE("some body or other"), i, &seq), 0);
	CHECK_INT(store_sync(s), 0);
	if (is_closed)
		CHECK_INT(store_close(s), 0);
	else
		store_abandon(s);
	return d;
}

TEST(a_sound_store_is_called_sound)
{
	for (int closed = 0; closed < 2; closed++) {
		struct disk *d = make(closed != 0);
		struct buf   report = { 0 };
		uint32_t     before = fake_disk_sum(d);

		CHECK_INT(store_check(d, "s", NULL, &report), 0);
		CHECK(memmem(report.p, report.n, "100 messages of 1 subjects",
		    26) != NULL);
		CHECK_INT(fake_disk_sum(d), before);
		buf_fini(&report);
		fake_disk_destroy(d);
	}
}

TEST(damage_is_named_and_left_as_it_is)
{
	struct disk *d = make(true);
	struct buf   report = { 0 };
	const char  *why;
	uint32_t     before;
	size_t       n;

	log_configure(&(struct log_config){ .file = "/dev/null" }, &why);
	fake_disk_bytes(d, "00000001.blk", &n)[64 + 56 + 60] ^= 1;
	before = fake_disk_sum(d);
	CHECK_INT(store_check(d, "s", NULL, &report), ERR_CORRUPT);
	CHECK(memmem(report.p, report.n, "lost: sequence 1 (", 18) != NULL,
	    "%.*s", SLICE_ARG(buf_slice(&report)));
	CHECK_INT(fake_disk_sum(d), before);
	buf_fini(&report);
	fake_disk_destroy(d);
	log_close();
}

TEST(nothing_is_not_a_store)
{
	struct disk *d = fake_disk_create();
	struct buf   report = { 0 };

	CHECK_INT(store_check(d, "s", NULL, &report), ERR_NOTFOUND);
	buf_fini(&report);
	fake_disk_destroy(d);
}
