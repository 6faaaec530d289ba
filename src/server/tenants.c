/* server/tenants.c - accounts that come by their claims. */
#include "server/tenants.h"

#include <stdlib.h>
#include <time.h>

#include "auth/jwt.h"
#include "auth/operators.h"
#include "auth/resolver.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/options.h"
#include "core/account.h"
#include "core/accounts.h"
#include "core/plan.h"
#include "core/policy.h"
#include "js/js.h"
#include "server/account_change.h"
#include "server/claims_review.h"
#include "server/claims_spec.h"
#include "server/jetstream.h"
#include "server/server_int.h"
#include "server/settings_js.h"
#include "session/services.h"

#define LOOK_EVERY_NS (60 * NS_PER_S)

struct tenants {
	struct server *server;
	struct list    pending;		/* found; their exporters are not */
	struct timer   timer;
	int64_t        looked_ns;	/* wall: what expired before is dealt with */
	int64_t        next_ns;		/* wall: nothing expires before */
};

/* One that waits for those it imports from. */
struct pending {
	struct list link;
	struct jwt *claims;
	unsigned    n_missing;
};

/* ---- believing ----------------------------------------------------------------- */

int tenants_check(struct server *s, const struct jwt *account)
{
	return account->kind == JWT_ACCOUNT &&
	    jwt_is_trusted(operators_trust(s->operators), &account->issuer) &&
	    jwt_validate(account, clock_wall_ns(), NULL, NULL)
	    ? 0 : ERR_DENIED;
}

/* ---- those that change together ------------------------------------------------ */

/* The account and those that hold an activation of its: what they may import
 * is decided by its claims. */
struct group {
	const struct jwt  *first;
	struct jwt       **all;
	size_t             n, cap;
	bool               failed;
	struct claims_spec *specs;
	struct account_spec *plain;
};

static void join(struct group *g, const struct jwt *account)
{
	struct jwt **more;

	if (g->n == g->cap) {
		more = realloc(g->all, (g->cap * 2 + 4) *
		    sizeof(struct jwt *));
		if (more == NULL) {
			g->failed = true;
			return;
		}
		g->all = more;
		g->cap = g->cap * 2 + 4;
	}
	g->all[g->n++] = jwt_ref(account);
}

static void join_if_activated(void *ctx, const struct jwt *account)
{
	struct group             *g = ctx;
	const struct jwt_account *a = &account->account;

	if (nkey_eq(&account->subject, &g->first->subject))
		return;
	for (size_t i = 0; i < a->n_imports; i++) {
		if (a->imports[i].token.n == 0 ||
		    !nkey_eq(&a->imports[i].account, &g->first->subject))
			continue;
		join(g, account);
		return;
	}
}

static void group_fini(struct group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		jwt_unref(g->all[i]);
		if (g->specs != NULL)
			claims_spec_fini(&g->specs[i]);
	}
	free(g->all);
	free(g->specs);
	free(g->plain);
}

static bool group_init(struct server *s, const struct jwt *first,
    struct group *g)
{
	*g = (struct group){ .first = first };
	join(g, first);
	resolver_each(s->resolver, join_if_activated, g);
	g->specs = calloc(g->n + 1, sizeof *g->specs);
	g->plain = calloc(g->n + 1, sizeof *g->plain);
	g->failed = g->failed || g->specs == NULL || g->plain == NULL;
	for (size_t i = 0; i < g->n && !g->failed; i++) {
		g->failed = !claims_spec_init(&g->specs[i], g->all[i],
		    s->resolver, s->options->js_enabled
		    ? s->options->js_domain : SLICE_NONE, clock_wall_ns());
		g->plain[i] = g->specs[i].spec;
	}
	return !g->failed;
}

/* ---- putting in force ---------------------------------------------------------- */

static void log_lines(struct slice lines)
{
	while (lines.n > 0) {
		const char *lf = memchr(lines.p, '\n', lines.n);
		size_t      n = lf == NULL ? lines.n : (size_t)(lf - lines.p);

		log_error("%.*s", (int)n, lines.p);
		lines = slice_skip(lines, lf == NULL ? n : n + 1);
	}
}

