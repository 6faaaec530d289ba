/* js/stream_config_check.c - defaults, and what may not be.
 *
 * One function for each point of section 4.2, in its order: the first that
 * objects decides what is answered.
 */
#include "js/stream_config.h"

#include "base/buf.h"
#include "base/text.h"
#include "core/transform.h"
#include "js/errors.h"
#include "js/names.h"
#include "proto/subject.h"

#define MS INT64_C(1000000)
#define S  (1000 * MS)
#define DUPLICATES_NS (120 * S)

enum { DESCRIPTION_MAX = 4096, METADATA_MAX = 131072, REPLICAS_MAX = 5 };

struct check {
	struct stream_config       *c;
	const struct stream_limits *limits;
	bool                        pedantic;
	struct js_error            *e;
};

static bool invalid(struct check *k, const char *text)
{
	return js_fail_with(k->e, 10052, "%s", text);
}

static bool too_pedantic(struct check *k, const char *text)
{
	return !k->pedantic || js_fail_with(k->e, 10157, "%s", text);
}

static bool check_names(struct check *k)
{
	struct stream_config *c = k->c;

	if (!js_name_is_valid(c->name))
		return invalid(k, "stream name is required and can not contain "
		    "'.', '*', '>', '\\', '/'");
	if (c->name.n > JS_NAME_MAX)
		return invalid(k, "stream name is too long, maximum allowed is "
		    "255");
	if (c->description.n > DESCRIPTION_MAX)
		return invalid(k, "stream description is too long, maximum "
		    "allowed is 4096");
	if (js_metadata_size(c->metadata, c->n_metadata) > METADATA_MAX)
		return invalid(k, "stream metadata exceeds maximum size of "
		    "131072 bytes");
	return true;
}

static bool check_numbers(struct check *k)
{
	struct stream_config *c = k->c;
	struct {
		int64_t    *v;
		const char *text;
	} rows[] = {
		{ &c->max_msgs, "max_msgs must be set to -1" },
		{ &c->max_msgs_per_subject,
		  "max_msgs_per_subject must be set to -1" },
		{ &c->max_bytes, "max_bytes must be set to -1" },
		{ &c->max_msg_size, "max_msg_size must be set to -1" },
		{ &c->max_consumers, "max_consumers must be set to -1" },
	};

	if (c->n_replicas < 0)
		return js_fail(k->e, 10133);
	if (c->n_replicas > REPLICAS_MAX)
		return invalid(k, "maximum replicas is 5");
	if (c->n_replicas == 0)
		c->n_replicas = 1;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (*rows[i].v < -1 && !too_pedantic(k, rows[i].text))
			return false;
		if (*rows[i].v <= 0)
			*rows[i].v = -1;
	}
	return true;
}

static bool check_window(struct check *k)
{
	struct stream_config *c = k->c;
	int64_t               server = k->limits->duplicate_window_ns;
	struct buf            text = { 0 };

	if (c->max_age_ns < 0)
		return invalid(k, "max age can not be negative");
	if (c->max_age_ns > 0 && c->max_age_ns < 100 * MS)
		return invalid(k, "max age needs to be >= 100ms");
	if (c->duplicate_window_ns == 0 && c->mirror == NULL &&
	    c->n_sources == 0) {
		c->duplicate_window_ns = DUPLICATES_NS;
		if (server > 0 && server < c->duplicate_window_ns)
			c->duplicate_window_ns = server;
		if (c->max_age_ns <= 0 || c->max_age_ns >= c->duplicate_window_ns)
			return true;
		c->duplicate_window_ns = c->max_age_ns;
		return too_pedantic(k, "duplicate window cannot be bigger than "
		    "max age");
	}
	if (c->duplicate_window_ns < 0)
		return invalid(k, "duplicates window can not be negative");
	if (c->max_age_ns > 0 && c->duplicate_window_ns > c->max_age_ns)
		return invalid(k, "duplicates window can not be larger then max "
		    "age");
	if (server > 0 && c->duplicate_window_ns > server) {
		text_put_duration(&text, server);
		js_fail_with(k->e, 10052, "duplicates window can not be larger "
		    "then server limit of %.*s", SLICE_ARG(buf_slice(&text)));
		buf_fini(&text);
		return false;
	}
	if (c->duplicate_window_ns > 0 && c->duplicate_window_ns < 100 * MS)
		return invalid(k, "duplicates window needs to be >= 100ms");
	return true;
}

