/* session/client.c - a client's session: birth, login, last words, death. */
#include "session/client.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "auth/nonce.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/trace.h"
#include "core/account.h"
#include "core/accounts.h"
#include "core/policy.h"
#include "core/sublist.h"
#include "proto/info.h"
#include "session/closed.h"
#include "session/hub.h"
#include "session/info.h"
#include "session/login.h"
#include "session/move.h"
#include "session/pace.h"
#include "session/pings.h"
#include "session/secure.h"
#include "session/shadows.h"
#include "session/stall.h"
#include "session/subs.h"
#include "session/verbs.h"
#include "session/version.h"
#include "session/wiretrace.h"

#define LINGER_NS (100 * NS_PER_MS)
enum {
	BURY_AT_ONCE  = 4096,	/* subscriptions removed in one go */
	REMEMBER_SUBS = 1000,	/* more are only counted in /connz of the closed */
};

/* ---- names --------------------------------------------------------------- */

static void set_address(struct client *c, const struct sockaddr_storage *peer)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)peer;
	const struct sockaddr_in  *a4 = (const struct sockaddr_in *)peer;

	if (peer->ss_family == AF_INET6) {
		c->port = ntohs(a6->sin6_port);
		memcpy(c->ip, &a6->sin6_addr, 16);
		c->is_ip6 = memcmp(c->ip, mapped, 12) != 0;
		if (!c->is_ip6)
			memmove(c->ip, c->ip + 12, 4);
	} else if (peer->ss_family == AF_INET) {
		c->port = ntohs(a4->sin_port);
		memcpy(c->ip, &a4->sin_addr, 4);
	}
}

static const char *ip_text(const struct client *c)
{
	static _Thread_local char text[INET6_ADDRSTRLEN];

	return inet_ntop(c->is_ip6 ? AF_INET6 : AF_INET, c->ip, text,
	    sizeof text);
}

/* Parts that are there, with a colon between them. */
static void put_part(struct buf *b, const char *sign, struct slice part)
{
	if (part.n == 0)
		return;
	if (b->p[b->n - 1] != '"')
		buf_put_char(b, ':');
	buf_printf(b, "%s%.*s", sign, SLICE_ARG(part));
}

static void put_identity(const struct client *c, struct buf *b)
{
	const struct connect_opts *o = &c->opts;

	if (o->version.n > 0 || o->lang.n > 0 || o->name.n > 0) {
		buf_put_str(b, " - \"");
		put_part(b, "v", o->version);
		put_part(b, "", o->lang);
		put_part(b, "", o->name);
		buf_put_char(b, '"');
	}
	buf_printf(b, " - \"%.*s", SLICE_ARG(c->account->name));
	if (c->who->kind != PRINCIPAL_NONE)
		buf_put_char(b, '/');
	principal_put_label(c->who, b);
	buf_put_char(b, '"');
}

const char *client_label(const struct client *c)
{
	struct buf *b = &c->hub->label;

	buf_reset(b);
	buf_printf(b, c->is_ip6 ? "[%s]:%u - cid:%llu" : "%s:%u - cid:%llu",
	    ip_text(c), c->port, (unsigned long long)c->cid);
	if (c->has_connected)
		put_identity(c, b);
	buf_put_char(b, '\0');
	return buf_failed(b) ? "client" : b->p;
}

/* ---- last words ---------------------------------------------------------- */

void client_send_err(struct client *c, const char *fmt, ...)
{
	struct buf *b = &c->hub->scratch;
	va_list     ap;

	buf_reset(b);
	buf_put_str(b, "-ERR '");
	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
	buf_put_str(b, "'\r\n");
	if (buf_failed(b) || !conn_is_open(&c->conn))
		return;
	conn_put(&c->conn, b->p, b->n);
	if (LOG_IS_ON(log_trace_on))
		wiretrace_sent_err(c, slice_of(b->p + 6, b->n - 9));
}

void client_refuse(struct client *c, enum refusal r)
{
	const char *text = refusal_text(r);

	if (text[0] != '\0')
		client_send_err(c, "%s", text);
	if (refusal_closes(r))
		client_close(c, refusal_reason(r));
}

