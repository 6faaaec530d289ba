/* js/api_stream.c - requests about streams (section 2.4). */
#include "js/api.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/text.h"
#include "js/advisory.h"
#include "js/consumer.h"
#include "js/js.h"
#include "js/making.h"
#include "js/offline.h"
#include "js/names.h"
#include "js/source_check.h"
#include "js/sources.h"
#include "js/stream.h"
#include "js/stream_config.h"
#include "proto/subject.h"

enum { NAMES_PAGE = 1024, LIST_PAGE = 256, SUBJECTS_PAGE = 100000 };

static void put_u64(struct api_call *c, const char *key, uint64_t v)
{
	json_key(c->w, key);
	json_u64(c->w, v);
}

static void put_success(struct api_call *c)
{
	json_key(c->w, "success");
	json_bool(c->w, true);
}

/* ---- create and update -------------------------------------------------------------- */

/* Than the subject says. */
static bool is_called_otherwise(struct api_call *c,
    const struct stream_config *g)
{
	if (js_name_is_path(c->names[0]))
		js_fail(&c->e, 10128);
	else if (!slice_eq(g->name, c->names[0]))
		js_fail(&c->e, 10056);
	return js_failed(&c->e);
}

static bool is_sealed_at_birth(struct api_call *c,
    const struct stream_config *g)
{
	return g->sealed && !js_fail_with(&c->e, 10052, "stream configuration "
	    "for create can not be sealed");
}

/* The name is looked at first if it is new, and last if it is not.
 * is_restored: one without a name has that of the subject. */
static struct stream_config *read_config(struct api_call *c, bool is_new,
    bool is_restored, bool *pedantic)
{
	struct stream_limits  limits = {
		.duplicate_window_ns = c->js->config.limit_duplicates_ns,
		.max_bytes_required = c->account->limits.max_bytes_required,
		.mem_max_stream_bytes = c->account->limits.mem_max_stream_bytes,
		.disk_max_stream_bytes =
		    c->account->limits.disk_max_stream_bytes,
		.is_stored = is_restored };
	struct stream_config *g;

	if (!stream_config_read(c->doc, c->js->config.is_strict, pedantic, &g,
	    &c->e))
		return NULL;
	if (is_restored && g->name.n == 0)
		js_hold_copy(g->hold, c->names[0], &g->name);
	if (is_new && (is_called_otherwise(c, g) ||
	    (!is_restored && is_sealed_at_birth(c, g))))
		;
	else if (stream_config_check(g, &limits, *pedantic, &c->e) &&
	    source_check(c->account, g, *pedantic, &c->e) && !is_new)
		is_called_otherwise(c, g);
	if (!js_failed(&c->e))
		return g;
	stream_config_destroy(g);
	return NULL;
}

/* except: the stream itself, when it is updated. */
static bool is_apart(struct api_call *c, const struct stream_config *g,
    const struct stream *except)
{
	for (size_t i = 0; i < c->account->n; i++)
		if (c->account->v[i] != except &&
		    stream_config_overlaps(g, c->account->v[i]->config))
			return js_fail(&c->e, 10065);
	return !offline_overlaps(c->account, g) || js_fail(&c->e, 10065);
}

/* Section 4.3: what max_bytes reserves must be there. */
static bool may_reserve(struct api_call *c, const struct stream_config *g,
    int64_t already)
{
	bool            is_memory = g->storage == STORAGE_MEMORY;
	int64_t         of_account = is_memory ? c->account->limits.max_memory
	    : c->account->limits.max_storage;
	int64_t         of_server = is_memory ? c->js->config.max_memory
	    : c->js->config.max_storage;
	unsigned        code = is_memory ? 10028 : 10047;
	struct js_usage u;
	uint64_t        want;

	js_account_usage(c->account, &u);
	want = (is_memory ? u.reserved_memory : u.reserved_storage) +
	    (uint64_t)(g->max_bytes > 0 ? g->max_bytes : 1) - (uint64_t)already;
	if (of_account >= 0 && want > (uint64_t)of_account)
		return js_fail(&c->e, code);
	return of_server < 0 || want <= (uint64_t)of_server ||
	    js_fail(&c->e, code);
}

