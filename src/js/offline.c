/* js/offline.c - streams that are here and that this server does not serve. */
#include "js/offline.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "core/account.h"
#include "js/cursors.h"
#include "js/errors.h"
#include "js/js.h"
#include "js/making.h"
#include "js/place.h"
#include "js/stream_int.h"

/* ---- what needs more -------------------------------------------------------- */

/* What is no number is more than we know, too. */
static bool needs_more(const struct json *config, struct slice *level)
{
	int64_t n;

	return json_as_str(json_get(json_get(config, "metadata"),
	    "_nats.req.level"), level) && level->n > 0 &&
	    (!text_parse_i64(*level, &n) || n > JS_API_LEVEL);
}

static void put_reason(struct buf *out, struct slice level)
{
	buf_printf(out, "unsupported - required API level: %.*s, current API "
	    "level: %d", SLICE_ARG(level), JS_API_LEVEL);
}

/* ---- made and freed --------------------------------------------------------- */

static struct offline *create(const char *path)
{
	struct offline *o = calloc(1, sizeof *o);

	if (o == NULL)
		return NULL;
	list_init(&o->consumers);
	o->path = strdup(path);
	if (o->path != NULL)
		return o;
	free(o);
	return NULL;
}

void offline_destroy(struct offline *o)
{
	struct list *l;

	if (o == NULL)
		return;
	while ((l = list_take(&o->consumers)) != NULL) {
		struct offline_consumer *c = offline_consumer_of(l);

		buf_fini(&c->reason);
		free(c);
	}
	stream_config_destroy(o->config);
	buf_fini(&o->reason);
	buf_fini(&o->whole);
	buf_fini(&o->state);
	free(o->path);
	free(o);
}

void offline_clear(struct js_account *a)
{
	struct list *l;

	while ((l = list_take(&a->offline)) != NULL)
		offline_destroy(offline_of(l));
	a->n_offline = 0;
}

/* ---- a stream --------------------------------------------------------------- */

/* The rest may be in words that we do not know. */
static struct stream_config *read_name_and_subjects(const struct json *config)
{
	const struct json    *subjects = json_get(config, "subjects");
	struct buf            b = { 0 };
	struct json_writer   *w = JSON_INTO(&b, 0);
	struct stream_config *ret = NULL;
	struct js_error       e = { 0 };
	struct json          *doc = NULL;
	struct slice          s = SLICE_NONE;
	const char           *why;

	json_as_str(json_get(config, "name"), &s);
	json_begin_object(w);
	json_key(w, "name");
	json_str(w, s);
	json_key(w, "subjects");
	json_begin_array(w);
	for (size_t i = 0; i < json_n_items(subjects); i++)
		if (json_as_str(json_item(subjects, i), &s))
			json_str(w, s);
	json_end_array(w);
	json_end_object(w);
	if (!buf_failed(&b))
		doc = json_parse(buf_slice(&b), &why);
	if (doc != NULL && stream_config_read(doc, false, NULL, &ret, &e) &&
	    ret->name.n == 0) {
		stream_config_destroy(ret);
		ret = NULL;
	}
	json_free(doc);
	buf_fini(&b);
	return ret;
}

static struct offline *of_newer(const char *path, const struct json *doc,
    struct slice level)
{
	const struct json *config = json_get(doc, "config");
	struct offline    *o = create(path);

	if (o == NULL)
		return NULL;
	o->config = read_name_and_subjects(config);
	json_put(JSON_INTO(&o->whole, 0), config);
	json_as_i64(json_get(doc, "created"), &o->created_ns);
	put_reason(&o->reason, level);
	buf_put_str(&o->state, "{\"messages\":0,\"bytes\":0,\"first_seq\":0,"
	    "\"first_ts\":\"0001-01-01T00:00:00Z\",\"last_seq\":0,"
	    "\"last_ts\":\"0001-01-01T00:00:00Z\",\"consumer_count\":0}");
	if (o->config != NULL && !buf_failed(&o->whole) &&
	    !buf_failed(&o->reason) && !buf_failed(&o->state))
		return o;
	offline_destroy(o);
	return NULL;
}

bool offline_is_newer(const char *path, struct slice blob,
    struct offline **ret)
{
	const char  *why;
	struct json *doc = json_parse(blob, &why);
	struct slice level;
	bool         is_newer = doc != NULL &&
	    needs_more(json_get(doc, "config"), &level);

	*ret = is_newer ? of_newer(path, doc, level) : NULL;
	json_free(doc);
	return is_newer;
}

/* ---- consumers -------------------------------------------------------------- */

struct search {
	struct stream  *s;
	struct offline *found;	/* NULL: none so far */
	bool            failed;
};

static bool add_consumer(struct offline *o, struct slice name,
    struct slice level)
{
	struct offline_consumer *c = malloc(sizeof *c + name.n);

