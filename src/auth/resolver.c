/* auth/resolver.c - a table of what is loaded, a queue, a thread.
 *
 * Jobs are in one of three lists: queued, for the thread; waiting, for their
 * account to be settled; settled, for the thread again, which alone calls done.
 * The lock guards the lists and the table, never a file or a request.
 */
#include "auth/resolver.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "auth/jwt.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"

enum {
	QUEUE_MAX = 16384,	/* logins; the memory is theirs */
	FIRST_SLOTS = 64,
	MISSES = 256,
};
#define MISS_NS NS_PER_S

struct entry {
	struct entry *next;	/* in its slot */
	struct jwt   *account;
};

/* Looked for in vain: a small memory that forgets by being written over. */
struct miss {
	uint64_t key;		/* its hash */
	int64_t  until_ns;
};

struct resolver {
	struct jwt_store   *store;
	struct account_url *url;
	struct resolver_hooks hooks;
	pthread_t           thread;
	bool                has_thread;

	pthread_mutex_t lock;
	pthread_cond_t  wake;
	/* under the lock */
	struct list     queued, waiting, settled;
	size_t          n_jobs;		/* in all three */
	bool            is_stopping;
	struct entry  **slots;
	size_t          n_slots, n;
	struct miss     misses[MISSES];
};

/* ---- what is loaded ------------------------------------------------------------ */

static struct slice key_of(const struct entry *e)
{
	return nkey_text(&e->account->subject);
}

static struct entry **place_of(struct resolver *r, struct slice key)
{
	struct entry **at = &r->slots[hash_slice(key) & (r->n_slots - 1)];

	while (*at != NULL && !slice_eq(key_of(*at), key))
		at = &(*at)->next;
	return at;
}

static void enlarge(struct resolver *r)
{
	size_t         n = r->n_slots * 2;
	struct entry **slots = calloc(n, sizeof(struct entry *));

	if (slots == NULL)
		return;
	for (size_t i = 0; i < r->n_slots; i++) {
		for (struct entry *e = r->slots[i], *next; e != NULL; e = next) {
			struct entry **at = &slots[hash_slice(key_of(e)) &
			    (n - 1)];

			next = e->next;
			e->next = *at;
			*at = e;
		}
	}
	free(r->slots);
	r->slots = slots;
	r->n_slots = n;
}

static bool set_loaded(struct resolver *r, struct slice key, struct jwt *account)
{
	struct entry **at, *e;

	if (r->n >= r->n_slots)
		enlarge(r);
	at = place_of(r, key);
	e = *at;
	if (e == NULL) {
		e = calloc(1, sizeof *e);
		if (e == NULL)
			return false;
		*at = e;
		r->n++;
	}
	jwt_unref(e->account);
	e->account = jwt_ref(account);
	return true;
}

static void unload(struct resolver *r, struct slice key)
{
	struct entry **at = place_of(r, key), *e = *at;

	if (e == NULL)
		return;
	*at = e->next;
	jwt_unref(e->account);
	free(e);
	r->n--;
}

struct jwt *resolver_loaded(struct resolver *r, struct slice key)
{
	struct jwt   *account = NULL;
	struct entry *e;

	pthread_mutex_lock(&r->lock);
	e = *place_of(r, key);
	if (e != NULL)
		account = jwt_ref(e->account);
	pthread_mutex_unlock(&r->lock);
	return account;
}

struct jwt *resolver_find(struct resolver *r, struct slice key)
{
	struct jwt *account = resolver_loaded(r, key);

	if (account == NULL || !jwt_is_expired(account, clock_wall_ns()))
		return account;
	jwt_unref(account);
	return NULL;
}

void resolver_each(struct resolver *r,
    void (*visit)(void *ctx, const struct jwt *account), void *ctx)
{
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->n_slots; i++)
		for (struct entry *e = r->slots[i]; e != NULL; e = e->next)
			visit(ctx, e->account);
	pthread_mutex_unlock(&r->lock);
}

/* ---- looking ------------------------------------------------------------------- */

static int load(struct resolver *r, struct slice key, struct buf *text,
    struct buf *why)
{
	int err;

	if (r->store == NULL)
		return account_url_get(r->url, key, text, why);
	err = jwt_store_load(r->store, key, text);
	if (err != 0 && err != ERR_NOTFOUND)
		buf_printf(why, "account %.*s: %s", SLICE_ARG(key),
		    err_text(err));
	return err;
}

static int decode(struct slice key, struct slice text, struct jwt **ret,
    struct buf *why)
{
	struct jwt *t;
	const char *reason = err_text(ERR_NOMEM);
	int         err = jwt_decode(jwt_find_in_text(text), &t, &reason);

