/* conf/options_tls.c - a tls block, and the flags that stand for one.
 *
 * Which files there are is read here; what is in them is the TLS library's
 * business, when the block is put to use (server/settings.c).
 * Spec: core protocol 2.3.
 */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "base/tls_names.h"
#include "conf/arena.h"
#include "conf/options_int.h"
#include "conf/value.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

#define TIMEOUT_DEFAULT (2 * OPTION_SECOND)
#define FIRST_WAIT      (OPTION_SECOND / 20)	/* of "auto" */

/* What is gathered before it is known to fit together. */
struct block {
	struct conf_tls     *tls;
	struct conf_tls_pair pair;	/* of cert_file and key_file */
	bool allows_insecure, has_certs;
	const struct conf_value *suites;	/* for the insecure among them */
};

/* ---- kinds of value ------------------------------------------------------ */

static bool read_bool(struct load *l, const struct conf_value *v,
    const char *key, bool *ret)
{
	if (v->kind != CONF_BOOL) {
		load_error(l, v, "error parsing tls config, expected '%s' to be "
		    "a boolean", key);
		return false;
	}
	*ret = v->b;
	return true;
}

static bool read_file(struct load *l, const struct conf_value *v,
    const char *key, struct slice *ret)
{
	if (v->kind != CONF_STRING) {
		load_error(l, v, "error parsing tls config, expected '%s' to be "
		    "filename", key);
		return false;
	}
	return load_string(l, v, key, false, ret);
}

/* A list of words that is not empty. */
static bool is_list(struct load *l, const struct conf_value *v,
    const char *key)
{
	if (v->kind != CONF_ARRAY) {
		load_mismatch(l, v, key, "an array of names", false);
		return false;
	}
	if (v->array.n == 0) {
		load_error(l, v, "error parsing tls config, '%s' cannot be empty",
		    key);
		return false;
	}
	for (size_t i = 0; i < v->array.n; i++)
		if (v->array.v[i]->kind != CONF_STRING) {
			load_mismatch(l, v->array.v[i], key, "names", false);
			return false;
		}
	return true;
}

/* ---- the keys ------------------------------------------------------------ */

static bool take_cert_file(struct load *l, const struct conf_value *v,
    struct block *b)
{
	return read_file(l, v, "cert_file", &b->pair.cert_file);
}

static bool take_key_file(struct load *l, const struct conf_value *v,
    struct block *b)
{
	return read_file(l, v, "key_file", &b->pair.key_file);
}

static bool take_ca_file(struct load *l, const struct conf_value *v,
    struct block *b)
{
	return read_file(l, v, "ca_file", &b->tls->ca_file);
}

static bool take_verify(struct load *l, const struct conf_value *v,
    struct block *b)
{
	bool on = false, ok = read_bool(l, v, "verify", &on);

	b->tls->verify |= on;
	return ok;
}

static bool take_verify_and_map(struct load *l, const struct conf_value *v,
    struct block *b)
{
	bool ok = read_bool(l, v, "verify_and_map", &b->tls->verify_and_map);

	b->tls->verify |= b->tls->verify_and_map;
	return ok;
}

static bool take_known_urls(struct load *l, const struct conf_value *v,
    struct block *b)
{
	bool on = false;

	(void)b;
	if (!read_bool(l, v, "verify_cert_and_check_known_urls", &on))
		return false;
	if (on)
		load_error(l, v, "verify_cert_and_check_known_urls not "
		    "supported in this context");
	return !on;
}

static bool take_insecure(struct load *l, const struct conf_value *v,
    struct block *b)
{
	return read_bool(l, v, "insecure", &b->tls->insecure);
}

static bool take_allow_insecure(struct load *l, const struct conf_value *v,
    struct block *b)
{
	return read_bool(l, v, "allow_insecure_cipher_suites",
	    &b->allows_insecure);
}

static bool take_timeout(struct load *l, const struct conf_value *v,
    struct block *b)
{
	const char *why;
	int64_t     ns = 0;

