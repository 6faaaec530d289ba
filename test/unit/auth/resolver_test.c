/* resolver_test.c - every job is answered once: what is loaded at once, what is
 * found when it is settled, all else with nothing; many who ask for the same
 * are one search. */
#include "auth/resolver.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "auth/jwt.h"
#include "base/buf.h"
#include "base/hash.h"
#include "tokens.h"

struct asker {
	struct resolver_job job;
	sem_t               is_done;
	int                 n_done;
	bool                has_account;
};

static void on_done(struct resolver_job *job, const struct jwt *account)
{
	struct asker *a = CONTAINER_OF(job, struct asker, job);

	a->n_done++;
	a->has_account = account != NULL;
	sem_post(&a->is_done);
}

/* Stands in for the server: settles what is found, at once or later. */
struct keeper {
	struct resolver *resolver;
	bool             refuses, waits;
	int              n_found;
	struct jwt      *kept;
	sem_t            has_found;
};

static void on_found(void *ctx, struct jwt *account)
{
	struct keeper *k = ctx;

	k->n_found++;
	if (k->waits) {
		k->kept = account;
		sem_post(&k->has_found);
		return;
	}
	resolver_settle(k->resolver, nkey_text(&account->subject),
	    k->refuses ? NULL : account);
	jwt_unref(account);
	sem_post(&k->has_found);
}

static struct resolver *opened(void)
{
	struct jwt_store_config store = { .kind = JWT_STORE_MEMORY };
	struct resolver_config  conf = { .store = &store };
	struct resolver        *r = NULL;
	struct buf              why = { 0 };

	hash_init();
	CHECK_INT(resolver_create(&conf, &r, &why), 0);
	buf_fini(&why);
	return r;
}

static void started(struct keeper *k)
{
	struct resolver_hooks hooks = { on_found, k };

	sem_init(&k->has_found, 0, 0);
	k->resolver = opened();
	CHECK(resolver_start(k->resolver, &hooks));
}

static void submit(struct keeper *k, const struct who *w, struct asker *a)
{
	*a = (struct asker){ .job.done = on_done };
	sem_init(&a->is_done, 0, 0);
	CHECK(resolver_submit(k->resolver, nkey_text(&w->key), &a->job));
}

static bool ask(struct keeper *k, const struct who *w)
{
	struct asker a;

	submit(k, w, &a);
	sem_wait(&a.is_done);
	CHECK_INT(a.n_done, 1);
	return a.has_account;
}

#define LIMITS "\"limits\":{\"subs\":-1,\"data\":-1,\"payload\":-1,\"imports\":-1," \
	"\"exports\":-1,\"wildcards\":true,\"conn\":-1,\"leaf\":-1}"
#define ACCOUNT "{" LIMITS ",\"type\":\"account\",\"version\":2}"

static const char *account_token(const struct who *op, const struct who *acc,
    int64_t expires_s)
{
	struct jwt_head head = { .subject = nkey_text(&acc->key),
		.name = SLICE("acc"), .issued_s = TOKEN_IAT,
		.expires_s = expires_s };

	return token_with(op, &head, ACCOUNT);
}

static void put(struct keeper *k, const struct who *acc, const char *token)
{
	CHECK_INT(jwt_store_save(resolver_store(k->resolver),
	    nkey_text(&acc->key), slice_str(token)), 0);
}

TEST(an_account_is_found_once_and_loaded_from_then_on)
{
	struct keeper k = { 0 };
	struct who    op = who(NKEY_OPERATOR, 1), acc = who(NKEY_ACCOUNT, 1);
	struct jwt   *loaded;

	started(&k);
	put(&k, &acc, account_token(&op, &acc, 0));
	CHECK(resolver_find(k.resolver, nkey_text(&acc.key)) == NULL);
	CHECK(ask(&k, &acc));
	CHECK(ask(&k, &acc));
	CHECK_INT(k.n_found, 1);
	loaded = resolver_find(k.resolver, nkey_text(&acc.key));
	CHECK(loaded != NULL && nkey_eq(&loaded->subject, &acc.key));
	jwt_unref(loaded);
	resolver_unload(k.resolver, nkey_text(&acc.key));
	CHECK(resolver_loaded(k.resolver, nkey_text(&acc.key)) == NULL);
	CHECK(ask(&k, &acc));
	CHECK_INT(k.n_found, 2);
	resolver_destroy(k.resolver);
}

