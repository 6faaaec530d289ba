/* session/msgtrace.c - what happens to a message on its way, told to who asked.
 *
 * Events are text as soon as they happen, because a receiver may be gone when
 * they are told.  Two workers may add at the same moment: a short lock.
 */
#include "session/msgtrace.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "core/account.h"
#include "core/account_spec.h"
#include "core/msg.h"
#include "core/policy.h"
#include "core/sublist.h"
#include "proto/parse.h"
#include "proto/subject.h"
#include "proto/trace_header.h"
#include "session/client.h"
#include "session/deliver.h"
#include "session/handoff.h"
#include "session/hub.h"
#include "session/inject.h"

/* Of a message that ten thousand get, the first few thousand are told. */
enum { EVENTS_BYTES_MAX = 512 * 1024 };

enum { KIND_CLIENT = 0 };

struct msgtrace {
	uint32_t        n_refs;		/* atomic */
	bool            is_only;
	struct account *account;	/* where it came in */
	struct buf      request;	/* JSON */
	struct buf      ingress;	/* an object, still open */

	pthread_mutex_t lock;		/* of: */
	struct buf      events;		/* objects, a comma before each */
	uint64_t        n_untold;

	size_t          dest_n;
	char            dest[];
};

/* ---- is it to be traced? -------------------------------------------------- */

static bool is_drawn(int64_t percent)
{
	return percent >= 100 || (int64_t)random_below(100) < percent;
}

static bool has_dest(const struct account_spec *spec)
{
	return spec != NULL && spec->trace_dest.n > 0;
}

static enum msgtrace_demand read_parent(const struct account_spec *spec,
    struct msgtrace_wish *ret)
{
	if (!has_dest(spec))
		return MSGTRACE_NONE;
	if (!is_drawn(spec->trace_sampling))
		return MSGTRACE_OFF;
	*ret = (struct msgtrace_wish){ spec->trace_dest, false };
	return MSGTRACE_ON;
}

static enum msgtrace_demand read_dest(const struct trace_header *x,
    struct msgtrace_wish *ret)
{
	if (!subject_is_literal(x->dest))
		return x->is_only ? MSGTRACE_DROP : MSGTRACE_NONE;
	*ret = (struct msgtrace_wish){ x->dest, x->is_only };
	return MSGTRACE_ON;
}

/* Only servers say whose a trace is, and this one has been told by a client. */
static enum msgtrace_demand refuse_origin(const struct client *c,
    const struct trace_header *x)
{
	log_error("%s - Nats-Trace-Origin-Account header is not for clients, "
	    "tracing disabled", client_label(c));
	return x->is_only ? MSGTRACE_DROP : MSGTRACE_OFF;
}

enum msgtrace_demand msgtrace_read(const struct client *c,
    struct slice headers, struct msgtrace_wish *ret)
{
	const struct account_spec *spec = account_policy(c->account)->spec;
	struct trace_header        x;
	enum msgtrace_demand       demand;

	if (!trace_header_read(headers, has_dest(spec), &x))
		return MSGTRACE_NONE;
	demand = x.dest.n > 0 ? read_dest(&x, ret)
	    : read_parent(spec, ret);
	return demand == MSGTRACE_ON && x.has_origin ? refuse_origin(c, &x)
	    : demand;
}

/* ---- events --------------------------------------------------------------- */

static void begin_event(struct json_writer *w, const char *type)
{
	json_begin_object(w);
	json_key(w, "type");
	json_cstr(w, type);
	json_key(w, "ts");
	json_time(w, clock_wall_ns());
}

static void put_text(struct json_writer *w, const char *key, struct slice s)
{
	json_key(w, key);
	json_str(w, s);
}

static void put_client(struct json_writer *w, const struct client *c)
{
	json_key(w, "kind");
	json_u64(w, KIND_CLIENT);
	json_key(w, "cid");
	json_u64(w, c->cid);
	if (c->opts.name.n > 0)
		put_text(w, "name", c->opts.name);
}

/* Consumes event. */
static void add_event(struct msgtrace *t, struct buf *event)
{
	pthread_mutex_lock(&t->lock);
	if (buf_failed(event) || buf_failed(&t->events) ||
	    t->events.n + event->n > EVENTS_BYTES_MAX) {
		t->n_untold++;
	} else {
		buf_put_char(&t->events, ',');
		buf_put_slice(&t->events, buf_slice(event));
	}
	pthread_mutex_unlock(&t->lock);
	buf_fini(event);
}

void msgtrace_refused(struct msgtrace *t, struct slice error)
{
	buf_put_str(&t->ingress, ",\"error\":");
	json_quote(&t->ingress, error);
}

void msgtrace_mapped(struct msgtrace *t, struct slice to)
{
	struct buf          b = { 0 };
	struct json_writer *w = JSON_INTO(&b, 0);

	begin_event(w, "sm");
	put_text(w, "to", to);
	json_end_object(w);
	add_event(t, &b);
}

void msgtrace_service(struct msgtrace *t, const struct account *a,
    struct slice from, struct slice to)
{
	struct buf          b = { 0 };
	struct json_writer *w = JSON_INTO(&b, 0);

	begin_event(w, "si");
	put_text(w, "acc", a->name);
	put_text(w, "from", from);
	put_text(w, "to", to);
	json_end_object(w);
	add_event(t, &b);
}

void msgtrace_stream(struct msgtrace *t, const struct account *a,
    struct slice to)
{
	struct buf          b = { 0 };
	struct json_writer *w = JSON_INTO(&b, 0);

	begin_event(w, "se");
	put_text(w, "acc", a->name);
	put_text(w, "to", to);
	json_end_object(w);
	add_event(t, &b);
}

