/* test/unit/js/report_test.c - pairs with src/js/report.c and its parts.
 *
 * A JetStream of its own in a directory of its own, with a host that hears
 * nothing.  What monitoring is told is read back and held against what was
 * done; what goes on between two steps of a report must not harm it. */
#include "js/report.h"

#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "check.h"
#include "core/account.h"
#include "js/consumer.h"
#include "js/consumer_config.h"
#include "js/errors.h"
#include "js/js.h"
#include "js/offline.h"
#include "js/place.h"
#include "js/stream_config.h"
#include "js/stream_int.h"
#include "js/unopened.h"
#include "store/disk.h"

#define WALL_NS INT64_C(1795276264000000000)

enum { ACCOUNTS = 3, MANY = 700 };

struct bench {
	char               dir[32];
	struct timer_heap  timers;
	int64_t            now_ns;
	struct js         *js;
	struct account    *accounts[ACCOUNTS];
	struct js_account *a, *b;	/* C has no JetStream */
	struct buf         told;
};

/* ---- a host that hears nothing ---------------------------------------------- */

static int64_t now(void *ctx)
{
	return ((struct bench *)ctx)->now_ns;
}

static int64_t wall(void *ctx)
{
	return WALL_NS + ((struct bench *)ctx)->now_ns;
}

static struct js_sub *subscribe(void *ctx, struct account *a,
    struct slice pattern, struct slice queue, js_take take, void *take_ctx)
{
	(void)a, (void)pattern, (void)queue, (void)take, (void)take_ctx;
	return ctx;
}

static void unsubscribe(void *ctx, struct js_sub *s)
{
	(void)ctx, (void)s;
}

static bool publish(void *ctx, const struct js_out *m)
{
	(void)ctx, (void)m;
	return true;
}

static bool is_wanted(void *ctx, struct account *a, struct slice subject,
    struct slice queue)
{
	(void)ctx, (void)a, (void)subject, (void)queue;
	return false;
}

static void wake(void *ctx)
{
	(void)ctx;
}

/* ---- what there is ------------------------------------------------------------ */

/* With all of its streams open. */
static struct js_account *enable(struct bench *b, size_t i)
{
	struct js_account *a;
	struct js_grant grant = { .limits = { -1, -1, -1, -1, -1, -1, -1,
		false } };

	if (i == 0)
		grant.limits.max_memory = 100000;
	a = js_enable(b->js, b->accounts[i], &grant);
	while (a != NULL && !list_is_empty(&a->openings))
		js_end_turn(b->js);
	return a;
}

static void open_js(struct bench *b)
{
	struct js_config c = { .dir = b->dir, .server_name = "S1",
		.server_id = "N1",
		.domain = "hub", .max_memory = 5000000, .max_storage = 1 << 20,
		.sync_interval_ns = 120 * NS_PER_S, .is_strict = true,
		.limit_ack_pending = 700 };
	struct js_host h = { .ctx = b, .timers = &b->timers, .now_ns = now,
		.wall_ns = wall, .subscribe = subscribe,
		.unsubscribe = unsubscribe, .publish = publish,
		.is_wanted = is_wanted, .wake = wake };

	b->js = js_create(&c, &h);
	CHECK(b->js != NULL);
	b->a = enable(b, 0);
	b->b = enable(b, 1);
	CHECK(b->a != NULL && b->b != NULL);
}

static struct bench bench_begin(void)
{
	return (struct bench){ .dir = "/tmp/mote-report-XXXXXX",
		.now_ns = 1000 };
}

static void bench_open(struct bench *b)
{
	static const char *const names[ACCOUNTS] = { "A", "B", "C" };

	hash_init();
	CHECK(mkdtemp(b->dir) != NULL);
	for (size_t i = 0; i < ACCOUNTS; i++)
		b->accounts[i] = account_create(slice_str(names[i]), 1);
	open_js(b);
}