TEST(what_is_not_there_or_refused_is_answered_with_nothing)
{
	struct keeper k = { .refuses = true };
	struct who    op = who(NKEY_OPERATOR, 1), acc = who(NKEY_ACCOUNT, 1);
	struct who    other = who(NKEY_ACCOUNT, 2), junk = who(NKEY_ACCOUNT, 3);
	struct who    wrong = who(NKEY_ACCOUNT, 4);

	started(&k);
	put(&k, &acc, account_token(&op, &acc, 0));
	put(&k, &junk, "junk");
	put(&k, &wrong, account_token(&op, &acc, 0));
	CHECK(!ask(&k, &other));
	CHECK(!ask(&k, &junk));
	CHECK(!ask(&k, &wrong), "the token is another's");
	CHECK_INT(k.n_found, 0);
	CHECK(!ask(&k, &acc));
	CHECK_INT(k.n_found, 1);
	resolver_destroy(k.resolver);
}

TEST(what_was_sought_in_vain_is_not_for_a_while)
{
	struct keeper k = { 0 };
	struct who    op = who(NKEY_OPERATOR, 1), acc = who(NKEY_ACCOUNT, 1);

	started(&k);
	CHECK(!ask(&k, &acc));
	put(&k, &acc, account_token(&op, &acc, 0));
	CHECK(!ask(&k, &acc), "it was sought just now");
	CHECK_INT(k.n_found, 0);
	resolver_look_again(k.resolver, nkey_text(&acc.key));
	CHECK(ask(&k, &acc));
	resolver_destroy(k.resolver);
}

TEST(many_who_ask_for_the_same_are_one_search)
{
	struct keeper k = { .waits = true };
	struct who    op = who(NKEY_OPERATOR, 1), acc = who(NKEY_ACCOUNT, 1);
	struct asker  askers[50];

	started(&k);
	put(&k, &acc, account_token(&op, &acc, 0));
	for (size_t i = 0; i < N_OF(askers); i++)
		submit(&k, &acc, &askers[i]);
	sem_wait(&k.has_found);
	for (size_t i = 0; i < N_OF(askers); i++)
		CHECK_INT(askers[i].n_done, 0, "before it is settled");
	resolver_settle(k.resolver, nkey_text(&acc.key), k.kept);
	for (size_t i = 0; i < N_OF(askers); i++) {
		sem_wait(&askers[i].is_done);
		CHECK(askers[i].has_account);
	}
	CHECK_INT(k.n_found, 1);
	jwt_unref(k.kept);
	resolver_destroy(k.resolver);
}

TEST(an_expired_account_is_sought_again)
{
	struct keeper k = { 0 };
	struct who    op = who(NKEY_OPERATOR, 1), acc = who(NKEY_ACCOUNT, 1);
	struct jwt   *loaded;

	started(&k);
	put(&k, &acc, account_token(&op, &acc, TOKEN_IAT - 1000000));
	CHECK(!ask(&k, &acc));
	CHECK(!ask(&k, &acc));
	CHECK_INT(k.n_found, 2);
	loaded = resolver_loaded(k.resolver, nkey_text(&acc.key));
	CHECK(loaded != NULL);
	jwt_unref(loaded);
	put(&k, &acc, account_token(&op, &acc, 0));
	CHECK(ask(&k, &acc));
	resolver_destroy(k.resolver);
}

TEST(the_end_answers_all_who_wait)
{
	struct keeper k = { .waits = true };
	struct who    op = who(NKEY_OPERATOR, 1), acc = who(NKEY_ACCOUNT, 1);
	struct who    other = who(NKEY_ACCOUNT, 2);
	struct asker  a, b, late;

	started(&k);
	put(&k, &acc, account_token(&op, &acc, 0));
	submit(&k, &acc, &a);
	sem_wait(&k.has_found);
	submit(&k, &acc, &b);
	resolver_job_cancel(&b.job);
	resolver_stop(k.resolver);
	CHECK_INT(a.n_done, 1);
	CHECK_INT(b.n_done, 1);
	CHECK(!a.has_account && !b.has_account);
	late = (struct asker){ .job.done = on_done };
	CHECK(!resolver_submit(k.resolver, nkey_text(&other.key), &late.job));
	jwt_unref(k.kept);
	resolver_destroy(k.resolver);
}

static void count(void *ctx, const struct jwt *account)
{
	int *n = ctx;

	(void)account;
	(*n)++;
}

TEST(hundreds_of_accounts_are_told_apart)
{
	struct keeper k = { 0 };
	struct who    op = who(NKEY_OPERATOR, 1);
	int           n = 0;

	started(&k);
	for (int i = 0; i < 200; i++) {
		struct who acc = who(NKEY_ACCOUNT, i);

		put(&k, &acc, account_token(&op, &acc, 0));
		CHECK(ask(&k, &acc));
	}
	resolver_each(k.resolver, count, &n);
	CHECK_INT(n, 200);
	for (int i = 0; i < 200; i++) {
		struct who  acc = who(NKEY_ACCOUNT, i);
		struct jwt *t = resolver_find(k.resolver, nkey_text(&acc.key));

		CHECK(t != NULL && nkey_eq(&t->subject, &acc.key));
		jwt_unref(t);
	}
	resolver_destroy(k.resolver);
}
