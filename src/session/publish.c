/* session/publish.c - permission, runs, match, fan-out, no responders. */
#include "session/publish.h"

#include "base/compiler.h"
#include "base/log.h"
#include "base/text.h"
#include "core/account.h"
#include "core/mappings.h"
#include "core/match.h"
#include "core/policy.h"
#include "core/sublist.h"
#include "proto/subject.h"
#include "proto/trace_header.h"
#include "session/client.h"
#include "session/deliver.h"
#include "session/handoff.h"
#include "session/hub.h"
#include "session/move.h"
#include "session/msgtrace.h"
#include "session/route.h"
#include "session/pace.h"
#include "session/stall.h"
#include "session/wiretrace.h"

enum { RUN_BYTES_MAX = 64 * 1024 };

/* ---- may it be published? ------------------------------------------------ */

static bool has_prefix_of(struct slice s, const struct slice *prefixes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_has_prefix(s, prefixes[i]))
			return true;
	return false;
}

/* Names that servers use among themselves. */
static bool is_reserved_subject(struct slice s)
{
	static const struct slice reserved[] = {
		{ "_GR_.", 5 }, { "$GR.", 4 }, { "$NRG.", 5 },
	};

	return has_prefix_of(s, reserved, 3);
}

static bool is_reserved_reply(struct slice s)
{
	static const struct slice reserved[] = {
		{ "_R_.", 4 }, { "$JS.ACK.", 8 }, { "_GR_.", 5 }, { "$GR.", 4 },
	};

	return s.n > 0 && (*s.p == '_' || *s.p == '$') &&
	    has_prefix_of(s, reserved, 4);
}

static bool may_publish(struct client *c, struct slice subject)
{
	const struct permissions *p = c->who->permissions;

	if (is_reserved_subject(subject))
		return false;
	if (p == NULL || verdict_may_publish(&c->verdicts, p, subject))
		return true;
	return c->grants_replies && replies_may_use(&c->replies, p, subject,
	    loop_now_ns(c->hub->loop));
}

static void refuse_name(struct client *c, const char *told,
    const char *logged, struct slice name)
{
	struct buf quoted = { 0 }, text = { 0 };

	text_put_quoted(&quoted, name);
	buf_printf(&text, "Permissions Violation for Publish %s %.*s", told,
	    SLICE_ARG(buf_slice(&quoted)));
	if (c->hub->builder.trace != NULL)
		msgtrace_refused(c->hub->builder.trace, buf_slice(&text));
	client_send_err(c, "%.*s", SLICE_ARG(buf_slice(&text)));
	log_error("%s - Publish Violation - %s %.*s", client_label(c), logged,
	    SLICE_ARG(buf_slice(&quoted)));
	buf_fini(&quoted);
	buf_fini(&text);
}

/* ---- no responders ------------------------------------------------------- */

static void send_503(struct client *c, const struct client_sub *s,
    struct slice reply, struct slice subject)
{
	struct buf *b = &c->hub->scratch;
	size_t      n = 32 + subject.n;

	buf_reset(b);
	buf_printf(b, "HMSG %.*s %.*s %zu %zu\r\nNATS/1.0 503\r\n"
	    "Nats-Subject: %.*s\r\n\r\n\r\n", SLICE_ARG(reply),
	    SLICE_ARG(client_sub_sid(s)), n, n, SLICE_ARG(subject));
	if (!buf_failed(b))
		conn_put(&c->conn, b->p, b->n);
}

/* Only a subscription of the publisher's own tells it where to put that. */
static void tell_no_responders(struct client *c, struct slice reply,
    struct slice subject)
{
	const struct match *m = match_find(c->hub->matches, c->account->sublist,
	    reply);

	for (uint32_t i = 0; i < m->n_plain; i++)
		if (deliver_owner(m->plain[i]) == c) {
			send_503(c, (struct client_sub *)m->plain[i], reply,
			    subject);
			return;
		}
}

static void answer_unheard(struct client *c, const struct run *run,
    uint64_t taken)
{
	for (uint32_t i = 0; i < run->n && conn_is_open(&c->conn); i++)
		if (!(taken >> i & 1) && run->msgs[i].reply.n > 0)
			tell_no_responders(c, run->msgs[i].reply, run->subject);
}

/* ---- the run ------------------------------------------------------------- */

static void count_in(struct client *c, const struct run *run)
{
	c->traffic->in_msgs += run->n;
	c->traffic->in_bytes += run->bytes;
}

void publish_flush(struct hub *h)
{
	struct run_builder *b = &h->builder;
	struct client      *c = b->from;
	uint64_t            taken, before = h->stats.out_msgs;

	if (c == NULL)
		return;
	b->from = NULL;
	count_in(c, &b->run);
	taken = route(h, c->account, &b->run, &b->prefix);
	if (c->opts.no_responders && client_is_ready(c))
		answer_unheard(c, &b->run, taken);
	stall_if_crowded(c);
	pace_run(c, b->run.n, b->run.bytes);
	if (h->shared->n_workers > 1)
		move_note_run(c, b->run.n, h->stats.out_msgs - before);
}

