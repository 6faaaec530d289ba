/* session/services.c - requests to services of other accounts, and back.
 *
 * What a hop needs is in memory of its level, kept for the next message: relays
 * give one inside another, and each works on bytes of the one before.
 */
#include "session/services.h"

#include <stdlib.h>

#include "base/buf.h"
#include "core/account.h"
#include "core/fanout.h"
#include "core/imports.h"
#include "core/mappings.h"
#include "core/msg.h"
#include "core/policy.h"
#include "proto/trace_header.h"
#include "session/answers.h"
#include "session/client.h"
#include "session/hub.h"
#include "session/latency.h"
#include "session/msgtrace.h"
#include "session/requestor.h"
#include "session/route.h"

struct hop {
	struct hub *hub;
	const struct service_import *service;	/* NULL: an answer */
	bool        shares;	/* the first import on the way does */
	bool        says_server;
	struct buf  subject, mapped, prefix;
	struct buf  info;	/* of who asks; empty: nothing is said */
	struct buf  reply, headers, bytes;	/* bytes: all the tails */
	struct slice local;	/* subject that it was asked on */
	struct buf  dest;	/* of its trace, there; empty: it has none */
	struct buf  retraced;	/* headers with it */
	struct msg  msgs[RUN_MAX];
	size_t      tail_at[RUN_MAX];
	uint64_t    expects;	/* messages whose answer is waited for */
	char        ids[RUN_MAX][ANSWER_CHARS];
};

struct services {
	struct hop *hops[HOPS_MAX];
};

/* ---- hops ---------------------------------------------------------------- */

struct services *services_create(void)
{
	return calloc(1, sizeof(struct services));
}

static void hop_destroy(struct hop *p)
{
	if (p == NULL)
		return;
	buf_fini(&p->subject);
	buf_fini(&p->mapped);
	buf_fini(&p->prefix);
	buf_fini(&p->info);
	buf_fini(&p->reply);
	buf_fini(&p->headers);
	buf_fini(&p->bytes);
	buf_fini(&p->dest);
	buf_fini(&p->retraced);
	free(p);
}

void services_destroy(struct services *x)
{
	for (size_t i = 0; x != NULL && i < HOPS_MAX; i++)
		hop_destroy(x->hops[i]);
	free(x);
}

/* Has a question come this way before?  Mappings can lead it round in a circle
 * that no import shows. */
static bool is_loop(const struct hub *h, const struct service_import *s)
{
	for (unsigned i = h->n_hops; s != NULL && i-- > 0;) {
		const struct hop *p = h->services->hops[i];

		if (p->service == NULL || p->service == s)
			return p->service == s;
	}
	return false;
}

/* service is NULL for an answer.  NULL: no memory, or too many.  Follow with
 * leave. */
static struct hop *enter(struct hub *h, const struct service_import *service)
{
	struct services *x = h->services;
	struct hop     **p;

	if (h->n_hops >= HOPS_MAX || is_loop(h, service)) {
		h->stats.n_loops++;
		return NULL;
	}
	p = &x->hops[h->n_hops];
	if (*p == NULL)
		*p = calloc(1, sizeof **p);
	if (*p == NULL)
		return NULL;
	h->n_hops++;
	(*p)->hub = h;
	(*p)->service = service;
	(*p)->expects = 0;
	buf_reset(&(*p)->info);
	buf_reset(&(*p)->dest);
	return *p;
}

static void leave(struct hop *p)
{
	p->hub->n_hops--;
}

/* The request this one comes out of, if it does. */
static const struct hop *hop_before(const struct hop *p)
{
	const struct hub *h = p->hub;
	const struct hop *before = h->n_hops < 2 ? NULL
	    : h->services->hops[h->n_hops - 2];

	return before == NULL || before->service == NULL ? NULL : before;
}

/* ---- messages anew ------------------------------------------------------- */

