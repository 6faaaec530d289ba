/* js/consumer.c - a consumer's life, configuration and information. */
#include "js/consumer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "core/msg.h"
#include "js/ack_subject.h"
#include "js/advisory.h"
#include "js/consumer_int.h"
#include "js/errors.h"
#include "js/pack.h"
#include "js/push.h"
#include "js/stream_config.h"
#include "proto/subject.h"

/* ---- looking ---------------------------------------------------------- */

struct slice consumer_name(const struct consumer *c)
{
	return c->config->name;
}

const struct consumer_config *consumer_config(const struct consumer *c)
{
	return c->config;
}

int64_t consumer_created_ns(const struct consumer *c)
{
	return c->created_ns;
}

struct stream *consumer_stream(const struct consumer *c)
{
	return c->stream;
}

struct consumer *consumer_of(struct list *link)
{
	return CONTAINER_OF(link, struct consumer, link);
}

bool consumer_is_hidden(const struct consumer *c)
{
	return c->config->direct;
}

/* It feeds another stream. */
static bool is_reader(const struct consumer *c)
{
	return c->config->direct || c->config->sourcing;
}

bool consumer_is_paused(const struct consumer *c)
{
	return c->config->pause_until != JS_TIME_UNSET &&
	    consumer_wall(c) < c->config->pause_until;
}

/* By what it has acknowledged; what was delivered too often stays needed. */
bool consumer_needs(const struct consumer *c, uint64_t seq,
    struct slice subject)
{
	if (!consumer_wants(c, subject))
		return false;
	if (seq >= c->next_seq || pending_find(&c->dead, seq) != NULL)
		return true;
	if (seq <= c->floor.stream_seq)
		return false;
	return pending_find(&c->pending, seq) != NULL;
}

/* ---- saying ----------------------------------------------------------- */

void consumer_say(struct consumer *c, struct slice subject,
    struct slice reply, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	js_send_vstatus(consumer_js(c), consumer_account(c)->core, subject,
	    reply, fmt, ap);
	va_end(ap);
}

/* ---- its subjects ----------------------------------------------------- */

/* prefix and suffix stand around "<stream>.<consumer>". */
static bool listen_at(struct consumer *c, const char *prefix,
    const char *suffix, js_take take)
{
	const struct js_host *h = &consumer_js(c)->host;
	struct buf            b = { 0 };
	struct js_sub       **at = c->subs;

	while (*at != NULL)
		at++;
	buf_printf(&b, "%s.%.*s.%.*s%s", prefix, SLICE_ARG(c->stream->name),
	    SLICE_ARG(consumer_name(c)), suffix);
	if (!buf_failed(&b))
		*at = h->subscribe(h->ctx, consumer_account(c)->core,
		    buf_slice(&b), SLICE_NONE, take, c);
	buf_fini(&b);
	return *at != NULL;
}

/* Flow control as an ack policy acknowledges by the answers to $JS.FC.  Acks
 * end in numbers that are looked at when they come: as tokens of the patterns
 * they would cost each consumer ten branches of the trie. */
static bool listen(struct consumer *c)
{
	enum ack_policy p = c->config->ack_policy;

	if (p != ACK_NONE && p != ACK_FLOW_CONTROL &&
	    (!listen_at(c, "$JS.ACK", ".>", consumer_take_ack) ||
	    !listen_at(c, "$JS.ACK.*.*", ".>", consumer_take_ack)))
		return false;
	if (!listen_at(c, "$JS.API.CONSUMER.MSG.NEXT", "", pull_take))
		return false;
	return c->push == NULL ||
	    (listen_at(c, "$JS.FC", ".>", push_take_flow) &&
	    listen_at(c, "$JS.FC.*.*", ".>", push_take_flow));
}

static void unlisten(struct consumer *c)
{
	const struct js_host *h = &consumer_js(c)->host;

	for (size_t i = 0; i < CONSUMER_SUBS; i++) {
		h->unsubscribe(h->ctx, c->subs[i]);
		c->subs[i] = NULL;
	}
}

/* ---- among the stream's ------------------------------------------------ */

