/* server/claims.c - what may be asked of accounts' tokens. */
#include "server/claims.h"

#include <stdlib.h>

#include "auth/jwt.h"
#include "auth/operators.h"
#include "auth/resolver.h"
#include "base/buf.h"
#include "base/epoch.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "conf/options.h"
#include "core/accounts.h"
#include "mon/advisory.h"
#include "server/monitoring.h"
#include "server/server_int.h"
#include "server/tenants.h"
#include "session/inbox.h"
#include "session/inject.h"

/* Where tokens come from, a bit each. */
enum home {
	HOME_FULL  = 1 << 0,
	HOME_CACHE = 1 << 1,
	HOME_OTHER = 1 << 2,	/* memory, a web server */
	HOME_DIRS  = HOME_FULL | HOME_CACHE,
	HOME_ALL   = HOME_DIRS | HOME_OTHER,
};

enum { ROWS_MAX = 8 };

struct claims;

struct ear {
	struct claims    *claims;
	const struct row *row;
	struct inbox     *inbox;
};

struct claims {
	struct server *server;
	enum home      home;
	struct ear     ears[ROWS_MAX];
	size_t         n_ears;
};

/* ---- answers ------------------------------------------------------------------- */

static void tell(struct claims *c, const struct inbox_message *m,
    struct slice payload)
{
	struct injection in = { .account = m->account, .subject = m->reply,
		.payload = payload };

	if (m->reply.n > 0)
		inject_from(c->server->control, &in);
}

/* About what, what was said of it, and, if it was refused, why. */
struct outcome {
	struct slice account;	/* or empty */
	const char  *message;
	struct slice error;	/* empty: it was done */
};

static void log_outcome(const struct outcome *o)
{
	if (o->error.n > 0)
		log_error("%s - %.*s%s%.*s", o->message,
		    SLICE_ARG(o->account), o->account.n > 0 ? " - " : "",
		    SLICE_ARG(o->error));
	else
		log_debug("%s%s%.*s", o->message, o->account.n > 0 ? " - " : "",
		    SLICE_ARG(o->account));
}

static void put_outcome(struct json_writer *w, const struct outcome *o)
{
	struct buf text = { 0 };

	json_key(w, o->error.n > 0 ? "error" : "data");
	json_begin_object(w);
	if (o->account.n > 0) {
		json_key(w, "account");
		json_str(w, o->account);
	}
	json_key(w, "code");
	json_i64(w, o->error.n > 0 ? 500 : 200);
	buf_put_str(&text, o->message);
	if (o->error.n > 0)
		buf_printf(&text, " - %.*s", SLICE_ARG(o->error));
	json_key(w, o->error.n > 0 ? "description" : "message");
	json_str(w, buf_slice(&text));
	json_end_object(w);
	buf_fini(&text);
}

static void put_server(struct claims *c, struct json_writer *w)
{
	struct server_info info = monitoring_stamp(c->server);

	json_key(w, "server");
	server_info_write(&info, w);
}

static void answer(struct claims *c, const struct inbox_message *m,
    const struct outcome *o)
{
	struct buf         b = { 0 };
	struct json_writer w;

	log_outcome(o);
	json_init(&w, &b, 0);
	json_begin_object(&w);
	put_server(c, &w);
	put_outcome(&w, o);
	json_end_object(&w);
	if (!buf_failed(&b))
		tell(c, m, buf_slice(&b));
	buf_fini(&b);
}

/* ---- looking up ---------------------------------------------------------------- */

/* The token of the subject, from 0. */
static struct slice token_of(struct slice subject, unsigned nr)
{
	struct slice s = subject;

	for (;;) {
		const char *dot = s.n == 0 ? NULL : memchr(s.p, '.', s.n);
		size_t      n = dot == NULL ? s.n : (size_t)(dot - s.p);

		if (nr-- == 0)
			return slice_of(s.p, n);
		if (dot == NULL)
			return SLICE_NONE;
		s = slice_skip(s, n + 1);
	}
}

static struct jwt_store *store_of(struct claims *c)
{
	return resolver_store(c->server->resolver);
}

