/* fields_test.c - times as JSON has them, and metadata with the server's own. */
#include "js/fields.h"

#include "base/buf.h"
#include "base/json.h"
#include "check.h"
#include "js/errors.h"

#define S INT64_C(1000000000)

TEST(a_time_is_read_in_any_zone)
{
	static const struct { const char *text; bool ok; int64_t ns; } t[] = {
		{ "1970-01-01T00:00:01Z", true, S },
		{ "1970-01-01T01:00:01+01:00", true, S },
		{ "1969-12-31T23:00:01.5-01:00", true, S + S / 2 },
		{ "1970-01-01T00:00:00.000000001Z", true, 1 },
		{ "0001-01-01T00:00:00Z", true, JS_TIME_BEFORE },
		{ "9999-12-31T23:59:59Z", true, INT64_MAX },
		{ "1970-01-01 00:00:01Z", false, 0 },
		{ "1970-13-01T00:00:01Z", false, 0 },
		{ "1970-01-01T00:00:01", false, 0 },
		{ "1970-01-01T00:00:01Zx", false, 0 },
		{ "1970-01-01t00:00:01Z", false, 0 },
		{ "1970-01-01T00:00:01z", false, 0 },
		{ "1970M01-01T00:00:01Z", false, 0 },
		{ "1970-01-01T24:00:00Z", false, 0 },
		{ "1970-01-01T00:60:00Z", false, 0 },
		{ "1970-01-01T00:00:60Z", false, 0 },
		{ "1970-02-29T00:00:00Z", false, 0 },
		{ "1972-02-29T00:00:00Z", true, 789 * INT64_C(86400) * S },
		{ "1970-01-01T00:00:00+24:00", false, 0 },
		{ "1970-01-01T00:00:00+00:60", false, 0 },
		{ "", false, 0 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		int64_t ns = 0;

		CHECK(js_time_read(slice_str(t[i].text), &ns) == t[i].ok, "%s",
		    t[i].text);
		if (t[i].ok)
			CHECK_INT(ns, t[i].ns, "%s", t[i].text);
	}
}

TEST(a_time_is_told_again_with_its_zone_and_its_year)
{
	static const struct { const char *sent, *told; } t[] = {
		{ "2030-01-01T00:00:00Z", NULL },
		{ "2030-01-01T00:00:00.1200Z", "2030-01-01T00:00:00.12Z" },
		{ "2030-01-01T00:00:00-00:00", "2030-01-01T00:00:00Z" },
		{ "2030-01-01T00:00:00+02:00", NULL },
		{ "2030-01-01T00:00:00.500-07:30",
		  "2030-01-01T00:00:00.5-07:30" },
		{ "2030-01-01T00:00:00.000+01:00",
		  "2030-01-01T00:00:00+01:00" },
		{ "2030-01-01T00:00:00.1234567891+01:00",
		  "2030-01-01T00:00:00.123456789+01:00" },
		{ "3000-01-01T00:00:00.0Z", "3000-01-01T00:00:00Z" },
		{ "1600-01-01T00:00:00Z", NULL },
		{ "0001-01-01T00:00:00Z", NULL },
	};
	struct whole { int64_t ns; const char *told; } o;
	static const struct js_field fields[] = {
		{ "t", JS_TIME, true, offsetof(struct whole, ns),
		  offsetof(struct whole, told) },
		{ NULL },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct buf      in = { 0 }, want = { 0 }, out = { 0 };
		struct js_hold *h = js_hold_create();
		struct js_error e = { 0 };
		const char     *why;
		struct json    *doc;
		struct json_writer *w = JSON_INTO(&out, 0);

		buf_printf(&in, "{\"t\":\"%s\"}", t[i].sent);
		buf_printf(&want, "{\"t\":\"%s\"}", t[i].told != NULL
		    ? t[i].told : t[i].sent);
		doc = json_parse(buf_slice(&in), &why);
		o = (struct whole){ 0 };
		CHECK(js_fields_read(fields, "T", doc, true, &o, h, &e));
		json_begin_object(w);
		js_fields_write(fields, &o, w);
		json_end_object(w);
		CHECK_SLICE(buf_slice(&out), buf_slice(&want), "%s",
		    t[i].sent);
		json_free(doc);
		js_hold_destroy(h);
		buf_fini(&in);
		buf_fini(&want);
		buf_fini(&out);
	}
}

TEST(the_servers_own_keys_are_the_servers)
{
	struct js_metadata m[] = { { SLICE("_nats.level"), SLICE("99") },
		{ SLICE("a"), SLICE("b") } };
	struct buf          b = { 0 };
	struct json_writer *w = JSON_INTO(&b, 0);

	json_begin_object(w);
	js_metadata_write(m, 2, 1, false, w);
	json_end_object(w);
	CHECK_SLICE(buf_slice(&b),
	    SLICE("{\"metadata\":{\"_nats.req.level\":\"1\",\"a\":\"b\"}}"));
	CHECK_INT(js_metadata_size(m, 2), 2);
	CHECK_SLICE(js_metadata_get(m, 2, SLICE("a")), SLICE("b"));
	CHECK_INT(js_metadata_get(m, 2, SLICE("x")).n, 0);
	buf_fini(&b);
}
