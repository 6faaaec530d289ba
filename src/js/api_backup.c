/* js/api_backup.c - requests for backups, and for streams out of them. */
#include "js/api.h"

#include "js/js.h"
#include "js/restore.h"
#include "js/snapshot.h"
#include "js/stream.h"
#include "js/stream_config.h"
#include "proto/subject.h"

static bool note_member(void *ctx, struct slice key, const struct json *value)
{
	(void)key;
	(void)value;
	*(bool *)ctx = true;
	return false;
}

/* Nothing between the braces is no request. */
static bool asks_something(struct api_call *c)
{
	bool has_any = false;

	json_each(c->doc, note_member, &has_any);
	return has_any || js_fail(&c->e, 10003);
}

static void put_told(struct api_call *c, struct stream *s)
{
	json_key(c->w, "config");
	stream_config_write(s->config, false, c->w);
	json_key(c->w, "state");
	stream_write_state(s, NULL, NULL, c->w);
}

void api_stream_snapshot(struct api_call *c)
{
	struct stream       *s;
	struct snapshot_wish wish = { .client = c->r->client };

	if (!asks_something(c) || (s = api_stream(c)) == NULL)
		return;
	json_as_str(json_get(c->doc, "deliver_subject"),
	    &wish.deliver_subject);
	json_as_bool(json_get(c->doc, "no_consumers"), &wish.no_consumers);
	json_as_i64(json_get(c->doc, "chunk_size"), &wish.chunk_bytes);
	json_as_i64(json_get(c->doc, "window_size"), &wish.window_bytes);
	/* "jsck" asks for nothing more: each message is checked as it is read */
	if (!subject_is_literal(wish.deliver_subject))
		js_fail(&c->e, 10015);
	else if (snapshot_begin(s, &wish, &c->e))
		put_told(c, s);
}

void api_stream_restore(struct api_call *c)
{
	const struct json    *config = json_get(c->doc, "config");
	struct stream_config *g;
	struct buf            deliver = { 0 };

	if (!asks_something(c))
		return;
	if (config == NULL || !json_is_object(config)) {
		js_fail(&c->e, 10056);
		return;
	}
	c->doc = config;
	g = api_restored_config(c);
	if (g != NULL && restore_begin(c->account, g, c->r->client, &deliver,
	    &c->e)) {
		json_key(c->w, "deliver_subject");
		json_str(c->w, buf_slice(&deliver));
	}
	buf_fini(&deliver);
}
