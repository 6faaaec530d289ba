/* store_index_fuzz.c - the saved index of a store that is opened.
 *
 * Input: the index file; what ties it to the store, and its checksum, is made
 * right.  Holds: the store opens, has the messages that its blocks have or
 * those that a believable index says, and answers questions. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "store/crc.h"
#include "store/disk.h"
#include "store/format.h"
#include "store/ramdisk.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 1 << 14, HEADER = 80 };

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void make(struct store_config *c)
{
	struct store *s;
	uint64_t      seq;

	must(store_create(c, "s", 1, SLICE("b"), &s) == 0);
	for (int i = 0; i < 60; i++)
		must(store_append(s, i % 3 ? SLICE("a.b") : SLICE("c.d"),
		    SLICE_NONE, SLICE("some bytes of a body, not too few"), i,
		    &seq) == 0);
	for (uint64_t i = 7; i < 20; i += 3)
		must(store_delete(s, i, STORE_DELETE, NULL) == 0);
	must(store_close(s) == 0);
}

static void put_index(struct disk *d, const uint8_t *data, size_t size)
{
	static char p[BYTES_MAX];
	char        header[HEADER];
	int         fd = d->open(d, 0, "index", DISK_WRITE);

	must(fd >= 0 && d->pread(d, fd, header, HEADER, 0) == HEADER);
	memcpy(p, data, size);
	if (size >= HEADER + 4) {
		memcpy(p, header, 48);
		put32(p + size - 4, crc32c(0, p, size - 4));
	}
	must(d->truncate(d, fd, 0) == 0);
	must(d->pwrite(d, fd, p, size, 0) == 0);
	d->close(d, fd);
}

static void ask(struct store *s)
{
	struct store_state st;
	struct store_msg   m = { 0 };
	uint64_t           n;

	for (uint64_t seq = 1; seq <= 60; seq++)
		store_read(s, seq, &m);
	store_get_state(s, &st);
	must(st.last_seq >= 60 && st.n_msgs <= 60);
	must(store_count(s, SLICE(">"), 0, false, &n) == 0 && n == st.n_msgs);
	store_msg_fini(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool         is_hushed;
	const char         *why;
	struct disk        *d;
	struct store_config c = { .block_bytes = 4096, .cost = { 30, 4 } };
	struct store       *s;

	if (size > BYTES_MAX)
		return 0;
	if (!is_hushed) {
		hash_init();
		log_configure(&(struct log_config){ .file = "/dev/null" },
		    &why);
		is_hushed = true;
	}
	c.disk = d = ramdisk_create();
	make(&c);
	put_index(d, data, size);
	must(store_open(&c, "s", &s) == 0);
	ask(s);
	store_abandon(s);
	ramdisk_destroy(d);
	return 0;
}