static bool may_create(struct api_call *c, const struct stream_config *g)
{
	int64_t max = c->account->limits.max_streams;

	if (g->mirror_direct && g->mirror == NULL)
		return js_fail_with(&c->e, 10052, "stream has no mirror but "
		    "does have mirror direct");
	if (c->account->is_closed)
		return js_fail(&c->e, 10120);
	if (max > 0 && c->account->n + c->account->n_offline >= (uint64_t)max)
		return js_fail(&c->e, 10027);
	return may_reserve(c, g, 0) && is_apart(c, g, NULL);
}

struct stream_config *api_restored_config(struct api_call *c)
{
	int64_t               max = c->account->limits.max_streams;
	bool                  pedantic;
	struct stream_config *g = read_config(c, true, true, &pedantic);

	if (g == NULL)
		return NULL;
	if (g->n_replicas > 1)
		js_fail(&c->e, 10074);
	else if (max > 0 &&
	    c->account->n + c->account->n_offline >= (uint64_t)max)
		js_fail(&c->e, 10027);
	else if (js_find_stream(c->account, g->name) != NULL ||
	    offline_find(c->account, g->name) != NULL)
		js_fail(&c->e, 10130);
	else if (may_reserve(c, g, 0) && is_apart(c, g, NULL))
		return g;
	stream_config_destroy(g);
	return NULL;
}

struct stream *api_make_stream(struct api_call *c, struct stream_config *config,
    bool is_aside)
{
	const struct js_host *h = &c->js->host;
	struct making        *m = c->r->making;

	c->r->making = NULL;
	if (m != NULL && !making_is_of(m, config)) {
		making_drop(m);		/* what is allowed has changed */
		m = NULL;
	}
	if (m == NULL)
		m = making_begin(c->account, config, h->wall_ns(h->ctx),
		    is_aside, &c->e);
	else
		stream_config_destroy(config);
	if (m == NULL || making_is_done(m))
		return m == NULL ? NULL : making_take(m, &c->e);
	c->r->making = m;
	c->is_put_off = true;
	return NULL;
}

static struct stream *create(struct api_call *c, struct stream_config *g)
{
	struct stream *s;

	if (!may_create(c, g)) {
		stream_config_destroy(g);
		return NULL;
	}
	s = api_make_stream(c, g, false);
	if (s == NULL)
		return NULL;
	if (js_add_stream(c->account, s) && stream_start(s)) {
		advisory_stream_action(s, "CREATED", "create");
		sources_poke(c->account, s->name);
		return s;
	}
	js_remove_stream(c->account, s);
	stream_abandon(s);
	js_fail_with(&c->e, 10049, "%s", err_text(ERR_NOMEM));
	return NULL;
}

void api_stream_create(struct api_call *c)
{
	bool                  pedantic;
	struct stream_config *g = read_config(c, true, false, &pedantic);
	struct stream        *s;

	if (g == NULL)
		return;
	s = offline_find(c->account, g->name) != NULL ? api_stream(c)
	    : js_find_stream(c->account, g->name);
	if (js_failed(&c->e)) {
		stream_config_destroy(g);
	} else if (s == NULL && g->n_replicas <= 1) {
		s = create(c, g);
	} else {
		if (g->n_replicas > 1)
			js_fail(&c->e, 10074);
		else if (!stream_config_equal(g, s->config))
			js_fail(&c->e, 10058);
		stream_config_destroy(g);
	}
	if (js_failed(&c->e) || c->is_put_off)
		return;
	stream_write_info(s, NULL, true, NULL, c->w);
	json_key(c->w, "did_create");
	json_bool(c->w, true);
}

static bool exceeds(const struct consumer_config *o,
    const struct stream_config *g)
{
	return (g->limit_ack_pending > 0 &&
	    o->max_ack_pending > g->limit_ack_pending) ||
	    (g->limit_inactive_ns > 0 &&
	    o->inactive_ns > g->limit_inactive_ns);
}

