/* js/dead_letter.c - the message as it was, and why it is here. */
#include "js/dead_letter.h"

#include <inttypes.h>

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
    uint32_t n_delivered, enum dead_why why, struct buf *out)
{
	struct buf time = { 0 };

	text_put_time(&time, m->ts_ns);
	js_headers_begin(out, m->hdr);
	js_header_put(out, "Mote-Dead-Stream", c->stream->name);
	js_header_put(out, "Mote-Dead-Consumer", consumer_name(c));
	js_header_put(out, "Mote-Dead-Subject", m->subject);
	js_header_put_u64(out, "Mote-Dead-Sequence", m->seq);
	js_header_put_u64(out, "Mote-Dead-Deliveries", n_delivered);
	js_header_put(out, "Mote-Dead-Reason", why == DEAD_TERMINATED
	    ? SLICE("terminated") : SLICE("max_deliver"));
	js_header_put(out, "Mote-Dead-Time", buf_slice(&time));
	js_headers_end(out);
	buf_fini(&time);
}

static int put(struct stream *to, const struct consumer *c,
    const struct store_msg *m, uint32_t n_delivered, enum dead_why why)
{
	struct buf headers = { 0 };
	uint64_t   at;
	int        err;

	put_headers(c, m, n_delivered, why, &headers);
	err = buf_failed(&headers) ? ERR_NOMEM : stream_append(to, m->subject,
	    buf_slice(&headers), m->body, stream_ts(to), &at);
	buf_fini(&headers);
	return err == 0 ? store_flush(to->store) : err;
}

bool dead_letter(struct consumer *c, uint64_t seq, uint32_t n_delivered,
    enum dead_why why)
{
	struct stream   *to = target_of(c);
	struct store_msg m = { 0 };
	int              err;

	if (to == NULL || to == c->stream)
		return true;
	err = store_read(c->stream->store, seq, &m);
	if (err == 0)
		err = put(to, c, &m, n_delivered, why);
	else if (err == ERR_NOTFOUND || err == ERR_CORRUPT)
		err = 0;	/* there is nothing to be put away */
	store_msg_fini(&m);
	if (err != 0)
		log_warn("message %" PRIu64 " of stream %.*s could not be put "
		    "into dead letter stream %.*s: %s", seq,
		    SLICE_ARG(c->stream->name), SLICE_ARG(to->name),
		    err_text(err));
	return err == 0;
}
