/* js/consumer_int.h - a consumer's own state, for the files that make it up.
 *
 * One timer for all that a consumer waits for: each part says when it wants to
 * be looked at (consumer_wake_at), and the timer only marks the consumer; what
 * is due then is done by the pump, at the end of the turn.
 *
 *   consumer.c          life, configuration, information
 *   consumer_place.c    where it starts; how much is ahead; what has gone
 *   consumer_deliver.c  the pump: what is next, and sending it
 *   consumer_ack.c      acknowledgements; what is due again
 *   pull.c, push.c      whom it delivers to
 *   cursors.c           what is remembered of it
 */
#ifndef JS_CONSUMER_INT_H
#define JS_CONSUMER_INT_H

#include "base/buf.h"
#include "base/list.h"
#include "base/timer.h"
#include "js/consumer.h"
#include "js/cursors.h"
#include "js/host.h"
#include "js/js.h"
#include "js/pending.h"
#include "js/pull.h"
#include "js/stream.h"
#include "store/store.h"

struct dead;
struct push;
struct js_account;

enum { CONSUMER_SUBS = 5, ACK_SUBJECT_MAX = 1024 };

/* Sequences in the order they came, some of them out of date. */
struct seq_queue {
	uint64_t *v;
	size_t    first, n, cap;	/* cap: a power of two */
};

/* The first match of one filter at or above where it was sought from. */
struct filter_match {
	uint64_t seq;		/* not found: where to go on seeking */
	bool     is_found;
};

struct consumer {
	struct list             link;	/* in stream->consumers */
	struct stream          *stream;
	struct consumer_config *config;
	int64_t                 created_ns;
	struct js_sub          *subs[CONSUMER_SUBS];

	uint64_t                next_seq, next_cseq;
	struct consumer_place   floor;
	struct pending          pending;
	struct pending          dead;	/* delivered too often; in the stream */
	struct seq_queue        again;	/* to be delivered again */
	int64_t                 again_due_ns;	/* no pending one is due before */

	/* Matching messages from next_seq to counted_to, and the lasts. */
	uint64_t                n_ahead, counted_to;
	bool                    is_counted;
	struct filter_match    *matches;	/* by filter */
	uint64_t               *lasts;	/* of last_per_subject, ascending */
	size_t                  last_at, n_lasts;

	uint64_t                replay_until;	/* seq; 0: at once */
	int64_t                 replay_ts_ns, replay_at_ns;

	struct pull             pull;
	struct push            *push;	/* NULL: pull */
	struct cursor           cursor;
	struct list             answers;	/* of double acks */
	struct timer            timer;
	int64_t                 last_delivered_ns, last_acked_ns;	/* wall */
	int64_t                 read_fails_since_ns;	/* of the message that is
						   next; 0: it does not */
	int64_t                 active_ns;	/* now_ns() time */
	int64_t                 wake_ns;	/* what the timer is set to */
	bool                    has_work, was_paused, is_leaving;
};

static inline struct js_account *consumer_account(const struct consumer *c)
{
	return c->stream->account;
}

/* What stands in the subjects of acks and flow control; or nothing. */
static inline struct slice consumer_route(const struct consumer *c)
{
	const char *route = consumer_account(c)->route;

	return route == NULL ? SLICE_NONE : slice_str(route);
}

static inline struct js *consumer_js(const struct consumer *c)
{
	return c->stream->account->js;
}

static inline int64_t consumer_now(const struct consumer *c)
{
	const struct js_host *h = &consumer_js(c)->host;

	return h->now_ns(h->ctx);
}

static inline int64_t consumer_wall(const struct consumer *c)
{
	const struct js_host *h = &consumer_js(c)->host;

	return h->wall_ns(h->ctx);
}

static inline bool consumer_keeps_pending(const struct consumer *c)
{
	return c->config->ack_policy != ACK_NONE;
}

/* It is pumped at the end of this turn. */
void consumer_has_work(struct consumer *c);
/* It is pumped at that time, or before. */
void consumer_wake_at(struct consumer *c, int64_t when_ns);

/* A restored one whose state has been applied: it goes to work. */
void consumer_resume(struct consumer *c);

/* A status with these headers to subject. */
void consumer_say(struct consumer *c, struct slice subject,
    struct slice reply, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

bool consumer_is_paused(const struct consumer *c);

/* Forgets it when nobody has used it for too long. */
void consumer_look_for_end(struct consumer *c);

/* ---- consumer_place.c ------------------------------------------------- */

/* Section 16.1.  False: out of memory. */
bool consumer_find_start(struct consumer *c);
uint64_t consumer_last_seq(const struct consumer *c);
/* The next that matches from next_seq on.  False: none. */
bool consumer_find_next(struct consumer *c, uint64_t *seq);
/* After a change of filters or position. */
bool consumer_forget_matches(struct consumer *c);
uint64_t consumer_n_pending(struct consumer *c);
/* The age of the oldest that is ahead; 0: there is none. */
int64_t consumer_lag_ns(struct consumer *c);
/* Up to where nothing is pending. */
void consumer_raise_floor(struct consumer *c);

/* ---- consumer_deliver.c ----------------------------------------------- */

/* A message on its way out.  Zeroed: none. */
struct delivery {
	struct consumer *c;
	struct store_msg msg;
	struct buf       headers;	/* where ours are added */
	uint64_t         seq;		/* 0: nothing has been looked up */
	bool             is_again, is_of_lasts, is_stalled;
	struct slice     pin_id;	/* of whom it goes to */
	char             reply[ACK_SUBJECT_MAX];
	size_t           n_reply;
};

/* Looks up what is next.  False: nothing, or is_stalled. */
bool delivery_peek(struct delivery *d);
/* What it counts for in max_bytes, flow control and rates. */
size_t delivery_size(struct delivery *d);
/* False: nobody took it; nothing has changed. */
bool delivery_send(struct delivery *d, struct slice to);

/* ---- consumer_ack.c --------------------------------------------------- */

void consumer_take_ack(void *ctx, const struct run *run);
/* All up to there. */
void consumer_ack_through(struct consumer *c, uint64_t seq, uint64_t cseq);
/* It will not be delivered again; not acked. */
void consumer_drop(struct consumer *c, struct pending_entry *e,
    const char *reason);
/* Somebody may still be at work on what it was given. */
bool consumer_is_owed_an_ack(const struct consumer *c);
/* A dead letter (js/dead_letter.h) is on the disk: its message is not pending any
 * more; or it could not be stored, and is tried again when due. */
void consumer_bury(struct consumer *c, const struct dead *d);
void consumer_revive(struct consumer *c, uint64_t seq);
/* Moves what is due to the queue. */
void consumer_expire(struct consumer *c);
/* After each delivery: when it is due. */
void consumer_note_due(struct consumer *c, const struct pending_entry *e);
void consumer_send_answers(struct consumer *c);
void consumer_drop_answers(struct consumer *c);

bool seq_queue_push(struct seq_queue *q, uint64_t seq);
bool seq_queue_push_front(struct seq_queue *q, uint64_t seq);
/* False: empty. */
bool seq_queue_peek(const struct seq_queue *q, uint64_t *seq);
void seq_queue_pop(struct seq_queue *q);
void seq_queue_fini(struct seq_queue *q);

#endif /* JS_CONSUMER_INT_H */