/* Do those that it has keep to its limits for consumers? */
static bool suits_consumers(struct api_call *c, const struct stream *s,
    const struct stream_config *g)
{
	struct buf names = { 0 };

	LIST_EACH (l, &s->consumers) {
		const struct consumer *o = consumer_of(l);

		if (!consumer_config(o)->direct &&
		    exceeds(consumer_config(o), g))
			buf_printf(&names, "%s%.*s", names.n > 0 ? ", " : "",
			    SLICE_ARG(consumer_name(o)));
	}
	if (names.n > 0)
		js_fail_with(&c->e, 10069, "change to limits violates "
		    "consumers: %.*s", SLICE_ARG(buf_slice(&names)));
	buf_fini(&names);
	return !js_failed(&c->e);
}

void api_stream_update(struct api_call *c)
{
	bool                  pedantic;
	struct stream_config *g = read_config(c, false, false, &pedantic);
	struct stream        *s;

	if (g == NULL)
		return;
	s = api_stream(c);
	if (s != NULL && g->n_replicas > 1)
		js_fail(&c->e, 10074);
	if (js_failed(&c->e) ||
	    !stream_config_check_update(s->config, g, &c->e) ||
	    !suits_consumers(c, s, g) || !is_apart(c, g, s) || !may_reserve(c, g,
	    s->config->max_bytes > 0 ? s->config->max_bytes : 1)) {
		stream_config_destroy(g);
		return;
	}
	if (!stream_update(s, g, &c->e))
		return;
	advisory_stream_action(s, "UPDATED", "modify");
	stream_write_info(s, NULL, true, NULL, c->w);
	api_wait_for_disk(c, s, false, 10069);
}

/* ---- names and lists ------------------------------------------------------------------ */

/* One of them. */
struct listed {
	struct stream        *stream;
	const struct offline *offline;
};

static struct slice name_of(const struct listed *x)
{
	return x->stream != NULL ? x->stream->name : x->offline->config->name;
}

static bool is_chosen(const struct listed *x, struct slice filter)
{
	const struct stream_config *g = x->stream != NULL ? x->stream->config
	    : x->offline->config;

	if (filter.n == 0)
		return true;
	for (size_t i = 0; i < g->n_subjects; i++)
		if (subject_overlaps(g->subjects[i], filter))
			return true;
	return false;
}

/* Both are sorted by name. */
static size_t choose(struct api_call *c, struct listed *v)
{
	const struct js_account *a = c->account;
	struct list             *l = a->offline.next;
	size_t                   i = 0, n = 0;

	while (i < a->n || l != &a->offline) {
		struct listed x = { .offline = l == &a->offline ? NULL
		    : offline_of(l) };

		if (x.offline == NULL || (i < a->n && slice_cmp(a->v[i]->name,
		    x.offline->config->name) < 0))
			x = (struct listed){ .stream = a->v[i++] };
		else
			l = l->next;
		if (is_chosen(&x, c->asked.page.subject))
			v[n++] = x;
	}
	return n;
}

static struct listed *choose_all(struct api_call *c, size_t *n)
{
	struct listed *v = calloc(c->account->n + c->account->n_offline + 1,
	    sizeof *v);

	*n = v == NULL ? 0 : choose(c, v);
	return v;
}

void api_stream_names(struct api_call *c)
{
	size_t         n;
	struct listed *v = choose_all(c, &n);
	size_t         at = api_page(c, n, NAMES_PAGE);

	json_key(c->w, "streams");
	if (n == 0) {
		json_null(c->w);
	} else {
		json_begin_array(c->w);
		for (size_t i = at; i < n && i - at < NAMES_PAGE; i++)
			json_str(c->w, name_of(&v[i]));
		json_end_array(c->w);
	}
	free(v);
}

/* The offline ones of a page: their names, and why. */
static void write_missing(struct api_call *c, const struct listed *v, size_t n)
{
	size_t n_missing = 0;

	for (size_t i = 0; i < n; i++) {
		if (v[i].offline == NULL)
			continue;
		if (n_missing++ == 0) {
			json_key(c->w, "missing");
			json_begin_array(c->w);
		}
		json_str(c->w, name_of(&v[i]));
	}
	if (n_missing == 0)
		return;
	json_end_array(c->w);
	json_key(c->w, "offline");
	json_begin_object(c->w);
	for (size_t i = 0; i < n; i++) {
		if (v[i].offline == NULL)
			continue;
		json_key_slice(c->w, name_of(&v[i]));
		json_str(c->w, buf_slice(&v[i].offline->reason));
	}
	json_end_object(c->w);
}

