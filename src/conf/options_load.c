/* conf/options_load.c - from a document to options.
 *
 * Two tables do it: `takes` reads one kind of value, `blocks` holds the few
 * keys that are more than one value.  Everything that is wrong is told before
 * the load fails, so that a file is mended in one round.
 */
#include "conf/options_int.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "conf/arena.h"
#include "conf/parse.h"
#include "conf/value.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- complaining ------------------------------------------------------ */

__attribute__((format(printf, 3, 0)))
static void say(struct buf *out, const struct conf_value *v, const char *fmt,
    va_list ap)
{
	if (v != NULL)
		buf_printf(out, "%s:%d:%d: ", v->file, v->line, v->col);
	buf_vprintf(out, fmt, ap);
	buf_put_char(out, '\n');
}

void load_error(struct load *l, const struct conf_value *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(&l->r->errors, v, fmt, ap);
	va_end(ap);
	l->r->n_errors++;
}

void load_warn(struct load *l, const struct conf_value *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(&l->r->warnings, v, fmt, ap);
	va_end(ap);
	l->r->n_warnings++;
}

static void put_found(struct buf *out, const struct conf_value *v)
{
	enum { SHOWN_MAX = 60 };

	buf_put_str(out, conf_kind_noun(v->kind));
	if (v->kind == CONF_INT)
		buf_printf(out, ", %lld", (long long)v->i);
	if (v->kind == CONF_BOOL)
		buf_put_str(out, v->b ? ", true" : ", false");
	if (v->kind == CONF_FLOAT) {
		buf_put_str(out, ", ");
		text_put_f64(out, v->f);
	}
	if (v->kind == CONF_STRING && v->str.n <= SHOWN_MAX) {
		buf_put_str(out, ", ");
		text_put_quoted(out, v->str);
	}
}

void load_mismatch(struct load *l, const struct conf_value *v, const char *key,
    const char *want, bool is_secret)
{
	struct buf found = { 0 };

	if (is_secret)
		buf_put_str(&found, conf_kind_noun(v->kind));
	else
		put_found(&found, v);
	load_error(l, v, "\"%s\" wants %s, but found %.*s", key, want,
	    SLICE_ARG(buf_slice(&found)));
	buf_fini(&found);
}

void conf_report_error(struct conf_report *r, const struct conf_place *place,
    const char *fmt, ...)
{
	va_list ap;

	if (place != NULL)
		buf_printf(&r->errors, "%s:%d:%d: ", place->file, place->line,
		    place->col);
	va_start(ap, fmt);
	buf_vprintf(&r->errors, fmt, ap);
	va_end(ap);
	buf_put_char(&r->errors, '\n');
	r->n_errors++;
}

void *load_alloc(struct load *l, size_t count, size_t size)
{
	void *p = arena_alloc(l->arena, count, size);

	if (p == NULL)
		l->is_out_of_memory = true;
	return p;
}

struct slice load_copy(struct load *l, struct slice s)
{
	struct slice copy = arena_copy(l->arena, s);

	if (copy.p == NULL)
		l->is_out_of_memory = true;
	return copy;
}

/* ---- kinds ------------------------------------------------------------ */

bool load_string(struct load *l, const struct conf_value *v, const char *key,
    bool is_secret, struct slice *ret)
{
	if (v->kind != CONF_STRING) {
		load_mismatch(l, v, key, "a string", is_secret);
		return false;
	}
	if (memchr(v->str.p, '\0', v->str.n) != NULL) {
		load_error(l, v, "\"%s\" must not hold a NUL byte", key);
		return false;
	}
	*ret = load_copy(l, v->str);
	return true;
}

static bool take_bool(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	if (v->kind != CONF_BOOL) {
		load_mismatch(l, v, row->key, "true or false", false);
		return false;
	}
	ret->as_BOOL = v->b;
	return true;
}

static bool in_range(struct load *l, const struct option *row,
    const struct conf_value *v, int64_t n, union option_value *ret)
{
	struct buf why = { 0 };
	bool       ok = option_check_range(row, n, &why);

	if (!ok)
		load_error(l, v, "%.*s", SLICE_ARG(buf_slice(&why)));
	buf_fini(&why);
	ret->as_INT = n;
	return ok;
}

