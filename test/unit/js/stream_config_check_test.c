/* test/unit/js/stream_config_check_test.c - pairs with
 * src/js/stream_config_check.c.
 *
 * What matters: a client that creates a stream twice, or reads its configuration
 * and sends it back, must find it equal; so what is echoed, and why something is
 * refused, is held against answers recorded from nats-server 2.15.1. */
#include "js/stream_config.h"

#include "base/json.h"
#include "check.h"
#include "js/errors.h"

static const struct stream_limits no_limits;

/* text has ' for ".  NULL and *e: it is refused. */
static struct stream_config *make(const char *text, bool is_strict,
    struct js_error *e)
{
	struct stream_config *c = NULL;
	struct json          *j;
	const char           *why;
	char                 *copy = strdup(text);
	bool                  pedantic;

	for (char *p = copy; *p != '\0'; p++)
		*p = *p == '\'' ? '"' : *p;
	j = json_parse(slice_str(copy), &why);
	CHECK(j != NULL, "%s", text);
	*e = (struct js_error){ 0 };
	if (stream_config_read(j, is_strict, &pedantic, &c, e) &&
	    !stream_config_check(c, &no_limits, pedantic, e)) {
		stream_config_destroy(c);
		c = NULL;
	}
	json_free(j);	/* the configuration has copies */
	free(copy);
	return c;
}

static struct stream_config *made(const char *text)
{
	struct js_error       e;
	struct stream_config *c = make(text, true, &e);

	CHECK(c != NULL, "%s: %s", text, e.text);
	return c;
}

/* ---- the echo --------------------------------------------------------------- */

#define LIMITS "'max_consumers':-1,'max_msgs':-1,'max_bytes':-1,"
#define REST "'allow_direct':false,'mirror_direct':false,"
#define FLAGS "'sealed':false,'deny_delete':false,'deny_purge':false,"

static const struct {
	const char *asked, *echoed;
} echoes[] = {
	{ "{'name':'S'}",
	  "{'name':'S','subjects':['S'],'retention':'limits'," LIMITS
	  "'max_age':0,'max_msgs_per_subject':-1,'max_msg_size':-1,"
	  "'discard':'old','storage':'file','num_replicas':1,"
	  "'duplicate_window':120000000000,'compression':'none'," REST FLAGS
	  "'allow_rollup_hdrs':false,'consumer_limits':{},"
	  "'allow_msg_ttl':false,'metadata':{'_nats.req.level':'0'}}" },
	{ "{'name':'S','subjects':['a','b.\\u003e'],'retention':'interest',"
	  "'storage':'memory','max_msgs':0,'max_bytes':-7,"
	  "'max_age':1000000000,'placement':{},'discard':'NEW'}",
	  "{'name':'S','subjects':['a','b.\\u003e'],'retention':'interest',"
	  LIMITS "'max_age':1000000000,'max_msgs_per_subject':-1,"
	  "'max_msg_size':-1,'discard':'new','storage':'memory',"
	  "'num_replicas':1,'duplicate_window':1000000000,"
	  "'compression':'none'," REST FLAGS
	  "'allow_rollup_hdrs':false,'consumer_limits':{},"
	  "'allow_msg_ttl':false,'metadata':{'_nats.req.level':'0'}}" },
	{ "{'name':'S','subject_delete_marker_ttl':1500000000,"
	  "'deny_purge':true,'metadata':{'b':'2','a':'1','_nats.ver':'x'}}",
	  "{'name':'S','subjects':['S'],'retention':'limits'," LIMITS
	  "'max_age':0,'max_msgs_per_subject':-1,'max_msg_size':-1,"
	  "'discard':'old','storage':'file','num_replicas':1,"
	  "'duplicate_window':120000000000,'compression':'none'," REST FLAGS
	  "'allow_rollup_hdrs':true,'consumer_limits':{},"
	  "'allow_msg_ttl':true,'subject_delete_marker_ttl':1500000000,"
	  "'metadata':{'_nats.req.level':'1','a':'1','b':'2'}}" },
	{ "{'name':'S','subjects':['a.*'],'republish':{'dest':'r.\\u003e',"
	  "'headers_only':true},'subject_transform':{'src':'a.*',"
	  "'dest':'b.$1'},'consumer_limits':{'max_ack_pending':9},"
	  "'persist_mode':'async','compression':'s2','first_seq':9}",
	  "{'name':'S','subjects':['a.*'],'retention':'limits'," LIMITS
	  "'max_age':0,'max_msgs_per_subject':-1,'max_msg_size':-1,"
	  "'discard':'old','storage':'file','num_replicas':1,"
	  "'duplicate_window':120000000000,'compression':'s2','first_seq':9,"
	  "'subject_transform':{'src':'a.*','dest':'b.$1'},"
	  "'republish':{'src':'\\u003e','dest':'r.\\u003e',"
	  "'headers_only':true}," REST FLAGS
	  "'allow_rollup_hdrs':false,'consumer_limits':{'max_ack_pending':9},"
	  "'allow_msg_ttl':false,'persist_mode':'async',"
	  "'metadata':{'_nats.req.level':'2'}}" },
	{ "{'name':'S','mirror':{'name':'M','opt_start_seq':4}}",
	  "{'name':'S','retention':'limits'," LIMITS
	  "'max_age':0,'max_msgs_per_subject':-1,'max_msg_size':-1,"
	  "'discard':'old','storage':'file','num_replicas':1,"
	  "'mirror':{'name':'M','opt_start_seq':4},'compression':'none',"
	  REST FLAGS "'allow_rollup_hdrs':false,'consumer_limits':{},"
	  "'allow_msg_ttl':false,'metadata':{'_nats.req.level':'0'}}" },
};

