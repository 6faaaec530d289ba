/* session/latency.c - how long a service took to answer, as it is told. */
#include "session/latency.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/nuid.h"
#include "base/random.h"
#include "core/imports.h"
#include "core/msg.h"
#include "session/client.h"
#include "session/hub.h"
#include "session/inject.h"
#include "session/requestor.h"

struct latency_note {
	int64_t    ns, wall_ns;		/* when it was asked */
	int64_t    rtt_ns;		/* of who asked */
	struct buf requestor, header;	/* JSON; maybe empty */
};

/* ---- which are measured -------------------------------------------------- */

/* The value of a header, by its exact name; false: it is not there. */
static bool find_header(struct slice headers, const char *name,
    struct slice *ret)
{
	size_t n = strlen(name);

	while (headers.n > 0) {
		const char  *lf = memchr(headers.p, '\n', headers.n);
		struct slice line = slice_of(headers.p, lf == NULL ? headers.n
		    : (size_t)(lf - headers.p) + 1);

		headers = slice_skip(headers, line.n);
		if (line.n <= n || memcmp(line.p, name, n) != 0 ||
		    line.p[n] != ':')
			continue;
		line = slice_skip(line, n + 1);
		while (line.n > 0 && (*line.p == ' ' || *line.p == '\t'))
			line = slice_skip(line, 1);
		while (line.n > 0 && (line.p[line.n - 1] == '\r' ||
		    line.p[line.n - 1] == '\n' || line.p[line.n - 1] == ' '))
			line.n--;
		*ret = line;
		return true;
	}
	return false;
}

/* The part with this number, from 0, between signs; n: how many there are. */
static struct slice part(struct slice s, char sign, size_t number, size_t *n)
{
	struct slice found = SLICE_NONE;

	for (*n = 0;; ++*n) {
		const char *at = s.n == 0 ? NULL : memchr(s.p, sign, s.n);
		size_t      len = at == NULL ? s.n : (size_t)(at - s.p);

		if (*n == number)
			found = slice_of(s.p, len);
		if (at == NULL)
			break;
		s = slice_skip(s, len + 1);
	}
	++*n;
	return found;
}

static bool is_odd_hex(struct slice s)
{
	char c;

	for (size_t i = 0; i < s.n; i++)
		if (memchr("0123456789abcdefABCDEF", s.p[i], 22) == NULL)
			return false;
	c = s.n == 0 ? '0' : s.p[s.n - 1];
	return memchr("13579bdfBDF", c, 11) != NULL;
}

static bool uber_says(struct slice v)
{
	size_t       n;
	struct slice flags = part(v, ':', 3, &n);

	return n == 4 && flags.n > 0 && flags.n <= 2 && is_odd_hex(flags);
}

static bool b3_says(struct slice v)
{
	size_t       n;
	struct slice sampled = part(v, '-', 2, &n);

	return !(n > 2 && slice_eq(sampled, SLICE("0"))) &&
	    !(n == 1 && slice_eq(v, SLICE("0")));
}

static bool parent_says(struct slice v)
{
	size_t       n;
	struct slice flags = part(v, '-', 3, &n);

	return n == 4 && flags.n == 2 && is_odd_hex(flags);
}

static bool one_says(struct slice v)
{
	return slice_eq(v, SLICE("1"));
}

static bool id_says(struct slice v)
{
	(void)v;
	return true;
}

/* The first header that is there decides; those of its kind are told. */
static const struct {
	const char *name;
	bool      (*says)(struct slice value);
	const char *told[4];
} trace_headers[] = {
	{ "Uber-Trace-Id", uber_says, { "Uber-Trace-Id" } },
	{ "X-B3-Sampled", one_says, { "X-B3-ParentSpanId", "X-B3-Sampled",
	    "X-B3-SpanId", "X-B3-TraceId" } },
	{ "X-B3-TraceId", id_says, { "X-B3-ParentSpanId", "X-B3-Sampled",
	    "X-B3-SpanId", "X-B3-TraceId" } },
	{ "B3", b3_says, { "B3" } },
	{ "b3", b3_says, { "b3" } },
	{ "Traceparent", parent_says, { "Traceparent", "Tracestate" } },
	{ "traceparent", parent_says, { "traceparent", "tracestate" } },
};
enum { N_TRACE_HEADERS = sizeof trace_headers / sizeof trace_headers[0] };

static void put_told(struct slice headers, const char *const *told,
    struct buf *out)
{
	struct json_writer *w = JSON_INTO(out, 0);
	struct slice        v;

	json_begin_object(w);
	for (size_t i = 0; i < 4 && told[i] != NULL; i++) {
		if (!find_header(headers, told[i], &v))
			continue;
		json_key(w, told[i]);
		json_begin_array(w);
		json_str(w, v);
		json_end_array(w);
	}
	json_end_object(w);
}