	if (v->kind == CONF_STRING && !text_parse_duration(v->str, &ns, &why)) {
		load_error(l, v, "error parsing tls config, 'timeout' %s", why);
		return false;
	}
	if ((v->kind == CONF_INT &&
	    __builtin_mul_overflow(v->i, OPTION_SECOND, &ns)) ||
	    (v->kind == CONF_FLOAT && !(fabs(v->f) < 9e9)) || ns < 0) {
		load_error(l, v, "error parsing tls config, 'timeout' is out of "
		    "range");
		return false;
	}
	if (v->kind == CONF_FLOAT)
		ns = (int64_t)(v->f * 1e9);
	if (v->kind != CONF_STRING && v->kind != CONF_INT &&
	    v->kind != CONF_FLOAT) {
		load_error(l, v, "error parsing tls config, 'timeout' wrong "
		    "type");
		return false;
	}
	b->tls->timeout_ns = ns > 0 ? ns : TIMEOUT_DEFAULT;
	return true;
}

static bool take_suites(struct load *l, const struct conf_value *v,
    struct block *b)
{
	uint16_t *ids;

	if (!is_list(l, v, "cipher_suites"))
		return false;
	ids = load_alloc(l, v->array.n, sizeof *ids);
	for (size_t i = 0; ids != NULL && i < v->array.n; i++) {
		const struct conf_value *name = v->array.v[i];
		const struct tls_suite  *row = tls_suite_by_name(name->str);

		if (row == NULL) {
			load_error(l, name, "unrecognized cipher %.*s",
			    SLICE_ARG(name->str));
			return false;
		}
		ids[i] = row->id;
	}
	b->tls->suites = ids;
	b->tls->n_suites = v->array.n;
	b->suites = v;
	return ids != NULL;
}

static bool take_groups(struct load *l, const struct conf_value *v,
    struct block *b)
{
	uint16_t *ids;

	if (!is_list(l, v, "curve_preferences"))
		return false;
	ids = load_alloc(l, v->array.n, sizeof *ids);
	for (size_t i = 0; ids != NULL && i < v->array.n; i++) {
		const struct conf_value *name = v->array.v[i];
		const struct tls_group  *row = tls_group_by_name(name->str);

		if (row == NULL) {
			load_error(l, name, "unrecognized curve preference "
			    "%.*s", SLICE_ARG(name->str));
			return false;
		}
		ids[i] = row->id;
	}
	b->tls->groups = ids;
	b->tls->n_groups = v->array.n;
	return ids != NULL;
}

static bool take_min_version(struct load *l, const struct conf_value *v,
    struct block *b)
{
	static const char what[] = "error parsing tls config:";

	if (v->kind != CONF_STRING) {
		load_error(l, v, "%s 'min_version' wrong type", what);
		return false;
	}
	b->tls->is_tls13_only = slice_eq(v->str, SLICE("1.3"));
	if (b->tls->is_tls13_only || slice_eq(v->str, SLICE("1.2")))
		return true;
	if (slice_eq(v->str, SLICE("1.0")) || slice_eq(v->str, SLICE("1.1")))
		load_error(l, v, "%s unsupported TLS version: TLS %.*s", what,
		    SLICE_ARG(v->str));
	else
		load_error(l, v, "%s unknown version: %.*s", what,
		    SLICE_ARG(v->str));
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 32) >= 'a' && (c | 32) <= 'f')
		return (c | 32) - 'a' + 10;
	return -1;
}