TEST(a_configuration_is_echoed_with_its_defaults)
{
	for (size_t i = 0; i < N_OF(echoes); i++) {
		struct stream_config *c = made(echoes[i].asked), *again;
		struct buf            out = { 0 };

		stream_config_write(c, false, JSON_INTO(&out, 0));
		for (size_t k = 0; k < out.n; k++)
			out.p[k] = out.p[k] == '"' ? '\'' : out.p[k];
		CHECK_SLICE(buf_slice(&out), slice_str(echoes[i].echoed));
		again = made(echoes[i].echoed);
		CHECK(stream_config_equal(c, again), "%s", echoes[i].asked);
		stream_config_destroy(again);
		stream_config_destroy(c);
		buf_fini(&out);
	}
}

TEST(the_servers_own_metadata_makes_no_difference)
{
	struct stream_config *a = made("{'name':'S'}");
	struct stream_config *b = made("{'name':'S','metadata':{"
	    "'_nats.ver':'1','_nats.req.level':'9'}}");
	struct stream_config *c = made("{'name':'S','metadata':{'k':''}}");

	CHECK(stream_config_equal(a, b));
	CHECK(!stream_config_equal(a, c));
	stream_config_destroy(a);
	stream_config_destroy(b);
	stream_config_destroy(c);
}

/* ---- what is refused --------------------------------------------------------- */

