/* auth/jwt_claims.c - JSON to claims, one table of fields for each kind.
 *
 * As nats-server: a member of the wrong type spoils the token, an unknown one
 * is passed over, null is absent.  Beyond nats-server: what names a key must be
 * one here already, and no list is longer than JWT_ITEMS_MAX. */
#include "auth/jwt_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"

/* ---- what is wrong -------------------------------------------------------- */

enum { WHY_MAX = 512, QUOTED_MAX = 128 };
static _Thread_local char why_text[WHY_MAX];

bool jwt_reader_fail(struct jwt_reader *r, const char *fmt, ...)
{
	va_list ap;

	if (r->err != 0)
		return false;
	va_start(ap, fmt);
	vsnprintf(why_text, sizeof why_text, fmt, ap);
	va_end(ap);
	r->why = why_text;
	r->err = ERR_SYNTAX;
	return false;
}

bool jwt_reader_fail_key(struct jwt_reader *r, const char *name,
    struct slice text, const char *kind)
{
	struct buf quoted = { 0 };

	if (text.n > QUOTED_MAX)
		text.n = QUOTED_MAX;
	text_put_quoted(&quoted, text);
	jwt_reader_fail(r, "%s: %.*s is not a valid %s public key", name,
	    SLICE_ARG(buf_slice(&quoted)), kind);
	buf_fini(&quoted);
	return false;
}

bool jwt_reader_no_memory(struct jwt_reader *r)
{
	if (r->err == 0) {
		r->err = ERR_NOMEM;
		r->why = err_text(ERR_NOMEM);
	}
	return false;
}

static bool wrong_type(struct jwt_reader *r, const char *name)
{
	return jwt_reader_fail(r, "\"%s\" is of the wrong type", name);
}

/* ---- single fields ---------------------------------------------------------- */

static const char *const kind_names[N_NKEY_KINDS] = {
	[NKEY_OPERATOR] = "operator", [NKEY_ACCOUNT] = "account",
	[NKEY_USER] = "user",         [NKEY_SERVER] = "server",
	[NKEY_CLUSTER] = "cluster",   [NKEY_CURVE] = "curve",
};

static bool copy_text(struct jwt_reader *r, struct slice s, struct slice *into)
{
	struct slice copy = jwt_mem_text(r->mem, s);

	if (copy.p == NULL)
		return jwt_reader_no_memory(r);
	*into = copy;
	return true;
}

static bool read_text(struct jwt_reader *r, const char *name,
    const struct json *v, struct slice *into)
{
	struct slice s;

	if (!json_as_str(v, &s))
		return wrong_type(r, name);
	return copy_text(r, s, into);
}

/* kind N_NKEY_KINDS: any. */
static bool read_key(struct jwt_reader *r, const char *name,
    const struct json *v, enum nkey_kind kind, struct nkey *into)
{
	struct slice s;
	struct nkey  key = { 0 };

	if (!json_as_str(v, &s))
		return wrong_type(r, name);
	if (s.n == 0)
		return true;
	if (!nkey_parse(s, &key) || (kind != N_NKEY_KINDS && key.kind != kind))
		return jwt_reader_fail_key(r, name, s,
		    kind == N_NKEY_KINDS ? "nkey" : kind_names[kind]);
	*into = key;
	return true;
}

/* How many; false: no array, or one that is too long. */
static bool count_items(struct jwt_reader *r, const char *name,
    const struct json *v, size_t *n)
{
	if (!json_is_array(v))
		return wrong_type(r, name);
	*n = json_n_items(v);
	if (*n > JWT_ITEMS_MAX)
		return jwt_reader_fail(r, "\"%s\" has too many items", name);
	return true;
}

static bool read_texts(struct jwt_reader *r, const char *name,
    const struct json *v, struct jwt_texts *into)
{
	struct slice *items;
	size_t        n = 0;

	if (!count_items(r, name, v, &n))
		return false;
	items = jwt_mem_take(r->mem, n, sizeof *items);
	if (items == NULL)
		return jwt_reader_no_memory(r);
	for (size_t i = 0; i < n; i++)
		if (!read_text(r, name, json_item(v, i), &items[i]))
			return false;
	*into = (struct jwt_texts){ items, n, true };
	return true;
}

