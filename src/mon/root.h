/* mon/root.h - the page for people at "/".  Spec: core protocol 6.9. */
#ifndef MON_ROOT_H
#define MON_ROOT_H

#include "base/slice.h"

struct buf;

/* base_path: "" or "/nats".  version is what we call ourselves. */
void root_write(struct slice base_path, struct slice version, struct buf *out);

#endif /* MON_ROOT_H */
