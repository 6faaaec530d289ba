/* js/js.c - the accounts that have JetStream, their streams, and the turn. */
#include "js/js.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "core/account.h"
#include "js/api.h"
#include "js/place.h"
#include "js/stream.h"
#include "js/stream_config.h"
#include "js/unopened.h"
#include "store/pool.h"

/* ---- saying --------------------------------------------------------------------- */

struct sent {
	struct list   link;
	struct js_out out;
	char          bytes[];
};

static struct slice copy(char **at, struct slice s)
{
	struct slice c = slice_of(*at, s.n);

	if (s.n > 0)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return c;
}

bool js_publish(struct js *js, const struct js_out *m)
{
	bool is_taken;

	js->is_publishing = true;
	is_taken = js->host.publish(js->host.ctx, m);
	js->is_publishing = false;
	return is_taken;
}

void js_send(struct js *js, const struct js_out *m)
{
	struct sent *x;
	char        *at;

	if (js->is_ending && !js->is_publishing) {
		js_publish(js, m);
		return;
	}
	x = malloc(sizeof *x + m->subject.n + m->shown.n + m->reply.n +
	    m->headers.n + m->payload.n);
	if (x == NULL)
		return;
	at = x->bytes;
	*x = (struct sent){ .out.account = m->account };
	x->out.subject = copy(&at, m->subject);
	x->out.shown = copy(&at, m->shown);
	x->out.reply = copy(&at, m->reply);
	x->out.headers = copy(&at, m->headers);
	x->out.payload = copy(&at, m->payload);
	list_append(&js->outbox, &x->link);
	js->host.wake(js->host.ctx);
}

static void empty_outbox(struct js *js, bool is_sent)
{
	struct list *l;

	while ((l = list_take(&js->outbox)) != NULL) {
		struct sent *x = CONTAINER_OF(l, struct sent, link);

		if (is_sent)
			js_publish(js, &x->out);
		free(x);
	}
}

void js_send_status(struct js *js, struct account *a, struct slice subject,
    struct slice reply, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	js_send_vstatus(js, a, subject, reply, fmt, ap);
	va_end(ap);
}

void js_send_vstatus(struct js *js, struct account *a, struct slice subject,
    struct slice reply, const char *fmt, va_list ap)
{
	struct buf headers = { 0 };

	buf_put_str(&headers, "NATS/1.0 ");
	buf_vprintf(&headers, fmt, ap);
	buf_put_str(&headers, "\r\n\r\n");
	if (!buf_failed(&headers))
		js_send(js, &(struct js_out){ .account = a, .subject = subject,
			.reply = reply, .headers = buf_slice(&headers) });
	buf_fini(&headers);
}

/* ---- the turn --------------------------------------------------------------------- */

void js_mark_dirty(struct js *js, struct stream *s)
{
	if (s->is_leaving || list_is_linked(&s->dirty))
		return;
	list_append(&js->dirty, &s->dirty);
}

static void do_jobs(struct js *js)
{
	struct list now;

	/* who is due again has its turn in the next one */
	list_init(&now);
	for (struct list *l; (l = list_take(&js->due_jobs)) != NULL;)
		list_append(&now, l);
	for (struct list *l; (l = list_take(&now)) != NULL;) {
		struct js_job *j = CONTAINER_OF(l, struct js_job, due);

		j->turn(j);
	}
}

void js_end_turn(struct js *js)
{
	struct list now;

	if (list_is_empty(&js->dirty) && list_is_empty(&js->requests) &&
	    list_is_empty(&js->outbox) && list_is_empty(&js->due_jobs))
		return;
	js->is_ending = true;
	empty_outbox(js, true);
	api_answer_all(js);
	do_jobs(js);
	/* who is dirty again has its turn in the next one */
	list_init(&now);
	for (struct list *l; (l = list_take(&js->dirty)) != NULL;)
		list_append(&now, l);
	for (struct list *l; (l = list_take(&now)) != NULL;)
		stream_end_turn(CONTAINER_OF(l, struct stream, dirty));
	js->is_ending = false;
}

