/* conf/options_read.c - small things that all who read a document need. */
#include <string.h>

#include "base/text.h"
#include "conf/options_int.h"
#include "conf/value.h"

const char *load_go_type(const struct conf_value *v)
{
	static const char *const words[] = {
		[CONF_STRING] = "string",     [CONF_INT] = "int64",
		[CONF_FLOAT] = "float64",     [CONF_BOOL] = "bool",
		[CONF_DATETIME] = "time.Time",
		[CONF_ARRAY] = "[]interface {}",
		[CONF_MAP] = "map[string]interface {}",
	};

	return words[v->kind];
}

struct conf_place load_place(struct load *l, const struct conf_value *v)
{
	if (l->file.p == NULL || strcmp(l->file.p, v->file) != 0)
		l->file = load_copy(l, slice_str(v->file));
	return (struct conf_place){ l->file.p, v->line, v->col };
}

bool load_is_word(struct slice key, const char *words)
{
	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		if (slice_eq_nocase(key, slice_of(words, n)))
			return true;
		words += n + strspn(words + n, " ");
	}
	return false;
}

/* ---- subjects --------------------------------------------------------- */

bool load_is_subject(struct slice s)
{
	size_t start = 0;

	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && s.p[i] != '.') {
			if (memchr(" \t\n\f\r", s.p[i], 6) != NULL)
				return false;
			continue;
		}
		if (i == start)
			return false;
		if (i - start == 1 && s.p[start] == '>' && i < s.n)
			return false;
		start = i + 1;
	}
	return true;
}

bool load_has_wildcard(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] == '*' || s.p[i] == '>') &&
		    (i == 0 || s.p[i - 1] == '.') &&
		    (i + 1 == s.n || s.p[i + 1] == '.'))
			return true;
	return false;
}

/* ---- values ----------------------------------------------------------- */

bool load_map(struct load *l, const struct conf_value *map,
    const struct load_key *keys, size_t n_keys, const char *unknown,
    const char *behind, void *into)
{
	bool ok = true;

	for (size_t i = 0; i < map->map.n; i++) {
		const struct conf_member *m = &map->map.v[i];
		size_t                    k = 0;

		while (k < n_keys && !load_is_word(m->key, keys[k].words))
			k++;
		if (k < n_keys) {
			ok = keys[k].load(l, m->value, into) && ok;
		} else if (!m->value->is_used) {
			load_error(l, m->value, "%s \"%.*s\"%s", unknown,
			    SLICE_ARG(m->key), behind);
			ok = false;
		}
	}
	return ok;
}

bool load_int(struct load *l, const struct conf_value *v, const char *key,
    int64_t *ret)
{
	if (v->kind != CONF_INT) {
		load_mismatch(l, v, key, "a whole number, for example 100", false);
		return false;
	}
	*ret = v->i;
	return true;
}

bool load_bool(struct load *l, const struct conf_value *v, const char *key,
    bool *ret)
{
	if (v->kind != CONF_BOOL) {
		load_mismatch(l, v, key, "true or false", false);
		return false;
	}
	*ret = v->b;
	return true;
}

bool load_strings(struct load *l, const struct conf_value *v, const char *key,
    struct conf_strings *ret)
{
	struct slice *into;
	bool          ok = true;

	if (v->kind != CONF_ARRAY) {
		load_mismatch(l, v, key, "an array of strings", false);
		return false;
	}
	into = load_alloc(l, v->array.n + 1, sizeof *into);
	for (size_t i = 0; into != NULL && i < v->array.n; i++)
		ok = load_string(l, v->array.v[i], key, false, &into[i]) && ok;
	*ret = (struct conf_strings){ into, v->array.n };
	return ok && into != NULL;
}

bool load_duration(struct load *l, const struct conf_value *v, const char *key,
    int64_t *ret)
{
	const char *why;

	if (v->kind != CONF_STRING) {
		load_mismatch(l, v, key,
		    "a duration in quotes, for example \"2m\"", false);
		return false;
	}
	if (text_parse_duration(v->str, ret, &why))
		return true;
	load_error(l, v, "%s", why);
	return false;
}

bool load_percent(const struct conf_value *v, int64_t *ret)
{
	struct slice s;

	if (v->kind == CONF_INT) {
		*ret = v->i;
		return true;
	}
	if (v->kind != CONF_STRING)
		return false;
	s = v->str;
	if (s.n > 0 && s.p[s.n - 1] == '%')
		s.n--;
	return text_parse_i64(s, ret);
}

/* 0 is no limit: what is not said and what says nothing are the same. */
static bool load_rate(struct load *l, const struct conf_value *v,
    const char *key, int64_t *ret)
{
	if (!load_int(l, v, key, ret))
		return false;
	if (*ret >= 0)
		return true;
	load_error(l, v, "%s value can not be negative: it is %lld", key,
	    (long long)*ret);
	return false;
}

bool load_msgs_per_second(struct load *l, const struct conf_value *v,
    struct conf_rate *ret)
{
	return load_rate(l, v, "max_msgs_per_second", &ret->msgs);
}

bool load_bytes_per_second(struct load *l, const struct conf_value *v,
    struct conf_rate *ret)
{
	return load_rate(l, v, "max_bytes_per_second", &ret->bytes);
}

/* ---- for later -------------------------------------------------------- */

void load_expect_key(struct load *l, const struct conf_value *v,
    struct slice text, char letter, const char *before, const char *behind)
{
	struct conf_key *key = load_alloc(l, 1, sizeof *key);
	struct buf       complaint = { 0 };

	if (v != NULL)
		buf_printf(&complaint, "%s:%d:%d: ", v->file, v->line, v->col);
	buf_put_str(&complaint, before);
	if (behind != NULL) {
		text_put_quoted(&complaint, text);
		buf_put_str(&complaint, behind);
	}
	if (buf_failed(&complaint))
		l->is_out_of_memory = true;
	if (key != NULL) {
		*key = (struct conf_key){ load_copy(l, text), letter,
			load_copy(l, buf_slice(&complaint)), l->o->keys };
		l->o->keys = key;
	}
	buf_fini(&complaint);
}

void load_digest(struct load *l, const struct conf_value *v,
    struct conf_digest *ret)
{
	if (!value_digest(v, ret->text))
		l->is_out_of_memory = true;
}
