/* mon/healthz.h - /healthz: may work be sent here?
 * Spec: core protocol 6.8.
 */
#ifndef MON_HEALTHZ_H
#define MON_HEALTHZ_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;
struct json_writer;
struct query;

struct healthz_options {
	bool         details;
	struct slice account, stream, consumer;
	bool         ignored;		/* what only streams have */
};

/* False: *error got the text of a 400. */
bool healthz_options_read(const struct query *q, struct healthz_options *ret,
    struct buf *error);

/* is_ready: the listeners accept.  The HTTP status, which the document says
 * too if it tells_status. */
unsigned healthz_write(const struct healthz_options *o, bool is_ready,
    bool tells_status, struct json_writer *w);

#endif /* MON_HEALTHZ_H */