static void remove_stream(void *ctx, const char *path)
{
	(void)ctx;
	CHECK_INT(place_remove(path), 0, "%s", path);
}

static void remove_account(void *ctx, const char *path)
{
	place_each(path, remove_stream, ctx);
	CHECK_INT(rmdir(path), 0, "%s", path);
}

static void bench_close(struct bench *b)
{
	js_destroy(b->js);
	place_each(b->dir, remove_account, NULL);
	CHECK_INT(rmdir(b->dir), 0);
	for (size_t i = 0; i < ACCOUNTS; i++)
		account_destroy(b->accounts[i]);
	timer_heap_fini(&b->timers);
	buf_fini(&b->told);
}

static struct stream *make_stream(struct js_account *a, const char *name,
    const char *more)
{
	static const struct stream_limits none = { 0 };
	struct stream_config *g;
	struct stream        *s;
	struct js_error       e = { 0 };
	struct buf            text = { 0 };
	const char           *why;
	struct json          *doc;

	buf_printf(&text, "{\"name\":\"%s\",\"subjects\":[\"%s.*\"]%s}", name,
	    name, more);
	doc = json_parse(buf_slice(&text), &why);
	CHECK(stream_config_read(doc, true, NULL, &g, &e), "%s", e.text);
	CHECK(stream_config_check(g, &none, false, &e), "%s", e.text);
	s = stream_begin(a, g, WALL_NS, false);
	CHECK_INT(stream_make_files(s), 0);
	CHECK(js_add_stream(a, s) && stream_start(s));
	json_free(doc);
	buf_fini(&text);
	return s;
}

static struct consumer *make_consumer(struct stream *s, const char *name,
    const char *more)
{
	static const struct consumer_limits none = { 0 };
	struct consumer_config *g;
	struct consumer        *c;
	struct js_error         e = { 0 };
	struct buf              text = { 0 };
	const char             *why;
	struct json            *doc;

	buf_printf(&text, "{\"name\":\"%s\"%s}", name, more);
	doc = json_parse(buf_slice(&text), &why);
	CHECK(consumer_config_read(doc, true, &g, &e), "%s", e.text);
	CHECK(consumer_config_check(g, s->config, &none, false, &e), "%s",
	    e.text);
	c = consumer_create(s, g, &e);
	CHECK(c != NULL, "%s", e.text);
	json_free(doc);
	buf_fini(&text);
	return c;
}

static void store(struct stream *s, const char *subject)
{
	uint64_t seq;

	CHECK_INT(stream_append(s, slice_str(subject), SLICE_NONE,
	    SLICE("hello"), stream_ts(s), &seq), 0);
	js_mark_dirty(s->account->js, s);
	js_end_turn(s->account->js);
}

static struct report *made(struct bench *b, const struct report_wish *wish,
    unsigned *n_steps)
{
	struct report *r = report_create(wish);

	CHECK(r != NULL);
	for (*n_steps = 1; !report_step(r, b->js); ++*n_steps)
		CHECK(*n_steps < 1000);
	CHECK(!r->failed);
	return r;
}

/* Borrowed until the next call. */
static const char *told(struct bench *b, const struct report_wish *wish)
{
	unsigned       n;
	struct report *r = made(b, wish, &n);

	buf_reset(&b->told);
	buf_put_slice(&b->told, buf_slice(&r->text));
	buf_put_char(&b->told, '\0');
	report_destroy(r);
	return b->told.p;
}

/* ---- documents ----------------------------------------------------------------- */

#define CONFIG(dir) "\"config\":{\"max_memory\":5000000,"			\
	"\"max_storage\":1048576," dir "\"sync_interval\":120000000000,"	\
	"\"domain\":\"hub\",\"strict\":true}"
#define LIMITS "\"limits\":{\"max_ack_pending\":700}"

