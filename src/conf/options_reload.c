/* conf/options_reload.c - what a reload would change. */
#include <string.h>

#include "conf/options.h"

static bool slices_eq(const struct slice *a, const struct slice *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!slice_eq(a[i], b[i]))
			return false;
	return true;
}

static bool strings_eq(struct conf_strings a, struct conf_strings b)
{
	return a.n == b.n && slices_eq(a.v, b.v, a.n);
}

/* Maps: the order does not matter, names are unique. */
static bool pairs_eq(struct conf_pairs a, struct conf_pairs b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		size_t k = 0;

		while (k < b.n && !slice_eq(a.v[i].name, b.v[k].name))
			k++;
		if (k == b.n || !slice_eq(a.v[i].text, b.v[k].text))
			return false;
	}
	return true;
}

static bool flags_eq(struct conf_flags a, struct conf_flags b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		size_t k = 0;

		while (k < b.n && !slice_eq(a.v[i].name, b.v[k].name))
			k++;
		if (k == b.n || a.v[i].is_on != b.v[k].is_on)
			return false;
	}
	return true;
}

static bool rules_eq(struct conf_rules a, struct conf_rules b)
{
	if (a.n != b.n || a.is_set != b.is_set)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (!slice_eq(a.v[i].subject, b.v[i].subject) ||
		    !slice_eq(a.v[i].queue, b.v[i].queue))
			return false;
	return true;
}

static bool permissions_eq(const struct conf_permissions *a,
    const struct conf_permissions *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return rules_eq(a->publish_allow, b->publish_allow) &&
	    rules_eq(a->publish_deny, b->publish_deny) &&
	    rules_eq(a->subscribe_allow, b->subscribe_allow) &&
	    rules_eq(a->subscribe_deny, b->subscribe_deny) &&
	    a->allows_responses == b->allows_responses &&
	    a->responses_max == b->responses_max &&
	    a->responses_ttl_ns == b->responses_ttl_ns;
}

static bool users_eq(struct conf_users a, struct conf_users b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (!slice_eq(a.v[i].user, b.v[i].user) ||
		    !slice_eq(a.v[i].pass, b.v[i].pass) ||
		    !slice_eq(a.v[i].nkey, b.v[i].nkey) ||
		    a.v[i].connections != b.v[i].connections ||
		    a.v[i].proxy_required != b.v[i].proxy_required ||
		    a.v[i].rate.msgs != b.v[i].rate.msgs ||
		    a.v[i].rate.bytes != b.v[i].rate.bytes ||
		    !permissions_eq(a.v[i].permissions, b.v[i].permissions))
			return false;
	return true;
}

static bool digest_eq(const struct conf_digest *a, const struct conf_digest *b)
{
	return strcmp(a->text, b->text) == 0;
}

static bool callout_eq(const struct conf_callout *a,
    const struct conf_callout *b)
{
	return a == b || (a != NULL && b != NULL &&
	    digest_eq(&a->digest, &b->digest));
}

static bool resolver_eq(const struct conf_resolver *a,
    const struct conf_resolver *b)
{
	return a == b || (a != NULL && b != NULL &&
	    digest_eq(&a->digest, &b->digest));
}

