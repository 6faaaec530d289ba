/* js/stream_config.c - a stream's configuration: the table of its fields. */
#include "js/stream_config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "js/errors.h"
#include "proto/subject.h"

static const char *const retentions[] = { "limits", "interest", "workqueue",
	NULL };
static const char *const discards[] = { "old", "new", NULL };
static const char *const storages[] = { "file", "memory", NULL };
static const char *const compressions[] = { "none", "s2", NULL };

/* ---- parts ------------------------------------------------------------------ */

static const struct js_field map_fields[] = {
	{ "src", JS_STR, true, offsetof(struct subject_map, src) },
	{ "dest", JS_STR, false, offsetof(struct subject_map, dest) },
	{ NULL },
};

static bool read_map(const struct json *j, const char *name,
    struct subject_map *m, struct js_hold *h, struct js_error *e)
{
	return js_fields_read(map_fields, name, j, true, m, h, e);
}

static void write_map(const struct subject_map *m, struct json_writer *w)
{
	json_begin_object(w);
	json_key(w, "src");
	json_str(w, m->src);
	json_key(w, "dest");
	json_str(w, m->dest);
	json_end_object(w);
}

struct external {
	struct slice api, deliver;
};

static bool read_external(void *object, const struct json *j,
    struct js_hold *h, struct js_error *e)
{
	static const struct js_field fields[] = {
		{ "api", JS_STR, false, offsetof(struct external, api) },
		{ "deliver", JS_STR, false, offsetof(struct external, deliver) },
		{ NULL },
	};
	struct source_config *s = object;
	struct external       x = { 0 };

	if (!js_fields_read(fields, "ExternalStream", j, true, &x, h, e))
		return false;
	s->has_external = true;
	s->external_api = x.api;
	s->external_deliver = x.deliver;
	return true;
}

static void write_external(const void *object, const char *name,
    struct json_writer *w)
{
	const struct source_config *s = object;

	if (!s->has_external)
		return;
	json_key(w, name);
	json_begin_object(w);
	json_key(w, "api");
	json_str(w, s->external_api);
	json_key(w, "deliver");
	json_str(w, s->external_deliver);
	json_end_object(w);
}

static bool read_source_consumer(void *object, const struct json *j,
    struct js_hold *h, struct js_error *e)
{
	static const struct js_field fields[] = {
		{ "name", JS_STR, true,
		  offsetof(struct source_config, consumer_name) },
		{ "deliver_subject", JS_STR, true,
		  offsetof(struct source_config, consumer_deliver) },
		{ NULL },
	};
	struct source_config *s = object;

	s->has_consumer = true;
	return js_fields_read(fields, "StreamConsumerSource", j, true, s, h, e);
}

static void write_source_consumer(const void *object, const char *name,
    struct json_writer *w)
{
	const struct source_config *s = object;

	if (!s->has_consumer)
		return;
	json_key(w, name);
	json_begin_object(w);
	if (s->consumer_name.n > 0) {
		json_key(w, "name");
		json_str(w, s->consumer_name);
	}
	if (s->consumer_deliver.n > 0) {
		json_key(w, "deliver_subject");
		json_str(w, s->consumer_deliver);
	}
	json_end_object(w);
}

static bool read_maps(void *object, const struct json *j, struct js_hold *h,
    struct js_error *e)
{
	struct source_config *s = object;
	size_t                n = json_n_items(j);

	if (!json_is_array(j))
		return js_fail_here(h, e, j, "[]server.SubjectTransformConfig");
	s->transforms = js_hold_alloc(h, n + 1, sizeof *s->transforms);
	if (s->transforms == NULL)
		return js_fail_with(e, 10025, "out of memory");
	for (size_t i = 0; i < n; i++) {
		size_t before = js_path_enter(h, i);
		bool   ok = read_map(json_item(j, i), "SubjectTransformConfig",
		    &s->transforms[i], h, e);

		js_path_leave(h, before);
		if (!ok)
			return false;
	}
	s->n_transforms = n;
	return true;
}

