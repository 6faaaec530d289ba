/* test/lib/consumer_world.c - the little of a stream that consumers need. */
#include "consumer_world.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "check.h"
#include "js/errors.h"
#include "js/stream_int.h"
#include "core/msg.h"
#include "proto/subject.h"
#include "store/ramdisk.h"

static struct world *world_of(void *host)
{
	return CONTAINER_OF(host, struct world, host);
}

static bool is_wanted(void *ctx, struct account *a, struct slice subject,
    struct slice queue)
{
	const struct world *w = world_of(ctx);

	(void)a;
	(void)queue;
	return !slice_eq(slice_str(w->deaf), subject);
}

static bool publish(void *ctx, const struct js_out *m)
{
	struct world *w = world_of(ctx);

	if (!is_wanted(ctx, m->account, m->subject, SLICE_NONE))
		return false;
	buf_put_slice(&w->said, m->subject);
	buf_put_char(&w->said, '|');
	buf_put_slice(&w->said, m->shown);
	buf_put_char(&w->said, '|');
	buf_put_slice(&w->said, m->reply);
	buf_put_char(&w->said, '|');
	for (size_t i = 0; i < m->headers.n; i++)
		if (m->headers.p[i] == '\n')
			buf_put_char(&w->said, ';');
		else if (m->headers.p[i] != '\r')
			buf_put_char(&w->said, m->headers.p[i]);
	buf_put_char(&w->said, '|');
	buf_put_slice(&w->said, m->payload);
	buf_put_char(&w->said, '\n');
	buf_put_char(&w->said, '\0');	/* for who looks at it as a string */
	w->said.n--;
	w->n_said++;
	return true;
}

/* ---- in place of the stream and of js ------------------------------------ */

__attribute__((weak)) bool js_publish(struct js *js, const struct js_out *m)
{
	return js->host.publish(js->host.ctx, m);
}

__attribute__((weak)) void js_send(struct js *js, const struct js_out *m)
{
	js->host.publish(js->host.ctx, m);
}

__attribute__((weak)) void js_note_room(struct stream *s, int err)
{
	(void)s;
	(void)err;
}

__attribute__((weak)) void js_mark_dirty(struct js *js, struct stream *s)
{
	(void)s;
	world_of(js->host.ctx)->is_dirty = true;
}

__attribute__((weak)) void js_send_vstatus(struct js *js, struct account *a,
    struct slice subject, struct slice reply, const char *fmt, va_list ap)
{
	struct buf b = { 0 };

	buf_put_str(&b, "NATS/1.0 ");
	buf_vprintf(&b, fmt, ap);
	buf_put_str(&b, "\r\n\r\n");
	js_send(js, &(struct js_out){ .account = a, .subject = subject,
		.reply = reply, .headers = buf_slice(&b) });
	buf_fini(&b);
}

__attribute__((weak)) void js_send_status(struct js *js, struct account *a,
    struct slice subject, struct slice reply, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	js_send_vstatus(js, a, subject, reply, fmt, ap);
	va_end(ap);
}

__attribute__((weak)) struct stream *js_find_stream(
    const struct js_account *a, struct slice name)
{
	struct world *w = world_of(a->js->host.ctx);

	if (w->other != NULL && slice_eq(name, w->other->name))
		return w->other;
	return slice_eq(name, w->stream.name) ? &w->stream : NULL;
}

__attribute__((weak)) void stream_acked(struct stream *s, uint64_t seq)
{
	struct store_gone g;

	if (s->config->retention == RETENTION_LIMITS)
		return;
	if (store_delete(s->store, seq, STORE_DELETE, &g) == 0)
		LIST_EACH(l, &s->consumers)
			consumer_gone(consumer_of(l), seq, g.subject);
}

__attribute__((weak)) int64_t stream_ts(struct stream *s)
{
	const struct js_host *h = &s->account->js->host;

	return h->wall_ns(h->ctx);
}

