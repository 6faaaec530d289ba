/* core/plan.c - from what is configured of accounts to what they do.
 *
 * Each account that is planned has its coming policy at account->coming until
 * the plan is carried out or dropped, so an account's exports and imports as
 * they will be are found from the account.  There is one plan at a time.
 */
#include "core/plan.h"

#include <ck_pr.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "core/account.h"
#include "core/accounts.h"
#include "core/cycles.h"
#include "core/exports.h"
#include "core/imports.h"
#include "core/permissions.h"
#include "core/policy.h"
#include "core/rate.h"
#include "core/spec_copy.h"
#include "core/sublist.h"
#include "proto/subject.h"

struct plan {
	const struct plan_request *request;	/* while it is made */
	struct buf                *why;		/* likewise */
	int64_t                    now_s;
	struct accounts           *all;
	bool                       is_whole;
	struct account           **accounts;
	size_t                     n, cap;
	bool                       is_done;
};

/* ---- who is planned ------------------------------------------------------ */

/* The policy that an account will have. */
static const struct account_policy *policy_of(const struct account *a)
{
	return a->coming != NULL ? a->coming : account_policy(a);
}

static const struct imports *imports_of(const struct account *a)
{
	return policy_of(a)->imports;
}

static bool add(struct plan *p, struct account *a)
{
	struct account **more;

	if (p->n == p->cap) {
		p->cap = p->cap * 2 + 8;
		more = realloc(p->accounts, p->cap * sizeof(struct account *));
		if (more == NULL)
			return false;
		p->accounts = more;
	}
	p->accounts[p->n++] = a;
	return true;
}

/* ---- a policy without its imports ---------------------------------------- */

/* Equal limits go on being used up by those who have used them. */
static bool keep_rate(struct account_policy *p, const struct account *a)
{
	const struct account_policy *old = account_policy(a);
	const struct account_spec   *s = p->spec;

	if (s->rate_msgs <= 0 && s->rate_bytes <= 0)
		return true;
	if (old->rate != NULL && old->spec != NULL &&
	    old->spec->rate_msgs == s->rate_msgs &&
	    old->spec->rate_bytes == s->rate_bytes)
		p->rate = rate_ref(old->rate);
	else
		p->rate = rate_create(s->rate_msgs, s->rate_bytes);
	return p->rate != NULL;
}

static int make_mappings(struct plan *p, struct account_policy *policy)
{
	const struct account_spec *s = policy->spec;
	struct buf                 text = { 0 };
	size_t                     bad;
	int err = mappings_create(s->mappings, s->n_mappings,
	    &policy->mappings, &bad, &text);

	if (err == ERR_SUBJECT) {
		buf_put_str(p->why, "Error adding mapping for ");
		text_put_quoted(p->why, s->mappings[bad].source);
		buf_put_str(p->why, ": ");
		buf_put_slice(p->why, buf_slice(&text));
		err = ERR_CONFIG;
	}
	buf_fini(&text);
	return err;
}

static bool make_permissions(struct account_policy *policy,
    const struct permissions_spec *spec)
{
	if (spec != NULL)
		policy->default_permissions = permissions_create(spec);
	return spec == NULL || policy->default_permissions != NULL;
}

/* The policy is a's from the first moment, so plan_destroy finds it. */
static int draft(struct plan *p, struct account *a,
    const struct account_spec *s)
{
	struct account_policy *policy = policy_create();

	if (policy == NULL || !add(p, a)) {
		policy_destroy(policy);
		return ERR_NOMEM;
	}
	a->coming = policy;
	policy->conns_max = s->conns_max;
	policy->leafs_max = s->leafs_max;
	policy->subs_max = s->subs_max;
	policy->payload_max = s->payload_max;
	policy->spec = spec_copy(s);
	if (policy->spec == NULL || !keep_rate(policy, a) ||
	    !make_permissions(policy, s->default_permissions))
		return ERR_NOMEM;
	return make_mappings(p, policy);
}

static int draft_named(struct plan *p, const struct account_spec *s)
{
	struct account *a = accounts_prepare(p->all, s->name);
	int             err;

	if (a == NULL)
		return ERR_NOMEM;
	if (a->coming != NULL) {
		buf_put_str(p->why, "Duplicate account ");
		text_put_quoted(p->why, s->name);
		return ERR_CONFIG;
	}
	err = draft(p, a, s);
	return err != 0 ? err : exports_check(a->coming->spec,
	    accounts_system(p->all) != NULL, p->why);
}

