/* mon/jsz.c - options, and the numbers of no streams at all. */
#include "mon/jsz.h"

#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"
#include "js/report.h"
#include "mon/fields.h"
#include "mon/query.h"

bool jsz_options_read(const struct query *q, struct report_options *ret,
    struct buf *error)
{
	const struct { const char *name; bool *to; } flags[] = {
		{ "accounts", &ret->lists_accounts },
		{ "streams", &ret->lists_streams },
		{ "consumers", &ret->lists_consumers },
		{ "direct-consumers", &ret->lists_direct },
		{ "config", &ret->shows_config },
		{ "leader-only", &ret->leader_only },
		{ "raft", &ret->shows_raft },
		{ "stream-leader-only", &ret->stream_leader_only },
	};

	*ret = (struct report_options){ .account = query_str(q, "acc") };
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (!query_bool(q, flags[i].name, flags[i].to, error))
			return false;
	return query_int(q, "offset", &ret->offset, error) &&
	    query_int(q, "limit", &ret->limit, error);
}

struct jsz {
	uint64_t     none;
	struct slice server_id;
	int64_t      now;
	bool         disabled;
};

#define NONE(name)    FIELD_NAMED(jsz, name, none, U64)
#define J(key, kind)  FIELD(jsz, key, kind)

static const struct field jsz_fields[] = {
	NONE("memory"), NONE("storage"),
	NONE("reserved_memory"), NONE("reserved_storage"),
	NONE("accounts"), NONE("ha_assets"),
	FIELD_OPEN("api"),
	NONE("level"), NONE("total"), NONE("errors"),
	FIELD_CLOSE,
	J(server_id, STR), J(now, TIME), J(disabled, BOOL),
	FIELD_OPEN("config"),
	NONE("max_memory"), NONE("max_storage"),
	FIELD_CLOSE,
	NONE("streams"), NONE("consumers"), NONE("messages"), NONE("bytes"),
	NONE("total"),
	{ NULL },
};

void jsz_write_disabled(struct slice server_id, int64_t now_ns,
    struct json_writer *w)
{
	struct jsz jsz = { 0, server_id, now_ns, true };

	fields_write_object(jsz_fields, &jsz, w);
}
