/* net/handshaker.c - TLS handshakes, away from the loops that serve. */
#include "net/handshaker.h"

#include <stdlib.h>

#include "net/loop.h"

struct handshaker {
	struct loop *loop;
	struct list  begun, fresh;	/* jobs, oldest first */
	unsigned     n_unwanted;	/* atomic: since they were looked for */
};

/* ---- jobs ---------------------------------------------------------------- */

void shake_job_step(struct shake_job *job)
{
	if (job->session == NULL)
		job->session = tls_open(job->context, job->fd, NULL);
	if (job->session == NULL) {
		buf_put_str(&job->why, "out of memory");
		job->want = TLS_FAILED;
		return;
	}
	job->want = tls_handshake(job->session, &job->why);
}

static void give_back(struct handshaker *h, struct shake_job *job)
{
	job->mail.deliver = job->done;
	loop_post(h->loop, job->from, &job->mail);
}

static bool is_unwanted(const struct shake_job *job)
{
	return __atomic_load_n(&job->is_unwanted, __ATOMIC_RELAXED);
}

static void receive(struct mail *m, void *receiver)
{
	struct handshaker *h = receiver;
	struct shake_job  *job = CONTAINER_OF(m, struct shake_job, mail);

	list_append(job->session != NULL ? &h->begun : &h->fresh, &job->link);
}

static struct shake_job *take_job(struct handshaker *h)
{
	struct list *l = list_take(&h->begun);

	if (l == NULL)
		l = list_take(&h->fresh);
	return l == NULL ? NULL : CONTAINER_OF(l, struct shake_job, link);
}

/* ---- the turn ------------------------------------------------------------ */

static void drop_unwanted(struct handshaker *h, struct list *jobs)
{
	LIST_EACH (l, jobs) {
		struct shake_job *job = CONTAINER_OF(l, struct shake_job,
		    link);

		if (!is_unwanted(job))
			continue;
		list_remove(l);
		give_back(h, job);
	}
}

/* They hold descriptors, and must not wait behind others. */
static void look_for_unwanted(struct handshaker *h)
{
	if (__atomic_exchange_n(&h->n_unwanted, 0, __ATOMIC_ACQUIRE) == 0)
		return;
	drop_unwanted(h, &h->begun);
	drop_unwanted(h, &h->fresh);
}

/* One job a turn: its result goes out, and the next may be of more worth. */
static void end_turn(void *ctx)
{
	struct handshaker *h = ctx;
	struct shake_job  *job;

	look_for_unwanted(h);
	job = take_job(h);
	if (job == NULL)
		return;
	do
		shake_job_step(job);
	while (job->want == TLS_AGAIN && !is_unwanted(job));
	give_back(h, job);
	if (!list_is_empty(&h->begun) || !list_is_empty(&h->fresh))
		loop_again(h->loop);
}

/* ---- life ---------------------------------------------------------------- */

struct handshaker *handshaker_create(struct loop *loop)
{
	struct handshaker *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	h->loop = loop;
	list_init(&h->begun);
	list_init(&h->fresh);
	loop_set_receiver(loop, h);
	loop_set_hooks(loop, &(struct loop_hooks){ end_turn, h });
	return h;
}

void handshaker_destroy(struct handshaker *h)
{
	free(h);
}

void handshaker_submit(struct handshaker *h, struct loop *from,
    struct shake_job *job)
{
	job->from = loop_member(from);
	job->mail.deliver = receive;
	loop_post(from, loop_member(h->loop), &job->mail);
}

void handshaker_forget(struct handshaker *h, struct shake_job *job)
{
	__atomic_store_n(&job->is_unwanted, true, __ATOMIC_RELAXED);
	__atomic_fetch_add(&h->n_unwanted, 1, __ATOMIC_RELEASE);
}

bool handshaker_give_back(struct handshaker *h)
{
	struct shake_job *job;
	bool              was_there = false;

	while ((job = take_job(h)) != NULL) {
		give_back(h, job);
		was_there = true;
	}
	return was_there;
}
