/* js/opening.c - streams that are on the disk and not open yet. */
#include "js/opening.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "core/account.h"
#include "core/msg.h"
#include "js/errand.h"
#include "js/offline.h"
#include "js/place.h"
#include "js/stream_int.h"
#include "js/unopened.h"

enum { CONSUMER_SUBS = 5 };

/* Unless the configuration says otherwise. */
enum { HELD_MAX = 100000, HELD_BYTES_MAX = 128 << 20 };

/* A message that waits for the stream. */
struct held {
	struct list  link;
	bool         is_published;	/* to the stream; else to what it has */
	struct slice subject, reply, headers, payload;
	char         bytes[];
};

struct opening {
	struct errand      errand;	/* the files */
	struct list        link;	/* in account->openings */
	struct js_account *account;
	struct stream     *stream;
	struct js_sub    **subs;
	size_t             n_subs;
	struct list        held;
	size_t             n_held, held_bytes;
	struct offline    *offline;	/* owned; NULL: it is served */
	int                err;
};

/* ---- what waits ------------------------------------------------------------- */

/* Too much, and it is refused: 429. */
static void refuse(struct opening *x, struct slice reply)
{
	struct js_error e = { 0 };

	js_fail(&e, 10167);
	stream_refuse(x->stream, reply, &e);
}

static bool has_room_for(const struct opening *x, size_t size)
{
	const struct js_config *c = &x->account->js->config;
	uint64_t max = c->limit_buffered_msgs > 0
	    ? (uint64_t)c->limit_buffered_msgs : HELD_MAX;
	uint64_t max_bytes = c->limit_buffered_bytes > 0
	    ? (uint64_t)c->limit_buffered_bytes : HELD_BYTES_MAX;

	return x->n_held < max && x->held_bytes + size <= max_bytes;
}

static void hold(struct opening *x, const struct run *run,
    const struct msg *m, bool is_published)
{
	size_t       size = run->subject.n + m->reply.n + m->size;
	struct held *h = NULL;
	char        *at;

	if (has_room_for(x, size))
		h = malloc(sizeof *h + size);
	if (h == NULL) {
		refuse(x, m->reply);
		return;
	}
	*h = (struct held){ .is_published = is_published };
	at = h->bytes;
	h->subject = slice_pack(&at, run->subject);
	h->reply = slice_pack(&at, m->reply);
	h->headers = slice_pack(&at, msg_headers(m));
	h->payload = slice_pack(&at, msg_payload(m));
	list_append(&x->held, &h->link);
	x->n_held++;
	x->held_bytes += size;
}

static void take_published(void *ctx, const struct run *run)
{
	for (uint32_t i = 0; i < run->n; i++)
		hold(ctx, run, &run->msgs[i], true);
}

static void take_other(void *ctx, const struct run *run)
{
	for (uint32_t i = 0; i < run->n; i++)
		hold(ctx, run, &run->msgs[i], false);
}

static void listen(struct opening *x, struct slice pattern, struct slice queue,
    js_take take)
{
	const struct js_host *h = &x->account->js->host;
	struct js_sub        *s = h->subscribe(h->ctx, x->account->core,
	    pattern, queue, take, x);

	if (s != NULL)
		x->subs[x->n_subs++] = s;
}

