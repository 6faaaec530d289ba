/* mon/healthz.c - health, as far as it can fail without streams. */
#include "mon/healthz.h"

#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"
#include "mon/query.h"

struct failure {
	unsigned    status;
	const char *type, *text;
};

bool healthz_options_read(const struct query *q, struct healthz_options *ret,
    struct buf *error)
{
	/* Without streams these change nothing, but they are checked. */
	static const char *const of_streams[] = { "js-enabled",
		"js-enabled-only", "js-server-only", "js-meta-only" };

	*ret = (struct healthz_options){
		.account = query_str(q, "account"),
		.stream = query_str(q, "stream"),
		.consumer = query_str(q, "consumer"),
	};
	for (size_t i = 0; i < sizeof of_streams / sizeof of_streams[0]; i++)
		if (!query_bool(q, of_streams[i], &ret->ignored, error))
			return false;
	return query_bool(q, "details", &ret->details, error);
}

static const struct failure *check(const struct healthz_options *o,
    bool is_ready)
{
	static const struct failure no_account = { 400, "BAD_REQUEST",
		"\"account\" must not be empty when checking stream health" };
	static const struct failure no_stream = { 400, "BAD_REQUEST",
		"\"stream\" must not be empty when checking consumer health" };
	static const struct failure not_ready = { 500, "CONNECTION",
		"failed to be ready for connections" };

	if (o->account.n == 0 && o->stream.n > 0)
		return &no_account;
	if (o->stream.n == 0 && o->consumer.n > 0)
		return &no_stream;
	return is_ready ? NULL : &not_ready;
}

static void write_details(const struct failure *f, struct json_writer *w)
{
	json_key(w, "errors");
	json_begin_array(w);
	json_begin_object(w);
	json_key(w, "type");
	json_cstr(w, f->type);
	json_key(w, "error");
	json_cstr(w, f->text);
	json_end_object(w);
	json_end_array(w);
}

unsigned healthz_write(const struct healthz_options *o, bool is_ready,
    bool tells_status, struct json_writer *w)
{
	const struct failure *f = check(o, is_ready);
	unsigned              status = f == NULL ? 200 : f->status;

	json_begin_object(w);
	json_key(w, "status");
	json_cstr(w, f == NULL ? "ok" : "error");
	if (tells_status) {
		json_key(w, "status_code");
		json_u64(w, status);
	}
	if (f != NULL && o->details) {
		write_details(f, w);
	} else if (f != NULL) {
		json_key(w, "error");
		json_cstr(w, f->text);
	}
	json_end_object(w);
	return status;
}
