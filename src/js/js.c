/* js/js.c - the accounts that have JetStream, their streams, and the turn. */
#include "js/js.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "core/account.h"
#include "js/advisory.h"
#include "js/api.h"
#include "js/errand.h"
#include "js/hash8.h"
#include "js/making.h"
#include "js/offline.h"
#include "js/opening.h"
#include "js/place.h"
#include "js/scrub.h"
#include "js/stream.h"
#include "js/stream_config.h"
#include "js/unopened.h"
#include "store/pool.h"

/* Each may wait for a disk: a slow one must not hold up streams on others. */
enum { SYNC_THREADS = 8 };

/* ---- saying --------------------------------------------------------------------- */

struct sent {
	struct list   link;
	struct js_out out;
	char          bytes[];
};

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
	x->out.subject = slice_pack(&at, m->subject);
	x->out.shown = slice_pack(&at, m->shown);
	x->out.reply = slice_pack(&at, m->reply);
	x->out.headers = slice_pack(&at, m->headers);
	x->out.payload = slice_pack(&at, m->payload);
	list_append(&js->outbox, &x->link);
	js_need_turn(js);
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
	if (s->is_leaving || s->is_opening || list_is_linked(&s->dirty))
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

void js_note_room(struct stream *s, int err)
{
	struct js *js = s->account->js;
	bool       was_full = js->is_full;

	js->is_full = err == ERR_NOSPC;
	if (!js->is_full || was_full)
		return;
	log_error("JetStream: the disk is full: stream '%.*s' stores nothing",
	    SLICE_ARG(s->name));
	advisory_out_of_storage(s);
}

void js_end_turn(struct js *js)
{
	struct list now;

	if (list_is_empty(&js->dirty) && list_is_empty(&js->requests) &&
	    list_is_empty(&js->outbox) && list_is_empty(&js->due_jobs) &&
	    !errands_has_done(js->errands))
		return;
	js->is_ending = true;
	errands_take_done(js->errands);
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
	js_need_turn(js);
}

void js_stop_jobs(struct js *js, const struct stream *s)
{
	LIST_EACH (l, &js->jobs) {
		struct js_job *j = CONTAINER_OF(l, struct js_job, link);

		if (s == NULL || j->stream == s)
			j->stop(j);
	}
}

static void stop_jobs_of(struct js *js, const struct js_account *a)
{
	LIST_EACH (l, &js->jobs) {
		struct js_job *j = CONTAINER_OF(l, struct js_job, link);

		if (j->account == a)
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
	*ret = (struct js_usage){ .n_streams = a->n + a->n_offline };
	for (struct list *l = a->offline.next; l != &a->offline; l = l->next)
		ret->n_consumers += offline_of(l)->n_consumers;
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
	to->server_id = strdup(c->server_id);
	to->domain = c->domain == NULL ? NULL : strdup(c->domain);
	to->key = c->key == NULL ? NULL : strdup(c->key);
	to->prev_key = c->prev_key == NULL ? NULL : strdup(c->prev_key);
	js->secret = (struct store_secret){
		.cipher = c->uses_aes ? CODEC_AES : CODEC_CHACHA,
		.key = slice_str(to->key), .prev_key = slice_str(to->prev_key) };
	return to->dir != NULL && to->server_name != NULL &&
	    to->server_id != NULL &&
	    (c->domain == NULL || to->domain != NULL) &&
	    (c->key == NULL || to->key != NULL) &&
	    (c->prev_key == NULL || to->prev_key != NULL);
}

const struct store_secret *js_secret(const struct js *js)
{
	return js->config.key == NULL ? NULL : &js->secret;
}

static void wipe(const char *key)
{
	if (key != NULL)
		explicit_bzero((char *)(uintptr_t)key, strlen(key));
	free((char *)(uintptr_t)key);
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
	list_init(&js->guests);
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
		    ? config->n_sync_threads : SYNC_THREADS);
	if (err == 0)
		js->errands = errands_create(js);
	if (err == 0 && js->pool != NULL && js->errands != NULL) {
		scrub_start(js);
		return js;
	}
	log_error("JetStream: %s: %s", config->dir, err_text(err));
	js_destroy(js);
	return NULL;
}