static bool read_keys(struct jwt_reader *r, const char *name,
    const struct json *v, enum nkey_kind kind, struct jwt_keys *into)
{
	struct nkey *items;
	size_t       n = 0;

	if (!count_items(r, name, v, &n))
		return false;
	items = jwt_mem_take(r->mem, n, sizeof *items);
	if (items == NULL)
		return jwt_reader_no_memory(r);
	for (size_t i = 0; i < n; i++) {
		if (!read_key(r, name, json_item(v, i), kind, &items[i]))
			return false;
		if (!items[i].is_set)
			return jwt_reader_fail_key(r, name, SLICE_NONE,
			    kind_names[kind]);
	}
	*into = (struct jwt_keys){ items, n };
	return true;
}

static void read_field(struct jwt_reader *r, const struct jwt_field *f,
    const struct json *v, void *at)
{
	switch (f->type) {
	case JWT_F_TEXT:
		read_text(r, f->name, v, at);
		return;
	case JWT_F_NUMBER:
		if (!json_as_i64(v, at))
			wrong_type(r, f->name);
		return;
	case JWT_F_FLAG:
		if (!json_as_bool(v, at))
			wrong_type(r, f->name);
		return;
	case JWT_F_TEXTS:
		read_texts(r, f->name, v, at);
		return;
	case JWT_F_KEY:
		read_key(r, f->name, v, f->kind, at);
		return;
	case JWT_F_KEYS:
		read_keys(r, f->name, v, f->kind, at);
		return;
	}
}

void jwt_read_fields(struct jwt_reader *r, const struct json *object,
    const struct jwt_field *fields, size_t n_fields, void *into)
{
	for (size_t i = 0; i < n_fields && r->err == 0; i++) {
		const struct json *v = json_get(object, fields[i].name);

		if (v != NULL)
			read_field(r, &fields[i], v,
			    (char *)into + fields[i].at);
	}
}

#define N_FIELDS(table) (sizeof(table) / sizeof((table)[0]))
#define READ(r, object, table, into) \
	jwt_read_fields(r, object, table, N_FIELDS(table), into)

/* ---- lists and maps ----------------------------------------------------------- */

/* The member, if it is an object; NULL also when it is absent. */
static const struct json *object_in(struct jwt_reader *r,
    const struct json *object, const char *name)
{
	const struct json *v = json_get(object, name);

	if (v != NULL && !json_is_object(v)) {
		wrong_type(r, name);
		return NULL;
	}
	return v;
}

/* Calls read_one for each item of a list, with its place in an array; items is
 * the address of the pointer to that. */
static void read_list(struct jwt_reader *r, const struct json *object,
    const char *name, size_t size, void *items, size_t *n_items,
    void (*read_one)(struct jwt_reader *, const struct json *, void *))
{
	const struct json *v = json_get(object, name);
	char              *at;
	size_t             n = 0;

	if (v == NULL || r->err != 0 || !count_items(r, name, v, &n))
		return;
	at = jwt_mem_take(r->mem, n, size);
	if (at == NULL) {
		jwt_reader_no_memory(r);
		return;
	}
	for (size_t i = 0; i < n && r->err == 0; i++)
		read_one(r, json_item(v, i), at + i * size);
	memcpy(items, &at, sizeof at);
	*n_items = n;
}

/* As read_list for an object's members. */
struct map {
	struct jwt_reader *r;
	char              *at;
	size_t             size, n;
	void (*read_one)(struct jwt_reader *, struct slice key,
	    const struct json *, void *);
};

static bool read_member(void *ctx, struct slice key, const struct json *v)
{
	struct map *m = ctx;

	m->read_one(m->r, key, v, m->at + m->n++ * m->size);
	return m->r->err == 0;
}

