/* conf/users.c - who may connect, and what they may do then. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf/load.h"
#include "conf/value.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Is key one of the words, separated by blanks? */
static bool is_word(struct slice key, const char *words)
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

/* Tokens that are not empty, without white space; '>' only as the last. */
static bool is_subject(struct slice s)
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

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "subject queue" in two; false: it is not of that form.  Without a queue
 * nothing may stand behind the subject. */
static bool split_rule(struct slice s, bool may_have_queue,
    struct conf_rule *ret)
{
	size_t n = 0;

	while (n < s.n && !is_blank(s.p[n]))
		n++;
	ret->subject = slice_of(s.p, n);
	while (n < s.n && is_blank(s.p[n]))
		n++;
	ret->queue = slice_skip(s, n);
	for (; n < s.n; n++)
		if (is_blank(s.p[n]))
			return false;
	return ret->subject.n == s.n || (may_have_queue && ret->queue.n > 0);
}

static bool load_rule(struct load *l, const struct conf_value *v,
    bool may_have_queue, struct conf_rule *ret)
{
	if (v->kind != CONF_STRING) {
		load_error(l, v,
		    "Subject in permissions array cannot be cast to string");
		return false;
	}
	if (!split_rule(v->str, may_have_queue, ret) ||
	    !is_subject(ret->subject)) {
		load_error(l, v, "subject \"%.*s\" is not a valid subject",
		    SLICE_ARG(v->str));
		return false;
	}
	if (ret->queue.n > 0 && !is_subject(ret->queue)) {
		load_error(l, v, "queue \"%.*s\" is not a valid queue",
		    SLICE_ARG(ret->queue));
		return false;
	}
	ret->subject = load_copy(l, ret->subject);
	ret->queue = load_copy(l, ret->queue);
	return true;
}

static bool load_rules(struct load *l, const struct conf_value *v,
    bool may_have_queue, struct conf_rules *ret)
{
	struct conf_value *const one[] = { (struct conf_value *)(uintptr_t)v };
	bool              is_array = v->kind == CONF_ARRAY, ok = true;
	struct conf_value *const *all = is_array ? v->array.v : one;
	size_t            n = is_array ? v->array.n : 1;
	struct conf_rule *rules;

	if (!is_array && v->kind != CONF_STRING) {
		load_error(l, v, "Expected subject permissions to be a subject, "
		    "or array of subjects, got %s", conf_kind_noun(v->kind));
		return false;
	}
	rules = load_alloc(l, n + 1, sizeof *rules);
	for (size_t i = 0; rules != NULL && i < n; i++)
		ok = load_rule(l, all[i], may_have_queue, &rules[i]) && ok;
	/* an empty array is as good as none: nats-server allows all then */
	*ret = (struct conf_rules){ rules, n, n > 0 };
	return ok && rules != NULL;
}

static bool load_both(struct load *l, const struct conf_value *v,
    bool may_have_queue, struct conf_rules *allow, struct conf_rules *deny)
{
	bool ok = true;

	if (v->kind != CONF_MAP)
		return load_rules(l, v, may_have_queue, allow);
	for (size_t i = 0; i < v->map.n; i++) {
		const struct conf_member *m = &v->map.v[i];

		if (is_word(m->key, "allow")) {
			ok = load_rules(l, m->value, may_have_queue, allow) && ok;
		} else if (is_word(m->key, "deny")) {
			ok = load_rules(l, m->value, may_have_queue, deny) && ok;
		} else if (!m->value->is_used) {
			load_error(l, m->value, "Unknown field name \"%.*s\" "
			    "parsing subject permissions, only 'allow' or "
			    "'deny' are permitted", SLICE_ARG(m->key));
			ok = false;
		}
	}
	return ok;
}

/* ---- permissions ------------------------------------------------------ */

static bool load_publish(struct load *l, const struct conf_value *v,
    struct conf_permissions *p)
{
	return load_both(l, v, false, &p->publish_allow, &p->publish_deny);
}

static bool load_subscribe(struct load *l, const struct conf_value *v,
    struct conf_permissions *p)
{
	return load_both(l, v, true, &p->subscribe_allow, &p->subscribe_deny);
}

static bool load_response_max(struct load *l, const struct conf_value *v,
    struct conf_permissions *p)
{
	if (v->kind != CONF_INT) {
		load_mismatch(l, v, "max", "a whole number", false);
		return false;
	}
	if (v->i != 0)
		p->responses_max = v->i;
	return true;
}

