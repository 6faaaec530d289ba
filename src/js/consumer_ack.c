/* js/consumer_ack.c - acknowledgements, and what is due again.
 *
 * Each kind of acknowledgement is a row of a table.  Who asked for an answer
 * gets it when the record of what was acknowledged is on the disk.
 */
#include "js/consumer_int.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/random.h"
#include "core/msg.h"
#include "js/ack_payload.h"
#include "js/ack_subject.h"
#include "js/advisory.h"
#include "js/dead_letter.h"
#include "js/stream_config.h"

/* ---- the queue of what is due ----------------------------------------- */

static bool queue_make_room(struct seq_queue *q)
{
	size_t    cap = q->cap == 0 ? 16 : 2 * q->cap;
	uint64_t *v;

	if (q->n < q->cap)
		return true;
	v = calloc(cap, sizeof *v);
	if (v == NULL)
		return false;
	for (size_t i = 0; i < q->n; i++)
		v[i] = q->v[(q->first + i) & (q->cap - 1)];
	free(q->v);
	q->v = v;
	q->first = 0;
	q->cap = cap;
	return true;
}

bool seq_queue_push(struct seq_queue *q, uint64_t seq)
{
	if (!queue_make_room(q))
		return false;
	q->v[(q->first + q->n++) & (q->cap - 1)] = seq;
	return true;
}

bool seq_queue_push_front(struct seq_queue *q, uint64_t seq)
{
	if (!queue_make_room(q))
		return false;
	q->first = (q->first - 1) & (q->cap - 1);
	q->v[q->first] = seq;
	q->n++;
	return true;
}

bool seq_queue_peek(const struct seq_queue *q, uint64_t *seq)
{
	if (q->n > 0)
		*seq = q->v[q->first];
	return q->n > 0;
}

void seq_queue_pop(struct seq_queue *q)
{
	q->first = (q->first + 1) & (q->cap - 1);
	q->n--;
}

void seq_queue_fini(struct seq_queue *q)
{
	free(q->v);
	*q = (struct seq_queue){ 0 };
}

/* ---- answers to double acks ------------------------------------------- */

/* Until the record is written in c->answers; then among the stream's waiters,
 * and it does not know the consumer any more, which may be deleted. */
struct answer {
	struct stream_waiter w;
	struct stream       *stream;
	size_t               n;
	char                 subject[];
};

static void send_answer(struct stream_waiter *w, int err)
{
	struct answer *a = CONTAINER_OF(w, struct answer, w);

	struct js_account *to = a->stream->account;
	struct slice       subject = slice_of(a->subject, a->n);

	if (err == 0)
		js_send(to->js, &(struct js_out){ .account = to->core,
			.subject = subject });
	else	/* what any client takes for an error, not for an answer */
		js_send_status(to->js, to->core, subject, SLICE_NONE, "503 %s",
		    err_text(err));
	free(a);
}

static void keep_answer(struct consumer *c, struct slice reply)
{
	struct answer *a = calloc(1, sizeof *a + reply.n);

	if (a == NULL)
		return;	/* who asked asks again */
	a->stream = c->stream;
	a->n = reply.n;
	memcpy(a->subject, reply.p, reply.n);
	a->w.done = send_answer;
	list_append(&c->answers, &a->w.link);
	consumer_has_work(c);
}

void consumer_send_answers(struct consumer *c)
{
	int          err = cursor_error(c);
	struct list *l;

	while ((l = list_take(&c->answers)) != NULL) {
		struct stream_waiter *w =
		    CONTAINER_OF(l, struct stream_waiter, link);

		if (err != 0)
			w->done(w, err);
		else if (cursor_is_kept(c))
			stream_await(c->stream, w, true);
		else
			w->done(w, 0);
	}
}

void consumer_drop_answers(struct consumer *c)
{
	struct list *l;

	while ((l = list_take(&c->answers)) != NULL)
		free(CONTAINER_OF(CONTAINER_OF(l, struct stream_waiter, link),
		    struct answer, w));
}

/* ---- leaving pending -------------------------------------------------- */

static void leave(struct consumer *c, struct pending_entry *e)
{
	uint64_t seq = e->seq;

	pending_remove(&c->pending, e);
	cursor_removed(c, seq);
	consumer_raise_floor(c);
	cursor_moved(c);
	consumer_has_work(c);
}

void consumer_drop(struct consumer *c, struct pending_entry *e,
    const char *reason)
{
	if (reason != NULL)
		advisory_terminated(c, e->first_cseq, e->seq, e->n_delivered,
		    slice_str(reason));
	leave(c, e);
}

static void acked(struct consumer *c, struct pending_entry *e)
{
	uint64_t seq = e->seq;

	leave(c, e);
	stream_acked(c->stream, seq);
}

