/* mon/path.h - the proper form of a URL's path. */
#ifndef MON_PATH_H
#define MON_PATH_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;

/* No empty, "." or ".." segment; a '/' at the end is kept. */
bool path_is_clean(struct slice path);

/* Without those; path begins with '/', and so does what is put. */
void path_put_clean(struct slice path, struct buf *out);

/* < > & and quotes as entities. */
void path_put_html(struct slice s, struct buf *out);

#endif /* MON_PATH_H */
