/* conf/options_users.c - who may connect, and what they may do then. */
#include <string.h>

#include "base/text.h"
#include "conf/options_int.h"
#include "conf/value.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- subjects --------------------------------------------------------- */

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
	    !load_is_subject(ret->subject)) {
		load_error(l, v, "subject \"%.*s\" is not a valid subject",
		    SLICE_ARG(v->str));
		return false;
	}
	if (ret->queue.n > 0 && !load_is_subject(ret->queue)) {
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

		if (load_is_word(m->key, "allow")) {
			ok = load_rules(l, m->value, may_have_queue, allow) && ok;
		} else if (load_is_word(m->key, "deny")) {
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
    void *into)
{
	struct conf_permissions *p = into;

	return load_both(l, v, false, &p->publish_allow, &p->publish_deny);
}

static bool load_subscribe(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_permissions *p = into;

	return load_both(l, v, true, &p->subscribe_allow, &p->subscribe_deny);
}

static bool load_response_max(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_permissions *p = into;

	if (v->kind != CONF_INT) {
		load_mismatch(l, v, "max", "a whole number", false);
		return false;
	}
	if (v->i != 0)
		p->responses_max = v->i;
	return true;
}

static bool load_response_ttl(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_permissions *p = into;
	const char              *why;
	int64_t                  ns;

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

static bool load_responses(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_permissions *p = into;
	static const struct load_key keys[] = {
		{ "max max_msgs max_messages max_responses", load_response_max },
		{ "expires expiration ttl", load_response_ttl },
	};

	p->responses_max = 1;
	p->responses_ttl_ns = 120 * OPTION_SECOND;
	p->allows_responses = v->kind == CONF_MAP || (v->kind == CONF_BOOL && v->b);
	if (v->kind == CONF_MAP)
		return load_map(l, v, keys, N_OF(keys), "Unknown field",
		    " parsing permissions", p);
	if (v->kind == CONF_BOOL)
		return true;
	load_error(l, v,
	    "error parsing response permissions, expected a boolean or a map");
	return false;
}

bool load_permissions(struct load *l, const struct conf_value *v,
    const struct conf_permissions **ret)
{
	static const struct load_key keys[] = {
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
	ok = load_map(l, v, keys, N_OF(keys), "Unknown field",
	    " parsing permissions", p);
	/* who may only answer may publish nothing else */
	if (p->allows_responses)
		p->publish_allow.is_set = true;
	*ret = p;
	return ok;
}

/* ---- users ------------------------------------------------------------ */

static bool load_name(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_user *u = into;

	return load_string(l, v, "user", false, &u->user);
}

static bool load_password(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_user *u = into;

	return load_string(l, v, "password", true, &u->pass);
}

static bool load_user_permissions(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_user *u = into;

	return load_permissions(l, v, &u->permissions);
}

/* The bit of a kind of connection; 0: there is no such kind. */
static uint32_t connection_of(struct slice word)
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

	for (size_t i = 0; i < N_OF(kinds); i++)
		if (slice_eq_nocase(word, slice_str(kinds[i].word)))
			return kinds[i].bit;
	return 0;
}

static void put_upper(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_put_char(out, s.p[i] >= 'a' && s.p[i] <= 'z' ?
		    (char)(s.p[i] - 32) : s.p[i]);
}

/* Those that are unknown are told together. */
static bool load_connection(struct load *l, const struct conf_value *v,
    uint32_t *ret, struct buf *unknown)
{
	struct buf upper = { 0 };
	uint32_t   bit;

	if (v->kind != CONF_STRING) {
		load_error(l, v, "error parsing allowed connection types: "
		    "unsupported type %s", load_go_type(v));
		return false;
	}
	bit = connection_of(v->str);
	*ret |= bit;
	if (bit != 0)
		return true;
	put_upper(&upper, v->str);
	buf_put_str(unknown, unknown->n > 0 ? " " : "");
	text_put_quoted(unknown, buf_slice(&upper));
	buf_fini(&upper);
	return true;
}

static bool load_connections(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_user *u = into;
	struct buf        unknown = { 0 };
	bool              ok = true;

	if (v->kind != CONF_ARRAY)
		ok = load_connection(l, v, &u->connections, &unknown);
	for (size_t i = 0; v->kind == CONF_ARRAY && i < v->array.n; i++)
		ok = load_connection(l, v->array.v[i], &u->connections,
		    &unknown) && ok;
	if (unknown.n > 0) {
		load_error(l, v, "invalid connection types [%.*s]",
		    SLICE_ARG(buf_slice(&unknown)));
		ok = false;
	}
	buf_fini(&unknown);
	return ok;
}

static bool load_nkey(struct load *l, const struct conf_value *v, void *into)
{
	struct conf_user *u = into;

	if (!load_string(l, v, "nkey", true, &u->nkey))
		return false;
	if (u->nkey.n > 0)
		load_expect_key(l, v, u->nkey, 'U',
		    "Not a valid public nkey for a user", NULL);
	return true;
}

static bool load_proxy_required(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_user *u = into;

	return load_bool(l, v, "proxy_required", &u->proxy_required);
}

static bool load_user_msgs(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_user *u = into;

	return load_msgs_per_second(l, v, &u->rate);
}

static bool load_user_bytes(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_user *u = into;

	return load_bytes_per_second(l, v, &u->rate);
}

static bool load_user_limits(struct load *l, const struct conf_value *v,
    void *into)
{
	static const struct load_key keys[] = {
		{ "max_msgs_per_second", load_user_msgs },
		{ "max_bytes_per_second", load_user_bytes },
	};

	if (v->kind == CONF_MAP)
		return load_map(l, v, keys, N_OF(keys), "Unknown field",
		    " parsing user limits", into);
	load_error(l, v, "Expected user limits to be a map/struct, got %s",
	    conf_kind_noun(v->kind));
	return false;
}

static bool load_user(struct load *l, const struct conf_value *v,
    struct conf_user *u)
{
	static const struct load_key keys[] = {
		{ "user username", load_name },
		{ "pass password", load_password },
		{ "permissions permission authorization",
		  load_user_permissions },
		{ "allowed_connection_types connection_types clients",
		  load_connections },
		{ "nkey", load_nkey },
		{ "proxy_required", load_proxy_required },
		{ "limits", load_user_limits },
	};

	if (v->kind != CONF_MAP) {
		load_error(l, v, "Expected user entry to be a map/struct, got %s",
		    conf_kind_noun(v->kind));
		return false;
	}
	if (!load_map(l, v, keys, N_OF(keys), "unknown field", "", u))
		return false;
	u->place = load_place(l, v);
	if (u->nkey.n > 0 && (u->user.n > 0 || u->pass.n > 0)) {
		load_error(l, v,
		    "Nkey users do not take usernames or passwords");
		return false;
	}
	if (u->nkey.n == 0 && u->user.n == 0) {
		load_error(l, v, "User entry requires a user");
		return false;
	}
	return true;
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
	return users != NULL && ok;
}

void load_spread_permissions(struct conf_users users,
    const struct conf_permissions *p)
{
	for (size_t i = 0; i < users.n; i++) {
		struct conf_user *u = (struct conf_user *)(uintptr_t)&users.v[i];

		if (u->permissions == NULL)
			u->permissions = p;
	}
}
