/* js/dead_letter.c - the message as it was, and why it is here. */
#include "js/dead_letter.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "js/consumer_int.h"
#include "js/headers.h"
#include "js/stream_int.h"

static struct stream *target_of(const struct consumer *c)
{
	struct slice name = js_metadata_get(c->config->metadata,
	    c->config->n_metadata, SLICE("mote.dead_letter_stream"));

	return name.n == 0 ? NULL : js_find_stream(consumer_account(c), name);
}

static void put_headers(const struct consumer *c, const struct store_msg *m,
    const struct dead *d, struct buf *out)
{
	struct buf time = { 0 };

	text_put_time(&time, m->ts_ns);
	js_headers_begin(out, m->hdr);
	js_header_put(out, "Mote-Dead-Stream", c->stream->name);
	js_header_put(out, "Mote-Dead-Consumer", consumer_name(c));
	js_header_put(out, "Mote-Dead-Subject", m->subject);
	js_header_put_u64(out, "Mote-Dead-Sequence", m->seq);
	js_header_put_u64(out, "Mote-Dead-Deliveries", d->n_delivered);
	js_header_put(out, "Mote-Dead-Reason", d->why == DEAD_TERMINATED
	    ? SLICE("terminated") : SLICE("max_deliver"));
	js_header_put(out, "Mote-Dead-Time", buf_slice(&time));
	js_headers_end(out);
	buf_fini(&time);
}

static int put(struct stream *to, const struct consumer *c, const struct dead *d)
{
	struct store_msg m = { 0 };
	struct buf       headers = { 0 };
	uint64_t         at;
	int              err = store_read(c->stream->store, d->seq, &m);

	if (err == 0) {
		put_headers(c, &m, d, &headers);
		err = buf_failed(&headers) ? ERR_NOMEM : stream_append(to,
		    m.subject, buf_slice(&headers), m.body, stream_ts(to), &at);
	}
	buf_fini(&headers);
	store_msg_fini(&m);
	return err;
}

/* ---- until it is on the disk ------------------------------------------- */

/* It does not know the consumer, which may be deleted meanwhile. */
struct letter {
	struct stream_waiter waiter;
	struct js_account   *account;
	struct slice         stream, consumer, to;
	int64_t              created_ns;	/* of the consumer */
	struct dead          d;
	char                 bytes[];
};

static void fail(struct consumer *c, const struct dead *d, struct slice to,
    int err)
{
	log_warn("message %" PRIu64 " of stream %.*s could not be put into "
	    "dead letter stream %.*s: %s", d->seq, SLICE_ARG(c->stream->name),
	    SLICE_ARG(to), err_text(err));
	consumer_revive(c, d->seq);
}

static struct consumer *consumer_of_letter(const struct letter *l)
{
	struct stream   *s;
	struct consumer *c;

	if (l->account->js->is_closing)
		return NULL;
	s = js_find_stream(l->account, l->stream);
	c = s == NULL ? NULL : stream_find_consumer(s, l->consumer);
	return c != NULL && c->created_ns == l->created_ns ? c : NULL;
}

static void is_durable(struct stream_waiter *w, int err)
{
	struct letter   *l = CONTAINER_OF(w, struct letter, waiter);
	struct consumer *c = consumer_of_letter(l);

	if (c != NULL && err != 0)
		fail(c, &l->d, l->to, err);
	else if (c != NULL)
		consumer_bury(c, &l->d);
	free(l);
}

static int await(struct stream *to, const struct consumer *c,
    const struct dead *d)
{
	struct slice   stream = c->stream->name, consumer = consumer_name(c);
	struct letter *l = malloc(sizeof *l + stream.n + consumer.n +
	    to->name.n + d->text.n + d->reply.n);
	char          *at;

	if (l == NULL)
		return ERR_NOMEM;
	at = l->bytes;
	*l = (struct letter){ .waiter.done = is_durable, .d = *d,
		.account = c->stream->account, .created_ns = c->created_ns };
	l->stream = slice_pack(&at, stream);
	l->consumer = slice_pack(&at, consumer);
	l->to = slice_pack(&at, to->name);
	l->d.text = slice_pack(&at, d->text);
	l->d.reply = slice_pack(&at, d->reply);
	stream_await(to, &l->waiter, false);
	return 0;
}

bool dead_letter(struct consumer *c, const struct dead *d)
{
	struct stream *to = target_of(c);
	int            err;

	if (to == NULL || to == c->stream)
		return false;
	err = put(to, c, d);
	if (err == ERR_NOTFOUND || err == ERR_CORRUPT)
		return false;	/* there is nothing to be put away */
	if (err == 0)
		err = await(to, c, d);
	if (err != 0)
		fail(c, d, to->name, err);
	return true;
}
