/* server/settings_js.c - from options to what JetStream is told. */
#include "server/settings_js.h"

#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "conf/options.h"
#include "js/js.h"

#define TIB (INT64_C(1) << 40)

static const char *temporary_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	return tmp != NULL && *tmp != '\0' ? tmp : "/tmp";
}

char *settings_js_dir(const struct options *o)
{
	struct buf dir = { 0 };

	if (o->js_store_dir.n > 0)
		buf_put_slice(&dir, o->js_store_dir);
	else
		buf_printf(&dir, "%s/nats", temporary_dir());
	buf_put_str(&dir, "/jetstream");
	return buf_take_str(&dir);
}

static int64_t three_quarters_of_memory(void)
{
	int64_t pages = sysconf(_SC_PHYS_PAGES);
	int64_t bytes = sysconf(_SC_PAGESIZE);

	return pages > 0 && bytes > 0 ? pages / 4 * 3 * bytes : TIB;
}

static int64_t three_quarters_of_disk(const struct options *o)
{
	const char    *dir = o->js_store_dir.n > 0 ? o->js_store_dir.p
	    : temporary_dir();
	struct statvfs v;

	if (statvfs(dir, &v) != 0)
		return TIB;
	return (int64_t)(v.f_bavail / 4 * 3 * v.f_frsize);
}

/* What it is was checked when it was read; 0: always. */
static int64_t sync_interval(const struct options *o)
{
	const char *why;
	int64_t     ns = 0;

	if (o->js_sync.n > 0 && !slice_eq(o->js_sync, SLICE("always")))
		text_parse_duration(o->js_sync, &ns, &why);
	return ns;
}

static char *copy_of(struct slice s)
{
	return s.n > 0 ? strdup(s.p) : NULL;
}

bool settings_jetstream(const struct options *o, const char *id,
    struct js_config *ret)
{
	*ret = (struct js_config){ .dir = settings_js_dir(o),
		.server_name = strdup(o->server_name.n > 0
		    ? o->server_name.p : id),
		.domain = copy_of(o->js_domain),
		.key = copy_of(o->js_key), .prev_key = copy_of(o->js_prev_key),
		.uses_aes = slice_eq_nocase(o->js_cipher, SLICE("aes")),
		.max_memory = o->js_max_memory >= 0 ? o->js_max_memory
		    : three_quarters_of_memory(),
		.max_storage = o->js_max_storage >= 0 ? o->js_max_storage
		    : three_quarters_of_disk(o),
		.is_strict = o->js_strict,
		.limit_ack_pending = o->js_max_ack_pending,
		.limit_request_batch = o->js_max_request_batch,
		.limit_duplicates_ns = o->js_duplicate_window,
		.sync_interval_ns = sync_interval(o) };
	return ret->dir != NULL && ret->server_name != NULL &&
	    (o->js_domain.n == 0 || ret->domain != NULL) &&
	    (o->js_key.n == 0 || ret->key != NULL) &&
	    (o->js_prev_key.n == 0 || ret->prev_key != NULL);
}

static void wipe(const char *key)
{
	if (key != NULL)
		explicit_bzero((char *)(uintptr_t)key, strlen(key));
	free((char *)(uintptr_t)key);
}

void settings_js_fini(struct js_config *c)
{
	wipe(c->key);
	wipe(c->prev_key);
	free((char *)(uintptr_t)c->dir);
	free((char *)(uintptr_t)c->server_name);
	free((char *)(uintptr_t)c->domain);
	c->dir = c->server_name = c->domain = c->key = c->prev_key = NULL;
}

bool settings_account_js(const struct options *o, struct slice account,
    struct js_account_limits *ret)
{
	*ret = (struct js_account_limits){ -1, -1, -1, -1, -1, -1, -1, false };
	if (o->accounts.n == 0)
		return slice_eq(account, SLICE("$G"));
	for (size_t i = 0; i < o->accounts.n; i++) {
		const struct conf_account   *a = &o->accounts.v[i];
		const struct conf_js_limits *l = &a->jetstream;

		if (!slice_eq(a->name, account) || !a->has_jetstream)
			continue;
		*ret = (struct js_account_limits){ l->max_memory,
			l->max_storage, l->max_streams, l->max_consumers,
			l->max_ack_pending, l->mem_max_stream_bytes,
			l->disk_max_stream_bytes, l->max_bytes_required };
		return true;
	}
	return false;
}
