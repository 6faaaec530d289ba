/* conf/options_accounts.c - the accounts block, in both its forms. */
#include "base/text.h"
#include "conf/options_int.h"
#include "conf/value.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- limits ----------------------------------------------------------- */

static bool load_limit(struct load *l, const struct conf_value *v,
    const char *key, int64_t *ret)
{
	if (!load_int(l, v, key, ret))
		return false;
	if (*ret < 0)
		*ret = -1;
	return true;
}

static bool load_connections_max(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_account_limits *limits = into;

	return load_limit(l, v, "max_connections", &limits->connections);
}

static bool load_subscriptions_max(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_account_limits *limits = into;

	return load_limit(l, v, "max_subscriptions", &limits->subscriptions);
}

static bool load_payload_max(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_account_limits *limits = into;

	return load_limit(l, v, "max_payload", &limits->payload);
}

static bool load_leafnodes_max(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_account_limits *limits = into;

	return load_limit(l, v, "max_leafnodes", &limits->leafnodes);
}

static bool load_account_msgs(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_account_limits *limits = into;

	return load_msgs_per_second(l, v, &limits->rate);
}

static bool load_account_bytes(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_account_limits *limits = into;

	return load_bytes_per_second(l, v, &limits->rate);
}

static bool load_limits(struct load *l, const struct conf_value *v, void *into)
{
	static const struct load_key keys[] = {
		{ "max_connections max_conn", load_connections_max },
		{ "max_subscriptions max_subs", load_subscriptions_max },
		{ "max_payload max_pay", load_payload_max },
		{ "max_leafnodes max_leafs", load_leafnodes_max },
		{ "max_msgs_per_second", load_account_msgs },
		{ "max_bytes_per_second", load_account_bytes },
	};
	struct conf_account *a = into;

	if (v->kind == CONF_MAP)
		return load_map(l, v, keys, N_OF(keys), "Unknown field",
		    " parsing account limits", &a->limits);
	load_error(l, v, "Expected account limits to be a map/struct, got %s",
	    conf_kind_noun(v->kind));
	return false;
}

/* ---- message tracing -------------------------------------------------- */

static bool load_trace_dest(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_account *a = into;
	struct buf           quoted = { 0 };

	if (v->kind != CONF_STRING) {
		load_error(l, v, "Field \"dest\" should be a string, got %s",
		    load_go_type(v));
		return false;
	}
	if (load_is_subject(v->str) && !load_has_wildcard(v->str))
		return load_string(l, v, "dest", false, &a->trace_dest);
	text_put_quoted(&quoted, v->str);
	load_error(l, v, "Trace destination %.*s is not valid",
	    SLICE_ARG(buf_slice(&quoted)));
	buf_fini(&quoted);
	return false;
}

static bool load_trace_sampling(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_account *a = into;
	struct buf           quoted = { 0 };

	if (v->kind != CONF_INT && v->kind != CONF_STRING) {
		load_error(l, v, "Trace destination sampling field \"sampling\" "
		    "should be an integer or a percentage, got %s",
		    load_go_type(v));
		return false;
	}
	if (!load_percent(v, &a->trace_sampling)) {
		text_put_quoted(&quoted, v->str);
		load_error(l, v, "Invalid trace destination sampling value %.*s",
		    SLICE_ARG(buf_slice(&quoted)));
		buf_fini(&quoted);
		return false;
	}
	if (a->trace_sampling < 1 || a->trace_sampling > 100) {
		load_error(l, v, "Ttrace destination sampling value %lld is "
		    "invalid, needs to be [1..100]",
		    (long long)a->trace_sampling);
		return false;
	}
	return true;
}

static bool load_trace(struct load *l, const struct conf_value *v, void *into)
{
	static const struct load_key keys[] = {
		{ "dest", load_trace_dest },
		{ "sampling", load_trace_sampling },
	};
	struct conf_account *a = into;

	if (v->kind == CONF_STRING)
		return load_trace_dest(l, v, a);
	if (v->kind != CONF_MAP) {
		load_error(l, v, "Expected account message trace \"msg_trace\" "
		    "to be a string or a map/struct, got %s", load_go_type(v));
		return false;
	}
	a->trace_sampling = 0;
	if (!load_map(l, v, keys, N_OF(keys), "Unknown field",
	    " parsing account message trace map/struct \"msg_trace\"", a))
		return false;
	if (a->trace_dest.n == 0 && a->trace_sampling != 0)
		load_warn(l, v, "Trace destination sampling ignored since no "
		    "destination was set");
	if (a->trace_sampling == 0)
		a->trace_sampling = 100;
	return true;
}

/* ---- one account ------------------------------------------------------ */

