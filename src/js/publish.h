/* js/publish.h - a message on its way into a stream.
 *
 * publish_begin, publish_check, then by how that ended publish_store; last
 * publish_fini.  Who publishes says what came of it: one message in
 * stream_publish.c, an atomic batch in batch.c, a fast one in fast_batch.c.
 *
 * Thread: owner.  Spec: jetstream reference, section 5.3.
 */
#ifndef JS_PUBLISH_H
#define JS_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "js/errors.h"

struct dedup;
struct stream;

/* What came before in the same atomic batch, and is not stored yet. */
struct batch_view {
	const struct publish *v;
	size_t                n;
	uint64_t              bytes;	/* as stored */
	struct dedup         *subjects, *ids;	/* the place in v of the last */
};

enum publish_end {
	PUBLISH_REFUSED,	/* p->e says why */
	PUBLISH_GOES,		/* may be stored */
	PUBLISH_DUPLICATE,	/* p->seq is the first one's */
	PUBLISH_UNWANTED,	/* nobody is interested: p->seq is taken all the
				   same, and nothing stored */
};

struct publish {
	struct stream           *s;
	struct slice             subject, headers, payload;	/* as stored */
	struct slice             msg_id, rollup;	/* empty: none */
	struct slice             counter;	/* its new value; empty: none */
	int64_t                  ttl_s;		/* 0: none, -1: never */
	uint64_t                 seq;		/* once it is known */
	bool                     is_only_checked;	/* and not stored */
	const struct batch_view *batch;		/* NULL: by itself */
	enum publish_end         end;
	struct js_error          e;
	struct buf               to, made, sum;	/* what the slices may lie in */
};

/* The arguments are borrowed until publish_fini. */
void publish_begin(struct publish *p, struct stream *s, struct slice subject,
    struct slice headers, struct slice payload);

/* All checks, in nats-server's order; changes the message to what is stored. */
enum publish_end publish_check(struct publish *p);

/* The same for what the server itself stores, of another stream or of a
 * schedule: subjects are as they are, and nobody's expectations are asked. */
void publish_begin_inside(struct publish *p, struct stream *s,
    struct slice subject, struct slice headers, struct slice payload);
enum publish_end publish_check_inside(struct publish *p);
/* Of a mirror: what its origin took it takes, if there is room. */
enum publish_end publish_check_mirrored(struct publish *p);

/* Appends it, limits and all.  False and p->e. */
bool publish_store(struct publish *p);

/* Once it has been appended as p->seq: its id, a rollup. */
void publish_stored(struct publish *p);

/* What appending answered, as a publisher is told. */
bool publish_fail(struct publish *p, int err);

/* The headers without those that drop says (NULL: with all), and with one more
 * line; name NULL: none.  Out of memory: as they were. */
void publish_put_header(struct publish *p, bool (*drop)(struct slice name),
    const char *name, struct slice value);

void publish_fini(struct publish *p);

/* ---- parts of the checks that have their own files --------------------------- */

/* js/counter.c, section 9: the header, and further down the sum. */
bool counter_check_header(struct publish *p);
bool counter_count(struct publish *p);
/* Of a message that comes from another counter stream: what that has more than
 * when it was last heard of. */
bool counter_merge(struct publish *p);

/* js/schedule_check.c, section 11. */
bool schedule_check(struct publish *p);

/* The value of a header; false: it is not there. */
bool publish_header(const struct publish *p, const char *name,
    struct slice *value);

#endif /* JS_PUBLISH_H */
