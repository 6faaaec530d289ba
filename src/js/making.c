/* js/making.c - streams' files come and go beside the loop. */
#include "js/making.h"

#include <stdlib.h>

#include "base/err.h"
#include "js/errand.h"
#include "js/errors.h"
#include "js/js.h"
#include "js/place.h"
#include "js/stream.h"
#include "js/stream_config.h"

struct making {
	struct errand  errand;
	struct list    link;	/* in account->makings */
	struct errands *errands;
	struct stream *stream;	/* NULL: it was given up */
	int            err;
	bool           is_done, is_unwanted;
};

/* ---- made --------------------------------------------------------------------- */

static void make_files(struct errand *e)
{
	struct making *m = CONTAINER_OF(e, struct making, errand);

	m->err = stream_make_files(m->stream);
}

static void forget_stream(struct making *m)
{
	if (m->stream != NULL && m->err == 0)
		stream_abandon(m->stream);
	else if (m->stream != NULL)
		stream_forget(m->stream);
	m->stream = NULL;
}

static void discard(struct making *m)
{
	forget_stream(m);
	list_remove(&m->link);
	free(m);
}

static void made(struct errand *e)
{
	struct making *m = CONTAINER_OF(e, struct making, errand);

	m->is_done = true;
	m->stream->is_opening = false;
	if (m->is_unwanted)
		discard(m);
}

struct making *making_begin(struct js_account *a, struct stream_config *config,
    int64_t created_ns, bool is_aside, struct js_error *e)
{
	bool           is_memory = config->storage == STORAGE_MEMORY;
	struct making *m = calloc(1, sizeof *m);

	if (m == NULL)
		stream_config_destroy(config);
	else
		m->stream = stream_begin(a, config, created_ns, is_aside);
	if (m == NULL || m->stream == NULL) {
		free(m);
		js_fail_with(e, 10049, "%s", err_text(ERR_NOMEM));
		return NULL;
	}
	m->errand = (struct errand){ .run = make_files, .done = made };
	m->errands = a->js->errands;
	list_append(&a->makings, &m->link);
	m->stream->is_opening = true;
	if (is_memory) {
		make_files(&m->errand);
		made(&m->errand);
	} else {
		errands_send(m->errands, &m->errand);
	}
	return m;
}

bool making_is_done(const struct making *m)
{
	return m->is_done;
}

bool making_is_of(const struct making *m, const struct stream_config *config)
{
	return m->stream == NULL ||
	    stream_config_equal(m->stream->config, config);
}

struct stream *making_take(struct making *m, struct js_error *e)
{
	struct stream *s = m->stream;

	if (m->err != 0) {
		js_fail_with(e, 10049, "error creating store for stream: %s",
		    err_text(m->err));
		s = NULL;
	} else {
		m->stream = NULL;
	}
	discard(m);
	return s;
}

void making_drop(struct making *m)
{
	if (m == NULL)
		return;
	m->is_unwanted = true;
	if (m->is_done)
		discard(m);
}

bool making_is_at(const struct js_account *a, struct slice stream)
{
	for (struct list *l = a->makings.next; l != &a->makings; l = l->next) {
		const struct making *m = CONTAINER_OF(l, struct making, link);

		if (m->stream != NULL && (stream.n == 0 ||
		    slice_eq(m->stream->name, stream)))
			return true;
	}
	return false;
}

static void give_up(struct making *m)
{
	if (!m->is_done) {
		if (!errands_recall(m->errands, &m->errand))
			m->err = ERR_CLOSED;	/* there are no files */
		m->is_done = true;
		m->stream->is_opening = false;
	}
	forget_stream(m);
	m->err = ERR_CLOSED;
}

/* ---- removed -------------------------------------------------------------------- */

struct removal {
	struct errand         errand;
	struct list           link;	/* in account->removals */
	struct errands       *errands;
	char                 *dir;
	struct stream_waiter *waiter;	/* NULL: it was told, or nobody waits */
	int                   err;
};

static void sync_name(struct errand *e)
{
	struct removal *r = CONTAINER_OF(e, struct removal, errand);

	r->err = place_sync_parent(r->dir);
}

static void remove_files(struct errand *e)
{
	struct removal *r = CONTAINER_OF(e, struct removal, errand);

	place_remove(r->dir);
}

static void removed(struct errand *e)
{
	struct removal *r = CONTAINER_OF(e, struct removal, errand);

	list_remove(&r->link);
	free(r->dir);
	free(r);
}

/* What it cost is told first: the files may be many. */
static void synced(struct errand *e)
{
	struct removal *r = CONTAINER_OF(e, struct removal, errand);

	if (r->waiter != NULL)
		r->waiter->done(r->waiter, r->err);
	r->waiter = NULL;
	r->errand = (struct errand){ .run = remove_files, .done = removed };
	errands_send(r->errands, &r->errand);
}

void making_remove(struct js_account *a, char *dir, struct stream_waiter *w)
{
	struct removal *r = calloc(1, sizeof *r);

	if (r == NULL) {
		int err = place_sync_parent(dir);

		place_remove(dir);
		free(dir);
		if (w != NULL)
			w->done(w, err);
		return;
	}
	*r = (struct removal){ .dir = dir, .waiter = w,
		.errands = a->js->errands,
		.errand = { .run = sync_name, .done = synced } };
	list_append(&a->removals, &r->link);
	errands_send(r->errands, &r->errand);
}

static void finish(struct removal *r)
{
	if (r->errand.run == sync_name)
		errands_finish(r->errands, &r->errand);
	errands_finish(r->errands, &r->errand);
}

void making_end(struct js_account *a)
{
	LIST_EACH (l, &a->makings) {
		struct making *m = CONTAINER_OF(l, struct making, link);

		give_up(m);
		if (m->is_unwanted)
			discard(m);
	}
	LIST_EACH (l, &a->removals)
		finish(CONTAINER_OF(l, struct removal, link));
}