static bool values_eq(const struct option *row, const struct options *a,
    const struct options *b)
{
	const void *x = (const char *)a + row->at;
	const void *y = (const char *)b + row->at;

	switch (row->kind) {
	case KIND_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case KIND_POLICY:
		return *(const enum write_policy *)x ==
		    *(const enum write_policy *)y;
	case KIND_STRING: case KIND_SECRET:
		return slice_eq(*(const struct slice *)x,
		    *(const struct slice *)y);
	case KIND_TAGS: case KIND_TOKENS: case KIND_KEYS: case KIND_PROXIES:
		return strings_eq(*(const struct conf_strings *)x,
		    *(const struct conf_strings *)y);
	case KIND_PAIRS: case KIND_PRELOAD:
		return pairs_eq(*(const struct conf_pairs *)x,
		    *(const struct conf_pairs *)y);
	case KIND_FLAGS:
		return flags_eq(*(const struct conf_flags *)x,
		    *(const struct conf_flags *)y);
	case KIND_USERS:
		return users_eq(*(const struct conf_users *)x,
		    *(const struct conf_users *)y);
	case KIND_PERMISSIONS:
		return permissions_eq(
		    *(const struct conf_permissions *const *)x,
		    *(const struct conf_permissions *const *)y);
	case KIND_ACCOUNTS:
		return digest_eq(&((const struct conf_accounts *)x)->digest,
		    &((const struct conf_accounts *)y)->digest);
	case KIND_MAPPINGS:
		return digest_eq(&((const struct conf_mappings *)x)->digest,
		    &((const struct conf_mappings *)y)->digest);
	case KIND_CALLOUT:
		return callout_eq(*(const struct conf_callout *const *)x,
		    *(const struct conf_callout *const *)y);
	case KIND_RESOLVER:
		return resolver_eq(*(const struct conf_resolver *const *)x,
		    *(const struct conf_resolver *const *)y);
	case KIND_TLS:
		/* Its files may have changed, and no one but the library can
		 * tell. */
		return *(const struct conf_tls *const *)x == NULL &&
		    *(const struct conf_tls *const *)y == NULL;
	default:
		return *(const int64_t *)x == *(const int64_t *)y;
	}
}

/* A free port was asked for, and found: it is kept. */
static bool keeps_free_port(enum option_id id, const struct options *new)
{
	return (id == OPTION_port && new->port == -1) ||
	    (id == OPTION_http_port && new->http_port == -1) ||
	    (id == OPTION_https_port && new->https_port == -1);
}

/* Where JetStream does not go on, nothing of it is changed.  What it is created
 * with are the rows that need a restart. */
static bool is_of_no_jetstream(const struct option *row,
    const struct options *old, const struct options *new)
{
	return row->change == CHANGE_RESTART &&
	    slice_has_prefix(slice_str(row->key), SLICE("jetstream.")) &&
	    !(old->js_enabled && new->js_enabled);
}

/* Accounts of tokens and accounts of the file are two worlds. */
static bool moves_resolver(enum option_id id, const struct options *old,
    const struct options *new)
{
	return id == OPTION_resolver &&
	    (old->resolver == NULL) != (new->resolver == NULL);
}

static void put_refusal(struct buf *out, const struct option *row,
    const struct options *old, const struct options *new)
{
	if (row->change != CHANGE_RESTART) {
		buf_put_str(out, "config reload does not support moving to or "
		    "from an account resolver");
		return;
	}
	buf_printf(out, "config reload not supported for %s: old=", row->name);
	option_put_value(out, row, old);
	buf_put_str(out, ", new=");
	option_put_value(out, row, new);
}

static void put_change(struct buf *out, const struct option *row,
    const struct options *new)
{
	const char *bar = strchr(row->name, '|');

	if (bar != NULL && *(const bool *)((const char *)new + row->at)) {
		buf_put(out, row->name, (size_t)(bar - row->name));
		return;
	}
	buf_put_str(out, bar != NULL ? bar + 1 : row->name);
	if (row->change == CHANGE_QUIET)
		return;
	buf_put_str(out, " = ");
	option_put_value(out, row, new);
}

void options_diff(const struct options *old, const struct options *new,
    bool (*visit)(void *ctx, const struct option_diff *d), void *ctx)
{
	struct buf text = { 0 };

	for (enum option_id id = 0; id < N_OPTIONS; id++) {
		const struct option *row = option_of(id);
		struct option_diff   d = { .row = row, .id = id,
			.is_reloadable = row->change != CHANGE_RESTART &&
			    !moves_resolver(id, old, new) };

		if (values_eq(row, old, new) || keeps_free_port(id, new) ||
		    is_of_no_jetstream(row, old, new))
			continue;
		buf_reset(&text);
		if (d.is_reloadable)
			put_change(&text, row, new);
		else
			put_refusal(&text, row, old, new);
		d.text = buf_slice(&text);
		if (!visit(ctx, &d))
			break;
	}
	buf_fini(&text);
}
