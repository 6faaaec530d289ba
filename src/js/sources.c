/* js/sources.c - the streams that a stream is a copy of, or is fed by. */
#include "js/sources.h"

#include <stdlib.h>

#include "base/json.h"
#include "js/source.h"
#include "js/stream_int.h"

/* ---- life ------------------------------------------------------------------- */

static const struct source_config *wanted(const struct stream *s, size_t i)
{
	return s->config->mirror != NULL ? s->config->mirror
	    : &s->config->sources[i];
}

static size_t n_wanted(const struct stream *s)
{
	return s->config->mirror != NULL ? 1 : s->config->n_sources;
}

/* One that was there, which goes on; or a new one. */
static struct source *take(struct stream *s, struct source **old, size_t n_old,
    const struct source_config *c)
{
	bool is_mirror = s->config->mirror != NULL;

	for (size_t i = 0; i < n_old; i++) {
		struct source *o = old[i];

		if (o != NULL && source_is(o, c, is_mirror)) {
			old[i] = NULL;
			o->config = c;
			return o;
		}
	}
	return source_create(s, c, is_mirror);
}

bool sources_start(struct stream *s)
{
	size_t          n = n_wanted(s), n_old = s->n_sources;
	struct source **old = s->sources;
	bool            ok = true;

	s->n_sources = 0;
	s->sources = calloc(n + 1, sizeof(struct source *));
	for (size_t i = 0; s->sources != NULL && i < n; i++) {
		struct source *o = take(s, old, n_old, wanted(s, i));

		ok = ok && o != NULL;
		if (o != NULL)
			s->sources[s->n_sources++] = o;
	}
	for (size_t i = 0; i < n_old; i++)
		source_destroy(old[i]);
	free(old);
	source_places_find(s);
	for (size_t i = 0; i < s->n_sources; i++)
		source_go(s->sources[i]);
	return ok && s->sources != NULL;
}

void sources_stop(struct stream *s)
{
	for (size_t i = 0; i < s->n_sources; i++) {
		if (stream_js(s)->is_closing)
			source_place_close(s->sources[i]);
		source_destroy(s->sources[i]);
	}
	free(s->sources);
	s->sources = NULL;
	s->n_sources = 0;
}

void sources_poke(struct js_account *a, struct slice name)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < a->v[i]->n_sources; k++)
			if (slice_eq(a->v[i]->sources[k]->config->name, name))
				source_go(a->v[i]->sources[k]);
}

/* ---- what is told ----------------------------------------------------------- */

static void write_external(const struct source_config *c,
    struct json_writer *w)
{
	if (!c->has_external)
		return;
	json_key(w, "external");
	json_begin_object(w);
	json_key(w, "api");
	json_str(w, c->external_api);
	json_key(w, "deliver");
	json_str(w, c->external_deliver);
	json_end_object(w);
}

static void write_filters(const struct source_config *c, struct json_writer *w)
{
	if (c->filter_subject.n > 0) {
		json_key(w, "filter_subject");
		json_str(w, c->filter_subject);
	}
	if (c->n_transforms == 0)
		return;
	json_key(w, "subject_transforms");
	json_begin_array(w);
	for (size_t i = 0; i < c->n_transforms; i++) {
		json_begin_object(w);
		json_key(w, "src");
		json_str(w, c->transforms[i].src);
		json_key(w, "dest");
		json_str(w, c->transforms[i].dest);
		json_end_object(w);
	}
	json_end_array(w);
}

static void write_one(const struct source *o, struct json_writer *w)
{
	json_begin_object(w);
	json_key(w, "name");
	json_str(w, o->config->name);
	write_external(o->config, w);
	json_key(w, "lag");
	json_u64(w, o->lag);
	if (!o->is_mirror && o->seq > 0) {
		json_key(w, "seq");
		json_u64(w, o->seq);
	}
	json_key(w, "active");
	json_i64(w, o->heard_ns == 0 ? -1
	    : stream_now(o->stream) - o->heard_ns);
	if (js_failed(&o->error)) {
		json_key(w, "error");
		js_error_write(&o->error, w);
	}
	write_filters(o->config, w);
	json_end_object(w);
}

void sources_write_info(const struct stream *s, struct json_writer *w)
{
	if (s->n_sources == 0)
		return;
	if (s->config->mirror != NULL) {
		json_key(w, "mirror");
		write_one(s->sources[0], w);
		return;
	}
	json_key(w, "sources");
	json_begin_array(w);
	for (size_t i = 0; i < s->n_sources; i++)
		write_one(s->sources[i], w);
	json_end_array(w);
}

/* ---- direct gets ------------------------------------------------------------ */

struct stream *sources_find_direct(const struct js_account *a,
    struct slice origin)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct stream_config *c = a->v[i]->config;

		if (c->mirror != NULL && c->mirror_direct &&
		    slice_eq(c->mirror->name, origin))
			return a->v[i];
	}
	return NULL;
}
