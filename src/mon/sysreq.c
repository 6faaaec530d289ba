/* mon/sysreq.c - the table of requests, and how each is answered.
 *
 * A question is read when it comes; what cannot be read, or is meant for other
 * servers, goes no further.  The others wait in line: one is with the documents
 * at a time, so that answers come in the order of the questions and a flood of
 * them costs the workers no more than one. */
#include "mon/sysreq.h"

#include <stdlib.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "core/account.h"
#include "core/accounts.h"
#include "core/permissions.h"
#include "mon/accountz.h"
#include "mon/advisory.h"
#include "mon/ask.h"
#include "mon/documents.h"
#include "mon/events.h"
#include "mon/process.h"
#include "mon/statsz.h"
#include "net/loop.h"
#include "proto/subject.h"
#include "session/client.h"
#include "session/hub.h"
#include "session/info.h"
#include "session/inbox.h"
#include "session/inject.h"

enum { QUESTIONS_MAX = 4096, QUEUE_NAME_MAX = 256 };

struct question;

/* One kind of request. */
struct row {
	const char            *name;	/* last token, or the whole subject */
	const struct ask_spec *spec;	/* NULL: the body is no such JSON */
	size_t                 at;	/* of the options in the question */
	void                 (*run)(struct question *q);
	bool                   may_be_silent;	/* no reply is asked for */
	bool                   hides_errors;	/* of the body */
	bool                   needs_body;
};

/* One subject that is listened to. */
struct ear {
	struct sysreq    *sysreq;
	const struct row *row;
	struct inbox     *inbox;
};

struct sysreq {
	struct sysreq_config config;
	struct account      *system;
	struct list          waiting, reloads;
	unsigned             n_questions;
	struct question     *current;		/* with the documents */
	bool                 is_going_on;
	struct ear          *ears;
	size_t               n_ears;
};

/* What only some ask. */
struct particulars {
	uint64_t     cid;
	struct slice account, subject, queue;
};

struct question {
	struct inquiry     inquiry;	/* first */
	struct list        link;
	struct sysreq     *sysreq;
	const struct row  *row;
	struct ask         ask;
	struct ask_options options;
	struct particulars some;
	struct json       *info;	/* who asks, if that was shared */
	uint64_t           asker;	/* its cid; 0: not a client of ours */
	struct slice       account;	/* in the subject; these point behind */
	struct slice       reply, payload;
	char               bytes[];
};

/* ---- answers ----------------------------------------------------------------- */

static void question_destroy(struct question *q)
{
	ask_fini(&q->ask);
	json_free(q->info);
	buf_fini(&q->inquiry.body);
	q->sysreq->n_questions--;
	free(q);
}

static void go_on(struct sysreq *sr);

/* It is answered, or needs no answer. */
static void leave(struct question *q)
{
	struct sysreq *sr = q->sysreq;

	if (sr->current == q)
		sr->current = NULL;
	question_destroy(q);
	go_on(sr);
}

static void publish(const struct question *q, const struct buf *payload)
{
	struct sysreq *sr = q->sysreq;

	if (buf_failed(payload) || q->reply.n == 0)
		return;
	inject_from(sr->config.loop, &(struct injection){
	    .account = sr->system, .subject = q->reply,
	    .payload = buf_slice(payload) });
}

static void answer_plain(struct question *q, struct slice text)
{
	struct buf payload = { 0 };

	buf_put_slice(&payload, text);
	publish(q, &payload);
	buf_fini(&payload);
	leave(q);
}

static void answer_number(struct question *q)
{
	struct buf payload = { 0 };

	buf_put_u64(&payload, q->inquiry.n);
	publish(q, &payload);
	buf_fini(&payload);
	leave(q);
}

static struct server_info stamp(const struct question *q)
{
	return events_stamp(q->sysreq->config.events);
}

static void answer_data(struct question *q, struct slice data)
{
	struct server_info server = stamp(q);
	struct json_writer w;
	struct buf         payload = { 0 };

	json_init(&w, &payload, 0);
	answer_begin(&server, &w);
	json_raw(&w, data);
	answer_end(&w);
	publish(q, &payload);
	buf_fini(&payload);
	leave(q);
}

