/* server/settings_auth.c - everybody who is configured, in one list. */
#include "server/settings_auth.h"

#include <stdlib.h>

#include "auth/auth.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/options.h"
#include "core/permissions.h"
#include "server/settings.h"

/* Both are bits of the same kinds. */
_Static_assert((int)CONNECTION_STANDARD == VIA_STANDARD &&
    (int)CONNECTION_WEBSOCKET == VIA_WEBSOCKET &&
    (int)CONNECTION_LEAFNODE == VIA_LEAFNODE &&
    (int)CONNECTION_LEAFNODE_WS == VIA_LEAFNODE_WS &&
    (int)CONNECTION_MQTT == VIA_MQTT &&
    (int)CONNECTION_MQTT_WS == VIA_MQTT_WS &&
    (int)CONNECTION_IN_PROCESS == VIA_IN_PROCESS, "kinds of connection");

/* A permissions_spec and the rules its lists point to. */
struct spec {
	struct permissions_spec spec;
	struct permission_rule *rules;
};

static struct permission_list convert_list(const struct conf_rules *from,
    struct permission_rule **at)
{
	struct permission_list list = { *at, from->n, from->is_set };

	for (size_t i = 0; i < from->n; i++)
		*(*at)++ = (struct permission_rule){ from->v[i].subject,
			from->v[i].queue };
	return list;
}

static bool convert_permissions(const struct conf_permissions *p,
    struct spec *ret)
{
	size_t n = p->publish_allow.n + p->publish_deny.n +
	    p->subscribe_allow.n + p->subscribe_deny.n;
	struct permission_rule *at = calloc(n + 1, sizeof *at);

	if (at == NULL)
		return false;
	ret->rules = at;
	ret->spec.publish_allow = convert_list(&p->publish_allow, &at);
	ret->spec.publish_deny = convert_list(&p->publish_deny, &at);
	ret->spec.subscribe_allow = convert_list(&p->subscribe_allow, &at);
	ret->spec.subscribe_deny = convert_list(&p->subscribe_deny, &at);
	ret->spec.allows_responses = p->allows_responses;
	ret->spec.responses_max = p->responses_max;
	ret->spec.responses_ttl_ns = p->responses_ttl_ns;
	return true;
}

/* Users as they are gathered; freed together. */
struct gathered {
	struct auth_user_config *users;
	struct spec             *specs;
	size_t                   n;
};

static bool convert_user(const struct conf_user *from, struct slice account,
    struct gathered *g)
{
	struct auth_user_config *to = &g->users[g->n];
	struct spec             *spec = &g->specs[g->n];

	g->n++;
	*to = (struct auth_user_config){
		.name = from->nkey.n > 0 ? from->nkey : from->user,
		.pass = from->pass,
		.is_nkey = from->nkey.n > 0,
		.account = account,
		.connections = from->connections,
		.proxy_required = from->proxy_required,
		.msgs_per_s = from->rate.msgs,
		.bytes_per_s = from->rate.bytes,
	};
	if (from->permissions == NULL)
		return true;
	to->permissions = &spec->spec;
	return convert_permissions(from->permissions, spec);
}

static bool convert_users(const struct conf_users *from, struct slice account,
    struct gathered *g)
{
	for (size_t i = 0; i < from->n; i++)
		if (!convert_user(&from->v[i], account, g))
			return false;
	return true;
}

static size_t count_users(const struct options *o)
{
	size_t n = o->users.n;

	for (size_t i = 0; i < o->accounts.n; i++)
		n += o->accounts.v[i].users.n;
	return n;
}

/* Those of the authorization block are in "$G". */
static bool gather(const struct options *o, struct gathered *g)
{
	size_t n = count_users(o);

	g->users = calloc(n + 1, sizeof *g->users);
	g->specs = calloc(n + 1, sizeof *g->specs);
	if (g->users == NULL || g->specs == NULL ||
	    !convert_users(&o->users, SLICE("$G"), g))
		return false;
	for (size_t i = 0; i < o->accounts.n; i++)
		if (!convert_users(&o->accounts.v[i].users,
		    o->accounts.v[i].name, g))
			return false;
	return true;
}

static void drop(struct gathered *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->specs[i].rules);
	free(g->specs);
	free(g->users);
}

static struct callout_config convert_callout(const struct conf_callout *c)
{
	struct callout_config to = {
		.account = c->account,
		.users = c->auth_users.v, .n_users = c->auth_users.n,
		.allowed = c->allowed_accounts.v,
		.n_allowed = c->allowed_accounts.n,
	};

	nkey_parse(c->issuer, &to.issuer);
	nkey_parse(c->xkey, &to.xkey);
	return to;
}

int settings_auth(const struct options *o, struct operators *operators,
    struct hasher *hasher, struct auth **ret, struct buf *why)
{
	struct gathered       g = { 0 };
	struct callout_config callout;
	bool                  is_gathered = gather(o, &g);
	struct auth_config    conf = {
		.user = o->auth_user, .pass = o->auth_pass,
		.token = o->auth_token,
		.proxy_required = o->proxy_required,
		.users = g.users, .n_users = g.n,
		.has_users = o->is_given[OPTION_users],
		.maps_certs = o->tls != NULL && o->tls->verify_and_map,
		.no_auth_user = o->no_auth_user,
		/* Only operators' own users: everybody else is as before. */
		.admits_anonymous = g.n > 0 && !options_has_credentials(o),
		.proxies = o->proxies.v, .n_proxies = o->proxies.n,
		.operators = operators,
		.timeout_ns = o->auth_timeout,
	};
	int err = ERR_NOMEM;

	if (o->auth_callout != NULL) {
		callout = convert_callout(o->auth_callout);
		conf.callout = &callout;
	}
	if (is_gathered)
		err = auth_create(&conf, hasher, ret, why);
	drop(&g);
	return err;
}

struct slice settings_system_account(const struct options *o)
{
	if (o->no_system_account)
		return SLICE_NONE;
	return o->system_account.n > 0 ? o->system_account : SLICE("$SYS");
}
