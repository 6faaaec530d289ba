/* auth/callout.c - another program decides who somebody is. */
#include "auth/callout.h"

#include <sodium.h>

#include "auth/jwt.h"
#include "auth/jwt_principal.h"
#include "auth/jwt_verify.h"
#include "auth/jwt_write.h"
#include "auth/operators.h"
#include "auth/xkey.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

void callout_of_account(const struct jwt *account, struct callout_config *ret)
{
	*ret = (struct callout_config){
		.issuer = account->subject, .xkey = account->account.xkey,
	};
	ret->account = nkey_text(&ret->issuer);
}

void callout_draw_key(struct nkey *key)
{
	uint8_t seed[NKEY_BYTES], secret[NKEY_SECRET_BYTES];

	randombytes_buf(seed, sizeof seed);
	nkey_from_seed(NKEY_USER, seed, key, secret);
	sodium_memzero(seed, sizeof seed);
	sodium_memzero(secret, sizeof secret);
}

/* ---- the question --------------------------------------------------------- */

static bool put_token(const struct callout_question *q, struct slice nats,
    struct buf *out)
{
	struct jwt_signer by = { NKEY_SERVER, q->server->sign_public,
		q->server->sign_secret };
	struct jwt_head   head = {
		.audience = SLICE("nats-authorization-request"),
		.subject = nkey_text(&q->conf->issuer),
		.issued_s = q->now_ns / NS_PER_S,
		.expires_s = (q->now_ns + q->patience_ns) / NS_PER_S + 1,
	};

	return jwt_sign(&head, nats, &by, out);
}

/* With operators: what the token says by which it came.  A reference to keep
 * while of is in use; NULL: there is none. */
static struct jwt *describe_user(const struct callout_question *q,
    struct jwt_callout *of)
{
	const char *why;
	struct jwt *user;

	if (q->operators == NULL)
		return NULL;
	if (of->jwt.n == 0)
		of->jwt = operators_sentinel(q->operators);
	if (jwt_decode(of->jwt, &user, &why) != 0)
		return NULL;
	if (of->client_user.n == 0)
		of->client_user = nkey_text(&user->subject);
	of->client_name_tag = user->name;
	of->client_tags = user->tags.items;
	of->n_client_tags = user->tags.n;
	return user;
}

bool callout_put_question(const struct callout_question *q,
    struct jwt_callout *of, struct buf *headers, struct buf *payload)
{
	struct buf  nats = { 0 }, token = { 0 };
	struct jwt *bearer;
	bool        ok;

	of->server_id = slice_str(q->server->id);
	of->server_xkey = q->conf->xkey.is_set ? slice_str(q->server->xkey)
	    : SLICE_NONE;
	of->user_nkey = nkey_text(&q->user);
	bearer = describe_user(q, of);
	jwt_put_callout(of, &nats);
	jwt_unref(bearer);
	ok = !buf_failed(&nats) && put_token(q, buf_slice(&nats), &token);
	if (ok && q->conf->xkey.is_set) {
		ok = xkey_seal(q->server->box_secret, &q->conf->xkey,
		    buf_slice(&token), payload);
		buf_printf(headers, "NATS/1.0\r\nNats-Server-Xkey: %s\r\n\r\n",
		    q->server->xkey);
	} else if (ok) {
		buf_put_slice(payload, buf_slice(&token));
	}
	/* Both hold what the peer sent, its password for one. */
	if (nats.p != NULL)
		sodium_memzero(nats.p, nats.cap);
	if (token.p != NULL)
		sodium_memzero(token.p, token.cap);
	buf_fini(&nats);
	buf_fini(&token);
	return ok && !buf_failed(headers) && !buf_failed(payload);
}

/* ---- the answer ----------------------------------------------------------- */

/* The token in the payload, opened if it is a box. */
static bool open_payload(const struct callout_question *q,
    struct slice payload, struct buf *plain, bool *is_sealed)
{
	*is_sealed = slice_has_prefix(payload, SLICE("xkv1"));
	if (!*is_sealed) {
		buf_put_slice(plain, payload);
		return !buf_failed(plain);
	}
	return q->conf->xkey.is_set && xkey_open(q->server->box_secret,
	    &q->conf->xkey, payload, plain);
}

static const struct principal *place(const struct callout_question *q,
    const struct jwt *user, struct buf *why)
{
	struct jwt_login login = {
		.addr = (const uint8_t *)q->source.p, .n_addr = q->source.n,
		.connection = (enum jwt_connection)q->via,
		.is_proxied = q->is_proxied,
		.now_ns = q->now_ns,
		.callout_user = &q->user,
	};
	struct jwt_rights       rights = { 0 };
	const struct principal *who = NULL;
	enum jwt_verdict        v = jwt_check_placed(user, &q->conf->issuer,
	    &login, &rights);

	if (v != JWT_OK)
		buf_printf(why, "Auth callout: %s", jwt_verdict_text(v));
	else if (!slice_eq(user->audience, SLICE("$G")) &&
	    !callout_may_place(q->conf, user->audience))
		buf_printf(why, "Auth callout: account \"%.*s\" is not allowed",
		    SLICE_ARG(user->audience));
	else if ((who = jwt_principal(&rights, user->audience,
	    slice_eq(user->audience, q->conf->account)
	    ? SLICE(CALLOUT_SUBJECT) : SLICE_NONE, true)) == NULL)
		buf_put_str(why, err_text(ERR_NOMEM));
	jwt_rights_fini(&rights);
	return who;
}