static void put_tail(struct buf *b, struct slice reply, struct slice headers,
    struct slice payload)
{
	buf_put_char(b, ' ');
	if (reply.n > 0) {
		buf_put_slice(b, reply);
		buf_put_char(b, ' ');
	}
	if (headers.n > 0) {
		buf_put_u64(b, headers.n);
		buf_put_char(b, ' ');
	}
	buf_put_u64(b, headers.n + payload.n);
	buf_put(b, "\r\n", 2);
	buf_put_slice(b, headers);
	buf_put_slice(b, payload);
	buf_put(b, "\r\n", 2);
}

/* Message i, its reply as in p->reply.  The bytes may move while more come, so
 * the tails are set at the end. */
static void write_msg(struct hop *p, uint32_t i, const struct msg *m,
    struct slice headers)
{
	struct slice payload = msg_payload(m);
	struct msg  *to = &p->msgs[i];

	p->tail_at[i] = p->bytes.n;
	put_tail(&p->bytes, buf_slice(&p->reply), headers, payload);
	*to = (struct msg){ .reply = slice_of(NULL, p->reply.n),
		.hdr_size = (uint32_t)headers.n,
		.size = (uint32_t)(headers.n + payload.n) };
	to->tail.n = p->bytes.n - p->tail_at[i];
	to->body_at = (uint32_t)(to->tail.n - to->size - 2);
}

static void set_tails(struct hop *p, struct run *run)
{
	run->bytes = 0;
	for (uint32_t i = 0; i < run->n; i++) {
		struct msg *m = &p->msgs[i];

		m->tail.p = p->bytes.p + p->tail_at[i];
		if (m->reply.n > 0)
			m->reply.p = m->tail.p + 1;
		run->bytes += m->size;
	}
	run->msgs = p->msgs;
	run->block = NULL;
}

/* ---- traces -------------------------------------------------------------- */

/* The headers as they are over there. */
static struct slice retrace(struct hop *p, struct slice headers)
{
	if (p->dest.n == 0)
		return headers;
	buf_reset(&p->retraced);
	trace_header_put_dest(headers, buf_slice(&p->dest), &p->retraced);
	return buf_slice(&p->retraced);
}

/* False: the message ends here. */
static bool end_trace(struct hop *p, struct run *there)
{
	bool goes_on = !msgtrace_is_only(there->trace);

	there->trace = NULL;
	buf_reset(&p->dest);
	buf_put_slice(&p->dest, TRACE_DISABLED);
	return goes_on;
}

/* Others who trace it send that back through a door, as an answer. */
static void lead_trace(struct hop *p, struct service_import *s,
    const struct msgtrace *t)
{
	const struct hop *before = hop_before(p);
	struct slice      dest = before != NULL && before->dest.n > 0
	    ? buf_slice(&before->dest) : msgtrace_dest(t);

	buf_reset(&p->dest);
	if (!msgtrace_is_only(t) && answers_expect(p->hub->answers,
	    s->exporter, s->importer, dest, s, NULL, &p->dest) == NULL)
		buf_put_slice(&p->dest, TRACE_DISABLED);
}

static bool trace_request(struct hop *p, struct service_import *s,
    struct run *there)
{
	msgtrace_service(there->trace, s->exporter, p->local, there->subject);
	if (!s->allows_trace)
		return end_trace(p, there);
	lead_trace(p, s, there->trace);
	return true;
}

/* ---- asking -------------------------------------------------------------- */

/* Who asks is told as the first account on the way lets it be. */
static void describe(struct hop *p, const struct service_import *s,
    const struct client *c)
{
	const struct hop *before = hop_before(p);
	bool is_system = s->exporter->is_system;
	struct requestor_details d = { .is_shared = s->shares };

	if (before != NULL) {
		d.is_shared = before->shares;
		d.service = s->importer->name;
	}
	p->shares = d.is_shared;
	d.says_server = p->says_server = is_system ||
	    (before != NULL && (before->says_server || s->shares));
	if (c != NULL && p->hub->config->has_headers)
		requestor_put(c, &d, &p->info);
}

/* Acknowledgements of streams go where they say. */
static bool is_ack(struct slice reply)
{
	return slice_has_prefix(reply, SLICE("$JS.ACK."));
}