void consumer_ack_through(struct consumer *c, uint64_t seq, uint64_t cseq)
{
	struct pending_entry *e;

	if (seq <= c->floor.stream_seq || seq >= c->next_seq)
		return;
	while ((e = pending_first(&c->pending)) != NULL && e->seq <= seq)
		acked(c, e);
	if (cseq < c->next_cseq && seq > c->floor.stream_seq)
		c->floor = (struct consumer_place){ cseq, seq };
	cursor_moved(c);
}

/* ---- when it is due --------------------------------------------------- */

static int64_t wait_of(const struct consumer *c, const struct pending_entry *e)
{
	const struct consumer_config *g = c->config;
	size_t                        i = e->n_delivered - 1;

	if (g->n_backoff == 0)
		return g->ack_wait_ns;
	return g->backoff_ns[i < g->n_backoff ? i : g->n_backoff - 1];
}

static int64_t due_at(const struct consumer *c, const struct pending_entry *e)
{
	int64_t due;

	return __builtin_add_overflow(e->since_ns, wait_of(c, e), &due)
	    ? INT64_MAX : due;
}

bool consumer_is_owed_an_ack(const struct consumer *c)
{
	const struct pending_entry *e = pending_first(&c->pending);
	int64_t                     until;

	for (; e != NULL; e = pending_next(&c->pending, e))
		if (__builtin_add_overflow(due_at(c, e), c->config->inactive_ns,
		    &until) || until > consumer_now(c))
			return true;
	return false;
}

static bool is_timed(const struct consumer *c)
{
	return c->config->ack_policy != ACK_FLOW_CONTROL &&
	    (c->config->ack_wait_ns > 0 || c->config->n_backoff > 0);
}

void consumer_note_due(struct consumer *c, const struct pending_entry *e)
{
	int64_t due;

	if (!is_timed(c))
		return;
	due = due_at(c, e);
	if (due < c->again_due_ns)
		c->again_due_ns = due;
	consumer_wake_at(c, due);
}

static bool has_had_enough(const struct consumer *c,
    const struct pending_entry *e)
{
	return c->config->max_deliver > 0 &&
	    e->n_delivered >= (uint64_t)c->config->max_deliver;
}

/* Delivered as often as it may be: it stays in the stream. */
static void give_up(struct consumer *c, struct pending_entry *e)
{
	uint64_t              seq = e->seq;
	struct pending_entry *dead = pending_find(&c->dead, seq);

	advisory_max_deliver(c, seq, e->n_delivered);
	if (dead == NULL)
		dead = pending_add(&c->dead, seq, e->first_cseq, e->since_ns);
	if (dead != NULL)
		pending_recount(&c->dead, dead, e->n_delivered);
	leave(c, e);
	cursor_died(c, seq);
}

static void bury(struct consumer *c, struct pending_entry *e,
    const struct dead *d)
{
	if (d->why == DEAD_MAX_DELIVER) {
		give_up(c, e);
		return;
	}
	advisory_terminated(c, d->consumer_seq, d->seq, d->n_delivered, d->text);
	acked(c, e);
	if (d->reply.n > 0)
		keep_answer(c, d->reply);
}

void consumer_bury(struct consumer *c, const struct dead *d)
{
	struct pending_entry *e = pending_find(&c->pending, d->seq);

	if (e != NULL && e->is_dying)
		bury(c, e, d);
}

void consumer_revive(struct consumer *c, uint64_t seq)
{
	struct pending_entry *e = pending_find(&c->pending, seq);

	if (e == NULL || !e->is_dying)
		return;
	e->is_dying = false;
	e->since_ns = consumer_now(c);	/* tried again when due */
	consumer_note_due(c, e);
}

static void die(struct consumer *c, struct pending_entry *e,
    const struct dead *d)
{
	e->is_dying = true;
	e->is_queued = false;
	if (!dead_letter(c, d))
		bury(c, e, d);
}

static void queue_again(struct consumer *c, struct pending_entry *e)
{
	if (e->is_queued || e->is_dying)
		return;
	if (has_had_enough(c, e)) {
		die(c, e, &(struct dead){ .seq = e->seq,
			.n_delivered = e->n_delivered,
			.why = DEAD_MAX_DELIVER });
		return;
	}
	e->is_queued = seq_queue_push(&c->again, e->seq);
	consumer_has_work(c);
}

/* By sequence, so in the order of the stream.  What is due so soon after the
 * next one that it would only wake us again waits for nothing. */
void consumer_expire(struct consumer *c)
{
	int64_t               now = consumer_now(c);
	struct pending_entry *e = pending_first(&c->pending);

	if (!is_timed(c))
		return;
	if (now < c->again_due_ns) {
		consumer_wake_at(c, c->again_due_ns);
		return;
	}
	c->again_due_ns = INT64_MAX;
	while (e != NULL) {
		uint64_t seq = e->seq;

		if (e->is_queued || e->is_dying)
			;
		else if (due_at(c, e) <= now)
			queue_again(c, e);
		else if (due_at(c, e) < c->again_due_ns)
			c->again_due_ns = due_at(c, e);
		e = pending_from(&c->pending, seq + 1);
	}
	consumer_wake_at(c, c->again_due_ns);
}

