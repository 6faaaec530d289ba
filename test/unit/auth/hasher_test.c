/* hasher_test.c - a job comes back exactly once: matched, not, refused,
 * cancelled, or swept out at the end. */
#include "auth/hasher.h"

#include <pthread.h>
#include <semaphore.h>

#include "check.h"

/* cost 4: a millisecond */
static const char hash_of_secret[] =
    "$2a$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

struct login {
	struct hash_job job;
	sem_t           is_done;
	sem_t          *gate;		/* done waits here first */
	int             n_done;
	bool            matches, was_wiped;
};

static void on_done(struct hash_job *job, bool matches)
{
	static const char zeros[BCRYPT_PASS_MAX + 1];
	struct login     *l = CONTAINER_OF(job, struct login, job);
	sem_t            *gate = l->gate;

	l->n_done++;
	l->matches = matches;
	l->was_wiped = memcmp(job->pass, zeros, sizeof zeros) == 0;
	sem_post(&l->is_done);		/* *l may be gone from here on */
	if (gate != NULL)
		sem_wait(gate);
}

static void login_init(struct login *l)
{
	memset(l, 0, sizeof *l);
	sem_init(&l->is_done, 0, 0);
	l->job.done = on_done;
	l->job.hash = hash_of_secret;
}

static bool ask(struct hasher *h, struct slice pass)
{
	struct login l;

	login_init(&l);
	CHECK(hasher_submit(h, &l.job, pass));
	sem_wait(&l.is_done);
	CHECK_INT(l.n_done, 1);
	CHECK(l.was_wiped, "the password stayed in memory");
	return l.matches;
}

TEST(passwords_are_compared)
{
	struct hasher *h = hasher_create(4);
	char           huge[10000];

	memset(huge, 'x', sizeof huge);
	CHECK(ask(h, SLICE("secret")));
	CHECK(!ask(h, SLICE("Secret")));
	CHECK(!ask(h, SLICE("secre")));
	CHECK(!ask(h, SLICE("")));
	CHECK(!ask(h, SLICE_NONE));
	CHECK(!ask(h, SLICE("secret\0")), "a NUL must not end the comparison");
	CHECK(!ask(h, SLICE("secret\0more")));
	CHECK(!ask(h, slice_of(huge, sizeof huge)));
	hasher_destroy(h);
}

/* The thread stands in the first login's done. */
static void hold(struct hasher *h, struct login *l, sem_t *gate)
{
	sem_init(gate, 0, 0);
	login_init(l);
	l->gate = gate;
	CHECK(hasher_submit(h, &l->job, SLICE("secret")));
	sem_wait(&l->is_done);
}

TEST(a_full_queue_refuses_and_a_job_may_be_cancelled)
{
	struct hasher *h = hasher_create(2);
	struct login   first, kept, cancelled, refused;
	sem_t          gate;

	hold(h, &first, &gate);
	login_init(&kept);
	login_init(&cancelled);
	login_init(&refused);
	CHECK(hasher_submit(h, &cancelled.job, SLICE("secret")));
	CHECK(hasher_submit(h, &kept.job, SLICE("secret")));
	CHECK(!hasher_submit(h, &refused.job, SLICE("secret")));
	CHECK_INT(refused.job.pass[0], '\0');
	hash_job_cancel(&cancelled.job);
	sem_post(&gate);
	sem_wait(&cancelled.is_done);
	sem_wait(&kept.is_done);
	CHECK(!cancelled.matches);
	CHECK(cancelled.was_wiped);
	CHECK(kept.matches);
	hasher_destroy(h);
	CHECK_INT(first.n_done + kept.n_done + cancelled.n_done, 3);
	CHECK_INT(refused.n_done, 0);
}

static void *destroy(void *h)
{
	hasher_destroy(h);
	return NULL;
}

TEST(what_is_queued_at_the_end_comes_back_refused)
{
	enum { N = 32 };
	static struct login queued[N];
	struct hasher      *h = hasher_create(N);
	struct login        first;
	pthread_t           t;
	sem_t               gate;

	hold(h, &first, &gate);
	for (int i = 0; i < N; i++) {
		login_init(&queued[i]);
		CHECK(hasher_submit(h, &queued[i].job, SLICE("secret")));
	}
	CHECK_INT(pthread_create(&t, NULL, destroy, h), 0);
	/* it is stopping once it takes no more, or has no room: either refuses */
	sem_post(&gate);
	CHECK_INT(pthread_join(t, NULL), 0);
	for (int i = 0; i < N; i++) {
		CHECK_INT(queued[i].n_done, 1);
		CHECK(queued[i].was_wiped);
	}
}

struct asker {
	struct hasher *h;
	int            n_right;
};

static void *ask_often(void *arg)
{
	struct asker *a = arg;

	for (int i = 0; i < 50; i++)
		a->n_right += ask(a->h, i % 2 ? SLICE("secret")
		    : SLICE("wrong")) == (i % 2 != 0);
	return NULL;
}

TEST(many_threads_may_ask)
{
	struct hasher *h = hasher_create(8);
	struct asker   a[4];
	pthread_t      t[4];

	for (int i = 0; i < 4; i++) {
		a[i] = (struct asker){ h, 0 };
		CHECK_INT(pthread_create(&t[i], NULL, ask_often, &a[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		CHECK_INT(pthread_join(t[i], NULL), 0);
		CHECK_INT(a[i].n_right, 50);
	}
	hasher_destroy(h);
	hasher_destroy(NULL);
}
