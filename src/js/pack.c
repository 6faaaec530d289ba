/* js/pack.c - a backup, phase after phase.
 *
 *   messages   state.json; consumers/<consumer>; each message; the end
 *   tar        meta.inf meta.sum; msgs/N.blk; where the sequences end;
 *              obs/<consumer>/meta.inf meta.sum o.dat
 *
 * What a phase puts is folded by 64 KiB.  How many consumers there are stands
 * before them, so among messages those are put that were there then: one that
 * is deleted before its turn is put aside as it was.
 */
#include "js/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/highway.h"
#include "base/json.h"
#include "js/archive_msgs.h"
#include "js/archive_tar.h"
#include "js/blk.h"
#include "js/consumer.h"
#include "js/consumer_config.h"
#include "js/consumer_state.h"
#include "js/cursors.h"
#include "js/s2_block.h"
#include "js/s2_frame.h"
#include "js/stream_int.h"

/* A gap inside a block costs its reader an entry for each sequence. */
enum { STEP_BYTES = 64 << 10, GAP_MAX = 4096 };

/* In place of the first letter of a name; in none. */
enum { IS_ASIDE = '/' };

struct pack {
	struct stream    *s;
	bool              is_tar, has_consumers, has_begun;
	size_t            phase;
	int64_t           wall_ns;	/* of its files */
	struct store_state state;	/* of the stream when it began */
	uint64_t          next_seq, put_seq;
	struct store_msg  msg;

	uint32_t          block_nr;
	struct highway    key;
	struct buf        block;
	size_t            block_at;	/* up to here it was put */
	bool              is_putting;

	struct buf        consumer;	/* the name of the last one, of a tar */
	struct buf        names;	/* of consumers, each with a NUL */
	size_t            name_at;	/* up to here they were put */
	struct buf        aside;	/* entries of those that are gone */
	struct buf        plain;	/* not yet folded */
	char              why[160];
};

static int fail(struct pack *p, const char *what, int err)
{
	snprintf(p->why, sizeof p->why, "%s after seq %llu: %s", what,
	    (unsigned long long)p->put_seq, err_text(err));
	return err;
}

/* ---- what it is ---------------------------------------------------------------- */

/* {"Created":...,"Name":..., and what is in the object. */
static void put_meta(struct buf *out, int64_t created_ns, struct slice name,
    struct slice object)
{
	struct json_writer *w = JSON_INTO(out, 0);

	json_begin_object(w);
	json_key(w, "Created");
	json_time(w, created_ns);
	if (name.n > 0) {
		json_key(w, "Name");
		json_str(w, name);
	}
	if (object.n > 2) {
		buf_put_char(out, ',');
		buf_put_slice(out, slice_of(object.p + 1, object.n - 2));
	}
	buf_put_char(out, '}');
}

/* meta.inf and meta.sum, in that folder. */
static void put_meta_files(struct pack *p, const char *folder,
    struct slice owner, struct slice meta)
{
	struct buf name = { 0 }, sum = { 0 };

	buf_printf(&name, "%smeta.inf", folder);
	tar_put_file(&p->plain, buf_slice(&name), meta, p->wall_ns);
	buf_reset(&name);
	buf_printf(&name, "%smeta.sum", folder);
	blk_put_meta_sum(&sum, owner, meta);
	tar_put_file(&p->plain, buf_slice(&name), buf_slice(&sum),
	    p->wall_ns);
	p->plain.failed |= buf_failed(&name) || buf_failed(&sum);
	buf_fini(&name);
	buf_fini(&sum);
}

static int put_stream(struct pack *p)
{
	struct buf config = { 0 }, meta = { 0 };

	stream_config_write(p->s->config, false, JSON_INTO(&config, 0));
	put_meta(&meta, p->s->created_ns, SLICE_NONE, buf_slice(&config));
	put_meta_files(p, "", p->s->name, buf_slice(&meta));
	p->plain.failed |= buf_failed(&config) || buf_failed(&meta);
	buf_fini(&config);
	buf_fini(&meta);
	return 0;
}

/* ---- its messages -------------------------------------------------------------- */