static int draft_specs(struct plan *p)
{
	const struct plan_request *r = p->request;
	int                        err = 0;

	for (size_t i = 0; i < r->n_specs && err == 0; i++)
		err = draft_named(p, &r->specs[i]);
	return err;
}

/* The same as before, of an account that is looked at for another's sake. */
static int draft_again(struct plan *p, struct account *a)
{
	const struct account_policy *old = account_policy(a);
	struct account_spec          none;
	int                          err;

	account_spec_init(&none, a->name);
	err = draft(p, a, old->spec != NULL ? old->spec : &none);
	if (err == 0 && old->default_permissions != NULL)
		a->coming->default_permissions =
		    permissions_ref(old->default_permissions);
	return err;
}

static int draft_plain(struct plan *p, struct account *a)
{
	struct account_spec none;

	if (a == NULL || a->coming != NULL)
		return 0;
	account_spec_init(&none, a->name);
	return draft(p, a, &none);
}

/* ---- who imports from them ----------------------------------------------- */

struct importers {
	struct plan *plan;
	size_t       n_first;	/* those planned for their own sake */
	bool         failed;
};

static bool imports_from(const struct importers *x, const struct account *a)
{
	const struct account_spec *s = account_policy(a)->spec;

	for (size_t i = 0; s != NULL && i < s->n_imports; i++)
		for (size_t k = 0; k < x->n_first; k++)
			if (slice_eq(s->imports[i].account,
			    x->plan->accounts[k]->name))
				return true;
	return false;
}

static bool visit_importer(void *ctx, struct account *a)
{
	struct importers *x = ctx;

	if (a->coming != NULL || !imports_from(x, a))
		return true;
	x->failed = draft_again(x->plan, a) != 0;
	return !x->failed;
}

static int draft_importers(struct plan *p)
{
	struct importers x = { .plan = p, .n_first = p->n };

	accounts_each(p->all, visit_importer, &x);
	return x.failed ? ERR_NOMEM : 0;
}

/* ---- imports ------------------------------------------------------------- */

/* The import that is being looked at. */
struct wish {
	struct account           *importer, *exporter;
	const struct import_spec *spec;
	const struct export_spec *export;
};

static int find_export(struct plan *p, struct wish *w, struct buf *why)
{
	const struct account_spec *s;

	w->exporter = accounts_find_any(p->all, w->spec->account);
	s = w->exporter == NULL ? NULL : policy_of(w->exporter)->spec;
	if (s != NULL)
		w->export = exports_admit(s, w->importer->name, w->spec,
		    p->now_s);
	if (w->export != NULL)
		return 0;
	buf_printf(why, "%s import not authorized",
	    w->spec->kind == SHARE_STREAM ? "stream" : "service");
	return ERR_CONFIG;
}

static int add_checked(struct plan *p, const struct wish *w, struct buf *why)
{
	struct imports *im = w->importer->coming->imports;
	const char     *text = NULL;
	int err = imports_add(im, w->spec, w->export, w->importer, w->exporter,
	    p->request->give_service, why);

	if (err != 0)
		return err;
	err = cycles_check_last(im, w->spec->kind, w->importer, imports_of,
	    &text);
	if (err != 0)
		imports_drop_last(im, w->spec->kind);
	if (err == ERR_CONFIG)
		buf_put_str(why, text);
	return err;
}

/* nats-server's lines; the first is of the configuration, the other of
 * accounts that come by themselves. */
static void complain(struct plan *p, const struct wish *w, struct slice what)
{
	const char *kind = w->spec->kind == SHARE_STREAM ? "stream" : "service";

	if (p->request->is_lenient) {
		buf_printf(p->why, "Error adding %s import to account [%.*s]: "
		    "%.*s\n", kind, SLICE_ARG(w->importer->name),
		    SLICE_ARG(what));
		return;
	}
	buf_printf(p->why, "Error adding %s import ", kind);
	text_put_quoted(p->why, w->spec->subject);
	buf_printf(p->why, ": %.*s", SLICE_ARG(what));
}

static int import_one(struct plan *p, struct account *importer,
    const struct import_spec *spec)
{
	struct wish w = { .importer = importer, .spec = spec };
	struct buf  what = { 0 };
	int         err = find_export(p, &w, &what);

	if (err == 0)
		err = add_checked(p, &w, &what);
	if (err == ERR_CONFIG) {
		complain(p, &w, buf_slice(&what));
		err = p->request->is_lenient ? 0 : err;
	}
	buf_fini(&what);
	return err;
}