void client_close(struct client *c, enum close_reason reason)
{
	if (c->state == CLIENT_CLOSING || c->state == CLIENT_GONE)
		return;
	c->reason = reason;
	login_cancel(c);	/* a verdict would make it ready again */
	conn_flush(&c->conn);
	if (c->state == CLIENT_GONE)
		return;
	if (c->conn.pending == 0) {
		client_drop(c, reason);
		return;
	}
	c->state = CLIENT_CLOSING;
	c->linger_until_ns = loop_now_ns(c->hub->loop) + LINGER_NS;
	conn_pause(&c->conn);
	client_arm_timer(c);
}

static void release(struct grave *g)
{
	struct client *c = CONTAINER_OF(g, struct client, grave);

	verdict_cache_fini(&c->verdicts);
	shadows_fini(c);
	replies_fini(&c->replies);
	connect_opts_fini(&c->opts);
	secure_fini(c);
	principal_unref(c->who);
	pace_by(c, NULL, NULL);
	free(c);
}

static void enter(struct client *c)
{
	struct hub *h = c->hub;

	list_append(&h->clients, &c->link);
	h->stats.n_clients++;
	__atomic_fetch_add(&h->shared->loads[h->worker], 1, __ATOMIC_RELAXED);
}

/* Out of everything of the hub's but its stall and move lists. */
static void exit_hub(struct client *c)
{
	struct hub *h = c->hub;

	timer_clear(loop_timers(h->loop), &c->timer);
	list_remove(&c->link);
	stall_forget(c);
	h->stats.n_clients--;
	__atomic_fetch_sub(&h->shared->loads[h->worker], 1, __ATOMIC_RELAXED);
}

static void leave_account(struct client *c)
{
	__atomic_fetch_sub(&c->account->n_clients, 1, __ATOMIC_RELAXED);
	hub_tell(c->hub, c, SESSION_LEFT);
}

static void remember(struct client *c)
{
	struct client_info info;

	client_describe(c, &info, c->subs.n <= REMEMBER_SUBS);
	info.stop_ns = clock_wall_ns();
	info.reason = c->reason;
	closed_add(c->hub->closed, &info);
	client_info_fini(&info);
}

void client_drop(struct client *c, enum close_reason reason)
{
	struct hub *h = c->hub;

	if (c->state == CLIENT_GONE)
		return;
	c->reason = reason;
	c->state = CLIENT_GONE;
	if (h->builder.from == c)
		h->builder.from = NULL;
	log_debug("%s - Client connection closed: %s", client_label(c),
	    close_reason_text(reason));
	trace(TR_CONN_CLOSE, c->cid, reason);
	remember(c);
	login_cancel(c);
	conn_close(&c->conn);
	list_remove(&c->stall_link);
	move_cancel(c);
	exit_hub(c);
	__atomic_fetch_sub(&h->shared->n_conns, 1, __ATOMIC_RELAXED);
	leave_account(c);
	hub_tell(h, c, SESSION_DISCONNECTED);
	list_append(&h->dying, &c->link);
	client_bury_some(c);
}

bool client_bury_some(struct client *c)
{
	if (!subs_remove_some(c, BURY_AT_ONCE))
		return false;
	list_remove(&c->link);
	/* Else the last subscription takes it along (session/handoff.c). */
	if (c->n_subs_kept == 0)
		loop_bury(c->hub->loop, &c->grave);
	return true;
}

/* ---- INFO ---------------------------------------------------------------- */

int64_t client_payload_max(const struct client *c)
{
	int64_t max = c->hub->config->payload_max;
	int64_t of_account = account_policy(c->account)->payload_max;

	if (of_account >= 0 && of_account < max)
		max = of_account;
	return c->who->payload_max >= 0 && c->who->payload_max < max
	    ? c->who->payload_max : max;
}

static bool says_auth_required(const struct hub *h, enum info_kind kind)
{
	const struct auth *a = h->config->auth;

	return auth_is_required(a) &&
	    (kind != INFO_FIRST || !auth_has_no_auth_user(a));
}

