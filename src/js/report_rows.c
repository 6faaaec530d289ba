/* js/report_rows.c - every stream and consumer in numbers. */
#include "js/report_int.h"

#include <stdlib.h>

#include "core/account.h"
#include "js/consumer_int.h"
#include "js/stream_int.h"

/* Where it begins. */
static size_t keep_name(struct report *r, struct slice name)
{
	size_t at = r->names.n;

	buf_put_slice(&r->names, name);
	buf_put_char(&r->names, '\0');
	return at;
}

/* Room for one more of n.  NULL: out of memory, *v stays. */
static void *room(struct report *r, void *v, size_t n, size_t *cap,
    size_t size)
{
	size_t more = *cap == 0 ? 64 : 2 * *cap;
	void  *grown = v;

	if (n == *cap) {
		grown = reallocarray(v, more, size);
		r->failed |= grown == NULL;
		if (grown != NULL)
			*cap = more;
	}
	return grown;
}

static uint64_t limit(int64_t v)
{
	return v > 0 ? (uint64_t)v : 0;
}

static void add_consumer(struct report *r, struct consumer *c, size_t account,
    size_t stream)
{
	struct report_consumer *v = room(r, r->consumers, r->n_consumers,
	    &r->consumers_cap, sizeof *v);
	struct consumer_view    look;

	if (v == NULL)
		return;
	r->consumers = v;
	consumer_look(c, &look);
	v[r->n_consumers++] = (struct report_consumer){
		.account = account, .stream = stream,
		.name = keep_name(r, consumer_name(c)),
		.delivered_consumer_seq = look.delivered.consumer_seq,
		.delivered_stream_seq = look.delivered.stream_seq,
		.ack_floor_consumer_seq = look.ack_floor.consumer_seq,
		.ack_floor_stream_seq = look.ack_floor.stream_seq,
		.n_ack_pending = look.n_ack_pending,
		.n_pending = look.n_pending,
		.n_redelivered = look.n_redelivered,
		.n_waiting = look.n_waiting,
		.lag_seconds = (uint64_t)(consumer_lag_ns(c) / NS_PER_S),
	};
}

static size_t add_stream(struct report *r, struct stream *s)
{
	struct report_stream *v = room(r, r->streams, r->n_streams,
	    &r->streams_cap, sizeof *v);
	struct store_state    st;
	size_t                account;

	if (v == NULL)
		return 1;
	r->streams = v;
	store_get_state(s->store, &st);
	account = keep_name(r, s->account->core->name);
	v[r->n_streams++] = (struct report_stream){
		.account = account, .name = keep_name(r, s->name),
		.messages = st.n_msgs, .bytes = st.bytes,
		.first_seq = st.first_seq, .last_seq = st.last_seq,
		.limit_messages = limit(s->config->max_msgs),
		.limit_bytes = limit(s->config->max_bytes),
		.n_consumers = s->n_consumers - s->n_direct,
		.n_subjects = st.n_subjects, .lost = s->n_lost,
	};
	LIST_EACH (l, &s->consumers)
		if (!consumer_is_hidden(consumer_of(l)))
			add_consumer(r, consumer_of(l), account,
			    v[r->n_streams - 1].name);
	return 1 + s->n_consumers;
}

const struct report_pass report_rows = { REACH_EVERYWHERE,
	.stream = add_stream };