/* ---- what every account may ask the system's ----------------------------- */

static const struct {
	const char *local, *before, *behind;	/* the account's name between */
} system_services[] = {
	{ "$SYS.REQ.SERVER.PING.CONNZ", "$SYS.REQ.ACCOUNT.", ".CONNZ" },
	{ "$SYS.REQ.ACCOUNT.PING.CONNZ", "$SYS.REQ.ACCOUNT.", ".CONNZ" },
	{ "$SYS.REQ.ACCOUNT.PING.STATZ", "$SYS.REQ.ACCOUNT.", ".STATZ" },
	{ "$SYS.REQ.USER.INFO", "$SYS.REQ.USER.", ".INFO" },
};

static bool has_service(const struct imports *im,
    const struct account *exporter, struct slice local)
{
	for (size_t i = 0; i < im->n_services; i++)
		if (im->services[i]->exporter == exporter &&
		    slice_eq(im->services[i]->local, local))
			return true;
	return false;
}

/* By the export that the system account has for it, if it has one, but whether
 * that admits this account or not. */
static struct export_spec system_export(const struct account *system,
    struct slice remote)
{
	const struct account_spec *s = policy_of(system)->spec;
	struct export_spec         x = { .kind = SHARE_SERVICE,
		.subject = remote, .answer = ANSWER_STREAM };

	for (size_t i = 0; s != NULL && i < s->n_exports; i++)
		if (s->exports[i].kind == SHARE_SERVICE &&
		    subject_is_subset(remote, s->exports[i].subject))
			x = s->exports[i];
	return x;
}

static int import_from_system(struct plan *p, struct account *a)
{
	struct account *system = accounts_system(p->all);
	struct imports *im = a->coming->imports;
	struct buf      remote = { 0 };
	int             err = 0;

	if (system == NULL || a == system)
		return 0;
	for (size_t i = 0; i < 4 && err == 0; i++) {
		struct import_spec spec = { .kind = SHARE_SERVICE,
			.to = slice_str(system_services[i].local),
			.shares = true };
		struct export_spec export;

		if (has_service(im, system, spec.to))
			continue;
		buf_reset(&remote);
		buf_put_str(&remote, system_services[i].before);
		buf_put_slice(&remote, a->name);
		buf_put_str(&remote, system_services[i].behind);
		spec.subject = buf_slice(&remote);
		export = system_export(system, spec.subject);
		err = buf_failed(&remote) ? ERR_NOMEM
		    : imports_add(im, &spec, &export, a, system,
		    p->request->give_service, p->why);
	}
	buf_fini(&remote);
	return err;
}

static int import_all(struct plan *p, struct account *a)
{
	const struct account_spec *s = a->coming->spec;
	int                        err = 0;

	a->coming->imports = imports_create(s->n_imports + 4);
	if (a->coming->imports == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->n_imports && err == 0; i++)
		err = import_one(p, a, &s->imports[i]);
	if (err == 0)
		err = import_from_system(p, a);
	return err;
}

/* Those kept are the old objects: their subscriptions stay where they are. */
static void keep_same(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		imports_keep_same(p->accounts[i]->coming->imports,
		    account_policy(p->accounts[i])->imports);
}

/* ---- making it ----------------------------------------------------------- */

static int make(struct plan *p)
{
	int err = draft_specs(p);

	if (err == 0 && p->is_whole)
		err = draft_plain(p, accounts_global(p->all));
	if (err == 0 && p->is_whole)
		err = draft_plain(p, accounts_system(p->all));
	if (err == 0 && !p->is_whole)
		err = draft_importers(p);
	for (size_t i = 0; i < p->n && err == 0; i++)
		err = import_all(p, p->accounts[i]);
	if (err == 0)
		keep_same(p);
	return err;
}

int plan_create(const struct plan_request *r, struct plan **ret,
    struct buf *why)
{
	struct plan *p = calloc(1, sizeof *p);
	int          err;

	if (p == NULL)
		return ERR_NOMEM;
	p->request = r;
	p->why = why;
	p->all = r->all;
	p->is_whole = r->is_whole;
	p->now_s = clock_wall_ns() / NS_PER_S;
	err = make(p);
	p->request = NULL;
	p->why = NULL;
	if (err != 0)
		plan_destroy(p);
	else
		*ret = p;
	return err;
}

void plan_destroy(struct plan *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n && !p->is_done; i++) {
		policy_destroy(p->accounts[i]->coming);
		p->accounts[i]->coming = NULL;
	}
	free(p->accounts);
	free(p);
}

