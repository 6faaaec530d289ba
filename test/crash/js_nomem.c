/* test/crash/js_nomem.c - the n-th allocation fails while JetStream is asked.
 *
 * A JetStream of its own, with a host that passes messages from one to the other.
 * A script goes through all that a client can ask; in each run one allocation
 * fails, or that and all others for a few requests.  Whatever was under way says
 * so, or is silent as if it had been lost; what was confirmed holds, all that can
 * be asked can be asked again and then works, and nothing leaks.
 * MOTE_TEST_LONG=1: every allocation, also of streams in files.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "check.h"
#include "core/account.h"
#include "core/msg.h"
#include "fail_alloc.h"
#include "fake_host.h"
#include "js/js.h"
#include "js/place.h"
#include "js/stream.h"

enum { MAIL = 64, TEXT = 1 << 14 };

/* A message on its way; not of the memory that runs out. */
struct letter {
	size_t n_subject, n_reply, n_headers, n_payload;
	char   bytes[TEXT];
};

struct world {
	char               dir[40];
	struct fake_host   host;
	struct js         *js;
	struct account    *core;
	struct js_account *account;
	struct letter      mail[MAIL];
	size_t             n_mail;
	bool               is_answered;
	char               answer[TEXT], answer_reply[256], ack[256];
};

/* ---- the host ------------------------------------------------------------------ */

static struct world *world_of(void *host)
{
	return CONTAINER_OF(host, struct world, host);
}

static bool is_mine(struct slice subject)
{
	return slice_has_prefix(subject, SLICE("me."));
}

static bool is_wanted(void *ctx, struct account *a, struct slice subject,
    struct slice queue)
{
	(void)a, (void)queue;
	return is_mine(subject) || fake_host_hears(ctx, NULL, subject);
}

static void note(char *to, size_t size, struct slice s)
{
	snprintf(to, size, "%.*s", SLICE_ARG(s));
}

static void hear(struct world *w, const struct js_out *m)
{
	w->is_answered = true;
	note(w->answer, sizeof w->answer, m->payload);
	note(w->answer_reply, sizeof w->answer_reply, m->reply);
	if (slice_has_prefix(m->reply, SLICE("$JS.ACK.")))
		note(w->ack, sizeof w->ack, m->reply);
}

static void post(struct world *w, struct slice subject, struct slice reply,
    struct slice headers, struct slice payload)
{
	struct letter *l = &w->mail[w->n_mail];
	char          *at = l->bytes;
	struct slice   all[] = { subject, reply, headers, payload };

	if (w->n_mail == MAIL || subject.n + reply.n + headers.n + payload.n >
	    sizeof l->bytes)
		return;		/* lost on the way: that is allowed */
	l->n_subject = subject.n;
	l->n_reply = reply.n;
	l->n_headers = headers.n;
	l->n_payload = payload.n;
	for (size_t i = 0; i < 4; i++) {
		if (all[i].n > 0)
			memcpy(at, all[i].p, all[i].n);
		at += all[i].n;
	}
	w->n_mail++;
}

static bool publish(void *ctx, const struct js_out *m)
{
	struct world *w = world_of(ctx);

	if (is_mine(m->subject)) {
		hear(w, m);
		return true;
	}
	if (!fake_host_hears(&w->host, NULL, m->subject))
		return false;
	post(w, m->subject, m->reply, m->headers, m->payload);
	return true;
}

static void put_client(void *ctx, const struct run *run, struct buf *out)
{
	(void)ctx, (void)run;
	buf_put_str(out, "{\"acc\":\"A\"}");
}

/* ---- turns ---------------------------------------------------------------------- */

static void deliver(struct world *w, const struct letter *l)
{
	struct slice subject = slice_of(l->bytes, l->n_subject);
	struct msg   m = { .reply = slice_of(subject.p + subject.n, l->n_reply),
		.hdr_size = (uint32_t)l->n_headers,
		.size = (uint32_t)(l->n_headers + l->n_payload) };
	struct run   r = { .subject = subject, .msgs = &m, .n = 1 };

	m.tail = slice_of(m.reply.p + m.reply.n, m.size);
	fake_host_deliver(&w->host, NULL, &r);
}

static bool is_busy(const struct world *w)
{
	return w->n_mail > 0 || !list_is_empty(&w->js->dirty) ||
	    (w->account != NULL && !list_is_empty(&w->account->removals)) ||
	    !list_is_empty(&w->js->requests) ||
	    !list_is_empty(&w->js->outbox) || !list_is_empty(&w->js->due_jobs);
}

