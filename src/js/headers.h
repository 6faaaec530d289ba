/* js/headers.h - one header of a block, found or added.
 *
 * Names are compared exactly, the first occurrence counts, blanks before the
 * value do not.  Spec: jetstream reference, section 1.6.  Thread: any.
 */
#ifndef JS_HEADERS_H
#define JS_HEADERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;

/* The value, borrowed from block.  False: it is not there. */
bool js_header_get(struct slice block, struct slice name, struct slice *value);

/* The block without its last empty line, or the version line where there is no
 * block: then js_header_put, then js_headers_end. */
void js_headers_begin(struct buf *out, struct slice block);
void js_header_put(struct buf *out, const char *name, struct slice value);
void js_header_put_u64(struct buf *out, const char *name, uint64_t v);
void js_headers_end(struct buf *out);

/* For the function below. */
bool js_header_is_ttl(struct slice name);
bool js_header_is_servers(struct slice name);

/* The block without the headers that drop says; begun as js_headers_begin. */
void js_headers_begin_without(struct buf *out, struct slice block,
    bool (*drop)(struct slice name));

#endif /* JS_HEADERS_H */
