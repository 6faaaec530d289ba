/* session/callout.c - asking another program who a client is.
 *
 * A hub's questions are in numbered places; the last token of the reply subject
 * is the place and a random word, so that an answer finds its question, or
 * none.
 */
#include "session/callout.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <time.h>

#include "auth/auth.h"
#include "auth/callout.h"
#include "auth/jwt.h"
#include "auth/jwt_write.h"
#include "auth/nonce.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/random.h"
#include "base/text.h"
#include "base/tls_peer.h"
#include "core/accounts.h"
#include "session/client.h"
#include "session/hub.h"
#include "session/inbox.h"
#include "session/inject.h"
#include "session/login.h"
#include "session/secure.h"
#include "session/version.h"

/* A question that is under way. */
struct callout {
	struct client *client;
	struct auth   *auth;	/* the configuration it was asked by */
	struct callout_config terms;	/* with operators: of its account */
	struct nkey    user;
	uint32_t       place, word;
	int            proxy;
};

/* An account that has been asked in. */
struct callout_home {
	struct callout_home *next;
	struct account      *account;
	struct inbox        *inbox;
	char                 prefix[24];	/* "$SYS._INBOX.<8>." */
};

struct callouts {
	struct hub          *hub;
	struct callout_home *homes;
	struct callout     **places;
	uint32_t             n_places, n_free;
	uint32_t            *free;
};

/* ---- places --------------------------------------------------------------- */

static bool grow(struct callouts *x)
{
	uint32_t         n = x->n_places == 0 ? 8 : x->n_places * 2;
	struct callout **places = realloc(x->places,
	    n * sizeof(struct callout *));
	uint32_t        *vacant;

	if (places == NULL)
		return false;
	x->places = places;
	vacant = realloc(x->free, n * sizeof *vacant);
	if (vacant == NULL)
		return false;
	x->free = vacant;
	for (uint32_t i = n; i > x->n_places; i--) {
		places[i - 1] = NULL;
		x->free[x->n_free++] = i - 1;
	}
	x->n_places = n;
	return true;
}

static struct callout *take_place(struct callouts *x)
{
	struct callout *q = calloc(1, sizeof *q);

	if (q == NULL || (x->n_free == 0 && !grow(x))) {
		free(q);
		return NULL;
	}
	q->place = x->free[--x->n_free];
	random_bytes(&q->word, sizeof q->word);
	x->places[q->place] = q;
	return q;
}

static void leave_place(struct callouts *x, struct callout *q)
{
	x->places[q->place] = NULL;
	x->free[x->n_free++] = q->place;
	auth_unref(q->auth);
	free(q);
}

/* "<place>-<word>" in hexadecimal. */
static struct callout *find(const struct callouts *x, struct slice token)
{
	uint32_t n[2] = { 0, 0 };
	int      part = 0;

	for (size_t i = 0; i < token.n; i++) {
		char     c = token.p[i];
		unsigned digit = c >= 'a' ? (unsigned)(c - 'a') + 10
		    : (unsigned)(c - '0');

		if (c == '-' && part == 0) {
			part = 1;
			continue;
		}
		if (digit > 15 || n[part] > UINT32_MAX >> 4 || i > 24)
			return NULL;
		n[part] = n[part] << 4 | digit;
	}
	if (n[0] >= x->n_places || x->places[n[0]] == NULL ||
	    x->places[n[0]]->word != n[1])
		return NULL;
	return x->places[n[0]];
}

/* ---- the answer ----------------------------------------------------------- */

static const struct callout_config *terms_of(const struct callout *q)
{
	return auth_operators(q->auth) != NULL ? &q->terms
	    : auth_callout(q->auth);
}

static struct callout_question question_of(const struct callout *q)
{
	const struct client *c = q->client;

	return (struct callout_question){
		.conf = terms_of(q),
		.operators = auth_operators(q->auth),
		.server = c->hub->shared->identity,
		.user = q->user,
		.source = slice_of((const char *)c->ip, c->is_ip6 ? 16 : 4),
		.via = VIA_STANDARD,
		.is_proxied = q->proxy >= 0,
		.now_ns = clock_wall_ns(),
		.patience_ns = auth_timeout_ns(q->auth),
	};
}