static bool check_combinations(struct check *k)
{
	struct stream_config *c = k->c;
	bool is_said = !k->limits->is_stored;	/* not implied */
	const struct {
		bool        is_wrong;
		const char *text;
	} rows[] = {
		{ c->deny_purge && c->allow_rollup,
		  "roll-ups require the purge permission" },
		{ c->allow_counter && c->discard == DISCARD_NEW && is_said,
		  "counter stream cannot use discard new" },
		{ c->allow_counter && c->allow_msg_ttl && is_said,
		  "counter stream cannot use message TTLs" },
		{ c->allow_counter && c->allow_schedules,
		  "counter stream cannot use message schedules" },
		{ c->allow_counter && c->retention != RETENTION_LIMITS,
		  "counter stream can only use limits retention" },
		{ c->discard_new_per_subject && c->discard != DISCARD_NEW,
		  "discard new per subject requires discard new policy to be "
		  "set" },
		{ c->discard_new_per_subject && c->max_msgs_per_subject <= 0,
		  "discard new per subject requires max msgs per subject > 0" },
		{ c->marker_ttl_ns < 0,
		  "subject delete marker TTL must not be negative" },
		{ c->marker_ttl_ns > 0 && c->marker_ttl_ns < S,
		  "subject delete marker TTL must be at least 1 second" },
		{ c->allow_schedules && c->discard == DISCARD_NEW && is_said,
		  "message scheduling cannot use discard new" },
		{ c->is_async && c->storage != STORAGE_FILE,
		  "async persist mode is only supported on file storage" },
		{ c->is_async && c->n_replicas > 1,
		  "async persist mode is not supported on replicated streams" },
		{ c->is_async && c->allow_atomic,
		  "async persist mode is not supported with atomic batch "
		  "publish" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].is_wrong)
			return invalid(k, rows[i].text);
	return true;
}

static bool imply_rollup(struct check *k, const char *text)
{
	if (k->c->allow_rollup)
		return true;
	if (k->pedantic)
		return invalid(k, text);
	k->c->allow_rollup = true;
	k->c->deny_purge = false;
	return true;
}

static bool check_implied(struct check *k)
{
	struct stream_config *c = k->c;

	if (c->marker_ttl_ns > 0 && !c->allow_msg_ttl) {
		if (k->pedantic)
			return invalid(k, "subject delete marker cannot be set "
			    "if message TTLs are disabled");
		c->allow_msg_ttl = true;
	}
	if (c->sealed)
		return true;	/* nothing is rolled up any more */
	if (c->marker_ttl_ns > 0 && !imply_rollup(k, "subject delete marker "
	    "cannot be set if roll-ups are disabled"))
		return false;
	return !c->allow_schedules || imply_rollup(k, "message scheduling "
	    "cannot be set if roll-ups are disabled");
}

/* ---- mirror and sources --------------------------------------------------------- */

static bool check_external(struct check *k, const struct source_config *s)
{
	if (!s->has_external)
		return true;
	if (s->external_deliver.n > 0 &&
	    !subject_is_literal(s->external_deliver))
		return js_fail_with(k->e, 10024, "%.*s",
		    SLICE_ARG(s->external_deliver));
	if (s->external_api.n == 0)
		return true;
	if (!subject_is_literal(s->external_api))
		return js_fail_with(k->e, 10052, "stream external api prefix "
		    "\"%.*s\" must be a valid subject without wildcards",
		    SLICE_ARG(s->external_api));
	if (subject_overlaps(s->external_api, SLICE("$JS.API")))
		return js_fail_with(k->e, 10021, "%.*s must not overlap with "
		    "$JS.API", SLICE_ARG(s->external_api));
	return true;
}