static void turns(struct world *w)
{
	static struct letter l;
	int64_t end = clock_ns() + INT64_C(20000000000);
	int     n = 0;

	do {
		while (w->n_mail > 0) {
			l = w->mail[0];
			memmove(w->mail, w->mail + 1,
			    --w->n_mail * sizeof l);
			deliver(w, &l);
		}
		js_end_turn(w->js);
		if (is_busy(w))
			usleep(20);	/* the pool may be at it */
		CHECK(clock_ns() < end, "it never comes to rest");
		/* what cannot be done without memory is tried in every turn */
	} while (is_busy(w) && !(fail_alloc_has_failed() && ++n == 100));
}

static void pass(struct world *w, int64_t ns)
{
	w->host.now_ns += ns;
	timer_fire_due(&w->host.timers, w->host.now_ns);
	turns(w);
}

/* The answer; "": there was none. */
static const char *ask(struct world *w, const char *subject,
    const char *headers, const char *payload)
{
	w->is_answered = false;
	w->answer[0] = '\0';
	post(w, slice_str(subject), SLICE("me.answer"), slice_str(headers),
	    slice_str(payload));
	turns(w);
	return w->answer;
}

/* ---- the script ------------------------------------------------------------------ */

#define API "$JS.API."

struct step {
	const char *subject, *headers, *payload;
	int64_t     pass_ns;	/* first */
};

/* %s: how it is stored. */
static const struct step script[] = {
	{ API "STREAM.CREATE.S", "", "{\"name\":\"S\",\"subjects\":[\"s.>\"],"
	  "\"storage\":\"%s\",\"allow_atomic\":true,\"allow_direct\":true,"
	  "\"allow_msg_ttl\":true,\"allow_msg_schedules\":true,"
	  "\"allow_rollup_hdrs\":true,\"max_msgs\":50,"
	  "\"max_msgs_per_subject\":20,\"republish\":{\"src\":\">\","
	  "\"dest\":\"again.>\"},\"metadata\":{\"a\":\"b\"}}", 0 },
	{ API "STREAM.CREATE.F", "", "{\"name\":\"F\",\"storage\":\"%s\","
	  "\"sources\":[{\"name\":\"S\",\"filter_subject\":\"s.a\"}]}", 0 },
	{ "s.a", "NATS/1.0\r\nNats-Msg-Id: one\r\n\r\n", "1", 0 },
	{ "s.a", "NATS/1.0\r\nNats-Msg-Id: one\r\n\r\n", "1", 0 },
	{ "s.b", "NATS/1.0\r\nNats-TTL: 1h\r\n\r\n", "2", 0 },
	{ "s.c", "NATS/1.0\r\nNats-Schedule: @every 10s\r\n"
	  "Nats-Schedule-Target: s.made\r\n\r\n", "made", 0 },
	{ "s.a", "NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: 1\r\n\r\n",
	  "3", 0 },
	{ "s.x", "NATS/1.0\r\nNats-Batch-Id: B\r\nNats-Batch-Sequence: 1\r\n"
	  "\r\n", "4", 0 },
	{ "s.y", "NATS/1.0\r\nNats-Batch-Id: B\r\nNats-Batch-Sequence: 2\r\n"
	  "Nats-Batch-Commit: 1\r\n\r\n", "5", 0 },
	{ API "CONSUMER.CREATE.S.c", "", "{\"stream_name\":\"S\",\"config\":{"
	  "\"name\":\"c\",\"durable_name\":\"c\",\"ack_policy\":\"explicit\","
	  "\"filter_subjects\":[\"s.a\",\"s.b\",\"s.x\"],\"max_deliver\":4,"
	  "\"backoff\":[1000000000,2000000000]}}", 0 },
	{ API "CONSUMER.CREATE.S.p", "", "{\"stream_name\":\"S\",\"config\":{"
	  "\"name\":\"p\",\"durable_name\":\"p\",\"ack_policy\":\"all\","
	  "\"deliver_subject\":\"me.push\",\"deliver_policy\":"
	  "\"last_per_subject\",\"filter_subject\":\"s.>\","
	  "\"flow_control\":true,"
	  "\"idle_heartbeat\":1000000000}}", 0 },
	{ API "CONSUMER.MSG.NEXT.S.c", "", "{\"batch\":2,"
	  "\"expires\":3000000000}", 0 },
	{ NULL, "", "+ACK", 0 },
	{ API "CONSUMER.MSG.NEXT.S.c", "", "{\"batch\":1,\"no_wait\":true}", 0 },
	{ NULL, "", "-NAK {\"delay\":1000000}", 0 },
	{ API "CONSUMER.MSG.NEXT.S.c", "", "{\"batch\":5,"
	  "\"expires\":1000000000}", INT64_C(2500000000) },
	{ NULL, "", "+TERM no good", 0 },
	{ NULL, "", "+WPI", 0 },
	{ API "CONSUMER.INFO.S.c", "", "", 0 },
	{ API "CONSUMER.NAMES.S", "", "", 0 },
	{ API "CONSUMER.LIST.S", "", "", 0 },
	{ API "CONSUMER.PAUSE.S.c", "", "{\"pause_until\":"
	  "\"2090-01-01T00:00:00Z\"}", 0 },
	{ API "CONSUMER.PAUSE.S.c", "", "", 0 },
	{ API "CONSUMER.CREATE.S.c", "", "{\"stream_name\":\"S\",\"config\":{"
	  "\"name\":\"c\",\"durable_name\":\"c\",\"ack_policy\":\"explicit\","
	  "\"filter_subject\":\"s.a\",\"max_deliver\":4}}", 0 },
	{ API "CONSUMER.RESET.S.c", "", "", 0 },
	{ API "STREAM.INFO.S", "", "{\"subjects_filter\":\">\","
	  "\"deleted_details\":true}", 0 },
	{ API "STREAM.NAMES", "", "", 0 },
	{ API "STREAM.LIST", "", "", 0 },
	{ API "INFO", "", "", 0 },
	{ API "STREAM.MSG.GET.S", "", "{\"last_by_subj\":\"s.a\"}", 0 },
	{ API "DIRECT.GET.S", "", "{\"batch\":3,\"seq\":1}", 0 },
	{ API "DIRECT.GET.S", "", "{\"multi_last\":[\"s.*\"]}", 0 },
	{ API "DIRECT.GET.S.s.a", "", "", 0 },
	{ API "STREAM.UPDATE.S", "", "{\"name\":\"S\",\"subjects\":[\"s.>\","
	  "\"t.>\"],\"storage\":\"%s\",\"allow_direct\":true,"
	  "\"allow_atomic\":true,\"allow_msg_ttl\":true,"
	  "\"allow_msg_schedules\":true,\"allow_rollup_hdrs\":true,"
	  "\"max_msgs\":30,\"max_msgs_per_subject\":2,\"max_age\":"
	  "3600000000000}", 0 },
	{ "t.a", "NATS/1.0\r\nNats-Rollup: sub\r\n\r\n", "6", 0 },
	{ "t.a", "", "7", INT64_C(11000000000) },
	{ API "STREAM.MSG.DELETE.S", "", "{\"seq\":1}", 0 },
	{ API "STREAM.SNAPSHOT.S", "", "{\"deliver_subject\":\"me.backup\","
	  "\"chunk_size\":1024}", 0 },
	{ API "STREAM.PURGE.S", "", "{\"filter\":\"s.a\",\"keep\":1}", 0 },
	{ API "STREAM.PURGE.S", "", "", 0 },
	{ API "CONSUMER.DELETE.S.p", "", "", 0 },
	{ API "CONSUMER.DELETE.S.c", "", "", 0 },
	{ API "STREAM.DELETE.F", "", "", 0 },
	{ API "STREAM.DELETE.S", "", "", 0 },
};