static bool load_response_ttl(struct load *l, const struct conf_value *v,
    struct conf_permissions *p)
{
	const char *why;
	int64_t     ns;

	if (v->kind != CONF_STRING) {
		load_error(l, v, "error parsing expires, not a duration string");
		return false;
	}
	if (!text_parse_duration(v->str, &ns, &why)) {
		load_error(l, v, "error parsing expires: %s", why);
		return false;
	}
	if (ns != 0)
		p->responses_ttl_ns = ns;
	return true;
}

struct permission_key {
	const char *words;
	bool      (*load)(struct load *, const struct conf_value *,
	    struct conf_permissions *);
};

static bool load_keys(struct load *l, const struct conf_value *map,
    const struct permission_key *keys, size_t n, struct conf_permissions *p)
{
	bool ok = true;

	for (size_t i = 0; i < map->map.n; i++) {
		const struct conf_member *m = &map->map.v[i];
		size_t                    k = 0;

		while (k < n && !is_word(m->key, keys[k].words))
			k++;
		if (k < n) {
			ok = keys[k].load(l, m->value, p) && ok;
		} else if (!m->value->is_used) {
			load_error(l, m->value, "Unknown field \"%.*s\" parsing "
			    "permissions", SLICE_ARG(m->key));
			ok = false;
		}
	}
	return ok;
}

static bool load_responses(struct load *l, const struct conf_value *v,
    struct conf_permissions *p)
{
	static const struct permission_key keys[] = {
		{ "max max_msgs max_messages max_responses", load_response_max },
		{ "expires expiration ttl", load_response_ttl },
	};

	p->responses_max = 1;
	p->responses_ttl_ns = 120 * OPTION_SECOND;
	p->allows_responses = v->kind == CONF_MAP || (v->kind == CONF_BOOL && v->b);
	if (v->kind == CONF_MAP)
		return load_keys(l, v, keys, N_OF(keys), p);
	if (v->kind == CONF_BOOL)
		return true;
	load_error(l, v,
	    "error parsing response permissions, expected a boolean or a map");
	return false;
}

bool load_permissions(struct load *l, const struct conf_value *v,
    const struct conf_permissions **ret)
{
	static const struct permission_key keys[] = {
		{ "publish pub import", load_publish },
		{ "subscribe sub export", load_subscribe },
		{ "allow_responses publish_allow_responses", load_responses },
	};
	struct conf_permissions *p;
	bool                     ok;

	if (v->kind != CONF_MAP) {
		load_error(l, v, "Expected permissions to be a map/struct, got %s",
		    conf_kind_noun(v->kind));
		return false;
	}
	p = load_alloc(l, 1, sizeof *p);
	if (p == NULL)
		return false;
	ok = load_keys(l, v, keys, N_OF(keys), p);
	/* who may only answer may publish nothing else */
	if (p->allows_responses)
		p->publish_allow.is_set = true;
	*ret = p;
	return ok;
}

/* ---- users ------------------------------------------------------------ */

static bool load_name(struct load *l, const struct conf_value *v,
    struct conf_user *u)
{
	return load_string(l, v, "user", false, &u->user);
}

static bool load_password(struct load *l, const struct conf_value *v,
    struct conf_user *u)
{
	return load_string(l, v, "password", true, &u->pass);
}

static bool load_user_permissions(struct load *l, const struct conf_value *v,
    struct conf_user *u)
{
	return load_permissions(l, v, &u->permissions);
}

static bool load_connection(struct load *l, const struct conf_value *v,
    uint32_t *ret)
{
	static const struct { const char *word; uint32_t bit; } kinds[] = {
		{ "STANDARD", CONNECTION_STANDARD },
		{ "WEBSOCKET", CONNECTION_WEBSOCKET },
		{ "LEAFNODE", CONNECTION_LEAFNODE },
		{ "LEAFNODE_WS", CONNECTION_LEAFNODE_WS },
		{ "MQTT", CONNECTION_MQTT },
		{ "MQTT_WS", CONNECTION_MQTT_WS },
		{ "IN_PROCESS", CONNECTION_IN_PROCESS },
	};
	char   upper[64];
	size_t n;

	if (v->kind != CONF_STRING) {
		load_mismatch(l, v, "connection_types", "strings", false);
		return false;
	}
	for (size_t i = 0; i < N_OF(kinds); i++)
		if (slice_eq_nocase(v->str, slice_str(kinds[i].word))) {
			*ret |= kinds[i].bit;
			return true;
		}
	n = v->str.n < sizeof upper ? v->str.n : sizeof upper - 1;
	for (size_t i = 0; i < n; i++)
		upper[i] = v->str.p[i] >= 'a' && v->str.p[i] <= 'z' ?
		    (char)(v->str.p[i] - 32) : v->str.p[i];
	load_error(l, v, "invalid connection types [\"%.*s\"]", (int)n, upper);
	return false;
}

