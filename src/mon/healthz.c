/* mon/healthz.c - the question, and how what was found out is told. */
#include "mon/healthz.h"

#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"
#include "mon/query.h"

/* What is wrong, with its details, as nats-server says it. */
#define WRONG(code, said, type, json, text)				\
	{ code, said, { text, sizeof text - 1 },			\
	  { "{\"type\":\"" type "\",\"error\":\"" json "\"}",	\
	    sizeof "{\"type\":\"" type "\",\"error\":\"" json "\"}" - 1 } }

const struct healthz_verdict healthz_ok = { .status = 200, .said = "ok" };
const struct healthz_verdict healthz_no_jetstream = WRONG(503, "unavailable",
    "JETSTREAM", "JetStream not enabled (10076)",
    "JetStream not enabled (10076)");

bool healthz_options_read(const struct query *q, struct healthz_options *ret,
    struct buf *error)
{
	*ret = (struct healthz_options){
		.account = query_str(q, "account"),
		.stream = query_str(q, "stream"),
		.consumer = query_str(q, "consumer"),
	};
	return query_bool(q, "js-enabled", &ret->enabled, error) &&
	    query_bool(q, "js-enabled-only", &ret->enabled_only, error) &&
	    query_bool(q, "js-server-only", &ret->server_only, error) &&
	    query_bool(q, "js-meta-only", &ret->meta_only, error) &&
	    query_bool(q, "details", &ret->details, error);
}

bool healthz_is_wrong(const struct healthz_options *o, bool is_ready,
    struct healthz_verdict *ret)
{
	static const struct healthz_verdict no_account = WRONG(400, "error",
	    "BAD_REQUEST", "\\\"account\\\" must not be empty when checking "
	    "stream health", "\"account\" must not be empty when checking "
	    "stream health");
	static const struct healthz_verdict no_stream = WRONG(400, "error",
	    "BAD_REQUEST", "\\\"stream\\\" must not be empty when checking "
	    "consumer health", "\"stream\" must not be empty when checking "
	    "consumer health");
	static const struct healthz_verdict not_ready = WRONG(500, "error",
	    "CONNECTION", "failed to be ready for connections",
	    "failed to be ready for connections");

	if (o->account.n == 0 && o->stream.n > 0)
		*ret = no_account;
	else if (o->stream.n == 0 && o->consumer.n > 0)
		*ret = no_stream;
	else if (!is_ready)
		*ret = not_ready;
	else
		return false;
	return true;
}

void healthz_write(const struct healthz_options *o,
    const struct healthz_verdict *v, bool tells_status, struct json_writer *w)
{
	bool is_wrong = v->why.n > 0;

	json_begin_object(w);
	json_key(w, "status");
	json_cstr(w, is_wrong && o->details ? "error" : v->said);
	if (tells_status) {
		json_key(w, "status_code");
		json_u64(w, v->status);
	}
	if (is_wrong && o->details) {
		json_key(w, "errors");
		json_begin_array(w);
		json_raw(w, v->errors);
		json_end_array(w);
	} else if (is_wrong) {
		json_key(w, "error");
		json_str(w, v->why);
	}
	json_end_object(w);
}