/* The numbers are those of mirrors or of sources. */
struct source_codes {
	unsigned filters, source, destination, overlap, name, consumer;
};

/* A consumer that is there already says where it begins and what it passes. */
static bool check_consumer(struct check *k, const struct source_config *s,
    const struct source_codes *codes)
{
	return !s->has_consumer || (js_name_is_valid(s->consumer_name) &&
	    subject_is_literal(s->consumer_deliver) && s->opt_start_seq == 0 &&
	    s->opt_start_time == JS_TIME_UNSET && s->filter_subject.n == 0) ||
	    js_fail(k->e, codes->consumer);
}

static bool check_maps(struct check *k, const struct source_config *s,
    const struct source_codes *codes)
{
	if (s->filter_subject.n > 0 && s->n_transforms > 0)
		return js_fail(k->e, codes->filters);
	for (size_t i = 0; i < s->n_transforms; i++) {
		struct transform *t;
		struct buf        why = { 0 };
		int               err = 0;

		if (s->transforms[i].src.n > 0 &&
		    !subject_is_valid(s->transforms[i].src))
			return js_fail_with(k->e, codes->source,
			    "invalid subject %.*s",
			    SLICE_ARG(s->transforms[i].src));
		if (s->transforms[i].dest.n > 0)
			err = transform_create(s->transforms[i].src,
			    s->transforms[i].dest, TRANSFORM_MAPPING, &t, &why);
		if (err == 0 && s->transforms[i].dest.n > 0)
			transform_destroy(t);
		if (err != 0)
			js_fail_with(k->e, codes->destination, "%.*s",
			    SLICE_ARG(buf_slice(&why)));
		buf_fini(&why);
		if (err != 0)
			return false;
		for (size_t n = 0; n < i; n++)
			if (subject_overlaps(s->transforms[i].src,
			    s->transforms[n].src))
				return js_fail(k->e, codes->overlap);
	}
	if (!s->has_external && !js_name_is_valid(s->name))
		return js_fail(k->e, codes->name);
	return true;
}

static bool check_mirror(struct check *k)
{
	static const struct source_codes codes = { 10150, 10151, 10154, 10152,
		10142, 10213 };
	struct stream_config *c = k->c;
	const struct {
		bool     is_wrong;
		unsigned code;
	} rows[] = {
		{ c->first_seq > 0, 10143 }, { c->n_subjects > 0, 10034 },
		{ c->n_sources > 0, 10031 }, { c->allow_counter, 10173 },
		{ c->allow_atomic, 10198 }, { c->allow_batched, 10209 },
		{ c->allow_schedules, 10186 },
	};

	if (c->mirror == NULL)
		return true;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].is_wrong)
			return js_fail(k->e, rows[i].code);
	if (c->marker_ttl_ns > 0)
		return invalid(k, "subject delete markers forbidden on mirrors");
	return check_maps(k, c->mirror, &codes) &&
	    check_external(k, c->mirror) &&
	    check_consumer(k, c->mirror, &codes);
}

static bool is_same_source(const struct source_config *a,
    const struct source_config *b)
{
	bool is_same = slice_eq(a->name, b->name) &&
	    slice_eq(a->external_api, b->external_api) &&
	    slice_eq(a->filter_subject, b->filter_subject) &&
	    slice_eq(a->consumer_name, b->consumer_name) &&
	    a->n_transforms == b->n_transforms;

	for (size_t i = 0; is_same && i < a->n_transforms; i++)
		is_same = slice_eq(a->transforms[i].src, b->transforms[i].src) &&
		    slice_eq(a->transforms[i].dest, b->transforms[i].dest);
	return is_same;
}

static bool check_sources(struct check *k)
{
	static const struct source_codes codes = { 10144, 10145, 10146, 10147,
		10141, 10215 };
	struct stream_config *c = k->c;

	if (c->n_sources > 0 && c->allow_schedules)
		return js_fail(k->e, 10187);
	for (size_t i = 0; i < c->n_sources; i++) {
		for (size_t n = 0; n < i; n++)
			if (is_same_source(&c->sources[i], &c->sources[n]))
				return js_fail(k->e, 10140);
		if (!check_maps(k, &c->sources[i], &codes) ||
		    !check_external(k, &c->sources[i]) ||
		    !check_consumer(k, &c->sources[i], &codes))
			return false;
	}
	return true;
}