static void tell_bad_request(struct hop *p, struct service_import *s,
    const struct client *c, const struct msg *m)
{
	struct latency_responder nobody = { SLICE_NONE, 0 };
	struct latency_note     *n = latency_begin(s, c, m);

	if (n != NULL)
		latency_report(p->hub, s, n, LATENCY_BAD_REQUEST, &nobody);
	latency_free(n);
}

/* Into p->reply. */
static bool put_reply(struct hop *p, struct service_import *s, uint32_t i,
    const struct run *run)
{
	const struct msg    *m = &run->msgs[i];
	const struct client *c = run->publisher;
	struct answer       *a;

	buf_reset(&p->reply);
	if (run->trace != NULL && msgtrace_is_only(run->trace))
		return true;	/* nobody will see it */
	if (m->reply.n == 0) {
		if (s->latency.n > 0)
			tell_bad_request(p, s, c, m);
		return true;
	}
	if (is_ack(m->reply)) {
		buf_put_slice(&p->reply, m->reply);
		return true;
	}
	a = answers_expect(p->hub->answers, s->exporter, s->importer, m->reply,
	    s, s->latency.n == 0 ? NULL : latency_begin(s, c, m), &p->reply);
	if (a == NULL)
		return false;
	p->expects |= UINT64_C(1) << i;
	memcpy(p->ids[i], a->id, ANSWER_CHARS);
	return true;
}

/* Nobody has it: nothing will come. */
static void give_up(struct hop *p, uint32_t i)
{
	struct latency_responder nobody = { SLICE_NONE, 0 };
	struct answer *a = !(p->expects >> i & 1) ? NULL
	    : answers_find_id(p->hub->answers, p->ids[i]);

	if (a == NULL)
		return;
	if (a->note != NULL)
		latency_report(p->hub, a->service, a->note,
		    LATENCY_UNAVAILABLE, &nobody);
	answers_drop(p->hub->answers, a);
}

static bool write_requests(struct hop *p, struct service_import *s,
    const struct run *run)
{
	buf_reset(&p->bytes);
	p->expects = 0;
	for (uint32_t i = 0; i < run->n; i++) {
		if (!put_reply(p, s, i, run))
			return false;
		buf_reset(&p->headers);
		requestor_put_headers(msg_headers(&run->msgs[i]),
		    buf_slice(&p->info), &p->headers);
		if (buf_failed(&p->headers) || buf_failed(&p->reply))
			return false;
		write_msg(p, i, &run->msgs[i],
		    retrace(p, buf_slice(&p->headers)));
		if (buf_failed(&p->retraced))
			return false;
	}
	return !buf_failed(&p->bytes);
}

/* run->subject is that over there.  The number taken, from the first on. */
static uint32_t ask(struct hop *p, struct service_import *s,
    const struct run *run)
{
	struct run there = *run;
	uint64_t   taken = 0;
	uint32_t   n = 0;

	there.is_imported = true;
	if ((run->trace == NULL || trace_request(p, s, &there)) &&
	    write_requests(p, s, run)) {
		set_tails(p, &there);
		taken = route(p->hub, s->exporter, &there, &p->prefix);
	}
	for (uint32_t i = 0; i < run->n; i++)
		if (!(taken >> i & 1))
			give_up(p, i);
	while (n < run->n && (taken >> n & 1))
		n++;
	return n;
}

/* The exporter's mappings choose for each message anew, so one that nobody has
 * says nothing of the next. */
static uint32_t ask_mapped(struct hop *p, struct service_import *s,
    const struct run *run, const struct mappings *mappings)
{
	struct run one = *run;
	uint32_t   n_taken = 0;		/* from the first on */

	one.n = 1;
	for (uint32_t i = 0; i < run->n; i++) {
		bool is_taken = true;

		one.msgs = &run->msgs[i];
		one.subject = run->subject;
		switch (mappings_apply(mappings, run->subject, SLICE_NONE,
		    &p->mapped)) {
		case MAPPING_DROPPED:
			break;
		case MAPPING_MAPPED:
			one.subject = buf_slice(&p->mapped);
			is_taken = ask(p, s, &one) > 0;
			break;
		case MAPPING_SAME:
			is_taken = ask(p, s, &one) > 0;
			break;
		}
		n_taken += is_taken && n_taken == i;
	}
	return n_taken;
}