/* Nobody's token is answered with nothing, so that who asks can count. */
static void look_up(struct claims *c, const struct inbox_message *m)
{
	struct slice key = token_of(m->subject, 3);
	struct buf   token = { 0 };
	struct nkey  parsed;
	int          err;

	if (!nkey_parse(key, &parsed) || parsed.kind != NKEY_ACCOUNT) {
		log_error("lookup of account \"%.*s\": invalid public key",
		    SLICE_ARG(key));
		return;
	}
	err = jwt_store_load(store_of(c), key, &token);
	if (err == 0 || err == ERR_NOTFOUND)
		tell(c, m, buf_slice(&token));
	else
		log_error("lookup of account \"%.*s\": %s", SLICE_ARG(key),
		    err_text(err));
	buf_fini(&token);
}

static void list(struct claims *c, const struct inbox_message *m)
{
	struct buf         keys = { 0 }, b = { 0 };
	struct json_writer w;

	if (m->reply.n == 0 || !jwt_store_keys(store_of(c), &keys))
		return;
	json_init(&w, &b, 0);
	json_begin_object(&w);
	json_key(&w, "data");
	json_begin_array(&w);
	for (size_t at = 0; at < keys.n; at += NKEY_PUBLIC_CHARS)
		json_str(&w, slice_of(keys.p + at, NKEY_PUBLIC_CHARS));
	json_end_array(&w);
	put_server(c, &w);
	json_end_object(&w);
	if (!buf_failed(&b))
		tell(c, m, buf_slice(&b));
	buf_fini(&keys);
	buf_fini(&b);
}

static void send_packed(struct claims *c, const struct inbox_message *m,
    struct slice key)
{
	struct buf b = { 0 };

	buf_put_slice(&b, key);
	buf_put_char(&b, '|');
	if (jwt_store_load(store_of(c), key, &b) == 0 && !buf_failed(&b))
		tell(c, m, buf_slice(&b));
	buf_fini(&b);
}

/* Everything, and then nothing; nothing alone to who has the same. */
static void pack(struct claims *c, const struct inbox_message *m)
{
	uint8_t    hash[JWT_STORE_HASH_BYTES];
	struct buf keys = { 0 };

	jwt_store_hash(store_of(c), hash);
	if (m->reply.n == 0)
		return;
	if (!slice_eq(m->payload, slice_of((const char *)hash, sizeof hash)) &&
	    jwt_store_keys(store_of(c), &keys))
		for (size_t at = 0; at < keys.n; at += NKEY_PUBLIC_CHARS)
			send_packed(c, m, slice_of(keys.p + at,
			    NKEY_PUBLIC_CHARS));
	tell(c, m, SLICE_NONE);
	buf_fini(&keys);
}

/* ---- bringing ------------------------------------------------------------------ */

struct wording {
	const char *done, *failed, *invalid, *skipped;
};

static const struct wording *wording_of(const struct claims *c)
{
	static const struct wording of_caches = {
		"jwt updated cache", "jwt update cache resulted in error",
		"jwt update cache validation failed",
		"jwt update cache skipped",
	};
	static const struct wording of_others = {
		"jwt updated", "jwt update resulted in error",
		"jwt validation failed", "jwt update skipped",
	};

	return c->home == HOME_CACHE ? &of_caches : &of_others;
}

/* A token that somebody wants to be in force. */
struct update {
	struct claims *claims;
	struct slice   key;	/* the subject's; empty: it has none */
	struct jwt    *account;
	const char    *failed;	/* the words for: it was not to be */
	struct buf     why;
};

static int fail(struct update *u, const char *why)
{
	buf_put_str(&u->why, why);
	return ERR_DENIED;
}

static int decode(struct update *u, struct slice token)
{
	const char *why = err_text(ERR_NOMEM);

	if (token.n == 0 && u->claims->home == HOME_OTHER) {
		u->failed = "jwt update error";
		return fail(u, "request body is empty");
	}
	if (jwt_decode(token, &u->account, &why) != 0)
		return fail(u, why);
	if (u->account->kind != JWT_ACCOUNT)
		return fail(u, "not account claim");
	return 0;
}

static int check(struct update *u)
{
	struct server *s = u->claims->server;

	if (u->key.n > 0 && !slice_eq(u->key, nkey_text(&u->account->subject)))
		return fail(u, "subject does not match jwt content");
	if (operators_is_reserved(s->operators, &u->account->issuer))
		return fail(u, "operator requires issuer to be a signing key");
	/* nats-server keeps it, and then has nothing that it could use. */
	if (tenants_check(s, u->account) != 0)
		return fail(u, "account validation failed");
	return 0;
}

