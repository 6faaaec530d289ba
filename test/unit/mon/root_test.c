/* test/unit/mon/root_test.c - pairs with src/mon/root.c. */
#include "base/buf.h"
#include "check.h"
#include "mon/root.h"

TEST(the_page_links_to_everything_relative_to_itself)
{
	static const char *const parts[] = {
		"<a href=\"./x&lt;y/varz\">General", "./x&lt;y/jsz\">JetStream",
		"/connz\">Connections", "/accountz\">Accounts",
		"/accstatz\">Account Stats", "/subsz\">Subscriptions",
		"/routez\">Routes", "/leafz\">LeafNodes",
		"/gatewayz\">Gateways", "/raftz\">Raft Groups",
		"/healthz\">Health Probe", "/debug/vars\">Expvar",
		"/metrics\">Metrics", ">Help</a>", "v0.1.0",
	};
	struct buf out = { 0 };

	root_write(SLICE("/x<y"), SLICE("0.1.0"), &out);
	buf_put_char(&out, '\0');
	for (size_t i = 0; i < N_OF(parts); i++)
		CHECK(strstr(out.p, parts[i]) != NULL, "%s", parts[i]);
	buf_fini(&out);
}
