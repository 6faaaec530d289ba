/* mon/events.c - what is said when.
 *
 * Workers read who we are from a snapshot that control replaces as a whole;
 * the old one goes after a grace period. */
#include "mon/events.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/json.h"
#include "base/nuid.h"
#include "core/account.h"
#include "core/accounts.h"
#include "mon/accountz.h"
#include "mon/documents.h"
#include "mon/statsz.h"
#include "net/loop.h"
#include "proto/subject.h"
#include "session/client.h"
#include "session/hub.h"
#include "session/info.h"
#include "session/inject.h"

#define STATSZ_FIRST_NS (250 * NS_PER_MS)
#define STATSZ_EVERY_NS (10 * NS_PER_S)
#define CONNS_EVERY_NS  (30 * NS_PER_S)

/* It is there, backs streams up in binary, and would keep an account's Raft in
 * that account: what a nats-server of this version says of itself. */
enum { JETSTREAM_FLAGS = 1 | 2 | 4 };

struct snapshot {
	struct epoch_entry retired;
	struct server_info info;	/* what it points to is behind */
	struct slice      *lists;	/* of tags and metadata */
	struct buf         bytes;
};

struct events {
	struct loop           *loop;
	struct session_shared *shared;
	struct documents      *documents;
	struct account        *system;
	struct snapshot       *snapshot;	/* atomic */
	uint64_t               n_said;		/* atomic */
	struct timer           statsz_timer, conns_timer;
	int64_t                statsz_every_ns;
	struct inquiry         statsz;
	bool                   is_counting;	/* statsz is under way */
};

/* ---- who we are ------------------------------------------------------------ */

static void snapshot_destroy(struct snapshot *s)
{
	if (s == NULL)
		return;
	buf_fini(&s->bytes);
	free(s->lists);
	free(s);
}

static void release(struct epoch_entry *e)
{
	snapshot_destroy(CONTAINER_OF(e, struct snapshot, retired));
}

/* The buffer has room for all, so it does not move. */
static struct slice keep(struct snapshot *s, struct slice text)
{
	size_t at = s->bytes.n;

	buf_put_slice(&s->bytes, text);
	return slice_of(s->bytes.p + at, text.n);
}

static struct slices keep_list(struct snapshot *s, struct slices from,
    struct slice *to)
{
	for (size_t i = 0; i < from.n; i++)
		to[i] = keep(s, from.at[i]);
	return (struct slices){ to, from.n };
}

static size_t list_bytes(struct slices list)
{
	size_t n = 0;

	for (size_t i = 0; i < list.n; i++)
		n += list.at[i].n;
	return n;
}

/* NULL: out of memory. */
static struct snapshot *snapshot_create(const struct varz *v,
    struct slice cluster)
{
	struct snapshot *s = calloc(1, sizeof *s);
	size_t n = v->server_name.n + v->host.n + v->server_id.n +
	    v->js_domain.n + cluster.n + v->version.n + list_bytes(v->tags) +
	    list_bytes(v->metadata);

	if (s == NULL)
		return NULL;
	s->lists = calloc(v->tags.n + v->metadata.n + 1, sizeof *s->lists);
	if (s->lists == NULL || buf_reserve(&s->bytes, n + 1) == NULL) {
		snapshot_destroy(s);
		return NULL;
	}
	s->info = (struct server_info){
		.name = keep(s, v->server_name),
		.host = keep(s, v->host),
		.id = keep(s, v->server_id),
		.cluster = keep(s, cluster),
		.domain = keep(s, v->js_domain),
		.ver = keep(s, v->version),
		.tags = keep_list(s, v->tags, s->lists),
		.metadata = keep_list(s, v->metadata, s->lists + v->tags.n),
		.jetstream = v->has_jetstream,
		.js_ack_fc_v2 = v->js_ack_fc_v2,
		.flags = v->has_jetstream ? JETSTREAM_FLAGS : 0,
	};
	return s;
}

void events_refresh(struct events *ev, struct slice cluster)
{
	struct snapshot *s = snapshot_create(
	    documents_identity(ev->documents), cluster);
	struct snapshot *old;

	if (s == NULL)
		return;
	old = __atomic_exchange_n(&ev->snapshot, s, __ATOMIC_ACQ_REL);
	if (old != NULL)
		epoch_defer(loop_epoch(ev->loop), &old->retired, release);
}

struct server_info events_stamp(struct events *ev)
{
	const struct snapshot *s = __atomic_load_n(&ev->snapshot,
	    __ATOMIC_ACQUIRE);
	struct server_info     info = s->info;

	info.seq = __atomic_add_fetch(&ev->n_said, 1, __ATOMIC_RELAXED);
	info.time = clock_wall_ns();
	return info;
}

/* ---- saying ---------------------------------------------------------------- */

/* Is it worth making?  Names of accounts may be no token of a subject. */
static bool is_wanted(const struct events *ev, const struct buf *subject)
{
	return !buf_failed(subject) && subject_is_literal(buf_slice(subject)) &&
	    inject_is_wanted(ev->system, buf_slice(subject));
}

