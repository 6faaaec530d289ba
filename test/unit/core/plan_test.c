/* test/unit/core/plan_test.c - pairs with src/core/plan.c and cycles.c.
 *
 * What matters: all of a plan or nothing of it, whatever fails; what stays the
 * same stays the same object; doors follow their exporters; no circles. */
#include "core/plan.h"

#include "base/buf.h"
#include "base/epoch.h"
#include "base/err.h"
#include "base/hash.h"
#include "check.h"
#include "core/account.h"
#include "core/accounts.h"
#include "core/imports.h"
#include "core/policy.h"
#include "core/sublist.h"
#include "fail_alloc.h"

static struct accounts     *all;
static struct epoch_thread *epoch;

static uint32_t give(struct sub *sub, const struct run *run)
{
	(void)sub;
	(void)run;
	return 0;
}

static void begin(struct slice system)
{
	hash_init();
	epoch = epoch_join();
	all = accounts_create(1, system);
	CHECK(epoch != NULL && all != NULL);
}

static void end(void)
{
	plan_withdraw(all, epoch);
	epoch_leave(epoch);
	accounts_destroy(all);
}

/* ---- small accounts -------------------------------------------------------- */

struct door {
	enum share_kind kind;
	const char     *account;	/* NULL: it is an export */
	const char     *subject, *to;
};

struct house {
	const char *name;
	struct door doors[4];
};

enum { HOUSES_MAX = 8, DOORS_MAX = 4 };

struct town {
	struct account_spec specs[HOUSES_MAX];
	struct export_spec  exports[HOUSES_MAX][DOORS_MAX];
	struct import_spec  imports[HOUSES_MAX][DOORS_MAX];
};

static void add_door(struct town *t, size_t i, const struct door *d)
{
	struct account_spec *s = &t->specs[i];

	if (d->account == NULL)
		t->exports[i][s->n_exports++] = (struct export_spec){
			d->kind, slice_str(d->subject) };
	else
		t->imports[i][s->n_imports++] = (struct import_spec){
			d->kind, slice_str(d->account), slice_str(d->subject),
			slice_str(d->to) };
}

static void build(struct town *t, const struct house *houses, size_t n)
{
	memset(t, 0, sizeof *t);
	for (size_t i = 0; i < n; i++) {
		account_spec_init(&t->specs[i], slice_str(houses[i].name));
		for (size_t k = 0; k < DOORS_MAX; k++)
			if (houses[i].doors[k].subject != NULL)
				add_door(t, i, &houses[i].doors[k]);
		t->specs[i].exports = t->exports[i];
		t->specs[i].imports = t->imports[i];
	}
}

static int carry_out(const struct house *houses, size_t n, bool is_whole,
    bool is_lenient, struct buf *why)
{
	static struct town  t;
	struct plan_request r = { .all = all, .specs = t.specs, .n_specs = n,
		.is_whole = is_whole, .is_lenient = is_lenient,
		.give_service = give };
	struct plan        *p = NULL;
	int                 err;

	build(&t, houses, n);
	err = plan_create(&r, &p, why);
	if (err == 0)
		err = plan_commit(p, epoch);
	plan_destroy(p);
	return err;
}

static void must(const struct house *houses, size_t n, bool is_whole)
{
	struct buf why = { 0 };

	CHECK_INT(carry_out(houses, n, is_whole, !is_whole, &why), 0, "%.*s",
	    SLICE_ARG(buf_slice(&why)));
	buf_fini(&why);
}

static void must_not(const struct house *houses, size_t n, const char *text)
{
	struct buf why = { 0 };

	CHECK_INT(carry_out(houses, n, true, false, &why), ERR_CONFIG);
	CHECK_SLICE(buf_slice(&why), slice_str(text));
	buf_fini(&why);
}

static const struct imports *imports_of(const char *name)
{
	struct account *a = accounts_find(all, slice_str(name));

	return a == NULL ? NULL : account_policy(a)->imports;
}

