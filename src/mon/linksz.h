/* mon/linksz.h - /routez, /gatewayz and /leafz of a server that has no links.
 *
 * True, and in the shape that tools expect.  Spec: core protocol 6.4.
 */
#ifndef MON_LINKSZ_H
#define MON_LINKSZ_H

#include <stdint.h>

#include "base/slice.h"

struct json_writer;

void routez_write(struct slice server_id, struct slice server_name,
    int64_t now_ns, struct json_writer *w);
void gatewayz_write(struct slice server_id, int64_t now_ns,
    struct json_writer *w);
void leafz_write(struct slice server_id, int64_t now_ns,
    struct json_writer *w);

#endif /* MON_LINKSZ_H */