size_t consumer_seek(const struct stream *s, struct slice name)
{
	size_t low = 0, high = s->n_consumers;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (slice_cmp(consumer_name(s->by_name[mid]), name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* For one more. */
static bool make_place(struct stream *s)
{
	size_t            cap = s->by_name_cap == 0 ? 4 : 2 * s->by_name_cap;
	struct consumer **v;

	if (s->n_consumers < s->by_name_cap)
		return true;
	v = reallocarray(s->by_name, cap, sizeof(struct consumer *));
	if (v == NULL)
		return false;
	s->by_name = v;
	s->by_name_cap = cap;
	return true;
}

/* There is a place: see make. */
static void enlist(struct consumer *c)
{
	struct stream    *s = c->stream;
	size_t            i = consumer_seek(s, consumer_name(c));
	struct consumer **at = &s->by_name[i];

	list_append(i == s->n_consumers ? &s->consumers : &(*at)->link,
	    &c->link);
	memmove(at + 1, at, (s->n_consumers - i) * sizeof(struct consumer *));
	*at = c;
	s->n_consumers++;
	s->n_direct += c->config->direct;
	s->n_readers += is_reader(c);
}

static void delist(struct consumer *c)
{
	struct stream    *s = c->stream;
	size_t            i = consumer_seek(s, consumer_name(c));
	struct consumer **at = &s->by_name[i];

	list_remove(&c->link);
	s->n_consumers--;
	memmove(at, at + 1, (s->n_consumers - i) * sizeof(struct consumer *));
	s->n_direct -= c->config->direct;
	s->n_readers -= is_reader(c);
}

/* ---- its life --------------------------------------------------------- */

static void on_time(struct timer *t, int64_t now_ns)
{
	struct consumer *c = CONTAINER_OF(t, struct consumer, timer);

	(void)now_ns;
	consumer_has_work(c);
}

static void destroy(struct consumer *c)
{
	c->is_leaving = true;
	timer_clear(consumer_js(c)->host.timers, &c->timer);
	unlisten(c);
	push_stop(c);
	consumer_drop_answers(c);
	if (list_is_linked(&c->link))
		delist(c);
	pending_fini(&c->pending);
	pending_fini(&c->dead);
	seq_queue_fini(&c->again);
	cursor_fini(&c->cursor);
	free(c->matches);
	free(c->lasts);
	consumer_config_destroy(c->config);
	free(c);
}

static struct consumer *make(struct stream *s, struct consumer_config *config)
{
	struct consumer *c = make_place(s) ? calloc(1, sizeof *c) : NULL;

	if (c == NULL) {
		consumer_config_destroy(config);
		return NULL;
	}
	c->stream = s;
	c->config = config;
	c->timer.fire = on_time;
	c->again_due_ns = INT64_MAX;
	c->next_seq = c->next_cseq = 1;
	c->active_ns = consumer_now(c);
	c->cursor.is_kept = s->state != NULL && !config->mem_storage &&
	    !config->direct;
	pull_init(&c->pull);
	list_init(&c->answers);
	if (!consumer_forget_matches(c) ||
	    (consumer_config_is_push(config) && !push_start(c))) {
		destroy(c);
		return NULL;
	}
	return c;
}

static bool collides(const struct consumer_config *a,
    const struct consumer_config *b)
{
	for (size_t i = 0; i < a->n_filters; i++)
		for (size_t k = 0; k < b->n_filters; k++)
			if (subject_overlaps(a->filters[i], b->filters[k]))
				return true;
	return false;
}

/* A work queue gives each message to one consumer. */
static bool check_work_queue(const struct stream *s,
    const struct consumer_config *g, const struct consumer *except,
    struct js_error *e)
{
	if (s->config->retention != RETENTION_WORKQUEUE || g->direct)
		return true;
	if (g->ack_policy != ACK_EXPLICIT && g->ack_policy != ACK_FLOW_CONTROL)
		return js_fail(e, 10098);
	LIST_EACH(l, (struct list *)(uintptr_t)&s->consumers) {
		const struct consumer *o = consumer_of(l);

		if (o == except || o->config->direct)
			continue;
		if (g->n_filters == 0)
			return js_fail(e, 10099);
		if (o->config->n_filters == 0 || collides(g, o->config))
			return js_fail(e, 10100);
	}
	if (except == NULL && g->deliver_policy != DELIVER_ALL)
		return js_fail(e, 10101);
	return true;
}

static bool has_place(const struct stream *s, const struct consumer_config *g,
    struct js_error *e)
{
	int64_t max = s->config->max_consumers;
	int64_t of_account = s->account->limits.max_consumers;

	if (of_account > 0 && (max <= 0 || of_account < max))
		max = of_account;
	if (g->direct || max <= 0 ||
	    s->n_consumers - s->n_direct < (uint64_t)max)
		return true;
	return js_fail(e, 10026);
}

static void announce_pause(struct consumer *c)
{
	c->was_paused = consumer_is_paused(c);
	advisory_paused(c, c->was_paused, c->config->pause_until);
}

static int64_t pause_ends_ns(const struct consumer *c)
{
	int64_t end;

	if (!consumer_is_paused(c) || __builtin_add_overflow(consumer_now(c),
	    c->config->pause_until - consumer_wall(c), &end))
		return INT64_MAX;
	return end;
}

struct consumer *consumer_create(struct stream *s,
    struct consumer_config *config, struct js_error *e)
{
	struct consumer *c;
	int              err = ERR_NOMEM;

	if (!has_place(s, config, e) ||
	    !check_work_queue(s, config, NULL, e)) {
		consumer_config_destroy(config);
		return NULL;
	}
	c = make(s, config);
	if (c == NULL) {
		js_fail(e, 10023);
		return NULL;
	}
	c->created_ns = consumer_wall(c);
	if (consumer_find_start(c))
		err = cursor_create(c);
	if (err == 0 && !listen(c))
		err = ERR_NOMEM;
	if (err != 0) {
		js_fail_with(e, 10104, "%s", err_text(err));
		cursor_forget(c);
		destroy(c);
		return NULL;
	}
	enlist(c);
	if (consumer_is_paused(c))
		announce_pause(c);
	consumer_has_work(c);
	return c;
}

/* Where the stream has lost its end, so has the consumer. */
static void roll_back(struct consumer *c)
{
	uint64_t              last = consumer_last_seq(c);
	struct pending_entry *e;

	if (c->config->deliver_policy == DELIVER_BY_START_SEQUENCE ||
	    c->next_seq <= last + 1)
		return;
	while ((e = pending_from(&c->pending, last + 1)) != NULL)
		pending_remove(&c->pending, e);
	c->next_seq = last + 1;
	if (c->floor.stream_seq > last)
		c->floor.stream_seq = last;
	cursor_reset(c);
}

struct consumer *consumer_restore(struct stream *s, struct slice config_json,
    int64_t created_ns, struct slice state)
{
	struct consumer_config *config;
	struct js_error         e = { 0 };
	struct consumer        *c;
	const char             *why;
	struct json            *doc = json_parse(config_json, &why);
	bool                    ok;

	if (doc == NULL)
		return NULL;
	ok = consumer_config_read(doc, false, &config, &e);
	json_free(doc);
	if (!ok)
		return NULL;
	if (!consumer_config_check(config, s->config,
	    &(struct consumer_limits){ 0 }, false, &e))
		log_warn("consumer %.*s of stream %.*s: %s",
		    SLICE_ARG(config->name), SLICE_ARG(s->name), e.text);
	if (config->name.n == 0 || stream_find_consumer(s, config->name)) {
		consumer_config_destroy(config);
		return NULL;
	}
	c = make(s, config);
	if (c == NULL)
		return NULL;
	c->created_ns = created_ns;
	if (state.n == 0 ? !consumer_find_start(c) : !cursor_apply(c, state)) {
		destroy(c);
		return NULL;
	}
	enlist(c);
	return c;
}

struct consumer *consumer_import(struct stream *s, const struct json *object,
    struct slice name, int64_t created_ns, struct js_error *e)
{
	const struct consumer_limits none = { 0 };
	struct consumer_config *config;
	struct consumer        *c = NULL;

	if (!consumer_config_read(object, false, &config, e))
		return NULL;
	if ((config->name.n == 0 && !consumer_config_set_name(config, name)) ||
	    !consumer_config_check(config, s->config, &none, false, e) ||
	    !has_place(s, config, e) || !check_work_queue(s, config, NULL, e) ||
	    stream_find_consumer(s, config->name) != NULL)
		consumer_config_destroy(config);
	else
		c = make(s, config);
	if (c != NULL && !consumer_find_start(c)) {
		destroy(c);
		c = NULL;
	}
	if (c == NULL) {
		if (!js_failed(e))
			js_fail(e, 10013);
		return NULL;
	}
	c->created_ns = created_ns;
	enlist(c);
	return c;
}

void consumer_resume(struct consumer *c)
{
	roll_back(c);
	if (!listen(c))
		log_error("consumer %.*s of stream %.*s cannot subscribe",
		    SLICE_ARG(consumer_name(c)), SLICE_ARG(c->stream->name));
	c->again_due_ns = INT64_MIN;
	c->was_paused = consumer_is_paused(c);
	consumer_has_work(c);
}

void consumer_close(struct consumer *c)
{
	pull_end_all(c, "409 Server Shutdown", true);
	cursor_reset(c);
	cursor_flush(c);
	destroy(c);
}

/* Those that were waited for only here are not needed any more. */
static void release(struct stream *s)
{
	struct store_state st;
	uint64_t           seq, n;

	if (s->config->retention != RETENTION_INTEREST || s->is_leaving)
		return;
	if (s->n_consumers == s->n_direct) {
		store_purge(s->store, &(struct store_purge){ 0 }, &n);
		js_mark_dirty(s->account->js, s);
		return;
	}
	store_get_state(s->store, &st);
	for (seq = st.first_seq - 1; store_find_next(s->store, SLICE_NONE,
	    seq + 1, &seq) == 0 && seq <= st.last_seq;)
		stream_acked(s, seq);
}

int consumer_delete(struct consumer *c)
{
	struct stream *s = c->stream;
	int            err;

	if (!c->config->direct)
		advisory_consumer_action(c, "delete");
	pull_end_all(c, "409 Consumer Deleted", false);
	if (s->pack != NULL)
		pack_lose(s->pack, c);
	c->is_leaving = true;
	err = cursor_forget(c);
	destroy(c);
	release(s);
	return err;
}

/* ---- nobody uses it --------------------------------------------------- */

static bool is_in_use(struct consumer *c)
{
	if (c->push != NULL)
		return push_is_bound(c);
	return pull_n_live(c) > 0 || consumer_is_owed_an_ack(c);
}

static void pass_pause(struct consumer *c)
{
	if (c->was_paused && !consumer_is_paused(c)) {
		announce_pause(c);
		consumer_has_work(c);
	}
	consumer_wake_at(c, pause_ends_ns(c));
}

void consumer_look_for_end(struct consumer *c)
{
	int64_t end;

	pass_pause(c);
	if (c->config->inactive_ns <= 0)
		return;
	if (__builtin_add_overflow(c->active_ns, c->config->inactive_ns, &end))
		return;
	if (consumer_now(c) < end) {
		consumer_wake_at(c, end);
		return;
	}
	if (is_in_use(c)) {
		consumer_wake_at(c, consumer_now(c) + c->config->inactive_ns);
		return;
	}
	consumer_delete(c);
}

/* ---- changing --------------------------------------------------------- */

static bool same_filters(const struct consumer_config *a,
    const struct consumer_config *b)
{
	if (a->n_filters != b->n_filters)
		return false;
	for (size_t i = 0; i < a->n_filters; i++)
		if (!slice_eq(a->filters[i], b->filters[i]))
			return false;
	return true;
}

static void redeliver_all(struct consumer *c)
{
	for (struct pending_entry *e = pending_first(&c->pending); e != NULL;
	    e = pending_next(&c->pending, e))
		if (!e->is_queued && !e->is_dying)
			e->is_queued = seq_queue_push(&c->again, e->seq);
}

static void take_effect(struct consumer *c, const struct consumer_config *old)
{
	if (!same_filters(old, c->config)) {
		consumer_forget_matches(c);
		release(c->stream);
	}
	if (!slice_eq(old->deliver_subject, c->config->deliver_subject))
		redeliver_all(c);
	c->again_due_ns = INT64_MIN;
	c->active_ns = consumer_now(c);
	cursor_reset(c);
	consumer_has_work(c);
}

static bool check_update(struct consumer *c, const struct consumer_config *to,
    struct js_error *e)
{
	if (!consumer_config_check_update(c->config, to, e) ||
	    !check_work_queue(c->stream, to, c, e))
		return false;
	if (c->push != NULL && push_is_bound(c) && !slice_eq(
	    c->config->deliver_subject, to->deliver_subject))
		return js_fail(e, 10013);
	return true;
}

bool consumer_update(struct consumer *c, struct consumer_config *config,
    struct js_error *e)
{
	struct consumer_config *old = c->config;
	int                     err;

	config->pause_until = old->pause_until;
	config->pause_told = NULL;
	if (!check_update(c, config, e)) {
		consumer_config_destroy(config);
		return false;
	}
	c->config = config;
	err = cursor_write_config(c);
	if (err != 0) {
		c->config = old;
		consumer_config_destroy(config);
		return js_fail_with(e, 10104, "%s", err_text(err));
	}
	take_effect(c, old);
	consumer_config_destroy(old);
	return true;
}

bool consumer_pause(struct consumer *c, int64_t until, struct js_error *e)
{
	int64_t     before = c->config->pause_until;
	const char *told = c->config->pause_told;
	int         err;

	c->config->pause_until = until > consumer_wall(c) ? until
	    : JS_TIME_UNSET;
	c->config->pause_told = NULL;
	err = cursor_write_config(c);
	if (err != 0) {
		c->config->pause_until = before;
		c->config->pause_told = told;
		return js_fail_with(e, 10104, "%s", err_text(err));
	}
	if (c->config->pause_until != before)
		announce_pause(c);
	consumer_has_work(c);
	return true;
}

bool consumer_unpin(struct consumer *c, struct slice group, struct js_error *e)
{
	for (size_t i = 0; i < c->config->n_groups; i++)
		if (slice_eq(c->config->groups[i], group)) {
			pull_unpin(c, "admin");
			return true;
		}
	return js_fail(e, 10160);
}

static bool check_reset(const struct consumer *c, uint64_t seq,
    struct js_error *e)
{
	const struct consumer_config *g = c->config;
	uint64_t                      from;

	switch (g->deliver_policy) {
	case DELIVER_ALL:
		return true;
	case DELIVER_BY_START_SEQUENCE:
		return seq >= g->opt_start_seq ||
		    js_fail_with(e, 10204, "below start seq");
	case DELIVER_BY_START_TIME:
		return store_find_time(c->stream->store, g->opt_start_time,
		    &from) != 0 || seq >= from ||
		    js_fail_with(e, 10204, "below start time");
	default:
		return js_fail_with(e, 10204, "not allowed");
	}
}

bool consumer_reset(struct consumer *c, uint64_t seq, uint64_t *at,
    struct js_error *e)
{
	if (seq != 0 && !check_reset(c, seq, e))
		return false;
	if (seq == 0)
		seq = c->floor.stream_seq + 1;
	pending_clear(&c->pending);
	pending_clear(&c->dead);
	c->again.n = 0;
	c->next_seq = seq;
	c->next_cseq = 1;
	c->floor = (struct consumer_place){ 0, seq - 1 };
	c->last_at = c->n_lasts;
	c->last_delivered_ns = c->last_acked_ns = 0;
	consumer_forget_matches(c);
	cursor_reset(c);
	consumer_has_work(c);
	*at = seq;
	return true;
}

/* ---- information ------------------------------------------------------ */

/* The last of each subject are delivered from behind: while they are, it is told
 * to stand before the next of them, and nothing that is open is below the floor. */
static void tell_of_lasts(const struct consumer *c, struct consumer_view *v)
{
	const struct pending_entry *low = pending_first(&c->pending);
	uint64_t                   *floor = &v->ack_floor.stream_seq;

	if (low != NULL && low->seq <= *floor)
		*floor = low->seq - 1;
	if (c->last_at == c->n_lasts)
		return;
	v->delivered.stream_seq = c->lasts[c->last_at] - 1;
	if (*floor > v->delivered.stream_seq)
		*floor = v->delivered.stream_seq;
}

void consumer_look(const struct consumer *c, struct consumer_view *ret)
{
	struct consumer *own = (struct consumer *)(uintptr_t)c;

	*ret = (struct consumer_view){
		.delivered = { c->next_cseq - 1, c->next_seq - 1 },
		.ack_floor = c->floor,
		.n_ack_pending = c->pending.n,
		.n_redelivered = c->pending.n_again +
		    (c->config->max_deliver == 1 ? 0 : c->dead.n),
		.n_waiting = pull_n_live(c),
		.n_pending = consumer_n_pending(own),
		.last_delivered_ns = c->last_delivered_ns,
		.last_acked_ns = c->last_acked_ns,
		.is_push_bound = c->push != NULL && push_is_bound(c),
		.is_paused = consumer_is_paused(c),
	};
	tell_of_lasts(c, ret);
}

static void write_place(struct json_writer *w, const char *key,
    struct consumer_place p, int64_t last_ns)
{
	json_key(w, key);
	json_begin_object(w);
	json_key(w, "consumer_seq");
	json_u64(w, p.consumer_seq);
	json_key(w, "stream_seq");
	json_u64(w, p.stream_seq);
	if (last_ns != 0) {
		json_key(w, "last_active");
		json_time(w, last_ns);
	}
	json_end_object(w);
}

static void write_u64(struct json_writer *w, const char *key, uint64_t v)
{
	json_key(w, key);
	json_u64(w, v);
}

static void write_groups(const struct consumer *c, struct json_writer *w)
{
	if (c->config->n_groups == 0)
		return;
	json_key(w, "priority_groups");
	json_begin_array(w);
	json_begin_object(w);
	json_key(w, "group");
	json_str(w, c->config->groups[0]);
	if (c->pull.n_pin > 0) {
		json_key(w, "pinned_client_id");
		json_str(w, slice_of(c->pull.pin, c->pull.n_pin));
	}
	json_key(w, "pinned_ts");
	json_time(w, c->pull.n_pin > 0 ? c->pull.pinned_wall_ns
	    : TEXT_TIME_NONE);
	json_end_object(w);
	json_end_array(w);
}

static void write_state(const struct consumer *c, struct json_writer *w)
{
	struct consumer_view v;

	consumer_look(c, &v);
	write_place(w, "delivered", v.delivered, v.last_delivered_ns);
	write_place(w, "ack_floor", v.ack_floor, v.last_acked_ns);
	write_u64(w, "num_ack_pending", v.n_ack_pending);
	write_u64(w, "num_redelivered", v.n_redelivered);
	write_u64(w, "num_waiting", v.n_waiting);
	write_u64(w, "num_pending", v.n_pending);
	if (v.is_push_bound) {
		json_key(w, "push_bound");
		json_bool(w, true);
	}
	if (v.is_paused) {
		json_key(w, "paused");
		json_bool(w, true);
		json_key(w, "pause_remaining");
		json_i64(w, c->config->pause_until - consumer_wall(c));
	}
}

/* The config, with how far behind it is as one more key: from a second on, so
 * that who is not behind reads what nats-server would say. */
static void write_config(const struct consumer *c, bool is_dynamic,
    struct json_writer *w)
{
	static const struct slice key = { "mote.lag_seconds", 16 };
	int64_t lag = consumer_lag_ns((struct consumer *)(uintptr_t)c);
	struct consumer_config with = *c->config;
	struct js_metadata    *m = NULL;
	size_t                 n = 0;
	char                   text[24];

	if (is_dynamic && lag >= NS_PER_S)
		m = calloc(with.n_metadata + 1, sizeof *m);
	if (m == NULL) {
		consumer_config_write(c->config, is_dynamic, w);
		return;
	}
	snprintf(text, sizeof text, "%" PRId64, lag / NS_PER_S);
	for (size_t i = 0; i < with.n_metadata; i++)
		if (!slice_eq(with.metadata[i].key, key))
			m[n++] = with.metadata[i];
	with.n_metadata = n + 1;
	for (; n > 0 && slice_cmp(m[n - 1].key, key) > 0; n--)
		m[n] = m[n - 1];
	m[n] = (struct js_metadata){ key, slice_str(text) };
	with.metadata = m;
	consumer_config_write(&with, is_dynamic, w);
	free(m);
}

static void write_info(const struct consumer *c, bool has_config,
    bool is_dynamic, struct json_writer *w)
{
	json_key(w, "stream_name");
	json_str(w, c->stream->name);
	json_key(w, "name");
	json_str(w, consumer_name(c));
	json_key(w, "created");
	json_time(w, c->created_ns);
	if (has_config) {
		json_key(w, "config");
		write_config(c, is_dynamic, w);
	}
	write_state(c, w);
	json_key(w, "ts");
	json_time(w, consumer_wall(c));
	write_groups(c, w);
}

void consumer_write_info(const struct consumer *c, bool is_dynamic,
    struct json_writer *w)
{
	write_info(c, true, is_dynamic, w);
}

void consumer_write_detail(const struct consumer *c, bool has_config,
    struct json_writer *w)
{
	write_info(c, has_config, false, w);
}
