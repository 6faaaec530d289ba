/* api_request_fuzz.c - any bytes as requests to JetStream's API.
 *
 * A line is a request: its subject behind "$JS.API.", a blank, its payload; one
 * that begins with '!' is a message of that subject, one that begins with '@' is
 * asked by the system account.  Streams are in memory, and gone after each input.
 * Holds: every answer is JSON (or a status, or a message), and an error in it
 * has a number and a text. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "core/account.h"
#include "core/msg.h"
#include "../lib/fake_host.h"
#include "js/api.h"
#include "js/js.h"
#include "js/place.h"
#include "js/stream.h"
#include "proto/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { LINES_MAX = 40 };

static char               dir[] = "/tmp/mote-api-fuzz-XXXXXX";
static struct fake_host   fake = { .now_ns = 1000 };
static struct account    *home, *systems;
static struct js         *js;
static struct js_account *account;

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* ---- a host that looks at what it is told ---------------------------------------- */

static void check_error(const struct json *doc)
{
	const struct json *error = json_get(doc, "error");
	struct slice       text = SLICE_NONE;
	int64_t            n = 0;

	must(error == NULL || (json_as_i64(json_get(error, "err_code"), &n) &&
	    n > 0 && json_as_str(json_get(error, "description"), &text) &&
	    text.n > 0));
}

static bool publish(void *ctx, const struct js_out *m)
{
	const char  *why;
	struct json *doc;

	(void)ctx;
	must(m->subject.n > 0);
	if (!slice_eq(m->subject, SLICE("answer")) || m->shown.n > 0 ||
	    m->headers.n > 0 || m->payload.n == 0 || m->payload.p[0] != '{')
		return true;
	doc = json_parse(m->payload, &why);
	/* the reader takes no NUL in a name, and a subject may hold one */
	must(doc != NULL || memmem(m->payload.p, m->payload.n, "\\u0000", 6) !=
	    NULL);
	if (doc != NULL)
		check_error(doc);
	json_free(doc);
	return true;
}

static bool is_wanted(void *ctx, struct account *a, struct slice subject,
    struct slice queue)
{
	(void)ctx, (void)a, (void)queue;
	return subject.n % 2 == 0;
}

static void put_client(void *ctx, const struct run *run, struct buf *out)
{
	(void)ctx, (void)run;
	buf_put_str(out, "{}");
}

/* ---- requests ---------------------------------------------------------------------- */

static void deliver(struct account *a, struct slice subject,
    struct slice payload)
{
	struct buf tail = { 0 };
	struct msg m = { .reply = SLICE("answer"),
		.size = (uint32_t)payload.n };
	struct run r = { .subject = subject, .msgs = &m, .n = 1 };

	buf_put_slice(&tail, payload);
	buf_put_str(&tail, "\r\n");
	m.tail = buf_slice(&tail);
	fake_host_deliver(&fake, a, &r);
	buf_fini(&tail);
}

static void ask(struct slice line)
{
	const char  *blank = line.n == 0 ? NULL : memchr(line.p, ' ', line.n);
	struct slice payload = SLICE_NONE;
	struct buf   subject = { 0 };
	char         kind = line.n > 0 ? *line.p : '\0';
	bool         is_marked = kind == '!' || kind == '@';

	if (blank != NULL) {
		payload = slice_skip(line, (size_t)(blank - line.p) + 1);
		line.n = (size_t)(blank - line.p);
	}
	if (kind != '!')
		buf_put_str(&subject, "$JS.API.");
	buf_put_slice(&subject, slice_skip(line, is_marked));
	if (subject_is_literal(buf_slice(&subject)))
		deliver(kind == '@' ? systems : home, buf_slice(&subject),
		    payload);
	buf_fini(&subject);
}

static void end_turns(void)
{
	for (int i = 0; i < 3 || !list_is_empty(&js->requests); i++)
		js_end_turn(js);
}

static void remove_all(void)
{
	while (account->n > 0) {
		struct stream  *s = account->v[0];
		struct js_error e = { 0 };

		js_remove_stream(account, s);
		must(stream_delete(s, NULL, &e));
	}
	end_turns();
}

static void remove_account(void *ctx, const char *path)
{
	(void)ctx;
	place_remove(path);
}

static void clean(void)
{
	js_destroy(js);
	place_each(dir, remove_account, NULL);
	rmdir(dir);
	account_destroy(home);
	account_destroy(systems);
	fake_host_fini(&fake);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct js_host         host = fake_host_hooks(&fake);
	const struct js_grant  grant = { .limits = { 1 << 20, 0, 20, 20, -1, -1,
		-1, false } };
	const struct js_config config = { .dir = dir, .server_name = "S",
		.server_id = "N", .domain = "hub", .max_memory = 1 << 22,
		.max_storage = 1 << 20, .is_strict = true,
		.sync_interval_ns = 1000000000 };
	struct log_config      quiet = { .file = "/dev/null" };
	const char            *why;

	(void)argc;
	(void)argv;
	host.publish = publish;
	host.is_wanted = is_wanted;
	host.put_client = put_client;
	hash_init();
	log_configure(&quiet, &why);
	must(mkdtemp(dir) != NULL);
	home = account_create(SLICE("A"), 1);
	systems = account_create(SLICE("SYS"), 1);
	systems->is_system = true;
	js = js_create(&config, &host);
	must(js != NULL && js_admit(js, systems) != NULL);
	account = js_enable(js, home, &grant);
	must(account != NULL);
	atexit(clean);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of((const char *)data, size);

	for (int i = 0; i < LINES_MAX && rest.n > 0; i++) {
		const char *lf = memchr(rest.p, '\n', rest.n);
		size_t      n = lf == NULL ? rest.n : (size_t)(lf - rest.p);

		ask(slice_of(rest.p, n));
		end_turns();
		rest = slice_skip(rest, lf == NULL ? n : n + 1);
	}
	remove_all();
	return 0;
}
