/* js/stream_remove.c - purge, delete, and what retention takes away. */
#include "js/stream_int.h"

#include "base/err.h"
#include "js/consumer.h"
#include "js/errors.h"
#include "proto/subject.h"

/* A filtered purge moves nobody on, unlike in nats-server: a filter that is made
 * wider later may want what lies before. */
static void tell_purged(struct stream *s)
{
	struct store_state st;

	store_get_state(s->store, &st);
	LIST_EACH (l, &s->consumers)
		consumer_purged(consumer_of(l), st.first_seq);
	s->has_news = true;
}

bool stream_purge_now(struct stream *s, const struct stream_purge_what *what,
    uint64_t *n, struct js_error *e)
{
	const struct store_purge p = { what->filter, what->seq, what->keep };
	int                      err;

	*n = 0;
	err = s->error != 0 ? s->error : store_purge(s->store, &p, n);
	js_mark_dirty(stream_js(s), s);
	if (err == 0 && (what->filter.n == 0 ||
	    slice_eq(what->filter, SLICE(">"))) && what->seq == 0 &&
	    what->keep == 0)
		s->was_purged = true;
	if (*n > 0 || err == 0)
		tell_purged(s);
	return err == 0 || js_fail_with(e, 10110, "%s", err_text(err));
}

bool stream_purge(struct stream *s, const struct stream_purge_what *what,
    uint64_t *n, struct js_error *e)
{
	if (s->config->sealed)
		return js_fail(e, 10109);
	if (s->config->deny_purge)
		return js_fail_with(e, 10110, "stream purge not permitted");
	return stream_purge_now(s, what, n, e);
}

/* nats-server's stores have their own words for what is not there, one in
 * memory only one.  NULL: those of a message that is gone. */
static const char *why_not_there(const struct stream *s, uint64_t seq)
{
	struct store_state st;

	store_get_state(s->store, &st);
	if (s->config->storage == STORAGE_MEMORY)
		return NULL;
	if (seq > st.last_seq)
		return "stream store EOF";
	return seq < st.first_seq ? "no message found" : NULL;
}

bool stream_delete_msg(struct stream *s, uint64_t seq, bool erase,
    struct js_error *e)
{
	const char *why;
	int         err;

	if (s->config->sealed)
		return js_fail(e, 10109);
	if (s->config->deny_delete)
		return js_fail_with(e, 10057, "message delete not permitted");
	why = why_not_there(s, seq);
	if (why != NULL)
		return js_fail_with(e, 10057, "%s", why);
	err = stream_drop(s, seq, erase ? STORE_ERASE : STORE_DELETE);
	js_mark_dirty(stream_js(s), s);
	s->has_news = true;
	if (err == ERR_NOTFOUND)
		return js_fail_with(e, 10043, "%llu", (unsigned long long)seq);
	return err == 0 || js_fail_with(e, 10057, "%s", err_text(err));
}

/* ---- limits for each subject ------------------------------------------------ */

struct excess {
	int64_t    max;
	struct buf subjects;	/* each with its length in front */
};

static bool note_excess(void *ctx, struct slice subject, uint64_t n,
    uint64_t last_seq)
{
	struct excess *x = ctx;
	uint32_t       len = (uint32_t)subject.n;

	(void)last_seq;
	if (n > (uint64_t)x->max) {
		buf_put(&x->subjects, &len, sizeof len);
		buf_put_slice(&x->subjects, subject);
	}
	return true;
}

void stream_prune(struct stream *s)
{
	struct excess x = { .max = s->config->max_msgs_per_subject };
	uint32_t      len;

	if (x.max <= 0)
		return;
	store_each_subject(s->store, SLICE_NONE, note_excess, &x);
	for (size_t at = 0; at + sizeof len <= x.subjects.n; at += len) {
		struct stream_purge_what what = { .keep = (uint64_t)x.max };
		struct js_error          e;
		uint64_t                 n;

		memcpy(&len, x.subjects.p + at, sizeof len);
		at += sizeof len;
		what.filter = slice_of(x.subjects.p + at, len);
		stream_purge_now(s, &what, &n, &e);
	}
	buf_fini(&x.subjects);
}

/* ---- retention -------------------------------------------------------------- */

bool stream_has_interest(const struct stream *s, struct slice subject)
{
	LIST_EACH (l, &s->consumers)
		if (consumer_wants(consumer_of(l), subject))
			return true;
	return false;
}

static bool is_needed(struct stream *s, uint64_t seq, struct slice subject)
{
	LIST_EACH (l, &s->consumers)
		if (consumer_needs(consumer_of(l), seq, subject))
			return true;
	return false;
}

void stream_settle(struct stream *s)
{
	struct store_msg m = { 0 };
	uint64_t         seq = 0;

	if (s->config->retention == RETENTION_LIMITS || s->n_consumers == 0)
		return;
	for (; store_find_next(s->store, SLICE_NONE, seq, &seq) == 0; seq++)
		if (store_read(s->store, seq, &m) == 0 &&
		    stream_has_interest(s, m.subject) &&
		    !is_needed(s, seq, m.subject))
			stream_drop(s, seq, STORE_DELETE);
	store_msg_fini(&m);
}

void stream_lose_interest(struct stream *s)
{
	struct stream_purge_what all = { 0 };
	struct js_error          e;
	uint64_t                 n;

	if (s->config->retention == RETENTION_INTEREST &&
	    s->n_consumers == 0 && store_totals(s->store).n_msgs > 0)
		stream_purge_now(s, &all, &n, &e);
	else
		stream_settle(s);
}

void stream_acked(struct stream *s, uint64_t seq)
{
	struct store_msg m = { 0 };
	bool             goes = s->config->retention == RETENTION_WORKQUEUE;

	if (s->config->retention == RETENTION_INTEREST)
		goes = store_read(s->store, seq, &m) == 0 &&
		    !is_needed(s, seq, m.subject);
	if (goes)
		stream_drop(s, seq, STORE_DELETE);
	js_mark_dirty(stream_js(s), s);
	store_msg_fini(&m);
}
