/* js/api_account.c - requests about an account as a whole (section 2.4). */
#include "js/api.h"

#include <stdlib.h>

#include "base/err.h"
#include "core/account.h"
#include "js/advisory.h"
#include "js/js.h"
#include "js/making.h"
#include "js/offline.h"
#include "js/opening.h"
#include "js/place.h"
#include "js/stream.h"

static void put_u64(struct api_call *c, const char *key, uint64_t v)
{
	json_key(c->w, key);
	json_u64(c->w, v);
}

static void put_i64(struct api_call *c, const char *key, int64_t v)
{
	json_key(c->w, key);
	json_i64(c->w, v);
}

/* ---- what it has ------------------------------------------------------------- */

static void put_limits(struct api_call *c, const struct js_account_limits *l)
{
	json_key(c->w, "limits");
	json_begin_object(c->w);
	put_i64(c, "max_memory", l->max_memory);
	put_i64(c, "max_storage", l->max_storage);
	put_i64(c, "max_streams", l->max_streams);
	put_i64(c, "max_consumers", l->max_consumers);
	put_i64(c, "max_ack_pending", l->max_ack_pending);
	put_i64(c, "memory_max_stream_bytes", l->mem_max_stream_bytes);
	put_i64(c, "storage_max_stream_bytes", l->disk_max_stream_bytes);
	json_key(c->w, "max_bytes_required");
	json_bool(c->w, l->max_bytes_required);
	json_end_object(c->w);
}

static void put_usage(struct api_call *c, const struct js_usage *u,
    const struct js_account_limits *limits)
{
	put_u64(c, "memory", u->memory);
	put_u64(c, "storage", u->storage);
	put_u64(c, "reserved_memory", u->reserved_memory);
	put_u64(c, "reserved_storage", u->reserved_storage);
	put_u64(c, "streams", u->n_streams);
	put_u64(c, "consumers", u->n_consumers);
	put_limits(c, limits);
}

/* All streams here are R1. */
static void put_tiers(struct api_call *c, const struct js_usage *u)
{
	const struct js_account *a = c->account;
	static const struct js_usage none = { 0 };

	json_key(c->w, "tiers");
	json_begin_object(c->w);
	for (size_t i = 0; i < a->n_tiers; i++) {
		json_key(c->w, a->tiers[i].name);
		json_begin_object(c->w);
		put_usage(c, strcmp(a->tiers[i].name, "R1") == 0 ? u : &none,
		    &a->tiers[i].limits);
		json_end_object(c->w);
	}
	json_end_object(c->w);
}

void api_account_info(struct api_call *c)
{
	static const struct js_account_limits by_tier = { 0 };
	const struct js_account *a = c->account;
	struct js_usage          u;

	js_account_usage(a, &u);
	put_usage(c, &u, a->n_tiers > 0 ? &by_tier : &a->limits);
	if (c->js->config.domain != NULL) {
		json_key(c->w, "domain");
		json_cstr(c->w, c->js->config.domain);
	}
	json_key(c->w, "api");
	json_begin_object(c->w);
	put_u64(c, "level", JS_API_LEVEL);
	put_u64(c, "total", a->n_api);
	put_u64(c, "errors", a->n_api_errors);
	json_end_object(c->w);
	if (a->n_tiers > 0)
		put_tiers(c, &u);
}

/* ---- all of it goes ------------------------------------------------------------ */

static struct js_account *find_by_name(const struct js *js, struct slice name)
{
	LIST_EACH (l, &js->accounts) {
		struct js_account *a = CONTAINER_OF(l, struct js_account,
		    link);

		if (slice_eq(a->core->name, name))
			return a;
	}
	return NULL;
}

static bool delete_streams(struct js_account *a, struct js_error *e)
{
	opening_cancel(a);
	offline_clear(a);	/* their files go with the others' */
	while (a->n > 0) {
		struct stream *s = a->v[a->n - 1];

		advisory_stream_action(s, "DELETED", "delete");
		js_remove_stream(a, s);
		if (stream_delete(s, NULL, e))
			continue;
		js_add_stream(a, s);
		return false;
	}
	making_end(a);
	return true;
}

/* A stream that nobody has opened, or could. */
static void remove_one(void *ctx, const char *path)
{
	int  *err = ctx;
	char *gone = strdup(path);
	int   why = gone == NULL ? ERR_NOMEM : 0;

	if (why == 0 && !place_is_gone(path))
		why = place_mark_gone(&gone);
	if (why == 0)
		why = place_sync_parent(gone);
	if (why == 0)
		why = place_remove(gone);
	if (why != 0)
		*err = why;
	free(gone);
}

static int remove_directory(const char *dir)
{
	int failed = 0, err = place_each(dir, remove_one, &failed);

	if (err == ERR_NOTFOUND)
		return 0;
	if (err == 0)
		err = failed;
	return err != 0 ? err : place_remove(dir);
}

/* Also of one that has no JetStream now, or that nobody knows any more. */
void api_account_purge(struct api_call *c)
{
	struct js_account *a = find_by_name(c->js, c->names[0]);
	char              *dir;
	int                err = ERR_NOMEM;

	if (a != NULL && !delete_streams(a, &c->e))
		return;
	dir = place_of(c->js->config.dir, c->names[0]);
	if (dir != NULL)
		err = remove_directory(dir);
	if (err == 0 && a != NULL && a->is_enabled)
		err = place_make(dir);
	free(dir);
	if (err != 0) {
		js_fail_with(&c->e, 10051, "%s", err_text(err));
		return;
	}
	json_key(c->w, "initiated");
	json_bool(c->w, true);
}
