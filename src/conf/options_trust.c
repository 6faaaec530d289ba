/* conf/options_trust.c - whose word is taken for who somebody is: operators,
 * where tokens of accounts come from, the callout, proxies.
 *
 * Tokens are collected, not understood.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "conf/arena.h"
#include "conf/options_int.h"
#include "conf/value.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the callout ------------------------------------------------------ */

static bool load_issuer(struct load *l, const struct conf_value *v, void *into)
{
	struct conf_callout *c = into;

	if (!load_string(l, v, "issuer", true, &c->issuer))
		return false;
	load_expect_key(l, v, c->issuer, 'A', "Expected callout user to be a "
	    "valid public account nkey, got ", "");
	return true;
}

static bool load_xkey(struct load *l, const struct conf_value *v, void *into)
{
	struct conf_callout *c = into;

	if (!load_string(l, v, "xkey", true, &c->xkey))
		return false;
	load_expect_key(l, v, c->xkey, 'X', "Expected callout xkey to be a "
	    "valid public xkey, got ", "");
	return true;
}

static bool load_callout_account(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_callout *c = into;

	return load_string(l, v, "account", false, &c->account);
}

static bool load_auth_users(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_callout *c = into;

	if (v->kind == CONF_ARRAY)
		return load_strings(l, v, "auth_users", &c->auth_users);
	load_error(l, v, "Expected auth_users field to be an array, got %s",
	    conf_kind_noun(v->kind));
	return false;
}

static bool load_allowed_accounts(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_callout *c = into;

	if (v->kind == CONF_ARRAY)
		return load_strings(l, v, "allowed_accounts",
		    &c->allowed_accounts);
	load_error(l, v, "Expected allowed accounts field to be an array, "
	    "got %s", conf_kind_noun(v->kind));
	return false;
}

bool load_callout(struct load *l, const struct conf_value *v,
    const struct conf_callout **ret)
{
	static const struct load_key keys[] = {
		{ "issuer", load_issuer },
		{ "account acc", load_callout_account },
		{ "auth_users users", load_auth_users },
		{ "xkey key", load_xkey },
		{ "allowed_accounts", load_allowed_accounts },
	};
	struct conf_callout *c = load_alloc(l, 1, sizeof *c);

	if (c == NULL)
		return false;
	if (v->kind != CONF_MAP) {
		load_error(l, v, "Expected authorization callout to be a "
		    "map/struct, got %s", conf_kind_noun(v->kind));
		return false;
	}
	c->account = load_copy(l, SLICE("$G"));
	if (!load_map(l, v, keys, N_OF(keys), "Unknown field",
	    " parsing authorization callout", c))
		return false;
	if (c->issuer.n == 0) {
		load_error(l, v, "Authorization callouts require an issuer to "
		    "be specified");
		return false;
	}
	if (c->auth_users.n == 0) {
		load_error(l, v, "Authorization callouts require authorized "
		    "users to be specified");
		return false;
	}
	load_digest(l, v, &c->digest);
	*ret = c;
	return true;
}

/* ---- proxies ---------------------------------------------------------- */

static bool load_proxy_key(struct load *l, const struct conf_value *v,
    void *into)
{
	return load_string(l, v, "key", true, into);
}

static bool load_proxy(struct load *l, const struct conf_value *v,
    struct slice *ret)
{
	static const struct load_key keys[] = {
		{ "key public_key", load_proxy_key },
	};

	if (v->kind != CONF_MAP) {
		load_error(l, v, "expected proxies' trusted entry to be a "
		    "map/struct, got %s", load_go_type(v));
		return false;
	}
	if (!load_map(l, v, keys, N_OF(keys), "unknown field", "", ret))
		return false;
	load_expect_key(l, v, *ret, '*', "invalid proxy key ", "");
	return true;
}

