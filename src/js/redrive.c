/* js/redrive.c - dead letters go back to where they came from.
 *
 * $JS.API.STREAM.REDRIVE.<stream of dead letters>, {"consumer": whose, "seq":
 * which, "batch": how many at most}: each is appended to the stream it was taken
 * from, under its old subject and without what only held for its first
 * publishing, so whoever consumes that stream gets it anew.  The letters go when
 * that is on the disk: after a crash in between a message may be in both places,
 * never in none.
 */
#include "js/api.h"

#include <stdlib.h>

#include "base/err.h"
#include "js/headers.h"
#include "js/js.h"
#include "js/publish.h"
#include "js/stream_int.h"
#include "proto/subject.h"

enum { BATCH_MAX = 1000 };

struct redrive {
	struct api_call *c;
	struct stream   *letters;
	struct slice     consumer;	/* empty: of all */
	struct stream   *to[BATCH_MAX];	/* where each has gone */
	uint64_t         seqs[BATCH_MAX];	/* the letter */
	size_t           n;
};

static bool stays_behind(struct slice name)
{
	return slice_has_prefix(name, SLICE("Mote-Dead-")) ||
	    slice_has_prefix(name, SLICE("Nats-Expected-")) ||
	    slice_has_prefix(name, SLICE("Nats-Batch-")) ||
	    slice_eq(name, SLICE("Nats-Msg-Id")) ||
	    slice_eq(name, SLICE("Nats-Rollup"));
}

static bool get(const struct store_msg *m, const char *name, struct slice *value)
{
	return m->hdr.n > 0 && js_header_get(m->hdr, slice_str(name), value) &&
	    value->n > 0;
}

/* The stream it came from; NULL: it is no letter, not one of those that were
 * asked for, or its stream is not there any more. */
static struct stream *origin_of(const struct redrive *r,
    const struct store_msg *m, struct slice *subject)
{
	struct slice stream, consumer;

	if (!get(m, "Mote-Dead-Stream", &stream) ||
	    !get(m, "Mote-Dead-Subject", subject) ||
	    !subject_is_literal(*subject) ||
	    !get(m, "Mote-Dead-Consumer", &consumer) ||
	    (r->consumer.n > 0 && !slice_eq(consumer, r->consumer)))
		return NULL;
	return js_find_stream(r->c->account, stream);
}

static bool put(struct redrive *r, struct stream *to, const struct store_msg *m,
    struct slice subject)
{
	struct publish p;
	struct buf     headers = { 0 };
	bool           ok;

	js_headers_begin_without(&headers, m->hdr, stays_behind);
	js_header_put(&headers, "Mote-Redriven", r->letters->name);
	js_headers_end(&headers);
	publish_begin_inside(&p, to, subject, buf_slice(&headers), m->body);
	ok = !buf_failed(&headers) &&
	    publish_check_inside(&p) == PUBLISH_GOES && publish_store(&p);
	if (!ok)
		r->c->e = p.e;
	publish_fini(&p);
	buf_fini(&headers);
	return ok;
}

/* False: it could not be, and c->e may say why. */
static bool redrive_one(struct redrive *r, uint64_t seq)
{
	struct store_msg m = { 0 };
	struct slice     subject;
	struct stream   *to = NULL;
	bool             ok = false;

	if (store_read(r->letters->store, seq, &m) == 0)
		to = origin_of(r, &m, &subject);
	if (to != NULL && to != r->letters)
		ok = put(r, to, &m, subject);
	if (ok) {
		r->to[r->n] = to;
		r->seqs[r->n++] = seq;
	}
	store_msg_fini(&m);
	return ok;
}

static void redrive_many(struct redrive *r, uint64_t n_max)
{
	uint64_t seq = 0;

	while (r->n < n_max && !js_failed(&r->c->e) && store_find_next(
	    r->letters->store, SLICE_NONE, seq, &seq) == 0)
		redrive_one(r, seq++);
}

/* ---- until it is on the disk ---------------------------------------------- */

/* It does not know the stream of letters, which may be deleted meanwhile. */
struct redriving {
	struct stream_waiter *answer;	/* NULL: there is none */
	struct js_account    *account;
	struct slice          letters;
	int64_t               created_ns;	/* of that stream */
	uint64_t             *seqs;
	size_t                n, n_waiting;
	int                   err;
	struct waiting {
		struct stream_waiter waiter;
		struct redriving    *redriving;
	}                    *waiting;	/* one for each row of a stream */
	char                  name[];
};

