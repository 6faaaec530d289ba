/* test/unit/store/store_keys_test.c - pairs with src/store/store_keys.c.
 *
 * A store on a fake disk whose owner has a key, another one, the wrong one, or
 * none.  That an encrypted store keeps all promises is held by the tests of
 * the store, which run on encrypted and compressed ones too (MOTE_TEST_STORE).
 */
#include "store/store.h"

#include <errno.h>

#include "base/err.h"
#include "base/log.h"
#include "check.h"
#include "fake_disk.h"
#include "store/seal.h"
#include "store_model.h"

static const struct store_secret first = { .cipher = CODEC_CHACHA,
	.key = { "first", 5 } };
static const struct store_secret second = { .cipher = CODEC_CHACHA,
	.key = { "second", 6 }, .prev_key = { "first", 5 } };
static const struct store_secret only_second = { .cipher = CODEC_CHACHA,
	.key = { "second", 6 } };
static const struct store_secret first_aes = { .cipher = CODEC_AES,
	.key = { "first", 5 } };

static struct store_config config_of(struct disk *d,
    const struct store_secret *secret)
{
	static bool is_hushed;
	const char *why;

	if (!is_hushed)
		log_configure(&(struct log_config){ .file = "/dev/null" },
		    &why);
	is_hushed = true;
	return (struct store_config){ .disk = d, .block_bytes = 4096,
		.cost = { 30, 4 }, .secret = secret };
}

static void append(struct store *s, int n)
{
	uint64_t seq;

	for (int i = 0; i < n; i++)
		CHECK_INT(store_append(s, SLICE("the.subject"),
		    SLICE("NATS/1.0\r\nThe: header\r\n\r\n"),
		    SLICE("the body, all of it"), i, &seq), 0);
	CHECK_INT(store_sync(s), 0);
}

static void check_msgs(struct store *s, uint64_t n)
{
	struct store_msg   m = { 0 };
	struct store_state st;

	CHECK_SLICE(store_blob(s), SLICE("the blob"));
	store_get_state(s, &st);
	CHECK_INT(st.n_msgs, n);
	CHECK_INT(st.n_lost, 0);
	for (uint64_t seq = 1; seq <= n; seq++) {
		CHECK_INT(store_read(s, seq, &m), 0, "%d", (int)seq);
		CHECK_SLICE(m.subject, SLICE("the.subject"));
		CHECK_SLICE(m.body, SLICE("the body, all of it"));
	}
	store_msg_fini(&m);
}

static struct store *open_with(struct disk *d,
    const struct store_secret *secret)
{
	struct store_config c = config_of(d, secret);
	struct store       *s = NULL;

	CHECK_INT(store_open(&c, "s", &s), 0);
	return s;
}

static void refuse(struct disk *d, const struct store_secret *secret)
{
	struct store_config c = config_of(d, secret);
	struct store       *s;

	CHECK_INT(store_open(&c, "s", &s), ERR_DENIED);
}

static struct disk *make(const struct store_secret *secret, int n,
    bool is_closed)
{
	struct disk        *d = fake_disk_create();
	struct store_config c = config_of(d, secret);
	struct store       *s;

	CHECK_INT(store_create(&c, "s", 1, SLICE("the blob"), &s), 0);
	append(s, n);
	if (is_closed)
		CHECK_INT(store_close(s), 0);
	else
		store_abandon(s);
	return d;
}

/* How many of the things that are secret can be read in a file. */
static int n_readable(struct disk *d)
{
	static const char *const secrets[] = { "the.subject", "The: header",
		"the body", "the blob", "first", "second" };
	int n_found = 0;

	for (size_t i = 0; fake_disk_name(d, i) != NULL; i++) {
		size_t      n;
		const char *p = fake_disk_bytes(d, fake_disk_name(d, i), &n);

		for (size_t k = 0; k < N_OF(secrets); k++)
			n_found += memmem(p, n, secrets[k],
			    strlen(secrets[k])) != NULL;
	}
	return n_found;
}

TEST(nothing_in_the_files_can_be_read)
{
	for (int closed = 0; closed < 2; closed++) {
		struct disk  *plain = make(NULL, 200, closed != 0);
		struct disk  *d = make(&first, 200, closed != 0);
		struct store *s;

		CHECK(n_readable(plain) > 4);
		CHECK_INT(n_readable(d), 0);
		s = open_with(d, &first);
		check_msgs(s, 200);
		append(s, 30);
		CHECK_INT(store_set_blob(s, SLICE("the blob")), 0);
		CHECK_INT(n_readable(d), 0);
		CHECK_INT(store_close(s), 0);
		CHECK(fake_disk_bytes(d, "index", &(size_t){ 0 }) != NULL);
		CHECK_INT(n_readable(d), 0);
		fake_disk_destroy(plain);
		fake_disk_destroy(d);
	}
}