static void add_message(struct run_builder *b, const struct op *op,
    struct slice tail)
{
	struct msg *m = &b->msgs[b->run.n++];

	m->tail = tail;
	m->reply = op->reply;
	m->body_at = (uint32_t)(tail.n - op->size - 2);
	m->hdr_size = op->hdr_size;
	m->size = op->size;
	b->run.bytes += op->size;
}

static void begin_run(struct client *c, const struct op *op,
    struct block *block)
{
	struct run_builder *b = &c->hub->builder;

	b->from = c;
	b->asked = SLICE_NONE;
	b->run = (struct run){ .subject = op->subject, .msgs = b->msgs,
		.block = block, .publisher = c, .trace = b->trace };
	add_message(b, op, op->tail);
}

/* Spelled in an unusual way: what is sent on is written anew. */
static void publish_respelled(struct client *c, const struct op *op)
{
	struct run_builder *b = &c->hub->builder;
	struct op           usual = *op;

	buf_reset(&b->tail);
	if (op->reply.n > 0) {
		buf_put_char(&b->tail, ' ');
		buf_put_slice(&b->tail, op->reply);
	}
	if (op->hdr_size > 0) {
		buf_put_char(&b->tail, ' ');
		buf_put_u64(&b->tail, op->hdr_size);
	}
	buf_put_char(&b->tail, ' ');
	buf_put_u64(&b->tail, op->size);
	buf_put(&b->tail, "\r\n", 2);
	buf_put(&b->tail, op->body.p, op->body.n + 2);
	if (buf_failed(&b->tail)) {
		client_drop(c, CLOSE_READ_ERROR);
		return;
	}
	usual.tail = buf_slice(&b->tail);
	begin_run(c, &usual, NULL);
	publish_flush(c->hub);
}

static bool has_room_for(const struct run_builder *b, const struct client *c,
    const struct op *op)
{
	return b->from == c && b->run.n < RUN_MAX && op->is_canonical &&
	    b->run.bytes + op->size <= RUN_BYTES_MAX &&
	    !is_reserved_reply(op->reply);
}

static void note_op(struct client *c, const struct op *op)
{
	c->in_msgs++;
	c->in_bytes += op->size;
	c->asked_ns = c->active_ns = loop_now_ns(c->hub->loop);
	c->hub->stats.in_msgs++;
	c->hub->stats.in_bytes += op->size;
}

/* What has to be asked once for a run, because the subject is the same. */
static bool admit_subject(struct client *c, const struct op *op)
{
	if (c->opts.pedantic && !subject_is_literal(op->subject))
		client_refuse(c, REFUSAL_BAD_PUBLISH);
	if (may_publish(c, op->subject))
		return true;
	refuse_name(c, "to", "Subject", op->subject);
	return false;
}

/* The subject is as it will be delivered: mapped, if there is a mapping. */
static void publish_as(struct client *c, const struct op *op,
    struct block *block)
{
	struct run_builder *b = &c->hub->builder;

	/* A granted reply is counted for each use, so each asks again. */
	if (!c->grants_replies && !c->opts.pedantic &&
	    has_room_for(b, c, op) && slice_eq(b->run.subject, op->subject)) {
		if (c->opts.verbose)
			conn_put(&c->conn, "+OK\r\n", 5);
		add_message(b, op, op->tail);
		return;
	}
	publish_flush(c->hub);
	if (!conn_is_open(&c->conn) || !admit_subject(c, op))
		return;
	if (is_reserved_reply(op->reply)) {
		refuse_name(c, "with Reply of", "Reply", op->reply);
		return;
	}
	if (c->opts.verbose)
		conn_put(&c->conn, "+OK\r\n", 5);
	if (op->is_canonical)
		begin_run(c, op, block);
	else
		publish_respelled(c, op);
}

/* The run under way keeps its subject in one buffer, so this goes into the
 * other; they change places when a run begins with it. */
static void publish_mapped(struct client *c, const struct op *op,
    struct block *block, const struct mappings *mappings)
{
	struct run_builder *b = &c->hub->builder;
	struct buf         *to = &b->mapped[b->is_mapped_to];
	struct op           renamed = *op;

	switch (mappings_apply(mappings, op->subject, SLICE_NONE, to)) {
	case MAPPING_DROPPED:
		if (b->trace != NULL)
			msgtrace_mapped(b->trace, SLICE_NONE);
		if (c->opts.verbose)
			conn_put(&c->conn, "+OK\r\n", 5);
		return;
	case MAPPING_MAPPED:
		renamed.subject = buf_slice(to);
		if (b->trace != NULL)
			msgtrace_mapped(b->trace, renamed.subject);
		break;
	case MAPPING_SAME:
		break;
	}
	publish_as(c, &renamed, block);
	if (b->from == c && b->run.subject.p == to->p)
		b->is_mapped_to ^= 1;
}

