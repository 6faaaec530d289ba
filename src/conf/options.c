/* conf/options.c - the rows, and what can be done with one of them alone. */
#include "conf/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "conf/arena.h"
#include "conf/options_int.h"

static const struct option rows[] = {
#define X(member, kind, key, aliases, dflt, min, max, flags, change, name, help) \
	[OPTION_##member] = { key, aliases, KIND_##kind, dflt, min, max,	\
	    OPTION_FLAG_##flags, CHANGE_##change, name, help,		\
	    offsetof(struct options, member) },
	OPTIONS(X)
#undef X
};

static const char *const absent[] = {
#define X(key) key,
	OPTIONS_ABSENT(X)
#undef X
};

static const char *const ignored[] = {
#define X(key) key,
	OPTIONS_IGNORED(X)
#undef X
};

static const size_t kind_bytes[] = {
#define X(kind) [KIND_##kind] = sizeof(OPTION_C_##kind),
	OPTION_KINDS(X)
#undef X
};

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- rows ------------------------------------------------------------- */

const struct option *option_of(enum option_id id)
{
	return &rows[id];
}

enum option_id option_id(const struct option *row)
{
	return (enum option_id)(row - rows);
}

/* The next word of *s, which is moved past it; false: no more. */
static bool next_word(const char **s, struct slice *ret)
{
	size_t n;

	*s += strspn(*s, " ");
	n = strcspn(*s, " ");
	*ret = slice_of(*s, n);
	*s += n;
	return n > 0;
}

/* Is `name` block and key together? */
static bool names(struct slice name, const char *block, struct slice key)
{
	size_t n = strlen(block);

	return name.n == n + key.n && memcmp(name.p, block, n) == 0 &&
	    slice_eq_nocase(slice_skip(name, n), key);
}

const struct option *option_find_in(const char *block, struct slice key)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const char  *aliases = rows[i].aliases;
		struct slice word;

		if (names(slice_str(rows[i].key), block, key))
			return &rows[i];
		while (next_word(&aliases, &word))
			if (names(word, block, key))
				return &rows[i];
	}
	return NULL;
}

const struct option *option_find(struct slice key)
{
	return option_find_in("", key);
}

bool option_is_absent(const char *block, struct slice key)
{
	for (size_t i = 0; i < N_OF(absent); i++)
		if (names(slice_str(absent[i]), block, key))
			return true;
	return false;
}

bool option_is_ignored(const char *block, struct slice key)
{
	for (size_t i = 0; i < N_OF(ignored); i++)
		if (names(slice_str(ignored[i]), block, key))
			return true;
	return false;
}

/* ---- the nearest key -------------------------------------------------- */

struct nearest {
	const char  *block;
	struct slice key, best;
	unsigned     distance;
};

static void consider(struct nearest *near, struct slice name)
{
	size_t   n = strlen(near->block);
	unsigned d;

	if (!slice_has_prefix(name, slice_str(near->block)))
		return;
	name = slice_skip(name, n);
	if (memchr(name.p, '.', name.n) != NULL)
		return;
	d = text_distance(near->key, name, near->distance);
	if (d < near->distance) {
		near->distance = d;
		near->best = name;
	}
}

const char *option_nearest(const char *block, struct slice key)
{
	static _Thread_local char text[64];
	static const char *const  words[] = { "listen", "http", "authorization",
		"include" };
	/* a third of it may be wrong */
	struct nearest near = { block, key, SLICE_NONE,
		key.n < 3 ? 2 : (unsigned)(key.n > 12 ? 4 : key.n / 3) + 1 };

	for (size_t i = 0; i < N_OPTIONS; i++) {
		const char  *aliases = rows[i].aliases;
		struct slice word;

		consider(&near, slice_str(rows[i].key));
		while (next_word(&aliases, &word))
			consider(&near, word);
	}
	for (size_t i = 0; i < N_OF(words); i++)
		consider(&near, slice_str(words[i]));
	for (size_t i = 0; i < N_OF(absent); i++)
		consider(&near, slice_str(absent[i]));
	if (near.best.n == 0 || near.best.n >= sizeof text)
		return NULL;
	memcpy(text, near.best.p, near.best.n);
	text[near.best.n] = '\0';
	return text;
}