uint32_t services_give(struct sub *sub, const struct run *run)
{
	struct service_import *s = (struct service_import *)sub;
	const struct mappings *mappings = account_policy(s->exporter)->mappings;
	struct run             there = *run;
	struct hop            *p;
	uint32_t               n = 0;

	if (__atomic_load_n(&sub->is_closed, __ATOMIC_ACQUIRE))
		return 0;
	p = enter(run->port->ctx, s);
	if (p == NULL)
		return 0;
	p->local = run->subject;
	describe(p, s, run->publisher);
	buf_reset(&p->subject);
	service_import_remote(s, run->subject, &p->subject);
	there.subject = buf_slice(&p->subject);
	if (!buf_failed(&p->subject) && there.subject.n > 0)
		n = mappings == NULL ? ask(p, s, &there)
		    : ask_mapped(p, s, &there, mappings);
	leave(p);
	return n;
}

/* ---- answering ----------------------------------------------------------- */

/* An answer that wants an answer itself gets a way back likewise. */
static bool write_answers(struct hop *p, struct answer *a,
    struct run *run)
{
	/* The youngest, it does not have to make room for others. */
	answers_prolong(p->hub->answers, a);
	buf_reset(&p->bytes);
	for (uint32_t i = 0; i < run->n; i++) {
		const struct msg *m = &run->msgs[i];

		buf_reset(&p->reply);
		if (m->reply.n > 0 && answers_expect(p->hub->answers, a->to,
		    a->door->account, m->reply, a->service, NULL,
		    &p->reply) == NULL)
			return false;
		if (buf_failed(&p->reply))
			return false;
		write_msg(p, i, m, retrace(p, msg_headers(m)));
	}
	if (buf_failed(&p->bytes) || buf_failed(&p->retraced))
		return false;
	set_tails(p, run);
	return true;
}

static bool is_changed(const struct hop *p, const struct run *run)
{
	if (p->dest.n > 0)
		return true;
	for (uint32_t i = 0; i < run->n; i++)
		if (run->msgs[i].reply.n > 0)
			return true;
	return false;
}

/* How many of the run are still waited for: to the end, which is empty. */
static uint32_t awaited(const struct answer *a, const struct run *run)
{
	uint32_t n = 0;

	if (a->service->answer == ANSWER_SINGLETON)
		return run->n > 0;
	while (n < run->n && run->msgs[n].size > 0)
		n++;
	return n < run->n ? n + 1 : n;
}

static void settle(struct hop *p, const char *id, const struct run *run,
    bool is_taken, const struct latency_responder *r)
{
	struct answers *x = p->hub->answers;
	struct answer  *a = answers_find_id(x, id);

	if (a == NULL)
		return;
	if (a->note != NULL)
		latency_report(p->hub, a->service, a->note, is_taken
		    ? LATENCY_OK : LATENCY_UNREACHABLE, r);
	if (a->service->answer == ANSWER_SINGLETON || !is_taken ||
	    run->msgs[run->n - 1].size == 0)
		answers_drop(x, a);
	else
		answers_prolong(x, a);
}

static uint32_t pass_on(struct hop *p, struct answer *a,
    const struct run *run, const struct latency_responder *r)
{
	struct account *to = a->to;
	struct run      there = *run;
	uint64_t        taken = 0;
	char            id[ANSWER_CHARS];

	memcpy(id, a->id, sizeof id);
	buf_reset(&p->subject);
	buf_put(&p->subject, a->reply, a->reply_n);
	there.subject = buf_slice(&p->subject);
	there.is_imported = true;
	there.n = awaited(a, run);
	there.bytes = 0;
	for (uint32_t i = 0; i < there.n; i++)
		there.bytes += run->msgs[i].size;
	if (run->trace != NULL) {
		msgtrace_service(run->trace, to, run->subject, there.subject);
		if (!end_trace(p, &there)) {
			settle(p, id, &there, true, r);
			return 0;
		}
	}
	if (!buf_failed(&p->subject) && (!is_changed(p, &there) ||
	    write_answers(p, a, &there)))
		taken = route(p->hub, to, &there, &p->prefix);
	settle(p, id, &there, taken != 0, r);
	return taken != 0 ? there.n : 0;
}