static void answer_failure(struct question *q, unsigned code,
    struct slice why, bool has_null_data)
{
	struct server_info server = stamp(q);
	struct buf         payload = { 0 };

	answer_error(&server, code, why, has_null_data, JSON_INTO(&payload, 0));
	publish(q, &payload);
	buf_fini(&payload);
	leave(q);
}

static void answer_success(struct question *q)
{
	struct server_info server = stamp(q);
	struct buf         payload = { 0 };

	answer_done(&server, JSON_INTO(&payload, 0));
	publish(q, &payload);
	buf_fini(&payload);
	leave(q);
}

static struct question *question_of(struct inquiry *inquiry)
{
	return (struct question *)inquiry;
}

static void document_done(struct inquiry *inquiry, enum document_outcome how)
{
	struct question *q = question_of(inquiry);

	if (how == DOCUMENT_TOLD)
		answer_data(q, buf_slice(&inquiry->body));
	else if (how == DOCUMENT_NOT_MEANT)
		leave(q);
	else
		answer_failure(q, 500, buf_slice(&inquiry->body), true);
}

static void forget(struct inquiry *inquiry)
{
	struct question *q = question_of(inquiry);

	q->sysreq->current = NULL;
	question_destroy(q);
}

/* ---- documents ------------------------------------------------------------------ */

/* For who checks options: *error stays the inquiry's body. */
static void run_checked(struct question *q, bool is_sound,
    void (*document)(struct inquiry *inquiry))
{
	if (is_sound)
		document(&q->inquiry);
	else
		answer_failure(q, 500, buf_slice(&q->inquiry.body), true);
}

static void run_varz(struct question *q)
{
	documents_varz(&q->inquiry);
}

static void run_connz(struct question *q)
{
	struct inquiry *i = &q->inquiry;

	if (q->account.n > 0)
		i->connz.account = q->account;
	run_checked(q, connz_options_check(&i->connz, &i->body),
	    documents_connz);
}

static void run_subsz(struct question *q)
{
	struct inquiry *i = &q->inquiry;

	if (q->account.n > 0) {
		i->subsz.account = q->account;
		i->subsz.lists_subs = true;
	}
	run_checked(q, subsz_options_check(&i->subsz, &i->body),
	    documents_subsz);
}

static void run_routez(struct question *q)
{
	documents_routez(&q->inquiry);
}

static void run_gatewayz(struct question *q)
{
	documents_gatewayz(&q->inquiry);
}

static void run_leafz(struct question *q)
{
	documents_leafz(&q->inquiry);
}

static void run_accountz(struct question *q)
{
	q->inquiry.account = q->options.account;
	documents_accountz(&q->inquiry);
}

static void run_info(struct question *q)
{
	q->inquiry.account = q->account;
	documents_account(&q->inquiry);
}

static void run_jsz(struct question *q)
{
	if (q->account.n == 0) {
		documents_jsz(&q->inquiry);
		return;
	}
	q->inquiry.jsz.account = q->account;
	documents_account_jsz(&q->inquiry);
}

static void run_healthz(struct question *q)
{
	q->inquiry.tells_status = true;
	documents_healthz(&q->inquiry);
}

/* An account that nobody uses is not answered for, unless asked to be. */
static void statz_done(struct inquiry *inquiry, enum document_outcome how)
{
	struct question *q = question_of(inquiry);

	if (inquiry->n == 0 && !inquiry->shows_unused)
		leave(q);
	else
		document_done(inquiry, how);
}

static void run_statz(struct question *q)
{
	struct inquiry *i = &q->inquiry;

	i->done = statz_done;
	i->shows_unused = q->options.includes_unused;
	if (slice_eq(q->account, SLICE("PING")))
		i->accounts = q->options.accounts;
	else
		i->account = q->account;
	documents_accstatz(i);
}

static void statsz_done(struct inquiry *inquiry, enum document_outcome how)
{
	struct question   *q = question_of(inquiry);
	struct server_info server = stamp(q);
	struct statsz      stats = { &inquiry->varz,
		inquiry->n_active_accounts, 1 };
	struct buf         payload = { 0 };

	if (how != DOCUMENT_TOLD) {
		document_done(inquiry, how);
		return;
	}
	statsz_write(&server, &stats, JSON_INTO(&payload, 0));
	publish(q, &payload);
	buf_fini(&payload);
	leave(q);
}