/* ---- jobs ------------------------------------------------------------------------- */

void js_add_job(struct js *js, struct js_job *j)
{
	list_append(&js->jobs, &j->link);
}

void js_remove_job(struct js_job *j)
{
	list_remove(&j->link);
	list_remove(&j->due);
}

void js_rest_job(struct js *js, struct js_job *j)
{
	if (!list_is_linked(&j->due))
		list_append(&js->due_jobs, &j->due);
}

void js_wake_job(struct js *js, struct js_job *j)
{
	js_rest_job(js, j);
	js->host.wake(js->host.ctx);
}

void js_stop_jobs(struct js *js, const struct stream *s)
{
	LIST_EACH (l, &js->jobs) {
		struct js_job *j = CONTAINER_OF(l, struct js_job, link);

		if (s == NULL || j->stream == s)
			j->stop(j);
	}
}

/* ---- streams of an account --------------------------------------------------------- */

/* Where it is, or would be. */
static size_t place(const struct js_account *a, struct slice name)
{
	size_t low = 0, high = a->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (slice_cmp(a->v[mid]->name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct stream *js_find_stream(const struct js_account *a, struct slice name)
{
	size_t i = place(a, name);

	return i < a->n && slice_eq(a->v[i]->name, name) ? a->v[i] : NULL;
}

bool js_add_stream(struct js_account *a, struct stream *s)
{
	size_t i = place(a, s->name);

	if (a->n == a->cap) {
		size_t          cap = a->cap == 0 ? 8 : 2 * a->cap;
		struct stream **v = reallocarray(a->v, cap, sizeof *v);

		if (v == NULL)
			return false;
		a->v = v;
		a->cap = cap;
	}
	memmove(a->v + i + 1, a->v + i, (a->n - i) * sizeof(struct stream *));
	a->v[i] = s;
	a->n++;
	return true;
}

void js_remove_stream(struct js_account *a, struct stream *s)
{
	size_t i = place(a, s->name);

	if (i == a->n || a->v[i] != s)
		return;
	a->n--;
	memmove(a->v + i, a->v + i + 1, (a->n - i) * sizeof(struct stream *));
}

void js_account_usage(const struct js_account *a, struct js_usage *ret)
{
	*ret = (struct js_usage){ .n_streams = a->n };
	for (size_t i = 0; i < a->n; i++) {
		const struct stream        *s = a->v[i];
		const struct stream_config *g = s->config;
		bool     is_memory = g->storage == STORAGE_MEMORY;
		uint64_t reserved = g->max_bytes > 0
		    ? (uint64_t)g->max_bytes : 0;

		*(is_memory ? &ret->memory : &ret->storage) += stream_bytes(s);
		*(is_memory ? &ret->reserved_memory : &ret->reserved_storage)
		    += reserved;
		ret->n_consumers += s->n_consumers - s->n_direct;
	}
}

/* ---- life ----------------------------------------------------------------------------- */

static void fill_in(struct js_batch_limits *b)
{
	if (b->max_per_stream == 0)
		b->max_per_stream = 50;
	if (b->max_in_all == 0)
		b->max_in_all = 1000;
	if (b->max_msgs == 0)
		b->max_msgs = 1000;
	if (b->timeout_ns == 0)
		b->timeout_ns = INT64_C(10000000000);
}

static bool copy_config(struct js *js, const struct js_config *c)
{
	struct js_config *to = &js->config;

	*to = *c;
	fill_in(&to->batch);
	to->dir = strdup(c->dir);
	to->server_name = strdup(c->server_name);
	to->domain = c->domain == NULL ? NULL : strdup(c->domain);
	return to->dir != NULL && to->server_name != NULL &&
	    (c->domain == NULL || to->domain != NULL);
}

struct js *js_create(const struct js_config *config,
    const struct js_host *host)
{
	struct js *js = calloc(1, sizeof *js);
	int        err;

	if (js == NULL)
		return NULL;
	js->host = *host;
	list_init(&js->accounts);
	list_init(&js->dirty);
	list_init(&js->requests);
	list_init(&js->outbox);
	list_init(&js->strangers);
	list_init(&js->jobs);
	list_init(&js->due_jobs);
	err = copy_config(js, config) ? place_make_all(js->config.dir)
	    : ERR_NOMEM;
	if (err == 0)
		js->pool = store_pool_create(config->n_sync_threads > 0
		    ? config->n_sync_threads : 2);
	if (err == 0 && js->pool != NULL)
		return js;
	log_error("JetStream: %s: %s", config->dir, err_text(err));
	js_destroy(js);
	return NULL;
}

static void open_one(void *ctx, const char *path)
{
	struct js_account *a = ctx;
	struct stream     *s;
	int                err;

	if (place_is_gone(path)) {
		place_remove(path);
		return;
	}
	s = stream_open(a, path, &err);
	if (s == NULL) {
		log_error("JetStream: %s cannot be opened, and is left as it "
		    "is: %s", path, err_text(err));
		unopened_add(&a->unopened, path);
		return;
	}
	if (js_find_stream(a, s->name) != NULL || !js_add_stream(a, s)) {
		log_error("JetStream: %s is left alone", path);
		unopened_add(&a->unopened, path);
		stream_close(s);
	}
}

static void start_all(struct js_account *a)
{
	for (size_t i = 0; i < a->n; i++) {
		struct stream *s = a->v[i];

		if (!stream_start(s))
			log_error("JetStream: stream '%.*s' takes no messages: "
			    "out of memory", SLICE_ARG(s->name));
		js_mark_dirty(a->js, s);
	}
	if (a->n > 0)
		log_notice("  Restored %zu streams of account '%.*s'", a->n,
		    SLICE_ARG(a->core->name));
}

static void close_account(struct js_account *a)
{
	api_close(a);
	for (size_t i = 0; i < a->n; i++)
		stream_close(a->v[i]);
	list_remove(&a->link);
	unopened_clear(&a->unopened);
	free(a->v);
	free(a->dir);
	free(a);
}

struct js_account *js_find_account(const struct js *js,
    const struct account *a)
{
	for (struct list *l = js->accounts.next; l != &js->accounts;
	    l = l->next)
		if (CONTAINER_OF(l, struct js_account, link)->core == a)
			return CONTAINER_OF(l, struct js_account, link);
	return NULL;
}

struct js_account *js_enable(struct js *js, struct account *core,
    const struct js_account_limits *limits)
{
	struct js_account *a = js_find_account(js, core);
	int                err = ERR_NOMEM;

	if (a != NULL) {
		a->limits = *limits;
		return a;
	}
	a = calloc(1, sizeof *a);
	if (a == NULL)
		return NULL;
	a->js = js;
	a->core = core;
	a->limits = *limits;
	list_init(&a->unopened);
	list_append(&js->accounts, &a->link);
	a->dir = place_of(js->config.dir, core->name);
	if (a->dir != NULL)
		err = place_make(a->dir);
	if (err == 0)
		err = place_each(a->dir, open_one, a);
	if (err == 0 && api_open(a)) {
		start_all(a);
		return a;
	}
	log_error("JetStream: account '%.*s': %s", SLICE_ARG(core->name),
	    err_text(err == 0 ? ERR_NOMEM : err));
	close_account(a);
	return NULL;
}

void js_destroy(struct js *js)
{
	if (js == NULL)
		return;
	js->is_ending = true;	/* what consumers say in parting is sent */
	js->is_closing = true;
	api_drop_all(js);
	js_stop_jobs(js, NULL);
	while (!list_is_empty(&js->accounts))
		close_account(CONTAINER_OF(js->accounts.next,
		    struct js_account, link));
	empty_outbox(js, true);
	unopened_clear(&js->strangers);
	store_pool_destroy(js->pool);
	free((char *)(uintptr_t)js->config.dir);
	free((char *)(uintptr_t)js->config.server_name);
	free((char *)(uintptr_t)js->config.domain);
	free(js);
}