static void open_one(void *ctx, const char *path)
{
	struct js_account *a = ctx;

	opening_add(a, path);
}

struct js_account *js_find_account(const struct js *js,
    const struct account *a)
{
	struct js_account *found = a->stored;

	return found != NULL && found->js == js && found->is_enabled ? found
	    : NULL;
}

void js_reconfigure(struct js *js, const struct js_config *config)
{
	js->config.limit_ack_pending = config->limit_ack_pending;
	js->config.limit_request_batch = config->limit_request_batch;
	js->config.limit_duplicates_ns = config->limit_duplicates_ns;
	js->config.limit_requests = config->limit_requests;
	js->config.limit_infos = config->limit_infos;
	js->config.batch = config->batch;
	fill_in(&js->config.batch);
}

static void close_streams(struct js_account *a)
{
	opening_cancel(a);
	making_end(a);
	for (size_t i = 0; i < a->n; i++)
		stream_close(a->v[i]);
	a->n = 0;
}

static void close_account(struct js_account *a)
{
	a->core->stored = NULL;
	if (a->js->system == a)
		a->js->system = NULL;
	api_close(a);
	close_streams(a);
	list_remove(&a->link);
	unopened_clear(&a->unopened);
	offline_clear(a);
	free(a->v);
	free(a->tiers);
	free(a->dir);
	free(a->route);
	free(a);
}

/* By which the acknowledgements of two domains or accounts are told apart. */
static char *route_of(const struct js *js, const struct account *core)
{
	const char *domain = js->config.domain;
	char        hash[HASH8];
	struct buf  text = { 0 };

	hash8_of(core->name, hash);
	buf_printf(&text, "%s.%.*s", domain == NULL ? "_" : domain, HASH8,
	    hash);
	return buf_take_str(&text);
}

struct js_account *js_admit(struct js *js, struct account *core)
{
	struct js_account *a = core->stored;

	if (a != NULL)
		return a;
	a = calloc(1, sizeof *a);
	if (a != NULL) {
		a->js = js;
		a->core = core;
		list_init(&a->unopened);
		list_init(&a->offline);
		list_init(&a->openings);
		list_init(&a->makings);
		list_init(&a->removals);
		list_append(&js->guests, &a->link);
		core->stored = a;
		if (core->is_system)
			js->system = a;
		a->dir = place_of(js->config.dir, core->name);
		if (js->config.writes_routes)
			a->route = route_of(js, core);
		if (a->dir != NULL &&
		    (a->route != NULL || !js->config.writes_routes) &&
		    api_open(a))
			return a;
		close_account(a);
	}
	log_error("JetStream: account '%.*s': %s", SLICE_ARG(core->name),
	    err_text(ERR_NOMEM));
	return NULL;
}

static void add_grant(const struct js_account_limits *l, uint64_t *memory,
    uint64_t *storage)
{
	const struct {
		int64_t   limit;
		uint64_t *sum;
	} rows[] = { { l->max_memory, memory }, { l->max_storage, storage } };

	for (size_t i = 0; i < 2; i++)
		if (rows[i].limit > 0 && __builtin_add_overflow(*rows[i].sum,
		    (uint64_t)rows[i].limit, rows[i].sum))
			*rows[i].sum = UINT64_MAX;
}

void js_grant_sum(const struct js_grant *g, uint64_t *memory, uint64_t *storage)
{
	*memory = *storage = 0;
	if (g->n_tiers == 0)
		add_grant(&g->limits, memory, storage);
	for (size_t i = 0; i < g->n_tiers; i++)
		add_grant(&g->tiers[i].limits, memory, storage);
}

static void take_back(struct js_account *a)
{
	a->js->granted_memory -= a->granted_memory;
	a->js->granted_storage -= a->granted_storage;
	a->granted_memory = a->granted_storage = 0;
}

/* Is there so much for one more? */
static bool has_for(uint64_t granted, uint64_t more, int64_t max)
{
	uint64_t sum;

	return more == 0 || (max >= 0 && !__builtin_add_overflow(granted, more,
	    &sum) && sum <= (uint64_t)max);
}

