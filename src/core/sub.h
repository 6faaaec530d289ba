/* core/sub.h - someone wants what is published on a pattern.
 *
 * The seam between routing and everybody who receives: a client session, a
 * link, a stream.  Whoever subscribes embeds a struct sub, fills in give and
 * worker, and hands it to a sublist; core never learns what is behind it.
 */
#ifndef CORE_SUB_H
#define CORE_SUB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/epoch.h"
#include "base/slice.h"

struct permissions;
struct run;
struct sub;
struct subject_node;

/* Where give may be called on whatever worker publishes. */
#define SUB_ANYWHERE UINT16_MAX

/* Take the run's messages, in order; the number taken.  A run of none asks how
 * many would be taken now (UINT32_MAX: any number); 0 means that another
 * member of the queue group may have them.  run->port is that of the thread.
 * Thread: sub->worker, in epoch. */
typedef uint32_t (*sub_give)(struct sub *sub, const struct run *run);

struct sub {
	/* Set before insertion, constant after. */
	sub_give                  give;
	struct slice              queue;	/* empty: none.  Kept by the subscriber */
	uint16_t                  worker;	/* whose thread may call give */
	bool                      relays;	/* its give publishes in turn, so it
						   comes last; in no queue */

	/* Written by the worker, atomically, read by any. */
	const struct permissions *filter;	/* deliveries must pass it; or NULL;
						   an old one lives for a grace period */
	bool                      is_closed;	/* removal is under way */

	/* The sublist's own.  node is NULL while not inserted. */
	struct subject_node      *node;
	uint32_t                  place;
};

#endif /* CORE_SUB_H */
