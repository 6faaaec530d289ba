/* mon/linksz.c - three documents about links that are not there. */
#include "mon/linksz.h"

#include "base/json.h"
#include "mon/fields.h"

/* All three in one struct: each table picks. */
struct links {
	struct slice  server_id, server_name;
	int64_t       now;
	uint64_t      n;
	struct slices list;
};

#define L(member, name, kind, ...) \
	FIELD_NAMED(links, name, member, kind, __VA_ARGS__)

static const struct field routez_fields[] = {
	L(server_id, "server_id", STR), L(server_name, "server_name", STR),
	L(now, "now", TIME), L(n, "num_routes", U64), L(list, "routes", STRS),
	{ NULL },
};

static const struct field gatewayz_fields[] = {
	L(server_id, "server_id", STR), L(now, "now", TIME),
	L(list, "outbound_gateways", PAIRS), L(list, "inbound_gateways", PAIRS),
	{ NULL },
};

static const struct field leafz_fields[] = {
	L(server_id, "server_id", STR), L(now, "now", TIME),
	L(n, "leafnodes", U64), L(list, "leafs", STRS),
	{ NULL },
};

void routez_write(struct slice server_id, struct slice server_name,
    int64_t now_ns, struct json_writer *w)
{
	struct links l = { .server_id = server_id, .server_name = server_name,
		.now = now_ns };

	fields_write_object(routez_fields, &l, w);
}

void gatewayz_write(struct slice server_id, int64_t now_ns,
    struct json_writer *w)
{
	struct links l = { .server_id = server_id, .now = now_ns };

	fields_write_object(gatewayz_fields, &l, w);
}

void leafz_write(struct slice server_id, int64_t now_ns,
    struct json_writer *w)
{
	struct links l = { .server_id = server_id, .now = now_ns };

	fields_write_object(leafz_fields, &l, w);
}
