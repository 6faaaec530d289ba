/* js/offline.h - streams that are here and that this server does not serve.
 *
 * What needs a higher level of the API than ours was made by a newer server and
 * is not understood: the stream, or one consumer of it, which stops all of the
 * stream.  Its files stay as they are.  It is listed with the reason, its name
 * and its subjects are taken, and what is asked of it says why not; it can be
 * deleted.  Spec: jetstream reference, section 27.
 *
 * Thread: owner, where nothing else is said.
 */
#ifndef JS_OFFLINE_H
#define JS_OFFLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/slice.h"

struct js_account;
struct js_error;
struct json_writer;
struct stream;
struct stream_config;
struct stream_waiter;

struct offline_consumer {
	struct list  link;
	struct buf   reason;
	struct slice name;
	char         bytes[];
};

struct offline {
	struct list           link;	/* in account->offline, by name */
	char                 *path;
	struct stream_config *config;	/* its name and its subjects; no more */
	struct buf            reason;	/* "unsupported - ..." */
	struct buf            whole;	/* the configuration as it lies there */
	struct buf            state;	/* "{...}" */
	uint64_t              n_msgs, bytes;	/* 0: not known */
	int64_t               created_ns;
	struct list           consumers;	/* that are the reason */
	size_t                n_consumers;
};

static inline struct offline_consumer *offline_consumer_of(struct list *l)
{
	return CONTAINER_OF(l, struct offline_consumer, link);
}

static inline struct offline *offline_of(struct list *l)
{
	return CONTAINER_OF(l, struct offline, link);
}

/* Does what a stream says of itself need a newer server?  *ret is owned; NULL:
 * it has no name, or out of memory.  path is copied. */
bool offline_is_newer(const char *path, struct slice blob,
    struct offline **ret);

/* Has this stream, whose files are open, such a consumer?  NULL, and *failed
 * false: no.  Thread: any that has the stream alone. */
struct offline *offline_because_of_consumers(struct stream *s, bool *failed);
/* What there is in the stream, before it is closed. */
void offline_keep_state(struct offline *o, struct stream *s);

/* In its place among the account's. */
void offline_add(struct js_account *a, struct offline *o);
void offline_destroy(struct offline *o);	/* takes NULL */
/* All of the account's; the files stay. */
void offline_clear(struct js_account *a);

/* Are subjects of g taken by one of them? */
bool offline_overlaps(const struct js_account *a,
    const struct stream_config *g);

/* NULL: there is none. */
struct offline *offline_find(const struct js_account *a, struct slice name);
struct offline_consumer *offline_find_consumer(const struct offline *o,
    struct slice name);

/* Its files go, beside the loop, and so does it.  w: as in js/making.h.  False
 * and *e: it stays. */
bool offline_delete(struct js_account *a, struct offline *o,
    struct stream_waiter *w, struct js_error *e);

/* {"name":...,"created":...,"config":...,"state":...}, without braces, as
 * /jsz tells of a stream. */
void offline_write_detail(const struct offline *o, const char *leader,
    bool shows_config, struct json_writer *w);

#endif /* JS_OFFLINE_H */