/* by: claims of the account that was asked in; NULL: without operators. */
static enum auth_verdict settle(const struct callout_question *q,
    const struct jwt *user, const struct jwt *by, struct auth_answer *out,
    struct auth_ticket *ticket, struct buf *why)
{
	const struct operators_placing placing = {
		.user = user, .by = by, .expected = &q->user,
		.source = q->source, .via = q->via,
		.is_proxied = q->is_proxied,
	};

	if (by != NULL)
		return operators_place(q->operators, &placing, out, ticket);
	out->who = place(q, user, why);
	out->verdict = out->who != NULL ? AUTH_OK : AUTH_REFUSED;
	return out->verdict;
}

static enum auth_verdict read_user(const struct callout_question *q,
    struct slice token, const struct jwt *by, struct auth_answer *out,
    struct auth_ticket *ticket, struct buf *why)
{
	enum auth_verdict v;
	const char       *text = "";
	struct jwt       *user;

	if (jwt_decode(token, &user, &text) != 0) {
		buf_printf(why, "Error decoding auth callout user jwt: %s",
		    text);
		return AUTH_REFUSED;
	}
	v = settle(q, user, by, out, ticket, why);
	jwt_unref(user);
	return v;
}

/* Is it an answer to the question, and more than an error? */
static bool is_answer(const struct callout_question *q,
    const struct jwt *response, bool is_sealed, const struct jwt *by,
    struct buf *why)
{
	struct nkey server;
	const char *text = "";

	if (!nkey_parse(slice_str(q->server->id), &server) ||
	    !jwt_check_response(response, &(struct jwt_expected){
	    .user = &q->user, .server = &server, .is_sealed = is_sealed,
	    .issuer = &q->conf->issuer, .account = by }, q->now_ns, &text)) {
		buf_printf(why, "Auth callout response is not valid: %s",
		    text);
		return false;
	}
	if (response->response.error.n > 0) {
		buf_printf(why, "Auth callout service returned an error: %.*s",
		    SLICE_ARG(response->response.error));
		return false;
	}
	return true;
}

/* The account's claims may be others than when it was asked in. */
static enum auth_verdict read_response(const struct callout_question *q,
    const struct jwt *response, bool is_sealed, struct auth_answer *out,
    struct auth_ticket *ticket, struct buf *why)
{
	enum auth_verdict v = AUTH_REFUSED;
	struct jwt       *by = q->operators == NULL ? NULL
	    : operators_account(q->operators, &q->conf->issuer);

	if (q->operators != NULL && by == NULL)
		buf_put_str(why, "Auth callout: its account is gone");
	else if (is_answer(q, response, is_sealed, by, why))
		v = read_user(q, response->response.jwt, by, out, ticket, why);
	jwt_unref(by);
	return v;
}

enum auth_verdict callout_read_answer(const struct callout_question *q,
    struct slice payload, struct auth_answer *out, struct auth_ticket *ticket,
    struct buf *why)
{
	enum auth_verdict v = AUTH_REFUSED;
	const char       *text = "";
	struct jwt       *response;
	struct buf        plain = { 0 };
	bool              is_sealed;

	out->verdict = v;
	if (!open_payload(q, payload, &plain, &is_sealed)) {
		buf_put_str(why, "Error decrypting auth callout response");
	} else if (jwt_decode(buf_slice(&plain), &response, &text) != 0) {
		buf_printf(why, "Error decoding auth callout response: %s",
		    text);
	} else {
		v = read_response(q, response, is_sealed, out, ticket, why);
		jwt_unref(response);
	}
	buf_fini(&plain);
	return v;
}

enum auth_verdict callout_renew(struct operators *o,
    const struct principal *who, const struct auth_request *req,
    struct auth_answer *out, struct auth_ticket *ticket)
{
	enum auth_verdict v;
	const char       *why;
	struct jwt       *user;

	out->verdict = AUTH_REFUSED;
	if (jwt_decode(who->jwt, &user, &why) != 0)
		return AUTH_REFUSED;
	v = operators_place(o, &(struct operators_placing){ .user = user,
	    .expected = &user->subject, .source = req->source,
	    .via = req->via, .is_proxied = out->proxy >= 0 }, out, ticket);
	jwt_unref(user);
	return v;
}
