/* base/epoch.h - when may memory that others read without a lock be freed?
 *
 * A reader brackets its reading with begin and end; a writer unlinks and then
 * defers the release until every section that was open has closed.  One
 * section covers a batch of input, never a wait.  Concurrency Kit's ck_epoch
 * does the work; this wrapper adds the fence that its begin lacks on weakly
 * ordered machines, and a safe way to reclaim there.
 */
#ifndef BASE_EPOCH_H
#define BASE_EPOCH_H

#include <ck_epoch.h>
#include <stdbool.h>

struct epoch_thread;

/* A deferred release, embedded in the thing that dies. */
struct epoch_entry {
	ck_epoch_entry_t ck;
};

/* One for each thread that reads or defers.  NULL: out of memory.
 * Thread: the one that will use it. */
struct epoch_thread *epoch_join(void);

/* Runs what is still deferred (waits for readers).  Takes NULL. */
void epoch_leave(struct epoch_thread *t);

/* Sections do not nest. */
void epoch_begin(struct epoch_thread *t);
void epoch_end(struct epoch_thread *t);

/* Calls release(e) on this thread, in a later epoch_reclaim, when no section
 * that is open now is still open.  May be called inside or outside a section. */
void epoch_defer(struct epoch_thread *t, struct epoch_entry *e,
    void (*release)(struct epoch_entry *));

/* Runs whatever is due.  Cheap when nothing is.  True: something waits still,
 * call again soon.  Outside sections only. */
bool epoch_reclaim(struct epoch_thread *t);

/* Returns when every section open now has closed, and runs all that this
 * thread deferred.  Outside sections only; never on a path that serves. */
void epoch_barrier(struct epoch_thread *t);

#endif /* BASE_EPOCH_H */
