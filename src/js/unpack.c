/* js/unpack.c - raw bytes, plain ones, files or entries, messages.
 *
 * Each layer takes from the front of what the one before it has left behind,
 * and says when that is not enough.  So any of them can stop where it is: at a
 * budget, or because the store cannot take more for now.
 */
#include "js/unpack.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "js/archive_msgs.h"
#include "js/archive_tar.h"
#include "js/blk.h"
#include "js/blk_index.h"
#include "js/fields.h"
#include "js/names.h"
#include "js/s2_frame.h"
#include "js/saved_consumers.h"
#include "js/stream_int.h"
#include "proto/subject.h"

/* A message costs as much as copying so many bytes. */
enum { FILE_MAX = 32 << 20, INDEX_MAX = 128 << 20, SUBJECT_MAX = 4096,
	MSG_WORK = 256, FINISH_WORK = 512 << 10 };

#define SEQ_BEYOND (UINT64_C(1) << 62)

/* Bytes of which those before at were read. */
struct queue {
	struct buf b;
	size_t     at;
};

enum form { FORM_UNKNOWN, FORM_TAR, FORM_MSGS };

enum kind { FILE_IGNORED, FILE_META, FILE_ERRORS, FILE_INDEX, FILE_BLOCK,
	FILE_CONSUMER_META, FILE_CONSUMER_SUM, FILE_CONSUMER_STATE };

struct unpack {
	struct stream    *s;
	struct js_error   e;
	struct queue      raw, plain;
	struct s2_reader  s2;
	enum form         form;
	bool              is_whole;	/* its end was seen */

	struct tar_reader tar;
	enum kind         kind;		/* of the file that we are in */
	struct saved_consumer *of;	/* and the consumer it is about */
	struct buf        file;		/* it, if it is to be read whole */
	uint32_t          block_nr;	/* of the last one */
	struct highway    key;
	struct queue      records;	/* of the block, not yet complete */
	struct buf        index_bytes;
	struct blk_index  index;	/* what it says is gone is removed last */
	bool              has_index;

	bool              has_meta;
	int64_t           created_ns;	/* JS_TIME_UNSET: it is not said */
	uint64_t          last_seq;	/* at least */
	struct saved_consumers consumers;
	uint64_t          work;		/* done so far; about bytes */
};

static int fail(struct unpack *u, const char *what)
{
	if (!js_failed(&u->e))
		js_fail_with(&u->e, 10062, "%s", what);
	return ERR_CORRUPT;
}

/* Of the store; busy is no failure. */
static int fail_store(struct unpack *u, int err)
{
	if (err == 0 || err == ERR_BUSY)
		return err;
	if (err == ERR_NOSPC)
		js_fail(&u->e, 10047);
	else
		js_fail_with(&u->e, 10062, "%s", err_text(err));
	return ERR_CORRUPT;
}

/* ---- queues --------------------------------------------------------------------- */

static struct slice waiting(const struct queue *q)
{
	return slice_of(q->b.p + q->at, q->b.n - q->at);
}

static void took(struct queue *q, struct slice rest)
{
	q->at = q->b.n - rest.n;
}

/* What was read makes room, once that is most of it. */
static void squeeze(struct queue *q)
{
	size_t n = q->b.n - q->at;

	if (q->at < n)
		return;
	if (n > 0)
		memmove(q->b.p, q->b.p + q->at, n);
	q->b.n = n;
	q->at = 0;
}

static bool give(struct queue *q, struct slice bytes)
{
	squeeze(q);
	buf_put_slice(&q->b, bytes);
	return !buf_failed(&q->b);
}

/* ---- messages ------------------------------------------------------------------- */

/* So that no file of whoever may restore fills what others share. */
static int check_room(struct unpack *u)
{
	const struct js_account *a = u->s->account;
	bool     is_memory = u->s->config->storage == STORAGE_MEMORY;
	uint64_t mine = stream_bytes(u->s);
	int64_t  of_account = is_memory ? a->limits.max_memory
	    : a->limits.max_storage;
	int64_t  of_server = is_memory ? a->js->config.max_memory
	    : a->js->config.max_storage;

	if ((of_account < 0 || mine + (is_memory ? a->memory_used
	    : a->storage_used) <= (uint64_t)of_account) &&
	    (of_server <= 0 || mine + (is_memory ? a->js->memory_used
	    : a->js->storage_used) <= (uint64_t)of_server))
		return 0;
	js_fail(&u->e, is_memory ? 10028 : 10047);
	return ERR_LIMIT;
}

