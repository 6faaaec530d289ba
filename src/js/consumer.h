/* js/consumer.h - a cursor on a stream, with delivery state.
 *
 * Where it is: next stream sequence, consumer sequence, ack floor; what is
 * pending (delivered, not acked) and since when; what waits to be delivered
 * again.  Whom it delivers to: the requests that wait (js/pull.h) or a deliver
 * subject (js/push.h).  Changes of durable consumers are written to the stream's
 * state store (js/cursors.h).
 *
 * Thread: owner.  Spec: jetstream reference, sections 15.4 to 19.
 */
#ifndef JS_CONSUMER_H
#define JS_CONSUMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/slice.h"
#include "js/consumer_config.h"

struct consumer;
struct js_error;
struct json;
struct json_writer;
struct run;
struct stream;

struct consumer_place {
	uint64_t consumer_seq, stream_seq;
};

/* What others may read; the rest is in consumer_int.h. */
struct consumer_view {
	struct consumer_place delivered, ack_floor;
	uint64_t n_ack_pending, n_redelivered, n_waiting, n_pending;
	int64_t  last_delivered_ns, last_acked_ns;	/* wall; 0: never */
	bool     is_push_bound, is_paused;
};

/* config: checked; owned from now on, also on failure.  Durable on return, unless it
 * is kept in memory.  NULL and *e (10026, 10098 to 10101, 10104, 10013...). */
struct consumer *consumer_create(struct stream *s,
    struct consumer_config *config, struct js_error *e);

/* As the state store remembers it: config as JSON text, state as cursors.h
 * encodes it (empty: never delivered).  NULL: it makes no sense. */
struct consumer *consumer_restore(struct stream *s, struct slice config_json,
    int64_t created_ns, struct slice state);

/* Out of a backup of a stream whose messages are all there: config is the object,
 * name what it is to be called.  It stands where a new one would; it is not yet
 * written down (cursor_create) and does not work (consumer_resume).  NULL and *e. */
struct consumer *consumer_import(struct stream *s, const struct json *config,
    struct slice name, int64_t created_ns, struct js_error *e);

bool consumer_update(struct consumer *c, struct consumer_config *config,
    struct js_error *e);

/* With the server: the state is written, requests hear 409 Server Shutdown. */
void consumer_close(struct consumer *c);

/* Requests hear 409 Consumer Deleted; it is forgotten, durably.  0, or ERR_*: it is
 * gone, and a restart may find it again. */
int consumer_delete(struct consumer *c);

/* The stream has new messages, or fewer: called once a turn, at its end. */
void consumer_pump(struct consumer *c);

/* A message has left the stream (limits, purge, delete).  subject: what it was
 * stored under. */
void consumer_gone(struct consumer *c, uint64_t seq, struct slice subject);
/* Many have gone: a purge.  first_seq: of the stream, now. */
void consumer_purged(struct consumer *c, uint64_t first_seq);

/* Does the consumer still need this message (interest retention)? */
bool consumer_needs(const struct consumer *c, uint64_t seq,
    struct slice subject);
/* Does its filter match? */
bool consumer_wants(const struct consumer *c, struct slice subject);

/* until: ns since 1970; JS_TIME_UNSET: go on. */
bool consumer_pause(struct consumer *c, int64_t until, struct js_error *e);

bool consumer_unpin(struct consumer *c, struct slice group,
    struct js_error *e);

/* seq 0: to behind the ack floor.  *at: where it is now. */
bool consumer_reset(struct consumer *c, uint64_t seq, uint64_t *at,
    struct js_error *e);

void consumer_look(const struct consumer *c, struct consumer_view *ret);

/* The whole ConsumerInfo, without braces (stream_name, name, ... ts). */
void consumer_write_info(const struct consumer *c, bool is_dynamic,
    struct json_writer *w);

/* The same as monitoring tells it: the configuration, if at all, as it is
 * stored. */
void consumer_write_detail(const struct consumer *c, bool has_config,
    struct json_writer *w);

struct slice consumer_name(const struct consumer *c);
const struct consumer_config *consumer_config(const struct consumer *c);
int64_t consumer_created_ns(const struct consumer *c);
struct stream *consumer_stream(const struct consumer *c);
/* In stream.by_name, where the consumer of that name stands, or would. */
size_t consumer_seek(const struct stream *s, struct slice name);
/* From the link in stream.consumers. */
struct consumer *consumer_of(struct list *link);
bool consumer_is_hidden(const struct consumer *c);	/* direct */

#endif /* JS_CONSUMER_H */