static int save(void *ctx)
{
	struct update    *u = ctx;
	struct jwt_store *store = store_of(u->claims);
	int err = store == NULL ? 0 : jwt_store_save(store,
	    nkey_text(&u->account->subject), u->account->token);

	if (err == ERR_LIMIT)
		buf_put_str(&u->why, "jwt store is full");
	else if (err != 0)
		buf_put_str(&u->why, err_text(err));
	return err;
}

static int save_only(struct update *u)
{
	int err = save(u);

	resolver_look_again(u->claims->server->resolver,
	    nkey_text(&u->account->subject));
	return err;
}

/* Of an account that nobody uses a full store keeps the token. */
static int put_in_force(struct update *u, bool *is_skipped)
{
	struct server *s = u->claims->server;
	struct jwt    *loaded = resolver_loaded(s->resolver,
	    nkey_text(&u->account->subject));
	int            err = 0;

	*is_skipped = loaded == NULL && u->claims->home != HOME_FULL;
	if (*is_skipped)
		;
	else if (loaded == NULL || slice_eq(loaded->token, u->account->token))
		err = save_only(u);
	else
		err = tenants_put(s, u->account, save, u, &u->why);
	jwt_unref(loaded);
	if (err != 0 && u->why.n == 0)
		buf_put_str(&u->why, err_text(err));
	return err;
}

static struct slice account_told(const struct update *u)
{
	bool is_account = u->account != NULL && u->account->kind == JWT_ACCOUNT;

	if (u->key.n > 0 && (is_account || u->claims->home != HOME_FULL))
		return u->key;
	return is_account ? nkey_text(&u->account->subject) : SLICE("n/a");
}

static void update(struct claims *c, const struct inbox_message *m,
    struct slice key)
{
	const struct wording *words = wording_of(c);
	struct update         u = { .claims = c, .key = key,
		.failed = words->failed };
	struct outcome        o = { .message = words->done };
	bool                  is_skipped = false;
	int                   err = decode(&u, m->payload);

	if (err == 0)
		err = check(&u);
	if (err == 0)
		err = put_in_force(&u, &is_skipped);
	o.account = account_told(&u);
	if (err != 0) {
		o.message = u.failed;
		o.error = buf_slice(&u.why);
	} else if (is_skipped) {
		o.message = words->skipped;
	}
	answer(c, m, &o);
	jwt_unref(u.account);
	buf_fini(&u.why);
}

static void update_account(struct claims *c, const struct inbox_message *m)
{
	update(c, m, token_of(m->subject, 3));
}

static void update_account_old(struct claims *c, const struct inbox_message *m)
{
	update(c, m, token_of(m->subject, 2));
}

static void update_any(struct claims *c, const struct inbox_message *m)
{
	update(c, m, SLICE_NONE);
}

/* ---- deleting ------------------------------------------------------------------ */

/* An order of an operator, signed by itself.  NULL: it may be carried out. */
static const char *refuse_order(struct claims *c, const struct jwt *t)
{
	struct server    *s = c->server;
	struct slice      system = operators_system_account(s->operators);
	const struct jwt_keys *keys = &t->generic.accounts;

	if (c->home == HOME_FULL && !s->options->resolver->allows_delete)
		return "delete must be enabled in server config";
	if (!nkey_eq(&t->subject, &t->issuer))
		return "not self signed";
	if (!jwt_is_trusted(operators_trust(s->operators), &t->issuer))
		return "not trusted";
	if (t->kind != JWT_GENERIC || !t->generic.has_accounts)
		return "malformed request";
	for (size_t i = 0; i < keys->n; i++)
		if (slice_eq(nkey_text(&keys->items[i]), system))
			return "not allowed to delete system account";
	return NULL;
}

static void delete_all(struct claims *c, const struct inbox_message *m,
    const struct jwt_keys *keys)
{
	struct buf     text = { 0 }, errors = { 0 };
	struct outcome o = { 0 };
	size_t         n_failed = 0;

	for (size_t i = 0; i < keys->n; i++) {
		struct slice key = nkey_text(&keys->items[i]);
		int          err = jwt_store_delete(store_of(c), key);

		if (err == 0) {
			tenants_remove(c->server, key);
			continue;
		}
		buf_printf(&errors, "%s%s", n_failed > 0 ? "\n" : "",
		    err_text(err));
		n_failed++;
	}
	buf_printf(&text, "deleted %zu accounts", keys->n - n_failed);
	if (n_failed > 0)
		buf_printf(&text, ", failed for %zu", n_failed);
	buf_put_char(&text, '\0');
	o.message = buf_failed(&text) ? "deleted accounts" : text.p;
	o.error = buf_slice(&errors);
	answer(c, m, &o);
	buf_fini(&text);
	buf_fini(&errors);
}

