/* bench/store_bench.c - what a stored message costs.
 *
 *     store_bench DIR [messages in millions, 1]
 *
 * Appends messages of 128 bytes to a store in DIR (made and removed), on the
 * disk that DIR is on, with two threads that sync: one in flight, 256, and as
 * many as fit; then reads, opens it again with and without its saved index,
 * and fills one of as many subjects as half its messages.  Last, appends and
 * reads once more, encrypted and compressed, to be held against the first
 * lines.  Times are elapsed times, CPU that of the whole process.
 */
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "store/disk.h"
#include "store/pool.h"
#include "store/seal.h"
#include "store/store.h"

enum { BODY = 128 };

static int                 bell;
static struct store_config conf;
static char                path[4096];

static void ring(void *ctx)
{
	uint64_t one = 1;

	(void)ctx;
	if (write(bell, &one, sizeof one) < 0)
		abort();
}

static void must(int err)
{
	if (err == 0)
		return;
	fprintf(stderr, "store_bench: error %d\n", err);
	exit(1);
}

static void wait_for(struct store *s, uint64_t mark)
{
	while (store_durable(s) < mark) {
		struct pollfd p = { .fd = bell, .events = POLLIN };
		uint64_t      n;

		poll(&p, 1, -1);
		if (read(bell, &n, sizeof n) < 0)
			abort();
		must(store_tick(s));
	}
}

struct timing {
	int64_t wall, cpu;
};

static struct timing start(void)
{
	return (struct timing){ clock_ns(), clock_cpu_ns() };
}

static void report(const char *what, struct timing from, uint64_t n)
{
	double wall = (double)(clock_ns() - from.wall);
	double cpu = (double)(clock_cpu_ns() - from.cpu);

	printf("%-34s %10.0f/s %8.2f us %8.2f us CPU\n", what,
	    (double)n * 1e9 / wall, wall / 1e3 / (double)n,
	    cpu / 1e3 / (double)n);
	fflush(stdout);
}

static void append(struct store *s, uint64_t i, uint64_t n_subjects)
{
	static const char body[] = "{\"order\":48151623,\"customer\":\"somebody or "
	    "other\",\"paid\":true,\"items\":[{\"id\":7,\"n\":2},{\"id\":12,\"n\":1}],"
	    "\"total\":35.90,\"by\":\"card\"}";
	char              subject[32];
	uint64_t          seq;
	int               n = snprintf(subject, sizeof subject, "orders.%llu",
	    (unsigned long long)(i % n_subjects));

	must(store_append(s, slice_of(subject, (size_t)n), SLICE_NONE,
	    slice_of(body, BODY), (int64_t)i, &seq));
	_Static_assert(sizeof body > BODY, "of 128 bytes");
}

static struct store *create(void)
{
	struct store *s;

	must(store_create(&conf, path, 1, SLICE_NONE, &s));
	return s;
}

/* So many wait for their acknowledgement at any time. */
static void bench_in_flight(const char *what, uint64_t n, uint64_t width)
{
	struct store *s = create();
	struct timing t = start();

	for (uint64_t i = 0; i < n; i += width) {
		for (uint64_t k = 0; k < width; k++)
			append(s, i + k, 100);
		must(store_sync(s));
		wait_for(s, store_mark(s));
	}
	report(what, t, n);
	must(store_close(s));
	must(store_remove_files(&conf, path));
}

/* The next sync begins when the one before is done; appends go on. */
static void bench_stream(const char *what, uint64_t n, uint64_t n_subjects)
{
	struct store *s = create();
	struct timing t = start();
	uint64_t      asked = 0;

	for (uint64_t i = 0; i < n; i++) {
		append(s, i, n_subjects);
		if (i % 64 == 0) {
			must(store_tick(s));
			if (store_durable(s) >= asked) {
				asked = store_mark(s);
				must(store_sync(s));
			}
		}
		if (i % 8192 == 8191)
			wait_for(s, asked);
	}
	must(store_sync(s));
	wait_for(s, store_mark(s));
	report(what, t, n);
	must(store_close(s));
}

static void bench_read(uint64_t n)
{
	struct store    *s;
	struct store_msg m = { 0 };
	struct timing    t;
	uint32_t         dice = 1;

	must(store_open(&conf, path, &s));
	t = start();
	for (uint64_t i = 1; i <= n; i++)
		must(store_read(s, i, &m));
	report("read, one after the other", t, n);
	t = start();
	for (uint64_t i = 0; i < n / 10; i++) {
		dice = dice * 1664525u + 1013904223u;
		must(store_read(s, 1 + (uint64_t)dice * n / UINT32_MAX % n,
		    &m));
	}
	report("read, at random", t, n / 10);
	store_msg_fini(&m);
	must(store_close(s));
}