static bool take_number(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	if (v->kind != CONF_INT) {
		load_mismatch(l, v, row->key, row->kind == KIND_SIZE ?
		    "a size, for example 64MB" :
		    "a whole number, for example 100", false);
		return false;
	}
	return in_range(l, row, v, v->i, ret);
}

static bool take_duration(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	const char *why;
	int64_t     ns;

	if (v->kind != CONF_STRING) {
		load_mismatch(l, v, row->key,
		    "a duration in quotes, for example \"2m\"", false);
		return false;
	}
	if (!text_parse_duration(v->str, &ns, &why)) {
		load_error(l, v, "error parsing %s: %s", row->key, why);
		return false;
	}
	return in_range(l, row, v, ns, ret);
}

/* Seconds as a number are accepted, and 2m without quotes is such a number,
 * two million: the author means something else. */
static bool take_seconds(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	int64_t ns;

	if (v->kind != CONF_INT)
		return take_duration(l, row, v, ret);
	load_warn(l, v, "invalid use of field \"%s\": %s should be converted "
	    "to a duration", row->key, row->key);
	if (v->has_suffix)
		load_warn(l, v, "without quotes that is %lld seconds; is a "
		    "duration in quotes meant, \"2m\" for example?",
		    (long long)v->i);
	if (__builtin_mul_overflow(v->i, OPTION_SECOND, &ns)) {
		load_error(l, v, "%s value is too big: %lld seconds", row->key,
		    (long long)v->i);
		return false;
	}
	return in_range(l, row, v, ns, ret);
}

static bool timeout_ns(struct load *l, const struct conf_value *v, int64_t *ret)
{
	const char *why;

	if (v->kind == CONF_INT && !__builtin_mul_overflow(v->i, OPTION_SECOND, ret))
		return true;
	if (v->kind == CONF_FLOAT && fabs(v->f) < 9e9) {
		*ret = (int64_t)(v->f * 1e9);
		return true;
	}
	if (v->kind == CONF_STRING && text_parse_duration(v->str, ret, &why))
		return true;
	load_error(l, v, "error parsing authorization config, 'timeout' %s",
	    v->kind == CONF_STRING ? why :
	    v->kind == CONF_INT || v->kind == CONF_FLOAT ? "is too big" :
	    "wrong type: it wants seconds or a duration in quotes");
	return false;
}

static bool take_timeout(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	struct buf shown = { 0 };
	int64_t    ns;

	if (!timeout_ns(l, v, &ns))
		return false;
	if (ns > 60 * OPTION_SECOND) {
		if (v->kind == CONF_STRING)
			buf_put_slice(&shown, v->str);
		else
			text_put_f64(&shown, v->kind == CONF_INT ?
			    (double)v->i : v->f);
		load_warn(l, v, "invalid use of field \"timeout\": timeout of "
		    "%.*s (%f seconds) is high, consider keeping it under 60 "
		    "seconds. possibly caused by unquoted duration; use '1m' "
		    "instead of 1m, for example",
		    SLICE_ARG(buf_slice(&shown)), (double)ns / 1e9);
		buf_fini(&shown);
	}
	return in_range(l, row, v, ns, ret);
}

static bool take_string(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	return load_string(l, v, row->key, row->kind == KIND_SECRET,
	    &ret->as_STRING);
}

static bool take_policy(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	static const char *const words[] = {
		[WRITE_DEFAULT] = "default", [WRITE_CLOSE] = "close",
		[WRITE_RETRY] = "retry",
	};

	for (size_t i = 0; v->kind == CONF_STRING && i < N_OF(words); i++)
		if (slice_eq_nocase(v->str, slice_str(words[i]))) {
			ret->as_POLICY = (enum write_policy)i;
			return true;
		}
	load_error(l, v, "%s must be 'default', 'close' or 'retry'", row->key);
	return false;
}

