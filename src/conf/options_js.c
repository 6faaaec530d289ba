/* conf/options_js.c - JetStream's blocks: the server's, and one of an account's.
 *
 * What the server does not use (queues it has not, a cluster it is not in) is
 * read all the same, so that a file that nats-server refuses is refused, in its
 * words.
 */
#include "conf/options_int.h"

#include <string.h>

#include "base/text.h"
#include "conf/value.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* As Go prints it. */
static void put_value(struct buf *out, const struct conf_value *v)
{
	switch (v->kind) {
	case CONF_STRING:
		buf_put_slice(out, v->str);
		break;
	case CONF_INT:
		buf_printf(out, "%lld", (long long)v->i);
		break;
	case CONF_FLOAT:
		text_put_f64(out, v->f);
		break;
	case CONF_BOOL:
		buf_put_str(out, v->b ? "true" : "false");
		break;
	default:
		buf_put_str(out, load_go_type(v));
	}
}

/* want "key"behind, got value.  False. */
static bool refuse(struct load *l, const struct conf_value *v, const char *want,
    struct slice key, const char *behind)
{
	struct buf got = { 0 };

	put_value(&got, v);
	load_error(l, v, "%s \"%.*s\"%s, got %.*s", want, SLICE_ARG(key),
	    behind, SLICE_ARG(buf_slice(&got)));
	buf_fini(&got);
	return false;
}

/* ---- sizes -------------------------------------------------------------- */

/* "4G", of 1024s.  name: as nats-server tells it. */
static bool parse_quoted_size(struct load *l, const struct conf_value *v,
    const char *name, int64_t *ret)
{
	static const char units[] = "KMGT";
	struct slice digits = v->str;
	const char  *unit;

	*ret = 0;
	if (digits.n == 0)
		return true;
	digits.n--;
	unit = memchr(units, digits.p[digits.n], sizeof units - 1);
	if (!text_parse_i64(digits, ret) || (unit != NULL &&
	    __builtin_mul_overflow(*ret,
	    INT64_C(1) << 10 * (unit - units + 1), ret)))
		load_error(l, v, "%s strconv.ParseInt: parsing \"%.*s\": "
		    "invalid syntax", name, SLICE_ARG(digits));
	else if (unit == NULL)
		load_error(l, v, "%s sizes defined as strings must end in K, "
		    "M, G, T", name);
	else
		return true;
	return false;
}

static bool load_size(struct load *l, const struct conf_value *v,
    const char *name, int64_t *ret)
{
	if (v->kind == CONF_STRING)
		return parse_quoted_size(l, v, name, ret);
	if (v->kind != CONF_INT) {
		load_error(l, v, "%s must be int64 or string", name);
		return false;
	}
	*ret = v->i;
	return true;
}

/* Below 0: it is worked out. */
static void take_quota(struct load *l, enum option_id id, const char *name,
    const struct conf_value *v)
{
	union option_value x = { .as_SIZE = 0 };

	if (!load_size(l, v, name, &x.as_SIZE) || l->o->is_forced[id])
		return;
	if (x.as_SIZE < 0)
		x.as_SIZE = -1;
	option_store(l->o, option_of(id), &x);
	l->o->places[id] = load_place(l, v);
}

/* ---- what is read in its own way, and most of it not used ------------------ */

enum unused_kind { A_TEXT, A_FLAG, A_NUMBER, A_SIZE };

static const struct unused {
	const char      *key;
	enum unused_kind kind;
	const char      *want, *behind;	/* of numbers: how they are refused */
	int64_t          min, max;
	bool             is_used;	/* it is kept, as this option */
	enum option_id   id;
} unused[] = {
#define SOME     "Expected a parseable size for", "", INT64_MIN, INT64_MAX
#define ABSOLUTE "Expected an absolute size for"
	{ "jetstream.unique_tag", A_TEXT, NULL, NULL, 0, 0 },
	{ "jetstream.extension_hint", A_TEXT, NULL, NULL, 0, 0 },
	{ "jetstream.max_outstanding_catchup", A_SIZE, SOME },
	{ "jetstream.max_buffered_size", A_SIZE, SOME, true,
	  OPTION_js_buffered_size },
	{ "jetstream.max_buffered_msgs", A_NUMBER, SOME, true,
	  OPTION_js_buffered_msgs },
	{ "jetstream.max_concurrent_io", A_NUMBER, ABSOLUTE,
	  " between 4 and 8192", 4, 8192 },
	{ "jetstream.meta_compact", A_NUMBER, ABSOLUTE, "", 0, INT64_MAX },
	{ "jetstream.meta_compact_size", A_SIZE, ABSOLUTE, "", 0, INT64_MAX },
	{ "jetstream.meta_compact_sync", A_FLAG, NULL, NULL, 0, 0 },
	{ "jetstream.limits.max_ha_assets", A_NUMBER, SOME },
#undef SOME
#undef ABSOLUTE
};

