/* mon/healthz.h - /healthz: may work be sent here?
 * Spec: core protocol 6.8.
 */
#ifndef MON_HEALTHZ_H
#define MON_HEALTHZ_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;
struct query;

struct healthz_options {
	bool         details;
	struct slice account, stream, consumer;
};

/* False: *error got the text of a 400. */
bool healthz_options_read(const struct query *q, struct healthz_options *ret,
    struct buf *error);

/* is_ready: the listeners accept.  The HTTP status. */
unsigned healthz_write(const struct healthz_options *o, bool is_ready,
    struct buf *out);

#endif /* MON_HEALTHZ_H */