/* 1: in p->msg.  0: there is none up to the end. */
static int read_next(struct pack *p)
{
	uint64_t seq;
	int      err = ERR_NOTFOUND;

	while (err == ERR_NOTFOUND) {
		err = store_find_next(p->s->store, SLICE_NONE, p->next_seq,
		    &seq);
		if (err == ERR_NOTFOUND || (err == 0 &&
		    seq > p->state.last_seq))
			return 0;
		if (err == 0)
			err = store_read(p->s->store, seq, &p->msg);
		p->next_seq = seq + (err == ERR_NOTFOUND);
	}
	return err == 0 ? 1 : fail(p, "couldn't load next message", err);
}

static void begin_block(struct pack *p)
{
	buf_reset(&p->block);
	p->block_at = 0;
	blk_key(p->s->name, ++p->block_nr, &p->key);
}

/* A piece of the block's file. */
static void put_block(struct pack *p)
{
	char   name[32];
	size_t n = p->block.n - p->block_at;

	if (p->block_at == 0) {
		snprintf(name, sizeof name, "msgs/%u.blk", p->block_nr);
		tar_put_header(&p->plain, slice_str(name), p->block.n,
		    p->wall_ns);
	}
	if (n > STEP_BYTES)
		n = STEP_BYTES;
	buf_put(&p->plain, p->block.p + p->block_at, n);
	p->block_at += n;
	if (p->block_at < p->block.n)
		return;
	tar_put_padding(&p->plain, p->block.n);
	p->is_putting = false;
	buf_reset(&p->block);
}

/* False: it is for the next block. */
static bool add_to_block(struct pack *p)
{
	struct blk_record r = { .seq = p->msg.seq, .ts_ns = p->msg.ts_ns,
		.subject = p->msg.subject, .hdr = p->msg.hdr,
		.body = p->msg.body };

	if (p->block.n > 0 && (p->block.n + blk_bytes(&r) > PACK_BLOCK_BYTES ||
	    r.seq - p->put_seq > GAP_MAX))
		return false;
	if (p->block.n == 0)
		begin_block(p);
	blk_put(&p->block, &p->key, &r);
	p->put_seq = r.seq;
	p->next_seq = r.seq + 1;
	return true;
}

static int put_msgs(struct pack *p)
{
	size_t until = p->block.n + STEP_BYTES;

	if (p->is_putting) {
		put_block(p);
		return 1;
	}
	while (p->block.n < until) {
		int rc = read_next(p);

		if (rc < 0)
			return rc;
		if (rc == 0 || !add_to_block(p)) {
			p->is_putting = p->block.n > 0;
			return p->is_putting;
		}
		if (buf_failed(&p->block))
			return fail(p, "couldn't pack the message",
			    ERR_NOMEM);
	}
	return 1;
}

/* A tombstone of its own remembers how far the sequences had come. */
static int put_last(struct pack *p)
{
	const struct blk_record r = { .kind = BLK_TOMBSTONE,
		.seq = p->state.last_seq, .ts_ns = p->state.last_ts_ns };

	if (p->put_seq == r.seq)
		return 0;
	begin_block(p);
	blk_put(&p->block, &p->key, &r);
	put_block(p);
	return 0;
}

/* ---- its consumers ------------------------------------------------------------- */

static bool is_packed(const struct pack *p, const struct consumer *c)
{
	if (consumer_is_hidden(c))
		return false;
	return p->s->config->storage == STORAGE_MEMORY || cursor_is_kept(c);
}

/* By name, so that others may come and go meanwhile. */
static struct consumer *next_consumer(const struct pack *p)
{
	LIST_EACH (l, &p->s->consumers) {
		struct consumer *c = consumer_of(l);

		if (slice_cmp(consumer_name(c), buf_slice(&p->consumer)) > 0 &&
		    is_packed(p, c))
			return c;
	}
	return NULL;
}

static struct consumer *take_consumer(struct pack *p)
{
	struct consumer *c = p->has_consumers ? next_consumer(p) : NULL;

	if (c == NULL)
		return NULL;
	buf_reset(&p->consumer);
	buf_put_slice(&p->consumer, consumer_name(c));
	return c;
}

