/* pull_request_fuzz.c - any bytes as what is asked of a consumer.
 *
 * Holds: at least one message is asked for, what is refused is told why, and
 * what the reader in place understands the reader of all JSON does too, as the
 * same (an unknown member in front sends it that way). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "js/pull_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool is_same(const struct pull_request *a, const struct pull_request *b)
{
	return a->batch == b->batch && a->expires_ns == b->expires_ns &&
	    a->max_bytes == b->max_bytes &&
	    a->heartbeat_ns == b->heartbeat_ns && a->no_wait == b->no_wait &&
	    a->min_pending == b->min_pending &&
	    a->min_ack_pending == b->min_ack_pending &&
	    a->priority == b->priority;
}

static void read_the_long_way(struct slice s, const struct pull_request *r)
{
	struct pull_request again = { 0 };
	struct buf          text = { 0 }, why = { 0 };
	const char         *brace = memchr(s.p, '{', s.n);
	size_t              at = (size_t)(brace - s.p) + 1;
	struct slice        rest = slice_skip(s, at);

	while (rest.n > 0 && strchr(" \t\r\n", *rest.p) != NULL &&
	    *rest.p != '\0')
		rest = slice_skip(rest, 1);
	buf_put_str(&text, "{\"\":[]");
	if (rest.n > 0 && *rest.p != '}')
		buf_put_str(&text, ",");
	buf_put(&text, slice_skip(s, at).p, s.n - at);
	must(pull_request_read(buf_slice(&text), &again, &why));
	must(again.doc != NULL && is_same(&again, r));
	pull_request_fini(&again);
	buf_fini(&text);
	buf_fini(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice        s = slice_of((const char *)data, size);
	struct pull_request r = { 0 };
	struct buf          why = { 0 };
	size_t              n = 0;

	if (!pull_request_read(s, &r, &why)) {
		must(why.n > 0);
	} else {
		must(r.batch > 0);
		while (n < size && strchr(" \t\r\n", s.p[n]) != NULL &&
		    s.p[n] != '\0')
			n++;
		if (n < size && s.p[n] == '{' && r.doc == NULL)
			read_the_long_way(s, &r);
	}
	pull_request_fini(&r);
	buf_fini(&why);
	return 0;
}
