/* test/unit/server/domain_map_test.c - pairs with src/server/domain_map.c. */
#include "server/domain_map.h"

#include "check.h"

static const char *mapped(const struct mappings *m, const char *subject)
{
	static char text[128];
	struct buf  out = { 0 };

	switch (mappings_apply(m, slice_str(subject), SLICE_NONE, &out)) {
	case MAPPING_MAPPED:
		snprintf(text, sizeof text, "%.*s", SLICE_ARG(buf_slice(&out)));
		break;
	case MAPPING_SAME:
		snprintf(text, sizeof text, "same");
		break;
	case MAPPING_DROPPED:
		snprintf(text, sizeof text, "dropped");
	}
	buf_fini(&out);
	return text;
}

TEST(what_is_asked_of_the_domain_is_asked_here)
{
	static const struct { const char *from, *to; } t[] = {
		{ "$JS.hub.API.INFO", "$JS.API.INFO" },
		{ "$JS.hub.API.STREAM.INFO.S", "$JS.API.STREAM.INFO.S" },
		{ "$JS.hub.API.CONSUMER.MSG.NEXT.S.C",
		  "$JS.API.CONSUMER.MSG.NEXT.S.C" },
		{ "$JS.hub.API.DIRECT.GET.S.a.b", "$JS.API.DIRECT.GET.S.a.b" },
		{ "$JS.hub.API.META.X", "$JS.API.META.X" },
		{ "$JS.hub.API.SERVER.REMOVE", "$JS.API.SERVER.REMOVE" },
		{ "$JS.hub.API.ACCOUNT.PURGE.A", "$JS.API.ACCOUNT.PURGE.A" },
		{ "$JS.hub.API.$KV.b.k", "$KV.b.k" },
		{ "$JS.hub.API.$OBJ.b.C.x", "$OBJ.b.C.x" },
		{ "$JS.hub.API.NOPE", "same" },
		{ "$JS.hub.API.INFO.x", "same" },
		{ "$JS.other.API.INFO", "same" },
		{ "$JS.API.INFO", "same" },
	};
	struct domain_map *d = domain_map_create(SLICE("hub"));
	struct mappings   *m = NULL;
	struct buf         why = { 0 };
	size_t             bad;

	CHECK_INT(mappings_create(d->specs, DOMAIN_MAPPINGS, &m, &bad, &why), 0);
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		CHECK_STR(mapped(m, t[i].from), t[i].to, "%s", t[i].from);
	mappings_destroy(m);
	domain_map_destroy(d);
	buf_fini(&why);
}
