/* js/dead_letter.c - the message as it was, and why it is here. */
#include "js/dead_letter.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "js/consumer_int.h"

static struct stream *target_of(const struct consumer *c)
{
	struct slice name = js_metadata_get(c->config->metadata,
	    c->config->n_metadata, SLICE("mote.dead_letter_stream"));

	return name.n == 0 ? NULL : js_find_stream(consumer_account(c), name);
}

static void put_headers(const struct consumer *c, const struct store_msg *m,
    uint32_t n_delivered, enum dead_why why, struct buf *out)
{
	if (m->hdr.n > 2)
		buf_put(out, m->hdr.p, m->hdr.n - 2);
	else
		buf_put_str(out, "NATS/1.0\r\n");
	buf_printf(out, "Mote-Dead-Stream: %.*s\r\n"
	    "Mote-Dead-Consumer: %.*s\r\nMote-Dead-Subject: %.*s\r\n"
	    "Mote-Dead-Sequence: %" PRIu64 "\r\n"
	    "Mote-Dead-Deliveries: %" PRIu32 "\r\nMote-Dead-Reason: %s\r\n"
	    "Mote-Dead-Time: ", SLICE_ARG(c->stream->name),
	    SLICE_ARG(consumer_name(c)), SLICE_ARG(m->subject), m->seq,
	    n_delivered, why == DEAD_TERMINATED ? "terminated" : "max_deliver");
	text_put_time(out, m->ts_ns);
	buf_put_str(out, "\r\n\r\n");
}

void dead_letter(struct consumer *c, uint64_t seq, uint32_t n_delivered,
    enum dead_why why)
{
	struct stream   *to = target_of(c);
	struct store_msg m = { 0 };
	struct buf       headers = { 0 };
	uint64_t         at;
	int              err;

	if (to == NULL || to == c->stream)
		return;
	err = store_read(c->stream->store, seq, &m);
	if (err == 0) {
		put_headers(c, &m, n_delivered, why, &headers);
		err = buf_failed(&headers) ? ERR_NOMEM : stream_append(to,
		    m.subject, buf_slice(&headers), m.body, consumer_wall(c),
		    &at);
	}
	if (err != 0)
		log_warn("message %" PRIu64 " of stream %.*s could not be put "
		    "into dead letter stream %.*s: %s", seq,
		    SLICE_ARG(c->stream->name), SLICE_ARG(to->name),
		    err_text(err));
	buf_fini(&headers);
	store_msg_fini(&m);
}