TEST(what_there_is_not_is_not_told)
{
	struct bench       b = bench_begin();
	struct report_wish w = { .kind = REPORT_STATS };

	bench_open(&b);
	CHECK_STR(told(&b, &w), "{" CONFIG("") ",\"stats\":{\"memory\":0,"
	    "\"storage\":0,\"reserved_memory\":0,\"reserved_storage\":0,"
	    "\"accounts\":2,\"ha_assets\":0,\"api\":{\"level\":5,\"total\":0,"
	    "\"errors\":0}}," LIMITS "}");
	w = (struct report_wish){ .kind = REPORT_DOCUMENT,
		.server_id = SLICE("NX"), .now_ns = WALL_NS,
		.options.shows_raft = true, .options.leader_only = true };
	CHECK(strstr(told(&b, &w), LIMITS ",\"streams\":0,\"consumers\":0,"
	    "\"messages\":0,\"bytes\":0,\"total\":2}") != NULL);
	bench_close(&b);
}

TEST(a_summary_has_what_is_used_and_reserved)
{
	struct bench       b = bench_begin();
	struct report_wish w = { .kind = REPORT_SUMMARY };
	struct stream     *s;

	bench_open(&b);
	s = make_stream(b.a, "S", ",\"storage\":\"memory\",\"max_bytes\":900");
	make_stream(b.b, "T", ",\"storage\":\"memory\",\"max_bytes\":80");
	store(s, "S.x");
	b.js->n_api = 7;
	b.js->n_api_errors = 3;
	CHECK(strstr(told(&b, &w), "\"store_dir\":\"/tmp/mote-report-")
	    != NULL);
	CHECK(strstr(told(&b, &w), "\"stats\":{\"memory\":24,\"storage\":0,"
	    "\"reserved_memory\":980,\"reserved_storage\":0,\"accounts\":2,"
	    "\"ha_assets\":0,\"api\":{\"level\":5,\"total\":7,\"errors\":3}}")
	    != NULL, "%s", told(&b, &w));
	bench_close(&b);
}

#define OF_A "{\"name\":\"A\",\"id\":\"A\",\"memory\":24,\"storage\":0,"	\
	"\"reserved_memory\":100000,\"reserved_storage\":"			\
	"18446744073709551615,\"accounts\":0,\"ha_assets\":0,\"api\":"		\
	"{\"level\":0,\"total\":0,\"errors\":0}"
#define OF_B "{\"name\":\"B\",\"id\":\"B\",\"memory\":0,\"storage\":0,"		\
	"\"reserved_memory\":18446744073709551615,\"reserved_storage\":"	\
	"18446744073709551615,\"accounts\":0,\"ha_assets\":0,\"api\":"		\
	"{\"level\":0,\"total\":0,\"errors\":0}"
#define STATE "\"state\":{\"messages\":1,"

