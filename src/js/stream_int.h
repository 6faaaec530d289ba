/* js/stream_int.h - between the files of a stream.
 *
 *   stream.c          life
 *   stream_publish.c  the checks, in nats-server's order (publish.h)
 *   stream_append.c   storing, and the limits
 *   stream_sync.c     durability: who waits for it
 *   stream_expiry.c   age, TTLs, markers
 *   stream_remove.c   purge, delete, retention
 *   stream_info.c     documents
 */
#ifndef JS_STREAM_INT_H
#define JS_STREAM_INT_H

#include "base/buf.h"
#include "js/errors.h"
#include "js/js.h"
#include "js/stream.h"
#include "js/stream_config.h"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

static inline struct js *stream_js(const struct stream *s)
{
	return s->account->js;
}

static inline int64_t stream_now(const struct stream *s)
{
	return stream_js(s)->host.now_ns(stream_js(s)->host.ctx);
}

/* Never before the last message's. */
int64_t stream_ts(struct stream *s);

/* ---- stream_sync.c ---------------------------------------------------------- */

/* A PubAck, when all so far is durable.  extra: more members, from their comma
 * on; may be empty. */
void stream_ack(struct stream *s, struct slice reply, uint64_t seq,
    struct slice extra);
void stream_refuse(struct stream *s, struct slice reply,
    const struct js_error *e);
/* This, once all so far is durable; nothing if that fails. */
void stream_say_durable(struct stream *s, struct slice subject,
    struct slice headers, struct slice payload);
/* How every PubAck of the stream begins.  False: out of memory. */
bool stream_make_ack_head(struct stream *s);
/* Those who wait hear that it failed. */
void stream_fail_waiters(struct stream *s, int err);

/* It holds nothing any more, as far as limits go. */
void stream_forget_use(struct stream *s);

/* ---- stream_append.c -------------------------------------------------------- */

/* May it be stored under discard new?  size: with those n_ahead that will be
 * stored before it.  False and *e. */
bool stream_has_room(struct stream *s, struct slice subject, uint64_t size,
    uint64_t n_ahead, bool is_rollup, struct js_error *e);
size_t stream_msg_cost(const struct stream *s, struct slice subject,
    struct slice headers, struct slice payload);
/* The halves of stream_append: into the store, 0 or ERR_*; and what follows
 * from it: limits, republish, schedules. */
int stream_put(struct stream *s, struct slice subject, struct slice headers,
    struct slice payload, int64_t ts_ns, uint64_t *seq);
void stream_appended(struct stream *s, struct slice subject,
    struct slice headers, struct slice payload, int64_t ts_ns, uint64_t seq);
/* Down to the limits that discard old keeps. */
void stream_enforce(struct stream *s);
/* One message goes: consumers are told, bytes given back. */
int stream_drop(struct stream *s, uint64_t seq, enum store_delete how);

/* ---- stream_remove.c -------------------------------------------------------- */

/* After opening: a crash may have kept an ack and not the removal that it
 * brought.  What somebody wanted and nobody needs any more goes. */
void stream_settle(struct stream *s);
/* What was kept for all is kept for who is interested: what all have had goes,
 * what none of them ever wanted stays. */
void stream_lose_interest(struct stream *s);
/* What each subject has too much goes.  Thread: owner, or who opens it. */
void stream_prune(struct stream *s);

/* As stream_purge, whatever the configuration forbids. */
bool stream_purge_now(struct stream *s, const struct stream_purge_what *what,
    uint64_t *n, struct js_error *e);

/* ---- stream_expiry.c -------------------------------------------------------- */

bool expiry_open(struct stream *s);
void expiry_close(struct stream *s);
/* A message with this Nats-TTL was stored.  ttl_s -1: never. */
void expiry_add(struct stream *s, uint64_t seq, int64_t ts_ns, int64_t ttl_s);
/* Seconds; -1: never; false: malformed.  Section 8.1. */
bool ttl_read(struct slice text, int64_t *seconds);
/* Sets the timer to what is due next. */
void expiry_arm(struct stream *s);
/* What is of ts_ns (wall) is due after_ns later: the timer fires by then. */
void expiry_by(struct stream *s, int64_t ts_ns, int64_t after_ns);

#endif /* JS_STREAM_INT_H */