static bool load_trusted_proxies(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_strings *ret = into;
	struct slice        *all;
	bool                 ok = true;

	if (v->kind != CONF_ARRAY) {
		load_error(l, v, "expected proxies' trusted field to be an "
		    "array, got %s", load_go_type(v));
		return false;
	}
	all = load_alloc(l, v->array.n + 1, sizeof *all);
	for (size_t i = 0; all != NULL && i < v->array.n; i++)
		ok = load_proxy(l, v->array.v[i], &all[i]) && ok;
	*ret = (struct conf_strings){ all, v->array.n };
	return ok && all != NULL;
}

bool load_proxies(struct load *l, const struct conf_value *v,
    struct conf_strings *ret)
{
	static const struct load_key keys[] = {
		{ "trusted", load_trusted_proxies },
	};

	if (v->kind == CONF_MAP)
		return load_map(l, v, keys, N_OF(keys), "unknown field", "", ret);
	load_error(l, v, "expected proxies to be a map/struct, got %s",
	    load_go_type(v));
	return false;
}

/* ---- keys and tokens -------------------------------------------------- */

/* One text, or an array of them. */
static bool load_texts(struct load *l, const struct conf_value *v,
    const char *name, struct conf_strings *ret)
{
	struct conf_value *const one[] = { (struct conf_value *)(uintptr_t)v };
	bool          is_array = v->kind == CONF_ARRAY, ok = true;
	struct conf_value *const *all = is_array ? v->array.v : one;
	size_t        n = is_array ? v->array.n : 1;
	struct slice *into = load_alloc(l, n + 1, sizeof *into);

	for (size_t i = 0; into != NULL && i < n; i++) {
		if (all[i]->kind == CONF_STRING) {
			ok = load_string(l, all[i], name, true, &into[i]) && ok;
			continue;
		}
		load_error(l, all[i], "error parsing %s: unsupported type %s%s",
		    name, is_array ? "in array " : "", load_go_type(all[i]));
		ok = false;
	}
	*ret = (struct conf_strings){ into, n };
	return ok && into != NULL;
}

static void expect_keys(struct load *l, const struct conf_value *v,
    const struct conf_strings *keys, bool is_pinned)
{
	for (size_t i = 0; i < keys->n; i++)
		if (is_pinned)
			load_expect_key(l, NULL, keys->v[i], 'A',
			    "pinned account key ",
			    " is not a valid public account nkey");
		else
			load_expect_key(l, v, keys->v[i], 'O', "trust key ",
			    " required to be a valid public operator nkey");
}

bool load_keys(struct load *l, const struct conf_value *v, const char *name,
    struct conf_strings *ret)
{
	bool is_pinned = strcmp(name, "resolver_pinned_accounts") == 0;

	if (!load_texts(l, v, is_pinned ? name : "trusted", ret))
		return false;
	expect_keys(l, v, ret, is_pinned);
	return true;
}

enum { TOKEN_FILE_MAX = 1 << 20 };

/* Appends a file; false and errno.  Nobody may be waited for: a pipe without a
 * writer is empty. */
static bool read_file(const char *path, struct buf *out)
{
	int     fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = -1;
	int     why;

	if (fd < 0)
		return false;
	while (out->n <= TOKEN_FILE_MAX) {
		char *p = buf_reserve(out, 4096);

		n = p == NULL ? 0 : read(fd, p, 4096);
		if (n <= 0)
			break;
		buf_added(out, (size_t)n);
	}
	why = n > 0 ? EFBIG : errno;
	close(fd);
	errno = why;
	return n == 0;
}

/* A token begins with "eyJ": {" in base64.  All else is the file it is in. */
static bool read_token(struct load *l, const struct conf_value *v,
    struct slice *token)
{
	struct buf text = { 0 };
	bool       ok;

	if (slice_has_prefix(*token, SLICE("eyJ")))
		return true;
	if (!arena_add_file(l->arena, token->p))
		l->is_out_of_memory = true;
	ok = read_file(token->p, &text);
	if (ok)
		*token = load_copy(l, buf_slice(&text));
	else
		load_error(l, v, "error parsing operator JWT: open %s: %s",
		    token->p, errno == ENOENT ? "no such file or directory" :
		    strerror(errno));
	if (buf_failed(&text))
		l->is_out_of_memory = true;
	buf_fini(&text);
	return ok;
}