	if (err != 0) {
		buf_printf(why, "account %.*s: %s", SLICE_ARG(key), reason);
		return err;
	}
	if (t->kind == JWT_ACCOUNT && slice_eq(nkey_text(&t->subject), key)) {
		*ret = t;
		return 0;
	}
	jwt_unref(t);
	buf_printf(why, "account %.*s: the token found is another's",
	    SLICE_ARG(key));
	return ERR_SYNTAX;
}

int resolver_fetch(struct resolver *r, struct slice key, struct jwt **ret,
    struct buf *why)
{
	struct buf text = { 0 };
	int        err = load(r, key, &text, why);

	if (err == 0)
		err = decode(key, buf_slice(&text), ret, why);
	buf_fini(&text);
	return err;
}

int resolver_probe(struct resolver *r, struct buf *why)
{
	struct buf nothing = { 0 };
	int        err = r->url == NULL ? 0
	    : account_url_get(r->url, SLICE_NONE, &nothing, why);

	buf_fini(&nothing);
	return err;
}

/* ---- in vain ------------------------------------------------------------------- */

static bool was_missed(struct resolver *r, struct slice key)
{
	uint64_t           h = hash_slice(key);
	const struct miss *m = &r->misses[h % MISSES];

	return m->key == h && m->until_ns > clock_ns();
}

static void note_miss(struct resolver *r, struct slice key)
{
	uint64_t h = hash_slice(key);

	r->misses[h % MISSES] = (struct miss){ h, clock_ns() + MISS_NS };
}

static void forget_miss(struct resolver *r, struct slice key)
{
	uint64_t     h = hash_slice(key);
	struct miss *m = &r->misses[h % MISSES];

	if (m->key == h)
		m->until_ns = 0;
}

/* ---- jobs ---------------------------------------------------------------------- */

static struct slice job_key(const struct resolver_job *j)
{
	return slice_of(j->key, NKEY_PUBLIC_CHARS);
}

/* All that wait for this account go on.  Under the lock. */
static void wake_waiting(struct resolver *r, struct slice key)
{
	LIST_EACH(l, &r->waiting) {
		if (!slice_eq(job_key(CONTAINER_OF(l, struct resolver_job,
		    link)), key))
			continue;
		list_remove(l);
		list_append(&r->settled, l);
	}
	pthread_cond_signal(&r->wake);
}

bool resolver_settle(struct resolver *r, struct slice key, struct jwt *account)
{
	bool ok = true;

	pthread_mutex_lock(&r->lock);
	if (account != NULL)
		ok = set_loaded(r, key, account);
	if (account != NULL && ok)
		forget_miss(r, key);
	else
		note_miss(r, key);
	wake_waiting(r, key);
	pthread_mutex_unlock(&r->lock);
	return ok;
}

void resolver_look_again(struct resolver *r, struct slice key)
{
	pthread_mutex_lock(&r->lock);
	forget_miss(r, key);
	pthread_mutex_unlock(&r->lock);
}

void resolver_unload(struct resolver *r, struct slice key)
{
	pthread_mutex_lock(&r->lock);
	unload(r, key);
	pthread_mutex_unlock(&r->lock);
}

bool resolver_submit(struct resolver *r, struct slice key,
    struct resolver_job *job)
{
	bool is_taken;

	assert(key.n == NKEY_PUBLIC_CHARS);
	memcpy(job->key, key.p, key.n);
	job->key[key.n] = '\0';
	job->link = (struct list){ 0 };
	job->was_sought = false;
	__atomic_store_n(&job->is_cancelled, false, __ATOMIC_RELAXED);
	pthread_mutex_lock(&r->lock);
	is_taken = r->n_jobs < QUEUE_MAX && !r->is_stopping && r->has_thread;
	if (is_taken) {
		list_append(&r->queued, &job->link);
		r->n_jobs++;
		pthread_cond_signal(&r->wake);
	}
	pthread_mutex_unlock(&r->lock);
	return is_taken;
}

void resolver_job_cancel(struct resolver_job *job)
{
	__atomic_store_n(&job->is_cancelled, true, __ATOMIC_RELAXED);
}

/* It waits until its account is settled. */
static void park(struct resolver *r, struct resolver_job *job)
{
	pthread_mutex_lock(&r->lock);
	job->was_sought = true;
	list_append(r->is_stopping ? &r->settled : &r->waiting, &job->link);
	pthread_mutex_unlock(&r->lock);
}

