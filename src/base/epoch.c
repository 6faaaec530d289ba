/* base/epoch.c - one ck_epoch for the process.
 *
 * ck_epoch_poll of 0.7.1 and 0.7.2 is sound on x86 only.  Elsewhere a reclaim
 * waits for the readers instead, and so does it rarely: sections are as short
 * as a batch of input, and a sleeping thread is in none.
 */
#include "base/epoch.h"

#include <ck_pr.h>
#include <pthread.h>
#include <stdlib.h>

struct epoch_thread {
	ck_epoch_record_t record;	/* first: ck aligns to its own needs */
	unsigned          n_deferred;	/* since the last reclaim */
	unsigned          n_waited;	/* reclaims that did nothing */
};

#if defined(__x86_64__) || defined(__i386__)
enum { POLL_IS_SAFE = 1 };
#else
enum { POLL_IS_SAFE = 0 };
#endif
/* Where reclaiming means waiting: after so many deferrals, or turns. */
enum { RECLAIM_AFTER = 4096, RECLAIM_TURNS = 64 };

static ck_epoch_t epoch;
static pthread_once_t epoch_once = PTHREAD_ONCE_INIT;

static void init_epoch(void)
{
	ck_epoch_init(&epoch);
}

struct epoch_thread *epoch_join(void)
{
	struct epoch_thread *t;
	ck_epoch_record_t   *old;

	pthread_once(&epoch_once, init_epoch);
	old = ck_epoch_recycle(&epoch, NULL);
	if (old != NULL)
		return (struct epoch_thread *)(void *)old;
	t = aligned_alloc(64, (sizeof *t + 63) & ~(size_t)63);
	if (t == NULL)
		return NULL;
	*t = (struct epoch_thread){ 0 };
	ck_epoch_register(&epoch, &t->record, NULL);
	return t;
}

void epoch_leave(struct epoch_thread *t)
{
	if (t == NULL)
		return;
	epoch_barrier(t);
	/* The record stays in ck's list for ever; the next thread reuses it. */
	ck_epoch_unregister(&t->record);
}

void epoch_begin(struct epoch_thread *t)
{
	ck_epoch_begin(&t->record, NULL);
	/* Our epoch must be visible before we read, or a writer that misses
	 * it frees under us; ck's own begin leaves this out on some machines. */
	ck_pr_fence_memory();
}

void epoch_end(struct epoch_thread *t)
{
	ck_epoch_end(&t->record, NULL);
}

void epoch_defer(struct epoch_thread *t, struct epoch_entry *e,
    void (*release)(struct epoch_entry *))
{
	t->n_deferred++;
	ck_epoch_call(&t->record, &e->ck,
	    (ck_epoch_cb_t *)(void (*)(void))release);
}

bool epoch_reclaim(struct epoch_thread *t)
{
	if (t->n_deferred == 0)
		return false;
	if (POLL_IS_SAFE) {
		ck_epoch_poll(&t->record);
		t->n_deferred = ck_pr_load_uint(&t->record.n_pending);
	} else if (++t->n_waited >= RECLAIM_TURNS ||
	    t->n_deferred >= RECLAIM_AFTER) {
		epoch_barrier(t);
	}
	return t->n_deferred != 0;
}

void epoch_barrier(struct epoch_thread *t)
{
	ck_epoch_barrier(&t->record);
	t->n_deferred = t->n_waited = 0;
}