void client_send_info(struct client *c, enum info_kind kind)
{
	const struct session_config *conf = c->hub->config;
	char        nonce[NONCE_CHARS + 1];
	struct buf *b = &c->hub->scratch;
	struct info info = {
		.server_id = conf->server_id,
		.server_name = conf->server_name,
		.version = SLICE(NATS_VERSION),
		.proto = 1,
		.go = SLICE("c11"),
		.host = conf->host,
		.port = conf->port,
		.headers = conf->has_headers,
		.auth_required = says_auth_required(c->hub, kind),
		.max_payload = (int32_t)client_payload_max(c),
		.client_id = c->cid,
		.client_ip = slice_str(ip_text(c)),
		.ldm = kind == INFO_LAME_DUCK,
		.connect_info = kind == INFO_AFTER_PONG,
		.api_lvl = NATS_API_LEVEL,
		.jetstream = conf->has_jetstream,
		.domain = conf->js_domain,
		.xkey = conf->xkey,
		.mote = SLICE(MOTE_VERSION),
	};

	secure_put_info(c, &info);
	if (kind == INFO_AFTER_PONG) {
		info.remote_account = c->account->name;
		info.acc_is_sys = c->account->is_system;
	}
	if (auth_wants_nonce(c->hub->config->auth)) {
		nonce_make(c->cid, nonce);
		info.nonce = slice_of(nonce, NONCE_CHARS);
	}
	buf_reset(b);
	info_write(&info, b);
	if (!buf_failed(b))
		conn_put(&c->conn, b->p, b->n);
}

bool client_tell_lame_duck(struct client *c)
{
	if (!client_is_ready(c) || !c->had_first_pong || c->opts.protocol < 1)
		return false;
	client_send_info(c, INFO_LAME_DUCK);
	return true;
}

/* ---- the socket's events ------------------------------------------------- */

static void ended(struct conn *conn, enum conn_end how)
{
	static const enum close_reason reasons[] = {
		[CONN_EOF] = CLOSE_CLIENT_CLOSED,
		[CONN_READ_ERROR] = CLOSE_READ_ERROR,
		[CONN_WRITE_ERROR] = CLOSE_WRITE_ERROR,
	};
	struct client *c = (struct client *)conn;

	client_drop(c, c->state == CLIENT_CLOSING ? c->reason : reasons[how]);
}

static void blocked(struct conn *conn)
{
	stall_blocked((struct client *)conn);
}

static void drained(struct conn *conn)
{
	stall_drained((struct client *)conn);
}

static const struct conn_ops client_ops = {
	.input = verbs_input,
	.ended = ended,
	.blocked = blocked,
	.drained = drained,
};

/* ---- time ---------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
	return b != 0 && b < a ? b : a;
}

void client_arm_timer(struct client *c)
{
	int64_t when = INT64_MAX;

	if (c->state == CLIENT_GONE)
		return;
	if (c->state == CLIENT_CLOSING) {
		when = c->linger_until_ns;
	} else {
		when = earlier(when, c->auth_until_ns);
		when = earlier(when, c->expires_at_ns);
		when = earlier(when, c->next_ping_ns);
		when = earlier(when, c->retry_at_ns);
		when = earlier(when, c->paced_until_ns);
		when = earlier(when, stall_deadline_ns(c));
		when = earlier(when, secure_deadline_ns(c));
	}
	if (when != INT64_MAX &&
	    !timer_set(loop_timers(c->hub->loop), &c->timer, when))
		client_drop(c, CLOSE_READ_ERROR);
}

static void tick(struct timer *t, int64_t now)
{
	struct client *c = CONTAINER_OF(t, struct client, timer);

	if (c->state == CLIENT_CLOSING) {
		client_drop(c, c->reason);
		return;
	}
	if (secure_deadline_ns(c) <= now)
		secure_tick(c, now);
	else if (c->auth_until_ns != 0 && c->auth_until_ns <= now)
		login_timed_out(c);
	else if (c->expires_at_ns != 0 && c->expires_at_ns <= now)
		login_expired(c);
	else if (c->retry_at_ns != 0 && c->retry_at_ns <= now)
		login_retry(c);
	else if (c->paced_until_ns != 0 && c->paced_until_ns <= now)
		pace_over(c);
	else if (stall_deadline_ns(c) <= now)
		stall_deadline_passed(c);
	else if (c->next_ping_ns != 0 && c->next_ping_ns <= now)
		pings_tick(c, now);
	client_arm_timer(c);
}

/* ---- birth --------------------------------------------------------------- */

void client_apply_limits(struct client *c)
{
	c->parser.line_max = c->hub->config->line_max;
	c->parser.payload_max = client_payload_max(c);
}

void client_part(struct client *c)
{
	exit_hub(c);
	conn_detach(&c->conn);
}

void client_join(struct client *c, struct hub *h)
{
	c->hub = h;
	c->traffic = &c->account->traffic[h->worker];
	c->move_to = -1;
	enter(c);
	if (conn_attach(&c->conn, &h->pool) != 0) {
		client_drop(c, CLOSE_READ_ERROR);
		return;
	}
	client_apply_limits(c);
	/* A reload may have passed while it was on its way. */
	if (c->generation != h->config->generation)
		login_again(c);
	client_arm_timer(c);
}