enum { N_STEPS = sizeof script / sizeof script[0] };

/* What the step before it had to find has not always come. */
static const char *play(struct world *w, const char *storage,
    const struct step *s)
{
	const char *at;
	char        text[1024];

	if (s->pass_ns > 0)
		pass(w, s->pass_ns);
	at = strstr(s->payload, "%s");
	if (at == NULL)
		snprintf(text, sizeof text, "%s", s->payload);
	else
		snprintf(text, sizeof text, "%.*s%s%s", (int)(at - s->payload),
		    s->payload, storage, at + 2);
	if (s->subject == NULL && w->ack[0] == '\0')
		return "";
	return ask(w, s->subject == NULL ? w->ack : s->subject, s->headers,
	    text);
}

/* ---- runs ------------------------------------------------------------------------- */

static bool open_world(struct world *w)
{
	struct js_config c = { .dir = w->dir, .server_name = "S1",
		.server_id = "ID", .domain = "hub", .max_memory = 1 << 26,
		.max_storage = 1 << 28, .is_strict = true };
	struct js_host   h = fake_host_hooks(&w->host);
	struct js_grant  grant = { .limits = { -1, -1, -1, -1, -1, -1, -1,
		false } };

	h.publish = publish;
	h.is_wanted = is_wanted;
	h.put_client = put_client;
	w->js = js_create(&c, &h);
	if (w->js != NULL)
		w->account = js_enable(w->js, w->core, &grant);
	return w->js != NULL && w->account != NULL;
}

