/* conf/options_mappings.c - what messages are called when they come in.
 *
 *     source: destination
 *     source: { destination: d, weight: 50%, cluster: c }
 *     source: [ { .. }, .. ]
 *
 * Destinations are only collected: core knows what may stand in them.
 */
#include "base/text.h"
#include "conf/options_int.h"
#include "conf/value.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool load_destination(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_choice *c = into;

	return load_string(l, v, "destination", false, &c->subject);
}

static bool load_weight(struct load *l, const struct conf_value *v, void *into)
{
	struct conf_choice *c = into;
	struct buf          shown = { 0 };

	if (v->kind != CONF_INT && v->kind != CONF_STRING) {
		if (v->kind == CONF_FLOAT)
			text_put_f64(&shown, v->f);
		else
			buf_put_str(&shown, conf_kind_noun(v->kind));
		load_error(l, v, "Unknown entry type for weight of %.*s",
		    SLICE_ARG(buf_slice(&shown)));
		buf_fini(&shown);
		return false;
	}
	if (!load_percent(v, &c->weight)) {
		text_put_quoted(&shown, v->str);
		load_error(l, v, "Invalid weight %.*s for mapping destination",
		    SLICE_ARG(buf_slice(&shown)));
		buf_fini(&shown);
		return false;
	}
	if (c->weight < 0 || c->weight > 100) {
		load_error(l, v, "Invalid weight %lld for mapping destination",
		    (long long)c->weight);
		return false;
	}
	return true;
}

static bool load_cluster(struct load *l, const struct conf_value *v, void *into)
{
	struct conf_choice *c = into;

	return load_string(l, v, "cluster", false, &c->cluster);
}

static bool load_choice(struct load *l, const struct conf_value *v,
    struct conf_choice *c)
{
	static const struct load_key keys[] = {
		{ "destination dest", load_destination },
		{ "weight", load_weight },
		{ "cluster", load_cluster },
	};

	if (v->kind != CONF_MAP) {
		load_error(l, v, "Expected an entry for the mapping destination");
		return false;
	}
	c->weight = -1;
	if (!load_map(l, v, keys, N_OF(keys), "Unknown field",
	    " for mapping destination", c))
		return false;
	if (c->weight < 0) {
		load_error(l, v, "Missing weight for mapping destination "
		    "\"%.*s\"", SLICE_ARG(c->subject));
		return false;
	}
	return true;
}

static bool load_short(struct load *l, const struct conf_value *v,
    struct conf_choice *c)
{
	c->weight = 100;
	return load_string(l, v, "destination", false, &c->subject);
}

static bool load_source(struct load *l, const struct conf_member *m,
    struct conf_mapping *ret)
{
	struct buf quoted = { 0 };

	ret->source = load_copy(l, m->key);
	ret->place = load_place(l, m->value);
	if (load_is_subject(m->key))
		return true;
	text_put_quoted(&quoted, m->key);
	load_error(l, m->value, "Subject %.*s is not a valid subject",
	    SLICE_ARG(buf_slice(&quoted)));
	buf_fini(&quoted);
	return false;
}

static bool load_mapping(struct load *l, const struct conf_member *m,
    struct conf_mapping *ret)
{
	const struct conf_value *v = m->value;
	bool                     is_array = v->kind == CONF_ARRAY, ok = true;
	size_t                   n = is_array ? v->array.n : 1;
	struct conf_choice      *choices;

	if (!load_source(l, m, ret))
		return false;
	choices = load_alloc(l, n + 1, sizeof *choices);
	if (choices == NULL)
		return false;
	ret->choices = choices;
	ret->n_choices = n;
	ret->is_short = v->kind == CONF_STRING;
	if (ret->is_short)
		return load_short(l, v, choices);
	if (!is_array)
		return load_choice(l, v, choices);
	for (size_t i = 0; i < n; i++)
		ok = load_choice(l, v->array.v[i], &choices[i]) && ok;
	return ok;
}

bool load_mappings(struct load *l, const struct conf_value *v,
    struct conf_mappings *ret)
{
	struct conf_mapping *into;
	bool                 ok = true;

	if (v->kind != CONF_MAP) {
		load_mismatch(l, v, "mappings",
		    "a map, for example { orders: \"orders.v1\" }", false);
		return false;
	}
	into = load_alloc(l, v->map.n + 1, sizeof *into);
	for (size_t i = 0; into != NULL && i < v->map.n; i++)
		ok = load_mapping(l, &v->map.v[i], &into[i]) && ok;
	ret->v = into;
	ret->n = v->map.n;
	load_digest(l, v, &ret->digest);
	return ok && into != NULL;
}