static int commit(struct server *s, struct plan *p)
{
	struct epoch_thread *e = loop_epoch(s->control);
	bool                 is_starting = e == NULL;
	int                  err = ERR_NOMEM;

	if (is_starting)
		e = epoch_join();
	if (e != NULL)
		err = plan_commit(p, e);
	if (is_starting)
		epoch_leave(e);
	return err;
}

/* Nothing of it is in force unless 0. */
static int carry_out(struct server *s, const struct account_spec *specs,
    size_t n, int (*before_commit)(void *ctx), void *ctx, struct buf *why)
{
	struct plan_request r = { .all = s->shared.accounts, .specs = specs,
		.n_specs = n, .is_lenient = true,
		.give_service = services_give };
	struct plan *p = NULL;
	struct buf   lines = { 0 };
	int          err = plan_create(&r, &p, &lines);

	if (err == 0 && before_commit != NULL)
		err = before_commit(ctx);
	if (err == 0)
		err = commit(s, p);
	if (err == 0)
		account_change_tell(s, p);
	if (err == 0)
		log_lines(buf_slice(&lines));
	else
		buf_put_slice(why, buf_slice(&lines));
	plan_destroy(p);
	buf_fini(&lines);
	return err;
}

static void watch_time(struct server *s, const struct group *g);

/* Who waits for the account gets in. */
static int settle(struct server *s, struct jwt *account)
{
	struct slice key = nkey_text(&account->subject);

	if (!resolver_settle(s->resolver, key, account))
		return ERR_NOMEM;
	log_debug("Updating account claims: %.*s/%.*s", SLICE_ARG(key),
	    SLICE_ARG(account->name));
	return 0;
}

/* Its streams are not there yet. */
struct opening {
	struct mail    mail;
	struct jwt    *account;
};

static void opened(struct mail *m, void *receiver)
{
	struct opening *o = CONTAINER_OF(m, struct opening, mail);

	settle(receiver, o->account);
	jwt_unref(o->account);
	free(o);
}

/* Settled once JetStream has what it needs; at once where that is off, or the
 * account is in use. */
static int settle_with_streams(struct server *s, struct jwt *account,
    bool is_new)
{
	struct account *a = accounts_find(s->shared.accounts,
	    nkey_text(&account->subject));
	struct opening *o = is_new ? calloc(1, sizeof *o) : NULL;

	if (o != NULL) {
		o->mail.deliver = opened;
		o->account = jwt_ref(account);
	}
	if (a != NULL && jetstream_claims(s, a, account,
	    o == NULL ? NULL : &o->mail) && o != NULL)
		return 0;
	if (o != NULL)
		jwt_unref(o->account);
	free(o);
	return settle(s, account);
}

int tenants_put(struct server *s, struct jwt *account,
    int (*before_commit)(void *ctx), void *ctx, struct buf *why)
{
	struct slice key = nkey_text(&account->subject);
	struct jwt  *before = resolver_loaded(s->resolver, key);
	struct group g;
	int          err = ERR_NOMEM;

	if (group_init(s, account, &g))
		err = carry_out(s, g.plain, g.n, before_commit, ctx, why);
	if (err == 0)
		err = settle_with_streams(s, account, before == NULL);
	if (err == 0 && before != NULL)
		claims_review(s, accounts_find(s->shared.accounts, key),
		    account);
	if (err == 0)
		watch_time(s, &g);
	group_fini(&g);
	jwt_unref(before);
	return err;
}

