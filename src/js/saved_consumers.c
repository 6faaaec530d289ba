/* js/saved_consumers.c - what a backup says of consumers, and consumers of that. */
#include "js/saved_consumers.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "js/consumer_int.h"
#include "js/consumer_state.h"
#include "js/fields.h"
#include "js/stream_int.h"

/* ---- keeping ------------------------------------------------------------------- */

void saved_consumers_init(struct saved_consumers *all)
{
	*all = (struct saved_consumers){ 0 };
	list_init(&all->list);
}

static void forget(struct saved_consumer *k)
{
	list_remove(&k->link);
	buf_fini(&k->name);
	buf_fini(&k->meta);
	buf_fini(&k->state);
	free(k);
}

void saved_consumers_fini(struct saved_consumers *all)
{
	LIST_EACH (l, &all->list)
		forget(CONTAINER_OF(l, struct saved_consumer, link));
}

struct saved_consumer *saved_consumer(struct saved_consumers *all,
    struct slice name)
{
	struct saved_consumer *k;

	LIST_EACH (l, &all->list) {
		k = CONTAINER_OF(l, struct saved_consumer, link);
		if (slice_eq(buf_slice(&k->name), name))
			return k;
	}
	k = calloc(1, sizeof *k);
	if (k == NULL)
		return NULL;
	buf_put_slice(&k->name, name);
	list_append(&all->list, &k->link);
	all->bytes += sizeof *k + name.n;
	return k;
}

bool saved_put(struct saved_consumers *all, struct buf *to, struct slice bytes,
    struct js_error *e)
{
	all->bytes += bytes.n;
	buf_reset(to);
	buf_put_slice(to, bytes);
	if (all->bytes > SAVED_BYTES_MAX)
		return js_fail_with(e, 10062, "too much is said of consumers");
	return !buf_failed(to) ||
	    js_fail_with(e, 10062, "%s", err_text(ERR_NOMEM));
}

/* ---- restoring ------------------------------------------------------------------ */

static bool fail(const struct saved_consumer *k, const char *why,
    struct js_error *e)
{
	return js_fail_with(e, 10062, "error restoring consumer [\"%.*s\"]: %s",
	    SLICE_ARG(buf_slice(&k->name)), why);
}

int64_t saved_created_ns(const struct json *doc)
{
	struct slice text;
	int64_t      ns;

	return json_as_str(json_get(doc, "Created"), &text) &&
	    js_time_read(text, &ns) ? ns : JS_TIME_UNSET;
}

static bool read_state(const struct saved_consumer *k, bool is_whole,
    const struct json *doc, struct consumer_state *st)
{
	if (is_whole)
		return json_get(doc, "state") != NULL &&
		    consumer_state_read(json_get(doc, "state"), st);
	return !k->has_state || consumer_state_decode(buf_slice(&k->state), st);
}

static bool put(const struct saved_consumer *k, struct stream *s,
    const struct json *config, int64_t created_ns, struct consumer_state *st,
    struct js_error *e)
{
	const struct js_host *h = &stream_js(s)->host;
	struct js_error       why = { 0 };
	struct consumer      *c;

	if (!json_is_object(config))
		return fail(k, "its configuration is missing", e);
	c = consumer_import(s, config, buf_slice(&k->name),
	    created_ns == JS_TIME_UNSET ? h->wall_ns(h->ctx) : created_ns,
	    &why);
	if (c == NULL)
		return fail(k, why.text, e);
	if (!consumer_state_apply(c, st))
		return fail(k, "its state makes no sense", e);
	return cursor_create(c) == 0 || fail(k, "it cannot be written", e);
}

static bool restore(const struct saved_consumer *k, struct stream *s,
    bool is_whole, struct js_error *e)
{
	struct consumer_state st = { 0 };
	const char           *why = "meta.inf or meta.sum is missing";
	struct json          *doc = NULL;
	bool                  ok;

	if (k->has_meta && (k->has_sum || is_whole))
		doc = json_parse(buf_slice(&k->meta), &why);
	if (doc == NULL || !json_is_object(doc))
		ok = fail(k, why, e);
	else if (!read_state(k, is_whole, doc, &st))
		ok = fail(k, "its state makes no sense", e);
	else
		ok = put(k, s, is_whole ? json_get(doc, "config") : doc,
		    saved_created_ns(doc), &st, e);
	consumer_state_fini(&st);
	json_free(doc);
	return ok;
}

bool saved_restore(struct saved_consumers *all, struct stream *s,
    bool is_whole, struct js_error *e)
{
	bool ok = true;

	while (ok && !list_is_empty(&all->list)) {
		struct saved_consumer *k = CONTAINER_OF(all->list.next,
		    struct saved_consumer, link);

		ok = restore(k, s, is_whole, e);
		forget(k);
	}
	return ok;
}
