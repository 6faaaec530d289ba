/* conf/options_together.c - what can only be said when everything was read:
 * users that are there twice, accounts that are named and not there.
 */
#include <stdlib.h>

#include "conf/options_int.h"

/* ---- users ------------------------------------------------------------ */

struct user_at {
	const struct conf_user *user;
	size_t                  nr;
};

static struct slice name_of(const struct conf_user *u)
{
	return u->nkey.n > 0 ? u->nkey : u->user;
}

static int by_name(const void *a, const void *b)
{
	const struct user_at *x = a, *y = b;
	bool x_is_key = x->user->nkey.n > 0, y_is_key = y->user->nkey.n > 0;
	int  c = x_is_key - y_is_key;

	if (c == 0)
		c = slice_cmp(name_of(x->user), name_of(y->user));
	return c != 0 ? c : (x->nr > y->nr) - (x->nr < y->nr);
}

static size_t add_users(struct user_at *all, size_t n, struct conf_users users)
{
	for (size_t i = 0; i < users.n; i++, n++)
		all[n] = (struct user_at){ &users.v[i], n };
	return n;
}

static void check_neighbours(struct load *l, const struct user_at *x,
    const struct user_at *y)
{
	const struct conf_user *u = y->user;
	bool                    is_key = u->nkey.n > 0;

	if (is_key != (x->user->nkey.n > 0) || name_of(u).n == 0 ||
	    !slice_eq(name_of(x->user), name_of(u)))
		return;
	conf_report_error(l->r, u->place.file == NULL ? NULL : &u->place,
	    "Duplicate %s \"%.*s\" detected", is_key ? "nkey" : "user",
	    SLICE_ARG(name_of(u)));
}

/* A name is one user, whatever account it is in. */
static void check_users(struct load *l)
{
	const struct options *o = l->o;
	size_t                n = o->users.n;
	struct user_at       *all;

	for (size_t i = 0; i < o->accounts.n; i++)
		n += o->accounts.v[i].users.n;
	all = calloc(n + 1, sizeof *all);
	if (all == NULL) {
		l->is_out_of_memory = true;
		return;
	}
	n = add_users(all, 0, o->users);
	for (size_t i = 0; i < o->accounts.n; i++)
		n = add_users(all, n, o->accounts.v[i].users);
	qsort(all, n, sizeof *all, by_name);
	for (size_t i = 1; i < n; i++)
		check_neighbours(l, &all[i - 1], &all[i]);
	free(all);
}

/* A single user or a token beside users of accounts: who is in which? */
static void check_single(struct load *l)
{
	const struct options *o = l->o;
	bool                  has_users = false;

	for (size_t i = 0; i < o->accounts.n; i++)
		has_users = has_users || o->accounts.v[i].users.n > 0;
	if (has_users && (o->auth_user.n > 0 || o->auth_pass.n > 0))
		load_error(l, NULL, "Can not have a single user/pass and accounts");
	if (has_users && o->auth_token.n > 0)
		load_error(l, NULL, "Can not have a token and accounts");
}

/* ---- accounts --------------------------------------------------------- */

/* Names in order, to find one by halving. */
struct names {
	struct slice *v;
	size_t        n;
};

static int by_slice(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static bool has_name(const struct names *names, struct slice name)
{
	return bsearch(&name, names->v, names->n, sizeof name, by_slice) != NULL;
}

static void check_export(struct load *l, const struct names *names,
    const struct conf_export *e)
{
	for (size_t i = 0; i < e->accounts.n; i++)
		if (!has_name(names, e->accounts.v[i]))
			conf_report_error(l->r, &e->place, "\"%.*s\" account not "
			    "defined for %s export", SLICE_ARG(e->accounts.v[i]),
			    e->door == DOOR_STREAM ? "stream" : "service");
}

static void check_import(struct load *l, const struct names *names,
    const struct conf_import *i)
{
	if (!has_name(names, i->account))
		conf_report_error(l->r, &i->place, "\"%.*s\" account not defined "
		    "for %s import", SLICE_ARG(i->account),
		    i->door == DOOR_STREAM ? "stream" : "service");
}

static struct slice local_subject(const struct conf_import *i)
{
	return i->to.n > 0 ? i->to : i->subject;
}

static int by_local_subject(const void *a, const void *b)
{
	const struct conf_import *x = *(const struct conf_import *const *)a;
	const struct conf_import *y = *(const struct conf_import *const *)b;
	int c = slice_cmp(local_subject(x), local_subject(y));

	return c != 0 ? c : (x > y) - (x < y);
}

static bool is_repeated(const struct conf_import *x,
    const struct conf_import *y)
{
	return slice_eq(local_subject(x), local_subject(y));
}

/* A request on one subject goes to one service. */
static void check_services(struct load *l, const struct conf_account *a)
{
	const struct conf_import **all = calloc(a->n_imports + 1, sizeof *all);
	size_t                     n = 0;

	if (all == NULL) {
		l->is_out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < a->n_imports; i++)
		if (a->imports[i].door == DOOR_SERVICE)
			all[n++] = &a->imports[i];
	qsort(all, n, sizeof *all, by_local_subject);
	for (size_t i = 1; i < n; i++)
		if (is_repeated(all[i - 1], all[i]))
			conf_report_error(l->r, &all[i]->place, "Duplicate service "
			    "import subject \"%.*s\", previously used in import "
			    "for account \"%.*s\", subject \"%.*s\"",
			    SLICE_ARG(local_subject(all[i])),
			    SLICE_ARG(all[i - 1]->account),
			    SLICE_ARG(all[i - 1]->subject));
	free(all);
}

static void check_account(struct load *l, const struct names *names,
    const struct conf_account *a)
{
	for (size_t i = 0; i < a->n_exports; i++)
		check_export(l, names, &a->exports[i]);
	for (size_t i = 0; i < a->n_imports; i++)
		check_import(l, names, &a->imports[i]);
	check_services(l, a);
}

static void check_callout(struct load *l, const struct names *names)
{
	const struct conf_callout *c = l->o->auth_callout;

	for (size_t i = 0; c != NULL && i < c->allowed_accounts.n; i++)
		if (!has_name(names, c->allowed_accounts.v[i]))
			load_error(l, NULL, "auth_callout allowed account "
			    "\"%.*s\" not found in configured accounts",
			    SLICE_ARG(c->allowed_accounts.v[i]));
}

static void check_accounts(struct load *l)
{
	const struct conf_accounts *accounts = &l->o->accounts;
	struct names                names = { 0 };

	names.v = calloc(accounts->n + 1, sizeof *names.v);
	if (names.v == NULL) {
		l->is_out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < accounts->n; i++)
		names.v[names.n++] = accounts->v[i].name;
	qsort(names.v, names.n, sizeof *names.v, by_slice);
	for (size_t i = 0; i < accounts->n; i++)
		check_account(l, &names, &accounts->v[i]);
	check_callout(l, &names);
	free(names.v);
}

void load_check_together(struct load *l)
{
	/* of half a file nothing can be said */
	if (l->r->n_errors > 0 || l->is_out_of_memory)
		return;
	check_users(l);
	check_single(l);
	check_accounts(l);
}
