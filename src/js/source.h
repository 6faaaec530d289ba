/* js/source.h - the reader of one other stream.
 *
 *     WAITING --ask--> ASKED --answer--> READING
 *        ^               |                  |
 *        +-- error, or nothing for long ----+
 *
 * Between the files of sources only.  Thread: owner.
 */
#ifndef JS_SOURCE_H
#define JS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "base/timer.h"
#include "js/errors.h"
#include "js/hash8.h"
#include "js/stream.h"

struct js_sub;
struct source_config;
struct store_msg;

enum source_state { SOURCE_WAITING, SOURCE_ASKED, SOURCE_READING };

struct source {
	struct stream              *stream;
	const struct source_config *config;	/* in the stream's */
	bool               is_mirror;
	struct buf         name;	/* with its filters and where they lead */
	size_t             n_origin;	/* of name: what says which stream */
	enum source_state  state;
	struct timer       timer;
	struct js_sub     *answers, *deliveries;
	struct buf         consumer;	/* what the origin calls it */
	struct buf         deliver;	/* subject */
	uint64_t           seq;		/* of the origin; all up to it are here */
	uint64_t           cseq;	/* of the consumer, the last that came */
	uint64_t           delivered;	/* of the origin, the last that came */
	uint64_t           saved;	/* of seq, in the state store */
	bool               is_saving;
	struct stream_waiter saving;
	uint64_t           saving_seq, saving_own;	/* what will be durable when
							   it is done */
	uint64_t           lag;
	int64_t            heard_ns;	/* now_ns() time; 0: never */
	int64_t            asked_ns;
	unsigned           n_failures;
	bool               is_plain;	/* the origin does not know "sourcing" */
	bool               is_known;	/* seq is */
	char               identity[HASH8];
	bool               has_identity;
	struct js_error    error;	/* why it waits */
};

/* NULL: out of memory.  It waits; source_go starts it. */
struct source *source_create(struct stream *s, const struct source_config *c,
    bool is_mirror);
/* The consumer at the origin is told to go, if there is one.  Takes NULL. */
void source_destroy(struct source *o);

/* Another try, at once or as soon as the last one is long enough ago. */
void source_go(struct source *o);

/* Is this the reader that such a configuration makes? */
bool source_is(const struct source *o, const struct source_config *c,
    bool is_mirror);

/* ---- source_store.c: what comes is stored ----------------------------------- */

/* False and o->error: it cannot be now. */
bool source_store(struct source *o, struct slice subject, struct slice headers,
    struct slice payload, uint64_t seq, int64_t ts_ns);

/* ---- source_place.c: how far it is ------------------------------------------ */

/* Finds seq for all readers of a stream. */
void source_places_find(struct stream *s);
/* Notes it in the state store once what is here is durable. */
void source_place_save(struct source *o);
/* The same at once: the stream's messages are made durable before its state. */
void source_place_close(struct source *o);
/* The value of Nats-Stream-Source. */
void source_place_put(const struct source *o, uint64_t seq,
    struct slice subject, struct buf *out);

#endif /* JS_SOURCE_H */