static void run_statsz(struct question *q)
{
	if (q->reply.n == 0) {
		events_publish_statsz(q->sysreq->config.events);
		leave(q);
		return;
	}
	q->inquiry.done = statsz_done;
	q->inquiry.tells_jetstream = true;
	documents_count(&q->inquiry);
}

static void run_idz(struct question *q)
{
	struct server_info server = stamp(q);
	struct buf        *body = &q->inquiry.body;

	server_id_write(&server, JSON_INTO(body, 0));
	answer_plain(q, buf_slice(body));
}

/* ---- small truths ----------------------------------------------------------------- */

static void run_expvarz(struct question *q)
{
	struct buf *body = &q->inquiry.body;

	buf_printf(body, "{\"memstats\":{\"Sys\":%lld},\"cmdline\":[\"mote\"]}",
	    (long long)process_resident());
	answer_data(q, buf_slice(body));
}

/* Queues inside nats-server, and Raft groups: there are none. */
static void run_nothing(struct question *q)
{
	answer_data(q, SLICE("{}"));
}

static void run_profilez(struct question *q)
{
	struct json_writer w;
	struct buf         why = { 0 };
	struct buf        *body = &q->inquiry.body;

	if (q->options.name.n == 0)
		buf_put_str(&why, "Profile name not specified");
	else
		buf_printf(&why, "Profile \"%.*s\" not found",
		    SLICE_ARG(q->options.name));
	json_init(&w, body, 0);
	json_begin_object(&w);
	json_key(&w, "profile");
	json_null(&w);
	json_key(&w, "error");
	json_str(&w, buf_slice(&why));
	json_end_object(&w);
	buf_fini(&why);
	answer_data(q, buf_slice(body));
}

/* ---- clients ------------------------------------------------------------------------ */

static void visited(struct inquiry *inquiry, enum document_outcome how,
    struct slice why_not)
{
	struct question *q = question_of(inquiry);

	if (how != DOCUMENT_TOLD)
		answer_failure(q, 500, buf_slice(&inquiry->body), false);
	else if (inquiry->n == 0)
		answer_failure(q, 500, why_not, false);
	else
		answer_success(q);
}

/* Thread: the client's. */
static bool kick(void *ctx, struct client *c, struct buf *out)
{
	const struct question *q = ctx;

	(void)out;
	if (c->cid != q->some.cid)
		return false;
	client_close(c, CLOSE_KICKED);
	return true;
}

static void kicked(struct inquiry *inquiry, enum document_outcome how)
{
	visited(inquiry, how, SLICE("no such client or leafnode id"));
}

static void run_kick(struct question *q)
{
	q->inquiry.visit = kick;
	q->inquiry.done = kicked;
	documents_visit(&q->inquiry);
}

/* Thread: the client's. */
static bool tell_to_leave(void *ctx, struct client *c, struct buf *out)
{
	const struct question *q = ctx;

	if (c->cid != q->some.cid)
		return false;
	if (!client_tell_lame_duck(c))
		buf_put_str(out, "client does not support Lame Duck Mode or "
		    "is not ready to receive the notification");
	return true;
}

static void told_to_leave(struct inquiry *inquiry, enum document_outcome how)
{
	if (how == DOCUMENT_TOLD && inquiry->body.n > 0)
		answer_failure(question_of(inquiry), 500,
		    buf_slice(&inquiry->body), false);
	else
		visited(inquiry, how, SLICE("no such client id"));
}

static void run_ldm(struct question *q)
{
	q->inquiry.visit = tell_to_leave;
	q->inquiry.done = told_to_leave;
	documents_visit(&q->inquiry);
}

/* Thread: the client's. */
static bool describe_user(void *ctx, struct client *c, struct buf *out)
{
	const struct question *q = ctx;
	struct buf             permissions = { 0 };
	struct client_info     info;
	struct user_info       user;
	int64_t                left = 0;

	if (c->cid != q->some.cid)
		return false;
	client_describe(c, &info, false);
	if (c->who->permissions != NULL)
		permissions_to_json(c->who->permissions, &permissions);
	if (c->who->expires_ns != 0)
		left = c->who->expires_ns - clock_wall_ns();
	user = (struct user_info){
		.user = info.user,
		.account = info.account,
		.account_name = info.name_tag.n > 0 ? info.name_tag
		    : info.account,
		.user_name = c->who->name,
		.permissions = buf_slice(&permissions),
		.expires = left,
	};
	user_info_write(&user, JSON_INTO(out, 0));
	buf_fini(&permissions);
	return true;
}