void msgtrace_jetstream(struct msgtrace *t, struct slice stream,
    struct slice subject, bool is_unwanted, struct slice error)
{
	struct buf          b = { 0 };
	struct json_writer *w = JSON_INTO(&b, 0);

	begin_event(w, "js");
	put_text(w, "stream", stream);
	if (subject.n > 0)
		put_text(w, "subject", subject);
	if (is_unwanted) {
		json_key(w, "nointerest");
		json_bool(w, true);
	}
	if (error.n > 0)
		put_text(w, "error", error);
	json_end_object(w);
	add_event(t, &b);
}

void msgtrace_egress(struct msgtrace *t, const struct sub *s,
    struct slice pattern, const char *error)
{
	const struct client *c = deliver_owner(s);
	struct buf           b = { 0 };
	struct json_writer  *w = JSON_INTO(&b, 0);

	begin_event(w, "eg");
	put_client(w, c);
	if (c->account != t->account)
		put_text(w, "acc", c->account->name);
	if (pattern.n > 0)
		put_text(w, "sub", pattern);
	if (s->queue.n > 0)
		put_text(w, "queue", s->queue);
	if (error != NULL)
		put_text(w, "error", slice_str(error));
	json_end_object(w);
	add_event(t, &b);
}

void msgtrace_note_denied(struct msgtrace *t, const struct sub *s)
{
	struct buf pattern = { 0 };

	if (deliver_owner(s) == NULL)
		return;
	if (!s->is_closed)
		sublist_pattern(s, &pattern);
	msgtrace_egress(t, s, buf_slice(&pattern), MSGTRACE_DENIED);
	buf_fini(&pattern);
}

/* Another worker's client is described over there: the run travels without its
 * message. */
void msgtrace_denied(void *ctx, struct sub *s, const struct run *run)
{
	struct hub *h = ctx;
	struct run  nothing = *run;

	nothing.n = 0;
	nothing.bytes = 0;
	if (s->worker == h->worker)
		msgtrace_note_denied(run->trace, s);
	else
		handoff_put(h, s->worker, &s, 1, &nothing);
}

/* ---- life ----------------------------------------------------------------- */

static void put_request(struct buf *out, const struct op *op,
    struct slice headers)
{
	buf_put_str(out, "{\"header\":");
	trace_header_put_fields(headers, out);
	buf_printf(out, ",\"msgsize\":%u}", op->size);
}

static void put_ingress(struct buf *out, const struct client *c,
    const struct op *op)
{
	struct json_writer *w = JSON_INTO(out, 0);

	begin_event(w, "in");
	put_client(w, c);
	put_text(w, "acc", c->account->name);
	put_text(w, "subj", op->subject);
}

static void destroy(struct msgtrace *t)
{
	buf_fini(&t->request);
	buf_fini(&t->ingress);
	buf_fini(&t->events);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

struct msgtrace *msgtrace_create(const struct client *c, const struct op *op,
    struct slice headers, const struct msgtrace_wish *wish)
{
	struct msgtrace *t = calloc(1, sizeof *t + wish->dest.n);

	if (t == NULL)
		return NULL;
	t->n_refs = 1;
	t->is_only = wish->is_only;
	t->account = c->account;
	t->dest_n = wish->dest.n;
	memcpy(t->dest, wish->dest.p, wish->dest.n);
	pthread_mutex_init(&t->lock, NULL);
	put_request(&t->request, op, headers);
	put_ingress(&t->ingress, c, op);
	return t;
}

bool msgtrace_is_only(const struct msgtrace *t)
{
	return t->is_only;
}

struct slice msgtrace_dest(const struct msgtrace *t)
{
	return slice_of(t->dest, t->dest_n);
}

/* ---- telling it ----------------------------------------------------------- */

static void put_trace(const struct hub *h, const struct msgtrace *t,
    struct buf *out)
{
	const struct session_listener *l = &h->shared->listener;

	buf_put_str(out, "{\"server\":");
	l->describe_server(l->ctx, out);
	buf_put_str(out, ",\"request\":");
	buf_put_slice(out, buf_slice(&t->request));
	buf_put_str(out, ",\"events\":[");
	buf_put_slice(out, buf_slice(&t->ingress));
	buf_put_char(out, '}');
	buf_put_slice(out, buf_slice(&t->events));
	buf_put_char(out, ']');
	if (t->n_untold > 0)
		buf_printf(out, ",\"untold\":%llu",
		    (unsigned long long)t->n_untold);
	buf_put_char(out, '}');
}

static void tell(struct hub *h, const struct msgtrace *t)
{
	struct buf       text = { 0 };
	struct injection m = { .account = t->account,
		.subject = msgtrace_dest(t) };

	if (h->shared->listener.describe_server == NULL ||
	    !inject_is_wanted(t->account, m.subject))
		return;
	put_trace(h, t, &text);
	m.payload = buf_slice(&text);
	if (!buf_failed(&text) && !buf_failed(&t->request) &&
	    !buf_failed(&t->ingress))
		inject(h, &m);
	buf_fini(&text);
}

struct msgtrace *msgtrace_ref(struct msgtrace *t)
{
	if (t != NULL)
		__atomic_fetch_add(&t->n_refs, 1, __ATOMIC_RELAXED);
	return t;
}

void msgtrace_unref(struct hub *h, struct msgtrace *t)
{
	if (t == NULL || __atomic_sub_fetch(&t->n_refs, 1,
	    __ATOMIC_ACQ_REL) > 0)
		return;
	tell(h, t);
	destroy(t);
}