void client_set_account(struct client *c, struct account *a)
{
	if (c->account != NULL)
		leave_account(c);
	c->account = a;
	c->traffic = &a->traffic[c->hub->worker];
	__atomic_fetch_add(&a->n_clients, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&a->n_clients_ever, 1, __ATOMIC_RELAXED);
	hub_tell(c->hub, c, SESSION_ENTERED);
}

static void be_born(struct client *c)
{
	struct hub *h = c->hub;

	enter(c);
	h->stats.n_clients_ever++;
	trace(TR_CONN_OPEN, c->cid, (uint64_t)c->conn.watch.fd);
	log_debug("%s - Client connection created", client_label(c));
}

struct client *client_open(struct hub *h, int fd,
    const struct sockaddr_storage *peer)
{
	struct client *c = calloc(1, sizeof *c);

	if (c == NULL || conn_open(&c->conn, &h->pool, fd, &client_ops) != 0) {
		free(c);
		close(fd);
		return NULL;
	}
	c->hub = h;
	c->cid = __atomic_add_fetch(&h->shared->last_cid, 1, __ATOMIC_RELAXED);
	c->who = principal_ref(principal_anonymous());
	c->proxy = -1;
	client_set_account(c, accounts_global(h->shared->accounts));
	c->timer.fire = tick;
	c->grave.release = release;
	c->start_wall_ns = clock_wall_ns();
	c->start_ns = c->asked_ns = c->active_ns = loop_now_ns(h->loop);
	connect_opts_init(&c->opts);
	set_address(c, peer);
	c->parser.kind = PEER_CLIENT;
	client_apply_limits(c);
	c->move_to = -1;
	c->generation = h->config->generation;
	be_born(c);
	if (!secure_is_wanted(c))
		client_begin(c, true);
	return c;
}

void client_begin(struct client *c, bool says_info)
{
	login_expect(c);
	pings_begin(c);
	if (says_info)
		client_send_info(c, INFO_FIRST);
	client_arm_timer(c);
}

/* ---- for monitoring ------------------------------------------------------ */

static bool describe_sub(void *ctx, struct client_sub *s)
{
	struct sub_info_list *list = ctx;
	struct buf            pattern = { 0 };
	struct sub_info       info = {
		.queue = s->sub.queue,
		.sid = client_sub_sid(s),
		.n_msgs = s->n_delivered,
		.msgs_max = s->msgs_max,
		.cid = s->client->cid,
	};

	sublist_pattern(&s->sub, &pattern);
	info.subject = buf_slice(&pattern);
	sub_info_add(list, &info);
	buf_fini(&pattern);
	return true;
}

static int64_t wall_of(const struct client *c, int64_t ns)
{
	return c->start_wall_ns + (ns - c->start_ns);
}

void client_describe(const struct client *c, struct client_info *ret,
    bool wants_subs)
{
	*ret = (struct client_info){
		.cid = c->cid,
		.kind = CLIENT_KIND_CLIENT,
		.type = CLIENT_TYPE_NATS,
		.ip = slice_str(ip_text(c)),
		.port = c->port,
		.start_ns = c->start_wall_ns,
		.last_activity_ns = wall_of(c, c->active_ns),
		.rtt_ns = c->rtt_ns,
		.pending_bytes = c->conn.pending,
		.in_msgs = c->in_msgs, .in_bytes = c->in_bytes,
		.out_msgs = c->out_msgs, .out_bytes = c->out_bytes,
		.n_stalls = c->n_stalls,
		.n_rate_waits = pace_n_waits(c),
		.n_subs = c->subs.n,
		.name = c->opts.name,
		.lang = c->opts.lang,
		.version = c->opts.version,
		.tls_version = secure_version(c),
		.tls_cipher = secure_suite(c),
		.is_tls_first = secure_went_first(c),
		.tls_certs = secure_certs(c),
		.user = principal_shown_user(c->who),
		.jwt = c->who->is_bearer ? SLICE_NONE : c->who->jwt,
		.issuer_key = c->who->issuer_key,
		.tags = c->who->tags,
		.proxy_key = auth_proxy_key(c->hub->config->auth, c->proxy),
		.account = c->account->name,
	};
	if (wants_subs)
		sids_visit(&c->subs, describe_sub, &ret->subs);
}
