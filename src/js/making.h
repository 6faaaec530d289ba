/* js/making.h - streams' files come and go beside the loop.
 *
 *     begin (owner) -> files (an errand) -> take (owner)
 *
 * A stream takes many syncs to be made, and its files take long to be removed.
 * Who asks for one waits, not the loop: its request is put off until the files
 * are there, and then looked at anew, with all that is checked.  Meanwhile no
 * other stream of the account is made or changed, so that what was found free
 * still is; nor is anything answered that is about the one that comes.
 *
 * Thread: owner.
 */
#ifndef JS_MAKING_H
#define JS_MAKING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct js_account;
struct js_error;
struct making;
struct stream;
struct stream_config;
struct stream_waiter;

/* config: checked; owned.  is_aside: its messages are still to come, from a
 * backup; it lies beside its place and is gone after a crash.  One in memory is
 * there at once.  NULL and *e: out of memory. */
struct making *making_begin(struct js_account *a, struct stream_config *config,
    int64_t created_ns, bool is_aside, struct js_error *e);

bool making_is_done(const struct making *m);
/* Is it just this one? */
bool making_is_of(const struct making *m, const struct stream_config *config);

/* The stream, on the disk and in no list yet; m is gone.  Done only.  NULL and
 * *e: nothing is left of it. */
struct stream *making_take(struct making *m, struct js_error *e);
/* Nobody wants it any more.  Takes NULL. */
void making_drop(struct making *m);

/* Is a stream of that name being made?  Empty: is any? */
bool making_is_at(const struct js_account *a, struct slice stream);

/* The directory counts as deleted: dir is owned.  w is told when that is so for
 * good; the files go after that.  w: NULL, nobody. */
void making_remove(struct js_account *a, char *dir, struct stream_waiter *w);

/* Nothing of the account's is under way any more: what was being made is not,
 * what was being removed is. */
void making_end(struct js_account *a);

#endif /* JS_MAKING_H */