/* On a worker, or (h NULL) on control. */
static void say(struct events *ev, struct hub *h, const struct buf *subject,
    const struct buf *payload)
{
	struct injection m = {
		.account = ev->system,
		.subject = buf_slice(subject),
		.payload = buf_slice(payload),
	};

	if (buf_failed(payload))
		return;
	if (h != NULL)
		inject(h, &m);
	else
		inject_from(ev->loop, &m);
}

/* "$SYS.SERVER.<id>.<what>" */
static void put_server_subject(struct events *ev, const char *what,
    struct buf *out)
{
	const struct snapshot *s = __atomic_load_n(&ev->snapshot,
	    __ATOMIC_ACQUIRE);

	buf_printf(out, "$SYS.SERVER.%.*s.%s", SLICE_ARG(s->info.id), what);
}

/* ---- clients ---------------------------------------------------------------- */

/* Who was not let in is told as who it said it was; a token is nobody's name. */
static void name_stranger(const struct client *c, struct client_info *info)
{
	if (info->user.n > 0)
		return;
	if (c->opts.nkey.n > 0)
		info->user = c->opts.nkey;
	else if (c->opts.user.n > 0)
		info->user = c->opts.user;
	else if (c->opts.auth_token.n > 0)
		info->user = SLICE("[REDACTED]");
}

static void tell_connect(struct events *ev, struct hub *h,
    const struct client *c)
{
	struct buf         subject = { 0 }, payload = { 0 };
	struct server_info server;
	struct client_info info;

	buf_printf(&subject, "$SYS.ACCOUNT.%.*s.CONNECT",
	    SLICE_ARG(c->account->name));
	if (is_wanted(ev, &subject)) {
		client_describe(c, &info, false);
		server = events_stamp(ev);
		advisory_connect(&server, server.time, &info,
		    JSON_INTO(&payload, 0));
		say(ev, h, &subject, &payload);
	}
	buf_fini(&subject);
	buf_fini(&payload);
}

static void tell_end(struct events *ev, struct hub *h, const struct client *c,
    enum close_reason reason, const struct buf *subject)
{
	struct buf         payload = { 0 };
	struct server_info server;
	struct client_info info;

	if (!is_wanted(ev, subject))
		return;
	client_describe(c, &info, false);
	name_stranger(c, &info);
	server = events_stamp(ev);
	info.stop_ns = server.time;
	info.reason = reason;
	advisory_disconnect(&server, server.time, &info,
	    JSON_INTO(&payload, 0));
	say(ev, h, subject, &payload);
	buf_fini(&payload);
}

static void tell_disconnect(struct events *ev, struct hub *h,
    const struct client *c)
{
	struct buf subject = { 0 };

	buf_printf(&subject, "$SYS.ACCOUNT.%.*s.DISCONNECT",
	    SLICE_ARG(c->account->name));
	tell_end(ev, h, c, c->reason, &subject);
	buf_fini(&subject);
}

static void tell_auth_error(struct events *ev, struct hub *h,
    const struct client *c)
{
	struct buf subject = { 0 };

	put_server_subject(ev, "CLIENT.AUTH.ERR", &subject);
	tell_end(ev, h, c, CLOSE_AUTH_FAILED, &subject);
	buf_fini(&subject);
}

/* ---- accounts ---------------------------------------------------------------- */

/* What is said about an account, on both of its subjects. */
struct conns {
	struct account_stats stats;
	char                 id[NUID_CHARS];
	int64_t              now_ns;
};

static void tell_conns_on(struct events *ev, struct hub *h,
    const struct conns *c, const struct buf *subject)
{
	struct server_info server = events_stamp(ev);
	struct buf         payload = { 0 };

	advisory_conns(&server, c->now_ns, c->id, &c->stats,
	    JSON_INTO(&payload, 0));
	say(ev, h, subject, &payload);
	buf_fini(&payload);
}

/* Nobody counts who is in the default account. */
static void tell_conns(struct events *ev, struct hub *h,
    const struct account *a)
{
	struct buf   one = { 0 }, two = { 0 };
	struct conns c;
	bool         wants_one, wants_two;

	if (a == accounts_global(ev->shared->accounts))
		return;
	buf_printf(&one, "$SYS.SERVER.ACCOUNT.%.*s.CONNS", SLICE_ARG(a->name));
	buf_printf(&two, "$SYS.ACCOUNT.%.*s.SERVER.CONNS", SLICE_ARG(a->name));
	wants_one = is_wanted(ev, &one);
	wants_two = is_wanted(ev, &two);
	if (wants_one || wants_two) {
		c.now_ns = clock_wall_ns();
		account_stats_fill(a, &c.stats);
		nuid_next(c.id);
	}
	if (wants_one)
		tell_conns_on(ev, h, &c, &one);
	if (wants_two)
		tell_conns_on(ev, h, &c, &two);
	buf_fini(&one);
	buf_fini(&two);
}

static bool repeat_conns(void *ctx, struct account *a)
{
	struct events *ev = ctx;

	if (__atomic_load_n(&a->n_clients, __ATOMIC_RELAXED) > 0)
		tell_conns(ev, NULL, a);
	return true;
}

