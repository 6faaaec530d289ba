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

/* Where they went is on the disk; each stream is asked once in a row. */
static bool is_durable(struct redrive *r)
{
	for (size_t i = 0; i < r->n; i++) {
		int err = i > 0 && r->to[i] == r->to[i - 1] ? 0
		    : store_flush(r->to[i]->store);

		if (err != 0)
			return js_fail_with(&r->c->e, 10077, "%s",
			    err_text(err));
	}
	return true;
}

void api_stream_redrive(struct api_call *c)
{
	struct redrive r = { .c = c, .letters = api_stream(c),
		.consumer = c->asked.redrive.consumer };
	uint64_t       seq = c->asked.redrive.seq;
	uint64_t       batch = c->asked.redrive.batch;

	if (r.letters == NULL)
		return;
	if (seq > 0 && !redrive_one(&r, seq) && !js_failed(&c->e))
		js_fail(&c->e, 10037);
	else if (seq == 0)
		redrive_many(&r, batch > 0 && batch < BATCH_MAX ? batch
		    : BATCH_MAX);
	/* what went before the one that could not is done all the same */
	if (r.n == 0 && js_failed(&c->e))
		return;
	c->e = (struct js_error){ 0 };
	if (!is_durable(&r))
		return;
	for (size_t i = 0; i < r.n; i++)
		stream_drop(r.letters, r.seqs[i], STORE_DELETE);
	json_key(c->w, "success");
	json_bool(c->w, true);
	json_key(c->w, "redriven");
	json_u64(c->w, r.n);
	json_key(c->w, "left");
	json_u64(c->w, store_totals(r.letters->store).n_msgs);
	api_wait_for_disk(c, r.letters, false, 10051);
}
