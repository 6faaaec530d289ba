/* js/source_place.c - how far the readers of other streams are.
 *
 * In the state store, under "o.<hash8 of the reader's name>":
 *
 *   version(1) kind(1) then varints: the origin's sequence, and the stream's
 *   own when that was written; then the origin's identity, or nothing
 *
 * What was stored since is in the stream behind that sequence of its own.
 */
#include "js/source.h"

#include "base/err.h"
#include "base/text.h"
#include "js/headers.h"
#include "js/sources.h"
#include "js/stream_int.h"
#include "store/format.h"

enum { VERSION = 1, KIND = 1, NAME_BYTES = 2 + HASH8,
	LOOK_BACK_MAX = 100000 };	/* messages, where there is no record */

static struct slice record_name(const struct source *o, char out[NAME_BYTES])
{
	out[0] = 'o';
	out[1] = '.';
	hash8_of(buf_slice(&o->name), out + 2);
	return slice_of(out, NAME_BYTES);
}

/* ---- the header ------------------------------------------------------------- */

void source_place_put(const struct source *o, uint64_t seq,
    struct slice subject, struct buf *out)
{
	struct slice name = buf_slice(&o->name);

	buf_put(out, name.p, o->n_origin);
	buf_put_char(out, ' ');
	buf_put_u64(out, seq);
	buf_put_slice(out, slice_skip(name, o->n_origin));
	buf_put_char(out, ' ');
	buf_put_slice(out, subject);
	if (o->has_identity) {
		buf_put_char(out, ' ');
		buf_put(out, o->identity, HASH8);
	}
}

static struct slice take_word(struct slice *s)
{
	const char  *end = s->n == 0 ? NULL : memchr(s->p, ' ', s->n);
	struct slice word = slice_of(s->p, end == NULL ? s->n
	    : (size_t)(end - s->p));

	*s = slice_skip(*s, word.n + (end != NULL));
	return word;
}

/* Is it this reader's?  Older forms name the stream and the sequence only. */
static bool is_of(const struct source *o, struct slice origin,
    struct slice filters, struct slice dests)
{
	struct slice name = buf_slice(&o->name);

	if (!slice_eq(origin, slice_of(name.p, o->n_origin)))
		return false;
	if (filters.n == 0)
		return true;
	name = slice_skip(name, o->n_origin + 1);
	return slice_eq(take_word(&name), filters) && slice_eq(name, dests);
}

static void take_header(struct stream *s, struct slice text, size_t *n_left)
{
	struct slice origin = take_word(&text), number = take_word(&text);
	struct slice filters = take_word(&text), dests = take_word(&text);
	struct slice identity;
	uint64_t     seq;

	take_word(&text);	/* the subject it had */
	identity = take_word(&text);
	if (!text_parse_u64(number, &seq))
		return;
	for (size_t i = 0; i < s->n_sources; i++) {
		struct source *o = s->sources[i];

		if (o->is_known || !is_of(o, origin, filters, dests))
			continue;
		o->is_known = true;
		if (seq > o->seq)
			o->seq = seq;
		if (identity.n == HASH8) {
			memcpy(o->identity, identity.p, HASH8);
			o->has_identity = true;
		}
		--*n_left;
	}
}

/* ---- the records ------------------------------------------------------------ */

/* The stream's own sequence up to which o->seq is right; 0: there is no record.
 */
static uint64_t read_record(struct source *o)
{
	struct store_msg m = { 0 };
	char             name[NAME_BYTES];
	uint64_t         at, seq, own = 0;
	struct slice     rest;

	if (o->stream->state != NULL && store_find_last(o->stream->state,
	    record_name(o, name), UINT64_MAX, &at) == 0 &&
	    store_read(o->stream->state, at, &m) == 0 && m.body.n > 2 &&
	    m.body.p[0] == VERSION && m.body.p[1] == KIND) {
		rest = slice_skip(m.body, 2);
		if (!take_varint(&rest, &seq) || !take_varint(&rest, &own))
			own = 0;
		else
			o->seq = o->saved = seq;
		if (own > 0 && rest.n == HASH8) {
			memcpy(o->identity, rest.p, HASH8);
			o->has_identity = true;
		}
	}
	store_msg_fini(&m);
	return own;
}

void source_places_find(struct stream *s)
{
	struct store_msg m = { 0 };
	struct slice     text;
	uint64_t         known = UINT64_MAX, own, seq = UINT64_MAX;
	size_t           n_left = 0, n_looked = 0;

	for (size_t i = 0; i < s->n_sources; i++) {
		struct source *o = s->sources[i];

		if (o->is_known)
			continue;
		own = read_record(o);
		if (own < known)
			known = own;
		if (o->is_mirror) {
			o->seq = store_last_seq(s->store);
			o->is_known = true;
		}
		n_left += !o->is_known;
	}
	while (n_left > 0 && n_looked++ < LOOK_BACK_MAX &&
	    store_find_last(s->store, SLICE_NONE, seq, &seq) == 0 &&
	    seq > known) {
		if (store_read(s->store, seq, &m) == 0 && m.hdr.n > 0 &&
		    js_header_get(m.hdr, SLICE("Nats-Stream-Source"), &text))
			take_header(s, text, &n_left);
		seq--;
	}
	for (size_t i = 0; i < s->n_sources; i++)
		s->sources[i]->is_known = true;
	store_msg_fini(&m);
}

static void write_record(struct source *o)
{
	struct store      *state = o->stream->state;
	struct buf         body = { 0 };
	char               name[NAME_BYTES];
	int64_t            now = stream_ts(o->stream);
	uint64_t           seq, n;
	struct store_purge old = { .pattern = record_name(o, name) };

	buf_put_char(&body, VERSION);
	buf_put_char(&body, KIND);
	put_varint(&body, o->saving_seq);
	put_varint(&body, o->saving_own);
	if (o->has_identity)
		buf_put(&body, o->identity, HASH8);
	if (now < store_last_ts_ns(state))
		now = store_last_ts_ns(state);
	if (!buf_failed(&body) && store_append(state, old.pattern, SLICE_NONE,
	    buf_slice(&body), now, &seq) == 0) {
		o->saved = o->saving_seq;
		old.below_seq = seq;
		store_purge(state, &old, &n);
		js_mark_dirty(stream_js(o->stream), o->stream);
	}
	buf_fini(&body);
}

/* The waiter is the reader's own: nothing to free. */
static void is_durable(struct stream_waiter *w, int err)
{
	struct source *o = CONTAINER_OF(w, struct source, saving);

	o->is_saving = false;
	if (err == 0 && !o->stream->is_leaving)
		write_record(o);
}

/* What is here now is what the record will say.  False: there is no need. */
static bool begin_saving(struct source *o)
{
	if (o->is_mirror || o->saved == o->seq || o->stream->state == NULL)
		return false;
	o->saving_seq = o->seq;
	o->saving_own = store_last_seq(o->stream->store);
	return true;
}

void source_place_close(struct source *o)
{
	if (begin_saving(o))
		write_record(o);
}

void source_place_save(struct source *o)
{
	if (o->is_saving || !begin_saving(o))
		return;
	o->is_saving = true;
	o->saving.done = is_durable;
	stream_await(o->stream, &o->saving, false);
}
