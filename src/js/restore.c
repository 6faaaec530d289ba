/* js/restore.c - chunks come in, a stream comes out.
 *
 *   taking --an empty chunk, all read--> finishing --durable--> done
 *     |                                      |
 *     +--no chunk for 5 s, no reply subject, +--> failed: the files go
 *        it makes no sense, no room
 *
 * Chunks wait in a list until their turn has come; a turn reads TURN_BYTES at
 * most.  When the store holds as much as it may, it is the pool's wake that goes
 * on.
 */
#include "js/restore.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/nuid.h"
#include "base/text.h"
#include "core/account.h"
#include "core/msg.h"
#include "js/advisory.h"
#include "js/consumer_int.h"
#include "js/errand.h"
#include "js/errors.h"
#include "js/offline.h"
#include "js/stream_int.h"
#include "js/unpack.h"

#define STALL_NS (5 * NS_PER_S)

/* QUEUE_MAX: of all restores together, and what one of them may send ahead. */
enum { TURN_BYTES = 512 << 10, QUEUE_MAX = 64 << 20 };

struct chunk {
	struct list  link;
	struct slice reply, bytes;
	char         memory[];
};

struct restore {
	struct js_job      job;
	struct js         *js;
	struct js_account *account;
	struct stream     *s;		/* aside */
	struct unpack     *unpack;
	struct js_sub     *sub;
	struct buf         subject, client, name;
	struct list        chunks;
	uint64_t           waiting_bytes, bytes;
	struct buf         reply;	/* of the chunk that is being read */
	bool               is_reading;	/* there is one */
	bool               has_ended;	/* that was the empty one */
	bool               is_unpacked;
	struct errand      errand;	/* its files move to their place */
	bool               is_moving;
	int64_t            created_ns;
	int                err;		/* of that */
	struct timer       timer;
	int64_t            wall_ns;	/* when it began */
	struct js_error    e;
};

static struct chunk *first_chunk(struct restore *x)
{
	return list_is_empty(&x->chunks) ? NULL
	    : CONTAINER_OF(x->chunks.next, struct chunk, link);
}

static void drop_chunk(struct restore *x, struct chunk *k)
{
	list_remove(&k->link);
	x->waiting_bytes -= k->bytes.n;
	free(k);
}

static void destroy(struct restore *x)
{
	const struct js_host *h = &x->js->host;
	struct chunk         *k;

	js_remove_job(&x->job);
	timer_clear(h->timers, &x->timer);
	h->unsubscribe(h->ctx, x->sub);
	while ((k = first_chunk(x)) != NULL)
		drop_chunk(x, k);
	unpack_destroy(x->unpack);
	if (x->s != NULL)
		stream_abandon(x->s);
	buf_fini(&x->subject);
	buf_fini(&x->client);
	buf_fini(&x->name);
	buf_fini(&x->reply);
	free(x);
}

static void answer(struct restore *x, struct slice text)
{
	if (x->reply.n > 0)
		js_send(x->js, &(struct js_out){ .account = x->account->core,
		    .subject = buf_slice(&x->reply), .payload = text });
}

/* ---- the end -------------------------------------------------------------------- */

/* s NULL: it has failed with x->e. */
static void answer_last(struct restore *x, struct stream *s)
{
	struct buf          text = { 0 };
	struct json_writer *w = JSON_INTO(&text, 0);

	json_begin_object(w);
	json_key(w, "type");
	json_cstr(w, "io.nats.jetstream.api.v1.stream_create_response");
	if (s != NULL) {
		stream_write_info(s, NULL, true, NULL, w);
	} else {
		json_key(w, "error");
		js_error_write(&x->e, w);
	}
	json_end_object(w);
	if (!buf_failed(&text))
		answer(x, buf_slice(&text));
	buf_fini(&text);
}