static bool reserve(struct js_account *a, const struct js_grant *g)
{
	struct js *js = a->js;
	uint64_t   memory, storage;

	js_grant_sum(g, &memory, &storage);
	if (!has_for(js->granted_memory - a->granted_memory, memory,
	    js->config.max_memory) ||
	    !has_for(js->granted_storage - a->granted_storage, storage,
	    js->config.max_storage)) {
		log_error("JetStream: account '%.*s' is granted more than is "
		    "there: it goes on as before", SLICE_ARG(a->core->name));
		return false;
	}
	take_back(a);
	a->granted_memory = memory;
	a->granted_storage = storage;
	js->granted_memory += memory;
	js->granted_storage += storage;
	return true;
}

/* All streams here have one replica. */
static bool set_limits(struct js_account *a, const struct js_grant *g)
{
	struct js_tier *tiers = g->n_tiers == 0 ? NULL
	    : calloc(g->n_tiers, sizeof *tiers);

	if (g->n_tiers > 0 && tiers == NULL)
		return false;
	a->limits = g->limits;
	a->is_closed = g->n_tiers > 0;
	for (size_t i = 0; i < g->n_tiers; i++) {
		tiers[i] = g->tiers[i];
		if (strcmp(tiers[i].name, "R1") == 0) {
			a->limits = tiers[i].limits;
			a->is_closed = false;
		}
	}
	free(a->tiers);
	a->tiers = tiers;
	a->n_tiers = g->n_tiers;
	return true;
}

static int open_streams(struct js_account *a)
{
	int err = place_make(a->dir);

	if (err == 0)
		err = place_each(a->dir, open_one, a);
	if (err != 0) {
		close_streams(a);
		return err;
	}
	a->is_enabled = true;
	list_remove(&a->link);
	list_append(&a->js->accounts, &a->link);
	a->n_api = a->n_api_errors = 0;	/* what was refused until now */
	return 0;
}

struct js_account *js_enable(struct js *js, struct account *core,
    const struct js_grant *grant)
{
	struct js_account *a = js_admit(js, core);
	int                err = 0;

	if (a == NULL || !reserve(a, grant))
		return NULL;
	if (!set_limits(a, grant))
		err = ERR_NOMEM;
	else if (!a->is_enabled)
		err = open_streams(a);
	if (err == 0)
		return a;
	if (!a->is_enabled)
		take_back(a);
	log_error("JetStream: account '%.*s': %s", SLICE_ARG(core->name),
	    err_text(err));
	return NULL;
}

void js_disable(struct js *js, const struct account *core)
{
	struct js_account *a = js_find_account(js, core);

	if (a == NULL)
		return;
	stop_jobs_of(js, a);
	js->is_closing = true;	/* what they had with others stays */
	close_streams(a);
	js->is_closing = false;
	unopened_clear(&a->unopened);
	offline_clear(a);
	take_back(a);
	a->is_enabled = false;
	list_remove(&a->link);
	list_append(&js->guests, &a->link);
	log_notice("JetStream is disabled for account '%.*s'; its streams stay "
	    "on the disk", SLICE_ARG(core->name));
}

static void close_all(struct list *all)
{
	while (!list_is_empty(all))
		close_account(CONTAINER_OF(all->next, struct js_account, link));
}

void js_destroy(struct js *js)
{
	if (js == NULL)
		return;
	js->is_ending = true;	/* what consumers say in parting is sent */
	js->is_closing = true;
	scrub_stop(js);
	api_drop_all(js);
	js_stop_jobs(js, NULL);
	close_all(&js->accounts);
	close_all(&js->guests);
	empty_outbox(js, true);
	errands_destroy(js->errands);
	unopened_clear(&js->strangers);
	store_pool_destroy(js->pool);
	free((char *)(uintptr_t)js->config.dir);
	free((char *)(uintptr_t)js->config.server_name);
	free((char *)(uintptr_t)js->config.server_id);
	free((char *)(uintptr_t)js->config.domain);
	wipe(js->config.key);
	wipe(js->config.prev_key);
	free(js);
}
