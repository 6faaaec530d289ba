/* trace_header_fuzz.c - header blocks of messages that may ask for a trace.
 *
 * Holds: what is found lies in the input; a block given another destination
 * asks for that one and for nothing else; one that is disabled asks for
 * nothing; what is told of the fields is JSON. */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "proto/trace_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_within(struct slice part, struct slice whole)
{
	must(part.n == 0 || (part.p >= whole.p &&
	    part.p + part.n <= whole.p + whole.n));
}

/* Our reader takes no NUL in a key. */
static void check_fields(struct slice headers)
{
	struct buf   b = { 0 };
	struct json *doc;
	const char  *why;

	trace_header_put_fields(headers, &b);
	must(!buf_failed(&b));
	doc = json_parse(buf_slice(&b), &why);
	must(doc != NULL ? json_is_object(doc)
	    : memchr(headers.p, '\0', headers.n) != NULL);
	json_free(doc);
	buf_fini(&b);
}

/* Unless the block ends in the middle of a name, which then swallows ours. */
static void check_dest(struct slice headers, struct slice dest)
{
	struct trace_header x;
	struct buf          b = { 0 };
	bool                asks;

	trace_header_put_dest(headers, dest, &b);
	asks = trace_header_read(buf_slice(&b), true, &x);
	must(!asks || x.dest.n == 0 || slice_eq(x.dest, dest));
	must(!asks || x.dest.n > 0 || x.has_parent);
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice        headers = slice_of((const char *)data, size);
	struct trace_header x;

	if (trace_header_read(headers, true, &x)) {
		must(x.dest.n > 0 || x.has_parent);
		check_within(x.dest, headers);
	}
	check_fields(headers);
	check_dest(headers, SLICE("d"));
	check_dest(headers, TRACE_DISABLED);
	return 0;
}
