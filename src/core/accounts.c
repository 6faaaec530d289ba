/* core/accounts.c - an array in order of age, and an index of it by name. */
#include "core/accounts.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "core/account.h"

enum { FIRST_CAP = 8 };

struct accounts {
	pthread_mutex_t  lock;
	struct account **all;		/* cap places, n taken */
	uint32_t        *index;		/* 2 * cap slots: 1 + place; 0: empty */
	size_t           n, cap;	/* cap: a power of two */
	unsigned         n_workers;
	struct account  *global, *system;
};

/* The slot that holds it, or where it would be. */
static uint32_t *find_slot(const struct accounts *x, struct slice name)
{
	size_t mask = 2 * x->cap - 1, at = hash_slice(name) & mask;

	while (x->index[at] != 0 &&
	    !slice_eq(x->all[x->index[at] - 1]->name, name))
		at = (at + 1) & mask;
	return &x->index[at];
}

static bool grow(struct accounts *x)
{
	size_t           cap = x->cap == 0 ? FIRST_CAP : x->cap * 2;
	struct account **all = realloc(x->all, cap * sizeof(struct account *));
	uint32_t        *index;

	if (all == NULL)
		return false;
	x->all = all;
	index = calloc(2 * cap, sizeof *index);
	if (index == NULL)
		return false;
	free(x->index);
	x->index = index;
	x->cap = cap;
	for (size_t i = 0; i < x->n; i++)
		*find_slot(x, all[i]->name) = (uint32_t)i + 1;
	return true;
}

static struct account *find(const struct accounts *x, struct slice name)
{
	uint32_t place = x->n == 0 ? 0 : *find_slot(x, name);

	return place == 0 ? NULL : x->all[place - 1];
}

static struct account *add(struct accounts *x, struct slice name)
{
	struct account *a;

	if (x->n == x->cap && !grow(x))
		return NULL;
	a = account_create(name, x->n_workers);
	if (a == NULL)
		return NULL;
	*find_slot(x, a->name) = (uint32_t)x->n + 1;
	x->all[x->n++] = a;
	return a;
}

struct accounts *accounts_create(unsigned n_workers, struct slice system)
{
	struct accounts *x = calloc(1, sizeof *x);

	if (x == NULL)
		return NULL;
	pthread_mutex_init(&x->lock, NULL);
	x->n_workers = n_workers;
	x->global = add(x, SLICE("$G"));
	if (system.n > 0)
		x->system = add(x, system);
	if (x->global == NULL || (system.n > 0 && x->system == NULL)) {
		accounts_destroy(x);
		return NULL;
	}
	if (x->system != NULL)
		x->system->is_system = true;
	return x;
}

void accounts_destroy(struct accounts *x)
{
	if (x == NULL)
		return;
	for (size_t i = 0; i < x->n; i++)
		account_destroy(x->all[i]);
	pthread_mutex_destroy(&x->lock);
	free(x->all);
	free(x->index);
	free(x);
}

struct account *accounts_global(const struct accounts *x)
{
	return x->global;
}

struct account *accounts_system(const struct accounts *x)
{
	return x->system;
}

static bool is_gone(const struct account *a)
{
	return __atomic_load_n(&a->is_gone, __ATOMIC_RELAXED);
}

struct account *accounts_find(struct accounts *x, struct slice name)
{
	struct account *a = accounts_find_any(x, name);

	return a == NULL || is_gone(a) ? NULL : a;
}

struct account *accounts_find_any(struct accounts *x, struct slice name)
{
	struct account *a;

	pthread_mutex_lock(&x->lock);
	a = find(x, name);
	pthread_mutex_unlock(&x->lock);
	return a;
}

struct account *accounts_prepare(struct accounts *x, struct slice name)
{
	struct account *a;

	pthread_mutex_lock(&x->lock);
	a = find(x, name);
	if (a == NULL) {
		a = add(x, name);
		if (a != NULL)
			a->is_gone = true;
	}
	pthread_mutex_unlock(&x->lock);
	return a;
}

struct account *accounts_get(struct accounts *x, struct slice name)
{
	struct account *a;

	pthread_mutex_lock(&x->lock);
	a = find(x, name);
	if (a == NULL)
		a = add(x, name);
	pthread_mutex_unlock(&x->lock);
	if (a != NULL)
		__atomic_store_n(&a->is_gone, false, __ATOMIC_RELAXED);
	return a;
}

size_t accounts_count(struct accounts *x)
{
	size_t n = 0;

	pthread_mutex_lock(&x->lock);
	for (size_t i = 0; i < x->n; i++)
		n += !is_gone(x->all[i]);
	pthread_mutex_unlock(&x->lock);
	return n;
}

void accounts_each(struct accounts *x,
    bool (*visit)(void *ctx, struct account *a), void *ctx)
{
	bool goes_on = true;

	pthread_mutex_lock(&x->lock);
	for (size_t i = 0; i < x->n && goes_on; i++)
		if (!is_gone(x->all[i]))
			goes_on = visit(ctx, x->all[i]);
	pthread_mutex_unlock(&x->lock);
}