static void read_map(struct jwt_reader *r, const struct json *object,
    const char *name, size_t size, void *items, size_t *n_items,
    void (*read_one)(struct jwt_reader *, struct slice, const struct json *,
    void *))
{
	const struct json *v = object_in(r, object, name);
	struct map         m = { r, NULL, size, 0, read_one };
	size_t             n = json_n_members(v);

	if (v == NULL || r->err != 0)
		return;
	if (n > JWT_ITEMS_MAX) {
		jwt_reader_fail(r, "\"%s\" has too many items", name);
		return;
	}
	m.at = jwt_mem_take(r->mem, n, size);
	if (m.at == NULL) {
		jwt_reader_no_memory(r);
		return;
	}
	json_each(v, read_member, &m);
	memcpy(items, &m.at, sizeof m.at);
	*n_items = n;
}

static void read_revocation(struct jwt_reader *r, struct slice key,
    const struct json *v, void *into)
{
	struct jwt_revocation *rev = into;

	if (copy_text(r, key, &rev->key) && !json_as_i64(v, &rev->at_s))
		wrong_type(r, "revocations");
}

static int compare_revocations(const void *a, const void *b)
{
	const struct jwt_revocation *x = a, *y = b;

	return slice_cmp(x->key, y->key);
}

static void read_revocations(struct jwt_reader *r, const struct json *object,
    struct jwt_revocations *into)
{
	read_map(r, object, "revocations", sizeof *into->items, &into->items,
	    &into->n, read_revocation);
	if (r->err == 0 && into->n > 1)
		qsort((void *)(uintptr_t)into->items, into->n,
		    sizeof *into->items, compare_revocations);
}

/* ---- users and scopes ------------------------------------------------------------ */

static const struct jwt_field publish_fields[] = {
	JWT_FIELD("allow", TEXTS, jwt_permissions, publish_allow),
	JWT_FIELD("deny", TEXTS, jwt_permissions, publish_deny),
};
static const struct jwt_field subscribe_fields[] = {
	JWT_FIELD("allow", TEXTS, jwt_permissions, subscribe_allow),
	JWT_FIELD("deny", TEXTS, jwt_permissions, subscribe_deny),
};
static const struct jwt_field response_fields[] = {
	JWT_FIELD("max", NUMBER, jwt_permissions, responses_max),
	JWT_FIELD("ttl", NUMBER, jwt_permissions, responses_ttl_ns),
};

static void read_permissions(struct jwt_reader *r, const struct json *object,
    struct jwt_permissions *into)
{
	const struct json *resp = object_in(r, object, "resp");

	READ(r, object_in(r, object, "pub"), publish_fields, into);
	READ(r, object_in(r, object, "sub"), subscribe_fields, into);
	READ(r, resp, response_fields, into);
	into->allows_responses = resp != NULL;
}

static const struct jwt_field hours_fields[] = {
	JWT_FIELD("start", TEXT, jwt_hours, start),
	JWT_FIELD("end", TEXT, jwt_hours, end),
};

static void read_hours(struct jwt_reader *r, const struct json *v, void *into)
{
	if (!json_is_object(v)) {
		wrong_type(r, "times");
		return;
	}
	READ(r, v, hours_fields, into);
}

/* Up to the comma, which is taken as well. */
static struct slice take_part(struct slice *rest)
{
	const char  *comma = memchr(rest->p, ',', rest->n);
	struct slice part = *rest;

	if (comma == NULL) {
		*rest = slice_skip(*rest, rest->n);
		return jwt_trim(part);
	}
	part.n = (size_t)(comma - rest->p);
	*rest = slice_skip(*rest, part.n + 1);
	return jwt_trim(part);
}

/* Older tokens have them in one text, with commas between. */
static void split_src(struct jwt_reader *r, struct slice text,
    struct jwt_texts *into)
{
	struct slice *items, rest = text;
	size_t        n = 0, n_parts = 1;

	for (size_t i = 0; i < text.n; i++)
		n_parts += text.p[i] == ',';
	if (n_parts > JWT_ITEMS_MAX) {
		jwt_reader_fail(r, "\"src\" has too many items");
		return;
	}
	items = jwt_mem_take(r->mem, n_parts, sizeof *items);
	if (items == NULL) {
		jwt_reader_no_memory(r);
		return;
	}
	while (rest.n > 0) {
		struct slice part = take_part(&rest);

		if (part.n > 0 && !copy_text(r, part, &items[n++]))
			return;
	}
	*into = (struct jwt_texts){ items, n, true };
}