static int put_msg(struct unpack *u, const struct blk_record *r)
{
	struct store *store = u->s->store;
	int64_t       ts = store_last_ts_ns(store);
	uint64_t      seq;
	int           err;

	u->work += MSG_WORK + r->hdr.n + r->body.n;
	if (!subject_is_literal(r->subject) || r->subject.n > SUBJECT_MAX ||
	    r->seq >= SEQ_BEYOND)
		return fail(u, "a message has no valid subject or sequence");
	err = store_skip_to(store, r->seq);
	if (err == 0)
		err = store_append(store, r->subject, r->hdr, r->body,
		    r->ts_ns > ts ? r->ts_ns : ts, &seq);
	return fail_store(u, err);
}

static void note_last(struct unpack *u, uint64_t seq)
{
	if (seq > u->last_seq && seq < SEQ_BEYOND)
		u->last_seq = seq;
}

/* Messages that were deleted later on are in the files all the same. */
static int bury(struct unpack *u, uint64_t seq)
{
	int err;

	note_last(u, seq);
	u->work += MSG_WORK;
	if (seq == 0 || seq > store_last_seq(u->s->store))
		return 0;
	err = store_delete(u->s->store, seq, STORE_DELETE, NULL);
	return err == ERR_NOTFOUND ? 0 : fail_store(u, err);
}

static int put_record(struct unpack *u, const struct blk_record *r)
{
	switch (r->kind) {
	case BLK_MSG:
		/* written twice: nats-server counts the first */
		return r->seq <= store_last_seq(u->s->store) ? 0
		    : put_msg(u, r);
	case BLK_TOMBSTONE:
		return bury(u, r->seq);
	default:
		note_last(u, r->seq);
		return 0;
	}
}

/* ---- files ---------------------------------------------------------------------- */

/* "17.blk" */
static bool read_block_nr(struct slice file, uint32_t *nr)
{
	uint64_t v;

	if (file.n < 5 || !slice_eq(slice_skip(file, file.n - 4),
	    SLICE(".blk")) || !text_parse_u64(slice_of(file.p, file.n - 4),
	    &v) || v > UINT32_MAX)
		return false;
	*nr = (uint32_t)v;
	return true;
}

static int begin_block(struct unpack *u, uint32_t nr)
{
	if (nr <= u->block_nr && u->block_nr != 0)
		return fail(u, "blocks of messages are not in order");
	u->block_nr = nr;
	buf_reset(&u->records.b);
	u->records.at = 0;
	blk_key(u->s->name, nr, &u->key);
	return 0;
}

/* "<consumer>/meta.inf" */
static int begin_consumer_file(struct unpack *u, struct slice path)
{
	static const struct {
		struct slice name;
		enum kind    kind;
	} files[] = {
		{ { "meta.inf", 8 }, FILE_CONSUMER_META },
		{ { "meta.sum", 8 }, FILE_CONSUMER_SUM },
		{ { "o.dat", 5 }, FILE_CONSUMER_STATE },
	};
	const char  *slash = memchr(path.p, '/', path.n);
	struct slice name, file;

	if (slash == NULL)
		return 0;
	name = slice_of(path.p, (size_t)(slash - path.p));
	file = slice_skip(path, name.n + 1);
	if (!js_name_is_valid(name) || name.n > JS_NAME_MAX)
		return fail(u, "a consumer has no valid name");
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		if (slice_eq(file, files[i].name))
			u->kind = files[i].kind;
	if (u->kind != FILE_IGNORED)
		u->of = saved_consumer(&u->consumers, name);
	return u->kind == FILE_IGNORED || u->of != NULL ? 0
	    : fail(u, err_text(ERR_NOMEM));
}

