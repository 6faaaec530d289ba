/* store/pool.c - a queue, a lock, some threads. */
#include "store/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

struct store_pool {
	pthread_mutex_t lock;
	pthread_cond_t  wake;
	unsigned        n_threads;
	/* under the lock */
	struct list     queue;
	bool            is_stopping;
	pthread_t       threads[];
};

static struct pool_job *take_job(struct store_pool *p)
{
	struct list *l;

	pthread_mutex_lock(&p->lock);
	while (list_is_empty(&p->queue) && !p->is_stopping)
		pthread_cond_wait(&p->wake, &p->lock);
	l = list_take(&p->queue);
	pthread_mutex_unlock(&p->lock);
	return l == NULL ? NULL : CONTAINER_OF(l, struct pool_job, link);
}

static void *run(void *arg)
{
	struct pool_job *job;

	while ((job = take_job(arg)) != NULL) {
		job->run(job);
		job->done(job);
	}
	return NULL;
}

/* Signals are for the control thread. */
static bool start_threads(struct store_pool *p, unsigned n)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (p->n_threads < n && pthread_create(&p->threads[p->n_threads],
	    NULL, run, p) == 0)
		p->n_threads++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return p->n_threads == n;
}

struct store_pool *store_pool_create(unsigned n_threads)
{
	struct store_pool *p = calloc(1, sizeof *p +
	    n_threads * sizeof p->threads[0]);

	if (p == NULL)
		return NULL;
	list_init(&p->queue);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	if (!start_threads(p, n_threads)) {
		store_pool_destroy(p);
		return NULL;
	}
	return p;
}

void store_pool_destroy(struct store_pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->is_stopping = true;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void store_pool_submit(struct store_pool *p, struct pool_job *job)
{
	job->link = (struct list){ 0 };
	pthread_mutex_lock(&p->lock);
	list_append(&p->queue, &job->link);
	pthread_mutex_unlock(&p->lock);
	/* without the lock: who wakes would only wait for it */
	pthread_cond_signal(&p->wake);
}