static void close_world(struct world *w)
{
	fail_alloc_at(0);
	js_destroy(w->js);
	fake_host_fini(&w->host);
	w->js = NULL;
}

static void remove_stream(void *ctx, const char *path)
{
	(void)ctx;
	place_remove(path);
}

static void remove_account(void *ctx, const char *path)
{
	place_each(path, remove_stream, ctx);
	rmdir(path);
}

static bool is_error(const char *answer)
{
	return strstr(answer, "\"error\"") != NULL;
}

/* With memory again: there is nothing that cannot be done. */
static void all_works(struct world *w, const char *storage, long at)
{
	ask(w, API "STREAM.DELETE.S", "", "");
	ask(w, API "STREAM.DELETE.F", "", "");
	CHECK(strstr(ask(w, API "STREAM.NAMES", "", ""), "\"total\":0,") !=
	    NULL, "allocation %ld: %s", at, w->answer);
	w->ack[0] = '\0';
	for (size_t i = 0; i < N_STEPS; i++) {
		const char *answer = play(w, storage, &script[i]);

		CHECK(!is_error(answer), "allocation %ld, then step %zu, %s: %s",
		    at, i, script[i].subject, answer);
		CHECK(w->is_answered || script[i].subject == NULL,
		    "allocation %ld, then step %zu, %s: no answer", at, i,
		    script[i].subject);
	}
}

/* The answer to a publish that has one names a message that can be read. */
static void holds(struct world *w, const struct step *s, long at)
{
	const char *answer = w->answer, *seq = strstr(answer, "\"seq\":");
	char        text[64], was[200];

	if (s->subject == NULL || s->subject[0] == '$' || seq == NULL ||
	    is_error(answer))
		return;
	snprintf(was, sizeof was, "%.180s", answer);
	snprintf(text, sizeof text, "{\"seq\":%ld}", strtol(seq + 6, NULL, 10));
	CHECK(strstr(ask(w, API "STREAM.MSG.GET.S", "", text), "\"message\"") !=
	    NULL, "allocation %ld: %s, and then %s", at, was, w->answer);
}

/* False: that many allocations there are not. */
static bool run_out(struct world *w, const char *storage, long at,
    size_t n_without)
{
	bool has_failed = false;
	long n_live = fail_alloc_n_live();

	w->host = (struct fake_host){ .now_ns = 1000000000 };
	w->n_mail = 0;
	w->ack[0] = '\0';
	(n_without > 0 ? fail_alloc_from : fail_alloc_at)(at);
	if (!open_world(w)) {
		close_world(w);
		CHECK_INT(fail_alloc_n_live(), n_live, "allocation %ld leaks",
		    at);
		return true;
	}
	for (size_t i = 0, k; i < N_STEPS && !has_failed; i++) {
		play(w, storage, &script[i]);
		has_failed = fail_alloc_has_failed();
		if (getenv("MOTE_TEST_SAY") != NULL)
			print_message("%zu %s: %.200s\n", i, script[i].subject,
			    w->answer);
		if (!has_failed)
			continue;
		for (k = i + 1; k < N_STEPS && k <= i + n_without; k++)
			play(w, storage, &script[k]);
		fail_alloc_at(0);
		holds(w, &script[k - 1], at);
	}
	fail_alloc_at(0);
	all_works(w, storage, at);
	close_world(w);
	CHECK_INT(fail_alloc_n_live(), n_live, "allocation %ld leaks", at);
	return has_failed;
}

static void run_all(const char *storage, long step)
{
	static struct world w;
	const char         *why;
	long                at = 1;

	log_configure(&(struct log_config){ .file = "/dev/null" }, &why);
	memset(&w, 0, sizeof w);
	snprintf(w.dir, sizeof w.dir, "/tmp/mote-nomem-XXXXXX");
	CHECK(mkdtemp(w.dir) != NULL);
	hash_init();
	w.core = account_create(SLICE("A"), 1);
	run_out(&w, storage, 1 << 30, 0);	/* what is made once is made */
	for (size_t n_without = 0; n_without < 6; n_without += 2)
		for (at = 1; run_out(&w, storage, at, n_without); at += step)
			continue;
	print_message("%s: %ld allocations\n", storage, at);
	account_destroy(w.core);
	place_each(w.dir, remove_account, NULL);
	rmdir(w.dir);
}

TEST(any_allocation_may_fail_over_streams_in_memory)
{
	run_all("memory", 1);
}

TEST(any_allocation_may_fail_over_streams_in_files)
{
	run_all("file", getenv("MOTE_TEST_LONG") != NULL ? 1 : 17);
}