static void put_consumer_meta(struct pack *p, const struct consumer *c,
    const char *folder)
{
	struct buf config = { 0 }, meta = { 0 }, owner = { 0 };

	consumer_config_write(consumer_config(c), false,
	    JSON_INTO(&config, 0));
	put_meta(&meta, consumer_created_ns(c), consumer_name(c),
	    buf_slice(&config));
	buf_printf(&owner, "%.*s/%.*s", SLICE_ARG(p->s->name),
	    SLICE_ARG(consumer_name(c)));
	put_meta_files(p, folder, buf_slice(&owner), buf_slice(&meta));
	p->plain.failed |= buf_failed(&config) || buf_failed(&meta) ||
	    buf_failed(&owner);
	buf_fini(&config);
	buf_fini(&meta);
	buf_fini(&owner);
}

static int put_consumer(struct pack *p)
{
	struct consumer      *c = take_consumer(p);
	struct consumer_state st;
	struct buf            name = { 0 }, bytes = { 0 };
	char                  folder[300];

	if (c == NULL)
		return 0;
	if (!consumer_state_of(c, p->state.last_seq, &st))
		return fail(p, "couldn't load a consumer", ERR_NOMEM);
	snprintf(folder, sizeof folder, "obs/%.*s/",
	    SLICE_ARG(consumer_name(c)));
	put_consumer_meta(p, c, folder);
	consumer_state_encode(&st, p->wall_ns, &bytes);
	buf_printf(&name, "%so.dat", folder);
	tar_put_file(&p->plain, buf_slice(&name), buf_slice(&bytes),
	    p->wall_ns);
	p->plain.failed |= buf_failed(&name) || buf_failed(&bytes);
	buf_fini(&name);
	buf_fini(&bytes);
	consumer_state_fini(&st);
	return 1;
}

static int put_tar_end(struct pack *p)
{
	tar_put_end(&p->plain);
	return 0;
}

/* ---- as messages --------------------------------------------------------------- */

static void put_text(struct pack *p, struct slice name, const struct buf *text)
{
	msgs_put(&p->plain, &(struct msgs_entry){ .name = name,
		.ts_ns = p->wall_ns, .body = buf_slice(text) });
	p->plain.failed |= buf_failed(text);
}

static void put_u64(struct json_writer *w, const char *key, uint64_t v)
{
	json_key(w, key);
	json_u64(w, v);
}

static void put_state(struct pack *p, uint64_t n_consumers)
{
	struct buf          text = { 0 };
	struct json_writer *w = JSON_INTO(&text, 0);
	bool is_new = p->state.last_seq == 0 && p->state.n_msgs == 0;

	json_begin_object(w);
	put_u64(w, "messages", p->state.n_msgs);
	put_u64(w, "bytes", p->state.bytes);
	put_u64(w, "first_seq", is_new ? 0 : p->state.first_seq);
	put_u64(w, "last_seq", p->state.last_seq);
	put_u64(w, "consumer_count", n_consumers);
	json_end_object(w);
	put_text(p, SLICE("state.json"), &text);
	buf_fini(&text);
}

static bool put_consumer_entry(struct pack *p, const struct consumer *c,
    struct buf *out)
{
	struct consumer_state st;
	struct buf            text = { 0 }, name = { 0 };
	struct json_writer   *w = JSON_INTO(&text, 0);

	if (!consumer_state_of(c, p->state.last_seq, &st))
		return false;
	json_begin_object(w);
	json_key(w, "config");
	consumer_config_write(consumer_config(c), false, w);
	json_key(w, "state");
	json_begin_object(w);
	consumer_state_write(&st, w);
	json_end_object(w);
	json_end_object(w);
	buf_printf(&name, "consumers/%.*s", SLICE_ARG(consumer_name(c)));
	msgs_put(out, &(struct msgs_entry){ .name = buf_slice(&name),
		.ts_ns = p->wall_ns, .body = buf_slice(&text) });
	out->failed |= buf_failed(&text) || buf_failed(&name);
	buf_fini(&text);
	buf_fini(&name);
	consumer_state_fini(&st);
	return true;
}

static int put_head(struct pack *p)
{
	uint64_t n = 0;

	LIST_EACH (l, &p->s->consumers) {
		const struct consumer *c = consumer_of(l);

		if (!p->has_consumers || !is_packed(p, c))
			continue;
		buf_put_slice(&p->names, consumer_name(c));
		buf_put_char(&p->names, '\0');
		n++;
	}
	if (buf_failed(&p->names))
		return fail(p, "couldn't load a consumer", ERR_NOMEM);
	buf_put_slice(&p->plain, MSGS_MAGIC);
	put_state(p, n);
	return 0;
}

