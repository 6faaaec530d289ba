/* js/host.h - all that JetStream asks of the server around it, as a table.
 *
 * JetStream is a client of core: it subscribes, and it publishes.  It runs on
 * one loop (a member of the mesh); whoever embeds it gives it that loop's
 * timers and these functions.  The tests have a host of their own
 * (test/lib/fake_host.h), with a clock that they turn.
 *
 * Thread: the loop's, all of it.
 */
#ifndef JS_HOST_H
#define JS_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/timer.h"

struct account;
struct buf;
struct run;

/* What is published.  Borrowed during the call. */
struct js_out {
	struct account *account;
	struct slice    subject;	/* literal: who wants this gets it */
	struct slice    shown;		/* what the receiver reads as the subject;
					   empty: the same */
	struct slice    reply;		/* empty: none */
	struct slice    headers;	/* "NATS/1.0..." to the empty line; or empty */
	struct slice    payload;
};

struct js_sub;

/* A run that came in: run->msgs, in order.  May append to stores and change
 * consumers, may not publish: that is for the end of the turn. */
typedef void (*js_take)(void *ctx, const struct run *run);

struct js_host {
	void              *ctx;
	struct timer_heap *timers;	/* of clock_ns() time */

	/* Of this turn. */
	int64_t (*now_ns)(void *ctx);
	int64_t (*wall_ns)(void *ctx);	/* since 1970; may step */

	/* From the return on, take is called with what is published on pattern
	 * in that account.  queue: empty, or a queue group's name (copied).
	 * NULL: out of memory or a malformed pattern. */
	struct js_sub *(*subscribe)(void *ctx, struct account *a,
	    struct slice pattern, struct slice queue, js_take take,
	    void *take_ctx);
	/* take is not called any more; takes NULL. */
	void (*unsubscribe)(void *ctx, struct js_sub *s);

	/* From here on take gets what is only to be traced, too: a run with a
	 * trace, of one message. */
	void (*hear_traces)(void *ctx, struct js_sub *s);
	bool (*is_only_traced)(void *ctx, const struct run *run);
	/* What became of it.  subject: empty: it did not come so far; error:
	 * empty: none. */
	void (*trace)(void *ctx, const struct run *run, struct slice stream,
	    struct slice subject, bool is_unwanted, struct slice error);

	/* Deliver.  False: nobody took it.  Not inside a take. */
	bool (*publish)(void *ctx, const struct js_out *m);

	/* Would anyone take what is published on this subject?  queue: only
	 * members of that group count; empty: anybody. */
	bool (*is_wanted)(void *ctx, struct account *a, struct slice subject,
	    struct slice queue);

	/* There is work for js_end_turn: see to it that this turn, or one
	 * soon, ends.  The only one that may be called on any thread. */
	void (*wake)(void *ctx);

	/* The requester as nats-server's ClientInfo, a JSON object, appended;
	 * nothing where it is not known.  run: the one being taken. */
	void (*put_client)(void *ctx, const struct run *run, struct buf *out);
};

#endif /* JS_HOST_H */