/* The first on its subject, or each has to be looked at. */
static NOT_INLINED void publish_first(struct client *c, const struct op *op,
    struct block *block)
{
	const struct mappings *mappings = account_policy(c->account)->mappings;
	struct run_builder    *b = &c->hub->builder;

	if (mappings == NULL)
		publish_as(c, op, block);
	else
		publish_mapped(c, op, block, mappings);
	if (b->from == c && b->run.n == 1 && !c->grants_replies &&
	    !c->opts.pedantic && !c->opts.verbose &&
	    mappings_is_steady(mappings, op->subject))
		b->asked = op->subject;
}

static inline void publish_named(struct client *c, const struct op *op,
    struct block *block)
{
	struct run_builder *b = &c->hub->builder;

	if (has_room_for(b, c, op) && slice_eq(b->asked, op->subject))
		add_message(b, op, op->tail);
	else
		publish_first(c, op, block);
}

/* ---- traced ---------------------------------------------------------------- */

static struct slice headers_of(const struct op *op)
{
	return slice_of(op->body.p, op->hdr_size);
}

/* What a client is granted for one reply is for that. */
static bool may_be_told(struct client *c, const struct msgtrace_wish *w)
{
	const struct permissions *p = c->who->permissions;

	if (!is_reserved_subject(w->dest) && (p == NULL ||
	    verdict_may_publish(&c->verdicts, p, w->dest)))
		return true;
	refuse_name(c, "to", "Subject", w->dest);
	return false;
}

/* A message of its own, so that nobody else's is told of. */
static void publish_traced(struct client *c, const struct op *op,
    struct block *block, const struct msgtrace_wish *w)
{
	struct hub *h = c->hub;

	publish_flush(h);
	if (!conn_is_open(&c->conn) || !may_be_told(c, w))
		return;
	h->builder.trace = msgtrace_create(c, op, headers_of(op), w);
	/* Without memory for the trace: what is not to be delivered is not. */
	if (h->builder.trace != NULL || !w->is_only)
		publish_first(c, op, block);
	publish_flush(h);
	msgtrace_unref(h, h->builder.trace);
	h->builder.trace = NULL;
}

/* Servers that this one passes it to are told not to trace it either. */
static void publish_untraced(struct client *c, const struct op *op)
{
	struct run_builder *b = &c->hub->builder;
	struct op           changed = *op;

	publish_flush(c->hub);
	buf_reset(&b->body);
	trace_header_put_dest(headers_of(op), TRACE_DISABLED, &b->body);
	changed.hdr_size = (uint32_t)b->body.n;
	buf_put(&b->body, op->body.p + op->hdr_size,
	    op->body.n - op->hdr_size + 2);
	if (buf_failed(&b->body)) {
		client_drop(c, CLOSE_READ_ERROR);
		return;
	}
	changed.size = (uint32_t)(b->body.n - 2);
	changed.body = slice_of(b->body.p, changed.size);
	changed.is_canonical = false;
	publish_first(c, &changed, NULL);
}

static NOT_INLINED void publish_with_headers(struct client *c,
    const struct op *op, struct block *block)
{
	struct msgtrace_wish wish;

	switch (msgtrace_read(c, headers_of(op), &wish)) {
	case MSGTRACE_NONE:
		publish_named(c, op, block);
		break;
	case MSGTRACE_OFF:
		publish_untraced(c, op);
		break;
	case MSGTRACE_DROP:
		break;
	case MSGTRACE_ON:
		publish_traced(c, op, block, &wish);
		break;
	}
}

void publish(struct client *c, const struct op *op, struct block *block)
{
	note_op(c, op);
	if (LOG_IS_ON(log_trace_on))
		wiretrace_in(c, op);
	if (op->hdr_size > 0)
		publish_with_headers(c, op, block);
	else
		publish_named(c, op, block);
}

void publish_too_large(struct client *c, const struct op *op,
    struct slice body)
{
	struct msgtrace_wish wish;
	struct msgtrace     *t;
	struct slice         headers;

	if (op->hdr_size == 0 || op->hdr_size > body.n || !client_is_ready(c))
		return;
	headers = slice_of(body.p, op->hdr_size);
	if (msgtrace_read(c, headers, &wish) != MSGTRACE_ON ||
	    !may_be_told(c, &wish))
		return;
	t = msgtrace_create(c, op, headers, &wish);
	if (t != NULL)
		msgtrace_refused(t, SLICE("maximum payload exceeded"));
	msgtrace_unref(c->hub, t);
}