void tenants_remove(struct server *s, struct slice key)
{
	struct account     *a = accounts_find(s->shared.accounts, key);
	struct jwt         *loaded = resolver_loaded(s->resolver, key);
	struct account_spec none;
	struct buf          why = { 0 };

	if (a != NULL && loaded != NULL) {
		log_debug("Disable account %.*s due to remove",
		    SLICE_ARG(key));
		resolver_unload(s->resolver, key);
		account_spec_init(&none, a->name);
		if (carry_out(s, &none, 1, NULL, NULL, &why) != 0)
			log_error("account %.*s: what it exported stays: %.*s",
			    SLICE_ARG(key), SLICE_ARG(buf_slice(&why)));
		claims_review_expired(s, a);
		jetstream_claims(s, a, NULL, NULL);
	}
	jwt_unref(loaded);
	buf_fini(&why);
}

/* ---- what the resolver finds --------------------------------------------------- */

/* From the resolver's thread to control; see hashed in session/login.c. */
static void post(struct server *s, struct mail *m)
{
	const struct timespec nap = { .tv_nsec = NS_PER_MS };
	unsigned              from = s->shared.resolver_member;

	mesh_post(s->mesh, from, s->n_workers, m);
	while (!mesh_ring(s->mesh, from) &&
	    !__atomic_load_n(&s->shared.is_stopping, __ATOMIC_RELAXED))
		nanosleep(&nap, NULL);
}

static void refuse(struct server *s, const struct jwt *claims, struct slice why)
{
	log_error("Account %s cannot be used: %.*s", claims->subject.text,
	    SLICE_ARG(why));
	resolver_settle(s->resolver, nkey_text(&claims->subject), NULL);
}

static void install(struct server *s, struct jwt *claims)
{
	struct buf why = { 0 };
	int        err = tenants_put(s, claims, NULL, NULL, &why);

	if (err != 0)
		refuse(s, claims, why.n > 0 ? buf_slice(&why)
		    : slice_str(err_text(err)));
	buf_fini(&why);
}

/* Somebody it imports from is sought. */
struct quest {
	struct resolver_job job;
	struct mail         mail;
	struct server      *server;
	struct nkey         importer;
};

static struct pending *find_pending(struct tenants *t, const struct nkey *key)
{
	LIST_EACH(l, &t->pending) {
		struct pending *p = CONTAINER_OF(l, struct pending, link);

		if (nkey_eq(&p->claims->subject, key))
			return p;
	}
	return NULL;
}

static void end_pending(struct pending *p)
{
	list_remove(&p->link);
	jwt_unref(p->claims);
	free(p);
}

static void quest_over(struct mail *m, void *receiver)
{
	struct quest   *q = CONTAINER_OF(m, struct quest, mail);
	struct server  *s = receiver;
	struct pending *p = find_pending(s->tenants, &q->importer);

	free(q);
	if (p == NULL || --p->n_missing > 0)
		return;
	install(s, p->claims);
	end_pending(p);
}

/* Thread: the resolver's. */
static void on_settled(struct resolver_job *job, const struct jwt *account)
{
	struct quest *q = CONTAINER_OF(job, struct quest, job);

	(void)account;
	q->mail.deliver = quest_over;
	post(q->server, &q->mail);
}

/* One that waits itself is not waited for: they may import in a circle. */
static bool is_missing(struct server *s, const struct nkey *exporter)
{
	struct jwt *loaded = resolver_find(s->resolver, nkey_text(exporter));

	jwt_unref(loaded);
	return loaded == NULL && find_pending(s->tenants, exporter) == NULL;
}

static bool seek(struct server *s, const struct jwt *importer,
    const struct nkey *exporter)
{
	struct quest *q = calloc(1, sizeof *q);

	if (q == NULL)
		return false;
	q->job.done = on_settled;
	q->server = s;
	q->importer = importer->subject;
	if (resolver_submit(s->resolver, nkey_text(exporter), &q->job))
		return true;
	free(q);
	return false;
}

/* How many of those it imports from are sought now. */
static unsigned seek_missing(struct server *s, const struct jwt *claims)
{
	const struct jwt_account *a = &claims->account;
	unsigned                  n = 0;

	for (size_t i = 0; i < a->n_imports; i++) {
		const struct nkey *exporter = &a->imports[i].account;
		bool               is_known = nkey_eq(exporter,
		    &claims->subject);

		for (size_t k = 0; k < i && !is_known; k++)
			is_known = nkey_eq(exporter, &a->imports[k].account);
		if (!is_known && is_missing(s, exporter) &&
		    seek(s, claims, exporter))
			n++;
	}
	return n;
}

