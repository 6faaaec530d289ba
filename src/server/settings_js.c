/* server/settings_js.c - from options to what JetStream is told. */
#include "server/settings_js.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "auth/jwt.h"
#include "base/buf.h"
#include "base/text.h"
#include "conf/options.h"
#include "js/js.h"
#include "server/settings_auth.h"

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

static int64_t max_memory(const struct options *o)
{
	return o->js_max_memory >= 0 ? o->js_max_memory
	    : three_quarters_of_memory();
}

static int64_t max_storage(const struct options *o)
{
	return o->js_max_storage >= 0 ? o->js_max_storage
	    : three_quarters_of_disk(o);
}

/* What it is was checked when it was read; 0: always. */
static int64_t sync_interval(const struct options *o)
{
	const char *why;
	int64_t     ns = 0;

	if (o->js_sync.n > 0 && !slice_eq_nocase(o->js_sync, SLICE("always")))
		text_parse_duration(o->js_sync, &ns, &why);
	return ns;
}

static char *copy_of(struct slice s)
{
	return s.n > 0 ? strdup(s.p) : NULL;
}

static uint64_t at_least_0(int64_t v)
{
	return v > 0 ? (uint64_t)v : 0;
}

bool settings_has_flag(const struct options *o, struct slice name)
{
	const struct conf_flags *flags = &o->feature_flags;

	for (size_t i = 0; i < flags->n; i++)
		if (slice_eq(flags->v[i].name, name))
			return flags->v[i].is_on;
	return false;
}

bool settings_jetstream(const struct options *o, const char *id,
    struct js_config *ret)
{
	*ret = (struct js_config){ .dir = settings_js_dir(o),
		.server_name = strdup(o->server_name.n > 0
		    ? o->server_name.p : id),
		.server_id = strdup(id), .domain = copy_of(o->js_domain),
		.key = copy_of(o->js_key), .prev_key = copy_of(o->js_prev_key),
		.uses_aes = slice_eq_nocase(o->js_cipher, SLICE("aes")),
		.max_memory = max_memory(o), .max_storage = max_storage(o),
		.is_strict = o->js_strict,
		.writes_routes = settings_has_flag(o, SLICE("js_ack_fc_v2")),
		.limit_ack_pending = o->js_max_ack_pending,
		.limit_request_batch = o->js_max_request_batch,
		.limit_duplicates_ns = o->js_duplicate_window,
		.batch = { at_least_0(o->js_batches_per_stream),
			at_least_0(o->js_batches), at_least_0(o->js_batch_msgs),
			o->js_batch_timeout > 0 ? o->js_batch_timeout : 0 },
		.limit_requests = o->js_request_queue,
		.limit_infos = o->js_info_queue,
		.limit_buffered_msgs = o->js_buffered_msgs,
		.limit_buffered_bytes = o->js_buffered_size,
		.sync_interval_ns = sync_interval(o) };
	return ret->dir != NULL && ret->server_name != NULL &&
	    ret->server_id != NULL &&
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
	free((char *)(uintptr_t)c->server_id);
	free((char *)(uintptr_t)c->domain);
	c->dir = c->server_name = c->server_id = NULL;
	c->domain = c->key = c->prev_key = NULL;
}

static const struct js_account_limits unlimited = { -1, -1, -1, -1, -1, -1, -1,
	false };

static struct js_account_limits of_file(const struct conf_js_limits *l)
{
	return (struct js_account_limits){ l->max_memory, l->max_storage,
		l->max_streams, l->max_consumers, l->max_ack_pending,
		l->mem_max_stream_bytes, l->disk_max_stream_bytes,
		l->max_bytes_required };
}

/* Nobody but "$G" and the system is there. */
static bool is_global_only(const struct options *o)
{
	struct slice system = settings_system_account(o);

	for (size_t i = 0; i < o->accounts.n; i++)
		if (!slice_eq(o->accounts.v[i].name, system))
			return false;
	return true;
}

bool settings_account_js(const struct options *o, struct slice account,
    struct js_grant *ret)
{
	*ret = (struct js_grant){ .limits = unlimited };
	if (is_global_only(o))
		return slice_eq(account, SLICE("$G"));
	for (size_t i = 0; i < o->accounts.n; i++) {
		const struct conf_account *a = &o->accounts.v[i];

		if (!slice_eq(a->name, account) || !a->has_jetstream)
			continue;
		ret->limits = of_file(&a->jetstream);
		return true;
	}
	return false;
}

/* 0 is none of it, or, of some, no limit. */
static struct js_account_limits of_claims(const struct jwt_storage_limits *l)
{
	return (struct js_account_limits){ l->memory, l->disk, l->streams,
		l->consumers,
		l->max_ack_pending > 0 ? l->max_ack_pending : -1,
		l->memory_stream_bytes_max > 0 ? l->memory_stream_bytes_max
		    : -1,
		l->disk_stream_bytes_max > 0 ? l->disk_stream_bytes_max : -1,
		l->needs_max_bytes };
}

static bool grants_any(const struct jwt_storage_limits *l)
{
	return l->memory != 0 || l->disk != 0;
}

bool settings_claims_js(const struct jwt_account *a, struct js_grant *ret)
{
	const struct jwt_account_limits *l = &a->limits;
	bool                             has_any = grants_any(&l->storage);

	*ret = (struct js_grant){ .limits = of_claims(&l->storage) };
	for (size_t i = 0; i < l->n_tiers && ret->n_tiers < JS_TIERS_MAX; i++) {
		struct js_tier *t = &ret->tiers[ret->n_tiers++];

		snprintf(t->name, sizeof t->name, "%.*s",
		    SLICE_ARG(l->tiers[i].name));
		t->limits = of_claims(&l->tiers[i].limits);
		has_any = has_any || grants_any(&l->tiers[i].limits);
	}
	return has_any;
}

static bool is_enough(uint64_t sum, int64_t max, const char *what,
    unsigned code, struct buf *why)
{
	if (sum <= (uint64_t)(max > 0 ? max : 0))
		return true;
	buf_printf(why, "Can't start JetStream: Error enabling jetstream on "
	    "configured accounts: insufficient %s resources available (%u)",
	    what, code);
	return false;
}

bool settings_js_fits(const struct options *o, struct buf *why)
{
	uint64_t        memory = 0, storage = 0, m, s;
	struct js_grant g;

	for (size_t i = 0; i < o->accounts.n; i++) {
		if (!settings_account_js(o, o->accounts.v[i].name, &g))
			continue;
		js_grant_sum(&g, &m, &s);
		if (__builtin_add_overflow(memory, m, &memory))
			memory = UINT64_MAX;
		if (__builtin_add_overflow(storage, s, &storage))
			storage = UINT64_MAX;
	}
	return is_enough(memory, max_memory(o), "memory", 10028, why) &&
	    is_enough(storage, max_storage(o), "storage", 10047, why);
}
