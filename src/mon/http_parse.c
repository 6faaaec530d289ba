/* mon/http_parse.c - lines, then a table of the headers that matter here. */
#include "mon/http_parse.h"

#include "base/text.h"

/* What the headers have said so far. */
struct head {
	struct http_request *out;
	struct http_refusal *why;
	bool has_host, has_length, says_close, says_keep_alive;
};

const char *http_status_text(unsigned status)
{
	static const struct { unsigned status; const char *text; } t[] = {
		{ 200, "OK" },
		{ 307, "Temporary Redirect" },
		{ 400, "Bad Request" },
		{ 404, "Not Found" },
		{ 408, "Request Timeout" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		if (t[i].status == status)
			return t[i].text;
	return "Unknown";
}

static bool refuse(struct http_refusal *why, unsigned status,
    const char *detail)
{
	*why = (struct http_refusal){ status, detail };
	return false;
}

static bool is_token_char(char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_token_char(s.p[i]))
			return false;
	return s.n > 0;
}

/* No control characters; blanks and tabs where the caller likes them. */
static bool is_text(struct slice s, bool may_blank)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == 0x7f || (c < ' ' && c != '\t'))
			return false;
		if (!may_blank && (c == ' ' || c == '\t'))
			return false;
	}
	return true;
}

static struct slice trim(struct slice s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_skip(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Splits at the first c; false: there is none. */
static bool split(struct slice s, char c, struct slice *before,
    struct slice *behind)
{
	const char *at = s.n == 0 ? NULL : memchr(s.p, c, s.n);

	if (at == NULL)
		return false;
	*before = slice_of(s.p, (size_t)(at - s.p));
	*behind = slice_skip(s, before->n + 1);
	return true;
}

/* The next line without its end, CRLF or LF.  False: no whole one is left. */
static bool take_line(struct slice *rest, struct slice *line)
{
	struct slice behind;

	if (!split(*rest, '\n', line, &behind))
		return false;
	if (line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--;
	*rest = behind;
	return true;
}

/* ---- the request line --------------------------------------------------- */

static bool read_version(struct slice s, struct http_request *out,
    struct http_refusal *why)
{
	if (s.n != 8 || !slice_has_prefix(s, SLICE("HTTP/")) || s.p[6] != '.' ||
	    s.p[5] < '0' || s.p[5] > '9' || s.p[7] < '0' || s.p[7] > '9')
		return refuse(why, 400, NULL);
	if (s.p[5] != '1')
		return refuse(why, 505, "unsupported protocol version");
	out->is_http10 = s.p[7] == '0';
	return true;
}

static bool has_good_escapes(struct slice s)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '%')
			continue;
		if (s.n - i < 3 || s.p[i + 1] == '\0' || s.p[i + 2] == '\0' ||
		    strchr(digits, s.p[i + 1]) == NULL ||
		    strchr(digits, s.p[i + 2]) == NULL)
			return false;
	}
	return true;
}

/* A proxy may send the whole URL: "http://host/path". */
static struct slice skip_authority(struct slice target)
{
	struct slice rest;
	const char  *slash;

	if (target.n < 7 || !slice_eq_nocase(slice_of(target.p, 7),
	    SLICE("http://")))
		return target;
	rest = slice_skip(target, 7);
	slash = rest.n == 0 ? NULL : memchr(rest.p, '/', rest.n);
	if (slash == NULL)
		return SLICE("/");
	return slice_skip(rest, (size_t)(slash - rest.p));
}

static bool read_target(struct slice target, struct http_request *out,
    struct http_refusal *why)
{
	struct slice path = skip_authority(target);

	out->query = SLICE_NONE;
	split(path, '?', &path, &out->query);
	out->path = path;
	if (!is_text(target, false) || !has_good_escapes(path))
		return refuse(why, 400, NULL);
	if (slice_eq(path, SLICE("*")) && slice_eq(out->method, SLICE("OPTIONS")))
		return true;
	if (path.n == 0 || path.p[0] != '/')
		return refuse(why, 400, NULL);
	return true;
}