/* p is in the list before anybody is sought, so that nobody waits for it. */
static bool wait_for_exporters(struct server *s, struct jwt *claims)
{
	struct pending *p = calloc(1, sizeof *p);

	if (p == NULL)
		return false;
	p->claims = jwt_ref(claims);
	list_append(&s->tenants->pending, &p->link);
	p->n_missing = seek_missing(s, claims);
	if (p->n_missing > 0)
		return true;
	end_pending(p);
	return false;
}

struct find {
	struct mail mail;
	struct jwt *claims;
};

static void find_came(struct mail *m, void *receiver)
{
	struct find   *f = CONTAINER_OF(m, struct find, mail);
	struct server *s = receiver;

	if (tenants_check(s, f->claims) != 0)
		refuse(s, f->claims, SLICE("account validation failed"));
	else if (!wait_for_exporters(s, f->claims))
		install(s, f->claims);
	jwt_unref(f->claims);
	free(f);
}

/* Thread: the resolver's. */
static void found(void *ctx, struct jwt *claims)
{
	struct server *s = ctx;
	struct find   *f = calloc(1, sizeof *f);

	if (f == NULL) {
		resolver_settle(s->resolver, nkey_text(&claims->subject), NULL);
		jwt_unref(claims);
		return;
	}
	f->mail.deliver = find_came;
	f->claims = claims;
	post(s, &f->mail);
}

/* ---- what ends with time ------------------------------------------------------- */

/* Of some accounts: whose claims, or an activation they hold, end by then. */
struct look {
	int64_t     from_ns, to_ns, next_ns;	/* wall */
	struct buf  expired, changed;		/* keys */
};

static void note_time(struct look *l, int64_t ends_ns, struct slice key,
    struct buf *into)
{
	if (ends_ns > l->to_ns && ends_ns < l->next_ns)
		l->next_ns = ends_ns;
	if (ends_ns > l->from_ns && ends_ns <= l->to_ns)
		buf_put_slice(into, key);
}

static void look_at_claims(void *ctx, const struct jwt *account)
{
	struct look *l = ctx;

	note_time(l, jwt_expires_ns(account), nkey_text(&account->subject),
	    &l->expired);
}

static bool look_at_imports(void *ctx, struct account *a)
{
	struct look               *l = ctx;
	const struct account_spec *s = account_policy(a)->spec;

	for (size_t i = 0; s != NULL && i < s->n_imports; i++) {
		int64_t end_s = s->imports[i].activation_expires_s;

		if (end_s > 0 && end_s < INT64_MAX / NS_PER_S &&
		    a->name.n == NKEY_PUBLIC_CHARS)
			note_time(l, end_s * NS_PER_S, a->name, &l->changed);
	}
	return true;
}

static void look(struct server *s, struct look *l)
{
	resolver_each(s->resolver, look_at_claims, l);
	accounts_each(s->shared.accounts, look_at_imports, l);
}

static void each_key(struct server *s, const struct buf *keys,
    void (*fn)(struct server *s, struct slice key))
{
	for (size_t at = 0; at + NKEY_PUBLIC_CHARS <= keys->n;
	    at += NKEY_PUBLIC_CHARS)
		fn(s, slice_of(keys->p + at, NKEY_PUBLIC_CHARS));
}

static void expire(struct server *s, struct slice key)
{
	struct account *a = accounts_find(s->shared.accounts, key);

	if (a != NULL)
		claims_review_expired(s, a);
}

static void plan_again(struct server *s, struct slice key)
{
	struct jwt *claims = resolver_find(s->resolver, key);

	if (claims != NULL)
		install(s, claims);
	jwt_unref(claims);
}