/* Who asked is gone by now, or was not told of: nobody is told so. */
static void user_described(struct inquiry *inquiry, enum document_outcome how)
{
	if (how == DOCUMENT_TOLD && inquiry->n == 0)
		buf_put_str(&inquiry->body, "{\"user\":\"\",\"account\":\"\"}");
	document_done(inquiry, how);
}

static void ask_who(struct question *q, uint64_t cid)
{
	q->some.cid = cid;
	q->inquiry.visit = describe_user;
	q->inquiry.done = user_described;
	documents_visit(&q->inquiry);
}

/* By an import, which tells who asks. */
static void run_user_info(struct question *q)
{
	int64_t id = 0;

	json_as_i64(json_get(q->info, "id"), &id);
	ask_who(q, id > 0 ? (uint64_t)id : 0);
}

static void run_own_info(struct question *q)
{
	ask_who(q, q->asker);
}

/* ---- counts --------------------------------------------------------------------------- */

static void counted(struct inquiry *inquiry, enum document_outcome how)
{
	struct question *q = question_of(inquiry);

	if (how == DOCUMENT_TOLD)
		answer_number(q);
	else
		leave(q);
}

/* A literal subject counts who would receive it, a pattern what is in it. */
static void count_subs(struct question *q, struct slice account,
    struct slice subject, struct slice queue)
{
	struct subsz_options *o = &q->inquiry.subsz;

	*o = (struct subsz_options){ .lists_subs = true, .account = account,
		.queue = queue };
	if (subject_is_literal(subject))
		o->test = subject;
	else
		o->within = subject;
	q->inquiry.done = counted;
	if (subject_is_valid(subject))
		documents_count(&q->inquiry);
	else
		answer_number(q);
}

static struct slice take_word(struct slice *rest)
{
	struct slice word;

	while (rest->n > 0 && strchr(" \t\r\n", rest->p[0]) != NULL)
		*rest = slice_skip(*rest, 1);
	word = slice_of(rest->p, 0);
	while (word.n < rest->n && (rest->p[word.n] == '\0' ||
	    strchr(" \t\r\n", rest->p[word.n]) == NULL))
		word.n++;
	*rest = slice_skip(*rest, word.n);
	return word;
}

static void run_subscribers(struct question *q)
{
	struct slice rest = q->payload;
	struct slice subject = take_word(&rest), queue = take_word(&rest);
	struct slice account = q->sysreq->system->name;

	json_as_str(json_get(q->info, "acc"), &account);
	count_subs(q, account, subject, queue);
}

/* Asked by servers: the queue is in base64.  Silent where nobody counts. */
static void run_nsubs(struct question *q)
{
	struct particulars *s = &q->some;
	char                queue[QUEUE_NAME_MAX];
	size_t              n = 0;

	if (s->queue.n > 0 && sodium_base642bin((unsigned char *)queue,
	    sizeof queue, s->queue.p, s->queue.n, NULL, &n, NULL,
	    sodium_base64_VARIANT_ORIGINAL) != 0) {
		leave(q);
		return;
	}
	if (accounts_find(q->sysreq->config.shared->accounts, s->account)
	    == NULL) {
		leave(q);
		return;
	}
	/* The name has to stay until the count is there. */
	s->queue = n == 0 ? SLICE_NONE : slice_of(memcpy(q->bytes, queue, n), n);
	count_subs(q, s->account, s->subject, s->queue);
}