/* Trimmed and in lower case, in place; an empty one is dropped. */
static void add_tag(struct conf_strings *tags, struct slice *into, struct slice s)
{
	while (s.n > 0 && isspace((unsigned char)s.p[0]))
		s = slice_skip(s, 1);
	while (s.n > 0 && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	if (s.n == 0)
		return;
	for (size_t i = 0; i < s.n; i++) {
		char *c = (char *)(uintptr_t)&s.p[i];	/* our own copy */

		*c = (char)tolower((unsigned char)*c);
	}
	((char *)(uintptr_t)s.p)[s.n] = '\0';
	into[tags->n++] = s;
}

static bool take_tags(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	static const char  want[] = "a string or an array of strings";
	struct conf_value *const one[] = { (struct conf_value *)(uintptr_t)v };
	struct conf_value *const *all = v->kind == CONF_ARRAY ? v->array.v : one;
	size_t             n = v->kind == CONF_ARRAY ? v->array.n : 1;
	struct slice      *into = load_alloc(l, n + 1, sizeof *into), s;

	if (into == NULL)
		return false;
	ret->as_TAGS = (struct conf_strings){ .v = into };
	for (size_t i = 0; i < n; i++) {
		if (all[i]->kind != CONF_STRING) {
			load_mismatch(l, all[i], row->key, want, false);
			return false;
		}
		if (!load_string(l, all[i], row->key, false, &s))
			return false;
		if (s.p != NULL)
			add_tag(&ret->as_TAGS, into, s);
	}
	return true;
}

static bool is_map(struct load *l, const struct option *row,
    const struct conf_value *v, const char *what)
{
	if (v->kind == CONF_MAP)
		return true;
	load_error(l, v, "error parsing %s: \"%s\" wants a map, but found %s",
	    what, row->key, conf_kind_noun(v->kind));
	return false;
}

static bool take_pairs(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	struct conf_pair *into;
	bool              ok = true;

	if (!is_map(l, row, v, "metadata"))
		return false;
	into = load_alloc(l, v->map.n + 1, sizeof *into);
	for (size_t i = 0; into != NULL && i < v->map.n; i++) {
		const struct conf_member *m = &v->map.v[i];

		into[i].name = load_copy(l, m->key);
		ok = load_string(l, m->value, m->key.p, false,
		    &into[i].text) && ok;
	}
	ret->as_PAIRS = (struct conf_pairs){ into, v->map.n };
	return ok && into != NULL;
}

static bool take_flags(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	struct conf_flag *into;
	bool              ok = true;

	if (!is_map(l, row, v, "feature flags"))
		return false;
	into = load_alloc(l, v->map.n + 1, sizeof *into);
	for (size_t i = 0; into != NULL && i < v->map.n; i++) {
		const struct conf_member *m = &v->map.v[i];

		into[i].name = load_copy(l, m->key);
		if (m->value->kind == CONF_BOOL) {
			into[i].is_on = m->value->b;
			continue;
		}
		load_error(l, m->value, "error parsing feature flag \"%.*s\": "
		    "expected bool, got %s", SLICE_ARG(m->key),
		    conf_kind_noun(m->value->kind));
		ok = false;
	}
	ret->as_FLAGS = (struct conf_flags){ into, v->map.n };
	return ok && into != NULL;
}

static bool take_users(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	(void)row;
	return load_users(l, v, &ret->as_USERS);
}

static bool take_permissions(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	(void)row;
	return load_permissions(l, v, &ret->as_PERMISSIONS);
}

static bool take_accounts(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	(void)row;
	return load_accounts(l, v, &ret->as_ACCOUNTS);
}

static bool take_mappings(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	(void)row;
	return load_mappings(l, v, &ret->as_MAPPINGS);
}

static bool take_callout(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	(void)row;
	return load_callout(l, v, &ret->as_CALLOUT);
}

static bool take_proxies(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	(void)row;
	return load_proxies(l, v, &ret->as_PROXIES);
}

static bool take_resolver(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	(void)row;
	return load_resolver(l, v, &ret->as_RESOLVER);
}

static bool take_tokens(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	(void)row;
	return load_tokens(l, v, &ret->as_TOKENS);
}

static bool take_keys(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	return load_keys(l, v, row->key, &ret->as_KEYS);
}

static bool take_preload(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	(void)row;
	return load_preload(l, v, &ret->as_PRELOAD);
}

static bool take_tls(struct load *l, const struct option *row,
    const struct conf_value *v, union option_value *ret)
{
	(void)row;
	return load_tls(l, v, &ret->as_TLS);
}

static bool (*const takes[N_KINDS])(struct load *, const struct option *,
    const struct conf_value *, union option_value *) = {
	[KIND_BOOL]     = take_bool,     [KIND_INT]     = take_number,
	[KIND_SIZE]     = take_number,   [KIND_DURATION] = take_duration,
	[KIND_SECONDS]  = take_seconds,  [KIND_TIMEOUT] = take_timeout,
	[KIND_STRING]   = take_string,   [KIND_SECRET]  = take_string,
	[KIND_TAGS]     = take_tags,     [KIND_PAIRS]   = take_pairs,
	[KIND_FLAGS]    = take_flags,    [KIND_POLICY]  = take_policy,
	[KIND_USERS]    = take_users,
	[KIND_PERMISSIONS] = take_permissions,
	[KIND_ACCOUNTS] = take_accounts, [KIND_MAPPINGS] = take_mappings,
	[KIND_CALLOUT]  = take_callout,  [KIND_PROXIES] = take_proxies,
	[KIND_RESOLVER] = take_resolver, [KIND_TOKENS]  = take_tokens,
	[KIND_KEYS]     = take_keys,     [KIND_PRELOAD] = take_preload,
	[KIND_TLS]      = take_tls,
};

static bool is_sync_interval(struct load *l, const struct conf_value *v,
    struct slice text)
{
	const char *why;
	int64_t     ns = 0;

	if (slice_eq_nocase(text, SLICE("always")))
		return true;
	if (!text_parse_duration(text, &ns, &why))
		load_error(l, v, "error parsing sync_interval: %s", why);
	else if (ns < 0)
		load_error(l, v, "error parsing sync_interval: it is negative");
	else
		return true;
	return false;
}

/* An empty one would mean that nothing is encrypted, where somebody thinks
 * that everything is. */
static bool is_key(struct load *l, const struct conf_value *v,
    const char *name, struct slice key)
{
	if (key.n == 0)
		load_error(l, v, "\"%s\" is empty: nothing would be "
		    "encrypted", name);
	return key.n > 0;
}

static bool is_cipher(struct load *l, const struct conf_value *v,
    struct slice name)
{
	bool ok = load_is_word(name, "chacha chachapoly aes");

	if (!ok)
		load_error(l, v, "Unknown cipher type: \"%.*s\"",
		    SLICE_ARG(name));
	return ok;
}

/* What single rows refuse beyond their kind, with nats-server's texts. */
static bool is_fit(struct load *l, enum option_id id,
    const struct conf_value *v, const union option_value *x)
{
	if (id == OPTION_server_name && x->as_STRING.n > 0 &&
	    memchr(x->as_STRING.p, ' ', x->as_STRING.n) != NULL) {
		load_error(l, v, "server name cannot contain spaces");
		return false;
	}
	if (id == OPTION_system_account &&
	    slice_eq(x->as_STRING, SLICE("$G"))) {
		load_error(l, v, "\"$G\" can not be the system account: "
		    "everybody may be in there");
		return false;
	}
	if (id == OPTION_js_domain && (memchr(x->as_STRING.p, '.',
	    x->as_STRING.n) != NULL || !load_is_subject(x->as_STRING) ||
	    load_has_wildcard(x->as_STRING))) {
		load_error(l, v, "invalid domain name: may not contain ., * or "
		    ">");
		return false;
	}
	if (id == OPTION_js_sync)
		return is_sync_interval(l, v, x->as_STRING);
	if (id == OPTION_js_key)
		return is_key(l, v, "key", x->as_SECRET);
	if (id == OPTION_js_cipher)
		return is_cipher(l, v, x->as_STRING);
	if (id == OPTION_js_store_dir && l->o->js_store_dir.n > 0 &&
	    !l->o->is_forced[id]) {
		load_error(l, v, "Duplicate 'store_dir' configuration");
		return false;
	}
	if (id == OPTION_lame_duck_duration && x->as_DURATION < 30 * OPTION_SECOND) {
		load_error(l, v, "invalid lame_duck_duration of %.*s, minimum "
		    "is 30 seconds", SLICE_ARG(v->str));
		return false;
	}
	return true;
}

static void take_row(struct load *l, const struct option *row,
    const struct conf_value *v)
{
	union option_value x;

	memset(&x, 0, sizeof x);
	if (!takes[row->kind](l, row, v, &x) || l->is_out_of_memory)
		return;
	if (!is_fit(l, option_id(row), v, &x) || l->o->is_forced[option_id(row)])
		return;
	option_store(l->o, row, &x);
	l->o->places[option_id(row)] = load_place(l, v);
}

/* ---- keys that are more than one value -------------------------------- */

static void store_host(struct load *l, enum option_id id, struct slice host)
{
	union option_value x = { .as_STRING = load_copy(l, host) };

	if (!l->o->is_forced[id] && x.as_STRING.p != NULL && host.n > 0)
		option_store(l->o, option_of(id), &x);
}

static void store_port(struct load *l, enum option_id id,
    const struct conf_value *v, int64_t port)
{
	union option_value x;

	if (in_range(l, option_of(id), v, port, &x) && !l->o->is_forced[id])
		option_store(l->o, option_of(id), &x);
}

/* "host:port", "[::1]:port", ":port" */
static bool split_address(struct slice s, struct slice *host, struct slice *port)
{
	const char *colon = s.n == 0 ? NULL : memrchr(s.p, ':', s.n);
	bool        in_brackets = s.n > 0 && s.p[0] == '[';

	if (colon == NULL)
		return false;
	*host = slice_of(s.p, (size_t)(colon - s.p));
	*port = slice_skip(s, host->n + 1);
	if (in_brackets) {
		if (host->n < 2 || host->p[host->n - 1] != ']')
			return false;
		*host = slice_of(host->p + 1, host->n - 2);
		return memchr(host->p, ']', host->n) == NULL;
	}
	return memchr(host->p, ':', host->n) == NULL &&
	    memchr(host->p, '\0', host->n) == NULL;
}

static void take_address(struct load *l, const struct conf_value *v,
    enum option_id host_id, enum option_id port_id)
{
	struct slice host, port;
	int64_t      nr;

	if (v->kind == CONF_INT) {
		store_port(l, port_id, v, v->i);
	} else if (v->kind != CONF_STRING) {
		load_error(l, v, "expected port or host:port, got %s",
		    conf_kind_noun(v->kind));
	} else if (!split_address(v->str, &host, &port)) {
		load_error(l, v, "could not parse address string \"%.*s\"",
		    SLICE_ARG(v->str));
	} else if (!text_parse_i64(port, &nr)) {
		load_error(l, v, "could not parse port \"%.*s\"",
		    SLICE_ARG(port));
	} else {
		store_host(l, host_id, host);
		store_port(l, port_id, v, nr);
	}
}

static void take_listen(struct load *l, const struct conf_value *v)
{
	take_address(l, v, OPTION_host, OPTION_port);
}

static void take_http(struct load *l, const struct conf_value *v)
{
	take_address(l, v, OPTION_http_host, OPTION_http_port);
}

static void take_https(struct load *l, const struct conf_value *v)
{
	take_address(l, v, OPTION_http_host, OPTION_https_port);
}

static void take_unknown(struct load *l, const char *block,
    const struct conf_member *m)
{
	const char *near = option_nearest(block, m->key);

	if (m->value->is_used)
		return;		/* it was there to be named as a variable */
	if (near == NULL)
		load_error(l, m->value, "unknown field \"%.*s\"",
		    SLICE_ARG(m->key));
	else
		load_error(l, m->value, "unknown field \"%.*s\"; did you mean "
		    "\"%s\"?", SLICE_ARG(m->key), near);
}

bool load_is_off(const struct conf_value *v)
{
	return (v->kind == CONF_BOOL && !v->b) ||
	    (v->kind == CONF_INT && v->i == 0) ||
	    (v->kind == CONF_STRING &&
	    slice_eq_nocase(v->str, SLICE("disabled")));
}

void load_member(struct load *l, const char *block,
    const struct conf_member *m)
{
	const struct option *row = option_find_in(block, m->key);

	if (row != NULL)
		take_row(l, row, m->value);
	else if (option_is_ignored(block, m->key))
		return;
	else if (!option_is_absent(block, m->key))
		take_unknown(l, block, m);
	else if (!load_is_off(m->value))
		load_error(l, m->value, "\"%.*s\" is not built into this "
		    "server yet", SLICE_ARG(m->key));
}

/* A block that was meant to keep people out and keeps nobody out is a
 * mistake with a price: it does not load. */
static void check_authorization(struct load *l, const struct conf_value *v)
{
	const struct options *o = l->o;
	bool has_user = o->auth_user.n > 0 || o->auth_pass.n > 0;
	bool names_secrets = o->is_given[OPTION_auth_user] ||
	    o->is_given[OPTION_auth_pass] || o->is_given[OPTION_auth_token] ||
	    o->is_given[OPTION_users];

	if (has_user && o->auth_token.n > 0)
		load_error(l, v, "Cannot have a user/pass and token");
	if (has_user && o->users.n > 0)
		load_error(l, v,
		    "Can not have a single user/pass and a users array");
	if (o->auth_token.n > 0 && o->users.n > 0)
		load_error(l, v, "Can not have a token and a users array");
	if (l->r->n_errors > 0 || options_has_credentials(o))
		return;
	if (v->map.n == 0 || names_secrets)
		load_error(l, v, "\"authorization\" lets everybody in: it names "
		    "no user and no token");
}

static void take_authorization(struct load *l, const struct conf_value *v)
{
	if (v->kind != CONF_MAP) {
		load_mismatch(l, v, "authorization",
		    "a map, for example { user: a, password: b }", true);
		return;
	}
	l->o->has_authorization = true;
	for (size_t i = 0; i < v->map.n; i++)
		load_member(l, "authorization.", &v->map.v[i]);
	load_spread_permissions(l->o->users, l->o->default_permissions);
	check_authorization(l, v);
}

static const struct {
	const char *key;
	void      (*take)(struct load *, const struct conf_value *);
} blocks[] = {
	{ "jetstream",     load_jetstream },
	{ "listen",        take_listen },
	{ "http",          take_http },
	{ "https",         take_https },
	{ "authorization", take_authorization },
};

static void take_top(struct load *l, const struct conf_member *m)
{
	for (size_t i = 0; i < N_OF(blocks); i++)
		if (slice_eq_nocase(m->key, slice_str(blocks[i].key))) {
			blocks[i].take(l, m->value);
			return;
		}
	load_member(l, "", m);
}

/* ---- files ------------------------------------------------------------ */

static void take_root(struct load *l, const struct conf_value *root,
    const char *name)
{
	for (size_t i = 0; i < root->map.n; i++)
		take_top(l, &root->map.v[i]);
	if (root->map.n == 0)
		load_warn(l, NULL, "%s: config has no values or is empty", name);
	if (!options_settle_tls(l->o))
		l->is_out_of_memory = true;
	options_settle(l->o);
	load_check_together(l);
}

static int finish(struct load *l, int err)
{
	struct conf_report *r = l->r;

	if (err == ERR_CONFIG) {
		buf_put_char(&r->errors, '\n');
		r->n_errors++;
	}
	if (err == 0 && r->n_errors > 0)
		err = ERR_CONFIG;
	if (l->is_out_of_memory || buf_failed(&r->errors) ||
	    buf_failed(&r->warnings))
		err = ERR_NOMEM;
	return err;
}

static int keep_files(struct options *o, const struct conf_arena *tree)
{
	for (const struct arena_file *f = arena_files(tree); f; f = f->next) {
		struct slice kept = arena_copy(o->arena, slice_str(f->path));

		if (kept.p == NULL || !arena_add_file(o->arena, kept.p))
			return ERR_NOMEM;
	}
	return 0;
}

static int load(struct options *o, struct slice text, bool is_file,
    const char *name, struct conf_report *r)
{
	struct load        l = { .o = o, .r = r, .arena = o->arena };
	struct conf_arena *tree = arena_create();
	struct conf_value *root;
	int                err;

	if (tree == NULL)
		return ERR_NOMEM;
	if (is_file)
		err = conf_parse_file(tree, name, &r->errors, &root);
	else
		err = conf_parse_text(tree, text, name, &r->errors, &root);
	if (err == 0 && !value_digest(root, r->digest))
		err = ERR_NOMEM;
	if (err == 0)
		err = keep_files(o, tree);
	if (err == 0)
		take_root(&l, root, name);
	arena_destroy(tree);
	return finish(&l, err);
}

int options_load_file(struct options *o, const char *path,
    struct conf_report *r)
{
	return load(o, SLICE_NONE, true, path, r);
}

int options_load_text(struct options *o, struct slice text, const char *name,
    struct conf_report *r)
{
	return load(o, text, false, name, r);
}
