/* js/stream.c - a stream's life.
 *
 *   <account's directory>/<name>/msgs    the messages; its blob says what it is
 *   <account's directory>/<name>/state   its consumers
 *
 * The name of the directory is the stream's, with every byte that is not a
 * letter, a digit, '-' or '_' written as %XX, so it never holds a '.'; what
 * ends in ".gone" is being made or deleted, and removed at the next start if
 * that was cut off.
 */
#include "js/stream_int.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "core/transform.h"
#include "js/api.h"
#include "js/batch.h"
#include "js/consumer.h"
#include "js/cursors.h"
#include "js/dedup.h"
#include "js/errors.h"
#include "js/fast_batch.h"
#include "js/hash8.h"
#include "js/headers.h"
#include "js/making.h"
#include "js/offline.h"
#include "js/place.h"
#include "js/schedules.h"
#include "js/sources.h"
#include "store/disk.h"
#include "store/ramdisk.h"

enum { BLOCK_BYTES = 8 << 20, STATE_BLOCK_BYTES = 1 << 20,
	RESERVE_BYTES = 256 << 10 };

/* ---- stores ------------------------------------------------------------------- */

static void wake(void *ctx)
{
	const struct stream *s = ctx;

	stream_js(s)->host.wake(stream_js(s)->host.ctx);
}

static void lost(void *ctx, const struct store_loss *loss)
{
	struct stream *s = ctx;
	uint64_t       n = loss->last_seq - loss->first_seq + 1;

	if (loss->why == STORE_LOST)
		s->n_lost += n;
	log_error("JetStream: stream '%.*s' %s %llu messages, %llu to %llu, of "
	    "block %u", SLICE_ARG(s->name), loss->why == STORE_LOST
	    ? "has lost to damage" : "was cut off while it wrote",
	    (unsigned long long)n, (unsigned long long)loss->first_seq,
	    (unsigned long long)loss->last_seq, loss->block_nr);
}

/* Thread: whoever opens the stream. */
static void cut_off(void *ctx, struct store *store, uint64_t first_seq,
    uint64_t last_seq)
{
	const struct stream *s = ctx;

	/* when the metadata are lost it is not known yet */
	if (s->config == NULL || s->config->allow_atomic)
		batch_cut_off(store, first_seq, last_seq);
}

static void state_lost(void *ctx, const struct store_loss *loss)
{
	const struct stream *s = ctx;

	log_error("JetStream: stream '%.*s' has lost %llu records of its "
	    "consumers: they may deliver again", SLICE_ARG(s->name),
	    (unsigned long long)(loss->last_seq - loss->first_seq + 1));
}

static bool is_compressed(const struct stream_config *c)
{
	return c->is_compressed && c->storage == STORAGE_FILE;
}

static struct store_config msgs_config(struct stream *s, bool is_memory)
{
	return (struct store_config){
		.disk = is_memory ? s->ramdisk : disk_real(),
		.pool = is_memory ? NULL : stream_js(s)->pool,
		.block_bytes = BLOCK_BYTES,
		.reserve_bytes = is_memory ? 0 : RESERVE_BYTES,
		.cost = is_memory ? (struct cost){ 16, 0 }
		    : (struct cost){ 30, 4 },
		.is_volatile = is_memory,
		.secret = is_memory ? NULL : js_secret(stream_js(s)),
		.is_compressed = s->config != NULL && is_compressed(s->config),
		.wake = wake, .lost = lost, .cut_off = cut_off, .ctx = s };
}

static struct store_config state_config(struct stream *s)
{
	return (struct store_config){ .disk = disk_real(),
		.pool = stream_js(s)->pool, .block_bytes = STATE_BLOCK_BYTES,
		.secret = js_secret(stream_js(s)),
		.wake = wake, .lost = state_lost, .ctx = s };
}

static void path_of(const struct stream *s, const char *part, struct buf *out)
{
	buf_put_str(out, s->dir);
	buf_put_str(out, part);
	buf_put_char(out, '\0');
}

static int with_path(struct stream *s, const char *part,
    int (*fn)(struct stream *s, const char *path, void *ctx), void *ctx)
{
	struct buf path = { 0 };
	int        err = ERR_NOMEM;

	path_of(s, part, &path);
	if (!buf_failed(&path))
		err = fn(s, path.p, ctx);
	buf_fini(&path);
	return err;
}