/* ---- subjects ----------------------------------------------------------------------- */

static bool collides(struct slice s, struct slice with, struct slice unless)
{
	return subject_overlaps(s, with) &&
	    (unless.n == 0 || !subject_is_subset(s, unless));
}

static bool check_reserved(struct check *k, struct slice s)
{
	if (slice_eq(s, SLICE(">"))) {
		if (!k->c->no_ack)
			return invalid(k, "capturing all subjects requires "
			    "no-ack to be true");
		return k->c->n_replicas == 1 || invalid(k, "capturing all "
		    "subjects requires replicas of 1");
	}
	if (k->c->no_ack)
		return true;
	if (collides(s, SLICE("$JS.>"), SLICE("$JS.EVENT.>")) ||
	    collides(s, SLICE("$JSC.>"), SLICE_NONE) ||
	    collides(s, SLICE("$NRG.>"), SLICE_NONE))
		return invalid(k, "subjects that overlap with jetstream api "
		    "require no-ack to be true");
	if (collides(s, SLICE("$SYS.>"), SLICE("$SYS.ACCOUNT.>")))
		return invalid(k, "subjects that overlap with system api require "
		    "no-ack to be true");
	return true;
}

static bool check_subjects(struct check *k)
{
	struct stream_config *c = k->c;

	if (c->n_subjects == 0 && c->mirror == NULL && c->n_sources == 0) {
		c->subjects = js_hold_alloc(c->hold, 1, sizeof *c->subjects);
		if (c->subjects == NULL)
			return invalid(k, "out of memory");
		c->subjects[0] = c->name;
		c->n_subjects = 1;
	}
	for (size_t i = 0; i < c->n_subjects; i++) {
		struct slice s = c->subjects[i];

		if (!subject_is_valid(s))
			return invalid(k, "invalid subject");
		for (size_t n = 0; n < i; n++) {
			if (subject_overlaps(s, c->subjects[n]))
				return js_fail_with(k->e, 10052,
				    "subject \"%.*s\" overlaps with \"%.*s\"",
				    SLICE_ARG(c->subjects[n]), SLICE_ARG(s));
		}
		if (!check_reserved(k, s))
			return false;
	}
	return true;
}

static bool check_account(struct check *k)
{
	int64_t max = k->c->storage == STORAGE_MEMORY
	    ? k->limits->mem_max_stream_bytes
	    : k->limits->disk_max_stream_bytes;

	if (k->limits->max_bytes_required && k->c->max_bytes <= 0)
		return js_fail(k->e, 10113);
	return max <= 0 || k->c->max_bytes <= max || js_fail(k->e, 10122);
}

static bool check_transform(struct check *k, const struct subject_map *m,
    bool is_republish)
{
	struct transform *t;
	struct buf        why = { 0 };
	struct slice      src = m->src.n > 0 ? m->src : SLICE(">");
	int err = transform_create(src, m->dest, TRANSFORM_MAPPING, &t, &why);

	if (err == 0)
		transform_destroy(t);
	else if (is_republish)
		js_fail_with(k->e, 10052, "stream configuration for republish "
		    "with transform from '%.*s' to '%.*s' not valid",
		    SLICE_ARG(src), SLICE_ARG(m->dest));
	else
		js_fail_with(k->e, 10156, "%.*s", SLICE_ARG(buf_slice(&why)));
	buf_fini(&why);
	return err == 0;
}

/* From all to all, of a stream that transforms all it takes: what comes out of
 * the transform is meant. */
static bool check_implicit(struct check *k)
{
	struct stream_config *c = k->c;

	if (!slice_eq(c->republish.src, SLICE(">")) ||
	    !slice_eq(c->republish.dest, SLICE(">")) || !c->has_transform ||
	    c->n_subjects != 1 ||
	    !slice_eq(c->transform.src, c->subjects[0]))
		return true;
	if (!too_pedantic(k, "implicit republish based on subject transform"))
		return false;
	c->republish.src = c->republish.dest = c->transform.dest;
	return true;
}