	if (c == NULL)
		return false;
	*c = (struct offline_consumer){ .name = { c->bytes, name.n } };
	if (name.n > 0)
		memcpy(c->bytes, name.p, name.n);
	put_reason(&c->reason, level);
	list_append(&o->consumers, &c->link);
	o->n_consumers++;
	return !buf_failed(&c->reason);
}

/* The first stops the stream, and is named. */
static bool stop_for(struct search *x, struct slice name, struct slice level)
{
	struct offline *o = x->found;

	if (o == NULL)
		o = x->found = create(x->s->dir);
	if (o == NULL || !add_consumer(o, name, level))
		return false;
	if (o->n_consumers > 1)
		return true;
	buf_put_str(&o->reason, "stopped - unsupported consumer ");
	text_put_quoted(&o->reason, name);
	return !buf_failed(&o->reason);
}

static void look_at_config(void *ctx, struct slice name, struct slice config)
{
	struct search *x = ctx;
	const char    *why;
	struct json   *doc = json_parse(config, &why);
	struct slice   level;

	if (doc != NULL && needs_more(doc, &level) &&
	    !stop_for(x, name, level))
		x->failed = true;
	json_free(doc);
}

static struct stream_config *copy_of(const struct buf *config)
{
	const char           *why;
	struct json          *doc = json_parse(buf_slice(config), &why);
	struct stream_config *ret = doc == NULL ? NULL
	    : read_name_and_subjects(doc);

	json_free(doc);
	return ret;
}

struct offline *offline_because_of_consumers(struct stream *s, bool *failed)
{
	struct search   x = { .s = s };
	struct offline *o;

	x.failed = !cursors_each_config(s, look_at_config, &x);
	o = x.found;
	if (o != NULL && !x.failed) {
		stream_config_write(s->config, false, JSON_INTO(&o->whole, 0));
		o->config = buf_failed(&o->whole) ? NULL : copy_of(&o->whole);
		o->created_ns = s->created_ns;
		x.failed = o->config == NULL;
	}
	*failed = x.failed;
	if (!x.failed)
		return o;
	offline_destroy(o);
	return NULL;
}

void offline_keep_state(struct offline *o, struct stream *s)
{
	struct store_state st;

	store_get_state(s->store, &st);
	o->n_msgs = st.n_msgs;
	o->bytes = st.bytes;
	stream_write_state(s, NULL, NULL, JSON_INTO(&o->state, 0));
}

/* ---- an account's ----------------------------------------------------------- */

void offline_add(struct js_account *a, struct offline *o)
{
	struct list *at = a->offline.next;

	while (at != &a->offline && slice_cmp(offline_of(at)->config->name,
	    o->config->name) < 0)
		at = at->next;
	list_append(at, &o->link);	/* before it */
	a->n_offline++;
	log_warn("JetStream: stream '%.*s > %.*s' is offline, and left as it "
	    "is: %.*s", SLICE_ARG(a->core->name), SLICE_ARG(o->config->name),
	    SLICE_ARG(buf_slice(&o->reason)));
}

struct offline *offline_find(const struct js_account *a, struct slice name)
{
	for (struct list *l = a->offline.next; l != &a->offline; l = l->next)
		if (slice_eq(offline_of(l)->config->name, name))
			return offline_of(l);
	return NULL;
}

bool offline_overlaps(const struct js_account *a,
    const struct stream_config *g)
{
	for (struct list *l = a->offline.next; l != &a->offline; l = l->next)
		if (stream_config_overlaps(g, offline_of(l)->config))
			return true;
	return false;
}

struct offline_consumer *offline_find_consumer(const struct offline *o,
    struct slice name)
{
	for (struct list *l = o->consumers.next; l != &o->consumers;
	    l = l->next) {
		struct offline_consumer *c = offline_consumer_of(l);

		if (slice_eq(c->name, name))
			return c;
	}
	return NULL;
}

bool offline_delete(struct js_account *a, struct offline *o,
    struct stream_waiter *w, struct js_error *e)
{
	int err = place_mark_gone(&o->path);

	if (err != 0)
		return js_fail_with(e, 10050, "%s", err_text(err));
	making_remove(a, o->path, w);
	o->path = NULL;
	list_remove(&o->link);
	a->n_offline--;
	offline_destroy(o);
	return true;
}

void offline_write_detail(const struct offline *o, const char *leader,
    bool shows_config, struct json_writer *w)
{
	json_key(w, "name");
	json_str(w, o->config->name);
	json_key(w, "created");
	json_time(w, o->created_ns);
	json_key(w, "cluster");
	json_begin_object(w);
	json_key(w, "leader");
	json_cstr(w, leader);
	json_end_object(w);
	if (shows_config) {
		json_key(w, "config");
		json_raw(w, buf_slice(&o->whole));
	}
	json_key(w, "state");
	json_raw(w, buf_slice(&o->state));
}