static bool load_connections(struct load *l, const struct conf_value *v,
    struct conf_user *u)
{
	bool ok = true;

	if (v->kind != CONF_ARRAY)
		return load_connection(l, v, &u->connections);
	for (size_t i = 0; i < v->array.n; i++)
		ok = load_connection(l, v->array.v[i], &u->connections) && ok;
	return ok;
}

static bool refuse_absent(struct load *l, const struct conf_value *v,
    struct conf_user *u)
{
	(void)u;
	if (v->kind == CONF_BOOL && !v->b)
		return true;
	load_error(l, v, "\"%s\" is not built into this server yet",
	    v->kind == CONF_BOOL ? "proxy_required" : "nkey");
	return false;
}

static const struct {
	const char *words;
	bool      (*load)(struct load *, const struct conf_value *,
	    struct conf_user *);
} user_keys[] = {
	{ "user username", load_name },
	{ "pass password", load_password },
	{ "permissions permission authorization", load_user_permissions },
	{ "allowed_connection_types connection_types clients", load_connections },
	{ "nkey", refuse_absent },
	{ "proxy_required", refuse_absent },
};

static bool load_user_key(struct load *l, const struct conf_member *m,
    struct conf_user *u)
{
	for (size_t i = 0; i < N_OF(user_keys); i++)
		if (is_word(m->key, user_keys[i].words))
			return user_keys[i].load(l, m->value, u);
	if (!m->value->is_used)
		load_error(l, m->value, "unknown field \"%.*s\"",
		    SLICE_ARG(m->key));
	return m->value->is_used;
}

static bool load_user(struct load *l, const struct conf_value *v,
    struct conf_user *u)
{
	bool ok = true;

	if (v->kind != CONF_MAP) {
		load_error(l, v, "Expected user entry to be a map/struct, got %s",
		    conf_kind_noun(v->kind));
		return false;
	}
	for (size_t i = 0; i < v->map.n; i++)
		ok = load_user_key(l, &v->map.v[i], u) && ok;
	if (ok && u->user.n == 0) {
		load_error(l, v, "User entry requires a user");
		return false;
	}
	return ok;
}

struct user_at {
	const struct conf_user  *user;
	const struct conf_value *v;
};

static int by_user(const void *a, const void *b)
{
	const struct user_at *x = a, *y = b;
	int                   c = slice_cmp(x->user->user, y->user->user);

	return c != 0 ? c : (x->user > y->user) - (x->user < y->user);
}

static bool are_different(struct load *l, const struct conf_value *array,
    const struct conf_user *users)
{
	size_t          n = array->array.n;
	struct user_at *all = calloc(n + 1, sizeof *all);
	bool            ok = true;

	if (all == NULL) {
		l->is_out_of_memory = true;
		return false;
	}
	for (size_t i = 0; i < n; i++)
		all[i] = (struct user_at){ &users[i], array->array.v[i] };
	qsort(all, n, sizeof *all, by_user);
	for (size_t i = 1; i < n; i++)
		if (slice_eq(all[i].user->user, all[i - 1].user->user)) {
			load_error(l, all[i].v, "Duplicate user \"%.*s\" detected",
			    SLICE_ARG(all[i].user->user));
			ok = false;
		}
	free(all);
	return ok;
}

bool load_users(struct load *l, const struct conf_value *v,
    struct conf_users *ret)
{
	struct conf_user *users;
	bool              ok = true;

	if (v->kind != CONF_ARRAY) {
		load_error(l, v, "Expected users field to be an array, got %s",
		    conf_kind_noun(v->kind));
		return false;
	}
	users = load_alloc(l, v->array.n + 1, sizeof *users);
	for (size_t i = 0; users != NULL && i < v->array.n; i++)
		ok = load_user(l, v->array.v[i], &users[i]) && ok;
	*ret = (struct conf_users){ users, v->array.n };
	return users != NULL && ok && are_different(l, v, users);
}