/* ---- kinds ------------------------------------------------------------ */

struct ack {
	struct consumer      *c;
	struct ack_place      place;
	struct ack_payload    said;
	struct pending_entry *e;	/* NULL: it is not pending */
	struct slice          reply;
};

static void sample(struct ack *a)
{
	const struct consumer_config *g = a->c->config;

	if (g->sample_percent <= 0 || a->e == NULL ||
	    g->ack_policy != ACK_EXPLICIT)
		return;
	if (g->sample_percent < 100 &&
	    random_below(100) >= (uint32_t)g->sample_percent)
		return;
	advisory_ack_metric(a->c, a->place.consumer_seq, a->e->seq,
	    consumer_now(a->c) - a->e->since_ns, a->e->n_delivered);
}

static void on_ack(struct ack *a)
{
	a->c->last_acked_ns = consumer_wall(a->c);
	sample(a);
	if (a->c->config->ack_policy == ACK_ALL)
		consumer_ack_through(a->c, a->place.stream_seq,
		    a->place.consumer_seq);
	else if (a->e != NULL)
		acked(a->c, a->e);
}

static void on_next(struct ack *a)
{
	on_ack(a);
	if (a->reply.n > 0 && a->c->push == NULL)
		pull_ask(a->c, a->reply, a->said.rest);
	a->reply = SLICE_NONE;
}

/* A delay is a delivery that was so much later, less what is waited anyway. */
static void on_nak(struct ack *a)
{
	struct consumer *c = a->c;
	int64_t          since;

	if (a->e == NULL || a->e->is_dying)
		return;
	advisory_naked(c, a->place.consumer_seq, a->e->seq, a->e->n_delivered);
	if (a->said.delay_ns <= 0) {
		queue_again(c, a->e);
		return;
	}
	if (__builtin_add_overflow(consumer_now(c) - wait_of(c, a->e),
	    a->said.delay_ns, &since))
		since = INT64_MAX;
	a->e->since_ns = since;
	a->e->is_queued = false;
	cursor_delivered(c, a->e);
	consumer_note_due(c, a->e);
}

static void on_progress(struct ack *a)
{
	if (a->e == NULL || a->e->is_queued || a->e->is_dying)
		return;
	a->e->since_ns = consumer_now(a->c);
	cursor_delivered(a->c, a->e);
	consumer_note_due(a->c, a->e);
}

static void on_term(struct ack *a)
{
	struct dead d = { .seq = a->place.stream_seq,
		.consumer_seq = a->place.consumer_seq, .why = DEAD_TERMINATED,
		.text = a->said.rest, .reply = a->reply };

	if (a->e == NULL)
		return;
	a->reply = SLICE_NONE;	/* told when it is so */
	d.n_delivered = a->e->n_delivered;
	if (!a->e->is_dying)
		die(a->c, a->e, &d);
}

static void on_nonsense(struct ack *a)
{
	(void)a;
}

static void (*const on[])(struct ack *a) = {
	[ACK_SAYS_ACK] = on_ack,
	[ACK_SAYS_NAK] = on_nak,
	[ACK_SAYS_PROGRESS] = on_progress,
	[ACK_SAYS_NEXT] = on_next,
	[ACK_SAYS_TERM] = on_term,
	[ACK_SAYS_UNKNOWN] = on_nonsense,
};

/* ---- taking ----------------------------------------------------------- */

static void take_one(struct ack *a, const struct msg *m)
{
	a->said = (struct ack_payload){ 0 };
	ack_payload_read(msg_payload(m), &a->said);
	a->reply = m->reply;
	a->e = pending_find(&a->c->pending, a->place.stream_seq);
	on[a->said.kind](a);
	if (a->reply.n > 0)
		keep_answer(a->c, a->reply);
}

/* The pattern of either form lets in some of the other. */
static bool is_for(const struct ack_place *p, const struct consumer *c)
{
	return slice_eq(p->stream, c->stream->name) &&
	    slice_eq(p->consumer, consumer_name(c));
}

void consumer_take_ack(void *ctx, const struct run *run)
{
	struct ack a = { .c = ctx };

	if (!ack_subject_read(run->subject, &a.place) ||
	    !is_for(&a.place, a.c) || a.place.stream_seq == 0 ||
	    a.place.stream_seq >= a.c->next_seq)
		return;
	for (uint32_t i = 0; i < run->n; i++)
		take_one(&a, &run->msgs[i]);
	a.c->active_ns = consumer_now(a.c);
}