void api_stream_list(struct api_call *c)
{
	size_t         n;
	struct listed *v = choose_all(c, &n);
	size_t         at = api_page(c, n, LIST_PAGE);
	size_t         end = n - at < LIST_PAGE ? n : at + LIST_PAGE;

	json_key(c->w, "streams");
	json_begin_array(c->w);
	for (size_t i = at; i < end; i++) {
		if (v[i].stream == NULL)
			continue;
		json_begin_object(c->w);
		stream_write_info(v[i].stream, NULL, false, NULL, c->w);
		json_end_object(c->w);
	}
	json_end_array(c->w);
	if (v != NULL)
		write_missing(c, v + at, end - at);
	free(v);
}

/* ---- one stream ------------------------------------------------------------------------- */

void api_stream_info(struct api_call *c)
{
	struct stream           *s = api_stream(c);
	struct stream_state_wish wish = {
		.deleted_details = c->asked.stream_info.deleted_details,
		.subjects_filter = c->asked.stream_info.subjects_filter,
		.offset = c->asked.stream_info.offset > 0
		    ? (uint64_t)c->asked.stream_info.offset : 0 };
	struct buf               body = { 0 };
	struct json_writer       w;
	uint64_t                 n = 0;

	if (s == NULL)
		return;
	/* the page is told before what is on it, and known after */
	json_init(&w, &body, 0);
	json_begin_object(&w);
	stream_write_info(s, &wish, true, &n, &w);
	json_end_object(&w);
	put_u64(c, "total", n);
	put_u64(c, "offset", n > 0 ? wish.offset : 0);
	put_u64(c, "limit", n > 0 ? SUBJECTS_PAGE : 0);
	if (body.n > 2) {
		buf_put_char(c->w->out, ',');
		buf_put(c->w->out, body.p + 1, body.n - 2);
	}
	buf_fini(&body);
}

/* An answer that waits until what it says is on the disk. */
struct later {
	struct stream_waiter waiter;
	struct js           *js;
	struct account      *account;
	unsigned             err_code;
	size_t               n_reply;
	char                 bytes[];	/* the reply, the answer */
};

/* The answer's {"type":"..." stays. */
static void put_later_failure(const struct later *l, struct slice text, int err,
    struct buf *out)
{
	const char     *end = memchr(text.p + 9, '"', text.n - 9);
	struct js_error e = { 0 };

	js_fail_with(&e, l->err_code, "%s", err_text(err));
	buf_put(out, text.p, (size_t)(end + 1 - text.p));
	buf_put_str(out, ",\"error\":");
	js_error_write(&e, JSON_INTO(out, 0));
	buf_put_char(out, '}');
}

static void say_later(struct stream_waiter *w, int err)
{
	struct later *l = CONTAINER_OF(w, struct later, waiter);
	struct slice  text = slice_str(l->bytes + l->n_reply);
	struct buf    failure = { 0 };

	if (err != 0) {
		put_later_failure(l, text, err, &failure);
		text = buf_slice(&failure);
	}
	if (l->n_reply > 0)
		js_send(l->js, &(struct js_out){ .account = l->account,
			.subject = { l->bytes, l->n_reply }, .payload = text });
	buf_fini(&failure);
	free(l);
}

struct stream_waiter *api_answer_later(struct api_call *c, unsigned err_code)
{
	struct slice  reply = c->r->reply;
	struct buf   *out = c->w->out;
	struct later *l = malloc(sizeof *l + reply.n + out->n + 2);

	c->is_silent = true;
	if (l == NULL || buf_failed(out)) {
		free(l);
		return NULL;	/* done, but it cannot be promised */
	}
	*l = (struct later){ .waiter.done = say_later, .js = c->js,
		.account = c->account->core, .err_code = err_code,
		.n_reply = reply.n };
	if (reply.n > 0)
		memcpy(l->bytes, reply.p, reply.n);
	memcpy(l->bytes + reply.n, out->p, out->n);
	memcpy(l->bytes + reply.n + out->n, "}", 2);
	return &l->waiter;
}

/* It says something else at once. */
static void forget_answer(struct stream_waiter *w)
{
	free(CONTAINER_OF(w, struct later, waiter));
}

