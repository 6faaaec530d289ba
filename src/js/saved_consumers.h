/* js/saved_consumers.h - what a backup says of consumers, kept until all messages
 * are there, and consumers made of it.
 *
 * Of each one a tar has a file of its configuration, one of that one's sum and
 * one of its state; the archive of messages has one document with all of it.
 */
#ifndef JS_SAVED_CONSUMERS_H
#define JS_SAVED_CONSUMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/slice.h"

struct js_error;
struct json;
struct stream;

enum { SAVED_BYTES_MAX = 64 << 20 };	/* of all together */

struct saved_consumer {
	struct list link;
	struct buf  name, meta, state;
	bool        has_meta, has_sum, has_state;
};

struct saved_consumers {
	struct list list;
	size_t      bytes;
};

void saved_consumers_init(struct saved_consumers *all);
void saved_consumers_fini(struct saved_consumers *all);

/* The one of that name, made if there is none: borrowed until saved_restore or
 * fini.  NULL: out of memory. */
struct saved_consumer *saved_consumer(struct saved_consumers *all,
    struct slice name);

/* bytes become all that is in `to`, its meta or state.  False and *e, 10062: too
 * much, or out of memory. */
bool saved_put(struct saved_consumers *all, struct buf *to, struct slice bytes,
    struct js_error *e);

/* Makes each a consumer of s, and forgets it.  is_whole: meta is the document of
 * all.  False and *e, 10062: one could not be made. */
bool saved_restore(struct saved_consumers *all, struct stream *s,
    bool is_whole, struct js_error *e);

/* "Created" of an object; JS_TIME_UNSET: it is not said. */
int64_t saved_created_ns(const struct json *doc);

#endif /* JS_SAVED_CONSUMERS_H */
