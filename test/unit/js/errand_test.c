/* js/errand: run on threads, done on the owner's, whatever comes between. */
#include "js/errand.h"

#include <pthread.h>
#include <semaphore.h>

#include "js/js.h"
#include "check.h"

enum { MANY = 200 };

struct one {
	struct errand errand;
	sem_t        *gate;	/* NULL: it does not wait */
	bool          has_run, is_done;
	pthread_t     ran_on;
};

static unsigned n_wakes;

static void wake(void *ctx)
{
	(void)ctx;
	__atomic_add_fetch(&n_wakes, 1, __ATOMIC_RELAXED);
}

static void run(struct errand *e)
{
	struct one *o = CONTAINER_OF(e, struct one, errand);

	if (o->gate != NULL)
		sem_wait(o->gate);
	o->ran_on = pthread_self();
	o->has_run = true;
}

static void done(struct errand *e)
{
	struct one *o = CONTAINER_OF(e, struct one, errand);

	CHECK(o->has_run && !o->is_done);
	o->is_done = true;
}

static struct js js = { .host = { .wake = wake } };

static void send(struct errands *all, struct one *o, sem_t *gate)
{
	*o = (struct one){ .errand = { .run = run, .done = done },
		.gate = gate };
	errands_send(all, &o->errand);
}

TEST(each_is_run_elsewhere_and_done_here)
{
	struct errands *all = errands_create(&js);
	struct one      v[MANY];
	size_t          n_done = 0;

	for (size_t i = 0; i < MANY; i++)
		send(all, &v[i], NULL);
	while (n_done < MANY) {
		errands_take_done(all);
		n_done = 0;
		for (size_t i = 0; i < MANY; i++)
			n_done += v[i].is_done;
	}
	for (size_t i = 0; i < MANY; i++)
		CHECK(!pthread_equal(v[i].ran_on, pthread_self()));
	CHECK(n_wakes >= MANY);
	CHECK(!errands_has_done(all));
	errands_destroy(all);
}

/* One waits for ever; others are not held up. */
TEST(a_slow_one_holds_no_other_up)
{
	struct errands *all = errands_create(&js);
	struct one      slow, quick;
	sem_t           gate;

	sem_init(&gate, 0, 0);
	send(all, &slow, &gate);
	send(all, &quick, NULL);
	while (!quick.is_done)
		errands_take_done(all);
	CHECK(!slow.is_done);
	sem_post(&gate);
	errands_finish(all, &slow.errand);
	CHECK(slow.is_done);
	errands_destroy(all);
	sem_destroy(&gate);
}

TEST(what_is_recalled_is_never_done)
{
	struct errands *all = errands_create(&js);
	struct one      v[MANY];
	sem_t           gate;

	sem_init(&gate, 0, 0);
	for (size_t i = 0; i < MANY; i++)
		send(all, &v[i], &gate);
	/* most wait behind those that are under way */
	CHECK(!errands_recall(all, &v[MANY - 1].errand));
	CHECK(!v[MANY - 1].has_run);
	for (size_t i = 0; i < MANY; i++)
		sem_post(&gate);
	for (size_t i = 0; i + 1 < MANY; i++)
		CHECK_INT(errands_recall(all, &v[i].errand), v[i].has_run);
	errands_take_done(all);
	for (size_t i = 0; i < MANY; i++)
		CHECK(!v[i].is_done);
	errands_destroy(all);
	sem_destroy(&gate);
}

TEST(what_has_not_begun_is_run_to_be_finished)
{
	struct errands *all = errands_create(&js);
	struct one      slow[4], last;
	sem_t           gate;

	sem_init(&gate, 0, 0);
	for (size_t i = 0; i < N_OF(slow); i++)
		send(all, &slow[i], &gate);
	send(all, &last, NULL);
	errands_finish(all, &last.errand);
	CHECK(last.is_done);
	for (size_t i = 0; i < N_OF(slow); i++)
		sem_post(&gate);
	for (size_t i = 0; i < N_OF(slow); i++)
		errands_finish(all, &slow[i].errand);
	errands_destroy(all);
	sem_destroy(&gate);
}
