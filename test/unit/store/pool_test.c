/* test/unit/store/pool_test.c - pairs with src/store/pool.c. */
#include "store/pool.h"

#include "check.h"

enum { JOBS = 500 };

static struct job {
	struct pool_job pool;
	int             n_run, n_done;
} jobs[JOBS];

static void run(struct pool_job *p)
{
	CONTAINER_OF(p, struct job, pool)->n_run++;
}

static void done(struct pool_job *p)
{
	CONTAINER_OF(p, struct job, pool)->n_done++;
}

TEST(each_job_is_run_and_done_once)
{
	struct store_pool *p = store_pool_create(3);

	CHECK(p != NULL);
	for (int i = 0; i < JOBS; i++) {
		jobs[i].pool = (struct pool_job){ .run = run, .done = done };
		store_pool_submit(p, &jobs[i].pool);
	}
	store_pool_destroy(p);
	for (int i = 0; i < JOBS; i++)
		CHECK(jobs[i].n_run == 1 && jobs[i].n_done == 1);
}