static void answered(void *ctx, const struct inbox_message *m)
{
	struct callouts    *x = ctx;
	const char         *dot = memrchr(m->subject.p, '.', m->subject.n);
	struct callout     *q = dot == NULL ? NULL : find(x, slice_skip(
	    m->subject, (size_t)(dot - m->subject.p) + 1));
	struct callout_question question;

	if (q == NULL)
		return;
	question = question_of(q);
	q->client->callout = NULL;
	login_answered(q->client, &question, m->payload, q->proxy);
	leave_place(x, q);
}

void callout_cancel(struct client *c)
{
	if (c->callout == NULL)
		return;
	leave_place(c->hub->callouts, c->callout);
	c->callout = NULL;
}

/* ---- the question --------------------------------------------------------- */

static struct callout_home *find_home(struct callouts *x, struct account *a)
{
	struct callout_home *home;
	struct buf           b = { 0 };
	uint32_t             word;

	for (home = x->homes; home != NULL; home = home->next)
		if (home->account == a)
			return home;
	home = calloc(1, sizeof *home);
	if (home == NULL)
		return NULL;
	home->account = a;
	random_bytes(&word, sizeof word);
	buf_printf(&b, "$SYS._INBOX.%08x.*", word);
	if (!buf_failed(&b)) {
		memcpy(home->prefix, b.p, b.n - 1);
		home->inbox = inbox_open(a, loop_epoch(x->hub->loop),
		    buf_slice(&b), x->hub->worker, x->hub->shared->n_workers,
		    answered, x);
	}
	buf_fini(&b);
	if (home->inbox == NULL) {
		free(home);
		return NULL;
	}
	home->next = x->homes;
	x->homes = home;
	return home;
}

static void describe(const struct client *c, char nonce[NONCE_CHARS + 1],
    char ip[INET6_ADDRSTRLEN], struct jwt_callout *ret)
{
	const struct connect_opts   *o = &c->opts;
	const struct session_config *conf = c->hub->config;

	inet_ntop(c->is_ip6 ? AF_INET6 : AF_INET, c->ip, ip, INET6_ADDRSTRLEN);
	nonce_make(c->cid, nonce);
	*ret = (struct jwt_callout){
		.server_name = conf->server_name, .server_host = conf->host,
		.server_version = SLICE(NATS_VERSION),
		.client_host = slice_str(ip),
		.client_id = c->cid,
		.client_user = o->user.n > 0 ? o->user : o->nkey,
		.client_name = o->name,
		.client_kind = SLICE("Client"), .client_type = SLICE("nats"),
		.client_nonce = o->sig.n > 0 ? slice_of(nonce, NONCE_CHARS)
		    : SLICE_NONE,
		.jwt = o->jwt, .nkey = o->nkey, .sig = o->sig,
		.auth_token = o->auth_token, .user = o->user, .pass = o->pass,
		.name = o->name, .lang = o->lang, .version = o->version,
		.protocol = o->protocol,
	};
}

/* How it came, and the certificates that it showed and that were verified. */
struct shown {
	struct slice certs[TLS_CHAIN_MAX];
	struct buf   pem;
};

static void put_pem(struct slice der, struct buf *out)
{
	enum { LINE_BYTES = 48 };	/* 64 characters */

	buf_put_str(out, "-----BEGIN CERTIFICATE-----\n");
	for (size_t n; der.n > 0; der = slice_skip(der, n)) {
		n = der.n < LINE_BYTES ? der.n : LINE_BYTES;
		text_put_base64(out, der.p, n);
		buf_put_char(out, '\n');
	}
	buf_put_str(out, "-----END CERTIFICATE-----\n");
}

static void describe_tls(const struct client *c, struct shown *s,
    struct jwt_callout *ret)
{
	const struct tls_peer *p = secure_peer(c);
	size_t                 ends[TLS_CHAIN_MAX], from = 0;