static void seek(struct resolver *r, struct resolver_job *job)
{
	char        key_text[NKEY_PUBLIC_CHARS];
	struct slice key = slice_of(key_text, sizeof key_text);
	struct buf   why = { 0 };
	struct jwt  *found = NULL;
	int64_t      began = clock_ns();
	int          err;

	memcpy(key_text, job->key, sizeof key_text);
	park(r, job);		/* not to be touched any more */
	err = resolver_fetch(r, key, &found, &why);
	log_debug("Account [%.*s] fetch took %lld us", SLICE_ARG(key),
	    (long long)(clock_ns() - began) / 1000);
	if (err == 0) {
		r->hooks.found(r->hooks.ctx, found);
	} else {
		log_debug("Account fetch failed: %.*s", SLICE_ARG(why.n > 0
		    ? buf_slice(&why) : SLICE("account missing")));
		resolver_settle(r, key, NULL);
	}
	buf_fini(&why);
}

/* Is another one looking for the same?  Then both will be answered. */
static bool is_sought(struct resolver *r, struct slice key)
{
	LIST_EACH(l, &r->waiting)
		if (slice_eq(job_key(CONTAINER_OF(l, struct resolver_job,
		    link)), key))
			return true;
	return false;
}

static void answer(struct resolver *r, struct resolver_job *job)
{
	bool        is_stale = __atomic_load_n(&job->is_cancelled,
	    __ATOMIC_RELAXED);
	struct jwt *account = is_stale ? NULL
	    : resolver_find(r, job_key(job));

	pthread_mutex_lock(&r->lock);
	r->n_jobs--;
	pthread_mutex_unlock(&r->lock);
	job->done(job, account);	/* *job may be gone */
	jwt_unref(account);
}

/* One step for one job. */
static void handle(struct resolver *r, struct resolver_job *job)
{
	struct slice key = job_key(job);
	struct jwt  *account = resolver_find(r, key);
	bool         is_known = account != NULL, is_late, is_shared;

	jwt_unref(account);
	pthread_mutex_lock(&r->lock);
	is_late = r->is_stopping || job->was_sought || was_missed(r, key) ||
	    __atomic_load_n(&job->is_cancelled, __ATOMIC_RELAXED);
	is_shared = !is_known && !is_late && is_sought(r, key);
	if (is_shared)
		list_append(&r->waiting, &job->link);
	pthread_mutex_unlock(&r->lock);
	if (is_known || is_late)
		answer(r, job);
	else if (!is_shared)
		seek(r, job);
}

/* NULL: the end. */
static struct resolver_job *take_job(struct resolver *r)
{
	struct list *l;

	pthread_mutex_lock(&r->lock);
	while (list_is_empty(&r->settled) && list_is_empty(&r->queued) &&
	    !(r->is_stopping && list_is_empty(&r->waiting)))
		pthread_cond_wait(&r->wake, &r->lock);
	l = list_take(&r->settled);
	if (l == NULL)
		l = list_take(&r->queued);
	pthread_mutex_unlock(&r->lock);
	return l == NULL ? NULL : CONTAINER_OF(l, struct resolver_job, link);
}

static void *run(void *ctx)
{
	struct resolver     *r = ctx;
	struct resolver_job *job;

	while ((job = take_job(r)) != NULL)
		handle(r, job);
	return NULL;
}

/* ---- life ---------------------------------------------------------------------- */

int resolver_create(const struct resolver_config *conf, struct resolver **ret,
    struct buf *why)
{
	struct resolver *r = calloc(1, sizeof *r);
	int              err;

	if (r == NULL)
		return ERR_NOMEM;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->wake, NULL);
	list_init(&r->queued);
	list_init(&r->waiting);
	list_init(&r->settled);
	r->n_slots = FIRST_SLOTS;
	r->slots = calloc(r->n_slots, sizeof(struct entry *));
	if (r->slots == NULL)
		err = ERR_NOMEM;
	else if (conf->store != NULL)
		err = jwt_store_open(conf->store, &r->store, why);
	else
		err = account_url_create(conf->url, &r->url, why);
	if (err != 0)
		resolver_destroy(r);
	else
		*ret = r;
	return err;
}

/* Signals are for the control thread. */
bool resolver_start(struct resolver *r, const struct resolver_hooks *hooks)
{
	sigset_t all, before;

	r->hooks = *hooks;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r->has_thread = pthread_create(&r->thread, NULL, run, r) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r->has_thread;
}

void resolver_stop(struct resolver *r)
{
	if (r == NULL || !r->has_thread)
		return;
	pthread_mutex_lock(&r->lock);
	r->is_stopping = true;
	while (!list_is_empty(&r->waiting))
		list_append(&r->settled, list_take(&r->waiting));
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	r->has_thread = false;
}

void resolver_destroy(struct resolver *r)
{
	if (r == NULL)
		return;
	resolver_stop(r);
	for (size_t i = 0; r->slots != NULL && i < r->n_slots; i++)
		while (r->slots[i] != NULL)
			unload(r, key_of(r->slots[i]));
	free(r->slots);
	jwt_store_close(r->store);
	account_url_destroy(r->url);
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

struct jwt_store *resolver_store(struct resolver *r)
{
	return r->store;
}