static bool read_pin(struct slice s, struct conf_tls_pin *ret)
{
	if (s.n != 2 * sizeof ret->sha256)
		return false;
	for (size_t i = 0; i < sizeof ret->sha256; i++) {
		int high = hex_digit(s.p[2 * i]);
		int low = hex_digit(s.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret->sha256[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool take_pins(struct load *l, const struct conf_value *v,
    struct block *b)
{
	struct conf_tls_pin *pins;

	if (v->kind != CONF_ARRAY) {
		load_error(l, v, "error parsing tls config, expected "
		    "'pinned_certs' to be a list of hex-encoded sha256 of DER "
		    "encoded SubjectPublicKeyInfo");
		return false;
	}
	pins = load_alloc(l, v->array.n + 1, sizeof *pins);
	for (size_t i = 0; pins != NULL && i < v->array.n; i++) {
		const struct conf_value *one = v->array.v[i];

		if (one->kind == CONF_STRING && read_pin(one->str, &pins[i]))
			continue;
		load_error(l, one, "error parsing tls config, 'pinned_certs' "
		    "key %.*s does not look like hex-encoded sha256 of DER "
		    "encoded SubjectPublicKeyInfo", one->kind == CONF_STRING
		    ? (int)one->str.n : 0, one->kind == CONF_STRING
		    ? one->str.p : "");
		return false;
	}
	b->tls->pins = pins;
	b->tls->n_pins = v->array.n;
	return pins != NULL;
}

static bool take_rate(struct load *l, const struct conf_value *v,
    struct block *b)
{
	if (v->kind != CONF_INT) {
		load_error(l, v, "error parsing tls config, "
		    "'connection_rate_limit' wrong type");
		return false;
	}
	b->tls->rate_max = v->i > 0 ? v->i : 0;
	return true;
}

static bool read_first_word(struct slice word, struct conf_tls *t)
{
	static const struct { const char *word; bool first; int64_t wait; }
	    words[] = {
		{ "on", true, 0 }, { "true", true, 0 },
		{ "off", false, 0 }, { "false", false, 0 },
		{ "auto", true, FIRST_WAIT },
		{ "auto_fallback", true, FIRST_WAIT },
	};
	const char *why;

	for (size_t i = 0; i < N_OF(words); i++)
		if (slice_eq_nocase(word, slice_str(words[i].word))) {
			t->goes_first = words[i].first;
			t->first_wait_ns = words[i].wait;
			return true;
		}
	t->goes_first = true;
	return text_parse_duration(word, &t->first_wait_ns, &why) &&
	    t->first_wait_ns > 0;
}

static bool take_first(struct load *l, const struct conf_value *v,
    struct block *b)
{
	if (v->kind == CONF_BOOL) {
		b->tls->goes_first = v->b;
		return true;
	}
	if (v->kind != CONF_STRING)
		load_error(l, v, "field \"handshake_first\" should be a boolean "
		    "or a string, got %s", conf_kind_noun(v->kind));
	else if (read_first_word(v->str, b->tls))
		return true;
	else
		load_error(l, v, "field \"handshake_first\"'s value \"%.*s\" is "
		    "invalid", SLICE_ARG(v->str));
	return false;
}

static bool take_cert_store(struct load *l, const struct conf_value *v,
    struct block *b)
{
	(void)b;
	load_error(l, v, "cert_store not compatible with current operating "
	    "system");
	return false;
}

/* They qualify cert_store, and mean nothing without it. */
static bool take_nothing(struct load *l, const struct conf_value *v,
    struct block *b)
{
	(void)l;
	(void)v;
	(void)b;
	return true;
}

static bool take_ocsp_peer(struct load *l, const struct conf_value *v,
    struct block *b)
{
	(void)b;
	if (v->kind == CONF_BOOL && !v->b)
		return true;
	load_error(l, v, "\"ocsp_peer\" is not built into this server yet");
	return false;
}

/* ---- certs: [ {cert_file, key_file} ] ------------------------------------- */

static bool load_pair(struct load *l, const struct conf_value *v,
    struct conf_tls_pair *ret)
{
	static const char what[] = "error parsing certificates config:";

	if (v->kind != CONF_MAP) {
		load_error(l, v, "%s unsupported type %s", what,
		    conf_kind_noun(v->kind));
		return false;
	}
	for (size_t i = 0; i < v->map.n; i++) {
		const struct conf_member *m = &v->map.v[i];
		bool is_cert = slice_eq_nocase(m->key, SLICE("cert_file"));
		bool is_key = slice_eq_nocase(m->key, SLICE("key_file"));

		if (!is_cert && !is_key) {
			load_error(l, m->value, "error parsing tls certs config, "
			    "unknown field \"%.*s\"", SLICE_ARG(m->key));
			return false;
		}
		if (!read_file(l, m->value, is_cert ? "cert_file" : "key_file",
		    is_cert ? &ret->cert_file : &ret->key_file))
			return false;
	}
	if (ret->cert_file.n > 0 && ret->key_file.n > 0)
		return true;
	load_error(l, v, "%s both 'cert_file' and 'cert_key' options are "
	    "required", what);
	return false;
}

static bool take_certs(struct load *l, const struct conf_value *v,
    struct block *b)
{
	struct conf_tls_pair *pairs;
	bool                  ok = true;

	if (v->kind != CONF_ARRAY) {
		load_error(l, v, "error parsing certificates config: "
		    "unsupported type %s", conf_kind_noun(v->kind));
		return false;
	}
	pairs = load_alloc(l, v->array.n + 1, sizeof *pairs);
	for (size_t i = 0; pairs != NULL && i < v->array.n; i++)
		ok = load_pair(l, v->array.v[i], &pairs[i]) && ok;
	b->tls->pairs = pairs;
	b->tls->n_pairs = v->array.n;
	b->has_certs = v->array.n > 0;
	return ok && pairs != NULL;
}

/* ---- the block ----------------------------------------------------------- */

static const struct {
	const char *name;
	bool      (*take)(struct load *, const struct conf_value *,
	    struct block *);
} keys[] = {
	{ "cert_file", take_cert_file },
	{ "key_file", take_key_file },
	{ "ca_file", take_ca_file },
	{ "certs", take_certs },
	{ "certificates", take_certs },
	{ "verify", take_verify },
	{ "verify_and_map", take_verify_and_map },
	{ "verify_cert_and_check_known_urls", take_known_urls },
	{ "insecure", take_insecure },
	{ "timeout", take_timeout },
	{ "cipher_suites", take_suites },
	{ "allow_insecure_cipher_suites", take_allow_insecure },
	{ "curve_preferences", take_groups },
	{ "min_version", take_min_version },
	{ "pinned_certs", take_pins },
	{ "connection_rate_limit", take_rate },
	{ "handshake_first", take_first },
	{ "first", take_first },
	{ "immediate", take_first },
	{ "cert_store", take_cert_store },
	{ "cert_match_by", take_nothing },
	{ "cert_match", take_nothing },
	{ "ca_certs_match", take_nothing },
	{ "cert_match_skip_invalid", take_nothing },
	{ "ocsp_peer", take_ocsp_peer },
};

static bool take_key(struct load *l, const struct conf_member *m,
    struct block *b)
{
	for (size_t i = 0; i < N_OF(keys); i++)
		if (slice_eq_nocase(m->key, slice_str(keys[i].name)))
			return keys[i].take(l, m->value, b);
	load_error(l, m->value, "error parsing tls config, unknown field "
	    "\"%.*s\"", SLICE_ARG(m->key));
	return false;
}

static bool are_suites_secure(struct load *l, const struct block *b)
{
	struct buf names = { 0 };
	bool       ok;

	for (size_t i = 0; i < b->tls->n_suites; i++) {
		const struct tls_suite *row =
		    tls_suite_by_id(b->tls->suites[i]);

		if (row->is_insecure)
			buf_printf(&names, "%s%s", names.n > 0 ? ", " : "",
			    row->name);
	}
	ok = names.n == 0 || b->allows_insecure;
	if (!ok)
		load_error(l, b->suites, "insecure cipher suites configured "
		    "without 'allow_insecure_cipher_suites' option set: %.*s",
		    SLICE_ARG(buf_slice(&names)));
	buf_fini(&names);
	return ok;
}

static bool fits_together(struct load *l, const struct conf_value *v,
    const struct block *b)
{
	const struct conf_tls_pair *p = &b->pair;

	if (b->has_certs && p->cert_file.n > 0)
		load_error(l, v, "error parsing tls config, cannot combine "
		    "'cert_file' option with 'certs' option");
	else if (p->cert_file.n > 0 && p->key_file.n == 0)
		load_error(l, v, "missing 'key_file' in TLS configuration");
	else if (p->key_file.n > 0 && p->cert_file.n == 0)
		load_error(l, v, "missing 'cert_file' in TLS configuration");
	else
		return are_suites_secure(l, b);
	return false;
}

/* cert_file and key_file are a list of one. */
static void put_pair(struct load *l, struct block *b)
{
	struct conf_tls_pair *pair;

	if (b->pair.cert_file.n == 0)
		return;
	pair = load_alloc(l, 1, sizeof *pair);
	if (pair == NULL)
		return;
	*pair = b->pair;
	b->tls->pairs = pair;
	b->tls->n_pairs = 1;
}

bool load_tls(struct load *l, const struct conf_value *v,
    const struct conf_tls **ret)
{
	struct block b = { .tls = load_alloc(l, 1, sizeof *b.tls) };
	struct buf   place = { 0 };
	bool         ok = true;

	if (v->kind != CONF_MAP) {
		load_mismatch(l, v, "tls", "a map, for example "
		    "{ cert_file: a.pem, key_file: b.pem }", false);
		return false;
	}
	if (b.tls == NULL)
		return false;
	b.tls->timeout_ns = TIMEOUT_DEFAULT;
	for (size_t i = 0; i < v->map.n; i++)
		ok = take_key(l, &v->map.v[i], &b) && ok;
	if (!ok || !fits_together(l, v, &b))
		return false;
	put_pair(l, &b);
	buf_printf(&place, "%s:%d:%d: ", v->file, v->line, v->col);
	b.tls->place = load_copy(l, buf_slice(&place));
	buf_fini(&place);
	*ret = b.tls;
	return !l->is_out_of_memory;
}

/* ---- flags --------------------------------------------------------------- */

bool options_is_tls_flag(const char *key)
{
	return strcmp(key, "tls") == 0 || strncmp(key, "tls.", 4) == 0;
}

static int set_bool(const char *key, struct slice text, bool *ret,
    struct buf *err)
{
	if (text_parse_bool(text, ret))
		return 0;
	buf_printf(err, "%s wants true or false, but found \"%.*s\"", key,
	    SLICE_ARG(text));
	return ERR_CONFIG;
}

static int set_file(struct options *o, struct slice text, struct slice *ret)
{
	*ret = arena_copy(o->arena, text);
	return ret->p == NULL ? ERR_NOMEM : 0;
}

bool options_settle_tls(struct options *o)
{
	const struct conf_tls_flags *f = &o->tls_flags;
	struct conf_tls             *t;
	struct conf_tls_pair        *pair;

	if (!f->is_given)
		return true;
	t = arena_alloc(o->arena, 1, sizeof *t);
	pair = arena_alloc(o->arena, 1, sizeof *pair);
	if (t == NULL || pair == NULL)
		return false;
	*pair = (struct conf_tls_pair){ f->cert_file, f->key_file };
	/* What a file said beside its certificates stands. */
	if (o->tls != NULL)
		*t = *o->tls;
	else
		t->timeout_ns = TIMEOUT_DEFAULT;
	t->place = SLICE_NONE;
	t->pairs = pair;
	t->n_pairs = f->cert_file.n > 0;
	t->ca_file = f->ca_file;
	t->verify = f->verify;
	t->verify_and_map = false;
	o->tls = f->is_off ? NULL : t;
	return true;
}

static int set_flag(struct options *o, const char *key, struct slice text,
    struct buf *err)
{
	struct conf_tls_flags *f = &o->tls_flags;
	const struct { const char *key; struct slice *to; } files[] = {
		{ "tls.cert_file", &f->cert_file },
		{ "tls.key_file", &f->key_file },
		{ "tls.ca_file", &f->ca_file },
	};
	bool on = true;
	int  rc;

	f->is_given = true;
	for (size_t i = 0; i < N_OF(files); i++)
		if (strcmp(key, files[i].key) == 0)
			return set_file(o, text, files[i].to);
	if (strcmp(key, "tls.verify") == 0)
		return set_bool(key, text, &f->verify, err);
	if (strcmp(key, "tls") != 0)
		return ERR_NOTFOUND;
	rc = set_bool(key, text, &on, err);
	f->is_off = !on;
	return rc;
}

int options_set_tls(struct options *o, const char *key, struct slice text,
    struct buf *err)
{
	int rc = set_flag(o, key, text, err);

	if (rc == 0 && !options_settle_tls(o))
		rc = ERR_NOMEM;
	return rc;
}

bool options_inherit_tls(struct options *o, const struct options *from)
{
	struct conf_tls_flags *f = &o->tls_flags;

	*f = from->tls_flags;
	f->cert_file = arena_copy(o->arena, f->cert_file);
	f->key_file = arena_copy(o->arena, f->key_file);
	f->ca_file = arena_copy(o->arena, f->ca_file);
	return f->cert_file.p != NULL && f->key_file.p != NULL &&
	    f->ca_file.p != NULL && options_settle_tls(o);
}
