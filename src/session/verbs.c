/* session/verbs.c - what a client may say, and what it does.
 *
 * One row for each verb.  Before a login only CONNECT is looked at; what else
 * comes first is a breach, or the beginning of a session as no_auth_user.
 */
#include "session/verbs.h"

#include "base/compiler.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "session/client.h"
#include "session/handoff.h"
#include "session/hub.h"
#include "session/login.h"
#include "session/publish.h"
#include "session/subs.h"
#include "session/wiretrace.h"

static void do_connect(struct client *c, const struct op *op)
{
	if (!connect_parse(op->args[0], &c->opts)) {
		client_refuse(c, REFUSAL_BAD_JSON);
		return;
	}
	login_connect(c);
}

/* A client has no business to send INFO, but nats-server reads it and shrugs. */
static void do_info(struct client *c, const struct op *op)
{
	const char  *why;
	struct json *j = json_parse(op->args[0], &why);

	if (j == NULL || !json_is_object(j))
		client_refuse(c, REFUSAL_BAD_JSON);
	json_free(j);
}

static void do_ping(struct client *c, const struct op *op)
{
	(void)op;
	/* Who has flushed a publisher and now flushes a subscriber expects
	 * that everything has arrived: what this one published is on its way
	 * before its PONG is, and what came for it while we were here is ahead
	 * of its PONG. */
	handoff_post(c->hub->handoff);
	mesh_drain(loop_mesh(c->hub->loop), c->hub->worker, c->hub);
	if (!client_is_ready(c))
		return;
	conn_put(&c->conn, "PONG\r\n", 6);
	if (LOG_IS_ON(log_trace_on))
		wiretrace_sent(c, SLICE("PONG"));
	if ((!c->has_connected && c->who->kind == PRINCIPAL_NONE) ||
	    c->had_first_pong)
		return;
	c->had_first_pong = true;
	if (c->opts.protocol >= 1)
		client_send_info(c, INFO_AFTER_PONG);
}

static void do_pong(struct client *c, const struct op *op)
{
	int64_t now = loop_now_ns(c->hub->loop);

	(void)op;
	c->n_pings_out = 0;
	if (c->ping_sent_ns == 0)
		return;
	c->rtt_ns = now - c->ping_sent_ns;
	if (c->rtt_ns < 1)
		c->rtt_ns = 1;	/* known, and very short */
	c->rtt_known_ns = now;
	c->ping_sent_ns = 0;
}

static void do_nothing(struct client *c, const struct op *op)
{
	(void)c;
	(void)op;
}

static void do_err(struct client *c, const struct op *op)
{
	log_error("%s - Client Error %.*s", client_label(c),
	    SLICE_ARG(op->args[0]));
	client_refuse(c, REFUSAL_PEER_ERR);
}

static const struct {
	void (*act)(struct client *c, const struct op *op);
	bool is_activity;	/* for stale detection */
	int  work;		/* in units of about 100 ns */
} verbs[N_VERBS] = {
	[VERB_CONNECT] = { do_connect,       true,  100 },
	[VERB_INFO]    = { do_info,          false, 100 },
	[VERB_PING]    = { do_ping,          true,  1 },
	[VERB_PONG]    = { do_pong,          false, 1 },
	[VERB_SUB]     = { subs_subscribe,   true,  8 },
	[VERB_UNSUB]   = { subs_unsubscribe, true,  8 },
	[VERB_OK]      = { do_nothing,       false, 1 },
	[VERB_ERR]     = { do_err,           false, 1 },
	/* PUB and HPUB go to session/publish.c. */
};

static void act(struct client *c, const struct op *op, struct block *block)
{
	if (op->verb == VERB_PUB || op->verb == VERB_HPUB) {
		publish(c, op, block);
		return;
	}
	publish_flush(c->hub);
	if (!client_is_ready(c) && op->verb != VERB_CONNECT)
		return;
	if (LOG_IS_ON(log_trace_on))
		wiretrace_in(c, op);
	c->hub->work_left -= verbs[op->verb].work;
	if (verbs[op->verb].is_activity)
		c->asked_ns = c->active_ns = loop_now_ns(c->hub->loop);
	verbs[op->verb].act(c, op);
}

/* ---- refusals of the parser ---------------------------------------------- */