static void time_open(const char *what)
{
	struct timing      t = start();
	struct store_state st;
	struct store      *s;
	double             ms, cpu;

	must(store_open(&conf, path, &s));
	ms = (double)(clock_ns() - t.wall) / 1e6;
	cpu = (double)(clock_cpu_ns() - t.cpu) / 1e6;
	store_get_state(s, &st);
	printf("%-34s %10.1f ms, %.1f of them CPU, for %llu messages, "
	    "%.1f MB\n", what, ms, cpu,
	    (unsigned long long)st.n_msgs, (double)st.disk_bytes / 1e6);
	fflush(stdout);
	/* as a kill does, so the next one has no index; then with one */
	store_abandon(s);
}

static void bench_open(void)
{
	struct store *s;

	time_open("open, after a clean close");
	time_open("open, after a kill");
	must(store_open(&conf, path, &s));
	must(store_close(s));
}

static size_t heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static void bench_memory(uint64_t n)
{
	struct store_state st;
	struct store      *s = create();
	size_t             before = heap();
	uint64_t           count;
	struct timing      t = start();

	for (uint64_t i = 0; i < 2 * n; i++) {
		append(s, i, n);
		if (i % 4096 == 0) {
			must(store_sync(s));
			wait_for(s, store_mark(s));
		}
	}
	must(store_sync(s));
	wait_for(s, store_mark(s));
	report("append, all subjects distinct", t, 2 * n);
	store_get_state(s, &st);
	printf("%-34s %10.1f bytes a subject in all, %.1f of them the index\n",
	    "memory", (double)(heap() - before) / (double)n,
	    (double)st.index_bytes / (double)n);
	t = start();
	must(store_count(s, SLICE("orders.*"), n, false, &count));
	report("count orders.* from the middle", t, 1);
	must(store_close(s));
	bench_open();
	must(store_remove_files(&conf, path));
}

/* The same with a codec; conf is as before when it returns. */
static void bench_codec(const char *what, enum codec codec, uint64_t n)
{
	struct store_secret secret = { .key = SLICE("a key") };
	struct store_state  st;
	struct store       *s;
	char                line[64];

	secret.cipher = codec & CODEC_CIPHER;
	conf.secret = secret.cipher != 0 ? &secret : NULL;
	conf.is_compressed = (codec & CODEC_LZ4) != 0;
	snprintf(line, sizeof line, "append, %s", what);
	bench_stream(line, n, 100);
	bench_read(n);
	must(store_open(&conf, path, &s));
	store_get_state(s, &st);
	printf("%-34s %10.1f bytes a message\n", "on the disk",
	    (double)st.disk_bytes / (double)n);
	must(store_close(s));
	must(store_remove_files(&conf, path));
	conf.secret = NULL;
	conf.is_compressed = false;
}

int main(int argc, char **argv)
{
	double             millions = argc > 2 ? strtod(argv[2], NULL) : 1;
	uint64_t           n = (uint64_t)(millions * 1e6);
	struct store_pool *pool = store_pool_create(2);

	if (argc < 2 || pool == NULL || n < 1000) {
		fprintf(stderr, "usage: store_bench DIR [MILLIONS]\n");
		return 1;
	}
	hash_init();
	bell = eventfd(0, EFD_CLOEXEC);
	snprintf(path, sizeof path, "%s/store_bench.%d", argv[1], getpid());
	conf = (struct store_config){ .disk = disk_real(), .pool = pool,
		.wake = ring, .cost = { 30, 4 } };
	bench_in_flight("append and sync, 1 in flight", 5000, 1);
	bench_in_flight("append and sync, 256 in flight", 256 * 1000, 256);
	bench_stream("append, syncs back to back", n, 100);
	bench_read(n);
	bench_open();
	must(store_remove_files(&conf, path));
	bench_memory(n / 2);
	bench_codec("plain", 0, n);
	bench_codec("ChaCha20-Poly1305", CODEC_CHACHA, n);
	bench_codec("AES-256-GCM", CODEC_AES, n);
	bench_codec("LZ4", CODEC_LZ4, n);
	bench_codec("LZ4 and AES", CODEC_LZ4 | CODEC_AES, n);
	store_pool_destroy(pool);
	return 0;
}
