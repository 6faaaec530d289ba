/* test/crash/store_kill.c - a process with a store is killed, again and again.
 *
 * A child plays with a store on a real disk, syncs on a pool's threads, and
 * notes what it was promised in memory that outlives it.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "check.h"
#include "store/disk.h"
#include "store/pool.h"
#include "store_model.h"

static struct store_config config_of(struct store_pool *pool)
{
	return model_flavour((struct store_config){ .disk = disk_real(), .pool = pool,
		.block_bytes = 16384, .reserve_bytes = 16384,
		.cost = { 30, 4 } });
}

static void play_step(struct model *m)
{
	uint32_t d = model_dice(m, 100);

	if (d < 60)
		CHECK_INT(model_append(m), 0);
	else if (d < 90 && m->last >= m->base)
		CHECK_INT(model_delete(m, m->base + model_dice(m,
		    (uint32_t)(m->last - m->base + 1)),
		    d < 65 ? STORE_ERASE : STORE_DELETE), 0);
	else if (d == 90 && model_dice(m, 8) == 0)
		CHECK_INT(model_purge(m, "a.>", 0, 3), 0);
	else if (d > 95)
		CHECK_INT(store_sync(m->s), 0);
	CHECK_INT(store_tick(m->s), 0);
	m->durable = store_durable(m->s);
}

/* Until it is killed, or the model is full. */
static void play_child(struct model *m, const char *path)
{
	struct store_config c = config_of(store_pool_create(2));

	CHECK_INT(store_create(&c, path, 1, SLICE("blob"), &m->s), 0);
	while (m->last < MODEL_SEQS - 10)
		play_step(m);
	pause();
}

static void sleep_ns(int64_t ns)
{
	struct timespec t = { ns / NS_PER_S, ns % NS_PER_S };

	nanosleep(&t, NULL);
}

/* A busy machine takes its time to get somewhere. */
static void await_progress(struct model *m, uint64_t mark)
{
	for (int i = 0; i < 5000 && __atomic_load_n(&m->durable,
	    __ATOMIC_RELAXED) < mark; i++)
		sleep_ns(NS_PER_MS);
}

static uint64_t kill_once(struct model *m, const char *path, uint64_t mark,
    int64_t ns)
{
	struct store_config c = config_of(NULL);
	struct store       *s = NULL;
	pid_t               pid = fork();
	int                 status, err;

	CHECK(pid >= 0);
	if (pid == 0) {
		play_child(m, path);
		_exit(1);
	}
	await_progress(m, mark);
	sleep_ns(ns);
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status), "it ended by itself");
	err = store_open(&c, path, &s);
	if (err != 0 && m->durable == 0) {	/* not even made */
		store_remove_files(&c, path);
		return 0;
	}
	CHECK_INT(err, 0);
	model_check_survivors(m, s, 0);
	CHECK_INT(store_close(s), 0);
	CHECK_INT(store_remove_files(&c, path), 0);
	return m->durable;
}

TEST(a_killed_process_loses_nothing_promised)
{
	char          dir[] = "/tmp/mote-kill-XXXXXX", path[64];
	int           n = getenv("MOTE_TEST_LONG") != NULL ? 3000 : 12;
	size_t        size = sizeof(struct model);
	const char   *why;
	uint64_t      promised = 0;
	struct model *m = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	log_configure(&(struct log_config){ .file = "/dev/null" }, &why);
	CHECK(m != MAP_FAILED);
	CHECK(mkdtemp(dir) != NULL);
	for (int i = 0; i < n; i++) {
		memset(m, 0, size);
		m->seed = (uint32_t)i;
		m->base = 1;
		snprintf(path, sizeof path, "%s/%d", dir, i);
		promised += kill_once(m, path, (uint64_t)(i % 6 * 30),
		    i % 17 * 300 * NS_PER_US);
	}
	CHECK(promised > (uint64_t)n, "they got something done");
	CHECK_INT(rmdir(dir), 0);
	munmap(m, size);
}