/* What of a document is there, and what is not, by option. */
TEST(details_are_as_many_as_were_asked_for)
{
	static const struct {
		const char           *why;
		struct report_options o;
		const char           *is, *is_not;
	} t[] = {
		{ "nothing", { .limit = 0 }, "\"streams\":2,\"consumers\":1,"
		  "\"messages\":1,\"bytes\":24,\"total\":2}", "details" },
		{ "accounts", { .lists_accounts = true }, "\"account_details\":["
		  OF_A "}," OF_B "}],\"total\":2}", "stream_detail" },
		{ "one account", { .account = { "B", 1 } },
		  "\"account_details\":[" OF_B "}],\"total\":2}", OF_A },
		{ "one that is not there", { .account = { "C", 1 },
		  .lists_streams = true }, "\"bytes\":24,\"total\":2}",
		  "details" },
		{ "one that is not there, or all", { .account = { "C", 1 },
		  .lists_accounts = true }, OF_A "}," OF_B "}]", "stream_detail" },
		{ "a page", { .lists_accounts = true, .offset = 1, .limit = 5 },
		  "\"account_details\":[" OF_B "}]", OF_A },
		{ "behind the last page", { .lists_accounts = true,
		  .offset = 9 }, "\"bytes\":24,\"total\":2}", "details" },
		{ "no pages", { .lists_accounts = true, .offset = 1,
		  .limit = -1 }, "[" OF_A "}," OF_B "}]", "stream_detail" },
		{ "streams", { .lists_streams = true }, OF_A
		  ",\"stream_detail\":[{\"name\":\"S\",\"created\":"
		  "\"2026-11-21T15:51:04Z\",\"cluster\":{\"leader\":\"S1\"},"
		  STATE, "consumer_detail" },
		{ "consumers are of streams", { .lists_consumers = true },
		  "\"consumer_count\":1},\"consumer_detail\":[{"
		  "\"stream_name\":\"S\",\"name\":\"c\",", "\"subjects\":" },
		{ "configurations", { .lists_consumers = true,
		  .shows_config = true }, "\"leader\":\"S1\"},\"config\":"
		  "{\"name\":\"S\",\"subjects\":[\"S.*\"],", "direct_consumer" },
		{ "configurations of consumers", { .lists_consumers = true,
		  .shows_config = true }, ",\"config\":{\"name\":\"c\",",
		  "direct_consumer" },
		{ "direct ones", { .lists_consumers = true,
		  .lists_direct = true }, "}],\"direct_consumer_detail\":[{"
		  "\"stream_name\":\"S\",\"name\":\"d\",", "\"subjects\":" },
		{ "direct ones only with the others", { .lists_streams = true,
		  .lists_direct = true }, STATE, "consumer_detail" },
		{ "leaders", { .shows_raft = true }, "\"streams\":2,"
		  "\"streams_leader\":2,\"consumers\":1,\"consumers_leader\":1,",
		  "raft_group" },
	};
	struct bench   b = bench_begin();
	struct stream *s;

	bench_open(&b);
	s = make_stream(b.a, "S", ",\"storage\":\"memory\"");
	make_stream(b.b, "T", ",\"storage\":\"memory\"");
	store(s, "S.x");
	make_consumer(s, "c", "");
	make_consumer(s, "d", ",\"direct\":true,\"deliver_subject\":\"x\"");
	for (size_t i = 0; i < N_OF(t); i++) {
		struct report_wish w = { .kind = REPORT_DOCUMENT,
			.options = t[i].o };
		const char        *text = told(&b, &w);

		CHECK(strstr(text, t[i].is) != NULL, "%s: %s", t[i].why, text);
		CHECK(strstr(text, t[i].is_not) == NULL, "%s: %s", t[i].why,
		    text);
	}
	bench_close(&b);
}

TEST(one_account_is_told_alone)
{
	struct bench       b = bench_begin();
	struct report_wish w = { .kind = REPORT_ACCOUNT,
		.options.account = SLICE("B") };
	struct report     *r;
	unsigned           n;

	bench_open(&b);
	CHECK_STR(told(&b, &w), OF_B "}");
	w.options.account = SLICE("C");
	r = made(&b, &w, &n);
	CHECK(!r->has_account && r->text.n == 0);
	report_destroy(r);
	w = (struct report_wish){ .kind = REPORT_ACCESS,
		.options.account = SLICE("A") };
	r = made(&b, &w, &n);
	CHECK(r->has_account && r->text.n == 0);
	report_destroy(r);
	bench_close(&b);
}

TEST(jetstream_that_does_not_run_tells_nothing)
{
	struct report *r = report_create(&(struct report_wish){
	    .kind = REPORT_DOCUMENT });

	CHECK(report_step(r, NULL));
	CHECK(r->is_off && r->text.n == 0);
	report_destroy(r);
}

/* ---- steps ----------------------------------------------------------------------- */

static void make_many(struct bench *b)
{
	char name[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "n%03d", i);
		make_stream(i % 2 == 0 ? b->a : b->b, name,
		    ",\"storage\":\"memory\"");
	}
}