	ret->has_tls = secure_version(c).n > 0;
	ret->tls_version = secure_version(c);
	ret->tls_cipher = secure_suite(c);
	for (size_t i = 0; p != NULL && i < p->n_certs; i++) {
		put_pem(p->certs[i], &s->pem);
		ends[i] = s->pem.n;
	}
	if (p == NULL || buf_failed(&s->pem))
		return;
	for (size_t i = 0; i < p->n_certs; from = ends[i++])
		s->certs[i] = slice_of(s->pem.p + from, ends[i] - from);
	ret->certs = s->certs;
	ret->n_certs = p->n_certs;
	ret->is_verified = true;
}

static bool publish(struct callout *q, const struct callout_home *home)
{
	struct callout_question question = question_of(q);
	struct jwt_callout      of;
	struct buf  headers = { 0 }, payload = { 0 }, reply = { 0 };
	char        nonce[NONCE_CHARS + 1], ip[INET6_ADDRSTRLEN];
	struct shown shown = { .pem = { 0 } };
	bool        ok;

	describe(q->client, nonce, ip, &of);
	describe_tls(q->client, &shown, &of);
	buf_printf(&reply, "%s%x-%x", home->prefix, q->place, q->word);
	ok = callout_put_question(&question, &of, &headers, &payload) &&
	    !buf_failed(&reply);
	if (ok)
		inject(q->client->hub, &(struct injection){ home->account,
		    SLICE(CALLOUT_SUBJECT), buf_slice(&reply),
		    buf_slice(&headers), buf_slice(&payload) });
	buf_fini(&headers);
	buf_fini(&payload);
	buf_fini(&reply);
	buf_fini(&shown.pem);
	return ok;
}

static struct callouts *open_callouts(struct hub *h)
{
	if (h->callouts == NULL) {
		h->callouts = calloc(1, sizeof *h->callouts);
		if (h->callouts != NULL)
			h->callouts->hub = h;
	}
	return h->callouts;
}

bool callout_is_wanted(const struct client *c, const struct auth_answer *so_far)
{
	const struct callout_config *conf =
	    auth_callout(c->hub->config->auth);
	const struct principal *who = so_far->who;

	if (so_far->is_delegated)
		return true;
	if (conf == NULL ||
	    callout_skips(conf, who != NULL ? who->user : c->opts.user))
		return false;
	return who == NULL || slice_eq(who->account, SLICE("$G")) ||
	    callout_may_place(conf, who->account);
}

static struct slice account_asked(const struct auth *a,
    const struct auth_answer *so_far)
{
	return so_far->is_delegated ? nkey_text(&so_far->account->subject)
	    : auth_callout(a)->account;
}

bool callout_ask(struct client *c, const struct auth_answer *so_far)
{
	struct auth         *a = c->hub->config->auth;
	struct callouts     *x = open_callouts(c->hub);
	struct account      *in = accounts_find(c->hub->shared->accounts,
	    account_asked(a, so_far));
	struct callout_home *home = x == NULL || in == NULL ? NULL
	    : find_home(x, in);
	struct callout      *q = home == NULL ? NULL : take_place(x);

	if (q == NULL)
		return false;
	q->client = c;
	q->auth = auth_ref(a);
	if (so_far->is_delegated)
		callout_of_account(so_far->account, &q->terms);
	q->proxy = so_far->proxy;
	callout_draw_key(&q->user);
	if (!publish(q, home)) {
		leave_place(x, q);
		return false;
	}
	c->callout = q;
	if (c->auth_until_ns == 0)
		c->auth_until_ns = loop_now_ns(c->hub->loop) +
		    auth_timeout_ns(a);
	return true;
}

void callouts_destroy(struct hub *h)
{
	struct callouts     *x = h->callouts;
	struct epoch_thread *e = x == NULL ? NULL : epoch_join();

	/* Without memory for that the homes are left to the end of the process. */
	if (e == NULL)
		return;
	for (struct callout_home *home = x->homes, *next; home != NULL;
	    home = next) {
		next = home->next;
		inbox_destroy(home->inbox, e);
		free(home);
	}
	epoch_leave(e);
	free(x->places);
	free(x->free);
	free(x);
	h->callouts = NULL;
}