static void read_src(struct jwt_reader *r, const struct json *object,
    struct jwt_texts *into)
{
	const struct json *v = json_get(object, "src");
	struct slice       text;

	if (v == NULL || r->err != 0)
		return;
	if (json_as_str(v, &text))
		split_src(r, text, into);
	else
		read_texts(r, "src", v, into);
}

static const struct jwt_field user_limit_fields[] = {
	JWT_FIELD("subs", NUMBER, jwt_user_limits, subs),
	JWT_FIELD("data", NUMBER, jwt_user_limits, data),
	JWT_FIELD("payload", NUMBER, jwt_user_limits, payload),
	JWT_FIELD("times_location", TEXT, jwt_user_limits, location),
	JWT_FIELD("allowed_connection_types", TEXTS, jwt_user_limits,
	    connection_types),
	JWT_FIELD("bearer_token", FLAG, jwt_user_limits, is_bearer),
	JWT_FIELD("proxy_required", FLAG, jwt_user_limits, needs_proxy),
};

/* absent: what a limit that is not stated is. */
static void read_user_limits(struct jwt_reader *r, const struct json *object,
    int64_t absent, struct jwt_user_limits *into)
{
	into->subs = into->data = into->payload = absent;
	READ(r, object, user_limit_fields, into);
	read_permissions(r, object, &into->permissions);
	read_src(r, object, &into->src);
	read_list(r, object, "times", sizeof *into->hours, &into->hours,
	    &into->n_hours, read_hours);
}

static const struct jwt_field issuer_account_fields[] = {
	JWT_KEY_FIELD("issuer_account", KEY, jwt_user, issuer_account,
	    NKEY_ACCOUNT),
};

static void read_user(struct jwt_reader *r, const struct json *top,
    const struct json *nats, struct jwt *t)
{
	read_user_limits(r, nats, r->version < 2 ? JWT_NO_LIMIT : JWT_ABSENT,
	    &t->user.limits);
	READ(r, r->version < 2 ? top : nats, issuer_account_fields, &t->user);
}

/* ---- accounts ---------------------------------------------------------------------- */

static enum jwt_share read_share(struct jwt_reader *r,
    const struct json *object, const char *name)
{
	const struct json *v = json_get(object, name);
	struct slice       text;

	if (v == NULL)
		return 0;
	if (!json_as_str(v, &text))
		wrong_type(r, name);
	else if (slice_eq(text, SLICE("stream")))
		return JWT_STREAM;
	else if (slice_eq(text, SLICE("service")))
		return JWT_SERVICE;
	else
		jwt_reader_fail(r, "unknown export type");
	return 0;
}

static const struct jwt_field import_fields[] = {
	JWT_FIELD("name", TEXT, jwt_import, name),
	JWT_FIELD("subject", TEXT, jwt_import, subject),
	JWT_KEY_FIELD("account", KEY, jwt_import, account, NKEY_ACCOUNT),
	JWT_FIELD("token", TEXT, jwt_import, token),
	JWT_FIELD("to", TEXT, jwt_import, to),
	JWT_FIELD("local_subject", TEXT, jwt_import, local_subject),
	JWT_FIELD("share", FLAG, jwt_import, shares),
	JWT_FIELD("allow_trace", FLAG, jwt_import, allows_trace),
};

static void read_import(struct jwt_reader *r, const struct json *v, void *into)
{
	struct jwt_import *im = into;

	if (!json_is_object(v)) {
		jwt_reader_fail(r, "null import is not allowed");
		return;
	}
	READ(r, v, import_fields, im);
	im->kind = read_share(r, v, "type");
}

static const struct {
	struct slice      text;
	enum jwt_response response;
} responses[] = {
	{ { "Singleton", 9 }, JWT_SINGLETON },
	{ { "Stream", 6 },    JWT_STREAMED },
	{ { "Chunked", 7 },   JWT_CHUNKED },
};

static void read_response(struct jwt_reader *r, const struct json *object,
    struct jwt_export *ex)
{
	const struct json *v = json_get(object, "response_type");
	struct slice       text;