static bool check_republish(struct check *k)
{
	struct stream_config *c = k->c;

	if (!c->has_republish)
		return true;
	if (c->republish.src.n == 0) {
		if (!too_pedantic(k, "republish source can not be empty"))
			return false;
		c->republish.src = SLICE(">");
	}
	if (!check_implicit(k))
		return false;
	for (size_t i = 0; i < c->n_subjects; i++)
		if (subject_overlaps(c->republish.dest, c->subjects[i]))
			return invalid(k, "stream configuration for republish "
			    "destination forms a cycle");
	return c->republish.dest.n == 0 ||
	    check_transform(k, &c->republish, true);
}

static bool check_transforms(struct check *k)
{
	const struct subject_map *m = &k->c->transform;

	if (!k->c->has_transform)
		return true;
	if (m->src.n > 0 && !subject_is_valid(m->src))
		return js_fail_with(k->e, 10155, "invalid subject %.*s",
		    SLICE_ARG(m->src));
	return m->dest.n == 0 || check_transform(k, m, false);
}

bool stream_config_check(struct stream_config *c,
    const struct stream_limits *limits, bool pedantic, struct js_error *e)
{
	static bool (*const checks[])(struct check *) = {
		check_names, check_numbers, check_window, check_combinations,
		check_implied, check_mirror, check_sources, check_subjects,
		check_account, check_transforms, check_republish,
	};
	struct check k = { c, limits, pedantic, e };

	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		if (!checks[i](&k))
			return false;
	return true;
}

/* ---- updates ------------------------------------------------------------------------- */

static void seal(struct stream_config *c)
{
	c->max_age_ns = 0;
	c->discard = DISCARD_NEW;
	c->deny_delete = c->deny_purge = true;
	c->allow_rollup = false;
}

static bool may_change_retention(enum retention a, enum retention b)
{
	return a == b || (a != RETENTION_WORKQUEUE && b != RETENTION_WORKQUEUE);
}

static bool is_same_mirror(const struct stream_config *a,
    const struct stream_config *b)
{
	if (b->mirror == NULL)
		return true;
	return a->mirror != NULL && is_same_source(a->mirror, b->mirror) &&
	    a->mirror->opt_start_seq == b->mirror->opt_start_seq &&
	    a->mirror->opt_start_time == b->mirror->opt_start_time;
}

bool stream_config_check_update(const struct stream_config *from,
    struct stream_config *to, struct js_error *e)
{
	const struct {
		bool        is_wrong;
		const char *text;
	} rows[] = {
		{ !slice_eq(from->name, to->name),
		  "stream configuration name must match original" },
		{ from->storage != to->storage,
		  "stream configuration update can not change storage type" },
		{ !may_change_retention(from->retention, to->retention),
		  "stream configuration update can not change retention policy "
		  "to/from workqueue" },
		{ from->sealed && !to->sealed,
		  "stream configuration update can not unseal a sealed stream" },
		{ from->deny_delete && !to->deny_delete, "stream configuration "
		  "update can not cancel deny message deletes" },
		{ from->deny_purge && !to->deny_purge, "stream configuration "
		  "update can not cancel deny purge" },
		{ from->allow_msg_ttl && !to->allow_msg_ttl,
		  "message TTL status can not be disabled" },
		{ from->allow_counter != to->allow_counter, "stream "
		  "configuration update can not change message counter setting" },
		{ from->allow_schedules && !to->allow_schedules,
		  "message schedules can not be disabled" },
		{ from->is_async != to->is_async,
		  "stream configuration update can not change persist mode" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].is_wrong)
			return js_fail_with(e, 10052, "%s", rows[i].text);
	if (!is_same_mirror(from, to))
		return js_fail(e, 10055);
	if (to->sealed && !from->sealed)
		seal(to);
	return true;
}
