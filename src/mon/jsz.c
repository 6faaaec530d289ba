/* mon/jsz.c - the numbers of no streams at all. */
#include "mon/jsz.h"

#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"
#include "mon/fields.h"
#include "mon/query.h"

bool jsz_options_check(const struct query *q, struct buf *error)
{
	static const char *const flags[] = { "accounts", "streams", "consumers",
		"direct-consumers", "config", "leader-only", "raft",
		"stream-leader-only" };
	static const char *const numbers[] = { "offset", "limit" };
	bool    flag;
	int64_t number;

	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (!query_bool(q, flags[i], &flag, error))
			return false;
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (!query_int(q, numbers[i], &number, error))
			return false;
	return true;
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