static void write_blob(const struct stream *s,
    const struct stream_config *config, struct buf *out)
{
	struct json_writer *w = JSON_INTO(out, 0);

	json_begin_object(w);
	json_key(w, "config");
	stream_config_write(config, false, w);
	json_key(w, "created");
	json_i64(w, s->created_ns);
	json_end_object(w);
}

static int make_msgs(struct stream *s, const char *path, void *ctx)
{
	bool                is_memory = s->config->storage == STORAGE_MEMORY;
	struct store_config c = msgs_config(s, is_memory);
	uint64_t            first = *(const uint64_t *)ctx;
	struct buf          blob = { 0 };
	int                 err = ERR_NOMEM;

	write_blob(s, s->config, &blob);
	if (!buf_failed(&blob))
		err = store_create(&c, is_memory ? "memory" : path, first,
		    buf_slice(&blob), &s->store);
	buf_fini(&blob);
	return err;
}

static int make_state(struct stream *s, const char *path, void *ctx)
{
	struct store_config c = state_config(s);

	(void)ctx;
	return store_create(&c, path, 1, SLICE_NONE, &s->state);
}

static int open_msgs(struct stream *s, const char *path, void *ctx)
{
	struct store_config c = msgs_config(s, false);

	(void)ctx;
	return store_open(&c, path, &s->store);
}

static int open_state(struct stream *s, const char *path, void *ctx)
{
	struct store_config c = state_config(s);
	int                 err = store_open(&c, path, &s->state);

	return err == ERR_NOTFOUND ? make_state(s, path, ctx) : err;
}

static int create_files(struct stream *s, uint64_t first_seq)
{
	char *dir = s->dir;
	int   err;

	if (s->config->storage == STORAGE_MEMORY) {
		s->ramdisk = ramdisk_create();
		return s->ramdisk == NULL ? ERR_NOMEM
		    : make_msgs(s, NULL, &first_seq);
	}
	/* one that could not be opened is somebody's data */
	if (place_is_there(dir))
		return ERR_EXISTS;
	s->dir = place_beside(s->account->dir, s->name);
	err = s->dir == NULL ? ERR_NOMEM : place_make(s->dir);
	if (err == 0)
		err = with_path(s, "/state", make_state, NULL);
	if (err == 0)
		err = with_path(s, "/msgs", make_msgs, &first_seq);
	if (err == 0)
		err = place_move(&s->dir, dir);
	else
		free(dir);
	if (err != 0 && s->dir != NULL)
		place_remove(s->dir);
	return err;
}

/* ---- birth --------------------------------------------------------------------- */

static struct stream *allocate(struct js_account *a)
{
	struct stream *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->account = a;
	s->allocated_ns = a->js->host.wall_ns(a->js->host.ctx);
	list_init(&s->consumers);
	list_init(&s->waiters);
	list_init(&s->state_waiters);
	list_init(&s->batches);
	list_init(&s->fast_batches);
	s->last_msg_id = calloc(1, sizeof *s->last_msg_id);
	s->ack_head = calloc(1, sizeof *s->ack_head);
	s->scratch = calloc(1, sizeof *s->scratch);
	if (s->last_msg_id != NULL && s->ack_head != NULL &&
	    s->scratch != NULL)
		return s;
	free(s->last_msg_id);
	free(s->ack_head);
	free(s->scratch);
	free(s);
	return NULL;
}

static void destroy(struct stream *s)
{
	batch_drop_all(s);
	fast_batch_drop_all(s);
	schedules_close(s);
	expiry_close(s);
	timer_clear(stream_js(s)->host.timers, &s->state_timer);
	list_remove(&s->dirty);
	dedup_destroy(s->dedup);
	transform_destroy(s->transform);
	transform_destroy(s->republish);
	stream_config_destroy(s->config);
	ramdisk_destroy(s->ramdisk);
	buf_fini(s->last_msg_id);
	buf_fini(s->scratch);
	buf_fini(s->ack_head);
	free(s->ack_head);
	free(s->last_msg_id);
	free(s->scratch);
	free(s->subs);
	free(s->by_name);
	free(s->dir);
	free(s);
}