static void refuse_delete(struct claims *c, const struct inbox_message *m,
    struct slice who, const char *why)
{
	struct buf     text = { 0 };
	struct outcome o = { .error = slice_str(why) };

	buf_printf(&text, "delete accounts request by %.*s failed",
	    SLICE_ARG(who));
	buf_put_char(&text, '\0');
	o.message = buf_failed(&text) ? "delete accounts request failed"
	    : text.p;
	answer(c, m, &o);
	buf_fini(&text);
}

static void delete_some(struct claims *c, const struct inbox_message *m)
{
	struct jwt *t = NULL;
	const char *why = err_text(ERR_NOMEM);

	if (jwt_decode(m->payload, &t, &why) != 0) {
		refuse_delete(c, m, SLICE_NONE, why);
		return;
	}
	why = refuse_order(c, t);
	if (why != NULL)
		refuse_delete(c, m, nkey_text(&t->subject), why);
	else
		delete_all(c, m, &t->generic.accounts);
	jwt_unref(t);
}

/* ---- listening ----------------------------------------------------------------- */

static const struct row {
	const char *subject;
	unsigned    homes;
	void      (*handle)(struct claims *c, const struct inbox_message *m);
} rows[] = {
	{ "$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP", HOME_FULL, look_up },
	{ "$SYS.REQ.ACCOUNT.*.CLAIMS.UPDATE", HOME_ALL,  update_account },
	{ "$SYS.ACCOUNT.*.CLAIMS.UPDATE",     HOME_ALL,  update_account_old },
	{ "$SYS.REQ.CLAIMS.UPDATE",           HOME_DIRS, update_any },
	{ "$SYS.REQ.CLAIMS.LIST",             HOME_DIRS, list },
	{ "$SYS.REQ.CLAIMS.DELETE",           HOME_DIRS, delete_some },
	{ "$SYS.REQ.CLAIMS.PACK",             HOME_FULL, pack },
};
_Static_assert(sizeof rows / sizeof rows[0] <= ROWS_MAX, "rows");

static void heard(void *ctx, const struct inbox_message *m)
{
	struct ear *ear = ctx;

	ear->row->handle(ear->claims, m);
}

static enum home home_of(struct server *s)
{
	struct jwt_store *store = resolver_store(s->resolver);

	if (store == NULL || jwt_store_kind(store) == JWT_STORE_MEMORY)
		return HOME_OTHER;
	return jwt_store_kind(store) == JWT_STORE_FULL ? HOME_FULL : HOME_CACHE;
}

static bool listen_all(struct claims *c, struct account *system,
    struct epoch_thread *e)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ear *ear = &c->ears[c->n_ears];

		if (!(rows[i].homes & c->home))
			continue;
		*ear = (struct ear){ c, &rows[i], inbox_open(system, e,
		    slice_str(rows[i].subject), c->server->n_workers,
		    c->server->n_workers, heard, ear) };
		if (ear->inbox == NULL)
			return false;
		c->n_ears++;
	}
	return true;
}

int claims_open(struct server *s)
{
	struct account      *system = accounts_system(s->shared.accounts);
	struct epoch_thread *e;
	bool                 ok;

	if (system == NULL || s->resolver == NULL)
		return 0;
	e = epoch_join();
	s->claims = calloc(1, sizeof *s->claims);
	if (e == NULL || s->claims == NULL) {
		epoch_leave(e);
		return ERR_NOMEM;
	}
	s->claims->server = s;
	s->claims->home = home_of(s);
	ok = listen_all(s->claims, system, e);
	epoch_leave(e);
	return ok ? 0 : ERR_NOMEM;
}

void claims_close(struct server *s)
{
	struct epoch_thread *e = s->claims == NULL ? NULL : epoch_join();

	/* Without one they stay, and so must the account. */
	if (e == NULL)
		return;
	for (size_t i = 0; i < s->claims->n_ears; i++)
		inbox_destroy(s->claims->ears[i].inbox, e);
	epoch_leave(e);
	free(s->claims);
	s->claims = NULL;
}