TEST(many_streams_are_told_in_many_steps)
{
	struct bench       b = bench_begin();
	struct report_wish w = { .kind = REPORT_DOCUMENT,
		.options.lists_streams = true };
	struct report     *r;
	unsigned           n_steps, n = 0;

	bench_open(&b);
	make_many(&b);
	r = made(&b, &w, &n_steps);
	CHECK(n_steps > 2);
	buf_put_char(&r->text, '\0');
	for (const char *p = r->text.p; (p = strstr(p, "\"name\":\"n")) != NULL;
	    p++)
		n++;
	CHECK_INT(n, MANY);
	CHECK_INT(r->totals.n_streams, MANY);
	report_destroy(r);
	bench_close(&b);
}

static void delete_first(struct js_account *a)
{
	struct stream  *s = a->v[0];
	struct js_error e = { 0 };

	js_remove_stream(a, s);
	CHECK(stream_delete(s, NULL, &e), "%s", e.text);
}

/* Streams that go meanwhile: before, at, and behind where the report is. */
TEST(what_goes_between_two_steps_does_no_harm)
{
	struct bench       b = bench_begin();
	struct report_wish w = { .kind = REPORT_DOCUMENT,
		.options.lists_streams = true };
	struct report     *r = report_create(&w);
	const char        *why;
	struct json       *doc;

	bench_open(&b);
	make_many(&b);
	while (!report_step(r, b.js))
		for (int i = 0; i < 100 && b.b->n > 0; i++) {
			if (b.a->n > 0)
				delete_first(b.a);
			delete_first(b.b);
		}
	CHECK(!r->failed);
	doc = json_parse(buf_slice(&r->text), &why);
	CHECK(doc != NULL, "%s", why);
	CHECK_INT(json_n_items(json_get(doc, "account_details")), 2);
	json_free(doc);
	report_destroy(r);
	bench_close(&b);
}

/* ---- health ----------------------------------------------------------------------- */

static void check_health(struct bench *b, const struct report_wish *of,
    unsigned status, const char *why, const char *errors)
{
	struct report_wish w = *of;
	unsigned           n;
	struct report     *r;

	w.kind = REPORT_HEALTH;
	r = made(b, &w, &n);
	CHECK_SLICE(buf_slice(&r->why), slice_str(why));
	CHECK_SLICE(buf_slice(&r->errors), slice_str(errors));
	CHECK_INT(r->status, status);
	report_destroy(r);
}

TEST(what_is_not_there_is_not_found)
{
	static const struct {
		const char *account, *stream, *consumer;
		unsigned    status;
		const char *why, *errors;
	} t[] = {
		{ "", "", "", 200, "", "" },
		{ "A", "", "", 200, "", "" },
		{ "A", "S", "", 200, "", "" },
		{ "A", "S", "c", 200, "", "" },
		{ "A", "S", "d", 200, "", "" },
		{ "C", "", "", 404, "JetStream account \"C\" not found",
		  "{\"type\":\"ACCOUNT\",\"account\":\"C\",\"error\":"
		  "\"JetStream account \\\"C\\\" not found\"}" },
		{ "B", "S", "c", 404, "JetStream stream \"S\" not found on "
		  "account \"B\"", "{\"type\":\"STREAM\",\"account\":\"B\","
		  "\"stream\":\"S\",\"error\":\"JetStream stream \\\"S\\\" not "
		  "found on account \\\"B\\\"\"}" },
		{ "A", "S", "x", 404, "JetStream consumer \"x\" not found for "
		  "stream \"S\" on account \"A\"", "{\"type\":\"CONSUMER\","
		  "\"account\":\"A\",\"stream\":\"S\",\"consumer\":\"x\","
		  "\"error\":\"JetStream consumer \\\"x\\\" not found for stream "
		  "\\\"S\\\" on account \\\"A\\\"\"}" },
	};
	struct bench   b = bench_begin();
	struct stream *s;

	bench_open(&b);
	s = make_stream(b.a, "S", ",\"storage\":\"memory\"");
	make_consumer(s, "c", "");
	make_consumer(s, "d", ",\"direct\":true,\"deliver_subject\":\"x\"");
	for (size_t i = 0; i < N_OF(t); i++)
		check_health(&b, &(struct report_wish){
		    .options.account = slice_str(t[i].account),
		    .stream = slice_str(t[i].stream),
		    .consumer = slice_str(t[i].consumer) }, t[i].status,
		    t[i].why, t[i].errors);
	bench_close(&b);
}