	if (v == NULL)
		return;
	if (!json_as_str(v, &text)) {
		wrong_type(r, "response_type");
		return;
	}
	if (text.n == 0)
		return;
	for (size_t i = 0; i < N_FIELDS(responses); i++)
		if (slice_eq(text, responses[i].text)) {
			ex->has_response = true;
			ex->response = responses[i].response;
			return;
		}
	jwt_reader_fail(r, "invalid response type");
}

static void read_latency(struct jwt_reader *r, const struct json *object,
    struct jwt_export *ex)
{
	static const struct jwt_field fields[] = {
		JWT_FIELD("results", TEXT, jwt_export, latency_results),
	};
	const struct json *v = object_in(r, object, "service_latency");
	const struct json *sampling = json_get(v, "sampling");
	struct slice       text;

	if (v == NULL)
		return;
	ex->has_latency = true;
	READ(r, v, fields, ex);
	if (sampling == NULL || (json_as_str(sampling, &text) &&
	    slice_eq_nocase(text, SLICE("headers"))))
		ex->latency_sampling = 0;
	else if (!json_as_i64(sampling, &ex->latency_sampling))
		wrong_type(r, "sampling");
}

static const struct jwt_field export_fields[] = {
	JWT_FIELD("name", TEXT, jwt_export, name),
	JWT_FIELD("subject", TEXT, jwt_export, subject),
	JWT_FIELD("description", TEXT, jwt_export, description),
	JWT_FIELD("info_url", TEXT, jwt_export, info_url),
	JWT_FIELD("token_req", FLAG, jwt_export, needs_token),
	JWT_FIELD("advertise", FLAG, jwt_export, is_advertised),
	JWT_FIELD("allow_trace", FLAG, jwt_export, allows_trace),
	JWT_FIELD("response_threshold", NUMBER, jwt_export,
	    response_threshold_ns),
	JWT_FIELD("account_token_position", NUMBER, jwt_export,
	    account_token_position),
};

static void read_export(struct jwt_reader *r, const struct json *v, void *into)
{
	struct jwt_export *ex = into;

	if (!json_is_object(v)) {
		jwt_reader_fail(r, "null export is not allowed");
		return;
	}
	READ(r, v, export_fields, ex);
	ex->kind = read_share(r, v, "type");
	read_response(r, v, ex);
	read_latency(r, v, ex);
	read_revocations(r, v, &ex->revocations);
	if (ex->account_token_position < 0)
		wrong_type(r, "account_token_position");
}

static const struct jwt_field signing_key_fields[] = {
	JWT_KEY_FIELD("key", KEY, jwt_signing_key, key, NKEY_ACCOUNT),
	JWT_FIELD("role", TEXT, jwt_signing_key, role),
	JWT_FIELD("description", TEXT, jwt_signing_key, description),
};

static void read_scope(struct jwt_reader *r, const struct json *v,
    struct jwt_signing_key *into)
{
	struct jwt_user_limits *scope;
	struct slice            kind = SLICE_NONE;

	if (!json_as_str(json_get(v, "kind"), &kind) ||
	    !slice_eq(kind, SLICE("user_scope"))) {
		jwt_reader_fail(r, "unknown signing key scope");
		return;
	}
	scope = jwt_mem_take(r->mem, 1, sizeof *scope);
	if (scope == NULL) {
		jwt_reader_no_memory(r);
		return;
	}
	READ(r, v, signing_key_fields, into);
	read_user_limits(r, object_in(r, v, "template"), JWT_NO_LIMIT, scope);
	into->scope = scope;
}

static void read_signing_key(struct jwt_reader *r, const struct json *v,
    void *into)
{
	struct jwt_signing_key *sk = into;

	if (json_is_object(v))
		read_scope(r, v, sk);
	else
		read_key(r, "signing_keys", v, NKEY_ACCOUNT, &sk->key);
	if (r->err == 0 && !sk->key.is_set)
		jwt_reader_fail_key(r, "signing_keys", SLICE_NONE, "account");
}

