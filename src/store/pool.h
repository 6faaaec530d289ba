/* store/pool.h - a few threads that wait for disks, so that no loop does.
 *
 * A job belongs to the pool from submit until its done is called, on one of the
 * pool's threads, exactly once.  Jobs of one store never overlap: it has one.
 */
#ifndef STORE_POOL_H
#define STORE_POOL_H

#include "base/list.h"

struct store_pool;

struct pool_job {
	void      (*run)(struct pool_job *job);
	/* The last that the pool does with the job. */
	void      (*done)(struct pool_job *job);
	struct list link;	/* the pool's */
};

/* NULL: out of memory or of threads. */
struct store_pool *store_pool_create(unsigned n_threads);

/* Jobs still waiting are run; returns when the threads have ended.  Takes
 * NULL.  Thread: none may submit any more. */
void store_pool_destroy(struct store_pool *p);

/* In order of submission, as threads come free.  Thread: any. */
void store_pool_submit(struct store_pool *p, struct pool_job *job);

#endif /* STORE_POOL_H */
