/* mon/collect.h - asking all workers.
 *
 * One mail goes to each worker; on its own thread it fills in its part, about
 * its own sessions, and sends the mail back.  When all are back, the one who
 * asked is called.  Nobody waits: a worker is interrupted for as long as its
 * part takes, and what it copies is bounded by the page asked for.  A report of
 * JetStream is made by one of them, in as many turns as it takes.
 *
 * Everything here is for the control thread but what collect.c does on the
 * workers.
 */
#ifndef MON_COLLECT_H
#define MON_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "core/match.h"
#include "mon/connz.h"
#include "mon/metrics.h"
#include "mon/subsz.h"
#include "session/hub.h"

struct client;
struct js;
struct loop;
struct report;

/* A client, on its worker; may write to out, and may close it.  True counts. */
typedef bool (*collect_visit)(void *ctx, struct client *c, struct buf *out);

/* Where JetStream is: its worker, on which find may be called; NULL: it does
 * not run.  Zeroed: it is not configured. */
struct collect_jetstream {
	unsigned    worker;
	struct js *(*find)(void *ctx);
	void       *ctx;
};

/* What is asked for besides the totals.  The options are kept, and read by the
 * workers, until the answer is there. */
struct collect_want {
	const struct connz_options *connz;	/* or NULL */
	const struct subsz_options *subsz;	/* or NULL */
	bool                        sums_clients;
	collect_visit               visit;	/* or NULL */
	void                       *visit_ctx;	/* not to be written to */
	struct report              *report;	/* or NULL; owned from now on */
	const struct collect_jetstream *jetstream;	/* kept; who makes it */
	bool                        is_report_alone;	/* nobody else is asked */
};

struct collect {
	/* Out: sums over the workers. */
	struct hub_stats       stats;
	struct match_stats     matches;
	struct connz_sums      sums;
	struct connz_selection clients;
	uint64_t               n_subs;		/* that subsz wants */
	const struct sub_info_list **sub_lists;	/* one for each worker */
	uint64_t               n_visited;	/* and it was true */
	struct buf             text;		/* that the visits wrote */
	unsigned               n_workers;
	const struct report   *report;		/* made; NULL: not asked for */
	bool                   failed;		/* some worker had no memory */

	struct list link;		/* the caller's */
	void       *ctx;		/* the caller's */
};

/* done gets the collect; it ends with collect_destroy.  NULL: out of memory,
 * nobody was asked, the report is gone.  Workers are members 0 .. n_workers-1 of the mesh, their
 * mail's receiver is their hub. */
struct collect *collect_start(struct loop *loop, unsigned n_workers,
    const struct collect_want *want, int64_t now_wall_ns,
    void (*done)(struct collect *c), void *ctx);

/* Also of one that is not done, if the workers have ended.  Takes NULL. */
void collect_destroy(struct collect *c);

#endif /* MON_COLLECT_H */