static const struct jwt_field storage_fields[] = {
	JWT_FIELD("mem_storage", NUMBER, jwt_storage_limits, memory),
	JWT_FIELD("disk_storage", NUMBER, jwt_storage_limits, disk),
	JWT_FIELD("streams", NUMBER, jwt_storage_limits, streams),
	JWT_FIELD("consumer", NUMBER, jwt_storage_limits, consumers),
	JWT_FIELD("max_ack_pending", NUMBER, jwt_storage_limits,
	    max_ack_pending),
	JWT_FIELD("mem_max_stream_bytes", NUMBER, jwt_storage_limits,
	    memory_stream_bytes_max),
	JWT_FIELD("disk_max_stream_bytes", NUMBER, jwt_storage_limits,
	    disk_stream_bytes_max),
	JWT_FIELD("max_bytes_required", FLAG, jwt_storage_limits,
	    needs_max_bytes),
};

static const struct jwt_field limit_fields[] = {
	JWT_FIELD("subs", NUMBER, jwt_account_limits, subs),
	JWT_FIELD("data", NUMBER, jwt_account_limits, data),
	JWT_FIELD("payload", NUMBER, jwt_account_limits, payload),
	JWT_FIELD("imports", NUMBER, jwt_account_limits, imports),
	JWT_FIELD("exports", NUMBER, jwt_account_limits, exports),
	JWT_FIELD("conn", NUMBER, jwt_account_limits, conns),
	JWT_FIELD("leaf", NUMBER, jwt_account_limits, leafs),
	JWT_FIELD("wildcards", FLAG, jwt_account_limits, allows_wildcards),
	JWT_FIELD("disallow_bearer", FLAG, jwt_account_limits,
	    disallows_bearer),
};

static void read_tier(struct jwt_reader *r, struct slice key,
    const struct json *v, void *into)
{
	struct jwt_tier *tier = into;

	if (!copy_text(r, key, &tier->name))
		return;
	if (!json_is_object(v))
		wrong_type(r, "tiered_limits");
	READ(r, v, storage_fields, &tier->limits);
}

static void read_account_limits(struct jwt_reader *r, const struct json *object,
    struct jwt_account_limits *into)
{
	READ(r, object, limit_fields, into);
	if (r->version < 2)
		return;
	READ(r, object, storage_fields, &into->storage);
	read_map(r, object, "tiered_limits", sizeof *into->tiers, &into->tiers,
	    &into->n_tiers, read_tier);
	if (into->n_tiers > 0)
		into->storage = (struct jwt_storage_limits){ 0 };
}

static const struct jwt_field destination_fields[] = {
	JWT_FIELD("subject", TEXT, jwt_destination, subject),
	JWT_FIELD("weight", NUMBER, jwt_destination, weight),
	JWT_FIELD("cluster", TEXT, jwt_destination, cluster),
};

static void read_destination(struct jwt_reader *r, const struct json *v,
    void *into)
{
	struct jwt_destination *to = into;

	if (!json_is_object(v)) {
		wrong_type(r, "mappings");
		return;
	}
	READ(r, v, destination_fields, to);
	if (to->weight < 0 || to->weight > UINT8_MAX)
		wrong_type(r, "weight");
	to->has_weight = to->weight != 0;
	if (!to->has_weight)
		to->weight = 100;
}

static void read_mapping(struct jwt_reader *r, struct slice key,
    const struct json *v, void *into)
{
	struct jwt_mapping *m = into;
	struct jwt_destination *to;

	if (!copy_text(r, key, &m->source) ||
	    !count_items(r, "mappings", v, &m->n_to))
		return;
	to = jwt_mem_take(r->mem, m->n_to, sizeof *to);
	if (to == NULL) {
		jwt_reader_no_memory(r);
		return;
	}
	m->to = to;
	for (size_t i = 0; i < m->n_to && r->err == 0; i++)
		read_destination(r, json_item(v, i), &to[i]);
}

/* A list of keys, or of "*" alone. */
static void read_allowed_accounts(struct jwt_reader *r,
    const struct json *object, struct jwt_account *a)
{
	const struct json *v = json_get(object, "allowed_accounts");
	struct slice       text;

	if (v == NULL)
		return;
	if (json_n_items(v) == 1 && json_as_str(json_item(v, 0), &text) &&
	    slice_eq(text, SLICE("*")))
		a->allows_any_account = true;
	else
		read_keys(r, "allowed_accounts", v, NKEY_ACCOUNT,
		    &a->allowed_accounts);
}