bool load_tokens(struct load *l, const struct conf_value *v,
    struct conf_strings *ret)
{
	bool ok = true;

	if (!load_texts(l, v, "operators", ret) || l->is_out_of_memory)
		return false;
	for (size_t i = 0; i < ret->n; i++)
		ok = read_token(l, v,
		    (struct slice *)(uintptr_t)&ret->v[i]) && ok;
	return ok;
}

bool load_preload(struct load *l, const struct conf_value *v,
    struct conf_pairs *ret)
{
	struct conf_pair *into;
	bool              ok = true;

	if (v->kind != CONF_MAP) {
		load_error(l, v, "preload should be a map of "
		    "account_public_key:account_jwt");
		return false;
	}
	into = load_alloc(l, v->map.n + 1, sizeof *into);
	for (size_t i = 0; into != NULL && i < v->map.n; i++) {
		const struct conf_member *m = &v->map.v[i];

		into[i].name = load_copy(l, m->key);
		if (m->value->kind == CONF_STRING) {
			ok = load_string(l, m->value, "resolver_preload", true,
			    &into[i].text) && ok;
			continue;
		}
		load_error(l, m->value, "preload map value should be a string JWT");
		ok = false;
	}
	*ret = (struct conf_pairs){ into, v->map.n };
	return ok && into != NULL;
}

/* ---- resolvers -------------------------------------------------------- */

struct resolver_entry {
	struct conf_resolver *r;
	struct slice          type;
	bool has_ttl, has_interval, has_limit;
};

static bool load_resolver_type(struct load *l, const struct conf_value *v,
    void *into)
{
	struct resolver_entry *x = into;

	return load_string(l, v, "type", false, &x->type);
}

static bool load_resolver_dir(struct load *l, const struct conf_value *v,
    void *into)
{
	struct resolver_entry *x = into;

	return load_string(l, v, "dir", false, &x->r->dir);
}

static bool load_allow_delete(struct load *l, const struct conf_value *v,
    void *into)
{
	struct resolver_entry *x = into;

	return load_bool(l, v, "allow_delete", &x->r->allows_delete);
}

static bool load_hard_delete(struct load *l, const struct conf_value *v,
    void *into)
{
	struct resolver_entry *x = into;

	return load_bool(l, v, "hard_delete", &x->r->deletes_hard);
}

static bool load_resolver_limit(struct load *l, const struct conf_value *v,
    void *into)
{
	struct resolver_entry *x = into;

	return load_int(l, v, "limit", &x->r->limit);
}

static bool load_resolver_time(struct load *l, const struct conf_value *v,
    const char *key, int64_t *ret)
{
	if (!load_duration(l, v, key, ret))
		return false;
	if (*ret < 0)
		load_error(l, v, "%s can not be negative", key);
	return *ret >= 0;
}

static bool load_ttl(struct load *l, const struct conf_value *v, void *into)
{
	struct resolver_entry *x = into;

	x->has_ttl = true;
	return load_resolver_time(l, v, "ttl", &x->r->ttl_ns);
}

static bool load_interval(struct load *l, const struct conf_value *v,
    void *into)
{
	struct resolver_entry *x = into;

	x->has_interval = true;
	return load_resolver_time(l, v, "interval", &x->r->interval_ns);
}

static bool load_resolver_timeout(struct load *l, const struct conf_value *v,
    void *into)
{
	struct resolver_entry *x = into;

	return load_resolver_time(l, v, "timeout", &x->r->timeout_ns);
}

static bool refuse_resolver(struct load *l, const struct conf_value *v)
{
	load_error(l, v, "error parsing account resolver, should be MEM or  "
	    "URL(\"url\") or a map containing dir and type state=[FULL|CACHE])");
	return false;
}