static bool make_map(const struct subject_map *m, bool is_there,
    struct transform **ret)
{
	struct buf why = { 0 };
	int        err = 0;

	*ret = NULL;
	if (is_there && m->dest.n > 0)	/* to nowhere: as it is */
		err = transform_create(m->src.n > 0 ? m->src : SLICE(">"),
		    m->dest, TRANSFORM_MAPPING, ret, &why);
	buf_fini(&why);
	return err == 0;
}

static bool make_maps(struct stream *s, const struct stream_config *c)
{
	struct transform *t, *r;

	if (!make_map(&c->transform, c->has_transform, &t))
		return false;
	if (!make_map(&c->republish, c->has_republish, &r)) {
		transform_destroy(t);
		return false;
	}
	transform_destroy(s->transform);
	transform_destroy(s->republish);
	s->transform = t;
	s->republish = r;
	return true;
}

/* Ids of what came lately are in the messages' headers. */
static void read_ids(struct stream *s)
{
	struct store_msg   m = { 0 };
	struct store_state st;
	struct slice       id;
	uint64_t           seq;

	store_get_state(s->store, &st);
	if (store_find_time(s->store, s->allocated_ns -
	    s->config->duplicate_window_ns, &seq) != 0)
		return;
	for (; store_find_next(s->store, SLICE_NONE, seq, &seq) == 0; seq++) {
		bool has_id = store_read(s->store, seq, &m) == 0 &&
		    m.hdr.n > 0 && js_header_get(m.hdr, SLICE("Nats-Msg-Id"),
		    &id) && id.n > 0;
		uint64_t known;

		if (has_id && !dedup_find(s->dedup, id, &known))
			dedup_add(s->dedup, id, seq, m.ts_ns);
		if (has_id && seq == st.last_seq)
			buf_put_slice(s->last_msg_id, id);
	}
	store_msg_fini(&m);
}

static void make_identity(struct stream *s)
{
	struct buf text = { 0 };

	text_put_time(&text, s->created_ns);
	hash8_of(buf_slice(&text), s->identity);
	buf_fini(&text);
}

static bool make_memory(struct stream *s)
{
	store_set_compression(s->store, is_compressed(s->config));
	make_identity(s);
	batch_recover(s);
	s->last_ts_ns = store_last_ts_ns(s->store);
	if (s->config->duplicate_window_ns > 0) {
		s->dedup = dedup_create();
		if (s->dedup == NULL)
			return false;
		read_ids(s);
	}
	return stream_make_ack_head(s) && expiry_open(s) &&
	    make_maps(s, s->config) && schedules_open(s);
}

/* Frees what has been made so far. */
static void give_up(struct stream *s)
{
	if (s->store != NULL)
		store_close(s->store);
	if (s->state != NULL)
		store_close(s->state);
	destroy(s);
}

struct stream *stream_begin(struct js_account *a, struct stream_config *config,
    int64_t created_ns, bool is_aside)
{
	struct stream *s = allocate(a);

	if (s == NULL) {
		stream_config_destroy(config);
		return NULL;
	}
	s->config = config;
	s->name = config->name;
	s->created_ns = created_ns;
	s->dir = is_aside ? place_beside(a->dir, s->name)
	    : place_of(a->dir, s->name);
	if (s->dir != NULL)
		return s;
	destroy(s);
	return NULL;
}

int stream_make_files(struct stream *s)
{
	bool     is_aside = place_is_gone(s->dir);
	uint64_t first = s->config->first_seq;
	int      err = create_files(s, first == 0 || is_aside ? 1 : first);

	if (err != 0 || make_memory(s))
		return err;
	/* a restart must not find what was refused */
	if (s->config->storage == STORAGE_FILE)
		place_remove(s->dir);
	return ERR_NOMEM;
}

static bool read_blob(struct stream *s, struct slice blob)
{
	static const struct stream_limits stored = { .is_stored = true };
	const char     *why;
	struct json    *doc = json_parse(blob, &why);
	struct js_error e = { 0 };
	bool ok = doc != NULL && stream_config_read(json_get(doc, "config"),
	    false, NULL, &s->config, &e) &&
	    stream_config_check(s->config, &stored, false, &e) &&
	    json_as_i64(json_get(doc, "created"), &s->created_ns);

	if (ok)
		s->name = s->config->name;
	else
		log_error("JetStream: %s: what the stream is makes no sense: "
		    "%s", s->dir, doc == NULL ? why : e.text);
	json_free(doc);
	return ok;
}