__attribute__((weak)) int stream_append(struct stream *s, struct slice subject,
    struct slice headers, struct slice payload, int64_t ts_ns, uint64_t *seq)
{
	s->has_news = true;
	return store_append(s->store, subject, headers, payload, ts_ns, seq);
}

__attribute__((weak)) void stream_await(struct stream *s,
    struct stream_waiter *w, bool on_state)
{
	w->mark = store_mark(on_state ? s->state : s->store);
	list_append(&s->waiters, &w->link);
}

__attribute__((weak)) struct consumer *stream_find_consumer(
    const struct stream *s, struct slice name)
{
	size_t at = consumer_seek(s, name);

	if (at == s->n_consumers ||
	    !slice_eq(consumer_name(s->by_name[at]), name))
		return NULL;
	return s->by_name[at];
}

/* ---- the world ------------------------------------------------------------ */

static struct store *make_store(struct disk *d)
{
	struct store_config c = { .disk = d, .block_bytes = 65536 };
	struct store       *s;

	CHECK_INT(store_create(&c, "s", 1, SLICE("b"), &s), 0);
	return s;
}

void world_init(struct world *w)
{
	hash_init();
	memset(w, 0, sizeof *w);
	w->host.now_ns = 1000 * NS_PER_S;
	w->js.host = fake_host_hooks(&w->host);
	w->js.host.publish = publish;
	w->js.host.is_wanted = is_wanted;
	list_init(&w->js.accounts);
	list_init(&w->js.dirty);
	list_init(&w->js.requests);
	w->account.js = &w->js;
	w->disk = ramdisk_create();
	w->state_disk = ramdisk_create();
	w->config.name = SLICE("S");
	w->stream.account = &w->account;
	w->stream.config = &w->config;
	w->stream.name = SLICE("S");
	w->stream.store = make_store(w->disk);
	w->stream.state = make_store(w->state_disk);
	list_init(&w->stream.consumers);
	list_init(&w->stream.waiters);
}

static void close_consumers(struct world *w)
{
	LIST_EACH(l, &w->stream.consumers)
		consumer_close(consumer_of(l));
}

void world_fini(struct world *w)
{
	close_consumers(w);
	world_turn(w);
	store_abandon(w->stream.store);
	store_abandon(w->stream.state);
	ramdisk_destroy(w->disk);
	ramdisk_destroy(w->state_disk);
	fake_host_fini(&w->host);
	free(w->stream.by_name);
	buf_fini(&w->said);
}

void world_restart(struct world *w)
{
	struct store_config c = { .disk = w->state_disk,
		.block_bytes = 65536 };

	close_consumers(w);
	CHECK_INT(store_close(w->stream.state), 0);
	CHECK_INT(store_open(&c, "s", &w->stream.state), 0);
	cursors_restore(&w->stream);
	world_turn(w);
	buf_reset(&w->said);
}

void world_deafen(struct world *w, const char *subject)
{
	snprintf(w->deaf, sizeof w->deaf, "%s", subject);
}

uint64_t world_store(struct world *w, const char *subject, const char *body)
{
	const struct js_host *h = &w->js.host;
	uint64_t              seq = 0;

	CHECK_INT(store_append(w->stream.store, slice_str(subject), SLICE_NONE,
	    slice_str(body), h->wall_ns(h->ctx), &seq), 0);
	w->stream.has_news = true;
	w->is_dirty = true;
	return seq;
}

void world_fill(struct world *w, int n)
{
	for (int i = 0; i < n; i++)
		world_store(w, "x", "m");
}

void world_delete(struct world *w, uint64_t seq)
{
	struct store_gone g;

	if (store_delete(w->stream.store, seq, STORE_DELETE, &g) == 0)
		LIST_EACH(l, &w->stream.consumers)
			consumer_gone(consumer_of(l), seq, g.subject);
}