static struct stream *letters_of(const struct redriving *x)
{
	struct stream *s = x->account->js->is_closing ? NULL
	    : js_find_stream(x->account, x->letters);

	return s != NULL && s->created_ns == x->created_ns ? s : NULL;
}

static void finish(struct redriving *x)
{
	struct stream *letters = letters_of(x);

	for (size_t i = 0; letters != NULL && x->err == 0 && i < x->n; i++)
		stream_drop(letters, x->seqs[i], STORE_DELETE);
	if (letters != NULL) {
		letters->is_redriving = false;
		js_need_turn(x->account->js);	/* others may have waited */
	}
	if (x->answer != NULL && letters != NULL && x->err == 0)
		stream_await(letters, x->answer, false);
	else if (x->answer != NULL)
		x->answer->done(x->answer, x->err != 0 ? x->err : ERR_CLOSED);
	free(x->waiting);
	free(x->seqs);
	free(x);
}

static void is_durable(struct stream_waiter *w, int err)
{
	struct redriving *x = CONTAINER_OF(w, struct waiting, waiter)->redriving;

	if (err != 0)
		x->err = err;
	if (--x->n_waiting == 0)
		finish(x);
}

static struct redriving *remember(const struct redrive *r)
{
	struct slice      name = r->letters->name;
	struct redriving *x = calloc(1, sizeof *x + name.n);
	char             *at;

	if (x == NULL)
		return NULL;
	at = x->name;
	x->letters = slice_pack(&at, name);
	x->account = r->c->account;
	x->created_ns = r->letters->created_ns;
	x->seqs = calloc(r->n + 1, sizeof *x->seqs);
	x->waiting = calloc(r->n + 1, sizeof *x->waiting);
	if (x->seqs == NULL || x->waiting == NULL) {
		free(x->seqs);
		free(x->waiting);
		free(x);
		return NULL;
	}
	x->n = r->n;
	memcpy(x->seqs, r->seqs, r->n * sizeof *x->seqs);
	return x;
}

/* Each stream is asked once in a row.  The first waits for all that follow, so
 * that it does not end before they have begun. */
static void await_all(struct redriving *x, const struct redrive *r)
{
	x->n_waiting = 1;
	for (size_t i = 0; i < r->n; i++) {
		struct waiting *w = &x->waiting[i];

		if (i > 0 && r->to[i] == r->to[i - 1])
			continue;
		*w = (struct waiting){ .waiter.done = is_durable,
			.redriving = x };
		x->n_waiting++;
		stream_await(r->to[i], &w->waiter, false);
	}
	if (--x->n_waiting == 0)
		finish(x);
}

static void put_answer(struct api_call *c, const struct redrive *r)
{
	json_key(c->w, "success");
	json_bool(c->w, true);
	json_key(c->w, "redriven");
	json_u64(c->w, r->n);
	json_key(c->w, "left");
	json_u64(c->w, store_totals(r->letters->store).n_msgs - r->n);
}

/* False: nothing has gone, and c->e may say why. */
static bool redrive(struct redrive *r, struct api_call *c)
{
	uint64_t seq = c->asked.redrive.seq, batch = c->asked.redrive.batch;

	if (seq > 0 && !redrive_one(r, seq) && !js_failed(&c->e))
		js_fail(&c->e, 10037);
	else if (seq == 0)
		redrive_many(r, batch > 0 && batch < BATCH_MAX ? batch
		    : BATCH_MAX);
	/* what went before the one that could not is done all the same */
	if (r->n > 0)
		c->e = (struct js_error){ 0 };
	return !js_failed(&c->e);
}

void api_stream_redrive(struct api_call *c)
{
	struct redrive    r = { .c = c, .letters = api_stream(c),
		.consumer = c->asked.redrive.consumer };
	struct redriving *x;

	if (r.letters == NULL)
		return;
	c->is_put_off = r.letters->is_redriving;	/* not twice */
	if (c->is_put_off || !redrive(&r, c))
		return;
	x = remember(&r);
	if (x == NULL) {
		js_fail_with(&c->e, 10077, "%s", err_text(ERR_NOMEM));
		return;
	}
	put_answer(c, &r);
	x->answer = api_answer_later(c, 10077);
	r.letters->is_redriving = true;
	await_all(x, &r);
}
