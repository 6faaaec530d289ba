/* test/fuzz/http_fuzz.c - the input as what an HTTP peer sends.
 *
 * However it is cut, the verdict is the same: a prefix of a request is "more"
 * or already wrong in the same way.  What is taken for a request lies inside
 * the input, its path has a proper form that stays what it is, and its query
 * is looked at by every type of option. */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "mon/connz.h"
#include "mon/healthz.h"
#include "mon/http_parse.h"
#include "js/report.h"
#include "mon/jsz.h"
#include "mon/path.h"
#include "mon/query.h"
#include "mon/subsz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(cond) do { if (!(cond)) abort(); } while (0)

static void check_prefixes(struct slice in, enum http_result whole,
    const struct http_request *r, const struct http_refusal *why)
{
	size_t end = whole == HTTP_DONE ? r->head_bytes : in.n;

	for (size_t n = 0; n < end; n++) {
		struct http_request part;
		struct http_refusal part_why;
		enum http_result    got = http_parse_request(slice_of(in.p, n),
		    &part, &part_why);

		if (got == HTTP_MORE)
			continue;
		CHECK(got == HTTP_BAD && whole == HTTP_BAD);
		CHECK(part_why.status == why->status);
		CHECK(part_why.detail == why->detail);
	}
}

static void check_inside(struct slice in, struct slice part)
{
	CHECK(part.n == 0 || slice_eq(part, SLICE("/")) ||
	    (part.p >= in.p && part.p + part.n <= in.p + in.n));
}

static void check_path(struct slice path)
{
	struct buf clean = { 0 }, again = { 0 }, html = { 0 };

	if (path.p[0] != '/')
		return;
	path_put_clean(path, &clean);
	CHECK(path_is_clean(buf_slice(&clean)));
	CHECK(path_is_clean(path) == slice_eq(path, buf_slice(&clean)));
	path_put_clean(buf_slice(&clean), &again);
	CHECK(slice_eq(buf_slice(&clean), buf_slice(&again)));
	path_put_html(path, &html);
	CHECK(html.n == 0 || (memchr(html.p, '<', html.n) == NULL &&
	    memchr(html.p, '"', html.n) == NULL));
	buf_fini(&clean);
	buf_fini(&again);
	buf_fini(&html);
}

static void check_query(struct slice text)
{
	static struct query    q;
	struct connz_options   connz;
	struct subsz_options   subsz;
	struct healthz_options healthz;
	struct report_options  jsz;
	struct buf             error = { 0 };

	query_parse(text, &q);
	if (connz_options_read(&q, &connz, &error))
		CHECK(connz.offset >= 0 && connz.limit > 0);
	if (subsz_options_read(&q, &subsz, &error))
		CHECK(subsz.offset >= 0 && subsz.limit > 0);
	healthz_options_read(&q, &healthz, &error);
	jsz_options_read(&q, &jsz, &error);
	buf_fini(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice        in = slice_of((const char *)data, n);
	struct http_request r;
	struct http_refusal why = { 0 };
	enum http_result    got = http_parse_request(in, &r, &why);

	check_query(in);
	check_prefixes(in, got, &r, &why);
	if (got == HTTP_BAD)
		CHECK(why.status >= 400 && why.status <= 505);
	if (got != HTTP_DONE)
		return 0;
	CHECK(r.head_bytes <= n && r.head_bytes <= HTTP_HEAD_MAX);
	check_inside(in, r.method);
	check_inside(in, r.path);
	check_inside(in, r.query);
	check_path(r.path);
	check_query(r.query);
	return 0;
}
