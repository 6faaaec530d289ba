/* session/deliver.c - a run of messages into a client's output.
 *
 * The frame is "MSG <subject> " + sid + tail, or with HMSG when the message
 * has headers: three copies, because the rest was made once for all receivers.
 */
#include "session/deliver.h"

#include "base/log.h"
#include "core/account.h"
#include "core/msg.h"
#include "core/sublist.h"
#include "session/client.h"
#include "session/hub.h"
#include "session/msgtrace.h"
#include "session/shadows.h"
#include "session/stall.h"
#include "session/subs.h"
#include "session/wiretrace.h"

/* From this size on a message is referenced where it lies, not copied. */
enum { REFERENCE_MIN = 16 * 1024 };

static struct slice prefix_of(const struct run *run, const struct msg *m)
{
	return m->hdr_size > 0 ? run->prefix : slice_skip(run->prefix, 1);
}

static char *put(char *to, struct slice s)
{
	memcpy(to, s.p, s.n);
	return to + s.n;
}

static bool put_large(struct conn *conn, struct slice prefix, struct slice sid,
    struct slice tail, struct block *block)
{
	char *to = conn_reserve(conn, prefix.n + sid.n);

	if (to == NULL)
		return false;
	put(put(to, prefix), sid);
	conn_added(conn, prefix.n + sid.n);
	return block != NULL ? conn_put_ref(conn, block, tail)
	    : conn_put(conn, tail.p, tail.n);
}

static bool put_frame(struct conn *conn, struct slice prefix, struct slice sid,
    struct slice tail, struct block *block)
{
	size_t n = prefix.n + sid.n + tail.n;
	char  *to;

	if (tail.n >= REFERENCE_MIN)
		return put_large(conn, prefix, sid, tail, block);
	to = conn_reserve(conn, n);
	if (to == NULL)
		return false;
	put(put(put(to, prefix), sid), tail);
	conn_added(conn, n);
	return true;
}

/* For a receiver that has no headers: as if the message had none. */
static bool put_stripped(struct client *c, const struct run *run,
    const struct msg *m, struct slice sid)
{
	struct buf  *b = &c->hub->scratch;
	struct slice body = msg_payload(m);

	buf_reset(b);
	buf_put_slice(b, slice_skip(run->prefix, 1));
	buf_put_slice(b, sid);
	buf_put_char(b, ' ');
	if (m->reply.n > 0) {
		buf_put_slice(b, m->reply);
		buf_put_char(b, ' ');
	}
	buf_put_u64(b, body.n);
	buf_put(b, "\r\n", 2);
	buf_put(b, body.p, body.n + 2);
	return !buf_failed(b) && conn_put(&c->conn, b->p, b->n);
}

static bool put_message(struct client *c, const struct client_sub *s,
    const struct run *run, const struct msg *m)
{
	if (LOG_IS_ON(log_trace_on))
		wiretrace_out(c, s, run, m);
	if (m->hdr_size > 0 && !c->parser.has_headers)
		return put_stripped(c, run, m, client_sub_sid(s));
	return put_frame(&c->conn, prefix_of(run, m), client_sub_sid(s),
	    m->tail, run->block);
}

/* How many of the run's messages this subscription still takes. */
static uint32_t room(const struct client_sub *s, const struct run *run)
{
	uint64_t left;

	if (s->msgs_max == 0)
		return run->n > 0 ? run->n : UINT32_MAX;
	left = s->n_delivered >= s->msgs_max ? 0
	    : s->msgs_max - s->n_delivered;
	return left < run->n || run->n == 0 ? (uint32_t)left : run->n;
}

static void grant_replies(struct client *c, const struct run *run, uint32_t n)
{
	int64_t now = loop_now_ns(c->hub->loop);

	for (uint32_t i = 0; i < n; i++)
		if (run->msgs[i].reply.n > 0)
			replies_grant(&c->replies, c->who->permissions,
			    run->msgs[i].reply, now);
}

static void count_out(struct client *c, struct client_sub *s,
    const struct run *run, uint32_t n)
{
	uint64_t bytes = run->bytes;

	if (n != run->n) {
		bytes = 0;
		for (uint32_t i = 0; i < n; i++)
			bytes += run->msgs[i].size;
	}
	s->n_delivered += n;
	c->out_msgs += n;
	c->out_bytes += bytes;
	c->active_ns = loop_now_ns(c->hub->loop);
	c->traffic->out_msgs += n;
	c->traffic->out_bytes += bytes;
	c->hub->stats.out_msgs += n;
	c->hub->stats.out_bytes += bytes;
}

uint32_t deliver(struct sub *sub, const struct run *run)
{
	struct client_sub *s = (struct client_sub *)sub;
	struct client     *c = s->client;
	uint32_t           n;

	if (run->trace != NULL)
		return deliver_traced(sub, run, sub);
	if (sub->is_closed || !client_is_ready(c) ||
	    (run->publisher == c && !c->opts.echo))
		return 0;
	n = room(s, run);
	if (n == 0 || run->n == 0)
		return n;
	if (!stall_has_room(c, run))
		return 0;
	for (uint32_t i = 0; i < n; i++)
		if (!put_message(c, s, run, &run->msgs[i])) {
			client_drop(c, CLOSE_SLOW_PENDING);
			return i;
		}
	if (c->grants_replies)
		grant_replies(c, run, n);
	count_out(c, s, run, n);
	if (s->msgs_max != 0 && s->n_delivered >= s->msgs_max)
		subs_remove(c, s);
	return n;
}

/* ---- traced -------------------------------------------------------------- */

/* Why it will not be given the message, as a trace tells it; NULL: it will. */
static const char *find_obstacle(const struct client_sub *s,
    const struct run *run)
{
	const struct client *c = s->client;

	if (run->publisher == c && !c->opts.echo)
		return MSGTRACE_NO_ECHO;
	if (s->sub.is_closed)
		return MSGTRACE_SUB_CLOSED;
	if (!client_is_ready(c))
		return MSGTRACE_CLOSED;
	return room(s, run) == 0 ? MSGTRACE_EXCEEDED : NULL;
}

static void tell_egress(struct msgtrace *t, const struct client_sub *s,
    const struct run *run, struct slice pattern, const char *why)
{
	if (s->client->account != deliver_account(&s->sub))
		msgtrace_stream(t, s->client->account, run->subject);
	msgtrace_egress(t, &s->sub, pattern, why);
}

uint32_t deliver_traced(struct sub *sub, const struct run *run,
    const struct sub *as)
{
	const char  *why = find_obstacle((struct client_sub *)sub, run);
	struct run   untraced = *run;
	struct buf   pattern = { 0 };
	uint32_t     n = 0;

	untraced.trace = NULL;
	if (why == NULL && run->n == 0)
		return deliver(sub, &untraced);
	/* Its last message takes the subscription away. */
	if (!as->is_closed)
		sublist_pattern(as, &pattern);
	if (why == NULL)
		n = msgtrace_is_only(run->trace) ? run->n
		    : deliver(sub, &untraced);
	if (why == NULL && n == 0)
		why = MSGTRACE_CLOSED;
	tell_egress(run->trace, (const struct client_sub *)as, run,
	    buf_slice(&pattern), why);
	buf_fini(&pattern);
	return n;
}

struct client *deliver_owner(const struct sub *sub)
{
	return sub->give == deliver || shadow_is(sub)
	    ? ((const struct client_sub *)sub)->client : NULL;
}

struct account *deliver_account(const struct sub *sub)
{
	return shadow_is(sub) ? shadow_account(sub)
	    : ((const struct client_sub *)sub)->client->account;
}