static void tell_log(const struct restore *x, bool ok)
{
	const struct js_host *h = &x->js->host;
	struct buf            took = { 0 }, bytes = { 0 };

	text_put_duration(&took, h->wall_ns(h->ctx) - x->wall_ns);
	text_put_bytes(&bytes, x->bytes);
	if (ok)
		log_notice("Completed restore of %.*s for stream '%.*s > %.*s' "
		    "in %.*s", SLICE_ARG(buf_slice(&bytes)),
		    SLICE_ARG(x->account->core->name),
		    SLICE_ARG(buf_slice(&x->name)),
		    SLICE_ARG(buf_slice(&took)));
	else
		log_warn("Restore failed for %.*s for stream '%.*s > %.*s' in "
		    "%.*s: %s", SLICE_ARG(buf_slice(&bytes)),
		    SLICE_ARG(x->account->core->name),
		    SLICE_ARG(buf_slice(&x->name)),
		    SLICE_ARG(buf_slice(&took)), x->e.text);
	buf_fini(&took);
	buf_fini(&bytes);
}

static void finish(struct restore *x, struct stream *s)
{
	advisory_restore_complete(x->account, buf_slice(&x->name),
	    buf_slice(&x->client), x->wall_ns, x->bytes);
	answer_last(x, s);
	tell_log(x, s != NULL);
	destroy(x);
}

static void fail(struct restore *x, const struct js_error *e)
{
	x->e = *e;
	finish(x, NULL);
}

/* Others may have come in the meantime. */
static bool is_free(struct restore *x)
{
	const struct js_account *a = x->account;

	if (js_find_stream(a, x->s->name) != NULL ||
	    offline_find(a, x->s->name) != NULL)
		return js_fail(&x->e, 10130);
	for (size_t i = 0; i < a->n; i++)
		if (stream_config_overlaps(x->s->config, a->v[i]->config))
			return js_fail(&x->e, 10065);
	return !offline_overlaps(a, x->s->config) || js_fail(&x->e, 10065);
}

static void resume_consumers(struct stream *s)
{
	LIST_EACH (l, &s->consumers)
		consumer_resume(consumer_of(l));
	s->has_news = true;
	js_mark_dirty(stream_js(s), s);
}

static void move_files(struct errand *e)
{
	struct restore *x = CONTAINER_OF(e, struct restore, errand);

	x->err = stream_move_files(x->s, x->created_ns);
}

/* From here on it is a stream like any. */
static void open(struct errand *e)
{
	struct restore *x = CONTAINER_OF(e, struct restore, errand);
	struct stream  *s = x->s;

	x->is_moving = false;
	stream_move_in(s);
	if (x->err != 0)
		js_fail_with(&x->e, 10062, "%s", err_text(x->err));
	if (x->err != 0 || !is_free(x)) {
		finish(x, NULL);
		return;
	}
	if (!js_add_stream(x->account, s) || !stream_start(s)) {
		js_remove_stream(x->account, s);
		js_fail_with(&x->e, 10062, "%s", err_text(ERR_NOMEM));
		finish(x, NULL);
		return;
	}
	x->s = NULL;
	resume_consumers(s);
	advisory_stream_action(s, "CREATED", "create");
	finish(x, s);
}

/* All is durable. */
static void move(struct restore *x)
{
	if (!is_free(x)) {
		finish(x, NULL);
		return;
	}
	x->is_moving = true;
	x->created_ns = unpack_created_ns(x->unpack);
	x->s->is_opening = true;
	x->errand = (struct errand){ .run = move_files, .done = open };
	errands_send(x->js->errands, &x->errand);
}

/* 0: it is durable.  ERR_BUSY: not yet. */
static int sync_store(struct store *store)
{
	int err;

	if (store == NULL)
		return 0;
	err = store_tick(store);
	if (err == 0 && store_durable(store) < store_mark(store))
		err = store_sync(store);
	if (err == 0 && store_error(store) != 0)
		err = store_error(store);
	return err != 0 ? err : store_durable(store) < store_mark(store)
	    ? ERR_BUSY : 0;
}

static int sync_all(struct restore *x)
{
	int err = sync_store(x->s->store), other = sync_store(x->s->state);

	return err == 0 || (err == ERR_BUSY && other != 0) ? other : err;
}

