/* js/pull.h - the requests that wait for messages.
 *
 * A queue of at most max_waiting; who was given a message goes to its tail.  A
 * request ends when it has had its batch or bytes, when its time is over, when
 * nobody listens to its inbox, or - if it does not want to wait - when there is
 * nothing left.  Each end but the first is told with a status.
 *
 * Thread: owner.  Spec: jetstream reference, section 18.
 */
#ifndef JS_PULL_H
#define JS_PULL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/slice.h"

struct consumer;
struct delivery;
struct run;

enum { PIN_ID_MAX = 24 };

/* A request.  Owned by its queue. */
struct waiting {
	struct list link;
	int64_t     expires_ns, beat_ns;	/* now_ns() time; INT64_MAX: never */
	int64_t     heartbeat_ns;
	int64_t     checked_ns;	/* the turn in which its inbox was wanted */
	int64_t     left;	/* messages */
	int64_t     bytes_left;	/* of max_bytes */
	int64_t     min_pending, min_ack_pending;	/* 0: unset */
	bool        has_bytes, no_wait, has_had;
	uint8_t     priority;
	uint8_t     n_id;
	char        id[PIN_ID_MAX];
	size_t      n_reply;
	char        reply[];
};

struct pull {
	struct list queue;
	size_t      n;
	int64_t     swept_ns;	/* when a full queue was last swept */
	int64_t     due_ns;	/* no request has anything to happen before */
	char        pin[PIN_ID_MAX];
	size_t      n_pin;	/* 0: nobody is pinned */
	int64_t     pinned_wall_ns, pin_until_ns;
};

void pull_init(struct pull *p);

/* What arrives at MSG.NEXT (ctx: the consumer). */
void pull_take(void *ctx, const struct run *run);
/* One request, as text; from MSG.NEXT or behind +NXT. */
void pull_ask(struct consumer *c, struct slice reply, struct slice text);

/* Times out and beats; then delivers as far as requests and messages reach. */
void pull_pump(struct consumer *c, struct delivery *d);

/* Ends all of them; with_pending: the status tells what they lacked. */
void pull_end_all(struct consumer *c, const char *status, bool with_pending);

/* Requests whose inbox somebody listens to. */
size_t pull_n_live(const struct consumer *c);

/* Whoever is pinned is not any more; reason: for the advisory. */
void pull_unpin(struct consumer *c, const char *reason);

#endif /* JS_PULL_H */