/* ---- life ------------------------------------------------------------- */

static void set_default(struct options *o, const struct option *row)
{
	void *at = (char *)o + row->at;

	switch (row->kind) {
	case KIND_BOOL:
		*(bool *)at = row->dflt != 0;
		break;
	case KIND_POLICY:
		*(enum write_policy *)at = (enum write_policy)row->dflt;
		break;
	case KIND_INT: case KIND_SIZE: case KIND_DURATION: case KIND_SECONDS:
	case KIND_TIMEOUT:
		*(int64_t *)at = row->dflt;
		break;
	default:
		break;		/* zeroed: absent */
	}
}

struct options *options_create_default(void)
{
	struct options *o = calloc(1, sizeof *o);

	if (o == NULL)
		return NULL;
	o->arena = arena_create();
	if (o->arena == NULL) {
		free(o);
		return NULL;
	}
	for (size_t i = 0; i < N_OPTIONS; i++)
		set_default(o, &rows[i]);
	o->prometheus_prefix = arena_copy(o->arena, SLICE("nats"));
	if (o->prometheus_prefix.p == NULL) {
		options_destroy(o);
		return NULL;
	}
	return o;
}

void options_destroy(struct options *o)
{
	if (o == NULL)
		return;
	arena_destroy(o->arena);
	free(o);
}

void conf_report_fini(struct conf_report *r)
{
	buf_fini(&r->errors);
	buf_fini(&r->warnings);
	*r = (struct conf_report){ 0 };
}

/* ---- values ----------------------------------------------------------- */

void option_store(struct options *o, const struct option *row,
    const union option_value *v)
{
	o->is_given[option_id(row)] = true;
	memcpy((char *)o + row->at, v, kind_bytes[row->kind]);
}

void options_settle(struct options *o)
{
	if (o->trace_verbose || o->trace_headers)
		o->trace = true;
	if (o->max_connections == 0)
		o->max_connections = -1;
	if (!o->is_given[OPTION_auth_timeout])
		o->auth_timeout = o->tls == NULL ? 0
		    : o->tls->timeout_ns + OPTION_SECOND;
	for (size_t i = 0; i < N_OPTIONS; i++) {
		int64_t *v = (int64_t *)((char *)o + rows[i].at);

		if (rows[i].flags & OPTION_FLAG_ZERO && *v == 0)
			*v = rows[i].dflt;
	}
}

static void put_number(struct buf *out, const struct option *row, int64_t v)
{
	switch (row->kind) {
	case KIND_DURATION: case KIND_SECONDS:
		text_put_duration(out, v);
		break;
	case KIND_TIMEOUT:
		text_put_f64(out, (double)v / 1e9);
		break;
	default:
		buf_put_i64(out, v);
		break;
	}
}

bool option_check_range(const struct option *row, int64_t v, struct buf *err)
{
	const char *what = v > row->max ? "is too big"
	    : row->min == 0 ? "can not be negative" : "is too small";

	if (v >= row->min && v <= row->max)
		return true;
	buf_printf(err, "%s value %s: it may be ", row->key, what);
	put_number(err, row, row->min);
	if (row->max == INT64_MAX) {
		buf_put_str(err, " or more");
	} else {
		buf_put_str(err, " to ");
		put_number(err, row, row->max);
	}
	buf_put_str(err, ", but is ");
	put_number(err, row, v);
	return false;
}

static const char *const policies[] = { "", "close", "retry" };

static int by_name(const void *a, const void *b)
{
	const struct conf_pair *x = a, *y = b;

	return slice_cmp(x->name, y->name);
}

/* As Go prints a map: map[a:b c:d], sorted. */
static void put_map(struct buf *out, struct conf_pair *pairs, size_t n)
{
	if (pairs == NULL) {
		out->failed = true;
		return;
	}
	qsort(pairs, n, sizeof *pairs, by_name);
	buf_put_str(out, "map[");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%.*s:%.*s", i == 0 ? "" : " ",
		    SLICE_ARG(pairs[i].name), SLICE_ARG(pairs[i].text));
	buf_put_char(out, ']');
}

