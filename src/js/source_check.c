/* js/source_check.c - may a stream be a copy of, or be fed by, these others? */
#include "js/source_check.h"

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

/* Where the deliveries of an external one would come into the stream. */
static bool check_deliver(const struct stream_config *c,
    const struct source_config *o, struct js_error *e)
{
	for (size_t i = 0; i < c->n_subjects; i++)
		if (o->external_deliver.n > 0 && subject_overlaps(
		    o->external_deliver, c->subjects[i]))
			return js_fail_with(e, 10022, "%.*s overlaps with "
			    "stream subject %.*s",
			    SLICE_ARG(o->external_deliver),
			    SLICE_ARG(c->subjects[i]));
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
		if (!check_deliver(c, &c->sources[i], e))
			return false;
	}
	return !leads_to(a, c, c->name, 0) ||
	    js_fail_with(e, 10052, "detected cycle");
}