static const struct {
	const char *rest;	/* behind the name */
	unsigned    err_code;
	const char *text;
} refusals[] = {
	{ "'zzz':1", 10025, "invalid JSON: json: unknown field \"zzz\"" },
	{ "'max_msgs':'x'", 10025, "invalid JSON: json: cannot unmarshal string "
	  "into Go struct field StreamConfigRequest.max_msgs of type int64" },
	{ "'first_seq':-1", 10025, "invalid JSON: json: cannot unmarshal number "
	  "-1 into Go struct field StreamConfigRequest.first_seq of type uint64" },
	{ "'max_msg_size':2147483648", 10025, "invalid JSON: json: cannot "
	  "unmarshal number 2147483648 into Go struct field "
	  "StreamConfigRequest.max_msg_size of type int32" },
	{ "'retention':'x'", 10025,
	  "invalid JSON: can not unmarshal \"\\\"x\\\"\"" },
	{ "'retention':1", 10025, "invalid JSON: can not unmarshal \"1\"" },
	{ "'discard':'x'", 10025,
	  "invalid JSON: can not unmarshal \"\\\"x\\\"\"" },
	{ "'persist_mode':'x'", 10025,
	  "invalid JSON: can not unmarshal \"\\\"x\\\"\"" },
	{ "'compression':''", 10025,
	  "invalid JSON: unknown compression algorithm" },
	{ "'num_replicas':-1", 10133, "replicas count cannot be negative" },
	{ "'num_replicas':6", 10052, "maximum replicas is 5" },
	{ "'max_age':-1", 10052, "max age can not be negative" },
	{ "'max_age':1", 10052, "max age needs to be >= 100ms" },
	{ "'max_bytes':-7,'pedantic':true", 10157,
	  "pedantic mode: max_bytes must be set to -1" },
	{ "'max_age':1000000000,'pedantic':true", 10157,
	  "pedantic mode: duplicate window cannot be bigger than max age" },
	{ "'subject_delete_marker_ttl':1000000000,'pedantic':true", 10052,
	  "subject delete marker cannot be set if message TTLs are disabled" },
	{ "'allow_msg_schedules':true,'pedantic':true", 10052,
	  "message scheduling cannot be set if roll-ups are disabled" },
	{ "'deny_purge':true,'allow_rollup_hdrs':true", 10052,
	  "roll-ups require the purge permission" },
	{ "'allow_msg_counter':true,'allow_msg_ttl':true",
	  10052, "counter stream cannot use message TTLs" },
	{ "'mirror':{'name':'M','consumer':{'name':'c'}}", 10213,
	  "stream mirror consumer config is invalid" },
	{ "'sources':[{'name':'M','opt_start_seq':5,'consumer':{'name':'c',"
	  "'deliver_subject':'d'}}]", 10215,
	  "stream source consumer config is invalid" },
	{ "'subjects':['a.*','a.b']", 10052,
	  "subject \"a.*\" overlaps with \"a.b\"" },
	{ "'subjects':['a','a']", 10052, "subject \"a\" overlaps with \"a\"" },
	{ "'subjects':[null]", 10052, "invalid subject" },
	{ "'subjects':['>']", 10052,
	  "capturing all subjects requires no-ack to be true" },
	{ "'subjects':['$JS.API.>']", 10052, "subjects that overlap with "
	  "jetstream api require no-ack to be true" },
	{ "'subject_transform':{'src':'a..b','dest':'b'}", 10155,
	  "stream transform source: invalid subject a..b" },
	{ "'republish':{'src':'S','dest':'S'}", 10052, "stream configuration "
	  "for republish destination forms a cycle" },
	{ "'subjects':['x'],'mirror':{'name':'M'}", 10034,
	  "stream mirrors can not contain subjects" },
	{ "'mirror':{'name':'M','external':{'api':'$JS.API','deliver':'d'}}",
	  10021, "stream external api prefix $JS.API must not overlap with "
	  "$JS.API" },
	{ "'sources':[{'name':'Q'},{'name':'Q'}]", 10140,
	  "duplicate source configuration detected" },
};

TEST(what_is_wrong_is_told_in_these_words)
{
	for (size_t i = 0; i < N_OF(refusals); i++) {
		struct js_error e;
		char            text[512];

		snprintf(text, sizeof text, "{'name':'S',%s}", refusals[i].rest);
		CHECK(make(text, true, &e) == NULL, "%s", text);
		CHECK_STR(e.text, refusals[i].text, "%s", text);
		CHECK_INT(e.err_code, refusals[i].err_code);
	}
}

TEST(unknown_fields_pass_where_that_is_allowed)
{
	struct js_error       e;
	struct stream_config *c = make("{'name':'S','zzz':1}", false, &e);

	CHECK(c != NULL);
	stream_config_destroy(c);
}

TEST(to_nowhere_is_no_transform)
{
	stream_config_destroy(made("{'name':'S','subject_transform':{}}"));
	stream_config_destroy(made("{'name':'S','republish':{'dest':''}}"));
}

/* ---- updates ------------------------------------------------------------------ */

