/* js/errand.c - what waits for the disk, done beside the loop. */
#include "js/errand.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "js/js.h"

/* Two at least: a slow disk must not hold up what is on another. */
enum { THREADS_MIN = 2, THREADS_MAX = 4 };

struct errands {
	struct js      *js;
	pthread_mutex_t mutex;
	pthread_cond_t  has_less;	/* threads, or errands under way */
	struct list     todo, done;
	struct errand  *at[THREADS_MAX];	/* under way; NULL: none */
	unsigned        n_threads, n_threads_max;
};

/* ---- threads ---------------------------------------------------------------- */

static struct errand *take_todo(struct errands *all, unsigned *slot)
{
	struct list *l = list_take(&all->todo);

	if (l == NULL)
		return NULL;
	for (*slot = 0; all->at[*slot] != NULL;)
		++*slot;
	all->at[*slot] = CONTAINER_OF(l, struct errand, link);
	return all->at[*slot];
}

static void *run(void *ctx)
{
	struct errands *all = ctx;
	struct errand  *e;
	unsigned        slot = 0;

	pthread_mutex_lock(&all->mutex);
	while ((e = take_todo(all, &slot)) != NULL) {
		pthread_mutex_unlock(&all->mutex);
		e->run(e);
		pthread_mutex_lock(&all->mutex);
		all->at[slot] = NULL;
		list_append(&all->done, &e->link);
		pthread_cond_broadcast(&all->has_less);
		all->js->host.wake(all->js->host.ctx);
	}
	all->n_threads--;
	pthread_cond_broadcast(&all->has_less);
	pthread_mutex_unlock(&all->mutex);
	return NULL;
}

/* With the mutex. */
static void start_thread(struct errands *all)
{
	pthread_t      t;
	pthread_attr_t attr;

	if (all->n_threads >= all->n_threads_max)
		return;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&t, &attr, run, all) == 0)
		all->n_threads++;
	pthread_attr_destroy(&attr);
}

void errands_send(struct errands *all, struct errand *e)
{
	bool has_thread;

	pthread_mutex_lock(&all->mutex);
	start_thread(all);
	has_thread = all->n_threads > 0;
	if (has_thread)
		list_append(&all->todo, &e->link);
	pthread_mutex_unlock(&all->mutex);
	if (has_thread)
		return;
	e->run(e);
	pthread_mutex_lock(&all->mutex);
	list_append(&all->done, &e->link);
	pthread_mutex_unlock(&all->mutex);
	js_need_turn(all->js);
}

/* ---- the end ---------------------------------------------------------------- */

bool errands_has_done(struct errands *all)
{
	bool has;

	pthread_mutex_lock(&all->mutex);
	has = !list_is_empty(&all->done);
	pthread_mutex_unlock(&all->mutex);
	return has;
}

void errands_take_done(struct errands *all)
{
	struct list *l;

	do {
		pthread_mutex_lock(&all->mutex);
		l = list_take(&all->done);
		pthread_mutex_unlock(&all->mutex);
		if (l != NULL) {
			struct errand *e = CONTAINER_OF(l, struct errand, link);

			e->done(e);
		}
	} while (l != NULL);
}

static bool is_under_way(const struct errands *all, const struct errand *e)
{
	for (unsigned i = 0; i < THREADS_MAX; i++)
		if (all->at[i] == e)
			return true;
	return false;
}

static bool is_among(const struct list *all, const struct list *one)
{
	for (const struct list *l = all->next; l != all; l = l->next)
		if (l == one)
			return true;
	return false;
}

bool errands_recall(struct errands *all, struct errand *e)
{
	bool has_run;

	pthread_mutex_lock(&all->mutex);
	while (is_under_way(all, e))
		pthread_cond_wait(&all->has_less, &all->mutex);
	has_run = !is_among(&all->todo, &e->link);
	list_remove(&e->link);
	pthread_mutex_unlock(&all->mutex);
	return has_run;
}

void errands_finish(struct errands *all, struct errand *e)
{
	if (!errands_recall(all, e))
		e->run(e);
	e->done(e);
}

/* ---- life ------------------------------------------------------------------- */

struct errands *errands_create(struct js *js)
{
	struct errands *all = calloc(1, sizeof *all);
	long            n = sysconf(_SC_NPROCESSORS_ONLN);

	if (all == NULL)
		return NULL;
	all->js = js;
	all->n_threads_max = n < THREADS_MIN ? THREADS_MIN
	    : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
	pthread_mutex_init(&all->mutex, NULL);
	pthread_cond_init(&all->has_less, NULL);
	list_init(&all->todo);
	list_init(&all->done);
	return all;
}

void errands_destroy(struct errands *all)
{
	if (all == NULL)
		return;
	pthread_mutex_lock(&all->mutex);
	while (all->n_threads > 0)
		pthread_cond_wait(&all->has_less, &all->mutex);
	pthread_mutex_unlock(&all->mutex);
	pthread_mutex_destroy(&all->mutex);
	pthread_cond_destroy(&all->has_less);
	free(all);
}
