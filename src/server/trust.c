/* server/trust.c - operators and the resolver, from the options. */
#include "server/trust.h"

#include <errno.h>
#include <sys/stat.h>

#include "auth/operators.h"
#include "auth/resolver.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/options.h"
#include "session/version.h"

bool trust_is_configured(const struct options *o)
{
	return o->operators.n > 0 || o->trusted_keys.n > 0;
}

bool trust_is_same_resolver(const struct options *a, const struct options *b)
{
	const struct conf_resolver *x = a->resolver, *y = b->resolver;

	if (x == NULL || y == NULL)
		return x == y;
	return memcmp(&x->digest, &y->digest, sizeof x->digest) == 0;
}

int trust_operators(const struct options *o, struct operators **ret,
    struct buf *why)
{
	struct operators_config conf = {
		.tokens = o->operators.v, .n_tokens = o->operators.n,
		.keys = o->trusted_keys.v, .n_keys = o->trusted_keys.n,
		.system_account = o->system_account,
		.pinned = o->resolver_pinned_accounts.v,
		.n_pinned = o->resolver_pinned_accounts.n,
		.sentinel = o->default_sentinel,
		.version = SLICE(NATS_VERSION),
	};

	return operators_create(&conf, ret, why);
}

/* ---- the directory --------------------------------------------------------- */

/* With all that lead to it; else errno. */
static int make_dir(struct slice path)
{
	struct buf b = { 0 };
	int        err = 0;

	for (size_t i = 1; i <= path.n && err == 0; i++) {
		if (i < path.n && path.p[i] != '/')
			continue;
		buf_reset(&b);
		buf_put(&b, path.p, i);
		buf_put_char(&b, '\0');
		if (buf_failed(&b))
			err = ERR_NOMEM;
		else if (mkdir(b.p, 0750) != 0 && errno != EEXIST)
			err = ERR_CONFIG;
	}
	buf_fini(&b);
	return err;
}

int trust_make_dir(const struct options *o, struct buf *why)
{
	const struct conf_resolver *r = o->resolver;
	struct stat                 st;
	int                         err;

	if (r == NULL || r->dir.n == 0)
		return 0;
	err = make_dir(r->dir);
	if (err != 0)
		buf_printf(why, "mkdir %s: %s", r->dir.p, strerror(errno));
	else if (stat(r->dir.p, &st) != 0 || !S_ISDIR(st.st_mode))
		buf_printf(why, "mkdir %s: not a directory", r->dir.p);
	return why->n > 0 ? ERR_CONFIG : err;
}

bool trust_url(const struct options *o, struct buf *out)
{
	struct operators *operators = NULL;
	struct buf        why = { 0 };
	bool              ok = false;

	if (o->resolver != NULL) {
		buf_put_slice(out, o->resolver->url);
		return o->resolver->url.n > 0;
	}
	if (o->operators.n > 0 && trust_operators(o, &operators, &why) == 0)
		ok = operators_account_url(operators, out);
	operators_unref(operators);
	buf_fini(&why);
	return ok;
}

static int open_store(const struct conf_resolver *r, struct resolver **ret,
    struct buf *why)
{
	static const enum jwt_store_kind kinds[] = {
		[RESOLVER_MEMORY] = JWT_STORE_MEMORY,
		[RESOLVER_FULL] = JWT_STORE_FULL,
		[RESOLVER_CACHE] = JWT_STORE_CACHE,
	};
	struct jwt_store_config store = {
		.kind = kinds[r->kind],
		.dir = r->dir.p,
		.erases = r->deletes_hard,
		.n_max = r->limit,
		.ttl_ns = r->ttl_ns,
	};
	struct resolver_config conf = { .store = &store };

	return resolver_create(&conf, ret, why);
}

/* ---- the web server -------------------------------------------------------- */

static int open_url(const struct options *o, struct slice base,
    struct resolver **ret, struct buf *why)
{
	const struct conf_tls    *t = o->resolver_tls;
	struct account_url_config url = {
		.url = base,
		.timeout_ns = o->resolver == NULL ? 0 : o->resolver->timeout_ns,
	};
	struct resolver_config conf = { .url = &url };
	int                    err;

	if (t != NULL) {
		url.ca_file = t->ca_file.n > 0 ? t->ca_file.p : NULL;
		url.trusts_anyone = t->insecure;
		if (t->n_pairs > 0) {
			url.cert_file = t->pairs[0].cert_file.p;
			url.key_file = t->pairs[0].key_file.p;
		}
	}
	err = resolver_create(&conf, ret, why);
	if (err != 0)
		return err;
	err = resolver_probe(*ret, why);
	if (err != 0) {
		resolver_destroy(*ret);
		*ret = NULL;
	}
	return err;
}

static int open_operators_url(const struct options *o,
    const struct operators *operators, struct resolver **ret,
    struct buf *why)
{
	struct buf url = { 0 };
	int        err = ERR_CONFIG;

	if (operators_account_url(operators, &url))
		err = open_url(o, buf_slice(&url), ret, why);
	else
		buf_put_str(why, "operators require an account resolver to be "
		    "configured");
	buf_fini(&url);
	return err;
}

int trust_resolver(const struct options *o, const struct operators *operators,
    struct resolver **ret, struct buf *why)
{
	const struct conf_resolver *r = o->resolver;
	static const struct conf_resolver memory = { .kind = RESOLVER_MEMORY };

	if (r == NULL && o->operators.n > 0)
		return open_operators_url(o, operators, ret, why);
	if (r == NULL)
		r = &memory;
	return r->kind == RESOLVER_URL ? open_url(o, r->url, ret, why)
	    : open_store(r, ret, why);
}