static bool wants(const char *name, const char *subject)
{
	struct account *a = accounts_find(all, slice_str(name));
	bool            found;

	epoch_begin(epoch);
	found = a != NULL && sublist_has_interest(a->sublist,
	    slice_str(subject));
	epoch_end(epoch);
	return found;
}

/* ---- tests ----------------------------------------------------------------- */

#define SERVICE(subject)              { SHARE_SERVICE, NULL, subject }
#define STREAM(subject)               { SHARE_STREAM, NULL, subject }
#define FROM_SERVICE(a, subject, to)  { SHARE_SERVICE, a, subject, to }
#define FROM_STREAM(a, subject, to)   { SHARE_STREAM, a, subject, to }

TEST(a_service_import_is_a_subscription_of_the_importer)
{
	static const struct house town[] = {
		{ "A", { SERVICE("s.*") } },
		{ "B", { FROM_SERVICE("A", "s.x", "l") } },
	};

	begin(SLICE_NONE);
	must(town, 2, true);
	CHECK(wants("B", "l"));
	CHECK(!wants("B", "s.x"));
	CHECK(!wants("A", "s.x"));
	CHECK_INT(imports_of("B")->n_services, 1);
	CHECK(imports_of("B")->services[0]->exporter ==
	    accounts_find(all, SLICE("A")));
	end();
}

TEST(the_order_of_accounts_does_not_matter)
{
	static const struct house town[] = {
		{ "B", { FROM_STREAM("A", "s", NULL) } },
		{ "A", { STREAM("s") } },
	};

	begin(SLICE_NONE);
	must(town, 2, true);
	CHECK_INT(imports_of("B")->n_streams, 1);
	end();
}

TEST(what_stays_the_same_stays_where_it_is)
{
	static const struct house before[] = {
		{ "A", { SERVICE("s"), SERVICE("t"), SERVICE("u") } },
		{ "B", { FROM_SERVICE("A", "s", NULL),
		    FROM_SERVICE("A", "t", NULL) } },
	};
	static const struct house after[] = {
		{ "A", { SERVICE("s"), SERVICE("t"), SERVICE("u") } },
		{ "B", { FROM_SERVICE("A", "s", NULL),
		    FROM_SERVICE("A", "u", NULL) } },
	};
	struct service_import *s;
	struct sublist_stats   stats;

	begin(SLICE_NONE);
	must(before, 2, true);
	s = imports_of("B")->services[0];
	must(after, 2, true);
	CHECK(imports_of("B")->services[0] == s);
	CHECK(!s->sub.is_closed);
	CHECK(wants("B", "s") && !wants("B", "t") && wants("B", "u"));
	sublist_stats(accounts_find(all, SLICE("B"))->sublist, &stats);
	CHECK_INT(stats.n_inserts, 3);
	CHECK_INT(stats.n_removes, 1);
	end();
}

TEST(who_is_not_configured_any_more_is_gone)
{
	static const struct house before[] = {
		{ "A", { SERVICE("s") } },
		{ "B", { FROM_SERVICE("A", "s", NULL) } },
	};
	struct account *b;

	begin(SLICE_NONE);
	must(before, 2, true);
	b = accounts_find(all, SLICE("B"));
	must(before, 1, true);
	CHECK(accounts_find(all, SLICE("B")) == NULL);
	CHECK(account_policy(b)->imports == NULL);
	CHECK(accounts_find(all, SLICE("$G")) != NULL);
	must(before, 2, true);
	CHECK(accounts_find(all, SLICE("B")) == b);
	CHECK(wants("B", "s"));
	end();
}