static void write_maps(const void *object, const char *name,
    struct json_writer *w)
{
	const struct source_config *s = object;

	if (s->n_transforms == 0)
		return;
	json_key(w, name);
	json_begin_array(w);
	for (size_t i = 0; i < s->n_transforms; i++)
		write_map(&s->transforms[i], w);
	json_end_array(w);
}

#define S(member) offsetof(struct source_config, member)
static const struct js_field source_fields[] = {
	{ "name", JS_STR, false, S(name) },
	{ "opt_start_seq", JS_UINT, true, S(opt_start_seq) },
	{ "opt_start_time", JS_TIME, true, S(opt_start_time), S(start_told) },
	{ "filter_subject", JS_STR, true, S(filter_subject) },
	{ "subject_transforms", JS_OTHER, true, .read = read_maps,
	  .write = write_maps },
	{ "external", JS_OTHER, true, .read = read_external,
	  .write = write_external },
	{ "consumer", JS_OTHER, true, .read = read_source_consumer,
	  .write = write_source_consumer },
	{ NULL },
};
#undef S

static bool read_source(const struct json *j, struct source_config *s,
    struct js_hold *h, struct js_error *e)
{
	s->opt_start_time = JS_TIME_UNSET;
	return js_fields_read(source_fields, "StreamSource", j, true, s, h, e);
}

static void write_source(const struct source_config *s, struct json_writer *w)
{
	json_begin_object(w);
	js_fields_write(source_fields, s, w);
	json_end_object(w);
}

/* ---- members that are objects ------------------------------------------------ */

static bool read_placement(void *object, const struct json *j,
    struct js_hold *h, struct js_error *e)
{
	static const struct js_field fields[] = {
		{ "cluster", JS_STR, true,
		  offsetof(struct stream_config, placement_cluster) },
		{ "tags", JS_STRS, true,
		  offsetof(struct stream_config, placement_tags),
		  offsetof(struct stream_config, n_placement_tags) },
		{ NULL },
	};
	struct stream_config *c = object;
	struct slice          preferred;

	if (json_as_str(json_get(j, "preferred"), &preferred) &&
	    preferred.n > 0)
		return js_fail_with(e, 10052,
		    "preferred server not permitted in placement");
	if (!js_fields_read(fields, "Placement", j, true, c, h, e))
		return false;
	c->has_placement = c->placement_cluster.n > 0 ||
	    c->n_placement_tags > 0;
	return true;
}

static void write_placement(const void *object, const char *name,
    struct json_writer *w)
{
	const struct stream_config *c = object;

	if (!c->has_placement)
		return;
	json_key(w, name);
	json_begin_object(w);
	if (c->placement_cluster.n > 0) {
		json_key(w, "cluster");
		json_str(w, c->placement_cluster);
	}
	if (c->n_placement_tags > 0) {
		json_key(w, "tags");
		json_begin_array(w);
		for (size_t i = 0; i < c->n_placement_tags; i++)
			json_str(w, c->placement_tags[i]);
		json_end_array(w);
	}
	json_end_object(w);
}

static bool read_mirror(void *object, const struct json *j, struct js_hold *h,
    struct js_error *e)
{
	struct stream_config *c = object;

	c->mirror = js_hold_alloc(h, 1, sizeof *c->mirror);
	return c->mirror != NULL ? read_source(j, c->mirror, h, e)
	    : js_fail_with(e, 10025, "out of memory");
}

static void write_mirror(const void *object, const char *name,
    struct json_writer *w)
{
	const struct stream_config *c = object;

	if (c->mirror == NULL)
		return;
	json_key(w, name);
	write_source(c->mirror, w);
}

static bool read_sources(void *object, const struct json *j, struct js_hold *h,
    struct js_error *e)
{
	struct stream_config *c = object;
	size_t                n = json_n_items(j);