static void put_pairs(struct buf *out, const struct conf_pairs *l)
{
	struct conf_pair *copy = calloc(l->n + 1, sizeof *copy);

	for (size_t i = 0; copy != NULL && i < l->n; i++)
		copy[i] = l->v[i];
	put_map(out, copy, l->n);
	free(copy);
}

static void put_flags(struct buf *out, const struct conf_flags *l)
{
	struct conf_pair *copy = calloc(l->n + 1, sizeof *copy);

	for (size_t i = 0; copy != NULL && i < l->n; i++)
		copy[i] = (struct conf_pair){ l->v[i].name,
			l->v[i].is_on ? SLICE("true") : SLICE("false") };
	put_map(out, copy, l->n);
	free(copy);
}

static void put_strings(struct buf *out, const struct conf_strings *l)
{
	buf_put_char(out, '[');
	for (size_t i = 0; i < l->n; i++)
		buf_printf(out, "%s%.*s", i == 0 ? "" : " ",
		    SLICE_ARG(l->v[i]));
	buf_put_char(out, ']');
}

/* As Go prints such a struct. */
static void put_callout(struct buf *out, const struct conf_callout *c)
{
	if (c == NULL) {
		buf_put_str(out, "<nil>");
		return;
	}
	buf_printf(out, "&{%.*s %.*s ", SLICE_ARG(c->issuer),
	    SLICE_ARG(c->account));
	put_strings(out, &c->auth_users);
	buf_printf(out, " %.*s ", SLICE_ARG(c->xkey));
	put_strings(out, &c->allowed_accounts);
	buf_put_char(out, '}');
}

static void put_resolver(struct buf *out, const struct conf_resolver *r)
{
	static const char *const kinds[] = {
		[RESOLVER_MEMORY] = "MEMORY", [RESOLVER_URL] = "URL",
		[RESOLVER_FULL] = "FULL",     [RESOLVER_CACHE] = "CACHE",
	};

	if (r == NULL)
		return;
	buf_put_str(out, kinds[r->kind]);
	if (r->kind == RESOLVER_URL)
		buf_printf(out, "(%.*s)", SLICE_ARG(r->url));
	if (r->dir.n > 0)
		buf_printf(out, " %.*s", SLICE_ARG(r->dir));
}

void option_put_value(struct buf *out, const struct option *row,
    const struct options *o)
{
	union option_value v;

	memcpy(&v, (const char *)o + row->at, kind_bytes[row->kind]);
	switch (row->kind) {
	case KIND_BOOL:
		buf_put_str(out, v.as_BOOL ? "true" : "false");
		break;
	case KIND_STRING:
		buf_put_slice(out, v.as_STRING);
		break;
	case KIND_SECRET:
		buf_put_str(out, v.as_SECRET.n == 0 ? "" : "[REDACTED]");
		break;
	case KIND_TAGS:
		put_strings(out, &v.as_TAGS);
		break;
	case KIND_PAIRS:
		put_pairs(out, &v.as_PAIRS);
		break;
	case KIND_FLAGS:
		put_flags(out, &v.as_FLAGS);
		break;
	case KIND_POLICY:
		buf_put_str(out, policies[v.as_POLICY]);
		break;
	case KIND_USERS:
		buf_printf(out, "%zu users", v.as_USERS.n);
		break;
	case KIND_PERMISSIONS:
		buf_put_str(out, v.as_PERMISSIONS == NULL ? "" : "set");
		break;
	case KIND_ACCOUNTS:
		buf_printf(out, "%zu accounts", v.as_ACCOUNTS.n);
		break;
	case KIND_MAPPINGS:
		buf_printf(out, "%zu mappings", v.as_MAPPINGS.n);
		break;
	case KIND_CALLOUT:
		put_callout(out, v.as_CALLOUT);
		break;
	case KIND_RESOLVER:
		put_resolver(out, v.as_RESOLVER);
		break;
	case KIND_TOKENS:
		buf_printf(out, "%zu tokens", v.as_TOKENS.n);
		break;
	case KIND_PRELOAD:
		buf_printf(out, "%zu tokens", v.as_PRELOAD.n);
		break;
	case KIND_KEYS: case KIND_PROXIES:
		put_strings(out, &v.as_KEYS);
		break;
	case KIND_TLS:
		buf_put_str(out, v.as_TLS == NULL ? "disabled" : "enabled");
		break;
	default:
		put_number(out, row, v.as_INT);
		break;
	}
}