static void fail_sync(struct restore *x, int err)
{
	if (err == ERR_NOSPC)
		js_fail(&x->e, 10047);
	else
		js_fail_with(&x->e, 10062, "%s", err_text(err));
	finish(x, NULL);
}

/* Until the pool wakes us. */
static void rest(struct restore *x)
{
	js_rest_job(x->js, &x->job);
}

static void go_to_end(struct restore *x)
{
	int err = x->is_unpacked ? 0 : unpack_finish(x->unpack);

	if (err != 0 && err != ERR_BUSY) {
		fail(x, unpack_why(x->unpack));
		return;
	}
	x->is_unpacked = err == 0;
	err = sync_all(x);
	if (err == 0 && x->is_unpacked)
		move(x);
	else if (err == 0)
		js_wake_job(x->js, &x->job);
	else if (err == ERR_BUSY)
		rest(x);
	else
		fail_sync(x, err);
}

/* ---- taking --------------------------------------------------------------------- */

/* The next chunk is being read from here on.  False: x is gone. */
static bool begin_chunk(struct restore *x, struct chunk *k)
{
	bool ok = true;

	buf_reset(&x->reply);
	buf_put_slice(&x->reply, k->reply);
	if (k->reply.n == 0) {
		js_fail_with(&x->e, 10062, "restore for stream '%.*s > %.*s' "
		    "requires reply subject for each chunk",
		    SLICE_ARG(x->account->core->name),
		    SLICE_ARG(buf_slice(&x->name)));
		finish(x, NULL);
		return false;
	}
	x->is_reading = k->bytes.n > 0;
	x->has_ended = k->bytes.n == 0;
	x->bytes += k->bytes.n;
	if (x->is_reading)
		ok = unpack_give(x->unpack, k->bytes);
	drop_chunk(x, k);
	if (!ok)
		fail_sync(x, ERR_NOMEM);
	return ok;
}

/* 0: what is there has been read. */
static int read_chunk(struct restore *x)
{
	int rc = unpack_some(x->unpack, TURN_BYTES);

	if (rc == 0 && x->is_reading) {
		answer(x, SLICE_NONE);
		buf_reset(&x->reply);
		x->is_reading = false;
	}
	return rc;
}

static void watch(struct restore *x)
{
	timer_set(x->js->host.timers, &x->timer, x->js->host.now_ns(
	    x->js->host.ctx) + STALL_NS);
}

/* Begins to write what has come.  An error shows with the next append. */
static void go_on(struct restore *x, int rc)
{
	int err = sync_all(x);

	if (err != 0 && err != ERR_BUSY) {
		fail_sync(x, err);
		return;
	}
	if (rc == ERR_BUSY && err == ERR_BUSY)
		rest(x);
	else if (rc != 0 || !list_is_empty(&x->chunks))
		js_wake_job(x->js, &x->job);
}

static void take_turn(struct js_job *j)
{
	struct restore *x = CONTAINER_OF(j, struct restore, job);
	struct chunk   *k;
	int             rc;

	if (x->is_moving)
		return;
	if (js_failed(&x->e)) {
		finish(x, NULL);
		return;
	}
	if (x->has_ended) {
		go_to_end(x);
		return;
	}
	watch(x);
	if (!x->is_reading && (k = first_chunk(x)) != NULL &&
	    !begin_chunk(x, k))
		return;
	if (x->has_ended) {
		go_to_end(x);
		return;
	}
	rc = read_chunk(x);
	if (rc < 0 && rc != ERR_BUSY)
		fail(x, unpack_why(x->unpack));
	else
		go_on(x, rc);
}

/* Of all that are under way. */
static uint64_t bytes_that_wait(const struct js *js)
{
	uint64_t sum = 0;

	LIST_EACH (l, (struct list *)(uintptr_t)&js->jobs) {
		struct js_job *j = CONTAINER_OF(l, struct js_job, link);

		if (j->turn == take_turn)
			sum += CONTAINER_OF(j, struct restore,
			    job)->waiting_bytes;
	}
	return sum;
}

