/* js/request.c - what the requests of the API may say. */
#include "js/request.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "js/errors.h"
#include "js/fields.h"

#define ROW(key, kind, member) \
	{ key, kind, .at = offsetof(union request, member) }
/* What Go calls int, and we hold in 64 bits. */
#define GO_INT(key, member) \
	{ key, JS_INT, .at = offsetof(union request, member), .type = "int" }

static const struct js_field streams_fields[] = {
	GO_INT("offset", page.offset),
	ROW("subject", JS_STR, page.subject),
	{ NULL }
};

static const struct js_field stream_info_fields[] = {
	GO_INT("offset", stream_info.offset),
	ROW("subjects_filter", JS_STR, stream_info.subjects_filter),
	ROW("deleted_details", JS_BOOL, stream_info.deleted_details),
	{ NULL }
};

static const struct js_field purge_fields[] = {
	ROW("filter", JS_STR, purge.filter),
	ROW("seq", JS_UINT, purge.seq),
	ROW("keep", JS_UINT, purge.keep),
	{ NULL }
};

static const struct js_field get_fields[] = {
	ROW("seq", JS_UINT, get.seq),
	ROW("start_time", JS_TIME, get.start_time),
	ROW("last_by_subj", JS_STR, get.last_by_subj),
	ROW("next_by_subj", JS_STR, get.next_by_subj),
	ROW("no_hdr", JS_BOOL, get.no_hdr),
	GO_INT("batch", get.batch),
	GO_INT("max_bytes", get.max_bytes),
	ROW("up_to_seq", JS_UINT, get.up_to_seq),
	ROW("up_to_time", JS_TIME, get.up_to_time),
	{ "multi_last", JS_STRS, .at = offsetof(union request, get.multi_last),
	  .n_at = offsetof(union request, get.n_multi) },
	{ NULL }
};

static const struct js_field msg_delete_fields[] = {
	ROW("seq", JS_UINT, msg_delete.seq),
	ROW("no_erase", JS_BOOL, msg_delete.no_erase),
	{ NULL }
};

static const struct js_field snapshot_fields[] = {
	ROW("deliver_subject", JS_STR, snapshot.wish.deliver_subject),
	ROW("no_consumers", JS_BOOL, snapshot.wish.no_consumers),
	GO_INT("chunk_size", snapshot.wish.chunk_bytes),
	GO_INT("window_size", snapshot.wish.window_bytes),
	ROW("jsck", JS_BOOL, snapshot.checks),
	ROW("format", JS_STR, snapshot.wish.format),	/* ours */
	{ NULL }
};

static const struct js_field restore_fields[] = {
	ROW("config", JS_JSON, restore.config),
	{ "state", JS_OTHER },	/* what is restored says it better */
	{ NULL }
};

static const struct js_field redrive_fields[] = {
	ROW("consumer", JS_STR, redrive.consumer),
	ROW("seq", JS_UINT, redrive.seq),
	ROW("batch", JS_UINT, redrive.batch),
	{ NULL }
};

static bool read_action(void *object, const struct json *j, struct js_hold *h,
    struct js_error *e)
{
	union request        *r = object;
	enum consumer_action *to = &r->consumer_create.action;
	struct buf            text = { 0 };
	struct slice          s = SLICE_NONE;
	bool                  is_text = json_as_str(j, &s);

	(void)h;
	*to = slice_eq(s, SLICE("create")) ? ACTION_CREATE
	    : slice_eq(s, SLICE("update")) ? ACTION_UPDATE : ACTION_ANY;
	if (is_text && (s.n == 0 || *to != ACTION_ANY))
		return true;
	json_put(JSON_INTO(&text, 0), j);
	js_fail_with(e, 10025, "unknown consumer action: %.*s",
	    SLICE_ARG(buf_slice(&text)));
	buf_fini(&text);
	return false;
}

static const struct js_field consumer_create_fields[] = {
	ROW("stream_name", JS_STR, consumer_create.stream_name),
	ROW("config", JS_JSON, consumer_create.config),
	{ "action", JS_OTHER, .refuses_null = true, .read = read_action },
	ROW("pedantic", JS_BOOL, consumer_create.pedantic),
	{ NULL }
};

static const struct js_field consumers_fields[] = {
	GO_INT("offset", page.offset),
	{ NULL }
};

static const struct js_field pause_fields[] = {
	ROW("pause_until", JS_TIME, pause.until),
	{ NULL }
};

static const struct js_field unpin_fields[] = {
	ROW("group", JS_STR, unpin.group),
	{ NULL }
};

static const struct js_field reset_fields[] = {
	ROW("seq", JS_UINT, reset.seq),
	{ NULL }
};
#undef ROW
#undef GO_INT

const struct request_kind
    request_stream_names = { "JSApiStreamNamesRequest", streams_fields },
    request_stream_list = { "JSApiStreamListRequest", streams_fields },
    request_stream_info = { "JSApiStreamInfoRequest", stream_info_fields },
    request_purge = { "JSApiStreamPurgeRequest", purge_fields },
    request_msg_get = { "JSApiMsgGetRequest", get_fields },
    request_msg_delete = { "JSApiMsgDeleteRequest", msg_delete_fields },
    request_snapshot = { "JSApiStreamSnapshotRequest", snapshot_fields },
    request_restore = { "JSApiStreamRestoreRequest", restore_fields },
    request_redrive = { "JSApiStreamRedriveRequest", redrive_fields },
    request_consumer_create = { "CreateConsumerRequest",
	consumer_create_fields },
    request_consumers = { "JSApiConsumersRequest", consumers_fields },
    request_pause = { "JSApiConsumerPauseRequest", pause_fields },
    request_unpin = { "JSApiConsumerUnpinRequest", unpin_fields, true },
    request_reset = { "JSApiConsumerResetRequest", reset_fields, true };

static void unset_times(const struct js_field *fields, union request *r)
{
	const int64_t unset = JS_TIME_UNSET;

	for (const struct js_field *f = fields; f->name != NULL; f++)
		if (f->kind == JS_TIME)
			memcpy((char *)r + f->at, &unset, sizeof unset);
}

bool request_read(const struct request_kind *kind, const struct json *doc,
    bool is_strict, union request *into, struct js_hold *h,
    struct js_error *e)
{
	unset_times(kind->fields, into);
	return doc == NULL || js_fields_read(kind->fields, kind->name, doc,
	    is_strict && !kind->takes_others, into, h, e);
}