TEST(the_wrong_key_opens_nothing_and_changes_nothing)
{
	for (int metas = 0; metas < 2; metas++) {
		struct disk  *d = make(&first, 100, false);
		uint32_t      before;
		struct store *s;

		if (metas != 0) {
			fake_disk_remove(d, "meta.a");
			fake_disk_remove(d, "meta.b");
		}
		before = fake_disk_sum(d);
		refuse(d, NULL);
		refuse(d, &only_second);
		CHECK_INT(fake_disk_sum(d), before);
		s = open_with(d, &first);
		check_msgs(s, 100);
		CHECK_INT(store_close(s), 0);
		fake_disk_destroy(d);
	}
}

TEST(another_key_takes_over)
{
	struct disk  *d = make(&first, 150, true);
	struct store *s = open_with(d, &second);

	check_msgs(s, 150);
	append(s, 10);
	CHECK_INT(store_close(s), 0);
	refuse(d, &first);
	s = open_with(d, &only_second);
	check_msgs(s, 160);
	CHECK_INT(store_close(s), 0);
	/* no block has one left that the old key would open */
	fake_disk_remove(d, "meta.a");
	fake_disk_remove(d, "meta.b");
	refuse(d, &first);
	s = open_with(d, &only_second);
	check_msgs(s, 160);
	CHECK_INT(store_close(s), 0);
	fake_disk_destroy(d);
}

TEST(a_cut_while_the_key_changes_costs_nothing)
{
	struct disk *d = make(&first, 150, false);
	bool         was_cut = true;

	for (long at = 1; was_cut; at++) {
		struct disk        *copy = fake_disk_copy(d);
		struct store_config c = config_of(copy, &second);
		struct store       *s = NULL;

		fake_disk_fail_at(copy, at, EIO, true, false);
		if (store_open(&c, "s", &s) == 0)
			store_abandon(s);
		was_cut = fake_disk_has_failed(copy);
		for (int how = 0; how < 8; how++) {
			struct disk *image = fake_disk_cut(copy, how < 3
			    ? (enum fake_cut)how : CUT_ANY, (uint32_t)(how +
			    at * 8));

			s = open_with(image, &second);
			check_msgs(s, 150);
			CHECK_INT(store_close(s), 0);
			s = open_with(image, &only_second);
			check_msgs(s, 150);
			store_abandon(s);
			fake_disk_destroy(image);
		}
		fake_disk_destroy(copy);
	}
	fake_disk_destroy(d);
}

/* Until the blocks from before have been rewritten. */
static void settle(struct store *s)
{
	for (int i = 0; i < 40; i++)
		CHECK_INT(store_tick(s), 0);
}

TEST(a_plain_store_becomes_a_sealed_one)
{
	for (int closed = 0; closed < 2; closed++) {
		struct disk  *d = make(NULL, 200, closed != 0);
		struct store *s = open_with(d, &first);

		check_msgs(s, 200);
		settle(s);
		check_msgs(s, 200);
		CHECK_INT(n_readable(d), 0);
		append(s, 20);
		CHECK_INT(store_close(s), 0);
		CHECK_INT(n_readable(d), 0);
		refuse(d, NULL);
		s = open_with(d, &first);
		check_msgs(s, 220);
		CHECK_INT(store_close(s), 0);
		fake_disk_destroy(d);
	}
}

TEST(a_cut_while_it_becomes_one_costs_nothing)
{
	struct disk *d = make(NULL, 150, false);
	bool         was_cut = true;

	for (long at = 1; was_cut; at++) {
		struct disk        *copy = fake_disk_copy(d);
		struct store_config c = config_of(copy, &first);
		struct store       *s = NULL;

		fake_disk_fail_at(copy, at, EIO, true, false);
		if (store_open(&c, "s", &s) == 0) {
			for (int i = 0; i < 20; i++)
				store_tick(s);
			store_abandon(s);
		}
		was_cut = fake_disk_has_failed(copy);
		for (int how = 0; how < 8; how++) {
			struct disk *image = fake_disk_cut(copy, how < 3
			    ? (enum fake_cut)how : CUT_ANY, (uint32_t)(how +
			    at * 8));

			s = open_with(image, &first);
			check_msgs(s, 150);
			settle(s);
			check_msgs(s, 150);
			CHECK_INT(store_close(s), 0);
			CHECK_INT(n_readable(image), 0);
			fake_disk_destroy(image);
		}
		fake_disk_destroy(copy);
	}
	fake_disk_destroy(d);
}