static const struct unused *find_unused(const char *block, struct slice key)
{
	struct slice head = slice_str(block);

	for (size_t i = 0; i < N_OF(unused); i++) {
		struct slice name = slice_str(unused[i].key);

		if (slice_has_prefix(name, head) &&
		    slice_eq_nocase(slice_skip(name, head.n), key))
			return &unused[i];
	}
	return NULL;
}

static void keep(struct load *l, enum option_id id, int64_t n,
    const struct conf_value *v)
{
	union option_value x = { .as_SIZE = 0 };

	if (l->o->is_forced[id])
		return;
	if (option_of(id)->kind == KIND_SIZE)
		x.as_SIZE = n;
	else
		x.as_INT = n;
	option_store(l->o, option_of(id), &x);
	l->o->places[id] = load_place(l, v);
}

static void check_number(struct load *l, const struct unused *u,
    struct slice key, const struct conf_value *v)
{
	int64_t n = v->kind == CONF_INT ? v->i : 0;

	if (u->kind == A_SIZE && !load_size(l, v, u->key +
	    strlen("jetstream."), &n))
		return;
	if ((u->kind == A_NUMBER && v->kind != CONF_INT) || n < u->min ||
	    n > u->max)
		refuse(l, v, u->want, key, u->behind);
	else if (u->is_used)
		keep(l, u->id, n, v);
}

static void check_unused(struct load *l, const struct unused *u,
    const struct conf_member *m)
{
	const struct conf_value *v = m->value;
	struct slice             text;
	bool                     flag;

	switch (u->kind) {
	case A_TEXT:
		load_string(l, v, u->key, false, &text);
		break;
	case A_FLAG:
		load_bool(l, v, u->key, &flag);
		break;
	default:
		check_number(l, u, m->key, v);
	}
}

/* ---- the server's ------------------------------------------------------------ */

static void take_key(struct load *l, const char *block,
    const struct conf_member *m)
{
	static const struct {
		const char    *key, *name;
		enum option_id id;
	} quotas[] = {
		{ "jetstream.max_mem", "max_mem_store", OPTION_js_max_memory },
		{ "jetstream.max_file", "max_file_store",
		  OPTION_js_max_storage },
	};
	const struct unused *u = find_unused(block, m->key);
	const struct option *row = option_find_in(block, m->key);

	for (size_t i = 0; i < N_OF(quotas); i++)
		if (row != NULL && row == option_of(quotas[i].id)) {
			take_quota(l, quotas[i].id, quotas[i].name, m->value);
			return;
		}
	if (u != NULL)
		check_unused(l, u, m);
	else
		load_member(l, block, m);
}

/* A map inside the block, or it is told. */
static bool is_map(struct load *l, const struct conf_value *v, const char *what)
{
	if (v->kind == CONF_MAP)
		return true;
	load_error(l, v, "Expected a map to define %s, got %s", what,
	    load_go_type(v));
	return false;
}

static void take_batch(struct load *l, const struct conf_value *v)
{
	for (size_t i = 0; is_map(l, v, "batch limits") && i < v->map.n; i++)
		take_key(l, "jetstream.limits.batch.", &v->map.v[i]);
}

static void take_limits(struct load *l, const struct conf_value *v)
{
	if (!is_map(l, v, "JetStreamLimits"))
		return;
	for (size_t i = 0; i < v->map.n; i++)
		if (slice_eq_nocase(v->map.v[i].key, SLICE("batch")))
			take_batch(l, v->map.v[i].value);
		else
			take_key(l, "jetstream.limits.", &v->map.v[i]);
}