static void set_timer(struct server *s, int64_t next_ns, int64_t now_wall)
{
	int64_t wait = LOOK_EVERY_NS;

	s->tenants->next_ns = next_ns;
	if (next_ns != INT64_MAX && next_ns - now_wall < wait)
		wait = next_ns - now_wall;
	if (!timer_set(loop_timers(s->control), &s->tenants->timer,
	    clock_ns() + (wait > 0 ? wait : 0)))
		log_error("no memory: what expires is not noticed");
}

static void tick(struct timer *timer, int64_t now_ns)
{
	struct tenants *t = CONTAINER_OF(timer, struct tenants, timer);
	struct server  *s = t->server;
	struct look     l = { .from_ns = t->looked_ns,
		.to_ns = clock_wall_ns(), .next_ns = INT64_MAX };

	(void)now_ns;
	look(s, &l);
	t->looked_ns = l.to_ns;
	if (resolver_store(s->resolver) != NULL)
		jwt_store_expire(resolver_store(s->resolver));
	each_key(s, &l.expired, expire);
	each_key(s, &l.changed, plan_again);
	set_timer(s, l.next_ns, l.to_ns);
	buf_fini(&l.expired);
	buf_fini(&l.changed);
}

/* These have changed: is the next time to look sooner? */
static void watch_time(struct server *s, const struct group *g)
{
	struct look l = { .from_ns = INT64_MAX, .to_ns = clock_wall_ns(),
		.next_ns = s->tenants->next_ns };

	for (size_t i = 0; i < g->n; i++) {
		struct account *a = accounts_find(s->shared.accounts,
		    nkey_text(&g->all[i]->subject));

		look_at_claims(&l, g->all[i]);
		if (a != NULL)
			look_at_imports(&l, a);
	}
	if (l.next_ns < s->tenants->next_ns ||
	    !timer_is_set(&s->tenants->timer))
		set_timer(s, l.next_ns, l.to_ns);
}

/* ---- the start ----------------------------------------------------------------- */

/* A token that is kept already gives way to a newer one only. */
static bool is_newer(struct server *s, struct slice key, struct slice token)
{
	struct jwt *kept = NULL, *given = NULL;
	struct buf  why = { 0 };
	const char *reason;
	bool        ok = true;

	if (resolver_fetch(s->resolver, key, &kept, &why) == 0 &&
	    jwt_decode(jwt_find_in_text(token), &given, &reason) == 0)
		ok = given->issued_s > kept->issued_s;
	jwt_unref(kept);
	jwt_unref(given);
	buf_fini(&why);
	return ok;
}

static int preload(struct server *s, struct buf *why)
{
	const struct conf_pairs *all = &s->options->resolver_preload;
	struct jwt_store        *store = resolver_store(s->resolver);
	int                      err = 0;

	if (all->n > 0 && store == NULL) {
		buf_put_str(why, "resolver preloads only available for "
		    "writeable resolver types MEM/DIR/CACHE_DIR");
		return ERR_CONFIG;
	}
	for (size_t i = 0; i < all->n && err == 0; i++) {
		struct slice key = all->v[i].name;
		struct slice token = jwt_find_in_text(all->v[i].text);

		if (jwt_store_kind(store) == JWT_STORE_MEMORY ||
		    is_newer(s, key, token))
			err = jwt_store_save(store, key, token);
		if (err != 0)
			buf_printf(why, "preload account error for \"%.*s\": "
			    "%s", SLICE_ARG(key), err_text(err));
	}
	return err;
}

static bool is_shared_store(struct server *s)
{
	struct jwt_store *store = resolver_store(s->resolver);

	return store != NULL && jwt_store_kind(store) != JWT_STORE_MEMORY;
}

static int refuse_system(struct buf *why, struct slice how)
{
	buf_printf(why, "error resolving system account: %.*s",
	    SLICE_ARG(how));
	return ERR_CONFIG;
}