TEST(a_store_that_has_failed_is_told)
{
	struct bench       b = bench_begin();
	struct report_wish all = { 0 };
	struct stream     *s;

	bench_open(&b);
	s = make_stream(b.a, "S", ",\"storage\":\"memory\"");
	make_stream(b.a, "T", ",\"storage\":\"memory\"");
	s->error = ERR_IO;
	check_health(&b, &all, 503, "JetStream stream 'A > S' write error: "
	    "input/output error", "{\"type\":\"STREAM\",\"account\":\"A\","
	    "\"stream\":\"S\",\"error\":\"JetStream stream 'A \\u003e S' write "
	    "error: input/output error\"}");
	check_health(&b, &(struct report_wish){ .options.account = SLICE("B") },
	    200, "", "");
	check_health(&b, &(struct report_wish){ .options.account = SLICE("A"),
	    .stream = SLICE("T") }, 200, "", "");
	bench_close(&b);
}

/* A stream's messages are no messages any more. */
static void spoil(const struct bench *b, const char *stream)
{
	struct buf path = { 0 };
	char      *dir;
	FILE      *f;

	buf_printf(&path, "%s/A/%s/msgs", b->dir, stream);
	dir = buf_take_str(&path);
	CHECK_INT(place_remove(dir), 0);
	CHECK_INT(place_make(dir), 0);
	buf_printf(&path, "%s/00000001.blk%c", dir, '\0');
	f = fopen(path.p, "w");
	CHECK(f != NULL && fputs("no block", f) >= 0 && fclose(f) == 0);
	buf_fini(&path);
	free(dir);
}

#define NO_S "JetStream stream 'A > S' could not be recovered"
#define NO_S_JSON "{\"type\":\"STREAM\",\"account\":\"A\",\"stream\":\"S\","	\
	"\"error\":\"JetStream stream 'A \\u003e S' could not be recovered\"}"

TEST(a_stream_that_could_not_be_opened_is_told_while_it_is_there)
{
	struct bench       b = bench_begin();
	struct report_wish all = { 0 };
	char              *dir;

	bench_open(&b);
	make_stream(b.a, "S", "");
	make_stream(b.a, "T", "");
	js_destroy(b.js);
	spoil(&b, "S");
	open_js(&b);
	CHECK_INT(b.a->n, 1);
	check_health(&b, &all, 503, NO_S, NO_S_JSON);
	check_health(&b, &(struct report_wish){ .options.account = SLICE("A"),
	    .stream = SLICE("S"), .consumer = SLICE("c") }, 503, NO_S,
	    NO_S_JSON);
	check_health(&b, &(struct report_wish){ .options.account = SLICE("A"),
	    .stream = SLICE("T") }, 200, "", "");
	dir = place_of(b.a->dir, SLICE("S"));
	CHECK_INT(place_remove(dir), 0);
	free(dir);
	check_health(&b, &all, 200, "", "");
	bench_close(&b);
}

/* As a server that knows more would have written it. */
static void raise_level(const struct bench *b, const char *stream)
{
	struct store_config c = { .disk = disk_real() };
	struct buf          path = { 0 };
	struct store       *store;

	buf_printf(&path, "%s/A/%s/msgs%c", b->dir, stream, '\0');
	CHECK_INT(store_open(&c, path.p, &store), 0);
	CHECK_INT(store_set_blob(store, SLICE("{\"config\":{\"name\":\"S\","
	    "\"what\":\"new\",\"metadata\":{\"_nats.req.level\":\"99\"}},"
	    "\"created\":1}")), 0);
	CHECK_INT(store_close(store), 0);
	buf_fini(&path);
}