static int peek_msgs(struct stream *s, const char *path, void *ctx)
{
	struct store_config c = msgs_config(s, false);

	return store_peek(&c, path, ctx);
}

/* What we would not understand must not be changed by us. */
static int read_what(struct stream *s, struct slice blob,
    struct offline **newer)
{
	if (offline_is_newer(s->dir, blob, newer))
		return ERR_VERSION;
	return read_blob(s, blob) ? 0 : ERR_CORRUPT;
}

struct stream *stream_peek(struct js_account *a, const char *dir, int *why,
    struct offline **newer)
{
	struct stream *s = allocate(a);
	struct buf     blob = { 0 };

	*newer = NULL;
	*why = ERR_NOMEM;
	if (s == NULL)
		return NULL;
	s->is_opening = true;
	s->dir = strdup(dir);
	s->name = slice_str(s->dir);	/* until it is known better */
	if (s->dir != NULL)
		*why = with_path(s, "/msgs", peek_msgs, &blob);
	/* what the metadata has lost the blocks may have */
	if (*why == ERR_NOTFOUND)
		*why = with_path(s, "/msgs", open_msgs, NULL);
	if (*why == 0)
		*why = read_what(s, s->store != NULL ? store_blob(s->store)
		    : buf_slice(&blob), newer);
	buf_fini(&blob);
	if (*why == 0)
		return s;
	give_up(s);
	return NULL;
}

int stream_open_files(struct stream *s)
{
	int err = s->store != NULL ? 0 : with_path(s, "/msgs", open_msgs, NULL);

	if (err == 0)
		err = with_path(s, "/state", open_state, NULL);
	if (err == 0 && !make_memory(s))
		err = ERR_NOMEM;
	/* the power may have gone between a message and what it replaced */
	if (err == 0)
		stream_prune(s);
	return err;
}

void stream_settle_in(struct stream *s)
{
	s->is_opening = false;
	if (cursors_restore(s))
		stream_settle(s);
	stream_enforce(s);
}

void stream_forget(struct stream *s)
{
	give_up(s);
}

/* ---- subjects -------------------------------------------------------------------- */

static void unsubscribe(struct stream *s)
{
	const struct js_host *h = &stream_js(s)->host;

	for (size_t i = 0; i < s->n_subs; i++)
		h->unsubscribe(h->ctx, s->subs[i]);
	free(s->subs);
	s->subs = NULL;
	s->n_subs = 0;
	direct_stop(s);
}

bool stream_start(struct stream *s)
{
	const struct js_host *h = &stream_js(s)->host;
	struct js_sub       **old = s->subs;
	size_t                n_old = s->n_subs;

	s->n_subs = 0;
	s->subs = calloc(s->config->n_subjects + 1, sizeof *s->subs);
	for (size_t i = 0; s->subs != NULL && i < s->config->n_subjects; i++) {
		struct js_sub *sub = h->subscribe(h->ctx, s->account->core,
		    s->config->subjects[i], SLICE_NONE, stream_take, s);

		if (sub == NULL)
			break;
		if (h->hear_traces != NULL)
			h->hear_traces(h->ctx, sub);
		s->subs[s->n_subs++] = sub;
	}
	/* the new ones first, so that nothing passes between them */
	for (size_t i = 0; i < n_old; i++)
		h->unsubscribe(h->ctx, old[i]);
	free(old);
	direct_stop(s);
	direct_start(s);
	sources_start(s);
	expiry_arm(s);
	return s->n_subs == s->config->n_subjects;
}

/* ---- update ----------------------------------------------------------------------- */

static bool is_same_subjects(const struct stream_config *a,
    const struct stream_config *b)
{
	bool is_same = a->n_subjects == b->n_subjects;

	for (size_t i = 0; is_same && i < a->n_subjects; i++)
		is_same = slice_eq(a->subjects[i], b->subjects[i]);
	return is_same;
}

/* ---- from a backup ---------------------------------------------------------------- */