/* One that is not in a directory yet may come there later. */
static int load_system(struct server *s, struct slice key, struct buf *why)
{
	struct js_grant grant;
	struct jwt     *claims = NULL;
	struct buf      how = { 0 };
	int             err = resolver_fetch(s->resolver, key, &claims, &how);

	if (err == 0 && tenants_check(s, claims) != 0)
		err = refuse_system(why, SLICE("account validation failed"));
	else if (err == 0 && s->options->js_enabled &&
	    settings_claims_js(&claims->account, &grant))
		err = refuse_system(why, SLICE("Not allowed to enable JetStream "
		    "on the system account"));
	else if (err == 0)
		err = tenants_put(s, claims, NULL, NULL, why);
	else if (err == ERR_NOTFOUND)
		err = is_shared_store(s) ? 0 : refuse_system(why,
		    SLICE("account missing"));
	else
		err = refuse_system(why, buf_slice(&how));
	jwt_unref(claims);
	buf_fini(&how);
	return err;
}

static int load_first(struct server *s, struct buf *why)
{
	struct slice system = operators_system_account(s->operators);
	int          err = preload(s, why);

	if (err == 0 && system.n == 0 && is_shared_store(s)) {
		buf_put_str(why, "using nats based account resolver - the "
		    "system account needs to be specified in configuration or "
		    "the operator jwt");
		err = ERR_CONFIG;
	}
	return err == 0 && system.n > 0 ? load_system(s, system, why) : err;
}

static void seek_for_system(struct server *s)
{
	struct jwt *claims = resolver_loaded(s->resolver,
	    operators_system_account(s->operators));

	if (claims != NULL)
		seek_missing(s, claims);
	jwt_unref(claims);
}

int tenants_open(struct server *s, struct buf *why)
{
	const struct resolver_hooks hooks = { found, s };
	int                         err;

	s->tenants = calloc(1, sizeof *s->tenants);
	if (s->tenants == NULL)
		return ERR_NOMEM;
	s->tenants->server = s;
	s->tenants->timer.fire = tick;
	s->tenants->looked_ns = clock_wall_ns();
	s->tenants->next_ns = INT64_MAX;
	list_init(&s->tenants->pending);
	err = load_first(s, why);
	if (err == 0 && !resolver_start(s->resolver, &hooks))
		err = ERR_NOMEM;
	if (err == 0)
		seek_for_system(s);
	return err;
}

void tenants_close(struct server *s)
{
	if (s->tenants == NULL)
		return;
	while (!list_is_empty(&s->tenants->pending))
		end_pending(CONTAINER_OF(s->tenants->pending.next,
		    struct pending, link));
	free(s->tenants);
	s->tenants = NULL;
}

/* ---- a reload ------------------------------------------------------------------ */

static void reload_one(struct server *s, struct slice key)
{
	struct jwt *now = NULL, *loaded = resolver_loaded(s->resolver, key);
	struct buf  why = { 0 };

	if (loaded != NULL &&
	    resolver_fetch(s->resolver, key, &now, &why) == 0 &&
	    !slice_eq(now->token, loaded->token)) {
		if (tenants_check(s, now) == 0)
			install(s, now);
		else
			log_error("Account %.*s keeps its claims: the new ones "
			    "are not valid", SLICE_ARG(key));
	}
	jwt_unref(now);
	jwt_unref(loaded);
	buf_fini(&why);
}

static void note_key(void *ctx, const struct jwt *account)
{
	buf_put_slice(ctx, nkey_text(&account->subject));
}

void tenants_plan_again(struct server *s)
{
	struct buf keys = { 0 };

	resolver_each(s->resolver, note_key, &keys);
	if (buf_failed(&keys))
		log_error("no memory: accounts are not planned again");
	else
		each_key(s, &keys, plan_again);
	buf_fini(&keys);
}

void tenants_reload(struct server *s)
{
	const struct conf_pairs *all = &s->options->resolver_preload;
	struct buf               why = { 0 };

	if (preload(s, &why) != 0)
		log_error("%.*s", SLICE_ARG(buf_slice(&why)));
	for (size_t i = 0; i < all->n; i++)
		reload_one(s, all->v[i].name);
	buf_fini(&why);
}