/* ---- the command line ------------------------------------------------- */

/* Go's integer literals: -12, 0x1F, 0o17, 0b1, 017, 1_000. */
static bool parse_literal(struct slice s, int64_t *ret)
{
	char     digits[72];
	size_t   n = 0;
	int      base = 0;
	char    *end;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '_' && (i == 0 || i + 1 == s.n || s.p[i - 1] == '_'))
			return false;
		if (s.p[i] == '_')
			continue;
		if (n + 1 == sizeof digits || s.p[i] == ' ')
			return false;
		digits[n++] = s.p[i];
	}
	digits[n] = '\0';
	if (text_parse_i64(slice_of(digits, n), ret) && digits[0] != '0')
		return true;
	/* strtoll does not know 0o and 0b */
	for (size_t i = 0; i + 2 < n; i++) {
		int wanted = (digits[i + 1] | 32) == 'o' ? 8
		    : (digits[i + 1] | 32) == 'b' ? 2 : 0;

		if (i > 1 || digits[i] != '0' || wanted == 0)
			continue;
		memmove(digits + i, digits + i + 2, n - i - 1);
		base = wanted;
		break;
	}
	errno = 0;
	*ret = strtoll(digits, &end, base);
	return n > 0 && errno == 0 && *end == '\0' && end != digits;
}

static bool set_number(const struct option *row, struct slice text,
    union option_value *v, struct buf *err)
{
	const char *why;
	bool        is_time = row->kind != KIND_INT && row->kind != KIND_SIZE;

	if (is_time && !text_parse_duration(text, &v->as_INT, &why)) {
		buf_printf(err, "%s: %s", row->key, why);
		return false;
	}
	if (!is_time && !parse_literal(text, &v->as_INT)) {
		buf_printf(err, "%s wants a whole number, but found \"%.*s\"",
		    row->key, SLICE_ARG(text));
		return false;
	}
	return option_check_range(row, v->as_INT, err);
}

static bool set_value(struct options *o, const struct option *row,
    struct slice text, union option_value *v, struct buf *err)
{
	switch (row->kind) {
	case KIND_BOOL:
		if (text_parse_bool(text, &v->as_BOOL))
			return true;
		buf_printf(err, "%s wants true or false, but found \"%.*s\"",
		    row->key, SLICE_ARG(text));
		return false;
	case KIND_STRING: case KIND_SECRET:
		v->as_STRING = arena_copy(o->arena, text);
		return true;
	case KIND_INT: case KIND_SIZE: case KIND_DURATION: case KIND_SECONDS:
	case KIND_TIMEOUT:
		return set_number(row, text, v, err);
	default:
		buf_printf(err, "%s can be set in a file only", row->key);
		return false;
	}
}

int options_set(struct options *o, const char *key, struct slice text,
    struct buf *err)
{
	const struct option *row = option_find(slice_str(key));
	union option_value   v = { 0 };

	if (options_is_tls_flag(key))
		return options_set_tls(o, key, text, err);
	if (row == NULL)
		return ERR_NOTFOUND;
	if (!set_value(o, row, text, &v, err))
		return ERR_CONFIG;
	if ((row->kind == KIND_STRING || row->kind == KIND_SECRET) &&
	    v.as_STRING.p == NULL)
		return ERR_NOMEM;
	option_store(o, row, &v);
	o->is_forced[option_id(row)] = true;
	options_settle(o);
	return 0;
}

