/* js/stream_info.c - what is told of a stream. */
#include "js/stream_int.h"

#include "base/json.h"
#include "base/text.h"
#include "js/consumer.h"
#include "js/sources.h"

enum { SUBJECTS_PAGE = 100000, DELETED_MAX = 1000000 };

uint64_t stream_bytes(const struct stream *s)
{
	return store_totals(s->store).bytes;
}

struct consumer *stream_find_consumer(const struct stream *s,
    struct slice name)
{
	size_t at = consumer_seek(s, name);

	if (at == s->n_consumers ||
	    !slice_eq(consumer_name(s->by_name[at]), name))
		return NULL;
	return s->by_name[at];
}

struct subjects {
	struct json_writer *w;
	uint64_t            n, offset;
};

static bool write_subject(void *ctx, struct slice subject, uint64_t n,
    uint64_t last_seq)
{
	struct subjects *x = ctx;

	(void)last_seq;
	if (x->n == 0) {
		json_key(x->w, "subjects");
		json_begin_object(x->w);
	}
	if (x->n >= x->offset && x->n - x->offset < SUBJECTS_PAGE) {
		json_key_slice(x->w, subject);
		json_u64(x->w, n);
	}
	x->n++;
	return true;
}

/* Where there are none, there is no such key. */
static void write_subjects(struct stream *s, struct slice pattern,
    struct subjects *x)
{
	store_each_subject(s->store, pattern, write_subject, x);
	if (x->n > 0)
		json_end_object(x->w);
}

static void write_deleted(struct stream *s, const struct store_state *st,
    struct json_writer *w)
{
	uint64_t next = st->first_seq, n = 0, seq;

	json_key(w, "deleted");
	json_begin_array(w);
	while (next <= st->last_seq && n < DELETED_MAX) {
		if (store_find_next(s->store, SLICE_NONE, next, &seq) != 0)
			seq = st->last_seq + 1;
		for (; next < seq && n < DELETED_MAX; next++, n++)
			json_u64(w, next);
		next = seq + 1;
	}
	json_end_array(w);
}

static void put(struct json_writer *w, const char *key, uint64_t v)
{
	json_key(w, key);
	json_u64(w, v);
}

static void put_time(struct json_writer *w, const char *key, int64_t ns)
{
	json_key(w, key);
	json_time(w, ns == 0 ? TEXT_TIME_NONE : ns);
}

/* A stream that never held anything begins at 0 until it is purged, as
 * nats-server has it. */
static uint64_t first_told(const struct stream *s,
    const struct store_state *st)
{
	return st->last_seq == 0 && s->config->first_seq != 1 &&
	    !s->was_purged ? 0 : st->first_seq;
}

void stream_write_state(struct stream *s, const struct stream_state_wish *wish,
    uint64_t *n_subjects, struct json_writer *w)
{
	struct store_state st;
	struct subjects    x = { w, 0, wish == NULL ? 0 : wish->offset };
	uint64_t           span;

	store_get_state(s->store, &st);
	span = st.n_msgs == 0 ? 0 : st.last_seq - st.first_seq + 1;
	json_begin_object(w);
	put(w, "messages", st.n_msgs);
	put(w, "bytes", st.bytes);
	put(w, "first_seq", first_told(s, &st));
	put_time(w, "first_ts", st.first_ts_ns);
	put(w, "last_seq", st.last_seq);
	put_time(w, "last_ts", store_last_ts_ns(s->store));
	if (st.n_subjects > 0)
		put(w, "num_subjects", st.n_subjects);
	if (wish != NULL && wish->subjects_filter.n > 0)
		write_subjects(s, wish->subjects_filter, &x);
	if (span > st.n_msgs)
		put(w, "num_deleted", span - st.n_msgs);
	if (wish != NULL && wish->deleted_details && span > st.n_msgs)
		write_deleted(s, &st, w);
	if (s->n_lost > 0) {
		json_key(w, "lost");
		json_begin_object(w);
		json_key(w, "msgs");
		json_null(w);
		put(w, "bytes", 0);
		put(w, "count", s->n_lost);
		json_end_object(w);
	}
	put(w, "consumer_count", s->n_consumers - s->n_direct);
	json_end_object(w);
	if (n_subjects != NULL)
		*n_subjects = x.n;
}

void stream_write_info(struct stream *s, const struct stream_state_wish *wish,
    bool is_dynamic, uint64_t *n_subjects, struct json_writer *w)
{
	const struct js_config *c = &stream_js(s)->config;
	const struct js_host   *h = &stream_js(s)->host;

	json_key(w, "config");
	stream_config_write(s->config, is_dynamic, w);
	json_key(w, "created");
	json_time(w, s->created_ns);
	json_key(w, "state");
	stream_write_state(s, wish, n_subjects, w);
	if (c->domain != NULL) {
		json_key(w, "domain");
		json_cstr(w, c->domain);
	}
	if (wish != NULL) {
		json_key(w, "cluster");
		json_begin_object(w);
		json_key(w, "leader");
		json_cstr(w, c->server_name);
		json_end_object(w);
	}
	sources_write_info(s, w);
	json_key(w, "ts");
	json_time(w, h->wall_ns(h->ctx));
}