static int begin_file(struct unpack *u, struct slice name, uint64_t size)
{
	uint32_t nr;

	u->kind = FILE_IGNORED;
	buf_reset(&u->file);
	if (slice_has_prefix(name, SLICE("./")))
		name = slice_skip(name, 2);
	if (slice_eq(name, SLICE("meta.inf"))) {
		u->kind = FILE_META;
	} else if (slice_eq(name, SLICE("errors.txt"))) {
		u->kind = FILE_ERRORS;
	} else if (slice_eq(name, SLICE("msgs/index.db"))) {
		u->kind = FILE_INDEX;
		buf_reset(&u->index_bytes);
	} else if (slice_has_prefix(name, SLICE("msgs/")) &&
	    read_block_nr(slice_skip(name, 5), &nr)) {
		u->kind = FILE_BLOCK;
		return begin_block(u, nr);
	} else if (slice_has_prefix(name, SLICE("obs/"))) {
		int err = begin_consumer_file(u, slice_skip(name, 4));

		if (err != 0)
			return err;
	}
	return u->kind == FILE_IGNORED || size <= (u->kind == FILE_INDEX
	    ? INDEX_MAX : FILE_MAX) ? 0 : fail(u, "a file is too large");
}

static int add_to_file(struct unpack *u, struct slice bytes)
{
	switch (u->kind) {
	case FILE_IGNORED:
	case FILE_CONSUMER_SUM:
		return 0;
	case FILE_INDEX:
		buf_put_slice(&u->index_bytes, bytes);
		return buf_failed(&u->index_bytes)
		    ? fail(u, err_text(ERR_NOMEM)) : 0;
	case FILE_BLOCK:
		return give(&u->records, bytes) ? 0
		    : fail(u, err_text(ERR_NOMEM));
	default:
		buf_put_slice(&u->file, bytes);
		return buf_failed(&u->file) ? fail(u, err_text(ERR_NOMEM)) : 0;
	}
}

static int read_meta(struct unpack *u)
{
	const char  *why;
	struct json *doc = json_parse(buf_slice(&u->file), &why);
	struct slice name = SLICE_NONE;
	int          err = 0;

	if (doc == NULL || !json_is_object(doc))
		err = fail(u, "meta.inf makes no sense");
	else if (!json_as_str(json_get(doc, "name"), &name) ||
	    !slice_eq(name, u->s->name))
		err = fail(u, "stream names do not match");
	else
		u->created_ns = saved_created_ns(doc);
	u->has_meta = err == 0;
	json_free(doc);
	return err;
}

static int read_errors(struct unpack *u)
{
	js_fail_with(&u->e, 10062, "the backup was not finished: %.*s",
	    SLICE_ARG(buf_slice(&u->file)));
	return ERR_CORRUPT;
}

/* One that is damaged says nothing: nats-server does without it too. */
static void read_index(struct unpack *u)
{
	u->has_index = blk_index_open(&u->index, buf_slice(&u->index_bytes),
	    u->s->name);
	if (u->has_index)
		note_last(u, u->index.last_seq);
}

static int save(struct unpack *u, struct buf *to, struct slice bytes)
{
	return saved_put(&u->consumers, to, bytes, &u->e) ? 0 : ERR_CORRUPT;
}

static int end_file(struct unpack *u)
{
	struct saved_consumer *k = u->of;

	switch (u->kind) {
	case FILE_META:
		return read_meta(u);
	case FILE_ERRORS:
		return read_errors(u);
	case FILE_INDEX:
		read_index(u);
		return 0;
	case FILE_BLOCK:
		return waiting(&u->records).n == 0 ? 0
		    : fail(u, "a block of messages is cut off");
	case FILE_CONSUMER_META:
		k->has_meta = true;
		return save(u, &k->meta, buf_slice(&u->file));
	case FILE_CONSUMER_STATE:
		k->has_state = true;
		return save(u, &k->state, buf_slice(&u->file));
	case FILE_CONSUMER_SUM:
		k->has_sum = true;
		return 0;
	default:
		return 0;
	}
}

/* ---- the layers: tar ------------------------------------------------------------ */

/* 1: a record was put.  0: none is complete. */
static int take_record(struct unpack *u)
{
	struct slice      in = waiting(&u->records);
	struct blk_record r;
	int               rc, err;

	if (u->kind != FILE_BLOCK || in.n == 0)
		return 0;
	rc = blk_next(&in, &u->key, &r);
	if (rc < 0)
		return fail(u, "a block of messages is damaged");
	if (rc == 0)
		return 0;
	err = put_record(u, &r);
	if (err != 0)
		return err;
	took(&u->records, in);
	return 1;
}

