/* mon/jsz.h - /jsz: what is asked, and the answer where JetStream is off.  The
 * other answers are js/report's.  Spec: core protocol 6.7. */
#ifndef MON_JSZ_H
#define MON_JSZ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;
struct json_writer;
struct query;
struct report_options;

/* The account's name is borrowed from q.  False: *error got the text of a
 * 400. */
bool jsz_options_read(const struct query *q, struct report_options *ret,
    struct buf *error);

void jsz_write_disabled(struct slice server_id, int64_t now_ns,
    struct json_writer *w);

#endif /* MON_JSZ_H */