static bool read_request_line(struct slice line, struct http_request *out,
    struct http_refusal *why)
{
	struct slice target, version;

	if (!split(line, ' ', &out->method, &version) ||
	    !split(version, ' ', &target, &version) || !is_token(out->method))
		return refuse(why, 400, NULL);
	out->is_head = slice_eq(out->method, SLICE("HEAD"));
	return read_version(version, out, why) && read_target(target, out, why);
}

/* ---- headers ------------------------------------------------------------ */

static bool on_host(struct head *h, struct slice value)
{
	static const char more[] = "!$%&'()*+,-.:;=[]_~";

	if (h->has_host)
		return refuse(h->why, 400, NULL);
	h->has_host = true;
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') &&
		    (c == '\0' || strchr(more, c) == NULL))
			return refuse(h->why, 400, "malformed Host header");
	}
	return true;
}

static bool on_length(struct head *h, struct slice value)
{
	uint64_t n;

	if (!text_parse_u64(value, &n) || n > INT64_MAX ||
	    (h->has_length && n != h->out->body_bytes))
		return refuse(h->why, 400, NULL);
	h->has_length = true;
	h->out->body_bytes = n;
	return true;
}

static bool on_transfer(struct head *h, struct slice value)
{
	if (h->out->is_chunked || !slice_eq_nocase(value, SLICE("chunked")))
		return refuse(h->why, 501, NULL);
	h->out->is_chunked = true;
	return true;
}

static bool on_connection(struct head *h, struct slice value)
{
	while (value.n > 0) {
		struct slice word = value, rest = SLICE_NONE;

		split(value, ',', &word, &rest);
		word = trim(word);
		h->says_close |= slice_eq_nocase(word, SLICE("close"));
		h->says_keep_alive |=
		    slice_eq_nocase(word, SLICE("keep-alive"));
		value = rest;
	}
	return true;
}

static bool read_header(struct head *h, struct slice line)
{
	static const struct {
		struct slice name;
		bool (*on)(struct head *h, struct slice value);
	} known[] = {
		{ { "Host", 4 },               on_host },
		{ { "Content-Length", 14 },    on_length },
		{ { "Transfer-Encoding", 17 }, on_transfer },
		{ { "Connection", 10 },        on_connection },
	};
	struct slice name, value;

	if (!split(line, ':', &name, &value))
		return refuse(h->why, 400, NULL);
	if (!is_token(name))
		return refuse(h->why, 400, "invalid header name");
	value = trim(value);
	if (!is_text(value, true))
		return refuse(h->why, 400, NULL);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (slice_eq_nocase(name, known[i].name))
			return known[i].on(h, value);
	return true;
}

static bool finish(struct head *h)
{
	struct http_request *out = h->out;

	if (!h->has_host && !out->is_http10)
		return refuse(h->why, 400, "missing required Host header");
	out->keeps_alive = out->is_http10 ?
	    h->says_keep_alive && !h->says_close : !h->says_close;
	if (out->is_chunked)
		out->body_bytes = 0;
	return true;
}

enum http_result http_parse_request(struct slice in, struct http_request *out,
    struct http_refusal *why)
{
	struct head  h = { .out = out, .why = why };
	struct slice rest = in, line;

	*out = (struct http_request){ 0 };
	if (rest.n > HTTP_HEAD_MAX)
		rest.n = HTTP_HEAD_MAX;
	if (!take_line(&rest, &line))
		goto more;
	if (!read_request_line(line, out, why))
		return HTTP_BAD;
	while (take_line(&rest, &line)) {
		if (line.n == 0) {
			out->head_bytes = (size_t)(rest.p - in.p);
			return finish(&h) ? HTTP_DONE : HTTP_BAD;
		}
		if (!read_header(&h, line))
			return HTTP_BAD;
	}
more:
	if (in.n < HTTP_HEAD_MAX)
		return HTTP_MORE;
	refuse(why, 431, NULL);
	return HTTP_BAD;
}