static void run_conns(struct question *q)
{
	struct sysreq       *sr = q->sysreq;
	struct account      *a = accounts_find(sr->config.shared->accounts,
	    q->account);
	struct account_stats stats;
	struct server_info   server;
	struct buf          *body = &q->inquiry.body;

	if (a != NULL)
		account_stats_fill(a, &stats);
	if (a == NULL || stats.conns + stats.leafnodes == 0 ||
	    (q->some.account.n > 0 && !slice_eq(q->some.account, q->account))) {
		leave(q);
		return;
	}
	server = stamp(q);
	advisory_conns(&server, server.time, NULL, &stats, JSON_INTO(body, 0));
	answer_plain(q, buf_slice(body));
}

/* ---- reload ------------------------------------------------------------------------------ */

static void run_reload(struct question *q)
{
	struct sysreq *sr = q->sysreq;

	sr->current = NULL;
	list_append(&sr->reloads, &q->link);
	sr->config.reload(sr->config.ctx);
}

void sysreq_reloaded(struct sysreq *sr, struct slice why)
{
	while (!list_is_empty(&sr->reloads)) {
		struct question *q = CONTAINER_OF(list_take(&sr->reloads),
		    struct question, link);

		if (why.n == 0)
			answer_success(q);
		else
			answer_failure(q, 500, why, false);
	}
}

/* ---- the table ---------------------------------------------------------------------------- */

