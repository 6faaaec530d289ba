/* mon/http_parse.h - the head of an HTTP request.
 *
 * A pure function of the bytes, strict where two readers could disagree: no
 * folded lines, no blank before the colon, one Host, one Content-Length.
 * Spec: RFC 9112; the refusals are those of Go's net/http, core protocol 6.1.
 */
#ifndef MON_HTTP_PARSE_H
#define MON_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { HTTP_HEAD_MAX = 8192 };	/* bytes of request line and headers */

/* Slices point into the input. */
struct http_request {
	struct slice method;
	struct slice path;	/* begins with '/', or is "*"; still escaped */
	struct slice query;	/* behind the '?'; still escaped */
	bool         is_head;	/* answer without a body */
	bool         is_http10;
	bool         keeps_alive;
	bool         is_chunked;	/* a body without a known end follows */
	uint64_t     body_bytes;	/* of the body that follows */
	size_t       head_bytes;	/* what the head took of the input */
};

enum http_result {
	HTTP_DONE,	/* *out is complete */
	HTTP_MORE,	/* not all here: again, with these bytes and more */
	HTTP_BAD,	/* *why says; answer it and close */
};

struct http_refusal {
	unsigned    status;
	const char *detail;	/* behind "400 Bad Request: "; NULL: nothing */
};

enum http_result http_parse_request(struct slice in, struct http_request *out,
    struct http_refusal *why);

/* "Not Found"; "Unknown" for what we never send. */
const char *http_status_text(unsigned status);

#endif /* MON_HTTP_PARSE_H */