size_t plan_count(const struct plan *p)
{
	return p->n;
}

struct account *plan_account(const struct plan *p, size_t i)
{
	return p->accounts[i];
}

/* ---- carrying it out ----------------------------------------------------- */

static void set_closed(struct service_import *s, bool is_closed)
{
	__atomic_store_n(&s->sub.is_closed, is_closed, __ATOMIC_RELEASE);
}

static void remove_missing(struct account *a, const struct imports *im,
    const struct imports *others, struct epoch_thread *e)
{
	for (size_t i = 0; im != NULL && i < im->n_services; i++)
		if (im->services[i]->sub.node != NULL &&
		    !imports_hold(others, im->services[i]))
			sublist_remove(a->sublist, e, &im->services[i]->sub);
}

/* Not in force yet: it is closed, which its give looks at. */
static int insert_new(struct account *a, struct epoch_thread *e)
{
	struct imports *im = a->coming->imports;
	int             err = 0;

	for (size_t i = 0; i < im->n_services && err == 0; i++) {
		struct service_import *s = im->services[i];

		if (s->sub.node != NULL)
			continue;
		set_closed(s, true);
		err = sublist_insert(a->sublist, e, &s->sub, s->local);
	}
	return err;
}

static int insert_all(struct plan *p, struct epoch_thread *e)
{
	int err = 0;

	for (size_t i = 0; i < p->n && err == 0; i++)
		err = insert_new(p->accounts[i], e);
	if (err == 0)
		return 0;
	/* Who met one of them in a sublist may hold it still; control is in a
	 * section itself, so it cannot wait for that here. */
	for (size_t i = 0; i < p->n; i++) {
		struct account *a = p->accounts[i];

		remove_missing(a, a->coming->imports,
		    account_policy(a)->imports, e);
		policy_retire(a->coming, e);
		a->coming = NULL;
	}
	return err;
}

/* Old ones close before new ones open: a request may be lost in between, but
 * is not asked twice. */
static void change_over(struct account *a, struct epoch_thread *e)
{
	const struct imports *old = account_policy(a)->imports;
	const struct imports *fresh = a->coming->imports;

	for (size_t i = 0; old != NULL && i < old->n_services; i++)
		if (!imports_hold(fresh, old->services[i]))
			set_closed(old->services[i], true);
	for (size_t i = 0; i < fresh->n_services; i++)
		set_closed(fresh->services[i], false);
	remove_missing(a, old, fresh, e);
	account_set_policy(a, e, a->coming);
	a->coming = NULL;
}

struct leaving {
	struct plan         *plan;
	struct epoch_thread *e;
};

/* Without memory it keeps its limits, which matter no more. */
static void retire(struct account *a, struct epoch_thread *e)
{
	struct account_policy *none = policy_create();

	remove_missing(a, account_policy(a)->imports, NULL, e);
	if (none != NULL)
		account_set_policy(a, e, none);
}

static int by_address(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)*(struct account *const *)a;
	uintptr_t y = (uintptr_t)*(struct account *const *)b;

	return (x > y) - (x < y);
}

static bool leave(void *ctx, struct account *a)
{
	const struct leaving *l = ctx;

	if (bsearch(&a, l->plan->accounts, l->plan->n, sizeof(struct account *),
	    by_address) != NULL)
		return true;
	__atomic_store_n(&a->is_gone, true, __ATOMIC_RELAXED);
	retire(a, l->e);
	return true;
}

int plan_commit(struct plan *p, struct epoch_thread *e)
{
	struct leaving l = { p, e };
	int            err = insert_all(p, e);

	if (err != 0)
		return err;
	for (size_t i = 0; i < p->n; i++) {
		change_over(p->accounts[i], e);
		__atomic_store_n(&p->accounts[i]->is_gone, false,
		    __ATOMIC_RELAXED);
	}
	p->is_done = true;
	if (p->is_whole) {
		qsort(p->accounts, p->n, sizeof(struct account *), by_address);
		accounts_each(p->all, leave, &l);
	}
	return 0;
}

static bool withdraw(void *ctx, struct account *a)
{
	struct epoch_thread *e = ctx;

	remove_missing(a, account_policy(a)->imports, NULL, e);
	return true;
}

void plan_withdraw(struct accounts *all, struct epoch_thread *e)
{
	accounts_each(all, withdraw, e);
	epoch_barrier(e);
}