static void read_callout(struct jwt_reader *r, const struct json *object,
    struct jwt_account *a)
{
	static const struct jwt_field fields[] = {
		JWT_KEY_FIELD("auth_users", KEYS, jwt_account, auth_users,
		    NKEY_USER),
		JWT_KEY_FIELD("xkey", KEY, jwt_account, xkey, NKEY_CURVE),
	};

	READ(r, object, fields, a);
	read_allowed_accounts(r, object, a);
}

static void read_trace(struct jwt_reader *r, const struct json *object,
    struct jwt_account *a)
{
	static const struct jwt_field fields[] = {
		JWT_FIELD("dest", TEXT, jwt_account, trace_dest),
		JWT_FIELD("sampling", NUMBER, jwt_account, trace_sampling),
	};

	a->has_trace = object != NULL;
	READ(r, object, fields, a);
	if (a->trace_sampling == 0)
		a->trace_sampling = 100;
}

static const struct jwt_field account_fields[] = {
	JWT_FIELD("cluster_traffic", TEXT, jwt_account, cluster_traffic),
	JWT_FIELD("description", TEXT, jwt_account, description),
	JWT_FIELD("info_url", TEXT, jwt_account, info_url),
};

static void read_account(struct jwt_reader *r, const struct json *top,
    const struct json *nats, struct jwt *t)
{
	struct jwt_account *a = &t->account;

	(void)top;
	read_list(r, nats, "imports", sizeof *a->imports, &a->imports,
	    &a->n_imports, read_import);
	read_list(r, nats, "exports", sizeof *a->exports, &a->exports,
	    &a->n_exports, read_export);
	read_list(r, nats, "signing_keys", sizeof *a->signing_keys,
	    &a->signing_keys, &a->n_signing_keys, read_signing_key);
	read_account_limits(r, object_in(r, nats, "limits"), &a->limits);
	read_revocations(r, nats, &a->revocations);
	if (r->version < 2)
		return;
	READ(r, nats, account_fields, a);
	read_permissions(r, object_in(r, nats, "default_permissions"),
	    &a->default_permissions);
	read_map(r, nats, "mappings", sizeof *a->mappings, &a->mappings,
	    &a->n_mappings, read_mapping);
	read_callout(r, object_in(r, nats, "authorization"), a);
	read_trace(r, object_in(r, nats, "trace"), a);
}

/* ---- the others ------------------------------------------------------------------------ */

static const struct jwt_field operator_fields[] = {
	JWT_KEY_FIELD("signing_keys", KEYS, jwt_operator, signing_keys,
	    NKEY_OPERATOR),
	JWT_FIELD("account_server_url", TEXT, jwt_operator, account_server_url),
	JWT_FIELD("operator_service_urls", TEXTS, jwt_operator, service_urls),
	JWT_KEY_FIELD("system_account", KEY, jwt_operator, system_account,
	    NKEY_ACCOUNT),
	JWT_FIELD("assert_server_version", TEXT, jwt_operator,
	    assert_server_version),
	JWT_FIELD("strict_signing_key_usage", FLAG, jwt_operator, is_strict),
};

static void read_operator(struct jwt_reader *r, const struct json *top,
    const struct json *nats, struct jwt *t)
{
	(void)top;
	READ(r, nats, operator_fields, &t->operator);
}

static void read_activation(struct jwt_reader *r, const struct json *top,
    const struct json *nats, struct jwt *t)
{
	static const struct jwt_field fields[] = {
		JWT_FIELD("subject", TEXT, jwt_activation, subject),
	};
	static const struct jwt_field issuer_fields[] = {
		JWT_KEY_FIELD("issuer_account", KEY, jwt_activation,
		    issuer_account, NKEY_ACCOUNT),
	};

	READ(r, nats, fields, &t->activation);
	READ(r, r->version < 2 ? top : nats, issuer_fields, &t->activation);
	t->activation.kind = read_share(r, nats,
	    r->version < 2 ? "type" : "kind");
}

