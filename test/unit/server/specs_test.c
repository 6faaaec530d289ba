/* test/unit/server/specs_test.c - pairs with src/server/specs.c.
 *
 * What matters: everything that was written of an account arrives in its spec,
 * and the accounts that nobody wrote are there. */
#include "server/specs.h"

#include "check.h"
#include "conf/options.h"
#include "core/account_spec.h"

static struct options *options;
static struct specs    specs;

static void make(const char *text)
{
	struct conf_report r = { 0 };

	options = options_create_default();
	CHECK_INT(options_load_text(options, slice_str(text), "t.conf", &r), 0,
	    "%.*s", SLICE_ARG(buf_slice(&r.errors)));
	conf_report_fini(&r);
	CHECK_INT(specs_init(&specs, options), 0);
}

static void unmake(void)
{
	specs_fini(&specs);
	options_destroy(options);
}

static const struct account_spec *find(const char *name)
{
	const struct account_spec *found = NULL;

	for (size_t i = 0; i < specs.n; i++)
		if (slice_eq(specs.v[i].name, slice_str(name))) {
			CHECK(found == NULL, "%s is there twice", name);
			found = &specs.v[i];
		}
	return found;
}

TEST(accounts_that_nobody_wrote_are_there)
{
	make("debug: false");
	CHECK_INT(specs.n, 2);
	CHECK(find("$G") != NULL && find("$SYS") != NULL);
	unmake();
	make("no_system_account: true");
	CHECK_INT(specs.n, 1);
	unmake();
	make("accounts { S {}, A {} }, system_account: S");
	CHECK_INT(specs.n, 3);
	CHECK(find("$G") != NULL && find("S") != NULL && find("A") != NULL);
	unmake();
}

TEST(a_domain_is_mapped_in_every_account_but_the_systems)
{
	const struct account_spec *a;

	make("jetstream { domain: hub }, accounts { S {}, A { mappings { x: y } } "
	    "}, system_account: S");
	CHECK_INT(find("$G")->n_mappings, 9);
	CHECK_INT(find("S")->n_mappings, 0);
	a = find("A");
	CHECK_INT(a->n_mappings, 10);
	CHECK_SLICE(a->mappings[0].source, SLICE("$JS.hub.API.INFO"));
	CHECK_SLICE(a->mappings[9].source, SLICE("x"));
	unmake();
	make("jetstream { domain: hub, enabled: false }");
	CHECK_INT(find("$G")->n_mappings, 0);
	unmake();
}

TEST(what_is_mapped_outside_of_accounts_is_mapped_in_the_global_one)
{
	const struct account_spec *a;

	make("mappings { a: b, c: [{dest: d, weight: 10}, {dest: e, weight: 20, "
	    "cluster: x}] }, accounts { A { mappings { f: g } } }");
	a = find("$G");
	CHECK_INT(a->n_mappings, 2);
	CHECK_SLICE(a->mappings[0].source, SLICE("a"));
	CHECK_SLICE(a->mappings[0].choices[0].subject, SLICE("b"));
	CHECK_INT(a->mappings[0].choices[0].weight, 100);
	CHECK_INT(a->mappings[1].n_choices, 2);
	CHECK_INT(a->mappings[1].choices[1].weight, 20);
	CHECK_SLICE(a->mappings[1].choices[1].cluster, SLICE("x"));
	a = find("A");
	CHECK_INT(a->n_mappings, 1);
	CHECK_SLICE(a->mappings[0].choices[0].subject, SLICE("g"));
	unmake();
}

TEST(limits_and_tracing_arrive)
{
	const struct account_spec *a;

	make("accounts { A { limits { max_conn: 1, max_leafs: 2, max_subs: 3, "
	    "max_pay: 4, max_msgs_per_second: 5, max_bytes_per_second: 6 }, "
	    "msg_trace { dest: t, sampling: 7 } }, B {} }");
	a = find("A");
	CHECK_INT(a->conns_max, 1);
	CHECK_INT(a->leafs_max, 2);
	CHECK_INT(a->subs_max, 3);
	CHECK_INT(a->payload_max, 4);
	CHECK_INT(a->rate_msgs, 5);
	CHECK_INT(a->rate_bytes, 6);
	CHECK_SLICE(a->trace_dest, SLICE("t"));
	CHECK_INT(a->trace_sampling, 7);
	a = find("B");
	CHECK_INT(a->conns_max, -1);
	CHECK_INT(a->payload_max, -1);
	CHECK_INT(a->rate_msgs, 0);
	CHECK_INT(a->trace_dest.n, 0);
	unmake();
}

TEST(exports_and_imports_arrive)
{
	const struct account_spec *a;

	make("accounts { A { exports: [{stream: \"s.*\", accounts: [B], "
	    "account_token_position: 2}, {service: r, response: stream, "
	    "threshold: \"3s\", allow_trace: true}, {service: q, latency: "
	    "{subject: l, sampling: 9}}] }, B { imports: [{stream: {account: A, "
	    "subject: \"s.B\"}, prefix: p, allow_trace: true}, {service: "
	    "{account: A, subject: r}, to: t, share: true}] } }");
	a = find("A");
	CHECK_INT(a->n_exports, 3);
	CHECK_INT(a->exports[0].kind, SHARE_STREAM);
	CHECK_SLICE(a->exports[0].subject, SLICE("s.*"));
	CHECK_INT(a->exports[0].n_accounts, 1);
	CHECK_SLICE(a->exports[0].accounts[0], SLICE("B"));
	CHECK_INT(a->exports[0].token_position, 2);
	CHECK_INT(a->exports[1].kind, SHARE_SERVICE);
	CHECK_INT(a->exports[1].answer, ANSWER_STREAM);
	CHECK_INT(a->exports[1].threshold_ns, 3000000000);
	CHECK(a->exports[1].allows_trace && a->exports[1].n_accounts == 0);
	CHECK_SLICE(a->exports[2].latency, SLICE("l"));
	CHECK_INT(a->exports[2].sampling, 9);
	a = find("B");
	CHECK_INT(a->n_imports, 2);
	CHECK_INT(a->imports[0].kind, SHARE_STREAM);
	CHECK_SLICE(a->imports[0].account, SLICE("A"));
	CHECK_SLICE(a->imports[0].subject, SLICE("s.B"));
	CHECK_SLICE(a->imports[0].prefix, SLICE("p"));
	CHECK(a->imports[0].allows_trace && !a->imports[0].shares);
	CHECK_INT(a->imports[1].kind, SHARE_SERVICE);
	CHECK_SLICE(a->imports[1].to, SLICE("t"));
	CHECK(a->imports[1].shares);
	unmake();
}
