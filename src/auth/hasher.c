/* auth/hasher.c - a queue, a lock, a thread.
 *
 * The lock guards the queue only, never a hash.  Nothing in here touches a job
 * after its done was called: the memory may be gone.
 */
#include "auth/hasher.h"

#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/assert.h"

struct hasher {
	pthread_mutex_t    lock;
	pthread_cond_t     wake;
	pthread_t          thread;
	struct crypt_data *scratch;	/* the thread's */
	size_t             queue_max;
	/* under the lock */
	struct list        queue;
	size_t             n_queued;
	bool               is_stopping;
};

/* The next job; NULL: there is none and will be none.  *is_late: the hasher is
 * stopping and the job is only to be given back. */
static struct hash_job *take_job(struct hasher *h, bool *is_late)
{
	struct list *l;

	pthread_mutex_lock(&h->lock);
	while (list_is_empty(&h->queue) && !h->is_stopping)
		pthread_cond_wait(&h->wake, &h->lock);
	l = list_take(&h->queue);
	if (l != NULL)
		h->n_queued--;
	*is_late = h->is_stopping;
	pthread_mutex_unlock(&h->lock);
	return l == NULL ? NULL : CONTAINER_OF(l, struct hash_job, link);
}

static bool run_job(struct hasher *h, struct hash_job *job)
{
	bool matches;

	if (__atomic_load_n(&job->is_cancelled, __ATOMIC_RELAXED))
		return false;
	if (job->is_settled != NULL && job->is_settled(job))
		return true;
	/* hashed all the same, for the time it takes */
	matches = bcrypt_matches(job->hash, job->pass, h->scratch);
	return matches && !job->is_unhashable;
}

static void *run(void *arg)
{
	struct hasher   *h = arg;
	struct hash_job *job;
	bool             is_late;

	while ((job = take_job(h, &is_late)) != NULL) {
		bool matches = !is_late && run_job(h, job);

		sodium_memzero(job->pass, sizeof job->pass);
		job->done(job, matches);
	}
	return NULL;
}

/* Signals are for the control thread. */
static int start_thread(struct hasher *h)
{
	sigset_t all, before;
	int      err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&h->thread, NULL, run, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static void free_hasher(struct hasher *h)
{
	pthread_cond_destroy(&h->wake);
	pthread_mutex_destroy(&h->lock);
	bcrypt_scratch_destroy(h->scratch);
	free(h);
}

struct hasher *hasher_create(size_t queue_max)
{
	struct hasher *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	list_init(&h->queue);
	h->queue_max = queue_max;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->wake, NULL);
	h->scratch = bcrypt_scratch_create();
	if (h->scratch == NULL || start_thread(h) != 0) {
		free_hasher(h);
		return NULL;
	}
	return h;
}

void hasher_destroy(struct hasher *h)
{
	if (h == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	h->is_stopping = true;
	pthread_cond_signal(&h->wake);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->thread, NULL);
	assert(list_is_empty(&h->queue));
	free_hasher(h);
}

static void copy_pass(struct hash_job *job, struct slice pass)
{
	size_t n = pass.n < BCRYPT_PASS_MAX ? pass.n : BCRYPT_PASS_MAX;

	if (n > 0)
		memcpy(job->pass, pass.p, n);
	job->pass[n] = '\0';
	/* libcrypt would stop at a NUL and compare the front alone */
	job->is_unhashable = n > 0 && memchr(pass.p, '\0', n) != NULL;
}

bool hasher_submit(struct hasher *h, struct hash_job *job, struct slice pass)
{
	bool is_taken;

	copy_pass(job, pass);
	job->link = (struct list){ 0 };
	__atomic_store_n(&job->is_cancelled, false, __ATOMIC_RELAXED);
	pthread_mutex_lock(&h->lock);
	is_taken = h->n_queued < h->queue_max && !h->is_stopping;
	if (is_taken) {
		list_append(&h->queue, &job->link);
		h->n_queued++;
		pthread_cond_signal(&h->wake);
	}
	pthread_mutex_unlock(&h->lock);
	if (!is_taken)
		sodium_memzero(job->pass, sizeof job->pass);
	return is_taken;
}

void hash_job_cancel(struct hash_job *job)
{
	__atomic_store_n(&job->is_cancelled, true, __ATOMIC_RELAXED);
}
