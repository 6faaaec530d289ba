/* js/report.c - the walk: which accounts, and how far in one step.
 *
 * What it is at is remembered by name, never by pointer: between two steps the
 * stream may have been deleted.  Accounts of core stay until the server ends. */
#include "js/report_int.h"

#include <stdlib.h>

#include "core/account.h"
#include "js/js.h"
#include "js/stream.h"

/* Streams, consumers and accounts that one step looks at. */
enum { STEP_ITEMS = 256, ACCOUNTS_PAGE = 1024 };

/* ---- which accounts ------------------------------------------------------- */

static int compare_names(const void *x, const void *y)
{
	const struct account *const *a = x, *const *b = y;

	return slice_cmp((*a)->name, (*b)->name);
}

/* All of them, by name.  False: out of memory. */
static bool list_accounts(struct report *r, const struct js *js)
{
	size_t n = 0;

	for (struct list *l = js->accounts.next; l != &js->accounts;
	    l = l->next)
		n++;
	r->accounts = calloc(n + 1, sizeof *r->accounts);
	if (r->accounts == NULL)
		return false;
	for (struct list *l = js->accounts.next; l != &js->accounts;
	    l = l->next)
		r->accounts[r->n_accounts++] =
		    CONTAINER_OF(l, struct js_account, link)->core;
	qsort(r->accounts, r->n_accounts, sizeof *r->accounts, compare_names);
	for (size_t i = 0; i < n; i++)
		r->has_account |= slice_eq(r->accounts[i]->name,
		    r->wish.options.account);
	return true;
}

static void go_to_one(struct report *r, struct slice name)
{
	for (r->at = 0; r->at < r->n_accounts; r->at++)
		if (slice_eq(r->accounts[r->at]->name, name))
			break;
	r->end = r->at < r->n_accounts ? r->at + 1 : r->at;
}

static void go_to_page(struct report *r)
{
	const struct report_options *o = &r->wish.options;
	size_t n = r->n_accounts;

	r->at = o->limit > 0 && o->offset > 0
	    ? (uint64_t)o->offset < n ? (size_t)o->offset : n : 0;
	r->end = o->limit > 0 && (uint64_t)o->limit < n - r->at
	    ? r->at + (size_t)o->limit : n;
}

/* An account that is named comes before pages. */
static void go_to_asked(struct report *r)
{
	const struct report_options *o = &r->wish.options;

	r->at = r->end = 0;
	if (r->has_account)
		go_to_one(r, o->account);
	else if (r->wish.kind != REPORT_DOCUMENT && o->account.n == 0)
		r->end = r->n_accounts;
	else if (r->wish.kind == REPORT_DOCUMENT && o->lists_accounts)
		go_to_page(r);
}

/* ---- the walk -------------------------------------------------------------- */

static void begin_pass(struct report *r, struct js *js)
{
	const struct report_pass *p = *r->pass;

	r->has_begun = true;
	r->at = r->end = 0;
	if (p->reach == REACH_EVERYWHERE)
		r->end = r->n_accounts;
	else if (p->reach == REACH_ASKED)
		go_to_asked(r);
	if (p->begin != NULL)
		p->begin(r, js);
}

static void end_pass(struct report *r, struct js *js)
{
	if ((*r->pass)->end != NULL)
		(*r->pass)->end(r, js);
	r->has_begun = false;
	r->pass++;
}

/* The first whose name is greater; "" is before all.  NULL: none. */
static struct stream *stream_behind(const struct js_account *a,
    struct slice name)
{
	size_t low = 0, high = a->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (slice_cmp(a->v[mid]->name, name) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < a->n ? a->v[low] : NULL;
}

static size_t enter(struct report *r, const struct js_account *a)
{
	const struct report_pass *p = *r->pass;

	if (a == NULL) {	/* it is gone: as if it had not been there */
		r->at++;
		return 1;
	}
	r->is_inside = true;
	buf_reset(&r->behind);
	if (p->enter != NULL)
		p->enter(r, a);
	return 1;
}

static void leave(struct report *r)
{
	const struct report_pass *p = *r->pass;

	if (p->leave != NULL)
		p->leave(r);
	r->is_inside = false;
	r->at++;
}

/* One account or stream further; what that has cost.  There is one. */
static size_t walk_on(struct report *r, struct js *js)
{
	const struct report_pass *p = *r->pass;
	struct js_account        *a = js_find_account(js, r->accounts[r->at]);
	struct stream            *s;

	if (!r->is_inside)
		return enter(r, a);
	s = a == NULL || p->stream == NULL ? NULL
	    : stream_behind(a, buf_slice(&r->behind));
	if (s == NULL || buf_failed(&r->behind)) {
		r->failed |= buf_failed(&r->behind);
		leave(r);
		return 1;
	}
	buf_reset(&r->behind);
	buf_put_slice(&r->behind, s->name);
	return p->stream(r, s);
}

static void check_memory(struct report *r)
{
	r->failed |= buf_failed(&r->text) || buf_failed(&r->names) ||
	    buf_failed(&r->why) || buf_failed(&r->errors);
}

bool report_step(struct report *r, struct js *js)
{
	size_t done = 0;

	r->is_off = js == NULL;
	if (js != NULL && r->accounts == NULL)
		r->failed = !list_accounts(r, js);
	if (r->is_off || r->failed)
		return true;
	while (*r->pass != NULL && done < STEP_ITEMS) {
		if (!r->has_begun)
			begin_pass(r, js);
		if (r->at < r->end)
			done += walk_on(r, js);
		else
			end_pass(r, js);
	}
	check_memory(r);
	return *r->pass == NULL;
}

/* ---- life ------------------------------------------------------------------- */

static const struct report_pass *const passes[][4] = {
	[REPORT_SUMMARY] = { &report_summary },
	[REPORT_STATS] = { &report_stats },
	[REPORT_DOCUMENT] = { &report_sum, &report_document },
	[REPORT_ACCOUNT] = { &report_account },
	[REPORT_ACCESS] = { NULL },
	[REPORT_HEALTH] = { &report_health },
	[REPORT_NUMBERS] = { &report_sum, &report_rows, &report_health },
};

struct report *report_create(const struct report_wish *wish)
{
	struct report         *r = calloc(1, sizeof *r);
	struct report_options *o;

	if (r == NULL)
		return NULL;
	r->wish = *wish;
	r->pass = passes[wish->kind];
	o = &r->wish.options;
	o->limit = o->limit == 0 ? ACCOUNTS_PAGE : o->limit;
	if (wish->kind == REPORT_DOCUMENT) {	/* of one account it is not so */
		o->lists_streams |= o->lists_consumers;
		o->lists_accounts |= o->lists_streams && o->account.n == 0;
	}
	json_init(&r->w, &r->text, wish->indent);
	return r;
}

void report_destroy(struct report *r)
{
	if (r == NULL)
		return;
	buf_fini(&r->text);
	buf_fini(&r->names);
	buf_fini(&r->why);
	buf_fini(&r->errors);
	buf_fini(&r->behind);
	free(r->accounts);
	free(r->streams);
	free(r->consumers);
	free(r);
}
