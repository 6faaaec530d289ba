/* js/api_backup.c - requests for backups, and for streams out of them. */
#include "js/api.h"

#include "js/js.h"
#include "js/restore.h"
#include "js/snapshot.h"
#include "js/stream.h"
#include "js/stream_config.h"
#include "proto/subject.h"

/* Nothing between the braces is no request. */
static bool asks_something(struct api_call *c)
{
	return json_n_members(c->doc) > 0 || js_fail(&c->e, 10003);
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
	struct stream        *s;
	struct snapshot_wish *wish = &c->asked.snapshot.wish;

	if (!asks_something(c) || (s = api_stream_or(c, 10064)) == NULL)
		return;
	wish->client = c->r->client;
	if (!subject_is_literal(wish->deliver_subject))
		js_fail(&c->e, 10015);
	else if (snapshot_begin(s, wish, &c->e))
		put_told(c, s);
}

void api_stream_restore(struct api_call *c)
{
	const struct json    *config = c->asked.restore.config;
	struct stream_config *g;
	struct stream        *s;
	struct buf            deliver = { 0 };

	if (!asks_something(c))
		return;
	if (!json_is_object(config)) {
		js_fail(&c->e, 10056);
		return;
	}
	c->doc = config;
	g = api_restored_config(c);
	s = g == NULL ? NULL : api_make_stream(c, g, true);
	if (s != NULL && restore_begin(s, c->r->client, &deliver, &c->e)) {
		json_key(c->w, "deliver_subject");
		json_str(c->w, buf_slice(&deliver));
	}
	buf_fini(&deliver);
}