int options_inherit_forced(struct options *o, const struct options *from)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option *row = &rows[i];
		union option_value   v;

		if (!from->is_forced[i])
			continue;
		memcpy(&v, (const char *)from + row->at, kind_bytes[row->kind]);
		if (row->kind == KIND_STRING || row->kind == KIND_SECRET) {
			v.as_STRING = arena_copy(o->arena, v.as_STRING);
			if (v.as_STRING.p == NULL)
				return ERR_NOMEM;
		}
		option_store(o, row, &v);
		o->is_forced[i] = true;
	}
	options_settle(o);
	return options_inherit_tls(o, from) ? 0 : ERR_NOMEM;
}

/* ---- the reference page ----------------------------------------------- */

static const char *kind_title(enum option_kind kind)
{
	static const char *const titles[] = {
		[KIND_BOOL] = "boolean",       [KIND_INT] = "number",
		[KIND_SIZE] = "size",          [KIND_DURATION] = "duration",
		[KIND_SECONDS] = "duration",   [KIND_TIMEOUT] = "duration or seconds",
		[KIND_STRING] = "text",        [KIND_SECRET] = "text",
		[KIND_TAGS] = "words",         [KIND_PAIRS] = "map of texts",
		[KIND_FLAGS] = "map of booleans",
		[KIND_POLICY] = "default, close or retry",
		[KIND_USERS] = "array of users", [KIND_PERMISSIONS] = "permissions",
		[KIND_ACCOUNTS] = "map of accounts, or array of their names",
		[KIND_MAPPINGS] = "map of destinations",
		[KIND_CALLOUT] = "map",        [KIND_PROXIES] = "map",
		[KIND_RESOLVER] = "MEMORY, URL(..) or map",
		[KIND_TOKENS] = "tokens or files",
		[KIND_KEYS] = "text or array of texts",
		[KIND_PRELOAD] = "map of tokens",
		[KIND_TLS] = "map",
	};

	return titles[kind];
}

static bool is_number(const struct option *row)
{
	return row->kind == KIND_INT || row->kind == KIND_SIZE ||
	    row->kind == KIND_DURATION || row->kind == KIND_SECONDS ||
	    row->kind == KIND_TIMEOUT;
}

static void write_row(struct buf *out, const struct option *row)
{
	buf_put_str(out, row->key);
	if (row->aliases[0] != '\0')
		buf_printf(out, " (%s)", row->aliases);
	buf_printf(out, "\n    %s", kind_title(row->kind));
	if (is_number(row)) {
		buf_put_str(out, ", from ");
		put_number(out, row, row->min);
		if (row->max != INT64_MAX) {
			buf_put_str(out, " to ");
			put_number(out, row, row->max);
		}
		buf_put_str(out, ", default ");
		put_number(out, row, row->dflt);
	}
	if (row->kind == KIND_BOOL)
		buf_printf(out, ", default %s", row->dflt ? "true" : "false");
	buf_printf(out, "; %s\n    %s\n",
	    row->change == CHANGE_RESTART ? "needs a restart" : "reloadable",
	    row->help);
}

void options_write_reference(struct buf *out)
{
	buf_put_str(out, "listen\n    port or \"host:port\"; needs a restart\n"
	    "    host and port together\n");
	buf_put_str(out, "http\n    port or \"host:port\"; needs a restart\n"
	    "    http_host and http_port together\n");
	buf_put_str(out, "https\n    port or \"host:port\"; needs a restart\n"
	    "    http_host and https_port together\n");
	for (size_t i = 0; i < N_OPTIONS; i++)
		write_row(out, &rows[i]);
	buf_put_str(out, "\nNot built into this server yet:");
	for (size_t i = 0; i < N_OF(absent); i++)
		buf_printf(out, " %s", absent[i]);
	buf_put_str(out, "\nAccepted, without effect:");
	for (size_t i = 0; i < N_OF(ignored); i++)
		buf_printf(out, " %s", ignored[i]);
	buf_put_char(out, '\n');
}