#define SOME(key, member, kind) \
	{ key, ASK_##kind, offsetof(struct particulars, member), NULL }

static const struct ask_field client_fields[] = {
	SOME("cid", cid, U64), { NULL, ASK_STR, 0, NULL },
};
static const struct ask_field conns_fields[] = {
	SOME("acc", account, STR), { NULL, ASK_STR, 0, NULL },
};
static const struct ask_field nsubs_fields[] = {
	SOME("acc", account, STR), SOME("subject", subject, STR),
	SOME("queue", queue, STR), { NULL, ASK_STR, 0, NULL },
};

static const struct ask_spec client_spec = { "KickClientReq", client_fields };
static const struct ask_spec conns_spec = { "accNumConnsReq", conns_fields };
static const struct ask_spec nsubs_spec = { "accNumSubsReq", nsubs_fields };

#define IN(member) offsetof(struct question, member)

/* "$SYS.REQ.SERVER.PING.<name>" and "$SYS.REQ.SERVER.<id>.<name>" */
static const struct row of_servers[] = {
	{ "IDZ", NULL, 0, run_idz },
	{ "STATSZ", &ask_statsz, IN(options), run_statsz,
	  .may_be_silent = true },
	{ "VARZ", &ask_varz, IN(options), run_varz },
	{ "CONNZ", &ask_connz, IN(inquiry.connz), run_connz },
	{ "SUBSZ", &ask_subsz, IN(inquiry.subsz), run_subsz },
	{ "ROUTEZ", &ask_routez, IN(options), run_routez },
	{ "GATEWAYZ", &ask_gatewayz, IN(options), run_gatewayz },
	{ "LEAFZ", &ask_leafz, IN(options), run_leafz },
	{ "ACCOUNTZ", &ask_accountz, IN(options), run_accountz },
	{ "JSZ", &ask_jsz, IN(inquiry.jsz), run_jsz },
	{ "HEALTHZ", &ask_healthz, IN(inquiry.healthz), run_healthz },
	{ "PROFILEZ", &ask_profilez, IN(options), run_profilez },
	{ "EXPVARZ", &ask_expvarz, IN(options), run_expvarz },
	{ "IPQUEUESZ", &ask_ipqueuesz, IN(options), run_nothing },
	{ "RAFTZ", &ask_raftz, IN(options), run_nothing },
};

/* "$SYS.REQ.SERVER.<id>.<name>" */
static const struct row of_this_server[] = {
	{ "RELOAD", &ask_reload, IN(options), run_reload },
	{ "KICK", &client_spec, IN(some), run_kick, .hides_errors = true,
	  .needs_body = true },
	{ "LDM", &client_spec, IN(some), run_ldm, .hides_errors = true,
	  .needs_body = true },
};

/* "$SYS.REQ.ACCOUNT.<account>.<name>" */
static const struct row of_accounts[] = {
	{ "SUBSZ", &ask_subsz, IN(inquiry.subsz), run_subsz },
	{ "CONNZ", &ask_connz, IN(inquiry.connz), run_connz },
	{ "LEAFZ", &ask_leafz, IN(options), run_leafz },
	{ "JSZ", &ask_jsz, IN(inquiry.jsz), run_jsz },
	{ "INFO", &ask_info, IN(options), run_info },
	{ "STATZ", &ask_statz, IN(options), run_statz },
	{ "CONNS", &conns_spec, IN(some), run_conns, .hides_errors = true },
};

/* By their whole subject. */
static const struct row others[] = {
	{ "$SYS.REQ.SERVER.PING", &ask_statsz, IN(options), run_statsz,
	  .may_be_silent = true },
	{ "$SYS.REQ.ACCOUNT.NSUBS", &nsubs_spec, IN(some), run_nsubs,
	  .hides_errors = true, .needs_body = true },
	{ "$SYS.DEBUG.SUBSCRIBERS", NULL, 0, run_subscribers },
	{ "$SYS.REQ.USER.*.INFO", NULL, 0, run_user_info },
	{ "$SYS.REQ.USER.INFO", NULL, 0, run_own_info },
};

/* ---- questions ----------------------------------------------------------------------------- */

/* The line, so that the documents are asked one question at a time. */
static void go_on(struct sysreq *sr)
{
	if (sr->is_going_on)
		return;
	sr->is_going_on = true;
	while (sr->current == NULL && !list_is_empty(&sr->waiting)) {
		struct question *q = CONTAINER_OF(list_take(&sr->waiting),
		    struct question, link);

		sr->current = q;
		q->inquiry.now_ns = clock_wall_ns();
		q->row->run(q);
	}
	sr->is_going_on = false;
}

static struct slice copy(char **at, struct slice s)
{
	struct slice c = slice_of(*at, s.n);

	if (s.n > 0)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return c;
}

/* The account in "$SYS.REQ.ACCOUNT.<account>.<name>"; empty elsewhere. */
static struct slice account_in(const struct row *row, struct slice subject)
{
	static const size_t before = sizeof "$SYS.REQ.ACCOUNT." - 1;
	size_t              behind = strlen(row->name) + 1;

	if (row < of_accounts || row >= of_accounts +
	    sizeof of_accounts / sizeof of_accounts[0] ||
	    subject.n < before + behind)
		return SLICE_NONE;
	return slice_of(subject.p + before, subject.n - before - behind);
}

/* What an import has said about who asks; NULL: nothing. */
static struct json *read_info(struct slice headers)
{
	static const char name[] = "\r\nNats-Request-Info:";
	const char *at = headers.n == 0 ? NULL
	    : memmem(headers.p, headers.n, name, sizeof name - 1);
	const char *why;
	struct slice value;

	if (at == NULL)
		return NULL;
	value = slice_skip(headers,
	    (size_t)(at - headers.p) + sizeof name - 1);
	at = memchr(value.p, '\r', value.n);
	if (at != NULL)
		value.n = (size_t)(at - value.p);
	return json_parse(value, &why);
}

/* NULL: out of memory. */
static struct question *question_create(struct ear *ear,
    const struct inbox_message *m)
{
	struct sysreq   *sr = ear->sysreq;
	size_t           n = m->subject.n + m->reply.n + m->payload.n;
	struct question *q = calloc(1, sizeof *q + n + QUEUE_NAME_MAX);
	char            *at;

	if (q == NULL)
		return NULL;
	at = q->bytes + QUEUE_NAME_MAX;
	sr->n_questions++;
	q->sysreq = sr;
	q->row = ear->row;
	q->account = account_in(ear->row, copy(&at, m->subject));
	q->reply = copy(&at, m->reply);
	q->payload = copy(&at, m->payload);
	q->info = read_info(m->headers);
	q->asker = m->cid;
	q->inquiry.documents = sr->config.documents;
	q->inquiry.done = document_done;
	q->inquiry.forget = forget;
	return q;
}

/* Is it to be answered?  If not, it is gone. */
static bool is_for_us(struct question *q)
{
	const struct row *row = q->row;
	struct buf        why = { 0 };
	struct server_info server;
	bool              is_ours;

	if (row->spec == NULL)
		return true;
	if (!ask_read(q->payload, row->spec, (char *)q + row->at, &q->ask,
	    &why) || (row->needs_body && q->payload.n == 0)) {
		if (row->hides_errors)
			leave(q);
		else
			answer_failure(q, 400, buf_slice(&why), false);
		buf_fini(&why);
		return false;
	}
	server = stamp(q);
	is_ours = row->hides_errors || ask_is_for(&q->ask.filter, &server);
	if (!is_ours)
		leave(q);
	return is_ours;
}

static void heard(void *ctx, const struct inbox_message *m)
{
	struct ear      *ear = ctx;
	struct sysreq   *sr = ear->sysreq;
	struct question *q;

	if ((m->reply.n == 0 && !ear->row->may_be_silent) ||
	    sr->n_questions >= QUESTIONS_MAX)
		return;
	q = question_create(ear, m);
	if (q == NULL || !is_for_us(q))
		return;
	list_append(&sr->waiting, &q->link);
	go_on(sr);
}

/* ---- life -------------------------------------------------------------------------------------- */

static bool listen_on(struct sysreq *sr, const struct row *row,
    struct slice subject, struct epoch_thread *e)
{
	struct ear *ear = &sr->ears[sr->n_ears++];

	ear->sysreq = sr;
	ear->row = row;
	ear->inbox = inbox_open(sr->system, e, subject,
	    loop_member(sr->config.loop), sr->config.shared->n_workers, heard,
	    ear);
	return ear->inbox != NULL;
}

/* "<before><middle>.<name>" for each row. */
static bool listen_on_all(struct sysreq *sr, const struct row *rows, size_t n,
    const char *before, struct slice middle, struct epoch_thread *e)
{
	struct buf subject = { 0 };
	bool       ok = true;

	for (size_t i = 0; i < n && ok; i++) {
		buf_reset(&subject);
		buf_put_str(&subject, before);
		buf_put_slice(&subject, middle);
		if (middle.n > 0)
			buf_put_char(&subject, '.');
		buf_put_str(&subject, rows[i].name);
		ok = !buf_failed(&subject) &&
		    listen_on(sr, &rows[i], buf_slice(&subject), e);
	}
	buf_fini(&subject);
	return ok;
}

#define ROWS(rows) rows, sizeof rows / sizeof rows[0]

static bool listen_everywhere(struct sysreq *sr, struct epoch_thread *e)
{
	struct slice id = documents_identity(sr->config.documents)->server_id;

	return listen_on_all(sr, ROWS(of_servers), "$SYS.REQ.SERVER.",
	    SLICE("PING"), e) &&
	    listen_on_all(sr, ROWS(of_servers), "$SYS.REQ.SERVER.", id, e) &&
	    listen_on_all(sr, ROWS(of_this_server), "$SYS.REQ.SERVER.", id, e) &&
	    listen_on_all(sr, ROWS(of_accounts), "$SYS.REQ.ACCOUNT.",
	    SLICE("*"), e) &&
	    listen_on_all(sr, ROWS(others), "", SLICE_NONE, e);
}

struct sysreq *sysreq_create(const struct sysreq_config *config,
    struct epoch_thread *e)
{
	struct sysreq *sr = calloc(1, sizeof *sr);
	size_t         n = 2 * sizeof of_servers / sizeof of_servers[0] +
	    sizeof of_this_server / sizeof of_this_server[0] +
	    sizeof of_accounts / sizeof of_accounts[0] +
	    sizeof others / sizeof others[0];

	if (sr == NULL)
		return NULL;
	sr->config = *config;
	sr->system = accounts_system(config->shared->accounts);
	list_init(&sr->waiting);
	list_init(&sr->reloads);
	sr->ears = calloc(n, sizeof *sr->ears);
	if (sr->ears == NULL || !listen_everywhere(sr, e)) {
		sysreq_destroy(sr, e);
		return NULL;
	}
	return sr;
}

static void drop_questions(struct list *questions)
{
	while (!list_is_empty(questions))
		question_destroy(CONTAINER_OF(list_take(questions),
		    struct question, link));
}

void sysreq_destroy(struct sysreq *sr, struct epoch_thread *e)
{
	if (sr == NULL)
		return;
	drop_questions(&sr->waiting);
	drop_questions(&sr->reloads);
	for (size_t i = 0; i < sr->n_ears; i++)
		inbox_destroy(sr->ears[i].inbox, e);
	free(sr->ears);
	free(sr);
}