static void log_refusal(struct client *c, enum refusal why, struct slice at,
    const struct op *op)
{
	struct buf b = { 0 };

	if (at.n > 32)
		at.n = 32;
	text_put_quoted(&b, at);
	if (why == REFUSAL_PAYLOAD)
		log_error("%s - maximum payload exceeded: %u vs %lld",
		    client_label(c), op->size,
		    (long long)c->parser.payload_max);
	else if (why == REFUSAL_NO_HEADERS)
		log_error("%s - message headers not supported",
		    client_label(c));
	else
		log_error("%s - Client parser ERROR, state=0, i=0: "
		    "proto='%.*s...'", client_label(c),
		    SLICE_ARG(buf_slice(&b)));
	buf_fini(&b);
}

static struct slice behind_line(struct slice at)
{
	const char *lf = memchr(at.p, '\n', at.n);

	return slice_skip(at, lf == NULL ? at.n : (size_t)(lf - at.p) + 1);
}

static void refuse_bytes(struct client *c, enum refusal why, struct slice at,
    const struct op *op)
{
	publish_flush(c->hub);
	if (!conn_is_open(&c->conn) || c->state == CLIENT_CLOSING)
		return;
	if (why == REFUSAL_PAYLOAD)
		publish_too_large(c, op, behind_line(at));
	log_refusal(c, why, at, op);
	client_refuse(c, why);
}

/* ---- before the login ---------------------------------------------------- */

/* May the operation that begins with this byte be looked at?  False: the
 * client was refused, or has to be asked for first (input waits). */
static bool pass_login(struct client *c, char first)
{
	if (client_is_ready(c))
		return true;
	if (c->state != CLIENT_ACCEPTED)
		return false;
	if (first == 'C' || first == 'c')
		return true;
	if (auth_admits_silent(c->hub->config->auth)) {
		login_silent(c);
		return client_is_ready(c);
	}
	log_error("%s - %s", client_label(c), "authentication error");
	c->hub->stats.n_auth_failures++;
	client_refuse(c, REFUSAL_AUTH);
	return false;
}

/* ---- fairness ------------------------------------------------------------ */

/* What a connection may do before it yields. */
enum {
	WORK_ALONE   = 100000,	/* nobody else is ready */
	WORK_BESIDE  = 120,	/* somebody is */
	DELIVERIES_MAX = 65536,	/* large batches make them cheap */
};

/* The rest waits in the parser's way for a password that is being hashed or
 * for the time that its rate asks for, or is of no interest any more. */
static bool may_go_on(const struct client *c)
{
	return (c->state == CLIENT_READY || c->state == CLIENT_ACCEPTED) &&
	    c->paced_until_ns == 0;
}

/* Subscriptions are what eats a turn unseen: a buffer full of SUB is many
 * times the work of one full of PUB.  Deliveries count for less, as
 * large batches are what makes them cheap. */
static bool is_turn_over(struct hub *h)
{
	return h->work_left <= 0 ||
	    h->stats.out_msgs - h->out_msgs_before > DELIVERIES_MAX;
}

size_t verbs_input(struct conn *conn, struct slice in, struct block *block,
    size_t *need)
{
	struct client    *c = (struct client *)conn;
	size_t            n = in.n;
	enum refusal      why = REFUSAL_NONE;
	enum parse_result r = PARSE_OP;
	struct op         op NOT_ZEROED;

	c->hub->work_left = loop_n_ready(c->hub->loop) > 1 ? WORK_BESIDE
	    : WORK_ALONE;
	c->hub->out_msgs_before = c->hub->stats.out_msgs;
	while (in.n > 0 && may_go_on(c) && pass_login(c, *in.p)) {
		if (is_turn_over(c->hub)) {
			publish_flush(c->hub);
			*need = CONN_YIELD;
			return n - in.n;
		}
		r = parse_next(&c->parser, &in, &op, &why);
		if (r != PARSE_OP)
			break;
		act(c, &op, block);
	}
	if (r == PARSE_REFUSED)
		refuse_bytes(c, why, in, &op);
	publish_flush(c->hub);
	*need = c->parser.need;
	/* Nothing is kept of a peer that has had its last word. */
	return c->state == CLIENT_CLOSING ? n : n - in.n;
}