TEST(another_cipher_is_for_what_comes)
{
	struct disk  *d = make(&first, 100, true);
	struct store *s = open_with(d, &first_aes);

	append(s, 100);
	check_msgs(s, 200);
	store_abandon(s);
	s = open_with(d, &first_aes);
	check_msgs(s, 200);
	CHECK_INT(store_close(s), 0);
	s = open_with(d, &first);
	check_msgs(s, 200);
	append(s, 50);
	CHECK_INT(store_close(s), 0);
	fake_disk_remove(d, "index");
	s = open_with(d, &first_aes);
	check_msgs(s, 250);
	CHECK_INT(store_close(s), 0);
	CHECK_INT(n_readable(d), 0);
	fake_disk_destroy(d);
}

TEST(the_store_outlives_any_copy_of_its_key_but_one)
{
	struct disk *d = make(&first, 150, true);

	for (size_t i = 0; fake_disk_name(d, i) != NULL; i++) {
		const char   *last = fake_disk_name(d, i);
		struct disk  *copy;
		struct store *s;

		if (strstr(last, ".blk") == NULL)
			continue;
		copy = fake_disk_copy(d);
		fake_disk_remove(copy, "meta.a");
		fake_disk_remove(copy, "meta.b");
		for (size_t k = 0; fake_disk_name(copy, k) != NULL; k++) {
			const char *name = fake_disk_name(copy, k);
			size_t      n;

			if (strstr(name, ".blk") != NULL &&
			    strcmp(name, last) != 0)
				fake_disk_bytes(copy, name, &n)[64 + 60] ^= 1;
		}
		s = open_with(copy, &first);
		check_msgs(s, 150);
		CHECK_INT(store_close(s), 0);
		fake_disk_destroy(copy);
	}
	fake_disk_destroy(d);
}

TEST(compression_makes_the_files_smaller_and_the_count_no_other)
{
	static char         body[2000];
	struct store_config c[2] = { config_of(NULL, NULL),
		config_of(NULL, NULL) };
	struct store_state  st[2];

	c[1].is_compressed = true;
	for (int i = 0; i < 2; i++) {
		struct disk  *d = c[i].disk = fake_disk_create();
		struct store *s;
		uint64_t      seq;

		c[i].block_bytes = 1 << 20;
		CHECK_INT(store_create(&c[i], "s", 1, SLICE_NONE, &s), 0);
		for (int k = 0; k < 500; k++)
			CHECK_INT(store_append(s, SLICE("a"), SLICE_NONE,
			    slice_of(body, sizeof body), k, &seq), 0);
		CHECK_INT(store_sync(s), 0);
		store_get_state(s, &st[i]);
		CHECK_INT(store_close(s), 0);
		fake_disk_destroy(d);
	}
	CHECK_INT(st[0].bytes, st[1].bytes);
	CHECK(st[1].disk_bytes * 8 < st[0].disk_bytes, "%llu and %llu",
	    (unsigned long long)st[0].disk_bytes,
	    (unsigned long long)st[1].disk_bytes);
}

TEST(compression_is_turned_on_and_off)
{
	struct disk  *d = make(NULL, 20, true);
	struct store *s = open_with(d, NULL);
	char          body[400];
	uint64_t      seq;

	memset(body, 'x', sizeof body);
	for (int i = 0; i < 3; i++) {
		store_set_compression(s, i % 2 == 0);
		append(s, 10);
		CHECK_INT(store_append(s, SLICE("big"), SLICE_NONE,
		    slice_of(body, sizeof body), 99, &seq), 0);
		CHECK_INT(store_delete(s, seq, STORE_ERASE, NULL), 0);
		CHECK_INT(store_append(s, SLICE("big"), SLICE_NONE,
		    slice_of(body, sizeof body), 99, &seq), 0);
	}
	store_abandon(s);
	s = open_with(d, NULL);
	CHECK_INT(store_close(s), 0);
	fake_disk_destroy(d);
}