TEST(a_refused_plan_changes_nothing)
{
	static const struct house before[] = {
		{ "A", { SERVICE("s") } },
		{ "B", { FROM_SERVICE("A", "s", NULL) } },
	};
	static const struct house after[] = {
		{ "N", { SERVICE("n") } },
		{ "A", { SERVICE("t") } },
		{ "B", { FROM_SERVICE("A", "s", NULL) } },
	};
	const struct imports *im;

	begin(SLICE_NONE);
	must(before, 2, true);
	im = imports_of("B");
	must_not(after, 3, "Error adding service import \"s\": "
	    "service import not authorized");
	CHECK(imports_of("B") == im);
	CHECK(wants("B", "s"));
	CHECK(accounts_find(all, SLICE("N")) == NULL);
	end();
}

TEST(circles_are_refused)
{
	static const struct house two[] = {
		{ "A", { SERVICE("s"), FROM_SERVICE("B", "s", NULL) } },
		{ "B", { SERVICE("s"), FROM_SERVICE("A", "s", NULL) } },
	};
	static const struct house three[] = {
		{ "A", { SERVICE("a"), FROM_SERVICE("B", "b", "a") } },
		{ "B", { SERVICE("b"), FROM_SERVICE("C", "c", "b") } },
		{ "C", { SERVICE("c"), FROM_SERVICE("A", "a", "c") } },
	};
	static const struct house wild[] = {
		{ "A", { STREAM(">"), FROM_STREAM("B", "b.*", NULL) } },
		{ "B", { STREAM(">"), FROM_STREAM("A", "*.x", NULL) } },
	};
	static const struct house self[] = {
		{ "A", { SERVICE("s"), FROM_SERVICE("A", "s", NULL) } },
	};

	begin(SLICE_NONE);
	must_not(two, 2, "Error adding service import \"s\": "
	    "import forms a cycle");
	must_not(three, 3, "Error adding service import \"a\": "
	    "import forms a cycle");
	must_not(wild, 2, "Error adding stream import \"*.x\": "
	    "import forms a cycle");
	must_not(self, 1, "Error adding service import \"s\": "
	    "import forms a cycle");
	end();
}

TEST(what_only_looks_like_a_circle_is_none)
{
	static const struct house town[] = {
		{ "A", { SERVICE("a"), FROM_SERVICE("B", "b", "q") } },
		{ "B", { SERVICE("b"), FROM_SERVICE("A", "a", "b") } },
	};
	static const struct house self[] = {
		{ "A", { SERVICE("s"), FROM_SERVICE("A", "s", "t") } },
	};

	begin(SLICE_NONE);
	must(town, 2, true);
	must(self, 1, true);
	end();
}

TEST(accounts_that_come_one_by_one_find_each_other)
{
	static const struct house b = { "B", { FROM_SERVICE("A", "s", NULL),
		FROM_STREAM("A", "e", NULL) } };
	static const struct house a = { "A", { SERVICE("s"), STREAM("e") } };
	static const struct house shut = { "A", { SERVICE("s") } };
	struct buf why = { 0 };

	begin(SLICE_NONE);
	CHECK_INT(carry_out(&b, 1, false, true, &why), 0);
	CHECK_SLICE(buf_slice(&why), SLICE("Error adding service import to "
	    "account [B]: service import not authorized\nError adding stream "
	    "import to account [B]: stream import not authorized\n"));
	buf_fini(&why);
	CHECK(!wants("B", "s"));
	CHECK(accounts_find(all, SLICE("A")) == NULL);
	must(&a, 1, false);
	CHECK(wants("B", "s"));
	CHECK_INT(imports_of("B")->n_streams, 1);
	must(&shut, 1, false);
	CHECK(wants("B", "s"));
	CHECK_INT(imports_of("B")->n_streams, 0);
	end();
}

TEST(one_that_closes_a_circle_is_left_out)
{
	static const struct house a = { "A", { SERVICE("s"),
		FROM_SERVICE("B", "s", NULL) } };
	static const struct house b = { "B", { SERVICE("s"),
		FROM_SERVICE("A", "s", NULL) } };
	struct buf why = { 0 };

	begin(SLICE_NONE);
	must(&a, 1, false);
	CHECK_INT(carry_out(&b, 1, false, true, &why), 0);
	CHECK_INT(imports_of("A")->n_services + imports_of("B")->n_services,
	    1);
	buf_fini(&why);
	end();
}