static bool load_nkey(struct load *l, const struct conf_value *v, void *into)
{
	struct conf_account *a = into;

	if (!load_string(l, v, "nkey", true, &a->nkey))
		return false;
	load_expect_key(l, v, a->nkey, 'A',
	    "Not a valid public nkey for an account: ", "");
	return true;
}

static bool load_account_users(struct load *l, const struct conf_value *v,
    void *into)
{
	return load_users(l, v, &((struct conf_account *)into)->users);
}

static bool load_default_permissions(struct load *l,
    const struct conf_value *v, void *into)
{
	struct conf_account *a = into;

	return load_permissions(l, v, &a->default_permissions);
}

static bool load_account_exports(struct load *l, const struct conf_value *v,
    void *into)
{
	return load_exports(l, v, into);
}

static bool load_account_imports(struct load *l, const struct conf_value *v,
    void *into)
{
	return load_imports(l, v, into);
}

static bool load_account_mappings(struct load *l, const struct conf_value *v,
    void *into)
{
	return load_mappings(l, v, &((struct conf_account *)into)->mappings);
}

static bool load_account_jetstream(struct load *l, const struct conf_value *v,
    void *into)
{
	return load_account_js(l, v, into);
}

static bool load_account(struct load *l, const struct conf_value *v,
    struct conf_account *a)
{
	static const struct load_key keys[] = {
		{ "nkey", load_nkey },
		{ "users", load_account_users },
		{ "default_permissions", load_default_permissions },
		{ "exports", load_account_exports },
		{ "imports", load_account_imports },
		{ "mappings maps", load_account_mappings },
		{ "limits", load_limits },
		{ "msg_trace trace_dest", load_trace },
		{ "jetstream", load_account_jetstream },
	};
	bool ok;

	if (v->kind != CONF_MAP) {
		load_error(l, v, "Expected map entries for accounts");
		return false;
	}
	ok = load_map(l, v, keys, N_OF(keys), "unknown field", "", a);
	load_spread_permissions(a->users, a->default_permissions);
	return ok;
}

/* ---- all of them ------------------------------------------------------ */

static bool name_account(struct load *l, const struct conf_value *v,
    struct slice name, struct conf_account *a)
{
	a->limits = (struct conf_account_limits){ -1, -1, -1, -1, { 0, 0 } };
	a->jetstream = (struct conf_js_limits){ -1, -1, -1, -1, -1, -1, -1,
		false };
	a->trace_sampling = 100;
	a->name = load_copy(l, name);
	if (slice_eq(name, SLICE("$G"))) {
		load_error(l, v, "\"$G\" is a Reserved Account");
		return false;
	}
	if (name.n == 0 || memchr(name.p, '\0', name.n) != NULL) {
		load_error(l, v, "an account needs a name");
		return false;
	}
	return true;
}

static bool is_there(const struct conf_account *all, size_t n,
    struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(all[i].name, name))
			return true;
	return false;
}

static bool load_names(struct load *l, const struct conf_value *v,
    struct conf_account *all)
{
	bool ok = true;

	for (size_t i = 0; i < v->array.n; i++) {
		const struct conf_value *name = v->array.v[i];

		if (name->kind != CONF_STRING) {
			load_mismatch(l, name, "accounts",
			    "names of accounts", false);
			ok = false;
		} else if (is_there(all, i, name->str)) {
			load_error(l, name, "Duplicate Account Entry: %.*s",
			    SLICE_ARG(name->str));
			ok = false;
		} else {
			ok = name_account(l, name, name->str, &all[i]) && ok;
		}
	}
	return ok;
}

static bool load_map_of_accounts(struct load *l, const struct conf_value *v,
    struct conf_account *all)
{
	bool ok = true;

	for (size_t i = 0; i < v->map.n; i++) {
		const struct conf_member *m = &v->map.v[i];

		ok = name_account(l, m->value, m->key, &all[i]) &&
		    load_account(l, m->value, &all[i]) && ok;
	}
	return ok;
}

bool load_accounts(struct load *l, const struct conf_value *v,
    struct conf_accounts *ret)
{
	struct conf_account *into;
	size_t               n;
	bool                 ok;

	if (v->kind != CONF_ARRAY && v->kind != CONF_MAP) {
		load_mismatch(l, v, "accounts",
		    "a map of accounts, or an array of names", true);
		return false;
	}
	n = v->kind == CONF_ARRAY ? v->array.n : v->map.n;
	into = load_alloc(l, n + 1, sizeof *into);
	if (into == NULL)
		return false;
	if (v->kind == CONF_ARRAY)
		ok = load_names(l, v, into);
	else
		ok = load_map_of_accounts(l, v, into);
	ret->v = into;
	ret->n = n;
	load_digest(l, v, &ret->digest);
	return ok;
}
