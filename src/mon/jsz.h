/* mon/jsz.h - /jsz of a server without JetStream.  Spec: core protocol 6.7. */
#ifndef MON_JSZ_H
#define MON_JSZ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;
struct json_writer;
struct query;

/* False: *error got the text of a 400. */
bool jsz_options_check(const struct query *q, struct buf *error);

void jsz_write_disabled(struct slice server_id, int64_t now_ns,
    struct json_writer *w);

#endif /* MON_JSZ_H */