TEST(everybody_may_ask_the_system_account)
{
	static const struct house town[] = { { "A", { { 0 } } } };
	const struct service_import *s;

	begin(SLICE("$SYS"));
	must(town, 1, true);
	CHECK(wants("A", "$SYS.REQ.USER.INFO"));
	CHECK(wants("$G", "$SYS.REQ.ACCOUNT.PING.STATZ"));
	CHECK(wants("$G", "$SYS.REQ.ACCOUNT.PING.CONNZ"));
	CHECK(wants("$G", "$SYS.REQ.SERVER.PING.CONNZ"));
	CHECK(!wants("$SYS", "$SYS.REQ.USER.INFO"));
	CHECK_INT(imports_of("A")->n_services, 4);
	s = imports_of("A")->services[3];
	CHECK_SLICE(s->remote, SLICE("$SYS.REQ.USER.A.INFO"));
	CHECK(s->shares && s->answer == ANSWER_STREAM);
	end();
}

TEST(limits_and_rates_are_taken_over)
{
	struct account_spec s;
	struct plan_request r = { .all = NULL, .specs = &s, .n_specs = 1,
		.is_whole = true, .give_service = give };
	struct plan *p = NULL;
	struct buf   why = { 0 };
	struct rate *rate;
	const struct account_policy *policy;

	begin(SLICE_NONE);
	account_spec_init(&s, SLICE("A"));
	r.all = all;
	s.conns_max = 3;
	s.subs_max = 0;
	s.payload_max = 1000;
	s.rate_msgs = 10;
	CHECK_INT(plan_create(&r, &p, &why), 0);
	CHECK_INT(plan_count(p), 2);
	CHECK_INT(plan_commit(p, epoch), 0);
	plan_destroy(p);
	policy = account_policy(accounts_find(all, SLICE("A")));
	CHECK_INT(policy->conns_max, 3);
	CHECK_INT(policy->subs_max, 0);
	CHECK_INT(policy->payload_max, 1000);
	CHECK_INT(policy->leafs_max, -1);
	rate = policy->rate;
	CHECK(rate != NULL);
	CHECK_INT(plan_create(&r, &p, &why), 0);
	CHECK_INT(plan_commit(p, epoch), 0);
	plan_destroy(p);
	CHECK(account_policy(accounts_find(all, SLICE("A")))->rate == rate);
	end();
}

TEST(memory_that_runs_out_changes_nothing)
{
	static const struct house before[] = {
		{ "A", { SERVICE("s.*"), STREAM("e") } },
		{ "B", { FROM_SERVICE("A", "s.x", "l") } },
	};
	static const struct house after[] = {
		{ "A", { SERVICE("s.*"), STREAM("e") } },
		{ "B", { FROM_SERVICE("A", "s.*", "m.$1"),
		    FROM_STREAM("A", "e", NULL) } },
	};
	long n_before = fail_alloc_n_live();
	bool is_done = false;

	for (long nr = 1; !is_done; nr++) {
		struct buf why = { 0 };
		int        err;

		CHECK(nr < 1000);
		begin(SLICE_NONE);
		must(before, 2, true);
		fail_alloc_at(nr);
		err = carry_out(after, 2, true, false, &why);
		is_done = !fail_alloc_has_failed();
		fail_alloc_at(0);
		CHECK(err == 0 || err == ERR_NOMEM, "%ld: %d %.*s", nr, err,
		    SLICE_ARG(buf_slice(&why)));
		CHECK(wants("B", "m.x") == (err == 0), "%ld", nr);
		CHECK(wants("B", "l") == (err != 0), "%ld", nr);
		buf_fini(&why);
		end();
	}
	CHECK_INT(fail_alloc_n_live(), n_before);
}