static uint32_t come_in(struct door *d, const struct run *run,
    const struct latency_responder *r)
{
	struct hub    *h = d->hub;
	struct answer *a = answers_find(h->answers, d, run->subject);
	struct hop    *p = a == NULL || run->n == 0 ? NULL : enter(h, NULL);
	uint32_t       n;

	if (p == NULL)
		return 0;
	n = pass_on(p, a, run, r);
	leave(p);
	return n;
}

static uint32_t give_answer(struct sub *sub, const struct run *run)
{
	struct latency_responder nobody = { SLICE_NONE, 0 };

	return come_in(CONTAINER_OF(sub, struct door, sub), run, &nobody);
}

/* ---- measured answers ---------------------------------------------------- */

/* Who answers is known on its own worker only, so that is where this is given;
 * the door's is told by mail. */
struct letter {
	struct mail  mail;
	struct door *door;
	struct run   run;
	struct msg   msg;
	struct latency_responder responder;
	char         bytes[];
};

static void open_letter(struct mail *m, void *receiver)
{
	struct letter *l = CONTAINER_OF(m, struct letter, mail);
	struct hub    *h = receiver;

	l->run.port = &h->port;
	come_in(l->door, &l->run, &l->responder);
	msgtrace_unref(h, l->run.trace);
	free(l);
}

static struct slice keep(char **at, struct slice s)
{
	struct slice kept = slice_of(*at, s.n);

	if (s.n > 0)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return kept;
}

static struct letter *write_letter(struct door *d, const struct run *run,
    const struct msg *m, const struct latency_responder *r)
{
	struct letter *l = malloc(sizeof *l + run->subject.n + m->tail.n +
	    r->info.n);
	char          *at;

	if (l == NULL)
		return NULL;
	at = l->bytes;
	*l = (struct letter){ .mail.deliver = open_letter, .door = d,
		.msg = *m, .responder = *r };
	l->msg.tail = keep(&at, m->tail);
	if (m->reply.n > 0)
		l->msg.reply = slice_of(l->msg.tail.p + 1, m->reply.n);
	l->responder.info = keep(&at, r->info);
	l->run = (struct run){ .subject = keep(&at, run->subject),
		.msgs = &l->msg, .n = 1, .bytes = m->size,
		.trace = msgtrace_ref(run->trace) };
	return l;
}

static bool post(struct hub *h, struct door *d, const struct run *run,
    const struct latency_responder *r)
{
	struct letter *l = write_letter(d, run, &run->msgs[0], r);

	if (l != NULL)
		loop_post(h->loop, d->hub->worker, &l->mail);
	return l != NULL;
}

/* Only services with one answer are measured. */
static uint32_t give_measured(struct sub *sub, const struct run *run)
{
	struct door         *d = CONTAINER_OF(sub, struct door, measured);
	struct hub          *h = run->port->ctx;
	const struct client *c = run->publisher;
	struct latency_responder r = { SLICE_NONE, 0 };
	struct requestor_details all = { .is_shared = true };
	struct buf           info = { 0 };
	uint32_t             n;

	if (__atomic_load_n(&sub->is_closed, __ATOMIC_RELAXED) || run->n == 0)
		return 0;
	if (c != NULL) {
		requestor_put(c, &all, &info);
		r = (struct latency_responder){ buf_slice(&info), c->rtt_ns };
	}
	n = d->hub == h ? come_in(d, run, &r) : post(h, d, run, &r);
	buf_fini(&info);
	return n;
}

/* ---- time ---------------------------------------------------------------- */

static void expired(struct hub *h, struct answer *a)
{
	struct latency_responder nobody = { SLICE_NONE, 0 };

	if (a->note != NULL)
		latency_report(h, a->service, a->note, LATENCY_TIMEOUT,
		    &nobody);
}

struct answers *services_answers(struct hub *h)
{
	return answers_create(h, give_answer, give_measured, expired);
}