static char *name_at(const struct pack *p, size_t at)
{
	return at < p->names.n ? p->names.p + at : NULL;
}

static int put_consumers(struct pack *p)
{
	size_t until = p->plain.n + STEP_BYTES;
	char  *name;

	while (p->plain.n < until &&
	    (name = name_at(p, p->name_at)) != NULL) {
		const struct consumer *c = *name == IS_ASIDE ? NULL
		    : stream_find_consumer(p->s, slice_str(name));

		p->name_at += strlen(name) + 1;
		if (c != NULL && !put_consumer_entry(p, c, &p->plain))
			return fail(p, "couldn't load a consumer", ERR_NOMEM);
	}
	if (p->name_at < p->names.n)
		return 1;
	buf_put_slice(&p->plain, buf_slice(&p->aside));
	p->plain.failed |= buf_failed(&p->aside);
	buf_fini(&p->aside);
	return 0;
}

void pack_lose(struct pack *p, const struct consumer *c)
{
	char *name;

	for (size_t at = p->name_at; (name = name_at(p, at)) != NULL;
	    at += strlen(name) + 1)
		if (slice_eq(slice_str(name), consumer_name(c))) {
			p->aside.failed |= !put_consumer_entry(p, c,
			    &p->aside);
			*name = IS_ASIDE;
			return;
		}
}

static int put_entries(struct pack *p)
{
	int rc = 1;

	for (size_t until = p->plain.n + STEP_BYTES; rc == 1 &&
	    p->plain.n < until;) {
		rc = read_next(p);
		if (rc != 1)
			break;
		msgs_put(&p->plain, &(struct msgs_entry){
			.name = p->msg.subject, .ts_ns = p->msg.ts_ns,
			.seq = p->msg.seq, .hdr = p->msg.hdr,
			.body = p->msg.body });
		p->put_seq = p->msg.seq;
		p->next_seq = p->msg.seq + 1;
	}
	return rc;
}

static int put_entries_end(struct pack *p)
{
	msgs_put(&p->plain, &(struct msgs_entry){ 0 });
	return 0;
}

/* ---- from phase to phase ------------------------------------------------------- */

/* 1: it wants to be called again.  0: it is done. */
typedef int (*phase)(struct pack *p);

static const phase as_tar[] = { put_stream, put_msgs, put_last, put_consumer,
	put_tar_end, NULL };
static const phase as_msgs[] = { put_head, put_consumers, put_entries,
	put_entries_end, NULL };

struct pack *pack_create(struct stream *s, bool has_consumers, bool is_tar)
{
	struct pack          *p = calloc(1, sizeof *p);
	const struct js_host *h = &stream_js(s)->host;

	if (p == NULL)
		return NULL;
	p->s = s;
	p->has_consumers = has_consumers;
	p->is_tar = is_tar;
	s->pack = p;
	p->wall_ns = h->wall_ns(h->ctx);
	store_get_state(s->store, &p->state);
	p->next_seq = p->state.first_seq;
	return p;
}

void pack_destroy(struct pack *p)
{
	if (p == NULL)
		return;
	p->s->pack = NULL;
	store_msg_fini(&p->msg);
	buf_fini(&p->block);
	buf_fini(&p->consumer);
	buf_fini(&p->names);
	buf_fini(&p->aside);
	buf_fini(&p->plain);
	free(p);
}

const char *pack_why(const struct pack *p)
{
	return p->why;
}

static void fold(struct pack *p, struct buf *out)
{
	if (!p->has_begun)
		s2_put_begin(out);
	p->has_begun = true;
	s2_put(out, buf_slice(&p->plain));
	out->failed |= buf_failed(&p->plain);
	buf_reset(&p->plain);
}

int pack_some(struct pack *p, struct buf *out)
{
	const phase *phases = p->is_tar ? as_tar : as_msgs;
	int          rc = phases[p->phase](p);

	if (rc < 0)
		return rc;
	if (rc == 0)
		p->phase++;
	if (p->plain.n >= S2_WRITE_MAX || phases[p->phase] == NULL ||
	    buf_failed(&p->plain))
		fold(p, out);
	if (buf_failed(out))
		return fail(p, "couldn't pack the message", ERR_NOMEM);
	return phases[p->phase] != NULL;
}