	if (!json_is_array(j))
		return js_fail_here(h, e, j, "[]*server.StreamSource");
	c->sources = js_hold_alloc(h, n + 1, sizeof *c->sources);
	if (c->sources == NULL)
		return js_fail_with(e, 10025, "out of memory");
	for (size_t i = 0; i < n; i++) {
		size_t before = js_path_enter(h, i);
		bool   ok = read_source(json_item(j, i), &c->sources[i], h, e);

		js_path_leave(h, before);
		if (!ok)
			return false;
	}
	c->n_sources = n;
	return true;
}

static void write_sources(const void *object, const char *name,
    struct json_writer *w)
{
	const struct stream_config *c = object;

	if (c->n_sources == 0)
		return;
	json_key(w, name);
	json_begin_array(w);
	for (size_t i = 0; i < c->n_sources; i++)
		write_source(&c->sources[i], w);
	json_end_array(w);
}

static bool read_compression(void *object, const struct json *j,
    struct js_hold *h, struct js_error *e)
{
	struct stream_config *c = object;
	struct slice          s = SLICE_NONE;

	(void)h;
	if (!json_as_str(j, &s) && !js_is_null(j))
		return js_fail_value(e, j);
	c->is_compressed = slice_eq(s, SLICE("s2"));
	return c->is_compressed || slice_eq(s, SLICE("none")) ||
	    js_fail_with(e, 10025, "unknown compression algorithm");
}

static void write_compression(const void *object, const char *name,
    struct json_writer *w)
{
	json_key(w, name);
	json_cstr(w, compressions[
	    ((const struct stream_config *)object)->is_compressed]);
}

static bool read_discard(void *object, const struct json *j, struct js_hold *h,
    struct js_error *e)
{
	struct stream_config *c = object;
	struct slice          s;

	(void)h;
	if (json_as_str(j, &s))
		for (int i = 0; discards[i] != NULL; i++)
			if (slice_eq_nocase(slice_str(discards[i]), s)) {
				c->discard = (enum discard)i;
				return true;
			}
	return js_fail_value(e, j);
}

static void write_discard(const void *object, const char *name,
    struct json_writer *w)
{
	json_key(w, name);
	json_cstr(w, discards[((const struct stream_config *)object)->discard]);
}

static bool read_persist(void *object, const struct json *j, struct js_hold *h,
    struct js_error *e)
{
	struct stream_config *c = object;
	struct slice          s;

	(void)h;
	if (json_as_str(j, &s)) {
		c->is_async = slice_eq(s, SLICE("async"));
		if (c->is_async || s.n == 0 || slice_eq(s, SLICE("default")))
			return true;
	}
	return js_fail_value(e, j);
}

static void write_persist(const void *object, const char *name,
    struct json_writer *w)
{
	if (!((const struct stream_config *)object)->is_async)
		return;
	json_key(w, name);
	json_cstr(w, "async");
}

static bool read_transform(void *object, const struct json *j,
    struct js_hold *h, struct js_error *e)
{
	struct stream_config *c = object;

	c->has_transform = true;
	return read_map(j, "SubjectTransformConfig", &c->transform, h, e);
}

static void write_transform(const void *object, const char *name,
    struct json_writer *w)
{
	const struct stream_config *c = object;

	if (!c->has_transform)
		return;
	json_key(w, name);
	write_map(&c->transform, w);
}

struct republish_fields {
	struct subject_map map;
	bool               headers_only;
};

static bool read_republish(void *object, const struct json *j,
    struct js_hold *h, struct js_error *e)
{
	static const struct js_field fields[] = {
		{ "src", JS_STR, true, offsetof(struct republish_fields, map.src) },
		{ "dest", JS_STR, false,
		  offsetof(struct republish_fields, map.dest) },
		{ "headers_only", JS_BOOL, true,
		  offsetof(struct republish_fields, headers_only) },
		{ NULL },
	};
	struct stream_config   *c = object;
	struct republish_fields r = { 0 };

	if (!js_fields_read(fields, "RePublish", j, true, &r, h, e))
		return false;
	c->has_republish = true;
	c->republish = r.map;
	c->republish_headers_only = r.headers_only;
	return true;
}