static bool queue(struct restore *x, const struct msg *m)
{
	struct slice  bytes = msg_payload(m);
	struct chunk *k;

	if (bytes_that_wait(x->js) + bytes.n > QUEUE_MAX)
		return false;
	k = malloc(sizeof *k + m->reply.n + bytes.n);
	if (k == NULL)
		return false;
	k->reply = slice_of(k->memory, m->reply.n);
	k->bytes = slice_of(k->memory + m->reply.n, bytes.n);
	if (m->reply.n > 0)
		memcpy(k->memory, m->reply.p, m->reply.n);
	if (bytes.n > 0)
		memcpy(k->memory + m->reply.n, bytes.p, bytes.n);
	list_append(&x->chunks, &k->link);
	x->waiting_bytes += bytes.n;
	return true;
}

/* Where a chunk found no place the rest makes no sense. */
static void take_chunks(void *ctx, const struct run *run)
{
	struct restore *x = ctx;

	for (uint32_t i = 0; i < run->n && !js_failed(&x->e); i++)
		if (!queue(x, &run->msgs[i]))
			js_fail_with(&x->e, 10062, "too many chunks at once");
	js_wake_job(x->js, &x->job);
}

static void on_time(struct timer *t, int64_t now_ns)
{
	struct restore *x = CONTAINER_OF(t, struct restore, timer);

	(void)now_ns;
	if (x->has_ended || x->is_reading || !list_is_empty(&x->chunks))
		return;
	log_warn("restore for stream '%.*s > %.*s' is stalled",
	    SLICE_ARG(x->account->core->name), SLICE_ARG(buf_slice(&x->name)));
	destroy(x);
}

static void stop(struct js_job *j)
{
	struct restore *x = CONTAINER_OF(j, struct restore, job);

	if (x->is_moving)
		errands_recall(x->js->errands, &x->errand);
	js_fail_with(&x->e, 10062, "%s", err_text(ERR_CLOSED));
	if (x->is_reading || x->has_ended)
		finish(x, NULL);
	else
		destroy(x);
}

/* ---- beginning ------------------------------------------------------------------- */

static bool listen(struct restore *x)
{
	const struct js_host *h = &x->js->host;
	char                  nuid[NUID_CHARS];

	nuid_next(nuid);
	buf_printf(&x->subject, "$JS.SNAPSHOT.RESTORE.%.*s.%.*s",
	    SLICE_ARG(x->s->name), NUID_CHARS, nuid);
	if (!buf_failed(&x->subject))
		x->sub = h->subscribe(h->ctx, x->account->core,
		    buf_slice(&x->subject), SLICE_NONE, take_chunks, x);
	return x->sub != NULL;
}

static struct restore *create(struct js_account *a, struct slice client)
{
	struct restore *x = calloc(1, sizeof *x);

	if (x == NULL)
		return NULL;
	x->job = (struct js_job){ .turn = take_turn, .stop = stop,
		.account = a };
	x->js = a->js;
	x->account = a;
	x->timer.fire = on_time;
	x->wall_ns = a->js->host.wall_ns(a->js->host.ctx);
	list_init(&x->chunks);
	buf_put_slice(&x->client, client);
	return x;
}

bool restore_begin(struct stream *s, struct slice client, struct buf *deliver,
    struct js_error *e)
{
	struct js_account *a = s->account;
	struct restore    *x = create(a, client);

	if (x == NULL) {
		stream_abandon(s);
		return js_fail_with(e, 10062, "%s", err_text(ERR_NOMEM));
	}
	buf_put_slice(&x->name, s->name);
	x->s = s;
	x->unpack = unpack_create(s);
	if (x->unpack == NULL || !listen(x) || buf_failed(&x->client) ||
	    buf_failed(&x->name)) {
		destroy(x);
		return js_fail_with(e, 10062, "%s", err_text(ERR_NOMEM));
	}
	log_notice("Starting restore for stream '%.*s > %.*s'",
	    SLICE_ARG(a->core->name), SLICE_ARG(x->s->name));
	advisory_restore_create(a, x->s->name, buf_slice(&x->client));
	js_add_job(x->js, &x->job);
	watch(x);
	buf_put_slice(deliver, buf_slice(&x->subject));
	return true;
}
