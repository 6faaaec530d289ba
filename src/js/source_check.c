/* js/source_check.c - may a stream be a copy of, or be fed by, these others? */
#include "js/source_check.h"

#include "base/buf.h"
#include "js/errors.h"
#include "js/js.h"
#include "js/stream.h"
#include "js/stream_config.h"
#include "proto/subject.h"

enum { DEPTH_MAX = 64 };

/* NULL: it is elsewhere, or not there. */
static const struct stream_config *find_origin(const struct js_account *a,
    const struct source_config *o)
{
	const struct stream *s = o->has_external ? NULL
	    : js_find_stream(a, o->name);

	return s == NULL ? NULL : s->config;
}

static bool has_larger(const struct stream_config *origin, int64_t max)
{
	return max > 0 && origin->max_msg_size > max;
}

static bool check_mirror(const struct js_account *a, struct stream_config *c,
    bool pedantic, struct js_error *e)
{
	const struct stream_config *origin;

	if (c->mirror == NULL)
		return true;
	origin = find_origin(a, c->mirror);
	if (origin == NULL)
		return true;
	if (has_larger(origin, c->max_msg_size))
		return js_fail(e, 10030);
	if (pedantic && c->mirror_direct != origin->allow_direct)
		return js_fail_with(e, 10157, "origin stream has direct get "
		    "set, mirror has it disabled");
	c->mirror_direct = origin->allow_direct;
	return true;
}

/* Would what an external one delivers be taken by an origin that is here? */
static bool comes_through(struct slice deliver, struct slice subject)
{
	struct buf way = { 0 };
	bool       comes;

	buf_printf(&way, "%.*s.%.*s", SLICE_ARG(deliver), SLICE_ARG(subject));
	comes = subject_overlaps(subject, buf_slice(&way));
	buf_fini(&way);
	return comes;
}

static bool check_deliver(const struct js_account *a,
    const struct stream_config *c, struct slice deliver, struct js_error *e)
{
	for (size_t i = 0; i < c->n_sources && deliver.n > 0; i++) {
		const struct stream_config *origin =
		    find_origin(a, &c->sources[i]);

		for (size_t k = 0; origin != NULL && k < origin->n_subjects;
		    k++)
			if (comes_through(deliver, origin->subjects[k]))
				return js_fail_with(e, 10022, "%.*s overlaps "
				    "with stream subject %.*s",
				    SLICE_ARG(deliver),
				    SLICE_ARG(origin->subjects[k]));
	}
	return true;
}

/* Could what the origin takes come through? */
static bool passes(const struct source_config *o,
    const struct stream_config *origin)
{
	if (o->filter_subject.n == 0 || origin->n_subjects == 0)
		return true;
	for (size_t i = 0; i < origin->n_subjects; i++)
		if (subject_overlaps(o->filter_subject, origin->subjects[i]))
			return true;
	return false;
}

/* Does the way from c's origins lead to the stream called name? */
static bool leads_to(const struct js_account *a,
    const struct stream_config *c, struct slice name, int depth)
{
	size_t n = c->mirror != NULL ? 1 : c->n_sources;

	for (size_t i = 0; i < n && depth < DEPTH_MAX; i++) {
		const struct source_config *o = c->mirror != NULL ? c->mirror
		    : &c->sources[i];
		const struct stream_config *origin = find_origin(a, o);

		if (!o->has_external && slice_eq(o->name, name))
			return origin == NULL || passes(o, origin);
		if (origin != NULL && leads_to(a, origin, name, depth + 1))
			return true;
	}
	return false;
}

bool source_check(const struct js_account *a, struct stream_config *c,
    bool pedantic, struct js_error *e)
{
	if (!check_mirror(a, c, pedantic, e))
		return false;
	for (size_t i = 0; i < c->n_sources; i++) {
		const struct stream_config *origin =
		    find_origin(a, &c->sources[i]);

		if (origin != NULL && has_larger(origin, c->max_msg_size))
			return js_fail(e, 10046);
	}
	for (size_t i = 0; i < c->n_sources; i++)
		if (!check_deliver(a, c, c->sources[i].external_deliver, e))
			return false;
	return !leads_to(a, c, c->name, 0) ||
	    js_fail_with(e, 10052, "detected cycle");
}
