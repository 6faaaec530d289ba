/* js/source_store.c - what comes from another stream is stored.
 *
 * A mirror's messages keep their sequence: what is missing before one was
 * deleted at the origin, or filtered.
 */
#include "js/source.h"

#include "base/err.h"
#include "core/transform.h"
#include "js/headers.h"
#include "js/publish.h"
#include "js/stream_int.h"
#include "proto/subject.h"

/* What held for one publishing only. */
static bool is_of_publisher(struct slice name)
{
	return slice_has_prefix(name, SLICE("Nats-Expected-")) ||
	    slice_has_prefix(name, SLICE("Nats-Batch-"));
}

static bool is_of_source(struct slice name)
{
	return is_of_publisher(name) ||
	    slice_eq(name, SLICE("Nats-Stream-Source"));
}

static bool has_any(struct slice headers)
{
	return headers.p != NULL && (memmem(headers.p, headers.n,
	    "\r\nNats-Expected-", 16) != NULL || memmem(headers.p, headers.n,
	    "\r\nNats-Batch-", 13) != NULL);
}

/* The subject here.  False: as it is. */
static bool transform(const struct source_config *c, struct slice subject,
    struct buf *to)
{
	struct transform *t;
	struct buf        why = { 0 };
	bool              done = false;

	for (size_t i = 0; !done && i < c->n_transforms; i++) {
		struct slice src = c->transforms[i].src;

		if (src.n > 0 && !subject_matches(subject, src))
			continue;
		if (c->transforms[i].dest.n == 0 || transform_create(src.n > 0
		    ? src : SLICE(">"), c->transforms[i].dest,
		    TRANSFORM_MAPPING, &t, &why) != 0)
			break;
		transform_apply(t, subject, to);
		transform_destroy(t);
		done = !buf_failed(to) && subject_is_literal(buf_slice(to));
	}
	buf_fini(&why);
	return done;
}

/* Out of disk or beyond a limit: it is tried again. */
static bool refuse(struct source *o, const struct js_error *e)
{
	o->error = *e;
	return false;
}

/* ---- sources ---------------------------------------------------------------- */

static bool store_sourced(struct source *o, struct slice subject,
    struct slice headers, struct slice payload, uint64_t seq)
{
	struct publish p;
	struct buf     to = { 0 }, block = { 0 }, text = { 0 };
	bool           ok;

	source_place_put(o, seq, subject, &text);
	js_headers_begin_without(&block, headers, is_of_source);
	js_header_put(&block, "Nats-Stream-Source", buf_slice(&text));
	js_headers_end(&block);
	if (transform(o->config, subject, &to))
		subject = buf_slice(&to);
	publish_begin_inside(&p, o->stream, subject, buf_slice(&block),
	    payload);
	ok = !buf_failed(&block) &&
	    publish_check_inside(&p) != PUBLISH_REFUSED &&
	    (p.end != PUBLISH_GOES || publish_store(&p));
	if (!ok)
		refuse(o, &p.e);
	publish_fini(&p);
	buf_fini(&to);
	buf_fini(&block);
	buf_fini(&text);
	return ok;
}

/* ---- mirrors ---------------------------------------------------------------- */

static int append(struct stream *s, const struct publish *p, uint64_t seq,
    int64_t ts_ns)
{
	uint64_t got;
	int      err;

	if (ts_ns < store_last_ts_ns(s->store))
		ts_ns = store_last_ts_ns(s->store);
	if (ts_ns > s->last_ts_ns)
		s->last_ts_ns = ts_ns;
	err = store_skip_to(s->store, seq);
	if (err == 0)
		err = stream_put(s, p->subject, p->headers, p->payload, ts_ns,
		    &got);
	if (err == 0)
		stream_appended(s, p->subject, p->headers, p->payload, ts_ns,
		    got);
	return err;
}

static bool store_mirrored(struct source *o, struct slice subject,
    struct slice headers, struct slice payload, uint64_t seq, int64_t ts_ns)
{
	struct stream *s = o->stream;
	struct publish p;
	struct buf     to = { 0 };
	bool           ok;
	int            err;

	if (seq <= store_last_seq(s->store))
		return true;	/* it was here */
	if (transform(o->config, subject, &to))
		subject = buf_slice(&to);
	publish_begin_inside(&p, s, subject, headers, payload);
	if (headers.n > 0 && has_any(headers))
		publish_put_header(&p, is_of_publisher, NULL, SLICE_NONE);
	ok = publish_check_mirrored(&p) == PUBLISH_GOES;
	if (ok) {
		err = append(s, &p, seq, ts_ns);
		ok = err == 0 || publish_fail(&p, err);
	}
	if (!ok)
		refuse(o, &p.e);
	publish_fini(&p);
	buf_fini(&to);
	return ok;
}

bool source_store(struct source *o, struct slice subject, struct slice headers,
    struct slice payload, uint64_t seq, int64_t ts_ns)
{
	return o->is_mirror
	    ? store_mirrored(o, subject, headers, payload, seq, ts_ns)
	    : store_sourced(o, subject, headers, payload, seq);
}