static void listen_for(struct opening *x, struct slice queue, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

static void listen_for(struct opening *x, struct slice queue, const char *fmt,
    ...)
{
	struct buf pattern = { 0 };
	va_list    ap;

	va_start(ap, fmt);
	buf_vprintf(&pattern, fmt, ap);
	va_end(ap);
	if (!buf_failed(&pattern))
		listen(x, buf_slice(&pattern), queue, take_other);
	buf_fini(&pattern);
}

/* Its subjects, its consumers', and direct gets of it. */
static void listen_to_all(struct opening *x)
{
	const struct stream_config *c = x->stream->config;
	struct slice                name = c->name;

	x->subs = calloc(c->n_subjects + CONSUMER_SUBS,
	    sizeof(struct js_sub *));
	if (x->subs == NULL)
		return;
	for (size_t i = 0; i < c->n_subjects; i++)
		listen(x, c->subjects[i], SLICE_NONE, take_published);
	listen_for(x, SLICE_NONE, "$JS.API.CONSUMER.MSG.NEXT.%.*s.*",
	    SLICE_ARG(name));
	listen_for(x, SLICE_NONE, "$JS.ACK.%.*s.>", SLICE_ARG(name));
	listen_for(x, SLICE_NONE, "$JS.ACK.*.*.%.*s.>", SLICE_ARG(name));
	if (!c->allow_direct)
		return;
	listen_for(x, SLICE("_sys_"), "$JS.API.DIRECT.GET.%.*s",
	    SLICE_ARG(name));
	listen_for(x, SLICE("_sys_"), "$JS.API.DIRECT.GET.%.*s.>",
	    SLICE_ARG(name));
}

static void unlisten(struct opening *x)
{
	const struct js_host *h = &x->account->js->host;

	while (x->n_subs > 0)
		h->unsubscribe(h->ctx, x->subs[--x->n_subs]);
	free(x->subs);
	x->subs = NULL;
}

/* In order, to who is there now; dropped, where nobody is. */
static void release(struct opening *x, bool is_open)
{
	struct list *l;

	while ((l = list_take(&x->held)) != NULL) {
		struct held *h = CONTAINER_OF(l, struct held, link);

		if (is_open && h->is_published)
			stream_publish(x->stream, h->subject, h->reply,
			    h->headers, h->payload);
		else if (is_open)
			js_send(x->account->js, &(struct js_out){
				.account = x->account->core,
				.subject = h->subject, .reply = h->reply,
				.headers = h->headers,
				.payload = h->payload });
		free(h);
	}
}

/* ---- the files --------------------------------------------------------------- */

static void open_files(struct errand *e)
{
	struct opening *x = CONTAINER_OF(e, struct opening, errand);
	bool            failed;

	x->err = stream_open_files(x->stream);
	if (x->err != 0)
		return;
	x->offline = offline_because_of_consumers(x->stream, &failed);
	if (failed)
		x->err = ERR_NOMEM;
}

/* ---- the end ---------------------------------------------------------------- */

static void fail(struct js_account *a, const char *path, int err)
{
	log_error("JetStream: %s cannot be opened, and is left as it is: %s",
	    path, err_text(err));
	unopened_add(&a->unopened, path);
}

static void destroy(struct opening *x)
{
	unlisten(x);
	release(x, false);
	list_remove(&x->link);
	offline_destroy(x->offline);
	free(x);
}

static bool move_in(struct opening *x)
{
	struct stream *s = x->stream;

	if (x->err != 0 || !js_add_stream(x->account, s))
		return false;
	stream_settle_in(s);
	if (!stream_start(s))
		log_error("JetStream: stream '%.*s' takes no messages: out of "
		    "memory", SLICE_ARG(s->name));
	js_mark_dirty(x->account->js, s);
	return true;
}

/* Its consumers are not read: they stay as they are, too. */
static void put_offline(struct opening *x)
{
	offline_keep_state(x->offline, x->stream);
	offline_add(x->account, x->offline);
	x->offline = NULL;
}

static void finish(struct errand *e)
{
	struct opening    *x = CONTAINER_OF(e, struct opening, errand);
	struct js_account *a = x->account;
	bool               is_served = x->offline == NULL;
	bool               is_open = is_served && move_in(x);

	if (!is_served)
		put_offline(x);
	else if (!is_open)
		fail(a, x->stream->dir, x->err == 0 ? ERR_NOMEM : x->err);
	unlisten(x);
	release(x, is_open);
	if (!is_open)
		stream_forget(x->stream);
	destroy(x);
	if (list_is_empty(&a->openings))
		log_notice("  Restored %zu streams of account '%.*s'", a->n,
		    SLICE_ARG(a->core->name));
}

/* ---- beginning -------------------------------------------------------------- */

/* Two directories that say they are the same stream. */
static bool is_known(const struct js_account *a, struct slice name)
{
	return js_find_stream(a, name) != NULL || opening_is_at(a, name) ||
	    offline_find(a, name) != NULL;
}

static void add_newer(struct js_account *a, const char *path,
    struct offline *newer)
{
	if (!is_known(a, newer->config->name)) {
		offline_add(a, newer);
		return;
	}
	offline_destroy(newer);
	fail(a, path, ERR_EXISTS);
}

void opening_add(struct js_account *a, const char *path)
{
	struct opening *x = calloc(1, sizeof *x);
	struct offline *newer = NULL;
	int             err = ERR_NOMEM;

	if (place_is_gone(path)) {
		free(x);
		place_remove(path);
		return;
	}
	if (x != NULL)
		x->stream = stream_peek(a, path, &err, &newer);
	if (x != NULL && x->stream != NULL && is_known(a, x->stream->name)) {
		err = ERR_EXISTS;
		stream_forget(x->stream);
		x->stream = NULL;
	}
	if (x == NULL || x->stream == NULL) {
		free(x);
		if (newer != NULL)
			add_newer(a, path, newer);
		else
			fail(a, path, err);
		return;
	}
	x->account = a;
	list_init(&x->held);
	list_append(&a->openings, &x->link);
	listen_to_all(x);
	x->errand = (struct errand){ .run = open_files, .done = finish };
	errands_send(a->js->errands, &x->errand);
}

/* ---- who asks ----------------------------------------------------------------- */

bool opening_is_at(const struct js_account *a, struct slice stream)
{
	for (struct list *l = a->openings.next; l != &a->openings; l = l->next)
		if (stream.n == 0 || slice_eq(stream, CONTAINER_OF(l,
		    struct opening, link)->stream->name))
			return true;
	return false;
}

struct slice opening_name(const struct js_account *a, size_t nth)
{
	for (struct list *l = a->openings.next; l != &a->openings; l = l->next)
		if (nth-- == 0)
			return CONTAINER_OF(l, struct opening,
			    link)->stream->name;
	return SLICE_NONE;
}

static void give_up(struct opening *x)
{
	errands_recall(x->account->js->errands, &x->errand);
	unlisten(x);
	stream_forget(x->stream);
	destroy(x);
}

void opening_cancel(const struct js_account *a)
{
	LIST_EACH (l, &a->openings)
		give_up(CONTAINER_OF(l, struct opening, link));
}