static const struct {
	const char *from, *to;
	const char *text;	/* NULL: it may be */
} updates[] = {
	{ "{'name':'S'}", "{'name':'S','max_msgs':5}", NULL },
	{ "{'name':'S'}", "{'name':'S','retention':'interest'}", NULL },
	{ "{'name':'S'}", "{'name':'S','storage':'memory'}",
	  "stream configuration update can not change storage type" },
	{ "{'name':'S','retention':'workqueue'}", "{'name':'S'}", "stream "
	  "configuration update can not change retention policy to/from "
	  "workqueue" },
	{ "{'name':'S','sealed':true}", "{'name':'S'}",
	  "stream configuration update can not unseal a sealed stream" },
	{ "{'name':'S','allow_msg_ttl':true}", "{'name':'S'}",
	  "message TTL status can not be disabled" },
	{ "{'name':'S'}", "{'name':'S','allow_msg_ttl':true}", NULL },
	{ "{'name':'S'}", "{'name':'T'}",
	  "stream configuration name must match original" },
	{ "{'name':'S'}", "{'name':'S','retention':'workqueue'}", "stream "
	  "configuration update can not change retention policy to/from "
	  "workqueue" },
	{ "{'name':'S','retention':'interest'}", "{'name':'S'}", NULL },
	{ "{'name':'S','deny_delete':true}", "{'name':'S'}", "stream "
	  "configuration update can not cancel deny message deletes" },
	{ "{'name':'S','deny_purge':true}", "{'name':'S'}",
	  "stream configuration update can not cancel deny purge" },
	{ "{'name':'S'}", "{'name':'S','deny_delete':true,'deny_purge':true}",
	  NULL },
	{ "{'name':'S','allow_msg_counter':true}", "{'name':'S'}", "stream "
	  "configuration update can not change message counter setting" },
	{ "{'name':'S'}", "{'name':'S','allow_msg_counter':true}", "stream "
	  "configuration update can not change message counter setting" },
	{ "{'name':'S','allow_msg_schedules':true}", "{'name':'S'}",
	  "message schedules can not be disabled" },
	{ "{'name':'S'}", "{'name':'S','compression':'s2','max_consumers':1,"
	  "'republish':{'src':'>','dest':'r.>'},'allow_atomic':true}", NULL },
	{ "{'name':'M','mirror':{'name':'S'}}",
	  "{'name':'M','mirror':{'name':'T'}}",
	  "stream mirror configuration can not be updated" },
	{ "{'name':'S'}", "{'name':'S','persist_mode':'async'}",
	  "stream configuration update can not change persist mode" },
	{ "{'name':'S'}", "{'name':'S','mirror':{'name':'M'}}",
	  "stream mirror configuration can not be updated" },
	{ "{'name':'S','mirror':{'name':'M'}}", "{'name':'S'}", NULL },
};

TEST(an_update_may_change_some_and_not_others)
{
	for (size_t i = 0; i < N_OF(updates); i++) {
		struct stream_config *from = made(updates[i].from);
		struct stream_config *to = made(updates[i].to);
		struct js_error       e = { 0 };
		bool                  ok;

		ok = stream_config_check_update(from, to, &e);
		CHECK_INT(ok, updates[i].text == NULL, "%s", updates[i].to);
		if (!ok)
			CHECK_STR(e.text, updates[i].text);
		stream_config_destroy(from);
		stream_config_destroy(to);
	}
}

/* It is read and checked at the next start. */
TEST(what_was_sealed_is_found_again)
{
	static const char *const more[] = { "", ",'allow_msg_counter':true",
		",'allow_msg_schedules':true",
		",'allow_msg_ttl':true,'subject_delete_marker_ttl':1000000000",
		",'allow_msg_counter':true,'subject_delete_marker_ttl':"
		"1000000000", ",'max_age':5000000000,'allow_rollup_hdrs':true" };
	static const struct stream_limits stored = { .is_stored = true };

	for (size_t i = 0; i < N_OF(more); i++) {
		char                  text[200];
		struct stream_config *from, *to;
		struct js_error       e = { 0 };

		snprintf(text, sizeof text, "{'name':'S'%s}", more[i]);
		from = made(text);
		snprintf(text, sizeof text, "{'name':'S','sealed':true%s}",
		    more[i]);
		to = made(text);
		CHECK(stream_config_check_update(from, to, &e), "%s", e.text);
		CHECK(stream_config_check(to, &stored, false, &e), "%s: %s", text,
		    e.text);
		CHECK(to->sealed && !to->allow_rollup && to->deny_purge);
		stream_config_destroy(from);
		stream_config_destroy(to);
	}
}

TEST(sealing_stops_what_would_remove_messages)
{
	struct stream_config *from = made("{'name':'S','max_age':1000000000,"
	    "'allow_rollup_hdrs':true}");
	struct stream_config *to = made("{'name':'S','max_age':1000000000,"
	    "'allow_rollup_hdrs':true,'sealed':true}");
	struct js_error       e = { 0 };

	CHECK(stream_config_check_update(from, to, &e));
	CHECK_INT(to->max_age_ns, 0);
	CHECK_INT(to->discard, DISCARD_NEW);
	CHECK(to->deny_delete && to->deny_purge && !to->allow_rollup);
	stream_config_destroy(from);
	stream_config_destroy(to);
}
