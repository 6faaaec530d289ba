/* conf/options_validate.c - do the options fit together?
 *
 * Asked before start and before a reload is applied, in nats-server's order
 * and with its texts; `-t` does not ask, as there.
 */
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "conf/options.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool lame_duck_fits(const struct options *o, struct buf *err)
{
	if (o->lame_duck_grace_period < o->lame_duck_duration)
		return true;
	buf_put_str(err, "lame duck grace period (");
	text_put_duration(err, o->lame_duck_grace_period);
	buf_put_str(err, ") should be strictly lower than lame duck duration (");
	text_put_duration(err, o->lame_duck_duration);
	buf_put_str(err, ")");
	return false;
}

static bool payload_fits(const struct options *o, struct buf *err)
{
	if (o->max_payload <= o->max_pending)
		return true;
	buf_printf(err, "max_payload (%lld) cannot be higher than max_pending "
	    "(%lld)", (long long)o->max_payload, (long long)o->max_pending);
	return false;
}

static bool name_fits(const struct options *o, struct buf *err)
{
	if (o->server_name.n == 0 ||
	    memchr(o->server_name.p, ' ', o->server_name.n) == NULL)
		return true;
	buf_put_str(err, "server name cannot contain spaces");
	return false;
}

/* ---- who is let in ---------------------------------------------------- */

static bool has_user(struct conf_users users, struct slice name)
{
	for (size_t i = 0; i < users.n; i++)
		if (slice_eq(users.v[i].user, name) ||
		    slice_eq(users.v[i].nkey, name))
			return true;
	return false;
}

static bool no_auth_user_fits(const struct options *o, struct buf *err)
{
	bool has_users = o->users.n > 0;

	if (o->no_auth_user.n == 0)
		return true;
	if (o->operators.n > 0) {
		buf_put_str(err,
		    "no_auth_user not compatible with Trusted Operator");
		return false;
	}
	if (has_user(o->users, o->no_auth_user))
		return true;
	for (size_t i = 0; i < o->accounts.n; i++) {
		if (has_user(o->accounts.v[i].users, o->no_auth_user))
			return true;
		has_users = has_users || o->accounts.v[i].users.n > 0;
	}
	buf_printf(err, !has_users ?
	    "no_auth_user: \"%s\" present, but users/nkeys are not defined" :
	    "no_auth_user: \"%s\" not present as user or nkey in authorization "
	    "block or account configuration", o->no_auth_user.p);
	return false;
}

/* A file's block without a certificate is accepted (and nobody can come in);
 * flags without one are not. */
static bool tls_fits(const struct options *o, struct buf *err)
{
	const struct conf_tls_flags *f = &o->tls_flags;

	if (!f->is_given || f->is_off)
		return true;
	if (f->cert_file.n == 0)
		buf_put_str(err, "TLS Server certificate must be present and "
		    "valid");
	else if (f->key_file.n == 0)
		buf_put_str(err, "TLS Server private key must be present and "
		    "valid");
	return f->cert_file.n > 0 && f->key_file.n > 0;
}

static bool refuse(struct buf *err, const char *why)
{
	buf_put_str(err, why);
	return false;
}

/* With operators everything about accounts is in tokens.  One operator may
 * name a resolver in its own. */
static bool operators_fit(const struct options *o, struct buf *err)
{
	if (o->operators.n == 0)
		return true;
	if (o->resolver == NULL && o->operators.n > 1)
		return refuse(err, "operators require an account resolver to be "
		    "configured");
	if (o->accounts.n > 0 || o->mappings.n > 0)
		return refuse(err, "operators do not allow Accounts to be "
		    "configured directly");
	if (o->users.n > 0)
		return refuse(err, "operators do not allow users to be "
		    "configured directly");
	if (o->auth_callout != NULL)
		return refuse(err, "operators do not allow authorization "
		    "callouts to be configured directly");
	if (o->trusted_keys.n > 0)
		return refuse(err, "conflicting options for 'TrustedKeys' and "
		    "'TrustedOperators'");
	return true;
}

/* An account of the file, unless there is somebody to ask. */
static bool system_account_fits(const struct options *o, struct buf *err)
{
	if (o->system_account.n == 0 || o->resolver != NULL ||
	    o->operators.n > 0)
		return true;
	for (size_t i = 0; i < o->accounts.n; i++)
		if (slice_eq(o->accounts.v[i].name, o->system_account))
			return true;
	return refuse(err, "error resolving system account: account missing");
}

static bool sentinel_fits(const struct options *o, struct buf *err)
{
	return o->default_sentinel.n == 0 || o->operators.n > 0 ||
	    refuse(err, "default sentinel requires operators and accounts");
}

static bool system_account_stores_nothing(const struct options *o,
    struct buf *err)
{
	struct slice system = o->system_account.n > 0 ? o->system_account
	    : SLICE("$SYS");

	for (size_t i = 0; o->js_enabled && i < o->accounts.n; i++)
		if (o->accounts.v[i].has_jetstream &&
		    slice_eq(o->accounts.v[i].name, system))
			return refuse(err, "Not allowed to enable JetStream on "
			    "the system account");
	return true;
}

static bool (*const checks[])(const struct options *, struct buf *) = {
	lame_duck_fits, payload_fits, name_fits, operators_fit,
	no_auth_user_fits, system_account_fits, sentinel_fits, tls_fits,
	system_account_stores_nothing,
};

int options_validate(const struct options *o, struct buf *err)
{
	for (size_t i = 0; i < N_OF(checks); i++)
		if (!checks[i](o, err))
			return ERR_CONFIG;
	return 0;
}

const char *options_advice(const struct options *o)
{
	if (o->max_payload > 8 * OPTION_MIB)
		return "Maximum payloads over 8.00 MB are generally discouraged "
		    "and could lead to poor performance";
	return NULL;
}

static struct slice system_account(const struct options *o)
{
	return o->system_account.n > 0 ? o->system_account : SLICE("$SYS");
}

bool options_has_credentials(const struct options *o)
{
	if (o->auth_user.n > 0 || o->auth_token.n > 0 || o->users.n > 0 ||
	    o->operators.n > 0 || o->trusted_keys.n > 0 ||
	    o->auth_callout != NULL)
		return true;
	for (size_t i = 0; i < o->accounts.n; i++)
		if (o->accounts.v[i].users.n > 0 &&
		    !slice_eq(o->accounts.v[i].name, system_account(o)))
			return true;
	return false;
}

/* $2a$11$...: two digits of cost between dollars. */
static bool is_bcrypt(struct slice s)
{
	return s.n >= 7 && s.p[0] == '$' && s.p[1] == '2' &&
	    memchr("abxy", s.p[2], 4) != NULL && s.p[3] == '$' &&
	    s.p[4] >= '0' && s.p[4] <= '9' && s.p[5] >= '0' && s.p[5] <= '9' &&
	    s.p[6] == '$';
}

static bool is_plain(struct slice s)
{
	return s.n > 0 && !is_bcrypt(s);
}

static bool has_plain_password(struct conf_users users)
{
	for (size_t i = 0; i < users.n; i++)
		if (is_plain(users.v[i].pass))
			return true;
	return false;
}

bool options_has_plain_secrets(const struct options *o)
{
	if (is_plain(o->auth_pass) || is_plain(o->auth_token) ||
	    has_plain_password(o->users))
		return true;
	for (size_t i = 0; i < o->accounts.n; i++)
		if (has_plain_password(o->accounts.v[i].users))
			return true;
	return false;
}