static void write_republish(const void *object, const char *name,
    struct json_writer *w)
{
	const struct stream_config *c = object;

	if (!c->has_republish)
		return;
	json_key(w, name);
	json_begin_object(w);
	if (c->republish.src.n > 0) {
		json_key(w, "src");
		json_str(w, c->republish.src);
	}
	json_key(w, "dest");
	json_str(w, c->republish.dest);
	if (c->republish_headers_only) {
		json_key(w, "headers_only");
		json_bool(w, true);
	}
	json_end_object(w);
}

static bool read_limits(void *object, const struct json *j, struct js_hold *h,
    struct js_error *e)
{
	static const struct js_field fields[] = {
		{ "inactive_threshold", JS_INT, true,
		  offsetof(struct stream_config, limit_inactive_ns),
		  .type = "time.Duration" },
		{ "max_ack_pending", JS_INT, true,
		  offsetof(struct stream_config, limit_ack_pending),
		  .type = "int" },
		{ NULL },
	};

	return js_fields_read(fields, "StreamConsumerLimits", j, true, object,
	    h, e);
}

static void write_limits(const void *object, const char *name,
    struct json_writer *w)
{
	const struct stream_config *c = object;

	json_key(w, name);
	json_begin_object(w);
	if (c->limit_inactive_ns != 0) {
		json_key(w, "inactive_threshold");
		json_i64(w, c->limit_inactive_ns);
	}
	if (c->limit_ack_pending != 0) {
		json_key(w, "max_ack_pending");
		json_i64(w, c->limit_ack_pending);
	}
	json_end_object(w);
}

/* ---- the table ------------------------------------------------------------------ */

#define C(member) offsetof(struct stream_config, member)
/* It is of a request, not of a stream: who reads that takes it from there. */
static bool check_pedantic(void *object, const struct json *j,
    struct js_hold *h, struct js_error *e)
{
	bool is_pedantic;

	(void)object;
	return json_as_bool(j, &is_pedantic) || js_fail_here(h, e, j, "bool");
}

static const struct js_field stream_fields[] = {
	{ "name", JS_STR, false, C(name) },
	{ "description", JS_STR, true, C(description) },
	{ "subjects", JS_STRS, true, C(subjects), C(n_subjects) },
	{ "retention", JS_ENUM, false, C(retention), .names = retentions },
	{ "max_consumers", JS_INT, false, C(max_consumers), .type = "int" },
	{ "max_msgs", JS_INT, false, C(max_msgs) },
	{ "max_bytes", JS_INT, false, C(max_bytes) },
	{ "max_age", JS_INT, false, C(max_age_ns), .type = "time.Duration" },
	{ "max_msgs_per_subject", JS_INT, false, C(max_msgs_per_subject) },
	{ "max_msg_size", JS_INT32, true, C(max_msg_size) },
	{ "discard", JS_OTHER, .refuses_null = true,
	  .read = read_discard, .write = write_discard },
	{ "storage", JS_ENUM, false, C(storage), .names = storages },
	{ "num_replicas", JS_INT, false, C(n_replicas), .type = "int" },
	{ "no_ack", JS_BOOL, true, C(no_ack) },
	{ "duplicate_window", JS_INT, true, C(duplicate_window_ns),
	  .type = "time.Duration" },
	{ "placement", JS_OTHER, .read = read_placement,
	  .write = write_placement },
	{ "mirror", JS_OTHER, .read = read_mirror, .write = write_mirror },
	{ "sources", JS_OTHER, .read = read_sources, .write = write_sources },
	{ "compression", JS_OTHER, .refuses_null = true,
	  .read = read_compression,
	  .write = write_compression },
	{ "first_seq", JS_UINT, true, C(first_seq) },
	{ "subject_transform", JS_OTHER, .read = read_transform,
	  .write = write_transform },
	{ "republish", JS_OTHER, .read = read_republish,
	  .write = write_republish },
	{ "allow_direct", JS_BOOL, false, C(allow_direct) },
	{ "mirror_direct", JS_BOOL, false, C(mirror_direct) },
	{ "discard_new_per_subject", JS_BOOL, true,
	  C(discard_new_per_subject) },
	{ "sealed", JS_BOOL, false, C(sealed) },
	{ "deny_delete", JS_BOOL, false, C(deny_delete) },
	{ "deny_purge", JS_BOOL, false, C(deny_purge) },
	{ "allow_rollup_hdrs", JS_BOOL, false, C(allow_rollup) },
	{ "consumer_limits", JS_OTHER, .read = read_limits,
	  .write = write_limits },
	{ "allow_msg_ttl", JS_BOOL, false, C(allow_msg_ttl) },
	{ "subject_delete_marker_ttl", JS_INT, true, C(marker_ttl_ns),
	  .type = "time.Duration" },
	{ "allow_msg_counter", JS_BOOL, true, C(allow_counter) },
	{ "allow_atomic", JS_BOOL, true, C(allow_atomic) },
	{ "allow_msg_schedules", JS_BOOL, true, C(allow_schedules) },
	{ "persist_mode", JS_OTHER, .refuses_null = true,
	  .read = read_persist,
	  .write = write_persist },
	{ "allow_batched", JS_BOOL, true, C(allow_batched) },
	{ "metadata", JS_METADATA, true, C(metadata), C(n_metadata) },
	{ "pedantic", JS_OTHER, .read = check_pedantic },
	{ NULL },
};
#undef C

