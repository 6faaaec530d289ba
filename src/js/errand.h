/* js/errand.h - what waits for the disk, done beside the loop.
 *
 *     send (owner) -> run (a thread) -> done (owner, at the end of a turn)
 *
 * To open, to make and to remove a stream takes as long as the disk takes; the
 * loop serves others meanwhile.  The threads are not the pool's of the stores:
 * an errand may itself wait for that.  They come with errands and go when there
 * are none.
 *
 * Errands may run side by side and end in any order.
 */
#ifndef JS_ERRAND_H
#define JS_ERRAND_H

#include <stdbool.h>

#include "base/list.h"

struct js;

struct errand {
	/* On some thread; what it touches is its own until it is done. */
	void      (*run)(struct errand *e);
	/* Owner's thread.  It is the caller's again, who may free it. */
	void      (*done)(struct errand *e);
	struct list link;	/* of those that wait, or are done */
};

struct errands;

/* NULL: out of memory.  Thread: owner, all of it. */
struct errands *errands_create(struct js *js);
/* None is under way any more.  Takes NULL. */
void errands_destroy(struct errands *all);

/* Without a thread it is run here and now; done comes later all the same. */
void errands_send(struct errands *all, struct errand *e);

/* Those that have been run are done.  At the end of a turn. */
void errands_take_done(struct errands *all);
bool errands_has_done(struct errands *all);

/* It comes back, and done is not called; waits for who is at it.  False: it had
 * not begun. */
bool errands_recall(struct errands *all, struct errand *e);

/* It is run, if it has not been, and done. */
void errands_finish(struct errands *all, struct errand *e);

#endif /* JS_ERRAND_H */