static int take_tar(struct unpack *u)
{
	struct slice     in = waiting(&u->plain);
	struct tar_event ev;
	int              rc = take_record(u), err = 0;

	if (rc != 0)
		return rc;
	rc = tar_next(&u->tar, &in, &ev);
	if (rc < 0)
		return fail(u, "unexpected content");
	if (rc == 1 && ev.what == TAR_FILE)
		err = begin_file(u, ev.name, ev.size);
	else if (rc == 1 && ev.what == TAR_DATA)
		err = add_to_file(u, ev.bytes);
	else if (rc == 1 && ev.what == TAR_FILE_END)
		err = end_file(u);
	else if (rc == 1)
		u->is_whole = true;
	took(&u->plain, in);
	return err != 0 ? err : rc;
}

/* ---- the layers: messages ------------------------------------------------------- */

static bool get_u64(const struct json *doc, const char *key, uint64_t *ret)
{
	int64_t v = 0;

	if (json_get(doc, key) != NULL && (!json_as_i64(json_get(doc, key),
	    &v) || v < 0))
		return false;
	*ret = (uint64_t)v;
	return v < (int64_t)SEQ_BEYOND;
}

/* Where its sequences begin and end; first may be one behind last. */
static int read_state(struct unpack *u, struct slice text)
{
	const char  *why;
	struct json *doc = json_parse(text, &why);
	uint64_t     first, last, n;
	bool ok = doc != NULL && get_u64(doc, "first_seq", &first) &&
	    get_u64(doc, "last_seq", &last) && get_u64(doc, "messages", &n) &&
	    (first > last ? first == last + 1 && n == 0 : first > 0
	    ? n <= last - first + 1 : last == 0 && n == 0);

	json_free(doc);
	if (!ok)
		return fail(u, "error in state.json");
	u->has_meta = true;
	note_last(u, last);
	return fail_store(u, store_skip_to(u->s->store, first));
}

static int read_entry(struct unpack *u, const struct msgs_entry *e)
{
	const struct blk_record r = { .seq = e->seq, .ts_ns = e->ts_ns,
		.subject = e->name, .hdr = e->hdr, .body = e->body };
	struct saved_consumer *k;

	if (!u->has_meta)
		return slice_eq(e->name, SLICE("state.json"))
		    ? read_state(u, e->body)
		    : fail(u, "expected state.json first");
	if (e->seq > 0)
		return e->seq > store_last_seq(u->s->store) ? put_msg(u, &r)
		    : fail(u, "a message is out of order");
	if (msgs_is_end(e)) {
		u->is_whole = true;
		return 0;
	}
	if (!slice_has_prefix(e->name, SLICE("consumers/")))
		return fail(u, "expected message sequence");
	k = saved_consumer(&u->consumers, slice_skip(e->name, 10));
	if (k == NULL)
		return fail(u, err_text(ERR_NOMEM));
	k->has_meta = true;
	return save(u, &k->meta, e->body);
}

static int take_entry(struct unpack *u)
{
	struct slice      in = waiting(&u->plain);
	struct msgs_entry e;
	int               rc = msgs_next(&in, &e), err;

	if (rc < 0)
		return fail(u, "archive: invalid archive stream");
	if (rc == 0)
		return 0;
	err = read_entry(u, &e);
	if (err != 0)
		return err;
	took(&u->plain, in);
	return 1;
}

/* ---- from layer to layer -------------------------------------------------------- */

static int take_form(struct unpack *u)
{
	struct slice in = waiting(&u->plain), magic = MSGS_MAGIC;

	if (in.n < magic.n)
		return 0;
	u->form = slice_has_prefix(in, magic) ? FORM_MSGS : FORM_TAR;
	if (u->form == FORM_MSGS)
		took(&u->plain, slice_skip(in, magic.n));
	return 1;
}

/* What stands behind the end is passed over. */
static int take_rest(struct unpack *u)
{
	took(&u->plain, SLICE_NONE);
	return 0;
}