bool stream_config_read(const struct json *object, bool is_strict,
    bool *pedantic, struct stream_config **ret, struct js_error *e)
{
	struct js_hold       *h = js_hold_create();
	struct stream_config *c = h == NULL ? NULL
	    : js_hold_alloc(h, 1, sizeof *c);
	bool                  is_pedantic = false;

	if (c == NULL) {
		js_hold_destroy(h);
		return js_fail_with(e, 10025, "out of memory");
	}
	c->hold = h;
	json_as_bool(json_get(object, "pedantic"), &is_pedantic);
	if (!js_fields_read(stream_fields, "StreamConfigRequest", object,
	    is_strict, c, h, e)) {
		stream_config_destroy(c);
		return false;
	}
	if (pedantic != NULL)
		*pedantic = is_pedantic;
	*ret = c;
	return true;
}

void stream_config_destroy(struct stream_config *c)
{
	if (c != NULL)
		js_hold_destroy(c->hold);
}

unsigned stream_config_level(const struct stream_config *c)
{
	if (c->allow_batched)
		return 4;
	if (c->allow_counter || c->allow_atomic || c->allow_schedules ||
	    c->is_async)
		return 2;
	return c->allow_msg_ttl || c->marker_ttl_ns > 0 ? 1 : 0;
}

void stream_config_write(const struct stream_config *c, bool is_dynamic,
    struct json_writer *w)
{
	json_begin_object(w);
	js_fields_write(stream_fields, c, w);
	js_metadata_write(c->metadata, c->n_metadata, stream_config_level(c),
	    is_dynamic, w);
	json_end_object(w);
}

bool stream_config_equal(const struct stream_config *a,
    const struct stream_config *b)
{
	struct buf x = { 0 }, y = { 0 };
	bool       is_equal;

	stream_config_write(a, false, JSON_INTO(&x, 0));
	stream_config_write(b, false, JSON_INTO(&y, 0));
	is_equal = !buf_failed(&x) && !buf_failed(&y) &&
	    slice_eq(buf_slice(&x), buf_slice(&y));
	buf_fini(&x);
	buf_fini(&y);
	return is_equal;
}

bool stream_config_overlaps(const struct stream_config *a,
    const struct stream_config *b)
{
	for (size_t i = 0; i < a->n_subjects; i++)
		for (size_t k = 0; k < b->n_subjects; k++)
			if (subject_overlaps(a->subjects[i], b->subjects[k]))
				return true;
	return false;
}