/* What a cache does not do, in nats-server's order. */
static bool check_cache(struct load *l, const struct conf_value *v,
    const struct resolver_entry *x)
{
	const char *what = x->has_interval ? "sync" :
	    x->r->allows_delete ? "allow_delete" :
	    x->r->deletes_hard ? "hard_delete" : NULL;

	if (what != NULL)
		load_error(l, v, "CACHE does not accept %s", what);
	return what == NULL;
}

static bool check_full(struct load *l, const struct conf_value *v,
    const struct resolver_entry *x)
{
	const char *what = x->has_ttl ? "FULL does not accept ttl" :
	    x->r->deletes_hard && !x->r->allows_delete ?
	    "hard_delete has no effect without delete" : NULL;

	if (what != NULL)
		load_error(l, v, "%s", what);
	return what == NULL;
}

static bool check_directory(struct load *l, const struct conf_value *v,
    const struct resolver_entry *x)
{
	bool ok = x->r->kind == RESOLVER_CACHE ? check_cache(l, v, x) :
	    check_full(l, v, x);

	if (x->r->dir.n > 0)
		return ok;
	load_error(l, v,
	    "dir has no value and needs to point to a directory");
	return false;
}

static bool load_resolver_map(struct load *l, const struct conf_value *v,
    struct conf_resolver *r)
{
	static const struct load_key keys[] = {
		{ "type", load_resolver_type },
		{ "dir", load_resolver_dir },
		{ "allow_delete", load_allow_delete },
		{ "hard_delete", load_hard_delete },
		{ "limit", load_resolver_limit },
		{ "ttl", load_ttl },
		{ "interval", load_interval },
		{ "timeout", load_resolver_timeout },
	};
	struct resolver_entry x = { .r = r };

	if (!load_map(l, v, keys, N_OF(keys), "unknown field", "", &x))
		return false;
	if (load_is_word(x.type, "MEM MEMORY"))
		r->kind = RESOLVER_MEMORY;
	else if (load_is_word(x.type, "FULL"))
		r->kind = RESOLVER_FULL;
	else if (load_is_word(x.type, "CACHE"))
		r->kind = RESOLVER_CACHE;
	else
		return refuse_resolver(l, v);
	return r->kind == RESOLVER_MEMORY || check_directory(l, v, &x);
}

/* URL(http://host/path), perhaps in quotes; a '/' is put behind it. */
static bool load_resolver_url(struct load *l, struct slice s,
    struct conf_resolver *r)
{
	struct buf   url = { 0 };
	struct slice in;

	if (s.n < 5 || !slice_eq_nocase(slice_of(s.p, 4), SLICE("URL(")) ||
	    s.p[s.n - 1] != ')')
		return false;
	in = slice_of(s.p + 4, s.n - 5);
	if (in.n >= 2 && in.p[0] == '"' && in.p[in.n - 1] == '"')
		in = slice_of(in.p + 1, in.n - 2);
	buf_put_slice(&url, in);
	if (in.n == 0 || in.p[in.n - 1] != '/')
		buf_put_char(&url, '/');
	if (buf_failed(&url))
		l->is_out_of_memory = true;
	r->kind = RESOLVER_URL;
	r->url = load_copy(l, buf_slice(&url));
	buf_fini(&url);
	return true;
}

bool load_resolver(struct load *l, const struct conf_value *v,
    const struct conf_resolver **ret)
{
	struct conf_resolver *r = load_alloc(l, 1, sizeof *r);

	if (r == NULL)
		return false;
	load_digest(l, v, &r->digest);
	*ret = r;
	if (v->kind == CONF_MAP)
		return load_resolver_map(l, v, r);
	if (v->kind != CONF_STRING) {
		load_error(l, v, "error parsing operator resolver, wrong type %s",
		    load_go_type(v));
		return false;
	}
	return load_is_word(v->str, "MEM MEMORY") ||
	    load_resolver_url(l, v->str, r) || refuse_resolver(l, v);
}