static bool headers_say(struct slice headers, struct buf *told)
{
	struct slice v;

	for (size_t i = 0; i < N_TRACE_HEADERS; i++) {
		if (!find_header(headers, trace_headers[i].name, &v))
			continue;
		if (!trace_headers[i].says(v))
			return false;
		put_told(headers, trace_headers[i].told, told);
		return true;
	}
	return false;
}

static bool is_drawn(int64_t percent)
{
	return percent >= 100 ||
	    (percent > 0 && random_below(100) < (uint32_t)percent);
}

/* ---- notes --------------------------------------------------------------- */

struct latency_note *latency_begin(const struct service_import *s,
    const struct client *requestor, const struct msg *m)
{
	struct requestor_details d = { .is_shared = s->shares };
	struct buf               header = { 0 };
	struct latency_note     *n;

	if (s->latency.n == 0 || (!is_drawn(s->sampling) &&
	    !headers_say(msg_headers(m), &header)))
		return NULL;
	n = calloc(1, sizeof *n);
	if (n == NULL) {
		buf_fini(&header);
		return NULL;
	}
	n->ns = clock_ns();
	n->wall_ns = clock_wall_ns();
	n->header = header;
	if (requestor != NULL) {
		n->rtt_ns = requestor->rtt_ns;
		requestor_put(requestor, &d, &n->requestor);
	}
	return n;
}

void latency_free(struct latency_note *n)
{
	if (n == NULL)
		return;
	buf_fini(&n->requestor);
	buf_fini(&n->header);
	free(n);
}

/* ---- what is told -------------------------------------------------------- */

static const char *description(enum latency_status status)
{
	switch (status) {
	case LATENCY_OK:
		break;
	case LATENCY_BAD_REQUEST:
		return "Bad Request";
	case LATENCY_UNREACHABLE:
		return "Request Timeout";
	case LATENCY_UNAVAILABLE:
		return "Service Unavailable";
	case LATENCY_TIMEOUT:
		return "Service Timeout";
	}
	return NULL;
}

static void put_raw(struct json_writer *w, const char *key, struct slice json)
{
	if (json.n == 0)
		return;
	json_key(w, key);
	json_raw(w, json);
}

static void put_ns(struct json_writer *w, const char *key, int64_t ns)
{
	json_key(w, key);
	json_i64(w, ns < 0 ? 0 : ns);
}

/* Only an answer has durations; the service is not blamed for what its own
 * round trip took. */
static void put_durations(struct json_writer *w, const struct latency_note *n,
    enum latency_status status, const struct latency_responder *r)
{
	int64_t now = clock_ns(), service = now - n->ns, system = 0;

	if (status != LATENCY_OK) {
		put_ns(w, "service", 0);
		put_ns(w, "system", 0);
		put_ns(w, "total", 0);
		return;
	}
	if (r->rtt_ns > 0)
		system = clock_ns() - now;
	put_ns(w, "service", service - r->rtt_ns);
	put_ns(w, "system", system);
	put_ns(w, "total", n->rtt_ns + service + system);
}

static void put_result(struct json_writer *w, const struct latency_note *n,
    enum latency_status status, const struct latency_responder *r)
{
	char id[NUID_CHARS];

	nuid_next(id);
	json_begin_object(w);
	json_key(w, "type");
	json_cstr(w, "io.nats.server.metric.v1.service_latency");
	json_key(w, "id");
	json_str(w, slice_of(id, sizeof id));
	json_key(w, "timestamp");
	json_time(w, clock_wall_ns());
	json_key(w, "status");
	json_u64(w, (uint64_t)status);
	if (description(status) != NULL) {
		json_key(w, "description");
		json_cstr(w, description(status));
	}
	put_raw(w, "requestor", buf_slice(&n->requestor));
	put_raw(w, "responder", r->info);
	put_raw(w, "header", buf_slice(&n->header));
	json_key(w, "start");
	json_time(w, n->wall_ns - n->rtt_ns);
	put_durations(w, n, status, r);
	json_end_object(w);
}

void latency_report(struct hub *h, const struct service_import *s,
    const struct latency_note *n, enum latency_status status,
    const struct latency_responder *responder)
{
	struct buf       text = { 0 };
	struct injection m = { .account = s->exporter, .subject = s->latency };

	if (!inject_is_wanted(s->exporter, s->latency))
		return;
	put_result(JSON_INTO(&text, 0), n, status, responder);
	m.payload = buf_slice(&text);
	if (!buf_failed(&text))
		inject(h, &m);
	buf_fini(&text);
}
