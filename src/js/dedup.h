/* js/dedup.h - which message ids have come lately, and as what.
 *
 * A hash table of entries that also stand in a queue by time: what is older
 * than the window goes from its head.
 * Thread: owner.  Spec: jetstream reference, section 7.
 */
#ifndef JS_DEDUP_H
#define JS_DEDUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct dedup;

struct dedup *dedup_create(void);	/* NULL: out of memory */
void dedup_destroy(struct dedup *d);	/* takes NULL */

/* False: it has not come. */
bool dedup_find(const struct dedup *d, struct slice id, uint64_t *seq);

/* An id that is not there.  Out of memory: it will not be known. */
void dedup_add(struct dedup *d, struct slice id, uint64_t seq, int64_t ts_ns);

/* Of an id that is there: it is another one's from here on. */
void dedup_set(struct dedup *d, struct slice id, uint64_t seq);

/* Forgets those before ts_ns. */
void dedup_forget(struct dedup *d, int64_t before_ns);

/* Of the oldest; INT64_MAX: there is none. */
int64_t dedup_oldest_ns(const struct dedup *d);

#endif /* JS_DEDUP_H */