static void read_request(struct jwt_reader *r, const struct json *top,
    const struct json *nats, struct jwt *t)
{
	static const struct jwt_field server[] = {
		JWT_FIELD("name", TEXT, jwt_auth_request, server_name),
		JWT_FIELD("host", TEXT, jwt_auth_request, server_host),
		JWT_FIELD("version", TEXT, jwt_auth_request, server_version),
		JWT_FIELD("cluster", TEXT, jwt_auth_request, server_cluster),
		JWT_KEY_FIELD("id", KEY, jwt_auth_request, server_id,
		    NKEY_SERVER),
		JWT_KEY_FIELD("xkey", KEY, jwt_auth_request, server_xkey,
		    NKEY_CURVE),
	};
	static const struct jwt_field client[] = {
		JWT_FIELD("host", TEXT, jwt_auth_request, client_host),
		JWT_FIELD("id", NUMBER, jwt_auth_request, client_id),
		JWT_FIELD("user", TEXT, jwt_auth_request, client_user),
		JWT_FIELD("name", TEXT, jwt_auth_request, client_name),
		JWT_FIELD("kind", TEXT, jwt_auth_request, client_kind),
		JWT_FIELD("type", TEXT, jwt_auth_request, client_type),
		JWT_FIELD("nonce", TEXT, jwt_auth_request, client_nonce),
	};
	static const struct jwt_field connect[] = {
		JWT_FIELD("jwt", TEXT, jwt_auth_request, jwt),
		JWT_FIELD("nkey", TEXT, jwt_auth_request, nkey),
		JWT_FIELD("sig", TEXT, jwt_auth_request, sig),
		JWT_FIELD("auth_token", TEXT, jwt_auth_request, auth_token),
		JWT_FIELD("user", TEXT, jwt_auth_request, user),
		JWT_FIELD("pass", TEXT, jwt_auth_request, pass),
	};
	static const struct jwt_field own[] = {
		JWT_KEY_FIELD("user_nkey", KEY, jwt_auth_request, user_nkey,
		    NKEY_USER),
	};

	(void)top;
	READ(r, nats, own, &t->request);
	READ(r, object_in(r, nats, "server_id"), server, &t->request);
	READ(r, object_in(r, nats, "client_info"), client, &t->request);
	READ(r, object_in(r, nats, "connect_opts"), connect, &t->request);
}

static const struct jwt_field response_claim_fields[] = {
	JWT_FIELD("jwt", TEXT, jwt_auth_response, jwt),
	JWT_FIELD("error", TEXT, jwt_auth_response, error),
	JWT_KEY_FIELD("issuer_account", KEY, jwt_auth_response, issuer_account,
	    NKEY_ACCOUNT),
};

static void read_auth_response(struct jwt_reader *r, const struct json *top,
    const struct json *nats, struct jwt *t)
{
	(void)top;
	READ(r, nats, response_claim_fields, &t->response);
}

static void read_generic(struct jwt_reader *r, const struct json *top,
    const struct json *nats, struct jwt *t)
{
	static const struct jwt_field fields[] = {
		JWT_FIELD("type", TEXT, jwt_generic, type),
	};
	const struct json *list = json_get(nats, "accounts");
	struct jwt_reader  own = *r;

	(void)top;
	READ(r, nats, fields, &t->generic);
	t->generic.has_accounts = list != NULL && r->err == 0 &&
	    read_keys(&own, "accounts", list, NKEY_ACCOUNT,
	    &t->generic.accounts);
	if (own.err == ERR_NOMEM)
		jwt_reader_no_memory(r);
}

void jwt_read_claims(struct jwt_reader *r, const struct json *top,
    const struct json *nats, struct jwt *t)
{
	static void (*const readers[N_JWT_KINDS])(struct jwt_reader *,
	    const struct json *, const struct json *, struct jwt *) = {
		[JWT_OPERATOR]      = read_operator,
		[JWT_ACCOUNT]       = read_account,
		[JWT_USER]          = read_user,
		[JWT_ACTIVATION]    = read_activation,
		[JWT_AUTH_REQUEST]  = read_request,
		[JWT_AUTH_RESPONSE] = read_auth_response,
		[JWT_GENERIC]       = read_generic,
	};

	readers[t->kind](r, top, nats, t);
}
