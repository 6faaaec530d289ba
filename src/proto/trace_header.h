/* proto/trace_header.h - what a message's headers say of tracing it.
 *
 * Of a header block only what asks for a trace is looked at, so that one that
 * does not costs a look at each name's first byte.  A field is "name: value",
 * ends with CRLF, and counts if neither is empty; names are in exact case.
 * Spec: core protocol 7.4, 1.12.
 */
#ifndef PROTO_TRACE_HEADER_H
#define PROTO_TRACE_HEADER_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;

/* A destination that says that there is none. */
#define TRACE_DISABLED SLICE("trace disabled")

struct trace_header {
	struct slice dest;	/* any bytes; empty: none, but has_parent */
	bool         is_only;	/* with a dest: trace it, do not deliver it */
	bool         has_origin;	/* says whose it is, as servers tell others */
	bool         has_parent;	/* a traceparent that is sampled */
};

/* False: nothing asks for a trace, and *ret is not written.  heeds_parents: a
 * traceparent may ask too.  Slices point into headers. */
bool trace_header_read(struct slice headers, bool heeds_parents,
    struct trace_header *ret);

/* The fields as a JSON object of lists, in order of name; appended.  Without
 * memory the buffer has failed. */
void trace_header_put_fields(struct slice headers, struct buf *out);

/* The block again with this destination instead of any other, at its end;
 * appended.  headers may be empty. */
void trace_header_put_dest(struct slice headers, struct slice dest,
    struct buf *out);

#endif /* PROTO_TRACE_HEADER_H */