void world_publish(struct world *w, const char *subject, const char *reply,
    const char *headers, const char *payload)
{
	struct buf tail = { 0 };
	struct msg m = { .reply = slice_str(reply),
		.hdr_size = (uint32_t)strlen(headers),
		.size = (uint32_t)(strlen(headers) + strlen(payload)) };
	struct run r = { .subject = slice_str(subject), .msgs = &m, .n = 1 };

	buf_put_str(&tail, headers);
	buf_put_str(&tail, payload);
	buf_put_str(&tail, "\r\n");
	m.tail = buf_slice(&tail);
	fake_host_deliver(&w->host, NULL, &r);
	buf_fini(&tail);
}

void world_pull(struct world *w, const char *text)
{
	world_publish(w, "$JS.API.CONSUMER.MSG.NEXT.S.C", "in", "", text);
	world_turn(w);
}

void world_answer(struct world *w, const char *payload, unsigned n,
    unsigned seq, unsigned cseq)
{
	char subject[100];

	snprintf(subject, sizeof subject, "$JS.ACK.S.C.%u.%u.%u.1.0", n, seq,
	    cseq);
	world_publish(w, subject, "", "", payload);
	world_turn(w);
}

void world_fail_waiters(struct world *w, int err)
{
	LIST_EACH(l, &w->stream.waiters) {
		struct stream_waiter *x =
		    CONTAINER_OF(l, struct stream_waiter, link);

		list_remove(l);
		x->done(x, err);
	}
}

void world_turn(struct world *w)
{
	for (int i = 0; i < 100 && (w->is_dirty || w->stream.has_news); i++) {
		w->is_dirty = w->stream.has_news = false;
		LIST_EACH(l, &w->stream.consumers)
			consumer_pump(consumer_of(l));
		store_sync(w->stream.store);
		store_sync(w->stream.state);
		world_fail_waiters(w, 0);
	}
}

void world_pass(struct world *w, int64_t ns)
{
	int64_t end = w->host.now_ns + ns;

	world_turn(w);
	for (;;) {
		int64_t next = timer_next_ns(&w->host.timers);

		if (next > end)
			break;
		if (next > w->host.now_ns)
			w->host.now_ns = next;
		timer_fire_due(&w->host.timers, w->host.now_ns);
		world_turn(w);
	}
	w->host.now_ns = end;
}

struct consumer_config *world_config(const char *name)
{
	struct consumer_config *g = NULL;
	struct js_error         e = { 0 };
	const char             *why;
	struct json            *j = json_parse(SLICE("{\"ack_policy\":"
	    "\"explicit\",\"ack_wait\":30000000000,\"max_deliver\":-1,"
	    "\"max_waiting\":512,\"max_ack_pending\":1000}"), &why);

	CHECK(consumer_config_read(j, false, &g, &e), "%s", e.text);
	json_free(j);
	CHECK(consumer_config_set_name(g, slice_str(name)));
	g->durable = g->name;
	return g;
}

struct consumer *world_create(struct world *w, struct consumer_config *g)
{
	struct js_error  e = { 0 };
	struct consumer *c = consumer_create(&w->stream, g, &e);

	CHECK(c != NULL, "%d %s", e.err_code, e.text);
	world_turn(w);
	return c;
}

/* The timestamp of an ack subject is its sixth number: what follows the fifth. */
const char *world_said(struct world *w)
{
	static char out[1 << 16];
	size_t      n = 0;

	for (size_t i = 0; i < w->said.n && n + 2 < sizeof out; i++) {
		const char *p = w->said.p + i;

		if (w->said.n - i > 19 && p[0] == '.' &&
		    memcmp(p + 1, "17000", 5) == 0) {
			out[n++] = '.';
			out[n++] = 'T';
			i += 19;
			continue;
		}
		out[n++] = *p;
	}
	out[n] = 0;
	buf_reset(&w->said);
	w->n_said = 0;
	return out;
}