static int take_plain(struct unpack *u)
{
	if (u->is_whole)
		return take_rest(u);
	switch (u->form) {
	case FORM_TAR:
		return take_tar(u);
	case FORM_MSGS:
		return take_entry(u);
	default:
		return take_form(u);
	}
}

/* Unfolds some.  0: there is nothing. */
static int take_raw(struct unpack *u)
{
	struct slice in = waiting(&u->raw);
	size_t       before;
	int          rc;

	squeeze(&u->plain);
	before = u->plain.b.n;
	rc = s2_take(&u->s2, &in, &u->plain.b);
	u->work += (u->plain.b.n - before) / 4;
	if (rc < 0)
		return fail(u, rc == ERR_CORRUPT ? "s2: corrupt input"
		    : err_text(rc));
	took(&u->raw, in);
	return rc;
}

int unpack_some(struct unpack *u, uint64_t budget)
{
	uint64_t until = u->work + budget;
	int      rc = js_failed(&u->e) ? ERR_CORRUPT : check_room(u);

	if (rc < 0)
		return rc;
	for (rc = 1; rc == 1 && u->work < until;) {
		rc = take_plain(u);
		if (rc == 0)
			rc = take_raw(u);
	}
	return rc;
}

/* ---- the end -------------------------------------------------------------------- */

static int bury_run(struct unpack *u, uint64_t first, uint64_t last)
{
	int err = 0;

	u->work += MSG_WORK / 8;
	while (err == 0 && store_find_next(u->s->store, SLICE_NONE, first,
	    &first) == 0 && first <= last)
		err = bury(u, first++);
	return err;
}

/* What limits removed is in the files still.  ERR_BUSY: enough for this turn,
 * or for the store. */
static int bury_all(struct unpack *u)
{
	uint64_t until = u->work + FINISH_WORK, first, last;
	int      rc = 1;

	while (u->has_index && u->work < until) {
		struct blk_index before = u->index;

		rc = blk_index_next(&u->index, &first, &last);
		if (rc == ERR_CORRUPT)
			return fail(u, "index.db makes no sense");
		u->has_index = rc == 1;
		if (rc == 1)
			rc = bury_run(u, first, last);
		if (rc < 0) {
			u->index = before;	/* again, from here */
			return rc;
		}
	}
	return u->has_index ? ERR_BUSY : 0;
}

/* From where to where its sequences go. */
static int settle(struct unpack *u)
{
	int err = fail_store(u, store_skip_to(u->s->store, u->last_seq + 1));

	return err == 0 ? bury_all(u) : err;
}

int unpack_finish(struct unpack *u)
{
	int err;

	if (js_failed(&u->e))
		return ERR_CORRUPT;
	if (u->form == FORM_UNKNOWN)
		return fail(u, "EOF");
	if (!u->is_whole || !s2_is_whole(&u->s2, waiting(&u->raw)))
		return fail(u, "backup was truncated");
	if (!u->has_meta)
		return fail(u, "meta.inf is missing");
	err = settle(u);
	if (err == 0 && !saved_restore(&u->consumers, u->s,
	    u->form == FORM_MSGS, &u->e))
		err = ERR_CORRUPT;
	return err;
}

/* ---- life ----------------------------------------------------------------------- */

struct unpack *unpack_create(struct stream *s)
{
	struct unpack *u = calloc(1, sizeof *u);

	if (u == NULL)
		return NULL;
	u->s = s;
	u->created_ns = JS_TIME_UNSET;
	saved_consumers_init(&u->consumers);
	return u;
}

void unpack_destroy(struct unpack *u)
{
	if (u == NULL)
		return;
	saved_consumers_fini(&u->consumers);
	tar_reader_fini(&u->tar);
	buf_fini(&u->raw.b);
	buf_fini(&u->plain.b);
	buf_fini(&u->records.b);
	buf_fini(&u->file);
	buf_fini(&u->index_bytes);
	free(u);
}

bool unpack_give(struct unpack *u, struct slice raw)
{
	return give(&u->raw, raw);
}

const struct js_error *unpack_why(const struct unpack *u)
{
	return &u->e;
}

int64_t unpack_created_ns(const struct unpack *u)
{
	const struct js_host *h = &stream_js(u->s)->host;

	return u->created_ns != JS_TIME_UNSET ? u->created_ns
	    : h->wall_ns(h->ctx);
}
