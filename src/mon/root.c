/* mon/root.c - a list of links. */
#include "mon/root.h"

#include <stddef.h>

#include "base/buf.h"
#include "mon/path.h"

static const struct { const char *path, *label; } links[] = {
	{ "/varz",       "General" },
	{ "/jsz",        "JetStream" },
	{ "/connz",      "Connections" },
	{ "/accountz",   "Accounts" },
	{ "/accstatz",   "Account Stats" },
	{ "/subsz",      "Subscriptions" },
	{ "/routez",     "Routes" },
	{ "/leafz",      "LeafNodes" },
	{ "/gatewayz",   "Gateways" },
	{ "/raftz",      "Raft Groups" },
	{ "/healthz",    "Health Probe" },
	{ "/debug/vars", "Expvar" },
	{ "/metrics",    "Metrics" },
};

static void put_link(struct buf *out, struct slice base_path, const char *path,
    const char *label)
{
	buf_put_str(out, "\t<a href=\".");
	path_put_html(base_path, out);
	buf_printf(out, "%s\">%s<span class=\"endpoint\"> %s</span></a>\n",
	    path, label, path);
}

void root_write(struct slice base_path, struct slice version, struct buf *out)
{
	buf_put_str(out,
	    "<!DOCTYPE html>\n"
	    "<html lang=\"en\">\n"
	    "<head>\n"
	    "\t<meta charset=\"utf-8\">\n"
	    "\t<title>mote</title>\n"
	    "\t<style>\n"
	    "\t\tbody { font-family: system-ui, sans-serif; margin: 2rem }\n"
	    "\t\ta { display: block; padding: .2rem; color: #334 }\n"
	    "\t\t.endpoint { color: #999; font: .8rem monospace }\n"
	    "\t</style>\n"
	    "</head>\n"
	    "<body>\n"
	    "\t<h1>mote <small class=\"version\">v");
	path_put_html(version, out);
	buf_put_str(out, "</small></h1>\n");
	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
		put_link(out, base_path, links[i].path, links[i].label);
	buf_put_str(out,
	    "\t<a class=\"help\" href=\"https://docs.nats.io/"
	    "running-a-nats-service/nats_admin/monitoring\">Help</a>\n"
	    "</body>\n"
	    "</html>\n");
}
