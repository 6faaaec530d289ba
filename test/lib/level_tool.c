/* test/lib/level_tool.c - a stream, or a consumer, as a newer server leaves it.
 *
 *     level_tool DIR LEVEL              the stream of that directory
 *     level_tool DIR LEVEL CONSUMER     a consumer of it
 *
 * The server is not running; what it wrote as the level of the API that is
 * needed becomes LEVEL.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/disk.h"
#include "store/store.h"

#define LEVEL "\"_nats.req.level\":\""

static void check(int err, const char *what)
{
	if (err == 0)
		return;
	fprintf(stderr, "level_tool: %s: %s\n", what, err_text(err));
	exit(2);
}

static struct store *open_store(const char *dir, const char *folder)
{
	struct store_config c = { .disk = disk_real() };
	struct buf          path = { 0 };
	struct store       *s = NULL;

	buf_printf(&path, "%s/%s%c", dir, folder, '\0');
	check(store_open(&c, path.p, &s), path.p);
	buf_fini(&path);
	return s;
}

static void put_with_level(struct buf *out, struct slice text,
    const char *level)
{
	const char *at = memmem(text.p, text.n, LEVEL, sizeof LEVEL - 1);
	const char *end;

	check(at == NULL ? ERR_NOTFOUND : 0, "no level");
	at += sizeof LEVEL - 1;
	end = memchr(at, '"', (size_t)(text.p + text.n - at));
	buf_put(out, text.p, (size_t)(at - text.p));
	buf_put_str(out, level);
	buf_put(out, end, (size_t)(text.p + text.n - end));
}

static void raise_stream(const char *dir, const char *level)
{
	struct store *s = open_store(dir, "msgs");
	struct buf    blob = { 0 };

	put_with_level(&blob, store_blob(s), level);
	check(store_set_blob(s, buf_slice(&blob)), "blob");
	check(store_close(s), "close");
	buf_fini(&blob);
}

static void raise_consumer(const char *dir, const char *level,
    const char *consumer)
{
	struct store    *s = open_store(dir, "state");
	struct buf       subject = { 0 }, record = { 0 };
	struct store_msg m = { 0 };
	uint64_t         seq;

	buf_printf(&subject, "c.%s", consumer);
	check(store_find_last(s, buf_slice(&subject), UINT64_MAX, &seq),
	    consumer);
	check(store_read(s, seq, &m), consumer);
	put_with_level(&record, m.body, level);
	check(store_append(s, buf_slice(&subject), SLICE_NONE,
	    buf_slice(&record), store_last_ts_ns(s), &seq), "append");
	check(store_close(s), "close");
	store_msg_fini(&m);
	buf_fini(&subject);
	buf_fini(&record);
}

int main(int argc, char **argv)
{
	if (argc == 3)
		raise_stream(argv[1], argv[2]);
	else if (argc == 4)
		raise_consumer(argv[1], argv[2], argv[3]);
	else
		check(ERR_NOTFOUND, "DIR LEVEL [CONSUMER]");
	return 0;
}