static int write_created(struct stream *s, int64_t created_ns)
{
	struct buf blob = { 0 };
	int        err = ERR_NOMEM;

	s->created_ns = created_ns;
	write_blob(s, s->config, &blob);
	if (!buf_failed(&blob))
		err = store_set_blob(s->store, buf_slice(&blob));
	buf_fini(&blob);
	return err != 0 ? err : store_flush(s->store);
}

int stream_move_files(struct stream *s, int64_t created_ns)
{
	int err = write_created(s, created_ns);

	schedules_close(s);
	expiry_close(s);
	dedup_destroy(s->dedup);
	s->dedup = NULL;
	if (err == 0 && !make_memory(s))
		err = ERR_NOMEM;
	if (err == 0 && s->config->storage == STORAGE_FILE)
		err = place_move(&s->dir, place_of(s->account->dir, s->name));
	return err;
}

void stream_move_in(struct stream *s)
{
	s->is_opening = false;
	stream_settle(s);
	stream_enforce(s);
	stream_prune(s);
}

bool stream_update(struct stream *s, struct stream_config *config,
    struct js_error *e)
{
	struct stream_config *old = s->config;
	struct buf            blob = { 0 };
	int                   err = ERR_NOMEM;

	write_blob(s, config, &blob);
	if (!buf_failed(&blob) && make_maps(s, config))
		err = store_set_blob(s->store, buf_slice(&blob));
	buf_fini(&blob);
	if (err != 0) {
		make_maps(s, old);
		stream_config_destroy(config);
		return js_fail_with(e, 10069, "%s", err_text(err));
	}
	s->config = config;
	s->name = config->name;
	store_set_compression(s->store, is_compressed(config));
	sources_start(s);
	if (config->duplicate_window_ns > 0 && s->dedup == NULL)
		s->dedup = dedup_create();
	if (!is_same_subjects(old, config) ||
	    old->allow_direct != config->allow_direct ||
	    old->mirror_direct != config->mirror_direct)
		stream_start(s);
	schedules_open(s);
	if (!config->allow_atomic)
		batch_drop_all(s);
	if (!config->allow_batched)
		fast_batch_drop_all(s);
	stream_enforce(s);
	stream_prune(s);
	if (old->retention == RETENTION_LIMITS)
		stream_lose_interest(s);
	stream_config_destroy(old);
	expiry_arm(s);
	js_mark_dirty(stream_js(s), s);
	return true;
}

/* ---- death ------------------------------------------------------------------------ */

static void leave(struct stream *s, void (*end)(struct consumer *c))
{
	s->is_leaving = true;
	js_stop_jobs(stream_js(s), s);
	unsubscribe(s);
	sources_stop(s);
	LIST_EACH (l, &s->consumers)
		end(consumer_of(l));
	list_remove(&s->dirty);
	stream_forget_use(s);
}

void stream_close(struct stream *s)
{
	int err;

	leave(s, consumer_close);
	err = store_close(s->store);
	if (s->state != NULL && store_close(s->state) != 0 && err == 0)
		err = ERR_IO;
	/* all is on the disk now, or it could not be */
	stream_fail_waiters(s, err);
	destroy(s);
}

void stream_abandon(struct stream *s)
{
	leave(s, consumer_close);
	store_abandon(s->store);
	if (s->state != NULL)
		store_abandon(s->state);
	if (s->config->storage == STORAGE_FILE) {
		if (!place_is_gone(s->dir))
			place_mark_gone(&s->dir);
		place_remove(s->dir);
	}
	destroy(s);
}

/* Its records go with the directory. */
static void delete_consumer(struct consumer *c)
{
	consumer_delete(c);
}

bool stream_delete(struct stream *s, struct stream_waiter *w,
    struct js_error *e)
{
	bool has_files = s->config->storage == STORAGE_FILE;
	int  err = has_files ? place_mark_gone(&s->dir) : 0;

	if (err != 0)
		return js_fail_with(e, 10050, "%s", err_text(err));
	leave(s, delete_consumer);
	store_abandon(s->store);
	if (s->state != NULL)
		store_abandon(s->state);
	stream_fail_waiters(s, ERR_CLOSED);
	if (has_files) {
		making_remove(s->account, s->dir, w);
		s->dir = NULL;
	} else if (w != NULL) {
		w->done(w, 0);
	}
	destroy(s);
	return true;
}