static void take_block(struct load *l, const struct conf_value *v)
{
	for (size_t i = 0; i < v->map.n; i++)
		if (slice_eq_nocase(v->map.v[i].key, SLICE("limits")))
			take_limits(l, v->map.v[i].value);
		else
			take_key(l, "jetstream.", &v->map.v[i]);
}

/* A word, or a map.  False: told. */
static bool read_switch(struct load *l, const struct conf_value *v, bool *is_on)
{
	*is_on = v->kind == CONF_MAP || (v->kind == CONF_BOOL && v->b) ||
	    (v->kind == CONF_STRING &&
	    load_is_word(v->str, "enabled enable true"));
	if (*is_on || v->kind == CONF_BOOL || (v->kind == CONF_STRING &&
	    load_is_word(v->str, "disabled disable false")))
		return true;
	if (v->kind == CONF_STRING)
		load_error(l, v, "Expected 'enabled' or 'disabled' for string "
		    "value, got '%.*s'", SLICE_ARG(v->str));
	else
		load_error(l, v, "Expected map, bool or string to define "
		    "JetStream, got %s", load_go_type(v));
	return false;
}

/* In a map it is on unless that says else. */
void load_jetstream(struct load *l, const struct conf_value *v)
{
	union option_value x = { .as_BOOL = true };
	bool               is_on;

	if (!read_switch(l, v, &is_on) || !is_on)
		return;
	if (!l->o->is_forced[OPTION_js_enabled])
		option_store(l->o, option_of(OPTION_js_enabled), &x);
	if (v->kind == CONF_MAP)
		take_block(l, v);
}

/* ---- an account's -------------------------------------------------------------- */

static bool check_traffic(struct load *l, const struct conf_member *m)
{
	if (m->value->kind != CONF_STRING)
		return refuse(l, m->value, "Expected either 'system' or "
		    "'owner' string value for", m->key, "");
	return load_is_word(m->value->str, "system owner") ||
	    refuse(l, m->value, "Expected 'system' or 'owner' string value for",
	    m->key, "");
}

static bool take_limit(struct load *l, const struct conf_member *m,
    struct conf_js_limits *into)
{
#define AT(member) offsetof(struct conf_js_limits, member)
	static const struct {
		const char *words;
		size_t      at;
	} keys[] = {
		{ "max_memory max_mem mem memory", AT(max_memory) },
		{ "max_store max_file max_disk store disk", AT(max_storage) },
		{ "max_streams streams", AT(max_streams) },
		{ "max_consumers consumers", AT(max_consumers) },
		{ "max_ack_pending", AT(max_ack_pending) },
		{ "mem_max_stream_bytes memory_max_stream_bytes",
		  AT(mem_max_stream_bytes) },
		{ "disk_max_stream_bytes store_max_stream_bytes",
		  AT(disk_max_stream_bytes) },
	};
#undef AT

	for (size_t i = 0; i < N_OF(keys); i++) {
		if (!load_is_word(m->key, keys[i].words))
			continue;
		if (m->value->kind != CONF_INT)
			return refuse(l, m->value,
			    "Expected a parseable size for", m->key, "");
		*(int64_t *)(void *)((char *)into + keys[i].at) = m->value->i;
		return true;
	}
	if (load_is_word(m->key, "cluster_traffic"))
		return check_traffic(l, m);
	if (!load_is_word(m->key, "max_bytes_required max_stream_bytes "
	    "max_bytes")) {
		load_error(l, m->value, "unknown field \"%.*s\"",
		    SLICE_ARG(m->key));
		return false;
	}
	if (m->value->kind != CONF_BOOL)
		return refuse(l, m->value, "Expected a parseable bool for",
		    m->key, "");
	into->max_bytes_required = m->value->b;
	return true;
}

bool load_account_js(struct load *l, const struct conf_value *v,
    struct conf_account *a)
{
	bool ok = read_switch(l, v, &a->has_jetstream);

	for (size_t i = 0; v->kind == CONF_MAP && i < v->map.n; i++)
		ok = take_limit(l, &v->map.v[i], &a->jetstream) && ok;
	return ok;
}