static void repeat_all_conns(struct timer *t, int64_t now)
{
	struct events *ev = CONTAINER_OF(t, struct events, conns_timer);

	accounts_each(ev->shared->accounts, repeat_conns, ev);
	timer_set(loop_timers(ev->loop), t, now + CONNS_EVERY_NS);
}

/* Thread: the hub's. */
static void happened(void *ctx, struct hub *h, const struct client *c,
    enum session_event what)
{
	struct events *ev = ctx;

	switch (what) {
	case SESSION_CONNECTED:
		tell_connect(ev, h, c);
		break;
	case SESSION_DISCONNECTED:
		tell_disconnect(ev, h, c);
		break;
	case SESSION_AUTH_FAILED:
		tell_auth_error(ev, h, c);
		break;
	case SESSION_ENTERED:
	case SESSION_LEFT:
		tell_conns(ev, h, c->account);
		break;
	}
}

static void describe_server(void *ctx, struct buf *out)
{
	struct server_info server = events_stamp(ctx);

	server_info_write(&server, JSON_INTO(out, 0));
}

/* ---- the server --------------------------------------------------------------- */

static void statsz_counted(struct inquiry *q, enum document_outcome how)
{
	struct events     *ev = CONTAINER_OF(q, struct events, statsz);
	struct buf         subject = { 0 }, payload = { 0 };
	struct server_info server = events_stamp(ev);
	struct statsz      stats = { &q->varz, q->n_active_accounts, 1 };

	ev->is_counting = false;
	buf_fini(&q->body);
	if (how != DOCUMENT_TOLD)
		return;
	put_server_subject(ev, "STATSZ", &subject);
	statsz_write(&server, &stats, JSON_INTO(&payload, 0));
	say(ev, NULL, &subject, &payload);
	buf_fini(&subject);
	buf_fini(&payload);
}

static void statsz_forgotten(struct inquiry *q)
{
	buf_fini(&q->body);
}

void events_publish_statsz(struct events *ev)
{
	if (ev->is_counting)
		return;
	ev->is_counting = true;
	ev->statsz = (struct inquiry){ .documents = ev->documents,
		.done = statsz_counted, .forget = statsz_forgotten,
		.now_ns = clock_wall_ns(), .tells_jetstream = true };
	documents_count(&ev->statsz);
}

static void tick_statsz(struct timer *t, int64_t now)
{
	struct events *ev = CONTAINER_OF(t, struct events, statsz_timer);
	struct buf     subject = { 0 };

	put_server_subject(ev, "STATSZ", &subject);
	if (is_wanted(ev, &subject))
		events_publish_statsz(ev);
	buf_fini(&subject);
	timer_set(loop_timers(ev->loop), t, now + ev->statsz_every_ns);
	ev->statsz_every_ns *= 2;
	if (ev->statsz_every_ns > STATSZ_EVERY_NS)
		ev->statsz_every_ns = STATSZ_EVERY_NS;
}

bool events_say_leaving(struct events *ev, const char *how)
{
	struct buf subject = { 0 }, payload = { 0 };
	bool       wanted;

	put_server_subject(ev, how, &subject);
	wanted = is_wanted(ev, &subject);
	if (wanted) {
		struct server_info server = events_stamp(ev);

		server_info_write(&server, JSON_INTO(&payload, 0));
		say(ev, NULL, &subject, &payload);
	}
	buf_fini(&subject);
	buf_fini(&payload);
	return wanted;
}

/* ---- life ------------------------------------------------------------------------ */

struct events *events_create(struct loop *loop,
    struct session_shared *shared, struct documents *documents)
{
	struct events *ev = calloc(1, sizeof *ev);

	if (ev == NULL)
		return NULL;
	ev->loop = loop;
	ev->shared = shared;
	ev->documents = documents;
	ev->system = accounts_system(shared->accounts);
	ev->snapshot = snapshot_create(documents_identity(documents),
	    SLICE_NONE);
	if (ev->snapshot == NULL) {
		free(ev);
		return NULL;
	}
	ev->statsz_every_ns = STATSZ_FIRST_NS;
	ev->statsz_timer.fire = tick_statsz;
	ev->conns_timer.fire = repeat_all_conns;
	shared->listener = (struct session_listener){ happened, describe_server,
		ev };
	return ev;
}

void events_start(struct events *ev)
{
	int64_t now = clock_ns();

	timer_set(loop_timers(ev->loop), &ev->statsz_timer,
	    now + STATSZ_FIRST_NS);
	timer_set(loop_timers(ev->loop), &ev->conns_timer,
	    now + CONNS_EVERY_NS);
}

void events_destroy(struct events *ev)
{
	if (ev == NULL)
		return;
	ev->shared->listener = (struct session_listener){ 0 };
	timer_clear(loop_timers(ev->loop), &ev->statsz_timer);
	timer_clear(loop_timers(ev->loop), &ev->conns_timer);
	snapshot_destroy(ev->snapshot);
	free(ev);
}