TEST(what_a_newer_server_made_is_left_as_it_is_and_says_so)
{
	struct bench       b = bench_begin();
	struct report_wish all = { 0 };

	bench_open(&b);
	make_stream(b.a, "S", "");
	js_destroy(b.js);
	raise_level(&b, "S");
	for (int i = 0; i < 2; i++) {
		open_js(&b);
		CHECK_INT(b.a->n, 0);
		CHECK_INT(b.a->n_offline, 1);
		CHECK(offline_find(b.a, SLICE("S")) != NULL);
		CHECK(offline_find(b.a, SLICE("T")) == NULL);
		check_health(&b, &all, 200, "", "");
		check_health(&b, &(struct report_wish){
		    .options.account = SLICE("A"), .stream = SLICE("S") }, 200,
		    "", "");
		if (i == 0)
			js_destroy(b.js);
	}
	bench_close(&b);
}

TEST(streams_of_an_account_that_has_no_jetstream_are_told)
{
	struct bench       b = bench_begin();
	struct report_wish all = { 0 };
	struct js_account *c;

	bench_open(&b);
	c = enable(&b, 2);
	make_stream(c, "S", "");
	js_destroy(b.js);
	open_js(&b);
	unopened_find_strangers(b.js);
	check_health(&b, &all, 503, "JetStream account 'C' could not be "
	    "resolved", "{\"type\":\"ACCOUNT\",\"account\":\"C\",\"error\":"
	    "\"JetStream account 'C' could not be resolved\"}");
	check_health(&b, &(struct report_wish){ .options.account = SLICE("A") },
	    200, "", "");
	CHECK(enable(&b, 2) != NULL);
	check_health(&b, &all, 200, "", "");
	bench_close(&b);
}

/* ---- rows -------------------------------------------------------------------------- */

TEST(every_stream_and_consumer_has_a_row)
{
	struct bench           b = bench_begin();
	struct report_wish     w = { .kind = REPORT_NUMBERS };
	struct report_stream   s;
	struct report_consumer c;
	struct report         *r;
	struct stream         *one;
	unsigned               n;

	bench_open(&b);
	one = make_stream(b.a, "S", ",\"storage\":\"memory\",\"max_msgs\":9");
	make_stream(b.b, "T", ",\"storage\":\"memory\"");
	store(one, "S.x");
	store(one, "S.y");
	one->n_lost = 4;
	make_consumer(one, "c", "");
	make_consumer(one, "d", ",\"direct\":true,\"deliver_subject\":\"x\"");
	b.now_ns += 7 * NS_PER_S;
	r = made(&b, &w, &n);
	CHECK_INT(r->n_streams, 2);
	CHECK_INT(r->n_consumers, 1);
	s = r->streams[0];
	c = r->consumers[0];
	CHECK_STR(r->names.p + s.account, "A");
	CHECK_STR(r->names.p + s.name, "S");
	CHECK_STR(r->names.p + r->streams[1].name, "T");
	CHECK_STR(r->names.p + c.account, "A");
	CHECK_STR(r->names.p + c.stream, "S");
	CHECK_STR(r->names.p + c.name, "c");
	CHECK_INT(s.messages, 2);
	CHECK_INT(s.last_seq, 2);
	CHECK_INT(s.limit_messages, 9);
	CHECK_INT(s.limit_bytes, 0);
	CHECK_INT(s.n_consumers, 1);
	CHECK_INT(s.n_subjects, 2);
	CHECK_INT(s.lost, 4);
	CHECK_INT(r->totals.lost, 4);
	CHECK_INT(r->totals.n_consumers, 1);
	CHECK_INT(c.n_pending, 2);
	CHECK_INT(c.lag_seconds, 7);
	CHECK_INT(r->status, 200);
	report_destroy(r);
	bench_close(&b);
}