void api_wait_for_disk(struct api_call *c, struct stream *s, bool on_state,
    unsigned err_code)
{
	struct stream_waiter *w = api_answer_later(c, err_code);

	if (w != NULL)
		stream_await(s, w, on_state);
}

/* w: who is told; NULL: nobody. */
static bool delete_stream(struct api_call *c, struct stream *s,
    struct stream_waiter *w)
{
	advisory_stream_action(s, "DELETED", "delete");
	js_remove_stream(c->account, s);
	if (stream_delete(s, w, &c->e))
		return true;
	js_add_stream(c->account, s);
	return false;
}

void api_stream_delete(struct api_call *c)
{
	struct offline       *o = offline_find(c->account, c->names[0]);
	struct stream        *s = o != NULL ? NULL : api_stream(c);
	struct stream_waiter *w;

	if (o == NULL && s == NULL)
		return;
	put_success(c);
	w = api_answer_later(c, 10050);
	if (o != NULL ? offline_delete(c->account, o, w, &c->e)
	    : delete_stream(c, s, w))
		return;
	if (w != NULL)
		forget_answer(w);
	c->is_silent = false;
}

void api_stream_purge(struct api_call *c)
{
	const struct stream_purge_what *what = &c->asked.purge;
	struct stream                  *s;
	uint64_t                        n;

	if ((what->seq > 0 && what->keep > 0) ||
	    (what->filter.n > 0 && !subject_is_valid(what->filter))) {
		js_fail(&c->e, 10003);
		return;
	}
	s = api_stream_or(c, 10051);
	if (s == NULL || !stream_purge(s, what, &n, &c->e))
		return;
	put_success(c);
	put_u64(c, "purged", n);
	api_wait_for_disk(c, s, false, 10051);
}

/* What says nothing is refused; what says anything but which, is about 0. */
void api_msg_delete(struct api_call *c)
{
	struct stream *s = api_stream_or(c, 10057);

	if (s == NULL)
		return;
	if (json_n_members(c->doc) == 0) {
		js_fail(&c->e, 10003);
		return;
	}
	if (!stream_delete_msg(s, c->asked.msg_delete.seq,
	    !c->asked.msg_delete.no_erase, &c->e))
		return;
	put_success(c);
	api_wait_for_disk(c, s, false, 10051);
}

static void put_base64(struct api_call *c, const char *key, struct slice s)
{
	struct buf b = { 0 };

	if (s.n == 0)
		return;
	text_put_base64(&b, s.p, s.n);
	json_key(c->w, key);
	json_str(c->w, buf_slice(&b));
	buf_fini(&b);
}

static bool asks_wrongly(const struct direct_wish *w)
{
	bool has_time = w->start_time != JS_TIME_UNSET;

	return w->batch > 0 || w->max_bytes > 0 ||
	    (w->seq > 0 && (w->last_by_subj.n > 0 || has_time)) ||
	    (has_time && w->last_by_subj.n > 0) ||
	    (w->last_by_subj.n > 0 && w->next_by_subj.n > 0) ||
	    (w->seq == 0 && !has_time && w->last_by_subj.n == 0 &&
	    w->next_by_subj.n == 0);
}

void api_msg_get(struct api_call *c)
{
	const struct direct_wish *wish = &c->asked.get;
	struct stream            *s;
	struct store_msg          m = { 0 };
	uint64_t                  seq;

	if (asks_wrongly(wish)) {
		js_fail(&c->e, 10003);
		return;
	}
	s = api_stream(c);
	if (s == NULL)
		return;
	if (!direct_find(s, wish, &seq) || store_read(s->store, seq, &m) != 0) {
		js_fail(&c->e, 10037);
		store_msg_fini(&m);
		return;
	}
	json_key(c->w, "message");
	json_begin_object(c->w);
	json_key(c->w, "subject");
	json_str(c->w, m.subject);
	put_u64(c, "seq", seq);
	if (!wish->no_hdr)
		put_base64(c, "hdrs", m.hdr);
	put_base64(c, "data", m.body);
	json_key(c->w, "time");
	json_time(c->w, m.ts_ns);
	json_end_object(c->w);
	store_msg_fini(&m);
}
