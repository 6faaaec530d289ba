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

static bool no_auth_user_fits(const struct options *o, struct buf *err)
{
	if (o->no_auth_user.n == 0)
		return true;
	for (size_t i = 0; i < o->users.n; i++)
		if (slice_eq(o->users.v[i].user, o->no_auth_user))
			return true;
	buf_printf(err, o->users.n == 0 ?
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

static bool (*const checks[])(const struct options *, struct buf *) = {
	lame_duck_fits, payload_fits, name_fits, no_auth_user_fits,
	tls_fits,
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

bool options_has_credentials(const struct options *o)
{
	return o->auth_user.n > 0 || o->auth_token.n > 0 || o->users.n > 0;
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

bool options_has_plain_secrets(const struct options *o)
{
	if (is_plain(o->auth_pass) || is_plain(o->auth_token))
		return true;
	for (size_t i = 0; i < o->users.n; i++)
		if (is_plain(o->users.v[i].pass))
			return true;
	return false;
}
