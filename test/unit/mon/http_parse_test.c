/* test/unit/mon/http_parse_test.c - pairs with src/mon/http_parse.c.
 *
 * TCP owes us nothing: every request is also shown a byte at a time, and must
 * be "more" up to its last byte.  The refusals are recorded from nats-server. */
#include "check.h"
#include "mon/http_parse.h"

TEST(heads_are_read)
{
	static const struct {
		const char *why, *in, *path, *query;
		bool is_head, is_http10, keeps_alive, is_chunked;
		unsigned body;
	} t[] = {
		{ "the usual", "GET /varz HTTP/1.1\r\nHost: x\r\n\r\n",
		  "/varz", "", false, false, true, false, 0 },
		{ "a query", "GET /connz?subs=1&x=?y HTTP/1.1\r\nHost: x\r\n\r\n",
		  "/connz", "subs=1&x=?y", false, false, true, false, 0 },
		{ "bare LF", "GET / HTTP/1.1\nHost: x\n\n",
		  "/", "", false, false, true, false, 0 },
		{ "HEAD", "HEAD / HTTP/1.1\r\nhost:x:80\r\n\r\n",
		  "/", "", true, false, true, false, 0 },
		{ "old", "GET / HTTP/1.0\r\n\r\n",
		  "/", "", false, true, false, false, 0 },
		{ "old, stays", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
		  "/", "", false, true, true, false, 0 },
		{ "goes", "GET / HTTP/1.1\r\nHost: x\r\n"
		  "connection: foo , CLOSE\r\n\r\n",
		  "/", "", false, false, false, false, 0 },
		{ "a body", "POST / HTTP/1.1\r\nHost: x\r\n"
		  "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
		  "/", "", false, false, true, false, 5 },
		{ "chunks", "POST / HTTP/1.1\r\nHost: x\r\n"
		  "Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n",
		  "/", "", false, false, true, true, 0 },
		{ "a proxy's form", "GET http://localhost:1/varz?x HTTP/1.1\r\n"
		  "Host: x\r\n\r\n",
		  "/varz", "x", false, false, true, false, 0 },
		{ "its root", "GET HTTP://localhost HTTP/1.1\r\nHost: x\r\n\r\n",
		  "/", "", false, false, true, false, 0 },
		{ "options", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		  "*", "", false, false, true, false, 0 },
		{ "odd headers", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n"
		  "Empty:\r\nX-Y_z:\t a\tb \r\n\r\n",
		  "/", "", false, false, true, false, 0 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct slice        in = slice_str(t[i].in);
		struct http_request r;
		struct http_refusal why;

		for (size_t n = 0; n < in.n; n++)
			CHECK_INT(http_parse_request(slice_of(in.p, n), &r,
			    &why), HTTP_MORE, "%s, %zu bytes", t[i].why, n);
		CHECK_INT(http_parse_request(in, &r, &why), HTTP_DONE, "%s",
		    t[i].why);
		CHECK_SLICE(r.path, slice_str(t[i].path), "%s", t[i].why);
		CHECK_SLICE(r.query, slice_str(t[i].query), "%s", t[i].why);
		CHECK_INT(r.is_head, t[i].is_head, "%s", t[i].why);
		CHECK_INT(r.is_http10, t[i].is_http10, "%s", t[i].why);
		CHECK_INT(r.keeps_alive, t[i].keeps_alive, "%s", t[i].why);
		CHECK_INT(r.is_chunked, t[i].is_chunked, "%s", t[i].why);
		CHECK_INT(r.body_bytes, t[i].body, "%s", t[i].why);
		CHECK_INT(r.head_bytes, in.n, "%s", t[i].why);
	}
}

#define NO_HOST  "missing required Host header"
#define BAD_HOST "malformed Host header"

TEST(what_is_no_request_is_refused)
{
	static const struct {
		const char *in;
		unsigned    status;
		const char *detail;
	} t[] = {
		{ "garbage\r\n\r\n", 400, NULL },
		{ "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400, NULL },
		{ "GET /\r\n\r\n", 400, NULL },
		{ "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400, NULL },
		{ "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400, NULL },
		{ "GET / http/1.1\r\nHost: x\r\n\r\n", 400, NULL },
		{ "G@T / HTTP/1.1\r\nHost: x\r\n\r\n", 400, NULL },
		{ "GET varz HTTP/1.1\r\nHost: x\r\n\r\n", 400, NULL },
		{ "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400, NULL },
		{ "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, NULL },
		{ "GET /%2 HTTP/1.1\r\nHost: x\r\n\r\n", 400, NULL },
		{ "GET /\t HTTP/1.1\r\nHost: x\r\n\r\n", 400, NULL },
		{ "GET /\r HTTP/1.1\r\nHost: x\r\n\r\n", 400, NULL },
		{ "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505,
		  "unsupported protocol version" },
		{ "GET / HTTP/1.1\r\n\r\n", 400, NO_HOST },
		{ "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, NULL },
		{ "GET / HTTP/1.1\r\nHost: x y\r\n\r\n", 400, BAD_HOST },
		{ "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400, NULL },
		{ "GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400, NULL },
		{ "GET / HTTP/1.1\r\nHost: x\r\nbad : h\r\n\r\n", 400,
		  "invalid header name" },
		{ "GET / HTTP/1.1\r\nHost: x\r\n: h\r\n\r\n", 400,
		  "invalid header name" },
		{ "GET / HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n", 400, NULL },
		{ "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
		  400, NULL },
		{ "GET / HTTP/1.1\r\nHost: x\r\n"
		  "Content-Length: 18446744073709551615\r\n\r\n", 400, NULL },
		{ "GET / HTTP/1.1\r\nHost: x\r\n"
		  "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400, NULL },
		{ "GET / HTTP/1.1\r\nHost: x\r\n"
		  "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, NULL },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct http_request r;
		struct http_refusal why = { 0 };

		CHECK_INT(http_parse_request(slice_str(t[i].in), &r, &why),
		    HTTP_BAD, "%s", t[i].in);
		CHECK_INT(why.status, t[i].status, "%s", t[i].in);
		CHECK((why.detail == NULL) == (t[i].detail == NULL), "%s",
		    t[i].in);
		if (t[i].detail != NULL)
			CHECK_STR(why.detail, t[i].detail);
	}
}

TEST(a_head_may_be_8_kb_long_and_no_longer)
{
	static char         in[HTTP_HEAD_MAX + 10];
	struct http_request r;
	struct http_refusal why;
	int n = snprintf(in, sizeof in, "GET / HTTP/1.1\r\nHost: x\r\nA: ");

	memset(in + n, 'a', sizeof in - (size_t)n);
	memcpy(in + HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
	CHECK_INT(http_parse_request(slice_of(in, HTTP_HEAD_MAX - 1), &r, &why),
	    HTTP_MORE);
	CHECK_INT(http_parse_request(slice_of(in, sizeof in), &r, &why),
	    HTTP_DONE);
	in[HTTP_HEAD_MAX - 5] = '\0';
	memmove(in + HTTP_HEAD_MAX - 3, in + HTTP_HEAD_MAX - 4, 4);
	in[HTTP_HEAD_MAX - 4] = 'a';
	in[HTTP_HEAD_MAX - 5] = 'a';
	CHECK_INT(http_parse_request(slice_of(in, sizeof in), &r, &why),
	    HTTP_BAD);
	CHECK_INT(why.status, 431);
}

TEST(a_first_line_without_end_is_bounded_too)
{
	static char         in[HTTP_HEAD_MAX];
	struct http_request r;
	struct http_refusal why;

	memset(in, 'a', sizeof in);
	CHECK_INT(http_parse_request(slice_of(in, sizeof in), &r, &why),
	    HTTP_BAD);
	CHECK_INT(why.status, 431);
}
