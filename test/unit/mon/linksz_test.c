/* test/unit/mon/linksz_test.c - pairs with src/mon/linksz.c. */
#include "base/buf.h"
#include "base/json.h"
#include "check.h"
#include "mon/linksz.h"

#define NOW INT64_C(1795276264057473452)

static const char recorded_routez[] =
	"{\n"
	"  \"server_id\": \"NABC\",\n"
	"  \"server_name\": \"peer\",\n"
	"  \"now\": \"2026-11-21T15:51:04.057473452Z\",\n"
	"  \"num_routes\": 0,\n"
	"  \"routes\": []\n"
	"}";

static const char recorded_gatewayz[] =
	"{\n"
	"  \"server_id\": \"NABC\",\n"
	"  \"now\": \"2026-11-21T15:51:04.057473452Z\",\n"
	"  \"outbound_gateways\": {},\n"
	"  \"inbound_gateways\": {}\n"
	"}";

static const char recorded_leafz[] =
	"{\n"
	"  \"server_id\": \"NABC\",\n"
	"  \"now\": \"2026-11-21T15:51:04.057473452Z\",\n"
	"  \"leafnodes\": 0,\n"
	"  \"leafs\": []\n"
	"}";

TEST(no_links_look_as_they_do_on_nats_server)
{
	struct buf out = { 0 };

	routez_write(SLICE("NABC"), SLICE("peer"), NOW, JSON_INTO(&out, 2));
	CHECK_SLICE(buf_slice(&out), slice_str(recorded_routez));
	buf_reset(&out);
	gatewayz_write(SLICE("NABC"), NOW, JSON_INTO(&out, 2));
	CHECK_SLICE(buf_slice(&out), slice_str(recorded_gatewayz));
	buf_reset(&out);
	leafz_write(SLICE("NABC"), NOW, JSON_INTO(&out, 2));
	CHECK_SLICE(buf_slice(&out), slice_str(recorded_leafz));
	buf_fini(&out);
}
